//! EFI variables with records: `HwErrRec####` of firmware (UEFI 2.11, section 8.2.4.2) and `dump-type…` of Linux.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};

use super::{Clearable, Cleared, Source};

/// Where efivarfs is mounted.
pub const PATH: &str = "sys/firmware/efi/efivars";

/// Whether a variable may hold a record.
pub fn is_wanted(name: &[u8]) -> bool {
    name.starts_with(b"HwErrRec") || name.starts_with(b"dump-type")
}

/// Removes the variable.
pub fn clear(source: &Source, path: &Path, clearable: &[Clearable]) -> io::Result<Cleared> {
    source.remove(path, clearable, |path| {
        // Linux protects unknown variables from removal by accident (`Documentation/filesystems/efivarfs.rst`).
        let file = File::open(path)?;
        if let Ok(flags) = ioctl_getflags(&file) {
            if flags.contains(IFlags::IMMUTABLE) {
                ioctl_setflags(&file, flags - IFlags::IMMUTABLE)?;
            }
        }
        fs::remove_file(path)
    })
}
