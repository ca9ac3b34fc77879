//! The records of a dying machine: laid down while it is well, filled when it dies.

use cper::{DataEntry, NotificationType};
use pstore_format::produce::RecordSlot;
use pstore_format::{RecordId, seal};

/// Lays down the record of one error of a source that tells of its errors in this way. At load.
///
/// `None` when the memory has no room for a record.
pub fn prepare(memory: &mut [u8], notification: NotificationType) -> Option<()> {
    RecordSlot::prepare(memory, notification).ok().map(|_| ())
}

/// Makes what was laid down the record of this entry, and seals it. At panic.
///
/// `None` when nothing was laid down, or the memory is less than the record.
pub fn fill<'a>(memory: &'a mut [u8], entry: &DataEntry<'_>, id: RecordId) -> Option<&'a [u8]> {
    let record = RecordSlot::prepared(memory).ok()?.fill(entry, id).ok()?;
    seal::seal(record).ok()?;
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cper::StatusBlock;
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
    fn a_record_is_sealed_and_has_nothing_of_the_one_before() {
        let mut memory = vec![0xA5; 8192];
        prepare(&mut memory, NotificationType::NMI).unwrap();
        let mut id = RecordId::new(0x6b02_9869_0000_0000);
        let entries = each_entry(|entry| {
            id = RecordId::new(id.raw() + 1);
            let filled = fill(&mut memory, entry, id).unwrap();
            assert_eq!(seal::verify(filled), seal::Seal::Valid);
            let mut fresh = vec![0x5A; 8192];
            prepare(&mut fresh, NotificationType::NMI).unwrap();
            assert_eq!(filled, fill(&mut fresh, entry, id).unwrap());
        });
        assert!(entries >= 30, "{entries}");
    }

    #[test]
    fn too_small_a_memory_gives_no_record() {
        assert_eq!(prepare(&mut [0; 199], NotificationType::NMI), None);
        each_entry(|entry| {
            let mut memory = vec![0; 200 + entry.bytes().len()];
            assert_eq!(fill(&mut memory, entry, RecordId::new(1)), None, "nothing was laid down");
            prepare(&mut memory, NotificationType::NMI).unwrap();
            assert!(fill(&mut memory, entry, RecordId::new(1)).is_some());
            memory.pop();
            assert_eq!(fill(&mut memory, entry, RecordId::new(1)), None);
        });
    }
}
