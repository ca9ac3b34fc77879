//! Things found in the bytes, and their places: views, nothing copied.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use cper::fields::{Describe, Value, Visitor};
use cper::section::Body;
use cper::zerocopy::IntoBytes;
use cper::{
    FruText, GenericErrorData, Guid, Record, RecordHeader, SectionDescriptor, SectionFlags, SectionTypeId,
    Severity, StatusBlock,
};
use erst_table::Table;
use mce_record::MceRecord;
use pstore_format::ErrorKind;
use pstore_format::RecordId;
use pstore_format::inflate::Inflater;
use pstore_format::ramoops::EccReport;
use pstore_format::record::StoredRecord;
use sha2::Digest;

use crate::cut::Cut;
use crate::decompress;
use crate::machine_check::MachineCheck;
use crate::printable::Printable;
use crate::problem::{Problem, digits};
use crate::trace::TraceEvent;

/// Where something lies.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The file, as it was named.
    pub file: &'a str,
    /// Bytes from the file's start, or from the start of the bytes that its text stands for.
    pub offset: u64,
    /// The slot of a store.
    pub slot: Option<usize>,
    /// Whether it was cleared from its ERST image. The bytes of a cleared record stay until the slot is used again.
    pub cleared: bool,
}

impl<'a> Place<'a> {
    /// A place in a file that has no slots.
    pub fn new(file: &'a str, offset: usize) -> Self {
        Self { file, offset: offset as u64, slot: None, cleared: false }
    }

    /// Another place in the same slot.
    #[must_use]
    pub const fn at(self, offset: u64) -> Self {
        Self { offset, ..self }
    }
}

/// `slot 3, offset 0x6000`, without the file.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.slot {
            Some(slot) => write!(f, "slot {slot}, offset {:#x}", self.offset),
            None => write!(f, "offset {:#x}", self.offset),
        }
    }
}

/// Something found, decoded.
#[derive(Debug)]
pub struct Found<'a> {
    /// Where it begins.
    pub place: Place<'a>,
    /// What it is.
    pub what: What<'a>,
    /// The bytes as they are stored; those of the first part for a log. Empty for a bad part of something that is found
    /// too.
    pub raw: &'a [u8],
    /// The trace event that it was rebuilt from, if it was.
    pub trace: Option<&'a TraceEvent>,
    /// The sections, decoded; a bad one stands in its place.
    sections: Vec<Section<'a>>,
}

/// The kinds of things there are to find.
#[derive(Clone, Debug)]
pub enum What<'a> {
    /// A CPER record, pstore's or any other.
    Record(StoredRecord<'a>),
    /// A generic error status block.
    Block(StatusBlock<'a>),
    /// A section descriptor and its body, without a record around them.
    Section(&'a SectionDescriptor, &'a [u8]),
    /// A body alone: a pstore file, whose name says what it is, or a `struct mce`.
    Body(SectionTypeId, &'a [u8], Option<RecordId>),
    /// A file of pstore of a type that is not read here or is not known, and the type's name, if it has one.
    Unknown(&'a [u8], Option<RecordId>, Option<Cow<'a, str>>),
    /// A part of a kernel log, not yet put together.
    Part(Part<'a>),
    /// A kernel log, as much of it as there is.
    Log(Log<'a>),
    /// An ERST table.
    Table(Table<'a>),
    /// Something that cannot be read, and why. Its place is that of the wrong value.
    Bad(Problem),
}

/// One stored part of a kernel log.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// Where it lies.
    pub place: Place<'a>,
    /// The record around it, if there is one.
    pub record: Option<StoredRecord<'a>>,
    /// The text as it is stored.
    pub stored: &'a [u8],
    /// Whether that is compressed.
    pub compressed: bool,
    /// Its id.
    pub id: Option<RecordId>,
    /// Whether ids name the boot, as those of ERST do.
    pub id_names_boot: bool,
    /// When it was written, seconds since 1970.
    pub time: Option<u64>,
    /// What sort of text it is.
    pub kind: LogKind,
    /// What the error-correcting code of its memory did.
    pub reading: Option<Reading>,
    /// The text.
    pub text: Text<'a>,
}

/// The text of a part of a kernel log.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    /// The bytes as they are stored.
    Stored(&'a [u8]),
    /// The inflated text, and why it is not all of it.
    Inflated(Arc<[u8]>, Option<pstore_format::Error>),
}

/// What sort of text a log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogKind {
    /// The log that the kernel kept when it died.
    #[default]
    Dump,
    /// The console's output.
    Console,
    /// The text that user space wrote to `/dev/pmsg0`.
    Messages,
    /// One of these two.
    ConsoleOrMessages,
}

impl LogKind {
    /// For people.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Dump => "kernel log",
            Self::Console => "console log",
            Self::Messages => "user messages",
            Self::ConsoleOrMessages => "console log or user messages",
        }
    }

    /// The word in the names of pstore's files.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Dump => "dmesg",
            Self::Console | Self::ConsoleOrMessages => "console",
            Self::Messages => "pmsg",
        }
    }
}

