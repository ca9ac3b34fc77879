//! Times in the time zone of this machine, or of `TZ`.

use std::sync::LazyLock;

use cper::Calendar;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::event::utc;

/// This machine's zone, or that of `TZ`.
pub static ZONE: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);

/// A time as the clock on the wall shows it, `2026-11-22 08:23:21 +01:00`.
pub fn local(calendar: Calendar) -> String {
    let shown =
        |time: Timestamp| time.to_zoned_datetime(ZONE.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    Timestamp::from_second(calendar.unix_seconds()).map_or_else(|_| utc(calendar), shown)
}
