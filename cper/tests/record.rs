//! Records: what Linux wrote, what this crate writes, and what neither should.

use std::path::{Path, PathBuf};

use cper::section::{
    Body, Decode, Encode, FixedSection, FixedView, MemoryError, MemoryErrorType, SectionType, View,
};
use cper::zerocopy::little_endian::U32;
use cper::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};
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
    let mut writer = RecordWriter::for_sections(
        out,
        &RecordHeader::fatal(NotificationType::MCE)
            .with_creator_id(CreatorId::LINUX_PSTORE)
            .with_record_id(0x0102_0304_0506_0708)
            .with_timestamp(Timestamp::new(2026, 11, 22, 7, 8, 26))
            .with_platform_id(Guid::from_bytes([1; 16]))
            .with_partition_id(Guid::from_bytes([2; 16]))
            .with_flags(RecordFlags::PREVIOUS_ERROR),
        2,
    )?;
    writer.section(
        &SectionDescriptor::primary(Severity::FATAL)
            .with_fru_text(fru)
            .with_fru_id(Guid::from_bytes([3; 16])),
        &memory,
    )?;
    writer.section(
        &SectionDescriptor::new(Severity::CORRECTED),
        &memory.with_memory_error_type(MemoryErrorType::PARITY),
    )?;
    writer.finish().map(|record| &*record)
}

