//! Arm processor error (UEFI 2.11 Appendix N, "Arm Processor Error Section").
//!
//! A header of 40 bytes, then error information structures of 32 bytes, then register contexts of 8 bytes and an
//! array each, then what the vendor adds. The section holds its own length, which need not be true.

use core::fmt;
use core::ops::Deref;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::check_info::{AccessOperation, ParticipationType, TransactionType, check_bits};
use super::context::{
    self, Context, ContextHeader, ContextPadding, Contexts, ProcessorErrors, RegisterTable, Registers,
};
use super::{Decode, Encode, FixedSection, SectionType};
use crate::fields::{Describe, Each, Value, Visitor, describe_rest, show_fields, valid_fields};
use crate::kind::View;
use crate::open_value::open_value;
use crate::{Error, ErrorKind, Guid, SectionTypeId};

/// The first 40 bytes of an Arm processor section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ArmProcessorHeader {
    /// [`ArmProcessorValidation`].
    pub validation_bits: U32,
    /// Number of error information structures, at least 1.
    pub err_info_num: U16,
    /// Number of register contexts.
    pub context_info_num: U16,
    /// Bytes of the section, header and vendor's part included.
    pub section_length: U32,
    /// Affinity level at which the error is, 0 to 3.
    pub error_affinity_level: u8,
    /// 0.
    pub reserved: [u8; 3],
    /// `MPIDR_EL1`: which processor.
    pub mpidr_el1: U64,
    /// `MIDR_EL1`: what processor. It has no validity bit.
    pub midr_el1: U64,
    /// Bit 0: the processor is running.
    pub running_state: U32,
    /// PSCI state of a processor that is not running.
    pub psci_state: U32,
}

/// One error of the processor: 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ArmErrorInformation {
    /// 0.
    pub version: u8,
    /// 32.
    pub length: u8,
    /// [`ArmErrorValidation`].
    pub validation_bits: U16,
    /// What failed.
    pub error_type: ArmErrorType,
    /// How many errors: 0 one, 1 several, more their number.
    pub multiple_error: U16,
    /// [`ArmErrorFlags`].
    pub flags: u8,
    /// How it failed, as the type says: [`ArmErrorInformation::cache_error`] and its siblings.
    pub error_information: U64,
    /// Virtual address of the fault.
    pub virtual_fault_address: U64,
    /// Physical address of the fault.
    pub physical_fault_address: U64,
}

/// The header of a register context; the array follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ArmContextHeader {
    /// 0.
    pub version: U16,
    /// What the registers are.
    pub register_context_type: ArmContextType,
    /// Bytes of the array.
    pub register_array_size: U32,
}

/// A system register of a context of type [`ArmContextType::MISC_SYSTEM`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ArmSystemRegister {
    /// Which register.
    pub mrs_encoding: MrsEncoding,
    /// Its value.
    pub value: U64,
}

const _: () = {
    assert!(size_of::<ArmProcessorHeader>() == 40 && align_of::<ArmProcessorHeader>() == 1);
    assert!(core::mem::offset_of!(ArmProcessorHeader, mpidr_el1) == 16);
    assert!(core::mem::offset_of!(ArmProcessorHeader, psci_state) == 36);
    assert!(size_of::<ArmErrorInformation>() == 32 && align_of::<ArmErrorInformation>() == 1);
    assert!(core::mem::offset_of!(ArmErrorInformation, multiple_error) == 5);
    assert!(core::mem::offset_of!(ArmErrorInformation, error_information) == 8);
    assert!(size_of::<ArmContextHeader>() == 8 && align_of::<ArmContextHeader>() == 1);
    assert!(size_of::<ArmSystemRegister>() == 10 && align_of::<ArmSystemRegister>() == 1);
};

bitflags! {
    /// Which fields of an [`ArmProcessorHeader`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ArmProcessorValidation: u32 {
        /// [`ArmProcessorHeader::mpidr_el1`].
        const MPIDR_EL1 = 1 << 0;
        /// [`ArmProcessorHeader::error_affinity_level`].
        const ERROR_AFFINITY_LEVEL = 1 << 1;
        /// [`ArmProcessorHeader::running_state`].
        const RUNNING_STATE = 1 << 2;
        /// What the vendor adds: [`ArmProcessor::vendor_specific`].
        const VENDOR_SPECIFIC = 1 << 3;
        const _ = !0;
    }

    /// Which fields of an [`ArmErrorInformation`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ArmErrorValidation: u16 {
        /// [`ArmErrorInformation::multiple_error`].
        const MULTIPLE_ERROR = 1 << 0;
        /// [`ArmErrorInformation::flags`].
        const FLAGS = 1 << 1;
        /// [`ArmErrorInformation::error_information`].
        const ERROR_INFORMATION = 1 << 2;
        /// [`ArmErrorInformation::virtual_fault_address`].
        const VIRTUAL_FAULT_ADDRESS = 1 << 3;
        /// [`ArmErrorInformation::physical_fault_address`].
        const PHYSICAL_FAULT_ADDRESS = 1 << 4;
        const _ = !0;
    }

    /// An error's place among others.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ArmErrorFlags: u8 {
        /// The first error that was captured.
        const FIRST = 1 << 0;
        /// The last error that was captured.
        const LAST = 1 << 1;
        /// The error was passed on to another processor or memory.
        const PROPAGATED = 1 << 2;
        /// Further errors happened, and what is known of this one is incomplete.
        const OVERFLOW = 1 << 3;
        const _ = !0;
    }

    /// What failed, whichever way the byte says it: [`ArmErrorType::types`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// How the type byte of an [`ArmErrorInformation`] is to be read. Its values overlap (2 is a bus, a cache or a TLB),
