//! DMA remapping error of AMD's IOMMU (UEFI 2.11 Appendix N, "IOMMU-specific DMAr Errors"; 144 bytes, no validity
//! bits). The event is that of the AMD I/O virtualization technology specification, chapter 2.5.

use core::fmt;

use zerocopy::IntoBytes;

use super::pci_address::RequesterId;
use crate::fields::{Describe, Value, Visitor, describe_rest, show_fields};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// A fault of an IOMMU: its registers, the event, and the table entries of the request.
    DmarIommuError: 144 bytes, new;
    view DmarIommuErrorView from 144 as DMAR_IOMMU "IOMMU DMA remapping error";
    /// Revision of the IOMMU specification.
    0 revision: u8 as number => set_revision with_revision;
    1 reserved: [u8; 7];
    /// Control register.
    8 control: u64 as hex => set_control with_control;
    /// Status register.
    16 status: u64 as hex => set_status with_status;
    24 reserved_2: [u8; 8];
    /// The event that was logged.
    32 event_log_entry: IommuEvent as group => set_event_log_entry with_event_log_entry;
    48 reserved_3: [u8; 16];
    /// Device table entry of the requester.
    64 device_table_entry: [u8; 32] as bytes => set_device_table_entry with_device_table_entry;
    /// Page table entry of the address, level 6.
    96 level_6_page_table_entry: u64 as hex
        => set_level_6_page_table_entry with_level_6_page_table_entry;
    /// Page table entry of the address, level 5.
    104 level_5_page_table_entry: u64 as hex
        => set_level_5_page_table_entry with_level_5_page_table_entry;
    /// Page table entry of the address, level 4.
    112 level_4_page_table_entry: u64 as hex
        => set_level_4_page_table_entry with_level_4_page_table_entry;
    /// Page table entry of the address, level 3.
    120 level_3_page_table_entry: u64 as hex
        => set_level_3_page_table_entry with_level_3_page_table_entry;
    /// Page table entry of the address, level 2.
    128 level_2_page_table_entry: u64 as hex
        => set_level_2_page_table_entry with_level_2_page_table_entry;
    /// Page table entry of the address, level 1.
    136 level_1_page_table_entry: u64 as hex
        => set_level_1_page_table_entry with_level_1_page_table_entry;
}

structure! {
    /// An entry of an IOMMU's event log: its code says what the other bits are.
    IommuEvent: 16 bytes, new;
    /// Bits 63:0: event code in bits 63:60, operands in the rest.
    0 code_and_operands: u64 as hex => set_code_and_operands with_code_and_operands;
    /// Bits 127:64: for most events an address.
    8 address: u64 as hex => set_address with_address;
}

open_value! {
    /// Code of an entry of an IOMMU's event log: what happened.
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
    #[inline]
    pub const fn event_code(&self) -> IommuEventCode {
        IommuEventCode::new((self.code_and_operands() >> 60) as u8)
    }

    /// Requester id of the device, bits 15:0; the command events have none.
    #[inline]
    pub const fn device_id(&self) -> RequesterId {
        RequesterId::new(self.code_and_operands() as u16)
    }

    /// Flags of the event, 12 bits: bits 59:48.
    #[inline]
    pub const fn flags(&self) -> u16 {
        (self.code_and_operands() >> 48) as u16 & 0xfff
    }
}

impl Describe for IommuEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("event_code", self.event_code().into())?;
        out.field("device_id", Value::Message(&self.device_id()))?;
        out.field("event_flags", Value::hex(self.flags()))?;
        out.field("address", Value::hex(self.address()))?;
        out.field("bytes", Value::Bytes(self.as_bytes()))
    }
}

impl DmarIommuErrorView<'_> {
    /// What happened, and which device it is of; the events of commands are of none.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        let event = self.event_log_entry();
        write!(f, "{} at {:#x}", event.event_code(), event.address())?;
        match event.event_code() {
            IommuEventCode::ILLEGAL_COMMAND | IommuEventCode::COMMAND_HARDWARE_ERROR => Ok(()),
            _ => write!(f, ", device {}", event.device_id()),
        }
    }
}

impl Describe for DmarIommuErrorView<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(IommuEvent);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Error;
    use crate::kind::Decode;
    use crate::section::Body;
    use crate::section::checks::{assert_map, bit_map, written};
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
        144.0 trailing ~*16
    ";

    fn values() -> DmarIommuError {
        let event = IommuEvent::new()
            .with_code_and_operands(0x2345_0000_0012_3bfd)
            .with_address(0x3132_3334_3536_3738);
        DmarIommuError::new()
            .with_revision(2)
            .with_control(0x1112_1314_1516_1718)
            .with_status(0x2122_2324_2526_2728)
            .with_event_log_entry(event)
            .with_device_table_entry([0x41; 32])
            .with_level_6_page_table_entry(6)
            .with_level_5_page_table_entry(5)
            .with_level_4_page_table_entry(4)
            .with_level_3_page_table_entry(3)
            .with_level_2_page_table_entry(2)
            .with_level_1_page_table_entry(1)
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map = bit_map(&[0; 146], 146..146, |bytes, told| told(&DmarIommuError::decode(bytes).unwrap()));
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
        assert_eq!(section.structure(), Some(&values()));
        let event = section.event_log_entry();
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
    fn a_summary_says_why_and_which_device() {
        assert_eq!(
            Body::DmarIommu(values().view()).summary().to_string(),
            "I/O page fault at 0x3132333435363738, device 3b:1f.5"
        );
    }
}
