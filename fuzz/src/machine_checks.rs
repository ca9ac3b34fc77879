//! `struct mce` and the log of `/dev/mcelog` from bytes.

use std::fmt::Write;

use mce_record::mcelog::{Log, WordSize};
use mce_record::tracepoint::Version;
use mce_record::{Circumstances, KernelText, MceRecord};

use crate::{Bounded, flipped, text_is_bounded};

/// `struct mce`: what is accepted is written back as it was, told and graded; a flipped bit shows.
pub fn mce(bytes: &[u8]) {
    let Ok(record) = MceRecord::parse(bytes) else { return };
    let mut out = vec![0xa5; bytes.len()];
    assert_eq!(&*record.write(&mut out).expect("room enough"), bytes);
    text_is_bounded(&record, bytes.len());
    text_is_bounded(&KernelText::new(&record).with_panic(true), bytes.len());
    write!(Bounded { left: 65_536 + 16 * bytes.len() }, "{record:#}").expect("text is written");
    for version in Version::ALL {
        assert_eq!(record.tracepoint(version).count(), version.fields().len());
    }
    let _ = record.grade(Circumstances::of(&record));
    if let Some((flipped, bit)) = flipped(bytes) {
        let other = MceRecord::parse(&flipped).expect("a length makes a record");
        let shown = (record.mce(), record.reserved(), record.trailing());
        assert_ne!(shown, (other.mce(), other.reserved(), other.trailing()), "bit {bit} flipped");
    }
}

/// Logs: entries inside, bounded in number, and each a record.
pub fn mcelog(bytes: &[u8]) {
    for word_size in [WordSize::Bits32, WordSize::Bits64] {
        let Ok(log) = Log::parse(bytes, word_size) else { continue };
        assert!(log.entries().count() <= bytes.len() / 72 + 1);
        for entry in log.entries() {
            let _ = entry.map(|entry| text_is_bounded(&entry, bytes.len()));
        }
    }
}
