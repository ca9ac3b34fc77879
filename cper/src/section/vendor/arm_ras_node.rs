//! Arm RAS node section (Arm DEN0085 revision 1, tables 20 to 26), as openbmc/libcper reads it: 80 bytes, an array
//! of error records of 72, and auxiliary data (register contexts, and pairs of key and value).
//!
//! The places of both arrays are offsets in the section, so that they are checked against it and nothing else.

use core::fmt;
use core::iter::FusedIterator;

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Entries, Unclaimed, write_all};
use crate::error::clamp;
use crate::fields::{Describe, List, OwnValue, Value, Visitor, describe_rest, show_fields};
use crate::kind::View;
use crate::open_value::open_value;
use crate::section::{Decode, Encode, SectionType};
use crate::{Error, ErrorKind, Guid, SectionTypeId};

/// The fixed part of an Arm RAS node section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ArmRasNodeHeader {
    /// 1.
    pub revision: U32,
    /// Type of the component.
    pub component_type: ArmRasComponentType,
    /// 0.
    pub reserved: [u8; 3],
    /// Number of error records.
    pub descriptor_count: U32,
    /// Bytes from the start of the section to the error records.
    pub descriptor_offset: U16,
    /// Bytes from the start of the section to the auxiliary data, 0 when there are none.
    pub auxiliary_offset: U16,
    /// Form of [`ArmRasNodeHeader::ip_instance`].
    pub ip_instance_format: ArmRasInstanceFormat,
    /// Form of [`ArmRasNodeHeader::ip_type`].
    pub ip_type_format: ArmRasTypeFormat,
    /// 0.
    pub reserved_2: [u8; 6],
    /// Instance of the unit.
    pub ip_instance: [u8; 16],
    /// Kind of unit.
    pub ip_type: [u8; 24],
    /// Data of whoever made the section, such as text.
    pub user_data: [u8; 16],
}

const _: () = {
    assert!(size_of::<ArmRasNodeHeader>() == 80 && align_of::<ArmRasNodeHeader>() == 1);
    assert!(core::mem::offset_of!(ArmRasNodeHeader, descriptor_offset) == 12);
    assert!(core::mem::offset_of!(ArmRasNodeHeader, ip_instance) == 24);
    assert!(core::mem::offset_of!(ArmRasNodeHeader, user_data) == 64);
};

open_value! {
    /// What kind of component reports errors, as in Arm's AEST table.
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
    /// What tells one instance of a unit from another.
    ArmRasInstanceFormat: u8 {
        PE = 0 => "processing element",
        SYSTEM_PHYSICAL_ADDRESS = 1 => "system physical address",
        LOCAL_ADDRESS = 2 => "local address",
        SOC_SPECIFIC = 3 => "SoC-specific",
    }
}

open_value! {
    /// What tells one kind of unit from another. Of the formats GIC and PIDR libcper's names and layouts contradict
    /// each other, so that they are bytes here.
    ArmRasTypeFormat: u8 {
        PE = 0 => "processing element",
        SMMU = 1 => "SMMU IIDR",
        GIC = 2 => "GIC IIDR",
        PIDR = 3 => "PIDR",
        NONE = 255 => "none",
    }
}

/// Which instance of a unit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArmRasInstance {
    /// A processing element: its `MPIDR_EL1`.
    Pe(u64),
    /// The unit's system physical address.
    SystemPhysicalAddress(u64),
    /// An address space of the `SoC`'s own, and the unit's address in it.
    LocalAddress {
        /// The address space.
        space: u64,
        /// The address in it.
        base: u64,
    },
    /// In another form.
    Other([u8; 16]),
}

/// What kind of unit it is.
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
    /// An SMMU.
    Smmu {
        /// IIDR.
        iidr: u32,
        /// AIDR.
        aidr: u32,
    },
    /// In another form.
    Other([u8; 24]),
}

