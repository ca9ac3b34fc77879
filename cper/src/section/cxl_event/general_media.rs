//! CXL general media event (CXL 3.1 table 8-45; the fields behind the component identifier are new in 3.1).

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::component_id::component_id;
use super::{CxlComponentId, CxlPldmComponentId, U24, event_data};
use crate::fields::{Describe, Value, Visitor, valid_fields};
use crate::open_value::open_value;

/// An error in a device's media, whatever they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CxlGeneralMediaEvent {
    /// Where, as the device counts.
    pub physical_address: CxlMediaAddress,
    /// [`CxlMemoryEventDescriptor`].
    pub memory_event_descriptor: u8,
    /// Kind of error.
    pub memory_event_type: CxlGeneralMediaEventType,
    /// What the device was doing.
    pub transaction_type: CxlTransactionType,
    /// [`CxlGeneralMediaValidity`].
    pub validity_flags: U16,
    /// Channel.
    pub channel: u8,
    /// Rank.
    pub rank: u8,
    /// Devices of the rank, a bit each.
    pub device: U24,
    /// Component of the device.
    pub component_id: CxlComponentId,
    /// [`CxlErrorThresholdFlags`] of the corrected memory errors.
    pub cme_threshold_event_flags: u8,
    /// Corrected memory errors at the time of the event.
    pub cme_count: U24,
    /// Detail of the kind of error: a [`CxlDataPathSubType`] for [`CxlGeneralMediaEventType::DATA_PATH`].
    pub memory_event_sub_type: CxlDataPathSubType,
    /// 0.
    pub reserved: [u8; 41],
}

const _: () = {
    assert!(size_of::<CxlGeneralMediaEvent>() == 0x50);
    assert!(core::mem::offset_of!(CxlGeneralMediaEvent, validity_flags) == 0x3b - 0x30);
    assert!(core::mem::offset_of!(CxlGeneralMediaEvent, component_id) == 0x42 - 0x30);
    assert!(core::mem::offset_of!(CxlGeneralMediaEvent, memory_event_sub_type) == 0x56 - 0x30);
};

/// A device physical address: bits 63:6, with two flags in the lowest bits.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(transparent)]
pub struct CxlMediaAddress(pub U64);

impl CxlMediaAddress {
    /// The address of 64 bytes in persistent memory that could be repaired; lower bits are dropped.
    pub const fn new(address: u64) -> Self {
        Self(U64::new(address & !0x3f))
    }

    /// All 64 bits.
    pub const fn raw(self) -> u64 {
        self.0.get()
    }

    /// The address, in steps of 64 bytes.
    pub const fn address(self) -> u64 {
        self.raw() & !0x3f
    }

    /// Whether the memory there is volatile.
    pub const fn is_volatile(self) -> bool {
        self.raw() & 1 != 0
    }

    /// Whether the memory there cannot be repaired.
    pub const fn is_not_repairable(self) -> bool {
        self.raw() & 2 != 0
    }

    /// The same address in volatile memory.
    #[must_use]
    pub const fn volatile(self) -> Self {
        Self(U64::new(self.raw() | 1))
    }

    /// The same address, said not to be repairable.
    #[must_use]
    pub const fn not_repairable(self) -> Self {
        Self(U64::new(self.raw() | 2))
    }
}

impl Describe for CxlMediaAddress {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("physical_address", Value::hex(self.address()))?;
        out.field("volatile", self.is_volatile().into())?;
        out.field("not_repairable", self.is_not_repairable().into())
    }
}

bitflags! {
    /// What is to be known of a memory event besides its kind.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CxlMemoryEventDescriptor: u8 {
        /// The error could not be corrected.
        const UNCORRECTABLE = 1 << 0;
        /// A threshold was passed.
        const THRESHOLD = 1 << 1;
        /// The device's poison list overflowed.
        const POISON_LIST_OVERFLOW = 1 << 2;
        const _ = !0;
    }

    /// Which fields of a [`CxlGeneralMediaEvent`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CxlGeneralMediaValidity: u16 {
        /// [`CxlGeneralMediaEvent::channel`].
        const CHANNEL = 1 << 0;
        /// [`CxlGeneralMediaEvent::rank`].
        const RANK = 1 << 1;
        /// [`CxlGeneralMediaEvent::device`].
        const DEVICE = 1 << 2;
        /// [`CxlGeneralMediaEvent::component_id`].
        const COMPONENT_ID = 1 << 3;
        /// The component identifier is in PLDM format.
        const COMPONENT_ID_IS_PLDM = 1 << 4;
        const _ = !0;
    }

    /// Why the count of corrected errors is reported.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CxlErrorThresholdFlags: u8 {
        /// The errors were in several components of the media.
        const MULTIPLE_COMPONENTS = 1 << 0;
        /// A programmable threshold was exceeded.
        const EXCEEDED = 1 << 1;
        const _ = !0;
    }
}

