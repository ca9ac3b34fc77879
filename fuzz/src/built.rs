//! Values that the input's bytes choose, written and read: what was put in comes out, and every byte was written.

#[path = "../../cper/tests/common/sections.rs"]
mod sections;

use std::fmt::Debug;

use arbitrary::{Arbitrary, Result, Unstructured};
use cper::section::vendor::NvidiaInfo;
use cper::section::*;
use cper::zerocopy::IntoBytes;
use cper::{
    ErrorKind, GenericErrorData, Record, RecordHeader, RecordWriter, SectionDescriptor, Severity,
    StatusBlock, StatusBlockWriter,
};
use mce_record::{Layout, Mce, MceRecord};
use pstore_format::RecordId;
use pstore_format::produce::{encode_compressed_dmesg, encode_dmesg, encode_mce, encode_mce_as_linux};
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal::{self, Seal};
use sections::{Context, written};

/// At most so many of them.
fn some<'a, T: Arbitrary<'a>>(choices: &mut Unstructured<'a>, most: usize) -> Result<Vec<T>> {
    (0..choices.int_in_range(0..=most)?).map(|_| choices.arbitrary()).collect()
}

/// Any bytes, at most so many.
fn bytes<'a>(choices: &mut Unstructured<'a>, most: usize) -> Result<&'a [u8]> {
    let length = choices.int_in_range(0..=most.min(choices.len()))?;
    choices.bytes(length)
}

/// Records of any header, descriptors and bodies.
pub fn record(input: &[u8]) {
    let _ = try_record(&mut Unstructured::new(input));
}

fn try_record(choices: &mut Unstructured) -> Result<()> {
    let header = choices.arbitrary::<RecordHeader>()?.with_signature(RecordHeader::SIGNATURE);
    let mut parts = Vec::new();
    while parts.len() < 4 && choices.ratio(3, 4)? {
        parts.push((choices.arbitrary::<SectionDescriptor>()?, bytes(choices, 200)?));
    }
    let length = 128 + parts.iter().map(|(_, body)| 72 + body.len()).sum::<usize>();
    let hint = choices.int_in_range(0..=parts.len())?;
    let record = written(length, |out| {
        let available = out.len();
        match record_of(&header, &parts, hint, out) {
            Ok(record) => Some(record.len()),
            Err(error) => {
                let kind = ErrorKind::BufferTooSmall { needed: length as u32, available: available as u32 };
                assert_eq!(error.kind(), kind);
                None
            }
        }
    });
    let read = Record::parse(&record).expect("a written record is one");
    let mut expected = header;
    expected.set_section_count(parts.len() as u16);
    expected.set_record_length(length as u32);
    assert_eq!((read.header(), read.missing()), (&expected, 0));
    assert_eq!(read.sections().count(), parts.len());
    let mut offset = 128 + 72 * parts.len();
    let mut block = vec![0xa5; 4096];
    let mut writer = StatusBlockWriter::new(&mut block, header.severity()).expect("room enough");
    for (section, (descriptor, body)) in read.sections().zip(&parts) {
        let section = section.expect("a written section is one");
        let mut expected = *descriptor;
        expected.set_section_offset(offset as u32);
        expected.set_section_length(body.len() as u32);
        assert_eq!((section.descriptor(), section.bytes()), (&expected, *body));
        offset += body.len();
        let entry = GenericErrorData::from_descriptor(section.descriptor());
        let entry = header.timestamp().map_or(entry, |time| entry.with_timestamp(time));
        writer.entry_bytes(section.section_type(), &entry, section.bytes()).expect("room enough");
    }
    let mut again = vec![0x5a; length];
    assert_eq!(
        read.relayout(&mut again).expect("room enough"),
        record,
        "rebuilding changes a record without gaps"
    );

    // To a status block and back: what an entry has of a descriptor is kept.
    let block = StatusBlock::parse(writer.finish().expect("room enough")).expect("a written block is one");
    assert_eq!((block.check(), block.severity()), (Ok(()), header.severity()));
    assert_eq!(block.entries().count(), parts.len());
    for (entry, (descriptor, body)) in block.entries().zip(&parts) {
        let entry = entry.expect("a written entry is one");
        let back = entry.header().descriptor();
        assert_eq!(
            (back.section_type(), back.severity()),
            (descriptor.section_type(), descriptor.severity())
        );
        assert_eq!(
            (back.fru_id_raw(), back.fru_text_raw()),
            (descriptor.fru_id_raw(), descriptor.fru_text_raw())
        );
        assert_eq!((entry.bytes(), entry.header().timestamp()), (*body, header.timestamp()));
        assert_eq!(back.flags().bits(), descriptor.flags().bits() & 0xff);
    }
    Ok(())
}

