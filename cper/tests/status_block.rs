//! Generic error status blocks: what kernels were handed and printed, what this crate writes, and what lies.

use std::fmt::Write as _;

use cper::section::{Body, MemoryError, MemoryErrorType};
use cper::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn path(name: &str) -> String {
    format!("{}/../examples/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn data(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every captured block by name, with what Linux printed for it.
fn captured() -> Vec<(String, Vec<u8>, String)> {
    let mut blocks: Vec<_> = std::fs::read_dir(path("gesb"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".gesb").map(str::to_owned))
        .map(|name| {
            let text = String::from_utf8(data(&format!("gesb/{name}.txt"))).unwrap();
            (name.clone(), data(&format!("gesb/{name}.gesb")), text)
        })
        .collect();
    blocks.sort();
    assert!(blocks.len() >= 30, "only {} captured blocks", blocks.len());
    blocks
}

fn entries<'a>(block: &StatusBlock<'a>) -> Vec<DataEntry<'a>> {
    block.entries().map(Result::unwrap).collect()
}

/// The block written again from its parts.
fn rebuilt(block: &StatusBlock<'_>) -> Vec<u8> {
    let mut out = vec![0xa5; block.as_bytes().len() + 8];
    let mut writer = StatusBlockWriter::new(&mut out, block.severity()).unwrap();
    for entry in block.entries() {
        let entry = entry.unwrap();
        writer.entry_bytes(entry.section_type(), &entry.header(), entry.bytes()).unwrap();
    }
    if let Some(raw) = block.raw_data() {
        writer.raw_data(raw.unwrap()).unwrap();
    }
    writer.finish().unwrap().to_vec()
}

/// Linux's word for a severity (`cper_severity_str`).
fn severity(severity: Severity) -> &'static str {
    ["recoverable", "fatal", "corrected", "info"][severity.raw() as usize]
}

/// What Linux's `cper.c` prints for a section of those it prints field by field without tables; `None` for others.
fn kernel_section(entry: &DataEntry<'_>) -> Option<String> {
    let mut text = String::new();
    match entry.body() {
        Ok(Body::Memory(memory)) => {
            text += "section_type: memory error\n";
            if let Some(status) = memory.error_status() {
                assert_eq!(status.error_type().raw(), 4, "another text is wanted");
                writeln!(text, " error_status: Storage error in DRAM memory ({:#018x})", status.raw())
                    .unwrap();
            }
            for (name, value) in [
                ("physical_address", memory.physical_address()),
                ("physical_address_mask", memory.physical_address_mask()),
            ] {
                if let Some(value) = value {
                    writeln!(text, "{name}: {value:#018x}").unwrap();
                }
            }
            let number = |value: Option<u16>| value.map(|value| value.to_string());
            let id = |value: Option<u64>| value.map(|value| format!("{value:#018x}"));
            let parts = [
                ("node", number(memory.node())),
                ("card", number(memory.card())),
                ("module", number(memory.module())),
                ("rank", number(memory.rank())),
                ("bank", number(memory.bank())),
                ("bank_group", number(memory.bank_group().map(u16::from))),
                ("bank_address", number(memory.bank_address().map(u16::from))),
                ("device", number(memory.device())),
                ("row", memory.row().map(|row| row.to_string())),
                ("column", number(memory.column())),
                ("bit_position", number(memory.bit_position())),
                ("requestor_id", id(memory.requestor_id())),
                ("responder_id", id(memory.responder_id())),
                ("target_id", id(memory.target_id())),
                ("chip_id", number(memory.chip_id().map(u16::from))),
            ];
            let place: String =
                parts.iter().filter_map(|(name, part)| Some(format!("{name}:{} ", part.as_ref()?))).collect();
            if !place.is_empty() {
                text += &(place + "\n");
            }
            if let Some(kind) = memory.memory_error_type() {
                // The kernel's table has one capital letter more.
                let name = kind.name().unwrap_or("unknown").replace("mirror broken", "mirror Broken");
                writeln!(text, "error_type: {}, {name}", kind.raw()).unwrap();
            }
            if let Some(handle) = memory.module_handle() {
                writeln!(text, "DIMM location: not present. DMI handle: {handle:#06x} ").unwrap();
            }
        }
        Ok(Body::Pcie(pcie)) => {
            text += "section_type: PCIe error\n";
            let kind = pcie.port_type()?;
            writeln!(text, "port_type: {}, {}", kind.raw(), kind.name()?).unwrap();
            let version = pcie.version()?;
            writeln!(text, "version: {}.{}", version.major(), version.minor()).unwrap();
            let registers = pcie.command_status()?;
            writeln!(
                text,
                "command: {:#06x}, status: {:#06x}",
                registers.command().bits(),
                registers.status().raw()
            )
            .unwrap();
            let id = pcie.device_id()?;
            writeln!(text, "device_id: {}", pcie.address()?).unwrap();
            writeln!(text, "slot: {}\nsecondary_bus: {:#04x}", id.slot_number(), id.secondary_bus()).unwrap();
            writeln!(text, "vendor_id: {:#06x}, device_id: {:#06x}", id.vendor_id(), id.device_id()).unwrap();
            writeln!(text, "class_code: {:06x}", id.class_code()).unwrap();
            let serial = pcie.device_serial_number()?;
            writeln!(text, "serial number: {:#06x}, {:#06x}", serial as u32, serial >> 32).unwrap();
            let bridge = pcie.bridge_control_status()?;
            let (status, control) = (bridge.secondary_status().raw(), bridge.control().bits());
            writeln!(text, "bridge: secondary_status: {status:#06x}, control: {control:#06x}").unwrap();
        }
        Ok(Body::FirmwareErrorRecord(record)) => {
            assert_eq!(record.error_record_type().raw(), 2);
            text += "section_type: Firmware Error Record Reference\n";
            text += "Firmware Error Record Type: SOC Firmware Error Record Type2\n";
            writeln!(text, "Revision: {}", record.revision()).unwrap();
            writeln!(text, "Record Identifier: {}", record.record_identifier_guid()?).unwrap();
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::TooShort { .. }), "{error}");
            text += "section_type: memory error\n[Firmware Warn]: error section length is too small\n";
        }
        Ok(_) => return None,
    }
    Some(text)
}

