//! What all sinks have in common.

use std::fmt::Debug;

use super::Collected;

/// What a sink did with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It took it, and has it for good once it is committed.
    New,
    /// It has it already, from an earlier run or from this one.
    Known,
    /// It has no room for events of this kind, as rasdaemon's tables have none for kernel logs.
    Elsewhere,
    /// It could not take this one, and says why; it can take others.
    Refused(String),
}

/// Something that keeps events. It is made by an `open` of its own, which reads what an earlier run left, repairs what
/// a crash tore, and refuses what is not its own.
///
/// An error says what could not be done and why, in that order; the sink's name stands before it. After one from
/// [`add`](Self::add) the sink is dropped, uncommitted, and the others go on; nothing is cleared from the sources then.
pub trait Sink: Debug + Send {
    /// What it is and where, for messages: `Parquet file /srv/ras.parquet`.
    fn name(&self) -> String;

    /// Takes an event, unless it has its key. Nothing needs to be on the disk yet, and what is there already must do
    /// no harm when the commit never comes.
    fn add(&mut self, collected: &Collected<'_, '_>) -> anyhow::Result<Added>;

    /// Everything added is on the disk when this returns. Called once, at the end.
    fn commit(self: Box<Self>) -> anyhow::Result<()>;
}
