//! Section descriptors (UEFI 2.11 Appendix N, table N.5).

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::clamp;
use crate::fields::{Describe, Value, Visitor, show_fields, shows, text_tells, up_to_nul};
use crate::open_value::flag_set;
use crate::structure::structure;
use crate::{Error, ErrorKind, Guid, SectionTypeId, Severity};

structure! {
    /// A section descriptor (UEFI 2.11 table N.5, 72 bytes): where a section's body is, what it is, and which unit it
    /// is about. The descriptors follow the record header.
    ///
    /// A new descriptor is made with [`SectionDescriptor::new`] and the `with_*` methods; offset, length and type are
    /// the business of [`RecordWriter`](crate::RecordWriter) and [`PreparedRecord`](crate::PreparedRecord).
    SectionDescriptor: 72 bytes by fields;
    parts described;
    valid DescriptorValidation: u8 in validation_bits {};
    /// Offset of the body from the start of the record, in bytes. Writers fill it in.
    0 section_offset: u32 => set_section_offset with_section_offset;
    /// Length of the body in bytes. Writers fill it in.
    4 section_length: u32 => set_section_length with_section_length;
    /// Revision of the descriptor: 0x0100, minor version in the low byte, major version in the high one.
    8 revision: u16 => set_revision with_revision;
    10 validation_bits: u8;
    11 reserved: u8;
    /// Flags of the section; unknown bits are kept.
    12 flags: (u32 SectionFlags) => set_flags with_flags;
    /// Type of the section, which says what the body is. Writers fill it in.
    16 section_type: SectionTypeId => set_section_type with_section_type;
    /// Identifier of the field-replaceable unit (FRU); all zeros mean none.
    32 fru_id: Guid, fru_id_raw set_fru_id with_fru_id, FRU_ID = 0;
    /// Severity of this section.
    48 severity: (u32 Severity) => set_severity with_severity;
    /// Name of the field-replaceable unit (FRU).
    52 fru_text: FruText, fru_text_raw set_fru_text with_fru_text, FRU_TEXT = 1;
}

flag_set! {
    /// Flags of one section (UEFI 2.11 table N.5, "Flags"). EDK2 and Linux know bits 0 to 5.
    pub struct SectionFlags: u32 {
        /// The section is the one that is associated with the error condition.
        const PRIMARY = 1 << 0;
        /// The error may have reached persistent storage or the network.
        const CONTAINMENT_WARNING = 1 << 1;
        /// The component was reset and must be initialised again.
        const RESET = 1 << 2;
        /// The operating system may stop using the resource.
        const THRESHOLD_EXCEEDED = 1 << 3;
        /// The resource could not be queried; some fields are invalid.
        const NOT_ACCESSIBLE = 1 << 4;
        /// The error is contained but not fully corrected, and its data is not consumed yet.
        const LATENT = 1 << 5;
        /// The error is a symptom of another error, which hardware poisoning passed on.
        const PROPAGATED = 1 << 6;
        /// Firmware ran out of room; records may be lost.
        const OVERFLOW = 1 << 7;
        const _ = !0;
    }
}

/// The 20-byte ASCII name of a field-replaceable unit. A name of exactly 20 bytes has no NUL.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(transparent)]
pub struct FruText([u8; 20]);

crate::grammar::byte_array!(FruText: 20);

impl FruText {
    /// No text.
    pub const EMPTY: Self = Self([0; 20]);

    /// The field for a text of at most 20 bytes, filled with NUL.
    ///
    /// # Errors
    /// [`ErrorKind::FruText`] when the text is longer.
    #[inline]
    pub fn new(text: &[u8]) -> Result<Self, Error> {
        match Self::padded(text) {
            Some(field) => Ok(field),
            None => Err(Error::new(ErrorKind::FruText { length: clamp(text.len()) }, 0)),
        }
    }

    /// The text's first and last 16, 8, 4 or 2 bytes, overlapping, in registers: no call and no loop, for this runs
    /// at panic time when the text was not made before.
    #[inline]
    fn padded(text: &[u8]) -> Option<Self> {
        #[derive(IntoBytes)]
        #[repr(C)]
        struct Halves {
            front: [u8; 16],
            back: [u8; 4],
        }

        /// The last `N` bytes, and how many bits into the field they begin.
        fn last<const N: usize>(text: &[u8]) -> Option<(&[u8; N], u32)> {
            let start = text.len().checked_sub(N)?;
            Some((text.get(start..)?.first_chunk()?, (start as u32).wrapping_mul(8)))
        }

        let (front, back): (u128, u32) = if text.len() > 20 {
            return None;
        } else if let (Some(first), Some((end, at))) = (text.first_chunk::<8>(), last::<8>(text)) {
            if let (Some(first), Some((end, at))) = (text.first_chunk::<16>(), last::<4>(text)) {
                // The last four bytes begin at byte 12 to 16 of the field; what lies after byte 16 is new.
                let end = u64::from(u32::from_le_bytes(*end)).wrapping_shl(at.wrapping_sub(96));
                (u128::from_le_bytes(*first), (end >> 32) as u32)
            } else {
                let end = u128::from(u64::from_le_bytes(*end)).wrapping_shl(at);
                (u128::from(u64::from_le_bytes(*first)) | end, 0)
            }
        } else if let (Some(first), Some((end, at))) = (text.first_chunk::<4>(), last::<4>(text)) {
            let end = u64::from(u32::from_le_bytes(*end)).wrapping_shl(at);
            (u128::from(u64::from(u32::from_le_bytes(*first)) | end), 0)
        } else if let (Some(first), Some((end, at))) = (text.first_chunk::<2>(), last::<2>(text)) {
            let end = u32::from(u16::from_le_bytes(*end)).wrapping_shl(at);
            (u128::from(u32::from(u16::from_le_bytes(*first)) | end), 0)
        } else {
            (u128::from(text.first().copied().unwrap_or(0)), 0)
        };
        Some(zerocopy::transmute!(Halves { front: front.to_le_bytes(), back: back.to_le_bytes() }))
    }

