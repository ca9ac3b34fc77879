//! The kernel log of a dying machine: header lines, the parts of one dump, log lines.
//!
//! When Linux panics or oopses, `pstore_dump` (Linux 6.12 fs/pstore/platform.c) cuts the end of the kernel log into
//! parts that fit a record each and writes the newest first. A part is text: a header line, then log lines.
//!
//! ```text
//! Panic#1 Part2                                       why # number of the dump in this boot, part
//! <6>[    0.446622] audit: initializing netlink       <level>[seconds since boot] message
//! ```
//!
//! Part 1 is the newest text, so a log reads from the highest part down. Nothing says how many parts a dump has.
//!
//! To put a log together: [`Header::parse`] the text of each record, make a [`Part`] of it, sort the parts, ask
//! [`dumps`] where one dump ends and the next begins, and read the [`Dump::pieces`] of each.
//!
//! ```
//! use pstore_format::dmesg::{Header, Part, Piece, dumps};
//! use pstore_format::RecordId;
//!
//! let texts = [
//!     "Panic#1 Part1\n<0>[    2.203827] Kernel Offset: 0x16000000\n",
//!     "Panic#1 Part3\n<5>[    0.000000] Linux\n",
//! ];
//! let ids = [0x6b02_9835_0000_0001, 0x6b02_9835_0000_0003];
//! let mut parts: Vec<Part> = Vec::new();
//! for (index, (id, text)) in ids.into_iter().zip(texts).enumerate() {
//!     let (header, _log) = Header::parse(text.as_bytes()).ok_or("no dump")?;
//!     parts.push(Part::erst(header, RecordId::new(id), Some(0x6b02_9835), index));
//! }
//! parts.sort();
//! for dump in dumps(&parts) {
//!     for piece in dump.pieces() {
//!         match piece {
//!             Piece::Part(part) => print!("{}", texts[part.index]),
//!             Piece::Missing(parts) => println!("--- parts {parts:?} are missing ---"),
//!         }
//!     }
//! }
//! # Ok::<(), &str>(())
//! ```

use core::cmp::Ordering;
use core::fmt;
use core::iter::FusedIterator;
use core::ops::RangeInclusive;

use crate::ids::RecordId;

/// The reasons that Linux has written into header lines; 6.12 knows the first five.
const REASONS: [&str; 9] =
    ["Panic", "Oops", "Emergency", "Shutdown", "Unknown", "Restart", "Halt", "Poweroff", "Kexec"];

/// Whether a text that may be cut after a few bytes can begin a dump.
pub(crate) fn starts_with_reason(text: &[u8]) -> bool {
    REASONS.iter().any(|reason| {
        let reason = reason.as_bytes();
        text.starts_with(reason) && matches!(text.get(reason.len()), Some(b'#' | b':') | None)
            || text.len() >= 8 && reason.starts_with(text)
    })
}

/// The first line of every part: `Panic#1 Part2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header<'a> {
    /// Why the log was dumped: a word such as "Panic" or "Oops".
    pub why: &'a str,
    /// Which dump of its boot this was, from 1.
    pub count: u32,
    /// Which part of the dump this is, from 1; part 1 holds the newest text.
    pub part: u32,
}

impl<'a> Header<'a> {
    /// Splits a record's text into its header and the log that follows.
    ///
    /// pstore/zone puts a line such as `Panic: Total 1 times` before the header; it is skipped. The reason may be any
    /// word of ASCII letters. `None` when the text begins with no such header.
    pub fn parse(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (line, rest) = split_line(text);
        if is_zone_notice(line) {
            let (line, rest) = split_line(rest);
            return Some((Self::parse_line(line)?, rest));
        }
        Some((Self::parse_line(line)?, rest))
    }

    fn parse_line(line: &'a [u8]) -> Option<Self> {
        let (why, rest) = split_at_byte(line, b'#')?;
        let (count, part) = split_at_byte(rest, b' ')?;
        let part = part.strip_prefix(b"Part")?;
        Some(Self { why: word(why)?, count: decimal(count)?, part: decimal(part)? })
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{} Part{}", self.why, self.count, self.part)
    }
}

/// `Panic: Total 1 times`, as pstore/zone counts them.
fn is_zone_notice(line: &[u8]) -> bool {
    let count = || {
        let (why, rest) = split_at_byte(line, b':')?;
        word(why)?;
        decimal::<u32>(rest.strip_prefix(b" Total ")?.strip_suffix(b" times")?)
    };
    count().is_some()
}

