//! Platform memory error (UEFI 2.11 table N.31; 73 bytes until UEFI 2.3, 80 since).

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Decode, ErrorStatus, Extended, FixedSection, SectionType, ShortForms};
use crate::fields::{Describe, Value, Visitor, show_fields, valid_fields};
use crate::open_value::open_value;
use crate::{Error, Guid, SectionTypeId};

/// An error in a memory device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct MemoryError {
    /// [`MemoryValidation`].
    pub validation_bits: U64,
    /// [`ErrorStatus`].
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
    pub device: U16,
    /// Row, bits 15:0.
    pub row: U16,
    /// Column.
    pub column: U16,
    /// Bit of the device that failed.
    pub bit_position: U16,
    /// Who asked.
    pub requestor_id: U64,
    /// Who answered.
    pub responder_id: U64,
    /// Who was asked.
    pub target_id: U64,
    /// Kind of error.
    pub memory_error_type: MemoryErrorType,
    /// Row bits 17:16 in bits 1:0, chip identification in bits 7:5. Here the 73-byte form has ended.
    pub extended: u8,
    /// Rank on the module.
    pub rank: U16,
    /// SMBIOS handle of the memory array (type 16).
    pub card_handle: U16,
    /// SMBIOS handle of the memory device (type 17).
    pub module_handle: U16,
}

const _: () = {
    assert!(size_of::<MemoryError>() == 80 && align_of::<MemoryError>() == 1);
    assert!(core::mem::offset_of!(MemoryError, node) == 32);
    assert!(core::mem::offset_of!(MemoryError, memory_error_type) == 72);
    assert!(core::mem::offset_of!(MemoryError, extended) == 73);
    assert!(core::mem::offset_of!(MemoryError, module_handle) == 78);
};

bitflags! {
    /// Which fields of a [`MemoryError`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct MemoryValidation: u64 {
        /// [`MemoryError::error_status`].
        const ERROR_STATUS = 1 << 0;
        /// [`MemoryError::physical_address`].
        const PHYSICAL_ADDRESS = 1 << 1;
        /// [`MemoryError::physical_address_mask`].
        const PHYSICAL_ADDRESS_MASK = 1 << 2;
        /// [`MemoryError::node`].
        const NODE = 1 << 3;
        /// [`MemoryError::card`].
        const CARD = 1 << 4;
        /// [`MemoryError::module`].
        const MODULE = 1 << 5;
        /// [`MemoryError::bank`] as one number.
        const BANK = 1 << 6;
        /// [`MemoryError::device`].
        const DEVICE = 1 << 7;
        /// [`MemoryError::row`], bits 15:0 alone.
        const ROW = 1 << 8;
        /// [`MemoryError::column`].
        const COLUMN = 1 << 9;
        /// [`MemoryError::bit_position`].
        const BIT_POSITION = 1 << 10;
        /// [`MemoryError::requestor_id`].
        const REQUESTOR_ID = 1 << 11;
        /// [`MemoryError::responder_id`].
        const RESPONDER_ID = 1 << 12;
        /// [`MemoryError::target_id`].
        const TARGET_ID = 1 << 13;
        /// [`MemoryError::memory_error_type`].
        const MEMORY_ERROR_TYPE = 1 << 14;
        /// [`MemoryError::rank`].
        const RANK = 1 << 15;
        /// [`MemoryError::card_handle`].
        const CARD_HANDLE = 1 << 16;
        /// [`MemoryError::module_handle`].
        const MODULE_HANDLE = 1 << 17;
        /// [`MemoryError::row`] with its upper bits in [`MemoryError::extended`]; bit 8 is then clear.
        const EXTENDED_ROW = 1 << 18;
        /// Bits 15:8 of [`MemoryError::bank`].
        const BANK_GROUP = 1 << 19;
        /// Bits 7:0 of [`MemoryError::bank`].
        const BANK_ADDRESS = 1 << 20;
        /// Chip identification in [`MemoryError::extended`].
        const CHIP_ID = 1 << 21;
        const _ = !0;
    }
}

