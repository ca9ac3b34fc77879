//! One JSON object a line, as `schema/ras-v1.json` describes it. Names and types are stable within a version.
//!
//! The type of a member never depends on its value. A 64-bit register is a string of `0x` and 16 digits; a 64-bit count
//! is a string of decimal digits; a number of up to 32 bits or an offset in a file is a number; bytes are a string of
//! hex digits. A member that is not known is absent, never null and never 0.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use cper::fields::{Fields, Value};
use cper::{Calendar, FruText, Guid, SectionFlags};
use serde::Serialize;
use serde::ser::Serializer;

use crate::event::{Event, Grade, Unreadable};
use crate::found::{Content, Descriptor, Log, LogKind, Part, Piece, Place, Reading, Section, What};
use crate::machine_check::MachineCheck;
use crate::names::SectionNames;
use crate::not_shown::{self, NotShown};
use crate::not_valid::NotValid;
use crate::printable::{Printable, commands};
use crate::problem::{Problem, digits};
use crate::trace::TraceEvent;

/// The version of the schema. Members are added within a version; a member whose name or type changes makes a new
/// version.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Object<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'e str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    part_keys: &'e [String],
    schema_version: u32,
    source: Source<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_id: Option<Shown<Register>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator: Option<Described<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification: Option<Described<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Shown<Rfc3339>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_if_binary: Option<Shown<Rfc3339>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_error: Option<Shown<Unreadable>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Shown<Grade>>,
    kind: &'static str,
    summary: &'e str,
    /// Present for something that could not be read.
    #[serde(skip_serializing_if = "<[Problem]>::is_empty")]
    problems: &'e [Problem],
    /// Of a record or a status block.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<Described<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dump: Option<Dump<'e>>,
    /// The trace event that it was rebuilt from.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Traced<'e>>,
    sections: Vec<Member<'e>>,
    /// Of a status block: the raw data after its entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_data: Option<Hex<'e>>,
    /// Stored bytes that no field shows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_shown: Vec<NotShown<'e>>,
    /// The record's bytes: on request, and where nothing else can be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<Hex<'e>>,
}

#[derive(Serialize)]
struct Source<'e> {
    file: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot: Option<usize>,
    offset: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cleared: bool,
}

impl<'e> Source<'e> {
    fn of(place: &Place<'e>) -> Self {
        Self { file: place.file, slot: place.slot, offset: place.offset, cleared: place.cleared }
    }
}

#[derive(Serialize)]
struct Dump<'e> {
    reason: &'e str,
    count: u32,
    missing: Vec<[u32; 2]>,
}

/// A trace event.
#[derive(Serialize)]
struct Traced<'e> {
    event: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<u32>,
    /// What the clock of the trace said, seconds and their fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    /// The fields that are no bytes, as the kernel names them.
    fields: serde_json::Map<String, serde_json::Value>,
}

impl<'e> Traced<'e> {
    fn of(trace: &'e TraceEvent) -> Self {
        Self { event: trace.name, cpu: trace.stamp.cpu, clock: trace.clock(), fields: trace.values.json() }
    }
}

/// A section, or a part of a kernel log.
#[derive(Serialize)]
struct Member<'e> {
    r#type: Described<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_id: Option<Shown<Register>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Shown<Grade>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fru: Option<Fru<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<Described<'e>>,
    summary: Cow<'e, str>,
    /// Of what the fields have numbers for, where the names are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    component_names: Option<&'e SectionNames>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
    /// Of the record around a part of a log.
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<Described<'e>>,
    /// The section descriptor, or the header of a data entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    descriptor: Option<Described<'e>>,
    fields: Body<'e>,
    /// The banks of machine checks whose registers the fields hold among other things.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    machine_checks: Vec<Check>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_valid: Option<Denied<'e>>,
    /// Of a part of a log, as those of a whole record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_shown: Vec<NotShown<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<Hex<'e>>,
}

