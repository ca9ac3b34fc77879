//! What people and scripts are told of something found: how bad, what, where, when.

use std::fmt;

use cper::{Calendar, CreatorId, SectionFlags, SectionTypeId, Severity, Timestamp};
use mce_record::{Circumstances, KernelSeverity, MceRecord};
use pstore_format::RecordId;
use pstore_format::record::StoredRecord;

use crate::found::{Content, Found, Log, Section, What};
use crate::summary;

/// How bad an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// The machine could not go on.
    Fatal,
    /// Not corrected, but the machine could go on.
    Recoverable,
    /// Corrected by hardware or firmware.
    Corrected,
    /// Nothing broke.
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
    const fn rank(self) -> u8 {
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
            // What hardware did not correct nobody did.
            Self::Corrected => Self::Recoverable,
            grade => grade,
        }
    }

    fn of_log(log: &Log<'_>) -> Self {
        match log.header.as_ref().map(|(why, _)| why.as_str()) {
            Some("Panic" | "Emergency") => Self::Fatal,
            Some("Oops") => Self::Recoverable,
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

/// What sort of thing an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The stable name in JSON.
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

    /// The kind that a section's type makes an event.
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
    /// The kind of something found that has these sections: that of its primary section, or of the first.
    pub fn of_found(found: &Found<'_>, sections: &[Section<'_>]) -> Self {
        match found.what {
            What::Log(_) | What::Part(_) => return Self::KERNEL_LOG,
            What::Table(_) => return Self::ERST_TABLE,
            What::Bad(_) => return Self::BAD,
            What::Unknown(..) => return Self::UNKNOWN,
            _ => {}
        }
        let primary = sections.iter().find(|section| section.flags.contains(SectionFlags::PRIMARY));
        primary.or(sections.first()).map_or(Self::EMPTY, |section| Self::of(section.kind))
    }
}

/// When something happened, and what says so.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// UTC.
    pub calendar: Calendar,
    /// Only the boot is known, by the record's id: it is the time of the boot's first record.
    pub by_id: bool,
}

/// 2001-09-09: Linux did not write records before. What would be older is something else that is no BCD either.
const OLDEST: u64 = 1_000_000_000;

impl When {
    fn unix(seconds: u64) -> Option<Self> {
        let calendar = Timestamp::from_unix(seconds)?.calendar()?;
        Some(Self { calendar, by_id: false })
    }

    /// Linux stores seconds in the field of its own records, all others BCD.
    fn stored(timestamp: Timestamp) -> Option<Self> {
        match timestamp.linux_seconds() {
            Some(seconds @ OLDEST..) => Self::unix(seconds),
            _ => timestamp.calendar().map(|calendar| Self { calendar, by_id: false }),
        }
    }

    fn of_id(id: RecordId) -> Option<Self> {
        let seconds = id.boot_time().filter(|seconds| *seconds >= OLDEST)?;
        Some(Self { by_id: true, ..Self::unix(seconds)? })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} UTC{}", self.calendar, if self.by_id { " (by the record's id)" } else { "" })
    }
}

/// Something found, told.
#[derive(Debug)]
pub struct Event<'f, 'a> {
    /// What it tells of.
    pub found: &'f Found<'a>,
    /// The sections, decoded.
    pub sections: Vec<Section<'a>>,
    /// What sort of thing it is.
    pub kind: Kind,
    /// How bad it is.
    pub grade: Grade,
    /// A line for each thing that broke: how bad, what, where. There is at least one.
    pub lines: Vec<(Grade, String)>,
    /// Id of the record, or of the log's oldest part.
    pub id: Option<RecordId>,
    /// Who created the record.
    pub creator: Option<CreatorId>,
    /// When.
    pub time: Option<When>,
}

impl<'f, 'a> Event<'f, 'a> {
    /// Tells of something found.
    pub fn of(found: &'f Found<'a>) -> Self {
        let sections = found.sections();
        let mut event = Self {
            found,
            kind: Kind::of_found(found, &sections),
            grade: grade(found, &sections),
            lines: sections
                .iter()
                .map(|section| (section_grade(section), summary::section(section)))
                .collect(),
            id: id(found),
            creator: creator(found),
            time: None,
            sections,
        };
        event.time = event.when();
        event.tell();
        event
    }

    /// The lines worth showing: all, but for sections that were told as bad parts.
    pub fn shown_lines(&self) -> impl Iterator<Item = &(Grade, String)> {
        let all = !self.sections.iter().any(says_something);
        let shown = |place: usize| self.sections.get(place).is_none_or(says_something);
        self.lines
            .iter()
            .enumerate()
            .filter(move |(place, _)| shown(*place) || all && *place == 0)
            .map(|(_, line)| line)
    }

    /// What stands for the whole in one line: its primary section, or the first.
    pub fn summary(&self) -> &str {
        let primary = |section: &Section<'_>| section.flags.contains(SectionFlags::PRIMARY);
        let place = self.sections.iter().position(primary).unwrap_or(0);
        self.lines.get(place).or(self.lines.first()).map_or("", |(_, text)| text)
    }

