//! What the plays around APEI need: the tables and memory of a machine whose firmware reports errors, stores in every
//! state, and the look into what the module left in them.
//!
//! `apei machine FOLDER` writes, for the plays to load at the addresses below: `hest.aml` with two polled error sources,
//! the registers that point at their status blocks, a fatal block, an ERST table with a defect, and one of a device that
//! is busy forever with the memory that plays the device.
//! `apei full IMAGE` writes an image of an ERST device whose every slot another system has used.
//! `apei stored IMAGE` checks that the entries of the fatal block are in the image, each with all that it says.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use cper::section::{MemoryError, MemoryErrorType};
use cper::{
    CreatorId, DataEntry, FruText, GenericErrorData, Guid, NotificationType, RecordHeader, RecordWriter,
    SectionDescriptor, SectionFlags, Severity, StatusBlock, StatusBlockWriter, Timestamp,
};
use erst_table::qemu::{Image, Overwrite, format, image_length};
use erst_table::{
    AccessWidth, Action, AddressSpace, GenericAddress, Instruction, InstructionEntry, TableWriter,
};
use pstore_format::record::StoredRecord;
use pstore_format::seal::{Seal, verify};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Memory that the plays keep from Linux: `memmap=1M$0x10000000`.
const SOURCE_1: u64 = 0x1001_0000;
const SOURCE_2: u64 = 0x1002_0000;
const BUSY_DEVICE: u64 = 0x1003_0000;
/// A source's status block, from its register.
const BLOCK: u64 = 0x1000;
const BLOCK_LENGTH: u32 = 0x1000;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["machine", folder] => machine(Path::new(folder)),
        ["full", image] => full(Path::new(image)),
        ["stored", image] => stored(Path::new(image)),
        _ => Err("usage: apei machine FOLDER | full IMAGE | stored IMAGE".into()),
    }
}

fn machine(folder: &Path) -> Outcome {
    fs::create_dir_all(folder)?;
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes);
    write("hest.aml", &hest())?;
    write("source1.register", &(SOURCE_1 + BLOCK).to_le_bytes())?;
    write("source2.register", &(SOURCE_2 + BLOCK).to_le_bytes())?;
    write("fatal.gesb", &fatal_block()?)?;

    let entries = busy_device();
    let mut buffer = [0; 1024];
    let table = TableWriter::new(&entries).encode(&mut buffer)?;
    write("erst-busy.aml", table)?;
    write("busy-device.memory", &busy_memory())?;
    // Linux takes a serialization header of 12 or 48 bytes.
    let mut defective = table.to_vec();
    defective[36] = 47;
    write("erst-defective.aml", &defective)?;
    Ok(())
}

/// A Hardware Error Source Table (ACPI 6.5, section 18.3.2) of a generic source and one of version 2, polled. QEMU fills in
/// the checksum.
fn hest() -> Vec<u8> {
    let mut sources = Vec::new();
    for (kind, register) in [(9_u16, SOURCE_1), (10, SOURCE_2)] {
        let id = kind - 8;
        sources.extend([kind, id, 0xFFFF].map(u16::to_le_bytes).concat());
        sources.extend([0, 1]); // enabled
        sources.extend([1, 16, BLOCK_LENGTH].map(u32::to_le_bytes).concat());
        sources.extend(register_at(register));
        sources.extend([0, 28, 0, 0]); // polled
        sources.extend([100, 0, 0, 0, 0, 0].map(u32::to_le_bytes).concat());
        sources.extend(BLOCK_LENGTH.to_le_bytes());
        if kind == 10 {
            sources.extend(register_at(register + 16)); // to acknowledge: bit 0 of a register of its own
            sources.extend([!1, 1].map(u64::to_le_bytes).concat());
        }
    }
    let mut table = b"HEST".to_vec();
    table.extend((40 + sources.len() as u32).to_le_bytes());
    table.extend([1, 0]);
    table.extend(b"RASEXMENDTOEND  ");
    table.truncate(24);
    table.extend(1_u32.to_le_bytes());
    table.extend(b"RAS ");
    table.extend([1_u32, 2].map(u32::to_le_bytes).concat());
    table.extend(sources);
    table
}

/// A generic address: 64 bits of memory.
fn register_at(address: u64) -> [u8; 12] {
    let mut register = [0, 64, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0];
    register[4..].copy_from_slice(&address.to_le_bytes());
    register
}

/// A vendor's section, which no crate here knows.
const VENDOR: Guid = Guid::from_bytes([0x5A; 16]);

/// A block with three errors, each with something that the kernel's own way into ERST would lose.
fn fatal_block() -> Outcome<Vec<u8>> {
    let memory = MemoryError::new()
        .with_physical_address(0x0012_3456_7000)
        .with_memory_error_type(MemoryErrorType::MULTI_BIT_ECC)
        .with_card(1)
        .with_module(2);
    let when = Timestamp::new(2026, 11, 22, 6, 40, 0).precise();
    let mut buffer = vec![0; BLOCK_LENGTH as usize];
    let mut writer = StatusBlockWriter::new(&mut buffer, Severity::FATAL)?;
    writer.entry(
        &GenericErrorData::new(Severity::FATAL)
            .with_flags(SectionFlags::PRIMARY | SectionFlags::CONTAINMENT_WARNING)
            .with_fru_id(Guid::from_bytes([0xF1; 16]))
            .with_fru_text(FruText::new(b"DIMM_A1")?)
            .with_timestamp(when),
        &memory,
    )?;
    writer.entry(
        &GenericErrorData::new(Severity::CORRECTED).with_fru_text(FruText::new(b"TWENTY CHARACTERS OK")?),
        &memory.with_rank(3),
    )?;
    let vendor = GenericErrorData::new(Severity::RECOVERABLE)
        .with_fru_id(Guid::from_bytes([0xF2; 16]))
        .with_revision(0x0201);
    writer.entry_bytes(VENDOR.into(), &vendor, &[0xC3; 37])?;
    Ok(writer.finish()?.to_vec())
}

