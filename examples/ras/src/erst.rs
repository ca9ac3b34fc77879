//! `ras erst`: the records in a backing image of QEMU's ERST device, and changes of it.
//!
//! A change is done write by write, each on the disk before the next, so that an interruption loses no whole record.

use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use erst_table::qemu::{Content, Edit, Image, Overwrite, Slot};
use pstore_format::record::StoredRecord;
use rustix::fs::{FlockOperation, SeekFrom as SeekTo, flock};

use crate::Outcome;
use crate::found::{Found, Place, What};
use crate::input::{self, Bytes};
use crate::message::say;
use crate::output_files::{Identity, Readers, sync_folder_of};
use crate::printable::Printable;
use crate::summary::{self, count};

/// Lists and changes the records in an ERST image of QEMU
#[derive(Args, Debug)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
A record's id is decimal, as in the names of pstore's files, or hex with 0x.
Do not change the image of a machine that runs: QEMU does not look at it again.

Examples:
  ras erst examples/data/erst-images/mce-intel.img list
  ras erst examples/data/erst-images/mce-intel.img read 0x6b02986900000001 | xxd
  ras erst guest.img recover -o records"
)]
pub struct Erst {
    /// The image
    #[arg(value_name = "IMAGE", hide_short_help = true)]
    image: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// List every record, cleared ones too, and what is wrong
    #[command(after_help = "\
Example:
  ras erst examples/data/erst-images/syn.img list")]
    List,
    /// Write a record's bytes to standard output
    ///
    /// Unless that is a terminal.
    #[command(after_help = "\
Examples:
  ras erst examples/data/erst-images/mce-intel.img read 0x6b02986900000001 | xxd
  ras erst guest.img read -o record.cper 7710893088750698497")]
    Read {
        /// Id of the record
        #[arg(value_parser = parse_id)]
        id: u64,
        /// Write them to this file instead
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Store a record that a file holds
    #[command(after_help = "\
Examples:
  ras erst guest.img write record.cper
  ras erst guest.img write --in-place record.cper")]
    Write {
        /// The record; - is standard input
        file: PathBuf,
        /// Write over a record with the same id, as QEMU does, when no slot is free
        #[arg(long)]
        in_place: bool,
    },
    /// Clear a record; its bytes stay until the slot is used again
    #[command(after_help = "\
Example:
  ras erst guest.img clear 0x6b02986900000001")]
    Clear {
        /// Id of the record
        #[arg(value_parser = parse_id)]
        id: u64,
    },
    /// List cleared records, extract them, or bring them back
    ///
    /// Those whose bytes are still there.
    #[command(after_help = "\
Examples:
  ras erst examples/data/erst-images/pstore-rm.img recover
  ras erst guest.img recover -o records
  ras erst guest.img recover --in-place 3")]
    Recover {
        /// The slot; all of them if none is given
        slot: Option<usize>,
        /// Write each record to a file of its own in this folder
        #[arg(short, long, value_name = "DIR", conflicts_with = "in_place")]
        output: Option<PathBuf>,
        /// Bring the records back in the image, of which a copy is made first
        #[arg(long)]
        in_place: bool,
    },
}

fn parse_id(text: &str) -> Result<u64, std::num::ParseIntError> {
    text.strip_prefix("0x").map_or_else(|| text.parse(), |digits| u64::from_str_radix(digits, 16))
}

impl Erst {
    /// Runs the command.
    pub fn run(&self) -> Outcome {
        let mut outcome = Outcome { recognised: true, ..Outcome::default() };
        let mut out = Out { written: Ok(()) };
        let done = match &self.action {
            Action::List => self.list(&mut out),
            Action::Read { id, output } => self.read(&mut out, *id, output.as_deref()),
            Action::Write { file, in_place } => self.write(file, *in_place),
            Action::Clear { id } => self.clear(*id),
            Action::Recover { slot, in_place: true, .. } => self.bring_back(&mut out, *slot),
            Action::Recover { slot, output, .. } => self.recover(&mut out, *slot, output.as_deref()),
        };
        match done {
            Ok(good) => outcome.bad = !good,
            Err(error) => {
                say(format_args!("{}: {error:#}", self.name()));
                outcome.recognised = false;
            }
        }
        outcome.written(out.written);
        outcome
    }

    fn name(&self) -> String {
        Printable(self.image.as_os_str().as_encoded_bytes()).to_string()
    }

