//! What is wrong with a table, by the specification's rules and by Linux's (ACPI 6.5 section 18.5; Linux 6.12
//! `erst_check_table`, `erst_init`, `apei_check_gar`).

use core::fmt;

use crate::{Action, Instruction, InstructionEntry, InstructionFlags, RegisterFault, Semantics, Table};

/// Something wrong in a table, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Index of the entry in the table, `None` for the table as a whole.
    pub entry: Option<usize>,
    /// What is wrong.
    pub problem: Problem,
    /// How much it matters under the rules that were asked for.
    pub severity: FindingSeverity,
}

/// How much a [`Finding`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingSeverity {
    /// Allowed, but surely not what was meant; under Linux's rules: the driver starts, and something does not work, or
    /// not as the specification says.
    Warning,
    /// Against the specification's text; under Linux's rules: the driver does not start.
    Error,
}

/// What is wrong with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The table's length exceeds the bytes given.
    Truncated {
        /// The length in the header.
        length: u32,
        /// The bytes there are.
        available: u64,
    },
    /// The table's length is less than its headers' 48 bytes.
    Length(u32),
    /// All bytes sum to this and not to 0.
    Checksum(u8),
    /// The revision is not 1.
    Revision(u8),
    /// The serialization header's size is neither 48 nor 12.
    HeaderSize(u32),
    /// The serialization header's reserved field is not 0.
    HeaderReserved(u32),
    /// The entry count is not what the table's length holds.
    EntryCount {
        /// The count in the header.
        stated: u32,
        /// The entries that the length holds.
        held: u32,
    },
    /// Bytes follow the last entry, too few for another.
    TrailingBytes(u32),
    /// An action has no instruction.
    MissingAction(Action),
    /// None of the action's instructions writes the input to a register.
    InputUnused(Action),
    /// None of the action's instructions reads the output from a register.
    OutputMissing(Action),
    /// The action is not defined: nobody asks for it, and the entry is never run. Firmware of several makers has such
    /// entries, with `NOOP` in them.
    ReservedAction(Action),
    /// The instruction is not defined.
    UnknownInstruction(Instruction),
    /// Undefined flags are set.
    ReservedFlags(u8),
    /// The reserved byte is not 0.
    ReservedByte(u8),
    /// The register cannot be accessed.
    Register(RegisterFault),
    /// The register is wider than its access size; Linux widens the access.
    NarrowAccess {
        /// Bits of the register.
        bits: u8,
        /// Bits of one access.
        access_bits: u8,
    },
    /// The mask has bits that the register does not.
    MaskTooWide {
        /// The mask of the entry.
        mask: u64,
        /// Bits of the register.
        bits: u8,
    },
    /// The value has bits outside the mask: no register can hold it, and it is never written as it is.
    ValueOutsideMask {
        /// The value of the entry.
        value: u64,
        /// The mask of the entry.
        mask: u64,
    },
    /// `GOTO` to an index that the action does not have; it ends the action.
    GotoOutside {
        /// The index that the entry jumps to.
        target: u64,
        /// Instructions of the action.
        count: u32,
    },
    /// Linux takes this instruction's operand from elsewhere than the specification ([`Semantics`]).
    LinuxDiffers(Instruction),
    /// `WRITE_REGISTER` in an action to which the operating system hands no input.
    NoInput(Action),
    /// `WRITE_REGISTER` of the input after an instruction that, in Linux, has overwritten the input.
    InputOverwritten,
}

