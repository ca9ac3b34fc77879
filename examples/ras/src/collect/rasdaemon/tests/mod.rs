//! Rows of captured data against what the real rasdaemon and the real kernel made of the same.

mod database;
mod nvidia;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cper::section::{
    AerCapability, CorrectableErrors, Encode, ErrorStatus, MemoryError, MemoryErrorType, MemoryValidation,
    PciAddress, PcieDeviceId, PcieError, UncorrectableErrors,
};
use cper::{
    CreatorId, FruText, GenericErrorData, Guid, NotificationType, RecordHeader, RecordWriter,
    SectionDescriptor, Severity, StatusBlockWriter, Timestamp,
};
use pstore_format::RecordId;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::Entry;
use super::row::Row;
use crate::collect::Key;
use crate::event::Event;
use crate::input::Bytes;
use crate::scan::File;
use crate::{dmesg, scan};

/// The time of collection in these tests.
const NOW: u64 = 1_795_332_314;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data").join(name)
}

/// The entries of the events in these bytes.
fn entries(name: &str, bytes: Vec<u8>) -> Vec<Entry> {
    let file = File::new(name.into(), Bytes::Read(bytes), None);
    let found = dmesg::assemble(scan::scan(&file, file.content.unwrap(), false, &mut |_| ()).found);
    // A test's own keys: nothing is left out because another file has it, too.
    let entry = |(number, found)| {
        let digest =
            name.bytes().fold(number, |sum: u128, byte| sum.wrapping_mul(0x0100_0193) ^ u128::from(byte));
        let key = Key { creator: Guid::ZERO, id: RecordId::new(0), digest };
        Entry::of(key, name.into(), &Event::of(found), NOW)
    };
    (0..).zip(found).map(entry).collect()
}

fn entries_of(name: &str) -> Vec<Entry> {
    entries(name, fs::read(data(name)).unwrap())
}

type Columns = BTreeMap<String, Value>;

/// The only row of the only event in a captured file.
fn row_of(name: &str) -> (&'static str, Columns) {
    only_row(&entries_of(name))
}

fn only_row(entries: &[Entry]) -> (&'static str, Columns) {
    let rows: Vec<_> = entries.iter().flat_map(|entry| &entry.rows).collect();
    let [(_, row)] = &rows[..] else { panic!("{rows:?}") };
    (row.table, columns(row))
}

fn columns(row: &Row) -> Columns {
    row.columns.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// The rows of a table that the real rasdaemon wrote.
fn captured(database: &str, table: &str) -> Vec<Columns> {
    let connection = Connection::open(data(&format!("rasdaemon/{database}.db"))).unwrap();
    rows_in(&connection, table)
}

fn rows_in(connection: &Connection, table: &str) -> Vec<Columns> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY id")).unwrap();
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let rows = statement
        .query_map([], |row| {
            (0..).zip(&names).map(|(place, name)| Ok((name.clone(), row.get(place)?))).collect()
        })
        .unwrap();
    rows.map(Result::unwrap).collect()
}

/// Compares our row with a captured one in every column that this has, but for `id` and those named with a reason.
#[track_caller]
fn same(ours: &Columns, captured: &Columns, different: &[(&str, &str)]) {
    for (name, value) in captured {
        let reason = different.iter().find(|(column, _)| column == name);
        match reason {
            _ if name == "id" => {}
            // The daemon takes it from the clock of the trace, which may be a second behind the wall clock.
            None if name == "timestamp" => assert!((seconds(&ours[name]) - seconds(value)).abs() <= 1),
            None => assert_eq!(&ours[name], value, "column {name}"),
            Some((_, reason)) => assert_ne!(&ours[name], value, "column {name} is not different: {reason}"),
        }
    }
}

