//! IA32/X64 processor error (UEFI 2.11 Appendix N, "IA32/X64 Processor Error Section").
//!
//! A header of 64 bytes, then up to 63 error information structures of 64 bytes, then up to 63 register contexts of
//! 16 bytes and an array each. The section does not state its own length.

use core::fmt;
use core::iter::FusedIterator;

use zerocopy::IntoBytes;

use super::check_info::{AccessOperation, ParticipationType, TransactionType, check_bits};
use super::context::{self, AddressedRegister, ContextBytes, ContextForm, ContextPadding, Contexts};
use super::context::{ContextHeader, RegisterTable, Registers};
use super::runs::write_runs;
use crate::entries::Entries;
use crate::fields::{Describe, Groups, Stored, Value, Visitor, describe_rest};
use crate::kind::{Encode, SectionType, write_all};
use crate::open_value::{open_guid, open_value};
use crate::structure::structure;
use crate::{Error, ErrorKind, SectionTypeId};

structure! {
    /// The first 64 bytes of an IA32/X64 processor section. Bits 13:2 of the validation bits are the counts of the
    /// structures that follow, which writers compute.
    Ia32X64Header: 64 bytes, new;
    head of Ia32X64Processor from 64 as IA32_X64_PROCESSOR "IA32/X64 processor error";
    valid Ia32X64Validation: u64 in validation_bits {};
    0 validation_bits: u64;
    /// Local APIC id of the processor.
    8 local_apic_id: u64 as hex, local_apic_id_raw set_local_apic_id with_local_apic_id, LOCAL_APIC_ID = 0;
    /// `CPUID` leaf 1: what the processor says of itself.
    16 cpuid_info: CpuidInfo as part, cpuid_info_raw set_cpuid_info with_cpuid_info, CPUID_INFO = 1;
}

structure! {
    /// CPUID leaf 1, each register extended to 64 bits.
    CpuidInfo: 48 bytes;
    /// EAX: family, model and stepping.
    0 eax: u64 as hex => set_eax with_eax;
    /// EBX: brand index, cache line size, logical processors and initial APIC id.
    8 ebx: u64 as hex => set_ebx with_ebx;
    /// ECX: features.
    16 ecx: u64 as hex => set_ecx with_ecx;
    /// EDX: features.
    24 edx: u64 as hex => set_edx with_edx;
    32 reserved: [u8; 16];
}

structure! {
    /// One error of the processor.
    Ia32X64ErrorInformation: 64 bytes;
    valid Ia32X64ErrorValidation: u64 in validation_bits {};
    /// Type of the error, which gives the check information its meaning.
    0 error_structure_type: Ia32X64ErrorType as named => set_error_structure_type with_error_structure_type;
    16 validation_bits: u64;
    /// Check information, all 64 bits: [`Ia32X64ErrorInformation::check`] reads them.
    24 check_info: u64 as hex, check_info_raw set_check_info with_check_info, CHECK_INFO = 0;
    /// Identifier of the target of the access: its address.
    32 target_id: u64 as hex, target_id_raw set_target_id with_target_id, TARGET_ID = 1;
    /// Identifier of the requestor of the access.
    40 requestor_id: u64 as hex, requestor_id_raw set_requestor_id with_requestor_id, REQUESTOR_ID = 2;
    /// Identifier of the responder to the access.
    48 responder_id: u64 as hex, responder_id_raw set_responder_id with_responder_id, RESPONDER_ID = 3;
    /// Instruction pointer of the error.
    56 instruction_pointer: u64 as hex, instruction_pointer_raw set_instruction_pointer with_instruction_pointer,
        INSTRUCTION_POINTER = 4;
}

structure! {
    /// The header of a register context; the array follows it. Writers compute the array's size.
    Ia32X64ContextHeader: 16 bytes;
    /// What the registers are.
    0 register_context_type: (u16 Ia32X64ContextType) as named => set_register_context_type with_register_context_type;
    /// Length of the array in bytes.
    2 register_array_size: u16 as number;
    /// Number of the first model-specific register, of type [`Ia32X64ContextType::MSR`].
    4 msr_address: u32 as hex => set_msr_address with_msr_address;
    /// Address of the first memory-mapped register, of type [`Ia32X64ContextType::MEMORY_MAPPED`].
    8 mm_register_address: u64 as hex => set_mm_register_address with_mm_register_address;
}

open_guid! {
    /// What failed in an [`Ia32X64ErrorInformation`].
    Ia32X64ErrorType {
        CACHE = "a55701f5-e3ef-43de-ac72-249b573fad2c" => "cache error",
        TLB = "fc06b535-5e1f-4562-9f25-0a3b9adb63c3" => "TLB error",
        BUS = "1cf3f8b3-c5b1-49a2-aa59-5eef92ffa63c" => "bus error",
        MICRO_ARCHITECTURAL = "48ab7f57-dc34-4f6c-a7d3-b0b5b0a74314" => "micro-architectural error",
    }
}

open_value! {
    /// Operation during which a cache of an x86 processor failed.
    CacheOperation: u8 {
        GENERIC_ERROR = 0 => "generic error",
        GENERIC_READ = 1 => "generic read",
        GENERIC_WRITE = 2 => "generic write",
        DATA_READ = 3 => "data read",
        DATA_WRITE = 4 => "data write",
        INSTRUCTION_FETCH = 5 => "instruction fetch",
        PREFETCH = 6 => "prefetch",
        EVICTION = 7 => "eviction",
        SNOOP = 8 => "snoop",
    }
}

open_value! {
    /// What a bus access of an x86 processor was to.
    BusAddressSpace: u8 {
        MEMORY = 0 => "memory access",
        IO = 2 => "I/O",
        OTHER = 3 => "other transaction",
    }
}

open_value! {
    /// Kind of a micro-architectural error; 6 and 7 are the processor's own.
    MicroArchitecturalErrorType: u8 {
        NO_ERROR = 0 => "no error",
        UNCLASSIFIED = 1 => "unclassified",
        MICROCODE_ROM_PARITY = 2 => "microcode ROM parity error",
        EXTERNAL = 3 => "external error",
        FRC = 4 => "FRC error",
        INTERNAL_UNCLASSIFIED = 5 => "internal unclassified",
        PROCESSOR_SPECIFIC_6 = 6 => "processor specific",
        PROCESSOR_SPECIFIC_7 = 7 => "processor specific",
    }
}

open_value! {
    /// What the registers of a context are.
    Ia32X64ContextType: u16 {
        UNCLASSIFIED = 0 => "unclassified data",
        MSR = 1 => "model-specific registers",
        IA32_STATE = 2 => "32-bit mode execution context",
        X64_STATE = 3 => "64-bit mode execution context",
        FXSAVE = 4 => "FXSAVE context",
        IA32_DEBUG = 5 => "32-bit mode debug registers",
        X64_DEBUG = 6 => "64-bit mode debug registers",
        MEMORY_MAPPED = 7 => "memory-mapped registers",
    }
}

check_bits! {
    /// Check information of a cache error.
    CacheCheck {
        /// What was accessed.
        transaction_type / with_transaction_type: TransactionType as named, valid 0, bits 17:16;
        /// Operation that failed.
        operation / with_operation: CacheOperation as named, valid 1, bits 21:18;
        /// Level of the cache.
        level / with_level: u8 as number, valid 2, bits 24:22;
        /// Whether the processor's context is corrupt.
        processor_context_corrupt / with_processor_context_corrupt: bool as flag, valid 3, bits 25:25;
        /// Whether the error was not corrected.
        uncorrected / with_uncorrected: bool as flag, valid 4, bits 26:26;
        /// Whether the instruction pointer is that of the instruction that caused the error.
        precise_ip / with_precise_ip: bool as flag, valid 5, bits 27:27;
        /// Whether the program can go on at the instruction pointer.
        restartable_ip / with_restartable_ip: bool as flag, valid 6, bits 28:28;
        /// Whether further errors were lost.
        overflow / with_overflow: bool as flag, valid 7, bits 29:29;
    }
}

