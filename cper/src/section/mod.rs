//! Section bodies, one file each, and what they have in common.
//!
//! A body of fixed size is its own wire structure: it is read as `&T` and written as `T`. A body of variable size
//! has a view over its bytes and a value to write it from. Both are told by the same traits, which another crate
//! implements for a section of its own:
//!
//! ```
//! use cper::section::{FixedSection, SectionType};
//! use cper::{Guid, zerocopy};
//! use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, little_endian::U32};
//!
//! #[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
//! #[repr(C)]
//! struct FanError {
//!     fan: U32,
//!     rpm: U32,
//! }
//!
//! impl SectionType for FanError {
//!     const TYPE: Guid = Guid::parse_const("2f1b3c58-0f0e-4a3c-9d68-6a1b6e0d7a11");
//!     const NAME: &'static str = "fan error";
//! }
//! impl FixedSection for FanError {}
//!
//! fn fans(record: cper::Record<'_>) {
//!     for section in record.sections().flatten() {
//!         if let Some(Ok(error)) = section.decode::<&FanError>() {
//!             println!("fan {} at {} rpm", error.fan, error.rpm);
//!         }
//!     }
//! }
//! ```

mod aer;
mod arm;
mod ccix_per;
mod check_info;
#[cfg(test)]
mod checks;
mod context;
mod cxl_event;
mod cxl_protocol;
mod dmar_generic;
mod dmar_iommu;
mod dmar_vtd;
mod error_status;
mod firmware;
mod fru_memory_poison;
mod ia32x64;
mod memory;
mod memory_2;
mod pci_address;
mod pci_bus;
mod pci_component;
mod pcie;
pub mod pcie_capability;
mod processor_generic;
mod register;
pub mod vendor;

pub use aer::{
    AerCapability, AerControl, AerControlFlags, CorrectableError, CorrectableErrors,
    ExtendedCapabilityHeader, RootErrorCommand, RootErrorFlags, RootErrorStatus, UncorrectableError,
    UncorrectableErrors,
};
pub use arm::{
    ArmAccessMode, ArmAddressSpace, ArmBusError, ArmCacheError, ArmCacheOperation, ArmContext,
    ArmContextHeader, ArmContextType, ArmErrorFlags, ArmErrorInformation, ArmErrorType, ArmErrorTypeReading,
    ArmErrorTypes, ArmErrorValidation, ArmErrors, ArmProcessor, ArmProcessorHeader, ArmProcessorParts,
    ArmProcessorValidation, ArmSystemRegister, ArmTlbError, ArmTlbOperation, MrsEncoding,
};
pub use ccix_per::{CcixPerError, CcixPerErrorHeader, CcixPerErrorParts, CcixPerValidation};
pub use check_info::{AccessOperation, ParticipationType, TransactionType};
pub use context::{
    AddressedRegister, Context, ContextPadding, Contexts, ProcessorErrors, Register, Registers,
};
pub use cxl_event::*;
pub use cxl_protocol::{
    CxlAgentAddress, CxlAgentType, CxlCorrectableErrors, CxlDeviceId, CxlDvsecId, CxlProtocolError,
    CxlProtocolErrorHeader, CxlProtocolErrorParts, CxlProtocolValidation, CxlRasCapability,
    CxlUncorrectableErrors, DvsecHeader,
};
pub use dmar_generic::{
    DmarAccessType, DmarAddressType, DmarArchitecture, DmarFaultReason, DmarGenericError,
};
pub use dmar_iommu::{DmarIommuError, IommuEvent, IommuEventCode};
pub use dmar_vtd::{
    DmarVtdError, VtdAddressType, VtdFaultReason, VtdFaultRecord, VtdFaultSource, VtdFaultSourceFlags,
    VtdFaultStatus, VtdFaultStatusFlags, VtdRequestType,
};
pub use error_status::{ErrorStatus, ErrorStatusFlags, ErrorStatusType};
pub use firmware::{
    FirmwareErrorRecord, FirmwareErrorRecordHeader, FirmwareErrorRecordParts, FirmwareErrorRecordType,
};
pub use fru_memory_poison::{
    FruArchType, FruIdType, FruMemoryPoison, FruMemoryPoisonHeader, FruMemoryPoisonParts,
    FruMemoryPoisonValidation, HardwareIdType, PoisonAddressType, PoisonDescriptor, PoisonList,
};
pub use ia32x64::{
    AddressedRegisters, BusAddressSpace, BusCheck, CacheCheck, CacheOperation, CpuidInfo, Ia32X64Check,
    Ia32X64Context, Ia32X64ContextHeader, Ia32X64ContextType, Ia32X64ErrorInformation, Ia32X64ErrorType,
    Ia32X64ErrorValidation, Ia32X64Header, Ia32X64Parts, Ia32X64Processor, Ia32X64Validation,
    MicroArchitecturalCheck, MicroArchitecturalErrorType, SmcaBank, TlbCheck,
};
pub use memory::{MemoryError, MemoryErrorType, MemoryValidation};
pub use memory_2::{Memory2Validation, MemoryError2, MemoryErrorState};
pub use pci_address::{PciAddress, RequesterId};
pub use pci_bus::{
    PciBusCommand, PciBusCommandFlags, PciBusError, PciBusErrorType, PciBusId, PciBusValidation,
};
pub use pci_component::{
    PciComponentError, PciComponentErrorHeader, PciComponentErrorParts, PciComponentId,
    PciComponentValidation, RegisterDataPair,
};
pub use pcie::{
    BridgeControl, BridgeControlStatus, PciCommand, PciCommandStatus, PciStatus, PciStatusFlags,
    PcieDeviceId, PcieError, PciePortType, PcieValidation, PcieVersion,
};
pub use pcie_capability::PcieCapability;
pub use processor_generic::{
    BrandString, ProcessorErrorTypes, ProcessorFlags, ProcessorGeneric, ProcessorIsa, ProcessorOperation,
    ProcessorType, ProcessorValidation,
};

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::fields::{Describe, Value, Visitor, describe_rest, show_fields};
use crate::{Error, Guid, Section, SectionTypeId};