/// The text as a word of ASCII letters.
fn word(text: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(text).ok()?;
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(text)
}

/// A number of digits alone: no sign, no space.
fn decimal<T: core::str::FromStr>(text: &[u8]) -> Option<T> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// What lies before and after the first of this byte.
fn split_at_byte(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let mut halves = text.splitn(2, |&seen| seen == byte);
    Some((halves.next()?, halves.next()?))
}

/// The first line without its end, and what follows it.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    split_at_byte(text, b'\n').unwrap_or((text, &[]))
}

/// One stored part of a dump, as much of it as it takes to sort and group: the text stays with the caller.
///
/// Parts sort by boot, then in the order they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Part<'a> {
    /// The header line of its text.
    pub header: Header<'a>,
    /// The record's id.
    pub id: RecordId,
    /// The time of the boot that wrote the part, if the store has it: [`RecordId::boot_time`].
    pub boot: Option<u64>,
    /// When the part was written, in seconds since 1970, if known.
    pub time: Option<u64>,
    /// The caller's number for it, such as its place in a list of texts.
    pub index: usize,
}

impl<'a> Part<'a> {
    /// A part from ERST, whose ids name the boot and count its records.
    pub const fn erst(header: Header<'a>, id: RecordId, time: Option<u64>, index: usize) -> Self {
        Self { header, id, boot: id.boot_time(), time, index }
    }

    /// A part from a store whose ids say nothing of the boot: EFI variables, ramoops, block devices.
    pub const fn timed(header: Header<'a>, id: RecordId, time: Option<u64>, index: usize) -> Self {
        Self { header, id, boot: None, time, index }
    }

    /// Whether this part, next in order, goes on with the dump that `before` belongs to.
    fn continues(&self, before: &Self) -> bool {
        let pause = match (before.time, self.time) {
            (Some(before), Some(time)) if self.boot.is_none() => time.saturating_sub(before),
            _ => 0,
        };
        self.boot == before.boot
            && self.header.why == before.header.why
            && self.header.count == before.header.count
            && self.header.part > before.header.part
            && pause <= LONGEST_PAUSE
    }
}

/// Seconds between two parts beyond which they are of two boots, when nothing else tells: a part takes firmware
/// seconds to write at worst, a boot takes longer than this to come to its next panic.
const LONGEST_PAUSE: u64 = 10;

impl Ord for Part<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let in_boot = if self.boot.is_some() { self.id.cmp(&other.id) } else { Ordering::Equal };
        let by_header = |part: &Self| (part.time, part.header.count, part.header.part);
        self.boot
            .cmp(&other.boot)
            .then(in_boot)
            .then_with(|| by_header(self).cmp(&by_header(other)))
            .then_with(|| (self.header, self.id, self.index).cmp(&(other.header, other.id, other.index)))
    }
}

impl PartialOrd for Part<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Splits sorted parts into dumps.
///
/// Parts are of one dump when boot, reason and count agree and each part's number is greater than the one before. Where
/// the store does not know the boot, they must also have been written within seconds of each other. So two crashes
/// of one boot are two dumps, and so are two boots that crashed the same way, or a part that is there twice.
pub const fn dumps<'p, 'a>(parts: &'p [Part<'a>]) -> Dumps<'p, 'a> {
    Dumps { rest: parts }
}

/// Iterator over the dumps in sorted parts, from [`dumps`].
#[derive(Clone, Debug)]
pub struct Dumps<'p, 'a> {
    rest: &'p [Part<'a>],
}

impl<'p, 'a> Iterator for Dumps<'p, 'a> {
    type Item = Dump<'p, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (_, others) = self.rest.split_first()?;
        let more = others.iter().zip(self.rest).take_while(|(part, before)| part.continues(before)).count();
        let (parts, rest) = self.rest.split_at_checked(more.saturating_add(1))?;
        self.rest = rest;
        Some(Dump { parts })
    }
}

impl FusedIterator for Dumps<'_, '_> {}

/// The parts that were found of one dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dump<'p, 'a> {
    parts: &'p [Part<'a>],
}

