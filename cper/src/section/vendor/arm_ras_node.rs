//! Arm RAS node section (Arm DEN0085 revision 1, tables 20 to 26), as openbmc/libcper reads it: 80 bytes, an array
//! of error records of 72, and auxiliary data (register contexts, and pairs of key and value).
//!
//! The section states where both arrays begin, as offsets from its start. They are checked against the section's bytes.

use core::fmt;

use zerocopy::IntoBytes;
use zerocopy::little_endian::{U32, U64};

use super::Gaps;
use crate::entries::{Entries, SizedEntries, SizedForm};
use crate::fields::{Describe, OwnValue, Stored, Value, Visitor, describe_rest, shows, text_tells};
use crate::kind::{Encode, SectionType, write_all};
use crate::open_value::open_value;
use crate::structure::structure;
use crate::{Error, ErrorKind, Guid, SectionTypeId};

structure! {
    /// The fixed part of an Arm RAS node section. [`ArmRasNodeParts`] fills in count and offsets.
    ArmRasNodeHeader: 80 bytes, new;
    head of ArmRasNode from 80 as ARM_RAS_NODE "Arm RAS node";
    /// Revision of the section: 1.
    0 revision: u32 as number => set_revision with_revision;
    /// Type of the component.
    4 component_type: (u8 ArmRasComponentType) as named => set_component_type with_component_type;
    5 reserved: [u8; 3];
    /// Number of error records.
    8 descriptor_count: u32 raw descriptor_count_raw;
    /// Offset of the error records from the start of the section, in bytes.
    12 descriptor_offset: u16 raw descriptor_offset_raw;
    /// Offset of the auxiliary data from the start of the section, in bytes; 0 when there are none.
    14 auxiliary_offset: u16 raw auxiliary_offset_raw;
    /// Format of the unit's instance.
    16 ip_instance_format: (u8 ArmRasInstanceFormat) => set_ip_instance_format with_ip_instance_format;
    /// Format of the kind of unit.
    17 ip_type_format: (u8 ArmRasTypeFormat) => set_ip_type_format with_ip_type_format;
    18 reserved_2: [u8; 6];
    /// Instance of the unit, in its format.
    24 ip_instance: [u8; 16] raw ip_instance_raw;
    /// Kind of unit, in its format.
    40 ip_type: [u8; 24] raw ip_type_raw;
    /// Data of whoever made the section, such as text.
    64 user_data: [u8; 16] => set_user_data with_user_data;
}

open_value! {
    /// Kind of component that reports errors, as in Arm's AEST table.
    ArmRasComponentType: u8 {
        PROCESSOR = 0 => "processor",
        MEMORY = 1 => "memory",
        SMMU = 2 => "SMMU",
        VENDOR_DEFINED = 3 => "vendor-defined",
        GIC = 4 => "GIC",
        PCIE = 5 => "PCIe",
        PROXY = 6 => "proxy",
    }
}

open_value! {
    /// Format in which a section states the instance of a unit.
    ArmRasInstanceFormat: u8 {
        PE = 0 => "processing element",
        SYSTEM_PHYSICAL_ADDRESS = 1 => "system physical address",
        LOCAL_ADDRESS = 2 => "local address",
        SOC_SPECIFIC = 3 => "SoC-specific",
    }
}

open_value! {
    /// Format in which a section states the kind of a unit. Values in the formats GIC and PIDR are bytes here, because
    /// libcper's names and layouts of them contradict each other.
    ArmRasTypeFormat: u8 {
        PE = 0 => "processing element",
        SMMU = 1 => "SMMU IIDR",
        GIC = 2 => "GIC IIDR",
        PIDR = 3 => "PIDR",
        NONE = 255 => "none",
    }
}

open_value! {
    /// Primary error code (SERR) of ERR STATUS, with the numbers of Trusted Firmware-A
    /// (`lib/extensions/ras/ras_common.c`). Later codes of the architecture have no name here.
    ArmRasErrorCode: u8 {
        IMPLEMENTATION_DEFINED = 1 => "implementation defined error",
        INTERNAL_MEMORY_DATA = 2 => "data from internal memory",
        IMPLEMENTATION_DEFINED_PIN = 3 => "implementation defined pin",
        ASSERTION = 4 => "assertion failure",
        INTERNAL_DATA_PATH = 5 => "internal data path",
        ASSOCIATIVE_MEMORY_DATA = 6 => "data from associative memory",
        ASSOCIATIVE_MEMORY_ADDRESS = 7 => "address or control value from associative memory",
        TLB_DATA = 8 => "data from a TLB",
        TLB_ADDRESS = 9 => "address or control value from a TLB",
        PRODUCER_DATA = 10 => "data from the producer",
        PRODUCER_ADDRESS = 11 => "address or control value from the producer",
        EXTERNAL_MEMORY_DATA = 12 => "data from external memory",
        ILLEGAL_ADDRESS = 13 => "illegal address, a fault of software",
        ILLEGAL_ACCESS = 14 => "illegal access, a fault of software",
        ILLEGAL_STATE = 15 => "illegal state, a fault of software",
        INTERNAL_DATA_REGISTER = 16 => "internal data register",
        INTERNAL_CONTROL_REGISTER = 17 => "internal control register",
        ERROR_RESPONSE = 18 => "error response of a slave",
        EXTERNAL_TIMEOUT = 19 => "external timeout",
        INTERNAL_TIMEOUT = 20 => "internal timeout",
        DEFERRED_NOT_SUPPORTED = 21 => "deferred error of a slave, which its master does not support",
    }
}

impl ArmRasErrorCode {
    /// The primary error code (SERR) in ERR STATUS, bits 7:0. `None` when the status is not valid (V, bit 30) or the code
    /// is 0.
    pub(super) const fn of(status: u64) -> Option<Self> {
        match status as u8 {
            1.. if status >> 30 & 1 != 0 => Some(Self::new(status as u8)),
            _ => None,
        }
    }
}

/// Instance of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArmRasInstance {
    /// A processing element: its `MPIDR_EL1`.
    Pe(u64),
    /// The unit's system physical address.
    SystemPhysicalAddress(u64),
    /// An address space of the SoC's own, and the unit's address in it.
    LocalAddress {
        /// The address space.
        space: u64,
        /// The address in the address space.
        base: u64,
    },
    /// An instance or kind in another format: its bytes.
    Other([u8; 16]),
}

/// Kind of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArmRasUnitType {
    /// A processing element.
    Pe {
        /// `MIDR_EL1`.
        midr_el1: u64,
        /// `REVIDR_EL1`.
        revidr_el1: u64,
        /// `AIDR_EL1`.
        aidr_el1: u64,
    },
    /// A system memory management unit (SMMU).
    Smmu {
        /// `SMMU_IIDR`.
        iidr: u32,
        /// `SMMU_AIDR`.
        aidr: u32,
    },
    /// An instance or kind in another format: its bytes.
    Other([u8; 24]),
}

impl ArmRasInstance {
    /// The instance in this form.
    const fn of(format: ArmRasInstanceFormat, stored: [u8; 16]) -> Self {
        let [low, high]: [U64; 2] = zerocopy::transmute!(stored);
        match format {
            ArmRasInstanceFormat::PE => Self::Pe(low.get()),
            ArmRasInstanceFormat::SYSTEM_PHYSICAL_ADDRESS => Self::SystemPhysicalAddress(low.get()),
            ArmRasInstanceFormat::LOCAL_ADDRESS => Self::LocalAddress { space: low.get(), base: high.get() },
            _ => Self::Other(stored),
        }
    }

