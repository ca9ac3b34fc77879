//! The text of a trace: `/sys/kernel/tracing/trace`, or the same format from `trace-cmd report` and `perf script`.
//!
//! A line has the process, the processor, the time, the event's name and its text, for which the event's format file
//! has a pattern (`print fmt`). The patterns of the kernels from 2.6.38 to 7.3 are read.

use std::sync::Arc;

use cper::section::{Body, MemoryValidation};
use cper::tracepoint::ExtlogMemEvent;
use cper::zerocopy::FromBytes;
use cper::{Guid, SectionDescriptor, SectionTypeId};

use super::{EVENTS, MCE_RECORD, Said, Stamp, Trace, TraceEvent, Values, section};
use crate::problem::Problem;

/// Bytes that are searched to recognise a trace.
const FRONT: usize = 64 << 10;

/// Whether the bytes are the text of a trace: they begin like one, or a line of them is an event.
///
/// Events stand in the kernel's log too (`tp_printk`), where any message may look like one. A line without a processor
/// counts only if the event's name is known.
pub fn is_trace(bytes: &[u8]) -> bool {
    const HEADS: [&[u8]; 3] = [b"# tracer:", b"cpus=", b"version = "];
    let text = bytes[..bytes.len().min(FRONT)].trim_ascii_start();
    let begins = || HEADS.iter().any(|head| text.starts_with(head));
    begins() && !text.contains(&0)
        || text
            .split(|byte| *byte == b'\n')
            .filter_map(event)
            .any(|line| line.cpu.is_some() || line.name.is_some())
}

/// The content of a trace's text.
pub fn read(file: &Arc<str>, bytes: &[u8]) -> Trace {
    let mut trace = Trace::default();
    // Consecutive lines that were not understood: the place of the first and their number.
    let mut unread: Option<(u64, usize, &[u8])> = None;
    let mut offset = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let place = offset..offset + line.len() as u64;
        offset = place.end;
        let line = line.trim_ascii_end();
        let told = match () {
            () if line.is_empty() => continue,
            () if line.starts_with(b"#") || is_head(line) => None,
            () => match event(line) {
                Some(Line { name: Some(name), cpu, clock, text }) => {
                    let stamp = Stamp { place: place.clone(), cpu, clock };
                    Some(match values(name, text) {
                        Some(values) => TraceEvent::new(file, name, stamp, values),
                        None => {
                            let text =
                                text.get(..40).map_or_else(|| text.escape_ascii(), <[u8]>::escape_ascii);
                            let why = format!("{name}: its text is not the kernel's: \"{text}\"");
                            Err(Problem::new("trace_event", place.start, why).value("event", name))
                        }
                    })
                }
                Some(Line { name: None, .. }) => {
                    trace.others += 1;
                    None
                }
                None => match lost(line) {
                    Some(why) => Some(Err(Problem::new("lost", place.start, why))),
                    None => {
                        let (_, lines, _) = unread.get_or_insert((place.start, 0, line));
                        *lines += 1;
                        continue;
                    }
                },
            },
        };
        trace.problems.extend(unread.take().map(not_read));
        match told {
            Some(Ok(event)) => trace.events.push(event),
            Some(Err(problem)) => trace.problems.push(problem),
            None => {}
        }
    }
    trace.problems.extend(unread.map(not_read));
    trace
}

fn not_read((offset, lines, first): (u64, usize, &[u8])) -> Problem {
    let first = first.get(..40).map_or_else(|| first.escape_ascii(), <[u8]>::escape_ascii);
    let plural = if lines == 1 { "" } else { "s" };
    let message = format!("{lines} line{plural} of no trace: \"{first}\"");
    Problem::new("line", offset, message).value("lines", lines)
}

/// A line that begins what `trace-cmd report` writes.
fn is_head(line: &[u8]) -> bool {
    [&b"cpus="[..], b"version = ", b"trace-cmd version"].iter().any(|head| line.starts_with(head))
}

/// `CPU:0 [LOST 12 EVENTS]`, and the same line of `trace-cmd report`.
fn lost(line: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let (who, rest) = text.split_once('[')?;
    let number = rest.strip_suffix(']').filter(|rest| rest.contains("EVENTS"))?;
    let who = who.trim().strip_prefix("CPU:").map_or(String::new(), |cpu| format!(" of CPU {cpu}"));
    let number: String = number.chars().filter(char::is_ascii_digit).take(20).collect();
    let number = if number.is_empty() { "events".into() } else { format!("{number} events") };
    Some(format!("{number}{who} were lost: the ring buffer was full"))
}

