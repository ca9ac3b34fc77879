//! Makes the stores of the play `replay`, and checks what a kernel says of its events.
//!
//! `replay-store make IMAGE` writes the store of a machine that died of five kinds of errors, as three writers keep them:
//! mainline Linux, the series of 2023, and this project's module. Beside them lie records that must not be told.
//! `replay-store mutants IMAGE SEED COUNT FOLDER...` writes a store of that many records with random bytes in them, and
//! of the records in every file of the folders, whole or not.
//! `replay-store formats FOLDER VERSION` compares the format files of a kernel with what `cper` says of that version.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use cper::section::{
    AerCapability, ArmErrorInformation, ArmErrorType, ArmProcessorHeader, ArmProcessorParts, Encode,
    ErrorStatus, MemoryError, MemoryErrorType, PcieError, UncorrectableErrors,
};
use cper::tracepoint::{self, Event, Version};
use cper::zerocopy::IntoBytes;
use cper::{
    CreatorId, FruText, GenericErrorData, Guid, NotificationType, RecordHeader, RecordWriter,
    SectionDescriptor, SectionTypeId, Severity, StatusBlock, StatusBlockWriter,
};
use erst_table::qemu::{Image, MAGIC, Overwrite, format, image_length};
use pstore_format::produce::{RecordSlot, encode_dmesg, encode_mce, encode_mce_as_linux};
use pstore_format::seal::seal;
use pstore_format::{RecordId, RecordIds};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const SLOT: usize = 8192;
/// When the machine died: 2025-11-22 06:40:00 UTC.
const TIME: u64 = 1_763_793_600;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", image] => make(Path::new(image)),
        ["mutants", image, seed, count, ref folders @ ..] => {
            mutants(Path::new(image), seed.parse()?, count.parse()?, folders)
        }
        ["formats", folder, version] => formats(Path::new(folder), version),
        _ => Err(
            "usage: replay-store make IMAGE | mutants IMAGE SEED COUNT FOLDER... | formats FOLDER VERSION"
                .into(),
        ),
    }
}

/// A record, and what lies in the store in its place.
struct Stored {
    record: Vec<u8>,
    damaged: Vec<u8>,
}

impl Stored {
    fn whole(record: &[u8]) -> Self {
        Self { record: record.to_vec(), damaged: record.to_vec() }
    }
}

fn write_image(file: &Path, all: &[Stored]) -> Outcome {
    let mut image = vec![0; image_length(all.len(), SLOT).ok_or("too many records")?];
    format(&mut image, SLOT as u32)?;
    for Stored { record, damaged } in all {
        let edit = Image::parse(&image)?.plan_write(record, Overwrite::Beside)?;
        edit.apply(&mut image)?;
        let id = u64::from_le_bytes(*record[96..].first_chunk().ok_or("not a record")?);
        let slot = Image::parse(&image)?.find(id).ok_or("the record is not there")?;
        let at = slot.record()?.as_ptr().addr() - image.as_ptr().addr();
        image[at..at + damaged.len()].copy_from_slice(damaged);
    }
    fs::write(file, image)?;
    Ok(())
}

/// The record of an error that a source of this kind reports.
fn record(
    id: RecordId,
    notification: NotificationType,
    error: &GenericErrorData,
    section_type: SectionTypeId,
    body: &[u8],
) -> Outcome<Vec<u8>> {
    let mut buffer = vec![0; SLOT];
    let mut writer = StatusBlockWriter::new(&mut buffer, error.severity())?;
    writer.entry_bytes(section_type, error, body)?;
    let block = StatusBlock::parse(writer.finish()?)?;
    let entry = block.entries().next().ok_or("no entry")??;
    let mut memory = vec![0; SLOT];
    RecordSlot::prepare(&mut memory, notification)?;
    Ok(RecordSlot::prepared(&mut memory)?.fill(&entry, id)?.to_vec())
}

fn memory() -> MemoryError {
    MemoryError::new()
        .with_error_status(ErrorStatus::new(0x400))
        .with_physical_address(0x12_3456_7000)
        .with_physical_address_mask(0xffff_ffff_ffff_f000)
        .with_node(1)
        .with_card(2)
        .with_module(3)
        .with_memory_error_type(MemoryErrorType::MULTI_BIT_ECC)
}

fn arm() -> Outcome<Vec<u8>> {
    let header = ArmProcessorHeader::new()
        .with_mpidr_el1(0x8000_0001)
        .with_midr_el1(0x410f_d083)
        .with_error_affinity_level(1)
        .with_running_state(1);
    let error = ArmErrorInformation::new(ArmErrorType::new(2)).with_physical_fault_address(0x9000_0000);
    let errors = [error];
    let parts = ArmProcessorParts::new(header, &errors, &[], b"vendor's part")?;
    let mut body = vec![0; parts.encoded_len()];
    parts.encode(&mut body).ok_or("the section has another length")?;
    Ok(body)
}

