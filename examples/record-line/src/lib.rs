//! A stored hardware-error record in one line, for places without a heap: firmware's console, a management
//! controller's event log.
//!
//! ```
//! # let bytes = include_bytes!("../../data/records/mce-intel.01-6b02986900000001.cper");
//! let line = record_line::RecordLine(bytes).to_string();
//! assert_eq!(line, "FATAL machine check on CPU 0, bank 4: level 1 data cache, data read error; context corrupt");
//! ```
//!
//! The line stands alone: severity first, then what, then where. Whatever could command a terminal is escaped, nothing
//! in it ends the line, and a record that is damaged says so.
#![no_std]
#![forbid(unsafe_code)]

use core::fmt::{self, Write};

use cper::fields::{Value, Visitor};
use cper::section::Body;
use cper::{DataEntry, FruText, Section, SectionTypeId, Severity};
use mce_record::MceRecord;
use pstore_format::inflate::Compression;
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal::{Seal, verify};

/// The line of the record at the start of these bytes.
#[derive(Clone, Copy, Debug)]
pub struct RecordLine<'a>(pub &'a [u8]);

impl fmt::Display for RecordLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = match StoredRecord::parse(self.0) {
            Ok(stored) => stored,
            Err(error) => return write!(f, "BAD {error}"),
        };
        write!(f, "{} ", Capitals(stored.severity()))?;
        match stored.payload() {
            Payload::Dmesg(text) => log(text, f)?,
            Payload::CompressedDmesg(stream) => {
                let compression = Compression::recognise(stream).name();
                write!(f, "kernel log, {} bytes in {compression}", stream.len())?;
            }
            Payload::Mce(bytes) => match MceRecord::parse(bytes) {
                Ok(mce) => write!(f, "{}", mce.summary())?,
                Err(error) => write!(f, "machine check that cannot be read: {error}")?,
            },
            Payload::Section(kind, _) => {
                let fru = stored.descriptor().and_then(cper::SectionDescriptor::fru_text);
                match stored.section_body() {
                    Some(body) => section(kind, fru, body, f)?,
                    None => write!(f, "{kind}")?,
                }
            }
            _ => sections(&stored, f)?,
        }
        if stored.record().missing() != 0 {
            write!(f, "; torn, {} bytes are missing", stored.record().missing())?;
        } else if verify(self.0) == Seal::Broken {
            f.write_str("; torn, its seal is broken")?;
        }
        Ok(())
    }
}

/// The line of an entry of a generic error status block, as in the boot error region.
#[derive(Clone, Debug)]
pub struct EntryLine<'a>(pub DataEntry<'a>);

impl fmt::Display for EntryLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = &self.0;
        write!(f, "{} ", Capitals(entry.severity()))?;
        section(entry.section_type(), entry.header().fru_text(), entry.body(), f)
    }
}

/// Bytes as text: printable ASCII as it is, everything else escaped.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| match byte {
            b' '..=b'~' => f.write_char(char::from(byte)),
            _ => write!(f, "{}", byte.escape_ascii()),
        })
    }
}

/// A severity in capitals.
struct Capitals(Severity);

impl fmt::Display for Capitals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.name() {
            Some(name) => name.chars().try_for_each(|c| f.write_char(c.to_ascii_uppercase())),
            None => write!(f, "SEVERITY {}", self.0.raw()),
        }
    }
}

/// A kernel log: its header, and the worst line of it.
fn log(text: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("kernel log")?;
    let rest = match pstore_format::dmesg::Header::parse(text) {
        Some((header, rest)) => {
            write!(f, " {header}")?;
            rest
        }
        None => text,
    };
    write!(f, ", {} bytes", text.len())?;
    let worst = pstore_format::dmesg::lines(rest).filter(|line| !line.text.is_empty()).min_by_key(|line| {
        // Of those without a level, and of equal ones, the first.
        line.level().unwrap_or(u8::MAX)
    });
    match worst {
        Some(line) => write!(f, ": {}", Printable(line.text.trim_ascii())),
        None => Ok(()),
    }
}

