//! CXL virtual switch event (CXL 3.1 section 7.6.8).

use core::fmt;

use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::event_data;
use crate::fields::{Describe, Value, Visitor};
use crate::open_value::open_value;

/// A change at a virtual bridge of a virtual switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CxlVirtualSwitchEvent {
    /// The virtual switch.
    pub vcs_id: u8,
    /// The virtual bridge.
    pub vppb: u8,
    /// What changed.
    pub event_type: CxlVirtualSwitchEventType,
    /// How the virtual bridge is bound.
    pub vppb_binding_status: u8,
    /// Physical port it is bound to.
    pub vppb_port_id: u8,
    /// Logical device it is bound to.
    pub vppb_ld_id: u8,
    /// Its PCI Express link control register.
    pub link_control: U16,
    /// Its PCI Express slot control register.
    pub slot_control: U16,
    /// 0.
    pub reserved: [u8; 70],
}

const _: () = {
    assert!(size_of::<CxlVirtualSwitchEvent>() == 0x50);
    assert!(core::mem::offset_of!(CxlVirtualSwitchEvent, link_control) == 0x36 - 0x30);
};

open_value! {
    /// What changed at a virtual bridge.
    CxlVirtualSwitchEventType: u8 {
        BINDING_CHANGE = 0 => "binding change",
        SECONDARY_BUS_RESET = 1 => "secondary bus reset",
        LINK_CONTROL_CHANGE = 2 => "link control register change",
        SLOT_CONTROL_CHANGE = 3 => "slot control register change",
    }
}

impl CxlVirtualSwitchEvent {
    /// An event of zeros.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 0x50])
    }
}

impl Describe for CxlVirtualSwitchEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("vcs_id", Value::number(self.vcs_id))?;
        out.field("vppb", Value::number(self.vppb))?;
        out.field("event_type", self.event_type.into())?;
        out.field("vppb_binding_status", Value::number(self.vppb_binding_status))?;
        out.field("vppb_port_id", Value::number(self.vppb_port_id))?;
        out.field("vppb_ld_id", Value::number(self.vppb_ld_id))?;
        out.field("link_control", Value::hex(self.link_control.get()))?;
        out.field("slot_control", Value::hex(self.slot_control.get()))
    }
}

event_data!(CxlVirtualSwitchEvent, CXL_VIRTUAL_SWITCH, "CXL virtual switch event");

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::tests::{data_at, lines};
    use super::*;
    use crate::SectionTypeId;

    #[test]
    fn every_field_is_where_the_specification_says() {
        let bytes = data_at(&[(0x30, &[1, 2, 3, 4, 5, 6, 0x08, 0x07, 0x0a, 0x09])]);
        assert_eq!(
            lines(SectionTypeId::CXL_VIRTUAL_SWITCH, bytes),
            [
                "vcs id                  1",
                "vppb                    2",
                "event type              slot control register change (3)",
                "vppb binding status     4",
                "vppb port id            5",
                "vppb ld id              6",
                "link control            0x0708",
                "slot control            0x090a",
            ]
        );
        let written = CxlVirtualSwitchEvent {
            vcs_id: 1,
            vppb: 2,
            event_type: CxlVirtualSwitchEventType::SLOT_CONTROL_CHANGE,
            vppb_binding_status: 4,
            vppb_port_id: 5,
            vppb_ld_id: 6,
            link_control: U16::new(0x0708),
            slot_control: U16::new(0x090a),
            ..CxlVirtualSwitchEvent::default()
        };
        assert_eq!(written.as_bytes(), bytes);
        let names = [0, 1, 2, 4].map(|raw| CxlVirtualSwitchEventType::new(raw).name());
        assert_eq!(
            names,
            [Some("binding change"), Some("secondary bus reset"), Some("link control register change"), None]
        );
    }
}
