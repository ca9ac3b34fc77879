//! Walks over what a file holds and says what was found, good and bad.

use cper::{Record, RecordHeader, SectionTypeId, StatusBlocks};
use erst_table::Table;
use erst_table::qemu::{Image, ImageProblem};
use mce_record::mcelog;
use pstore_format::record::{Payload, StoredRecord};

use crate::found::{Content as Body, Found, Part, Place, What, located};
use crate::input::Bytes;
use crate::progress::Progress;
use crate::recognise::{self, Content};
use crate::summary;

/// A file that was recognised.
#[derive(Debug)]
pub struct File {
    /// As it was named.
    pub name: String,
    /// Its bytes, or those its text stands for.
    pub bytes: Bytes,
    /// The form of that text.
    pub form: Option<&'static str>,
}

/// What was found in a file.
#[derive(Debug, Default)]
pub struct Scan<'a> {
    /// What it is, for people.
    pub title: String,
    /// What is in it.
    pub found: Vec<Found<'a>>,
    /// Cleared records that were left out.
    pub cleared: usize,
    /// How many records are bad.
    pub bad: usize,
}

/// Bytes looked at between two chances to give memory back.
const STRIDE: usize = 32 << 20;

struct Scanner<'a, 'p> {
    file: &'a File,
    progress: &'p Progress,
    show_cleared: bool,
    scan: Scan<'a>,
    released: usize,
}

/// Finds what a file holds. Cleared records count, and are shown if so wished.
pub fn scan<'a>(file: &'a File, content: Content<'_>, show_cleared: bool, progress: &Progress) -> Scan<'a> {
    let mut scanner = Scanner { file, progress, show_cleared, scan: Scan::default(), released: 0 };
    scanner.run(content);
    if let Some(form) = file.form {
        scanner.scan.title.push_str(&format!(", from {form}"));
    }
    scanner.scan
}

