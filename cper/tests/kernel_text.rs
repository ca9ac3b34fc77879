//! The text of status blocks against what real kernels printed for them.
#![cfg(feature = "linux")]

use std::fmt::Write;
use std::path::PathBuf;

use cper::section::{Encode, MemoryError};
use cper::{
    GenericErrorData, Guid, KernelArchitecture, KernelText, KernelVersion, SectionTypeId, Severity,
    StatusBlock, StatusBlockWriter, StatusBlocks, Timestamp,
};

fn path(path: &str) -> PathBuf {
    PathBuf::from(format!("{}/../examples/data/{path}", env!("CARGO_MANIFEST_DIR")))
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

/// The printer's lines between the marks of the program that ran it.
fn printed(name: &str) -> String {
    let text = std::fs::read_to_string(path(name)).unwrap();
    let (_, rest) = text.split_once("CPERPRINT BEGIN check=0\n").unwrap();
    rest.split_once("CPERPRINT END").unwrap().0.to_owned()
}

/// Linux 6.1 of the architecture, as it was run.
fn x86(text: KernelText<'_>) -> String {
    text.with_version(KernelVersion::V6_1).with_architecture(KernelArchitecture::X86).to_string()
}

#[test]
fn every_captured_block_is_printed_as_linux_printed_it() {
    let mut compared = 0;
    for entry in std::fs::read_dir(path("gesb")).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "gesb") {
            continue;
        }
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let block = bytes(&format!("gesb/{stem}.gesb"));
        let block = StatusBlock::parse(&block).unwrap();
        assert_eq!(x86(KernelText::new(&block)), printed(&format!("gesb/{stem}.txt")), "{stem}");
        compared += 1;
    }
    assert!(compared >= 30, "{compared} blocks");
}

#[test]
fn an_arm_block_is_printed_as_an_arm_kernel_prints_it() {
    let block = bytes("gesb/arm.gesb");
    let block = StatusBlock::parse(&block).unwrap();
    let expected = printed("gesb/arm.hostoracle-arm64.txt");
    for architecture in [KernelArchitecture::Arm, KernelArchitecture::Any] {
        assert_eq!(KernelText::new(&block).with_architecture(architecture).to_string(), expected);
    }
    let block = bytes("gesb/ia-cache.gesb");
    let block = StatusBlock::parse(&block).unwrap();
    let text = KernelText::new(&block).with_architecture(KernelArchitecture::Arm).to_string();
    assert!(
        text.contains(
            "section type: unknown, dc3ea0b0-a144-4797-b95b-53fa242b6e1d\n  section length: 0x80\n"
        )
    );
}

/// Linux's bert.c: short blocks, five at most, stopping at one that is refused.
#[test]
fn the_boot_error_region_is_printed_as_linux_printed_it() {
    let region = bytes("bert/bert-region.bin");
    let log = std::fs::read_to_string(path("bert/bert-region.txt")).unwrap();
    let mut text = String::from("BERT: Error records from previous boot:\n");
    let (mut shown, mut skipped) = (0, 0);
    for (_, block) in StatusBlocks::new(&region) {
        if block.header().block_status() == 0 || block.check().is_err() {
            break;
        }
        if shown < 5 && block.as_bytes().len() < 1024 {
            shown += 1;
            let block = KernelText::new(&block).with_prefix("[Hardware Error]: ").with_level_bytes(2);
            text += &x86(block);
        } else {
            skipped += 1;
        }
    }
    if skipped > 0 {
        writeln!(text, "BERT: [Hardware Error]: Skipped {skipped} error records").unwrap();
    }
    let bert: String = log
        .lines()
        .skip_while(|line| !line.starts_with("BERT: Error records"))
        .filter(|line| line.contains("[Hardware Error]") || line.starts_with("BERT: Error records"))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_eq!(text, bert);
}

