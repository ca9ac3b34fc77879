//! The timestamp of record headers and error data entries (UEFI 2.11 table N.1, "Timestamp").

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Eight bytes of calendar time: BCD by the specification; local time by its text, UTC from most firmware.
///
/// Not everybody writes BCD. Windows and Linux's amdgpu driver write the same fields in plain binary, and Linux writes
/// a count of seconds into the records that it keeps in ERST. [`Timestamp::reading`] finds out which it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct Timestamp {
    seconds: u8,
    minutes: u8,
    hours: u8,
    flags: u8,
    day: u8,
    month: u8,
    year: u8,
    century: u8,
}

const _: () = assert!(size_of::<Timestamp>() == 8);

crate::grammar::any_structure!(Timestamp);

/// Readers and setters of the eight bytes. (`structure!` describes fields, whose values can be timestamps.)
macro_rules! bytes_of_timestamp {
    ($( $(#[$doc:meta])* $field:ident: $set:ident $with:ident; )*) => {
        impl Timestamp { $(
            $(#[$doc])*
            #[inline]
            pub const fn $field(&self) -> u8 {
                self.$field
            }

            $(#[$doc])*
            #[inline]
            pub const fn $set(&mut self, value: u8) {
                self.$field = value;
            }

            $(#[$doc])*
            #[must_use]
            #[inline]
            pub const fn $with(mut self, value: u8) -> Self {
                self.$field = value;
                self
            }
        )* }
    };
}

bytes_of_timestamp! {
    /// Seconds, BCD 00 to 59.
    seconds: set_seconds with_seconds;
    /// Minutes, BCD 00 to 59.
    minutes: set_minutes with_minutes;
    /// Hours, BCD 00 to 23.
    hours: set_hours with_hours;
    /// Bit 0: the time is that of the event, not of its collection. Other bits are reserved.
    flags: set_flags with_flags;
    /// Day of the month, BCD 01 to 31.
    day: set_day with_day;
    /// Month, BCD 01 to 12.
    month: set_month with_month;
    /// Year within the century, BCD 00 to 99.
    year: set_year with_year;
    /// Century, BCD: 20 for the years 2000 to 2099.
    century: set_century with_century;
}

/// How the eight bytes of a [`Timestamp`] hold a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimestampEncoding {
    /// Two decimal digits in each byte, as the specification says.
    Bcd,
    /// Each byte is a number: Windows, and Linux's amdgpu driver.
    Binary,
    /// One number of 64 bits, the seconds since 1970: Linux, in the records that it keeps in ERST.
    LinuxSeconds,
}

impl fmt::Display for TimestampEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bcd => "BCD",
            Self::Binary => "binary",
            Self::LinuxSeconds => "Linux seconds",
        })
    }
}

/// The time that a [`Timestamp`] was read as: [`Timestamp::reading`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TimestampReading {
    /// The time.
    pub calendar: Calendar,
    /// What the bytes were taken for.
    pub encoding: TimestampEncoding,
    /// The time that the bytes are in binary, where nothing decides between that and BCD.
    pub otherwise: Option<Calendar>,
}

impl TimestampReading {
    const fn new(encoding: TimestampEncoding, calendar: Option<Calendar>) -> Option<Self> {
        match calendar {
            Some(calendar) => Some(Self { calendar, encoding, otherwise: None }),
            None => None,
        }
    }
}

/// 2001-09-09: Linux did not write records before. Without Linux as its creator a smaller number is no time.
const OLDEST_SECONDS: u64 = 1_000_000_000;

/// A calendar time read from a [`Timestamp`]: every field is in its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Calendar {
    /// Year, 0 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
}

