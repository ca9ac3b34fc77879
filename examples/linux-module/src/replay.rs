//! What a stored record of a former boot is told as: the trace events that it would have been.

use core::fmt;

use cper::tracepoint::{Event, Version};
use cper::{CreatorId, Guid};
use mce_record::{Mce, MceRecord};
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal::{self, Seal};

/// The longest section that is told. A trace event has to fit a page with its other fields; a longer one would be dropped
/// in silence, and perf would warn of it.
pub const LONGEST: usize = 3584;

/// An event to be emitted.
pub enum TraceEvent<'a> {
    /// `mce_record`.
    MachineCheck(&'a Mce),
    /// One of the events of `ras`.
    Section(Event<'a>),
}

/// Why a record is not told.
#[derive(Debug)]
pub enum Skipped {
    /// It is no record.
    NotRecord(pstore_format::Error),
    /// It is shorter than it says, by so many bytes.
    Torn(usize),
    /// It was sealed, and has been changed.
    BrokenSeal,
    /// Somebody else put it there.
    Foreign(Guid),
    /// It is no machine check of any kernel.
    NotMachineCheck(mce_record::Error),
    /// A section of it is not where the record says.
    NotSection(cper::Error),
    /// A section is longer than an event can be.
    TooLong(usize),
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRecord(error) => write!(f, "{error}"),
            Self::Torn(missing) => write!(f, "torn, {missing} bytes are missing"),
            Self::BrokenSeal => f.write_str("its seal is broken"),
            Self::Foreign(creator) => write!(f, "another system's, of creator {creator}"),
            Self::NotMachineCheck(error) => write!(f, "machine check: {error}"),
            Self::NotSection(error) => write!(f, "{error}"),
            Self::TooLong(length) => write!(f, "a section of {length} bytes, {LONGEST} fit an event"),
        }
    }
}

