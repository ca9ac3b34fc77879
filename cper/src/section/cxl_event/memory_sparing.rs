//! CXL memory sparing event (CXL 3.1 section 8.2.9.2.1, new there).

use core::fmt;

use super::component_id::component_id;
use super::{CxlComponentId, CxlPldmComponentId, U24, event_data};
use crate::fields::{Describe, Visitor};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// The outcome of a memory sparing operation.
    CxlMemorySparingEvent: 80 bytes, new;
    valid CxlMemorySparingValidation: u16 in validity_flags {
        /// [`CxlMemorySparingEvent::component_id`] holds a value.
        COMPONENT_ID = 7;
        /// The component identifier is in PLDM format.
        COMPONENT_ID_IS_PLDM = 8;
    };
    /// Class of the maintenance operation.
    0 maintenance_operation_class: u8 as number "sparing_operation_class"
        => set_maintenance_operation_class with_maintenance_operation_class;
    /// Subclass of the maintenance operation.
    1 maintenance_operation_subclass: u8 as number "sparing_operation_subclass"
        => set_maintenance_operation_subclass with_maintenance_operation_subclass;
    /// Flags of the operation; unknown bits are kept.
    2 flags: (u8 CxlMemorySparingFlags) as flags "sparing_flags" => set_flags with_flags;
    /// Result of the operation.
    3 result: (u8 CxlMemorySparingResult) as named => set_result with_result;
    4 validity_flags: u16;
    6 reserved: [u8; 6];
    /// Number of spare resources that are left.
    12 resources_available: u16 as number => set_resources_available with_resources_available;
    /// Channel of the memory.
    14 channel: u8 as number, channel_raw set_channel with_channel, CHANNEL = 0;
    /// Rank of the memory.
    15 rank: u8 as number, rank_raw set_rank with_rank, RANK = 1;
    /// Nibbles of the data bus that the operation is for, one bit for each.
    16 nibble_mask: U24 as hex, nibble_mask_raw set_nibble_mask with_nibble_mask, NIBBLE_MASK = 2;
    /// Bank group of the memory.
    19 bank_group: u8 as number, bank_group_raw set_bank_group with_bank_group, BANK_GROUP = 3;
    /// Bank of the memory.
    20 bank: u8 as number, bank_raw set_bank with_bank, BANK = 4;
    /// Row of the memory.
    21 row: U24 as number, row_raw set_row with_row, ROW = 5;
    /// Column of the memory.
    24 column: u16 as number, column_raw set_column with_column, COLUMN = 6;
    /// Component that the event is of, 16 bytes.
    26 component_id: CxlComponentId raw component_id_raw;
    /// Sub-channel of the memory.
    42 sub_channel: u8 as number, sub_channel_raw set_sub_channel with_sub_channel, SUB_CHANNEL = 9;
    43 reserved_2: [u8; 37];
}

crate::open_value::flag_set! {
    /// Flags of a memory sparing operation.
    pub struct CxlMemorySparingFlags: u8 {
        /// The operation only asked which resources there are.
        const QUERY_RESOURCES = 1 << 0;
        /// The sparing is hard: it lasts beyond a reset.
        const HARD_SPARING = 1 << 1;
        /// The device began the operation on its own.
        const DEVICE_INITIATED = 1 << 2;
        const _ = !0;
    }
}

open_value! {
    /// Result of a memory sparing operation.
    CxlMemorySparingResult: u8 {
        SUCCESS = 0 => "success",
        EXHAUSTED = 1 => "resources exhausted",
        FAILED = 0xff => "failed",
    }
}

component_id!(CxlMemorySparingEvent, CxlMemorySparingValidation);

impl Describe for CxlMemorySparingEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
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
    use crate::section::checks::{assert_map, bit_map};
    use zerocopy::{FromBytes, IntoBytes};

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
        assert_eq!((event.maintenance_operation_class(), event.maintenance_operation_subclass()), (2, 3));
        assert_eq!(event.flags().bits(), 0x0f);
        assert_eq!((event.result(), event.resources_available()), (CxlMemorySparingResult::FAILED, 0x1234));
        assert_eq!((event.channel(), event.rank()), (Some(4), Some(5)));
        assert_eq!(event.nibble_mask(), Some(U24::new(0x33_2211)));
        assert_eq!((event.bank_group(), event.bank()), (Some(6), Some(7)));
        assert_eq!((event.row(), event.column()), (Some(U24::new(0x66_5544)), Some(0x877)));
        assert_eq!(event.component_id(), Some(&CxlComponentId::from_bytes(*b"component ident.")));
        assert_eq!(event.sub_channel(), Some(9));
        assert_eq!(
            lines(SectionTypeId::CXL_MEMORY_SPARING, bytes),
            [
                "sparing operation class 2",
                "sparing operation subclass 3",
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
    fn every_bit_is_where_the_specification_has_it() {
        let mut bytes = [0; 80];
        bytes[4..6].copy_from_slice(&0x02ff_u16.to_le_bytes());
        let map =
            bit_map(&bytes, 4..6, |bytes, told| told(CxlMemorySparingEvent::ref_from_bytes(bytes).unwrap()));
        assert_map(
            &map,
            "0.0 sparing_operation_class *8 1.0 sparing_operation_subclass *8
             2.0 sparing_flags QUERY_RESOURCES HARD_SPARING DEVICE_INITIATED -*5 3.0 result *8
             6.0 hidden ~*48 12.0 resources_available *16
             14.0 channel *8 15.0 rank *8 16.0 nibble_mask *24 19.0 bank_group *8 20.0 bank *8
             21.0 row *24 24.0 column *16 26.0 component_id ~*128 42.0 sub_channel *8 43.0 hidden ~*296",
        );
    }

    #[test]
    fn each_writer_sets_its_bytes_and_its_bit() {
        let event = CxlMemorySparingEvent::new()
            .with_maintenance_operation_class(2)
            .with_maintenance_operation_subclass(3)
            .with_flags(CxlMemorySparingFlags::from_bits_retain(0x0f))
            .with_result(CxlMemorySparingResult::FAILED)
            .with_resources_available(0x1234)
            .with_channel(4)
            .with_rank(5)
            .with_nibble_mask(U24::new(0x33_2211))
            .with_bank_group(6)
            .with_bank(7)
            .with_row(U24::new(0x66_5544))
            .with_column(0x877)
            .with_component_id(CxlComponentId::from_bytes(*b"component ident."))
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
        .map(|event| event.validation().bits());
        assert_eq!(bits, [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x180, 0x200]);
    }

    #[test]
    fn results_have_names() {
        let names = [0, 1, 2, 0xff].map(|raw| CxlMemorySparingResult::new(raw).name());
        assert_eq!(names, [Some("success"), Some("resources exhausted"), None, Some("failed")]);
    }
}
