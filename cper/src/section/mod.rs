//! Section bodies, one module for each, and what they have in common.
//!
//! [`Body`] lists the sections. Their types are listed below: a `MemoryError` is written, and a `MemoryErrorView` is
//! read. Of a body of variable size, `ArmProcessorHeader` is the fixed part, an `ArmProcessorParts` is written, and an
//! `ArmProcessor` is read. The values and structures inside a section are in the section's module, such as [`memory`]
//! or [`pcie`], and can be imported from here too.
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
//!     const TYPE: SectionTypeId =
//!         SectionTypeId::parse_const("2f1b3c58-0f0e-4a3c-9d68-6a1b6e0d7a11");
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
//!             println!("fan {} at {} rpm", error.structure().fan, error.structure().rpm);
//!         }
//!     }
//! }
//! ```

pub mod aer;
pub mod arm;
mod bodies;
pub mod ccix_per;
pub mod ccix_per_log;
pub mod check_info;
#[cfg(test)]
mod checks;
pub mod context;
pub mod cxl_event;
pub mod cxl_protocol;
pub mod dmar_generic;
pub mod dmar_iommu;
pub mod dmar_vtd;
pub mod error_status;
pub mod firmware;
pub mod fru_memory_poison;
pub mod ia32x64;
pub mod memory;
pub mod memory_2;
pub mod midr;
pub mod pci_address;
pub mod pci_bus;
pub mod pci_component;
pub mod pcie;
pub mod pcie_capability;
pub mod pcie_encodings;
pub mod processor_generic;
mod register;
mod runs;
pub mod vendor;

// The sections. Each as it is written, and as it is read.
#[doc(inline)]
pub use arm::{ArmErrors, ArmProcessor, ArmProcessorHeader, ArmProcessorParts};
#[doc(inline)]
pub use ccix_per::{CcixPerError, CcixPerErrorHeader, CcixPerErrorParts};
#[doc(inline)]
pub use cxl_event::{
    CxlComponentEvent, CxlComponentHeader, CxlDramEvent, CxlEvent, CxlEventHeader, CxlGeneralMediaEvent,
    CxlMemoryModuleEvent, CxlMemorySparingEvent, CxlMldPortEvent, CxlPhysicalSwitchEvent,
    CxlVirtualSwitchEvent,
};
#[doc(inline)]
pub use cxl_protocol::{CxlProtocolError, CxlProtocolErrorHeader, CxlProtocolErrorParts};
#[doc(inline)]
pub use dmar_generic::{DmarGenericError, DmarGenericErrorView};
#[doc(inline)]
pub use dmar_iommu::{DmarIommuError, DmarIommuErrorView};
#[doc(inline)]
pub use dmar_vtd::{DmarVtdError, DmarVtdErrorView};
#[doc(inline)]
pub use firmware::{FirmwareErrorRecord, FirmwareErrorRecordHeader, FirmwareErrorRecordParts};
#[doc(inline)]
pub use fru_memory_poison::{FruMemoryPoison, FruMemoryPoisonHeader, FruMemoryPoisonParts};
#[doc(inline)]
pub use ia32x64::{Ia32X64Header, Ia32X64Parts, Ia32X64Processor};
#[doc(inline)]
pub use memory::{MemoryError, MemoryErrorView};
#[doc(inline)]
pub use memory_2::{MemoryError2, MemoryError2View};
#[doc(inline)]
pub use pci_bus::{PciBusError, PciBusErrorView};
#[doc(inline)]
pub use pci_component::{PciComponentError, PciComponentErrorHeader, PciComponentErrorParts};
#[doc(inline)]
pub use pcie::{PcieError, PcieErrorView};
#[doc(inline)]
pub use processor_generic::{ProcessorGeneric, ProcessorGenericView};

