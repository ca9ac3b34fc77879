//! What goes to a pipe is the very bytes; what goes to a terminal cannot command it.

mod common;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{data, path};

fn file(name: &str, bytes: &[u8]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path.into_os_string().into_string().unwrap()
}

fn ras(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ras"));
    command.args(arguments).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.env("TERM", "xterm").env("RAS_PCI_IDS", "/dev/null").stdin(Stdio::null());
    command
}

/// What a run writes to a pipe.
fn piped(arguments: &[&str]) -> Vec<u8> {
    ras(arguments).output().unwrap().stdout
}

/// What a run writes to a terminal, and to standard error, which is none, and its exit code. `None` where there are no
/// terminals to be had.
fn on_terminal(arguments: &[&str]) -> Option<(Vec<u8>, String, i32)> {
    let Ok(pair) = nix::pty::openpty(None, None) else {
        eprintln!("NOT TESTED: this machine gives no pseudo-terminal");
        return None;
    };
    let mut command = ras(arguments);
    let mut child = command.stdout(pair.slave).stderr(Stdio::piped()).spawn().unwrap();
    // This process holds the other end no longer, or reading would never end.
    drop(command);
    let shown = read(pair.master);
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    let code = child.wait().unwrap().code().unwrap();
    Some((shown.into_bytes(), error, code))
}

/// What a terminal is given, until nothing has it open any more.
fn read(master: OwnedFd) -> String {
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    let mut master = File::from(master);
    // Linux ends a terminal with EIO.
    while let Ok(length @ 1..) = master.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8(shown).unwrap().replace("\r\n", "\n")
}

/// Logs as a machine under attack, or one that dies in the middle of a word, leaves them.
fn logs() -> Vec<(&'static str, Vec<u8>)> {
    let log = |line: &[u8]| {
        [
            b"Panic#1 Part1\n<0>[    1.000000] Kernel panic - not syncing: x ",
            line,
            b"\n<6>[    2.0] line two\nlast",
        ]
        .concat()
    };
    vec![
        ("an operating system command without an end", log(b"\x1b]0;title")),
        ("a device control string without an end", log(b"\x1bPx\x07\x1b[31mred\x1b[0m")),
        ("C1 as bytes", log(b"\x90raw\x9b31m\x9d0;pwn")),
        ("C1 as characters", log(b"\xc2\x90raw\xc2\x9b31m")),
        ("C0", log(&(0..0x20).filter(|byte| *byte != b'\n').collect::<Vec<u8>>())),
        ("all bytes", log(&(0x7f..=0xff).collect::<Vec<u8>>())),
        ("marks that turn the direction", log("\u{202e}live\u{2066}".as_bytes())),
    ]
}

