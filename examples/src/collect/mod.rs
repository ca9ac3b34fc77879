//! `ras collect`: what the last boot left behind, into the tools people use, and only then out of the flash.
//!
//! Data flow one way: a [`source`] names files, [`crate::scan`] finds records in them, each becomes a [`Collected`],
//! which every [`Sink`] is offered. The order of work is what makes it safe: the raw record is in the archive and on
//! the disk, then the sinks are committed, then the record is cleared from where it was found, if it still is the very
//! record that was archived.
//!
//! An event is known by its [`Key`], everywhere. A sink that keeps what it is given keeps the key with it and takes no
//! key twice; so a second run, or a run after a crash at any point, neither loses nor doubles an event.
//!
//! Records are the unit: each part of a kernel log is an event of its own for sinks that keep (its
//! [`What::Log`](crate::found::What::Log) has one piece), so that a part found later doubles nothing.

mod archive;
mod json;
mod known;
mod log;
mod parquet;
mod prometheus;
mod rasdaemon;
mod read;
mod replace;
mod run;
#[cfg(test)]
mod samples;
mod schema;
mod sink;
mod source;
mod turn;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::Outcome;
use crate::event::Event;
use crate::input;
use crate::ramoops::RamoopsLayout;

use archive::Archive;
use json::Json;
use parquet::Parquet;
use prometheus::Prometheus;
use rasdaemon::Database;
use run::{Keeper, Run, Tell};
use source::Source;

pub use crate::key::Key;
pub use sink::{Added, Sink};

/// Collects what the last boot left behind, keeps it, and clears it from the flash
#[derive(Args, Debug)]
#[command(after_help = "\
Sources are looked for in /dev/erst_dbg, EFI variables, pstore, the BERT region and
systemd-pstore's archive. What was collected before is not collected again.
Exit codes: 0 all read, 1 nothing recognised or wrong usage, 2 some records bad or
not cleared, 3 a sink failed: then nothing is cleared.

Examples:
  ras collect examples/data/erst-images/mce-intel.img
  ras collect --clear --sqlite /var/lib/rasdaemon/ras-mc_event.db")]
pub struct Collect {
    /// Files, folders, ERST images, Linux' ERST device; all that this machine has if none is named
    #[arg(value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// Add rows to this database of rasdaemon, which is made if it is not there
    #[arg(long, value_name = "DB")]
    sqlite: Option<PathBuf>,
    /// Append an object a line to this file; - is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Add rows to this Parquet file
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// Write counts for Prometheus' node exporter to this file
    #[arg(long, value_name = "FILE")]
    prometheus: Option<PathBuf>,
    /// Keep the raw records in this folder
    #[arg(long, value_name = "DIR")]
    archive: Option<PathBuf>,
    /// Clear what was archived and recorded from where it was found; the archive is /var/lib/ras/archive unless said
    #[arg(long)]
    clear: bool,
    /// Write and clear nothing, tell what would be done
    #[arg(long)]
    dry_run: bool,
    /// Show the summary alone, not the events
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    ramoops: RamoopsLayout,
    /// Find sources and the default archive below this folder, as if it were /
    #[arg(long, value_name = "DIR", default_value = "/", hide_default_value = true)]
    root: PathBuf,
}

/// What the archive is called.
const ARCHIVE: &str = "archive";

/// An event, as sinks are given it.
#[derive(Clone, Copy, Debug)]
pub struct Collected<'c, 'a> {
    /// What it is known by.
    pub key: &'c Key,
    /// The event. `event.found` says where it was found, and has the raw record.
    pub event: &'c Event<'c, 'a>,
}

impl Collect {
    /// Runs the command.
    pub fn run(&self) -> Outcome {
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
        let default_archive = self.root.join(archive::PATH);
        let archive = self.archive.as_deref().or_else(|| self.clear.then_some(&*default_archive));
        let json_to_stdout = self.json.as_deref().is_some_and(|path| path.as_os_str() == input::STDIN);
        let (sinks, failed) = if self.dry_run { (Vec::new(), Vec::new()) } else { self.open(archive) };
        let archived = archive.filter(|_| !self.dry_run);
        let tell = match (json_to_stdout && !self.dry_run, self.quiet) {
            (true, _) => Tell::Elsewhere,
            (false, true) => Tell::Summary,
            (false, false) => Tell::Events,
        };
        let mut run = Run::new(sinks, archived, tell, self.clear && !self.dry_run);
        for (name, error) in failed {
            run.fail(&name, &error);
        }
        let outcome = read::all(&sources, run).finish();
        // A machine on which nothing happened has nothing to collect: that is no failure.
        Outcome { recognised: outcome.recognised || self.sources.is_empty() && !outcome.refused, ..outcome }
    }

    /// The sinks that were asked for, the archive first; and those that cannot be opened.
    fn open(&self, archive: Option<&Path>) -> (Vec<Keeper>, Vec<(String, anyhow::Error)>) {
        let (mut sinks, mut failed) = (Vec::new(), Vec::new());
        let mut add = |kind: &str, path: Option<&Path>, open: fn(&Path) -> anyhow::Result<Box<dyn Sink>>| {
            let Some(path) = path else { return };
            match open(path) {
                Ok(sink) => sinks.push(Keeper { sink, is_archive: kind == ARCHIVE }),
                Err(error) => failed.push((format!("{kind} {}", path.display()), error)),
            }
        };
        add(ARCHIVE, archive, |path| Ok(Box::new(Archive::open(path)?)));
        add("JSON file", self.json.as_deref(), |path| Ok(Box::new(Json::open(path)?)));
        add("rasdaemon's database", self.sqlite.as_deref(), |path| Ok(Box::new(Database::open(path)?)));
        add("Parquet file", self.parquet.as_deref(), |path| Ok(Box::new(Parquet::open(path)?)));
        add("Prometheus' file", self.prometheus.as_deref(), |path| Ok(Box::new(Prometheus::open(path)?)));
        (sinks, failed)
    }
}