#[test]
fn linux_records_keep_their_values() {
    let bytes = data("records/mce-intel.01-6b02986900000001.cper");
    let record = Record::parse(&bytes).unwrap();
    assert_eq!(record.record_id(), 0x6b02_9869_0000_0001);
    assert_eq!(record.severity(), Severity::FATAL);
    assert_eq!(record.notification_type().to_string(), "machine check exception");
    assert_eq!(record.header().creator_id(), CreatorId::LINUX_PSTORE);
    assert_eq!(record.header().flags(), RecordFlags::PREVIOUS_ERROR);
    assert_eq!(&record.header().persistence_information()[..2], b"ER");
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
        assert_eq!(header.section_count(), 2);
        assert_eq!(header.record_length() as usize, bytes.len());
        assert_eq!(header.timestamp().unwrap().to_string(), "2026-11-22 07:08:26");
        assert_eq!(
            (header.platform_id(), header.partition_id()),
            (Some(Guid::from_bytes([1; 16])), Some(Guid::from_bytes([2; 16])))
        );
        assert_eq!(header.as_bytes()[116..], [0; 12]);
        let sections: Vec<_> = record.sections().map(Result::unwrap).collect();
        let descriptor = sections[0].descriptor();
        assert_eq!((descriptor.section_offset(), descriptor.section_length()), (272, 80));
        assert_eq!(descriptor.fru_text().unwrap().to_string(), "DIMM_A1");
        assert_eq!(descriptor.fru_id(), Some(Guid::from_bytes([3; 16])));
        assert_eq!(sections[1].descriptor().section_offset(), 352);
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
fn too_small_a_buffer_says_how_much_and_holds_no_record() {
    let full = 128 + 2 * 72 + 2 * 80;
    for length in 0..full {
        let mut out = vec![0xa5; length];
        let error = two_sections(&mut out).unwrap_err();
        // For header and descriptors, for the first body, for both.
        let needed = [272, 352, full as u32].into_iter().find(|needed| *needed as usize > length).unwrap();
        let available = u32::try_from(length).unwrap();
        assert_eq!(error.kind(), ErrorKind::BufferTooSmall { needed, available });
        assert!(Record::parse(&out).is_err());
        assert!(length >= 272 || out.iter().all(|byte| *byte == 0xa5));
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

/// Records that others wrote: Linux's, and libcper's when `LIBCPER_VECTORS` names their folder.
fn golden() -> Vec<(String, Vec<u8>)> {
    let mut records = captured();
    if let Some(folder) = std::env::var_os("LIBCPER_VECTORS").map(PathBuf::from) {
        for folder in [folder.clone(), folder.join("generated")] {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                let name = path.file_name().unwrap().to_str().unwrap();
                if name.ends_with(".cperhex") || name.ends_with("-s1.cper") {
                    records.push((name.to_owned(), bytes_of(&path)));
                }
            }
        }
    }
    records
}

/// The bytes of a file of bytes or of hex digits.
fn bytes_of(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    if path.extension().is_none_or(|extension| extension != "cperhex") {
        return bytes;
    }
    let digits: Vec<_> = bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Of every golden record: a bit of the header shows in the header, one of a descriptor in the descriptor, one of a
/// body in what is decoded of it, and one of neither in the record's bytes alone.
#[test]
fn a_flip_of_any_bit_of_a_golden_record_shows() {
    for (name, bytes) in golden() {
        let Ok(record) = Record::parse(&bytes) else {
            assert!(name.starts_with("synbad"), "{name}");
            continue;
        };
        let mut shown = vec![false; record.as_bytes().len()];
        let flips = |shown: &mut [bool], bytes: &[u8], at: usize, show: &dyn Fn(&[u8]) -> String| {
            let whole = show(bytes);
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.to_vec();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(show(&flipped), whole, "{name}: bit {} of byte {}", bit % 8, at + bit / 8);
            }
            shown[at..at + bytes.len()].fill(true);
        };
        flips(&mut shown, &bytes[..128], 0, &|bytes| format!("{:?}", RecordHeader::read_from_bytes(bytes)));
        for (number, descriptor) in record.descriptors().iter().enumerate() {
            let show = |bytes: &[u8]| format!("{:?}", SectionDescriptor::read_from_bytes(bytes));
            flips(&mut shown, descriptor.as_bytes(), 128 + number * 72, &show);
        }
        for section in record.sections().flatten() {
            let at = section.descriptor().section_offset() as usize;
            let section_type = section.section_type();
            if matches!(section.body(), Ok(Body::Unknown(_) | Body::IpfProcessor(_))) {
                // Bytes, and nothing decoded that could hide one.
                shown[at..at + section.bytes().len()].fill(true);
                continue;
            }
            flips(&mut shown, section.bytes(), at, &|bytes| {
                format!("{:?}", Body::decode(section_type, bytes))
            });
        }
        let hidden = shown.iter().filter(|shown| !**shown).count();
        // Of these, one has a cut section and one a gap.
        assert!(hidden == 0 || name.starts_with("synbad") || name.starts_with("fill"), "{name}: {hidden}");
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
        let missing = format!("\nmissing bytes           {}\n", record.missing());
        assert!(record.to_string().contains(&missing));
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
        assert_eq!(Record::parse(&other).unwrap().header().revision(), revision);
    }
}

/// A record of these descriptors' offsets and lengths, and `behind` bytes behind the descriptors.
fn placed(sections: &[(u32, u32)], behind: &[u8]) -> Vec<u8> {
    let mut header = RecordHeader::fatal(NotificationType::MCE);
    let length = 128 + sections.len() * 72 + behind.len();
    header.set_section_count(sections.len().try_into().unwrap());
    header.set_record_length(length.try_into().unwrap());
    let mut bytes = header.as_bytes().to_vec();
    for (number, (offset, length)) in sections.iter().enumerate() {
        let mut descriptor = SectionDescriptor::new(Severity::FATAL);
        descriptor.set_section_offset(*offset);
        descriptor.set_section_length(*length);
        descriptor.set_fru_id(Guid::from_bytes([number as u8; 16]));
        bytes.extend(descriptor.as_bytes());
    }
    bytes.extend(behind);
    bytes
}

#[test]
fn many_descriptors_of_the_same_bytes_are_not_amplified() {
    let length = 128 + 1_500 * 72;
    // Each names the whole record, or the same 72 bytes.
    for ((offset, length), handed_out) in [((0, length), length), ((128, 72), 1_500 * 72)] {
        let bytes = placed(&[(offset, length); 1_500], &[]);
        let record = Record::parse(&bytes).unwrap();
        assert_eq!(record.sections().count(), 1_500);
        let sum: usize = record.sections().flatten().map(|section| section.bytes().len()).sum();
        assert_eq!(sum, handed_out as usize);
        assert!(record.to_string().len() < 20 * bytes.len());
    }
    // One more than fits is an error.
    let bytes = placed(&[(128, 72); 3], &[]);
    assert_eq!(Record::parse(&bytes).unwrap().sections().flatten().count(), 3);
    let bytes = placed(&[(128, 200), (128, 200)], &[7; 100]);
    let record = Record::parse(&bytes).unwrap();
    assert_eq!(
        record.sections().nth(1).unwrap().unwrap_err().to_string(),
        "section 1 at offset 200: section of 200 bytes overlaps others, 172 bytes not yet claimed"
    );
}

#[test]
fn sections_lie_in_any_order_with_gaps_and_slack() {
    // Behind the descriptors of five sections: a gap of 4, "bb", a gap of 1, "a", and slack of 3.
    let behind = b"....bb.a...";
    let at = 128 + 5 * 72;
    let sections = [(at + 7, 1), (at + 4, 2), (at + 11, 0), (at + 5, 1), (0, 0)];
    let bytes = placed(&sections, behind);
    let record = Record::parse(&bytes).unwrap();
    assert!(!record.to_string().contains("missing"));
    let bodies = |record: Record<'_>| {
        record.sections().map(|section| section.unwrap().bytes().to_vec()).collect::<Vec<_>>()
    };
    let expected = [&b"a"[..], b"bb", b"", b"b", b""];
    assert_eq!(bodies(record), expected);
    // Rebuilt, the bodies are where the descriptors' order puts them, and the shared byte is there twice.
    let mut out = vec![0xa5; 600];
    let rebuilt = record.relayout(&mut out).unwrap();
    assert_eq!(rebuilt.len(), at as usize + 4);
    assert_eq!(rebuilt[at as usize..], *b"abbb");
    let again = Record::parse(rebuilt).unwrap();
    assert_eq!(bodies(again), expected);
    let offsets: Vec<_> = again.descriptors().iter().map(SectionDescriptor::section_offset).collect();
    assert_eq!(offsets, [at, at + 1, at + 3, at + 3, at + 4]);
    assert_eq!(again.descriptors()[3].fru_id_raw(), Guid::from_bytes([3; 16]));
    let mut twice = vec![0x5a; 600];
    assert_eq!(again.relayout(&mut twice).unwrap(), rebuilt, "rebuilding once more changes nothing");
}

/// A record of sections of one type.
fn record_of<'b>(
    header: &RecordHeader,
    descriptor: &SectionDescriptor,
    bodies: &[&[u8]],
    out: &'b mut [u8],
) -> Result<&'b [u8], Error> {
    let mut writer = RecordWriter::new(out, header)?;
    for body in bodies {
        writer.section_bytes(descriptor.section_type(), descriptor, body)?;
    }
    writer.finish().map(|record| &*record)
}

