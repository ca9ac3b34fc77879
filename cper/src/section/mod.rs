//! Section bodies, one file each, and what they have in common.
//!
//! A body is read as a view of its bytes ([`Decode`], [`View`]). A body of fixed size is written as its wire structure,
//! one of variable size from its parts ([`Encode`]). Another crate implements the same traits for a section of its
//! own:
//!
//! ```
//! use cper::section::{Decode, FixedSection, FixedView, SectionType};
//! use cper::{Error, SectionTypeId, zerocopy};
//! use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, little_endian::U32};
//!
//! #[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
//! #[zerocopy(crate = "cper::zerocopy")]
//! #[repr(C)]
//! struct FanError {
//!     fan: U32,
//!     rpm: U32,
//! }
//!
//! impl SectionType for FanError {
//!     const TYPE: SectionTypeId = SectionTypeId::parse_const("2f1b3c58-0f0e-4a3c-9d68-6a1b6e0d7a11");
//!     const NAME: &'static str = "fan error";
//! }
//! impl FixedSection for FanError {}
//! impl Decode for FanError {
//!     type View<'a> = FixedView<'a, Self>;
//!
//!     fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, Error> {
//!         FixedView::new(body)
//!     }
//! }
//!
//! fn fans(record: cper::Record<'_>) {
//!     for section in record.sections().flatten() {
//!         if let Some(Ok(error)) = section.decode::<FanError>() {
//!             println!("fan {} at {} rpm", error.fan, error.rpm);
//!         }
//!     }
//! }
//! ```

mod aer;
mod arm;
mod bodies;
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
pub use context::{AddressedRegister, ContextPadding, Contexts, Register, Registers};
pub use cxl_event::*;
pub use cxl_protocol::{
    CxlAgentAddress, CxlAgentType, CxlCorrectableErrors, CxlDeviceId, CxlDvsecId, CxlProtocolError,
    CxlProtocolErrorHeader, CxlProtocolErrorParts, CxlProtocolValidation, CxlRasCapability,
    CxlUncorrectableErrors, DvsecHeader,
};
pub use dmar_generic::{
    DmarAccessType, DmarAddressType, DmarArchitecture, DmarFaultReason, DmarGenericError,
    DmarGenericErrorView,
};
pub use dmar_iommu::{DmarIommuError, DmarIommuErrorView, IommuEvent, IommuEventCode};
pub use dmar_vtd::{
    DmarVtdError, DmarVtdErrorView, VtdAddressType, VtdFaultReason, VtdFaultRecord, VtdFaultSource,
    VtdFaultSourceFlags, VtdFaultStatus, VtdFaultStatusFlags, VtdRequestType,
};
pub use error_status::{ErrorStatus, ErrorStatusFlags, ErrorStatusType};
pub use firmware::{
    FirmwareErrorRecord, FirmwareErrorRecordHeader, FirmwareErrorRecordParts, FirmwareErrorRecordType,
};
pub use fru_memory_poison::{
    FruArchType, FruIdType, FruMemoryPoison, FruMemoryPoisonHeader, FruMemoryPoisonParts,
    FruMemoryPoisonValidation, HardwareIdType, PoisonAddressType, PoisonDescriptor,
};
pub use ia32x64::{
    AddressedRegisters, BusAddressSpace, BusCheck, CacheCheck, CacheOperation, CpuidInfo, Ia32X64Check,
    Ia32X64Context, Ia32X64ContextHeader, Ia32X64ContextType, Ia32X64ErrorInformation, Ia32X64ErrorType,
    Ia32X64ErrorValidation, Ia32X64Header, Ia32X64Parts, Ia32X64Processor, Ia32X64Validation,
    MicroArchitecturalCheck, MicroArchitecturalErrorType, SmcaBank, TlbCheck,
};
pub use memory::{MemoryError, MemoryErrorType, MemoryErrorView, MemoryValidation};
pub use memory_2::{Memory2Validation, MemoryError2, MemoryError2View, MemoryErrorState};
pub use pci_address::{PciAddress, RequesterId};
pub use pci_bus::{
    PciBusCommand, PciBusCommandFlags, PciBusError, PciBusErrorType, PciBusErrorView, PciBusId,
    PciBusValidation,
};
pub use pci_component::{
    PciComponentError, PciComponentErrorHeader, PciComponentErrorParts, PciComponentId,
    PciComponentValidation, RegisterDataPair,
};
pub use pcie::{
    BridgeControl, BridgeControlStatus, PciCommand, PciCommandStatus, PciStatus, PciStatusFlags,
    PcieDeviceId, PcieError, PcieErrorView, PcieValidation, PcieVersion,
};
pub use pcie_capability::{PcieCapability, PciePortType};
pub use processor_generic::{
    BrandString, ProcessorErrorTypes, ProcessorFlags, ProcessorGeneric, ProcessorGenericView, ProcessorIsa,
    ProcessorOperation, ProcessorType, ProcessorValidation,
};

use core::fmt;

pub use crate::entries::{Entries, SizedEntries};
pub use crate::kind::{Decode, Encode, FixedSection, FixedView, SectionType, View};
pub use bodies::{Body, IpfProcessor, Summary};

use crate::fields::{Describe, Value, Visitor};

impl Describe for &[u8] {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("bytes", Value::Bytes(self))
    }
}
