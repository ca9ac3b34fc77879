//! CXL DRAM event (CXL 3.1 table 8-46; the fields behind the correction mask are new in 3.1).

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::component_id::component_id;
use super::{
    CxlComponentId, CxlDataPathSubType, CxlErrorThresholdFlags, CxlMediaAddress, CxlMemoryEventDescriptor,
    CxlPldmComponentId, CxlTransactionType, U24, event_data,
};
use crate::fields::{Describe, Value, Values, Visitor, valid_fields};
use crate::open_value::open_value;

/// An error in a device's DRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CxlDramEvent {
    /// Where, as the device counts.
    pub physical_address: CxlMediaAddress,
    /// [`CxlMemoryEventDescriptor`].
    pub memory_event_descriptor: u8,
    /// Kind of error; its numbers are not those of a general media event.
    pub memory_event_type: CxlDramEventType,
    /// What the device was doing.
    pub transaction_type: CxlTransactionType,
    /// [`CxlDramValidity`].
    pub validity_flags: U16,
    /// Channel.
    pub channel: u8,
    /// Rank.
    pub rank: u8,
    /// Nibbles of the data bus, a bit each.
    pub nibble_mask: U24,
    /// Bank group.
    pub bank_group: u8,
    /// Bank.
    pub bank: u8,
    /// Row.
    pub row: U24,
    /// Column.
    pub column: U16,
    /// Bits in error in each of four nibbles that the nibble mask names, 64 bits each.
    pub correction_mask: [U64; 4],
    /// Component of the device.
    pub component_id: CxlComponentId,
    /// Sub-channel.
    pub sub_channel: u8,
    /// [`CxlErrorThresholdFlags`] of the corrected volatile memory errors.
    pub cvme_threshold_event_flags: u8,
    /// Corrected volatile memory errors at the time of the event.
    pub cvme_count: U24,
    /// Detail of the kind of error: a [`CxlDataPathSubType`] for [`CxlDramEventType::DATA_PATH`].
    pub memory_event_sub_type: CxlDataPathSubType,
    /// 0.
    pub reserved: u8,
}

const _: () = {
    assert!(size_of::<CxlDramEvent>() == 0x50);
    assert!(core::mem::offset_of!(CxlDramEvent, validity_flags) == 0x3b - 0x30);
    assert!(core::mem::offset_of!(CxlDramEvent, row) == 0x44 - 0x30);
    assert!(core::mem::offset_of!(CxlDramEvent, component_id) == 0x69 - 0x30);
    assert!(core::mem::offset_of!(CxlDramEvent, memory_event_sub_type) == 0x7e - 0x30);
};

bitflags! {
    /// Which fields of a [`CxlDramEvent`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CxlDramValidity: u16 {
        /// [`CxlDramEvent::channel`].
        const CHANNEL = 1 << 0;
        /// [`CxlDramEvent::rank`].
        const RANK = 1 << 1;
        /// [`CxlDramEvent::nibble_mask`].
        const NIBBLE_MASK = 1 << 2;
        /// [`CxlDramEvent::bank_group`].
        const BANK_GROUP = 1 << 3;
        /// [`CxlDramEvent::bank`].
        const BANK = 1 << 4;
        /// [`CxlDramEvent::row`].
        const ROW = 1 << 5;
        /// [`CxlDramEvent::column`].
        const COLUMN = 1 << 6;
        /// [`CxlDramEvent::correction_mask`].
        const CORRECTION_MASK = 1 << 7;
        /// [`CxlDramEvent::component_id`].
        const COMPONENT_ID = 1 << 8;
        /// The component identifier is in PLDM format.
        const COMPONENT_ID_IS_PLDM = 1 << 9;
        /// [`CxlDramEvent::sub_channel`].
        const SUB_CHANNEL = 1 << 10;
        const _ = !0;
    }
}

open_value! {
    /// Kind of DRAM event.
    CxlDramEventType: u8 {
        MEDIA_ECC = 0 => "media ECC error",
        SCRUB_MEDIA_ECC = 1 => "scrub media ECC error",
        INVALID_ADDRESS = 2 => "invalid address",
        DATA_PATH = 3 => "data path error",
        TE_STATE_VIOLATION = 4 => "TE state violation",
        CVME_COUNTER_EXPIRATION = 5 => "advanced programmable CVME counter expiration",
        CKID_VIOLATION = 6 => "CKID violation",
    }
}

