//! `ras erst`: the records in a backing image of QEMU's ERST device, and changes of it.
//!
//! A change is done write by write, each on the disk before the next: an interruption loses no record that was whole.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use erst_table::qemu::{Content, Edit, Image, Overwrite, Slot};
use pstore_format::record::StoredRecord;
use rustix::fs::{FlockOperation, flock};

use crate::Outcome;
use crate::found::{Found, Place, What};
use crate::input::{self, Bytes};
use crate::printable::Printable;
use crate::scan::count;
use crate::summary;

/// Lists and changes the records in an ERST image of QEMU
#[derive(Args, Debug)]
#[command(after_help = "\
A record's id is decimal, as in the names of pstore's files, or hex with 0x.
Do not change the image of a machine that runs: QEMU does not look at it again.

Examples:
  ras erst examples/data/erst-images/mce-intel.img list
  ras erst examples/data/erst-images/mce-intel.img read 0x6b02986900000001 -o mce.cper")]
pub struct Erst {
    /// The image
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// List every record, cleared ones too, and what is wrong with the image
    List,
    /// Write a record's bytes to standard output, unless that is a terminal
    Read {
        /// Id of the record
        #[arg(value_parser = parse_id)]
        id: u64,
        /// Write them to this file instead
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Store the record in a file
    Write {
        /// The record; - is standard input
        file: PathBuf,
        /// Write over a record with the same id, as QEMU does, when no slot is free
        #[arg(long)]
        in_place: bool,
    },
    /// Clear a record; its bytes stay until the slot is used again
    Clear {
        /// Id of the record
        #[arg(value_parser = parse_id)]
        id: u64,
    },
    /// Bring back cleared records whose bytes are still there
    Recover {
        /// The slot; all of them if none is given
        slot: Option<usize>,
    },
}

fn parse_id(text: &str) -> Result<u64, std::num::ParseIntError> {
    text.strip_prefix("0x").map_or_else(|| text.parse(), |digits| u64::from_str_radix(digits, 16))
}

impl Erst {
    /// Runs the command.
    pub fn run(&self) -> Outcome {
        let mut outcome = Outcome { recognised: true, ..Outcome::default() };
        let done = match &self.action {
            Action::List => self.list(),
            Action::Read { id, output } => self.read(*id, output.as_deref()),
            Action::Write { file, in_place } => self.write(file, *in_place),
            Action::Clear { id } => self.clear(*id),
            Action::Recover { slot } => self.recover(*slot),
        };
        match done {
            Ok(good) => outcome.bad = !good,
            Err(error) if broken_pipe(&error) => {}
            Err(error) => {
                eprintln!("ras: {}: {error:#}", self.name());
                outcome.recognised = false;
            }
        }
        outcome
    }

    fn name(&self) -> String {
        Printable(self.image.as_os_str().as_encoded_bytes()).to_string()
    }

    /// Every record, a line each; whether nothing is wrong.
    fn list(&self) -> anyhow::Result<bool> {
        let bytes = input::load(&self.image)?;
        let image = Image::parse(&bytes)?;
        let mut out = io::stdout().lock();
        let (slots, size) = (image.slot_count(), summary::size(image.slot_size()));
        let used = image.used().count();
        writeln!(
            out,
            "{}: {slots} slots of {size}, {}, {} free\n",
            self.name(),
            count(used, "record"),
            image.capacity() - used
        )?;
        writeln!(out, "slot  offset      id                    length  what")?;
        let mut good = true;
        for slot in occupied(&image, &bytes) {
            let cleared = if slot.is_used() { "" } else { " (cleared)" };
            let id = if slot.is_used() { slot.identifier } else { slot.record_identifier() };
            let (length, what) = match StoredRecord::parse(slot.bytes) {
                Ok(stored) => (stored.record().header().record_length.get().to_string(), what(&stored)),
                Err(error) => ("-".into(), Err(format!("bad: {}", error.kind()))),
            };
            good &= what.is_ok() || !slot.is_used();
            let what = what.unwrap_or_else(|bad| bad);
            writeln!(out, "{:4}  {:#010x}  {id:<20}  {length:>6}  {what}{cleared}", slot.index, slot.offset)?;
        }
        let problems: Vec<String> = image.check().map(|problem| problem.to_string()).collect();
        if !problems.is_empty() {
            writeln!(out, "\n{}", problems.join("\n"))?;
        }
        out.flush()?;
        Ok(good && problems.is_empty())
    }

