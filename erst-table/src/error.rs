//! The crate's one error type: what was wrong, where, and the value seen.

use core::fmt;

use crate::{Action, Instruction, IoError, Operation, RegisterFault, Status};

/// What went wrong, and where.
///
/// `Copy`, no allocation, no text inside: match on [`kind`](Self::kind), print it for people:
/// `offset 4: the table needs 48 bytes, 20 available`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// What went wrong, with the value seen.
    pub kind: ErrorKind,
    /// Where: in the bytes given, or in the program being run.
    pub location: Location,
}

impl Error {
    pub(crate) const fn at_offset(offset: u64, kind: ErrorKind) -> Self {
        Self { kind, location: Location::Offset(offset) }
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

/// What an [`Error`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes end before what must be there.
    Truncated {
        /// What is being read.
        what: &'static str,
        /// Bytes it takes.
        needed: u64,
        /// Bytes there are.
        available: u64,
    },
    /// The table's signature is not `ERST`.
    TableSignature([u8; 4]),
    /// The table's length and its entry count do not agree with each other or with the bytes given; its
    /// [`check`](crate::Table::check) says how.
    IncompleteTable,
    /// A buffer of the caller cannot hold the result; nothing was written to it.
    BufferTooSmall {
        /// Bytes it takes.
        needed: u64,
        /// Bytes the buffer has.
        available: u64,
    },
    /// More entries than a table's 32-bit length can count.
    TooManyEntries(usize),

    /// The table has no instruction for an action that is needed.
    MissingAction,
    /// An instruction the specification does not define.
    UnknownInstruction(Instruction),
    /// The instruction's register cannot be accessed.
    Register(RegisterFault),
    /// The caller's register access failed.
    Io(IoError),
    /// The action did not end within this many steps.
    StepLimit(u32),
    /// The action asked to wait longer than this many microseconds altogether.
    TimeLimit(u64),
    /// `MOVE_DATA` of more bytes than the limit allows.
    MoveTooLong(u64),

    /// The platform refused the operation or failed; in NVRAM mode the [`Store`](crate::Store) says so in its place.
    Status(Status),
    /// The platform was still busy when the time was over. The operation may yet complete.
    Busy {
        /// Microseconds waited.
        waited_us: u64,
        /// The command status read then, `None` if even that could not be read.
        status: Option<Status>,
    },
    /// The record does not begin with `CPER`.
    RecordSignature([u8; 4]),
    /// The record's own length is less than its 128-byte header, or not the length of the bytes.
    RecordLength {
        /// The length in the record's header.
        stated: u64,
        /// The bytes there are.
        available: u64,
    },
    /// A record identifier that stands for none (0) or for the end (all ones), or that is not the one asked for.
    RecordIdentifier(u64),
    /// The error log address range is empty or wraps around the address space.
    Range {
        /// Its physical address.
        address: u64,
        /// Its length in bytes.
        length: u64,
    },

    /// The image has no header yet: its first 8 bytes are 0, as in a new file before QEMU first opens it.
    ImageUninitialized,
    /// The image does not begin with `ERSTSTOR`.
    ImageMagic([u8; 8]),
    /// The image's slot size is not a power of two of at least 4096, or exceeds the image.
    SlotSize(u64),
    /// The image has no such slot.
    NoSuchSlot,
    /// The slot holds no cleared record that could be brought back.
    NothingToRestore,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Truncated { what, needed, available } => {
                write!(f, "{what} needs {needed} bytes, {available} available")
            }
            Self::TableSignature(signature) => {
                write!(f, "signature \"{}\", not \"ERST\"", signature.escape_ascii())
            }
            Self::IncompleteTable => f.write_str("table length and entry count do not agree"),
            Self::BufferTooSmall { needed, available } => {
                write!(f, "buffer too small: {needed} bytes needed, {available} available")
            }
            Self::TooManyEntries(count) => write!(f, "{count} entries exceed a table's length"),
            Self::MissingAction => f.write_str("the table has no instruction for it"),
            Self::UnknownInstruction(instruction) => {
                write!(f, "unknown instruction {:#04x}", instruction.raw())
            }
            Self::Register(fault) => write!(f, "{fault}"),
            Self::Io(error) => write!(f, "{error}"),
            Self::StepLimit(steps) => write!(f, "not ended after {steps} steps"),
            Self::TimeLimit(microseconds) => write!(f, "waits longer than {microseconds} us"),
            Self::MoveTooLong(length) => write!(f, "moves {length} bytes, more than allowed"),
            Self::Status(status) => write!(f, "status {status} ({})", status.raw()),
            Self::Busy { waited_us, status } => {
                write!(f, "still busy after {waited_us} us")?;
                match status {
                    Some(status) => write!(f, ", status {status} ({})", status.raw()),
                    None => f.write_str(", status unreadable"),
                }
            }
            Self::RecordSignature(signature) => {
                write!(f, "signature \"{}\", not \"CPER\"", signature.escape_ascii())
            }
            Self::RecordLength { stated, available } => {
                write!(f, "record length {stated}, {available} available")
            }
            Self::RecordIdentifier(identifier) => write!(f, "record identifier {identifier:#x}"),
            Self::Range { address, length } => {
                write!(f, "error log address range of {length} bytes at {address:#x} is unusable")
            }
            Self::ImageUninitialized => f.write_str("image not initialized yet"),
            Self::ImageMagic(magic) => write!(f, "magic \"{}\", not \"ERSTSTOR\"", magic.escape_ascii()),
            Self::SlotSize(size) => write!(f, "slot size {size} is unusable"),
            Self::NoSuchSlot => f.write_str("no such slot"),
            Self::NothingToRestore => f.write_str("holds no cleared record"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.kind)
    }
}

impl core::error::Error for Error {}

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
                ErrorKind::Truncated { what: "the table", needed: 48, available: 20 },
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
                "offset 4: buffer too small: 9 bytes needed, 8 available",
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
            assert_eq!(Error { kind, location }.to_string(), text);
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
