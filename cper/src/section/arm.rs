//! Arm processor error (UEFI 2.11 Appendix N, "Arm Processor Error Section").
//!
//! A header of 40 bytes, then error information structures of 32 bytes, then register contexts of 8 bytes and an
//! array each, then the vendor's own bytes. The section states its own length, which need not be true.

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::check_info::{AccessOperation, ParticipationType, TransactionType, check_bits};
use super::context::{self, ContextBytes, ContextForm, ContextHeader, ContextPadding, Contexts};
use super::context::{RegisterTable, Registers};
use super::runs::write_runs;
use crate::entries::{Entries, whole};
use crate::fields::{Describe, Groups, Value, Values, Visitor, describe_rest, shows};
use crate::grammar::number;
use crate::kind::{Encode, FixedSection, SectionType, fill_with, write_all};
use crate::open_value::open_value;
use crate::structure::structure;
use crate::{Error, ErrorKind, SectionTypeId};

structure! {
    /// The first 40 bytes of an Arm processor section. Writers compute both counts and the length.
    ArmProcessorHeader: 40 bytes, new;
    head of ArmProcessor from 40 as ARM_PROCESSOR "Arm processor error";
    valid ArmProcessorValidation: u32 in validation_bits {
        /// [`ArmProcessor::vendor_specific`] holds the vendor's own bytes.
        VENDOR_SPECIFIC = 3;
    };
    0 validation_bits: u32;
    /// Number of error information structures, at least 1.
    4 err_info_num: u16 as number;
    /// Number of register contexts.
    6 context_info_num: u16 as number;
    /// Length of the section in bytes, from its header to the vendor's own bytes.
    8 section_length: u32 as number;
    /// Affinity level of the error, 0 to 3.
    12 error_affinity_level: u8 as number, error_affinity_level_raw set_error_affinity_level with_error_affinity_level,
        ERROR_AFFINITY_LEVEL = 1;
    13 reserved: [u8; 3];
    /// `MPIDR_EL1`: which processor.
    16 mpidr_el1: u64 as hex, mpidr_el1_raw set_mpidr_el1 with_mpidr_el1, MPIDR_EL1 = 0;
    /// `MIDR_EL1`: what kind of processor ([`Midr`](crate::section::Midr)). The field has no validity bit.
    24 midr_el1: u64 as hex => set_midr_el1 with_midr_el1;
    /// Running state: bit 0 is set when the processor is running. When it is not, [`ArmProcessorHeader::psci_state`]
    /// says more.
    32 running_state: u32 as hex, running_state_raw set_running_state with_running_state, RUNNING_STATE = 2;
    /// PSCI state of a processor that is not running.
    36 psci_state: u32 raw psci_state_raw;
}

structure! {
    /// One error of the processor.
    ArmErrorInformation: 32 bytes by fields;
    valid ArmErrorValidation: u16 in validation_bits {};
    /// Version of the structure: 0.
    0 version: u8 as number => set_version with_version;
    /// Length of the structure in bytes: 32.
    1 length: u8 as number => set_length with_length;
    2 validation_bits: u16;
    /// What failed. Three revisions of the specification number it in three ways: [`ArmErrorType::types`].
    4 error_type: (u8 ArmErrorType) as hex => set_error_type with_error_type;
    /// Number of errors: 0 for a single error, 1 for several, 2 or more for exactly that many.
    5 multiple_error: u16 as number, multiple_error_raw set_multiple_error with_multiple_error, MULTIPLE_ERROR = 0;
    /// Flags of the error: whether it is the first or the last one, and whether it spread or lost others.
    7 flags: (u8 ArmErrorFlags) as flags, flags_raw set_flags with_flags, FLAGS = 1;
    /// Error information, all 64 bits: [`ArmErrorInformation::cache_error`], [`ArmErrorInformation::tlb_error`] and
    /// [`ArmErrorInformation::bus_error`] read them.
    8 error_information: u64 as hex, error_information_raw set_error_information with_error_information,
        ERROR_INFORMATION = 2;
    /// Virtual address of the fault.
    16 virtual_fault_address: u64 as hex,
        virtual_fault_address_raw set_virtual_fault_address with_virtual_fault_address, VIRTUAL_FAULT_ADDRESS = 3;
    /// Physical address of the fault.
    24 physical_fault_address: u64 as hex,
        physical_fault_address_raw set_physical_fault_address with_physical_fault_address, PHYSICAL_FAULT_ADDRESS = 4;
}

structure! {
    /// The header of a register context; the array follows it. Writers compute the array's size.
    ArmContextHeader: 8 bytes;
    /// Version of the structure: 0.
    0 version: u16 as number => set_version with_version;
    /// What the registers are.
    2 register_context_type: (u16 ArmContextType) as named => set_register_context_type with_register_context_type;
    /// Length of the array in bytes.
    4 register_array_size: u32 as number;
}

structure! {
    /// A system register of a context of type [`ArmContextType::MISC_SYSTEM`].
    ArmSystemRegister: 10 bytes;
    /// The register, by its encoding.
    0 mrs_encoding: (u16 MrsEncoding) as hex => set_mrs_encoding with_mrs_encoding;
    /// Value of the register.
    2 value: u64 as hex => set_value with_value;
}

crate::open_value::flag_set! {
    /// Flags of an error.
    pub struct ArmErrorFlags: u8 {
        /// The error is the first one that was captured.
        const FIRST = 1 << 0;
        /// The error is the last one that was captured.
        const LAST = 1 << 1;
        /// The error was passed on to another processor or memory.
        const PROPAGATED = 1 << 2;
        /// Further errors happened, and what is known of this one is incomplete.
        const OVERFLOW = 1 << 3;
        const _ = !0;
    }

    /// What failed, in whichever numbering the type byte says it: [`ArmErrorType::types`].
    pub struct ArmErrorTypes: u8 {
        /// A cache.
        const CACHE = 1 << 0;
        /// A TLB.
        const TLB = 1 << 1;
        /// A bus.
        const BUS = 1 << 2;
        /// Another part of the processor.
        const MICRO_ARCHITECTURAL = 1 << 3;
    }
}

/// How the type byte of an [`ArmErrorInformation`] is to be read. Its values overlap: 2 is a bus, a cache or a TLB.
/// A record does not state which numbering its writer used. [`ArmErrorInformation::fits`] says which are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ArmErrorTypeReading {
    /// 0 cache, 1 TLB, 2 bus, 3 micro-architectural: UEFI up to 2.9, EDK2, and Linux until November 2025.
    Enumeration,
    /// Bit 1 cache, bit 2 TLB, bit 3 bus, bit 4 micro-architectural: UEFI 2.9A and 2.10, Linux since then (and in
    /// its stable series from 6.1.176 and 6.12.117 at the latest), rasdaemon.
    #[default]
    Bits1To4,
    /// Bit 0 cache, bit 1 TLB, bit 2 bus, bit 3 micro-architectural: UEFI 2.11, libcper.
    Bits0To3,
}

impl ArmErrorTypeReading {
    /// Every reading.
    pub const ALL: [Self; 3] = [Self::Enumeration, Self::Bits1To4, Self::Bits0To3];
}

impl fmt::Display for ArmErrorTypeReading {
    /// The reading and the specification that has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Enumeration => "number (UEFI before 2.9A)",
            Self::Bits1To4 => "bits 4:1 (UEFI 2.9A and 2.10)",
            Self::Bits0To3 => "bits 3:0 (UEFI 2.11)",
        })
    }
}

number! {
    /// The type byte of an [`ArmErrorInformation`], which three revisions of the specification read in three ways.
    ArmErrorType: u8
}

/// The byte, in hexadecimal.
impl fmt::Display for ArmErrorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x}", self.raw())
    }
}

impl From<ArmErrorType> for u64 {
    fn from(kind: ArmErrorType) -> Self {
        Self::from(kind.raw())
    }
}

impl ArmErrorType {
    /// What failed, by this reading of the byte; `None` for a value that the reading does not have.
    #[inline]
    pub const fn types(self, reading: ArmErrorTypeReading) -> Option<ArmErrorTypes> {
        let bits = match (reading, self.raw()) {
            (ArmErrorTypeReading::Enumeration, 0..=3) => 1 << self.raw(),
            (ArmErrorTypeReading::Bits1To4, bits) if bits & !0x1e == 0 => bits >> 1,
            (ArmErrorTypeReading::Bits0To3, bits @ 0..=15) => bits,
            _ => 0,
        };
        if bits == 0 { None } else { Some(ArmErrorTypes::from_bits_retain(bits)) }
    }

    /// The byte that has these types by this reading; `None` when the reading has no value for them (no type at all, or
    /// several types in an enumeration).
    pub const fn of(types: ArmErrorTypes, reading: ArmErrorTypeReading) -> Option<Self> {
        let byte = match reading {
            ArmErrorTypeReading::Enumeration => types.bits().trailing_zeros() as u8,
            ArmErrorTypeReading::Bits1To4 => types.bits() << 1,
            ArmErrorTypeReading::Bits0To3 => types.bits(),
        };
        match Self::new(byte).types(reading) {
            Some(read) if read.bits() == types.bits() => Some(Self::new(byte)),
            _ => None,
        }
    }
}

open_value! {
    /// Operation during which a cache of an Arm processor failed.
    ArmCacheOperation: u8 {
        GENERIC_ERROR = 0 => "generic error",
        GENERIC_READ = 1 => "generic read",
        GENERIC_WRITE = 2 => "generic write",
        DATA_READ = 3 => "data read",
        DATA_WRITE = 4 => "data write",
        INSTRUCTION_FETCH = 5 => "instruction fetch",
        PREFETCH = 6 => "prefetch",
        EVICTION = 7 => "eviction",
        SNOOPING = 8 => "snooping",
        SNOOPED = 9 => "snooped",
        MANAGEMENT = 10 => "management",
    }
}

open_value! {
    /// Operation during which a TLB of an Arm processor failed.
    ArmTlbOperation: u8 {
        GENERIC_ERROR = 0 => "generic error",
        GENERIC_READ = 1 => "generic read",
        GENERIC_WRITE = 2 => "generic write",
        DATA_READ = 3 => "data read",
        DATA_WRITE = 4 => "data write",
        INSTRUCTION_FETCH = 5 => "instruction fetch",
        PREFETCH = 6 => "prefetch",
        LOCAL_MANAGEMENT = 7 => "local management",
        EXTERNAL_MANAGEMENT = 8 => "external management",
    }
}

open_value! {
    /// What a bus access of an Arm processor was to.
    ArmAddressSpace: u8 {
        EXTERNAL_MEMORY = 0 => "external memory access",
        INTERNAL_MEMORY = 1 => "internal memory access",
        DEVICE_MEMORY = 3 => "device memory access",
    }
}

