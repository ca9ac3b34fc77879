//! Walks over what a file holds and says what was found, good and bad.

use cper::{Record, RecordHeader, SectionTypeId, StatusBlocks};
use erst_table::Table;
use erst_table::qemu::{Image, ImageProblem, Slot};
use mce_record::mcelog;
use pstore_format::RecordId;
use pstore_format::names::{EfiForm, EfiVariable, FileName, RecordType};
use pstore_format::ramoops::{Contents, Zone};
use pstore_format::record::{Payload, StoredRecord};

use crate::blk::{self, Placed};
use crate::dmesg;
use crate::found::{Content as Body, Found, Part, Place, What, located};
use crate::input::Bytes;
use crate::progress::Progress;
use crate::ramoops;
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
    pub form: Option<String>,
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
const STRIDE: usize = 4 << 20;

/// What is told on the way through a file.
// It is dealt with at once, never kept.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum Step<'a> {
    /// Something was found.
    Found(Found<'a>),
    /// The file was looked at up to here.
    Reached(usize),
}

struct Scanner<'a, 'v> {
    file: &'a File,
    visit: &'v mut dyn FnMut(Step<'a>),
    show_cleared: bool,
    title: String,
    cleared: usize,
    released: usize,
}

/// Finds what a file holds. Cleared records count, and are shown if so wished.
pub fn scan<'a>(file: &'a File, content: Content<'_>, show_cleared: bool, progress: &Progress) -> Scan<'a> {
    let (mut found, mut bad) = (Vec::new(), 0);
    let (title, cleared) = visit(file, content, show_cleared, &mut |step| match step {
        Step::Found(one) => {
            bad += usize::from(matches!(one.what, What::Bad(_)));
            found.push(one);
            progress.found(bad);
        }
        Step::Reached(offset) => progress.reached(offset as u64),
    });
    Scan { title, found, cleared, bad }
}

/// Hands on what a file holds as it is found, however much that is. Gives what the file is, for people, and the number
/// of cleared records that were left out.
pub fn visit<'a>(
    file: &'a File,
    content: Content<'_>,
    show_cleared: bool,
    visit: &mut dyn FnMut(Step<'a>),
) -> (String, usize) {
    let mut scanner = Scanner { file, visit, show_cleared, title: String::new(), cleared: 0, released: 0 };
    scanner.run(content);
    if let Some(form) = &file.form {
        scanner.title.push_str(&format!(", from {form}"));
    }
    (scanner.title, scanner.cleared)
}

/// Hands on what is in one slot of an ERST image, if it is in use.
pub fn visit_slot<'a>(file: &'a File, slot: usize, visit: &mut dyn FnMut(Step<'a>)) {
    let mut scanner =
        Scanner { file, visit, show_cleared: false, title: String::new(), cleared: 0, released: 0 };
    let slot = Image::parse(&file.bytes).and_then(|image| image.slot(slot));
    if let Some(slot) = slot.ok().filter(Slot::is_used) {
        scanner.used_slot(&slot);
    }
}

