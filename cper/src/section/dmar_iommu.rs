//! DMA remapping error of AMD's IOMMU (UEFI 2.11 Appendix N, "IOMMU-specific DMAr Errors"; 144 bytes, no validity
//! bits). The event is that of the AMD I/O virtualization technology specification, chapter 2.5.

use core::fmt;

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::dmar_vtd::describe_page_table;
use super::{FixedSection, RequesterId, SectionType};
use crate::fields::{Describe, Value, Visitor, show_fields};
use crate::kind::{Decode, FixedView};
use crate::open_value::open_value;
use crate::{Error, Guid, SectionTypeId};

/// A fault of an IOMMU: its registers, the event, and the table entries of the request.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct DmarIommuError {
    /// Revision of the IOMMU specification.
    pub revision: u8,
    /// 0.
    pub reserved: [u8; 7],
    /// Control register.
    pub control: U64,
    /// Status register.
    pub status: U64,
    /// 0.
    pub reserved_2: [u8; 8],
    /// The event that was logged.
    pub event_log_entry: IommuEvent,
    /// 0.
    pub reserved_3: [u8; 16],
    /// Device table entry of the requester.
    pub device_table_entry: [u8; 32],
    /// Page table entries of the address, level 6 first, level 1 last.
    pub page_table_entries: [U64; 6],
}

const _: () = {
    assert!(size_of::<DmarIommuError>() == 144 && align_of::<DmarIommuError>() == 1);
    assert!(core::mem::offset_of!(DmarIommuError, control) == 8);
    assert!(core::mem::offset_of!(DmarIommuError, event_log_entry) == 32);
    assert!(core::mem::offset_of!(DmarIommuError, device_table_entry) == 64);
    assert!(core::mem::offset_of!(DmarIommuError, page_table_entries) == 96);
};

/// An entry of an IOMMU's event log: its code tells what the other bits are.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct IommuEvent {
    /// Bits 63:0: event code in bits 63:60, operands in the rest.
    pub code_and_operands: U64,
    /// Bits 127:64: for most events the address.
    pub address: U64,
}

const _: () = assert!(size_of::<IommuEvent>() == 16);

open_value! {
    /// What an IOMMU logged.
    IommuEventCode: u8 {
        ILLEGAL_DEVICE_TABLE_ENTRY = 0x1 => "illegal device table entry",
        IO_PAGE_FAULT = 0x2 => "I/O page fault",
        DEVICE_TABLE_HARDWARE_ERROR = 0x3 => "device table hardware error",
        PAGE_TABLE_HARDWARE_ERROR = 0x4 => "page table hardware error",
        ILLEGAL_COMMAND = 0x5 => "illegal command",
        COMMAND_HARDWARE_ERROR = 0x6 => "command hardware error",
        IOTLB_INVALIDATION_TIMEOUT = 0x7 => "IOTLB invalidation timeout",
        INVALID_DEVICE_REQUEST = 0x8 => "invalid device request",
        INVALID_PAGE_REQUEST = 0x9 => "invalid peripheral page request",
        RMP_PAGE_FAULT = 0xd => "RMP page fault",
        RMP_HARDWARE_ERROR = 0xe => "RMP hardware error",
    }
}

impl IommuEvent {
    /// What happened.
    pub const fn event_code(&self) -> IommuEventCode {
        IommuEventCode::new((self.code_and_operands.get() >> 60) as u8)
    }

    /// The device, bits 15:0; not of the command events.
    pub const fn device_id(&self) -> RequesterId {
        RequesterId::new(self.code_and_operands.get() as u16)
    }

    /// Flags of the event, 12 bits.
    pub const fn flags(&self) -> u16 {
        (self.code_and_operands.get() >> 48) as u16 & 0xfff
    }
}

impl Describe for IommuEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("event_code", self.event_code().into())?;
        out.field("device_id", Value::Message(&self.device_id()))?;
        out.field("event_flags", Value::hex(self.flags()))?;
        out.field("address", Value::hex(self.address.get()))?;
        out.field("bytes", Value::Bytes(self.as_bytes()))
    }
}

impl DmarIommuError {
    /// A section of zeros.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 144])
    }
}

impl SectionType for DmarIommuError {
    const TYPE: Guid = SectionTypeId::DMAR_IOMMU.0;
    const NAME: &'static str = "IOMMU DMA remapping error";
}

impl FixedSection for DmarIommuError {}

impl Decode for DmarIommuError {
    type View<'a> = FixedView<'a, Self>;

    fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, Error> {
        FixedView::new(body)
    }
}

