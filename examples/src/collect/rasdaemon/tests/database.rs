//! What happens to databases: new ones, old ones, foreign ones, and those that cannot be written.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value;

use super::super::{Database, Entry, Written, schema};
use super::{data, entries_of, rows_in};

/// A folder of its own for each test, empty.
fn folder(test: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ras-rasdaemon-{}-{test}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(path: &Path, entries: &[Entry]) -> Written {
    Database::open(path).unwrap().write(entries).unwrap()
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
    let path = folder("new").join("ras-mc_event.db");
    let entries = everything();
    let with_rows = entries.iter().filter(|entry| !entry.is_empty()).count();
    let first = write(&path, &entries);
    assert!(first.rows >= 40, "{first:?}");
    assert_eq!((first.known, &first.failed[..]), (0, &[][..]));
    let second = write(&path, &entries);
    assert_eq!((second.rows, second.known), (0, with_rows));

    let connection = Connection::open(&path).unwrap();
    assert_eq!(tables(&connection).len(), 18);
    let all = tables(&connection).into_iter().filter(|table| table != "ras_collect");
    let rows: i64 = all.map(|table| count(&connection, &table)).sum();
    assert_eq!(rows, first.rows as i64);
    assert_eq!(count(&connection, "ras_collect"), rows);
    assert!(count(&connection, "mce_record") >= 4 && count(&connection, "mc_event") >= 15);
    notes_are_right(&connection);
}

/// A database of Debian 12: its rows stay, ours come behind them, its tables keep their columns, and tables that
/// Debian's rasdaemon is built without are created.
#[test]
fn a_database_of_rasdaemon_0_6_8_keeps_what_it_has() {
    let path = folder("old").join("ras-mc_event.db");
    fs::copy(data("rasdaemon/ghes.db"), &path).unwrap();
    let connection = Connection::open(&path).unwrap();
    let before = rows_in(&connection, "mce_record");
    let written = write(&path, &everything());
    assert!(written.failed.is_empty() && written.rows >= 40, "{written:?}");
    let after = rows_in(&connection, "mce_record");
    assert_eq!(after[..before.len()], before);
    assert!(after.len() > before.len() && !after[0].contains_key("microcode"));
    let added = after[before.len()..].iter();
    assert_eq!(added.filter(|row| row["bank"] == Value::Integer(4)).count(), 2);
    assert_eq!(count(&connection, "aer_event"), 3 + 5);
    assert_eq!(
        tables(&connection),
        [
            "aer_event",
            "arm_event",
            "extlog_event",
            "mc_event",
            "mce_record",
            "non_standard_event",
            "ras_collect"
        ]
    );
    notes_are_right(&connection);
}

/// The newest tables have all columns of Debian 12's, in their order.
#[test]
fn tables_have_grown_from_those_of_debian() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&schema::create_all()).unwrap();
    let old = Connection::open(data("rasdaemon/ghes.db")).unwrap();
    let columns = |connection: &Connection, table: &str| -> Vec<(String, String)> {
        let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?1)").unwrap();
        let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(tables(&old).len(), 4);
    for table in tables(&old) {
        let mut newest = columns(&connection, &table).into_iter();
        for column in columns(&old, &table) {
            assert!(newest.any(|new| new == column), "{table}: {column:?}");
        }
    }
    let counts = [
        ("mc_event", 14),
        ("aer_event", 5),
        ("non_standard_event", 7),
        ("arm_event", 15),
        ("extlog_event", 9),
        ("mce_record", 26),
        ("devlink_event", 7),
        ("disk_errors", 8),
        ("memory_failure_event", 5),
        ("cxl_poison_event", 15),
        ("cxl_aer_ue_event", 8),
        ("cxl_aer_ce_event", 6),
        ("cxl_overflow_event", 9),
        ("cxl_generic_event", 17),
        ("cxl_general_media_event", 34),
        ("cxl_dram_event", 40),
        ("cxl_memory_module_event", 29),
    ];
    for (table, number) in counts {
        assert_eq!(columns(&connection, table).len(), number, "{table}");
    }
}

