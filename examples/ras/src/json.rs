//! One JSON object a line. The names are stable; see the README.
//!
//! 64-bit numbers are numbers up to 2^53 and strings of hex above, bytes are strings of hex, what is not known is
//! absent or null, never 0.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use cper::fields::{Fields, Value};
use cper::{Calendar, FruText, Guid, SectionFlags};
use serde::Serialize;
use serde::ser::Serializer;

use crate::event::{Event, Grade, Unreadable};
use crate::found::{Content, Log, LogKind, Part, Piece, Place, Reading, Section, What};
use crate::machine_check::MachineCheck;
use crate::not_valid::NotValid;
use crate::printable::{Printable, commands};

#[derive(Serialize)]
struct Object<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'e str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    part_keys: &'e [String],
    source: Source<'e>,
    record_id: Option<Wide>,
    creator: Option<Described<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification: Option<Described<'e>>,
    time: Option<Shown<Rfc3339>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_if_binary: Option<Shown<Rfc3339>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_error: Option<Shown<Unreadable>>,
    severity: Option<Shown<Grade>>,
    kind: &'static str,
    summary: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<Described<'e>>,
    /// Of a status block.
    #[serde(skip_serializing_if = "Option::is_none")]
    block_status: Option<Described<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dump: Option<Dump<'e>>,
    sections: Vec<Member<'e>>,
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

/// A section, or a part of a kernel log.
#[derive(Serialize)]
struct Member<'e> {
    r#type: Described<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_id: Option<Wide>,
    severity: Option<Shown<Grade>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fru: Option<Fru<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<Described<'e>>,
    summary: Cow<'e, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Cow<'e, str>>,
    fields: Body<'e>,
    /// The banks of machine checks whose registers the fields hold among other things.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    machine_checks: Vec<Check>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_valid: Option<Denied<'e>>,
}

/// A bank of a machine check inside another container.
#[derive(Serialize)]
struct Check {
    /// The number that the system gave the processor, where it is known.
    cpu: Option<u32>,
    bank: u8,
    summary: String,
    /// What the registers say the bank is.
    unit: Option<String>,
    mci_status: Shown<Register>,
    mci_addr: Option<Shown<Register>>,
    mci_misc: Option<Shown<Register>>,
    mca_ipid: Option<Shown<Register>>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// In hex, where the text is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

/// What an error-correcting code did, and whether the text is in doubt for that.
#[derive(Serialize)]
struct EccShown {
    /// Bytes, and blocks; null where the text is as stored.
    corrected: Option<u32>,
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
}

impl Serialize for Described<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Fields(fields) => fields.serialize(serializer),
        }
    }
}

/// The text of something, which is written where it goes and nowhere before.
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

/// A 64-bit number: a string of hex where readers in JavaScript would lose digits.
struct Wide(u64);

impl Serialize for Wide {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::Number(self.0).serialize(serializer)
    }
}

struct Hex<'e>(&'e [u8]);

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::Bytes(self.0).serialize(serializer)
    }
}

