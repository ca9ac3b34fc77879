//! The kernel's machine-check log, as debuggers and crash dumps see it: a head and entries.
//!
//! A read of `/dev/mcelog` returns the entries without a head: [`Entries::new`] with the record length that the ioctl
//! `MCE_GET_RECORD_LEN` returns.
//! Source: `arch/x86/kernel/cpu/mce/dev-mcelog.c` and `arch/x86/include/asm/mce.h` of Linux 6.12.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::{Error, ErrorKind};
use crate::record::MceRecord;

/// The signature of a log.
pub const SIGNATURE: [u8; 12] = *b"MACHINECHECK";

/// Head of a log, 28 bytes: `struct mce_log_buffer` before its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct LogHead {
    /// [`SIGNATURE`].
    pub signature: [u8; 12],
    /// How many entries there is room for: 32, or the number of CPUs if that is more.
    pub len: U32,
    /// How many entries there are.
    pub next: U32,
    /// [`OVERFLOW`](Self::OVERFLOW) and reserved bits.
    pub flags: U32,
    /// Length of an entry, bytes.
    pub recordlen: U32,
}

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<LogHead>() == 28 && offset_of!(LogHead, next) == 16);
    assert!(offset_of!(LogHead, recordlen) == 24);
};

impl LogHead {
    /// Events were lost because the log was full (flags, bit 0).
    pub const OVERFLOW: u32 = 1;

    /// Events were lost because the log was full.
    pub const fn overflow(&self) -> bool {
        self.flags.get() & Self::OVERFLOW != 0
    }
}

/// Word size of the kernel, which decides where the entries begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WordSize {
    /// 32-bit: entries begin at offset 28.
    Bits32,
    /// 64-bit: entries begin at offset 32.
    Bits64,
}

/// A log: its head, and its entries.
///
/// ```
/// use mce_record::mcelog::{Log, LogHead, SIGNATURE, WordSize};
/// use mce_record::Mce;
/// use mce_record::zerocopy::IntoBytes;
///
/// let head = LogHead {
///     signature: SIGNATURE, len: 32.into(), next: 1.into(), flags: 0.into(), recordlen: 128.into(),
/// };
/// let mut bytes = [0; 160];
/// bytes[..28].copy_from_slice(head.as_bytes());
/// bytes[32..].copy_from_slice(Mce { bank: 5, ..Mce::default() }.as_bytes());
///
/// let log = Log::parse(&bytes, WordSize::Bits64)?;
/// for record in log.entries() {
///     assert_eq!(record?.bank(), Some(5));
/// }
/// # Ok::<(), mce_record::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Log<'a> {
    head: &'a LogHead,
    entries: Entries<'a>,
}

impl<'a> Log<'a> {
    /// Reads the log of a kernel of this word size.
    ///
    /// # Errors
    ///
    /// If `bytes` is shorter than a head and its padding, or does not begin with [`SIGNATURE`].
    pub fn parse(bytes: &'a [u8], word_size: WordSize) -> Result<Self, Error> {
        let start = match word_size {
            WordSize::Bits32 => 28,
            WordSize::Bits64 => 32,
        };
        let short = Error::too_short("machine-check log head", start, bytes.len());
        let (head, _) = LogHead::ref_from_prefix(bytes).map_err(|_| short)?;
        let rest = bytes.get(start..).ok_or(short)?;
        if head.signature != SIGNATURE {
            return Err(Error::new(ErrorKind::LogSignature { found: head.signature }, 0));
        }
        // Both are the kernel's words for how far to read; the smaller one is safe.
        let count = head.len.get().min(head.next.get()) as usize;
        let entries = Entries { rest, record_len: head.recordlen.get() as usize, count, offset: start };
        Ok(Self { head, entries })
    }

    /// The head.
    pub const fn head(&self) -> &'a LogHead {
        self.head
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
