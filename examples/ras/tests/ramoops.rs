//! Memory of ramoops with a code and without, of every usual size, whole and damaged: no panic is lost, and none is shown
//! as corrected that was not. And the names and heads that pstore's files have had.

// Text is put together in memory, and a table is as long as it is.
#![allow(clippy::format_push_string, clippy::format_collect, clippy::too_many_lines)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{data, folder, ras, text};
use pstore_format::names::RecordType;
use pstore_format::ramoops::{Ecc, Layout};
use serde_json::Value;

/// A dump's text of this many bytes at most, in lines.
fn dump(why: &str, length: usize) -> String {
    let mut text = format!("{why} Part1\n<0>[  177.000001] Kernel panic - not syncing: {why} of {length}\n");
    let mut line = 0;
    while text.len() + 40 < length {
        line += 1;
        text.push_str(&format!("<4>[  178.{line:06}] what was said before\n"));
    }
    text
}

/// What `ras decode` says of files, an object a line.
fn decode(options: &[&str], files: &[&Path]) -> Vec<Value> {
    let files: Vec<&str> = files.iter().map(|path| text(path)).collect();
    let run = ras(&[&["decode", "--format", "json"], options, &*files].concat());
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A region as a kernel makes it.
#[derive(Clone)]
struct Memory {
    bytes: Vec<u8>,
    layout: Layout,
    ecc: Option<Ecc>,
}

impl Memory {
    /// Memory whose zones are in use by none, prepared by the kernel or as it was before.
    fn new(layout: Layout, ecc: u8, prepared: bool) -> Self {
        let mut memory = Self { bytes: vec![0; layout.memory_size], layout, ecc: Ecc::new(ecc) };
        let zones: Vec<_> = layout.zones().collect();
        for (kind, number, _) in zones.into_iter().filter(|_| prepared) {
            memory.write(kind, number, 0, b"");
        }
        memory
    }

    fn range(&self, kind: RecordType, number: u32) -> std::ops::Range<usize> {
        let zone = self.layout.zones().find(|(k, n, _)| (*k, *n) == (kind, number));
        zone.unwrap_or_else(|| panic!("no zone {kind} {number}")).2
    }

    /// Puts content into a zone, whose next byte would go to `start`.
    fn write(&mut self, kind: RecordType, number: u32, start: usize, content: &[u8]) {
        let range = self.range(kind, number);
        let zone = &mut self.bytes[range];
        // 6.12.7, as a kernel of that version marks its traces.
        let version = if kind == RecordType::FTRACE { 0x06_0c_07 } else { 0 };
        zone[..4].copy_from_slice(&(0x4347_4244_u32 ^ version).to_le_bytes());
        zone[4..8].copy_from_slice(&u32::try_from(start).unwrap().to_le_bytes());
        zone[8..12].copy_from_slice(&u32::try_from(content.len()).unwrap().to_le_bytes());
        zone[12..12 + content.len()].copy_from_slice(content);
        if let Some(ecc) = self.ecc {
            ecc.protect(zone).unwrap();
        }
    }

    /// Puts a dump into a zone; as much of its end as fits. Gives its text.
    fn dump(&mut self, number: u32, time: u64, text: &str) -> String {
        let room = self.range(RecordType::DMESG, number).len() - 12;
        let codes = self.ecc.map_or(0, |ecc| {
            let parity = usize::from(ecc.bytes());
            ((room - parity).div_ceil(128 + parity) + 1) * parity
        });
        let line = format!("===={time}.000042-D\n");
        let text = &text[..text.len().min(room - codes - line.len())];
        let content = format!("{line}{text}");
        self.write(RecordType::DMESG, number, content.len(), content.as_bytes());
        text.to_owned()
    }

    fn save(&self, folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, &self.bytes).unwrap();
        path
    }
}

/// The only part of a log: its text, what is said of its code, its id.
fn part(event: &Value) -> (&str, &Value, u64) {
    let fields = &event["sections"][0]["fields"];
    let id = event["record_id"].as_str().and_then(|id| id.strip_prefix("0x"));
    let id = id.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    (fields["text"].as_str().unwrap_or_default(), &fields["ecc"], id.unwrap())
}

const LENGTHS: [usize; 9] = [100, 2000, 4000, 8000, 12_000, 20_000, 30_000, 60_000, 120_000];

