//! `ras.efi`: a machine's error records, before any operating system runs.
//!
//! It finds ERST, BERT and HEST through firmware's ACPI tables, shows and checks the ERST program, runs it on the
//! machine's own registers to list, read, write and clear records, and decodes the boot error region. Commands come
//! as arguments in the UEFI shell, or as load options; `;` stands between several.
#![no_main]
#![no_std]

extern crate alloc;

mod acpi;
mod hardware;
mod hest;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use cper::fields::Fields;
use cper::section::{MemoryError, MemoryErrorType};
use cper::{
    CreatorId, FruText, NotificationType, Record, RecordFlags, RecordHeader, RecordWriter, SectionDescriptor,
    Severity, StatusBlock, StatusBlocks, Timestamp,
};
use erst_table::{Error, ErrorKind, IDENTIFIER_UNSPECIFIED, IoError, Semantics, Store, Table, Walk};
use mce_record::MceRecord;
use pstore_format::RecordIds;
use pstore_format::inflate::Inflater;
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal::{Seal, seal, verify};
use record_line::{EntryLine, Printable, RecordLine};
use uefi::prelude::*;
use uefi::proto::loaded_image::LoadedImage;
use uefi::runtime::ResetType;
use uefi::{boot, print, println, runtime};

use crate::acpi::{Tables, Unusable};
use crate::hardware::Hardware;

const USAGE: &str = "\
usage: ras.efi COMMAND [; COMMAND...]
  list        every record that the machine's ERST store holds, a line each
  read ID     a record, decoded
  write [FRU] store a test record, marked as simulated: a memory error of this part
  clear ID    remove a record
  table       the ERST program and what is wrong with it
  bert        the errors of the last boot, from the boot error region
  hest        the platform's error sources
  off         power the machine off
Without a command: what the tables say and what the store holds. Nothing is changed then.";

/// Longest wait for one operation of the store. Flash is slow, but a person waits.
const PATIENCE_US: u64 = 2_000_000;

/// A kernel log is inflated into as much; Linux makes parts of 32 KiB at most.
const LONGEST_LOG: usize = 1 << 18;

