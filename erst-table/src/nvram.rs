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
use crate::store::{IDENTIFIER_UNSPECIFIED, RangeFailure};
use crate::{RegisterIo, Store};

/// Bytes of a header that a search looks at first: up to and with the length. Whoever passes is looked at whole.
const FRONT: usize = record::LENGTH + 4;

/// Bytes read from the range at once; each reading tests the places of 17 headers.
const BLOCK: usize = FRONT + 16;
const _: () = assert!(BLOCK <= record::HEADER_LEN);

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

/// The length of the record that begins so, if it may be one; the range has `room` bytes for it.
#[inline]
fn stated_length(front: &[u8; FRONT], room: u64) -> Option<u64> {
    let length = u64::from(record::length(front)?);
    let fits = length >= record::HEADER_LEN as u64 && length <= room;
    (fits && front.get(6..)?.starts_with(&[0xff; 4])).then_some(length)
}

impl Store<'_> {
    /// The next record at or after `from`, dead ones too.
    ///
    /// It reads every place once, 17 to a reading, and goes over a record at once.
    #[inline(never)]
    fn find_next<Io: RegisterIo + ?Sized>(
        &self,
        from: u64,
        io: &mut Io,
    ) -> Result<Option<Found>, RangeFailure> {
        let mut block = [0; BLOCK];
        let mut offset = from;
        loop {
            let room = self.range.length.saturating_sub(offset);
            if room < record::HEADER_LEN as u64 {
                return Ok(None);
            }
            // A range with room for a header has room for a block.
            io.read_memory(self.range.address.wrapping_add(offset), &mut block)
                .map_err(RangeFailure::Search)?;
            let mut rest: &[u8] = &block;
            while let Some(front) = rest.first_chunk() {
                let room = self.range.length.saturating_sub(offset);
                if let Some(length) = stated_length(front, room) {
                    let live = front.starts_with(&record::SIGNATURE);
                    if let Some(found) = self.recognize(offset, length, live, io)? {
                        return Ok(Some(found));
                    }
                }
                rest = rest.get(1..).unwrap_or_default();
                offset = offset.wrapping_add(1);
            }
        }
    }

    /// The record at `offset`, if it is one: alive, or with the persistence signature that one has or had.
    fn recognize<Io: RegisterIo + ?Sized>(
        &self,
        offset: u64,
        length: u64,
        live: bool,
        io: &mut Io,
    ) -> Result<Option<Found>, RangeFailure> {
        let address = self.range.address.wrapping_add(offset);
        let (mut identifier, mut persistence) = ([0; 8], [0; 2]);
        io.read_memory(address.wrapping_add(record::IDENTIFIER as u64), &mut identifier)
            .and_then(|()| io.read_memory(address.wrapping_add(PERSISTENCE as u64), &mut persistence))
            .map_err(RangeFailure::Search)?;
        let identifier = u64::from_le_bytes(identifier);
        let end = offset.wrapping_add(length);
        Ok((live || persistence == PERSISTENCE_SIGNATURE).then_some(Found { offset, end, live, identifier }))
    }

    /// The next record at or after `from` that has its signature. A record is 128 bytes or more, and each that is found
    /// ends after the one before: no loop over them takes more turns than the range has room for records.
    pub(crate) fn next_in_place<Io: RegisterIo + ?Sized>(
        &self,
        from: u64,
        io: &mut Io,
    ) -> Result<Option<Found>, RangeFailure> {
        let mut from = from;
        while let Some(found) = self.find_next(from, io)? {
            if found.live {
                return Ok(Some(found));
            }
            from = found.end;
        }
        Ok(None)
    }

    pub(crate) fn count_in_place<Io: RegisterIo + ?Sized>(&self, io: &mut Io) -> Result<u64, RangeFailure> {
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
    ) -> Result<Option<Found>, RangeFailure> {
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
    ) -> Result<u64, RangeFailure> {
        if let Some(found) = self.first_of(identifier, io)? {
            return Ok(found.offset);
        }
        Err(match self.first_of(IDENTIFIER_UNSPECIFIED, io)? {
            Some(_) => RangeFailure::NotFound,
            None => RangeFailure::Empty,
        })
    }

    pub(crate) fn clear_in_place<Io: RegisterIo + ?Sized>(
        &mut self,
        identifier: u64,
        io: &mut Io,
    ) -> Result<(), RangeFailure> {
        match self.clear_all(identifier, Keep::None, io)? {
            0 => Err(RangeFailure::NotFound),
            _ => Ok(()),
        }
    }

    /// Takes the signature from the records of that identifier, but from the one to keep; returns how many there were.
    ///
    /// The first of them is what a reader sees: it goes last, lest another one that a power cut left behind appears.
    /// The range is searched once for each, and once more.
    #[inline(never)]
    fn clear_all<Io: RegisterIo + ?Sized>(
        &self,
        identifier: u64,
        keep: Keep,
        io: &mut Io,
    ) -> Result<u32, RangeFailure> {
        let mut keep = keep;
        let mut cleared = 0_u32;
        loop {
            let (mut last, mut from) = (None, 0);
            while let Some(found) = self.next_in_place(from, io)? {
                if found.identifier == identifier {
                    match keep {
                        Keep::First => keep = Keep::At(found.offset),
                        Keep::At(offset) if offset == found.offset => {}
                        _ => last = Some(found.offset),
                    }
                }
                from = found.end;
            }
            let Some(offset) = last else { return Ok(cleared) };
            self.put(offset, &[0; 4], io)?;
            cleared = cleared.wrapping_add(1);
        }
    }

    /// Clears what the record at `start` replaces.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a panic's stack must hold the chain of calls")]
    pub(crate) fn clear_others<Io: RegisterIo + ?Sized>(
        &self,
        record: &[u8],
        start: u64,
        io: &mut Io,
    ) -> Result<(), RangeFailure> {
        let identifier = record::identifier(record).unwrap_or(IDENTIFIER_UNSPECIFIED);
        self.clear_all(identifier, Keep::At(start), io)?;
        Ok(())
    }

    /// Where a record goes: the first gap that is large enough, without what dead records left in it.
    pub(crate) fn make_room<Io: RegisterIo + ?Sized>(
        &self,
        record: &[u8],
        io: &mut Io,
    ) -> Result<u64, RangeFailure> {
        let identifier = record::identifier(record).unwrap_or(IDENTIFIER_UNSPECIFIED);
        // A second record with the same identifier, which a power cut left, is superfluous.
        self.clear_all(identifier, Keep::First, io)?;
        let length = record.len() as u64;
        let start = self.first_gap(length, io)?;
        self.scrub(start, start.wrapping_add(length), io)?;
        Ok(start)
    }

    /// Where so many bytes are free: one turn for the gap before each record, one for that after the last.
    #[inline(never)]
    fn first_gap<Io: RegisterIo + ?Sized>(&self, length: u64, io: &mut Io) -> Result<u64, RangeFailure> {
        let mut end = 0;
        // The gap before each record, then the one after the last.
        loop {
            let next = self.next_in_place(end, io)?;
            let gap_end = next.map_or(self.range.length, |found| found.offset);
            if gap_end.saturating_sub(end) >= length {
                return Ok(end);
            }
            end = next.ok_or(RangeFailure::Full)?.end;
        }
    }

    /// Zeroes what dead records left between `start` and `limit`, and what they have beyond it, from the end to the start,
    /// 32 bytes a turn.
    #[inline(never)]
    fn scrub<Io: RegisterIo + ?Sized>(
        &self,
        start: u64,
        limit: u64,
        io: &mut Io,
    ) -> Result<(), RangeFailure> {
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
            self.put(end, zeroes.get(..length as usize).unwrap_or_default(), io)?;
        }
        Ok(())
    }

    pub(crate) fn put<Io: RegisterIo + ?Sized>(
        &self,
        offset: u64,
        bytes: &[u8],
        io: &mut Io,
    ) -> Result<(), RangeFailure> {
        io.write_memory(self.range.address.wrapping_add(offset), bytes).map_err(RangeFailure::Transfer)
    }
}

/// Which record of an identifier is not cleared.
#[derive(Clone, Copy)]
enum Keep {
    None,
    First,
    At(u64),
}
