//! pstore/blk: kernel logs on a block or flash device (Linux 6.12 fs/pstore/zone.c, blk.c).
//!
//! A partition is cut into zones ([`Layout`] says how), which are rings like those of [`ramoops`](crate::ramoops)
//! with another header:
//!
//! | offset | length | |
//! |---|---|---|
//! | 0 | 4 | signature 0x43474244 ("DBGC") XOR the record type |
//! | 4 | 4 | bytes in use; 0 when the record was removed |
//! | 8 | 4 | start: where the next byte goes |
//! | 12 | | the ring |
//!
//! The ring of a dump does not turn. It begins with a C structure as a 64-bit kernel lays it out:
//!
//! | offset | length | |
//! |---|---|---|
//! | 0 | 4 | magic 0x4DFC3AE5 |
//! | 8 | 8 | seconds since 1970 |
//! | 16 | 8 | nanoseconds after that |
//! | 24 | 1 | whether the dump is compressed |
//! | 28 | 4 | how often there was an oops, or a panic, on this device; 0 for other reasons |
//! | 32 | 4 | reason |
//! | 40 | | the dump |
//!
//! Numbers are in the byte order of the machine. Before a dump that is not compressed Linux shows a line of its
//! own, `Panic: Total 1 times`; [`dmesg::Header`](crate::dmesg::Header) skips it.

use core::ops::Range;

use crate::error::{Error, ErrorKind, clamp};
use crate::grammar::open_value;
use crate::names::RecordType;
use crate::ramoops::{ByteOrder, Contents, HEADER, SIGNATURE, zones_of};

/// The places of the zones on the device: pstore/blk's parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Bytes of the partition; Linux uses at most 128 MiB of it.
    pub total_size: usize,
    /// Bytes for each dump.
    pub kmsg_size: usize,
    /// Bytes for user messages.
    pub pmsg_size: usize,
    /// Bytes for the console.
    pub console_size: usize,
    /// Bytes for all function traces.
    pub ftrace_size: usize,
    /// Number of processors, each of which has a zone of its own for traces. 0 is taken for 1.
    pub processors: usize,
}

impl Layout {
    /// Type, number and place of each zone, in the order in which they lie. The number is the record's id.
    pub fn zones(&self) -> impl Iterator<Item = (RecordType, u32, Range<usize>)> + use<> {
        let ftrace_length = self.ftrace_size.checked_div(self.processors.max(1)).unwrap_or(0);
        let ftrace_zones = self.ftrace_size.checked_div(ftrace_length).unwrap_or(0);
        let total = self.total_size.min(128 << 20);
        let others = self.pmsg_size.saturating_add(self.console_size).saturating_add(self.ftrace_size);
        let dumps = total.saturating_sub(others).checked_div(self.kmsg_size).unwrap_or(0);
        let groups = [
            (RecordType::PMSG, self.pmsg_size, 1),
            (RecordType::CONSOLE, self.console_size, 1),
            (RecordType::FTRACE, ftrace_length, ftrace_zones),
            (RecordType::DMESG, self.kmsg_size, dumps),
        ];
        zones_of(groups, total)
    }
}

/// A zone: its header, and its ring as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone<'a> {
    order: ByteOrder,
    record_type: RecordType,
    length: u32,
    start: u32,
    ring: &'a [u8],
}

impl<'a> Zone<'a> {
    /// Reads a zone, given with all its bytes.
    ///
    /// # Errors
    ///
    /// When there are fewer than 12 bytes, the signature is another one, or length or start point outside the zone.
    pub fn parse(zone: &'a [u8]) -> Result<Self, Error> {
        let found = ByteOrder::ALL.map(|order| Self::read(zone, order));
        match found {
            [Ok(zone), _] | [_, Ok(zone)] => Ok(zone),
            [Err(little), Err(big)] => {
                Err(if matches!(big.kind(), ErrorKind::ZoneBounds { .. }) { big } else { little })
            }
        }
    }

    fn read(zone: &'a [u8], order: ByteOrder) -> Result<Self, Error> {
        let words = || Some([order.u32(zone, 0)?, order.u32(zone, 4)?, order.u32(zone, 8)?]);
        let too_short = Error::too_short("zone", HEADER, zone.len());
        let [signature, length, start] = words().ok_or(too_short)?;
        let record_type = RecordType::new(signature ^ SIGNATURE);
        if record_type.name().is_none() {
            return Err(Error::new(ErrorKind::ZoneSignature(signature), 0));
        }
        let ring = zone.get(HEADER..).unwrap_or_default();
        if length as usize > ring.len() || start > length {
            return Err(Error::new(
                ErrorKind::ZoneBounds { start, size: length, capacity: clamp(ring.len()) },
                4,
            ));
        }
        Ok(Self { order, record_type, length, start, ring })
    }

