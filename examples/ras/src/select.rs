//! Chooses the events that are shown, by time and by severity. Events that are left out are counted.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::event::{Event, Grade};
use crate::local::ZONE;
use crate::summary::count;

/// The options that choose events.
#[derive(Args, Debug)]
pub struct Selection {
    /// This and worse: fatal, recoverable, corrected, ...
    ///
    /// Others are left out, and counted; what cannot be read is shown.
    #[arg(long, value_name = "LEVEL", value_enum, hide_possible_values = true)]
    severity: Option<Level>,
    /// Events from then on: a date, or 2026-11-22T07:23:21Z
    ///
    /// A date is its first moment, in UTC unless --local is given. Events before it are left out, and counted; events
    /// without a time are shown.
    #[arg(long, value_name = "TIME")]
    since: Option<Time>,
    /// Events before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// Show times, and read those two, in the local time zone
    #[arg(long)]
    pub local: bool,
}

/// The severities that can be asked for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Fatal,
    Recoverable,
    Corrected,
    Informational,
}

impl From<Level> for Grade {
    fn from(level: Level) -> Self {
        match level {
            Level::Fatal => Self::Fatal,
            Level::Recoverable => Self::Recoverable,
            Level::Corrected => Self::Corrected,
            Level::Informational => Self::Informational,
        }
    }
}

/// A time on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    Moment(Timestamp),
    /// Without a time zone.
    Civil(DateTime),
}

/// Reads RFC 3339, also with a blank in place of the `T`, a date, or the form in which `ras` writes times.
impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let joined = match text.rsplit_once(' ') {
            Some((time, "UTC")) => format!("{time}Z"),
            Some((time, zone)) if zone.starts_with(['+', '-']) => [time, zone].concat(),
            _ => text.to_owned(),
        };
        if let Ok(moment) = joined.parse() {
            return Ok(Self::Moment(moment));
        }
        let civil = joined.parse().map(Self::Civil);
        civil.map_err(|_| "no date such as 2026-11-22, and no time such as 2026-11-22T07:23:21Z".into())
    }
}

impl Time {
    /// The moment. A time without a zone is local or UTC.
    fn moment(self, local: bool) -> Option<Timestamp> {
        let zone = || if local { ZONE.clone() } else { TimeZone::UTC };
        match self {
            Self::Moment(moment) => Some(moment),
            Self::Civil(civil) => zone().to_timestamp(civil).ok(),
        }
    }
}

/// Counts of events that were left out, by reason, and of shown events without a time.
#[derive(Debug, Default)]
pub struct LeftOut {
    by_severity: usize,
    before: usize,
    after: usize,
    without_time: usize,
}

impl Selection {
    /// Whether an event is shown. Something that cannot be read always is.
    pub fn takes(&self, event: &Event<'_>, left_out: &mut LeftOut) -> bool {
        if event.grade == Grade::Bad {
            return true;
        }
        if self.severity.is_some_and(|level| event.grade.rank() > Grade::from(level).rank()) {
            left_out.by_severity += 1;
            return false;
        }
        let [since, until] =
            [self.since, self.until].map(|time| time.and_then(|time| time.moment(self.local)));
        if since.is_none() && until.is_none() {
            return true;
        }
        let Some(time) =
            event.time.and_then(|time| Timestamp::from_second(time.calendar.unix_seconds()).ok())
        else {
            left_out.without_time += 1;
            return true;
        };
        let (is_before, is_after) =
            (since.is_some_and(|since| time < since), until.is_some_and(|until| time >= until));
        left_out.before += usize::from(is_before);
        left_out.after += usize::from(!is_before && is_after);
        !is_before && !is_after
    }
}

impl LeftOut {
    /// The line about events that were left out, if there are any.
    pub fn told(&self) -> Option<String> {
        let parts = [
            (self.by_severity, "less severe"),
            (self.before, "before --since"),
            (self.after, "not before --until"),
        ];
        let all: usize = parts.iter().map(|(number, _)| number).sum();
        let mut told = Vec::new();
        if all != 0 {
            let parts = parts.iter().filter(|(number, _)| *number != 0);
            let parts: Vec<String> = parts.map(|(number, why)| format!("{number} {why}")).collect();
            told.push(format!("{} left out: {}.", count(all, "event"), parts.join(", ")));
        }
        if self.without_time != 0 {
            let verb = if self.without_time == 1 { "is" } else { "are" };
            told.push(format!("{} without a time {verb} shown.", count(self.without_time, "event")));
        }
        (!told.is_empty()).then(|| told.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_that_people_have() {
        let moment = |text: &str| text.parse::<Time>().unwrap().moment(false).unwrap().as_second();
        for same in [
            "2026-11-22T07:23:21Z",
            "2026-11-22 07:23:21Z",
            "2026-11-22T08:23:21+01:00",
            "2026-11-22 07:23:21 UTC",
            "2026-11-22 08:23:21 +01:00",
            "2026-11-22T07:23:21",
            "2026-11-22 07:23:21",
        ] {
            assert_eq!(moment(same), 1_795_332_201, "{same}");
        }
        assert_eq!(moment("2026-11-22"), 1_795_305_600);
        for wrong in ["", "yesterday", "2026-13-01", "2026-11-22 25:00", "22.11.2026"] {
            assert!(wrong.parse::<Time>().is_err(), "{wrong}");
        }
    }
}
