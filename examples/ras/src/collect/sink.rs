//! The trait of all sinks.

use std::fmt::Debug;

use crate::event::Event;

use super::known::Known;
use super::{Collected, Key, Record};

/// What a sink did with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It took the event, and has it for good once it is committed.
    New,
    /// It has the event already, from an earlier run or from this one.
    Known,
    /// It has no place for events of this kind: rasdaemon's tables have none for kernel logs.
    NoPlace,
    /// It cannot take this event, for this reason; it can take others.
    #[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
    Refused(String),
}

/// Something that keeps events. It is made by an `open` of its own, which reads what an earlier run left, repairs what
/// a crash tore, and refuses what is not its own.
///
/// An error says what could not be done and why, in that order; the sink's name stands before it. After one from
/// [`add`](Self::add) the sink is dropped, uncommitted, and the others go on; nothing is cleared from the sources then.
pub trait Sink: Debug + Send {
    /// Its kind and path
    fn name(&self) -> String;

    /// Takes an event, unless it has all of its records. Of a log of which it has some parts it takes the others.
    /// Nothing needs to be on the disk yet, and bytes that are there already must do no harm if the commit never comes.
    fn add(&mut self, collected: &Collected<'_, '_>) -> anyhow::Result<Added>;

    /// Whether the output had this event and lost it, so that it is to be given again.
    fn lost(&self, _: &Key) -> bool {
        false
    }

    /// What the output had, lost, and was not given again, in words.
    fn missing(&self) -> Option<String> {
        None
    }

    /// Commits: every added event is on the disk when this returns. Called once, at the end.
    fn commit(self: Box<Self>) -> anyhow::Result<()>;
}

/// An output of a dry run: it answers as the output would if it were empty.
#[derive(Debug)]
pub struct Planned {
    /// Its kind and path
    pub name: String,
    /// Whether it has a place for an event.
    pub has_place: fn(&Event<'_>) -> bool,
    known: Known,
}

impl Planned {
    /// Makes one.
    pub fn new(name: String, has_place: fn(&Event<'_>) -> bool) -> Self {
        Self { name, has_place, known: Known::default() }
    }
}

impl Sink for Planned {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn add(&mut self, collected: &Collected<'_, '_>) -> anyhow::Result<Added> {
        if !(self.has_place)(collected.event) {
            return Ok(Added::NoPlace);
        }
        let keys = collected.records.iter().map(Record::key);
        Ok(if self.known.insert_all(keys)? == 0 { Added::Known } else { Added::New })
    }

    fn commit(self: Box<Self>) -> anyhow::Result<()> {
        Ok(())
    }
}