/// and nothing in the record says which reading its writer had in mind.
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

/// The type byte of an [`ArmErrorInformation`], which three revisions of the specification read in three ways.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(transparent)]
pub struct ArmErrorType(pub u8);

impl ArmErrorType {
    /// What failed, by one reading; `None` for a value that this reading does not have.
    pub const fn types(self, reading: ArmErrorTypeReading) -> Option<ArmErrorTypes> {
        let bits = match (reading, self.0) {
            (ArmErrorTypeReading::Enumeration, 0..=3) => 1 << self.0,
            (ArmErrorTypeReading::Bits1To4, bits) if bits & !0x1e == 0 => bits >> 1,
            (ArmErrorTypeReading::Bits0To3, bits @ 0..=15) => bits,
            _ => 0,
        };
        if bits == 0 { None } else { Some(ArmErrorTypes::from_bits_retain(bits)) }
    }

    /// The byte that says this by a reading; `None` when the reading has no value for it (no type, or several in an
    /// enumeration).
    pub const fn new(types: ArmErrorTypes, reading: ArmErrorTypeReading) -> Option<Self> {
        let byte = match reading {
            ArmErrorTypeReading::Enumeration => types.bits().trailing_zeros() as u8,
            ArmErrorTypeReading::Bits1To4 => types.bits() << 1,
            ArmErrorTypeReading::Bits0To3 => types.bits(),
        };
        match Self(byte).types(reading) {
            Some(read) if read.bits() == types.bits() => Some(Self(byte)),
            _ => None,
        }
    }
}

open_value! {
    /// What was being done when a cache of an Arm processor failed.
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
    /// What was being done when a TLB of an Arm processor failed.
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
    /// What the registers of a context are. The table of contexts in UEFI 2.11 has type 9, the list of values ends
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
        transaction_type / with_transaction_type: TransactionType as code, valid 0, bits 17:16;
        /// What was being done.
        operation / with_operation: ArmCacheOperation as code, valid 1, bits 21:18;
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
        transaction_type / with_transaction_type: TransactionType as code, valid 0, bits 17:16;
        /// What was being done.
        operation / with_operation: ArmTlbOperation as code, valid 1, bits 21:18;
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
        transaction_type / with_transaction_type: TransactionType as code, valid 0, bits 17:16;
        /// What was being done.
        operation / with_operation: AccessOperation as code, valid 1, bits 21:18;
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
        participation_type / with_participation_type: ParticipationType as code, valid 7, bits 30:29;
        /// Whether the request timed out.
        time_out / with_time_out: bool as flag, valid 8, bits 31:31;
        /// What the access was to.
        address_space / with_address_space: ArmAddressSpace as code, valid 9, bits 33:32;
        /// Attributes of the memory, as the Arm architecture defines them.
        memory_access_attributes / with_memory_access_attributes: u16 as hex, valid 10, bits 42:34;
        /// Security state of the access.
        access_mode / with_access_mode: ArmAccessMode as code, valid 11, bits 43:43;
    }
}

/// The encoding by which an MRS instruction names a system register.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(transparent)]
pub struct MrsEncoding(pub U16);

impl MrsEncoding {
    /// The encoding of `S<op0>_<op1>_C<crn>_C<crm>_<op2>`, with op0 2 or 3; bits that a field has no room for are
    /// dropped.
    pub const fn new(op0: u8, op1: u8, crn: u8, crm: u8, op2: u8) -> Self {
        let bits = (op0 as u16 & 1) << 14
            | (op1 as u16 & 7) << 11
            | (crn as u16 & 15) << 7
            | (crm as u16 & 15) << 3
            | op2 as u16 & 7;
        Self(U16::new(bits))
    }

    /// Op0, 2 or 3, of which the instruction holds the low bit: bit 14.
    pub const fn op0(self) -> u8 {
        2 | (self.0.get() >> 14) as u8 & 1
    }

    /// Op1: bits 13:11.
    pub const fn op1(self) -> u8 {
        (self.0.get() >> 11) as u8 & 7
    }

    /// `CRn`: bits 10:7.
    pub const fn crn(self) -> u8 {
        (self.0.get() >> 7) as u8 & 15
    }

    /// `CRm`: bits 6:3.
    pub const fn crm(self) -> u8 {
        (self.0.get() >> 3) as u8 & 15
    }

    /// Op2: bits 2:0.
    pub const fn op2(self) -> u8 {
        self.0.get() as u8 & 7
    }
}

impl fmt::Display for MrsEncoding {
    /// The name that assemblers take for any system register, such as `S3_0_C0_C0_5` (`MPIDR_EL1`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S{}_{}_C{}_C{}_{}", self.op0(), self.op1(), self.crn(), self.crm(), self.op2())
    }
}

