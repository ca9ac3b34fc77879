//! Changes of a backing image: ours against what QEMU made of the same operations, and what can be brought back.

mod common;

use std::path::Path;

use common::record;
use erst_table::qemu::{self, Content, Image, ImageProblem, Overwrite};
use erst_table::{Error, ErrorKind, Location, Status};
use proptest::prelude::*;

const SLOT: usize = 4096;

fn image(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/erst-images").join(name);
    std::fs::read(path).unwrap()
}

fn formatted(slots: usize) -> Vec<u8> {
    let mut bytes = vec![0; slots * SLOT];
    qemu::format(&mut bytes, SLOT as u32).unwrap();
    bytes
}

fn write(bytes: &mut [u8], record: &[u8], overwrite: Overwrite) -> Result<(), Error> {
    Image::parse(bytes)?.plan_write(record, overwrite)?.apply(bytes)
}

fn clear(bytes: &mut [u8], identifier: u64) -> Result<(), Error> {
    Image::parse(bytes)?.plan_clear(identifier)?.apply(bytes)
}

fn kind<T>(result: Result<T, Error>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn images_that_kernels_had_qemu_write_are_made_again_byte_for_byte() {
    let mut records = 0;
    for name in [
        "crash-none-multi",
        "crash-none",
        "crash-z-multi",
        "crash-z",
        "crash612",
        "mce-amd",
        "mce-intel",
        "ghesfatal",
    ] {
        let theirs = image(&format!("{name}.img"));
        let mut ours = vec![0; theirs.len()];
        qemu::format(&mut ours, 8192).unwrap();
        for slot in Image::parse(&theirs).unwrap().used() {
            write(&mut ours, slot.record().unwrap(), Overwrite::InPlace).unwrap();
            records += 1;
        }
        assert!(ours == theirs, "{name}");
    }
    assert_eq!(records, 22);
}

#[test]
fn a_record_that_the_kernel_cleared_is_cleared_and_brought_back_byte_for_byte() {
    let theirs = image("pstore-rm.img");
    let parsed = Image::parse(&theirs).unwrap();
    let mut ours = vec![0; theirs.len()];
    qemu::format(&mut ours, 8192).unwrap();
    let mut whole: Vec<&[u8]> = parsed.used().map(|slot| slot.record().unwrap()).collect();
    let cleared = parsed.cleared().next().unwrap();
    whole.insert(cleared.index - 1, cleared.cleared_record().unwrap());
    for record in whole {
        write(&mut ours, record, Overwrite::InPlace).unwrap();
    }
    let before = ours.clone();
    clear(&mut ours, cleared.record_identifier()).unwrap();
    assert!(ours == theirs);
    let edit = Image::parse(&ours).unwrap().plan_restore(cleared.index).unwrap();
    edit.apply(&mut ours).unwrap();
    assert!(ours == before);
}

#[test]
fn a_header_may_cover_several_slots() {
    // 24 bytes and 8 for each of 2048 slots: five slots of 4096.
    let mut bytes = formatted(2048);
    let (first, last) = (5, 2047);
    {
        let image = Image::parse(&bytes).unwrap();
        assert_eq!(
            (image.first_slot(), image.capacity(), image.header().storage_offset()),
            (5, 2043, 5 * 4096)
        );
        assert_eq!(image.check().next(), None);
        for slot in [0, 4, 2048, usize::MAX] {
            assert_eq!(kind(image.slot(slot)), Some(ErrorKind::NoSuchSlot));
        }
    }
    for number in 1..=2043 {
        // Straight into the map, to be quick: slot contents as the writer leaves them.
        let slot = first + number as usize - 1;
        bytes[24 + 8 * slot..][..8].copy_from_slice(&u64::to_le_bytes(number));
        bytes[slot * SLOT..][..128].copy_from_slice(&record(number, 128, 0));
    }
    bytes[0x14..0x18].copy_from_slice(&2043_u32.to_le_bytes());
    assert_eq!(Image::parse(&bytes).unwrap().check().next(), None);
    assert_eq!(
        kind(write(&mut bytes, &record(9999, 200, 0), Overwrite::InPlace)),
        Some(ErrorKind::Status(Status::NOT_ENOUGH_SPACE))
    );
    clear(&mut bytes, 2043).unwrap();
    write(&mut bytes, &record(9999, 200, 7), Overwrite::Beside).unwrap();
    let image = Image::parse(&bytes).unwrap();
    let slot = image.find(9999).unwrap();
    assert_eq!((slot.index, slot.record().unwrap()), (last, &record(9999, 200, 7)[..]));
    assert_eq!(image.header().record_count(), 2043);
}

#[test]
fn the_smallest_image_for_so_many_records_is_found() {
    for slot_size in [4096, 8192, 65536] {
        // The largest still fits the address space of a 32-bit host.
        for records in (0..3000).chain([4095, 4096, 8191, 60_000]) {
            let length = qemu::image_length(records, slot_size).unwrap();
            let capacity = |slots: usize| slots.saturating_sub((24 + 8 * slots).div_ceil(slot_size));
            let slots = length / slot_size;
            assert_eq!(slots * slot_size, length);
            assert!(
                capacity(slots) >= records && (records == 0 || capacity(slots - 1) < records),
                "{records} of {slot_size}"
            );
        }
    }
    assert_eq!(qemu::image_length(1, 4095), None);
    assert_eq!(qemu::image_length(usize::MAX / 4096, 4096), None);
}

#[test]
fn a_new_image_is_made_only_where_it_fits() {
    let mut bytes = vec![0xa5; 4 * SLOT];
    for size in [0, 1, 2048, 4095, 4097, 12288, 16384, 32768, u32::MAX, 1 << 31] {
        let kind = kind(qemu::format(&mut bytes, size));
        assert_eq!(kind, Some(ErrorKind::SlotSize(u64::from(size))), "{size}");
    }
    assert!(bytes.iter().all(|byte| *byte == 0xa5));
    assert!(qemu::format(&mut bytes[..4 * SLOT - 1], 4096).is_err());
    qemu::format(&mut bytes, 8192).unwrap();
    assert_eq!(bytes[..24], *b"ERSTSTOR\x00\x20\0\0\x00\x20\0\0\x00\x01\0\0\0\0\0\0");
    assert!(bytes[24..8192].iter().all(|byte| *byte == 0) && bytes[8192..].iter().all(|byte| *byte == 0xa5));
}

#[test]
fn an_image_that_is_none_is_refused() {
    let mut bytes = formatted(3);
    for length in 0..24 {
        let kind = kind(Image::parse(&bytes[..length]));
        assert_eq!(
            kind,
            Some(ErrorKind::TooShort { what: "the image header", needed: 24, available: length as u32 })
        );
    }
    assert_eq!(kind(Image::parse(&bytes[..4095])), Some(ErrorKind::SlotSize(4096)));
    assert_eq!(Image::parse(&bytes[..4096]).unwrap().capacity(), 0);
    for size in [0, 1, 4095, 6144, 1 << 31, u32::MAX] {
        bytes[8..12].copy_from_slice(&size.to_le_bytes());
        let error = Image::parse(&bytes).unwrap_err();
        assert_eq!(
            (error.kind(), error.location()),
            (ErrorKind::SlotSize(u64::from(size)), Location::Offset(8))
        );
    }
    bytes[..8].copy_from_slice(b"ERSTSTOP");
    let error = Image::parse(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "offset 0: magic \"ERSTSTOP\", not \"ERSTSTOR\"");
    bytes[..8].fill(0);
    assert_eq!(Image::parse(&bytes).unwrap_err().to_string(), "offset 0: image not initialized yet");
}

#[test]
fn a_write_goes_to_the_first_free_slot_and_over_or_beside_a_record_of_its_identifier() {
    let mut bytes = formatted(5);
    for number in 1..=3 {
        write(&mut bytes, &record(number, 200, number as u8), Overwrite::Beside).unwrap();
    }
    let slots = |bytes: &[u8]| -> Vec<u64> {
        Image::parse(bytes).unwrap().slots().map(|slot| slot.identifier).collect()
    };
    assert_eq!(slots(&bytes), [1, 2, 3, 0]);
    let mut beside = bytes.clone();
    write(&mut beside, &record(2, 128, 9), Overwrite::Beside).unwrap();
    assert_eq!(slots(&beside), [1, 0, 3, 2]);
    write(&mut bytes, &record(2, 128, 9), Overwrite::InPlace).unwrap();
    assert_eq!(slots(&bytes), [1, 2, 3, 0]);
    for bytes in [&bytes, &beside] {
        let image = Image::parse(bytes).unwrap();
        let slot = image.find(2).unwrap();
        assert_eq!(slot.record().unwrap(), record(2, 128, 9));
        assert!(slot.bytes[128..].iter().all(|byte| *byte == 0xff));
        assert_eq!((image.header().record_count(), image.check().next()), (3, None));
    }
    write(&mut bytes, &record(4, SLOT, 4), Overwrite::InPlace).unwrap();
    let full = Some(ErrorKind::Status(Status::NOT_ENOUGH_SPACE));
    assert_eq!(kind(write(&mut bytes, &record(5, 200, 5), Overwrite::InPlace)), full);
    assert_eq!(kind(write(&mut bytes, &record(4, 200, 5), Overwrite::Beside)), full);
    write(&mut bytes, &record(4, 200, 5), Overwrite::InPlace).unwrap();
}

#[test]
fn what_is_no_record_is_not_written() {
    let mut bytes = formatted(3);
    let before = bytes.clone();
    let mut none = record(1, 200, 0);
    none[3] = 0;
    let cases = [
        (none, ErrorKind::RecordSignature(*b"CPE\0")),
        (record(1, 200, 0)[..199].to_vec(), ErrorKind::RecordLength { stated: 200, available: 199 }),
        (record(0, 200, 0), ErrorKind::RecordIdentifier(0)),
        (
            record(1, SLOT + 1, 0),
            ErrorKind::BufferTooSmall { needed: SLOT as u32 + 1, available: SLOT as u32 },
        ),
    ];
    for (record, expected) in cases {
        assert_eq!(kind(write(&mut bytes, &record, Overwrite::InPlace)), Some(expected));
    }
    assert!(bytes == before);
}

#[test]
fn clearing_freeing_and_restoring_say_what_they_cannot_do() {
    let mut bytes = formatted(5);
    for number in 1..=2 {
        write(&mut bytes, &record(number, 200, 0), Overwrite::Beside).unwrap();
    }
    let missing = Some(ErrorKind::Status(Status::RECORD_NOT_FOUND));
    for identifier in [0, 3, u64::MAX] {
        assert_eq!(kind(clear(&mut bytes, identifier)), missing);
    }
    let image = Image::parse(&bytes).unwrap();
    assert_eq!(kind(image.plan_free(3)), missing);
    assert_eq!(kind(image.plan_free(0)), Some(ErrorKind::NoSuchSlot));
    assert_eq!(kind(image.plan_restore(9)), Some(ErrorKind::NoSuchSlot));
    for slot in [1, 3] {
        let error = image.plan_restore(slot).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NothingToRestore);
        assert_eq!(error.location(), Location::Slot { slot, offset: (slot * SLOT) as u64 });
    }
    // Cleared, and written again elsewhere: it cannot come back beside the other.
    clear(&mut bytes, 1).unwrap();
    bytes[2 * SLOT + 96] = 1;
    bytes[24 + 16] = 1;
    let error = Image::parse(&bytes).unwrap().plan_restore(1).unwrap_err();
    assert_eq!(error.to_string(), "slot 1, offset 0x1000: record identifier 0x1");
    // A slot that holds no record can be freed by its number.
    bytes[2 * SLOT..][..200].fill(0);
    Image::parse(&bytes).unwrap().plan_free(2).unwrap().apply(&mut bytes).unwrap();
    let image = Image::parse(&bytes).unwrap();
    assert_eq!((image.used().count(), image.header().record_count(), image.cleared().count()), (0, 0, 1));
}

