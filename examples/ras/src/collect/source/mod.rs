//! The sources of a machine: how each is found, which of its files are read, and how a record is cleared from it.

mod bert;
mod efi;
mod erst_device;
mod image;
mod pstore;
mod systemd;

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use cper::Guid;

use crate::input;
use crate::key::Keys;
use crate::ramoops::Parameters;
use crate::recognise::Content;
use crate::scan::{self, File, Step};
use crate::walk::Walk;

use super::Key;

/// A kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Linux's device for whole ERST records: `/dev/erst_dbg`.
    ErstDevice,
    /// Linux's file system of the records that it kept in ERST, EFI variables or memory: bodies alone.
    Pstore,
    /// EFI variables of firmware and of Linux.
    Efi,
    /// The region with the errors of the last boot that firmware found.
    Bert,
    /// The files that systemd-pstore moved out of pstore.
    Systemd,
    /// Files and folders that were named.
    Files,
}

/// A source.
#[derive(Clone, Debug)]
pub struct Source {
    /// What kind it is.
    pub kind: Kind,
    /// The file or folder.
    pub path: PathBuf,
    /// Whether it was named on the command line; problems with a source that was not are no errors.
    pub named: bool,
    /// The boot for which firmware left its records; all zero for a source that persists from boot to boot.
    pub boot: Guid,
    /// The layout of its ramoops memory, where it was given.
    pub ramoops: Option<Parameters>,
}

impl Kind {
    /// The sources that a machine may have, those with whole records first: of a record that is met twice the first is
    /// archived.
    const OF_MACHINE: [Self; 5] = [Self::ErstDevice, Self::Efi, Self::Pstore, Self::Bert, Self::Systemd];

    /// Its path, without the first slash.
    const fn path(self) -> &'static str {
        match self {
            Self::ErstDevice => erst_device::PATH,
            Self::Pstore => pstore::PATH,
            Self::Efi => efi::PATH,
            Self::Bert => bert::PATH,
            Self::Systemd => systemd::PATH,
            Self::Files => "",
        }
    }

    /// The boot of everything in a source.
    fn boot(self, root: &Path) -> Guid {
        match self {
            Self::Bert => bert::boot(root),
            _ => Guid::ZERO,
        }
    }

    /// Why records of this source cannot be cleared.
    pub const fn keeps(self) -> Option<&'static str> {
        match self {
            Self::ErstDevice | Self::Pstore | Self::Efi => None,
            Self::Bert => Some("firmware makes the BERT region anew at each boot"),
            Self::Systemd | Self::Files => {
                Some("only stores are cleared: ERST, its images, pstore and EFI variables")
            }
        }
    }
}

impl Source {
    /// The sources that there are below `root`.
    pub fn find(root: &Path) -> Vec<Self> {
        let all = Kind::OF_MACHINE.map(|kind| {
            let (path, boot) = (root.join(kind.path()), kind.boot(root));
            Self { kind, path, named: false, boot, ramoops: None }
        });
        all.into_iter().filter(|source| source.path.exists()).collect()
    }

    /// The source at a path that was named.
    pub fn named(path: &Path, root: &Path) -> Self {
        let of_machine = Kind::OF_MACHINE.into_iter().find(|kind| {
            let place = root.join(kind.path());
            path == place || path.starts_with(&place)
        });
        let device = || {
            let is_device = path.metadata().is_ok_and(|metadata| metadata.file_type().is_char_device());
            is_device.then_some(Kind::ErstDevice)
        };
        let kind = of_machine.or_else(device).unwrap_or(Kind::Files);
        Self { kind, path: path.to_owned(), named: true, boot: kind.boot(root), ramoops: None }
    }

    /// The files in it.
    pub fn walk(&self) -> Walk {
        let wanted: fn(&[u8]) -> bool = match self.kind {
            // Reading a variable costs firmware time, and most variables hold no record.
            Kind::Efi => efi::is_wanted,
            _ => |_| true,
        };
        Walk::new(&self.path, wanted)
    }

