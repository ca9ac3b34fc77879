//! A run: gives records to the archive and events to the sinks, in order, then clears, and reports to people.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::decode::{color, columns};
use crate::event::{Event, Grade, Kind as EventKind, utc};
use crate::found::{Found, What};
use crate::printable::Printable;
use crate::progress::Progress;
use crate::summary::count;
use crate::tally::Tally as Events;
use crate::text::{Detail, Text};
use crate::walk::{self, Skipped};

use super::archive::Archive;
use super::known::Known;
use super::ledger::Ledger;
use super::parts::{Held, Parts};
use super::source::{Clearable, Kind as SourceKind, Source};
use super::{Added, Collected, DATABASE, Key, Record, Sink, log};

/// Refused events that are reported one by one; further ones are counted.
const TOLD: usize = 10;

/// A run.
#[derive(Debug)]
pub struct Run<'o> {
    /// `None` if none was asked for, or it failed.
    archive: Option<Archive>,
    /// Sinks that failed are removed.
    outputs: Vec<Output>,
    /// In a run that writes and clears nothing.
    plan: Option<Plan<'o>>,
    /// The keys of this run, where no output has them.
    seen: Known,
    /// Parts of kernel logs in all sources of the machine: those of one log may be in several.
    of_machine: Parts,
    /// Parts in the files of one folder or in one store, and its path.
    of_folder: (PathBuf, Parts),
    /// For people.
    lines: Lines,
    printed: Printed,
    progress: Progress,
    /// Records that may be cleared; `None` when nothing is to be, or may be any more.
    clearable: Option<BTreeMap<PathBuf, (Source, Vec<Clearable>)>>,
    outcome: Outcome,
    tally: Tally,
}

/// A run that only says what it would do.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'o> {
    /// Where records would be archived.
    pub archive: Option<&'o Path>,
}

/// An output and its ledger.
#[derive(Debug)]
pub struct Output {
    /// The output.
    pub sink: Box<dyn Sink>,
    /// `None` where there is no archive.
    pub ledger: Option<Ledger>,
}

impl Output {
    /// Gives it an event, unless it was given it before.
    fn add(&mut self, collected: &Collected<'_, '_>) -> anyhow::Result<Added> {
        let keys = || collected.records.iter().map(Record::key);
        let Some(ledger) = &mut self.ledger else { return self.sink.add(collected) };
        if ledger.has_all(keys())? && !self.sink.lost(collected.key) {
            return Ok(Added::Known);
        }
        let added = self.sink.add(collected)?;
        if matches!(added, Added::New | Added::Known) {
            ledger.add(keys())?;
        }
        Ok(added)
    }
}

/// What is written to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printed {
    /// The events and the summary.
    Events,
    /// The summary.
    Summary,
    /// Nothing, something else is written there: the summary goes to standard error.
    Elsewhere,
}

/// The output for people.
#[derive(Debug)]
struct Lines {
    out: BufWriter<io::Stdout>,
    text: Text,
}

/// The counts of a run.
// Any combination of these can be true.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Default)]
struct Tally {
    /// New events.
    events: Events,
    /// Records that all outputs had.
    known: usize,
    /// Records that no output keeps, parts of kernel logs and others.
    unkept: [usize; 2],
    /// Whether that is because the only output has no place for them.
    no_place: bool,
    bad: usize,
    tables: usize,
    skipped: Skipped,
    refused: usize,
    /// Whether something new is in the archive, and in the other outputs, for good.
    archived: bool,
    recorded: bool,
    /// Whether something new will be there once they are committed.
    is_new_in_archive: bool,
    new_in: HashSet<String>,
    /// Outputs that failed.
    failed: Vec<String>,
    cleared: usize,
    kept: usize,
    why_kept: Option<&'static str>,
}

/// Something that was read in a file of a source, with its key.
#[derive(Debug)]
pub struct Read<'f, 'a> {
    /// Where it was found.
    pub source: &'f Source,
    /// The file in it.
    pub path: &'f Path,
    /// What it is known by, if it is a record.
    pub key: Option<Key>,
    /// Its event.
    pub event: Event<'a>,
}

