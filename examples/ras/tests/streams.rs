//! Standard output and standard error that cannot be written: a full disk, a pipe that nobody reads.

mod common;

use std::fs::{self, OpenOptions};
use std::process::{Command, Stdio};

use common::{Run, data, finished, folder, path, ras, text};

/// A stream that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Full,
    Closed,
}

impl From<Broken> for Stdio {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Full => OpenOptions::new().write(true).open("/dev/full").unwrap().into(),
            Broken::Closed => std::io::pipe().unwrap().1.into(),
        }
    }
}

const BROKEN: [Broken; 2] = [Broken::Full, Broken::Closed];

fn ras_to(arguments: &[&str], stdout: Stdio, stderr: Stdio) -> Run {
    let child = Command::new(env!("CARGO_BIN_EXE_ras"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .env("RAS_PCI_IDS", "/dev/null")
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .spawn()
        .unwrap();
    finished(child)
}

/// Messages that nobody can read end no run, and change nothing of what it does.
#[test]
fn a_run_goes_on_without_standard_error() {
    let (record, trace) = (data("records/syn-foreign-creator.cper"), data("rasdaemon/edac.trace.txt"));
    let (table, image) = (data("tables/BERT.bin"), data("erst-images/synbad.img"));
    let empty = folder("empty");
    let runs = [
        &["decode", "-q", "nofile", &record][..],
        &["decode", "-q", "nofile"],
        &["decode", "--raw", &record],
        &["decode", "--pci-ids", "nofile", &record],
        &["decode", "-q", text(&empty)],
        &["decode", "-q", "--severity", "fatal", &record],
        &["decode", "--format", "kernel", &image],
        &["events", "-q", "nofile", &trace],
        &["events", "-q", "--severity", "fatal", &trace],
        &["events", "--follow", "--tracefs", text(&empty)],
        &["erst", "nofile", "list"],
        &["table", "nofile"],
        &["table", &table],
        &["man", "nofile"],
        &["collect", "nofile", &record],
        &["decode", "--nothing"],
    ];
    for arguments in runs {
        let told = ras(arguments);
        assert_ne!(told.stderr, "", "{arguments:?}");
        for broken in BROKEN {
            let run = ras_to(arguments, Stdio::piped(), broken.into());
            assert_eq!((run.code, run.stdout), (told.code, told.stdout.clone()), "{arguments:?} {broken:?}");
        }
    }
    for broken in BROKEN {
        let folder = folder(&format!("collect-{broken:?}"));
        let (archive, json) = (folder.join("archive"), folder.join("events"));
        let arguments = ["collect", "--archive", text(&archive), "--json", text(&json), "nofile", &record];
        assert_eq!(ras_to(&arguments, Stdio::piped(), broken.into()).code, 2);
        assert_eq!(fs::read_to_string(&json).unwrap().lines().count(), 1, "{broken:?}");
        assert!(fs::read_dir(&archive).unwrap().any(|entry| entry.unwrap().path().is_file()), "{broken:?}");
    }
}

/// A full standard output has an exit code of its own. A reader that has gone is no failure.
#[test]
fn standard_output_fails_as_an_output_does() {
    let (image, record) = (data("erst-images/pstore-rm.img"), data("erst-images/mce-intel.img"));
    let (trace, table) = (data("rasdaemon/edac.trace.txt"), data("tables/qemu-q35-ERST.bin"));
    let runs = [
        &["decode", &record][..],
        &["events", &trace],
        &["table", &table],
        &["erst", &image, "list"],
        &["erst", &record, "read", "0x6b02986900000001"],
        &["erst", &image, "recover"],
        &["completions", "bash"],
    ];
    for arguments in runs {
        let run = ras_to(arguments, Broken::Full.into(), Stdio::piped());
        let told = "ras: standard output: No space left on device (os error 28)\n";
        assert_eq!((run.code, run.stderr.as_str()), (3, told), "{arguments:?}");
        let run = ras_to(arguments, Broken::Closed.into(), Stdio::piped());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

/// `recover` does its work even if standard output cannot be written.
#[test]
fn recovery_goes_on_without_standard_output() {
    let folder = folder("recover");
    let (cleared, image) = (folder.join("cleared"), folder.join("image"));
    let before = fs::read(path("erst-images/mce-intel.img")).unwrap();
    fs::write(&cleared, &before).unwrap();
    for id in ["0x6b02986900000002", "0x6b02986900000003"] {
        assert_eq!(ras(&["erst", text(&cleared), "clear", id]).code, 0);
    }
    for (broken, code) in BROKEN.into_iter().zip([3, 0]) {
        fs::copy(&cleared, &image).unwrap();
        let run = ras_to(&["erst", text(&image), "recover", "--in-place"], broken.into(), Stdio::piped());
        assert_eq!(run.code, code, "{}", run.stderr);
        assert!(fs::read(&image).unwrap() == before, "{broken:?}");
        let files = folder.join(format!("{broken:?}"));
        let arguments = ["erst", text(&cleared), "recover", "-o", text(&files)];
        let run = ras_to(&arguments, broken.into(), Stdio::piped());
        assert_eq!(run.code, code, "{}", run.stderr);
        assert_eq!(fs::read_dir(&files).unwrap().count(), 2, "{broken:?}");
    }
}