/// Record size by length of the first dump by code, in memory that a kernel prepared and in memory that holds nothing but
/// what was written: both dumps are there, byte by byte.
#[test]
fn no_panic_is_lost() {
    let (mut regions, mut panics) = (0, 0);
    for record_size in [0x1000, 0x2000, 0x4000, 0x8000, 0x10000, 0x20000, 0x40000] {
        let folder = folder(&format!("matrix-{record_size:x}"));
        let mut expected = Vec::new();
        for length in LENGTHS.into_iter().filter(|length| *length < 2 * record_size) {
            for ecc in [0, 1, 4, 32].into_iter().filter(|ecc| *ecc < 2 || length == 2000) {
                // The bytes that are left over are shared out among the zones, which then are no powers of two.
                let more = [(true, 0), (false, 0), (true, record_size / 2 + 6)];
                for (prepared, more) in more.into_iter().take(if length % 4000 == 0 { 3 } else { 2 }) {
                    let memory_size = 3 * record_size + 0x1000 + more;
                    let layout =
                        Layout { memory_size, record_size, console_size: 0x1000, ..Layout::default() };
                    let mut memory = Memory::new(layout, ecc, prepared);
                    let first = memory.dump(0, 1_700_000_000, &dump("Oops#1", length));
                    let second = memory.dump(1, 1_700_000_001, &dump("Panic#2", 1500));
                    let path = memory.save(&folder, &format!("{length}-{ecc}-{prepared}-{more}"));
                    expected.push((path, ecc, first, second));
                }
            }
        }
        let paths: Vec<&Path> = expected.iter().map(|(path, ..)| &**path).collect();
        let events = decode(&[], &paths);
        for (path, ecc, first, second) in &expected {
            let of = |event: &&Value| event["source"]["file"] == text(path);
            let found: Vec<&Value> = events.iter().filter(of).collect();
            let [oops, panic] = *found else {
                panic!("{} events in {}: {found:#?}", found.len(), path.display())
            };
            for (event, text, severity, id) in [(oops, first, "recoverable", 0), (panic, second, "fatal", 1)]
            {
                let (found, code, number) = part(event);
                assert_eq!((found, number, &event["severity"]), (&**text, id, &severity.into()), "{path:?}");
                let untouched = serde_json::json!({ "corrected": 0, "unrecoverable": 0, "in_doubt": false });
                let right = if *ecc == 0 { code.is_null() } else { *code == untouched };
                assert!(right, "{path:?}: {code}");
                panics += 1;
            }
            regions += 1;
        }
        fs::remove_dir_all(&folder).unwrap();
    }
    assert!(regions >= 150 && panics == 2 * regions, "{regions} regions, {panics} panics");
    println!("{regions} regions of 7 record sizes, {panics} dumps found");
}

fn small() -> Layout {
    Layout {
        memory_size: 0x6000,
        record_size: 0x1000,
        console_size: 0x1000,
        pmsg_size: 0x1000,
        ..Layout::default()
    }
}

/// Damage that a code can take is corrected, counted and said; more is left as it is, and said too.
#[test]
fn damage_is_corrected_and_counted() {
    let folder = folder("damage");
    for (ecc, most) in [(1, 8), (4, 2), (8, 4), (32, 16), (64, 32)] {
        for (what, damage) in [
            (
                "text",
                &(|zone: &mut [u8], most| (0..most).for_each(|at| zone[40 + at] ^= 0x55))
                    as &dyn Fn(&mut [u8], usize),
            ),
            ("size", &|zone, _| zone[9] ^= 0x80),
            ("signature", &|zone, _| zone[1] ^= 0x11),
        ] {
            let mut memory = Memory::new(small(), ecc, true);
            let whole = memory.dump(0, 1_700_000_000, &dump("Panic#1", 1500));
            damage(&mut memory.bytes, most);
            let path = memory.save(&folder, &format!("{what}-{ecc}"));
            let corrected = if what == "text" { most } else { 1 };
            let [event] = &*decode(&[], &[&path]) else { panic!("{what} {ecc}") };
            let (found, code, _) = part(event);
            assert_eq!((found, &event["severity"]), (&*whole, &"fatal".into()), "{what} {ecc}");
            let said = serde_json::json!({ "corrected": corrected, "unrecoverable": 0, "in_doubt": false });
            assert_eq!(*code, said, "{what} {ecc}");
            let shown = ras(&["decode", text(&path)]);
            let title = shown.stdout.lines().next().unwrap();
            let size = if corrected == 1 { "1 byte".to_owned() } else { format!("{corrected} bytes") };
            let code = if ecc == 1 { 16 } else { ecc };
            assert!(
                title.ends_with(&format!("{size} corrected by its code of {code} bytes a block")),
                "{title}"
            );
            assert!(
                shown.stdout.contains(&format!("\u{b7} {size} corrected by its code")),
                "{}",
                shown.stdout
            );
        }
    }
    let mut memory = Memory::new(small(), 1, true);
    memory.dump(0, 1_700_000_000, &dump("Panic#1", 1500));
    memory.bytes[300..320].fill(b'x');
    let path = memory.save(&folder, "too-much");
    let run = ras(&["decode", "-q", text(&path)]);
    assert!(
        run.stdout.starts_with("FATAL")
            && run.stdout.contains("0 bytes corrected by its code, 1 block beyond")
    );
}