#[test]
fn two_slots_of_one_identifier_become_one() {
    let mut bytes = formatted(6);
    for number in 1..=3 {
        write(&mut bytes, &record(number, 200, number as u8), Overwrite::Beside).unwrap();
    }
    bytes[24 + 8 * 3] = 1;
    bytes[3 * SLOT + 96] = 1;
    let problems: Vec<_> = Image::parse(&bytes).unwrap().check().collect();
    assert_eq!(problems, [ImageProblem::Duplicate { slot: 3, first: 1, identifier: 1 }]);
    let mut cleared = bytes.clone();
    clear(&mut cleared, 1).unwrap();
    let image = Image::parse(&cleared).unwrap();
    assert_eq!((image.used().count(), image.check().next()), (1, None));
    write(&mut bytes, &record(1, 300, 9), Overwrite::Beside).unwrap();
    let image = Image::parse(&bytes).unwrap();
    assert_eq!((image.find(1).unwrap().index, image.check().next()), (3, None));
}

#[test]
fn an_edit_is_the_writes_that_a_program_may_do_itself() {
    let mut bytes = formatted(4);
    let given = record(0x1122, 200, 5);
    let edit = Image::parse(&bytes).unwrap().plan_write(&given, Overwrite::Beside).unwrap();
    let mut file = bytes.clone();
    let mut offsets = Vec::new();
    for change in edit.changes() {
        offsets.push((change.offset, change.length()));
        let place = &mut file[change.offset as usize..][..change.length() as usize];
        match change.content() {
            Content::Bytes(bytes) => place.copy_from_slice(bytes),
            Content::Erased { length } => place.copy_from_slice(&vec![0xff; length as usize]),
        }
    }
    assert_eq!(offsets, [(4096, 200), (4296, 3896), (0x14, 4), (0x20, 8)], "body, rest, count, map");
    edit.apply(&mut bytes).unwrap();
    assert!(file == bytes);
    let error = edit.apply(&mut bytes[..5000]).unwrap_err();
    assert_eq!(error.to_string(), "offset 4296: the image needs 8192 bytes, 5000 available");
}

