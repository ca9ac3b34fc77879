//! Kernel logs put together: the parts of one dump, wherever its records lie, oldest text first.

use std::collections::BTreeMap;

use pstore_format::RecordId;
use pstore_format::dmesg::{self, Dump, Header};
use pstore_format::names::FileName;
use pstore_format::ramoops::EccReport;

use crate::found::{Found, Log, LogKind, Part, Piece, What};
use crate::printable::Printable;

/// Puts the logs' parts together. Each log stands where the first of its parts did.
pub fn assemble(found: Vec<Found<'_>>) -> Vec<Found<'_>> {
    let numbered = found.iter().enumerate().filter_map(|(index, found)| match &found.what {
        What::Part(part) => {
            let (header, _) = Header::parse(part.text().0)?;
            let id = part.id.unwrap_or(RecordId::UNSPECIFIED);
            let number = if part.id_names_boot { dmesg::Part::erst } else { dmesg::Part::timed };
            Some(number(header, id, part.time, index))
        }
        _ => None,
    });
    let mut parts: Vec<dmesg::Part<'_>> = numbered.collect();
    parts.sort();

    // A log is keyed by the first place that one of its parts has.
    let mut logs: BTreeMap<usize, Log<'_>> = BTreeMap::new();
    // The same parts may be there twice, as EFI variables and as the kernel's files of them. Then there are two logs,
    // not many torn ones.
    let mut rest = parts.clone();
    while !rest.is_empty() {
        let mut again = Vec::new();
        let mut copy: Vec<dmesg::Part<'_>> = Vec::new();
        for part in rest {
            let is_there = copy.last().is_some_and(|last| {
                (last.boot, last.id, last.time, last.header) == (part.boot, part.id, part.time, part.header)
            });
            if is_there { again.push(part) } else { copy.push(part) }
        }
        logs.extend(dmesg::dumps(&copy).map(|dump| {
            let first = dump.parts().iter().map(|part| part.index).min().unwrap_or_default();
            (first, log(&dump, &found))
        }));
        rest = again;
    }
    let joined: Vec<usize> = parts.iter().map(|part| part.index).collect();
    drop(parts);
    let joined: Vec<bool> = joined.into_iter().fold(vec![false; found.len()], |mut all, index| {
        all[index] = true;
        all
    });

    let mut all = Vec::with_capacity(found.len());
    for (index, one) in found.into_iter().enumerate() {
        let log = match (logs.remove(&index), &one.what) {
            (Some(log), _) => log,
            (None, What::Part(part)) if !joined[index] => {
                Log { header: None, pieces: vec![Piece::Part(None, part.clone())], repeats: false }
            }
            (None, What::Part(_)) => continue,
            (None, _) => {
                all.push(one);
                continue;
            }
        };
        all.push(Found::new(one.place, What::Log(log), one.raw));
    }
    mark_repeats(&mut all);
    all
}

/// Marks console logs whose panic a dump has too.
fn mark_repeats(all: &mut [Found<'_>]) {
    let is_other = |log: &Log<'_>| log.header.is_none() && log.kind() != LogKind::Dump;
    if !all.iter().any(|found| matches!(&found.what, What::Log(log) if is_other(log))) {
        return;
    }
    let panics: Vec<String> = all
        .iter()
        .filter_map(|found| match &found.what {
            What::Log(log) if log.header.as_ref().is_some_and(|(why, _)| why == "Panic") => reason(log),
            _ => None,
        })
        .collect();
    for found in all {
        if let What::Log(log) = &mut found.what {
            log.repeats = is_other(log) && reason(log).is_some_and(|reason| panics.contains(&reason));
        }
    }
}

fn log<'a>(dump: &Dump<'_, '_>, found: &[Found<'a>]) -> Log<'a> {
    let stored = |index: usize| -> Option<Part<'a>> {
        match &found.get(index)?.what {
            What::Part(part) => Some(part.clone()),
            _ => None,
        }
    };
    let pieces = dump.pieces().filter_map(|piece| match piece {
        dmesg::Piece::Part(part) => Some(Piece::Part(Some(part.header.part), stored(part.index)?)),
        dmesg::Piece::Missing(parts) => Some(Piece::Missing(parts)),
    });
    let header = dump.parts().first().map(|part| (part.header.why.to_owned(), part.header.count));
    Log { header, pieces: pieces.collect(), repeats: false }
}

