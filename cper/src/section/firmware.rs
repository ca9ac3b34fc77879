//! Firmware error record reference (UEFI 2.11 Appendix N, "Firmware Error Record Reference"; 32 bytes, 16 in its first
//! revision, and the referenced record's own data after it, such as Intel's CrashLog).
//!
//! ```
//! use cper::section::{FirmwareErrorRecordParts, FirmwareErrorRecordType};
//! use cper::{Guid, NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity};
//!
//! let crash_log = Guid::parse_const("8f87f311-c998-4d9e-a0c4-6065518c4f6d");
//! let reference = FirmwareErrorRecordParts::new(FirmwareErrorRecordType::SOC_TYPE_2, crash_log).with_data(b"log");
//! let mut buffer = [0; 512];
//! let mut writer = RecordWriter::new(&mut buffer, &RecordHeader::fatal(NotificationType::BOOT))?;
//! writer.section(&SectionDescriptor::primary(Severity::FATAL), &reference)?;
//! assert_eq!(writer.finish()?.len(), 128 + 72 + 32 + 3);
//! # Ok::<(), cper::Error>(())
//! ```

use core::fmt;

use zerocopy::{FromBytes, IntoBytes};

use crate::fields::{Describe, Value, Visitor, describe_rest, describe_whole, shows};
use crate::kind::{Encode, SectionType};
use crate::open_value::open_value;
use crate::structure::structure;
use crate::{Error, Guid, SectionTypeId};

structure! {
    /// The first 16 bytes of a firmware error record reference, of every revision.
    FirmwareErrorRecordHeader: 16 bytes, new;
    head of FirmwareErrorRecord from 16 as FIRMWARE_ERROR_RECORD "firmware error record reference";
    /// Kind of record that is referenced.
    0 error_record_type: (u8 FirmwareErrorRecordType) as named => set_error_record_type with_error_record_type;
    /// Revision of this section: 0, 1 or 2.
    1 revision: u8 as number => set_revision with_revision;
    // The specification's row says 7 bytes from byte 1; they are 6 from byte 2.
    2 reserved: [u8; 6];
    /// Number that identifies the record, in revision 0. In revision 1 the record's data begins here; since revision 2
    /// the field is unused.
    8 record_identifier: u64 raw record_identifier_raw;
}

open_value! {
    /// Kind of firmware error record.
    FirmwareErrorRecordType: u8 {
        IPF_SAL = 0 => "IPF SAL error record",
        SOC_TYPE_1 = 1 => "SoC firmware error record type 1 (legacy CrashLog)",
        SOC_TYPE_2 = 2 => "SoC firmware error record type 2",
    }
}

impl FirmwareErrorRecordHeader {
    /// The number that identifies the record; `None` since revision 1.
    #[inline]
    pub const fn record_identifier(&self) -> Option<u64> {
        if self.revision() == 0 { Some(self.record_identifier_raw()) } else { None }
    }

    /// Sets the number that identifies the record, whatever the revision: writers store one since revision 1 too.
    #[inline]
    pub const fn set_record_identifier(&mut self, identifier: u64) {
        Self::AT.record_identifier.put(&mut self.0, u64::to_le_bytes(identifier));
    }

    /// Sets the number that identifies the record, whatever the revision: writers store one since revision 1 too.
    #[must_use]
    #[inline]
    pub const fn with_record_identifier(mut self, identifier: u64) -> Self {
        self.set_record_identifier(identifier);
        self
    }
}

/// Bytes before the data in a revision, as Linux counts them (`cper_print_fw_err`).
const fn front_len(revision: u8) -> usize {
    match revision {
        0 => 16,
        1 => 8,
        _ => 32,
    }
}

/// Where the GUID lies, since revision 2.
const GUID_AT: usize = FirmwareErrorRecordHeader::SIZE;

impl<'a> FirmwareErrorRecord<'a> {
    /// The number that identifies the record; `None` since revision 1.
    pub fn record_identifier(&self) -> Option<u64> {
        if self.revision() == 0 { self.record_identifier_raw() } else { None }
    }

