//! Folders walked in the order of names, however many files they hold.
//!
//! A folder's names are kept in one buffer, some 40 bytes for each file, and are sorted there.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::input;
use crate::printable::Printable;

/// The folder of an archive's ledgers. They are no records, so a walk leaves the folder out.
pub const LEDGERS: &str = ".outputs";

/// The kernel log that systemd-pstore joins of parts, which it leaves beside it.
const JOINED: &[u8] = b"dmesg.txt";

/// Offset and length of a name in the buffer, and whether it is a folder's name.
type Name = (u32, u16, bool);

/// The names in one folder.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    names: Vec<u8>,
    /// Names that are still to be visited; the next one is the last.
    rest: Vec<Name>,
}

fn name_of(names: &[u8], (start, length, _): Name) -> &[u8] {
    &names[start as usize..][..usize::from(length)]
}

impl Folder {
    fn list(path: PathBuf, wanted: fn(&[u8]) -> bool) -> io::Result<Self> {
        let (mut names, mut rest) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            // Links to files are followed, links to folders are not: they could lead in circles.
            let is_file = kind.is_file() || kind.is_symlink() && is_file(&entry.path());
            let name = entry.file_name().into_vec();
            if kind.is_dir() || is_file && wanted(&name) {
                let start = u32::try_from(names.len()).map_err(|_| io::Error::other("4 GiB of names"))?;
                rest.push((start, name.len() as u16, kind.is_dir()));
                names.extend(name);
            }
        }
        // Ledgers are no records.
        rest.retain(|name| !(name.2 && name_of(&names, *name) == LEDGERS.as_bytes()));
        rest.sort_unstable_by(|one, other| name_of(&names, *other).cmp(name_of(&names, *one)));
        if rest.iter().any(|name| name_of(&names, *name) == JOINED) {
            let parts = rest.iter().filter(|name| !name.2).map(|name| name_of(&names, *name));
            if is_in_parts(&path, parts.filter(|name| name.starts_with(b"dmesg-"))) {
                rest.retain(|name| name_of(&names, *name) != JOINED);
            }
        }
        Ok(Self { path, names, rest })
    }

    fn next(&mut self) -> Option<(PathBuf, bool)> {
        let name = self.rest.pop()?;
        Some((self.path.join(OsStr::from_bytes(name_of(&self.names, name))), name.2))
    }
}

/// Whether all that systemd-pstore joined is in the files beside it, so that a reader of those loses nothing. It joins
/// them last name first, each behind its name and a colon until systemd 251 (`src/pstore/pstore.c`).
fn is_in_parts<'n>(folder: &Path, last_first: impl Iterator<Item = &'n [u8]>) -> bool {
    let load = |name: &[u8]| input::load(&folder.join(OsStr::from_bytes(name)));
    let Ok(joined) = load(JOINED) else { return false };
    let mut rest = &joined[..];
    for name in last_first {
        let Ok(part) = load(name) else { continue };
        let named = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix(b":\n"));
        rest = named.unwrap_or(rest).strip_prefix(&part[..]).unwrap_or(rest);
    }
    rest.is_empty()
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// All files below a folder, or the one file that the path names.
#[derive(Debug)]
pub struct Walk {
    wanted: fn(&[u8]) -> bool,
    folders: Vec<Folder>,
    first: Option<PathBuf>,
}

impl Walk {
    /// Begins a walk that sees the files whose names are `wanted`.
    pub fn new(path: &Path, wanted: fn(&[u8]) -> bool) -> Self {
        Self { wanted, folders: Vec::new(), first: Some(path.to_owned()) }
    }
}

impl Iterator for Walk {
    type Item = Result<PathBuf, anyhow::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut enter = match self.first.take() {
            Some(path) if !path.is_dir() => return Some(Ok(path)),
            first => first,
        };
        loop {
            if let Some(path) = enter.take() {
                match Folder::list(path.clone(), self.wanted) {
                    Ok(folder) => self.folders.push(folder),
                    Err(error) => {
                        return Some(Err(anyhow::anyhow!(
                            "{}: {error}",
                            Printable(path.as_os_str().as_bytes())
                        )));
                    }
                }
            }
            match self.folders.last_mut()?.next() {
                Some((path, true)) => enter = Some(path),
                Some((path, false)) => return Some(Ok(path)),
                None => {
                    self.folders.pop();
                }
            }
        }
    }
}
