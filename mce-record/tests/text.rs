//! The line, the block of lines, and the kernel's text, of records made to bring out each part.

use mce_record::{
    Circumstances, CpuVendor, ExecutionContext, KernelText, KernelVersion, Mce, MceRecord, McgCap,
};
use zerocopy::IntoBytes;

fn summary(mce: Mce) -> String {
    mce.record().summary().to_string()
}

fn details(mce: Mce) -> String {
    mce.record().details().to_string()
}

/// The line of the block with this label, without it.
fn line(mce: Mce, label: &str) -> Option<String> {
    details(mce).lines().find_map(|line| Some(line.strip_prefix(label)?.trim_start().to_string()))
}

const VALID: u64 = 1 << 63;
const UC: u64 = 1 << 61;

#[test]
fn outcomes_on_intel() {
    let outcome = |status: u64, capability: u64| {
        let mce = Mce::new().with_status(status | 0x0135).with_mcgcap(capability);
        let summary = summary(mce);
        let (what, outcome) = summary.split_once("; ").unwrap();
        assert_eq!(what, "machine check on CPU 0, bank 0: level 1 data cache, data read error");
        outcome.to_string()
    };
    assert_eq!(outcome(0, 0), "status not valid");
    assert_eq!(outcome(UC, 0), "status not valid");
    assert_eq!(outcome(VALID, 0), "corrected");
    assert_eq!(outcome(VALID | UC, 0), "uncorrected");
    assert_eq!(outcome(VALID | UC | 1 << 57, 0), "context corrupt");
    assert_eq!(outcome(VALID | UC | 1 << 62, 0), "uncorrected, further errors lost");
    assert_eq!(outcome(VALID | UC | 1 << 55, McgCap::SER_P), "uncorrected, action required");
    assert_eq!(outcome(VALID | UC | 1 << 55, 0), "uncorrected");
    assert_eq!(outcome(VALID | 1 << 38, McgCap::CMCI_P), "corrected");
    assert_eq!(outcome(VALID | 2 << 38, McgCap::CMCI_P), "corrected, 2 times");
    assert_eq!(outcome(VALID | 2 << 38, 0), "corrected");
    // AMD's bits mean nothing here.
    assert_eq!(outcome(VALID | 1 << 44 | 1 << 43, 0), "corrected");
}

#[test]
fn outcomes_on_amd() {
    let outcome = |status: u64| {
        let mce = Mce::new().with_status(status | 0x0135).with_cpuvendor(CpuVendor::AMD.raw());
        summary(mce).split_once("; ").unwrap().1.to_string()
    };
    assert_eq!(outcome(VALID), "corrected");
    assert_eq!(outcome(VALID | 1 << 44), "deferred");
    assert_eq!(outcome(VALID | UC | 1 << 44), "deferred");
    assert_eq!(outcome(VALID | UC | 1 << 57 | 1 << 44), "context corrupt");
    assert_eq!(outcome(VALID | UC | 1 << 55), "uncorrected, task context corrupt");
    assert_eq!(
        outcome(VALID | UC | 1 << 43 | 1 << 62),
        "uncorrected, poisoned data used, further errors lost"
    );
    assert_eq!(outcome(1 << 44), "status not valid");
}

#[test]
fn units_in_the_line() {
    let zen = Mce::new()
        .with_status(VALID | 0x011b)
        .with_cpuvendor(CpuVendor::AMD.raw())
        .with_cpuid(0x00a2_0f12)
        .with_ipid(0x0000_0096_0020_0000)
        .with_bank(17)
        .with_extcpu(3);
    assert_eq!(
        summary(zen),
        "machine check on CPU 3, bank 17 (unified memory controller, channel 2): DRAM ECC error; corrected"
    );
    // A code without a name: what the error code says instead.
    let unnamed = zen.with_status(VALID | 0x003f_011b);
    assert_eq!(
        summary(unnamed),
        "machine check on CPU 3, bank 17 (unified memory controller, channel 2): generic level generic cache, read \
         error; corrected"
    );
    assert_eq!(line(unnamed, "  model").unwrap(), "0x003f");
    assert_eq!(line(zen, "  model").unwrap(), "0x0000  DRAM ECC error");
    assert_eq!(line(zen, "unit").unwrap(), "unified memory controller, channel 2");

    let upi = Mce::new().with_status(VALID | UC | 0x0011_0c0f).with_cpuid(0x50657).with_bank(12);
    assert_eq!(
        summary(upi),
        "machine check on CPU 0, bank 12 (UPI 1): bus or interconnect, generic error, other access, observer, \
         generic level: link received an unsupported or undefined packet; uncorrected"
    );
    // Nothing known of the model's code: the line has no unit, the block has.
    let iio = upi.with_status(VALID | 0x0e0b).with_bank(6);
    assert_eq!(summary(iio), "machine check on CPU 0, bank 6: generic I/O error; corrected");
    assert_eq!(line(iio, "unit").unwrap(), "IIO");
    assert_eq!(line(iio, "  model"), None);
    assert_eq!(line(upi.with_cpuid(0), "  model").unwrap(), "0x0011");
}