/// Tables of these names that are somebody else's: their events are not recorded, and said to be; all others are.
#[test]
fn a_foreign_table_costs_only_its_own_events() {
    let path = folder("foreign").join("foreign.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE mc_event (id INTEGER PRIMARY KEY, timestamp TEXT, wind INTEGER);
             CREATE TABLE aer_event (id INTEGER PRIMARY KEY, timestamp TEXT, dev_name TEXT, err_type TEXT,
                                     err_msg TEXT, CHECK (dev_name <> '0000:00:02.0'))",
        )
        .unwrap();
    let names = ["gesb/mem-ce-ddr.gesb", "gesb/pcie-ce.gesb", "gesb/arm.gesb", "bert/bert-region.bin"];
    let entries: Vec<Entry> = names.iter().flat_map(|name| entries_of(name)).collect();
    let written = write(&path, &entries);
    let reasons: Vec<_> = written.failed.iter().map(|(place, reason)| (*place, reason.as_str())).collect();
    let foreign = "the table mc_event is not rasdaemon's: it has no column err_count";
    let refused = "CHECK constraint failed: dev_name <> '0000:00:02.0'";
    // The first block of the region has a memory error before its other sections.
    assert_eq!(reasons, [(0, foreign), (1, refused), (3, foreign)]);
    assert_eq!((count(&connection, "mc_event"), count(&connection, "aer_event")), (0, 0));
    assert_eq!(count(&connection, "arm_event"), 1);
    assert_eq!(count(&connection, "ras_collect"), written.rows as i64);
    // None of the rows of an event that has one that cannot be written.
    let unknown = rows_in(&connection, "non_standard_event");
    assert_eq!(unknown.len(), written.rows - 1);
    notes_are_right(&connection);

    connection.execute_batch("DROP TABLE ras_collect; CREATE TABLE ras_collect (wind)").unwrap();
    let error = Database::open(&path).unwrap_err().to_string();
    assert!(error.ends_with("the table ras_collect is not one of ras: it has no column key"), "{error}");
}

#[test]
fn a_locked_database_is_waited_for_and_then_left() {
    let path = folder("locked").join("locked.db");
    let entries = entries_of("gesb/arm.gesb");
    let mut database = Database::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = database.write(&entries).unwrap_err().to_string();
    assert!(
        error.ends_with("locked.db: nothing was recorded: another program has kept it locked for 1 s"),
        "{error}"
    );
    assert!(Database::open(&path).is_err());
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(database.write(&entries).unwrap().rows, 1);
}

/// Another program's write-ahead log stays one, its open transaction sees what it saw, and what it writes is there.
#[test]
fn a_write_ahead_log_is_left_as_it_is() {
    let path = folder("wal").join("wal.db");
    fs::copy(data("rasdaemon/ghes.db"), &path).unwrap();
    let other = Connection::open(&path).unwrap();
    let mode = |connection: &Connection| -> String {
        connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap()
    };
    let _: String = other.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
    other.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&other, "aer_event"), 3);
    assert_eq!(write(&path, &entries_of("gesb/pcie-ce.gesb")).rows, 1);
    assert_eq!(count(&other, "aer_event"), 3);
    other.execute_batch("COMMIT; INSERT INTO aer_event (timestamp) VALUES ('later')").unwrap();
    assert_eq!(count(&other, "aer_event"), 5);
    assert_eq!(mode(&other), "wal");
}

/// A full disk: the batch that no longer fits is not there at all, those before it are.
#[test]
fn a_full_disk_loses_nothing_that_was_recorded() {
    let path = folder("full").join("full.db");
    let mut database = Database::open(&path).unwrap();
    let entries = everything();
    let (first, rest) = entries.split_at(entries.len() / 2);
    let written = database.write(first).unwrap();
    let pages: i64 = database.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    database.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let error = database.write(rest).unwrap_err().to_string();
    assert!(error.ends_with("full.db: nothing was recorded: the disk is full"), "{error}");
    drop(database);
    let connection = Connection::open(&path).unwrap();
    assert_eq!(count(&connection, "ras_collect"), written.rows as i64);
    notes_are_right(&connection);
    let again = write(&path, &entries);
    assert_eq!(again.known, first.iter().filter(|entry| !entry.is_empty()).count());
    assert!(again.rows > 0 && again.failed.is_empty());
}

#[test]
fn what_is_no_database_is_left_alone() {
    let folder = folder("none");
    let text = folder.join("text.db");
    fs::write(&text, "this is a text about databases, long enough to be read as one\n".repeat(100)).unwrap();
    let before = fs::read(&text).unwrap();
    let error = Database::open(&text).unwrap_err().to_string();
    assert!(error.ends_with("text.db: nothing was recorded: it is no SQLite database"), "{error}");
    assert_eq!(fs::read(&text).unwrap(), before);
    let error = Database::open(&folder.join("absent/ras.db")).unwrap_err().to_string();
    assert!(error.contains("absent/ras.db: nothing was recorded: unable to open database file"), "{error}");
}
