//! `ras collect` can die at any moment: the next run loses no event, tells none twice, and what is gone from a source
//! is in the archive.
//!
//! The collector is run system call by system call. Before each one that changes a disk it is killed, in the middle of
//! each that writes too, and the power is cut: then only what was synced is left. Each time a second run has to end
//! with what a run that nobody disturbed ends with, in every sink.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod disk;
mod steps;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::Signal;
use parquet::file::reader::{FileReader, SerializedFileReader};
use rusqlite::Connection;

use disk::{Disk, Tree};
use steps::{Call, End, Then};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ras");

/// As many at a time as the machine has processors, on most.
const THREADS: usize = 2;

/// The proof is worth something from this many calls on.
const POINTS: usize = 200;

/// Columns that say when the collector ran, or in which order it wrote.
const VOLATILE: [&str; 4] = ["id", "row", "timestamp", "collected"];

/// What is collected: a folder that plays pstore, and an ERST image.
const SOURCE: &str = "source";

/// Captured files that are put there.
const CAPTURED: [&str; 6] = [
    "erst-images/mce-intel.img",
    "pstore/syn/dmesg-erst-1234605616436477953",
    "pstore/syn/mce-erst-1234605616436477955",
    "pstore/syn/unknown-erst-1234605616436477957",
    "efi/dmesg-efi_pstore-179536821101001",
    "gesb/mem-ce-ddr.gesb",
];

/// What an earlier run put into the sinks, where they are not new.
const EARLIER: [&str; 2] = ["erst-images/mce-amd.img", "gesb/pcie-ce.gesb"];

/// A folder with the collector's sources and sinks.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        // Memory is quicker than a disk, and nothing here depends on what the disk does.
        let base = Path::new("/dev/shm");
        let base = if base.is_dir() { base.to_owned() } else { std::env::temp_dir() };
        Self(base.join(format!("ras-crash-{}-{name}", std::process::id())))
    }

    /// The command line of the collector here.
    fn arguments(&self) -> Vec<String> {
        let path = |name: &str| self.0.join(name).to_str().unwrap().to_owned();
        let mut arguments = vec!["collect".to_owned(), path(SOURCE)];
        for (option, name) in [
            ("--json", "events.json"),
            ("--sqlite", "events.db"),
            ("--parquet", "events.parquet"),
            ("--prometheus", "events.prom"),
            ("--archive", "archive"),
        ] {
            arguments.extend([option.to_owned(), path(name)]);
        }
        arguments.push("--clear".into());
        arguments
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What there is to see of a folder when all runs have ended: what is left of the source, what was archived, and the
/// rows of every sink, in no order.
fn outcome(place: &Path) -> BTreeMap<String, Vec<String>> {
    let mut outcome = BTreeMap::new();
    let tree = Tree::of(place).unwrap();
    for folder in [SOURCE, "archive"] {
        outcome.insert(
            folder.to_owned(),
            tree.below(folder).0.iter().map(|entry| format!("{entry:?}")).collect(),
        );
    }
    let text = |name: &str| fs::read_to_string(place.join(name)).unwrap();
    let lines = |name: &str| text(name).lines().map(str::to_owned).collect::<Vec<_>>();
    outcome.insert("json".into(), lines("events.json"));
    outcome.insert("prometheus".into(), lines("events.prom"));
    let table = SerializedFileReader::new(File::open(place.join("events.parquet")).unwrap()).unwrap();
    let rows = table.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string());
    outcome.insert("parquet".into(), rows.collect());
    outcome.insert("sqlite".into(), sqlite_rows(&place.join("events.db")));
    outcome.values_mut().for_each(|rows| rows.sort());
    outcome
}

/// Runs the collector to its end.
fn finish(place: &Place) {
    let run = Command::new(PROGRAM).args(place.arguments()).output().unwrap();
    assert!(run.status.success(), "{}{}", run.status, String::from_utf8_lossy(&run.stderr));
}

/// Runs the collector step by step, with something happening at a call; how it ended, and how many calls there were.
fn run(place: &Place, at: Option<(usize, Then)>) -> (End, usize) {
    let mut calls = 0;
    let before = |call: &Call| {
        let number = calls;
        calls += 1;
        match at {
            Some((at, Then::Tear)) if at == number && !call.writes() => Then::Kill,
            Some((at, then)) if at == number => then,
            _ => Then::Go,
        }
    };
    let end = steps::run(PROGRAM.as_ref(), &place.arguments(), before, |_| ()).unwrap();
    (end, calls)
}

/// The rows of all tables, without what is new in every run: numbers of rows, and the time of collection.
fn sqlite_rows(path: &Path) -> Vec<String> {
    let database = Connection::open(path).unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
    let mut names = database.prepare(names).unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut rows = Vec::new();
    for name in names {
        let mut table = database.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns: Vec<String> = table.column_names().into_iter().map(str::to_owned).collect();
        let of = |row: &rusqlite::Row<'_>| {
            let values =
                columns.iter().enumerate().filter(|(_, column)| !VOLATILE.contains(&column.as_str()));
            let values = values.map(|(place, column)| format!("{column}={:?}", row.get_ref(place).unwrap()));
            Ok(format!("{name}: {}", values.collect::<Vec<_>>().join(" ")))
        };
        rows.extend(table.query_map([], of).unwrap().map(Result::unwrap));
    }
    rows
}

