//! The database of rasdaemon: the last boot's records as rows beside those that the daemon saw live.
//!
//! A database of any release of rasdaemon will do: when it is opened it gets the tables and columns that it does not have
//! yet, as the newest release creates them, and so does a new one. So nothing of a record is left out, and `ras-mc-ctl`
//! of the newest release, which ends at a table that is not there, reads it before its daemon has started. Older releases
//! read and write by the names of columns and do not mind. Whether it writes a journal or a write-ahead log is left as
//! it is.
//!
//! rasdaemon does not wait for a lock and drops an event that it cannot write. So rows are prepared first, and the
//! database is locked for the short time in which a batch of them is written; at boot `ras collect` runs before the
//! daemon. Every event is noted in a table of our own, `ras_collect`, in the transaction of its rows: it is in both or
//! in neither, and never twice. That table is read when the database is opened, and has no index: keys are digests, so
//! an index of a million of them would be rewritten with each batch.
//!
//! A row's time is the record's. Where it has none it is the time of the boot that its id names, and else the time of
//! collection, as rasdaemon takes that of reception; what is not the record's own is marked behind the time, and in
//! `ras_collect.time_from`.

mod arm;
mod cxl;
mod machine_check;
mod mce_amd;
mod mce_intel;
mod memory;
mod non_standard;
mod nvidia;
mod pcie;
mod row;
mod rows;
mod schema;
mod texts;
mod time;

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow};
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, params_from_iter};

use super::known::Known;
use super::{Added, Collected, Key, Sink};
use crate::event::Event;
use crate::found;
use crate::output_files::{Place, Readers, sync_folder_of};
use row::Row;

/// Whether it has a place for an event.
pub fn has_place(event: &Event<'_>) -> bool {
    !rows::rows(event).is_empty()
}

/// How long to wait for other writers.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });
/// Events in one transaction: fewer write the same pages again and again, more lock the daemon out for long.
const BATCH: usize = 16384;
/// Rows of earlier runs that are read at once: a reader locks the daemon out too.
const SLICE: u32 = if cfg!(test) { 4 } else { 4096 };
/// Pages of the database held in memory, in KiB.
const CACHE: i64 = 16 << 10;

/// An event made ready: what identifies it, where it comes from, and its rows.
#[derive(Debug)]
pub struct Entry {
    key: Key,
    source: String,
    time_from: TimeFrom,
    rows: Vec<(u32, Row)>,
}

/// The source of a row's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TimeFrom {
    /// The record's.
    Record,
    /// That of the boot whose first record had the id that the record's counts from.
    Boot,
    /// That of collection.
    Collected,
}

impl TimeFrom {
    const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Boot => "boot",
            Self::Collected => "collected",
        }
    }
}

impl Entry {
    /// The rows of an event that is known by this key; `now` in seconds since 1970.
    pub fn of(key: Key, source: String, event: &Event<'_>, now: u64) -> Self {
        let (time, time_from) = match event.time {
            Some(when) if when.by_id => (time::of(when.calendar), TimeFrom::Boot),
            Some(when) => (time::of(when.calendar), TimeFrom::Record),
            None => (time::local(now), TimeFrom::Collected),
        };
        let mut rows = rows::rows(event);
        if !rows.is_empty() {
            let mark = match (time_from, event.unreadable) {
                (TimeFrom::Record, _) => String::new(),
                (_, None) => format!(" ({})", time_from.name()),
                (_, Some(unreadable)) => format!(" ({}; {unreadable})", time_from.name()),
            };
            let timestamp = Value::from(time + &mark);
            for (_, row) in &mut rows {
                row.columns.push(("timestamp", timestamp.clone()));
            }
        }
        Self { key, source, time_from, rows }
    }
}

/// The database, and the events that it has been given and has not written yet.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: PathBuf,
    /// For each table the statement that inserts a row, or why it takes none.
    inserts: HashMap<&'static str, Result<String, String>>,
    pending: Vec<Entry>,
    /// The events that it has, and the pending ones.
    known: Known,
    /// The last row of `ras_collect` whose event is among them.
    last: i64,
    /// How many events could not be written although their tables seemed right, and the first of them.
    lost: (usize, String),
    /// The time of collection.
    now: u64,
}

impl Database {
    /// Opens the database, or creates it.
    pub fn open(path: &Path, readers: Readers) -> Result<Self> {
        Self::try_open(path, readers).map_err(|error| anyhow!("cannot be opened: {error}"))
    }

