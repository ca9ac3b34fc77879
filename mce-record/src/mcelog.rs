//! The kernel's machine-check log, as debuggers and crash dumps see it: a header and entries.
//!
//! A read of `/dev/mcelog` returns the entries without a header: [`Entries::new`] with the record length that the ioctl
//! `MCE_GET_RECORD_LEN` returns.
//! Source: `arch/x86/kernel/cpu/mce/dev-mcelog.c` and `arch/x86/include/asm/mce.h` of Linux 6.12.

use zerocopy::FromBytes;

use crate::error::{Error, ErrorKind};
use crate::grammar::flags;
use crate::record::MceRecord;
use crate::structure::structure;

/// The signature of a log.
pub const SIGNATURE: [u8; 12] = *b"MACHINECHECK";

flags! {
    /// Flags of a log; unknown bits are kept.
    LogFlags: u32 {
        /// Events were lost because the log was full.
        OVERFLOW = 1 => "OVERFLOW",
    }
}

structure! {
    /// Header of a log, 28 bytes: `struct mce_log_buffer` before its entries.
    LogHeader: 28 bytes, new;
    /// [`SIGNATURE`].
    0 signature: [u8; 12] => set_signature with_signature;
    /// How many entries there is room for: 32, or the number of CPUs if that is more. The kernel's `len`.
    12 capacity: u32 => set_capacity with_capacity;
    /// How many entries there are. The kernel's `next`.
    16 entry_count: u32 => set_entry_count with_entry_count;
    /// Flags of the log.
    20 flags: (u32 LogFlags) => set_flags with_flags;
    /// Length of an entry in bytes. The kernel's `recordlen`.
    24 record_length: u32 => set_record_length with_record_length;
}

/// Word size of the kernel, which decides where the entries begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WordSize {
    /// 32-bit: entries begin at offset 28.
    Bits32,
    /// 64-bit: entries begin at offset 32.
    Bits64,
}

/// A log: its header, and its entries.
///
/// ```
/// use mce_record::mcelog::{Log, LogHeader, SIGNATURE, WordSize};
/// use mce_record::Mce;
/// use mce_record::zerocopy::IntoBytes;
///
/// let header =
///     LogHeader::new().with_signature(SIGNATURE).with_capacity(32).with_entry_count(1).with_record_length(128);
/// let mut bytes = [0; 160];
/// bytes[..28].copy_from_slice(header.as_bytes());
/// bytes[32..].copy_from_slice(Mce::new().with_bank(5).as_bytes());
///
/// let log = Log::parse(&bytes, WordSize::Bits64)?;
/// for record in log.entries() {
///     assert_eq!(record?.bank(), Some(5));
/// }
/// # Ok::<(), mce_record::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Log<'a> {
    header: &'a LogHeader,
    entries: Entries<'a>,
}

impl<'a> Log<'a> {
    /// Reads the log of a kernel of this word size.
    ///
    /// # Errors
    ///
    /// When `bytes` is shorter than a header and its padding, or does not begin with [`SIGNATURE`].
    pub fn parse(bytes: &'a [u8], word_size: WordSize) -> Result<Self, Error> {
        let start = match word_size {
            WordSize::Bits32 => 28,
            WordSize::Bits64 => 32,
        };
        let short = Error::too_short("machine-check log header", start, bytes.len());
        let (header, _) = LogHeader::ref_from_prefix(bytes).map_err(|_| short)?;
        let rest = bytes.get(start..).ok_or(short)?;
        if header.signature() != SIGNATURE {
            return Err(Error::new(ErrorKind::LogSignature { found: header.signature() }, 0));
        }
        // Both are the kernel's limits for reading; the smaller one is safe.
        let count = header.capacity().min(header.entry_count()) as usize;
        let entries = Entries { rest, record_len: header.record_length() as usize, count, offset: start };
        Ok(Self { header, entries })
    }

    /// The header.
    pub const fn header(&self) -> &'a LogHeader {
        self.header
    }

    /// The entries, oldest first. An entry the kernel was still writing is not [`finished`](MceRecord::finished).
    pub fn entries(&self) -> Entries<'a> {
        self.entries.clone()
    }
}

/// Records of one length, one after the other. Ends after an error.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
    record_len: usize,
    count: usize,
    offset: usize,
}

impl<'a> Entries<'a> {
    /// The records in `bytes`, each `record_len` bytes long; a shorter one at the end is an error.
    pub fn new(bytes: &'a [u8], record_len: usize) -> Self {
        // With a length of 0 the first entry is an error, and with it the last.
        let count = bytes.len().div_ceil(record_len.max(1));
        Self { rest: bytes, record_len, count, offset: 0 }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<MceRecord<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.count = self.count.checked_sub(1)?;
        let entry = match self.rest.split_at_checked(self.record_len) {
            Some((entry, rest)) => {
                self.rest = rest;
                MceRecord::parse(entry).map_err(|error| error.at(self.offset))
            }
            None => {
                let short = ErrorKind::too_short("record", self.record_len, self.rest.len());
                Err(Error::new(short, self.offset))
            }
        };
        self.offset = self.offset.saturating_add(self.record_len);
        if entry.is_err() {
            self.count = 0;
        }
        Some(entry)
    }
}

impl core::iter::FusedIterator for Entries<'_> {}
