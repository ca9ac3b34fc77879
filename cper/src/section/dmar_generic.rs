//! Generic DMA remapping error (UEFI 2.11 Appendix N, "DMAr Generic Errors"; 32 bytes, no validity bits).

use core::fmt;

use super::pci_address::{PciAddress, RequesterId};
use crate::fields::{Describe, Visitor, describe_rest};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// A fault of a DMA remapping unit, in the form that all architectures share.
    DmarGenericError: 32 bytes, new;
    view DmarGenericErrorView from 32 as DMAR_GENERIC "generic DMA remapping error";
    /// Requester id of the device whose request faulted.
    0 requester_id: (u16 RequesterId) as message => set_requester_id with_requester_id;
    /// PCI segment of the device.
    2 segment_number: u16 as hex => set_segment_number with_segment_number;
    /// Why the request faulted.
    4 fault_reason: (u8 DmarFaultReason) as named => set_fault_reason with_fault_reason;
    /// Kind of access that was requested.
    5 access_type: (u8 DmarAccessType) as named => set_access_type with_access_type;
    /// Kind of address that the request used.
    6 address_type: (u8 DmarAddressType) as named => set_address_type with_address_type;
    /// Architecture of the unit.
    7 architecture_type: (u8 DmarArchitecture) as named => set_architecture_type with_architecture_type;
    /// Address of the request.
    8 device_address: u64 as hex => set_device_address with_device_address;
    16 reserved: [u8; 16];
}

open_value! {
    /// Why a DMA request faulted.
    DmarFaultReason: u8 {
        DOMAIN_ENTRY_NOT_PRESENT = 1 => "domain mapping table entry not present",
        DOMAIN_ENTRY_INVALID = 2 => "invalid domain mapping table entry",
        DOMAIN_TABLE_ACCESS = 3 => "error in access to the domain mapping table",
        DOMAIN_ENTRY_RESERVED_BIT = 4 => "reserved bit set in the domain mapping table",
        ADDRESS_BEYOND_WIDTH = 5 => "address beyond the device address width",
        INVALID_ACCESS = 6 => "invalid read or write access",
        INVALID_DEVICE_REQUEST = 7 => "invalid device request",
        TRANSLATION_TABLE_ACCESS = 8 => "error in access to the address translation table",
        TRANSLATION_ENTRY_RESERVED_BIT = 9 => "reserved bit set in the address translation table",
        ILLEGAL_COMMAND = 10 => "illegal command",
        COMMAND_BUFFER_ACCESS = 11 => "error in access to the command buffer",
    }
}

open_value! {
    /// Kind of access of a DMA request. EDK2's header has the two values the other way round; these are the
    /// specification's.
    DmarAccessType: u8 {
        WRITE = 0 => "DMA write",
        READ = 1 => "DMA read",
    }
}

open_value! {
    /// Kind of address of a DMA request.
    DmarAddressType: u8 {
        UNTRANSLATED = 0 => "untranslated request",
        TRANSLATION = 1 => "translation request",
    }
}

open_value! {
    /// The architecture of a DMA remapping unit.
    DmarArchitecture: u8 {
        VTD = 1 => "VT-d",
        IOMMU = 2 => "IOMMU",
    }
}

impl DmarGenericError {
    /// Address of the device whose request faulted.
    #[inline]
    pub const fn requester(&self) -> PciAddress {
        self.requester_id().in_segment(self.segment_number())
    }
}

impl DmarGenericErrorView<'_> {
    /// Address of the device whose request faulted.
    pub fn requester(&self) -> PciAddress {
        self.requester_id().in_segment(self.segment_number())
    }

    /// Why the request faulted, and who made it.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        let (reason, access, requester) = (self.fault_reason(), self.access_type(), self.requester());
        write!(f, "{reason}, {access} at {:#x}, requester {requester}", self.device_address())
    }
}