/// A line of a trace.
struct Line<'a> {
    /// The event's name; `None` for one that is not read here.
    name: Option<&'static str>,
    cpu: Option<u32>,
    clock: Option<u64>,
    /// The event's text.
    text: &'a [u8],
}

/// An event's name ends before this byte of its line: the rest of a long line is not searched for one.
const HEAD: usize = 512;

/// The parts of a line. The process's name in front can hold anything, so an event's name counts only after a time.
fn event(line: &[u8]) -> Option<Line<'_>> {
    let head = &line[..line.len().min(HEAD)];
    let colons = memchr::memmem::find_iter(head, b": ");
    // An event without text ends with its colon.
    let mut ends = colons.chain(head.ends_with(b":").then(|| head.len() - 1));
    ends.find_map(|end| {
        let front = line.get(..end)?;
        let start = front.iter().rposition(|byte| *byte == b' ')? + 1;
        let name = front.get(start..)?;
        // perf and trace-cmd set the system before the name.
        let name = name.rsplit(|byte| *byte == b':').next()?;
        let (cpu, clock) = stamp(line.get(..start)?)?;
        let known = EVENTS.iter().map(|(_, known)| *known).find(|known| known.as_bytes() == name);
        let is_name =
            !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let text = line.get(end + 2..).unwrap_or_default().trim_ascii_start();
        is_name.then_some(Line { name: known, cpu, clock, text })
    })
    .or_else(|| {
        // The function tracer's lines have no colon behind their name.
        let end = colons_of_time(head)?;
        let (cpu, clock) = stamp(line.get(..end)?)?;
        Some(Line { name: None, cpu, clock, text: line.get(end..)? })
    })
}

/// The end of the first time in a line, with the colon and the blank after it.
fn colons_of_time(line: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(line, b": ").map(|at| at + 2).find(|end| stamp(&line[..*end]).is_some())
}

/// The processor and the time before an event's name: `<idle>-0  [000] d.s3.  9.701267: `; or in brackets, as in the
/// kernel's log.
fn stamp(front: &[u8]) -> Option<(Option<u32>, Option<u64>)> {
    let front = front.trim_ascii_end();
    let (front, in_log) = match front.strip_suffix(b":") {
        Some(front) => (front, false),
        None => (front.strip_suffix(b"]")?, true),
    };
    let is_time = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let start = front.iter().rposition(|byte| !is_time(byte)).map_or(0, |at| at + 1);
    let time = std::str::from_utf8(front.get(start..)?).ok()?;
    let clock = match time.split_once('.') {
        Some((seconds, part)) => {
            let (seconds, length) = (seconds.parse::<u64>().ok()?, u32::try_from(part.len()).ok()?);
            let unit = 10_u64.checked_pow(9_u32.checked_sub(length)?)?;
            let part = part.parse::<u64>().ok()?.checked_mul(unit)?;
            Some(seconds.checked_mul(1_000_000_000)?.checked_add(part)?)
        }
        // The clock does not count time.
        None if !in_log => time.parse::<u64>().ok().map(|_| None)?,
        None => return None,
    };
    let mut cpu = None;
    if !in_log {
        let mut words = front.get(..start)?.split(u8::is_ascii_whitespace).rev();
        cpu = words.find_map(|word| {
            let digits = std::str::from_utf8(word.strip_prefix(b"[")?.strip_suffix(b"]")?).ok()?;
            digits.parse().ok()
        });
        // Only a line of a trace has the processor.
        cpu?;
    }
    Some((cpu, clock))
}

/// The fields in the text of an event; `None` if it is not the kernel's pattern.
fn values(name: &str, text: &[u8]) -> Option<Values> {
    // Only names of units and texts of drivers can have other characters.
    let text: String = text.iter().map(|byte| char::from(*byte)).collect();
    match name {
        "mc_event" => mc_event(&text),
        "aer_event" => aer_event(&text),
        "arm_event" => arm_event(&text),
        "extlog_mem_event" => extlog_mem_event(&text),
        "non_standard_event" => non_standard_event(&text),
        MCE_RECORD => mce_record(&text),
        _ => None,
    }
}

/// The bytes that a text was made from.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
}

fn said(text: &str) -> Said {
    Said::Text(bytes(text))
}

fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
}

/// An unsigned number of 32 bits that the kernel prints with a sign.
fn word(text: &str) -> Option<u64> {
    let unsigned = || text.parse::<i32>().ok().map(|number| u32::from_le_bytes(number.to_le_bytes()));
    text.parse::<u32>().ok().or_else(unsigned).map(u64::from)
}