    /// The byte order of the machine that wrote it.
    pub const fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// The type of record that the zone holds.
    pub const fn record_type(&self) -> RecordType {
        self.record_type
    }

    /// The whole ring, whether in use or not: a record that was removed is often still there.
    pub const fn ring(&self) -> &'a [u8] {
        self.ring
    }

    /// The bytes in the ring, oldest first.
    pub fn contents(&self) -> Contents<'a> {
        let used = self.ring.get(..self.length as usize).unwrap_or(self.ring);
        let (newer, older) = used.split_at_checked(self.start as usize).unwrap_or((used, &[]));
        Contents { older, newer }
    }

    /// The structure before a dump, and the dump; `None` when the zone is empty or for something else, or has no such
    /// structure.
    pub fn dump(&self) -> Option<(DumpHeader, &'a [u8])> {
        if self.record_type != RecordType::DMESG {
            return None;
        }
        let used = self.ring.get(..self.length as usize)?;
        let dump = used.get(DumpHeader::SIZE..)?;
        Some((DumpHeader::read(used, self.order)?, dump))
    }
}

/// The structure before a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DumpHeader {
    /// When the dump was written, in seconds since 1970.
    pub time: u64,
    /// Nanoseconds after that.
    pub nanoseconds: u64,
    /// Whether the dump is compressed.
    pub compressed: bool,
    /// How often there was an oops, or a panic, on this device; 0 for other reasons.
    pub counter: u32,
    /// Why the log was dumped.
    pub reason: Reason,
}

impl DumpHeader {
    /// Bytes of the structure.
    const SIZE: usize = 40;
    const MAGIC: u32 = 0x4DFC_3AE5;

    fn read(bytes: &[u8], order: ByteOrder) -> Option<Self> {
        if order.u32(bytes, 0)? != Self::MAGIC {
            return None;
        }
        Some(Self {
            time: order.u64(bytes, 8)?,
            nanoseconds: order.u64(bytes, 16)?,
            compressed: *bytes.get(24)? != 0,
            counter: order.u32(bytes, 28)?,
            reason: Reason::new(order.u32(bytes, 32)?),
        })
    }
}

