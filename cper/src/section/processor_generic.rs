//! Generic processor error (UEFI 2.11 Appendix N, "Generic Processor Error"; 192 bytes in every revision).

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::clamp;
use crate::fields::{Describe, Value, Visitor, describe_rest, flag_name, text_tells, up_to_nul, write_names};
use crate::open_value::open_value;
use crate::structure::structure;
use crate::{Error, ErrorKind};

structure! {
    /// An error of a processor, in the same form for every architecture.
    ProcessorGeneric: 192 bytes, new;
    view ProcessorGenericView from 192 as PROCESSOR_GENERIC "generic processor error";
    valid ProcessorValidation: u64 in validation_bits {
        /// [`ProcessorGeneric::cpu_brand_string`] holds a value.
        CPU_BRAND_STRING = 7;
    };
    0 validation_bits: u64;
    /// Architecture of the processor.
    8 processor_type: (u8 ProcessorType) as named, processor_type_raw set_processor_type with_processor_type,
        PROCESSOR_TYPE = 0;
    /// Instruction set that was executed.
    9 processor_isa: (u8 ProcessorIsa) as named, processor_isa_raw set_processor_isa with_processor_isa, PROCESSOR_ISA = 1;
    /// What failed; no bit set means "unknown".
    10 processor_error_type: (u8 ProcessorErrorTypes) as flags,
        processor_error_type_raw set_processor_error_type with_processor_error_type, PROCESSOR_ERROR_TYPE = 2;
    /// Operation that failed.
    11 operation: (u8 ProcessorOperation) as named, operation_raw set_operation with_operation, OPERATION = 3;
    /// Flags of the error: what it means for the program that was running.
    12 flags: (u8 ProcessorFlags) as flags, flags_raw set_flags with_flags, FLAGS = 4;
    /// Level of the structure that failed; 0 is the lowest level.
    13 level: u8 as number, level_raw set_level with_level, LEVEL = 5;
    14 reserved: u16;
    /// Version of the processor. x86: CPUID leaf 1, EAX. IA64: CPUID register 3. Arm: `MIDR_EL1`.
    16 cpu_version_info: u64 as hex, cpu_version_info_raw set_cpu_version_info with_cpu_version_info,
        CPU_VERSION_INFO = 6;
    24 cpu_brand_string: BrandString;
    /// Identifier of the processor. x86: local APIC id. IA64: LID. Arm: `MPIDR_EL1`.
    152 processor_id: u64 as hex, processor_id_raw set_processor_id with_processor_id, PROCESSOR_ID = 8;
    /// Address that the operation was for, in bytes.
    160 target_address: u64 as hex, target_address_raw set_target_address with_target_address, TARGET_ADDRESS = 9;
    /// Identifier of the requestor of the operation.
    168 requestor_id: u64 as hex, requestor_id_raw set_requestor_id with_requestor_id, REQUESTOR_ID = 10;
    /// Identifier of the responder to the operation.
    176 responder_id: u64 as hex, responder_id_raw set_responder_id with_responder_id, RESPONDER_ID = 11;
    /// Instruction pointer at the time of the error.
    184 instruction_ip: u64 as hex, instruction_ip_raw set_instruction_ip with_instruction_ip, INSTRUCTION_IP = 12;
}

crate::open_value::flag_set! {
    /// What failed; no bit set means "unknown". The specification lists the values one by one, Linux reads them as a
    /// set.
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

    /// Flags of a processor error: what it means for the program that was running.
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
    /// Operation of a processor that failed.
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
pub struct BrandString([u8; 128]);

crate::grammar::byte_array!(BrandString: 128);

impl BrandString {
    /// No name.
    pub const EMPTY: Self = Self([0; 128]);

    /// The field for a name of at most 127 bytes, filled with NUL, so that at least one NUL ends it.
    ///
    /// # Errors
    /// [`ErrorKind::BrandString`] when the name is longer.
    pub fn new(name: &[u8]) -> Result<Self, Error> {
        let mut field = Self::EMPTY;
        let text = field.0.get_mut(..name.len().min(127)).unwrap_or_default();
        name.write_to(text)
            .map_err(|_| Error::new(ErrorKind::BrandString { length: clamp(name.len()) }, 0))?;
        Ok(field)
    }

    /// The name: the bytes before the first NUL, all 128 when there is none.
    pub fn text(&self) -> &[u8] {
        up_to_nul(&self.0)
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
        write!(f, "{}", self.text().escape_ascii())
    }
}

impl fmt::Debug for BrandString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrandString(\"{}\")", self.0.escape_ascii())
    }
}

