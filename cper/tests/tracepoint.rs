//! Trace events against the format files of a real kernel, and against what real kernels traced.
#![cfg(feature = "linux")]

#[path = "common/numbers.rs"]
mod numbers;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use cper::section::{AerCapability, Body, MemoryError, PcieError, UncorrectableErrors};
use cper::tracepoint::{self, AerEvent, ArmEvent, Event, ExtlogMemEvent, Field, McEvent, Version};
use cper::zerocopy::IntoBytes;
use cper::{
    ErrorKind, FruText, Guid, NotificationType, SectionDescriptor, SectionFlags, SectionTypeId, Severity,
    StatusBlock,
};
use numbers::Numbers;

const NAMES: [&str; 5] = ["mc_event", "aer_event", "arm_event", "extlog_mem_event", "non_standard_event"];

fn path(path: &str) -> PathBuf {
    PathBuf::from(format!("{}/../examples/data/{path}", env!("CARGO_MANIFEST_DIR")))
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

/// Name, offset and size of each field of a format file that is not common to all events.
fn format(file: &str) -> Vec<(String, u16, u16)> {
    let number = |text: &str| text.split_once(':').unwrap().1.parse().unwrap();
    let fields = file.lines().filter_map(|line| line.trim().strip_prefix("field:"));
    let fields = fields.map(|field| {
        let parts: Vec<&str> = field.split(';').map(str::trim).collect();
        let name = parts[0].rsplit(' ').next().unwrap().split('[').next().unwrap();
        (name.to_owned(), number(parts[1]), number(parts[2]))
    });
    fields.filter(|(name, ..)| !name.starts_with("common_")).collect()
}

#[test]
fn layouts_are_those_of_the_format_files() {
    for name in NAMES {
        let format = format(&text(&format!("tracepoints/ras.{name}.format")));
        let fields = Event::fields(Version::Linux5_0, name).unwrap();
        let ours = tracepoint::layout(fields);
        let ours: Vec<_> =
            ours.map(|(field, offset)| (field.name().to_owned(), offset, field.size())).collect();
        assert_eq!(ours, format, "{name}");
    }
    assert!(Event::fields(Version::Linux5_0, "memory_failure_event").is_none());
    // By hand, from the declarations of Linux 6.17 and 7.3.
    let last = |version, name| tracepoint::layout(Event::fields(version, name).unwrap()).last().unwrap();
    let (cpu, offset) = last(Version::Linux6_17, "arm_event");
    assert_eq!((cpu.name(), offset), ("cpu", 64));
    let (bus, offset) = last(Version::Linux7_3, "aer_event");
    assert_eq!((bus.name(), offset, bus.is_dynamic()), ("bus_type", 76, true));
}

/// A section of a captured block, and the name of its file.
struct Captured {
    name: String,
    descriptor: SectionDescriptor,
    body: Vec<u8>,
}

impl Captured {
    fn event(&self, version: Version) -> Event<'_> {
        Event::of(version, NotificationType::CPE, &self.descriptor, &self.body)
    }
}

fn sections_of(name: &str) -> Vec<Captured> {
    let folders = ["gesb", "rasdaemon/blocks"].map(|folder| path(&format!("{folder}/{name}.gesb")));
    let bytes = std::fs::read(folders.iter().find(|path| path.exists()).unwrap()).unwrap();
    let block = StatusBlock::parse(&bytes).unwrap();
    let entries = block.entries().map(Result::unwrap);
    entries
        .map(|entry| {
            let descriptor = entry.header().descriptor().with_section_type(entry.section_type());
            Captured { name: name.to_owned(), descriptor, body: entry.bytes().to_vec() }
        })
        .collect()
}

