//! The machine-check registers beside `MCi_STATUS`, as typed open values.
//!
//! Sources: Intel SDM volume 3B, chapter "Machine-Check Architecture" (`IA32_MCG_CAP`, `IA32_MCG_STATUS`,
//! `IA32_MCi_MISC`, `IA32_MCi_CTL2`); AMD64 Architecture Programmer's Manual volume 2, chapter 9
//! (`MCi_MISC`, `MCA_IPID`, `MCA_SYND`); Linux 6.12 `arch/x86/include/asm/mce.h` and
//! `arch/x86/include/uapi/asm/mce.h` (`inject_flags`, `kflags`), `arch/x86/include/asm/processor.h` (vendors).

use core::fmt;

use crate::grammar::{flags, number, open_value, register};

flags! {
    /// Where an injected machine check is to be raised: `inject_flags`. 0 in a real event.
    InjectFlags: u8 {
        /// `MCJ_CTX_PROCESS`.
        PROCESS = 0x1 => "process context",
        /// `MCJ_CTX_IRQ`.
        IRQ = 0x2 => "interrupt context",
        NMI_BROADCAST = 0x4 => "broadcast by NMI",
        EXCEPTION = 0x8 => "raised as an exception",
        IRQ_BROADCAST = 0x10 => "broadcast by interrupt",
    }
}

flags! {
    /// Which part of the kernel dealt with the event: `kflags`, since Linux 5.8.
    HandledFlags: u64 {
        CEC = 0x1 => "corrected errors collector",
        /// The handler takes memory pages out of use.
        UC = 0x2 => "uncorrected error handler",
        EXTLOG = 0x4 => "extended error log driver",
        NFIT = 0x8 => "persistent memory driver",
        EDAC = 0x10 => "EDAC driver",
        MCELOG = 0x20 => "/dev/mcelog driver",
        /// Taken at an instruction with a fix-up.
        IN_KERNEL_RECOVERABLE = 0x40 => "in the kernel, recoverable",
        IN_KERNEL_COPYIN = 0x80 => "in the kernel, copy from user memory",
    }
}

open_value! {
    /// The severity that the kernel gave the event: `MCE_*_SEVERITY`.
    KernelSeverity: u8 {
        /// Not an error, or not stored.
        NO = 0 => "none",
        /// Uncorrected, but no action is required yet.
        DEFERRED = 1 => "deferred",
        /// Left to the handler of corrected errors.
        KEEP = 2 => "keep",
        /// Logged.
        SOME = 3 => "some",
        AO = 4 => "action optional",
        UC = 5 => "uncorrected",
        AR = 6 => "action required",
        /// The machine cannot go on.
        PANIC = 7 => "panic",
    }
}

open_value! {
    /// The maker of the processor as Linux numbers them: `cpuvendor`, `X86_VENDOR_*`.
    CpuVendor: u8 {
        INTEL = 0 => "Intel",
        CYRIX = 1 => "Cyrix",
        AMD = 2 => "AMD",
        UMC = 3 => "UMC",
        /// Centaur (VIA).
        CENTAUR = 5 => "Centaur",
        TRANSMETA = 7 => "Transmeta",
        /// National Semiconductor.
        NSC = 8 => "NSC",
        /// Hygon, whose processors are AMD's Zen.
        HYGON = 9 => "Hygon",
        /// Zhaoxin, whose processors follow Intel's machine-check architecture.
        ZHAOXIN = 10 => "Zhaoxin",
        VORTEX = 11 => "Vortex",
        /// The kernel did not know.
        UNKNOWN = 0xff => "unknown vendor",
    }
}

impl CpuVendor {
    /// Whether the registers follow AMD's definitions: AMD itself and Hygon. All others follow Intel's.
    pub const fn is_amd_family(self) -> bool {
        matches!(self, Self::AMD | Self::HYGON)
    }
}

number! {
    /// CPUID leaf 1, register EAX, of the processor that had the error: `cpuid`.
    CpuSignature: u32
}

impl CpuSignature {
    /// Family, the extended family added where the base family is 15.
    pub const fn family(self) -> u16 {
        let base = (self.0 >> 8 & 0xf) as u16;
        let extended = (self.0 >> 20 & 0xff) as u16;
        if base == 0xf { base.wrapping_add(extended) } else { base }
    }