open_value! {
    /// Kind of general media event.
    CxlGeneralMediaEventType: u8 {
        MEDIA_ECC = 0 => "media ECC error",
        INVALID_ADDRESS = 1 => "invalid address",
        DATA_PATH = 2 => "data path error",
        TE_STATE_VIOLATION = 3 => "TE state violation",
        SCRUB_MEDIA_ECC = 4 => "scrub media ECC error",
        CME_COUNTER_EXPIRATION = 5 => "advanced programmable CME counter expiration",
        CKID_VIOLATION = 6 => "CKID violation",
    }
}

open_value! {
    /// What the device was doing when a memory event happened.
    CxlTransactionType: u8 {
        UNKNOWN = 0 => "unknown",
        HOST_READ = 1 => "host read",
        HOST_WRITE = 2 => "host write",
        HOST_SCAN_MEDIA = 3 => "host scan media",
        HOST_INJECT_POISON = 4 => "host inject poison",
        INTERNAL_SCRUB = 5 => "internal media scrub",
        INTERNAL_MANAGEMENT = 6 => "internal media management",
        INTERNAL_ECS = 7 => "internal error check scrub",
        MEDIA_INITIALIZATION = 8 => "media initialization",
    }
}

open_value! {
    /// Where in the data path an error was.
    CxlDataPathSubType: u8 {
        NOT_REPORTED = 0 => "not reported",
        INTERNAL = 1 => "internal data path error",
        LINK_COMMAND_TRAINING = 2 => "media link command training error",
        LINK_CONTROL_TRAINING = 3 => "media link control training error",
        LINK_DATA_TRAINING = 4 => "media link data training error",
        LINK_CRC = 5 => "media link CRC error",
    }
}

impl CxlDataPathSubType {
    /// Tells the sub-type: by its name if the event is of the data path, else as the number it is.
    pub(super) fn describe(self, data_path: bool, out: &mut dyn Visitor) -> fmt::Result {
        let name = if data_path { self.into() } else { Value::number(self.raw()) };
        out.field("memory_event_sub_type", name)
    }
}

valid_fields! {
    CxlGeneralMediaEvent, validity_flags: u16 as CxlGeneralMediaValidity;
    /// Channel.
    channel / with_channel: u8 as number, CHANNEL;
    /// Rank.
    rank / with_rank: u8 as number, RANK;
    /// Devices of the rank, a bit each.
    device / with_device: U24 as hex, DEVICE;
}

component_id!(CxlGeneralMediaEvent, CxlGeneralMediaValidity);

impl CxlGeneralMediaEvent {
    /// An event of zeros: no optional field valid.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 0x50])
    }

    /// What is to be known besides the kind; unknown bits are kept.
    pub const fn memory_event_descriptor(&self) -> CxlMemoryEventDescriptor {
        CxlMemoryEventDescriptor::from_bits_retain(self.memory_event_descriptor)
    }

    /// Why the corrected memory errors are reported; unknown bits are kept.
    pub const fn cme_threshold_event_flags(&self) -> CxlErrorThresholdFlags {
        CxlErrorThresholdFlags::from_bits_retain(self.cme_threshold_event_flags)
    }
}

impl Describe for CxlGeneralMediaEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.physical_address.describe(out)?;
        out.field("memory_event_descriptor", Value::flags(self.memory_event_descriptor()))?;
        out.field("memory_event_type", self.memory_event_type.into())?;
        let data_path = self.memory_event_type == CxlGeneralMediaEventType::DATA_PATH;
        self.memory_event_sub_type.describe(data_path, out)?;
        out.field("transaction_type", self.transaction_type.into())?;
        self.describe_valid(out)?;
        self.describe_component(out)?;
        out.field("cme_threshold_event_flags", Value::flags(self.cme_threshold_event_flags()))?;
        out.field("cme_count", Value::number(self.cme_count))
    }
}

