//! Runs the program and compares what it wrote with kept text.

// Each test file is a program of its own and uses what it needs.
#![allow(dead_code, unreachable_pub, clippy::format_push_string)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// What a run of the program gave.
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// Runs the program in the repository's root, so that names in its output are the same everywhere.
pub fn ras(arguments: &[&str]) -> Run {
    ras_with_input(arguments, b"")
}

/// Runs the program with something on its standard input.
pub fn ras_with_input(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ras"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .env_remove("NO_COLOR")
        // What devices are called on this machine is no matter of tests.
        .env("RAS_PCI_IDS", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read all: that is its right.
    let _ = child.stdin.take().unwrap().write_all(input);
    finished(child)
}

/// What a run gave, when it has ended.
pub fn finished(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap(),
    }
}

/// An empty folder of a test's own.
pub fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Inputs of the field, which are no part of this repository: where they are, if they lie beside it.
pub fn field(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/field").join(name);
    if !path.exists() {
        eprintln!("NOT TRIED: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// The objects that `ras decode --format json` writes.
pub fn ras_json(files: &[&str]) -> Vec<Value> {
    let run = ras(&[&["decode", "--format", "json"], files].concat());
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A captured file, by its name from the repository's root.
pub fn data(name: &str) -> String {
    format!("examples/data/{name}")
}

/// Where that file is.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(data(name))
}

/// The captured files of a folder with this ending, sorted.
pub fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(&format!(".{ending}")))
        .map(|name| format!("{folder}/{name}"))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{folder}/*.{ending}");
    names
}

/// Compares a text with the one kept under this name.
pub fn expect(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/expected").join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if kept != text {
        let differing = kept.lines().zip(text.lines()).position(|(kept, text)| kept != text);
        let line = differing.unwrap_or_else(|| kept.lines().count().min(text.lines().count()));
        panic!(
            "tests/expected/{name} differs from line {} on:\n  kept    {:?}\n  written {:?}\nUPDATE_EXPECTED=1 keeps what is written",
            line + 1,
            kept.lines().nth(line),
            text.lines().nth(line),
        );
    }
}

/// The text with kernel logs cut to their first and last lines.
pub fn shorten_logs(text: &str) -> String {
    let mut out = String::new();
    let mut log: Vec<&str> = Vec::new();
    let mut in_log = false;
    for line in text.lines().chain(["\u{2500}"]) {
        let rule = line.starts_with('\u{2500}');
        if in_log && !rule && !line.is_empty() {
            log.push(line);
            continue;
        }
        let omitted = log.len().saturating_sub(4);
        for (number, line) in log.iter().enumerate() {
            if omitted < 5 || number < 2 || number >= 2 + omitted {
                out.push_str(&format!("{line}\n"));
            } else if number == 2 {
                out.push_str(&format!("({omitted} lines)\n"));
            }
        }
        log.clear();
        in_log = rule && line.contains("kernel log");
        if line != "\u{2500}" {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
