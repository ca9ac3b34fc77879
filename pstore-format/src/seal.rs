//! A seal that tells a torn or rotted record from a whole one.
//!
//! Flash tears records when power fails half-way, and rots. Nothing in CPER or ERST notices. The seal lies in the
//! record header's Persistence Information (UEFI 2.11 table N.1: "produced and consumed by the creator"), of which ERST
//! takes the first two bytes (ACPI 6.5, section 18.5.2); every reader leaves the other six alone.
//!
//! | offset | length | |
//! |---|---|---|
//! | 108 | 2 | 0, or "ER" once the record has been in ERST |
//! | 110 | 2 | tag: "S1" |
//! | 112 | 4 | CRC-32 (that of zlib and Ethernet), little-endian, of the record with bytes 108 to 115 taken as zero |
//!
//! A CRC finds every change of up to 32 bits in a row and all but one in four thousand million others. It is no
//! signature: who can write the record can seal it.
//!
//! ```
//! use pstore_format::seal::{Seal, seal, verify};
//!
//! # let mut record = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mce-intel.01-6b02986900000001.cper"))?;
//! assert_eq!(verify(&record), Seal::NotSealed);
//! seal(&mut record)?;
//! assert_eq!(verify(&record), Seal::Valid);
//! record[300] ^= 1;
//! assert_eq!(verify(&record), Seal::Broken);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use cper::{Record, RecordMut};

use crate::error::Error;

/// The tag of a sealed record.
pub const TAG: [u8; 2] = *b"S1";

/// What ERST puts before the tag when it stores a record.
const ERST_SIGNATURE: [u8; 2] = *b"ER";

/// What a record's seal says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Seal {
    /// The record is as it was sealed.
    Valid,
    /// The record was sealed, and is not whole any more.
    Broken,
    /// The record was not sealed: nothing can be said.
    NotSealed,
}

/// Seals the record at the start of `record`. Whatever else is changed after that breaks the seal.
///
/// # Errors
///
/// When there is no whole record at the start of `record`: [`cper::RecordMut::parse`].
pub fn seal(record: &mut [u8]) -> Result<(), Error> {
    let mut record = RecordMut::parse(record)?;
    let [a, b, c, d] = checksum(record.as_bytes()).to_le_bytes();
    let [tag0, tag1] = TAG;
    // The two bytes before are ERST's: "ER" once it has stored the record, nothing until then.
    let [stored0, stored1] = match record.header_mut()?.persistence_information() {
        [a, b, ..] if [a, b] == ERST_SIGNATURE => ERST_SIGNATURE,
        _ => [0, 0],
    };
    record.header_mut()?.set_persistence_information([stored0, stored1, tag0, tag1, a, b, c, d]);
    Ok(())
}

/// Whether the record at the start of `record` is as it was sealed.
///
/// Bytes that are no record any more are broken when they bear a seal in its place, or are too few to have one. So is a
/// record that ends in erased flash (0xFF) before its seal; one torn there with zeros behind looks like one that was
/// never sealed.
pub fn verify(record: &[u8]) -> Seal {
    let Some(&[stored0, stored1, tag0, tag1, a, b, c, d]) = record.get(FIELD..).and_then(<[u8]>::first_chunk)
    else {
        return Seal::Broken;
    };
    let is_tagged = [tag0, tag1] == TAG;
    let parsed = Record::parse(record);
    let is_summed = parsed.is_ok_and(|record| {
        record.missing() == 0 && fast_checksum(record.as_bytes()) == u32::from_le_bytes([a, b, c, d])
    });
    let is_erst = [stored0, stored1] == ERST_SIGNATURE || [stored0, stored1] == [0, 0];
    let is_erased = parsed.is_ok() && [a, b, c, d] == [0xFF; 4];
    match (is_tagged, is_summed) {
        (true, true) if is_erst => Seal::Valid,
        // If the checksum fits and the tag does not, the tag was damaged.
        (true, _) | (_, true) => Seal::Broken,
        (false, false) if is_erased => Seal::Broken,
        (false, false) => Seal::NotSealed,
    }
}

/// Where Persistence Information begins (UEFI 2.11 table N.1).
const FIELD: usize = 108;

/// A record without the field that its checksum is stored in: what is before it, and what is after it.
fn summed(record: &[u8]) -> (&[u8], &[u8]) {
    let (before, from_field) = record.split_at_checked(FIELD).unwrap_or((record, &[]));
    (before, from_field.get(8..).unwrap_or_default())
}

/// The checksum of a record at panic time. (`crc32fast` adds up lengths and cuts slices in ways that leave panic paths
/// at some optimisation levels; its sums are these.)
fn checksum(record: &[u8]) -> u32 {
    let (before, after) = summed(record);
    !crc32(crc32(crc32(!0, before), &[0; 8]), after)
}

/// The checksum of a record that is read, many bytes at a time.
fn fast_checksum(record: &[u8]) -> u32 {
    let (before, after) = summed(record);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(before);
    hasher.update(&[0; 8]);
    hasher.update(after);
    hasher.finalize()
}

