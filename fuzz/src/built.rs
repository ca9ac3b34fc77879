//! Values that the input's bytes choose, written and read: what was put in comes out, and every byte was written.

use std::fmt::Debug;

use arbitrary::{Result, Unstructured};
use cper::section::*;
use cper::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};
use cper::{
    ErrorKind, GenericErrorData, NotificationType, Record, RecordHeader, SectionDescriptor, Severity,
    StatusBlock, StatusBlockWriter, encode_sections,
};
use mce_record::{Layout, Mce, MceRecord};
use pstore_format::RecordId;
use pstore_format::produce::RecordDraft;
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal::{self, Seal};

/// A wire structure of any bytes.
fn any<T: FromBytes>(choices: &mut Unstructured) -> Result<T> {
    Ok(T::read_from_bytes(choices.bytes(size_of::<T>())?).expect("as many bytes"))
}

/// At most so many of them.
fn some<T: FromBytes>(choices: &mut Unstructured, most: usize) -> Result<Vec<T>> {
    (0..choices.int_in_range(0..=most)?).map(|_| any(choices)).collect()
}

/// Any bytes, at most so many.
fn bytes<'a>(choices: &mut Unstructured<'a>, most: usize) -> Result<&'a [u8]> {
    let length = choices.int_in_range(0..=most.min(choices.len()))?;
    choices.bytes(length)
}

/// What a writer makes of a buffer: the same from any content, nothing behind the end, and `None` with a byte too few.
fn written(length: usize, write: impl Fn(&mut [u8]) -> Option<usize>) -> Vec<u8> {
    let [one, other] = [0xa5, 0x5a].map(|fill| {
        let mut out = vec![fill; length + 8];
        assert_eq!(write(&mut out), Some(length), "the length is not as announced");
        assert!(out[length..].iter().all(|byte| *byte == fill), "written past the end");
        out.truncate(length);
        out
    });
    assert_eq!(one, other, "a byte was left as it was");
    assert_eq!(write(&mut vec![0; length - 1]), None);
    one
}

/// Records of any header, descriptors and bodies.
pub fn record(input: &[u8]) {
    let _ = try_record(&mut Unstructured::new(input));
}

fn try_record(choices: &mut Unstructured) -> Result<()> {
    let header = RecordHeader { signature: RecordHeader::SIGNATURE, ..any(choices)? };
    let mut parts = Vec::new();
    while parts.len() < 4 && choices.ratio(3, 4)? {
        parts.push((any::<SectionDescriptor>(choices)?, bytes(choices, 200)?));
    }
    let length = 128 + parts.iter().map(|(_, body)| 72 + body.len()).sum::<usize>();
    let record = written(length, |out| {
        let before = out.to_vec();
        let available = out.len();
        match encode_sections(&header, parts.iter().copied(), out) {
            Ok(record) => Some(record.len()),
            Err(error) => {
                let kind = ErrorKind::BufferTooSmall { needed: length as u32, available: available as u32 };
                assert_eq!((error.kind(), &*out), (kind, &before[..]));
                None
            }
        }
    });
    let read = Record::parse(&record).expect("a written record is one");
    let mut expected = header;
    expected.section_count.set(parts.len() as u16);
    expected.record_length.set(length as u32);
    assert_eq!((read.header(), read.missing()), (&expected, 0));
    assert_eq!(read.sections().count(), parts.len());
    let mut offset = 128 + 72 * parts.len();
    let mut block = vec![0xa5; 4096];
    let mut writer = StatusBlockWriter::new(&mut block, header.severity).expect("room enough");
    for (section, (descriptor, body)) in read.sections().zip(&parts) {
        let section = section.expect("a written section is one");
        let mut expected = *descriptor;
        expected.section_offset.set(offset as u32);
        expected.section_length.set(body.len() as u32);
        assert_eq!((section.descriptor(), section.bytes()), (&expected, *body));
        offset += body.len();
        writer.section(&section, header.timestamp()).expect("room enough");
    }
    let mut again = vec![0x5a; length];
    assert_eq!(read.relayout(&mut again), Ok(&record[..]), "rebuilding changes a record without gaps");

    // To a status block and back: what an entry has of a descriptor is kept.
    let block = StatusBlock::parse(writer.finish().expect("room enough")).expect("a written block is one");
    assert_eq!((block.check(), block.severity()), (Ok(()), header.severity));
    assert_eq!(block.entries().count(), parts.len());
    for (entry, (descriptor, body)) in block.entries().zip(&parts) {
        let entry = entry.expect("a written entry is one");
        let back = entry.header().descriptor();
        assert_eq!((back.section_type, back.severity), (descriptor.section_type, descriptor.severity));
        assert_eq!((back.fru_id, back.fru_text), (descriptor.fru_id, descriptor.fru_text));
        assert_eq!((entry.bytes(), entry.header().timestamp()), (*body, header.timestamp()));
        assert_eq!(back.flags.get(), descriptor.flags.get() & 0xff);
    }
    Ok(())
}

