//! CXL physical switch event (CXL 3.1 section 7.6.8).

use core::fmt;

use super::event_data;
use crate::fields::{Describe, Value, Visitor, shows};
use crate::open_value::open_value;
use crate::section::pcie_encodings::LinkWidth;
use crate::structure::structure;

structure! {
    /// A change at a port of a physical switch. The fields after the slot status are those of the output of the command
    /// "Get Physical Port State".
    CxlPhysicalSwitchEvent: 80 bytes, new;
    parts described;
    /// Number of the physical port.
    0 physical_port_id: u8 => set_physical_port_id with_physical_port_id;
    /// Type of the event: what changed.
    1 event_type: (u8 CxlPhysicalSwitchEventType) => set_event_type with_event_type;
    /// The port's PCI Express slot status register.
    2 slot_status: u16 => set_slot_status with_slot_status;
    4 reserved: u8;
    /// State of the port's configuration, bits 3:0.
    5 current_port_configuration_state: u8
        => set_current_port_configuration_state with_current_port_configuration_state;
    /// Mode of the connected device, bits 3:0.
    6 connected_device_mode: u8 => set_connected_device_mode with_connected_device_mode;
    7 reserved_2: u8;
    /// Type of the connected device.
    8 connected_device_type: u8 => set_connected_device_type with_connected_device_type;
    /// CXL modes that the connected device supports, one bit for each.
    9 supported_cxl_modes: u8 => set_supported_cxl_modes with_supported_cxl_modes;
    /// Largest link width, bits 5:0.
    10 maximum_link_width: u8 => set_maximum_link_width with_maximum_link_width;
    /// Link width that was negotiated.
    11 negotiated_link_width: u8 => set_negotiated_link_width with_negotiated_link_width;
    /// Link speeds that are supported, one bit for each.
    12 supported_link_speeds: u8 => set_supported_link_speeds with_supported_link_speeds;
    /// Largest link speed.
    13 maximum_link_speed: u8 => set_maximum_link_speed with_maximum_link_speed;
    /// Link speed in use.
    14 current_link_speed: u8 => set_current_link_speed with_current_link_speed;
    /// State of the link training (LTSSM).
    15 ltssm_state: u8 => set_ltssm_state with_ltssm_state;
    /// First lane that was negotiated.
    16 first_negotiated_lane: u8 => set_first_negotiated_lane with_first_negotiated_lane;
    /// Flags of the link's state.
    17 link_state_flags: u16 => set_link_state_flags with_link_state_flags;
    19 reserved_3: [u8; 61];
}

open_value! {
    /// Type of a physical switch event: what changed at the port.
    CxlPhysicalSwitchEventType: u8 {
        LINK_STATE_CHANGE = 0 => "link state change",
        SLOT_STATUS_UPDATED = 1 => "slot status register updated",
    }
}

impl Describe for CxlPhysicalSwitchEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        shows!(out, self, physical_port_id, event_type, slot_status);
        shows!(out, self, connected_device_type, supported_cxl_modes, negotiated_link_width);
        shows!(out, self, supported_link_speeds, maximum_link_speed, current_link_speed);
        shows!(out, self, ltssm_state, first_negotiated_lane, link_state_flags);
        if self.current_port_configuration_state() >> 4 == 0 {
            shows!(out, self, current_port_configuration_state);
        }
        if self.connected_device_mode() >> 4 == 0 {
            shows!(out, self, connected_device_mode);
        }
        if self.maximum_link_width() >> 6 == 0 {
            shows!(out, self, maximum_link_width);
        }
        out.field("physical_port_id", Value::number(self.physical_port_id()))?;
        out.field("event_type", self.event_type().into())?;
        out.field("slot_status", Value::hex(self.slot_status()))?;
        let state = self.current_port_configuration_state() & 0xf;
        out.field("current_port_configuration_state", Value::number(state))?;
        out.field("connected_device_mode", Value::number(self.connected_device_mode() & 0xf))?;
        out.field("connected_device_type", Value::number(self.connected_device_type()))?;
        out.field("supported_cxl_modes", Value::hex(self.supported_cxl_modes()))?;
        out.field("maximum_link_width", LinkWidth::new(self.maximum_link_width() & 0x3f).into())?;
        out.field("negotiated_link_width", LinkWidth::new(self.negotiated_link_width()).into())?;
        out.field("supported_link_speeds", Value::hex(self.supported_link_speeds()))?;
        out.field("maximum_link_speed", Value::number(self.maximum_link_speed()))?;
        out.field("current_link_speed", Value::number(self.current_link_speed()))?;
        out.field("ltssm_state", Value::number(self.ltssm_state()))?;
        out.field("first_negotiated_lane", Value::number(self.first_negotiated_lane()))?;
        out.field("link_state_flags", Value::hex(self.link_state_flags()))
    }
}

