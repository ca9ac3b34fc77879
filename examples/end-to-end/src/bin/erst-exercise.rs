//! Exercises a machine's ERST device through its own ERST table, from user space, and says what it found.
//!
//! `erst-exercise device` runs on a machine whose kernel leaves the device alone (`erst_disable`) and whose store is
//! empty: it writes, reads, lists, overwrites, clears, fills, and provokes every refusal, by both readings of the
//! instructions, and leaves five kernel logs in the store. `erst-exercise image FILE FOLDER` runs later on the host:
//! the device's backing file must hold exactly these, and FOLDER, in which the next kernel's pstore listed them, too.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use erst_table::qemu::Image;
use erst_table::{
    Action, ErrorKind, IDENTIFIER_END, IDENTIFIER_UNSPECIFIED, Interpreter, RegisterIo, Semantics, Status,
    Store, Table, Walk,
};
use pstore_format::RecordId;
use pstore_format::produce::encode_dmesg;

use end_to_end::memory::PhysicalMemory;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["device"] => device(),
        ["image", file, folder] => image(Path::new(file), Path::new(folder)),
        _ => Err("usage: erst-exercise device | image FILE FOLDER".into()),
    }
}

/// Says what holds, or ends with what does not.
fn holds(what: &str, it_does: bool) -> Outcome {
    if !it_does {
        return Err(format!("does not hold: {what}").into());
    }
    println!("  {what}");
    Ok(())
}

/// Says that the platform refused with `status`, or ends with what it did instead.
fn refused<T>(what: &str, result: Result<T, erst_table::Error>, status: Status) -> Outcome {
    let kind = result.err().map(|error| error.kind());
    holds(&format!("{what}: {status}"), kind == Some(ErrorKind::Status(status)))
}

/// Identifiers of the records that are left in the store.
const KEPT: [u64; 5] = [0x11, 0x12, 0x13, 0x14, 0x15];
/// What QEMU's device takes at most, slots of 8 KiB.
const SLOT: usize = 8192;

/// The kernel log in record `number`, of a length of its own; those above 0x14 fill a slot to its last byte.
fn log(number: u64) -> Vec<u8> {
    let length = if number > 0x14 { SLOT - 200 } else { 300 * (number as usize % 16) + 40 };
    let line = |second| format!("<6>[{second:5}.{number:06}] record {number:#x} was here\n");
    let lines: String = (0..400).map(line).collect();
    let mut log = format!("Panic#1 Part{number}\n{lines}").into_bytes();
    log.truncate(length);
    log
}

/// The identifier of record `number`, made as Linux does: seconds, then a sequence number.
fn identifier(number: u64) -> u64 {
    1_763_793_600 << 32 | number
}

/// Record `number` with this log, and the signature that the operating system adds when it is stored.
fn record_of(number: u64, log: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0xA5; SLOT];
    let (id, time) = (RecordId::new(identifier(number)), 1_763_793_600 + number);
    let mut record = encode_dmesg(log, id, time, &mut buffer).expect("a slot holds it").to_vec();
    record[108..110].copy_from_slice(b"ER");
    record
}

fn record(number: u64) -> Vec<u8> {
    record_of(number, &log(number))
}

fn device() -> Outcome {
    let bytes = fs::read("/sys/firmware/acpi/tables/ERST")?;
    let table = Table::parse(&bytes)?;
    println!("{table}");
    let mut io = PhysicalMemory::open()?;
    for semantics in [Semantics::Specification, Semantics::Linux] {
        println!("{semantics}:");
        exercise(&table, semantics, &mut io)?;
    }
    let mut store = Store::open(&table, Semantics::Specification, &mut io)?;
    for number in KEPT {
        store.write(&record(number), &mut io)?;
    }
    holds("five records are left", store.count(&mut io)? == 5)
}

