//! Parts of kernel logs, held until all of them were met: they are records of their own, in several files and even in
//! several sources, and together one event.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::dmesg;
use crate::event::Event;
use crate::found::{Found, Part, Place, What};
use pstore_format::RecordId;
use pstore_format::record::StoredRecord;

use super::source::Source;
use super::{Collected, Key, Record};

/// Bytes of parts that are held at a time. A log with more is put together of what there is.
const MOST_BYTES: usize = 16 << 20;

/// Parts, each once.
#[derive(Debug, Default)]
pub struct Parts {
    held: Vec<Held>,
    /// Places in `held`, by the digests of keys.
    places: HashMap<u128, usize>,
    bytes: usize,
}

/// A part, out of the file that it was in.
#[derive(Debug)]
pub struct Held {
    /// What its record is known by.
    pub key: Key,
    /// Where it was met: the source, the file in it, and the slot of a store.
    pub met: Vec<(Source, PathBuf, Option<usize>)>,
    file: String,
    offset: u64,
    cleared: bool,
    raw: Vec<u8>,
    stored: Vec<u8>,
    is_record: bool,
    compressed: bool,
    id: Option<RecordId>,
    id_names_boot: bool,
    time: Option<u64>,
}

impl Held {
    /// The part as it was found.
    pub fn found(&self) -> Found<'_> {
        let slot = self.met.first().and_then(|(_, _, slot)| *slot);
        let place = Place { file: &self.file, offset: self.offset, slot, cleared: self.cleared };
        let part = Part {
            place,
            record: self.is_record.then(|| StoredRecord::parse(&self.raw).ok()).flatten(),
            stored: &self.stored,
            compressed: self.compressed,
            id: self.id,
            id_names_boot: self.id_names_boot,
            time: self.time,
        };
        Found { place, what: What::Part(part), raw: &self.raw }
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
        self.places.insert(key.digest, self.held.len());
        self.bytes += found.raw.len() + part.stored.len();
        self.held.push(Held {
            key,
            met: vec![met],
            file: found.place.file.to_owned(),
            offset: found.place.offset,
            cleared: found.place.cleared,
            raw: found.raw.to_owned(),
            stored: part.stored.to_owned(),
            is_record: part.record.is_some(),
            compressed: part.compressed,
            id: part.id,
            id_names_boot: part.id_names_boot,
            time: part.time,
        });
    }

    /// Whether as many are held as may be.
    pub const fn is_full(&self) -> bool {
        self.bytes >= MOST_BYTES
    }

    /// Hands on the logs that the parts make, each with its parts, the oldest text first.
    pub fn logs(&self, mut hand_on: impl FnMut(&Collected<'_, '_>, &[&Held])) {
        // A part is told from others by where its text is held.
        let places: HashMap<*const u8, &Held> =
            self.held.iter().map(|held| (held.stored.as_ptr(), held)).collect();
        for found in dmesg::assemble(self.held.iter().map(Held::found).collect()) {
            let What::Log(log) = &found.what else { continue };
            let parts: Vec<&Held> =
                log.parts().filter_map(|part| places.get(&part.stored.as_ptr()).copied()).collect();
            let records: Vec<Record<'_>> =
                parts.iter().map(|held| Record { key: held.key, raw: &held.raw }).collect();
            let Some(newest) = records.last() else { continue };
            hand_on(&Collected { key: &newest.key, records: &records, event: &Event::of(&found) }, &parts);
        }
    }
}