/// What Linux prints for a block, with the text of the sections that [`kernel_section`] knows.
fn kernel_block(block: &StatusBlock<'_>) -> Vec<Option<String>> {
    let mut lines = Vec::new();
    if block.severity() == Severity::CORRECTED {
        lines.push(Some("It has been corrected by h/w and requires no further action".to_owned()));
    }
    lines.push(Some(format!("event severity: {}", severity(block.severity()))));
    for entry in block.entries() {
        let entry = entry.unwrap();
        if let Some(time) = entry.header().timestamp() {
            let kind = if time.is_precise() { "precise" } else { "imprecise" };
            lines.push(Some(format!(" {kind} tstamp: {}", time.calendar().unwrap())));
        }
        lines.push(Some(format!(" Error {}, type: {}", entry.number(), severity(entry.severity()))));
        if let Some(id) = entry.header().fru_id() {
            lines.push(Some(format!(" fru_id: {id}")));
        }
        if let Some(text) = entry.header().fru_text() {
            lines.push(Some(format!(" fru_text: {text}")));
        }
        match kernel_section(&entry) {
            Some(text) => lines.extend(text.lines().map(|line| {
                // This one has no prefix.
                let indent = if line.starts_with("[Firmware Warn]") { "" } else { "  " };
                Some(format!("{indent}{line}"))
            })),
            None => lines.push(None),
        }
    }
    lines
}

/// Compares with the printed lines; `None` stands for lines of sections that are not compared.
fn assert_printed(name: &str, expected: &[Option<String>], printed: &[&str]) {
    let mut printed = printed.iter().peekable();
    let mut skipping = false;
    for line in expected {
        match line {
            None => skipping = true,
            Some(line) => {
                while skipping && printed.peek().is_some_and(|other| **other != line) {
                    printed.next();
                }
                skipping = false;
                assert_eq!(printed.next(), Some(&line.as_str()), "{name}");
            }
        }
    }
    assert!(skipping || printed.next().is_none(), "{name}: more was printed");
}

#[test]
fn blocks_give_what_linux_printed_for_them() {
    let mut compared = 0;
    for (name, bytes, text) in captured() {
        let block = StatusBlock::parse(&bytes).unwrap();
        let mut lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.remove(0), "CPERPRINT BEGIN check=0", "{name}");
        assert_eq!(lines.pop(), Some("CPERPRINT END"), "{name}");
        assert_eq!(block.check(), Ok(()), "{name}");
        let expected = kernel_block(&block);
        compared += usize::from(!expected.contains(&None));
        assert_printed(&name, &expected, &lines);
    }
    assert!(compared >= 22, "only {compared} whole blocks were compared");
}

#[test]
fn blocks_rebuild_to_their_own_bytes() {
    for (name, bytes, _) in captured() {
        let block = StatusBlock::parse(&bytes).unwrap();
        assert_eq!((block.as_bytes(), block.missing()), (&bytes[..], 0), "{name}");
        assert_eq!(usize::from(block.header().entry_count()), block.entries().count(), "{name}");
        assert_eq!(rebuilt(&block), bytes, "{name}");
    }
}

