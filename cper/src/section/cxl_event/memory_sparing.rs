//! CXL memory sparing event (CXL 3.1 section 8.2.9.2.1, new there).

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::component_id::component_id;
use super::{CxlComponentId, CxlPldmComponentId, U24, event_data};
use crate::fields::{Describe, Value, Visitor, valid_fields};
use crate::open_value::open_value;

/// The outcome of a memory sparing operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CxlMemorySparingEvent {
    /// Class of the maintenance operation.
    pub maintenance_operation_class: u8,
    /// Subclass of the maintenance operation.
    pub maintenance_operation_subclass: u8,
    /// [`CxlMemorySparingFlags`].
    pub flags: u8,
    /// How it ended.
    pub result: CxlMemorySparingResult,
    /// [`CxlMemorySparingValidity`].
    pub validity_flags: U16,
    /// 0.
    pub reserved: [u8; 6],
    /// Spare resources that are left.
    pub resources_available: U16,
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
    /// Component of the device.
    pub component_id: CxlComponentId,
    /// Sub-channel.
    pub sub_channel: u8,
    /// 0.
    pub reserved_2: [u8; 37],
}

const _: () = {
    assert!(size_of::<CxlMemorySparingEvent>() == 0x50);
    assert!(core::mem::offset_of!(CxlMemorySparingEvent, resources_available) == 0x3c - 0x30);
    assert!(core::mem::offset_of!(CxlMemorySparingEvent, row) == 0x45 - 0x30);
    assert!(core::mem::offset_of!(CxlMemorySparingEvent, sub_channel) == 0x5a - 0x30);
};

bitflags! {
    /// What kind of operation it was.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CxlMemorySparingFlags: u8 {
        /// The resources were only asked for.
        const QUERY_RESOURCES = 1 << 0;
        /// The sparing is hard: it outlives a reset.
        const HARD_SPARING = 1 << 1;
        /// The device began it on its own.
        const DEVICE_INITIATED = 1 << 2;
        const _ = !0;
    }

    /// Which fields of a [`CxlMemorySparingEvent`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CxlMemorySparingValidity: u16 {
        /// [`CxlMemorySparingEvent::channel`].
        const CHANNEL = 1 << 0;
        /// [`CxlMemorySparingEvent::rank`].
        const RANK = 1 << 1;
        /// [`CxlMemorySparingEvent::nibble_mask`].
        const NIBBLE_MASK = 1 << 2;
        /// [`CxlMemorySparingEvent::bank_group`].
        const BANK_GROUP = 1 << 3;
        /// [`CxlMemorySparingEvent::bank`].
        const BANK = 1 << 4;
        /// [`CxlMemorySparingEvent::row`].
        const ROW = 1 << 5;
        /// [`CxlMemorySparingEvent::column`].
        const COLUMN = 1 << 6;
        /// [`CxlMemorySparingEvent::component_id`].
        const COMPONENT_ID = 1 << 7;
        /// The component identifier is in PLDM format.
        const COMPONENT_ID_IS_PLDM = 1 << 8;
        /// [`CxlMemorySparingEvent::sub_channel`].
        const SUB_CHANNEL = 1 << 9;
        const _ = !0;
    }
}

open_value! {
    /// How a sparing operation ended.
    CxlMemorySparingResult: u8 {
        SUCCESS = 0 => "success",
        EXHAUSTED = 1 => "resources exhausted",
        FAILED = 0xff => "failed",
    }
}

valid_fields! {
    CxlMemorySparingEvent, validity_flags: u16 as CxlMemorySparingValidity;
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

component_id!(CxlMemorySparingEvent, CxlMemorySparingValidity);

impl CxlMemorySparingEvent {
    /// An event of zeros: no optional field valid.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 0x50])
    }

    /// What kind of operation it was; unknown bits are kept.
    pub const fn flags(&self) -> CxlMemorySparingFlags {
        CxlMemorySparingFlags::from_bits_retain(self.flags)
    }
}

impl Describe for CxlMemorySparingEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("maintenance_operation_class", Value::number(self.maintenance_operation_class))?;
        out.field("maintenance_operation_subclass", Value::number(self.maintenance_operation_subclass))?;
        out.field("sparing_flags", Value::flags(self.flags()))?;
        out.field("result", self.result.into())?;
        out.field("resources_available", Value::number(self.resources_available.get()))?;
        self.describe_valid(out)?;
        self.describe_component(out)
    }
}

