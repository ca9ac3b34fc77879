//! The record store behind the table: its operations, their status, and the error log address range through which
//! records pass (ACPI 6.5 section 18.5.2).

use core::fmt;

use bitflags::bitflags;

use crate::interpreter::Fault;
use crate::record::{self, PERSISTENCE, PERSISTENCE_SIGNATURE};
use crate::{Action, Error, ErrorKind, Interpreter, Limits, Location, RegisterIo, Semantics, Table};

open_value! {
    /// What the platform says of an operation (ACPI 6.5 table 18.21).
    Status(u64) {
        /// Done.
        SUCCESS = 0,
        /// No room for the record.
        NOT_ENOUGH_SPACE = 1,
        /// The hardware of the store is not there.
        HARDWARE_NOT_AVAILABLE = 2,
        /// Failed.
        FAILED = 3,
        /// No record is stored.
        RECORD_STORE_EMPTY = 4,
        /// No record has this identifier.
        RECORD_NOT_FOUND = 5,
    }
}

bitflags! {
    /// Attributes of the error log address range (ACPI 6.5 table 18.20, action 0x0f); undefined bits are kept.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct RangeAttributes: u64 {
        /// The range itself keeps its content: records are read and cleared in place.
        const NON_VOLATILE = 1 << 1;
        /// Transfers from and to the range are slow.
        const SLOW = 1 << 2;
        const _ = !0;
    }
}

/// Where records pass between operating system and platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ErrorLogRange {
    /// Physical address.
    pub address: u64,
    /// Length in bytes: the longest record that can be stored.
    pub length: u64,
    /// Attributes.
    pub attributes: RangeAttributes,
}

/// How long the platform says that an operation takes (action 0x10, ACPI 6.3). 0 where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timings {
    /// Nominally, in microseconds.
    pub nominal_us: u32,
    /// At most, in microseconds.
    pub maximum_us: u32,
}

/// An operation on the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Store a record.
    Write,
    /// Store a record and discard it.
    DummyWrite,
    /// Fetch a record.
    Read,
    /// Remove a record.
    Clear,
}

impl Operation {
    /// The action that begins it.
    pub const fn begin(self) -> Action {
        match self {
            Self::Write => Action::BEGIN_WRITE_OPERATION,
            Self::DummyWrite => Action::BEGIN_DUMMY_WRITE_OPERATION,
            Self::Read => Action::BEGIN_READ_OPERATION,
            Self::Clear => Action::BEGIN_CLEAR_OPERATION,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Write => "write",
            Self::DummyWrite => "dummy write",
            Self::Read => "read",
            Self::Clear => "clear",
        })
    }
}

/// Record identifier that stands for none: reading it fetches the first record.
pub const IDENTIFIER_UNSPECIFIED: u64 = 0;

/// Record identifier that stands for the end of the records.
pub const IDENTIFIER_END: u64 = u64::MAX;

/// The record store of a machine.
///
/// It holds no lock: `&mut self` is the lock's business. Whoever may be called while another holds it (an NMI, a panic)
/// takes it by `try_lock` and goes without, as Linux does. It allocates nothing and cannot panic, [`write`](Self::write)
/// least of all.
///
/// Each operation runs `END_OPERATION` whatever went wrong after its beginning, and reads the command status after a
/// time-out too, so that the platform is ready for the next.
#[derive(Clone, Debug)]
pub struct Store<'a> {
    pub(crate) interpreter: Interpreter<'a>,
    pub(crate) range: ErrorLogRange,
    timings: Timings,
    patience_us: u64,
}

impl<'a> Store<'a> {
    /// Longest wait for one operation unless [`with_patience`](Self::with_patience) says otherwise: ten seconds.
    pub const DEFAULT_PATIENCE_US: u64 = 10_000_000;

