//! CPER records, sections and status blocks from bytes.

use cper::section::Body;
use cper::{
    KernelText, NotificationType, Record, RecordMut, Section, SectionTypeId, Severity, StatusBlock,
    StatusBlocks,
};

use crate::{digest, flipped, inside, text_is_bounded};

/// Records: sections bounded, text linear, errors inside, rebuilding idempotent.
pub fn record(bytes: &[u8]) {
    let record = match Record::parse(bytes) {
        Ok(record) => record,
        Err(error) => return inside(error, bytes),
    };
    let mut bodies = 0;
    let mut sections = 0;
    for section in record.sections() {
        sections += 1;
        match section {
            Ok(section) => {
                bodies += section.bytes().len();
                if let Err(error) = section.body() {
                    inside(error, bytes);
                }
            }
            Err(error) => inside(error, bytes),
        }
    }
    assert!(sections <= record.descriptors().len() + 1 && bodies <= bytes.len());
    text_is_bounded(&record, bytes.len());
    let mut once = vec![0xa5; record.as_bytes().len() + bodies + 72 * sections];
    if let Ok(once) = record.relayout(&mut once) {
        let rebuilt = Record::parse(once).expect("a rebuilt record is one");
        assert!(record.sections().zip(rebuilt.sections()).all(same), "a section changed");
        let mut twice = vec![0x5a; once.len()];
        assert_eq!(
            rebuilt.relayout(&mut twice).expect("room enough"),
            once,
            "rebuilding twice gives other bytes"
        );
    }
}

fn same((a, b): (Result<Section, cper::Error>, Result<Section, cper::Error>)) -> bool {
    a.is_ok_and(|a| b.is_ok_and(|b| a.section_type() == b.section_type() && a.bytes() == b.bytes()))
}

/// The section type that a byte chooses.
pub(crate) fn section_type(choice: u8) -> SectionTypeId {
    let all = SectionTypeId::ALL;
    all[usize::from(choice) % all.len()].0
}

/// Section bodies, of the type that the first byte chooses: text linear, errors inside, a flipped bit shows.
pub fn section(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let section_type = section_type(choice);
    let shown = |bytes: &[u8]| {
        let body = Body::decode(section_type, bytes);
        let trailing = body.as_ref().map_or(bytes, Body::trailing);
        (digest(&body), trailing.to_vec())
    };
    match Body::decode(section_type, bytes) {
        Ok(body) => text_is_bounded(&body, bytes.len()),
        Err(error) => inside(error, bytes),
    }
    if let Some((flipped, bit)) = flipped(bytes) {
        assert_ne!(shown(bytes), shown(&flipped), "bit {bit} of {section_type} flipped");
    }
}

/// Status blocks and regions of them: entries bounded, each a record that holds what the entry held.
pub fn status_block(bytes: &[u8]) {
    let mut end = 0;
    for (offset, block) in StatusBlocks::new(bytes) {
        assert_eq!(offset, end);
        end += block.as_bytes().len();
    }
    assert!(end <= bytes.len());
    let block = match StatusBlock::parse(bytes) {
        Ok(block) => block,
        Err(error) => return inside(error, bytes),
    };
    text_is_bounded(&block, bytes.len());
    text_is_bounded(&KernelText::new(&block), bytes.len());
    if let Err(error) = block.check() {
        inside(error, bytes);
    }
    let mut payloads = 0;
    for entry in block.entries() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                inside(error, bytes);
                continue;
            }
        };
        payloads += entry.bytes().len() + entry.header_bytes().len();
        let mut out = vec![0xa5; 200 + entry.bytes().len()];
        let written =
            entry.encode_record(&entry.record_header(NotificationType::NMI), &mut out).expect("room enough");
        let read = Record::parse(written).expect("a written record is one");
        let section = read.sections().next().expect("one section").expect("inside");
        assert_eq!((section.section_type(), section.bytes()), (entry.section_type(), entry.bytes()));
        assert_eq!((section.severity(), read.severity()), (entry.severity(), entry.severity()));
        assert_eq!(section.descriptor().fru_id(), entry.header().fru_id());
        assert_eq!(section.descriptor().fru_text(), entry.header().fru_text());
        assert_eq!(read.header().timestamp(), entry.header().timestamp());
    }
    assert!(payloads <= bytes.len());
}

/// Records patched in place: what was set is read back, and nothing else changed.
pub fn patched(bytes: &[u8]) {
    let Some((&[number, value], bytes)) = bytes.split_first_chunk() else { return };
    let mut patched = bytes.to_vec();
    let Ok(mut record) = RecordMut::parse(&mut patched) else { return };
    let number = u16::from(number % 8);
    let identifier = u64::from(value).wrapping_mul(0x0101_0101_0101_0101);
    record.header_mut().expect("a record has a header").set_record_id(identifier);
    let length = record.as_bytes().len();
    let mut expected = bytes[..length].to_vec();
    expected[96..104].copy_from_slice(&identifier.to_le_bytes());
    assert_eq!(record.as_bytes(), expected);

    let Ok(descriptor) = record.descriptor_mut(number) else { return };
    descriptor.set_severity(Severity::new(u32::from(value)));
    let at = 128 + 72 * usize::from(number);
    let [offset, body_length] = [at, at + 4]
        .map(|at| u32::from_le_bytes(expected[at..at + 4].try_into().expect("four bytes")) as usize);
    expected[at + 48..at + 52].copy_from_slice(&[value, 0, 0, 0]);
    assert_eq!(record.as_bytes(), expected);

    if let Ok(body) = record.section_mut(number) {
        assert_eq!(body.len(), body_length);
        body.fill(value);
        expected[offset..offset + body_length].fill(value);
    }
    assert_eq!(record.as_bytes(), expected);
    if let Ok(read) = record.as_record() {
        assert_eq!(read.as_bytes(), &expected[..read.as_bytes().len()]);
    }
}