impl ArmRasNodeHeader {
    /// Which instance of the unit it is.
    pub const fn instance(&self) -> ArmRasInstance {
        let [low, high]: [U64; 2] = zerocopy::transmute!(self.ip_instance);
        match self.ip_instance_format {
            ArmRasInstanceFormat::PE => ArmRasInstance::Pe(low.get()),
            ArmRasInstanceFormat::SYSTEM_PHYSICAL_ADDRESS => ArmRasInstance::SystemPhysicalAddress(low.get()),
            ArmRasInstanceFormat::LOCAL_ADDRESS => {
                ArmRasInstance::LocalAddress { space: low.get(), base: high.get() }
            }
            _ => ArmRasInstance::Other(self.ip_instance),
        }
    }

    /// What kind of unit it is.
    pub const fn unit_type(&self) -> ArmRasUnitType {
        let [first, second, third]: [U64; 3] = zerocopy::transmute!(self.ip_type);
        let [low, high, ..]: [U32; 6] = zerocopy::transmute!(self.ip_type);
        match self.ip_type_format {
            ArmRasTypeFormat::PE => {
                ArmRasUnitType::Pe { midr_el1: first.get(), revidr_el1: second.get(), aidr_el1: third.get() }
            }
            ArmRasTypeFormat::SMMU => ArmRasUnitType::Smmu { iidr: low.get(), aidr: high.get() },
            _ => ArmRasUnitType::Other(self.ip_type),
        }
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

/// One error record of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ArmRasRecord {
    /// Index of the record in its node.
    pub record_index: U32,
    /// Revision of the RAS extension in bits 7:4, its architecture version in bits 3:0.
    pub ras_extension: u8,
    /// 0.
    pub reserved: [u8; 3],
    /// ERR FR, the feature register.
    pub feature: U64,
    /// ERR CTLR, the control register.
    pub control: U64,
    /// ERR STATUS, the primary status register.
    pub status: U64,
    /// ERR ADDR, the address register.
    pub address: U64,
    /// ERR MISC0 to MISC3.
    pub misc: [U64; 4],
}

const _: () = {
    assert!(size_of::<ArmRasRecord>() == 72 && align_of::<ArmRasRecord>() == 1);
    assert!(core::mem::offset_of!(ArmRasRecord, feature) == 8);
};

impl ArmRasRecord {
    /// Revision of the RAS extension, 4 bits.
    pub const fn ras_extension_revision(&self) -> u8 {
        self.ras_extension >> 4
    }

    /// Architecture version of the RAS extension, 4 bits.
    pub const fn ras_extension_version(&self) -> u8 {
        self.ras_extension & 0xf
    }
}

impl Describe for ArmRasRecord {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("record_index", Value::number(self.record_index.get()))?;
        out.field("ras_extension_revision", Value::number(self.ras_extension_revision()))?;
        out.field("ras_extension_version", Value::number(self.ras_extension_version()))?;
        out.field("feature", Value::hex(self.feature.get()))?;
        out.field("control", Value::hex(self.control.get()))?;
        out.field("status", Value::hex(self.status.get()))?;
        out.field("address", Value::hex(self.address.get()))?;
        let [misc_0, misc_1, misc_2, misc_3] = self.misc.map(|misc| Value::hex(misc.get()));
        out.field("misc_0", misc_0)?;
        out.field("misc_1", misc_1)?;
        out.field("misc_2", misc_2)?;
        out.field("misc_3", misc_3)
    }
}

/// Header of the auxiliary data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ArmRasAuxiliaryHeader {
    /// 1.
    pub version: u8,
    /// 0.
    pub reserved: u8,
    /// Number of contexts.
    pub context_count: U16,
    /// Bytes of the auxiliary data, this header included.
    pub size: U32,
    /// Bytes from this header to the pairs of key and value.
    pub key_value_offset: U32,
    /// Number of pairs.
    pub key_value_count: U16,
    /// 0.
    pub reserved_2: [u8; 2],
}

const _: () = assert!(size_of::<ArmRasAuxiliaryHeader>() == 16 && align_of::<ArmRasAuxiliaryHeader>() == 1);