/// A record that is not in pstore's form: its first section, and how many more there are.
fn sections(stored: &StoredRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut sections = stored.record().sections();
    match sections.next() {
        None => f.write_str("record without sections")?,
        Some(Err(error)) => write!(f, "record whose first section cannot be found: {error}")?,
        Some(Ok(first)) => one_of(&first, f)?,
    }
    match sections.count() {
        0 => Ok(()),
        1 => f.write_str("; 1 more section"),
        more => write!(f, "; {more} more sections"),
    }
}

fn one_of(found: &Section<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    section(found.section_type(), found.descriptor().fru_text(), found.body(), f)
}

/// What a section is, whose, and what it says of itself.
fn section(
    kind: SectionTypeId,
    fru: Option<FruText>,
    body: Result<Body<'_>, cper::Error>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match kind.name() {
        Some(name) => f.write_str(name)?,
        None => write!(f, "section {kind}")?,
    }
    if let Some(text) = fru.filter(|text| !text.text().trim_ascii().is_empty()) {
        write!(f, ", {}", Printable(text.text().trim_ascii()))?;
    }
    let body = match body {
        Ok(Body::Unknown(bytes)) => return write!(f, ", {} bytes", bytes.len()),
        Ok(body) => body,
        Err(error) => return write!(f, " that cannot be read: {error}"),
    };
    let mut separator = ": ";
    for &(wanted, label) in FIELDS {
        let mut pick = Pick { out: f, wanted, before: [separator, label], found: false };
        // It ends early, as an error, when it has found what it looks for.
        let told = body.fields().describe(&mut pick);
        if pick.found {
            separator = ", ";
        } else {
            told?;
        }
    }
    Ok(())
}

/// What a line tells if a section has it, by the names of fields: what happened, then where.
const FIELDS: &[(&str, &str)] = &[
    ("memory_error_type", ""),
    ("processor_error_type", ""),
    ("error_types", ""),
    ("error_structure_type", ""),
    ("uncorrectable_error_status", ""),
    ("correctable_error_status", ""),
    ("fault_reason", ""),
    ("ccix_error_type", ""),
    ("error_record_type", ""),
    ("event_code", ""),
    ("memory_event_type", ""),
    ("device_event_type", ""),
    ("error_type", ""),
    ("operation", ""),
    ("level", "level "),
    ("mpidr_el1", "MPIDR "),
    ("local_apic_id", "APIC "),
    ("processor_id", "processor "),
    ("requester_id", "requester "),
    ("agent_type", ""),
    ("physical_address", "address "),
    ("target_address", "address "),
    ("address", "at "),
    ("agent_address", "at "),
    ("node", "node "),
    ("card", "card "),
    ("module", "module "),
    ("rank", "rank "),
    ("bank", "bank "),
    ("device", "device "),
    ("row", "row "),
    ("column", "column "),
    ("bit_position", "bit "),
];

/// Writes the first field of one name that says something.
struct Pick<'p, 'f> {
    out: &'p mut fmt::Formatter<'f>,
    wanted: &'static str,
    /// What is written before its value.
    before: [&'static str; 2],
    found: bool,
}

impl Visitor for Pick<'_, '_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
        match value {
            Value::List(list) => return list.each(&mut |item| self.field(name, item)),
            Value::Group(group) => return group.describe(self),
            _ if name != self.wanted => return Ok(()),
            _ => {}
        }
        self.show(value)
    }
}