    /// The text: the bytes before the first NUL, all 20 when there is none.
    pub fn text(&self) -> &[u8] {
        up_to_nul(&self.0)
    }
}

impl FruText {
    /// The text, if it is ASCII throughout.
    pub fn as_str(&self) -> Option<&str> {
        if self.text().is_ascii() { core::str::from_utf8(self.text()).ok() } else { None }
    }
}

/// [`FruText::new`].
impl TryFrom<&[u8]> for FruText {
    type Error = Error;

    fn try_from(text: &[u8]) -> Result<Self, Error> {
        Self::new(text)
    }
}

/// [`FruText::new`] of the text's bytes.
impl core::str::FromStr for FruText {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(text.as_bytes())
    }
}

impl fmt::Display for FruText {
    /// Printable ASCII as it is, everything else escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text().escape_ascii())
    }
}

impl fmt::Debug for FruText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FruText(\"{}\")", self.0.escape_ascii())
    }
}

impl SectionDescriptor {
    /// Revision written by [`SectionDescriptor::new`]: 1.0.
    pub const REVISION: u16 = 0x0100;

    /// A descriptor with everything else zero: no flags, no unit.
    #[inline]
    pub const fn new(severity: Severity) -> Self {
        Self { revision: Self::REVISION.to_le_bytes(), severity: severity.raw().to_le_bytes(), ..Self::ZERO }
    }

    /// The descriptor of the record's primary section.
    #[inline]
    pub const fn primary(severity: Severity) -> Self {
        Self::new(severity).with_flags(SectionFlags::PRIMARY)
    }
}

impl Describe for SectionDescriptor {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        shows!(out, self, section_type, severity, flags, revision, section_offset, section_length);
        out.field("section_type", self.section_type().into())?;
        out.field("severity", self.severity().into())?;
        if let Some(id) = self.fru_id() {
            shows!(out, self, fru_id);
            out.field("fru_id", id.into())?;
        }
        if let Some(text) = self.fru_text() {
            out.stored("fru_text", &self.fru_text, text_tells(text.bytes()));
            out.field("fru_text", Value::text(text.bytes()))?;
        }
        out.field("flags", Value::flags(self.flags()))?;
        out.field("revision", Value::hex(self.revision()))?;
        out.field("section_offset", Value::number(self.section_offset()))?;
        out.field("section_length", Value::number(self.section_length()))
    }
}

show_fields!(SectionDescriptor);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{format, string::ToString};

    #[test]
    fn fru_text_of_every_length() {
        let text = *b"DIMM_A1_CHANNEL_0_20x";
        for length in 0..=20 {
            let fru = FruText::new(&text[..length]).unwrap();
            assert_eq!(fru.text(), &text[..length]);
            assert!(fru.0[length..].iter().all(|byte| *byte == 0));
        }
        assert_eq!(
            ("CPU0".parse(), FruText::new(b"CPU0").unwrap().as_str()),
            (FruText::new(b"CPU0"), Some("CPU0"))
        );
        assert_eq!(FruText::new("Speicher ä".as_bytes()).unwrap().as_str(), None);
        let error = FruText::new(&text).unwrap_err();
        assert_eq!(error.to_string(), "offset 0: FRU text of 21 bytes, at most 20 fit");
    }

    #[test]
    fn fru_text_shows_what_is_no_ascii() {
        let fru = FruText::from_bytes(*b"A\n\xff\0hidden..........");
        assert_eq!(fru.to_string(), "A\\n\\xff");
        assert!(format!("{fru:?}").contains("hidden"));
    }

    #[test]
    fn unit_fields_set_their_bits() {
        let bare = SectionDescriptor::new(Severity::CORRECTED);
        assert_eq!((bare.fru_id(), bare.fru_text(), bare.flags()), (None, None, SectionFlags::empty()));
        let text = FruText::new(b"CPU0").unwrap();
        let full = bare.with_fru_id(Guid::from_bytes([7; 16])).with_fru_text(text);
        assert_eq!((full.fru_id(), full.fru_text()), (Some(Guid::from_bytes([7; 16])), Some(text)));
        assert_eq!(full.validation().bits(), 3);
        assert_eq!(SectionDescriptor::primary(Severity::FATAL).flags(), SectionFlags::PRIMARY);
    }
}