/// A kind of section: its type GUID and its name in messages.
pub trait SectionType {
    /// The section type that stands in the descriptor.
    const TYPE: Guid;
    /// What messages call it, such as "memory error".
    const NAME: &'static str;

    /// Whether a descriptor's section type means this section. A section that writers name by several GUIDs takes
    /// them all.
    fn is_type(section_type: Guid) -> bool {
        section_type == Self::TYPE
    }
}

/// A section that can be read from its bytes.
pub trait Decode<'a>: SectionType + Sized {
    /// Reads a body. Longer input is no error: what a newer revision appended stays in the section's bytes.
    ///
    /// # Errors
    /// When the bytes are too few, or a length inside them does not fit; offsets count from the body's start.
    fn decode(body: &'a [u8]) -> Result<Self, Error>;
}

/// A section that can be written.
pub trait Encode: SectionType {
    /// Bytes the section will take.
    fn encoded_len(&self) -> usize;

    /// Writes the section at the start of `out`, every byte of it, and returns the rest; `None` when `out` is too
    /// short.
    fn encode<'b>(&self, out: &'b mut [u8]) -> Option<&'b mut [u8]>;
}

/// A section whose body is one wire structure of fixed size.
pub trait FixedSection:
    SectionType + FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned + Copy + 'static
{
}

impl<T: SectionType> SectionType for &T {
    const TYPE: Guid = T::TYPE;
    const NAME: &'static str = T::NAME;

    fn is_type(section_type: Guid) -> bool {
        T::is_type(section_type)
    }
}

impl<'a, T: FixedSection> Decode<'a> for &'a T {
    #[inline]
    fn decode(body: &'a [u8]) -> Result<Self, Error> {
        match T::ref_from_prefix(body) {
            Ok((value, _)) => Ok(value),
            Err(_) => Err(Error::too_short(T::NAME, size_of::<T>(), body.len())),
        }
    }
}

impl<T: FixedSection> Encode for T {
    fn encoded_len(&self) -> usize {
        size_of::<T>()
    }

    fn encode<'b>(&self, out: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let (body, rest) = T::mut_from_prefix(out).ok()?;
        *body = *self;
        Some(rest)
    }
}

/// A fixed section that older writers end early.
pub trait ShortForms: FixedSection {
    /// Bytes of the shortest form.
    const MIN: usize;

    /// Clears the validity bits of fields that a form of `length` bytes does not have.
    fn forget_past(&mut self, length: usize);
}