/// A section that announces one length and writes another.
struct Liar {
    announces: usize,
    writes: usize,
}

impl SectionType for Liar {
    const TYPE: SectionTypeId = SectionTypeId::new(Guid::from_bytes([0x77; 16]));
    const NAME: &'static str = "liar";
}

impl Encode for Liar {
    fn encoded_len(&self) -> usize {
        self.announces
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        out.get_mut(..self.writes)?.fill(1);
        (self.writes == out.len()).then_some(())
    }
}

#[test]
fn half_a_record_has_no_signature() {
    let header = RecordHeader::fatal(NotificationType::MCE);
    let descriptor = SectionDescriptor::primary(Severity::FATAL);
    let mut valid = [0xa5; 512];
    two_sections(&mut valid).unwrap();
    for (announces, writes) in [(8, 0), (8, 7), (8, 9)] {
        let mut out = valid;
        let mut writer = RecordWriter::new(&mut out, &header).unwrap();
        writer.section(&descriptor, &MemoryError::new()).unwrap();
        let error = writer.section(&descriptor, &Liar { announces, writes }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::EncodedLength, "{announces} {writes}");
        assert_eq!(error.section(), Some(1));
        assert!(matches!(Record::parse(&out).unwrap_err().kind(), ErrorKind::Signature(_)));
    }
    // What cannot fit is refused, and the record stays as it was.
    for announces in [usize::MAX, usize::MAX - 127, u32::MAX as usize] {
        let mut out = valid;
        let mut writer = RecordWriter::new(&mut out, &header).unwrap();
        let error = writer.section(&descriptor, &Liar { announces, writes: 0 }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge { what: "record length" });
        assert_eq!(writer.finish().unwrap().len(), 128);
    }
}

