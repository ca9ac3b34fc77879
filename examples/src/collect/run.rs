//! What a run does with what was found: archive and sinks in order, then clearing, and what people are told.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::decode::{color, columns};
use crate::dmesg;
use crate::event::{Event, Grade, Kind as EventKind};
use crate::found::{Found, What};
use crate::printable::Printable;
use crate::progress::Progress;
use crate::scan::count;
use crate::text::{Detail, Text};

use super::archive::Archive;
use super::known::Known;
use super::source::{Claim, Source};
use super::{Added, Collected, Key, Sink, log};

/// Refusals of single events that are told; of the others their number.
const TOLD: usize = 10;

/// A run.
#[derive(Debug)]
pub struct Run<'o> {
    /// The archive first, then the others; one that failed is gone.
    sinks: Vec<Keeper>,
    archive: Option<&'o Path>,
    /// Keys met, where no sink knows which are.
    seen: Known,
    /// For people.
    lines: Lines,
    tell: Tell,
    progress: Progress,
    /// What may be cleared; `None` when nothing is to be, or may be any more.
    claims: Option<BTreeMap<PathBuf, (Source, Vec<Claim>)>>,
    outcome: Outcome,
    tally: Tally,
}

/// A sink, and whether it is the archive.
#[derive(Debug)]
pub struct Keeper {
    /// The sink.
    pub sink: Box<dyn Sink>,
    /// Whether it is the archive.
    pub is_archive: bool,
}

/// What people are told on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// The events and the summary.
    Events,
    /// The summary.
    Summary,
    /// Nothing, something else is written there: the summary goes to standard error.
    Elsewhere,
}

/// What people read.
#[derive(Debug)]
struct Lines {
    out: BufWriter<io::Stdout>,
    text: Text,
}

/// What a run has met and done.
#[derive(Debug, Default)]
struct Tally {
    /// How many of each kind are new, in the order they were met.
    kinds: Vec<(Option<Grade>, EventKind, usize)>,
    known: usize,
    bad: usize,
    skipped: usize,
    refused: usize,
    archived: bool,
    recorded: bool,
    cleared: usize,
    kept: usize,
    why_kept: Option<&'static str>,
}

/// An event, where it was found, and what it is known by.
pub type Read<'f, 'a> = (&'f Source, &'f Path, Option<Key>, Event<'f, 'a>);

impl<'o> Run<'o> {
    /// A run with these sinks, the archive first, if there is one.
    pub fn new(sinks: Vec<Keeper>, archive: Option<&'o Path>, tell: Tell, clear: bool) -> Self {
        let stdout = io::stdout();
        let prefix: fn(Grade) -> &'static str = if log::is_journal(&stdout) { log::prefix } else { |_| "" };
        let lines = Lines {
            text: Text { detail: Detail::Lines, columns: columns(), color: color(), prefix },
            out: BufWriter::new(stdout),
        };
        Self {
            sinks,
            archive,
            seen: Known::default(),
            lines,
            tell,
            progress: Progress::of_files(),
            claims: clear.then(BTreeMap::new),
            outcome: Outcome::default(),
            tally: Tally::default(),
        }
    }

    /// Files were read.
    pub fn read(&mut self, files: usize) {
        self.outcome.recognised |= files > 0;
        (0..files).for_each(|_| self.progress.file());
    }

    /// A file was nothing known.
    pub fn skip(&mut self) {
        self.tally.skipped += 1;
        self.progress.file();
    }

    /// Something could not be read.
    pub fn refuse(&mut self, message: &str) {
        self.progress.clear();
        log::warn(message);
        self.outcome.refused = true;
    }

    /// A sink failed: it is told, and nothing is cleared in this run.
    pub fn fail(&mut self, name: &str, error: &anyhow::Error) {
        self.progress.clear();
        log::error(&format!("{name}: {error:#}"));
        self.outcome.sink_failed = true;
        if self.claims.take().is_some() {
            log::error("nothing is cleared: what was to keep the records has not all of them");
        }
    }