impl Describe for ArmSystemRegister {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("mrs_encoding", Value::hex(self.mrs_encoding.0.get()))?;
        out.field("register", Value::Message(&self.mrs_encoding))?;
        out.field("value", Value::hex(self.value.get()))
    }
}

valid_fields! {
    ArmProcessorHeader, validation_bits: u32 as ArmProcessorValidation;
    /// Affinity level at which the error is, 0 to 3.
    error_affinity_level / with_error_affinity_level: u8 as number, ERROR_AFFINITY_LEVEL;
    /// `MPIDR_EL1`: which processor.
    mpidr_el1 / with_mpidr_el1: u64 as hex, MPIDR_EL1;
    /// Bit 0: the processor is running. [`ArmProcessorHeader::with_psci_state`] is for one that is not.
    running_state / with_running_state: u32 as hex, RUNNING_STATE;
}

impl ArmProcessorHeader {
    /// A header with no field valid. Counts and length are the business of [`ArmProcessorParts`].
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 40])
    }

    /// `MIDR_EL1`: what processor. It has no validity bit.
    pub const fn midr_el1(&self) -> u64 {
        self.midr_el1.get()
    }

    /// `MIDR_EL1`: what processor. It has no validity bit.
    #[must_use]
    pub const fn with_midr_el1(mut self, midr_el1: u64) -> Self {
        self.midr_el1 = U64::new(midr_el1);
        self
    }

    /// Whether the processor is running; `None` when the running state's validity bit is clear.
    pub const fn is_running(&self) -> Option<bool> {
        match self.running_state() {
            Some(state) => Some(state & 1 != 0),
            None => None,
        }
    }

    /// PSCI state of a processor that is not running; `None` for one that is, or when the running state's validity
    /// bit is clear.
    pub const fn psci_state(&self) -> Option<u32> {
        match self.is_running() {
            Some(false) => Some(self.psci_state.get()),
            _ => None,
        }
    }

    /// Sets the PSCI state of a processor that is not running.
    #[must_use]
    pub const fn with_psci_state(mut self, psci_state: u32) -> Self {
        self.psci_state = U32::new(psci_state);
        self.with_running_state(0)
    }
}

impl Default for ArmProcessorHeader {
    fn default() -> Self {
        Self::new()
    }
}

valid_fields! {
    ArmErrorInformation, validation_bits: u16 as ArmErrorValidation;
    /// How many errors: 0 one, 1 several, more their number.
    multiple_error / with_multiple_error: u16 as number, MULTIPLE_ERROR;
    /// The error's place among others.
    flags / with_flags: ArmErrorFlags as flags, FLAGS;
    /// How it failed: all 64 bits.
    error_information / with_error_information: u64 as hex, ERROR_INFORMATION;
    /// Virtual address of the fault.
    virtual_fault_address / with_virtual_fault_address: u64 as hex, VIRTUAL_FAULT_ADDRESS;
    /// Physical address of the fault.
    physical_fault_address / with_physical_fault_address: u64 as hex, PHYSICAL_FAULT_ADDRESS;
}

impl ArmErrorInformation {
    /// An error of this type with no field valid.
    pub const fn new(error_type: ArmErrorType) -> Self {
        let mut error: Self = zerocopy::transmute!([0u8; 32]);
        error.length = 32;
        error.error_type = error_type;
        error
    }

    /// How a cache failed; `None` when the type by this reading is without one, or the validity bit is clear.
    pub const fn cache_error(&self, reading: ArmErrorTypeReading) -> Option<ArmCacheError> {
        match self.information_of(ArmErrorTypes::CACHE, reading) {
            Some(bits) => Some(ArmCacheError(bits)),
            None => None,
        }
    }

    /// How a TLB failed; `None` when the type by this reading is without one, or the validity bit is clear.
    pub const fn tlb_error(&self, reading: ArmErrorTypeReading) -> Option<ArmTlbError> {
        match self.information_of(ArmErrorTypes::TLB, reading) {
            Some(bits) => Some(ArmTlbError(bits)),
            None => None,
        }
    }

    /// How a bus failed; `None` when the type by this reading is without one, or the validity bit is clear.
    pub const fn bus_error(&self, reading: ArmErrorTypeReading) -> Option<ArmBusError> {
        match self.information_of(ArmErrorTypes::BUS, reading) {
            Some(bits) => Some(ArmBusError(bits)),
            None => None,
        }
    }

    const fn information_of(&self, one: ArmErrorTypes, reading: ArmErrorTypeReading) -> Option<u64> {
        match self.error_type.types(reading) {
            Some(types) if types.contains(one) => self.error_information(),
            _ => None,
        }
    }
}

/// An error together with the reading of its type.
struct Read<'a>(&'a ArmErrorInformation, ArmErrorTypeReading);

