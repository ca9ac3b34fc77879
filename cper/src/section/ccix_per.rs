//! CCIX protocol error (UEFI 2.11 Appendix N, "CCIX PER Log Error Record"; 16 bytes and a log of dwords).
//!
//! ```
//! use cper::section::{CcixPerErrorParts, CcixPerErrorHeader};
//! use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity};
//! use cper::zerocopy::little_endian::U32;
//!
//! let log = [U32::new(0x0000_0005); 5];
//! let error = CcixPerErrorParts::new(CcixPerErrorHeader::new().with_source_id(3)).with_log(&log);
//! let mut buffer = [0; 512];
//! let mut writer = RecordWriter::new(&mut buffer, &RecordHeader::fatal(NotificationType::NMI))?;
//! writer.section(&SectionDescriptor::primary(Severity::FATAL), &error)?;
//! assert_eq!(writer.finish()?.len(), 128 + 72 + 16 + 20);
//! # Ok::<(), cper::Error>(())
//! ```

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::register::Dwords;
use super::{Decode, Encode, SectionType};
use crate::fields::{Describe, Value, Visitor, describe_rest, show_fields, valid_fields};
use crate::kind::View;
use crate::{Error, Guid, SectionTypeId};

/// The fixed part of a CCIX protocol error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CcixPerErrorHeader {
    /// Bytes of the whole section.
    pub length: U32,
    /// [`CcixPerValidation`].
    pub validation_bits: U64,
    /// Agent or device that reported the error.
    pub source_id: u8,
    /// Port that reported the error.
    pub port_id: u8,
    /// 0.
    pub reserved: [u8; 2],
}

const _: () = {
    assert!(size_of::<CcixPerErrorHeader>() == 16 && align_of::<CcixPerErrorHeader>() == 1);
    assert!(core::mem::offset_of!(CcixPerErrorHeader, validation_bits) == 4);
    assert!(core::mem::offset_of!(CcixPerErrorHeader, port_id) == 13);
};

bitflags! {
    /// Which fields of a CCIX protocol error hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CcixPerValidation: u64 {
        /// [`CcixPerErrorHeader::source_id`].
        const SOURCE_ID = 1 << 0;
        /// [`CcixPerErrorHeader::port_id`].
        const PORT_ID = 1 << 1;
        /// [`CcixPerError::log`].
        const LOG = 1 << 2;
        const _ = !0;
    }
}

valid_fields! {
    CcixPerErrorHeader, validation_bits: u64 as CcixPerValidation;
    /// Who reported the error: a home, slave or request agent's id, 6 bits, or the id of the device.
    source_id / with_source_id: u8 as number, SOURCE_ID;
    /// The port that reported the error, 5 bits.
    port_id / with_port_id: u8 as number, PORT_ID;
}

impl CcixPerErrorHeader {
    /// Bytes of the fixed part.
    pub const SIZE: usize = size_of::<Self>();

    /// A header with no field valid. The length is filled in by [`CcixPerErrorParts`].
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 16])
    }
}

impl Default for CcixPerErrorHeader {
    fn default() -> Self {
        Self::new()
    }
}

/// A CCIX protocol error: its fixed part, to which it dereferences, and the log behind it.
///
/// The section ends where its length says, or where the bytes end.
#[derive(Clone, Copy, Debug)]
pub struct CcixPerError<'a> {
    header: &'a CcixPerErrorHeader,
    log: &'a [U32],
    trailing: &'a [u8],
    bytes: &'a [u8],
}

impl core::ops::Deref for CcixPerError<'_> {
    type Target = CcixPerErrorHeader;

    fn deref(&self) -> &CcixPerErrorHeader {
        self.header
    }
}

impl SectionType for CcixPerError<'_> {
    const TYPE: Guid = SectionTypeId::CCIX_PER.0;
    const NAME: &'static str = "CCIX protocol error";
}