impl Problem {
    /// How much the problem matters under these rules; `None` when it is none under them.
    pub const fn severity(self, rules: Semantics) -> Option<FindingSeverity> {
        use FindingSeverity::{Error, Warning};
        let (specification, linux) = match self {
            Self::Truncated { .. }
            | Self::Length(_)
            | Self::HeaderSize(_)
            | Self::EntryCount { .. }
            | Self::UnknownInstruction(_)
            | Self::Register(_) => (Some(Error), Some(Error)),
            Self::MissingAction(action) => match action {
                Action::GET_ERROR_LOG_ADDRESS_RANGE
                | Action::GET_ERROR_LOG_ADDRESS_RANGE_LENGTH
                | Action::GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES => (Some(Error), Some(Error)),
                // Linux runs these only if they are there.
                Action::BEGIN_WRITE_OPERATION
                | Action::BEGIN_READ_OPERATION
                | Action::BEGIN_CLEAR_OPERATION
                | Action::END_OPERATION => (Some(Error), None),
                // No operation needs them: one is for tests of the platform, the other came with ACPI 6.3.
                Action::BEGIN_DUMMY_WRITE_OPERATION | Action::GET_EXECUTE_OPERATION_TIMINGS => (None, None),
                _ => (Some(Error), Some(Warning)),
            },
            Self::Checksum(_) | Self::InputUnused(_) | Self::OutputMissing(_) => (Some(Error), Some(Warning)),
            Self::Revision(_)
            | Self::HeaderReserved(_)
            | Self::ReservedFlags(_)
            | Self::ReservedByte(_)
            | Self::GotoOutside { .. } => (Some(Error), None),
            // No operation runs an action that is not defined, so its entries are never run. A problem inside such an
            // entry is a finding of its own: Linux checks the instruction and the register of every entry.
            Self::ReservedAction(_)
            | Self::TrailingBytes(_)
            | Self::NarrowAccess { .. }
            | Self::MaskTooWide { .. } => (Some(Warning), None),
            Self::ValueOutsideMask { .. } | Self::NoInput(_) => (Some(Warning), Some(Warning)),
            Self::LinuxDiffers(_) | Self::InputOverwritten => (None, Some(Warning)),
        };
        match rules {
            Semantics::Specification => specification,
            Semantics::Linux => linux,
        }
    }
}

/// What the instructions of each defined action have in common.
#[derive(Clone, Copy, Default)]
struct Summary {
    count: u32,
    writes_input: bool,
    reads_output: bool,
    /// Index of the first entry after which Linux has lost the input.
    loses_input: Option<usize>,
}

/// One [`Summary`] for each action number up to the last that is defined.
#[derive(Clone, Copy, Default)]
struct Summaries([Summary; 17]);

impl Summaries {
    fn of(entries: &[InstructionEntry]) -> Self {
        let mut summaries = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            let Some(summary) = summaries.0.get_mut(usize::from(entry.action().raw())) else { continue };
            summary.count = summary.count.saturating_add(1);
            let reads =
                matches!(entry.instruction(), Instruction::READ_REGISTER | Instruction::READ_REGISTER_VALUE);
            summary.writes_input |= entry.instruction() == Instruction::WRITE_REGISTER;
            summary.reads_output |= reads;
            if reads || entry.instruction() == Instruction::WRITE_REGISTER_VALUE {
                summary.loses_input = summary.loses_input.or(Some(index));
            }
        }
        summaries
    }

    fn get(&self, action: Action) -> Summary {
        self.0.get(usize::from(action.raw())).copied().unwrap_or_default()
    }
}

impl<'a> Table<'a> {
    /// Everything that is wrong with the table under these rules: of the table as a whole first, then action by action,
    /// then entry by entry.
    ///
    /// The work is linear in the table's length.
    pub fn check(&self, rules: Semantics) -> impl Iterator<Item = Finding> + use<'a> {
        let summaries = Summaries::of(self.entries());
        let table = self.header_problems().into_iter().flatten();
        let actions =
            Action::ALL.into_iter().flat_map(move |action| action_problems(action, summaries.get(action)));
        let entries = self.entries().iter().enumerate().flat_map(move |(index, entry)| {
            let problems = entry_problems(rules, index, entry, summaries.get(entry.action()));
            problems.into_iter().flatten().map(move |problem| (Some(index), problem))
        });
        table.chain(actions).map(|problem| (None, problem)).chain(entries).filter_map(
            move |(entry, problem)| {
                problem.severity(rules).map(|severity| Finding { entry, problem, severity })
            },
        )
    }

    /// Whether the table is accepted under these rules: by Linux, whether its driver starts; by the specification,
    /// whether nothing is against its text. Warnings do not count.
    ///
    /// # Errors
    ///
    /// The first error that [`check`](Self::check) finds.
    pub fn accepted(&self, rules: Semantics) -> Result<(), Finding> {
        match self.check(rules).find(|finding| finding.severity == FindingSeverity::Error) {
            Some(finding) => Err(finding),
            None => Ok(()),
        }
    }

    fn header_problems(&self) -> [Option<Problem>; 8] {
        let (header, serialization) = (self.header(), self.serialization_header());
        let available = self.as_bytes().len() as u64;
        let length = header.length();
        let body = u64::from(length).saturating_sub(48);
        let held = (body / 32) as u32;
        let stated = serialization.entry_count();
        let trailing = (body % 32) as u32;
        let (size, reserved) = (serialization.header_size(), serialization.reserved());
        let (revision, sum) = (header.revision(), self.checksum());
        let truncated = u64::from(length) > available;
        [
            truncated.then_some(Problem::Truncated { length, available }),
            (length < 48).then_some(Problem::Length(length)),
            (sum != 0 && !truncated).then_some(Problem::Checksum(sum)),
            (revision != 1).then_some(Problem::Revision(revision)),
            (!matches!(size, 12 | 48)).then_some(Problem::HeaderSize(size)),
            (reserved != 0).then_some(Problem::HeaderReserved(reserved)),
            (stated != held).then_some(Problem::EntryCount { stated, held }),
            (trailing != 0).then_some(Problem::TrailingBytes(trailing)),
        ]
    }
}

