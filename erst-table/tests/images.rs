//! The captured backing images against the listings that an independent script made of them.

use std::path::{Path, PathBuf};

use erst_table::qemu::{Image, ImageProblem, image_length};
use erst_table::{ErrorKind, Location};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/erst-images")
}

fn image(name: &str) -> Vec<u8> {
    std::fs::read(data().join(name)).unwrap()
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

/// What a listing says of one slot.
struct Listed {
    index: usize,
    offset: Option<u64>,
    identifier: u64,
    length: Option<u64>,
}

fn listing(text: &str) -> (usize, usize, Vec<Listed>) {
    let mut lines = text.lines().skip(1).peekable();
    let summary = lines.next().unwrap();
    let number = |key: &str| {
        let rest = summary.split_once(key).unwrap().1;
        rest.split(' ').next().unwrap().parse::<usize>().unwrap()
    };
    let mut slots: Vec<Listed> = summary
        .split_once("map entries: ")
        .unwrap()
        .1
        .split(", ")
        .map(|entry| {
            let (index, identifier) = entry.split_once("]=").unwrap();
            let index = index.trim_start_matches('[').parse().unwrap();
            Listed { index, offset: None, identifier: hex(identifier), length: None }
        })
        .collect();
    let mut current = None;
    for line in lines {
        if let Some(rest) = line.strip_prefix("slot ") {
            let index: usize = rest.split([' ', ':']).next().unwrap().parse().unwrap();
            current = slots.iter_mut().find(|slot| slot.index == index);
            if let (Some((_, offset)), Some(slot)) = (rest.split_once("file offset "), current.as_mut()) {
                slot.offset = Some(hex(offset.trim_end_matches("):")));
            }
        } else if let (Some(length), Some(slot)) = (line.strip_prefix("    length = "), current.as_mut()) {
            slot.length = Some(length.parse().unwrap());
        }
    }
    (number("slots="), number("first_record_slot="), slots)
}

#[test]
fn every_captured_image_reads_as_its_listing_says() {
    let mut images = 0;
    for path in std::fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "img") {
            continue;
        }
        images += 1;
        let bytes = std::fs::read(&path).unwrap();
        let (slots, first, listed) = listing(&std::fs::read_to_string(path.with_extension("txt")).unwrap());
        let image = Image::parse(&bytes).unwrap();
        assert_eq!(
            (image.slot_count(), image.first_slot(), image.slot_size()),
            (slots, first, 8192),
            "{path:?}"
        );
        assert_eq!(image.capacity(), slots - first);
        assert_eq!(image.header().record_count() as usize, listed.len());

        let used: Vec<_> = image.used().collect();
        assert_eq!(used.len(), listed.len(), "{path:?}");
        for (slot, listed) in used.iter().zip(&listed) {
            assert_eq!((slot.index, slot.identifier), (listed.index, listed.identifier), "{path:?}");
            assert_eq!(slot.offset, slot.index as u64 * 8192);
            assert_eq!(slot.bytes, &bytes[slot.index * 8192..][..8192]);
            assert_eq!(image.find(listed.identifier), Some(*slot));
            if let Some(offset) = listed.offset {
                assert_eq!(slot.offset, offset);
            }
            match (listed.length, slot.record()) {
                (Some(length @ 128..=8192), record) => assert_eq!(record.unwrap().len() as u64, length),
                (Some(length), Err(error)) => {
                    let location = Location::Slot { slot: slot.index, offset: slot.offset };
                    assert_eq!(error.kind(), ErrorKind::RecordLength { stated: length, available: 8192 });
                    assert_eq!(error.location(), location);
                }
                (Some(length), Ok(_)) => panic!("{path:?}: slot {}: length {length} accepted", slot.index),
                (None, _) => {
                    assert!(
                        !slot.bytes.starts_with(b"CPER"),
                        "the listing gives no length without signature"
                    );
                }
            }
        }
    }
    assert_eq!(images, 14);
}

#[test]
fn images_that_qemu_wrote_have_no_problem_and_the_broken_ones_have_theirs() {
    for name in [
        "crash-none.img",
        "crash-z-multi.img",
        "crash612.img",
        "mce-intel.img",
        "mce-amd.img",
        "ghesfatal.img",
    ] {
        assert_eq!(Image::parse(&image(name)).unwrap().check().next(), None, "{name}");
    }
    let problems = |name| Image::parse(&image(name)).unwrap().check().collect::<Vec<_>>();
    assert_eq!(problems("fill.img"), [ImageProblem::RecordSignature { slot: 2, signature: *b"XPER" }]);
    let broken = problems("synbad.img");
    assert!(broken.contains(&ImageProblem::RecordLength { slot: 2, stated: 12288 }), "{broken:?}");
    assert!(broken.contains(&ImageProblem::RecordLength { slot: 5, stated: 100 }), "{broken:?}");
    assert!(
        broken.iter().any(|problem| matches!(problem, ImageProblem::RecordSignature { slot: 3, .. })),
        "{broken:?}"
    );
}