#[test]
fn every_problem_of_an_image_is_found_and_named() {
    let mut bytes = formatted(6);
    for number in 1..=4 {
        write(&mut bytes, &record(number, 200, 0), Overwrite::Beside).unwrap();
    }
    bytes[0x0c..0x10].copy_from_slice(&8192_u32.to_le_bytes());
    bytes[0x10] = 1;
    bytes[0x12] = 3;
    bytes[0x14] = 9;
    bytes[2 * SLOT] = b'X';
    bytes[3 * SLOT + 20] = 5;
    bytes[24 + 8 * 4..][..8].fill(0xff);
    bytes.extend([0; 100]);
    let texts: Vec<_> = Image::parse(&bytes).unwrap().check().map(|problem| problem.to_string()).collect();
    assert_eq!(
        texts,
        [
            "version 0x0101, not 0x0100",
            "reserved field is 0x0003, not 0",
            "storage offset 0x2000, a header of this image ends at 0x1000",
            "100 bytes after the last whole slot",
            "record count 9, 3 slots in use",
            "slot 1 belongs to the header, its map entry is 0x1",
            "slot 2: signature \"XPER\", not \"CPER\"",
            "slot 3: record length 5 is unusable",
            "slot 4: identifier is all ones",
            "slot 4: identifier 0xffffffffffffffff in the map, 0x4 in the record",
        ]
    );
}