fn action_problems(action: Action, summary: Summary) -> impl Iterator<Item = Problem> {
    let problems = match summary.count {
        0 => [Some(Problem::MissingAction(action)), None],
        _ => [
            (action.takes_input() && !summary.writes_input).then_some(Problem::InputUnused(action)),
            (action.returns_output() && !summary.reads_output).then_some(Problem::OutputMissing(action)),
        ],
    };
    problems.into_iter().flatten()
}

fn entry_problems(
    rules: Semantics,
    index: usize,
    entry: &InstructionEntry,
    summary: Summary,
) -> [Option<Problem>; 9] {
    let (action, instruction, register) = (entry.action(), entry.instruction(), entry.register());
    let (value, mask) = (entry.value(), entry.mask());
    let flags = entry.flags().difference(InstructionFlags::PRESERVE_REGISTER).bits();
    let with_register = instruction.accesses_register();
    let access = register.access(rules);
    let narrow = register.access_size().width().zip(access.ok()).filter(|(stated, used)| stated < used);
    let outside_register = match register.bit_width() {
        bits @ 0..64 => mask.checked_shr(u32::from(bits)).unwrap_or(0) != 0,
        _ => false,
    };
    let compares_or_writes = matches!(
        instruction,
        Instruction::READ_REGISTER_VALUE
            | Instruction::WRITE_REGISTER_VALUE
            | Instruction::STALL_WHILE_TRUE
            | Instruction::SKIP_NEXT_INSTRUCTION_IF_TRUE
    );
    // An action that is not defined has no summary, and its GOTO is the lesser problem.
    let outside_action =
        instruction == Instruction::GOTO && action.name().is_some() && value >= u64::from(summary.count);
    let lost = summary.loses_input.is_some_and(|first| first < index);
    [
        action.name().is_none().then_some(Problem::ReservedAction(action)),
        (!instruction.is_defined()).then_some(Problem::UnknownInstruction(instruction)),
        (flags != 0).then_some(Problem::ReservedFlags(flags)),
        (entry.reserved() != 0).then_some(Problem::ReservedByte(entry.reserved())),
        match access {
            Err(fault) if with_register => Some(Problem::Register(fault)),
            _ => narrow.filter(|_| with_register).map(|(stated, used)| Problem::NarrowAccess {
                bits: used.bits(),
                access_bits: stated.bits(),
            }),
        },
        (with_register && outside_register)
            .then_some(Problem::MaskTooWide { mask, bits: register.bit_width() }),
        (compares_or_writes && value & !mask != 0).then_some(Problem::ValueOutsideMask { value, mask }),
        outside_action.then_some(Problem::GotoOutside { target: value, count: summary.count }),
        match (instruction, action.takes_input()) {
            (Instruction::WRITE_REGISTER, true) if lost => Some(Problem::InputOverwritten),
            (Instruction::WRITE_REGISTER, false) => Some(Problem::NoInput(action)),
            _ => instruction.differs_in_linux().then_some(Problem::LinuxDiffers(instruction)),
        },
    ]
}

