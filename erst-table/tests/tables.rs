//! Tables that we write, read again by us and by iasl.

use std::path::Path;
use std::process::Command;

use erst_table::{
    AccessWidth, Action, AddressSpace, GenericAddress, Instruction, InstructionEntry, InstructionFlags,
    RegisterLayout, Semantics, Table, TableWriter,
};
use proptest::prelude::*;
use zerocopy::FromBytes;

fn encode(entries: &[InstructionEntry]) -> Vec<u8> {
    let builder =
        TableWriter::new(entries).with_oem(*b"OEMID ", *b"OEMTABLE", 0x0102_0304).with_creator(*b"MAKE", 7);
    let mut buffer = vec![0xa5; builder.encoded_len().unwrap()];
    assert_eq!(builder.encode(&mut buffer).unwrap().len(), buffer.len());
    buffer
}

/// Every instruction in every action, each with a register of its own.
fn every_combination() -> Vec<InstructionEntry> {
    let widths = [AccessWidth::Byte, AccessWidth::Word, AccessWidth::Dword, AccessWidth::Qword];
    let mut entries = Vec::new();
    for action in Action::ALL {
        for number in 0..Instruction::COUNT {
            let index = entries.len();
            let space = if index % 5 == 0 { AddressSpace::SYSTEM_IO } else { AddressSpace::SYSTEM_MEMORY };
            let register = GenericAddress::new(space, 0x1000 + 8 * index as u64, widths[index % 4]);
            let flags =
                if index % 3 == 0 { InstructionFlags::PRESERVE_REGISTER } else { InstructionFlags::empty() };
            let value = 0x0123_4567_89ab_cdef_u64.wrapping_mul(index as u64);
            let entry = InstructionEntry::new(action, Instruction::new(number), register);
            entries.push(entry.with_value(value).with_flags(flags));
        }
    }
    entries
}

/// The fields of an entry as iasl prints them, in their order.
const FIELDS: [&str; 11] = [
    "Action",
    "Instruction",
    "Flags (decoded below)",
    "Reserved",
    "Space ID",
    "Bit Width",
    "Bit Offset",
    "Encoded Access Width",
    "Address",
    "Value",
    "Mask",
];

fn fields(entry: &InstructionEntry) -> [u64; 11] {
    [
        u64::from(entry.action().raw()),
        u64::from(entry.instruction().raw()),
        u64::from(entry.flags().raw()),
        u64::from(entry.reserved()),
        u64::from(entry.register().space().raw()),
        u64::from(entry.register().bit_width()),
        u64::from(entry.register().bit_offset()),
        u64::from(entry.register().access_size().raw()),
        entry.register().address(),
        entry.value(),
        entry.mask(),
    ]
}

/// Reads the entries out of iasl's listing: `[034h 0052   1]   Space ID : 00 [SystemMemory]`.
fn disassembled(listing: &str) -> Vec<[u64; 11]> {
    let mut values = Vec::new();
    let lines = listing.lines().skip_while(|line| !line.contains("Instruction Entry Count"));
    for line in lines.skip(1) {
        let Some((name, value)) = line.split_once(" : ") else { continue };
        let name = name.split_once(']').map_or(name, |(_, name)| name).trim();
        if FIELDS.contains(&name) {
            assert_eq!(name, FIELDS[values.len() % FIELDS.len()], "{line}");
            values.push(u64::from_str_radix(value.split(' ').next().unwrap(), 16).unwrap());
        } else if name == "Raw Table Data" {
            break;
        }
    }
    values.chunks_exact(FIELDS.len()).map(|chunk| chunk.try_into().unwrap()).collect()
}

#[test]
fn the_captured_listing_of_iasl_shows_the_captured_tables_entries() {
    let table = include_bytes!("../../examples/data/tables/qemu-q35-ERST.bin");
    let listing = include_str!("../../examples/data/tables/qemu-q35-ERST.txt");
    let ours: Vec<_> = Table::parse(table).unwrap().entries().iter().map(fields).collect();
    assert_eq!(disassembled(listing), ours);
}

#[test]
fn iasl_reads_the_tables_that_we_write() {
    if Command::new("iasl").arg("-v").output().is_err() {
        assert!(
            std::env::var_os("CI").is_none(),
            "iasl must be installed where CI is set (package acpica-tools)"
        );
        println!("not run: iasl is not installed (package acpica-tools)");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("iasl");
    std::fs::create_dir_all(&folder).unwrap();
    let memory = RegisterLayout::at(0xfebf_d000).entries().to_vec();
    let ports = RegisterLayout { space: AddressSpace::SYSTEM_IO, action: 0xb2, value: 0xb8, execute: 1 }
        .entries()
        .to_vec();
    for (name, entries) in [("memory", memory), ("ports", ports), ("every", every_combination())] {
        let file = folder.join(name).with_extension("dat");
        std::fs::write(&file, encode(&entries)).unwrap();
        let output = Command::new("iasl").arg("-d").arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("Warning") && !said.contains("Error"), "{said}");
        let listing = std::fs::read_to_string(file.with_extension("dsl")).unwrap();
        assert!(listing.contains("Oem ID : \"OEMID \"") && listing.contains("Oem Revision : 01020304"));
        let ours: Vec<_> = entries.iter().map(fields).collect();
        assert_eq!(disassembled(&listing), ours, "{name}");
    }
}

