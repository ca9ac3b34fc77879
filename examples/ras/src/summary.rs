//! The headline of an event: what broke and where, in one line, names before numbers.

use std::fmt::Write as _;

use cper::section::{Body, Ia32X64Processor, MemoryErrorView, PcieErrorView};
use erst_table::Table;

use crate::dmesg;
use crate::fields;
use crate::found::{Content, Log, LogKind, Section};
use crate::machine_check::MachineCheck;
use crate::names::{self, SectionNames};
use crate::printable::Printable;

/// The headline of a section: what broke, in a line that needs only the time beside it.
pub fn section(section: &Section<'_>, names: &SectionNames) -> String {
    if section.is_empty() {
        return format!("{}{}: no field of it is valid", type_name(section), and_unit(section));
    }
    match &section.content {
        Content::Machine(record) => record.summary().to_string(),
        Content::Log(part) => format!("kernel log, {}", size(part.text().0.len())),
        Content::Bad(..) if section.is_absent() => "section that is not there".into(),
        Content::Bad(..) => format!("{} that cannot be read", type_name(section)),
        Content::Cut(cut) => {
            let ((there, whole), fields) = (cut.extent(), fields::first(cut));
            let before = if fields.is_empty() { "" } else { ": " };
            format!("{}{}, {there} of {whole} bytes{before}{fields}", type_name(section), and_unit(section))
        }
        Content::Body(body) if !section.machine_checks.is_empty() => machine_check_line(section, body),
        Content::Body(Body::Memory(memory)) => memory_line(section, memory, names),
        Content::Body(Body::Pcie(pcie)) => pcie_line(section, pcie, names),
        Content::Body(Body::Unknown(bytes)) if section.kind.name().is_none() => {
            format!("unknown section {}{}, {}", section.kind, and_unit(section), size(bytes.len()))
        }
        Content::Body(Body::Unknown(bytes)) => {
            format!("{}{}, {}, not decoded", type_name(section), and_unit(section), size(bytes.len()))
        }
        Content::Body(body) => body_line(section, body, names),
    }
}

/// Whether a number can be an address. All ones is what a read returns that nobody answers, and what firmware writes
/// that does not know.
pub const fn is_address(address: u64) -> bool {
    address != u64::MAX
}

/// The number of a part of a machine. All ones is no number: no machine has that many.
pub fn part(number: Option<u16>) -> Option<u64> {
    number.filter(|number| *number != u16::MAX).map(u64::from)
}

/// The number of errors that a line names; further ones are counted.
const SHOWN: usize = 5;

/// What a section's body is, in the specification's words, or its GUID.
pub fn type_name(section: &Section<'_>) -> String {
    match section.kind.name() {
        Some(name) => name.to_owned(),
        None => format!("section {}", section.kind),
    }
}

/// The name of the field-replaceable unit, if it has one.
pub fn unit(section: &Section<'_>) -> Option<String> {
    let text = section.fru_text.as_ref()?.text().trim_ascii();
    (!text.is_empty()).then(|| Printable(text).to_string())
}

/// The name of the field-replaceable unit, after a comma.
fn and_unit(section: &Section<'_>) -> String {
    unit(section).map_or_else(String::new, |unit| [", ", &unit].concat())
}

/// The names of the memory module and of the field-replaceable unit, where it has some, after commas. Firmware mostly
/// gives the unit the module's name, or a part of it.
fn and_module(section: &Section<'_>, names: &SectionNames) -> String {
    let mut told = String::new();
    let unit = unit(section);
    if let Some(module) = &names.module {
        let _ = write!(told, ", {module}");
    }
    if let Some(unit) = unit.filter(|unit| !told.contains(unit.as_str())) {
        let _ = write!(told, ", {unit}");
    }
    told
}