/// Every section of the captured blocks.
fn captured() -> Vec<Captured> {
    let mut names: Vec<String> = ["gesb", "rasdaemon/blocks"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(path(folder)).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "gesb"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names.iter().filter(|name| !name.starts_with("bad-")).flat_map(|name| sections_of(name)).collect()
}

/// The lines of an event in a captured trace, after the event's name.
fn traced(trace: &str, name: &str) -> Vec<String> {
    let mark = format!(": {name}: ");
    let lines = text(&format!("rasdaemon/{trace}.trace.txt"));
    lines.lines().filter_map(|line| Some(line.split_once(&mark)?.1.to_owned())).collect()
}

/// What the kernel prints of the event: the format's text.
fn printed(event: &Event<'_>) -> String {
    let guid = |guid: Guid| {
        let hex = guid.bytes().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    };
    match event {
        Event::Mc(event) => format!(
            "{} {} error: {} on {} (mc:{} location:{}:{}:{} address:0x{:08x} grain:{} syndrome:0x{:08x} {})",
            event.error_count,
            event.error_type,
            event.msg,
            event.label,
            event.mc_index,
            event.top_layer,
            event.middle_layer,
            event.lower_layer,
            event.address,
            1 << event.grain_bits,
            event.syndrome,
            event.driver_detail
        ),
        Event::NonStandard(event) => format!(
            "severity: {}; sec type:{}; FRU: {} {}; data len:{}; raw data:{}",
            event.sev.raw(),
            guid(event.sec_type.raw()),
            guid(event.fru_id),
            event.fru_text,
            event.buf.len(),
            event.buf.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
        ),
        Event::Aer(event) => {
            let severity =
                ["Uncorrected, non-fatal", "Fatal", "Corrected"][usize::from(event.severity.raw())];
            let names = match event.severity.raw() {
                2 => [(0, "Receiver Error"), (6, "Bad TLP")],
                _ => [(4, "Data Link Protocol Error"), (12, "Poisoned TLP")],
            };
            let names = names.iter().filter(|(bit, _)| event.status >> bit & 1 != 0).map(|(_, name)| *name);
            let names = names.collect::<Vec<_>>().join("|");
            assert_eq!(event.tlp_header_valid, 0);
            format!(
                "{} PCIe Bus Error: severity={severity}, {names}, TLP Header=Not available",
                event.dev_name
            )
        }
        _ => panic!("{event:?}"),
    }
}

#[test]
fn events_are_what_linux_traced_of_the_same_blocks() {
    let blocks = text("rasdaemon/edac.blocks.txt");
    let mut ours = BTreeMap::<&str, Vec<(bool, String)>>::new();
    let sections: Vec<_> = blocks.lines().flat_map(sections_of).collect();
    for section in &sections {
        // Which the kernel drops.
        if section.name == "pcie-noaer" {
            continue;
        }
        let event = section.event(Version::Linux5_0);
        let has_unit = matches!(event, Event::Mc(_)) && section.descriptor.fru_text().is_some();
        ours.entry(event.name()).or_default().push((has_unit, printed(&event)));
    }
    assert_eq!(
        [ours["mc_event"].len(), ours["aer_event"].len(), ours["non_standard_event"].len()],
        [15, 3, 4]
    );
    for (name, ours) in &ours {
        let traced = traced("edac", name);
        assert_eq!(traced.len(), ours.len(), "{name}");
        for (traced, (has_unit, ours)) in traced.iter().zip(ours) {
            if *has_unit {
                // The kernel does not look at the unit.
                let (before, rest) = ours.split_once(" on ").unwrap();
                let (_, after) = rest.split_once(" (mc:").unwrap();
                assert_eq!(&format!("{before} on unknown memory (mc:{after}"), traced);
            } else {
                assert_eq!(ours, traced);
            }
        }
    }
}

/// The bytes of an event with these values, in the order of its fields: numbers, bytes, and what references name.
fn event_bytes(fields: &'static [Field], values: &[&[u8]]) -> Vec<u8> {
    let end = tracepoint::layout(fields).last().map(|(field, offset)| offset + field.size()).unwrap();
    let mut bytes = vec![0xA5; end.into()];
    assert_eq!(fields.len(), values.len());
    for ((field, offset), value) in tracepoint::layout(fields).zip(values) {
        let place = usize::from(offset)..usize::from(offset + field.size());
        if field.is_dynamic() {
            let reference = bytes.len() as u32 | (value.len() as u32) << 16;
            bytes[place].copy_from_slice(&reference.to_le_bytes());
            bytes.extend_from_slice(value);
        } else {
            bytes[place].copy_from_slice(value);
        }
    }
    bytes
}

/// The event's bytes as its kernel lays them out.
fn bytes_of(event: &Event<'_>, version: Version) -> Vec<u8> {
    let fields = Event::fields(version, event.name()).unwrap();
    let c_string = |text: &tracepoint::Text<'_>| format!("{text}\0").into_bytes();
    match event {
        Event::Mc(event) => event_bytes(
            fields,
            &[
                &event.error_type.raw().to_le_bytes(),
                &c_string(&event.msg),
                &c_string(&event.label),
                &event.error_count.to_le_bytes(),
                &[event.mc_index],
                &event.top_layer.to_le_bytes(),
                &event.middle_layer.to_le_bytes(),
                &event.lower_layer.to_le_bytes(),
                &event.address.to_le_bytes(),
                &[event.grain_bits],
                &event.syndrome.to_le_bytes(),
                &c_string(&event.driver_detail),
            ],
        ),
        Event::Aer(event) => {
            let count = if version >= Version::Linux7_3 { 14 } else { 4 };
            let header: Vec<u8> =
                event.tlp_header[..count].iter().flat_map(|dword| dword.to_le_bytes()).collect();
            let (name, status) = (c_string(&event.dev_name), event.status.to_le_bytes());
            let severity = [event.severity.raw()];
            let bus = event.bus_type.map(|bus| c_string(&bus));
            let mut values: Vec<&[u8]> =
                vec![&name, &status, &severity, event.tlp_header_valid.as_bytes(), &header];
            values.extend(bus.as_deref());
            event_bytes(fields, &values)
        }
        Event::Arm(event) => {
            let len = |part: &[u8]| (part.len() as u32).to_le_bytes();
            let lens = [event.pei_buf, event.ctx_buf, event.oem_buf].map(len);
            let numbers = [event.mpidr.to_le_bytes(), event.midr.to_le_bytes()];
            let states = [event.running_state.to_le_bytes(), event.psci_state.to_le_bytes()];
            let (affinity, sev, cpu) = ([event.affinity], [event.sev.raw()], event.cpu.to_le_bytes());
            let all: [&[u8]; 13] = [
                &numbers[0],
                &numbers[1],
                &states[0],
                &states[1],
                &affinity,
                &lens[0],
                event.pei_buf,
                &lens[1],
                event.ctx_buf,
                &lens[2],
                event.oem_buf,
                &sev,
                &cpu,
            ];
            event_bytes(fields, &all[..fields.len()])
        }
        Event::ExtlogMem(event) => event_bytes(
            fields,
            &[
                &event.err_seq.to_le_bytes(),
                &[event.etype.raw()],
                &[event.sev],
                &event.pa.to_le_bytes(),
                &[event.pa_mask_lsb],
                event.fru_id.bytes(),
                &c_string(&event.fru_text),
                &event.data,
            ],
        ),
        Event::NonStandard(event) => event_bytes(
            fields,
            &[
                event.sec_type.raw().bytes(),
                event.fru_id.bytes(),
                &c_string(&event.fru_text),
                &[event.sev.raw()],
                &(event.buf.len() as u32).to_le_bytes(),
                event.buf,
            ],
        ),
        _ => panic!("{event:?}"),
    }
}

/// All that an event says.
fn told(event: &Event<'_>) -> String {
    let mut told = String::new();
    match event {
        Event::Aer(event) => {
            write!(told, "{} {:x?}", event.dev_name, (event.status, event.severity, event.tlp_header))
        }
        Event::Arm(event) => write!(told, "{event:x?}"),
        Event::ExtlogMem(event) => {
            // Of the status, bit 0, the event has nothing but that it was valid.
            let data = [&[event.data[0] & !1][..], &event.data[1..]].concat();
            let ExtlogMemEvent { err_seq, etype, sev, pa, pa_mask_lsb, fru_id, fru_text, .. } = event;
            write!(told, "{err_seq} {etype} {sev} {pa:x} {pa_mask_lsb} {fru_id} {fru_text} {data:x?}")
        }
        _ => write!(told, "{}", printed(event)),
    }
    .unwrap();
    told
}

fn kinds() -> [(Version, NotificationType); 4] {
    [
        (Version::Linux5_0, NotificationType::CPE),
        (Version::Linux5_0, NotificationType::CMC),
        (Version::Linux6_17, NotificationType::NMI),
        (Version::Linux7_3, NotificationType::NMI),
    ]
}

#[test]
fn an_event_is_read_as_it_was_made_and_gives_a_section_with_the_same_event() {
    let mut seen = BTreeMap::<&str, usize>::new();
    for captured in captured() {
        for (version, notification) in kinds() {
            let event = Event::of(version, notification, &captured.descriptor, &captured.body);
            let bytes = bytes_of(&event, version);
            let read = Event::read(version, event.name(), &bytes).unwrap().unwrap();
            // A kernel before 6.17 does not say how bad an Arm error is, and has no arrays.
            let is_cut = matches!(event, Event::Arm(_)) && version == Version::Linux5_0;
            if !is_cut {
                assert_eq!(told(&read), told(&event), "{}", captured.name);
            }

            for event in [event, read] {
                let mut body = vec![0xA5; 4096];
                let (descriptor, body) = (event.descriptor(), event.write_body(&mut body).unwrap());
                let again = Event::of(version, notification, &descriptor, body);
                assert_eq!(told(&again), told(&event), "{}", captured.name);
                let short = &mut vec![0; body.len() - 1];
                let error = event.write_body(short).unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::BufferTooSmall { .. }), "{error}");
            }
            *seen.entry(event.name()).or_default() += 1;
        }
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), {
        let mut names = NAMES;
        names.sort_unstable();
        names
    });
}