impl<'a> Scanner<'a, '_> {
    fn run(&mut self, content: Content<'_>) {
        let bytes: &'a [u8] = &self.file.bytes;
        match content {
            Content::Image => self.image(bytes),
            Content::Records(skip) => self.records(bytes, skip),
            Content::Blocks => self.blocks(bytes),
            Content::Table => {
                if let Ok(table) = Table::parse(bytes) {
                    self.scan.title = "ACPI table".into();
                    self.push(self.place(0), What::Table(table));
                }
            }
            Content::Section => {
                if let Some((descriptor, body)) = recognise::section(bytes) {
                    self.scan.title = "section with its descriptor, no record around it".into();
                    self.sections(self.place(0), What::Section(descriptor, body));
                }
            }
            Content::Machines(size) => {
                let count = bytes.len() / size;
                self.scan.title = format!("struct mce of {size} bytes{}", times(count));
                for (index, bytes) in bytes.chunks_exact(size).enumerate() {
                    self.sections(
                        self.place(index * size),
                        What::Body(SectionTypeId::LINUX_MCE, bytes, None),
                    );
                }
            }
            Content::MachineLog(word_size) => self.machine_log(bytes, word_size),
            Content::Log { skip, compressed, id, time } => {
                self.scan.title = "kernel log".into();
                let stored = bytes.get(skip..).unwrap_or_default();
                self.part(Part {
                    place: self.place(skip),
                    record: None,
                    stored,
                    compressed,
                    id: id.map(|(id, _)| id),
                    id_names_boot: id.is_some_and(|(_, names_boot)| names_boot),
                    time,
                });
            }
            Content::Stored(name) => {
                self.scan.title = format!("pstore file, {} from {}", name.kind, name.backend);
                let (place, id) = (self.place(0), Some(name.id));
                match (name.kind, recognise::stored_type(&name)) {
                    (_, Some(section_type)) if !name.compressed => {
                        self.sections(place, What::Body(section_type, bytes, id));
                    }
                    ("dmesg" | "console" | "pmsg", _) => self.part(Part {
                        place,
                        record: None,
                        stored: bytes,
                        compressed: name.compressed,
                        id,
                        id_names_boot: name.backend == "erst",
                        time: None,
                    }),
                    _ => self.push(place, What::Unknown(bytes, id)),
                }
            }
        }
    }

    fn place(&self, offset: usize) -> Place<'a> {
        Place::new(&self.file.name, offset)
    }

    fn push(&mut self, place: Place<'a>, what: What<'a>) {
        self.scan.bad += usize::from(matches!(what, What::Bad(_)));
        self.scan.found.push(Found { place, what });
        self.progress.found(self.scan.bad);
    }

    fn bad(&mut self, place: Place<'a>, reason: impl Into<String>) {
        self.push(place, What::Bad(reason.into()));
    }

    /// Gives memory back now and then on the way through a large file.
    fn reached(&mut self, offset: usize) {
        self.progress.reached(offset as u64);
        if offset.saturating_sub(self.released) >= STRIDE {
            self.file.bytes.release();
            self.released = offset;
        }
    }

    /// The slots of an image.
    fn image(&mut self, bytes: &'a [u8]) {
        let image = match Image::parse(bytes) {
            Ok(image) => image,
            Err(error) => {
                self.scan.title = "ERST store, its header unusable".into();
                return self.bad(self.place(0), error.kind.to_string());
            }
        };
        for problem in image.check() {
            // What is wrong with a slot is told with the slot.
            if !is_of_slot(&problem) {
                self.bad(self.place(0), problem.to_string());
            }
        }
        let mut records = 0;
        let mut data = 0;
        for slot in image.slots() {
            let offset = slot.offset as usize;
            self.reached(offset);
            let place = Place { slot: Some(slot.index), ..self.place(slot.offset as usize) };
            if slot.is_used() {
                records += 1;
                self.slot(place, &slot);
                continue;
            }
            if data < offset {
                data = self.file.bytes.next_data(offset);
            }
            // Nothing was ever in a slot that is a hole of the file, and looking at it would take memory.
            if data >= offset + slot.bytes.len() {
                continue;
            }
            if let Some(record) = slot.cleared_record() {
                self.scan.cleared += 1;
                if self.show_cleared {
                    self.record(Place { cleared: true, ..place }, record, record.len());
                }
            }
        }
        let size = summary::size(image.slot_size());
        let slots = image.slot_count();
        self.scan.title = format!("ERST store, {slots} slots of {size}, {}", count(records, "record"));
    }

    fn slot(&mut self, place: Place<'a>, slot: &erst_table::qemu::Slot<'a>) {
        if !slot.bytes.starts_with(b"CPER") {
            let seen = slot.bytes.get(..4).unwrap_or_default().escape_ascii();
            return self.bad(
                place,
                format!("signature \"{seen}\", not \"CPER\", in a slot with record {}", slot.identifier),
            );
        }
        if slot.record_identifier() != slot.identifier {
            self.bad(
                place.at(place.offset + ID_FIELD),
                format!(
                    "record id {} in the record, {} in the store's map",
                    slot.record_identifier(),
                    slot.identifier
                ),
            );
        }
        self.record(place, slot.bytes, slot.bytes.len());
    }

    /// A record at the start of `bytes`, which hold up to `room` bytes of it.
    fn record(&mut self, place: Place<'a>, bytes: &'a [u8], room: usize) {
        let stored = match StoredRecord::parse(bytes) {
            Ok(stored) => stored,
            Err(error) => {
                let at = place.offset + u64::from(error.offset());
                return self.bad(place.at(at), error.kind().to_string());
            }
        };
        let record = stored.record();
        let header = record.header();
        if record.missing() != 0 {
            let stated = header.record_length.get();
            let within = if place.slot.is_some() { "the slot" } else { "the bytes there are" };
            let reason = format!("record length {stated} exceeds {within} ({room}); shown as far as it goes");
            self.bad(place.at(place.offset + LENGTH_FIELD), reason);
        }
        let part = |stored_text, compressed| Part {
            place,
            record: Some(stored),
            stored: stored_text,
            compressed,
            id: Some(stored.id()),
            id_names_boot: true,
            time: stored.time(),
        };
        match stored.payload() {
            Payload::Dmesg(text) => self.part(part(text, false)),
            Payload::CompressedDmesg(stream) => self.part(part(stream, true)),
            Payload::Record => {
                if header.section_count.get() == 0 {
                    self.bad(place.at(place.offset + COUNT_FIELD), "section count 0, at least 1 expected");
                }
                for error in record.sections().filter_map(Result::err) {
                    let (at, reason) = located(&error, place);
                    self.bad(place.at(at), reason);
                }
                self.sections(place, What::Record(stored));
            }
            _ => self.sections(place, What::Record(stored)),
        }
    }

    /// Something with sections: those that cannot be decoded are bad parts of their own.
    fn sections(&mut self, place: Place<'a>, what: What<'a>) {
        let found = Found { place, what };
        for section in found.sections() {
            match section.content {
                // A section outside its record was told already.
                Body::Bad(at, reason)
                    if !section.bytes.is_empty() || matches!(found.what, What::Body(..)) =>
                {
                    self.bad(place.at(at), reason);
                }
                Body::Log(part) => self.check(&part),
                _ => {}
            }
        }
        self.push(found.place, found.what);
    }

    fn part(&mut self, part: Part<'a>) {
        self.check(&part);
        if !part.text().0.is_empty() {
            self.push(part.place, What::Part(part));
        }
    }

    /// Tells what is bad about the text of a part.
    fn check(&mut self, part: &Part<'a>) {
        if let (_, Some(error)) = part.text() {
            let before = offset_in(&self.file.bytes, part.stored);
            self.bad(part.place.at(before + u64::from(error.offset())), error.kind().to_string());
        }
    }

    /// The kernel's log of machine checks, out of a dump of its memory.
    fn machine_log(&mut self, bytes: &'a [u8], word_size: mcelog::WordSize) {
        let log = match mcelog::Log::parse(bytes, word_size) {
            Ok(log) => log,
            Err(error) => return self.bad(self.place(error.offset as usize), error.kind.to_string()),
        };
        let mut entries = 0;
        for entry in log.entries() {
            match entry {
                Ok(entry) => {
                    entries += 1;
                    let place = self.place(0).at(offset_in(bytes, entry.as_bytes()));
                    self.sections(place, What::Body(SectionTypeId::LINUX_MCE, entry.as_bytes(), None));
                }
                Err(error) => self.bad(self.place(error.offset as usize), error.kind.to_string()),
            }
        }
        let lost = if log.head().overflow() { ", further ones were lost" } else { "" };
        self.scan.title =
            format!("machine-check log of the kernel, {entries} of {} entries used{lost}", log.head().len);
    }

    /// Records back to back. Where one is bad the next is looked for by its signature.
    fn records(&mut self, bytes: &'a [u8], skip: usize) {
        let mut at = skip;
        let mut records = 0;
        let mut after_bad = false;
        while let Some(next) = self.next_record(bytes, at, after_bad) {
            records += 1;
            let rest = bytes.get(next..).unwrap_or_default();
            self.reached(next);
            let covered = covered_record(rest);
            if let Some(end) = covered {
                let length = Record::parse(rest).map_or(0, |record| record.header().record_length.get());
                let at = self.place(next).at(next as u64 + LENGTH_FIELD);
                self.bad(at, format!("record length {length} runs over the record {end} bytes on"));
            }
            self.record(self.place(next), rest, rest.len());
            // Without a usable header there is no telling where the next record begins; that was said.
            after_bad = Record::parse(rest).is_err();
            at = next + covered.unwrap_or_else(|| record_end(rest));
        }
        self.scan.title = format!("{}, {}", count(records, "CPER record"), summary::size(bytes.len()));
    }

    /// Where the next record begins. What lies before it is bad, unless it is fill or the rest of a bad record.
    fn next_record(&mut self, bytes: &'a [u8], from: usize, after_bad: bool) -> Option<usize> {
        let mut at = self.file.bytes.next_data(from).min(bytes.len());
        let mut fill = true;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            // One stride and both signatures' length, so that none is missed between two strides.
            let window = &rest[..rest.len().min(STRIDE + 9)];
            let signature = memchr::memmem::find_iter(window, b"CPER").find(|place| {
                // After other bytes only what also has the second signature is taken for a record.
                at + place == from || window.get(place + 6..place + 10) == Some(&[0xff; 4])
            });
            let before = &window[..signature.unwrap_or(window.len())];
            fill = fill && is_fill(before);
            if let Some(place) = signature {
                at += place;
                break;
            }
            if window.len() == rest.len() {
                at = bytes.len();
                break;
            }
            at = self.file.bytes.next_data(at + STRIDE).min(bytes.len());
            self.reached(at);
        }
        if !fill && !after_bad {
            let next = if at < bytes.len() { "before the next record" } else { "to the end" };
            self.bad(self.place(from), format!("{} {next} that are no record", summary::size(at - from)));
        }
        (at < bytes.len()).then_some(at)
    }

    /// A status block, or a region of them.
    fn blocks(&mut self, bytes: &'a [u8]) {
        let mut blocks = 0;
        for (offset, block) in StatusBlocks::new(bytes) {
            let header = block.header();
            let noted = header.block_status.get() == 0;
            let place = Place { cleared: noted, ..self.place(offset) };
            if !recognise::is_block(&block) {
                let rest = bytes.len() - offset;
                self.bad(
                    place,
                    format!("{} behind the last status block that are none", summary::size(rest)),
                );
                break;
            }
            blocks += 1;
            if noted && !self.show_cleared {
                self.scan.cleared += 1;
                continue;
            }
            if block.missing() != 0 {
                let there = block.as_bytes().len();
                self.bad(
                    place,
                    format!("status block of {} bytes, {there} available", there as u64 + block.missing()),
                );
            }
            let raw_data = block.raw_data().and_then(Result::err);
            for error in block.entries().find_map(Result::err).into_iter().chain(raw_data) {
                let (at, reason) = located(&error, place);
                self.bad(place.at(at), reason);
            }
            self.sections(place, What::Block(block));
        }
        self.scan.title = match blocks {
            1 => "generic error status block".into(),
            _ => format!("error region, {blocks} status blocks"),
        };
    }
}

