//! Walks over what a file holds and says what was found, good and bad.

use cper::{Record, SectionTypeId, StatusBlocks};
use erst_table::Table;
use erst_table::qemu::{Image, ImageProblem};
use pstore_format::RecordId;

use crate::found::{Content as Body, Found, Part, Place, What, linux_section};
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
        for slot in image.slots() {
            self.reached(slot.offset as usize);
            let place = Place { slot: Some(slot.index), ..self.place(slot.offset as usize) };
            if slot.is_used() {
                records += 1;
                self.slot(place, &slot);
            } else if let Some(record) = slot.cleared_record() {
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
                place,
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
        let record = match Record::parse(bytes) {
            Ok(record) => record,
            Err(error) => return self.bad(place, error.to_string()),
        };
        if record.missing() != 0 {
            let stated = record.header().record_length.get();
            let within = if place.slot.is_some() { "the slot" } else { "the bytes there are" };
            self.bad(
                place,
                format!("record length {stated} exceeds {within} ({room}); shown as far as it goes"),
            );
        }
        match linux_section(&record) {
            Some((descriptor, body)) if is_log(descriptor.section_type) => {
                let header = record.header();
                self.part(Part {
                    place,
                    record: Some(record),
                    stored: body,
                    compressed: descriptor.section_type == SectionTypeId::LINUX_DMESG_COMPRESSED,
                    id: Some(RecordId(record.record_id())),
                    id_names_boot: true,
                    time: header.timestamp().and_then(|time| time.linux_seconds()),
                });
            }
            Some(_) => self.sections(place, What::Record(record)),
            None => {
                if record.header().section_count.get() == 0 {
                    self.bad(place, "section count 0, at least 1 expected");
                }
                for error in record.sections().filter_map(Result::err) {
                    self.bad(place, error.to_string());
                }
                self.sections(place, What::Record(record));
            }
        }
    }

    /// Something with sections: those that cannot be decoded are bad parts of their own.
    fn sections(&mut self, place: Place<'a>, what: What<'a>) {
        let found = Found { place, what };
        let reasons: Vec<String> = found
            .sections()
            .into_iter()
            .filter_map(|section| match section.content {
                // A section outside its record was told already.
                Body::Bad(reason) if !section.bytes.is_empty() || matches!(found.what, What::Body(..)) => {
                    Some(reason)
                }
                Body::Log(part) => part.text().1.map(|error| error.to_string()),
                _ => None,
            })
            .collect();
        for reason in reasons {
            self.bad(place, reason);
        }
        self.push(found.place, found.what);
    }

    fn part(&mut self, part: Part<'a>) {
        if let (text, Some(error)) = part.text() {
            self.bad(part.place, format!("kernel log: {error}; {} shown", summary::size(text.len())));
            if text.is_empty() {
                return;
            }
        }
        self.push(part.place, What::Part(part));
    }

    /// Records back to back. Where one is bad the next is looked for by its signature.
    fn records(&mut self, bytes: &'a [u8], skip: usize) {
        let mut at = skip;
        let mut records = 0;
        while let Some(next) = self.next_record(bytes, at) {
            records += 1;
            let mut rest = bytes.get(next..).unwrap_or_default();
            self.reached(next);
            if let Some(end) = covered_record(rest) {
                let length = Record::parse(rest).map_or(0, |record| record.header().record_length.get());
                self.bad(
                    self.place(next),
                    format!("record length {length} runs over the record {end} bytes on"),
                );
                rest = &rest[..end];
            }
            self.record(self.place(next), rest, rest.len());
            at = next + record_end(rest);
        }
        self.scan.title = format!("{}, {}", count(records, "CPER record"), summary::size(bytes.len()));
    }

    /// Where the next record begins. What lies before it is bad, unless it is fill.
    fn next_record(&mut self, bytes: &'a [u8], from: usize) -> Option<usize> {
        let mut at = from;
        let mut fill = true;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            // One stride and a signature's length, so that none is missed between two strides.
            let window = &rest[..rest.len().min(STRIDE + 3)];
            let signature = memchr::memmem::find_iter(window, b"CPER").find(|place| {
                // After other bytes only what also has the second signature is taken for a record.
                at + place == from || window.get(place + 6..place + 10) == Some(&[0xff; 4])
            });
            let before = &window[..signature.unwrap_or(window.len())];
            fill &= before.iter().all(|byte| matches!(byte, 0 | 0xff));
            if let Some(place) = signature {
                at += place;
                break;
            }
            if window.len() == rest.len() {
                at = bytes.len();
                break;
            }
            at += STRIDE;
            self.reached(at);
        }
        if !fill {
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
            if let Some(error) = block.entries().find_map(Result::err) {
                self.bad(place, format!("entry {}", error.to_string().trim_start_matches("section ")));
            }
            if let Some(Err(error)) = block.raw_data() {
                self.bad(place, error.to_string());
            }
            self.sections(place, What::Block(block));
        }
        self.scan.title = match blocks {
            1 => "generic error status block".into(),
            _ => format!("error region, {blocks} status blocks"),
        };
    }
}

fn is_log(section_type: SectionTypeId) -> bool {
    section_type == SectionTypeId::LINUX_DMESG || section_type == SectionTypeId::LINUX_DMESG_COMPRESSED
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
    let descriptors = cper::RecordHeader::SIZE + record.descriptors().len() * cper::SectionDescriptor::SIZE;
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
