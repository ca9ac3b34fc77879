//! The store of a platform whose error log address range is itself non-volatile (ACPI 6.5 sections 18.5.2.1 to 18.5.2.3).
//!
//! The operating system reads and clears such records in place and uses the platform's operations only to write. The
//! specification does not lay the range out; these are the rules here:
//!
//! - A record lies anywhere. It is recognized by `CPER`, its signature end of all ones, and a length of at least 128 that
//!   fits the range. The search goes on after its end.
//! - A record without its signature, but with its signature end, a fitting length and `ER` in its persistence information,
//!   is one that was cleared, or whose write did not end. Its room is free, and the search passes over it too: what looks
//!   like a record inside it is not one.
//! - A write makes room first: what is left of dead records is zeroed from the end to the start, so that each is
//!   recognized until its last byte is gone. Then it puts the record there, its signature last. A power cut before the
//!   last byte of the signature leaves no record, one after it the whole record.
//! - A record that replaces another is written beside it, and only then is the other one cleared. Until then there are
//!   two of that identifier, both whole.

use crate::record::{self, PERSISTENCE, PERSISTENCE_SIGNATURE};
use crate::store::IDENTIFIER_UNSPECIFIED;
use crate::{Error, ErrorKind, Operation, RegisterIo, Status, Store};

/// Bytes of a record's header that say what it is: up to and with the persistence signature at 108.
const WINDOW: usize = 112;

/// Bytes read from the range at once; each reading tests the places of 65 headers.
const BLOCK: usize = WINDOW + 64;

/// A record found in the range.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    /// Its offset in the range.
    pub(crate) offset: u64,
    /// The offset after it.
    pub(crate) end: u64,
    /// Whether it has its signature.
    live: bool,
    /// Its identifier.
    pub(crate) identifier: u64,
}

/// Looks at the header at `offset`, after which the range has `room` bytes.
fn recognize(header: &[u8; WINDOW], offset: u64, room: u64) -> Option<Found> {
    let part = |at: usize| header.get(at..).unwrap_or_default();
    let length = u64::from(record::length(header)?);
    let fits = length >= record::HEADER_LEN as u64 && length <= room;
    let live = header.starts_with(b"CPER");
    let known = live || part(PERSISTENCE).starts_with(&PERSISTENCE_SIGNATURE);
    if !fits || !known || !part(6).starts_with(&[0xff; 4]) {
        return None;
    }
    Some(Found { offset, end: offset.wrapping_add(length), live, identifier: record::identifier(header)? })
}

