//! Platform memory error 2 (UEFI 2.11 table N.33; 96 bytes): the memory section with wider fields, for today's devices.
//! Linux does not know it. The specification has its type GUID in the section's own paragraph, but not in its list of
//! section types.

use core::fmt;

use super::error_status::ErrorStatus;
use super::memory::{MemoryErrorType, write_memory_summary};
use crate::fields::{Describe, Stored, Value, Visitor, describe_rest};
use crate::structure::structure;

structure! {
    /// An error in a memory device, with wider fields than a [`MemoryError`](crate::section::MemoryError) has (UEFI
    /// 2.11 table N.33, "Memory Error Record 2"). Its validity bits differ from bit 10 on.
    MemoryError2: 96 bytes, new;
    view MemoryError2View from 96 as MEMORY_2 "memory error 2";
    valid Memory2Validation: u64 in validation_bits {
        /// [`MemoryError2::bank`] holds a value: the bank as one number.
        BANK = 6;
        /// [`MemoryError2::bank_group`] holds a value.
        BANK_GROUP = 20;
        /// [`MemoryError2::bank_address`] holds a value.
        BANK_ADDRESS = 21;
    };
    0 validation_bits: u64;
    /// Error status: type and signals of the error.
    8 error_status: ErrorStatus as group, error_status_raw set_error_status with_error_status,
        ERROR_STATUS = 0;
    /// Physical address of the error, in bytes.
    16 physical_address: u64 as hex, physical_address_raw set_physical_address with_physical_address,
        PHYSICAL_ADDRESS = 1;
    /// Mask of the physical address: which of its bits are valid.
    24 physical_address_mask: u64 as hex, physical_address_mask_raw set_physical_address_mask with_physical_address_mask,
        PHYSICAL_ADDRESS_MASK = 2;
    /// Node, in a multi-node system.
    32 node: u16 as number, node_raw set_node with_node, NODE = 3;
    /// Card, the memory riser.
    34 card: u16 as number, card_raw set_card with_card, CARD = 4;
    /// Module (DIMM) on the card.
    36 module: u16 as number, module_raw set_module with_module, MODULE = 5;
    /// Bank as one number, or group in bits 15:8 and address in bits 7:0.
    38 bank: u16 raw bank_raw;
    /// Device (chip) on the module.
    40 device: u32 as number, device_raw set_device with_device, DEVICE = 7;
    /// Row of the error.
    44 row: u32 as number, row_raw set_row with_row, ROW = 8;
    /// Column of the error.
    48 column: u32 as number, column_raw set_column with_column, COLUMN = 9;
    /// Rank on the module.
    52 rank: u32 as number, rank_raw set_rank with_rank, RANK = 10;
    /// Bit of the device that failed.
    56 bit_position: u32 as number, bit_position_raw set_bit_position with_bit_position, BIT_POSITION = 11;
    /// Chip identification: the die of a stacked package.
    60 chip_id: u8 as number, chip_id_raw set_chip_id with_chip_id, CHIP_ID = 12;
    /// Kind of error.
    61 memory_error_type: (u8 MemoryErrorType) as named, memory_error_type_raw set_memory_error_type with_memory_error_type,
        MEMORY_ERROR_TYPE = 13;
    /// Status of the error: whether it is corrected.
    62 status: (u8 MemoryErrorState) as flags "memory_status", status_raw set_status with_status, STATUS = 14;
    63 reserved: u8;
    /// Hardware address of the device that initiated the transaction.
    64 requestor_id: u64 as hex, requestor_id_raw set_requestor_id with_requestor_id, REQUESTOR_ID = 15;
    /// Hardware address of the device that responded to the transaction.
    72 responder_id: u64 as hex, responder_id_raw set_responder_id with_responder_id, RESPONDER_ID = 16;
    /// Hardware address of the target that the transaction was intended for.
    80 target_id: u64 as hex, target_id_raw set_target_id with_target_id, TARGET_ID = 17;
    /// SMBIOS handle of the memory array (type 16).
    88 card_handle: u32 as hex, card_handle_raw set_card_handle with_card_handle, CARD_HANDLE = 18;
    /// SMBIOS handle of the memory device (type 17).
    92 module_handle: u32 as hex, module_handle_raw set_module_handle with_module_handle, MODULE_HANDLE = 19;
}

