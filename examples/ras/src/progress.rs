//! A line on standard error for runs longer than a second: how much is done, how fast, the time left, and what was
//! found so far. It is removed before anything else is written.

use std::cell::Cell;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::walk;

/// Runs shorter than this show nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is shown where the number of bytes is known, where it is not, and of files.
const OF_BYTES: &str = "[{bar:24}] {bytes} of {total_bytes}, {eta} left, {bytes_per_sec}, {msg}";
const OF_A_PIPE: &str = "{bytes}, {bytes_per_sec}, {msg}";
const OF_FILES: &str = "{pos} files, {per_sec}, {msg}";

/// How far a run has come.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    /// The arguments of the run, whose bytes are counted once they are needed. `None` where files are counted, whose
    /// number is not known.
    arguments: Option<Vec<PathBuf>>,
    shown: Cell<Shown>,
    found: Cell<usize>,
    bad: Cell<usize>,
    /// Bad parts in the files before this one.
    bad_before: Cell<usize>,
    /// Bytes of the files before this one, and of this one.
    before: Cell<u64>,
    length: Cell<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    NotYet,
    Now,
    NoMore,
}

impl Progress {
    /// Nothing done yet of the bytes of these files.
    pub fn of_bytes(arguments: Vec<PathBuf>) -> Self {
        Self::new(Some(arguments))
    }

    /// Nothing done yet of a number of files that nobody knows.
    pub fn of_files() -> Self {
        Self::new(None)
    }

    fn new(arguments: Option<Vec<PathBuf>>) -> Self {
        let shown = if io::stderr().is_terminal() { Shown::NotYet } else { Shown::NoMore };
        Self {
            bar: ProgressBar::hidden(),
            arguments,
            shown: Cell::new(shown),
            found: Cell::new(0),
            bad: Cell::new(0),
            bad_before: Cell::new(0),
            before: Cell::new(0),
            length: Cell::new(0),
        }
    }

    /// A further file was read.
    pub fn file(&self) {
        self.reached(1);
        self.before.set(self.before.get() + 1);
    }

    /// A further file of this many bytes is begun.
    pub fn begin(&self, bytes: u64) {
        self.before.set(self.before.get() + self.length.get());
        self.length.set(bytes);
        self.bad_before.set(self.bad.get());
        self.reached(0);
    }

    /// The file was looked at up to here.
    pub fn reached(&self, offset: u64) {
        match self.shown.get() {
            Shown::NoMore => return,
            Shown::NotYet if self.bar.elapsed() >= PATIENCE => self.show(),
            _ => {}
        }
        self.bar.set_position(self.before.get() + offset);
    }

    /// Something was found; this many bad parts in this file so far.
    pub fn found(&self, bad: usize) {
        self.found.set(self.found.get() + 1);
        self.bad.set(self.bad_before.get() + bad);
        if self.shown.get() == Shown::Now {
            self.bar.set_message(self.message());
        }
    }

    fn message(&self) -> String {
        format!("{} found, {} bad", self.found.get(), self.bad.get())
    }

    fn show(&self) {
        let template = match self.arguments.as_deref().map(walk::length) {
            None => OF_FILES,
            Some(None) => OF_A_PIPE,
            Some(Some(total)) => {
                self.bar.set_length(total);
                OF_BYTES
            }
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.set_message(self.message());
        self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        self.shown.set(Shown::Now);
    }

    /// Takes the line away while something else is written where it stands.
    pub fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }

    /// Shows nothing from now on: the pager has the terminal.
    pub fn stop(&self) {
        self.bar.finish_and_clear();
        self.shown.set(Shown::NoMore);
    }
}