#[test]
fn entries_of_each_revision_keep_their_values() {
    // ACPI 4.0 in its drafts' 1.0, ACPI 4.0 to 6.0, and ACPI 6.1 on.
    let bytes = data("gesb/mem-v100-fru.gesb");
    let block = StatusBlock::parse(&bytes).unwrap();
    let header = entries(&block)[0].header();
    assert_eq!(
        (header.revision(), header.header_len(), entries(&block)[0].header_bytes().len()),
        (0x100, 64, 64)
    );
    assert_eq!(header.fru_text().map(|text| text.to_string()).as_deref(), Some("DIMM_A1"));
    assert_eq!((header.error_data_length(), header.timestamp()), (80, None));

    let bytes = data("gesb/mem-v201.gesb");
    let block = StatusBlock::parse(&bytes).unwrap();
    let header = entries(&block)[0].header();
    assert_eq!((header.revision(), header.header_len()), (0x201, 64));
    assert_eq!(header.with_timestamp(Timestamp::new(2026, 1, 1, 0, 0, 0)).timestamp(), None);

    let bytes = data("gesb/mem-full-v23.gesb");
    let block = StatusBlock::parse(&bytes).unwrap();
    let entry = entries(&block)[0];
    assert_eq!((entry.header().revision(), entry.header_bytes().len()), (0x300, 72));
    assert_eq!((entry.severity(), entry.section_type()), (Severity::CORRECTED, SectionTypeId::MEMORY));
    assert_eq!(entry.decode::<MemoryError>().unwrap().unwrap().card(), Some(2));
    assert!(entry.decode::<section::PcieError>().is_none());
    assert_eq!(block.header().status(), BlockStatus::CORRECTABLE_VALID);
    assert_eq!((block.severity(), block.header().data_length()), (Severity::CORRECTED, 152));
}

#[test]
fn a_short_section_is_its_own_error() {
    let bytes = data("gesb/bad-short-mem.gesb");
    let block = StatusBlock::parse(&bytes).unwrap();
    let error = entries(&block)[0].body().unwrap_err();
    assert_eq!(error.to_string(), "section 0 at offset 92: memory error needs 73 bytes, 40 available");
    assert!(block.to_string().contains("memory error needs 73 bytes"));
    assert_eq!(entries(&block)[0].bytes().len(), 40);
}

#[test]
fn an_entry_that_the_block_ends_in_is_given_as_far_as_it_goes() {
    let bytes = data("gesb/bad-short-mem.gesb");
    let whole = StatusBlock::parse(&bytes).unwrap();
    assert!(whole.cut_entry().is_none());
    let (header, payload) = (20 + entries(&whole)[0].header_bytes().len(), entries(&whole)[0].bytes());
    for length in 20..header + payload.len() {
        let block = StatusBlock::parse(&bytes[..length]).unwrap();
        let cut = block.cut_entry().map(|entry| (entry.section_type(), entry.bytes()));
        let expected = (length >= header).then(|| (SectionTypeId::MEMORY, &payload[..length - header]));
        assert_eq!(cut, expected, "{length} bytes");
    }
}

#[test]
fn bytes_behind_a_section_of_fixed_size_are_told() {
    let bytes = data("gesb/dmar-generic.gesb");
    let block = StatusBlock::parse(&bytes).unwrap();
    let entry = entries(&block)[0];
    assert_eq!(entry.body().unwrap().trailing().len(), 128 - 32);
    assert!(entry.to_string().contains("\n  trailing 96 bytes\n"), "{entry}");
    let mut bytes = data("gesb/pcie-ue.gesb");
    bytes.truncate(20 + 72 + 208);
    let block = StatusBlock::parse(&bytes).unwrap();
    assert!(!block.to_string().contains("trailing"));
}

