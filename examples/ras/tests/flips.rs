//! No bit of a record is hidden: where one is flipped, the text with `-v` changes and so does the JSON, whatever kind of
//! record it is and whichever of its bytes.

mod common;
#[path = "../../../cper/tests/common/numbers.rs"]
mod numbers;

use std::fs;

use common::path;
use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, SectionTypeId, Severity};
use numbers::Numbers;
use ras::event::{Event, utc};
use ras::input::Bytes;
use ras::scan::{File, Step};
use ras::text::{Detail, Text};
use ras::{dmesg, json, scan};

/// Flips of each record.
const FLIPS: usize = 1000;

/// What `ras decode -v` and `ras decode --format json` write of a file.
fn told(name: &str, bytes: &[u8]) -> [String; 2] {
    let file = File::new(name.into(), Bytes::Read(bytes.to_vec()), None);
    let Some(content) = file.content else { return ["not recognised".into(), "not recognised".into()] };
    let mut found = Vec::new();
    scan::visit(&file, content, true, &mut |step| {
        if let Step::Found(one) = step {
            found.push(one);
        }
    });
    let events: Vec<Event<'_>> = dmesg::assemble(found).into_iter().map(Event::of).collect();
    let (mut text, mut objects) = (Vec::new(), Vec::new());
    let verbose =
        Text { detail: Detail::Raw, columns: None, color: false, prefix: |_| "", time: utc, cut_logs: false };
    verbose.group(&mut text, "", &events.iter().collect::<Vec<_>>(), false).unwrap();
    json::write(&mut objects, &events, json::Extent::default()).unwrap();
    [text, objects].map(|told| String::from_utf8(told).unwrap())
}

/// Flips bits; those after which the text or the JSON is the same.
fn hidden(name: &str, bytes: &[u8], flips: usize) -> Vec<String> {
    let mut numbers = Numbers::new();
    let [text, objects] = told(name, bytes);
    assert!(text.len() > 100 && objects.len() > 100, "{name}: {text}");
    let mut hidden = Vec::new();
    for _ in 0..flips {
        let bit = numbers.below(bytes.len() * 8);
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let [other_text, other_objects] = told(name, &flipped);
        for (what, same) in [("text", text == other_text), ("JSON", objects == other_objects)] {
            if same {
                hidden.push(format!("{name}: {what}, byte {:#x}, bit {}", bit / 8, bit % 8));
            }
        }
    }
    hidden
}

#[test]
fn a_flipped_bit_of_a_stored_record_shows() {
    let mut all = Vec::new();
    for file in [
        "gesb/mem-full-v23.gesb",
        "gesb/mem-old-73.gesb",
        "gesb/mem-v201.gesb",
        "gesb/pcie-ue.gesb",
        "gesb/arm.gesb",
        "gesb/ia-all.gesb",
        "gesb/generic-proc.gesb",
        "gesb/dmar-generic.gesb",
        "gesb/fw-err-ref.gesb",
        "gesb/raw-data.gesb",
        "gesb/unknown.gesb",
        "records/erstdbg.05-1122334455660005.cper",
        "records/mce-intel.01-6b02986900000001.cper",
        "records/crash-none.01-6b02983500000001.cper",
        "records/crash-z.01-6b02982900000001.cper",
        "mce/mce-intel.mce",
    ] {
        let bytes = fs::read(path(file)).unwrap();
        // The kernel's text is long, and each of its letters is like the others.
        let flips = if bytes.len() > 4096 { FLIPS / 5 } else { FLIPS };
        all.extend(hidden(file, &bytes, flips));
    }
    assert!(all.is_empty(), "{} flips are hidden: {all:#?}", all.len());
}

/// A record of one section of this type, no byte of it like its neighbour, with a gap before the body and a tail.
fn record(kind: SectionTypeId, valid: u8) -> Vec<u8> {
    let body: Vec<u8> = (0..300_u32).map(|place| if place < 8 { valid } else { place as u8 }).collect();
    let mut buffer = [0; 2048];
    let header = RecordHeader::new(Severity::FATAL, NotificationType::MCE);
    let mut writer = RecordWriter::new(&mut buffer, &header).unwrap();
    writer.section_bytes(kind, &SectionDescriptor::primary(Severity::FATAL), &body).unwrap();
    let mut record = writer.finish().unwrap().to_vec();
    let (gap, tail) = (24_usize, 40_usize);
    let body = record.split_off(RecordHeader::SIZE + SectionDescriptor::SIZE);
    record.resize(record.len() + gap, 0);
    let at = record.len() as u32;
    record[RecordHeader::SIZE..][..4].copy_from_slice(&at.to_le_bytes());
    record.extend(body);
    record.resize(record.len() + tail, 0);
    let length = record.len() as u32;
    record[20..24].copy_from_slice(&length.to_le_bytes());
    record
}

#[test]
fn a_flipped_bit_shows_whatever_the_section() {
    let mut all = Vec::new();
    let mut count = 0;
    for (kind, name) in SectionTypeId::ALL {
        // With all validity bits set and with none.
        for valid in [0xff, 0] {
            count += 1;
            all.extend(hidden(name, &record(*kind, valid), FLIPS / 20));
        }
    }
    assert!(count >= 60, "{count}");
    assert!(all.is_empty(), "{} flips are hidden: {all:#?}", all.len());
}