/// Nothing in what a terminal gets commands it.
fn assert_harmless(shown: &[u8], what: &str) {
    let text = std::str::from_utf8(shown).unwrap_or_else(|_| panic!("{what}: {}", shown.escape_ascii()));
    let bad = text
        .chars()
        .find(|c| c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{202a}'..='\u{202e}'));
    assert_eq!(bad, None, "{what}: {text:?}");
}

#[test]
fn kernel_logs_go_to_a_pipe_as_they_are() {
    for (what, log) in logs() {
        let name = file("dmesg-erst-9", &log);
        for color in ["auto", "always", "never"] {
            let written = piped(&["--color", color, "decode", "--format", "kernel", &name]);
            assert_eq!(written, log, "{what}, {color}: {}", written.escape_ascii());
        }
    }
}

#[test]
fn kernel_logs_do_not_command_a_terminal() {
    for (number, (what, log)) in logs().into_iter().enumerate() {
        let name = file(&format!("dmesg-erst-1{number}"), &log);
        for format in ["kernel", "json", "text"] {
            let arguments = ["--color", "never", "decode", "--format", format, &name];
            let Some((shown, _, code)) = on_terminal(&arguments) else { return };
            assert_eq!(code, 0, "{what}, {format}");
            assert_harmless(&shown, &format!("{what}, {format}"));
            // All of it is there, up to its last word. JSON has what is not UTF-8 as digits.
            let text = String::from_utf8(shown).unwrap();
            let as_digits = format == "json" && std::str::from_utf8(&log).is_err();
            assert!(
                as_digits || text.contains("line two") && text.contains("last"),
                "{what}, {format}: {text:?}"
            );
        }
    }
}

/// The name of a unit has bytes of no stated encoding: the kernel prints them as they are.
#[test]
fn the_text_of_a_unit_is_printed_byte_by_byte() {
    let mut block = fs::read(path("gesb/mem-ce-ddr.gesb")).unwrap();
    block[20 + 22] |= 2;
    block[20 + 44..20 + 64].copy_from_slice(b"\x9b31mRED\x1b[2J\xb5\xff\xc3\xa9DIMM\0");
    let name = file("unit.gesb", &block);
    let line = b" fru_text: \x9b31mRED\x1b[2J\xb5\xff\xc3\xa9DIMM\n";
    let written = piped(&["decode", "--format", "kernel", &name]);
    assert!(written.windows(line.len()).any(|bytes| bytes == line), "{}", written.escape_ascii());
    for format in ["kernel", "json", "text"] {
        let Some((shown, ..)) = on_terminal(&["--color", "never", "decode", "-v", "--format", format, &name])
        else {
            return;
        };
        assert_harmless(&shown, format);
    }
    let Some((shown, ..)) = on_terminal(&["decode", "--format", "kernel", &name]) else { return };
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains(" fru_text: \\x9b31mRED\\u{1b}[2J\\xb5\\xff\u{e9}DIMM\n"), "{shown}");
}

/// Colour is in the text alone, and there only on a terminal or when it is asked for.
#[test]
fn only_text_has_colour() {
    let image = data("erst-images/syn.img");
    let Some((shown, ..)) = on_terminal(&["decode", "-q", &image]) else { return };
    assert!(shown.starts_with(b"\x1b[1m\x1b[31mFATAL"), "{}", shown.escape_ascii());
    for format in ["json", "kernel"] {
        let plain = piped(&["decode", "--format", format, &image]);
        assert!(!plain.is_empty());
        assert_eq!(piped(&["--color", "always", "decode", "--format", format, &image]), plain, "{format}");
    }
    let Some((shown, ..)) = on_terminal(&["decode", "--format", "json", &image]) else { return };
    assert_eq!(shown, piped(&["decode", "--format", "json", &image]));
}

/// What takes long says on a terminal how far it is, and leaves nothing of that there.
#[test]
fn a_long_run_says_how_far_it_is_and_leaves_nothing_behind() {
    let Ok(pair) = nix::pty::openpty(None, None) else {
        eprintln!("NOT TESTED: this machine gives no pseudo-terminal");
        return;
    };
    let mut command = ras(&["decode", "-q", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(pair.slave).spawn().unwrap();
    drop(command);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&fs::read(path("erst-images/mce-intel.img")).unwrap()).unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    drop(stdin);
    let shown = read(pair.master);
    let (before, after) = shown.rsplit_once("\r\x1b[2K").unwrap_or(("", &shown));
    assert!(before.contains(" found, 0 bad") && after.is_empty(), "{shown:?}");
    assert_eq!(common::finished(child).stdout.lines().count(), 2);
}

/// A record is binary: a terminal does not get it, and is told what to do.
#[test]
fn a_record_is_not_written_to_a_terminal() {
    let image = data("erst-images/mce-intel.img");
    let arguments = ["erst", &image, "read", "0x6b02986900000001"];
    let record = fs::read(path("records/mce-intel.01-6b02986900000001.cper")).unwrap();
    assert_eq!(piped(&arguments), record);
    let Some((shown, error, code)) = on_terminal(&arguments) else { return };
    assert_eq!((shown.as_slice(), code), (&b""[..], 1), "{}", shown.escape_ascii());
    assert!(error.contains("-o FILE"), "{error}");
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("terminal.cper");
    let arguments = [&arguments[..], &["-o", out.to_str().unwrap()]].concat();
    assert_eq!(on_terminal(&arguments).unwrap().2, 0);
    assert_eq!(fs::read(out).unwrap(), record);
}
