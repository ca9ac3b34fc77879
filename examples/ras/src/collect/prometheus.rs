//! `--prometheus`: counts for the textfile collector of Prometheus' node exporter.
//!
//! The counted records are kept beside the counts, in `FILE.events`, a line for each. Lines are only appended, and are
//! on the disk before the counts are; every run computes the counts anew from the lines, so that a crash can neither
//! lose nor double one.
//!
//! A line has fields with tabs between them: the record's key, the event's time in seconds since 1970 or `-`, three
//! fields for each error (kind, severity, component), and two for the event (kind, worst severity). A kernel log is
//! counted with its newest part, the last one in this file; the lines of its other parts have the first two fields
//! only.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::event::{Event, Grade, Kind};

use super::known::Known;
use super::replace::{self, Replacement};
use super::{Added, Collected, Key, Sink, schema};
use crate::output_files::{Readers, lock, sync_folder_of};

/// The most series with a component of their own; errors of further components are counted together as `other`. The
/// names come from firmware, and a monitoring system must cope with their number.
const SERIES: usize = 1000;

/// The words for severities.
const WORST_FIRST: [&str; 6] = ["fatal", "reserved", "recoverable", "corrected", "informational", "bad"];

/// The most bytes of lines that are held before they are appended.
const HELD: usize = 1 << 20;

/// How the counts begin.
const START: &str = "# HELP ras_";

/// The labels of a series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    kind: String,
    severity: String,
    component: String,
}

/// The errors of a series.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    count: u64,
    /// When the last one happened, in seconds since 1970.
    last: Option<i64>,
}

/// Counts that grow.
#[derive(Debug)]
pub struct Prometheus {
    path: PathBuf,
    events: File,
    /// Digests of the events that were counted.
    known: Known,
    counts: Counts,
    held: Vec<u8>,
}

/// The counts.
#[derive(Debug, Default)]
struct Counts {
    errors: BTreeMap<Labels, Tally>,
    /// Events, by kind and worst severity.
    events: BTreeMap<(String, String), u64>,
}

impl Sink for Prometheus {
    fn name(&self) -> String {
        format!("Prometheus' file {}", self.path.display())
    }

    fn add(&mut self, collected: &Collected<'_, '_>) -> anyhow::Result<Added> {
        let known = collected.records.iter().map(|record| self.known.contains(record.key.digest));
        let known = known.collect::<io::Result<Vec<bool>>>()?;
        if !known.contains(&false) {
            return Ok(Added::Known);
        }
        // A log with known parts was counted before.
        let is_counted = known.contains(&true);
        for (record, _) in
            collected.records.iter().rev().zip(known.iter().rev()).filter(|(_, known)| !**known)
        {
            self.known.insert(record.key.digest)?;
            let counted = if record.key == *collected.key && !is_counted {
                self.count(collected.event)
            } else {
                "-".into()
            };
            self.held.extend_from_slice(format!("{}\t{counted}\n", record.key).as_bytes());
        }
        if self.held.len() >= HELD {
            self.append().context("cannot keep what was counted")?;
        }
        Ok(Added::New)
    }

    fn commit(mut self: Box<Self>) -> anyhow::Result<()> {
        self.append().and_then(|()| self.events.sync_all()).context("cannot keep what was counted")?;
        self.write().context("cannot write the counts")
    }
}

/// The file beside the counts, of the counted records.
pub fn events_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(".events");
    PathBuf::from(name)
}

/// Fails if there is a file that is not of counts: it would be replaced.
fn check(path: &Path) -> io::Result<()> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut start = Vec::new();
    file.take(START.len() as u64).read_to_end(&mut start)?;
    if start.is_empty() || start == START.as_bytes() {
        return Ok(());
    }
    Err(io::Error::other(format!("it holds something else: it begins {}", start.escape_ascii())))
}

impl Prometheus {
    /// Opens the counts at this path, which need not exist. Fails if the counted records cannot be read, or if another
    /// run is counting.
    pub fn open(path: &Path, readers: Readers) -> anyhow::Result<Self> {
        Self::try_open(path, readers).context("cannot go on counting")
    }

