//! CXL MLD port event (CXL 3.1 section 7.6.8): an error message that a multi-logical device sent to its port.

use core::fmt;

use super::event_data;
use crate::fields::{Describe, Visitor};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// A PCI Express error message from a multi-logical device (MLD).
    CxlMldPortEvent: 80 bytes, new;
    /// Type of the event: which message it was.
    0 event_type: (u8 CxlMldPortEventType) as named => set_event_type with_event_type;
    /// Number of the port.
    1 port_id: u8 as number => set_port_id with_port_id;
    2 reserved: [u8; 2];
    /// The eight bytes of the message.
    4 error_message: [u8; 8] as bytes => set_error_message with_error_message;
    12 reserved_2: [u8; 68];
}

open_value! {
    /// Which error message an MLD sent. The correctable one is in the warning log, the others are in the failure log.
    CxlMldPortEventType: u8 {
        CORRECTABLE = 0 => "ERR_COR",
        NON_FATAL = 1 => "ERR_NONFATAL",
        FATAL = 2 => "ERR_FATAL",
    }
}

impl Describe for CxlMldPortEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

event_data!(CxlMldPortEvent, CXL_MLD_PORT, "CXL MLD port event");

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
        let written = CxlMldPortEvent::new()
            .with_event_type(CxlMldPortEventType::NON_FATAL)
            .with_port_id(2)
            .with_error_message(*b"messages");
        assert_eq!(written.as_bytes(), bytes);
        let names = [0, 2, 3].map(|raw| CxlMldPortEventType::new(raw).name());
        assert_eq!(names, [Some("ERR_COR"), Some("ERR_FATAL"), None]);
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map =
            bit_map(&[0; 80], 0..0, |bytes, told| told(CxlMldPortEvent::ref_from_bytes(bytes).unwrap()));
        assert_map(
            &map,
            "0.0 event_type *8 1.0 port_id *8 2.0 hidden ~*16 4.0 error_message ~*64 12.0 hidden ~*544",
        );
    }
}
