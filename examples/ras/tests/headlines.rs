//! A headline names what broke, for every type of section.
//!
//! `UPDATE_EXPECTED=1 cargo test -p ras-records` writes the kept table anew, to be read by hand.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{expect, ras};
use cper::section::Body;
use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, SectionTypeId, Severity};

/// A body whose first bytes, mostly validity bits, are ones, and no other byte is like its neighbour.
fn any_body() -> Vec<u8> {
    (0..512_u32).map(|place| if place < 8 { 0xff } else { place as u8 }).collect()
}

/// A record with a section of this type.
fn record(kind: SectionTypeId, body: &[u8]) -> Vec<u8> {
    let mut buffer = [0; 2048];
    let header = RecordHeader::new(Severity::FATAL, NotificationType::MCE);
    let mut writer = RecordWriter::new(&mut buffer, &header).unwrap();
    writer.section_bytes(kind, &SectionDescriptor::primary(Severity::FATAL), body).unwrap();
    writer.finish().unwrap().to_vec()
}

/// The headline of a record with such a section, with its severity.
fn headline(file: &str, kind: SectionTypeId, body: &[u8]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(file);
    fs::write(&path, record(kind, body)).unwrap();
    let run = ras(&["decode", "-q", path.to_str().unwrap()]);
    let line = run.stdout.lines().find(|line| !line.starts_with("BAD ")).unwrap_or_default();
    line.split(" \u{b7} ").next().unwrap_or_default().to_owned()
}

/// Whether the crate decodes bodies of this type. A body that is too short for it is an error then.
fn is_decoded(kind: SectionTypeId) -> bool {
    !matches!(Body::decode(kind, &any_body()), Ok(Body::Unknown(_)))
}

/// There is a line for each of the bodies that the crate decodes.
#[test]
fn every_type_of_section_says_what_broke() {
    let decoded = |kind| SectionTypeId::ALL.iter().any(|(known, _)| *known == kind) && is_decoded(kind);
    assert!(Body::ALL.iter().all(|(kind, _)| decoded(*kind)), "a body has no type with a line");
    let mut table = String::new();
    for (kind, name) in SectionTypeId::ALL {
        if !is_decoded(*kind) {
            continue;
        }
        let headline = headline("headline.cper", *kind, &any_body());
        // More than that there is such a section.
        assert!(headline.len() > format!("FATAL        {name}: ").len(), "{name}: {headline}");
        table.push_str(&headline);
        table.push('\n');
    }
    expect("headlines.txt", &table);
}

/// A body of zeros with these bytes at these offsets.
fn body(length: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut body = vec![0; length];
    for (offset, bytes) in parts {
        body[*offset..offset + bytes.len()].copy_from_slice(bytes);
    }
    body
}

/// A CXL event: the head with a device at 0000:38:00.0, then these bytes of the event's own 80.
fn cxl_event(parts: &[(usize, &[u8])]) -> Vec<u8> {
    let device = [0xd9, 0x1e, 0x00, 0xc0, 0, 0, 0x38, 0, 0];
    let mut event = body(144, &[(0, &[144]), (4, &[5]), (12, &device), (32, &[128])]);
    event[64..].copy_from_slice(&body(80, parts));
    event
}

/// A section that was captured, as it was handed to Linux.
fn captured(name: &str) -> Vec<u8> {
    fs::read(common::path(&format!("sections/{name}.sec"))).unwrap()
}

