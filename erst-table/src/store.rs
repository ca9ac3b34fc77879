//! The record store that the table drives: its operations, their status, and the error log address range through which
//! records pass (ACPI 6.5 section 18.5.2).

use crate::grammar::flags;
use crate::interpreter::{Fault, Stop};
use crate::record::{self, PERSISTENCE, PERSISTENCE_SIGNATURE, SIGNATURE};
use crate::{
    Action, Error, ErrorKind, Interpreter, IoError, Location, Operation, RegisterIo, Semantics, Status, Table,
};

flags! {
    /// Attributes of the error log address range (ACPI 6.5 table 18.20, action 0x0f); undefined bits are kept.
    RangeAttributes: u64 {
        /// The range itself keeps its content: records are read and cleared in place.
        NON_VOLATILE = 0x2 => "non-volatile",
        /// Transfers from and to the range are slow.
        SLOW = 0x4 => "slow",
    }
}

/// The error log address range: the memory in which records pass between operating system and platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ErrorLogRange {
    /// Physical address of the range.
    pub address: u64,
    /// Length of the range in bytes: the longest record that can be stored.
    pub length: u64,
    /// Attributes of the range.
    pub attributes: RangeAttributes,
}

/// How long the platform says that an operation takes (action 0x10, ACPI 6.3). 0 where it does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timings {
    /// Nominal time, in microseconds.
    pub nominal_us: u32,
    /// Maximum time, in microseconds.
    pub maximum_us: u32,
}

/// The identifier of no record, 0: a read of it fetches the first record.
pub const IDENTIFIER_UNSPECIFIED: u64 = 0;

/// The identifier that means the end of the records, all ones.
pub const IDENTIFIER_END: u64 = u64::MAX;