impl<'p, 'a> Dump<'p, 'a> {
    /// The parts, newest text first: their numbers rise. There is at least one.
    pub const fn parts(&self) -> &'p [Part<'a>] {
        self.parts
    }

    /// The log in reading order: the oldest text first, and a mark wherever parts are missing.
    ///
    /// The store does not say whether parts older than the oldest one here were lost.
    pub const fn pieces(&self) -> Pieces<'p, 'a> {
        Pieces { rest: self.parts, above: None }
    }

    /// How many parts are missing between the oldest one found and the end of the log.
    pub fn missing(&self) -> u32 {
        let highest = self.parts.last().map_or(0, |part| part.header.part);
        let lowest = self.parts.first().map_or(0, |part| part.header.part);
        // Numbers rise, so a part 0, which Linux never writes, can only be the first.
        let found = clamp_count(self.parts.len()).saturating_sub(u32::from(lowest == 0));
        highest.saturating_sub(found)
    }
}

fn clamp_count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A piece of a dump, which is read from its oldest text to its newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'p, 'a> {
    /// A part that was found.
    Part(&'p Part<'a>),
    /// The numbers of parts of which there is no record, the newest text first as always.
    Missing(RangeInclusive<u32>),
}

/// Iterator over the pieces of a dump, from [`Dump::pieces`].
#[derive(Clone, Debug)]
pub struct Pieces<'p, 'a> {
    rest: &'p [Part<'a>],
    /// The number of the last part handed out, until what lies below it has been looked at.
    above: Option<u32>,
}

impl<'p, 'a> Iterator for Pieces<'p, 'a> {
    type Item = Piece<'p, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let newest_missing = self.rest.last().map_or(1, |part| part.header.part.saturating_add(1));
        if let Some(oldest_missing) = self.above.take().and_then(|above| above.checked_sub(1)) {
            if newest_missing <= oldest_missing {
                return Some(Piece::Missing(newest_missing..=oldest_missing));
            }
        }
        let (part, rest) = self.rest.split_last()?;
        self.rest = rest;
        self.above = Some(part.header.part);
        Some(Piece::Part(part))
    }
}

impl FusedIterator for Pieces<'_, '_> {}

/// The lines of a log. A text that ends in a newline does not have an empty line after it.
pub const fn lines(log: &[u8]) -> Lines<'_> {
    Lines { rest: log }
}

/// Iterator over the lines of a log, from [`lines`].
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = split_line(self.rest);
        self.rest = rest;
        Some(Line::parse(line))
    }
}

impl FusedIterator for Lines<'_> {}

/// One line of the kernel log, its syslog prefix read: `<6>[    0.446622] audit: initializing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Line<'a> {
    /// Facility (times 8) and level, as in `<6>`.
    pub priority: Option<u32>,
    /// Microseconds since the kernel started, as in `[    0.446622]`.
    pub time: Option<u64>,
    /// Who wrote the line, as in `[    T1]` (a task) or `[   C0]` (a processor), on kernels built to say so.
    pub caller: Option<&'a [u8]>,
    /// The message.
    pub text: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads one line, given without its newline. What does not look like a prefix is part of the text.
    pub fn parse(line: &'a [u8]) -> Self {
        let (priority, rest) = priority(line).map_or((None, line), |(value, rest)| (Some(value), rest));
        let Some((time, rest)) = bracketed(rest).and_then(|(stamp, rest)| Some((microseconds(stamp)?, rest)))
        else {
            return Self { priority, time: None, caller: None, text: rest };
        };
        let caller = bracketed(rest).filter(|(caller, _)| is_caller(caller));
        let (caller, rest) = caller.map_or((None, rest), |(caller, rest)| (Some(caller), rest));
        let text = rest.strip_prefix(b" ").unwrap_or(rest);
        Self { priority, time: Some(time), caller, text }
    }

    /// How bad it is: 0 emergency, 1 alert, 2 critical, 3 error, 4 warning, 5 notice, 6 informational, 7 debug.
    pub fn level(&self) -> Option<u8> {
        self.priority.map(|priority| (priority & 7) as u8)
    }

    /// Who it is from: 0 the kernel, 1 user space, others as in syslog(3).
    pub fn facility(&self) -> Option<u32> {
        self.priority.map(|priority| priority >> 3)
    }
}

/// `<6>` and what follows.
fn priority(line: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = split_at_byte(line.strip_prefix(b"<")?, b'>')?;
    Some((decimal(number)?, rest))
}

/// The text in brackets, without leading spaces, and the text after it.
fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (inner, rest) = split_at_byte(text.strip_prefix(b"[")?, b']')?;
    Some((inner.trim_ascii_start(), rest))
}

