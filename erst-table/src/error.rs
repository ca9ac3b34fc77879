//! The crate's one error type: what was wrong, where, and the value seen.

use core::fmt;

use crate::grammar::error_kind;
use crate::{Action, Instruction, IoError, Operation, RegisterFault, Status};

/// What was wrong, and where.
///
/// `Copy`, no allocation, no text inside: match on [`kind`](Self::kind), print it for people:
/// `offset 4: the table needs 48 bytes, 20 available`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    location: Location,
}

impl Error {
    pub(crate) const fn new(kind: ErrorKind, location: Location) -> Self {
        Self { kind, location }
    }

    pub(crate) const fn at_offset(offset: u64, kind: ErrorKind) -> Self {
        Self::new(kind, Location::Offset(offset))
    }

    /// What was wrong.
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where: in the bytes given, or in the program that was run.
    pub const fn location(&self) -> Location {
        self.location
    }

    /// Where, in bytes from the start of what was parsed; `None` for an error of the program that was run.
    pub const fn offset(&self) -> Option<u64> {
        match self.location {
            Location::Offset(offset) | Location::Slot { offset, .. } => Some(offset),
            Location::Operation(_) | Location::Action(_) | Location::Entry { .. } => None,
        }
    }
}

/// Where an [`Error`] was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// Byte offset in the table, record or image.
    Offset(u64),
    /// A slot of a backing image.
    Slot {
        /// Number of the slot, slot 0 being the image's header.
        slot: usize,
        /// Byte offset in the image.
        offset: u64,
    },
    /// An operation on the store.
    Operation(Operation),
    /// An action of the table.
    Action(Action),
    /// An instruction of an action.
    Entry {
        /// The action that ran.
        action: Action,
        /// Index of the instruction's entry in the table.
        entry: usize,
    },
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Offset(offset) => write!(f, "offset {offset}"),
            Self::Slot { slot, offset } => write!(f, "slot {slot}, offset {offset:#x}"),
            Self::Operation(operation) => write!(f, "{operation}"),
            Self::Action(action) => write!(f, "{action}"),
            Self::Entry { action, entry } => write!(f, "{action}, entry {entry}"),
        }
    }
}

error_kind! {
    /// The table's signature is not `ERST`.
    TableSignature(found: [u8; 4]) => "signature \"{}\", not \"ERST\"", found.escape_ascii();
    /// The table's length and its entry count do not agree with each other or with the bytes given; its
    /// [`check`](crate::Table::check) says how.
    IncompleteTable => "table length and entry count do not agree";
    /// More entries than a table's 32-bit length can count.
    TooManyEntries(count: usize) => "{count} entries exceed a table's length";

    /// The table has no instruction for an action that is needed.
    MissingAction => "the table has no instruction for it";
    /// An instruction the specification does not define.
    UnknownInstruction(instruction: Instruction) => "unknown instruction {:#04x}", instruction.raw();
    /// The instruction's register cannot be accessed.
    Register(fault: RegisterFault) => "{fault}";
    /// The caller's register access failed.
    Io(error: IoError) => "{error}";
    /// The action did not end within this many steps.
    StepLimit(steps: u32) => "not ended after {steps} steps";
    /// The action asked to wait longer than this many microseconds altogether.
    TimeLimit(microseconds: u64) => "waits longer than {microseconds} us";
    /// `MOVE_DATA` of more bytes than the limit allows.
    MoveTooLong(length: u64) => "moves {length} bytes, more than allowed";

    /// The platform refused the operation or failed; in NVRAM mode the [`Store`](crate::Store) says so in its place.
    Status(status: Status) => "status {status} ({})", status.raw();
    /// The platform was still busy when the time was over. The operation may yet complete.
    Busy {
        /// Microseconds waited.
        waited_us: u64,
        /// The command status read then, `None` if even that could not be read.
        status: Option<Status>,
    } => "still busy after {waited_us} us, status {}", LastStatus(status);
    /// The record does not begin with `CPER`.
    RecordSignature(found: [u8; 4]) => "signature \"{}\", not \"CPER\"", found.escape_ascii();
    /// The record's own length is less than its 128-byte header, or not the length of the bytes.
    RecordLength {
        /// The length in the record's header.
        stated: u64,
        /// The bytes there are.
        available: u64,
    } => "record length {stated}, {available} available";
    /// The identifier means no record (0) or the end of the records (all ones), or is not the one asked for.
    RecordIdentifier(identifier: u64) => "record identifier {identifier:#x}";
    /// The error log address range is empty or wraps around the address space.
    Range {
        /// Its physical address.
        address: u64,
        /// Its length in bytes.
        length: u64,
    } => "error log address range of {length} bytes at {address:#x} is unusable";

    /// The image has no header yet: its first 8 bytes are 0, as in a new file before QEMU first opens it.
    ImageUninitialized => "image not initialized yet";
    /// The image does not begin with `ERSTSTOR`.
    ImageMagic(found: [u8; 8]) => "magic \"{}\", not \"ERSTSTOR\"", found.escape_ascii();
    /// The image's slot size is not a power of two of at least 4096, or exceeds the image.
    SlotSize(slot_size: u64) => "slot size {slot_size} is unusable";
    /// The image has no such slot.
    NoSuchSlot => "no such slot";
    /// The slot holds no cleared record that could be brought back.
    NothingToRestore => "holds no cleared record";
}