#[test]
fn an_event_that_ends_early_or_refers_behind_its_end_is_an_error() {
    for captured in captured() {
        for (version, notification) in kinds() {
            let event = Event::of(version, notification, &captured.descriptor, &captured.body);
            let bytes = bytes_of(&event, version);
            let fields = Event::fields(version, event.name()).unwrap();
            let end = tracepoint::layout(fields).last().map(|(field, offset)| offset + field.size()).unwrap();
            for length in 0..bytes.len() {
                let read = Event::read(version, event.name(), &bytes[..length]).unwrap();
                if length < end.into() {
                    let error = read.unwrap_err();
                    assert!(matches!(error.kind(), ErrorKind::TooShort { .. }), "{length}: {error}");
                } else if let Err(error) = read {
                    assert!(matches!(error.kind(), ErrorKind::InnerLength { .. }), "{length}: {error}");
                } else {
                    // The last array is empty, or a text ends before it.
                    panic!("{} is read from {length} bytes of {}", event.name(), bytes.len());
                }
            }
        }
    }
}

#[test]
fn a_section_that_cannot_be_read_or_lacks_what_its_event_needs_is_told_whole() {
    let memory = SectionDescriptor::new(Severity::FATAL).with_section_type(SectionTypeId::MEMORY);
    let pcie = memory.with_section_type(SectionTypeId::PCIE);
    let error = PcieError::new();
    for (descriptor, body) in [(memory, &[1; 72][..]), (pcie, error.as_bytes()), (pcie, &[])] {
        let event = Event::of(Version::Linux6_17, NotificationType::CMC, &descriptor, body);
        let Event::NonStandard(event) = event else { panic!("{event:?}") };
        assert_eq!((event.sec_type, event.buf), (descriptor.section_type(), body));
    }
}

