//! Judges something found: severity, kind, headline and time.

use std::fmt;

use cper::section::Body;
use cper::zerocopy::IntoBytes;
use cper::{
    Calendar, CreatorId, SectionFlags, SectionTypeId, Severity, Timestamp, TimestampEncoding,
    TimestampReading,
};
use mce_record::{Circumstances, KernelSeverity, MceRecord};
use pstore_format::RecordId;
use pstore_format::record::StoredRecord;

use crate::dmesg;
use crate::found::{Content, Found, Log, LogKind, Section, What};
use crate::names::{Names, SectionNames};
use crate::printable::Printable;
use crate::summary;
use crate::trace::TraceEvent;

/// How bad an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// The machine could not go on.
    Fatal,
    /// Not corrected, but the machine could go on.
    Recoverable,
    /// Corrected by hardware or firmware.
    Corrected,
    /// No error.
    Informational,
    /// A severity the specification does not define.
    Reserved(u32),
    /// The record itself is broken.
    Bad,
}

impl Grade {
    /// The word in front of a line.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Recoverable => "RECOVERABLE",
            Self::Corrected => "CORRECTED",
            Self::Informational => "INFO",
            Self::Reserved(_) => "UNKNOWN",
            Self::Bad => "BAD",
        }
    }

    /// Worst first.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Fatal => 0,
            Self::Reserved(_) => 1,
            Self::Recoverable => 2,
            Self::Corrected => 3,
            Self::Informational => 4,
            Self::Bad => 5,
        }
    }

    fn of_kernel(severity: KernelSeverity) -> Self {
        match severity {
            KernelSeverity::PANIC => Self::Fatal,
            KernelSeverity::NO | KernelSeverity::KEEP | KernelSeverity::SOME => Self::Corrected,
            _ => Self::Recoverable,
        }
    }

    fn of_machine_check(record: &MceRecord<'_>) -> Self {
        if !record.status().uncorrected() && !record.status().context_corrupt() {
            return Self::Corrected;
        }
        let stored = record.severity().filter(|severity| *severity != KernelSeverity::NO);
        match Self::of_kernel(stored.unwrap_or_else(|| record.grade(Circumstances::of(record)).severity)) {
            // An error that hardware did not correct is not corrected.
            Self::Corrected => Self::Recoverable,
            grade => grade,
        }
    }

    fn of_log(log: &Log<'_>) -> Self {
        match log.header.as_ref().map(|(why, _)| why.as_str()) {
            Some("Panic" | "Emergency") => Self::Fatal,
            Some("Oops") => Self::Recoverable,
            // A text without a header can itself show the panic. User messages cannot: anybody can write them.
            None if log.kind() != LogKind::Messages && !log.repeats && dmesg::reason(log).is_some() => {
                Self::Fatal
            }
            _ => Self::Informational,
        }
    }
}

impl From<Severity> for Grade {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::FATAL => Self::Fatal,
            Severity::RECOVERABLE => Self::Recoverable,
            Severity::CORRECTED => Self::Corrected,
            Severity::INFORMATIONAL => Self::Informational,
            other => Self::Reserved(other.raw()),
        }
    }
}

/// The specification's word.
impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fatal => "fatal",
            Self::Recoverable => "recoverable",
            Self::Corrected => "corrected",
            Self::Informational => "informational",
            Self::Reserved(raw) => return write!(f, "reserved ({raw})"),
            Self::Bad => "bad",
        })
    }
}

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its stable name in JSON.
    pub name: &'static str,
    /// One of them, for people.
    pub one: &'static str,
    /// Several.
    pub many: &'static str,
}

impl Kind {
    const fn new(name: &'static str, one: &'static str, many: &'static str) -> Self {
        Self { name, one, many }
    }

    pub const MACHINE_CHECK: Self = Self::new("machine_check", "machine check", "machine checks");
    pub const KERNEL_LOG: Self = Self::new("kernel_log", "kernel log", "kernel logs");
    pub const ERST_TABLE: Self = Self::new("erst_table", "ERST table", "ERST tables");
    pub const EMPTY: Self = Self::new("empty", "record without sections", "records without sections");
    pub const UNKNOWN: Self = Self::new("unknown", "record of an unknown type", "records of unknown types");
    pub const VENDOR: Self = Self::new("vendor", "vendor's record", "vendors' records");
    pub const BAD: Self = Self::new("bad", "bad part", "bad parts");