valid_fields! {
    CxlDramEvent, validity_flags: u16 as CxlDramValidity;
    /// Channel.
    channel / with_channel: u8 as number, CHANNEL;
    /// Rank.
    rank / with_rank: u8 as number, RANK;
    /// Nibbles of the data bus, a bit each.
    nibble_mask / with_nibble_mask: U24 as hex, NIBBLE_MASK;
    /// Bank group.
    bank_group / with_bank_group: u8 as number, BANK_GROUP;
    /// Bank.
    bank / with_bank: u8 as number, BANK;
    /// Row.
    row / with_row: U24 as number, ROW;
    /// Column.
    column / with_column: u16 as number, COLUMN;
    /// Sub-channel.
    sub_channel / with_sub_channel: u8 as number, SUB_CHANNEL;
}

component_id!(CxlDramEvent, CxlDramValidity);

impl CxlDramEvent {
    /// An event of zeros: no optional field valid.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 0x50])
    }

    /// What is to be known besides the kind; unknown bits are kept.
    pub const fn memory_event_descriptor(&self) -> CxlMemoryEventDescriptor {
        CxlMemoryEventDescriptor::from_bits_retain(self.memory_event_descriptor)
    }

    /// Why the corrected volatile memory errors are reported; unknown bits are kept.
    pub const fn cvme_threshold_event_flags(&self) -> CxlErrorThresholdFlags {
        CxlErrorThresholdFlags::from_bits_retain(self.cvme_threshold_event_flags)
    }

    /// Bits in error in each of four nibbles that the nibble mask names.
    ///
    /// `None` when its validity bit is clear.
    pub fn correction_mask(&self) -> Option<[u64; 4]> {
        let valid = self.validation().contains(CxlDramValidity::CORRECTION_MASK);
        valid.then(|| self.correction_mask.map(U64::get))
    }

    /// Sets the bits in error and their validity bit.
    #[must_use]
    pub fn with_correction_mask(mut self, mask: [u64; 4]) -> Self {
        self.validity_flags = U16::new(self.validation().union(CxlDramValidity::CORRECTION_MASK).bits());
        self.correction_mask = mask.map(U64::new);
        self
    }
}

impl Describe for CxlDramEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.physical_address.describe(out)?;
        out.field("memory_event_descriptor", Value::flags(self.memory_event_descriptor()))?;
        out.field("memory_event_type", self.memory_event_type.into())?;
        let data_path = self.memory_event_type == CxlDramEventType::DATA_PATH;
        self.memory_event_sub_type.describe(data_path, out)?;
        out.field("transaction_type", self.transaction_type.into())?;
        self.describe_valid(out)?;
        if let Some(mask) = self.correction_mask() {
            out.field("correction_mask", Value::List(&Values(mask.into_iter().map(Value::hex))))?;
        }
        self.describe_component(out)?;
        out.field("cvme_threshold_event_flags", Value::flags(self.cvme_threshold_event_flags()))?;
        out.field("cvme_count", Value::number(self.cvme_count))
    }
}

