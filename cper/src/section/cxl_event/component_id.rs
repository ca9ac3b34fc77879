//! Component identifier of CXL events: 16 bytes of the device's own, or since CXL 3.1 (table 8-44) in PLDM format.

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::fields::{Describe, Visitor};
use crate::structure::structure;

/// Identifier of the component that an event is of. Only the device knows what the bytes mean, unless they are in PLDM
/// format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(transparent)]
pub struct CxlComponentId([u8; 16]);

crate::grammar::byte_array!(CxlComponentId: 16);

structure! {
    /// A component identifier in PLDM format.
    CxlPldmComponentId: 16 bytes, new;
    valid CxlPldmValidation: u8 in flags {};
    0 flags: u8;
    /// PLDM entity id.
    1 entity_id: [u8; 6] as bytes, entity_id_raw set_entity_id with_entity_id, ENTITY_ID = 0;
    /// PLDM resource id.
    7 resource_id: [u8; 4] as bytes, resource_id_raw set_resource_id with_resource_id, RESOURCE_ID = 1;
    11 reserved: [u8; 5];
}

impl Describe for CxlPldmComponentId {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

/// Gives an event its component identifier in both forms, under the validity bits `COMPONENT_ID` and
/// `COMPONENT_ID_IS_PLDM`.
macro_rules! component_id {
    ($name:ident, $flags:ident) => {
        impl $name {
            /// Identifier of the component that the event is of, in whatever format.
            ///
            /// `None` when its validity bit is clear.
            #[inline]
            pub const fn component_id(&self) -> Option<&CxlComponentId> {
                if self.validation().contains($flags::COMPONENT_ID) {
                    Some(zerocopy::transmute_ref!(Self::AT.component_id.get(&self.0)))
                } else {
                    None
                }
            }

            /// Identifier of the component that the event is of, in PLDM format.
            ///
            /// `None` when its validity bit is clear, or the identifier is not in PLDM format.
            #[inline]
            pub const fn pldm_component_id(&self) -> Option<&CxlPldmComponentId> {
                if self.validation().contains($flags::COMPONENT_ID.union($flags::COMPONENT_ID_IS_PLDM)) {
                    Some(zerocopy::transmute_ref!(Self::AT.component_id.get(&self.0)))
                } else {
                    None
                }
            }

            /// Sets the identifier of the component, in the device's own format, and its validity bit.
            #[inline]
            pub const fn set_component_id(&mut self, id: CxlComponentId) {
                Self::AT.component_id.put(&mut self.0, zerocopy::transmute!(id));
                self.mark($flags::COMPONENT_ID, $flags::COMPONENT_ID_IS_PLDM);
            }

            /// Sets the identifier of the component, in the device's own format, and its validity bit.
            #[must_use]
            #[inline]
            pub const fn with_component_id(mut self, id: CxlComponentId) -> Self {
                self.set_component_id(id);
                self
            }

            /// Sets the identifier of the component, in PLDM format, and its validity bits.
            #[inline]
            pub const fn set_pldm_component_id(&mut self, id: CxlPldmComponentId) {
                Self::AT.component_id.put(&mut self.0, zerocopy::transmute!(id));
                self.mark($flags::COMPONENT_ID.union($flags::COMPONENT_ID_IS_PLDM), $flags::empty());
            }

            /// Sets the identifier of the component, in PLDM format, and its validity bits.
            #[must_use]
            #[inline]
            pub const fn with_pldm_component_id(mut self, id: CxlPldmComponentId) -> Self {
                self.set_pldm_component_id(id);
                self
            }

            /// Describes the component, if it is valid.
            fn describe_component(&self, out: &mut dyn Visitor) -> fmt::Result {
                match (self.pldm_component_id(), self.component_id()) {
                    (Some(id), _) => out.field("pldm_component_id", $crate::fields::Value::Group(id)),
                    (None, Some(id)) => out.field("component_id", $crate::fields::Value::Bytes(id.bytes())),
                    (None, None) => Ok(()),
                }
            }
        }
    };
}

pub(super) use component_id;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::{CxlMemoryModuleEvent, CxlMemoryModuleValidation};

    #[test]
    fn both_forms_and_their_bits() {
        let own = CxlComponentId::from_bytes([0xa5; 16]);
        let pldm =
            CxlPldmComponentId::new().with_entity_id([1, 2, 3, 4, 5, 6]).with_resource_id([7, 8, 9, 10]);
        assert_eq!(pldm.as_bytes(), [3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 0, 0, 0]);
        assert_eq!(pldm.entity_id(), Some([1, 2, 3, 4, 5, 6]));
        assert_eq!(pldm.resource_id(), Some([7, 8, 9, 10]));
        let none = pldm.with_validation(CxlPldmValidation::from_bits_retain(0xfc));
        assert_eq!((none.entity_id(), none.resource_id()), (None, None));
        assert_eq!(
            CxlPldmComponentId::new().with_entity_id([0; 6]).validation(),
            CxlPldmValidation::ENTITY_ID
        );
        assert_eq!(
            CxlPldmComponentId::new().with_resource_id([0; 4]).validation(),
            CxlPldmValidation::RESOURCE_ID
        );

        let event = CxlMemoryModuleEvent::new();
        assert_eq!((event.component_id(), event.pldm_component_id()), (None, None));
        let event = event.with_pldm_component_id(pldm);
        assert_eq!(event.validation().bits(), 3);
        assert_eq!(event.pldm_component_id(), Some(&pldm));
        assert_eq!(event.component_id().unwrap().as_bytes(), pldm.as_bytes());
        let event = event.with_component_id(own);
        assert_eq!(event.validation().bits(), 1);
        assert_eq!((event.component_id(), event.pldm_component_id()), (Some(&own), None));
        // The format bit alone identifies nothing.
        let event = event.with_validation(CxlMemoryModuleValidation::COMPONENT_ID_IS_PLDM);
        assert_eq!((event.component_id(), event.pldm_component_id()), (None, None));
    }
}
