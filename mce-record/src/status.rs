//! `MCi_STATUS`, and how Intel's and AMD's processors define the bits the architecture left open.
//!
//! Bits 63 to 57 and the error code in bits 15 to 0 mean the same everywhere. Between them the makers went
//! apart: [`IntelStatus`] reads them by Intel's definition (Zhaoxin and Centaur follow it), [`AmdStatus`] by
//! AMD's (Hygon's processors are AMD's). [`StatusReading`] is the one that fits a record.
//!
//! Sources: Intel SDM volume 3B, `IA32_MCi_STATUS` MSRs; AMD64 Architecture Programmer's Manual volume 2,
//! chapter 9, "Machine-Check Status Register"; Linux 6.12 `arch/x86/include/asm/mce.h`,
//! `drivers/edac/mce_amd.c`.

use core::fmt;

use crate::error_code::ErrorCode;
use crate::grammar::{open_value, register};
use crate::list::List;
use crate::registers::{CpuSignature, CpuVendor, McgCap};

register! {
    /// `MCi_STATUS`: what a bank says about an error. Meaningless unless [`valid`](Self::valid).
    MciStatus: u64
}

impl MciStatus {
    /// The register holds an error (bit 63).
    pub const VAL: u64 = 1 << 63;
    /// At least one further error was lost (bit 62).
    pub const OVER: u64 = 1 << 62;
    /// The hardware did not correct the error (bit 61).
    pub const UC: u64 = 1 << 61;
    /// Reporting of the error was enabled (bit 60).
    pub const EN: u64 = 1 << 60;
    /// `MCi_MISC` belongs to the error (bit 59).
    pub const MISCV: u64 = 1 << 59;
    /// `MCi_ADDR` belongs to the error (bit 58).
    pub const ADDRV: u64 = 1 << 58;
    /// The processor's state may be corrupt (bit 57).
    pub const PCC: u64 = 1 << 57;
    /// Intel: signalled as a machine-check exception (bit 56).
    pub const S: u64 = 1 << 56;
    /// Intel: software must act before it goes on (bit 55).
    pub const AR: u64 = 1 << 55;
    /// Intel: firmware has seen and changed the report (bit 37).
    pub const FIRMWARE_UPDATED: u64 = 1 << 37;
    /// AMD: [`AmdStatus::error_core`] is valid (bit 56).
    pub const ERR_CORE_ID_VAL: u64 = 1 << 56;
    /// AMD: the program that was running is corrupt (bit 55).
    pub const TCC: u64 = 1 << 55;
    /// AMD: `MCA_SYND` belongs to the error (bit 53).
    pub const SYNDV: u64 = 1 << 53;
    /// AMD: ECC corrected the data (bit 46).
    pub const CECC: u64 = 1 << 46;
    /// AMD: ECC could not correct the data (bit 45).
    pub const UECC: u64 = 1 << 45;
    /// AMD: uncorrected data nobody has used yet (bit 44).
    pub const DEFERRED: u64 = 1 << 44;
    /// AMD: poisoned data was used (bit 43).
    pub const POISON: u64 = 1 << 43;
    /// AMD: a scrubber found the error (bit 40).
    pub const SCRUB: u64 = 1 << 40;

    /// Whether the register holds an error.
    pub const fn valid(self) -> bool {
        self.any(Self::VAL)
    }

    /// Whether at least one further error was lost.
    pub const fn overflow(self) -> bool {
        self.any(Self::OVER)
    }

    /// Whether the hardware did not correct the error.
    pub const fn uncorrected(self) -> bool {
        self.any(Self::UC)
    }

    /// Whether reporting of the error was enabled.
    pub const fn enabled(self) -> bool {
        self.any(Self::EN)
    }

    /// Whether `MCi_MISC` belongs to the error.
    pub const fn misc_valid(self) -> bool {
        self.any(Self::MISCV)
    }

    /// Whether `MCi_ADDR` belongs to the error.
    pub const fn address_valid(self) -> bool {
        self.any(Self::ADDRV)
    }

    /// Whether the processor's state may be corrupt: nothing that runs on it can be trusted.
    pub const fn context_corrupt(self) -> bool {
        self.any(Self::PCC)
    }

    /// What became of the error, as far as the status says; only AMD's processors have a bit for deferred ones.
    #[inline]
    pub const fn outcome(self, vendor: CpuVendor) -> Outcome {
        if self.context_corrupt() {
            Outcome::ContextCorrupt
        } else if vendor.is_amd_family() && self.any(Self::DEFERRED) {
            Outcome::Deferred
        } else if self.uncorrected() {
            Outcome::Uncorrected
        } else {
            Outcome::Corrected
        }
    }

    /// The machine-check architecture's error code (bits 15:0).
    pub const fn error_code(self) -> ErrorCode {
        ErrorCode::new((self.0 & 0xffff) as u16)
    }

