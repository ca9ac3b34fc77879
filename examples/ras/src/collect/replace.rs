//! A file that replaces another at once: every reader, and every crash, leaves either the old or the new one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, fchown};

use crate::output_files::{BUSY, Place, Readers, lock, open_left_over, sync_folder_of};

/// A new file beside the one that it will replace, written by one run at a time. It is removed if it is dropped before;
/// what a crash leaves of it the next run overwrites.
#[derive(Debug)]
pub struct Replacement {
    file: File,
    path: PathBuf,
    place: PathBuf,
    committed: bool,
}

/// Where the file is that would be replaced. A device or folder is never replaced, nor is a link that is not followed.
pub fn place_of(path: &Path) -> io::Result<PathBuf> {
    let place = Place::of(path)?.path;
    match fs::symlink_metadata(&place) {
        Ok(metadata) if !metadata.is_file() => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file, which alone can be replaced"))
        }
        _ => Ok(place),
    }
}

impl Replacement {
    /// Begins a file that will replace the one at this path and take its permissions; if there is none, it gets those
    /// for these readers. The old file may be read by the holder alone until then: no other run replaces it meanwhile.
    pub fn of(path: &Path, readers: Readers) -> io::Result<Self> {
        let place = place_of(path)?;
        let name = place.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".new");
        let path = place.with_file_name(&hidden);
        let file = match open_left_over(&path) {
            Ok(Some(file)) => Ok(file),
            Ok(None) => readers.make(&path),
            Err(error) => Err(error),
        };
        let busy = || io::Error::new(io::ErrorKind::ResourceBusy, BUSY);
        let file = file.map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists {
                return busy();
            }
            let name = Path::new(&hidden).display();
            io::Error::new(error.kind(), format!("{name} beside it, which is to replace it: {error}"))
        })?;
        lock(&file)?;
        // Another run may have renamed it between the two calls: then it is the old file now.
        let metadata = file.metadata()?;
        if !fs::symlink_metadata(&path).is_ok_and(|there| metadata.ino() == there.ino()) {
            return Err(busy());
        }
        file.set_len(0)?;
        if let Ok(old) = fs::metadata(&place) {
            let mut permissions = old.permissions();
            if old.gid() != metadata.gid() && fchown(&file, None, Some(Gid::from_raw(old.gid()))).is_err() {
                // The old file's permissions for its group are not given to another group.
                permissions.set_mode(permissions.mode() & !0o070);
            }
            file.set_permissions(permissions)?;
        }
        Ok(Self { file, path, place, committed: false })
    }

    /// Leaves the old file as it is. Its name is on the disk when this returns, also if a killed run put it there.
    #[cfg(feature = "parquet")]
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
            // The next run overwrites what stays.
            let _ = fs::remove_file(&self.path);
        }
    }
}