impl Describe for DmarGenericErrorView<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        describe_rest("trailing", self.trailing(), out)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Error;
    use crate::kind::Decode;
    use crate::section::Body;
    use crate::section::checks::{assert_map, bit_map, written};
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// 128 zeros: Linux does not know the section, and its writer made it longer than it is.
    const CAPTURED: &[u8; 128] = include_bytes!("../../data/dmar-generic.dmar_generic.sec");

    fn values() -> DmarGenericError {
        DmarGenericError::new()
            .with_requester_id(RequesterId::new(0x3bfd))
            .with_segment_number(0x0102)
            .with_fault_reason(DmarFaultReason::INVALID_ACCESS)
            .with_access_type(DmarAccessType::READ)
            .with_address_type(DmarAddressType::TRANSLATION)
            .with_architecture_type(DmarArchitecture::IOMMU)
            .with_device_address(0x1112_1314_1516_1718)
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map = bit_map(&[0; 34], 34..34, |bytes, told| told(&DmarGenericError::decode(bytes).unwrap()));
        assert_map(
            &map,
            "0.0 requester_id ~*16 2.0 segment_number *16 4.0 fault_reason *8 5.0 access_type *8
             6.0 address_type *8 7.0 architecture_type *8 8.0 device_address *64 16.0 hidden ~*128
             32.0 trailing ~*16",
        );
    }

    #[test]
    fn values_are_written_and_told() {
        let bytes = written(&values());
        assert_eq!(
            bytes[..16],
            [0xfd, 0x3b, 2, 1, 6, 1, 1, 2, 0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11]
        );
        assert_eq!(bytes[16..], [0; 16]);
        let section = DmarGenericError::decode(&bytes).unwrap();
        assert_eq!(section.structure(), Some(&values()));
        assert_eq!(section.requester().to_string(), "0102:3b:1f.5");
        assert_eq!(
            section.to_string(),
            "requester id            3b:1f.5\n\
             segment number          0x0102\n\
             fault reason            invalid read or write access (6)\n\
             access type             DMA read (1)\n\
             address type            translation request (1)\n\
             architecture type       IOMMU (2)\n\
             device address          0x1112131415161718\n"
        );
    }

    #[test]
    fn codes_are_the_specifications_and_unknown_ones_are_kept() {
        fn names<T: ToString>(codes: core::ops::Range<u8>, new: fn(u8) -> T) -> String {
            codes.map(|code| new(code).to_string()).collect::<Vec<_>>().join(", ")
        }
        assert_eq!(
            names(0..13, DmarFaultReason::new),
            "reserved (0), domain mapping table entry not present, invalid domain mapping table entry, \
             error in access to the domain mapping table, reserved bit set in the domain mapping table, \
             address beyond the device address width, invalid read or write access, invalid device request, \
             error in access to the address translation table, reserved bit set in the address translation table, \
             illegal command, error in access to the command buffer, reserved (12)"
        );
        assert_eq!(names(0..3, DmarAccessType::new), "DMA write, DMA read, reserved (2)");
        assert_eq!(
            names(0..3, DmarAddressType::new),
            "untranslated request, translation request, reserved (2)"
        );
        assert_eq!(names(0..4, DmarArchitecture::new), "reserved (0), VT-d, IOMMU, reserved (3)");
    }

    #[test]
    fn too_few_bytes_are_an_error_and_more_are_none() {
        for length in 0..32 {
            assert_eq!(
                DmarGenericError::decode(&CAPTURED[..length]).unwrap_err(),
                Error::too_short("generic DMA remapping error", 32, length)
            );
        }
        let section = DmarGenericError::decode(CAPTURED).unwrap();
        assert_eq!(section.structure(), Some(&DmarGenericError::new()));
        assert_eq!(section.trailing(), &CAPTURED[32..]);
    }

    #[test]
    fn a_summary_says_why_and_which_device() {
        assert_eq!(
            Body::DmarGeneric(values().view()).summary().to_string(),
            "invalid read or write access, DMA read at 0x1112131415161718, requester 0102:3b:1f.5"
        );
    }
}