impl<'o> Run<'o> {
    /// A run with these outputs.
    pub fn new(outputs: Vec<Output>, printed: Printed) -> Self {
        let stdout = io::stdout();
        let prefix: fn(Grade) -> &'static str = if log::is_journal(&stdout) { log::prefix } else { |_| "" };
        let lines = Lines {
            text: Text {
                detail: Detail::Lines,
                columns: columns(),
                color: color(),
                prefix,
                time: utc,
                cut_logs: true,
            },
            out: BufWriter::new(stdout),
        };
        Self {
            archive: None,
            outputs,
            plan: None,
            seen: Known::default(),
            of_machine: Parts::default(),
            of_folder: (PathBuf::new(), Parts::default()),
            lines,
            printed,
            progress: Progress::of_files(),
            clearable: None,
            outcome: Outcome::default(),
            tally: Tally::default(),
        }
    }

    /// The same, with an archive.
    pub fn archiving(self, archive: Archive) -> Self {
        Self { archive: Some(archive), ..self }
    }

    /// The same, which writes and clears nothing.
    pub fn planning(self, plan: Plan<'o>) -> Self {
        Self { plan: Some(plan), ..self }
    }

    /// The same, which clears records if that is asked for.
    pub fn clearing(self, clear: bool) -> Self {
        Self { clearable: clear.then(BTreeMap::new), ..self }
    }

    /// Files were read.
    pub fn read(&mut self, files: usize) {
        self.outcome.recognised |= files > 0;
        (0..files).for_each(|_| self.progress.file());
    }

    /// A file was nothing known, or something is not read.
    pub fn skip(&mut self, kind: walk::Kind) {
        self.tally.skipped.add(kind);
        self.progress.file();
    }

    /// Something could not be read.
    pub fn refuse(&mut self, message: &str) {
        self.progress.suspend(|| log::warn(message));
        self.outcome.refused = true;
    }

    /// A sink failed: this is reported, and nothing is cleared in this run.
    pub fn fail(&mut self, name: &str, error: &anyhow::Error) {
        self.progress.suspend(|| log::error(&format!("{name}: {error:#}")));
        self.outcome.sink_failed = true;
        self.tally.failed.push(name.to_owned());
        if self.clearable.take().is_some() {
            log::error("nothing is cleared: what was to keep the records has not all of them");
        }
    }

    /// Takes what was read. Parts of kernel logs are held until all of them are there.
    pub fn take(&mut self, all: &[Read<'_, '_>]) {
        let mut told: Vec<&Event<'_>> = Vec::new();
        for Read { source, path, key, event } in all {
            let found = &event.found;
            match (&found.what, key) {
                (What::Part(part), Some(key)) => {
                    let slot = found.place.slot;
                    // Only a part that names its boot or its time can be distinguished from other boots' parts in any
                    // source.
                    if source.kind != SourceKind::Files && (part.id_names_boot || part.time.is_some()) {
                        self.of_machine.hold(source, path, *key, found, part);
                    } else {
                        let folder = if slot.is_some() { path } else { path.parent().unwrap_or(path) };
                        if self.of_folder.0 != folder {
                            self.folder_is_over();
                            folder.clone_into(&mut self.of_folder.0);
                        }
                        self.of_folder.1.hold(source, path, *key, found, part);
                    }
                    let overflow = [self.of_folder.1.take_overflow(), self.of_machine.take_overflow()];
                    for parts in overflow.iter().flatten() {
                        self.logs(parts);
                    }
                    continue;
                }
                (What::Bad(_), _) => {
                    self.tally.bad += 1;
                    self.outcome.bad = true;
                    self.progress.found(self.tally.bad);
                }
                (What::Table(_), _) => self.tally.tables += 1,
                _ => {}
            }
            let Some(key) = key else {
                if matches!(found.what, What::Bad(_)) {
                    told.push(event);
                }
                continue;
            };
            let records = [Record { key: *key, raw: found.raw }];
            let new = self.keep(&Collected { key, records: &records, event }, std::slice::from_ref(found), 0);
            if !matches!(found.what, What::Bad(_)) {
                self.may_clear(new, source, path, *key, found.place.slot);
            }
            if new.is_shown() && self.printed == Printed::Events {
                told.push(event);
            }
        }
        self.print(&told);
    }

    /// Puts together the logs in a folder whose files were all read.
    fn folder_is_over(&mut self) {
        let parts = std::mem::take(&mut self.of_folder.1);
        self.logs(&parts);
    }

