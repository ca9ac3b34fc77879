//! ramoops: kernel logs in memory that survives a reboot (Linux 6.12 `fs/pstore/ram.c`, `ram_core.c`).
//!
//! A reserved range of memory is cut into zones: one for each dump, one each for console and user messages, one or
//! one per processor for function traces. [`Layout`] says where they are. A zone is a ring:
//!
//! | offset | length | |
//! |---|---|---|
//! | 0 | 4 | signature 0x43474244 ("DBGC"); in function trace zones XOR the version of the kernel that wrote it |
//! | 4 | 4 | start: where the next byte goes, which in a full ring is where the oldest one is |
//! | 8 | 4 | size: bytes in use, at most the capacity |
//! | 12 | capacity | the ring |
//! | 12 + capacity | | with ECC: the parity of each block of the ring, then that of the 12 bytes of header |
//!
//! Numbers are in the byte order of the machine, which the signature tells. A dump's ring begins with a line
//! such as `====1795332149.123456-C` ([`DumpHeader`]); a zone without it holds no dump. Only part 1 of a log is kept.
//!
//! With ECC ([`Ecc`]) blocks of 128 bytes have a Reed-Solomon code, by default of 16 bytes, which corrects any 8 of the
//! 144. Linux appends a line to such a file that says what it corrected: [`EccReport`].
//!
//! ```
//! use pstore_format::names::RecordType;
//! use pstore_format::ramoops::{DumpHeader, Layout, Zone};
//!
//! let layout = Layout { memory_size: 0x20000, record_size: 0x8000, console_size: 0x8000, ..Layout::default() };
//! # let mut memory = vec![0; 0x20000];
//! # let text = b"====1795332149.123456-D\nPanic#1 Part1\n";
//! # memory[..4].copy_from_slice(b"DBGC");
//! # memory[4] = text.len() as u8;
//! # memory[8] = text.len() as u8;
//! # memory[12..12 + text.len()].copy_from_slice(text);
//! for (record_type, number, range) in layout.zones() {
//!     let Ok(zone) = Zone::parse(&memory[range], None) else { continue };
//!     if record_type == RecordType::DMESG {
//!         let (header, text) = DumpHeader::parse(zone.contents().as_slice().ok_or("torn")?).ok_or("no dump")?;
//!         println!("dmesg-ramoops-{number}, at {}: {}", header.time, text.escape_ascii());
//! #       assert_eq!((number, header.time, text), (0, 1795332149, &b"Panic#1 Part1\n"[..]));
//!     }
//! }
//! # Ok::<(), &str>(())
//! ```

use core::fmt;
use core::ops::Range;

use crate::error::{Error, ErrorKind, clamp};
use crate::names::RecordType;

/// "DBGC", little-endian.
pub(crate) const SIGNATURE: u32 = 0x4347_4244;

/// Bytes of a zone's header.
pub(crate) const HEADER: usize = 12;

/// The byte order of the machine that wrote a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// Both, the usual one first.
    pub(crate) const ALL: [Self; 2] = [Self::Little, Self::Big];

    /// The number at this offset.
    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }

    /// The number at this offset.
    pub(crate) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        })
    }
}

/// The places of the zones in the reserved memory: ramoops' parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Bytes of the reserved memory.
    pub memory_size: usize,
    /// Bytes for each dump. This size and the three below are rounded down to a power of two, as the kernel does.
    pub record_size: usize,
    /// Bytes for the console.
    pub console_size: usize,
    /// Bytes for all function traces.
    pub ftrace_size: usize,
    /// Bytes for user messages.
    pub pmsg_size: usize,
    /// Number of function trace zones: the number of processors when each has its own. 0 is taken for 1.
    pub ftrace_zones: usize,
    /// Whether user messages come after the function traces, as they do up to Linux 6.4.
    pub is_pmsg_last: bool,
}

impl Layout {
    /// Type, number and place of each zone, in the order in which they lie. The number is the record's id.
    pub fn zones(&self) -> impl Iterator<Item = (RecordType, u32, Range<usize>)> + use<> {
        let [record, console, ftrace, pmsg] =
            [self.record_size, self.console_size, self.ftrace_size, self.pmsg_size].map(power_of_two);
        let others = console.saturating_add(ftrace).saturating_add(pmsg);
        // What is left is shared out among the dumps, so each can be larger than was asked for.
        let share = |size: usize, zones: usize| size.checked_div(zones).unwrap_or(0) & !1;
        let dumps = self.memory_size.saturating_sub(others);
        let dump_zones = dumps.checked_div(record).unwrap_or(0);
        let dumps = (RecordType::DMESG, share(dumps, dump_zones), dump_zones);
        let console = (RecordType::CONSOLE, console, 1);
        let ftrace_zones = self.ftrace_zones.max(1);
        let ftrace = (RecordType::FTRACE, share(ftrace, ftrace_zones), ftrace_zones);
        let pmsg = (RecordType::PMSG, pmsg, 1);
        let (third, fourth) = if self.is_pmsg_last { (ftrace, pmsg) } else { (pmsg, ftrace) };
        zones_of([dumps, console, third, fourth], self.memory_size)
    }
}

/// The zones of four groups, each of a type, a length and a number of zones, as far as there is memory.
pub(crate) fn zones_of(
    groups: [(RecordType, usize, usize); 4],
    memory_size: usize,
) -> impl Iterator<Item = (RecordType, u32, Range<usize>)> + use<> {
    let all =
        groups.into_iter().filter(|&(_, length, _)| length != 0).flat_map(|(record_type, length, count)| {
            (0..clamp(count)).map(move |number| (record_type, number, length))
        });
    all.scan(0usize, |end, (record_type, number, length)| {
        let start = *end;
        *end = start.checked_add(length)?;
        Some((record_type, number, start..*end))
    })
    .take_while(move |(_, _, range)| range.end <= memory_size)
}

/// The largest power of two that is not greater.
fn power_of_two(size: usize) -> usize {
    size.checked_ilog2().and_then(|bits| 1usize.checked_shl(bits)).unwrap_or(0)
}

