//! Parts of kernel logs, held until all are there. Each part is a record of its own, in one of several files and
//! sources; together they are one event.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::dmesg;
use crate::event::Event;
use crate::found::{Found, LogKind, Part, Place, Reading, Text, What};
use pstore_format::RecordId;
use pstore_format::record::StoredRecord;

use super::source::Source;
use super::{Collected, Key, Record};

/// The most bytes of parts that are held. A longer log is put together from the parts that are held.
const MOST_BYTES: usize = if cfg!(test) { 100_000 } else { 16 << 20 };

/// Parts, each once.
#[derive(Debug, Default)]
pub struct Parts {
    held: Vec<Held>,
    /// Places in `held`, by the digests of keys.
    places: HashMap<u128, usize>,
    bytes: usize,
}

/// A part, out of the file that it was in.
// What `Part` has.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug)]
pub struct Held {
    /// Its record's key.
    pub key: Key,
    /// Its place: the source, the file in it, and the slot of a store.
    pub met: Vec<(Source, PathBuf, Option<usize>)>,
    file: String,
    offset: u64,
    cleared: bool,
    raw: Vec<u8>,
    stored: Stored,
    /// The inflated text, where `stored` is compressed.
    inflated: Option<Text<'static>>,
    is_record: bool,
    compressed: bool,
    id: Option<RecordId>,
    id_names_boot: bool,
    time: Option<u64>,
    kind: LogKind,
    reading: Option<Reading>,
}

/// A part's text as it is stored.
#[derive(Debug)]
enum Stored {
    /// These bytes of its record.
    Inside(Range<usize>),
    /// Bytes that its record does not have like that.
    Other(Vec<u8>),
}

impl Stored {
    fn of(stored: &[u8], raw: &[u8]) -> Self {
        let at = (stored.as_ptr() as usize).wrapping_sub(raw.as_ptr() as usize);
        let range = at..at.wrapping_add(stored.len());
        let inside = raw.get(range.clone()).is_some_and(|bytes| std::ptr::eq(bytes, stored));
        if inside { Self::Inside(range) } else { Self::Other(stored.to_owned()) }
    }
}

impl Held {
    /// Its text as it is stored.
    fn stored(&self) -> &[u8] {
        match &self.stored {
            Stored::Inside(range) => &self.raw[range.clone()],
            Stored::Other(bytes) => bytes,
        }
    }

    /// The part as it was found.
    pub fn found(&self) -> Found<'_> {
        let slot = self.met.first().and_then(|(_, _, slot)| *slot);
        let place = Place { file: &self.file, offset: self.offset, slot, cleared: self.cleared };
        let part = Part {
            place,
            record: self.is_record.then(|| StoredRecord::parse(&self.raw).ok()).flatten(),
            stored: self.stored(),
            compressed: self.compressed,
            id: self.id,
            id_names_boot: self.id_names_boot,
            time: self.time,
            kind: self.kind,
            reading: self.reading,
            text: self.inflated.clone().unwrap_or(Text::Stored(self.stored())),
        };
        Found::new(place, What::Part(part), &self.raw)
    }
}

impl Parts {
    /// Holds a part that was found in a file of a source.
    pub fn hold(&mut self, source: &Source, path: &Path, key: Key, found: &Found<'_>, part: &Part<'_>) {
        let met = (source.clone(), path.to_owned(), found.place.slot);
        if let Some(place) = self.places.get(&key.digest) {
            self.held[*place].met.push(met);
            return;
        }
        self.push(Held {
            key,
            met: vec![met],
            file: found.place.file.to_owned(),
            offset: found.place.offset,
            cleared: found.place.cleared,
            raw: found.raw.to_owned(),
            stored: Stored::of(part.stored, found.raw),
            inflated: match &part.text {
                Text::Stored(_) => None,
                Text::Inflated(text, problem) => Some(Text::Inflated(text.clone(), *problem)),
            },
            is_record: part.record.is_some(),
            compressed: part.compressed,
            id: part.id,
            id_names_boot: part.id_names_boot,
            time: part.time,
            kind: part.kind,
            reading: part.reading,
        });
    }