/// What a timestamp says, whatever the zone it was written in, without what marks it.
fn seconds(timestamp: &Value) -> i64 {
    let Value::Text(text) = timestamp else { panic!("{timestamp:?}") };
    let time = text.split(" (").next().unwrap();
    jiff::Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", time).unwrap().as_second()
}

/// A row has the record's time or one that is marked; never that of collection in silence, or a date that the record
/// does not have.
#[test]
fn a_time_that_is_not_the_records_own_is_marked() {
    let row = |id: u64, creator: CreatorId, time: Option<[u8; 8]>| {
        let mut header =
            RecordHeader::new(Severity::CORRECTED, NotificationType::CPE).with_creator_id(creator);
        header.set_record_id(id);
        if let Some(bytes) = time {
            header = header.with_timestamp(cper::zerocopy::transmute!(bytes));
        }
        let mut buffer = [0; 512];
        let mut writer = RecordWriter::new(&mut buffer, &header).unwrap();
        let descriptor = SectionDescriptor::primary(Severity::CORRECTED);
        writer.section(&descriptor, &MemoryError::new().with_node(1)).unwrap();
        let record = writer.finish().unwrap();
        let (table, row) = only_row(&entries("HwErrRec0000", record.to_vec()));
        assert_eq!(table, "mc_event");
        let mark = match &row["timestamp"] {
            Value::Text(text) => text.split_once(" (").map_or(String::new(), |(_, mark)| mark.to_owned()),
            other => panic!("{other:?}"),
        };
        (seconds(&row["timestamp"]), mark)
    };
    let now = i64::try_from(NOW).unwrap();
    let windows = CreatorId::WINDOWS_WHEA;
    let none = CreatorId::new(Guid::ZERO);
    for (creator, bytes, seconds, mark) in [
        (windows, Some([0x22, 1, 2, 0, 1, 7, 25, 20]), 1_751_335_294, ""),
        (none, Some([0x34, 1, 2, 0, 1, 7, 0x25, 0x20]), 1_751_335_294, ""),
        // Before 1970: the record's own all the same.
        (none, Some([0x59, 0x59, 0x23, 0, 0x31, 0x12, 0x69, 0x19]), -1, ""),
        (
            none,
            Some([0, 0, 0, 1, 0x30, 2, 0x24, 0x20]),
            now,
            "collected; timestamp 00 00 00 01 30 02 24 20 cannot be read)",
        ),
        (none, Some([0xff; 8]), now, "collected; timestamp ff ff ff ff ff ff ff ff cannot be read)"),
        (none, None, now, "collected)"),
    ] {
        assert_eq!(row(7, creator, bytes), (seconds, mark.to_owned()), "{bytes:x?}");
    }
    // Linux's id names the boot.
    let id = 1_795_331_306 << 32 | 1;
    assert_eq!(row(id, CreatorId::LINUX_PSTORE, None), (1_795_331_306, "boot)".to_owned()));
}

/// Windows puts a memory section without a valid field in front of a machine check. It is no memory error.
#[test]
fn an_empty_section_is_no_row_beside_others() {
    let header = RecordHeader::new(Severity::FATAL, NotificationType::MCE);
    let descriptor = SectionDescriptor::primary(Severity::FATAL);
    let mut buffer = [0; 1024];
    let processor = cper::section::ProcessorGeneric::new().with_processor_id(11);
    let mut writer = RecordWriter::new(&mut buffer, &header).unwrap();
    writer.section(&descriptor, &MemoryError::new()).unwrap();
    writer.section(&SectionDescriptor::new(Severity::FATAL), &processor).unwrap();
    let entries = entries("HwErrRec0000", writer.finish().unwrap().to_vec());
    let tables: Vec<_> = entries.iter().flat_map(|entry| &entry.rows).collect();
    assert_eq!(tables.len(), 1, "{tables:?}");
    assert_eq!((tables[0].0, tables[0].1.table), (1, "non_standard_event"));
    // Alone it is all that there is to tell. It has a byte: a body of zeros did not reach the store.
    let mut buffer = [0; 512];
    let empty = MemoryError::new().with_node(7).with_validation(MemoryValidation::empty());
    let mut writer = RecordWriter::new(&mut buffer, &header).unwrap();
    writer.section(&descriptor, &empty).unwrap();
    let record = writer.finish().unwrap();
    assert_eq!(only_row(&self::entries("HwErrRec0000", record.to_vec())).0, "mc_event");
}

