//! Firmware error record reference (UEFI 2.11 Appendix N, "Firmware Error Record Reference"; 32 bytes, 16 in its first
//! revision, and the referenced record's own data behind it, such as Intel's CrashLog).
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

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Decode, Encode, SectionType};
use crate::fields::{Describe, Value, Visitor, describe_rest, show_fields};
use crate::kind::View;
use crate::open_value::open_value;
use crate::{Error, Guid, SectionTypeId};

/// The first 16 bytes of a firmware error record reference, of every revision.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct FirmwareErrorRecordHeader {
    /// Kind of record that is referenced.
    pub error_record_type: FirmwareErrorRecordType,
    /// Revision of this section: 0, 1 or 2.
    pub revision: u8,
    /// 0. The specification's row says 7 bytes from byte 1; they are 6 from byte 2.
    pub reserved: [u8; 6],
    /// Identifies the record in revision 0; in revision 1 the record's data begins here; unused since.
    pub record_identifier: U64,
}

const _: () = {
    assert!(size_of::<FirmwareErrorRecordHeader>() == 16 && align_of::<FirmwareErrorRecordHeader>() == 1);
    assert!(core::mem::offset_of!(FirmwareErrorRecordHeader, record_identifier) == 8);
};

open_value! {
    /// Kind of firmware error record.
    FirmwareErrorRecordType: u8 {
        IPF_SAL = 0 => "IPF SAL error record",
        SOC_TYPE_1 = 1 => "SoC firmware error record type 1 (legacy CrashLog)",
        SOC_TYPE_2 = 2 => "SoC firmware error record type 2",
    }
}

/// A reference to an error record of the firmware's own, and that record's data when it is here.
#[derive(Clone, Copy, Debug)]
pub struct FirmwareErrorRecord<'a> {
    header: &'a FirmwareErrorRecordHeader,
    bytes: &'a [u8],
}

impl SectionType for FirmwareErrorRecord<'_> {
    const TYPE: Guid = SectionTypeId::FIRMWARE_ERROR_RECORD.0;
    const NAME: &'static str = "firmware error record reference";
}

impl Decode for FirmwareErrorRecord<'_> {
    type View<'a> = FirmwareErrorRecord<'a>;

    fn decode(body: &[u8]) -> Result<FirmwareErrorRecord<'_>, Error> {
        match FirmwareErrorRecordHeader::ref_from_prefix(body) {
            Ok((header, _)) => Ok(FirmwareErrorRecord { header, bytes: body }),
            Err(_) => Err(Error::too_short(Self::NAME, FirmwareErrorRecordParts::SHORT, body.len())),
        }
    }
}

impl<'a> View<'a> for FirmwareErrorRecord<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        &[]
    }
}

impl<'a> FirmwareErrorRecord<'a> {
    /// The first 16 bytes, every field as it was stored.
    pub const fn header(&self) -> &'a FirmwareErrorRecordHeader {
        self.header
    }

    /// The whole body as it was stored.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Kind of record that is referenced.
    pub const fn error_record_type(&self) -> FirmwareErrorRecordType {
        self.header.error_record_type
    }

    /// Revision of the section.
    pub const fn revision(&self) -> u8 {
        self.header.revision
    }

    /// The number that identifies the record; `None` since revision 1.
    pub const fn record_identifier(&self) -> Option<u64> {
        if self.header.revision == 0 { Some(self.header.record_identifier.get()) } else { None }
    }

    /// The GUID that identifies the record, since revision 2; `None` before, and in a section that ends before it.
    /// By the specification it means something for [`FirmwareErrorRecordType::SOC_TYPE_2`] only; it is here whatever
    /// the type.
    pub fn record_identifier_guid(&self) -> Option<Guid> {
        let after = self.bytes.get(FirmwareErrorRecordParts::SHORT..)?;
        if self.header.revision < 2 { None } else { Guid::read_from_prefix(after).ok().map(|(guid, _)| guid) }
    }

    /// The referenced record's data: what follows the 16, 8 or 32 bytes of revision 0, 1 or later.
    pub fn data(&self) -> &'a [u8] {
        self.bytes.get(FirmwareErrorRecordParts::front_len(self.header.revision)..).unwrap_or_default()
    }
}

impl Describe for FirmwareErrorRecord<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("error_record_type", self.error_record_type().into())?;
        out.field("revision", Value::number(self.revision()))?;
        if let Some(identifier) = self.record_identifier() {
            out.field("record_identifier", Value::hex(identifier))?;
        }
        if let Some(guid) = self.record_identifier_guid() {
            out.field("record_identifier_guid", guid.into())?;
        }
        describe_rest("data", self.data(), out)
    }
}

