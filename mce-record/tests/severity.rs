//! The kernel's severities, against a second implementation that tells the rules as a chain of decisions, over every
//! combination of the bits they look at.

use mce_record::{
    Circumstances, CpuVendor, ExecutionContext, Grade, KernelSeverity as Is, KernelVersion, Mce,
};

const VAL: u64 = 1 << 63;
const OVER: u64 = 1 << 62;
const UC: u64 = 1 << 61;
const EN: u64 = 1 << 60;
const MISCV: u64 = 1 << 59;
const ADDRV: u64 = 1 << 58;
const PCC: u64 = 1 << 57;
const S: u64 = 1 << 56;
const AR: u64 = 1 << 55;
const DEFERRED: u64 = 1 << 44;

/// The rules of Linux 6.12 and 6.1 in the order of the table in `severity.c`.
// One table, one function: it is read beside the kernel's.
#[allow(clippy::too_many_lines)]
fn intel(mce: &Mce, known: Circumstances) -> (Is, &'static str) {
    let status = mce.status();
    let has = |bits: u64| status & bits == bits;
    let global = mce.mcgstatus();
    let (ripv, eipv, mcip, seam) = (global & 1 != 0, global & 2 != 0, global & 4 != 0, global & 0x1000 != 0);
    let recovery = mce.mcgcap() & 1 << 24 != 0;
    let code = status & 0xefff;
    let newer = known.version == KernelVersion::V6_12;
    let (kernel, user) = (known.context == ExecutionContext::Kernel, known.context == ExecutionContext::User);
    let recoverable = known.context == ExecutionContext::KernelRecoverable;
    let location = has(ADDRV | MISCV);
    let skylake = mce.cpuid() & 0xfff0 == 0x0650
        && mce.cpuid() >> 16 & 0xf == 5
        && mce.cpuid() & 0xf >= 4
        && (13..=18).contains(&mce.bank());
    let skylake = skylake && (!newer || mce.cpuvendor() == 0);

    if !has(VAL) {
        return (Is::NO, "Invalid");
    }
    if known.exception && !has(EN) {
        return (Is::NO, "Not enabled");
    }
    if has(PCC) {
        return (Is::PANIC, "Processor context corrupt");
    }
    if known.exception {
        if !mcip {
            return (Is::PANIC, "MCIP not set in MCA handler");
        }
        if !ripv && !eipv {
            return (Is::PANIC, "Neither restart nor error IP");
        }
        if !ripv && (kernel || recoverable) {
            return (Is::PANIC, "In kernel and no restart IP");
        }
    }
    if recovery {
        if has(UC) && !has(AR) && code & !0xf == 0xc0 {
            return (Is::AO, "Action optional: memory scrubbing error");
        }
        if has(UC) && !has(AR) && code == 0x17a {
            return (Is::AO, "Action optional: last level cache writeback error");
        }
        if !has(UC) && location && status & 0xffff_eff0 == 0x0010_00c0 && skylake {
            return (Is::AO, "Uncorrected Patrol Scrub Error");
        }
        if has(UC) && !has(S) && !has(AR) {
            return (Is::DEFERRED, "Uncorrected no action required");
        }
        if has(UC) && !has(S) && has(AR) && !has(OVER) {
            return (Is::PANIC, "Illegal combination (UCNA with AR=1)");
        }
        if !has(S) {
            return (Is::KEEP, "Non signaled machine check");
        }
        if has(OVER | UC | S | AR) {
            return (Is::PANIC, "Action required with lost events");
        }
        if has(UC | S | AR) {
            if known.memory_failure && location {
                if ripv && !eipv {
                    return (Is::KEEP, "Action required but unaffected thread is continuable");
                }
                match (code, known.context) {
                    (0x134, ExecutionContext::KernelRecoverable) => {
                        return (Is::AR, "Action required: data load in error recoverable area of kernel");
                    }
                    (0x134, ExecutionContext::User) => {
                        return (Is::AR, "Action required: data load error in a user process");
                    }
                    (0x150, ExecutionContext::User) => {
                        return (Is::AR, "Action required: instruction fetch error in a user process");
                    }
                    (0x134, ExecutionContext::Kernel) if newer && seam => {
                        return (Is::AR, "Data load error in SEAM non-root mode");
                    }
                    (0x150, ExecutionContext::Kernel) if newer && seam => {
                        return (Is::AR, "Instruction fetch error in SEAM non-root mode");
                    }
                    (0x134, ExecutionContext::Kernel) => {
                        return (Is::PANIC, "Data load in unrecoverable area of kernel");
                    }
                    (0x150, ExecutionContext::Kernel) => {
                        return (Is::PANIC, "Instruction fetch error in kernel");
                    }
                    _ => {}
                }
            }
            return (Is::PANIC, "Action required: unknown MCACOD");
        }
        if has(UC | S) {
            let lost = has(OVER);
            return (
                Is::SOME,
                if lost { "Action optional with lost events" } else { "Action optional: unknown MCACOD" },
            );
        }
    } else if !has(UC) {
        return (Is::KEEP, "Corrected error");
    }
    if has(OVER | UC) {
        return (Is::PANIC, "Overflowed uncorrected");
    }
    if has(UC) && kernel && newer {
        return (Is::PANIC, "Uncorrected in kernel");
    }
    if has(UC) {
        let raised = kernel && !newer;
        assert!(user || recoverable || raised);
        return (if raised { Is::PANIC } else { Is::UC }, "Uncorrected");
    }
    (Is::SOME, "No match")
}