/// Header of a register context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct ArmRasContextHeader {
    /// Bytes of the context, this header included.
    pub length: U32,
    /// Bit 0: addresses are of the space that the identifier names, not of the system.
    pub flags: u8,
    /// 0.
    pub reserved: u8,
    /// Number of registers.
    pub register_count: U16,
    /// The address space.
    pub address_space: U16,
    /// 0.
    pub reserved_2: [u8; 6],
}

const _: () = assert!(size_of::<ArmRasContextHeader>() == 16 && align_of::<ArmRasContextHeader>() == 1);

/// A register of a context.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct ArmRasRegister {
    /// Address of the register.
    pub address: U64,
    /// Value of the register.
    pub value: U64,
}

const _: () = assert!(size_of::<ArmRasRegister>() == 16 && align_of::<ArmRasRegister>() == 1);

impl Describe for ArmRasRegister {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("address", Value::hex(self.address.get()))?;
        out.field("value", Value::hex(self.value.get()))
    }
}

/// A pair of key and value.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct ArmRasKeyValue {
    /// What the value is.
    pub key: Guid,
    /// The value.
    pub value: U64,
}

const _: () = assert!(size_of::<ArmRasKeyValue>() == 24 && align_of::<ArmRasKeyValue>() == 1);

impl ArmRasKeyValue {
    /// Key of an MPAM PARTID.
    pub const MPAM_PARTID: Guid = Guid::parse_const("ebb45182-fb03-4bf9-9aca-8613709fd789");
}

impl Describe for ArmRasKeyValue {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let name = (self.key == Self::MPAM_PARTID).then_some("MPAM PARTID");
        out.field("key", OwnValue::NamedGuid { value: self.key, name }.into())?;
        out.field("value", Value::hex(self.value.get()))
    }
}

/// An Arm RAS node section: its fixed part, to which it dereferences, and all its bytes.
#[derive(Clone, Copy, Debug)]
pub struct ArmRasNode<'a> {
    header: &'a ArmRasNodeHeader,
    bytes: &'a [u8],
}

impl core::ops::Deref for ArmRasNode<'_> {
    type Target = ArmRasNodeHeader;

    fn deref(&self) -> &ArmRasNodeHeader {
        self.header
    }
}

impl SectionType for ArmRasNode<'_> {
    const TYPE: Guid = SectionTypeId::ARM_RAS_NODE.0;
    const NAME: &'static str = "Arm RAS node";
}

impl Decode for ArmRasNode<'_> {
    type View<'a> = ArmRasNode<'a>;

    fn decode(body: &[u8]) -> Result<ArmRasNode<'_>, Error> {
        match ArmRasNodeHeader::ref_from_prefix(body) {
            Ok((header, _)) => Ok(ArmRasNode { header, bytes: body }),
            Err(_) => Err(Error::too_short(Self::NAME, size_of::<ArmRasNodeHeader>(), body.len())),
        }
    }
}

impl<'a> View<'a> for ArmRasNode<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        &[]
    }
}

impl<'a> ArmRasNode<'a> {
    /// The fixed part, every field as it was stored.
    pub const fn header(&self) -> &'a ArmRasNodeHeader {
        self.header
    }

    /// The whole section, as it was stored.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The error records.
    pub fn records(&self) -> Entries<'a, ArmRasRecord> {
        let records = self.bytes.get(usize::from(self.header.descriptor_offset.get())..).unwrap_or_default();
        Entries::new(records, self.header.descriptor_count.get(), "descriptor count", 8)
    }

    /// The auxiliary data; `None` when there are none.
    ///
    /// # Errors
    /// When their header does not lie inside the section.
    pub fn auxiliary(&self) -> Option<Result<ArmRasAuxiliary<'a>, Error>> {
        let offset = usize::from(self.header.auxiliary_offset.get());
        let bytes = self.bytes.get(offset..).unwrap_or_default();
        let needed = size_of::<ArmRasAuxiliaryHeader>();
        let short = Error::too_short("auxiliary data", needed, bytes.len()).at(offset);
        let read = || match ArmRasAuxiliaryHeader::ref_from_prefix(bytes) {
            // What the size leaves out is not the auxiliary data's.
            Ok((header, _)) => Ok(ArmRasAuxiliary {
                header,
                bytes: bytes.get(..header.size.get() as usize).unwrap_or(bytes),
                offset,
            }),
            Err(_) => Err(short),
        };
        (offset != 0).then(read)
    }

    /// What neither the fixed part nor the error records nor the auxiliary data take, with its offset in the section.
    pub fn unclaimed(&self) -> Unclaimed<'a> {
        let records_at = usize::from(self.header.descriptor_offset.get());
        let records_end = records_at.saturating_add(self.records().len_in_bytes());
        let auxiliary = match self.auxiliary() {
            Some(Ok(auxiliary)) => {
                let length = auxiliary.bytes.len().max(size_of::<ArmRasAuxiliaryHeader>());
                auxiliary.offset..auxiliary.offset.saturating_add(length)
            }
            _ => 0..0,
        };
        Unclaimed::new(self.bytes, [0..size_of::<ArmRasNodeHeader>(), records_at..records_end, auxiliary])
    }
}