    /// The kind for a section type.
    pub fn of(section_type: SectionTypeId) -> Self {
        use SectionTypeId as T;
        const KINDS: &[(&[SectionTypeId], Kind)] = &[
            (&[T::MEMORY, T::MEMORY_2], Kind::new("memory", "memory error", "memory errors")),
            (&[T::PCIE], Kind::new("pcie", "PCIe error", "PCIe errors")),
            (&[T::PCI_BUS, T::PCI_COMPONENT], Kind::new("pci", "PCI error", "PCI errors")),
            (
                &[
                    T::PROCESSOR_GENERIC,
                    T::IA32_X64_PROCESSOR,
                    T::IPF_PROCESSOR,
                    T::ARM_PROCESSOR,
                    T::ARM_RAS_NODE,
                ],
                Kind::new("processor", "processor error", "processor errors"),
            ),
            (&[T::FIRMWARE_ERROR_RECORD], Kind::new("firmware", "firmware error", "firmware errors")),
            (
                &[T::DMAR_GENERIC, T::DMAR_VTD, T::DMAR_IOMMU],
                Kind::new("dmar", "DMA remapping error", "DMA remapping errors"),
            ),
            (&[T::CCIX_PER], Kind::new("ccix", "CCIX error", "CCIX errors")),
            (&[T::CXL_PROTOCOL], Kind::new("cxl_protocol", "CXL protocol error", "CXL protocol errors")),
            (
                &[
                    T::CXL_GENERAL_MEDIA,
                    T::CXL_DRAM,
                    T::CXL_MEMORY_MODULE,
                    T::CXL_MEMORY_SPARING,
                    T::CXL_PHYSICAL_SWITCH,
                    T::CXL_VIRTUAL_SWITCH,
                    T::CXL_MLD_PORT,
                    T::CXL_DYNAMIC_CAPACITY,
                    T::WINDOWS_CXL_DRAM,
                    T::WINDOWS_CXL_MEMORY_MODULE,
                ],
                Kind::new("cxl_event", "CXL event", "CXL events"),
            ),
            (
                &[T::FRU_MEMORY_POISON],
                Kind::new("memory_poison", "list of poisoned memory", "lists of poisoned memory"),
            ),
            (&[T::LINUX_MCE], Kind::MACHINE_CHECK),
            (&[T::LINUX_DMESG, T::LINUX_DMESG_COMPRESSED], Kind::KERNEL_LOG),
        ];
        let known = KINDS.iter().find(|(types, _)| types.contains(&section_type)).map(|(_, kind)| *kind);
        known.unwrap_or(if section_type.name().is_some() { Self::VENDOR } else { Self::UNKNOWN })
    }
}

impl Kind {
    /// The kind of something found: that of its leading section.
    pub fn of_found(found: &Found<'_>) -> Self {
        let sections = found.sections();
        match found.what {
            What::Log(_) | What::Part(_) => return Self::KERNEL_LOG,
            What::Table(_) => return Self::ERST_TABLE,
            What::Bad(_) => return Self::BAD,
            What::Unknown(..) => return Self::UNKNOWN,
            _ => {}
        }
        sections.get(leading(sections)).map_or(Self::EMPTY, Self::of_section)
    }

    /// The kind of a section; an idle one is of none.
    pub fn of_section(section: &Section<'_>) -> Self {
        if section.is_absent() || section.idle {
            Self::EMPTY
        } else if section.machine_checks.is_empty() {
            Self::of(section.kind)
        } else {
            Self::MACHINE_CHECK
        }
    }
}

/// The index of the leading section: of those that have a line, the primary one or the first. If none has one, the first
/// section is shown.
fn leading(sections: &[Section<'_>]) -> usize {
    let primary = |section: &Section<'_>| section.is_told() && section.flags.contains(SectionFlags::PRIMARY);
    let place = sections.iter().position(primary).or_else(|| sections.iter().position(Section::is_told));
    place.unwrap_or(0)
}

/// The time of an event, and its source.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// UTC.
    pub calendar: Calendar,
    /// Whether the time is that of the boot's first record, from the record's id.
    pub by_id: bool,
    /// Whether the timestamp was read as binary and not as the specification's BCD.
    pub binary: bool,
    /// The timestamp's other reading, in binary, where nothing decides between the two.
    pub otherwise: Option<Calendar>,
}

