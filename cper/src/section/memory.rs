//! Platform memory error (UEFI 2.11 table N.32; 73 bytes in UEFI 2.1 and 2.2, 80 in later ones).

use core::fmt;

use super::error_status::ErrorStatus;
use crate::fields::{Describe, Stored, Value, Visitor, describe_rest};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// An error in a memory device (UEFI 2.11 table N.32, "Memory Error Record").
    MemoryError: 80 bytes, new;
    view MemoryErrorView from 73 as MEMORY "memory error";
    valid MemoryValidation: u64 in validation_bits {
        /// [`MemoryError::bank`] holds a value: the bank as one number.
        BANK = 6;
        /// [`MemoryError::row`] holds a value of 16 bits.
        ROW = 8;
        /// [`MemoryError::row`] holds a value of 18 bits; bit 8 ([`MemoryValidation::ROW`]) is then clear.
        EXTENDED_ROW = 18;
        /// [`MemoryError::bank_group`] holds a value.
        BANK_GROUP = 19;
        /// [`MemoryError::bank_address`] holds a value.
        BANK_ADDRESS = 20;
        /// [`MemoryError::chip_id`] holds a value.
        CHIP_ID = 21;
    };
    0 validation_bits: u64;
    /// Error status: type and signals of the error.
    8 error_status: ErrorStatus as group, error_status_raw set_error_status with_error_status, ERROR_STATUS = 0;
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
    40 device: u16 as number, device_raw set_device with_device, DEVICE = 7;
    /// Row of the error, bits 15:0.
    42 row: u16 raw row_raw;
    /// Column of the error.
    44 column: u16 as number, column_raw set_column with_column, COLUMN = 9;
    /// Bit of the device that failed.
    46 bit_position: u16 as number, bit_position_raw set_bit_position with_bit_position, BIT_POSITION = 10;
    /// Hardware address of the device that initiated the transaction.
    48 requestor_id: u64 as hex, requestor_id_raw set_requestor_id with_requestor_id, REQUESTOR_ID = 11;
    /// Hardware address of the device that responded to the transaction.
    56 responder_id: u64 as hex, responder_id_raw set_responder_id with_responder_id, RESPONDER_ID = 12;
    /// Hardware address of the target that the transaction was intended for.
    64 target_id: u64 as hex, target_id_raw set_target_id with_target_id, TARGET_ID = 13;
    /// Kind of error.
    72 memory_error_type: (u8 MemoryErrorType) as named, memory_error_type_raw set_memory_error_type with_memory_error_type,
        MEMORY_ERROR_TYPE = 14;
    /// Row bits 17:16 in bits 1:0, chip identification in bits 7:5. The 73-byte form ends before this byte.
    73 extended: u8 raw extended_raw;
    /// Rank on the module.
    74 rank: u16 as number, rank_raw set_rank with_rank, RANK = 15;
    /// SMBIOS handle of the memory array (type 16).
    76 card_handle: u16 as hex, card_handle_raw set_card_handle with_card_handle, CARD_HANDLE = 16;
    /// SMBIOS handle of the memory device (type 17).
    78 module_handle: u16 as hex, module_handle_raw set_module_handle with_module_handle, MODULE_HANDLE = 17;
}