impl Describe for Read<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let Self(error, reading) = self;
        out.field("version", Value::number(error.version))?;
        out.field("length", Value::number(error.length))?;
        out.field("error_type", Value::hex(error.error_type.0))?;
        if let Some(types) = error.error_type.types(*reading) {
            out.field("error_types", Value::flags(types))?;
        }
        if let Some(error) = error.cache_error(*reading) {
            out.field("cache_error", Value::Group(&error))?;
        }
        if let Some(error) = error.tlb_error(*reading) {
            out.field("tlb_error", Value::Group(&error))?;
        }
        if let Some(error) = error.bus_error(*reading) {
            out.field("bus_error", Value::Group(&error))?;
        }
        error.describe_valid(out)
    }
}

impl ContextHeader for ArmContextHeader {
    const NAME: &'static str = "processor context information";
    const TYPES: u16 = 10;

    fn kind(&self) -> u16 {
        self.register_context_type.raw()
    }

    fn array_len(&self) -> usize {
        self.register_array_size.get() as usize
    }

    fn with_array_len(self, length: usize) -> Self {
        Self { register_array_size: U32::new(length as u32), ..self }
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

/// A register context of an Arm processor.
pub type ArmContext<'a> = Context<'a, ArmContextHeader>;

impl<'a> ArmContext<'a> {
    /// A context of these registers.
    pub const fn new(register_context_type: ArmContextType, array: &'a [u8]) -> Self {
        let header =
            ArmContextHeader { version: U16::ZERO, register_context_type, register_array_size: U32::ZERO };
        Self { header, array, padding: &[] }
    }

    /// A context of system registers.
    pub fn system(registers: &'a [ArmSystemRegister]) -> Self {
        Self::new(ArmContextType::MISC_SYSTEM, registers.as_bytes())
    }

    /// The registers of types 0 to 7 and 9 by name, as far as the array goes; none of another type. Those of type 9
    /// have 128 bits, and all ones mean that the register is not valid.
    pub fn registers(&self) -> Registers<'a> {
        let table = match self.header.register_context_type {
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

    /// The registers of type 8, as many as are whole; none of another type.
    pub fn system_registers(&self) -> &'a [ArmSystemRegister] {
        const SIZE: usize = size_of::<ArmSystemRegister>();
        if self.header.register_context_type != ArmContextType::MISC_SYSTEM {
            return &[];
        }
        match <[ArmSystemRegister]>::ref_from_prefix_with_elems(self.array, self.array.len() / SIZE) {
            Ok((registers, _)) => registers,
            Err(_) => &[],
        }
    }
}

impl Describe for ArmContext<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("version", Value::number(self.header.version.get()))?;
        out.field("register_context_type", self.header.register_context_type.into())?;
        out.field("register_array_size", Value::number(self.header.register_array_size.get()))?;
        if self.header.register_context_type == ArmContextType::MISC_SYSTEM {
            let registers = self.system_registers();
            out.field("registers", Value::List(&Each(registers.iter().copied())))?;
            describe_rest("trailing", self.array.get(size_of_val(registers)..).unwrap_or_default(), out)?;
        } else {
            context::describe_registers(&self.registers(), out)?;
        }
        describe_rest("padding", self.padding, out)
    }
}

/// An Arm processor section: its header, to which it dereferences, and all its bytes.
#[derive(Clone, Copy, Debug)]
pub struct ArmProcessor<'a> {
    header: &'a ArmProcessorHeader,
    bytes: &'a [u8],
    reading: ArmErrorTypeReading,
}

impl<'a> ArmProcessor<'a> {
    /// The same section, described with another reading of its errors' types.
    #[must_use]
    pub const fn reading_types(mut self, reading: ArmErrorTypeReading) -> Self {
        self.reading = reading;
        self
    }

    /// All bytes that were given, to the section length and behind it.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Bytes that the section length claims and the input did not have.
    pub fn missing(&self) -> usize {
        (self.section_length.get() as usize).saturating_sub(self.bytes.len())
    }

    /// The section by its own length. A length that has no room for header and errors, or is more than there is, is
    /// taken for the bytes that were given.
    fn content(&self) -> &'a [u8] {
        let declared = self.section_length.get() as usize;
        if declared < self.errors_end() {
            self.bytes
        } else {
            self.bytes.get(..declared).unwrap_or(self.bytes)
        }
    }

    fn errors_end(&self) -> usize {
        usize::from(self.err_info_num.get())
            .saturating_mul(size_of::<ArmErrorInformation>())
            .saturating_add(size_of::<ArmProcessorHeader>())
    }

    /// The errors, in their order. One that the section has no room for is an error in its place, and the last item;
    /// its offset counts from the section's start.
    pub fn error_information(&self) -> ProcessorErrors<'a, ArmErrorInformation> {
        let offset = size_of::<ArmProcessorHeader>();
        let rest = self.content().get(offset..).unwrap_or_default();
        ProcessorErrors::new(rest, offset, self.err_info_num.get())
    }

    /// The register contexts, in their order. One that does not fit is an error in its place, and the last item; its
    /// offset counts from the section's start.
    pub fn contexts(&self) -> Contexts<'a, ArmContextHeader> {
        let offset = self.errors_end();
        let rest = self.content().get(offset..).unwrap_or_default();
        Contexts::new(rest, offset, self.context_info_num.get())
    }

    /// What the vendor added behind the contexts. Linux does not look at its validity bit, nor is it looked at here.
    pub fn vendor_specific(&self) -> &'a [u8] {
        self.contexts().after()
    }

    /// What begins with the error or context that does not fit; nothing when all do.
    pub fn unread(&self) -> &'a [u8] {
        match self.error_information().unread() {
            [] => self.contexts().unread(),
            unread => unread,
        }
    }

    /// What lies behind the section by its own length.
    pub fn trailing(&self) -> &'a [u8] {
        self.bytes.get(self.content().len()..).unwrap_or_default()
    }
}