impl Describe for ArmRasNode<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("revision", Value::number(self.revision.get()))?;
        out.field("component_type", self.component_type.into())?;
        out.field("ip_instance_format", self.ip_instance_format.into())?;
        out.field("ip_instance", Value::Group(&self.instance()))?;
        out.field("ip_type_format", self.ip_type_format.into())?;
        out.field("ip_type", Value::Group(&self.unit_type()))?;
        out.field("user_data", Value::text(&self.header.user_data))?;
        out.field("records", Value::List(&self.records()))?;
        match self.auxiliary() {
            Some(Ok(auxiliary)) => out.field("auxiliary", Value::Group(&auxiliary))?,
            Some(Err(error)) => out.field("auxiliary", Value::Error(&error))?,
            None => {}
        }
        self.unclaimed().describe(out)
    }
}

show_fields!(ArmRasNode<'a>);

/// The auxiliary data of a node.
#[derive(Clone, Copy, Debug)]
pub struct ArmRasAuxiliary<'a> {
    header: &'a ArmRasAuxiliaryHeader,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> ArmRasAuxiliary<'a> {
    /// The header, every field as it was stored.
    pub const fn header(&self) -> &'a ArmRasAuxiliaryHeader {
        self.header
    }

    /// The register contexts.
    pub fn contexts(&self) -> ArmRasContexts<'a> {
        let at = size_of::<ArmRasAuxiliaryHeader>();
        ArmRasContexts {
            rest: self.bytes.get(at..).unwrap_or_default(),
            offset: self.offset.saturating_add(at),
            left: self.header.context_count.get(),
        }
    }

    /// The pairs of key and value.
    pub fn key_values(&self) -> Entries<'a, ArmRasKeyValue> {
        let pairs = self.bytes.get(self.header.key_value_offset.get() as usize..).unwrap_or_default();
        let count = self.header.key_value_count.get().into();
        Entries::new(pairs, count, "key value count", self.offset.saturating_add(12))
    }

    /// What neither the header nor the contexts nor the pairs take, with its offset in the auxiliary data.
    pub fn unclaimed(&self) -> Unclaimed<'a> {
        let mut contexts = self.contexts();
        let contexts_at = size_of::<ArmRasAuxiliaryHeader>();
        contexts.by_ref().for_each(drop);
        let contexts_end = contexts.offset.saturating_sub(self.offset);
        let pairs_at = self.header.key_value_offset.get() as usize;
        let pairs_end = pairs_at.saturating_add(self.key_values().len_in_bytes());
        Unclaimed::new(self.bytes, [0..contexts_at, contexts_at..contexts_end, pairs_at..pairs_end])
    }
}

impl Describe for ArmRasAuxiliary<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("version", Value::number(self.header.version))?;
        out.field("contexts", Value::List(&self.contexts()))?;
        out.field("key_values", Value::List(&self.key_values()))?;
        self.unclaimed().describe(out)
    }
}

