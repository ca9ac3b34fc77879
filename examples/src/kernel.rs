//! The lines that Linux itself printed: kernel logs as they are, machine checks and CPER in the kernel's words.

use std::io::{self, Write};

use cper::{KernelText, Severity};

use crate::event::{Event, Grade};
use crate::found::{Content, Found, What, at};
use crate::printable::Printable;

/// Writes what Linux printed of each thing found, byte by byte; to a terminal without what could command it. Bad parts go
/// to standard error.
pub fn write(out: &mut dyn Write, found: &[Found<'_>], to_terminal: bool) -> io::Result<()> {
    for found in found {
        if let What::Bad(reason) = &found.what {
            eprintln!("ras: {}: {reason}", at(&found.place));
            continue;
        }
        let text = printed(found);
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

/// What Linux printed of something found.
fn printed(found: &Found<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match &found.what {
        What::Log(log) => log.parts().for_each(|part| out.extend_from_slice(&part.text().0)),
        What::Block(block) => KernelText::new(block).write_bytes(&mut |bytes| out.extend_from_slice(bytes)),
        _ => {
            let event = Event::of(found);
            let panic = event.grade == Grade::Fatal;
            for section in &event.sections {
                if let Content::Machine(record) = &section.content {
                    let text = mce_record::KernelText::new(record).prefix(mce_record::KernelText::PREFIX);
                    out.extend_from_slice(text.panic(panic).to_string().as_bytes());
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
