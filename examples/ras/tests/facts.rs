//! What is shown as a fact is one: times by the encoding that they are in, addresses and numbers that are valid, and
//! no register left out because a count says so.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{ras, ras_json};
use cper::section::vendor::{
    AmperePayload, AmpereRasNode, AmpereSpecificError, NvidiaContext, NvidiaDataType, NvidiaEventHeader,
    NvidiaEventParts, NvidiaInfo, WindowsBankStatus, WindowsCpuVendor, WindowsFurtherBank,
    WindowsFurtherBanks, WindowsGlobalCapability, WindowsXpfMcaHeader, WindowsXpfMcaParts,
};
use cper::section::{
    AerCapability, ArmContext, ArmContextHeader, ArmContextType, ArmProcessorHeader, ArmProcessorParts,
    ArmSystemRegister, CpuidInfo, DmarVtdError, Encode, Ia32X64Context, Ia32X64ContextType,
    Ia32X64ErrorInformation, Ia32X64ErrorType, Ia32X64Header, Ia32X64Parts, MemoryError, MemoryValidation,
    MrsEncoding, PciComponentErrorHeader, PciComponentErrorParts, PcieError, ProcessorGeneric,
    RegisterDataPair, VtdFaultRecord, VtdFaultSource,
};
use cper::zerocopy::FromZeros;
use cper::{
    CreatorId, FruText, Guid, NotificationType, RecordFlags, RecordHeader, RecordWriter, SectionDescriptor,
    SectionTypeId, Severity,
};

/// A file of a test's own.
fn file(name: &str, bytes: &[u8]) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("facts");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn header() -> RecordHeader {
    header_of(Severity::CORRECTED)
}

fn header_of(severity: Severity) -> RecordHeader {
    RecordHeader::new(severity, NotificationType::CMC)
}

fn record(header: RecordHeader, descriptor: SectionDescriptor, section: &impl Encode) -> Vec<u8> {
    let mut buffer = [0; 4096];
    let mut writer = RecordWriter::new(&mut buffer, &header).unwrap();
    writer.section(&descriptor, section).unwrap();
    writer.finish().unwrap().to_vec()
}

fn primary() -> SectionDescriptor {
    SectionDescriptor::primary(Severity::CORRECTED)
}

fn headline(name: &str, bytes: &[u8]) -> String {
    ras(&["decode", "-q", &file(name, bytes)]).stdout
}

/// A record's eight bytes, who wrote it, what the line says of them, and what JSON and Prometheus have.
#[test]
fn one_reading_of_a_time_is_told_everywhere() {
    let amdgpu = CreatorId::LINUX_AMDGPU;
    let windows = CreatorId::WINDOWS_WHEA;
    let other = CreatorId::new(Guid::from_bytes([7; 16]));
    for (creator, bytes, line, time, seconds) in [
        (
            windows,
            [0x37, 0x33, 9, 0, 4, 9, 0x19, 0x14],
            "2025-09-04 09:51:55 UTC (binary)",
            "2025-09-04T09:51:55Z",
            1_756_979_515,
        ),
        (
            amdgpu,
            [9, 8, 7, 0, 9, 1, 21, 20],
            "2021-01-09 07:08:09 UTC (binary)",
            "2021-01-09T07:08:09Z",
            1_610_176_089,
        ),
        (
            other,
            [0x18, 8, 5, 0, 16, 1, 24, 20],
            "2024-01-16 05:08:24 UTC (binary)",
            "2024-01-16T05:08:24Z",
            1_705_381_704,
        ),
        (
            windows,
            [7, 0x28, 6, 0, 7, 2, 6, 0x15],
            "2106-02-07 06:40:07 UTC (binary)",
            "2106-02-07T06:40:07Z",
            4_294_968_007,
        ),
        (
            other,
            [8, 0x14, 3, 0, 0x19, 1, 0x38, 0x20],
            "2038-01-19 03:14:08 UTC",
            "2038-01-19T03:14:08Z",
            2_147_483_648,
        ),
        (
            other,
            [0, 0, 0, 0, 0x29, 2, 0x24, 0x20],
            "2024-02-29 00:00:00 UTC",
            "2024-02-29T00:00:00Z",
            1_709_164_800,
        ),
        (other, [0, 0, 0, 0, 1, 1, 1, 0], "0001-01-01 00:00:00 UTC", "0001-01-01T00:00:00Z", -62_135_596_800),
        (
            other,
            [0x59, 0x59, 0x23, 0, 0x31, 0x12, 0x99, 0x99],
            "9999-12-31 23:59:59 UTC",
            "9999-12-31T23:59:59Z",
            253_402_300_799,
        ),
        // Linux's seconds.
        (
            CreatorId::LINUX_PSTORE,
            0x1_0000_0000u64.to_le_bytes(),
            "2106-02-07 06:28:16 UTC",
            "2106-02-07T06:28:16Z",
            4_294_967_296,
        ),
        (CreatorId::LINUX_PSTORE, 1u64.to_le_bytes(), "1970-01-01 00:00:01 UTC", "1970-01-01T00:00:01Z", 1),
    ] {
        let header = header().with_creator_id(creator).with_timestamp(cper::zerocopy::transmute!(bytes));
        let path = file("time.cper", &record(header, primary(), &MemoryError::new().with_node(1)));
        let said = ras(&["decode", "-q", &path]).stdout;
        assert!(said.contains(&format!(" \u{b7} {line} \u{b7} ")), "{bytes:x?}: {said}");
        let [event] = &ras_json(&[&path])[..] else { panic!("{bytes:x?}") };
        assert_eq!(event["time"], time, "{bytes:x?}");
        assert_eq!(event["header"]["timestamp"], time, "{bytes:x?}");
        assert_eq!(event["time_encoding"] == "binary", line.ends_with("(binary)"), "{event}");
        assert!(event["time_error"].is_null() && event["time_if_binary"].is_null(), "{event}");
        assert_eq!(last_error(&path), Some(seconds), "{bytes:x?}");
    }
}

