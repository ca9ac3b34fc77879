//! The generic hardware error sources in ACPI's Hardware Error Source Table (ACPI 6.5, section 18.3.2).

use cper::NotificationType;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// Where the sources begin: behind the ACPI header and their count.
pub const FIRST_SOURCE: usize = 40;

/// A generic hardware error source, of version 1 or 2 up to where they part (ACPI 6.5, tables 18.9 and 18.10).
#[derive(Clone, Copy, Debug, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct GenericSource {
    kind: U16,
    /// The source's number.
    pub id: U16,
    related_id: U16,
    flags: u8,
    enabled: u8,
    records: U32,
    sections: U32,
    raw_data_length: U32,
    /// A generic address: the register that holds the address of the status block.
    pub status_address: [u8; 12],
    /// How the source tells of an error: the first byte of the notification structure.
    pub notification: u8,
    notification_rest: [u8; 27],
    /// Bytes of the status block.
    pub block_length: U32,
}

const _: () = assert!(size_of::<GenericSource>() == 64);

impl GenericSource {
    const KIND: u16 = 9;
    const KIND_2: u16 = 10;

    /// How a record says what HEST says of a source's notification (ACPI 6.5, table 18.14; UEFI 2.11, table N.1).
    ///
    /// A poll has no name of its own: what is found by one is a platform error as any other.
    pub const fn notification_type(notification: u8) -> NotificationType {
        match notification {
            4 => NotificationType::NMI,
            5 => NotificationType::CMC,
            6 => NotificationType::MCE,
            8 => NotificationType::SEA,
            9 => NotificationType::SEI,
            // External, local, SCI, GPIO, GSIV, software-delegated exception.
            1 | 2 | 3 | 7 | 10 | 11 => NotificationType::PEI,
            _ => NotificationType::CPE,
        }
    }
}

/// The table is not what it says: a source at this offset is cut short or of a kind whose length nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub usize);

/// The first enabled generic source at or behind `offset`, and where the next one begins. `None` at the table's end.
///
/// # Errors
/// A source does not end within the table, or is of an unknown kind.
pub fn next_source(hest: &[u8], mut offset: usize) -> Result<Option<(GenericSource, usize)>, Malformed> {
    while let Some(rest) = hest.get(offset..).filter(|rest| !rest.is_empty()) {
        let length = source_length(rest).filter(|&length| length <= rest.len()).ok_or(Malformed(offset))?;
        offset = offset.saturating_add(length);
        if let Ok((source, _)) = GenericSource::read_from_prefix(rest)
            && (source.kind == GenericSource::KIND || source.kind == GenericSource::KIND_2)
            && source.enabled != 0
        {
            return Ok(Some((source, offset)));
        }
    }
    Ok(None)
}

/// Bytes of the source at the start of `source`, by its kind (ACPI 6.5, table 18.2 and those it names).
fn source_length(source: &[u8]) -> Option<usize> {
    let banks = |fixed: usize, at: usize| Some(fixed + 28 * usize::from(*source.get(at)?));
    let (kind, _) = U16::read_from_prefix(source).ok()?;
    match kind.get() {
        0 => banks(40, 32),
        1 | 11 => banks(48, 44),
        2 => Some(20),
        6 => Some(48),
        7 => Some(44),
        8 => Some(56),
        GenericSource::KIND => Some(size_of::<GenericSource>()),
        // A generic address and two masks for the acknowledgement.
        GenericSource::KIND_2 => Some(size_of::<GenericSource>() + 12 + 2 * size_of::<U64>()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(kind: u8, id: u8, enabled: u8) -> Vec<u8> {
        let mut source = vec![0; if kind == 10 { 92 } else { 64 }];
        (source[0], source[2], source[7]) = (kind, id, enabled);
        source[20..32].copy_from_slice(&[0, 64, 0, 4, 0, 0, 1, 16, 0, 0, 0, 0]);
        source[32] = 4;
        source[60..64].copy_from_slice(&4096u32.to_le_bytes());
        source
    }

    fn machine_check(kind: u8, fixed: usize, at: usize, banks: u8) -> Vec<u8> {
        let mut source = vec![0; fixed + 28 * usize::from(banks)];
        (source[0], source[at]) = (kind, banks);
        source
    }

    fn table(sources: &[Vec<u8>]) -> Vec<u8> {
        let mut table = vec![0; FIRST_SOURCE];
        table.extend(sources.concat());
        table
    }

    fn ids(table: &[u8]) -> Result<Vec<u16>, Malformed> {
        let (mut found, mut offset) = (Vec::new(), FIRST_SOURCE);
        while let Some((source, next)) = next_source(table, offset)? {
            found.push(source.id.get());
            offset = next;
        }
        Ok(found)
    }

    #[test]
    fn the_enabled_generic_sources_are_found_among_all_kinds() {
        let sources = [
            machine_check(0, 40, 32, 3),
            generic(9, 1, 1),
            machine_check(1, 48, 44, 2),
            vec![2; 1].into_iter().chain([0; 19]).collect(),
            generic(10, 2, 1),
            generic(9, 3, 0),
            vec![6; 1].into_iter().chain([0; 47]).collect(),
            vec![7; 1].into_iter().chain([0; 43]).collect(),
            vec![8; 1].into_iter().chain([0; 55]).collect(),
            machine_check(11, 48, 44, 1),
            generic(10, 4, 1),
        ];
        assert_eq!(ids(&table(&sources)), Ok(vec![1, 2, 4]));
        let (source, _) = next_source(&table(&sources), FIRST_SOURCE).unwrap().unwrap();
        assert_eq!((source.block_length.get(), source.notification), (4096, 4));
        assert_eq!(source.status_address[4..], [0, 0, 1, 16, 0, 0, 0, 0]);
    }

    #[test]
    fn a_notification_is_named_as_in_records() {
        let named = [(3, NotificationType::PEI), (4, NotificationType::NMI), (8, NotificationType::SEA)];
        for (notification, expected) in named {
            assert_eq!(GenericSource::notification_type(notification), expected);
        }
        // Polled, and whatever is invented next.
        for notification in [0, 12, 255] {
            assert_eq!(GenericSource::notification_type(notification), NotificationType::CPE);
        }
    }

    #[test]
    fn a_table_that_ends_early_or_holds_an_unknown_kind_is_told() {
        let whole = table(&[generic(9, 1, 1), generic(10, 2, 1)]);
        for length in FIRST_SOURCE..whole.len() {
            let expected = match length - FIRST_SOURCE {
                0 => Ok(vec![]),
                1..64 => Err(Malformed(FIRST_SOURCE)),
                64 => Ok(vec![1]),
                _ => Err(Malformed(FIRST_SOURCE + 64)),
            };
            assert_eq!(ids(&whole[..length]), expected, "{length}");
        }
        for kind in [3, 4, 5, 12, 255] {
            assert_eq!(ids(&table(&[generic(9, 1, 1), vec![kind; 300]])), Err(Malformed(104)), "{kind}");
        }
        assert_eq!(ids(&[]), Ok(vec![]));
    }
}