open_value! {
    /// Kind of memory error (UEFI 2.11 table N.31, "Memory Error Type"), of both memory sections.
    MemoryErrorType: u8 {
        UNKNOWN = 0 => "unknown",
        NO_ERROR = 1 => "no error",
        SINGLE_BIT_ECC = 2 => "single-bit ECC",
        MULTI_BIT_ECC = 3 => "multi-bit ECC",
        SINGLE_SYMBOL_CHIPKILL = 4 => "single-symbol chipkill ECC",
        MULTI_SYMBOL_CHIPKILL = 5 => "multi-symbol chipkill ECC",
        MASTER_ABORT = 6 => "master abort",
        TARGET_ABORT = 7 => "target abort",
        PARITY = 8 => "parity error",
        WATCHDOG_TIMEOUT = 9 => "watchdog timeout",
        INVALID_ADDRESS = 10 => "invalid address",
        MIRROR_BROKEN = 11 => "mirror broken",
        MEMORY_SPARING = 12 => "memory sparing",
        SCRUB_CORRECTED = 13 => "scrub corrected error",
        SCRUB_UNCORRECTED = 14 => "scrub uncorrected error",
        MAP_OUT = 15 => "physical memory map-out event",
    }
}

valid_fields! {
    MemoryError, validation_bits: u64 as MemoryValidation;
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
    device / with_device: u16 as number, DEVICE;
    /// Column.
    column / with_column: u16 as number, COLUMN;
    /// Bit of the device that failed.
    bit_position / with_bit_position: u16 as number, BIT_POSITION;
    /// Who asked.
    requestor_id / with_requestor_id: u64 as hex, REQUESTOR_ID;
    /// Who answered.
    responder_id / with_responder_id: u64 as hex, RESPONDER_ID;
    /// Who was asked.
    target_id / with_target_id: u64 as hex, TARGET_ID;
    /// Kind of error.
    memory_error_type / with_memory_error_type: MemoryErrorType as named, MEMORY_ERROR_TYPE;
    /// Rank on the module.
    rank / with_rank: u16 as number, RANK;
    /// SMBIOS handle of the memory array (type 16).
    card_handle / with_card_handle: u16 as hex, CARD_HANDLE;
    /// SMBIOS handle of the memory device (type 17).
    module_handle / with_module_handle: u16 as hex, MODULE_HANDLE;
}

impl MemoryError {
    /// A section with no field valid.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 80])
    }

    /// Row: 16 bits, or 18 where the extended row is valid; `None` when neither bit is set.
    pub const fn row(&self) -> Option<u32> {
        let validation = self.validation();
        let low = self.row.get() as u32;
        if validation.contains(MemoryValidation::EXTENDED_ROW) {
            Some((self.extended as u32 & 3) << 16 | low)
        } else if validation.contains(MemoryValidation::ROW) {
            Some(low)
        } else {
            None
        }
    }

    /// Bank as one number; `None` when its validity bit is clear.
    pub const fn bank(&self) -> Option<u16> {
        if self.validation().contains(MemoryValidation::BANK) { Some(self.bank.get()) } else { None }
    }

    /// Bank group, 8 bits; `None` when its validity bit is clear.
    pub const fn bank_group(&self) -> Option<u8> {
        if self.validation().contains(MemoryValidation::BANK_GROUP) {
            Some((self.bank.get() >> 8) as u8)
        } else {
            None
        }
    }

    /// Bank address, 8 bits; `None` when its validity bit is clear.
    pub const fn bank_address(&self) -> Option<u8> {
        if self.validation().contains(MemoryValidation::BANK_ADDRESS) {
            Some(self.bank.get() as u8)
        } else {
            None
        }
    }

    /// Chip identification, 3 bits; `None` when its validity bit is clear.
    pub const fn chip_id(&self) -> Option<u8> {
        if self.validation().contains(MemoryValidation::CHIP_ID) { Some(self.extended >> 5) } else { None }
    }

    /// Sets a row of 16 bits.
    #[must_use]
    pub const fn with_row(mut self, row: u16) -> Self {
        self.row = U16::new(row);
        self.extended &= !3;
        self.set(MemoryValidation::ROW, MemoryValidation::EXTENDED_ROW)
    }

    /// Sets a row of 18 bits; higher bits are dropped.
    #[must_use]
    pub const fn with_extended_row(mut self, row: u32) -> Self {
        self.row = U16::new(row as u16);
        self.extended = self.extended & !3 | (row >> 16) as u8 & 3;
        self.set(MemoryValidation::EXTENDED_ROW, MemoryValidation::ROW)
    }

    /// Sets the bank as one number, in place of group and address.
    #[must_use]
    pub const fn with_bank(mut self, bank: u16) -> Self {
        self.bank = U16::new(bank);
        self.set(MemoryValidation::BANK, MemoryValidation::BANK_GROUP.union(MemoryValidation::BANK_ADDRESS))
    }

    /// Sets bank group and bank address, in place of one number.
    #[must_use]
    pub const fn with_bank_group_and_address(mut self, group: u8, address: u8) -> Self {
        self.bank = U16::new((group as u16) << 8 | address as u16);
        self.set(MemoryValidation::BANK_GROUP.union(MemoryValidation::BANK_ADDRESS), MemoryValidation::BANK)
    }

    /// Sets the chip identification; bits past the third are dropped.
    #[must_use]
    pub const fn with_chip_id(mut self, chip: u8) -> Self {
        self.extended = self.extended & 0x1f | chip << 5;
        self.set(MemoryValidation::CHIP_ID, MemoryValidation::empty())
    }

    const fn set(mut self, valid: MemoryValidation, other: MemoryValidation) -> Self {
        self.validation_bits = U64::new(self.validation().difference(other).union(valid).bits());
        self
    }
}