/// What Prometheus is told of the last error in a file.
fn last_error(path: &str) -> Option<i64> {
    let metrics = format!("{path}.prom");
    for old in [metrics.clone(), format!("{metrics}.events")] {
        let _ = fs::remove_file(old);
    }
    let run = ras(&["collect", path, "--prometheus", &metrics]);
    assert!(run.stderr.is_empty(), "{}", run.stderr);
    let text = fs::read_to_string(&metrics).unwrap();
    let value = |line: &str| {
        line.strip_prefix("ras_last_error_timestamp_seconds{")?.split(' ').next_back()?.parse().ok()
    };
    text.lines().find_map(value)
}

#[test]
fn a_time_that_does_not_exist_is_no_other_time() {
    for (creator, bytes) in [
        (CreatorId::default(), [0u8, 0, 0, 1, 0x30, 2, 0x24, 0x20]),
        (CreatorId::default(), [0, 0, 0, 0, 0x29, 2, 0, 0x21]),
        (CreatorId::default(), [0x60, 0x59, 0x23, 0, 0x31, 0x12, 0x16, 0x20]),
        (CreatorId::default(), [0x15, 0x1e, 0x10, 0, 0x19, 7, 0x25, 0x20]),
        (CreatorId::default(), [0x1a, 0, 0, 0, 1, 1, 0x24, 0x20]),
        (CreatorId::default(), [0xff; 8]),
        (CreatorId::default(), [0; 8]),
        (CreatorId::default(), [100, 0, 0, 0, 0, 0, 0, 0]),
        (CreatorId::WINDOWS_WHEA, [0, 0, 0, 0, 30, 2, 24, 20]),
        (CreatorId::WINDOWS_WHEA, [0, 0x61, 0, 0, 1, 2, 24, 20]),
        (CreatorId::LINUX_PSTORE, [0, 0, 0, 0, 0xff, 0, 0, 0]),
    ] {
        let header = header().with_creator_id(creator).with_timestamp(cper::zerocopy::transmute!(bytes));
        let path = file("no-time.cper", &record(header, primary(), &MemoryError::new().with_node(1)));
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let error = format!("timestamp {} cannot be read", hex.join(" "));
        let said = ras(&["decode", "-q", &path]).stdout;
        assert!(said.contains(&error) && !said.contains("UTC") && !said.contains("not recorded"), "{said}");
        let [event] = &ras_json(&[&path])[..] else { panic!("{bytes:x?}") };
        assert_eq!(
            (&event["time"], &event["time_error"]),
            (&serde_json::Value::Null, &error.into()),
            "{event}"
        );
        assert_eq!(event["header"]["timestamp"], hex.concat());
        // The flag is told as it lies there.
        assert_eq!(event["header"]["timestamp_precise"], bytes[3] & 1 == 1, "{event}");
        assert_eq!(last_error(&path), None, "{bytes:x?}");
    }
    // Nothing decides: both are told.
    let header = header().with_timestamp(cper::zerocopy::transmute!([8u8, 7, 6, 0, 0x11, 2, 4, 0x16]));
    let path = file("either.cper", &record(header, primary(), &MemoryError::new().with_node(1)));
    let said = ras(&["decode", "-q", &path]).stdout;
    let both = "1604-02-11 06:07:08 UTC (or, if it is binary, 2204-02-17 06:07:08 UTC)";
    assert!(said.contains(both), "{said}");
    assert_eq!(ras_json(&[&path])[0]["time_if_binary"], "2204-02-17T06:07:08Z");
    // Without its validity bit it is not there.
    let bytes = record(header.with_timestamp(cper::Timestamp::default()), primary(), &MemoryError::new());
    let mut clear = bytes.clone();
    clear[16] = 0;
    assert!(headline("clear.cper", &clear).contains("time not recorded"));
}

