//! Linux's own lines: kernel logs unchanged, machine checks and CPER in the kernel's words.

use std::io::{self, Write};

use cper::{KernelText, Severity};
use mce_record::MceRecord;

use crate::event::{Event, Grade};
use crate::found::{Content, Section, What, at};
use crate::kernel_version::{KernelVersion, Versions};
use crate::message::say;
use crate::printable::Printable;

/// Writes Linux's lines of each event unchanged; on a terminal, control characters are escaped. Bad parts go to standard
/// error. Without a version, that of the kernel that met the event is taken.
pub fn write(
    out: &mut dyn Write,
    events: &[Event<'_>],
    to_terminal: bool,
    version: Option<KernelVersion>,
) -> io::Result<()> {
    let versions = if version.is_none() { Versions::of(events) } else { Versions::default() };
    for event in events {
        if let What::Bad(reason) = &event.found.what {
            say(format_args!("{}: {reason}", at(&event.found.place)));
            continue;
        }
        let text = printed(event, version.unwrap_or_else(|| versions.at(event)));
        if to_terminal {
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                match line.strip_suffix(b"\n") {
                    Some(line) => writeln!(out, "{}", Printable(line))?,
                    None => write!(out, "{}", Printable(line))?,
                }
            }
        } else {
            out.write_all(&text)?;
        }
    }
    Ok(())
}

/// Linux's lines of an event.
fn printed(event: &Event<'_>, version: KernelVersion) -> Vec<u8> {
    let mut out = Vec::new();
    match &event.found.what {
        What::Log(log) => log.parts().for_each(|part| out.extend_from_slice(part.text().0)),
        What::Block(block) => {
            let text = KernelText::new(block).with_version(version.cper);
            text.write_bytes(&mut |bytes| out.extend_from_slice(bytes));
            event.sections().iter().for_each(|section| machine_checks(section, version, &mut out));
        }
        _ => {
            let panic = event.grade == Grade::Fatal;
            for section in event.sections() {
                if let Content::Machine(record) = &section.content {
                    machine_check(record, panic, version, &mut out);
                } else {
                    let severity = section.severity.unwrap_or(Severity::INFORMATIONAL);
                    KernelText::of_section(section.kind, severity, section.bytes)
                        .with_version(version.cper)
                        .write_bytes(&mut |bytes| out.extend_from_slice(bytes));
                    machine_checks(section, version, &mut out);
                }
            }
        }
    }
    out
}

/// The lines of a machine check.
fn machine_check(record: &MceRecord<'_>, panic: bool, version: KernelVersion, out: &mut Vec<u8>) {
    let text = mce_record::KernelText::new(record)
        .with_prefix(mce_record::KernelText::PREFIX)
        .with_version(version.mce);
    out.extend_from_slice(text.with_panic(panic).to_string().as_bytes());
}

/// The lines of the machine checks in a section that Linux logs as such when it meets the section, each as one that did
/// not make it panic.
fn machine_checks(section: &Section<'_>, version: KernelVersion, out: &mut Vec<u8>) {
    let logged = section.machine_checks.iter().filter(|check| check.is_logged());
    logged.for_each(|check| machine_check(&check.record(), false, version, out));
}
