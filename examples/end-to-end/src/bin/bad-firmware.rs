//! Makes what firmware should never hand out, for the UEFI application to meet.
//!
//! `bad-firmware FOLDER` writes ERST tables: `defect.erst`, which has an instruction that does not exist; `busy.erst`,
//! whose device never ends an operation; `stray.erst` and `nowhere.erst`, whose registers are the memory of programs and
//! no memory at all. And an image of an ERST device, `foreign.img`, that is full of what others wrote: other systems'
//! records, records of no known kind, a record that lies about its length, and no record at all.
//!
//! Whatever is written to a register of the first two comes out of the port 0x402, where QEMU has a device that hands it
//! to a file: what a reader of the table did can be seen there.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use cper::section::MemoryError;
use cper::{
    CreatorId, Guid, NotificationType, RecordHeader, RecordWriter, SectionDescriptor, SectionTypeId, Severity,
};
use erst_table::qemu::{Image, Overwrite, format, image_length};
use erst_table::{
    AccessWidth, Action, AddressSpace, GenericAddress, Instruction, InstructionEntry, TableWriter,
};
use pstore_format::RecordId;
use pstore_format::produce::encode_dmesg;

type Outcome = Result<(), Box<dyn Error>>;

const SLOT: usize = 8192;
const SLOTS: usize = 15;

/// QEMU's debug console: it takes every byte, and reads as 0xe9.
const PORT: GenericAddress = GenericAddress::new(AddressSpace::SYSTEM_IO, 0x402, AccessWidth::Byte);
/// Where the play puts the address, the length and the attributes of the exchange buffer: `range.bin`.
const RANGE: u64 = 0x0600_0000;
/// What they are: memory that OVMF keeps for ACPI and uses in a suspend alone.
const BUFFER: [u64; 3] = [0x0082_0000, SLOT as u64, 0];

fn main() -> Outcome {
    let [folder] = &env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("usage: bad-firmware FOLDER".into());
    };
    let folder = Path::new(folder);
    let sound = table(PORT);
    let mut defect = sound.clone();
    defect[5].set_instruction(Instruction::new(0x13));
    let at = |address| GenericAddress::new(AddressSpace::SYSTEM_MEMORY, address, AccessWidth::Dword);
    let tables = [
        ("defect", defect),
        ("busy", sound),
        ("stray", table(at(0x10_0000))),
        ("nowhere", table(at(1 << 60))),
    ];
    for (name, entries) in tables {
        let mut buffer = vec![0; 48 + 32 * entries.len()];
        let builder =
            TableWriter::new(&entries).with_oem(*b"PLAY  ", *b"BADERST ", 1).with_creator(*b"PLAY", 1);
        fs::write(folder.join(name).with_extension("erst"), builder.encode(&mut buffer)?)?;
    }
    fs::write(folder.join("range.bin"), BUFFER.map(u64::to_le_bytes).as_flattened())?;
    fs::write(folder.join("foreign.img"), foreign()?)?;
    Ok(())
}

/// A table whose every step goes to one register: the letter of each action is written there, and what is read from it
/// says that the operation has not ended.
fn table(register: GenericAddress) -> Vec<InstructionEntry> {
    use Action as A;
    let range = |offset| GenericAddress::new(AddressSpace::SYSTEM_MEMORY, RANGE + offset, AccessWidth::Qword);
    let letter = |action, letter: u8| {
        InstructionEntry::new(action, Instruction::WRITE_REGISTER_VALUE, register)
            .with_value(u64::from(letter))
    };
    let read = |action, from| InstructionEntry::new(action, Instruction::READ_REGISTER, from);
    vec![
        letter(A::BEGIN_WRITE_OPERATION, b'W'),
        letter(A::BEGIN_READ_OPERATION, b'R'),
        letter(A::BEGIN_CLEAR_OPERATION, b'C'),
        letter(A::END_OPERATION, b'E'),
        InstructionEntry::new(A::SET_RECORD_OFFSET, Instruction::WRITE_REGISTER, register).with_mask(0),
        letter(A::EXECUTE_OPERATION, b'X'),
        InstructionEntry::new(A::CHECK_BUSY_STATUS, Instruction::READ_REGISTER_VALUE, register)
            .with_value(0xe9),
        read(A::GET_COMMAND_STATUS, register),
        read(A::GET_RECORD_IDENTIFIER, register),
        InstructionEntry::new(A::SET_RECORD_IDENTIFIER, Instruction::WRITE_REGISTER, register).with_mask(0),
        read(A::GET_RECORD_COUNT, register),
        read(A::GET_ERROR_LOG_ADDRESS_RANGE, range(0)),
        read(A::GET_ERROR_LOG_ADDRESS_RANGE_LENGTH, range(8)),
        read(A::GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES, range(16)),
    ]
}

/// An image without a free slot, and hardly a record in it that is Linux's.
fn foreign() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut image = vec![0; image_length(SLOTS, SLOT).ok_or("too many slots")?];
    format(&mut image, SLOT as u32)?;
    let mut buffer = vec![0xA5; SLOT];
    let creators = [
        CreatorId::WINDOWS_WHEA,
        CreatorId::AMD_BMC,
        CreatorId::new(Guid::parse_const("0badcafe-1234-5678-9abc-def011223344")),
    ];
    for number in 0..SLOTS {
        let identifier = 0x0f00_0000_0000_0001 + number as u64;
        let record = if number == 0 {
            let log = b"Panic#1 Part1\n<0>[    1.000000] the one that is Linux's\n";
            encode_dmesg(log, RecordId::new(identifier), 1, &mut buffer)?.to_vec()
        } else {
            let header = RecordHeader::fatal(NotificationType::CMC)
                .with_creator_id(creators[number % creators.len()])
                .with_record_id(identifier);
            let memory = MemoryError::new().with_card(number as u16);
            let descriptor = SectionDescriptor::primary(Severity::CORRECTED);
            let mut writer = RecordWriter::new(&mut buffer, &header)?;
            writer.section(&descriptor, &memory)?;
            let mut record = writer.finish()?.to_vec();
            if number % 4 == 3 {
                // A kind of section that nobody knows.
                let kind = SectionTypeId::new(Guid::parse_const("12345678-9abc-def0-1122-334455667788"));
                record[128 + 16..128 + 32].copy_from_slice(kind.raw().bytes());
            }
            record
        };
        Image::parse(&image)?.plan_write(&record, Overwrite::Beside)?.apply(&mut image)?;
    }
    // No record at all, and one that claims more than its slot; QEMU's device delivers neither.
    image[SLOT * 13..SLOT * 14].fill(0x5a);
    image[SLOT * 14 + 20..][..4].copy_from_slice(&0x0001_0000_u32.to_le_bytes());
    Ok(image)
}
