//! Platform memory error (UEFI 2.11 table N.31; 73 bytes until UEFI 2.3, 80 since).

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{ErrorStatus, FixedSection, SectionType, ShortForms};
use crate::fields::{Describe, Value, Visitor, show_fields, valid_fields};
use crate::open_value::open_value;
use crate::{Guid, SectionTypeId};

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
    /// Bank as one number.
    bank / with_bank: u16 as number, BANK;
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

    /// Sets bank group and bank address.
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
