//! Walks over a file and reports each thing that it finds, good and bad.

use std::ops::Range;

use cper::{GenericErrorStatus, Record, RecordHeader, SectionDescriptor, SectionTypeId, StatusBlock};
use erst_table::Table;
use erst_table::qemu::{Image, ImageProblem, Slot};
use mce_record::mcelog;
use pstore_format::RecordId;
use pstore_format::dmesg::Header;
use pstore_format::names::{FileName, RecordType};
use pstore_format::ramoops::{Contents, DumpHeader, EccReport};
use pstore_format::record::{Payload, StoredRecord};

use crate::blk::{self, Placed};
use crate::cursor::Cursor;
use crate::dmesg;
use crate::found::{Content as Body, Found, LogKind, Part, Place, Reading, What};
use crate::input::Bytes;
use crate::key::Key;
use crate::problem::{Problem, hex, wide};
use crate::ramoops::{self, Holds, Parameters, Region, ZoneRead};
use crate::recognise::{self, Content, Form, SIGNATURES, signatures};
use crate::summary::{self, count};

/// A file that was recognised.
#[derive(Debug)]
pub struct File {
    /// As it was named.
    pub name: String,
    /// Its bytes, or those its text stands for.
    pub bytes: Bytes,
    /// The form of that text.
    pub form: Option<Form>,
    /// What it is, if it is something.
    pub content: Option<Content>,
    /// What it holds, if it is the memory of ramoops.
    pub region: Option<Region>,
}

impl File {
    /// Recognises these bytes. Memory of ramoops is read with the given parameters, or without any by its signatures.
    pub fn new(name: String, bytes: Bytes, layout: Option<&Parameters>) -> Self {
        let (bytes, form, content) = recognise::readable(bytes, base(&name));
        let region = match (content, layout) {
            (Some(Content::Ramoops), _) => Some(Region::read(&bytes, layout)),
            (None, Some(_)) => Some(Region::read(&bytes, layout)).filter(|region| !region.is_empty()),
            // A device of pstore/blk without a dump may as well be memory of ramoops. The layout decides.
            (Some(Content::BlockDevice), Some(_)) if !ramoops::is_block_device(&bytes) => {
                Some(Region::read(&bytes, layout)).filter(|region| !region.is_empty())
            }
            // The zones of a larger memory, or of one whose first zone is not in use.
            (None, None) => ramoops::is_inside(&bytes).then(|| Region::read(&bytes, None)),
            (Some(_), _) => None,
        };
        let content = region.as_ref().map(|_| Content::Ramoops).or(content);
        let content = content.or_else(|| has_record(&bytes).then_some(Content::Records(0)));
        Self { name, bytes, form, content, region }
    }

    /// A file whose content is already known.
    pub const fn known(name: String, bytes: Bytes, content: Content) -> Self {
        Self { name, bytes, form: None, content: Some(content), region: None }
    }

    /// Its name without the folder and without the key that an archive puts in front.
    fn base(&self) -> &str {
        let name = base(&self.name);
        Key::split_name(name).map_or(name, |(_, rest)| rest)
    }
}

/// The last part of a path, where it is text.
pub fn base(name: &str) -> &str {
    std::path::Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or("")
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

/// Bytes between two chances to give the memory of a mapped file back.
const STRIDE: usize = 4 << 20;

/// One step of the walk.
// A step is dealt with at once and never kept.
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

/// Collects all that a file holds; `watch` sees each step. Cleared records are counted, and included if `show_cleared`.
pub fn scan<'a>(
    file: &'a File,
    content: Content,
    show_cleared: bool,
    watch: &mut dyn FnMut(&Step<'a>),
) -> Scan<'a> {
    let (mut found, mut bad) = (Vec::new(), 0);
    let (title, cleared) = visit(file, content, show_cleared, &mut |step| {
        watch(&step);
        if let Step::Found(one) = step {
            bad += usize::from(one.is_bad());
            found.push(one);
        }
    });
    Scan { title, found, cleared, bad }
}

