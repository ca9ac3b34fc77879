//! What was wrong, where, and the value seen.

use core::fmt;

pub(crate) use crate::grammar::clamp;
use crate::grammar::error_kind;

/// Why bytes could not be read, or a record could not be written.
///
/// It is small, `Copy` and holds no text of its own, so it can be made and passed on at panic time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    offset: u32,
    section: Option<u16>,
}

error_kind! {
    /// The record does not begin with "CPER".
    Signature(seen: [u8; 4]) => "record signature is \"{}\", not \"CPER\"", seen.escape_ascii();
    /// The record length field is smaller than the record header.
    RecordLength(length: u32) => "record length {} is less than its header's 128", length;
    /// A section's offset and length do not lie inside the record.
    SectionBounds {
        /// Section offset from the start of the record.
        offset: u32,
        /// Section length.
        length: u32,
        /// Bytes of the record.
        available: u32,
    } => "section of {} bytes at {} exceeds the record ({})", length, offset, available;
    /// The sections of the record together claim more bytes than the record has: some overlap.
    SectionsOverlap {
        /// Length of the section at which the sum passes the record's length.
        length: u32,
        /// Bytes not yet claimed.
        left: u32,
    } => "section of {} bytes overlaps others, {} bytes not yet claimed", length, left;
    /// A length inside a structure does not fit what encloses it.
    InnerLength {
        /// The length or count field, in the specification's words.
        what: &'static str,
        /// The value seen.
        value: u32,
        /// The largest value that fits.
        limit: u32,
    } => "{} is {}, at most {} fit", what, value, limit;
    /// The section is of another type than the one asked for.
    SectionType => "section is of another type";
    /// The record has no section with this number.
    NoSuchSection(section: u16) => "record has no section {}", section;
    /// A count or length does not fit its field: over 65,535 sections, or a record over 4 GiB.
    TooLarge {
        /// The field, in the specification's words.
        what: &'static str,
    } => "{} does not fit its field", what;
    /// A section's encoder wrote another number of bytes than it announced.
    EncodedLength => "section wrote another length than it announced";
    /// The raw data of a status block was written already; nothing can follow it.
    AfterRawData => "raw data is the last part of a status block";
    /// FRU text is longer than its 20-byte field.
    FruText {
        /// Bytes given.
        length: u32,
    } => "FRU text of {} bytes, at most 20 fit", length;
    /// A processor's name leaves no room for the NUL in its 128-byte field.
    BrandString {
        /// Bytes given.
        length: u32,
    } => "brand string of {} bytes, at most 127 fit", length;
    /// Text is not of the form `aabbccdd-eeff-gghh-iijj-kkllmmnnoopp`.
    GuidText => "not a GUID of the form aabbccdd-eeff-gghh-iijj-kkllmmnnoopp";
    /// Text is not of the form `ssss:bb:dd.f`.
    PciAddressText => "not a PCI address of the form ssss:bb:dd.f";
}

impl Error {
    /// An error found at `offset` bytes from the start of what was parsed.
    pub const fn new(kind: ErrorKind, offset: usize) -> Self {
        Self { kind, offset: clamp(offset), section: None }
    }

    /// An error for a structure of `needed` bytes at the start of `available` ones.
    pub const fn too_short(what: &'static str, needed: usize, available: usize) -> Self {
        Self::new(ErrorKind::too_short(what, needed, available), 0)
    }

    /// An error for a buffer of `available` bytes that `needed` are to be written to.
    pub(crate) const fn buffer_too_small(needed: usize, available: usize) -> Self {
        Self::new(ErrorKind::buffer_too_small(needed, available), 0)
    }

    /// An error for a length or count `what` at `offset`, of which `limit` fit.
    pub(crate) const fn inner_length(what: &'static str, value: u32, limit: usize, offset: usize) -> Self {
        Self::new(ErrorKind::InnerLength { what, value, limit: clamp(limit) }, offset)
    }

