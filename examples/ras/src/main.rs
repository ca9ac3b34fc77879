//! `ras` reads the hardware-error records that a machine wrote before it died.

// `pub` says what a module offers to the program's other modules.
#![allow(unreachable_pub)]
// A print panics where its stream cannot be written: messages go through `message`, and outputs say what failed.
#![cfg_attr(not(test), deny(clippy::print_stderr, clippy::print_stdout))]
// Text is formatted in memory, where writing cannot fail; a panic there would be a bug to find.
#![allow(clippy::format_push_string, clippy::cast_precision_loss)]

mod collect;
mod decode;
mod erst;
mod events;
mod local;
mod manual;
mod name_files;
mod output_files;
mod pager;
mod progress;
mod select;
mod table;

use std::io;
use std::process::ExitCode;

use clap::{ArgAction, CommandFactory, Parser, Subcommand};
use pager::Pager;
use ras::{
    dmesg, dmi, event, found, input, json, kernel, kernel_version, key, labels, machine_check, message,
    names, pci_ids, printable, problem, ramoops, recognise, scan, screen, summary, tally, text, trace, unhex,
    walk,
};

/// What a dying machine left behind, made readable
#[derive(Parser, Debug)]
#[command(
    name = "ras",
    version,
    max_term_width = 80,
    disable_help_flag = true,
    after_help = "\
Every command has --help, --color WHEN (auto, always, never) and --no-pager.
Exit codes: 0 all read, 1 nothing or wrong usage, 2 some bad, 3 output failed.

Examples:
  ras decode examples/data/erst-images/mce-intel.img
  ras decode -q /sys/fs/pstore"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colour
    #[arg(long, global = true, hide_short_help = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// Write to the terminal itself
    ///
    /// Where the output does not fit on a terminal it goes through a pager: the one that RAS_PAGER or PAGER names, or less,
    /// with the options FRX where LESS has none. An empty name and cat are none.
    #[arg(long, global = true, hide_short_help = true)]
    no_pager: bool,
    /// Print help
    #[arg(short, long, global = true, hide_short_help = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

#[derive(Subcommand, Debug)]
enum Command {
    Decode(decode::Decode),
    Events(events::Events),
    Collect(collect::Collect),
    Table(table::CheckTable),
    Erst(erst::Erst),
    Man(manual::Man),
    Completions(manual::Completions),
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// How a run went, which makes its exit code.
// Four things that can happen in any combination.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Something was recognised.
    recognised: bool,
    /// Something that was named could not be read, or was nothing.
    refused: bool,
    /// A record was bad, or no output keeps it.
    bad: bool,
    /// What was to take the records did not.
    sink_failed: bool,
}

impl Outcome {
    /// Notes how writing to standard output went. A reader that stops reading is no failure.
    fn written(&mut self, written: io::Result<()>) {
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                message::say(format_args!("standard output: {error}"));
                self.sink_failed = true;
            }
            _ => {}
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome { sink_failed: true, .. } => 3,
            Outcome { recognised: false, .. } => 1,
            Outcome { refused: true, .. } | Outcome { bad: true, .. } => 2,
            _ => 0,
        })
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::from(error.use_stderr());
            // If this fails there is nowhere left to report it.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match cli.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    match cli.command {
        Command::Decode(command) => command.run(Pager::new(!cli.no_pager)).into(),
        Command::Events(command) => command.run(!cli.no_pager).into(),
        Command::Collect(command) => command.run().into(),
        Command::Table(command) => command.run(Pager::new(!cli.no_pager)).into(),
        Command::Erst(command) => command.run().into(),
        Command::Man(command) => command.run(Cli::command()).into(),
        Command::Completions(command) => command.run(Cli::command()).into(),
    }
}