/// The parts in a text that systemd-pstore joined: for each its name, a colon, and its text (systemd 243 to 251
/// `src/pstore/pstore.c`).
pub fn named_parts(bytes: &[u8]) -> impl Iterator<Item = (FileName<'_>, &[u8])> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let (name, text) = part_name(rest.take()?)?;
        let ends = memchr::memchr_iter(b'\n', text).map(|end| end + 1);
        let end = ends.into_iter().find(|end| part_name(&text[*end..]).is_some());
        let (text, next) = text.split_at(end.unwrap_or(text.len()));
        rest = Some(next);
        Some((name, text))
    })
}

/// The name at the start of the bytes, and what follows its line.
fn part_name(bytes: &[u8]) -> Option<(FileName<'_>, &[u8])> {
    if !bytes.starts_with(b"dmesg-") {
        return None;
    }
    let end = memchr::memchr(b'\n', &bytes[..bytes.len().min(256)])?;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    let name = FileName::parse(line.strip_suffix(':')?)?;
    Some((name, &bytes[end + 1..]))
}

/// The kernel's own reason for the panic, which is near the end of the log.
pub fn reason(log: &Log<'_>) -> Option<String> {
    let panicked = log.header.as_ref().is_none_or(|(why, _)| why == "Panic");
    // The reason is in the newest part, or in one before it when a long trace follows.
    log.parts().rev().find_map(|part| {
        let (text, _) = part.text();
        let mut lines = dmesg::lines(text).map(|line| line.text.to_vec());
        let words = |line: &[u8]| Printable(line.trim_ascii_end()).to_string();
        if panicked {
            lines.find_map(|line| line.strip_prefix(b"Kernel panic - not syncing: ").map(words))
        } else {
            lines.find(|line| is_complaint(line)).map(|line| words(&line))
        }
    })
}

/// Whether a line, without level and time, is the first one of a kernel's complaint.
pub fn is_complaint(line: &[u8]) -> bool {
    OOPSES.iter().any(|oops| line.starts_with(oops.as_bytes()))
}

/// How the first line of a kernel's complaint begins (Linux `arch/*/mm/fault.c`, `arch/*/kernel/traps.c`).
const OOPSES: [&str; 7] = [
    "BUG: ",
    "kernel BUG at ",
    "general protection fault",
    "Unable to handle kernel",
    "Internal error: ",
    "Oops: ",
    "stack segment: ",
];

/// The hardware error before the panic, in the kernel's words: the bank of a machine check, or what firmware reported
/// last.
pub fn hardware(log: &Log<'_>) -> Option<String> {
    let mark = memchr::memmem::Finder::new(b"[Hardware Error]: ");
    let (mut exception, mut told): (Option<String>, Vec<String>) = (None, Vec::new());
    for part in log.parts() {
        for line in dmesg::lines(part.text().0) {
            let Some(at) = mark.find(line.text) else { continue };
            let said = Printable(line.text[at + mark.needle().len()..].trim_ascii()).to_string();
            if said.contains(": Machine Check Exception: ") {
                exception = Some(said);
            } else if said.starts_with("event severity: ") {
                told.clear();
            } else if FIRMWARE_SAYS.iter().any(|name| said.starts_with(name)) {
                let said = said.strip_prefix("section_type: ").unwrap_or(&said);
                if !told.iter().any(|known| known == said) && told.len() < 6 {
                    told.push(said.to_owned());
                }
            }
        }
    }
    exception.or_else(|| (!told.is_empty()).then(|| told.join(", ")))
}

/// Lines with what broke and where (Linux 6.12 `drivers/firmware/efi/cper.c`).
const FIRMWARE_SAYS: [&str; 9] = [
    "section_type: ",
    "fru_text: ",
    "device_id: ",
    "aer_uncor_status: ",
    "error_type: ",
    "DIMM location: ",
    "physical_address: ",
    "Local APIC_ID: ",
    "MPIDR: ",
];

/// The last line with text.
pub fn last_line(log: &Log<'_>) -> Option<String> {
    let (text, _) = log.parts().next_back()?.text();
    // Linux's line about the memory's code is not of the log.
    let line = dmesg::lines(EccReport::split(text).0)
        .map(|line| line.text.to_vec())
        .filter(|line| !line.trim_ascii().is_empty())
        .last()?;
    Some(Printable(line.trim_ascii()).to_string().chars().take(80).collect())
}
