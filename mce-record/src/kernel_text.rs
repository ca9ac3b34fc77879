//! The text that the Linux kernel prints for a machine check, line for line.
//!
//! Source: `arch/x86/kernel/cpu/mce/core.c` of Linux 6.1 and 6.12.

use core::fmt;

use crate::kernel_version::KernelVersion;
use crate::record::MceRecord;
use crate::severity::Circumstances;
use crate::status::StatusReading;

/// A machine check in the text that Linux prints for it. It is made by `Display`, and every line ends in a newline.
///
/// The symbol of the instruction pointer is left out, which only that kernel knew; so are fields that the record
/// does not have.
///
/// ```
/// use mce_record::{KernelText, Mce};
///
/// let mce = Mce::new().with_status(0xbe00_0000_0000_0135).with_mcgstatus(5).with_bank(4);
/// let text = KernelText::new(&mce.record()).with_prefix(KernelText::PREFIX).with_panic(true).to_string();
/// assert!(text.starts_with("mce: [Hardware Error]: CPU 0: Machine Check Exception: 5 Bank 4: be00000000000135\n"));
/// assert!(text.ends_with("mce: [Hardware Error]: Machine check: Processor context corrupt\n"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct KernelText<'a> {
    record: MceRecord<'a>,
    prefix: &'a str,
    panic: bool,
    circumstances: Circumstances,
}

impl<'a> KernelText<'a> {
    /// What the kernel's own lines begin with.
    pub const PREFIX: &'static str = "mce: [Hardware Error]: ";

    /// The text of an event that the kernel survived.
    pub fn new(record: &MceRecord<'a>) -> Self {
        Self { record: *record, prefix: "", panic: false, circumstances: Circumstances::of(record) }
    }

    /// Chooses the kernel. Its rules decide which of them a panic names.
    #[must_use]
    pub const fn with_version(mut self, version: KernelVersion) -> Self {
        self.circumstances.version = version;
        self
    }

    /// Sets what stands before every line, such as [`PREFIX`](Self::PREFIX).
    #[must_use]
    pub const fn with_prefix(mut self, prefix: &'a str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Whether the kernel gave up: it asks for mcelog then, and names the rule that made it.
    #[must_use]
    pub const fn with_panic(mut self, panic: bool) -> Self {
        self.panic = panic;
        self
    }

    /// Sets what the rule depends on beside the record; without this call, it is what the record suggests
    /// ([`Circumstances::of`]).
    #[must_use]
    pub const fn with_circumstances(mut self, circumstances: Circumstances) -> Self {
        self.circumstances = circumstances;
        self
    }
}

impl fmt::Display for KernelText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record, prefix, .. } = self;
        let (mce, global) = (record.mce(), record.mcg_status());
        let exception = if global.in_progress() { " Exception" } else { "" };
        // The kernel prints the CPU's number signed.
        #[allow(clippy::cast_possible_wrap)]
        let cpu = record.cpu() as i32;
        writeln!(
            f,
            "{prefix}CPU {cpu}: Machine Check{exception}: {:x} Bank {}: {:016x}",
            global.raw(),
            mce.bank(),
            mce.status()
        )?;
        if let Some(ip) = record.ip() {
            let inexact = if global.error_ip_valid() { "" } else { " !INEXACT!" };
            writeln!(f, "{prefix}RIP{inexact} {:02x}:<{ip:016x}> ", mce.cs())?;
        }
        write!(f, "{prefix}TSC {:x} ", mce.tsc())?;
        let smca = record.is_smca();
        let values = [
            ("ADDR", mce.addr(), true),
            ("MISC", mce.misc(), true),
            ("PPIN", mce.ppin(), true),
            ("SYND", mce.synd(), smca),
            ("IPID", mce.ipid(), smca),
        ];
        for (name, value, known) in values {
            if known && value != 0 {
                write!(f, "{name} {value:x} ")?;
            }
        }
        f.write_str("\n")?;
        if record.cpu_vendor().is_some() {
            write!(
                f,
                "{prefix}PROCESSOR {}:{:x} TIME {} SOCKET {} APIC {:x}",
                mce.cpuvendor(),
                mce.cpuid(),
                mce.time(),
                mce.socketid(),
                mce.apicid()
            )?;
            if let Some(microcode) = record.microcode() {
                write!(f, " microcode {microcode:x}")?;
            }
            f.write_str("\n")?;
        }
        if self.panic { self.panic_lines(f) } else { Ok(()) }
    }
}

impl KernelText<'_> {
    fn panic_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record, prefix, circumstances, .. } = self;
        if matches!(record.status_reading(), StatusReading::Intel(_)) {
            writeln!(f, "{prefix}Run the above through 'mcelog --ascii'")?;
        }
        match record.grade(*circumstances).rule {
            Some(rule) => writeln!(f, "{prefix}Machine check: {rule}"),
            None => Ok(()),
        }
    }
}