/// One or two wrong bits in the signature of any zone lose nothing: the zone is read as what it is, and said to be bad.
/// The signature is that of another kind of zone then, of pstore/blk or of a function trace.
#[test]
fn a_signature_that_is_wrong_hides_no_zone() {
    let folder = folder("signatures");
    let console = "[    1.000000] console line\n".repeat(20);
    for prepared in [true, false] {
        let mut memory = Memory::new(small(), 0, prepared);
        memory.dump(0, 1_700_000_000, &dump("Oops#1", 700));
        memory.dump(1, 1_700_000_001, &dump("Panic#2", 700));
        memory.write(RecordType::CONSOLE, 0, 28, console.as_bytes());
        memory.write(RecordType::PMSG, 0, 10, b"user said\n");
        for (kind, number) in
            [(RecordType::DMESG, 0), (RecordType::DMESG, 1), (RecordType::CONSOLE, 0), (RecordType::PMSG, 0)]
        {
            let start = memory.range(kind, number).start;
            for bits in (0..32).step_by(5).map(|bit| 1_u32 << bit).chain([4, 6, 0x8001, 0x0006_0000]) {
                let mut memory = memory.clone();
                for (byte, bits) in memory.bytes[start..].iter_mut().zip(bits.to_le_bytes()) {
                    *byte ^= bits;
                }
                let path = memory.save(&folder, "memory");
                let layout = "record-size=4k,console-size=4k,pmsg-size=4k";
                for options in [&[][..], &["--ramoops", layout]] {
                    let run = ras(&[&["decode", "-q"], options, &[text(&path)]].concat());
                    let about = format!("{kind} {number} {bits:#x} {options:?}: {}", run.stdout);
                    let lines: Vec<&str> = run.stdout.lines().collect();
                    let (bad, whole): (Vec<&str>, Vec<&str>) =
                        lines.into_iter().partition(|line| line.starts_with("BAD"));
                    let [bad] = *bad else { panic!("{about}") };
                    let place = format!("offset {start:#x}: zone signature is {:#010x}", 0x4347_4244 ^ bits);
                    assert!(run.code == 2 && bad.contains(&place), "{about}");
                    let starts = [
                        "RECOVERABLE ",
                        "FATAL ",
                        "INFO         console log: ",
                        "INFO         user messages",
                    ];
                    let right = whole.iter().zip(starts).all(|(line, start)| line.starts_with(start));
                    assert!(right && whole.len() == starts.len(), "{about}");
                }
            }
        }
    }
}

/// Zones of pstore/blk have signatures that differ by a bit or two from that of ramoops: a console beside empty zones for
/// dumps is not damaged.
#[test]
fn a_device_of_pstore_blk_is_no_damaged_memory() {
    let folder = folder("block-device");
    let console = "[    1.000000] console line\n".repeat(20);
    let length = u32::try_from(console.len()).unwrap();
    let mut device = vec![0; 0x4000];
    device[..4].copy_from_slice(b"FBGC");
    device[4..8].copy_from_slice(&length.to_le_bytes());
    device[12..12 + console.len()].copy_from_slice(console.as_bytes());
    for start in [0x1000, 0x2000, 0x3000] {
        device[start..start + 4].copy_from_slice(b"DBGC");
    }
    let path = folder.join("device");
    fs::write(&path, device).unwrap();
    let run = ras(&["decode", text(&path)]);
    assert!(run.stdout.contains("pstore/blk device, 4 zones") && run.code == 0, "{}", run.stdout);
}

