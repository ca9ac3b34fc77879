//! Which kernel is meant. Every crate that tells what the kernel prints has this same file.

/// A series of kernels, whose text and rules are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum KernelVersion {
    /// Linux 6.1.
    V6_1,
    /// Linux 6.12.
    #[default]
    V6_12,
}