/// Machine checks that the kernel found when it polled, and those that it made up for memory errors in status blocks.
/// The records of the same are made from the numbers in the captured rows.
#[test]
fn machine_checks_read_as_rasdaemon_has_them() {
    for (database, number) in [("mcepoll", 2), ("ghes", 3), ("edac", 15)] {
        let rows = captured(database, "mce_record");
        assert_eq!(rows.len(), number);
        for row in rows {
            let (table, ours) = only_row(&entries("machine.mce", struct_mce(&row)));
            assert_eq!(table, "mce_record");
            same(&ours, &row, &[]);
        }
    }
}

/// `struct mce` with the numbers of a row.
fn struct_mce(row: &Columns) -> Vec<u8> {
    let number = |name: &str| match &row[name] {
        Value::Integer(number) => number.to_le_bytes(),
        other => panic!("{name}: {other:?}"),
    };
    let mut bytes = vec![0; 128];
    for (name, at, size) in [
        ("status", 0, 8),
        ("misc", 8, 8),
        ("addr", 16, 8),
        ("mcgstatus", 24, 8),
        ("ip", 32, 8),
        ("tsc", 40, 8),
        ("walltime", 48, 8),
        ("cpuvendor", 56, 1),
        ("cpuid", 60, 4),
        ("cs", 64, 1),
        ("bank", 65, 1),
        ("cpu", 68, 4),
        ("socketid", 72, 4),
        ("apicid", 76, 4),
        ("mcgcap", 80, 8),
    ] {
        bytes[at..at + size].copy_from_slice(&number(name)[..size]);
    }
    bytes
}

/// A port like the one in the captured blocks.
fn port(device: u8, uncorrectable: u32, correctable: u32, correctable_mask: u32) -> PcieError {
    let aer = AerCapability::new()
        .with_uncorrectable_error_status(UncorrectableErrors::from_bits_retain(uncorrectable))
        .with_correctable_error_status(CorrectableErrors::from_bits_retain(correctable))
        .with_correctable_error_mask(CorrectableErrors::from_bits_retain(correctable_mask));
    let address = PciAddress { segment: 0, bus: 0, device, function: 0 };
    PcieError::new()
        .with_device_id(PcieDeviceId::new(0x1b36, 0x0c, 0).with_address(address))
        .with_aer_info(aer)
}

/// A status block of one entry, as severe as that.
fn block(header: GenericErrorData, body: &impl Encode) -> Vec<u8> {
    let mut buffer = [0; 4096];
    let mut writer = StatusBlockWriter::new(&mut buffer, header.severity()).unwrap();
    writer.entry(&header, body).unwrap();
    writer.finish().unwrap().to_vec()
}

/// A block that was injected, of which there are two folders.
fn injected(name: &str) -> Vec<Entry> {
    let folders = ["gesb", "rasdaemon/blocks"].map(|folder| format!("{folder}/{name}.gesb"));
    entries_of(folders.iter().find(|name| data(name).exists()).unwrap())
}

/// Rows of this table that injected blocks become, in the order of injection.
fn rows_of_injected(names: &[&str], table: &str) -> Vec<(String, Columns)> {
    let mut rows = Vec::new();
    for name in names {
        for (_, row) in injected(name).into_iter().flat_map(|entry| entry.rows) {
            if row.table == table {
                rows.push(((*name).to_owned(), columns(&row)));
            }
        }
    }
    rows
}