/// 2001-09-09. Linux wrote no records before, so an id that counts from an earlier time is none of Linux's ids.
const OLDEST: u64 = 1_000_000_000;

impl When {
    const fn of(calendar: Calendar) -> Self {
        Self { calendar, by_id: false, binary: false, otherwise: None }
    }

    fn unix(seconds: u64) -> Option<Self> {
        Timestamp::from_unix(seconds)?.calendar().map(Self::of)
    }

    fn stored(reading: TimestampReading) -> Self {
        let binary = reading.encoding == TimestampEncoding::Binary;
        Self { binary, otherwise: reading.otherwise, ..Self::of(reading.calendar) }
    }

    fn of_id(id: RecordId) -> Option<Self> {
        let seconds = id.boot_time().filter(|seconds| *seconds >= OLDEST)?;
        Some(Self { by_id: true, ..Self::unix(seconds)? })
    }
}

impl When {
    /// The time for people. `time` formats a calendar time, as [`utc`] does.
    pub fn told(&self, time: fn(Calendar) -> String) -> String {
        let mut told = time(self.calendar);
        if self.by_id {
            told.push_str(" (by the record's id)");
        }
        if self.binary {
            told.push_str(" (binary)");
        }
        if let Some(other) = self.otherwise {
            told.push_str(&format!(" (or, if it is binary, {})", time(other)));
        }
        told
    }
}

/// `2026-11-22 07:08:26 UTC`.
pub fn utc(calendar: Calendar) -> String {
    format!("{calendar} UTC")
}

/// A timestamp whose validity bit is set and which is no time.
#[derive(Clone, Copy, Debug)]
pub struct Unreadable(pub Timestamp);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timestamp ")?;
        self.0.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x} "))?;
        f.write_str("cannot be read")
    }
}

/// Something found, judged. Every output takes what it says from here.
#[derive(Debug)]
pub struct Event<'a> {
    /// The thing found, its sections decoded.
    pub found: Found<'a>,
    /// Its kind.
    pub kind: Kind,
    /// Its severity.
    pub grade: Grade,
    /// A severity and headline for each section; at least one.
    pub lines: Vec<(Grade, String)>,
    /// Id of the record, or of the log's oldest part.
    pub id: Option<RecordId>,
    /// Who created the record.
    pub creator: Option<CreatorId>,
    /// Its time.
    pub time: Option<When>,
    /// A timestamp that is stored and cannot be read.
    pub unreadable: Option<Unreadable>,
    /// Names of the parts of the machine that each section names.
    pub names: Vec<SectionNames>,
}

impl<'a> Event<'a> {
    /// Judges something found, without names of the machine's parts.
    pub fn of(found: Found<'a>) -> Self {
        Self::with_names(found, &Names::default())
    }

    /// Judges something found; `names` has names of the machine's parts.
    pub fn with_names(found: Found<'a>, names: &Names) -> Self {
        let mut names = names.of(&found);
        if let (Some(trace), [names]) = (found.trace, names.as_mut_slice()) {
            names.module = names.module.take().or_else(|| trace.label());
        }
        let sections = found.sections();
        let (grade, grades) = judge(&found);
        let lines = sections.iter().zip(&names).zip(grades);
        let lines =
            lines.map(|((section, names), grade)| (grade, summary::section(section, names))).collect();
        let mut event = Self {
            kind: Kind::of_found(&found),
            grade,
            lines,
            id: id(&found),
            creator: creator(&found),
            time: None,
            unreadable: None,
            names,
            found,
        };
        (event.time, event.unreadable) = event.when();
        event.tell();
        event
    }

    /// The sections, decoded.
    pub fn sections(&self) -> &[Section<'a>] {
        self.found.sections()
    }

    /// The lines that are shown: all but those of sections that are reported as bad parts, and of sections without a
    /// valid field.
    pub fn shown_lines(&self) -> impl Iterator<Item = &(Grade, String)> {
        let sections = self.sections();
        let all = !sections.iter().any(Section::is_told);
        let shown = move |place: usize| sections.get(place).is_none_or(Section::is_told);
        self.lines
            .iter()
            .enumerate()
            .filter(move |(place, _)| shown(*place) || all && *place == 0)
            .map(|(_, line)| line)
    }