crate::open_value::flag_set! {
    /// Status of a memory error: whether it is corrected.
    pub struct MemoryErrorState: u8 {
        /// The error is uncorrected; when clear, it is corrected.
        const UNCORRECTED = 1 << 0;
        const _ = !0;
    }
}

impl MemoryError2View<'_> {
    /// Bank as one number; `None` when its validity bit is clear.
    #[inline]
    pub fn bank(&self) -> Option<u16> {
        if self.validation().contains(Memory2Validation::BANK) { self.bank_raw() } else { None }
    }

    /// Bank group, 8 bits; `None` when its validity bit is clear.
    #[inline]
    pub fn bank_group(&self) -> Option<u8> {
        let [_, group] = self.bank_raw()?.to_le_bytes();
        self.validation().contains(Memory2Validation::BANK_GROUP).then_some(group)
    }

    /// Bank address, 8 bits; `None` when its validity bit is clear.
    #[inline]
    pub fn bank_address(&self) -> Option<u8> {
        let [address, _] = self.bank_raw()?.to_le_bytes();
        self.validation().contains(Memory2Validation::BANK_ADDRESS).then_some(address)
    }

    /// The kind of error, and where it is.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        let kinds = (self.memory_error_type(), self.error_status());
        write_memory_summary(
            f,
            kinds,
            self.physical_address(),
            &[
                ("node", self.node().map(u32::from)),
                ("card", self.card().map(u32::from)),
                ("module", self.module().map(u32::from)),
                ("rank", self.rank()),
                ("bank", self.bank().map(u32::from)),
                ("bank group", self.bank_group().map(u32::from)),
                ("bank address", self.bank_address().map(u32::from)),
                ("chip", self.chip_id().map(u32::from)),
                ("device", self.device()),
                ("row", self.row()),
                ("column", self.column()),
                ("bit", self.bit_position()),
            ],
        )
    }
}

impl MemoryError2 {
    /// Bank as one number; `None` when its validity bit is clear.
    #[inline]
    pub fn bank(&self) -> Option<u16> {
        self.view().bank()
    }

    /// Bank group, 8 bits; `None` when its validity bit is clear.
    #[inline]
    pub fn bank_group(&self) -> Option<u8> {
        self.view().bank_group()
    }

    /// Bank address, 8 bits; `None` when its validity bit is clear.
    #[inline]
    pub fn bank_address(&self) -> Option<u8> {
        self.view().bank_address()
    }

    /// Sets the bank as one number and its validity bit, in place of group and address.
    #[inline]
    pub const fn set_bank(&mut self, bank: u16) {
        Self::AT.bank.put(&mut self.0, u16::to_le_bytes(bank));
        self.mark(
            Memory2Validation::BANK,
            Memory2Validation::BANK_GROUP.union(Memory2Validation::BANK_ADDRESS),
        );
    }

    /// Sets the bank as one number and its validity bit, in place of group and address.
    #[must_use]
    #[inline]
    pub const fn with_bank(mut self, bank: u16) -> Self {
        self.set_bank(bank);
        self
    }

    /// Sets bank group and bank address and their validity bits, in place of one number.
    #[inline]
    pub const fn set_bank_group_and_address(&mut self, group: u8, address: u8) {
        Self::AT.bank.put(&mut self.0, [address, group]);
        self.mark(
            Memory2Validation::BANK_GROUP.union(Memory2Validation::BANK_ADDRESS),
            Memory2Validation::BANK,
        );
    }

