//! CXL general media event (CXL 3.1 table 8-45; the fields after the component identifier are new in 3.1).

use core::fmt;

use super::component_id::component_id;
use super::{CxlComponentId, CxlPldmComponentId, U24, event_data};
use crate::fields::{Describe, Stored, Value, Visitor, shows};
use crate::open_value::open_value;
use crate::section::register::bits;
use crate::structure::structure;

structure! {
    /// An error in the media of a CXL device, of whatever kind the media are.
    CxlGeneralMediaEvent: 80 bytes, new;
    valid CxlGeneralMediaValidation: u16 in validity_flags {
        /// [`CxlGeneralMediaEvent::component_id`] holds a value.
        COMPONENT_ID = 3;
        /// The component identifier is in PLDM format.
        COMPONENT_ID_IS_PLDM = 4;
    };
    /// Device physical address (DPA) of the error.
    0 physical_address: (u64 CxlMediaAddress) => set_physical_address with_physical_address;
    /// Descriptor of the event: whether the error is uncorrectable, and what else it came with; unknown bits are kept.
    8 memory_event_descriptor: (u8 CxlMemoryEventDescriptor)
        => set_memory_event_descriptor with_memory_event_descriptor;
    /// Kind of error.
    9 memory_event_type: (u8 CxlGeneralMediaEventType) => set_memory_event_type with_memory_event_type;
    /// Transaction during which the error happened.
    10 transaction_type: (u8 CxlTransactionType) => set_transaction_type with_transaction_type;
    11 validity_flags: u16;
    /// Channel of the error.
    13 channel: u8 as number, channel_raw set_channel with_channel, CHANNEL = 0;
    /// Rank of the error.
    14 rank: u8 as number, rank_raw set_rank with_rank, RANK = 1;
    /// Devices of the rank that the error is in, one bit for each.
    15 device: U24 as hex, device_raw set_device with_device, DEVICE = 2;
    /// Component that the event is of, 16 bytes.
    18 component_id: CxlComponentId raw component_id_raw;
    /// Why the corrected memory errors are reported; unknown bits are kept.
    34 cme_threshold_event_flags: (u8 CxlErrorThresholdFlags)
        => set_cme_threshold_event_flags with_cme_threshold_event_flags;
    /// Count of corrected memory errors at the time of the event.
    35 cme_count: U24 => set_cme_count with_cme_count;
    /// Sub-type of the error: a [`CxlDataPathSubType`] for [`CxlGeneralMediaEventType::DATA_PATH`].
    38 memory_event_sub_type: (u8 CxlDataPathSubType) => set_memory_event_sub_type with_memory_event_sub_type;
    39 reserved: [u8; 41];
}

bits! {
    /// A device physical address (DPA): bits 63:6, with two flags in the lowest bits.
    CxlMediaAddress: u64
}

impl CxlMediaAddress {
    /// The address of 64 bytes in persistent memory that can be repaired; bits 5:0 are dropped.
    pub const fn at(address: u64) -> Self {
        Self::new(address & !0x3f)
    }

    /// The address in bytes, a multiple of 64.
    #[inline]
    pub const fn address(self) -> u64 {
        self.raw() & !0x3f
    }

    /// Whether the memory at the address is volatile.
    #[inline]
    pub const fn is_volatile(self) -> bool {
        self.raw() & 1 != 0
    }

    /// Whether the memory at the address cannot be repaired.
    #[inline]
    pub const fn is_not_repairable(self) -> bool {
        self.raw() & 2 != 0
    }

    /// Tells where the address is stored. Bits 5:2, of the first byte, are shown nowhere.
    pub(super) fn tell(self, stored: &[u8], out: &mut dyn Visitor) {
        let shown = if self.raw() & 0x3c == 0 { Some(stored) } else { stored.get(1..) };
        out.stored("physical_address", shown.unwrap_or_default(), Stored::Shown);
    }

    /// The same address in volatile memory.
    #[must_use]
    #[inline]
    pub const fn volatile(self) -> Self {
        Self::new(self.raw() | 1)
    }

    /// The same address, said not to be repairable.
    #[must_use]
    #[inline]
    pub const fn not_repairable(self) -> Self {
        Self::new(self.raw() | 2)
    }
}

impl Describe for CxlMediaAddress {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("physical_address", Value::hex(self.address()))?;
        out.field("volatile", self.is_volatile().into())?;
        out.field("not_repairable", self.is_not_repairable().into())
    }
}

crate::open_value::flag_set! {
    /// Descriptor of a memory event.
    pub struct CxlMemoryEventDescriptor: u8 {
        /// The error could not be corrected.
        const UNCORRECTABLE = 1 << 0;
        /// The event was raised because a threshold was passed.
        const THRESHOLD = 1 << 1;
        /// The device's poison list overflowed.
        const POISON_LIST_OVERFLOW = 1 << 2;
        const _ = !0;
    }

    /// Why the count of corrected errors is reported.
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
    /// Transaction during which a memory event happened.
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
    /// Sub-type of an error of the data path.
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
        let name = if data_path { self.name() } else { Some("undefined for this event type") };
        out.field("memory_event_sub_type", Value::Code { value: self.raw().into(), name })
    }
}

component_id!(CxlGeneralMediaEvent, CxlGeneralMediaValidation);

