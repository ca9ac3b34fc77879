//! The kernel's grading of a machine check, computed again from the record.
//!
//! The kernel decides by a table of rules whether an event is logged, acted on or the end of the machine, and
//! on Intel stores the result in the record. What it looked at is in the record too, but for a few facts about
//! the moment, the processor and the kernel: those are [`Circumstances`], guessed from the record unless the
//! caller knows better.
//!
//! Source: `arch/x86/kernel/cpu/mce/severity.c` of Linux 6.1 and 6.12; the rules of AMD processors are those
//! of 5.18 and later.

use crate::error_code::ErrorCode;
use crate::kernel_version::KernelVersion;
use crate::record::MceRecord;
use crate::registers::{CpuVendor, KernelSeverity, McgCap, McgStatus};
use crate::status::MciStatus;

/// Where the processor was when the machine check came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExecutionContext {
    /// In the kernel.
    Kernel,
    /// In the kernel, at an instruction it can recover from: a copy from user memory, or one marked so.
    KernelRecoverable,
    /// In a user's program.
    User,
}

/// What the kernel knew beside the registers.
// Each bool is a fact of its own; no two of them make a state together.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Circumstances {
    /// The kernel. In Linux 6.1 every event graded uncorrected or worse in kernel context is a panic; 6.12 has rules of
    /// their own for kernel context and for SEAM non-root mode.
    pub version: KernelVersion,
    /// The event was a machine-check exception, not found by polling or a corrected-error interrupt.
    pub exception: bool,
    /// Where the processor was.
    pub context: ExecutionContext,
    /// The kernel can take memory pages out of use (`CONFIG_MEMORY_FAILURE`).
    pub memory_failure: bool,
    /// AMD: the processor can recover from overflow (CPUID leaf `80000007h`, EBX bit 0).
    pub overflow_recovery: bool,
    /// AMD: software can contain uncorrected errors (SUCCOR, CPUID leaf `80000007h`, EBX bit 1).
    pub succor: bool,
}

impl Circumstances {
    /// What the record suggests: an exception if `MCG_STATUS` says that one was being handled, user context by
    /// the privilege level of `cs`, kernel context otherwise (fix-ups cannot be seen), a Linux 6.12 with memory
    /// failure handling, and the recovery features of every AMD processor with scalable MCA.
    pub fn of(record: &MceRecord<'_>) -> Self {
        let smca = record.is_smca();
        Self {
            version: KernelVersion::default(),
            exception: record.mcg_status().in_progress(),
            context: if record.cs() & 3 == 3 { ExecutionContext::User } else { ExecutionContext::Kernel },
            memory_failure: true,
            overflow_recovery: smca,
            succor: smca,
        }
    }
}

/// A severity and the rule that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Grade {
    /// The severity.
    pub severity: KernelSeverity,
    /// The rule in the kernel's words, which follow `Machine check: ` in its log. AMD's rules have words only
    /// where they end in a panic.
    pub rule: Option<&'static str>,
}

impl MceRecord<'_> {
    /// Grades the event as the kernel would.
    ///
    /// ```
    /// use mce_record::{Circumstances, KernelSeverity, Mce};
    ///
    /// let mce = Mce::new().with_status(0xbe00_0000_0000_0135).with_mcgstatus(5);
    /// let record = mce.record();
    /// let grade = record.grade(Circumstances::of(&record));
    /// assert_eq!(grade.severity, KernelSeverity::PANIC);
    /// assert_eq!(grade.rule, Some("Processor context corrupt"));
    /// ```
    pub fn grade(&self, circumstances: Circumstances) -> Grade {
        if self.cpu_vendor().is_some_and(CpuVendor::is_amd_family) {
            grade_amd(self.status(), circumstances)
        } else {
            grade_intel(self, circumstances)
        }
    }
}

/// One row of the kernel's table: all conditions must hold.
// As in the kernel's table, each condition is independent of the others.
#[allow(clippy::struct_excessive_bools)]
struct Rule {
    severity: KernelSeverity,
    text: &'static str,
    /// Bits of the status that must have these values.
    mask: u64,
    value: u64,
    /// The same of `MCG_STATUS`.
    global_mask: u64,
    global_value: u64,
    /// `MCG_SER_P` is so.
    recovery: Option<bool>,
    /// In an exception only.
    exception: bool,
    context: Option<ExecutionContext>,
    /// With memory failure handling only.
    memory_failure: bool,
    /// On Skylake-SP and its successors of the same model only, and in a memory controller's bank.
    skylake_memory: bool,
    /// Since Linux 6.12 only.
    newer: bool,
}

const fn rule(severity: KernelSeverity, text: &'static str) -> Rule {
    Rule {
        severity,
        text,
        mask: 0,
        value: 0,
        global_mask: 0,
        global_value: 0,
        recovery: None,
        exception: false,
        context: None,
        memory_failure: false,
        skylake_memory: false,
        newer: false,
    }
}

