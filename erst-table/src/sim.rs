//! A simulated ERST device, with faults to inject: for tests of this crate and of its users.
//!
//! Its registers are those of QEMU's `acpi-erst` (`hw/acpi/erst.c`), and so is its image, which
//! [`qemu::Image`] reads. Unlike QEMU's its firmware is careful: it refuses what is not a record, and it programs its
//! medium byte by byte in an order that loses nothing when the power is cut. It can also be a platform whose range is
//! itself the store, and one that moves on to the next record when a record is read, as the specification's text says.

use crate::qemu::{self, Content, Image, Overwrite};
use crate::{
    AccessWidth, Action, AddressSpace, Error, ErrorKind, IoError, RangeAttributes, RegisterIo,
    RegisterLayout, Status, Table, TableWriter, Timings, record,
};

/// Address of the device's registers.
pub const REGISTERS: u64 = 0xfebf_d000;

/// Address of the device's error log address range.
pub const RANGE: u64 = 0x1_0000_0000;

/// What goes wrong, and when. Accesses are counted from 0, each byte of the range as one, since the device was made or
/// its power came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The power is cut instead of this access.
    pub cut_at_access: Option<u64>,
    /// The power is cut instead of programming this byte of the medium.
    pub cut_at_byte: Option<u64>,
    /// This access fails, and those after it do not.
    pub fail_access: Option<u64>,
    /// How often `CHECK_BUSY_STATUS` says busy after `EXECUTE_OPERATION`; `u64::MAX` is for ever.
    pub busy: u64,
    /// `EXECUTE_OPERATION` does nothing but set this status.
    pub status: Option<Status>,
    /// A read succeeds but transfers nothing.
    pub deliver_nothing: bool,
    /// At this access, the record of this identifier vanishes.
    pub vanish: Option<(u64, u64)>,
}

/// When the device's current record becomes the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cursor {
    /// When `GET_RECORD_IDENTIFIER` has returned it, as in QEMU.
    #[default]
    MovesWhenListed,
    /// When it was read, as in the specification's text.
    MovesWhenRead,
}

/// How the device behaves where platforms differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// When the device's current record becomes the next one.
    pub cursor: Cursor,
    /// How the device treats a record that is written again.
    pub overwrite: Overwrite,
    /// Attributes it reports besides [`RangeAttributes::NON_VOLATILE`].
    pub attributes: RangeAttributes,
    /// Timings it reports.
    pub timings: Timings,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            cursor: Cursor::default(),
            overwrite: Overwrite::Beside,
            attributes: RangeAttributes::empty(),
            timings: Timings { nominal_us: 10, maximum_us: 100 },
        }
    }
}

/// The device. Its medium and its range are the caller's memory, and stay as the device leaves them.
#[derive(Debug)]
pub struct SimulatedDevice<'m> {
    /// The faults that are injected.
    pub faults: Faults,
    /// How the device behaves where the specification leaves a choice.
    pub behaviour: Behaviour,
    storage: Storage<'m>,
    registers: Registers,
    meter: Meter,
}

#[derive(Debug)]
enum Storage<'m> {
    /// A backing image, and the volatile range through which records pass.
    Image { image: &'m mut [u8], range: &'m mut [u8] },
    /// The range is the medium.
    Nvram { range: &'m mut [u8] },
}

/// The registers, which are zero again after the device's power was cut.
#[derive(Clone, Copy, Debug)]
struct Registers {
    operation: Action,
    value: u64,
    offset: u32,
    identifier: u64,
    status: Status,
    busy: u64,
    /// The slot at which the search for the next identifier begins.
    cursor: usize,
}

impl Registers {
    const RESET: Self = Self {
        operation: Action::END_OPERATION,
        value: 0,
        offset: 0,
        identifier: 0,
        status: Status::SUCCESS,
        busy: 0,
        cursor: 0,
    };
}

/// What was done so far, and whether there is power.
#[derive(Clone, Copy, Debug, Default)]
struct Meter {
    accesses: u64,
    bytes: u64,
    waited_us: u64,
    cut: bool,
}

