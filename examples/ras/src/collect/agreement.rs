//! All outputs agree on each event: severity, kind, time and headline.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use super::samples::{Folder, collected, data};
use super::{Database, Json, Key, Parquet, Prometheus, Readers, Sink};
use crate::event::{Grade, utc};
use crate::found::What;
use crate::json::Extent;
use crate::text::{Detail, Text};

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { all.extend(files(&entry)) } else { all.push(entry) }
    }
    all.sort();
    all
}

/// One output's account of an event.
#[derive(Debug, Default, PartialEq)]
struct Said {
    severity: String,
    kind: String,
    /// Seconds since 1970.
    time: Option<i64>,
    headline: String,
}

fn seconds(rfc3339: &str) -> i64 {
    rfc3339.parse::<jiff::Timestamp>().unwrap().as_second()
}

fn by_json(object: &Value) -> Said {
    let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
    Said {
        severity: text("severity"),
        kind: text("kind"),
        time: object["time"].as_str().map(seconds),
        headline: text("summary"),
    }
}

/// Gives every event in every file to all outputs.
#[test]
fn all_outputs_say_the_same_of_every_event() {
    let folder = Folder::new("agreement");
    let place = |name: &str| folder.0.join(name);
    let mut sinks: Vec<Box<dyn Sink>> = vec![
        Box::new(Json::open(&place("json"), Readers::Owner, Extent::default()).unwrap()),
        Box::new(Parquet::open(&place("parquet"), Readers::Owner).unwrap()),
        Box::new(Prometheus::open(&place("counts"), Readers::Owner).unwrap()),
        Box::new(Database::open(&place("db"), Readers::Owner).unwrap()),
    ];
    let mut all = files(&data());
    let field = data().join("../../../shared/field");
    if field.is_dir() {
        all.extend(files(&field));
    } else {
        eprintln!("the field's files are not beside the project: only the captured ones are compared");
    }

    let (mut lines, mut seen, mut bad) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let text = Text {
        detail: Detail::Lines,
        columns: None,
        color: false,
        prefix: |_| "",
        time: utc,
        cut_logs: false,
    };
    collected(&all, |event| {
        // A part of a log may be in another log too; that log's lines are not this one's.
        if event.records.iter().any(|record| seen.contains(&record.key.digest)) {
            return;
        }
        seen.extend(event.records.iter().map(|record| record.key.digest));
        let mut told = Vec::new();
        text.group(&mut told, "", &[event.event], false).unwrap();
        lines.insert(event.key.to_string(), String::from_utf8(told).unwrap());
        if matches!(event.event.found.what, What::Bad(_)) {
            bad.insert(event.key.to_string());
        }
        for sink in &mut sinks {
            sink.add(event).unwrap();
        }
    });
    for sink in sinks {
        sink.commit().unwrap();
    }

    let json = fs::read_to_string(place("json")).unwrap();
    let json: BTreeMap<String, Value> = json
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|object| (object["key"].as_str().unwrap().to_owned(), object))
        .collect();
    assert_eq!(json.len(), lines.len());
    let told = Expected { json: &json, bad: &bad };
    let compared = [
        in_lines(&lines, &told),
        in_parquet(&place("parquet"), &told),
        in_counts(&place("counts.events"), &told),
        in_database(&place("db"), &told),
    ];
    eprintln!("{} files; events compared in text, Parquet, Prometheus, SQLite: {compared:?}", all.len());
    assert!(compared[..3].iter().all(|number| *number >= 250) && compared[3] >= 100, "{compared:?}");
}

/// JSON's account of every event, and of the bad parts.
struct Expected<'t> {
    json: &'t BTreeMap<String, Value>,
    bad: &'t BTreeSet<String>,
}

impl Expected<'_> {
    /// JSON's account of an event that is no bad part.
    fn of(&self, key: &str) -> Option<Said> {
        (!self.bad.contains(key)).then(|| by_json(&self.json[key]))
    }
}

