//! The pages of the ring buffer, as `per_cpu/cpuN/trace_pipe_raw` gives them, read with the format files of their kernel.
//!
//! A page begins with a time and its length. Each event has a header of 4 bytes: 5 bits with the event's length or the
//! header's kind, and 27 bits with the time since the event before (`header_event` of the trace file system).

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::format::{Format, Page, number};
use super::{EVENTS, Stamp, Trace, TraceEvent};
use crate::problem::Problem;

/// The format files of a kernel.
#[derive(Clone, Debug)]
pub struct Formats {
    /// The layout of a page.
    pub page: Page,
    events: Vec<Format>,
}

/// Flag in a page's length: events were lost before the page, and their number stands after its events.
const LOST: u64 = 1 << 31;
const LOST_COUNTED: u64 = 1 << 30;
const LENGTH: u64 = (1 << 27) - 1;

/// Kinds of headers beside those of events.
const PADDING: u32 = 29;
const TIME_EXTEND: u32 = 30;
const TIME_STAMP: u32 = 31;

impl Formats {
    /// Reads the format files of a folder `events`. Events that the kernel does not have are left out.
    ///
    /// # Errors
    /// When a file cannot be read, or says nothing that can be.
    pub fn read(events: &Path) -> io::Result<Self> {
        let read = |path: &Path| {
            let told =
                |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            whole(path).map_err(told)
        };
        let path = events.join("header_page");
        let wrong = |path: &Path, why: String| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()))
        };
        let page = Page::parse(&read(&path)?).map_err(|why| wrong(&path, why))?;
        let mut formats = Vec::new();
        for (system, name) in EVENTS {
            let path = events.join(system).join(name).join("format");
            if path.exists() {
                formats.push(Format::parse(&read(&path)?).map_err(|why| wrong(&path, why))?);
            }
        }
        Ok(Self { page, events: formats })
    }

    /// The formats of these texts.
    ///
    /// # Errors
    /// What is wrong with one.
    pub fn parse(page: &str, events: &[&str]) -> Result<Self, String> {
        let events: Result<_, _> = events.iter().map(|text| Format::parse(text)).collect();
        Ok(Self { page: Page::parse(page)?, events: events? })
    }
}

/// The text of a file of the trace file system. Some of these files give everything at the first read, up to its size,
/// and nothing after it.
fn whole(path: &Path) -> io::Result<String> {
    let (mut file, mut text, mut part) = (File::open(path)?, Vec::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut part)? {
            0 => return Ok(String::from_utf8_lossy(&text).into_owned()),
            length => text.extend_from_slice(&part[..length]),
        }
    }
}

/// The events in the pages of one processor. The first page begins at this offset of its file.
pub fn read(file: &Arc<str>, bytes: &[u8], start: u64, cpu: Option<u32>, formats: &Formats) -> Trace {
    let mut trace = Trace::default();
    for (index, page) in bytes.chunks(formats.page.size()).enumerate() {
        let at = start + (index * formats.page.size()) as u64;
        let mut pages = Pages { file, cpu, formats, trace: &mut trace };
        if let Err((place, message)) = pages.page(at, page) {
            trace.problems.push(Problem::new("page", at + place as u64, message));
        }
    }
    trace
}

struct Pages<'t> {
    file: &'t Arc<str>,
    cpu: Option<u32>,
    formats: &'t Formats,
    trace: &'t mut Trace,
}

impl Pages<'_> {
    /// The events of a page. An error's place is in the page.
    fn page(&mut self, at: u64, page: &[u8]) -> Result<(), (usize, String)> {
        let Page { timestamp, commit, data } = &self.formats.page;
        let field = |place: &std::ops::Range<usize>| page.get(place.clone()).map(number);
        let (Some(mut clock), Some(length)) = (field(timestamp), field(commit)) else {
            return Err((0, format!("page of {} bytes, {} expected", page.len(), data.end)));
        };
        let stated = (length & LENGTH) as usize;
        let there = page.get(data.start..).unwrap_or_default();
        let events = there.get(..stated).unwrap_or(there);
        if length & LOST != 0 {
            let lost =
                (length & LOST_COUNTED != 0).then(|| there.get(stated..stated + 8)).flatten().map(number);
            let lost = lost.map_or("events".into(), |lost| format!("{lost} events"));
            let message = format!("{lost} were lost before this page: the ring buffer was full");
            self.trace.problems.push(Problem::new("lost", at, message));
        }
        let mut offset = 0;
        // Each header takes 4 bytes at least.
        while let Some(header) = events.get(offset..offset + 4).map(|header| number(header) as u32) {
            let (kind, delta) = (header & 0x1f, u64::from(header >> 5));
            let begin = data.start + offset;
            let word = events.get(offset + 4..offset + 8).map(number);
            let word = || {
                word.ok_or_else(|| {
                    (begin, format!("the page ends in an event, after {} bytes", events.len()))
                })
            };
            let (skip, length) = match kind {
                TIME_EXTEND => {
                    clock = clock.wrapping_add(word()? << 27 | delta);
                    offset += 8;
                    continue;
                }
                TIME_STAMP => {
                    // The upper 5 bits are those of the time before it.
                    clock = clock >> 59 << 59 | (word()? << 27 | delta) & ((1 << 59) - 1);
                    offset += 8;
                    continue;
                }
                PADDING if delta == 0 => break,
                PADDING => {
                    clock = clock.wrapping_add(delta);
                    offset += 4 + word()? as usize;
                    continue;
                }
                // The length follows the header and counts itself.
                0 => match (word()? as usize).checked_sub(4) {
                    Some(length) => (8, length),
                    None => return Err((begin, format!("event of {} bytes", word()?))),
                },
                words => (4, words as usize * 4),
            };
            clock = clock.wrapping_add(delta);
            let body = offset + skip;
            let Some(event) = body.checked_add(length).and_then(|end| events.get(body..end)) else {
                return Err((
                    begin,
                    format!("event of {length} bytes, {} left in the page", events.len() - body),
                ));
            };
            // Events begin at multiples of 4.
            offset = body + length.next_multiple_of(4);
            let place = at + begin as u64..at + (begin + skip + length) as u64;
            self.event(Stamp { place, cpu: self.cpu, clock: Some(clock) }, event);
        }
        if stated > there.len() {
            let message = format!("page with {stated} bytes of events, {} there", there.len());
            return Err((commit.start, message));
        }
        Ok(())
    }

    fn event(&mut self, stamp: Stamp, event: &[u8]) {
        let id = event.first_chunk().map(|id| u16::from_le_bytes(*id));
        let Some(format) = self.formats.events.iter().find(|format| Some(format.id) == id) else {
            self.trace.others += 1;
            return;
        };
        let at = stamp.place.start;
        let told = match format.values(event) {
            Ok(values) => TraceEvent::new(self.file, format.name, stamp, values),
            Err(why) => {
                let problem = Problem::new("trace_event", at, format!("{}: {why}", format.name));
                Err(problem.value("event", format.name))
            }
        };
        match told {
            Ok(event) => self.trace.events.push(event),
            Err(problem) => self.trace.problems.push(problem),
        }
    }
}