/// A register context.
#[derive(Clone, Copy, Debug)]
pub struct ArmRasContext<'a> {
    header: &'a ArmRasContextHeader,
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> ArmRasContext<'a> {
    /// The header, every field as it was stored.
    pub const fn header(&self) -> &'a ArmRasContextHeader {
        self.header
    }

    /// The address space of the registers; `None` when it is the system's.
    pub const fn address_space(&self) -> Option<u16> {
        if self.header.flags & 1 != 0 { Some(self.header.address_space.get()) } else { None }
    }

    /// The registers.
    pub fn registers(&self) -> Entries<'a, ArmRasRegister> {
        let count = self.header.register_count.get().into();
        Entries::new(self.bytes, count, "register count", self.offset.saturating_add(6))
    }

    /// What follows the registers.
    pub fn trailing(&self) -> &'a [u8] {
        self.bytes.get(self.registers().len_in_bytes()..).unwrap_or_default()
    }
}

impl Describe for ArmRasContext<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        if let Some(space) = self.address_space() {
            out.field("address_space", Value::number(space))?;
        }
        out.field("registers", Value::List(&self.registers()))?;
        describe_rest("trailing", self.trailing(), out)
    }
}

/// Iterator over the register contexts of a node.
///
/// A context that does not fit is an error in its place, and the last item.
#[derive(Clone, Debug)]
pub struct ArmRasContexts<'a> {
    rest: &'a [u8],
    offset: usize,
    left: u16,
}

impl<'a> Iterator for ArmRasContexts<'a> {
    type Item = Result<ArmRasContext<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let offset = self.offset;
        let needed = size_of::<ArmRasContextHeader>();
        let Ok((header, _)) = ArmRasContextHeader::ref_from_prefix(self.rest) else {
            self.left = 0;
            return Some(Err(Error::too_short("register context", needed, self.rest.len()).at(offset)));
        };
        // A length below that of the header would not advance.
        let length = (header.length.get() as usize).max(needed);
        let Some((context, rest)) = self.rest.split_at_checked(length) else {
            self.left = 0;
            let limit = clamp(self.rest.len());
            let kind = ErrorKind::InnerLength { what: "context length", value: header.length.get(), limit };
            return Some(Err(Error::new(kind, offset)));
        };
        self.rest = rest;
        self.offset = offset.saturating_add(length);
        Some(Ok(ArmRasContext { header, bytes: context.get(needed..).unwrap_or_default(), offset }))
    }
}

impl FusedIterator for ArmRasContexts<'_> {}

impl List for ArmRasContexts<'_> {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> fmt::Result) -> fmt::Result {
        self.clone().try_for_each(|context| match context {
            Ok(context) => item(Value::Group(&context)),
            Err(error) => item(Value::Error(&error)),
        })
    }
}

/// A register context to be written.
#[derive(Clone, Copy, Debug)]
pub struct ArmRasContextParts<'a> {
    /// The address space of the registers; `None` when it is the system's.
    pub address_space: Option<u16>,
    /// The registers.
    pub registers: &'a [ArmRasRegister],
}

impl ArmRasContextParts<'_> {
    fn encoded_len(&self) -> usize {
        size_of_val(self.registers).saturating_add(size_of::<ArmRasContextHeader>())
    }

    fn encode<'b>(&self, out: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let header = ArmRasContextHeader {
            length: U32::new(self.encoded_len() as u32),
            flags: self.address_space.is_some().into(),
            reserved: 0,
            register_count: U16::new(self.registers.len() as u16),
            address_space: U16::new(self.address_space.unwrap_or(0)),
            reserved_2: [0; 6],
        };
        write_all([header.as_bytes(), self.registers.as_bytes()], out)
    }
}

/// Auxiliary data to be written.
#[derive(Clone, Copy, Debug)]
pub struct ArmRasAuxiliaryParts<'a> {
    /// 1.
    pub version: u8,
    /// The register contexts.
    pub contexts: &'a [ArmRasContextParts<'a>],
    /// The pairs of key and value.
    pub key_values: &'a [ArmRasKeyValue],
}

