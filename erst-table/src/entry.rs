//! Serialization instruction entries: one 32-byte line of an ERST program (ACPI 6.5 tables 18.20 to 18.24).

use core::fmt;

use zerocopy::IntoBytes;

use crate::GenericAddress;
use crate::grammar::{flags, open_value};
use crate::structure::structure;

open_value! {
    /// Serialization action: what a run of instructions does for the operating system (ACPI 6.5 table 18.20).
    Action: u8 {
        /// A record write begins.
        BEGIN_WRITE_OPERATION = 0x00 => "BEGIN_WRITE_OPERATION",
        /// A record read begins.
        BEGIN_READ_OPERATION = 0x01 => "BEGIN_READ_OPERATION",
        /// A record clear begins.
        BEGIN_CLEAR_OPERATION = 0x02 => "BEGIN_CLEAR_OPERATION",
        /// The operation has ended.
        END_OPERATION = 0x03 => "END_OPERATION",
        /// Input: offset of the record in the error log address range.
        SET_RECORD_OFFSET = 0x04 => "SET_RECORD_OFFSET",
        /// The platform carries out the operation that was begun.
        EXECUTE_OPERATION = 0x05 => "EXECUTE_OPERATION",
        /// Output: 1 while the operation is under way, else 0.
        CHECK_BUSY_STATUS = 0x06 => "CHECK_BUSY_STATUS",
        /// Output: a command [`Status`](crate::Status).
        GET_COMMAND_STATUS = 0x07 => "GET_COMMAND_STATUS",
        /// Output: identifier of a stored record, all ones when there is none (any more).
        GET_RECORD_IDENTIFIER = 0x08 => "GET_RECORD_IDENTIFIER",
        /// Input: identifier of the record to read or to clear.
        SET_RECORD_IDENTIFIER = 0x09 => "SET_RECORD_IDENTIFIER",
        /// Output: number of stored records.
        GET_RECORD_COUNT = 0x0a => "GET_RECORD_COUNT",
        /// A write begins whose record the platform discards.
        BEGIN_DUMMY_WRITE_OPERATION = 0x0b => "BEGIN_DUMMY_WRITE_OPERATION",
        /// Output: physical address of the error log address range.
        GET_ERROR_LOG_ADDRESS_RANGE = 0x0d => "GET_ERROR_LOG_ADDRESS_RANGE",
        /// Output: length of that range in bytes.
        GET_ERROR_LOG_ADDRESS_RANGE_LENGTH = 0x0e => "GET_ERROR_LOG_ADDRESS_RANGE_LENGTH",
        /// Output: [`RangeAttributes`](crate::RangeAttributes) of that range.
        GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES = 0x0f => "GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES",
        /// Output: how long `EXECUTE_OPERATION` takes: bits 63:32 at most, bits 31:0 nominally, in microseconds (ACPI
        /// 6.3).
        GET_EXECUTE_OPERATION_TIMINGS = 0x10 => "GET_EXECUTE_OPERATION_TIMINGS",
    }
}

impl Action {
    /// Every action the specification defines, in the order of their numbers.
    pub const ALL: [Self; 16] = [
        Self::BEGIN_WRITE_OPERATION,
        Self::BEGIN_READ_OPERATION,
        Self::BEGIN_CLEAR_OPERATION,
        Self::END_OPERATION,
        Self::SET_RECORD_OFFSET,
        Self::EXECUTE_OPERATION,
        Self::CHECK_BUSY_STATUS,
        Self::GET_COMMAND_STATUS,
        Self::GET_RECORD_IDENTIFIER,
        Self::SET_RECORD_IDENTIFIER,
        Self::GET_RECORD_COUNT,
        Self::BEGIN_DUMMY_WRITE_OPERATION,
        Self::GET_ERROR_LOG_ADDRESS_RANGE,
        Self::GET_ERROR_LOG_ADDRESS_RANGE_LENGTH,
        Self::GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES,
        Self::GET_EXECUTE_OPERATION_TIMINGS,
    ];