/// A bank of a machine check inside another container.
#[derive(Serialize)]
struct Check {
    /// The number that the system gave the processor, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<u32>,
    bank: u8,
    summary: String,
    /// The unit that the registers name.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    mci_status: Shown<Register>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mci_addr: Option<Shown<Register>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mci_misc: Option<Shown<Register>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mca_ipid: Option<Shown<Register>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mca_synd: Option<Shown<Register>>,
}

impl Check {
    fn of(check: &MachineCheck) -> Self {
        let record = check.record();
        let mce = record.mce();
        let known = |value: u64| (value != 0).then_some(Shown(Register(value)));
        Self {
            cpu: check.cpu(),
            bank: mce.bank(),
            summary: check.error(),
            unit: record.unit().map(|unit| unit.to_string()),
            mci_status: Shown(Register(mce.status())),
            mci_addr: known(mce.addr()),
            mci_misc: known(mce.misc()),
            mca_ipid: known(mce.ipid()),
            mca_synd: known(mce.synd()),
        }
    }
}

/// A register: all of its digits.
struct Register(u64);

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x}", self.0)
    }
}

/// The fields of a section that its validity bits deny.
struct Denied<'e>(NotValid<'e, 'e>);

impl Serialize for Denied<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Fields(&self.0).serialize(serializer)
    }
}

#[derive(Serialize)]
struct Fru<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Shown<Guid>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Shown<Printable<'e>>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'e> {
    Fields(Described<'e>),
    Machine(&'e mce_record::MceRecord<'e>),
    Log(LogText),
    Bytes { bytes: Hex<'e> },
}

#[derive(Serialize)]
struct LogText {
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<u32>,
    /// `console`, `pmsg`: what it is, where it is no dump.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ecc: Option<EccShown>,
    compressed: bool,
    /// SHA-256 of the compressed bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// In hex, where the text is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

/// What the error-correcting code did, and whether that leaves the text in doubt.
#[derive(Serialize)]
struct EccShown {
    /// Bytes, and blocks; absent where the text is as stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unrecoverable: Option<u32>,
    in_doubt: bool,
}

impl From<Reading> for EccShown {
    fn from(reading: Reading) -> Self {
        let (report, in_doubt) = match reading {
            Reading::Corrected(report) => (Some(report), false),
            Reading::DoubtCorrected(report) => (Some(report), true),
            Reading::DoubtStored => (None, true),
        };
        let [corrected, unrecoverable] =
            [report.map(|report| report.corrected), report.map(|report| report.unrecoverable)];
        Self { corrected, unrecoverable, in_doubt }
    }
}

/// What the CPER crate describes.
enum Described<'e> {
    Value(Value<'e>),
    Fields(Fields<'e>),
    Descriptor(&'e Descriptor<'e>),
}

impl Serialize for Described<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Fields(fields) => fields.serialize(serializer),
            Self::Descriptor(Descriptor::Record(descriptor)) => descriptor.serialize(serializer),
            Self::Descriptor(Descriptor::Entry(header)) => header.serialize(serializer),
        }
    }
}

/// The `Display` text of a value, written straight into the output.
struct Shown<T>(T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A time as RFC 3339 has it.
struct Rfc3339(Calendar);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

struct Hex<'e>(&'e [u8]);

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::Bytes(self.0).serialize(serializer)
    }
}

/// Optional members.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extent {
    /// The fields whose validity bit is clear, read as if it were set.
    pub not_valid: bool,
    /// The record's own bytes.
    pub bytes: bool,
}

