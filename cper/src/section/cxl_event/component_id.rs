//! Component identifier of CXL events: 16 bytes of the device's own, or since CXL 3.1 (table 8-44) in PLDM format.

use core::fmt;

use bitflags::bitflags;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::fields::{Describe, Value, Visitor};

/// Which component an event is of; what the bytes mean is the device's business unless they are in PLDM format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(transparent)]
pub struct CxlComponentId(pub [u8; 16]);

/// A component identifier in PLDM format.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct CxlPldmComponentId {
    /// [`CxlPldmFlags`].
    pub flags: u8,
    /// PLDM entity id.
    pub entity_id: [u8; 6],
    /// PLDM resource id.
    pub resource_id: [u8; 4],
    /// 0.
    pub reserved: [u8; 5],
}

const _: () = {
    assert!(size_of::<CxlPldmComponentId>() == 16 && align_of::<CxlPldmComponentId>() == 1);
    assert!(core::mem::offset_of!(CxlPldmComponentId, resource_id) == 7);
};

bitflags! {
    /// Which fields of a [`CxlPldmComponentId`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CxlPldmFlags: u8 {
        /// [`CxlPldmComponentId::entity_id`].
        const ENTITY_ID = 1 << 0;
        /// [`CxlPldmComponentId::resource_id`].
        const RESOURCE_ID = 1 << 1;
        const _ = !0;
    }
}

impl CxlPldmComponentId {
    /// An identifier with no field valid.
    pub const fn new() -> Self {
        Self { flags: 0, entity_id: [0; 6], resource_id: [0; 4], reserved: [0; 5] }
    }

    /// Which fields hold a value; unknown bits are kept.
    pub const fn flags(&self) -> CxlPldmFlags {
        CxlPldmFlags::from_bits_retain(self.flags)
    }

    /// PLDM entity id; `None` when its validity bit is clear.
    pub const fn entity_id(&self) -> Option<&[u8; 6]> {
        if self.flags().contains(CxlPldmFlags::ENTITY_ID) { Some(&self.entity_id) } else { None }
    }

    /// PLDM resource id; `None` when its validity bit is clear.
    pub const fn resource_id(&self) -> Option<&[u8; 4]> {
        if self.flags().contains(CxlPldmFlags::RESOURCE_ID) { Some(&self.resource_id) } else { None }
    }

    /// Sets the entity id and its validity bit.
    #[must_use]
    pub const fn with_entity_id(mut self, id: [u8; 6]) -> Self {
        self.entity_id = id;
        self.flags |= CxlPldmFlags::ENTITY_ID.bits();
        self
    }

    /// Sets the resource id and its validity bit.
    #[must_use]
    pub const fn with_resource_id(mut self, id: [u8; 4]) -> Self {
        self.resource_id = id;
        self.flags |= CxlPldmFlags::RESOURCE_ID.bits();
        self
    }
}

impl Describe for CxlPldmComponentId {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        if let Some(id) = self.entity_id() {
            out.field("entity_id", Value::Bytes(id))?;
        }
        if let Some(id) = self.resource_id() {
            out.field("resource_id", Value::Bytes(id))?;
        }
        Ok(())
    }
}

/// Gives an event its component identifier in both forms, under the validity bits `COMPONENT_ID` and
/// `COMPONENT_ID_IS_PLDM`.
macro_rules! component_id {
    ($name:ident, $flags:ident) => {
        impl $name {
            /// Component the event is of, in whatever form.
            ///
            /// `None` when its validity bit is clear.
            pub const fn component_id(&self) -> Option<&CxlComponentId> {
                if self.validation().contains($flags::COMPONENT_ID) { Some(&self.component_id) } else { None }
            }

            /// Component the event is of, in PLDM format.
            ///
            /// `None` when it is not valid or not in that format.
            pub const fn pldm_component_id(&self) -> Option<&CxlPldmComponentId> {
                if self.validation().contains($flags::COMPONENT_ID.union($flags::COMPONENT_ID_IS_PLDM)) {
                    Some(zerocopy::transmute_ref!(&self.component_id))
                } else {
                    None
                }
            }

            /// Sets the component in the device's own form, and its validity bit.
            #[must_use]
            pub const fn with_component_id(mut self, id: CxlComponentId) -> Self {
                let valid = self.validation().difference($flags::COMPONENT_ID_IS_PLDM);
                self.validity_flags = U16::new(valid.union($flags::COMPONENT_ID).bits());
                self.component_id = id;
                self
            }

            /// Sets the component in PLDM format, and its validity bits.
            #[must_use]
            pub const fn with_pldm_component_id(mut self, id: CxlPldmComponentId) -> Self {
                let valid = self.validation().union($flags::COMPONENT_ID_IS_PLDM);
                self.validity_flags = U16::new(valid.union($flags::COMPONENT_ID).bits());
                self.component_id = zerocopy::transmute!(id);
                self
            }

            /// Tells the component, if it is valid.
            fn describe_component(&self, out: &mut dyn Visitor) -> fmt::Result {
                match (self.pldm_component_id(), self.component_id()) {
                    (Some(id), _) => out.field("component_id", Value::Group(id)),
                    (None, Some(id)) => out.field("component_id", Value::Bytes(&id.0)),
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
    use crate::section::CxlMemoryModuleEvent;

    #[test]
    fn both_forms_and_their_bits() {
        let own = CxlComponentId([0xa5; 16]);
        let pldm =
            CxlPldmComponentId::new().with_entity_id([1, 2, 3, 4, 5, 6]).with_resource_id([7, 8, 9, 10]);
        assert_eq!(pldm.as_bytes(), [3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 0, 0, 0]);
        assert_eq!(pldm.entity_id(), Some(&[1, 2, 3, 4, 5, 6]));
        assert_eq!(pldm.resource_id(), Some(&[7, 8, 9, 10]));
        let none = CxlPldmComponentId { flags: 0xfc, ..pldm };
        assert_eq!((none.entity_id(), none.resource_id()), (None, None));
        assert_eq!(CxlPldmComponentId::new().with_entity_id([0; 6]).flags(), CxlPldmFlags::ENTITY_ID);
        assert_eq!(CxlPldmComponentId::new().with_resource_id([0; 4]).flags(), CxlPldmFlags::RESOURCE_ID);

        let event = CxlMemoryModuleEvent::new();
        assert_eq!((event.component_id(), event.pldm_component_id()), (None, None));
        let event = event.with_pldm_component_id(pldm);
        assert_eq!(event.validity_flags.get(), 3);
        assert_eq!(event.pldm_component_id(), Some(&pldm));
        assert_eq!(event.component_id().unwrap().as_bytes(), pldm.as_bytes());
        let event = event.with_component_id(own);
        assert_eq!(event.validity_flags.get(), 1);
        assert_eq!((event.component_id(), event.pldm_component_id()), (Some(&own), None));
        // The format bit alone says nothing.
        let event = CxlMemoryModuleEvent { validity_flags: 2.into(), ..event };
        assert_eq!((event.component_id(), event.pldm_component_id()), (None, None));
    }
}