/// The record of these descriptors and bodies, its writer told of as many sections as the hint says.
fn record_of<'b>(
    header: &RecordHeader,
    parts: &[(SectionDescriptor, &[u8])],
    hint: usize,
    out: &'b mut [u8],
) -> std::result::Result<&'b mut [u8], cper::Error> {
    let mut writer = RecordWriter::for_sections(out, header, hint)?;
    for (descriptor, body) in parts {
        writer.section_bytes(descriptor.section_type(), descriptor, body)?;
    }
    writer.finish()
}

/// Status blocks of any entries and raw data.
pub fn block(input: &[u8]) {
    let _ = try_block(&mut Unstructured::new(input));
}

fn try_block(choices: &mut Unstructured) -> Result<()> {
    let severity = Severity::new(choices.arbitrary()?);
    let mut entries = Vec::new();
    while entries.len() < 4 && choices.ratio(3, 4)? {
        entries.push((choices.arbitrary::<GenericErrorData>()?, bytes(choices, 200)?));
    }
    let raw = bytes(choices, 40)?;
    let length = 20
        + entries.iter().map(|(header, payload)| header.header_len() + payload.len()).sum::<usize>()
        + raw.len();
    let block = written(length, |out| {
        let mut writer = StatusBlockWriter::new(out, severity).ok()?;
        for (header, payload) in &entries {
            writer.entry_bytes(header.section_type(), header, payload).ok()?;
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
        expected.set_error_data_length(payload.len() as u32);
        if header.header_len() == 64 {
            expected.set_timestamp(Default::default());
            expected.set_validation(header.validation());
        }
        assert_eq!((entry.header(), entry.bytes()), (expected, *payload));
    }
    Ok(())
}

/// Sections of any values, of each kind that has a writer.
pub fn section(input: &[u8]) {
    let _ = try_section(&mut Unstructured::new(input));
}

fn fixed<'a, T: FixedSection + Arbitrary<'a> + PartialEq + Debug>(
    choices: &mut Unstructured<'a>,
) -> Result<()> {
    sections::fixed::<T>(&choices.arbitrary()?);
    Ok(())
}

/// Types and bytes of a processor's registers.
fn contexts(choices: &mut Unstructured, kinds: u16) -> Result<Vec<Context>> {
    let mut contexts = Vec::new();
    while contexts.len() < 3 && choices.arbitrary()? {
        contexts.push((choices.int_in_range(1..=kinds)?, bytes(choices, 80)?.to_vec()));
    }
    Ok(contexts)
}

fn try_section(of: &mut Unstructured) -> Result<()> {
    let padding = *of.choose(&[ContextPadding::To16, ContextPadding::None])?;
    match of.int_in_range(0..=26)? {
        0 => fixed::<ProcessorGeneric>(of)?,
        1 => fixed::<MemoryError>(of)?,
        2 => fixed::<MemoryError2>(of)?,
        3 => fixed::<PcieError>(of)?,
        4 => fixed::<PciBusError>(of)?,
        5 => fixed::<DmarGenericError>(of)?,
        6 => fixed::<DmarVtdError>(of)?,
        7 => fixed::<DmarIommuError>(of)?,
        8 => sections::ia32x64(of.arbitrary()?, &some(of, 3)?, &contexts(of, 7)?, padding),
        9 => sections::arm_processor(
            of.arbitrary()?,
            &some(of, 3)?,
            &contexts(of, 9)?,
            bytes(of, 40)?,
            padding,
        ),
        10 => {
            let (header, data) = (of.arbitrary()?, some::<u32>(of, 8)?);
            sections::ccix_per(header, &data.into_iter().map(Into::into).collect::<Vec<_>>());
        }
        11 => sections::cxl_protocol(of.arbitrary()?, bytes(of, 60)?, bytes(of, 100)?),
        12 => {
            let (revision, kind) = (of.int_in_range(0..=2)?, FirmwareErrorRecordType::new(of.arbitrary()?));
            sections::firmware(revision, kind, of.arbitrary()?, of.arbitrary()?, bytes(of, 60)?);
        }
        13 => sections::fru_memory_poison(of.arbitrary()?, &some(of, 5)?),
        14 => sections::pci_component(of.arbitrary()?, &some(of, 4)?, &some(of, 4)?),
        15 => sections::cxl_event::<CxlDramEvent>(of.arbitrary()?, of.arbitrary()?),
        16 => sections::cxl_event::<CxlGeneralMediaEvent>(of.arbitrary()?, of.arbitrary()?),
        17 => sections::cxl_event::<CxlMemoryModuleEvent>(of.arbitrary()?, of.arbitrary()?),
        18 => sections::cxl_event::<CxlMemorySparingEvent>(of.arbitrary()?, of.arbitrary()?),
        19 => sections::cxl_event::<CxlPhysicalSwitchEvent>(of.arbitrary()?, of.arbitrary()?),
        20 => sections::cxl_event::<CxlVirtualSwitchEvent>(of.arbitrary()?, of.arbitrary()?),
        21 => sections::cxl_event::<CxlMldPortEvent>(of.arbitrary()?, of.arbitrary()?),
        22 => {
            let (header, records) = (of.arbitrary()?, some(of, 3)?);
            let spaces = [of.arbitrary()?, of.arbitrary()?];
            let registers = [some(of, 3)?, some(of, 3)?];
            let contexts: Vec<_> = spaces.into_iter().zip(registers).collect();
            let (version, keys) = (of.arbitrary::<u8>()?, some(of, 3)?);
            let auxiliary = (version, &contexts[..usize::from(version % 3)], &keys[..]);
            sections::arm_ras_node(header, &records, of.arbitrary::<bool>()?.then_some(auxiliary));
        }
        23 => sections::nvidia(of.arbitrary()?, &some(of, 4)?, &of.arbitrary()?),
        24 => {
            let (header, version, cpu, gpu) =
                (of.arbitrary()?, of.arbitrary::<u16>()?, of.arbitrary()?, of.arbitrary()?);
            let info = match of.int_in_range(0..=2)? {
                0 => NvidiaInfo::Cpu(&cpu),
                1 => NvidiaInfo::Gpu(&gpu),
                _ => NvidiaInfo::Unknown(bytes(of, 252)?),
            };
            let context = |(kind, array): Context| (version, kind, !version, array);
            let contexts: Vec<_> = contexts(of, 6)?.into_iter().map(context).collect();
            sections::nvidia_event(header, info, &contexts);
        }
        25 => sections::ampere(of.arbitrary()?, bytes(of, 60)?),
        _ => {
            let banks = of.arbitrary()?;
            let later = (of.arbitrary()?, of.arbitrary()?, &banks);
            sections::windows_xpf_mca(&of.arbitrary()?, of.int_in_range(0..=3)?, later);
        }
    }
    Ok(())
}

/// `struct mce` of any values in each layout.
pub fn mce(input: &[u8]) {
    let _ = try_mce(&mut Unstructured::new(input));
}

fn try_mce(choices: &mut Unstructured) -> Result<()> {
    let mce: Mce = choices.arbitrary()?;
    for layout in Layout::ALL {
        let bytes = written(layout.size(), |out| Some(mce.write(layout, out).ok()?.len()));
        let read = MceRecord::parse(&bytes).expect("a written record is one");
        assert_eq!((read.layout(), read.trailing()), (layout, &[][..]));
        assert_eq!((read.mce().status(), read.mce().bank()), (mce.status(), mce.bank()));
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

/// Records for Linux's stores of any body, sealed.
pub fn stored(input: &[u8]) {
    let _ = try_stored(&mut Unstructured::new(input));
}

fn try_stored(choices: &mut Unstructured) -> Result<()> {
    let (id, time) = (RecordId::new(choices.arbitrary()?), choices.int_in_range(1..=u64::from(u32::MAX))?);
    let kind = choices.int_in_range(0..=3)?;
    let body = bytes(choices, 400)?;
    if kind == 3 && body.len() < 88 {
        assert!(encode_mce(body, id, &mut [0; 512]).is_err());
        return Ok(());
    }
    let mut record = written(200 + body.len(), |out| {
        let record = match kind {
            0 => encode_dmesg(body, id, time, out),
            1 => encode_compressed_dmesg(body, id, time, out),
            2 => encode_mce_as_linux(body, id, out),
            _ => encode_mce(body, id, out),
        };
        Some(record.ok()?.len())
    });
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
