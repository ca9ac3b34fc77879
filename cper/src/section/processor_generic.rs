//! Generic processor error (UEFI 2.11 Appendix N, "Generic Processor Error"; 192 bytes in every revision).

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{FixedSection, SectionType};
use crate::fields::{Describe, Value, Visitor, show_fields, valid_fields};
use crate::kind::{Decode, FixedView};
use crate::open_value::open_value;
use crate::{Error, Guid, SectionTypeId};

/// An error of a processor, in the same form for every architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ProcessorGeneric {
    /// [`ProcessorValidation`].
    pub validation_bits: U64,
    /// Architecture.
    pub processor_type: ProcessorType,
    /// Instruction set that was executed.
    pub processor_isa: ProcessorIsa,
    /// [`ProcessorErrorTypes`]; 0 is "unknown".
    pub processor_error_type: u8,
    /// What was being done.
    pub operation: ProcessorOperation,
    /// [`ProcessorFlags`].
    pub flags: u8,
    /// Level of the structure that failed; 0 is the lowest.
    pub level: u8,
    /// 0.
    pub reserved: U16,
    /// x86: CPUID leaf 1, EAX. IA64: CPUID register 3. Arm: `MIDR_EL1`.
    pub cpu_version_info: U64,
    /// Name of the processor.
    pub cpu_brand_string: BrandString,
    /// x86: local APIC id. IA64: LID. Arm: `MPIDR_EL1`.
    pub processor_id: U64,
    /// Address the operation was for.
    pub target_address: U64,
    /// Who asked.
    pub requestor_id: U64,
    /// Who answered.
    pub responder_id: U64,
    /// Instruction pointer.
    pub instruction_ip: U64,
}

const _: () = {
    assert!(size_of::<ProcessorGeneric>() == 192 && align_of::<ProcessorGeneric>() == 1);
    assert!(core::mem::offset_of!(ProcessorGeneric, level) == 13);
    assert!(core::mem::offset_of!(ProcessorGeneric, cpu_version_info) == 16);
    assert!(core::mem::offset_of!(ProcessorGeneric, processor_id) == 152);
    assert!(core::mem::offset_of!(ProcessorGeneric, instruction_ip) == 184);
};

bitflags! {
    /// Which fields of a [`ProcessorGeneric`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ProcessorValidation: u64 {
        /// [`ProcessorGeneric::processor_type`].
        const PROCESSOR_TYPE = 1 << 0;
        /// [`ProcessorGeneric::processor_isa`].
        const PROCESSOR_ISA = 1 << 1;
        /// [`ProcessorGeneric::processor_error_type`].
        const PROCESSOR_ERROR_TYPE = 1 << 2;
        /// [`ProcessorGeneric::operation`].
        const OPERATION = 1 << 3;
        /// [`ProcessorGeneric::flags`].
        const FLAGS = 1 << 4;
        /// [`ProcessorGeneric::level`].
        const LEVEL = 1 << 5;
        /// [`ProcessorGeneric::cpu_version_info`].
        const CPU_VERSION_INFO = 1 << 6;
        /// [`ProcessorGeneric::cpu_brand_string`].
        const CPU_BRAND_STRING = 1 << 7;
        /// [`ProcessorGeneric::processor_id`].
        const PROCESSOR_ID = 1 << 8;
        /// [`ProcessorGeneric::target_address`].
        const TARGET_ADDRESS = 1 << 9;
        /// [`ProcessorGeneric::requestor_id`].
        const REQUESTOR_ID = 1 << 10;
        /// [`ProcessorGeneric::responder_id`].
        const RESPONDER_ID = 1 << 11;
        /// [`ProcessorGeneric::instruction_ip`].
        const INSTRUCTION_IP = 1 << 12;
        const _ = !0;
    }

    /// What failed; none is "unknown". The specification lists the values one by one, Linux reads them as a set.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ProcessorErrorTypes: u8 {
        /// A cache.
        const CACHE = 1 << 0;
        /// A TLB.
        const TLB = 1 << 1;
        /// A bus.
        const BUS = 1 << 2;
        /// Another part of the processor.
        const MICRO_ARCHITECTURAL = 1 << 3;
        const _ = !0;
    }

    /// How the program was hit.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ProcessorFlags: u8 {
        /// The program can go on.
        const RESTARTABLE = 1 << 0;
        /// The instruction pointer is that of the instruction that caused the error.
        const PRECISE_IP = 1 << 1;
        /// Further errors were lost.
        const OVERFLOW = 1 << 2;
        /// The error was corrected.
        const CORRECTED = 1 << 3;
        const _ = !0;
    }
}

