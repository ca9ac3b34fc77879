//! Records that real kernels wrote, and what the kernels and rasdaemon said of them.

use std::collections::BTreeMap;
use std::fs;

use mce_record::{KernelText, Layout, Mce, MceRecord};
use zerocopy::IntoBytes;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data");

fn bytes(path: &str) -> Vec<u8> {
    fs::read(format!("{DATA}/{path}")).unwrap()
}

fn text(path: &str) -> String {
    fs::read_to_string(format!("{DATA}/{path}")).unwrap()
}

/// Hexadecimal with `0x`, or decimal as `SQLite` prints it, which is signed.
fn number(text: &str) -> u64 {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).unwrap(),
        None => u64::from_ne_bytes(text.parse::<i64>().unwrap().to_ne_bytes()),
    }
}

/// `name=0x12` lines.
fn fields(text: &str) -> Vec<(&str, u64)> {
    text.lines()
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name, number(value)))
        .collect()
}

fn raw(mce: &Mce, name: &str) -> u64 {
    match name {
        "status" => mce.status(),
        "misc" => mce.misc(),
        "addr" => mce.addr(),
        "mcgstatus" => mce.mcgstatus(),
        "ip" => mce.ip(),
        "tsc" => mce.tsc(),
        "time" => mce.time(),
        "cpuvendor" => mce.cpuvendor().into(),
        "inject_flags" => mce.inject_flags().into(),
        "severity" => mce.severity().into(),
        "pad" => mce.pad().into(),
        "cpuid" => mce.cpuid().into(),
        "cs" => mce.cs().into(),
        "bank" => mce.bank().into(),
        "cpu" => mce.cpu().into(),
        "finished" => mce.finished().into(),
        "extcpu" => mce.extcpu().into(),
        "socketid" => mce.socketid().into(),
        "apicid" => mce.apicid().into(),
        "mcgcap" => mce.mcgcap(),
        "synd" => mce.synd(),
        "ipid" => mce.ipid(),
        "ppin" => mce.ppin(),
        "microcode" => mce.microcode().into(),
        "kflags" => mce.kflags(),
        _ => panic!("{name}"),
    }
}

/// Every captured `struct mce`: bytes, and the file with its fields.
const CAPTURED: [(&str, &str); 6] = [
    ("mce/mce-intel.mce", "mce/mce-intel.fields.txt"),
    ("mce/mce-amd.mce", "mce/mce-amd.fields.txt"),
    ("records/mce-intel.01-6b02986900000001.sec0", "records/mce-intel.01-6b02986900000001.mce.txt"),
    ("records/mce-amd.01-6b02986000000001.sec0", "records/mce-amd.01-6b02986000000001.mce.txt"),
    ("records/pstore-rm.01-6b02987100000001.sec0", "records/pstore-rm.01-6b02987100000001.mce.txt"),
    ("records/syn.03-1122334455660003.sec0", "records/syn.03-1122334455660003.mce.txt"),
];

#[test]
fn captured_records_have_their_fields() {
    for (record, listed) in CAPTURED {
        let bytes = bytes(record);
        let parsed = MceRecord::parse(&bytes).unwrap();
        assert_eq!(parsed.layout(), Layout::Size128, "{record}");
        assert_eq!(parsed.mce().as_bytes(), bytes, "{record}");
        let listed = text(listed);
        let listed = fields(&listed);
        assert_eq!(listed.len(), 25, "{record}");
        for (name, value) in listed {
            assert_eq!(raw(parsed.mce(), name), value, "{record} {name}");
        }
    }
}

/// The kernel's lines for the record, without time stamps and the symbol behind the instruction pointer.
fn kernel_lines(path: &str) -> Vec<String> {
    let strip = |line: &str| {
        let (_, line) = line.split_once("] ").unwrap();
        let line = line.split_once('{').map_or(line, |(before, _)| before);
        line.to_string()
    };
    text(path).lines().map(strip).collect()
}

#[test]
fn captured_records_print_as_the_kernel_did() {
    for name in ["mce-intel", "mce-amd"] {
        let bytes = bytes(&format!("mce/{name}.mce"));
        let record = MceRecord::parse(&bytes).unwrap();
        let printed = KernelText::new(&record).prefix(KernelText::PREFIX).panic(true).to_string();
        assert_eq!(
            printed.lines().collect::<Vec<_>>(),
            kernel_lines(&format!("mce/{name}.kernel.txt")),
            "{name}"
        );
    }
}

