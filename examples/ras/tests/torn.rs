//! Records of which not all bytes reached the store: none holds the program up or takes its memory, and each is told.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Run, data, finished, folder, path, ras, ras_json, ras_with_input, text};
use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, SectionTypeId, Severity};
use serde_json::Value;

/// Runs the program with 512 MiB of addresses and 5 seconds of a processor: what runs for ever is killed.
fn ras_within_limits(arguments: &[&str]) -> Run {
    let limited = "ulimit -v 524288 && ulimit -t 5 && exec \"$0\" \"$@\"";
    let child = Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_ras")])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    finished(child)
}

/// Bytes of a record's header, and of each section descriptor.
const HEADER: usize = 128;
const DESCRIPTOR: usize = 72;

/// The fields of a section descriptor, each with its place and length; a tear loses those that are marked.
const FIELDS: [(&str, usize, usize, bool); 11] = [
    ("offset", 0, 4, true),
    ("length", 4, 4, true),
    ("offset-and-length", 0, 8, true),
    ("revision", 8, 2, false),
    ("validation", 10, 1, false),
    ("flags", 12, 4, false),
    ("type", 16, 16, true),
    ("fru-id", 32, 16, false),
    ("severity", 48, 4, false),
    ("fru-text", 52, 20, false),
    ("all", 0, 72, true),
];

/// A fatal record of sections of these types, their bodies bytes that are neither zeros nor ones.
fn record(sections: &[(SectionTypeId, usize)]) -> Vec<u8> {
    let body: Vec<u8> = (0..1024).map(|place: u32| (place % 7 + 1) as u8).collect();
    let mut out = vec![0; 4096];
    let header = RecordHeader::new(Severity::FATAL, NotificationType::NMI).with_record_id(7);
    let mut writer = RecordWriter::for_sections(&mut out, &header, sections.len()).unwrap();
    for (section_type, length) in sections {
        let descriptor = SectionDescriptor::new(Severity::RECOVERABLE);
        writer.section_bytes(*section_type, &descriptor, &body[..*length]).unwrap();
    }
    writer.finish().unwrap().to_vec()
}

/// What a torn variant has to be: bad, or not, or either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Bad,
    Whole,
    Either,
}

/// Every torn variant of a record with so many sections.
fn variants(record: &[u8], sections: usize) -> Vec<(String, Vec<u8>, Expected)> {
    let bodies = HEADER + DESCRIPTOR * sections;
    let mut variants = Vec::new();
    // What begins like a record and has no byte more that is not text is none.
    for length in 5..record.len() {
        variants.push((format!("cut-{length:04}"), record[..length].to_vec(), Expected::Bad));
        for fill in [0, 0xff] {
            let mut filled = record.to_vec();
            filled[length..].fill(fill);
            // Where a body ends nothing tells, once some of it is there.
            let expected = if length <= bodies { Expected::Bad } else { Expected::Either };
            variants.push((format!("fill-{fill:02x}-{length:04}"), filled, expected));
        }
    }
    for section in 0..sections {
        for (name, place, length, is_bad) in FIELDS {
            let mut zeroed = record.to_vec();
            zeroed[HEADER + DESCRIPTOR * section + place..][..length].fill(0);
            let expected = if is_bad { Expected::Bad } else { Expected::Whole };
            variants.push((format!("zero-{section}-{name}"), zeroed, expected));
        }
    }
    let mut zeroed = record.to_vec();
    zeroed[HEADER..bodies].fill(0);
    variants.push(("zero-all-descriptors".into(), zeroed, Expected::Bad));
    variants
}

/// What `ras` tells of each file: how many bad parts, and the severities of the others.
fn told(lines: &str) -> BTreeMap<String, (usize, Vec<String>)> {
    let mut told: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let file = Path::new(event["source"]["file"].as_str().unwrap()).file_name().unwrap();
        let of_file = told.entry(file.to_str().unwrap().to_owned()).or_default();
        if event["kind"] == "bad" {
            of_file.0 += 1;
        } else {
            of_file.1.push(event["severity"].as_str().unwrap().to_owned());
        }
    }
    told
}