impl Default for MemoryError {
    fn default() -> Self {
        Self::new()
    }
}

impl SectionType for MemoryError {
    const TYPE: Guid = SectionTypeId::MEMORY.0;
    const NAME: &'static str = "memory error";
}

impl FixedSection for MemoryError {}

impl Decode for MemoryError {
    type View<'a> = Extended<'a, Self>;

    fn decode(body: &[u8]) -> Result<Extended<'_, Self>, Error> {
        Extended::new(body)
    }
}

impl ShortForms for MemoryError {
    const MIN: usize = 73;

    fn forget_past(&mut self, length: usize) {
        let mut gone = MemoryValidation::empty();
        if length < 74 {
            gone |= MemoryValidation::EXTENDED_ROW | MemoryValidation::CHIP_ID;
        }
        if length < 76 {
            gone |= MemoryValidation::RANK;
        }
        if length < 78 {
            gone |= MemoryValidation::CARD_HANDLE;
        }
        if length < 80 {
            gone |= MemoryValidation::MODULE_HANDLE;
        }
        self.validation_bits = U64::new(self.validation().difference(gone).bits());
    }
}

impl Describe for MemoryError {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_valid(out)?;
        if let Some(bank) = self.bank() {
            out.field("bank", Value::number(bank))?;
        }
        if let Some(row) = self.row() {
            out.field("row", Value::number(row))?;
        }
        if let Some(group) = self.bank_group() {
            out.field("bank_group", Value::number(group))?;
        }
        if let Some(address) = self.bank_address() {
            out.field("bank_address", Value::number(address))?;
        }
        if let Some(chip) = self.chip_id() {
            out.field("chip_id", Value::number(chip))?;
        }
        Ok(())
    }
}