impl Deref for ArmProcessor<'_> {
    type Target = ArmProcessorHeader;

    fn deref(&self) -> &ArmProcessorHeader {
        self.header
    }
}

impl SectionType for ArmProcessor<'_> {
    const TYPE: Guid = SectionTypeId::ARM_PROCESSOR.0;
    const NAME: &'static str = "Arm processor error";
}

impl Decode for ArmProcessor<'_> {
    type View<'a> = ArmProcessor<'a>;

    fn decode(body: &[u8]) -> Result<ArmProcessor<'_>, Error> {
        match ArmProcessorHeader::ref_from_prefix(body) {
            Ok((header, _)) => {
                Ok(ArmProcessor { header, bytes: body, reading: ArmErrorTypeReading::default() })
            }
            Err(_) => Err(Error::too_short(Self::NAME, size_of::<ArmProcessorHeader>(), body.len())),
        }
    }
}

impl<'a> View<'a> for ArmProcessor<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        self.trailing()
    }

    fn missing(&self) -> usize {
        self.missing()
    }
}

impl Describe for ArmProcessor<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("err_info_num", Value::number(self.err_info_num.get()))?;
        out.field("context_info_num", Value::number(self.context_info_num.get()))?;
        out.field("section_length", Value::number(self.section_length.get()))?;
        if self.missing() != 0 {
            out.field("missing_bytes", Value::Number(self.missing() as u64))?;
            Error::inner_length("section length", self.section_length.get(), self.bytes.len(), 8)
                .describe(out)?;
        }
        out.field("midr_el1", Value::hex(self.midr_el1()))?;
        self.header.describe_valid(out)?;
        if let Some(state) = self.psci_state() {
            out.field("psci_state", Value::hex(state))?;
        }
        let reading = self.reading;
        let errors = self.error_information().map(move |error| error.map(|error| Read(error, reading)));
        out.field("error_information", Value::List(&Each(errors)))?;
        out.field("contexts", Value::List(&Each(self.contexts())))?;
        describe_rest("unread", self.unread(), out)?;
        describe_rest("vendor_specific", self.vendor_specific(), out)?;
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(ArmProcessor<'a>);

/// What an Arm processor section is written from.
///
/// ```
/// use cper::section::{
///     ArmCacheError, ArmContext, ArmContextType, ArmErrorInformation, ArmErrorType, ArmErrorTypeReading,
///     ArmErrorTypes, ArmProcessorHeader, ArmProcessorParts,
/// };
///
/// let cache = ArmErrorType::new(ArmErrorTypes::CACHE, ArmErrorTypeReading::Bits1To4).unwrap_or_default();
/// let errors = [ArmErrorInformation::new(cache)
///     .with_error_information(ArmCacheError::new().with_level(2).with_corrected(true).0)
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
    /// A section of these parts; counts, sizes, the section length and the validity bit of the vendor's part are
    /// computed. The specification asks for at least one error.
    ///
    /// # Errors
    /// When there are more than 65,535 errors or contexts, or the section is 4 GiB or more.
    pub fn new(
        header: ArmProcessorHeader,
        errors: &'a [ArmErrorInformation],
        contexts: &'a [ArmContext<'a>],
        vendor_specific: &'a [u8],
    ) -> Result<Self, Error> {
        let too_large = |what| Error::new(ErrorKind::TooLarge { what }, 0);
        let (Ok(err_info_num), Ok(context_info_num)) =
            (u16::try_from(errors.len()), u16::try_from(contexts.len()))
        else {
            return Err(too_large("count of processor error or context information"));
        };
        let mut valid = header.validation();
        valid.set(ArmProcessorValidation::VENDOR_SPECIFIC, !vendor_specific.is_empty());
        let header = ArmProcessorHeader {
            validation_bits: U32::new(valid.bits()),
            err_info_num: U16::new(err_info_num),
            context_info_num: U16::new(context_info_num),
            ..header
        };
        let parts = Self { header, errors, contexts, vendor_specific, padding: ContextPadding::To16 };
        match u32::try_from(parts.encoded_len()) {
            Ok(_) => Ok(parts),
            Err(_) => Err(too_large("section length")),
        }
    }

    /// Chooses how contexts are padded. Linux and libcper take padding for the next context, or for the vendor's
    /// part; where header and array together are a multiple of 16 bytes, as zeros at the array's end make them,
    /// there is no difference.
    #[must_use]
    pub const fn with_padding(mut self, padding: ContextPadding) -> Self {
        self.padding = padding;
        self
    }
}

impl SectionType for ArmProcessorParts<'_> {
    const TYPE: Guid = ArmProcessor::TYPE;
    const NAME: &'static str = ArmProcessor::NAME;
}