impl Decode for CcixPerError<'_> {
    type View<'a> = CcixPerError<'a>;

    fn decode(body: &[u8]) -> Result<CcixPerError<'_>, Error> {
        let short = Error::too_short(Self::NAME, CcixPerErrorHeader::SIZE, body.len());
        let (header, after) = CcixPerErrorHeader::ref_from_prefix(body).map_err(|_| short)?;
        let claimed = (header.length.get() as usize).saturating_sub(CcixPerErrorHeader::SIZE);
        let dwords = claimed.min(after.len()) / Self::DWORD;
        let (log, trailing) = <[U32]>::ref_from_prefix_with_elems(after, dwords).map_err(|_| short)?;
        Ok(CcixPerError { header, log, trailing, bytes: body })
    }
}

impl<'a> View<'a> for CcixPerError<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        self.trailing()
    }

    fn missing(&self) -> usize {
        self.missing()
    }
}

impl<'a> CcixPerError<'a> {
    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    const DWORD: usize = size_of::<U32>();

    /// The fixed part, every field as it was stored.
    pub const fn header(&self) -> &'a CcixPerErrorHeader {
        self.header
    }

    /// The dwords of the log, whose first says how many they are and what they mean (CCIX base specification 1.0,
    /// section 7.3.2).
    ///
    /// `None` when its validity bit is clear.
    pub fn log(&self) -> Option<&'a [U32]> {
        self.validation().contains(CcixPerValidation::LOG).then_some(self.log)
    }

    /// The bytes behind the last whole dword that the section's length reaches.
    pub const fn trailing(&self) -> &'a [u8] {
        self.trailing
    }

    /// Bytes that the section's length claims and that are not there.
    pub fn missing(&self) -> usize {
        let have = size_of_val(self.log).saturating_add(self.trailing.len());
        (self.header.length.get() as usize).saturating_sub(have.saturating_add(CcixPerErrorHeader::SIZE))
    }
}

impl Describe for CcixPerError<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("length", Value::number(self.header.length.get()))?;
        self.describe_valid(out)?;
        if let Some(log) = self.log() {
            out.field("log", Value::Message(&Dwords(log)))?;
        } else if !self.log.is_empty() {
            out.field("log_not_valid", Value::Message(&Dwords(self.log)))?;
        }
        if self.missing() != 0 {
            out.field("missing_bytes", Value::Number(self.missing() as u64))?;
            let length = self.header.length.get();
            let there = (length as usize).saturating_sub(self.missing());
            Error::inner_length("length", length, there, 0).describe(out)?;
        }
        describe_rest("trailing", self.trailing, out)
    }
}

show_fields!(CcixPerError<'a>);

/// A CCIX protocol error to be written: the fixed part, and a log.
#[derive(Clone, Copy, Debug)]
pub struct CcixPerErrorParts<'a> {
    header: CcixPerErrorHeader,
    log: &'a [U32],
}

impl<'a> CcixPerErrorParts<'a> {
    /// A section of the fixed part alone. Length and validity of the log come from what is added.
    pub const fn new(mut header: CcixPerErrorHeader) -> Self {
        header.validation_bits = U64::new(header.validation().difference(CcixPerValidation::LOG).bits());
        Self { header, log: &[] }
    }

    /// Adds the log: 5 dwords or more, the first of which says how many.
    #[must_use]
    pub const fn with_log(mut self, log: &'a [U32]) -> Self {
        self.log = log;
        self.header.validation_bits = U64::new(self.header.validation().union(CcixPerValidation::LOG).bits());
        self
    }
}

impl SectionType for CcixPerErrorParts<'_> {
    const TYPE: Guid = CcixPerError::TYPE;
    const NAME: &'static str = CcixPerError::NAME;
}