    /// The model's own error code (bits 31:16), whose meaning depends on processor and bank.
    pub const fn model_specific_code(self) -> u16 {
        (self.0 >> 16 & 0xffff) as u16
    }

    const NAMES: &'static [(u64, &'static str)] = &[
        (Self::VAL, "valid"),
        (Self::OVER, "overflow"),
        (Self::UC, "uncorrected"),
        (Self::EN, "enabled"),
        (Self::MISCV, "misc valid"),
        (Self::ADDRV, "addr valid"),
        (Self::PCC, "context corrupt"),
    ];
}

/// What became of an error: [`MciStatus::outcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The hardware corrected the error.
    Corrected,
    /// The data is lost, but nobody has used it yet.
    Deferred,
    /// The hardware did not correct the error.
    Uncorrected,
    /// The processor's state may be corrupt: nothing that runs on it can be trusted.
    ContextCorrupt,
}

/// `corrected`, `deferred`, `uncorrected`, `context corrupt`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Corrected => "corrected",
            Self::Deferred => "deferred",
            Self::Uncorrected => "uncorrected",
            Self::ContextCorrupt => "context corrupt",
        })
    }
}

open_value! {
    /// Threshold-based error status of a structure that counts its corrected errors: Intel's bits 54:53.
    ThresholdStatus: u8 {
        /// The structure does not keep track.
        NO_TRACKING = 0 => "no tracking",
        /// Below the threshold.
        GREEN = 1 => "green",
        /// Above the threshold.
        YELLOW = 2 => "yellow",
    }
}

/// Bits 56 to 32 of `MCi_STATUS` by Intel's definition. What `MCG_CAP` does not promise is `None`: those bits
/// are then the model's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IntelStatus {
    /// The status.
    pub status: MciStatus,
    /// The capabilities of the processor it comes from; 0 where the record does not have them.
    pub capability: McgCap,
}

impl IntelStatus {
    const fn bit(self, bit: u64, capability: u64) -> Option<bool> {
        if self.capability.any(capability) { Some(self.status.any(bit)) } else { None }
    }

    /// Whether an uncorrected recoverable error was signalled as a machine check (bit 56, with `MCG_SER_P`).
    pub const fn signalled(self) -> Option<bool> {
        self.bit(MciStatus::S, McgCap::SER_P)
    }

    /// Whether software must act before the program goes on (bit 55, with `MCG_SER_P`).
    pub const fn action_required(self) -> Option<bool> {
        self.bit(MciStatus::AR, McgCap::SER_P)
    }

    /// Threshold-based error status (bits 54:53, with `MCG_TES_P` and of corrected errors only).
    pub const fn threshold(self) -> Option<ThresholdStatus> {
        if self.capability.any(McgCap::TES_P) && !self.status.uncorrected() {
            Some(ThresholdStatus::new((self.status.raw() >> 53 & 3) as u8))
        } else {
            None
        }
    }

    /// Number of corrected errors that the bank has counted (bits 51:38, with `MCG_CMCI_P`).
    pub const fn corrected_errors(self) -> Option<u16> {
        if self.capability.any(McgCap::CMCI_P) {
            Some((self.status.raw() >> 38 & 0x3fff) as u16)
        } else {
            None
        }
    }

    /// Whether the count of corrected errors has overflowed (bit 52, with `MCG_CMCI_P`; it stays until cleared).
    pub const fn count_overflow(self) -> Option<bool> {
        self.bit(1 << 52, McgCap::CMCI_P)
    }

    /// Whether firmware has seen and changed the report (bit 37, with `MCG_EMC_P`).
    pub const fn firmware_updated(self) -> Option<bool> {
        self.bit(MciStatus::FIRMWARE_UPDATED, McgCap::EMC_P)
    }

    /// The bits the architecture leaves to the model, in their places. Bits 36:32 always; bit 37 without
    /// `MCG_EMC_P`, bits 52:38 without `MCG_CMCI_P`, bits 56:55 without `MCG_SER_P`, bits 54:53 without
    /// `MCG_TES_P`.
    pub const fn other_information(self) -> u64 {
        let mut mask = 0x1f_u64 << 32;
        if !self.capability.any(McgCap::EMC_P) {
            mask |= MciStatus::FIRMWARE_UPDATED;
        }
        if !self.capability.any(McgCap::CMCI_P) {
            mask |= 0x7fff << 38;
        }
        if !self.capability.any(McgCap::SER_P) {
            mask |= MciStatus::S | MciStatus::AR;
        }
        if !self.capability.any(McgCap::TES_P) {
            mask |= 3 << 53;
        }
        self.status.raw() & mask
    }
}