/// Status blocks of any entries and raw data.
pub fn block(input: &[u8]) {
    let _ = try_block(&mut Unstructured::new(input));
}

fn try_block(choices: &mut Unstructured) -> Result<()> {
    let severity = Severity::new(choices.arbitrary()?);
    let mut entries = Vec::new();
    while entries.len() < 4 && choices.ratio(3, 4)? {
        entries.push((any::<GenericErrorData>(choices)?, bytes(choices, 200)?));
    }
    let raw = bytes(choices, 40)?;
    let length = 20
        + entries.iter().map(|(header, payload)| header.header_len() + payload.len()).sum::<usize>()
        + raw.len();
    let block = written(length, |out| {
        let mut writer = StatusBlockWriter::new(out, severity).ok()?;
        for (header, payload) in &entries {
            writer.entry_bytes(*header, payload).ok()?;
        }
        if !raw.is_empty() {
            writer.raw_data(raw).ok()?;
        }
        Some(writer.finish().ok()?.len())
    });
    let block = StatusBlock::parse(&block).expect("a written block is one");
    assert_eq!((block.check(), block.missing(), block.severity()), (Ok(()), 0, severity));
    assert_eq!(
        (block.header().entry_count() as usize, block.entries().count()),
        (entries.len(), entries.len())
    );
    assert_eq!(block.raw_data().map(|raw| raw.expect("inside")), (!raw.is_empty()).then_some(raw));
    for (entry, (header, payload)) in block.entries().zip(&entries) {
        let entry = entry.expect("a written entry is one");
        let mut expected = *header;
        expected.error_data_length.set(payload.len() as u32);
        if header.header_len() == 64 {
            expected.timestamp = Default::default();
        }
        assert_eq!((entry.header(), entry.bytes()), (&expected, *payload));
    }
    Ok(())
}

/// Sections of any values, of each kind that has a writer of its own.
pub fn section(input: &[u8]) {
    let _ = try_section(&mut Unstructured::new(input));
}

/// The section as it is written, by itself and in a record.
fn body(section: &impl Encode) -> Vec<u8> {
    let length = section.encoded_len();
    let body = written(length, |out| {
        let available = out.len();
        section.encode(out).map(|rest| available - rest.len())
    });
    let mut out = vec![0xa5; 200 + length];
    let record = cper::RecordBuilder::new(RecordHeader::fatal(NotificationType::MCE))
        .section(SectionDescriptor::new(Severity::FATAL), section)
        .encode(&mut out)
        .expect("room enough");
    assert_eq!(record.len(), 200 + length);
    assert_eq!(&record[200..], body);
    body
}

fn fixed<T>(choices: &mut Unstructured) -> Result<()>
where
    T: FixedSection + PartialEq + Debug,
{
    let value: T = any(choices)?;
    let body = body(&value);
    assert_eq!(<&T>::decode(&body), Ok(&value));
    assert!(<&T>::decode(&body[1..]).is_err());
    Ok(())
}

/// A structure's values as bytes, for those of which some are computed.
fn but<T: IntoBytes + Immutable>(value: &T, computed: &[std::ops::Range<usize>]) -> Vec<u8> {
    let mut bytes = value.as_bytes().to_vec();
    computed.iter().for_each(|place| bytes[place.clone()].fill(0));
    bytes
}

fn all<'a, T, I>(items: I) -> Vec<T>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned + Copy + 'a,
    I: Iterator<Item = std::result::Result<&'a T, cper::Error>>,
{
    items.map(|item| *item.expect("a written structure is there")).collect()
}