/// Compares with the lines for people; how many events there are.
fn in_lines(lines: &BTreeMap<String, String>, told: &Expected<'_>) -> usize {
    let mut compared = 0;
    for (key, lines) in lines {
        let Some(said) = told.of(key) else { continue };
        compared += 1;
        let grades =
            [Grade::Fatal, Grade::Recoverable, Grade::Corrected, Grade::Informational, Grade::Reserved(0)];
        // In reading order, worst first.
        let worst = ["FATAL", "UNKNOWN", "RECOVERABLE", "CORRECTED", "INFO"]
            .into_iter()
            .find(|label| lines.lines().any(|line| line.starts_with(&format!("{label} "))))
            .unwrap();
        let grade = grades.into_iter().find(|grade| grade.label() == worst).unwrap();
        let word = if worst == "UNKNOWN" { "reserved".into() } else { grade.to_string() };
        assert!(said.severity.starts_with(&word), "{key}: {said:?}\n{lines}");
        assert!(lines.contains(&said.headline), "{key}: {said:?}\n{lines}");
        let time = told.json[key]["time"].as_str();
        let shown =
            time.map_or("time not recorded".into(), |time| time.replace('T', " ").replace('Z', " UTC"));
        let has_time = lines.contains(&shown) || time.is_none() && lines.contains("cannot be read");
        assert!(has_time || said.kind == "erst_table", "{key}: {said:?}\n{lines}");
    }
    compared
}

/// Compares with the rows of the Parquet file.
fn in_parquet(path: &Path, told: &Expected<'_>) -> usize {
    let mut compared = 0;
    let table = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let mut kinds: BTreeMap<String, Vec<Said>> = BTreeMap::new();
    for row in table.get_row_iter(None).unwrap() {
        let row = row.unwrap();
        let columns: BTreeMap<&str, &Field> =
            row.get_column_iter().map(|(name, field)| (&**name, field)).collect();
        let text = |name: &str| match columns[name] {
            Field::Str(text) => text.clone(),
            _ => String::new(),
        };
        let time = match columns["time"] {
            Field::TimestampMicros(micros) => Some(micros.div_euclid(1_000_000)),
            _ => None,
        };
        let row =
            Said { severity: text("record_severity"), kind: text("kind"), time, headline: text("summary") };
        kinds.entry(text("key")).or_default().push(row);
    }
    assert_eq!(kinds.len(), told.json.len());
    for (key, rows) in &kinds {
        let Some(said) = told.of(key) else { continue };
        compared += 1;
        assert!(
            rows.iter().all(|row| (&row.severity, row.time) == (&said.severity, said.time)),
            "{said:?} {rows:?}"
        );
        assert!(rows.contains(&said), "{key}: {said:?} {rows:?}");
    }
    compared
}

/// Compares with Prometheus' counts.
fn in_counts(path: &Path, told: &Expected<'_>) -> usize {
    let mut compared = 0;
    for line in fs::read_to_string(path).unwrap().lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        // The other parts of a log have their keys alone.
        let [key, time, .., kind, severity] = parts[..] else {
            assert_eq!(parts.len(), 2, "{line}");
            continue;
        };
        let Some(said) = told.of(key) else { continue };
        compared += 1;
        assert_eq!(time.parse().ok(), said.time, "{line}");
        assert_eq!(kind, said.kind, "{line}");
        assert!(said.severity.starts_with(severity), "{line}: {said:?}");
    }
    compared
}

/// Compares the times of rows with those of events; how many there are.
fn in_database(path: &Path, told: &Expected<'_>) -> usize {
    let database = rusqlite::Connection::open(path).unwrap();
    let mut keys = database.prepare("SELECT key, table_name, row_id, time_from FROM ras_collect").unwrap();
    let rows = keys.query_map([], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, i64>(2)?,
            row.get::<_, String>(3)?,
        ))
    });
    let mut compared = 0;
    for (key, table, row, time_from) in rows.unwrap().map(Result::unwrap) {
        assert!(key.parse::<Key>().is_ok(), "{key}");
        let said = told.of(&key).unwrap();
        let time: String = database
            .query_row(&format!("SELECT timestamp FROM {table} WHERE id = ?1"), [row], |row| row.get(0))
            .unwrap();
        assert_eq!(time_from == "collected", said.time.is_none(), "{key}: {time} {said:?}");
        let known = said.time.filter(|seconds| *seconds < 200_000_000_000);
        if let Some(expected) = known {
            let time = jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%S %z", &time[..25]);
            assert_eq!(time.unwrap().to_timestamp().unwrap().as_second(), expected, "{key}");
        }
        compared += 1;
    }
    compared
}
