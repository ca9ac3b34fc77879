//! The output on a terminal: the events of a whole run, worst first and equal ones once, then the details of each.
//!
//! A reader on call looks at the first screen, so the events are held until the end of the run. A pipe gets each event
//! at once, in the order of the store.

use std::collections::HashMap;
use std::io::{self, Write};

use cper::Calendar;

use crate::event::{Event, Grade};
use crate::found::What;
use crate::summary::count;
use crate::text::{Detail, Text};

/// The most bytes of details that are held; the details of further events are left out.
const MOST_DETAILS: usize = 16 << 20;

/// Titles of files and folders that are shown one by one.
const TITLES: usize = 5;

/// The events of a run.
#[derive(Debug, Default)]
pub struct Screen {
    titles: Vec<String>,
    entries: Vec<Entry>,
    /// Indices in `entries`, by what makes events equal.
    places: HashMap<String, usize>,
    /// Bytes of all details.
    held: usize,
    /// Events whose details are not held.
    without_details: usize,
}

/// An event, or several equal ones.
#[derive(Debug)]
struct Entry {
    grade: Grade,
    lines: Vec<(Grade, String)>,
    number: usize,
    /// The first and the last time, and the number of events without a time.
    times: Option<[Calendar; 2]>,
    without_time: usize,
    /// The time as one event has it.
    time: Vec<String>,
    /// The facts of all of them.
    facts: Vec<String>,
    details: Vec<u8>,
}

impl Screen {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.titles.is_empty()
    }

    /// Takes the events in a file or folder.
    pub fn group(
        &mut self,
        text: &Text,
        title: &str,
        events: &[&Event<'_>],
        name_files: bool,
    ) -> io::Result<()> {
        self.titles.push(title.to_owned());
        events.iter().try_for_each(|event| self.add(text, event, name_files))
    }

    fn add(&mut self, text: &Text, event: &Event<'_>, name_file: bool) -> io::Result<()> {
        let lines: Vec<(Grade, String)> = event.shown_lines().cloned().collect();
        let facts = text.facts(event, name_file);
        let time = event.time.map(|time| time.calendar);
        let identity = (text.detail > Detail::Lines).then(|| identity(event, &lines));
        let known = identity.as_ref().and_then(|identity| self.places.get(identity).copied());
        let Some(place) = known else {
            if let Some(identity) = identity {
                self.places.insert(identity, self.entries.len());
            }
            let details = self.details(text, event)?;
            self.entries.push(Entry {
                grade: event.grade,
                lines,
                number: 1,
                times: time.map(|time| [time; 2]),
                without_time: usize::from(time.is_none()),
                time: event.times(text.time),
                facts,
                details,
            });
            return Ok(());
        };
        let entry = &mut self.entries[place];
        entry.number += 1;
        entry.facts.retain(|fact| facts.contains(fact));
        let Some(time) = time else {
            entry.without_time += 1;
            return Ok(());
        };
        let is_last = entry.times.is_none_or(|[_, last]| time > last);
        entry.times = Some(entry.times.map_or([time; 2], |[first, last]| [first.min(time), last.max(time)]));
        if is_last {
            // The details of the last one are shown, because it is the one that matters to a reader on call.
            self.held -= self.entries[place].details.len();
            self.entries[place].details = self.details(text, event)?;
        }
        Ok(())
    }

    fn details(&mut self, text: &Text, event: &Event<'_>) -> io::Result<Vec<u8>> {
        let mut details = Vec::new();
        if self.held >= MOST_DETAILS {
            self.without_details += usize::from(!matches!(event.found.what, What::Bad(_)));
        } else if text.detail > Detail::Lines {
            text.details(&mut details, event)?;
            self.held += details.len();
        }
        Ok(details)
    }

    /// Writes all of it.
    pub fn write(mut self, text: &Text, out: &mut dyn Write) -> io::Result<()> {
        // Events of equal severity stay in the order of the store.
        self.entries.sort_by_key(|entry| entry.grade.rank());
        if text.detail > Detail::Lines {
            self.titles(text, out)?;
        }
        let labels = self.entries.iter().flat_map(|entry| &entry.lines).map(|(grade, _)| *grade);
        let label = text.label(labels);
        for entry in &self.entries {
            text.event(out, entry.lines.iter(), &entry.context(text), label)?;
        }
        self.entries.iter().try_for_each(|entry| out.write_all(&entry.details))?;
        if self.without_details != 0 {
            let events = count(self.without_details, "event");
            writeln!(out, "\nWhat is behind {events} more is not shown; a pipe has all of it.")?;
        }
        Ok(())
    }

    fn titles(&self, text: &Text, out: &mut dyn Write) -> io::Result<()> {
        for title in self.titles.iter().take(TITLES) {
            text.wrapped(out, title, 2)?;
        }
        if let more @ 1.. = self.titles.len().saturating_sub(TITLES) {
            writeln!(out, "and {} or folders more", count(more, "file"))?;
        }
        if self.entries.is_empty() { Ok(()) } else { writeln!(out) }
    }
}

/// What makes events equal: their kind, and their text without time, place and id.
fn identity(event: &Event<'_>, lines: &[(Grade, String)]) -> String {
    let mut identity = event.kind.name.to_owned();
    for (grade, line) in lines {
        identity.push_str(&format!("\n{grade} {line}"));
    }
    identity
}

impl Entry {
    fn context(&self, text: &Text) -> Vec<String> {
        let mut context = match (self.number, self.times) {
            (1, _) => self.time.clone(),
            (number, None) => vec![format!("{number} times, time not recorded")],
            (number, Some([first, last])) => {
                let [first, last] = [(text.time)(first), (text.time)(last)];
                let mut told = if first == last {
                    format!("{number} times, {first}")
                } else {
                    format!("{number} times, {first} to {last}")
                };
                if self.without_time != 0 {
                    told.push_str(&format!(", {} without a time", self.without_time));
                }
                vec![told]
            }
        };
        context.extend_from_slice(&self.facts);
        context
    }
}