    /// The headline of the leading section, which stands for the event.
    pub fn summary(&self) -> &str {
        self.lines.get(leading(self.sections())).or(self.lines.first()).map_or("", |(_, text)| text)
    }

    /// The time, and a timestamp that cannot be read. Where the header has no readable time, a machine check's own time
    /// is taken.
    fn when(&self) -> (Option<When>, Option<Unreadable>) {
        let by_machine = |section: &Section<'_>| match &section.content {
            Content::Machine(record) => When::unix(record.time()?),
            Content::Body(Body::WindowsXpfMca(machine)) => Some(When::of(machine.time()?.calendar()?)),
            _ => None,
        };
        let mut stored: Vec<(Timestamp, Option<TimestampReading>)> = Vec::new();
        match &self.found.what {
            What::Record(record) => {
                let header = record.record().header();
                stored.extend(header.timestamp().map(|timestamp| (timestamp, header.time())));
            }
            What::Block(block) => {
                let timestamps = block.entries().flatten().filter_map(|entry| entry.header().timestamp());
                stored.extend(timestamps.map(|timestamp| (timestamp, timestamp.reading(None))));
            }
            _ => {}
        }
        let by_log = || match &self.found.what {
            What::Log(log) => log.parts().find_map(|part| When::unix(part.time?)),
            _ => None,
        };
        let by_id = || self.id.filter(|_| id_names_boot(&self.found)).and_then(When::of_id);
        let time = stored.iter().find_map(|(_, reading)| reading.map(When::stored)).or_else(by_log);
        let time = time.or_else(|| self.sections().iter().find_map(by_machine)).or_else(by_id);
        let time = time.or_else(|| When::unix(self.found.trace?.time?));
        let unreadable = stored.iter().find(|(_, reading)| reading.is_none());
        (time, unreadable.map(|(timestamp, _)| Unreadable(*timestamp)))
    }

    fn tell(&mut self) {
        match &self.found.what {
            What::Log(log) => self.lines = vec![(self.grade, summary::log(log))],
            What::Table(table) => self.lines = vec![(self.grade, summary::table(table))],
            What::Bad(reason) => {
                self.lines = vec![(Grade::Bad, format!("{}: {reason}", crate::found::at(&self.found.place)))];
            }
            What::Unknown(bytes, _, kind) => {
                let kind = match kind {
                    Some(kind) => format!("type {}", Printable(kind.as_bytes())),
                    None => "unknown type".into(),
                };
                let text = format!("pstore record of {kind}, {} bytes", bytes.len());
                self.lines = vec![(self.grade, text)];
            }
            What::Record(_) if self.lines.is_empty() => {
                self.lines = vec![(self.grade, "record without a section that can be read".into())];
            }
            What::Block(_) if self.lines.is_empty() => {
                self.lines = vec![(self.grade, "status block without an entry that can be read".into())];
            }
            _ => {}
        }
        if let (Some(trace), [(_, line)]) = (self.found.trace, self.lines.as_mut_slice()) {
            if let (Some(line), Some(message)) = (line.strip_suffix(summary::UNKNOWN_ERROR), trace.message())
            {
                self.lines = vec![(self.grade, format!("{line}{message}"))];
            }
        }
        // With several sections, each line has its own address.
        if self.sections().len() > 1 {
            for (section, (_, line)) in self.found.sections().iter().zip(&mut self.lines) {
                if let Some(address) = summary::address(section) {
                    line.push_str(" \u{b7} ");
                    line.push_str(&address);
                }
            }
        }
    }

    /// Whether its record's id was made by Linux, and so names the boot.
    pub fn id_names_boot(&self) -> bool {
        id_names_boot(&self.found)
    }

    /// The time for people; `time` formats a calendar time.
    pub fn times(&self, time: fn(Calendar) -> String) -> Vec<String> {
        if matches!(self.found.what, What::Bad(_) | What::Table(_)) {
            return Vec::new();
        }
        let mut times: Vec<String> = self.time.iter().map(|when| when.told(time)).collect();
        times.extend(self.unreadable.map(|timestamp| timestamp.to_string()));
        if times.is_empty() {
            times.extend(self.found.trace.and_then(TraceEvent::uptime));
        }
        if times.is_empty() {
            times.push("time not recorded".into());
        }
        times
    }

    /// Facts that belong to all lines: the address in memory, the record's id.
    pub fn facts(&self) -> Vec<String> {
        let mut context: Vec<String> = Vec::new();
        if matches!(self.found.what, What::Bad(_) | What::Table(_)) {
            return context;
        }
        if let [section] = self.sections() {
            context.extend(summary::address(section));
        }
        match (&self.found.what, self.id) {
            (What::Log(log), _) => {
                context.push(summary::log_extent(log));
                context
                    .extend(log.parts().filter_map(|part| part.reading).map(|reading| reading.to_string()));
            }
            (_, Some(id)) => context.push(format!("record {id}")),
            _ => {}
        }
        if let Some(trace) = self.found.trace {
            context.extend(trace.errors().map(|errors| format!("{errors} errors")));
            context.push(trace.origin());
        }
        if self.found.place.cleared {
            context.push("cleared".into());
        }
        if matches!(&self.found.what, What::Block(block) if block.header().block_status() == 0) {
            context.push("read by the kernel at boot".into());
        }
        context
    }
}

