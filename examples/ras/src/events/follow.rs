//! `ras events --follow`: its own instance of the tracer, and the events that come out of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, OFlags, flock};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::clock::{self, Clock};
use super::{Format, RAW, Run, name};
use crate::json;
use crate::message::say;
use crate::trace::ring_buffer::{self, Formats};
use crate::trace::{EVENTS, Trace};

/// The longest time between two reads.
const PATIENCE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// The most pages of a processor that are read in one turn.
const PAGES: usize = 256;

/// An instance of the tracer, which is removed when this is dropped.
struct Instance {
    path: PathBuf,
    /// A lock that shows that the instance is in use. An instance that a killed process left is not locked.
    _lock: OwnedFd,
}

impl Instance {
    fn new(tracefs: &Path) -> anyhow::Result<Self> {
        let path = tracefs.join("instances/ras");
        let shown = path.display();
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                bail!("{shown}: {error}; only root may trace");
            }
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| shown.to_string());
            }
            _ => {}
        }
        let folder = File::open(&path).with_context(|| shown.to_string())?;
        let lock = OwnedFd::from(folder);
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            bail!("{shown}: another ras events --follow uses it");
        }
        Ok(Self { path, _lock: lock })
    }

    /// Enables the events. Returns the names of those that the kernel has.
    fn enable(&self) -> anyhow::Result<Vec<&'static str>> {
        let mut enabled = Vec::new();
        for (system, name) in EVENTS {
            let path = self.path.join("events").join(system).join(name).join("enable");
            match fs::write(&path, "1") {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| path.display().to_string()),
                Ok(()) => enabled.push(name),
            }
        }
        if enabled.is_empty() {
            bail!("this kernel has no events of hardware errors");
        }
        Ok(enabled)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.path) {
            say(format_args!("{} stays: {error}", self.path.display()));
        }
    }
}

/// The pages of a processor.
struct Pages {
    name: Arc<str>,
    cpu: Option<u32>,
    file: File,
    /// Bytes that were read so far.
    offset: u64,
}

/// The instance and its files. The files are closed before the instance is removed.
struct Source {
    pages: Vec<Pages>,
    formats: Formats,
    clock: Option<Clock>,
    instance: Instance,
}

impl Source {
    fn new(tracefs: &Path) -> anyhow::Result<(Self, Vec<&'static str>)> {
        if let Some(why) = clock::why_no_tracefs(tracefs) {
            bail!(why);
        }
        let formats = Formats::read(&tracefs.join("events"))?;
        let instance = Instance::new(tracefs)?;
        Clock::choose(&instance.path);
        // Each event wakes the reader, not only a buffer that is half full. Old kernels do this always.
        let _ = fs::write(instance.path.join("buffer_percent"), "0");
        let mut pages = Vec::new();
        let folder = instance.path.join("per_cpu");
        for cpu in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = cpu?.path().join(RAW);
            let number = path
                .parent()
                .and_then(Path::file_name)
                .and_then(|cpu| cpu.to_str()?.strip_prefix("cpu")?.parse().ok());
            let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
            let file = OpenOptions::new().read(true).custom_flags(flags).open(&path);
            let file = file.with_context(|| path.display().to_string())?;
            pages.push(Pages { name: name(&path), cpu: number, file, offset: 0 });
        }
        let source = Self { pages, formats, clock: None, instance };
        let enabled = source.instance.enable()?;
        Ok((source, enabled))
    }

    /// Waits for events, for a signal, or for some time.
    fn wait(&self) -> anyhow::Result<()> {
        let mut files: Vec<PollFd<'_>> =
            self.pages.iter().map(|pages| PollFd::new(&pages.file, PollFlags::IN)).collect();
        match poll(&mut files, Some(&PATIENCE)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    /// The events that are there now, of each processor.
    fn read(&mut self) -> anyhow::Result<Vec<(Arc<str>, Trace)>> {
        // The time of day may have been set since.
        self.clock = Clock::of(&self.instance.path);
        let mut traces = Vec::new();
        let mut page = vec![0; self.formats.page.size()];
        for pages in &mut self.pages {
            for _ in 0..PAGES {
                let length = match pages.file.read(&mut page) {
                    Ok(0) => break,
                    Ok(length) => length,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error).with_context(|| pages.name.to_string()),
                };
                let mut trace =
                    ring_buffer::read(&pages.name, &page[..length], pages.offset, pages.cpu, &self.formats);
                pages.offset += length as u64;
                if let Some(clock) = self.clock {
                    clock.tell(&mut trace);
                }
                traces.push((Arc::clone(&pages.name), trace));
            }
        }
        Ok(traces)
    }
}

impl Run<'_> {
    /// Shows events as they come, until a signal.
    pub(super) fn follow(&mut self) -> io::Result<()> {
        let stopped = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&stopped)) {
                self.refuse(&format!("signal {signal}: {error}"));
                return Ok(());
            }
        }
        let (mut source, enabled) = match Source::new(&self.options.tracefs) {
            Ok(source) => source,
            Err(error) => {
                self.refuse(&format!("{error:#}"));
                return Ok(());
            }
        };
        self.outcome.recognised = true;
        say(format_args!("listening to {}", enabled.join(", ")));
        while !stopped.load(Ordering::Relaxed) {
            let traces = source.wait().and_then(|()| source.read());
            match traces {
                Ok(traces) => self.show(&traces)?,
                Err(error) => {
                    self.refuse(&format!("{error:#}"));
                    break;
                }
            }
        }
        self.tell_left_out()
    }

    fn show(&mut self, traces: &[(Arc<str>, Trace)]) -> io::Result<()> {
        let mut events = self.events(traces);
        events.sort_by_key(|event| event.found.trace.map_or(0, |trace| trace.stamp.clock.unwrap_or(0)));
        events.retain(|event| self.options.selection.takes(event, &mut self.left_out));
        if events.is_empty() {
            return Ok(());
        }
        if self.options.format == Format::Json {
            let extent = self.extent();
            json::write(&mut self.out, &events, extent)?;
        } else {
            events.iter().try_for_each(|event| self.text.single(&mut self.out, event))?;
        }
        self.out.flush()
    }
}