    fn try_open(path: &Path, readers: Readers) -> Result<Self, Refusal> {
        let path = &Place::of(path)?.path;
        // SQLite would make a file that everybody can read. An empty file is an empty database to it.
        match readers.make(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        if connection.is_readonly(rusqlite::MAIN_DB)? {
            return Err(Refusal::Other(ONLY_READ.into()));
        }
        connection.busy_timeout(PATIENCE)?;
        // A committed row is on the disk, and no journal comes back after a power cut to undo it, as it can with FULL:
        // the record is cleared from its source after that.
        connection.pragma_update(None, "synchronous", "EXTRA")?;
        connection.pragma_update(None, "cache_size", -CACHE)?;
        connection.set_prepared_statement_cache_capacity(64);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        schema::complete(&transaction)?;
        transaction.execute_batch(schema::BOOKKEEPING)?;
        let columns = schema::present(&transaction, "ras_collect")?;
        if let Some(missing) = schema::BOOKKEEPING_COLUMNS.iter().find(|name| !columns.contains(**name)) {
            let reason = format!("the table ras_collect is not one of ras: it has no column {missing}");
            return Err(Refusal::Other(reason));
        }
        transaction.commit()?;
        let mut database = Self {
            connection,
            path: path.to_owned(),
            inserts: HashMap::new(),
            pending: Vec::new(),
            known: Known::default(),
            last: 0,
            lost: (0, String::new()),
            now: time::now(),
        };
        while !learn(&database.connection, &mut database.known, &mut database.last)?.is_empty() {}
        Ok(database)
    }

    /// Takes an event that is made ready if it is not there yet, and writes a batch when there is one.
    fn take(&mut self, key: &Key, entry: impl FnOnce() -> Entry) -> Result<Added, Refusal> {
        if self.known.contains(key.digest)? {
            return Ok(Added::Known);
        }
        let entry = entry();
        if entry.rows.is_empty() {
            return Ok(Added::NoPlace);
        }
        for (_, row) in &entry.rows {
            if !self.inserts.contains_key(row.table) {
                self.inserts.insert(row.table, prepare(&self.connection, row)?);
            }
            if let Some(Err(reason)) = self.inserts.get(row.table) {
                return Ok(Added::Refused(reason.clone()));
            }
        }
        self.known.insert(key.digest)?;
        self.pending.push(entry);
        if self.pending.len() >= BATCH {
            self.write()?;
        }
        Ok(Added::New)
    }

    /// Writes what is pending, in one transaction.
    fn write(&mut self) -> Result<(), Refusal> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut others = HashSet::new();
        loop {
            match learn(&transaction, &mut self.known, &mut self.last)? {
                met if met.is_empty() => break,
                met => others.extend(met),
            }
        }
        let collected = time::local(self.now);
        {
            let mut note = transaction.prepare_cached(NOTE)?;
            let mut begin = transaction.prepare_cached("SAVEPOINT entry")?;
            let mut undo = transaction.prepare_cached("ROLLBACK TO entry")?;
            let mut end = transaction.prepare_cached("RELEASE entry")?;
            for entry in self.pending.iter().filter(|entry| !others.contains(&entry.key.digest)) {
                let (key, from) = (entry.key.to_string(), entry.time_from.name());
                begin.execute([])?;
                let mut insert = || -> Result<i64, Refusal> {
                    let mut last = self.last;
                    for (section, row) in &entry.rows {
                        let id = insert_row(&transaction, &self.inserts, row)?;
                        let values = (&key, section, row.table, id, &entry.source, from, &collected);
                        last = note.insert(values)?;
                    }
                    Ok(last)
                };
                match insert() {
                    Ok(last) => self.last = last,
                    Err(error) if error.ends_all() => return Err(error),
                    Err(error) => {
                        undo.execute([])?;
                        if self.lost.0 == 0 {
                            self.lost.1 = format!("{}: {error}", entry.source);
                        }
                        self.lost.0 += 1;
                    }
                }
                end.execute([])?;
            }
        }
        transaction.commit()?;
        self.pending.clear();
        Ok(())
    }

    /// Writes the rest, and reports what could not be written.
    fn finish(&mut self) -> Result<()> {
        self.write().map_err(|error| anyhow!("{CANNOT_WRITE}: {error}"))?;
        match &self.lost {
            (0, _) => Ok(()),
            (1, one) => Err(anyhow!("{CANNOT_WRITE}: {one}")),
            (number, first) => Err(anyhow!("{CANNOT_WRITE}: {first}; and {} more", number - 1)),
        }
    }
}

impl Sink for Database {
    fn name(&self) -> String {
        format!("database {}", self.path.display())
    }

