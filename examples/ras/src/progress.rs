//! A line on standard error for runs longer than a second: how much is done, how fast, the time left, and what was
//! found so far. It is removed before anything else is written.

use std::cell::{Cell, OnceCell};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::input;
use crate::summary::{count, size};

/// Runs shorter than this show nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(100);

/// How often the time is looked at, in calls.
const CALLS: u64 = 64;

/// Characters of the bar.
const BAR: u64 = 24;

/// How far a run has come.
#[derive(Debug)]
pub struct Progress {
    /// The arguments of the run, whose bytes are counted once they are needed. `None` where files are counted, whose
    /// number is not known.
    arguments: Option<Vec<PathBuf>>,
    total: OnceCell<Option<u64>>,
    begun: Instant,
    written: Cell<Duration>,
    calls: Cell<u64>,
    /// Whether the line stands there.
    is_shown: Cell<bool>,
    is_stopped: Cell<bool>,
    found: Cell<usize>,
    bad: Cell<usize>,
    /// Bad parts in the files before this one.
    bad_before: Cell<usize>,
    /// Files, or bytes.
    done: Cell<u64>,
    /// Bytes of the files before this one.
    before: Cell<u64>,
    /// Bytes of this one.
    length: Cell<u64>,
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
        Self {
            arguments,
            total: OnceCell::new(),
            begun: Instant::now(),
            written: Cell::new(Duration::ZERO),
            calls: Cell::new(0),
            is_shown: Cell::new(false),
            is_stopped: Cell::new(!io::stderr().is_terminal()),
            found: Cell::new(0),
            bad: Cell::new(0),
            bad_before: Cell::new(0),
            done: Cell::new(0),
            before: Cell::new(0),
            length: Cell::new(0),
        }
    }

    /// A further file was read.
    pub fn file(&self) {
        self.done.set(self.done.get() + 1);
        self.tick();
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
        self.done.set(self.before.get() + offset);
        self.tick();
    }

    /// Something was found; this many bad parts in this file so far.
    pub fn found(&self, bad: usize) {
        self.found.set(self.found.get() + 1);
        self.bad.set(self.bad_before.get() + bad);
        self.tick();
    }

    fn tick(&self) {
        let calls = self.calls.get();
        self.calls.set(calls + 1);
        if self.is_stopped.get() || calls % CALLS != 0 {
            return;
        }
        let elapsed = self.begun.elapsed();
        if elapsed < PATIENCE || elapsed < self.written.get() + EVERY {
            return;
        }
        self.written.set(elapsed);
        let columns = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(columns, _)| columns.0);
        let line: String = self.line(elapsed).chars().take(usize::from(columns).saturating_sub(1)).collect();
        self.is_shown.set(true);
        // A progress line that cannot be written is no error.
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
    }

    fn line(&self, elapsed: Duration) -> String {
        let (done, millis) = (self.done.get(), (elapsed.as_millis() as u64).max(1));
        let rate = done.saturating_mul(1000) / millis;
        let (found, bad) = (self.found.get(), self.bad.get());
        let Some(arguments) = &self.arguments else {
            return format!("{}, {rate} a second, {found} found, {bad} bad", count(done as usize, "file"));
        };
        let speed = format!("{} a second, {found} found, {bad} bad", size(rate as usize));
        match *self.total.get_or_init(|| input::length(arguments)) {
            Some(total) if total >= done && rate > 0 => {
                let filled = (BAR * done / total) as usize;
                let bar = format!("{}{}", "=".repeat(filled), " ".repeat(BAR as usize - filled));
                let left = time((total - done).div_ceil(rate));
                format!("[{bar}] {} of {}, {left} left, {speed}", size(done as usize), size(total as usize))
            }
            _ => format!("{}, {speed}", size(done as usize)),
        }
    }

    /// Takes the line away, before something is written where it stands.
    pub fn clear(&self) {
        if self.is_shown.replace(false) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    /// Shows nothing from now on: the pager has the terminal.
    pub fn stop(&self) {
        self.clear();
        self.is_stopped.set(true);
    }
}

/// A time to wait, for people.
fn time(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_told_by_what_is_done_of_all_of_it() {
        let progress = Progress::of_bytes(vec!["Cargo.toml".into()]);
        progress.total.set(Some(4 << 20)).unwrap();
        progress.begin(1 << 20);
        progress.found(1);
        progress.begin(3 << 20);
        progress.found(2);
        assert_eq!(
            progress.line(Duration::from_secs(2)),
            "[======                  ] 1 MiB of 4 MiB, 6 s left, 512 KiB a second, 2 found, 3 bad"
        );
        progress.reached(3 << 20);
        assert_eq!(
            progress.line(Duration::from_secs(4)),
            "[========================] 4 MiB of 4 MiB, 0 s left, 1 MiB a second, 2 found, 3 bad"
        );
        assert_eq!([119, 3600, 86_399].map(time), ["119 s", "60 min", "23 h 59 min"]);
    }

    #[test]
    fn of_a_pipe_nobody_knows_how_long_it_takes() {
        let progress = Progress::of_bytes(vec!["-".into()]);
        progress.begin(0);
        progress.reached(2048);
        assert_eq!(progress.line(Duration::from_secs(1)), "2 KiB, 2 KiB a second, 0 found, 0 bad");
    }
}
