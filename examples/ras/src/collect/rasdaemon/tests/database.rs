//! What happens to databases: new ones, old ones, foreign ones, and those that cannot be written.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value;

use super::super::{Database, Entry};
use super::{data, entries_of, rows_in};
use crate::collect::{Added, Readers};

/// A folder of its own for each test, empty, and gone when the test has passed.
struct Folder(PathBuf);

impl Folder {
    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

fn folder(test: &str) -> Folder {
    let folder = std::env::temp_dir().join(format!("ras-rasdaemon-{}-{test}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    Folder(folder)
}

/// What became of events.
#[derive(Debug, Default)]
struct Written {
    new: usize,
    known: usize,
    refused: Vec<(usize, String)>,
}

fn add(database: &mut Database, entries: Vec<Entry>) -> anyhow::Result<Written> {
    let mut written = Written::default();
    for (place, entry) in entries.into_iter().enumerate() {
        match database.take(&{ entry.key }, || entry).map_err(|error| anyhow::anyhow!("{error}"))? {
            Added::New => written.new += 1,
            Added::Known => written.known += 1,
            Added::NoPlace => {}
            Added::Refused(reason) => written.refused.push((place, reason)),
        }
    }
    database.finish().map(|()| written)
}

fn write(path: &Path, entries: Vec<Entry>) -> Written {
    add(&mut Database::open(path, Readers::Owner).unwrap(), entries).unwrap()
}

fn files(name: &str) -> Vec<String> {
    let entries = fs::read_dir(data(name)).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> = entries
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| format!("{name}/{}", entry.file_name().into_string().unwrap()))
        .collect();
    names.sort();
    names
}

/// The entries of every captured image and status block.
fn everything() -> Vec<Entry> {
    let names = files("erst-images").into_iter().chain(files("gesb"));
    let names = names.filter(|name| [".img", ".gesb"].iter().any(|ending| name.ends_with(ending)));
    names.flat_map(|name| entries_of(&name)).collect()
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

fn tables(connection: &Connection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Every event of a database is noted, each once, and its note says where it is.
fn notes_are_right(connection: &Connection) {
    for table in tables(connection).iter().filter(|table| *table != "ras_collect") {
        let sql = format!(
            "SELECT count(*), count(DISTINCT row_id) FROM ras_collect JOIN {table} ON id = row_id WHERE table_name = ?1"
        );
        let (notes, rows): (i64, i64) =
            connection.query_row(&sql, [table], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(notes, rows, "{table}");
    }
}

#[test]
fn a_new_database_has_all_tables_and_takes_everything_once() {
    let folder = folder("new");
    let path = folder.join("ras-mc_event.db");
    let first = write(&path, everything());
    assert!(first.new >= 30 && first.known == 0 && first.refused.is_empty(), "{first:?}");
    let connection = Connection::open(&path).unwrap();
    assert_eq!(tables(&connection).len(), 27 + 1);
    let all = tables(&connection).into_iter().filter(|table| table != "ras_collect");
    let rows: i64 = all.map(|table| count(&connection, &table)).sum();
    assert_eq!(rows, 46);
    assert_eq!(count(&connection, "ras_collect"), rows);
    assert!(count(&connection, "mce_record") >= 4 && count(&connection, "mc_event") >= 15);
    notes_are_right(&connection);

    let second = write(&path, everything());
    assert_eq!((second.new, second.known), (0, first.new));
    assert_eq!(count(&connection, "ras_collect"), rows);
    // Once in a run, too, and where two runs cross.
    let twice = || -> Vec<Entry> {
        [entries_of("gesb/arm.gesb"), entries_of("gesb/arm.gesb")].into_iter().flatten().collect()
    };
    connection.execute_batch("DELETE FROM ras_collect; DELETE FROM arm_event").unwrap();
    let (mut one, mut other) =
        (Database::open(&path, Readers::Owner).unwrap(), Database::open(&path, Readers::Owner).unwrap());
    for entry in twice() {
        let _ = one.take(&{ entry.key }, || entry).unwrap();
    }
    assert_eq!(add(&mut other, twice()).unwrap().known, 1);
    one.finish().unwrap();
    assert_eq!((count(&connection, "arm_event"), count(&connection, "ras_collect")), (1, 1));
}

/// Names and types of a table's columns, in their order.
fn columns(connection: &Connection, table: &str) -> Vec<(String, String)> {
    let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?1)").unwrap();
    let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The tables of rasdaemon 0.8.5, whose source was read for them: `TABLE: COLUMN TYPE, ...`.
fn newest() -> Vec<(String, Vec<(String, String)>)> {
    let text = fs::read_to_string(data("rasdaemon/tables-0.8.5.txt")).unwrap();
    let column = |definition: &str| {
        let (name, kind) = definition.split_once(' ').unwrap();
        (name.to_owned(), kind.trim_end_matches(" PRIMARY KEY").to_owned())
    };
    let table = |line: &str| {
        let (name, columns) = line.split_once(": ").unwrap();
        (name.to_owned(), columns.split(", ").map(column).collect())
    };
    text.lines().map(table).collect()
}

/// Whether `ras-mc-ctl` of the newest release, which asks for columns by name, finds all of them.
#[track_caller]
fn serves_the_newest(connection: &Connection) {
    for (table, expected) in newest() {
        let mut columns = columns(connection, &table);
        for column in expected {
            let place = columns.iter().position(|have| *have == column);
            columns.remove(place.unwrap_or_else(|| panic!("{table}: no column {column:?}")));
        }
        assert!(columns.is_empty(), "{table}: {columns:?}");
    }
}

/// A database of Debian 12: its rows stay, ours come behind them, and it gets the tables and columns of the newest
/// release; that of Debian writes its rows as before.
#[test]
fn a_database_of_rasdaemon_0_6_8_keeps_what_it_has() {
    let folder = folder("old");
    let path = folder.join("ras-mc_event.db");
    fs::copy(data("rasdaemon/ghes.db"), &path).unwrap();
    let connection = Connection::open(&path).unwrap();
    let before = rows_in(&connection, "mce_record");
    let mut daemon =
        connection.prepare("INSERT INTO aer_event (timestamp, dev_name) VALUES (?1, ?2)").unwrap();
    let written = write(&path, everything());
    assert!(written.refused.is_empty() && written.new >= 30, "{written:?}");
    // A connection knows the columns that were there when it was opened until it has run a statement.
    let after = rows_in(&Connection::open(&path).unwrap(), "mce_record");
    assert!(after.len() > before.len());
    for (before, after) in before.iter().zip(&after) {
        assert!(before.iter().all(|(column, value)| after[column] == *value));
        assert_eq!(after["microcode"], Value::Null);
    }
    let added = after[before.len()..].iter();
    assert_eq!(added.filter(|row| row["bank"] == Value::Integer(4)).count(), 2);
    assert!(after[before.len()..].iter().all(|row| row["microcode"] != Value::Null));
    assert_eq!(count(&connection, "aer_event"), 3 + 5);
    daemon.execute(("later", "0000:00:02.0")).unwrap();
    assert_eq!(count(&connection, "aer_event"), 3 + 5 + 1);
    assert_eq!(tables(&connection).len(), 27 + 1);
    serves_the_newest(&connection);
    notes_are_right(&connection);
}

/// Databases of every age: with each table as its first release had it at the least, or without it.
#[test]
fn what_an_older_release_does_not_have_is_added() {
    let folder = folder("ages");
    for (number, (table, columns)) in newest().into_iter().enumerate() {
        let path = folder.join(&format!("{number}.db"));
        let connection = Connection::open(&path).unwrap();
        let (first, _) = &columns[2];
        let old = format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, timestamp TEXT, {first} {});
             INSERT INTO {table} (timestamp, {first}) VALUES ('then', 7)",
            columns[2].1
        );
        connection.execute_batch(&old).unwrap();
        let written = write(&path, everything());
        assert!(written.refused.is_empty(), "{table}: {written:?}");
        serves_the_newest(&connection);
        let row = rows_in(&connection, &table).remove(0);
        assert_eq!(row["timestamp"], Value::Text("then".into()), "{table}");
        let seven = [Value::Integer(7), Value::Text("7".into())];
        assert!(
            seven.contains(&row[first]) && row.values().filter(|value| **value != Value::Null).count() == 3
        );
        notes_are_right(&connection);
    }
}

/// A new database has the tables of the newest release, columns in their order, and they have all of Debian 12's.
#[test]
fn tables_are_those_of_rasdaemon_0_8_5() {
    let folder = folder("tables");
    let path = folder.join("new.db");
    Database::open(&path, Readers::Owner).unwrap();
    let connection = Connection::open(&path).unwrap();
    let expected = newest();
    assert_eq!(expected.len(), 27);
    for (table, expected) in expected {
        assert_eq!(columns(&connection, &table), expected, "{table}");
    }
    let old = Connection::open(data("rasdaemon/ghes.db")).unwrap();
    assert_eq!(tables(&old).len(), 4);
    for table in tables(&old) {
        let mut newest = columns(&connection, &table).into_iter();
        for column in columns(&old, &table) {
            assert!(newest.any(|new| new == column), "{table}: {column:?}");
        }
    }
}

/// Tables of these names that are somebody else's: their events are not recorded, and said to be; all others are.
#[test]
fn a_foreign_table_costs_only_its_own_events() {
    let folder = folder("foreign");
    let path = folder.join("foreign.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE mc_event (id INTEGER PRIMARY KEY, timestamp TEXT, wind INTEGER)")
        .unwrap();
    let names = ["gesb/mem-ce-ddr.gesb", "gesb/pcie-ce.gesb", "gesb/arm.gesb", "bert/bert-region.bin"];
    let entries: Vec<Entry> = names.iter().flat_map(|name| entries_of(name)).collect();
    let written = write(&path, entries);
    let reasons: Vec<_> = written.refused.iter().map(|(place, reason)| (*place, reason.as_str())).collect();
    let foreign = "the table mc_event is not rasdaemon's: it has no column err_count";
    assert_eq!(columns(&connection, "mc_event").len(), 3);
    // The first block of the region has a memory error among its sections: none of them is recorded.
    assert_eq!(reasons, [(0, foreign), (3, foreign)]);
    let counts = ["mc_event", "aer_event", "arm_event"].map(|table| count(&connection, table));
    assert_eq!(counts, [0, 1, 1]);
    assert_eq!(count(&connection, "ras_collect"), count(&connection, "non_standard_event") + 2);
    notes_are_right(&connection);

    connection.execute_batch("UPDATE ras_collect SET key = 'wind' WHERE rowid = 2").unwrap();
    let error = Database::open(&path, Readers::Owner).unwrap_err().to_string();
    assert_eq!(error, "cannot be opened: row 2 of the table ras_collect has no key of ras");
    connection.execute_batch("DROP TABLE ras_collect; CREATE TABLE ras_collect (wind)").unwrap();
    let error = Database::open(&path, Readers::Owner).unwrap_err().to_string();
    assert_eq!(error, "cannot be opened: the table ras_collect is not one of ras: it has no column key");
}

/// A view cannot be given a column: that costs the events that would go there, and no others.
#[test]
fn a_view_costs_only_its_own_events() {
    let folder = folder("view");
    let path = folder.join("view.db");
    let connection = Connection::open(&path).unwrap();
    let view = "CREATE VIEW mc_event AS SELECT 1 AS id, 'then' AS timestamp, 7 AS err_count";
    connection.execute_batch(view).unwrap();
    let names = ["gesb/mem-ce-ddr.gesb", "gesb/pcie-ce.gesb"];
    let written = write(&path, names.iter().flat_map(|name| entries_of(name)).collect());
    let reason = "the table mc_event is not rasdaemon's: it has no column err_type";
    assert_eq!(written.refused, [(0, reason.to_owned())]);
    assert_eq!((written.new, count(&connection, "aer_event")), (1, 1));
}

/// A table with conditions of its own: what breaks them is not there, with all rows of its event; all others are.
#[test]
fn a_row_that_a_table_refuses_costs_only_its_own_event() {
    let folder = folder("refused");
    let path = folder.join("refused.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE aer_event (id INTEGER PRIMARY KEY, timestamp TEXT, dev_name TEXT, err_type TEXT,
                                     err_msg TEXT, CHECK (dev_name <> '0000:00:02.0'))",
        )
        .unwrap();
    let names = ["bert/bert-region.bin", "gesb/mem-ce-ddr.gesb", "gesb/pcie-ce.gesb"];
    let entries: Vec<Entry> = names.iter().flat_map(|name| entries_of(name)).collect();
    let error = add(&mut Database::open(&path, Readers::Owner).unwrap(), entries).unwrap_err().to_string();
    let refused = "cannot be written: bert/bert-region.bin: CHECK constraint failed: dev_name <> '0000:00:02.0'; and 1 more";
    assert_eq!(error, refused);
    assert_eq!((count(&connection, "mc_event"), count(&connection, "aer_event")), (1, 0));
    notes_are_right(&connection);
}

#[test]
fn a_locked_database_is_waited_for_and_then_left() {
    let folder = folder("locked");
    let path = folder.join("locked.db");
    let mut database = Database::open(&path, Readers::Owner).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = add(&mut database, entries_of("gesb/arm.gesb")).unwrap_err().to_string();
    assert_eq!(error, "cannot be written: another program has kept it locked for 1 s");
    assert!(Database::open(&path, Readers::Owner).is_err());
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&other, "arm_event"), 0);
    assert_eq!(write(&path, entries_of("gesb/arm.gesb")).new, 1);
}

