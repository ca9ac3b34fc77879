//! A headline names what broke, for every type of section.
//!
//! `UPDATE_EXPECTED=1 cargo test -p ras-records` writes the kept table anew, to be read by hand.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{expect, ras};
use cper::section::Body;
use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, SectionTypeId, Severity};

/// Types whose sections are told in the words of their makers' own tools, which have tests of their own.
const OF_MAKERS: [SectionTypeId; 6] = [
    SectionTypeId::NVIDIA,
    SectionTypeId::NVIDIA_EVENT,
    SectionTypeId::ARM_RAS_NODE,
    SectionTypeId::WINDOWS_XPF_MCA,
    SectionTypeId::FRU_MEMORY_POISON,
    SectionTypeId::IPF_PROCESSOR,
];

/// A section of this type whose first bytes, mostly validity bits, are ones, and no other byte is like its neighbour.
fn record(kind: SectionTypeId) -> Vec<u8> {
    let body: Vec<u8> = (0..512_u32).map(|place| if place < 8 { 0xff } else { place as u8 }).collect();
    let mut buffer = [0; 2048];
    let header = RecordHeader::new(Severity::FATAL, NotificationType::MCE);
    let mut writer = RecordWriter::new(&mut buffer, &header).unwrap();
    writer.section_bytes(kind, &SectionDescriptor::primary(Severity::FATAL), &body).unwrap();
    writer.finish().unwrap().to_vec()
}

#[test]
fn every_type_of_section_says_what_broke() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("headline.cper");
    let mut table = String::new();
    for (kind, name) in SectionTypeId::ALL {
        let bytes = record(*kind);
        let is_decoded = !matches!(Body::decode(*kind, &bytes), Ok(Body::Unknown(_)));
        if !is_decoded || OF_MAKERS.contains(kind) {
            continue;
        }
        fs::write(&path, &bytes).unwrap();
        let run = ras(&["decode", "-q", path.to_str().unwrap()]);
        let line = run.stdout.lines().find(|line| !line.starts_with("BAD ")).unwrap_or_default();
        let headline = line.split(" \u{b7} ").next().unwrap_or_default();
        // More than that there is such a section.
        assert!(headline.len() > format!("FATAL        {name}: ").len(), "{name}: {headline}");
        table.push_str(headline);
        table.push('\n');
    }
    assert!(table.lines().count() >= 20, "{table}");
    expect("headlines.txt", &table);
}