    /// Asks the platform for the error log address range, its attributes, and how long operations take.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IncompleteTable`] when lengths and counts of the table do not agree, [`ErrorKind::Range`] when the
    /// range cannot hold a record or is not an address range, and those of [`Interpreter::run`].
    pub fn open<Io: RegisterIo + ?Sized>(
        table: &Table<'a>,
        semantics: Semantics,
        io: &mut Io,
    ) -> Result<Self, Error> {
        if !table.is_complete() {
            return Err(Error::at_offset(0, ErrorKind::IncompleteTable));
        }
        let mut interpreter = Interpreter::new(table, semantics);
        let mut get = |action| {
            interpreter.reset();
            interpreter.run(action, io)
        };
        let address = get(Action::GET_ERROR_LOG_ADDRESS_RANGE)?;
        let length = get(Action::GET_ERROR_LOG_ADDRESS_RANGE_LENGTH)?;
        let attributes = get(Action::GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES)?;
        let timings = match get(Action::GET_EXECUTE_OPERATION_TIMINGS) {
            Ok(timings) => Timings { nominal_us: timings as u32, maximum_us: (timings >> 32) as u32 },
            Err(Error { kind: ErrorKind::MissingAction, .. }) => Timings::default(),
            Err(error) => return Err(error),
        };
        if address == 0 || length < record::HEADER_LEN as u64 || address.checked_add(length).is_none() {
            return Err(Error {
                kind: ErrorKind::Range { address, length },
                location: Location::Action(Action::GET_ERROR_LOG_ADDRESS_RANGE),
            });
        }
        let attributes = RangeAttributes::from_bits_retain(attributes);
        let range = ErrorLogRange { address, length, attributes };
        let store = Self { interpreter, range, timings, patience_us: 0 };
        Ok(store.with_patience(Self::DEFAULT_PATIENCE_US))
    }

    /// This store with another longest wait: however long the platform says that an operation takes, one whose status
    /// does not come within this many microseconds fails as [`ErrorKind::Busy`].
    #[must_use]
    pub fn with_patience(mut self, microseconds: u64) -> Self {
        self.patience_us = microseconds;
        let limits = Limits { time_us: self.budget_us(), ..self.interpreter.limits() };
        self.interpreter = self.interpreter.with_limits(limits);
        self
    }

    /// The error log address range.
    pub const fn range(&self) -> ErrorLogRange {
        self.range
    }

    /// How long operations take.
    pub const fn timings(&self) -> Timings {
        self.timings
    }

