//! Timestamps read with what their record's creator is known to write.

use core::fmt;

use crate::CreatorId;
use crate::fields::{OwnValue, Value, Visitor};
use crate::timestamp::{Timestamp, TimestampEncoding, TimestampReading};

impl Timestamp {
    /// The time, and how the bytes hold it; `None` when they are not a time that exists.
    ///
    /// - Month, year and century zero: a count of seconds, if it is one that Linux can have written.
    /// - Century byte 0x13 to 0x15: binary, 1900 to 2199. BCD would be a year before any computer.
    /// - Century byte 0x19 to 0x21: BCD, 1900 to 2199. Binary would be a year after 2500.
    /// - Any other century: what `creator` writes. Where the creator does not decide it is BCD, and
    ///   [`TimestampReading::otherwise`] has the time in binary if that is another one.
    ///
    /// Second 60 is no time: neither UEFI's clock nor a calendar that an operating system makes out of its seconds
    /// has one, so that byte is not from a leap second. A day that its month does not have is no time either.
    pub fn reading(&self, creator: Option<CreatorId>) -> Option<TimestampReading> {
        const BINARY: [CreatorId; 3] =
            [CreatorId::WINDOWS_WHEA, CreatorId::WINDOWS_DEVICE_DRIVER, CreatorId::LINUX_AMDGPU];
        let by_binary_writer = creator.is_some_and(|creator| BINARY.contains(&creator));
        self.decide(by_binary_writer, creator == Some(CreatorId::LINUX_PSTORE))
    }
}