show_fields!(MemoryError);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{assert_map, bit_map, every_flip_shows, written};
    use crate::section::{ErrorStatusFlags, ErrorStatusType};
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// What Linux's `cper.c` prints for them is in the `.txt` of the same name in `examples/data/gesb/`.
    const FULL: &[u8; 80] = include_bytes!("../../../examples/data/sections/mem-full-v23.mem.sec");
    const OLD: &[u8; 73] = include_bytes!("../../../examples/data/sections/mem-old-73.mem.sec");
    const DDR: &[u8; 80] = include_bytes!("../../../examples/data/sections/mem-ce-ddr.mem.sec");

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
        40.0 device *16
        42.0 row *16
        44.0 column *16
        46.0 bit_position *16
        48.0 requestor_id *64
        56.0 responder_id *64
        64.0 target_id *64
        72.0 memory_error_type *8
        73.0 hidden ~*8
        74.0 rank *16
        76.0 card_handle *16
        78.0 module_handle *16
    ";
    /// The same of an extended row, and a bank by group and address.
    const EXTENDED_MAP: &str = "
        8.0 hidden ~*240
        38.0 bank_address *8
        39.0 bank_group *8
        40.0 hidden ~*16
        42.0 row *16
        44.0 hidden ~*232
        73.0 row @16*2
        73.2 hidden ~*3
        73.5 chip_id *3
        74.0 hidden ~*48
    ";

    fn map(validation: u64) -> String {
        let mut bytes = [0; 80];
        bytes[..8].copy_from_slice(&validation.to_le_bytes());
        bit_map(&bytes, 0..8, |bytes, told| told(MemoryError::ref_from_bytes(bytes).unwrap()))
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        assert_map(&map(0x0003_ffff), MAP);
        assert_map(&map(0x003c_0000), EXTENDED_MAP);
    }

    fn values() -> MemoryError {
        MemoryError::new()
            .with_error_status(ErrorStatus::new(ErrorStatusType::MEMORY, ErrorStatusFlags::FIRST_ERROR))
            .with_physical_address(0x1112_1314_1516_1718)
            .with_physical_address_mask(0x2122_2324_2526_2728)
            .with_node(0x3132)
            .with_card(0x3334)
            .with_module(0x3536)
            .with_bank(0x3738)
            .with_device(0x4142)
            .with_row(0x4344)
            .with_column(0x4546)
            .with_bit_position(0x4748)
            .with_requestor_id(0x5152_5354_5556_5758)
            .with_responder_id(0x6162_6364_6566_6768)
            .with_target_id(0x7172_7374_7576_7778)
            .with_memory_error_type(MemoryErrorType::PARITY)
            .with_chip_id(5)
            .with_rank(0x8182)
            .with_card_handle(0x8384)
            .with_module_handle(0x8586)
    }

    #[test]
    fn every_writer_sets_its_bytes_and_its_bit() {
        let bytes = written(&values());
        let words = [
            0x0023_ffff,
            0x0020_0400,
            0x1112_1314_1516_1718,
            0x2122_2324_2526_2728,
            0x3738_3536_3334_3132,
            0x4748_4546_4344_4142,
            0x5152_5354_5556_5758,
            0x6162_6364_6566_6768,
            0x7172_7374_7576_7778,
            0x8586_8384_8182_a008u64,
        ];
        assert_eq!(bytes, words.map(u64::to_le_bytes).as_flattened());
        let section = MemoryError::decode(&bytes).unwrap();
        assert_eq!(*section, values());
        assert_eq!(section.error_status().map(ErrorStatus::error_type), Some(ErrorStatusType::MEMORY));
        assert_eq!(section.physical_address(), Some(0x1112_1314_1516_1718));
        assert_eq!(section.physical_address_mask(), Some(0x2122_2324_2526_2728));
        assert_eq!((section.node(), section.card()), (Some(0x3132), Some(0x3334)));
        assert_eq!((section.module(), section.bank()), (Some(0x3536), Some(0x3738)));
        assert_eq!((section.device(), section.row()), (Some(0x4142), Some(0x4344)));
        assert_eq!((section.column(), section.bit_position()), (Some(0x4546), Some(0x4748)));
        assert_eq!(section.requestor_id(), Some(0x5152_5354_5556_5758));
        assert_eq!(section.responder_id(), Some(0x6162_6364_6566_6768));
        assert_eq!(section.target_id(), Some(0x7172_7374_7576_7778));
        assert_eq!(section.memory_error_type(), Some(MemoryErrorType::PARITY));
        assert_eq!((section.chip_id(), section.rank()), (Some(5), Some(0x8182)));
        assert_eq!((section.card_handle(), section.module_handle()), (Some(0x8384), Some(0x8586)));
        assert_eq!((section.bank_group(), section.bank_address()), (None, None));
    }

    #[test]
    fn row_and_bank_have_two_forms_each() {
        let extended = values().with_extended_row(0xffff_1234);
        assert_eq!((extended.row(), extended.chip_id()), (Some(0x3_1234), Some(5)));
        assert_eq!((extended.as_bytes()[42], extended.as_bytes()[43], extended.extended), (0x34, 0x12, 0xa3));
        assert!(!extended.validation().contains(MemoryValidation::ROW));
        assert_eq!(extended.with_row(0x4344), values());
        assert_eq!(extended.with_chip_id(0xfa).extended, 0x43, "three bits, and the row's stay");

        let grouped = values().with_bank_group_and_address(0x39, 0x3a);
        assert_eq!(
            (grouped.bank_group(), grouped.bank_address(), grouped.bank()),
            (Some(0x39), Some(0x3a), None)
        );
        assert_eq!(grouped.as_bytes()[38..40], [0x3a, 0x39]);
        assert_eq!(grouped.with_bank(0x3738), values());

        let mut both = values();
        both.extended = 0xff;
        assert_eq!(both.row(), Some(0x4344), "the upper bits need their own validity bit");
        both.validation_bits.set(1 << 18 | 1 << 8);
        assert_eq!(both.row(), Some(0x3_4344), "as Linux reads it");
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
            "bit position",
            "requestor id",
            "responder id",
            "target id",
            "memory error type",
            "rank",
            "card handle",
            "module handle",
            "row",
            "bank group",
            "bank address",
            "chip id",
        ];
        for (bit, name) in names.iter().enumerate() {
            let mut section = values();
            section.validation_bits = U64::new(1 << bit);
            let text = section.to_string();
            let told = text.lines().next().unwrap().split("  ").next();
            let fields = text.lines().filter(|line| !line.starts_with(' ')).count();
            assert_eq!((fields, told), (1, Some(*name)), "{bit}: {text}");
        }
        assert_eq!(MemoryError::default().to_string(), "");
    }

    #[test]
    fn captured_bytes_give_the_values_that_linux_prints() {
        let text = |body: &[u8]| crate::fields::Fields(&MemoryError::decode(body).unwrap()).to_string();
        let full = "\
error status
  error type              storage error in DRAM (4)
  flags                   0x40000  data
physical address        0x0000000010080040
physical address mask   0xffffffffffffffc0
node                    1
card                    2
module                  3
device                  5
column                  86
bit position            7
requestor id            0x0000000000001111
responder id            0x0000000000002222
target id               0x0000000000003333
memory error type       single-bit ECC (2)
rank                    1
card handle             0x0000
module handle           0x0000
bank                    4
row                     4660
";
        assert_eq!(text(FULL), full);
        let without = |names: &[&str]| -> String {
            let kept = |line: &&str| !names.iter().any(|name| line.starts_with(&std::format!("{name}  ")));
            full.split_inclusive('\n').filter(kept).collect()
        };
        assert_eq!(text(OLD), without(&["rank", "card handle", "module handle"]));
        let rest = ["card", "device", "column", "bit position", "requestor id", "responder id", "target id"];
        let rest = [&rest[..], &["card handle", "module handle", "bank", "row"]].concat();
        assert_eq!(text(DDR), without(&rest));
    }

    #[test]
    fn a_short_form_has_the_fields_that_lie_in_it() {
        let bytes = written(&values().with_extended_row(0x3_4344));
        for length in 0..73 {
            assert_eq!(
                MemoryError::decode(&bytes[..length]).unwrap_err(),
                Error::too_short("memory error", 73, length)
            );
        }
        for length in 73..96 {
            let mut body = bytes.clone();
            body.resize(length, 0xee);
            let section = MemoryError::decode(&body).unwrap();
            assert_eq!(section.bytes(), body, "{length}");
            assert_eq!(section.memory_error_type(), Some(MemoryErrorType::PARITY));
            assert_eq!(section.target_id(), Some(0x7172_7374_7576_7778));
            assert_eq!(section.row(), (length >= 74).then_some(0x3_4344), "{length}");
            assert_eq!(section.chip_id(), (length >= 74).then_some(5), "{length}");
            assert_eq!(section.rank(), (length >= 76).then_some(0x8182), "{length}");
            assert_eq!(section.card_handle(), (length >= 78).then_some(0x8384), "{length}");
            assert_eq!(section.module_handle(), (length >= 80).then_some(0x8586), "{length}");
            let text = crate::fields::Fields(&section).to_string();
            assert_eq!(text.contains("trailing"), length > 80, "{length}: {text}");
        }
        let sixteen_bits = written(&values());
        let section = MemoryError::decode(&sixteen_bits[..73]).unwrap();
        assert_eq!(section.row(), Some(0x4344));
    }

    #[test]
    fn error_types_have_their_names_and_unknown_ones_are_kept() {
        let names: Vec<_> = (0..17).map(|code| MemoryErrorType::new(code).to_string()).collect();
        assert_eq!(
            names.join(", "),
            "unknown, no error, single-bit ECC, multi-bit ECC, single-symbol chipkill ECC, \
             multi-symbol chipkill ECC, master abort, target abort, parity error, watchdog timeout, \
             invalid address, mirror broken, memory sparing, scrub corrected error, scrub uncorrected error, \
             physical memory map-out event, reserved (16)"
        );
    }

    #[test]
    fn a_flip_of_any_bit_shows() {
        let full = written(&values());
        for length in [73, 74, 77, 80] {
            every_flip_shows(SectionTypeId::MEMORY, &full[..length]);
        }
        let mut longer = full;
        longer.extend([1, 2, 3]);
        every_flip_shows(SectionTypeId::MEMORY, &longer);
        every_flip_shows(SectionTypeId::MEMORY, OLD);
    }
}