fn combinations(bits: &[u64]) -> Vec<u64> {
    (0..1_u32 << bits.len())
        .map(|set| {
            bits.iter().enumerate().filter(|(index, _)| set >> index & 1 != 0).map(|(_, bit)| bit).sum()
        })
        .collect()
}

fn circumstances() -> Vec<Circumstances> {
    let mut all = Vec::new();
    for version in [KernelVersion::V6_1, KernelVersion::V6_12] {
        for context in [ExecutionContext::Kernel, ExecutionContext::KernelRecoverable, ExecutionContext::User]
        {
            for exception in [false, true] {
                for memory_failure in [false, true] {
                    all.push(Circumstances {
                        version,
                        exception,
                        context,
                        memory_failure,
                        overflow_recovery: false,
                        succor: false,
                    });
                }
            }
        }
    }
    all
}

#[test]
fn intel_rules() {
    let flags = combinations(&[VAL, OVER, UC, EN, MISCV, ADDRV, PCC, S, AR]);
    let codes = [0x0000, 0x0134, 0x1150, 0x017a, 0x00c5, 0x10cf, 0x00d0, 0x0010_00c0, 0x0011_00c0];
    let globals = [0, 1, 2, 3, 4, 5, 6, 7, 0x1005, 0x1007];
    let mut seen = std::collections::BTreeSet::new();
    let circumstances = circumstances();
    let mut mce = Mce::default();
    for flags in flags {
        for code in codes {
            mce.set_status(flags | code);
            for global in globals {
                mce.set_mcgstatus(global);
                for capability in [0, 1 << 24] {
                    mce.set_mcgcap(capability);
                    let record = mce.record();
                    for &known in &circumstances {
                        let grade = record.grade(known);
                        let (severity, text) = intel(&mce, known);
                        assert_eq!(grade, Grade { severity, rule: Some(text) }, "{mce:x?} {known:?}");
                        seen.insert(text);
                    }
                }
            }
        }
    }
    // All 29 rules but the one for Skylake, two of which share their text.
    assert_eq!(seen.len(), 28);
}