    /// How bad the worst of it is, of what its header, its sections and its lines say.
    pub fn worst(&self) -> Grade {
        let lines = self.lines.iter().map(|(grade, _)| *grade);
        lines.fold(self.grade, |worst, grade| if grade.rank() < worst.rank() { grade } else { worst })
    }

    fn when(&self) -> Option<When> {
        let by_machine = |section: &Section<'_>| match &section.content {
            Content::Machine(record) => When::unix(record.time()?),
            _ => None,
        };
        let stored = match &self.found.what {
            What::Record(stored) => stored.record().header().timestamp().and_then(When::stored),
            What::Block(block) => {
                block.entries().flatten().find_map(|entry| When::stored(entry.header().timestamp()?))
            }
            What::Log(log) => log.parts().find_map(|part| When::unix(part.time?)),
            _ => None,
        };
        let by_id = || self.id.filter(|_| id_names_boot(self.found)).and_then(When::of_id);
        stored.or_else(|| self.sections.iter().find_map(by_machine)).or_else(by_id)
    }

    fn tell(&mut self) {
        match &self.found.what {
            What::Log(log) => self.lines = vec![(self.grade, summary::log(log))],
            What::Table(table) => self.lines = vec![(self.grade, summary::table(table))],
            What::Bad(reason) => {
                self.lines = vec![(Grade::Bad, format!("{}: {reason}", crate::found::at(&self.found.place)))];
            }
            What::Unknown(bytes, _) => {
                let text = format!("pstore record of unknown type, {} bytes", bytes.len());
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
        // Where there are several sections each says its own address.
        if self.sections.len() > 1 {
            for (section, (_, line)) in self.sections.iter().zip(&mut self.lines) {
                if let Some(address) = summary::address(section) {
                    line.push_str(" \u{b7} ");
                    line.push_str(&address);
                }
            }
        }
    }

    /// What belongs to all the lines: when, and which record.
    pub fn context(&self) -> Vec<String> {
        if matches!(self.found.what, What::Bad(_) | What::Table(_)) {
            return Vec::new();
        }
        let mut context = vec![self.time.map_or("time not recorded".into(), |time| time.to_string())];
        if let [section] = &*self.sections {
            context.extend(summary::address(section));
        }
        match (&self.found.what, self.id) {
            (What::Log(log), _) => context.push(summary::log_extent(log)),
            (_, Some(id)) => context.push(format!("record {id}")),
            _ => {}
        }
        if self.found.place.cleared {
            context.push("cleared".into());
        }
        context
    }
}

/// Whether a section is worth a line: of one that cannot be read and whose type has no name, the bad part tells all.
fn says_something(section: &Section<'_>) -> bool {
    !matches!(section.content, Content::Bad(..)) || section.kind.name().is_some()
}

/// How bad each line of an event is, without the work of telling what the lines say.
pub fn grades(found: &Found<'_>) -> Vec<Grade> {
    let sections = found.sections();
    if sections.is_empty() {
        return vec![grade(found, &sections)];
    }
    sections.iter().map(section_grade).collect()
}

fn section_grade(section: &Section<'_>) -> Grade {
    match (&section.content, section.severity) {
        // Linux calls every machine check it stores fatal, a corrected one too.
        (Content::Machine(record), _) => Grade::of_machine_check(record),
        (_, Some(severity)) => severity.into(),
        (_, None) => Grade::Informational,
    }
}

fn grade(found: &Found<'_>, sections: &[Section<'_>]) -> Grade {
    let worst = || sections.iter().map(section_grade).min_by_key(|grade| grade.rank());
    match &found.what {
        // Linux writes "fatal" into the header of every record it stores.
        What::Record(stored) if stored.prefix().is_some() => worst().unwrap_or(Grade::Fatal),
        What::Record(stored) => stored.severity().into(),
        What::Block(block) => block.severity().into(),
        What::Log(log) => Grade::of_log(log),
        What::Bad(_) => Grade::Bad,
        What::Section(..) | What::Body(..) => worst().unwrap_or(Grade::Informational),
        What::Unknown(..) | What::Part(_) | What::Table(_) => Grade::Informational,
    }
}

fn id(found: &Found<'_>) -> Option<RecordId> {
    match &found.what {
        What::Record(stored) => Some(stored.id()),
        What::Body(_, _, id) | What::Unknown(_, id) => *id,
        What::Log(log) => log.parts().next().and_then(|part| part.id),
        _ => None,
    }
}

fn creator(found: &Found<'_>) -> Option<CreatorId> {
    let of = |stored: &StoredRecord<'_>| stored.record().header().creator_id;
    match &found.what {
        What::Record(stored) => Some(of(stored)),
        What::Log(log) => log.parts().find_map(|part| part.record.as_ref().map(of)),
        _ => None,
    }
}

/// Whether the record's id was made by Linux for ERST.
fn id_names_boot(found: &Found<'_>) -> bool {
    match &found.what {
        What::Record(stored) => stored.record().header().creator_id == CreatorId::LINUX_PSTORE,
        What::Body(..) | What::Unknown(..) => true,
        What::Log(log) => log.parts().any(|part| part.id_names_boot),
        _ => false,
    }
}
