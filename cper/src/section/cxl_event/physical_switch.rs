//! CXL physical switch event (CXL 3.1 section 7.6.8).

use core::fmt;

use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::event_data;
use crate::fields::{Describe, Value, Visitor};
use crate::open_value::open_value;

/// A change at a port of a physical switch. The fields behind the slot status are those of the switch's own answer
/// to "Get Physical Port State".
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CxlPhysicalSwitchEvent {
    /// The port.
    pub physical_port_id: u8,
    /// What changed.
    pub event_type: CxlPhysicalSwitchEventType,
    /// The port's PCI Express slot status register.
    pub slot_status: U16,
    /// 0.
    pub reserved: u8,
    /// State of the port's configuration, bits 3:0.
    pub current_port_configuration_state: u8,
    /// Mode of the connected device, bits 3:0.
    pub connected_device_mode: u8,
    /// 0.
    pub reserved_2: u8,
    /// Type of the connected device.
    pub connected_device_type: u8,
    /// CXL modes that the connected device supports, a bit each.
    pub supported_cxl_modes: u8,
    /// Largest link width, bits 5:0.
    pub maximum_link_width: u8,
    /// Link width that was negotiated.
    pub negotiated_link_width: u8,
    /// Link speeds that are supported, a bit each.
    pub supported_link_speeds: u8,
    /// Largest link speed.
    pub maximum_link_speed: u8,
    /// Link speed in use.
    pub current_link_speed: u8,
    /// State of the link's training.
    pub ltssm_state: u8,
    /// First lane that was negotiated.
    pub first_negotiated_lane: u8,
    /// Flags of the link's state.
    pub link_state_flags: U16,
    /// 0.
    pub reserved_3: [u8; 61],
}

const _: () = {
    assert!(size_of::<CxlPhysicalSwitchEvent>() == 0x50);
    assert!(core::mem::offset_of!(CxlPhysicalSwitchEvent, connected_device_type) == 0x38 - 0x30);
    assert!(core::mem::offset_of!(CxlPhysicalSwitchEvent, ltssm_state) == 0x3f - 0x30);
    assert!(core::mem::offset_of!(CxlPhysicalSwitchEvent, link_state_flags) == 0x41 - 0x30);
};

open_value! {
    /// What changed at a port of a physical switch.
    CxlPhysicalSwitchEventType: u8 {
        LINK_STATE_CHANGE = 0 => "link state change",
        SLOT_STATUS_UPDATED = 1 => "slot status register updated",
    }
}

impl CxlPhysicalSwitchEvent {
    /// An event of zeros.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 0x50])
    }
}

impl Describe for CxlPhysicalSwitchEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("physical_port_id", Value::number(self.physical_port_id))?;
        out.field("event_type", self.event_type.into())?;
        out.field("slot_status", Value::hex(self.slot_status.get()))?;
        let state = self.current_port_configuration_state & 0xf;
        out.field("current_port_configuration_state", Value::number(state))?;
        out.field("connected_device_mode", Value::number(self.connected_device_mode & 0xf))?;
        out.field("connected_device_type", Value::number(self.connected_device_type))?;
        out.field("supported_cxl_modes", Value::hex(self.supported_cxl_modes))?;
        out.field("maximum_link_width", Value::number(self.maximum_link_width & 0x3f))?;
        out.field("negotiated_link_width", Value::number(self.negotiated_link_width))?;
        out.field("supported_link_speeds", Value::hex(self.supported_link_speeds))?;
        out.field("maximum_link_speed", Value::number(self.maximum_link_speed))?;
        out.field("current_link_speed", Value::number(self.current_link_speed))?;
        out.field("ltssm_state", Value::number(self.ltssm_state))?;
        out.field("first_negotiated_lane", Value::number(self.first_negotiated_lane))?;
        out.field("link_state_flags", Value::hex(self.link_state_flags.get()))
    }
}

event_data!(CxlPhysicalSwitchEvent, CXL_PHYSICAL_SWITCH, "CXL physical switch event");

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::tests::{data_at, lines};
    use super::*;
    use crate::SectionTypeId;
    use std::string::ToString;

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
                "maximum link width      8",
                "negotiated link width   9",
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
        assert_eq!(event.event_type, CxlPhysicalSwitchEventType::LINK_STATE_CHANGE);
        assert!(event.to_string().contains("link state change (0)\n"));
        assert_eq!(CxlPhysicalSwitchEventType::new(2).name(), None);
        let written = CxlPhysicalSwitchEvent {
            physical_port_id: 1,
            slot_status: U16::new(0x0203),
            current_port_configuration_state: 0xf4,
            connected_device_mode: 0xf5,
            connected_device_type: 6,
            supported_cxl_modes: 7,
            maximum_link_width: 0xc8,
            negotiated_link_width: 9,
            supported_link_speeds: 10,
            maximum_link_speed: 11,
            current_link_speed: 12,
            ltssm_state: 13,
            first_negotiated_lane: 14,
            link_state_flags: U16::new(0x0f10),
            ..CxlPhysicalSwitchEvent::default()
        };
        assert_eq!(written.as_bytes(), bytes);
    }
}
