//! A device of pstore/blk as an image of it, without the parameters it was made with: each zone begins with its
//! signature, which says what the zone is for, and ends at the latest where the next begins.

use memchr::memmem;
use pstore_format::blk::Zone;
use pstore_format::names::RecordType;

/// Linux uses no more of a device.
const MOST: usize = 128 << 20;

/// How far into a file the first dump is looked for. Zones of other kinds lie before it, which are much smaller.
const SEARCHED: usize = 32 << 20;

/// Bytes of a zone's header.
const HEADER: usize = 12;

/// What the signatures of all kinds of zones have in common, in either byte order, and where in them that stands.
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
/// A zone for dumps at the start is what a region of ramoops begins with too; only a dump tells them apart.
pub fn is_device(bytes: &[u8]) -> bool {
    let front = &bytes[..bytes.len().min(SEARCHED)];
    let of_other_kind = |zone: Zone<'_>| {
        zone.record_type() != RecordType::DMESG
            && zone.contents().as_slice().is_none_or(|ring| !ring.is_empty())
    };
    Zone::parse(bytes).is_ok_and(of_other_kind) || starts(front).any(|start| is_dump(bytes, start))
}

/// The zones, in their order. What only looks like the start of one, inside a dump, is none.
pub fn zones(bytes: &[u8]) -> Vec<Placed<'_>> {
    let device = &bytes[..bytes.len().min(MOST)];
    let mut starts: Vec<usize> = starts(device).collect();
    starts.sort_unstable();
    let dumps: Vec<usize> = starts.iter().copied().filter(|start| is_dump(device, *start)).collect();
    let mut zones = Vec::new();
    let mut end = 0;
    for start in starts {
        let Ok(zone) = Zone::parse(&device[start..]) else { continue };
        let used = start + HEADER + used(&zone);
        let next_dump = dumps.get(dumps.partition_point(|dump| *dump <= start));
        // A dump has a magic number of its own, other zones only have lengths that fit.
        if start < end || !is_dump(device, start) && next_dump.is_some_and(|dump| *dump < used) {
            continue;
        }
        end = used;
        zones.push(Placed { offset: start, zone });
    }
    zones
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