/// The command status after a time-out: `FAILED (3)`, `unreadable`.
struct LastStatus(Option<Status>);

impl fmt::Display for LastStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => write!(f, "{status} ({})", status.raw()),
            None => f.write_str("unreadable"),
        }
    }
}

/// Where, and what was wrong there.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.kind)
    }
}

impl core::error::Error for Error {}

crate::grammar::error_in_json! { |error| error.offset(), None::<u16>, error }

crate::grammar::seen_as_text! { Instruction, RegisterFault, IoError, Status }

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn errors_say_where_what_and_the_value_seen() {
        let offset = Location::Offset(4);
        let slot = Location::Slot { slot: 2, offset: 0x4000 };
        let entry = Location::Entry { action: Action::EXECUTE_OPERATION, entry: 7 };
        let write = Location::Operation(Operation::Write);
        let cases = [
            (
                offset,
                ErrorKind::TooShort { what: "the table", needed: 48, available: 20 },
                "offset 4: the table needs 48 bytes, 20 available",
            ),
            (
                offset,
                ErrorKind::TableSignature(*b"FAC\xff"),
                "offset 4: signature \"FAC\\xff\", not \"ERST\"",
            ),
            (offset, ErrorKind::IncompleteTable, "offset 4: table length and entry count do not agree"),
            (
                offset,
                ErrorKind::BufferTooSmall { needed: 9, available: 8 },
                "offset 4: buffer too small: 9 bytes needed, 8 given",
            ),
            (offset, ErrorKind::TooManyEntries(9), "offset 4: 9 entries exceed a table's length"),
            (
                Location::Action(Action::END_OPERATION),
                ErrorKind::MissingAction,
                "END_OPERATION: the table has no instruction for it",
            ),
            (
                entry,
                ErrorKind::UnknownInstruction(Instruction::new(0x13)),
                "EXECUTE_OPERATION, entry 7: unknown instruction 0x13",
            ),
            (
                entry,
                ErrorKind::Register(RegisterFault::NullAddress),
                "EXECUTE_OPERATION, entry 7: register address is 0",
            ),
            (
                entry,
                ErrorKind::Io(IoError::Unsupported),
                "EXECUTE_OPERATION, entry 7: register access not supported",
            ),
            (entry, ErrorKind::Io(IoError::Failed), "EXECUTE_OPERATION, entry 7: register access failed"),
            (entry, ErrorKind::StepLimit(9), "EXECUTE_OPERATION, entry 7: not ended after 9 steps"),
            (entry, ErrorKind::TimeLimit(9), "EXECUTE_OPERATION, entry 7: waits longer than 9 us"),
            (
                entry,
                ErrorKind::MoveTooLong(9),
                "EXECUTE_OPERATION, entry 7: moves 9 bytes, more than allowed",
            ),
            (write, ErrorKind::Status(Status::NOT_ENOUGH_SPACE), "write: status NOT_ENOUGH_SPACE (1)"),
            (
                write,
                ErrorKind::Busy { waited_us: 1000, status: Some(Status::FAILED) },
                "write: still busy after 1000 us, status FAILED (3)",
            ),
            (
                write,
                ErrorKind::Busy { waited_us: 1000, status: None },
                "write: still busy after 1000 us, status unreadable",
            ),
            (offset, ErrorKind::RecordSignature(*b"XPER"), "offset 4: signature \"XPER\", not \"CPER\""),
            (
                slot,
                ErrorKind::RecordLength { stated: 12288, available: 8192 },
                "slot 2, offset 0x4000: record length 12288, 8192 available",
            ),
            (
                Location::Operation(Operation::Read),
                ErrorKind::RecordIdentifier(7),
                "read: record identifier 0x7",
            ),
            (
                offset,
                ErrorKind::Range { address: 16, length: 2 },
                "offset 4: error log address range of 2 bytes at 0x10 is unusable",
            ),
            (offset, ErrorKind::ImageUninitialized, "offset 4: image not initialized yet"),
            (offset, ErrorKind::ImageMagic(*b"ERSTSTOP"), "offset 4: magic \"ERSTSTOP\", not \"ERSTSTOR\""),
            (offset, ErrorKind::SlotSize(5), "offset 4: slot size 5 is unusable"),
            (slot, ErrorKind::NoSuchSlot, "slot 2, offset 0x4000: no such slot"),
            (slot, ErrorKind::NothingToRestore, "slot 2, offset 0x4000: holds no cleared record"),
        ];
        for (location, kind, text) in cases {
            assert_eq!(Error::new(kind, location).to_string(), text);
        }
        for (operation, text) in [(Operation::DummyWrite, "dummy write"), (Operation::Clear, "clear")] {
            assert_eq!(operation.to_string(), text);
        }
    }

    #[test]
    fn an_error_is_small_enough_for_the_panic_path() {
        assert!(size_of::<Error>() <= 64);
    }
}