    fn add(&mut self, collected: &Collected<'_, '_>) -> Result<Added> {
        let Collected { key, event, .. } = *collected;
        let now = self.now;
        let entry = || Entry::of(*key, found::at(&event.found.place), event, now);
        self.take(key, entry).map_err(|error| anyhow!("{CANNOT_WRITE}: {error}"))
    }

    fn commit(mut self: Box<Self>) -> Result<()> {
        self.finish()?;
        let path = self.path.clone();
        // Closing a file takes SQLite's locks off it: they must be gone.
        drop(self);
        sync(&path).map_err(|error| anyhow!("{CANNOT_WRITE}: {error}"))
    }
}

/// Puts a whole database on the disk. SQLite did that with this run's rows. The rows of an earlier run that was killed
/// count as known, and may be in memory only.
fn sync(path: &Path) -> io::Result<()> {
    let mut log = OsString::from(path);
    log.push("-wal");
    File::open(path)?.sync_all()?;
    match File::open(log) {
        Ok(log) => log.sync_all()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    sync_folder_of(path)
}

/// Why nothing can be written where nobody may write.
const ONLY_READ: &str = "it, or its folder, can only be read";
/// The start of error messages.
const CANNOT_WRITE: &str = "cannot be written";

const LATER: &str = "SELECT rowid, key FROM ras_collect WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
const NOTE: &str = "INSERT INTO ras_collect (key, section, table_name, row_id, source, time_from, collected) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// Reads the events that other runs have written after the last known row, some at a time. Returns their digests; none
/// when all are known.
fn learn(connection: &Connection, known: &mut Known, last: &mut i64) -> Result<Vec<u128>, Refusal> {
    let mut statement = connection.prepare_cached(LATER)?;
    let mut rows = statement.query((*last, SLICE))?;
    let mut digests = Vec::new();
    while let Some(row) = rows.next()? {
        *last = row.get(0)?;
        let key: Option<Key> = row.get_ref(1)?.as_str().ok().and_then(|key| key.parse().ok());
        let Some(key) = key else {
            return Err(Refusal::Other(format!("row {last} of the table ras_collect has no key of ras")));
        };
        known.insert(key.digest)?;
        digests.push(key.digest);
    }
    Ok(digests)
}

/// Inserts a row by the names of its columns and says what its id is.
fn insert_row(
    connection: &Connection,
    inserts: &HashMap<&'static str, Result<String, String>>,
    row: &Row,
) -> Result<i64, Refusal> {
    let sql = inserts[row.table].as_ref().map_err(|reason| Refusal::Other(reason.clone()))?;
    let values = row.columns.iter().map(|(_, value)| value);
    Ok(connection.prepare_cached(sql)?.insert(params_from_iter(values))?)
}

/// The statement that inserts rows like this one, or why the table takes none.
fn prepare(connection: &Connection, row: &Row) -> Result<Result<String, String>, Refusal> {
    let present = schema::present(connection, row.table)?;
    let table = row.table;
    let names: Vec<&str> = row.columns.iter().map(|(name, _)| *name).collect();
    if let Some(missing) = ["timestamp"].iter().chain(&names).find(|name| !present.contains(**name)) {
        return Ok(Err(format!("the table {table} is not rasdaemon's: it has no column {missing}")));
    }
    let marks = vec!["?"; names.len()].join(", ");
    Ok(Ok(format!("INSERT INTO {table} (\"{}\") VALUES ({marks})", names.join("\", \""))))
}

/// Why something was not written.
#[derive(Debug)]
enum Refusal {
    Sqlite(rusqlite::Error),
    Other(String),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

impl Refusal {
    /// Whether nothing more can be written: all but what is wrong with one table or one row.
    fn ends_all(&self) -> bool {
        use ErrorCode::{ConstraintViolation, TypeMismatch, Unknown};
        match self {
            Self::Sqlite(error) => {
                !matches!(error.sqlite_error_code(), Some(ConstraintViolation | TypeMismatch | Unknown))
            }
            Self::Other(_) => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = match self {
            Self::Other(reason) => return f.write_str(reason),
            Self::Sqlite(error) => error,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                write!(f, "another program has kept it locked for {} s", PATIENCE.as_secs())
            }
            Some(ErrorCode::ReadOnly) => f.write_str(ONLY_READ),
            Some(ErrorCode::DiskFull) => f.write_str("the disk is full"),
            Some(ErrorCode::NotADatabase) => f.write_str("it is no SQLite database"),
            _ => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