impl Encode for CcixPerErrorParts<'_> {
    fn encoded_len(&self) -> usize {
        size_of_val(self.log).saturating_add(CcixPerErrorHeader::SIZE)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let length = U32::new(u32::try_from(self.encoded_len()).ok()?);
        let (header, log) = CcixPerErrorHeader::mut_from_prefix(out).ok()?;
        *header = CcixPerErrorHeader { length, ..self.header };
        self.log.write_to(log).ok()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{assert_map, bit_map, every_flip_shows, written};
    use std::string::ToString;
    use std::vec::Vec;

    const LOG: [U32; 5] =
        [U32::new(0x1112_1314), U32::new(2), U32::new(3), U32::new(4), U32::new(0x5152_5354)];

    fn body() -> Vec<u8> {
        let header = CcixPerErrorHeader::new().with_source_id(0x2a).with_port_id(0x1b);
        written(&CcixPerErrorParts::new(header).with_log(&LOG))
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let mut bytes = body();
        bytes.push(1);
        let map = bit_map(&bytes, 0..12, |bytes, told| told(&CcixPerError::decode(bytes).unwrap()));
        assert_map(
            &map,
            "12.0 source_id *8 13.0 port_id *8 14.0 hidden ~*16 16.0 log ~*160 36.0 trailing ~*8",
        );
    }

    #[test]
    fn values_are_written_and_read_back() {
        let bytes = body();
        assert_eq!(
            bytes[..20],
            [36, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0x2a, 0x1b, 0, 0, 0x14, 0x13, 0x12, 0x11]
        );
        assert_eq!((bytes.len(), &bytes[32..]), (36, &[0x54, 0x53, 0x52, 0x51][..]));
        let section = CcixPerError::decode(&bytes).unwrap();
        assert_eq!((section.source_id(), section.port_id()), (Some(0x2a), Some(0x1b)));
        assert_eq!((section.log(), section.trailing(), section.missing()), (Some(&LOG[..]), &[][..], 0));
        assert_eq!(section.header().length.get(), 36);
        assert_eq!(
            section.to_string(),
            "length                  36\n\
             source id               42\n\
             port id                 27\n\
             log                     11121314 00000002 00000003 00000004 51525354\n"
        );
        let bare = written(&CcixPerErrorParts::new(*section.header()));
        assert_eq!((bare.len(), bare[0], bare[4]), (16, 16, 3));
        assert_eq!(CcixPerErrorHeader::default().validation().bits(), 0);
    }

    #[test]
    fn each_validity_bit_guards_its_own_field() {
        for (bits, shown) in
            [(0, [false; 3]), (1, [true, false, false]), (2, [false, true, false]), (4, [false, false, true])]
        {
            let mut bytes = body();
            bytes[4] = bits;
            let section = CcixPerError::decode(&bytes).unwrap();
            assert_eq!(
                [section.source_id().is_some(), section.port_id().is_some(), section.log().is_some()],
                shown
            );
            assert_eq!(section.to_string().contains("log not valid"), !shown[2]);
        }
    }

    #[test]
    fn the_slice_wins_over_the_length() {
        for (length, dwords, trailing, missing) in [
            (36, 5, 0, 0),
            (u32::MAX, 5, 0, u32::MAX as usize - 36),
            (40, 5, 0, 4),
            (35, 4, 4, 0),
            (32, 4, 4, 0),
            (19, 0, 20, 0),
            (16, 0, 20, 0),
            (0, 0, 20, 0),
        ] {
            let mut bytes = body();
            bytes[..4].copy_from_slice(&length.to_le_bytes());
            let section = CcixPerError::decode(&bytes).unwrap();
            let log = section.log().unwrap();
            assert_eq!((log, section.trailing().len()), (&LOG[..dwords], trailing), "{length}");
            assert_eq!(section.missing(), missing, "{length}");
            let text = section.to_string();
            assert_eq!((text.contains("missing"), text.contains("trailing")), (missing != 0, trailing != 0));
        }
    }

    #[test]
    fn truncation_at_every_length_keeps_whole_dwords() {
        let bytes = body();
        for length in 0..16 {
            assert_eq!(
                CcixPerError::decode(&bytes[..length]).unwrap_err(),
                Error::too_short("CCIX protocol error", 16, length)
            );
        }
        for length in 16..36 {
            let section = CcixPerError::decode(&bytes[..length]).unwrap();
            assert_eq!(section.log().unwrap(), &LOG[..(length - 16) / 4]);
            assert_eq!((section.trailing().len(), section.missing()), (length % 4, 36 - length));
        }
    }

    #[test]
    fn a_flip_of_any_bit_shows() {
        let mut bytes = body();
        bytes.extend([1, 2, 3]);
        every_flip_shows(SectionTypeId::CCIX_PER, &bytes);
    }
}