    /// Removes all parts but those of the last part's log, if more are held than may be: the parts of one log are
    /// mostly met together.
    pub fn take_overflow(&mut self) -> Option<Self> {
        if self.bytes < MOST_BYTES {
            return None;
        }
        let mut last: Vec<u128> = Vec::new();
        if let Some(newest) = self.held.last().map(|held| held.key) {
            self.logs(|_, parts| {
                if parts.iter().any(|part| part.key == newest) {
                    last = parts.iter().map(|part| part.key.digest).collect();
                }
            });
        }
        let (mut rest, mut taken) = (Self::default(), Self::default());
        for held in std::mem::take(self).held {
            let to = if last.contains(&held.key.digest) { &mut rest } else { &mut taken };
            to.push(held);
        }
        // One log is all of it.
        if rest.bytes >= MOST_BYTES {
            rest.held.drain(..).for_each(|held| taken.push(held));
            rest = Self::default();
        }
        *self = rest;
        Some(taken)
    }

    fn push(&mut self, held: Held) {
        self.places.insert(held.key.digest, self.held.len());
        let inflated = match &held.inflated {
            Some(Text::Inflated(text, _)) => text.len(),
            _ => 0,
        };
        self.bytes += held.raw.len() + held.stored().len() + inflated;
        self.held.push(held);
    }

    /// Passes on the logs, each with its parts, oldest text first.
    pub fn logs(&self, mut hand_on: impl FnMut(&Collected<'_, '_>, &[&Held])) {
        // A part is identified by the address of its text.
        let places: HashMap<*const u8, &Held> =
            self.held.iter().map(|held| (held.stored().as_ptr(), held)).collect();
        for found in dmesg::assemble(self.held.iter().map(Held::found).collect()) {
            let What::Log(log) = &found.what else { continue };
            let parts: Vec<&Held> =
                log.parts().filter_map(|part| places.get(&part.stored.as_ptr()).copied()).collect();
            let records: Vec<Record<'_>> =
                parts.iter().map(|held| Record { key: held.key, raw: &held.raw }).collect();
            let Some(newest) = records.last() else { continue };
            let event = Event::of(found);
            hand_on(&Collected { key: &newest.key, records: &records, event: &event }, &parts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of as many logs, of so many bytes each, in the order in which ids rise.
    fn hold(parts: &mut Parts, logs: u64, of_log: u32, bytes: usize, mut overflow: impl FnMut(Parts)) {
        let path = Path::new("file");
        let source = Source::named(path, Path::new("/"));
        for log in 0..logs {
            for number in 1..=of_log {
                let text = format!("Panic#1 Part{number}\n{log} {number} {}", "x".repeat(bytes));
                let id = RecordId::new((log + 1_600_000_000) << 32 | u64::from(number));
                let name = format!("{log}-{number}");
                let place = Place::new(&name, 0);
                let stored = text.as_bytes();
                let part = Part { id: Some(id), id_names_boot: true, ..Part::new(place, stored, false) };
                let found = Found::new(place, What::Part(part.clone()), stored);
                let key = Key::of(&found, cper::Guid::ZERO).unwrap();
                // Once more, elsewhere.
                for _ in 0..2 {
                    parts.hold(&source, path, key, &found, &part);
                }
                parts.take_overflow().into_iter().for_each(&mut overflow);
            }
        }
    }

    #[test]
    fn no_log_is_torn_where_many_are_held() {
        let (mut parts, mut seen, mut overflows) = (Parts::default(), Vec::new(), 0);
        let note = |parts: &Parts, seen: &mut Vec<usize>| {
            parts.logs(|collected, held| {
                assert_eq!(*collected.key, held.last().unwrap().key);
                assert!(held.iter().all(|part| part.met.len() == 2));
                seen.push(held.len());
            });
        };
        hold(&mut parts, 50, 7, 1000, |taken| {
            overflows += 1;
            note(&taken, &mut seen);
        });
        assert!(overflows > 3 && parts.bytes < MOST_BYTES, "{overflows}");
        note(&parts, &mut seen);
        assert_eq!(seen, [7; 50]);
        // One log that is too long is all that is put together.
        let mut taken = 0;
        hold(&mut Parts::default(), 1, 1000, 1000, |parts| taken += parts.held.len());
        assert!(taken > 900, "{taken}");
    }
}