    fn try_open(path: &Path, readers: Readers) -> io::Result<Self> {
        check(&replace::place_of(path)?)?;
        let name = events_of(path);
        let mut events = readers.open(&name)?;
        lock(&events)?;
        sync_folder_of(&name)?;

        let (mut known, mut counts) = (Known::default(), Counts::default());
        let mut whole = 0;
        let (mut reader, mut line) = (BufReader::new(&events), Vec::new());
        while reader.read_until(b'\n', &mut line)? > 0 {
            // A crash can leave part of the last line; its event was not counted then.
            let Some(event) = line.strip_suffix(b"\n") else {
                let is_ours =
                    line.iter().take(Key::TEXT).all(|byte| matches!(byte, b'-' | b'0'..=b'9' | b'a'..=b'f'));
                if whole == 0 && !is_ours {
                    return Err(io::Error::other(format!("{} has no keys of events", name.display())));
                }
                break;
            };
            let mut parts = std::str::from_utf8(event).map_err(io::Error::other)?.split('\t');
            let (key, time) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let key: Key =
                key.parse().map_err(|_| io::Error::other(format!("{key} is no key of an event")))?;
            known.insert(key.digest)?;
            counts.add(&parts.collect::<Vec<_>>(), time.parse().ok());
            whole += line.len() as u64;
            line.clear();
        }
        if events.metadata()?.len() != whole {
            events.set_len(whole)?;
        }
        events.seek(SeekFrom::Start(whole))?;
        Ok(Self { path: path.to_owned(), events, known, counts, held: Vec::new() })
    }

    /// Counts an event; the fields of its line behind the key.
    fn count(&mut self, event: &Event<'_>) -> String {
        let time = event.time.map(|time| time.calendar.unix_seconds());
        let mut fields: Vec<String> = Vec::new();
        for (place, (grade, _)) in event.lines.iter().enumerate() {
            let section = event.sections().get(place);
            if section.is_some_and(|section| section.idle) {
                continue;
            }
            let kind = section.map_or(event.kind, Kind::of_section).name;
            let component =
                section.and_then(schema::component).unwrap_or_default().replace(['\t', '\n'], " ");
            fields.extend([kind.to_owned(), severity(*grade), component]);
        }
        fields.extend([event.kind.name.to_owned(), severity(event.grade)]);
        self.counts.add(&fields, time);
        format!("{}\t{}", time.map_or("-".into(), |time| time.to_string()), fields.join("\t"))
    }

    fn append(&mut self) -> io::Result<()> {
        self.events.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        // The node exporter is another user.
        let mut counts = Replacement::of(&self.path, Readers::All)?;
        counts.write_all(self.counts.text().as_bytes())?;
        counts.commit()
    }
}

/// The word for a severity in labels.
fn severity(grade: Grade) -> String {
    match grade {
        // There are 2^32 of them.
        Grade::Reserved(_) => "reserved".into(),
        grade => grade.to_string(),
    }
}

impl Counts {
    /// Counts a line.
    fn add(&mut self, fields: &[impl AsRef<str>], time: Option<i64>) {
        let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
        let errors = fields.chunks_exact(3);
        for error in errors.clone() {
            if let [kind, severity, component] = error {
                count(&mut self.errors, [kind, severity, component], time);
            }
        }
        // Lines of older versions have no fields for the event: its worst error stands for it.
        let worst = errors.clone().min_by_key(|error| WORST_FIRST.iter().position(|word| *word == error[1]));
        if let [kind, severity] | [kind, severity, _] =
            *worst.filter(|_| errors.remainder().is_empty()).unwrap_or(errors.remainder())
        {
            *self.events.entry((kind.to_owned(), severity.to_owned())).or_default() += 1;
        }
    }

    /// The counts in Prometheus' text format.
    fn text(&self) -> String {
        let mut text = String::from(
            "# HELP ras_errors_total Errors in the records that `ras collect` found, one for each section.\n\
             # TYPE ras_errors_total counter\n",
        );
        for (labels, tally) in &self.errors {
            let _ = writeln!(text, "ras_errors_total{labels} {}", tally.count);
        }
        text.push_str(
            "# HELP ras_events_total Events that `ras collect` found, by the worst severity in each.\n\
             # TYPE ras_events_total counter\n",
        );
        for ((kind, severity), count) in &self.events {
            let _ = writeln!(text, "ras_events_total{{kind=\"{kind}\",severity=\"{severity}\"}} {count}");
        }
        text.push_str(
            "# HELP ras_last_error_timestamp_seconds When the last of them happened, where the record says it.\n\
             # TYPE ras_last_error_timestamp_seconds gauge\n",
        );
        for (labels, tally) in &self.errors {
            if let Some(last) = tally.last {
                let _ = writeln!(text, "ras_last_error_timestamp_seconds{labels} {last}");
            }
        }
        text
    }
}

