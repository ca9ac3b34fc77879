//! The lines that Linux itself printed: kernel logs as they are, machine checks and CPER in the kernel's words.

use std::io::{self, Write};

use cper::{KernelText, Severity};
use mce_record::KernelTextOptions;

use crate::event::{Event, Grade};
use crate::found::{Content, Found, What, at};

/// Writes what Linux printed of each thing found; bad parts go to standard error.
pub fn write(out: &mut dyn Write, found: &[Found<'_>]) -> io::Result<()> {
    for found in found {
        let event = Event::of(found);
        match &found.what {
            What::Log(log) => {
                for part in log.parts() {
                    out.write_all(&part.text().0)?;
                }
            }
            What::Bad(reason) => eprintln!("ras: {}: {reason}", at(&found.place)),
            What::Block(block) => write!(out, "{}", KernelText::new(block))?,
            _ => {
                for section in &event.sections {
                    if let Content::Machine(record) = &section.content {
                        let panic = event.grade == Grade::Fatal;
                        let text =
                            record.kernel_text(KernelTextOptions { panic, ..KernelTextOptions::default() });
                        writeln!(out, "{}", text.to_string().trim_end_matches('\n'))?;
                    } else {
                        let severity = section.severity.unwrap_or(Severity::INFORMATIONAL);
                        write!(out, "{}", KernelText::of_section(section.kind, severity, section.bytes))?;
                    }
                }
            }
        }
    }
    Ok(())
}
