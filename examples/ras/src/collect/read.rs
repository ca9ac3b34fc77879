//! Reads sources with a thread for each processor, and passes on their records in order.
//!
//! A thread takes the next batch of files, reads and decodes it, and waits for the batch's turn. So memory holds a
//! group of files for each thread, and some thousand records of them.

use std::fmt::Display;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::event::Event;
use crate::found::Found;
use crate::input::Bytes;
use crate::names::Names;
use crate::printable::Printable;
use crate::recognise;
use crate::scan::{File, Step};
use crate::walk::{Kind, Met};

use super::Key;
use super::run::{Read, Run};
use super::source::{Loaded, Source};
use super::ticket_lock::{Ticket, TicketLock};

/// Files taken at a time.
const BATCH: usize = 128;

/// Bytes of files that are held at a time.
const GROUP_BYTES: usize = 16 << 20;

/// Records handed on at a time.
const CHUNK: usize = 256;

/// Reads all sources and hands on what is in them.
pub fn all<'s, 'o>(sources: &'s [Source], names: &Names, run: Run<'o>) -> Run<'o> {
    let files = sources.iter().flat_map(|source| source.walk().map(move |met| (source, met)));
    let files = Mutex::new((0, files));
    let next = || {
        let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
        let batch: Vec<(&'s Source, anyhow::Result<Met>)> = files.1.by_ref().take(BATCH).collect();
        let number = files.0;
        files.0 += 1;
        (!batch.is_empty()).then_some((number, batch))
    };
    let lock = TicketLock::new(run);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some((number, batch)) = next() {
                    read(batch, names, &lock.place(number));
                }
            });
        }
    });
    lock.into_inner()
}

/// Reads a batch, a group of files at a time.
fn read(batch: Vec<(&Source, anyhow::Result<Met>)>, names: &Names, ticket: &Ticket<'_, Run<'_>>) {
    let mut group = Group { names, files: Vec::new(), held: 0 };
    for (source, met) in batch {
        let refuse = |error: &dyn Display| ticket.within(|run| run.refuse(&error.to_string()));
        let path = match met {
            Ok(Met { path, kind: Kind::File }) => path,
            Ok(Met { kind, .. }) => {
                ticket.within(|run| run.skip(kind));
                continue;
            }
            Err(error) => {
                refuse(&error);
                continue;
            }
        };
        let refuse = |why: &dyn Display| refuse(&format_args!("{}: {why}", printable(&path)));
        match source.load(&path) {
            Ok(Loaded::File(file)) => group.push(source, path, file, ticket),
            Ok(Loaded::Unrecognised(file)) if source.path == path => {
                refuse(&recognise::refusal(&file.bytes));
            }
            Ok(Loaded::Empty) if source.named && source.path == path && path.is_file() => {
                refuse(&recognise::refusal(b""));
            }
            Ok(Loaded::Unrecognised(_) | Loaded::Empty) => ticket.within(|run| run.skip(Kind::File)),
            Err(error) => refuse(&error),
        }
    }
    group.hand_on(ticket);
}

fn printable(path: &Path) -> String {
    Printable(path.as_os_str().as_encoded_bytes()).to_string()
}

/// Files of one folder that are held together.
struct Group<'s, 'n> {
    names: &'n Names,
    files: Vec<(&'s Source, PathBuf, File)>,
    held: usize,
}

impl<'s> Group<'s, '_> {
    fn push(&mut self, source: &'s Source, path: PathBuf, file: File, ticket: &Ticket<'_, Run<'_>>) {
        // A store has many records: it is a group of its own.
        let is_store = |file: &File| matches!(file.bytes, Bytes::Mapped(..));
        let with = self.files.last().is_some_and(|(_, last, held)| {
            last.parent() == path.parent()
                && self.held + file.bytes.held() <= GROUP_BYTES
                && !is_store(held)
                && !is_store(&file)
        });
        if !with {
            self.hand_on(ticket);
        }
        self.held += file.bytes.held();
        self.files.push((source, path, file));
    }

    fn hand_on(&mut self, ticket: &Ticket<'_, Run<'_>>) {
        let mut chunk: Chunk<'_, '_> = Vec::new();
        for (source, path, file) in &self.files {
            let mut keys = source.keys_of(file);
            source.visit(file, &mut |step| {
                if let Step::Found(found) = step {
                    let key = keys.of(&found);
                    chunk.push((source, path, key, found));
                    if chunk.len() == CHUNK {
                        hand_on(&mut chunk, self.names, ticket);
                    }
                }
            });
        }
        hand_on(&mut chunk, self.names, ticket);
        ticket.within(|run| run.read(self.files.len()));
        self.files.clear();
        self.held = 0;
    }
}

type Chunk<'s, 'a> = Vec<(&'s Source, &'a Path, Option<Key>, Found<'a>)>;

/// Decodes records side by side with other threads, and hands them on in their turn.
fn hand_on(chunk: &mut Chunk<'_, '_>, names: &Names, ticket: &Ticket<'_, Run<'_>>) {
    if chunk.is_empty() {
        return;
    }
    let read: Vec<Read<'_, '_>> = chunk
        .drain(..)
        .map(|(source, path, key, found)| Read { source, path, key, event: Event::with_names(found, names) })
        .collect();
    ticket.within(|run| run.take(&read));
}
