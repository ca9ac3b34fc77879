//! Linux's trace events of hardware errors, read from the text or the ring buffer of a trace. Each is made into the
//! section, or the `struct mce`, that it came from.
//!
//! Both forms of a trace give an event's fields by name. The fields are laid out as one version of the kernel has them,
//! and the crates read that layout.

use std::ops::Range;
use std::sync::Arc;

use cper::section::{MemoryError, PcieError};
use cper::tracepoint::{self, Event, Version};
use cper::zerocopy::{FromBytes, IntoBytes};
use cper::{SectionDescriptor, Severity};
use mce_record::{Mce, tracepoint as machine};
use serde_json::{Map, Value};

use crate::printable::Printable;
use crate::problem::{Problem, wide};

pub mod format;
pub mod ring_buffer;
pub mod text;

/// The events, each with its folder in the trace file system.
pub const EVENTS: [(&str, &str); 6] = [
    ("ras", "mc_event"),
    ("ras", "aer_event"),
    ("ras", "arm_event"),
    ("ras", "extlog_mem_event"),
    ("ras", "non_standard_event"),
    ("mce", MCE_RECORD),
];

/// The event of a machine check.
const MCE_RECORD: &str = "mce_record";

/// The content of a trace.
#[derive(Debug, Default)]
pub struct Trace {
    /// The events, in the order of the trace.
    pub events: Vec<TraceEvent>,
    /// Places that could not be read.
    pub problems: Vec<Problem>,
    /// Events of other kinds.
    pub others: usize,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A number of up to 32 bits.
    Number(u64),
    /// A number of 64 bits.
    Wide(u64),
    /// A signed number.
    Signed(i64),
    /// Text, without its NUL.
    Text(Vec<u8>),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The fields of an event with their values, as the kernel names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Vec<(String, Said)>);

/// Where and when an event was traced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Its bytes in the file.
    pub place: Range<u64>,
    /// The processor.
    pub cpu: Option<u32>,
    /// The trace clock's time, in nanoseconds.
    pub clock: Option<u64>,
}

/// An event of a trace.
#[derive(Debug)]
pub struct TraceEvent {
    /// The file.
    pub file: Arc<str>,
    /// The event's name.
    pub name: &'static str,
    /// Where and when it was traced.
    pub stamp: Stamp,
    /// Seconds since 1970, where the start of the trace clock is known.
    pub time: Option<u64>,
    /// Its fields.
    pub values: Values,
    /// The section descriptor and the section behind it, or a `struct mce`.
    rebuilt: Vec<u8>,
}

/// Fields that no section has a place for. Other fields are shown with the section.
const BESIDE: [&str; 12] = [
    "msg",
    "label",
    "error_count",
    "mc_index",
    "top_layer",
    "middle_layer",
    "lower_layer",
    "syndrome",
    "driver_detail",
    "dev_name",
    "bus_type",
    "err_seq",
];

/// The label of a module whose name `ghes_edac` and others do not know.
const NO_LABEL: [&[u8]; 3] = [b"", b"unknown memory", b"unknown label"];

impl Values {
    /// Adds a field.
    pub fn add(&mut self, name: &str, said: Said) {
        let said = match said {
            Said::Number(number) if is_wide(name) => Said::Wide(number),
            other => other,
        };
        self.0.push((name.into(), said));
    }

    /// The value of a field.
    fn get(&self, name: &str) -> Option<&Said> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, said)| said)
    }

    fn text(&self, name: &str) -> Option<&[u8]> {
        match self.get(name)? {
            Said::Text(text) => Some(text),
            _ => None,
        }
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Said::Number(number) | Said::Wide(number) => Some(*number),
            _ => None,
        }
    }

    /// The event as a 64-bit kernel of this version lays it out, its 8 common bytes first. A field that is not there is 0, or
    /// empty.
    fn laid_out(&self, fields: &'static [tracepoint::Field]) -> Result<Vec<u8>, String> {
        let end = tracepoint::layout(fields).last().map_or(8, |(field, offset)| offset + field.size());
        let mut event = vec![0; end.into()];
        for (field, offset) in tracepoint::layout(fields) {
            let (size, offset) = (usize::from(field.size()), usize::from(offset));
            let mut value = match self.get(field.name()) {
                Some(Said::Number(number) | Said::Wide(number)) => number.to_le_bytes().to_vec(),
                Some(Said::Signed(number)) => number.to_le_bytes().to_vec(),
                Some(Said::Text(bytes) | Said::Bytes(bytes)) => bytes.clone(),
                None => Vec::new(),
            };
            if field.is_dynamic() {
                let [start, length] = [event.len(), value.len()].map(u16::try_from);
                let (Ok(start), Ok(length)) = (start, length) else {
                    return Err(format!("{field} has {} bytes, more than an event can hold", value.len()));
                };
                let reference = u32::from(length) << 16 | u32::from(start);
                event.extend_from_slice(&value);
                value = reference.to_le_bytes().to_vec();
            }
            value.resize(size, 0);
            event[offset..offset + size].copy_from_slice(&value);
        }
        Ok(event)
    }

    /// The fields that are no bytes, for programs: a number of up to 32 bits is a number, a wider one a string.
    pub fn json(&self) -> Map<String, Value> {
        let value = |(name, said): &(String, Said)| {
            let value = match said {
                Said::Number(number) => (*number).into(),
                Said::Wide(number) => wide(*number),
                Said::Signed(number) => (*number).into(),
                Said::Text(text) => Printable(text).to_string().into(),
                Said::Bytes(_) => return None,
            };
            Some((name.clone(), value))
        };
        self.0.iter().filter_map(value).collect()
    }

    /// The fields that are no bytes, for people: all of them, or those of `BESIDE` with a value.
    pub fn told(&self, all: bool) -> impl Iterator<Item = (String, String)> + '_ {
        let shown = move |(name, said): &(String, Said)| {
            let value = match said {
                _ if !all && !BESIDE.contains(&name.as_str()) => return None,
                Said::Bytes(_) => return None,
                Said::Number(0) | Said::Wide(0) | Said::Signed(-1) if !all => return None,
                Said::Wide(number) => format!("{number:#x}"),
                Said::Number(number) => number.to_string(),
                Said::Signed(number) => number.to_string(),
                Said::Text(text) => Printable(text).to_string(),
            };
            Some((name.replace('_', " "), value))
        };
        self.0.iter().filter_map(shown)
    }
}