/// A section with historic short forms: the structure at full size, and the bytes it was read from.
///
/// Fields past the end of a short form read as not valid; the validity bits as they were stored are in
/// [`Extended::bytes`]. It dereferences to the structure.
#[derive(Clone, Copy, Debug)]
pub struct Extended<'a, T> {
    value: T,
    bytes: &'a [u8],
}

impl<'a, T> Extended<'a, T> {
    /// The whole body as it was stored, with whatever a newer revision appended.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<T> core::ops::Deref for Extended<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: SectionType> SectionType for Extended<'_, T> {
    const TYPE: Guid = T::TYPE;
    const NAME: &'static str = T::NAME;

    fn is_type(section_type: Guid) -> bool {
        T::is_type(section_type)
    }
}

impl<'a, T: ShortForms> Decode<'a> for Extended<'a, T> {
    #[inline]
    fn decode(body: &'a [u8]) -> Result<Self, Error> {
        if body.len() < T::MIN {
            return Err(Error::too_short(T::NAME, T::MIN, body.len()));
        }
        if let Ok((value, _)) = T::read_from_prefix(body) {
            return Ok(Self { value, bytes: body });
        }
        let mut value = T::new_zeroed();
        value.as_mut_bytes().iter_mut().zip(body).for_each(|(to, from)| *to = *from);
        value.forget_past(body.len());
        Ok(Self { value, bytes: body })
    }
}

impl<T: Describe> Describe for Extended<'_, T> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.value.describe(out)?;
        describe_rest("trailing", self.bytes.get(size_of::<T>()..).unwrap_or_default(), out)
    }
}

