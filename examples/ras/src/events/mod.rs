//! `ras events`: the hardware errors in a Linux trace, of this machine or saved, as events.

use std::ffi::OsStr;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::Outcome;
use crate::decode::{color, columns};
use crate::event::{Event, utc};
use crate::found::{Found, Place, What};
use crate::input::{self, Bytes};
use crate::json;
use crate::local::local;
use crate::message::say;
use crate::name_files::NameFiles;
use crate::names::Names;
use crate::pager::Pager;
use crate::printable::Printable;
use crate::screen::Screen;
use crate::select::{LeftOut, Selection};
use crate::summary::count;
use crate::tally::Tally;
use crate::text::{Detail, Text};
use crate::trace::ring_buffer::{self, Formats};
use crate::trace::{self, Trace};

mod clock;
mod follow;

/// Shows the hardware errors that Linux traces, live or saved
#[derive(Args, Debug)]
#[command(
    after_help = "\
Examples:
  ras events --follow
  ras events -v examples/data/rasdaemon/edac.trace.txt",
    after_long_help = "\
A trace is the text of /sys/kernel/tracing/trace, of trace-cmd report or of
perf script; or pages of the ring buffer (per_cpu/cpuN/trace_pipe_raw), or a
folder of them, with the kernel's folder events/ beside or above them.
Without FILE it is that of this machine, which nothing is taken out of.

The events are mc_event, aer_event, arm_event, extlog_mem_event and
non_standard_event of the system ras, and mce_record.

Examples:
  ras events --follow
  ras events -v examples/data/rasdaemon/edac.trace.txt"
)]
pub struct Events {
    /// Files or folders; - is standard input
    #[arg(value_name = "FILE", hide_short_help = true, conflicts_with = "follow")]
    files: Vec<PathBuf>,
    /// Show events as they happen, until it is stopped
    ///
    /// They are enabled in an instance of the tracer of their own, instances/ras, which is removed at the end. Others who
    /// listen are not disturbed. Needs root.
    #[arg(short, long)]
    follow: bool,
    /// text, or json (an object a line)
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        hide_possible_values = true,
        hide_default_value = true,
        default_value_t = Format::Text
    )]
    format: Format,
    /// Show raw fields and bytes too
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// Show the one-line events alone
    #[arg(short, long)]
    quiet: bool,
    /// Where the trace file system is mounted
    #[arg(long, value_name = "DIR", default_value = "/sys/kernel/tracing", hide_default_value = true)]
    tracefs: PathBuf,
    /// The folder events/ of the kernel that wrote the pages
    #[arg(long, value_name = "DIR", conflicts_with = "follow")]
    formats: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    names: NameFiles,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The content of a file or folder.
struct Group {
    title: String,
    traces: Vec<(Arc<str>, Trace)>,
}

impl Events {
    /// Runs the command.
    pub fn run(&self, wanted: bool) -> Outcome {
        let names = match self.names.read(Path::new("/")) {
            Ok(names) => names,
            Err(error) => {
                say(format_args!("{error:#}"));
                return Outcome::default();
            }
        };
        let detail = match (self.quiet, self.verbose) {
            (true, _) => Detail::Lines,
            (_, true) => Detail::Raw,
            _ => Detail::Normal,
        };
        let is_screen = io::stdout().is_terminal() && self.format == Format::Text && detail < Detail::Raw;
        let mut run = Run {
            options: self,
            names,
            out: Pager::new(wanted && !self.follow),
            text: Text {
                detail,
                columns: columns(),
                color: color(),
                prefix: |_| "",
                time: if self.selection.local { local } else { utc },
                cut_logs: false,
            },
            screen: (is_screen && !self.follow).then(Screen::default),
            outcome: Outcome::default(),
            events: Tally::default(),
            left_out: LeftOut::default(),
            bad: 0,
            others: 0,
            groups: 0,
        };
        let written = if self.follow { run.follow() } else { run.all() };
        run.outcome.written(written);
        run.outcome
    }
}

struct Run<'o> {
    options: &'o Events,
    names: Names,
    out: Pager,
    text: Text,
    /// The screen that is written at the end, on a terminal.
    screen: Option<Screen>,
    outcome: Outcome,
    events: Tally,
    left_out: LeftOut,
    bad: usize,
    /// Events of other kinds.
    others: usize,
    groups: usize,
}

