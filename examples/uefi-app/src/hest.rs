//! The hardware error source table: where a platform's errors come from (ACPI 6.5 section 18.3.2).

use core::fmt;
use core::mem::{offset_of, size_of};

use erst_table::{GenericAddress, SdtHeader};
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// What every error source begins with.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct SourceHeader {
    kind: U16,
    id: U16,
}

/// Generic hardware error source (ACPI 6.5 table 18.10, 64 bytes; version 2 has 28 more).
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct GenericSource {
    header: SourceHeader,
    related_id: U16,
    flags: u8,
    enabled: u8,
    records: U32,
    sections: U32,
    raw_data_length: U32,
    status_address: GenericAddress,
    notification: u8,
    notification_length: u8,
    configuration_write_enable: U16,
    poll_interval_ms: U32,
    notification_rest: [u8; 20],
    block_length: U32,
}
const _: () = assert!(size_of::<GenericSource>() == 64 && offset_of!(GenericSource, notification) == 32);

/// An error source: its bytes, as many as its type has.
pub struct Source<'a>(&'a [u8]);

/// The error sources of a table, as many as it says; the last is an `Err` of its offset if its type is unknown or it is
/// cut off, as what follows cannot be found then.
pub fn sources(table: &[u8]) -> impl Iterator<Item = Result<Source<'_>, usize>> {
    let count = table.get(size_of::<SdtHeader>()..).and_then(|rest| rest.first_chunk());
    let mut left = count.map_or(0, |count| u32::from_le_bytes(*count));
    let mut offset = size_of::<SdtHeader>() + size_of::<u32>();
    core::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        let rest = table.get(offset..).unwrap_or_default();
        let Some(bytes) = length(rest).and_then(|length| rest.get(..length)) else {
            left = 0;
            return Some(Err(offset));
        };
        offset += bytes.len();
        Some(Ok(Source(bytes)))
    })
}

/// Length of the error source at the start of these bytes, `None` for a type without a known one.
fn length(bytes: &[u8]) -> Option<usize> {
    let (header, _) = SourceHeader::ref_from_prefix(bytes).ok()?;
    // Machine checks end in 28 bytes for each bank, whose number stands near the end of what comes before them.
    let with_banks = |length: usize, at: usize| Some(length + 28 * usize::from(*bytes.get(at)?));
    match header.kind.get() {
        0 => with_banks(40, 32),
        1 | 11 => with_banks(48, 44),
        2 => Some(20),
        6 => Some(48),
        7 => Some(44),
        8 => Some(56),
        9 => Some(64),
        10 => Some(92),
        _ => None,
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok((header, _)) = SourceHeader::ref_from_prefix(self.0) else { return Err(fmt::Error) };
        let kind = header.kind.get();
        write!(f, "source {}: {}", header.id, kind_name(kind))?;
        // All but the NMI's say whether they are in use.
        if kind != 2 && self.0.get(7) == Some(&0) {
            f.write_str(", disabled")?;
        }
        if !matches!(kind, 9 | 10) {
            return Ok(());
        }
        let Ok((source, _)) = GenericSource::ref_from_prefix(self.0) else { return Ok(()) };
        write!(f, ", {}", notification_name(source.notification))?;
        if source.notification == 0 {
            write!(f, " every {} ms", source.poll_interval_ms)?;
        }
        let at = &source.status_address;
        write!(f, ", block of {} bytes behind {} {:#x}", source.block_length, at.space(), at.address())
    }
}

/// ACPI 6.5 section 18.3.2, the types of error source structures.
const fn kind_name(kind: u16) -> &'static str {
    match kind {
        0 => "machine check exception (IA-32)",
        1 => "corrected machine check (IA-32)",
        2 => "non-maskable interrupt (IA-32)",
        6 => "PCI Express root port AER",
        7 => "PCI Express device AER",
        8 => "PCI Express/PCI-X bridge AER",
        9 => "generic hardware error source",
        10 => "generic hardware error source, version 2",
        11 => "deferred machine check (IA-32)",
        _ => "unknown",
    }
}

/// ACPI 6.5 table 18.14, the types of notification.
const fn notification_name(kind: u8) -> &'static str {
    match kind {
        0 => "polled",
        1 => "external interrupt",
        2 => "local interrupt",
        3 => "SCI",
        4 => "NMI",
        5 => "CMCI",
        6 => "MCE",
        7 => "GPIO signal",
        8 => "Armv8 SEA",
        9 => "Armv8 SEI",
        10 => "GSIV",
        11 => "software delegated exception",
        _ => "notified in an unknown way",
    }
}
