//! `ras decode`: recognise, read, explain.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::Outcome;
use crate::dmesg;
use crate::event::{Event, utc};
use crate::found::What;
use crate::input::{self, Bytes};
use crate::json;
use crate::kernel;
use crate::kernel_version::KernelVersion;
use crate::local::local;
use crate::message::say;
use crate::name_files::NameFiles;
use crate::names::Names;
use crate::pager::Pager;
use crate::printable::Printable;
use crate::progress::Progress;
use crate::ramoops::Parameters;
use crate::recognise;
use crate::scan::{self, File, Scan, Step};
use crate::screen::Screen;
use crate::select::{LeftOut, Selection};
use crate::summary::count;
use crate::tally::Tally;
use crate::text::{Detail, Text};
use crate::walk::{self, Kind, Skipped};

/// Reads records and says what broke, where, how badly and when
// Each of these is a switch of the command line.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Debug)]
#[command(
    after_help = "\
FILE is a file, a folder, or - for standard input. Examples:
  ras decode examples/data/erst-images/mce-intel.img
  ras decode --format json /sys/fs/pstore | jq -r .summary",
    after_long_help = "\
Recognised by content: ERST images of QEMU, CPER records, generic error status
blocks and BERT regions, ERST tables, struct mce, files of pstore, memory of
ramoops, devices of pstore/blk, and hex or base64 text of any of them.

Examples:
  ras decode examples/data/erst-images/mce-intel.img
  ras decode --format json /sys/fs/pstore | jq -r .summary"
)]
pub struct Decode {
    /// A file, a folder, or - for standard input
    #[arg(value_name = "FILE", required = true, hide_short_help = true)]
    files: Vec<PathBuf>,
    /// text, json (an object a line), kernel (Linux's lines)
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
    /// For --format json: the record's bytes in hex, too
    #[arg(long)]
    raw: bool,
    /// Show the one-line events alone
    #[arg(short, long)]
    quiet: bool,
    /// Show records that were cleared from an ERST image
    ///
    /// Their bytes are there until the slot is used again.
    #[arg(long)]
    cleared: bool,
    #[command(flatten)]
    selection: Selection,
    /// For --format kernel: the version of Linux, such as 6.1
    ///
    /// Else it is the version that wrote the log in the same store, or the newest. The words of two series are known: 6.12 and
    /// newer are written as 6.12, all older as 6.1.
    #[arg(long, value_name = "VERSION")]
    kernel: Option<KernelVersion>,
    #[command(flatten)]
    names: NameFiles,
    #[command(flatten)]
    ramoops: RamoopsLayout,
}

/// The option that gives the layout of ramoops' memory.
#[derive(Args, Debug)]
pub struct RamoopsLayout {
    /// The parameters of ramoops: record-size=64k,ecc=1,...
    ///
    /// Those of the kernel module, all sizes in bytes or with k or M:
    /// record-size=64k,console-size=64k,ftrace-size=0,pmsg-size=0,ecc=1 (also mem-size). Those left out are 0, but ecc,
    /// which the memory tells. Without them zones are found by their signatures.
    #[arg(long = "ramoops", value_name = "LAYOUT")]
    parameters: Option<Parameters>,
}

impl RamoopsLayout {
    /// The parameters, if they were given.
    pub const fn parameters(&self) -> Option<&Parameters> {
        self.parameters.as_ref()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Kernel,
}

/// A group holds at most so many bytes in memory, and so many records.
const GROUP_BYTES: usize = 64 << 20;

impl Decode {
    /// Runs the command.
    pub fn run(&self, out: Pager) -> Outcome {
        let of_formats = [("raw", self.raw, Format::Json), ("kernel", self.kernel.is_some(), Format::Kernel)];
        if let Some((option, _, format)) =
            of_formats.into_iter().find(|(_, is_given, format)| *is_given && *format != self.format)
        {
            say(format_args!("--{option} is for --format {}", format!("{format:?}").to_lowercase()));
            return Outcome::default();
        }
        let to_terminal = io::stdout().is_terminal();
        let detail = self.detail();
        let is_screen = to_terminal && self.format == Format::Text && detail < Detail::Raw;
        let names = match self.names.read(Path::new("/")) {
            Ok(names) => names,
            Err(error) => {
                say(format_args!("{error:#}"));
                return Outcome::default();
            }
        };
        let mut run = Run {
            options: self,
            names,
            out,
            text: Text {
                detail,
                columns: columns(),
                color: color(),
                prefix: |_| "",
                time: if self.selection.local { local } else { utc },
                cut_logs: is_screen,
            },
            screen: is_screen.then(Screen::default),
            progress: Progress::of_bytes(self.files.clone()),
            outcome: Outcome::default(),
            met: Met::default(),
            groups: 0,
        };
        let written = run.all();
        run.progress.stop();
        run.outcome.written(written);
        run.outcome
    }