impl<'a> ProcessorGenericView<'a> {
    /// Name of the processor; `None` when its validity bit is clear.
    #[inline]
    pub fn cpu_brand_string(&self) -> Option<&'a BrandString> {
        if self.validation().contains(ProcessorValidation::CPU_BRAND_STRING) {
            self.cpu_brand_string_raw()
        } else {
            None
        }
    }

    /// Name of the processor, whatever its validity bit says.
    #[inline]
    pub fn cpu_brand_string_raw(&self) -> Option<&'a BrandString> {
        ProcessorGeneric::AT.cpu_brand_string.read(self.bytes).map(|stored| zerocopy::transmute_ref!(stored))
    }

    /// What failed, at which level and in which operation, and the processor.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        let kinds = self.processor_error_type().unwrap_or(ProcessorErrorTypes::empty());
        let before = write_names(f, "", kinds.bits().into(), flag_name::<ProcessorErrorTypes>)?;
        f.write_str(if before.is_empty() { "unknown error" } else { " error" })?;
        if let Some(level) = self.level() {
            write!(f, ", level {level}")?;
        }
        if let Some(operation) = self.operation() {
            write!(f, ", {operation}")?;
        }
        match self.processor_id() {
            Some(id) => write!(f, ", processor {id:#x}"),
            None => Ok(()),
        }
    }
}

impl ProcessorGeneric {
    /// Name of the processor; `None` when its validity bit is clear.
    #[inline]
    pub const fn cpu_brand_string(&self) -> Option<&BrandString> {
        if self.validation().contains(ProcessorValidation::CPU_BRAND_STRING) {
            Some(self.cpu_brand_string_raw())
        } else {
            None
        }
    }

    /// Name of the processor, whatever its validity bit says.
    #[inline]
    pub const fn cpu_brand_string_raw(&self) -> &BrandString {
        zerocopy::transmute_ref!(Self::AT.cpu_brand_string.get(&self.0))
    }

    /// Sets the name of the processor and its validity bit.
    #[inline]
    pub const fn set_cpu_brand_string(&mut self, name: BrandString) {
        Self::AT.cpu_brand_string.put(&mut self.0, name.0);
        self.mark(ProcessorValidation::CPU_BRAND_STRING, ProcessorValidation::empty());
    }

    /// Sets the name of the processor and its validity bit.
    #[must_use]
    #[inline]
    pub const fn with_cpu_brand_string(mut self, name: BrandString) -> Self {
        self.set_cpu_brand_string(name);
        self
    }
}

impl Describe for ProcessorGenericView<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        if let Some(name) = self.cpu_brand_string() {
            let stored = ProcessorGeneric::AT.cpu_brand_string.of(self.bytes);
            out.stored("cpu_brand_string", stored, text_tells(stored));
            out.field("cpu_brand_string", Value::text(name.bytes()))?;
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Error;
    use crate::kind::Decode;
    use crate::section::Body;
    use crate::section::checks::{assert_map, bit_map, written};
    use std::string::ToString;
    use std::{format, vec::Vec};

    /// What Linux's `cper.c` prints for it is in `examples/data/gesb/generic-proc.txt`.
    const CAPTURED: &[u8] = include_bytes!("../../data/generic-proc.proc_generic.sec");

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
        assert_eq!(ProcessorGeneric::decode(&bytes).unwrap().structure(), Some(&values()));
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
            let section = values().with_validation(ProcessorValidation::from_bits_retain(1 << bit));
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
    fn every_bit_is_where_the_specification_has_it() {
        // Letters in the name: a bit of each is seen.
        let mut bytes = [0; 194];
        bytes[..8].copy_from_slice(&0x1fffu64.to_le_bytes());
        bytes[24..152].fill(b'a');
        let map = bit_map(&bytes, 0..8, |bytes, told| told(&ProcessorGeneric::decode(bytes).unwrap()));
        assert_map(
            &map,
            "
            8.0 processor_type *8
            9.0 processor_isa *8
            10.0 processor_error_type CACHE TLB BUS MICRO_ARCHITECTURAL -*4
            11.0 operation *8
            12.0 flags RESTARTABLE PRECISE_IP OVERFLOW CORRECTED -*4
            13.0 level *8
            14.0 hidden ~*16
            16.0 cpu_version_info *64
            24.0 cpu_brand_string ~*1024
            152.0 processor_id *64
            160.0 target_address *64
            168.0 requestor_id *64
            176.0 responder_id *64
            184.0 instruction_ip *64
            192.0 trailing ~*16
            ",
        );
    }

    #[test]
    fn a_summary_says_what_failed_and_which_processor() {
        let summary =
            |section: ProcessorGeneric| Body::ProcessorGeneric(section.view()).summary().to_string();
        assert_eq!(
            summary(values()),
            "tlb error, level 5, instruction execution, processor 0x2122232425262728"
        );
        assert_eq!(summary(ProcessorGeneric::new()), "unknown error");
        assert_eq!(
            summary(
                ProcessorGeneric::new()
                    .with_processor_error_type(ProcessorErrorTypes::from_bits_retain(0x8a))
            ),
            "tlb, micro architectural error"
        );
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
            assert_eq!(BrandString::new(&long[..length]).unwrap().text(), &long[..length]);
        }
        assert_eq!(BrandString::new(&long).unwrap_err().kind(), ErrorKind::BrandString { length: 128 });
        assert_eq!(BrandString::from_bytes(long).text(), long);
        assert_eq!(BrandString::new(b"a\xffb").unwrap().to_string(), "a\\xffb");
        assert!(format!("{:?}", BrandString::default()).starts_with("BrandString(\"\\x00"));
    }
}