check_bits! {
    /// Check information of a TLB error.
    TlbCheck {
        /// What was accessed.
        transaction_type / with_transaction_type: TransactionType as named, valid 0, bits 17:16;
        /// Operation that failed.
        operation / with_operation: AccessOperation as named, valid 1, bits 21:18;
        /// Level of the TLB.
        level / with_level: u8 as number, valid 2, bits 24:22;
        /// Whether the processor's context is corrupt.
        processor_context_corrupt / with_processor_context_corrupt: bool as flag, valid 3, bits 25:25;
        /// Whether the error was not corrected.
        uncorrected / with_uncorrected: bool as flag, valid 4, bits 26:26;
        /// Whether the instruction pointer is that of the instruction that caused the error.
        precise_ip / with_precise_ip: bool as flag, valid 5, bits 27:27;
        /// Whether the program can go on at the instruction pointer.
        restartable_ip / with_restartable_ip: bool as flag, valid 6, bits 28:28;
        /// Whether further errors were lost.
        overflow / with_overflow: bool as flag, valid 7, bits 29:29;
    }
}

check_bits! {
    /// Check information of a bus error.
    BusCheck {
        /// What was accessed.
        transaction_type / with_transaction_type: TransactionType as named, valid 0, bits 17:16;
        /// Operation that failed.
        operation / with_operation: AccessOperation as named, valid 1, bits 21:18;
        /// Level of the bus.
        level / with_level: u8 as number, valid 2, bits 24:22;
        /// Whether the processor's context is corrupt.
        processor_context_corrupt / with_processor_context_corrupt: bool as flag, valid 3, bits 25:25;
        /// Whether the error was not corrected.
        uncorrected / with_uncorrected: bool as flag, valid 4, bits 26:26;
        /// Whether the instruction pointer is that of the instruction that caused the error.
        precise_ip / with_precise_ip: bool as flag, valid 5, bits 27:27;
        /// Whether the program can go on at the instruction pointer.
        restartable_ip / with_restartable_ip: bool as flag, valid 6, bits 28:28;
        /// Whether further errors were lost.
        overflow / with_overflow: bool as flag, valid 7, bits 29:29;
        /// The processor's part in the error.
        participation_type / with_participation_type: ParticipationType as named, valid 8, bits 31:30;
        /// Whether the request timed out.
        time_out / with_time_out: bool as flag, valid 9, bits 32:32;
        /// What the access was to.
        address_space / with_address_space: BusAddressSpace as named, valid 10, bits 34:33;
    }
}

check_bits! {
    /// Check information of a micro-architectural error.
    MicroArchitecturalCheck {
        /// Kind of the error.
        error_type / with_error_type: MicroArchitecturalErrorType as named, valid 0, bits 18:16;
        /// Whether the processor's context is corrupt.
        processor_context_corrupt / with_processor_context_corrupt: bool as flag, valid 1, bits 19:19;
        /// Whether the error was not corrected.
        uncorrected / with_uncorrected: bool as flag, valid 2, bits 20:20;
        /// Whether the instruction pointer is that of the instruction that caused the error.
        precise_ip / with_precise_ip: bool as flag, valid 3, bits 21:21;
        /// Whether the program can go on at the instruction pointer.
        restartable_ip / with_restartable_ip: bool as flag, valid 4, bits 22:22;
        /// Whether further errors were lost.
        overflow / with_overflow: bool as flag, valid 5, bits 23:23;
    }
}

/// Check information, read as the error structure type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ia32X64Check {
    /// Check information of a cache error.
    Cache(CacheCheck),
    /// Check information of a TLB error.
    Tlb(TlbCheck),
    /// Check information of a bus error.
    Bus(BusCheck),
    /// Check information of a micro-architectural error.
    MicroArchitectural(MicroArchitecturalCheck),
}

impl Ia32X64Header {
    /// Number of error information structures that follow: bits 7:2 of the validation bits.
    #[inline]
    pub const fn error_count(&self) -> u8 {
        error_count(self.validation())
    }

    /// Number of register contexts that follow the errors: bits 13:8 of the validation bits.
    #[inline]
    pub const fn context_count(&self) -> u8 {
        context_count(self.validation())
    }

    #[inline]
    const fn with_counts(self, errors: u8, contexts: u8) -> Self {
        let bits = self.validation().bits() & !0x3ffc;
        let counts = (errors & MAX_COUNT) as u64 | ((contexts & MAX_COUNT) as u64) << 6;
        self.with_validation(Ia32X64Validation::from_bits_retain(bits | counts << 2))
    }
}

/// The largest count of structures of one kind, and the mask of its field.
const MAX_COUNT: u8 = 63;

const fn error_count(validation: Ia32X64Validation) -> u8 {
    (validation.bits() >> 2) as u8 & MAX_COUNT
}

const fn context_count(validation: Ia32X64Validation) -> u8 {
    (validation.bits() >> 8) as u8 & MAX_COUNT
}

impl CpuidInfo {
    /// The registers as the CPUID instruction gives them.
    #[inline]
    pub const fn new(eax: u32, ebx: u32, ecx: u32, edx: u32) -> Self {
        Self::ZERO.with_eax(eax as u64).with_ebx(ebx as u64).with_ecx(ecx as u64).with_edx(edx as u64)
    }
}

impl Describe for CpuidInfo {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

impl Ia32X64ErrorInformation {
    /// An error of this type with no field valid.
    #[inline]
    pub const fn new(error_structure_type: Ia32X64ErrorType) -> Self {
        Self::ZERO.with_error_structure_type(error_structure_type)
    }

    /// An error of the check's type with the check information valid.
    pub const fn with_check(check: Ia32X64Check) -> Self {
        let (kind, bits) = match check {
            Ia32X64Check::Cache(check) => (Ia32X64ErrorType::CACHE, check.raw()),
            Ia32X64Check::Tlb(check) => (Ia32X64ErrorType::TLB, check.raw()),
            Ia32X64Check::Bus(check) => (Ia32X64ErrorType::BUS, check.raw()),
            Ia32X64Check::MicroArchitectural(check) => (Ia32X64ErrorType::MICRO_ARCHITECTURAL, check.raw()),
        };
        Self::new(kind).with_check_info(bits)
    }

    /// The check information, read as the type says; `None` when its validity bit is clear or the type is unknown.
    pub fn check(&self) -> Option<Ia32X64Check> {
        let bits = self.check_info()?;
        let kind = self.error_structure_type();
        if kind == Ia32X64ErrorType::CACHE {
            Some(Ia32X64Check::Cache(CacheCheck::new(bits)))
        } else if kind == Ia32X64ErrorType::TLB {
            Some(Ia32X64Check::Tlb(TlbCheck::new(bits)))
        } else if kind == Ia32X64ErrorType::BUS {
            Some(Ia32X64Check::Bus(BusCheck::new(bits)))
        } else if kind == Ia32X64ErrorType::MICRO_ARCHITECTURAL {
            Some(Ia32X64Check::MicroArchitectural(MicroArchitecturalCheck::new(bits)))
        } else {
            None
        }
    }
}

impl From<Ia32X64Check> for Ia32X64ErrorInformation {
    /// An error of the check's type with the check information valid.
    fn from(check: Ia32X64Check) -> Self {
        Self::with_check(check)
    }
}

impl Ia32X64Check {
    fn fields(&self) -> &dyn Describe {
        match self {
            Self::Cache(check) => check,
            Self::Tlb(check) => check,
            Self::Bus(check) => check,
            Self::MicroArchitectural(check) => check,
        }
    }
}

impl Describe for Ia32X64ErrorInformation {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        match self.check() {
            Some(check) => out.field("check", Value::Group(check.fields())),
            None => Ok(()),
        }
    }
}

/// An error in a few words.
struct ErrorSummary<'a>(&'a Ia32X64ErrorInformation);

