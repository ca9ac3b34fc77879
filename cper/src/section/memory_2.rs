//! Memory error section 2 (UEFI 2.11 Appendix N, "Memory Error Record 2"; 96 bytes): the memory section with room for
//! today's devices. Linux does not know it; its type GUID stands in the section's own paragraph alone.

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{ErrorStatus, FixedSection, MemoryErrorType, SectionType};
use crate::fields::{Describe, Value, Visitor, show_fields, valid_fields};
use crate::kind::{Decode, FixedView};
use crate::{Error, Guid, SectionTypeId};

/// An error in a memory device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct MemoryError2 {
    /// [`Memory2Validation`].
    pub validation_bits: U64,
    /// Type and signals of the error.
    pub error_status: ErrorStatus,
    /// Physical address of the error.
    pub physical_address: U64,
    /// Which bits of the address are valid.
    pub physical_address_mask: U64,
    /// Node, in a multi-node system.
    pub node: U16,
    /// Card, the memory riser.
    pub card: U16,
    /// Module (DIMM) on the card.
    pub module: U16,
    /// Bank; group in bits 15:8 and address in bits 7:0 under their own validity bits.
    pub bank: U16,
    /// Device (chip).
    pub device: U32,
    /// Row.
    pub row: U32,
    /// Column.
    pub column: U32,
    /// Rank on the module.
    pub rank: U32,
    /// Bit of the device that failed.
    pub bit_position: U32,
    /// Die of a stacked package.
    pub chip_id: u8,
    /// Kind of error.
    pub memory_error_type: MemoryErrorType,
    /// [`MemoryErrorState`].
    pub status: u8,
    /// 0.
    pub reserved: u8,
    /// Who asked.
    pub requestor_id: U64,
    /// Who answered.
    pub responder_id: U64,
    /// Who was asked.
    pub target_id: U64,
    /// SMBIOS handle of the memory array (type 16).
    pub card_handle: U32,
    /// SMBIOS handle of the memory device (type 17).
    pub module_handle: U32,
}

const _: () = {
    assert!(size_of::<MemoryError2>() == 96 && align_of::<MemoryError2>() == 1);
    assert!(core::mem::offset_of!(MemoryError2, node) == 32);
    assert!(core::mem::offset_of!(MemoryError2, device) == 40);
    assert!(core::mem::offset_of!(MemoryError2, chip_id) == 60);
    assert!(core::mem::offset_of!(MemoryError2, requestor_id) == 64);
    assert!(core::mem::offset_of!(MemoryError2, card_handle) == 88);
};

bitflags! {
    /// Which fields of a [`MemoryError2`] hold a value. From bit 10 on they differ from the first section's.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Memory2Validation: u64 {
        /// [`MemoryError2::error_status`].
        const ERROR_STATUS = 1 << 0;
        /// [`MemoryError2::physical_address`].
        const PHYSICAL_ADDRESS = 1 << 1;
        /// [`MemoryError2::physical_address_mask`].
        const PHYSICAL_ADDRESS_MASK = 1 << 2;
        /// [`MemoryError2::node`].
        const NODE = 1 << 3;
        /// [`MemoryError2::card`].
        const CARD = 1 << 4;
        /// [`MemoryError2::module`].
        const MODULE = 1 << 5;
        /// [`MemoryError2::bank`] as one number.
        const BANK = 1 << 6;
        /// [`MemoryError2::device`].
        const DEVICE = 1 << 7;
        /// [`MemoryError2::row`].
        const ROW = 1 << 8;
        /// [`MemoryError2::column`].
        const COLUMN = 1 << 9;
        /// [`MemoryError2::rank`].
        const RANK = 1 << 10;
        /// [`MemoryError2::bit_position`].
        const BIT_POSITION = 1 << 11;
        /// [`MemoryError2::chip_id`].
        const CHIP_ID = 1 << 12;
        /// [`MemoryError2::memory_error_type`].
        const MEMORY_ERROR_TYPE = 1 << 13;
        /// [`MemoryError2::status`].
        const STATUS = 1 << 14;
        /// [`MemoryError2::requestor_id`].
        const REQUESTOR_ID = 1 << 15;
        /// [`MemoryError2::responder_id`].
        const RESPONDER_ID = 1 << 16;
        /// [`MemoryError2::target_id`].
        const TARGET_ID = 1 << 17;
        /// [`MemoryError2::card_handle`].
        const CARD_HANDLE = 1 << 18;
        /// [`MemoryError2::module_handle`].
        const MODULE_HANDLE = 1 << 19;
        /// Bits 15:8 of [`MemoryError2::bank`].
        const BANK_GROUP = 1 << 20;
        /// Bits 7:0 of [`MemoryError2::bank`].
        const BANK_ADDRESS = 1 << 21;
        const _ = !0;
    }

    /// What became of a memory error.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MemoryErrorState: u8 {
        /// It is uncorrected; when clear, corrected.
        const UNCORRECTED = 1 << 0;
        const _ = !0;
    }
}

