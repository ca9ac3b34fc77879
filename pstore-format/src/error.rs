//! What was wrong, where, and the value seen.

use core::fmt;

use crate::inflate::Compression;

/// Why stored bytes could not be read, or a record not be written.
///
/// ```
/// # use pstore_format::inflate::Inflater;
/// let error = Inflater::new().inflate(&[0xFF; 4], &mut [0; 64]).unwrap_err();
/// assert_eq!(error.to_string(), "offset 1: deflate stream is corrupt after 0 bytes of text");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: u32,
}

/// What was wrong. Lengths and offsets are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A structure needs more bytes than there are.
    TooShort {
        /// The structure.
        what: &'static str,
        /// Bytes it needs.
        needed: u32,
        /// Bytes there are.
        available: u32,
    },
    /// The buffer is too small for what is to be written; nothing was written.
    BufferTooSmall {
        /// Bytes needed.
        needed: u32,
        /// Bytes given.
        available: u32,
    },
    /// A length does not fit its field: a record over 4 GiB.
    TooLarge {
        /// The field.
        what: &'static str,
    },
    /// The bytes are no CPER record.
    Record(cper::Error),
    /// A zone of ramoops or pstore/blk does not begin with "DBGC" (or a variation of it), in either byte order.
    ZoneSignature(u32),
    /// The header of a zone points outside it.
    ZoneBounds {
        /// Where the next byte goes.
        start: u32,
        /// Bytes in use.
        size: u32,
        /// Bytes there are.
        capacity: u32,
    },
    /// A compressed stream breaks its own rules.
    Corrupt {
        /// The compression it was read as.
        compression: Compression,
        /// Bytes of text that came out before.
        decoded: u32,
    },
    /// A compressed stream stops before its end.
    Unfinished {
        /// The compression it was read as.
        compression: Compression,
        /// Bytes of text that came out before.
        decoded: u32,
    },
    /// The checksum after a zlib stream is not that of its text.
    Checksum {
        /// Bytes of text that came out.
        decoded: u32,
    },
    /// The text is longer than the buffer given for it, which is filled.
    TextTooLong {
        /// Bytes of the buffer.
        capacity: u32,
    },
    /// The stream is of a compression this crate knows by sight only.
    NotDecodable(Compression),
}

impl Error {
    /// An error found at `offset` bytes from the start of what was parsed.
    pub(crate) const fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset: clamp(offset) }
    }

    pub(crate) const fn too_short(what: &'static str, needed: usize, available: usize) -> Self {
        Self::new(ErrorKind::TooShort { what, needed: clamp(needed), available: clamp(available) }, 0)
    }

    pub(crate) const fn buffer_too_small(needed: usize, available: usize) -> Self {
        Self::new(ErrorKind::BufferTooSmall { needed: clamp(needed), available: clamp(available) }, 0)
    }

    /// What was wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where, in bytes from the start of what was parsed.
    pub const fn offset(&self) -> u32 {
        self.offset
    }
}

impl From<cper::Error> for Error {
    fn from(error: cper::Error) -> Self {
        Self { kind: ErrorKind::Record(error), offset: error.offset() }
    }
}

/// A length as the error holds it; one over 4 GiB is cut to the largest value.
pub(crate) const fn clamp(length: usize) -> u32 {
    if length > u32::MAX as usize { u32::MAX } else { length as u32 }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ErrorKind::Record(error) => error.fmt(f),
            kind => write!(f, "offset {}: {kind}", self.offset),
        }
    }
}

/// What was wrong, without where.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Record(error) => error.kind().fmt(f),
            Self::TooLarge { what } => write!(f, "{what} does not fit its field"),
            Self::TooShort { what, needed, available } => {
                write!(f, "{what} needs {needed} bytes, {available} available")
            }
            Self::BufferTooSmall { needed, available } => {
                write!(f, "buffer too small: {needed} bytes needed, {available} given")
            }
            Self::ZoneSignature(signature) => {
                write!(f, "zone signature is {signature:#010x}, not 0x43474244")
            }
            Self::ZoneBounds { start, size, capacity } => {
                write!(f, "zone says {size} bytes in use and start {start}, its capacity is {capacity}")
            }
            Self::Corrupt { compression, decoded } => {
                write!(f, "{compression} stream is corrupt after {decoded} bytes of text")
            }
            Self::Unfinished { compression, decoded } => {
                write!(f, "{compression} stream stops short after {decoded} bytes of text")
            }
            Self::Checksum { decoded } => {
                write!(f, "zlib checksum does not fit the {decoded} bytes of text before it")
            }
            Self::TextTooLong { capacity } => {
                write!(f, "text is longer than the {capacity} bytes given for it")
            }
            Self::NotDecodable(compression) => write!(f, "{compression} stream, not decodable here"),
        }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_over_4_gib_are_the_largest_value() {
        assert_eq!((clamp(0), clamp(7), clamp(u32::MAX as usize)), (0, 7, u32::MAX));
        assert_eq!(clamp(usize::MAX), u32::MAX);
        #[cfg(target_pointer_width = "64")]
        assert_eq!(clamp((1 << 32) + 7), u32::MAX);
    }
}