fn try_section(choices: &mut Unstructured) -> Result<()> {
    let padding = *choices.choose(&[ContextPadding::To16, ContextPadding::None])?;
    match choices.int_in_range(0..=15)? {
        0 => fixed::<ProcessorGeneric>(choices)?,
        1 => fixed::<MemoryError>(choices)?,
        2 => fixed::<MemoryError2>(choices)?,
        3 => fixed::<PcieError>(choices)?,
        4 => fixed::<PciBusError>(choices)?,
        5 => fixed::<DmarGenericError>(choices)?,
        6 => fixed::<DmarVtdError>(choices)?,
        7 => fixed::<DmarIommuError>(choices)?,
        8 => {
            let header: Ia32X64Header = any(choices)?;
            let errors: Vec<Ia32X64ErrorInformation> = some(choices, 3)?;
            let parts_of = |context: &Ia32X64Context<'_>| {
                (context.header().register_context_type, context.array().to_vec())
            };
            let mut contexts = Vec::new();
            while contexts.len() < 3 && choices.arbitrary()? {
                let kind = Ia32X64ContextType::new(choices.int_in_range(1..=7)?);
                contexts.push(Ia32X64Context::new(kind, bytes(choices, 80)?));
            }
            let written: Vec<_> = contexts.iter().map(parts_of).collect();
            let parts =
                Ia32X64Parts::new(header, &errors, &contexts).expect("few of each").with_padding(padding);
            let body = body(&parts);
            let read = Ia32X64Processor::decode(&body).expect("a written section is one");
            assert_eq!(but(&*read, &[0..2]), but(&header, &[0..2]));
            assert_eq!(all(read.error_information()), errors);
            let found = read.contexts().map(|context| context.map(|read| parts_of(&read)));
            same_contexts(found, &written, [read.contexts().padding(), padding]);
        }
        9 => {
            let header: ArmProcessorHeader = any(choices)?;
            let errors: Vec<ArmErrorInformation> = some(choices, 3)?;
            let parts_of =
                |context: &ArmContext<'_>| (context.header().register_context_type, context.array().to_vec());
            let mut contexts = Vec::new();
            while contexts.len() < 3 && choices.arbitrary()? {
                let kind = ArmContextType::new(choices.int_in_range(1..=9)?);
                contexts.push(ArmContext::new(kind, bytes(choices, 80)?));
            }
            let written: Vec<_> = contexts.iter().map(parts_of).collect();
            let vendor = bytes(choices, 40)?;
            let parts = ArmProcessorParts::new(header, &errors, &contexts, vendor).expect("few of each");
            let body = body(&parts.with_padding(padding));
            let read = ArmProcessor::decode(&body).expect("a written section is one");
            // Validity of the vendor's part, counts and length are computed.
            assert_eq!(but(&*read, &[0..12]), but(&header, &[0..12]));
            assert_eq!(all(read.error_information()), errors);
            let found = read.contexts().map(|context| context.map(|read| parts_of(&read)));
            if same_contexts(found, &written, [read.contexts().padding(), padding]) {
                assert_eq!((read.vendor_specific(), read.trailing()), (vendor, &[][..]));
            }
        }
        10 => {
            let header: CcixPerErrorHeader = any(choices)?;
            let log = some(choices, 8)?;
            let body = body(&CcixPerErrorParts::new(header).with_log(&log));
            let read = CcixPerError::decode(&body).expect("a written section is one");
            assert_eq!(but(read.header(), &[0..5]), but(&header, &[0..5]));
            assert_eq!((read.log(), read.trailing(), read.missing()), (Some(&log[..]), &[][..], 0));
        }
        11 => {
            let header: CxlProtocolErrorHeader = any(choices)?;
            let (dvsec, log) = (bytes(choices, 60)?, bytes(choices, 100)?);
            let parts = CxlProtocolErrorParts::new(header)
                .with_dvsec(dvsec)
                .and_then(|with| with.with_error_log(log));
            let body = body(&parts.expect("short parts"));
            let read = CxlProtocolError::decode(&body).expect("a written section is one");
            assert_eq!(but(read.header(), &[0..1, 108..112]), but(&header, &[0..1, 108..112]));
            assert_eq!((read.dvsec(), read.error_log()), (Some(Ok(dvsec)), Some(Ok(log))));
            assert_eq!(read.trailing(), b"");
        }
        12 => {
            let kind = FirmwareErrorRecordType::new(choices.arbitrary()?);
            let (guid, identifier, data) = (any(choices)?, choices.arbitrary()?, bytes(choices, 60)?);
            let revision: u8 = choices.int_in_range(0..=2)?;
            let parts = match revision {
                0 => FirmwareErrorRecordParts::revision_0(kind, identifier),
                1 => FirmwareErrorRecordParts::revision_1(kind),
                _ => FirmwareErrorRecordParts::new(kind, guid),
            };
            let body = body(&parts.with_data(data));
            let read = FirmwareErrorRecord::decode(&body).expect("a written section is one");
            assert_eq!((read.header().error_record_type, read.header().revision), (kind, revision));
            assert!(read.data().starts_with(data) && read.data()[data.len()..].iter().all(|byte| *byte == 0));
            match revision {
                0 => assert_eq!(read.header().record_identifier.get(), identifier),
                1 => {}
                _ => assert_eq!(&body[16..32], guid.as_bytes()),
            }
        }
        13 => {
            let header: FruMemoryPoisonHeader = any(choices)?;
            let list: Vec<PoisonDescriptor> = some(choices, 5)?;
            let body = body(&FruMemoryPoisonParts::new(header, &list).expect("a short list"));
            let read = FruMemoryPoison::decode(&body).expect("a written section is one");
            // Checksum, validity of the list and its count are computed.
            let computed = [0..4, 4..5, 36..40];
            assert_eq!(but(read.header(), &computed), but(&header, &computed));
            assert_eq!(all(read.poison_list().expect("a valid list")), list);
        }
        14 => {
            let header: PciComponentErrorHeader = any(choices)?;
            let (memory, io) = (some(choices, 4)?, some(choices, 4)?);
            let parts =
                PciComponentErrorParts::new(header).with_memory_registers(&memory).with_io_registers(&io);
            let body = body(&parts);
            let read = PciComponentError::decode(&body).expect("a written section is one");
            let computed = [0..1, 32..40];
            assert_eq!(but(read.header(), &computed), but(&header, &computed));
            assert_eq!((read.memory_registers(), read.io_registers()), (&memory[..], &io[..]));
            assert_eq!(read.trailing(), b"");
        }
        _ => {
            let record: CxlEventHeader = any(choices)?;
            let dram: CxlDramEvent = any(choices)?;
            let body = body(&CxlEvent::new(record, dram));
            let read = <&CxlEvent<CxlDramEvent>>::decode(&body).expect("a written section is one");
            assert_eq!((read.record, read.data), (record, dram));
        }
    }
    Ok(())
}