/// Another program's write-ahead log stays one, its open transaction sees what it saw, and what it writes is there.
#[test]
fn a_write_ahead_log_is_left_as_it_is() {
    let folder = folder("wal");
    let path = folder.join("wal.db");
    fs::copy(data("rasdaemon/ghes.db"), &path).unwrap();
    let other = Connection::open(&path).unwrap();
    let mode = |connection: &Connection| -> String {
        connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap()
    };
    let _: String = other.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
    other.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&other, "aer_event"), 3);
    assert_eq!(write(&path, entries_of("gesb/pcie-ce.gesb")).new, 1);
    assert_eq!(count(&other, "aer_event"), 3);
    other.execute_batch("COMMIT; INSERT INTO aer_event (timestamp) VALUES ('later')").unwrap();
    assert_eq!(count(&other, "aer_event"), 5);
    assert_eq!(mode(&other), "wal");
}

/// A full disk: the batch that no longer fits is not there at all, those before it are.
#[test]
fn a_full_disk_loses_nothing_that_was_recorded() {
    let folder = folder("full");
    let path = folder.join("full.db");
    let mut database = Database::open(&path, Readers::Owner).unwrap();
    let mut first = everything();
    let rest = first.split_off(first.len() / 2);
    let written = add(&mut database, first).unwrap();
    let pages: i64 = database.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    database.connection.pragma_update(None, "max_page_count", pages).unwrap();
    assert_eq!(add(&mut database, rest).unwrap_err().to_string(), "cannot be written: the disk is full");
    drop(database);
    let connection = Connection::open(&path).unwrap();
    let keys = "SELECT count(DISTINCT key) FROM ras_collect";
    let keys: i64 = connection.query_row(keys, [], |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(keys), Ok(written.new));
    notes_are_right(&connection);
    let again = write(&path, everything());
    assert_eq!(again.known, written.new);
    assert!(again.new > 0 && again.refused.is_empty());
    notes_are_right(&connection);
}

#[test]
fn what_is_no_database_is_left_alone() {
    let folder = folder("none");
    let text = folder.join("text.db");
    fs::write(&text, "this is a text about databases, long enough to be read as one\n".repeat(100)).unwrap();
    let before = fs::read(&text).unwrap();
    let error = Database::open(&text, Readers::Owner).unwrap_err().to_string();
    assert_eq!(error, "cannot be opened: it is no SQLite database");
    assert_eq!(fs::read(&text).unwrap(), before);
    let error = Database::open(&folder.join("absent/ras.db"), Readers::Owner).unwrap_err().to_string();
    assert!(error.starts_with("cannot be opened: No such file or directory"), "{error}");
}