#[test]
fn raw_data_lies_behind_the_entries_or_not_at_all() {
    let bytes = data("gesb/raw-data.gesb");
    let block = StatusBlock::parse(&bytes).unwrap();
    assert_eq!(block.raw_data().unwrap().unwrap(), &bytes[172..187]);
    assert_eq!((bytes.len(), block.check()), (187, Ok(())));
    let with = |offset: u32, length: u32| {
        let mut bytes = bytes.clone();
        bytes[4..8].copy_from_slice(&offset.to_le_bytes());
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    // Raw data that would lie among the entries: Linux refuses the block; its entries are there all the same.
    for offset in [0, 19, 20, 171] {
        let bytes = with(offset, 4);
        let block = StatusBlock::parse(&bytes).unwrap();
        assert_eq!(
            block.check().unwrap_err().to_string(),
            format!("offset 4: end of the data entries is 172, at most {offset} fit")
        );
        assert_eq!(entries(&block).len(), 1);
    }
    for (offset, length) in [(172, 16), (172, u32::MAX), (u32::MAX, u32::MAX), (0x8000_0000, 0x8000_0000)] {
        let bytes = with(offset, length);
        let block = StatusBlock::parse(&bytes).unwrap();
        assert!(block.raw_data().unwrap().is_err());
        assert_eq!(block.missing(), u64::from(offset) + u64::from(length) - 187);
        assert_eq!((block.check(), entries(&block).len()), (Ok(()), 1), "Linux does not look");
        assert!(block.to_string().contains("raw data length is"));
    }
    let bytes = with(u32::MAX, 0);
    assert!(StatusBlock::parse(&bytes).unwrap().raw_data().is_none());
}

#[test]
fn the_shortest_entry_is_one_and_less_is_none() {
    let mut bytes = [0; 84];
    let check = |bytes: &mut [u8], length: u8| {
        bytes[12] = length;
        StatusBlock::parse(bytes).unwrap().check().map_err(|error| error.to_string())
    };
    assert_eq!(check(&mut bytes, 64), Ok(()));
    assert_eq!(check(&mut bytes, 0), Ok(()));
    for length in [1, 63] {
        let expected = format!("offset 12: data entry needs 64 bytes, {length} available");
        assert_eq!(check(&mut bytes, length), Err(expected));
    }
}

#[test]
fn what_is_missing_is_told_and_nothing_else() {
    let bytes = data("gesb/mem-v100-fru.gesb");
    let text = |bytes: &[u8]| StatusBlock::parse(bytes).unwrap().to_string();
    assert!(!text(&bytes).contains("missing"));
    assert!(text(&bytes[..bytes.len() - 1]).contains("missing bytes           1\n"));
    let entry = GenericErrorData::new(Severity::CORRECTED).with_fru_id(Guid::from_bytes([3; 16])).to_string();
    assert!(entry.contains("\nseverity                corrected (2)\n"), "{entry}");
    assert!(entry.contains("\nfru id                  03030303-0303-0303-0303-030303030303\n"), "{entry}");
}

#[test]
fn lengths_that_wrap_around_end_the_walk() {
    let bytes = data("gesb/mem-v201.gesb");
    for length in [0xffff_ffc0u32, 0xffff_ffff, 0xffff_ff80, 0x7fff_ffff, 81] {
        let mut bytes = bytes.clone();
        bytes[20 + 24..20 + 28].copy_from_slice(&length.to_le_bytes());
        let block = StatusBlock::parse(&bytes).unwrap();
        let all: Vec<_> = block.entries().take(10).collect();
        assert_eq!(all.len(), 1);
        assert_eq!(
            all[0].as_ref().unwrap_err().to_string(),
            format!("section 0 at offset 44: error data length is {length}, at most 80 fit")
        );
        assert_eq!(block.check().unwrap_err(), *all[0].as_ref().unwrap_err());
    }
    for length in [0xffff_ffc0u32, 0xffff_ffec, 0xffff_ffff] {
        let mut bytes = bytes.clone();
        bytes[12..16].copy_from_slice(&length.to_le_bytes());
        let block = StatusBlock::parse(&bytes).unwrap();
        assert_eq!(block.missing(), u64::from(length) + 20 - bytes.len() as u64);
        assert_eq!(block.entries().take(10).count(), 1);
        assert!(block.check().is_err());
    }
}

/// Linux's `cper_estatus_check` told again, to compare with: header rules, then a walk that must fill the length.
fn linux_takes(bytes: &[u8]) -> bool {
    let word = |at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    let (raw_offset, raw_length, data_length) = (word(4), word(8), word(12));
    if (data_length != 0 && data_length < 64) || (raw_length != 0 && raw_offset < 20 + data_length) {
        return false;
    }
    let (mut at, end) = (20, 20 + data_length);
    while at < end {
        if end - at < 64 || end > bytes.len() as u64 {
            return false;
        }
        let place = usize::try_from(at).unwrap();
        let header = if bytes[place + 21] >= 3 { 72 } else { 64 };
        at += header;
        if at > end {
            return false;
        }
        at += word(place + 24);
    }
    at == end
}

#[test]
fn a_flip_of_any_bit_is_judged_as_linux_does_and_shows() {
    for name in ["mem-v100-fru", "mem-full-v23", "raw-data"] {
        let bytes = data(&format!("gesb/{name}.gesb"));
        let shown = |bytes: &[u8]| {
            let block = StatusBlock::parse(bytes).unwrap();
            let entries: Vec<_> =
                block.entries().map(|entry| entry.map(|entry| (entry, entry.body()))).collect();
            (format!("{block:?} {entries:?} {:?}", block.raw_data()), block.check().is_ok())
        };
        let (whole, taken) = shown(&bytes);
        assert!(taken && linux_takes(&bytes));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let (text, taken) = shown(&flipped);
            assert_ne!(text, whole, "{name}: bit {bit}");
            assert_eq!(taken, linux_takes(&flipped), "{name}: bit {} of byte {}", bit % 8, bit / 8);
        }
    }
}

