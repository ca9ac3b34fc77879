//! `ras decode`: recognise, read, explain.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::Outcome;
use crate::dmesg;
use crate::event::{Event, Kind};
use crate::found::What;
use crate::input::{self, Bytes};
use crate::json;
use crate::kernel;
use crate::printable::Printable;
use crate::progress::Progress;
use crate::ramoops::Parameters;
use crate::recognise;
use crate::scan::{self, File, Scan, Step};
use crate::summary::count;
use crate::text::{Detail, Text};

/// Reads records and says what broke, where, how badly and when
// Each option that is a word.
#[allow(clippy::struct_excessive_bools)]
#[derive(Args, Debug)]
#[command(after_help = "\
Recognised by content: ERST images of QEMU, CPER records, generic error status
blocks and BERT regions, ERST tables, struct mce, files of pstore, memory of
ramoops, devices of pstore/blk, and hex or base64 text of any of them.

Examples:
  ras decode examples/data/erst-images/mce-intel.img
  ras decode --format json /sys/fs/pstore | jq -r .summary")]
pub struct Decode {
    /// Files or folders; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What to write: text, json (an object a line), kernel (the lines of Linux)
    #[arg(long, value_name = "FORMAT", value_enum, hide_possible_values = true, default_value_t = Format::Text)]
    format: Format,
    /// Show raw fields and bytes too
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// Put the record's own bytes, in hex, into each JSON object
    #[arg(long)]
    raw: bool,
    /// Show the one-line events alone
    #[arg(short, long)]
    quiet: bool,
    /// Show records cleared from an ERST image whose bytes are still there
    #[arg(long)]
    cleared: bool,
    #[command(flatten)]
    ramoops: RamoopsLayout,
}

/// The option that gives the layout of ramoops' memory.
#[derive(Args, Debug)]
pub struct RamoopsLayout {
    /// Read memory of ramoops by the parameters of its kernel module, all sizes in bytes or with k or M:
    /// record-size=64k,console-size=64k,ftrace-size=0,pmsg-size=0,ecc=1 (also mem-size; those left out are 0, but ecc,
    /// which the memory tells)
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
    pub fn run(&self) -> Outcome {
        let mut run = Run {
            options: self,
            out: BufWriter::new(io::stdout().lock()),
            text: Text { detail: self.detail(), columns: columns(), color: color(), prefix: |_| "" },
            progress: Progress::new(),
            outcome: Outcome::default(),
            tally: Tally::default(),
            groups: 0,
        };
        if let Err(error) = run.all() {
            if error.kind() != io::ErrorKind::BrokenPipe {
                eprintln!("ras: standard output: {error}");
                run.outcome.sink_failed = true;
            }
        }
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

/// Whether what is written to standard output has colours. Nothing is taken out of it later.
pub fn color() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

struct Run<'o> {
    options: &'o Decode,
    out: BufWriter<io::StdoutLock<'static>>,
    text: Text,
    progress: Progress,
    outcome: Outcome,
    tally: Tally,
    groups: usize,
}

/// What a whole run has met.
#[derive(Default)]
struct Tally {
    records: usize,
    /// In the order they were met.
    kinds: Vec<(Kind, usize)>,
    parts: usize,
    bad: usize,
    cleared: usize,
    skipped: usize,
}

impl Run<'_> {
    fn all(&mut self) -> io::Result<()> {
        // Single files of one folder belong together: the parts of a kernel log are files of their own there.
        let mut group: Vec<File> = Vec::new();
        for candidate in input::candidates(&self.options.files) {
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
        self.progress.clear();
        self.total()?;
        self.out.flush()
    }

    /// The bytes of a file that is something; says so where one that was named is not.
    fn load(&mut self, candidate: &input::Candidate) -> Option<File> {
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
            self.tally.skipped += 1;
        }
        None
    }

    fn refuse(&mut self, message: &str) {
        self.progress.clear();
        eprintln!("ras: {message}");
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
        let events: Vec<Event<'_>> = dmesg::assemble(all.found).into_iter().map(Event::of).collect();
        self.progress.clear();
        self.tally.add(&events, all.cleared, all.bad);
        self.outcome.bad |= all.bad != 0;

        match self.options.format {
            Format::Json => {
                let extent =
                    json::Extent { not_valid: self.text.detail == Detail::Raw, bytes: self.options.raw };
                json::write(&mut self.out, &events, extent)?;
            }
            Format::Kernel => kernel::write(&mut self.out, &events, io::stdout().is_terminal())?,
            Format::Text => {
                if self.groups > 0 && self.text.detail > Detail::Lines {
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
                let name_files = files.len() > 1 || several && self.text.detail == Detail::Lines;
                self.text.group(&mut self.out, &title, &events.iter().collect::<Vec<_>>(), name_files)?;
            }
        }
        self.groups += 1;
        Ok(())
    }

    fn total(&mut self) -> io::Result<()> {
        let tally = &self.tally;
        if self.options.format != Format::Text || self.text.detail == Detail::Lines || self.groups == 0 {
            if self.groups == 0 && !self.outcome.refused {
                eprintln!("ras: nothing recognised in {}", count(tally.skipped, "file"));
            }
            return Ok(());
        }
        let mut kinds: Vec<String> = Vec::new();
        for (kind, number) in &tally.kinds {
            let noun = if *number == 1 { kind.one } else { kind.many };
            let mut line = format!("{number} {noun}");
            if *kind == Kind::KERNEL_LOG && tally.parts > *number {
                line.push_str(&format!(" in {} parts", tally.parts));
            }
            kinds.push(line);
        }
        let mut line = count(tally.records, "record");
        if !kinds.is_empty() {
            line.push_str(&format!(": {}", kinds.join(", ")));
        }
        if tally.bad != 0 {
            line.push_str(&format!("; {}", count(tally.bad, "bad part")));
        }
        writeln!(self.out, "\n{line}.")?;
        if tally.cleared != 0 {
            let (noun, verb) = if tally.cleared == 1 { ("record is", "it") } else { ("records are", "them") };
            writeln!(self.out, "{} cleared {noun} still there: --cleared shows {verb}.", tally.cleared)?;
        }
        if tally.skipped != 0 {
            writeln!(self.out, "{} of other kinds left out.", count(tally.skipped, "file"))?;
        }
        Ok(())
    }
}

impl Tally {
    fn add(&mut self, events: &[Event<'_>], cleared: usize, bad: usize) {
        for event in events {
            match &event.found.what {
                What::Bad(_) => continue,
                What::Log(log) => {
                    let parts = log.parts().count();
                    self.parts += parts;
                    self.records += parts;
                }
                _ => self.records += 1,
            }
            let kind = event.kind;
            match self.kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, number)) => *number += 1,
                None => self.kinds.push((kind, 1)),
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