    /// Every record, a line each; whether nothing is wrong.
    fn list(&self, out: &mut Out) -> anyhow::Result<bool> {
        let bytes = input::load(&self.image)?;
        let image = Image::parse(&bytes)?;
        let (slots, size) = (image.slot_count(), summary::size(image.slot_size()));
        let used = image.used().count();
        let (name, free) = (self.name(), image.capacity() - used);
        out.line(format_args!("{name}: {slots} slots of {size}, {}, {free} free\n", count(used, "record")));
        out.line("slot  offset      id                    length  what");
        let mut good = true;
        for slot in occupied(&image, &bytes) {
            let cleared = if slot.is_used() { "" } else { " (cleared)" };
            let id = if slot.is_used() { slot.identifier } else { slot.record_identifier() };
            let (length, what) = match StoredRecord::parse(slot.bytes) {
                Ok(stored) => (stored.record().header().record_length().to_string(), what(&stored)),
                Err(error) => ("-".into(), Err(format!("bad: {}", error.kind()))),
            };
            good &= what.is_ok() || !slot.is_used();
            let what = what.unwrap_or_else(|bad| bad);
            let (index, offset) = (slot.index, slot.offset);
            out.line(format_args!("{index:4}  {offset:#010x}  {id:<20}  {length:>6}  {what}{cleared}"));
        }
        let problems: Vec<String> = image.check().map(|problem| problem.to_string()).collect();
        if !problems.is_empty() {
            out.line(format_args!("\n{}", problems.join("\n")));
        }
        Ok(good && problems.is_empty())
    }

    fn read(&self, out: &mut Out, id: u64, output: Option<&Path>) -> anyhow::Result<bool> {
        let bytes = input::load(&self.image)?;
        let image = Image::parse(&bytes)?;
        let record = image.find(id).ok_or_else(|| anyhow!("no record {id}"))?.record()?;
        match output {
            Some(path) => {
                let write = || -> anyhow::Result<()> {
                    self.refuse_image(path)?;
                    let mut file = Readers::Owner.open(path)?;
                    // A device or pipe has no length.
                    if file.metadata()?.is_file() {
                        file.set_len(0)?;
                    }
                    Ok(file.write_all(record)?)
                };
                write().with_context(|| path.display().to_string())?;
            }
            None if io::stdout().is_terminal() => {
                bail!("a record is binary, not for a terminal: name a file with -o FILE, or redirect to one")
            }
            None => {
                self.refuse_image(Path::new("/dev/stdout"))?;
                out.write(record);
            }
        }
        Ok(true)
    }