/// Writes an object for each event.
pub fn write(out: &mut dyn Write, events: &[Event<'_>], extent: Extent) -> io::Result<()> {
    let mut text = Vec::new();
    events.iter().try_for_each(|event| {
        text.clear();
        line(&mut text, event, None, extent)?;
        out.write_all(&text)
    })
}

/// The keys by which `ras collect` identifies an event.
#[derive(Debug)]
pub struct Keys {
    /// The key of the event.
    pub event: String,
    /// The keys of a kernel log's parts, oldest text first, in the order of `sections`; empty for anything else.
    pub parts: Vec<String>,
}

/// Writes an object for an event, with its keys if it has some. The many small pieces are joined in memory, which is
/// much faster than writing each.
pub fn line(text: &mut Vec<u8>, event: &Event<'_>, keys: Option<&Keys>, extent: Extent) -> io::Result<()> {
    let start = text.len();
    serde_json::to_writer(&mut *text, &object(event, keys, extent))?;
    escape_commands(text, start);
    text.push(b'\n');
    Ok(())
}

/// Escapes, from an offset on, characters that command a terminal and that JSON allows unescaped: DEL, C1 and
/// bidirectional marks. The values stay the same.
fn escape_commands(text: &mut Vec<u8>, from: usize) {
    // The first byte of each. A middle dot begins like C1.
    let mut starts = memchr::memchr3_iter(0x7f, 0xc2, 0xe2, &text[from..]);
    let commands_at = |at: usize| {
        let end = text.len().min(from + at + 4);
        let character =
            text[from + at..end].utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
        character.is_some_and(commands)
    };
    if !starts.any(commands_at) {
        return;
    }
    let line = String::from_utf8_lossy(&text.split_off(from)).into_owned();
    for c in line.chars() {
        if commands(c) {
            text.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
        } else {
            text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

fn object<'e>(event: &'e Event<'e>, keys: Option<&'e Keys>, extent: Extent) -> Object<'e> {
    let found = &event.found;
    let (mut header, mut problems, mut dump, mut notification) = (None, &[][..], None, None);
    let mut raw_data = None;
    let mut bytes = (extent.bytes && !found.raw.is_empty()).then_some(Hex(found.raw));
    let mut sections: Vec<Member<'_>> = event
        .sections()
        .iter()
        .zip(&event.lines)
        .zip(&event.names)
        .map(|((section, (grade, line)), names)| part_of(section, *grade, line, names, extent))
        .collect();
    match &found.what {
        What::Record(stored) => {
            header = Some(Described::Fields(Fields(stored.record().header())));
            notification = Some(Described::Value(stored.record().notification_type().into()));
        }
        What::Block(block) => {
            header = Some(Described::Fields(Fields(block.header())));
            raw_data = block.raw_data().and_then(Result::ok).map(Hex);
        }
        What::Bad(problem) => problems = std::slice::from_ref(problem),
        What::Unknown(unknown, ..) => bytes = Some(Hex(unknown)),
        What::Table(table) => bytes = Some(Hex(table.as_bytes())),
        What::Log(log) => {
            sections = parts(log, extent);
            // Each part has its own.
            bytes = None;
            dump = log.header.as_ref().map(|(why, count)| Dump {
                reason: why,
                count: *count,
                missing: log.missing().map(|parts| [*parts.start(), *parts.end()]).collect(),
            });
        }
        _ => {}
    }
    Object {
        key: keys.map(|keys| keys.event.as_str()),
        part_keys: keys.map_or(&[], |keys| &keys.parts),
        source: Source::of(&found.place),
        schema_version: SCHEMA_VERSION,
        record_id: event.id.map(|id| Shown(Register(id.raw()))),
        creator: event.creator.map(|creator| Described::Value(creator.into())),
        notification,
        time: event.time.map(|time| Shown(Rfc3339(time.calendar))),
        time_from: event.time.filter(|time| time.by_id).map(|_| "record_id"),
        time_encoding: event.time.filter(|time| time.binary).map(|_| "binary"),
        time_if_binary: event.time.and_then(|time| time.otherwise).map(|time| Shown(Rfc3339(time))),
        time_error: event.unreadable.map(Shown),
        severity: (!matches!(found.what, What::Bad(_))).then_some(Shown(event.grade)),
        kind: event.kind.name,
        summary: event.summary(),
        problems,
        header,
        dump,
        trace: found.trace.map(Traced::of),
        sections,
        raw_data,
        not_shown: not_shown::of(found),
        bytes,
    }
}

/// The fields of a section, as an object or a string of its bytes.
pub fn fields(section: &Section<'_>) -> String {
    // Writing to memory cannot fail.
    serde_json::to_string(&body(section)).unwrap_or_default()
}

fn body<'e>(section: &'e Section<'_>) -> Body<'e> {
    match &section.content {
        Content::Body(body) => Body::Fields(Described::Fields(Fields(body.fields()))),
        Content::Machine(record) => Body::Machine(record),
        Content::Log(part) => Body::Log(text(part, None)),
        Content::Cut(cut) => Body::Fields(Described::Fields(Fields(cut))),
        Content::Bad(..) => Body::Bytes { bytes: Hex(section.bytes) },
    }
}

fn part_of<'e>(
    section: &'e Section<'e>,
    severity: Grade,
    line: &'e str,
    names: &'e SectionNames,
    extent: Extent,
) -> Member<'e> {
    let fru = Fru {
        id: section.fru_id.filter(|id| *id != Guid::ZERO).map(Shown),
        text: section
            .fru_text
            .as_ref()
            .map(FruText::text)
            .filter(|text| !text.is_empty())
            .map(|text| Shown(Printable(text))),
    };
    Member {
        r#type: Described::Value(section.kind.into()),
        source: None,
        record_id: None,
        severity: Some(Shown(severity)),
        fru: (fru.id.is_some() || fru.text.is_some()).then_some(fru),
        flags: (section.flags != SectionFlags::empty())
            .then(|| Described::Value(Value::flags(section.flags))),
        summary: line.into(),
        component_names: (*names != SectionNames::default()).then_some(names),
        problems: section.problem().into_iter().collect(),
        header: None,
        descriptor: section.descriptor.as_ref().map(Described::Descriptor),
        fields: body(section),
        machine_checks: section.machine_checks.iter().map(Check::of).collect(),
        not_valid: extent.not_valid.then(|| NotValid::of(section)).flatten().map(Denied),
        not_shown: Vec::new(),
        bytes: None,
    }
}