fn check(name: &str, record: &[u8], sections: usize) {
    let folder = folder(name);
    let variants = variants(record, sections);
    let files = folder.join("files");
    fs::create_dir(&files).unwrap();
    for (name, bytes, _) in &variants {
        fs::write(files.join(name), bytes).unwrap();
    }
    let whole = ras_with_input(&["decode", "--format", "json", "-"], record).stdout;
    let bad_when_whole = told(&whole).values().map(|(bad, _)| bad).sum::<usize>();
    for format in [&["--format", "json"][..], &["--format", "kernel"], &["-q"], &["-v"]] {
        let run = ras_within_limits(&[&["decode"], format, &[text(&files)]].concat());
        assert_eq!(run.code, 2, "{name}, {format:?}: {}", run.stderr);
        if format != ["--format", "json"] {
            continue;
        }
        let told = told(&run.stdout);
        for (file, _, expected) in &variants {
            let (bad, severities) = told.get(file).unwrap_or_else(|| panic!("{name}/{file} is not told"));
            match expected {
                Expected::Bad => assert!(*bad > 0, "{name}/{file} is told as whole: {severities:?}"),
                Expected::Whole => assert_eq!(*bad, bad_when_whole, "{name}/{file}"),
                Expected::Either => {}
            }
            // A header that is there counts: its record is told, and as what the header says.
            if file.starts_with("fill") && file[8..].parse::<usize>().unwrap() <= HEADER + DESCRIPTOR {
                let header_is_there = file[8..].parse::<usize>().unwrap() >= HEADER;
                assert!(!header_is_there || severities == &["fatal"], "{name}/{file}: {severities:?}");
            }
            assert!(bad + severities.len() <= 12, "{name}/{file}: {bad} bad, {severities:?}");
        }
    }
    let json = folder.join("collected.json");
    let run = ras_within_limits(&["collect", "--json", text(&json), text(&files)]);
    assert_eq!(run.code, 2, "{name}: {}", run.stderr);
    assert!(fs::read_to_string(&json).unwrap().lines().count() > variants.len() / 2);

    // In the place of Linux's device, and out of the archive again.
    let root = folder.join("root");
    fs::create_dir_all(root.join("dev")).unwrap();
    for (file, bytes, _) in variants.iter().filter(|(name, ..)| name.starts_with("zero")) {
        fs::write(root.join("dev/erst_dbg"), bytes).unwrap();
        let archive = folder.join("archive").join(file);
        let run = ras_within_limits(&["collect", "--root", text(&root), "--archive", text(&archive)]);
        assert!(matches!(run.code, 0 | 2), "{name}/{file}: {}{}", run.stdout, run.stderr);
    }
    let run = ras_within_limits(&["decode", "-q", text(&folder.join("archive"))]);
    assert_eq!(run.code, 2, "{name}: {}", run.stderr);
    assert!(run.stdout.lines().count() >= FIELDS.len() * sections, "{}", run.stdout);
}

#[test]
fn a_record_of_two_sections_torn_anywhere_is_told() {
    check("two-sections", &record(&[(SectionTypeId::MEMORY, 80), (SectionTypeId::PCIE, 208)]), 2);
}

#[test]
fn a_section_of_variable_size_torn_anywhere_is_told() {
    check("arm", &record(&[(SectionTypeId::ARM_PROCESSOR, 100), (SectionTypeId::CXL_PROTOCOL, 120)]), 2);
}

