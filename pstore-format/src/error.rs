//! What was wrong, where, and the value seen.

use core::fmt;

use crate::compression::Compression;
pub(crate) use crate::grammar::clamp;
use crate::grammar::error;

error! {
    /// Why stored bytes could not be read, or a record not be written.
    ///
    /// ```
    /// # use pstore_format::inflate::Inflater;
    /// let error = Inflater::new().inflate(&[0xFF; 4], &mut [0; 64]).unwrap_err();
    /// assert_eq!(error.to_string(), "offset 1: deflate stream is corrupt after 0 bytes of text");
    /// ```
    Error;

    /// A length does not fit its field: a record over 4 GiB.
    TooLarge {
        /// The field.
        what: &'static str,
    } => "{what} does not fit its field";
    /// The bytes are no CPER record.
    Record(error: cper::Error) => "{}{}", InSection(error.section()), error.kind();
    /// A zone of ramoops or pstore/blk does not begin with "DBGC" (or a variation of it), in either byte order.
    ZoneSignature(signature: u32) => "zone signature is {signature:#010x}, not 0x43474244";
    /// The header of a zone points outside it.
    ZoneBounds {
        /// Where the next byte goes.
        start: u32,
        /// Bytes in use.
        size: u32,
        /// Bytes there are.
        capacity: u32,
    } => "zone says {size} bytes in use and start {start}, its capacity is {capacity}";
    /// A compressed stream breaks its own rules.
    Corrupt {
        /// The compression it was read as.
        compression: Compression,
        /// Bytes of text that came out before.
        decoded: u32,
    } => "{compression} stream is corrupt after {decoded} bytes of text";
    /// A compressed stream stops before its end.
    Unfinished {
        /// The compression it was read as.
        compression: Compression,
        /// Bytes of text that came out before.
        decoded: u32,
    } => "{compression} stream stops short after {decoded} bytes of text";
    /// The checksum after a zlib stream is not that of its text.
    Checksum {
        /// Bytes of text that came out.
        decoded: u32,
    } => "zlib checksum does not fit the {decoded} bytes of text before it";
    /// The text is longer than the buffer given for it, which is filled.
    TextTooLong {
        /// Bytes of the buffer.
        capacity: u32,
    } => "text is longer than the {capacity} bytes given for it";
    /// The stream is of a compression this crate knows by sight only.
    NotDecodable(compression: Compression) => "{compression} stream, not decodable here";
}

crate::grammar::seen_as_text! { cper::Error, Compression }

impl Error {
    /// The error of a decoder for a compression that is [not decodable here](ErrorKind::NotDecodable): its kind, and
    /// where, in bytes from the start of the stream.
    pub const fn of(kind: ErrorKind, offset: u32) -> Self {
        Self { kind, offset }
    }
}

impl From<cper::Error> for Error {
    fn from(error: cper::Error) -> Self {
        Self { kind: ErrorKind::Record(error), offset: error.offset() }
    }
}

/// `section 3: ` for an error in a section.
struct InSection(Option<u16>);

impl fmt::Display for InSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |section| write!(f, "section {section}: "))
    }
}
