//! The set of known events: any number of digests, in little memory.
//!
//! The latest digests are in a table. A full table is sorted and put into a file without a name, a run; two runs of
//! about one size are merged, so that there are few. Two bytes of each digest in a run stay in memory, in a filter that
//! answers most questions. The answer is exact: a digest that passes the filter is looked up in the file.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Key;

/// The most digests in the table: a table of 2^16 places holds as many.
const HELD: usize = if cfg!(test) { 100 } else { 7 << 13 };

/// Bytes of a digest in a file.
const SIZE: usize = size_of::<u128>();

/// Digests that are read from a run at once.
const PAGE: usize = 64;

/// Digests for each word of the filter, and bits that each digest sets in it: one in a hundred absent digests passes.
const TO_A_WORD: usize = 4;
const BITS: u32 = 4;

/// Digests.
#[derive(Debug, Default)]
pub struct Known {
    recent: HashSet<u128, BuildHasherDefault<Itself>>,
    /// No digest is in two runs. Each run is larger than the next.
    runs: Vec<Run>,
    /// Whether files cannot be written: then all further digests stay in the table.
    no_files: bool,
}

/// A digest is spread evenly already, so it needs no hash.
#[derive(Debug, Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn write_u128(&mut self, digest: u128) {
        self.0 = digest as u64;
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only digests are hashed");
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Known {
    /// Whether a digest is there.
    pub fn contains(&self, digest: u128) -> io::Result<bool> {
        Ok(self.recent.contains(&digest) || self.in_a_run(digest)?)
    }

    fn in_a_run(&self, digest: u128) -> io::Result<bool> {
        for run in &self.runs {
            if run.contains(digest)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds a digest. Returns whether it is new.
    pub fn insert(&mut self, digest: u128) -> io::Result<bool> {
        if !self.recent.insert(digest) {
            return Ok(false);
        }
        if self.in_a_run(digest)? {
            self.recent.remove(&digest);
            return Ok(false);
        }
        if self.recent.len() >= HELD && !self.no_files {
            self.put_away();
        }
        Ok(true)
    }

    /// Adds the digests of keys. Returns how many are new.
    pub fn insert_all<'k>(&mut self, keys: impl IntoIterator<Item = &'k Key>) -> io::Result<usize> {
        keys.into_iter().try_fold(0, |new, key| Ok(new + usize::from(self.insert(key.digest)?)))
    }

    /// Whether the digests of all keys are there.
    pub fn contains_all<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> io::Result<bool> {
        for key in keys {
            if !self.contains(key.digest)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts the table into a run. A table that cannot be written stays in memory.
    fn put_away(&mut self) {
        let mut sorted: Vec<u128> = self.recent.iter().copied().collect();
        sorted.sort_unstable();
        let Ok(mut run) = Run::write(sorted.len(), sorted.into_iter().map(Ok)) else {
            self.no_files = true;
            return;
        };
        self.recent.clear();
        while let Some(last) = self.runs.last().filter(|last| last.length <= run.length) {
            let Ok(merged) = last.merged(&run) else {
                self.no_files = true;
                break;
            };
            run = merged;
            self.runs.pop();
        }
        self.runs.push(run);
    }
}

/// Sorted digests in a file that has no name.
#[derive(Debug)]
struct Run {
    file: File,
    length: usize,
    /// The first of each page.
    pages: Vec<u128>,
    filter: Vec<u64>,
}

impl Run {
    /// Writes so many digests, which are sorted.
    fn write(length: usize, sorted: impl Iterator<Item = io::Result<u128>>) -> io::Result<Self> {
        let mut pages = Vec::with_capacity(length.div_ceil(PAGE));
        let mut filter = vec![0; length.div_ceil(TO_A_WORD)];
        let mut out = BufWriter::new(nameless()?);
        for (number, digest) in sorted.enumerate() {
            let digest = digest?;
            if number % PAGE == 0 {
                pages.push(digest);
            }
            let (word, bits) = Self::place(digest, filter.len());
            filter[word] |= bits;
            out.write_all(&digest.to_be_bytes())?;
        }
        Ok(Self { file: out.into_inner()?, length, pages, filter })
    }

    /// The word of the filter and the bits in it that stand for a digest.
    fn place(digest: u128, words: usize) -> (usize, u64) {
        let (front, back) = ((digest >> 64) as u64, digest as u64);
        let word = (u128::from(front) * words as u128) >> 64;
        (word as usize, (0..BITS).fold(0, |bits, number| bits | 1 << (back >> (6 * number) & 63)))
    }

    fn contains(&self, digest: u128) -> io::Result<bool> {
        let (word, bits) = Self::place(digest, self.filter.len());
        if self.filter[word] & bits != bits {
            return Ok(false);
        }
        let Some(page) = self.pages.partition_point(|first| *first <= digest).checked_sub(1) else {
            return Ok(false);
        };
        let mut digests = [0; PAGE * SIZE];
        let digests = &mut digests[..(self.length - page * PAGE).min(PAGE) * SIZE];
        self.file.read_exact_at(digests, (page * PAGE * SIZE) as u64)?;
        Ok(digests.chunks_exact(SIZE).any(|there| there == digest.to_be_bytes()))
    }

    /// All of them, from the first.
    fn digests(&self) -> impl Iterator<Item = io::Result<u128>> {
        let mut file = BufReader::new(At { file: &self.file, offset: 0 });
        (0..self.length).map(move |_| {
            let mut digest = [0; SIZE];
            file.read_exact(&mut digest).map(|()| u128::from_be_bytes(digest))
        })
    }

    /// A run with the digests of two.
    fn merged(&self, other: &Self) -> io::Result<Self> {
        let (mut one, mut two) = (self.digests().peekable(), other.digests().peekable());
        let sorted = std::iter::from_fn(|| match (one.peek(), two.peek()) {
            (Some(Ok(first)), Some(Ok(second))) if second < first => two.next(),
            (Some(_), _) => one.next(),
            (None, _) => two.next(),
        });
        Self::write(self.length + other.length, sorted)
    }
}

/// A place in a file from which is read.
struct At<'f> {
    file: &'f File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(bytes, self.offset)?;
        self.offset += length as u64;
        Ok(length)
    }
}

/// A temporary file that is removed when it is closed.
fn nameless() -> io::Result<File> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("ras-known-{}-{number}", std::process::id()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers spread like digests; some near each other, and the ends.
    fn digests() -> impl Iterator<Item = u128> {
        let spread =
            (0..5000_u128).map(|number| (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        spread.chain([0, 1, 2, u128::MAX, u128::MAX - 1]).chain((0..300).map(|number| (7 << 100) + number))
    }

    #[test]
    fn each_is_new_once() {
        let mut known = Known::default();
        for (number, digest) in digests().enumerate() {
            assert!(!known.contains(digest).unwrap(), "{number}");
            assert!(known.insert(digest).unwrap(), "{number}");
            assert!(!known.insert(digest).unwrap(), "{number}");
        }
        for digest in digests() {
            assert!(known.contains(digest).unwrap());
            assert!(!known.insert(digest).unwrap());
        }
        let lengths: Vec<usize> = known.runs.iter().map(|run| run.length).collect();
        assert!(lengths.is_sorted_by(|one, next| one > next), "{lengths:?}");
        assert_eq!(lengths.iter().sum::<usize>() + known.recent.len(), digests().count());
        assert!(known.recent.len() < HELD && lengths.len() < 8, "{lengths:?}");
        // In memory: two bytes and a quarter for each digest in a run, and a word or a page at the end of each run.
        assert!(known.recent.capacity() <= 2 * HELD);
        for run in &known.runs {
            let held = run.filter.capacity() * size_of::<u64>() + run.pages.capacity() * SIZE;
            assert!(held <= run.length * 9 / 4 + size_of::<u64>() + SIZE, "{held} bytes of {}", run.length);
        }
        let passed = (0..10_000_u128).filter(|number| {
            let digest = (number + 9000).wrapping_mul(0xd134_2543_de82_ef95_2545_f491_4f6c_dd1d);
            assert!(!known.contains(digest).unwrap());
            let (word, bits) = Run::place(digest, known.runs[0].filter.len());
            known.runs[0].filter[word] & bits == bits
        });
        assert!(passed.count() < 500, "the filter lets too many pass");
    }

    #[test]
    fn what_cannot_be_put_away_stays() {
        let mut known = Known { no_files: true, ..Known::default() };
        for digest in digests() {
            assert!(known.insert(digest).unwrap());
        }
        assert!(known.runs.is_empty());
        assert!(digests().all(|digest| known.contains(digest).unwrap()));
    }

    #[test]
    fn a_run_that_cannot_be_read_is_an_error() {
        let mut known = Known::default();
        digests().take(HELD).for_each(|digest| assert!(known.insert(digest).unwrap()));
        known.runs[0].file.set_len(0).unwrap();
        assert!(known.contains(digests().next().unwrap()).is_err());
    }
}