/// Calls `visit` for each step of the walk, so that a file of any size needs little memory. Returns the file's title
/// and the number of cleared records that were left out.
pub fn visit<'a>(
    file: &'a File,
    content: Content,
    show_cleared: bool,
    visit: &mut dyn FnMut(Step<'a>),
) -> (String, usize) {
    let mut scanner = Scanner { file, visit, show_cleared, title: String::new(), cleared: 0, released: 0 };
    scanner.run(content);
    if let Some(form) = &file.form {
        scanner.title.push_str(&format!(", from {}", form.name));
        for (problem, bytes) in &form.left_out {
            scanner.lost(scanner.place(0), problem.clone(), bytes);
        }
    }
    (scanner.title, scanner.cleared)
}

/// The bytes behind the record in a slot, without padding: the zeros, or the ones of erased flash, at the slot's end.
pub fn behind_record(slot: &[u8]) -> &[u8] {
    // The bytes that are no record are reported whole.
    let length = StoredRecord::parse(slot).map_or(slot.len(), |stored| stored.record().as_bytes().len());
    let behind = slot.get(length..).unwrap_or_default();
    let padding = behind.last().copied().filter(|last| matches!(last, 0 | 0xff));
    let end = behind.iter().rposition(|byte| Some(*byte) != padding).map_or(0, |last| last + 1);
    behind.get(..end).unwrap_or_default()
}

/// Visits one slot of an ERST image, if the slot is in use.
pub fn visit_slot<'a>(file: &'a File, slot: usize, visit: &mut dyn FnMut(Step<'a>)) {
    let mut scanner =
        Scanner { file, visit, show_cleared: false, title: String::new(), cleared: 0, released: 0 };
    let slot = Image::parse(&file.bytes).and_then(|image| image.slot(slot));
    if let Some(slot) = slot.ok().filter(Slot::is_used) {
        scanner.used_slot(&slot);
    }
}