    /// Gives events to the sinks.
    pub fn take(&mut self, events: &[Read<'_, '_>]) {
        let mut told: Vec<Found<'_>> = Vec::new();
        for (source, path, key, event) in events {
            let is_bad = matches!(event.found.what, What::Bad(_));
            if is_bad {
                self.tally.bad += 1;
                self.outcome.bad = true;
                self.progress.found(self.tally.bad);
            }
            let new = match key {
                Some(key) => self.keep(source, path, key, event),
                None => is_bad,
            };
            if new {
                self.progress.found(self.tally.bad);
                if self.tell == Tell::Events {
                    told.push(event.found.clone());
                }
            }
        }
        self.tell(told);
    }

    /// Gives an event to the sinks; whether it is new to one of them.
    fn keep(&mut self, source: &Source, path: &Path, key: &Key, event: &Event<'_, '_>) -> bool {
        let collected = Collected { key, event };
        // Better told twice than not at all.
        let (mut new, mut refused) =
            (self.sinks.is_empty() && self.seen.insert(key.digest).unwrap_or(true), false);
        let mut failed = Vec::new();
        for (place, Keeper { sink, is_archive }) in self.sinks.iter_mut().enumerate() {
            match sink.add(&collected) {
                Ok(Added::New) => {
                    new = true;
                    self.tally.archived |= *is_archive;
                    self.tally.recorded |= !*is_archive;
                }
                Ok(Added::Known | Added::Elsewhere) => {}
                Ok(Added::Refused(why)) => {
                    refused = true;
                    self.tally.refused += 1;
                    self.outcome.sink_failed = true;
                    if self.tally.refused <= TOLD {
                        log::error(&format!("{}: record {}: {why}", sink.name(), key.id));
                    }
                }
                Err(error) => failed.push((place, error)),
            }
        }
        for (place, error) in failed.into_iter().rev() {
            let keeper = self.sinks.remove(place);
            self.fail(&keeper.sink.name(), &error);
        }
        if let (Some(claims), false, false) =
            (&mut self.claims, refused, matches!(event.found.what, What::Bad(_)))
        {
            let of_file = claims.entry(path.to_owned()).or_insert_with(|| (source.clone(), Vec::new()));
            of_file.1.push(Claim { key: *key, slot: event.found.place.slot });
        }
        if new {
            self.tally.add(event);
        } else {
            self.tally.known += 1;
        }
        new
    }

    /// Tells people of events, the parts of a kernel log put together.
    fn tell(&mut self, found: Vec<Found<'_>>) {
        if found.is_empty() {
            return;
        }
        let told = self.lines.text.group(&mut self.lines.out, "", &dmesg::rejoin(found), true);
        self.told(told);
    }