impl fmt::Display for FindingSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated { length, available } => {
                write!(f, "table length {length}, {available} bytes available")
            }
            Self::Length(length) => write!(f, "table length {length}, its headers have 48"),
            Self::Checksum(sum) => write!(f, "bytes sum to {sum:#04x}, not 0"),
            Self::Revision(revision) => write!(f, "revision {revision}, not 1"),
            Self::HeaderSize(size) => write!(f, "serialization header size {size}, not 48 or 12"),
            Self::HeaderReserved(value) => {
                write!(f, "reserved field of the serialization header is {value:#x}")
            }
            Self::EntryCount { stated, held } => {
                write!(f, "entry count {stated}, the table's length holds {held}")
            }
            Self::TrailingBytes(count) => write!(f, "{count} bytes after the last entry"),
            Self::MissingAction(action) => write!(f, "no instruction for {action}"),
            Self::InputUnused(action) => write!(f, "{action} writes its input nowhere"),
            Self::OutputMissing(action) => write!(f, "{action} reads its output nowhere"),
            Self::ReservedAction(action) => {
                write!(f, "action {:#04x} is not defined, the entry is never run", action.raw())
            }
            Self::UnknownInstruction(instruction) => {
                write!(f, "instruction {:#04x} is not defined", instruction.raw())
            }
            Self::ReservedFlags(flags) => write!(f, "reserved flags {flags:#04x} are set"),
            Self::ReservedByte(byte) => write!(f, "reserved byte is {byte:#04x}"),
            Self::Register(fault) => write!(f, "{fault}"),
            Self::NarrowAccess { bits, access_bits } => {
                write!(f, "register of {bits} bits with an access of {access_bits}")
            }
            Self::MaskTooWide { mask, bits } => {
                write!(f, "mask {mask:#x} exceeds the register's {bits} bits")
            }
            Self::ValueOutsideMask { value, mask } => {
                write!(f, "value {value:#x} exceeds the mask {mask:#x}")
            }
            Self::GotoOutside { target, count } => {
                write!(f, "GOTO {target}, the action has {count} instructions")
            }
            Self::LinuxDiffers(instruction) => write!(f, "Linux runs {instruction} otherwise than specified"),
            Self::NoInput(action) => write!(f, "{action} has no input to write"),
            Self::InputOverwritten => f.write_str("Linux has overwritten the input before it is written"),
        }
    }
}

/// `error: entry 7: instruction 0x13 is not defined`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry {
            Some(entry) => write!(f, "{}: entry {entry}: {}", self.severity, self.problem),
            None => write!(f, "{}: {}", self.severity, self.problem),
        }
    }
}

#[cfg(feature = "serde")]
impl Problem {
    /// Name of the problem, as JSON has it: stable, in snake case.
    const fn key(self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::Length(_) => "length",
            Self::Checksum(_) => "checksum",
            Self::Revision(_) => "revision",
            Self::HeaderSize(_) => "header_size",
            Self::HeaderReserved(_) => "header_reserved",
            Self::EntryCount { .. } => "entry_count",
            Self::TrailingBytes(_) => "trailing_bytes",
            Self::MissingAction(_) => "missing_action",
            Self::InputUnused(_) => "input_unused",
            Self::OutputMissing(_) => "output_missing",
            Self::ReservedAction(_) => "reserved_action",
            Self::UnknownInstruction(_) => "unknown_instruction",
            Self::ReservedFlags(_) => "reserved_flags",
            Self::ReservedByte(_) => "reserved_byte",
            Self::Register(_) => "register",
            Self::NarrowAccess { .. } => "narrow_access",
            Self::MaskTooWide { .. } => "mask_too_wide",
            Self::ValueOutsideMask { .. } => "value_outside_mask",
            Self::GotoOutside { .. } => "goto_outside",
            Self::LinuxDiffers(_) => "linux_differs",
            Self::NoInput(_) => "no_input",
            Self::InputOverwritten => "input_overwritten",
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for FindingSeverity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `{"entry": 7, "severity": "error", "problem": "unknown_instruction", "message": "instruction 0x13 is not defined"}`
#[cfg(feature = "serde")]
impl serde::Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Finding", 4)?;
        out.serialize_field("entry", &self.entry)?;
        out.serialize_field("severity", &self.severity)?;
        out.serialize_field("problem", self.problem.key())?;
        out.serialize_field("message", &format_args!("{}", self.problem))?;
        out.end()
    }
}
