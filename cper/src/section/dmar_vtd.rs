//! DMA remapping error of Intel's VT-d (UEFI 2.11 Appendix N, "Intel VT for Directed I/O specific DMAr Errors"; 144
//! bytes, no validity bits). Registers and fault record are those of the VT-d specification 4.1, chapter 11.

use core::fmt;

use super::pci_address::RequesterId;
use super::register::register;
use crate::fields::{Describe, Stored, Value, Visitor, describe_rest, show_fields, shows};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// A fault of a VT-d unit: its registers, the fault record, and the table entries of the request.
    DmarVtdError: 144 bytes, new;
    view DmarVtdErrorView from 144 as DMAR_VTD "VT-d DMA remapping error";
    /// Version register: minor version in bits 3:0, major version in bits 7:4.
    0 version: u8 as hex => set_version with_version;
    /// Revision of the unit's ACPI table.
    1 revision: u8 as number => set_revision with_revision;
    /// OEM id of the unit's ACPI table.
    2 oem_id: [u8; 6] as text => set_oem_id with_oem_id;
    /// Capability register.
    8 capability: u64 as hex => set_capability with_capability;
    /// Extended capability register.
    16 extended_capability: u64 as hex => set_extended_capability with_extended_capability;
    /// Global command register, as the operating system wrote it.
    24 global_command: u32 as hex => set_global_command with_global_command;
    /// Global status register.
    28 global_status: u32 as hex => set_global_status with_global_status;
    /// Fault status register.
    32 fault_status: (u32 VtdFaultStatus) as group => set_fault_status with_fault_status;
    36 reserved: [u8; 12];
    /// Fault recording register, 16 bytes.
    48 fault_record: VtdFaultRecord as group => set_fault_record with_fault_record;
    /// Root table entry of the requester.
    64 root_entry: [u8; 16] as bytes => set_root_entry with_root_entry;
    /// Context table entry of the requester.
    80 context_entry: [u8; 16] as bytes => set_context_entry with_context_entry;
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

register! {
    /// Fault status register.
    VtdFaultStatus: u32 {
        PRIMARY_FAULT_OVERFLOW = 0 => "A fault found no free record.",
        PRIMARY_PENDING_FAULT = 1 => "There is a fault record.",
        ADVANCED_FAULT_OVERFLOW = 2 => "A fault found no room in the advanced log (before VT-d 3.0).",
        ADVANCED_PENDING_FAULT = 3 => "The advanced log holds a fault (before VT-d 3.0).",
        INVALIDATION_QUEUE_ERROR = 4 => "The invalidation queue is in error.",
        INVALIDATION_COMPLETION_ERROR = 5 => "A device answered an invalidation unexpectedly.",
        INVALIDATION_TIME_OUT_ERROR = 6 => "A device did not answer an invalidation in time.",
        PAGE_REQUEST_OVERFLOW = 7 => "A page request found no room.",
    }
    fields {
        fault_record_index: u8 as number = 8, 8 => "Index of the fault record of the first pending fault.",
    }
}

structure! {
    /// A fault record: 128 bits.
    VtdFaultRecord: 16 bytes, new;
    /// Bits 63:0: the address in bits 63:12.
    0 fault_information: u64 as hex => set_fault_information with_fault_information;
    /// Bits 127:64: requester, reason and kind of the request.
    8 fault_source: (u64 VtdFaultSource) as group => set_fault_source with_fault_source;
}

register! {
    /// The upper half of a fault record. Its bit numbers are 64 less than in the specification.
    VtdFaultSource: u64 {
        TYPE_BIT_2 = 28 => "Second bit of the request's type, since VT-d 3.0.",
        PRIVILEGE_MODE_REQUESTED = 29 => "The request was for supervisor privilege.",
        EXECUTE_PERMISSION_REQUESTED = 30 => "The request was for execution.",
        PASID_PRESENT = 31 => "The request came with a PASID.",
        FAULT = 63 => "The record holds a fault; the section reserves this bit.",
    }
    fields {
        source_id: RequesterId as message = 0, 16 => "Requester id of the device that made the request.",
        fault_reason: VtdFaultReason as named = 32, 8 => "Why the request faulted.",
        pasid: u32 as hex = 40, 20 => "Process address space id, when the request came with one.",
        address_type: VtdAddressType as named = 60, 2 => "Address type of the request.",
        request_type: VtdRequestType as named = 62, 1 => "What the request wanted, when the second bit of the type is clear.",
    }
}