open_value! {
    /// Kind of memory error (UEFI 2.11 table N.32, "Memory Error Type"), of both memory sections.
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

/// Writes a memory error of either section in one line: its kind, its address, and each place that is known.
pub(super) fn write_memory_summary(
    f: &mut dyn fmt::Write,
    kinds: (Option<MemoryErrorType>, Option<ErrorStatus>),
    address: Option<u64>,
    places: &[(&str, Option<u32>)],
) -> fmt::Result {
    match kinds {
        (Some(kind), _) if kind != MemoryErrorType::UNKNOWN => write!(f, "{kind}")?,
        (_, Some(status)) if status.error_type().raw() != 0 => write!(f, "{}", status.error_type())?,
        _ => f.write_str("error of unknown type")?,
    }
    if let Some(address) = address {
        write!(f, " at {address:#x}")?;
    }
    write_places(f, places)
}

/// Writes the places that are known, in parentheses.
pub(super) fn write_places(f: &mut dyn fmt::Write, places: &[(&str, Option<u32>)]) -> fmt::Result {
    let mut before = " (";
    for (name, place) in places {
        if let Some(place) = place {
            f.write_str(before)?;
            f.write_str(name)?;
            write!(f, " {place}")?;
            before = ", ";
        }
    }
    if before == ", " { f.write_str(")") } else { Ok(()) }
}

impl MemoryErrorView<'_> {
    /// Row of the error: 16 bits, or 18 when the extended row is valid; `None` when neither validity bit is set.
    #[inline]
    pub fn row(&self) -> Option<u32> {
        let validation = self.validation();
        if validation.contains(MemoryValidation::EXTENDED_ROW) {
            Some((u32::from(self.extended_raw()?) & 3) << 16 | u32::from(self.row_raw()?))
        } else if validation.contains(MemoryValidation::ROW) {
            self.row_raw().map(u32::from)
        } else {
            None
        }
    }

    /// Bank as one number; `None` when its validity bit is clear.
    #[inline]
    pub fn bank(&self) -> Option<u16> {
        if self.validation().contains(MemoryValidation::BANK) { self.bank_raw() } else { None }
    }

    /// Bank group, 8 bits; `None` when its validity bit is clear.
    #[inline]
    pub fn bank_group(&self) -> Option<u8> {
        let [_, group] = self.bank_raw()?.to_le_bytes();
        self.validation().contains(MemoryValidation::BANK_GROUP).then_some(group)
    }

    /// Bank address, 8 bits; `None` when its validity bit is clear.
    #[inline]
    pub fn bank_address(&self) -> Option<u8> {
        let [address, _] = self.bank_raw()?.to_le_bytes();
        self.validation().contains(MemoryValidation::BANK_ADDRESS).then_some(address)
    }

    /// Chip identification, 3 bits; `None` when its validity bit is clear.
    #[inline]
    pub fn chip_id(&self) -> Option<u8> {
        let extended = self.extended_raw()?;
        self.validation().contains(MemoryValidation::CHIP_ID).then_some(extended >> 5)
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
                ("rank", self.rank().map(u32::from)),
                ("bank", self.bank().map(u32::from)),
                ("bank group", self.bank_group().map(u32::from)),
                ("bank address", self.bank_address().map(u32::from)),
                ("chip", self.chip_id().map(u32::from)),
                ("device", self.device().map(u32::from)),
                ("row", self.row()),
                ("column", self.column().map(u32::from)),
                ("bit", self.bit_position().map(u32::from)),
            ],
        )
    }
}

impl MemoryError {
    /// Row of the error: 16 bits, or 18 when the extended row is valid; `None` when neither validity bit is set.
    #[inline]
    pub fn row(&self) -> Option<u32> {
        self.view().row()
    }

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

    /// Chip identification, 3 bits; `None` when its validity bit is clear.
    #[inline]
    pub fn chip_id(&self) -> Option<u8> {
        self.view().chip_id()
    }

    /// Sets a row of 16 bits and its validity bit.
    #[inline]
    pub const fn set_row(&mut self, row: u16) {
        Self::AT.row.put(&mut self.0, u16::to_le_bytes(row));
        self.set_extended_raw(self.extended_raw() & !3);
        self.mark(MemoryValidation::ROW, MemoryValidation::EXTENDED_ROW);
    }

    /// Sets a row of 16 bits and its validity bit.
    #[must_use]
    #[inline]
    pub const fn with_row(mut self, row: u16) -> Self {
        self.set_row(row);
        self
    }

    /// Sets a row of 18 bits and its validity bit; higher bits are dropped.
    #[inline]
    pub const fn set_extended_row(&mut self, row: u32) {
        Self::AT.row.put(&mut self.0, u16::to_le_bytes(row as u16));
        self.set_extended_raw(self.extended_raw() & !3 | (row >> 16) as u8 & 3);
        self.mark(MemoryValidation::EXTENDED_ROW, MemoryValidation::ROW);
    }

    /// Sets a row of 18 bits and its validity bit; higher bits are dropped.
    #[must_use]
    #[inline]
    pub const fn with_extended_row(mut self, row: u32) -> Self {
        self.set_extended_row(row);
        self
    }

    /// Sets the bank as one number and its validity bit, in place of group and address.
    #[inline]
    pub const fn set_bank(&mut self, bank: u16) {
        Self::AT.bank.put(&mut self.0, u16::to_le_bytes(bank));
        self.mark(MemoryValidation::BANK, MemoryValidation::BANK_GROUP.union(MemoryValidation::BANK_ADDRESS));
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
        self.mark(MemoryValidation::BANK_GROUP.union(MemoryValidation::BANK_ADDRESS), MemoryValidation::BANK);
    }

    /// Sets bank group and bank address and their validity bits, in place of one number.
    #[must_use]
    #[inline]
    pub const fn with_bank_group_and_address(mut self, group: u8, address: u8) -> Self {
        self.set_bank_group_and_address(group, address);
        self
    }

    /// Sets the chip identification and its validity bit; bits past the third are dropped.
    #[inline]
    pub const fn set_chip_id(&mut self, chip: u8) {
        self.set_extended_raw(self.extended_raw() & 0x1f | chip << 5);
        self.mark(MemoryValidation::CHIP_ID, MemoryValidation::empty());
    }

    /// Sets the chip identification and its validity bit; bits past the third are dropped.
    #[must_use]
    #[inline]
    pub const fn with_chip_id(mut self, chip: u8) -> Self {
        self.set_chip_id(chip);
        self
    }