    /// What was wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where, in bytes from the start of the record or block (of the section's body when that was parsed alone).
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// The section, counted from 0, when the error lies in one.
    pub const fn section(&self) -> Option<u16> {
        self.section
    }

    /// The same error, `base` bytes further on.
    #[must_use]
    pub const fn at(mut self, base: usize) -> Self {
        self.offset = self.offset.saturating_add(clamp(base));
        self
    }

    /// The same error, said to lie in this section.
    #[must_use]
    pub const fn in_section(mut self, section: u16) -> Self {
        self.section = Some(section);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f: &mut dyn fmt::Write = f;
        if let Some(section) = self.section {
            write!(f, "section {section} at ")?;
        }
        write!(f, "offset {}: {}", self.offset, self.kind)
    }
}

impl core::error::Error for Error {}

crate::grammar::error_in_json! { |error| Some(error.offset), error.section, &error.kind }

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn an_error_says_what_where_and_in_which_section() {
        let kind = ErrorKind::NoSuchSection(7);
        let error = Error::new(kind, 5);
        assert_eq!((error.kind(), error.offset(), error.section()), (kind, 5, None));
        let error = error.at(130).in_section(3);
        assert_eq!((error.kind(), error.offset(), error.section()), (kind, 135, Some(3)));
        assert_eq!(error.to_string(), "section 3 at offset 135: record has no section 7");
        #[cfg(feature = "serde")]
        assert_eq!(
            serde_json::to_value(error).unwrap(),
            serde_json::json!({
                "kind": "no_such_section", "offset": 135, "section": 3, "values": {"section": 7},
                "message": "record has no section 7",
            })
        );
    }

    #[test]
    fn lengths_are_cut_to_32_bits() {
        let largest = u32::MAX as usize;
        for (length, expected) in [(0, 0), (1, 1), (largest, u32::MAX), (usize::MAX, u32::MAX)] {
            assert_eq!(clamp(length), expected);
            assert_eq!(Error::new(ErrorKind::SectionType, 1).at(length).offset(), expected.saturating_add(1));
        }
        #[cfg(target_pointer_width = "64")]
        assert_eq!(clamp(largest + 6), u32::MAX);
    }

    #[test]
    fn every_kind_has_its_words() {
        let what = "part";
        for (kind, words) in [
            (ErrorKind::TooShort { what, needed: 2, available: 1 }, "part needs 2 bytes, 1 available"),
            (ErrorKind::Signature(*b"A\0\n\xff"), "record signature is \"A\\x00\\n\\xff\", not \"CPER\""),
            (ErrorKind::RecordLength(100), "record length 100 is less than its header's 128"),
            (
                ErrorKind::SectionBounds { offset: 1, length: 2, available: 3 },
                "section of 2 bytes at 1 exceeds the record (3)",
            ),
            (
                ErrorKind::SectionsOverlap { length: 2, left: 1 },
                "section of 2 bytes overlaps others, 1 bytes not yet claimed",
            ),
            (ErrorKind::InnerLength { what, value: 2, limit: 1 }, "part is 2, at most 1 fit"),
            (ErrorKind::SectionType, "section is of another type"),
            (ErrorKind::NoSuchSection(2), "record has no section 2"),
            (
                ErrorKind::BufferTooSmall { needed: 2, available: 1 },
                "buffer too small: 2 bytes needed, 1 given",
            ),
            (ErrorKind::TooLarge { what }, "part does not fit its field"),
            (ErrorKind::EncodedLength, "section wrote another length than it announced"),
            (ErrorKind::AfterRawData, "raw data is the last part of a status block"),
            (ErrorKind::FruText { length: 21 }, "FRU text of 21 bytes, at most 20 fit"),
            (ErrorKind::BrandString { length: 128 }, "brand string of 128 bytes, at most 127 fit"),
            (ErrorKind::GuidText, "not a GUID of the form aabbccdd-eeff-gghh-iijj-kkllmmnnoopp"),
            (ErrorKind::PciAddressText, "not a PCI address of the form ssss:bb:dd.f"),
        ] {
            assert_eq!(kind.to_string(), words);
        }
    }
}