impl Run<'_> {
    fn all(&mut self) -> io::Result<()> {
        let own = [self.options.tracefs.join("trace")];
        let is_own = self.options.files.is_empty();
        let files = if is_own { &own[..] } else { &self.options.files };
        let several = files.len() > 1;
        for path in files {
            match self.load(path) {
                Ok(group) => self.group(&group, several)?,
                Err(why) if is_own => {
                    let why = clock::why_no_tracefs(&self.options.tracefs).unwrap_or(why);
                    self.refuse(&why);
                }
                Err(why) => self.refuse(&format!("{}: {why}", shown(path))),
            }
        }
        if is_own && self.groups != 0 && self.events.records() == 0 {
            say("no hardware error in the ring buffer. It keeps only what is enabled: ras events --follow \
                 enables all");
        }
        if let Some(screen) = self.screen.take().filter(|screen| !screen.is_empty()) {
            screen.write(&self.text, &mut self.out)?;
        }
        self.total()?;
        self.out.finish()
    }

    fn refuse(&mut self, message: &str) {
        say(message);
        self.outcome.refused = true;
    }

    /// The traces in a file or folder.
    fn load(&self, path: &Path) -> Result<Group, String> {
        if path.is_dir() {
            return self.folder(path);
        }
        let bytes = input::load(path).map_err(|error| error.to_string())?;
        let file = name(path);
        if path.file_name() != Some(OsStr::new(RAW)) && trace::text::is_trace(&bytes) {
            let mut trace = trace::text::read(&file, &bytes);
            clock::tell_times(&mut trace, path, &self.options.tracefs);
            let title = format!("{}: trace, {}", shown(path), count(trace.events.len(), "hardware error"));
            return Ok(Group { title, traces: vec![(file, trace)] });
        }
        if let Some(how) = other_format(&bytes) {
            return Err(how.into());
        }
        let formats = self.formats(path)?;
        let trace = pages(path, &file, &bytes, &formats)?;
        let title = format!("{}: ring buffer, {}", shown(path), count(trace.events.len(), "hardware error"));
        Ok(Group { title, traces: vec![(file, trace)] })
    }

    /// The ring buffers of all processors, in the folders of the trace file system.
    fn folder(&self, path: &Path) -> Result<Group, String> {
        let folders = std::fs::read_dir(path.join("per_cpu")).map_err(|error| format!("per_cpu: {error}"))?;
        let folders: Result<Vec<_>, _> = folders.map(|folder| folder.map(|folder| folder.path())).collect();
        let mut files = folders.map_err(|error| error.to_string())?;
        for file in &mut files {
            file.push(RAW);
        }
        files.retain(|file| file.exists());
        files.sort();
        if files.is_empty() {
            return Err(format!("no per_cpu/cpu*/{RAW} in it"));
        }
        let formats = self.formats(&path.join(RAW))?;
        let mut traces = Vec::new();
        for path in &files {
            let of_file = |why: String| format!("{}: {why}", shown(path));
            let bytes: Bytes = input::load(path).map_err(|error| of_file(error.to_string()))?;
            let file = name(path);
            let trace = pages(path, &file, &bytes, &formats).map_err(of_file)?;
            traces.push((file, trace));
        }
        let errors: usize = traces.iter().map(|(_, trace)| trace.events.len()).sum();
        let (cpus, errors) = (count(files.len(), "CPU"), count(errors, "hardware error"));
        Ok(Group { title: format!("{}: ring buffers of {cpus}, {errors}", shown(path)), traces })
    }

    /// The format files that are named, or those of the nearest folder above that has them.
    fn formats(&self, path: &Path) -> Result<Formats, String> {
        let folder = match &self.options.formats {
            Some(folder) => folder.clone(),
            None => {
                let above = path.ancestors().skip(1).map(|folder| folder.join("events"));
                above.into_iter().find(|events| events.join("header_page").exists()).ok_or(
                    "no text of a trace, and no events/header_page beside or above it that says how the pages of a \
                     ring buffer are laid out (--formats names the folder)",
                )?
            }
        };
        Formats::read(&folder).map_err(|error| error.to_string())
    }

    fn group(&mut self, group: &Group, several: bool) -> io::Result<()> {
        self.outcome.recognised = true;
        let mut events = self.events(&group.traces);
        // Events of several processors are sorted by their clock.
        events
            .sort_by_key(|event| event.found.trace.map_or(u64::MAX, |trace| trace.stamp.clock.unwrap_or(0)));
        events.retain(|event| self.options.selection.takes(event, &mut self.left_out));
        for event in &events {
            if !matches!(event.found.what, What::Bad(_)) {
                self.events.add(event, 1);
            }
        }
        let all: Vec<&Event<'_>> = events.iter().collect();
        if self.options.format == Format::Json {
            let extent = self.extent();
            json::write(&mut self.out, &events, extent)?;
        } else if let Some(screen) = &mut self.screen {
            screen.group(&self.text, &group.title, &all, several)?;
        } else {
            if self.groups > 0 && self.text.detail > Detail::Lines {
                writeln!(self.out, "\n")?;
            }
            let name_files = several && self.text.detail == Detail::Lines;
            self.text.group(&mut self.out, &group.title, &all, name_files)?;
        }
        self.groups += 1;
        Ok(())
    }

    const fn extent(&self) -> json::Extent {
        json::Extent { not_valid: self.options.verbose, bytes: false }
    }

    /// The events of traces, and the places that could not be read.
    fn events<'t>(&mut self, traces: &'t [(Arc<str>, Trace)]) -> Vec<Event<'t>> {
        let mut events = Vec::new();
        for (file, trace) in traces {
            self.others += trace.others;
            let place = Place::new(file, 0);
            let bad = |problem: crate::problem::Problem| {
                Found::new(place.at(problem.offset), What::Bad(problem), &[])
            };
            let mut found: Vec<Found<'_>> = trace.problems.iter().cloned().map(bad).collect();
            for event in trace.events.iter().map(Found::traced) {
                found.extend(event.problems().into_iter().map(bad));
                found.push(event);
            }
            self.bad += found.iter().filter(|found| found.is_bad()).count();
            events.extend(found.into_iter().map(|found| Event::with_names(found, &self.names)));
        }
        self.outcome.bad |= self.bad != 0;
        events
    }

    /// Says after the output, and not into a pager's screen, which events were left out.
    fn tell_left_out(&mut self) -> io::Result<()> {
        if let Some(left_out) = self.left_out.told() {
            self.out.finish()?;
            say(left_out);
        }
        Ok(())
    }

    fn total(&mut self) -> io::Result<()> {
        let is_text = self.options.format == Format::Text && self.text.detail > Detail::Lines;
        if !is_text || self.groups == 0 {
            return self.tell_left_out();
        }
        self.text.sum(&mut self.out, "event", &self.events, self.bad, self.left_out.told())?;
        if self.others != 0 {
            writeln!(self.out, "{} of other kinds left out.", count(self.others, "event"))?;
        }
        Ok(())
    }
}

