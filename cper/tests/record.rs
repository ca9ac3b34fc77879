//! Records: what Linux wrote, what this crate writes, and what neither should.

use cper::section::{Body, MemoryError, MemoryErrorType};
use cper::*;

fn data(path: &str) -> Vec<u8> {
    let path = format!("{}/../examples/data/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn captured() -> Vec<(String, Vec<u8>)> {
    let folder = format!("{}/../examples/data/records", env!("CARGO_MANIFEST_DIR"));
    let mut records: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cper"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    records.sort();
    assert!(records.len() > 20, "only {} captured records", records.len());
    records
}

fn two_sections(out: &mut [u8]) -> Result<&[u8], Error> {
    let memory = MemoryError::new().with_physical_address(0x1234_5000).with_extended_row(0x2_0001);
    let fru = FruText::new(b"DIMM_A1").unwrap();
    RecordBuilder::new(
        RecordHeader::fatal(NotificationType::MCE)
            .with_creator(CreatorId::LINUX_PSTORE)
            .with_record_id(0x0102_0304_0506_0708)
            .with_timestamp(Timestamp::new(2026, 11, 22, 7, 8, 26))
            .with_platform_id(Guid([1; 16]))
            .with_partition_id(Guid([2; 16]))
            .with_flags(RecordFlags::PREVIOUS_ERROR),
    )
    .section(
        SectionDescriptor::primary(Severity::FATAL).with_fru_text(fru).with_fru_id(Guid([3; 16])),
        &memory,
    )
    .section(
        SectionDescriptor::new(Severity::CORRECTED),
        &memory.with_memory_error_type(MemoryErrorType::PARITY),
    )
    .encode(out)
}

#[test]
fn linux_records_keep_their_values() {
    let bytes = data("records/mce-intel.01-6b02986900000001.cper");
    let record = Record::parse(&bytes).unwrap();
    assert_eq!(record.record_id(), 0x6b02_9869_0000_0001);
    assert_eq!(record.severity(), Severity::FATAL);
    assert_eq!(record.notification_type().to_string(), "machine check exception");
    assert_eq!(record.header().creator_id, CreatorId::LINUX_PSTORE);
    assert_eq!(record.header().flags(), RecordFlags::PREVIOUS_ERROR);
    assert_eq!(&record.header().persistence_information[..2], b"ER");
    assert_eq!((record.header().timestamp(), record.missing()), (None, 0));
    let sections: Vec<_> = record.sections().map(Result::unwrap).collect();
    assert_eq!(sections.len(), 1);
    assert_eq!(sections[0].section_type(), SectionTypeId::LINUX_MCE);
    assert_eq!(sections[0].bytes(), data("mce/mce-intel.mce"));
}

#[test]
fn captured_records_rebuild_to_their_own_bytes() {
    for (name, bytes) in captured() {
        let Ok(record) = Record::parse(&bytes) else {
            assert!(name.starts_with("synbad"), "{name}");
            continue;
        };
        if record.sections().any(|section| section.is_err()) || record.missing() != 0 {
            assert!(name.starts_with("synbad") || name.starts_with("fill"), "{name}");
            continue;
        }
        let mut out = vec![0xa5; bytes.len() + 64];
        assert_eq!(record.relayout(&mut out).unwrap(), record.as_bytes(), "{name}");
    }
}

#[test]
fn values_survive_writing_and_every_byte_is_written() {
    for fill in [0xa5, 0x5a] {
        let mut out = vec![fill; 1024];
        let bytes = two_sections(&mut out).unwrap().to_vec();
        assert_eq!(bytes.len(), 128 + 2 * 72 + 2 * 80);
        assert!(out[bytes.len()..].iter().all(|byte| *byte == fill), "wrote past the record");
        let record = Record::parse(&bytes).unwrap();
        let header = record.header();
        assert_eq!(header.section_count.get(), 2);
        assert_eq!(header.record_length.get() as usize, bytes.len());
        assert_eq!(header.timestamp().unwrap().to_string(), "2026-11-22 07:08:26");
        assert_eq!((header.platform_id(), header.partition_id()), (Some(Guid([1; 16])), Some(Guid([2; 16]))));
        assert_eq!(header.reserved, [0; 12]);
        let sections: Vec<_> = record.sections().map(Result::unwrap).collect();
        let descriptor = sections[0].descriptor();
        assert_eq!((descriptor.section_offset.get(), descriptor.section_length.get()), (272, 80));
        assert_eq!(descriptor.fru_text().unwrap().to_string(), "DIMM_A1");
        assert_eq!(descriptor.fru_id(), Some(Guid([3; 16])));
        assert_eq!(sections[1].descriptor().section_offset.get(), 352);
        let Body::Memory(memory) = sections[1].body().unwrap() else { panic!("not a memory section") };
        assert_eq!(memory.physical_address(), Some(0x1234_5000));
        assert_eq!(memory.row(), Some(0x2_0001));
        assert_eq!(memory.memory_error_type(), Some(MemoryErrorType::PARITY));
        assert_eq!(
            (memory.node(), memory.rank(), memory.bank(), memory.error_status()),
            (None, None, None, None)
        );
    }
    let (mut a, mut b) = ([0xa5; 512], [0x5a; 512]);
    assert_eq!(two_sections(&mut a).unwrap(), two_sections(&mut b).unwrap(), "a byte was left as it was");
}

#[test]
fn too_small_a_buffer_says_how_much_and_stays_untouched() {
    let full = 128 + 2 * 72 + 2 * 80;
    for length in 0..full {
        let mut out = vec![0xa5; length];
        let error = two_sections(&mut out).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::BufferTooSmall { needed: full as u32, available: u32::try_from(length).unwrap() }
        );
        assert!(out.iter().all(|byte| *byte == 0xa5));
    }
    assert!(two_sections(&mut vec![0; full]).is_ok());
}

