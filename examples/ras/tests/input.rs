//! `ras decode` on everything that is not a good file with a good name: other forms, other sources, bad bytes.

mod common;

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{data, folder, path, ras, ras_with_input};

fn file(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path.into_os_string().into_string().unwrap()
}

fn record() -> Vec<u8> {
    fs::read(path("records/syn-foreign-creator.cper")).unwrap()
}

const SUMMARY: &str = "RECOVERABLE  memory (node 1, card 2, module 3, rank 1, bank 4, device 5, row 4660, column 86, bit 7): \
                       single-bit ECC";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[test]
fn standard_input_and_pasted_text() {
    let line = |(number, chunk): (usize, &[u8])| {
        let groups: Vec<String> = chunk.chunks(2).map(hex).collect();
        format!("{:08x}: {:39}  text\n", number * 16, groups.join(" "))
    };
    let xxd = record().chunks(16).enumerate().map(line).collect::<Vec<_>>().concat();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, record());
    for input in [record(), hex(&record()).into_bytes(), xxd.into_bytes(), base64.into_bytes()] {
        let run = ras_with_input(&["decode", "-q", "-"], &input);
        assert!(run.stdout.starts_with(SUMMARY), "{}{}", run.stdout, run.stderr);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    }
}

#[test]
fn what_is_nothing_is_refused_with_its_reason() {
    let folder = folder("nothing");
    let cases: [(&str, &[u8], &str); 6] = [
        ("empty", b"", "empty, 0 bytes"),
        ("zeros", &[0; 4096], "offset 0: 00 00 00 00 00 00 00 00"),
        (
            "elf",
            b"\x7fELF\x02\x01\x01\x00rest",
            "offset 0: 7f 45 4c 46 02 01 01 00 (\"\\x7fELF\\x02\\x01\\x01\\x00\"): no record",
        ),
        (
            "prose",
            b"CPER is a format of records of hardware errors, defined by UEFI.\n",
            "offset 0: 43 50 45 52 20 69 73 20",
        ),
        (
            "kernel",
            b"[    2.554984] mce: [Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 4: be00000000000135\n",
            "text; line 1 is neither hex nor base64",
        ),
        ("table", b"ERST\x30\x00\x00\x00", "offset 0: the table needs 48 bytes, 8 available"),
    ];
    for (name, bytes, reason) in cases {
        let file = file(&folder, name, bytes);
        let run = ras(&["decode", &file]);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{name}");
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        assert!(
            run.stderr.starts_with(&format!("ras: {file}: ")) && run.stderr.contains(reason),
            "{}",
            run.stderr
        );
    }
    let missing = folder.join("missing").into_os_string().into_string().unwrap();
    let run = ras(&["decode", &missing]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (1, format!("ras: {missing}: No such file or directory (os error 2)\n").as_str())
    );
}