/// What a source's notification in `hest` is in a record.
const POLLED: NotificationType = NotificationType::CPE;

/// A device that never ends what it was told to do: cells of memory.
fn busy_device() -> Vec<InstructionEntry> {
    let cell = |number: u64| {
        GenericAddress::new(AddressSpace::SYSTEM_MEMORY, BUSY_DEVICE + 8 * number, AccessWidth::Qword)
    };
    let scratch = cell(0);
    let read = |action, number| InstructionEntry::new(action, Instruction::READ_REGISTER, cell(number));
    let mut entries = Vec::new();
    for action in [
        Action::BEGIN_WRITE_OPERATION,
        Action::BEGIN_READ_OPERATION,
        Action::BEGIN_CLEAR_OPERATION,
        Action::END_OPERATION,
        Action::EXECUTE_OPERATION,
    ] {
        entries.push(InstructionEntry::new(action, Instruction::WRITE_REGISTER_VALUE, scratch));
    }
    for action in [Action::SET_RECORD_OFFSET, Action::SET_RECORD_IDENTIFIER] {
        entries.push(InstructionEntry::new(action, Instruction::WRITE_REGISTER, scratch));
    }
    let busy = InstructionEntry::new(Action::CHECK_BUSY_STATUS, Instruction::READ_REGISTER_VALUE, cell(1));
    entries.push(busy.with_value(1));
    entries.push(read(Action::GET_COMMAND_STATUS, 2));
    entries.push(read(Action::GET_RECORD_COUNT, 2));
    entries.push(read(Action::GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES, 2));
    entries.push(read(Action::GET_RECORD_IDENTIFIER, 3));
    entries.push(read(Action::GET_ERROR_LOG_ADDRESS_RANGE, 4));
    entries.push(read(Action::GET_ERROR_LOG_ADDRESS_RANGE_LENGTH, 5));
    entries
}

/// Those cells: scratch, busy, zero, no identifier, where the exchange buffer is, its length.
fn busy_memory() -> Vec<u8> {
    [0, 1, 0, u64::MAX, BUSY_DEVICE + 0x1000, 0x2000].map(u64::to_le_bytes).concat()
}

const SLOT: usize = 8192;
const FOREIGN_RECORDS: u64 = 6;

fn full(file: &Path) -> Outcome {
    let length = image_length(FOREIGN_RECORDS as usize, SLOT).ok_or("too many records")?;
    let mut image = vec![0; length];
    format(&mut image, SLOT as u32)?;
    let mut buffer = [0; SLOT];
    for number in 1..=FOREIGN_RECORDS {
        let header = RecordHeader::new(Severity::RECOVERABLE, NotificationType::PEI)
            .with_creator_id(CreatorId::new(Guid::from_bytes([0xAA; 16])))
            .with_record_id(number << 20);
        let memory = MemoryError::new().with_physical_address(number << 12);
        let mut writer = RecordWriter::new(&mut buffer, &header)?;
        writer.section(&SectionDescriptor::primary(Severity::RECOVERABLE), &memory)?;
        let edit = Image::parse(&image)?.plan_write(writer.finish()?, Overwrite::Beside)?;
        edit.apply(&mut image)?;
    }
    fs::write(file, &image)?;
    Ok(())
}

fn stored(file: &Path) -> Outcome {
    let image = fs::read(file)?;
    let records: Vec<&[u8]> =
        Image::parse(&image)?.used().map(|slot| slot.record()).collect::<Result<_, _>>()?;
    let block = fatal_block()?;
    for entry in StatusBlock::parse(&block)?.entries() {
        let entry = entry?;
        let found = records.iter().filter(|record| says_what(record, &entry)).count();
        if found != 1 {
            return Err(std::format!("entry {}: {found} records say what it says", entry.number()).into());
        }
    }
    println!("3 entries, each in one record with all it says, among {} records", records.len());
    Ok(())
}

/// Whether this record says what the entry says, field by field, and is sealed.
fn says_what(record: &[u8], entry: &DataEntry) -> bool {
    let Ok(stored) = StoredRecord::parse(record) else { return false };
    let (Some(descriptor), header, expected) =
        (stored.descriptor(), stored.record().header(), entry.header())
    else {
        return false;
    };
    let seconds = expected.timestamp().and_then(|time| time.calendar()).map(|time| time.unix_seconds());
    verify(record) == Seal::Valid
        && stored.body() == entry.bytes()
        && descriptor.section_type() == expected.section_type()
        && (descriptor.severity(), header.severity()) == (expected.severity(), expected.severity())
        && descriptor.flags() == expected.flags()
        && descriptor.fru_id() == expected.fru_id()
        && descriptor.fru_text() == expected.fru_text()
        && header.notification_type() == POLLED
        && stored.time().map(u64::cast_signed) == seconds
}
