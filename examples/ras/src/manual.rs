//! Help in the forms that are installed: man pages and the completions of shells, made of the command line itself.

use std::io;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::Outcome;

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
        outcome("man pages", clap_mangen::generate_to(cli, &self.folder))
    }
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
        outcome("standard output", io::Write::write_all(&mut io::stdout(), &script))
    }
}

fn outcome(what: &str, written: io::Result<()>) -> Outcome {
    let mut outcome = Outcome { recognised: true, ..Outcome::default() };
    if let Err(error) = written {
        eprintln!("ras: {what}: {error}");
        outcome.sink_failed = true;
    }
    outcome
}