    /// The form, where the instance says it, and the bytes.
    const fn stored(self) -> (Option<ArmRasInstanceFormat>, [u8; 16]) {
        let (format, low, high) = match self {
            Self::Pe(mpidr) => (ArmRasInstanceFormat::PE, mpidr, 0),
            Self::SystemPhysicalAddress(address) => {
                (ArmRasInstanceFormat::SYSTEM_PHYSICAL_ADDRESS, address, 0)
            }
            Self::LocalAddress { space, base } => (ArmRasInstanceFormat::LOCAL_ADDRESS, space, base),
            Self::Other(stored) => return (None, stored),
        };
        (Some(format), zerocopy::transmute!([U64::new(low), U64::new(high)]))
    }
}

impl ArmRasUnitType {
    /// The kind of unit in this form.
    const fn of(format: ArmRasTypeFormat, stored: [u8; 24]) -> Self {
        let [first, second, third]: [U64; 3] = zerocopy::transmute!(stored);
        let [low, high, ..]: [U32; 6] = zerocopy::transmute!(stored);
        match format {
            ArmRasTypeFormat::PE => {
                Self::Pe { midr_el1: first.get(), revidr_el1: second.get(), aidr_el1: third.get() }
            }
            ArmRasTypeFormat::SMMU => Self::Smmu { iidr: low.get(), aidr: high.get() },
            _ => Self::Other(stored),
        }
    }

    /// The form, where the kind of unit says it, and the bytes.
    #[inline]
    const fn stored(self) -> (Option<ArmRasTypeFormat>, [u8; 24]) {
        match self {
            Self::Pe { midr_el1, revidr_el1, aidr_el1 } => {
                let words = [U64::new(midr_el1), U64::new(revidr_el1), U64::new(aidr_el1)];
                (Some(ArmRasTypeFormat::PE), zerocopy::transmute!(words))
            }
            Self::Smmu { iidr, aidr } => {
                let zero = U32::ZERO;
                let words = [U32::new(iidr), U32::new(aidr), zero, zero, zero, zero];
                (Some(ArmRasTypeFormat::SMMU), zerocopy::transmute!(words))
            }
            Self::Other(stored) => (None, stored),
        }
    }
}

impl ArmRasNodeHeader {
    /// Instance of the unit.
    #[inline]
    pub const fn ip_instance(&self) -> ArmRasInstance {
        ArmRasInstance::of(self.ip_instance_format(), self.ip_instance_raw())
    }

    /// Sets the instance of the unit and its format; [`ArmRasInstance::Other`] leaves the format as it is.
    #[inline]
    pub const fn set_ip_instance(&mut self, instance: ArmRasInstance) {
        let (format, stored) = instance.stored();
        if let Some(format) = format {
            self.set_ip_instance_format(format);
        }
        Self::AT.ip_instance.put(&mut self.0, stored);
    }

    /// Sets the instance of the unit and its format; [`ArmRasInstance::Other`] leaves the format as it is.
    #[must_use]
    #[inline]
    pub const fn with_ip_instance(mut self, instance: ArmRasInstance) -> Self {
        self.set_ip_instance(instance);
        self
    }

    /// Kind of the unit.
    #[inline]
    pub const fn ip_type(&self) -> ArmRasUnitType {
        ArmRasUnitType::of(self.ip_type_format(), self.ip_type_raw())
    }

    /// Sets the kind of unit and its format; [`ArmRasUnitType::Other`] leaves the format as it is.
    #[inline]
    pub const fn set_ip_type(&mut self, unit: ArmRasUnitType) {
        let (format, stored) = unit.stored();
        if let Some(format) = format {
            self.set_ip_type_format(format);
        }
        Self::AT.ip_type.put(&mut self.0, stored);
    }

    /// Sets the kind of unit and its format; [`ArmRasUnitType::Other`] leaves the format as it is.
    #[must_use]
    #[inline]
    pub const fn with_ip_type(mut self, unit: ArmRasUnitType) -> Self {
        self.set_ip_type(unit);
        self
    }
}

impl Describe for ArmRasInstance {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        match self {
            Self::Pe(mpidr) => out.field("mpidr_el1", Value::hex(*mpidr)),
            Self::SystemPhysicalAddress(address) => {
                out.field("system_physical_address", Value::hex(*address))
            }
            Self::LocalAddress { space, base } => {
                out.field("local_address_space", Value::hex(*space))?;
                out.field("base_address", Value::hex(*base))
            }
            Self::Other(bytes) => out.field("bytes", Value::Bytes(bytes)),
        }
    }
}

impl Describe for ArmRasUnitType {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        match self {
            Self::Pe { midr_el1, revidr_el1, aidr_el1 } => {
                out.field("midr_el1", Value::hex(*midr_el1))?;
                out.field("revidr_el1", Value::hex(*revidr_el1))?;
                out.field("aidr_el1", Value::hex(*aidr_el1))
            }
            Self::Smmu { iidr, aidr } => {
                out.field("iidr", Value::hex(*iidr))?;
                out.field("aidr", Value::hex(*aidr))
            }
            Self::Other(bytes) => out.field("bytes", Value::Bytes(bytes)),
        }
    }
}

structure! {
    /// One error record of the node.
    ArmRasRecord: 72 bytes, new;
    /// Index of the record in its node.
    0 record_index: u32 => set_record_index with_record_index;
    /// Revision of the RAS extension in bits 7:4, its architecture version in bits 3:0.
    4 ras_extension: u8 => set_ras_extension with_ras_extension;
    5 reserved: [u8; 3];
    /// ERR FR, the feature register.
    8 feature: u64 as hex => set_feature with_feature;
    /// ERR CTLR, the control register.
    16 control: u64 as hex => set_control with_control;
    /// ERR STATUS, the primary status register.
    24 status: u64 as hex => set_status with_status;
    /// ERR ADDR, the address register.
    32 address: u64 as hex => set_address with_address;
    /// ERR MISC0.
    40 misc_0: u64 as hex => set_misc_0 with_misc_0;
    /// ERR MISC1.
    48 misc_1: u64 as hex => set_misc_1 with_misc_1;
    /// ERR MISC2.
    56 misc_2: u64 as hex => set_misc_2 with_misc_2;
    /// ERR MISC3.
    64 misc_3: u64 as hex => set_misc_3 with_misc_3;
}

impl ArmRasRecord {
    /// Revision of the RAS extension, 4 bits.
    #[inline]
    pub const fn ras_extension_revision(&self) -> u8 {
        self.ras_extension() >> 4
    }

    /// Architecture version of the RAS extension, 4 bits.
    #[inline]
    pub const fn ras_extension_version(&self) -> u8 {
        self.ras_extension() & 0xf
    }

    /// The primary error code (SERR) in ERR STATUS, bits 7:0. `None` when the status is not valid (V, bit 30) or the code
    /// is 0.
    #[inline]
    pub const fn primary_error_code(&self) -> Option<ArmRasErrorCode> {
        ArmRasErrorCode::of(self.status())
    }

