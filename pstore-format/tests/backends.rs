//! EFI variables, ramoops memory and a pstore/blk disk that kernels wrote, against the files they made of them.

mod common;

use common::{files, read};
use pstore_format::blk;
use pstore_format::dmesg::{Header, Part, Piece, dumps};
use pstore_format::inflate::Inflater;
use pstore_format::names::{EfiVariable, FileName, RecordType};
use pstore_format::ramoops::{CodeWord, DumpHeader, Ecc, EccReport, Layout, Zone};

fn inflate(stream: &[u8]) -> Vec<u8> {
    let mut text = vec![0; 1 << 17];
    let inflated = Inflater::new().inflate(stream, &mut text).unwrap();
    assert_eq!(inflated.unused, 0);
    text.truncate(inflated.length);
    text
}

/// The variables, and the text of each.
fn variables() -> Vec<(EfiVariable, Vec<u8>)> {
    let names = files("efi").into_iter().filter(|name| name.starts_with("dump-"));
    names
        .map(|name| {
            let variable = EfiVariable::parse_efivarfs(&name).unwrap();
            assert!(variable.is_compressed());
            // efivarfs puts the attributes before the value: non-volatile, boot services, run time.
            let content = read(format!("efi/{name}"));
            assert_eq!(content[..4], [7, 0, 0, 0]);
            (variable, inflate(&content[4..]))
        })
        .collect()
}

#[test]
fn efi_variables_become_the_files_the_kernel_made() {
    let variables = variables();
    assert_eq!(variables.len(), 20);
    for (variable, text) in &variables {
        let kind = variable.record_type.name().unwrap();
        let file =
            FileName { kind, backend: "efi_pstore", id: Some(variable.record_id()), compressed: false };
        assert_eq!(*text, read(format!("efi/{file}")), "{variable}");
        let header = Header::parse(text).unwrap().0;
        assert_eq!((header.why, header.count, header.part), ("Panic", variable.count, variable.part));
    }
}

#[test]
fn two_panics_in_efi_variables_are_two_dumps() {
    // Both are the first of their boot, and the first was written over two seconds.
    let variables = variables();
    let parts = variables.iter().enumerate().map(|(index, (variable, text))| {
        Part::timed(Header::parse(text).unwrap().0, variable.record_id(), Some(variable.time), index)
    });
    let mut parts: Vec<_> = parts.collect();
    parts.sort();
    let found: Vec<_> = dumps(&parts).collect();
    assert_eq!(found.len(), 2);
    for (dump, highest) in found.iter().zip([15, 5]) {
        let read: Vec<_> = dump
            .pieces()
            .map(|piece| match piece {
                Piece::Part(part) => part.header.part,
                Piece::Missing(parts) => panic!("parts {parts:?} are missing"),
            })
            .collect();
        assert_eq!(read, (1..=highest).rev().collect::<Vec<_>>());
    }
    let times: Vec<_> = found[0].parts().iter().map(|part| part.time.unwrap()).collect();
    assert_eq!((times.first(), times.last()), (Some(&1795368093), Some(&1795368094)));
}

/// What a module loaded with `mem_size=0x20000 record_size=0x4000 ecc=1` makes of its memory.
fn ramoops_layout(is_pmsg_last: bool) -> Layout {
    Layout {
        memory_size: 0x20000,
        record_size: 0x4000,
        console_size: 0x1000,
        ftrace_size: 0x1000,
        pmsg_size: 0x1000,
        ftrace_zones: 1,
        is_pmsg_last,
    }
}

/// What the kernel makes of the first zone of a region, its ECC report with it.
fn ramoops_file(region: &[u8], is_pmsg_last: bool) -> Vec<u8> {
    let ecc = Ecc::new(1).unwrap();
    let (record_type, number, range) = ramoops_layout(is_pmsg_last).zones().next().unwrap();
    assert_eq!((record_type, number), (RecordType::DMESG, 0));
    let mut memory = region[range].to_vec();
    let report = ecc.correct(&mut memory).unwrap();
    let zone = Zone::parse(&memory, Some(ecc)).unwrap();
    let (header, dump) = DumpHeader::parse(zone.contents().as_slice().unwrap()).unwrap();
    assert!(header.compressed);
    let mut text = vec![0; 1 << 17];
    // The damaged stream decodes to its end, to other text.
    let inflated = Inflater::new().inflate(dump, &mut text).unwrap();
    [&text[..inflated.length], format!("\n{report}\n").as_bytes()].concat()
}