impl Encode for ArmProcessorParts<'_> {
    fn encoded_len(&self) -> usize {
        size_of::<ArmProcessorHeader>()
            .saturating_add(size_of_val(self.errors))
            .saturating_add(context::encoded_len(self.contexts, self.padding))
            .saturating_add(self.vendor_specific.len())
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let (header, out) = ArmProcessorHeader::mut_from_prefix(out).ok()?;
        let (errors, out) = out.split_at_mut_checked(size_of_val(self.errors))?;
        *header = ArmProcessorHeader { section_length: U32::new(self.encoded_len() as u32), ..self.header };
        self.errors.write_to(errors).ok()?;
        let vendor_specific = context::encode(self.contexts, self.padding, out)?;
        self.vendor_specific.write_to(vendor_specific).ok()
    }
}

/// A section of `N` error structures and nothing behind them, as one structure: the body of a
/// [`PreparedRecord`](crate::PreparedRecord), whose fields are stored where they lie.
///
/// ```
/// use cper::section::{ArmErrorInformation, ArmErrorType, ArmErrors, ArmProcessorHeader};
/// use cper::{NotificationType, PreparedRecord, RecordHeader, SectionDescriptor, Severity};
///
/// let error = ArmErrorInformation::new(ArmErrorType(1)).with_virtual_fault_address(0); // at boot
/// let errors = ArmErrors::new(ArmProcessorHeader::new(), [error]);
/// let header = RecordHeader::fatal(NotificationType::SEA);
/// let mut record = PreparedRecord::new(header, SectionDescriptor::primary(Severity::FATAL), errors);
///
/// record.body.errors[0].virtual_fault_address.set(0xffff_8000_1234_5678); // at panic time
/// # assert!(cper::Record::parse(record.as_bytes())?.sections().all(|section| section.is_ok()));
/// # Ok::<(), cper::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ArmErrors<const N: usize> {
    /// The header; count and length are filled in.
    pub header: ArmProcessorHeader,
    /// The error structures.
    pub errors: [ArmErrorInformation; N],
}

impl<const N: usize> ArmErrors<N> {
    const COUNT: u16 = {
        assert!(N <= u16::MAX as usize, "the header counts them in 16 bits");
        N as u16
    };

    /// Lays out the section: count and length are computed.
    pub const fn new(header: ArmProcessorHeader, errors: [ArmErrorInformation; N]) -> Self {
        let mut section = Self { header, errors };
        section.header.err_info_num = U16::new(Self::COUNT);
        section.header.context_info_num = U16::new(0);
        section.header.section_length = U32::new(size_of::<Self>() as u32);
        section
    }
}

impl<const N: usize> SectionType for ArmErrors<N> {
    const TYPE: Guid = ArmProcessor::TYPE;
    const NAME: &'static str = ArmProcessor::NAME;
}