/// Three entries of all header forms, and raw data.
fn three_entries(out: &mut [u8]) -> Result<&[u8], Error> {
    let memory = MemoryError::new().with_physical_address(0x1234_5000);
    let fru = FruText::new(b"DIMM_A1").unwrap();
    let mut writer = StatusBlockWriter::new(out, Severity::FATAL)?;
    writer.entry(
        &GenericErrorData::new(Severity::FATAL)
            .with_fru_text(fru)
            .with_fru_id(Guid::from_bytes([3; 16]))
            .with_flags(SectionFlags::PRIMARY | SectionFlags::LATENT)
            .with_timestamp(Timestamp::new(2026, 11, 22, 7, 8, 26).precise()),
        &memory,
    )?;
    writer.entry(
        &GenericErrorData::new(Severity::CORRECTED).with_revision(GenericErrorData::REVISION_2),
        &memory.with_memory_error_type(MemoryErrorType::PARITY),
    )?;
    let vendor = GenericErrorData::new(Severity::INFORMATIONAL).with_revision(0x0100);
    writer.entry_bytes(SectionTypeId::NVIDIA, &vendor, b"odd")?;
    writer.raw_data(b"raw")?;
    writer.finish().map(|block| &*block)
}

const THREE: usize = 20 + 72 + 80 + 64 + 80 + 64 + 3 + 3;

#[test]
fn values_survive_writing_and_every_byte_is_written() {
    let (mut a, mut b) = ([0xa5; 512], [0x5a; 512]);
    let bytes = three_entries(&mut a).unwrap().to_vec();
    assert_eq!(three_entries(&mut b).unwrap(), bytes, "a byte was left as it was");
    assert!(a[bytes.len()..].iter().all(|byte| *byte == 0xa5), "wrote past the block");
    assert_eq!(bytes.len(), THREE);
    let block = StatusBlock::parse(&bytes).unwrap();
    let header = block.header();
    assert_eq!(header.block_status(), 0x33);
    assert_eq!(header.status(), BlockStatus::UNCORRECTABLE_VALID | BlockStatus::CORRECTABLE_VALID);
    assert_eq!((header.entry_count(), header.data_length()), (3, THREE as u32 - 23));
    assert_eq!((header.raw_data_offset(), header.raw_data_length()), (THREE as u32 - 3, 3));
    assert_eq!((block.severity(), block.check()), (Severity::FATAL, Ok(())));
    assert_eq!(block.raw_data(), Some(Ok(&b"raw"[..])));
    let all = entries(&block);
    let first = all[0].header();
    assert_eq!(
        (first.fru_id(), first.fru_text().unwrap().text()),
        (Some(Guid::from_bytes([3; 16])), &b"DIMM_A1"[..])
    );
    assert_eq!(first.flags(), SectionFlags::PRIMARY | SectionFlags::LATENT);
    assert_eq!(first.timestamp().unwrap().to_string(), "2026-11-22 07:08:26");
    assert_eq!(
        (first.revision(), first.validation()),
        (0x300, DataEntryValidation::all() & DataEntryValidation::from_bits_retain(7))
    );
    assert_eq!(all.iter().map(|entry| entry.header_bytes().len()).collect::<Vec<_>>(), [72, 64, 64]);
    assert_eq!(all.iter().map(DataEntry::number).collect::<Vec<_>>(), [0, 1, 2]);
    let Body::Memory(memory) = all[1].body().unwrap() else { panic!("not a memory section") };
    assert_eq!(memory.memory_error_type(), Some(MemoryErrorType::PARITY));
    assert_eq!((all[2].bytes(), all[2].section_type()), (&b"odd"[..], SectionTypeId::NVIDIA));
    assert_eq!(rebuilt(&block), bytes);
}

#[test]
fn status_bits_follow_from_the_entries() {
    let status = |severities: &[Severity]| {
        let mut out = [0xa5; 512];
        let mut writer = StatusBlockWriter::new(&mut out, Severity::FATAL).unwrap();
        for severity in severities {
            writer.entry_bytes(SectionTypeId::MEMORY, &GenericErrorData::new(*severity), &[]).unwrap();
        }
        StatusBlock::parse(writer.finish().unwrap()).unwrap().header().block_status()
    };
    let (fatal, recoverable) = (Severity::FATAL, Severity::RECOVERABLE);
    assert_eq!(status(&[]), 0);
    assert_eq!(status(&[Severity::INFORMATIONAL]), 0x10);
    assert_eq!(status(&[fatal]), 0x11);
    assert_eq!(status(&[fatal, recoverable]), 0x25);
    assert_eq!(status(&[Severity::CORRECTED]), 0x12);
    assert_eq!(status(&[Severity::CORRECTED, Severity::CORRECTED]), 0x2a);
    assert_eq!(status(&[fatal, Severity::CORRECTED, recoverable, Severity::CORRECTED]), 0x4f);
}