/// Bytes in hex with blanks between them; before Linux 6.3 the blank after each 16 bytes is missing.
fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> =
        text.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some((high << 4 | low) as u8),
        _ => None,
    });
    pairs.collect()
}

/// The bytes of an identifier in the order in which they are stored, as `%pU` prints them.
fn stored_guid(text: &str) -> Option<Vec<u8>> {
    hex_bytes(&text.replace('-', "")).filter(|bytes| bytes.len() == 16)
}

/// `1 Corrected error: read error on DIMM_A1 (mc:0 location:1:2:-1 address:0x12345678c0 grain:64 syndrome:0x000000ab more)`
fn mc_event(text: &str) -> Option<Values> {
    let (count, rest) = text.split_once(' ')?;
    let (kind, rest) = rest.split_once(" error")?;
    let rest = rest.strip_prefix('s').unwrap_or(rest).strip_prefix(':')?;
    let (message, rest) = rest.split_once(" on ")?;
    let (label, rest) = rest.split_once(" (mc:")?;
    let (controller, rest) = rest.split_once(" location:")?;
    let (layers, rest) = rest.split_once(" address:")?;
    let (address, rest) = rest.split_once(" grain:")?;
    let (grain, rest) = rest.split_once(" syndrome:")?;
    let rest = rest.strip_suffix(')')?;
    let (syndrome, detail) = rest.split_once(' ').unwrap_or((rest, ""));
    let kind =
        ["Corrected", "Uncorrected", "Deferred", "Fatal", "Info"].iter().position(|word| *word == kind)?;
    let mut layers =
        layers.split(':').map(|layer| layer.parse::<i8>().ok().map(|layer| Said::Signed(layer.into())));
    let mut values = Values::default();
    values.add("error_type", Said::Number(kind as u64));
    values.add("msg", said(message.trim()));
    values.add("label", said(label));
    values.add("error_count", Said::Number(count.parse::<u16>().ok()?.into()));
    values.add("mc_index", Said::Number(controller.parse::<u8>().ok()?.into()));
    values.add("top_layer", layers.next()??);
    values.add("middle_layer", layers.next()??);
    values.add("lower_layer", layers.next()??);
    values.add("address", Said::Number(hex(address)?));
    values.add("grain_bits", Said::Number(word(grain)?.trailing_zeros().min(32).into()));
    values.add("syndrome", Said::Number(hex(syndrome)?));
    values.add("driver_detail", said(detail));
    Some(values)
}

/// The kernel's names of the bits of the status registers (`aer_event`'s pattern; the last ones PCIe 6.0, section
/// 7.8.4).
const CORRECTABLE: [(u32, &str); 8] = [
    (0, "Receiver Error"),
    (6, "Bad TLP"),
    (7, "Bad DLLP"),
    (8, "RELAY_NUM Rollover"),
    (12, "Replay Timer Timeout"),
    (13, "Advisory Non-Fatal Error"),
    (14, "Corrected Internal Error"),
    (15, "Header Log Overflow"),
];
const UNCORRECTABLE: [(u32, &str); 23] = [
    (0, "Undefined"),
    (4, "Data Link Protocol Error"),
    (5, "Surprise Down Error"),
    (12, "Poisoned TLP"),
    (13, "Flow Control Protocol Error"),
    (14, "Completion Timeout"),
    (15, "Completer Abort"),
    (16, "Unexpected Completion"),
    (17, "Receiver Overflow"),
    (18, "Malformed TLP"),
    (19, "ECRC Error"),
    (20, "Unsupported Request Error"),
    (21, "ACS Violation"),
    (22, "Uncorrectable Internal Error"),
    (23, "MC Blocked TLP"),
    (24, "AtomicOp Egress Blocked"),
    (25, "TLP Prefix Blocked Error"),
    (26, "Poisoned TLP Egress Blocked"),
    (27, "DMWr Request Egress Blocked"),
    (28, "IDE Check Failed"),
    (29, "Misrouted IDE TLP"),
    (30, "PCRC Check Failed"),
    (31, "TLP Translation Egress Blocked"),
];