event_data!(CxlDramEvent, CXL_DRAM, "CXL DRAM event");

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::tests::{data_at, lines};
    use super::*;
    use crate::SectionTypeId;
    use std::vec::Vec;

    fn bytes() -> [u8; 80] {
        data_at(&[
            (0x30, &[0x41, 0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc]),
            (0x38, &[0x01, 3, 2]),
            (0x3b, &[0xff, 0x05]),
            (0x3d, &[4, 5, 0x11, 0x22, 0x33]),
            (0x42, &[6, 7, 0x44, 0x55, 0x66, 0x77, 0x08]),
            (0x49, &[1, 0, 0, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 0, 0, 0x20]),
            (0x59, &[3, 0, 0, 0, 0, 0, 0, 0x30, 4, 0, 0, 0, 0, 0, 0, 0x40]),
            (0x69, b"component ident."),
            (0x79, &[9, 0x02, 0x88, 0x99, 0xaa, 2]),
        ])
    }

    #[test]
    fn every_field_is_where_the_specification_says() {
        let bytes = bytes();
        let event = CxlDramEvent::ref_from_bytes(&bytes).unwrap();
        assert_eq!(event.physical_address.address(), 0xdcba_9876_5432_1040);
        assert_eq!(event.memory_event_descriptor(), CxlMemoryEventDescriptor::UNCORRECTABLE);
        assert_eq!(event.memory_event_type, CxlDramEventType::DATA_PATH);
        assert_eq!(event.transaction_type, CxlTransactionType::HOST_WRITE);
        assert_eq!((event.channel(), event.rank()), (Some(4), Some(5)));
        assert_eq!(event.nibble_mask(), Some(U24::new(0x33_2211)));
        assert_eq!((event.bank_group(), event.bank()), (Some(6), Some(7)));
        assert_eq!((event.row(), event.column()), (Some(U24::new(0x66_5544)), Some(0x877)));
        let mask =
            [0x1000_0000_0000_0001, 0x2000_0000_0000_0002, 0x3000_0000_0000_0003, 0x4000_0000_0000_0004];
        assert_eq!(event.correction_mask(), Some(mask));
        assert_eq!(event.component_id(), Some(&CxlComponentId(*b"component ident.")));
        assert_eq!(event.sub_channel(), Some(9));
        assert_eq!(event.cvme_threshold_event_flags(), CxlErrorThresholdFlags::EXCEEDED);
        assert_eq!(event.cvme_count.get(), 0xaa_9988);
        assert_eq!(event.memory_event_sub_type, CxlDataPathSubType::LINK_COMMAND_TRAINING);
        assert_eq!(
            lines(SectionTypeId::CXL_DRAM, bytes),
            [
                "physical address        0xdcba987654321040",
                "volatile                yes",
                "not repairable          no",
                "memory event descriptor 0x1  uncorrectable",
                "memory event type       data path error (3)",
                "memory event sub type   media link command training error (2)",
                "transaction type        host write (2)",
                "channel                 4",
                "rank                    5",
                "nibble mask             0x332211",
                "bank group              6",
                "bank                    7",
                "row                     6706500",
                "column                  2167",
                "sub channel             9",
                "correction mask",
                "  [0] 0x1000000000000001",
                "  [1] 0x2000000000000002",
                "  [2] 0x3000000000000003",
                "  [3] 0x4000000000000004",
                "component id 16 bytes",
                "  0000  63 6f 6d 70 6f 6e 65 6e 74 20 69 64 65 6e 74 2e  component ident.",
                "cvme threshold event flags 0x2  exceeded",
                "cvme count              11180424",
            ]
        );
        let mut ecc = bytes;
        ecc[9] = 0;
        assert_eq!(lines(SectionTypeId::CXL_DRAM, ecc)[5], "memory event sub type   2");
        let event = CxlDramEvent { validity_flags: U16::new(0x300), ..*event };
        assert!(event.pldm_component_id().is_some());
    }

    #[test]
    fn each_writer_sets_its_bytes_and_its_bit() {
        let event = CxlDramEvent {
            physical_address: CxlMediaAddress::new(0xdcba_9876_5432_1040).volatile(),
            memory_event_descriptor: 1,
            memory_event_type: CxlDramEventType::DATA_PATH,
            transaction_type: CxlTransactionType::HOST_WRITE,
            cvme_threshold_event_flags: 2,
            cvme_count: U24::new(0xaa_9988),
            memory_event_sub_type: CxlDataPathSubType::LINK_COMMAND_TRAINING,
            ..CxlDramEvent::new()
        }
        .with_channel(4)
        .with_rank(5)
        .with_nibble_mask(U24::new(0x33_2211))
        .with_bank_group(6)
        .with_bank(7)
        .with_row(U24::new(0x66_5544))
        .with_column(0x877)
        .with_correction_mask([
            0x1000_0000_0000_0001,
            0x2000_0000_0000_0002,
            0x3000_0000_0000_0003,
            0x4000_0000_0000_0004,
        ])
        .with_component_id(CxlComponentId(*b"component ident."))
        .with_sub_channel(9);
        assert_eq!(event.as_bytes(), bytes());
        let empty = CxlDramEvent::default();
        let bits = [
            empty.with_channel(0),
            empty.with_rank(0),
            empty.with_nibble_mask(U24::default()),
            empty.with_bank_group(0),
            empty.with_bank(0),
            empty.with_row(U24::default()),
            empty.with_column(0),
            empty.with_correction_mask([0; 4]),
            empty.with_component_id(CxlComponentId::default()),
            empty.with_pldm_component_id(CxlPldmComponentId::new()),
            empty.with_sub_channel(0),
        ]
        .map(|event| event.validity_flags.get());
        assert_eq!(bits, [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x300, 0x400]);
        assert_eq!((empty.correction_mask(), empty.row(), empty.sub_channel()), (None, None, None));
    }

    #[test]
    fn names_are_not_those_of_general_media() {
        let kinds: Vec<_> = (0..8).map(|raw| CxlDramEventType::new(raw).name().unwrap_or("-")).collect();
        assert_eq!(kinds[..3], ["media ECC error", "scrub media ECC error", "invalid address"]);
        assert_eq!(kinds[3..5], ["data path error", "TE state violation"]);
        assert_eq!(kinds[5..], ["advanced programmable CVME counter expiration", "CKID violation", "-"]);
    }
}
