//! One table for all kinds of events: a row for each section, one for each part of a kernel log, and one for what has
//! neither. `FLEET.md` shows it to
//! people; a test holds the two together.
//!
//! A column is null where the record does not have its field, the field's validity bit is clear, or the section's type
//! has no such field. Fields without a column of their own are in `fields`, as in JSON, and in `bytes`.

use std::borrow::Cow;
use std::fmt;

use cper::section::{ArmErrorInformation, Body, CxlEventData, ErrorStatus, PciAddress};
use cper::{Guid, RecordHeader, SectionFlags};
use mce_record::MceRecord;

use crate::event::{Event, Grade, Kind};
use crate::found::{Content, Log, Part, Piece, Place, Section, What};
use crate::json;
use crate::machine_check::MachineCheck;
use crate::summary;

use super::memory_place::MemoryPlace;
use super::{Collected, Key, Record};

/// A column of the table.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its description, for people.
    pub about: &'static str,
    /// Its type, and the value of a row.
    pub of: Of,
}

type Text<'r> = Option<Cow<'r, str>>;

/// The value of a row, by its stored type.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    /// UTF-8.
    Text(for<'r> fn(&'r Row<'_>) -> Text<'r>),
    /// UTF-8 that is a JSON object.
    Json(for<'r> fn(&'r Row<'_>) -> Text<'r>),
    /// Bytes as they were stored.
    Bytes(for<'r> fn(&'r Row<'_>) -> Option<&'r [u8]>),
    /// Yes or no.
    Bool(fn(&Row<'_>) -> Option<bool>),
    /// A number below 2^31.
    Small(fn(&Row<'_>) -> Option<u32>),
    /// A number below 2^63.
    Long(fn(&Row<'_>) -> Option<u64>),
    /// A register or an address: all 64 bits count.
    Wide(fn(&Row<'_>) -> Option<u64>),
    /// Seconds since 1970 in UTC.
    Time(fn(&Row<'_>) -> Option<i64>),
}

const fn column(name: &'static str, about: &'static str, of: Of) -> Column {
    Column { name, about, of }
}

const fn text(name: &'static str, about: &'static str, of: for<'r> fn(&'r Row<'_>) -> Text<'r>) -> Column {
    column(name, about, Of::Text(of))
}

const fn small(name: &'static str, about: &'static str, of: fn(&Row<'_>) -> Option<u32>) -> Column {
    column(name, about, Of::Small(of))
}

const fn long(name: &'static str, about: &'static str, of: fn(&Row<'_>) -> Option<u64>) -> Column {
    column(name, about, Of::Long(of))
}

const fn wide(name: &'static str, about: &'static str, of: fn(&Row<'_>) -> Option<u64>) -> Column {
    column(name, about, Of::Wide(of))
}

/// All columns, in their order. New ones are added at the end of their group; none is renamed or changes its type.
pub static COLUMNS: &[Column] = &[
    // The event.
    text("key", "the event: the same in every sink and every run", |row| Some(row.key.into())),
    small(
        "section",
        "which section of its record, from 0; which part of its log, where 0 is the newest",
        |row| match &row.part {
            Some(part) => Some(part.number?.saturating_sub(1)),
            None => row.section().and(row.place.try_into().ok()),
        },
    ),
    text("source", "the file it was read from", |row| Some(row.found_at().file.into())),
    small("slot", "slot of an ERST store", |row| row.found_at().slot?.try_into().ok()),
    wide("record_id", "id of the record", |row| {
        row.part.as_ref().map_or(row.event.id, |part| part.stored.id).map(pstore_format::RecordId::raw)
    }),
    text("creator", "who created the record, by name or GUID", |row| Some(word(row.event.creator?))),
    text("notification", "what told of the error, by name or GUID", |row| {
        Some(word(row.header()?.notification_type()))
    }),
    text("platform_id", "GUID of the platform", |row| Some(word(row.header()?.platform_id()?))),
    column("time", "when it happened", Of::Time(|row| Some(row.event.time?.calendar.unix_seconds()))),
    column(
        "time_is_boot",
        "whether that is only the time of its boot",
        Of::Bool(|row| Some(row.event.time?.by_id)),
    ),
    text("kind", "what sort of error it is", |row| {
        Some(row.section().map_or(row.event.kind, Kind::of_section).name.into())
    }),
    text("severity", "how bad the section is", |row| Some(word(row.line().0))),
    text("record_severity", "how bad the record is as a whole", |row| Some(word(row.event.grade))),
    text("summary", "what broke, in one line", |row| Some(row.line().1.as_str().into())),
    // The section.
    text("section_type", "what the section is, by name or GUID", |row| Some(word(row.section()?.kind))),
    text("section_type_id", "its GUID", |row| Some(word(row.section()?.kind.raw()))),
    column(
        "is_primary",
        "whether it is the record's primary section",
        Of::Bool(|row| Some(row.section()?.flags.contains(SectionFlags::PRIMARY))),
    ),
    text("fru_id", "GUID of the field-replaceable unit", |row| {
        row.section()?.fru_id.filter(|id| *id != Guid::ZERO).map(word)
    }),
    text("fru_text", "name of the field-replaceable unit", |row| {
        summary::unit(row.section()?).map(Cow::from)
    }),
    text("component", "what broke: the unit's name, else the place of a DIMM, PCI function or bank", |row| {
        component(row.section()?).map(Cow::from)
    }),
    text("error_type", "how it broke", |row| error_type(row.section()?).map(Cow::from)),
    wide("address", "physical address", |row| address(row.section()?)),
    wide("address_mask", "which bits of the address are valid", |row| match row.body()? {
        Body::Memory(memory) => memory.physical_address_mask(),
        Body::Memory2(memory) => memory.physical_address_mask(),
        _ => None,
    }),
    // Processors.
    small("cpu", "number that Linux gave the processor", |row| match &row.section()?.content {
        Content::Machine(record) => Some(record.cpu()),
        _ => row.section()?.machine_checks.first()?.cpu(),
    }),
    small("socket", "socket of the processor", |row| row.machine()?.socket()),
    wide("processor_id", "local APIC id, or MPIDR_EL1 of an Arm processor", |row| {
        processor_id(row.section()?)
    }),
    small("bank", "machine-check bank", |row| row.machine()?.bank().map(u32::from)),
    wide("mcg_status", "MCG_STATUS", |row| Some(row.machine()?.mcg_status().raw())),
    wide("mcg_cap", "MCG_CAP", |row| Some(row.machine()?.mcg_cap()?.raw())),
    wide("mci_status", "MCi_STATUS", |row| Some(row.machine()?.status().raw())),
    wide("mci_addr", "MCi_ADDR, as it was read", |row| {
        row.machine().filter(|record| record.address().is_some()).map(|record| record.mce().addr())
    }),
    wide("mci_misc", "MCi_MISC", |row| Some(row.machine()?.misc()?.raw())),
    wide("mca_synd", "MCA_SYND", |row| {
        row.machine()?.synd().map(mce_record::McaSynd::raw).filter(|value| *value != 0)
    }),
    wide("mca_ipid", "MCA_IPID", |row| {
        row.machine()?.ipid().map(mce_record::McaIpid::raw).filter(|value| *value != 0)
    }),
    wide("ip", "instruction pointer", |row| row.machine()?.ip()),
    wide("tsc", "time-stamp counter", |row| row.machine()?.tsc()),
    wide("ppin", "protected processor inventory number", |row| {
        row.machine()?.ppin().filter(|value| *value != 0)
    }),
    long("cpuid", "EAX of CPUID leaf 1", |row| Some(row.machine()?.signature()?.raw().into())),
    long("microcode", "revision of the microcode", |row| row.machine()?.microcode().map(u64::from)),
    // Memory.
    small("node", "node of a memory error", |row| row.memory.node),
    small("card", "card or riser", |row| row.memory.card),
    small("module", "module on the card", |row| row.memory.module),
    small("channel", "channel of a CXL device", |row| row.memory.channel),
    small("rank", "rank on the module", |row| row.memory.rank),
    small("device", "chip", |row| row.memory.device),
    small("chip_id", "die of a stacked chip", |row| row.memory.chip_id),
    small("memory_bank", "bank of the chip, where it is one number", |row| row.memory.bank),
    small("bank_group", "bank group of the chip", |row| row.memory.bank_group),
    small("bank_address", "bank in its group", |row| row.memory.bank_address),
    small("row", "row of the bank", |row| row.memory.row),
    small("column", "column of the row", |row| row.memory.column),
    small("bit_position", "bit that failed", |row| row.memory.bit_position),
    small("card_handle", "SMBIOS handle of the memory array", |row| row.memory.card_handle),
    small("module_handle", "SMBIOS handle of the memory device", |row| row.memory.module_handle),
    wide("device_address", "address inside a CXL device", |row| match row.body()? {
        Body::CxlComponentEvent(event) => match event.data()? {
            CxlEventData::GeneralMedia(media) => Some(media.physical_address().address()),
            CxlEventData::Dram(dram) => Some(dram.physical_address().address()),
            _ => None,
        },
        _ => None,
    }),
    // PCI and CXL.
    text("pci_address", "segment, bus, device and function", |row| pci_address(row.section()?).map(word)),
    small("pci_vendor", "PCI vendor id", |row| Some(pci_ids(row.section()?)?.0.into())),
    small("pci_device", "PCI device id", |row| Some(pci_ids(row.section()?)?.1.into())),
    text("port_type", "kind of PCIe device or port", |row| match row.body()? {
        Body::Pcie(pcie) => pcie.port_type().map(word),
        _ => None,
    }),
    wide("serial_number", "serial number of a PCIe or CXL device", |row| match row.body()? {
        Body::Pcie(pcie) => pcie.device_serial_number(),
        Body::CxlProtocol(error) => error.device_serial_number(),
        Body::CxlComponentEvent(event) => event.device_serial_number(),
        _ => None,
    }),
    long("aer_uncorrectable", "uncorrectable error status of AER", |row| match row.body()? {
        Body::Pcie(pcie) => Some(pcie.aer_info()?.uncorrectable_error_status().bits().into()),
        _ => None,
    }),
    long("aer_correctable", "correctable error status of AER", |row| match row.body()? {
        Body::Pcie(pcie) => Some(pcie.aer_info()?.correctable_error_status().bits().into()),
        _ => None,
    }),
    // Kernel logs.
    text("log_reason", "why a kernel log was dumped", |row| {
        Some(row.log()?.header.as_ref()?.0.as_str().into())
    }),
    small("log_count", "which dump of its boot it was", |row| Some(row.log()?.header.as_ref()?.1)),
    small("log_part", "which part of the dump; 1 is the newest text", |row| row.part.as_ref()?.number),
    text("log_text", "the part; what is not UTF-8 in it is U+FFFD", |row| {
        let (text, _) = row.part.as_ref()?.stored.text();
        Some(String::from_utf8_lossy(text).into_owned().into())
    }),
    // All of it.
    column(
        "fields",
        "all fields of the section, as in JSON",
        Of::Json(|row| match row.section()?.content {
            Content::Body(Body::Unknown(_)) | Content::Bad(..) => None,
            _ => Some(json::fields(row.section()?).into()),
        }),
    ),
    text("error", "why it could not be read, or not all of it", |row| {
        match (row.section(), &row.event.found.what) {
            (Some(section), _) => section.problem().map(|problem| problem.message.into()),
            (None, What::Bad(problem)) => Some(problem.message.as_str().into()),
            _ => None,
        }
    }),
    column(
        "bytes",
        "the section as it was stored, or the record where it has none",
        Of::Bytes(|row| Some(row.bytes())),
    ),
    // Later columns stand at the end, in no group, because a file of an older version is recognised by its first
    // columns.
    text(
        "part_key",
        "the part of a kernel log: the same in every sink and every run, whatever log it is in",
        |row| Some(row.part.as_ref()?.key.to_string().into()),
    ),
];

/// The column with the keys of parts.
pub const PART_KEY: usize = 69;

/// A section of an event, a part of a kernel log, or an event that has neither.
#[derive(Debug)]
pub struct Row<'e> {
    key: &'e str,
    event: &'e Event<'e>,
    place: usize,
    part: Option<LogPart<'e>>,
    memory: MemoryPlace,
}

/// A part of a kernel log.
#[derive(Debug)]
struct LogPart<'e> {
    key: Key,
    number: Option<u32>,
    stored: &'e Part<'e>,
    raw: &'e [u8],
}

impl<'e> Row<'e> {
    /// Passes on the rows of an event: at least one, or none for a log of which only other parts are wanted.
    pub fn each(
        collected: &'e Collected<'e, 'e>,
        wanted: impl Fn(&Record<'_>) -> bool,
        mut hand_on: impl FnMut(&Row<'_>),
    ) {
        let (key, event) = (&*collected.key.to_string(), collected.event);
        if let What::Log(log) = &event.found.what {
            let parts = log.pieces.iter().filter_map(|piece| match piece {
                Piece::Part(number, part) => Some((*number, part)),
                Piece::Missing(_) => None,
            });
            for ((number, stored), record) in
                parts.zip(collected.records).filter(|(_, record)| wanted(record))
            {
                let part = Some(LogPart { key: record.key, number, stored, raw: record.raw });
                hand_on(&Row { key, event, place: 0, part, memory: MemoryPlace::default() });
            }
            return;
        }
        for place in 0..event.sections().len().max(1) {
            let memory = match event.sections().get(place) {
                Some(Section { content: Content::Body(body), .. }) => MemoryPlace::of(body),
                _ => MemoryPlace::default(),
            };
            hand_on(&Row { key, event, place, part: None, memory });
        }
    }

    /// Where it was found.
    fn found_at(&self) -> Place<'e> {
        self.part.as_ref().map_or(self.event.found.place, |part| part.stored.place)
    }

    fn section(&self) -> Option<&Section<'e>> {
        self.event.sections().get(self.place)
    }

    fn line(&self) -> &(Grade, String) {
        // An event has a line for each section, and one when it has none.
        &self.event.lines[self.place]
    }

    fn header(&self) -> Option<&RecordHeader> {
        match &self.event.found.what {
            What::Record(stored) => Some(stored.record().header()),
            _ => None,
        }
    }

    fn body(&self) -> Option<&Body<'e>> {
        match &self.section()?.content {
            Content::Body(body) => Some(body),
            _ => None,
        }
    }

    /// The section's machine check, or the first one whose registers it holds.
    fn machine(&self) -> Option<MceRecord<'_>> {
        let section = self.section()?;
        match &section.content {
            Content::Machine(record) => Some(*record),
            _ => section.machine_checks.first().map(MachineCheck::record),
        }
    }

    fn log(&self) -> Option<&Log<'e>> {
        match &self.event.found.what {
            What::Log(log) => Some(log),
            _ => None,
        }
    }

    fn bytes(&self) -> &[u8] {
        match (self.section(), &self.part) {
            (Some(section), _) => section.bytes,
            (None, Some(part)) => part.raw,
            (None, None) => self.event.found.raw,
        }
    }
}

fn word<'w>(value: impl fmt::Display) -> Cow<'w, str> {
    value.to_string().into()
}

fn address(section: &Section<'_>) -> Option<u64> {
    let address = match &section.content {
        Content::Machine(record) => Some(record.address()?.value),
        Content::Body(Body::Memory(memory)) => memory.physical_address(),
        Content::Body(Body::Memory2(memory)) => memory.physical_address(),
        Content::Body(Body::ProcessorGeneric(processor)) => processor.target_address(),
        Content::Body(Body::ArmProcessor(processor)) => {
            processor.error_information().flatten().find_map(ArmErrorInformation::physical_fault_address)
        }
        Content::Body(_) => summary::machine_address(section),
        _ => None,
    };
    address.filter(|address| summary::is_address(*address))
}

fn processor_id(section: &Section<'_>) -> Option<u64> {
    match &section.content {
        Content::Machine(record) => record.apic_id().map(u64::from),
        Content::Body(Body::ProcessorGeneric(processor)) => processor.processor_id(),
        Content::Body(Body::Ia32X64Processor(processor)) => processor.local_apic_id(),
        Content::Body(Body::ArmProcessor(processor)) => processor.mpidr_el1(),
        _ => None,
    }
}

fn pci_address(section: &Section<'_>) -> Option<PciAddress> {
    match &section.content {
        Content::Body(Body::Pcie(pcie)) => pcie.address(),
        Content::Body(Body::CxlComponentEvent(event)) => event.device_id().map(|id| id.address()),
        _ => None,
    }
}

fn pci_ids(section: &Section<'_>) -> Option<(u16, u16)> {
    match &section.content {
        Content::Body(Body::Pcie(pcie)) => pcie.device_id().map(|id| (id.vendor_id(), id.device_id())),
        Content::Body(Body::CxlProtocol(error)) => {
            error.device_id().map(|id| (id.vendor_id(), id.device_id()))
        }
        Content::Body(Body::CxlComponentEvent(event)) => {
            event.device_id().map(|id| (id.vendor_id(), id.device_id()))
        }
        _ => None,
    }
}

/// The component that broke, in the same words for every error of the same part.
pub fn component(section: &Section<'_>) -> Option<String> {
    summary::unit(section).or_else(|| match &section.content {
        Content::Body(body) if !section.machine_checks.is_empty() => {
            let check = section.machine_checks.first()?;
            let apic = match body {
                Body::Ia32X64Processor(processor) => processor.local_apic_id(),
                _ => None,
            };
            let bank = format!("bank {}", check.record().mce().bank());
            Some(match (check.cpu(), apic) {
                (Some(cpu), _) => format!("CPU {cpu} {bank}"),
                (None, Some(apic)) => format!("APIC {apic} {bank}"),
                (None, None) => bank,
            })
        }
        Content::Machine(record) => Some(match record.bank() {
            Some(bank) => format!("CPU {} bank {bank}", record.cpu()),
            None => format!("CPU {}", record.cpu()),
        }),
        Content::Body(Body::Memory(_) | Body::Memory2(_)) => dimm(section),
        Content::Body(Body::ArmProcessor(processor)) => Some(format!("MPIDR {:#x}", processor.mpidr_el1()?)),
        Content::Body(Body::Ia32X64Processor(processor)) => {
            Some(format!("APIC {}", processor.local_apic_id()?))
        }
        Content::Body(Body::ProcessorGeneric(processor)) => {
            Some(format!("processor {:#x}", processor.processor_id()?))
        }
        _ => pci_address(section).map(|address| format!("PCI {address}")),
    })
}

/// The place of a DIMM: the parts of the address that all of its cells share.
fn dimm(section: &Section<'_>) -> Option<String> {
    let (node, card, module) = match &section.content {
        Content::Body(Body::Memory(memory)) => (memory.node(), memory.card(), memory.module()),
        Content::Body(Body::Memory2(memory)) => (memory.node(), memory.card(), memory.module()),
        _ => (None, None, None),
    };
    let parts = [("node", node), ("card", card), ("module", module)];
    let known = parts.into_iter().filter_map(|(name, value)| Some((name, summary::part(value)?)));
    let known = known.map(|(name, value)| format!("{name} {value}"));
    Some(known.collect::<Vec<_>>().join(" ")).filter(|place| !place.is_empty())
}

/// The name of a value; nothing for one that is reserved or says that it does not know.
fn named(value: impl fmt::Display) -> String {
    let name = value.to_string();
    if name.starts_with("reserved (") || name == "unknown" { String::new() } else { name }
}

/// The name of a type of error, or of that in the error status where there is none.
fn or_of_status(kind: Option<impl fmt::Display>, status: Option<ErrorStatus>) -> Option<String> {
    kind.map(named).filter(|name| !name.is_empty()).or_else(|| status.map(ErrorStatus::error_type).map(named))
}

/// The type of the error, without its place.
fn error_type(section: &Section<'_>) -> Option<String> {
    let body = match &section.content {
        Content::Machine(record) => return Some(record.code_kind().to_string()),
        Content::Body(_) if !section.machine_checks.is_empty() => {
            return Some(section.machine_checks.first()?.record().code_kind().to_string());
        }
        Content::Body(body) => body,
        Content::Log(_) | Content::Cut(_) | Content::Bad(..) => return None,
    };
    let names = match body {
        Body::Pcie(pcie) => {
            let aer = pcie.aer_info()?;
            let uncorrectable = aer.uncorrectable_error_status();
            let correctable = aer.correctable_error_status();
            let uncorrectable = uncorrectable.errors().map(|error| error.to_string());
            uncorrectable.chain(correctable.errors().map(|error| error.to_string())).collect()
        }
        Body::ArmProcessor(processor) => {
            let reading = processor.readings().next().unwrap_or_default();
            let errors = processor.error_information().flatten();
            errors
                .filter_map(|error| error.error_type().types(reading))
                .map(summary::names_of)
                .collect::<Vec<_>>()
        }
        Body::Ia32X64Processor(processor) => processor
            .error_information()
            .flatten()
            .filter_map(|error| error.error_structure_type().name())
            .map(str::to_owned)
            .collect(),
        Body::Memory(memory) => vec![or_of_status(memory.memory_error_type(), memory.error_status())?],
        Body::Memory2(memory) => vec![or_of_status(memory.memory_error_type(), memory.error_status())?],
        Body::PciBus(bus) => vec![or_of_status(bus.error_type(), bus.error_status())?],
        Body::PciComponent(component) => vec![named(component.error_status()?.error_type())],
        Body::ProcessorGeneric(processor) => vec![summary::names_of(processor.processor_error_type()?)],
        Body::DmarGeneric(dmar) => vec![named(dmar.fault_reason())],
        Body::DmarVtd(dmar) => vec![named(dmar.fault_record().fault_source().fault_reason())],
        Body::DmarIommu(dmar) => vec![named(dmar.event_log_entry().event_code())],
        Body::FirmwareErrorRecord(record) => vec![named(record.error_record_type())],
        Body::CxlComponentEvent(event) => vec![match event.data()? {
            CxlEventData::GeneralMedia(data) => named(data.memory_event_type()),
            CxlEventData::Dram(data) => named(data.memory_event_type()),
            CxlEventData::MemoryModule(data) => named(data.device_event_type()),
            CxlEventData::MemorySparing(data) => named(data.result()),
            CxlEventData::PhysicalSwitch(data) => named(data.event_type()),
            CxlEventData::VirtualSwitch(data) => named(data.event_type()),
            CxlEventData::MldPort(data) => named(data.event_type()),
            _ => return None,
        }],
        _ => return None,
    };
    Some(names.join(", ")).filter(|names| !names.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The type in the words of SQL.
    fn sql(of: Of) -> &'static str {
        match of {
            Of::Text(_) => "VARCHAR",
            Of::Json(_) => "JSON",
            Of::Bytes(_) => "BLOB",
            Of::Bool(_) => "BOOLEAN",
            Of::Small(_) => "INTEGER",
            Of::Long(_) => "BIGINT",
            Of::Wide(_) => "UBIGINT",
            Of::Time(_) => "TIMESTAMP WITH TIME ZONE",
        }
    }

    #[test]
    fn keys_have_their_columns() {
        assert_eq!([COLUMNS[0].name, COLUMNS[PART_KEY].name], ["key", "part_key"]);
    }

    #[test]
    fn people_are_told_of_every_column() {
        let mut table = String::from("| column | type | what it holds |\n|---|---|---|\n");
        for column in COLUMNS {
            table.push_str(&format!("| `{}` | `{}` | {} |\n", column.name, sql(column.of), column.about));
        }
        let told = include_str!("../../FLEET.md");
        assert!(told.contains(&table), "FLEET.md does not have this table:\n{table}");
    }
}