/// What stands behind a torn record is the next record, and nothing of either is lost.
#[test]
fn a_torn_record_hides_none_behind_it() {
    let whole = record(&[(SectionTypeId::MEMORY, 80), (SectionTypeId::PCIE, 208)]);
    let folder = folder("behind");
    for (name, torn, _) in variants(&whole, 2).iter().filter(|(name, ..)| name.starts_with("zero-")) {
        let file = folder.join(name);
        fs::write(&file, [torn, &whole[..]].concat()).unwrap();
        let events = ras_json(&[text(&file)]);
        let records: Vec<&Value> = events.iter().filter(|event| event["kind"] != "bad").collect();
        assert_eq!(records.len(), 2, "{name}: {events:?}");
        assert_eq!(records[1]["source"]["offset"], whole.len(), "{name}");
        assert_eq!(records[1]["sections"][0]["type"]["name"], "memory error", "{name}");
    }
}

/// A record that is cut where the next one begins takes nothing of it, wherever the cut is.
#[test]
fn a_record_that_is_cut_takes_nothing_of_the_next() {
    let whole = record(&[(SectionTypeId::MEMORY, 80), (SectionTypeId::PCIE, 208)]);
    let folder = folder("next");
    for length in 4..whole.len() {
        let file = folder.join(format!("{length}"));
        fs::write(&file, [&whole[..length], &whole, &whole].concat()).unwrap();
    }
    let mut told: BTreeMap<usize, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for event in ras_json(&[text(&folder)]) {
        let file = Path::new(event["source"]["file"].as_str().unwrap()).file_name().unwrap();
        let (good, bad) = told.entry(file.to_str().unwrap().parse().unwrap()).or_default();
        let offset = event["source"]["offset"].as_u64().unwrap() as usize;
        let list = if event["kind"] == "bad" { bad } else { good };
        list.push(offset);
        assert!(event["kind"] == "bad" || event["record_id"] == "0x0000000000000007", "{event}");
    }
    assert_eq!(told.len(), whole.len() - 4);
    for (length, (good, bad)) in told {
        // A record without a whole header is no event.
        let expected = [0, length, length + whole.len()];
        assert_eq!(good, expected[usize::from(length < HEADER)..], "cut at {length}");
        assert!(!bad.is_empty() && bad.iter().all(|offset| *offset <= length), "cut at {length}: {bad:?}");
    }
}

/// A record inside a section is that section's, however it stands there.
#[test]
fn a_record_inside_a_section_is_no_record_of_the_file() {
    let inner = record(&[(SectionTypeId::MEMORY, 80)]);
    for (before, behind) in [(0, 0), (32, 0), (32, 16)] {
        let body = [&vec![0; before], &inner[..], &vec![0; behind]].concat();
        let mut out = vec![0; 4096];
        let header = RecordHeader::new(Severity::FATAL, NotificationType::NMI).with_record_id(7);
        let mut writer = RecordWriter::for_sections(&mut out, &header, 2).unwrap();
        let descriptor = SectionDescriptor::new(Severity::RECOVERABLE);
        writer.section_bytes(SectionTypeId::MEMORY, &descriptor, &[0; 80]).unwrap();
        writer.section_bytes(SectionTypeId::FIRMWARE_ERROR_RECORD, &descriptor, &body).unwrap();
        let outer = writer.finish().unwrap().to_vec();
        let events = ras_with_input(&["decode", "--format", "json", "-"], &outer.repeat(2)).stdout;
        let offsets: Vec<Value> = events
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["source"]["offset"].clone())
            .collect();
        assert_eq!(offsets, [0, outer.len()], "{events}");
    }
}

