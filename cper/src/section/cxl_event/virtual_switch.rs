//! CXL virtual switch event (CXL 3.1 section 7.6.8).

use core::fmt;

use super::event_data;
use crate::fields::{Describe, Visitor};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// A change at a virtual bridge (vPPB) of a virtual switch (VCS).
    CxlVirtualSwitchEvent: 80 bytes, new;
    /// Id of the virtual switch.
    0 vcs_id: u8 as number => set_vcs_id with_vcs_id;
    /// Number of the virtual bridge.
    1 vppb: u8 as number => set_vppb with_vppb;
    /// Type of the event: what changed.
    2 event_type: (u8 CxlVirtualSwitchEventType) as named => set_event_type with_event_type;
    /// Binding status of the virtual bridge.
    3 vppb_binding_status: u8 as number => set_vppb_binding_status with_vppb_binding_status;
    /// Physical port that the virtual bridge is bound to.
    4 vppb_port_id: u8 as number => set_vppb_port_id with_vppb_port_id;
    /// Logical device that the virtual bridge is bound to.
    5 vppb_ld_id: u8 as number => set_vppb_ld_id with_vppb_ld_id;
    /// PCI Express link control register of the virtual bridge.
    6 link_control: u16 as hex => set_link_control with_link_control;
    /// PCI Express slot control register of the virtual bridge.
    8 slot_control: u16 as hex => set_slot_control with_slot_control;
    10 reserved: [u8; 70];
}

open_value! {
    /// Type of a virtual switch event: what changed at the virtual bridge.
    CxlVirtualSwitchEventType: u8 {
        BINDING_CHANGE = 0 => "binding change",
        SECONDARY_BUS_RESET = 1 => "secondary bus reset",
        LINK_CONTROL_CHANGE = 2 => "link control register change",
        SLOT_CONTROL_CHANGE = 3 => "slot control register change",
    }
}

impl Describe for CxlVirtualSwitchEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

event_data!(CxlVirtualSwitchEvent, CXL_VIRTUAL_SWITCH, "CXL virtual switch event");

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::tests::{data_at, lines};
    use super::*;
    use crate::SectionTypeId;
    use crate::section::checks::{assert_map, bit_map};
    use zerocopy::{FromBytes, IntoBytes};

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
        let written = CxlVirtualSwitchEvent::new()
            .with_vcs_id(1)
            .with_vppb(2)
            .with_event_type(CxlVirtualSwitchEventType::SLOT_CONTROL_CHANGE)
            .with_vppb_binding_status(4)
            .with_vppb_port_id(5)
            .with_vppb_ld_id(6)
            .with_link_control(0x0708)
            .with_slot_control(0x090a);
        assert_eq!(written.as_bytes(), bytes);
        let names = [0, 1, 2, 4].map(|raw| CxlVirtualSwitchEventType::new(raw).name());
        assert_eq!(
            names,
            [Some("binding change"), Some("secondary bus reset"), Some("link control register change"), None]
        );
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map = bit_map(&[0; 80], 0..0, |bytes, told| {
            told(CxlVirtualSwitchEvent::ref_from_bytes(bytes).unwrap());
        });
        assert_map(
            &map,
            "0.0 vcs_id *8 1.0 vppb *8 2.0 event_type *8 3.0 vppb_binding_status *8 4.0 vppb_port_id *8 5.0 vppb_ld_id *8 6.0 link_control *16 8.0 slot_control *16 10.0 hidden ~*560",
        );
    }
}