impl Store<'_> {
    /// The next record at or after `from`, dead ones too. Its block is not to lie on the stack while the platform works.
    #[inline(never)]
    fn find_next<Io: RegisterIo + ?Sized>(&self, from: u64, io: &mut Io) -> Result<Option<Found>, Error> {
        let mut block = [0; BLOCK];
        let mut offset = from;
        loop {
            let room = self.range.length.saturating_sub(offset);
            if room < record::HEADER_LEN as u64 {
                return Ok(None);
            }
            let length = usize::try_from(room).unwrap_or(BLOCK).min(BLOCK);
            let bytes = block.get_mut(..length).unwrap_or_default();
            let address = self.range.address.wrapping_add(offset);
            io.read_memory(address, bytes).map_err(|error| Operation::Read.failed(ErrorKind::Io(error)))?;
            let mut rest: &[u8] = bytes;
            let mut room = room;
            while let Some(header) = rest.first_chunk() {
                if let Some(found) = recognize(header, offset, room) {
                    return Ok(Some(found));
                }
                rest = rest.get(1..).unwrap_or_default();
                offset = offset.wrapping_add(1);
                room = room.wrapping_sub(1);
            }
        }
    }

    /// The next record at or after `from` that has its signature.
    pub(crate) fn next_in_place<Io: RegisterIo + ?Sized>(
        &self,
        from: u64,
        io: &mut Io,
    ) -> Result<Option<Found>, Error> {
        let mut from = from;
        while let Some(found) = self.find_next(from, io)? {
            if found.live {
                return Ok(Some(found));
            }
            from = found.end;
        }
        Ok(None)
    }

    pub(crate) fn count_in_place<Io: RegisterIo + ?Sized>(&self, io: &mut Io) -> Result<u64, Error> {
        let (mut count, mut from) = (0_u64, 0);
        while let Some(found) = self.next_in_place(from, io)? {
            count = count.wrapping_add(1);
            from = found.end;
        }
        Ok(count)
    }

    /// The record that a reader sees: of several with the identifier the first.
    fn first_of<Io: RegisterIo + ?Sized>(
        &self,
        identifier: u64,
        io: &mut Io,
    ) -> Result<Option<Found>, Error> {
        let mut from = 0;
        while let Some(found) = self.next_in_place(from, io)? {
            if identifier == IDENTIFIER_UNSPECIFIED || found.identifier == identifier {
                return Ok(Some(found));
            }
            from = found.end;
        }
        Ok(None)
    }

    /// Offset of a record, of the first one for the unspecified identifier.
    pub(crate) fn find_in_place<Io: RegisterIo + ?Sized>(
        &self,
        identifier: u64,
        io: &mut Io,
    ) -> Result<u64, Error> {
        if let Some(found) = self.first_of(identifier, io)? {
            return Ok(found.offset);
        }
        let status = match self.first_of(IDENTIFIER_UNSPECIFIED, io)? {
            Some(_) => Status::RECORD_NOT_FOUND,
            None => Status::RECORD_STORE_EMPTY,
        };
        Err(Operation::Read.failed(ErrorKind::Status(status)))
    }

    pub(crate) fn clear_in_place<Io: RegisterIo + ?Sized>(
        &mut self,
        identifier: u64,
        io: &mut Io,
    ) -> Result<(), Error> {
        match self.clear_all(Operation::Clear, identifier, u64::MAX, io)? {
            0 => Err(Operation::Clear.failed(ErrorKind::Status(Status::RECORD_NOT_FOUND))),
            _ => Ok(()),
        }
    }

    /// Takes the signature from every record of that identifier but the one at `keep`; returns how many there were.
    ///
    /// The first of them is what a reader sees: it goes last, lest another one that a power cut left behind appears.
    fn clear_all<Io: RegisterIo + ?Sized>(
        &self,
        operation: Operation,
        identifier: u64,
        keep: u64,
        io: &mut Io,
    ) -> Result<u32, Error> {
        let mut cleared = 0_u32;
        loop {
            let (mut last, mut from) = (None, 0);
            while let Some(found) = self.next_in_place(from, io)? {
                if found.identifier == identifier && found.offset != keep {
                    last = Some(found.offset);
                }
                from = found.end;
            }
            let Some(offset) = last else { return Ok(cleared) };
            self.put(operation, offset, &[0; 4], io)?;
            cleared = cleared.wrapping_add(1);
        }
    }

    /// Puts a record into free room of the range and runs the platform's operation on it. A dummy write leaves the
    /// signature out.
    #[inline(never)]
    pub(crate) fn submit_in_place<Io: RegisterIo + ?Sized>(
        &mut self,
        operation: Operation,
        record: &[u8],
        io: &mut Io,
    ) -> Result<(), Error> {
        let full = operation.failed(ErrorKind::Status(Status::NOT_ENOUGH_SPACE));
        let length = record.len() as u64;
        let identifier = record::identifier(record).unwrap_or(IDENTIFIER_UNSPECIFIED);
        if let Some(first) = self.first_of(identifier, io)? {
            // A second one that a power cut left is only in the way.
            self.clear_all(operation, identifier, first.offset, io)?;
        }
        let mut end = 0;
        // First fit: the gap before each record, then the one after the last.
        let start = loop {
            let next = self.next_in_place(end, io)?;
            let gap_end = next.map_or(self.range.length, |found| found.offset);
            if gap_end.saturating_sub(end) >= length {
                break end;
            }
            end = next.ok_or(full)?.end;
        };
        let limit = start.wrapping_add(length);
        self.scrub(operation, start, limit, io)?;

        self.copy_in(operation, start, record, 4, io)?;
        if operation == Operation::Write {
            self.put(operation, start, b"CPER", io)?;
        }
        let performed = self.perform(operation, Some(start), None, io);
        if operation == Operation::Write {
            self.clear_all(operation, identifier, start, io)?;
        }
        performed
    }

    /// Zeroes what dead records left between `start` and `limit`, and what they have beyond it, from the end to the start.
    fn scrub<Io: RegisterIo + ?Sized>(
        &self,
        operation: Operation,
        start: u64,
        limit: u64,
        io: &mut Io,
    ) -> Result<(), Error> {
        let mut end = limit;
        let mut from = start;
        while let Some(found) = self.find_next(from, io)? {
            if found.live || found.offset >= limit {
                break;
            }
            end = end.max(found.end);
            from = found.end;
        }
        while end > start {
            let length = end.wrapping_sub(start).min(32);
            end = end.wrapping_sub(length);
            let zeroes = [0; 32];
            self.put(operation, end, zeroes.get(..length as usize).unwrap_or_default(), io)?;
        }
        Ok(())
    }

    fn put<Io: RegisterIo + ?Sized>(
        &self,
        operation: Operation,
        offset: u64,
        bytes: &[u8],
        io: &mut Io,
    ) -> Result<(), Error> {
        let address = self.range.address.wrapping_add(offset);
        io.write_memory(address, bytes).map_err(|error| operation.failed(ErrorKind::Io(error)))
    }
}