/// A zone: its header, and its ring as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone<'a> {
    order: ByteOrder,
    signature: u32,
    start: u32,
    size: u32,
    ring: &'a [u8],
}

impl<'a> Zone<'a> {
    /// Reads a zone, given with all its bytes: where they end decides where ECC lies. Correct it first, if it has any:
    /// [`Ecc::correct`].
    ///
    /// # Errors
    ///
    /// When there are fewer than 12 bytes, the signature is another one, or start or size point outside the zone.
    pub fn parse(zone: &'a [u8], ecc: Option<Ecc>) -> Result<Self, Error> {
        let capacity = match ecc {
            Some(ecc) => ecc.capacity(zone.len())?,
            None => zone.len().saturating_sub(HEADER),
        };
        let found = ByteOrder::ALL.map(|order| Self::read(zone, capacity, order));
        match found {
            [Ok(zone), _] | [_, Ok(zone)] => Ok(zone),
            [Err(little), Err(big)] => {
                Err(if matches!(big.kind(), ErrorKind::ZoneBounds { .. }) { big } else { little })
            }
        }
    }

    fn read(zone: &'a [u8], capacity: usize, order: ByteOrder) -> Result<Self, Error> {
        let words = || Some([order.u32(zone, 0)?, order.u32(zone, 4)?, order.u32(zone, 8)?]);
        let too_short = Error::too_short("zone", HEADER, zone.len());
        let [signature, start, size] = words().ok_or(too_short)?;
        // The version of a kernel has 24 bits.
        if (signature ^ SIGNATURE) >> 24 != 0 {
            return Err(Error::new(ErrorKind::ZoneSignature(signature), 0));
        }
        let ring = zone.get(HEADER..).and_then(|rest| rest.get(..capacity)).ok_or(too_short)?;
        if size as usize > capacity || start > size {
            return Err(Error::new(ErrorKind::ZoneBounds { start, size, capacity: clamp(capacity) }, 4));
        }
        Ok(Self { order, signature, start, size, ring })
    }

    /// The byte order of the machine that wrote it.
    pub const fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// The kernel that wrote a function trace zone: 6.12.3 is (6, 12, 3). The others do not say.
    pub const fn kernel_version(&self) -> Option<(u8, u8, u8)> {
        match (self.signature ^ SIGNATURE).to_be_bytes() {
            [_, 0, 0, 0] => None,
            [_, major, minor, patch] => Some((major, minor, patch)),
        }
    }

    /// Where in the ring the next byte would go.
    pub const fn start(&self) -> u32 {
        self.start
    }

    /// The whole ring, whether in use or not.
    pub const fn ring(&self) -> &'a [u8] {
        self.ring
    }

    /// The bytes in the ring, oldest first.
    pub fn contents(&self) -> Contents<'a> {
        let used = self.ring.get(..self.size as usize).unwrap_or(self.ring);
        let (newer, older) = used.split_at_checked(self.start as usize).unwrap_or((used, &[]));
        Contents { older, newer }
    }
}

/// The bytes in a ring, oldest first, in two slices: the ring wraps between them. Either can be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents<'a> {
    /// The oldest bytes, from the start to the end of the ring; empty until it was full once.
    pub older: &'a [u8],
    /// The newer bytes, from the beginning of the ring.
    pub newer: &'a [u8],
}

impl<'a> Contents<'a> {
    /// Number of bytes in both slices.
    pub const fn len(&self) -> usize {
        self.older.len().saturating_add(self.newer.len())
    }

    /// Whether the ring holds nothing.
    pub const fn is_empty(&self) -> bool {
        self.older.is_empty() && self.newer.is_empty()
    }

    /// All bytes as one slice, if the ring does not wrap; a dump never does.
    pub const fn as_slice(&self) -> Option<&'a [u8]> {
        match (self.older, self.newer) {
            (whole, []) | ([], whole) => Some(whole),
            _ => None,
        }
    }

    /// Copies all of it to the start of `out`.
    ///
    /// # Errors
    ///
    /// When `out` is too small; it is then left as it was.
    pub fn copy_to<'b>(&self, out: &'b mut [u8]) -> Result<&'b [u8], Error> {
        let too_small = Error::buffer_too_small(self.len(), out.len());
        let out = out.get_mut(..self.len()).ok_or(too_small)?;
        out.iter_mut().zip(self.older.iter().chain(self.newer)).for_each(|(to, from)| *to = *from);
        Ok(out)
    }
}

/// The line before a dump: `====1795332149.123456-C`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DumpHeader {
    /// When the dump was written, in seconds since 1970.
    pub time: u64,
    /// Microseconds after that.
    pub microseconds: u32,
    /// Whether the dump is compressed: the letter is C. D and no letter, as in old kernels, say that it is not.
    pub compressed: bool,
}

impl DumpHeader {
    /// Splits the contents of a zone into the line and the dump; `None` when they do not begin with such a line.
    pub fn parse(contents: &[u8]) -> Option<(Self, &[u8])> {
        let rest = contents.strip_prefix(b"====")?;
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let (line, dump) = (core::str::from_utf8(rest.get(..end)?).ok()?, rest.get(end.checked_add(1)?..)?);
        let (stamp, compressed) = match line.strip_suffix("-C") {
            Some(stamp) => (stamp, true),
            None => (line.strip_suffix("-D").unwrap_or(line), false),
        };
        let (time, microseconds) = stamp.split_once('.')?;
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(time) || !is_number(microseconds) || microseconds.len() > 6 {
            return None;
        }
        Some((Self { time: time.parse().ok()?, microseconds: microseconds.parse().ok()?, compressed }, dump))
    }
}

impl fmt::Display for DumpHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = if self.compressed { 'C' } else { 'D' };
        write!(f, "===={}.{:06}-{letter}", self.time, self.microseconds)
    }
}

/// The Reed-Solomon code of a ramoops region: the parameter `ecc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ecc {
    parity: u8,
}

impl Ecc {
    /// Bytes of data that share a code.
    const BLOCK: usize = 128;
    /// The longest code that is corrected here.
    const LONGEST: usize = 64;