    /// Puts together the logs that the machine has.
    fn machine_is_over(&mut self) {
        let parts = std::mem::take(&mut self.of_machine);
        self.logs(&parts);
    }

    fn logs(&mut self, parts: &Parts) {
        parts.logs(|collected: &Collected<'_, '_>, held: &[&Held]| {
            let found: Vec<Found<'_>> = held.iter().map(|part| part.found()).collect();
            let again = held.iter().map(|part| part.met.len() - 1).sum();
            let new = self.keep(collected, &found, again);
            for part in held {
                for (source, path, slot) in &part.met {
                    self.may_clear(new, source, path, part.key, *slot);
                }
            }
            if new.is_shown() {
                self.print(&[collected.event]);
            }
        });
    }

    /// Gives an event to the archive and the outputs, with the places of its records; some of them may have been met
    /// `again` in this run.
    fn keep(&mut self, collected: &Collected<'_, '_>, records: &[Found<'_>], again: usize) -> Kept {
        let (mut new, mut kept, mut refused) = (false, false, false);
        if let Some(archive) = &mut self.archive {
            kept = true;
            let mut add = || -> anyhow::Result<()> {
                for (record, found) in collected.records.iter().zip(records) {
                    let is_new = archive.add(&record.key, found)?;
                    self.tally.is_new_in_archive |= is_new;
                    new |= is_new;
                }
                Ok(())
            };
            if let Err(error) = add() {
                kept = false;
                let name = archive.name();
                self.archive = None;
                self.fail(&name, &error);
            }
        }
        let is_planned = self.plan.is_some_and(|plan| plan.archive.is_some());
        let is_look = self.archive.is_none() && self.outputs.is_empty() && self.tally.failed.is_empty();
        if is_planned || is_look {
            kept = true;
            new |= self.is_first(collected);
        }
        let mut failed = Vec::new();
        for (place, output) in self.outputs.iter_mut().enumerate() {
            match output.add(collected) {
                Ok(Added::New) => {
                    (new, kept) = (true, true);
                    self.tally.new_in.insert(output.sink.name());
                }
                Ok(Added::Known) => kept = true,
                Ok(Added::NoPlace) => self.tally.no_place = true,
                Ok(Added::Refused(why)) => {
                    refused = true;
                    self.tally.refused += 1;
                    self.outcome.sink_failed = true;
                    if self.tally.refused <= TOLD {
                        log::error(&format!("{}: record {}: {why}", output.sink.name(), collected.key.id));
                    }
                }
                Err(error) => failed.push((place, error)),
            }
        }
        for (place, error) in failed.into_iter().rev() {
            let output = self.outputs.remove(place);
            self.fail(&output.sink.name(), &error);
        }
        let event = collected.event;
        self.tally.known += if kept { again } else { 0 };
        if !kept {
            new = self.is_first(collected);
        }
        match (new, kept) {
            (true, _) => {
                self.tally.add(event, records.len());
                self.progress.found(self.tally.bad);
            }
            (false, true) => self.tally.known += records.len(),
            // When it was met before, it was reported as kept by no output.
            (false, false) => {}
        }
        if new && !kept && event.kind != EventKind::BAD {
            self.tally.unkept[usize::from(event.kind != EventKind::KERNEL_LOG)] += records.len();
            self.outcome.bad = true;
        }
        match (kept && !refused, new) {
            (is_safe, true) => Kept::New { is_safe },
            (is_safe, false) => Kept::Known { is_safe },
        }
    }

    /// Whether an event is met for the first time in this run.
    fn is_first(&mut self, collected: &Collected<'_, '_>) -> bool {
        // Better reported twice than not at all.
        self.seen.insert_all(collected.records.iter().map(Record::key)).unwrap_or(1) != 0
    }

    /// Notes that a record may be cleared once it is in the archive for sure.
    fn may_clear(&mut self, kept: Kept, source: &Source, path: &Path, key: Key, slot: Option<usize>) {
        let (Kept::New { is_safe: true } | Kept::Known { is_safe: true }) = kept else { return };
        let Some(clearable) = &mut self.clearable else { return };
        let of_file = clearable.entry(path.to_owned()).or_insert_with(|| (source.clone(), Vec::new()));
        of_file.1.push(Clearable { key, slot });
    }

    /// Writes events for people.
    fn print(&mut self, events: &[&Event<'_>]) {
        if events.is_empty() || self.printed != Printed::Events {
            return;
        }
        let Lines { out, text } = &mut self.lines;
        // On a terminal the lines stand where the progress does.
        let is_terminal = text.columns.is_some();
        let mut tell = || {
            text.group(out, "", events, true)?;
            if is_terminal { out.flush() } else { Ok(()) }
        };
        let told = if is_terminal { self.progress.suspend(tell) } else { tell() };
        self.told(told);
    }

    /// Checks that writing succeeded; a reader that stops reading is no failure.
    fn told(&mut self, told: io::Result<()>) {
        let Err(error) = told else { return };
        self.printed = Printed::Elsewhere;
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.fail("standard output", &error.into());
        }
    }

    /// Commits, clears, and reports.
    pub fn finish(mut self) -> Outcome {
        self.folder_is_over();
        self.machine_is_over();
        self.progress.stop();
        if let Some(archive) = &mut self.archive {
            match archive.commit() {
                Ok(()) => self.tally.archived = self.tally.is_new_in_archive,
                Err(error) => {
                    let name = archive.name();
                    self.archive = None;
                    self.fail(&name, &error.into());
                }
            }
        }
        let outputs = if self.plan.is_none() { std::mem::take(&mut self.outputs) } else { Vec::new() };
        for Output { sink, ledger } in outputs {
            let name = sink.name();
            if let Some(missing) = sink.missing() {
                self.refuse(&format!("{name}: {missing}"));
            }
            if let Err(error) = sink.commit() {
                self.fail(&name, &error);
                continue;
            }
            self.tally.recorded |= self.tally.new_in.contains(&name);
            // An archive that failed keeps no ledgers.
            if let (Some(archive), Some(ledger)) = (&self.archive, ledger) {
                if let Err(error) = ledger.commit() {
                    let archive = archive.name();
                    self.fail(&archive, &anyhow::Error::from(error).context("what the outputs were given"));
                }
            }
        }
        if self.tally.refused > TOLD {
            log::error(&format!("{} more were refused", self.tally.refused - TOLD));
        }
        let clearable = self.clearable.take();
        match self.plan {
            Some(plan) => self.tell_plan(plan, clearable),
            None => self.clear(clearable.unwrap_or_default()),
        }
        let summary = self.tally.summary(self.plan.is_some());
        if self.printed == Printed::Elsewhere {
            log::info(&summary);
            return self.outcome;
        }
        self.say(&summary);
        let told = self.lines.out.flush();
        self.told(told);
        self.outcome
    }

    /// Writes a line for people.
    fn say(&mut self, line: &str) {
        let Lines { out, text } = &mut self.lines;
        let prefix = (text.prefix)(Grade::Informational);
        let told = writeln!(out, "{prefix}{line}");
        self.told(told);
    }

    /// Reports what a run without `--dry-run` would do.
    fn tell_plan(&mut self, plan: Plan<'_>, clearable: Option<BTreeMap<PathBuf, (Source, Vec<Clearable>)>>) {
        let mut lines: Vec<String> = Vec::new();
        lines.extend(plan.archive.map(|path| format!("would archive in {}", printable(path))));
        lines.extend(self.outputs.iter().map(|output| format!("would record in {}", output.sink.name())));
        if lines.is_empty() {
            lines.push("would keep nothing: no output is named".into());
        }
        let mut sources: BTreeMap<PathBuf, (usize, Option<&str>)> = BTreeMap::new();
        for (path, (source, records)) in clearable.unwrap_or_default() {
            let why = source.keeps(&records);
            let of_source = sources.entry(if source.named { path } else { source.path }).or_insert((0, why));
            of_source.0 += records.len();
        }
        for (path, (number, why)) in sources {
            let (records, path) = (count(number, "record"), printable(&path));
            lines.push(match why {
                None => format!("would clear {records} from {path}"),
                Some(why) => format!("would leave {records} in {path}: {why}"),
            });
        }
        for line in lines {
            self.say(&line);
        }
    }

    /// Clears what is in the archive for sure.
    fn clear(&mut self, clearable: BTreeMap<PathBuf, (Source, Vec<Clearable>)>) {
        let Some(archive) = &self.archive else { return };
        let keys =
            clearable.values().flat_map(|(_, records)| records.iter().map(|record| record.key)).collect();
        let confirmed = match archive.confirm(&keys) {
            Ok(confirmed) => confirmed,
            Err(error) => {
                let name = archive.name();
                return self.fail(&name, &error.into());
            }
        };
        for (path, (source, mut records)) in clearable {
            let all = records.len();
            records.retain(|record| confirmed.contains(&record.key));
            let lost = all - records.len();
            let name = printable(&path);
            if lost != 0 {
                self.refuse(&format!(
                    "{name}: {} not cleared: not in the archive as found",
                    count(lost, "record")
                ));
            }
            self.tally.kept += lost;
            if let Some(why) = source.keeps(&records) {
                self.tally.kept += records.len();
                self.tally.why_kept = Some(why);
                continue;
            }
            match source.clear(&path, &records) {
                Ok(done) => {
                    self.tally.cleared += done.cleared;
                    self.tally.kept += done.kept.len();
                    for why in &done.kept {
                        self.refuse(&format!("{name}: not cleared: {why}"));
                    }
                }
                Err(error) => {
                    self.tally.kept += records.len();
                    self.outcome.sink_failed = true;
                    log::error(&format!("{name}: cannot clear {}: {error}", count(records.len(), "record")));
                }
            }
        }
    }
}

/// What happened to an event.
#[derive(Clone, Copy, Debug)]
enum Kept {
    /// It is new to an output, or no output keeps it.
    New {
        /// Whether all outputs that have a place for it have it, and there is one.
        is_safe: bool,
    },
    /// All had it, or it was told in this run.
    Known {
        /// The same.
        is_safe: bool,
    },
}

impl Kept {
    const fn is_shown(self) -> bool {
        matches!(self, Self::New { .. })
    }
}

fn printable(path: &Path) -> String {
    Printable(path.as_os_str().as_encoded_bytes()).to_string()
}

impl Tally {
    fn add(&mut self, event: &Event<'_>, records: usize) {
        // Bad parts are counted, these among them.
        if event.kind == EventKind::BAD {
            return;
        }
        self.events.add(event, records);
    }