impl Describe for DmarIommuError {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("revision", Value::number(self.revision))?;
        out.field("control", Value::hex(self.control.get()))?;
        out.field("status", Value::hex(self.status.get()))?;
        out.field("event_log_entry", Value::Group(&self.event_log_entry))?;
        out.field("device_table_entry", Value::Bytes(&self.device_table_entry))?;
        describe_page_table(&self.page_table_entries, out)
    }
}

show_fields!(IommuEvent, DmarIommuError);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::Decode;
    use crate::section::checks::{assert_map, bit_map, every_flip_shows, written};
    use std::string::ToString;

    const MAP: &str = "
        0.0 revision *8
        1.0 hidden ~*56
        8.0 control *64
        16.0 status *64
        24.0 hidden ~*64
        32.0 event_log_entry.device_id ~*16
        34.0 event_log_entry.bytes ~*32
        38.0 event_log_entry.event_flags *12
        39.4 event_log_entry.event_code *4
        40.0 event_log_entry.address *64
        48.0 hidden ~*128
        64.0 device_table_entry ~*256
        96.0 level_6_page_table_entry *64
        104.0 level_5_page_table_entry *64
        112.0 level_4_page_table_entry *64
        120.0 level_3_page_table_entry *64
        128.0 level_2_page_table_entry *64
        136.0 level_1_page_table_entry *64
    ";

    fn values() -> DmarIommuError {
        DmarIommuError {
            revision: 2,
            control: U64::new(0x1112_1314_1516_1718),
            status: U64::new(0x2122_2324_2526_2728),
            event_log_entry: IommuEvent {
                code_and_operands: U64::new(0x2345_0000_0012_3bfd),
                address: U64::new(0x3132_3334_3536_3738),
            },
            device_table_entry: [0x41; 32],
            page_table_entries: [6, 5, 4, 3, 2, 1].map(U64::new),
            ..DmarIommuError::new()
        }
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map =
            bit_map(&[0; 144], 144..144, |bytes, told| told(DmarIommuError::ref_from_bytes(bytes).unwrap()));
        assert_map(&map, MAP);
    }

    #[test]
    fn values_are_written_and_told() {
        let bytes = written(&values());
        let words = [
            2,
            0x1112_1314_1516_1718,
            0x2122_2324_2526_2728,
            0,
            0x2345_0000_0012_3bfd,
            0x3132_3334_3536_3738,
            0,
            0,
            0x4141_4141_4141_4141,
            0x4141_4141_4141_4141,
            0x4141_4141_4141_4141,
            0x4141_4141_4141_4141,
            6,
            5,
            4,
            3,
            2,
            1u64,
        ];
        assert_eq!(bytes, words.map(u64::to_le_bytes).as_flattened());
        let section = DmarIommuError::decode(&bytes).unwrap();
        assert_eq!(*section, values());
        let event = section.event_log_entry;
        assert_eq!(event.event_code(), IommuEventCode::IO_PAGE_FAULT);
        assert_eq!((event.device_id().to_string().as_str(), event.flags()), ("3b:1f.5", 0x345));
        let text = section.to_string();
        for line in [
            "  event code              I/O page fault (2)",
            "  device id               3b:1f.5",
            "  event flags             0x0345",
            "  address                 0x3132333435363738",
            "level 6 page table entry 0x0000000000000006",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}: {text}");
        }
    }

    #[test]
    fn codes_have_their_names_and_unknown_ones_are_kept() {
        let names: std::vec::Vec<_> =
            (0..16).map(|code| IommuEventCode::new(code).name().unwrap_or("-")).collect();
        assert_eq!(
            names.join(", "),
            "-, illegal device table entry, I/O page fault, device table hardware error, \
             page table hardware error, illegal command, command hardware error, IOTLB invalidation timeout, \
             invalid device request, invalid peripheral page request, -, -, -, RMP page fault, \
             RMP hardware error, -"
        );
    }

    #[test]
    fn too_few_bytes_are_an_error_and_more_are_none() {
        for length in 0..144 {
            assert_eq!(
                DmarIommuError::decode(&[0xff; 144][..length]).unwrap_err(),
                Error::too_short("IOMMU DMA remapping error", 144, length)
            );
        }
        assert!(DmarIommuError::decode(&[0xff; 145]).is_ok());
    }

    #[test]
    fn a_flip_of_any_bit_shows() {
        every_flip_shows(SectionTypeId::DMAR_IOMMU, &written(&values()));
        every_flip_shows(SectionTypeId::DMAR_IOMMU, &[0; 144]);
    }
}