impl Timestamp {
    /// The timestamp of a calendar time, not marked precise.
    ///
    /// All eight bytes are converted at once, without a branch. A value outside its range (a year over 9999, a
    /// byte over 99) gives digits that are no BCD, which [`Timestamp::calendar`] then refuses.
    pub const fn new(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Self {
        let even =
            second as u64 | (hour as u64) << 16 | (day as u64) << 32 | ((year % 100) as u8 as u64) << 48;
        let odd = minute as u64 | (month as u64) << 32 | ((year / 100) as u8 as u64) << 48;
        let tens = tens_of(even) | tens_of(odd) << 8;
        Self::from_linux_seconds((even | odd << 8).wrapping_add(tens.wrapping_mul(6)))
    }

    /// The timestamp of `seconds` since 1970-01-01 00:00:00 UTC, not marked precise; `None` after the year 9999.
    // The range check keeps every sum below 2^32; the compiler does not see that, and the panic path comes here.
    pub const fn from_unix(seconds: u64) -> Option<Self> {
        const LAST: u64 = 253_402_300_799; // 9999-12-31 23:59:59
        if seconds > LAST {
            return None;
        }
        let day_seconds = (seconds % 86_400) as u32;
        // Days counted from 0000-03-01, so that a leap day ends its year (the 400-year cycle has 146,097 days).
        let days = ((seconds / 86_400) as u32).wrapping_add(719_468);
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let without_leap_days = day_of_era
            .wrapping_sub(day_of_era / 1_460)
            .wrapping_add(day_of_era / 36_524)
            .wrapping_sub(day_of_era / 146_096);
        let year_of_era = without_leap_days / 365;
        let days_of_years =
            year_of_era.wrapping_mul(365).wrapping_add(year_of_era / 4).wrapping_sub(year_of_era / 100);
        let day_of_year = day_of_era.wrapping_sub(days_of_years);
        let shifted = day_of_year.wrapping_mul(5).wrapping_add(2) / 153; // 0 = March
        let day = day_of_year.wrapping_sub(shifted.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(1);
        let month = if shifted < 10 { shifted.wrapping_add(3) } else { shifted.wrapping_sub(9) };
        let year = era.wrapping_mul(400).wrapping_add(year_of_era).wrapping_add((month <= 2) as u32);
        Some(Self::new(
            year as u16,
            month as u8,
            day as u8,
            (day_seconds / 3_600) as u8,
            (day_seconds / 60 % 60) as u8,
            (day_seconds % 60) as u8,
        ))
    }

    /// The same time, marked as that of the event itself.
    #[must_use]
    pub const fn precise(self) -> Self {
        // On all eight bytes at once: the time stays in one register, stored by one instruction.
        Self::from_linux_seconds(self.to_u64() | 1 << 24)
    }

    /// Whether the time is that of the event, not of its collection.
    pub const fn is_precise(&self) -> bool {
        self.flags & 1 != 0
    }

    /// The time, read by what the bytes themselves say; `None` when they are not a time that exists.
    ///
    /// The creator of a record says more: [`Timestamp::reading`], [`RecordHeader::time`](crate::RecordHeader::time).
    pub const fn calendar(&self) -> Option<Calendar> {
        match self.decide(false, false) {
            Some(reading) => Some(reading.calendar),
            None => None,
        }
    }

    /// The time, by the bytes and by what is known of their writer.
    pub(crate) const fn decide(self, by_binary_writer: bool, by_linux: bool) -> Option<TimestampReading> {
        if let Some(seconds) = self.linux_seconds() {
            return match Self::from_unix(seconds) {
                Some(time) if by_linux || seconds >= OLDEST_SECONDS => {
                    TimestampReading::new(TimestampEncoding::LinuxSeconds, time.bcd())
                }
                _ => None,
            };
        }
        match self.century {
            0x13..=0x15 => TimestampReading::new(TimestampEncoding::Binary, self.binary()),
            0x19..=0x21 => TimestampReading::new(TimestampEncoding::Bcd, self.bcd()),
            _ if by_binary_writer => TimestampReading::new(TimestampEncoding::Binary, self.binary()),
            _ => match TimestampReading::new(TimestampEncoding::Bcd, self.bcd()) {
                Some(reading) => Some(TimestampReading { otherwise: self.in_binary_only(), ..reading }),
                None => None,
            },
        }
    }

    /// The time in binary, if it is another one than in BCD.
    const fn in_binary_only(self) -> Option<Calendar> {
        let alike = self.century < 10
            && self.year < 10
            && self.month < 10
            && self.day < 10
            && self.hours < 10
            && self.minutes < 10
            && self.seconds < 10;
        if alike { None } else { self.binary() }
    }

    const fn bcd(self) -> Option<Calendar> {
        match (
            decimal(self.century),
            decimal(self.year),
            decimal(self.month),
            decimal(self.day),
            decimal(self.hours),
            decimal(self.minutes),
            decimal(self.seconds),
        ) {
            (Some(century), Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)) => {
                Calendar::of_parts(century, year, [month, day], [hour, minute, second])
            }
            _ => None,
        }
    }

    const fn binary(self) -> Option<Calendar> {
        let clock = [self.hours, self.minutes, self.seconds];
        Calendar::of_parts(self.century, self.year, [self.month, self.day], clock)
    }

    /// Seconds since 1970 as Linux stores them in this field of the records it writes to ERST; `None` when the
    /// bytes cannot be such a number.
    ///
    /// Linux (`drivers/acpi/apei/erst.c`, `erst_writer`) puts a 64-bit count of seconds here instead of BCD. Its
    /// upper three bytes are zero until the year 36812, and month and century 00 are impossible in BCD.
    pub const fn linux_seconds(&self) -> Option<u64> {
        let value = self.to_u64();
        if value != 0 && value < 1 << 40 { Some(value) } else { None }
    }

    const fn to_u64(self) -> u64 {
        u64::from_le_bytes(zerocopy::transmute!(self))
    }

    /// The field with Linux's count of seconds in it: what [`Timestamp::linux_seconds`] reads.
    pub const fn from_linux_seconds(value: u64) -> Self {
        zerocopy::transmute!(value.to_le_bytes())
    }
}

/// The tens digit of each 16-bit lane holding 0 to 99: 103 / 1024 is close enough to a tenth there.
const fn tens_of(lanes: u64) -> u64 {
    (lanes.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f
}

/// Days of a month of the Gregorian calendar; 0 for a month that does not exist.
const fn days_of(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

const fn decimal(bcd: u8) -> Option<u8> {
    let (tens, ones) = (bcd >> 4, bcd & 0xf);
    if tens < 10 && ones < 10 { Some(tens.wrapping_mul(10).wrapping_add(ones)) } else { None }
}

impl Calendar {
    /// The time, if it exists.
    const fn of_parts(
        century: u8,
        year: u8,
        [month, day]: [u8; 2],
        [hour, minute, second]: [u8; 3],
    ) -> Option<Self> {
        if century > 99 || year > 99 || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let year = (century as u16).wrapping_mul(100).wrapping_add(year as u16);
        if day == 0 || day > days_of(year, month) {
            return None;
        }
        Some(Self { year, month, day, hour, minute, second })
    }

    /// Seconds since 1970-01-01 00:00:00, taking the calendar time as UTC; negative before.
    // The fields are in their ranges, so no sum here comes near the limits of i64.
    #[allow(clippy::arithmetic_side_effects)]
    pub const fn unix_seconds(&self) -> i64 {
        let year = self.year as i64 - (self.month <= 2) as i64;
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted = (self.month as i64 + 9) % 12; // 0 = March
        let day_of_year = (153 * shifted + 2) / 5 + self.day as i64 - 1;
        let days =
            era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
        ((days * 24 + self.hour as i64) * 60 + self.minute as i64) * 60 + self.second as i64
    }
}

/// `2026-11-22 07:08:26`; in the alternate form, `{:#}`, as RFC 3339 has it: `2026-11-22T07:08:26Z`.
impl fmt::Display for Calendar {
    // One or two letters for each field are the clearest way to say where its digits go.
    #[allow(clippy::many_single_char_names)]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second } = *self;
        let (between, end) = if f.alternate() { ('T', "Z") } else { (' ', "") };
        if year > 9999 || month.max(day).max(hour).max(minute).max(second) > 99 {
            // A calendar that was read never is, but its fields are public.
            return write!(f, "{year:04}-{month:02}-{day:02}{between}{hour:02}:{minute:02}:{second:02}{end}");
        }
        // The text is laid out first and written once: six formatted numbers take several times as long.
        let ([a, b], [c, d]) = (two_digits((year / 100) as u8), two_digits((year % 100) as u8));
        let ([e, g], [h, i], t) = (two_digits(month), two_digits(day), between as u8);
        let ([j, k], [l, m], [n, o]) = (two_digits(hour), two_digits(minute), two_digits(second));
        let text = [a, b, c, d, b'-', e, g, b'-', h, i, t, j, k, b':', l, m, b':', n, o];
        f.write_str(core::str::from_utf8(&text).map_err(|_| fmt::Error)?)?;
        f.write_str(end)
    }
}

/// The digits of a number below 100.
const fn two_digits(number: u8) -> [u8; 2] {
    [b'0'.wrapping_add(number / 10), b'0'.wrapping_add(number % 10)]
}

/// The time that the bytes themselves say, or the bytes.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.calendar() {
            Some(calendar) => calendar.fmt(f),
            None => Unreadable(*self).fmt(f),
        }
    }
}