// The structures inside of sections: documented in their modules, and exported here too.
#[doc(hidden)]
pub use aer::{
    AerCapability, AerControl, CorrectableError, CorrectableErrors, ExtendedCapabilityHeader,
    RootErrorCommand, RootErrorStatus, UncorrectableError, UncorrectableErrors,
};
#[doc(hidden)]
pub use arm::{
    ArmAccessMode, ArmAddressSpace, ArmBusError, ArmCacheError, ArmCacheOperation, ArmContext,
    ArmContextHeader, ArmContextType, ArmErrorFlags, ArmErrorInformation, ArmErrorType, ArmErrorTypeReading,
    ArmErrorTypes, ArmErrorValidation, ArmProcessorValidation, ArmSystemRegister, ArmTlbError,
    ArmTlbOperation, MrsEncoding,
};
#[doc(hidden)]
pub use ccix_per::CcixPerValidation;
#[doc(hidden)]
pub use ccix_per_log::{CcixComponentType, CcixErrorType, CcixPerLog};
#[doc(hidden)]
pub use check_info::{AccessOperation, ParticipationType, TransactionType};
#[doc(hidden)]
pub use context::{AddressedRegister, ContextPadding, Contexts, Register, Registers};
#[doc(hidden)]
pub use cxl_event::*;
#[doc(hidden)]
pub use cxl_protocol::{
    CxlAgentAddress, CxlAgentType, CxlCorrectableErrors, CxlDeviceId, CxlDvsecId, CxlProtocolValidation,
    CxlRasCapability, CxlUncorrectableErrors, DvsecHeader,
};
#[doc(hidden)]
pub use dmar_generic::{DmarAccessType, DmarAddressType, DmarArchitecture, DmarFaultReason};
#[doc(hidden)]
pub use dmar_iommu::{IommuEvent, IommuEventCode};
#[doc(hidden)]
pub use dmar_vtd::{
    VtdAddressType, VtdFaultReason, VtdFaultRecord, VtdFaultSource, VtdFaultStatus, VtdRequestType,
};
#[doc(hidden)]
pub use error_status::{ErrorStatus, ErrorStatusFlags, ErrorStatusType};
#[doc(hidden)]
pub use firmware::FirmwareErrorRecordType;
#[doc(hidden)]
pub use fru_memory_poison::{
    FruArchType, FruIdType, FruMemoryPoisonValidation, HardwareIdType, PoisonAddressType, PoisonDescriptor,
};
#[doc(hidden)]
pub use ia32x64::{
    AddressedRegisters, BusAddressSpace, BusCheck, CacheCheck, CacheOperation, CpuidInfo, Ia32X64Check,
    Ia32X64Context, Ia32X64ContextHeader, Ia32X64ContextType, Ia32X64ErrorInformation, Ia32X64ErrorType,
    Ia32X64ErrorValidation, Ia32X64Validation, MicroArchitecturalCheck, MicroArchitecturalErrorType,
    SmcaBank, TlbCheck,
};
#[doc(hidden)]
pub use memory::{MemoryErrorType, MemoryValidation};
#[doc(hidden)]
pub use memory_2::{Memory2Validation, MemoryErrorState};
#[doc(hidden)]
pub use midr::Midr;
#[doc(hidden)]
pub use pci_address::{PciAddress, RequesterId};
#[doc(hidden)]
pub use pci_bus::{PciBusCommand, PciBusErrorType, PciBusId, PciBusValidation};
#[doc(hidden)]
pub use pci_component::{PciComponentId, PciComponentValidation, RegisterDataPair};
#[doc(hidden)]
pub use pcie::{
    BridgeControl, BridgeControlStatus, PciCommand, PciCommandStatus, PciStatus, PcieDeviceId,
    PcieValidation, PcieVersion,
};
#[doc(hidden)]
pub use pcie_capability::{PcieCapability, PciePortType};
#[doc(hidden)]
pub use pcie_encodings::{
    LinkWidth, PcieAspmStates, PcieL0sAcceptableLatency, PcieL0sExitLatency, PcieL1AcceptableLatency,
    PcieL1ExitLatency, PciePayloadSize,
};
#[doc(hidden)]
pub use processor_generic::{
    BrandString, ProcessorErrorTypes, ProcessorFlags, ProcessorIsa, ProcessorOperation, ProcessorType,
    ProcessorValidation,
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