show_fields!(FirmwareErrorRecord<'a>);

/// A firmware error record reference to be written.
#[derive(Clone, Copy, Debug)]
pub struct FirmwareErrorRecordParts<'a> {
    header: FirmwareErrorRecordHeader,
    guid: Guid,
    data: &'a [u8],
}

impl<'a> FirmwareErrorRecordParts<'a> {
    /// Bytes of revision 0, and the fewest that readers take.
    const SHORT: usize = size_of::<FirmwareErrorRecordHeader>();

    const fn of(kind: FirmwareErrorRecordType, revision: u8, identifier: u64, guid: Guid) -> Self {
        let header = FirmwareErrorRecordHeader {
            error_record_type: kind,
            revision,
            reserved: [0; 6],
            record_identifier: U64::new(identifier),
        };
        Self::with_header(header, guid)
    }

    /// A reference with this head as it is, such as one that was read: the specification asks nothing of an
    /// identifier since revision 1, and writers store one. The GUID is written since revision 2.
    pub const fn with_header(header: FirmwareErrorRecordHeader, guid: Guid) -> Self {
        Self { header, guid, data: &[] }
    }

    /// A reference of revision 2, by GUID.
    pub const fn new(kind: FirmwareErrorRecordType, guid: Guid) -> Self {
        Self::of(kind, 2, 0, guid)
    }

    /// A reference of revision 1, which has no identifier. Data of less than 8 bytes is filled up with zeros.
    pub const fn revision_1(kind: FirmwareErrorRecordType) -> Self {
        Self::of(kind, 1, 0, Guid::ZERO)
    }

    /// A reference of revision 0, by number.
    pub const fn revision_0(kind: FirmwareErrorRecordType, identifier: u64) -> Self {
        Self::of(kind, 0, identifier, Guid::ZERO)
    }

    /// Adds the referenced record's data.
    #[must_use]
    pub const fn with_data(mut self, data: &'a [u8]) -> Self {
        self.data = data;
        self
    }

    /// Bytes before the data in a revision, as Linux counts them (`cper_print_fw_err`).
    const fn front_len(revision: u8) -> usize {
        match revision {
            0 => 16,
            1 => 8,
            _ => 32,
        }
    }
}

impl SectionType for FirmwareErrorRecordParts<'_> {
    const TYPE: Guid = FirmwareErrorRecord::TYPE;
    const NAME: &'static str = FirmwareErrorRecord::NAME;
}

impl Encode for FirmwareErrorRecordParts<'_> {
    fn encoded_len(&self) -> usize {
        Self::front_len(self.header.revision).saturating_add(self.data.len()).max(Self::SHORT)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        if out.len() != self.encoded_len() {
            return None;
        }
        let (front, after) = out.split_at_mut_checked(Self::SHORT)?;
        self.header.write_to(front).ok()?;
        if self.header.revision >= 2 {
            self.guid.write_to_prefix(after).ok()?;
        }
        // In revision 1 the data covers the identifier's zeros, as far as it goes.
        self.data.write_to_prefix(out.get_mut(Self::front_len(self.header.revision)..)?).ok()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{assert_map, bit_map, every_flip_shows, written};
    use std::string::ToString;

    /// What Linux's `cper.c` prints for it is in `examples/data/gesb/fw-err-ref.txt`.
    const CAPTURED: &[u8; 32] = include_bytes!("../../../examples/data/sections/fw-err-ref.fw_err.sec");
    const GUID: Guid = Guid::parse_const("8f87f311-c998-4d9e-a0c4-6065518c4f6d");
    const TYPE_1: FirmwareErrorRecordType = FirmwareErrorRecordType::SOC_TYPE_1;

    #[test]
    fn captured_bytes_give_the_values_that_linux_prints() {
        let section = FirmwareErrorRecord::decode(CAPTURED).unwrap();
        assert_eq!(section.error_record_type(), FirmwareErrorRecordType::SOC_TYPE_2);
        assert_eq!(section.revision(), 2);
        assert_eq!((section.record_identifier(), section.record_identifier_guid()), (None, Some(GUID)));
        assert_eq!(section.header().record_identifier.get(), 0x1122_3344_5566_7788);
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
            assert!(!section.to_string().contains("guid"));
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
    fn a_flip_of_any_bit_shows() {
        every_flip_shows(SectionTypeId::FIRMWARE_ERROR_RECORD, CAPTURED);
        every_flip_shows(SectionTypeId::FIRMWARE_ERROR_RECORD, &CAPTURED[..23]);
        let bytes = written(&FirmwareErrorRecordParts::revision_1(TYPE_1).with_data(b"crash log"));
        every_flip_shows(SectionTypeId::FIRMWARE_ERROR_RECORD, &bytes);
    }
}