/// Damage at the start of a store hides no record behind it.
#[test]
fn a_damaged_start_hides_no_record() {
    let whole = record(&[(SectionTypeId::MEMORY, 80)]);
    let folder = folder("start");
    fs::write(folder.join("good"), &whole).unwrap();
    let hex = |digit: u8| char::from_digit(digit.into(), 16).unwrap();
    for (name, front) in [
        ("zeros", &[0; 280][..]),
        ("erased", &[0xff; 280]),
        ("line", b"\n"),
        ("words", b"CPER and more words, of which none is a record\n"),
        ("descriptor", &whole[HEADER..]),
        ("body", &whole[HEADER + DESCRIPTOR..]),
    ] {
        let bytes = [front, &whole, &whole].concat();
        let file = folder.join(name);
        fs::write(&file, &bytes).unwrap();
        let pasted: String = bytes.iter().flat_map(|byte| [hex(byte >> 4), hex(byte & 15)]).collect();
        let of_text = ras_with_input(&["decode", "--format", "json", "-"], pasted.as_bytes()).stdout;
        let of_text: Vec<Value> = of_text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for events in [ras_json(&[text(&file)]), of_text] {
            let told: Vec<_> = events
                .iter()
                .map(|event| (event["kind"] == "bad", event["source"]["offset"].as_u64()))
                .collect();
            let place = |at: usize| Some(at as u64);
            let behind = front.len() + whole.len();
            let expected = [(true, place(0)), (false, place(front.len())), (false, place(behind))];
            assert_eq!(told, expected, "{name}");
        }
        assert_eq!(ras(&["decode", "-q", text(&file)]).code, 2, "{name}");
    }
    let run = ras(&["decode", text(&folder)]);
    assert!(run.code == 2 && !run.stdout.contains("of other kinds"), "{}", run.stdout);

    // A header that the end cuts is all that there is of a record.
    let run = ras_with_input(&["decode", "-q", "-"], &[&[0; 280], &whole[..100]].concat());
    assert!(
        run.code == 2 && run.stdout.contains("offset 0x118: record header needs 128 bytes"),
        "{}",
        run.stdout
    );
    // Signatures without a header that makes sense are no record, nor is a section that holds a record torn.
    let program = [&b"\0\0\0\0\0\0\0\0CPER\0\x01\xff\xff\xff\xff\x02\0"[..], &[0x5a; 200]].concat();
    let run = ras_with_input(&["decode", "-"], &program);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert!(!run.stderr.contains("empty"), "{}", run.stderr);
    let mut section = [&[0; DESCRIPTOR], &[0; 8][..], &whole].concat();
    section[0] = 72;
    section[4..8].copy_from_slice(&(8 + whole.len() as u32).to_le_bytes());
    section[16..32].copy_from_slice(SectionTypeId::FIRMWARE_ERROR_RECORD.raw().bytes());
    let run = ras_with_input(&["decode", "--format", "json", "-"], &section);
    let event: Value = serde_json::from_str(run.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(event["sections"][0]["type"]["name"], "firmware error record reference", "{}", run.stdout);
}

/// Signatures without records behind them cost one look each, not a look at all that follows.
#[test]
fn many_signatures_are_walked_once() {
    let folder = folder("signatures");
    let header = &record(&[(SectionTypeId::MEMORY, 80)])[..200];
    let mut torn_descriptors = header.to_vec();
    torn_descriptors[HEADER..].fill(0);
    for (name, piece) in [
        ("first", &b"CPER"[..]),
        ("both", b"CPER\0\0\xff\xff\xff\xff\0\0\0\0"),
        ("headers", header),
        ("torn-headers", &torn_descriptors),
    ] {
        let file = folder.join(name);
        fs::write(&file, [&b"CPER\0\x01"[..], &piece.repeat((1 << 18) / piece.len())].concat()).unwrap();
        let run = ras_within_limits(&["decode", "-q", text(&file)]);
        assert_eq!(run.code, 2, "{name}: {}", run.stderr);
        let run = ras_within_limits(&["collect", "--dry-run", text(&file)]);
        assert_eq!(run.code, 2, "{name}: {}", run.stderr);
    }
}

/// A machine check of which the header alone reached the store is as bad as the header says.
#[test]
fn a_header_alone_counts() {
    let folder = folder("header");
    let mut bytes = fs::read(path("records/mce-intel.01-6b02986900000001.cper")).unwrap();
    bytes[HEADER..].fill(0);
    let root = folder.join("root/dev");
    fs::create_dir_all(&root).unwrap();
    let device = root.join("erst_dbg");
    fs::write(&device, &bytes).unwrap();
    let of_device = ras(&["collect", "--root", text(&folder.join("root"))]);
    for run in [ras(&["decode", "-q", text(&device)]), of_device] {
        assert!(run.stdout.contains("BAD ") && run.stdout.contains("FATAL "), "{}", run.stdout);
        assert!(run.stdout.contains("section descriptor is all zeros"), "{}", run.stdout);
        assert!(!run.stdout.contains("RECOVERABLE") && !run.stdout.contains("unknown"), "{}", run.stdout);
        assert_eq!(run.code, 2);
    }

    let image = folder.join("torn.img");
    let mut bytes = fs::read(path("erst-images/mce-intel.img")).unwrap();
    let slot = bytes.windows(4).position(|window| window == b"CPER").unwrap();
    bytes[slot + HEADER..slot + 328].fill(0);
    fs::write(&image, bytes).unwrap();
    let list = ras(&["erst", text(&image), "list"]);
    assert!(list.code == 2 && list.stdout.contains("bad: section 0: section descriptor is all zeros"));
    let run = ras(&["decode", "-q", text(&image)]);
    assert!(run.code == 2 && run.stdout.contains("kernel panic"), "{}", run.stdout);
    assert_eq!(ras(&["erst", &data("erst-images/mce-intel.img"), "list"]).code, 0);
}

/// A section that the record ends in shows the fields whose bytes are there.
#[test]
fn a_cut_section_is_shown_as_far_as_it_goes() {
    let mut bytes =
        record(&[(SectionTypeId::PROCESSOR_GENERIC, 192), (SectionTypeId::IA32_X64_PROCESSOR, 128)]);
    let body = HEADER + 2 * DESCRIPTOR;
    bytes[body..body + 8].copy_from_slice(&0x1fff_u64.to_le_bytes());
    bytes[body + 8..body + 16].copy_from_slice(&[0, 2, 4, 0, 0, 3, 0, 0]);
    bytes[body + 16..body + 24].copy_from_slice(&0xa00f11_u64.to_le_bytes());
    let run = ras_with_input(&["decode", "-"], &bytes[..body + 116]);
    assert_eq!(run.code, 2);
    for shown in [
        "section 0: section of 192 bytes at 272 exceeds the record (388)",
        "X64 (2)",
        "level                   3",
        "0x0000000000a00f11",
        "section at 0x110, 116 bytes of 192 available",
        "section at 0x1d0, 0 bytes available",
    ] {
        assert!(run.stdout.contains(shown), "{shown}: {}", run.stdout);
    }
    // No field is shown whose bytes are not there, nor are bytes of the section told as bytes of nothing.
    assert!(!run.stdout.contains("target address"), "{}", run.stdout);
    assert!(!run.stdout.contains("are no record"), "{}", run.stdout);
    let events = ras_with_input(&["decode", "--format", "json", "-"], &bytes[..body + 116]).stdout;
    let last: Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(last["sections"][0]["fields"]["level"], 3);
    assert!(last["sections"][0]["problems"][0]["message"].as_str().unwrap().contains("exceeds"));
}

/// An entry of a status block that ends early is shown too, and zeros in the place of entries are none.
#[test]
fn entries_that_are_cut_are_shown_and_zeros_are_no_entries() {
    let mut block = Vec::new();
    for (field, value) in [(0, 0x21_u32), (4, 0), (8, 0), (12, 72 + 80 + 6400), (16, 1)] {
        assert_eq!(block.len(), field);
        block.extend(value.to_le_bytes());
    }
    let mut entry = vec![0; 72 + 80];
    entry[..16].copy_from_slice(SectionTypeId::MEMORY.raw().bytes());
    entry[16..24].copy_from_slice(&[1, 0, 0, 0, 0, 3, 0, 0]);
    entry[24..28].copy_from_slice(&80_u32.to_le_bytes());
    entry[72..74].copy_from_slice(&[2, 0]);
    entry[88..96].copy_from_slice(&0x1234_5000_u64.to_le_bytes());
    block.extend(&entry);
    block.resize(20 + 72 + 80 + 6400, 0);

    // The block says that it has two.
    let run = ras_with_input(&["decode", "-"], &block);
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(
        run.stdout.contains("1 of 2 entries in 6552 bytes of data, 6400 of them zeros"),
        "{}",
        run.stdout
    );
    block[0] = 0x11;
    let run = ras_with_input(&["decode", "-"], &block);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert_eq!(run.stdout.matches("FATAL").count(), 1, "{}", run.stdout);
    assert!(run.stdout.contains("6.2 KiB of zeros where entries can be"), "{}", run.stdout);
    assert!(!run.stdout.contains("00000000-"), "{}", run.stdout);

    block[12..16].copy_from_slice(&152_u32.to_le_bytes());
    let run = ras_with_input(&["decode", "-"], &block[..20 + 72 + 40]);
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(run.stdout.contains("status block of 172 bytes, 132 available"), "{}", run.stdout);
    assert!(run.stdout.contains("physical address        0x0000000012345000"), "{}", run.stdout);
    assert!(run.stdout.contains("section at 0x5c, 40 bytes of"), "{}", run.stdout);
}

/// A status block of one memory error at this address.
fn block(address: u64) -> Vec<u8> {
    let mut block: Vec<u8> = [0x11_u32, 0, 0, 152, 1].iter().flat_map(|value| value.to_le_bytes()).collect();
    block.resize(20 + 152, 0);
    block[20..36].copy_from_slice(SectionTypeId::MEMORY.raw().bytes());
    block[36..44].copy_from_slice(&[1, 0, 0, 0, 0, 3, 0, 0]);
    block[44] = 80;
    block[92..94].copy_from_slice(&[2, 0]);
    block[108..116].copy_from_slice(&address.to_le_bytes());
    block
}

/// The places of the blocks that `ras` tells of, the address that each shows, and the places of the bad parts.
fn blocks(bytes: &[u8]) -> (Vec<(u64, Option<String>)>, Vec<u64>) {
    let run = ras_with_input(&["decode", "--format", "json", "-"], bytes);
    let (mut found, mut bad) = (Vec::new(), Vec::new());
    for line in run.stdout.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let offset = event["source"]["offset"].as_u64().unwrap();
        let address = &event["sections"][0]["fields"]["physical_address"];
        if event["kind"] == "bad" {
            bad.push(offset);
        } else {
            found.push((offset, address.as_str().map(str::to_owned)));
        }
    }
    assert_eq!(run.code, if bad.is_empty() { 0 } else { 2 }, "{}{}", run.stdout, run.stderr);
    (found, bad)
}