    /// Model, the extended model as its upper half in family 6 and above.
    pub const fn model(self) -> u8 {
        let base = (self.0 >> 4 & 0xf) as u8;
        let extended = (self.0 >> 16 & 0xf) as u8;
        if self.family() >= 6 { extended << 4 | base } else { base }
    }

    /// Stepping, 0 to 15.
    pub const fn stepping(self) -> u8 {
        (self.0 & 0xf) as u8
    }
}

/// `family 6 model 85 stepping 4`, in decimal as `/proc/cpuinfo` has them.
impl fmt::Display for CpuSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "family {} model {} stepping {}", self.family(), self.model(), self.stepping())
    }
}

register! {
    /// `IA32_MCG_CAP`, MSR 0x179: what the machine-check architecture of this processor has.
    McgCap: u64
}

impl McgCap {
    /// `MCG_CTL` exists (bit 8).
    pub const CTL_P: u64 = 1 << 8;
    /// Extended state registers exist (bit 9).
    pub const EXT_P: u64 = 1 << 9;
    /// Corrected machine-check interrupts and error counts exist (bit 10).
    pub const CMCI_P: u64 = 1 << 10;
    /// Threshold-based error status exists (bit 11).
    pub const TES_P: u64 = 1 << 11;
    /// Errors in SEAM non-root mode are reported as such (bit 12).
    pub const SEAM_NR: u64 = 1 << 12;
    /// Software error recovery: S, AR, and address mode and LSB in `MCi_MISC` (bit 24).
    pub const SER_P: u64 = 1 << 24;
    /// Enhanced machine-check capability (bit 25).
    pub const EMC_P: u64 = 1 << 25;
    /// Firmware may log errors in an extended log (bit 26).
    pub const ELOG_P: u64 = 1 << 26;
    /// Local machine checks (bit 27).
    pub const LMCE_P: u64 = 1 << 27;

    /// Number of banks that a processor reports (bits 7:0).
    pub const fn banks(self) -> u8 {
        (self.0 & 0xff) as u8
    }

    /// Number of extended state registers (bits 23:16).
    pub const fn extended_registers(self) -> u8 {
        (self.0 >> 16 & 0xff) as u8
    }
}

register! {
    /// `IA32_MCG_STATUS`, MSR 0x17A: the processor's state at the machine check.
    McgStatus: u64
}

impl McgStatus {
    /// The program can be restarted at the instruction pointer on the stack (bit 0).
    pub const RIPV: u64 = 1 << 0;
    /// The instruction pointer on the stack belongs to the error (bit 1).
    pub const EIPV: u64 = 1 << 1;
    /// A machine-check exception is being handled (bit 2).
    pub const MCIP: u64 = 1 << 2;
    /// The machine check was signalled to this processor alone (bit 3).
    pub const LMCES: u64 = 1 << 3;
    /// The processor was in SEAM non-root mode (bit 12).
    pub const SEAM_NR: u64 = 1 << 12;

    /// Whether the program can be restarted.
    pub const fn restart_ip_valid(self) -> bool {
        self.any(Self::RIPV)
    }

    /// Whether the instruction pointer belongs to the error.
    pub const fn error_ip_valid(self) -> bool {
        self.any(Self::EIPV)
    }

    /// Whether a machine-check exception is being handled.
    pub const fn in_progress(self) -> bool {
        self.any(Self::MCIP)
    }

    /// Whether the machine check was local to this processor.
    pub const fn local(self) -> bool {
        self.any(Self::LMCES)
    }

    /// Whether the processor was in SEAM non-root mode.
    pub const fn seam_non_root(self) -> bool {
        self.any(Self::SEAM_NR)
    }

    pub(crate) const NAMES: &'static [(u64, &'static str)] = &[
        (Self::RIPV, "restart IP valid"),
        (Self::EIPV, "error IP valid"),
        (Self::MCIP, "in progress"),
        (Self::LMCES, "local"),
        (Self::SEAM_NR, "SEAM non-root mode"),
    ];
}