#[test]
fn a_flip_of_any_bit_shows() {
    let mut out = [0; 512];
    let bytes = two_sections(&mut out).unwrap().to_vec();
    let shown = |bytes: &[u8]| {
        Record::parse(bytes).map(|record| {
            let bodies: Vec<_> = record.sections().map(|section| section.map(|s| (s, s.body()))).collect();
            format!("{:?} {bodies:?}", record.header())
        })
    };
    let whole = shown(&bytes).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(shown(&flipped).unwrap_or_default(), whole, "bit {} of byte {}", bit % 8, bit / 8);
    }
}

#[test]
fn truncation_at_every_length_keeps_what_is_there() {
    let mut out = [0; 512];
    let bytes = two_sections(&mut out).unwrap();
    for length in 0..bytes.len() {
        let Ok(record) = Record::parse(&bytes[..length]) else {
            assert!(length < 128);
            continue;
        };
        assert_eq!(record.missing(), bytes.len() - length);
        let good =
            record.sections().filter(|section| section.as_ref().is_ok_and(|s| s.body().is_ok())).count();
        assert_eq!(
            good,
            match length {
                0..=351 => 0,
                352..=431 => 1,
                _ => 2,
            },
            "at {length}"
        );
        assert!(record.sections().count() <= 2);
    }
}

#[test]
fn a_bad_section_is_its_own_error() {
    let mut out = [0; 512];
    let mut bytes = two_sections(&mut out).unwrap().to_vec();
    bytes[128] = 0xff; // first section's offset: 272 -> 511
    let record = Record::parse(&bytes).unwrap();
    let sections: Vec<_> = record.sections().collect();
    assert_eq!(
        sections[0].as_ref().unwrap_err().to_string(),
        "section 0 at offset 128: section of 80 bytes at 511 exceeds the record (432)"
    );
    assert!(matches!(sections[1].as_ref().unwrap().body(), Ok(Body::Memory(_))));
    bytes[128] = 0x10;
    bytes[132] = 72; // first section's length: too short for memory
    let record = Record::parse(&bytes).unwrap();
    let section = record.sections().next().unwrap().unwrap();
    assert_eq!(
        section.body().unwrap_err().to_string(),
        "section 0 at offset 272: memory error needs 73 bytes, 72 available"
    );
    assert_eq!(section.bytes().len(), 72);
}

#[test]
fn what_is_no_record_is_refused_with_the_value_seen() {
    let mut out = [0; 512];
    let bytes = two_sections(&mut out).unwrap().to_vec();
    let refused = |place: usize, value: u8| {
        let mut bad = bytes.clone();
        bad[place] = value;
        Record::parse(&bad).unwrap_err().to_string()
    };
    assert_eq!(refused(0, b'X'), "offset 0: record signature is \"XPER\", not \"CPER\"");
    let mut bad = bytes.clone();
    bad[20..24].copy_from_slice(&100u32.to_le_bytes());
    assert_eq!(
        Record::parse(&bad).unwrap_err().to_string(),
        "offset 20: record length 100 is less than its header's 128"
    );
    assert_eq!(
        Record::parse(&[]).unwrap_err().to_string(),
        "offset 0: record header needs 128 bytes, 0 available"
    );
    for revision in [0x0000u16, 0x0100, 0x0101, 0x0210, 0xffff] {
        let mut other = bytes.clone();
        other[4..6].copy_from_slice(&revision.to_le_bytes());
        assert_eq!(Record::parse(&other).unwrap().header().revision.get(), revision);
    }
}