/// Bodies as hardware and firmware fill them, each field at the offset that its specification gives.
fn bodies() -> Vec<(SectionTypeId, Vec<u8>)> {
    use SectionTypeId as T;
    vec![
        (T::PROCESSOR_GENERIC, captured("generic-proc.proc_generic")),
        (T::IA32_X64_PROCESSOR, captured("ia-cache.proc_ia")),
        (T::ARM_PROCESSOR, captured("arm.proc_arm")),
        (T::MEMORY, captured("mem-ce-ddr.mem")),
        (T::MEMORY, captured("mem-minimal-pa.mem")),
        // Card, module, device, type and handle.
        (
            T::MEMORY_2,
            body(96, &[(0, &[0xb0, 0x20, 8]), (34, &[2]), (36, &[3]), (40, &[7]), (61, &[3]), (92, &[0x21])]),
        ),
        (T::PCIE, captured("pcie-ue.pcie")),
        (T::PCIE, captured("pcie-ce.pcie")),
        (T::FIRMWARE_ERROR_RECORD, captured("fw-err-ref.fw_err")),
        // Data parity on bus 3, at an address.
        (T::PCI_BUS, body(72, &[(0, &[0xe]), (16, &[1]), (18, &[3, 0]), (24, &[0, 0x10, 0xd0, 0xfe])])),
        // A protocol error (23) that a device detected.
        (
            T::PCI_COMPONENT,
            body(40, &[(0, &[3]), (9, &[23]), (16, &[0x86, 0x80, 0x72, 0x15, 0, 0, 2, 1, 0, 0x3b])]),
        ),
        // An access of 02:01.0 that is not allowed, a read.
        (T::DMAR_GENERIC, body(32, &[(0, &[8, 2, 0, 0]), (4, &[6, 1]), (8, &[0, 0xa0, 0x34, 0x12])])),
        // No permission to write, of 02:00.0.
        (T::DMAR_VTD, body(144, &[(0, &[0x10]), (48, &[0, 0xf0, 0xff, 0xbf]), (56, &[0, 2, 0, 0, 5])])),
        // I/O page fault of 21:04.0.
        (
            T::DMAR_IOMMU,
            body(144, &[(0, &[1]), (32, &[0x20, 0x21]), (39, &[0x20]), (40, &[0, 0xa0, 0x34, 0x12])]),
        ),
        // An uncorrected memory error of a home agent, degraded, with an address.
        (
            T::CCIX_PER,
            body(
                36,
                &[
                    (0, &[36]),
                    (4, &[7]),
                    (12, &[3, 1]),
                    (16, &[1, 8]),
                    (20, &[0, 0x10, 5, 0x40]),
                    (24, &[1]),
                    (28, &[0x40, 0, 8, 0x10]),
                ],
            ),
        ),
        // A device at 0000:38:00.1 that received poison.
        (
            T::CXL_PROTOCOL,
            body(
                204,
                &[
                    (0, &[0x47]),
                    (8, &[2]),
                    (16, &[1, 0, 0x38]),
                    (24, &[0xd9, 0x1e, 0x00, 0xc0]),
                    (110, &[88]),
                    (116, &[0, 4]),
                ],
            ),
        ),
        (T::CXL_GENERAL_MEDIA, cxl_event(&[(10, &[1]), (11, &[3]), (13, &[2, 1])])),
        // What was being done is not known, and not told.
        (
            T::CXL_DRAM,
            cxl_event(&[(11, &[0x7b]), (13, &[1]), (18, &[2, 3]), (20, &[0x34, 0x12]), (23, &[0x56])]),
        ),
        (T::CXL_MEMORY_MODULE, cxl_event(&[(0, &[3])])),
        (T::CXL_MEMORY_SPARING, cxl_event(&[(3, &[1]), (4, &[0x23]), (14, &[1, 0]), (21, &[0x34, 0x12])])),
        (T::CXL_PHYSICAL_SWITCH, cxl_event(&[(0, &[4, 0])])),
        (T::CXL_VIRTUAL_SWITCH, cxl_event(&[(0, &[1, 2, 1])])),
        (T::CXL_MLD_PORT, cxl_event(&[(0, &[2, 5])])),
        (T::CXL_DYNAMIC_CAPACITY, cxl_event(&[])),
        (T::WINDOWS_CXL_DRAM, cxl_event(&[(10, &[2]), (11, &[1]), (13, &[1])])),
        (T::WINDOWS_CXL_MEMORY_MODULE, cxl_event(&[(0, &[1])])),
    ]
    .into_iter()
    .chain(of_makers())
    .chain(nvidia())
    .chain(windows())
    .collect()
}

