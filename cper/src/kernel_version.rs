//! The version of the kernel whose text is written. `mce-record` has this file as a link to that of `cper`.

/// The kernel series whose text and rules are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum KernelVersion {
    /// Linux 6.1.
    V6_1,
    /// Linux 6.12.
    #[default]
    V6_12,
}