    fn detail(&self) -> Detail {
        match (self.quiet, self.verbose) {
            (true, _) => Detail::Lines,
            (_, true) => Detail::Raw,
            _ => Detail::Normal,
        }
    }
}

/// Columns of the terminal, if standard output is one.
pub fn columns() -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(io::stdout())?;
    io::stdout().is_terminal().then_some(usize::from(columns))
}

/// Whether standard output has colours. They are never removed later.
pub fn color() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

struct Run<'o> {
    options: &'o Decode,
    names: Names,
    out: Pager,
    text: Text,
    /// The screen that is written at the end, on a terminal.
    screen: Option<Screen>,
    progress: Progress,
    outcome: Outcome,
    met: Met,
    groups: usize,
}

/// The counts of a whole run.
#[derive(Default)]
struct Met {
    events: Tally,
    left_out: LeftOut,
    bad: usize,
    cleared: usize,
    skipped: Skipped,
}

impl Run<'_> {
    fn all(&mut self) -> io::Result<()> {
        // The files of one folder belong together: the parts of a kernel log are files of their own.
        let mut group: Vec<File> = Vec::new();
        for candidate in walk::candidates(&self.options.files) {
            let candidate = match candidate {
                Ok(candidate) => candidate,
                Err(error) => {
                    self.refuse(&error.to_string());
                    continue;
                }
            };
            let Some(file) = self.load(&candidate) else { continue };
            let held: usize = group.iter().map(|file| file.bytes.held()).sum();
            let with = group.first().is_some_and(|first| {
                folder(&first.name) == folder(&file.name) && held + file.bytes.held() <= GROUP_BYTES
            });
            if !with || is_store(&file) {
                self.group(&std::mem::take(&mut group))?;
            }
            group.push(file);
            if group.first().is_some_and(is_store) {
                self.group(&std::mem::take(&mut group))?;
            }
        }
        self.group(&group)?;
        self.progress.stop();
        if let Some(screen) = self.screen.take().filter(|screen| !screen.is_empty()) {
            screen.write(&self.text, &mut self.out)?;
        }
        self.total()?;
        self.out.finish()
    }

    /// Loads a file that is recognised, and reports one that was named and is not.
    fn load(&mut self, candidate: &walk::Candidate) -> Option<File> {
        if candidate.kind != Kind::File {
            self.met.skipped.add(candidate.kind);
            return None;
        }
        let name = if candidate.path.as_os_str() == input::STDIN {
            "standard input".to_owned()
        } else {
            candidate.path.to_string_lossy().into_owned()
        };
        let bytes = match input::load(&candidate.path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.refuse(&format!("{}: {error}", Printable(name.as_bytes())));
                return None;
            }
        };
        let file = File::new(name, bytes, self.options.ramoops.parameters());
        if file.content.is_some() {
            return Some(file);
        }
        if candidate.named {
            let refusal = recognise::refusal(&file.bytes);
            self.refuse(&format!("{}: {refusal}", Printable(file.name.as_bytes())));
        } else {
            self.met.skipped.add(Kind::File);
        }
        None
    }

    fn refuse(&mut self, message: &str) {
        self.progress.suspend(|| say(message));
        self.outcome.refused = true;
    }

    fn group(&mut self, files: &[File]) -> io::Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        self.outcome.recognised = true;
        let mut all = Scan::default();
        for file in files {
            self.progress.begin(file.bytes.len() as u64);
            let Some(content) = file.content else { continue };
            let mut bad = 0;
            let scan = scan::scan(file, content, self.options.cleared, &mut |step| match step {
                Step::Found(found) => {
                    bad += usize::from(found.is_bad());
                    self.progress.found(bad);
                }
                Step::Reached(offset) => self.progress.reached(*offset as u64),
            });
            self.progress.reached(file.bytes.len() as u64);
            all.title = scan.title;
            all.found.extend(scan.found);
            all.cleared += scan.cleared;
            all.bad += scan.bad;
        }
        let found = dmesg::assemble(all.found).into_iter();
        let mut events: Vec<Event<'_>> = found.map(|found| Event::with_names(found, &self.names)).collect();
        events.retain(|event| self.options.selection.takes(event, &mut self.met.left_out));
        self.met.add(&events, all.cleared, all.bad);
        self.outcome.bad |= all.bad != 0;
        if self.screen.is_none() && io::stdout().is_terminal() {
            self.progress.stop();
        }

        match self.options.format {
            Format::Json => {
                let extent =
                    json::Extent { not_valid: self.text.detail == Detail::Raw, bytes: self.options.raw };
                json::write(&mut self.out, &events, extent)?;
            }
            Format::Kernel => {
                kernel::write(&mut self.out, &events, io::stdout().is_terminal(), self.options.kernel)?;
            }
            Format::Text => {
                if self.screen.is_none() && self.groups > 0 && self.text.detail > Detail::Lines {
                    writeln!(self.out, "\n")?;
                }
                let title = match files {
                    [file] => format!("{}: {}", Printable(file.name.as_bytes()), all.title),
                    _ => {
                        let folder = folder(&files[0].name).unwrap_or(Path::new("."));
                        format!(
                            "{}: {}",
                            Printable(folder.as_os_str().as_encoded_bytes()),
                            count(files.len(), "file")
                        )
                    }
                };
                let several = self.options.files.len() > 1 || self.options.files[0].is_dir();
                let all: Vec<&Event<'_>> = events.iter().collect();
                if let Some(screen) = &mut self.screen {
                    screen.group(&self.text, &title, &all, files.len() > 1 || several)?;
                } else {
                    let name_files = files.len() > 1 || several && self.text.detail == Detail::Lines;
                    self.text.group(&mut self.out, &title, &all, name_files)?;
                }
            }
        }
        self.groups += 1;
        Ok(())
    }

    fn total(&mut self) -> io::Result<()> {
        let met = &self.met;
        if self.groups == 0 && !self.outcome.refused {
            let links = met.skipped.links().map_or(String::new(), |links| format!("; {links} left out"));
            say(format_args!("nothing recognised in {}{links}", count(met.skipped.files, "file")));
        }
        let is_text = self.options.format == Format::Text && self.text.detail > Detail::Lines;
        let left_out = met.left_out.told();
        if !is_text || self.groups == 0 {
            if let Some(left_out) = left_out {
                // Behind what is not left out, and not into a pager's screen.
                self.out.finish()?;
                say(left_out);
            }
            return Ok(());
        }
        self.text.sum(&mut self.out, "record", &met.events, met.bad, left_out)?;
        if met.cleared != 0 {
            let (noun, verb) = if met.cleared == 1 { ("record is", "it") } else { ("records are", "them") };
            writeln!(self.out, "{} cleared {noun} still there: --cleared shows {verb}.", met.cleared)?;
        }
        if let Some(skipped) = met.skipped.told() {
            writeln!(self.out, "{skipped}.")?;
        }
        Ok(())
    }
}

impl Met {
    fn add(&mut self, events: &[Event<'_>], cleared: usize, bad: usize) {
        for event in events {
            match &event.found.what {
                What::Bad(_) => {}
                What::Log(log) => self.events.add(event, log.parts().count()),
                _ => self.events.add(event, 1),
            }
        }
        self.cleared += cleared;
        self.bad += bad;
    }
}

/// Whether a file is a group of its own: it holds many records.
fn is_store(file: &File) -> bool {
    file.bytes.starts_with(&erst_table::qemu::MAGIC) || matches!(file.bytes, Bytes::Mapped(..))
}

fn folder(name: &str) -> Option<&Path> {
    Path::new(name).parent()
}
