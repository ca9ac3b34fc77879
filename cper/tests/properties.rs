//! What must hold for any values, and for every captured record cut or flipped anywhere.

use cper::section::{Body, Decode, MemoryError, MemoryErrorType};
use cper::zerocopy::FromBytes;
use cper::*;
use proptest::prelude::*;

fn captured() -> Vec<(String, Vec<u8>)> {
    let folder = format!("{}/../examples/data/records", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let records: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "cper"))
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .filter(|(_, bytes)| Record::parse(bytes).is_ok())
        .collect();
    assert!(records.len() > 20, "only {} captured records", records.len());
    records
}

#[test]
fn every_captured_record_is_read_at_every_length() {
    for (name, bytes) in captured() {
        let whole = Record::parse(&bytes).unwrap();
        let ends: Vec<_> = whole
            .sections()
            .flatten()
            .map(|section| section.descriptor().section_offset() as usize + section.bytes().len())
            .collect();
        for length in 0..whole.as_bytes().len() {
            let cut = Record::parse(&bytes[..length]);
            assert_eq!(cut.is_ok(), length >= 128, "{name} at {length}");
            let Ok(cut) = cut else { continue };
            assert_eq!(cut.missing(), whole.missing() + whole.as_bytes().len() - length);
            assert!(cut.sections().count() <= usize::from(whole.header().section_count()));
            let after_descriptors = 128 + 72 * whole.descriptors().len();
            if length >= after_descriptors {
                // Bytes that several descriptors name are handed out as often as they fit in.
                let good = cut.sections().flatten().count();
                assert!(good <= ends.iter().filter(|end| **end <= length).count(), "{name} at {length}");
            }
        }
    }
}