open_value! {
    /// Security state of a bus access of an Arm processor.
    ArmAccessMode: u8 {
        SECURE = 0 => "secure",
        NORMAL = 1 => "normal",
    }
}

open_value! {
    /// What the registers of a context are. UEFI 2.11 has a table of registers for type 9, but its list of types ends
    /// at 8.
    ArmContextType: u16 {
        AARCH32_GPR = 0 => "AArch32 general purpose registers",
        AARCH32_EL1 = 1 => "AArch32 EL1 context registers",
        AARCH32_EL2 = 2 => "AArch32 EL2 context registers",
        AARCH32_SECURE = 3 => "AArch32 secure context registers",
        AARCH64_GPR = 4 => "AArch64 general purpose registers",
        AARCH64_EL1 = 5 => "AArch64 EL1 context registers",
        AARCH64_EL2 = 6 => "AArch64 EL2 context registers",
        AARCH64_EL3 = 7 => "AArch64 EL3 context registers",
        MISC_SYSTEM = 8 => "miscellaneous system registers",
        AARCH64_128_BIT_TTBR = 9 => "AArch64 128-bit translation table base registers",
    }
}

check_bits! {
    /// Error information of a cache error.
    ArmCacheError {
        /// What was accessed.
        transaction_type / with_transaction_type: TransactionType as named, valid 0, bits 17:16;
        /// Operation that failed.
        operation / with_operation: ArmCacheOperation as named, valid 1, bits 21:18;
        /// Level of the cache.
        level / with_level: u8 as number, valid 2, bits 24:22;
        /// Whether the processor's context is corrupt.
        processor_context_corrupt / with_processor_context_corrupt: bool as flag, valid 3, bits 25:25;
        /// Whether the error was corrected; the x86 section has the opposite at this place.
        corrected / with_corrected: bool as flag, valid 4, bits 26:26;
        /// Whether the program counter is that of the instruction that caused the error.
        precise_pc / with_precise_pc: bool as flag, valid 5, bits 27:27;
        /// Whether the program can go on at the program counter.
        restartable_pc / with_restartable_pc: bool as flag, valid 6, bits 28:28;
    }
}

check_bits! {
    /// Error information of a TLB error.
    ArmTlbError {
        /// What was accessed.
        transaction_type / with_transaction_type: TransactionType as named, valid 0, bits 17:16;
        /// Operation that failed.
        operation / with_operation: ArmTlbOperation as named, valid 1, bits 21:18;
        /// Level of the TLB.
        level / with_level: u8 as number, valid 2, bits 24:22;
        /// Whether the processor's context is corrupt.
        processor_context_corrupt / with_processor_context_corrupt: bool as flag, valid 3, bits 25:25;
        /// Whether the error was corrected; the x86 section has the opposite at this place.
        corrected / with_corrected: bool as flag, valid 4, bits 26:26;
        /// Whether the program counter is that of the instruction that caused the error.
        precise_pc / with_precise_pc: bool as flag, valid 5, bits 27:27;
        /// Whether the program can go on at the program counter.
        restartable_pc / with_restartable_pc: bool as flag, valid 6, bits 28:28;
    }
}

check_bits! {
    /// Error information of a bus error.
    ArmBusError {
        /// What was accessed.
        transaction_type / with_transaction_type: TransactionType as named, valid 0, bits 17:16;
        /// Operation that failed.
        operation / with_operation: AccessOperation as named, valid 1, bits 21:18;
        /// Affinity level at which the error happened.
        level / with_level: u8 as number, valid 2, bits 24:22;
        /// Whether the processor's context is corrupt.
        processor_context_corrupt / with_processor_context_corrupt: bool as flag, valid 3, bits 25:25;
        /// Whether the error was corrected; the x86 section has the opposite at this place.
        corrected / with_corrected: bool as flag, valid 4, bits 26:26;
        /// Whether the program counter is that of the instruction that caused the error.
        precise_pc / with_precise_pc: bool as flag, valid 5, bits 27:27;
        /// Whether the program can go on at the program counter.
        restartable_pc / with_restartable_pc: bool as flag, valid 6, bits 28:28;
        /// The processor's part in the error.
        participation_type / with_participation_type: ParticipationType as named, valid 7, bits 30:29;
        /// Whether the request timed out.
        time_out / with_time_out: bool as flag, valid 8, bits 31:31;
        /// What the access was to.
        address_space / with_address_space: ArmAddressSpace as named, valid 9, bits 33:32;
        /// Attributes of the memory, as the Arm architecture defines them.
        memory_access_attributes / with_memory_access_attributes: u16 as hex, valid 10, bits 42:34;
        /// Security state of the access.
        access_mode / with_access_mode: ArmAccessMode as named, valid 11, bits 43:43;
    }
}

number! {
    /// The encoding by which an MRS instruction names a system register.
    MrsEncoding: u16
}

impl MrsEncoding {
    /// The encoding of `S<op0>_<op1>_C<crn>_C<crm>_<op2>`, with op0 2 or 3; bits that a field has no room for are
    /// dropped.
    pub const fn of(op0: u8, op1: u8, crn: u8, crm: u8, op2: u8) -> Self {
        let bits = (op0 as u16 & 1) << 14
            | (op1 as u16 & 7) << 11
            | (crn as u16 & 15) << 7
            | (crm as u16 & 15) << 3
            | op2 as u16 & 7;
        Self::new(bits)
    }

    /// Op0, 2 or 3: the encoding holds its low bit, bit 14.
    #[inline]
    pub const fn op0(self) -> u8 {
        2 | (self.raw() >> 14) as u8 & 1
    }

    /// Op1: bits 13:11.
    #[inline]
    pub const fn op1(self) -> u8 {
        (self.raw() >> 11) as u8 & 7
    }

    /// CRn: bits 10:7.
    #[inline]
    pub const fn crn(self) -> u8 {
        (self.raw() >> 7) as u8 & 15
    }

    /// CRm: bits 6:3.
    #[inline]
    pub const fn crm(self) -> u8 {
        (self.raw() >> 3) as u8 & 15
    }

    /// Op2: bits 2:0.
    #[inline]
    pub const fn op2(self) -> u8 {
        self.raw() as u8 & 7
    }
}

impl From<MrsEncoding> for u64 {
    fn from(encoding: MrsEncoding) -> Self {
        encoding.raw().into()
    }
}

impl fmt::Display for MrsEncoding {
    /// The name that assemblers take for any system register, such as `S3_0_C0_C0_5` (`MPIDR_EL1`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S{}_{}_C{}_C{}_{}", self.op0(), self.op1(), self.crn(), self.crm(), self.op2())
    }
}

impl ArmSystemRegister {
    /// A register and its value.
    #[inline]
    pub const fn new(mrs_encoding: MrsEncoding, value: u64) -> Self {
        Self::ZERO.with_mrs_encoding(mrs_encoding).with_value(value)
    }
}

impl Describe for ArmSystemRegister {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        out.field("register", Value::Message(&self.mrs_encoding()))
    }
}

impl ArmProcessorHeader {
    /// Whether the processor is running; `None` when the running state's validity bit is clear.
    #[inline]
    pub const fn is_running(&self) -> Option<bool> {
        match self.running_state() {
            Some(state) => Some(state & 1 != 0),
            None => None,
        }
    }

    /// PSCI state of a processor that is not running; `None` for one that is running, or when the running state's
    /// validity bit is clear.
    #[inline]
    pub const fn psci_state(&self) -> Option<u32> {
        match self.is_running() {
            Some(false) => Some(self.psci_state_raw()),
            _ => None,
        }
    }

    /// Sets the PSCI state and the running state of a processor that is not running.
    #[inline]
    pub const fn set_psci_state(&mut self, psci_state: u32) {
        Self::AT.psci_state.put(&mut self.0, u32::to_le_bytes(psci_state));
        self.set_running_state(0);
    }

    /// Sets the PSCI state and the running state of a processor that is not running.
    #[must_use]
    #[inline]
    pub const fn with_psci_state(mut self, psci_state: u32) -> Self {
        self.set_psci_state(psci_state);
        self
    }

    /// The same header for so many errors and contexts, and a section of this length.
    #[inline]
    pub(crate) const fn with_counts(mut self, errors: u16, contexts: u16, length: u32) -> Self {
        Self::AT.err_info_num.put(&mut self.0, u16::to_le_bytes(errors));
        Self::AT.context_info_num.put(&mut self.0, u16::to_le_bytes(contexts));
        Self::AT.section_length.put(&mut self.0, u32::to_le_bytes(length));
        self
    }
}

impl ArmErrorInformation {
    /// An error of this type with no field valid.
    #[inline]
    pub const fn new(error_type: ArmErrorType) -> Self {
        Self::ZERO.with_length(Self::SIZE as u8).with_error_type(error_type)
    }

    /// Whether the type byte can be meant in this reading: the reading has the byte's value, and no valid field of the
    /// error information belongs to other types only.
    pub const fn fits(&self, reading: ArmErrorTypeReading) -> bool {
        let Some(types) = self.error_type().types(reading) else { return false };
        let possible = match self.error_information() {
            // Fields from the participation type on are those of buses.
            Some(bits) if bits & 0xf80 != 0 => ArmErrorTypes::BUS,
            // Operations of caches and TLBs go further than those of buses.
            Some(bits) if bits & 2 != 0 => match bits >> 18 & 15 {
                7 | 8 => ArmErrorTypes::CACHE.union(ArmErrorTypes::TLB),
                9 | 10 => ArmErrorTypes::CACHE,
                _ => ArmErrorTypes::all(),
            },
            _ => ArmErrorTypes::all(),
        };
        // The meaning of the bits for an error inside the processor is the processor's own.
        types.intersects(possible.union(ArmErrorTypes::MICRO_ARCHITECTURAL))
    }

    /// How a cache failed; `None` when the type is no cache error by this reading, or the error information's validity
    /// bit is clear.
    pub const fn cache_error(&self, reading: ArmErrorTypeReading) -> Option<ArmCacheError> {
        match self.information_of(ArmErrorTypes::CACHE, reading) {
            Some(bits) => Some(ArmCacheError::new(bits)),
            None => None,
        }
    }

    /// How a TLB failed; `None` when the type is no TLB error by this reading, or the error information's validity bit
    /// is clear.
    pub const fn tlb_error(&self, reading: ArmErrorTypeReading) -> Option<ArmTlbError> {
        match self.information_of(ArmErrorTypes::TLB, reading) {
            Some(bits) => Some(ArmTlbError::new(bits)),
            None => None,
        }
    }