/// Whether the contexts come out as they went in: those padded as the specification says do; others may be read as
/// padded, and then nothing is certain.
fn same_contexts<K: PartialEq + Debug>(
    read: impl Iterator<Item = std::result::Result<K, cper::Error>>,
    written: &[K],
    paddings: [ContextPadding; 2],
) -> bool {
    let [read_padding, padding] = paddings;
    if padding == ContextPadding::To16 {
        assert_eq!(read_padding, padding);
    } else if read_padding != padding {
        return false;
    }
    let read: Vec<_> = read.map(|context| context.expect("a written context is there")).collect();
    assert_eq!(read, written);
    true
}

/// `struct mce` of any values in each layout.
pub fn mce(input: &[u8]) {
    let _ = try_mce(&mut Unstructured::new(input));
}

fn try_mce(choices: &mut Unstructured) -> Result<()> {
    let mce: Mce = any(choices)?;
    for layout in Layout::ALL {
        let bytes = written(layout.size(), |out| Some(mce.write(layout, out).ok()?.len()));
        let read = MceRecord::parse(&bytes).expect("a written record is one");
        assert_eq!((read.layout(), read.tail()), (layout, &[][..]));
        assert_eq!((read.mce().status, read.mce().bank), (mce.status, mce.bank));
        if layout == Layout::Size128 {
            assert_eq!(read.mce(), &mce);
        }
        // Whatever a layout leaves out reads as 0, and is written as nothing.
        assert_eq!(written(layout.size(), |out| Some(read.mce().write(layout, out).ok()?.len())), bytes);
        let front = if layout == Layout::Size124 { 116 } else { layout.size() };
        if layout != Layout::Size72 {
            assert_eq!(bytes[..front], mce.as_bytes()[..front]);
        }
    }
    Ok(())
}

/// Records for Linux' stores of any body, sealed.
pub fn stored(input: &[u8]) {
    let _ = try_stored(&mut Unstructured::new(input));
}

fn try_stored(choices: &mut Unstructured) -> Result<()> {
    let (id, time) = (RecordId(choices.arbitrary()?), choices.int_in_range(1..=u64::from(u32::MAX))?);
    let kind = choices.int_in_range(0..=3)?;
    let body = bytes(choices, 400)?;
    let draft = match kind {
        0 => RecordDraft::dmesg(body, id, time),
        1 => RecordDraft::compressed_dmesg(body, id, time),
        2 => RecordDraft::mce_as_linux(body, id),
        _ => match RecordDraft::mce(body, id) {
            Ok(draft) => draft,
            Err(_) => {
                assert!(body.len() < 88);
                return Ok(());
            }
        },
    };
    let mut record = written(draft.encoded_len(), |out| Some(draft.encode(out).ok()?.len()));
    for sealed in [false, true] {
        let read = StoredRecord::parse(&record).expect("a written record is one");
        assert_eq!((read.id(), read.body(), read.file_content()), (id, body, body));
        let payload = match kind {
            0 => Payload::Dmesg(body),
            1 => Payload::CompressedDmesg(body),
            _ => Payload::Mce(body),
        };
        assert_eq!(read.payload(), payload);
        assert_eq!(read.file_name().is_some(), id.is_valid());
        if kind < 2 {
            assert_eq!(read.time(), Some(time));
        }
        if !sealed {
            assert_eq!(seal::verify(&record), Seal::NotSealed);
            seal::seal(&mut record).expect("a whole record");
        }
        assert!(!sealed || seal::verify(&record) == Seal::Valid);
    }
    Ok(())
}
