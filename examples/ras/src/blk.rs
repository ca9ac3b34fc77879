//! An image of a pstore/blk device, read without the parameters that it was made with. Each zone begins with its
//! signature, which states the zone's kind, and ends at the latest where the next zone begins.

use memchr::memmem;
use pstore_format::blk::Zone;
use pstore_format::names::RecordType;

/// Linux uses no more of a device.
const MOST: usize = 128 << 20;

/// The last offset where the first dump may begin. Zones of other kinds, which are much smaller, lie before it.
const SEARCHED: usize = 32 << 20;

/// Bytes of a zone's header.
const HEADER: usize = 12;

/// The bytes that all signatures share, in either byte order, and their offset in the signature.
const COMMON: [(&[u8], usize); 2] = [(b"BGC", 1), (b"CGB", 0)];

/// A zone, and where it begins.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// Bytes from the start of the device.
    pub offset: usize,
    /// What is there.
    pub zone: Zone<'a>,
}

/// Whether the bytes are a device: a dump is in them, or a zone of another kind stands at their start.
///
/// A region of ramoops also begins with a zone for dumps; only a dump tells the two apart.
pub fn is_device(bytes: &[u8]) -> bool {
    let front = &bytes[..bytes.len().min(SEARCHED)];
    let of_other_kind = |zone: Zone<'_>| {
        zone.record_type() != RecordType::DMESG
            && zone.contents().as_slice().is_none_or(|ring| !ring.is_empty())
    };
    Zone::parse(bytes).is_ok_and(of_other_kind) || starts(front).any(|start| is_dump(bytes, start))
}

/// The zones, in their order. Bytes inside a dump that look like the start of a zone are none.
pub fn zones(bytes: &[u8]) -> impl Iterator<Item = Placed<'_>> {
    let device = &bytes[..bytes.len().min(MOST)];
    let mut starts: Vec<usize> = starts(device).collect();
    starts.sort_unstable();
    let dumps: Vec<usize> = starts.iter().copied().filter(|start| is_dump(device, *start)).collect();
    let mut end = 0;
    starts.into_iter().filter_map(move |start| {
        let zone = Zone::parse(&device[start..]).ok()?;
        let used = start + HEADER + used(&zone);
        let next_dump = dumps.get(dumps.partition_point(|dump| *dump <= start));
        // A dump has a magic number of its own, other zones only have lengths that fit.
        if start < end || !is_dump(device, start) && next_dump.is_some_and(|dump| *dump < used) {
            return None;
        }
        end = used;
        Some(Placed { offset: start, zone })
    })
}

/// Where the signature of a zone may stand.
fn starts(bytes: &[u8]) -> impl Iterator<Item = usize> {
    COMMON.into_iter().flat_map(move |(common, before)| {
        memmem::find_iter(bytes, common).filter_map(move |place| place.checked_sub(before))
    })
}

fn is_dump(bytes: &[u8], start: usize) -> bool {
    bytes.get(start..).and_then(|zone| Zone::parse(zone).ok()?.dump()).is_some()
}

/// Bytes of the ring that are in use.
fn used(zone: &Zone<'_>) -> usize {
    let contents = zone.contents();
    contents.older.len() + contents.newer.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(record_type: u32, start: u32, ring: &[u8]) -> Vec<u8> {
        let head = [0x4347_4244 ^ record_type, ring.len() as u32, start].map(u32::to_le_bytes);
        [head.as_flattened(), ring].concat()
    }

    fn dump(text: &[u8]) -> Vec<u8> {
        let mut head = [0; 40];
        head[..4].copy_from_slice(&0x4dfc_3ae5_u32.to_le_bytes());
        zone(0, 0, &[&head, text].concat())
    }

    fn device(zones: &[(usize, &[u8])], size: usize) -> Vec<u8> {
        let mut device = vec![0; size];
        for (offset, zone) in zones {
            device[*offset..*offset + zone.len()].copy_from_slice(zone);
        }
        device
    }

    fn offsets(device: &[u8]) -> Vec<usize> {
        zones(device).map(|placed| placed.offset).collect()
    }

    /// Zones need not be aligned: those of function traces are divided among processors.
    #[test]
    fn zones_lie_anywhere() {
        let (console, first, second) =
            (zone(2, 2, b"lohel"), dump(b"Panic#1 Part1\n"), dump(b"Oops#2 Part1\n"));
        let device = device(&[(0x11, &console), (0x7fff, &first), (0x9001, &second)], 0xa000);
        assert!(is_device(&device));
        assert_eq!(offsets(&device), [0x11, 0x7fff, 0x9001]);
        let texts: Vec<_> = zones(&device).filter_map(|placed| placed.zone.dump()).collect();
        assert!(texts.len() == 2 && texts[0].1.starts_with(b"Panic#1"), "{texts:?}");
    }

    /// A log may contain the bytes of a zone, and old bytes after a log may look like one.
    #[test]
    fn what_lies_in_a_dump_is_no_zone_and_no_claim_hides_a_dump() {
        let inner = dump(b"Oops#9 Part1\n");
        let outer = dump(&[&b"Panic#1 Part1\n"[..], &inner].concat());
        let claim = [b"FBGC", &0x5000_u32.to_le_bytes()[..], &[0; 4]].concat();
        let device = device(&[(0x1000, &outer), (0x1800, &claim), (0x2000, &inner)], 0x8000);
        assert_eq!(offsets(&device), [0x1000, 0x2000]);
    }

    #[test]
    fn nothing_else_is_a_device() {
        for bytes in [
            &[0; 4096][..],
            b"DBGC",
            b"DBGC is a signature",
            b"FBGC and more words than it has bytes",
            &zone(0, 0, b""),
        ] {
            assert!(!is_device(bytes), "{bytes:x?}");
        }
        // Many removed dumps and signatures take time in proportion to their number, and no more.
        let many = b"DBGC\0\0\0\0\0\0\0\0".repeat(1 << 16);
        assert!(!is_device(&many));
        assert_eq!(zones(&many).count(), 1 << 16);
    }
}