    /// What ERR STATUS says of the error (Arm RAS System Architecture, DDI 0587).
    #[inline]
    const fn severity(&self) -> &'static str {
        const VALID: u64 = 1 << 30;
        const UNCORRECTED: u64 = 1 << 29;
        const DEFERRED: u64 = 1 << 23;
        const CORRECTED: u64 = 3 << 24;
        match self.status() {
            status if status & VALID == 0 => "no error",
            status if status & UNCORRECTED != 0 => "uncorrected error",
            status if status & DEFERRED != 0 => "deferred error",
            status if status & CORRECTED != 0 => "corrected error",
            _ => "error",
        }
    }

    /// ERR ADDR; `None` when ERR STATUS does not mark it valid, and when it is all ones, which a register reads as
    /// that nobody answers for.
    #[inline]
    const fn valid_address(&self) -> Option<u64> {
        match self.address() {
            u64::MAX => None,
            address if self.status() >> 31 & 1 != 0 => Some(address),
            _ => None,
        }
    }
}

impl Describe for ArmRasRecord {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("record_index", Value::number(self.record_index()))?;
        out.field("ras_extension_revision", Value::number(self.ras_extension_revision()))?;
        out.field("ras_extension_version", Value::number(self.ras_extension_version()))?;
        if let Some(code) = self.primary_error_code() {
            out.field("primary_error_code", code.into())?;
        }
        self.describe_fields(out)?;
        shows!(out, self, record_index, ras_extension);
        Ok(())
    }
}

structure! {
    /// Header of the auxiliary data. Counts, size and offset are filled in when they are written.
    ArmRasAuxiliaryHeader: 16 bytes, new;
    /// Version of the auxiliary data: 1.
    0 version: u8 as number => set_version with_version;
    1 reserved: u8;
    /// Number of contexts.
    2 context_count: u16 raw context_count_raw;
    /// Length of the auxiliary data in bytes, this header included.
    4 size: u32 raw size_raw;
    /// Offset of the pairs of key and value from the start of this header, in bytes.
    8 key_value_offset: u32 raw key_value_offset_raw;
    /// Number of pairs.
    12 key_value_count: u16 raw key_value_count_raw;
    14 reserved_2: [u8; 2];
}

structure! {
    /// Header of a register context. All of it is filled in when a context is written.
    ArmRasContextHeader: 16 bytes, new;
    /// Length of the context in bytes, this header included.
    0 length: u32 raw length_raw;
    /// Flags. Bit 0: the addresses are in the address space with the context's identifier, not in the system's.
    4 flags: u8 raw flags_raw;
    5 reserved: u8;
    /// Number of registers.
    6 register_count: u16 raw register_count_raw;
    /// Identifier of the address space.
    8 address_space: u16 raw address_space_raw;
    10 reserved_2: [u8; 6];
}

structure! {
    /// A register of a context.
    ArmRasRegister: 16 bytes, new;
    /// Address of the register.
    0 address: u64 as hex => set_address with_address;
    /// Value of the register.
    8 value: u64 as hex => set_value with_value;
}

impl Describe for ArmRasRegister {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

structure! {
    /// A pair of key and value.
    ArmRasKeyValue: 24 bytes, new;
    /// Key, which says what the value is.
    0 key: Guid => set_key with_key;
    /// The value.
    16 value: u64 as hex => set_value with_value;
}

impl ArmRasKeyValue {
    /// Key of an MPAM PARTID.
    pub const MPAM_PARTID: Guid = Guid::parse_const("ebb45182-fb03-4bf9-9aca-8613709fd789");
}

impl Describe for ArmRasKeyValue {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let name = (self.key() == Self::MPAM_PARTID).then_some("MPAM PARTID");
        out.field("key", OwnValue::NamedGuid { value: self.key(), name }.into())?;
        self.describe_fields(out)?;
        shows!(out, self, key);
        Ok(())
    }
}

/// Records that a summary names before it only counts.
const SHOWN: usize = 5;

impl<'a> ArmRasNode<'a> {
    /// Instance of the unit.
    pub fn ip_instance(&self) -> ArmRasInstance {
        // The shortest form has the field.
        ArmRasInstance::of(self.ip_instance_format(), self.ip_instance_raw().unwrap_or([0; 16]))
    }

    /// Kind of the unit.
    pub fn ip_type(&self) -> ArmRasUnitType {
        ArmRasUnitType::of(self.ip_type_format(), self.ip_type_raw().unwrap_or([0; 24]))
    }

    /// Number of error records, as the fixed part states it.
    pub fn descriptor_count(&self) -> u32 {
        self.descriptor_count_raw().unwrap_or_default()
    }

    /// Where the error records begin.
    fn records_at(&self) -> usize {
        self.descriptor_offset_raw().unwrap_or_default().into()
    }

    /// Where the auxiliary data begin, 0 when there are none.
    fn auxiliary_at(&self) -> usize {
        self.auxiliary_offset_raw().unwrap_or_default().into()
    }

    /// The error records.
    pub fn records(&self) -> Entries<'a, ArmRasRecord> {
        let records = self.bytes.get(self.records_at()..).unwrap_or_default();
        Entries::new(records, self.descriptor_count(), "descriptor count", 8)
    }

    /// The auxiliary data; `None` when there are none.
    ///
    /// # Errors
    /// When the header of the auxiliary data does not lie inside the section.
    pub fn auxiliary(&self) -> Option<Result<ArmRasAuxiliary<'a>, Error>> {
        let offset = self.auxiliary_at();
        let bytes = self.bytes.get(offset..).unwrap_or_default();
        let read = || match ArmRasAuxiliaryHeader::first(bytes) {
            // Bytes after the stated size do not belong to the auxiliary data.
            Some((header, _)) => {
                let bytes = bytes.get(..header.size_raw() as usize).unwrap_or(bytes);
                Ok(ArmRasAuxiliary { header, bytes, offset })
            }
            None => {
                Err(Error::too_short("auxiliary data", ArmRasAuxiliaryHeader::SIZE, bytes.len()).at(offset))
            }
        };
        (offset != 0).then(read)
    }

    /// Where fixed part, error records and auxiliary data lie. Of a part that begins past the section's end there is
    /// nothing.
    fn parts(&self) -> [core::ops::Range<usize>; 3] {
        let records_at = self.records_at();
        let records_end = records_at.saturating_add(self.records().len_in_bytes());
        let auxiliary = match self.auxiliary() {
            Some(Ok(auxiliary)) => {
                let length = auxiliary.bytes.len().max(ArmRasAuxiliaryHeader::SIZE);
                auxiliary.offset..auxiliary.offset.saturating_add(length)
            }
            _ => 0..0,
        };
        [0..ArmRasNodeHeader::SIZE, records_at..records_end, auxiliary]
    }

    /// Where the last part ends.
    fn end(&self) -> usize {
        let mut end = 0;
        for part in &self.parts() {
            if !part.is_empty() {
                end = part.end.max(end);
            }
        }
        end
    }

    /// The gaps between fixed part, error records and auxiliary data: bytes that none of them takes, with their offset
    /// in the section.
    pub fn gaps(&self) -> Gaps<'a> {
        Gaps::new(self.bytes.get(..self.end()).unwrap_or(self.bytes), self.parts())
    }

    /// The bytes after the last of fixed part, error records and auxiliary data.
    pub fn trailing(&self) -> &'a [u8] {
        self.bytes.get(self.end()..).unwrap_or_default()
    }

    /// How many bytes of error records and auxiliary data the section claims to have and does not.
    pub fn missing(&self) -> usize {
        let records = (self.descriptor_count() as usize).saturating_mul(ArmRasRecord::SIZE);
        let records_end = if records == 0 { 0 } else { self.records_at().saturating_add(records) };
        let auxiliary = match self.auxiliary() {
            Some(Ok(auxiliary)) => auxiliary.header.size_raw() as usize,
            Some(Err(_)) => ArmRasAuxiliaryHeader::SIZE,
            None => 0,
        };
        let auxiliary_end = if auxiliary == 0 { 0 } else { self.auxiliary_at().saturating_add(auxiliary) };
        records_end.max(auxiliary_end).saturating_sub(self.bytes.len())
    }

    /// Each record's error, and the component.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        let entries = self.records();
        let records = entries.as_slice();
        for (number, record) in records.iter().take(SHOWN).enumerate() {
            write!(f, "{}{}", if number == 0 { "" } else { "; " }, record.severity())?;
            if let Some(code) = record.primary_error_code() {
                write!(f, ": {code}")?;
            }
            if let Some(address) = record.valid_address() {
                write!(f, " at {address:#x}")?;
            }
            write!(f, ", record {}, status {:#x}", record.record_index(), record.status())?;
        }
        if let more @ 1.. = records.len().saturating_sub(SHOWN) {
            write!(f, "; {more} more")?;
        }
        let cut = entries.error().is_some();
        f.write_str(match (records.is_empty(), cut) {
            (true, true) => "error records cut short",
            (true, false) => "no error record",
            (false, true) => "; error records cut short",
            (false, false) => "",
        })?;
        write!(f, ", {}", self.component_type())?;
        match self.ip_instance() {
            ArmRasInstance::Pe(mpidr) => write!(f, ", MPIDR {mpidr:#x}"),
            ArmRasInstance::SystemPhysicalAddress(address) => write!(f, ", unit at {address:#x}"),
            ArmRasInstance::LocalAddress { space, base } => {
                write!(f, ", unit at {base:#x} of address space {space:#x}")
            }
            ArmRasInstance::Other(_) => Ok(()),
        }
    }
}