    /// Fails if the output is the image itself, by whatever name.
    fn refuse_image(&self, output: &Path) -> anyhow::Result<()> {
        let is_stdin = self.image.as_os_str() == input::STDIN;
        let image = Identity::of(if is_stdin { Path::new("/dev/stdin") } else { &self.image });
        if image.is_some() && image == Identity::of(output) {
            bail!("it is the image: a record is not written over the others");
        }
        Ok(())
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

    /// Lists the cleared records that are still there, and writes them to files if a folder for them is given.
    fn recover(&self, out: &mut Out, slot: Option<usize>, output: Option<&Path>) -> anyhow::Result<bool> {
        let bytes = input::load(&self.image)?;
        let image = Image::parse(&bytes)?;
        if let Some(folder) = output {
            Readers::Owner.make_folder(folder).with_context(|| folder.display().to_string())?;
        }
        let slots = still_there(&image, &bytes, slot)?;
        if output.is_none() {
            out.line("slot  id                    length  what");
        }
        for (index, stored) in slots {
            let record = stored.record();
            let (id, length) = (record.header().record_id(), record.as_bytes().len());
            let Some(folder) = output else {
                let what = what(&stored).unwrap_or_else(|bad| bad);
                out.line(format_args!("{index:4}  {id:<20}  {length:>6}  {what}"));
                continue;
            };
            // A slot has one record, but several may have had its id.
            let path = folder.join(format!("slot-{index}-{id:016x}.cper"));
            let mut file = Readers::Owner.make(&path).with_context(|| path.display().to_string())?;
            file.write_all(record.as_bytes()).and_then(|()| file.sync_all())?;
            let path = Printable(path.as_os_str().as_encoded_bytes());
            out.line(format_args!("slot {index} is in {path}"));
        }
        Ok(true)
    }

    /// Brings cleared records back in the image; whether none had to be left.
    fn bring_back(&self, out: &mut Out, slot: Option<usize>) -> anyhow::Result<bool> {
        let mut store = Store::open(&self.image)?;
        let bytes = store.bytes()?;
        let slots = still_there(&Image::parse(&bytes)?, &bytes, slot)?;
        let slots: Vec<usize> = slots.into_iter().map(|(index, _)| index).collect();
        drop(bytes);
        let copy = store.copy().context("its copy")?;
        let copy = Printable(copy.as_os_str().as_encoded_bytes());
        out.line(format_args!("{copy} is a copy of it as it was"));
        let mut good = true;
        for index in slots {
            // A record that was brought back before may have the same id.
            let bytes = store.bytes()?;
            match Image::parse(&bytes)?.plan_restore(index) {
                Ok(edit) => {
                    store.apply(&edit)?;
                    out.line(format_args!("slot {index} is back"));
                }
                Err(error) => {
                    say(format_args!("{}: {error}", self.name()));
                    good = false;
                }
            }
        }
        Ok(good)
    }
}

/// The cleared records that are still there, or the one in a slot.
fn still_there<'a>(
    image: &Image<'a>,
    bytes: &Bytes,
    wanted: Option<usize>,
) -> anyhow::Result<Vec<(usize, StoredRecord<'a>)>> {
    let slots = occupied(image, bytes).filter(|slot| wanted.is_none_or(|wanted| wanted == slot.index));
    let records: Vec<_> = slots
        .filter(|slot| !slot.is_used())
        .filter_map(|slot| Some((slot.index, StoredRecord::parse(slot.cleared_record()?).ok()?)))
        .collect();
    match (wanted, &*records) {
        (None, []) => bail!("no cleared record is still there"),
        (Some(slot), []) => bail!("slot {slot}: no cleared record is there"),
        _ => Ok(records),
    }
}

/// Standard output. A command changes an image or a folder even if standard output cannot be written.
struct Out {
    /// The first error. Nothing is written after it.
    written: io::Result<()>,
}

impl Out {
    fn line(&mut self, line: impl Display) {
        self.write(format!("{line}\n").as_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.written.is_ok() {
            let mut stdout = io::stdout().lock();
            self.written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        }
    }
}

/// Where data or a hole begins; `None` after the last.
fn seek(file: &File, to: SeekTo) -> io::Result<Option<u64>> {
    match rustix::fs::seek(file, to) {
        Ok(offset) => Ok(Some(offset)),
        Err(rustix::io::Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The slots with a record, cleared ones too. Holes of the file are not read.
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
        record.descriptors().iter().take(4).map(|one| one.section_type().to_string()).collect();
    let types = if types.is_empty() { "no section".into() } else { types.join(", ") };
    let found = Found::new(Place::new("", 0), What::Record(*stored), record.as_bytes());
    match found.problems().first() {
        Some(problem) => Err(format!("{types}; bad: {problem}")),
        None => Ok(types),
    }
}

/// An image that is being changed. Other runs are kept from changing it.
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

    /// Its present content.
    pub fn bytes(&self) -> io::Result<Bytes> {
        input::load(self.path)
    }

    /// Makes a copy of it beside it, of which nothing is overwritten, and puts that on the disk; the copy's path.
    fn copy(&mut self) -> anyhow::Result<PathBuf> {
        let named = |number: usize| {
            let mut name = self.path.as_os_str().to_owned();
            name.push(if number == 1 { ".orig".into() } else { format!(".orig.{number}") });
            PathBuf::from(name)
        };
        let mut number = 1;
        let (path, mut copy) = loop {
            let path = named(number);
            match Readers::Owner.make(&path) {
                Ok(copy) => break (path, copy),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => bail!("{}: {error}", path.display()),
            }
        };
        let (mut offset, length) = (0, self.file.metadata()?.len());
        copy.set_len(length)?;
        // Holes stay holes: an image may be larger than the disk.
        while let Some(start) = seek(&self.file, SeekTo::Data(offset))? {
            let end = seek(&self.file, SeekTo::Hole(start))?.filter(|end| *end > start).unwrap_or(length);
            self.file.seek(SeekFrom::Start(start))?;
            copy.seek(SeekFrom::Start(start))?;
            let copied = io::copy(&mut io::Read::take(&self.file, end - start), &mut copy)?;
            if copied != end - start {
                bail!("{} bytes of it could not be read", end - start - copied);
            }
            offset = end;
        }
        copy.sync_all()?;
        sync_folder_of(&path)?;
        Ok(path)
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