open_value! {
    /// Address type of a PCIe request, as it stands in its header.
    VtdAddressType: u8 {
        UNTRANSLATED = 0 => "untranslated request",
        TRANSLATION = 1 => "translation request",
        TRANSLATED = 2 => "translated request",
    }
}

open_value! {
    /// What a request wanted.
    VtdRequestType: u8 {
        WRITE = 0 => "write",
        READ = 1 => "read or AtomicOp",
    }
}

open_value! {
    /// Why a request faulted (VT-d specification 4.1, chapter 7). Reasons from 0x20 are of interrupt remapping, from
    /// 0x30 of scalable mode.
    VtdFaultReason: u8 {
        ROOT_ENTRY_NOT_PRESENT = 0x01 => "root entry not present",
        CONTEXT_ENTRY_NOT_PRESENT = 0x02 => "context entry not present",
        CONTEXT_ENTRY_INVALID = 0x03 => "invalid context entry",
        ADDRESS_BEYOND_WIDTH = 0x04 => "address beyond the guest address width",
        NO_WRITE_PERMISSION = 0x05 => "no write permission",
        NO_READ_PERMISSION = 0x06 => "no read permission",
        PAGE_TABLE_ACCESS = 0x07 => "error in access to a page table",
        ROOT_TABLE_ACCESS = 0x08 => "error in access to the root table",
        CONTEXT_TABLE_ACCESS = 0x09 => "error in access to the context table",
        ROOT_ENTRY_RESERVED_BIT = 0x0a => "reserved bit set in the root entry",
        CONTEXT_ENTRY_RESERVED_BIT = 0x0b => "reserved bit set in the context entry",
        PAGE_ENTRY_RESERVED_BIT = 0x0c => "reserved bit set in a page table entry",
        TRANSLATION_BLOCKED = 0x0d => "translation request blocked by the context entry",
        INTERRUPT_RESERVED_BIT = 0x20 => "reserved bit set in an interrupt request",
        INTERRUPT_INDEX = 0x21 => "interrupt index beyond the table",
        INTERRUPT_ENTRY_NOT_PRESENT = 0x22 => "interrupt entry not present",
        INTERRUPT_TABLE_ACCESS = 0x23 => "error in access to the interrupt table",
        INTERRUPT_ENTRY_RESERVED_BIT = 0x24 => "reserved bit set in the interrupt entry",
        COMPATIBILITY_INTERRUPT_BLOCKED = 0x25 => "interrupt in compatibility format blocked",
        INTERRUPT_SOURCE_ID = 0x26 => "interrupt from an unexpected source",
        SM_ROOT_TABLE_ADDRESS = 0x30 => "scalable mode: invalid root table address",
        SM_TTM_REQUEST_WITH_PASID = 0x31 => "scalable mode: request with PASID in legacy mode",
        SM_TTM_PAGE_GROUP_REQUEST = 0x32 => "scalable mode: page group request in legacy mode",
        SM_ROOT_ENTRY_ACCESS = 0x38 => "scalable mode: error in access to the root entry",
        SM_ROOT_ENTRY_NOT_PRESENT = 0x39 => "scalable mode: root entry not present",
        SM_ROOT_ENTRY_RESERVED_BIT = 0x3a => "scalable mode: reserved bit set in the root entry",
        SM_CONTEXT_ENTRY_ACCESS = 0x40 => "scalable mode: error in access to the context entry",
        SM_CONTEXT_ENTRY_NOT_PRESENT = 0x41 => "scalable mode: context entry not present",
        SM_CONTEXT_ENTRY_RESERVED_BIT = 0x42 => "scalable mode: reserved bit set in the context entry",
        SM_CONTEXT_ENTRY_INVALID = 0x43 => "scalable mode: invalid context entry",
        SM_DEVICE_TLB_DISABLED = 0x44 => "scalable mode: device TLB not enabled",
        SM_PASID_DISABLED = 0x45 => "scalable mode: PASID not enabled",
        SM_PASID_TOO_LARGE = 0x46 => "scalable mode: PASID beyond the directory",
        SM_PAGE_REQUEST_DISABLED = 0x47 => "scalable mode: page requests not enabled",
        SM_RID_PASID = 0x48 => "scalable mode: error in the PASID of requests without one",
        SM_PASID_DIRECTORY_ACCESS = 0x50 => "scalable mode: error in access to the PASID directory",
        SM_PASID_DIRECTORY_NOT_PRESENT = 0x51 => "scalable mode: PASID directory entry not present",
        SM_PASID_DIRECTORY_RESERVED_BIT = 0x52 => "scalable mode: reserved bit set in the PASID directory entry",
        SM_PASID_TABLE_ACCESS = 0x58 => "scalable mode: error in access to the PASID table",
        SM_PASID_ENTRY_NOT_PRESENT = 0x59 => "scalable mode: PASID table entry not present",
        SM_PASID_ENTRY_RESERVED_BIT = 0x5a => "scalable mode: reserved bit set in the PASID table entry",
        SM_PASID_ENTRY_INVALID = 0x5b => "scalable mode: invalid PASID table entry",
        SM_EXECUTE_DISABLED = 0x5c => "scalable mode: execute requests not enabled",
        SM_SUPERVISOR_DISABLED = 0x5d => "scalable mode: supervisor requests not enabled",
        SM_FIRST_LEVEL_ACCESS = 0x70 => "scalable mode: error in access to a first-level entry",
        SM_FIRST_LEVEL_NOT_PRESENT = 0x71 => "scalable mode: first-level entry not present",
        SM_FIRST_LEVEL_RESERVED_BIT = 0x72 => "scalable mode: reserved bit set in a first-level entry",
        SM_SECOND_LEVEL_ACCESS = 0x78 => "scalable mode: error in access to a second-level entry",
        SM_SECOND_LEVEL_PERMISSION = 0x79 => "scalable mode: no permission in a second-level entry",
        SM_SECOND_LEVEL_RESERVED_BIT = 0x7a => "scalable mode: reserved bit set in a second-level entry",
        SM_ADDRESS_NOT_CANONICAL = 0x80 => "scalable mode: address not canonical",
        SM_USER_PRIVILEGE = 0x81 => "scalable mode: no user privilege",
        SM_NO_EXECUTE_PERMISSION = 0x82 => "scalable mode: no execute permission",
        SM_NO_WRITE_PERMISSION = 0x85 => "scalable mode: no write permission",
        SM_NO_READ_PERMISSION = 0x86 => "scalable mode: no read permission",
    }
}

