//! What was found in the bytes, and where: views, nothing copied.

use std::borrow::Cow;
use std::fmt;

use cper::section::Body;
use cper::{
    CreatorId, FruText, Guid, Record, SectionDescriptor, SectionFlags, SectionTypeId, Severity, StatusBlock,
};
use erst_table::Table;
use mce_record::MceRecord;
use pstore_format::RecordId;
use pstore_format::inflate::Inflater;

use crate::printable::Printable;

/// Where something lies.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The file, as it was named.
    pub file: &'a str,
    /// Bytes from its start; from the start of what its text stands for when it is a dump in hex.
    pub offset: u64,
    /// The slot of a store.
    pub slot: Option<usize>,
    /// Whether it was cleared, or taken note of: its bytes are still there, its owner has forgotten it.
    pub cleared: bool,
}

impl<'a> Place<'a> {
    /// A place in a file that has no slots.
    pub fn new(file: &'a str, offset: usize) -> Self {
        Self { file, offset: offset as u64, slot: None, cleared: false }
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

/// Something found.
#[derive(Debug)]
pub struct Found<'a> {
    /// Where it begins.
    pub place: Place<'a>,
    /// What it is.
    pub what: What<'a>,
}

/// The kinds of things there are to find.
#[derive(Debug)]
pub enum What<'a> {
    /// A CPER record.
    Record(Record<'a>),
    /// A generic error status block.
    Block(StatusBlock<'a>),
    /// A section descriptor and its body, without a record around them.
    Section(&'a SectionDescriptor, &'a [u8]),
    /// A body alone: a pstore file, whose name says what it is, or a `struct mce`.
    Body(SectionTypeId, &'a [u8], Option<RecordId>),
    /// A file of pstore whose type nothing tells.
    Unknown(&'a [u8], Option<RecordId>),
    /// A part of a kernel log, not yet put together.
    Part(Part<'a>),
    /// A kernel log, as much of it as there is.
    Log(Log<'a>),
    /// An ERST table.
    Table(Table<'a>),
    /// Something that could not be read, and why.
    Bad(String),
}

/// One stored part of a kernel log.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Where it lies.
    pub place: Place<'a>,
    /// The record around it, if there is one.
    pub record: Option<Record<'a>>,
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
}

/// The least room that a part's text is given, and how many times its compressed size.
const TEXT_ROOM: (usize, usize) = (32 << 10, 16);

impl<'a> Part<'a> {
    /// The text, and why it is not all of it. Kernels write texts of up to three times their record; a stream that
    /// claims much more is cut.
    pub fn text(&self) -> (Cow<'a, [u8]>, Option<pstore_format::Error>) {
        if !self.compressed {
            return (Cow::Borrowed(self.stored), None);
        }
        let mut text = vec![0; self.stored.len().saturating_mul(TEXT_ROOM.1).max(TEXT_ROOM.0)];
        let (length, problem) = match Inflater::new().inflate(self.stored, &mut text) {
            Ok(inflated) => (inflated.length, None),
            Err(error) => (decoded(&error), Some(error)),
        };
        text.truncate(length);
        (Cow::Owned(text), problem)
    }
}

/// How much of the text came out before the error.
fn decoded(error: &pstore_format::Error) -> usize {
    use pstore_format::ErrorKind::{Checksum, Corrupt, TextTooLong, Unfinished};
    match error.kind() {
        Corrupt { decoded, .. } | Unfinished { decoded, .. } | Checksum { decoded } => decoded as usize,
        TextTooLong { capacity } => capacity as usize,
        _ => 0,
    }
}

/// The parts that belong to one dump of the kernel log.
#[derive(Debug)]
pub struct Log<'a> {
    /// Why it was dumped, such as "Panic", and which dump of its boot it was; `None` when its text does not say.
    pub header: Option<(String, u32)>,
    /// What is there, oldest text first.
    pub pieces: Vec<Piece<'a>>,
}

/// A part of a log, or a gap.
#[derive(Debug)]
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

    /// The numbers of parts that are not there.
    pub fn missing(&self) -> impl Iterator<Item = &std::ops::RangeInclusive<u32>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Part(..) => None,
            Piece::Missing(parts) => Some(parts),
        })
    }
}

/// One section of a record, block or file, with what its descriptor says.
#[derive(Debug)]
pub struct Section<'a> {
    /// What its body is.
    pub kind: SectionTypeId,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// The unit it speaks of.
    pub fru_id: Option<Guid>,
    /// The unit's name.
    pub fru_text: Option<FruText>,
    /// Flags of the section.
    pub flags: SectionFlags,
    /// The body as it is stored.
    pub bytes: &'a [u8],
    /// The body decoded.
    pub content: Content<'a>,
}