    /// How a bus failed; `None` when the type is no bus error by this reading, or the error information's validity bit
    /// is clear.
    pub const fn bus_error(&self, reading: ArmErrorTypeReading) -> Option<ArmBusError> {
        match self.information_of(ArmErrorTypes::BUS, reading) {
            Some(bits) => Some(ArmBusError::new(bits)),
            None => None,
        }
    }

    #[inline]
    const fn information_of(&self, one: ArmErrorTypes, reading: ArmErrorTypeReading) -> Option<u64> {
        match self.error_type().types(reading) {
            Some(types) if types.contains(one) => self.error_information(),
            _ => None,
        }
    }
}

/// The readings that are possible, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Readings([Option<ArmErrorTypeReading>; 3]);

impl Readings {
    /// What a type can mean: by each possible reading that has it, the likeliest first. By no other than the
    /// likeliest when that is certain.
    fn of(self, kind: ArmErrorType) -> impl Iterator<Item = (ArmErrorTypeReading, ArmErrorTypes)> + Clone {
        self.0.into_iter().flatten().filter_map(move |reading| Some((reading, kind.types(reading)?)))
    }
}

/// An error, and the readings that its section allows.
struct ErrorRead<'a>(&'a ArmErrorInformation, Readings);

impl Describe for ErrorRead<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let Self(error, readings) = self;
        error.describe_fields(out)?;
        let mut meanings = readings.of(error.error_type());
        let Some(meaning) = meanings.next() else { return Ok(()) };
        let (reading, _) = meaning;
        Meaning(meaning).describe(out)?;
        if let Some(error) = error.cache_error(reading) {
            out.field("cache_error", Value::Group(&error))?;
        }
        if let Some(error) = error.tlb_error(reading) {
            out.field("tlb_error", Value::Group(&error))?;
        }
        if let Some(error) = error.bus_error(reading) {
            out.field("bus_error", Value::Group(&error))?;
        }
        if meanings.clone().next().is_none() {
            return Ok(());
        }
        out.field("other_readings", Value::List(&Groups(meanings.map(Meaning))))
    }
}

/// What a type means by a reading.
struct Meaning((ArmErrorTypeReading, ArmErrorTypes));

impl Describe for Meaning {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let Self((reading, types)) = self;
        out.field("error_types", Value::flags(*types))?;
        out.field("read_as", Value::Message(reading))
    }
}

/// Names of what failed: `cache`, `cache and TLB`.
struct Names(ArmErrorTypes);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f: &mut dyn fmt::Write = f;
        let mut before = "";
        for (bit, name) in &[(0, "cache"), (1, "TLB"), (2, "bus"), (3, "micro-architectural")] {
            if self.0.bits() >> bit & 1 != 0 {
                write!(f, "{before}{name}")?;
                before = " and ";
            }
        }
        Ok(())
    }
}

/// An error in a few words.
impl fmt::Display for ErrorRead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(error, readings) = self;
        let f: &mut dyn fmt::Write = f;
        let kind = error.error_type();
        let mut meanings = readings.of(kind);
        let Some((reading, types)) = meanings.next() else {
            return write!(f, "error of unknown type {kind}");
        };
        write!(f, "{} error", Names(types))?;
        let mut before = " (or ";
        for (_, types) in meanings {
            write!(f, "{before}{} error", Names(types))?;
            before = ", or ";
        }
        if before == ", or " {
            f.write_str(" in another numbering)")?;
        }
        let (cache, tlb) = (error.cache_error(reading), error.tlb_error(reading));
        let bus = error.bus_error(reading);
        if let Some(operation) = cache.and_then(ArmCacheError::operation) {
            write!(f, ", {operation}")?;
        } else if let Some(operation) = tlb.and_then(ArmTlbError::operation) {
            write!(f, ", {operation}")?;
        } else if let Some(operation) = bus.and_then(ArmBusError::operation) {
            write!(f, ", {operation}")?;
        }
        if let Some(level) = cache.and_then(ArmCacheError::level).or(tlb.and_then(ArmTlbError::level)) {
            write!(f, ", level {level}")?;
        }
        if bus.and_then(ArmBusError::time_out) == Some(true) {
            f.write_str(", timed out")?;
        }
        match error.physical_fault_address() {
            Some(address) => write!(f, " at {address:#x}"),
            None => Ok(()),
        }
    }
}

/// What the contexts of this section have in common.
pub(super) const CONTEXT_FORM: ContextForm = ContextForm {
    name: "processor context information",
    header_size: ArmContextHeader::SIZE,
    types: 10,
    read: |header| {
        let (header, _) = ArmContextHeader::first(header)?;
        Some((header.register_context_type().raw(), header.register_array_size()))
    },
};

impl ArmContextHeader {
    /// A header of registers of this type, version 0.
    #[inline]
    pub const fn new(register_context_type: ArmContextType) -> Self {
        Self::ZERO.with_register_context_type(register_context_type)
    }
}

/// Type 0: 64 bytes.
const AARCH32_GPR: RegisterTable = &[(
    4,
    &[
        "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13_sp", "r14_lr",
        "r15_pc",
    ],
)];

/// Type 1: 96 bytes.
const AARCH32_EL1: RegisterTable = &[(
    4,
    &[
        "dfar", "dfsr", "ifar", "isr", "mair0", "mair1", "midr", "mpidr", "nmrr", "prrr", "sctlr_ns", "spsr",
        "spsr_abt", "spsr_fiq", "spsr_irq", "spsr_svc", "spsr_und", "tpidrprw", "tpidruro", "tpidrurw",
        "ttbcr", "ttbr0", "ttbr1", "dacr",
    ],
)];

/// Type 2: 64 bytes.
const AARCH32_EL2: RegisterTable = &[(
    4,
    &[
        "elr_hyp",
        "hamair0",
        "hamair1",
        "hcr",
        "hcr2",
        "hdfar",
        "hifar",
        "hpfar",
        "hsr",
        "htcr",
        "htpidr",
        "httbr",
        "spsr_hyp",
        "vtcr",
        "vttbr",
        "dacr32_el2",
    ],
)];

/// Type 3: 8 bytes.
const AARCH32_SECURE: RegisterTable = &[(4, &["sctlr_s", "spsr_mon"])];

/// Type 4: 256 bytes.
const AARCH64_GPR: RegisterTable = &[(
    8,
    &[
        "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
        "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29",
        "x30", "sp",
    ],
)];

/// Type 5: 136 bytes.
const AARCH64_EL1: RegisterTable = &[(
    8,
    &[
        "elr_el1",
        "esr_el1",
        "far_el1",
        "isr_el1",
        "mair_el1",
        "midr_el1",
        "mpidr_el1",
        "sctlr_el1",
        "sp_el0",
        "sp_el1",
        "spsr_el1",
        "tcr_el1",
        "tpidr_el0",
        "tpidr_el1",
        "tpidrro_el0",
        "ttbr0_el1",
        "ttbr1_el1",
    ],
)];

/// Type 6: 120 bytes.
const AARCH64_EL2: RegisterTable = &[(
    8,
    &[
        "elr_el2",
        "esr_el2",
        "far_el2",
        "hacr_el2",
        "hcr_el2",
        "hpfar_el2",
        "mair_el2",
        "sctlr_el2",
        "sp_el2",
        "spsr_el2",
        "tcr_el2",
        "tpidr_el2",
        "ttbr0_el2",
        "vtcr_el2",
        "vttbr_el2",
    ],
)];

/// Type 7: 80 bytes.
const AARCH64_EL3: RegisterTable = &[(
    8,
    &[
        "elr_el3",
        "esr_el3",
        "far_el3",
        "mair_el3",
        "sctlr_el3",
        "sp_el3",
        "spsr_el3",
        "tcr_el3",
        "tpidr_el3",
        "ttbr0_el3",
    ],
)];

/// Type 9: 96 bytes. A register of all ones is not valid.
const AARCH64_128_BIT_TTBR: RegisterTable =
    &[(16, &["ttbr0_el1", "ttbr0_el2", "ttbr0_el3", "ttbr1_el1", "ttbr1_el2", "vttbr_el2"])];

/// A register context of an Arm processor: its header, and the array of registers.
///
/// It is what a section's contexts are read as, and what they are written from; the size in the header is computed
/// when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArmContext<'a> {
    header: ContextHeader<'a, ArmContextHeader>,
    array: &'a [u8],
    padding: &'a [u8],
}

impl<'a> ArmContext<'a> {
    /// A context of these registers.
    pub const fn new(register_context_type: ArmContextType, array: &'a [u8]) -> Self {
        Self::with_header(ArmContextHeader::new(register_context_type), array)
    }

    /// A context of this header and these registers.
    pub const fn with_header(header: ArmContextHeader, array: &'a [u8]) -> Self {
        Self { header: ContextHeader::New(header), array, padding: &[] }
    }

    /// A context of system registers.
    pub fn system(registers: &'a [ArmSystemRegister]) -> Self {
        Self::new(ArmContextType::MISC_SYSTEM, registers.as_bytes())
    }

    /// The context that was read.
    fn read(bytes: ContextBytes<'a>) -> Self {
        // The header is whole; its form states its length.
        let header = match ArmContextHeader::first(bytes.header) {
            Some((header, _)) => ContextHeader::Read(header),
            None => ContextHeader::New(ArmContextHeader::ZERO),
        };
        Self { header, array: bytes.array, padding: bytes.unusual_padding() }
    }

    /// The header as it was stored.
    pub const fn structure(&self) -> &ArmContextHeader {
        self.header.get()
    }

    /// The register array.
    pub const fn array(&self) -> &'a [u8] {
        self.array
    }

    /// The padding after the array, when it is not the zeros that it should be; else empty. It is always written as
    /// zeros.
    pub const fn padding(&self) -> &'a [u8] {
        self.padding
    }

    /// The header with the size of the array.
    #[inline]
    const fn written_header(&self) -> ArmContextHeader {
        let mut header = *self.header.get();
        ArmContextHeader::AT
            .register_array_size
            .put(&mut header.0, u32::to_le_bytes(self.array.len() as u32));
        header
    }

    /// The registers of a context of type 0 to 7 or 9 by name, as far as the array goes; none of another type. Those of
    /// type 9 have 128 bits, and all ones mean that the register is not valid.
    pub fn registers(&self) -> Registers<'a> {
        let table = match self.header.get().register_context_type() {
            ArmContextType::AARCH32_GPR => AARCH32_GPR,
            ArmContextType::AARCH32_EL1 => AARCH32_EL1,
            ArmContextType::AARCH32_EL2 => AARCH32_EL2,
            ArmContextType::AARCH32_SECURE => AARCH32_SECURE,
            ArmContextType::AARCH64_GPR => AARCH64_GPR,
            ArmContextType::AARCH64_EL1 => AARCH64_EL1,
            ArmContextType::AARCH64_EL2 => AARCH64_EL2,
            ArmContextType::AARCH64_EL3 => AARCH64_EL3,
            ArmContextType::AARCH64_128_BIT_TTBR => AARCH64_128_BIT_TTBR,
            _ => &[],
        };
        Registers::new(table, self.array)
    }

    /// The registers of a context of type 8, as many as are whole; none of another type.
    pub fn system_registers(&self) -> &'a [ArmSystemRegister] {
        if self.header.get().register_context_type() == ArmContextType::MISC_SYSTEM {
            whole(self.array)
        } else {
            &[]
        }
    }
}