impl fmt::Display for ErrorSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(error) = self;
        let f: &mut dyn fmt::Write = f;
        f.write_str(error.error_structure_type().name().unwrap_or("error of unknown type"))?;
        let (level, flags) = match error.check() {
            None => return Ok(()),
            Some(Ia32X64Check::Cache(check)) => {
                word(f, check.transaction_type())?;
                word(f, check.operation())?;
                let (corrupt, uncorrected) = (check.processor_context_corrupt(), check.uncorrected());
                (check.level(), [corrupt, uncorrected, None, check.overflow()])
            }
            Some(Ia32X64Check::Tlb(check)) => {
                word(f, check.transaction_type())?;
                word(f, check.operation())?;
                let (corrupt, uncorrected) = (check.processor_context_corrupt(), check.uncorrected());
                (check.level(), [corrupt, uncorrected, None, check.overflow()])
            }
            Some(Ia32X64Check::Bus(check)) => {
                word(f, check.transaction_type())?;
                word(f, check.operation())?;
                word(f, check.participation_type())?;
                word(f, check.address_space())?;
                let (corrupt, uncorrected) = (check.processor_context_corrupt(), check.uncorrected());
                (check.level(), [corrupt, uncorrected, check.time_out(), check.overflow()])
            }
            Some(Ia32X64Check::MicroArchitectural(check)) => {
                word(f, check.error_type())?;
                let (corrupt, uncorrected) = (check.processor_context_corrupt(), check.uncorrected());
                (None, [corrupt, uncorrected, None, check.overflow()])
            }
        };
        if let Some(level) = level {
            write!(f, ", level {level}")?;
        }
        let [corrupt, uncorrected, timed_out, overflow] = flags;
        for (flag, name) in &[
            (corrupt, "context corrupt"),
            (uncorrected, "uncorrected"),
            (timed_out, "timed out"),
            (overflow, "further errors lost"),
        ] {
            if *flag == Some(true) {
                write!(f, ", {name}")?;
            }
        }
        Ok(())
    }
}

/// Writes a word of a list, where there is one.
fn word(f: &mut dyn fmt::Write, word: Option<impl fmt::Display>) -> fmt::Result {
    match word {
        Some(word) => write!(f, ", {word}"),
        None => Ok(()),
    }
}

/// What the contexts of this section have in common.
pub(super) const CONTEXT_FORM: ContextForm = ContextForm {
    name: "processor context information",
    header_size: Ia32X64ContextHeader::SIZE,
    types: 8,
    read: |header| {
        let (header, _) = Ia32X64ContextHeader::first(header)?;
        Some((header.register_context_type().raw(), header.register_array_size().into()))
    },
};

impl Ia32X64ContextHeader {
    /// A header of registers of this type.
    #[inline]
    pub const fn new(register_context_type: Ia32X64ContextType) -> Self {
        Self::ZERO.with_register_context_type(register_context_type)
    }
}

/// Type 2: 92 bytes.
const IA32_STATE: RegisterTable = &[
    (4, &["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp"]),
    (2, SEGMENTS),
    (4, &["eflags", "eip", "cr0", "cr1", "cr2", "cr3", "cr4"]),
    (8, &["gdtr", "idtr"]),
    (2, &["ldtr", "tr"]),
];
const SEGMENTS: &[&str] = &["cs", "ds", "ss", "es", "fs", "gs"];

/// Type 3: 244 bytes.
const X64_STATE: RegisterTable = &[
    (8, X64_GENERAL),
    (2, SEGMENTS),
    (4, &[""]),
    (8, &["rflags", "rip", "cr0", "cr1", "cr2", "cr3", "cr4", "cr8"]),
    (16, &["gdtr", "idtr"]),
    (2, &["ldtr", "tr"]),
];
const X64_GENERAL: &[&str] = &[
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];

/// Type 3 by EDK2's structure, which has no CR8.
const X64_STATE_WITHOUT_CR8: RegisterTable = &[
    (8, X64_GENERAL),
    (2, SEGMENTS),
    (4, &[""]),
    (8, &["rflags", "rip", "cr0", "cr1", "cr2", "cr3", "cr4"]),
    (16, &["gdtr", "idtr"]),
    (2, &["ldtr", "tr"]),
];
const X64_STATE_WITHOUT_CR8_LEN: usize = 236;

/// Types 5 and 6.
const IA32_DEBUG: RegisterTable = &[(4, DEBUG)];
const X64_DEBUG: RegisterTable = &[(8, DEBUG)];
const DEBUG: &[&str] = &["dr0", "dr1", "dr2", "dr3", "dr4", "dr5", "dr6", "dr7"];

/// A register context of an x86 processor: its header, and the array of registers.
///
/// It is what a section's contexts are read as, and what they are written from; the size in the header is computed
/// when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ia32X64Context<'a> {
    header: ContextHeader<'a, Ia32X64ContextHeader>,
    array: &'a [u8],
    padding: &'a [u8],
}

impl<'a> Ia32X64Context<'a> {
    /// A context of named or unclassified registers.
    pub const fn new(register_context_type: Ia32X64ContextType, array: &'a [u8]) -> Self {
        Self::with_header(Ia32X64ContextHeader::new(register_context_type), array)
    }

    /// A context of this header and these registers.
    pub const fn with_header(header: Ia32X64ContextHeader, array: &'a [u8]) -> Self {
        Self { header: ContextHeader::New(header), array, padding: &[] }
    }

    /// A context of model-specific registers of 8 bytes each, of which `number` is the first.
    pub const fn msrs(number: u32, array: &'a [u8]) -> Self {
        let header = Ia32X64ContextHeader::new(Ia32X64ContextType::MSR);
        Self::with_header(header.with_msr_address(number), array)
    }

    /// A context of memory-mapped registers of 8 bytes each, of which the first is at `address`.
    pub const fn memory_mapped(address: u64, array: &'a [u8]) -> Self {
        let header = Ia32X64ContextHeader::new(Ia32X64ContextType::MEMORY_MAPPED);
        Self::with_header(header.with_mm_register_address(address), array)
    }

    /// The context that was read.
    fn read(bytes: ContextBytes<'a>) -> Self {
        // The header is whole; its form states its length.
        let header = match Ia32X64ContextHeader::first(bytes.header) {
            Some((header, _)) => ContextHeader::Read(header),
            None => ContextHeader::New(Ia32X64ContextHeader::ZERO),
        };
        Self { header, array: bytes.array, padding: bytes.unusual_padding() }
    }

    /// The header as it was stored.
    pub const fn structure(&self) -> &Ia32X64ContextHeader {
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
    const fn written_header(&self) -> Ia32X64ContextHeader {
        let mut header = *self.header.get();
        Ia32X64ContextHeader::AT
            .register_array_size
            .put(&mut header.0, u16::to_le_bytes(self.array.len() as u16));
        header
    }

    /// The registers of a context of type 2, 3, 5 or 6 by name, as far as the array goes; none of another type.
    pub fn registers(&self) -> Registers<'a> {
        let table = match self.header.get().register_context_type() {
            Ia32X64ContextType::IA32_STATE => IA32_STATE,
            Ia32X64ContextType::X64_STATE if self.array.len() == X64_STATE_WITHOUT_CR8_LEN => {
                X64_STATE_WITHOUT_CR8
            }
            Ia32X64ContextType::X64_STATE => X64_STATE,
            Ia32X64ContextType::IA32_DEBUG => IA32_DEBUG,
            Ia32X64ContextType::X64_DEBUG => X64_DEBUG,
            _ => &[],
        };
        Registers::new(table, self.array)
    }

    /// The registers of a context of type 1 or 7 by address, as far as the array goes; none of another type.
    pub fn addressed_registers(&self) -> AddressedRegisters<'a> {
        let (address, step) = match self.header.get().register_context_type() {
            Ia32X64ContextType::MSR => (u64::from(self.header.get().msr_address()), 1),
            Ia32X64ContextType::MEMORY_MAPPED => (self.header.get().mm_register_address(), 8),
            _ => return AddressedRegisters { rest: &[], address: 0, step: 0 },
        };
        AddressedRegisters { rest: self.array, address, step }
    }

    /// The machine check bank that this context is, when it is one of a scalable MCA processor.
    ///
    /// The rule is that of Linux (`arch/x86/kernel/cpu/mce/apei.c`): the context's register address has all bits of
    /// `0xc0002001`, which is the status register of bank 0, and its array has at least six registers.
    pub fn smca_bank(&self) -> Option<SmcaBank> {
        const MC0_STATUS: u32 = 0xc000_2001;
        let number = self.header.get().msr_address();
        if self.header.get().register_context_type() != Ia32X64ContextType::MSR
            || number & MC0_STATUS != MC0_STATUS
        {
            return None;
        }
        let mut values = self.addressed_registers().map(|register| register.value);
        Some(SmcaBank {
            bank: (number >> 4) as u8,
            status: values.next()?,
            addr: values.next()?,
            misc: values.next()?,
            config: values.next()?,
            ipid: values.next()?,
            synd: values.next()?,
        })
    }
}