event_data!(CxlMemorySparingEvent, CXL_MEMORY_SPARING, "CXL memory sparing event");

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::tests::{data_at, lines};
    use super::*;
    use crate::SectionTypeId;

    fn bytes() -> [u8; 80] {
        data_at(&[
            (0x30, &[2, 3, 0x0f, 0xff, 0xff, 0x02]),
            (0x3c, &[0x34, 0x12, 4, 5, 0x11, 0x22, 0x33]),
            (0x43, &[6, 7, 0x44, 0x55, 0x66, 0x77, 0x08]),
            (0x4a, b"component ident."),
            (0x5a, &[9]),
        ])
    }

    #[test]
    fn every_field_is_where_the_specification_says() {
        let bytes = bytes();
        let event = CxlMemorySparingEvent::ref_from_bytes(&bytes).unwrap();
        assert_eq!((event.maintenance_operation_class, event.maintenance_operation_subclass), (2, 3));
        assert_eq!(event.flags().bits(), 0x0f);
        assert_eq!((event.result, event.resources_available.get()), (CxlMemorySparingResult::FAILED, 0x1234));
        assert_eq!((event.channel(), event.rank()), (Some(4), Some(5)));
        assert_eq!(event.nibble_mask(), Some(U24::new(0x33_2211)));
        assert_eq!((event.bank_group(), event.bank()), (Some(6), Some(7)));
        assert_eq!((event.row(), event.column()), (Some(U24::new(0x66_5544)), Some(0x877)));
        assert_eq!(event.component_id(), Some(&CxlComponentId(*b"component ident.")));
        assert_eq!(event.sub_channel(), Some(9));
        assert_eq!(
            lines(SectionTypeId::CXL_MEMORY_SPARING, bytes),
            [
                "maintenance operation class 2",
                "maintenance operation subclass 3",
                "sparing flags           0xf  query resources, hard sparing, device initiated, reserved 0x8",
                "result                  failed (255)",
                "resources available     4660",
                "channel                 4",
                "rank                    5",
                "nibble mask             0x332211",
                "bank group              6",
                "bank                    7",
                "row                     6706500",
                "column                  2167",
                "sub channel             9",
                "component id 16 bytes",
                "  0000  63 6f 6d 70 6f 6e 65 6e 74 20 69 64 65 6e 74 2e  component ident.",
            ]
        );
    }

    #[test]
    fn each_writer_sets_its_bytes_and_its_bit() {
        let event = CxlMemorySparingEvent {
            maintenance_operation_class: 2,
            maintenance_operation_subclass: 3,
            flags: 0x0f,
            result: CxlMemorySparingResult::FAILED,
            resources_available: U16::new(0x1234),
            ..CxlMemorySparingEvent::new()
        }
        .with_channel(4)
        .with_rank(5)
        .with_nibble_mask(U24::new(0x33_2211))
        .with_bank_group(6)
        .with_bank(7)
        .with_row(U24::new(0x66_5544))
        .with_column(0x877)
        .with_component_id(CxlComponentId(*b"component ident."))
        .with_sub_channel(9);
        assert_eq!(event.as_bytes(), bytes());
        let empty = CxlMemorySparingEvent::default();
        let bits = [
            empty.with_channel(0),
            empty.with_rank(0),
            empty.with_nibble_mask(U24::default()),
            empty.with_bank_group(0),
            empty.with_bank(0),
            empty.with_row(U24::default()),
            empty.with_column(0),
            empty.with_component_id(CxlComponentId::default()),
            empty.with_pldm_component_id(CxlPldmComponentId::new()),
            empty.with_sub_channel(0),
        ]
        .map(|event| event.validity_flags.get());
        assert_eq!(bits, [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x180, 0x200]);
    }

    #[test]
    fn results_have_names() {
        let names = [0, 1, 2, 0xff].map(|raw| CxlMemorySparingResult::new(raw).name());
        assert_eq!(names, [Some("success"), Some("resources exhausted"), None, Some("failed")]);
    }
}