impl<'a> Scanner<'a, '_> {
    fn run(&mut self, content: Content) {
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
                    id: id.map(|(id, _)| id),
                    id_names_boot: id.is_some_and(|(_, names_boot)| names_boot),
                    time,
                    ..Part::new(self.place(skip), stored, compressed)
                };
                self.part(part, bytes);
            }
            Content::Stored => {
                let Some(name) = FileName::parse(self.file.base()) else { return };
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
                let Some(region) = &self.file.region else { return };
                self.title.clone_from(&region.title);
                for zone in &region.zones {
                    self.zone(zone);
                }
            }
            Content::BlockDevice => self.block_device(bytes),
        }
    }

    /// A file of pstore, at this offset.
    fn stored(&mut self, name: &FileName<'_>, offset: usize, bytes: &'a [u8]) {
        let (place, id) = (self.place(offset), name.id);
        match Payload::of_file(name, bytes) {
            Payload::Mce(_) => {
                return self.sections(place, What::Body(SectionTypeId::LINUX_MCE, bytes, id), bytes);
            }
            Payload::Section(section_type, _) => {
                return self.sections(place, What::Body(section_type, bytes, id), bytes);
            }
            _ => {}
        }
        let kind = match name.kind {
            "console" => LogKind::Console,
            "pmsg" => LogKind::Messages,
            "dmesg" => LogKind::Dump,
            // The firmware of POWER machines keeps Linux's dumps too.
            _ if Header::parse(bytes).is_some() => LogKind::Dump,
            kind => {
                let kind = Some(kind).filter(|kind| *kind != "unknown").map(|kind| kind.to_owned().into());
                return self.push(place, What::Unknown(bytes, id, kind), bytes);
            }
        };
        // Old kernels gave compressed dumps of ramoops no file type of their own; such a file begins with ramoops'
        // header line, which has the compression and the time.
        let line = DumpHeader::parse(bytes).filter(|_| kind == LogKind::Dump);
        let (stored, compressed) = match &line {
            Some((line, rest)) => (*rest, line.compressed && Header::parse(rest).is_none()),
            None => (bytes, name.compressed && Header::parse(bytes).is_none()),
        };
        let part = Part {
            id,
            id_names_boot: name.backend == "erst",
            time: line.map(|(line, _)| line.time).or_else(|| name.meaning().time()),
            kind,
            // Linux appends to the text what the error-correcting code of the memory did.
            reading: EccReport::split(bytes).1.filter(|_| name.backend == "ramoops").map(Reading::Corrected),
            ..Part::new(place, stored, compressed)
        };
        self.part(part, bytes);
    }

    /// A zone of ramoops.
    fn zone(&mut self, zone: &'a ZoneRead) {
        let place = self.place(zone.offset);
        if let Some(problem) = &zone.problem {
            self.bad(place, problem.clone());
        }
        for (holds, content, reading) in &zone.readings {
            let id = Some(RecordId::new(zone.number));
            let kind = match holds {
                Holds::Dump => LogKind::Dump,
                Holds::Log(kind) => *kind,
                Holds::Trace(version) => {
                    let by = version.map_or(String::new(), |(major, minor, patch)| {
                        format!(" of Linux {major}.{minor}.{patch}")
                    });
                    let kind = Some(format!("ftrace{by}").into());
                    self.push(place, What::Unknown(content, id, kind), content);
                    continue;
                }
            };
            let line = DumpHeader::parse(content).filter(|_| kind == LogKind::Dump);
            let stored = line.map_or(&content[..], |(_, stored)| stored);
            let part = Part {
                id,
                time: line.map(|(line, _)| line.time),
                kind,
                reading: *reading,
                ..Part::new(place, stored, line.is_some_and(|(line, _)| line.compressed))
            };
            self.part(part, content);
        }
    }

    /// The zones of a device of pstore/blk. The number of a dump's zone among those for dumps is its id.
    fn block_device(&mut self, bytes: &'a [u8]) {
        let (mut zones, mut dumps) = (0, 0);
        for Placed { offset, zone } in blk::zones(bytes) {
            zones += 1;
            let id = RecordId::new(dumps);
            dumps += u64::from(zone.record_type() == RecordType::DMESG);
            let place = Place::new(&self.file.name, offset);
            let part = |kind, stored, compressed, id, time| Part {
                id,
                time,
                kind,
                ..Part::new(place, stored, compressed)
            };
            if let Some((header, text)) = zone.dump() {
                self.part(part(LogKind::Dump, text, header.compressed, Some(id), Some(header.time)), text);
                continue;
            }
            let Contents { older, newer } = zone.contents();
            for ring in [older, newer].into_iter().filter(|ring| !ring.is_empty()) {
                match zone.record_type() {
                    RecordType::CONSOLE => self.part(part(LogKind::Console, ring, false, None, None), ring),
                    RecordType::PMSG => self.part(part(LogKind::Messages, ring, false, None, None), ring),
                    _ => self.push(self.place(offset), What::Unknown(ring, None, None), ring),
                }
            }
        }
        self.title = format!("pstore/blk device, {}", count(zones, "zone"));
    }

    fn place(&self, offset: usize) -> Place<'a> {
        Place::new(&self.file.name, offset)
    }

    fn push(&mut self, place: Place<'a>, what: What<'a>, raw: &'a [u8]) {
        (self.visit)(Step::Found(Found::new(place, what, raw)));
    }

    /// Reports a bad part of something that is reported too. The part lies in the file of `place`.
    fn bad(&mut self, place: Place<'a>, problem: Problem) {
        self.lost(place, problem, &[]);
    }

    /// Reports a bad part with `raw`, the bytes that are all there is to show of it.
    fn lost(&mut self, place: Place<'a>, problem: Problem, raw: &'a [u8]) {
        self.push(place.at(problem.offset), What::Bad(problem), raw);
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
                return self.lost(self.place(0), Problem::of(&error, 0, error.kind()), bytes);
            }
        };
        for problem in image.check() {
            // The problems of a slot are reported with the slot.
            if !is_of_slot(&problem) {
                self.bad(self.place(0), of_image(&problem));
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
            // A slot in a hole of the file was never used, and reading it would take memory.
            if data >= offset + slot.bytes.len() {
                continue;
            }
            if let Some(record) = slot.cleared_record() {
                self.cleared += 1;
                if self.show_cleared {
                    let place = Place { cleared: true, ..self.slot_place(&slot) };
                    self.record(place, record, Room::all(record));
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
            let problem = Problem::new("signature", place.offset, reason)
                .value("seen", hex(slot.bytes.get(..4).unwrap_or_default()))
                .value("record_id", wide(slot.identifier));
            return self.lost(place, problem, slot.bytes);
        }
        if slot.record_identifier() != slot.identifier {
            let reason = format!(
                "record id {} in the record, {} in the store's map",
                slot.record_identifier(),
                slot.identifier
            );
            let problem = Problem::new("record_id", place.offset + ID_FIELD, reason)
                .value("record_id", wide(slot.record_identifier()))
                .value("map_record_id", wide(slot.identifier));
            self.bad(place, problem);
        }
        self.record(place, slot.bytes, Room::all(slot.bytes));
        self.behind(place, slot.bytes);
    }

    /// Reports the bytes behind the record in a slot if a section of the record claims them: the record's stated length is
    /// wrong then. Other bytes there are the rest of an earlier record.
    fn behind(&mut self, place: Place<'a>, slot: &'a [u8]) {
        let behind = behind_record(slot);
        let Ok(stored) = StoredRecord::parse(slot) else { return };
        let record = stored.record();
        let end = |section: &SectionDescriptor| {
            u64::from(section.section_offset()) + u64::from(section.section_length())
        };
        let length = record.as_bytes().len() as u64;
        let claimed = record.descriptors().iter().map(end).max().unwrap_or_default();
        if behind.is_empty() || claimed <= length {
            return;
        }
        let reason =
            format!("record length {length}, its sections end at {claimed}: {} bytes follow", behind.len());
        let problem = Problem::new("record_length", place.offset + length, reason)
            .value("length", length)
            .value("sections_end", claimed);
        self.lost(place, problem, behind);
    }

    /// A record at the start of `bytes`, which are its own.
    fn record(&mut self, place: Place<'a>, bytes: &'a [u8], room: Room) {
        let stored = match StoredRecord::parse(bytes) {
            Ok(stored) => stored,
            Err(error) => {
                let at = place.offset + u64::from(error.offset());
                return self.lost(place, Problem::of(&error, at, error.kind()), bytes);
            }
        };
        let record = stored.record();
        let raw = record.as_bytes();
        let header = record.header();
        if record.missing() != 0 {
            let stated = header.record_length();
            let reason = match room.next {
                Some(next) => format!("record length {stated} runs over the record {next} bytes on"),
                None => {
                    let within = if place.slot.is_some() { "the slot" } else { "the bytes there are" };
                    let room = room.length;
                    format!("record length {stated} exceeds {within} ({room}); shown as far as it goes")
                }
            };
            let problem = Problem::new("record_length", place.offset + LENGTH_FIELD, reason)
                .value("length", stated)
                .value("available", raw.len());
            self.bad(place, problem);
        }
        let part = |text, compressed| Part {
            record: Some(stored),
            id: Some(stored.id()),
            id_names_boot: true,
            time: stored.time(),
            ..Part::new(place, text, compressed)
        };
        match stored.payload() {
            // A log of which nothing reached the store is a torn record.
            Payload::Dmesg(text) if !is_fill(text) => self.part(part(text, false), raw),
            Payload::CompressedDmesg(stream) if !is_fill(stream) => self.part(part(stream, true), raw),
            _ => self.sections(place, What::Record(stored), raw),
        }
    }

    /// Reports something that has sections; each problem of it and of its sections is reported as a bad part before it.
    fn sections(&mut self, place: Place<'a>, what: What<'a>, raw: &'a [u8]) {
        let found = Found::new(place, what, raw);
        for problem in found.problems() {
            self.bad(place, problem);
        }
        for section in found.sections() {
            // The record around the log is reported in any case.
            if let Body::Log(part) = &section.content {
                self.check(part, &[]);
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

    /// Reports what is bad about the text of a part. Returns whether there is any text.
    fn check(&mut self, part: &Part<'a>, raw: &'a [u8]) -> bool {
        let (text, error) = part.text();
        if let Some(error) = error {
            // Bytes that were unrolled or corrected are not bytes of the file.
            let inside = self.file.bytes.as_ptr_range().contains(&part.stored.as_ptr());
            let before = if inside { offset_in(&self.file.bytes, part.stored) } else { part.place.offset };
            let raw = if text.is_empty() { raw } else { &[] };
            let problem = Problem::of(&error, before + u64::from(error.offset()), error.kind());
            self.lost(part.place, problem, raw);
        }
        !text.is_empty()
    }

    /// The kernel's log of machine checks, out of a dump of its memory.
    fn machine_log(&mut self, bytes: &'a [u8], word_size: mcelog::WordSize) {
        let log = match mcelog::Log::parse(bytes, word_size) {
            Ok(log) => log,
            Err(error) => {
                let problem = Problem::of(&error, error.offset().into(), error.kind());
                return self.lost(self.place(0), problem, bytes);
            }
        };
        let mut entries = 0;
        for entry in log.entries() {
            match entry {
                Ok(entry) => {
                    entries += 1;
                    let place = self.place(0).at(offset_in(bytes, entry.bytes()));
                    let machine = What::Body(SectionTypeId::LINUX_MCE, entry.bytes(), None);
                    self.sections(place, machine, entry.bytes());
                }
                Err(error) => {
                    let problem = Problem::of(&error, error.offset().into(), error.kind());
                    self.bad(self.place(0), problem);
                }
            }
        }
        let lost = if log.header().flags().contains(mcelog::LogFlags::OVERFLOW) {
            ", further ones were lost"
        } else {
            ""
        };
        self.title = format!(
            "machine-check log of the kernel, {entries} of {} entries used{lost}",
            log.header().capacity()
        );
    }

    /// Records back to back. After a bad record the next one is found by its signature.
    fn records(&mut self, bytes: &'a [u8], skip: usize) {
        let mut cursor = Cursor::new(skip, bytes.len());
        let mut records = 0;
        while let Some(next) = self.next_record(bytes, cursor) {
            records += 1;
            let rest = bytes.get(next..).unwrap_or_default();
            self.reached(next);
            let extent = Extent::of(rest);
            self.record(
                self.place(next),
                &rest[..extent.length],
                Room { length: rest.len(), next: extent.next },
            );
            cursor.move_to(next + extent.length);
        }
        self.title = format!("{}, {}", count(records, "CPER record"), summary::size(bytes.len()));
    }

    /// Returns the offset of the next record.
    fn next_record(&mut self, bytes: &'a [u8], from: Cursor) -> Option<usize> {
        let from = from.place()?;
        // The usual case, for which the file system need not be asked.
        if bytes.get(from..).is_some_and(|rest| rest.starts_with(b"CPER")) {
            return Some(from);
        }
        self.search(bytes, from, &RECORD)
    }

    /// Returns the offset of the next thing of this kind. The bytes before it are reported as bad, unless they are fill.
    /// What begins with fill has lost what was there.
    fn search(&mut self, bytes: &'a [u8], from: usize, sought: &Sought) -> Option<usize> {
        let mut cursor = Cursor::new(self.file.bytes.next_data(from), bytes.len());
        let (mut fill, mut found) = (from != 0, None);
        while let Some(at) = cursor.place() {
            let end = bytes.len().min(at + STRIDE);
            found = (sought.find)(bytes, at..end);
            fill = fill && (sought.is_fill)(&bytes[at..found.unwrap_or(end)]);
            if found.is_some() || end == bytes.len() {
                break;
            }
            cursor.move_to(self.file.bytes.next_data(end));
            self.reached(cursor.place().unwrap_or(bytes.len()));
        }
        if !fill {
            let Sought { kind, name, .. } = sought;
            let end = found.unwrap_or(bytes.len());
            let next = if found.is_some() { format!("before the next {name}") } else { "to the end".into() };
            let reason = format!("{} {next} that are no {name}", summary::size(end - from));
            let problem = Problem::new(kind, from as u64, reason).value("length", end - from);
            self.lost(self.place(from), problem, &bytes[from..end]);
        }
        found
    }

    /// A status block, or a region of them, from this offset on. One with block status 0 is shown like any other: Linux
    /// writes 0 when it has read a block at boot, whether it printed the block or skipped it. After bytes that are no
    /// block the next one is searched for.
    fn blocks(&mut self, bytes: &'a [u8], start: usize) {
        let mut cursor = Cursor::new(start, bytes.len());
        let mut blocks = 0;
        while let Some(from) = cursor.place() {
            let next = block_at(bytes, from).map(|block| (from, block)).or_else(|| {
                let found = self.search(bytes, from, &BLOCK)?;
                Some((found, block_at(bytes, found)?))
            });
            let Some((at, block)) = next else { break };
            blocks += 1;
            self.reached(at);
            self.sections(self.place(at), What::Block(block), block.as_bytes());
            cursor.move_to(at + block.as_bytes().len());
        }
        self.title = match blocks {
            1 => "generic error status block".into(),
            _ => format!("error region, {blocks} status blocks"),
        };
    }
}

/// What can be found behind bytes that are none of it.
struct Sought {
    /// The kind of problem that those bytes are.
    kind: &'static str,
    name: &'static str,
    /// Whether the bytes are what lies between two of them without being a loss.
    is_fill: fn(&[u8]) -> bool,
    /// The first that begins in this range.
    find: fn(&[u8], Range<usize>) -> Option<usize>,
}

const RECORD: Sought = Sought {
    kind: "no_record",
    name: "record",
    is_fill,
    find: |bytes, Range { start, end }| {
        // So that a record whose signatures lie across the end is found.
        let end = bytes.len().min(end + SIGNATURES - 1);
        signatures(&bytes[start..end]).next().map(|place| start + place)
    },
};

const BLOCK: Sought = Sought {
    kind: "no_block",
    name: "status block",
    is_fill: |bytes| bytes.iter().all(|byte| *byte == 0),
    find: |bytes, mut range| range.find(|place| recognise::is_surely_block(&bytes[*place..])),
};

/// The status block at this offset. It ends at the latest where another one begins: a block that is cut goes on in the
/// bytes of the next.
fn block_at(bytes: &[u8], at: usize) -> Option<StatusBlock<'_>> {
    let rest = bytes.get(at..)?;
    let block = StatusBlock::parse(rest).ok().filter(recognise::is_block)?;
    match (BLOCK.find)(rest, GenericErrorStatus::SIZE..block.as_bytes().len()) {
        Some(next) => StatusBlock::parse(&rest[..next]).ok(),
        None => Some(block),
    }
}

/// Whether there is nothing: zeros, or the ones of erased flash.
fn is_fill(bytes: &[u8]) -> bool {
    let mut words = bytes.chunks_exact(16);
    let rest = words.remainder();
    words.all(|word| word == [0; 16] || word == [0xff; 16])
        && rest.iter().all(|byte| matches!(byte, 0 | 0xff))
}

/// Where the fields of a record's header are (UEFI 2.11 table N.1).
const ID_FIELD: u64 = 96;
const LENGTH_FIELD: u64 = 20;

/// The offset in the file of bytes that are a part of it.
fn offset_in(file: &[u8], part: &[u8]) -> u64 {
    (part.as_ptr().addr().wrapping_sub(file.as_ptr().addr())) as u64
}

/// A problem of an image that belongs to no slot.
fn of_image(problem: &ImageProblem) -> Problem {
    use ImageProblem as P;
    let told = |kind, at| Problem::new(kind, at, problem.to_string());
    match *problem {
        P::Version(version) => told("store_version", 0).value("version", version),
        P::Reserved(reserved) => told("store_reserved", 0).value("reserved", reserved),
        P::StorageOffset { stated, expected } => {
            told("storage_offset", 0).value("stated", stated).value("expected", expected)
        }
        P::PartialSlot { bytes } => told("partial_slot", 0).value("length", bytes),
        P::RecordCount { stated, found } => {
            told("record_count", 0).value("stated", stated).value("used", found)
        }
        P::HeaderSlotUsed { slot, identifier } => {
            told("header_slot_used", 0).value("slot", slot).value("record_id", wide(identifier))
        }
        P::EndIdentifier { slot } => told("end_identifier", 0).value("slot", slot),
        P::Duplicate { slot, first, identifier } => told("duplicate", 0)
            .value("slot", slot)
            .value("first_slot", first)
            .value("record_id", wide(identifier)),
        _ => told("store", 0),
    }
}

fn is_of_slot(problem: &ImageProblem) -> bool {
    matches!(
        problem,
        ImageProblem::RecordLength { .. }
            | ImageProblem::RecordSignature { .. }
            | ImageProblem::RecordIdentifier { .. }
    )
}

/// Whether a record begins anywhere in the bytes. The search gives back the memory of the pages that it passed.
fn has_record(bytes: &Bytes) -> bool {
    let mut cursor = Cursor::new(bytes.next_data(0), bytes.len());
    while let Some(at) = cursor.place() {
        let end = bytes.len().min(at + STRIDE);
        // So that a header that lies across the end is whole.
        let window = bytes.len().min(end + RecordHeader::SIZE);
        if recognise::sure_records(&bytes[at..window]).any(|place| at + place < end) {
            return true;
        }
        bytes.release();
        cursor.move_to(bytes.next_data(end));
    }
    false
}

/// How many bytes there are for a record.
#[derive(Clone, Copy)]
struct Room {
    /// How many there are.
    length: usize,
    /// Offset of another record that begins within this record's stated length.
    next: Option<usize>,
}

impl Room {
    fn all(bytes: &[u8]) -> Self {
        Self { length: bytes.len(), next: None }
    }
}

/// Where a record ends, so that the search for the next one can go on there.
struct Extent {
    /// Bytes of this record: at least one, and none of the next record's.
    length: usize,
    /// Offset of another record that begins within this record's stated length.
    next: Option<usize>,
}

impl Extent {
    /// The end of the record is what its length says, if there are as many bytes and no other record begins among them.
    /// Otherwise it is the end of its last section; and where a section runs out of the record, it is the start of the
    /// next record.
    fn of(bytes: &[u8]) -> Self {
        let Ok(record) = Record::parse(bytes) else {
            let next = signatures(bytes).find(|place| *place > 0);
            return Self { length: next.unwrap_or(bytes.len()), next };
        };
        let front = descriptors_end(&record);
        let (mut sections_end, mut all_inside) = (front, true);
        for section in record.sections() {
            match section {
                Ok(section) => {
                    let descriptor = section.descriptor();
                    let offset = descriptor.section_offset() as usize;
                    sections_end = sections_end.max(offset + section.bytes().len());
                }
                Err(_) => all_inside = false,
            }
        }
        let whole = record.as_bytes();
        // No header and no descriptor holds the signatures of a record. A section may hold a record: a record inside a
        // section ends within this one, one that runs past this one's end is the next record.
        let is_next = |place: &usize| {
            let runs_on = |inner: Record<'_>| inner.header().record_length() as usize > whole.len() - place;
            *place < front
                || *place >= sections_end
                || record.missing() != 0
                || Record::parse(&bytes[*place..]).is_ok_and(runs_on)
        };
        // A record that begins in the last bytes of this one has its signatures' end after this one's end.
        let end = bytes.len().min(whole.len() + SIGNATURES - 1);
        let places = signatures(&bytes[..end]).skip_while(|place| *place == 0);
        let next = places.take_while(|place| *place < whole.len()).find(is_next);
        let length = match next {
            Some(next) if next < sections_end || !all_inside => next,
            None if record.missing() == 0 || !all_inside => whole.len(),
            _ => sections_end,
        };
        Self { length, next }
    }
}

/// Where a record's header and the descriptors that are there end.
fn descriptors_end(record: &Record<'_>) -> usize {
    RecordHeader::SIZE + size_of_val(record.descriptors())
}

fn times(count: usize) -> String {
    if count == 1 { String::new() } else { format!(", {count} of them") }
}