/// What the error-correcting code of the memory did to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The text is the corrected one.
    Corrected(EccReport),
    /// The text is the corrected one; the stored bytes read well too.
    DoubtCorrected(EccReport),
    /// The text is the stored one; the corrected one reads well too.
    DoubtStored,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |EccReport { corrected, unrecoverable }| {
            let plural = if corrected == 1 { "" } else { "s" };
            let lost = match unrecoverable {
                0 => String::new(),
                1 => ", 1 block beyond correction".into(),
                many => format!(", {many} blocks beyond correction"),
            };
            format!("{corrected} byte{plural} corrected by its code{lost}")
        };
        match self {
            Self::Corrected(report) if *report == EccReport::default() => {
                f.write_str("no errors by its code")
            }
            Self::Corrected(report) => f.write_str(&told(*report)),
            Self::DoubtCorrected(report) => {
                write!(f, "in doubt: {}, but the bytes as stored read well too", told(*report))
            }
            Self::DoubtStored => f.write_str("in doubt: as stored, but its code has another text"),
        }
    }
}

/// The least capacity for a part's text, and the capacity as a multiple of the compressed size. All texts of a file are
/// in memory at once, which streams made to grow would fill.
const TEXT_ROOM: (usize, usize) = (32 << 10, 16);

impl<'a> Text<'a> {
    /// The text of a part, from its stored bytes.
    fn of(stored: &'a [u8], compressed: bool) -> Self {
        if compressed { Self::inflate(stored) } else { Self::Stored(stored) }
    }

    /// Kernels write texts of up to three times their record's size; a stream that claims much more is cut.
    fn inflate(stored: &[u8]) -> Self {
        let mut text = vec![0; stored.len().saturating_mul(TEXT_ROOM.1).max(TEXT_ROOM.0)];
        let (length, problem) = match Inflater::new().inflate(stored, &mut text) {
            Ok(inflated) => (inflated.length, None),
            Err(error) => {
                if let ErrorKind::NotDecodable(compression) = error.kind() {
                    if let Some((text, problem)) = decompress::text(compression, stored, text.len()) {
                        return Self::Inflated(text.into(), problem);
                    }
                }
                (decoded(&error), Some(error))
            }
        };
        Self::Inflated(text[..length.min(text.len())].into(), problem)
    }
}

impl<'a> Part<'a> {
    /// A part of a dump of which only the stored bytes are known.
    pub fn new(place: Place<'a>, stored: &'a [u8], compressed: bool) -> Self {
        Self {
            place,
            record: None,
            stored,
            compressed,
            id: None,
            id_names_boot: false,
            time: None,
            kind: LogKind::Dump,
            reading: None,
            text: Text::of(stored, compressed),
        }
    }

    /// The problem of its text.
    pub fn problem(&self) -> Option<Problem> {
        let (_, error) = self.text();
        error.map(|error| Problem::of(&error, self.place.offset + u64::from(error.offset()), error.kind()))
    }

    /// SHA-256 of the text as it is stored, in hex.
    pub fn stored_sha256(&self) -> String {
        digits(&sha2::Sha256::digest(self.stored))
    }

