//! Generic DMA remapping error (UEFI 2.11 Appendix N, "DMAr Generic Errors"; 32 bytes, no validity bits).

use core::fmt;

use zerocopy::little_endian::{U16, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{FixedSection, PciAddress, RequesterId, SectionType};
use crate::fields::{Describe, Value, Visitor, show_fields};
use crate::kind::{Decode, FixedView};
use crate::open_value::open_value;
use crate::{Error, Guid, SectionTypeId};

/// A fault of a DMA remapping unit, in the words all architectures share.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct DmarGenericError {
    /// The device whose request faulted.
    pub requester_id: RequesterId,
    /// Its segment.
    pub segment_number: U16,
    /// Why it faulted.
    pub fault_reason: DmarFaultReason,
    /// What it wanted.
    pub access_type: DmarAccessType,
    /// Whose address it is.
    pub address_type: DmarAddressType,
    /// Which architecture the unit is of.
    pub architecture_type: DmarArchitecture,
    /// The address the device asked for.
    pub device_address: U64,
    /// 0.
    pub reserved: [u8; 16],
}

const _: () = {
    assert!(size_of::<DmarGenericError>() == 32 && align_of::<DmarGenericError>() == 1);
    assert!(core::mem::offset_of!(DmarGenericError, fault_reason) == 4);
    assert!(core::mem::offset_of!(DmarGenericError, device_address) == 8);
};

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
    /// What a DMA request wanted. EDK2's header has the two values the other way round; these are the
    /// specification's.
    DmarAccessType: u8 {
        WRITE = 0 => "DMA write",
        READ = 1 => "DMA read",
    }
}

open_value! {
    /// Whose address a DMA request used.
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
    /// A section of zeros.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 32])
    }

    /// The device whose request faulted.
    pub const fn requester(&self) -> PciAddress {
        self.requester_id.in_segment(self.segment_number.get())
    }
}

impl SectionType for DmarGenericError {
    const TYPE: Guid = SectionTypeId::DMAR_GENERIC.0;
    const NAME: &'static str = "generic DMA remapping error";
}

impl FixedSection for DmarGenericError {}

impl Decode for DmarGenericError {
    type View<'a> = FixedView<'a, Self>;

    fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, Error> {
        FixedView::new(body)
    }
}

impl Describe for DmarGenericError {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("requester_id", Value::Message(&self.requester_id))?;
        out.field("segment_number", Value::hex(self.segment_number.get()))?;
        out.field("fault_reason", self.fault_reason.into())?;
        out.field("access_type", self.access_type.into())?;
        out.field("address_type", self.address_type.into())?;
        out.field("architecture_type", self.architecture_type.into())?;
        out.field("device_address", Value::hex(self.device_address.get()))
    }
}

show_fields!(DmarGenericError);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::Decode;
    use crate::section::checks::{assert_map, bit_map, every_flip_shows, written};
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// 128 zeros: Linux does not know the section, and its writer made it longer than it is.
    const CAPTURED: &[u8; 128] =
        include_bytes!("../../../examples/data/sections/dmar-generic.dmar_generic.sec");

    fn values() -> DmarGenericError {
        DmarGenericError {
            requester_id: RequesterId::new(0x3bfd),
            segment_number: U16::new(0x0102),
            fault_reason: DmarFaultReason::INVALID_ACCESS,
            access_type: DmarAccessType::READ,
            address_type: DmarAddressType::TRANSLATION,
            architecture_type: DmarArchitecture::IOMMU,
            device_address: U64::new(0x1112_1314_1516_1718),
            ..DmarGenericError::new()
        }
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map =
            bit_map(&[0; 32], 32..32, |bytes, told| told(DmarGenericError::ref_from_bytes(bytes).unwrap()));
        assert_map(
            &map,
            "0.0 requester_id ~*16 2.0 segment_number *16 4.0 fault_reason *8 5.0 access_type *8
             6.0 address_type *8 7.0 architecture_type *8 8.0 device_address *64 16.0 hidden ~*128",
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
        assert_eq!(*section, values());
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
        assert_eq!(*DmarGenericError::decode(CAPTURED).unwrap(), DmarGenericError::new());
    }

    #[test]
    fn a_flip_of_any_bit_shows() {
        every_flip_shows(SectionTypeId::DMAR_GENERIC, &written(&values()));
        every_flip_shows(SectionTypeId::DMAR_GENERIC, &CAPTURED[..32]);
    }
}