/// A status block that is cut takes nothing of the next, wherever the cut is.
#[test]
fn a_block_that_is_cut_takes_nothing_of_the_next() {
    let address = |number: u64| Some(format!("{:#018x}", 0x1_0000 * number));
    for length in 1..172 {
        let torn = &block(0x2_0000)[..length];
        let bytes = [&block(0x1_0000), torn, &block(0x3_0000), &block(0x4_0000), &[0; 64]].concat();
        let (found, bad) = blocks(&bytes);
        let of_torn: Vec<_> = found.iter().filter(|(offset, _)| *offset == 172).collect();
        let others: Vec<_> = found.iter().filter(|(offset, _)| *offset != 172).cloned().collect();
        let next = 172 + length as u64;
        assert_eq!(
            others,
            [(0, address(1)), (next, address(3)), (next + 172, address(4))],
            "cut at {length}"
        );
        assert!(of_torn.iter().all(|(_, shown)| shown.is_none() || *shown == address(2)), "{of_torn:?}");
        assert_eq!(of_torn.len(), usize::from(length >= 36), "cut at {length}");
        assert!(bad.iter().any(|offset| (172..next).contains(offset)), "cut at {length}: {bad:?}");
    }
    // Also where the bytes end in the next one.
    let (found, bad) = blocks(&[&block(0x1_0000)[..100], &block(0x2_0000)[..130]].concat());
    assert_eq!(found, [(0, None), (100, address(2))]);
    assert!(bad.len() >= 2);
}

