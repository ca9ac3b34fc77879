//! Error severity of records, sections and status blocks (UEFI 2.11 tables N.1 and N.5, ACPI 6.5 table 18.11).

use crate::open_value::open_value;

open_value! {
    /// How bad an error is. The numbers are not in order of badness: [`Severity::rank`] is.
    Severity: u32 {
        RECOVERABLE = 0 => "recoverable",
        FATAL = 1 => "fatal",
        CORRECTED = 2 => "corrected",
        INFORMATIONAL = 3 => "informational",
    }
}

impl Severity {
    /// 0 informational, 1 corrected, 2 recoverable, 3 fatal or unknown: what Linux's `ghes_severity` gives, where
    /// an unknown value is taken for the worst.
    pub const fn rank(self) -> u8 {
        match self.raw() {
            3 => 0,
            2 => 1,
            0 => 2,
            _ => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{format, string::ToString};

    #[test]
    fn every_number_is_kept_and_named_or_said_to_be_reserved() {
        assert_eq!(Severity::FATAL.raw(), 1);
        assert_eq!(Severity::new(7).raw(), 7);
        assert_eq!(Severity::new(2).to_string(), "corrected");
        assert_eq!(Severity::new(7).to_string(), "reserved (7)");
        assert_eq!(
            format!("{:?} {:?}", Severity::FATAL, Severity::new(0x10002)),
            "Severity(1: fatal) Severity(65538)"
        );
    }

    #[test]
    fn rank_orders_by_badness_and_fears_the_unknown() {
        let ranks = [3, 2, 0, 1, 4].map(|raw| Severity::new(raw).rank());
        assert_eq!(ranks, [0, 1, 2, 3, 3]);
    }
}