/// A section of a crate of its own, of fixed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct FanError {
    fan: U32,
    rpm: U32,
}

impl SectionType for FanError {
    const TYPE: SectionTypeId = SectionTypeId::parse_const("2f1b3c58-0f0e-4a3c-9d68-6a1b6e0d7a11");
    const NAME: &'static str = "fan error";
}

impl FixedSection for FanError {}

impl Decode for FanError {
    type View<'a> = FixedView<'a, Self>;

    fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, Error> {
        FixedView::new(body)
    }
}

/// One of variable size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Note<'a>(&'a str);

impl SectionType for Note<'_> {
    const TYPE: SectionTypeId = SectionTypeId::parse_const("2f1b3c58-0f0e-4a3c-9d68-6a1b6e0d7a12");
    const NAME: &'static str = "note";
}

impl Decode for Note<'_> {
    type View<'a> = Note<'a>;

    fn decode(body: &[u8]) -> Result<Note<'_>, Error> {
        let kind = ErrorKind::InnerLength { what: "valid text", value: 0, limit: 0 };
        std::str::from_utf8(body).map(Note).map_err(|error| Error::new(kind, error.valid_up_to()))
    }
}

impl<'a> View<'a> for Note<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.0.as_bytes()
    }

    fn trailing(&self) -> &'a [u8] {
        &[]
    }
}

impl Encode for Note<'_> {
    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        self.0.as_bytes().write_to(out).ok()
    }
}