/// Writes an object for each event; raw, with the fields that are not valid.
pub fn write(out: &mut dyn Write, events: &[Event<'_>], raw: bool) -> io::Result<()> {
    let mut text = Vec::new();
    events.iter().try_for_each(|event| {
        text.clear();
        serialised(&mut text, event, None, raw)?;
        out.write_all(&text)
    })
}

/// What `ras collect` knows an event by.
#[derive(Debug)]
pub struct Keys {
    /// The key of the event.
    pub event: String,
    /// The keys of the parts of a kernel log, the oldest text first, as they are in `sections`; none for what is none.
    pub parts: Vec<String>,
}

/// Adds an object for an event, with the keys it is known by, if it has some. It is many small pieces, which are put
/// together in memory much faster than they are written.
pub fn line(text: &mut Vec<u8>, event: &Event<'_>, keys: Option<&Keys>) -> io::Result<()> {
    serialised(text, event, keys, false)
}

fn serialised(text: &mut Vec<u8>, event: &Event<'_>, keys: Option<&Keys>, raw: bool) -> io::Result<()> {
    let start = text.len();
    serde_json::to_writer(&mut *text, &object(event, keys, raw))?;
    escape_commands(text, start);
    text.push(b'\n');
    Ok(())
}

/// Escapes, from an offset on, the characters that command a terminal and that JSON lets stand: DEL, C1 and marks that
/// turn the direction. The values stay the same.
fn escape_commands(text: &mut Vec<u8>, from: usize) {
    // How each of them begins. A middle dot begins like C1.
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

fn object<'e>(event: &'e Event<'e>, keys: Option<&'e Keys>, raw: bool) -> Object<'e> {
    let found = &event.found;
    let (mut header, mut error, mut dump, mut bytes, mut notification) = (None, None, None, None, None);
    let mut block_status = None;
    let mut sections: Vec<Member<'_>> = event
        .sections()
        .iter()
        .zip(&event.lines)
        .map(|(section, (grade, line))| part_of(section, *grade, line, raw))
        .collect();
    match &found.what {
        What::Record(stored) => {
            header = Some(Described::Fields(Fields(stored.record().header())));
            notification = Some(Described::Value(stored.record().notification_type().into()));
        }
        What::Block(block) => block_status = Some(Described::Value(Value::flags(block.header().status()))),
        What::Bad(reason) => error = Some(reason.as_str()),
        What::Unknown(unknown, ..) => bytes = Some(Hex(unknown)),
        What::Table(table) => bytes = Some(Hex(table.as_bytes())),
        What::Log(log) => {
            sections = parts(log);
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
        record_id: event.id.map(|id| Wide(id.raw())),
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
        error,
        header,
        block_status,
        dump,
        sections,
        bytes,
    }
}

/// The fields of a section, as an object or a string of its bytes.
pub fn fields(section: &Section<'_>) -> String {
    // Nothing in them fails to be written to memory.
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

fn part_of<'e>(section: &'e Section<'e>, severity: Grade, line: &'e str, raw: bool) -> Member<'e> {
    let fru = Fru {
        id: section.fru_id.filter(|id| *id != Guid::ZERO).map(Shown),
        text: section
            .fru_text
            .as_ref()
            .map(FruText::text)
            .filter(|text| !text.is_empty())
            .map(|text| Shown(Printable(text))),
    };
    let error = section.problem().map(|(_, reason)| reason.into());
    Member {
        r#type: Described::Value(section.kind.into()),
        source: None,
        record_id: None,
        severity: Some(Shown(severity)),
        fru: (fru.id.is_some() || fru.text.is_some()).then_some(fru),
        flags: (section.flags != SectionFlags::empty())
            .then(|| Described::Value(Value::flags(section.flags))),
        summary: line.into(),
        error,
        fields: body(section),
        machine_checks: section.machine_checks.iter().map(Check::of).collect(),
        not_valid: raw.then(|| NotValid::of(section)).flatten().map(Denied),
    }
}

fn parts<'e>(log: &'e Log<'_>) -> Vec<Member<'e>> {
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
                record_id: part.id.map(|id| Wide(id.raw())),
                severity: None,
                fru: None,
                flags: None,
                summary: number
                    .map_or(part.kind.noun().into(), |number| format!("kernel log, part {number}").into()),
                error: part.text().1.map(|error| error.to_string().into()),
                fields: Body::Log(text(part, *number)),
                machine_checks: Vec::new(),
                not_valid: None,
            }
        })
        .collect()
}

/// Bytes as digits.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn text(part: &Part<'_>, number: Option<u32>) -> LogText {
    let (text, _) = part.text();
    let (text, bytes) = match String::from_utf8(text.to_vec()) {
        Ok(text) => (Some(text), None),
        Err(error) => (None, Some(hex(error.as_bytes()))),
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
        text,
        bytes,
    }
}