/// Gives `emit` the events of a record: one for a machine check and for each section, none for a kernel log. Returns
/// whether it was an error.
///
/// Nothing is emitted of a record that is skipped.
pub fn replay(
    bytes: &[u8],
    version: Version,
    mut emit: impl FnMut(&TraceEvent<'_>),
) -> Result<bool, Skipped> {
    let stored = StoredRecord::parse(bytes).map_err(Skipped::NotRecord)?;
    let record = stored.record();
    if record.missing() != 0 {
        return Err(Skipped::Torn(record.missing()));
    }
    if seal::verify(bytes) == Seal::Broken {
        return Err(Skipped::BrokenSeal);
    }
    let header = record.header();
    if header.creator_id() != CreatorId::LINUX_PSTORE {
        return Err(Skipped::Foreign(header.creator_id().raw()));
    }
    let notification = header.notification_type();
    match stored.payload() {
        Payload::Dmesg(_) | Payload::CompressedDmesg(_) => return Ok(false),
        Payload::Mce(mce) => {
            let mce = MceRecord::parse(mce).map_err(Skipped::NotMachineCheck)?;
            emit(&TraceEvent::MachineCheck(mce.mce()));
        }
        Payload::Section(section_type, body) => {
            fits(body)?;
            if let Some(descriptor) = stored.descriptor() {
                let descriptor = descriptor.with_section_type(section_type);
                emit(&TraceEvent::Section(Event::of(version, notification, &descriptor, body)));
            }
        }
        _ => {
            for section in record.sections() {
                fits(section.map_err(Skipped::NotSection)?.bytes())?;
            }
            for section in record.sections().flatten() {
                let event = Event::of(version, notification, section.descriptor(), section.bytes());
                emit(&TraceEvent::Section(event));
            }
        }
    }
    Ok(true)
}

fn fits(section: &[u8]) -> Result<(), Skipped> {
    if section.len() > LONGEST { Err(Skipped::TooLong(section.len())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cper::section::MemoryError;
    use cper::tracepoint::AerEvent;
    use cper::{
        NotificationType, RecordHeader, RecordWriter, SectionDescriptor, SectionTypeId, Severity, StatusBlock,
    };
    use pstore_format::RecordId;
    use pstore_format::produce::{RecordSlot, encode_dmesg, encode_mce, encode_mce_as_linux};
    use std::fs;

    const ID: RecordId = RecordId::new(0x6b02_9869_0000_0001);

    /// What a record is told as, or why not.
    fn told(record: &[u8]) -> Result<Vec<String>, String> {
        let mut all = Vec::new();
        let outcome = replay(record, Version::Linux6_17, |told| {
            all.push(match told {
                TraceEvent::MachineCheck(mce) => format!("mce_record {} {:#x}", mce.bank(), mce.status()),
                TraceEvent::Section(event) => event.name().to_owned(),
            });
        });
        match outcome {
            Ok(is_error) => assert_eq!(is_error, !all.is_empty()),
            Err(_) => assert!(all.is_empty()),
        }
        outcome.map(|_| all).map_err(|skipped| skipped.to_string())
    }

    /// The record of the first entry of a block.
    fn record_of(block: &str, seal: bool) -> Vec<u8> {
        let block = fs::read(format!("../data/gesb/{block}.gesb")).unwrap();
        let block = StatusBlock::parse(&block).unwrap();
        let entry = block.entries().next().unwrap().unwrap();
        let mut memory = vec![0; 8192];
        RecordSlot::prepare(&mut memory, NotificationType::NMI).unwrap();
        let record = RecordSlot::prepared(&mut memory).unwrap().fill(&entry, ID).unwrap();
        if seal {
            seal::seal(record).unwrap();
        }
        record.to_vec()
    }

    #[test]
    fn every_kind_of_record_is_told_as_its_event() {
        for (block, event) in [
            ("mem-full-v23", "mc_event"),
            ("mem-old-73", "mc_event"),
            ("pcie-ue", AerEvent::NAME),
            ("arm", "arm_event"),
            ("unknown", "non_standard_event"),
            ("ia-cache", "non_standard_event"),
        ] {
            for seal in [false, true] {
                assert_eq!(told(&record_of(block, seal)), Ok(vec![event.to_owned()]), "{block}");
            }
        }
        let mut mce = [0; 128];
        (mce[0], mce[65]) = (7, 4);
        let mut buffer = [0; 8192];
        for length in [88, 104, 112, 120, 128] {
            for as_linux in [false, true] {
                let record = match as_linux {
                    false => encode_mce(&mce[..length], ID, &mut buffer),
                    true => encode_mce_as_linux(&mce[..length], ID, &mut buffer),
                };
                assert_eq!(told(record.unwrap()), Ok(vec!["mce_record 4 0x7".to_owned()]));
            }
        }
        assert_eq!(told(encode_dmesg(b"Panic#1 Part1\n", ID, 1, &mut buffer).unwrap()), Ok(vec![]));
    }

    /// The record that the series of 2023 writes: any section offset, and nothing said of the unit.
    #[test]
    fn a_record_with_a_section_offset_that_is_none_is_told() {
        let mut record = record_of("mem-full-v23", false);
        record[128..132].fill(0xA5);
        assert_eq!(told(&record), Ok(vec!["mc_event".to_owned()]));
    }

    #[test]
    fn each_section_is_told_or_none() {
        let record = |long: usize| {
            let mut buffer = vec![0; 8192];
            let header = RecordHeader::fatal(NotificationType::MCE).with_creator_id(CreatorId::LINUX_PSTORE);
            let mut writer = RecordWriter::for_sections(&mut buffer, &header, 2).unwrap();
            let descriptor = SectionDescriptor::new(Severity::FATAL);
            writer.section(&descriptor, &MemoryError::new().with_node(1)).unwrap();
            writer.section_bytes(SectionTypeId::NVIDIA, &descriptor, &vec![1; long]).unwrap();
            writer.finish().unwrap().to_vec()
        };
        let names = ["mc_event", "non_standard_event"].map(str::to_owned).to_vec();
        assert_eq!(told(&record(LONGEST)), Ok(names));
        assert_eq!(told(&record(LONGEST + 1)), Err("a section of 3585 bytes, 3584 fit an event".into()));
    }

    #[test]
    fn what_is_broken_torn_or_another_systems_is_skipped() {
        let whole = record_of("mem-full-v23", true);
        for length in 0..whole.len() {
            let why = told(&whole[..length]).unwrap_err();
            assert!(
                length < 128 || why.contains("bytes are missing") || why.contains("pstore record"),
                "{why}"
            );
        }
        let with = |at: usize, byte: u8| {
            let mut record = whole.clone();
            record[at] ^= byte;
            told(&record)
        };
        assert_eq!(with(0, 1), Err("offset 0: record signature is \"BPER\", not \"CPER\"".into()));
        assert_eq!(with(250, 1), Err("its seal is broken".into()));
        let mut foreign = record_of("mem-full-v23", false);
        foreign[64..80].fill(0x5A);
        let creator = "5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a";
        assert_eq!(told(&foreign), Err(format!("another system's, of creator {creator}")));
        let mut buffer = [0; 512];
        let mut mce = encode_mce(&[0; 88], ID, &mut buffer).unwrap().to_vec();
        mce.truncate(287);
        mce[20..24].copy_from_slice(&287_u32.to_le_bytes());
        mce[132..136].copy_from_slice(&87_u32.to_le_bytes());
        assert!(told(&mce).unwrap_err().starts_with("machine check: "));
    }

    #[test]
    fn no_bytes_are_too_strange() {
        let mut seed = 1_u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize
        };
        let mut emitted = 0;
        for block in ["mem-full-v23", "pcie-ue", "arm", "unknown", "ia-all"] {
            for _ in 0..4000 {
                let mut record = record_of(block, false);
                for _ in 0..=random() % 6 {
                    let at = random() % record.len();
                    record[at] = random() as u8;
                }
                emitted += told(&record).map_or(0, |told| told.len());
            }
        }
        assert!(emitted > 1000, "{emitted}");
    }
}