    /// The record around it if there is one, else its stored bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.record.as_ref().map_or(self.stored, |stored| stored.record().as_bytes())
    }

    /// The text, and the error that ended it early.
    pub fn text(&self) -> (&[u8], Option<pstore_format::Error>) {
        match &self.text {
            Text::Stored(text) => (text, None),
            Text::Inflated(text, problem) => (text, *problem),
        }
    }
}

/// Bytes of text before the error.
fn decoded(error: &pstore_format::Error) -> usize {
    use ErrorKind::{Checksum, Corrupt, TextTooLong, Unfinished};
    match error.kind() {
        Corrupt { decoded, .. } | Unfinished { decoded, .. } | Checksum { decoded } => decoded as usize,
        TextTooLong { capacity } => capacity as usize,
        _ => 0,
    }
}

/// The parts that belong to one dump of the kernel log.
#[derive(Clone, Debug)]
pub struct Log<'a> {
    /// The reason of the dump, such as "Panic", and the dump's number in its boot; `None` when the text has neither.
    pub header: Option<(String, u32)>,
    /// The parts that are there and the gaps between them, oldest text first.
    pub pieces: Vec<Piece<'a>>,
    /// Whether a dump beside it has the same panic: the console's log repeats what the kernel kept.
    pub repeats: bool,
}

/// A part of a log, or a gap.
// There are few gaps.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Piece<'a> {
    /// A part and its number.
    Part(Option<u32>, Part<'a>),
    /// Numbers of parts that are not there.
    Missing(std::ops::RangeInclusive<u32>),
}

impl<'a> Log<'a> {
    /// The parts that are there, oldest text first.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &Part<'a>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Part(_, part) => Some(part),
            Piece::Missing(_) => None,
        })
    }

    /// What sort of text it is.
    pub fn kind(&self) -> LogKind {
        self.parts().next().map_or(LogKind::Dump, |part| part.kind)
    }

    /// The numbers of parts that are not there.
    pub fn missing(&self) -> impl Iterator<Item = &std::ops::RangeInclusive<u32>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Part(..) => None,
            Piece::Missing(parts) => Some(parts),
        })
    }
}

/// What states a section's type, severity and unit.
#[derive(Clone, Copy, Debug)]
pub enum Descriptor<'a> {
    /// The section descriptor in a record.
    Record(&'a SectionDescriptor),
    /// The header of a data entry in a status block.
    Entry(GenericErrorData),
}

impl Descriptor<'_> {
    /// The same as a section descriptor.
    pub const fn section_descriptor(&self) -> SectionDescriptor {
        match self {
            Self::Record(descriptor) => **descriptor,
            Self::Entry(header) => header.descriptor(),
        }
    }
}

/// One section of a record, block or file, with its descriptor's fields.
#[derive(Debug)]
pub struct Section<'a> {
    /// The type of its body.
    pub kind: SectionTypeId,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// The field-replaceable unit's id.
    pub fru_id: Option<Guid>,
    /// The field-replaceable unit's text.
    pub fru_text: Option<FruText>,
    /// Flags of the section.
    pub flags: SectionFlags,
    /// The descriptor with these fields, if there is one.
    pub descriptor: Option<Descriptor<'a>>,
    /// The body as it is stored.
    pub bytes: &'a [u8],
    /// Offset of the body in the file.
    pub offset: u64,
    /// The body decoded.
    pub content: Content<'a>,
    /// Banks of machine checks whose registers the body holds.
    pub machine_checks: Vec<MachineCheck>,
    /// Whether it has no valid field, and another section of the record has: Windows puts an empty memory section before
    /// its machine checks.
    pub idle: bool,
    /// A problem of a section that is shown nevertheless: of its descriptor, or else the first one of its body.
    fault: Option<Problem>,
}

