//! The crate's one error type.

use core::fmt;

/// What went wrong, where in the bytes, with the values seen.
///
/// ```
/// # use mce_record::{ErrorKind, MceRecord};
/// let error = MceRecord::parse(&[0; 80]).unwrap_err();
/// assert_eq!(error.kind, ErrorKind::RecordLength { available: 80 });
/// assert_eq!(error.to_string(), "offset 0: struct mce is 72, or 88 and more bytes long, 80 available");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// Offset in bytes, from the start of the slice handed in, of what is wrong.
    pub offset: u32,
    /// What is wrong there.
    pub kind: ErrorKind,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No layout of `struct mce` has this length: less than 72 bytes, or 73 to 87.
    RecordLength {
        /// Length of the slice handed in, bytes.
        available: u32,
    },
    /// The buffer cannot take the record; nothing was written to it.
    BufferTooSmall {
        /// Bytes the record takes.
        needed: u32,
        /// Bytes the buffer has.
        available: u32,
    },
    /// The log's record ends after the log does.
    RecordTruncated {
        /// Length of the log's records, bytes.
        needed: u32,
        /// Bytes left in the log.
        available: u32,
    },
    /// The slice ends before the head of a machine-check log does.
    LogHeadLength {
        /// Bytes a head takes, padding included.
        needed: u32,
        /// Length of the slice handed in, bytes.
        available: u32,
    },
    /// The log does not begin with [`mcelog::SIGNATURE`](crate::mcelog::SIGNATURE).
    LogSignature {
        /// The twelve bytes found.
        found: [u8; 12],
    },
}

impl Error {
    pub(crate) const fn record_length(available: usize) -> Self {
        Self { offset: 0, kind: ErrorKind::RecordLength { available: saturate(available) } }
    }

    pub(crate) const fn buffer_too_small(needed: usize, available: usize) -> Self {
        let kind = ErrorKind::BufferTooSmall { needed: saturate(needed), available: saturate(available) };
        Self { offset: 0, kind }
    }

    pub(crate) const fn record_truncated(needed: usize, available: usize) -> Self {
        let kind = ErrorKind::RecordTruncated { needed: saturate(needed), available: saturate(available) };
        Self { offset: 0, kind }
    }

    pub(crate) const fn log_head_length(needed: usize, available: usize) -> Self {
        let kind = ErrorKind::LogHeadLength { needed: saturate(needed), available: saturate(available) };
        Self { offset: 0, kind }
    }

    pub(crate) const fn log_signature(found: [u8; 12]) -> Self {
        Self { offset: 0, kind: ErrorKind::LogSignature { found } }
    }

    /// The error, `offset` bytes further on.
    pub(crate) const fn at(self, offset: usize) -> Self {
        Self { offset: self.offset.saturating_add(saturate(offset)), kind: self.kind }
    }
}

/// A length for an error's text: no slice anybody reads here comes near 4 GiB.
const fn saturate(length: usize) -> u32 {
    if length > u32::MAX as usize { u32::MAX } else { length as u32 }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {}: {}", self.offset, self.kind)
    }
}

/// What is wrong, without where.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::RecordLength { available } => {
                write!(f, "struct mce is 72, or 88 and more bytes long, {available} available")
            }
            Self::BufferTooSmall { needed, available } => {
                write!(f, "the record needs {needed} bytes, the buffer has {available}")
            }
            Self::RecordTruncated { needed, available } => {
                write!(f, "record needs {needed} bytes, {available} available")
            }
            Self::LogHeadLength { needed, available } => {
                write!(f, "machine-check log head needs {needed} bytes, {available} available")
            }
            Self::LogSignature { found } => {
                write!(f, "no machine-check log: signature \"{}\"", found.escape_ascii())
            }
        }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_cut_to_32_bits() {
        let largest = u32::MAX as usize;
        for (length, expected) in [(0, 0), (1, 1), (largest, u32::MAX), (usize::MAX, u32::MAX)] {
            assert_eq!(saturate(length), expected);
        }
        #[cfg(target_pointer_width = "64")]
        assert_eq!(saturate(largest + 6), u32::MAX);
    }
}