impl VtdFaultRecord {
    /// The page's address, a multiple of 4096; of an interrupt fault, the interrupt's index in bits 63:48.
    #[inline]
    pub const fn fault_address(&self) -> u64 {
        self.fault_information() & !0xfff
    }
}

impl Describe for VtdFaultRecord {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let stored = Self::AT.fault_information.of(&self.0);
        // Bits 11:0 are shown nowhere.
        let shown = if self.fault_address() == self.fault_information() { 0 } else { 2 };
        out.stored("fault_information", stored.get(shown..).unwrap_or_default(), Stored::Shown);
        out.field("fault_address", Value::hex(self.fault_address()))?;
        shows!(out, self, fault_source);
        self.fault_source().describe(out)
    }
}

impl DmarVtdErrorView<'_> {
    /// Why the request faulted, and who made it.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        let record = self.fault_record();
        let source = record.fault_source();
        let (reason, request) = (source.fault_reason(), source.request_type());
        write!(f, "{reason}, {request} at {:#x}, requester {}", record.fault_address(), source.source_id())
    }
}

impl Describe for DmarVtdErrorView<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(VtdFaultRecord);

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
        0.0 version *8
        1.0 revision *8
        2.0 oem_id ~*8
        3.0 hidden ~*40
        8.0 capability *64
        16.0 extended_capability *64
        24.0 global_command *32
        28.0 global_status *32
        32.0 fault_status.flags PRIMARY_FAULT_OVERFLOW PRIMARY_PENDING_FAULT
            ADVANCED_FAULT_OVERFLOW ADVANCED_PENDING_FAULT INVALIDATION_QUEUE_ERROR
            INVALIDATION_COMPLETION_ERROR INVALIDATION_TIME_OUT_ERROR PAGE_REQUEST_OVERFLOW
        33.0 fault_status.fault_record_index *8
        34.0 fault_status.flags -*16
        36.0 hidden ~*108
        49.4 fault_record.fault_address @12*52
        56.0 fault_record.source_id ~*16
        58.0 fault_record.flags -*12 TYPE_BIT_2 PRIVILEGE_MODE_REQUESTED
            EXECUTE_PERMISSION_REQUESTED PASID_PRESENT
        60.0 fault_record.fault_reason *8
        61.0 fault_record.pasid *20
        63.4 fault_record.address_type *2
        63.6 fault_record.request_type *1
        63.7 fault_record.flags FAULT
        64.0 root_entry ~*128
        80.0 context_entry ~*128
        96.0 level_6_page_table_entry *64
        104.0 level_5_page_table_entry *64
        112.0 level_4_page_table_entry *64
        120.0 level_3_page_table_entry *64
        128.0 level_2_page_table_entry *64
        136.0 level_1_page_table_entry *64
        144.0 trailing ~*16
    ";

    fn values() -> DmarVtdError {
        let source = VtdFaultSource::new(0xd234_5605_a000_3bfd);
        DmarVtdError::new()
            .with_version(0x10)
            .with_revision(1)
            .with_oem_id(*b"INTEL ")
            .with_capability(0x1112_1314_1516_1718)
            .with_extended_capability(0x2122_2324_2526_2728)
            .with_global_command(0x3132_3334)
            .with_global_status(0x3536_3738)
            .with_fault_status(VtdFaultStatus::new(0x0000_0502))
            .with_fault_record(
                VtdFaultRecord::new().with_fault_information(0x0000_dead_b000_0fff).with_fault_source(source),
            )
            .with_root_entry([0x41; 16])
            .with_context_entry([0x42; 16])
            .with_level_6_page_table_entry(6)
            .with_level_5_page_table_entry(5)
            .with_level_4_page_table_entry(4)
            .with_level_3_page_table_entry(3)
            .with_level_2_page_table_entry(2)
            .with_level_1_page_table_entry(1)
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map = bit_map(&[0; 146], 146..146, |bytes, told| told(&DmarVtdError::decode(bytes).unwrap()));
        assert_map(&map, MAP);
        let text = [b'a'; 144];
        let map = bit_map(&text, 8..144, |bytes, told| told(&DmarVtdError::decode(bytes).unwrap()));
        assert_map(&map, "0.0 version *8 1.0 revision *8 2.0 oem_id ~*48");
    }

    #[test]
    fn a_fault_record_comes_apart() {
        let record = values().fault_record();
        assert_eq!(record.fault_address(), 0x0000_dead_b000_0000);
        let source = record.fault_source();
        assert_eq!(source.source_id().to_string(), "3b:1f.5");
        assert_eq!(source.fault_reason(), VtdFaultReason::NO_WRITE_PERMISSION);
        assert_eq!(source.pasid(), 0x23456);
        assert_eq!(source.address_type(), VtdAddressType::TRANSLATION);
        assert_eq!(source.request_type(), VtdRequestType::READ);
        assert_eq!(
            source.flags(),
            VtdFaultSource::PRIVILEGE_MODE_REQUESTED | VtdFaultSource::PASID_PRESENT | VtdFaultSource::FAULT
        );
        let status = values().fault_status();
        assert_eq!((status.fault_record_index(), status.flags()), (5, VtdFaultStatus::PRIMARY_PENDING_FAULT));
    }

    #[test]
    fn values_are_written_and_told() {
        let bytes = written(&values());
        assert_eq!(bytes[..8], [0x10, 1, b'I', b'N', b'T', b'E', b'L', b' ']);
        let words = [
            0x1112_1314_1516_1718,
            0x2122_2324_2526_2728,
            0x3536_3738_3132_3334,
            0x0502,
            0,
            0x0000_dead_b000_0fff,
            0xd234_5605_a000_3bfd,
            0x4141_4141_4141_4141,
            0x4141_4141_4141_4141,
            0x4242_4242_4242_4242,
            0x4242_4242_4242_4242,
            6,
            5,
            4,
            3,
            2,
            1u64,
        ];
        assert_eq!(&bytes[8..], words.map(u64::to_le_bytes).as_flattened());
        let section = DmarVtdError::decode(&bytes).unwrap();
        assert_eq!(section.structure(), Some(&values()));
        let text = section.to_string();
        for line in [
            "oem id                  INTEL ",
            "  fault address           0x0000deadb0000000",
            "  source id               3b:1f.5",
            "  fault reason            no write permission (5)",
            "  pasid                   0x00023456",
            "  address type            translation request (1)",
            "  request type            read or AtomicOp (1)",
            "level_6 page table entry 0x0000000000000006".replace('_', " ").as_str(),
            "level_1 page table entry 0x0000000000000001".replace('_', " ").as_str(),
        ] {
            assert!(text.lines().any(|other| other == line), "{line}: {text}");
        }
    }

    #[test]
    fn codes_have_their_names_and_unknown_ones_are_kept() {
        let known = (0..=255).filter(|code| VtdFaultReason::new(*code).name().is_some());
        assert_eq!(
            known.collect::<std::vec::Vec<_>>(),
            [
                &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13][..],
                &[0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x30, 0x31, 0x32, 0x38, 0x39, 0x3a],
                &[0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x50, 0x51, 0x52],
                &[0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x70, 0x71, 0x72, 0x78, 0x79, 0x7a],
                &[0x80, 0x81, 0x82, 0x85, 0x86],
            ]
            .concat()
        );
        for (code, name) in [
            (0x01, "root entry not present"),
            (0x06, "no read permission"),
            (0x0d, "translation request blocked by the context entry"),
            (0x22, "interrupt entry not present"),
            (0x39, "scalable mode: root entry not present"),
            (0x59, "scalable mode: PASID table entry not present"),
            (0x86, "scalable mode: no read permission"),
            (0xff, "reserved (255)"),
        ] {
            assert_eq!(VtdFaultReason::new(code).to_string(), name);
        }
        let types: std::vec::Vec<_> = (0..4).map(|code| VtdAddressType::new(code).to_string()).collect();
        assert_eq!(
            types,
            ["untranslated request", "translation request", "translated request", "reserved (3)"]
        );
        assert_eq!(VtdRequestType::new(0).name(), Some("write"));
    }

    #[test]
    fn too_few_bytes_are_an_error_and_more_are_none() {
        for length in 0..144 {
            assert_eq!(
                DmarVtdError::decode(&[0xff; 144][..length]).unwrap_err(),
                Error::too_short("VT-d DMA remapping error", 144, length)
            );
        }
        assert!(DmarVtdError::decode(&[0xff; 145]).is_ok());
    }

    #[test]
    fn a_summary_says_why_and_which_device() {
        assert_eq!(
            Body::DmarVtd(values().view()).summary().to_string(),
            "no write permission, read or AtomicOp at 0xdeadb0000000, requester 3b:1f.5"
        );
    }
}