/// Bytes between blocks and behind the last one are bad, however few, and hide no block. Zeros are padding.
#[test]
fn bytes_that_are_no_block_are_told_and_hide_none() {
    let [first, second, third] = [1, 2, 3].map(|number| block(0x1_0000 * number));
    for (between, is_bad) in [(&[0xde; 24][..], true), (&[0xff], true), (&[0; 20], false), (&[0; 3], false)] {
        let step = (172 + between.len()) as u64;
        let (found, bad) = blocks(&[&first, between, &second, between, &third, between].concat());
        let offsets: Vec<u64> = found.iter().map(|(offset, _)| *offset).collect();
        assert_eq!(offsets, [0, step, 2 * step], "{between:x?}");
        let gaps = [172, 172 + step, 172 + 2 * step];
        assert_eq!(bad, if is_bad { &gaps[..] } else { &[] }, "{between:x?}");
    }
    // Junk and numbers are no block, whatever stands among them.
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut junk: Vec<u8> = (0..1 << 16).map(|place| noise() * u8::from(place % 4 == 0)).collect();
    for place in (0..junk.len() - 64).step_by(256) {
        junk[place..place + 16].copy_from_slice(SectionTypeId::MEMORY.raw().bytes());
    }
    assert_eq!(blocks(&[&first, &junk[..], &second].concat()).0.len(), 2);
}

