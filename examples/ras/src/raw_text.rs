//! The lines that `-v` adds to a record: its parts and their places, section descriptors, bytes that no field shows.

use std::io::{self, Write};

use cper::fields::Fields;
use cper::{RecordHeader, SectionDescriptor};

use crate::found::{Descriptor, Found, Part, Section, What};
use crate::not_shown::{self, NotShown};

/// The section descriptor, or the header of a data entry.
pub fn descriptor(out: &mut dyn Write, section: &Section<'_>) -> io::Result<()> {
    match &section.descriptor {
        Some(Descriptor::Record(descriptor)) => write!(out, "section descriptor\n{:2}", Fields(*descriptor)),
        Some(Descriptor::Entry(header)) => write!(out, "data entry header\n{:2}", Fields(header)),
        None => Ok(()),
    }
}

/// The places of a record's parts, with gaps and overlaps, and the bytes that no field shows.
pub fn layout(out: &mut dyn Write, found: &Found<'_>) -> io::Result<()> {
    if let What::Record(stored) = &found.what {
        let descriptors = stored.record().descriptors();
        let mut parts = vec![(0, RecordHeader::SIZE, "header".to_owned())];
        for (number, descriptor) in descriptors.iter().enumerate() {
            let at = RecordHeader::SIZE + number * SectionDescriptor::SIZE;
            parts.push((at, SectionDescriptor::SIZE, format!("section descriptor {number}")));
            let (offset, length) =
                (descriptor.section_offset() as usize, descriptor.section_length() as usize);
            parts.push((offset, length, format!("section {number}")));
        }
        parts.sort_by_key(|(at, ..)| *at);
        writeln!(out, "\nparts of the record, {} bytes", found.raw.len())?;
        let mut reached = 0;
        for (at, length, name) in &parts {
            if *at > reached {
                writeln!(out, "  {reached:#06x} {:>6}  gap", at - reached)?;
            }
            let overlap = if *at < reached { ", overlaps what is before it" } else { "" };
            let end = at.saturating_add(*length);
            let over = if end > found.raw.len() { ", exceeds the record" } else { "" };
            writeln!(out, "  {at:#06x} {length:>6}  {name}{overlap}{over}")?;
            reached = reached.max(end);
        }
        if reached < found.raw.len() {
            writeln!(out, "  {reached:#06x} {:>6}  tail", found.raw.len() - reached)?;
        }
    }
    not_shown(out, &not_shown::of(found))
}

/// The record around a part of a kernel log, and how the part's text is stored.
pub fn part(out: &mut dyn Write, part: &Part<'_>) -> io::Result<()> {
    if let Some(stored) = &part.record {
        write!(out, "{}", stored.record().header())?;
        if let Some(descriptor) = stored.descriptor() {
            write!(out, "section descriptor\n{:2}", Fields(descriptor))?;
        }
        not_shown(out, &not_shown::of_part(part))?;
    }
    if part.compressed {
        writeln!(out, "stored as {} bytes, SHA-256 {}", part.stored.len(), part.stored_sha256())?;
    }
    Ok(())
}

/// One line for each piece: its offset in the record, its part, field, reason and bytes.
fn not_shown(out: &mut dyn Write, pieces: &[NotShown<'_>]) -> io::Result<()> {
    if pieces.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nstored and not shown by a field (offset in the record)")?;
    for NotShown { offset, part, field, reason, bytes } in pieces {
        let field = field.map_or(String::new(), |field| format!(", {}", field.replace('_', " ")));
        let mut hex = String::new();
        bytes.iter().for_each(|byte| hex.push_str(&format!(" {byte:02x}")));
        writeln!(out, "  {offset:#06x}  {part}{field}, {reason}:{hex}")?;
    }
    Ok(())
}