/// Why a command ended early.
enum Failure {
    Firmware(Unusable),
    NoTable([u8; 4]),
    Table(erst_table::Finding),
    Store(Error),
    GivenUp,
    Memory,
    Words(&'static str),
}

impl From<Unusable> for Failure {
    fn from(error: Unusable) -> Self {
        Self::Firmware(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Firmware(error) => write!(f, "{error}"),
            Self::NoTable(signature) => write!(f, "this machine has no {} table", signature.escape_ascii()),
            Self::Table(finding) => {
                write!(f, "the ERST table has a defect, so none of it is run: {finding}")
            }
            Self::Store(error) => {
                write!(f, "ERST: {error}")?;
                f.write_str(match error.kind() {
                    ErrorKind::Io(IoError::Unsupported) => {
                        " (the register is not one that this program may touch: the table is wrong)"
                    }
                    ErrorKind::Io(_) => " (nothing is mapped there: the table is wrong)",
                    ErrorKind::Busy { .. } => " (nothing more is asked of it; the operation may yet end)",
                    _ => "",
                })
            }
            Self::GivenUp => f.write_str("the ERST store did not answer before; it is left alone"),
            Self::Memory => f.write_str("firmware has not so much memory left"),
            Self::Words(words) => f.write_str(words),
        }
    }
}

type Outcome<T = ()> = Result<T, Failure>;

#[entry]
fn main() -> Status {
    let options = options();
    let mut ras = match Ras::start() {
        Ok(ras) => ras,
        Err(error) => {
            println!("ras: {error}");
            return Status::ABORTED;
        }
    };
    let mut status = Status::SUCCESS;
    let mut any = false;
    for command in options.split(';').map(str::trim).filter(|command| !command.is_empty()) {
        any = true;
        if let Err(error) = ras.run(command) {
            println!("ras: {error}");
            status = Status::ABORTED;
        }
    }
    if !any && ras.overview().is_err() {
        status = Status::ABORTED;
    }
    status
}

/// The arguments: the load options without the program's name, which the shell puts before them.
fn options() -> String {
    let image = boot::open_protocol_exclusive::<LoadedImage>(boot::image_handle());
    let options = image.as_ref().ok().and_then(|image| image.load_options_as_bytes()).unwrap_or_default();
    let units = options.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    let text: String =
        char::decode_utf16(units.take_while(|unit| *unit != 0)).map(|c| c.unwrap_or('?')).collect();
    let (first, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    if first.to_ascii_lowercase().ends_with(".efi") { rest.into() } else { text }
}

struct Ras {
    hardware: Hardware,
    tables: Tables,
    /// Whether the store was found busy without end.
    given_up: bool,
}

impl Ras {
    fn start() -> Outcome<Self> {
        let mut hardware = Hardware::new().map_err(|_| Failure::Memory)?;
        let tables = Tables::find(&mut hardware)?;
        Ok(Self { hardware, tables, given_up: false })
    }

    fn run(&mut self, command: &str) -> Outcome {
        let mut words = command.split_whitespace();
        let (name, argument) = (words.next().unwrap_or_default(), words.next());
        if words.next().is_some() {
            println!("{USAGE}");
            return Err(Failure::Words("too many arguments"));
        }
        match (name, argument) {
            ("list", None) => self.list(),
            ("read", Some(identifier)) => self.read(parse(identifier)?),
            ("write", fru) => self.write(fru.unwrap_or("TEST")),
            ("clear", Some(identifier)) => self.clear(parse(identifier)?),
            ("table", None) => self.table(),
            ("bert", None) => self.bert(),
            ("hest", None) => self.hest(),
            ("off", None) => runtime::reset(ResetType::SHUTDOWN, Status::SUCCESS, None),
            _ => {
                println!("{USAGE}");
                Err(Failure::Words("no such command"))
            }
        }
    }

    fn overview(&mut self) -> Outcome {
        let parts: [fn(&mut Self) -> Outcome; 4] =
            [|ras| ras.verdict().map(|_| ()), Self::list, Self::bert, Self::hest];
        let mut outcome = Ok(());
        for part in parts {
            if let Err(error) = part(self) {
                println!("ras: {error}");
                // That there is no such table is an answer.
                if !matches!(error, Failure::NoTable(_)) {
                    outcome = Err(error);
                }
            }
        }
        println!("\n{USAGE}");
        outcome
    }

    fn find(&mut self, signature: [u8; 4]) -> Outcome<Vec<u8>> {
        let found = self.tables.table(signature, &mut self.hardware)?;
        let (bytes, count) = found.ok_or(Failure::NoTable(signature))?;
        if count > 1 {
            println!("{} tables of {}: the first is taken", count, signature.escape_ascii());
        }
        Ok(bytes)
    }

    /// Says whether the ERST table is accepted, and why not.
    fn verdict(&mut self) -> Outcome<Vec<u8>> {
        let bytes = self.find(*b"ERST")?;
        let table = Table::parse(&bytes)?;
        println!("ERST: {} instruction entries, {} bytes", table.entries().len(), bytes.len());
        for (rules, who) in [(Semantics::Specification, "the specification"), (Semantics::Linux, "Linux")] {
            let accepted = table.accepted(rules).is_ok();
            println!("  {} by {who}", if accepted { "accepted" } else { "refused" });
            for finding in table.check(rules) {
                println!("    {finding}");
            }
        }
        Ok(bytes)
    }

    fn table(&mut self) -> Outcome {
        let bytes = self.verdict()?;
        println!("\n{}", Table::parse(&bytes)?);
        Ok(())
    }

    /// Does something with the store, if its table is sound and it was not found busy without end.
    fn with_store<T>(
        &mut self,
        work: impl FnOnce(&mut Store<'_>, &mut Hardware, &mut [u8]) -> Outcome<T>,
    ) -> Outcome<T> {
        if self.given_up {
            return Err(Failure::GivenUp);
        }
        let bytes = self.find(*b"ERST")?;
        let table = Table::parse(&bytes)?;
        table.accepted(Semantics::Specification).map_err(Failure::Table)?;
        let store = Store::open(&table, Semantics::Specification, &mut self.hardware)?;
        let mut store = store.with_patience(PATIENCE_US);
        let length = usize::try_from(store.range().length).map_err(|_| Failure::Memory)?;
        let mut buffer = buffer(length)?;
        let outcome = work(&mut store, &mut self.hardware, &mut buffer);
        if let Err(Failure::Store(error)) = &outcome {
            self.given_up = is_silence(error);
        }
        outcome
    }

    fn list(&mut self) -> Outcome {
        self.with_store(|store, hardware, buffer| {
            let count = store.count(hardware)?;
            println!("ERST store: records {count}, longest {} bytes", store.range().length);
            let mut walk = Walk::new();
            while let Some(found) = walk.next_record(store, buffer, hardware)? {
                let identifier = found.identifier;
                match found.record {
                    Ok(record) => {
                        let creator = Record::parse(record).map(|record| record.header().creator_id());
                        print!("{identifier:#018x}  {} bytes", record.len());
                        if let Ok(creator) = creator {
                            print!(" by {creator}");
                        }
                        println!(": {}", RecordLine(record));
                    }
                    Err(error) => {
                        println!("{identifier:#018x}  cannot be read: {error}");
                        if is_silence(&error) {
                            return Err(error.into());
                        }
                    }
                }
            }
            Ok(())
        })
    }

    fn read(&mut self, identifier: u64) -> Outcome {
        self.with_store(|store, hardware, buffer| {
            let record = store.read(identifier, buffer, hardware)?;
            println!("{}", RecordLine(record));
            show(record)
        })
    }

    fn write(&mut self, fru: &str) -> Outcome {
        let fru =
            FruText::new(fru.as_bytes()).map_err(|_| Failure::Words("a part's name has at most 20 bytes"))?;
        let seconds = now();
        if seconds.is_none() {
            println!("this machine's clock does not say what time it is");
        }
        let seconds = seconds.unwrap_or(0);
        self.with_store(|store, hardware, buffer| {
            let mut taken = Vec::new();
            let mut walk = Walk::new();
            while let Some(identifier) = walk.next_identifier(store, hardware)? {
                taken.push(identifier);
            }
            let mut ids = RecordIds::starting_at(seconds);
            let identifier =
                ids.find(|id| !taken.contains(&id.raw())).ok_or(Failure::Words("no identifier is free"))?;

            let header = RecordHeader::new(Severity::INFORMATIONAL, NotificationType::BOOT)
                .with_creator_id(CreatorId::LINUX_PSTORE)
                .with_flags(RecordFlags::SIMULATED)
                .with_record_id(identifier.raw())
                .with_timestamp(Timestamp::from_linux_seconds(seconds));
            let memory = MemoryError::new()
                .with_physical_address(0x1008_0040)
                .with_memory_error_type(MemoryErrorType::MULTI_BIT_ECC);
            let descriptor = SectionDescriptor::primary(Severity::INFORMATIONAL).with_fru_text(fru);
            let too_long = |_| Failure::Words("the store is too small for a record");
            let mut writer = RecordWriter::new(buffer, &header).map_err(too_long)?;
            writer.section(&descriptor, &memory).map_err(too_long)?;
            let mut record = writer.finish().map_err(too_long)?.to_vec();
            seal(&mut record).map_err(|_| Failure::Words("the record cannot be sealed"))?;

            store.write(&record, hardware)?;
            let stored = store.read(identifier.raw(), buffer, hardware)?;
            if stored.len() != record.len() || verify(stored) != Seal::Valid {
                return Err(Failure::Words("the record reads back otherwise than it was written"));
            }
            println!("stored, read back and found whole:");
            println!("{:#018x}  {} bytes: {}", identifier.raw(), stored.len(), RecordLine(stored));
            Ok(())
        })
    }

    fn clear(&mut self, identifier: u64) -> Outcome {
        self.with_store(|store, hardware, buffer| {
            // By no identifier another record than the one meant would be read.
            if identifier != IDENTIFIER_UNSPECIFIED {
                match store.read(identifier, buffer, hardware) {
                    Ok(record) => println!("clearing: {}", RecordLine(record)),
                    Err(error) if is_silence(&error) => return Err(error.into()),
                    Err(error) => println!("clearing what cannot be read: {error}"),
                }
            }
            store.clear(identifier, hardware)?;
            println!("{identifier:#018x}  cleared; records left: {}", store.count(hardware)?);
            Ok(())
        })
    }

    fn bert(&mut self) -> Outcome {
        /// Length of the boot error region, then its address (ACPI 6.5 table 18.1).
        const REGION: usize = 36;
        let bytes = self.find(*b"BERT")?;
        if acpi::sum(&bytes) != 0 {
            println!("BERT: the checksum is wrong");
        }
        let field = |at: usize| bytes.get(at..);
        let length =
            field(REGION).and_then(|rest| rest.first_chunk()).map(|length| u32::from_le_bytes(*length));
        let address = field(REGION + 4).and_then(|rest| rest.first_chunk()).map(|at| u64::from_le_bytes(*at));
        let (Some(length), Some(address)) = (length, address) else {
            return Err(Failure::Words("BERT: the table is too short"));
        };
        println!("BERT: boot error region of {length} bytes at {address:#x}");
        let unreadable = |_| Failure::Words("BERT: the region cannot be read: nothing is mapped there");
        let region = self.hardware.copy(address, length as usize).map_err(unreadable)?;
        let mut blocks = 0;
        for (offset, block) in StatusBlocks::new(&region) {
            blocks += 1;
            println!("block at offset {offset:#x}, {}:", block.severity());
            block_lines(&block);
        }
        if blocks == 0 {
            println!("no error was left by the last boot");
        }
        Ok(())
    }

    fn hest(&mut self) -> Outcome {
        let bytes = self.find(*b"HEST")?;
        println!(
            "HEST: {} bytes{}",
            bytes.len(),
            if acpi::sum(&bytes) == 0 { "" } else { ", the checksum is wrong" }
        );
        for source in hest::sources(&bytes) {
            match source {
                Ok(source) => println!("  {source}"),
                Err(offset) => println!("  what follows at offset {offset} is of unknown type or cut off"),
            }
        }
        Ok(())
    }
}

/// Whether the platform did not answer in time: nothing else is asked of it then.
const fn is_silence(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Busy { .. } | ErrorKind::TimeLimit(_) | ErrorKind::StepLimit(_))
}

fn block_lines(block: &StatusBlock<'_>) {
    for entry in block.entries() {
        match entry {
            Ok(entry) => {
                println!("  {}", EntryLine(entry));
                println!("{:4}", Fields(&entry));
            }
            Err(error) => println!("  {error}"),
        }
    }
    if block.missing() != 0 {
        println!("  {} bytes of the block lie outside of the region", block.missing());
    }
}

/// A record, as far as it can be decoded.
fn show(record: &[u8]) -> Outcome {
    let Ok(stored) = StoredRecord::parse(record) else { return Ok(()) };
    match stored.payload() {
        Payload::Section(..) | Payload::Record => println!("{stored:2}"),
        _ => println!("{:2}", Fields(stored.record().header())),
    }
    match stored.payload() {
        Payload::Dmesg(text) => lines(text),
        Payload::CompressedDmesg(stream) => {
            let mut text = buffer(LONGEST_LOG)?;
            match Inflater::new().inflate(stream, &mut text) {
                Ok(inflated) => lines(text.get(..inflated.length).unwrap_or_default()),
                Err(error) => println!("the log cannot be inflated: {error}"),
            }
        }
        Payload::Mce(mce) => match MceRecord::parse(mce) {
            Ok(mce) => println!("{}", mce.details()),
            Err(error) => println!("the machine check cannot be read: {error}"),
        },
        _ => {}
    }
    Ok(())
}

/// The lines of a kernel log.
fn lines(text: &[u8]) {
    for line in text.split(|byte| *byte == b'\n') {
        println!("{}", Printable(line));
    }
}

/// Memory of this many bytes, if there is as much.
fn buffer(length: usize) -> Outcome<Vec<u8>> {
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(length).map_err(|_| Failure::Memory)?;
    buffer.resize(length, 0);
    Ok(buffer)
}

/// A record's identifier, in decimal, or in hex after 0x.
fn parse(text: &str) -> Outcome<u64> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| Failure::Words("a record's identifier is a number, in decimal or in hex after 0x"))
}

/// What time it is, in seconds since 1970, as far as the machine's clock says.
fn now() -> Option<u64> {
    let time = runtime::get_time().ok()?;
    let calendar =
        Timestamp::new(time.year(), time.month(), time.day(), time.hour(), time.minute(), time.second());
    u64::try_from(calendar.calendar()?.unix_seconds()).ok()
}