impl<const N: usize> FixedSection for ArmErrors<N> {}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{every_flip_shows, written};
    use std::string::{String, ToString};
    use std::{vec, vec::Vec};

    /// What Linux's `cper-arm.c` prints for it is in `examples/data/gesb/arm.hostoracle-arm64.txt`.
    const CAPTURED: &[u8] = include_bytes!("../../../examples/data/sections/arm.proc_arm.sec");

    fn captured() -> ArmProcessor<'static> {
        ArmProcessor::decode(CAPTURED).unwrap()
    }

    fn counting(length: usize) -> Vec<u8> {
        (0..length).map(|place| place as u8).collect()
    }

    #[test]
    fn errors_of_a_fixed_number_are_what_the_parts_write() {
        let error = ArmErrorInformation::new(ArmErrorType(2)).with_virtual_fault_address(7);
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
        assert_eq!((section.err_info_num.get(), section.context_info_num.get()), (2, 1));
        assert_eq!((section.section_length.get(), section.missing()), (372, 0));
        assert_eq!(section.midr_el1(), 0x410f_d083);
        assert_eq!(section.mpidr_el1(), Some(0x8000_0001));
        assert_eq!(section.error_affinity_level(), Some(1));
        assert_eq!(
            (section.running_state(), section.is_running(), section.psci_state()),
            (Some(1), Some(true), None)
        );
        let errors: Vec<_> = section.error_information().map(Result::unwrap).collect();
        assert_eq!(errors.len(), 2);
        assert_eq!((errors[0].version, errors[0].length), (0, 32));
        assert_eq!(errors[0].error_type, ArmErrorType(2));
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
        assert_eq!(contexts[0].header().register_context_type, ArmContextType::AARCH64_GPR);
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
        let read = |reading| (0..=255).map(|byte| ArmErrorType(byte).types(reading)).collect::<Vec<_>>();
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
                if let Some(types) = ArmErrorType(byte).types(reading) {
                    assert_eq!(ArmErrorType::new(types, reading), Some(ArmErrorType(byte)));
                }
            }
            assert_eq!(ArmErrorType::new(ArmErrorTypes::empty(), reading), None);
            assert_eq!(ArmErrorType::new(cache | bus, reading).is_none(), reading == Enumeration);
            assert_eq!(ArmErrorType::new(ArmErrorTypes::from_bits_retain(0x81), reading), None);
        }
        assert_eq!(ArmErrorTypeReading::default(), Bits1To4);
    }

    #[test]
    fn a_reading_decides_what_is_decoded() {
        let error = ArmErrorInformation::new(ArmErrorType(2)).with_error_information(0x1_0001);
        let decoded =
            |reading| (error.cache_error(reading), error.tlb_error(reading), error.bus_error(reading));
        let bits = 0x1_0001;
        assert_eq!(decoded(ArmErrorTypeReading::Enumeration), (None, None, Some(ArmBusError(bits))));
        assert_eq!(decoded(ArmErrorTypeReading::Bits1To4), (Some(ArmCacheError(bits)), None, None));
        assert_eq!(decoded(ArmErrorTypeReading::Bits0To3), (None, Some(ArmTlbError(bits)), None));
        let silent = ArmErrorInformation::new(ArmErrorType(2));
        assert_eq!(silent.cache_error(ArmErrorTypeReading::Bits1To4), None);
        for (reading, group) in [
            (ArmErrorTypeReading::Enumeration, "  bus error\n"),
            (ArmErrorTypeReading::Bits1To4, "  cache error\n"),
            (ArmErrorTypeReading::Bits0To3, "  tlb error\n"),
        ] {
            let text = captured().reading_types(reading).to_string();
            let first = text.split("[1]").next().unwrap();
            assert_eq!(first.matches(" error\n").count(), 1, "{first}");
            assert!(first.contains(group), "{first}");
        }
    }

    /// One writer after the other: value, validity bit, place.
    #[test]
    fn every_detail_writer_sets_its_bits() {
        let cache = ArmCacheError::new;
        assert_eq!(cache().with_transaction_type(TransactionType::new(3)).0, 0x3_0001);
        assert_eq!(cache().with_operation(ArmCacheOperation::new(15)).0, 0x3c_0002);
        assert_eq!(cache().with_level(7).0, 0x1c0_0004);
        assert_eq!(cache().with_processor_context_corrupt(true).0, 0x200_0008);
        assert_eq!(cache().with_corrected(true).0, 0x400_0010);
        assert_eq!(cache().with_precise_pc(true).0, 0x800_0020);
        assert_eq!(cache().with_restartable_pc(true).0, 0x1000_0040);
        let tlb = ArmTlbError::new;
        assert_eq!(tlb().with_transaction_type(TransactionType::new(3)).0, 0x3_0001);
        assert_eq!(tlb().with_operation(ArmTlbOperation::new(15)).0, 0x3c_0002);
        assert_eq!(tlb().with_level(7).0, 0x1c0_0004);
        assert_eq!(tlb().with_processor_context_corrupt(true).0, 0x200_0008);
        assert_eq!(tlb().with_corrected(true).0, 0x400_0010);
        assert_eq!(tlb().with_precise_pc(true).0, 0x800_0020);
        assert_eq!(tlb().with_restartable_pc(true).0, 0x1000_0040);
        let bus = ArmBusError::new;
        assert_eq!(bus().with_transaction_type(TransactionType::new(3)).0, 0x3_0001);
        assert_eq!(bus().with_operation(AccessOperation::new(15)).0, 0x3c_0002);
        assert_eq!(bus().with_level(7).0, 0x1c0_0004);
        assert_eq!(bus().with_processor_context_corrupt(true).0, 0x200_0008);
        assert_eq!(bus().with_corrected(true).0, 0x400_0010);
        assert_eq!(bus().with_precise_pc(true).0, 0x800_0020);
        assert_eq!(bus().with_restartable_pc(true).0, 0x1000_0040);
        assert_eq!(bus().with_participation_type(ParticipationType::GENERIC).0, 0x6000_0080);
        assert_eq!(bus().with_time_out(true).0, 0x8000_0100);
        assert_eq!(bus().with_address_space(ArmAddressSpace::DEVICE_MEMORY).0, 0x3_0000_0200);
        assert_eq!(bus().with_memory_access_attributes(0xffff).0, 0x7fc_0000_0400);
        assert_eq!(bus().with_access_mode(ArmAccessMode::NORMAL).0, 0x800_0000_0800);
        for text in [ArmCacheError(!0xffff).to_string(), ArmTlbError(!0xffff).to_string()] {
            assert_eq!(text, "");
        }
        assert_eq!(ArmBusError(!0xffff).to_string(), "");
        assert_eq!(
            ArmBusError(0x6aa_d6c6_0fff).to_string(),
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
            // All of one width, one behind the other.
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
        let mpidr_el1 = MrsEncoding::new(3, 0, 0, 0, 5);
        assert_eq!(mpidr_el1.to_string(), "S3_0_C0_C0_5");
        let encoding = MrsEncoding(U16::new(0b0101_1011_0110_1010));
        assert_eq!(encoding.to_string(), "S3_3_C6_C13_2");
        assert_eq!(MrsEncoding::new(3, 3, 6, 13, 2), encoding);
        assert_eq!(MrsEncoding::new(2, 15, 31, 31, 15), MrsEncoding(U16::new(0x3fff)));
        for (bits, op0) in [(0, 2), (0x4000, 3), (0x8000, 2), (0xbfff, 2), (0xffff, 3)] {
            assert_eq!(MrsEncoding(U16::new(bits)).op0(), op0, "{bits:#x}");
        }
        assert_eq!(
            (encoding.op0(), encoding.op1(), encoding.crn(), encoding.crm(), encoding.op2()),
            (3, 3, 6, 13, 2)
        );
        let registers = [
            ArmSystemRegister { mrs_encoding: mpidr_el1, value: U64::new(0x8100_0200) },
            ArmSystemRegister { mrs_encoding: encoding, value: U64::new(7) },
        ];
        let context = ArmContext::system(&registers);
        assert_eq!((context.array().len(), context.system_registers()), (20, &registers[..]));
        let long = [context.array(), b"rest"].concat();
        let context = ArmContext::new(ArmContextType::MISC_SYSTEM, &long);
        assert_eq!(context.system_registers(), registers);
        let text = crate::fields::Fields(&context).to_string();
        assert!(text.contains(
            "    mrs encoding            0x4005\n    register                S3_0_C0_C0_5\n    \
             value                   0x0000000081000200\n"
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
            ArmErrorInformation::new(ArmErrorType(0x1f))
                .with_multiple_error(0x1234)
                .with_flags(ArmErrorFlags::LAST | ArmErrorFlags::OVERFLOW)
                .with_error_information(0x1112_1314_1516_1718)
                .with_virtual_fault_address(0x2122_2324_2526_2728)
                .with_physical_fault_address(0x3132_3334_3536_3738),
            ArmErrorInformation::new(ArmErrorType(4)),
        ];
        let arrays = [counting(8), counting(120), counting(3)];
        let contexts = [
            ArmContext::new(ArmContextType::AARCH32_SECURE, &arrays[0]),
            ArmContext::new(ArmContextType::AARCH64_EL2, &arrays[1]),
            ArmContext::new(ArmContextType::MISC_SYSTEM, &arrays[2]),
        ];
        let header = ArmProcessorHeader::default().with_psci_state(0x0102_0304);
        for (padding, length) in
            [(ContextPadding::To16, 16 + 128 + 16), (ContextPadding::None, 16 + 128 + 11)]
        {
            for vendor in [&b""[..], b"vendor"] {
                let parts = ArmProcessorParts::new(header, &errors, &contexts, vendor).unwrap();
                let bytes = written(&parts.with_padding(padding));
                assert_eq!(bytes.len(), 40 + 64 + length + vendor.len());
                let section = ArmProcessor::decode(&bytes).unwrap();
                assert_eq!(section.section_length.get() as usize, bytes.len());
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
        let silent = ArmProcessorHeader { validation_bits: U32::ZERO, ..header };
        assert_eq!((silent.is_running(), silent.psci_state(), silent.running_state()), (None, None, None));
        for (bit, line) in [
            (1, "mpidr el1               0x1112131415161718\n"),
            (2, "error affinity level    3\n"),
            (4, "running state           0x00000000\npsci state              0x31323334\n"),
        ] {
            let only = ArmProcessorHeader { validation_bits: U32::new(bit), ..header };
            let text = ArmProcessor::decode(only.as_bytes()).unwrap().to_string();
            let before = "section length          0\nmidr el1                0x2122232425262728\n";
            assert!(text.contains(&[before, line, "error information\n"].concat()), "{text}");
        }
    }

    #[test]
    fn too_many_parts_are_refused() {
        let error = ArmErrorInformation::new(ArmErrorType(2));
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
        // Too small for what the counts say: not believed.
        assert_eq!(parts(&with_length(0, b"tail")), (2, 1, 16, 0, 0));
        assert_eq!(parts(&with_length(103, b"tail")), (2, 1, 16, 0, 0));
        // Room for the errors and no more.
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
            assert_eq!(section.unread(), unread, "at {length}");
            let said = std::format!("\nunread {} bytes\n", unread.len());
            assert_eq!(section.to_string().contains(&said), !unread.is_empty(), "at {length}");
        }
        let section = ArmProcessor::decode(&CAPTURED[..80]).unwrap();
        assert_eq!(
            section.error_information().nth(1).unwrap().unwrap_err().to_string(),
            "offset 72: processor error information needs 32 bytes, 8 available"
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
    fn a_flip_of_any_bit_shows() {
        every_flip_shows(SectionTypeId::ARM_PROCESSOR, CAPTURED);
    }

    #[test]
    fn the_whole_section_in_text() {
        let text = captured().to_string();
        for lines in [
            "err info num            2\ncontext info num        1\nsection length          372\n",
            "error information\n  [0] \n    version                 0\n    length                  32\n    \
             error type              0x02\n    error types             0x1  cache\n    cache error\n",
            "    multiple error          2\n    flags                   0x5  first, propagated\n    \
             error information       0x0000000000920b8f\n    virtual fault address   0xffff800012345678\n    \
             physical fault address  0x0000000040080040\n",
            "contexts\n  [0] \n    version                 0\n    \
             register context type   AArch64 general purpose registers (4)\n    register array size     248\n    \
             registers\n      x0                      0x000000000000a000\n",
        ] {
            assert!(text.contains(lines), "{lines}\nin\n{text}");
        }
    }
}
