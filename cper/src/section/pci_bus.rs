//! PCI/PCI-X bus error (UEFI 2.11 Appendix N, "PCI/PCI-X Bus Error Section"; 72 bytes).

use core::fmt;

use super::error_status::ErrorStatus;
use super::register::register;
use crate::fields::{Describe, Visitor, describe_rest, show_fields};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// An error on a PCI or PCI-X bus.
    PciBusError: 72 bytes, new;
    view PciBusErrorView from 72 as PCI_BUS "PCI/PCI-X bus error";
    valid PciBusValidation: u64 in validation_bits {};
    0 validation_bits: u64;
    /// Error status: type and signals of the error.
    8 error_status: ErrorStatus as group, error_status_raw set_error_status with_error_status, ERROR_STATUS = 0;
    /// Kind of bus error.
    16 error_type: (u8 PciBusErrorType) as named, error_type_raw set_error_type with_error_type, ERROR_TYPE = 1;
    17 reserved: u8;
    /// Bus and segment.
    18 bus_id: PciBusId as group, bus_id_raw set_bus_id with_bus_id, BUS_ID = 2;
    20 reserved_2: u32;
    /// Memory or I/O address on the bus at the time of the error.
    24 bus_address: u64 as hex, bus_address_raw set_bus_address with_bus_address, BUS_ADDRESS = 3;
    /// Data on the bus at the time of the error.
    32 bus_data: u64 as hex, bus_data_raw set_bus_data with_bus_data, BUS_DATA = 4;
    /// Command on the bus at the time of the error.
    40 bus_command: (u64 PciBusCommand) as group, bus_command_raw set_bus_command with_bus_command, BUS_COMMAND = 5;
    /// Identifier of the requestor on the bus.
    48 bus_requestor_id: u64 as hex, bus_requestor_id_raw set_bus_requestor_id with_bus_requestor_id,
        BUS_REQUESTOR_ID = 6;
    /// Identifier of the completer on the bus.
    56 bus_completer_id: u64 as hex, bus_completer_id_raw set_bus_completer_id with_bus_completer_id,
        BUS_COMPLETER_ID = 7;
    /// Identifier of the target that the access was intended for.
    64 target_id: u64 as hex, target_id_raw set_target_id with_target_id, TARGET_ID = 8;
}

open_value! {
    /// Kind of PCI bus error.
    PciBusErrorType: u8 {
        UNKNOWN = 0 => "unknown or OEM specific error",
        DATA_PARITY = 1 => "data parity error",
        SYSTEM = 2 => "system error",
        MASTER_ABORT = 3 => "master abort",
        BUS_TIMEOUT = 4 => "bus timeout or no device present",
        MASTER_DATA_PARITY = 5 => "master data parity error",
        ADDRESS_PARITY = 6 => "address parity error",
        COMMAND_PARITY = 7 => "command parity error",
    }
}

structure! {
    /// Bus and segment of a PCI bus.
    PciBusId: 2 bytes, new;
    /// Bus number.
    0 bus: u8 as hex "bus_number" => set_bus with_bus;
    /// Segment number.
    1 segment: u8 as hex "segment_number" => set_segment with_segment;
}

impl Describe for PciBusId {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

register! {
    /// Command or operation on a PCI bus.
    PciBusCommand: u64 {
        PCI_X = 56 => "It is a PCI-X command; when clear, PCI.",
    }
    fields {
        command: u64 as hex = 0, 56 => "The command, 56 bits.",
    }
}

impl PciBusErrorView<'_> {
    /// The kind of error, and the bus.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        match (self.error_type(), self.error_status()) {
            (Some(kind), _) if kind != PciBusErrorType::UNKNOWN => write!(f, "{kind}")?,
            (_, Some(status)) if status.error_type().raw() != 0 => write!(f, "{}", status.error_type())?,
            _ => f.write_str("error of unknown type")?,
        }
        if let Some(address) = self.bus_address() {
            write!(f, " at {address:#x}")?;
        }
        match self.bus_id() {
            Some(id) => write!(f, ", bus {:02x}:{:02x}", id.segment(), id.bus()),
            None => Ok(()),
        }
    }
}