/// A section's body, decoded by its type.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Body<'a> {
    /// Generic processor error.
    ProcessorGeneric(&'a ProcessorGeneric),
    /// IA32/X64 processor error.
    Ia32X64Processor(Ia32X64Processor<'a>),
    /// IPF processor error: the bytes, which the SAL specification defines.
    IpfProcessor(&'a [u8]),
    /// Arm processor error.
    ArmProcessor(ArmProcessor<'a>),
    /// Platform memory error.
    Memory(Extended<'a, MemoryError>),
    /// Platform memory error 2.
    Memory2(&'a MemoryError2),
    /// PCI Express error.
    Pcie(&'a PcieError),
    /// PCI/PCI-X bus error.
    PciBus(&'a PciBusError),
    /// PCI/PCI-X component error.
    PciComponent(PciComponentError<'a>),
    /// Firmware error record reference.
    FirmwareErrorRecord(FirmwareErrorRecord<'a>),
    /// Generic DMA remapping error.
    DmarGeneric(&'a DmarGenericError),
    /// DMA remapping error of Intel's VT-d.
    DmarVtd(&'a DmarVtdError),
    /// DMA remapping error of AMD's IOMMU.
    DmarIommu(&'a DmarIommuError),
    /// CCIX protocol error.
    CcixPer(CcixPerError<'a>),
    /// CXL protocol error.
    CxlProtocol(CxlProtocolError<'a>),
    /// CXL component event.
    CxlComponentEvent(CxlComponentEvent<'a>),
    /// FRU memory poison.
    FruMemoryPoison(FruMemoryPoison<'a>),
    /// Arm RAS node.
    ArmRasNode(vendor::ArmRasNode<'a>),
    /// NVIDIA error.
    Nvidia(vendor::NvidiaError<'a>),
    /// NVIDIA event.
    NvidiaEvent(vendor::NvidiaEvent<'a>),
    /// Ampere error.
    Ampere(vendor::AmpereError<'a>),
    /// Ampere specific error.
    AmpereSpecific(&'a vendor::AmpereSpecificError),
    /// Machine check as Windows stores it.
    WindowsXpfMca(vendor::WindowsXpfMca<'a>),
    /// A type this crate does not decode: the bytes as they are.
    Unknown(&'a [u8]),
}

impl<'a> Body<'a> {
    /// Decodes a body of the given type, which need not come from a record.
    ///
    /// # Errors
    /// When the type is known and the bytes do not hold it; offsets count from the body's start.
    pub fn decode(section_type: Guid, bytes: &'a [u8]) -> Result<Self, Error> {
        // Comparisons, not a match: a match on GUID constants becomes a tree over single bytes.
        Ok(if section_type == ProcessorGeneric::TYPE {
            Self::ProcessorGeneric(Decode::decode(bytes)?)
        } else if section_type == Ia32X64Processor::TYPE {
            Self::Ia32X64Processor(Decode::decode(bytes)?)
        } else if section_type == SectionTypeId::IPF_PROCESSOR.0
            || section_type == SectionTypeId::IPF_PROCESSOR_CUT.0
        {
            Self::IpfProcessor(bytes)
        } else if section_type == ArmProcessor::TYPE {
            Self::ArmProcessor(Decode::decode(bytes)?)
        } else if section_type == MemoryError::TYPE {
            Self::Memory(Decode::decode(bytes)?)
        } else if section_type == MemoryError2::TYPE {
            Self::Memory2(Decode::decode(bytes)?)
        } else if section_type == PcieError::TYPE {
            Self::Pcie(Decode::decode(bytes)?)
        } else if section_type == PciBusError::TYPE {
            Self::PciBus(Decode::decode(bytes)?)
        } else if section_type == PciComponentError::TYPE {
            Self::PciComponent(Decode::decode(bytes)?)
        } else if section_type == FirmwareErrorRecord::TYPE {
            Self::FirmwareErrorRecord(Decode::decode(bytes)?)
        } else if section_type == DmarGenericError::TYPE {
            Self::DmarGeneric(Decode::decode(bytes)?)
        } else if section_type == DmarVtdError::TYPE {
            Self::DmarVtd(Decode::decode(bytes)?)
        } else if section_type == DmarIommuError::TYPE {
            Self::DmarIommu(Decode::decode(bytes)?)
        } else if section_type == CcixPerError::TYPE {
            Self::CcixPer(Decode::decode(bytes)?)
        } else if section_type == CxlProtocolError::TYPE {
            Self::CxlProtocol(Decode::decode(bytes)?)
        } else if let Some(event) = CxlComponentEvent::decode(section_type, bytes) {
            Self::CxlComponentEvent(event?)
        } else if section_type == FruMemoryPoison::TYPE {
            Self::FruMemoryPoison(Decode::decode(bytes)?)
        } else if section_type == vendor::ArmRasNode::TYPE {
            Self::ArmRasNode(Decode::decode(bytes)?)
        } else if section_type == vendor::NvidiaError::TYPE {
            Self::Nvidia(Decode::decode(bytes)?)
        } else if section_type == vendor::NvidiaEvent::TYPE {
            Self::NvidiaEvent(Decode::decode(bytes)?)
        } else if section_type == vendor::AmpereError::TYPE {
            Self::Ampere(Decode::decode(bytes)?)
        } else if section_type == vendor::AmpereSpecificError::TYPE {
            Self::AmpereSpecific(Decode::decode(bytes)?)
        } else if section_type == vendor::WindowsXpfMca::TYPE {
            Self::WindowsXpfMca(Decode::decode(bytes)?)
        } else {
            Self::Unknown(bytes)
        })
    }

    /// What follows a structure of fixed size in the bytes it was decoded from: a newer revision's fields, or padding.
    /// Sections of other kinds tell theirs among their fields.
    pub fn trailing<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let length = match self {
            Self::ProcessorGeneric(section) => size_of_val(*section),
            Self::Memory2(section) => size_of_val(*section),
            Self::Pcie(section) => size_of_val(*section),
            Self::PciBus(section) => size_of_val(*section),
            Self::DmarGeneric(section) => size_of_val(*section),
            Self::DmarVtd(section) => size_of_val(*section),
            Self::DmarIommu(section) => size_of_val(*section),
            Self::AmpereSpecific(section) => size_of_val(*section),
            _ => bytes.len(),
        };
        bytes.get(length..).unwrap_or_default()
    }

    /// The first error inside the body: a length or a count that claims more than there is, or a part that cannot be
    /// read. Its offset counts from the body's start.
    pub fn first_error(&self) -> Option<Error> {
        // A structure of fixed size has no length and no count of what follows it.
        if matches!(
            self,
            Self::ProcessorGeneric(_)
                | Self::Memory(_)
                | Self::Memory2(_)
                | Self::Pcie(_)
                | Self::PciBus(_)
                | Self::DmarGeneric(_)
                | Self::DmarVtd(_)
                | Self::DmarIommu(_)
                | Self::AmpereSpecific(_)
                | Self::IpfProcessor(_)
                | Self::Unknown(_)
        ) {
            return None;
        }
        let mut found = FirstError(None);
        // The description ends at the first error.
        let _ = self.fields().describe(&mut found);
        found.0
    }

    /// Tells the body as a field, and what follows it in `bytes`.
    pub(crate) fn describe_in(&self, bytes: &[u8], out: &mut dyn Visitor) -> fmt::Result {
        out.field("body", Value::Group(self.fields()))?;
        describe_rest("trailing", self.trailing(bytes), out)
    }

    /// The fields of the body.
    pub fn fields(&self) -> &dyn Describe {
        match self {
            Self::ProcessorGeneric(section) => *section,
            Self::Ia32X64Processor(section) => section,
            Self::ArmProcessor(section) => section,
            Self::Memory(section) => section,
            Self::Memory2(section) => *section,
            Self::Pcie(section) => *section,
            Self::PciBus(section) => *section,
            Self::PciComponent(section) => section,
            Self::FirmwareErrorRecord(section) => section,
            Self::DmarGeneric(section) => *section,
            Self::DmarVtd(section) => *section,
            Self::DmarIommu(section) => *section,
            Self::CcixPer(section) => section,
            Self::CxlProtocol(section) => section,
            Self::CxlComponentEvent(section) => section,
            Self::FruMemoryPoison(section) => section,
            Self::ArmRasNode(section) => section,
            Self::Nvidia(section) => section,
            Self::NvidiaEvent(section) => section,
            Self::Ampere(section) => section,
            Self::AmpereSpecific(section) => *section,
            Self::WindowsXpfMca(section) => section,
            Self::IpfProcessor(bytes) | Self::Unknown(bytes) => bytes,
        }
    }
}

/// Looks for an error in what is described. Every length and every count that does not hold is described as one.
struct FirstError(Option<Error>);

impl Visitor for FirstError {
    fn field(&mut self, _name: &'static str, value: Value<'_>) -> fmt::Result {
        match value {
            Value::Error(error) => {
                self.0 = Some(*error);
                Err(fmt::Error)
            }
            Value::Group(group) => group.describe(self),
            Value::List(list) => list.each(&mut |item| self.field("", item)),
            _ => Ok(()),
        }
    }
}

impl Describe for Body<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.fields().describe(out)
    }
}

impl Describe for &[u8] {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("bytes", Value::Bytes(self))
    }
}

show_fields!(Body<'a>);

impl<'a> Section<'a> {
    /// The body, decoded by the section's type.
    ///
    /// # Errors
    /// When the type is known and the bytes do not hold it; the offset counts from the start of the record.
    pub fn body(&self) -> Result<Body<'a>, Error> {
        Body::decode(self.section_type().0, self.bytes()).map_err(|error| self.locate(error))
    }

    /// The body as a `T`, one of this crate's or another's; `None` when the section is of another type.
    #[inline]
    pub fn decode<T: Decode<'a>>(&self) -> Option<Result<T, Error>> {
        T::is_type(self.section_type().0).then(|| T::decode(self.bytes()).map_err(|error| self.locate(error)))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;

    /// With every length and count at its most, each type that has any is told as not whole, and the place is inside.
    #[test]
    fn a_body_that_claims_more_than_it_has_is_told_whatever_its_type() {
        let bytes = vec![0xff; 1500];
        let mut told = vec::Vec::new();
        for (section_type, name) in SectionTypeId::ALL {
            let Ok(body) = Body::decode(section_type.0, &bytes) else { continue };
            if let Some(error) = body.first_error() {
                assert!(error.offset() as usize <= bytes.len(), "{name}: {error}");
                told.push(*name);
            }
        }
        for name in
            ["IA32/X64 processor error", "Arm processor error", "CXL DRAM event", "Windows XPF machine check"]
        {
            assert!(told.contains(&name), "{name}: {told:?}");
        }
        assert_eq!(told.len(), 20, "{told:?}");
        // What is whole is not told: all zeros claim nothing.
        for (section_type, name) in SectionTypeId::ALL {
            if let Ok(body) = Body::decode(section_type.0, &[0; 1500]) {
                assert_eq!(body.first_error(), None, "{name}");
            }
        }
    }
}