#[test]
fn a_block_is_none_until_it_is_finished() {
    let mut out = [0xa5; 256];
    let mut writer = StatusBlockWriter::new(&mut out, Severity::FATAL).unwrap();
    writer.entry_bytes(SectionTypeId::MEMORY, &GenericErrorData::new(Severity::FATAL), b"abc").unwrap();
    assert_eq!(out[..20], [0; 20], "status 0: no error");
}

#[test]
fn too_small_a_buffer_says_how_much_and_keeps_the_block_so_far() {
    for length in 0..THREE {
        let mut out = vec![0xa5; length];
        let error = three_entries(&mut out).unwrap_err();
        let ErrorKind::BufferTooSmall { needed, available } = error.kind() else { panic!("{error}") };
        assert!(
            needed as usize > length && needed as usize <= THREE && available as usize == length,
            "{error}"
        );
    }
    let mut out = [0xa5; 20 + 72 + 3 + 80];
    let mut writer = StatusBlockWriter::new(&mut out, Severity::FATAL).unwrap();
    writer.entry_bytes(SectionTypeId::MEMORY, &GenericErrorData::new(Severity::FATAL), b"abc").unwrap();
    let header = GenericErrorData::new(Severity::FATAL);
    let error = writer.entry_bytes(SectionTypeId::MEMORY, &header, &[0; 9]).unwrap_err();
    assert_eq!(error.to_string(), "offset 95: buffer too small: 176 bytes needed, 175 given");
    assert!(writer.raw_data(&[0; 81]).is_err());
    writer.raw_data(&[7; 80]).unwrap();
    let after = writer.raw_data(&[1]).unwrap_err();
    assert_eq!(after.to_string(), "offset 175: raw data is the last part of a status block");
    assert_eq!(writer.entry_bytes(SectionTypeId::MEMORY, &header, b"").unwrap_err(), after);
    let block = StatusBlock::parse(writer.finish().unwrap()).unwrap();
    assert_eq!((block.entries().count(), block.raw_data()), (1, Some(Ok(&[7u8; 80][..]))));
}

#[test]
fn a_block_is_full_at_1023_entries() {
    let mut out = vec![0xa5; 20 + 1024 * 64];
    let mut writer = StatusBlockWriter::new(&mut out, Severity::CORRECTED).unwrap();
    let header = GenericErrorData::new(Severity::CORRECTED).with_revision(GenericErrorData::REVISION_2);
    for _ in 0..1023 {
        writer.entry_bytes(SectionTypeId::MEMORY, &header, &[]).unwrap();
    }
    let error = writer.entry_bytes(SectionTypeId::MEMORY, &header, &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge { what: "entry count" });
    let block = StatusBlock::parse(writer.finish().unwrap()).unwrap();
    assert_eq!((block.header().entry_count(), block.entries().count()), (1023, 1023));
    assert_eq!(block.header().status(), BlockStatus::CORRECTABLE_VALID | BlockStatus::MULTIPLE_CORRECTABLE);
}

#[test]
fn truncation_at_every_length_keeps_what_is_there() {
    let mut out = [0; 512];
    let bytes = three_entries(&mut out).unwrap();
    let ends = [20 + 72 + 80, 20 + 72 + 80 + 64 + 80, THREE - 3];
    for length in 0..bytes.len() {
        let Ok(block) = StatusBlock::parse(&bytes[..length]) else {
            assert!(length < 20);
            continue;
        };
        assert_eq!(block.missing(), (bytes.len() - length) as u64);
        let good = block.entries().flatten().count();
        assert_eq!(good, ends.iter().filter(|end| **end <= length).count(), "at {length}");
        assert!(block.entries().count() <= good + 1);
        assert_eq!(block.check().is_ok(), length >= THREE - 3);
        assert!(block.raw_data().unwrap().is_err());
    }
}