/// Iterator over a context's registers by address; see [`Ia32X64Context::addressed_registers`].
#[derive(Clone, Debug)]
pub struct AddressedRegisters<'a> {
    rest: &'a [u8],
    address: u64,
    step: u64,
}

impl<'a> AddressedRegisters<'a> {
    /// The bytes that no register was read from yet: fewer than 8 at the end of the iteration.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl Iterator for AddressedRegisters<'_> {
    type Item = AddressedRegister;

    fn next(&mut self) -> Option<AddressedRegister> {
        let (value, rest) = self.rest.split_first_chunk::<8>()?;
        let register = AddressedRegister { address: self.address, value: u64::from_le_bytes(*value) };
        self.rest = rest;
        self.address = self.address.wrapping_add(self.step);
        Some(register)
    }
}

impl FusedIterator for AddressedRegisters<'_> {}

/// The registers of one machine check bank of a scalable MCA (AMD) processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmcaBank {
    /// Number of the bank, from the address of its registers.
    pub bank: u8,
    /// `MCA_STATUS`.
    pub status: u64,
    /// `MCA_ADDR`.
    pub addr: u64,
    /// `MCA_MISC0`.
    pub misc: u64,
    /// `MCA_CONFIG`.
    pub config: u64,
    /// `MCA_IPID`.
    pub ipid: u64,
    /// `MCA_SYND`.
    pub synd: u64,
}

impl Describe for SmcaBank {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("bank", Value::number(self.bank))?;
        out.field("status", Value::hex(self.status))?;
        out.field("addr", Value::hex(self.addr))?;
        out.field("misc", Value::hex(self.misc))?;
        out.field("config", Value::hex(self.config))?;
        out.field("ipid", Value::hex(self.ipid))?;
        out.field("synd", Value::hex(self.synd))
    }
}

impl Describe for Ia32X64Context<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.header.get().describe_fields(out)?;
        if !matches!(
            self.header.get().register_context_type(),
            Ia32X64ContextType::MSR | Ia32X64ContextType::MEMORY_MAPPED
        ) {
            context::describe_registers(&self.registers(), out)?;
            return describe_rest("padding", self.padding, out);
        }
        if let Some(bank) = self.smca_bank() {
            out.field("smca_bank", Value::Group(&bank))?;
        }
        let mut registers = self.addressed_registers();
        out.field("addressed_registers", Value::List(&Groups(registers.clone())))?;
        let array = registers.rest;
        registers.by_ref().for_each(drop);
        let read = array.len().saturating_sub(registers.rest.len());
        out.stored("addressed_registers", array.get(..read).unwrap_or_default(), Stored::Shown);
        describe_rest("trailing", registers.rest, out)?;
        describe_rest("padding", self.padding, out)
    }
}

impl<'a> Ia32X64Processor<'a> {
    /// Number of error information structures that follow: bits 7:2 of the validation bits.
    pub fn error_count(&self) -> u8 {
        error_count(self.validation())
    }

    /// Number of register contexts that follow the errors: bits 13:8 of the validation bits.
    pub fn context_count(&self) -> u8 {
        context_count(self.validation())
    }

    /// The errors, in their order.
    pub fn error_information(&self) -> Entries<'a, Ia32X64ErrorInformation> {
        let rest = self.bytes.get(Ia32X64Header::SIZE..).unwrap_or_default();
        Entries::new(rest, self.error_count().into(), "error information count", 0)
    }

    /// The register contexts, in their order. One that does not fit is an error in its place, and the last item; its
    /// offset counts from the section's start.
    pub fn contexts(&self) -> Contexts<'a, Ia32X64Context<'a>> {
        let offset = usize::from(self.error_count())
            .saturating_mul(Ia32X64ErrorInformation::SIZE)
            .saturating_add(Ia32X64Header::SIZE);
        let rest = self.bytes.get(offset..).unwrap_or_default();
        Contexts::new((rest, offset, self.context_count().into()), &CONTEXT_FORM, Ia32X64Context::read)
    }

    /// The bytes from the first error or context on that does not fit. When all fit: the bytes after the contexts,
    /// where the specification has nothing.
    pub fn trailing(&self) -> &'a [u8] {
        let errors = self.error_information();
        match errors.error() {
            Some(_) => {
                let read = Ia32X64Header::SIZE.saturating_add(errors.len_in_bytes());
                self.bytes.get(read..).unwrap_or_default()
            }
            None => self.contexts().untaken(),
        }
    }

    /// How many bytes of errors the count claims and the body does not have.
    pub fn missing(&self) -> usize {
        let errors = usize::from(self.error_count()).saturating_mul(Ia32X64ErrorInformation::SIZE);
        errors.saturating_add(Ia32X64Header::SIZE).saturating_sub(self.bytes.len())
    }

    /// Each error, how many contexts there are, and which processor has them.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        if let Some(id) = self.local_apic_id() {
            write!(f, "APIC {id}: ")?;
        }
        let errors = self.error_information();
        let is_unknown = |error: &Ia32X64ErrorInformation| error.error_structure_type().name().is_none();
        let same = |one: &Ia32X64ErrorInformation, other: &Ia32X64ErrorInformation| {
            one == other || is_unknown(one) && is_unknown(other)
        };
        // A section names at most 63 errors.
        write_runs(f, errors.as_slice(), usize::MAX, same, |f, error| write!(f, "{}", ErrorSummary(error)))?;
        let cut = errors.error().is_some();
        f.write_str(match (errors.as_slice().is_empty(), cut) {
            (true, true) => "error information cut short",
            (true, false) => "error without error information",
            (false, true) => "; error information cut short",
            (false, false) => "",
        })?;
        match self.contexts().flatten().count() {
            0 => {}
            1 => f.write_str("; 1 register context")?,
            contexts => write!(f, "; {contexts} register contexts")?,
        }
        if !cut && self.contexts().any(|context| context.is_err()) {
            f.write_str("; register context cut short")?;
        }
        Ok(())
    }
}

impl Describe for Ia32X64Processor<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        out.field("proc_err_info_num", Value::number(self.error_count()))?;
        out.field("proc_context_info_num", Value::number(self.context_count()))?;
        out.field("error_information", Value::List(&self.error_information()))?;
        out.field("contexts", Value::List(&Groups(self.contexts())))?;
        describe_rest("trailing", self.trailing(), out)
    }
}

/// What an IA32/X64 processor section is written from.
///
/// ```
/// use cper::section::{CacheCheck, Ia32X64Check, Ia32X64Context, Ia32X64ErrorInformation, Ia32X64Header, Ia32X64Parts};
///
/// let check = CacheCheck::new(0).with_level(2).with_uncorrected(true);
/// let error = Ia32X64ErrorInformation::from(Ia32X64Check::Cache(check)).with_target_id(0x1008_0040);
/// let bank = [0; 32];
/// let errors = [error];
/// let contexts = [Ia32X64Context::msrs(0x401, &bank)];
/// let section = Ia32X64Parts::new(Ia32X64Header::new().with_local_apic_id(5), &errors, &contexts)?;
/// # Ok::<(), cper::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Ia32X64Parts<'a> {
    header: Ia32X64Header,
    errors: &'a [Ia32X64ErrorInformation],
    contexts: &'a [Ia32X64Context<'a>],
    padding: ContextPadding,
}

impl<'a> Ia32X64Parts<'a> {
    /// A section of these parts; counts and array sizes are computed.
    ///
    /// # Errors
    /// When there are more than 63 errors or contexts, or an array is longer than 65,535 bytes.
    pub const fn new(
        header: Ia32X64Header,
        errors: &'a [Ia32X64ErrorInformation],
        contexts: &'a [Ia32X64Context<'a>],
    ) -> Result<Self, Error> {
        const MOST: usize = MAX_COUNT as usize;
        if errors.len() > MOST || contexts.len() > MOST {
            let what = "count of processor error or context information";
            return Err(Error::new(ErrorKind::TooLarge { what }, 0));
        }
        let mut arrays = contexts;
        while let [context, rest @ ..] = arrays {
            if context.array.len() > u16::MAX as usize {
                return Err(Error::new(ErrorKind::TooLarge { what: "register array size" }, 0));
            }
            arrays = rest;
        }
        let header = header.with_counts(errors.len() as u8, contexts.len() as u8);
        Ok(Self { header, errors, contexts, padding: ContextPadding::To16 })
    }

    /// Chooses whether contexts are padded. Linux does not expect padding, and takes it for the next context. There is
    /// no difference when every array is a multiple of 16 bytes, which zeros at its end can make it.
    #[must_use]
    #[inline]
    pub const fn with_padding(mut self, padding: ContextPadding) -> Self {
        self.padding = padding;
        self
    }
}