/// The bytes of a timestamp that are no time.
pub(crate) struct Unreadable(pub(crate) Timestamp);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f: &mut dyn fmt::Write = f;
        f.write_str("no calendar time (")?;
        for byte in self.0.as_bytes() {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_specifications_bytes() {
        let time = Timestamp::new(2026, 11, 22, 7, 8, 26);
        assert_eq!(time.as_bytes(), [0x26, 0x08, 0x07, 0x00, 0x22, 0x11, 0x26, 0x20]);
        assert_eq!(time.to_string(), "2026-11-22 07:08:26");
        assert!(!time.is_precise());
        assert!(time.precise().is_precise());
        assert_eq!(time.precise().calendar(), time.calendar());
        assert_eq!(std::format!("{:#}", time.calendar().unwrap()), "2026-11-22T07:08:26Z");
    }

    #[test]
    fn every_field_is_told_as_it_is() {
        for (value, text) in [(0, "00"), (7, "07"), (99, "99"), (100, "100"), (255, "255")] {
            let [month, day, hour, minute, second] = [value; 5];
            for (year, years) in [(0, "0000"), (305, "0305"), (9999, "9999"), (u16::MAX, "65535")] {
                let time = Calendar { year, month, day, hour, minute, second };
                let (date, clock) = (std::format!("{years}-{text}-{text}"), [text; 3].join(":"));
                assert_eq!(time.to_string(), std::format!("{date} {clock}"));
                assert_eq!(std::format!("{time:#}"), std::format!("{date}T{clock}Z"));
            }
        }
    }

    #[test]
    fn every_value_of_every_field_survives() {
        for value in 0..100u8 {
            let time = Timestamp::new(
                u16::from(value) * 100 + u16::from(99 - value),
                value,
                value,
                value,
                value,
                value,
            );
            let bcd = ((value / 10) << 4) | (value % 10);
            assert_eq!(time.as_bytes()[..3], [bcd; 3]);
            assert_eq!((time.day, time.month, time.century), (bcd, bcd, bcd));
            assert_eq!(time.year, (((99 - value) / 10) << 4) | ((99 - value) % 10));
        }
    }

    #[test]
    fn bytes_that_are_no_time_are_none() {
        let good = Timestamp::new(2000, 1, 1, 0, 0, 0);
        assert!(good.calendar().is_some());
        for (place, byte) in [
            (0, 0x60),
            (0, 0x0a),
            (1, 0x60),
            (2, 0x24),
            (4, 0x00),
            (4, 0x32),
            (5, 0x00),
            (5, 0x13),
            (6, 0xa0),
            (7, 0x0f),
        ] {
            let mut bad = good;
            bad.as_mut_bytes()[place] = byte;
            assert_eq!(bad.calendar(), None, "byte {place} = {byte:#x}");
        }
        assert_eq!(Timestamp::default().to_string(), "no calendar time (0000000000000000)");
    }

    #[test]
    fn unix_seconds_both_ways() {
        for seconds in
            [0, 951_782_399, 951_782_400, 951_868_800, 1_795_331_306, 4_107_542_399, 253_402_300_799]
        {
            let time = Timestamp::from_unix(seconds).unwrap();
            assert_eq!(u64::try_from(time.calendar().unwrap().unix_seconds()), Ok(seconds));
        }
        for day in 0..200_000u64 {
            let time = Timestamp::from_unix(day * 86_400 + day % 86_400).unwrap();
            assert_eq!(
                u64::try_from(time.calendar().unwrap().unix_seconds()),
                Ok(day * 86_400 + day % 86_400)
            );
        }
        assert_eq!(Timestamp::from_unix(951_782_400).unwrap().to_string(), "2000-02-29 00:00:00");
        assert_eq!(Timestamp::from_unix(253_402_300_800), None);
        assert_eq!(Timestamp::new(1969, 12, 31, 23, 59, 59).calendar().unwrap().unix_seconds(), -1);
    }

    #[test]
    fn linux_seconds_are_told_from_bcd() {
        assert_eq!(Timestamp::from_linux_seconds(0x6b02_9869).linux_seconds(), Some(0x6b02_9869));
        assert_eq!(Timestamp::from_linux_seconds(0x6b02_9869).to_string(), "2026-11-22 07:23:21");
        assert_eq!(Timestamp::new(2026, 11, 22, 7, 8, 26).linux_seconds(), None);
        assert_eq!(Timestamp::default().linux_seconds(), None);
    }

    #[test]
    fn seconds_of_linux_end_before_they_could_be_bcd() {
        let seconds = |value: u64| Timestamp::from_linux_seconds(value).linux_seconds();
        assert_eq!(seconds(0), None);
        assert_eq!(seconds(1), Some(1));
        assert_eq!(seconds((1 << 40) - 1), Some((1 << 40) - 1));
        assert_eq!(seconds(1 << 40), None);
    }
}