    /// The interpreter, with the state of the action run last.
    pub const fn interpreter(&self) -> &Interpreter<'a> {
        &self.interpreter
    }

    /// Whether the range itself is the store (NVRAM mode): records are read and cleared in place, without the platform.
    pub const fn is_nvram(&self) -> bool {
        self.range.attributes.contains(RangeAttributes::NON_VOLATILE)
    }

    /// Microseconds to wait for one operation: one millisecond as in Linux, or the platform's maximum where it has one
    /// (Linux asks for it only on a platform that calls itself slow), but never more than the patience.
    fn budget_us(&self) -> u64 {
        let stated = match self.interpreter.semantics() {
            Semantics::Linux if !self.range.attributes.contains(RangeAttributes::SLOW) => 0,
            _ => u64::from(self.timings.maximum_us),
        };
        stated.max(1000).min(self.patience_us)
    }

    /// Number of records stored.
    ///
    /// # Errors
    ///
    /// Those of [`Interpreter::run`].
    pub fn count<Io: RegisterIo + ?Sized>(&mut self, io: &mut Io) -> Result<u64, Error> {
        if self.is_nvram() {
            return self.count_in_place(io);
        }
        self.interpreter.reset();
        self.interpreter.run(Action::GET_RECORD_COUNT, io)
    }

    /// The identifier that `GET_RECORD_IDENTIFIER` returns, `None` for the end. What it returns next is the platform's
    /// business; [`Walk`](crate::Walk) lists every record on platforms of each kind.
    ///
    /// # Errors
    ///
    /// Those of [`Interpreter::run`].
    pub fn next_identifier<Io: RegisterIo + ?Sized>(&mut self, io: &mut Io) -> Result<Option<u64>, Error> {
        self.interpreter.reset();
        match self.interpreter.run(Action::GET_RECORD_IDENTIFIER, io)? {
            IDENTIFIER_UNSPECIFIED | IDENTIFIER_END => Ok(None),
            identifier => Ok(Some(identifier)),
        }
    }

    /// Stores a record, in place of one with the same identifier.
    ///
    /// The stored copy carries `ER` at byte 108, which the specification wants from the operating system; every other
    /// byte is as given.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RecordSignature`], [`ErrorKind::RecordLength`] and [`ErrorKind::RecordIdentifier`] when `record` is
    /// not one record of its stated length with an identifier, [`ErrorKind::BufferTooSmall`] when it exceeds the range:
    /// nothing is touched then. [`ErrorKind::Status`] when the platform refuses, [`ErrorKind::Busy`] when it does not
    /// end, and those of [`Interpreter::run`].
    pub fn write<Io: RegisterIo + ?Sized>(&mut self, record: &[u8], io: &mut Io) -> Result<(), Error> {
        self.submit(Operation::Write, record, io)
    }

    /// Goes through all of a [`write`](Self::write) but lets the platform discard the record: for tests and to measure
    /// how long a write takes.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn dummy_write<Io: RegisterIo + ?Sized>(&mut self, record: &[u8], io: &mut Io) -> Result<(), Error> {
        self.submit(Operation::DummyWrite, record, io)
    }

    fn submit<Io: RegisterIo + ?Sized>(
        &mut self,
        operation: Operation,
        record: &[u8],
        io: &mut Io,
    ) -> Result<(), Error> {
        check_record(record, IDENTIFIER_UNSPECIFIED)?;
        let needed = record.len() as u64;
        if needed > self.range.length {
            return Err(Error::at_offset(
                0,
                ErrorKind::BufferTooSmall { needed, available: self.range.length },
            ));
        }
        if self.is_nvram() {
            return self.submit_in_place(operation, record, io);
        }
        self.copy_in(operation, 0, record, 0, io)?;
        self.perform(operation, Some(0), None, io)
    }

    /// Copies a record to its place in the range, all but its first `skipped` bytes, and with the persistence signature.
    pub(crate) fn copy_in<Io: RegisterIo + ?Sized>(
        &self,
        operation: Operation,
        offset: u64,
        record: &[u8],
        skipped: usize,
        io: &mut Io,
    ) -> Result<(), Error> {
        let at = |part: usize| self.range.address.wrapping_add(offset).wrapping_add(part as u64);
        let after = PERSISTENCE.wrapping_add(PERSISTENCE_SIGNATURE.len());
        let head = record.get(skipped..PERSISTENCE).unwrap_or_default();
        let tail = record.get(after..).unwrap_or_default();
        let copied = io
            .write_memory(at(skipped), head)
            .and_then(|()| io.write_memory(at(PERSISTENCE), &PERSISTENCE_SIGNATURE))
            .and_then(|()| io.write_memory(at(after), tail));
        copied.map_err(|error| operation.failed(ErrorKind::Io(error)))
    }

    /// Fetches a record into `buffer`; [`IDENTIFIER_UNSPECIFIED`] fetches the first.
    ///
    /// What is returned begins with `CPER`, has the length it states, and the identifier asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BufferTooSmall`], with the length needed and nothing copied. [`ErrorKind::RecordSignature`],
    /// [`ErrorKind::RecordLength`] and [`ErrorKind::RecordIdentifier`] when what the platform delivers is not such a
    /// record; after the first and the last `buffer` holds it all the same. [`ErrorKind::Status`] when the platform
    /// refuses (`RECORD_NOT_FOUND`, `RECORD_STORE_EMPTY`), [`ErrorKind::Busy`] when it does not end, and those of
    /// [`Interpreter::run`].
    pub fn read<'b, Io: RegisterIo + ?Sized>(
        &mut self,
        identifier: u64,
        buffer: &'b mut [u8],
        io: &mut Io,
    ) -> Result<&'b [u8], Error> {
        let length = self.fetch(identifier, buffer, io)?;
        Ok(buffer.get(..length).unwrap_or_default())
    }

    pub(crate) fn fetch<Io: RegisterIo + ?Sized>(
        &mut self,
        identifier: u64,
        buffer: &mut [u8],
        io: &mut Io,
    ) -> Result<usize, Error> {
        if identifier == IDENTIFIER_END {
            return Err(Operation::Read.failed(ErrorKind::RecordIdentifier(identifier)));
        }
        let offset = if self.is_nvram() {
            self.find_in_place(identifier, io)?
        } else {
            // Whatever was in the range before must not pass for the record if the platform delivers nothing.
            let erased = io.write_memory(self.range.address, &[0; 4]);
            erased.map_err(|error| Operation::Read.failed(ErrorKind::Io(error)))?;
            self.perform(Operation::Read, Some(0), Some(identifier), io)?;
            0
        };
        self.copy_out(identifier, offset, buffer, io)
    }

    /// Copies the record at `offset` of the range into `buffer` and checks it.
    fn copy_out<Io: RegisterIo + ?Sized>(
        &mut self,
        identifier: u64,
        offset: u64,
        buffer: &mut [u8],
        io: &mut Io,
    ) -> Result<usize, Error> {
        let address = self.range.address.wrapping_add(offset);
        let available = self.range.length.saturating_sub(offset);
        let failed = |error| Operation::Read.failed(ErrorKind::Io(error));

        let mut length = [0; 4];
        io.read_memory(address.wrapping_add(record::LENGTH as u64), &mut length).map_err(failed)?;
        let stated = u64::from(u32::from_le_bytes(length));
        if stated < record::HEADER_LEN as u64 || stated > available {
            return Err(Operation::Read.failed(ErrorKind::RecordLength { stated, available }));
        }
        let room = buffer.len() as u64;
        let too_small = Operation::Read.failed(ErrorKind::BufferTooSmall { needed: stated, available: room });
        let length = usize::try_from(stated).map_err(|_| too_small)?;
        let into = buffer.get_mut(..length).ok_or(too_small)?;
        io.read_memory(address, into).map_err(failed)?;
        check_record(into, identifier).map_err(|error| Operation::Read.failed(error.kind))?;
        Ok(length)
    }

    /// Removes a record.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RecordIdentifier`] for the two identifiers that stand for no record, [`ErrorKind::Status`] when the
    /// platform refuses (`RECORD_NOT_FOUND`), [`ErrorKind::Busy`] when it does not end, and those of
    /// [`Interpreter::run`].
    pub fn clear<Io: RegisterIo + ?Sized>(&mut self, identifier: u64, io: &mut Io) -> Result<(), Error> {
        if matches!(identifier, IDENTIFIER_UNSPECIFIED | IDENTIFIER_END) {
            return Err(Operation::Clear.failed(ErrorKind::RecordIdentifier(identifier)));
        }
        if self.is_nvram() {
            return self.clear_in_place(identifier, io);
        }
        self.perform(Operation::Clear, None, Some(identifier), io)
    }

    /// One operation from its beginning to its end, which is run whatever happens between.
    #[inline(never)]
    pub(crate) fn perform<Io: RegisterIo + ?Sized>(
        &mut self,
        operation: Operation,
        offset: Option<u64>,
        identifier: Option<u64>,
        io: &mut Io,
    ) -> Result<(), Error> {
        self.interpreter.reset();
        let begun = self.run_optional(operation.begin(), io);
        let answer = match begun {
            Ok(()) => self.execute(offset, identifier, io),
            Err(fault) => Answer::Failed(fault),
        };
        // An error is told by where the interpreter stood, before it goes on to the end.
        let result = self.result(operation, answer);
        match self.run_optional(Action::END_OPERATION, io) {
            Err(fault) if result.is_ok() => Err(self.interpreter.error(fault)),
            _ => result,
        }
    }

    fn result(&self, operation: Operation, answer: Answer) -> Result<(), Error> {
        match answer {
            Answer::Status(Status::SUCCESS) => Ok(()),
            Answer::Status(status) => Err(operation.failed(ErrorKind::Status(status))),
            Answer::Busy { waited_us, status } => {
                Err(operation.failed(ErrorKind::Busy { waited_us, status }))
            }
            Answer::Failed(fault) => Err(self.interpreter.error(fault)),
        }
    }

    #[inline(never)]
    fn execute<Io: RegisterIo + ?Sized>(
        &mut self,
        offset: Option<u64>,
        identifier: Option<u64>,
        io: &mut Io,
    ) -> Answer {
        match self.start(offset, identifier, io).and_then(|()| self.wait(io)) {
            Ok(None) => match self.interpreter.run_action(Action::GET_COMMAND_STATUS, io) {
                Ok(status) => Answer::Status(Status::new(status)),
                Err(fault) => Answer::Failed(fault),
            },
            Ok(Some(waited_us)) => {
                let status = self.interpreter.run_action(Action::GET_COMMAND_STATUS, io);
                Answer::Busy { waited_us, status: status.ok().map(Status::new) }
            }
            Err(fault) => Answer::Failed(fault),
        }
    }

    fn start<Io: RegisterIo + ?Sized>(
        &mut self,
        offset: Option<u64>,
        identifier: Option<u64>,
        io: &mut Io,
    ) -> Result<(), Fault> {
        let inputs = [(Action::SET_RECORD_OFFSET, offset), (Action::SET_RECORD_IDENTIFIER, identifier)];
        for (action, input) in inputs {
            if let Some(input) = input {
                self.interpreter.set_input(input);
                self.interpreter.run_action(action, io)?;
            }
        }
        self.interpreter.run_action(Action::EXECUTE_OPERATION, io)?;
        Ok(())
    }

    /// Waits until the platform is no longer busy; `Some` microseconds when it still is after the time it has.
    fn wait<Io: RegisterIo + ?Sized>(&mut self, io: &mut Io) -> Result<Option<u64>, Fault> {
        let budget = self.budget_us();
        // A sixteenth of what it nominally takes; never so long that a watchdog bites.
        let interval = u64::from(self.timings.nominal_us / 16).clamp(1, 50);
        let mut waited = 0_u64;
        loop {
            if self.interpreter.run_action(Action::CHECK_BUSY_STATUS, io)? == 0 {
                return Ok(None);
            }
            waited = waited.saturating_add(self.interpreter.state().waited_us);
            if waited >= budget {
                return Ok(Some(waited));
            }
            io.stall_us(interval);
            waited = waited.saturating_add(interval);
        }
    }

    /// Runs an action that a table may leave out.
    fn run_optional<Io: RegisterIo + ?Sized>(&mut self, action: Action, io: &mut Io) -> Result<(), Fault> {
        match self.interpreter.run_action(action, io) {
            Ok(_) | Err(Fault::Missing) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}

/// How an operation went.
#[derive(Clone, Copy)]
enum Answer {
    Status(Status),
    Busy { waited_us: u64, status: Option<Status> },
    Failed(Fault),
}

impl Operation {
    /// An error of this operation.
    pub(crate) const fn failed(self, kind: ErrorKind) -> Error {
        Error { kind, location: Location::Operation(self) }
    }
}

/// That `bytes` are one record of their own length, with an identifier: the given one if it is not 0.
pub(crate) fn check_record(bytes: &[u8], identifier: u64) -> Result<(), Error> {
    let signature = bytes.first_chunk().copied().unwrap_or_default();
    if signature != *b"CPER" {
        return Err(Error::at_offset(0, ErrorKind::RecordSignature(signature)));
    }
    let available = bytes.len() as u64;
    let stated = u64::from(record::length(bytes).unwrap_or(0));
    if stated != available || stated < record::HEADER_LEN as u64 {
        return Err(Error::at_offset(record::LENGTH as u64, ErrorKind::RecordLength { stated, available }));
    }
    let found = record::identifier(bytes).unwrap_or(IDENTIFIER_UNSPECIFIED);
    let asked = identifier == IDENTIFIER_UNSPECIFIED || found == identifier;
    if !asked || matches!(found, IDENTIFIER_UNSPECIFIED | IDENTIFIER_END) {
        return Err(Error::at_offset(record::IDENTIFIER as u64, ErrorKind::RecordIdentifier(found)));
    }
    Ok(())
}