/// Something that cannot be read does not keep the rest from being shown.
#[test]
fn what_is_good_is_shown_beside_what_is_not() {
    let folder = folder("mixed");
    let empty = file(&folder, "empty", b"");
    let good = file(&folder, "good", &record());
    let run = ras(&["decode", "-q", &empty, &good]);
    assert!(run.stdout.starts_with(SUMMARY), "{}", run.stdout);
    assert_eq!(run.code, 2);
    // In a folder other files are expected.
    let run = ras(&["decode", folder.to_str().unwrap()]);
    assert!(run.stdout.contains("1 file of other kinds left out."), "{}", run.stdout);
    assert_eq!(run.code, 0);
    let run = ras(&["decode", "-q", self::folder("bare").to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
}

/// Every way to cut or bend a record: a reason in a line with file, offset and value; never more than bounded output.
#[test]
fn broken_records_are_told_with_offset_and_value() {
    let folder = folder("broken");
    let with = |offset: usize, value: &[u8]| {
        let mut bytes = record();
        bytes[offset..offset + value.len()].copy_from_slice(value);
        bytes
    };
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("cut-header", record()[..100].to_vec(), "offset 0x0: record header needs 128 bytes, 100 available"),
        (
            "cut-body",
            record()[..240].to_vec(),
            "offset 0x80: section 0: section of 80 bytes at 200 exceeds the record (240)",
        ),
        ("short", with(20, &[100, 0, 0, 0]), "offset 0x14: record length 100 is less than its header's 128"),
        (
            "long",
            with(20, &[0, 0, 1, 0]),
            "offset 0x14: record length 65536 exceeds the bytes there are (280)",
        ),
        ("no-section", with(10, &[0, 0]), "offset 0xa: section count 0, at least 1 expected"),
        ("many-sections", with(10, &[0xff, 0xff]), "section descriptor needs 72 bytes"),
        (
            "outside",
            with(128, &[0, 0, 0, 0x10]),
            "offset 0x80: section 0: section of 80 bytes at 268435456 exceeds the record (280)",
        ),
        (
            "small-body",
            with(132, &[40, 0, 0, 0]),
            "offset 0xc8: section 0: memory error needs 73 bytes, 40 available",
        ),
    ];
    for (name, bytes, reason) in cases {
        let file = file(&folder, name, &bytes);
        let run = ras(&["decode", "-q", &file]);
        let bad = run.stdout.lines().find(|line| line.contains(reason));
        assert!(
            bad.is_some_and(|line| line.starts_with(&format!("BAD          {file}: "))),
            "{name}: {}",
            run.stdout
        );
        assert_eq!(run.code, 2, "{name}");
        assert!(run.stdout.len() < 4096, "{name}: {} bytes", run.stdout.len());
    }
}

/// A wrong length in one record does not hide those behind it.
#[test]
fn records_behind_a_broken_one_are_found() {
    let folder = folder("behind");
    let mut long = record();
    long[20..24].copy_from_slice(&0x0100_0000_u32.to_le_bytes());
    let mut covering = record();
    covering[20..24].copy_from_slice(&500_u32.to_le_bytes());
    let mut short = record();
    short[20..24].copy_from_slice(&100_u32.to_le_bytes());
    let mut unsigned = record();
    unsigned[0] = b'X';
    for (name, broken) in [("long", long), ("covering", covering), ("short", short), ("unsigned", unsigned)] {
        let bytes = [record(), broken, record(), vec![0xff; 40], record()].concat();
        let file = file(&folder, name, &bytes);
        let run = ras(&["decode", "-q", &file]);
        let good = run.stdout.lines().filter(|line| line.starts_with(SUMMARY)).count();
        assert!(good >= 3, "{name}: {}", run.stdout);
        assert_eq!(
            run.stdout.lines().filter(|line| line.starts_with("BAD")).count(),
            1,
            "{name}: {}",
            run.stdout
        );
        assert_eq!(run.code, 2);
    }
}

/// Every prefix of an image and of a record ends with a code and no panic.
#[test]
fn every_truncation_is_survived() {
    let folder = folder("truncated");
    let image = fs::read(path("erst-images/mce-intel.img")).unwrap();
    let lengths = (0..300).step_by(7).chain((300..image.len()).step_by(3001));
    for length in lengths {
        let name = file(&folder, "cut.img", &image[..length]);
        let run = ras(&["decode", "-q", &name]);
        assert!((0..=2).contains(&run.code) && !run.stderr.contains("panicked"), "{length}: {}", run.stderr);
    }
    let record = record();
    for length in 0..record.len() {
        let run = ras_with_input(&["decode", "-q", "-"], &record[..length]);
        assert!((1..=2).contains(&run.code) && !run.stderr.contains("panicked"), "{length}: {}", run.stderr);
    }
}

/// A store of 2 GiB, nearly all of it a hole: read at once, in little memory.
#[cfg(target_os = "linux")]
#[test]
fn a_sparse_store_of_two_gibibytes_takes_little_memory() {
    let folder = folder("sparse");
    let image = fs::read(path("erst-images/mce-intel.img")).unwrap();
    let (slot, size) = (8192_u64, 2_u64 << 30);
    // The map takes 8 bytes a slot: it ends in slot 256, and records begin behind it.
    let first = (24 + size / slot * 8).div_ceil(slot);
    let name = folder.join("large.img");
    let mut out = fs::File::create(&name).unwrap();
    out.set_len(size).unwrap();
    let mut header = image[..24].to_vec();
    header[12..16].copy_from_slice(&((first * slot) as u32).to_le_bytes());
    out.write_all(&header).unwrap();
    for (number, place) in [first, first + 1, size / slot - 1].into_iter().enumerate() {
        let from = (number + 1) * slot as usize;
        out.seek(SeekFrom::Start(24 + 8 * place)).unwrap();
        out.write_all(&image[from + 96..from + 104]).unwrap();
        out.seek(SeekFrom::Start(place * slot)).unwrap();
        out.write_all(&image[from..from + slot as usize]).unwrap();
    }
    drop(out);
    let zeros = folder.join("zeros");
    fs::File::create(&zeros).unwrap().set_len(size).unwrap();
    let records = folder.join("records");
    let mut out = fs::File::create(&records).unwrap();
    out.write_all(&record()).unwrap();
    out.set_len(size).unwrap();

    for (name, code, lines) in [(&name, 0, 2), (&zeros, 1, 0), (&records, 0, 1)] {
        let (run, peak) = watched(name);
        assert_eq!((run.code, run.stdout.lines().count()), (code, lines), "{}{}", run.stdout, run.stderr);
        assert!((1..96 << 10).contains(&peak), "{}: {peak} KiB", name.display());
    }
    fs::remove_dir_all(&folder).unwrap();
}

/// A run, and the most memory in KiB that it had at once, as the kernel counted it.
#[cfg(target_os = "linux")]
fn watched(file: &Path) -> (common::Run, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ras"))
        .args(["decode", "-q"])
        .arg(file)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut peak = 0;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let value = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        peak = peak.max(value.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    (common::finished(child), peak)
}

#[test]
fn cleared_records_are_counted_and_shown_when_asked_for() {
    let image = data("erst-images/pstore-rm.img");
    let plain = ras(&["decode", &image]);
    assert!(plain.stdout.contains("part 1 missing"), "{}", plain.stdout);
    assert!(
        plain.stdout.ends_with("1 cleared record is still there: --cleared shows it.\n"),
        "{}",
        plain.stdout
    );
    let all = ras(&["decode", "--cleared", &image]);
    assert!(all.stdout.contains("kernel panic: Fatal machine check"), "{}", all.stdout);
    assert!(all.stdout.contains("2 parts, complete"), "{}", all.stdout);
}

#[test]
fn usage_errors_and_help() {
    for arguments in [&[][..], &["decode"], &["decode", "--no-such-option"], &["decode", "-q", "-v", "x"]] {
        let run = ras(arguments);
        assert_eq!(run.code, 1, "{arguments:?}");
    }
    assert_eq!(ras(&["--version"]).code, 0);
}

/// The help of every command fits on a terminal of 80 columns and 24 rows, with the prompt behind it, and has examples that
/// work.
#[test]
fn help_fits_a_screen_and_its_examples_work() {
    let of_erst = ["list", "read", "write", "clear", "recover"].map(|action| ["erst", "guest.img", action]);
    let all =
        [&[][..], &["decode"], &["events"], &["collect"], &["table"], &["erst"], &["man"], &["completions"]];
    for command in all.into_iter().chain(of_erst.iter().map(|command| &command[..])) {
        for help in ["--help", "-h"] {
            let run = ras(&[command, &[help]].concat());
            assert_eq!(run.code, 0);
            let help = run.stdout;
            assert!(help.lines().count() <= 23, "{} lines: {help}", help.lines().count());
            assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
            let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  ras ")).collect();
            assert!(examples.len() >= if command.len() < 2 { 2 } else { 1 }, "{help}");
            for example in examples.iter().filter(|example| example.contains("examples/data")) {
                let example = example.split(['|', '>']).next().unwrap();
                let arguments: Vec<&str> = example.split_whitespace().collect();
                // Some write bytes.
                let mut command = Command::new(env!("CARGO_BIN_EXE_ras"));
                command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).args(arguments);
                assert_eq!(command.output().unwrap().status.code(), Some(0), "{example}");
            }
        }
    }
}

/// Colour is for severity alone and for terminals alone, unless it is asked for.
#[test]
fn colour_only_where_wanted() {
    let image = data("erst-images/syn.img");
    assert!(!ras(&["decode", &image]).stdout.contains('\x1b'));
    let always = ras(&["--color", "always", "decode", "-q", &image]).stdout;
    let first = always.lines().next().unwrap();
    assert!(first.starts_with("\x1b[1m\x1b[31mFATAL"), "{first:?}");
    assert!(!first.split_once("\x1b[0m").unwrap().1.contains('\x1b'), "{first:?}");
    assert!(!ras(&["--color", "never", "decode", "-q", &image]).stdout.contains('\x1b'));
}

/// What the names of files hold is shown, never obeyed.
#[test]
fn names_do_not_command_the_terminal() {
    let folder = folder("names");
    let name = file(&folder, "a\x1b[31m\n", b"");
    let run = ras(&["decode", &name]);
    assert!(
        run.stderr.contains("a\\u{1b}[31m\\n: empty") && !run.stderr.contains('\x1b'),
        "{:?}",
        run.stderr
    );
}

/// The text that systemd-pstore joins is read unless the files beside it have all of it.
#[test]
fn a_joined_log_is_left_out_for_its_parts_alone() {
    let part = |number: u32| format!("Panic#1 Part{number}\n<0>[{number}.0] Kernel panic - not syncing: x\n");
    let name = |number: u32| format!("dmesg-efi-17000000000{number}001");
    let named = |number| format!("{}:\n{}", name(number), part(number));
    let read = |folder: &Path| {
        let events = common::ras_json(&[folder.to_str().unwrap()]);
        let files = events.iter().map(|event| event["source"]["file"].as_str().unwrap().to_owned());
        files.map(|file| file.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let folder = |number: usize| folder(&format!("joined-{number}"));
    // (The text, the other files, whether the text is read.)
    let cases = [
        (part(1), vec![("dmesg-notes".into(), "x".into())], true),
        (part(1), vec![("dmesg-notes".into(), part(1))], false),
        (part(1), vec![(name(1), String::new())], true),
        (named(2) + &named(1), vec![(name(1), part(1)), (name(2), part(2))], false),
        // systemd 252 and newer.
        (part(2) + &part(1), vec![(name(1), part(1)), (name(2), part(2))], false),
        (named(2) + &named(1), vec![(name(1), part(1))], true),
        (named(1), vec![(name(1), part(1) + "\0")], true),
    ];
    for (number, (joined, files, is_read)) in cases.into_iter().enumerate() {
        let folder = folder(number);
        for (name, text) in files {
            file(&folder, &name, text.as_bytes());
        }
        file(&folder, "dmesg.txt", joined.as_bytes());
        let read = read(&folder);
        assert_eq!(read.iter().any(|name| name == "dmesg.txt"), is_read, "case {number}: {read:?}");
    }
}

/// What is in a folder and not read is counted; a link to a folder, which may hold records, by its kind.
#[test]
fn what_is_not_read_in_a_folder_is_counted() {
    use std::os::unix::fs::symlink;
    let (top, other) = (folder("passed"), folder("passed-other"));
    file(&other, "record", &record());
    symlink(&other, top.join("link")).unwrap();
    let told = |command: &str| {
        let run = ras(&[command, top.to_str().unwrap()]);
        (run.code, run.stdout.lines().last().unwrap_or_default().to_owned() + &run.stderr)
    };
    let none = "ras: nothing recognised in 0 files; 1 link to a folder left out\n";
    assert_eq!(told("decode"), (1, none.into()));
    assert_eq!(told("collect"), (1, "no records; 1 link to a folder left out".into()));
    symlink(&top, top.join("circle")).unwrap();
    symlink("nowhere", top.join("dangling")).unwrap();
    assert!(Command::new("mkfifo").arg(top.join("dmesg.txt")).status().unwrap().success());
    file(&top, "note", b"no record");
    file(&other, "target", &record());
    symlink(other.join("target"), top.join("followed")).unwrap();
    let told_all = "3 files of other kinds, 2 links to folders left out";
    assert_eq!(told("decode"), (0, format!("{told_all}.")));
    let (code, line) = told("collect");
    assert!(code == 0 && line.ends_with(&format!("; {told_all}")), "{line}");
}