/// Whether there is nothing: zeros, or the ones of erased flash.
fn is_fill(bytes: &[u8]) -> bool {
    let mut words = bytes.chunks_exact(16);
    let rest = words.remainder();
    words.all(|word| word == [0; 16] || word == [0xff; 16])
        && rest.iter().all(|byte| matches!(byte, 0 | 0xff))
}

/// Where the fields of a record's header are.
const COUNT_FIELD: u64 = std::mem::offset_of!(RecordHeader, section_count) as u64;
const ID_FIELD: u64 = std::mem::offset_of!(RecordHeader, record_id) as u64;
const LENGTH_FIELD: u64 = std::mem::offset_of!(RecordHeader, record_length) as u64;

/// Where bytes out of a file lie in it.
fn offset_in(file: &[u8], part: &[u8]) -> u64 {
    (part.as_ptr().addr().wrapping_sub(file.as_ptr().addr())) as u64
}

fn is_of_slot(problem: &ImageProblem) -> bool {
    matches!(
        problem,
        ImageProblem::RecordLength { .. }
            | ImageProblem::RecordSignature { .. }
            | ImageProblem::RecordIdentifier { .. }
    )
}

/// Where the record at the start of `bytes` ends for somebody who looks for the next.
///
/// Where its length lies past the end of the file, or runs over another record, its sections tell.
fn record_end(bytes: &[u8]) -> usize {
    let Ok(record) = Record::parse(bytes) else { return 4 };
    let sections = record.descriptors().iter().filter_map(|descriptor| {
        let end = u64::from(descriptor.section_offset.get()) + u64::from(descriptor.section_length.get());
        usize::try_from(end).ok().filter(|end| *end <= record.as_bytes().len())
    });
    let descriptors = RecordHeader::SIZE + record.descriptors().len() * cper::SectionDescriptor::SIZE;
    if record.missing() == 0 { record.as_bytes().len() } else { sections.max().unwrap_or(0).max(descriptors) }
}

/// Where another record begins between the sections of the one at the start of `bytes` and its end: no writer leaves
/// one there, so the length is wrong.
fn covered_record(bytes: &[u8]) -> Option<usize> {
    let record = Record::parse(bytes).ok().filter(|record| record.missing() == 0)?;
    let bytes = record.as_bytes();
    let ends = record.sections().flatten().map(|section| {
        let descriptor = section.descriptor();
        descriptor.section_offset.get() as usize + descriptor.section_length.get() as usize
    });
    let from = ends.max()?;
    let slack = bytes.get(from..)?;
    let second = |place: usize| slack.get(place + 6..place + 10) == Some(&[0xff; 4]);
    memchr::memmem::find_iter(slack, b"CPER").find(|place| second(*place)).map(|place| from + place)
}

/// `3 records`, `1 record`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn times(count: usize) -> String {
    if count == 1 { String::new() } else { format!(", {count} of them") }
}