impl ArmRasAuxiliaryParts<'_> {
    fn key_value_offset(&self) -> usize {
        let lengths = self.contexts.iter().map(ArmRasContextParts::encoded_len);
        lengths.fold(size_of::<ArmRasAuxiliaryHeader>(), usize::saturating_add)
    }

    fn encoded_len(&self) -> usize {
        self.key_value_offset().saturating_add(size_of_val(self.key_values))
    }

    fn encode<'b>(&self, out: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let header = ArmRasAuxiliaryHeader {
            version: self.version,
            reserved: 0,
            context_count: U16::new(self.contexts.len() as u16),
            size: U32::new(self.encoded_len() as u32),
            key_value_offset: U32::new(self.key_value_offset() as u32),
            key_value_count: U16::new(self.key_values.len() as u16),
            reserved_2: [0; 2],
        };
        let out = write_all([header.as_bytes()], out)?;
        let out = self.contexts.iter().try_fold(out, |out, context| context.encode(out))?;
        write_all([self.key_values.as_bytes()], out)
    }
}

/// An Arm RAS node section to be written: the fixed part, error records, and auxiliary data behind them.
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
    /// data would begin past 64 KiB (behind 909 records), or when the section is 4 GiB or more.
    pub fn new(
        header: ArmRasNodeHeader,
        records: &'a [ArmRasRecord],
        auxiliary: Option<ArmRasAuxiliaryParts<'a>>,
    ) -> Result<Self, Error> {
        let too_large = |what, at| Error::new(ErrorKind::TooLarge { what }, at);
        let front = size_of::<ArmRasNodeHeader>();
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
            let counts = auxiliary.contexts.iter().map(|context| context.registers.len());
            counts.max().map_or(Ok(()), |most| fits(most, "register count", 0))?;
        }
        let header = ArmRasNodeHeader {
            descriptor_count: U32::new(records.len() as u32),
            descriptor_offset: U16::new(front as u16),
            auxiliary_offset: U16::new(auxiliary_offset),
            ..header
        };
        let parts = Self { header, records, auxiliary };
        match u32::try_from(parts.encoded_len()) {
            Ok(_) => Ok(parts),
            Err(_) => Err(too_large("section length", 0)),
        }
    }
}

impl SectionType for ArmRasNodeParts<'_> {
    const TYPE: Guid = ArmRasNode::TYPE;
    const NAME: &'static str = ArmRasNode::NAME;
}