impl Pick<'_, '_> {
    fn show(&mut self, value: Value<'_>) -> fmt::Result {
        let [separator, label] = self.before;
        let out = &mut *self.out;
        match value {
            // A number says nothing without a label.
            Value::Number(value) | Value::Count(value) if !label.is_empty() => {
                write!(out, "{separator}{label}{value}")?;
            }
            Value::Hex { value, .. } if !label.is_empty() => write!(out, "{separator}{label}{value:#x}")?,
            Value::Code { name: Some(name), value: 1.. } => write!(out, "{separator}{label}{name}")?,
            Value::Message(message) => write!(out, "{separator}{label}{message}")?,
            Value::Flags { bits, name, .. } => {
                let set = (0..64).map(|place| 1 << place).filter(|bit| bits & bit != 0).filter_map(name);
                let mut before = [separator, label];
                for name in set {
                    before.iter().try_for_each(|text| out.write_str(text))?;
                    before = [", ", ""];
                    let readable = |c: char| if c == '_' { ' ' } else { c.to_ascii_lowercase() };
                    name.chars().try_for_each(|c| out.write_char(readable(c)))?;
                }
                if before == self.before {
                    return Ok(());
                }
            }
            _ => return Ok(()),
        }
        self.found = true;
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::borrow::ToOwned;
    use std::string::{String, ToString};
    use std::vec::Vec;
    use std::{format, fs};

    /// The captured records, by name.
    fn captured() -> Vec<(String, Vec<u8>)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/records");
        let mut all: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "cper"))
            .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
            .collect();
        all.sort();
        assert!(all.len() > 40, "{folder} has {} records", all.len());
        all
    }

    #[test]
    fn captured_records_say_what_broke_and_where() {
        let all = captured();
        let line = |name: &str| {
            let (_, bytes) = all.iter().find(|(known, _)| known == name).unwrap();
            RecordLine(bytes).to_string()
        };
        let memory = "RECOVERABLE memory error: single-bit ECC, storage error in DRAM, address 0x10080040, node 1, \
                      card 2, module 3, rank 1, bank 4, device 5, row 4660, column 86, bit 7";
        assert_eq!(line("syn-foreign-creator"), memory);
        assert_eq!(line("syn-multi-section"), format!("{memory}; 2 more sections"));
        assert_eq!(
            line("pstore-rm.01-6b02987100000001"),
            "FATAL machine check on CPU 0, bank 9: memory controller, memory read error, channel not specified; \
             context corrupt"
        );
        assert_eq!(
            line("crash-none.01-6b02983500000001"),
            "FATAL kernel log Panic#1 Part1, 7917 bytes: Kernel panic - not syncing: sysrq triggered crash"
        );
        assert_eq!(line("crash-z.01-6b02982900000001"), "FATAL kernel log, 6769 bytes in deflate");
        assert_eq!(
            line("synbad.05-3000000000000005"),
            "BAD offset 0: record header needs 128 bytes, 100 available"
        );
        assert_eq!(
            line("synbad.02-3000000000000002"),
            "FATAL kernel log Panic#7 Part1, 5454 bytes: synthetic line 0; torn, 4096 bytes are missing"
        );
    }

    #[test]
    fn a_broken_seal_is_told() {
        let (_, mut record) = captured().into_iter().find(|(name, _)| name == "syn-mce").unwrap();
        pstore_format::seal::seal(&mut record).unwrap();
        let whole = RecordLine(&record).to_string();
        assert_eq!(whole, "FATAL machine check on CPU 2, bank 3: internal timer error; context corrupt");
        *record.last_mut().unwrap() ^= 1;
        assert_eq!(RecordLine(&record).to_string(), format!("{whole}; torn, its seal is broken"));
    }

    #[test]
    fn entries_of_status_blocks_have_the_same_lines() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/gesb/mem-v100-fru.gesb");
        let bytes = fs::read(file).unwrap();
        let entry = cper::StatusBlock::parse(&bytes).unwrap().entries().next().unwrap().unwrap();
        assert_eq!(
            EntryLine(entry).to_string(),
            "CORRECTED memory error, DIMM_A1: single-bit ECC, storage error in DRAM, address 0x10080040, node 1, \
             card 2, module 3, rank 1, bank 4, device 5, row 4660, column 86, bit 7"
        );
    }

    #[test]
    fn whatever_the_bytes_it_is_one_line_of_plain_text() {
        for (name, bytes) in captured() {
            let bytes = &bytes[..bytes.len().min(700)];
            for position in 0..bytes.len() {
                let mut damaged = bytes.to_vec();
                damaged[position] ^= 0xA5;
                for bytes in [&bytes[..position], &damaged] {
                    let line = RecordLine(bytes).to_string();
                    assert!(
                        !line.is_empty() && line.chars().all(|c| matches!(c, ' '..='~')),
                        "{name}: {line}"
                    );
                }
            }
        }
    }
}
