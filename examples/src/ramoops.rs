//! A region of ramoops as a dump of memory, without the parameters it was made with: each zone begins with its
//! signature and ends where the next begins.

use std::ops::Range;

use pstore_format::ramoops::{DumpHeader, Ecc, Zone};

/// How a zone begins, in either byte order. Zones of function traces differ, and are taken for the end of the zone
/// before.
const SIGNATURES: [[u8; 4]; 2] = [*b"DBGC", *b"CGBD"];

/// What the kernel does where the parameter is `ecc=1`, the only code that is looked for.
const ECC: u8 = 1;

/// The zones.
pub fn zones(bytes: &[u8]) -> Vec<Range<usize>> {
    // What only looks like the start of one, in a dump, is none itself.
    ranges(bytes, |zone| Zone::parse(zone, None).is_ok())
}

/// What lies between signatures that may be zones' and pass for them.
fn ranges(bytes: &[u8], is_zone: fn(&[u8]) -> bool) -> Vec<Range<usize>> {
    let Some(signature) = SIGNATURES.into_iter().find(|signature| bytes.starts_with(signature)) else {
        return Vec::new();
    };
    let starts = memchr::memmem::find_iter(bytes, &signature);
    let starts: Vec<usize> = starts.filter(|start| start % 4 == 0 && is_zone(&bytes[*start..])).collect();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).map(|(start, end)| *start..end).collect()
}

/// Whether the bytes are a region with a dump in it.
pub fn is_region(bytes: &[u8]) -> bool {
    zones(bytes).into_iter().any(|zone| dump(&bytes[zone]).is_some())
}

/// The dump in a zone.
pub fn dump(zone: &[u8]) -> Option<(DumpHeader, &[u8])> {
    DumpHeader::parse(Zone::parse(zone, None).ok()?.contents().as_slice()?)
}

/// The region with its errors corrected, where it has a code that finds some.
pub fn corrected(bytes: &[u8]) -> Option<Vec<u8>> {
    // The damage may be where it says how long a zone's content is.
    let ranges = ranges(bytes, |_| true);
    if ranges.is_empty() {
        return None;
    }
    let ecc = Ecc::new(ECC)?;
    let (mut mended, mut errors) = (bytes.to_vec(), 0);
    for range in ranges {
        let mut zone = bytes[range.clone()].to_vec();
        // Blocks without a code look as if they could not be corrected, nearly every one.
        let blocks = zone.len() / 128;
        match ecc.correct(&mut zone) {
            Ok(report) if report.corrected != 0 && (report.unrecoverable as usize) < blocks / 4 => {
                errors += report.corrected;
                mended[range].copy_from_slice(&zone);
            }
            _ => {}
        }
    }
    (errors != 0 && is_region(&mended)).then_some(mended)
}