/// The body of a section.
#[derive(Debug)]
pub enum Content<'a> {
    /// What the CPER crate decodes.
    Body(Body<'a>),
    /// Linux' machine-check record.
    Machine(MceRecord<'a>),
    /// Linux' kernel log, inside a record that has other sections too.
    Log(Part<'a>),
    /// Why it could not be decoded.
    Bad(String),
}

impl<'a> Content<'a> {
    fn decode(section_type: SectionTypeId, bytes: &'a [u8], place: Place<'a>) -> Self {
        match section_type {
            SectionTypeId::LINUX_MCE => match MceRecord::parse(bytes) {
                Ok(record) => Self::Machine(record),
                Err(error) => Self::Bad(error.to_string()),
            },
            SectionTypeId::LINUX_DMESG | SectionTypeId::LINUX_DMESG_COMPRESSED => Self::Log(Part {
                place,
                record: None,
                stored: bytes,
                compressed: section_type == SectionTypeId::LINUX_DMESG_COMPRESSED,
                id: None,
                id_names_boot: false,
                time: None,
            }),
            _ => match Body::decode(section_type.guid(), bytes) {
                Ok(body) => Self::Body(body),
                Err(error) => Self::Bad(error.to_string()),
            },
        }
    }
}

/// Bytes before the body in the records that Linux writes: header and one descriptor.
const LINUX_PREFIX: usize = 200;

/// The section of a record that Linux wrote for pstore: its type and body.
///
/// Such a record has one section, and every kernel reads it from byte 200 on, whatever offset its descriptor says:
/// kernels with the series that keeps APEI errors in ERST write garbage there.
pub fn linux_section<'a>(record: &Record<'a>) -> Option<(&'a SectionDescriptor, &'a [u8])> {
    match record.descriptors() {
        [descriptor] if record.header().creator_id == CreatorId::LINUX_PSTORE => {
            let body = record.as_bytes().get(LINUX_PREFIX..)?;
            Some((descriptor, body.get(..descriptor.section_length.get() as usize).unwrap_or(body)))
        }
        _ => None,
    }
}

impl<'a> Found<'a> {
    /// The sections, decoded; a bad one stands in its place.
    pub fn sections(&self) -> Vec<Section<'a>> {
        let place = self.place;
        match &self.what {
            What::Record(record) => match linux_section(record) {
                Some((descriptor, body)) => vec![section(descriptor, body, place)],
                None => {
                    let both = record.sections().zip(record.descriptors());
                    both.map(|(found, descriptor)| match found {
                        Ok(found) => {
                            located(section(descriptor, found.bytes(), place), || found.body().err())
                        }
                        Err(error) => {
                            let content = Content::Bad(error.to_string());
                            Section { content, ..section(descriptor, &[], place) }
                        }
                    })
                    .collect()
                }
            },
            What::Block(block) => {
                let entries = block.entries().filter_map(Result::ok);
                let section = |entry: cper::DataEntry<'a>| {
                    let section = section(&entry.header().descriptor(), entry.bytes(), place);
                    located(section, || entry.body().err())
                };
                entries.map(section).collect()
            }
            What::Section(descriptor, body) => vec![section(descriptor, body, place)],
            What::Body(section_type, bytes, _) => vec![Section {
                kind: *section_type,
                severity: None,
                fru_id: None,
                fru_text: None,
                flags: SectionFlags::empty(),
                bytes,
                content: Content::decode(*section_type, bytes, place),
            }],
            What::Unknown(..) | What::Part(_) | What::Log(_) | What::Table(_) | What::Bad(_) => Vec::new(),
        }
    }
}

/// The same section; where it is bad, told by the record around it, which knows the offset.
fn located(mut section: Section<'_>, error: impl FnOnce() -> Option<cper::Error>) -> Section<'_> {
    if let Content::Bad(reason) = &mut section.content {
        if let Some(error) = error() {
            *reason = error.to_string();
        }
    }
    section
}

fn section<'a>(descriptor: &SectionDescriptor, bytes: &'a [u8], place: Place<'a>) -> Section<'a> {
    Section {
        kind: descriptor.section_type,
        severity: Some(descriptor.severity),
        fru_id: descriptor.fru_id(),
        fru_text: descriptor.fru_text().copied(),
        flags: descriptor.flags(),
        bytes,
        content: Content::decode(descriptor.section_type, bytes, place),
    }
}

/// `file: slot 3, offset 0x6000`, what every complaint begins with.
pub fn at(place: &Place<'_>) -> String {
    format!("{}: {place}", Printable(place.file.as_bytes()))
}
