//! The time of day at which the trace clock of this machine was 0.

use std::fs;
use std::io;
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};

use crate::trace::Trace;

const SECOND: i128 = 1_000_000_000;

/// The file with the name of the trace clock.
const TRACE_CLOCK: &str = "trace_clock";

/// Gives the events of a trace in this machine's trace file system their time.
pub fn tell_times(trace: &mut Trace, path: &Path, tracefs: &Path) {
    let is_own = match (path.canonicalize(), tracefs.canonicalize()) {
        (Ok(path), Ok(tracefs)) => path.starts_with(tracefs),
        _ => false,
    };
    let clock = is_own.then(|| path.parent()).flatten().and_then(Clock::of);
    if let Some(clock) = clock {
        clock.tell(trace);
    }
}

/// A clock whose relation to the time of day is known.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The time of day when it was 0, nanoseconds since 1970.
    zero: i128,
}

impl Clock {
    /// The clock of an instance of the tracer. All clocks that count from the boot but one stand still while the
    /// machine sleeps; those of the processors are as exact as the kernel keeps them together.
    pub fn of(instance: &Path) -> Option<Self> {
        let clocks = fs::read_to_string(instance.join(TRACE_CLOCK)).ok()?;
        let (_, used) = clocks.split_once('[')?;
        let id = match used.split_once(']')?.0 {
            "local" | "global" | "uptime" | "perf" | "mono" | "mono_raw" => ClockId::Monotonic,
            "boot" => ClockId::Boottime,
            _ => return None,
        };
        let now = |id| {
            let time = clock_gettime(id);
            i128::from(time.tv_sec) * SECOND + i128::from(time.tv_nsec)
        };
        Some(Self { zero: now(ClockId::Realtime) - now(id) })
    }

    /// Sets the best clock that an instance has. An instance that has it already keeps its events: setting another
    /// clock drops them.
    pub fn choose(instance: &Path) {
        let clocks = fs::read_to_string(instance.join(TRACE_CLOCK)).unwrap_or_default();
        if clocks.contains("[boot]") {
            return;
        }
        // A kernel without any of these keeps its default.
        let _ = ["boot", "mono"].iter().find(|clock| fs::write(instance.join(TRACE_CLOCK), clock).is_ok());
    }

    /// Gives the events of a trace their time.
    pub fn tell(self, trace: &mut Trace) {
        for event in &mut trace.events {
            let time = event.stamp.clock.map(|clock| (self.zero + i128::from(clock)).div_euclid(SECOND));
            event.time = time.and_then(|time| u64::try_from(time).ok());
        }
    }
}

/// Says why there is no trace file system.
pub fn why_no_tracefs(tracefs: &Path) -> Option<String> {
    let shown = tracefs.display();
    match fs::read_dir(tracefs.join("events")) {
        Ok(_) => None,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Some(format!("{shown}: {error}; the trace is for root"))
        }
        Err(_) => Some(format!("{shown}: no trace file system; mount -t tracefs tracefs {shown}")),
    }
}
