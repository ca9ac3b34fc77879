//! The version of the kernel whose words are written: the one asked for, or that of the kernel which wrote the log
//! beside a record.

use std::str::FromStr;

use pstore_format::dmesg;

use crate::event::Event;
use crate::found::{Log, What};

/// A series of kernels whose words are known. The crates each have a type for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelVersion {
    /// For CPER.
    pub cper: cper::KernelVersion,
    /// For machine checks.
    pub mce: mce_record::KernelVersion,
}

/// The series that are known, the oldest first, and the first version of each.
const SERIES: [((u32, u32), KernelVersion); 2] = [
    ((6, 1), KernelVersion { cper: cper::KernelVersion::V6_1, mce: mce_record::KernelVersion::V6_1 }),
    ((6, 12), KernelVersion { cper: cper::KernelVersion::V6_12, mce: mce_record::KernelVersion::V6_12 }),
];

/// A version of Linux, `6.1` or all of a release, `6.12.117-1-amd64`: the last known series that is not newer, or the
/// oldest.
impl FromStr for KernelVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (major, rest) = text.split_once('.').ok_or("a version is two numbers, such as 6.12")?;
        let minor = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        let number = |digits: &str| digits.parse::<u32>().map_err(|error| format!("{digits:?}: {error}"));
        let wanted = (number(major)?, number(minor)?);
        let known = SERIES.iter().rev().find(|(first, _)| *first <= wanted);
        Ok(known.unwrap_or(&SERIES[0]).1)
    }
}

impl KernelVersion {
    /// The version of the kernel that wrote a log: its first line has it, and so does every trace.
    pub fn of_log(log: &Log<'_>) -> Option<Self> {
        let releases =
            log.parts().flat_map(|part| dmesg::lines(part.text().0)).filter_map(|line| release(line.text));
        releases.filter_map(|release| release.parse().ok()).last()
    }
}

/// The versions of the kernels in a store, by the logs in it.
#[derive(Debug, Default)]
pub struct Versions {
    /// Of the log of a boot, where its id names that.
    logs: Vec<(Option<u64>, KernelVersion)>,
}

impl Versions {
    /// The versions that the logs among these events name.
    pub fn of(events: &[Event<'_>]) -> Self {
        let of_event = |event: &Event<'_>| match &event.found.what {
            What::Log(log) => Some((boot(event), KernelVersion::of_log(log)?)),
            _ => None,
        };
        Self { logs: events.iter().filter_map(of_event).collect() }
    }

    /// The version of the kernel that met an event: that of its boot, else of the last boot that is known, else the
    /// newest.
    pub fn at(&self, event: &Event<'_>) -> KernelVersion {
        let boot = boot(event);
        let same = self.logs.iter().find(|(of, _)| boot.is_some() && *of == boot);
        same.or(self.logs.last()).map_or(KernelVersion::default(), |(_, version)| *version)
    }
}

fn boot(event: &Event<'_>) -> Option<u64> {
    event.id?.boot_time().filter(|_| event.id_names_boot())
}

/// The kernel release in a line of its log: the first line, `Linux version 6.1.0-44-amd64 (...`, or the line of a trace
/// that names the process, `CPU: 0 PID: 1 Comm: sh Not tainted 6.1.0-44-amd64 #1 ...`.
fn release(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?;
    let is_release = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            && word.bytes().filter(|byte| *byte == b'.').count() >= 2
    };
    if let Some(rest) = line.strip_prefix("Linux version ") {
        return rest.split(' ').next().filter(is_release);
    }
    let (_, rest) = line.strip_prefix("CPU: ")?.split_once("ainted")?;
    rest.split_whitespace().find(is_release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_known_series_that_is_not_newer_is_taken() {
        for (text, series) in [
            ("6.1", 0),
            ("6.1.192-1-amd64", 0),
            ("6.6", 0),
            ("5.10", 0),
            ("6.12", 1),
            ("6.12-rc1", 1),
            ("7.2.1", 1),
        ] {
            assert_eq!(text.parse(), Ok(SERIES[series].1), "{text}");
        }
        for wrong in ["", "6", "6.", "six.one", "6.x", "99999999999.1"] {
            assert!(wrong.parse::<KernelVersion>().is_err(), "{wrong}");
        }
        assert_eq!(KernelVersion::default(), SERIES[SERIES.len() - 1].1);
    }

    #[test]
    fn a_log_names_its_kernel() {
        let first = b"Linux version 6.1.0-44-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0)";
        assert_eq!(release(first), Some("6.1.0-44-amd64"));
        let trace = b"CPU: 0 PID: 141 Comm: bash Not tainted 6.1.0-44-amd64 #1  Debian 6.1.192-1";
        assert_eq!(release(trace), Some("6.1.0-44-amd64"));
        let tainted = b"CPU: 1 UID: 0 PID: 1 Comm: sh Tainted: G   M        E      6.12.117 #2";
        assert_eq!(release(tainted), Some("6.12.117"));
        for other in [&b"CPU: 0 PID: 1 Comm: sh"[..], b"Linux version", b"", b"CPU: \xff"] {
            assert_eq!(release(other), None);
        }
    }
}