#[test]
fn sections_of_another_crate_are_like_our_own() {
    let fan = FanError { fan: 3.into(), rpm: 1200.into() };
    let descriptor = SectionDescriptor::new(Severity::CORRECTED);
    let mut out = [0xa5; 512];
    let header = RecordHeader::new(Severity::CORRECTED, NotificationType::CMC);
    let mut writer = RecordWriter::for_sections(&mut out, &header, 3).unwrap();
    writer.section(&descriptor, &fan).unwrap();
    writer.section(&descriptor, &MemoryError::new()).unwrap();
    writer.section(&descriptor, &Note("too hot")).unwrap();
    let length = writer.finish().unwrap().len();
    let record = Record::parse(&out[..length]).unwrap();
    let sections: Vec<_> = record.sections().map(Result::unwrap).collect();
    assert_eq!(sections[0].section_type(), FanError::TYPE);
    assert!(matches!(sections[0].body(), Ok(Body::Unknown(bytes)) if bytes == fan.as_bytes()));
    let fans: Vec<_> = sections
        .iter()
        .map(|section| section.decode::<FanError>().map(|read| *read.unwrap().structure()))
        .collect();
    assert_eq!(fans, [Some(fan), None, None]);
    assert_eq!(sections[2].decode::<Note<'_>>(), Some(Ok(Note("too hot"))));
    let memory: Vec<_> = sections.iter().map(|section| section.decode::<MemoryError>().is_some()).collect();
    assert_eq!(memory, [false, true, false]);
    assert_eq!(sections[0].decode::<Note<'_>>(), None);
    // Patched in place, and told where it is when it is too short.
    let mut record = RecordMut::parse(&mut out[..length]).unwrap();
    record.decode_mut::<FanError>(0).unwrap().rpm.set(0);
    record.descriptor_mut(0).unwrap().set_section_length(7);
    let record = Record::parse(&out[..length]).unwrap();
    let section = record.sections().next().unwrap().unwrap();
    assert_eq!(section.bytes(), [3, 0, 0, 0, 0, 0, 0]);
    assert_eq!(
        section.decode::<FanError>().unwrap().unwrap_err().to_string(),
        "section 0 at offset 344: fan error needs 8 bytes, 7 available"
    );
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
    record.header_mut().unwrap().set_record_id(99);
    record.descriptor_mut(1).unwrap().set_severity(Severity::FATAL);
    record.decode_mut::<MemoryError>(1).unwrap().set_physical_address(0xdead_b000);
    record.section_mut(0).unwrap()[0] = 0;
    assert_eq!(record.as_bytes().len(), length);
    assert_eq!(record.descriptor_mut(2).unwrap_err().kind(), ErrorKind::NoSuchSection(2));
    let read = record.as_record().unwrap();
    assert_eq!(read.record_id(), 99);
    let sections: Vec<_> = read.sections().map(Result::unwrap).collect();
    assert_eq!(sections[1].severity(), Severity::FATAL);
    let memory = sections[1].decode::<MemoryError>().unwrap().unwrap();
    assert_eq!(memory.physical_address(), Some(0xdead_b000));
    assert!(RecordMut::parse(&mut out[..300]).is_err());
}

#[test]
fn bytes_behind_each_section_of_fixed_size_are_told() {
    for (section_type, length) in [
        (SectionTypeId::PROCESSOR_GENERIC, 192),
        (SectionTypeId::MEMORY, 80),
        (SectionTypeId::MEMORY_2, 96),
        (SectionTypeId::PCIE, 208),
        (SectionTypeId::PCI_BUS, 72),
        (SectionTypeId::DMAR_GENERIC, 32),
        (SectionTypeId::DMAR_VTD, 144),
        (SectionTypeId::DMAR_IOMMU, 144),
        (SectionTypeId::AMPERE_SPECIFIC, 48),
    ] {
        let mut descriptor = SectionDescriptor::new(Severity::FATAL);
        descriptor.set_section_type(section_type);
        let header = RecordHeader::fatal(NotificationType::MCE);
        for more in [0, 3] {
            let body = vec![0; length + more];
            let mut out = [0; 512];
            let bytes = record_of(&header, &descriptor, &[&body], &mut out).unwrap();
            let text = Record::parse(bytes).unwrap().to_string();
            assert_eq!(text.contains("trailing 3 bytes"), more == 3, "{section_type}: {text}");
            let body = Body::decode(section_type, &body).unwrap();
            assert_eq!(body.trailing().len(), more, "{section_type}");
            assert_eq!(body.bytes().len(), length + more, "{section_type}");
            assert_eq!(body.to_string().contains("trailing 3 bytes"), more == 3, "{section_type}: {body}");
        }
        assert!(Body::decode(section_type, &vec![0; length - 8]).is_err(), "{section_type}");
    }
}

#[test]
fn a_field_that_is_set_twice_is_valid() {
    let time = Timestamp::new(2026, 11, 22, 7, 8, 26);
    let header = RecordHeader::fatal(NotificationType::MCE)
        .with_timestamp(time)
        .with_platform_id(Guid::from_bytes([1; 16]));
    let twice = header.with_timestamp(time).with_platform_id(Guid::from_bytes([2; 16]));
    assert_eq!((twice.timestamp(), twice.platform_id()), (Some(time), Some(Guid::from_bytes([2; 16]))));
    let descriptor = SectionDescriptor::new(Severity::FATAL).with_fru_id(Guid::from_bytes([1; 16]));
    let (one, other) = (FruText::new(b"one").unwrap(), FruText::new(b"other").unwrap());
    let twice = descriptor.with_fru_text(one).with_fru_id(Guid::from_bytes([2; 16])).with_fru_text(other);
    assert_eq!((twice.fru_id(), twice.fru_text()), (Some(Guid::from_bytes([2; 16])), Some(other)));
}

#[test]
fn a_record_from_bytes_keeps_the_types() {
    let mut out = [0xa5; 512];
    let header = RecordHeader::new(Severity::INFORMATIONAL, NotificationType::BOOT);
    let mut descriptor = SectionDescriptor::new(Severity::INFORMATIONAL);
    descriptor.set_section_type(SectionTypeId::NVIDIA);
    let bytes = record_of(&header, &descriptor, &[b"abc", b""], &mut out).unwrap();
    let record = Record::parse(bytes).unwrap();
    let sections: Vec<_> = record.sections().map(Result::unwrap).collect();
    assert_eq!(sections.len(), 2);
    assert_eq!((sections[0].section_type(), sections[0].bytes()), (SectionTypeId::NVIDIA, &b"abc"[..]));
    assert_eq!(sections[1].bytes(), b"");
    assert_eq!(
        record_of(&header, &descriptor, &[&[0; 9]], &mut [0; 208]).unwrap_err().to_string(),
        "offset 0: buffer too small: 209 bytes needed, 208 given"
    );
}

#[test]
fn names_of_types_show_and_unknown_ones_show_their_guid() {
    assert_eq!(SectionTypeId::MEMORY.to_string(), "memory error");
    assert_eq!(
        SectionTypeId::new(Guid::from_bytes([0x11; 16])).to_string(),
        "11111111-1111-1111-1111-111111111111"
    );
    assert_eq!(CreatorId::WINDOWS_WHEA.name(), Some("Windows WHEA"));
    for (known, name) in SectionTypeId::ALL {
        assert_eq!(known.name(), Some(*name));
        let alike = SectionTypeId::ALL.iter().filter(|(other, _)| other == known);
        assert_eq!(alike.count(), 1, "{name}");
    }
    // A vendor's section that is not decoded is told by its name all the same.
    for guid in [
        "1f8161e1-55d6-41e6-bd10-7afd1dc5f7c5", // HiSilicon
        "45534ea6-ce23-4115-8535-e07ab3aef91d",
        "b2889fc9-e7d7-4f9d-a867-af42e98be772",
        "c8b328a8-9917-4af6-9a13-2e08ab2e7586",
        "a6980811-16ea-4e4d-b936-fb00a23ff29c", // Yitian
        "82d78ba3-fa14-407a-ba0e-f3ba8170013c", // JaguarMicro
        "f9723053-2558-49b1-b58a-1c1a82492a62",
        "2d31de54-3037-4f24-a283-f69ca1ec0b9a",
        "dac80d69-0a72-4eba-8114-148ee344af06",
        "746f06fe-405e-451f-8d09-02e802ed984a",
        "e71254e7-c1b9-4940-ab76-909703a4320f", // Windows
        "e71254e8-c1b9-4940-ab76-909703a4320f",
        "e71254e9-c1b9-4940-ab76-909703a4320f",
        "1c15b445-9b06-4667-ac25-33c056b88803",
    ] {
        let guid = Guid::parse_const(guid);
        let mut descriptor = SectionDescriptor::new(Severity::FATAL);
        descriptor.set_section_type(SectionTypeId::new(guid));
        let mut out = [0; 256];
        let header = RecordHeader::fatal(NotificationType::BOOT);
        let bytes = record_of(&header, &descriptor, &[b"?"], &mut out).unwrap();
        let text = Record::parse(bytes).unwrap().to_string();
        let name = SectionTypeId::new(guid).name().unwrap();
        assert!(text.contains(&format!("{name} ({guid})")), "{text}");
    }
}
