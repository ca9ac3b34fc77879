//! `ras events`: traces of real kernels, text and pages, and what is broken in them.

mod common;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{ras, ras_with_input};
use ras::found::{Found, What};
use ras::trace::ring_buffer::{self, Formats};
use ras::trace::{EVENTS, Trace, text};
use serde_json::Value;

fn data(name: &str) -> String {
    format!("{}/../data/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The traces that kernels wrote: each event's text in the forms of 6.1 and of 6.12.
const TEXTS: [&str; 5] = [
    "rasdaemon/edac.trace.txt",
    "rasdaemon/ghes.trace.txt",
    "rasdaemon/mcepoll.trace.txt",
    "rasdaemon/rasemit.trace.txt",
    "tracepoints/6.12/trace",
];

fn traced(name: &str) -> Trace {
    text::read(&Arc::from(name), &fs::read(data(name)).unwrap())
}

/// The objects of `ras events --format json`.
fn objects(arguments: &[&str]) -> Vec<Value> {
    let run = ras(&[&["events", "--format", "json"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_line_of_every_captured_trace_is_read() {
    let mut seen = std::collections::BTreeMap::<&str, usize>::new();
    for (name, others) in TEXTS.iter().zip([1, 1, 0, 0, 0]) {
        let trace = traced(name);
        assert!(trace.problems.is_empty(), "{name}: {:?}", trace.problems);
        assert_eq!(trace.others, others, "{name}");
        let lines = fs::read_to_string(data(name)).unwrap();
        let lines = lines.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        assert_eq!(trace.events.len() + others, lines, "{name}");
        for event in &trace.events {
            *seen.entry(event.name).or_default() += 1;
            let found = Found::traced(event);
            assert!(found.problems().is_empty(), "{name}: {:?}", found.problems());
            let is_rebuilt = matches!(found.what, What::Section(..) | What::Body(..));
            assert!(is_rebuilt && found.sections().len() == 1, "{found:?}");
            assert!(event.stamp.cpu == Some(0) && event.stamp.clock.is_some());
        }
    }
    assert_eq!(seen.len(), EVENTS.len(), "{seen:?}");
}

#[test]
fn events_have_the_values_that_the_kernel_was_given() {
    let all = objects(&[&data("rasdaemon/rasemit.trace.txt")]);
    let [memory, extlog, arm, other] = all.as_slice() else { panic!("{all:?}") };
    // A driver that says something else than firmware does.
    assert_eq!(memory["summary"], "memory, DIMM_A1: read error");
    let fields = &memory["trace"]["fields"];
    assert_eq!((&fields["syndrome"], &fields["middle_layer"]), (&"0x00000000000000ab".into(), &2.into()));
    assert_eq!((&fields["driver_detail"], &fields["mc_index"]), (&"lab detail".into(), &0.into()));
    assert_eq!(memory["sections"][0]["fields"]["physical_address"], "0x00000012345678c0");
    let fields = &extlog["sections"][0]["fields"];
    assert_eq!((&fields["row"], &fields["bit_position"]), (&4660.into(), &7.into()));
    assert_eq!(fields["physical_address_mask"], "0xffffffffffffffc0");
    assert_eq!(extlog["sections"][0]["fru"]["id"], "0badcafe-1234-5678-9abc-def011223344");
    assert_eq!(
        (&extlog["trace"]["fields"]["err_seq"], &extlog["severity"]),
        (&7.into(), &"corrected".into())
    );
    assert_eq!(arm["sections"][0]["fields"]["midr_el1"], "0x00000000410fd083");
    // The old event does not say how bad it is.
    assert_eq!(arm["severity"], "reserved (4294967295)");
    assert_eq!(other["sections"][0]["type"]["guid"], "12345678-9abc-def0-1122-334455667788");
    assert_eq!(other["sections"][0]["fields"]["bytes"], format!("0102030405060708{:032}", 0));

    let all = objects(&[&data("rasdaemon/edac.trace.txt")]);
    let pcie = all.iter().find(|event| event["kind"] == "pcie").unwrap();
    assert_eq!(pcie["summary"], "PCIe 0000:00:02.0: Receiver Error, Bad TLP");
    let machine = all.iter().find(|event| event["kind"] == "machine_check").unwrap();
    assert_eq!(machine["time"], "2026-11-26T04:38:31Z");
    assert_eq!(machine["trace"]["fields"]["status"], "0x9c0000000000009f");
    assert!(all.iter().all(|event| event["trace"]["clock"].is_string()));
}

/// What a folder of the trace file system holds, as it was saved.
fn captured() -> (Formats, PathBuf) {
    let folder = PathBuf::from(data("tracepoints/6.12"));
    (Formats::read(&folder.join("events")).unwrap(), folder)
}

/// The same buffer in both forms.
#[test]
fn pages_of_the_ring_buffer_say_what_its_text_says() {
    let (formats, folder) = captured();
    let pages = fs::read(folder.join("per_cpu/cpu0/trace_pipe_raw")).unwrap();
    let raw = ring_buffer::read(&Arc::from("raw"), &pages, 0, Some(0), &formats);
    assert!(raw.problems.is_empty(), "{:?}", raw.problems);
    let text = traced("tracepoints/6.12/trace");
    assert_eq!(raw.events.len(), text.events.len());
    for (raw, text) in raw.events.iter().zip(&text.events) {
        assert_eq!((raw.name, raw.clock(), raw.stamp.cpu), (text.name, text.clock(), Some(0)));
        let (raw, text) = (Found::traced(raw), Found::traced(text));
        assert_eq!(raw.raw, text.raw, "{raw:?}");
    }
    // By name, too.
    let [folder, file] = [folder.clone(), folder.join("per_cpu/cpu0/trace_pipe_raw")]
        .map(|path| path.to_str().unwrap().to_owned());
    let told = |path: &str| -> Vec<Value> {
        objects(&[path]).into_iter().map(|event| event["summary"].clone()).collect()
    };
    assert_eq!(told(&folder), told(&data("tracepoints/6.12/trace")));
    assert_eq!(told(&file), told(&folder));
}

/// Whatever is cut off, what is before it is read, and the cut is said.
#[test]
fn pages_that_are_cut_or_changed_are_read_as_far_as_they_go() {
    let (formats, folder) = captured();
    let mut pages = fs::read(folder.join("per_cpu/cpu0/trace_pipe_raw")).unwrap();
    pages.truncate(formats.page.size());
    let all = ring_buffer::read(&Arc::from("raw"), &pages, 0, None, &formats);
    let data_end = all.events.last().unwrap().stamp.place.end;
    for length in 1..pages.len() {
        let trace = ring_buffer::read(&Arc::from("raw"), &pages[..length], 0, None, &formats);
        let whole = all.events.iter().filter(|event| event.stamp.place.end <= length as u64).count();
        assert_eq!(trace.events.len(), whole, "{length}");
        assert!((length as u64) >= data_end || !trace.problems.is_empty(), "{length}");
    }
    let mut seed = 7_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    for _ in 0..4000 {
        let mut changed = pages.clone();
        for _ in 0..=random() % 4 {
            let at = random() % (data_end as usize);
            changed[at] = random() as u8;
        }
        let trace = ring_buffer::read(&Arc::from("raw"), &changed, 0, None, &formats);
        for event in &trace.events {
            let _ = (Found::traced(event).problems(), event.values.json(), event.clock());
        }
    }
}

/// A page with events made by hand: times that do not fit 27 bits, absolute ones, padding, and events that were lost.
#[test]
fn headers_of_the_ring_buffer_that_are_no_events_are_followed() {
    let (formats, _) = captured();
    let event = {
        let (formats, folder) = captured();
        let pages = fs::read(folder.join("per_cpu/cpu0/trace_pipe_raw")).unwrap();
        let trace = ring_buffer::read(&Arc::from("raw"), &pages, 0, None, &formats);
        let place = &trace.events.first().unwrap().stamp.place;
        // Its header says its length in one of two ways.
        pages[place.start as usize..place.end as usize].to_vec()
    };
    let clock =
        |trace: &Trace| trace.events.iter().map(|event| event.stamp.clock.unwrap()).collect::<Vec<_>>();
    let word = |kind: u32, delta: u32| (kind | delta << 5).to_le_bytes();
    let page = |start: u64, flags: u64, data: &[u8], behind: &[u8]| {
        let mut page = start.to_le_bytes().to_vec();
        page.extend_from_slice(&(data.len() as u64 | flags).to_le_bytes());
        page.extend_from_slice(data);
        page.extend_from_slice(behind);
        page.resize(formats.page.size(), 0);
        page
    };
    let mut timed = event.clone();
    let first = u32::from_le_bytes(*timed.first_chunk().unwrap());
    timed[..4].copy_from_slice(&(first & 0x1f | 5 << 5).to_le_bytes());
    let data = [
        &timed[..],
        &word(30, 3),
        &2_u32.to_le_bytes(),
        &timed,
        &word(29, 10),
        &8_u32.to_le_bytes(),
        &[0xff; 4],
        &timed,
        &word(31, 7),
        &1_u32.to_le_bytes(),
        &timed,
        &word(29, 0),
        &[0xa5; 40],
    ]
    .concat();
    let start = (1 << 59) + 1000;
    let pages = [page(start, 0, &data, &[]), page(9, 0xc000_0000, &timed, &12_u64.to_le_bytes())].concat();
    let trace = ring_buffer::read(&Arc::from("raw"), &pages, 0, None, &formats);
    let extended = start + 5 + (2 << 27) + 3 + 5;
    assert_eq!(clock(&trace), [start + 5, extended, extended + 10 + 5, (1 << 59) + (1 << 27) + 7 + 5, 14]);
    let [problem] = trace.problems.as_slice() else { panic!("{:?}", trace.problems) };
    assert_eq!((problem.kind.as_str(), problem.offset), ("lost", formats.page.size() as u64));
    assert!(problem.message.starts_with("12 events were lost"), "{problem}");
}

#[test]
fn lines_that_are_none_and_events_that_were_lost_are_told_with_their_place() {
    let memory = "1 Corrected error: read error on DIMM (mc:0 location:0:0:-1 address:0x1000 grain:8 syndrome:0x00000000)";
    let lines = [
        "# tracer: nop".to_owned(),
        format!("          <idle>-0       [003] d.s3.     9.701267: mc_event: {memory}"),
        "CPU:3 [LOST 12 EVENTS]".into(),
        "this is".into(),
        "something else".into(),
        format!("  a: mc_event: b-1  ( 17) [001]     9.8: mc_event: {memory}"),
        "  x-1 [000] .... 1.000000: mc_event: 1 Corrected nonsense".into(),
        "  x-1 [000] .... 1.000001: sched_switch: prev_comm=x".into(),
        "  x-1 [000] .... 1.000002: do_idle <-cpu_startup_entry".into(),
        format!("swapper     0 [002]   123.456789: ras:mc_event: {memory}"),
        format!("[   12.5] mc_event: {memory}"),
    ];
    let run = ras_with_input(&["events", "-q", "-"], lines.join("\n").as_bytes());
    assert_eq!(run.code, 2, "{}", run.stderr);
    let expected = [
        ("BAD", "standard input: offset 0xb3: 12 events of CPU 3 were lost: the ring buffer was full"),
        ("BAD", "standard input: offset 0xca: 2 lines of no trace: \"this is\""),
        ("BAD", "mc_event: its text is not the kernel's: \"1 Corrected nonsense\""),
        (
            "CORRECTED",
            "memory, DIMM: read error · 9.701267 s after boot · address 0x1000 · mc_event on CPU 3",
        ),
        ("CORRECTED", "9.800000 s after boot · address 0x1000 · mc_event on CPU 1"),
        ("CORRECTED", "12.500000 s after boot · address 0x1000 · mc_event\n"),
        ("CORRECTED", "123.456789 s after boot · address 0x1000 · mc_event on CPU 2"),
    ];
    for (severity, text) in expected {
        let line = run.stdout.split_inclusive('\n').find(|line| line.contains(text));
        assert!(line.is_some_and(|line| line.starts_with(severity)), "{text}: {}", run.stdout);
    }
    assert_eq!(run.stdout.lines().count(), expected.len(), "{}", run.stdout);
    let run = ras_with_input(&["events", "-"], lines.join("\n").as_bytes());
    assert!(run.stdout.ends_with("2 events of other kinds left out.\n"), "{}", run.stdout);
}

#[test]
fn no_text_is_too_strange() {
    for part in
        ["1.1: ", "[0] 1.1: a", ": ", "[LOST EVENTS]", "x-1 [000] 1.0: mc_event: 1 Fatal error: a on b "]
    {
        let line = part.repeat((4 << 20) / part.len());
        let started = Instant::now();
        let trace = text::read(&Arc::from("long"), line.as_bytes());
        assert!(trace.events.is_empty() && started.elapsed() < Duration::from_secs(5), "{part}");
    }
    let mut seed = 1_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    for name in TEXTS {
        let text = fs::read(data(name)).unwrap();
        for line in text.split(|byte| *byte == b'\n') {
            for length in 0..line.len().min(300) {
                let trace = text::read(&Arc::from("cut"), &line[..length]);
                assert!(trace.events.len() + trace.problems.len() <= 1, "{}", line.escape_ascii());
            }
            for _ in 0..10 {
                let mut line = line.to_vec();
                for _ in 0..line.len().min(3) {
                    let at = random() % line.len();
                    line[at] = if random() % 2 == 0 { b"0 :;,-({/|"[random() % 10] } else { random() as u8 };
                }
                let trace = text::read(&Arc::from("changed"), &line);
                trace.events.iter().for_each(|event| drop(Found::traced(event).problems()));
            }
        }
    }
}

/// A bus, a header and names of bits that no kernel here has traced.
#[test]
fn texts_of_newer_kernels_are_read() {
    let line = "x-1 [000] 1.000000: aer_event: 0000:01:00.0 CXL Bus Error: severity=Uncorrected, non-fatal, \
                Poisoned TLP|IDE Check Failed|0x40, TLP Header={0x1,0x2,0x3,0x4,0x5,0x6,0x7,0x8,0x9,0xa,0xb,0xc,0xd,0xe}";
    let trace = text::read(&Arc::from("x"), line.as_bytes());
    let [event] = trace.events.as_slice() else { panic!("{:?}", trace.problems) };
    let json = event.values.json();
    assert_eq!((&json["status"], &json["bus_type"]), (&"0x0000000010001040".into(), &"CXL".into()));
    let line = "x-1 [000] 1.000000: mce_record: CPU: 1, MCGc/s: 1/2, MC3: b400000000000000, IPID: 4, ADDR: 5, MISC: 6, \
                SYND: 7, RIP: 10:<8>, TSC: 9, PPIN: a, vendor: 2, CPUID: a10f11, time: 1795667911, socket: 0, APIC: 0, \
                microcode: a101148, vendor data: {0x1,0x0,0x0,0x0,0x0,0x0,0x0,0x0,0x2,0x0,0x0,0x0,0x0,0x0,0x0,0x0}";
    let trace = text::read(&Arc::from("x"), line.as_bytes());
    let [event] = trace.events.as_slice() else { panic!("{:?}", trace.problems) };
    assert_eq!(Found::traced(event).raw.len(), 128 + 16);
    assert_eq!(Found::traced(event).raw[128..], [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn what_is_no_trace_is_refused_and_said_why() {
    let refused = |arguments: &[&str], why: &str| {
        let run = ras(&[&["events"], arguments].concat());
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stderr.contains(why), "{}", run.stderr);
    };
    refused(
        &[&data("gesb/mem-full-v23.gesb")],
        "no text of a trace, and no events/header_page beside or above it",
    );
    refused(&["/proc/self/nothing"], "No such file");
    let nowhere = "--tracefs=/proc/self/nothing";
    refused(&[nowhere], "/proc/self/nothing: no trace file system; mount -t tracefs");
    refused(&[nowhere, "--follow"], "/proc/self/nothing: no trace file system; mount -t tracefs");
    // A message of the kernel's log is no event of another kind.
    refused(&[&data("mce/mce-amd.kernel.txt")], "no text of a trace");
    let run = ras(&["decode", &data("ghes/trace.txt")]);
    assert!(run.code == 1 && run.stderr.contains("ras events shows"), "{}", run.stderr);
    let run = ras_with_input(&["events", "-"], b"\x17\x08\x44tracing6\0");
    assert!(run.code == 1 && run.stderr.contains("trace-cmd report"), "{}", run.stderr);
}

#[test]
fn events_are_selected_as_those_of_decode_are() {
    let trace = data("rasdaemon/edac.trace.txt");
    let run = ras(&["events", "-q", "--severity", "recoverable", &trace]);
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    assert!(run.stderr.contains("less severe"), "{}", run.stderr);
    let run = ras(&["events", "-q", "--since", "2026-11-26T04:38:46Z", &trace]);
    let told = run.stdout.lines().filter(|line| line.contains("machine check")).count();
    assert_eq!((run.code, told), (0, 1), "{}", run.stdout);
    let verbose = ras(&["events", "-v", &trace]);
    assert!(verbose.stdout.contains("grain bits              6\n"), "{}", verbose.stdout);
}

/// Arrays of an Arm event under the names that some vendors' kernels gave them; references that count from the field.
#[test]
fn fields_are_found_by_name() {
    let (_, folder) = captured();
    let page = fs::read_to_string(folder.join("events/header_page")).unwrap();
    let arm = fs::read_to_string(folder.join("events/ras/arm_event/format")).unwrap();
    let renamed = [("pei_buf", "buf"), ("ctx_buf", "buf1"), ("oem_buf", "buf2")];
    let other = renamed.iter().fold(arm.clone(), |arm, (known, other)| {
        arm.replace(&format!("[] {known};"), &format!("[] {other};"))
    });
    assert_ne!(arm, other);
    let pages = fs::read(folder.join("per_cpu/cpu0/trace_pipe_raw")).unwrap();
    let [known, other] = [arm.as_str(), &other].map(|format| {
        let formats = Formats::parse(&page, &[format]).unwrap();
        let mut trace = ring_buffer::read(&Arc::from("raw"), &pages, 0, None, &formats);
        assert!(trace.others > 0 && trace.events.len() == 1, "{trace:?}");
        trace.events.remove(0)
    });
    assert_eq!(known.values, other.values);
    assert!(matches!(Found::traced(&known).what, What::Section(_, body) if body.len() > 40 + 32));
}

/// Formats that a hostile file has.
#[test]
fn formats_that_lie_are_errors_or_harmless() {
    let (_, folder) = captured();
    let page = fs::read_to_string(folder.join("events/header_page")).unwrap();
    for wrong in ["", "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"] {
        assert!(Formats::parse(wrong, &[]).is_err());
    }
    assert!(Formats::parse(&page.replace("size:4080", "size:4000000000"), &[]).is_err());
    assert!(Formats::parse(&page.replace("size:4080", "size:0"), &[]).is_err());
    let memory = fs::read_to_string(folder.join("events/ras/mc_event/format")).unwrap();
    let pages = fs::read(folder.join("per_cpu/cpu0/trace_pipe_raw")).unwrap();
    for (from, to) in
        [("offset:56", "offset:65535"), ("size:8", "size:4294967295"), ("__data_loc", "__rel_loc")]
    {
        let formats = Formats::parse(&page, &[&memory.replace(from, to)]).unwrap();
        let trace = ring_buffer::read(&Arc::from("raw"), &pages, 0, None, &formats);
        let [problem] = trace.problems.as_slice() else { panic!("{from}: {trace:?}") };
        assert!(problem.message.contains("does not lie in the"), "{problem}");
    }
}