impl SectionType for Ia32X64Parts<'_> {
    const TYPE: SectionTypeId = Ia32X64Processor::TYPE;
    const NAME: &'static str = Ia32X64Processor::NAME;
}

impl Encode for Ia32X64Parts<'_> {
    fn encoded_len(&self) -> usize {
        let front = Ia32X64Header::SIZE.saturating_add(size_of_val(self.errors));
        let mut length = front;
        for context in self.contexts {
            let size = Ia32X64ContextHeader::SIZE.saturating_add(context.array.len());
            length = length.saturating_add(self.padding.padded(size));
        }
        length
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let mut out = write_all(&[self.header.as_bytes(), self.errors.as_bytes()], out)?;
        for context in self.contexts {
            out = context::encode(context.written_header().as_bytes(), context.array, self.padding, out)?;
        }
        out.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::kind::Decode;
    use crate::section::checks::{assert_map, bit_map, written};
    use std::string::{String, ToString};
    use std::{format, vec, vec::Vec};
    use zerocopy::FromBytes;

    /// What Linux's `cper-x86.c` prints for it is in `examples/data/gesb/ia-all.txt`.
    const CAPTURED: &[u8] = include_bytes!("../../data/ia-all.proc_ia.sec");

    fn captured() -> Ia32X64Processor<'static> {
        Ia32X64Processor::decode(CAPTURED).unwrap()
    }

    fn registers(context: &Ia32X64Context<'_>) -> Vec<(&'static str, u128)> {
        context.registers().map(|register| (register.name, register.value())).collect()
    }

    fn counting(length: usize) -> Vec<u8> {
        (0..length).map(|place| place as u8).collect()
    }

    #[test]
    fn captured_header_and_errors_give_what_linux_prints() {
        let section = captured();
        assert_eq!(section.bytes(), CAPTURED);
        assert_eq!((section.error_count(), section.context_count()), (4, 3));
        assert_eq!(section.local_apic_id(), Some(5));
        assert_eq!(
            section.cpuid_info(),
            Some(&CpuidInfo::new(0x306f2, 0x0010_0800, 0x7ffe_fbff, 0xbfeb_fbff))
        );
        let errors: Vec<_> = section.error_information().map(Result::unwrap).collect();
        for error in &errors {
            assert_eq!(error.validation().bits(), 0x1f);
            assert_eq!(error.target_id(), Some(0xab_c000));
            assert_eq!(error.requestor_id(), Some(0x10));
            assert_eq!(error.responder_id(), Some(0x20));
            assert_eq!(error.instruction_pointer(), Some(0xffff_ffff_8100_0000));
        }
        assert_eq!(errors[0].check(), Some(Ia32X64Check::Cache(CacheCheck::new(0x1495_00ff))));
        assert_eq!(errors[1].check(), Some(Ia32X64Check::Tlb(TlbCheck::new(0x3e4d_00ff))));
        assert_eq!(errors[2].check(), Some(Ia32X64Check::Bus(BusCheck::new(0x5_76c6_07ff))));
        let check = Ia32X64Check::MicroArchitectural(MicroArchitecturalCheck::new(0xb9_003f));
        assert_eq!(errors[3].check(), Some(check));
    }

    #[test]
    fn captured_contexts_give_what_linux_prints() {
        let contexts: Vec<_> = captured().contexts().map(Result::unwrap).collect();
        assert_eq!(contexts.len(), 3);
        assert_eq!(contexts[0].structure().register_context_type(), Ia32X64ContextType::MSR);
        let msr = |address, value| AddressedRegister { address, value };
        assert_eq!(
            contexts[0].addressed_registers().collect::<Vec<_>>(),
            [msr(0x401, 1), msr(0x402, 2), msr(0x403, 3), msr(0x404, 4)]
        );
        // 240 bytes: the array ends before LDTR and TR.
        let state = registers(&contexts[1]);
        assert_eq!((state[0], state[15], state[16]), (("rax", 0x1000), ("r15", 0x100f), ("cs", 0x33)));
        assert_eq!((state[17], state[22], state[29]), (("ds", 0x2b), ("rflags", 0x2000), ("cr8", 0x2007)));
        assert_eq!(state[31], ("idtr", 0x200b_0000_0000_0000_200a));
        assert_eq!(state.len(), 32);
        assert_eq!(
            contexts[2].addressed_registers().collect::<Vec<_>>(),
            [msr(0xfed0_0000, 0xaa), msr(0xfed0_0008, 0xbb)]
        );
        assert_eq!(contexts[2].array().len(), 16);
        assert!(captured().trailing().is_empty());
    }

    #[test]
    fn checks_read_their_bits() {
        assert_eq!(
            CacheCheck::new(0x1495_00ff).to_string(),
            "transaction type        data access (1)\n\
             operation               instruction fetch (5)\n\
             level                   2\n\
             processor context corrupt no\n\
             uncorrected             yes\n\
             precise ip              no\n\
             restartable ip          yes\n\
             overflow                no\n"
        );
        assert_eq!(
            BusCheck::new(0x5_76c6_07ff).to_string(),
            "transaction type        generic (2)\n\
             operation               generic read (1)\n\
             level                   3\n\
             processor context corrupt yes\n\
             uncorrected             yes\n\
             precise ip              no\n\
             restartable ip          yes\n\
             overflow                yes\n\
             participation type      local processor responded to request (1)\n\
             time out                yes\n\
             address space           I/O (2)\n"
        );
        assert_eq!(
            MicroArchitecturalCheck::new(0xb9_003f).to_string(),
            "error type              unclassified (1)\n\
             processor context corrupt yes\n\
             uncorrected             yes\n\
             precise ip              yes\n\
             restartable ip          no\n\
             overflow                yes\n"
        );
    }

    /// One writer after the other: value, validity bit, place.
    #[test]
    fn every_check_writer_sets_its_bits() {
        let cache = CacheCheck::new;
        assert_eq!(cache(0).with_transaction_type(TransactionType::new(3)).raw(), 0x3_0001);
        assert_eq!(cache(0).with_operation(CacheOperation::new(15)).raw(), 0x3c_0002);
        assert_eq!(cache(0).with_level(7).raw(), 0x1c0_0004);
        assert_eq!(cache(0).with_processor_context_corrupt(true).raw(), 0x200_0008);
        assert_eq!(cache(0).with_uncorrected(true).raw(), 0x400_0010);
        assert_eq!(cache(0).with_precise_ip(true).raw(), 0x800_0020);
        assert_eq!(cache(0).with_restartable_ip(true).raw(), 0x1000_0040);
        assert_eq!(cache(0).with_overflow(true).raw(), 0x2000_0080);
        let tlb = TlbCheck::new;
        assert_eq!(tlb(0).with_transaction_type(TransactionType::new(3)).raw(), 0x3_0001);
        assert_eq!(tlb(0).with_operation(AccessOperation::new(15)).raw(), 0x3c_0002);
        assert_eq!(tlb(0).with_level(7).raw(), 0x1c0_0004);
        assert_eq!(tlb(0).with_processor_context_corrupt(true).raw(), 0x200_0008);
        assert_eq!(tlb(0).with_uncorrected(true).raw(), 0x400_0010);
        assert_eq!(tlb(0).with_precise_ip(true).raw(), 0x800_0020);
        assert_eq!(tlb(0).with_restartable_ip(true).raw(), 0x1000_0040);
        assert_eq!(tlb(0).with_overflow(true).raw(), 0x2000_0080);
        let bus = BusCheck::new;
        assert_eq!(bus(0).with_transaction_type(TransactionType::new(3)).raw(), 0x3_0001);
        assert_eq!(bus(0).with_operation(AccessOperation::new(15)).raw(), 0x3c_0002);
        assert_eq!(bus(0).with_level(7).raw(), 0x1c0_0004);
        assert_eq!(bus(0).with_processor_context_corrupt(true).raw(), 0x200_0008);
        assert_eq!(bus(0).with_uncorrected(true).raw(), 0x400_0010);
        assert_eq!(bus(0).with_precise_ip(true).raw(), 0x800_0020);
        assert_eq!(bus(0).with_restartable_ip(true).raw(), 0x1000_0040);
        assert_eq!(bus(0).with_overflow(true).raw(), 0x2000_0080);
        assert_eq!(bus(0).with_participation_type(ParticipationType::GENERIC).raw(), 0xc000_0100);
        assert_eq!(bus(0).with_time_out(true).raw(), 0x1_0000_0200);
        assert_eq!(bus(0).with_address_space(BusAddressSpace::OTHER).raw(), 0x6_0000_0400);
        let ms = MicroArchitecturalCheck::new;
        assert_eq!(ms(0).with_error_type(MicroArchitecturalErrorType::new(7)).raw(), 0x7_0001);
        assert_eq!(ms(0).with_processor_context_corrupt(true).raw(), 0x8_0002);
        assert_eq!(ms(0).with_uncorrected(true).raw(), 0x10_0004);
        assert_eq!(ms(0).with_precise_ip(true).raw(), 0x20_0008);
        assert_eq!(ms(0).with_restartable_ip(true).raw(), 0x40_0010);
        assert_eq!(ms(0).with_overflow(true).raw(), 0x80_0020);
    }

    #[test]
    fn a_check_field_is_none_without_its_bit_and_is_overwritten_whole() {
        assert_eq!(CacheCheck::new(!0xffff).to_string(), "");
        assert_eq!(TlbCheck::new(!0xffff).to_string(), "");
        assert_eq!(BusCheck::new(!0xffff).to_string(), "");
        assert_eq!(MicroArchitecturalCheck::new(!0xffff).to_string(), "");
        let check = BusCheck::new(u64::MAX).with_level(2).with_overflow(false).with_level(0xf1);
        assert_eq!((check.level(), check.overflow()), (Some(1), Some(false)));
        assert_eq!(check.raw(), !0x2180_0000);
    }

    #[test]
    fn names_of_every_value() {
        let names = |count: u8, name: fn(u8) -> String| (0..count).map(name).collect::<Vec<_>>().join("; ");
        assert_eq!(
            names(10, |raw| CacheOperation::new(raw).to_string()),
            "generic error; generic read; generic write; data read; data write; instruction fetch; prefetch; \
             eviction; snoop; reserved (9)"
        );
        assert_eq!(
            names(8, |raw| AccessOperation::new(raw).to_string()),
            "generic error; generic read; generic write; data read; data write; instruction fetch; prefetch; \
             reserved (7)"
        );
        assert_eq!(
            names(4, |raw| TransactionType::new(raw).to_string()),
            "instruction; data access; generic; reserved (3)"
        );
        assert_eq!(
            names(5, |raw| ParticipationType::new(raw).to_string()),
            "local processor originated request; local processor responded to request; \
             local processor observed; generic; reserved (4)"
        );
        assert_eq!(
            names(4, |raw| BusAddressSpace::new(raw).to_string()),
            "memory access; reserved (1); I/O; other transaction"
        );
        assert_eq!(
            names(9, |raw| MicroArchitecturalErrorType::new(raw).to_string()),
            "no error; unclassified; microcode ROM parity error; external error; FRC error; \
             internal unclassified; processor specific; processor specific; reserved (8)"
        );
        assert_eq!(
            names(9, |raw| Ia32X64ContextType::new(raw.into()).to_string()),
            "unclassified data; model-specific registers; 32-bit mode execution context; \
             64-bit mode execution context; FXSAVE context; 32-bit mode debug registers; \
             64-bit mode debug registers; memory-mapped registers; reserved (8)"
        );
        assert_eq!(
            Ia32X64ErrorType::ALL.iter().map(|(_, name)| *name).collect::<Vec<_>>(),
            ["cache error", "TLB error", "bus error", "micro-architectural error"]
        );
    }

    #[test]
    fn execution_state_and_debug_registers_by_name() {
        let state = |kind, length: usize| {
            let array = counting(length);
            let context = Ia32X64Context::new(kind, &array);
            let low = |(name, value): (&'static str, u128)| (name, value as u8);
            (registers(&context).into_iter().map(low).collect::<Vec<_>>(), context.undecoded())
        };
        // Each value's low byte is its offset.
        assert_eq!(
            state(Ia32X64ContextType::IA32_STATE, 92).0,
            [
                ("eax", 0),
                ("ebx", 4),
                ("ecx", 8),
                ("edx", 12),
                ("esi", 16),
                ("edi", 20),
                ("ebp", 24),
                ("esp", 28),
                ("cs", 32),
                ("ds", 34),
                ("ss", 36),
                ("es", 38),
                ("fs", 40),
                ("gs", 42),
                ("eflags", 44),
                ("eip", 48),
                ("cr0", 52),
                ("cr1", 56),
                ("cr2", 60),
                ("cr3", 64),
                ("cr4", 68),
                ("gdtr", 72),
                ("idtr", 80),
                ("ldtr", 88),
                ("tr", 90)
            ]
        );
        let x64 = [
            ("rax", 0),
            ("rbx", 8),
            ("rcx", 16),
            ("rdx", 24),
            ("rsi", 32),
            ("rdi", 40),
            ("rbp", 48),
            ("rsp", 56),
            ("r8", 64),
            ("r9", 72),
            ("r10", 80),
            ("r11", 88),
            ("r12", 96),
            ("r13", 104),
            ("r14", 112),
            ("r15", 120),
            ("cs", 128),
            ("ds", 130),
            ("ss", 132),
            ("es", 134),
            ("fs", 136),
            ("gs", 138),
            ("rflags", 144),
            ("rip", 152),
            ("cr0", 160),
            ("cr1", 168),
            ("cr2", 176),
            ("cr3", 184),
            ("cr4", 192),
        ];
        let (with_cr8, rest) = state(Ia32X64ContextType::X64_STATE, 244);
        assert_eq!(with_cr8[..29], x64);
        assert_eq!(with_cr8[29..], [("cr8", 200), ("gdtr", 208), ("idtr", 224), ("ldtr", 240), ("tr", 242)]);
        assert_eq!(rest, "");
        let (without, rest) = state(Ia32X64ContextType::X64_STATE, 236);
        assert_eq!(without[..29], x64);
        assert_eq!(without[29..], [("gdtr", 200), ("idtr", 216), ("ldtr", 232), ("tr", 234)]);
        assert_eq!(rest, "");
        let debug = |step: u8| {
            ["dr0", "dr1", "dr2", "dr3", "dr4", "dr5", "dr6", "dr7"]
                .into_iter()
                .zip((0..8).map(move |number| number * step))
                .collect::<Vec<_>>()
        };
        assert_eq!(state(Ia32X64ContextType::IA32_DEBUG, 32), (debug(4), String::new()));
        assert_eq!(state(Ia32X64ContextType::X64_DEBUG, 64), (debug(8), String::new()));
        assert_eq!(state(Ia32X64ContextType::X64_DEBUG, 66).1, "trailing 2");
        assert_eq!(state(Ia32X64ContextType::FXSAVE, 512), (vec![], "register_array 512".into()));
        assert_eq!(state(Ia32X64ContextType::UNCLASSIFIED, 3), (vec![], "register_array 3".into()));
        assert_eq!(state(Ia32X64ContextType::MSR, 17), (vec![], "trailing 1".into()));
    }

    impl Ia32X64Context<'_> {
        /// Name and length of the bytes that the description shows undecoded.
        fn undecoded(&self) -> String {
            struct Rest(String);
            impl Visitor for Rest {
                fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
                    if let Value::Bytes(bytes) = value {
                        self.0 = format!("{name} {}", bytes.len());
                    }
                    Ok(())
                }
            }
            let mut rest = Rest(String::new());
            self.describe(&mut rest).unwrap();
            rest.0
        }
    }

    #[test]
    fn a_scalable_mca_bank_is_read_from_its_registers() {
        let array: Vec<u8> = (1..=6u64).flat_map(|number| (number * 0x1111).to_le_bytes()).collect();
        let bank = SmcaBank {
            bank: 0x12,
            status: 0x1111,
            addr: 0x2222,
            misc: 0x3333,
            config: 0x4444,
            ipid: 0x5555,
            synd: 0x6666,
        };
        assert_eq!(Ia32X64Context::msrs(0xc000_2121, &array).smca_bank(), Some(bank));
        for number in [0x4000_2121, 0xc000_0121, 0xc000_2120, 0x401] {
            assert_eq!(Ia32X64Context::msrs(number, &array).smca_bank(), None, "{number:#x}");
        }
        assert_eq!(Ia32X64Context::msrs(0xc000_2121, &array[..47]).smca_bank(), None);
        let header =
            Ia32X64ContextHeader::new(Ia32X64ContextType::UNCLASSIFIED).with_msr_address(0xc000_2121);
        let other = Ia32X64Context::with_header(header, &array);
        assert_eq!(other.smca_bank(), None);
        let text = crate::fields::Fields(&Ia32X64Context::msrs(0xc000_2121, &array)).to_string();
        assert!(text.contains(
            "smca bank\n  bank                    18\n  status                  0x0000000000001111\n  \
             addr                    0x0000000000002222\n  misc                    0x0000000000003333\n  \
             config                  0x0000000000004444\n  ipid                    0x0000000000005555\n  \
             synd                    0x0000000000006666\naddressed registers\n"
        ));
    }

    fn parts_of_captured(padding: ContextPadding) -> Vec<u8> {
        let section = captured();
        let errors: Vec<_> = section.error_information().map(|error| *error.unwrap()).collect();
        let contexts: Vec<_> = section.contexts().map(Result::unwrap).collect();
        let header = Ia32X64Header::new().with_local_apic_id(5).with_cpuid_info(CpuidInfo::new(
            0x306f2,
            0x0010_0800,
            0x7ffe_fbff,
            0xbfeb_fbff,
        ));
        written(&Ia32X64Parts::new(header, &errors, &contexts).unwrap().with_padding(padding))
    }

    #[test]
    fn parts_of_the_captured_section_make_its_bytes() {
        // Every array is a multiple of 16 bytes, so padding makes no difference.
        assert_eq!(parts_of_captured(ContextPadding::To16), CAPTURED);
        assert_eq!(parts_of_captured(ContextPadding::None), CAPTURED);
    }

    #[test]
    fn values_survive_writing_with_and_without_padding() {
        let check = TlbCheck::new(0).with_operation(AccessOperation::PREFETCH);
        let errors = [
            Ia32X64ErrorInformation::from(Ia32X64Check::Tlb(check))
                .with_target_id(1)
                .with_requestor_id(2)
                .with_responder_id(3)
                .with_instruction_pointer(4),
            Ia32X64ErrorInformation::from(Ia32X64Check::Cache(CacheCheck::new(5))),
            Ia32X64ErrorInformation::from(Ia32X64Check::Bus(BusCheck::new(6))),
            Ia32X64ErrorInformation::from(Ia32X64Check::MicroArchitectural(MicroArchitecturalCheck::new(7))),
            Ia32X64ErrorInformation::new(Ia32X64ErrorType::new(crate::Guid::from_bytes([9; 16])))
                .with_check_info(8),
        ];
        let arrays = [counting(92), counting(244), counting(16), counting(0)];
        let contexts = [
            Ia32X64Context::new(Ia32X64ContextType::IA32_STATE, &arrays[0]),
            Ia32X64Context::new(Ia32X64ContextType::X64_STATE, &arrays[1]),
            Ia32X64Context::memory_mapped(0x1122_3344_5566_7788, &arrays[2]),
            Ia32X64Context::msrs(0xc000_0080, &arrays[3]),
        ];
        for (padding, length) in [(ContextPadding::To16, 112 + 272 + 32 + 16), (ContextPadding::None, 416)] {
            let parts = Ia32X64Parts::new(Ia32X64Header::default(), &errors, &contexts).unwrap();
            let bytes = written(&parts.with_padding(padding));
            assert_eq!(bytes.len(), 64 + 5 * 64 + length);
            let section = Ia32X64Processor::decode(&bytes).unwrap();
            assert_eq!((section.local_apic_id(), section.cpuid_info()), (None, None));
            assert_eq!(section.contexts().padding(), padding);
            let read: Vec<_> = section.error_information().map(|error| *error.unwrap()).collect();
            assert_eq!(read, errors);
            assert_eq!(read[4].check(), None);
            assert_eq!(read[1].target_id(), None);
            let read: Vec<_> = section.contexts().map(Result::unwrap).collect();
            assert_eq!(read.len(), 4);
            for (read, context) in read.iter().zip(&contexts) {
                assert_eq!(read.array, context.array);
                assert_eq!(read.structure(), &context.written_header());
                assert_eq!(usize::from(read.structure().register_array_size()), context.array.len());
            }
        }
    }

    #[test]
    fn too_many_parts_are_refused() {
        let header = Ia32X64Header::new();
        let errors = vec![Ia32X64ErrorInformation::new(Ia32X64ErrorType::CACHE); 64];
        let contexts = vec![Ia32X64Context::msrs(0, &[]); 64];
        let long = vec![0; 65_536];
        let full = Ia32X64Parts::new(header, &errors[1..], &contexts[1..]).unwrap();
        let bytes = written(&full);
        let section = Ia32X64Processor::decode(&bytes).unwrap();
        assert_eq!((section.error_count(), section.context_count()), (63, 63));
        assert_eq!(section.contexts().flatten().count(), 63);
        assert!(Ia32X64Parts::new(header, &errors, &[]).is_err());
        assert!(Ia32X64Parts::new(header, &[], &contexts).is_err());
        assert!(Ia32X64Parts::new(header, &[], &[Ia32X64Context::msrs(0, &long[1..])]).is_ok());
        assert_eq!(
            Ia32X64Parts::new(header, &[], &[Ia32X64Context::msrs(0, &long)]).unwrap_err().to_string(),
            "offset 0: register array size does not fit its field"
        );
    }

    #[test]
    fn counts_leave_the_other_bits_alone() {
        let header = Ia32X64Header::new().with_validation(Ia32X64Validation::from_bits_retain(u64::MAX));
        assert_eq!((header.error_count(), header.context_count()), (63, 63));
        let header = header.with_counts(5, 9);
        assert_eq!(header.validation().bits(), !0x3ffc | 5 << 2 | 9 << 8);
        assert_eq!((header.error_count(), header.context_count()), (5, 9));
    }

    #[test]
    fn a_section_cut_short_keeps_what_is_there() {
        let ends = [64, 128, 192, 256, 320, 368, 624, 656];
        for length in 0..CAPTURED.len() {
            let Ok(section) = Ia32X64Processor::decode(&CAPTURED[..length]) else {
                assert!(length < 64);
                continue;
            };
            let errors = section.error_information().collect::<Vec<_>>();
            let contexts = section.contexts().collect::<Vec<_>>();
            let whole = ends.iter().filter(|end| **end <= length).count() - 1;
            let good = errors.iter().filter(|error| error.is_ok()).count()
                + contexts.iter().filter(|context| context.is_ok()).count();
            assert_eq!(good, whole, "at {length}");
            // A missing structure is reported once, in its place.
            assert_eq!(errors.len(), (whole + 1).min(4), "at {length}");
            assert_eq!(contexts.len(), whole.saturating_sub(4) + 1, "at {length}");
            assert!(contexts.last().unwrap().is_err());
            let text = section.to_string();
            assert!(text.contains("error "), "at {length}");
            let unread = &CAPTURED[ends[whole]..length];
            assert_eq!(section.trailing(), unread, "at {length}");
            let said = std::format!("\ntrailing {} bytes\n", unread.len());
            assert_eq!(text.contains(&said), !unread.is_empty(), "at {length}");
        }
        let section = Ia32X64Processor::decode(&CAPTURED[..200]).unwrap();
        let errors: Vec<_> = section.error_information().filter_map(Result::err).collect();
        assert_eq!(errors[0].to_string(), "offset 0: error information count is 4, at most 2 fit");
        assert_eq!(
            section.contexts().next().unwrap().unwrap_err().to_string(),
            "offset 320: processor context information needs 16 bytes, 0 available"
        );
        assert_eq!(
            Ia32X64Processor::decode(&CAPTURED[..63]).unwrap_err().to_string(),
            "offset 0: IA32/X64 processor error needs 64 bytes, 63 available"
        );
    }

    #[test]
    fn padding_that_is_not_zeros_is_shown() {
        for kind in [Ia32X64ContextType::MSR, Ia32X64ContextType::X64_DEBUG, Ia32X64ContextType::new(0)] {
            let context = Ia32X64Context::new(kind, &[1; 24]);
            let contexts = [context; 2];
            let mut bytes = written(&Ia32X64Parts::new(Ia32X64Header::new(), &[], &contexts).unwrap());
            let text = Ia32X64Processor::decode(&bytes).unwrap().to_string();
            assert!(!text.contains("padding"));
            bytes[64 + 16 + 24 + 7] = 0xb7;
            let text = Ia32X64Processor::decode(&bytes).unwrap().to_string();
            assert!(text.contains("    padding 8 bytes\n      0000  00 00 00 00 00 00 00 b7 "), "{text}");
        }
    }

    #[test]
    fn what_lies_behind_the_contexts_is_shown() {
        let mut bytes = CAPTURED.to_vec();
        bytes.extend(b"more");
        let section = Ia32X64Processor::decode(&bytes).unwrap();
        assert_eq!(section.trailing(), b"more");
        assert!(
            section.to_string().ends_with(
                "trailing 4 bytes\n  0000  6d 6f 72 65                                      more\n"
            )
        );
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let header = Ia32X64Header::new().with_validation(Ia32X64Validation::from_bits_retain(3));
        assert_map(
            &bit_map(header.as_bytes(), 0..0, |bytes, told| told(&Ia32X64Processor::new(bytes).unwrap())),
            "0.0 local_apic_id ~*1
             0.1 cpuid_info.eax ~*1
             0.2 proc_err_info_num *6
             1.0 proc_context_info_num *6
             1.6 hidden ~*50
             8.0 local_apic_id *64
             16.0 cpuid_info.eax *64
             24.0 cpuid_info.ebx *64
             32.0 cpuid_info.ecx *64
             40.0 cpuid_info.edx *64
             48.0 hidden ~*128",
        );
        let error = Ia32X64ErrorInformation::new(Ia32X64ErrorType::CACHE)
            .with_validation(Ia32X64ErrorValidation::from_bits_retain(0x1f));
        assert_map(
            &bit_map(error.as_bytes(), 16..24, |bytes, told| {
                told(Ia32X64ErrorInformation::ref_from_bytes(bytes).unwrap());
            }),
            "0.0 error_structure_type ~*128
             24.0 check_info *64
             32.0 target_id *64
             40.0 requestor_id *64
             48.0 responder_id *64
             56.0 instruction_pointer *64",
        );
        let context = [&[5, 0, 32, 0][..], &[0; 12 + 32]].concat();
        assert_map(
            &bit_map(&context, 0..0, |bytes, told| {
                let (header, array) = bytes.split_at(16);
                told(&Ia32X64Context::read(ContextBytes { header, array, padding: &[] }));
            }),
            "0.0 register_context_type *16
             2.0 register_array_size *16
             4.0 msr_address *32
             8.0 mm_register_address *64
             16.0 registers.dr0 *32
             20.0 registers.dr1 *32
             24.0 registers.dr2 *32
             28.0 registers.dr3 *32
             32.0 registers.dr4 *32
             36.0 registers.dr5 *32
             40.0 registers.dr6 *32
             44.0 registers.dr7 *32",
        );
    }

    /// The parts of a section are in its description, and the bytes after each of them.
    #[test]
    fn every_part_of_the_section_is_described() {
        let map = |bytes: &[u8], from| {
            bit_map(bytes, 0..from, |bytes, told| told(&Ia32X64Processor::new(bytes).unwrap()))
        };
        let error = [Ia32X64ErrorInformation::with_check(Ia32X64Check::Cache(CacheCheck::new(0)))];
        let context = [Ia32X64Context::msrs(5, &[0; 16])];
        let mut bytes = written(&Ia32X64Parts::new(Ia32X64Header::new(), &error, &context).unwrap());
        assert_map(&map(&bytes, 144), "144.0 contexts ~*128");
        assert_map(&map(&bytes[..100], 64), "64.0 trailing ~*288");
        bytes.push(0);
        assert_map(&map(&bytes, 160), "160.0 trailing ~*8");
        bytes.truncate(88 + 8);
        bytes.extend([0; 32]);
        assert_map(&map(&bytes, 96), "96.0 hidden ~*256");
    }

    #[test]
    fn a_summary_says_what_broke_and_where() {
        let summary = |bytes: &[u8]| {
            crate::section::Body::decode(Ia32X64Processor::TYPE, bytes).unwrap().summary().to_string()
        };
        assert_eq!(
            summary(CAPTURED),
            "APIC 5: cache error, data access, instruction fetch, level 2, uncorrected; \
             TLB error, data access, data read, level 1, context corrupt, uncorrected, further errors lost; \
             bus error, generic, generic read, local processor responded to request, I/O, level 3, context corrupt, \
             uncorrected, timed out, further errors lost; \
             micro-architectural error, unclassified, context corrupt, uncorrected, further errors lost; \
             3 register contexts"
        );
        assert!(summary(&CAPTURED[..200]).ends_with("; error information cut short"));
        assert!(summary(&CAPTURED[..650]).ends_with("; 2 register contexts; register context cut short"));
        assert_eq!(summary(&[0; 64]), "error without error information");
    }

    /// A section can be laid out when the program is compiled.
    #[test]
    fn parts_are_made_in_constants() {
        const ERRORS: &[Ia32X64ErrorInformation] =
            &[Ia32X64ErrorInformation::with_check(Ia32X64Check::Tlb(TlbCheck::new(0).with_level(1)))];
        const CONTEXTS: &[Ia32X64Context<'_>] = &[Ia32X64Context::with_header(
            Ia32X64ContextHeader::new(Ia32X64ContextType::FXSAVE).with_msr_address(3),
            &[1; 16],
        )];
        const PARTS: Result<Ia32X64Parts<'_>, Error> =
            Ia32X64Parts::new(Ia32X64Header::new().with_local_apic_id(9), ERRORS, CONTEXTS);
        let bytes = written(&PARTS.unwrap());
        assert_eq!(bytes.len(), 64 + 64 + 32);
        let section = Ia32X64Processor::new(&bytes).unwrap();
        assert_eq!(section.contexts().next().unwrap().unwrap().structure().msr_address(), 3);
        assert_eq!((section.local_apic_id(), section.error_count()), (Some(9), 1));
    }

    #[test]
    fn the_whole_section_in_text() {
        let text = captured().to_string();
        for line in [
            "local apic id           0x0000000000000005\ncpuid info\n  eax                     0x00000000000306f2\n",
            "error information\n  [0] \n    error structure type    cache error (a55701f5-e3ef-43de-ac72-249b573fad2c)\n",
            "    check\n      transaction type        data access (1)\n",
            "    check info              0x00000000149500ff\n    target id               0x0000000000abc000\n",
            "contexts\n  [0] \n    register context type   model-specific registers (1)\n    register array size     32\n    msr address             0x00000401\n",
            "      [3] \n        address                 0x0000000000000404\n        value                   0x0000000000000004\n",
            "    mm register address     0x00000000fed00000\n",
        ] {
            assert!(text.contains(line), "{line}\nin\n{text}");
        }
    }

    #[test]
    fn ipf_sections_are_their_bytes_under_both_guids() {
        for guid in ["e429faf1-3cb7-11d4-bca7-0080c73c8881", "e429faf1-3cb7-11d4-0bca-070080c73c88"] {
            let body = crate::section::Body::decode(guid.parse().unwrap(), b"SAL").unwrap();
            assert!(matches!(body, crate::section::Body::IpfProcessor(b"SAL")), "{guid}");
            assert_eq!(
                body.to_string(),
                "bytes 3 bytes\n  0000  53 41 4c                                         SAL\n"
            );
        }
    }
}