/// Without a code damage to a header loses no text: it is shown, and said to be bad.
#[test]
fn a_header_that_is_wrong_hides_no_dump() {
    let folder = folder("headers");
    for (what, at, bits) in [("signature", 1, 0x11), ("size", 10, 0x7f), ("start", 7, 0x40)] {
        for number in [0, 1] {
            let mut memory = Memory::new(small(), 0, true);
            for number in [0, 1, 2] {
                memory.dump(number, 1_700_000_000, &dump(&format!("Panic#{}", number + 1), 700));
            }
            let start = memory.range(RecordType::DMESG, number).start;
            memory.bytes[start + at] ^= bits;
            let path = memory.save(&folder, &format!("{what}-{number}"));
            let run = ras(&["decode", "-q", text(&path)]);
            let count = |label: &str| run.stdout.lines().filter(|line| line.starts_with(label)).count();
            assert_eq!(
                (count("FATAL"), count("BAD"), run.code),
                (3, 1, 2),
                "{what} {number}: {}",
                run.stdout
            );
        }
    }
}

/// Memory that had a code once, and is written without one now: what is there now is shown.
#[test]
fn an_old_code_corrects_nothing() {
    let folder = folder("old-code");
    let mut memory = Memory::new(small(), 1, true);
    memory.dump(0, 1_600_000_000, &dump("Oops#1", 900));
    memory.dump(1, 1_600_000_000, &dump("Oops#2", 900));
    memory.ecc = None;
    let now = memory.dump(0, 1_700_000_000, &dump("Panic#1", 1500));
    let path = memory.save(&folder, "rewritten");
    let events = decode(&[], &[&path]);
    let panics: Vec<_> = events.iter().filter(|event| event["severity"] == "fatal").collect();
    let [panic] = *panics else { panic!("{events:#?}") };
    assert_eq!(part(panic).0, now);
    assert!(part(panic).1.is_null() && events.len() == 2, "{events:#?}");
    // A longer dump whose header was written without a code, over a shorter one with it: both are shown, and in doubt.
    let mut memory = Memory::new(small(), 1, true);
    let longer = memory.dump(0, 1_600_000_000, &dump("Panic#1", 1500));
    memory.bytes[8..10].copy_from_slice(&1000_u16.to_le_bytes());
    memory.bytes[4..6].copy_from_slice(&1000_u16.to_le_bytes());
    let path = memory.save(&folder, "in-doubt");
    let events = decode(&[], &[&path]);
    let [corrected, stored] = &*events else { panic!("{events:#?}") };
    assert_eq!((part(corrected).0, &part(corrected).1["in_doubt"]), (&*longer, &true.into()));
    assert_eq!((part(stored).0, &part(stored).1["in_doubt"]), (&longer[..1000 - 24], &true.into()));
    let run = ras(&["decode", "-q", text(&path)]);
    assert_eq!(run.stdout.matches("in doubt: ").count(), 2, "{}", run.stdout);
}

/// A console's ring that has turned, user messages and a function trace are told apart, with the layout and without.
#[test]
fn other_zones_have_their_names() {
    let folder = folder("kinds");
    let layout = Layout { memory_size: 0x8000, ftrace_size: 0x1000, ..small() };
    let lines: String = (0..130).map(|line| format!("[  224.{line:06}] console line\n")).collect();
    for ecc in [0, 1] {
        for is_pmsg_last in [false, true] {
            let mut memory = Memory::new(Layout { is_pmsg_last, ..layout }, ecc, true);
            let ring = &lines.as_bytes()[..2800];
            // The oldest byte is in the middle.
            memory.write(RecordType::CONSOLE, 0, 1000, &[&ring[1800..], &ring[..1800]].concat());
            memory.write(RecordType::PMSG, 0, 10, b"user said\n");
            memory.write(RecordType::FTRACE, 0, 16, &[7; 16]);
            let path = memory.save(&folder, &format!("{ecc}-{is_pmsg_last}"));
            let sizes = "record_size=4k,console-size=0x1000,pmsg_size=4096,ftrace-size=4K";
            for options in [&[][..], &["--ramoops", sizes], &["--ramoops", &format!("{sizes},ecc={ecc}")]] {
                let about = format!("{ecc} {is_pmsg_last} {options:?}");
                let events = decode(options, &[&path]);
                let by = |log: &str| events.iter().find(|event| event["sections"][0]["fields"]["log"] == log);
                assert_eq!(part(by("console").unwrap()).0.as_bytes(), ring, "{about}");
                assert_eq!(part(by("pmsg").unwrap()).0, "user said\n", "{about}");
                let trace = events.iter().find(|event| event["bytes"] == "07".repeat(16)).unwrap();
                assert_eq!(
                    trace["summary"], "pstore record of type ftrace of Linux 6.12.7, 16 bytes",
                    "{about}"
                );
                assert_eq!(events.len(), 3, "{about}: {events:#?}");
                let arguments = |form: &'static [&str]| [&["decode"], form, options, &[text(&path)]].concat();
                let kernel = ras(&arguments(&["--format", "kernel"])).stdout;
                assert!(kernel.contains(std::str::from_utf8(ring).unwrap()), "{about}");
                let quiet = ras(&arguments(&["-q"])).stdout;
                assert!(quiet.contains("console log: console line"), "{about}: {quiet}");
                assert!(ras(&arguments(&[])).stdout.contains("\u{2500} console log \u{2500}"), "{about}");
            }
        }
    }
}