impl Describe for ArmRasNode<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        shows!(out, ArmRasNodeHeader in self.bytes, ip_instance_format, ip_type_format);
        let instance = ArmRasNodeHeader::AT.ip_instance.of(self.bytes);
        let shown = match self.ip_instance() {
            ArmRasInstance::Pe(_) | ArmRasInstance::SystemPhysicalAddress(_) => 8,
            ArmRasInstance::LocalAddress { .. } | ArmRasInstance::Other(_) => 16,
        };
        out.stored("ip_instance", instance.get(..shown).unwrap_or_default(), Stored::Shown);
        let unit = ArmRasNodeHeader::AT.ip_type.of(self.bytes);
        let shown = if let ArmRasUnitType::Smmu { .. } = self.ip_type() { 8 } else { 24 };
        out.stored("ip_type", unit.get(..shown).unwrap_or_default(), Stored::Shown);
        out.field("ip_instance_format", self.ip_instance_format().into())?;
        out.field("ip_instance", Value::Group(&self.ip_instance()))?;
        out.field("ip_type_format", self.ip_type_format().into())?;
        out.field("ip_type", Value::Group(&self.ip_type()))?;
        let user_data = ArmRasNodeHeader::AT.user_data.of(self.bytes);
        out.stored("user_data", user_data, text_tells(user_data));
        out.field("user_data", Value::text(user_data))?;
        out.field("records", Value::List(&self.records()))?;
        match self.auxiliary() {
            Some(Ok(auxiliary)) => out.field("auxiliary", Value::Group(&auxiliary))?,
            Some(Err(error)) => out.field("auxiliary", Value::Error(&error))?,
            None => {}
        }
        self.gaps().describe(out)?;
        describe_rest("trailing", self.trailing(), out)
    }
}

/// The auxiliary data of a node.
#[derive(Clone, Copy, Debug)]
pub struct ArmRasAuxiliary<'a> {
    header: &'a ArmRasAuxiliaryHeader,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> ArmRasAuxiliary<'a> {
    /// The header, every field as it was stored.
    pub const fn structure(&self) -> &'a ArmRasAuxiliaryHeader {
        self.header
    }

    /// The register contexts, in their order. One that does not fit is an error in its place, and the last item; its
    /// offset counts from the section's start.
    pub fn contexts(&self) -> SizedEntries<'a, ArmRasContext<'a>> {
        let front = ArmRasAuxiliaryHeader::SIZE;
        let (rest, offset) = (self.bytes.get(front..).unwrap_or_default(), self.offset.saturating_add(front));
        SizedEntries::new((rest, offset, self.header.context_count_raw()), &CONTEXT_FORM, ArmRasContext::read)
    }

    /// The pairs of key and value.
    pub fn key_values(&self) -> Entries<'a, ArmRasKeyValue> {
        let pairs = self.bytes.get(self.header.key_value_offset_raw() as usize..).unwrap_or_default();
        let count = self.header.key_value_count_raw().into();
        Entries::new(pairs, count, "key value count", self.offset.saturating_add(12))
    }

    /// The gaps: bytes that neither the header nor the contexts nor the pairs take, with their offset in the auxiliary
    /// data.
    pub fn gaps(&self) -> Gaps<'a> {
        let contexts_at = ArmRasAuxiliaryHeader::SIZE;
        let contexts_end = self.contexts().end().1.saturating_sub(self.offset);
        let pairs_at = self.header.key_value_offset_raw() as usize;
        let pairs_end = pairs_at.saturating_add(self.key_values().len_in_bytes());
        Gaps::new(self.bytes, [0..contexts_at, contexts_at..contexts_end, pairs_at..pairs_end])
    }
}

impl Describe for ArmRasAuxiliary<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.header.describe_fields(out)?;
        let (size, there) = (self.header.size_raw(), self.bytes.len());
        if size as usize > there {
            let at = self.offset.saturating_add(4);
            Error::inner_length("auxiliary data size", size, there, at).describe(out)?;
        }
        out.field("contexts", Value::List(&self.contexts()))?;
        out.field("key_values", Value::List(&self.key_values()))?;
        self.gaps().describe(out)
    }
}

/// A register context.
#[derive(Clone, Copy, Debug)]
pub struct ArmRasContext<'a> {
    header: &'a ArmRasContextHeader,
    bytes: &'a [u8],
    offset: usize,
}

static CONTEXT_FORM: SizedForm =
    SizedForm { name: "register context", size_name: "context length", header: ArmRasContextHeader::SIZE };

impl<'a> ArmRasContext<'a> {
    /// The context that was read.
    fn read(bytes: &'a [u8], offset: usize) -> Result<Self, Error> {
        let short = Error::too_short("register context", ArmRasContextHeader::SIZE, bytes.len()).at(offset);
        let (header, bytes) = ArmRasContextHeader::first(bytes).ok_or(short)?;
        Ok(ArmRasContext { header, bytes, offset })
    }

    /// The header, every field as it was stored.
    pub const fn structure(&self) -> &'a ArmRasContextHeader {
        self.header
    }

    /// The address space of the registers; `None` when it is the system's.
    pub const fn address_space(&self) -> Option<u16> {
        if self.header.flags_raw() & 1 != 0 { Some(self.header.address_space_raw()) } else { None }
    }

    /// The registers.
    pub fn registers(&self) -> Entries<'a, ArmRasRegister> {
        let count = self.header.register_count_raw().into();
        Entries::new(self.bytes, count, "register count", self.offset.saturating_add(6))
    }

    /// The bytes after the registers.
    pub fn trailing(&self) -> &'a [u8] {
        self.bytes.get(self.registers().len_in_bytes()..).unwrap_or_default()
    }
}

impl Describe for ArmRasContext<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        if let Some(space) = self.address_space() {
            shows!(out, ArmRasContextHeader in self.header.as_bytes(), address_space);
            out.field("address_space", Value::number(space))?;
        }
        out.field("registers", Value::List(&self.registers()))?;
        describe_rest("trailing", self.trailing(), out)
    }
}