/// `0000:3b:00.0 PCIe Bus Error: severity=Fatal, Poisoned TLP|Malformed TLP, TLP Header=Not available`
fn aer_event(text: &str) -> Option<Values> {
    let (device, rest) = text.split_once(" Bus Error: severity=")?;
    let (device, bus) = device.rsplit_once(' ')?;
    let severities = [("Uncorrected, non-fatal, ", 0), ("Fatal, ", 1), ("Corrected, ", 2)];
    let (severity, rest) =
        severities.iter().find_map(|(words, severity)| Some((*severity, rest.strip_prefix(words)?)))?;
    let (errors, header) = rest.split_once(", TLP Header=")?;
    let names = if severity == 2 { &CORRECTABLE[..] } else { &UNCORRECTABLE };
    let mut status = 0;
    for error in errors.split('|').filter(|error| !error.is_empty()) {
        let named = names.iter().find(|(_, name)| *name == error).map(|(bit, _)| 1 << bit);
        // Bits that the kernel has no names for.
        status |= named.or_else(|| hex(error.strip_prefix("0x")?))?;
    }
    let mut values = Values::default();
    values.add("dev_name", said(device));
    values.add("status", Said::Number(status));
    values.add("severity", Said::Number(severity));
    let dwords = header.strip_prefix('{').and_then(|header| header.strip_suffix('}'));
    values.add("tlp_header_valid", Said::Number(dwords.is_some().into()));
    let mut count = 0;
    if let Some(dwords) = dwords {
        let dwords: Vec<u32> =
            dwords.split(',').map(|dword| u32::try_from(hex(dword)?).ok()).collect::<Option<_>>()?;
        count = dwords.len();
        let bytes = dwords.iter().flat_map(|dword| dword.to_le_bytes()).collect();
        values.add("tlp_header", Said::Bytes(bytes));
    }
    if bus != "PCIe" || count > 4 {
        values.add("bus_type", said(bus));
    }
    Some(values)
}

/// `affinity level: 1; MPIDR: 0000000080000001; MIDR: 00000000410fd083; running state: 1; PSCI state: 0`, since Linux 6.17
/// with more before it and the arrays behind it.
fn arm_event(text: &str) -> Option<Values> {
    let mut values = Values::default();
    let mut has_mpidr = false;
    for part in text.split(';').map(str::trim) {
        let (name, value) = part.split_once(':')?;
        let value = value.trim();
        let (name, value) = match name {
            "cpu" => ("cpu", Said::Signed(value.parse::<i32>().ok()?.into())),
            "error" => ("sev", Said::Number(value.parse::<u8>().ok()?.into())),
            "affinity level" => ("affinity", Said::Number(value.parse::<u8>().ok()?.into())),
            "MPIDR" => {
                has_mpidr = true;
                ("mpidr", Said::Number(hex(value)?))
            }
            "MIDR" => ("midr", Said::Number(hex(value)?)),
            "running state" => ("running_state", Said::Number(word(value)?)),
            "PSCI state" => ("psci_state", Said::Number(word(value)?)),
            "ARM Processor Err Info data len" => ("pei_len", Said::Number(word(value)?)),
            "ARM Processor Err Info raw data" => ("pei_buf", Said::Bytes(hex_bytes(value)?)),
            "ARM Processor Err Context Info data len" => ("ctx_len", Said::Number(word(value)?)),
            "ARM Processor Err Context Info raw data" => ("ctx_buf", Said::Bytes(hex_bytes(value)?)),
            "Vendor Specific Err Info data len" => ("oem_len", Said::Number(word(value)?)),
            "Vendor Specific Err Info raw data" => ("oem_buf", Said::Bytes(hex_bytes(value)?)),
            _ => return None,
        };
        values.add(name, value);
    }
    has_mpidr.then_some(values)
}

/// `{7} corrected error: single-bit ECC physical addr: 00000012345678c0 (mask lsb: 6) node:1 card:2 FRU: ... DIMM_A1`
fn extlog_mem_event(text: &str) -> Option<Values> {
    let (number, rest) = text.strip_prefix('{')?.split_once("} ")?;
    let (severity, rest) = rest.split_once(" error: ")?;
    let (kind, rest) = rest.split_once(" physical addr: ")?;
    let (address, rest) = rest.split_once(" (mask lsb: ")?;
    let (mask, rest) = rest.split_once(") ")?;
    let (places, unit) = rest.split_once("FRU: ")?;
    let (unit, name) = unit.split_once(' ').unwrap_or((unit, ""));
    let severity = ["recoverable", "fatal", "corrected", "info"].iter().position(|word| *word == severity)?;
    let (address, mask) = (hex(address)?, u8::try_from(hex(mask)?).ok()?);
    let unit: Guid = unit.parse().ok()?;

    // The words for the kind and the places are those of `mc_event`.
    let mut same = Values::default();
    same.add("msg", said(kind));
    same.add("driver_detail", said(places));
    let same = section("mc_event", &same).ok()?;
    let (descriptor, body) = SectionDescriptor::ref_from_prefix(&same).ok()?;
    let Ok(Body::Memory(memory)) = Body::decode(SectionTypeId::MEMORY, body) else { return None };
    let mut data = ExtlogMemEvent::of(descriptor, &memory).data;
    let mut valid = memory.validation();
    valid.set(MemoryValidation::PHYSICAL_ADDRESS, address != u64::MAX);
    valid.set(MemoryValidation::PHYSICAL_ADDRESS_MASK, mask != 0xff);
    data[..8].copy_from_slice(&valid.bits().to_le_bytes());

    let mut values = Values::default();
    values.add("err_seq", Said::Number(word(number)?));
    values.add("etype", Said::Number(memory.memory_error_type().map_or(0xff, |kind| kind.raw().into())));
    values.add("sev", Said::Number(severity as u64));
    values.add("pa", Said::Number(address));
    values.add("pa_mask_lsb", Said::Number(mask.into()));
    values.add("fru_id", Said::Bytes(unit.bytes().to_vec()));
    values.add("fru_text", said(name));
    values.add("data", Said::Bytes(data.to_vec()));
    Some(values)
}