fn parts<'e>(log: &'e Log<'e>, extent: Extent) -> Vec<Member<'e>> {
    let parts = log.pieces.iter().filter_map(|piece| match piece {
        Piece::Part(number, part) => Some((number, part)),
        Piece::Missing(_) => None,
    });
    parts
        .map(|(number, part)| {
            let section_type = if part.compressed {
                cper::SectionTypeId::LINUX_DMESG_COMPRESSED
            } else {
                cper::SectionTypeId::LINUX_DMESG
            };
            Member {
                r#type: Described::Value(section_type.into()),
                source: Some(Source::of(&part.place)),
                record_id: part.id.map(|id| Shown(Register(id.raw()))),
                severity: None,
                fru: None,
                flags: None,
                summary: number
                    .map_or(part.kind.noun().into(), |number| format!("kernel log, part {number}").into()),
                component_names: None,
                problems: part.problem().into_iter().collect(),
                header: part
                    .record
                    .as_ref()
                    .map(|stored| Described::Fields(Fields(stored.record().header()))),
                descriptor: part
                    .record
                    .as_ref()
                    .and_then(|stored| Some(Described::Fields(Fields(stored.descriptor()?)))),
                fields: Body::Log(text(part, *number)),
                machine_checks: Vec::new(),
                not_valid: None,
                not_shown: not_shown::of_part(part),
                bytes: extent.bytes.then(|| Hex(part.bytes())),
            }
        })
        .collect()
}

fn text(part: &Part<'_>, number: Option<u32>) -> LogText {
    let (text, _) = part.text();
    let (text, bytes) = match String::from_utf8(text.to_vec()) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(digits(error.as_bytes()))),
    };
    let log = match part.kind {
        LogKind::Dump => None,
        LogKind::Console => Some("console"),
        LogKind::Messages => Some("pmsg"),
        LogKind::ConsoleOrMessages => Some("console_or_pmsg"),
    };
    LogText {
        part: number,
        log,
        ecc: part.reading.map(EccShown::from),
        compressed: part.compressed,
        stored_sha256: part.compressed.then(|| part.stored_sha256()),
        text,
        bytes,
    }
}
