//! `ras decode` run on captured data: its text against kept text, its values against what kernels wrote.
//!
//! `UPDATE_EXPECTED=1 cargo test -p ras-records` writes the kept text anew.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{data, expect, files, path, ras, ras_json};
use serde_json::Value;

fn images() -> Vec<String> {
    files("erst-images", "img")
}

/// The whole text for an image; kernel logs shortened to their ends, they are compared byte by byte elsewhere.
#[test]
fn every_image_reads_as_it_did() {
    for image in images() {
        let run = ras(&["decode", &data(&image)]);
        let text = common::shorten_logs(&run.stdout);
        let name = Path::new(&image).file_stem().unwrap().to_str().unwrap().to_owned();
        expect(&format!("decode-{name}.txt"), &format!("{text}exit code {}\n", run.code));
        assert_eq!(run.stderr, "", "{image}");
    }
}

#[test]
fn lines_alone_and_raw_fields() {
    let quiet = ras(&["decode", "-q", &data("erst-images/syn.img"), &data("erst-images/mce-intel.img")]);
    expect("quiet.txt", &quiet.stdout);
    let verbose = ras(&["decode", "-v", &data("records/syn-multi-section.cper")]);
    expect("verbose.txt", &verbose.stdout);
}

/// Kernel logs come out byte by byte as the kernel showed them, whatever they were stored in.
#[test]
fn logs_are_those_of_the_kernel() {
    let mut compared = 0;
    for image in images() {
        let stem = Path::new(&image).file_stem().unwrap().to_str().unwrap().to_owned();
        for event in ras_json(&[&data(&image)]) {
            for section in parts_of_logs(&event) {
                let id = id(&section["record_id"]);
                // Text of a broken record is not the kernel's.
                if stem == "synbad" && section["record_id"] != "0x3000000000000006" {
                    continue;
                }
                let text = section["fields"]["text"].as_str().unwrap();
                let records = fs::read_dir(path("records")).unwrap().map(|entry| entry.unwrap().path());
                let suffix = format!("-{id:016x}.dmesg.txt");
                let kept = records.filter(|path| {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    name.starts_with(&format!("{stem}.")) && name.ends_with(&suffix)
                });
                for kept in kept {
                    assert_eq!(text, fs::read_to_string(&kept).unwrap(), "{}", kept.display());
                    compared += 1;
                }
                for folder in [format!("pstore/{stem}-list"), format!("pstore/{stem}")] {
                    let file = path(&format!("{folder}/dmesg-erst-{id}"));
                    if let Ok(kept) = fs::read_to_string(&file) {
                        assert_eq!(text, kept, "{}", file.display());
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared >= 30, "{compared} texts compared");
}

/// The pstore folder of a live machine gives what the image of its store does.
#[test]
fn a_pstore_folder_reads_like_its_store() {
    for stem in ["crash-none", "crash-none-multi", "crash-z", "crash-z-multi", "mce-intel"] {
        let texts = |arguments: &[&str]| -> Vec<String> {
            let events = ras_json(arguments);
            let parts = events.iter().flat_map(parts_of_logs);
            parts.map(|part| part["fields"]["text"].as_str().unwrap().to_owned()).collect()
        };
        let image = texts(&[&data(&format!("erst-images/{stem}.img"))]);
        assert_eq!(texts(&[&data(&format!("pstore/{stem}-list"))]), image, "{stem}");
        assert!(!image.is_empty(), "{stem}");
    }
}

#[test]
fn machine_checks_have_the_fields_the_kernel_wrote() {
    let mut compared = 0;
    for name in ["mce-intel", "mce-amd"] {
        let kept = fs::read_to_string(path(&format!("mce/{name}.fields.txt"))).unwrap();
        for source in [format!("erst-images/{name}.img"), format!("mce/{name}.mce")] {
            let events = ras_json(&[&data(&source)]);
            let event = events.iter().find(|event| event["kind"] == "machine_check").unwrap();
            let fields = &event["sections"][0]["fields"];
            for line in kept.lines() {
                let (field, value) = line.split_once('=').unwrap();
                // Padding is not told unless it holds something.
                if field == "pad" {
                    continue;
                }
                assert_eq!(id(&fields[field]), id(&Value::from(value)), "{source}: {field}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 96, "{compared} fields compared");
}

#[test]
fn the_good_record_behind_broken_ones_is_shown() {
    let run = ras(&["decode", "-q", &data("erst-images/synbad.img")]);
    assert_eq!(run.code, 2);
    let bad: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("BAD")).collect();
    assert_eq!(bad.len(), 5, "{}", run.stdout);
    for (line, slot) in bad.iter().zip(1..) {
        let (_, rest) = line.split_once(&format!("synbad.img: slot {slot}, offset 0x")).unwrap();
        let offset = u64::from_str_radix(rest.split_once(": ").unwrap().0, 16).unwrap();
        assert_eq!(offset / 0x2000, slot, "{line}");
    }
    assert!(run.stdout.contains("kernel log: last good one"), "{}", run.stdout);
}

/// What the kernel printed of each status block says the same as the fields.
#[test]
fn status_blocks_have_the_values_the_kernel_printed() {
    let mut compared = 0;
    for block in files("gesb", "gesb") {
        let printed = fs::read_to_string(path(&block.replace(".gesb", ".txt"))).unwrap();
        let events = ras_json(&[&data(&block)]);
        let event = events.iter().find(|event| event["kind"] != "bad").unwrap();
        let severity = printed.lines().find_map(|line| line.strip_prefix("event severity: ")).unwrap();
        assert_eq!(event["severity"], severity.replace("info", "informational"), "{block}");
        let mut sections = event["sections"].as_array().unwrap().iter();
        let mut fields = &Value::Null;
        for line in printed.lines().map(str::trim) {
            if line.starts_with("section_type:") || line.starts_with("section type:") {
                fields = &sections.next().unwrap()["fields"];
            }
            for (name, value) in printed_values(line) {
                let names: &[&str] = match name {
                    "error_type" => &["memory_error_type", "processor_error_type"],
                    "IP" => &["instruction_ip"],
                    "version_info" => &["cpu_version_info"],
                    "slot" => &["slot_number"],
                    other => &[other],
                };
                let told = names.iter().find_map(|name| find(fields, name).and_then(number));
                // The kernel's own words for what it makes up, and structures this table does not go into.
                if let Some(told) = told {
                    assert_eq!(told, value, "{block}: {line}");
                    compared += 1;
                }
            }
        }
        assert!(sections.next().is_none(), "{block}");
    }
    assert!(compared >= 150, "{compared} values compared");
}

/// `node:1 card:2`, `physical_address: 0x10080040`, `vendor_id: 0x1b36, device_id: 0x0012`.
fn printed_values(line: &str) -> Vec<(&str, u64)> {
    let mut values = Vec::new();
    let words: Vec<&str> = line.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    for (place, word) in words.iter().enumerate() {
        let (name, value) = match word.split_once(':') {
            Some((name, "")) => (name, words.get(place + 1).copied().unwrap_or("")),
            Some((name, value)) => (name, value),
            None => continue,
        };
        let parsed = match value.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => value.parse().ok(),
        };
        values.extend(parsed.map(|value| (name, value)));
    }
    values
}

/// The first field of this name, at any depth; of structures the whole value.
fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let map = value.as_object()?;
    map.get(name).or_else(|| map.values().find_map(|inner| find(inner, name)))
}

/// The number that a field is, be it a plain one, in hex, or a code or set of flags.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        },
        Value::Object(map) => number(map.get("value")?),
        _ => None,
    }
}

/// The parts of logs among an event's sections.
fn parts_of_logs(event: &Value) -> Vec<Value> {
    match event["kind"].as_str() {
        Some("kernel_log") => event["sections"].as_array().unwrap().clone(),
        _ => Vec::new(),
    }
}

/// A number, the number that a text in hex is, or the number of a code that has a name.
fn id(value: &Value) -> u64 {
    match value {
        Value::Number(number) => number.as_u64().unwrap(),
        Value::String(text) => match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).unwrap(),
            None => text.parse().unwrap(),
        },
        Value::Object(code) => id(&code["value"]),
        other => panic!("{other} is no number"),
    }
}

/// The kernel's own lines: a log byte by byte, a machine check as it was printed, without the times in front.
#[test]
fn kernel_format_gives_the_lines_of_linux() {
    let run = ras(&["decode", "--format", "kernel", &data("records/syn-dmesg.cper")]);
    assert_eq!(run.stdout, fs::read_to_string(path("records/syn-dmesg.txt")).unwrap());
    let run = ras(&["decode", "--format", "kernel", &data("mce/mce-intel.mce")]);
    let printed = fs::read_to_string(path("mce/mce-intel.kernel.txt")).unwrap();
    let lines: Vec<&str> = run.stdout.lines().map(str::trim_end).collect();
    assert!(lines.len() >= 5, "{}", run.stdout);
    for line in printed.lines() {
        let line = line.split_once("] ").unwrap().1.split(" {").next().unwrap().trim_end();
        assert!(lines.contains(&line), "{line}\n{}", run.stdout);
    }
}

/// Status blocks in the lines that a kernel printed for them.
#[test]
fn kernel_format_gives_what_linux_printed_of_status_blocks() {
    for name in ["mem-full-v23", "recoverable-mem", "generic-proc", "unknown"] {
        let run = ras(&["decode", "--format", "kernel", &data(&format!("gesb/{name}.gesb"))]);
        let printed = fs::read_to_string(path(&format!("gesb/{name}.txt"))).unwrap();
        let printed: Vec<&str> = printed.lines().filter(|line| !line.starts_with("CPERPRINT")).collect();
        assert_eq!(run.stdout.lines().collect::<Vec<_>>(), printed, "{name}");
    }
}

/// A good table is accepted and listed; a broken one is told what is wrong.
#[test]
fn tables_are_checked() {
    let run = ras(&["table", &data("tables/qemu-q35-ERST.bin")]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    expect("table-qemu.txt", &run.stdout);
    let mut bytes = fs::read(path("tables/qemu-q35-ERST.bin")).unwrap();
    bytes[9] ^= 1;
    let broken = common::ras_with_input(&["table", "-"], &bytes);
    assert!(broken.code == 2 && broken.stdout.contains("checksum"), "{}{}", broken.stdout, broken.stderr);
    assert_eq!(ras(&["table", &data("tables/BERT.bin")]).code, 1);
}

/// With `--raw` an object has the record's own bytes: they are read as the same object, but for where they are.
#[test]
fn a_raw_object_needs_no_second_file() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut count = 0;
    let files = [files("gesb", "gesb"), files("records", "cper"), files("mce", "mce")].concat();
    let mut names: Vec<String> = files.iter().map(|file| data(file)).collect();
    names.push(data("erst-images/erstdbg.img"));
    for name in names {
        let run = ras(&["decode", "--format", "json", "--raw", &name]);
        for line in run.stdout.lines() {
            let mut object: Value = serde_json::from_str(line).unwrap();
            if object["kind"] == "bad" {
                continue;
            }
            let members = object.as_object_mut().unwrap();
            // Each part of a log is a record.
            let bytes = members.remove("bytes").unwrap_or_else(|| members["sections"][0]["bytes"].clone());
            let digits = bytes.as_str().unwrap_or_else(|| panic!("{name}: {line}"));
            let bytes: Vec<u8> = (0..digits.len() / 2)
                .map(|place| u8::from_str_radix(&digits[2 * place..][..2], 16).unwrap())
                .collect();
            let path = folder.join(format!("raw.{count}"));
            fs::write(&path, bytes).unwrap();
            let again = ras(&["decode", "--format", "json", "--raw", path.to_str().unwrap()]).stdout;
            let again = again.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let mut again = again.filter(|object| object["kind"] != "bad");
            let mut again = again.next().unwrap_or_else(|| panic!("{name}: {line}"));
            again.as_object_mut().unwrap().remove("bytes");
            for object in [&mut object, &mut again] {
                object["source"] = Value::Null;
                for section in object["sections"].as_array_mut().unwrap() {
                    section.as_object_mut().unwrap().remove("source");
                    // Where a problem is in its file.
                    section.as_object_mut().unwrap().remove("problems");
                }
            }
            assert_eq!(again["sections"][0], object["sections"][0], "{name}");
            if object["kind"] != "kernel_log" {
                assert_eq!(again, object, "{name}");
            }
            count += 1;
        }
    }
    assert!(count > 50, "{count}");
}