    /// The GUID that identifies the record, since revision 2; `None` before, and in a section that ends before it.
    /// By the specification it means something for [`FirmwareErrorRecordType::SOC_TYPE_2`] only; it is here whatever
    /// the type.
    pub fn record_identifier_guid(&self) -> Option<Guid> {
        let after = self.bytes.get(GUID_AT..)?;
        if self.revision() < 2 { None } else { Guid::read_from_prefix(after).ok().map(|(guid, _)| guid) }
    }

    /// The referenced record's data: what follows the 16, 8 or 32 bytes of revision 0, 1 or later.
    pub fn data(&self) -> &'a [u8] {
        self.bytes.get(front_len(self.revision())..).unwrap_or_default()
    }

    /// The bytes of a GUID that is cut short; else empty, because the data reaches to the end of the body.
    pub fn trailing(&self) -> &'a [u8] {
        if self.missing() == 0 { &[] } else { self.bytes.get(GUID_AT..).unwrap_or_default() }
    }

    /// How many bytes of the GUID the body does not have.
    pub fn missing(&self) -> usize {
        // The bytes of the earlier revisions are always there.
        front_len(self.revision()).saturating_sub(self.bytes.len())
    }

    /// The kind of record, and its identifier.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        write!(f, "{}", self.error_record_type())?;
        if let Some(identifier) = self.record_identifier() {
            write!(f, ", record {identifier:#x}")?;
        }
        if let Some(guid) = self.record_identifier_guid() {
            write!(f, ", record {guid}")?;
        }
        Ok(())
    }
}

impl Describe for FirmwareErrorRecord<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        if let Some(identifier) = self.record_identifier() {
            shows!(out, FirmwareErrorRecordHeader in self.bytes, record_identifier);
            out.field("record_identifier", Value::hex(identifier))?;
        }
        if let Some(guid) = self.record_identifier_guid() {
            let stored = self.bytes.get(GUID_AT..front_len(2)).unwrap_or_default();
            describe_whole("record_identifier_guid", stored, guid.into(), out)?;
        }
        if self.missing() != 0 {
            let there = self.bytes.len().saturating_sub(GUID_AT);
            let error = Error::too_short("record identifier GUID", size_of::<Guid>(), there).at(GUID_AT);
            error.describe(out)?;
        }
        describe_rest("data", self.data(), out)?;
        describe_rest("trailing", self.trailing(), out)
    }
}

/// A firmware error record reference to be written.
#[derive(Clone, Copy, Debug)]
pub struct FirmwareErrorRecordParts<'a> {
    header: FirmwareErrorRecordHeader,
    guid: Guid,
    data: &'a [u8],
}

impl<'a> FirmwareErrorRecordParts<'a> {
    const fn of(kind: FirmwareErrorRecordType, revision: u8, identifier: u64, guid: Guid) -> Self {
        let header = FirmwareErrorRecordHeader::new()
            .with_error_record_type(kind)
            .with_revision(revision)
            .with_record_identifier(identifier);
        Self::with_header(header, guid)
    }

    /// A reference with this header as it is, such as one that was read: the specification asks nothing of an
    /// identifier since revision 1, and writers store one. The GUID is written since revision 2.
    pub const fn with_header(header: FirmwareErrorRecordHeader, guid: Guid) -> Self {
        Self { header, guid, data: &[] }
    }

    /// A reference of revision 2, by GUID.
    pub const fn new(kind: FirmwareErrorRecordType, guid: Guid) -> Self {
        Self::of(kind, 2, 0, guid)
    }

    /// A reference of revision 1, which has no identifier. Data of less than 8 bytes is filled up with zeros.
    #[inline]
    pub const fn revision_1(kind: FirmwareErrorRecordType) -> Self {
        Self::of(kind, 1, 0, Guid::ZERO)
    }