/// One more stretch of bytes for a CRC-32, a turn for each.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, &byte| {
        let entry = TABLE.get(usize::from(crc as u8 ^ byte)).copied().unwrap_or_default();
        crc >> 8 ^ entry
    })
}

/// The CRC of each byte, for the reversed polynomial 0xEDB88320.
// Computed at build time, where a panic is a build error.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
static TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xEDB8_8320 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordId;
    use crate::produce::encode_mce_as_linux;
    use std::string::ToString;
    use std::vec::Vec;

    /// A record of 328 bytes, as it comes back from ERST when `stored`.
    fn sealed(stored: bool) -> Vec<u8> {
        let mce: Vec<u8> = (0..128).collect();
        let mut record = [0; 328];
        let id = RecordId::new(0x1234_5678_0000_0001);
        seal(encode_mce_as_linux(&mce, id, &mut record).unwrap()).unwrap();
        if stored {
            record[108..110].copy_from_slice(b"ER");
        }
        record.to_vec()
    }

    /// The record in a slot of erased flash.
    fn in_slot(record: &[u8], erased: u8) -> Vec<u8> {
        let mut slot = std::vec![erased; 512];
        slot[..record.len()].copy_from_slice(record);
        slot
    }

    #[test]
    fn whatever_stood_in_the_field_before_a_seal_holds() {
        for before in [[0; 8], [0xFF; 8], *b"ER\0\0\0\0\0\0", *b"XR......", *b"\0R......"] {
            let header =
                cper::RecordHeader::fatal(cper::NotificationType::MCE).with_persistence_information(before);
            let mut record = [0; 128];
            cper::RecordWriter::for_sections(&mut record, &header, 0).unwrap().finish().unwrap();
            seal(&mut record).unwrap();
            assert_eq!(verify(&record), Seal::Valid, "{before:?}");
            let stored = if before.starts_with(b"ER") { *b"ER" } else { [0; 2] };
            assert_eq!(record[108..110], stored, "{before:?}");
        }
    }

    #[test]
    fn the_sum_is_that_of_crc32fast_without_its_field() {
        assert_eq!(!crc32(!0, b"123456789"), 0xCBF4_3926);
        let mut record = sealed(true);
        assert_eq!(record[108..112], *b"ERS1");
        let stored = u32::from_le_bytes(*record[112..].first_chunk().unwrap());
        record[108..116].fill(0);
        assert_eq!(stored, crc32fast::hash(&record));
        for length in [116, 117, 128, 300] {
            assert_eq!(checksum(&record[..length]), crc32fast::hash(&record[..length]), "{length}");
        }
        for length in 0..record.len() {
            assert_eq!(checksum(&record[..length]), fast_checksum(&record[..length]), "{length}");
        }
    }

    #[test]
    fn whole_records_are_valid_before_and_after_erst() {
        for stored in [false, true] {
            let record = sealed(stored);
            assert_eq!(verify(&record), Seal::Valid);
            assert_eq!(verify(&in_slot(&record, 0xFF)), Seal::Valid);
            let mut again = record.clone();
            seal(&mut again).unwrap();
            assert_eq!(again, record);
        }
    }

    #[test]
    fn every_flip_of_a_bit_breaks_the_seal() {
        for stored in [false, true] {
            for bit in 0..328 * 8 {
                let mut record = sealed(stored);
                record[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(verify(&record), Seal::Broken, "bit {bit}");
                assert_eq!(verify(&in_slot(&record, 0xFF)), Seal::Broken, "bit {bit}");
            }
        }
    }

    #[test]
    fn every_truncation_breaks_the_seal() {
        let record = sealed(true);
        for end in 0..328 {
            assert_eq!(verify(&record[..end]), Seal::Broken, "{end}");
            let torn = verify(&in_slot(&record[..end], 0xFF));
            assert_eq!(torn, if end < 4 { Seal::NotSealed } else { Seal::Broken }, "{end}");
            let torn = verify(&in_slot(&record[..end], 0));
            assert_eq!(torn, if end < 112 { Seal::NotSealed } else { Seal::Broken }, "{end}");
        }
    }

    #[test]
    fn what_bears_no_seal_is_not_sealed() {
        let mut record = sealed(true);
        record[110..116].fill(0);
        assert_eq!(verify(&record), Seal::NotSealed);
        record[110..116].copy_from_slice(b"S2abcd");
        assert_eq!(verify(&record), Seal::NotSealed);
        assert_eq!(verify(&[0; 116]), Seal::NotSealed);
        assert_eq!(verify(&[0xFF; 4096]), Seal::NotSealed);
        assert_eq!(verify(&[0; 115]), Seal::Broken);
        assert_eq!(verify(&[]), Seal::Broken);
    }

    #[test]
    fn only_whole_records_are_sealed() {
        let record = sealed(false);
        let mut cut = record[..327].to_vec();
        assert_eq!(
            seal(&mut cut).unwrap_err().to_string(),
            "offset 0: record needs 328 bytes, 327 available"
        );
        assert_eq!(cut, record[..327]);
        assert_eq!(
            seal(&mut [0; 200]).unwrap_err().to_string(),
            "offset 0: record signature is \"\\x00\\x00\\x00\\x00\", not \"CPER\""
        );
    }
}