/// A layout finds zones that no signature tells, and a wrong one hides nothing.
#[test]
fn a_layout_can_be_given() {
    let folder = folder("layout");
    let mut memory = Memory::new(small(), 1, false);
    let panic = memory.dump(2, 1_700_000_000, &dump("Panic#1", 1500));
    let path = memory.save(&folder, "third");
    let third = memory.range(RecordType::DMESG, 2).start;
    for layout in
        ["record-size=4k,console-size=4k,pmsg-size=4k,ecc=1", "record-size=4k,console-size=4k,pmsg-size=4k"]
    {
        let [event] = &*decode(&["--ramoops", layout], &[&path]) else { panic!("{layout}") };
        assert_eq!((part(event).0, part(event).2, &event["source"]["offset"]), (&*panic, 2, &third.into()));
    }
    for layout in ["record-size=16k", "record-size=8k,ecc=0", "console-size=4k", "record-size=4k,ecc=33", ""]
    {
        let events = decode(&["--ramoops", layout], &[&path]);
        assert!(events.iter().any(|event| part(event).0 == panic), "{layout}: {events:#?}");
        assert!(events.iter().all(|event| part(event).1["corrected"].as_u64().unwrap_or(0) == 0), "{layout}");
    }
    let json = folder.join("out.json");
    let run =
        ras(&["collect", text(&path), "--ramoops", "record-size=4k,console-size=4k", "--json", text(&json)]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(fs::read_to_string(&json).unwrap().contains("Panic#1 Part1"));
    for (layout, error) in [
        ("record=4k", "\"record\" is none of"),
        ("record-size", "NAME=SIZE expected"),
        ("record-size=4q", "no size"),
        ("ecc=65", "0 for no code"),
    ] {
        let run = ras(&["decode", "--ramoops", layout, text(&path)]);
        assert!(run.code == 1 && run.stderr.contains(error), "{layout}: {}", run.stderr);
    }
}

/// Zones in the middle of other memory.
#[test]
fn zones_are_found_wherever_they_lie() {
    let folder = folder("inside");
    for ecc in [0, 1] {
        for before in [0x1000, 0x1ff2, 0x333] {
            let mut memory = Memory::new(small(), ecc, true);
            let panic = memory.dump(1, 1_700_000_000, &dump("Panic#1", 1500));
            let path = folder.join(format!("{ecc}-{before:x}"));
            fs::write(&path, [&vec![0xee; before][..], &memory.bytes, &[0x11; 100]].concat()).unwrap();
            let [event] = &*decode(&[], &[&path]) else { panic!("{ecc} {before:#x}") };
            assert_eq!((part(event).0, part(event).2), (&*panic, 1), "{ecc} {before:#x}");
        }
    }
}

/// Memory that kernels wrote.
#[test]
fn captured_memory_is_read_as_the_kernel_read_it() {
    for (name, title, said) in [
        ("6.1", "code of 16 bytes a block without errors", "no errors by its code"),
        ("6.12", "code of 16 bytes a block without errors", "no errors by its code"),
        (
            "6.12-damaged",
            "15 bytes corrected by its code of 16 bytes a block, 1 block beyond correction",
            "15 bytes corrected by its code, 1 block beyond correction",
        ),
    ] {
        let region = data(&format!("ramoops/{name}.bin"));
        let run = ras(&["decode", &region]);
        assert_eq!(run.stdout.lines().next(), Some(&*format!("{region}: ramoops region, 10 zones, {title}")));
        assert!(run.stdout.contains(said) && !run.stdout.contains("in doubt"));
        // Linux says the same at the end of its file.
        let file = ras(&["decode", "-q", &data(&format!("ramoops/{name}.dmesg-ramoops-0"))]);
        assert!(file.stdout.starts_with("FATAL"), "{}", file.stdout);
    }
    let Some(shared) = common::field("ramoops") else { return };
    for (name, zones) in
        [("three-records.img", 3), ("record-8000.img", 5), ("both-small.img", 3), ("console-zone.bin", 1)]
    {
        let path = shared.join(name);
        let plural = if zones == 1 { "" } else { "s" };
        let run = ras(&["decode", text(&path)]);
        let title = format!("{}: ramoops region, {zones} zone{plural}", path.display());
        assert_eq!(run.stdout.lines().next(), Some(&*title));
        assert!(!run.stdout.contains("corrected") && !run.stdout.contains("unknown type"), "{name}");
        let dumps = usize::from(zones > 1);
        let count = |label: &str| run.stdout.lines().filter(|line| line.starts_with(label)).count();
        let console = usize::from(name != "both-small.img");
        assert_eq!((count("RECOVERABLE"), count("FATAL"), count("INFO")), (dumps, dumps, console), "{name}");
        assert_eq!(run.stdout.matches("console log: ").count(), console);
    }
}

/// Files of pstore by the names and heads that kernels gave them: what is said of each, and what never is.
#[test]
fn names_and_heads_of_every_kernel() {
    let line = "<0>[  100.000001] Kernel panic - not syncing: Fatal exception in interrupt\n";
    let panic = format!("Panic#1 Part1\n{line}");
    let plain = "<4>[    1.000001] first\n<4>[    2.000002] second\n".to_owned();
    let at = |stamp: &str| format!("===={stamp}\n{panic}");
    let fatal = "FATAL        kernel panic: Fatal exception in interrupt";
    for (name, content, starts, holds) in [
        ("dmesg-ramoops-0", at("1377567342.123456"), fatal, "2013-08-27 01:35:42 UTC"),
        ("dmesg-ramoops-1", at("1377567342.4812"), fatal, "2013-08-27 01:35:42 UTC"),
        ("dmesg-ramoops-2", at("1377567342.123456-D"), fatal, "2013-08-27 01:35:42 UTC"),
        ("dmesg-ramoops-3", at("1377567342.123456-C"), fatal, "2013-08-27 01:35:42 UTC"),
        ("saved-from-ramoops", at("1377567342.123456"), fatal, "2013-08-27 01:35:42 UTC"),
        ("dmesg-ramoops-4", panic.clone(), fatal, "time not recorded"),
        ("dmesg-ramoops-5", line.to_owned(), fatal, "time not recorded"),
        ("console-ramoops", plain.clone(), "INFO         console log: second", "time not recorded"),
        ("console-ramoops-0", plain.clone(), "INFO         console log: second", "time not recorded"),
        (
            "console-ramoops-1",
            format!("{plain}\nNo errors detected\n"),
            "INFO         console log: second",
            "no errors by",
        ),
        (
            "console-ramoops-2",
            format!("{plain}\nECC: 3 Corrected bytes, 1 unrecoverable blocks\n"),
            "INFO         console log: second",
            "3 bytes corrected by its code, 1 block beyond correction",
        ),
        (
            "console-ramoops-3",
            format!("{plain}{line}"),
            "FATAL        console log, kernel panic: Fatal exception in interrupt",
            "time not recorded",
        ),
        ("pmsg-ramoops-0", format!("{plain}{line}"), "INFO         user messages", "time not recorded"),
        (
            "ftrace-ramoops",
            "\0\0\0\0".into(),
            "INFO         pstore record of type ftrace, 4 bytes",
            "time not recorded",
        ),
        (
            "ftrace-ramoops-0",
            "\0\0\0\0".into(),
            "INFO         pstore record of type ftrace, 4 bytes",
            "time not recorded",
        ),
        ("dmesg-efi-1", panic.clone(), fatal, "time not recorded"),
        ("dmesg-efi-38", panic.clone(), fatal, "time not recorded"),
        ("dmesg-efi-1377567342", panic.clone(), fatal, "time not recorded"),
        ("dmesg-efi-137756734201001", panic.clone(), fatal, "2013-08-27 01:35:42 UTC"),
        ("dmesg-efi_pstore-176379360001001", panic.clone(), fatal, "2025-11-22 06:40:00 UTC"),
        ("dmesg-erst-5", panic.clone(), fatal, "time not recorded"),
        (
            "dmesg-erst-7710893088750698498",
            panic.clone(),
            fatal,
            "2026-11-22 07:23:21 UTC (by the record's id)",
        ),
        ("dmesg-nvram-1", panic.clone(), fatal, "time not recorded"),
        ("dmesg-nvram-2.enc.z", panic.clone(), fatal, "time not recorded"),
        ("dmesg-pstore_blk-0", format!("Panic: Total 1 times\n{panic}"), fatal, "time not recorded"),
        ("powerpc-opal-nvram-3", panic.clone(), fatal, "time not recorded"),
        (
            "powerpc-opal-nvram-4",
            "\x01\x02".into(),
            "INFO         pstore record of type powerpc-opal",
            "time not recorded",
        ),
        ("rtas-nvram-1", "\x01\x02".into(), "INFO         pstore record of type rtas", "time not recorded"),
        (
            "unknown-erst-1",
            "x".into(),
            "INFO         pstore record of unknown type, 1 bytes",
            "time not recorded",
        ),
        (
            "dump-type0-1-1763793600-cfc8fc79-be2e-4ddc-97f0-9f98bfe298a0",
            format!("\x07\0\0\0{panic}"),
            fatal,
            "2025-11-22",
        ),
    ] {
        // Alone, and in a folder beside another; decoded, and collected.
        let folder = folder("names");
        let file = folder.join(name);
        fs::write(&file, &content).unwrap();
        for source in [&file, &folder] {
            let run = ras(&["decode", "-q", text(source)]);
            let right =
                run.stdout.starts_with(starts) && run.stdout.contains(holds) && !run.stdout.contains("1970");
            assert!(right && run.code == 0, "{name}, code {}: {}{}", run.code, run.stdout, run.stderr);
        }
        let json = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ramoops/names.json");
        let _ = fs::remove_file(&json);
        let run = ras(&["collect", text(&folder), "--json", text(&json)]);
        let kept = fs::read_to_string(&json).unwrap_or_default();
        assert!(
            kept.lines().count() == 1 && !kept.contains("1970"),
            "{name}: {kept}{}{}",
            run.stdout,
            run.stderr
        );
        assert_eq!(kept.contains("\"severity\":\"fatal\""), starts.starts_with("FATAL"), "{name}: {kept}");
    }
}

/// A console keeps what a dump does: one panic of both is told once, by the dump.
#[test]
fn a_console_beside_its_dump_is_no_second_panic() {
    let folder = folder("twice");
    let line = "<0>[  100.000001] Kernel panic - not syncing: Fatal exception in interrupt\n";
    fs::write(folder.join("console-ramoops-0"), line).unwrap();
    fs::write(folder.join("dmesg-ramoops-0"), format!("Panic#1 Part1\n{line}")).unwrap();
    let run = ras(&["decode", "-q", text(&folder)]);
    let labels: Vec<&str> = run.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(labels, ["INFO", "FATAL"], "{}", run.stdout);
}

/// The heading tells the parts of a log apart, whichever store made their ids.
#[test]
fn headings_tell_parts_apart() {
    for (backend, ids, heading) in [
        (
            "efi",
            [166692286101001_u64, 166692286102001, 166692286103001],
            "166692286101001, \u{2026}02001, \u{2026}03001",
        ),
        (
            "efi",
            [166692286109001, 166692286110001, 166692286111001],
            "166692286109001, \u{2026}10001, \u{2026}11001",
        ),
        (
            "erst",
            [7710893088750698498, 7710893088750698499, 7710893088750698500],
            "7710893088750698498, \u{2026}499, \u{2026}500",
        ),
        ("efi", [1, 2, 3], "1, \u{2026}002, \u{2026}003"),
    ] {
        let folder = folder("headings");
        for (part, id) in (1..).zip(ids) {
            fs::write(folder.join(format!("dmesg-{backend}-{id}")), format!("Panic#1 Part{part}\n<4>text\n"))
                .unwrap();
        }
        let run = ras(&["decode", text(&folder)]);
        assert!(
            run.stdout.contains(&format!("kernel log \u{2500} records {heading} \u{2500}")),
            "{}",
            run.stdout
        );
    }
}