/// The name of a processor's pages.
const RAW: &str = "trace_pipe_raw";

/// The pages of a file, of the processor that its folder names.
fn pages(path: &Path, file: &Arc<str>, bytes: &[u8], formats: &Formats) -> Result<Trace, String> {
    let folder = path.parent().and_then(Path::file_name).and_then(OsStr::to_str);
    let cpu = folder.and_then(|folder| folder.strip_prefix("cpu")?.parse().ok());
    let trace = ring_buffer::read(file, bytes, 0, cpu, formats);
    let is_nothing = trace.events.is_empty() && trace.others == 0 && !trace.problems.is_empty();
    match trace.problems.first().filter(|_| is_nothing) {
        Some(problem) => Err(format!("no ring buffer: offset {:#x}: {problem}", problem.offset)),
        None => Ok(trace),
    }
}

/// How to convert another tool's file into one that is read here.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x17\x08\x44tracing") {
        Some("a file of trace-cmd: trace-cmd report writes its text")
    } else if bytes.starts_with(b"PERFILE2") || bytes.starts_with(b"2ELIFREP") {
        Some("a file of perf: perf script writes its text")
    } else if bytes.is_empty() {
        Some("empty, 0 bytes")
    } else {
        None
    }
}

fn name(path: &Path) -> Arc<str> {
    if path.as_os_str() == input::STDIN { "standard input".into() } else { path.to_string_lossy().into() }
}

fn shown(path: &Path) -> String {
    Printable(name(path).as_bytes()).to_string()
}