#[test]
fn polled_sources_are_printed_as_linux_printed_them() {
    let mut compared = 0;
    for entry in std::fs::read_dir(path("ghes")).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(stem) = name.strip_suffix(".ghes.txt") else { continue };
        let Ok(block) = std::fs::read(path(&format!("gesb/{stem}.gesb"))) else { continue };
        let log = std::fs::read_to_string(&file).unwrap();
        let first = log.lines().find(|line| line.contains("Generic Hardware Error Source:")).unwrap();
        let (prefix, _) = first.split_once("Hardware error from").unwrap();
        let source = first.rsplit_once(' ').unwrap().1.parse().unwrap();
        let expected: String =
            log.lines().filter(|line| line.starts_with(prefix)).flat_map(|line| [line, "\n"]).collect();
        let block = StatusBlock::parse(&block).unwrap();
        let text = KernelText::new(&block).with_prefix(prefix).with_level_bytes(2).with_ghes_source(source);
        assert_eq!(x86(text), expected, "{stem}");
        compared += 1;
    }
    assert!(compared >= 5, "{compared} texts");
}

fn section(section_type: SectionTypeId, body: &[u8]) -> String {
    KernelText::of_section(section_type, Severity::CORRECTED, body).to_string()
}

#[test]
fn versions_differ_in_aer_registers_and_cxl() {
    let mut pcie = [0; 208];
    pcie[0] = 1 << 7;
    for (number, at) in (0x11u8..).zip((116..156).step_by(4)) {
        pcie[at] = number;
    }
    let aer = "  aer_uncor_status: 0x00000011, aer_uncor_mask: 0x00000012\n  aer_uncor_severity: 0x00000013\n  \
               TLP Header: 00000017 00000018 00000019 0000001a\n";
    let new =
        format!("  section_type: PCIe error\n  aer_cor_status: 0x00000014, aer_cor_mask: 0x00000015\n{aer}");
    assert_eq!(section(SectionTypeId::PCIE, &pcie), new);
    let old = |severity| {
        KernelText::of_section(SectionTypeId::PCIE, severity, &pcie)
            .with_version(KernelVersion::V6_1)
            .to_string()
    };
    assert_eq!(old(Severity::FATAL), format!("  section_type: PCIe error\n{aer}"));
    assert_eq!(old(Severity::INFORMATIONAL), old(Severity::FATAL));
    assert_eq!(old(Severity::CORRECTED), "  section_type: PCIe error\n");
    for (kind, name) in [
        (SectionTypeId::CXL_GENERAL_MEDIA, "CXL General Media Event"),
        (SectionTypeId::CXL_DRAM, "CXL DRAM Event"),
        (SectionTypeId::CXL_MEMORY_MODULE, "CXL Memory Module Event"),
    ] {
        assert_eq!(section(kind, b"x"), format!("  section_type: {name}\n"));
        let old =
            KernelText::of_section(kind, Severity::FATAL, b"x").with_version(KernelVersion::V6_1).to_string();
        let expected = format!("  section length: 0x1\n  00000000: {:<49}x\n", "78");
        assert_eq!(old, format!("  section type: unknown, {}\n{expected}", kind.raw()));
    }
}