/// Parts of a line, each with a name of its own, `None` left out.
fn list<'p>(parts: impl IntoIterator<Item = (&'p str, Option<u64>)>) -> String {
    let mut list = String::with_capacity(64);
    for (name, value) in parts {
        let Some(value) = value else { continue };
        let _ = write!(list, "{}{name} {value}", if list.is_empty() { "" } else { ", " });
    }
    list
}

/// How a memory error ends that does not say what it is.
pub const UNKNOWN_ERROR: &str = "error of unknown type";

fn memory_line(section: &Section<'_>, memory: &MemoryErrorView<'_>, names: &SectionNames) -> String {
    // Enough for most lines.
    let mut line = String::with_capacity(128);
    let _ = write!(line, "memory{}", and_module(section, names));
    let mut place = list([
        ("node", part(memory.node())),
        ("card", part(memory.card())),
        ("module", part(memory.module())),
        ("rank", part(memory.rank())),
        ("bank", memory.bank().map(u64::from)),
        ("bank group", memory.bank_group().map(u64::from)),
        ("bank address", memory.bank_address().map(u64::from)),
        ("chip", memory.chip_id().map(u64::from)),
        ("device", part(memory.device())),
        ("row", memory.row().map(u64::from)),
        ("column", memory.column().map(u64::from)),
        ("bit", part(memory.bit_position())),
    ]);
    // No module has such a handle: 0 is the firmware's own structure, the last two mean that there is none.
    if let Some(handle) = memory.module_handle().filter(|handle| (1..0xfffe).contains(handle)) {
        let _ = write!(place, "{}module handle {handle:#06x}", if place.is_empty() { "" } else { ", " });
    }
    if !place.is_empty() {
        let _ = write!(line, " ({place})");
    }
    let _ = match (memory.memory_error_type(), memory.error_status()) {
        (Some(kind), _) if kind.raw() != 0 => write!(line, ": {kind}"),
        (_, Some(status)) if status.error_type().raw() != 0 => write!(line, ": {}", status.error_type()),
        _ => write!(line, ": {UNKNOWN_ERROR}"),
    };
    line
}

fn pcie_line(section: &Section<'_>, pcie: &PcieErrorView<'_>, names: &SectionNames) -> String {
    let mut line = String::from("PCIe");
    if let Some(address) = pcie.address() {
        let _ = write!(line, " {address}");
    }
    if let Some(id) = pcie.device_id().filter(|id| !matches!(id.vendor_id(), 0 | u16::MAX)) {
        if let Some(name) = &names.device {
            let _ = write!(line, " {name}");
        }
        let _ = write!(line, " [{:04x}:{:04x}]", id.vendor_id(), id.device_id());
    }
    if let Some(port) = pcie.port_type() {
        let _ = write!(line, " ({port})");
    }
    line.push_str(&and_unit(section));
    let Some(aer) = pcie.aer_info() else {
        line.push_str(": error without AER registers");
        return line;
    };
    if aer.uncorrectable_error_status().bits() == u32::MAX {
        line.push_str(": AER registers of all ones, the device did not answer");
        return line;
    }
    // The worst first: those that the device was set up to report as fatal.
    let (status, fatal) = (aer.uncorrectable_error_status(), aer.uncorrectable_error_severity());
    let worst_first = status.intersection(fatal).errors().chain(status.difference(fatal).errors());
    let mut errors: Vec<String> = worst_first.map(|error| error.to_string()).collect();
    errors.extend(aer.correctable_error_status().errors().map(|error| error.to_string()));
    match errors.len() {
        0 => line.push_str(": no error bit is set"),
        number if number > SHOWN => {
            let _ = write!(line, ": {} and {} more", errors[..SHOWN].join(", "), number - SHOWN);
        }
        _ => line.push_str(&format!(": {}", errors.join(", "))),
    }
    if let Some(first) = aer.first_error() {
        if errors.len() > 1 {
            let _ = write!(line, "; first {first}");
        }
        let header: Vec<String> = aer.logged_header().map(|dword| format!("{dword:08x}")).collect();
        let _ = write!(line, "; header {}", header.join(" "));
    }
    line
}