open_value! {
    /// Why a log was dumped, by the kernel's number (Linux 6.12 `include/linux/kmsg_dump.h`). The name is the word in
    /// header lines, where all other numbers read "Unknown".
    Reason: u32 {
        /// The kernel panicked.
        PANIC = 1 => "Panic",
        /// A fault that the kernel went on from.
        OOPS = 2 => "Oops",
        /// An emergency restart.
        EMERGENCY = 3 => "Emergency",
        /// A shutdown, when asked to dump then.
        SHUTDOWN = 4 => "Shutdown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;
    use std::{format, vec};

    fn zone(record_type: u32, length: u32, start: u32, ring: &[u8]) -> Vec<u8> {
        let signature = record_type ^ 0x4347_4244;
        [&signature.to_le_bytes()[..], &length.to_le_bytes(), &start.to_le_bytes(), ring].concat()
    }

    /// The ring of a dump of four letters.
    fn dump() -> Vec<u8> {
        let mut ring = vec![0xA5; 44];
        ring[..4].copy_from_slice(&[0xE5, 0x3A, 0xFC, 0x4D]);
        ring[8..16].copy_from_slice(&1795367996u64.to_le_bytes());
        ring[16..24].copy_from_slice(&666120540u64.to_le_bytes());
        ring[24] = 1;
        ring[28..32].copy_from_slice(&3u32.to_le_bytes());
        ring[32..36].copy_from_slice(&2u32.to_le_bytes());
        ring[40..].copy_from_slice(b"text");
        ring
    }

    #[test]
    fn a_dump_has_a_structure_before_it() {
        let bytes = zone(0, 44, 0, &dump());
        let (header, text) = Zone::parse(&bytes).unwrap().dump().unwrap();
        let expected = DumpHeader {
            time: 1795367996,
            nanoseconds: 666120540,
            compressed: true,
            counter: 3,
            reason: Reason::OOPS,
        };
        assert_eq!((header, text), (expected, &b"text"[..]));
        let mut ring = dump();
        ring[24] = 0;
        let bytes = zone(0, 40, 0, &ring);
        let (header, text) = Zone::parse(&bytes).unwrap().dump().unwrap();
        assert_eq!((header, text), (DumpHeader { compressed: false, ..expected }, &b""[..]));
    }

    #[test]
    fn what_has_no_such_structure_is_no_dump() {
        for (record_type, length, ring) in
            [(0, 39, dump()), (0, 0, dump()), (2, 44, dump()), (0, 44, vec![0; 44])]
        {
            let bytes = zone(record_type, length, 0, &ring);
            assert_eq!(Zone::parse(&bytes).unwrap().dump(), None);
        }
    }

    #[test]
    fn a_big_endian_machine_wrote_the_same() {
        let mut ring = dump();
        for (at, length) in [(0, 4), (8, 8), (16, 8), (28, 4), (32, 4)] {
            ring[at..at + length].reverse();
        }
        let mut bytes = zone(0, 44, 0, &ring);
        for at in [0, 4, 8] {
            bytes[at..at + 4].reverse();
        }
        let little = zone(0, 44, 0, &dump());
        let (zone, little) = (Zone::parse(&bytes).unwrap(), Zone::parse(&little).unwrap());
        assert_eq!((zone.byte_order(), little.byte_order()), (ByteOrder::Big, ByteOrder::Little));
        assert_eq!(zone.dump(), little.dump());
    }

    #[test]
    fn rings_begin_with_their_oldest_byte() {
        for (length, start, older, newer) in
            [(0, 0, "", ""), (3, 3, "", "abc"), (6, 0, "abcdef", ""), (6, 4, "ef", "abcd")]
        {
            let bytes = zone(7, length, start, b"abcdef");
            let zone = Zone::parse(&bytes).unwrap();
            assert_eq!(zone.contents(), Contents { older: older.as_bytes(), newer: newer.as_bytes() });
            assert_eq!((zone.record_type(), zone.ring()), (RecordType::PMSG, &b"abcdef"[..]));
        }
    }

    #[test]
    fn other_bytes_are_no_zone() {
        let error = |bytes: &[u8]| Zone::parse(bytes).unwrap_err().to_string();
        for length in 0..12 {
            let text = format!("offset 0: zone needs 12 bytes, {length} available");
            assert_eq!(error(&zone(0, 0, 0, b"")[..length]), text);
        }
        assert_eq!(error(&zone(9, 0, 0, b"")), "offset 0: zone signature is 0x4347424d, not 0x43474244");
        assert_eq!(
            error(&zone(0, 7, 0, b"abcdef")),
            "offset 4: zone says 7 bytes in use and start 0, its capacity is 6"
        );
        assert_eq!(
            error(&zone(0, 5, 6, b"abcdef")),
            "offset 4: zone says 5 bytes in use and start 6, its capacity is 6"
        );
        assert!(error(&[&b"CGBD"[..], &[0xFF; 8]].concat()).starts_with("offset 4: zone says 4294967295"));
    }

    #[test]
    fn zones_lie_behind_each_other() {
        use RecordType as Type;
        let layout = Layout {
            total_size: 0x20000,
            kmsg_size: 0x8000,
            pmsg_size: 0x2000,
            console_size: 0x2000,
            ftrace_size: 0x4000,
            processors: 3,
        };
        let places = |layout: Layout| -> Vec<_> {
            layout
                .zones()
                .map(|(record_type, number, range)| (record_type, number, range.start, range.end))
                .collect()
        };
        assert_eq!(
            places(layout),
            [
                (Type::PMSG, 0, 0, 0x2000),
                (Type::CONSOLE, 0, 0x2000, 0x4000),
                (Type::FTRACE, 0, 0x4000, 0x5555),
                (Type::FTRACE, 1, 0x5555, 0x6AAA),
                (Type::FTRACE, 2, 0x6AAA, 0x7FFF),
                (Type::DMESG, 0, 0x7FFF, 0xFFFF),
                (Type::DMESG, 1, 0xFFFF, 0x17FFF),
                (Type::DMESG, 2, 0x17FFF, 0x1FFFF),
            ]
        );
        let one = places(Layout { processors: 0, ..layout });
        assert_eq!((one.len(), one[2], one[3].2), (6, (Type::FTRACE, 0, 0x4000, 0x8000), 0x8000));
        let only_dumps = Layout { total_size: 1 << 30, kmsg_size: 1 << 20, ..Layout::default() };
        assert_eq!(places(only_dumps).len(), 128, "Linux uses no more than 128 MiB");
        assert_eq!(places(Layout { kmsg_size: 0, ..only_dumps }), []);
        assert_eq!(places(Layout { pmsg_size: usize::MAX, ..layout }), []);
    }

    #[test]
    fn reasons_have_the_words_of_header_lines() {
        let names: Vec<_> = (0..6).map(|number| Reason::new(number).to_string()).collect();
        assert_eq!(names, ["reserved (0)", "Panic", "Oops", "Emergency", "Shutdown", "reserved (5)"]);
        assert_eq!(format!("{:?} {:?}", Reason::OOPS, Reason::new(7)), "Reason(2: Oops) Reason(7)");
    }
}
