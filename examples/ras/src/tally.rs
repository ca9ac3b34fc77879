//! How many events of which severity and kind a run met, for its last line.

use crate::event::{Event, Grade, Kind};

/// Events and their records, of each severity and kind.
#[derive(Debug, Default)]
pub struct Tally(Vec<(Grade, Kind, [usize; 2])>);

impl Tally {
    /// Counts an event of so many records.
    pub fn add(&mut self, event: &Event<'_>, records: usize) {
        let (grade, kind) = (event.grade, event.kind);
        match self.0.iter_mut().find(|(of, known, _)| (*of, *known) == (grade, kind)) {
            Some((_, _, [events, all])) => (*events, *all) = (*events + 1, *all + records),
            None => self.0.push((grade, kind, [1, records])),
        }
    }

    /// All records.
    pub fn records(&self) -> usize {
        self.0.iter().map(|(_, _, [_, records])| records).sum()
    }

    /// The events, worst first: `1 fatal machine check, 1 fatal kernel log in 2 parts`.
    pub fn events(&self) -> String {
        let mut kinds: Vec<_> = self.0.iter().collect();
        kinds.sort_by_key(|(grade, ..)| grade.rank());
        let told = kinds.into_iter().map(|(grade, kind, [events, records])| {
            let noun = if *events == 1 { kind.one } else { kind.many };
            let parts = if records > events { format!(" in {records} parts") } else { String::new() };
            format!("{events} {grade} {noun}{parts}")
        });
        told.collect::<Vec<_>>().join(", ")
    }
}