    /// The code of this many bytes a block, 1 to 64; 1 means 16, as it does to the kernel. `None` for other numbers, of
    /// which 0 says that there is no code.
    pub const fn new(parameter: u8) -> Option<Self> {
        match parameter {
            1 => Some(Self { parity: 16 }),
            2..=64 => Some(Self { parity: parameter }),
            _ => None,
        }
    }

    /// Bytes of the code of a block, and of that of the header.
    pub const fn bytes(self) -> u8 {
        self.parity
    }

    const fn parity(self) -> usize {
        self.parity as usize
    }

    /// Bytes of the ring in a zone of this length.
    fn capacity(self, zone_length: usize) -> Result<usize, Error> {
        let room = || {
            let body = zone_length.checked_sub(HEADER)?;
            let blocks = body.checked_sub(self.parity())?.div_ceil(Self::BLOCK.saturating_add(self.parity()));
            let codes = blocks.checked_add(1)?.checked_mul(self.parity())?;
            body.checked_sub(codes).filter(|&capacity| capacity != 0)
        };
        let needed = HEADER.saturating_add(self.parity().saturating_mul(2)).saturating_add(1);
        room().ok_or(Error::too_short("zone with ECC", needed, zone_length))
    }

    /// The header of a zone, its ring, the codes of the ring's blocks, and the code of the header.
    fn split(self, zone: &[u8]) -> Result<[&[u8]; 4], Error> {
        let capacity = self.capacity(zone.len())?;
        let too_short = Error::too_short("zone with ECC", zone.len().saturating_add(1), zone.len());
        let (header, body) = zone.split_at_checked(HEADER).ok_or(too_short)?;
        let (ring, codes) = body.split_at_checked(capacity).ok_or(too_short)?;
        let split = codes.len().saturating_sub(self.parity());
        let (ring_codes, header_code) = codes.split_at_checked(split).ok_or(too_short)?;
        Ok([header, ring, ring_codes, header_code])
    }

    /// The same, to be written to.
    fn split_mut(self, zone: &mut [u8]) -> Result<[&mut [u8]; 4], Error> {
        let capacity = self.capacity(zone.len())?;
        let too_short = Error::too_short("zone with ECC", zone.len().saturating_add(1), zone.len());
        let (header, body) = zone.split_at_mut_checked(HEADER).ok_or(too_short)?;
        let (ring, codes) = body.split_at_mut_checked(capacity).ok_or(too_short)?;
        let split = codes.len().saturating_sub(self.parity());
        let (ring_codes, header_code) = codes.split_at_mut_checked(split).ok_or(too_short)?;
        Ok([header, ring, ring_codes, header_code])
    }

    /// Blocks of the ring that are in use, by what the header says.
    fn blocks_in_use(header: &[u8], capacity: usize) -> usize {
        let used = |order: ByteOrder| {
            let size = order.u32(header, 8)? as usize;
            let is_signed = (order.u32(header, 0)? ^ SIGNATURE) >> 24 == 0;
            (is_signed && size <= capacity).then_some(size)
        };
        ByteOrder::ALL.into_iter().find_map(used).unwrap_or(capacity).div_ceil(Self::BLOCK)
    }

    /// Corrects a zone, given with all its bytes, where it is: its header, then every block that is in use.
    ///
    /// A correction that leaves nothing but zeros is not made, and counts as none: zeros have a code of zeros, so
    /// memory that has no code at all looks like damaged zeros. Ask [`Ecc::examine`] whether a zone has this code.
    ///
    /// # Errors
    ///
    /// When the zone is too short for its code; nothing was changed then. Blocks that could not be corrected are no
    /// error: they are as they were, and counted.
    pub fn correct(self, zone: &mut [u8]) -> Result<EccReport, Error> {
        let [header, ring, ring_codes, header_code] = self.split_mut(zone)?;
        let mut report = EccReport::default();
        report.count(reed_solomon::correct(header, header_code));
        let blocks = Self::blocks_in_use(header, ring.len());
        for (block, code) in
            ring.chunks_mut(Self::BLOCK).zip(ring_codes.chunks_mut(self.parity().max(1))).take(blocks)
        {
            report.count(reed_solomon::correct(block, code));
        }
        Ok(report)
    }

    /// Looks whether a zone, given with all its bytes, has this code, and changes nothing.
    ///
    /// # Errors
    ///
    /// When the zone is too short for its code.
    pub fn examine(self, zone: &[u8]) -> Result<EccEvidence, Error> {
        let [header, ring, ring_codes, header_code] = self.split(zone)?;
        let mut corrected = [0; HEADER];
        corrected.iter_mut().zip(header).for_each(|(to, from)| *to = *from);
        let mut evidence =
            EccEvidence { header: Self::word(&mut corrected, header_code), ..EccEvidence::default() };
        let blocks = Self::blocks_in_use(&corrected, ring.len());
        let words = ring.chunks(Self::BLOCK).zip(ring_codes.chunks(self.parity().max(1)));
        for (block, code) in words.take(blocks) {
            let mut copy = [0; Self::BLOCK];
            copy.iter_mut().zip(block).for_each(|(to, from)| *to = *from);
            let copy = copy.get_mut(..block.len()).unwrap_or_default();
            // Zeros verify with a code of zeros, which is no evidence.
            if block.iter().chain(code).all(|&byte| byte == 0) {
                continue;
            }
            match Self::word(copy, code) {
                CodeWord::Verified => evidence.verified = evidence.verified.saturating_add(1),
                CodeWord::Correctable(_) => evidence.correctable = evidence.correctable.saturating_add(1),
                CodeWord::Unrecoverable => evidence.unrecoverable = evidence.unrecoverable.saturating_add(1),
            }
        }
        Ok(evidence)
    }

    /// Corrects a copy of a block by a copy of its code.
    fn word(block: &mut [u8], code: &[u8]) -> CodeWord {
        let mut copy = [0; Self::LONGEST];
        copy.iter_mut().zip(code).for_each(|(to, from)| *to = *from);
        match reed_solomon::correct(block, copy.get_mut(..code.len()).unwrap_or_default()) {
            Some(0) => CodeWord::Verified,
            Some(errors) => CodeWord::Correctable(errors),
            None => CodeWord::Unrecoverable,
        }
    }