impl Describe for ArmContext<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.header.get().describe_fields(out)?;
        if self.header.get().register_context_type() == ArmContextType::MISC_SYSTEM {
            let registers = self.system_registers();
            let lent = registers.iter().map(|register| Value::Group(register));
            out.field("system_registers", Value::List(&Values(lent)))?;
            describe_rest("trailing", self.array.get(size_of_val(registers)..).unwrap_or_default(), out)?;
        } else {
            context::describe_registers(&self.registers(), out)?;
        }
        describe_rest("padding", self.padding, out)
    }
}

/// Errors that a summary names before it only counts.
const SHOWN: usize = 5;

impl<'a> ArmProcessor<'a> {
    /// How many bytes the section length claims and the body does not have.
    pub fn missing(&self) -> usize {
        (self.section_length() as usize).saturating_sub(self.bytes.len())
    }

    /// Whether the processor is running; `None` when the running state's validity bit is clear.
    pub fn is_running(&self) -> Option<bool> {
        self.running_state().map(|state| state & 1 != 0)
    }

    /// PSCI state of a processor that is not running; `None` for one that is running, or when the running state's
    /// validity bit is clear.
    pub fn psci_state(&self) -> Option<u32> {
        if self.is_running() == Some(false) { self.psci_state_raw() } else { None }
    }

    /// The section by its own length. A length that has no room for header and errors, or is more than there is, is
    /// taken for the bytes that were given.
    #[inline]
    fn content(&self) -> &'a [u8] {
        let declared = self.section_length() as usize;
        if declared < self.errors_end() {
            self.bytes
        } else {
            self.bytes.get(..declared).unwrap_or(self.bytes)
        }
    }

    #[inline]
    fn errors_end(&self) -> usize {
        usize::from(self.err_info_num())
            .saturating_mul(ArmErrorInformation::SIZE)
            .saturating_add(ArmProcessorHeader::SIZE)
    }

    /// The errors, in their order.
    #[inline]
    pub fn error_information(&self) -> Entries<'a, ArmErrorInformation> {
        // The section's own length makes no difference here: `content` goes by it only where all errors fit in it.
        let rest = self.bytes.get(ArmProcessorHeader::SIZE..).unwrap_or_default();
        Entries::new(rest, self.err_info_num().into(), "error information count", 4)
    }

    /// How the types of this section's errors can be read, the likeliest reading first: those that fit all errors, or
    /// every reading when none does.
    ///
    /// Bits 4:1 come first, because Linux reads those now. On HiSilicon's processors the enumeration comes first,
    /// because their firmware is known to write it.
    pub fn readings(&self) -> impl Iterator<Item = ArmErrorTypeReading> + Clone + use<> {
        self.possible().0.into_iter().flatten()
    }

    fn possible(&self) -> Readings {
        use ArmErrorTypeReading::{Bits0To3, Bits1To4, Enumeration};
        const HISILICON: u64 = 0x48;
        let readings = match self.midr_el1() >> 24 & 0xff {
            HISILICON => [Enumeration, Bits1To4, Bits0To3],
            _ => [Bits1To4, Enumeration, Bits0To3],
        };
        let errors = self.error_information();
        let errors = errors.as_slice();
        let fits = |reading| errors.iter().all(|error| error.fits(reading)).then_some(reading);
        let [likeliest, second, third] = readings;
        Readings(match [fits(likeliest), fits(second), fits(third)] {
            [None, None, None] => [Some(likeliest), Some(second), Some(third)],
            some => some,
        })
    }

    /// The register contexts, in their order. One that does not fit is an error in its place, and the last item; its
    /// offset counts from the section's start.
    pub fn contexts(&self) -> Contexts<'a, ArmContext<'a>> {
        let offset = self.errors_end();
        let rest = self.content().get(offset..).unwrap_or_default();
        Contexts::new((rest, offset, self.context_info_num()), &CONTEXT_FORM, ArmContext::read)
    }

    /// The vendor's own bytes, which follow the contexts. They are given whatever their validity bit says: Linux does
    /// not look at the bit either.
    pub fn vendor_specific(&self) -> &'a [u8] {
        self.contexts().after()
    }

    /// The bytes from the first error or context on that does not fit. When all fit: the bytes after the section's own
    /// length.
    pub fn trailing(&self) -> &'a [u8] {
        let errors = self.error_information();
        let read = match errors.error() {
            Some(_) => ArmProcessorHeader::SIZE.saturating_add(errors.len_in_bytes()),
            None => self.content().len().saturating_sub(self.contexts().unread().len()),
        };
        self.bytes.get(read..).unwrap_or_default()
    }

    /// Each error, and which processor has it.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        if let Some(mpidr) = self.mpidr_el1() {
            write!(f, "MPIDR {mpidr:#x}: ")?;
        }
        let (entries, readings) = (self.error_information(), self.possible());
        let errors = entries.as_slice();
        let same = |one: &ArmErrorInformation, other: &ArmErrorInformation| one == other;
        write_runs(f, errors, SHOWN, same, |f, error| write!(f, "{}", ErrorRead(error, readings)))?;
        let cut = entries.error().is_some();
        f.write_str(match (errors.is_empty(), cut) {
            (true, true) => "error information cut short",
            (true, false) => "error without error information",
            (false, true) => "; error information cut short",
            (false, false) => "",
        })
    }
}

impl Describe for ArmProcessor<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        if let Some(state) = self.psci_state() {
            shows!(out, ArmProcessorHeader in self.bytes, psci_state);
            out.field("psci_state", Value::hex(state))?;
        }
        if self.missing() != 0 {
            out.field("missing_bytes", Value::length(self.missing()))?;
            Error::inner_length("section length", self.section_length(), self.bytes.len(), 8)
                .describe(out)?;
        }
        let readings = self.possible();
        let errors = self.error_information().map(move |error| error.map(|error| ErrorRead(error, readings)));
        out.field("error_information", Value::List(&Groups(errors)))?;
        out.field("contexts", Value::List(&Groups(self.contexts())))?;
        describe_rest("vendor_specific", self.vendor_specific(), out)?;
        describe_rest("trailing", self.trailing(), out)
    }
}

/// What an Arm processor section is written from.
///
/// ```
/// use cper::section::{
///     ArmCacheError, ArmContext, ArmContextType, ArmErrorInformation, ArmErrorType, ArmErrorTypeReading,
///     ArmErrorTypes, ArmProcessorHeader, ArmProcessorParts,
/// };
///
/// let cache = ArmErrorType::of(ArmErrorTypes::CACHE, ArmErrorTypeReading::Bits1To4).unwrap_or_default();
/// let errors = [ArmErrorInformation::new(cache)
///     .with_error_information(ArmCacheError::new(0).with_level(2).with_corrected(true).raw())
///     .with_physical_fault_address(0x4008_0040)];
/// let registers = [0; 256];
/// let contexts = [ArmContext::new(ArmContextType::AARCH64_GPR, &registers)];
/// let header = ArmProcessorHeader::new().with_mpidr_el1(0x8100_0200);
/// let section = ArmProcessorParts::new(header, &errors, &contexts, b"vendor's own")?;
/// # Ok::<(), cper::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ArmProcessorParts<'a> {
    header: ArmProcessorHeader,
    errors: &'a [ArmErrorInformation],
    contexts: &'a [ArmContext<'a>],
    vendor_specific: &'a [u8],
    padding: ContextPadding,
}

impl<'a> ArmProcessorParts<'a> {
    /// A section of these parts. Counts, sizes, the section length and the validity bit of the vendor's own bytes are
    /// computed. The specification asks for at least one error.
    ///
    /// # Errors
    /// When there are more than 65,535 errors or contexts, or the section is 4 GiB or more.
    pub const fn new(
        header: ArmProcessorHeader,
        errors: &'a [ArmErrorInformation],
        contexts: &'a [ArmContext<'a>],
        vendor_specific: &'a [u8],
    ) -> Result<Self, Error> {
        const MOST: usize = u16::MAX as usize;
        if errors.len() > MOST || contexts.len() > MOST {
            let what = "count of processor error or context information";
            return Err(Error::new(ErrorKind::TooLarge { what }, 0));
        }
        let valid = header.validation().difference(ArmProcessorValidation::VENDOR_SPECIFIC);
        let vendor_valid = if vendor_specific.is_empty() {
            ArmProcessorValidation::empty()
        } else {
            ArmProcessorValidation::VENDOR_SPECIFIC
        };
        let header = header.with_validation(valid.union(vendor_valid));
        let parts = Self { header, errors, contexts, vendor_specific, padding: ContextPadding::To16 };
        if parts.length() as u64 > u32::MAX as u64 {
            return Err(Error::new(ErrorKind::TooLarge { what: "section length" }, 0));
        }
        Ok(parts)
    }

    /// Bytes of the section.
    const fn length(&self) -> usize {
        let mut length = ArmProcessorHeader::SIZE
            .saturating_add(size_of_val(self.errors))
            .saturating_add(self.vendor_specific.len());
        let mut contexts = self.contexts;
        while let [context, rest @ ..] = contexts {
            let size = ArmContextHeader::SIZE.saturating_add(context.array.len());
            length = length.saturating_add(self.padding.padded(size));
            contexts = rest;
        }
        length
    }

    /// Chooses whether contexts are padded. Linux and libcper take padding for the next context, or for the vendor's
    /// own bytes. There is no difference when header and array together are a multiple of 16 bytes, which zeros at the
    /// array's end can make them.
    #[must_use]
    #[inline]
    pub const fn with_padding(mut self, padding: ContextPadding) -> Self {
        self.padding = padding;
        self
    }
}

impl SectionType for ArmProcessorParts<'_> {
    const TYPE: SectionTypeId = ArmProcessor::TYPE;
    const NAME: &'static str = ArmProcessor::NAME;
}