impl Meter {
    /// Whether the next byte of the medium is programmed.
    fn program(&mut self, faults: &Faults) -> bool {
        self.cut |= faults.cut_at_byte == Some(self.bytes);
        if !self.cut {
            self.bytes = self.bytes.wrapping_add(1);
        }
        !self.cut
    }
}

impl<'m> SimulatedDevice<'m> {
    /// A device over a backing image, which is made empty if it has no header, and a range as long as a slot.
    ///
    /// # Errors
    ///
    /// As [`Image::parse`] and [`qemu::format`], the latter with slots as long as the range.
    pub fn new(image: &'m mut [u8], range: &'m mut [u8]) -> Result<Self, Error> {
        match Image::parse(image) {
            Err(error) if error.kind() == ErrorKind::ImageUninitialized => {
                qemu::format(image, u32::try_from(range.len()).unwrap_or(u32::MAX))?;
            }
            other => drop(other?),
        }
        Ok(Self::with(Storage::Image { image, range }))
    }

    /// A device whose range is itself non-volatile.
    pub fn nvram(range: &'m mut [u8]) -> Self {
        Self::with(Storage::Nvram { range })
    }

    fn with(storage: Storage<'m>) -> Self {
        Self {
            faults: Faults::default(),
            behaviour: Behaviour::default(),
            storage,
            registers: Registers::RESET,
            meter: Meter::default(),
        }
    }