impl Section<'_> {
    /// Whether even its type is only zeros or ones: that part of the store was not written.
    pub fn is_absent(&self) -> bool {
        let bytes = *self.kind.raw().bytes();
        matches!(self.content, Content::Bad(..)) && (bytes == [0; 16] || bytes == [0xff; 16])
    }

    /// Whether its body was decoded and has no valid field.
    pub fn is_empty(&self) -> bool {
        /// Ends at the first field.
        struct First;
        impl Visitor for First {
            fn field(&mut self, _: &'static str, _: Value<'_>) -> fmt::Result {
                Err(fmt::Error)
            }
        }
        match &self.content {
            Content::Body(Body::Unknown(_)) => false,
            Content::Body(body) => Describe::describe(body.fields(), &mut First).is_ok(),
            _ => false,
        }
    }

    /// Whether it has a line of its own. A section that cannot be read and whose type has no name is fully described by
    /// its bad part.
    pub fn is_told(&self) -> bool {
        !self.idle && (!matches!(self.content, Content::Bad(..)) || self.kind.name().is_some())
    }

    /// The first thing that is wrong with it.
    pub fn problem(&self) -> Option<Problem> {
        match (&self.fault, &self.content) {
            (None, Content::Bad(problem)) => Some(problem.clone()),
            (fault, _) => fault.clone(),
        }
    }
}