    /// Writes the codes of a zone, given with all its bytes: those of all blocks and that of the header, as they are.
    ///
    /// # Errors
    ///
    /// When the zone is too short for its code; nothing was changed then.
    pub fn protect(self, zone: &mut [u8]) -> Result<(), Error> {
        let [header, ring, ring_codes, header_code] = self.split_mut(zone)?;
        let blocks = ring.chunks(Self::BLOCK).zip(ring_codes.chunks_mut(self.parity().max(1)));
        blocks.for_each(|(block, code)| reed_solomon::encode(block, code));
        reed_solomon::encode(header, header_code);
        Ok(())
    }
}

/// What the codes of a zone say, from [`Ecc::examine`]: whether it has this code, and what it would correct.
///
/// Bytes that are no code verify by it once in 256^n times, n being [`Ecc::bytes`]. A header is never zeros, so that
/// one that verifies has a code that is not zeros either. One that is merely correctable says less, and none at all of
/// a zone that was written without a code over one that had it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EccEvidence {
    /// The header.
    pub header: CodeWord,
    /// Blocks in use that verify and are not zeros.
    pub verified: u32,
    /// Blocks in use that can be corrected to something other than zeros.
    pub correctable: u32,
    /// Blocks in use that neither verify nor can be corrected.
    pub unrecoverable: u32,
}

/// State of a block, by its code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CodeWord {
    /// Block and code agree.
    Verified,
    /// Block and code agree once this many bytes of them are corrected.
    Correctable(u32),
    /// More bytes are wrong than the code can correct.
    #[default]
    Unrecoverable,
}

/// What correcting found, and the line that Linux appends to the files of a region with ECC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EccReport {
    /// Bytes that were corrected, those of the codes with them.
    pub corrected: u32,
    /// Blocks with more errors than can be corrected.
    pub unrecoverable: u32,
}

impl EccReport {
    fn count(&mut self, corrected: Option<u32>) {
        match corrected {
            Some(bytes) => self.corrected = self.corrected.saturating_add(bytes),
            None => self.unrecoverable = self.unrecoverable.saturating_add(1),
        }
    }

    /// Splits the content of a file in `/sys/fs/pstore` into what was in the zone and the report after it, which older
    /// kernels wrote without the word "ECC".
    pub fn split(content: &[u8]) -> (&[u8], Option<Self>) {
        let find = || {
            let without_end = content.strip_suffix(b"\n")?;
            let start = without_end.iter().rposition(|&byte| byte == b'\n')?;
            let report = Self::parse(without_end.get(start..)?.strip_prefix(b"\n")?)?;
            Some((content.get(..start)?, Some(report)))
        };
        find().unwrap_or((content, None))
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let line = core::str::from_utf8(line).ok()?;
        let line = line.strip_prefix("ECC: ").unwrap_or(line);
        if line == "No errors detected" {
            return Some(Self::default());
        }
        let (corrected, rest) = line.split_once(" Corrected bytes, ")?;
        let unrecoverable = rest.strip_suffix(" unrecoverable blocks")?;
        Some(Self { corrected: corrected.parse().ok()?, unrecoverable: unrecoverable.parse().ok()? })
    }
}

impl fmt::Display for EccReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { corrected: 0, unrecoverable: 0 } => f.write_str("ECC: No errors detected"),
            Self { corrected, unrecoverable } => {
                write!(f, "ECC: {corrected} Corrected bytes, {unrecoverable} unrecoverable blocks")
            }
        }
    }
}

/// Correcting with a Reed-Solomon code over GF(2^8): field polynomial 0x11D, roots 1, α, α² …, shortened.
mod reed_solomon {
    use super::Ecc;

    /// Coefficients, lowest power first.
    type Polynomial = [u8; Ecc::LONGEST + 1];

    /// α to every power, twice over, so that the sum of two logarithms need not be reduced.
    // Computed at build time, where a panic is a build error.
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    static POWERS: [u8; 510] = {
        let mut powers = [0; 510];
        let mut value = 1u16;
        let mut power = 0;
        while power < 255 {
            powers[power] = value as u8;
            powers[power + 255] = value as u8;
            value <<= 1;
            if value & 0x100 != 0 {
                value ^= 0x11D;
            }
            power += 1;
        }
        powers
    };

    /// The power of α that each number but 0 is.
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    static LOGARITHMS: [u8; 256] = {
        let mut logarithms = [0; 256];
        let mut power = 0;
        while power < 255 {
            logarithms[POWERS[power] as usize] = power as u8;
            power += 1;
        }
        logarithms
    };

    fn at(numbers: &[u8], index: usize) -> u8 {
        numbers.get(index).copied().unwrap_or(0)
    }

    /// α to a power below 510.
    fn power(exponent: usize) -> u8 {
        at(&POWERS, exponent)
    }

    fn logarithm(number: u8) -> usize {
        usize::from(at(&LOGARITHMS, usize::from(number)))
    }

    fn multiply(a: u8, b: u8) -> u8 {
        if a == 0 || b == 0 { 0 } else { power(logarithm(a).wrapping_add(logarithm(b))) }
    }

    /// `b` is not 0.
    fn divide(a: u8, b: u8) -> u8 {
        if a == 0 { 0 } else { power(logarithm(a).wrapping_add(255).wrapping_sub(logarithm(b))) }
    }

    /// `a` times α to a power below 256.
    fn scale(a: u8, exponent: usize) -> u8 {
        if a == 0 { 0 } else { power(logarithm(a).wrapping_add(exponent)) }
    }