    /// Writes the device's ERST table to `buffer`, which takes 912 bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BufferTooSmall`].
    pub fn table(buffer: &mut [u8]) -> Result<Table<'_>, Error> {
        let entries = RegisterLayout::at(REGISTERS).entries();
        Table::parse(TableWriter::new(&entries).encode(buffer)?)
    }

    /// Accesses so far: register accesses and bytes of the range.
    pub const fn accesses(&self) -> u64 {
        self.meter.accesses
    }

    /// Bytes of the medium programmed so far.
    pub const fn programmed(&self) -> u64 {
        self.meter.bytes
    }

    /// Microseconds waited so far.
    pub const fn waited_us(&self) -> u64 {
        self.meter.waited_us
    }

    /// Whether the power was cut: every access fails, and nothing changes any more.
    pub const fn is_cut(&self) -> bool {
        self.meter.cut
    }

    /// Brings the power back: registers and counters are reset, faults are gone, and a volatile range holds noise.
    pub fn power_on(&mut self) {
        self.registers = Registers::RESET;
        self.meter = Meter::default();
        self.faults = Faults::default();
        if let Storage::Image { range, .. } = &mut self.storage {
            range.fill(0xa5);
        }
    }

    /// The medium: the backing image, or the non-volatile range.
    pub fn medium(&self) -> &[u8] {
        match &self.storage {
            Storage::Image { image, .. } => image,
            Storage::Nvram { range } => range,
        }
    }

    fn range(&self) -> &[u8] {
        match &self.storage {
            Storage::Image { range, .. } | Storage::Nvram { range } => range,
        }
    }

    /// Counts an access and lets happen what was to happen at it.
    fn access(&mut self) -> Result<(), IoError> {
        let number = self.meter.accesses;
        self.meter.cut |= self.faults.cut_at_access == Some(number);
        if self.meter.cut {
            return Err(IoError::Failed);
        }
        if let Some((at, identifier)) = self.faults.vanish {
            if at == number {
                self.remove(identifier);
            }
        }
        self.meter.accesses = number.wrapping_add(1);
        if self.faults.fail_access == Some(number) {
            return Err(IoError::Failed);
        }
        Ok(())
    }

    /// The place in the range of so many bytes, if nothing is to happen at any of their accesses.
    fn undisturbed(&self, address: u64, length: usize) -> Option<core::ops::Range<usize>> {
        let start = usize::try_from(address.checked_sub(RANGE)?).ok()?;
        let accesses = self.meter.accesses..self.meter.accesses.checked_add(length as u64)?;
        let vanish = self.faults.vanish.map(|(at, _)| at);
        let due = [self.faults.cut_at_access, self.faults.fail_access, vanish].into_iter().flatten();
        if self.meter.cut || due.into_iter().any(|at| accesses.contains(&at)) {
            return None;
        }
        Some(start..start.checked_add(length)?)
    }

    /// Carries out the action whose number was written.
    fn act(&mut self, action: Action) {
        match action {
            Action::BEGIN_WRITE_OPERATION
            | Action::BEGIN_READ_OPERATION
            | Action::BEGIN_CLEAR_OPERATION
            | Action::BEGIN_DUMMY_WRITE_OPERATION
            | Action::END_OPERATION => self.registers.operation = action,
            Action::SET_RECORD_OFFSET => self.registers.offset = self.registers.value as u32,
            Action::EXECUTE_OPERATION if self.registers.value & 0xff == 0x9c => {
                self.registers.busy = self.faults.busy;
                self.registers.status = match self.faults.status {
                    Some(status) => status,
                    None => self.execute(),
                };
            }
            Action::CHECK_BUSY_STATUS => {
                self.registers.value = u64::from(self.registers.busy != 0);
                if self.registers.busy != u64::MAX {
                    self.registers.busy = self.registers.busy.saturating_sub(1);
                }
            }
            Action::GET_COMMAND_STATUS => self.registers.value = self.registers.status.raw(),
            Action::GET_RECORD_IDENTIFIER => self.registers.value = self.next_identifier(),
            Action::SET_RECORD_IDENTIFIER => self.registers.identifier = self.registers.value,
            Action::GET_RECORD_COUNT => self.registers.value = self.count(),
            Action::GET_ERROR_LOG_ADDRESS_RANGE => self.registers.value = RANGE,
            Action::GET_ERROR_LOG_ADDRESS_RANGE_LENGTH => self.registers.value = self.range().len() as u64,
            Action::GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES => {
                let nvram = match self.storage {
                    Storage::Image { .. } => RangeAttributes::empty(),
                    Storage::Nvram { .. } => RangeAttributes::NON_VOLATILE,
                };
                self.registers.value = self.behaviour.attributes.union(nvram).bits();
            }
            Action::GET_EXECUTE_OPERATION_TIMINGS => {
                let Timings { nominal_us, maximum_us } = self.behaviour.timings;
                self.registers.value = u64::from(maximum_us) << 32 | u64::from(nominal_us);
            }
            _ => {}
        }
    }

    fn execute(&mut self) -> Status {
        // A platform whose range keeps the records has nothing left to do.
        if matches!(self.storage, Storage::Nvram { .. }) {
            return Status::SUCCESS;
        }
        let done = match self.registers.operation {
            Action::BEGIN_WRITE_OPERATION => self.write_record(),
            Action::BEGIN_READ_OPERATION => self.read_record(),
            Action::BEGIN_CLEAR_OPERATION => self.clear_record(),
            Action::BEGIN_DUMMY_WRITE_OPERATION => Ok(()),
            _ => Err(Status::FAILED),
        };
        match done {
            Ok(()) => Status::SUCCESS,
            Err(status) => status,
        }
    }

    fn write_record(&mut self) -> Result<(), Status> {
        let Storage::Image { image, range } = &mut self.storage else { return Err(Status::FAILED) };
        let given = range.get(self.registers.offset as usize..).ok_or(Status::FAILED)?;
        let length =
            record::length(given).and_then(|length| usize::try_from(length).ok()).ok_or(Status::FAILED)?;
        let given = given.get(..length).ok_or(Status::FAILED)?;
        let parsed = Image::parse(image).map_err(status)?;
        let edit = parsed.plan_write(given, self.behaviour.overwrite).map_err(status)?;
        program(image, &edit, &mut self.meter, &self.faults)
    }

    fn clear_record(&mut self) -> Result<(), Status> {
        let Storage::Image { image, .. } = &mut self.storage else { return Err(Status::FAILED) };
        if matches!(self.registers.identifier, 0 | u64::MAX) {
            return Err(Status::FAILED);
        }
        let edit = Image::parse(image)
            .and_then(|image| image.plan_clear(self.registers.identifier))
            .map_err(status)?;
        program(image, &edit, &mut self.meter, &self.faults)
    }

    fn read_record(&mut self) -> Result<(), Status> {
        let Storage::Image { image, range } = &mut self.storage else { return Err(Status::FAILED) };
        let image = Image::parse(image).map_err(status)?;
        let first = image.used().next().ok_or(Status::RECORD_STORE_EMPTY)?;
        let found = match self.registers.identifier {
            0 => Some(first),
            u64::MAX => return Err(Status::FAILED),
            identifier => image.find(identifier),
        };
        let Some(slot) = found else {
            self.registers.identifier = first.identifier;
            // QEMU has then returned the first one already, as far as the next identifier goes.
            self.registers.cursor = match self.behaviour.cursor {
                Cursor::MovesWhenListed => first.index.wrapping_add(1),
                Cursor::MovesWhenRead => 0,
            };
            return Err(Status::RECORD_NOT_FOUND);
        };
        let record = slot.record().map_err(|_| Status::FAILED)?;
        let room =
            range.get_mut(self.registers.offset as usize..).and_then(|room| room.get_mut(..record.len()));
        let room = room.ok_or(Status::FAILED)?;
        if !self.faults.deliver_nothing {
            room.copy_from_slice(record);
        }
        if self.behaviour.cursor == Cursor::MovesWhenRead || self.registers.identifier == 0 {
            self.registers.cursor = slot.index.wrapping_add(1);
        }
        Ok(())
    }

    fn next_identifier(&mut self) -> u64 {
        let Storage::Image { image, .. } = &self.storage else { return u64::MAX };
        let Ok(image) = Image::parse(image) else { return u64::MAX };
        let cursor = self.registers.cursor;
        let next = image.used().find(|slot| slot.index >= cursor);
        self.registers.cursor = match (next, self.behaviour.cursor) {
            (None, _) => 0,
            (Some(slot), Cursor::MovesWhenListed) => slot.index.wrapping_add(1),
            (Some(slot), Cursor::MovesWhenRead) => slot.index,
        };
        next.map_or(u64::MAX, |slot| slot.identifier)
    }

    fn count(&self) -> u64 {
        match &self.storage {
            Storage::Image { image, .. } => {
                Image::parse(image).map_or(0, |image| u64::from(image.header().record_count()))
            }
            Storage::Nvram { .. } => 0,
        }
    }

    /// Removes a record without a command of the operating system.
    fn remove(&mut self, identifier: u64) {
        if let Storage::Image { image, .. } = &mut self.storage {
            if let Ok(edit) = Image::parse(image).and_then(|image| image.plan_clear(identifier)) {
                // The write was planned for this image.
                let _ = edit.apply(image);
            }
        }
    }
}