/// `severity: 1; sec type:...; FRU: ... name; data len:24; raw data:01 02`
fn non_standard_event(text: &str) -> Option<Values> {
    let (severity, rest) = text.strip_prefix("severity: ")?.split_once("; sec type:")?;
    let (kind, rest) = rest.split_once("; FRU: ")?;
    let (unit, rest) = rest.split_once(' ')?;
    let (name, rest) = rest.split_once("; data len:")?;
    let (length, data) = rest.split_once("; raw data:")?;
    let data = hex_bytes(data)?;
    if data.len() as u64 != word(length)? {
        return None;
    }
    let mut values = Values::default();
    values.add("sec_type", Said::Bytes(stored_guid(kind)?));
    values.add("fru_id", Said::Bytes(stored_guid(unit)?));
    values.add("fru_text", said(name));
    values.add("sev", Said::Number(severity.parse::<u8>().ok()?.into()));
    values.add("len", Said::Number(word(length)?));
    values.add("buf", Said::Bytes(data));
    Some(values)
}

/// `CPU: 0, MCGc/s: 100010a/0, MC4: be00000000000135, IPID: 0, ADDR: 0, ...`; before Linux 6.10 some values share a name.
fn mce_record(text: &str) -> Option<Values> {
    let mut values = Values::default();
    let mut number = |name: &str, value: u64| values.add(name, Said::Number(value));
    let decimal = |text: &str| text.parse::<u64>().ok();
    let mut vendor_data = None;
    for part in text.split(", ") {
        let (name, value) = part.split_once(':')?;
        let value = value.trim();
        match name.trim() {
            "CPU" => number("cpu", decimal(value)?),
            "MCGc/s" => {
                let (cap, status) = value.split_once('/')?;
                number("mcgcap", hex(cap)?);
                number("mcgstatus", hex(status)?);
            }
            "IPID" => number("ipid", hex(value)?),
            "ADDR" => number("addr", hex(value)?),
            "MISC" => number("misc", hex(value)?),
            "SYND" => number("synd", hex(value)?),
            names @ ("ADDR/MISC/SYND" | "ADDR/MISC") => {
                let mut parts = value.split('/').map(hex);
                for name in names.split('/') {
                    number(&name.to_ascii_lowercase(), parts.next()??);
                }
            }
            "RIP" => {
                let (segment, pointer) = value.split_once(":<")?;
                number("cs", hex(segment)?);
                number("ip", hex(pointer.strip_suffix('>')?)?);
            }
            "TSC" => number("tsc", hex(value)?),
            "PPIN" => number("ppin", hex(value)?),
            "PROCESSOR" => {
                let (vendor, cpuid) = value.split_once(':')?;
                number("cpuvendor", decimal(vendor)?);
                number("cpuid", hex(cpuid)?);
            }
            "vendor" => number("cpuvendor", decimal(value)?),
            "CPUID" => number("cpuid", hex(value)?),
            "time" | "TIME" => number("walltime", decimal(value)?),
            "socket" | "SOCKET" => number("socketid", decimal(value)?),
            "APIC" => number("apicid", hex(value)?),
            "microcode" => number("microcode", hex(value)?),
            "vendor data" => {
                let bytes = value.strip_prefix('{')?.strip_suffix('}')?;
                let bytes =
                    bytes.split(',').map(|byte| u8::try_from(hex(byte)?).ok()).collect::<Option<_>>()?;
                vendor_data = Some(bytes);
            }
            bank => {
                number("bank", decimal(bank.strip_prefix("MC")?)?);
                number("status", hex(value)?);
            }
        }
    }
    if let Some(bytes) = vendor_data {
        values.add("v_data", Said::Bytes(bytes));
    }
    Some(values)
}
