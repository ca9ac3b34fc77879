//! A file that takes the place of another at once: whoever reads, and whatever a crash leaves, has the one or the
//! other.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// A file written beside the one whose place it is to take, by one run at a time. One that is dropped before its time
/// is removed; what a crash leaves of it the next run writes over.
#[derive(Debug)]
pub struct Replacement {
    file: File,
    path: PathBuf,
    place: PathBuf,
    committed: bool,
}

impl Replacement {
    /// Begins a file that is to take the place of what is at this path, if anything is. Where that is a link, the
    /// file it leads to is replaced. Only its holder may read the old file to make the new one of it: then no other
    /// run replaces it meanwhile.
    pub fn of(path: &Path) -> io::Result<Self> {
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let name = place.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".new");
        let path = place.with_file_name(&hidden);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| {
            let name = Path::new(&hidden).display();
            io::Error::new(error.kind(), format!("{name} beside it, which is to replace it: {error}"))
        })?;
        let held = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        // Another run may have put it in its place between the two calls: then it is the old file now.
        let is_there = fs::metadata(&path)
            .is_ok_and(|there| file.metadata().is_ok_and(|ours| there.ino() == ours.ino()));
        if !held || !is_there {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another run is writing it"));
        }
        file.set_len(0)?;
        if let Ok(old) = fs::metadata(&place) {
            file.set_permissions(old.permissions())?;
        }
        Ok(Self { file, path, place, committed: false })
    }

    /// Leaves what is in its place. Its name is on the disk when this returns, also where a run put it there that was
    /// killed before it came to that.
    pub fn leave(self) -> io::Result<()> {
        if self.place.exists() { sync_folder_of(&self.place) } else { Ok(()) }
    }

    /// Puts the file in its place, once it is on the disk; its name is on the disk too when this returns.
    pub fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, &self.place)?;
        self.committed = true;
        sync_folder_of(&self.place)
    }
}

/// Puts the names in a file's folder on the disk.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.committed {
            // What stays is written over by the next run.
            let _ = fs::remove_file(&self.path);
        }
    }
}
