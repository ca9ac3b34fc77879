//! Times as rasdaemon writes them: local, to the second, with the zone's offset.

use std::sync::LazyLock;

use cper::Calendar;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// This machine's zone, or that of `TZ`.
static ZONE: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);

/// `2026-11-22 07:25:14 +0000`, of seconds since 1970; `None` for a time that no calendar has.
pub fn local(seconds: u64) -> Option<String> {
    let time = Timestamp::from_second(seconds.try_into().ok()?).ok()?;
    Some(time.to_zoned_datetime(ZONE.clone()).strftime("%Y-%m-%d %H:%M:%S %z").to_string())
}

/// The time it is.
pub fn now() -> u64 {
    Timestamp::now().as_second().try_into().unwrap_or(0)
}

/// Seconds since 1970 of a calendar time in UTC.
pub fn seconds(calendar: Calendar) -> Option<u64> {
    let Calendar { year, month, day, hour, minute, second } = calendar;
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(i8::try_from);
    let time = DateTime::new(
        year.try_into().ok()?,
        month.ok()?,
        day.ok()?,
        hour.ok()?,
        minute.ok()?,
        second.ok()?,
        0,
    );
    let time = TimeZone::UTC.to_timestamp(time.ok()?).ok()?;
    time.as_second().try_into().ok()
}