    /// The value at α to a power of a polynomial, whose coefficients come highest first, the first ones summed already.
    fn evaluate<'a>(sum: u8, coefficients: impl Iterator<Item = &'a u8>, exponent: usize) -> u8 {
        coefficients.fold(sum, |sum, coefficient| scale(sum, exponent) ^ coefficient)
    }

    /// Writes the code of a block: the remainder of the block's polynomial, divided by that whose roots they are.
    pub(super) fn encode(block: &[u8], code: &mut [u8]) {
        code.fill(0);
        // Most of a zone is not in use.
        if block.iter().all(|&byte| byte == 0) {
            return;
        }
        let mut generator: Polynomial = [0; Ecc::LONGEST + 1];
        generator[0] = 1;
        // Each root is a factor x + α^root.
        for root in 0..code.len().min(Ecc::LONGEST) {
            let before = generator;
            for (degree, to) in generator.iter_mut().enumerate() {
                let shifted = degree.checked_sub(1).map_or(0, |below| at(&before, below));
                *to = shifted ^ scale(at(&before, degree), root);
            }
        }
        for &byte in block {
            let factor = byte ^ at(code, 0);
            let last = code.len().saturating_sub(1);
            for place in 0..code.len() {
                let next = if place < last { at(code, place.wrapping_add(1)) } else { 0 };
                // The code begins with the highest power, the generator's own highest is left out.
                let term = multiply(factor, at(&generator, last.wrapping_sub(place)));
                if let Some(to) = code.get_mut(place) {
                    *to = next ^ term;
                }
            }
        }
    }

    /// Corrects a block and its code where they are. `None` when there are too many errors, or nothing but zeros would
    /// be left: nothing was changed.
    pub(super) fn correct(block: &mut [u8], code: &mut [u8]) -> Option<u32> {
        let roots = code.len();
        let mut syndromes = [0; Ecc::LONGEST];
        let syndromes = syndromes.get_mut(..roots)?;
        for (root, syndrome) in syndromes.iter_mut().enumerate() {
            *syndrome = evaluate(evaluate(0, block.iter(), root), code.iter(), root);
        }
        if syndromes.iter().all(|&syndrome| syndrome == 0) {
            return Some(0);
        }

        let (locator, errors) = locate(syndromes);
        let length = block.len().saturating_add(roots);
        if errors > roots / 2 || length > 255 {
            return None;
        }
        // A place is counted from the last byte, whose power is 0. The locator vanishes at the inverse of each place.
        let at_inverse = |polynomial: &[u8], place: usize| {
            evaluate(0, polynomial.iter().rev(), 255usize.wrapping_sub(place))
        };
        let terms = locator.get(..=errors)?;
        let is_wrong = |place: &usize| at_inverse(terms, *place) == 0;
        if (0..length).filter(is_wrong).count() != errors {
            return None;
        }

        let mut evaluator: Polynomial = [0; Ecc::LONGEST + 1];
        for (degree, to) in evaluator.iter_mut().enumerate().take(roots) {
            *to = convolution(&locator, syndromes, degree, degree);
        }
        // The derivative keeps the odd powers, each lowered by one.
        let mut derivative = locator;
        let mut powers = locator.iter().skip(1).enumerate();
        derivative.fill_with(|| {
            powers.next().map_or(0, |(degree, &number)| if degree % 2 == 0 { number } else { 0 })
        });

        let error_at = |place: usize| {
            let magnitude = divide(at_inverse(&evaluator, place), at_inverse(&derivative, place));
            if is_wrong(&place) { multiply(magnitude, power(place)) } else { 0 }
        };
        // Where every byte is its own error, zeros are left.
        if block.iter().chain(&*code).rev().enumerate().all(|(place, &byte)| byte == error_at(place)) {
            return None;
        }
        let bytes = block.iter_mut().chain(code).rev().enumerate();
        bytes.for_each(|(place, byte)| *byte ^= error_at(place));
        u32::try_from(errors).ok()
    }

    /// The sum of `a[i] * b[degree - i]` for i from 0 to `last`.
    fn convolution(a: &[u8], b: &[u8], degree: usize, last: usize) -> u8 {
        let terms = (0..=last).map(|i| multiply(at(a, i), degree.checked_sub(i).map_or(0, |j| at(b, j))));
        terms.fold(0, |sum, term| sum ^ term)
    }

    /// The error locator polynomial and the number of errors, by Berlekamp's and Massey's algorithm.
    fn locate(syndromes: &[u8]) -> (Polynomial, usize) {
        let mut locator: Polynomial = [0; Ecc::LONGEST + 1];
        locator[0] = 1;
        let mut before = locator;
        let (mut errors, mut shift, mut last_discrepancy) = (0usize, 1usize, 1u8);
        for step in 0..syndromes.len() {
            let discrepancy = convolution(&locator, syndromes, step, errors);
            if discrepancy == 0 {
                shift = shift.wrapping_add(1);
                continue;
            }
            let kept = locator;
            let factor = divide(discrepancy, last_discrepancy);
            locator.iter_mut().skip(shift).zip(before).for_each(|(to, from)| *to ^= multiply(factor, from));
            if errors.wrapping_mul(2) <= step {
                errors = step.wrapping_add(1).wrapping_sub(errors);
                (before, shift, last_discrepancy) = (kept, 1, discrepancy);
            } else {
                shift = shift.wrapping_add(1);
            }
        }
        (locator, errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString;
    use std::vec::Vec;

    /// A block and its codes of 16, 2, 64 and 5 bytes, and a header and its code, by the Python package reedsolo 1.7
    /// (`fcr=0, prim=0x11d, generator=2`).
    const CODES: [&str; 4] = [
        "1c426d22fb8ad3fa2eeeae521c329ac1",
        "4343",
        "b05b696e6e5ef0a14431ae21689b688ea39785da092ecd892ef7a4144c82fbb3111b5f5f7682242e2fdd15374fb9b76116fc8250e0f7e3d00164bce0ebdd9d0f",
        "74d996665d",
    ];
    const HEADER_CODE: &str = "0ae1a30c44ededf729cd50f930de277f";

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn block() -> Vec<u8> {
        (0..128).collect()
    }

    /// Damages `count` bytes of a block and its code, spread over both.
    fn damage(block: &mut [u8], code: &mut [u8], count: usize) {
        let length = block.len() + code.len();
        let mut bytes: Vec<_> = block.iter_mut().chain(code).collect();
        for i in 0..count {
            *bytes[i * length / count] ^= (i as u8).wrapping_mul(37) | 1;
        }
    }

    #[test]
    fn up_to_half_the_code_is_corrected() {
        for code in CODES.map(hex) {
            for count in 0..=code.len() / 2 {
                let (mut bad_block, mut bad_code) = (block(), code.clone());
                damage(&mut bad_block, &mut bad_code, count);
                assert_eq!(reed_solomon::correct(&mut bad_block, &mut bad_code), Some(count as u32));
                assert_eq!((bad_block, bad_code), (block(), code.clone()));
            }
        }
        let mut header = *b"DBGC\x07\0\0\0\x09\0\0\0";
        header[8] ^= 0xFF;
        assert_eq!(reed_solomon::correct(&mut header, &mut hex(HEADER_CODE)), Some(1));
        assert_eq!(header[8], 9);
    }

    #[test]
    fn codes_are_written_as_others_write_them() {
        for code in CODES.map(hex) {
            let mut written = std::vec![0xA5; code.len()];
            reed_solomon::encode(&block(), &mut written);
            assert_eq!(written, code);
        }
        let mut written = [0; 16];
        reed_solomon::encode(b"DBGC\x07\0\0\0\x09\0\0\0", &mut written);
        assert_eq!(written[..], hex(HEADER_CODE)[..]);
        reed_solomon::encode(&[0; 128], &mut written);
        assert_eq!(written, [0; 16]);
    }

    /// Memory that has no code looks like damaged zeros: nothing is taken for their correction.
    #[test]
    fn nothing_is_corrected_to_zeros() {
        for wrong in 1..=16 {
            let (mut block, mut code) = ([0; 128], [0; 16]);
            block[..wrong].fill(0xDB);
            let before = block;
            assert_eq!(reed_solomon::correct(&mut block, &mut code), None, "{wrong}");
            assert_eq!((block, code), (before, [0; 16]));
        }
    }

    #[test]
    fn every_single_byte_is_found() {
        let code = hex(CODES[0]);
        for place in 0..144 {
            let mut whole = [block(), code.clone()].concat();
            whole[place] ^= 0x80;
            let (bad_block, bad_code) = whole.split_at_mut(128);
            assert_eq!(reed_solomon::correct(bad_block, bad_code), Some(1), "{place}");
            assert_eq!(whole, [block(), code.clone()].concat());
        }
    }

    #[test]
    fn more_damage_is_left_as_it_is() {
        let code = hex(CODES[0]);
        for count in 9..=24 {
            let (mut bad_block, mut bad_code) = (block(), code.clone());
            damage(&mut bad_block, &mut bad_code, count);
            let damaged = (bad_block.clone(), bad_code.clone());
            assert_eq!(reed_solomon::correct(&mut bad_block, &mut bad_code), None, "{count}");
            assert_eq!((bad_block, bad_code), damaged);
        }
        assert_eq!(reed_solomon::correct(&mut [1], &mut [0; 65]), None, "too long a code");
        assert_eq!(reed_solomon::correct(&mut [1; 255], &mut [0, 0]), None, "too long a block");
        assert_eq!(reed_solomon::correct(&mut [], &mut []), Some(0));
    }

    /// Whatever the damage: what is corrected is a codeword near by, and the rest stays as it is.
    #[test]
    fn what_is_corrected_is_a_codeword() {
        let code = hex(CODES[3]);
        let (mut corrected, mut seed) = (0, 1u32);
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as usize % below
        };
        for _ in 0..3000 {
            let mut whole = [block(), code.clone()].concat();
            for _ in 0..3 + random(3) {
                whole[random(133)] ^= 1 + random(255) as u8;
            }
            let damaged = whole.clone();
            let (bad_block, bad_code) = whole.split_at_mut(128);
            let errors = reed_solomon::correct(bad_block, bad_code);
            let changed = whole.iter().zip(&damaged).filter(|(a, b)| a != b).count();
            assert_eq!(changed, errors.unwrap_or(0) as usize);
            assert!(changed <= 2, "{changed} bytes corrected with a code of 5");
            if errors.is_some() {
                corrected += 1;
                let (good_block, good_code) = whole.split_at_mut(128);
                assert_eq!(reed_solomon::correct(good_block, good_code), Some(0));
            }
        }
        assert!(corrected > 10, "{corrected}");
    }

    #[test]
    fn a_block_and_its_code_have_255_bytes_at_most() {
        for (length, expected) in [(239, Some(1)), (240, None), (1000, None)] {
            let (mut block, mut code) = (std::vec![0; length], [0; 16]);
            block[99] = 7;
            reed_solomon::encode(&block, &mut code);
            block[100] = 7;
            assert_eq!(reed_solomon::correct(&mut block, &mut code), expected, "{length}");
            assert_eq!(block[100], if expected.is_some() { 0 } else { 7 });
        }
    }

    #[test]
    fn capacities_are_the_kernels() {
        // Blocks of 128 + 16 bytes and a code for the header, as ramoops prints them when it attaches.
        let ecc = Ecc::new(1).unwrap();
        assert_eq!(ecc.capacity(0x4248), Ok(15052));
        assert_eq!(ecc.capacity(0x1000), Ok(4084 - 30 * 16));
        assert_eq!(ecc.capacity(12 + 16 + 1), Err(Error::too_short("zone with ECC", 45, 29)));
        assert_eq!(ecc.capacity(12 + 32), Err(Error::too_short("zone with ECC", 45, 44)));
        assert_eq!(ecc.capacity(12 + 33), Ok(1));
        assert!(ecc.capacity(0).is_err());
        for parameter in [2, 16, 64] {
            assert_eq!(Ecc::new(parameter).unwrap().parity(), usize::from(parameter));
        }
        assert_eq!(Ecc::new(1), Ecc::new(16));
        assert_eq!([Ecc::new(0), Ecc::new(65), Ecc::new(255)], [None; 3]);
    }

    #[test]
    fn reports_are_read_and_written() {
        let report = |corrected, unrecoverable| Some(EccReport { corrected, unrecoverable });
        for (content, text, expected) in [
            ("log\n\nECC: No errors detected\n", "log\n", report(0, 0)),
            ("log\nECC: 15 Corrected bytes, 1 unrecoverable blocks\n", "log", report(15, 1)),
            ("\nECC: 0 Corrected bytes, 2 unrecoverable blocks\n", "", report(0, 2)),
            ("log\n\nNo errors detected\n", "log\n", report(0, 0)),
            ("log\n\n3 Corrected bytes, 0 unrecoverable blocks\n", "log\n", report(3, 0)),
            ("log\nno errors detected\n", "", None),
            ("log\nECC: ECC: No errors detected\n", "", None),
            ("log\nECC: x Corrected bytes, 1 unrecoverable blocks\n", "", None),
            ("log\nECC: 1 Corrected bytes, 1 unrecoverable block\n", "", None),
            ("log\nECC: No errors detected", "", None),
            ("logECC: No errors detected\n", "", None),
            ("log\n", "", None),
            ("", "", None),
        ] {
            let text = if expected.is_some() { text } else { content };
            assert_eq!(EccReport::split(content.as_bytes()), (text.as_bytes(), expected), "{content:?}");
            if let Some(report) = expected {
                assert_eq!(format!("{text}\n{report}\n").replace("ECC: ", ""), content.replace("ECC: ", ""));
            }
        }
    }

    fn zone(signature: [u8; 4], start: u32, size: u32, ring: &[u8]) -> Vec<u8> {
        [&signature, &start.to_le_bytes()[..], &size.to_le_bytes(), ring].concat()
    }

    #[test]
    fn rings_begin_with_their_oldest_byte() {
        for (start, size, older, newer) in [
            (0, 0, "", ""),
            (3, 3, "", "abc"),
            (0, 6, "abcdef", ""),
            (2, 6, "cdef", "ab"),
            (5, 6, "f", "abcde"),
        ] {
            let bytes = zone(*b"DBGC", start, size, b"abcdef");
            let zone = Zone::parse(&bytes, None).unwrap();
            let contents = zone.contents();
            assert_eq!((contents.older, contents.newer), (older.as_bytes(), newer.as_bytes()));
            assert_eq!((zone.start(), zone.ring()), (start, &b"abcdef"[..]));
            assert_eq!((zone.byte_order(), zone.kernel_version()), (ByteOrder::Little, None));
            let whole = format!("{older}{newer}");
            assert_eq!((contents.len(), contents.is_empty()), (whole.len(), whole.is_empty()));
            let in_one = older.is_empty() || newer.is_empty();
            assert_eq!(contents.as_slice(), in_one.then_some(whole.as_bytes()));
            let mut out = [0xA5; 8];
            assert_eq!(contents.copy_to(&mut out).unwrap(), whole.as_bytes());
            assert!(out[whole.len()..].iter().all(|&byte| byte == 0xA5));
            if let Some(less) = whole.len().checked_sub(1) {
                let error = contents.copy_to(&mut out[..less]).unwrap_err();
                assert_eq!(
                    error.kind(),
                    ErrorKind::BufferTooSmall { needed: less as u32 + 1, available: less as u32 }
                );
            }
        }
    }

    #[test]
    fn either_byte_order_is_read() {
        let big = [&b"CGBD"[..], &2u32.to_be_bytes(), &6u32.to_be_bytes(), b"abcdef"].concat();
        // A version with a patch level of 7 looks like the other order, but its lengths do not.
        let little_trace = zone([0x43, 0x4E, 0x41, 0x43], 2, 6, b"abcdef");
        let zone = Zone::parse(&big, None).unwrap();
        assert_eq!((zone.byte_order(), zone.contents().older), (ByteOrder::Big, &b"cdef"[..]));
        let zone = Zone::parse(&little_trace, None).unwrap();
        assert_eq!((zone.byte_order(), zone.kernel_version()), (ByteOrder::Little, Some((6, 12, 7))));
        let trace =
            [&[0x43, 0x41, 0x4E, 0x43][..], &2u32.to_be_bytes(), &6u32.to_be_bytes(), b"abcdef"].concat();
        let zone = Zone::parse(&trace, None).unwrap();
        assert_eq!((zone.byte_order(), zone.kernel_version()), (ByteOrder::Big, Some((6, 12, 7))));
    }

    #[test]
    fn other_bytes_are_no_zone() {
        let error = |bytes: &[u8]| Zone::parse(bytes, None).unwrap_err().to_string();
        for length in 0..12 {
            assert_eq!(
                error(&zone(*b"DBGC", 0, 0, b"")[..length]),
                format!("offset 0: zone needs 12 bytes, {length} available")
            );
        }
        assert_eq!(error(&[0; 20]), "offset 0: zone signature is 0x00000000, not 0x43474244");
        assert_eq!(
            error(&zone(*b"DBGC", 0, 7, b"abcdef")),
            "offset 4: zone says 7 bytes in use and start 0, its capacity is 6"
        );
        assert_eq!(
            error(&zone(*b"DBGC", 6, 5, b"abcdef")),
            "offset 4: zone says 5 bytes in use and start 6, its capacity is 6"
        );
        let big = [&b"CGBD"[..], &[0xFF; 8], b"abcdef"].concat();
        assert!(error(&big).starts_with("offset 4: zone says 4294967295 bytes"));
        let ecc = Ecc::new(16);
        assert!(Zone::parse(&zone(*b"DBGC", 0, 0, &[0; 32]), ecc).is_err());
        assert_eq!(Zone::parse(&zone(*b"DBGC", 0, 0, &[0; 33]), ecc).unwrap().ring().len(), 1);
    }

    #[test]
    fn dump_headers_of_every_spelling() {
        let header = |time, microseconds, compressed| DumpHeader { time, microseconds, compressed };
        for (text, expected) in [
            ("====1795332149.123456-C\nx", header(1795332149, 123456, true)),
            ("====1795332149.000006-D\nx", header(1795332149, 6, false)),
            ("====1795332149.6\nx", header(1795332149, 6, false)),
            ("====0.0-C\nx", header(0, 0, true)),
        ] {
            assert_eq!(DumpHeader::parse(text.as_bytes()), Some((expected, &b"x"[..])), "{text}");
        }
        assert_eq!(header(5, 6, true).to_string(), "====5.000006-C");
        assert_eq!(header(5, 999999, false).to_string(), "====5.999999-D");
        for text in [
            "",
            "====",
            "====1.2-C",
            "===1.2-C\n",
            "====1-C\n",
            "====1.2-X\n",
            "====-1.2-C\n",
            "====+1.2-C\n",
            "====1.+2-C\n",
            "====1.-2-C\n",
            "====1.1234567-C\n",
            "====.2-C\n",
            "====1.-C\n",
            "====99999999999999999999.0-C\n",
            "x====1.2-C\n",
        ] {
            assert_eq!(DumpHeader::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(DumpHeader::parse(b"====1.2\xFF-C\n"), None);
    }

    fn places(layout: Layout) -> Vec<(RecordType, u32, usize, usize)> {
        layout
            .zones()
            .map(|(record_type, number, range)| (record_type, number, range.start, range.end))
            .collect()
    }

    #[test]
    fn zones_lie_behind_each_other() {
        use RecordType as Type;
        let layout = Layout {
            memory_size: 0x20000,
            record_size: 0x4000,
            console_size: 0x1FFF,
            ftrace_size: 0x1000,
            pmsg_size: 0x1000,
            ftrace_zones: 3,
            is_pmsg_last: false,
        };
        let dumps: Vec<_> = (0..7).map(|i| (Type::DMESG, i as u32, i * 0x4248, (i + 1) * 0x4248)).collect();
        let behind = [
            (Type::CONSOLE, 0, 0x1CFF8, 0x1DFF8),
            (Type::PMSG, 0, 0x1DFF8, 0x1EFF8),
            (Type::FTRACE, 0, 0x1EFF8, 0x1EFF8 + 0x554),
            (Type::FTRACE, 1, 0x1EFF8 + 0x554, 0x1EFF8 + 0xAA8),
            (Type::FTRACE, 2, 0x1EFF8 + 0xAA8, 0x1EFF8 + 0xFFC),
        ];
        assert_eq!(places(layout), [&dumps[..], &behind].concat());
        let last = places(Layout { is_pmsg_last: true, ftrace_zones: 0, ..layout });
        assert_eq!(last[8..], [(Type::FTRACE, 0, 0x1DFF8, 0x1EFF8), (Type::PMSG, 0, 0x1EFF8, 0x1FFF8)]);
    }

    #[test]
    fn layouts_that_do_not_fit_have_fewer_zones() {
        let layout = Layout { memory_size: 0x3000, record_size: 0x1000, ..Layout::default() };
        assert_eq!(places(layout).len(), 3);
        assert_eq!(places(Layout { console_size: 0x2000, ..layout }).len(), 2);
        assert_eq!(places(Layout { console_size: 0x4000, ..layout }), []);
        assert_eq!(places(Layout { console_size: 0x1000, pmsg_size: 0x4000, ..layout }).len(), 1);
        assert_eq!(places(Layout { record_size: 0, ..layout }), []);
        assert_eq!(places(Layout::default()), []);
        let largest = Layout {
            memory_size: usize::MAX,
            record_size: usize::MAX,
            console_size: usize::MAX,
            ftrace_size: usize::MAX,
            pmsg_size: usize::MAX,
            ftrace_zones: usize::MAX,
            is_pmsg_last: false,
        };
        assert_eq!(places(largest).len(), 1);
    }

    #[test]
    fn damage_to_a_zone_is_corrected_where_it_lies() {
        // A ring of one block and a half, of which the first bytes are in use, and its codes.
        let ecc = Ecc::new(2).unwrap();
        let mut bytes = zone(*b"DBGC", 5, 5, &[0; 202]);
        assert_eq!(ecc.capacity(bytes.len()), Ok(202 - 6));
        let fresh = bytes.clone();
        // The code of zeros is zeros, that of the header is not: nothing to correct it by, and no evidence of a code.
        let report = ecc.correct(&mut bytes).unwrap();
        assert_eq!((report, &bytes), (EccReport { corrected: 0, unrecoverable: 1 }, &fresh));
        assert_eq!(ecc.examine(&bytes), Ok(EccEvidence::default()));
        // The first block is in use, the second is not.
        bytes[12] = 1;
        bytes[13] = 2;
        ecc.protect(&mut bytes).unwrap();
        let whole = bytes.clone();
        bytes[13] ^= 0xff;
        bytes[12 + 128] = 1;
        let damaged = bytes.clone();
        let verified = EccEvidence { header: CodeWord::Verified, ..EccEvidence::default() };
        assert_eq!(ecc.examine(&whole), Ok(EccEvidence { verified: 1, ..verified }));
        assert_eq!(ecc.examine(&bytes), Ok(EccEvidence { correctable: 1, ..verified }));
        let report = ecc.correct(&mut bytes).unwrap();
        assert_eq!(report, EccReport { corrected: 1, unrecoverable: 0 });
        assert_eq!((bytes[13], bytes[12 + 128]), (2, 1));
        // The signature tells a log of the kernel or a trace of its functions, and both are zones.
        bytes = damaged.clone();
        bytes[0] ^= 0xff;
        bytes[1] ^= 0xff;
        let report = ecc.correct(&mut bytes).unwrap();
        assert_eq!(report, EccReport { corrected: 1, unrecoverable: 1 }, "the header has too many errors");
        assert_eq!((bytes[13], bytes[12 + 128]), (2, 1));
        // If the header states no length, all blocks are in use. The second block would be zeros, which is no
        // correction.
        bytes = damaged;
        bytes[..4].fill(0);
        let report = ecc.correct(&mut bytes).unwrap();
        assert_eq!(report, EccReport { corrected: 1, unrecoverable: 2 });
        assert_eq!((bytes[13], bytes[12 + 128]), (2, 1));
        assert!(ecc.examine(&[0; 16]).is_err() && ecc.protect(&mut [0; 16]).is_err());
        assert_eq!(
            ecc.correct(&mut [0; 16]).unwrap_err().to_string(),
            "offset 0: zone with ECC needs 17 bytes, 16 available"
        );
    }
}
