//! Sections that vendors define for their own hardware.

pub mod ampere;
pub mod arm_ras_node;
pub mod nvidia;
pub mod nvidia_event;
pub mod windows_xpf_mca;

#[doc(inline)]
pub use ampere::{
    AmpereError, AmpereErrorHeader, AmpereErrorParts, AmpereSpecificError, AmpereSpecificErrorView,
};
#[doc(inline)]
pub use arm_ras_node::{ArmRasNode, ArmRasNodeHeader, ArmRasNodeParts};
#[doc(inline)]
pub use nvidia::{NvidiaError, NvidiaErrorHeader, NvidiaErrorParts};
#[doc(inline)]
pub use nvidia_event::{NvidiaEvent, NvidiaEventHeader, NvidiaEventParts};
#[doc(inline)]
pub use windows_xpf_mca::{WindowsXpfMca, WindowsXpfMcaHeader, WindowsXpfMcaParts};

// The structures inside of sections: documented in their modules, and exported here too.
#[doc(hidden)]
pub use ampere::{AmpereFirmwareError, AmperePayload, AmperePcieAer, AmperePcieRasdp, AmpereRasNode};
#[doc(hidden)]
pub use arm_ras_node::{
    ArmRasAuxiliary, ArmRasAuxiliaryHeader, ArmRasAuxiliaryParts, ArmRasComponentType, ArmRasContext,
    ArmRasContextHeader, ArmRasContextParts, ArmRasErrorCode, ArmRasInstance, ArmRasInstanceFormat,
    ArmRasKeyValue, ArmRasRecord, ArmRasRegister, ArmRasTypeFormat, ArmRasUnitType,
};
#[doc(hidden)]
pub use nvidia::{CmetInfo, NvidiaFirmwareError, NvidiaRegister};
#[doc(hidden)]
pub use nvidia_event::{
    NvidiaContext, NvidiaContextHeader, NvidiaCpuInfo, NvidiaDataType, NvidiaGpuInfo, NvidiaGpuMetadata,
    NvidiaGpuPci, NvidiaInfo, NvidiaRecommendedActions, NvidiaSource, NvidiaXid,
};
#[doc(hidden)]
pub use windows_xpf_mca::{
    AMD_REGISTERS, WindowsBankStatus, WindowsCpuVendor, WindowsFurtherBank, WindowsFurtherBanks,
    WindowsGlobalCapability, WindowsGlobalStatus, WindowsRecoveryActions, WindowsRecoveryFailures,
    WindowsXpfRecovery,
};

use core::fmt;
use core::iter::FusedIterator;
use core::ops::Range;

use crate::fields::{Describe, List, Value, Visitor};

/// Iterator over the gaps of a section whose parts lie at offsets: each run of bytes that no part takes, with its
/// offset.
#[derive(Clone, Debug)]
pub struct Gaps<'a> {
    bytes: &'a [u8],
    parts: [Range<usize>; 3],
    at: usize,
}

impl<'a> Gaps<'a> {
    /// The bytes that these parts leave.
    const fn new(bytes: &'a [u8], parts: [Range<usize>; 3]) -> Self {
        Self { bytes, parts, at: 0 }
    }

    /// Describes them as a field, when there are any.
    fn describe(self, out: &mut dyn Visitor) -> fmt::Result {
        match self.clone().next() {
            Some(_) => out.field("gaps", Value::List(&self)),
            None => Ok(()),
        }
    }
}

impl<'a> Iterator for Gaps<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let Self { bytes, parts, at } = self;
        while let Some(part) = parts.iter().find(|part| part.contains(at)) {
            *at = part.end;
        }
        let start = *at;
        *at = bytes.len();
        for part in &*parts {
            if !part.is_empty() && part.start > start {
                *at = part.start.min(*at);
            }
        }
        match bytes.get(start..*at) {
            None | Some([]) => None,
            Some(bytes) => Some((start, bytes)),
        }
    }
}

impl FusedIterator for Gaps<'_> {}

impl List for Gaps<'_> {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> fmt::Result) -> fmt::Result {
        for (offset, bytes) in self.clone() {
            item(Value::Group(&Run { offset, bytes }))?;
        }
        Ok(())
    }
}

/// Bytes and their offset for descriptions.
struct Run<'a> {
    offset: usize,
    bytes: &'a [u8],
}

impl Describe for Run<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("offset", Value::length(self.offset))?;
        out.field("bytes", Value::Bytes(self.bytes))
    }
}