    /// `3 records: 1 fatal machine check, 1 fatal kernel log in 2 parts; archived, recorded, cleared`.
    fn summary(&self, is_plan: bool) -> String {
        let records = self.events.records();
        let mut line = match records {
            0 if self.known > 0 => "no new records".to_owned(),
            0 => "no records".to_owned(),
            _ => format!("{}: {}", count(records, "record"), self.events.events()),
        };
        let mut done: Vec<String> = Vec::new();
        let mut say = |said: bool, word: String| {
            if said {
                done.push(word);
            }
        };
        say(self.archived, "archived".into());
        say(self.recorded && !is_plan, "recorded".into());
        let all = records + self.known;
        say(self.cleared > 0 && self.cleared == all, "cleared".into());
        say(self.cleared > 0 && self.cleared != all, format!("{} cleared", self.cleared));
        if !done.is_empty() {
            line.push_str(&format!("; {}", done.join(", ")));
        }
        if !self.failed.is_empty() {
            line.push_str(&format!("; failed: {}", self.failed.join(", ")));
        }
        if self.refused > 0 {
            line.push_str(&format!("; {} refused", count(self.refused, "record")));
        }
        let unkept: usize = self.unkept.iter().sum();
        if unkept > 0 {
            let [parts, others] = self.unkept;
            let what = match others {
                0 => format!("{} of kernel log", count(parts, "part")),
                _ => count(unkept, "record"),
            };
            line.push_str(&format!("; {what} not kept"));
            if self.no_place {
                let (name, them) = (DATABASE, if unkept == 1 { "it" } else { "them" });
                line.push_str(&format!(": {name} has no place for {them}; --json or --archive keeps {them}"));
            }
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
        if self.tables > 0 {
            line.push_str(&format!("; {} left out, which no record is in", count(self.tables, "ERST table")));
        }
        if let Some(skipped) = self.skipped.told() {
            line.push_str(&format!("; {skipped}"));
        }
        line
    }
}