/// Programs a change byte by byte, as far as the power lasts; a byte that is right already is left alone.
fn program(
    image: &mut [u8],
    edit: &qemu::Edit<'_>,
    meter: &mut Meter,
    faults: &Faults,
) -> Result<(), Status> {
    let mut set = |to: &mut u8, from: u8| {
        if *to != from {
            if !meter.program(faults) {
                return Err(Status::FAILED);
            }
            *to = from;
        }
        Ok(())
    };
    for change in edit.changes() {
        let place = change.place(image).map_err(status)?;
        match change.content() {
            Content::Bytes(bytes) => place.iter_mut().zip(bytes).try_for_each(|(to, from)| set(to, *from))?,
            Content::Erased { .. } => place.iter_mut().try_for_each(|to| set(to, 0xff))?,
        }
    }
    Ok(())
}

/// The status that a platform returns for an error of its image.
fn status(error: Error) -> Status {
    match error.kind() {
        ErrorKind::Status(status) => status,
        _ => Status::FAILED,
    }
}

/// Where an access of the range lies in it.
fn place(address: u64, width: AccessWidth) -> Option<core::ops::Range<usize>> {
    let start = usize::try_from(address.checked_sub(RANGE)?).ok()?;
    Some(start..start.checked_add(usize::from(width.bytes()))?)
}

