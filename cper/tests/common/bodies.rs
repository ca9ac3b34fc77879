//! Bodies of every section type: what the project's data have, and made ones, in which counts and codes are mostly small.

use cper::section::Body;
use cper::{Guid, Record, SectionTypeId, StatusBlock};

#[path = "numbers.rs"]
mod numbers;

pub(crate) use numbers::Numbers;

/// A byte of the sort that is a count, a type or a set of flags.
fn small(numbers: &mut Numbers) -> u8 {
    let below = match numbers.below(16) {
        0..8 => return 0,
        8..13 => 8,
        13 => 64,
        14 => return 0xff,
        _ => 256,
    };
    numbers.below(below) as u8
}

/// The bodies of the project's data, each with its type.
pub(crate) fn of_data() -> Vec<(SectionTypeId, Vec<u8>)> {
    let mut bodies = Vec::new();
    // The tests of the program use this file too.
    let up = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let data = up.map(|folder| folder.join("examples/data")).find(|data| data.is_dir()).unwrap();
    for folder in ["records", "gesb", "bert", "ghes", "rasdaemon/blocks"] {
        let mut files: Vec<_> =
            std::fs::read_dir(data.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for bytes in files.iter().filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap()) {
            if let Ok(record) = Record::parse(&bytes) {
                bodies.extend(
                    record
                        .sections()
                        .flatten()
                        .map(|section| (section.section_type(), section.bytes().to_vec())),
                );
            } else if let Ok(block) = StatusBlock::parse(&bytes) {
                bodies.extend(
                    block.entries().flatten().map(|entry| (entry.section_type(), entry.bytes().to_vec())),
                );
            }
        }
    }
    assert!(bodies.len() > 50, "{}", bodies.len());
    bodies
}

/// Hands out bodies of every type, each with its type.
pub(crate) fn all(each: &mut dyn FnMut(SectionTypeId, &Body<'_>)) {
    let mut numbers = Numbers::new();
    let mut hand = |section_type: SectionTypeId, bytes: &[u8]| {
        if let Ok(body) = Body::decode(section_type, bytes) {
            each(section_type, &body);
        }
    };
    let unknown = (SectionTypeId::new(Guid::from_bytes([0x77; 16])), "");
    for (section_type, _) in SectionTypeId::ALL.iter().copied().chain([unknown]) {
        for fill in [0, 0xff] {
            for length in 0..=300 {
                hand(section_type, &vec![fill; length]);
            }
        }
        for round in 0..200 {
            let mut bytes: Vec<u8> = (0..8 + numbers.below(600)).map(|_| small(&mut numbers)).collect();
            // All fields are valid in most.
            if round % 4 != 0 {
                bytes[..8].fill(0xff);
            }
            hand(section_type, &bytes);
        }
    }
    for (section_type, bytes) in of_data() {
        hand(section_type, &bytes);
        for _ in 0..200 {
            let mut bytes = bytes.clone();
            for _ in 0..=numbers.below(4) {
                if let Some(byte) = (!bytes.is_empty()).then(|| numbers.below(bytes.len())) {
                    bytes[byte] = small(&mut numbers);
                }
            }
            bytes.truncate(bytes.len().saturating_sub(numbers.below(9).saturating_sub(4)));
            hand(section_type, &bytes);
        }
    }
}