/// The banks that a section holds, and the processor that they are of.
fn machine_check_line(section: &Section<'_>, body: &Body<'_>) -> String {
    let by = if matches!(body, Body::WindowsXpfMca(_)) { "Windows " } else { "" };
    let apic = match body {
        Body::Ia32X64Processor(processor) => Ia32X64Processor::local_apic_id(processor),
        _ => None,
    };
    let processor = match (section.machine_checks.first().and_then(MachineCheck::cpu), apic) {
        (Some(cpu), _) => format!(" on CPU {cpu}"),
        (None, Some(apic)) => format!(" on APIC {apic}"),
        (None, None) => String::new(),
    };
    let banks: Vec<String> = section.machine_checks.iter().take(SHOWN).map(MachineCheck::error).collect();
    let more = match section.machine_checks.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("; {more} more banks"),
    };
    format!("{by}machine check{processor}{}, {}{more}", and_unit(section), banks.join("; "))
}

/// The crate's summary of a section's body, after its type and the name of the field-replaceable unit. It begins with
/// the processor where the body names one.
fn body_line(section: &Section<'_>, body: &Body<'_>, names: &SectionNames) -> String {
    let names_processor = match body {
        Body::ArmProcessor(arm) => arm.mpidr_el1().is_some(),
        Body::Ia32X64Processor(processor) => processor.local_apic_id().is_some(),
        _ => false,
    };
    let then = if names_processor { ", " } else { ": " };
    let mut summary = body.summary().to_string();
    if let (Some(name), Some((vendor, device, _))) = (&names.device, names::pci(body)) {
        // The name stands before the number, which the crate writes.
        let number = format!(" [{vendor:04x}:{device:04x}]");
        summary = summary.replacen(&number, &format!(" {name}{number}"), 1);
    }
    format!("{}{}{then}{summary}", type_name(section), and_module(section, names))
}

/// The names of the flags that are set: `cache, micro architectural`.
pub fn names_of<F: bitflags::Flags + Copy>(flags: F) -> String {
    let names = flags.iter_names().map(|(name, _)| name.to_lowercase().replace('_', " "));
    names.collect::<Vec<_>>().join(", ")
}

/// The address in memory, for the line with the time.
pub fn address(section: &Section<'_>) -> Option<String> {
    let shown = |address: Option<u64>| {
        address.filter(|address| is_address(*address)).map(|address| format!("address {address:#x}"))
    };
    match &section.content {
        Content::Body(Body::Memory(memory)) => shown(memory.physical_address()),
        Content::Body(Body::ProcessorGeneric(processor)) => shown(processor.target_address()),
        Content::Body(_) => shown(machine_address(section)),
        Content::Machine(record) => {
            let address = record.address().filter(|address| is_address(address.value))?;
            Some(match (address.mode, address.lsb) {
                (Some(mode), Some(lsb @ 0..=62)) => {
                    format!("address {:#x} ({mode}, {})", address.value, size(1 << lsb))
                }
                _ => format!("address {:#x}", address.value),
            })
        }
        _ => None,
    }
}

/// The address in the first bank that has one, of a machine check inside another container.
pub fn machine_address(section: &Section<'_>) -> Option<u64> {
    let mut addresses = section.machine_checks.iter().filter_map(|check| check.record().address());
    addresses.next().map(|address| address.value)
}

/// `3 records`, `1 record`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A number of bytes for people.
pub fn size(bytes: usize) -> String {
    let (value, unit) = match bytes {
        0..1024 => return format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" }),
        1024..0x10_0000 => (bytes as f64 / 1024.0, "KiB"),
        0x10_0000..0x4000_0000 => (bytes as f64 / 1_048_576.0, "MiB"),
        _ => (bytes as f64 / 1_073_741_824.0, "GiB"),
    };
    // One decimal where it matters: 1.5 KiB, but 26 KiB.
    let digits = usize::from(value < 10.0 && value.fract() != 0.0);
    format!("{value:.digits$} {unit}")
}

