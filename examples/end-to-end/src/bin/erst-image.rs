//! Makes an image of an ERST device in which every record is ours, and checks what Linux makes of it.
//!
//! `erst-image make FILE GESB_FOLDER` writes the image: kernel logs, plain and compressed, machine checks, and the entry
//! of every status block in the folder (one section type each and more), each once sealed and once not.
//! `erst-image check FOLDER GESB_FOLDER` compares the files that the kernel's pstore showed of it: their names, every
//! byte, and their times.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, SystemTime};
use std::{env, fs};

use cper::section::{MemoryError, MemoryErrorType};
use cper::{
    CreatorId, FruText, NotificationType, RecordHeader, RecordMut, RecordWriter, SectionDescriptor, Severity,
    StatusBlock, Timestamp,
};
use erst_table::qemu::{Image, Overwrite, format, image_length};
use pstore_format::RecordIds;
use pstore_format::produce::{
    RecordSlot, encode_compressed_dmesg, encode_dmesg, encode_mce, encode_mce_as_linux,
};
use pstore_format::seal::{Seal, seal, verify};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const SLOT: usize = 8192;
/// When the first record is said to have been written: 2025-11-22 06:40:00 UTC.
const TIME: u64 = 1_763_793_600;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", file, blocks] => make(Path::new(file), &records(Path::new(blocks))?),
        ["check", folder, blocks] => check(Path::new(folder), &records(Path::new(blocks))?),
        _ => Err("usage: erst-image make FILE GESB_FOLDER | check FOLDER GESB_FOLDER".into()),
    }
}

/// A record of the image and what the kernel shall show of it.
struct Expected {
    record: Vec<u8>,
    /// The start of the file's name.
    kind: &'static str,
    content: Vec<u8>,
    /// Seconds since 1970, where the record says when it was written.
    time: Option<u64>,
}

impl Expected {
    fn file_name(&self) -> String {
        let identifier = u64::from_le_bytes(*self.record[96..].first_chunk().expect("a record has a header"));
        std::format!("{}-erst-{identifier}", self.kind)
    }
}

/// Every record, the same at each call.
fn records(blocks: &Path) -> Outcome<Vec<Expected>> {
    let mut ids = RecordIds::starting_at(TIME);
    let mut all = Vec::new();
    for sealed in [false, true] {
        // What it is called, the draft's bytes, what the kernel shows, when.
        let mut add = |kind, record: &mut [u8], content: &[u8], time| -> Outcome {
            if sealed {
                seal(record)?;
            }
            all.push(Expected { record: record.to_vec(), kind, content: content.to_vec(), time });
            Ok(())
        };
        let mut buffer = vec![0xA5; SLOT];

        for part in 1..=3 {
            let log = log(part, if part == 3 { SLOT - 200 } else { 4000 });
            let time = TIME + u64::from(part);
            let record = encode_dmesg(&log, ids.next_id(), time, &mut buffer)?;
            add("dmesg", record, &log, Some(time))?;
        }
        for part in 4..=6 {
            let log = log(part, 16_000);
            let stream = miniz_oxide::deflate::compress_to_vec(&log, 9);
            let time = TIME + u64::from(part);
            let record = encode_compressed_dmesg(&stream, ids.next_id(), time, &mut buffer)?;
            add("dmesg", record, &log, Some(time))?;
        }

        for length in [88, 96, 104, 112, 120, 128] {
            let mut mce = vec![0x5A; length];
            mce[48..56].copy_from_slice(&(TIME + length as u64).to_le_bytes());
            let record = encode_mce(&mce, ids.next_id(), &mut buffer)?;
            add("mce", record, &mce, Some(TIME + length as u64))?;
            let record = encode_mce_as_linux(&mce, ids.next_id(), &mut buffer)?;
            add("mce", record, &mce, None)?;
        }

        let mut files: Vec<_> =
            fs::read_dir(blocks)?.map(|file| file.map(|file| file.path())).collect::<Result<_, _>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "gesb"));
        files.sort();
        for file in files {
            let bytes = fs::read(file)?;
            for entry in StatusBlock::parse(&bytes)?.entries() {
                let entry = entry?;
                let slot = RecordSlot::prepare(&mut buffer, NotificationType::NMI)?;
                let record = slot.fill(&entry, ids.next_id())?;
                // Not each entry has a time, and the play looks at the one that the kernel shows.
                let mut stamped = RecordMut::parse(record)?;
                let header = stamped.header_mut()?;
                *header = header.with_timestamp(Timestamp::from_linux_seconds(TIME));
                add("unknown", record, entry.bytes(), Some(TIME))?;
            }
        }

        // By the record writer, with a section of values.
        let header = RecordHeader::fatal(NotificationType::MCE)
            .with_creator_id(CreatorId::LINUX_PSTORE)
            .with_record_id(ids.next_id().raw())
            .with_timestamp(Timestamp::from_linux_seconds(TIME));
        let memory = MemoryError::new()
            .with_physical_address(0x1008_0040)
            .with_memory_error_type(MemoryErrorType::MULTI_BIT_ECC);
        let descriptor = SectionDescriptor::primary(Severity::FATAL).with_fru_text(FruText::new(b"DIMM_A1")?);
        let mut writer = RecordWriter::new(&mut buffer, &header)?;
        writer.section(&descriptor, &memory)?;
        let record = writer.finish()?;
        let body = record[200..].to_vec();
        add("unknown", record, &body, Some(TIME))?;
    }
    Ok(all)
}

/// A part of a kernel log of `length` bytes.
fn log(part: u32, length: usize) -> Vec<u8> {
    let line = |number: u32| {
        std::format!(
            "<{}>[{number:5}.{:06}] CPU {} saw {:#x}\n",
            number % 8,
            number * 7919 % 1_000_000,
            number % 5,
            u64::from(number) * 0x9E37_79B9
        )
    };
    let lines: String = (0..600).map(line).collect();
    let mut log = std::format!("Panic#1 Part{part}\n{lines}").into_bytes();
    log.truncate(length);
    log
}

fn make(file: &Path, records: &[Expected]) -> Outcome {
    let mut image = vec![0; image_length(records.len(), SLOT).ok_or("too many records")?];
    format(&mut image, SLOT as u32)?;
    for expected in records {
        let edit = Image::parse(&image)?.plan_write(&expected.record, Overwrite::Beside)?;
        edit.apply(&mut image)?;
    }
    fs::write(file, &image)?;

    let sealed = records.iter().filter(|expected| verify(&expected.record) == Seal::Valid).count();
    println!("{} records, {sealed} of them sealed, in {} bytes", records.len(), image.len());
    Ok(())
}

fn check(folder: &Path, records: &[Expected]) -> Outcome {
    let shown = fs::read_dir(folder)?.count();
    if shown != records.len() {
        return Err(std::format!("{} records were made, the kernel shows {shown}", records.len()).into());
    }
    for expected in records {
        let name = expected.file_name();
        let file = folder.join(&name);
        if fs::read(&file).map_err(|error| std::format!("{name}: {error}"))? != expected.content {
            return Err(std::format!("{name}: other bytes than were put in").into());
        }
        let modified = fs::metadata(&file)?.modified()?;
        let written = expected.time.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        if written.is_some_and(|written| written != modified) {
            return Err(std::format!("{name}: another time than was put in").into());
        }
    }
    println!("{shown} files as they should be");
    Ok(())
}