#[test]
fn cxl_protocol_errors() {
    let mut body: Vec<u8> = (0..116).collect();
    body[0] = 0x7f;
    body[1..8].fill(0);
    body[8] = 3;
    body[108..112].copy_from_slice(&[4, 0, 88, 0]);
    body.extend([0xd0, 0xd1, 0xd2, 0xd3]);
    body.extend(0x80..0x80 + 88);
    let text = section(SectionTypeId::CXL_PROTOCOL, &body);
    assert!(text.starts_with(
        "  section_type: CXL Protocol Error\n   agent_type: 3, CXL Logical Device\n   agent_address: 1413:12:11.10\n   \
         slot: 1124\n   vendor_id: 0x1918, device_id: 0x1b1a\n   sub_vendor_id: 0x1d1c, sub_device_id: 0x1f1e\n   \
         class_code: 2120\n   lower_dw: 0x2b2a2928, upper_dw: 0x2f2e2d2c\n  00000000: 33323130 37363534 3b3a3938 3f3e3d3c\n"
    ), "{text}");
    assert!(text.contains(
        "   DVSEC length: 0x0004\n   CXL DVSEC:\n  00000000: d3d2d1d0\n   Error log length: 0x0058\n   CXL Error Log:\n   \
         cxl_ras_uncor_status: 0x83828180\n   cxl_ras_uncor_mask: 0x87868584\n   cxl_ras_uncor_severity: 0x8b8a8988\n   \
         cxl_ras_cor_status: 0x8f8e8d8c\n   cxl_ras_cor_mask: 0x93929190\n   cap_control: 0x97969594\n   \
         Header Log Registers:\n  00000000: 9b9a9998 9f9e9d9c a3a2a1a0 a7a6a5a4\n"
    ), "{text}");
    body[8] = 1;
    let text = section(SectionTypeId::CXL_PROTOCOL, &body);
    assert!(text.contains("   rcrb_base_address: 0x1716151413121110\n   DVSEC length"), "{text}");
    assert_eq!(section(SectionTypeId::CXL_PROTOCOL, &body[..115]).lines().count(), 2);
}

#[test]
fn firmware_records_of_each_revision() {
    let mut body: Vec<u8> = (0..34).map(|byte| byte + 0x40).collect();
    body[0] = 1;
    let mut text = |revision| {
        body[1] = revision;
        section(SectionTypeId::FIRMWARE_ERROR_RECORD, &body)
    };
    let front = "  section_type: Firmware Error Record Reference\n  \
                 Firmware Error Record Type: SOC Firmware Error Record Type1 (Legacy CrashLog Support)\n  ";
    assert!(text(0).starts_with(&format!(
        "{front}Revision: 0\n  Record Identifier: 4f4e4d4c4b4a4948\n  00000000: 53525150 "
    )));
    assert!(text(1).starts_with(&format!("{front}Revision: 1\n  00000000: 4b4a4948 ")));
    let guid = "53525150-5554-5756-5859-5a5b5c5d5e5f";
    let end = format!("  00000000: {:<49}`a\n", "60 61");
    assert_eq!(text(2), format!("{front}Revision: 2\n  Record Identifier: {guid}\n{end}"));
    assert_eq!(text(3), format!("{front}Revision: 3\n{end}"));
    assert!(section(SectionTypeId::FIRMWARE_ERROR_RECORD, &[2; 31]).ends_with(
        "  Record Identifier: 02020202-0202-0202-0202-020202020200\n  \
         error section length is too small: offset=32, length=31\n"
    ));
}

#[test]
fn lists_break_at_80_columns() {
    let mut body = [0; 192];
    body[0] = 1 << 2;
    body[10] = 0xff;
    let text = |prefix: &str, level_bytes| {
        KernelText::of_section(SectionTypeId::PROCESSOR_GENERIC, Severity::FATAL, &body)
            .with_prefix(prefix)
            .with_level_bytes(level_bytes)
            .to_string()
            .lines()
            .skip(2)
            .map(|line| line.trim_start_matches(['>', ' ']).to_owned())
            .collect::<Vec<_>>()
    };
    let whole = "cache error, TLB error, bus error, micro-architectural error";
    // The whole list is 60 columns wide, two more are its indent.
    assert_eq!(text(&">".repeat(18), 0), [whole]);
    assert_eq!(text(&">".repeat(19), 0), ["cache error, TLB error, bus error", "micro-architectural error"]);
    assert_eq!(text(&">".repeat(16), 2), [whole]);
    assert_eq!(text(&">".repeat(17), 2), ["cache error, TLB error, bus error", "micro-architectural error"]);
}

