//! `ras collect`: moves the records of earlier boots into the tools that people use, and only then clears them from the
//! flash.
//!
//! Data flow one way: a [`source`] names files, [`crate::scan`] finds records in them, each becomes a [`Collected`],
//! and every [`Sink`] is offered it. The order of work makes it safe: first the raw record is in the archive and on the
//! disk, then the sinks are committed, then the record is cleared from its source, if it is still the record that was
//! archived.
//!
//! A record is identified by its [`Key`] everywhere. A sink keeps the keys of its events and takes no event twice; so a
//! second run, or a run after a crash at any point, neither loses nor doubles an event. An archive also has a
//! [`ledger`] of each sink, so that a sink may be emptied.
//!
//! An event is a record, or a kernel log, whose parts are records: [`parts`] puts them together. The archive keeps
//! records, and records are cleared; sinks are given events, with the keys of their records.

#[cfg(all(test, feature = "parquet", feature = "sqlite"))]
mod agreement;
mod archive;
mod json;
mod known;
pub mod ledger;
mod log;
#[cfg_attr(not(feature = "parquet"), allow(dead_code))]
mod memory_place;
#[cfg(feature = "parquet")]
mod parquet;
mod parts;
mod prometheus;
#[cfg(feature = "sqlite")]
mod rasdaemon;
mod read;
mod replace;
mod run;
#[cfg(test)]
mod samples;
// Without Parquet, Prometheus uses nothing but the name of a component.
#[cfg_attr(not(feature = "parquet"), allow(dead_code))]
mod schema;
mod sink;
mod source;
mod ticket_lock;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::Outcome;
use crate::decode::RamoopsLayout;
use crate::event::Event;
use crate::input;
use crate::json::Extent;
use crate::name_files::NameFiles;
use crate::output_files::{Identity, Readers, is_busy};

use archive::Archive;

use json::Json;
use ledger::Ledger;
#[cfg(feature = "parquet")]
use parquet::Parquet;
use prometheus::Prometheus;
#[cfg(feature = "sqlite")]
use rasdaemon::Database;
use run::{Output, Plan, Printed, Run};
use sink::Planned;
use source::Source;

pub use crate::key::Key;

pub use sink::{Added, Sink};

/// Where rasdaemon has its database.
const DATABASE: &str = "rasdaemon's database";

/// Collects and keeps what the last boot left behind, and clears it
// Each option that is a word.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Debug)]
#[command(
    after_help = "\
Examples:
  ras collect examples/data/erst-images/mce-intel.img
  ras collect --clear --sqlite /var/lib/rasdaemon/ras-mc_event.db",
    after_long_help = "\
Sources are looked for in /dev/erst_dbg, EFI variables, pstore, the BERT region and
systemd-pstore's archive. What an output has is not given to it again; with an archive
that holds after the output was rotated too.
Exit codes: 0 all read, 1 nothing recognised or wrong usage, 2 some records bad, kept
by no output or not cleared, 3 an output failed or another run has it: then nothing
is cleared.

Examples:
  ras collect examples/data/erst-images/mce-intel.img
  ras collect --clear --sqlite /var/lib/rasdaemon/ras-mc_event.db"
)]
pub struct Collect {
    /// Files, folders, ERST images, Linux's ERST device; all that this machine has if none is named
    #[arg(value_name = "SOURCE", hide_short_help = true)]
    sources: Vec<PathBuf>,
    /// Add rows to rasdaemon's database
    #[cfg_attr(not(feature = "sqlite"), doc = "(not in this build)")]
    ///
    /// It is made if it is not there.
    #[arg(long, value_name = "DB")]
    sqlite: Option<PathBuf>,
    /// Append an object a line to it; - is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// For --json: the record's bytes in hex, too
    #[arg(long, requires = "json")]
    raw: bool,
    /// Add rows to this Parquet file
    #[cfg_attr(not(feature = "parquet"), doc = "(not in this build)")]
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// Write counts for Prometheus' node exporter to it
    #[arg(long, value_name = "FILE")]
    prometheus: Option<PathBuf>,
    /// Keep the raw records in this folder
    #[arg(long, value_name = "DIR")]
    archive: Option<PathBuf>,
    /// Clear from its store what was archived and recorded
    ///
    /// The archive is /var/lib/ras/archive unless said.
    #[arg(long)]
    clear: bool,
    /// Write and clear nothing, tell what would be done
    ///
    /// That is as if the outputs were empty.
    #[arg(long)]
    dry_run: bool,
    /// Let this group read the files that are made
    ///
    /// Else they are their owner's alone, but for Prometheus' counts.
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Show the summary alone, not the events
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    names: NameFiles,
    #[command(flatten)]
    ramoops: RamoopsLayout,
    /// Find sources, archive and names below it, not below /
    #[arg(long, value_name = "DIR", default_value = "/", hide_default_value = true, hide_short_help = true)]
    root: PathBuf,
}