#[test]
fn a_detail_is_cut_where_the_kernel_cuts_it() {
    let all = [0xff; MemoryError::SIZE];
    let descriptor = SectionDescriptor::new(Severity::CORRECTED).with_section_type(SectionTypeId::MEMORY);
    let event = Event::of(Version::Linux5_0, NotificationType::CPE, &descriptor, &all);
    let Event::Mc(event) = event else { panic!("{event:?}") };
    let detail = event.driver_detail.to_string();
    assert!(detail.len() <= 399, "{}", detail.len());
    assert!(detail.starts_with("APEI location: node:65535 card:65535 "), "{detail}");
    assert!(detail.ends_with(" status(0xffffffffffffffff): Reserved"), "{detail}");
}

#[test]
fn a_device_that_firmware_reset_had_a_fatal_error() {
    let [captured] = &sections_of("recoverable-pcie")[..] else { panic!() };
    let descriptor = captured.descriptor.with_flags(SectionFlags::RESET);
    let Ok(Body::Pcie(pcie)) = Body::decode(SectionTypeId::PCIE, &captured.body) else { panic!() };
    let severity = |descriptor| AerEvent::of(Version::Linux5_0, descriptor, &pcie).unwrap().severity.raw();
    assert_eq!([severity(&captured.descriptor), severity(&descriptor)], [0, 1]);
}