impl<'a> Scanner<'a, '_> {
    fn run(&mut self, content: Content<'_>) {
        let bytes: &'a [u8] = &self.file.bytes;
        match content {
            Content::Image => self.image(bytes),
            Content::Records(skip) => self.records(bytes, skip),
            Content::Blocks(start) => self.blocks(bytes, start),
            Content::Table => {
                if let Ok(table) = Table::parse(bytes) {
                    self.title = "ACPI table".into();
                    self.push(self.place(0), What::Table(table), bytes);
                }
            }
            Content::Section => {
                if let Some((descriptor, body)) = recognise::section(bytes) {
                    self.title = "section with its descriptor, no record around it".into();
                    self.sections(self.place(0), What::Section(descriptor, body), bytes);
                }
            }
            Content::Machines(size) => {
                let count = bytes.len() / size;
                self.title = format!("struct mce of {size} bytes{}", times(count));
                for (index, bytes) in bytes.chunks_exact(size).enumerate() {
                    let machine = What::Body(SectionTypeId::LINUX_MCE, bytes, None);
                    self.sections(self.place(index * size), machine, bytes);
                }
            }
            Content::MachineLog(word_size) => self.machine_log(bytes, word_size),
            Content::Log { skip, compressed, id, time } => {
                self.title = "kernel log".into();
                let stored = bytes.get(skip..).unwrap_or_default();
                let part = Part {
                    place: self.place(skip),
                    record: None,
                    stored,
                    compressed,
                    id: id.map(|(id, _)| id),
                    id_names_boot: id.is_some_and(|(_, names_boot)| names_boot),
                    time,
                };
                self.part(part, bytes);
            }
            Content::Stored(name) => {
                self.title = format!("pstore file, {} from {}", name.kind, name.backend);
                self.stored(&name, 0, bytes);
            }
            Content::NamedParts => {
                self.title = "kernel log, put together by systemd-pstore".into();
                for (name, text) in dmesg::named_parts(bytes) {
                    self.stored(&name, offset_in(bytes, text) as usize, text);
                }
            }
            Content::Ramoops => {
                let zones = ramoops::zones(bytes);
                self.title = format!("ramoops region, {}", count(zones.len(), "zone"));
                for (number, zone) in zones.into_iter().enumerate() {
                    self.zone(number, zone.start, &bytes[zone]);
                }
            }
            Content::BlockDevice => self.block_device(bytes),
        }
    }

    /// A file of pstore, at this offset.
    fn stored(&mut self, name: &FileName<'_>, offset: usize, bytes: &'a [u8]) {
        let (place, id) = (self.place(offset), Some(name.id));
        match (name.kind, recognise::stored_type(name)) {
            (_, Some(section_type)) if !name.compressed => {
                self.sections(place, What::Body(section_type, bytes, id), bytes);
            }
            ("dmesg" | "console" | "pmsg", _) => {
                let part = Part {
                    place,
                    record: None,
                    stored: bytes,
                    compressed: name.compressed,
                    id,
                    id_names_boot: name.backend == "erst",
                    // What makes the ids of EFI variables has the time in it.
                    time: name.backend.starts_with("efi").then(|| {
                        let compressed = EfiForm::Compressed;
                        EfiVariable::from_record_id(name.id, RecordType::DMESG, compressed).time
                    }),
                };
                self.part(part, bytes);
            }
            _ => self.push(place, What::Unknown(bytes, id), bytes),
        }
    }

    /// A zone of ramoops.
    fn zone(&mut self, number: usize, offset: usize, zone: &'a [u8]) {
        if let Some((header, stored)) = ramoops::dump(zone) {
            let part = Part {
                place: self.place(offset),
                record: None,
                stored,
                compressed: header.compressed,
                id: Some(RecordId(number as u64)),
                id_names_boot: false,
                time: Some(header.time),
            };
            self.part(part, stored);
        } else if Zone::parse(zone, None).is_ok_and(|zone| !zone.contents().is_empty()) {
            self.push(self.place(offset), What::Unknown(zone, None), zone);
        }
    }

    /// The zones of a device of pstore/blk. The number of a dump's zone among those for dumps is its id.
    fn block_device(&mut self, bytes: &'a [u8]) {
        let (mut zones, mut dumps) = (0, 0);
        for Placed { offset, zone } in blk::zones(bytes) {
            zones += 1;
            let id = RecordId(dumps);
            dumps += u64::from(zone.record_type() == RecordType::DMESG);
            let part = |stored, compressed, id, time| Part {
                place: Place::new(&self.file.name, offset),
                record: None,
                stored,
                compressed,
                id,
                id_names_boot: false,
                time,
            };
            if let Some((header, text)) = zone.dump() {
                self.part(part(text, header.compressed, Some(id), Some(header.time)), text);
                continue;
            }
            let Contents { older, newer } = zone.contents();
            for ring in [older, newer].into_iter().filter(|ring| !ring.is_empty()) {
                match zone.record_type() {
                    RecordType::CONSOLE | RecordType::PMSG => self.part(part(ring, false, None, None), ring),
                    _ => self.push(self.place(offset), What::Unknown(ring, None), ring),
                }
            }
        }
        self.title = format!("pstore/blk device, {}", count(zones, "zone"));
    }

    fn place(&self, offset: usize) -> Place<'a> {
        Place::new(&self.file.name, offset)
    }

    fn push(&mut self, place: Place<'a>, what: What<'a>, raw: &'a [u8]) {
        (self.visit)(Step::Found(Found { place, what, raw }));
    }

    /// A bad part of something that is found too.
    fn bad(&mut self, place: Place<'a>, reason: impl Into<String>) {
        self.lost(place, reason, &[]);
    }

    /// Bytes that are all there is to show of something.
    fn lost(&mut self, place: Place<'a>, reason: impl Into<String>, raw: &'a [u8]) {
        self.push(place, What::Bad(reason.into()), raw);
    }

    /// Gives memory back now and then on the way through a large file.
    fn reached(&mut self, offset: usize) {
        (self.visit)(Step::Reached(offset));
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
                self.title = "ERST store, its header unusable".into();
                return self.lost(self.place(0), error.kind.to_string(), bytes);
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
            if slot.is_used() {
                records += 1;
                self.used_slot(&slot);
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
                self.cleared += 1;
                if self.show_cleared {
                    let place = Place { cleared: true, ..self.slot_place(&slot) };
                    self.record(place, record, record.len());
                }
            }
        }
        let size = summary::size(image.slot_size());
        let slots = image.slot_count();
        self.title = format!("ERST store, {slots} slots of {size}, {}", count(records, "record"));
    }

    fn slot_place(&self, slot: &Slot<'a>) -> Place<'a> {
        Place { slot: Some(slot.index), ..self.place(slot.offset as usize) }
    }

    fn used_slot(&mut self, slot: &Slot<'a>) {
        let place = self.slot_place(slot);
        if !slot.bytes.starts_with(b"CPER") {
            let seen = slot.bytes.get(..4).unwrap_or_default().escape_ascii();
            let reason =
                format!("signature \"{seen}\", not \"CPER\", in a slot with record {}", slot.identifier);
            return self.lost(place, reason, slot.bytes);
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
                return self.lost(place.at(at), error.kind().to_string(), &bytes[..bad_end(bytes)]);
            }
        };
        let record = stored.record();
        let raw = record.as_bytes();
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
            Payload::Dmesg(text) => self.part(part(text, false), raw),
            Payload::CompressedDmesg(stream) => self.part(part(stream, true), raw),
            Payload::Record => {
                if header.section_count.get() == 0 {
                    self.bad(place.at(place.offset + COUNT_FIELD), "section count 0, at least 1 expected");
                }
                for error in record.sections().filter_map(Result::err) {
                    let (at, reason) = located(&error, place);
                    self.bad(place.at(at), reason);
                }
                self.sections(place, What::Record(stored), raw);
            }
            _ => self.sections(place, What::Record(stored), raw),
        }
    }

    /// Something with sections: those that cannot be decoded are bad parts of their own.
    fn sections(&mut self, place: Place<'a>, what: What<'a>, raw: &'a [u8]) {
        let found = Found { place, what, raw };
        for section in found.sections() {
            match section.content {
                // A section outside its record was told already.
                Body::Bad(at, reason)
                    if !section.bytes.is_empty() || matches!(found.what, What::Body(..)) =>
                {
                    self.bad(place.at(at), reason);
                }
                // The record around it is there in any case.
                Body::Log(part) => _ = self.check(&part, &[]),
                _ => {}
            }
        }
        (self.visit)(Step::Found(found));
    }

    fn part(&mut self, part: Part<'a>, raw: &'a [u8]) {
        let readable = self.check(&part, raw);
        if readable {
            self.push(part.place, What::Part(part), raw);
        }
    }

    /// Tells what is bad about the text of a part; whether there is any.
    fn check(&mut self, part: &Part<'a>, raw: &'a [u8]) -> bool {
        let (text, error) = part.text();
        if let Some(error) = error {
            let before = offset_in(&self.file.bytes, part.stored);
            let raw = if text.is_empty() { raw } else { &[] };
            self.lost(part.place.at(before + u64::from(error.offset())), error.kind().to_string(), raw);
        }
        !text.is_empty()
    }

    /// The kernel's log of machine checks, out of a dump of its memory.
    fn machine_log(&mut self, bytes: &'a [u8], word_size: mcelog::WordSize) {
        let log = match mcelog::Log::parse(bytes, word_size) {
            Ok(log) => log,
            Err(error) => {
                return self.lost(self.place(error.offset as usize), error.kind.to_string(), bytes);
            }
        };
        let mut entries = 0;
        for entry in log.entries() {
            match entry {
                Ok(entry) => {
                    entries += 1;
                    let place = self.place(0).at(offset_in(bytes, entry.as_bytes()));
                    let machine = What::Body(SectionTypeId::LINUX_MCE, entry.as_bytes(), None);
                    self.sections(place, machine, entry.as_bytes());
                }
                Err(error) => self.bad(self.place(error.offset as usize), error.kind.to_string()),
            }
        }
        let lost = if log.head().overflow() { ", further ones were lost" } else { "" };
        self.title =
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
        self.title = format!("{}, {}", count(records, "CPER record"), summary::size(bytes.len()));
    }

    /// Where the next record begins. What lies before it is bad, unless it is fill or the rest of a bad record.
    fn next_record(&mut self, bytes: &'a [u8], from: usize, after_bad: bool) -> Option<usize> {
        // The usual case, for which the file system need not be asked.
        if bytes.get(from..).is_some_and(|rest| rest.starts_with(b"CPER")) {
            return Some(from);
        }
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
            let reason = format!("{} {next} that are no record", summary::size(at - from));
            self.lost(self.place(from), reason, &bytes[from..at]);
        }
        (at < bytes.len()).then_some(at)
    }

    /// A status block, or a region of them, from this offset on. One with block status 0 is shown like any other: Linux
    /// writes 0 when it has read a block at boot, whether it printed the block or skipped it.
    fn blocks(&mut self, bytes: &'a [u8], start: usize) {
        let mut blocks = 0;
        for (offset, block) in StatusBlocks::new(bytes.get(start..).unwrap_or_default()) {
            let offset = start + offset;
            let place = self.place(offset);
            if !recognise::is_block(&block) {
                let rest = bytes.len() - offset;
                let reason = format!("{} behind the last status block that are none", summary::size(rest));
                self.lost(place, reason, &bytes[offset..]);
                break;
            }
            blocks += 1;
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
            self.sections(place, What::Block(block), block.as_bytes());
        }
        self.title = match blocks {
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

/// Where the bytes of a record that cannot be read end: where another begins.
fn bad_end(bytes: &[u8]) -> usize {
    let second = |place: usize| bytes.get(place + 6..place + 10) == Some(&[0xff; 4]);
    let next = memchr::memmem::find_iter(bytes, b"CPER").find(|place| *place > 0 && second(*place));
    next.unwrap_or(bytes.len())
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
    // Most have none, and a search costs something before it begins.
    let slack = bytes.get(from..).filter(|slack| slack.len() >= 10)?;
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
