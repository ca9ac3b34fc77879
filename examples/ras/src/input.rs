//! Where bytes come from: files and standard input.
//!
//! Large files are mapped, so that a store of gigabytes costs no memory; small ones, and those that cannot be mapped
//! (pipes, `/sys`), are read, up to a limit.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

/// Files from this size on are mapped.
const MAP_FROM: u64 = 1 << 20;

/// The most bytes that are read of a file that cannot be mapped.
const READ_LIMIT: u64 = 256 << 20;

/// The argument that stands for standard input.
pub const STDIN: &str = "-";

/// The bytes of a file.
#[derive(Debug)]
pub enum Bytes {
    /// Read into memory.
    Read(Vec<u8>),
    /// Mapped, and the file, which knows where it has holes.
    Mapped(Mmap, File),
}

impl Bytes {
    /// Whether they take memory of this process.
    pub fn held(&self) -> usize {
        match self {
            Self::Read(bytes) => bytes.len(),
            Self::Mapped(..) => 0,
        }
    }

    /// The first offset at or after this one that is not in a hole of a sparse file, or the end. All bytes before it
    /// are zero.
    pub fn next_data(&self, from: usize) -> usize {
        #[cfg(target_os = "linux")]
        if let Self::Mapped(map, file) = self {
            use rustix::fs::{SeekFrom, seek};
            return match seek(file, SeekFrom::Data(from as u64)) {
                Ok(data) => usize::try_from(data).unwrap_or(map.len()).clamp(from, map.len()),
                Err(rustix::io::Errno::NXIO) => map.len(),
                // On a file system that cannot say there are no holes.
                Err(_) => from,
            };
        }
        from
    }

    /// Gives back the memory of the pages that were read so far. Without it a walk over a store keeps every page that
    /// it touched, also those of a sparse file's holes.
    pub fn release(&self) {
        #[cfg(unix)]
        if let Self::Mapped(map, _) = self {
            // SAFETY: dropping the pages of a read-only mapping of a file loses nothing: they are read again when
            // they are needed, with the same contents as far as the file keeps them (see `map`).
            #[allow(unsafe_code)]
            // If the pages stay, that is no error.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Mapped(map, _) => map,
        }
    }
}

/// The bytes of a file, or of standard input for `-`.
pub fn load(path: &Path) -> io::Result<Bytes> {
    if path.as_os_str() == STDIN {
        return read(io::stdin().lock());
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.len() >= MAP_FROM {
        if let Ok(map) = map(&file) {
            return Ok(Bytes::Mapped(map, file));
        }
    }
    read(file)
}

fn read(from: impl Read) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    from.take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > READ_LIMIT {
        let message = format!("more than {} MiB that cannot be mapped; save it to a file", READ_LIMIT >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(Bytes::Read(bytes))
}

fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is shared with the file. Somebody who writes to it meanwhile can make us see one value and
    // then another, and somebody who shortens it can end this process with SIGBUS. All parsing is safe code that
    // bounds what it reads by what it read, so neither can do more than that.
    #[allow(unsafe_code)]
    unsafe {
        Mmap::map(file)
    }
}