#[test]
fn an_entry_becomes_a_record_and_an_entry_again() {
    let mut out = [0; 512];
    let bytes = three_entries(&mut out).unwrap();
    for entry in entries(&StatusBlock::parse(bytes).unwrap()) {
        let mut buffer = [0xa5; 512];
        let header = entry.record_header(NotificationType::CPE).with_record_id(7);
        let record = Record::parse(entry.encode_record(&header, &mut buffer).unwrap()).unwrap();
        assert_eq!((record.severity(), record.record_id()), (entry.severity(), 7));
        assert_eq!(record.header().timestamp(), entry.header().timestamp());
        let section = record.sections().next().unwrap().unwrap();
        assert_eq!((section.section_type(), section.bytes()), (entry.section_type(), entry.bytes()));
        assert_eq!(section.severity(), entry.severity());
        assert_eq!(section.descriptor().flags(), entry.header().flags());
        assert_eq!(section.descriptor().fru_id(), entry.header().fru_id());
        assert_eq!(section.descriptor().fru_text(), entry.header().fru_text());
        assert_eq!(section.descriptor().revision(), SectionDescriptor::REVISION);

        let mut buffer = [0x5a; 512];
        let mut writer = StatusBlockWriter::new(&mut buffer, entry.severity()).unwrap();
        let header = GenericErrorData::from_descriptor(section.descriptor());
        let header = record.header().timestamp().map_or(header, |time| header.with_timestamp(time));
        writer.entry_bytes(section.section_type(), &header, section.bytes()).unwrap();
        let block = StatusBlock::parse(writer.finish().unwrap()).unwrap();
        let again = entries(&block)[0];
        // A descriptor does not say which revision the entry was; the newest is written.
        assert_eq!(again.header(), entry.header().with_revision(GenericErrorData::REVISION_3));
        assert_eq!(again.bytes(), entry.bytes());
    }
}

#[test]
fn a_boot_error_region_gives_what_linux_printed() {
    let bytes = data("bert/bert-region.bin");
    let text = String::from_utf8(data("bert/bert-region.txt")).unwrap();
    let blocks: Vec<_> = StatusBlocks::new(&bytes).collect();
    let mut at = 0;
    for (offset, block) in &blocks {
        assert_eq!(*offset, at);
        at += block.as_bytes().len();
        // The writer of the region set a status bit for an entry that is informational; the rest is as we write it.
        let own = if block.severity() == Severity::INFORMATIONAL { 4 } else { 0 };
        assert_eq!(rebuilt(block)[own..], block.as_bytes()[own..], "at {offset}");
    }
    // Linux prints the first five blocks shorter than 1024 bytes.
    let printed: Vec<_> = blocks.iter().filter(|(_, block)| block.as_bytes().len() < 1024).take(5).collect();
    let expected: Vec<_> = printed.iter().flat_map(|(_, block)| kernel_block(block)).collect();
    assert!(expected.iter().filter(|line| line.is_some()).count() > 30);
    let lines: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("[Hardware Error]: ")).collect();
    assert_printed("bert-region", &expected, &lines);
    let total = format!("BERT: Total records found: {}", blocks.len());
    assert!(text.contains(&total), "{total}");

    // After it printed them Linux clears the blocks' status; the entries are still there.
    let cleared = data("bert/sysfs-data-BERT-after-boot.bin");
    let after: Vec<_> = StatusBlocks::new(&cleared).collect();
    assert_eq!(after.len(), blocks.len());
    for ((_, block), (_, cleared)) in blocks.iter().zip(&after) {
        assert_eq!(cleared.header().block_status(), 0);
        assert_eq!(block.as_bytes()[4..], cleared.as_bytes()[4..]);
    }
}

#[test]
fn a_region_ends_at_zeros_and_where_it_is_cut() {
    let mut out = [0; 512];
    let block = three_entries(&mut out).unwrap();
    let region = [block, block, &[0; 100], block].concat();
    let offsets = |region: &[u8]| StatusBlocks::new(region).map(|(offset, _)| offset).collect::<Vec<_>>();
    assert_eq!(offsets(&region), [0, THREE]);
    assert_eq!(offsets(&region[..THREE + 19]), [0]);
    assert_eq!(offsets(&region[..THREE + 20]), [0, THREE]);
    let (_, cut) = StatusBlocks::new(&region[..THREE + 30]).last().unwrap();
    assert_eq!((cut.as_bytes().len(), cut.missing()), (30, THREE as u64 - 30));
    assert_eq!(offsets(&[]), [0usize; 0]);
    // Each block is 20 bytes at least: a region of ones ends.
    assert_eq!(offsets(&[0xff; 4096]), [0]);
    assert!(StatusBlocks::new(&[1, 0, 0, 0].repeat(100)).count() <= 400 / 20);
}