#[test]
fn many_descriptors_of_the_same_bytes_are_not_amplified() {
    let count = 1_500u16;
    let mut bytes = vec![0; 128 + usize::from(count) * 72];
    let header = RecordHeader::fatal(NotificationType::MCE);
    bytes[..128].copy_from_slice(zerocopy::IntoBytes::as_bytes(&header));
    bytes[10..12].copy_from_slice(&count.to_le_bytes());
    let length = u32::try_from(bytes.len()).unwrap();
    bytes[20..24].copy_from_slice(&length.to_le_bytes());
    for number in 0..usize::from(count) {
        let at = 128 + number * 72;
        bytes[at + 4..at + 8].copy_from_slice(&length.to_le_bytes()); // offset 0, the whole record
    }
    let record = Record::parse(&bytes).unwrap();
    assert_eq!(record.sections().count(), 1_500);
    let handed_out: usize = record.sections().flatten().map(|section| section.bytes().len()).sum();
    assert_eq!(handed_out, bytes.len());
    assert!(record.to_string().len() < 20 * bytes.len());
}

#[test]
fn a_count_beyond_the_descriptors_ends() {
    let mut out = [0; 512];
    let mut bytes = two_sections(&mut out).unwrap().to_vec();
    bytes[10..12].copy_from_slice(&65_535u16.to_le_bytes());
    let record = Record::parse(&bytes).unwrap();
    assert_eq!(record.descriptors().len(), (432 - 128) / 72);
    assert_eq!(record.sections().count(), record.descriptors().len() + 1);
    assert!(record.sections().last().unwrap().is_err());
}

#[test]
fn patching_in_place_reaches_header_descriptor_and_body() {
    let mut out = [0; 512];
    let length = two_sections(&mut out).unwrap().len();
    let mut record = RecordMut::parse(&mut out).unwrap();
    record.header_mut().unwrap().record_id.set(99);
    record.descriptor_mut(1).unwrap().severity = Severity::FATAL;
    record.decode_mut::<MemoryError>(1).unwrap().physical_address.set(0xdead_b000);
    record.section_mut(0).unwrap()[0] = 0;
    assert_eq!(record.as_bytes().len(), length);
    assert_eq!(record.descriptor_mut(2).unwrap_err().kind(), ErrorKind::NoSuchSection(2));
    let read = record.as_record().unwrap();
    assert_eq!(read.record_id(), 99);
    let sections: Vec<_> = read.sections().map(Result::unwrap).collect();
    assert_eq!(sections[1].severity(), Severity::FATAL);
    let memory = sections[1].decode::<&MemoryError>().unwrap().unwrap();
    assert_eq!(memory.physical_address(), Some(0xdead_b000));
    assert!(RecordMut::parse(&mut out[..300]).is_err());
}

#[test]
fn a_record_from_bytes_keeps_the_types() {
    let mut out = [0xa5; 512];
    let header = RecordHeader::new(Severity::INFORMATIONAL, NotificationType::BOOT);
    let mut descriptor = SectionDescriptor::new(Severity::INFORMATIONAL);
    descriptor.section_type = SectionTypeId::NVIDIA;
    let bytes =
        encode_sections(&header, [(descriptor, &b"abc"[..]), (descriptor, b"")].into_iter(), &mut out)
            .unwrap();
    let record = Record::parse(bytes).unwrap();
    let sections: Vec<_> = record.sections().map(Result::unwrap).collect();
    assert_eq!(sections.len(), 2);
    assert_eq!((sections[0].section_type(), sections[0].bytes()), (SectionTypeId::NVIDIA, &b"abc"[..]));
    assert_eq!(sections[1].bytes(), b"");
    assert_eq!(
        encode_sections(&header, [(descriptor, &[0; 9][..])].into_iter(), &mut [0; 208])
            .unwrap_err()
            .to_string(),
        "offset 0: buffer too small: 209 bytes needed, 208 given"
    );
}

#[test]
fn names_of_types_show_and_unknown_ones_show_their_guid() {
    assert_eq!(SectionTypeId::MEMORY.to_string(), "memory error");
    assert_eq!(SectionTypeId::new(Guid([0x11; 16])).to_string(), "11111111-1111-1111-1111-111111111111");
    assert_eq!(CreatorId::WINDOWS_WHEA.name(), Some("Windows WHEA"));
    for (known, name) in SectionTypeId::ALL {
        assert_eq!(known.name(), Some(*name));
    }
}