#[test]
fn the_logged_header_is_told_since_7_3() {
    let aer = AerCapability::new()
        .with_uncorrectable_error_status(UncorrectableErrors::POISONED_TLP)
        .with_header_log([1, 2, 3, 4])
        .with_tlp_prefix_log([5, 6, 7, 8]);
    let error = PcieError::new().with_address("0000:3b:00.0".parse().unwrap()).with_aer_info(aer);
    let descriptor = SectionDescriptor::new(Severity::FATAL).with_section_type(SectionTypeId::PCIE);
    let [old, new] = [Version::Linux6_17, Version::Linux7_3].map(|version| {
        let event = Event::of(version, NotificationType::NMI, &descriptor, error.as_bytes());
        let Event::Aer(event) = event else { panic!("{event:?}") };
        (
            event.tlp_header_valid,
            event.tlp_header[..5].to_vec(),
            event.pcie_error().aer_info().unwrap().header_log(),
        )
    });
    assert_eq!(old, (0, vec![0; 5], [0; 4]));
    assert_eq!(new, (1, vec![1, 2, 3, 4, 0], [1, 2, 3, 4]));
}

#[test]
fn arrays_of_an_arm_event_are_the_parts_of_the_section() {
    let [captured] = &sections_of("arm")[..] else { panic!() };
    let Ok(Body::ArmProcessor(processor)) = Body::decode(SectionTypeId::ARM_PROCESSOR, &captured.body) else {
        panic!()
    };
    let event = ArmEvent::of(&captured.descriptor, &processor);
    let parts = [event.pei_buf, event.ctx_buf, event.oem_buf].concat();
    assert_eq!(parts, captured.body[40..40 + parts.len()]);
    assert_eq!(event.pei_buf.len(), 32 * usize::from(processor.err_info_num()));
    assert_eq!(event.ctx_buf.is_empty(), processor.context_info_num() == 0);
    assert_eq!(event.oem_buf, processor.vendor_specific());
    let mut body = vec![0; 4096];
    assert_eq!(Event::Arm(event).write_body(&mut body).unwrap(), captured.body);
}

#[test]
fn the_label_is_the_name_of_the_unit_or_none() {
    let memory = MemoryError::new().with_node(1);
    let descriptor = SectionDescriptor::new(Severity::FATAL).with_section_type(SectionTypeId::MEMORY);
    for (unit, label, again) in [
        (None, "unknown memory", None),
        (Some(&b"DIMM_A1"[..]), "DIMM_A1", Some(&b"DIMM_A1"[..])),
        (Some(b"   "), "unknown memory", None),
        (Some(b"DIMM \"7\" of 20 bytes"), "DIMM \"7\" of 20 bytes", Some(b"DIMM \"7\" of 20 bytes")),
    ] {
        let descriptor =
            unit.map_or(descriptor, |unit| descriptor.with_fru_text(FruText::new(unit).unwrap()));
        let event = McEvent::of(&descriptor, &memory.view());
        assert_eq!(event.label.to_string(), label);
        let name = event.descriptor().fru_text();
        assert_eq!(name.as_ref().map(FruText::text), again);
    }
}

#[test]
fn no_bytes_are_too_strange() {
    let mut numbers = Numbers::new();
    let (mut events, mut told) = (0, 0);
    for captured in captured() {
        for (version, notification) in kinds() {
            let event = Event::of(version, notification, &captured.descriptor, &captured.body);
            let (name, whole) = (event.name(), bytes_of(&event, version));
            for _ in 0..50 {
                let mut bytes = whole.clone();
                for _ in 0..=numbers.below(6) {
                    let at = numbers.below(bytes.len());
                    bytes[at] = numbers.below(256) as u8;
                }
                bytes.truncate(numbers.below(2 * bytes.len()));
                events += 1;
                let Ok(event) = Event::read(version, name, &bytes).unwrap() else { continue };
                // Two arrays may be the same bytes.
                let mut body = vec![0; 4 * bytes.len() + 256];
                let (descriptor, body) = (event.descriptor(), event.write_body(&mut body).unwrap());
                let again = Event::of(version, notification, &descriptor, body);
                let _ = format!("{event:?} {again:?}");
                told += 1;
            }
        }
    }
    assert!(told > events / 10 && told < events, "{told} of {events}");
}
