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
use crate::summary::count;

/// The folder of an archive's ledgers. They are no records, so a walk leaves the folder out.
pub const LEDGERS: &str = ".outputs";

/// The kernel log that systemd-pstore joins of parts, which it leaves beside it.
const JOINED: &[u8] = b"dmesg.txt";

/// Offset and length of a name in the buffer, and what it names.
type Name = (u32, u16, Kind);

/// What is in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file, or a link to one.
    File,
    /// A folder.
    Folder,
    /// A link to a folder. It is not followed: it could lead in circles.
    FolderLink,
    /// What has no bytes, such as a link to nothing, or gives them away, such as a pipe.
    Other,
}

impl Kind {
    fn of(entry: &fs::DirEntry) -> io::Result<Self> {
        let kind = entry.file_type()?;
        if !kind.is_symlink() {
            return Ok(Self::of_type(kind));
        }
        Ok(match fs::metadata(entry.path()).map(|metadata| Self::of_type(metadata.file_type())) {
            Ok(Self::Folder) => Self::FolderLink,
            Ok(kind) => kind,
            Err(_) => Self::Other,
        })
    }

    fn of_type(kind: fs::FileType) -> Self {
        if kind.is_dir() {
            Self::Folder
        } else if kind.is_file() {
            Self::File
        } else {
            Self::Other
        }
    }
}

/// What a walk meets.
#[derive(Debug)]
pub struct Met {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is to be read: it is a file, or it is what the walk's own path names.
    pub kind: Kind,
}

/// How much was met in folders and not read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Skipped {
    /// Files that are no records, pipes and the like.
    pub files: usize,
    folder_links: usize,
}

impl Skipped {
    /// Counts one.
    pub fn add(&mut self, kind: Kind) {
        match kind {
            Kind::FolderLink => self.folder_links += 1,
            _ => self.files += 1,
        }
    }

    /// `1 link to a folder`, which may lead to records.
    pub fn links(self) -> Option<String> {
        match self.folder_links {
            0 => None,
            1 => Some("1 link to a folder".into()),
            more => Some(format!("{more} links to folders")),
        }
    }

    /// `2 files of other kinds, 1 link to a folder left out`; `None` if nothing was.
    pub fn told(self) -> Option<String> {
        let files = (self.files > 0).then(|| format!("{} of other kinds", count(self.files, "file")));
        let all: Vec<String> = files.into_iter().chain(self.links()).collect();
        (!all.is_empty()).then(|| format!("{} left out", all.join(", ")))
    }
}

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
            let kind = Kind::of(&entry)?;
            let name = entry.file_name().into_vec();
            if matches!(kind, Kind::Folder | Kind::FolderLink) || wanted(&name) {
                let start = u32::try_from(names.len()).map_err(|_| io::Error::other("4 GiB of names"))?;
                rest.push((start, name.len() as u16, kind));
                names.extend(name);
            }
        }
        // Ledgers are no records.
        rest.retain(|name| name.2 == Kind::File || name_of(&names, *name) != LEDGERS.as_bytes());
        rest.sort_unstable_by(|one, other| name_of(&names, *other).cmp(name_of(&names, *one)));
        let files = rest.iter().filter(|name| name.2 == Kind::File).map(|name| name_of(&names, *name));
        let has_joined = files.clone().any(|name| name == JOINED);
        if has_joined && is_in_parts(&path, files.filter(|name| name.starts_with(b"dmesg-"))) {
            rest.retain(|name| name_of(&names, *name) != JOINED);
        }
        Ok(Self { path, names, rest })
    }

    fn next(&mut self) -> Option<Met> {
        let name = self.rest.pop()?;
        Some(Met { path: self.path.join(OsStr::from_bytes(name_of(&self.names, name))), kind: name.2 })
    }
}

/// Whether all that systemd-pstore joined is in the files beside it, so that a reader of those loses nothing. It joins
/// them last name first, each behind its name and a colon (systemd `src/pstore/pstore.c`). Names may be missing.
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

/// All that is below a folder, but folders; or the one file that the path names.
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
    type Item = Result<Met, anyhow::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut enter = match self.first.take() {
            Some(path) if !path.is_dir() => return Some(Ok(Met { path, kind: Kind::File })),
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
                Some(Met { path, kind: Kind::Folder }) => enter = Some(path),
                Some(met) => return Some(Ok(met)),
                None => {
                    self.folders.pop();
                }
            }
        }
    }
}

/// A file that the arguments name.
#[derive(Debug)]
pub struct Candidate {
    /// Where it is.
    pub path: PathBuf,
    /// What it is; only a file is read.
    pub kind: Kind,
    /// Whether the arguments name the file itself. A file inside a named folder may be anything.
    pub named: bool,
}

/// Every file that the arguments name, folders walked in the order of names; or why one could not be reached.
pub fn candidates(arguments: &[PathBuf]) -> impl Iterator<Item = Result<Candidate, anyhow::Error>> {
    arguments.iter().flat_map(|argument| {
        let named = !argument.is_dir();
        Walk::new(argument, |_| true)
            .map(move |met| met.map(|Met { path, kind }| Candidate { path, kind, named }))
    })
}

/// Total size of all files that the arguments name; `None` where it is not known, as for a pipe.
pub fn length(arguments: &[PathBuf]) -> Option<u64> {
    let mut files = candidates(arguments).filter(|one| !one.as_ref().is_ok_and(|one| one.kind != Kind::File));
    files.try_fold(0_u64, |all, candidate| {
        let metadata = fs::metadata(candidate.ok()?.path).ok()?;
        metadata.is_file().then(|| all.saturating_add(metadata.len()))
    })
}