#[test]
fn a_lying_length_is_the_error_of_its_slot_alone() {
    let bytes = image("synbad.img");
    let image = Image::parse(&bytes).unwrap();
    let good: Vec<_> =
        image.used().filter(|slot| slot.record().is_ok() && slot.bytes.starts_with(b"CPER")).collect();
    assert_eq!(good.iter().map(|slot| slot.index).collect::<Vec<_>>(), [1, 4, 6]);
    let error = image.slot(2).unwrap().record().unwrap_err();
    assert_eq!(error.to_string(), "slot 2, offset 0x4000: record length 12288, 8192 available");
}

#[test]
fn cleared_records_are_found_where_the_kernel_cleared_them() {
    let bytes = image("pstore-rm.img");
    let image = Image::parse(&bytes).unwrap();
    let cleared: Vec<_> = image.cleared().collect();
    assert_eq!(cleared.len(), 1);
    assert_eq!(
        (cleared[0].index, cleared[0].identifier, cleared[0].record_identifier() >> 32),
        (2, 0, 0x6b02_9871)
    );
    assert_eq!(cleared[0].cleared_record().unwrap(), cleared[0].record().unwrap());
}

#[test]
fn a_storage_offset_that_is_none_is_computed() {
    let good = image("mce-intel.img");
    let slots = Image::parse(&good).unwrap().slot_count();
    let first = |stated: u32| {
        let mut bytes = good.clone();
        bytes[12..16].copy_from_slice(&stated.to_le_bytes());
        Image::parse(&bytes).unwrap().first_slot()
    };
    let last = u32::try_from(slots).unwrap() * 8192;
    assert_eq!((first(8192), first(3 * 8192), first(last)), (1, 3, slots));
    for stated in [0, 1, 8191, 8193, 3 * 8192 + 4096, last + 8192, u32::MAX] {
        assert_eq!(first(stated), 1, "{stated}");
    }
}

/// Checking an image remembers hashes of the identifiers: those of one hash are told apart all the same.
#[test]
fn only_the_same_identifier_is_a_duplicate() {
    let mut bytes = image("crash-none.img");
    let slots = bytes.len() / 8192;
    assert!(slots > 5);
    // Products with the hash's factor that differ in their low bits alone.
    let factor = 0x9e37_79b9_7f4a_7c15_u64;
    let inverse = (0..6).fold(factor, |inverse: u64, _| {
        inverse.wrapping_mul(2_u64.wrapping_sub(factor.wrapping_mul(inverse)))
    });
    let [one, two, three] = [1, 2, 3].map(|low: u64| inverse.wrapping_mul(low));
    for (slot, identifier) in [(2, one), (3, two), (4, three), (5, two)] {
        bytes[24 + 8 * slot..][..8].copy_from_slice(&identifier.to_le_bytes());
    }
    let problems = Image::parse(&bytes).unwrap().check();
    let duplicates: Vec<_> =
        problems.filter(|problem| matches!(problem, ImageProblem::Duplicate { .. })).collect();
    assert_eq!(duplicates, [ImageProblem::Duplicate { slot: 5, first: 3, identifier: two }]);
}

#[test]
fn images_and_slots_are_shown_for_debugging() {
    let bytes = image("mce-intel.img");
    let image = Image::parse(&bytes).unwrap();
    let shown = format!("{image:?}");
    assert!(shown.contains("slot_count: ") && shown.contains("first_slot: 1"), "{shown}");
    let slot = image.used().next().unwrap();
    let length = slot.record().unwrap().len();
    let expected = format!(
        "Slot {{ index: {}, offset: {:#x}, identifier: {:#x}, record: Ok({length}), .. }}",
        slot.index, slot.offset, slot.identifier
    );
    assert_eq!(format!("{slot:?}"), expected);
}

#[test]
fn an_image_is_as_long_as_its_records_need() {
    // 8 KiB of header hold 1021 identifiers, those of the header's own slots among them.
    for (records, slots) in [(0, 1), (1, 2), (1020, 1021), (1021, 1023), (1022, 1024)] {
        assert_eq!(image_length(records, 8192), Some(slots * 8192), "{records}");
    }
}