#[test]
fn lying_arm_lengths_are_said_as_linux_says_them() {
    let mut body = bytes("sections/arm.proc_arm.sec");
    let mut text = |length: u32| {
        body[8..12].copy_from_slice(&length.to_le_bytes());
        section(SectionTypeId::ARM_PROCESSOR, &body)
    };
    let front = "  section_type: ARM processor error\n  MIDR: 0x00000000410fd083\n  section length: ";
    let end = "\n  firmware-generated error record is incorrect\n  ERR_INFO_NUM is 2\n";
    assert_eq!(text(103), format!("{front}103, CPER size: 372\n  section length is too small{end}"));
    assert_eq!(text(373), format!("{front}373, CPER size: 372\n  section length is too big{end}"));
    assert!(text(111).ends_with(
        "  Context info structure 0:\n   section length is too small\n  firmware-generated error record is incorrect\n"
    ));
    body[8..12].copy_from_slice(&372u32.to_le_bytes());
    body[106] = 9;
    assert!(
        section(SectionTypeId::ARM_PROCESSOR, &body).ends_with("\n   Invalid context type: 9 (max: 8)\n")
    );
    body[106] = 0x0f; // Back to no context at all: everything behind the errors is the vendor's.
    body[6] = 0;
    assert!(
        section(SectionTypeId::ARM_PROCESSOR, &body)
            .contains("  Vendor specific error info has 268 bytes:\n")
    );
}

#[test]
fn arm_bus_errors_and_sets_of_types() {
    let mut body = bytes("sections/arm.proc_arm.sec");
    body[44] = 8;
    body[48..56].copy_from_slice(&0x0f57_f69a_0fffu64.to_le_bytes());
    let text = section(SectionTypeId::ARM_PROCESSOR, &body);
    assert!(text.contains(
        "   error_type: 0x08: bus error\n   error_info: 0x00000f57f69a0fff\n    transaction type: Generic\n    \
         bus error, operation type: Prefetch\n    affinity level at which the bus error occurred: 2\n    \
         processor context corrupted\n    the error has been corrected\n    PC is imprecise\n    \
         Program execution can be restarted reliably at the PC associated with the error.\n    \
         participation type: Generic\n    request timed out\n    address space: Device Memory Access\n    \
         memory access attributes:0x1d5\n    access mode: normal\n"
    ), "{text}");
    body[44] = 0x0f;
    body[48..56].copy_from_slice(&0x1c_0006u64.to_le_bytes()); // operation 7, level 0
    let text = section(SectionTypeId::ARM_PROCESSOR, &body);
    assert!(text.contains(
        "   error_type: 0x0f: cache error|TLB error|bus error with reserved bit(s)\n   error_info: 0x00000000001c0006\n    \
         cache error, operation type: Eviction\n    TLB error, operation type: Local management operation (processor"
    ), "{text}");
    assert!(text.contains("    cache level: 0\n    TLB level: 0\n    affinity level at which the bus error occurred: 0\n   virtual"), "{text}");
    body[44] = 0x10;
    let text = section(SectionTypeId::ARM_PROCESSOR, &body);
    assert!(
        text.contains(
            "   error_type: 0x10: micro-architectural error\n   error_info: 0x00000000001c0006\n   virtual"
        ),
        "{text}"
    );
}

#[test]
fn unknown_x86_errors_and_scalable_mca_banks() {
    let mut body = bytes("sections/ia-all.proc_ia.sec");
    body[64] = 0;
    body[324..328].copy_from_slice(&0xc000_2011u32.to_le_bytes());
    body[322] = 48;
    let text = section(SectionTypeId::IA32_X64_PROCESSOR, &body);
    assert!(text.contains(
        "   Error Structure Type: unknown\n   Error Structure Type: a5570100-e3ef-43de-ac72-249b573fad2c\n   \
         Check Information: 0x00000000149500ff\n   Target Identifier"
    ), "{text}");
    // No kernel but that of the machine itself has another place for the registers, so they are printed.
    let array = text.split_once("   MSR Address: 0xc0002011\n   Register Array:\n").expect(&text).1;
    let array: Vec<_> = array.lines().take_while(|line| line.starts_with("   0")).collect();
    assert_eq!(array.len(), 3, "{text}");
    for (line, registers) in array.iter().zip(body[336..384].chunks(16)) {
        let registers = registers.chunks(8).map(|eight| u64::from_le_bytes(eight.try_into().unwrap()));
        for register in registers {
            assert!(line.contains(&format!("{register:016x}")), "{line} has no {register:x}");
        }
    }
}

