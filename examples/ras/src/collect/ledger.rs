//! The records that each output was given, as the archive keeps them. An output recognises the events in it; with an
//! archive it may be rotated, moved or emptied, and still gets no event twice.
//!
//! A ledger is a file in the archive's folder [`LEDGERS`], one for each output: a line with the output's kind and path,
//! then a line with the digest of each record's key. It is written after the output is on the disk and before anything
//! is cleared. A run that is killed in between leaves records that are in the output and not in the ledger: the next
//! run offers them again, and the output recognises them. So each record in the ledger was on the disk in the output; a
//! new output, or one that was never committed, is given whatever the sources have.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::walk::LEDGERS;

use super::Key;
use super::known::Known;
use crate::output_files::{Readers, sync_folder_of};

/// Digits of a digest.
const DIGITS: usize = 32;

/// What an output was given.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: File,
    known: Known,
    /// Lines that are not written yet.
    held: String,
}

impl Ledger {
    /// Opens an output's ledger, or makes it. An unfinished last line, which a crash left, is removed.
    pub fn open(archive: &Path, kind: &str, output: &Path, readers: Readers) -> anyhow::Result<Self> {
        let folder = archive.join(LEDGERS);
        let output = std::path::absolute(output)?;
        let title = format!("{kind} {}", output.display().to_string().escape_debug());
        let digest = Sha256::digest(&title);
        let name = digest.iter().take(8).fold(0_u64, |name, byte| name << 8 | u64::from(*byte));
        let path = folder.join(format!("{name:016x}"));
        let open = || -> anyhow::Result<Self> {
            readers.make_folder(&folder)?;
            let mut file = readers.open(&path)?;
            let mut ledger = Self {
                path: path.clone(),
                file: file.try_clone()?,
                known: Known::default(),
                held: String::new(),
            };
            let end = ledger.read(&title)?;
            file.set_len(end)?;
            file.seek(SeekFrom::Start(end))?;
            if end == 0 {
                ledger.held = title.clone() + "\n";
            }
            Ok(ledger)
        };
        open().with_context(|| format!("what it was given, {}", path.display()))
    }

    /// Reads the lines. Returns the end of the last whole line.
    fn read(&mut self, title: &str) -> anyhow::Result<u64> {
        let mut lines = BufReader::new(&self.file);
        let (mut line, mut end) = (Vec::new(), 0);
        for number in 1_usize.. {
            line.clear();
            let length = lines.read_until(b'\n', &mut line)?;
            let Some(text) = line.strip_suffix(b"\n") else { break };
            if number == 1 && text != title.as_bytes() {
                bail!("line 1 names another output: {}", text.escape_ascii());
            }
            if number > 1 {
                let digits = std::str::from_utf8(text).ok().filter(|digits| digits.len() == DIGITS);
                let digest = digits.and_then(|digits| u128::from_str_radix(digits, 16).ok());
                self.known.insert(digest.with_context(|| format!("line {number} is no digest of a key"))?)?;
            }
            end += length as u64;
        }
        Ok(end)
    }

    /// Whether the output was given all of these records.
    pub fn has_all<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> std::io::Result<bool> {
        self.known.contains_all(keys)
    }

    /// Notes that the output has these records, or will once it is committed.
    pub fn add<'k>(&mut self, keys: impl IntoIterator<Item = &'k Key>) -> std::io::Result<()> {
        for key in keys {
            if self.known.insert(key.digest)? {
                self.held.push_str(&format!("{:0DIGITS$x}\n", key.digest));
            }
        }
        Ok(())
    }

    /// Writes the notes. The output is on the disk before this is called, and the ledger is when this returns.
    pub fn commit(mut self) -> std::io::Result<()> {
        self.file.write_all(self.held.as_bytes())?;
        self.file.sync_all()?;
        sync_folder_of(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::collect::samples::Folder;

    fn key(number: u128) -> Key {
        Key { creator: cper::Guid::ZERO, id: pstore_format::RecordId::new(0), digest: number << 64 | 7 }
    }

    #[test]
    fn what_was_given_is_known_again() {
        let folder = Folder::new("ledger");
        let open = |output: &str| Ledger::open(&folder.0, "JSON file", Path::new(output), Readers::Owner);
        let keys = [key(1), key(2), key(3)];
        let mut ledger = open("/events").unwrap();
        assert!(!ledger.has_all(&keys[..1]).unwrap());
        ledger.add(&keys[..2]).unwrap();
        let path = ledger.path.clone();
        // It was not committed.
        drop(ledger);
        assert!(!open("/events").unwrap().has_all(&keys[..1]).unwrap());
        let mut ledger = open("/events").unwrap();
        ledger.add(&keys[..2]).unwrap();
        ledger.commit().unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut ledger = open("/events").unwrap();
            let lines = whole[..cut].split(|byte| *byte == b'\n').count() - 1;
            assert_eq!(ledger.has_all(&keys[..1]).unwrap(), lines > 1, "cut at {cut}");
            assert_eq!(ledger.has_all(&keys[..2]).unwrap(), lines > 2, "cut at {cut}");
            ledger.add(&keys[..2]).unwrap();
            ledger.commit().unwrap();
            assert_eq!(fs::read(&path).unwrap(), whole, "cut at {cut}");
        }
        // Another output has a ledger of its own.
        assert!(!open("/others").unwrap().has_all(&keys[..1]).unwrap());
        for wrong in ["JSON file /others\n", "JSON file /events\n12\n", "JSON file /events\n\n"] {
            fs::write(&path, wrong).unwrap();
            let error = format!("{:#}", open("/events").unwrap_err());
            assert!(error.contains(": line "), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), wrong);
        }
    }
}
