//! The records of a dying machine: laid down while it is well, patched when it dies.

use cper::{
    CreatorId, DataEntry, HeaderValidation, NotificationType, RecordFlags, RecordHeader, SectionDescriptor,
    Severity, Timestamp,
};
use pstore_format::record::RecordPrefix;
use pstore_format::{RecordId, seal};
use zerocopy::FromBytes;
use zerocopy::little_endian::{U16, U32};

/// Lays down the record of one error of a source that tells of its errors in this way. At load.
///
/// `None` when the slot has no room for a record.
pub fn prepare(slot: &mut [u8], notification: NotificationType) -> Option<()> {
    let header = RecordHeader::fatal(notification)
        .with_revision(0x0100)
        .with_creator(CreatorId::LINUX_PSTORE)
        .with_flags(RecordFlags::PREVIOUS_ERROR);
    let header = RecordHeader { section_count: U16::new(1), ..header };
    let (prefix, _) = RecordPrefix::mut_from_prefix(slot).ok()?;
    *prefix = RecordPrefix { header, descriptor: SectionDescriptor::primary(Severity::FATAL) };
    Some(())
}

/// Patches the slot to be the record of this entry, and seals it. At panic.
///
/// Nothing the entry says is lost: type, severity, flags, unit, time (as seconds, which is how readers of this creator's
/// records take it), payload. The slot is the record's length or more; `None` when it is less.
pub fn patch<'a>(slot: &'a mut [u8], entry: &DataEntry<'_>, id: RecordId) -> Option<&'a [u8]> {
    let payload = entry.bytes();
    let length = RecordPrefix::SIZE.checked_add(payload.len())?;
    let record = slot.get_mut(..length)?;
    let (RecordPrefix { header, descriptor }, body) = RecordPrefix::mut_from_prefix(&mut *record).ok()?;
    body.get_mut(..payload.len())?.copy_from_slice(payload);

    header.severity = entry.severity();
    header.record_length = U32::new(u32::try_from(length).ok()?);
    header.record_id.set(id.raw());
    let calendar = entry.header().timestamp().and_then(|timestamp| timestamp.calendar());
    let seconds = calendar.and_then(|calendar| u64::try_from(calendar.unix_seconds()).ok());
    header.validation_bits.set(seconds.map_or(0, |_| HeaderValidation::TIMESTAMP.bits()));
    header.timestamp = Timestamp::from_linux_seconds(seconds.unwrap_or(0));

    *descriptor = entry.header().descriptor();
    descriptor.section_offset = U32::new(RecordPrefix::SIZE as u32);
    descriptor.section_length = U32::new(u32::try_from(payload.len()).ok()?);
    seal::seal(record).ok()?;
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cper::StatusBlock;
    use pstore_format::produce::RecordDraft;
    use std::fs;

    /// The entries of every status block of the examples.
    fn each_entry(mut look: impl FnMut(&DataEntry)) -> usize {
        let mut entries = 0;
        for file in fs::read_dir("../data/gesb").unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "gesb") {
                continue;
            }
            for entry in StatusBlock::parse(&fs::read(path).unwrap()).unwrap().entries().flatten() {
                look(&entry);
                entries += 1;
            }
        }
        entries
    }

    #[test]
    fn a_patched_record_is_the_one_encoded_whole() {
        let mut slot = vec![0xA5; 8192];
        prepare(&mut slot, NotificationType::NMI).unwrap();
        let mut id = RecordId::new(0x6b02_9869_0000_0000);
        let entries = each_entry(|entry| {
            id = RecordId::new(id.raw() + 1);
            let patched = patch(&mut slot, entry, id).unwrap();
            let mut whole = vec![0x5A; 8192];
            let whole = RecordDraft::entry(entry, NotificationType::NMI, id).encode(&mut whole).unwrap();
            seal::seal(whole).unwrap();
            assert_eq!(patched, whole);
        });
        assert!(entries >= 30, "{entries}");
    }

    #[test]
    fn too_small_a_slot_gives_no_record() {
        assert_eq!(prepare(&mut [0; 199], NotificationType::NMI), None);
        each_entry(|entry| {
            let mut slot = vec![0; 200 + entry.bytes().len()];
            prepare(&mut slot, NotificationType::NMI).unwrap();
            assert!(patch(&mut slot, entry, RecordId::new(1)).is_some());
            slot.pop();
            assert_eq!(patch(&mut slot, entry, RecordId::new(1)), None);
        });
    }
}