/// Tells the fields of a timestamp whose validity bit is set.
pub(crate) fn describe(time: Timestamp, creator: Option<CreatorId>, out: &mut dyn Visitor) -> fmt::Result {
    let reading = time.reading(creator);
    out.field(
        "timestamp",
        OwnValue::Time { time, calendar: reading.map(|reading| reading.calendar) }.into(),
    )?;
    let encoding = reading.map(|reading| reading.encoding);
    if let Some(encoding) = encoding.filter(|encoding| *encoding != TimestampEncoding::Bcd) {
        out.field("timestamp_encoding", Value::Message(&encoding))?;
    }
    if let Some(calendar) = reading.and_then(|reading| reading.otherwise) {
        out.field("timestamp_if_binary", OwnValue::Time { time, calendar: Some(calendar) }.into())?;
    }
    // A count of seconds has no flags.
    if encoding != Some(TimestampEncoding::LinuxSeconds) {
        out.field("timestamp_precise", time.is_precise().into())?;
        if time.flags() > 1 {
            out.field("timestamp_flags", Value::hex(time.flags()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::timestamp::Calendar;
    use std::string::ToString;

    const UNKNOWN: CreatorId = CreatorId::new(crate::Guid::from_bytes([7; 16]));

    fn of(bytes: [u8; 8]) -> Timestamp {
        zerocopy::transmute!(bytes)
    }

    /// What is read by a creator: the time and how it is encoded, a time that it may be as well.
    fn read(bytes: [u8; 8], creator: impl Into<Option<CreatorId>>) -> std::string::String {
        match of(bytes).reading(creator.into()) {
            None => "none".into(),
            Some(TimestampReading { calendar, encoding, otherwise: None }) => {
                std::format!("{calendar} {encoding}")
            }
            Some(TimestampReading { calendar, encoding, otherwise: Some(other) }) => {
                std::format!("{calendar} {encoding} or {other}")
            }
        }
    }

    #[test]
    fn times_that_windows_wrote_are_binary_whoever_is_named() {
        for (bytes, time) in [
            ([0x0f, 0x18, 0x17, 0, 0x08, 0x01, 0x19, 0x14], "2025-01-08 23:24:15"),
            ([0x37, 0x33, 0x09, 0, 0x04, 0x09, 0x19, 0x14], "2025-09-04 09:51:55"),
            ([0x14, 0x14, 0x0e, 0, 0x18, 0x0a, 0x18, 0x14], "2024-10-24 14:20:20"),
            ([0x22, 0x01, 0x02, 0, 0x01, 0x07, 0x19, 0x14], "2025-07-01 02:01:34"),
            ([0x11, 0x08, 0x15, 0, 0x19, 0x01, 0x18, 0x14], "2024-01-25 21:08:17"),
            ([0x0c, 0x2e, 0x10, 0, 0x07, 0x01, 0x16, 0x14], "2022-01-07 16:46:12"),
            // A clock that was reset to 1970, and the next century.
            ([0x01, 0x00, 0x00, 0, 0x01, 0x01, 0x46, 0x13], "1970-01-01 00:00:01"),
            ([0x01, 0x00, 0x00, 0, 0x07, 0x02, 0x06, 0x15], "2106-02-07 00:00:01"),
        ] {
            let expected = std::format!("{time} binary");
            for creator in [CreatorId::WINDOWS_WHEA, CreatorId::WINDOWS_DEVICE_DRIVER, UNKNOWN] {
                assert_eq!(read(bytes, creator), expected);
            }
            assert_eq!(read(bytes, CreatorId::LINUX_AMDGPU), expected);
            assert_eq!((read(bytes, None), of(bytes).to_string()), (expected, time.into()));
        }
    }

    #[test]
    fn bcd_of_our_centuries_is_bcd_whoever_is_named() {
        for (year, month, day) in [(1969, 12, 31), (1970, 1, 1), (2038, 1, 19), (2106, 2, 7), (2199, 12, 31)]
        {
            let time = Timestamp::new(year, month, day, 3, 14, 8);
            let expected = std::format!("{year}-{month:02}-{day:02} 03:14:08 BCD");
            for creator in [None, Some(UNKNOWN), Some(CreatorId::WINDOWS_WHEA), Some(CreatorId::LINUX_PSTORE)]
            {
                assert_eq!(read(zerocopy::transmute!(time), creator), expected);
            }
        }
        // Firmware that mixes both encodings writes no valid time.
        let mixed = [0x15, 0x1e, 0x10, 0, 0x19, 0x07, 0x25, 0x20];
        for creator in [None, Some(UNKNOWN), Some(CreatorId::WINDOWS_WHEA)] {
            assert_eq!(read(mixed, creator), "none");
        }
    }

    #[test]
    fn every_second_of_binary_is_read_back() {
        for step in 0..40_000u64 {
            let seconds = step * 179_424 + step % 86_400;
            let bcd = Timestamp::from_unix(seconds).unwrap();
            let Calendar { year, month, day, hour, minute, second } = bcd.calendar().unwrap();
            let [century, year_of] = [year / 100, year % 100].map(|part| part as u8);
            let bytes = [second, minute, hour, 0, day, month, year_of, century];
            let reading = of(bytes).reading(None).unwrap();
            assert_eq!(
                (reading.encoding, reading.otherwise),
                (TimestampEncoding::Binary, None),
                "{bytes:x?}"
            );
            assert_eq!(u64::try_from(reading.calendar.unix_seconds()), Ok(seconds));
        }
    }

    #[test]
    fn another_century_is_what_its_creator_writes() {
        let bytes = [0x08, 0x07, 0x06, 0, 0x11, 0x02, 0x04, 0x16];
        assert_eq!(read(bytes, CreatorId::WINDOWS_WHEA), "2204-02-17 06:07:08 binary");
        for creator in [None, Some(UNKNOWN)] {
            assert_eq!(read(bytes, creator), "1604-02-11 06:07:08 BCD or 2204-02-17 06:07:08");
        }
        // Years 1 and 9999: the same in both, and BCD alone.
        assert_eq!(read([1, 2, 3, 0, 4, 5, 1, 0], UNKNOWN), "0001-05-04 03:02:01 BCD");
        assert_eq!(read([0x59, 0x59, 0x23, 0, 0x31, 0x12, 0x99, 0x99], None), "9999-12-31 23:59:59 BCD");
        assert_eq!(read([0xff; 8], CreatorId::WINDOWS_WHEA), "none");
        // Only the record's creator makes a binary time of another century valid.
        let later = [0x3b, 0x3b, 0x17, 0, 0x1f, 0x0c, 0x63, 0x63];
        assert_eq!(read(later, CreatorId::LINUX_AMDGPU), "9999-12-31 23:59:59 binary");
        assert_eq!(read(later, None), "none");
    }

    #[test]
    fn days_that_do_not_exist_are_no_time() {
        let bcd = |year, month, day| Timestamp::new(year, month, day, 0, 0, 0).calendar().is_some();
        let binary = |year: u16, month, day| {
            of([0, 0, 0, 0, day, month, (year % 100) as u8, (year / 100) as u8]).calendar().is_some()
        };
        for (month, days) in (1..).zip([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
            for (year, days) in [
                (2023, days),
                (2024, days + u8::from(month == 2)),
                (2000, days + u8::from(month == 2)),
                (2100, days),
            ] {
                for day in 0..=99 {
                    let exists = (1..=days).contains(&day);
                    assert_eq!((bcd(year, month, day), binary(year, month, day)), (exists, exists));
                }
            }
        }
        // A leap second is not what a byte of 60 is.
        assert_eq!(read([0x60, 0x59, 0x23, 0, 0x31, 0x12, 0x16, 0x20], None), "none");
        assert_eq!(read([60, 59, 23, 0, 31, 12, 16, 20], CreatorId::WINDOWS_WHEA), "none");
    }

    #[test]
    fn seconds_of_linux_are_read_by_their_size_or_their_creator() {
        let bytes = |seconds: u64| seconds.to_le_bytes();
        for (seconds, time) in [
            (1_000_000_000, "2001-09-09 01:46:40"),
            (0x7fff_ffff, "2038-01-19 03:14:07"),
            (0xffff_ffff, "2106-02-07 06:28:15"),
            (0x1_0000_0000, "2106-02-07 06:28:16"),
            (253_402_300_799, "9999-12-31 23:59:59"),
        ] {
            for creator in [None, Some(CreatorId::LINUX_PSTORE), Some(CreatorId::WINDOWS_WHEA)] {
                assert_eq!(read(bytes(seconds), creator), std::format!("{time} Linux seconds"));
            }
        }
        // Only Linux's records have a valid time in seconds of a clock that was never set.
        assert_eq!(read(bytes(1), CreatorId::LINUX_PSTORE), "1970-01-01 00:00:01 Linux seconds");
        assert_eq!((read(bytes(1), None), read(bytes(999_999_999), UNKNOWN)), ("none".into(), "none".into()));
        for none in [0, 253_402_300_800, 1 << 40, u64::MAX] {
            assert_eq!(read(bytes(none), CreatorId::LINUX_PSTORE), "none", "{none}");
        }
    }
}