open_value! {
    /// Architecture of a processor.
    ProcessorType: u8 {
        IA32_X64 = 0 => "IA32/X64",
        IA64 = 1 => "IA64",
        ARM = 2 => "Arm",
    }
}

open_value! {
    /// Instruction set that a processor executed.
    ProcessorIsa: u8 {
        IA32 = 0 => "IA32",
        IA64 = 1 => "IA64",
        X64 = 2 => "X64",
        ARM_A32_T32 = 3 => "Arm A32/T32",
        ARM_A64 = 4 => "Arm A64",
    }
}

open_value! {
    /// What a processor was doing.
    ProcessorOperation: u8 {
        GENERIC = 0 => "unknown or generic",
        DATA_READ = 1 => "data read",
        DATA_WRITE = 2 => "data write",
        INSTRUCTION_EXECUTION = 3 => "instruction execution",
    }
}

/// The 128-byte ASCII name of a processor, ended by NUL.
#[derive(Clone, Copy, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub struct BrandString(pub [u8; 128]);

impl BrandString {
    /// No name.
    pub const EMPTY: Self = Self([0; 128]);

    /// The field for a name, filled with NUL; `None` when the name is over 127 bytes, which leaves no room for one.
    pub fn new(name: &[u8]) -> Option<Self> {
        let mut field = Self::EMPTY;
        let (text, _) = field.0.split_last_mut()?.1.split_at_mut_checked(name.len())?;
        name.write_to(text).ok()?;
        Some(field)
    }

    /// The name: the bytes before the first NUL, all 128 when there is none.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

impl Default for BrandString {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl fmt::Display for BrandString {
    /// Printable ASCII as it is, everything else escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_bytes().escape_ascii())
    }
}

impl fmt::Debug for BrandString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrandString(\"{}\")", self.0.escape_ascii())
    }
}

valid_fields! {
    ProcessorGeneric, validation_bits: u64 as ProcessorValidation;
    /// Architecture.
    processor_type / with_processor_type: ProcessorType as named, PROCESSOR_TYPE;
    /// Instruction set that was executed.
    processor_isa / with_processor_isa: ProcessorIsa as named, PROCESSOR_ISA;
    /// What failed; none is "unknown".
    processor_error_type / with_processor_error_type: ProcessorErrorTypes as flags, PROCESSOR_ERROR_TYPE;
    /// What was being done.
    operation / with_operation: ProcessorOperation as named, OPERATION;
    /// How the program was hit.
    flags / with_flags: ProcessorFlags as flags, FLAGS;
    /// Level of the structure that failed; 0 is the lowest.
    level / with_level: u8 as number, LEVEL;
    /// Version of the processor. x86: CPUID leaf 1, EAX. IA64: CPUID register 3. Arm: `MIDR_EL1`.
    cpu_version_info / with_cpu_version_info: u64 as hex, CPU_VERSION_INFO;
    /// Which processor. x86: local APIC id. IA64: LID. Arm: `MPIDR_EL1`.
    processor_id / with_processor_id: u64 as hex, PROCESSOR_ID;
    /// Address the operation was for, in bytes.
    target_address / with_target_address: u64 as hex, TARGET_ADDRESS;
    /// Who asked.
    requestor_id / with_requestor_id: u64 as hex, REQUESTOR_ID;
    /// Who answered.
    responder_id / with_responder_id: u64 as hex, RESPONDER_ID;
    /// Instruction pointer.
    instruction_ip / with_instruction_ip: u64 as hex, INSTRUCTION_IP;
}