#[test]
fn an_x86_error_cut_at_the_end_is_printed_as_far_as_it_goes() {
    let body = bytes("sections/ia-all.proc_ia.sec");
    let whole = section(SectionTypeId::IA32_X64_PROCESSOR, &body);
    let lines: Vec<_> = whole.lines().collect();
    let first = lines.iter().position(|line| line.contains("Error Information Structure 1:")).unwrap();
    let mut shown = 0;
    for length in 128..192 {
        let text = section(SectionTypeId::IA32_X64_PROCESSOR, &body[..length]);
        let count = text.lines().count();
        assert!(count >= shown, "{length} bytes print less than one less");
        shown = count;
        // Nothing is printed that the whole section does not print there.
        assert_eq!(text.lines().collect::<Vec<_>>(), lines[..count], "at {length}");
        assert_eq!(count > first, length >= 144, "at {length}");
        assert_eq!(text.contains(lines[first + 2]), length >= 160, "at {length}");
    }
}

#[test]
fn refused_blocks_and_short_sections_print_what_linux_prints() {
    let mut buffer = [0; 256];
    let mut writer = StatusBlockWriter::new(&mut buffer, Severity::new(0x1_0002)).unwrap();
    let memory =
        MemoryError::new().with_extended_row(0x2_0001).with_chip_id(5).with_bank_group_and_address(1, 2);
    writer.entry(&GenericErrorData::new(Severity::new(9)), &memory).unwrap();
    let mut block = writer.finish().unwrap().to_vec();
    assert_eq!(
        KernelText::new(&StatusBlock::parse(&block).unwrap()).to_string(),
        "It has been corrected by h/w and requires no further action\nevent severity: corrected\n Error 0, type: unknown\n  \
         section_type: memory error\n  bank_group:1 bank_address:2 row:131073 chip_id:5 \n"
    );
    block[12] += 1;
    assert_eq!(KernelText::new(&StatusBlock::parse(&block).unwrap()).to_string(), "");
    let mut old = [0; 80];
    assert!(memory.with_rank(1).encode(&mut old).is_some());
    assert_eq!(
        section(SectionTypeId::MEMORY, &old[..73]),
        "  section_type: memory error\n[Firmware Warn]: valid bits set for fields beyond structure\n"
    );
    assert_eq!(
        section(SectionTypeId::MEMORY, &old[..72]),
        "  section_type: memory error\n[Firmware Warn]: error section length is too small\n"
    );
}

#[test]
fn every_type_of_error_status_has_the_text_of_linux() {
    let known = [
        (1, "Error detected internal to the component"),
        (4, "Storage error in DRAM memory"),
        (5, "Storage error in TLB"),
        (6, "Storage error in cache"),
        (7, "Error in one or more functional units"),
        (8, "Component failed self test"),
        (9, "Overflow or undervalue of internal queue"),
        (16, "Error detected in the bus"),
        (17, "Virtual address not found on IO-TLB or IO-PDIR"),
        (18, "Improper access error"),
        (19, "Access to a memory address which is not mapped to any component"),
        (20, "Loss of Lockstep"),
        (21, "Response not associated with a request"),
        (22, "Bus parity error - must also set the A, C, or D Bits"),
        (23, "Detection of a protocol error"),
        (24, "Detection of a PATH_ERROR"),
        (25, "Bus operation timeout"),
        (26, "A read was issued to data that has been poisoned"),
    ];
    let mut body = [0; 80];
    body[0] = 1;
    for kind in 0..=255 {
        body[9] = kind;
        let name = known.iter().find(|(known, _)| *known == kind).map_or("Reserved", |(_, name)| name);
        let line = format!("   error_status: {name} (0x000000000000{kind:02x}00)\n");
        let text = section(SectionTypeId::MEMORY, &body);
        assert_eq!(text, format!("  section_type: memory error\n{line}"), "{kind}");
    }
}