    /// Whether the operating system hands a value to this action.
    pub const fn takes_input(self) -> bool {
        matches!(self, Self::SET_RECORD_OFFSET | Self::SET_RECORD_IDENTIFIER)
    }

    /// Whether this action hands a value to the operating system.
    pub const fn returns_output(self) -> bool {
        matches!(
            self,
            Self::CHECK_BUSY_STATUS
                | Self::GET_COMMAND_STATUS
                | Self::GET_RECORD_IDENTIFIER
                | Self::GET_RECORD_COUNT
                | Self::GET_ERROR_LOG_ADDRESS_RANGE
                | Self::GET_ERROR_LOG_ADDRESS_RANGE_LENGTH
                | Self::GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES
                | Self::GET_EXECUTE_OPERATION_TIMINGS
        )
    }
}

open_value! {
    /// Serialization instruction (ACPI 6.5 table 18.24).
    Instruction: u8 {
        /// The output is what the register holds.
        READ_REGISTER = 0x00 => "READ_REGISTER",
        /// The output is 1 if the register holds Value, else 0.
        READ_REGISTER_VALUE = 0x01 => "READ_REGISTER_VALUE",
        /// Writes the input to the register.
        WRITE_REGISTER = 0x02 => "WRITE_REGISTER",
        /// Writes Value to the register.
        WRITE_REGISTER_VALUE = 0x03 => "WRITE_REGISTER_VALUE",
        /// Does nothing.
        NOOP = 0x04 => "NOOP",
        /// VAR1 becomes what the register holds.
        LOAD_VAR1 = 0x05 => "LOAD_VAR1",
        /// VAR2 becomes what the register holds.
        LOAD_VAR2 = 0x06 => "LOAD_VAR2",
        /// Writes VAR1 to the register.
        STORE_VAR1 = 0x07 => "STORE_VAR1",
        /// VAR1 becomes VAR1 + VAR2.
        ADD = 0x08 => "ADD",
        /// VAR1 becomes VAR2 - VAR1.
        SUBTRACT = 0x09 => "SUBTRACT",
        /// Adds Value to the register.
        ADD_VALUE = 0x0a => "ADD_VALUE",
        /// Subtracts Value from the register.
        SUBTRACT_VALUE = 0x0b => "SUBTRACT_VALUE",
        /// Waits Value microseconds.
        STALL = 0x0c => "STALL",
        /// Waits as long as the register holds Value, VAR1 microseconds a turn.
        STALL_WHILE_TRUE = 0x0d => "STALL_WHILE_TRUE",
        /// Skips the next instruction if the register holds Value.
        SKIP_NEXT_INSTRUCTION_IF_TRUE = 0x0e => "SKIP_NEXT_INSTRUCTION_IF_TRUE",
        /// Goes on at the instruction whose index in the action is Value.
        GOTO = 0x0f => "GOTO",
        /// `SRC_BASE` becomes what the register holds.
        SET_SRC_ADDRESS_BASE = 0x10 => "SET_SRC_ADDRESS_BASE",
        /// `DST_BASE` becomes what the register holds.
        SET_DST_ADDRESS_BASE = 0x11 => "SET_DST_ADDRESS_BASE",
        /// Moves VAR2 bytes of memory from `SRC_BASE` to `DST_BASE`, both plus what the register holds.
        MOVE_DATA = 0x12 => "MOVE_DATA",
    }
}

impl Instruction {
    /// Number of instructions the specification defines: 0 to 0x12.
    pub const COUNT: u8 = 0x13;

    /// Whether this is an instruction that the specification defines.
    #[inline]
    pub const fn is_defined(self) -> bool {
        self.raw() < Self::COUNT
    }

    /// Whether the instruction accesses the entry's register.
    #[inline]
    pub const fn accesses_register(self) -> bool {
        self.is_defined()
            && !matches!(self, Self::NOOP | Self::ADD | Self::SUBTRACT | Self::STALL | Self::GOTO)
    }

    /// Whether the instruction reads the entry's register.
    #[inline]
    pub(crate) const fn reads_register(self) -> bool {
        self.accesses_register()
            && !matches!(self, Self::WRITE_REGISTER | Self::WRITE_REGISTER_VALUE | Self::STORE_VAR1)
    }