#[test]
fn every_line_of_the_block() {
    let mut bytes = Mce::new()
        .with_status(VALID | 1 << 59 | 1 << 58 | 1 << 53 | 0x0001_0000)
        .with_misc(0xc008_0012_0000_0000)
        .with_addr(0x1234_5000)
        .with_mcgstatus(0x100f)
        .with_ip(0x7fff_0000)
        .with_cpuvendor(CpuVendor::AMD.raw())
        .with_inject_flags(0x29)
        .with_severity(2)
        .with_cpuid(0x00a1_0f11)
        .with_cs(0x33)
        .with_bank(4)
        .with_extcpu(9)
        .with_socketid(1)
        .with_apicid(18)
        .with_synd(0x5a)
        .with_ipid(0x0010_00b0_0000_0000)
        .with_ppin(0xabc)
        .with_microcode(0x0a10_1148)
        .with_kflags(0x30)
        .as_bytes()
        .to_vec();
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0]);
    let record = MceRecord::parse(&bytes).unwrap();
    assert_eq!(
        record.details().to_string(),
        "\
status      0x8c20000000010000  valid, misc valid, addr valid, syndrome valid
  code      0x0000  no error
  model     0x0001  data cache ECC error or L2 poison on a load
unit        load/store unit
address     0x12345000
counter     18 of 4095, counting
global      0x100f              restart IP valid, error IP valid, in progress, local, SEAM non-root mode
ip          0x33:0x7fff0000
processor   AMD family 25 model 17 stepping 1 (Genoa), microcode 0xa101148, socket 1, APIC 18
syndrome    0x5a
syndrome 1  0x1
syndrome 2  0x200
ipid        0x1000b000000000
ppin        0xabc
severity    keep (kernel), keep (recomputed)
handled by  EDAC driver, /dev/mcelog driver
injected    process context, raised as an exception, 0x20"
    );
}

#[test]
fn lines_of_an_io_error_and_of_a_memory_error() {
    let io = Mce::new()
        .with_status(VALID | UC | 1 << 59 | 1 << 58 | 0x1e0b)
        .with_misc(0x0000_0001_3b10_0000)
        .with_addr(0x1000)
        .with_mcgcap(McgCap::SER_P);
    assert_eq!(line(io, "requester").unwrap(), "0001:3b:02.0");
    assert_eq!(line(io, "  code").unwrap(), "0x1e0b  generic I/O; further reports held back");
    assert_eq!(line(io, "address").unwrap(), "0x1000");
    assert_eq!(line(io, "ip"), None);
    assert_eq!(line(io, "global").unwrap(), "0x0                 none");
    // AMD's codes have no filter bit.
    let amd = io.with_cpuvendor(CpuVendor::AMD.raw());
    assert_eq!(line(amd, "  code").unwrap(), "0x1e0b  unknown");
    assert_eq!(line(amd, "requester"), None);

    // MCi_MISC itself, if another line does not say it all.
    assert_eq!(line(io, "misc"), None);
    assert_eq!(line(io.with_misc(0x0100_0000_3b10_0000), "misc").unwrap(), "0x10000003b100000");
    assert_eq!(line(io.with_misc(0x3b10_8000), "misc").unwrap(), "0x3b108000");
    assert_eq!(line(amd, "misc").unwrap(), "0x13b100000");
    let cache = io.with_status(VALID | 1 << 59 | 1 << 58 | 0x0135).with_misc(0x1ff);
    assert_eq!(line(cache, "misc"), None);
    assert_eq!(line(cache.with_misc(0x200), "misc").unwrap(), "0x200");
    assert_eq!(line(cache.with_mcgcap(0), "misc").unwrap(), "0x1ff");
    assert_eq!(line(cache.with_status(VALID | 0x0135), "misc"), None);

    let memory = Mce::new()
        .with_status(VALID | 1 << 59 | 0x0080_0091)
        .with_misc(1_u64 << 56 | 9 << 46)
        .with_cpuid(0x606a6)
        .with_bank(14);
    assert_eq!(
        line(memory, "memory").unwrap(),
        "rank 1, sub-rank 0, bank group 0, bank 0, row 0x0, column 0x0, device 9"
    );
    assert_eq!(line(memory, "misc"), None);
}

#[test]
fn what_is_not_in_the_record() {
    let bytes = Mce::new().with_synd(1);
    let absent = |len: usize| {
        let record = MceRecord::parse(&bytes.as_bytes()[..len]).unwrap();
        let details = record.details().to_string();
        details.lines().last().unwrap().to_string()
    };
    assert_eq!(absent(128), "not in this record: ipid, ppin, microcode (zero)");
    assert_eq!(
        absent(104),
        "not in this record: ipid (zero), ppin, microcode (not in the layout of 104 bytes)"
    );
    assert_eq!(absent(88), "not in this record: synd, ipid, ppin, microcode (not in the layout of 88 bytes)");
    let full = Mce::new().with_synd(1).with_ipid(1).with_ppin(1).with_microcode(1);
    assert_eq!(line(full, "not in this record"), None);

    // The layout before Linux 2.6.31 names no processor, and stored no severity.
    let record = MceRecord::parse(&bytes.as_bytes()[..72]).unwrap();
    assert_eq!(
        record.details().to_string(),
        "\
status      0x0000000000000000  none
  code      0x0000  no error
global      0x0                 none
severity    none (recomputed)
not in this record: synd, ipid, ppin, microcode (not in the layout of 72 bytes)"
    );
}