/// An IA32/X64 processor section as firmware of AMD's servers writes it: an array of model-specific registers.
fn with_registers(msr: u32, registers: &[u64]) -> Vec<u8> {
    let array: Vec<u8> = registers.iter().flat_map(|register| register.to_le_bytes()).collect();
    let contexts = [Ia32X64Context::msrs(msr, &array)];
    let header =
        Ia32X64Header::new().with_local_apic_id(60).with_cpuid_info(CpuidInfo::new(0x00a0_0f11, 0, 0, 0));
    record(header_of(Severity::FATAL), primary(), &Ia32X64Parts::new(header, &[], &contexts).unwrap())
}

const HARDWARE_ASSERTION: u64 = 0xb2a0_0000_0009_0108;
const DECODE_UNIT: u64 = 0x0003_00b0_0000_003c;
/// The registers of a bank from its control on.
const FROM_CONTROL: [u64; 7] =
    [0, HARDWARE_ASSERTION, 0, 0xd010_0000_0000_0000, 0x3_0000_01f9, DECODE_UNIT, 0x4d00_0001];

/// An array may begin with the control register of a bank or with its status, and may hold several banks. A machine
/// check in it has the headline and the row of any other.
#[test]
fn registers_of_a_bank_are_a_machine_check() {
    let error = "bank 3 (decode unit): hardware assertion; context corrupt";
    let bytes = with_registers(0xc000_2030, &FROM_CONTROL);
    let path = file("from-control.cper", &bytes);
    let said = ras(&["decode", "-q", &path]).stdout;
    assert!(said.starts_with("FATAL        machine check on APIC 60, ") && said.contains(error), "{said}");
    // Linux 6.12 takes only those that begin with the status for a machine check.
    let kernel = |path: &str| ras(&["decode", "--format", "kernel", path]).stdout;
    assert!(!kernel(&path).contains("mce: "));
    let from_status = file("from-status.cper", &with_registers(0xc000_2031, &FROM_CONTROL[1..]));
    assert!(ras(&["decode", "-q", &from_status]).stdout.contains(error));
    let said = kernel(&from_status);
    assert!(
        said.contains("mce: [Hardware Error]: CPU -1: Machine Check: 0 Bank 3: b2a0000000090108"),
        "{said}"
    );
    assert!(said.contains("SYND 4d000001 IPID 300b00000003c") && said.contains("APIC 3c"), "{said}");

    let object = &ras_json(&[&path])[0];
    let check = &object["sections"][0]["machine_checks"][0];
    assert_eq!((object["kind"].as_str(), check["bank"].as_u64()), (Some("machine_check"), Some(3)));
    assert_eq!(check["mci_status"], "0xb2a0000000090108");
    assert!(check["cpu"].is_null() && check["mci_addr"].is_null(), "{check}");

    // Two banks of an array with the registers of four, as the others have no valid status; and one that is cut.
    let mut several = [0; 64];
    several[1] = HARDWARE_ASSERTION;
    several[5] = DECODE_UNIT;
    several[49] = HARDWARE_ASSERTION;
    let said = headline("several.cper", &with_registers(0xc000_2000, &several));
    assert!(
        said.contains("bank 0 (decode unit): hardware assertion") && said.contains("; bank 3: "),
        "{said}"
    );
    let cut = headline("cut.cper", &with_registers(0xc000_2051, &[HARDWARE_ASSERTION]));
    assert!(cut.contains("bank 5: "), "{cut}");
    // No status, no machine check; nor other registers.
    for (msr, registers) in
        [(0xc000_2032, &[HARDWARE_ASSERTION][..]), (0x10, &FROM_CONTROL), (0x480, &FROM_CONTROL)]
    {
        let said = headline("none.cper", &with_registers(msr, registers));
        assert!(said.contains("IA32/X64 processor error, APIC 60: "), "{msr:#x}: {said}");
    }
    // The same of an Intel processor.
    let said =
        headline("legacy.cper", &with_registers(0x414, &[0, 0xbe00_0000_0000_0135, 0xdead_b000, 0x8c]));
    assert!(said.contains("bank 5: level 1 data cache") && said.contains("address 0xdeadb000"), "{said}");
}