    /// Whether the instruction uses the entry's Value field.
    pub const fn uses_value(self) -> bool {
        matches!(
            self,
            Self::READ_REGISTER_VALUE
                | Self::WRITE_REGISTER_VALUE
                | Self::ADD_VALUE
                | Self::SUBTRACT_VALUE
                | Self::STALL
                | Self::STALL_WHILE_TRUE
                | Self::SKIP_NEXT_INSTRUCTION_IF_TRUE
                | Self::GOTO
        )
    }

    /// Whether Linux takes the operand of this instruction from elsewhere than the text
    /// ([`Semantics`](crate::Semantics)).
    #[inline]
    pub const fn differs_in_linux(self) -> bool {
        matches!(self.raw(), 0x09..=0x0f)
    }
}

flags! {
    /// Flags of an instruction entry (ACPI 6.5 table 18.23); undefined bits are kept.
    InstructionFlags: u8 {
        /// Bits of the register outside the mask keep their value when it is written.
        PRESERVE_REGISTER = 0x1 => "PRESERVE_REGISTER",
    }
}

structure! {
    /// One instruction of one action (ACPI 6.5 table 18.22, 32 bytes).
    InstructionEntry: 32 bytes;
    /// The action that the instruction belongs to.
    0 action: (u8 Action) => set_action with_action;
    /// What the instruction does.
    1 instruction: (u8 Instruction) => set_instruction with_instruction;
    /// The flags, with undefined bits as found.
    2 flags: (u8 InstructionFlags) => set_flags with_flags;
    /// Reserved, 0.
    3 reserved: u8 => set_reserved with_reserved;
    /// The register that the instruction accesses.
    4 register: GenericAddress => set_register with_register;
    /// Operand of the instruction, where it has one.
    16 value: u64 => set_value with_value;
    /// Which bits count, after the register was shifted down by its bit offset.
    24 mask: u64 => set_mask with_mask;
}

impl InstructionEntry {
    /// An instruction on `register`, its mask all bits of the register, its value 0.
    #[inline]
    pub const fn new(action: Action, instruction: Instruction, register: GenericAddress) -> Self {
        let mask = match register.bit_width() {
            0..64 => 1_u64.wrapping_shl(register.bit_width() as u32).wrapping_sub(1),
            _ => u64::MAX,
        };
        Self::ZERO.with_action(action).with_instruction(instruction).with_register(register).with_mask(mask)
    }
}

