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

/// Where there is what is collected, and from where it is cleared: what plays the firmware's stores.
const STORES: &str = "sys";

/// pstore's folder, as Linux has it.
const PSTORE: &str = "sys/fs/pstore";

/// A guest's ERST, and other things that are not cleared.
const FILES: &str = "sys/files";

/// The sinks, each in a folder of its own, so that nobody puts another's name on the disk.
const JSON: &str = "json/events";
const SQLITE: &str = "sqlite/events";
const PARQUET: &str = "parquet/events";
const PROMETHEUS: &str = "prometheus/events";
/// The collector makes the folder, and the one it is in.
const ARCHIVE: &str = "archive/of/records";

/// The folder in it that says what the others were given.
const LEDGERS: &str = ".outputs";

/// Captured files, and where they are put.
const CAPTURED: [(&str, &str); 6] = [
    (FILES, "erst-images/mce-intel.img"),
    (PSTORE, "pstore/syn/dmesg-erst-1234605616436477953"),
    (PSTORE, "pstore/syn/mce-erst-1234605616436477955"),
    (PSTORE, "pstore/syn/unknown-erst-1234605616436477957"),
    (PSTORE, "efi/dmesg-efi_pstore-179536821101001"),
    (FILES, "gesb/mem-ce-ddr.gesb"),
];

/// What an earlier run put into the sinks, where they are not new.
const EARLIER: [(&str, &str); 2] = [(FILES, "erst-images/mce-amd.img"), (FILES, "gesb/pcie-ce.gesb")];

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
        let mut arguments = ["collect", "--clear"].map(str::to_owned).to_vec();
        arguments.extend([path(PSTORE), path(FILES)]);
        for (option, name) in [
            ("--root", ""),
            ("--json", JSON),
            ("--sqlite", SQLITE),
            ("--parquet", PARQUET),
            ("--prometheus", PROMETHEUS),
            ("--archive", ARCHIVE),
        ] {
            arguments.extend([option.to_owned(), path(name)]);
        }
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
    for folder in [STORES, ARCHIVE] {
        let entry = |(path, bytes): (&PathBuf, &Option<Vec<u8>>)| {
            let mut bytes = bytes.clone();
            // A ledger's lines are in the order in which the output was given the records.
            if let (true, Some(bytes)) =
                (path.components().any(|part| part.as_os_str() == LEDGERS), &mut bytes)
            {
                let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                lines.sort_unstable();
                *bytes = lines.concat();
            }
            format!("{path:?} {bytes:?}")
        };
        outcome.insert(folder.to_owned(), tree.below(folder).0.iter().map(entry).collect());
    }
    for file in [JSON, PROMETHEUS] {
        let text = fs::read_to_string(place.join(file)).unwrap();
        outcome.insert(file.to_owned(), text.lines().map(str::to_owned).collect());
    }
    let table = SerializedFileReader::new(File::open(place.join(PARQUET)).unwrap()).unwrap();
    let rows = table.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string());
    outcome.insert(PARQUET.to_owned(), rows.collect());
    outcome.insert(SQLITE.to_owned(), sqlite_rows(&place.join(SQLITE)));
    outcome.values_mut().for_each(|rows| rows.sort());
    outcome
}

/// Runs the collector to its end, once more where it says that records are bad: a store that lost its power while a
/// record was cleared from it has a wrong count, which is told, and mended with the next record that is cleared.
fn finish(place: &Place, when: &str) {
    let mut text = Vec::new();
    for _ in 0..2 {
        let run = Command::new(PROGRAM).args(place.arguments()).output().unwrap();
        if run.status.success() {
            return;
        }
        text.extend([run.stdout, run.stderr].concat());
    }
    panic!("{when}: {}", String::from_utf8_lossy(&text));
}