#[test]
fn a_large_image_is_walked_without_reading_the_slots() {
    let mut bytes = formatted(16384);
    for number in 1..=16350_u64 {
        let slot = 16384 - number as usize;
        bytes[24 + 8 * slot..][..8].copy_from_slice(&number.to_le_bytes());
    }
    let image = Image::parse(&bytes).unwrap();
    assert_eq!(image.as_bytes().len(), 64 << 20);
    assert_eq!(image.used().map(|slot| slot.identifier).sum::<u64>(), 16350 * 16351 / 2);
    assert_eq!(image.cleared().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever is in the header and the map, every answer stays within the image.
    #[test]
    fn hostile_images_are_read_within_their_bounds(
        header in proptest::collection::vec(any::<u8>(), 200),
        size in prop_oneof![Just(4096_u32), Just(8192), any::<u32>()],
        offset in prop_oneof![Just(4096_u32), Just(8192), Just(0x10000), any::<u32>()],
        length in 24_usize..40_000,
    ) {
        let mut bytes = vec![0x33; length];
        let head = length.min(200);
        bytes[..head].copy_from_slice(&header[..head]);
        bytes[..8].copy_from_slice(b"ERSTSTOR");
        bytes[8..12].copy_from_slice(&size.to_le_bytes());
        bytes[12..16].copy_from_slice(&offset.to_le_bytes());
        if let Ok(image) = Image::parse(&bytes) {
            let slots = image.slot_count();
            prop_assert!(slots * image.slot_size() <= length && image.first_slot() <= slots.max(1));
            for slot in image.slots() {
                prop_assert_eq!(slot.bytes.len(), image.slot_size());
                prop_assert!(slot.record().is_ok_and(|record| record.len() <= image.slot_size()) || slot.record().is_err());
                let _ = (slot.cleared_record(), format!("{slot:?}"));
            }
            let _ = format!("{image:?}");
            prop_assert!(image.check().count() <= 5 + 5 * slots);
            prop_assert!(image.plan_recount().changes().count() == 1);
            let written = record(7, 128, 0);
            if let Ok(edit) = image.plan_write(&written, Overwrite::Beside) {
                let mut bytes = bytes.clone();
                edit.apply(&mut bytes).unwrap();
                let image = Image::parse(&bytes).unwrap();
                prop_assert_eq!(image.find(7).unwrap().record().unwrap(), written);
            }
        }
    }
}