/// Whether a field is a register or an address, which has 64 bits whatever those of the kernel are.
fn is_wide(name: &str) -> bool {
    const MC: [&str; 5] = ["address", "syndrome", "pa", "mpidr", "midr"];
    MC.contains(&name) || machine::Field::from_name(name).is_some_and(|field| field.size() == 8)
}

impl TraceEvent {
    /// The event of these fields, with its section or `struct mce` rebuilt.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn new(file: &Arc<str>, name: &'static str, stamp: Stamp, values: Values) -> Result<Self, Problem> {
        let rebuilt = if name == MCE_RECORD { machine_check(&values) } else { section(name, &values) };
        let rebuilt = rebuilt.map_err(|why| {
            Problem::new("trace_event", stamp.place.start, format!("{name}: {why}")).value("event", name)
        })?;
        Ok(Self { file: Arc::clone(file), name, stamp, time: None, values, rebuilt })
    }

    /// The section descriptor and the section; `None` for a machine check.
    pub fn section(&self) -> Option<(&SectionDescriptor, &[u8])> {
        SectionDescriptor::ref_from_prefix(&self.rebuilt).ok().filter(|_| self.name != MCE_RECORD)
    }

    /// The rebuilt bytes: the section descriptor and the section after it, or a `struct mce`.
    pub fn rebuilt(&self) -> &[u8] {
        &self.rebuilt
    }

    /// The trace clock's time in seconds, rounded as the kernel rounds it.
    pub fn clock(&self) -> Option<String> {
        let microseconds = self.stamp.clock?.saturating_add(500) / 1000;
        Some(format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000))
    }

    /// The time for people. All trace clocks count from the boot, but one, which counts from 1970.
    pub fn uptime(&self) -> Option<String> {
        let (seconds, clock) = (self.stamp.clock? / 1_000_000_000, self.clock()?);
        Some(if seconds < 1_000_000_000 {
            format!("{clock} s after boot")
        } else {
            format!("trace clock {clock} s")
        })
    }

    /// The event's name and the processor that traced it.
    pub fn origin(&self) -> String {
        match self.stamp.cpu {
            Some(cpu) => format!("{} on CPU {cpu}", self.name),
            None => self.name.to_owned(),
        }
    }

    /// The kernel's label of the memory module.
    pub fn label(&self) -> Option<String> {
        let label = self.values.text("label").filter(|label| !NO_LABEL.contains(label))?;
        Some(Printable(label).to_string())
    }

    /// The driver's message.
    pub fn message(&self) -> Option<String> {
        let message = self.values.text("msg").filter(|message| !message.is_empty())?;
        Some(Printable(message).to_string())
    }

    /// The number of errors, if there are several.
    pub fn errors(&self) -> Option<u64> {
        self.values.number("error_count").filter(|count| *count > 1)
    }
}

/// The `struct mce` of a machine check, as long as the event's kernel has it.
fn machine_check(values: &Values) -> Result<Vec<u8>, String> {
    let mut mce = Mce::default();
    for (name, said) in &values.0 {
        let (Some(field), Said::Number(number) | Said::Wide(number)) =
            (machine::Field::from_name(name), said)
        else {
            continue;
        };
        if !field.set(&mut mce, *number) {
            return Err(format!("{name} {number:#x} is wider than the field"));
        }
    }
    if values.get("status").is_none() {
        return Err("no status".into());
    }
    let has = |name| values.get(name).is_some();
    let vendor_data = match values.get("v_data") {
        Some(Said::Bytes(bytes)) => bytes.as_slice(),
        _ => &[],
    };
    let all = mce.as_bytes();
    let size = match () {
        () if !vendor_data.is_empty() => all.len(),
        () if has("microcode") => 120,
        () if has("synd") => 104,
        () => 88,
    };
    Ok([&all[..size], vendor_data].concat())
}

/// The descriptor and the section of an event of the system `ras`.
fn section(name: &str, values: &Values) -> Result<Vec<u8>, String> {
    let version = match name {
        "aer_event" if values.get("bus_type").is_some() => Version::Linux7_3,
        "arm_event" if values.get("pei_buf").is_some() => Version::Linux6_17,
        _ => Version::Linux5_0,
    };
    let fields = Event::fields(version, name).ok_or("no event that is known")?;
    let laid_out = values.laid_out(fields)?;
    let event = Event::read(version, name, &laid_out).ok_or("no event that is known")?;
    let event = event.map_err(|error| error.to_string())?;
    // A section is no longer than its event but for fields that the event does not have.
    let mut body = vec![0; laid_out.len() + MemoryError::SIZE + PcieError::SIZE];
    let body = event.write_body(&mut body).map_err(|error| error.to_string())?;
    let mut descriptor = event.descriptor();
    if version == Version::Linux5_0 && name == "arm_event" {
        // The event has no severity.
        descriptor.set_severity(Severity::new(u32::MAX));
    }
    let descriptor =
        descriptor.with_section_offset(SectionDescriptor::SIZE as u32).with_section_length(body.len() as u32);
    Ok([descriptor.as_bytes(), body].concat())
}