#[test]
fn ramoops_memory_becomes_the_file_the_kernel_made() {
    for (name, is_pmsg_last) in [("6.1", true), ("6.12", false), ("6.12-damaged", false)] {
        let file = ramoops_file(&read(format!("ramoops/{name}.bin")), is_pmsg_last);
        let expected = read(format!("ramoops/{name}.dmesg-ramoops-0"));
        assert_eq!(file.len(), expected.len(), "{name}");
        assert!(file == expected, "{name}");
    }
}

#[test]
fn damage_is_counted_as_the_kernel_counts_it() {
    let content = read("ramoops/6.12-damaged.dmesg-ramoops-0");
    let (text, report) = EccReport::split(&content);
    assert_eq!(report, Some(EccReport { corrected: 15, unrecoverable: 1 }));
    assert!(Header::parse(text).is_some());
    let content = read("ramoops/6.12.dmesg-ramoops-0");
    let (text, report) = EccReport::split(&content);
    assert_eq!(report, Some(EccReport::default()));
    assert!(text.ends_with(b"0xffffffffbfffffff)\n"));
}

#[test]
fn every_zone_lies_where_the_kernel_put_it() {
    for (name, is_pmsg_last, version) in [("6.1", true, (6, 1, 192)), ("6.12", false, (6, 12, 117))] {
        let region = read(format!("ramoops/{name}.bin"));
        let ecc = Ecc::new(16);
        let mut seen = 0;
        for (record_type, number, range) in ramoops_layout(is_pmsg_last).zones() {
            let zone = Zone::parse(&region[range], ecc).unwrap();
            let is_dump = record_type == RecordType::DMESG && number == 0;
            assert_eq!(zone.contents().is_empty(), !is_dump);
            let expected = (record_type == RecordType::FTRACE).then_some(version);
            assert_eq!(zone.kernel_version(), expected, "{name} {record_type}");
            seen += 1;
        }
        assert_eq!(seen, 10);
        // The other order is told by the version being in the wrong place.
        let wrong = ramoops_layout(!is_pmsg_last)
            .zones()
            .filter(|(record_type, _, _)| *record_type == RecordType::PMSG);
        for (_, _, range) in wrong {
            assert_eq!(Zone::parse(&region[range], ecc).unwrap().kernel_version(), Some(version));
        }
    }
}

/// The codes that a kernel wrote are those that are written here, and evidence of them.
#[test]
fn codes_are_the_kernels() {
    let ecc = Ecc::new(1).unwrap();
    for (name, is_pmsg_last) in [("6.1", true), ("6.12", false)] {
        let region = read(format!("ramoops/{name}.bin"));
        for (record_type, number, range) in ramoops_layout(is_pmsg_last).zones() {
            let zone = &region[range];
            let evidence = ecc.examine(zone).unwrap();
            assert_eq!(evidence.header, CodeWord::Verified, "{name} {record_type} {number}");
            assert_eq!((evidence.correctable, evidence.unrecoverable), (0, 0));
            let mut again = zone.to_vec();
            ecc.protect(&mut again).unwrap();
            assert!(again == zone, "{name} {record_type} {number}");
        }
    }
}

#[test]
fn the_disk_becomes_the_files_the_kernel_made() {
    let disk = read("blk/6.12.img");
    let layout = blk::Layout {
        total_size: disk.len(),
        kmsg_size: 32 << 10,
        pmsg_size: 8 << 10,
        console_size: 8 << 10,
        ftrace_size: 16 << 10,
        processors: 1,
    };
    let mut seen = Vec::new();
    for (record_type, number, range) in layout.zones() {
        // Zones that have never been written are zeros.
        let Ok(zone) = blk::Zone::parse(&disk[range.clone()]) else {
            assert!(disk[range].iter().all(|&byte| byte == 0));
            continue;
        };
        assert_eq!((record_type, zone.record_type()), (RecordType::DMESG, RecordType::DMESG));
        let (header, dump) = zone.dump().unwrap();
        assert!(header.compressed);
        let file = format!("blk/{record_type}-pstore_blk-{number}");
        assert_eq!(inflate(dump), read(file));
        seen.push((number, header.time, header.counter, header.reason));
    }
    let oops = blk::Reason::OOPS;
    assert_eq!(seen, [(0, 1795367996, 1, oops), (1, 1795368000, 2, oops)]);
}