/// The body of a section.
#[derive(Debug)]
pub enum Content<'a> {
    /// A body that the CPER crate decodes.
    Body(Body<'a>),
    /// Linux's machine-check record.
    Machine(MceRecord<'a>),
    /// Linux's kernel log, inside a record that has other sections too.
    Log(Part<'a>),
    /// The front of a body that the CPER crate would decode.
    Cut(Cut<'a>),
    /// Why it could not be decoded.
    Bad(Problem),
}

impl<'a> Found<'a> {
    /// Something found at this place. Its sections are decoded here and nowhere else.
    pub fn new(place: Place<'a>, what: What<'a>, raw: &'a [u8]) -> Self {
        let mut sections = match &what {
            What::Record(stored) => match stored.descriptor() {
                Some(descriptor) => vec![stored_section(stored, descriptor, place)],
                None => record_sections(&stored.record(), place),
            },
            What::Block(block) => block_sections(block, place),
            What::Section(descriptor, body) => {
                let offset = descriptor.section_offset().max(SectionDescriptor::SIZE as u32);
                vec![section(
                    Descriptor::Record(descriptor),
                    body,
                    place.at(place.offset + u64::from(offset)),
                    None,
                )]
            }
            What::Body(kind, bytes, _) => vec![Section::of(*kind, bytes, place, None)],
            What::Unknown(..) | What::Part(_) | What::Log(_) | What::Table(_) | What::Bad(_) => Vec::new(),
        };
        find_machine_checks(&mut sections);
        find_idle(&mut sections);
        Self { place, what, raw, trace: None, sections }
    }

    /// What a trace event tells of.
    pub fn traced(event: &'a TraceEvent) -> Self {
        let place = Place { file: &event.file, offset: event.stamp.place.start, slot: None, cleared: false };
        let what = match event.section() {
            Some((descriptor, body)) => What::Section(descriptor, body),
            None => What::Body(SectionTypeId::LINUX_MCE, event.rebuilt(), None),
        };
        Self { trace: Some(event), ..Self::new(place, what, event.rebuilt()) }
    }

    /// Whether it is something that could not be read.
    pub const fn is_bad(&self) -> bool {
        matches!(self.what, What::Bad(_))
    }

    /// The sections, decoded; a bad one stands in its place.
    pub fn sections(&self) -> &[Section<'a>] {
        &self.sections
    }

    /// All problems of it and of its sections.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<_> = self.sections.iter().filter_map(Section::problem).collect();
        match &self.what {
            What::Record(stored) => {
                let record = stored.record();
                if record.header().section_count() == 0 {
                    // The field is at 10 (UEFI 2.11 table N.1).
                    problems.push(
                        Problem::new(
                            "section_count",
                            self.place.offset + 10,
                            "section count 0, at least 1 expected",
                        )
                        .value("section_count", 0),
                    );
                }
                // Every other error of a section is reported with the section.
                let outside = record.sections().nth(record.descriptors().len()).and_then(Result::err);
                problems.extend(outside.map(|error| located(&error, self.place)));
            }
            What::Block(block) => problems.extend(block_problems(block, self.sections.len(), self.place)),
            _ => {}
        }
        problems
    }
}

/// Finds the sections without a valid field beside one that has some.
fn find_idle(sections: &mut [Section<'_>]) {
    if !sections.iter().all(Section::is_empty) {
        for section in sections {
            section.idle = section.is_empty();
        }
    }
}

/// Finds the machine checks in sections. Another section of the record may name the processor.
fn find_machine_checks(sections: &mut [Section<'_>]) {
    let cpuid = sections.iter().find_map(|section| match &section.content {
        Content::Body(body) => MachineCheck::cpuid(body),
        _ => None,
    });
    for section in sections {
        if let Content::Body(body) = &section.content {
            section.machine_checks = MachineCheck::all(body, cpuid.unwrap_or(0));
        }
    }
}

/// The section of a record that Linux keeps. It begins after the prefix, whatever the descriptor says.
fn stored_section<'a>(
    stored: &StoredRecord<'a>,
    descriptor: &'a SectionDescriptor,
    place: Place<'a>,
) -> Section<'a> {
    let body = place.at(place.offset + StoredRecord::BODY_OFFSET as u64);
    let at = place.offset + RecordHeader::SIZE as u64;
    if let Some(reason) = torn(descriptor, stored.file_content()) {
        let severity = stored.record().severity();
        let problem = Problem::new("torn", at, reason).in_section(Some(0));
        return Section::lost(descriptor, severity, stored.body(), body, problem);
    }
    let mut section = section(Descriptor::Record(descriptor), stored.body(), body, Some(0));
    if descriptor.section_length() == 0 {
        let problem = Problem::new("section_length", at, "section length 0").value("length", 0);
        section.fault = Some(problem.in_section(Some(0)));
    }
    section
}

fn record_sections<'a>(record: &Record<'a>, place: Place<'a>) -> Vec<Section<'a>> {
    let bytes = record.as_bytes();
    let front = RecordHeader::SIZE + size_of_val(record.descriptors());
    let behind = bytes.get(front..).unwrap_or_default();
    // Several cut sections can claim the same bytes. Each byte is shown once, so that the output stays linear in the
    // input.
    let mut unclaimed = bytes.len();
    let one = |(number, (found, descriptor)): (usize, (Result<_, cper::Error>, &'a SectionDescriptor))| {
        let at = place.offset + (RecordHeader::SIZE + number * SectionDescriptor::SIZE) as u64;
        let number = Some(number as u16);
        let offset = descriptor.section_offset() as usize;
        let body = place.at(place.offset + offset as u64);
        let lost = |bytes, problem: Problem| {
            Section::lost(descriptor, record.severity(), bytes, body, problem.in_section(number))
        };
        if let Some(reason) = torn(descriptor, behind) {
            let bytes = found.map_or(&[][..], |section: cper::Section<'a>| section.bytes());
            unclaimed = unclaimed.saturating_sub(bytes.len());
            return lost(if offset < front { &[] } else { bytes }, Problem::new("torn", at, reason));
        }
        let length = descriptor.section_length();
        if length == 0 {
            let reason = format!("section of 0 bytes at {offset}: none of it is there");
            return lost(
                &[],
                Problem::new("section_length", at, reason)
                    .value("offset", descriptor.section_offset())
                    .value("length", 0),
            );
        }
        if offset < front {
            let reason = format!(
                "section of {length} bytes at {offset} lies in the record's first {front}, which are its header and section descriptors"
            );
            return lost(
                &[],
                Problem::new("section_in_front", at, reason)
                    .value("offset", descriptor.section_offset())
                    .value("length", length),
            );
        }
        match found {
            Ok(found) => {
                unclaimed = unclaimed.saturating_sub(found.bytes().len());
                section(Descriptor::Record(descriptor), found.bytes(), body, number)
            }
            Err(error) => {
                let there = match error.kind() {
                    cper::ErrorKind::SectionBounds { .. } => bytes.get(offset..).unwrap_or_default(),
                    _ => &[],
                };
                let problem = Problem::of(&error, at, error.kind());
                if there.is_empty() || there.len() > unclaimed {
                    return lost(&[], problem);
                }
                unclaimed -= there.len();
                Section {
                    fault: Some(problem.in_section(number)),
                    ..section(Descriptor::Record(descriptor), there, body, number)
                }
            }
        }
    };
    record.sections().zip(record.descriptors()).enumerate().map(one).collect()
}

fn block_sections<'a>(block: &StatusBlock<'a>, place: Place<'a>) -> Vec<Section<'a>> {
    // Entries follow each other, each header before its payload.
    let mut offset = place.offset + cper::GenericErrorStatus::SIZE as u64;
    let mut one = |entry: cper::DataEntry<'a>| {
        let payload = offset + entry.header_bytes().len() as u64;
        offset = payload + entry.bytes().len() as u64;
        section(Descriptor::Entry(entry.header()), entry.bytes(), place.at(payload), Some(entry.number()))
    };
    let entries = block.entries().filter_map(Result::ok);
    let mut sections: Vec<_> = entries
        .map(|entry| (is_fill_entry(&entry), one(entry)))
        .filter_map(|(fill, section)| (!fill).then_some(section))
        .collect();
    if let (Some(entry), Some(error)) = (block.cut_entry(), block.entries().find_map(Result::err)) {
        sections.push(Section { fault: Some(located(&error, place)), ..one(entry) });
    }
    sections
}

/// Whether an entry of a status block is none: zeros of which each 64 bytes would be an empty entry.
fn is_fill_entry(entry: &cper::DataEntry<'_>) -> bool {
    entry.bytes().is_empty() && entry.header_bytes().iter().all(|byte| *byte == 0)
}

/// Bytes of zeros in a block where its data length claims entries.
pub fn padding(block: &StatusBlock<'_>) -> usize {
    let entries = block.entries().flatten().filter(is_fill_entry);
    entries.map(|entry| entry.header_bytes().len()).sum::<usize>() + zeros_at_the_end(block)
}

/// Zero bytes after the last entry, too few for another one.
fn zeros_at_the_end(block: &StatusBlock<'_>) -> usize {
    let length = block.header().data_length() as usize;
    let data = block.as_bytes().get(cper::GenericErrorStatus::SIZE..).unwrap_or_default();
    let taken = |entry: cper::DataEntry<'_>| entry.header_bytes().len() + entry.bytes().len();
    let entries: usize = block.entries().flatten().map(taken).sum();
    let rest = data.get(..length).unwrap_or(data).get(entries..).unwrap_or_default();
    if rest.iter().all(|byte| *byte == 0) { rest.len() } else { 0 }
}

fn block_problems(block: &StatusBlock<'_>, sections: usize, place: Place<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let header = block.header();
    if block.missing() != 0 {
        let there = block.as_bytes().len();
        let stated = there as u64 + block.missing();
        let reason = format!("status block of {stated} bytes, {there} available");
        problems.push(
            Problem::new("block_length", place.offset, reason)
                .value("stated", stated)
                .value("available", there),
        );
    }
    // The error of a cut entry is reported with its section.
    let entry = block.entries().find_map(Result::err);
    let entry = entry.filter(|_| block.cut_entry().is_none() && zeros_at_the_end(block) == 0);
    let raw_data = block.raw_data().and_then(Result::err);
    problems.extend(entry.into_iter().chain(raw_data).map(|error| located(&error, place)));
    let (stated, padding) = (usize::from(header.entry_count()), padding(block));
    if padding != 0 && (sections == 0 || sections < stated) {
        // Of the data length (ACPI 6.5 table 18.11).
        let at = 12;
        let (stated, length) = (stated.max(1), header.data_length());
        let reason =
            format!("{sections} of {stated} entries in {length} bytes of data, {padding} of them zeros");
        problems.push(
            Problem::new("entry_count", place.offset + at, reason)
                .value("entries", sections)
                .value("stated", stated)
                .value("length", length)
                .value("zeros", padding),
        );
    }
    problems
}

/// Why a section did not reach the store: its descriptor, or everything after the descriptors, is zeros or the ones of
/// erased flash.
fn torn(descriptor: &SectionDescriptor, behind: &[u8]) -> Option<String> {
    for (fill, name) in [(0, "zeros"), (0xff, "ones")] {
        let is_fill = |bytes: &[u8]| bytes.iter().all(|byte| *byte == fill);
        let (offset, length) = (descriptor.section_offset(), descriptor.section_length());
        if is_fill(descriptor.as_bytes()) {
            return Some(format!("section descriptor is all {name}"));
        }
        if is_fill(descriptor.section_type().raw().bytes()) {
            return Some(format!("section type is all {name}, section of {length} bytes at {offset}"));
        }
        if !behind.is_empty() && is_fill(behind) {
            let there = behind.len();
            return Some(format!(
                "nothing of its {length} bytes, all {there} behind the descriptors are {name}"
            ));
        }
    }
    None
}

/// An error of a record or block that begins at `place`.
pub fn located(error: &cper::Error, place: Place<'_>) -> Problem {
    Problem::of(error, place.offset + u64::from(error.offset()), error.kind()).in_section(error.section())
}

/// A section whose body lies at `place`.
fn section<'a>(
    descriptor: Descriptor<'a>,
    bytes: &'a [u8],
    place: Place<'a>,
    number: Option<u16>,
) -> Section<'a> {
    let said = descriptor.section_descriptor();
    Section {
        severity: Some(said.severity()),
        fru_id: said.fru_id(),
        fru_text: said.fru_text(),
        flags: said.flags(),
        descriptor: Some(descriptor),
        ..Section::of(said.section_type(), bytes, place, number)
    }
}

impl<'a> Section<'a> {
    /// A section of which nothing can be decoded. The severity and unit in its descriptor are not believed.
    fn lost(
        descriptor: &'a SectionDescriptor,
        severity: Severity,
        bytes: &'a [u8],
        place: Place<'a>,
        problem: Problem,
    ) -> Self {
        Self {
            kind: descriptor.section_type(),
            severity: Some(severity),
            fru_id: None,
            fru_text: None,
            flags: SectionFlags::empty(),
            descriptor: Some(Descriptor::Record(descriptor)),
            bytes,
            offset: place.offset,
            content: Content::Bad(problem),
            machine_checks: Vec::new(),
            idle: false,
            fault: None,
        }
    }

    /// A body of this type at `place`, decoded as far as it goes.
    fn of(kind: SectionTypeId, bytes: &'a [u8], place: Place<'a>, number: Option<u16>) -> Self {
        let mut fault = None;
        let problem = |error: cper::Error| {
            Problem::of(&error, place.offset + u64::from(error.offset()), error.kind()).in_section(number)
        };
        let content = match kind {
            SectionTypeId::LINUX_MCE => match MceRecord::parse(bytes) {
                Ok(record) => Content::Machine(record),
                Err(error) => {
                    let at = place.offset + u64::from(error.offset());
                    Content::Bad(Problem::of(&error, at, error.kind()).in_section(number))
                }
            },
            SectionTypeId::LINUX_DMESG | SectionTypeId::LINUX_DMESG_COMPRESSED => {
                Content::Log(Part::new(place, bytes, kind == SectionTypeId::LINUX_DMESG_COMPRESSED))
            }
            _ => match Body::decode(kind, bytes) {
                Ok(body) => {
                    fault = body.first_error().map(&problem);
                    Content::Body(body)
                }
                Err(error) => {
                    let problem = problem(error);
                    let cut = match error.kind() {
                        cper::ErrorKind::TooShort { needed, .. } => Cut::new(kind, bytes, needed as usize),
                        _ => None,
                    };
                    match cut {
                        Some(cut) => {
                            fault = Some(problem);
                            Content::Cut(cut)
                        }
                        None => Content::Bad(problem),
                    }
                }
            },
        };
        Self {
            kind,
            severity: None,
            fru_id: None,
            fru_text: None,
            flags: SectionFlags::empty(),
            descriptor: None,
            bytes,
            offset: place.offset,
            content,
            machine_checks: Vec::new(),
            idle: false,
            fault,
        }
    }
}

/// `file: slot 3, offset 0x6000`, the start of every message about a place.
pub fn at(place: &Place<'_>) -> String {
    format!("{}: {place}", Printable(place.file.as_bytes()))
}