#[test]
fn skylake_patrol_scrub() {
    let rule = Some("Uncorrected Patrol Scrub Error");
    let mut seen = 0;
    for cpuid in [0x50654, 0x50653, 0x50657, 0x60654, 0x50644, 0x0005_0f54, 0x0085_0f54] {
        for cpuvendor in [CpuVendor::INTEL, CpuVendor::ZHAOXIN] {
            for bank in [12, 13, 16, 18, 19] {
                for status in [
                    VAL | ADDRV | MISCV | 0x0010_00c0,
                    VAL | ADDRV | MISCV | 0x0010_10cf,
                    VAL | ADDRV | MISCV | 0x0010_00d0,
                    VAL | ADDRV | MISCV | 0x0011_00c0,
                    VAL | ADDRV | 0x0010_00c0,
                    VAL | ADDRV | MISCV | UC | 0x0010_00c0,
                ] {
                    let mce = Mce::new()
                        .with_status(status)
                        .with_cpuid(cpuid)
                        .with_cpuvendor(cpuvendor.raw())
                        .with_bank(bank)
                        .with_mcgcap(1 << 24);
                    for mut known in circumstances() {
                        known.exception = false;
                        let grade = mce.record().grade(known);
                        let model = cpuid >> 16 & 0xf == 5 && cpuid >> 4 & 0xf == 5 && cpuid & 0xf >= 4;
                        let newer = known.version == KernelVersion::V6_12;
                        let processor = !newer || (cpuid >> 8 & 0xf == 6 && cpuvendor == CpuVendor::INTEL);
                        let form = status & !0x100f == VAL | ADDRV | MISCV | 0x0010_00c0;
                        let expected = model && processor && form && (13..=18).contains(&bank);
                        assert_eq!(grade.rule == rule, expected, "{mce:x?} {known:?}");
                        assert!(!expected || grade.severity == Is::AO);
                        seen += u32::from(expected);
                    }
                }
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn amd_rules() {
    for vendor in [CpuVendor::AMD, CpuVendor::HYGON] {
        for flags in combinations(&[VAL, OVER, UC, EN, PCC, DEFERRED]) {
            for mut known in circumstances() {
                for (overflow_recovery, succor) in
                    [(false, false), (false, true), (true, false), (true, true)]
                {
                    (known.overflow_recovery, known.succor) = (overflow_recovery, succor);
                    let mce = Mce::new().with_status(flags).with_cpuvendor(vendor.raw());
                    let has = |bit: u64| flags & bit != 0;
                    let expected = if has(PCC) {
                        (Is::PANIC, Some("Processor Context Corrupt"))
                    } else if has(DEFERRED) {
                        (Is::DEFERRED, None)
                    } else if !has(UC) {
                        (Is::KEEP, None)
                    } else if has(OVER) && !overflow_recovery {
                        (Is::PANIC, Some("Overflowed uncorrected error without MCA Overflow Recovery"))
                    } else if !succor {
                        (Is::PANIC, Some("Uncorrected error without MCA Recovery"))
                    } else if known.context == ExecutionContext::Kernel {
                        (Is::PANIC, Some("Uncorrected unrecoverable error in kernel context"))
                    } else {
                        (Is::AR, None)
                    };
                    let grade = mce.record().grade(known);
                    assert_eq!((grade.severity, grade.rule), expected, "{flags:#x} {known:?}");
                }
            }
        }
    }
}

#[test]
fn circumstances_out_of_a_record() {
    let of = |mce: Mce| Circumstances::of(&mce.record());
    let plain = of(Mce::default());
    assert_eq!(
        plain,
        Circumstances {
            version: KernelVersion::V6_12,
            exception: false,
            context: ExecutionContext::Kernel,
            memory_failure: true,
            overflow_recovery: false,
            succor: false,
        }
    );
    assert!(of(Mce::new().with_mcgstatus(4)).exception);
    assert_eq!(of(Mce::new().with_cs(0x33)).context, ExecutionContext::User);
    assert_eq!(of(Mce::new().with_cs(0x32)).context, ExecutionContext::Kernel);
    assert_eq!(of(Mce::new().with_cs(0x11)).context, ExecutionContext::Kernel);
    // Zen: base family 15 and extended family 8 make 17h.
    let zen = of(Mce::new().with_cpuvendor(CpuVendor::AMD.raw()).with_cpuid(0x0080_0f12));
    assert!(zen.overflow_recovery && zen.succor);
    let older = of(Mce::new().with_cpuvendor(CpuVendor::AMD.raw()).with_cpuid(0x0060_0f12));
    assert!(!older.overflow_recovery && !older.succor);
}

#[test]
fn severities_have_the_kernels_names_and_order() {
    let names: Vec<_> = (0..9).map(|value| Is::new(value).name()).collect();
    assert_eq!(
        names,
        [
            Some("none"),
            Some("deferred"),
            Some("keep"),
            Some("some"),
            Some("action optional"),
            Some("uncorrected"),
            Some("action required"),
            Some("panic"),
            None
        ]
    );
    assert!(Is::NO < Is::DEFERRED && Is::AR < Is::PANIC);
}
