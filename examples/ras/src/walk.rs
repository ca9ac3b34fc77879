//! Folders walked in the order of names, however many files they hold.
//!
//! A folder's names are kept in one buffer, some 40 bytes for each file, and are sorted there.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::printable::Printable;

/// The folder of an archive's ledgers. They are no records, so a walk leaves the folder out.
pub const LEDGERS: &str = ".outputs";

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
        // systemd-pstore writes the whole kernel log to dmesg.txt and leaves its parts beside it.
        if rest.iter().any(|name| name_of(&names, *name).starts_with(b"dmesg-")) {
            rest.retain(|name| name_of(&names, *name) != b"dmesg.txt");
        }
        rest.sort_unstable_by(|one, other| name_of(&names, *other).cmp(name_of(&names, *one)));
        Ok(Self { path, names, rest })
    }

    fn next(&mut self) -> Option<(PathBuf, bool)> {
        let name = self.rest.pop()?;
        Some((self.path.join(OsStr::from_bytes(name_of(&self.names, name))), name.2))
    }
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