#[test]
fn a_flip_of_any_bit_of_a_captured_record_shows() {
    for (name, bytes) in captured() {
        let whole = Record::parse(&bytes).unwrap();
        let flips = whole.as_bytes().len().min(2048) * 8;
        let mut flipped = bytes.clone();
        for bit in 0..flips {
            flipped[bit / 8] ^= 1 << (bit % 8);
            let shows = Record::parse(&flipped).map_or(true, |record| {
                let bodies = |record: &Record<'_>| {
                    record.sections().map(|section| section.map(|s| s.bytes().to_vec())).collect::<Vec<_>>()
                };
                record.header() != whole.header()
                    || record.descriptors() != whole.descriptors()
                    || record.as_bytes()[bit / 8..][..1] != whole.as_bytes()[bit / 8..][..1]
                        && (in_gap(&whole, bit / 8) || bodies(&record) != bodies(&whole))
            });
            assert!(shows, "{name}: bit {} of byte {}", bit % 8, bit / 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// Whether no part of the record names this byte: it is in the record's bytes alone.
fn in_gap(record: &Record<'_>, place: usize) -> bool {
    let front = 128 + 72 * record.descriptors().len();
    let within = |section: Section<'_>| {
        let start = section.descriptor().section_offset() as usize;
        (start..start + section.bytes().len()).contains(&place)
    };
    place >= front && !record.sections().flatten().any(within)
}

fn any_header() -> impl Strategy<Value = RecordHeader> {
    any::<[[u8; 32]; 4]>().prop_map(|bytes| {
        let header = RecordHeader::read_from_bytes(bytes.as_flattened()).unwrap();
        header.with_signature(RecordHeader::SIGNATURE)
    })
}

fn any_part() -> impl Strategy<Value = (SectionDescriptor, Vec<u8>)> {
    (any::<[[u8; 24]; 3]>(), proptest::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(bytes, body)| (SectionDescriptor::read_from_bytes(bytes.as_flattened()).unwrap(), body))
}

fn short_and_full() -> impl Strategy<Value = usize> {
    prop_oneof![Just(73), Just(77), Just(80), 73_usize..90]
}

proptest! {
    #[test]
    fn headers_and_descriptors_of_any_bits_are_read_as_written(
        header in any_header(),
        parts in proptest::collection::vec(any_part(), 0..5),
        hint in any::<proptest::sample::Index>(),
    ) {
        let length = 128 + parts.iter().map(|(_, body)| 72 + body.len()).sum::<usize>();
        let written = [0xa5, 0x5a].map(|fill| {
            let mut out = vec![fill; length];
            let mut writer = RecordWriter::for_sections(&mut out, &header, hint.index(parts.len() + 1)).unwrap();
            for (descriptor, body) in &parts {
                writer.section_bytes(descriptor.section_type(), descriptor, body).unwrap();
            }
            writer.finish().unwrap();
            out
        });
        prop_assert_eq!(&written[0], &written[1], "a byte was left as it was");
        let record = Record::parse(&written[0]).unwrap();
        let mut expected = header;
        expected.set_section_count(parts.len() as u16);
        expected.set_record_length(length as u32);
        prop_assert_eq!(record.header(), &expected);
        let valid = header.validation().bits();
        prop_assert_eq!(
            [header.platform_id().is_some(), header.timestamp().is_some(), header.partition_id().is_some()],
            [valid & 1 != 0, valid & 2 != 0, valid & 4 != 0]
        );
        let mut offset = 128 + 72 * parts.len();
        for (section, (descriptor, body)) in record.sections().zip(&parts) {
            let section = section.unwrap();
            let mut expected = *descriptor;
            expected.set_section_offset(offset as u32);
            expected.set_section_length(body.len() as u32);
            prop_assert_eq!((section.descriptor(), section.bytes()), (&expected, &body[..]));
            offset += body.len();
        }
    }

    #[test]
    fn guids_times_and_fru_texts_are_read_as_written(
        guid in any::<[u8; 16]>(),
        seconds in 0..=253_402_300_799u64,
        text in proptest::collection::vec(any::<u8>(), 0..30),
    ) {
        prop_assert_eq!(Guid::from_bytes(guid).to_string().parse(), Ok(Guid::from_bytes(guid)));
        prop_assert_eq!(Guid::from_bytes(guid).swapped().swapped(), Guid::from_bytes(guid));
        let time = Timestamp::from_unix(seconds).unwrap();
        let calendar = time.calendar().unwrap();
        prop_assert_eq!(calendar.unix_seconds(), i64::try_from(seconds).unwrap());
        prop_assert_eq!((time.precise().calendar(), time.precise().is_precise()), (Some(calendar), true));
        prop_assert_eq!(Timestamp::from_linux_seconds(seconds).linux_seconds(), (seconds != 0).then_some(seconds));
        match FruText::new(&text) {
            Ok(field) => {
                prop_assert!(field.bytes().starts_with(&text) && field.bytes()[text.len()..].iter().all(|byte| *byte == 0));
            }
            Err(error) => {
                let length = text.len() as u32;
                prop_assert_eq!((error.kind(), length > 20), (ErrorKind::FruText { length }, true));
            }
        }
    }

    /// What is set is read, what is not set is not there, and a short form keeps what lies in it.
    #[test]
    fn a_memory_error_is_read_as_it_was_set(
        address in proptest::option::of(any::<u64>()),
        places in any::<[Option<u16>; 5]>(),
        kind in proptest::option::of(any::<u8>()),
        handle in proptest::option::of(any::<u16>()),
        length in short_and_full(),
    ) {
        let mut error = MemoryError::new();
        if let Some(address) = address {
            error = error.with_physical_address(address);
        }
        let with = [
            MemoryError::with_node, MemoryError::with_card, MemoryError::with_module, MemoryError::with_device,
            MemoryError::with_column,
        ];
        for (with, place) in with.into_iter().zip(places) {
            if let Some(place) = place {
                error = with(error, place);
            }
        }
        if let Some(kind) = kind {
            error = error.with_memory_error_type(MemoryErrorType::new(kind));
        }
        if let Some(handle) = handle {
            error = error.with_module_handle(handle);
        }
        let mut out = [0xa5; 512];
        let mut writer = RecordWriter::new(&mut out, &RecordHeader::fatal(NotificationType::MCE)).unwrap();
        writer.section(&SectionDescriptor::new(Severity::FATAL), &error).unwrap();
        let record = writer.finish().unwrap();
        let section = Record::parse(record).unwrap().sections().next().unwrap().unwrap();
        let Ok(Body::Memory(read)) = section.body() else { panic!("not a memory section") };
        prop_assert_eq!(read.structure(), Some(&error));

        let mut body = section.bytes().to_vec();
        body.resize(length, 0xee);
        let read = MemoryError::decode(&body).unwrap();
        prop_assert_eq!(read.physical_address(), address);
        prop_assert_eq!([read.node(), read.card(), read.module(), read.device(), read.column()], places);
        prop_assert_eq!(read.memory_error_type(), kind.map(MemoryErrorType::new));
        prop_assert_eq!(read.module_handle(), handle.filter(|_| length >= 80));
        prop_assert_eq!((read.rank(), read.error_status(), read.bank()), (None, None, None));
    }
}