event_data!(CxlPhysicalSwitchEvent, CXL_PHYSICAL_SWITCH, "CXL physical switch event");

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::tests::{data_at, lines};
    use super::*;
    use crate::SectionTypeId;
    use crate::section::checks::{assert_map, bit_map};
    use std::string::ToString;
    use zerocopy::{FromBytes, IntoBytes};

    #[test]
    fn every_field_is_where_the_specification_says() {
        let mut bytes = data_at(&[
            (0x30, &[1, 1, 0x03, 0x02]),
            (0x35, &[0xf4, 0xf5]),
            (0x38, &[6, 7, 0xc8, 9, 0x0a, 11, 12, 13, 14, 0x10, 0x0f]),
        ]);
        assert_eq!(
            lines(SectionTypeId::CXL_PHYSICAL_SWITCH, bytes),
            [
                "physical port id        1",
                "event type              slot status register updated (1)",
                "slot status             0x0203",
                "current port configuration state 4",
                "connected device mode   5",
                "connected device type   6",
                "supported cxl modes     0x07",
                "maximum link width      x8 (8)",
                "negotiated link width   reserved (9)",
                "supported link speeds   0x0a",
                "maximum link speed      11",
                "current link speed      12",
                "ltssm state             13",
                "first negotiated lane   14",
                "link state flags        0x0f10",
            ]
        );
        bytes[1] = 0;
        let event = CxlPhysicalSwitchEvent::ref_from_bytes(&bytes).unwrap();
        assert_eq!(event.event_type(), CxlPhysicalSwitchEventType::LINK_STATE_CHANGE);
        assert!(event.to_string().contains("link state change (0)\n"));
        assert_eq!(CxlPhysicalSwitchEventType::new(2).name(), None);
        let written = CxlPhysicalSwitchEvent::new()
            .with_physical_port_id(1)
            .with_slot_status(0x0203)
            .with_current_port_configuration_state(0xf4)
            .with_connected_device_mode(0xf5)
            .with_connected_device_type(6)
            .with_supported_cxl_modes(7)
            .with_maximum_link_width(0xc8)
            .with_negotiated_link_width(9)
            .with_supported_link_speeds(10)
            .with_maximum_link_speed(11)
            .with_current_link_speed(12)
            .with_ltssm_state(13)
            .with_first_negotiated_lane(14)
            .with_link_state_flags(0x0f10);
        assert_eq!(written.as_bytes(), bytes);
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map = bit_map(&[0; 80], 0..0, |bytes, told| {
            told(CxlPhysicalSwitchEvent::ref_from_bytes(bytes).unwrap());
        });
        assert_map(
            &map,
            "0.0 physical_port_id *8 1.0 event_type *8 2.0 slot_status *16 4.0 hidden ~*8 5.0 current_port_configuration_state *4 5.4 hidden ~*4 6.0 connected_device_mode *4 6.4 hidden ~*12 8.0 connected_device_type *8 9.0 supported_cxl_modes *8 10.0 maximum_link_width *6 10.6 hidden ~*2 11.0 negotiated_link_width *8 12.0 supported_link_speeds *8 13.0 maximum_link_speed *8 14.0 current_link_speed *8 15.0 ltssm_state *8 16.0 first_negotiated_lane *8 17.0 link_state_flags *16 19.0 hidden ~*488",
        );
    }
}