open_value! {
    /// What kind of address `MCi_ADDR` holds: `MCi_MISC` bits 8:6.
    AddressMode: u8 {
        /// Offset in a segment.
        SEGMENT_OFFSET = 0 => "segment offset",
        /// Linear address.
        LINEAR = 1 => "linear",
        /// Physical address.
        PHYSICAL = 2 => "physical",
        /// Memory address.
        MEMORY = 3 => "memory",
        /// Generic address.
        GENERIC = 7 => "generic",
    }
}

register! {
    /// `IA32_MCi_MISC`. Its meaning depends on the error and the maker: with `MCG_SER_P` Intel's holds the
    /// address' LSB and mode, for an I/O error ([`IoRequester`]) who asked; AMD's holds a threshold counter
    /// ([`ThresholdCounter`]).
    MciMisc: u64
}

impl MciMisc {
    /// Lowest bit of `MCi_ADDR` that means something (bits 5:0).
    pub const fn address_lsb(self) -> u8 {
        (self.0 & 0x3f) as u8
    }

    /// What `MCi_ADDR` holds (bits 8:6).
    pub const fn address_mode(self) -> AddressMode {
        AddressMode::new((self.0 >> 6 & 7) as u8)
    }

    /// The I/O form: the requester, if the error code is the generic I/O error 0x0E0B.
    pub const fn io_requester(self) -> IoRequester {
        IoRequester {
            segment: (self.0 >> 32 & 0xff) as u8,
            bus: (self.0 >> 24 & 0xff) as u8,
            device: (self.0 >> 19 & 0x1f) as u8,
            function: (self.0 >> 16 & 7) as u8,
        }
    }

    /// AMD's form: the threshold counter.
    pub const fn threshold_counter(self) -> ThresholdCounter {
        ThresholdCounter(self)
    }
}

/// The requester of a generic I/O error: `MCi_MISC` bits 39:16.
///
/// Source: Intel SDM volume 3B, "I/O machine check errors"; segment bits 39:32, requester id 31:16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IoRequester {
    /// PCI segment.
    pub segment: u8,
    /// Bus.
    pub bus: u8,
    /// Device, 0 to 31.
    pub device: u8,
    /// Function, 0 to 7.
    pub function: u8,
}

/// `0000:3b:00.0`, as `lspci -D` has it.
impl fmt::Display for IoRequester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:02x}:{:02x}.{}", self.segment, self.bus, self.device, self.function)
    }
}

/// The same text.
#[cfg(feature = "serde")]
impl serde::Serialize for IoRequester {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads the text.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for IoRequester {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfText(IoRequester);

        impl core::str::FromStr for OfText {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let part = |from: usize, to: usize| {
                    let digits =
                        text.get(from..to).filter(|part| part.bytes().all(|digit| digit.is_ascii_hexdigit()));
                    digits.and_then(|digits| u16::from_str_radix(digits, 16).ok())
                };
                let marks = [4, 7, 10].map(|place| text.as_bytes().get(place).copied());
                match (part(0, 4), part(5, 7), part(8, 10), part(11, text.len())) {
                    (Some(segment), Some(bus), Some(device), Some(function))
                        if text.len() == 12 && marks == [b':', b':', b'.'].map(Some) =>
                    {
                        let [segment, bus, device, function] =
                            [segment, bus, device, function].map(|part| part as u8);
                        Ok(Self(IoRequester { segment, bus, device, function }))
                    }
                    _ => Err("not a PCI address of the form ssss:bb:dd.f"),
                }
            }
        }

        crate::grammar::deserialize_text(deserializer, "a PCI address").map(|OfText(requester)| requester)
    }
}

/// AMD's error thresholding register, `MCi_MISC0`.
///
/// Source: AMD64 Architecture Programmer's Manual volume 2, "Error-Thresholding Register".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThresholdCounter(MciMisc);

impl ThresholdCounter {
    /// Whether the register is implemented (bit 63).
    pub const fn valid(self) -> bool {
        self.0.any(1 << 63)
    }

    /// Whether the counter is implemented (bit 62).
    pub const fn counter_present(self) -> bool {
        self.0.any(1 << 62)
    }