#[test]
fn times_of_entries_are_told_whatever_their_digits() {
    let text = |time: Timestamp| {
        let mut buffer = [0; 256];
        let mut writer = StatusBlockWriter::new(&mut buffer, Severity::CORRECTED).unwrap();
        let entry = GenericErrorData::new(Severity::CORRECTED).with_timestamp(time);
        writer.entry(&entry, &MemoryError::new()).unwrap();
        let block = writer.finish().unwrap();
        let text = KernelText::new(&StatusBlock::parse(block).unwrap()).to_string();
        text.lines().find(|line| line.contains("tstamp")).unwrap().to_owned()
    };
    let time = Timestamp::new(2024, 6, 17, 12, 34, 56);
    assert_eq!(text(time), " imprecise tstamp: 2024-06-17 12:34:56");
    assert_eq!(text(time.precise()), " precise tstamp: 2024-06-17 12:34:56");
    assert_eq!(text(time.precise().precise()), " precise tstamp: 2024-06-17 12:34:56");
    let no_digits = time.with_century(0xff).with_year(0x1a);
    assert_eq!(text(no_digits), " imprecise tstamp: 16520-06-17 12:34:56");
}

#[test]
fn cxl_addresses_are_of_the_agents_kind() {
    let mut body = [0; 116];
    body[0] = 2; // The address alone is valid.
    let lines = |body: &[u8]| {
        section(SectionTypeId::CXL_PROTOCOL, body).lines().skip(1).collect::<Vec<_>>().join("\n")
    };
    for agent in 0..=8 {
        body[8] = agent;
        let expected = match agent {
            1 => "   rcrb_base_address: 0x0000000000000000",
            8 => "",
            _ => "   agent_address: 0000:00:00.0",
        };
        assert_eq!(lines(&body), expected, "{agent}");
    }
    body[0] = 0;
    for agent in 0..=8 {
        body[8] = agent;
        assert_eq!(lines(&body), "", "{agent}");
    }
}

#[test]
fn x86_counts_operations_and_banks() {
    // One error and no context, with more behind them than they say.
    let ia = bytes("sections/ia-all.proc_ia.sec");
    let checked = |guid: &[u8], operation: u64| {
        let mut body = ia[..64].to_vec();
        body[..8].copy_from_slice(&4u64.to_le_bytes());
        body.extend(guid);
        body.extend(1u64.to_le_bytes());
        body.extend((operation << 18 | 2).to_le_bytes());
        body.extend([0; 32 + 64 * 3]);
        section(SectionTypeId::IA32_X64_PROCESSOR, &body)
    };
    let guid = |text: &str| *Guid::parse_const(text).bytes();
    let cache = guid("a55701f5-e3ef-43de-ac72-249b573fad2c");
    let tlb = guid("fc06b535-5e1f-4562-9f25-0a3b9adb63c3");
    let text = checked(&cache, 0);
    assert_eq!(text.matches("Error Information Structure").count(), 1, "{text}");
    assert!(!text.contains("Context Information"), "{text}");
    for (guid, operation, name) in [
        (&cache, 6, "prefetch"),
        (&cache, 7, "eviction"),
        (&cache, 8, "snoop"),
        (&cache, 9, "unknown"),
        (&tlb, 6, "prefetch"),
        (&tlb, 7, "unknown"),
        (&tlb, 8, "unknown"),
    ] {
        let text = checked(guid, operation);
        assert!(text.contains(&format!("Operation: {operation}, {name}\n")), "{text}");
    }
    // No registers are left out, not those of a scalable bank either.
    for (number, size) in [(0xc000_2011u32, 48u16), (0xc000_2010, 128), (0xc000_2011, 8), (0x2001, 48)] {
        let mut body = ia[..64].to_vec();
        body[..8].copy_from_slice(&(1u64 << 8).to_le_bytes());
        body.extend([1, 0]);
        body.extend(size.to_le_bytes());
        body.extend(number.to_le_bytes());
        body.resize(body.len() + 8 + usize::from(size), 0);
        let text = section(SectionTypeId::IA32_X64_PROCESSOR, &body);
        let (_, array) = text.split_once("Register Array:\n").expect(&text);
        assert_eq!(array.lines().count(), usize::from(size).div_ceil(16), "{number:#x} {size}: {text}");
    }
}

