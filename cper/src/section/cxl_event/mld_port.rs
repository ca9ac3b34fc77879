//! CXL MLD port event (CXL 3.1 section 7.6.8): an error message that a multi-logical device sent to its port.

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::event_data;
use crate::fields::{Describe, Value, Visitor};
use crate::open_value::open_value;

/// A PCI Express error message from a multi-logical device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CxlMldPortEvent {
    /// Which message it was.
    pub event_type: CxlMldPortEventType,
    /// The port.
    pub port_id: u8,
    /// 0.
    pub reserved: [u8; 2],
    /// The message.
    pub error_message: [u8; 8],
    /// 0.
    pub reserved_2: [u8; 68],
}

const _: () = {
    assert!(size_of::<CxlMldPortEvent>() == 0x50);
    assert!(core::mem::offset_of!(CxlMldPortEvent, error_message) == 0x34 - 0x30);
};

open_value! {
    /// Which error message an MLD sent. The first goes to the warning log, the others to the failure log.
    CxlMldPortEventType: u8 {
        CORRECTABLE = 0 => "ERR_COR",
        NONFATAL = 1 => "ERR_NONFATAL",
        FATAL = 2 => "ERR_FATAL",
    }
}

impl CxlMldPortEvent {
    /// An event of zeros.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 0x50])
    }
}

impl Describe for CxlMldPortEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("event_type", self.event_type.into())?;
        out.field("port_id", Value::number(self.port_id))?;
        out.field("error_message", Value::Bytes(&self.error_message))
    }
}

event_data!(CxlMldPortEvent, CXL_MLD_PORT, "CXL MLD port event");

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::tests::{data_at, lines};
    use super::*;
    use crate::SectionTypeId;

    #[test]
    fn every_field_is_where_the_specification_says() {
        let bytes = data_at(&[(0x30, &[1, 2]), (0x34, b"messages")]);
        assert_eq!(
            lines(SectionTypeId::CXL_MLD_PORT, bytes),
            [
                "event type              ERR_NONFATAL (1)",
                "port id                 2",
                "error message 8 bytes",
                "  0000  6d 65 73 73 61 67 65 73                          messages",
            ]
        );
        let event_type = CxlMldPortEventType::NONFATAL;
        let written =
            CxlMldPortEvent { event_type, port_id: 2, error_message: *b"messages", ..Default::default() };
        assert_eq!(written.as_bytes(), bytes);
        let names = [0, 2, 3].map(|raw| CxlMldPortEventType::new(raw).name());
        assert_eq!(names, [Some("ERR_COR"), Some("ERR_FATAL"), None]);
    }
}