/// Runs the collector step by step, with something happening at a call. Tells how it ended, and for each call whether
/// it can be torn: what a store does with its own records it does as a whole.
fn run(place: &Place, at: Option<(usize, Then)>) -> (End, Vec<bool>) {
    let mut calls = Vec::new();
    let stores = place.0.join(STORES);
    let before = |call: &Call| {
        let then = at.filter(|(at, _)| *at == calls.len()).map_or(Then::Go, |(_, then)| then);
        calls.push(call.writes().is_some_and(|file| !file.starts_with(&stores)));
        then
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

/// What a run that nobody disturbs ends with, and its calls.
fn undisturbed(place: &Place, source: &Tree) -> (BTreeMap<String, Vec<String>>, Vec<bool>) {
    source.write(&place.0).unwrap();
    let (end, calls) = run(place, None);
    assert_eq!(end, End::Exit(0));
    let expected = outcome(&place.0);
    let events = source.below(STORES).0.values().flatten().count();
    for sink in [JSON, PARQUET, ARCHIVE] {
        assert!(expected[sink].len() >= events, "{sink}: {:#?}", expected[sink]);
    }
    // A second run finds nothing new.
    finish(place, "a second run");
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

/// Captured records, as they lie in what plays the firmware's stores.
fn stores(captured: &[(&str, &str)]) -> Tree {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    let mut tree = Tree::default();
    for folder in [PSTORE, FILES, "archive", "json", "sqlite", "parquet", "prometheus"] {
        let above = Path::new(folder).ancestors().filter(|above| !above.as_os_str().is_empty());
        tree.0.extend(above.map(|folder| (folder.to_owned(), None)));
    }
    for (folder, name) in captured {
        let path = Path::new(folder).join(Path::new(name).file_name().unwrap());
        tree.0.insert(path, Some(fs::read(data.join(name)).unwrap()));
    }
    tree
}

/// What there is before a run: sources, and sinks that are new or not.
fn start(place: &Place, new: bool) -> Tree {
    if new {
        return stores(&CAPTURED);
    }
    stores(&EARLIER).write(&place.0).unwrap();
    finish(place, "an earlier run");
    let mut tree = Tree::of(&place.0).unwrap();
    tree.0.extend(stores(&CAPTURED).0);
    tree
}

/// Kills the collector at every call; gives the number of times.
fn kill(new: bool) -> usize {
    let (next, kills) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = |thread: usize| {
        let place = Place::new(&format!("kill-{new}-{thread}"));
        let start = start(&place, new);
        let (expected, calls) = undisturbed(&place, &start);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(can_be_torn) = calls.get(at) else { break };
            for then in [Some(Then::Kill), can_be_torn.then_some(Then::Tear)].into_iter().flatten() {
                start.write(&place.0).unwrap();
                let (end, _) = run(&place, Some((at, then)));
                let when = format!("{then:?} at call {at}");
                assert_eq!(end, End::Signal(Signal::SIGKILL), "{when}");
                finish(&place, &when);
                assert_same(&outcome(&place.0), &expected, &when);
                kills.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
    kills.into_inner()
}

#[test]
fn killed_before_or_in_the_middle_of_any_call() {
    let kills = [kill(true), kill(false)];
    assert!(kills.iter().all(|kills| *kills >= POINTS), "{kills:?}");
    println!("proven: killed {} times with new sinks, {} with old ones", kills[0], kills[1]);
}

/// A run is killed, then the JSON file is moved away: what it did not have yet is in the next one, and what is in both is
/// what it had when the archive had not noted that yet. After a run that ended nothing is in both.
#[test]
fn rotated_after_a_kill_at_any_call() {
    let place = Place::new("rotate");
    let start = stores(&CAPTURED);
    let (expected, calls) = undisturbed(&place, &start);
    let lines = |path: &Path| -> Vec<String> {
        let text = fs::read_to_string(path).unwrap_or_default();
        // The next run would have taken an unfinished line off.
        text.split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(|line| line.trim().to_owned())
            .collect()
    };
    let json = place.0.join(JSON);
    let rotated = json.with_extension("1");
    let mut twice = 0;
    for at in 0..=calls.len() {
        start.write(&place.0).unwrap();
        let (end, _) = run(&place, Some((at, Then::Kill)));
        assert_eq!(end == End::Exit(0), at == calls.len());
        if json.exists() {
            fs::rename(&json, &rotated).unwrap();
        }
        let when = format!("rotated after a kill at call {at}");
        finish(&place, &when);
        let (before, after) = (lines(&rotated), lines(&json));
        let both = before.iter().filter(|line| after.contains(line)).count();
        assert!(end != End::Exit(0) || both == 0, "{when}: {both} lines twice");
        twice += usize::from(both > 0);
        let mut all = [before, after].concat();
        all.sort();
        all.dedup();
        assert_eq!(all, expected[JSON], "{when}");
        // From then on the archive knows.
        fs::remove_file(&json).unwrap();
        finish(&place, &when);
        assert_eq!(lines(&json), Vec::<String>::new(), "{when}");
    }
    assert!(twice < calls.len() / 4, "{twice} of {}", calls.len());
    println!("proven: rotated after {} kills, at {twice} of them lines are twice", calls.len());
}

/// Runs the collector with an eye on what is on the disk, and kills it at a call. Shows at each call, and at the end,
/// what is on it.
fn watch(
    place: &Place,
    disk: &RefCell<Disk>,
    kill: Option<usize>,
    mut tell: impl FnMut(usize, &Disk),
) -> End {
    let mut calls = 0;
    let before = |_: &Call| {
        tell(calls, &disk.borrow());
        calls += 1;
        if kill == Some(calls - 1) { Then::Kill } else { Then::Go }
    };
    let after = |call: &Call| {
        if let Some(path) = call.syncs() {
            disk.borrow_mut().sync(&path).unwrap();
        }
    };
    let end = steps::run(PROGRAM.as_ref(), &place.arguments(), before, after).unwrap();
    tell(calls, &disk.borrow());
    end
}

/// Cuts the power at every call; gives the number of different things that were on the disk.
fn cut(new: bool) -> usize {
    let place = Place::new(&format!("cut-{new}"));
    let start = start(&place, new);
    let (expected, _) = undisturbed(&place, &start);
    start.write(&place.0).unwrap();
    let disk = RefCell::new(Disk::of(&place.0, STORES).unwrap());
    let mut states: Vec<(usize, Tree)> = Vec::new();
    let end = watch(&place, &disk, None, |call, disk| {
        let tree = disk.after_power_cut().unwrap();
        // What was not synced changes nothing.
        if states.last().is_none_or(|(_, last)| *last != tree) {
            states.push((call, tree));
        }
    });
    assert_eq!(end, End::Exit(0));
    for (call, tree) in &states {
        tree.write(&place.0).unwrap();
        let when = format!("no power at call {call}");
        finish(&place, &when);
        assert_same(&outcome(&place.0), &expected, &when);
    }
    states.len()
}

#[test]
fn without_power_at_any_call() {
    let states = [cut(true), cut(false)];
    println!(
        "proven: no power in {} states of the disk with new sinks, {} with old ones",
        states[0], states[1]
    );
}

/// What a run that was killed left in memory alone, the next one must not take for granted.
#[test]
fn without_power_after_a_run_that_came_after_a_kill() {
    let place = Place::new("both");
    let start = stores(&CAPTURED);
    let (expected, calls) = undisturbed(&place, &start);
    for at in 0..calls.len() {
        start.write(&place.0).unwrap();
        let disk = RefCell::new(Disk::of(&place.0, STORES).unwrap());
        watch(&place, &disk, Some(at), |_, _| ());
        watch(&place, &disk, None, |_, _| ());
        disk.into_inner().after_power_cut().unwrap().write(&place.0).unwrap();
        let when = format!("no power after the run after a kill at call {at}");
        finish(&place, &when);
        assert_same(&outcome(&place.0), &expected, &when);
    }
    println!("proven: no power after the run after {} kills", calls.len());
}