fn arbitrary_entry() -> impl Strategy<Value = (GenericErrorData, Vec<u8>)> {
    let kinds = SectionTypeId::ALL.len();
    let revision = prop_oneof![Just(0x100), Just(0x201), Just(0x300), any::<u16>()];
    (
        any::<u32>(),
        revision,
        any::<[u8; 2]>(),
        any::<[[u8; 16]; 2]>(),
        any::<[u8; 20]>(),
        0..kinds + 8,
        vec(any::<u8>(), 0..300),
    )
        .prop_map(|(severity, revision, [validation, flags], [fru, guid], text, kind, payload)| {
            let mut header = GenericErrorData::new(Severity::new(severity)).with_revision(revision);
            let section_type = SectionTypeId::ALL
                .get(kind)
                .map_or(SectionTypeId::new(Guid::from_bytes(guid)), |(known, _)| *known);
            header.set_section_type(section_type);
            header.set_flags(SectionFlags::from_bits_retain(flags.into()));
            header.set_fru_id(Guid::from_bytes(fru));
            header.set_fru_text(FruText::from_bytes(text));
            if header.header_len() == 72 {
                let seconds = u64::from_le_bytes(fru[..8].try_into().unwrap());
                header.set_timestamp(Timestamp::from_linux_seconds(seconds));
            }
            header.set_validation(DataEntryValidation::from_bits_retain(validation));
            (header, payload)
        })
}

proptest! {
    #[test]
    fn blocks_of_any_entries_are_read_as_written(
        all in vec(arbitrary_entry(), 0..6),
        raw in proptest::option::of(vec(any::<u8>(), 1..40)),
        severity in any::<u32>(),
    ) {
        let mut out = vec![0xa5; 4096];
        let mut writer = StatusBlockWriter::new(&mut out, Severity::new(severity)).unwrap();
        for (header, payload) in &all {
            writer.entry_bytes(header.section_type(), header, payload).unwrap();
        }
        if let Some(raw) = &raw {
            writer.raw_data(raw).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let block = StatusBlock::parse(bytes).unwrap();
        prop_assert_eq!(block.check(), Ok(()));
        prop_assert!(linux_takes(bytes));
        prop_assert_eq!(block.severity().raw(), severity);
        prop_assert_eq!(block.raw_data().map(Result::unwrap), raw.as_deref());
        let read = entries(&block);
        prop_assert_eq!(read.len(), all.len());
        for (entry, (header, payload)) in read.iter().zip(&all) {
            let mut expected = *header;
            expected.set_error_data_length(payload.len() as u32);
            prop_assert_eq!(entry.header(), expected);
            prop_assert_eq!(entry.bytes(), &payload[..]);
        }
        prop_assert_eq!(rebuilt(&block), bytes);
    }

    #[test]
    fn any_bytes_are_read_in_bounded_time_and_text(bytes in vec(any::<u8>(), 0..700), length in 0..700u32) {
        let mut bytes = bytes;
        if let Some(field) = bytes.get_mut(12..16) {
            field.copy_from_slice(&length.to_le_bytes());
        }
        for (_, block) in StatusBlocks::new(&bytes) {
            prop_assert!(block.entries().count() <= block.as_bytes().len() / 64 + 1);
            prop_assert_eq!(block.check().is_ok(), linux_takes(block.as_bytes()));
            prop_assert!(block.to_string().len() < 4096 + 40 * block.as_bytes().len());
        }
    }

    #[test]
    fn records_of_any_sections_are_read_as_written(
        all in vec(arbitrary_entry(), 0..6),
        id in any::<u64>(),
    ) {
        let header = RecordHeader::fatal(NotificationType::MCE).with_record_id(id);
        let sections = all.iter().map(|(entry, payload)| (entry.descriptor(), &payload[..]));
        let mut out = vec![0xa5; 4096];
        let mut writer = RecordWriter::new(&mut out, &header).unwrap();
        for (descriptor, payload) in sections.clone() {
            writer.section_bytes(descriptor.section_type(), &descriptor, payload).unwrap();
        }
        let bytes = &*writer.finish().unwrap();
        let record = Record::parse(bytes).unwrap();
        prop_assert_eq!((record.record_id(), record.missing()), (id, 0));
        let read: Vec<_> = record.sections().map(Result::unwrap).collect();
        prop_assert_eq!(read.len(), all.len());
        for (section, (descriptor, payload)) in read.iter().zip(sections) {
            let mut expected = descriptor;
            expected.set_section_offset(section.descriptor().section_offset());
            expected.set_section_length(payload.len() as u32);
            prop_assert_eq!(*section.descriptor(), expected);
            prop_assert_eq!(section.bytes(), payload);
            let _ = section.body();
        }
        let mut again = vec![0x5a; 4096];
        prop_assert_eq!(record.relayout(&mut again).unwrap(), bytes);
        prop_assert!(record.to_string().len() < 8192 + 100 * bytes.len());
    }
}