const NO_TIME: (&str, &str) = ("timestamp", "no time in the block: that of collection, not of injection");

#[test]
fn pcie_errors_read_as_rasdaemon_has_them() {
    let blocks = ["multi-corr", "pcie-ce", "pcie-noaer", "recoverable-pcie"];
    for database in ["ghes", "edac"] {
        let rows = captured(database, "aer_event");
        let ours = rows_of_injected(&blocks, "aer_event");
        assert_eq!((rows.len(), ours.len()), (3, 3));
        for (row, (_, ours)) in rows.iter().zip(&ours) {
            // One of them was injected in the second that these tests take for that of collection.
            same(
                ours,
                row,
                if seconds(&row["timestamp"]) == i64::try_from(NOW).unwrap() { &[] } else { &[NO_TIME] },
            );
        }
    }
}

/// Memory errors that went by way of GHES and EDAC: every column of every row.
#[test]
fn memory_errors_read_as_rasdaemon_has_them() {
    let blocks = fs::read_to_string(data("rasdaemon/edac.blocks.txt")).unwrap();
    let blocks: Vec<_> = blocks.lines().collect();
    let rows = captured("edac", "mc_event");
    let ours = rows_of_injected(&blocks, "mc_event");
    assert_eq!((rows.len(), ours.len()), (15, 15));
    for (row, (name, ours)) in rows.iter().zip(&ours) {
        let label = ("label", "the block names the unit, which the kernel does not look at");
        let time = ("timestamp", "the block has the time of the error, which the kernel only prints");
        match name.as_str() {
            "mem-v300-fru-ts" => same(ours, row, &[time, label]),
            "mem-v100-fru" | "multi-corr" => same(ours, row, &[NO_TIME, label]),
            _ => same(ours, row, &[NO_TIME]),
        }
    }
    // 2024-06-17 12:34:56, and what the blocks call the unit.
    let (_, timed) = &ours[12];
    assert_eq!(
        (seconds(&timed["timestamp"]), &timed["label"]),
        (1_718_627_696, &Value::Text("DIMM_A1".into()))
    );
}

/// What the kernel's own trace says of sections that it has no event for: severity, type, FRU and all bytes.
/// rasdaemon 0.6.8 is built without a table for them.
#[test]
fn other_sections_are_what_the_kernel_traced() {
    let mut compared = 0;
    for (trace, blocks) in [
        ("ghes", &["fw-err-ref", "generic-proc", "ia-all", "multi-corr", "unknown"][..]),
        ("edac", &["generic-proc", "info-fwref", "multi-corr", "unknown"]),
    ] {
        let trace = fs::read_to_string(data(&format!("rasdaemon/{trace}.trace.txt"))).unwrap();
        let traced: Vec<String> = trace.lines().filter_map(traced_section).collect();
        let ours = rows_of_injected(blocks, "non_standard_event");
        assert_eq!((traced.len(), ours.len()), (blocks.len(), blocks.len()));
        for (traced, (_, row)) in traced.iter().zip(ours) {
            let hex = |column: &str| match &row[column] {
                Value::Blob(bytes) => {
                    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
                }
                other => panic!("{other:?}"),
            };
            let (Value::Text(severity), Value::Text(fru)) = (&row["severity"], &row["fru_text"]) else {
                panic!()
            };
            let severity = ["Informational", "Corrected", "Recoverable", "Fatal"]
                .iter()
                .position(|name| name == severity);
            let told =
                format!("{} {} {} {fru} {}", severity.unwrap(), hex("sec_type"), hex("fru_id"), hex("error"));
            assert_eq!(&told, traced);
            compared += 1;
        }
    }
    assert_eq!(compared, 9);
}

