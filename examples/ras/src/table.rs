//! `ras table`: what is wrong with an ERST table, and what it does.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use erst_table::{Semantics, Table};

use crate::Outcome;
use crate::input;
use crate::message::say;
use crate::pager::Pager;
use crate::printable::Printable;
use crate::recognise::{self, Content};
use crate::unhex;

/// Checks an ERST table and lists it as a program
#[derive(Args, Debug)]
#[command(after_help = "\
Findings are those of the specification and, where Linux goes its own way, of
Linux. Exit code 2 says that Linux or the specification refuses the table.

Examples:
  ras table examples/data/tables/qemu-q35-ERST.bin
  ras table -v /sys/firmware/acpi/tables/ERST")]
pub struct CheckTable {
    /// The table, in bytes or in hex, as acpidump prints it; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Show every entry's fields too
    #[arg(short, long)]
    verbose: bool,
}

impl CheckTable {
    /// Runs the command.
    pub fn run(&self, out: Pager) -> Outcome {
        let mut outcome = Outcome::default();
        let name = Printable(self.file.as_os_str().as_encoded_bytes()).to_string();
        let bytes = match input::load(&self.file) {
            Ok(bytes) => bytes,
            Err(error) => {
                say(format_args!("{name}: {error}"));
                return outcome;
            }
        };
        let bytes = recognise::table_bytes(bytes);
        let table = match Table::parse(&bytes) {
            Ok(table) if recognise::recognise(&bytes, "") == Some(Content::Table) => table,
            Err(error) if bytes.starts_with(b"ERST") && !unhex::is_text(&bytes) => {
                say(format_args!("{name}: {error}"));
                return outcome;
            }
            _ => {
                let (bytes, _, content) = recognise::readable(bytes, "");
                let what = match content {
                    Some(_) => "something else: ras decode reads it".into(),
                    None => recognise::refusal(&bytes),
                };
                say(format_args!("{name}: no ERST table; {what}"));
                return outcome;
            }
        };
        outcome.recognised = true;
        let rules = [Semantics::Specification, Semantics::Linux];
        outcome.bad = rules.iter().any(|rules| table.accepted(*rules).is_err());
        outcome.written(self.show(out, &name, &table));
        outcome
    }

    fn show(&self, mut out: Pager, name: &str, table: &Table<'_>) -> io::Result<()> {
        let (entries, length) = (table.entries().len(), table.as_bytes().len());
        writeln!(out, "{name}: ERST table, {entries} instruction entries, {length} bytes\n")?;
        for (rules, who) in [(Semantics::Specification, "specification"), (Semantics::Linux, "Linux")] {
            let verdict = if table.accepted(rules).is_ok() { "accepted" } else { "refused" };
            writeln!(out, "{who:15}{verdict}")?;
            for finding in table.check(rules) {
                writeln!(out, "  {finding}")?;
            }
        }
        writeln!(out, "\n{}", table.to_string().trim_end())?;
        if self.verbose {
            for (number, entry) in table.entries().iter().enumerate() {
                writeln!(out, "\nentry {number}, offset {:#x}\n{entry:#?}", 48 + number * 32)?;
            }
        }
        out.finish()
    }
}
