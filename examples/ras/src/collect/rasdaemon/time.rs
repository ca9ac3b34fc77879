//! Times as rasdaemon writes them: local, to the second, with the zone's offset.

use cper::Calendar;
use jiff::Timestamp;

use crate::local::ZONE;

/// `2026-11-22 07:25:14 +0000`, of seconds since 1970.
pub fn local(seconds: u64) -> String {
    match Timestamp::from_second(seconds.try_into().unwrap_or(i64::MAX)) {
        Ok(time) => shown(time),
        // Not a time of any clock: the number says it as well as anything.
        Err(_) => format!("{seconds} seconds"),
    }
}

/// The same of a calendar time in UTC. Times at the end of the year 9999, which another zone would take past it, stay
/// in UTC.
pub fn of(calendar: Calendar) -> String {
    let time = Timestamp::from_second(calendar.unix_seconds());
    time.map_or_else(|_| format!("{calendar} +0000"), shown)
}

fn shown(time: Timestamp) -> String {
    time.to_zoned_datetime(ZONE.clone()).strftime("%Y-%m-%d %H:%M:%S %z").to_string()
}

/// The time it is.
pub fn now() -> u64 {
    Timestamp::now().as_second().try_into().unwrap_or(0)
}