/// A fatal machine check of another machine's processor, as `struct mce` of 128 bytes.
fn machine_check() -> [u8; 128] {
    let mut mce = [0; 128];
    let numbers: [(usize, u64); 8] = [
        (0, 0xbe00_0000_0000_0135),
        (8, 0x8c),
        (16, 0xdead_b000),
        (24, 5),
        (32, 0xffff_ffff_8100_0000),
        (40, 0x1234_5678),
        (48, TIME),
        (80, 0xf00_0c14),
    ];
    for (at, number) in numbers {
        mce[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }
    for (at, number) in [(60, 0x0005_0654_u32), (68, 7), (72, 1), (76, 0x2e), (112, 0x0200_0065)] {
        mce[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    (mce[64], mce[65]) = (0x10, 4);
    mce
}

fn make(image: &Path) -> Outcome {
    let mut ids = RecordIds::starting_at(TIME);
    let fatal = GenericErrorData::new(Severity::FATAL);
    let dimm = fatal.with_fru_text(FruText::new(b"DIMM_A1")?).with_fru_id(Guid::from_bytes([0xF1; 16]));
    let nmi = NotificationType::NMI;
    let memory = memory();
    let mut all = Vec::new();

    // This module's, sealed.
    let mut sealed = record(ids.next_id(), nmi, &dimm, SectionTypeId::MEMORY, memory.as_bytes())?;
    seal(&mut sealed)?;
    all.push(Stored::whole(&sealed));

    // The series': any section offset, always the same notification, and nothing of the unit.
    let aer = AerCapability::new()
        .with_uncorrectable_error_status(
            UncorrectableErrors::POISONED_TLP
                | UncorrectableErrors::MALFORMED_TLP
                | UncorrectableErrors::ECRC,
        )
        .with_uncorrectable_error_mask(UncorrectableErrors::ECRC);
    let pcie = PcieError::new().with_address("0000:3b:00.0".parse()?).with_aer_info(aer);
    let unknown: Vec<u8> = (0..32).collect();
    for (section_type, body) in [
        (SectionTypeId::PCIE, pcie.as_bytes()),
        (SectionTypeId::ARM_PROCESSOR, &arm()?),
        (SectionTypeId::new(Guid::from_bytes([0x5A; 16])), &unknown),
    ] {
        let mut record = record(ids.next_id(), NotificationType::MCE, &fatal, section_type, body)?;
        record[128..132].copy_from_slice(&0x5aa5_1234_u32.to_le_bytes());
        all.push(Stored::whole(&record));
    }

    // Mainline's; and one of a kernel of 2016.
    let mut buffer = vec![0; SLOT];
    all.push(Stored::whole(encode_mce_as_linux(&machine_check(), ids.next_id(), &mut buffer)?));
    let mut old = machine_check();
    old[65] = 5;
    all.push(Stored::whole(encode_mce(&old[..88], ids.next_id(), &mut buffer)?));
    all.push(Stored::whole(encode_dmesg(
        b"Panic#1 Part1\n<0>[    1.0] bad\n",
        ids.next_id(),
        TIME,
        &mut buffer,
    )?));

    // A corrected machine check beside which firmware has logged the memory.
    let corrected = GenericErrorData::new(Severity::CORRECTED)
        .with_fru_text(FruText::new(b"DIMM_B1")?)
        .with_fru_id(Guid::from_bytes([0xF2; 16]));
    let cmc = NotificationType::CMC;
    all.push(Stored::whole(&record(
        ids.next_id(),
        cmc,
        &corrected,
        SectionTypeId::MEMORY,
        memory.as_bytes(),
    )?));

    // Not to be told: a broken seal, a record of another system, a section longer than any event, a torn machine check.
    let mut broken = record(ids.next_id(), nmi, &fatal, SectionTypeId::MEMORY, memory.as_bytes())?;
    seal(&mut broken)?;
    let mut damaged = broken.clone();
    damaged[220] ^= 1;
    all.push(Stored { record: broken, damaged });
    let header = RecordHeader::fatal(nmi)
        .with_creator_id(CreatorId::new(Guid::from_bytes([0x77; 16])))
        .with_record_id(ids.next_id().raw());
    let mut writer = RecordWriter::new(&mut buffer, &header)?;
    writer.section(&SectionDescriptor::new(Severity::FATAL), &memory)?;
    all.push(Stored::whole(writer.finish()?));
    let long = SectionTypeId::new(Guid::from_bytes([0x5B; 16]));
    all.push(Stored::whole(&record(ids.next_id(), nmi, &fatal, long, &[0x5C; 5000])?));
    let torn = encode_mce(&machine_check(), ids.next_id(), &mut buffer)?.to_vec();
    let mut damaged = torn.clone();
    damaged[20..24].copy_from_slice(&260_u32.to_le_bytes());
    damaged[132..136].copy_from_slice(&60_u32.to_le_bytes());
    all.push(Stored { record: torn, damaged });

    println!("{} records", all.len());
    write_image(image, &all)
}

fn mutants(image: &Path, mut seed: u64, count: usize, folders: &[&str]) -> Outcome {
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    let mut ids = RecordIds::starting_at(TIME);
    let mut all = Vec::new();
    let fatal = GenericErrorData::new(Severity::FATAL);
    let (arm, memory) = (arm()?, memory());
    let pcie = PcieError::new().with_address("0000:3b:00.0".parse()?).with_aer_info(AerCapability::new());
    let mut buffer = vec![0; SLOT];
    for number in 0..count {
        let id = ids.next_id();
        let record = match number % 6 {
            0 => record(id, NotificationType::NMI, &fatal, SectionTypeId::MEMORY, memory.as_bytes())?,
            1 => record(id, NotificationType::CMC, &fatal, SectionTypeId::MEMORY, memory.as_bytes())?,
            2 => record(id, NotificationType::NMI, &fatal, SectionTypeId::PCIE, pcie.as_bytes())?,
            3 => record(id, NotificationType::NMI, &fatal, SectionTypeId::ARM_PROCESSOR, &arm)?,
            4 => record(
                id,
                NotificationType::NMI,
                &fatal,
                SectionTypeId::new(Guid::from_bytes([0x5A; 16])),
                &[7; 100],
            )?,
            _ => encode_mce(&machine_check(), id, &mut buffer)?.to_vec(),
        };
        let mut damaged = record.clone();
        for _ in 0..=random() % 8 {
            // Not the identifier, by which the device knows the record.
            let at = random() % record.len();
            if !(96..104).contains(&at) {
                damaged[at] = random() as u8;
            }
        }
        all.push(Stored { record, damaged });
    }
    for folder in folders {
        let (mut files, mut with_records, mut records) = (0, 0, 0);
        for file in fs::read_dir(folder)? {
            let bytes = fs::read(file?.path())?;
            let found = records_in(&bytes)?;
            for bytes in &found {
                // In the place of a record that the device can take.
                let id = ids.next_id();
                let record = record(id, NotificationType::NMI, &fatal, SectionTypeId::NVIDIA, &[0; 4096])?;
                let mut damaged = bytes[..bytes.len().min(SLOT)].to_vec();
                damaged.resize(damaged.len().max(RecordHeader::SIZE), 0);
                damaged[96..104].copy_from_slice(&id.raw().to_le_bytes());
                all.push(Stored { record, damaged });
            }
            files += 1;
            with_records += usize::from(!found.is_empty());
            records += found.len();
        }
        println!("{folder}: {records} records in {with_records} of {files} files");
    }
    println!("{} records", all.len());
    write_image(image, &all)
}

/// The records in a file, whole or not: those of a store, or what begins with a record's signature.
fn records_in(bytes: &[u8]) -> Outcome<Vec<&[u8]>> {
    let is_record = |bytes: &&[u8]| bytes.starts_with(b"CPER");
    if !bytes.starts_with(&MAGIC) {
        return Ok(Some(bytes).filter(is_record).into_iter().collect());
    }
    let slots = Image::parse(bytes)?.slots();
    Ok(slots.map(|slot| slot.bytes).filter(is_record).collect())
}

fn formats(folder: &Path, version: &str) -> Outcome {
    let version = match version {
        "5.0" => Version::Linux5_0,
        "6.17" => Version::Linux6_17,
        other => return Err(std::format!("no events of Linux {other}").into()),
    };
    let mut fields = 0;
    for file in fs::read_dir(folder)? {
        let file = file?;
        let text = fs::read_to_string(file.path())?;
        let name = file.file_name().into_string().map_err(|name| std::format!("{}", name.display()))?;
        let Some(ours) = Event::fields(version, &name) else { continue };
        let number = |text: &str| text.split_once(':').and_then(|(_, number)| number.parse().ok());
        let theirs = text.lines().filter_map(|line| line.trim().strip_prefix("field:"));
        let theirs = theirs.filter_map(|line| {
            let parts: Vec<&str> = line.split(';').map(str::trim).collect();
            let field = parts[0].rsplit(' ').next()?.split('[').next()?.to_owned();
            Some((field, number(parts[1])?, number(parts[2])?))
        });
        let theirs: Vec<(String, u16, u16)> =
            theirs.filter(|(name, ..)| !name.starts_with("common_")).collect();
        let ours: Vec<_> = tracepoint::layout(ours)
            .map(|(field, offset)| (field.name().to_owned(), offset, field.size()))
            .collect();
        if ours != theirs {
            return Err(std::format!("{name}: {ours:?}, and the kernel has {theirs:?}").into());
        }
        fields += ours.len();
    }
    println!("{fields} fields of events where the kernel has them");
    if fields < 35 { Err("not all five events".into()) } else { Ok(()) }
}