event_data!(CxlGeneralMediaEvent, CXL_GENERAL_MEDIA, "CXL general media event");

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::tests::{data_at, lines};
    use super::*;
    use crate::SectionTypeId;
    use std::vec::Vec;

    fn bytes() -> [u8; 80] {
        data_at(&[
            (0x30, &[0xc3, 0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc]),
            (0x38, &[0x87, 2, 3]),
            (0x3b, &[0x1f, 0x00]),
            (0x3d, &[4, 5, 0x11, 0x22, 0x33]),
            (0x42, &[3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            (0x52, &[0x43, 0x44, 0x55, 0x66, 5]),
        ])
    }

    #[test]
    fn every_field_is_where_the_specification_says() {
        let bytes = bytes();
        let event = CxlGeneralMediaEvent::ref_from_bytes(&bytes).unwrap();
        let address = event.physical_address;
        assert_eq!((address.raw(), address.address()), (0xdcba_9876_5432_10c3, 0xdcba_9876_5432_10c0));
        assert!(address.is_volatile() && address.is_not_repairable());
        assert_eq!(event.memory_event_descriptor().bits(), 0x87);
        assert_eq!(event.memory_event_type, CxlGeneralMediaEventType::DATA_PATH);
        assert_eq!(event.transaction_type, CxlTransactionType::HOST_SCAN_MEDIA);
        assert_eq!((event.channel(), event.rank()), (Some(4), Some(5)));
        assert_eq!(event.device(), Some(U24::new(0x33_2211)));
        assert_eq!(event.pldm_component_id().unwrap().entity_id(), Some(&[1, 2, 3, 4, 5, 6]));
        assert_eq!(event.cme_threshold_event_flags().bits(), 0x43);
        assert_eq!(event.cme_count.get(), 0x66_5544);
        assert_eq!(event.memory_event_sub_type, CxlDataPathSubType::LINK_CRC);
        assert_eq!(
            lines(SectionTypeId::CXL_GENERAL_MEDIA, bytes),
            [
                "physical address        0xdcba9876543210c0",
                "volatile                yes",
                "not repairable          yes",
                "memory event descriptor 0x87  uncorrectable, threshold, poison list overflow, reserved 0x80",
                "memory event type       data path error (2)",
                "memory event sub type   media link CRC error (5)",
                "transaction type        host scan media (3)",
                "channel                 4",
                "rank                    5",
                "device                  0x332211",
                "component id",
                "  entity id 6 bytes",
                "    0000  01 02 03 04 05 06                                ......",
                "  resource id 4 bytes",
                "    0000  07 08 09 0a                                      ....",
                "cme threshold event flags 0x43  multiple components, exceeded, reserved 0x40",
                "cme count               6706500",
            ]
        );
    }

    #[test]
    fn each_writer_sets_its_bytes_and_its_bit() {
        let event = CxlGeneralMediaEvent {
            physical_address: CxlMediaAddress::new(0xdcba_9876_5432_10ff).volatile().not_repairable(),
            memory_event_descriptor: 0x87,
            memory_event_type: CxlGeneralMediaEventType::DATA_PATH,
            transaction_type: CxlTransactionType::HOST_SCAN_MEDIA,
            cme_threshold_event_flags: 0x43,
            cme_count: U24::new(0x66_5544),
            memory_event_sub_type: CxlDataPathSubType::LINK_CRC,
            ..CxlGeneralMediaEvent::new()
        };
        let pldm =
            CxlPldmComponentId::new().with_entity_id([1, 2, 3, 4, 5, 6]).with_resource_id([7, 8, 9, 10]);
        let event = event.with_channel(4).with_rank(5).with_device(U24::new(0x33_2211));
        assert_eq!(event.with_pldm_component_id(pldm).as_bytes(), bytes());
        let empty = CxlGeneralMediaEvent::default();
        let bits = [
            empty.with_channel(0),
            empty.with_rank(0),
            empty.with_device(U24::default()),
            empty.with_component_id(CxlComponentId::default()),
        ]
        .map(|event| event.validity_flags.get());
        assert_eq!(bits, [1, 2, 4, 8]);
        assert_eq!((empty.channel(), empty.rank(), empty.device()), (None, None, None));
        assert!(!CxlMediaAddress::new(u64::MAX).is_volatile());
        assert!(!CxlMediaAddress::new(0).volatile().is_not_repairable());
        assert!(!CxlMediaAddress::new(0).not_repairable().is_volatile());
        let once = CxlMediaAddress::new(0).volatile().not_repairable();
        let twice = once.volatile().not_repairable();
        assert!(twice.is_volatile() && twice.is_not_repairable());
    }

    #[test]
    fn a_sub_type_is_named_for_the_data_path_alone() {
        let mut bytes = bytes();
        bytes[9] = 0;
        bytes[0x0b] = 8;
        let lines = lines(SectionTypeId::CXL_GENERAL_MEDIA, bytes);
        assert_eq!(lines[4..6], ["memory event type       media ECC error (0)", "memory event sub type   5"]);
        assert_eq!(lines[7], "component id 16 bytes");
    }

    #[test]
    fn names() {
        let kinds: Vec<_> =
            (0..8).map(|raw| CxlGeneralMediaEventType::new(raw).name().unwrap_or("-")).collect();
        assert_eq!(kinds[..3], ["media ECC error", "invalid address", "data path error"]);
        assert_eq!(kinds[3..5], ["TE state violation", "scrub media ECC error"]);
        assert_eq!(kinds[5..], ["advanced programmable CME counter expiration", "CKID violation", "-"]);
        let transactions: Vec<_> =
            (0..10).map(|raw| CxlTransactionType::new(raw).name().unwrap_or("-")).collect();
        assert_eq!(transactions[..4], ["unknown", "host read", "host write", "host scan media"]);
        assert_eq!(
            transactions[4..7],
            ["host inject poison", "internal media scrub", "internal media management"]
        );
        assert_eq!(transactions[7..], ["internal error check scrub", "media initialization", "-"]);
        let paths: Vec<_> = (0..7).map(|raw| CxlDataPathSubType::new(raw).name().unwrap_or("-")).collect();
        assert_eq!(paths[..2], ["not reported", "internal data path error"]);
        assert_eq!(paths[2], "media link command training error");
        assert_eq!(paths[3], "media link control training error");
        assert_eq!(paths[4..], ["media link data training error", "media link CRC error", "-"]);
    }
}