impl Encode for ArmProcessorParts<'_> {
    fn encoded_len(&self) -> usize {
        self.length()
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let (err_info_num, context_info_num) = (self.errors.len() as u16, self.contexts.len() as u16);
        let header = self.header.with_counts(err_info_num, context_info_num, self.length() as u32);
        let mut out = write_all(&[header.as_bytes(), self.errors.as_bytes()], out)?;
        for context in self.contexts {
            out = context::encode(context.written_header().as_bytes(), context.array, self.padding, out)?;
        }
        fill_with(out, &[self.vendor_specific])
    }
}

/// An Arm processor section of `N` error structures and nothing after them, as one structure: the body of a
/// [`PreparedRecord`](crate::PreparedRecord), whose fields are set in place.
///
/// ```
/// use cper::section::{ArmErrorInformation, ArmErrorType, ArmErrors, ArmProcessorHeader};
/// use cper::{NotificationType, PreparedRecord, RecordHeader, SectionDescriptor, Severity};
///
/// let error = ArmErrorInformation::new(ArmErrorType::new(2)); // at boot
/// let errors = ArmErrors::new(ArmProcessorHeader::new(), [error]);
/// let header = RecordHeader::fatal(NotificationType::SEA);
/// let mut record = PreparedRecord::new(header, SectionDescriptor::primary(Severity::FATAL), errors);
///
/// record.body_mut().errors_mut()[0].set_virtual_fault_address(0xffff_8000_1234_5678); // at panic time
/// # assert!(cper::Record::parse(record.as_bytes())?.sections().all(|section| section.is_ok()));
/// # Ok::<(), cper::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ArmErrors<const N: usize> {
    header: ArmProcessorHeader,
    errors: [ArmErrorInformation; N],
}

impl<const N: usize> ArmErrors<N> {
    const COUNT: u16 = {
        assert!(N <= u16::MAX as usize, "the header counts them in 16 bits");
        N as u16
    };

    /// Lays out the section: count and length are computed.
    pub const fn new(header: ArmProcessorHeader, errors: [ArmErrorInformation; N]) -> Self {
        Self { header: header.with_counts(Self::COUNT, 0, size_of::<Self>() as u32), errors }
    }

    /// The header.
    pub const fn header(&self) -> &ArmProcessorHeader {
        &self.header
    }

    /// The header, for setting its fields.
    pub const fn header_mut(&mut self) -> &mut ArmProcessorHeader {
        &mut self.header
    }

    /// The error structures.
    pub const fn errors(&self) -> &[ArmErrorInformation; N] {
        &self.errors
    }

    /// The error structures, for setting their fields.
    pub const fn errors_mut(&mut self) -> &mut [ArmErrorInformation; N] {
        &mut self.errors
    }
}

impl<const N: usize> SectionType for ArmErrors<N> {
    const TYPE: SectionTypeId = ArmProcessor::TYPE;
    const NAME: &'static str = ArmProcessor::NAME;
}