impl Encode for ArmRasNodeParts<'_> {
    fn encoded_len(&self) -> usize {
        size_of::<ArmRasNodeHeader>()
            .saturating_add(size_of_val(self.records))
            .saturating_add(self.auxiliary.map_or(0, |auxiliary| auxiliary.encoded_len()))
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let out = write_all([self.header.as_bytes(), self.records.as_bytes()], out)?;
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
    use crate::section::Body;
    use crate::section::checks::{every_flip_shows, written};
    use std::string::ToString;
    use std::vec::Vec;
    use zerocopy::FromZeros;

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
        bytes.extend(ArmRasKeyValue::MPAM_PARTID.0);
        bytes.extend(0xd0..0xd8);
        bytes
    }

    #[test]
    fn every_field_is_told() {
        let bytes = section();
        let text = Body::decode(SectionTypeId::ARM_RAS_NODE.0, &bytes).unwrap().to_string();
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
        every_flip_shows(SectionTypeId::ARM_RAS_NODE, &bytes);
    }

    #[test]
    fn what_is_cut_short_is_an_error_in_its_place() {
        let bytes = section();
        for length in 80..bytes.len() {
            let node = ArmRasNode::decode(&bytes[..length]).unwrap();
            let records = ((length - 80) / 72).min(2);
            assert_eq!(node.records().flatten().count(), records);
            assert_eq!(node.records().count(), if records < 2 { records + 1 } else { 2 });
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
        let gaps = |gaps: Unclaimed<'_>| gaps.map(|(at, gap)| (at, gap[0], gap.len())).collect::<Vec<_>>();
        assert_eq!(gaps(node.unclaimed()), [(80, 0xe1, 4), (215, 0xe4, 7), (222 + 144, 0xe5, 8)]);
        let auxiliary = node.auxiliary().unwrap().unwrap();
        assert_eq!(auxiliary.key_values().flatten().count(), 1);
        assert_eq!(gaps(auxiliary.unclaimed()), [(96, 0xe2, 5), (125, 0xe3, 6)]);
        let text = node.to_string();
        let (_, told) = text.split_once("0xd7d6d5d4d3d2d1d0\n").unwrap();
        let told: Vec<_> = told.split_whitespace().filter(|word| !word.starts_with(['.', 'e'])).collect();
        assert_eq!(
            told.join(" "),
            "unclaimed [0] offset 96 bytes 5 bytes 0000 [1] offset 125 bytes 6 bytes 0000 \
             unclaimed [0] offset 80 bytes 4 bytes 0000 [1] offset 215 bytes 7 bytes 0000 \
             [2] offset 366 bytes 8 bytes 0000"
        );
        // A context longer than its registers.
        bytes[84 + 16 + 6] = 1;
        let node = ArmRasNode::decode(&bytes).unwrap();
        let context = node.auxiliary().unwrap().unwrap().contexts().next().unwrap().unwrap();
        assert_eq!(context.trailing(), (0xb0..0xc0).collect::<Vec<u8>>());
        assert!(node.to_string().contains("      trailing 16 bytes\n"));
        // Records that lie over the fixed part, and none at all: what they would take is not left out.
        (bytes[8], bytes[12]) = (1, 40);
        assert_eq!(gaps(ArmRasNode::decode(&bytes).unwrap().unclaimed())[0], (215, 0xe4, 159));
        (bytes[12], bytes[14]) = (0, 0);
        assert_eq!(gaps(ArmRasNode::decode(&bytes).unwrap().unclaimed()), [(80, 0xe1, bytes.len() - 80)]);
        // Auxiliary data without a whole header, or with a size that leaves the header out.
        bytes[14] = bytes.len() as u8 - 15;
        bytes[13] = 0;
        bytes.truncate(250);
        bytes[14] = 240;
        let node = ArmRasNode::decode(&bytes).unwrap();
        assert!(node.auxiliary().unwrap().is_err());
        assert_eq!(gaps(node.unclaimed()), [(80, 0xe1, 170)]);
        bytes[14] = 84;
        bytes[88] = 3;
        let node = ArmRasNode::decode(&bytes).unwrap();
        assert_eq!(gaps(node.unclaimed()), [(80, 0xe1, 4), (100, 48, 150)]);
    }

    #[test]
    fn units_are_told_in_their_format() {
        let told = |instance: u8, unit: u8| {
            let mut bytes = section();
            (bytes[16], bytes[17]) = (instance, unit);
            let header = *ArmRasNode::decode(&bytes).unwrap().header();
            (header.instance(), header.unit_type())
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
            .map(|(context, registers)| ArmRasContextParts {
                address_space: context.address_space(),
                registers,
            })
            .collect();
        let parts = ArmRasAuxiliaryParts { version: 1, contexts: &contexts, key_values: &key_values };
        let header = ArmRasNodeHeader {
            descriptor_count: U32::new(7),
            descriptor_offset: U16::new(7),
            auxiliary_offset: U16::new(7),
            ..*node.header()
        };
        let with = ArmRasNodeParts::new(header, &records, Some(parts)).unwrap();
        // The second context is of the system, whose address space is none.
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
        let header = *ArmRasNode::decode(&section()).unwrap().header();
        let error = |records: usize, contexts: usize, registers: usize, key_values: usize| {
            let records = std::vec![ArmRasRecord::new_zeroed(); records];
            let registers = std::vec![ArmRasRegister::default(); registers];
            let context = ArmRasContextParts { address_space: None, registers: &registers };
            let contexts = std::vec![context; contexts];
            let key_values = std::vec![ArmRasKeyValue::default(); key_values];
            let parts = ArmRasAuxiliaryParts { version: 1, contexts: &contexts, key_values: &key_values };
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
}