impl RegisterIo for SimulatedDevice<'_> {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        if space != AddressSpace::SYSTEM_MEMORY {
            return Err(IoError::Unsupported);
        }
        self.access()?;
        match (address.wrapping_sub(REGISTERS), width) {
            // The action register reads as 0, whatever was written.
            (0, AccessWidth::Dword | AccessWidth::Qword) => Ok(0),
            (8, AccessWidth::Qword) => Ok(self.registers.value),
            (8, AccessWidth::Dword) => Ok(self.registers.value & 0xffff_ffff),
            (12, AccessWidth::Dword) => Ok(self.registers.value >> 32),
            (0..16, _) => Err(IoError::Unsupported),
            _ => {
                let bytes =
                    place(address, width).and_then(|place| self.range().get(place)).ok_or(IoError::Failed)?;
                let mut value = [0; 8];
                for (to, from) in value.iter_mut().zip(bytes) {
                    *to = *from;
                }
                Ok(u64::from_le_bytes(value))
            }
        }
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        if space != AddressSpace::SYSTEM_MEMORY {
            return Err(IoError::Unsupported);
        }
        self.access()?;
        let upper = self.registers.value & 0xffff_ffff_0000_0000;
        let lower = self.registers.value & 0xffff_ffff;
        match (address.wrapping_sub(REGISTERS), width) {
            (0, AccessWidth::Dword | AccessWidth::Qword) => self.act(Action::new(value as u8)),
            (8, AccessWidth::Qword) => self.registers.value = value,
            (8, AccessWidth::Dword) => self.registers.value = upper | value & 0xffff_ffff,
            (12, AccessWidth::Dword) => self.registers.value = lower | value << 32,
            (0..16, _) => return Err(IoError::Unsupported),
            _ => {
                let place = place(address, width).ok_or(IoError::Failed)?;
                let (range, medium) = match &mut self.storage {
                    Storage::Image { range, .. } => (range, false),
                    Storage::Nvram { range } => (range, true),
                };
                let bytes = range.get_mut(place).ok_or(IoError::Failed)?;
                for (to, from) in bytes.iter_mut().zip(value.to_le_bytes()) {
                    if medium && !self.meter.program(&self.faults) {
                        return Err(IoError::Failed);
                    }
                    *to = from;
                }
            }
        }
        // The access during which the power went is not known to have succeeded.
        if self.meter.cut { Err(IoError::Failed) } else { Ok(()) }
    }

    // As the trait's own bodies do, but without going through each access where none is due to fail.
    fn read_memory(&mut self, address: u64, into: &mut [u8]) -> Result<(), IoError> {
        if let Some(place) = self.undisturbed(address, into.len()) {
            if let Some(bytes) = self.range().get(place) {
                into.copy_from_slice(bytes);
                self.meter.accesses = self.meter.accesses.wrapping_add(into.len() as u64);
                return Ok(());
            }
        }
        for (to, address) in into.iter_mut().zip(address..) {
            *to = self.read(AddressSpace::SYSTEM_MEMORY, address, AccessWidth::Byte)? as u8;
        }
        Ok(())
    }

    fn write_memory(&mut self, address: u64, from: &[u8]) -> Result<(), IoError> {
        if let Some(place) = self.undisturbed(address, from.len()) {
            if let Storage::Image { range, .. } = &mut self.storage {
                if let Some(bytes) = range.get_mut(place) {
                    bytes.copy_from_slice(from);
                    self.meter.accesses = self.meter.accesses.wrapping_add(from.len() as u64);
                    return Ok(());
                }
            }
        }
        for (from, address) in from.iter().zip(address..) {
            self.write(AddressSpace::SYSTEM_MEMORY, address, AccessWidth::Byte, u64::from(*from))?;
        }
        Ok(())
    }

    fn stall_us(&mut self, microseconds: u64) {
        self.meter.waited_us = self.meter.waited_us.saturating_add(microseconds);
    }
}
