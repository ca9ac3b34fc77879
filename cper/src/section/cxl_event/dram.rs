//! CXL DRAM event (CXL 3.1 table 8-46; the fields after the correction mask are new in 3.1).

use core::fmt;

use super::component_id::component_id;
use super::{
    CxlComponentId, CxlDataPathSubType, CxlErrorThresholdFlags, CxlMediaAddress, CxlMemoryEventDescriptor,
    CxlPldmComponentId, CxlTransactionType, U24, event_data,
};
use crate::fields::{Describe, Value, Values, Visitor, shows};
use crate::open_value::open_value;
use crate::stored;
use crate::structure::structure;

structure! {
    /// An error in the DRAM of a CXL device.
    CxlDramEvent: 80 bytes, new;
    valid CxlDramValidation: u16 in validity_flags {
        /// [`CxlDramEvent::correction_mask`] holds a value.
        CORRECTION_MASK = 7;
        /// [`CxlDramEvent::component_id`] holds a value.
        COMPONENT_ID = 8;
        /// The component identifier is in PLDM format.
        COMPONENT_ID_IS_PLDM = 9;
    };
    /// Device physical address (DPA) of the error.
    0 physical_address: (u64 CxlMediaAddress) => set_physical_address with_physical_address;
    /// Descriptor of the event: whether the error is uncorrectable, and what else it came with; unknown bits are kept.
    8 memory_event_descriptor: (u8 CxlMemoryEventDescriptor)
        => set_memory_event_descriptor with_memory_event_descriptor;
    /// Kind of error; its numbers are not those of a general media event.
    9 memory_event_type: (u8 CxlDramEventType) => set_memory_event_type with_memory_event_type;
    /// Transaction during which the error happened.
    10 transaction_type: (u8 CxlTransactionType) => set_transaction_type with_transaction_type;
    11 validity_flags: u16;
    /// Channel of the error.
    13 channel: u8 as number, channel_raw set_channel with_channel, CHANNEL = 0;
    /// Rank of the error.
    14 rank: u8 as number, rank_raw set_rank with_rank, RANK = 1;
    /// Nibbles of the data bus that are in error, one bit for each.
    15 nibble_mask: U24 as hex, nibble_mask_raw set_nibble_mask with_nibble_mask, NIBBLE_MASK = 2;
    /// Bank group of the error.
    18 bank_group: u8 as number, bank_group_raw set_bank_group with_bank_group, BANK_GROUP = 3;
    /// Bank of the error.
    19 bank: u8 as number, bank_raw set_bank with_bank, BANK = 4;
    /// Row of the error.
    20 row: U24 as number, row_raw set_row with_row, ROW = 5;
    /// Column of the error.
    23 column: u16 as number, column_raw set_column with_column, COLUMN = 6;
    /// Bits in error in each of the four nibbles that the nibble mask can name, 64 bits for each.
    25 correction_mask: [u64; 4] raw correction_mask_raw;
    /// Component that the event is of, 16 bytes.
    57 component_id: CxlComponentId raw component_id_raw;
    /// Sub-channel of the error.
    73 sub_channel: u8 as number, sub_channel_raw set_sub_channel with_sub_channel, SUB_CHANNEL = 10;
    /// Why the corrected volatile memory errors are reported; unknown bits are kept.
    74 cvme_threshold_event_flags: (u8 CxlErrorThresholdFlags)
        => set_cvme_threshold_event_flags with_cvme_threshold_event_flags;
    /// Count of corrected volatile memory errors at the time of the event.
    75 cvme_count: U24 => set_cvme_count with_cvme_count;
    /// Sub-type of the error: a [`CxlDataPathSubType`] for [`CxlDramEventType::DATA_PATH`].
    78 memory_event_sub_type: (u8 CxlDataPathSubType) => set_memory_event_sub_type with_memory_event_sub_type;
    79 reserved: u8;
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

component_id!(CxlDramEvent, CxlDramValidation);

impl CxlDramEvent {
    /// Bits in error in each of the four nibbles that the nibble mask can name, 64 bits for each.
    ///
    /// `None` when its validity bit is clear.
    pub fn correction_mask(&self) -> Option<[u64; 4]> {
        let valid = self.validation().contains(CxlDramValidation::CORRECTION_MASK);
        if valid { Some(self.correction_mask_raw()) } else { None }
    }

    /// Sets the correction mask and its validity bit.
    pub fn set_correction_mask(&mut self, mask: [u64; 4]) {
        Self::AT.correction_mask.put(&mut self.0, stored::wire_qwords(&mask));
        self.mark(CxlDramValidation::CORRECTION_MASK, CxlDramValidation::empty());
    }

    /// Sets the correction mask and its validity bit.
    #[must_use]
    pub fn with_correction_mask(mut self, mask: [u64; 4]) -> Self {
        self.set_correction_mask(mask);
        self
    }
}

impl Describe for CxlDramEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.physical_address().describe(out)?;
        out.field("memory_event_descriptor", Value::flags(self.memory_event_descriptor()))?;
        out.field("memory_event_type", self.memory_event_type().into())?;
        let data_path = self.memory_event_type() == CxlDramEventType::DATA_PATH;
        self.memory_event_sub_type().describe(data_path, out)?;
        out.field("transaction_type", self.transaction_type().into())?;
        self.describe_fields(out)?;
        self.physical_address().tell(Self::AT.physical_address.of(&self.0), out);
        shows!(out, self, memory_event_descriptor, memory_event_type);
        shows!(out, self, memory_event_sub_type, transaction_type);
        shows!(out, self, cvme_threshold_event_flags, cvme_count);
        if let Some(mask) = self.correction_mask() {
            shows!(out, self, correction_mask);
            out.field("correction_mask", Value::List(&Values(mask.into_iter().map(Value::hex))))?;
        }
        self.describe_component(out)?;
        out.field("cvme_threshold_event_flags", Value::flags(self.cvme_threshold_event_flags()))?;
        out.field("cvme_count", Value::number(self.cvme_count()))
    }
}