impl ProcessorGeneric {
    /// A section with no field valid.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 192])
    }

    /// Name of the processor; `None` when its validity bit is clear.
    pub const fn cpu_brand_string(&self) -> Option<&BrandString> {
        if self.validation().contains(ProcessorValidation::CPU_BRAND_STRING) {
            Some(&self.cpu_brand_string)
        } else {
            None
        }
    }

    /// Name of the processor. Sets the value and its validity bit.
    #[must_use]
    pub const fn with_cpu_brand_string(mut self, name: BrandString) -> Self {
        let validation = self.validation().union(ProcessorValidation::CPU_BRAND_STRING);
        self.validation_bits = U64::new(validation.bits());
        self.cpu_brand_string = name;
        self
    }
}

impl Default for ProcessorGeneric {
    fn default() -> Self {
        Self::new()
    }
}

impl SectionType for ProcessorGeneric {
    const TYPE: Guid = SectionTypeId::PROCESSOR_GENERIC.0;
    const NAME: &'static str = "generic processor error";
}

impl FixedSection for ProcessorGeneric {}

impl Decode for ProcessorGeneric {
    type View<'a> = FixedView<'a, Self>;

    fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, Error> {
        FixedView::new(body)
    }
}

impl Describe for ProcessorGeneric {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_valid(out)?;
        match self.cpu_brand_string() {
            Some(name) => out.field("cpu_brand_string", Value::text(&name.0)),
            None => Ok(()),
        }
    }
}