impl Rule {
    const fn status(self, mask: u64, value: u64) -> Self {
        Self { mask, value, ..self }
    }

    const fn global(self, mask: u64, value: u64) -> Self {
        Self { global_mask: mask, global_value: value, ..self }
    }

    const fn recovery(self, required: bool) -> Self {
        Self { recovery: Some(required), ..self }
    }

    const fn exception(self) -> Self {
        Self { exception: true, ..self }
    }

    const fn context(self, context: ExecutionContext) -> Self {
        Self { context: Some(context), ..self }
    }

    const fn memory_failure(self) -> Self {
        Self { memory_failure: true, ..self }
    }

    const fn skylake_memory(self) -> Self {
        Self { skylake_memory: true, ..self }
    }

    const fn newer(self) -> Self {
        Self { newer: true, ..self }
    }

    fn matches(&self, record: &MceRecord<'_>, circumstances: Circumstances) -> bool {
        let recovery = record.mcg_cap().is_some_and(|capability| capability.any(McgCap::SER_P));
        record.status().raw() & self.mask == self.value
            && record.mcg_status().raw() & self.global_mask == self.global_value
            && self.recovery.is_none_or(|required| required == recovery)
            && (circumstances.exception || !self.exception)
            && self.context.is_none_or(|context| context == circumstances.context)
            && (circumstances.memory_failure || !self.memory_failure)
            && (!self.skylake_memory || is_skylake_memory(record, circumstances.version))
            && (circumstances.version != KernelVersion::V6_1 || !self.newer)
    }
}

/// The memory controllers' banks of Skylake-SP from stepping 4 on, and of its successors with the same model.
/// Linux 6.1 asks neither maker nor family.
fn is_skylake_memory(record: &MceRecord<'_>, version: KernelVersion) -> bool {
    let processor = record.signature().unwrap_or_default();
    let intel = record.cpu_vendor() == Some(CpuVendor::INTEL) && processor.family() == 6;
    (intel || version == KernelVersion::V6_1)
        && processor.model() == 85
        && processor.stepping() >= 4
        && (13..=18).contains(&record.mce().bank())
}

const OVER: u64 = MciStatus::OVER;
const UC: u64 = MciStatus::UC;
const AR: u64 = MciStatus::AR;
const UC_S: u64 = UC | MciStatus::S;
const UC_S_AR: u64 = UC_S | AR;
const ADDRESS: u64 = MciStatus::ADDRV | MciStatus::MISCV;
/// The error code without the filter bit.
const CODE: u64 = !ErrorCode::FILTER as u64;
/// Action required, with an address, nothing lost.
const ACTION: u64 = OVER | UC_S_AR | ADDRESS;
const DATA_LOAD: u64 = 0x0134;
const INSTRUCTION_FETCH: u64 = 0x0150;
const RIPV: u64 = McgStatus::RIPV;
const EIPV: u64 = McgStatus::EIPV;
const SEAM: u64 = McgStatus::SEAM_NR;

