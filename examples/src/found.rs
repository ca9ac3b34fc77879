//! What was found in the bytes, and where: views, nothing copied.

use std::borrow::Cow;
use std::fmt;

use cper::section::Body;
use cper::{FruText, Guid, SectionDescriptor, SectionFlags, SectionTypeId, Severity, StatusBlock};
use erst_table::Table;
use mce_record::MceRecord;
use pstore_format::ErrorKind;
use pstore_format::RecordId;
use pstore_format::inflate::Inflater;
use pstore_format::record::{RecordPrefix, StoredRecord};

use crate::decompress;
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
    /// Whether it was cleared from its ERST image: its bytes are still there, its owner has forgotten it.
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

/// Something found.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// Where it begins.
    pub place: Place<'a>,
    /// What it is.
    pub what: What<'a>,
    /// Its record as it is stored, all that was made out of it; the first part's when it is a log. Empty for a bad
    /// part of something that was found too.
    pub raw: &'a [u8],
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
    /// A file of pstore whose type nothing tells.
    Unknown(&'a [u8], Option<RecordId>),
    /// A part of a kernel log, not yet put together.
    Part(Part<'a>),
    /// A kernel log, as much of it as there is.
    Log(Log<'a>),
    /// An ERST table.
    Table(Table<'a>),
    /// Something that could not be read, and why. Its place is where the wrong value is.
    Bad(String),
}

/// One stored part of a kernel log.
#[derive(Clone, Copy, Debug)]
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
            Err(error) => {
                if let ErrorKind::NotDecodable(compression) = error.kind() {
                    if let Some(text) = decompress::text(compression, self.stored, text.len()) {
                        return (Cow::Owned(text), None);
                    }
                }
                (decoded(&error), Some(error))
            }
        };
        text.truncate(length);
        (Cow::Owned(text), problem)
    }
}

/// How much of the text came out before the error.
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
    /// Why it was dumped, such as "Panic", and which dump of its boot it was; `None` when its text does not say.
    pub header: Option<(String, u32)>,
    /// What is there, oldest text first.
    pub pieces: Vec<Piece<'a>>,
}

/// A part of a log, or a gap.
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
    /// Where that is in the file.
    pub offset: u64,
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
    /// Why it could not be decoded, and where in the file the reason is.
    Bad(u64, String),
}

impl<'a> Content<'a> {
    fn decode(kind: SectionTypeId, bytes: &'a [u8], place: Place<'a>) -> Self {
        match kind {
            SectionTypeId::LINUX_MCE => match MceRecord::parse(bytes) {
                Ok(record) => Self::Machine(record),
                Err(error) => Self::Bad(place.offset + u64::from(error.offset), error.kind.to_string()),
            },
            SectionTypeId::LINUX_DMESG | SectionTypeId::LINUX_DMESG_COMPRESSED => Self::Log(Part {
                place,
                record: None,
                stored: bytes,
                compressed: kind == SectionTypeId::LINUX_DMESG_COMPRESSED,
                id: None,
                id_names_boot: false,
                time: None,
            }),
            _ => match Body::decode(kind.guid(), bytes) {
                Ok(body) => Self::Body(body),
                Err(error) => Self::Bad(place.offset + u64::from(error.offset()), error.kind().to_string()),
            },
        }
    }
}

impl<'a> Found<'a> {
    /// The sections, decoded; a bad one stands in its place.
    pub fn sections(&self) -> Vec<Section<'a>> {
        let (place, start) = (self.place, self.place.offset);
        match &self.what {
            What::Record(stored) => match stored.prefix() {
                Some(prefix) => {
                    vec![section(
                        &prefix.descriptor,
                        stored.body(),
                        place.at(start + RecordPrefix::SIZE as u64),
                    )]
                }
                None => {
                    let record = stored.record();
                    let both = record.sections().zip(record.descriptors());
                    both.map(|(found, descriptor)| match found {
                        Ok(found) => {
                            let offset = start + u64::from(descriptor.section_offset.get());
                            numbered(section(descriptor, found.bytes(), place.at(offset)), found.number())
                        }
                        Err(error) => {
                            let (at, reason) = located(&error, place);
                            Section { content: Content::Bad(at, reason), ..section(descriptor, &[], place) }
                        }
                    })
                    .collect()
                }
            },
            What::Block(block) => {
                // Entries lie one behind the other, each header before its payload.
                let mut offset = start + cper::GenericErrorStatus::SIZE as u64;
                let section = |entry: cper::DataEntry<'a>| {
                    let payload = offset + entry.header_bytes().len() as u64;
                    offset = payload + entry.bytes().len() as u64;
                    let section = section(&entry.header().descriptor(), entry.bytes(), place.at(payload));
                    numbered(section, entry.number())
                };
                block.entries().filter_map(Result::ok).map(section).collect()
            }
            What::Section(descriptor, body) => {
                let offset = descriptor.section_offset.get().max(SectionDescriptor::SIZE as u32);
                vec![section(descriptor, body, place.at(start + u64::from(offset)))]
            }
            What::Body(kind, bytes, _) => vec![Section {
                kind: *kind,
                severity: None,
                fru_id: None,
                fru_text: None,
                flags: SectionFlags::empty(),
                bytes,
                offset: start,
                content: Content::decode(*kind, bytes, place),
            }],
            What::Unknown(..) | What::Part(_) | What::Log(_) | What::Table(_) | What::Bad(_) => Vec::new(),
        }
    }
}

/// Where in the file an error of a record or block is, and what it is.
pub fn located(error: &cper::Error, place: Place<'_>) -> (u64, String) {
    let section = error.section().map_or(String::new(), |number| format!("section {number}: "));
    (place.offset + u64::from(error.offset()), format!("{section}{}", error.kind()))
}

/// The same section; what is bad about it names it, where there are several.
fn numbered(mut section: Section<'_>, number: u16) -> Section<'_> {
    if let Content::Bad(_, reason) = &mut section.content {
        *reason = format!("section {number}: {reason}");
    }
    section
}

/// A section whose body lies at `place`.
fn section<'a>(descriptor: &SectionDescriptor, bytes: &'a [u8], place: Place<'a>) -> Section<'a> {
    Section {
        kind: descriptor.section_type,
        severity: Some(descriptor.severity),
        fru_id: descriptor.fru_id(),
        fru_text: descriptor.fru_text().copied(),
        flags: descriptor.flags(),
        bytes,
        offset: place.offset,
        content: Content::decode(descriptor.section_type, bytes, place),
    }
}

/// `file: slot 3, offset 0x6000`, what every complaint begins with.
pub fn at(place: &Place<'_>) -> String {
    format!("{}: {place}", Printable(place.file.as_bytes()))
}