/// A body that claims more than there is is bad, though what is there is shown.
#[test]
fn a_body_that_claims_more_than_it_has_is_bad() {
    let mut bytes = record(&[(SectionTypeId::ARM_PROCESSOR, 67)]);
    let body = HEADER + DESCRIPTOR;
    bytes[body..].fill(0);
    bytes[body + 4..body + 12].copy_from_slice(&[0x76, 0xb4, 0, 0, 0x30, 0xe3, 0xf4, 0x32]);
    let run = ras_with_input(&["decode", "-q", "-"], &bytes);
    assert!(run.code == 2 && run.stdout.contains("BAD "), "{}", run.stdout);
    assert!(run.stdout.contains("section length is 854909744, at most 67 fit"), "{}", run.stdout);
    assert!(run.stdout.contains("Arm processor error"), "{}", run.stdout);
}

/// The inputs from the field that are not this project's to keep.
#[test]
fn torn_inputs_from_the_field_are_told() {
    let Some(field) = common::field("") else { return };
    for (file, words) in [
        ("torn/hang-200.bin", &["BAD "][..]),
        ("torn/hang-280.bin", &["BAD "]),
        ("torn/hang-288.bin", &["BAD "]),
        ("torn/header-only.cper", &["BAD ", "FATAL "]),
        ("torn/header-only.img", &["BAD ", "FATAL ", "kernel panic"]),
        ("windows/amd-cut.cper", &["BAD ", "116 of 192 bytes"]),
        ("arm/claims.bin", &["BAD "]),
    ] {
        let run = ras_within_limits(&["decode", "-q", text(&field.join(file))]);
        assert_eq!(run.code, 2, "{file}: {}", run.stdout);
        for word in words {
            assert!(run.stdout.contains(word), "{file}, {word}: {}", run.stdout);
        }
        assert!(!run.stdout.contains("RECOVERABLE") || file.starts_with("arm"), "{file}: {}", run.stdout);
    }
    let run = ras(&["decode", "-q", text(&field.join("bert/declared-padding.bin"))]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 1), "{}", run.stdout);
}