/// The record store of a machine.
///
/// It holds no lock: the caller's lock hands out the `&mut self`. A caller that can interrupt the lock's holder (an
/// NMI, a panic) takes the lock by `try_lock` and gives up when it is taken, as Linux does. The store allocates nothing
/// and cannot panic.
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
    #[inline(never)]
    pub fn open<Io: RegisterIo + ?Sized>(
        table: &Table<'a>,
        semantics: Semantics,
        io: &mut Io,
    ) -> Result<Self, Error> {
        if !table.is_complete() {
            return Err(Error::at_offset(0, ErrorKind::IncompleteTable));
        }
        let mut store = Self {
            interpreter: Interpreter::new(table, semantics),
            range: ErrorLogRange { address: 0, length: 0, attributes: RangeAttributes::empty() },
            timings: Timings::default(),
            patience_us: Self::DEFAULT_PATIENCE_US,
        };
        store.ask(io).map_err(|stop| store.interpreter.error(stop))?;
        let ErrorLogRange { address, length, .. } = store.range;
        if address == 0 || length < record::HEADER_LEN as u64 || address.checked_add(length).is_none() {
            let location = Location::Action(Action::GET_ERROR_LOG_ADDRESS_RANGE);
            return Err(Error::new(ErrorKind::Range { address, length }, location));
        }
        store.limit_time();
        Ok(store)
    }

    /// What the platform says of its range and of its speed.
    #[inline]
    fn ask<Io: RegisterIo + ?Sized>(&mut self, io: &mut Io) -> Result<(), Stop> {
        self.range.address = self.get(Action::GET_ERROR_LOG_ADDRESS_RANGE, io)?;
        self.range.length = self.get(Action::GET_ERROR_LOG_ADDRESS_RANGE_LENGTH, io)?;
        let attributes = self.get(Action::GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES, io)?;
        self.range.attributes = RangeAttributes::new(attributes);
        self.interpreter.reset();
        self.timings = match self.interpreter.run_action(Action::GET_EXECUTE_OPERATION_TIMINGS, io) {
            Ok(timings) => Timings { nominal_us: timings as u32, maximum_us: (timings >> 32) as u32 },
            Err(Fault::Missing) => Timings::default(),
            Err(fault) => return Err(self.interpreter.stop(fault)),
        };
        Ok(())
    }

    fn get<Io: RegisterIo + ?Sized>(&mut self, action: Action, io: &mut Io) -> Result<u64, Stop> {
        self.interpreter.reset();
        self.interpreter.run_action(action, io).map_err(|fault| self.interpreter.stop(fault))
    }

    /// This store with another longest wait for one operation. However long the platform says that operations take: one
    /// that is still busy after this many microseconds fails as [`ErrorKind::Busy`].
    #[must_use]
    pub fn with_patience(mut self, microseconds: u64) -> Self {
        self.patience_us = microseconds;
        self.limit_time();
        self
    }

    fn limit_time(&mut self) {
        self.interpreter.limits.time_us = self.budget_us();
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
            return self.count_in_place(io).map_err(|failure| failure.error(Operation::Read));
        }
        self.interpreter.reset();
        self.interpreter.run(Action::GET_RECORD_COUNT, io)
    }

    /// The identifier that `GET_RECORD_IDENTIFIER` returns, `None` for the end. Platforms differ in what it returns the
    /// next time; [`Walk`](crate::Walk) lists every record on each of them.
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
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a panic's stack must hold the chain of calls")]
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

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a panic's stack must hold the chain of calls")]
    fn submit<Io: RegisterIo + ?Sized>(
        &mut self,
        operation: Operation,
        record: &[u8],
        io: &mut Io,
    ) -> Result<(), Error> {
        let submitted = self.submit_record(operation, record, io);
        submitted.map_err(|failure| self.error(operation, failure))
    }

    /// In NVRAM mode a record is put into free room, its signature last (a dummy write leaves it out), and only then
    /// the one it replaces is cleared; the range is searched three times, and once for each record with the identifier.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a panic's stack must hold the chain of calls")]
    fn submit_record<Io: RegisterIo + ?Sized>(
        &mut self,
        operation: Operation,
        record: &[u8],
        io: &mut Io,
    ) -> Result<(), Failure> {
        check_record(record, IDENTIFIER_UNSPECIFIED).map_err(Failure::Record)?;
        let needed = record.len();
        if needed as u64 > self.range.length {
            return Err(Failure::TooLong { needed });
        }
        let (mut start, mut skipped) = (0, 0);
        if self.is_nvram() {
            start = self.make_room(record, io).map_err(Failure::Range)?;
            skipped = SIGNATURE.len();
        }
        self.copy_in(start, record, skipped, io).map_err(Failure::Range)?;
        let replaces = self.is_nvram() && operation == Operation::Write;
        if replaces {
            self.put(start, &SIGNATURE, io).map_err(Failure::Range)?;
        }
        let performed = self.perform(operation, Some(start), None, io);
        if replaces {
            self.clear_others(record, start, io).map_err(Failure::Range)?;
        }
        performed
    }

    /// Copies a record to its place in the range, all but its first `skipped` bytes, and with the persistence
    /// signature.
    pub(crate) fn copy_in<Io: RegisterIo + ?Sized>(
        &self,
        offset: u64,
        record: &[u8],
        skipped: usize,
        io: &mut Io,
    ) -> Result<(), RangeFailure> {
        let at = |part: usize| self.range.address.wrapping_add(offset).wrapping_add(part as u64);
        let after = PERSISTENCE.wrapping_add(PERSISTENCE_SIGNATURE.len());
        let head = record.get(skipped..PERSISTENCE).unwrap_or_default();
        let tail = record.get(after..).unwrap_or_default();
        let copied = io
            .write_memory(at(skipped), head)
            .and_then(|()| io.write_memory(at(PERSISTENCE), &PERSISTENCE_SIGNATURE))
            .and_then(|()| io.write_memory(at(after), tail));
        copied.map_err(RangeFailure::Transfer)
    }

    /// Fetches a record into `buffer`; [`IDENTIFIER_UNSPECIFIED`] fetches the first.
    ///
    /// The record that is returned begins with `CPER`, has the length that it states, and the identifier asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BufferTooSmall`], with the length needed and nothing copied. [`ErrorKind::RecordSignature`],
    /// [`ErrorKind::RecordLength`] and [`ErrorKind::RecordIdentifier`] when what the platform delivers is not such a
    /// record; for the first and the last of these three, `buffer` holds it all the same. [`ErrorKind::Status`] when
    /// the platform refuses (`RECORD_NOT_FOUND`, `RECORD_STORE_EMPTY`), [`ErrorKind::Busy`] when it does not end, and
    /// those of [`Interpreter::run`].
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
        let found = if self.is_nvram() {
            self.find_in_place(identifier, io).map_err(Failure::Range)
        } else {
            // Old bytes in the range must not pass for the record if the platform delivers nothing.
            let erased = io
                .write_memory(self.range.address, &[0; 4])
                .map_err(|error| Failure::Range(RangeFailure::Transfer(error)));
            erased.and_then(|()| self.perform(Operation::Read, Some(0), Some(identifier), io)).map(|()| 0)
        };
        let offset = found.map_err(|failure| self.error(Operation::Read, failure))?;
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
        let length = usize::try_from(stated).unwrap_or(usize::MAX);
        let too_small = Operation::Read.failed(ErrorKind::buffer_too_small(length, buffer.len()));
        let into = buffer.get_mut(..length).ok_or(too_small)?;
        io.read_memory(address, into).map_err(failed)?;
        check_record(into, identifier).map_err(|fault| Operation::Read.failed(fault.error().kind()))?;
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
        let cleared = if self.is_nvram() {
            self.clear_in_place(identifier, io).map_err(Failure::Range)
        } else {
            self.perform(Operation::Clear, None, Some(identifier), io)
        };
        cleared.map_err(|failure| self.error(Operation::Clear, failure))
    }

    /// The error that a failure of an operation is.
    #[cold]
    #[inline(never)]
    pub(crate) fn error(&self, operation: Operation, failure: Failure) -> Error {
        match failure {
            Failure::Status(status) => operation.failed(ErrorKind::Status(status)),
            Failure::Busy { waited_us, status } => operation.failed(ErrorKind::Busy { waited_us, status }),
            Failure::Program(stop) => self.interpreter.error(stop),
            Failure::Record(fault) => fault.error(),
            Failure::TooLong { needed } => Error::at_offset(
                0,
                ErrorKind::buffer_too_small(needed, usize::try_from(self.range.length).unwrap_or(usize::MAX)),
            ),
            Failure::Range(failure) => failure.error(operation),
        }
    }

    /// One operation from its beginning to its end, which is run whatever happens between.
    ///
    /// It takes no frame of its own.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a panic's stack must hold the chain of calls")]
    pub(crate) fn perform<Io: RegisterIo + ?Sized>(
        &mut self,
        operation: Operation,
        offset: Option<u64>,
        identifier: Option<u64>,
        io: &mut Io,
    ) -> Result<(), Failure> {
        self.interpreter.reset();
        let executed = self
            .run_optional(operation.begin(), io)
            .and_then(|()| self.start(offset, identifier, io))
            .and_then(|()| self.wait(io))
            .and_then(|still_busy| self.status(still_busy, io));
        // A fault is reported with the interpreter's place, before it runs on to the end.
        let result = executed.unwrap_or_else(|fault| Err(Failure::Program(self.interpreter.stop(fault))));
        match self.run_optional(Action::END_OPERATION, io) {
            Err(fault) if result.is_ok() => Err(Failure::Program(self.interpreter.stop(fault))),
            _ => result,
        }
    }

    /// How the operation went, after its time when the platform is still busy.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a panic's stack must hold the chain of calls")]
    fn status<Io: RegisterIo + ?Sized>(
        &mut self,
        still_busy: Option<u64>,
        io: &mut Io,
    ) -> Result<Result<(), Failure>, Fault> {
        let status = self.interpreter.run_action(Action::GET_COMMAND_STATUS, io).map(Status::new);
        if let Some(waited_us) = still_busy {
            return Ok(Err(Failure::Busy { waited_us, status: status.ok() }));
        }
        Ok(match status? {
            Status::SUCCESS => Ok(()),
            status => Err(Failure::Status(status)),
        })
    }

    /// Hands in where and what, and begins: two actions at most, and one.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a panic's stack must hold the chain of calls")]
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

    /// Waits until the platform is no longer busy; `Some` microseconds when it still is after the time it has: each
    /// turn waits a microsecond or more, so there are no more turns than microseconds.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a panic's stack must hold the chain of calls")]
    fn wait<Io: RegisterIo + ?Sized>(&mut self, io: &mut Io) -> Result<Option<u64>, Fault> {
        let budget = self.budget_us();
        // A sixteenth of the nominal time, and never so long that a watchdog bites.
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
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a panic's stack must hold the chain of calls")]
    fn run_optional<Io: RegisterIo + ?Sized>(&mut self, action: Action, io: &mut Io) -> Result<(), Fault> {
        match self.interpreter.run_action(action, io) {
            Ok(_) | Err(Fault::Missing) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}

/// Why an operation failed: an [`Error`] that does not know of which operation, small enough for the stack of a panic.
#[derive(Clone, Copy)]
pub(crate) enum Failure {
    /// The platform refused.
    Status(Status),
    /// The platform did not end.
    Busy { waited_us: u64, status: Option<Status> },
    /// The table's program did not.
    Program(Stop),
    /// The bytes to be written are no record.
    Record(RecordFault),
    /// The record is longer than the range.
    TooLong { needed: usize },
    /// The range did not do.
    Range(RangeFailure),
}

/// Why something in the range failed.
#[derive(Clone, Copy)]
pub(crate) enum RangeFailure {
    /// It has no room for the record.
    Full,
    /// It has no record of this identifier.
    NotFound,
    /// It has no record.
    Empty,
    /// It cannot be read in search of records.
    Search(IoError),
    /// It cannot be written.
    Transfer(IoError),
}

impl RangeFailure {
    pub(crate) fn error(self, operation: Operation) -> Error {
        match self {
            Self::Full => operation.failed(ErrorKind::Status(Status::NOT_ENOUGH_SPACE)),
            Self::NotFound => operation.failed(ErrorKind::Status(Status::RECORD_NOT_FOUND)),
            Self::Empty => operation.failed(ErrorKind::Status(Status::RECORD_STORE_EMPTY)),
            Self::Search(error) => Operation::Read.failed(ErrorKind::Io(error)),
            Self::Transfer(error) => operation.failed(ErrorKind::Io(error)),
        }
    }
}

impl Operation {
    /// An error of this operation.
    pub(crate) const fn failed(self, kind: ErrorKind) -> Error {
        Error::new(kind, Location::Operation(self))
    }
}

/// Why bytes are not a record.
#[derive(Clone, Copy)]
pub(crate) enum RecordFault {
    Signature([u8; 4]),
    Length { stated: u64, available: u64 },
    Identifier(u64),
}

impl RecordFault {
    #[cold]
    pub(crate) fn error(self) -> Error {
        match self {
            Self::Signature(found) => Error::at_offset(0, ErrorKind::RecordSignature(found)),
            Self::Length { stated, available } => {
                Error::at_offset(record::LENGTH as u64, ErrorKind::RecordLength { stated, available })
            }
            Self::Identifier(found) => {
                Error::at_offset(record::IDENTIFIER as u64, ErrorKind::RecordIdentifier(found))
            }
        }
    }
}

/// That `bytes` are one record of their own length, with an identifier: the given one if it is not 0.
pub(crate) fn check_record(bytes: &[u8], identifier: u64) -> Result<(), RecordFault> {
    let signature = bytes.first_chunk().copied().unwrap_or_default();
    if signature != SIGNATURE {
        return Err(RecordFault::Signature(signature));
    }
    let available = bytes.len() as u64;
    let stated = u64::from(record::length(bytes).unwrap_or(0));
    if stated != available || stated < record::HEADER_LEN as u64 {
        return Err(RecordFault::Length { stated, available });
    }
    let found = record::identifier(bytes).unwrap_or(IDENTIFIER_UNSPECIFIED);
    let asked = identifier == IDENTIFIER_UNSPECIFIED || found == identifier;
    if !asked || matches!(found, IDENTIFIER_UNSPECIFIED | IDENTIFIER_END) {
        return Err(RecordFault::Identifier(found));
    }
    Ok(())
}