#[test]
fn arm_details_need_their_validity_bits() {
    let arm = bytes("sections/arm.proc_arm.sec");
    let told = |kind: u8, bits: u64, words: &str| {
        let mut body = arm.clone();
        (body[6], body[7]) = (0, 0);
        (body[44], body[76]) = (kind, 0x10);
        body[48..56].copy_from_slice(&bits.to_le_bytes());
        let text = section(SectionTypeId::ARM_PROCESSOR, &body);
        assert!(text.contains(&format!("   error_info: {bits:#018x}\n")), "{text}");
        text.contains(words)
    };
    // The first error alone has details.
    for (kind, valid, value, words) in [
        (2, 6, 28, "can be restarted reliably"),
        (8, 6, 28, "can be restarted reliably"),
        (8, 8, 31, "request timed out"),
    ] {
        assert!(told(kind, 1 << valid | 1 << value, words));
        assert!(!told(kind, 1 << valid, words));
        assert!(!told(kind, 1 << value, words));
    }
    // Errors up to the end are no lie.
    let mut body = arm[..40 + 64].to_vec();
    body[6] = 0;
    body[8..12].copy_from_slice(&104u32.to_le_bytes());
    let text = section(SectionTypeId::ARM_PROCESSOR, &body);
    assert!(!text.contains("incorrect") && text.contains("Error info structure 1:"), "{text}");
}

/// The bytes of a FRU text are the kernel's, and a prefix of any characters stays what it is; of a text in ASCII the
/// bytes and the characters are the same.
#[test]
fn a_fru_text_is_written_byte_by_byte() {
    let mut block = bytes("gesb/mem-v100-fru.gesb");
    let text = std::ops::Range { start: 20 + 44, end: 20 + 64 };
    let written = |block: &[u8]| {
        let parsed = StatusBlock::parse(block).unwrap();
        let text = KernelText::new(&parsed).with_prefix("\u{e9}\u{2713} ");
        let mut bytes = Vec::new();
        text.write_bytes(&mut |piece| bytes.extend_from_slice(piece));
        (bytes, text.to_string())
    };
    let (as_bytes, as_text) = written(&block);
    assert_eq!(as_bytes, as_text.as_bytes());
    block[text].copy_from_slice(&[&(0x80..0x92).collect::<Vec<u8>>()[..], b"\xff\0"].concat());
    let (as_bytes, as_text) = written(&block);
    let line = [" fru_text: ".as_bytes(), &(0x80..0x92).collect::<Vec<u8>>(), b"\xff\n"].concat();
    let line = ["\u{e9}\u{2713} ".as_bytes(), &line].concat();
    assert!(as_bytes.windows(line.len()).any(|bytes| bytes == line), "{}", as_bytes.escape_ascii());
    assert!(as_text.contains(" fru_text: \u{80}\u{81}") && as_text.contains("\u{91}\u{ff}\n"), "{as_text}");
}