    /// Sets the byte of row bits 17:16 and chip identification, and no validity bit: to write what another writer
    /// would.
    #[inline]
    pub const fn set_extended_raw(&mut self, extended: u8) {
        Self::AT.extended.put(&mut self.0, [extended]);
    }

    /// Sets the byte of row bits 17:16 and chip identification, and no validity bit: to write what another writer
    /// would.
    #[must_use]
    #[inline]
    pub const fn with_extended_raw(mut self, extended: u8) -> Self {
        self.set_extended_raw(extended);
        self
    }
}

impl Describe for MemoryErrorView<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        if let Some(bank) = self.bank() {
            out.stored("bank", MemoryError::AT.bank.of(self.bytes), Stored::Shown);
            out.field("bank", Value::number(bank))?;
        }
        if let Some(row) = self.row() {
            out.stored("row", MemoryError::AT.row.of(self.bytes), Stored::Shown);
            out.field("row", Value::number(row))?;
        }
        if self.bank_group().is_some() && self.bank_address().is_some() {
            out.stored("bank", MemoryError::AT.bank.of(self.bytes), Stored::Shown);
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
        describe_rest("trailing", self.trailing(), out)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Error;
    use crate::kind::Decode;
    use crate::kind::SectionType;
    use crate::section::checks::{assert_map, bit_map, written};
    use crate::section::{ErrorStatusFlags, ErrorStatusType};
    use std::string::{String, ToString};
    use std::vec::Vec;
    use zerocopy::IntoBytes;

    /// What Linux's `cper.c` prints for them is in the `.txt` of the same name in `examples/data/gesb/`.
    const FULL: &[u8; 80] = include_bytes!("../../data/mem-full-v23.mem.sec");
    const OLD: &[u8; 73] = include_bytes!("../../data/mem-old-73.mem.sec");
    const DDR: &[u8; 80] = include_bytes!("../../data/mem-ce-ddr.mem.sec");

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
        bit_map(&bytes, 0..8, |bytes, told| told(&MemoryError::decode(bytes).unwrap()))
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        assert_map(&map(0x0003_ffff), MAP);
        assert_map(&map(0x003c_0000), EXTENDED_MAP);
    }

    fn values() -> MemoryError {
        MemoryError::new()
            .with_error_status(ErrorStatus::of(ErrorStatusType::MEMORY, ErrorStatusFlags::FIRST_ERROR))
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
        assert_eq!(section.structure(), Some(&values()));
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
        assert_eq!(
            (extended.as_bytes()[42], extended.as_bytes()[43], extended.extended_raw()),
            (0x34, 0x12, 0xa3)
        );
        assert!(!extended.validation().contains(MemoryValidation::ROW));
        assert_eq!(extended.with_row(0x4344), values());
        assert_eq!(extended.with_chip_id(0xfa).extended_raw(), 0x43, "three bits, and the row's stay");

        let grouped = values().with_bank_group_and_address(0x39, 0x3a);
        assert_eq!(
            (grouped.bank_group(), grouped.bank_address(), grouped.bank()),
            (Some(0x39), Some(0x3a), None)
        );
        assert_eq!(grouped.as_bytes()[38..40], [0x3a, 0x39]);
        assert_eq!(grouped.with_bank(0x3738), values());

        let mut both = values();
        both.set_extended_raw(0xff);
        assert_eq!(both.row(), Some(0x4344), "the upper bits need their own validity bit");
        both.set_validation(MemoryValidation::ROW | MemoryValidation::EXTENDED_ROW);
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
            let section = values().with_validation(MemoryValidation::from_bits_retain(1 << bit));
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
    fn a_bit_of_a_short_form_shows_as_far_as_the_form_goes() {
        let whole = MAP.split_once("73.0").unwrap().0;
        let map = |length: usize| {
            let mut bytes = [0; 80];
            bytes[..8].copy_from_slice(&0x0003_ffff_u64.to_le_bytes());
            bit_map(&bytes[..length], 0..8, |bytes, told| told(&MemoryError::decode(bytes).unwrap()))
        };
        assert_map(&map(73), whole);
        assert_map(&map(75), &[whole, "73.0 hidden ~*16"].concat());
        assert_map(&map(76), &[whole, "73.0 hidden ~*8 74.0 rank *16"].concat());
        let longer = bit_map(&[0; 83], 0..80, |bytes, told| told(&MemoryError::decode(bytes).unwrap()));
        assert_map(&longer, "80.0 trailing ~*24");
    }

    #[test]
    fn a_summary_says_what_and_where() {
        let summary = |body: &[u8]| {
            crate::section::Body::decode(MemoryError::TYPE, body).unwrap().summary().to_string()
        };
        assert_eq!(
            summary(OLD),
            "single-bit ECC at 0x10080040 (node 1, card 2, module 3, bank 4, device 5, row 4660, column 86, bit 7)"
        );
        assert_eq!(summary(&[0; 80]), "error of unknown type");
    }
}