/// From an empty store to an empty store.
fn exercise(table: &Table, semantics: Semantics, io: &mut PhysicalMemory) -> Outcome {
    holds("the table is accepted", table.check(semantics).next().is_none())?;
    let mut store = Store::open(table, semantics, io)?;
    let range = store.range();
    holds(
        "the range is one slot long, without attributes",
        range.length == SLOT as u64 && range.attributes.is_empty(),
    )?;
    holds(
        "operations take 10 to 100 us",
        (store.timings().nominal_us, store.timings().maximum_us) == (10, 100),
    )?;

    let mut buffer = vec![0; SLOT];
    holds("the store is empty", store.count(io)? == 0 && store.next_identifier(io)?.is_none())?;
    refused(
        "read from an empty store",
        store.read(identifier(1), &mut buffer, io),
        Status::RECORD_STORE_EMPTY,
    )?;
    refused("clear in an empty store", store.clear(identifier(1), io), Status::RECORD_NOT_FOUND)?;
    store.dummy_write(&record(1), io)?;
    holds("a dummy write stores nothing", store.count(io)? == 0)?;

    for number in 1..=4 {
        store.write(&record(number), io)?;
        holds(
            "a record is read back identical",
            store.read(identifier(number), &mut buffer, io)? == record(number),
        )?;
    }
    holds("four records are counted", store.count(io)? == 4)?;
    holds(
        "the first is read by no identifier",
        store.read(IDENTIFIER_UNSPECIFIED, &mut buffer, io)? == record(1),
    )?;
    holds("each is listed once", listed(&mut store, io)? == [1, 2, 3, 4].map(record))?;

    let longer = record_of(2, &log(15));
    store.write(&longer, io)?;
    holds("a record is overwritten", store.read(identifier(2), &mut buffer, io)? == longer)?;
    holds("and not counted twice", store.count(io)? == 4)?;

    store.clear(identifier(2), io)?;
    refused("clear what is cleared", store.clear(identifier(2), io), Status::RECORD_NOT_FOUND)?;
    refused("read what is cleared", store.read(identifier(2), &mut buffer, io), Status::RECORD_NOT_FOUND)?;
    holds("the others stay", listed(&mut store, io)? == [1, 3, 4].map(record))?;

    refusals(table, semantics, io)?;
    holds("none of it touched a record", listed(&mut store, io)? == [1, 3, 4].map(record))?;

    let mut numbers = vec![1, 2, 3, 4];
    store.write(&record(2), io)?;
    for number in 0x21.. {
        match store.write(&record(number), io) {
            Ok(()) => numbers.push(number),
            full => {
                refused("write to a full store", full, Status::NOT_ENOUGH_SPACE)?;
                break;
            }
        }
    }
    holds("15 records fill a device of 128 KiB", numbers.len() == 15 && store.count(io)? == 15)?;
    store.write(&longer, io)?;
    holds("a full store takes an overwrite", store.read(identifier(2), &mut buffer, io)? == longer)?;
    store.write(&record(2), io)?;
    let all: Vec<_> = numbers.iter().map(|&number| record(number)).collect();
    holds("all are listed", listed(&mut store, io)? == all)?;

    for number in numbers {
        store.clear(identifier(number), io)?;
    }
    holds("all are cleared", store.count(io)? == 0 && listed(&mut store, io)?.is_empty())
}

/// Every record, as a walk over the store brings them, which may begin anywhere; in the order of their identifiers.
fn listed(store: &mut Store, io: &mut PhysicalMemory) -> Outcome<Vec<Vec<u8>>> {
    let mut buffer = vec![0; SLOT];
    let mut walk = Walk::new();
    let mut records = Vec::new();
    while let Some(found) = walk.next_record(store, &mut buffer, io)? {
        records.push((found.identifier, found.record?.to_vec()));
    }
    records.sort();
    let records = records.into_iter().map(|(_, record)| record).collect();
    Ok(records)
}

/// What `Store` would never ask of a platform, asked by running the actions one by one: each must fail.
fn refusals(table: &Table, semantics: Semantics, io: &mut PhysicalMemory) -> Outcome {
    let store = Store::open(table, semantics, io)?;
    let mut operation = |what: &str, begin, offset: u64, identifier: u64, exchanged: &[u8]| {
        io.write_memory(store.range().address, exchanged).map_err(|error| error.to_string())?;
        let mut interpreter = Interpreter::new(table, semantics);
        let mut run = |action, input| {
            interpreter.set_input(input);
            interpreter.run(action, io)
        };
        run(begin, 0)?;
        run(Action::SET_RECORD_OFFSET, offset)?;
        run(Action::SET_RECORD_IDENTIFIER, identifier)?;
        run(Action::EXECUTE_OPERATION, 0)?;
        while run(Action::CHECK_BUSY_STATUS, 0)? != 0 {}
        let status = Status::new(run(Action::GET_COMMAND_STATUS, 0)?);
        run(Action::END_OPERATION, 0)?;
        holds(&format!("{what}: {status}"), status == Status::FAILED)
    };
    let with = |at: usize, bytes: &[u8]| {
        let mut record = record(9);
        record[at..at + bytes.len()].copy_from_slice(bytes);
        record
    };
    let (id, end) = (identifier(9), IDENTIFIER_END);
    let write = Action::BEGIN_WRITE_OPERATION;
    operation("write without an identifier", write, 0, id, &with(96, &[0; 8]))?;
    operation("write with the last identifier", write, 0, id, &with(96, &end.to_le_bytes()))?;
    operation("write of 127 bytes", write, 0, id, &with(20, &127_u32.to_le_bytes()))?;
    operation("write past the range", write, 0, id, &with(20, &8193_u32.to_le_bytes()))?;
    operation("write from the end of the range", write, 8192, id, &record(9))?;
    operation("read of the last identifier", Action::BEGIN_READ_OPERATION, 0, end, &[])?;
    operation("read to the end of the range", Action::BEGIN_READ_OPERATION, 8192, identifier(1), &[])?;
    operation("clear without an identifier", Action::BEGIN_CLEAR_OPERATION, 0, 0, &[])?;
    operation("clear of the last identifier", Action::BEGIN_CLEAR_OPERATION, 0, end, &[])
}

fn image(file: &Path, folder: &Path) -> Outcome {
    let bytes = fs::read(file)?;
    let image = Image::parse(&bytes)?;
    holds("the image is sound", image.check().next().is_none())?;
    let stored: Vec<&[u8]> = image.used().map(|slot| slot.record()).collect::<Result<_, _>>()?;
    holds("the image holds the five records", stored == KEPT.map(record))?;
    holds("and no other file is in pstore", fs::read_dir(folder)?.count() == KEPT.len())?;
    for number in KEPT {
        let name = format!("dmesg-erst-{}", identifier(number));
        holds(&format!("the kernel shows {name}"), fs::read(folder.join(&name))? == log(number))?;
    }
    Ok(())
}