impl Describe for CxlGeneralMediaEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.physical_address().describe(out)?;
        out.field("memory_event_descriptor", Value::flags(self.memory_event_descriptor()))?;
        out.field("memory_event_type", self.memory_event_type().into())?;
        let data_path = self.memory_event_type() == CxlGeneralMediaEventType::DATA_PATH;
        self.memory_event_sub_type().describe(data_path, out)?;
        out.field("transaction_type", self.transaction_type().into())?;
        self.describe_fields(out)?;
        self.physical_address().tell(Self::AT.physical_address.of(&self.0), out);
        shows!(out, self, memory_event_descriptor, memory_event_type);
        shows!(out, self, memory_event_sub_type, transaction_type);
        shows!(out, self, cme_threshold_event_flags, cme_count);
        self.describe_component(out)?;
        out.field("cme_threshold_event_flags", Value::flags(self.cme_threshold_event_flags()))?;
        out.field("cme_count", Value::number(self.cme_count()))
    }
}

event_data!(CxlGeneralMediaEvent, CXL_GENERAL_MEDIA, "CXL general media event");

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::tests::{data_at, lines};
    use super::*;
    use crate::SectionTypeId;
    use crate::section::checks::{assert_map, bit_map};
    use std::vec::Vec;
    use zerocopy::{FromBytes, IntoBytes};

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
        let address = event.physical_address();
        assert_eq!((address.raw(), address.address()), (0xdcba_9876_5432_10c3, 0xdcba_9876_5432_10c0));
        assert!(address.is_volatile() && address.is_not_repairable());
        assert_eq!(event.memory_event_descriptor().bits(), 0x87);
        assert_eq!(event.memory_event_type(), CxlGeneralMediaEventType::DATA_PATH);
        assert_eq!(event.transaction_type(), CxlTransactionType::HOST_SCAN_MEDIA);
        assert_eq!((event.channel(), event.rank()), (Some(4), Some(5)));
        assert_eq!(event.device(), Some(U24::new(0x33_2211)));
        assert_eq!(event.pldm_component_id().unwrap().entity_id(), Some([1, 2, 3, 4, 5, 6]));
        assert_eq!(event.cme_threshold_event_flags().bits(), 0x43);
        assert_eq!(event.cme_count().raw(), 0x66_5544);
        assert_eq!(event.memory_event_sub_type(), CxlDataPathSubType::LINK_CRC);
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
                "pldm component id",
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
    fn every_bit_is_where_the_specification_has_it() {
        let mut bytes = [0; 80];
        bytes[0x0b] = 0x0f;
        let map =
            bit_map(&bytes, 11..13, |bytes, told| told(CxlGeneralMediaEvent::ref_from_bytes(bytes).unwrap()));
        assert_map(
            &map,
            "0.0 volatile ~*1 0.1 not_repairable ~*1 0.2 hidden ~*4 0.6 physical_address @6*58
             8.0 memory_event_descriptor UNCORRECTABLE THRESHOLD POISON_LIST_OVERFLOW -*5
             9.0 memory_event_type *8 10.0 transaction_type *8
             13.0 channel *8 14.0 rank *8 15.0 device *24 18.0 component_id ~*128
             34.0 cme_threshold_event_flags MULTIPLE_COMPONENTS EXCEEDED -*6
             35.0 cme_count *24 38.0 memory_event_sub_type *8 39.0 hidden ~*328",
        );
        assert_eq!(CxlMediaAddress::new(0x43).raw(), 0x43);
    }

    #[test]
    fn each_writer_sets_its_bytes_and_its_bit() {
        let event = CxlGeneralMediaEvent::new()
            .with_physical_address(CxlMediaAddress::at(0xdcba_9876_5432_10ff).volatile().not_repairable())
            .with_memory_event_descriptor(CxlMemoryEventDescriptor::from_bits_retain(0x87))
            .with_memory_event_type(CxlGeneralMediaEventType::DATA_PATH)
            .with_transaction_type(CxlTransactionType::HOST_SCAN_MEDIA)
            .with_cme_threshold_event_flags(CxlErrorThresholdFlags::from_bits_retain(0x43))
            .with_cme_count(U24::new(0x66_5544))
            .with_memory_event_sub_type(CxlDataPathSubType::LINK_CRC);
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
        .map(|event| event.validation().bits());
        assert_eq!(bits, [1, 2, 4, 8]);
        assert_eq!((empty.channel(), empty.rank(), empty.device()), (None, None, None));
        assert!(!CxlMediaAddress::at(u64::MAX).is_volatile());
        assert!(!CxlMediaAddress::at(0).volatile().is_not_repairable());
        assert!(!CxlMediaAddress::at(0).not_repairable().is_volatile());
        let once = CxlMediaAddress::at(0).volatile().not_repairable();
        let twice = once.volatile().not_repairable();
        assert!(twice.is_volatile() && twice.is_not_repairable());
    }

    #[test]
    fn a_sub_type_is_named_for_the_data_path_alone() {
        let mut bytes = bytes();
        bytes[9] = 0;
        bytes[0x0b] = 8;
        let lines = lines(SectionTypeId::CXL_GENERAL_MEDIA, bytes);
        assert_eq!(
            lines[4..6],
            [
                "memory event type       media ECC error (0)",
                "memory event sub type   undefined for this event type (5)"
            ]
        );
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
