//! Record ids: which boot wrote a record, and in which order.
//!
//! Linux numbers every record it sends to ERST (kernel log, machine check alike) with one sequence per boot
//! (`cper_next_record_id`, Linux 6.12 drivers/firmware/efi/cper.c). The first record of a boot takes the
//! time, all following ones count up from there:
//!
//! | time of the first record | id |
//! |---|---|
//! | before 2038-01-19 (below 2^31 seconds) | `seconds << 32`, plus 1, 2, 3 … |
//! | later | `0x8000_0000_0000_0000 \| seconds << 24`, plus 1, 2, 3 … |
//!
//! So an id names its boot, ids of one boot sort as they were written, and ids of two boots sort as the boots
//! did. File names show the id as an unsigned decimal number.
//!
//! ```
//! use pstore_format::{RecordId, RecordIds};
//!
//! let mut ids = RecordIds::starting_at(0x6b02_9869);
//! assert_eq!(ids.next(), Some(RecordId::new(0x6b02_9869_0000_0001)));
//! assert_eq!(ids.next(), Some(RecordId::new(7710893088750698498)));
//!
//! let id = RecordId::new(7710893088750698498);
//! assert_eq!((id.boot_time(), id.sequence()), (Some(0x6b02_9869), 2));
//! ```

use core::fmt;

use crate::grammar::number;

/// Set in ids whose time does not fit 31 bits.
const LATE: u64 = 1 << 63;

number! {
    /// The number of a stored record, unique within its store. Ids sort in the order the records were written.
    RecordId: u64
}

impl RecordId {
    /// Asks ERST for any record; no record may bear it.
    pub const UNSPECIFIED: Self = Self(0);
    /// Says that there are no more records; no record may bear it.
    pub const END: Self = Self(!0);

    /// Whether a record may bear this id.
    pub const fn is_valid(self) -> bool {
        self.0 != Self::UNSPECIFIED.0 && self.0 != Self::END.0
    }

    /// When the boot that wrote this record took its first id, in seconds since 1970.
    ///
    /// It is the same for all records of one boot. `None` when Linux cannot have made this id.
    pub const fn boot_time(self) -> Option<u64> {
        if !self.is_valid() {
            return None;
        }
        if self.0 & LATE == 0 {
            return Some(self.0 >> 32);
        }
        let seconds = (self.0 & !LATE) >> 24;
        if seconds < 1 << 31 { None } else { Some(seconds) }
    }

    /// The record's number within its boot: 1 for the first.
    pub const fn sequence(self) -> u32 {
        if self.0 & LATE == 0 { self.0 as u32 } else { self.0 as u32 & 0x00FF_FFFF }
    }
}

/// Decimal, as in the names of files.
impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Hands out record ids as Linux does: make one per boot and draw an id for every record.
#[derive(Clone, Debug)]
pub struct RecordIds {
    last: u64,
}

impl RecordIds {
    /// The ids of a boot whose first record is written at this time, in seconds since 1970.
    ///
    /// Two boots that start at the same second share their ids, and the later record replaces the earlier.
    pub const fn starting_at(seconds: u64) -> Self {
        let last = if seconds < 1 << 31 { seconds << 32 } else { LATE | seconds << 24 };
        Self { last }
    }

    /// Goes on after an id that is already in use: where a store holds later ids than the clock says, this
    /// keeps new records from replacing old ones.
    pub const fn after(id: RecordId) -> Self {
        Self { last: id.raw() }
    }

    /// The next id. It skips the two that no record may bear.
    #[must_use]
    pub fn next_id(&mut self) -> RecordId {
        self.last = self.last.wrapping_add(1);
        if !RecordId::new(self.last).is_valid() {
            self.last = 1;
        }
        RecordId::new(self.last)
    }
}

impl Iterator for RecordIds {
    type Item = RecordId;

    fn next(&mut self) -> Option<RecordId> {
        Some(self.next_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn ids_are_those_of_linux() {
        let first = |seconds| RecordIds::starting_at(seconds).next_id().raw();
        assert_eq!(first(0), 1);
        assert_eq!(first(1763793600), 1763793600 * 4294967296 + 1);
        assert_eq!(first(0x7FFF_FFFF), 0x7FFF_FFFF_0000_0001);
        assert_eq!(first(0x8000_0000), 0x8080_0000_0000_0001);
        assert_eq!(first(0x1_2345_6789), 0x8123_4567_8900_0001);
        assert_eq!(first(0x7F_FFFF_FFFF), 0xFFFF_FFFF_FF00_0001);
    }

    #[test]
    fn one_boot_counts_up() {
        let ids: std::vec::Vec<u64> = RecordIds::starting_at(5).take(3).map(u64::from).collect();
        assert_eq!(ids, [0x5_0000_0001, 0x5_0000_0002, 0x5_0000_0003]);
    }

    #[test]
    fn no_record_bears_an_id_with_a_meaning_of_its_own() {
        assert!(!RecordId::new(0).is_valid() && !RecordId::new(!0).is_valid());
        assert!(RecordId::new(1).is_valid() && RecordId::new(!0 - 1).is_valid());
        let mut ids = RecordIds::after(RecordId::new(!0 - 2));
        assert_eq!(
            [ids.next_id(), ids.next_id(), ids.next_id()],
            [RecordId::new(!0 - 1), RecordId::new(1), RecordId::new(2)]
        );
        assert_eq!(RecordIds::after(RecordId::new(!0)).next_id(), RecordId::new(1));
    }

    #[test]
    fn boot_time_and_sequence_come_back() {
        for seconds in [0, 1, 0x6b02_984e, 0x7FFF_FFFF, 0x8000_0000, 0x7F_FFFF_FFFF] {
            for (sequence, id) in (1..4).zip(RecordIds::starting_at(seconds)) {
                assert_eq!(id.boot_time(), Some(seconds), "{id:?}");
                assert_eq!(id.sequence(), sequence);
            }
        }
        assert_eq!(RecordId::new(0x0000_0005_FF00_0001).sequence(), 0xFF00_0001);
        assert_eq!(RecordId::new(0x8080_0000_0100_0001).sequence(), 1);
    }

    #[test]
    fn ids_linux_cannot_have_made_have_no_boot_time() {
        for id in [0, !0, 1 << 63, 0x8000_0000_0000_0001, 0x807F_FFFF_FFFF_FFFF] {
            assert_eq!(RecordId::new(id).boot_time(), None, "{id:#x}");
        }
        assert_eq!(RecordId::new(0x8080_0000_0000_0000).boot_time(), Some(0x8000_0000));
    }

    #[test]
    fn text_is_unsigned_decimal() {
        assert_eq!(RecordId::new(0x6b02_9869_0000_0001).to_string(), "7710893088750698497");
        assert_eq!(RecordId::new(!0 - 1).to_string(), "18446744073709551614");
        assert_eq!(RecordId::from(7), RecordId::new(7));
    }
}