/// `T` and the number of a task, or `C` and that of a processor.
fn is_caller(caller: &[u8]) -> bool {
    matches!(caller, [b'T' | b'C', number @ ..] if decimal::<u32>(number).is_some())
}

/// Seconds, a point and six digits.
fn microseconds(stamp: &[u8]) -> Option<u64> {
    let (seconds, fraction) = split_at_byte(stamp, b'.')?;
    if fraction.len() != 6 {
        return None;
    }
    decimal::<u64>(seconds)?.checked_mul(1_000_000)?.checked_add(decimal(fraction)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};
    use std::vec::Vec;
    use std::{format, vec};

    fn header(why: &str, count: u32, part: u32) -> Header<'_> {
        Header { why, count, part }
    }

    #[test]
    fn headers_of_every_spelling() {
        for (text, expected) in [
            ("Panic#1 Part1\nlog", header("Panic", 1, 1)),
            ("Oops#12 Part34\nlog", header("Oops", 12, 34)),
            ("Emergency#1 Part1\nlog", header("Emergency", 1, 1)),
            ("Shutdown#1 Part1\nlog", header("Shutdown", 1, 1)),
            ("Unknown#1 Part1\nlog", header("Unknown", 1, 1)),
            ("Restart#0 Part0\nlog", header("Restart", 0, 0)),
            ("Oops#4294967295 Part4294967295\nlog", header("Oops", u32::MAX, u32::MAX)),
            ("Panic: Total 3 times\nPanic#3 Part1\nlog", header("Panic", 3, 1)),
        ] {
            assert_eq!(Header::parse(text.as_bytes()), Some((expected, &b"log"[..])), "{text}");
            assert!(text.contains(&format!("{expected}\n")));
        }
        assert_eq!(Header::parse(b"Halt#1 Part2"), Some((header("Halt", 1, 2), &b""[..])));
    }

    #[test]
    fn other_first_lines_are_no_header() {
        for text in [
            "",
            "\n",
            "Panic",
            "Panic#",
            "Panic#1",
            "Panic#1 ",
            "Panic#1 Part",
            "#1 Part1",
            "Panic#x Part1",
            "Panic#1 Part1 ",
            "Panic#1Part1",
            "Panic #1 Part1",
            "Panic#-1 Part1",
            "Panic#4294967296 Part1",
            "<6>[    0.1] Panic#1 Part1",
            "P\u{e4}nic#1 Part1",
            "Panic: Total 3 times",
            "Panic: Total x times\nPanic#1 Part1",
            "Panic: Total 3 times\nPanic: Total 3 times\nPanic#1 Part1",
            "log\nPanic#1 Part1",
        ] {
            assert_eq!(Header::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(Header::parse(b"\xFF#1 Part1"), None);
    }

    #[test]
    fn reasons_are_known_by_their_first_letters() {
        for text in ["Panic#1 ", "Panic: T", "Panic", "Oops#1", "Emergenc", "Emergency#", "Kexec#1 "] {
            assert!(starts_with_reason(text.as_bytes()), "{text}");
        }
        for text in ["", "Pani", "Panics#1", "Emerge", "panic#1", "<6>[   "] {
            assert!(!starts_with_reason(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn log_lines_come_apart() {
        let line = |priority, time, caller: &'static str, text: &'static str| Line {
            priority,
            time,
            caller: (!caller.is_empty()).then_some(str::as_bytes(caller)),
            text: text.as_bytes(),
        };
        for (text, expected) in [
            ("<6>[    0.446622] audit: a b", line(Some(6), Some(446622), "", "audit: a b")),
            ("<12>[12345.000001] LAB-MARK", line(Some(12), Some(12345000001), "", "LAB-MARK")),
            ("<4>[    2.203451]  </TASK>", line(Some(4), Some(2203451), "", " </TASK>")),
            ("<0>[    1.000000][    T1] x", line(Some(0), Some(1000000), "T1", "x")),
            ("<0>[    1.000000][   C12] x", line(Some(0), Some(1000000), "C12", "x")),
            ("<3>[    1.000000] [Firmware Bug]: x", line(Some(3), Some(1000000), "", "[Firmware Bug]: x")),
            ("<3>[    1.000000][Hardware] x", line(Some(3), Some(1000000), "", "[Hardware] x")),
            ("<3>[    1.000000]", line(Some(3), Some(1000000), "", "")),
            ("[    1.000000] x", line(None, Some(1000000), "", "x")),
            ("<6>no time", line(Some(6), None, "", "no time")),
            ("<6>[Firmware Bug]: x", line(Some(6), None, "", "[Firmware Bug]: x")),
            ("<6>[    1.00000] x", line(Some(6), None, "", "[    1.00000] x")),
            ("<6>[    1.-00000] x", line(Some(6), None, "", "[    1.-00000] x")),
            ("<6>[18446744073709.551616] x", line(Some(6), None, "", "[18446744073709.551616] x")),
            ("<6>[18446744073709.551615] x", line(Some(6), Some(u64::MAX), "", "x")),
            ("<x>[    1.000000] x", line(None, None, "", "<x>[    1.000000] x")),
            ("<>", line(None, None, "", "<>")),
            ("<6", line(None, None, "", "<6")),
            ("", line(None, None, "", "")),
        ] {
            assert_eq!(Line::parse(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn levels_and_facilities_share_a_number() {
        let of = |text: &str| {
            let line = Line::parse(text.as_bytes());
            (line.level(), line.facility())
        };
        assert_eq!(of("<6>x"), (Some(6), Some(0)));
        assert_eq!(of("<12>x"), (Some(4), Some(1)));
        assert_eq!(of("<4294967295>x"), (Some(7), Some(536870911)));
        assert_eq!(of("x"), (None, None));
    }

    #[test]
    fn lines_end_at_newlines() {
        let texts = |log: &'static [u8]| lines(log).map(|line| line.text).collect::<Vec<_>>();
        assert_eq!(texts(b"<6>a\n\nb\n"), [&b"a"[..], b"", b"b"]);
        assert_eq!(texts(b"a\n<1>b"), [b"a", b"b"]);
        assert_eq!(texts(b"\n"), [b""]);
        assert!(texts(b"").is_empty());
    }

    /// A part of ERST; its index is the low byte of its id.
    fn erst(boot: u64, sequence: u64, why: &str, count: u32, part: u32) -> Part<'_> {
        Part::erst(
            header(why, count, part),
            RecordId::new(boot << 32 | sequence),
            Some(boot),
            sequence as usize,
        )
    }

    fn timed(time: Option<u64>, why: &str, count: u32, part: u32, index: usize) -> Part<'_> {
        Part::timed(header(why, count, part), RecordId::new(index as u64), time, index)
    }

    /// The dumps of parts in any order, each as the pieces it reads in: indices, and ranges of missing parts.
    fn read(mut parts: Vec<Part>) -> Vec<String> {
        parts.sort();
        let mut backwards = parts.clone();
        backwards.reverse();
        backwards.sort();
        assert_eq!(parts, backwards);
        dumps(&parts)
            .map(|dump| {
                let pieces = dump.pieces().map(|piece| match piece {
                    Piece::Part(part) => part.index.to_string(),
                    Piece::Missing(parts) => format!("{parts:?}"),
                });
                pieces.collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    #[test]
    fn a_dump_reads_from_its_highest_part() {
        let parts = vec![erst(5, 3, "Panic", 1, 3), erst(5, 1, "Panic", 1, 1), erst(5, 2, "Panic", 1, 2)];
        assert_eq!(read(parts), ["3 2 1"]);
        assert!(read(vec![]).is_empty());
    }

    #[test]
    fn crashes_of_one_boot_and_of_two_are_kept_apart() {
        // An oops, then the panic it led to; another boot at another time with the same count.
        let parts = vec![
            erst(9, 1, "Panic", 1, 1),
            erst(5, 11, "Oops", 1, 1),
            erst(5, 12, "Oops", 1, 2),
            erst(5, 14, "Panic", 2, 1),
            erst(5, 15, "Panic", 2, 2),
        ];
        assert_eq!(read(parts), ["12 11", "15 14", "1"]);
        // The same count, but another reason; the same in all, but another boot, with rising parts.
        assert_eq!(read(vec![erst(5, 1, "Oops", 1, 1), erst(5, 2, "Panic", 1, 2)]), ["1", "2 1..=1"]);
        assert_eq!(read(vec![erst(5, 1, "Panic", 1, 1), erst(6, 2, "Panic", 1, 2)]), ["1", "2 1..=1"]);
        assert_eq!(read(vec![erst(5, 1, "Panic", 1, 1), erst(5, 2, "Panic", 2, 2)]), ["1", "2 1..=1"]);
    }

    #[test]
    fn missing_parts_are_marked() {
        let dump = |numbers: &[u32]| {
            let parts: Vec<_> =
                numbers.iter().map(|&part| erst(5, u64::from(part % 100) + 1, "Panic", 1, part)).collect();
            let found: Vec<_> = dumps(&parts).collect();
            assert_eq!(found.len(), 1);
            (read(parts.clone()).remove(0), found[0].missing())
        };
        assert_eq!(dump(&[1, 2, 3]), ("4 3 2".into(), 0));
        assert_eq!(dump(&[2, 3]), ("4 3 1..=1".into(), 1));
        assert_eq!(dump(&[1, 3, 7]), ("8 4..=6 4 2..=2 2".into(), 4));
        assert_eq!(dump(&[0, 1]), ("2 1".into(), 0));
        assert_eq!(dump(&[0, 2]), ("3 1..=1 1".into(), 1));
        assert_eq!(dump(&[4294967295]), ("96 1..=4294967294".into(), 4294967294));
    }

    #[test]
    fn block_boundaries_of_decimal_ids_do_not_split_a_dump() {
        // systemd groups by the id without its last six digits.
        let last = 7710893088750999999;
        let part =
            |id: u64, part, index| Part::erst(header("Panic", 1, part), RecordId::new(id), None, index);
        assert_eq!(read(vec![part(last + 1, 2, 2), part(last, 1, 1)]), ["2 1"]);
    }

    #[test]
    fn a_part_that_is_there_twice_begins_a_dump() {
        let parts = vec![erst(5, 1, "Panic", 7, 1), erst(5, 2, "Panic", 7, 1), erst(5, 3, "Panic", 7, 2)];
        assert_eq!(read(parts), ["1", "3 2"]);
    }

    #[test]
    fn without_a_boot_time_and_count_tell_dumps_apart() {
        // Two crashes within one second, as EFI variables: their ids would interleave.
        let parts = vec![
            timed(Some(100), "Panic", 2, 2, 4),
            timed(Some(100), "Oops", 1, 2, 2),
            timed(Some(100), "Panic", 2, 1, 3),
            timed(Some(100), "Oops", 1, 1, 1),
        ];
        assert_eq!(read(parts), ["2 1", "4 3"]);
        // Parts written over a few seconds; the same count after a boot.
        let parts = vec![
            timed(Some(100), "Panic", 1, 1, 1),
            timed(Some(110), "Panic", 1, 2, 2),
            timed(Some(121), "Panic", 1, 3, 3),
        ];
        assert_eq!(read(parts), ["2 1", "3 1..=2"]);
        // Where no time is known either, the numbers have to do.
        let parts = vec![timed(None, "Panic", 1, 2, 2), timed(None, "Panic", 1, 1, 1)];
        assert_eq!(read(parts), ["2 1"]);
        // ERST's ids are enough, whatever the clock did in between.
        let mut late = erst(5, 2, "Panic", 1, 2);
        late.time = Some(1000);
        assert_eq!(read(vec![erst(5, 1, "Panic", 1, 1), late]), ["2 1"]);
    }

    #[test]
    fn ids_without_a_meaning_do_no_harm() {
        let part = |id: u64, index| Part::erst(header("Panic", 1, 1), RecordId::new(id), None, index);
        assert_eq!(read(vec![part(0, 0), part(!0, 1), part(1 << 63, 2)]), ["0", "2", "1"]);
    }

    #[test]
    fn order_is_total() {
        let parts = [
            erst(5, 1, "Panic", 1, 1),
            erst(5, 1, "Oops", 1, 1),
            erst(6, 1, "Panic", 1, 1),
            timed(Some(1), "Panic", 1, 1, 1),
            timed(None, "Panic", 1, 1, 1),
            timed(Some(1), "Panic", 1, 1, 2),
            timed(Some(1), "Panic", 2, 1, 1),
        ];
        for a in &parts {
            for b in &parts {
                assert_eq!(a.cmp(b), b.cmp(a).reverse());
                assert_eq!(a.cmp(b) == Ordering::Equal, a == b);
                assert_eq!(a.partial_cmp(b), Some(a.cmp(b)));
                for c in &parts {
                    assert!(!(a < b && b < c) || a < c);
                }
            }
        }
    }
}