/// Why a kernel log was kept, and of a panic what hardware reported before it.
pub fn log(log: &Log<'_>) -> String {
    let is_panic = match &log.header {
        Some((why, _)) => why == "Panic",
        None => log.kind() != LogKind::Messages && dmesg::reason(log).is_some(),
    };
    let line = why(log);
    match dmesg::hardware(log).filter(|_| is_panic) {
        Some(hardware) => format!("{line}; {hardware}"),
        None => line,
    }
}

fn why(log: &Log<'_>) -> String {
    let why = log.header.as_ref().map(|(why, _)| why.as_str());
    let reason = dmesg::reason(log).map(|text| Printable(text.as_bytes()).to_string());
    let noun = log.kind().noun();
    match (why, reason) {
        (None, Some(reason)) if matches!(log.kind(), LogKind::Console | LogKind::ConsoleOrMessages) => {
            format!("{noun}, kernel panic: {reason}")
        }
        (None, Some(_)) if log.kind() == LogKind::Messages => noun.into(),
        (Some("Panic") | None, Some(reason)) => format!("kernel panic: {reason}"),
        (Some("Panic"), None) => format!("kernel panic; its message is {}", not_here(log)),
        (Some("Oops"), Some(reason)) => format!("kernel oops: {reason}"),
        (Some("Oops"), None) => format!("kernel oops; its message is {}", not_here(log)),
        (Some(why), Some(reason)) => format!("kernel log, {}: {reason}", why.to_lowercase()),
        (Some(why), None) => format!("kernel log, {}", why.to_lowercase()),
        (None, None) => match dmesg::last_line(log) {
            Some(line) => format!("{noun}: {}", Printable(line.as_bytes())),
            None => format!("{noun} without text"),
        },
    }
}

/// Where the missing message is.
fn not_here(log: &Log<'_>) -> String {
    let missing: Vec<String> = log.missing().map(missing_parts).collect();
    match (missing.is_empty(), log.parts().any(|part| part.text().1.is_some())) {
        (false, _) => format!("not in the parts that are here, {} missing", missing.join(", ")),
        (true, true) => "not in what can be read of the log".into(),
        (true, false) => "not in the log".into(),
    }
}

/// How much of a kernel log is there.
pub fn log_extent(log: &Log<'_>) -> String {
    let (mut parts, mut cut, mut length) = (0, 0, 0);
    for part in log.parts() {
        let (text, error) = part.text();
        parts += 1;
        cut += usize::from(error.is_some());
        length += text.len();
    }
    let missing: Vec<String> = log.missing().map(missing_parts).collect();
    let mut line = match log.kind() {
        LogKind::Dump => format!("kernel log, {parts} part{}", if parts == 1 { "" } else { "s" }),
        kind => kind.noun().to_owned(),
    };
    if !missing.is_empty() {
        let _ = write!(line, ", {} missing", missing.join(", "));
    } else if parts > 1 && cut > 0 {
        let _ = write!(line, ", {cut} not whole");
    } else if parts > 1 {
        line.push_str(", complete");
    }
    let _ = write!(line, ", {}", size(length));
    line
}

/// `part 1`, `parts 3 to 5`.
pub fn missing_parts(parts: &std::ops::RangeInclusive<u32>) -> String {
    match (parts.start(), parts.end()) {
        (first, last) if first == last => format!("part {first}"),
        (first, last) => format!("parts {first} to {last}"),
    }
}

/// What an ERST table is.
pub fn table(table: &Table<'_>) -> String {
    format!("ERST table, {} instruction entries, {} bytes", table.entries().len(), table.as_bytes().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let sizes = [0, 1, 1023, 1024, 1536, 26_553, 8 << 20, 3 << 30].map(size);
        assert_eq!(
            sizes,
            ["0 bytes", "1 byte", "1023 bytes", "1 KiB", "1.5 KiB", "26 KiB", "8 MiB", "3 GiB"]
        );
    }
}