/// The kernel's lines without their common prefix.
fn kernel(record: &MceRecord<'_>, panic: bool) -> Vec<String> {
    let text = KernelText::new(record).with_panic(panic).with_prefix("p ").to_string();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| line.strip_prefix("p ").unwrap().to_string()).collect()
}

#[test]
fn the_kernels_lines() {
    let mce = Mce::new()
        .with_status(0x9c20_4000_0001_011b)
        .with_misc(0x86)
        .with_addr(0xabc0)
        .with_mcgstatus(7)
        .with_ip(0x4000)
        .with_tsc(0x99)
        .with_time(1_700_000_000)
        .with_cpuvendor(CpuVendor::AMD.raw())
        .with_cpuid(0x00a1_0f11)
        .with_cs(0x33)
        .with_bank(0xff)
        .with_extcpu(u32::MAX)
        .with_socketid(2)
        .with_apicid(0x2a)
        .with_synd(0x5a)
        .with_ipid(0xb0)
        .with_ppin(0xabc)
        .with_microcode(0x0a10_1148);
    let lines = [
        "CPU -1: Machine Check Exception: 7 Bank 255: 9c2040000001011b",
        "RIP 33:<0000000000004000> ",
        "TSC 99 ADDR abc0 MISC 86 PPIN abc SYND 5a IPID b0 ",
        "PROCESSOR 2:a10f11 TIME 1700000000 SOCKET 2 APIC 2a microcode a101148",
    ];
    assert_eq!(kernel(&mce.record(), true), lines);
    assert_eq!(kernel(&mce.record(), false), lines);

    // SYND and IPID are those of scalable MCA only; other makers' users are sent to mcelog.
    let intel = mce.with_cpuvendor(0).with_mcgstatus(0).with_ip(0);
    assert_eq!(
        kernel(&intel.record(), true),
        [
            "CPU -1: Machine Check: 0 Bank 255: 9c2040000001011b",
            "TSC 99 ADDR abc0 MISC 86 PPIN abc ",
            "PROCESSOR 0:a10f11 TIME 1700000000 SOCKET 2 APIC 2a microcode a101148",
            "Run the above through 'mcelog --ascii'",
            "Machine check: Corrected error",
        ]
    );
    // Inexact, with the bare minimum of values.
    let poor = Mce::new().with_ip(1).with_mcgstatus(1);
    assert_eq!(
        kernel(&poor.record(), false),
        [
            "CPU 0: Machine Check: 1 Bank 0: 0000000000000000",
            "RIP !INEXACT! 00:<0000000000000001> ",
            "TSC 0 ",
            "PROCESSOR 0:0 TIME 0 SOCKET 0 APIC 0 microcode 0",
        ]
    );
}

#[test]
fn the_kernels_lines_of_short_records() {
    let mce = Mce::new().with_status(VALID).with_bank(1);
    let record = |len: usize| kernel(&MceRecord::parse(&mce.as_bytes()[..len]).unwrap(), false);
    let first = ["CPU 0: Machine Check: 0 Bank 1: 8000000000000000", "TSC 0 "];
    assert_eq!(record(72), first);
    assert_eq!(record(112), [&first[..], &["PROCESSOR 0:0 TIME 0 SOCKET 0 APIC 0"]].concat());
    assert_eq!(record(116), [&first[..], &["PROCESSOR 0:0 TIME 0 SOCKET 0 APIC 0 microcode 0"]].concat());
}

#[test]
fn what_only_the_caller_knows() {
    let mce = Mce::new().with_status(VALID | UC | 1 << 60).with_mcgstatus(7);
    let rule = |change: fn(&mut Circumstances)| {
        let record = mce.record();
        let mut circumstances = Circumstances::of(&record);
        change(&mut circumstances);
        let text = KernelText::new(&record).with_panic(true).with_circumstances(circumstances).to_string();
        text.lines().last().unwrap().to_string()
    };
    assert_eq!(rule(|_| {}), "Machine check: Uncorrected in kernel");
    assert_eq!(rule(|c| c.context = ExecutionContext::User), "Machine check: Uncorrected");
    assert_eq!(rule(|c| c.version = KernelVersion::V6_1), "Machine check: Uncorrected");
    let text = KernelText::new(&mce.record()).with_panic(true).with_version(KernelVersion::V6_1).to_string();
    assert!(text.ends_with("\nMachine check: Uncorrected\n"), "{text}");
}

#[test]
fn both_forms_of_display() {
    let mce = Mce::new().with_status(VALID);
    assert_eq!(mce.record().to_string(), summary(mce));
    assert_eq!(format!("{:#}", mce.record()), details(mce));
}