event_data!(CxlDramEvent, CXL_DRAM, "CXL DRAM event");

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
        assert_eq!(event.physical_address().address(), 0xdcba_9876_5432_1040);
        assert_eq!(event.memory_event_descriptor(), CxlMemoryEventDescriptor::UNCORRECTABLE);
        assert_eq!(event.memory_event_type(), CxlDramEventType::DATA_PATH);
        assert_eq!(event.transaction_type(), CxlTransactionType::HOST_WRITE);
        assert_eq!((event.channel(), event.rank()), (Some(4), Some(5)));
        assert_eq!(event.nibble_mask(), Some(U24::new(0x33_2211)));
        assert_eq!((event.bank_group(), event.bank()), (Some(6), Some(7)));
        assert_eq!((event.row(), event.column()), (Some(U24::new(0x66_5544)), Some(0x877)));
        let mask =
            [0x1000_0000_0000_0001, 0x2000_0000_0000_0002, 0x3000_0000_0000_0003, 0x4000_0000_0000_0004];
        assert_eq!(event.correction_mask(), Some(mask));
        assert_eq!(event.component_id(), Some(&CxlComponentId::from_bytes(*b"component ident.")));
        assert_eq!(event.sub_channel(), Some(9));
        assert_eq!(event.cvme_threshold_event_flags(), CxlErrorThresholdFlags::EXCEEDED);
        assert_eq!(event.cvme_count().raw(), 0xaa_9988);
        assert_eq!(event.memory_event_sub_type(), CxlDataPathSubType::LINK_COMMAND_TRAINING);
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
        assert_eq!(
            lines(SectionTypeId::CXL_DRAM, ecc)[5],
            "memory event sub type   undefined for this event type (2)"
        );
        let event = event.with_validation(CxlDramValidation::from_bits_retain(0x300));
        assert!(event.pldm_component_id().is_some());
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let mut bytes = [0; 80];
        bytes[0x0b..0x0d].copy_from_slice(&0x05ff_u16.to_le_bytes());
        let map = bit_map(&bytes, 11..13, |bytes, told| told(CxlDramEvent::ref_from_bytes(bytes).unwrap()));
        assert_map(
            &map,
            "0.0 volatile ~*1 0.1 not_repairable ~*1 0.2 hidden ~*4 0.6 physical_address @6*58
             8.0 memory_event_descriptor UNCORRECTABLE THRESHOLD POISON_LIST_OVERFLOW -*5
             9.0 memory_event_type *8 10.0 transaction_type *8
             13.0 channel *8 14.0 rank *8 15.0 nibble_mask *24 18.0 bank_group *8 19.0 bank *8
             20.0 row *24 23.0 column *16 25.0 correction_mask ~*256 57.0 component_id ~*128
             73.0 sub_channel *8 74.0 cvme_threshold_event_flags MULTIPLE_COMPONENTS EXCEEDED -*6
             75.0 cvme_count *24 78.0 memory_event_sub_type *8 79.0 hidden ~*8",
        );
    }

    #[test]
    fn each_writer_sets_its_bytes_and_its_bit() {
        let event = CxlDramEvent::new()
            .with_physical_address(CxlMediaAddress::at(0xdcba_9876_5432_1040).volatile())
            .with_memory_event_descriptor(CxlMemoryEventDescriptor::UNCORRECTABLE)
            .with_memory_event_type(CxlDramEventType::DATA_PATH)
            .with_transaction_type(CxlTransactionType::HOST_WRITE)
            .with_cvme_threshold_event_flags(CxlErrorThresholdFlags::EXCEEDED)
            .with_cvme_count(U24::new(0xaa_9988))
            .with_memory_event_sub_type(CxlDataPathSubType::LINK_COMMAND_TRAINING)
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
            .with_component_id(CxlComponentId::from_bytes(*b"component ident."))
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
        .map(|event| event.validation().bits());
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