/// Of Ampere, of Itanium, a list of poisoned memory, and of Arm's RAS node.
fn of_makers() -> [(SectionTypeId, Vec<u8>); 6] {
    use SectionTypeId as T;
    [
        (T::AMPERE, body(16, &[(0, &[1]), (2, &[2]), (4, &[1, 0x40])])),
        // Layout 0 (an Arm RAS node) of unit 1, of the second socket: an address that is illegal, and there.
        (
            T::AMPERE_SPECIFIC,
            body(
                48,
                &[(0, &[1]), (1, &[2]), (2, &[1, 0x40]), (4, &[0x0d, 0, 0, 0xe0]), (8, &[0, 0x10, 0, 0x80])],
            ),
        ),
        (T::IPF_PROCESSOR, body(304, &[(0, &[1])])),
        // The same bytes under the GUID of which the specification prints the wrong eight.
        (T::IPF_PROCESSOR_CUT, body(304, &[(0, &[1])])),
        // Two poisoned addresses of the processor with this PPIN.
        (
            T::FRU_MEMORY_POISON,
            body(
                104,
                &[
                    (4, &[0x3f]),
                    (16, &[0x11, 0x0f, 0xa1]),
                    (28, &[0x42, 0x23]),
                    (36, &[2]),
                    (64, &[0x40, 0, 8, 0x10]),
                    (96, &[0x80, 0, 8, 0x10]),
                ],
            ),
        ),
        // An uncorrected error of a cache's data, with its address, of the processor 0x81000200.
        (
            T::ARM_RAS_NODE,
            body(
                152,
                &[
                    (0, &[1]),
                    (8, &[1]),
                    (12, &[80]),
                    (17, &[0xff]),
                    (24, &[0, 2, 0, 0x81]),
                    (84, &[1]),
                    (104, &[6, 0, 0, 0xe0]),
                    (112, &[0x40, 0, 8, 0x10]),
                ],
            ),
        ),
    ]
}

/// Of NVIDIA's processors and GPUs: registers, memory channels, firmware, and an Xid with what to do.
fn nvidia() -> [(SectionTypeId, Vec<u8>); 4] {
    let head = |signature: &'static [u8], registers: &'static [u8]| {
        [(0, signature), (16, &[1, 0, 2, 0]), (20, &[1, 1]), (22, registers)]
    };
    // Size, form of the data, and their length; then the data.
    let context = |form: u8, data: &[u8]| {
        let length = data.len() as u8;
        let size = (16 + length).next_multiple_of(16);
        body(size.into(), &[(0, &[size]), (8, &[form, 0x80]), (12, &[length]), (16, data)])
    };
    let device = body(51, &[(0, &[1, 2, 1]), (4, &[0, 2, 2, 0]), (16, b"GPU-MemSys"), (32, &[0, 1, 16])]);
    let xid = context(1, b"\x30\0\0\0An uncorrectable double bit error");
    let action = context(2, &[1, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    // What is known of the GPU are 13 bytes.
    let event = [&device[..48], &xid, &action].concat();
    [
        (SectionTypeId::NVIDIA, body(48, &[&head(b"DCC-ECC", &[1])[..], &[(40, &[0x12])]].concat())),
        // Three errors of a channel that is enabled, four of one that is not.
        (
            SectionTypeId::NVIDIA,
            body(64, &[&head(b"CMET-INFO", &[2])[..], &[(40, &[3, 0, 0, 0, 1]), (56, &[4])]].concat()),
        ),
        (
            SectionTypeId::NVIDIA,
            body(120, &[&head(b"FWERROR", &[])[..], &[(32, b"MB1"), (48, &[0x34, 0x12])]].concat()),
        ),
        (SectionTypeId::NVIDIA_EVENT, event),
    ]
}

/// Machine checks as Windows stores them: of Intel's cache, and of AMD's data fabric.
fn windows() -> [(SectionTypeId, Vec<u8>); 2] {
    let intel = [
        (0, &[2][..]),
        (4, &[1]),
        (16, &[3]),
        (36, &[4]),
        (40, &[0x35, 1, 0, 0, 0, 0, 0, 0xbe]),
        (48, &[0, 0xb0, 0xad, 0xde]),
    ];
    let amd = [
        (0, &[2][..]),
        (4, &[2]),
        (36, &[27]),
        (40, &[0x0b, 8, 2, 0, 0, 0, 0x20, 0x98]),
        (72, &[0, 5, 0, 0, 0x2e, 0, 1]),
    ];
    [&intel[..], &amd].map(|parts| (SectionTypeId::WINDOWS_XPF_MCA, body(272, parts)))
}

/// The table is checked by hand, against the values in the bodies.
#[test]
fn headlines_of_real_errors_name_the_part_and_the_fault() {
    let bodies = bodies();
    let mut table = String::new();
    for (kind, body) in &bodies {
        table.push_str(&headline("real-headline.cper", *kind, body));
        table.push('\n');
    }
    for (kind, name) in SectionTypeId::ALL {
        let is_here = bodies.iter().any(|(here, _)| here == kind);
        assert!(is_here || !is_decoded(*kind), "{name} has no row");
    }
    // But for the name of a type.
    assert!(!table.replace("(GUID cut short)", "").contains("cut short"), "{table}");
    expect("headlines-of-real-errors.txt", &table);
}