/// An event, as sinks are given it.
#[derive(Clone, Copy, Debug)]
pub struct Collected<'c, 'a> {
    /// Its key: that of its record, or of its newest part for a log.
    pub key: &'c Key,
    /// Its records: one, or the parts of a log, oldest text first.
    pub records: &'c [Record<'c>],
    /// The event. `event.found` says where it was found.
    pub event: &'c Event<'a>,
}

/// A record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'c> {
    /// Its key.
    pub key: Key,
    /// Its bytes, as they are stored.
    pub raw: &'c [u8],
}

impl Record<'_> {
    /// Its key.
    pub const fn key(&self) -> &Key {
        &self.key
    }
}

/// A kind of output.
struct Kind {
    /// What it is called.
    name: &'static str,
    path: Option<PathBuf>,
    open: fn(&Collect, &Path, Readers) -> anyhow::Result<Box<dyn Sink>>,
    has_place: fn(&Event<'_>) -> bool,
}

/// The outputs that were opened, and why the others could not be.
#[derive(Default)]
struct Outputs {
    archive: Option<Archive>,
    others: Vec<Output>,
    failed: Vec<(String, anyhow::Error)>,
}

impl Collect {
    /// Runs the command.
    pub fn run(&self) -> Outcome {
        if let Some(lacking) = self.lacking() {
            log::error(&lacking);
            return Outcome::default();
        }
        let sources = match &*self.sources {
            [] => Source::find(&self.root),
            named => named
                .iter()
                .map(|path| Source {
                    ramoops: self.ramoops.parameters().copied(),
                    ..Source::named(path, &self.root)
                })
                .collect(),
        };
        if let Some(doubled) = self.doubled(&sources) {
            log::error(&doubled);
            return Outcome::default();
        }
        let readers = match Readers::of(self.group.as_deref()) {
            Ok(readers) => readers,
            Err(error) => {
                log::error(&format!("{error:#}"));
                return Outcome::default();
            }
        };
        let names = match self.names.read(&self.root) {
            Ok(names) => names,
            Err(error) => {
                log::error(&format!("{error:#}"));
                return Outcome::default();
            }
        };
        let default_archive = self.root.join(archive::PATH);
        let archive = self.archive.as_deref().or_else(|| self.clear.then_some(&*default_archive));
        let outputs = if self.dry_run { self.plan() } else { self.open(archive, readers) };
        // A run that cannot have an output because another run has it would do half of its work: it leaves all of it to
        // the next run.
        if let Some((name, error)) = outputs.failed.iter().find(|(_, error)| is_busy(error)) {
            log::error(&format!("{name}: {}: nothing is collected", error.root_cause()));
            return Outcome { recognised: true, sink_failed: true, ..Outcome::default() };
        }
        let json_to_stdout = self.json.as_deref().is_some_and(|path| path.as_os_str() == input::STDIN);
        let printed = match (json_to_stdout && !self.dry_run, self.quiet) {
            (true, _) => Printed::Elsewhere,
            (false, true) => Printed::Summary,
            (false, false) => Printed::Events,
        };
        let mut run = Run::new(outputs.others, printed).clearing(self.clear);
        run = match outputs.archive {
            Some(open) => run.archiving(open),
            None if self.dry_run => run.planning(Plan { archive }),
            None => run,
        };
        for (name, error) in outputs.failed {
            run.fail(&name, &error);
        }
        let outcome = read::all(&sources, &names, run).finish();
        // A machine without records has nothing to collect, which is no failure.
        Outcome { recognised: outcome.recognised || self.sources.is_empty() && !outcome.refused, ..outcome }
    }

    /// An output that this build does not have, with the command that installs it.
    fn lacking(&self) -> Option<String> {
        let features = [
            ("sqlite", "SQLite", &self.sqlite, cfg!(feature = "sqlite")),
            ("parquet", "Parquet", &self.parquet, cfg!(feature = "parquet")),
        ];
        let (feature, what, ..) =
            features.into_iter().find(|(_, _, path, built)| path.is_some() && !built)?;
        Some(format!(
            "--{feature}: this build has no {what}; build one that has it: \
             cargo install --locked --path examples/ras --features {feature}"
        ))
    }