    /// A reference of revision 0, by number.
    #[inline]
    pub const fn revision_0(kind: FirmwareErrorRecordType, identifier: u64) -> Self {
        Self::of(kind, 0, identifier, Guid::ZERO)
    }

    /// Adds the referenced record's data.
    #[must_use]
    #[inline]
    pub const fn with_data(mut self, data: &'a [u8]) -> Self {
        self.data = data;
        self
    }
}

impl SectionType for FirmwareErrorRecordParts<'_> {
    const TYPE: SectionTypeId = FirmwareErrorRecord::TYPE;
    const NAME: &'static str = FirmwareErrorRecord::NAME;
}

impl Encode for FirmwareErrorRecordParts<'_> {
    fn encoded_len(&self) -> usize {
        front_len(self.header.revision()).saturating_add(self.data.len()).max(FirmwareErrorRecordHeader::SIZE)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        if out.len() != self.encoded_len() {
            return None;
        }
        let (front, after) = out.split_at_mut_checked(FirmwareErrorRecordHeader::SIZE)?;
        self.header.write_to(front).ok()?;
        if self.header.revision() >= 2 {
            self.guid.write_to_prefix(after).ok()?;
        }
        // In revision 1 the data covers the identifier's zeros, as far as it goes.
        self.data.write_to_prefix(out.get_mut(front_len(self.header.revision())..)?).ok()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::kind::Decode;
    use crate::section::checks::{assert_map, bit_map, written};
    use std::format;
    use std::string::{String, ToString};

    /// What Linux's `cper.c` prints for it is in `examples/data/gesb/fw-err-ref.txt`.
    const CAPTURED: &[u8; 32] = include_bytes!("../../data/fw-err-ref.fw_err.sec");
    const GUID: Guid = Guid::parse_const("8f87f311-c998-4d9e-a0c4-6065518c4f6d");
    const TYPE_1: FirmwareErrorRecordType = FirmwareErrorRecordType::SOC_TYPE_1;

    #[test]
    fn captured_bytes_give_the_values_that_linux_prints() {
        let section = FirmwareErrorRecord::decode(CAPTURED).unwrap();
        assert_eq!(section.error_record_type(), FirmwareErrorRecordType::SOC_TYPE_2);
        assert_eq!(section.revision(), 2);
        assert_eq!((section.record_identifier(), section.record_identifier_guid()), (None, Some(GUID)));
        assert_eq!(section.record_identifier_raw(), Some(0x1122_3344_5566_7788));
        assert_eq!((section.data(), section.bytes()), (&[][..], &CAPTURED[..]));
        assert_eq!(
            section.to_string(),
            "error record type       SoC firmware error record type 2 (2)\n\
             revision                2\n\
             record identifier guid  8f87f311-c998-4d9e-a0c4-6065518c4f6d\n"
        );
    }

    #[test]
    fn every_bit_of_every_revision_is_where_the_specification_has_it() {
        let map = |revision: u8| {
            let mut bytes = [0; 36];
            bytes[1] = revision;
            bit_map(&bytes, 1..2, |bytes, told| told(&FirmwareErrorRecord::decode(bytes).unwrap()))
        };
        let front = "0.0 error_record_type *8 2.0 hidden ~*48 ";
        assert_map(&map(0), &[front, "8.0 record_identifier *64 16.0 data ~*160"].concat());
        assert_map(&map(1), &[front, "8.0 data ~*224"].concat());
        let guid = [front, "8.0 hidden ~*64 16.0 record_identifier_guid ~*128 32.0 data ~*32"].concat();
        let guid = guid.replace("~*48 8.0 hidden ~*64", "~*112");
        assert_map(&map(2), &guid);
        assert_map(&map(0xff), &guid);
    }

    #[test]
    fn each_revision_is_written_and_read_back() {
        let data: [u8; 40] = core::array::from_fn(|place| place as u8 + 1);
        for length in 0..data.len() {
            let data = &data[..length];
            let bytes =
                written(&FirmwareErrorRecordParts::revision_0(TYPE_1, 0x1112_1314_1516_1718).with_data(data));
            assert_eq!(bytes[..16], [1, 0, 0, 0, 0, 0, 0, 0, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11]);
            let section = FirmwareErrorRecord::decode(&bytes).unwrap();
            assert_eq!((section.revision(), section.error_record_type()), (0, TYPE_1));
            assert_eq!(section.record_identifier(), Some(0x1112_1314_1516_1718));
            assert_eq!((section.record_identifier_guid(), section.data()), (None, data));

            let bytes = written(&FirmwareErrorRecordParts::revision_1(TYPE_1).with_data(data));
            assert_eq!((&bytes[..8], bytes.len()), (&[1, 1, 0, 0, 0, 0, 0, 0][..], 8 + length.max(8)));
            let section = FirmwareErrorRecord::decode(&bytes).unwrap();
            assert_eq!((section.record_identifier(), section.record_identifier_guid()), (None, None));
            assert_eq!(&section.data()[..length], data);
            assert!(section.data()[length..].iter().all(|byte| *byte == 0));

            let bytes = written(&FirmwareErrorRecordParts::new(TYPE_1, GUID).with_data(data));
            assert_eq!(bytes[..16], [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            let section = FirmwareErrorRecord::decode(&bytes).unwrap();
            assert_eq!((section.revision(), section.record_identifier()), (2, None));
            assert_eq!((section.record_identifier_guid(), section.data()), (Some(GUID), data));
        }
    }

    #[test]
    fn the_guid_is_there_only_when_all_of_it_is() {
        for length in 0..16 {
            assert_eq!(
                FirmwareErrorRecord::decode(&CAPTURED[..length]).unwrap_err(),
                Error::too_short("firmware error record reference", 16, length)
            );
        }
        for length in 16..32 {
            let section = FirmwareErrorRecord::decode(&CAPTURED[..length]).unwrap();
            assert_eq!((section.record_identifier_guid(), section.data()), (None, &[][..]), "{length}");
            assert_eq!((section.trailing(), section.missing()), (&CAPTURED[16..length], 32 - length));
            let text = section.to_string();
            assert!(text.contains("offset 16: record identifier GUID needs 16 bytes"), "{text}");
            let map = bit_map(&CAPTURED[..length], 0..16, |bytes, told| {
                told(&FirmwareErrorRecord::decode(bytes).unwrap());
            });
            let bits = (length - 16) * 8;
            assert_map(&map, &if bits == 0 { String::new() } else { format!("16.0 trailing ~*{bits}") });
        }
    }

    #[test]
    fn codes_have_their_names_and_unknown_ones_are_kept() {
        let names: std::vec::Vec<_> =
            (0..4).map(|code| FirmwareErrorRecordType::new(code).to_string()).collect();
        assert_eq!(
            names.join(", "),
            "IPF SAL error record, SoC firmware error record type 1 (legacy CrashLog), \
             SoC firmware error record type 2, reserved (3)"
        );
    }

    #[test]
    fn the_summary_says_which_record() {
        let summary = |parts| {
            let bytes = written(&parts);
            crate::section::Body::decode(FirmwareErrorRecord::TYPE, &bytes).unwrap().summary().to_string()
        };
        assert_eq!(
            summary(FirmwareErrorRecordParts::new(FirmwareErrorRecordType::SOC_TYPE_2, GUID)),
            "SoC firmware error record type 2, record 8f87f311-c998-4d9e-a0c4-6065518c4f6d"
        );
        assert_eq!(
            summary(FirmwareErrorRecordParts::revision_0(FirmwareErrorRecordType::IPF_SAL, 0x1234)),
            "IPF SAL error record, record 0x1234"
        );
        assert_eq!(
            summary(FirmwareErrorRecordParts::revision_1(TYPE_1)),
            "SoC firmware error record type 1 (legacy CrashLog)"
        );
    }
}