    /// What became of telling people: who reads no further is no failure.
    fn told(&mut self, told: io::Result<()>) {
        let Err(error) = told else { return };
        self.tell = Tell::Elsewhere;
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.fail("standard output", &error.into());
        }
    }

    /// Commits, clears, and tells how it went.
    pub fn finish(mut self) -> Outcome {
        self.progress.clear();
        for Keeper { sink, .. } in std::mem::take(&mut self.sinks) {
            let name = sink.name();
            if let Err(error) = sink.commit() {
                self.fail(&name, &error);
            }
        }
        if self.tally.refused > TOLD {
            log::error(&format!("{} more were refused", self.tally.refused - TOLD));
        }
        if let Some(claims) = self.claims.take() {
            self.clear(claims);
        }
        let summary = self.tally.summary();
        if self.tell == Tell::Elsewhere {
            log::info(&summary);
            return self.outcome;
        }
        let Lines { out, text } = &mut self.lines;
        let prefix = (text.prefix)(Grade::Informational);
        let told = writeln!(out, "{prefix}{summary}").and_then(|()| out.flush());
        self.told(told);
        self.outcome
    }

    /// Clears what is in the archive for sure.
    fn clear(&mut self, claims: BTreeMap<PathBuf, (Source, Vec<Claim>)>) {
        let Some(archive) = self.archive else { return };
        let keys = claims.values().flat_map(|(_, claims)| claims.iter().map(|claim| claim.key)).collect();
        let confirmed = match Archive::confirm(archive, &keys) {
            Ok(confirmed) => confirmed,
            Err(error) => return self.fail("archive", &error.into()),
        };
        for (path, (source, mut claims)) in claims {
            let all = claims.len();
            claims.retain(|claim| confirmed.contains(&claim.key));
            let lost = all - claims.len();
            let name = Printable(path.as_os_str().as_encoded_bytes()).to_string();
            if lost != 0 {
                self.refuse(&format!(
                    "{name}: {} not cleared: not in the archive as found",
                    count(lost, "record")
                ));
            }
            self.tally.kept += lost;
            let keeps = source.kind.keeps().filter(|_| claims.iter().all(|claim| claim.slot.is_none()));
            if let Some(why) = keeps {
                self.tally.kept += claims.len();
                self.tally.why_kept = Some(why);
                continue;
            }
            match source.clear(&path, &claims) {
                Ok(done) => {
                    self.tally.cleared += done.cleared;
                    self.tally.kept += done.kept.len();
                    for why in &done.kept {
                        self.refuse(&format!("{name}: not cleared: {why}"));
                    }
                }
                Err(error) => {
                    self.tally.kept += claims.len();
                    self.outcome.sink_failed = true;
                    log::error(&format!("{name}: cannot clear {}: {error}", count(claims.len(), "record")));
                }
            }
        }
    }
}

impl Tally {
    fn add(&mut self, event: &Event<'_, '_>) {
        let kind = event.kind;
        // Bad parts are counted, these among them.
        if kind == EventKind::BAD {
            return;
        }
        // How bad a part of a log is says only why the log was kept.
        let grade = (kind != EventKind::KERNEL_LOG).then_some(event.grade);
        match self.kinds.iter_mut().find(|(of, known, _)| (*of, *known) == (grade, kind)) {
            Some((_, _, number)) => *number += 1,
            None => self.kinds.push((grade, kind, 1)),
        }
    }

    /// `3 records: 1 fatal machine check, 2 parts of kernel log; archived, recorded, cleared`.
    fn summary(&self) -> String {
        let records: usize = self.kinds.iter().map(|(_, _, number)| number).sum();
        let kinds: Vec<String> = self
            .kinds
            .iter()
            .map(|(grade, kind, number)| {
                let noun = if *number == 1 { kind.one } else { kind.many };
                match grade {
                    Some(grade) => format!("{number} {grade} {noun}"),
                    None if *kind == EventKind::KERNEL_LOG => {
                        format!("{} of kernel log", count(*number, "part"))
                    }
                    None => format!("{number} {noun}"),
                }
            })
            .collect();
        let mut line = match records {
            0 if self.known > 0 => "no new records".to_owned(),
            0 => "no records".to_owned(),
            _ => format!("{}: {}", count(records, "record"), kinds.join(", ")),
        };
        let mut done: Vec<String> = Vec::new();
        let mut say = |said: bool, word: String| {
            if said {
                done.push(word);
            }
        };
        say(self.archived, "archived".into());
        say(self.recorded, "recorded".into());
        let all = records + self.known;
        say(self.cleared > 0 && self.cleared == all, "cleared".into());
        say(self.cleared > 0 && self.cleared != all, format!("{} cleared", self.cleared));
        if !done.is_empty() {
            line.push_str(&format!("; {}", done.join(", ")));
        }
        if self.known > 0 {
            line.push_str(&format!("; {} collected already", self.known));
        }
        if self.bad > 0 {
            line.push_str(&format!("; {}", count(self.bad, "bad part")));
        }
        if let (Some(why), 1..) = (self.why_kept, self.kept) {
            line.push_str(&format!("; {} left: {why}", self.kept));
        }
        if self.skipped > 0 {
            line.push_str(&format!("; {} of other kinds left out", count(self.skipped, "file")));
        }
        line
    }
}