/// A record with the columns of a rasdaemon row or the fields of a tracepoint.
fn record_of(row: &BTreeMap<String, String>) -> Mce {
    let get = |name: &str| row.get(name).map_or(0, |value| number(value));
    Mce::new()
        .with_status(get("status"))
        .with_misc(get("misc"))
        .with_addr(get("addr"))
        .with_mcgstatus(get("mcgstatus"))
        .with_ip(get("ip"))
        .with_tsc(get("tsc"))
        .with_time(get("walltime"))
        .with_cpuvendor(get("cpuvendor") as u8)
        .with_cpuid(get("cpuid") as u32)
        .with_cs(get("cs") as u8)
        .with_bank(get("bank") as u8)
        .with_extcpu(get("cpu") as u32)
        .with_socketid(get("socketid") as u32)
        .with_apicid(get("apicid") as u32)
        .with_mcgcap(get("mcgcap"))
        .with_microcode(1)
}

/// Rows of `mce_record` in a listing of rasdaemon's database.
fn rows(path: &str) -> Vec<BTreeMap<String, String>> {
    let listing = text(path);
    let (_, table) = listing.split_once("## mce_record\n").unwrap();
    let table = table.split("\n## ").next().unwrap();
    table
        .split("\n\n")
        .map(|row| {
            row.lines()
                .map(|line| line.split_once(" = ").unwrap_or((line.trim_end_matches(" ="), "")))
                .map(|(name, value)| (name.trim().to_string(), value.to_string()))
                .collect()
        })
        .collect()
}

#[test]
fn polled_records_print_as_the_kernel_did() {
    let records: Vec<Mce> = rows("rasdaemon/mcepoll.rows.txt").iter().map(record_of).collect();
    let printed: Vec<String> = records
        .iter()
        .flat_map(|mce| {
            let text = KernelText::new(&mce.record()).prefix(KernelText::PREFIX).to_string();
            text.lines().map(String::from).collect::<Vec<_>>()
        })
        .collect();
    // Says that something was logged, not what.
    let mut kernel = kernel_lines("mce/mcepoll.kernel.txt");
    kernel.retain(|line| line != "mce: [Hardware Error]: Machine check events logged");
    assert_eq!(printed, kernel);
}

#[test]
fn rasdaemon_agrees_on_polled_events() {
    let rows = rows("rasdaemon/mcepoll.rows.txt");
    let [first, second] = &rows[..] else { panic!("{} rows", rows.len()) };

    // Instruction CACHE Level-1 Instruction-Fetch Error; Corrected_error.
    let mce = record_of(first);
    let record = mce.record();
    assert_eq!(first["error_msg"], "Instruction CACHE Level-1 Instruction-Fetch Error");
    assert_eq!(first["mcistatus_msg"], "Corrected_error");
    assert_eq!(
        record.to_string(),
        "machine check on CPU 0, bank 2: level 1 instruction cache, instruction fetch error; corrected"
    );
    assert_eq!(record.status_reading().to_string(), "valid, misc valid, addr valid");

    // The same model-specific bit, in words, and the unit; ours says which M2M, by the bank.
    let mce = record_of(second);
    let record = mce.record();
    let error = "MEMORY CONTROLLER RD_CHANNEL0_ERR Transaction: Memory read error MscodDataRdErr";
    assert_eq!(second["error_msg"], error);
    assert_eq!(second["mcistatus_msg"], "Corrected_error Error_enabled");
    assert_eq!(second["mcastatus_msg"], "M2M: ");
    assert_eq!(
        record.to_string(),
        "machine check on CPU 0, bank 7 (M2M 0): memory controller, memory read error, channel 0: read data \
         error; corrected"
    );
    assert_eq!(record.status_reading().to_string(), "valid, enabled, misc valid, addr valid");

    // A difference: rasdaemon prints a count of one corrected error. The bits are a count only on processors
    // whose MCG_CAP has MCG_CMCI_P (Intel SDM volume 3B, IA32_MCi_STATUS), which QEMU's has not.
    assert_eq!(second["mc_location"], "n_errors=1");
    assert_eq!(record.mcg_cap().unwrap().raw(), 0x0100_010a);
    let with_count = mce.with_mcgcap(0x0100_050a);
    assert_eq!(
        with_count.record().status_reading().to_string(),
        "valid, enabled, misc valid, addr valid, 1 corrected"
    );
}