show_fields!(ProcessorGeneric);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::Decode;
    use crate::section::checks::{every_flip_shows, written};
    use std::string::ToString;
    use std::{format, vec::Vec};

    /// What Linux's `cper.c` prints for it is in `examples/data/gesb/generic-proc.txt`.
    const CAPTURED: &[u8] = include_bytes!("../../../examples/data/sections/generic-proc.proc_generic.sec");

    fn values() -> ProcessorGeneric {
        ProcessorGeneric::new()
            .with_processor_type(ProcessorType::ARM)
            .with_processor_isa(ProcessorIsa::ARM_A64)
            .with_processor_error_type(ProcessorErrorTypes::TLB)
            .with_operation(ProcessorOperation::INSTRUCTION_EXECUTION)
            .with_flags(ProcessorFlags::OVERFLOW)
            .with_level(5)
            .with_cpu_version_info(0x1112_1314_1516_1718)
            .with_cpu_brand_string(BrandString::new(b"Brand").unwrap())
            .with_processor_id(0x2122_2324_2526_2728)
            .with_target_address(0x3132_3334_3536_3738)
            .with_requestor_id(0x4142_4344_4546_4748)
            .with_responder_id(0x5152_5354_5556_5758)
            .with_instruction_ip(0x6162_6364_6566_6768)
    }

    #[test]
    fn captured_bytes_give_the_values_that_linux_prints() {
        let section = ProcessorGeneric::decode(CAPTURED).unwrap();
        assert_eq!(section.validation().bits(), 0x1fff);
        assert_eq!(section.processor_type(), Some(ProcessorType::IA32_X64));
        assert_eq!(section.processor_isa(), Some(ProcessorIsa::X64));
        assert_eq!(section.processor_error_type(), Some(ProcessorErrorTypes::CACHE));
        assert_eq!(section.operation(), Some(ProcessorOperation::DATA_WRITE));
        assert_eq!(section.flags(), Some(ProcessorFlags::from_bits_retain(0xf)));
        assert_eq!(section.level(), Some(3));
        assert_eq!(section.cpu_version_info(), Some(0x50654));
        assert_eq!(section.cpu_brand_string().unwrap().to_string(), "Lab Brand CPU @ 2.50GHz");
        assert_eq!(section.processor_id(), Some(3));
        assert_eq!(section.target_address(), Some(0xaaaa_0000));
        assert_eq!(section.requestor_id(), Some(0xbbbb));
        assert_eq!(section.responder_id(), Some(0xcccc));
        assert_eq!(section.instruction_ip(), Some(0xffff_ffff_8123_4567));
        assert_eq!(
            section.to_string(),
            "processor type          IA32/X64 (0)\n\
             processor isa           X64 (2)\n\
             processor error type    0x1  cache\n\
             operation               data write (2)\n\
             flags                   0xf  restartable, precise ip, overflow, corrected\n\
             level                   3\n\
             cpu version info        0x0000000000050654\n\
             processor id            0x0000000000000003\n\
             target address          0x00000000aaaa0000\n\
             requestor id            0x000000000000bbbb\n\
             responder id            0x000000000000cccc\n\
             instruction ip          0xffffffff81234567\n\
             cpu brand string        Lab Brand CPU @ 2.50GHz\n"
        );
    }

    #[test]
    fn every_writer_sets_its_bytes_and_its_bit() {
        let bytes = written(&values());
        let mut expected = Vec::from(0x1fffu64.to_le_bytes());
        expected.extend([2, 4, 2, 3, 4, 5, 0, 0]);
        expected.extend(0x1112_1314_1516_1718u64.to_le_bytes());
        expected.extend(b"Brand");
        expected.extend([0; 123]);
        for word in [0x2122_2324_2526_2728u64, 0x3132_3334_3536_3738, 0x4142_4344_4546_4748] {
            expected.extend(word.to_le_bytes());
        }
        expected.extend(0x5152_5354_5556_5758u64.to_le_bytes());
        expected.extend(0x6162_6364_6566_6768u64.to_le_bytes());
        assert_eq!(bytes, expected);
        assert_eq!(*ProcessorGeneric::decode(&bytes).unwrap(), values());
    }

    #[test]
    fn each_validity_bit_guards_its_own_field() {
        let names = [
            "processor type",
            "processor isa",
            "processor error type",
            "operation",
            "flags",
            "level",
            "cpu version info",
            "cpu brand string",
            "processor id",
            "target address",
            "requestor id",
            "responder id",
            "instruction ip",
        ];
        for (bit, name) in names.iter().enumerate() {
            let mut section = values();
            section.validation_bits = U64::new(1 << bit);
            let text = section.to_string();
            assert_eq!((text.lines().count(), text.starts_with(name)), (1, true), "{bit}: {text}");
        }
        assert_eq!(ProcessorGeneric::default().to_string(), "");
    }

    #[test]
    fn too_few_bytes_are_an_error_and_more_are_none() {
        for length in 0..192 {
            assert_eq!(
                ProcessorGeneric::decode(&CAPTURED[..length]).unwrap_err(),
                Error::too_short("generic processor error", 192, length)
            );
        }
        assert!(ProcessorGeneric::decode(&[0; 193]).is_ok());
    }

    #[test]
    fn a_flip_of_any_bit_shows() {
        every_flip_shows(SectionTypeId::PROCESSOR_GENERIC, CAPTURED);
    }

    #[test]
    fn names_of_every_value_and_flag() {
        let types = (0..4).map(|raw| ProcessorType::new(raw).to_string()).collect::<Vec<_>>();
        assert_eq!(types, ["IA32/X64", "IA64", "Arm", "reserved (3)"]);
        let isas = (0..6).map(|raw| ProcessorIsa::new(raw).to_string()).collect::<Vec<_>>();
        assert_eq!(isas, ["IA32", "IA64", "X64", "Arm A32/T32", "Arm A64", "reserved (5)"]);
        let operations = (0..5).map(|raw| ProcessorOperation::new(raw).to_string()).collect::<Vec<_>>();
        assert_eq!(
            operations,
            ["unknown or generic", "data read", "data write", "instruction execution", "reserved (4)"]
        );
        let section = ProcessorGeneric::new()
            .with_processor_error_type(ProcessorErrorTypes::from_bits_retain(0x9f))
            .with_flags(ProcessorFlags::from_bits_retain(0x50));
        assert_eq!(
            section.to_string(),
            "processor error type    0x9f  cache, tlb, bus, micro architectural, reserved 0x10, reserved 0x80\n\
             flags                   0x50  reserved 0x10, reserved 0x40\n"
        );
    }

    #[test]
    fn brand_strings_of_every_length() {
        let long = [b'x'; 128];
        for length in 0..128 {
            assert_eq!(BrandString::new(&long[..length]).unwrap().as_bytes(), &long[..length]);
        }
        assert_eq!(BrandString::new(&long), None);
        assert_eq!(BrandString(long).as_bytes(), long);
        assert_eq!(BrandString::new(b"a\xffb").unwrap().to_string(), "a\\xffb");
        assert!(format!("{:?}", BrandString::default()).starts_with("BrandString(\"\\x00"));
    }
}