/// The severity of an event and of each of its sections. The event's is the worst of its header's and its sections'. If
/// no section that has a line is as bad, the leading section gets the event's severity.
fn judge(found: &Found<'_>) -> (Grade, Vec<Grade>) {
    let sections = found.sections();
    let mut lines: Vec<Grade> = sections.iter().map(section_grade).collect();
    let of_header = header_grade(found);
    let worst = lines.iter().copied().chain(of_header).min_by_key(|grade| grade.rank());
    let worst = worst.unwrap_or(if matches!(found.what, What::Record(_)) {
        Grade::Fatal
    } else {
        Grade::Informational
    });
    let mut told = sections.iter().zip(&lines).filter(|(section, _)| section.is_told());
    if !told.any(|(_, grade)| grade.rank() <= worst.rank()) {
        if let Some(line) = lines.get_mut(leading(sections)) {
            *line = worst;
        }
    }
    (worst, lines)
}

fn section_grade(section: &Section<'_>) -> Grade {
    match (&section.content, section.severity) {
        // Linux calls every machine check it stores fatal, a corrected one too.
        (Content::Machine(record), _) => Grade::of_machine_check(record),
        (_, Some(severity)) => severity.into(),
        // Linux writes "fatal" into the header of each that it stores. One that is cut has lost that in pstore.
        (Content::Bad(_) | Content::Cut(_), None) if section.kind == SectionTypeId::LINUX_MCE => Grade::Fatal,
        (_, None) => Grade::Informational,
    }
}

/// The severity that the header states, `None` where it states none.
fn header_grade(found: &Found<'_>) -> Option<Grade> {
    Some(match &found.what {
        // Linux writes "fatal" into the header of every record that it stores.
        What::Record(stored) if stored.descriptor().is_some() => return None,
        What::Record(stored) => stored.severity().into(),
        What::Block(block) => block.severity().into(),
        What::Log(log) => Grade::of_log(log),
        What::Bad(_) => Grade::Bad,
        What::Section(..) | What::Body(..) => return None,
        What::Unknown(..) | What::Part(_) | What::Table(_) => Grade::Informational,
    })
}

fn id(found: &Found<'_>) -> Option<RecordId> {
    match &found.what {
        What::Record(stored) => Some(stored.id()),
        What::Body(_, _, id) | What::Unknown(_, id, _) => *id,
        What::Log(log) => log.parts().next().and_then(|part| part.id),
        _ => None,
    }
}

fn creator(found: &Found<'_>) -> Option<CreatorId> {
    let of = |stored: &StoredRecord<'_>| stored.record().header().creator_id();
    match &found.what {
        What::Record(stored) => Some(of(stored)),
        What::Log(log) => log.parts().find_map(|part| part.record.as_ref().map(of)),
        _ => None,
    }
}

/// Whether the record's id was made by Linux for ERST.
fn id_names_boot(found: &Found<'_>) -> bool {
    match &found.what {
        What::Record(stored) => stored.record().header().creator_id() == CreatorId::LINUX_PSTORE,
        What::Body(..) | What::Unknown(..) => true,
        What::Log(log) => log.parts().any(|part| part.id_names_boot),
        _ => false,
    }
}
