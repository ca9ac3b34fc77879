//! The lines that Linux itself printed: kernel logs as they are, machine checks and CPER in the kernel's words.

use std::io::{self, Write};

use cper::{KernelText, Severity};
use mce_record::KernelTextOptions;

use crate::event::{Event, Grade};
use crate::found::{Content, What, at};
use crate::printable::Printable;

/// Writes what Linux printed of each event, byte by byte; to a terminal without what could command it. Bad parts go
/// to standard error.
pub fn write(out: &mut dyn Write, events: &[Event<'_>], to_terminal: bool) -> io::Result<()> {
    for event in events {
        if let What::Bad(reason) = &event.found.what {
            eprintln!("ras: {}: {reason}", at(&event.found.place));
            continue;
        }
        let text = printed(event);
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

/// What Linux printed of an event.
fn printed(event: &Event<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match &event.found.what {
        What::Log(log) => log.parts().for_each(|part| out.extend_from_slice(part.text().0)),
        What::Block(block) => KernelText::new(block).write_bytes(&mut |bytes| out.extend_from_slice(bytes)),
        _ => {
            let panic = event.grade == Grade::Fatal;
            for section in event.sections() {
                if let Content::Machine(record) = &section.content {
                    let options = KernelTextOptions { panic, ..KernelTextOptions::default() };
                    let text = record.kernel_text(options).to_string();
                    out.extend_from_slice(text.trim_end_matches('\n').as_bytes());
                    out.push(b'\n');
                } else {
                    let severity = section.severity.unwrap_or(Severity::INFORMATIONAL);
                    KernelText::of_section(section.kind, severity, section.bytes)
                        .write_bytes(&mut |bytes| out.extend_from_slice(bytes));
                }
            }
        }
    }
    out
}