#[test]
fn rasdaemon_does_not_know_what_firmware_reported() {
    let rows = rows("rasdaemon/ghes.rows.txt");
    let expected = ["corrected", "corrected", "uncorrected"];
    assert_eq!(rows.len(), expected.len());
    for (row, outcome) in rows.iter().zip(expected) {
        // A difference: rasdaemon looks for the decoder of the bank of an AMD processor and finds none. Bank 255
        // is no bank: Linux's apei_mce_report_mem_error() makes the record up, with an error code by Intel's
        // definition whatever the processor is.
        assert_eq!(row["error_msg"], "Don't know how to decode this bank");
        let mce = record_of(row);
        let record = mce.record();
        assert_eq!(record.bank(), None);
        assert_eq!(
            record.to_string(),
            format!(
                "machine check on CPU 0, reported by firmware: memory controller, memory read error, channel not \
                 specified; {outcome}"
            )
        );
        assert_eq!(record.address().unwrap().to_string(), "0x10080040 (physical, 64 B)");
    }
}

#[test]
fn intel_in_a_line_and_in_lines() {
    let bytes = bytes("mce/mce-intel.mce");
    let record = MceRecord::parse(&bytes).unwrap();
    assert_eq!(
        record.to_string(),
        "machine check on CPU 0, bank 4: level 1 data cache, data read error; context corrupt"
    );
    assert_eq!(
        format!("{record:#}"),
        "\
status      0xbe00000000000135  valid, uncorrected, enabled, misc valid, addr valid, context corrupt
  code      0x0135  cache hierarchy: data read, data, level 1
unit        power control unit
address     0xdeadb000          physical, significant from bit 12
global      0x5                 restart IP valid, in progress
ip          0x10:0xffffffffa0a592eb (inexact)
processor   Intel family 6 model 85 stepping 4 (Skylake-SP), microcode 0x1, socket 0, APIC 0
severity    panic (kernel), panic (recomputed)
not in this record: synd, ipid, ppin (zero)"
    );
}

#[test]
fn amd_in_a_line_and_in_lines() {
    let bytes = bytes("mce/mce-amd.mce");
    let record = MceRecord::parse(&bytes).unwrap();
    assert_eq!(
        record.to_string(),
        "machine check on CPU 0, bank 4: level 1 data cache, data read error; context corrupt"
    );
    assert_eq!(
        format!("{record:#}"),
        "\
status      0xbe00000000000135  valid, uncorrected, enabled, misc valid, addr valid, context corrupt
  code      0x0135  cache hierarchy: data read, data, level 1
address     0xdeadb000
misc        0x8c
global      0x5                 restart IP valid, in progress
ip          0x10:0xffffffffb3e592eb (inexact)
processor   AMD family 15 model 107 stepping 1, microcode 0x1000065, socket 0, APIC 0
severity    none (kernel), panic (recomputed)
not in this record: synd, ipid, ppin (zero)"
    );
}

#[test]
fn tracepoint_version_of_the_captured_format() {
    use mce_record::tracepoint::Version;

    let format = text("tracepoints/mce.mce_record.format");
    let listed: Vec<(String, u16, u16)> = format
        .lines()
        .filter(|line| line.trim_start().starts_with("field:") && !line.contains(" common_"))
        .map(|line| {
            let value = |key: &str| {
                let (_, rest) = line.split_once(key).unwrap();
                rest.split(';').next().unwrap().to_string()
            };
            let name = value("field:").rsplit(' ').next().unwrap().to_string();
            (name, value("offset:").parse().unwrap(), value("size:").parse().unwrap())
        })
        .collect();
    assert_eq!(listed.len(), 17);
    let ours: Vec<(String, u16, u16)> = Version::Linux4_10
        .layout()
        .map(|(field, offset)| (field.name().to_string(), offset, field.size()))
        .collect();
    assert_eq!(ours, listed);
}

#[test]
fn tracepoint_fields_are_those_the_kernel_traced() {
    use mce_record::tracepoint::Version;

    for row in rows("rasdaemon/mcepoll.rows.txt") {
        let mce = record_of(&row);
        for (field, value) in mce.record().tracepoint(Version::Linux4_10) {
            // rasdaemon stores neither.
            if field.name() == "synd" || field.name() == "ipid" {
                assert_eq!(value, Some(0));
            } else {
                assert_eq!(value, Some(number(&row[field.name()])), "{}", field.name());
            }
        }
    }
}
