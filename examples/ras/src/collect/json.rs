//! `--json`: an object a line, as `ras decode --format json` writes them, with the event's key in front and the keys of
//! a kernel log's parts at the end. When a further part of a log is met later, the log gets another line with all
//! parts, mostly with the same key: the last line of a key is the most complete.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::de::IgnoredAny;

use crate::found::What;
use crate::input;
use crate::json::{self, Extent, Keys};

use super::known::Known;
use super::{Added, Collected, Key, Record, Sink};
use crate::output_files::{Readers, lock, sync_folder_of};

/// How each line begins.
const START: &str = "{\"key\":\"";

/// The text before the keys of a log's parts.
const PARTS: &str = "\",\"part_keys\":[\"";

/// The text between them.
const NEXT: &str = "\",\"";

/// Bytes that are gathered before they are written: they fit a processor's cache.
const BUFFER: usize = 256 << 10;

/// A file of lines, or standard output.
#[derive(Debug)]
pub struct Json {
    path: PathBuf,
    out: File,
    extent: Extent,
    known: Known,
    /// What there was of a line that was cut, and whose event was not given again since: its key, as far as it goes.
    cut: Option<String>,
    /// Lines that are not written yet.
    held: Vec<u8>,
}

impl Json {
    /// Opens the file, which need not exist; `-` is standard output. A last line that lacks its end only gets it. One
    /// that was cut, by a crash, is removed.
    pub fn open(path: &Path, readers: Readers, extent: Extent) -> anyhow::Result<Self> {
        if path.as_os_str() == input::STDIN {
            let out = rustix::io::dup(io::stdout())?.into();
            return Ok(Self::over(path, out, extent, Known::default()));
        }
        let mut file = readers.open(path)?;
        if !file.metadata()?.is_file() {
            return Ok(Self::over(path, file, extent, Known::default()));
        }
        lock(&file)?;
        let mut known = Known::default();
        let (end, rest) = read(&file, &mut known)?;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        let (cut, held) = match rest {
            Rest::None => (None, Vec::new()),
            Rest::LineEnd => (None, b"\n".to_vec()),
            Rest::Cut(key) => (Some(key), Vec::new()),
        };
        Ok(Self { cut, held, ..Self::over(path, file, extent, known) })
    }

    fn over(path: &Path, out: File, extent: Extent, known: Known) -> Self {
        Self { path: path.to_owned(), out, extent, known, cut: None, held: Vec::new() }
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }
}

/// What follows the last line that ends.
enum Rest {
    None,
    /// A line without its end.
    LineEnd,
    /// Part of a line, with this much of its key.
    Cut(String),
}

/// Reads the keys of the lines. Returns the end of the last whole line, and what follows it.
fn read(file: &File, known: &mut Known) -> anyhow::Result<(u64, Rest)> {
    let mut lines = BufReader::with_capacity(BUFFER, file);
    let (mut line, mut end) = (Vec::new(), 0);
    for number in 1_usize.. {
        line.clear();
        let length = lines.read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        let front = &line[..line.len().min(START.len())];
        // An unfinished line must begin like ours, as far as it goes.
        if front != &START.as_bytes()[..front.len()] {
            bail!("line {number} is none of ras collect: it begins {}", front.escape_ascii());
        }
        let has_end = line.last() == Some(&b'\n');
        if !has_end && serde_json::from_slice::<IgnoredAny>(&line).is_err() {
            let key = line[front.len()..].iter().take(Key::TEXT).map(|byte| char::from(*byte)).collect();
            return Ok((end, Rest::Cut(key)));
        }
        let (first, mut rest) =
            key(&line[START.len()..]).with_context(|| format!("line {number} has no key of ras collect"))?;
        known.insert(first.digest)?;
        let mut before = PARTS;
        while let Some(more) = rest.strip_prefix(before.as_bytes()) {
            let (part, after) = key(more)
                .with_context(|| format!("line {number} has a part without a key of ras collect"))?;
            known.insert(part.digest)?;
            (rest, before) = (after, NEXT);
        }
        end += length as u64;
        if !has_end {
            return Ok((end, Rest::LineEnd));
        }
    }
    Ok((end, Rest::None))
}

/// The key at the start of the bytes, and what follows it.
fn key(bytes: &[u8]) -> Option<(Key, &[u8])> {
    let (key, rest) = bytes.split_at_checked(Key::TEXT)?;
    Some((std::str::from_utf8(key).ok()?.parse().ok()?, rest))
}

impl Sink for Json {
    fn name(&self) -> String {
        if self.path.as_os_str() == input::STDIN {
            return "standard output".into();
        }
        format!("JSON file {}", self.path.display())
    }

    fn add(&mut self, collected: &Collected<'_, '_>) -> anyhow::Result<Added> {
        let is_new = self.known.insert_all(collected.records.iter().map(Record::key))? != 0;
        let key = collected.key.to_string();
        let is_it = |cut: &String| key.starts_with(cut.as_str()) && (is_new || cut.len() == key.len());
        self.cut = self.cut.take().filter(|cut| !is_it(cut));
        if !is_new {
            return Ok(Added::Known);
        }
        json::line(&mut self.held, collected.event, Some(&keys_of(collected)), self.extent)?;
        if self.held.len() >= BUFFER {
            self.write()?;
        }
        Ok(Added::New)
    }

    fn lost(&self, key: &Key) -> bool {
        self.cut.as_ref().is_some_and(|cut| cut.len() == Key::TEXT && *cut == key.to_string())
    }

    fn missing(&self) -> Option<String> {
        let event = match self.cut.as_ref()?.parse::<Key>() {
            Ok(key) => format!("event {key}"),
            Err(_) => "an event".into(),
        };
        Some(format!("its last line was cut, and is removed: {event} is missing from it"))
    }

    fn commit(mut self: Box<Self>) -> anyhow::Result<()> {
        self.write()?;
        let file = &self.out;
        // A pipe or terminal is on no disk.
        if file.metadata()?.is_file() {
            file.sync_all()?;
            // The file may be new, or made by a run that was killed before the name was on the disk.
            sync_folder_of(&self.path)?;
        }
        Ok(())
    }
}

/// The keys of an event.
fn keys_of(collected: &Collected<'_, '_>) -> Keys {
    let is_log = matches!(collected.event.found.what, What::Log(_));
    let parts = collected.records.iter().filter(|_| is_log);
    Keys { event: collected.key.to_string(), parts: parts.map(|part| part.key.to_string()).collect() }
}