fn count(series: &mut BTreeMap<Labels, Tally>, [kind, severity, component]: [&str; 3], time: Option<i64>) {
    let mut labels = Labels { kind: kind.into(), severity: severity.into(), component: component.into() };
    if series.len() >= SERIES && !series.contains_key(&labels) {
        labels.component = "other".into();
    }
    let tally = series.entry(labels).or_default();
    tally.count += 1;
    tally.last = tally.last.max(time);
}

/// `{kind="memory",…}`, escaped as the format has it.
impl std::fmt::Display for Labels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, severity, component } = self;
        let component = component.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(f, "{{kind=\"{kind}\",severity=\"{severity}\",component=\"{component}\"}}")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::collect::samples::{Folder, collected};

    /// The counts after a run over captured records.
    fn run(path: &Path, files: &[&str]) -> String {
        let mut counts = Prometheus::open(path, Readers::Owner).unwrap();
        collected(files, |event| drop(counts.add(event).unwrap()));
        Box::new(counts).commit().unwrap();
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn counts_go_on_over_runs_and_crashes() {
        let folder = Folder::new("prometheus");
        let (once, twice) = (folder.0.join("once.prom"), folder.0.join("twice.prom"));
        let all = run(&once, &["erst-images/mce-intel.img", "gesb/mem-ce-ddr.gesb"]);
        assert!(
            all.contains(
                "ras_errors_total{kind=\"machine_check\",severity=\"fatal\",component=\"CPU 0 bank 4\"} 1\n"
            ),
            "{all}"
        );

        run(&twice, &["erst-images/mce-intel.img"]);
        let events = folder.0.join("twice.prom.events");
        // A crash while an event was appended, in the middle of a character.
        let mut file = fs::OpenOptions::new().append(true).open(&events).unwrap();
        file.write_all(b"torn\t1\tmemory\tfatal\tDIMM \xc3").unwrap();
        drop(file);
        assert_eq!(run(&twice, &["gesb/mem-ce-ddr.gesb", "erst-images/mce-intel.img"]), all);
        // And one before the counts were written.
        fs::remove_file(&twice).unwrap();
        assert_eq!(run(&twice, &[]), all);
        assert_eq!(fs::read_to_string(&events).unwrap().lines().count(), 4);
    }

    #[test]
    fn files_of_older_versions_are_read() {
        let folder = Folder::new("prometheus-old");
        let path = folder.0.join("old.prom");
        let key = |number: u32| format!("75a574e3-5052-4b29-8a8e-be2c6490b89d-{number:016x}-{number:032x}");
        let lines = [
            format!("{}\t7\tmemory\tcorrected\tDIMM\tpcie\tfatal\t\n", key(1)),
            // A log, whose newest part alone was counted, and another part of it.
            format!("{}\t8\tkernel_log\tfatal\t\n", key(2)),
            format!("{}\t9\n", key(3)),
        ];
        fs::write(folder.0.join("old.prom.events"), lines.concat()).unwrap();
        let counts = run(&path, &[]);
        for line in [
            "ras_errors_total{kind=\"memory\",severity=\"corrected\",component=\"DIMM\"} 1\n",
            "ras_errors_total{kind=\"pcie\",severity=\"fatal\",component=\"\"} 1\n",
            "ras_errors_total{kind=\"kernel_log\",severity=\"fatal\",component=\"\"} 1\n",
            "ras_events_total{kind=\"pcie\",severity=\"fatal\"} 1\n",
            "ras_events_total{kind=\"kernel_log\",severity=\"fatal\"} 1\n",
        ] {
            assert!(counts.contains(line), "{line} in {counts}");
        }
        assert_eq!(counts.matches("ras_events_total{").count(), 2, "{counts}");
    }

    #[test]
    fn names_from_firmware_are_bounded_and_escaped() {
        let mut series = BTreeMap::new();
        for number in 0..SERIES + 10 {
            count(&mut series, ["memory", "corrected", &format!("\"{number}\\")], Some(1));
        }
        assert_eq!(series.len(), SERIES + 1);
        let other = Labels { kind: "memory".into(), severity: "corrected".into(), component: "other".into() };
        assert_eq!(series[&other].count, 10);
        let first = series.keys().next().unwrap();
        assert_eq!(first.to_string(), r#"{kind="memory",severity="corrected",component="\"0\\"}"#);
    }
}