fn entry() -> impl Strategy<Value = InstructionEntry> {
    any::<[u8; 32]>().prop_map(|bytes| InstructionEntry::read_from_bytes(&bytes).unwrap())
}

proptest! {
    #[test]
    fn values_written_are_the_values_read(entries in proptest::collection::vec(entry(), 0..40), short in any::<bool>()) {
        let mut builder = TableWriter::new(&entries);
        if short {
            builder = builder.short_serialization_header();
        }
        let mut buffer = vec![0xa5; 48 + 40 * 32];
        let bytes = builder.encode(&mut buffer).unwrap();
        let table = Table::parse(bytes).unwrap();
        prop_assert_eq!(table.entries(), &entries[..]);
        prop_assert_eq!((table.checksum(), table.is_complete()), (0, true));
        prop_assert_eq!(table.serialization_header().header_size(), if short { 12 } else { 48 });
        prop_assert_eq!(table.serialization_header().reserved(), 0);
        // Rebuilt from its parts it is the same.
        let mut again = vec![0x5a; bytes.len()];
        prop_assert_eq!(TableWriter::like(&table).encode(&mut again).unwrap(), bytes);
        // By action, every entry comes once, in order.
        let by_action: usize = (0..=255).map(|number| table.action(Action::new(number)).count()).sum();
        prop_assert_eq!(by_action, entries.len());
    }

    #[test]
    fn any_bytes_are_checked_and_listed_within_bounds(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), sign in any::<bool>()) {
        if sign && bytes.len() >= 4 {
            bytes[..4].copy_from_slice(b"ERST");
        }
        if let Ok(table) = Table::parse(&bytes) {
            let entries = table.entries().len();
            prop_assert!(48 + entries * 32 + table.trailing().len() == table.as_bytes().len());
            for rules in [Semantics::Linux, Semantics::Specification] {
                let findings: Vec<_> = table.check(rules).collect();
                prop_assert!(findings.len() <= 8 + 2 * 16 + 9 * entries);
                let first = findings.iter().find(|finding| finding.severity == erst_table::FindingSeverity::Error);
                prop_assert_eq!(table.accepted(rules).err(), first.copied());
            }
            // Each entry is a line of at most 200 characters; each of its actions has a heading.
            prop_assert!(table.to_string().len() <= 400 + bytes.len() * 4 + entries * 300);
            let _ = format!("{table:?}");
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn json_has_stable_names() {
    let table = Table::parse(include_bytes!("../../examples/data/tables/qemu-q35-ERST.bin")).unwrap();
    let json = serde_json::to_value(table).unwrap();
    assert_eq!(json["header"]["oem_id"], "BOCHS ");
    assert_eq!(json["header"]["creator_revision"], 1);
    assert_eq!(
        json["serialization_header"],
        serde_json::json!({"header_size": 48, "reserved": 0, "entry_count": 27})
    );
    assert_eq!(json["trailing_bytes"], "");
    let entry = serde_json::json!({
        "action": {"value": 6, "name": "CHECK_BUSY_STATUS"},
        "instruction": {"value": 1, "name": "READ_REGISTER_VALUE"},
        "flags": {"value": 0, "names": []}, "reserved": 0,
        "register": {
            "space": {"value": 0, "name": "SYSTEM_MEMORY"}, "bit_width": 32, "bit_offset": 0,
            "access_size": {"value": 3, "name": "DWORD"}, "address": "0x00000000febfd008",
        },
        "value": "0x0000000000000001", "mask": "0x00000000ffffffff",
    });
    assert_eq!(json["entries"][9], entry);

    let mut entries = RegisterLayout::at(0x1000).entries();
    entries[3].set_instruction(Instruction::new(0x13));
    let bytes = encode(&entries);
    let findings: Vec<_> = Table::parse(&bytes).unwrap().check(Semantics::Linux).collect();
    let json = serde_json::to_value(findings).unwrap();
    let finding = serde_json::json!({
        "entry": 3, "severity": "error", "problem": "unknown_instruction", "message": "instruction 0x13 is not defined",
    });
    assert_eq!(json, serde_json::json!([finding]));
}

#[test]
fn a_table_is_shown_for_debugging() {
    let bytes = encode(&every_combination()[..1]);
    let shown = format!("{:?}", Table::parse(&bytes).unwrap());
    for part in ["Table { header: SdtHeader {", "serialization: ", "entries: [", "trailing_bytes: []"] {
        assert!(shown.contains(part), "{shown}");
    }
}