impl<const N: usize> FixedSection for ArmErrors<N> {}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::kind::Decode;
    use crate::section::checks::{assert_map, bit_map, written};
    use std::string::{String, ToString};
    use std::{vec, vec::Vec};
    use zerocopy::FromZeros;

    /// What Linux's `cper-arm.c` prints for it is in `examples/data/gesb/arm.hostoracle-arm64.txt`.
    const CAPTURED: &[u8] = include_bytes!("../../data/arm.proc_arm.sec");

    fn captured() -> ArmProcessor<'static> {
        ArmProcessor::decode(CAPTURED).unwrap()
    }

    fn counting(length: usize) -> Vec<u8> {
        (0..length).map(|place| place as u8).collect()
    }

    #[test]
    fn errors_of_a_fixed_number_are_what_the_parts_write() {
        let error = ArmErrorInformation::new(ArmErrorType::new(2)).with_virtual_fault_address(7);
        let header = ArmProcessorHeader::new().with_mpidr_el1(5);
        let errors = [error; 3];
        let parts = ArmProcessorParts::new(header, &errors, &[], &[]).unwrap();
        let mut out = [0xa5; 136];
        parts.encode(&mut out).unwrap();
        assert_eq!(ArmErrors::new(header, errors).as_bytes(), out);
    }

    #[test]
    fn captured_bytes_give_what_linux_prints() {
        let section = captured();
        assert_eq!(section.bytes(), CAPTURED);
        assert_eq!((section.err_info_num(), section.context_info_num()), (2, 1));
        assert_eq!((section.section_length(), section.missing()), (372, 0));
        assert_eq!(section.midr_el1(), 0x410f_d083);
        assert_eq!(section.mpidr_el1(), Some(0x8000_0001));
        assert_eq!(section.error_affinity_level(), Some(1));
        assert_eq!(
            (section.running_state(), section.is_running(), section.psci_state()),
            (Some(1), Some(true), None)
        );
        let errors: Vec<_> = section.error_information().map(Result::unwrap).collect();
        assert_eq!(errors.len(), 2);
        assert_eq!((errors[0].version(), errors[0].length()), (0, 32));
        assert_eq!(errors[0].error_type(), ArmErrorType::new(2));
        assert_eq!(errors[0].multiple_error(), Some(2));
        assert_eq!(errors[0].flags(), Some(ArmErrorFlags::FIRST | ArmErrorFlags::PROPAGATED));
        assert_eq!(errors[0].error_information(), Some(0x92_0b8f));
        assert_eq!(errors[0].virtual_fault_address(), Some(0xffff_8000_1234_5678));
        assert_eq!(errors[0].physical_fault_address(), Some(0x4008_0040));
        assert_eq!(errors[1].multiple_error(), Some(1));
        assert_eq!(errors[1].flags(), Some(ArmErrorFlags::FIRST | ArmErrorFlags::LAST));
        assert_eq!(
            errors[0].cache_error(ArmErrorTypeReading::Bits1To4).unwrap().to_string(),
            "transaction type        generic (2)\n\
             operation               data write (4)\n\
             level                   2\n\
             processor context corrupt no\n"
        );
        assert_eq!(
            errors[1].tlb_error(ArmErrorTypeReading::Bits1To4).unwrap().to_string(),
            "transaction type        generic (2)\n\
             operation               data write (4)\n\
             level                   1\n"
        );
        let contexts: Vec<_> = section.contexts().map(Result::unwrap).collect();
        assert_eq!(contexts.len(), 1);
        assert_eq!(contexts[0].structure().register_context_type(), ArmContextType::AARCH64_GPR);
        // 248 bytes: the array ends before SP.
        let registers: Vec<_> = contexts[0].registers().collect();
        assert_eq!(registers.len(), 31);
        for (number, register) in (0u128..).zip(&registers) {
            assert_eq!(
                (register.name, register.value()),
                (std::format!("x{number}").as_str(), 0xa000 + number)
            );
        }
        assert_eq!((section.vendor_specific(), section.trailing()), (&b"VENDORDATA!!"[..], &b""[..]));
    }

    #[test]
    fn each_reading_of_the_type_byte() {
        use ArmErrorTypeReading::{Bits0To3, Bits1To4, Enumeration};
        let read = |reading| (0..=255).map(|byte| ArmErrorType::new(byte).types(reading)).collect::<Vec<_>>();
        let [cache, tlb, bus, micro] = [
            ArmErrorTypes::CACHE,
            ArmErrorTypes::TLB,
            ArmErrorTypes::BUS,
            ArmErrorTypes::MICRO_ARCHITECTURAL,
        ];
        let enumeration = read(Enumeration);
        assert_eq!(enumeration[..4], [Some(cache), Some(tlb), Some(bus), Some(micro)]);
        assert!(enumeration[4..].iter().all(Option::is_none));
        let high = read(Bits1To4);
        assert_eq!([high[2], high[4], high[8], high[16]], [Some(cache), Some(tlb), Some(bus), Some(micro)]);
        assert_eq!((high[30], high[6]), (Some(ArmErrorTypes::all()), Some(cache | tlb)));
        assert!(
            high.iter().enumerate().all(|(byte, types)| types.is_some() == (byte != 0 && byte & !0x1e == 0))
        );
        let low = read(Bits0To3);
        assert_eq!([low[1], low[2], low[4], low[8]], [Some(cache), Some(tlb), Some(bus), Some(micro)]);
        assert!(low.iter().enumerate().all(|(byte, types)| types.is_some() == (1..=15).contains(&byte)));
        for reading in ArmErrorTypeReading::ALL {
            for byte in 0..=255 {
                if let Some(types) = ArmErrorType::new(byte).types(reading) {
                    assert_eq!(ArmErrorType::of(types, reading), Some(ArmErrorType::new(byte)));
                }
            }
            assert_eq!(ArmErrorType::of(ArmErrorTypes::empty(), reading), None);
            assert_eq!(ArmErrorType::of(cache | bus, reading).is_none(), reading == Enumeration);
            assert_eq!(ArmErrorType::of(ArmErrorTypes::from_bits_retain(0x81), reading), None);
        }
        assert_eq!(ArmErrorTypeReading::default(), Bits1To4);
    }

    #[test]
    fn a_reading_decides_what_is_decoded() {
        let error = ArmErrorInformation::new(ArmErrorType::new(2)).with_error_information(0x1_0001);
        let decoded =
            |reading| (error.cache_error(reading), error.tlb_error(reading), error.bus_error(reading));
        let bits = 0x1_0001;
        assert_eq!(decoded(ArmErrorTypeReading::Enumeration), (None, None, Some(ArmBusError::new(bits))));
        assert_eq!(decoded(ArmErrorTypeReading::Bits1To4), (Some(ArmCacheError::new(bits)), None, None));
        assert_eq!(decoded(ArmErrorTypeReading::Bits0To3), (None, Some(ArmTlbError::new(bits)), None));
        let silent = ArmErrorInformation::new(ArmErrorType::new(2));
        assert_eq!(silent.cache_error(ArmErrorTypeReading::Bits1To4), None);
    }

    /// A section of one error each of these types and of this information, of a processor with this `MIDR_EL1`.
    fn section_of(midr: u64, errors: &[(u8, Option<u64>)]) -> Vec<u8> {
        let errors: Vec<_> = errors
            .iter()
            .map(|(kind, bits)| {
                let error = ArmErrorInformation::new(ArmErrorType::new(*kind));
                bits.map_or(error, |bits| error.with_error_information(bits))
            })
            .collect();
        written(
            &ArmProcessorParts::new(ArmProcessorHeader::new().with_midr_el1(midr), &errors, &[], b"")
                .unwrap(),
        )
    }

    #[test]
    fn readings_that_a_section_rules_out() {
        use ArmErrorTypeReading::{Bits0To3, Bits1To4, Enumeration};
        let readings = |midr, errors: &[(u8, Option<u64>)]| {
            ArmProcessor::new(&section_of(midr, errors)).unwrap().readings().collect::<Vec<_>>()
        };
        let all = [Bits1To4, Enumeration, Bits0To3];
        let bus = Some(1 << 7);
        let operation = |number: u64| Some(number << 18 | 2);
        for (errors, expected) in [
            (&[][..], &all[..]),
            (&[(0, None)], &[Enumeration]),
            (&[(1, None)], &[Enumeration, Bits0To3]),
            (&[(2, None)], &all),
            (&[(3, None)], &[Enumeration, Bits0To3]),
            (&[(4, None)], &[Bits1To4, Bits0To3]),
            (&[(16, None)], &[Bits1To4]),
            // One error decides for all.
            (&[(2, None), (0, None)], &[Enumeration]),
            (&[(2, None), (16, None)], &[Bits1To4]),
            // Only buses have fields from the participation type on.
            (&[(2, bus)], &[Enumeration]),
            (&[(8, bus)], &all[..1]),
            (&[(4, bus)], &[Bits0To3]),
            // Only caches and TLBs have operations from 7 on, only caches from 9.
            (&[(2, operation(6))], &all),
            (&[(2, operation(7))], &[Bits1To4, Bits0To3]),
            (&[(2, operation(10))], &[Bits1To4]),
            (&[(0, operation(9))], &[Enumeration]),
            // An error inside the processor has bits of its own.
            (&[(3, bus)], &[Enumeration]),
            (&[(16, bus)], &[Bits1To4]),
            // No reading fits both: nothing is ruled out.
            (&[(0, None), (16, None)], &all),
            (&[(0xff, None)], &all),
        ] {
            if errors == [(8, bus)] {
                // A bus by bits 4:1, something inside the processor by bits 3:0.
                assert_eq!(readings(0x410f_d083, errors), [Bits1To4, Bits0To3]);
            } else {
                assert_eq!(readings(0x410f_d083, errors), expected, "{errors:?}");
            }
        }
        assert_eq!(readings(0x481f_d010, &[(2, None)]), [Enumeration, Bits1To4, Bits0To3]);
        assert_eq!(readings(0x481f_d010, &[(16, None)]), [Bits1To4]);
    }

    #[test]
    fn every_reading_that_is_possible_is_told() {
        let told = |midr, errors: &[(u8, Option<u64>)]| {
            let bytes = section_of(midr, errors);
            let section = crate::section::Body::decode(ArmProcessor::TYPE, &bytes).unwrap();
            (section.to_string(), section.summary().to_string())
        };
        let (text, summary) = told(0x480f_d010, &[(0, Some(0x0040_0004))]);
        assert!(text.contains(
            "    error types             0x1  cache\n    read as                 number (UEFI before 2.9A)\n    \
             cache error\n      level                   1\n"
        ), "{text}");
        assert!(!text.contains("other readings"), "{text}");
        assert_eq!(summary, "cache error, level 1");
        let (text, summary) = told(0x410f_d010, &[(2, Some(0x0040_0004))]);
        assert!(text.contains(
            "    error types             0x1  cache\n    read as                 bits 4:1 (UEFI 2.9A and 2.10)\n    \
             cache error\n      level                   1\n    other readings\n      [0] \n        \
             error types             0x4  bus\n        read as                 number (UEFI before 2.9A)\n      [1] \n        \
             error types             0x2  tlb\n        read as                 bits 3:0 (UEFI 2.11)\n"
        ), "{text}");
        assert_eq!(summary, "cache error (or bus error, or TLB error in another numbering), level 1");
        // A type that is possible in no reading is shown as the stored byte.
        let (text, summary) = told(0x410f_d010, &[(0xff, None)]);
        assert!(text.contains("error type              0xff\n") && !text.contains("error types"), "{text}");
        assert_eq!(summary, "error of unknown type 0xff");
    }

    /// One writer after the other: value, validity bit, place.
    #[test]
    fn every_detail_writer_sets_its_bits() {
        let cache = ArmCacheError::new;
        assert_eq!(cache(0).with_transaction_type(TransactionType::new(3)).raw(), 0x3_0001);
        assert_eq!(cache(0).with_operation(ArmCacheOperation::new(15)).raw(), 0x3c_0002);
        assert_eq!(cache(0).with_level(7).raw(), 0x1c0_0004);
        assert_eq!(cache(0).with_processor_context_corrupt(true).raw(), 0x200_0008);
        assert_eq!(cache(0).with_corrected(true).raw(), 0x400_0010);
        assert_eq!(cache(0).with_precise_pc(true).raw(), 0x800_0020);
        assert_eq!(cache(0).with_restartable_pc(true).raw(), 0x1000_0040);
        let tlb = ArmTlbError::new;
        assert_eq!(tlb(0).with_transaction_type(TransactionType::new(3)).raw(), 0x3_0001);
        assert_eq!(tlb(0).with_operation(ArmTlbOperation::new(15)).raw(), 0x3c_0002);
        assert_eq!(tlb(0).with_level(7).raw(), 0x1c0_0004);
        assert_eq!(tlb(0).with_processor_context_corrupt(true).raw(), 0x200_0008);
        assert_eq!(tlb(0).with_corrected(true).raw(), 0x400_0010);
        assert_eq!(tlb(0).with_precise_pc(true).raw(), 0x800_0020);
        assert_eq!(tlb(0).with_restartable_pc(true).raw(), 0x1000_0040);
        let bus = ArmBusError::new;
        assert_eq!(bus(0).with_transaction_type(TransactionType::new(3)).raw(), 0x3_0001);
        assert_eq!(bus(0).with_operation(AccessOperation::new(15)).raw(), 0x3c_0002);
        assert_eq!(bus(0).with_level(7).raw(), 0x1c0_0004);
        assert_eq!(bus(0).with_processor_context_corrupt(true).raw(), 0x200_0008);
        assert_eq!(bus(0).with_corrected(true).raw(), 0x400_0010);
        assert_eq!(bus(0).with_precise_pc(true).raw(), 0x800_0020);
        assert_eq!(bus(0).with_restartable_pc(true).raw(), 0x1000_0040);
        assert_eq!(bus(0).with_participation_type(ParticipationType::GENERIC).raw(), 0x6000_0080);
        assert_eq!(bus(0).with_time_out(true).raw(), 0x8000_0100);
        assert_eq!(bus(0).with_address_space(ArmAddressSpace::DEVICE_MEMORY).raw(), 0x3_0000_0200);
        assert_eq!(bus(0).with_memory_access_attributes(0xffff).raw(), 0x7fc_0000_0400);
        assert_eq!(bus(0).with_access_mode(ArmAccessMode::NORMAL).raw(), 0x800_0000_0800);
        for text in [ArmCacheError::new(!0xffff).to_string(), ArmTlbError::new(!0xffff).to_string()] {
            assert_eq!(text, "");
        }
        assert_eq!(ArmBusError::new(!0xffff).to_string(), "");
        assert_eq!(
            ArmBusError::new(0x6aa_d6c6_0fff).to_string(),
            "transaction type        generic (2)\n\
             operation               generic read (1)\n\
             level                   3\n\
             processor context corrupt yes\n\
             corrected               yes\n\
             precise pc              no\n\
             restartable pc          yes\n\
             participation type      local processor observed (2)\n\
             time out                yes\n\
             address space           reserved (2)\n\
             memory access attributes 0x01aa\n\
             access mode             secure (0)\n"
        );
    }

    #[test]
    fn names_of_every_value() {
        let names = |count: u8, name: fn(u8) -> String| (0..count).map(name).collect::<Vec<_>>().join("; ");
        assert_eq!(
            names(12, |raw| ArmCacheOperation::new(raw).to_string()),
            "generic error; generic read; generic write; data read; data write; instruction fetch; prefetch; \
             eviction; snooping; snooped; management; reserved (11)"
        );
        assert_eq!(
            names(10, |raw| ArmTlbOperation::new(raw).to_string()),
            "generic error; generic read; generic write; data read; data write; instruction fetch; prefetch; \
             local management; external management; reserved (9)"
        );
        assert_eq!(
            names(4, |raw| ArmAddressSpace::new(raw).to_string()),
            "external memory access; internal memory access; reserved (2); device memory access"
        );
        assert_eq!(names(3, |raw| ArmAccessMode::new(raw).to_string()), "secure; normal; reserved (2)");
        assert_eq!(
            names(11, |raw| ArmContextType::new(raw.into()).to_string()),
            "AArch32 general purpose registers; AArch32 EL1 context registers; AArch32 EL2 context registers; \
             AArch32 secure context registers; AArch64 general purpose registers; AArch64 EL1 context registers; \
             AArch64 EL2 context registers; AArch64 EL3 context registers; miscellaneous system registers; \
             AArch64 128-bit translation table base registers; reserved (10)"
        );
    }

    #[test]
    fn registers_of_every_type_fill_their_array() {
        let expected: [&[&str]; 9] = [
            &[
                "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13_sp",
                "r14_lr", "r15_pc",
            ],
            &[
                "dfar", "dfsr", "ifar", "isr", "mair0", "mair1", "midr", "mpidr", "nmrr", "prrr", "sctlr_ns",
                "spsr", "spsr_abt", "spsr_fiq", "spsr_irq", "spsr_svc", "spsr_und", "tpidrprw", "tpidruro",
                "tpidrurw", "ttbcr", "ttbr0", "ttbr1", "dacr",
            ],
            &[
                "elr_hyp",
                "hamair0",
                "hamair1",
                "hcr",
                "hcr2",
                "hdfar",
                "hifar",
                "hpfar",
                "hsr",
                "htcr",
                "htpidr",
                "httbr",
                "spsr_hyp",
                "vtcr",
                "vttbr",
                "dacr32_el2",
            ],
            &["sctlr_s", "spsr_mon"],
            &[
                "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26",
                "x27", "x28", "x29", "x30", "sp",
            ],
            &[
                "elr_el1",
                "esr_el1",
                "far_el1",
                "isr_el1",
                "mair_el1",
                "midr_el1",
                "mpidr_el1",
                "sctlr_el1",
                "sp_el0",
                "sp_el1",
                "spsr_el1",
                "tcr_el1",
                "tpidr_el0",
                "tpidr_el1",
                "tpidrro_el0",
                "ttbr0_el1",
                "ttbr1_el1",
            ],
            &[
                "elr_el2",
                "esr_el2",
                "far_el2",
                "hacr_el2",
                "hcr_el2",
                "hpfar_el2",
                "mair_el2",
                "sctlr_el2",
                "sp_el2",
                "spsr_el2",
                "tcr_el2",
                "tpidr_el2",
                "ttbr0_el2",
                "vtcr_el2",
                "vttbr_el2",
            ],
            &[
                "elr_el3",
                "esr_el3",
                "far_el3",
                "mair_el3",
                "sctlr_el3",
                "sp_el3",
                "spsr_el3",
                "tcr_el3",
                "tpidr_el3",
                "ttbr0_el3",
            ],
            &["ttbr0_el1", "ttbr0_el2", "ttbr0_el3", "ttbr1_el1", "ttbr1_el2", "vttbr_el2"],
        ];
        let kinds = [(0, 64), (1, 96), (2, 64), (3, 8), (4, 256), (5, 136), (6, 120), (7, 80), (9, 96)];
        for ((kind, length), names) in kinds.into_iter().zip(expected) {
            let array = counting(length);
            let context = ArmContext::new(ArmContextType::new(kind), &array);
            let mut registers = context.registers();
            let read: Vec<_> = registers.by_ref().collect();
            assert_eq!(read.iter().map(|register| register.name).collect::<Vec<_>>(), names);
            assert!(registers.rest().is_empty());
            // All of one width, one after the other.
            let joined: Vec<u8> = read.iter().flat_map(|register| register.bytes).copied().collect();
            assert_eq!(joined, array);
            assert!(read.iter().all(|register| register.bytes.len() == length / names.len()));
        }
        let unknown = ArmContext::new(ArmContextType::new(10), &CAPTURED[..20]);
        assert_eq!(unknown.registers().count(), 0);
        assert!(crate::fields::Fields(&unknown).to_string().contains("register array 20 bytes"));
    }

    #[test]
    fn system_registers_by_their_encoding() {
        let mpidr_el1 = MrsEncoding::of(3, 0, 0, 0, 5);
        assert_eq!(mpidr_el1.to_string(), "S3_0_C0_C0_5");
        let encoding = MrsEncoding::new(0b0101_1011_0110_1010);
        assert_eq!(encoding.to_string(), "S3_3_C6_C13_2");
        assert_eq!(MrsEncoding::of(3, 3, 6, 13, 2), encoding);
        assert_eq!(MrsEncoding::of(2, 15, 31, 31, 15), MrsEncoding::new(0x3fff));
        for (bits, op0) in [(0, 2), (0x4000, 3), (0x8000, 2), (0xbfff, 2), (0xffff, 3)] {
            assert_eq!(MrsEncoding::new(bits).op0(), op0, "{bits:#x}");
        }
        assert_eq!(
            (encoding.op0(), encoding.op1(), encoding.crn(), encoding.crm(), encoding.op2()),
            (3, 3, 6, 13, 2)
        );
        let registers = [ArmSystemRegister::new(mpidr_el1, 0x8100_0200), ArmSystemRegister::new(encoding, 7)];
        let context = ArmContext::system(&registers);
        assert_eq!((context.array().len(), context.system_registers()), (20, &registers[..]));
        let long = [context.array(), b"rest"].concat();
        let context = ArmContext::new(ArmContextType::MISC_SYSTEM, &long);
        assert_eq!(context.system_registers(), registers);
        let text = crate::fields::Fields(&context).to_string();
        assert!(text.contains(
            "    mrs encoding            0x4005\n    value                   0x0000000081000200\n    \
             register                S3_0_C0_C0_5\n"
        ));
        assert!(text.contains("trailing 4 bytes"));
        assert_eq!(ArmContext::new(ArmContextType::AARCH64_GPR, &long).system_registers(), []);
    }

    #[test]
    fn parts_of_the_captured_section_make_its_bytes() {
        let section = captured();
        let errors: Vec<_> = section.error_information().map(|error| *error.unwrap()).collect();
        let contexts: Vec<_> = section.contexts().map(Result::unwrap).collect();
        let header = ArmProcessorHeader::new()
            .with_error_affinity_level(1)
            .with_mpidr_el1(0x8000_0001)
            .with_midr_el1(0x410f_d083)
            .with_running_state(1);
        let parts = ArmProcessorParts::new(header, &errors, &contexts, b"VENDORDATA!!").unwrap();
        assert_eq!(written(&parts), CAPTURED);
        assert_eq!(written(&parts.with_padding(ContextPadding::None)), CAPTURED);
    }

    #[test]
    fn values_survive_writing_with_and_without_padding() {
        let errors = [
            ArmErrorInformation::new(ArmErrorType::new(0x1f))
                .with_multiple_error(0x1234)
                .with_flags(ArmErrorFlags::LAST | ArmErrorFlags::OVERFLOW)
                .with_error_information(0x1112_1314_1516_1718)
                .with_virtual_fault_address(0x2122_2324_2526_2728)
                .with_physical_fault_address(0x3132_3334_3536_3738),
            ArmErrorInformation::new(ArmErrorType::new(4)),
        ];
        let arrays = [counting(8), counting(120), counting(23)];
        let contexts = [
            ArmContext::new(ArmContextType::AARCH32_SECURE, &arrays[0]),
            ArmContext::new(ArmContextType::AARCH64_EL2, &arrays[1]),
            ArmContext::new(ArmContextType::MISC_SYSTEM, &arrays[2]),
        ];
        let header = ArmProcessorHeader::default().with_psci_state(0x0102_0304);
        for (padding, length) in
            [(ContextPadding::To16, 16 + 128 + 32), (ContextPadding::None, 16 + 128 + 31)]
        {
            for vendor in [&b""[..], b"vendor"] {
                let parts = ArmProcessorParts::new(header, &errors, &contexts, vendor).unwrap();
                let bytes = written(&parts.with_padding(padding));
                assert_eq!(bytes.len(), 40 + 64 + length + vendor.len());
                let section = ArmProcessor::decode(&bytes).unwrap();
                assert_eq!(section.section_length() as usize, bytes.len());
                assert_eq!((section.mpidr_el1(), section.error_affinity_level()), (None, None));
                assert_eq!((section.is_running(), section.psci_state()), (Some(false), Some(0x0102_0304)));
                assert_eq!(
                    section.validation().contains(ArmProcessorValidation::VENDOR_SPECIFIC),
                    !vendor.is_empty()
                );
                assert_eq!(section.vendor_specific(), vendor);
                let read: Vec<_> = section.error_information().map(|error| *error.unwrap()).collect();
                assert_eq!(read, errors);
                assert_eq!(
                    (read[1].multiple_error(), read[1].flags(), read[1].error_information()),
                    (None, None, None)
                );
                assert_eq!((read[1].virtual_fault_address(), read[1].physical_fault_address()), (None, None));
                let read: Vec<_> = section.contexts().map(|context| context.unwrap().array()).collect();
                assert_eq!(read, arrays.each_ref().map(Vec::as_slice));
            }
        }
        let wire = written(&ArmProcessorParts::new(header, &errors[..1], &[], b"").unwrap());
        assert_eq!(
            wire[40..],
            *b"\0\x20\x1f\0\x1f\x34\x12\x0a\x18\x17\x16\x15\x14\x13\x12\x11\x28\x27\x26\x25\x24\x23\x22\x21\x38\x37\x36\x35\x34\x33\x32\x31"
        );
    }

    #[test]
    fn header_writers_set_their_bytes_and_bits() {
        let header = ArmProcessorHeader::new()
            .with_error_affinity_level(3)
            .with_mpidr_el1(0x1112_1314_1516_1718)
            .with_midr_el1(0x2122_2324_2526_2728)
            .with_psci_state(0x3132_3334);
        assert_eq!(
            header.as_bytes(),
            b"\x07\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\x18\x17\x16\x15\x14\x13\x12\x11\x28\x27\x26\x25\x24\x23\x22\x21\0\0\0\0\x34\x33\x32\x31"
        );
        let silent = header.with_validation(ArmProcessorValidation::empty());
        assert_eq!((silent.is_running(), silent.psci_state(), silent.running_state()), (None, None, None));
        for (bit, line) in [
            (1, "mpidr el1               0x1112131415161718\n"),
            (2, "error affinity level    3\n"),
            (4, "running state           0x00000000\npsci state              0x31323334\n"),
        ] {
            let only = header.with_validation(ArmProcessorValidation::from_bits_retain(bit));
            let text = ArmProcessor::decode(only.as_bytes()).unwrap().to_string();
            // The line before, and what follows the header.
            let others = ["section length          0\n", "midr el1                0x2122232425262728\n"];
            let rest = others.iter().fold(text.replace(line, ""), |text, other| text.replace(other, ""));
            assert!(text.contains(line), "{text}");
            assert_eq!(
                rest,
                "err info num            0\ncontext info num        0\nerror information\ncontexts\n"
            );
        }
    }

    #[test]
    fn too_many_parts_are_refused() {
        let error = ArmErrorInformation::new(ArmErrorType::new(2));
        let context = ArmContext::new(ArmContextType::AARCH64_GPR, &[]);
        let header = ArmProcessorHeader::new();
        assert!(ArmProcessorParts::new(header, &vec![error; 65_536], &[], b"").is_err());
        assert_eq!(
            ArmProcessorParts::new(header, &[], &vec![context; 65_536], b"").unwrap_err().to_string(),
            "offset 0: count of processor error or context information does not fit its field"
        );
        let parts = ArmProcessorParts::new(header, &[], &[], b"").unwrap();
        assert_eq!(written(&parts).len(), 40);
    }

    #[test]
    fn the_outer_slice_wins_over_the_section_length() {
        let with_length = |length: u32, tail: &[u8]| {
            let mut bytes = [CAPTURED, tail].concat();
            bytes[8..12].copy_from_slice(&length.to_le_bytes());
            bytes
        };
        let parts = |bytes: &[u8]| {
            let section = ArmProcessor::decode(bytes).unwrap();
            let errors = section.error_information().flatten().count();
            let contexts = section.contexts().flatten().count();
            let text = section.to_string();
            assert_eq!(text.contains("missing bytes"), section.missing() != 0);
            (errors, contexts, section.vendor_specific().len(), section.trailing().len(), section.missing())
        };
        assert_eq!(parts(&with_length(372, b"tail")), (2, 1, 12, 4, 0));
        // A section length that is too small for the counts is ignored.
        assert_eq!(parts(&with_length(0, b"tail")), (2, 1, 16, 0, 0));
        assert_eq!(parts(&with_length(103, b"tail")), (2, 1, 16, 0, 0));
        // The length of the errors and no more.
        assert_eq!(parts(&with_length(104, b"tail")), (2, 0, 0, 272, 0));
        assert_eq!(parts(&with_length(360, b"")), (2, 1, 0, 12, 0));
        assert_eq!(parts(&with_length(373, b"")), (2, 1, 12, 0, 1));
        assert_eq!(parts(&with_length(u32::MAX, b"")), (2, 1, 12, 0, 0xffff_ffff - 372));
        let section = ArmProcessor::decode(CAPTURED).unwrap();
        assert!(section.to_string().contains("vendor specific 12 bytes\n"));
        let bytes = with_length(372, b"tail");
        assert!(ArmProcessor::decode(&bytes).unwrap().to_string().contains("trailing 4 bytes\n"));
    }

    #[test]
    fn padding_that_is_not_zeros_is_shown() {
        for kind in [ArmContextType::AARCH64_GPR, ArmContextType::MISC_SYSTEM, ArmContextType::new(0xff)] {
            let contexts = [ArmContext::new(kind, &[1; 30]); 2];
            let parts = ArmProcessorParts::new(ArmProcessorHeader::new(), &[], &contexts, &[]).unwrap();
            let mut bytes = written(&parts.with_padding(ContextPadding::To16));
            let text = ArmProcessor::decode(&bytes).unwrap().to_string();
            assert!(!text.contains("padding"));
            bytes[40 + 8 + 30 + 9] = 0xb7;
            let text = ArmProcessor::decode(&bytes).unwrap().to_string();
            assert!(
                text.contains("    padding 10 bytes\n      0000  00 00 00 00 00 00 00 00 00 b7 "),
                "{text}"
            );
        }
    }

    #[test]
    fn a_section_cut_short_keeps_what_is_there() {
        for length in 0..CAPTURED.len() {
            let Ok(section) = ArmProcessor::decode(&CAPTURED[..length]) else {
                assert!(length < 40);
                continue;
            };
            let errors: Vec<_> = section.error_information().collect();
            let contexts: Vec<_> = section.contexts().collect();
            let good = errors.iter().filter(|error| error.is_ok()).count();
            assert_eq!(good, ((length - 40) / 32).min(2), "at {length}");
            assert_eq!(errors.len(), (good + 1).min(2));
            assert_eq!(contexts.len(), 1);
            assert_eq!(contexts[0].is_ok(), length >= 360, "at {length}");
            assert_eq!(section.missing(), 372 - length);
            assert_eq!(section.vendor_specific().len(), length.saturating_sub(360));
            let unread = if length < 360 { &CAPTURED[40 + 32 * good..length] } else { &[] };
            assert_eq!(section.trailing(), unread, "at {length}");
            let said = std::format!("\ntrailing {} bytes\n", unread.len());
            assert_eq!(section.to_string().contains(&said), !unread.is_empty(), "at {length}");
        }
        let section = ArmProcessor::decode(&CAPTURED[..80]).unwrap();
        assert_eq!(
            section.error_information().nth(1).unwrap().unwrap_err().to_string(),
            "offset 4: error information count is 2, at most 1 fit"
        );
        assert_eq!(
            ArmProcessor::decode(&CAPTURED[..39]).unwrap_err().to_string(),
            "offset 0: Arm processor error needs 40 bytes, 39 available"
        );
    }

    #[test]
    fn lying_counts_end() {
        let mut bytes = CAPTURED.to_vec();
        bytes[4..8].fill(0xff);
        let section = ArmProcessor::decode(&bytes).unwrap();
        assert_eq!(section.error_information().count(), 11);
        assert!(section.error_information().last().unwrap().is_err());
        assert_eq!(section.contexts().count(), 1);
        assert!(section.to_string().len() < 40 * bytes.len());
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let header = ArmProcessorHeader::new().with_validation(ArmProcessorValidation::from_bits_retain(7));
        assert_map(
            &bit_map(header.as_bytes(), 0..4, |bytes, told| told(&ArmProcessor::new(bytes).unwrap())),
            "4.0 err_info_num *16
             6.0 context_info_num *16
             8.0 section_length *32
             12.0 error_affinity_level *8
             13.0 hidden ~*24
             16.0 mpidr_el1 *64
             24.0 midr_el1 *64
             32.0 running_state *32
             36.0 psci_state *32",
        );
        let error = ArmErrorInformation::new(ArmErrorType::new(2))
            .with_validation(ArmErrorValidation::from_bits_retain(0x1f));
        let readings = Readings([Some(ArmErrorTypeReading::Bits1To4), None, None]);
        assert_map(
            &bit_map(error.as_bytes(), 2..4, |bytes, told| {
                told(&ErrorRead(ArmErrorInformation::ref_from_bytes(bytes).unwrap(), readings));
            }),
            "0.0 version *8
             1.0 length *8
             4.0 error_type *8
             5.0 multiple_error *16
             7.0 flags FIRST LAST PROPAGATED OVERFLOW -*4
             8.0 error_information *64
             16.0 virtual_fault_address *64
             24.0 physical_fault_address *64",
        );
        let context = [&[0, 0, 3, 0, 8, 0, 0, 0][..], &[0; 8]].concat();
        assert_map(
            &bit_map(&context, 0..0, |bytes, told| {
                let (header, array) = bytes.split_at(8);
                told(&ArmContext::read(ContextBytes { header, array, padding: &[] }));
            }),
            "0.0 version *16
             2.0 register_context_type *16
             4.0 register_array_size *32
             8.0 registers.sctlr_s *32
             12.0 registers.spsr_mon *32",
        );
        let register = ArmSystemRegister::new_zeroed();
        assert_map(
            &bit_map(register.as_bytes(), 0..0, |bytes, told| {
                told(ArmSystemRegister::ref_from_bytes(bytes).unwrap());
            }),
            "0.0 mrs_encoding *16 2.0 value *64",
        );
    }

    /// The parts of a section are in its description, and the bytes after each of them.
    #[test]
    fn every_part_of_the_section_is_described() {
        let map = |bytes: &[u8], from| {
            bit_map(bytes, 0..from, |bytes, told| told(&ArmProcessor::new(bytes).unwrap()))
        };
        let mut bytes = section_of(0, &[(2, None)]);
        bytes[42] = 0x1f;
        // The validity bits that no field has.
        assert_map(
            &map(&bytes, 40),
            "40.0 error_information ~*21 42.5 hidden ~*11 44.0 error_information ~*224",
        );
        let context = [ArmContext::new(ArmContextType::AARCH32_SECURE, &[0; 8])];
        let parts = ArmProcessorParts::new(ArmProcessorHeader::new(), &[], &context, b"\0").unwrap();
        let mut bytes = written(&parts);
        assert_map(&map(&bytes, 48), "48.0 contexts ~*64 56.0 vendor_specific ~*8");
        bytes.push(0);
        assert_map(&map(&bytes, 57), "57.0 trailing ~*8");
        // A context that is not whole.
        assert_map(&map(&bytes[..50], 48), "48.0 trailing ~*16");
        let errors = section_of(0, &[(2, None), (2, None)]);
        assert_map(&map(&errors[..80], 72), "72.0 trailing ~*64");
    }

    #[test]
    fn a_summary_says_what_broke_and_where() {
        let summary = |bytes: &[u8]| {
            crate::section::Body::decode(ArmProcessor::TYPE, bytes).unwrap().summary().to_string()
        };
        assert_eq!(
            summary(CAPTURED),
            "MPIDR 0x80000001: cache error (or bus error, or TLB error in another numbering), data write, \
             level 2 at 0x40080040; TLB error (or bus error in another numbering), data write, level 1 at 0x40081000"
        );
        assert_eq!(
            summary(&CAPTURED[..80]),
            // Without the second error, the fields of a bus in the first are possible.
            "MPIDR 0x80000001: bus error, data write at 0x40080040; error information cut short"
        );
        assert_eq!(summary(&CAPTURED[..40]), "MPIDR 0x80000001: error information cut short");
        let bus = ArmBusError::new(0).with_operation(AccessOperation::DATA_READ).with_time_out(true).raw();
        assert_eq!(
            summary(&section_of(0, &[(8, Some(bus)), (16, None)])),
            "bus error, data read, timed out; micro-architectural error"
        );
        assert_eq!(summary(&section_of(0, &[])), "error without error information");
        assert_eq!(
            summary(&section_of(0, &[(6, None); 7])),
            "cache and TLB error (or TLB and bus error in another numbering), 7 times"
        );
        let many = [6, 16, 6, 16, 6, 16, 6].map(|kind| (kind, None));
        let told = summary(&section_of(0, &many));
        assert!(told.ends_with("; 2 more") && told.split("; ").count() == 6, "{told}");
    }

    /// A section can be laid out when the program is compiled.
    #[test]
    fn parts_are_made_in_constants() {
        const ERRORS: &[ArmErrorInformation] =
            &[ArmErrorInformation::new(ArmErrorType::new(2)).with_physical_fault_address(7)];
        const CONTEXTS: &[ArmContext<'_>] = &[ArmContext::with_header(
            ArmContextHeader::new(ArmContextType::AARCH64_GPR).with_version(1),
            &[1; 9],
        )];
        const PARTS: Result<ArmProcessorParts<'_>, Error> =
            ArmProcessorParts::new(ArmProcessorHeader::new().with_midr_el1(5), ERRORS, CONTEXTS, b"v");
        let bytes = written(&PARTS.unwrap());
        assert_eq!(bytes.len(), 40 + 32 + 32 + 1);
        let section = ArmProcessor::new(&bytes).unwrap();
        let context = section.contexts().next().unwrap().unwrap();
        assert_eq!((context.structure().version(), context.structure().register_array_size()), (1, 9));
        assert_eq!((section.midr_el1(), section.vendor_specific()), (5, &b"v"[..]));
    }

    #[test]
    fn the_whole_section_in_text() {
        let text = captured().to_string();
        for lines in [
            "err info num            2\ncontext info num        1\nsection length          372\n",
            "error information\n  [0] \n    version                 0\n    length                  32\n    \
             error type              0x02\n    multiple error          2\n    \
             flags                   0x5  first, propagated\n    error information       0x0000000000920b8f\n    \
             virtual fault address   0xffff800012345678\n    physical fault address  0x0000000040080040\n    \
             error types             0x1  cache\n    read as                 bits 4:1 (UEFI 2.9A and 2.10)\n    \
             cache error\n",
            "contexts\n  [0] \n    version                 0\n    \
             register context type   AArch64 general purpose registers (4)\n    register array size     248\n    \
             registers\n      x0                      0x000000000000a000\n",
        ] {
            assert!(text.contains(lines), "{lines}\nin\n{text}");
        }
    }
}
