//! The pstore file system: a file for each record, its body alone. Removing the file clears the record behind it.

use std::fs;
use std::io;
use std::path::Path;

use pstore_format::names::FileName;

use crate::recognise::Content;

use super::{Clearable, Cleared, Source};

/// Where it is mounted (Linux `fs/pstore/inode.c`).
pub const PATH: &str = "sys/fs/pstore";

/// A file of a type that is not known here.
pub fn any(name: &str) -> Option<Content> {
    FileName::parse(name).map(|_| Content::Stored)
}

/// Removes the file.
pub fn clear(source: &Source, path: &Path, clearable: &[Clearable]) -> io::Result<Cleared> {
    source.remove(path, clearable, |path| fs::remove_file(path))
}