impl Describe for PciBusErrorView<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(PciBusId);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Error;
    use crate::kind::Decode;
    use crate::section::checks::{assert_map, bit_map, written};
    use crate::section::{Body, ErrorStatusFlags, ErrorStatusType};
    use std::string::ToString;

    const MAP: &str = "
        8.0 error_status.flags -*8
        9.0 error_status.error_type *8
        10.0 error_status.flags ADDRESS CONTROL DATA RESPONDER REQUESTOR FIRST_ERROR OVERFLOW
            -*41
        16.0 error_type *8
        17.0 hidden ~*8
        18.0 bus_id.bus_number *8
        19.0 bus_id.segment_number *8
        20.0 hidden ~*32
        24.0 bus_address *64
        32.0 bus_data *64
        40.0 bus_command.command *56
        47.0 bus_command.flags PCI_X -*7
        48.0 bus_requestor_id *64
        56.0 bus_completer_id *64
        64.0 target_id *64
        72.0 trailing ~*16
    ";

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let mut bytes = [0; 74];
        bytes[..2].copy_from_slice(&[0xff, 1]);
        let map = bit_map(&bytes, 0..8, |bytes, told| told(&PciBusError::decode(bytes).unwrap()));
        assert_map(&map, MAP);
    }

    fn values() -> PciBusError {
        PciBusError::new()
            .with_error_status(ErrorStatus::of(ErrorStatusType::BUS, ErrorStatusFlags::CONTROL))
            .with_error_type(PciBusErrorType::ADDRESS_PARITY)
            .with_bus_id(PciBusId::new().with_bus(0x12).with_segment(0x34))
            .with_bus_address(0x1112_1314_1516_1718)
            .with_bus_data(0x2122_2324_2526_2728)
            .with_bus_command(PciBusCommand::new(0x0132_3334_3536_3738))
            .with_bus_requestor_id(0x4142_4344_4546_4748)
            .with_bus_completer_id(0x5152_5354_5556_5758)
            .with_target_id(0x6162_6364_6566_6768)
    }

    #[test]
    fn every_writer_sets_its_bytes_and_its_bit() {
        let bytes = written(&values());
        let words = [
            0x01ff,
            0x0002_1000,
            0x3412_0006,
            0x1112_1314_1516_1718,
            0x2122_2324_2526_2728,
            0x0132_3334_3536_3738,
            0x4142_4344_4546_4748,
            0x5152_5354_5556_5758,
            0x6162_6364_6566_6768u64,
        ];
        assert_eq!(bytes, words.map(u64::to_le_bytes).as_flattened());
        let section = PciBusError::decode(&bytes).unwrap();
        assert_eq!(section.structure(), Some(&values()));
        assert_eq!(section.error_status().map(ErrorStatus::flags), Some(ErrorStatusFlags::CONTROL));
        assert_eq!(section.error_type(), Some(PciBusErrorType::ADDRESS_PARITY));
        assert_eq!(section.bus_id(), Some(PciBusId::new().with_bus(0x12).with_segment(0x34)));
        assert_eq!(section.bus_address(), Some(0x1112_1314_1516_1718));
        assert_eq!(section.bus_data(), Some(0x2122_2324_2526_2728));
        let command = section.bus_command().unwrap();
        assert_eq!((command.command(), command.flags()), (0x32_3334_3536_3738, PciBusCommand::PCI_X));
        assert_eq!(section.bus_requestor_id(), Some(0x4142_4344_4546_4748));
        assert_eq!(section.bus_completer_id(), Some(0x5152_5354_5556_5758));
        assert_eq!(section.target_id(), Some(0x6162_6364_6566_6768));
    }

    #[test]
    fn each_validity_bit_guards_its_own_field() {
        let names = [
            "error status",
            "error type",
            "bus id",
            "bus address",
            "bus data",
            "bus command",
            "bus requestor id",
            "bus completer id",
            "target id",
        ];
        for (bit, name) in names.iter().enumerate() {
            let section = values().with_validation(PciBusValidation::from_bits_retain(1 << bit));
            let text = section.to_string();
            let told = text.lines().next().unwrap().split("  ").next();
            let fields = text.lines().filter(|line| !line.starts_with(' ')).count();
            assert_eq!((fields, told), (1, Some(*name)), "{bit}: {text}");
        }
        assert_eq!(PciBusError::default().to_string(), "");
    }

    #[test]
    fn codes_have_their_names_and_unknown_ones_are_kept() {
        let names: std::vec::Vec<_> = (0..9).map(|code| PciBusErrorType::new(code).to_string()).collect();
        assert_eq!(
            names.join(", "),
            "unknown or OEM specific error, data parity error, system error, master abort, \
             bus timeout or no device present, master data parity error, address parity error, \
             command parity error, reserved (8)"
        );
    }

    #[test]
    fn too_few_bytes_are_an_error_and_more_are_none() {
        for length in 0..72 {
            assert_eq!(
                PciBusError::decode(&[0xff; 72][..length]).unwrap_err(),
                Error::too_short("PCI/PCI-X bus error", 72, length)
            );
        }
        assert!(PciBusError::decode(&[0xff; 73]).is_ok());
    }

    #[test]
    fn a_summary_says_what_failed_and_on_which_bus() {
        let summary = |section: PciBusError| Body::PciBus(section.view()).summary().to_string();
        assert_eq!(summary(values()), "address parity error at 0x1112131415161718, bus 34:12");
        assert_eq!(
            summary(values().with_error_type(PciBusErrorType::UNKNOWN)),
            "bus error at 0x1112131415161718, bus 34:12"
        );
        assert_eq!(summary(PciBusError::new()), "error of unknown type");
    }
}