/// What a run that nobody disturbs ends with, and how many calls it makes.
fn undisturbed(place: &Place, source: &Tree) -> (BTreeMap<String, Vec<String>>, usize) {
    source.write(&place.0).unwrap();
    let (end, calls) = run(place, None);
    assert_eq!(end, End::Exit(0));
    let expected = outcome(&place.0);
    let events = source.0.values().flatten().count();
    for sink in ["json", "parquet", "archive"] {
        assert!(expected[sink].len() >= events, "{sink}: {:#?}", expected[sink]);
    }
    // A second run finds nothing new.
    finish(place);
    assert_same(&outcome(&place.0), &expected, "a second run");
    (expected, calls)
}

fn assert_same(is: &BTreeMap<String, Vec<String>>, expected: &BTreeMap<String, Vec<String>>, when: &str) {
    for (sink, expected) in expected {
        let is = &is[sink];
        let missing = |of: &[String], from: &[String]| -> Vec<String> {
            of.iter().filter(|row| !from.contains(row)).map(|row| row.chars().take(200).collect()).collect()
        };
        let (less, more) = (missing(expected, is), missing(is, expected));
        assert!(
            is == expected,
            "{when}, {sink}: lost {less:#?}, added {more:#?}, {} rows of {}",
            is.len(),
            expected.len()
        );
    }
}

/// Captured records, as they lie in what plays the firmware's store.
fn store(captured: &[&str]) -> Tree {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let files = captured.iter().map(|name| {
        let path = Path::new(SOURCE).join(Path::new(name).file_name().unwrap());
        (path, Some(fs::read(data.join(name)).unwrap()))
    });
    Tree([(SOURCE.into(), None)].into_iter().chain(files).collect())
}

/// What there is before a run: sources, and sinks that are new or not.
fn start(place: &Place, new: bool) -> Tree {
    if new {
        return store(&CAPTURED);
    }
    store(&EARLIER).write(&place.0).unwrap();
    finish(place);
    let mut tree = Tree::of(&place.0).unwrap();
    tree.0.extend(store(&CAPTURED).0);
    tree
}

/// Kills the collector at every call; gives the number of calls.
fn kill(new: bool) -> usize {
    let (next, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = |thread: usize| {
        let place = Place::new(&format!("kill-{new}-{thread}"));
        let start = start(&place, new);
        let (expected, all) = undisturbed(&place, &start);
        calls.store(all, Ordering::Relaxed);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= all {
                break;
            }
            for then in [Then::Kill, Then::Tear] {
                start.write(&place.0).unwrap();
                let (end, _) = run(&place, Some((at, then)));
                assert_eq!(end, End::Signal(Signal::SIGKILL), "call {at}");
                finish(&place);
                assert_same(&outcome(&place.0), &expected, &format!("{then:?} at call {at}"));
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
    calls.into_inner()
}

#[test]
fn killed_before_or_in_the_middle_of_any_call() {
    let calls = [kill(true), kill(false)];
    assert!(calls.iter().all(|calls| *calls >= POINTS), "{calls:?}");
    println!("proven: killed before and in each of {calls:?} calls");
}

/// Cuts the power at every call; gives the number of different things that were on the disk.
fn cut(new: bool) -> usize {
    let place = Place::new(&format!("cut-{new}"));
    let start = start(&place, new);
    let (expected, _) = undisturbed(&place, &start);
    start.write(&place.0).unwrap();
    let disk = RefCell::new(Disk::of(&place.0, SOURCE).unwrap());
    let (mut states, mut calls) = (Vec::new(), 0);
    let mut note = |states: &mut Vec<(usize, Tree)>| {
        let tree = disk.borrow().after_power_cut().unwrap();
        // What was not synced changes nothing.
        if states.last().is_none_or(|(_, last)| *last != tree) {
            states.push((calls, tree));
        }
        calls += 1;
    };
    let before = |_: &Call| {
        note(&mut states);
        Then::Go
    };
    let after = |call: &Call| {
        if let Some(path) = call.syncs() {
            disk.borrow_mut().sync(&path).unwrap();
        }
    };
    let end = steps::run(PROGRAM.as_ref(), &place.arguments(), before, after).unwrap();
    assert_eq!(end, End::Exit(0));
    note(&mut states);
    for (call, tree) in &states {
        tree.write(&place.0).unwrap();
        finish(&place);
        assert_same(&outcome(&place.0), &expected, &format!("no power at call {call}"));
    }
    states.len()
}

#[test]
fn without_power_at_any_call() {
    println!("proven: no power in {:?} states of the disk", [cut(true), cut(false)]);
}
