//! Section descriptors (UEFI 2.11 Appendix N, table N.5).

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::clamp;
use crate::fields::{Describe, Value, Visitor, show_fields};
use crate::{Error, ErrorKind, Guid, SectionTypeId, Severity};

/// Where a section's body lies, what it is, and which unit it speaks of: 72 bytes each, after the header.
///
/// A new descriptor is made with [`SectionDescriptor::new`] and the `with_*` methods; offset, length and type are
/// the business of [`RecordWriter`](crate::RecordWriter).
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SectionDescriptor {
    /// Bytes from the start of the record to the body.
    pub section_offset: U32,
    /// Bytes of the body.
    pub section_length: U32,
    /// 0x0100.
    pub revision: U16,
    /// [`DescriptorValidation`].
    pub validation_bits: u8,
    /// 0.
    pub reserved: u8,
    /// [`SectionFlags`].
    pub flags: U32,
    /// What the body is.
    pub section_type: SectionTypeId,
    /// The field-replaceable unit, if [`DescriptorValidation::FRU_ID`] is set.
    pub fru_id: Guid,
    /// Severity of this section.
    pub severity: Severity,
    /// Name of the field-replaceable unit, if [`DescriptorValidation::FRU_TEXT`] is set.
    pub fru_text: FruText,
}

const _: () = {
    assert!(size_of::<SectionDescriptor>() == 72 && align_of::<SectionDescriptor>() == 1);
    assert!(core::mem::offset_of!(SectionDescriptor, flags) == 12);
    assert!(core::mem::offset_of!(SectionDescriptor, section_type) == 16);
    assert!(core::mem::offset_of!(SectionDescriptor, severity) == 48);
    assert!(core::mem::offset_of!(SectionDescriptor, fru_text) == 52);
};

bitflags! {
    /// Which optional descriptor fields hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DescriptorValidation: u8 {
        /// [`SectionDescriptor::fru_id`].
        const FRU_ID = 1 << 0;
        /// [`SectionDescriptor::fru_text`].
        const FRU_TEXT = 1 << 1;
        const _ = !0;
    }

    /// Flags of one section (UEFI 2.11 table N.5, "Flags"). EDK2 and Linux know bits 0 to 5.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SectionFlags: u32 {
        /// The section associated with the error condition.
        const PRIMARY = 1 << 0;
        /// The error may have reached persistent storage or the network.
        const CONTAINMENT_WARNING = 1 << 1;
        /// The component was reset and must be initialised again.
        const RESET = 1 << 2;
        /// The operating system may stop using the resource.
        const THRESHOLD_EXCEEDED = 1 << 3;
        /// The resource could not be queried; some fields are invalid.
        const NOT_ACCESSIBLE = 1 << 4;
        /// Contained but not corrected, and not yet consumed.
        const LATENT = 1 << 5;
        /// A symptom of another error.
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
pub struct FruText(pub [u8; 20]);

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
                // The last four bytes begin at byte 12 to 16 of the field; what lies behind byte 16 is new.
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
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

impl fmt::Display for FruText {
    /// Printable ASCII as it is, everything else escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_bytes().escape_ascii())
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
    /// Bytes of a descriptor.
    pub const SIZE: usize = size_of::<Self>();

    /// A descriptor with everything else zero: no flags, no unit.
    pub const fn new(severity: Severity) -> Self {
        Self {
            section_offset: U32::new(0),
            section_length: U32::new(0),
            revision: U16::new(Self::REVISION),
            validation_bits: 0,
            reserved: 0,
            flags: U32::new(0),
            section_type: SectionTypeId::new(Guid::ZERO),
            fru_id: Guid::ZERO,
            severity,
            fru_text: FruText::EMPTY,
        }
    }

    /// The descriptor of the record's primary section.
    pub const fn primary(severity: Severity) -> Self {
        Self::new(severity).with_flags(SectionFlags::PRIMARY)
    }

    /// Which optional fields hold a value; unknown bits are kept.
    pub const fn validation(&self) -> DescriptorValidation {
        DescriptorValidation::from_bits_retain(self.validation_bits)
    }

    /// Flags of the section; unknown bits are kept.
    pub const fn flags(&self) -> SectionFlags {
        SectionFlags::from_bits_retain(self.flags.get())
    }

    /// The field-replaceable unit; `None` when its validity bit is clear.
    pub const fn fru_id(&self) -> Option<Guid> {
        if self.validation().contains(DescriptorValidation::FRU_ID) { Some(self.fru_id) } else { None }
    }

    /// Name of the field-replaceable unit; `None` when its validity bit is clear.
    pub const fn fru_text(&self) -> Option<&FruText> {
        if self.validation().contains(DescriptorValidation::FRU_TEXT) { Some(&self.fru_text) } else { None }
    }

    /// Sets the flags.
    #[must_use]
    pub const fn with_flags(mut self, flags: SectionFlags) -> Self {
        self.flags = U32::new(flags.bits());
        self
    }

    /// Sets the unit and its validity bit.
    #[must_use]
    pub const fn with_fru_id(mut self, id: Guid) -> Self {
        self.fru_id = id;
        self.validation_bits |= DescriptorValidation::FRU_ID.bits();
        self
    }

    /// Sets the unit's name and its validity bit.
    #[must_use]
    pub const fn with_fru_text(mut self, text: FruText) -> Self {
        self.fru_text = text;
        self.validation_bits |= DescriptorValidation::FRU_TEXT.bits();
        self
    }
}

impl Describe for SectionDescriptor {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("section_type", self.section_type.into())?;
        out.field("severity", self.severity.into())?;
        if let Some(id) = self.fru_id() {
            out.field("fru_id", id.into())?;
        }
        if let Some(text) = self.fru_text() {
            out.field("fru_text", Value::text(&text.0))?;
        }
        out.field("flags", Value::flags(self.flags()))?;
        out.field("revision", Value::hex(self.revision.get()))?;
        out.field("section_offset", Value::number(self.section_offset.get()))?;
        out.field("section_length", Value::number(self.section_length.get()))
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
            assert_eq!(fru.as_bytes(), &text[..length]);
            assert!(fru.0[length..].iter().all(|byte| *byte == 0));
        }
        let error = FruText::new(&text).unwrap_err();
        assert_eq!(error.to_string(), "offset 0: FRU text of 21 bytes, at most 20 fit");
    }

    #[test]
    fn fru_text_shows_what_is_no_ascii() {
        let fru = FruText(*b"A\n\xff\0hidden..........");
        assert_eq!(fru.to_string(), "A\\n\\xff");
        assert!(format!("{fru:?}").contains("hidden"));
    }

    #[test]
    fn unit_fields_set_their_bits() {
        let bare = SectionDescriptor::new(Severity::CORRECTED);
        assert_eq!((bare.fru_id(), bare.fru_text(), bare.flags()), (None, None, SectionFlags::empty()));
        let text = FruText::new(b"CPU0").unwrap();
        let full = bare.with_fru_id(Guid([7; 16])).with_fru_text(text);
        assert_eq!((full.fru_id(), full.fru_text()), (Some(Guid([7; 16])), Some(&text)));
        assert_eq!(full.validation_bits, 3);
        assert_eq!(SectionDescriptor::primary(Severity::FATAL).flags(), SectionFlags::PRIMARY);
    }
}