    fn read(&self, id: u64, output: Option<&Path>) -> anyhow::Result<bool> {
        let bytes = input::load(&self.image)?;
        let image = Image::parse(&bytes)?;
        let record = image.find(id).ok_or_else(|| anyhow!("no record {id}"))?.record()?;
        match output {
            Some(path) => std::fs::write(path, record).with_context(|| path.display().to_string())?,
            None if io::stdout().is_terminal() => {
                bail!("a record is binary, not for a terminal: name a file with -o FILE, or redirect to one")
            }
            None => io::stdout().lock().write_all(record)?,
        }
        Ok(true)
    }

    fn write(&self, file: &Path, in_place: bool) -> anyhow::Result<bool> {
        let record = input::load(file).with_context(|| file.display().to_string())?;
        let mut store = Store::open(&self.image)?;
        let bytes = store.bytes()?;
        let image = Image::parse(&bytes)?;
        let how = |how| image.plan_write(&record, how);
        let edit = how(Overwrite::Beside)
            .or_else(|error| if in_place { how(Overwrite::InPlace) } else { Err(error) });
        store.apply(&edit?)?;
        Ok(true)
    }

    fn clear(&self, id: u64) -> anyhow::Result<bool> {
        let mut store = Store::open(&self.image)?;
        let bytes = store.bytes()?;
        let edit = Image::parse(&bytes)?.plan_clear(id).with_context(|| format!("record {id}"))?;
        store.apply(&edit)?;
        Ok(true)
    }

    /// Brings records back; whether none had to be left.
    fn recover(&self, slot: Option<usize>) -> anyhow::Result<bool> {
        let mut store = Store::open(&self.image)?;
        let slots: Vec<usize> = match slot {
            Some(slot) => vec![slot],
            None => {
                let bytes = store.bytes()?;
                let image = Image::parse(&bytes)?;
                occupied(&image, &bytes).filter(|slot| !slot.is_used()).map(|slot| slot.index).collect()
            }
        };
        if slots.is_empty() {
            bail!("no cleared record is still there");
        }
        let mut good = true;
        for index in slots {
            // What was brought back before may have taken this one's id.
            let bytes = store.bytes()?;
            match Image::parse(&bytes)?.plan_restore(index) {
                Ok(edit) => {
                    store.apply(&edit)?;
                    println!("slot {index} is back");
                }
                Err(error) => {
                    eprintln!("ras: {}: {error}", self.name());
                    good = false;
                }
            }
        }
        Ok(good)
    }
}

fn broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The slots with a record, cleared ones too; holes of the file are not looked at.
fn occupied<'a>(image: &Image<'a>, bytes: &Bytes) -> impl Iterator<Item = Slot<'a>> {
    let mut data = 0;
    image.slots().filter(move |slot| {
        if slot.is_used() {
            return true;
        }
        let offset = slot.offset as usize;
        if data < offset {
            data = bytes.next_data(offset);
        }
        data < offset + slot.bytes.len() && slot.cleared_record().is_some()
    })
}

/// What a record is, by the types of its sections; or with what is wrong with it, too.
fn what(stored: &StoredRecord<'_>) -> Result<String, String> {
    let record = stored.record();
    let types: Vec<String> =
        record.descriptors().iter().take(4).map(|one| one.section_type.to_string()).collect();
    let types = if types.is_empty() { "no section".into() } else { types.join(", ") };
    let found = Found { place: Place::new("", 0), what: What::Record(*stored), raw: record.as_bytes() };
    match found.problems(&found.sections()).first() {
        Some((_, problem)) => Err(format!("{types}; bad: {problem}")),
        None => Ok(types),
    }
}

/// An image that is being changed: nobody else who asks may change it meanwhile.
pub struct Store<'p> {
    path: &'p Path,
    file: File,
}

impl<'p> Store<'p> {
    /// Opens it, and keeps others away.
    pub fn open(path: &'p Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            bail!("somebody else is changing it");
        }
        Ok(Self { path, file })
    }

    /// What is in it now.
    pub fn bytes(&self) -> io::Result<Bytes> {
        input::load(self.path)
    }

    /// Does the writes one by one, each on the disk before the next.
    pub fn apply(&mut self, edit: &Edit<'_>) -> io::Result<()> {
        for change in edit.changes() {
            self.file.seek(SeekFrom::Start(change.offset))?;
            match change.content() {
                Content::Bytes(bytes) => self.file.write_all(bytes)?,
                Content::Erased { length } => {
                    io::copy(&mut io::Read::take(io::repeat(0xff), length), &mut self.file)?;
                }
            }
            self.file.sync_data()?;
        }
        Ok(())
    }
}
