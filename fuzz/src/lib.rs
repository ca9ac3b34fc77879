//! What must hold for any bytes, one function per entry point: the fuzz targets call them with what the fuzzer makes up,
//! `tests/replay.rs` with the captured data and with every past finding.

use std::fmt::Write;

use cper::{NotificationType, Record, StatusBlock, StatusBlocks};
use erst_table::qemu::Image;
use erst_table::{
    AccessWidth, Action, AddressSpace, Interpreter, IoError, RegisterIo, Semantics, Table, TableBuilder,
};
use mce_record::MceRecord;
use pstore_format::dmesg;
use pstore_format::inflate::Inflater;
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal::{self, Seal};

/// Text that may not grow faster than the bytes it tells.
struct Bounded {
    left: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.left = self.left.checked_sub(text.len()).expect("text is not linear in the input");
        Ok(())
    }
}

fn text_is_bounded(told: &dyn std::fmt::Display, bytes: usize) {
    write!(Bounded { left: 16_384 + 128 * bytes }, "{told}").expect("text is written");
}

fn inside(error: cper::Error, bytes: &[u8]) {
    assert!(error.offset() as usize <= bytes.len(), "{error}, of {} bytes", bytes.len());
}

/// CPER records: sections bounded, text linear, errors inside, rebuilding idempotent.
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
        let same = |(a, b): (Result<cper::Section, _>, Result<cper::Section, _>)| {
            a.is_ok_and(|a| b.is_ok_and(|b| a.section_type() == b.section_type() && a.bytes() == b.bytes()))
        };
        assert!(record.sections().zip(rebuilt.sections()).all(same), "a section changed");
        let mut twice = vec![0x5a; once.len()];
        assert_eq!(rebuilt.relayout(&mut twice), Ok(once), "rebuilding twice gives other bytes");
    }
}

/// Status blocks and regions of them: entries bounded, each a record that holds what the entry held.
pub fn status_block(bytes: &[u8]) {
    text_is_bounded(&StatusBlocks::new(bytes).count(), bytes.len());
    let block = match StatusBlock::parse(bytes) {
        Ok(block) => block,
        Err(error) => return inside(error, bytes),
    };
    text_is_bounded(&block, bytes.len());
    text_is_bounded(&cper::KernelText::new(&block), bytes.len());
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

/// `struct mce`: what is accepted is written back as it was, and told.
pub fn mce(bytes: &[u8]) {
    let Ok(record) = MceRecord::parse(bytes) else { return };
    let mut out = vec![0xa5; bytes.len()];
    assert_eq!(&*record.write(&mut out).expect("room enough"), bytes);
    text_is_bounded(&record, bytes.len());
    write!(Bounded { left: 65_536 + 16 * bytes.len() }, "{record:#}").expect("text is written");
}

/// A machine whose every register reads as the same number, and which must not be asked forever.
struct Constant {
    value: u64,
    accesses: u32,
}

impl RegisterIo for Constant {
    fn read(&mut self, _: AddressSpace, _: u64, width: AccessWidth) -> Result<u64, IoError> {
        self.accesses += 1;
        assert!(self.accesses < 50_000_000, "no end");
        Ok(self.value & width.mask())
    }

    fn write(&mut self, _: AddressSpace, _: u64, width: AccessWidth, value: u64) -> Result<(), IoError> {
        self.accesses += 1;
        assert!(self.accesses < 50_000_000 && value & !width.mask() == 0, "no end, or too wide");
        Ok(())
    }

    fn stall_us(&mut self, _: u64) {}
}

/// ERST tables: checked, listed and run to an end; what is rebuilt has the same entries.
pub fn erst_table(bytes: &[u8]) {
    let Ok(table) = Table::parse(bytes) else { return };
    text_is_bounded(&table, 4 * bytes.len());
    for semantics in [Semantics::Specification, Semantics::Linux] {
        let findings = table.check(semantics).count();
        assert!(findings <= 64 + 16 * table.entries().len(), "{findings} findings");
        for action in 0..=0x11 {
            let mut machine = Constant { value: u64::from(bytes.last().copied().unwrap_or(0)), accesses: 0 };
            let _ = Interpreter::new(&table, semantics).run(Action::new(action), &mut machine);
        }
    }
    let mut out = vec![0xa5; bytes.len() + 64];
    if let Ok(rebuilt) = TableBuilder::like(&table).encode(&mut out) {
        let rebuilt = Table::parse(rebuilt).expect("a rebuilt table is one");
        assert_eq!(rebuilt.entries(), table.entries());
        // The header size is kept as it was found, 12, 48 or neither.
        let sized = matches!(table.serialization_header().header_size.get(), 12 | 48);
        assert!(rebuilt.checksum() == 0 && rebuilt.is_complete() == sized);
    }
}

/// Backing images: slots inside the image, a cleared record gone, the others as they were.
pub fn erst_image(bytes: &[u8]) {
    let Ok(image) = Image::parse(bytes) else { return };
    assert!(image.slots().count() <= bytes.len() / image.slot_size());
    for slot in image.slots() {
        if let Ok(record) = slot.record() {
            assert!(record.len() <= image.slot_size());
        }
    }
    let Some((slot, record)) = image.used().find_map(|slot| Some((slot, slot.record().ok()?))) else {
        return;
    };
    let identifier = slot.record_identifier();
    let Ok(edit) = image.plan_clear(identifier) else { return };
    let mut cleared = bytes.to_vec();
    edit.apply(&mut cleared).expect("an edit of the image fits it");
    let after = Image::parse(&cleared).expect("an edited image is one");
    assert!(
        after.find(identifier).is_none() || image.find(identifier).is_none(),
        "a cleared record is still there"
    );
    assert!(after.used().count() < image.used().count());
    assert!(!record.is_empty());
}

/// Records of Linux' stores: told apart, inflated within bounds, sealed so that a flipped bit shows.
pub fn stored(bytes: &[u8]) {
    let mut text = vec![0; 65_536];
    let _ = Inflater::new().inflate(bytes, &mut text);
    assert!(dmesg::lines(bytes).count() <= bytes.len() + 1);
    let _ = seal::verify(bytes);
    let Ok(record) = StoredRecord::parse(bytes) else { return };
    assert!(record.body().len() <= bytes.len());
    if let Payload::CompressedDmesg(stream) = record.payload() {
        let _ = Inflater::new().inflate(stream, &mut text);
    }
    let mut sealed = bytes.to_vec();
    if seal::seal(&mut sealed).is_err() {
        return;
    }
    let sealed = Record::parse(&sealed).expect("a sealed record is one").as_bytes().to_vec();
    assert_eq!(seal::verify(&sealed), Seal::Valid);
    let bit = usize::from(bytes[bytes.len() / 2]) * 8 % (sealed.len() * 8);
    let mut flipped = sealed;
    flipped[bit / 8] ^= 1 << (bit % 8);
    assert_ne!(seal::verify(&flipped), Seal::Valid, "bit {bit} flipped");
}
