//! Help in the forms that are installed: man pages and the completions of shells, made of the command line itself.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::roff::{Roff, roman};

use crate::Outcome;
use crate::message::say;

/// Writes the man pages, which say more than --help
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ras man /usr/share/man/man1
  ras man . && man ./ras-decode.1")]
pub struct Man {
    /// The folder they are written to
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Man {
    /// Runs the command.
    pub fn run(&self, cli: Command) -> Outcome {
        // `ras help` has no page.
        let mut cli = cli.disable_help_subcommand(true);
        cli.build();
        let mut outcome = Outcome { recognised: true, ..Outcome::default() };
        if let Err(error) = write_pages(&cli, "", &self.folder) {
            say(format_args!("man pages: {error}"));
            outcome.sink_failed = true;
        }
        outcome
    }
}

/// Writes the page of a command and those of its subcommands. `exit_status` is that of the command above: it holds where a
/// command's own help has none.
fn write_pages(command: &Command, exit_status: &str, folder: &Path) -> io::Result<()> {
    let help = command.get_after_long_help().or_else(|| command.get_after_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    // Notes, exit codes and examples, in this order.
    let (notes, examples) = help.split_once("Example").unwrap_or((&help, ""));
    let (notes, exit_status) = notes.split_once("Exit codes: ").unwrap_or((notes, exit_status));
    for subcommand in command.get_subcommands() {
        write_pages(subcommand, exit_status, folder)?;
    }

    let about = command.get_long_about().or_else(|| command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    // clap_mangen's own synopsis leaves out the arguments of the command above.
    let usage = command.clone().render_usage().to_string();
    let command = command
        .clone()
        .override_usage(usage.trim_start_matches("Usage: ").to_owned())
        .long_about(format!("{about}\n\n{notes}"))
        .after_help(Resettable::Reset)
        .after_long_help(Resettable::Reset)
        // A page has room for what is left out of the short help.
        .mut_args(|argument| argument.hide_short_help(false));
    let page = clap_mangen::Man::new(command).source(concat!("ras ", env!("CARGO_PKG_VERSION")));

    let mut end = Roff::new();
    end.control("SH", ["EXIT STATUS"]).text([roman(exit_status.trim().replace('\n', " "))]);
    end.control("SH", ["EXAMPLES"]).control("nf", []);
    for example in examples.lines().skip(1) {
        end.text([roman(example)]);
    }
    end.control("fi", []);
    let mut file = fs::File::create(folder.join(page.get_filename()))?;
    page.render(&mut file)?;
    end.to_writer(&mut file)
}

/// Writes the completions of a shell to standard output
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ras completions bash > /usr/share/bash-completion/completions/ras
  ras completions zsh > /usr/share/zsh/site-functions/_ras")]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    /// Runs the command.
    pub fn run(&self, mut cli: Command) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut cli, "ras", &mut script);
        let mut out = io::stdout().lock();
        let mut outcome = Outcome { recognised: true, ..Outcome::default() };
        outcome.written(out.write_all(&script).and_then(|()| out.flush()));
        outcome
    }
}