/// What one section says depends on whether others have a valid field. That is found out once for all of them.
#[test]
fn many_sections_without_a_valid_field_take_linear_time() {
    let (count, body) = (16_000, [0; 80]);
    let mut block = Vec::new();
    for word in [0x10 | 1, 0, 0, count * (72 + 80), 2] {
        block.extend_from_slice(&u32::to_le_bytes(word));
    }
    let mut entry = SectionTypeId::MEMORY.raw().bytes().to_vec();
    for word in [2, 0x300, 80] {
        entry.extend_from_slice(&u32::to_le_bytes(word));
    }
    entry.resize(72, 0);
    entry.extend_from_slice(&body);
    for _ in 0..count {
        block.extend_from_slice(&entry);
    }
    let path = folder("many").join("many.gesb");
    fs::write(&path, block).unwrap();
    let run = ras_within_limits(&["decode", "-q", text(&path)]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, count as usize), "{}", run.stderr);
}

/// A machine check of which only the front reached the store is as bad in pstore's file as in the record.
#[test]
fn a_torn_machine_check_is_fatal_with_and_without_its_header() {
    let whole = fs::read(path("mce/mce-amd.mce")).unwrap();
    let folder = folder("torn-mce");
    let file = folder.join("mce-erst-7710893088750698497");
    for length in [8, 50, 71] {
        fs::write(&file, &whole[..length]).unwrap();
        let run = ras(&["decode", "-q", text(&file)]);
        assert!(run.code == 2 && run.stdout.contains("\nFATAL "), "{length}: {}", run.stdout);
    }
}

/// A compressed log that was cut is bad at each place of the cut, whatever its compression, and what came out before the
/// cut is shown.
#[test]
fn a_compressed_log_that_was_cut_is_bad() {
    let lines = (0..60).map(|n| format!("<6>[    {n}.000000] usb 1-1: new device number {}\n", n * 7));
    let log =
        format!("Panic#1 Part1\n<0>[    0.5] Kernel panic - not syncing: why\n{}", lines.collect::<String>());
    let folder = folder("compressed");
    let path = folder.join("dmesg-erst-6.enc.z");
    let stream = lz4_flex::block::compress(log.as_bytes());
    for length in (40..stream.len()).chain([stream.len()]) {
        fs::write(&path, &stream[..length]).unwrap();
        let run = ras(&["decode", "-q", text(&path)]);
        let whole = length == stream.len();
        let bad = run.stdout.contains("lz4 stream stops short after ");
        assert!(bad != whole && run.code == if whole { 0 } else { 2 }, "{length}: {}", run.stdout);
        assert!(length < 80 || run.stdout.contains("kernel panic"), "{length}: {}", run.stdout);
    }
    // More text than a record of its size ever holds: as much as is shown, and that it goes on.
    let log = format!("Panic#1 Part1\n{}", "<6>[    1.000000] the same line\n".repeat(20_000));
    let zstd = ruzstd::encoding::compress_to_vec(log.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    for stream in [lz4_flex::block::compress(log.as_bytes()), zstd] {
        fs::write(&path, &stream).unwrap();
        let run = ras(&["decode", "-q", text(&path)]);
        let room = (16 * stream.len()).max(32 << 10);
        let said = format!("text is longer than the {room} bytes given for it");
        assert!(run.stdout.contains(&said) && run.code == 2, "{}", run.stdout);
        assert!(run.stdout.contains(&format!("1 part, {} KiB", room >> 10)), "{}", run.stdout);
    }
}

/// A dump of two parts of which one is torn is not complete.
#[test]
fn a_dump_with_a_torn_part_is_not_complete() {
    let mut image = fs::read(path("erst-images/mce-intel.img")).unwrap();
    image[25576..27785].fill(0);
    let torn = folder("torn-part").join("image");
    fs::write(&torn, image).unwrap();
    let run = ras(&["decode", "-q", text(&torn)]);
    let shown = &run.stdout;
    assert!(run.code == 2 && shown.contains("kernel log, 2 parts, 1 not whole, 24 KiB"), "{shown}");
    assert!(!shown.contains("complete"), "{shown}");
}