/// The rules, in the kernel's order: the first that matches decides. Rule texts are the kernel's log messages.
static RULES: [Rule; 30] = {
    use ExecutionContext::{Kernel, KernelRecoverable, User};
    use KernelSeverity as Is;
    [
        rule(Is::NO, "Invalid").status(MciStatus::VAL, 0),
        rule(Is::NO, "Not enabled").exception().status(MciStatus::EN, 0),
        rule(Is::PANIC, "Processor context corrupt").status(MciStatus::PCC, MciStatus::PCC),
        rule(Is::PANIC, "MCIP not set in MCA handler").exception().global(McgStatus::MCIP, 0),
        rule(Is::PANIC, "Neither restart nor error IP").exception().global(RIPV | EIPV, 0),
        rule(Is::PANIC, "In kernel and no restart IP").exception().context(Kernel).global(RIPV, 0),
        rule(Is::PANIC, "In kernel and no restart IP").exception().context(KernelRecoverable).global(RIPV, 0),
        rule(Is::KEEP, "Corrected error").recovery(false).status(UC, 0),
        rule(Is::AO, "Action optional: memory scrubbing error")
            .recovery(true)
            .status(UC | AR | CODE & !0xf, UC | 0x00c0),
        rule(Is::AO, "Action optional: last level cache writeback error")
            .recovery(true)
            .status(UC | AR | CODE, UC | 0x017a),
        rule(Is::AO, "Uncorrected Patrol Scrub Error")
            .recovery(true)
            .status(UC | ADDRESS | 0xffff_0000 | CODE & !0xf, ADDRESS | 0x0010_00c0)
            .skylake_memory(),
        rule(Is::DEFERRED, "Uncorrected no action required").recovery(true).status(UC_S_AR, UC),
        rule(Is::PANIC, "Illegal combination (UCNA with AR=1)")
            .recovery(true)
            .status(OVER | UC_S_AR, UC | AR),
        rule(Is::KEEP, "Non signaled machine check").recovery(true).status(MciStatus::S, 0),
        rule(Is::PANIC, "Action required with lost events")
            .recovery(true)
            .status(OVER | UC_S_AR, OVER | UC_S_AR),
        rule(Is::KEEP, "Action required but unaffected thread is continuable")
            .memory_failure()
            .recovery(true)
            .status(ACTION, UC_S_AR | ADDRESS)
            .global(RIPV | EIPV, RIPV),
        rule(Is::AR, "Action required: data load in error recoverable area of kernel")
            .memory_failure()
            .recovery(true)
            .status(ACTION | CODE, UC_S_AR | ADDRESS | DATA_LOAD)
            .context(KernelRecoverable),
        rule(Is::AR, "Action required: data load error in a user process")
            .memory_failure()
            .recovery(true)
            .status(ACTION | CODE, UC_S_AR | ADDRESS | DATA_LOAD)
            .context(User),
        rule(Is::AR, "Action required: instruction fetch error in a user process")
            .memory_failure()
            .recovery(true)
            .status(ACTION | CODE, UC_S_AR | ADDRESS | INSTRUCTION_FETCH)
            .context(User),
        rule(Is::AR, "Data load error in SEAM non-root mode")
            .newer()
            .memory_failure()
            .recovery(true)
            .status(ACTION | CODE, UC_S_AR | ADDRESS | DATA_LOAD)
            .global(SEAM, SEAM)
            .context(Kernel),
        rule(Is::AR, "Instruction fetch error in SEAM non-root mode")
            .newer()
            .memory_failure()
            .recovery(true)
            .status(ACTION | CODE, UC_S_AR | ADDRESS | INSTRUCTION_FETCH)
            .global(SEAM, SEAM)
            .context(Kernel),
        rule(Is::PANIC, "Data load in unrecoverable area of kernel")
            .memory_failure()
            .recovery(true)
            .status(ACTION | CODE, UC_S_AR | ADDRESS | DATA_LOAD)
            .context(Kernel),
        rule(Is::PANIC, "Instruction fetch error in kernel")
            .memory_failure()
            .recovery(true)
            .status(ACTION | CODE, UC_S_AR | ADDRESS | INSTRUCTION_FETCH)
            .context(Kernel),
        rule(Is::PANIC, "Action required: unknown MCACOD").recovery(true).status(OVER | UC_S_AR, UC_S_AR),
        rule(Is::SOME, "Action optional: unknown MCACOD").recovery(true).status(OVER | UC_S_AR, UC_S),
        rule(Is::SOME, "Action optional with lost events").recovery(true).status(OVER | UC_S_AR, OVER | UC_S),
        rule(Is::PANIC, "Overflowed uncorrected").status(OVER | UC, OVER | UC),
        rule(Is::PANIC, "Uncorrected in kernel").newer().status(UC, UC).context(Kernel),
        rule(Is::UC, "Uncorrected").status(UC, UC),
        NO_MATCH,
    ]
};

const NO_MATCH: Rule = rule(KernelSeverity::SOME, "No match");

fn grade_intel(record: &MceRecord<'_>, circumstances: Circumstances) -> Grade {
    let rule = RULES.iter().find(|rule| rule.matches(record, circumstances)).unwrap_or(&NO_MATCH);
    let raised = circumstances.version == KernelVersion::V6_1
        && circumstances.context == ExecutionContext::Kernel
        && rule.severity >= KernelSeverity::UC;
    let severity = if raised { KernelSeverity::PANIC } else { rule.severity };
    Grade { severity, rule: Some(rule.text) }
}

fn grade_amd(status: MciStatus, circumstances: Circumstances) -> Grade {
    let silent = |severity| Grade { severity, rule: None };
    let panic = |text| Grade { severity: KernelSeverity::PANIC, rule: Some(text) };
    if status.context_corrupt() {
        panic("Processor Context Corrupt")
    } else if status.any(MciStatus::DEFERRED) {
        silent(KernelSeverity::DEFERRED)
    } else if !status.uncorrected() {
        silent(KernelSeverity::KEEP)
    } else if status.overflow() && !circumstances.overflow_recovery {
        panic("Overflowed uncorrected error without MCA Overflow Recovery")
    } else if !circumstances.succor {
        panic("Uncorrected error without MCA Recovery")
    } else if circumstances.context == ExecutionContext::Kernel {
        panic("Uncorrected unrecoverable error in kernel context")
    } else {
        silent(KernelSeverity::AR)
    }
}