/// A register context to be written.
#[derive(Clone, Copy, Debug)]
pub struct ArmRasContextParts<'a> {
    address_space: Option<u16>,
    registers: &'a [ArmRasRegister],
}

impl<'a> ArmRasContextParts<'a> {
    /// A context of these registers, whose addresses are the system's.
    pub const fn new(registers: &'a [ArmRasRegister]) -> Self {
        Self { address_space: None, registers }
    }

    /// Sets the address space of the registers; `None` when it is the system's.
    #[must_use]
    #[inline]
    pub const fn with_address_space(mut self, space: Option<u16>) -> Self {
        self.address_space = space;
        self
    }

    const fn encoded_len(&self) -> usize {
        size_of_val(self.registers).saturating_add(ArmRasContextHeader::SIZE)
    }

    fn encode<'b>(&self, out: &'b mut [u8]) -> Option<&'b mut [u8]> {
        type Header = ArmRasContextHeader;
        let mut header = Header::new();
        Header::AT.length.put(&mut header.0, (self.encoded_len() as u32).to_le_bytes());
        Header::AT.flags.put(&mut header.0, [self.address_space.is_some().into()]);
        Header::AT.register_count.put(&mut header.0, (self.registers.len() as u16).to_le_bytes());
        Header::AT.address_space.put(&mut header.0, self.address_space.unwrap_or(0).to_le_bytes());
        write_all(&[header.as_bytes(), self.registers.as_bytes()], out)
    }
}

/// Auxiliary data to be written.
#[derive(Clone, Copy, Debug)]
pub struct ArmRasAuxiliaryParts<'a> {
    version: u8,
    contexts: &'a [ArmRasContextParts<'a>],
    key_values: &'a [ArmRasKeyValue],
}

impl<'a> ArmRasAuxiliaryParts<'a> {
    /// Auxiliary data of version 1: register contexts, and pairs of key and value.
    pub const fn new(contexts: &'a [ArmRasContextParts<'a>], key_values: &'a [ArmRasKeyValue]) -> Self {
        Self { version: 1, contexts, key_values }
    }

    /// Sets the version.
    #[must_use]
    #[inline]
    pub const fn with_version(mut self, version: u8) -> Self {
        self.version = version;
        self
    }

    fn key_value_offset(&self) -> usize {
        let mut offset = ArmRasAuxiliaryHeader::SIZE;
        for context in self.contexts {
            offset = offset.saturating_add(context.encoded_len());
        }
        offset
    }

    fn encoded_len(&self) -> usize {
        self.key_value_offset().saturating_add(size_of_val(self.key_values))
    }

    fn encode<'b>(&self, out: &'b mut [u8]) -> Option<&'b mut [u8]> {
        type Header = ArmRasAuxiliaryHeader;
        let mut header = Header::new().with_version(self.version);
        Header::AT.context_count.put(&mut header.0, (self.contexts.len() as u16).to_le_bytes());
        Header::AT.size.put(&mut header.0, (self.encoded_len() as u32).to_le_bytes());
        Header::AT.key_value_offset.put(&mut header.0, (self.key_value_offset() as u32).to_le_bytes());
        Header::AT.key_value_count.put(&mut header.0, (self.key_values.len() as u16).to_le_bytes());
        let mut out = write_all(&[header.as_bytes()], out)?;
        for context in self.contexts {
            out = context.encode(out)?;
        }
        write_all(&[self.key_values.as_bytes()], out)
    }
}

/// An Arm RAS node section to be written: the fixed part, error records, and auxiliary data after them.
#[derive(Clone, Copy, Debug)]
pub struct ArmRasNodeParts<'a> {
    header: ArmRasNodeHeader,
    records: &'a [ArmRasRecord],
    auxiliary: Option<ArmRasAuxiliaryParts<'a>>,
}

impl<'a> ArmRasNodeParts<'a> {
    /// A section of these parts. Counts and offsets are filled in.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when there are over 65,535 contexts, pairs or registers of a context, when auxiliary
    /// data would begin past 64 KiB (after 909 records), or when the section is 4 GiB or more.
    pub fn new(
        header: ArmRasNodeHeader,
        records: &'a [ArmRasRecord],
        auxiliary: Option<ArmRasAuxiliaryParts<'a>>,
    ) -> Result<Self, Error> {
        let too_large = |what, at| Error::new(ErrorKind::TooLarge { what }, at);
        let front = ArmRasNodeHeader::SIZE;
        let mut auxiliary_offset = 0;
        if let Some(auxiliary) = &auxiliary {
            let behind = front.saturating_add(size_of_val(records));
            auxiliary_offset = u16::try_from(behind).map_err(|_| too_large("auxiliary data offset", 14))?;
            let fits = |count: usize, what, at: usize| match u16::try_from(count) {
                Ok(_) => Ok(()),
                Err(_) => Err(too_large(what, behind.saturating_add(at))),
            };
            fits(auxiliary.contexts.len(), "context count", 2)?;
            fits(auxiliary.key_values.len(), "key value count", 12)?;
            for context in auxiliary.contexts {
                fits(context.registers.len(), "register count", 0)?;
            }
        }
        let mut header = header;
        ArmRasNodeHeader::AT.descriptor_count.put(&mut header.0, (records.len() as u32).to_le_bytes());
        ArmRasNodeHeader::AT.descriptor_offset.put(&mut header.0, (front as u16).to_le_bytes());
        ArmRasNodeHeader::AT.auxiliary_offset.put(&mut header.0, auxiliary_offset.to_le_bytes());
        let parts = Self { header, records, auxiliary };
        match u32::try_from(parts.encoded_len()) {
            Ok(_) => Ok(parts),
            Err(_) => Err(too_large("section length", 0)),
        }
    }
}

impl SectionType for ArmRasNodeParts<'_> {
    const TYPE: SectionTypeId = ArmRasNode::TYPE;
    const NAME: &'static str = ArmRasNode::NAME;
}