    /// Sets bank group and bank address and their validity bits, in place of one number.
    #[must_use]
    #[inline]
    pub const fn with_bank_group_and_address(mut self, group: u8, address: u8) -> Self {
        self.set_bank_group_and_address(group, address);
        self
    }
}

impl Describe for MemoryError2View<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        if let Some(bank) = self.bank() {
            out.stored("bank", MemoryError2::AT.bank.of(self.bytes), Stored::Shown);
            out.field("bank", Value::number(bank))?;
        }
        if self.bank_group().is_some() && self.bank_address().is_some() {
            out.stored("bank", MemoryError2::AT.bank.of(self.bytes), Stored::Shown);
        }
        if let Some(group) = self.bank_group() {
            out.field("bank_group", Value::number(group))?;
        }
        if let Some(address) = self.bank_address() {
            out.field("bank_address", Value::number(address))?;
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Error;
    use crate::kind::Decode;
    use crate::section::checks::{assert_map, bit_map, written};
    use crate::section::{ErrorStatusFlags, ErrorStatusType};
    use std::string::ToString;
    use zerocopy::IntoBytes;

    const MAP: &str = "
        8.0 error_status.flags -*8
        9.0 error_status.error_type *8
        10.0 error_status.flags ADDRESS CONTROL DATA RESPONDER REQUESTOR FIRST_ERROR OVERFLOW
            -*41
        16.0 physical_address *64
        24.0 physical_address_mask *64
        32.0 node *16
        34.0 card *16
        36.0 module *16
        38.0 bank *16
        40.0 device *32
        44.0 row *32
        48.0 column *32
        52.0 rank *32
        56.0 bit_position *32
        60.0 chip_id *8
        61.0 memory_error_type *8
        62.0 memory_status UNCORRECTED -*7
        63.0 hidden ~*8
        64.0 requestor_id *64
        72.0 responder_id *64
        80.0 target_id *64
        88.0 card_handle *32
        92.0 module_handle *32
    ";

    fn map(validation: u64) -> std::string::String {
        let mut bytes = [0; 96];
        bytes[..8].copy_from_slice(&validation.to_le_bytes());
        bit_map(&bytes, 0..8, |bytes, told| told(&MemoryError2::decode(bytes).unwrap()))
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        assert_map(&map(0x000f_ffff), MAP);
        assert_map(
            &map(0x0030_0000),
            "8.0 hidden ~*240 38.0 bank_address *8 39.0 bank_group *8 40.0 hidden ~*448",
        );
    }

    fn values() -> MemoryError2 {
        MemoryError2::new()
            .with_error_status(ErrorStatus::of(ErrorStatusType::MEMORY, ErrorStatusFlags::FIRST_ERROR))
            .with_physical_address(0x1112_1314_1516_1718)
            .with_physical_address_mask(0x2122_2324_2526_2728)
            .with_node(0x3132)
            .with_card(0x3334)
            .with_module(0x3536)
            .with_bank(0x3738)
            .with_device(0x4142_4344)
            .with_row(0x4546_4748)
            .with_column(0x5152_5354)
            .with_rank(0x5556_5758)
            .with_bit_position(0x6162_6364)
            .with_chip_id(0x65)
            .with_memory_error_type(MemoryErrorType::SCRUB_CORRECTED)
            .with_status(MemoryErrorState::UNCORRECTED)
            .with_requestor_id(0x7172_7374_7576_7778)
            .with_responder_id(0x8182_8384_8586_8788)
            .with_target_id(0x9192_9394_9596_9798)
            .with_card_handle(0xa1a2_a3a4)
            .with_module_handle(0xa5a6_a7a8)
    }

    #[test]
    fn every_writer_sets_its_bytes_and_its_bit() {
        let bytes = written(&values());
        let words = [
            0x000f_ffff,
            0x0020_0400,
            0x1112_1314_1516_1718,
            0x2122_2324_2526_2728,
            0x3738_3536_3334_3132,
            0x4546_4748_4142_4344,
            0x5556_5758_5152_5354,
            0x0001_0d65_6162_6364,
            0x7172_7374_7576_7778,
            0x8182_8384_8586_8788,
            0x9192_9394_9596_9798,
            0xa5a6_a7a8_a1a2_a3a4u64,
        ];
        assert_eq!(bytes, words.map(u64::to_le_bytes).as_flattened());
        let section = MemoryError2::decode(&bytes).unwrap();
        assert_eq!(section.structure(), Some(&values()));
        assert_eq!(section.error_status().map(ErrorStatus::error_type), Some(ErrorStatusType::MEMORY));
        assert_eq!(section.physical_address(), Some(0x1112_1314_1516_1718));
        assert_eq!(section.physical_address_mask(), Some(0x2122_2324_2526_2728));
        assert_eq!((section.node(), section.card()), (Some(0x3132), Some(0x3334)));
        assert_eq!((section.module(), section.bank()), (Some(0x3536), Some(0x3738)));
        assert_eq!((section.device(), section.row()), (Some(0x4142_4344), Some(0x4546_4748)));
        assert_eq!((section.column(), section.rank()), (Some(0x5152_5354), Some(0x5556_5758)));
        assert_eq!((section.bit_position(), section.chip_id()), (Some(0x6162_6364), Some(0x65)));
        assert_eq!(section.memory_error_type(), Some(MemoryErrorType::SCRUB_CORRECTED));
        assert_eq!(section.status(), Some(MemoryErrorState::UNCORRECTED));
        assert_eq!(section.requestor_id(), Some(0x7172_7374_7576_7778));
        assert_eq!(section.responder_id(), Some(0x8182_8384_8586_8788));
        assert_eq!(section.target_id(), Some(0x9192_9394_9596_9798));
        assert_eq!((section.card_handle(), section.module_handle()), (Some(0xa1a2_a3a4), Some(0xa5a6_a7a8)));
        assert_eq!((section.bank_group(), section.bank_address()), (None, None));
    }

    #[test]
    fn bank_is_one_number_or_group_and_address() {
        let grouped = values().with_bank_group_and_address(0x39, 0x3a);
        assert_eq!(
            (grouped.bank_group(), grouped.bank_address(), grouped.bank()),
            (Some(0x39), Some(0x3a), None)
        );
        assert_eq!(grouped.as_bytes()[38..40], [0x3a, 0x39]);
        assert_eq!(grouped.with_bank(0x3738), values());
    }

    #[test]
    fn each_validity_bit_guards_its_own_field() {
        let names = [
            "error status",
            "physical address",
            "physical address mask",
            "node",
            "card",
            "module",
            "bank",
            "device",
            "row",
            "column",
            "rank",
            "bit position",
            "chip id",
            "memory error type",
            "memory status",
            "requestor id",
            "responder id",
            "target id",
            "card handle",
            "module handle",
            "bank group",
            "bank address",
        ];
        for (bit, name) in names.iter().enumerate() {
            let section = values().with_validation(Memory2Validation::from_bits_retain(1 << bit));
            let text = section.to_string();
            let told = text.lines().next().unwrap().split("  ").next();
            let fields = text.lines().filter(|line| !line.starts_with(' ')).count();
            assert_eq!((fields, told), (1, Some(*name)), "{bit}: {text}");
        }
        assert_eq!(MemoryError2::default().to_string(), "");
    }

    #[test]
    fn too_few_bytes_are_an_error_and_more_are_none() {
        for length in 0..96 {
            assert_eq!(
                MemoryError2::decode(&[0xff; 96][..length]).unwrap_err(),
                Error::too_short("memory error 2", 96, length)
            );
        }
        assert!(MemoryError2::decode(&[0xff; 97]).is_ok());
    }
}
