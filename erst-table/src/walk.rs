//! Lists the records of a store, whatever the platform's way to go from one to the next (ACPI 6.5 section 18.5.2.2).

use crate::{Error, ErrorKind, Operation, RegisterIo, Status, Store};

/// A walk over the records of a [`Store`], each once.
///
/// Platforms differ in what `GET_RECORD_IDENTIFIER` returns when it is run again: on QEMU's device and the like the next
/// identifier, all ones after the last, then the first again; by the specification's text the same one until its record
/// was read. A walk may also begin in the middle, where an earlier one was left. So a walk goes on past the end until it
/// meets an identifier again. [`next_record`](Self::next_record) serves platforms of both kinds,
/// [`next_identifier`](Self::next_identifier) only the first.
///
/// Records may be cleared, written or vanish between two steps: what vanished is passed over, and no other record is lost
/// by it. An identifier that is stored twice, after an interrupted write, comes once. The first 64 identifiers are
/// remembered; in a store of more, a walk from the middle that is disturbed may bring a record twice, never none. A walk
/// ends after [`MAX_STEPS`](Self::MAX_STEPS) whatever the platform returns.
///
/// ```
/// # use erst_table::{Error, RegisterIo, Store, Walk};
/// fn archive(store: &mut Store, io: &mut impl RegisterIo, keep: impl Fn(&[u8]) -> bool) -> Result<(), Error> {
///     let mut buffer = [0; 8192];
///     let mut walk = Walk::new();
///     while let Some(found) = walk.next_record(store, &mut buffer, io)? {
///         match found.record {
///             Ok(record) if keep(record) => store.clear(found.identifier, io)?,
///             _ => {} // not ours to clear
///         }
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Walk {
    seen: [u64; 64],
    remembered: usize,
    /// Identifiers met since the walk began, or since a record that vanished sent the platform back to its first one.
    met: u64,
    /// Identifiers that may be met before the records come round again: as many as are stored.
    cycle: u64,
    /// Whether the end was met.
    wrapped: bool,
    done: bool,
    steps: u32,
    /// In NVRAM mode, where the search goes on.
    offset: u64,
}

/// One record that a [`Walk`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundRecord<'b> {
    /// Its identifier.
    pub identifier: u64,
    /// Its bytes, or why they cannot be had; the walk goes on after either.
    pub record: Result<&'b [u8], Error>,
}

impl Walk {
    /// Identifiers asked for at most, in one walk.
    pub const MAX_STEPS: u32 = 1 << 17;

    /// A walk that has not begun.
    pub const fn new() -> Self {
        Self {
            seen: [0; 64],
            remembered: 0,
            met: 0,
            cycle: 0,
            wrapped: false,
            done: false,
            steps: 0,
            offset: 0,
        }
    }

    /// The next identifier, without reading the record; `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of [`Store::next_identifier`].
    pub fn next_identifier<Io: RegisterIo + ?Sized>(
        &mut self,
        store: &mut Store<'_>,
        io: &mut Io,
    ) -> Result<Option<u64>, Error> {
        while let Some((identifier, new)) = self.advance(store, io)? {
            if new {
                return Ok(Some(identifier));
            }
        }
        Ok(None)
    }

    /// The next record, read into `buffer`; `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of [`Store::next_identifier`]. An error of the record itself is in [`FoundRecord::record`].
    pub fn next_record<'b, Io: RegisterIo + ?Sized>(
        &mut self,
        store: &mut Store<'_>,
        buffer: &'b mut [u8],
        io: &mut Io,
    ) -> Result<Option<FoundRecord<'b>>, Error> {
        let (identifier, length) = loop {
            let Some((identifier, new)) = self.advance(store, io)? else { return Ok(None) };
            let fetched = store.fetch(identifier, buffer, io);
            match fetched {
                // Vanished: the platform may have gone back to its first record.
                Err(error) if new && has_vanished(error) => {
                    self.met = 0;
                    self.cycle = self.cycle.max(self.remembered as u64);
                }
                fetched if new => break (identifier, fetched),
                _ => {}
            }
        };
        let buffer: &'b [u8] = buffer;
        let record = length.map(|length| buffer.get(..length).unwrap_or_default());
        Ok(Some(FoundRecord { identifier, record }))
    }

    /// The next identifier and whether the walk has not brought it before.
    fn advance<Io: RegisterIo + ?Sized>(
        &mut self,
        store: &mut Store<'_>,
        io: &mut Io,
    ) -> Result<Option<(u64, bool)>, Error> {
        if self.done {
            return Ok(None);
        }
        if store.is_nvram() {
            let found = store.next_in_place(self.offset, io);
            let found = found.map_err(|failure| failure.error(Operation::Read))?;
            self.offset = found.map_or(self.offset, |found| found.end);
            self.done = found.is_none();
            return Ok(found.map(|found| (found.identifier, true)));
        }
        if self.steps == 0 {
            self.cycle = match store.count(io) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::MissingAction => 0,
                Err(error) => return Err(error),
            };
        }
        while self.steps < Self::MAX_STEPS {
            self.steps = self.steps.wrapping_add(1);
            let Some(identifier) = store.next_identifier(io)? else {
                // The end, and after it the records before the place where the walk began, if it has not met them all.
                if self.wrapped || (self.met != 0 && self.met == self.cycle) {
                    break;
                }
                self.wrapped = true;
                continue;
            };
            self.met = self.met.wrapping_add(1);
            let remembered = self.seen.get(..self.remembered).unwrap_or_default();
            let new = !remembered.contains(&identifier);
            if new {
                if let Some(place) = self.seen.get_mut(self.remembered) {
                    *place = identifier;
                    self.remembered = self.remembered.wrapping_add(1);
                }
            } else if self.met > self.cycle {
                break;
            }
            return Ok(Some((identifier, new)));
        }
        self.done = true;
        Ok(None)
    }
}

/// Whether the platform says that the record is not there any more.
fn has_vanished(error: Error) -> bool {
    matches!(error.kind(), ErrorKind::Status(Status::RECORD_NOT_FOUND | Status::RECORD_STORE_EMPTY))
}

impl Default for Walk {
    fn default() -> Self {
        Self::new()
    }
}