/// `valid, uncorrected, enabled, misc valid, addr valid, context corrupt`: the names of what is set.
impl fmt::Display for IntelStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = List::new(f, "");
        names.set_bits(self.status.raw(), MciStatus::NAMES)?;
        names.part_if(self.signalled() == Some(true), "signalled")?;
        names.part_if(self.action_required() == Some(true), "action required")?;
        match self.threshold() {
            None | Some(ThresholdStatus::NO_TRACKING) => {}
            Some(status) => names.part(format_args!("threshold {status}"))?,
        }
        match self.corrected_errors() {
            None | Some(0) => {}
            Some(count) => names.part(format_args!("{count} corrected"))?,
        }
        names.part_if(self.count_overflow() == Some(true), "count overflow")?;
        names.part_if(self.firmware_updated() == Some(true), "firmware updated")?;
        names.or_none()
    }
}

/// Bits 56 to 16 of `MCi_STATUS` by AMD's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AmdStatus {
    /// The status.
    pub status: MciStatus,
    /// The processor it comes from: how wide the extended error code is depends on it.
    pub signature: CpuSignature,
}

impl AmdStatus {
    /// Whether the processor has scalable MCA: family 17h and later, Hygon's 18h among them.
    pub const fn is_smca(self) -> bool {
        self.signature.family() >= 0x17
    }

    /// The extended error code: bits 21:16 with scalable MCA and on family 15h model 60h, bits 20:16 on
    /// families 15h and 16h, bits 19:16 before.
    pub const fn extended_code(self) -> u8 {
        let mask = match (self.signature.family(), self.signature.model()) {
            (0x15, 0x60) | (0x17.., _) => 0x3f,
            (0x15 | 0x16, _) => 0x1f,
            _ => 0xf,
        };
        (self.status.raw() >> 16 & mask) as u8
    }

    /// The core the error belongs to, if the bank knows (bits 37:32, valid with bit 56).
    pub const fn error_core(self) -> Option<u8> {
        if self.status.any(MciStatus::ERR_CORE_ID_VAL) {
            Some((self.status.raw() >> 32 & 0x3f) as u8)
        } else {
            None
        }
    }

    /// Whether the program that was running is corrupt, but the processor is not.
    pub const fn task_context_corrupt(self) -> bool {
        self.status.any(MciStatus::TCC)
    }

    /// Whether `MCA_SYND` belongs to the error.
    pub const fn syndrome_valid(self) -> bool {
        self.status.any(MciStatus::SYNDV)
    }

    /// Whether ECC corrected the data.
    pub const fn corrected_ecc(self) -> bool {
        self.status.any(MciStatus::CECC)
    }

    /// Whether ECC could not correct the data.
    pub const fn uncorrected_ecc(self) -> bool {
        self.status.any(MciStatus::UECC)
    }

    /// Whether the data is lost, but nobody has used it yet.
    pub const fn deferred(self) -> bool {
        self.status.any(MciStatus::DEFERRED)
    }

    /// Whether poisoned data was used.
    pub const fn poison(self) -> bool {
        self.status.any(MciStatus::POISON)
    }

    /// Whether a scrubber found the error.
    pub const fn scrub(self) -> bool {
        self.status.any(MciStatus::SCRUB)
    }

    /// Lowest bit of the address that means something (bits 29:24), on processors whose `MCA_CONFIG` says that
    /// the status holds it. No record holds `MCA_CONFIG`.
    pub const fn address_lsb(self) -> u8 {
        (self.status.raw() >> 24 & 0x3f) as u8
    }
}

/// `valid, enabled, syndrome valid, corrected ECC`: the names of what is set.
impl fmt::Display for AmdStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = List::new(f, "");
        names.set_bits(self.status.raw(), MciStatus::NAMES)?;
        if let Some(core) = self.error_core() {
            names.part(format_args!("core {core}"))?;
        }
        names.part_if(self.task_context_corrupt(), "task context corrupt")?;
        names.part_if(self.syndrome_valid(), "syndrome valid")?;
        names.part_if(self.corrected_ecc(), "corrected ECC")?;
        names.part_if(self.uncorrected_ecc(), "uncorrected ECC")?;
        names.part_if(self.deferred(), "deferred")?;
        names.part_if(self.poison(), "poison")?;
        names.part_if(self.scrub(), "scrub")?;
        names.or_none()
    }
}

/// `MCi_STATUS` as the maker of the processor defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusReading {
    /// Intel's definition: Intel, Zhaoxin, Centaur, and where the maker is not known.
    Intel(IntelStatus),
    /// AMD's definition: AMD and Hygon.
    Amd(AmdStatus),
}

impl StatusReading {
    /// The reading of `status` for a processor.
    pub const fn new(
        status: MciStatus,
        vendor: CpuVendor,
        signature: CpuSignature,
        capability: McgCap,
    ) -> Self {
        if vendor.is_amd_family() {
            Self::Amd(AmdStatus { status, signature })
        } else {
            Self::Intel(IntelStatus { status, capability })
        }
    }
}

/// The names of what is set, separated by commas.
impl fmt::Display for StatusReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Intel(status) => status.fmt(f),
            Self::Amd(status) => status.fmt(f),
        }
    }
}
