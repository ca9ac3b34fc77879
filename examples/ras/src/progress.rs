//! A bar on standard error for what takes longer than a second: bytes, rate, and what was found so far.

use std::cell::Cell;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Runs shorter than this show nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the time is looked at, in calls.
const EVERY: u64 = 256;

/// How far a run has come.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    begun: Instant,
    calls: Cell<u64>,
    records: Cell<u64>,
    bad: Cell<usize>,
    /// Bytes of the files before this one.
    done: Cell<u64>,
}

impl Progress {
    /// Nothing done yet, and nothing shown.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{bar:24} {bytes}/{total_bytes}  {bytes_per_sec}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self {
            bar,
            begun: Instant::now(),
            calls: Cell::new(0),
            records: Cell::new(0),
            bad: Cell::new(0),
            done: Cell::new(0),
        }
    }

    /// Nothing done yet of a number of files that nobody knows.
    pub fn of_files() -> Self {
        let progress = Self::new();
        let style = ProgressStyle::with_template("{spinner} {pos} files  {per_sec}  {msg}");
        progress.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        progress
    }

    /// A further file was read.
    pub fn file(&self) {
        self.bar.inc(1);
        self.tick();
    }

    /// A further file of this many bytes is begun.
    pub fn begin(&self, bytes: u64) {
        self.done.set(self.bar.length().unwrap_or(0));
        self.bar.inc_length(bytes);
        self.bad.set(0);
        self.tick();
    }

    /// The file was looked at up to here.
    pub fn reached(&self, offset: u64) {
        self.bar.set_position(self.done.get() + offset);
        self.tick();
    }

    /// Something was found; this many bad parts so far.
    pub fn found(&self, bad: usize) {
        self.records.set(self.records.get() + 1);
        self.bad.set(bad);
        self.tick();
    }

    fn tick(&self) {
        let calls = self.calls.get();
        self.calls.set(calls + 1);
        if calls % EVERY != 0 || self.begun.elapsed() < PATIENCE {
            return;
        }
        if self.bar.is_hidden() && std::io::stderr().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_message(format!("{} found, {} bad", self.records.get(), self.bad.get()));
    }

    /// Takes the bar away, before something is written where it stands.
    pub fn clear(&self) {
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }
}