impl Encode for ArmRasNodeParts<'_> {
    fn encoded_len(&self) -> usize {
        ArmRasNodeHeader::SIZE.saturating_add(size_of_val(self.records)).saturating_add(
            match &self.auxiliary {
                Some(auxiliary) => auxiliary.encoded_len(),
                None => 0,
            },
        )
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let out = write_all(&[self.header.as_bytes(), self.records.as_bytes()], out)?;
        let rest = match &self.auxiliary {
            Some(auxiliary) => auxiliary.encode(out)?,
            None => out,
        };
        rest.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::SectionTypeId;
    use crate::kind::Decode;
    use crate::section::Body;
    use crate::section::checks::{assert_map, bit_map, written};
    use std::string::ToString;
    use std::vec::Vec;
    use zerocopy::FromBytes;

    /// Two records, two contexts of two registers and one, one pair.
    fn section() -> Vec<u8> {
        let mut bytes = std::vec![1, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0, 0, 80, 0, 224, 0, 1, 3, 0, 0, 0, 0, 0, 0];
        bytes.extend(0x20..0x48);
        bytes.extend(b"user data\0\0\0\0\0\0\0");
        for record in [1, 2] {
            bytes.extend([record, 0, 0, 0, 0x4f, 0, 0, 0]);
            bytes.extend((0..64).map(|byte| byte + record));
        }
        bytes.extend([1, 0, 2, 0, 120, 0, 0, 0, 96, 0, 0, 0, 1, 0, 0, 0]);
        bytes.extend([48, 0, 0, 0, 1, 0, 2, 0, 0x34, 0x12, 0, 0, 0, 0, 0, 0]);
        bytes.extend(0xa0..0xc0);
        bytes.extend([32, 0, 0, 0, 0, 0, 1, 0, 0x34, 0x12, 0, 0, 0, 0, 0, 0]);
        bytes.extend(0xc0..0xd0);
        bytes.extend(*ArmRasKeyValue::MPAM_PARTID.bytes());
        bytes.extend(0xd0..0xd8);
        bytes
    }

    #[test]
    fn every_field_is_told() {
        let bytes = section();
        let text = Body::decode(SectionTypeId::ARM_RAS_NODE, &bytes).unwrap().to_string();
        let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("00")).collect();
        assert_eq!(
            lines,
            [
                "revision                1",
                "component type          proxy (6)",
                "ip instance format      system physical address (1)",
                "ip instance",
                "  system physical address 0x2726252423222120",
                "ip type format          PIDR (3)",
                "ip type",
                "  bytes 24 bytes",
                "user data               user data",
                "records",
                "  [0] ",
                "    record index            1",
                "    ras extension revision  4",
                "    ras extension version   15",
                "    feature                 0x0807060504030201",
                "    control                 0x100f0e0d0c0b0a09",
                "    status                  0x1817161514131211",
                "    address                 0x201f1e1d1c1b1a19",
                "    misc 0                  0x2827262524232221",
                "    misc 1                  0x302f2e2d2c2b2a29",
                "    misc 2                  0x3837363534333231",
                "    misc 3                  0x403f3e3d3c3b3a39",
                "  [1] ",
                "    record index            2",
                "    ras extension revision  4",
                "    ras extension version   15",
                "    feature                 0x0908070605040302",
                "    control                 0x11100f0e0d0c0b0a",
                "    status                  0x1918171615141312",
                "    address                 0x21201f1e1d1c1b1a",
                "    misc 0                  0x2928272625242322",
                "    misc 1                  0x31302f2e2d2c2b2a",
                "    misc 2                  0x3938373635343332",
                "    misc 3                  0x41403f3e3d3c3b3a",
                "auxiliary",
                "  version                 1",
                "  contexts",
                "    [0] ",
                "      address space           4660",
                "      registers",
                "        [0] ",
                "          address                 0xa7a6a5a4a3a2a1a0",
                "          value                   0xafaeadacabaaa9a8",
                "        [1] ",
                "          address                 0xb7b6b5b4b3b2b1b0",
                "          value                   0xbfbebdbcbbbab9b8",
                "    [1] ",
                "      registers",
                "        [0] ",
                "          address                 0xc7c6c5c4c3c2c1c0",
                "          value                   0xcfcecdcccbcac9c8",
                "  key values",
                "    [0] ",
                "      key                     MPAM PARTID (ebb45182-fb03-4bf9-9aca-8613709fd789)",
                "      value                   0xd7d6d5d4d3d2d1d0",
            ]
        );
    }

    #[test]
    fn what_is_cut_short_is_an_error_in_its_place() {
        let bytes = section();
        for length in 80..bytes.len() {
            let node = ArmRasNode::decode(&bytes[..length]).unwrap();
            let records = ((length - 80) / 72).min(2);
            assert_eq!(node.records().flatten().count(), records);
            assert_eq!(node.records().count(), if records < 2 { records + 1 } else { 2 });
            // Of auxiliary data without a whole header, the header is missing.
            let end = if length < 240 { 240 } else { 344 };
            assert_eq!(node.missing(), end - length, "{length}");
            let auxiliary = node.auxiliary().unwrap();
            assert_eq!(auxiliary.is_ok(), length >= 240);
            let Ok(auxiliary) = auxiliary else { continue };
            let contexts: Vec<_> = auxiliary.contexts().collect();
            let good = contexts.iter().filter(|context| context.is_ok()).count();
            assert_eq!(
                (good, contexts.len()),
                match length {
                    ..288 => (0, 1),
                    288..320 => (1, 2),
                    _ => (2, 2),
                }
            );
            assert!(auxiliary.key_values().next().unwrap().is_err());
        }
        assert!(ArmRasNode::decode(&bytes[..79]).is_err());
        let error = |length: usize| {
            let node = ArmRasNode::decode(&bytes[..length]).unwrap();
            node.auxiliary().unwrap().unwrap().contexts().last().unwrap().unwrap_err().to_string()
        };
        assert_eq!(error(250), "offset 240: register context needs 16 bytes, 10 available");
        assert_eq!(error(300), "offset 288: register context needs 16 bytes, 12 available");
        assert_eq!(error(310), "offset 288: context length is 32, at most 22 fit");
        let mut none = bytes.clone();
        none[14] = 0;
        assert!(ArmRasNode::decode(&none).unwrap().auxiliary().is_none());
    }

    #[test]
    fn lengths_that_do_not_advance_end() {
        let mut bytes = section();
        bytes[226..228].fill(0xff); // 65,535 contexts
        bytes[240] = 0; // of which the first has no length
        let node = ArmRasNode::decode(&bytes).unwrap();
        let auxiliary = node.auxiliary().unwrap().unwrap();
        assert!(auxiliary.contexts().count() < 8);
        let first = auxiliary.contexts().next().unwrap().unwrap();
        assert_eq!(
            first.registers().next().unwrap().unwrap_err().to_string(),
            "offset 246: register count is 2, at most 0 fit"
        );
    }

    /// Parts may lie anywhere, in any order and over each other; what lies between them belongs to none.
    #[test]
    fn what_no_part_takes_is_told() {
        let mut bytes = section();
        let (records, auxiliary) = (bytes[80..224].to_vec(), bytes[224..].to_vec());
        bytes.truncate(80);
        bytes.extend([0xe1; 4]);
        bytes.extend(&auxiliary[..96]);
        bytes.extend([0xe2; 5]); // between the contexts and the pairs
        bytes.extend(&auxiliary[96..]);
        bytes.extend([0xe3; 6]); // behind the pairs
        bytes.extend([0xe4; 7]);
        let at = bytes.len() as u8;
        bytes.extend(&records);
        bytes.extend([0xe5; 8]);
        (bytes[12], bytes[14]) = (at, 84);
        (bytes[84 + 4], bytes[84 + 8]) = (120 + 11, 101);
        let node = ArmRasNode::decode(&bytes).unwrap();
        assert_eq!(node.records().flatten().count(), 2);
        let gaps = |gaps: Gaps<'_>| gaps.map(|(at, gap)| (at, gap[0], gap.len())).collect::<Vec<_>>();
        assert_eq!(gaps(node.gaps()), [(80, 0xe1, 4), (215, 0xe4, 7)]);
        assert_eq!((node.trailing(), node.missing()), (&[0xe5; 8][..], 0));
        let auxiliary = node.auxiliary().unwrap().unwrap();
        assert_eq!(auxiliary.key_values().flatten().count(), 1);
        assert_eq!(gaps(auxiliary.gaps()), [(96, 0xe2, 5), (125, 0xe3, 6)]);
        let text = node.to_string();
        let (_, told) = text.split_once("0xd7d6d5d4d3d2d1d0\n").unwrap();
        let told: Vec<_> = told.split_whitespace().filter(|word| !word.starts_with(['.', 'e'])).collect();
        assert_eq!(
            told.join(" "),
            "gaps [0] offset 96 bytes 5 bytes 0000 [1] offset 125 bytes 6 bytes 0000 \
             gaps [0] offset 80 bytes 4 bytes 0000 [1] offset 215 bytes 7 bytes 0000 \
             trailing 8 bytes 0000"
        );
        // A context longer than its registers.
        bytes[84 + 16 + 6] = 1;
        let node = ArmRasNode::decode(&bytes).unwrap();
        let context = node.auxiliary().unwrap().unwrap().contexts().next().unwrap().unwrap();
        assert_eq!(context.trailing(), (0xb0..0xc0).collect::<Vec<u8>>());
        assert!(node.to_string().contains("      trailing 16 bytes\n"));
        // Records that overlap the fixed part, and no records: their bytes count as left over.
        (bytes[8], bytes[12]) = (1, 40);
        assert_eq!(ArmRasNode::decode(&bytes).unwrap().trailing(), &bytes[215..]);
        (bytes[12], bytes[14]) = (0, 0);
        let node = ArmRasNode::decode(&bytes).unwrap();
        assert_eq!((gaps(node.gaps()), node.trailing()), (std::vec![], &bytes[80..]));
        // Auxiliary data without a whole header, or with a size that leaves the header out.
        bytes[14] = bytes.len() as u8 - 15;
        bytes[13] = 0;
        bytes.truncate(250);
        bytes[14] = 240;
        let node = ArmRasNode::decode(&bytes).unwrap();
        assert!(node.auxiliary().unwrap().is_err());
        assert_eq!((gaps(node.gaps()), node.trailing()), (std::vec![], &bytes[80..]));
        assert_eq!(node.missing(), 6);
        bytes[14] = 84;
        bytes[88] = 3;
        let node = ArmRasNode::decode(&bytes).unwrap();
        assert_eq!((gaps(node.gaps()), node.trailing()), (std::vec![(80, 0xe1, 4)], &bytes[100..]));
    }

    #[test]
    fn units_are_told_in_their_format() {
        let told = |instance: u8, unit: u8| {
            let mut bytes = section();
            (bytes[16], bytes[17]) = (instance, unit);
            let node = ArmRasNode::decode(&bytes).unwrap();
            let header = node.structure().unwrap();
            assert_eq!((header.ip_instance(), header.ip_type()), (node.ip_instance(), node.ip_type()));
            // Writing what was read, in its form.
            let mut written = *header;
            ArmRasNodeHeader::AT.ip_instance.put(&mut written.0, [0; 16]);
            ArmRasNodeHeader::AT.ip_type.put(&mut written.0, [0; 24]);
            let written = written.with_ip_instance(node.ip_instance()).with_ip_type(node.ip_type());
            assert_eq!((written.ip_instance(), written.ip_type()), (node.ip_instance(), node.ip_type()));
            (node.ip_instance(), node.ip_type())
        };
        let (low, high) = (0x2726_2524_2322_2120, 0x2f2e_2d2c_2b2a_2928);
        let (first, second, third) = (0x3736_3534_3332_3130, 0x3f3e_3d3c_3b3a_3938, 0x4746_4544_4342_4140);
        let bytes = |start: u8| core::array::from_fn(|place| start + place as u8);
        let unit: [u8; 24] = core::array::from_fn(|place| 0x30 + place as u8);
        let pe = ArmRasUnitType::Pe { midr_el1: first, revidr_el1: second, aidr_el1: third };
        assert_eq!(told(0, 0), (ArmRasInstance::Pe(low), pe));
        let smmu = ArmRasUnitType::Smmu { iidr: 0x3332_3130, aidr: 0x3736_3534 };
        assert_eq!(told(1, 1), (ArmRasInstance::SystemPhysicalAddress(low), smmu));
        let local = ArmRasInstance::LocalAddress { space: low, base: high };
        assert_eq!(told(2, 2), (local, ArmRasUnitType::Other(unit)));
        for (instance, kind) in [(3, 3), (4, 255)] {
            let other = (ArmRasInstance::Other(bytes(0x20)), ArmRasUnitType::Other(unit));
            assert_eq!(told(instance, kind), other);
        }
        let text = |instance: u8, unit: u8| {
            let mut bytes = section();
            (bytes[16], bytes[17]) = (instance, unit);
            let text = ArmRasNode::decode(&bytes).unwrap().to_string();
            text.lines().skip(3).take(7).map(std::string::String::from).collect::<Vec<_>>()
        };
        assert_eq!(
            text(0, 0),
            [
                "ip instance",
                "  mpidr el1               0x2726252423222120",
                "ip type format          processing element (0)",
                "ip type",
                "  midr el1                0x3736353433323130",
                "  revidr el1              0x3f3e3d3c3b3a3938",
                "  aidr el1                0x4746454443424140",
            ]
        );
        assert_eq!(
            text(2, 1),
            [
                "ip instance",
                "  local address space     0x2726252423222120",
                "  base address            0x2f2e2d2c2b2a2928",
                "ip type format          SMMU IIDR (1)",
                "ip type",
                "  iidr                    0x33323130",
                "  aidr                    0x37363534",
            ]
        );
        assert_eq!(text(3, 255)[1], "  bytes 16 bytes");
    }

    #[test]
    fn values_survive_writing() {
        let bytes = section();
        let node = ArmRasNode::decode(&bytes).unwrap();
        let records: Vec<_> = node.records().map(|record| *record.unwrap()).collect();
        let auxiliary = node.auxiliary().unwrap().unwrap();
        let key_values: Vec<_> = auxiliary.key_values().map(|pair| *pair.unwrap()).collect();
        let contexts: Vec<_> = auxiliary.contexts().map(Result::unwrap).collect();
        let registers: Vec<Vec<_>> = contexts
            .iter()
            .map(|context| context.registers().map(|register| *register.unwrap()).collect())
            .collect();
        let contexts: Vec<_> = contexts
            .iter()
            .zip(&registers)
            .map(|(context, registers)| {
                ArmRasContextParts::new(registers).with_address_space(context.address_space())
            })
            .collect();
        let parts = ArmRasAuxiliaryParts::new(&contexts, &key_values);
        let mut header = *node.structure().unwrap();
        ArmRasNodeHeader::AT.descriptor_count.put(&mut header.0, [7; 4]);
        ArmRasNodeHeader::AT.descriptor_offset.put(&mut header.0, [7; 2]);
        ArmRasNodeHeader::AT.auxiliary_offset.put(&mut header.0, [7; 2]);
        let with = ArmRasNodeParts::new(header, &records, Some(parts)).unwrap();
        // The second context is that of the system, which has no address space.
        let mut canonical = bytes.clone();
        canonical[224 + 16 + 48 + 8..][..2].fill(0);
        assert_eq!(written(&with), canonical);
        let without = ArmRasNodeParts::new(header, &records, None).unwrap();
        canonical.truncate(224);
        canonical[14] = 0;
        assert_eq!(written(&without), canonical);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let header = *ArmRasNode::decode(&section()).unwrap().structure().unwrap();
        let error = |records: usize, contexts: usize, registers: usize, key_values: usize| {
            let records = std::vec![ArmRasRecord::new(); records];
            let registers = std::vec![ArmRasRegister::default(); registers];
            let context = ArmRasContextParts::new(&registers);
            let contexts = std::vec![context; contexts];
            let key_values = std::vec![ArmRasKeyValue::default(); key_values];
            let parts = ArmRasAuxiliaryParts::new(&contexts, &key_values);
            let parts = ArmRasNodeParts::new(header, &records, Some(parts));
            parts.map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(error(909, 1, 65_535, 0), Ok(()));
        assert_eq!(error(0, 65_535, 0, 65_535), Ok(()));
        let refused = |what| Err(std::format!("offset {what} does not fit its field"));
        assert_eq!(error(910, 0, 0, 0), refused("14: auxiliary data offset"));
        assert_eq!(error(1, 65_536, 0, 0), refused("154: context count"));
        assert_eq!(error(1, 0, 0, 65_536), refused("164: key value count"));
        assert_eq!(error(1, 1, 65_536, 0), refused("152: register count"));
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map = |bytes: &[u8], skip| {
            bit_map(bytes, skip, |bytes, told| told(&ArmRasNode::decode(bytes).unwrap()))
        };
        let mut bytes = std::vec![0; 81];
        bytes[64..80].fill(b'a');
        assert_map(
            &map(&bytes, 8..18),
            "0.0 revision *32 4.0 component_type *8 5.0 hidden ~*72
             24.0 ip_instance.mpidr_el1 *64 32.0 hidden ~*64 40.0 ip_type.midr_el1 *64 48.0 ip_type.revidr_el1 *64
             56.0 ip_type.aidr_el1 *64 64.0 user_data ~*128 80.0 trailing ~*8",
        );
        let instance = |format: u8, kind: u8| {
            let mut bytes = bytes.clone();
            (bytes[16], bytes[17]) = (format, kind);
            let map = map(&bytes, 0..24);
            map.split_once("\n64.0 ").unwrap().0.to_string()
        };
        assert_map(
            &instance(2, 1),
            "24.0 ip_instance.local_address_space *64 32.0 ip_instance.base_address *64 40.0 ip_type.iidr *32
             44.0 ip_type.aidr *32 48.0 hidden ~*128",
        );
        assert_map(&instance(3, 255), "24.0 ip_instance.bytes ~*128 40.0 ip_type.bytes ~*192");
        let formats = map(&bytes, 18..81);
        assert!(formats.ends_with("\n16.0 ip_instance_format *8\n17.0 ip_type_format *8"), "{formats}");

        let record = |bytes: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
            told(ArmRasRecord::ref_from_bytes(bytes).unwrap());
        };
        assert_map(
            &bit_map(&[0; 72], 0..0, record),
            "0.0 record_index *32 4.0 ras_extension_version *4 4.4 ras_extension_revision *4 5.0 hidden ~*24
             8.0 feature *64 16.0 control *64 24.0 status *64 32.0 address *64 40.0 misc_0 *64 48.0 misc_1 *64
             56.0 misc_2 *64 64.0 misc_3 *64",
        );
        let context = |bytes: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
            told(&ArmRasContext::read(bytes, 0));
        };
        let mut bytes = [0; 33];
        (bytes[4], bytes[6]) = (1, 1);
        assert_map(
            &bit_map(&bytes, 4..8, context),
            "0.0 hidden ~*32 8.0 address_space *16 10.0 hidden ~*48 16.0 registers ~*128 32.0 trailing ~*8",
        );
        let register = |bytes: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
            told(ArmRasRegister::ref_from_bytes(bytes).unwrap());
        };
        assert_map(&bit_map(&[0; 16], 0..0, register), "0.0 address *64 8.0 value *64");
        let pair = |bytes: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
            told(ArmRasKeyValue::ref_from_bytes(bytes).unwrap());
        };
        assert_map(&bit_map(&[0; 24], 0..0, pair), "0.0 key ~*128 16.0 value *64");
    }

    #[test]
    fn every_bit_of_records_and_auxiliary_data_is_told_but_reserved_ones() {
        let map = bit_map(&section(), 0..80, |bytes, told| told(&ArmRasNode::decode(bytes).unwrap()));
        let hidden: Vec<_> = map.lines().filter(|line| line.contains(" hidden ")).collect();
        assert_map(
            &hidden.join(" "),
            // Of the records, the auxiliary header, the contexts, and the address space of one that has none.
            "85.0 hidden ~*24 157.0 hidden ~*24 225.0 hidden ~*8 238.0 hidden ~*16 244.1 hidden ~*15
             250.0 hidden ~*48 292.1 hidden ~*15 296.0 hidden ~*64",
        );
    }

    #[test]
    fn the_summary_says_which_error_and_which_component() {
        let summary = |bytes: &[u8]| Body::decode(ArmRasNode::TYPE, bytes).unwrap().summary().to_string();
        let mut bytes = section();
        assert_eq!(
            summary(&bytes),
            "no error, record 1, status 0x1817161514131211; no error, record 2, status 0x1918171615141312, \
             proxy, unit at 0x2726252423222120"
        );
        for (status, words) in [
            (
                0xe000_0010u64,
                "uncorrected error: internal data register at 0x201f1e1d1c1b1a19, record 1, status 0xe0000010",
            ),
            (0x4080_0000, "deferred error, record 1, status 0x40800000"),
            (0x4200_0000, "corrected error, record 1, status 0x42000000"),
            (0x4000_0000, "error, record 1, status 0x40000000"),
        ] {
            bytes[80 + 24..80 + 32].copy_from_slice(&status.to_le_bytes());
            bytes[8] = 1;
            assert_eq!(summary(&bytes), [words, ", proxy, unit at 0x2726252423222120"].concat());
        }
        bytes[16] = 0;
        assert!(summary(&bytes[..100]).starts_with("error records cut short, proxy, MPIDR 0x27"));
        bytes[16] = 2;
        bytes[8] = 0;
        assert_eq!(
            summary(&bytes),
            "no error record, proxy, unit at 0x2f2e2d2c2b2a2928 of address space 0x2726252423222120"
        );
    }

    #[test]
    fn every_writer_sets_its_bytes() {
        let counted: [u8; 72] = core::array::from_fn(|place| place as u8 + 1);
        let read = ArmRasRecord::ref_from_bytes(&counted).unwrap();
        let written = ArmRasRecord::new()
            .with_record_index(read.record_index())
            .with_ras_extension(read.ras_extension())
            .with_feature(read.feature())
            .with_control(read.control())
            .with_status(read.status())
            .with_address(read.address())
            .with_misc_0(read.misc_0())
            .with_misc_1(read.misc_1())
            .with_misc_2(read.misc_2())
            .with_misc_3(read.misc_3());
        assert_eq!((&written.as_bytes()[..5], &written.as_bytes()[8..]), (&counted[..5], &counted[8..]));
        let pair = ArmRasKeyValue::new().with_key(ArmRasKeyValue::MPAM_PARTID).with_value(0x0102);
        assert_eq!((pair.key(), pair.value()), (ArmRasKeyValue::MPAM_PARTID, 0x0102));
        let header = ArmRasNodeHeader::new()
            .with_revision(1)
            .with_component_type(ArmRasComponentType::PROXY)
            .with_ip_instance(ArmRasInstance::SystemPhysicalAddress(0x2726_2524_2322_2120))
            .with_ip_type_format(ArmRasTypeFormat::PIDR)
            .with_ip_type(ArmRasUnitType::Other([0x30; 24]))
            .with_user_data(*b"user data\0\0\0\0\0\0\0");
        let mut bytes = section();
        bytes.truncate(80);
        bytes[8..16].fill(0);
        bytes[32..40].fill(0);
        bytes[40..64].fill(0x30);
        assert_eq!(header.as_bytes(), bytes);
        assert_eq!(header.with_ip_instance_format(ArmRasInstanceFormat::PE).ip_instance_raw()[0], 0x20);
    }
}