    /// Whether firmware has locked the register (bit 61).
    pub const fn locked(self) -> bool {
        self.0.any(1 << 61)
    }

    /// Whether counting is on (bit 51).
    pub const fn counting(self) -> bool {
        self.0.any(1 << 51)
    }

    /// Whether the counter has overflowed (bit 48).
    pub const fn overflow(self) -> bool {
        self.0.any(1 << 48)
    }

    /// The counter (bits 43:32). It counts up from a start value to 0xFFF.
    pub const fn count(self) -> u16 {
        (self.0.raw() >> 32 & 0xfff) as u16
    }
}

/// `4095 of 4095, counting, overflow`.
impl fmt::Display for ThresholdCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.counter_present() {
            return f.write_str("none");
        }
        write!(f, "{} of 4095", self.count())?;
        f.write_str(if self.counting() { ", counting" } else { "" })?;
        f.write_str(if self.overflow() { ", overflow" } else { "" })?;
        f.write_str(if self.locked() { ", locked" } else { "" })
    }
}

/// `MCi_ADDR` with what `MCi_MISC` says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The register as stored. Bits below [`lsb`](Self::lsb) mean nothing.
    pub value: u64,
    /// What kind of address it is, if `MCi_MISC` says so.
    pub mode: Option<AddressMode>,
    /// Its lowest bit that means something, if `MCi_MISC` says so; 0 to 63.
    pub lsb: Option<u8>,
}

impl Address {
    /// Size in bytes of the unit at the address: 64 for a cache line, 4096 for a page.
    pub const fn granularity(self) -> Option<u64> {
        match self.lsb {
            Some(lsb) => 1_u64.checked_shl(lsb as u32),
            None => None,
        }
    }
}

/// `0xdeadb000 (physical, 4 KiB)`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.value)?;
        match (self.mode, self.granularity()) {
            (None, None) => Ok(()),
            (Some(mode), None) => write!(f, " ({mode})"),
            (None, Some(size)) => write!(f, " ({})", Size(size)),
            (Some(mode), Some(size)) => write!(f, " ({mode}, {})", Size(size)),
        }
    }
}

/// A power of two as people say it: `64 B`, `4 KiB`, `1 GiB`.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shift, unit) = match self.0 {
            0..0x400 => (0, "B"),
            0x400..0x10_0000 => (10, "KiB"),
            0x10_0000..0x4000_0000 => (20, "MiB"),
            0x4000_0000..0x100_0000_0000 => (30, "GiB"),
            0x100_0000_0000..0x4_0000_0000_0000 => (40, "TiB"),
            0x4_0000_0000_0000..0x1000_0000_0000_0000 => (50, "PiB"),
            _ => (60, "EiB"),
        };
        write!(f, "{} {unit}", self.0 >> shift)
    }
}

register! {
    /// `IA32_MCi_CTL2`, MSR 0x280 + bank: the corrected machine-check interrupt. No record holds it; tools
    /// that read MSRs do.
    MciCtl2: u64
}

impl MciCtl2 {
    /// The interrupt is on (bit 30).
    pub const CMCI_EN: u64 = 1 << 30;

    /// Whether the interrupt is on.
    pub const fn interrupt_enabled(self) -> bool {
        self.any(Self::CMCI_EN)
    }

    /// The count of corrected errors at which it is raised (bits 14:0).
    pub const fn threshold(self) -> u16 {
        (self.0 & 0x7fff) as u16
    }
}

register! {
    /// `MCA_SYND`: the syndrome AMD's scalable MCA banks store beside the status.
    McaSynd: u64
}

register! {
    /// `MCA_IPID`: which hardware block of an AMD processor an MCA bank belongs to.
    McaIpid: u64
}

impl McaIpid {
    /// Type of the bank within its hardware block (bits 63:48).
    pub const fn mca_type(self) -> u16 {
        (self.0 >> 48 & 0xffff) as u16
    }

    /// Hardware block (bits 43:32).
    pub const fn hwid(self) -> u16 {
        (self.0 >> 32 & 0xfff) as u16
    }

    /// Which of the blocks of this kind (bits 31:0).
    pub const fn instance(self) -> u32 {
        self.0 as u32
    }
}
