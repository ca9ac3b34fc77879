//! `--archive`: a folder with a file for each raw record.
//!
//! A file's name is the event's key, a dot, and the kind of its bytes: `cper`, `gesb`, or the name that pstore or EFI
//! had for it, without which a body alone cannot be recognised. So the folder is a source itself: `ras decode` and `ras
//! collect` read it, and the keys that they find are those in the names.
//!
//! A file is written under a name that begins with a dot, put on the disk, and renamed; then the folder is put on the
//! disk. The next run removes files that a crash left before they were renamed.
//!
//! The archive also keeps what each output was given, in [`Ledger`](super::ledger::Ledger)s.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use cper::Guid;
use pstore_format::names::{EfiVariable, FileName};

use crate::event::Kind as EventKind;
use crate::found::{Found, What};

use super::Key;
use super::known::Known;
use super::source::{self, Kind, Source};
use crate::output_files::{Readers, lock};

/// Its default path, without the first slash.
pub const PATH: &str = "var/lib/ras/archive";

/// The number of files that are written, put on the disk and renamed together, which is faster than one by one.
const BATCH: usize = 256;

/// The end of a file's name that is not renamed yet.
const UNFINISHED: &str = ".new";

/// Names from pstore and EFI longer than this are not kept: the file's could be too long then.
const LONGEST_NAME: usize = 120;

/// The folder.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    /// Open and locked as long as this run writes to it: other runs wait.
    folder: File,
    readers: Readers,
    known: Known,
    /// Files that are written and not renamed, with the names they get.
    unfinished: Vec<(File, PathBuf, PathBuf)>,
}

impl Archive {
    /// Opens the folder, or makes it.
    pub fn open(path: &Path, readers: Readers) -> anyhow::Result<Self> {
        readers.make_folder(path)?;
        let folder = File::open(path)?;
        lock(&folder)?;
        let mut known = Known::default();
        for name in names(path)? {
            match Key::split_name(&name) {
                Some((key, _)) => {
                    known.insert(key.digest)?;
                }
                None if is_unfinished(&name) => {
                    fs::remove_file(path.join(&name)).with_context(|| name.clone())?;
                }
                None => {}
            }
        }
        Ok(Self { path: path.to_owned(), folder, readers, known, unfinished: Vec::new() })
    }

    /// The keys whose records are in the folder, whole: each file is read back and its key computed anew.
    pub fn confirm(&self, keys: &HashSet<Key>) -> io::Result<HashSet<Key>> {
        let archive = Source {
            kind: Kind::Files,
            path: self.path.clone(),
            named: true,
            boot: Guid::ZERO,
            ramoops: None,
        };
        let mut confirmed = HashSet::new();
        for name in names(&self.path)? {
            let Some((key, _)) = Key::split_name(&name) else { continue };
            if keys.contains(&key) && archive.keys(&self.path.join(&name))?.contains(&key) {
                confirmed.insert(key);
            }
        }
        Ok(confirmed)
    }

    /// Puts what was written on the disk, and gives it its names.
    fn finish(&mut self) -> io::Result<()> {
        for (file, _, _) in &self.unfinished {
            file.sync_all()?;
        }
        for (_, from, to) in self.unfinished.drain(..) {
            fs::rename(from, to)?;
        }
        Ok(())
    }

    /// Its kind and path, for messages.
    pub fn name(&self) -> String {
        format!("archive {}", self.path.display())
    }

    /// Adds a record, unless its key is there. Returns whether it is new. It is on the disk after the next commit.
    pub fn add(&mut self, key: &Key, found: &Found<'_>) -> anyhow::Result<bool> {
        if !self.known.insert(key.digest)? {
            return Ok(false);
        }
        let name = format!("{key}.{}", form(found));
        let unfinished = self.path.join(format!(".{name}{UNFINISHED}"));
        let mut file = self.readers.make(&unfinished)?;
        file.write_all(found.raw)?;
        self.unfinished.push((file, unfinished, self.path.join(name)));
        if self.unfinished.len() >= BATCH {
            self.finish()?;
        }
        Ok(true)
    }

    /// Everything added is on the disk when this returns. The folder stays locked as long as this lives.
    pub fn commit(&mut self) -> io::Result<()> {
        self.finish()?;
        self.folder.sync_all()
    }
}

/// Whether a file of this name is one that an earlier run did not rename.
fn is_unfinished(name: &str) -> bool {
    let name = name.strip_prefix('.').and_then(|name| name.strip_suffix(UNFINISHED));
    name.is_some_and(|name| Key::split_name(name).is_some())
}

/// The names in a folder, those that are text.
fn names(path: &Path) -> io::Result<impl Iterator<Item = String>> {
    // A name that is not text was not written by this program.
    Ok(fs::read_dir(path)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()))
}

/// The kind of a record's bytes, by which they are recognised when they are read again.
fn form(found: &Found<'_>) -> String {
    let name = source::base(found.place.file);
    let name = Key::split_name(name).map_or(name, |(_, name)| name);
    if found.raw.starts_with(b"CPER") {
        return "cper".into();
    }
    let tells = FileName::parse(name).is_some()
        || EfiVariable::parse(name).is_some()
        || EfiVariable::parse_efivarfs(name).is_some();
    if tells && name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let part = match &found.what {
        What::Part(part) => Some(part),
        What::Log(log) => log.parts().next(),
        _ => None,
    };
    match (&found.what, part) {
        (_, Some(part)) => match part.id {
            Some(id) => {
                let backend = if part.id_names_boot { "erst" } else { "pstore" };
                let kind = part.kind.type_name();
                FileName { kind, backend, id: Some(id), compressed: part.compressed }.to_string()
            }
            None => "dmesg".into(),
        },
        (What::Block(_), _) => "gesb".into(),
        (What::Bad(_), _) => "bad".into(),
        _ => EventKind::of_found(found).name.into(),
    }
}