/// The banks of such an array are rows of rasdaemon's database, on a processor that nobody knows.
#[cfg(feature = "sqlite")]
#[test]
fn registers_of_a_bank_are_a_row() {
    let path = file("bank.cper", &with_registers(0xc000_2030, &FROM_CONTROL));
    let database = file("machine-check.db", b"");
    fs::remove_file(&database).unwrap();
    ras(&["collect", "--sqlite", &database, &path]);
    let database = rusqlite::Connection::open(&database).unwrap();
    let row: (Option<i64>, i64, i64, String) = database
        .query_row("SELECT cpu, bank, apicid, bank_name FROM mce_record", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .unwrap();
    assert_eq!(row, (None, 3, 60, "Decode Unit (bank=3)".to_owned()));
}

/// Where Windows left `MCA_IPID` out, the unit is marked as assumed, and the register stays 0.
#[test]
fn an_assumed_unit_is_told_as_such() {
    let mut machine = windows(0x9820_0000_0002_080b, 0);
    let mut registers = machine.extended_registers();
    registers[0] = 0;
    machine.set_extended_registers(registers);
    let processor = ProcessorGeneric::new().with_cpu_version_info(0x00a2_0f10);
    let mut buffer = [0; 4096];
    let mut writer = RecordWriter::new(&mut buffer, &header()).unwrap();
    writer.section(&primary(), &processor).unwrap();
    writer.section(&SectionDescriptor::new(Severity::CORRECTED), &WindowsXpfMcaParts::new(machine)).unwrap();
    let path = file("assumed.cper", writer.finish().unwrap());
    let said = ras(&["decode", "-q", &path]).stdout;
    assert!(
        said.contains("bank 27 (power, interrupts, etc.): link error; corrected; unit assumed by"),
        "{said}"
    );
    let check = &ras_json(&[&path])[0]["sections"][1]["machine_checks"][0];
    assert!(check["mca_ipid"].is_null() && check["unit"].is_null(), "{check}");
}

/// A Windows machine check of an AMD processor, its count of extended registers 0 as Windows leaves it.
fn windows(status: u64, address: u64) -> WindowsXpfMcaHeader {
    let mut registers = [0; 24];
    (registers[0], registers[1]) = (0x1_002e_0000_0500, 0x5a02_0001);
    WindowsXpfMcaHeader::new()
        .with_version(2)
        .with_cpu_vendor(WindowsCpuVendor::AMD)
        // 2024-11-09 09:55:33.
        .with_timestamp(0x01db_328d_84bf_407f)
        .with_processor_number(5)
        .with_bank_number(27)
        .with_status(WindowsBankStatus::new(status))
        .with_address(address)
        .with_extended_registers(registers)
}

#[test]
fn a_windows_machine_check_says_what_a_struct_mce_says() {
    let file_of = |name: &str, machine| {
        let machine =
            WindowsXpfMcaParts::new(machine).with_global_capability(WindowsGlobalCapability::default());
        file(name, &record(header(), primary(), &machine))
    };
    let path = file_of("xpf.cper", windows(0x9820_0000_0002_080b, 0x1000));
    let said = ras(&["decode", "-q", &path]).stdout;
    assert!(
        said.contains(
            "Windows machine check on CPU 5, bank 27 (power, interrupts, etc.): link error; corrected"
        ),
        "{said}"
    );
    // The header has no time; the section has.
    assert!(said.contains("2024-11-09 09:55:33 UTC") && !said.contains("0x1000"), "{said}");
    let text = ras(&["decode", &path]).stdout;
    for register in
        ["ipid                    0x0001002e00000500", "synd                    0x000000005a020001"]
    {
        assert!(text.contains(register), "{text}");
    }
    assert_eq!(
        ras_json(&[&path])[0]["sections"][0]["fields"]["extended_registers"]["ipid"],
        "0x0001002e00000500"
    );
    // With ADDRV there is an address, if it is one.
    let status = 0x9c20_0000_0002_080b;
    let said = ras(&["decode", "-q", &file_of("addrv.cper", windows(status, 0x1000))]).stdout;
    assert!(said.contains("address 0x1000"), "{said}");
    let said = ras(&["decode", "-q", &file_of("ones.cper", windows(status, u64::MAX))]).stdout;
    assert!(!said.contains("address"), "{said}");
}

#[test]
fn a_section_without_a_valid_field_leads_nothing() {
    let mut buffer = [0; 4096];
    let mut writer = RecordWriter::new(&mut buffer, &header()).unwrap();
    writer.section(&primary(), &MemoryError::new()).unwrap();
    let processor = ProcessorGeneric::new().with_processor_id(11);
    writer.section(&SectionDescriptor::new(Severity::CORRECTED), &processor).unwrap();
    let path = file("empty.cper", writer.finish().unwrap());
    let said = ras(&["decode", "-q", &path]).stdout;
    assert!(said.contains("processor 0xb") && !said.contains("memory"), "{said}");
    let text = ras(&["decode", &path]).stdout;
    assert!(text.ends_with("1 record: 1 corrected processor error.\n"), "{text}");
    assert!(text.contains("section 0: memory error: no field of it is valid"), "{text}");
    let [event] = &ras_json(&[&path])[..] else { panic!("{text}") };
    assert_eq!(event["kind"], "processor");
    assert_eq!(event["summary"], "generic processor error: unknown error, processor 0xb");
    let metrics = format!("{path}.prom");
    for old in [metrics.clone(), format!("{metrics}.events")] {
        let _ = fs::remove_file(old);
    }
    assert_eq!(ras(&["collect", &path, "--prometheus", &metrics]).stderr, "");
    let metrics = fs::read_to_string(metrics).unwrap();
    assert!(metrics.contains("kind=\"processor\"") && !metrics.contains("kind=\"memory\""), "{metrics}");
    // Alone it is what there is. It has a byte: a body of zeros did not reach the store.
    let empty = MemoryError::new().with_node(7).with_validation(MemoryValidation::empty());
    let said = headline("alone.cper", &record(header(), primary(), &empty));
    assert!(said.contains("memory error: no field of it is valid"), "{said}");
}

#[test]
fn all_ones_are_no_value() {
    let memory = MemoryError::new().with_node(u16::MAX).with_card(3).with_physical_address(u64::MAX);
    let said = headline("memory.cper", &record(header(), primary(), &memory));
    assert!(said.contains("memory (card 3):") && !said.contains("address"), "{said}");
    let processor = ProcessorGeneric::new().with_target_address(u64::MAX);
    let said = headline("processor.cper", &record(header(), primary(), &processor));
    assert!(!said.contains("address"), "{said}");
    let mut registers = [0xff; 96];
    let pcie = PcieError::new().with_aer_info(AerCapability::new_zeroed());
    let mut bytes = record(header(), primary(), &pcie);
    let at = bytes.len() - registers.len();
    registers[..4].copy_from_slice(&bytes[at..at + 4]);
    bytes[at..].copy_from_slice(&registers);
    let said = headline("pcie.cper", &bytes);
    assert!(said.contains("AER registers of all ones, the device did not answer"), "{said}");
    // Zero is an address where a bit says so.
    let said =
        headline("zero.cper", &record(header(), primary(), &MemoryError::new().with_physical_address(0)));
    assert!(said.contains("address 0x0"), "{said}");
}

#[test]
fn an_address_of_arm_registers_needs_its_bit() {
    for (status, shown) in [(0u32, false), (1 << 30, false), (1 << 31 | 1 << 30, true)] {
        let node = AmpereRasNode::new().with_status(status).with_address(0x4620_3000);
        let error = AmpereSpecificError::new().with_unit(1).with_payload(AmperePayload::RasNode(&node));
        let said = headline("ampere.cper", &record(header(), primary(), &error));
        assert_eq!(said.contains("0x46203000"), shown, "{status:#x}: {said}");
    }
}

#[test]
fn what_is_cut_of_an_x86_section_is_named() {
    let errors = [Ia32X64ErrorInformation::new(Ia32X64ErrorType::CACHE); 2];
    let parts = Ia32X64Parts::new(Ia32X64Header::new().with_local_apic_id(5), &errors, &[]).unwrap();
    let mut bytes = record(header(), primary(), &parts);
    let whole = headline("x86.cper", &bytes);
    assert!(whole.contains(", APIC 5: cache error, 2 times") && !whole.contains("cut"), "{whole}");
    // The section ends in the second structure.
    let length = bytes.len() - 24;
    bytes.truncate(length);
    bytes[20..24].copy_from_slice(&(length as u32).to_le_bytes());
    bytes[132..136].copy_from_slice(&(64u32 + 64 + 40).to_le_bytes());
    let cut = headline("x86-cut.cper", &bytes);
    assert!(cut.contains(", APIC 5: cache error; error information cut short"), "{cut}");
    let text = ras(&["decode", &file("x86-cut.cper", &bytes)]).stdout;
    assert!(text.contains("error information count is 2, at most 1 fit"), "{text}");
    let trailing = text.lines().find(|line| line.starts_with("trailing "));
    assert!(trailing.is_some_and(|line| line.ends_with(" 40 bytes")), "{text}");
}

#[test]
fn flags_without_a_name_are_shown_and_empty_names_are_not() {
    let flags = RecordFlags::from_bits_retain(0x3a);
    let descriptor = primary().with_fru_text(FruText::new(b"").unwrap());
    let path = file("flags.cper", &record(header().with_flags(flags), descriptor, &MemoryError::new()));
    let text = ras(&["decode", &path]).stdout;
    assert!(text.contains("flags                   previous error, 0x38\n"), "{text}");
    assert!(!text.contains("fru text"), "{text}");
    assert!(ras_json(&[&path])[0]["sections"][0]["fru"].is_null());
}

#[test]
fn all_is_shown_with_v_and_marked_where_it_is_not_valid() {
    let descriptor =
        primary().with_fru_text(FruText::new(b"DIMM_B2").unwrap()).with_fru_id(Guid::from_bytes([0x5a; 16]));
    let memory = MemoryError::new().with_node(1).with_bank(4).with_physical_address(0x1008_0040);
    let mut bytes = record(header(), descriptor, &memory);
    // Neither the unit nor the address is valid, and the node is.
    bytes[128 + 10] = 0;
    let body = bytes.len() - 80;
    bytes[body] &= !2;
    let path = file("denied.cper", &bytes);
    let plain = ras(&["decode", &path]).stdout;
    assert!(!plain.contains("DIMM_B2") && !plain.contains("10080040") && !plain.contains("5a5a"), "{plain}");
    let all = ras(&["decode", "-v", &path]).stdout;
    let (valid, denied) = all.split_once("not valid, as their validity bits are clear:\n").expect(&all);
    let denied = denied.split_once("section at").unwrap().0;
    assert!(valid.contains("node                    1\n") && !valid.contains("10080040"), "{all}");
    for line in
        ["  fru id", "  fru text                DIMM_B2\n", "  physical address        0x0000000010080040\n"]
    {
        assert!(denied.contains(line), "{all}");
    }
    assert!(!denied.contains("node") && denied.lines().count() == 3, "{all}");
    let run = ras(&["decode", "-v", "--format", "json", &path]);
    let event: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let section = &event["sections"][0];
    assert_eq!(section["not_valid"]["physical_address"], "0x0000000010080040");
    assert_eq!(section["not_valid"]["fru_text"], "DIMM_B2");
    assert!(section["fields"]["physical_address"].is_null() && section["fru"].is_null(), "{section}");
    assert!(ras_json(&[&path])[0]["sections"][0]["not_valid"].is_null());
}

/// Real records beside the repository, where they are: what their own machines or tools say of them.
/// What is said of the bytes of a section that no field shows.
fn not_shown(name: &str, section: &impl Encode, patch: &[(usize, u8)]) -> Vec<String> {
    let mut bytes = record(header(), primary(), section);
    let body = bytes.len() - section.encoded_len();
    for (at, byte) in patch {
        bytes[body + at] = *byte;
    }
    let all = ras(&["decode", "-v", &file(name, &bytes)]).stdout;
    let said = all.split_once("stored and not shown by a field").map_or("", |(_, said)| said);
    let lines = said.lines().filter_map(|line| line.trim().strip_prefix("0x")?.split_once("  section 0, "));
    let lines = lines.map(|(at, what)| (usize::from_str_radix(at, 16).unwrap() - body, what));
    lines.map(|(at, what)| format!("{at} {what}")).collect()
}

/// Bytes that a field shows are not among those that none shows, and a field that is not shown has its name, in the
/// structures of lists and in headers too.
#[test]
fn bytes_of_contexts_and_lists_are_shown() {
    let registers = [ArmSystemRegister::new(MrsEncoding::new(0x4005), 0x8100_0200)];
    let contexts = [
        ArmContext::system(&registers),
        ArmContext::with_header(
            ArmContextHeader::new(ArmContextType::AARCH32_GPR).with_version(0x0102),
            &[0x11; 64],
        ),
    ];
    let arm = ArmProcessorParts::new(ArmProcessorHeader::new(), &[], &contexts, &[]).unwrap();
    assert_eq!(not_shown("context.arm", &arm, &[]), [""; 0]);

    let contexts = [
        Ia32X64Context::msrs(0xc000_0080, &[0x11; 16]),
        Ia32X64Context::memory_mapped(0xfed0_0000, &[0x22; 8]),
        Ia32X64Context::new(Ia32X64ContextType::X64_DEBUG, &[0x33; 16]),
    ];
    let x86 = Ia32X64Parts::new(Ia32X64Header::new(), &[], &contexts).unwrap();
    assert_eq!(
        not_shown("context.x86", &x86, &[]),
        ["0 validation bits, not shown as stored: 00 03 00 00 00 00 00 00"]
    );

    let contexts = [NvidiaContext::new(0x0102, NvidiaDataType::OPAQUE, 0x0304, &[0x11; 4])];
    let event = NvidiaEventHeader::new().with_link_id(0x0102_0304);
    let event = NvidiaEventParts::new(event, NvidiaInfo::Unknown(&[]), &contexts).unwrap();
    // The bytes of a reserved field, which are not zero, beside the numbers that writers compute.
    let expected = [
        "1 context count, not shown as stored: 01",
        "34 info size, not shown as stored: 03",
        "35 size, not shown as stored: 20 00 00 00",
        "41 reserved, not shown as stored: 5a 00",
        "47 data size, not shown as stored: 04 00 00 00",
    ];
    assert_eq!(not_shown("context.nvidia", &event, &[(41, 0x5a)]), expected);

    let source = VtdFaultSource::new(0x8102_0304_0506_0708);
    let fault = VtdFaultRecord::new().with_fault_information(0x1234_5000).with_fault_source(source);
    let fault = DmarVtdError::new().with_fault_record(fault);
    assert_eq!(not_shown("fault.vtd", &fault, &[]), [""; 0]);
    // The low bits of its address are reserved.
    let expected = ["48 fault record, not shown as stored: 01 50"];
    assert_eq!(not_shown("fault.vtd", &fault, &[(48, 1)]), expected);

    let pairs = [RegisterDataPair::new(0xfed0_0010, 0x8000_0001), RegisterDataPair::new(3, 4)];
    let pci = PciComponentErrorParts::new(PciComponentErrorHeader::new())
        .with_memory_registers(&pairs[..1])
        .with_io_registers(&pairs[1..]);
    let expected = ["0 validation bits, not shown as stored: 1c 00 00 00 00 00 00 00"];
    assert_eq!(not_shown("pairs.pci", &pci, &[]), expected);

    let bank = WindowsFurtherBank {
        number: 7,
        status: WindowsBankStatus::new(0xbaa0_0000_000c_0135),
        address: 0x1000,
        misc: 0x2000,
    };
    let banks = WindowsFurtherBanks::of(&[bank]).unwrap();
    let windows = WindowsXpfMcaParts::new(WindowsXpfMcaHeader::new()).with_further_banks(&banks);
    assert_eq!(not_shown("banks.windows", &windows, &[]), [""; 0]);
}

#[test]
fn records_of_real_machines() {
    let Some(field) = common::field("") else { return };
    for (name, words, not) in [
        ("windows/Firmware1.cper", "2025-01-08 23:24:15", " at 0x0"),
        ("windows/Memory1.cper", "2025-09-03 10:34:15", " at 0x0"),
        ("windows/Multiple1.cper", "2024-10-24 14:20:20", "memory"),
        ("windows/Multiple2.cper", "2024-11-09 09:55:33", " at 0x0"),
        ("windows/Multiple2.cper", "bank 27 (power, interrupts, etc.): link error", " at 0x0"),
        ("windows/Multiple4.cper", "2025-07-01 02:01:34", " at 0x0"),
        ("windows/UnsupportedSection1.cper", "2024-01-25 21:08:17", "1418"),
        ("windows/crashlog.cper", "2022-01-07 16:46:12", "not recorded"),
        ("windows/amd-cut.cper", "2025-11-14 12:10:35", "not recorded"),
        ("windows/xpf-mca-cut.cper", "2024-10-24 14:20:20", "not recorded"),
        ("windows/zen3-event-19.cper", "bank 27 (power, interrupts, etc.): link error", " at 0x0"),
        ("windows/zen3-event-19.cper", "2026-04-15 19:40:00", "not recorded"),
        (
            "time-binary/bmc-minute-1e.cper",
            "timestamp 15 1e 10 00 19 07 25 20 cannot be read",
            "not recorded",
        ),
        ("time-binary/feb-30.cper", "cannot be read", "UTC"),
        ("severity/memory-corrected-recoverable.bin", "single-bit ECC", "ffffffff"),
        ("severity/memory-corrected-recoverable.bin", "RECOVERABLE", "CORRECTED"),
        ("severity/pcie-informational-fatal.bin", "FATAL", "INFO"),
        ("severity/pcie-recoverable-fatal.bin", "FATAL", "RECOVERABLE"),
        ("amd-smca/milan-bank-3.bin", "bank 3 (decode unit): hardware assertion", " at 0x0"),
        ("amd-smca/milan-bank-5.bin", "bank 5 (execution unit): watchdog timeout", "not decoded"),
        ("amd-smca/DACC_FE.mce", "DACC_FE", "hardware block"),
        ("amd-smca/MPART.mce", "MPART", "hardware block"),
        ("amd-smca/MPASP.mce", "MPASP", "hardware block"),
        ("amd-smca/MPDACC.mce", "MPDACC", "hardware block"),
        ("amd-smca/MPRAS.mce", "MPRAS", "hardware block"),
        ("amd-smca/SSBDCI.mce", "SSBDCI", "hardware block"),
        ("mce/m02-bdx-scrub.mce", "bank 11 (memory channel 2)", "not decoded"),
        ("mce/m02-bdx-scrub.mce", "corrected patrol scrub error", "not decoded"),
        ("mce/m04-hsx-qpi.mce", "bank 20 (QPI 1)", "not decoded"),
        ("mce/m08-skx-iomca.mce", "requester 0000:11:00.0", "not decoded"),
        ("arm/hisi-2017.bin", "cache error, generic error, level 1", "0x2"),
        ("arm/old-bus.bin", "bus error (or cache error", "0x2"),
        ("arm/cache-headline.bin", "data write, level 2", ", 0x2"),
        ("arm/kunpeng-kvm.bin", "cache error, level 1", "0x2"),
        ("dimm/e-npd.bin", "module handle 0x0021", "UTC"),
        ("kernel-log/dmesg-erst-7163286974713823233", "0000:05:00.1", "time not recorded"),
        ("kernel-log/dmesg-erst-7163286974713823240", "Bank 6: bb80000000000e0b", "time not recorded"),
        ("vendor-sections/nvidia-vera.bin", "CCPLEXUCF", "unknown"),
        ("vendor-sections/ampere.bin", "Ampere", " at "),
        ("amdgpu/silent.cper", "2021-01-09 07:08:09", "1415"),
        ("amdgpu/silent2.cper", "2024-01-16 05:08:24", "141"),
        ("amdgpu/runtime.cper", "2026-01-09 14:08:24", "not recorded"),
        ("amdgpu/fatal.cper", "2026-11-27 13:31:42", "not recorded"),
    ] {
        let said = ras(&["decode", "-q", field.join(name).to_str().unwrap()]).stdout;
        // The names of the files are not what is looked at.
        let said = said.replace(field.to_str().unwrap(), "");
        assert!(said.contains(words), "{name}: {said}");
        let lines = said.lines().filter(|line| !line.starts_with("BAD"));
        assert!(lines.clone().count() > 0 && lines.clone().all(|line| !line.contains(not)), "{name}: {said}");
    }
    let text = ras(&["decode", "-v", field.join("windows/Multiple2.cper").to_str().unwrap()]).stdout;
    assert!(text.contains("0x0001002e00000500") && text.contains("0x000000005a020001"), "{text}");
    let text = ras(&["decode", field.join("windows/Multiple1.cper").to_str().unwrap()]).stdout;
    assert!(text.ends_with("1 record: 1 fatal processor error.\n"), "{text}");
}

/// Firmware whose header and section disagree is common. The event is as bad as the worst of both, in every output.
#[test]
fn a_header_and_its_section_make_one_severity() {
    use Severity as S;
    let levels = [
        (S::FATAL, "fatal"),
        (S::RECOVERABLE, "recoverable"),
        (S::CORRECTED, "corrected"),
        (S::INFORMATIONAL, "informational"),
    ];
    for (of_header, (header, _)) in levels.iter().enumerate() {
        for (of_section, (section, _)) in levels.iter().enumerate() {
            let word = levels[of_header.min(of_section)].1;
            let header = RecordHeader::new(*header, NotificationType::CMC);
            let descriptor = SectionDescriptor::primary(*section);
            let bytes = record(header, descriptor, &MemoryError::new().with_node(1));
            let path = file(&format!("severity-{of_header}-{of_section}.cper"), &bytes);
            let label = if word == "informational" { "INFO".into() } else { word.to_uppercase() };
            let said = ras(&["decode", "-q", &path]).stdout;
            assert!(said.starts_with(&label), "{said}");
            let [event] = &ras_json(&[&path])[..] else { panic!("{path}: one event") };
            assert_eq!(event["severity"], word);
            let metrics = format!("{path}.prom");
            for old in [metrics.clone(), format!("{metrics}.events")] {
                let _ = fs::remove_file(old);
            }
            let said = ras(&["collect", &path, "--prometheus", &metrics]).stdout;
            assert!(said.starts_with(&label) && said.contains(&format!("1 {word} memory error")), "{said}");
            let metrics = fs::read_to_string(metrics).unwrap();
            let series: Vec<_> = metrics.lines().filter(|line| line.contains("severity=\"")).collect();
            let same = format!("severity=\"{word}\"");
            assert!(!series.is_empty() && series.iter().all(|line| line.contains(&same)), "{metrics}");
        }
    }
}

/// A section without a line of its own carries no severity away: the line that is shown has the event's.
#[test]
fn the_shown_line_is_as_bad_as_the_event() {
    let unnamed = SectionTypeId::new(Guid::from_bytes([b'U'; 16]));
    for (of_unnamed, zeroed) in
        [Severity::RECOVERABLE, Severity::FATAL].into_iter().flat_map(|of| [(of, false), (of, true)])
    {
        let mut buffer = [0; 1024];
        let mut writer = RecordWriter::for_sections(&mut buffer, &header_of(Severity::FATAL), 2).unwrap();
        writer.section_bytes(unnamed, &SectionDescriptor::primary(of_unnamed), &[]).unwrap();
        writer.section(&primary(), &MemoryError::new().with_node(1)).unwrap();
        let mut bytes = writer.finish().unwrap().to_vec();
        if zeroed {
            bytes[128..200].fill(0);
        }
        let path = file(&format!("unnamed-{}-{zeroed}.cper", of_unnamed.raw()), &bytes);
        let said = ras(&["decode", "-q", &path]).stdout;
        let line = said.lines().find(|line| line.contains("memory"));
        assert!(line.is_some_and(|line| line.starts_with("FATAL")), "{said}");
        let events = ras_json(&[&path]);
        assert!(events.iter().any(|event| event["severity"] == "fatal"), "{events:?}");
    }
}