    /// The file at a path in this source, recognised.
    pub fn load(&self, path: &Path) -> Result<Loaded, io::Error> {
        let name = match path.to_str() {
            Some(input::STDIN) => "standard input".to_owned(),
            _ => path.to_string_lossy().into_owned(),
        };
        let bytes = match self.kind {
            Kind::ErstDevice => erst_device::read(path)?,
            _ => input::load(path)?,
        };
        let file = File::new(name, bytes, self.ramoops.as_ref());
        Ok(match self.content(&file) {
            Some(_) => Loaded::File(file),
            None if file.bytes.is_empty() => Loaded::Empty,
            None => Loaded::Unrecognised(file),
        })
    }

    /// The content of a file of this source.
    pub fn content(&self, file: &File) -> Option<Content> {
        let name = base(&file.name);
        match self.kind {
            // Everything there is a record, of whatever kind.
            Kind::Pstore => file.content.or_else(|| pstore::any(name)),
            Kind::ErstDevice if !file.bytes.is_empty() => Some(Content::Records(0)),
            _ => file.content,
        }
    }

    /// The keys of what is in a file. An archived file has its record's key, and so the boot, in its name.
    pub fn keys_of(&self, file: &File) -> Keys {
        let archived = Key::split_name(base(&file.name)).map(|(key, _)| key);
        let boot = if self.boot.is_zero() { archived.map(|key| key.creator) } else { None };
        Keys::new(boot.unwrap_or(self.boot), archived)
    }

    /// Hands on what is in a file.
    pub fn visit<'a>(&self, file: &'a File, visit: &mut dyn FnMut(Step<'a>)) {
        let Some(content) = self.content(file) else { return };
        // Cleared records were collected before.
        scan::visit(file, content, false, visit);
    }
}

/// What reading a file gave.
#[derive(Debug)]
pub enum Loaded {
    /// It holds something.
    File(File),
    /// It is empty: a device or region without records.
    Empty,
    /// It was not recognised.
    Unrecognised(File),
}

/// A record that may be cleared.
#[derive(Debug)]
pub struct Clearable {
    /// Its key.
    pub key: Key,
    /// The slot, in a store.
    pub slot: Option<usize>,
}

/// What clearing records gave.
#[derive(Debug, Default)]
pub struct Cleared {
    /// Records that were cleared.
    pub cleared: usize,
    /// Records that were not, and why.
    pub kept: Vec<String>,
}

impl Cleared {
    fn keep(&mut self, key: &Key, why: impl std::fmt::Display) {
        self.kept.push(format!("record {}: {why}", key.id));
    }
}

/// Why a record is left where it is.
const CHANGED: &str = "it is no longer what was archived";

impl Source {
    /// Why these records cannot be cleared, if they cannot: of files only the slots of stores can.
    pub fn keeps(&self, clearable: &[Clearable]) -> Option<&'static str> {
        self.kind.keeps().filter(|_| clearable.iter().all(|record| record.slot.is_none()))
    }

    /// Clears records from the file at a path, those that are still the archived ones.
    pub fn clear(&self, path: &Path, clearable: &[Clearable]) -> io::Result<Cleared> {
        match self.kind {
            Kind::ErstDevice => erst_device::clear(path, clearable),
            Kind::Pstore => pstore::clear(self, path, clearable),
            Kind::Efi => efi::clear(self, path, clearable),
            Kind::Bert | Kind::Systemd | Kind::Files => image::clear(path, clearable),
        }
    }

    /// The keys of all that is in a file now.
    pub fn keys(&self, path: &Path) -> io::Result<Vec<Key>> {
        let mut keys = Vec::new();
        if let Loaded::File(file) = self.load(path)? {
            let mut of_file = self.keys_of(&file);
            self.visit(&file, &mut |step| {
                if let Step::Found(found) = step {
                    keys.extend(of_file.of(&found));
                }
            });
        }
        Ok(keys)
    }

    /// Removes a file that is a record, if everything in it is archived.
    fn remove(
        &self,
        path: &Path,
        clearable: &[Clearable],
        remove: fn(&Path) -> io::Result<()>,
    ) -> io::Result<Cleared> {
        let mut cleared = Cleared::default();
        let is_clearable = |key: &Key| clearable.iter().any(|record| record.key == *key);
        let keys = self.keys(path)?;
        if !keys.is_empty() && keys.iter().all(is_clearable) {
            remove(path)?;
            cleared.cleared = clearable.len();
        } else {
            for record in clearable {
                cleared.keep(&record.key, CHANGED);
            }
        }
        Ok(cleared)
    }
}

pub use crate::scan::base;