/// One line of assembly, without the action: `WRITE_REGISTER_VALUE  mem32[0xfebfd000] <- 0x5`.
///
/// The mask is shown where it is not all bits of the register, a Value that the instruction does not use where it is
/// not 0, reserved bits where they are set: no bit of the entry goes unseen.
impl fmt::Display for InstructionEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (register, value) = (self.register(), self.value());
        match self.instruction().name() {
            Some(name) => write!(f, "{name:<30}")?,
            None => write!(f, "instruction {:#04x}              ", self.instruction().raw())?,
        }
        match self.instruction() {
            Instruction::READ_REGISTER => write!(f, "output <- {register}")?,
            Instruction::READ_REGISTER_VALUE => write!(f, "output <- {register} == {value:#x}")?,
            Instruction::WRITE_REGISTER => write!(f, "{register} <- input")?,
            Instruction::WRITE_REGISTER_VALUE => write!(f, "{register} <- {value:#x}")?,
            Instruction::NOOP => f.write_str("-")?,
            Instruction::LOAD_VAR1 => write!(f, "var1 <- {register}")?,
            Instruction::LOAD_VAR2 => write!(f, "var2 <- {register}")?,
            Instruction::STORE_VAR1 => write!(f, "{register} <- var1")?,
            Instruction::ADD => f.write_str("var1 <- var1 + var2")?,
            Instruction::SUBTRACT => f.write_str("var1 <- var2 - var1")?,
            Instruction::ADD_VALUE => write!(f, "{register} += {value:#x}")?,
            Instruction::SUBTRACT_VALUE => write!(f, "{register} -= {value:#x}")?,
            Instruction::STALL => write!(f, "{value} us")?,
            Instruction::STALL_WHILE_TRUE => write!(f, "while {register} == {value:#x}, var1 us a turn")?,
            Instruction::SKIP_NEXT_INSTRUCTION_IF_TRUE => write!(f, "if {register} == {value:#x}")?,
            Instruction::GOTO => write!(f, "{value}")?,
            Instruction::SET_SRC_ADDRESS_BASE => write!(f, "src_base <- {register}")?,
            Instruction::SET_DST_ADDRESS_BASE => write!(f, "dst_base <- {register}")?,
            Instruction::MOVE_DATA => write!(f, "var2 bytes, dst_base <- src_base, both + {register}")?,
            _ => write!(f, "{register}, value {value:#x}")?,
        }
        if self.instruction().is_defined()
            && !self.instruction().accesses_register()
            && register.as_bytes() != [0; 12]
        {
            write!(f, ", unused register {register}")?;
        }
        if self.instruction().is_defined() && !self.instruction().uses_value() && value != 0 {
            write!(f, ", unused value {value:#x}")?;
        }
        if self.mask() != Self::new(self.action(), self.instruction(), register).mask() {
            write!(f, ", mask {:#x}", self.mask())?;
        }
        if self.flags().contains(InstructionFlags::PRESERVE_REGISTER) {
            f.write_str(", preserve")?;
        }
        let undefined = self.flags().difference(InstructionFlags::PRESERVE_REGISTER);
        if !undefined.is_empty() {
            write!(f, ", reserved flags {:#04x}", undefined.bits())?;
        }
        if self.reserved() != 0 {
            write!(f, ", reserved byte {:#04x}", self.reserved())?;
        }
        Ok(())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for InstructionEntry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("InstructionEntry", 7)?;
        out.serialize_field("action", &self.action())?;
        out.serialize_field("instruction", &self.instruction())?;
        out.serialize_field("flags", &self.flags())?;
        out.serialize_field("reserved", &self.reserved())?;
        out.serialize_field("register", &self.register())?;
        out.serialize_field("value", &crate::grammar::Wide(self.value()))?;
        out.serialize_field("mask", &crate::grammar::Wide(self.mask()))?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use zerocopy::FromBytes;

    use crate::{AccessWidth, AddressSpace};
    use std::collections::BTreeSet;
    use std::format;
    use std::string::ToString;

    const VALUE: GenericAddress =
        GenericAddress::new(AddressSpace::SYSTEM_MEMORY, 0xfebf_d008, AccessWidth::Dword);

    #[test]
    fn entry_bytes_as_qemu_writes_them() {
        let entry = InstructionEntry::new(Action::CHECK_BUSY_STATUS, Instruction::READ_REGISTER_VALUE, VALUE)
            .with_value(1);
        let bytes = [
            6, 1, 0, 0, 0, 0x20, 0, 3, 0x08, 0xd0, 0xbf, 0xfe, 0, 0, 0, 0, //
            1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
        ];
        assert_eq!(entry.as_bytes(), bytes);
        assert_eq!(InstructionEntry::read_from_bytes(&bytes).unwrap(), entry);
    }

    #[test]
    fn actions_and_instructions_have_the_specifications_numbers() {
        assert!(
            Action::ALL.iter().map(|action| action.raw()).eq((0..=0x10).filter(|&number| number != 0x0c))
        );
        assert!(Action::ALL.iter().all(|action| action.name().is_some()));
        assert_eq!(Action::new(0x0c).name(), None);
        assert_eq!((0..=255).filter(|&number| Instruction::new(number).name().is_some()).count(), 19);
        assert!(
            (0..=255)
                .all(|number| Instruction::new(number).name().is_some()
                    == Instruction::new(number).is_defined())
        );
        let with_register = (0..=255).filter(|&number| Instruction::new(number).accesses_register()).count();
        assert_eq!(with_register, 14);
        assert_eq!(Action::ALL.iter().filter(|action| action.takes_input()).count(), 2);
        assert_eq!(Action::ALL.iter().filter(|action| action.returns_output()).count(), 8);
    }

    #[test]
    fn every_bit_of_an_entry_shows_in_its_text() {
        for number in 0..=Instruction::COUNT {
            let entry = InstructionEntry::new(Action::EXECUTE_OPERATION, Instruction::new(number), VALUE)
                .with_value(0x9c);
            let mut seen = BTreeSet::from([format!("{} {entry}", entry.action())]);
            for bit in 0..256 {
                let mut bytes = [0; 32];
                bytes.copy_from_slice(entry.as_bytes());
                bytes[bit / 8] ^= 1 << (bit % 8);
                let flipped = InstructionEntry::read_from_bytes(&bytes).unwrap();
                assert!(
                    seen.insert(format!("{} {flipped}", flipped.action())),
                    "instruction {number}, bit {bit}"
                );
            }
        }
    }

    #[test]
    fn text_of_each_instruction() {
        let line = |number, value| {
            let entry = InstructionEntry::new(Action::EXECUTE_OPERATION, Instruction::new(number), VALUE)
                .with_value(value);
            let text = entry.to_string();
            text.split_once("  ").map_or(text.clone(), |(name, rest)| format!("{name} {}", rest.trim_start()))
        };
        assert_eq!(line(0x00, 0), "READ_REGISTER output <- mem32[0xfebfd008]");
        assert_eq!(line(0x01, 1), "READ_REGISTER_VALUE output <- mem32[0xfebfd008] == 0x1");
        assert_eq!(line(0x02, 0), "WRITE_REGISTER mem32[0xfebfd008] <- input");
        assert_eq!(line(0x03, 0x9c), "WRITE_REGISTER_VALUE mem32[0xfebfd008] <- 0x9c");
        assert_eq!(line(0x04, 0), "NOOP -, unused register mem32[0xfebfd008]");
        assert_eq!(line(0x06, 0), "LOAD_VAR2 var2 <- mem32[0xfebfd008]");
        assert_eq!(line(0x07, 0), "STORE_VAR1 mem32[0xfebfd008] <- var1");
        assert_eq!(line(0x08, 0), "ADD var1 <- var1 + var2, unused register mem32[0xfebfd008]");
        assert_eq!(line(0x09, 0), "SUBTRACT var1 <- var2 - var1, unused register mem32[0xfebfd008]");
        assert_eq!(line(0x0a, 3), "ADD_VALUE mem32[0xfebfd008] += 0x3");
        assert_eq!(line(0x0b, 3), "SUBTRACT_VALUE mem32[0xfebfd008] -= 0x3");
        assert_eq!(line(0x0c, 50), "STALL 50 us, unused register mem32[0xfebfd008]");
        assert_eq!(line(0x0e, 1), "SKIP_NEXT_INSTRUCTION_IF_TRUE if mem32[0xfebfd008] == 0x1");
        assert_eq!(line(0x10, 0), "SET_SRC_ADDRESS_BASE src_base <- mem32[0xfebfd008]");
        assert_eq!(line(0x11, 0), "SET_DST_ADDRESS_BASE dst_base <- mem32[0xfebfd008]");
        assert_eq!(line(0x12, 0), "MOVE_DATA var2 bytes, dst_base <- src_base, both + mem32[0xfebfd008]");
        assert_eq!(line(0x0d, 1), "STALL_WHILE_TRUE while mem32[0xfebfd008] == 0x1, var1 us a turn");
        assert_eq!(line(0x0f, 2), "GOTO 2, unused register mem32[0xfebfd008]");
        assert_eq!(line(0x13, 2), "instruction 0x13 mem32[0xfebfd008], value 0x2");
        assert_eq!(line(0x05, 2), "LOAD_VAR1 var1 <- mem32[0xfebfd008], unused value 0x2");
        let entry = InstructionEntry::new(Action::END_OPERATION, Instruction::WRITE_REGISTER, VALUE)
            .with_mask(0xf0)
            .with_flags(InstructionFlags::new(0x81));
        assert!(entry.to_string().ends_with("input, mask 0xf0, preserve, reserved flags 0x80"));
    }
}
