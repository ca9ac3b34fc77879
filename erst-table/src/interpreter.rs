//! Runs the instructions of one action over the machine's registers (ACPI 6.5 section 18.5.1.2).

use core::fmt;

/// Why a register could not be accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IoError {
    /// There is no access of this width, or to this address space.
    Unsupported,
    /// The access failed, or nothing is at this address.
    Failed,
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsupported => "register access not supported",
            Self::Failed => "register access failed",
        })
    }
}