valid_fields! {
    MemoryError2, validation_bits: u64 as Memory2Validation;
    /// Type and signals of the error.
    error_status / with_error_status: ErrorStatus as group, ERROR_STATUS;
    /// Physical address of the error, in bytes.
    physical_address / with_physical_address: u64 as hex, PHYSICAL_ADDRESS;
    /// Which bits of the address are valid.
    physical_address_mask / with_physical_address_mask: u64 as hex, PHYSICAL_ADDRESS_MASK;
    /// Node, in a multi-node system.
    node / with_node: u16 as number, NODE;
    /// Card, the memory riser.
    card / with_card: u16 as number, CARD;
    /// Module (DIMM) on the card.
    module / with_module: u16 as number, MODULE;
    /// Device (chip).
    device / with_device: u32 as number, DEVICE;
    /// Row.
    row / with_row: u32 as number, ROW;
    /// Column.
    column / with_column: u32 as number, COLUMN;
    /// Rank on the module.
    rank / with_rank: u32 as number, RANK;
    /// Bit of the device that failed.
    bit_position / with_bit_position: u32 as number, BIT_POSITION;
    /// Die of a stacked package.
    chip_id / with_chip_id: u8 as number, CHIP_ID;
    /// Kind of error.
    memory_error_type / with_memory_error_type: MemoryErrorType as named, MEMORY_ERROR_TYPE;
    /// Whether the error is corrected.
    status / with_status: MemoryErrorState as flags, STATUS;
    /// Who asked.
    requestor_id / with_requestor_id: u64 as hex, REQUESTOR_ID;
    /// Who answered.
    responder_id / with_responder_id: u64 as hex, RESPONDER_ID;
    /// Who was asked.
    target_id / with_target_id: u64 as hex, TARGET_ID;
    /// SMBIOS handle of the memory array (type 16).
    card_handle / with_card_handle: u32 as hex, CARD_HANDLE;
    /// SMBIOS handle of the memory device (type 17).
    module_handle / with_module_handle: u32 as hex, MODULE_HANDLE;
}

impl MemoryError2 {
    /// A section with no field valid.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 96])
    }

    const fn has(&self, field: Memory2Validation) -> bool {
        self.validation().contains(field)
    }

    /// Bank as one number; `None` when its validity bit is clear.
    pub const fn bank(&self) -> Option<u16> {
        if self.has(Memory2Validation::BANK) { Some(self.bank.get()) } else { None }
    }

    /// Bank group, 8 bits; `None` when its validity bit is clear.
    pub const fn bank_group(&self) -> Option<u8> {
        if self.has(Memory2Validation::BANK_GROUP) { Some((self.bank.get() >> 8) as u8) } else { None }
    }

    /// Bank address, 8 bits; `None` when its validity bit is clear.
    pub const fn bank_address(&self) -> Option<u8> {
        if self.has(Memory2Validation::BANK_ADDRESS) { Some(self.bank.get() as u8) } else { None }
    }

    /// Sets the bank as one number, in place of group and address.
    #[must_use]
    pub const fn with_bank(mut self, bank: u16) -> Self {
        let group_and_address = Memory2Validation::BANK_GROUP.union(Memory2Validation::BANK_ADDRESS);
        let bits = self.validation().difference(group_and_address).union(Memory2Validation::BANK);
        self.validation_bits = U64::new(bits.bits());
        self.bank = U16::new(bank);
        self
    }

    /// Sets bank group and bank address, in place of one number.
    #[must_use]
    pub const fn with_bank_group_and_address(mut self, group: u8, address: u8) -> Self {
        let group_and_address = Memory2Validation::BANK_GROUP.union(Memory2Validation::BANK_ADDRESS);
        let bits = self.validation().difference(Memory2Validation::BANK).union(group_and_address);
        self.validation_bits = U64::new(bits.bits());
        self.bank = U16::from_bytes([address, group]);
        self
    }
}

impl Default for MemoryError2 {
    fn default() -> Self {
        Self::new()
    }
}

impl SectionType for MemoryError2 {
    const TYPE: Guid = SectionTypeId::MEMORY_2.0;
    const NAME: &'static str = "memory error 2";
}

impl FixedSection for MemoryError2 {}

impl Decode for MemoryError2 {
    type View<'a> = FixedView<'a, Self>;

    fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, Error> {
        FixedView::new(body)
    }
}

impl Describe for MemoryError2 {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_valid(out)?;
        if let Some(bank) = self.bank() {
            out.field("bank", Value::number(bank))?;
        }
        if let Some(group) = self.bank_group() {
            out.field("bank_group", Value::number(group))?;
        }
        if let Some(address) = self.bank_address() {
            out.field("bank_address", Value::number(address))?;
        }
        Ok(())
    }
}

show_fields!(MemoryError2);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{assert_map, bit_map, every_flip_shows, written};
    use crate::section::{ErrorStatusFlags, ErrorStatusType};
    use std::string::ToString;

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
        62.0 status UNCORRECTED -*7
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
        bit_map(&bytes, 0..8, |bytes, told| told(MemoryError2::ref_from_bytes(bytes).unwrap()))
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
            .with_error_status(ErrorStatus::new(ErrorStatusType::MEMORY, ErrorStatusFlags::FIRST_ERROR))
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
        assert_eq!(*section, values());
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
            "status",
            "requestor id",
            "responder id",
            "target id",
            "card handle",
            "module handle",
            "bank group",
            "bank address",
        ];
        for (bit, name) in names.iter().enumerate() {
            let mut section = values();
            section.validation_bits = U64::new(1 << bit);
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

    #[test]
    fn a_flip_of_any_bit_shows() {
        every_flip_shows(SectionTypeId::MEMORY_2, &written(&values()));
        every_flip_shows(SectionTypeId::MEMORY_2, &[0; 96]);
    }
}