    /// An output that would be written over a source or another output, in words.
    fn doubled(&self, sources: &[Source]) -> Option<String> {
        let is_stream = |path: &Path| path.as_os_str() == input::STDIN;
        let name = |path: &Path, stream: &str| if is_stream(path) { stream.into() } else { path.to_owned() };
        let mut taken: Vec<(String, Identity)> = sources
            .iter()
            .filter_map(|source| Some(("source".into(), Identity::of(&name(&source.path, "/dev/stdin"))?)))
            .collect();
        let beside = self.prometheus.as_deref().map(prometheus::events_of);
        let beside = beside.map(|path| ("Prometheus' list of events", path));
        let outputs = self.kinds().into_iter().filter_map(|kind| Some((kind.name, kind.path?)));
        for (what, path) in outputs.chain(beside) {
            let Some(identity) = Identity::of(&name(&path, "/dev/stdout")) else { continue };
            if let Some((other, _)) = taken.iter().find(|(_, other)| *other == identity) {
                let path = path.display();
                return Some(format!("{path}: it is named as {other} and as {what}: nothing is collected"));
            }
            taken.push((what.to_owned(), identity));
        }
        None
    }

    /// The kinds of outputs, without the archive.
    fn kinds(&self) -> Vec<Kind> {
        let any = |_: &Event<'_>| true;
        Vec::from([
            Kind {
                name: "JSON file",
                path: self.json.clone(),
                open: |command, path, readers| {
                    let extent = Extent { bytes: command.raw, ..Extent::default() };
                    Ok(Box::new(Json::open(path, readers, extent)?))
                },
                has_place: any,
            },
            #[cfg(feature = "sqlite")]
            Kind {
                name: DATABASE,
                path: self.sqlite.clone(),
                open: |_, path, readers| Ok(Box::new(Database::open(path, readers)?)),
                has_place: rasdaemon::has_place,
            },
            #[cfg(feature = "parquet")]
            Kind {
                name: "Parquet file",
                path: self.parquet.clone(),
                open: |_, path, readers| Ok(Box::new(Parquet::open(path, readers)?)),
                has_place: any,
            },
            Kind {
                name: "Prometheus' file",
                path: self.prometheus.clone(),
                open: |_, path, readers| Ok(Box::new(Prometheus::open(path, readers)?)),
                has_place: any,
            },
        ])
    }

    /// The outputs that were asked for.
    fn open(&self, archive: Option<&Path>, readers: Readers) -> Outputs {
        let mut outputs = Outputs::default();
        if let Some(path) = archive {
            match Archive::open(path, readers) {
                Ok(open) => outputs.archive = Some(open),
                Err(error) => outputs.failed.push((format!("archive {}", path.display()), error)),
            }
        }
        for Kind { name, path, open, .. } in self.kinds() {
            let Some(path) = path else { continue };
            // If another run has one output, the others are of no use.
            if outputs.failed.iter().any(|(_, error)| is_busy(error)) {
                break;
            }
            // A pipe or terminal is a new output each time.
            let is_new_each_time =
                path.as_os_str() == input::STDIN || path.metadata().is_ok_and(|metadata| !metadata.is_file());
            let has_ledger = outputs.archive.is_some() && !is_new_each_time;
            let ledger = match archive.filter(|_| has_ledger) {
                Some(archive) => Ledger::open(archive, name, &path, readers).map(Some),
                None => Ok(None),
            };
            match ledger.and_then(|ledger| Ok(Output { sink: open(self, &path, readers)?, ledger })) {
                Ok(output) => outputs.others.push(output),
                Err(error) => outputs.failed.push((format!("{name} {}", path.display()), error)),
            }
        }
        outputs
    }

    /// The outputs that were asked for, in a run that writes nothing.
    fn plan(&self) -> Outputs {
        let planned = |kind: Kind| {
            let name = match kind.path?.as_path() {
                path if path.as_os_str() == input::STDIN => "standard output".to_owned(),
                path => format!("{} {}", kind.name, path.display()),
            };
            Some(Output { sink: Box::new(Planned::new(name, kind.has_place)), ledger: None })
        };
        Outputs { others: self.kinds().into_iter().filter_map(planned).collect(), ..Outputs::default() }
    }
}
