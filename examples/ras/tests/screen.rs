//! What a terminal shows of a run: the answer first. A pipe gets everything, in the order of the store.

mod common;

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::{data, path, ras};
use cper::section::{MemoryError, MemoryErrorType};
use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity, Timestamp};
use nix::pty::Winsize;

/// What a run shows on a terminal of 80 columns and this many rows; `None` where there are no terminals to be had.
fn shown(rows: u16, arguments: &[&str], variables: &[(&str, &str)]) -> Option<String> {
    let size = Winsize { ws_row: rows, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    let Ok(pair) = nix::pty::openpty(Some(&size), None) else {
        eprintln!("NOT TESTED: this machine gives no pseudo-terminal");
        return None;
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_ras"));
    command.args(arguments).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    for name in ["CLICOLOR", "CLICOLOR_FORCE", "RAS_PAGER", "PAGER", "LESS"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").env("NO_COLOR", "1").env("RAS_PCI_IDS", "/dev/null").env("TZ", "UTC");
    command.envs(variables.iter().copied());
    let mut child = command.stdin(Stdio::null()).stdout(pair.slave).stderr(Stdio::piped()).spawn().unwrap();
    // This process holds the other end no longer, or reading would never end.
    drop(command);
    let (mut all, mut buffer, mut master) = (Vec::new(), [0; 4096], File::from(pair.master));
    // Linux ends a terminal with EIO.
    while let Ok(length @ 1..) = master.read(&mut buffer) {
        all.extend_from_slice(&buffer[..length]);
    }
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    child.wait().unwrap();
    let is_said = error.is_empty() || error.contains(" left out: ");
    assert!(is_said, "{arguments:?}: {error}");
    Some(String::from_utf8(all).unwrap().replace("\r\n", "\n"))
}

/// The same, through no pager.
fn screen(arguments: &[&str]) -> Option<String> {
    shown(24, &[&["--no-pager"], arguments].concat(), &[])
}

/// A file of records of one section each.
fn records(name: &str, all: &[(Severity, Option<Timestamp>, MemoryError)]) -> String {
    let mut bytes = Vec::new();
    for (number, (severity, time, memory)) in all.iter().enumerate() {
        let mut header =
            RecordHeader::new(*severity, NotificationType::CMC).with_record_id(number as u64 + 1);
        if let Some(time) = time {
            header = header.with_timestamp(*time);
        }
        let mut buffer = [0; 512];
        let mut writer = RecordWriter::new(&mut buffer, &header).unwrap();
        writer.section(&SectionDescriptor::primary(*severity), memory).unwrap();
        bytes.extend_from_slice(writer.finish().unwrap());
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path.into_os_string().into_string().unwrap()
}

fn dimm(card: u16) -> MemoryError {
    MemoryError::new().with_card(card).with_memory_error_type(MemoryErrorType::SINGLE_BIT_ECC)
}

const fn at(minute: u8) -> Timestamp {
    Timestamp::new(2026, 11, 22, 7, minute, 0)
}

#[test]
fn the_worst_event_is_the_first_and_equal_ones_are_one() {
    let corrected = |minute| (Severity::CORRECTED, Some(at(minute)), dimm(1));
    let mut all: Vec<_> = [30, 10, 59].map(corrected).into();
    all.push((Severity::CORRECTED, None, dimm(1)));
    all.push((Severity::CORRECTED, Some(at(5)), dimm(2)));
    all.push((Severity::FATAL, Some(at(40)), dimm(3).with_physical_address(0x1000)));
    let file = records("worst-first.cper", &all);
    let Some(text) = screen(&["decode", &file]) else { return };
    let events: Vec<&str> = text.split("\n\n").nth(1).unwrap().lines().collect();
    assert_eq!(
        events,
        [
            "FATAL      memory (card 3): single-bit ECC",
            "           2026-11-22 07:40:00 UTC \u{b7} address 0x1000 \u{b7} record 6",
            "CORRECTED  memory (card 1): single-bit ECC",
            "           4 times, 2026-11-22 07:10:00 UTC to 2026-11-22 07:59:00 UTC, 1",
            "           without a time",
            "CORRECTED  memory (card 2): single-bit ECC",
            "           2026-11-22 07:05:00 UTC \u{b7} record 5",
        ],
        "{text}"
    );
    // Behind the events stands the last one of those that are equal.
    assert!(text.contains("record 3 ") && !text.contains("record 1 "), "{text}");
    let last = text.lines().last().unwrap();
    assert_eq!(last, "6 records: 1 fatal memory error, 5 corrected memory errors.");
    // Alone, each event has its line.
    let lines = screen(&["decode", "-q", &file]).unwrap();
    assert_eq!(lines.matches("CORRECTED").count(), 5, "{lines}");
    assert!(lines.starts_with("FATAL"), "{lines}");
    // A pipe has the order of the store, and all of it.
    let piped = ras(&["decode", &file]).stdout;
    assert_eq!(piped.matches("single-bit ECC\n").count(), 6, "{piped}");
    assert!(piped.lines().nth(2).unwrap().starts_with("CORRECTED  memory (card 1)"), "{piped}");
    assert!(!piped.contains("times"), "{piped}");
}

/// Of a kernel log a terminal has what matters, and is told how to see the rest.
#[test]
fn a_log_is_cut_on_a_terminal_alone() {
    let image = data("erst-images/mce-intel.img");
    let Some(text) = screen(&["decode", &image]) else { return };
    let (_, log) = text.split_once("\u{2500}\u{2500} kernel log").unwrap();
    assert!(log.lines().count() < 40, "{log}");
    for wanted in
        ["[Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 4:", "Kernel panic - not syncing"]
    {
        assert!(log.contains(wanted), "{wanted}: {log}");
    }
    assert!(log.contains(" lines are shown; -v shows all)\n"), "{log}");
    for whole in [screen(&["decode", "-v", &image]).unwrap(), ras(&["decode", &image]).stdout] {
        assert!(whole.contains("Linux version 6.1.0") && !whole.contains("are shown"), "{whole}");
    }
}

/// Whatever is longer than the terminal's lines is broken between words, and hangs behind its label.
#[test]
fn lines_end_at_words_on_a_terminal() {
    let wide = |text: &str| text.lines().filter(|line| line.chars().count() > 80).count();
    let image = data("erst-images/syn.img");
    for arguments in [&["decode", &image][..], &["decode", "-q", &image]] {
        let Some(text) = screen(arguments) else { return };
        assert_eq!(wide(&text), 0, "{text}");
        assert!(text.lines().all(|line| line == line.trim_end()), "{text:?}");
        assert!(text.contains("\n             4660, column 86"), "{text}");
        // All words are there.
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let line = "4660, column 86, bit 7): single-bit ECC";
        assert!(words(&text).join(" ").contains(line), "{text}");
        assert!(wide(&ras(arguments).stdout) > 0);
    }
}

#[test]
fn what_does_not_fit_goes_through_the_pager() {
    let image = data("erst-images/mce-intel.img");
    let pager = "sed s/^/paged:/";
    let run = |rows, more: &[&str], variables: &[(&str, &str)]| {
        shown(rows, &[more, &["decode", &image]].concat(), variables)
    };
    let Some(paged) = run(24, &[], &[("RAS_PAGER", pager), ("PAGER", "false")]) else { return };
    assert!(paged.lines().all(|line| line.starts_with("paged:")), "{paged}");
    assert_eq!(paged.replace("paged:", ""), run(24, &["--no-pager"], &[("RAS_PAGER", pager)]).unwrap());
    assert_eq!(run(24, &[], &[("PAGER", pager)]).unwrap(), paged);
    // What fits does not, and needs a row for the prompt behind it.
    let rows = u16::try_from(paged.lines().count()).unwrap();
    assert!(run(rows, &[], &[("PAGER", pager)]).unwrap().starts_with("paged:"));
    assert!(!run(rows + 1, &[], &[("PAGER", pager)]).unwrap().contains("paged:"));
    // One that is not there, and none.
    for none in ["", "cat", "/no/such/pager"] {
        assert_eq!(
            run(24, &[], &[("RAS_PAGER", none), ("PAGER", pager)]).unwrap(),
            paged.replace("paged:", "")
        );
    }
    // Options of less are those of git, unless there are some.
    let options = |variables: &[(&str, &str)]| {
        let all = [&[("RAS_PAGER", "cat >/dev/null; echo $LESS")][..], variables].concat();
        run(24, &[], &all).unwrap()
    };
    assert_eq!((options(&[]), options(&[("LESS", "S")])), ("FRX\n".into(), "S\n".into()));
    // The bytes of a log too, and JSON; and nothing but a terminal.
    for format in ["kernel", "json"] {
        let text = shown(3, &["decode", "--format", format, &image], &[("PAGER", pager)]).unwrap();
        assert!(text.starts_with("paged:"), "{text}");
    }
    assert!(!ras(&["decode", &image]).stdout.contains("paged"));
}

#[test]
fn events_are_chosen_and_the_others_counted() {
    let mut all: Vec<_> = [10, 20, 30].map(|minute| (Severity::CORRECTED, Some(at(minute)), dimm(1))).into();
    all.push((Severity::FATAL, Some(at(20)), dimm(2)));
    all.push((Severity::RECOVERABLE, None, dimm(3)));
    let file = records("chosen.cper", &all);
    let run = |arguments: &[&str]| ras(&[&["decode", &file], arguments].concat());
    let chosen = |arguments: &[&str]| {
        let text = run(arguments).stdout;
        let (_, told) = text.rsplit_once("\n\n").unwrap();
        told.to_owned()
    };
    assert_eq!(
        chosen(&["--severity", "recoverable"]),
        "2 records: 1 fatal memory error, 1 recoverable memory error.\n3 events left out: 3 less severe.\n"
    );
    assert_eq!(
        chosen(&["--since", "2026-11-22T07:20:00Z", "--until", "2026-11-22 07:30:00 UTC"]),
        "3 records: 1 fatal memory error, 1 recoverable memory error, 1 corrected memory error.\n\
         2 events left out: 1 before --since, 1 not before --until. 1 event without a time is shown.\n"
    );
    assert_eq!(
        chosen(&["--since", "2026-11-23"]),
        "1 record: 1 recoverable memory error.\n\
         4 events left out: 4 before --since. 1 event without a time is shown.\n"
    );
    // Whatever goes to a program is no place to say so.
    for arguments in [&["-q"][..], &["--format", "json"]] {
        let run = run(&[arguments, &["--severity", "fatal"]].concat());
        assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
        assert_eq!(run.stderr, "ras: 4 events left out: 4 less severe.\n");
    }
    // What cannot be read is never left out, and makes the exit code.
    let bad = ras(&["decode", "-q", "--severity", "fatal", &data("erst-images/synbad.img")]);
    assert_eq!((bad.stdout.matches("BAD ").count(), bad.code), (5, 2), "{}", bad.stdout);
    let wrong = run(&["--since", "yesterday"]);
    assert!(wrong.code == 1 && wrong.stderr.contains("no date such as 2026-11-22"), "{}", wrong.stderr);
}

#[test]
fn times_are_local_on_request() {
    let file = records(
        "local.cper",
        &[(Severity::FATAL, Some(at(40)), dimm(1)), (Severity::FATAL, Some(at(10)), dimm(2))],
    );
    let Some(text) =
        shown(24, &["decode", "-q", "--local", "--since", "2026-11-22 13:00", &file], &[("TZ", "XYZ-5:30")])
    else {
        return;
    };
    assert_eq!(
        text,
        "FATAL        memory (card 1): single-bit ECC \u{b7} 2026-11-22 13:10:00 +05:30 \u{b7}\n             record 1\n"
    );
}

/// The lines of Linux are those of the kernel whose log lies beside the record.
#[test]
fn the_kernel_is_the_one_that_wrote_the_log() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("kernel-version");
    fs::create_dir_all(&folder).unwrap();
    // The kernel of 6.1 prints the registers of fatal errors alone.
    fs::copy(path("gesb/pcie-ce.gesb"), folder.join("pcie-ce.gesb")).unwrap();
    let name = folder.to_str().unwrap();
    let registers = |arguments: &[&str]| {
        let text = ras(&[&["decode", "--format", "kernel", name], arguments].concat()).stdout;
        assert!(text.contains("section_type: PCIe error"), "{text}");
        text.contains("aer_cor_status")
    };
    let log = folder.join("dmesg-erst-7710893088750698498");
    let _ = fs::remove_file(&log);
    assert!(registers(&[]));
    for (release, expected) in [("6.1.0-44-amd64", false), ("6.12.117", true)] {
        let text =
            format!("Panic#1 Part1\n<5>[    0.000000] Linux version {release} (x@y) #1\n<0>[    1.0] end\n");
        fs::write(&log, text).unwrap();
        assert_eq!(registers(&[]), expected, "{release}");
        assert!(!registers(&["--kernel", "6.1.5"]) && registers(&["--kernel", "6.12"]));
    }
    assert_eq!(ras(&["decode", "--kernel", "new", name]).code, 1);
}