/// Severity, type, FRU id and text, and bytes in a line of the trace, which prints GUIDs in the order of storage.
fn traced_section(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("non_standard_event: severity: ")?;
    let (severity, rest) = rest.split_once("; sec type:")?;
    let (kind, rest) = rest.split_once("; FRU: ")?;
    let (fru, rest) = rest.split_once("; data len:")?;
    let (id, name) = fru.split_once(' ')?;
    let (_, bytes) = rest.split_once("raw data:")?;
    let digits = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>();
    Some(format!("{severity} {} {} {} {}", digits(kind), digits(id), name.trim(), digits(bytes)))
}

/// The memory error that the kernel's test module traced as an extended log and as an event of EDAC: the section it
/// stands for, in a record of firmware that tells of a corrected machine check.
fn traced_memory() -> MemoryError {
    MemoryError::new()
        .with_error_status(ErrorStatus::default())
        .with_physical_address(0x12_3456_78c0)
        .with_physical_address_mask(0xffff_ffff_ffff_ffc0)
        .with_node(1)
        .with_card(2)
        .with_module(3)
        .with_bank(4)
        .with_device(5)
        .with_row(4660)
        .with_column(86)
        .with_bit_position(7)
        .with_requestor_id(0x11)
        .with_responder_id(0x22)
        .with_target_id(0x33)
        .with_memory_error_type(MemoryErrorType::SINGLE_BIT_ECC)
        .with_rank(1)
}

fn dimm() -> FruText {
    FruText::new(b"DIMM_A1").unwrap()
}

const UNIT: Guid = Guid::parse_const("0badcafe-1234-5678-9abc-def011223344");

#[test]
fn memory_errors_of_machine_checks_are_extended_log() {
    let captured = captured("rasemit", "extlog_event");
    let time = Timestamp::from_unix(seconds(&captured[0]["timestamp"]).try_into().unwrap()).unwrap();
    let record = |notification| {
        let mut buffer = [0; 512];
        let descriptor =
            SectionDescriptor::primary(Severity::CORRECTED).with_fru_id(UNIT).with_fru_text(dimm());
        let header = RecordHeader::new(Severity::CORRECTED, notification).with_timestamp(time);
        let mut writer = RecordWriter::new(&mut buffer, &header).unwrap();
        writer.section(&descriptor, &traced_memory()).unwrap();
        writer.finish().unwrap().to_vec()
    };
    let (table, ours) = only_row(&entries("HwErrRec0000", record(NotificationType::CMC)));
    assert_eq!(table, "extlog_event");
    same(&ours, &captured[0], &[("error_count", "the kernel's count of events since it booted: 7")]);
    // The same error that did not come by way of a machine check.
    let (table, _) = only_row(&entries("HwErrRec0000", record(NotificationType::CPE)));
    assert_eq!(table, "mc_event");
}

/// EDAC's row of the same error differs in what the test module made up.
#[test]
fn memory_errors_are_what_edac_says() {
    let captured = captured("rasemit", "mc_event");
    let header = GenericErrorData::new(Severity::CORRECTED).with_fru_text(dimm());
    let (table, ours) = only_row(&entries("memory.gesb", block(header, &traced_memory())));
    assert_eq!(table, "mc_event");
    same(
        &ours,
        &captured[0],
        &[
            ("timestamp", "no time in the block"),
            ("err_msg", "made up: read error"),
            ("top_layer", "made up: 1; ghes_edac knows no layers"),
            ("middle_layer", "made up: 2"),
            ("syndrome", "made up: 0xab; ghes_edac knows no syndrome"),
            ("driver_detail", "made up: lab detail"),
        ],
    );
    assert_eq!(ours["err_msg"], Value::Text("single-bit ECC".into()));
    let detail = "APEI location: node:1 card:2 module:3 rank:1 bank:4 device:5 row:4660 column:86 bit_position:7 \
                  requestor_id:0x0000000000000011 responder_id:0x0000000000000022 target_id:0x0000000000000033 \
                  status(0x0000000000000000): Reserved";
    assert_eq!(ours["driver_detail"], Value::Text(detail.into()));
}
