//! PCI/PCI-X bus error (UEFI 2.11 Appendix N, "PCI/PCI-X Bus Error Section"; 72 bytes).

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::register::register;
use super::{ErrorStatus, FixedSection, SectionType};
use crate::fields::{Describe, Value, Visitor, show_fields, valid_fields};
use crate::kind::{Decode, FixedView};
use crate::open_value::open_value;
use crate::{Error, Guid, SectionTypeId};

/// An error on a PCI or PCI-X bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PciBusError {
    /// [`PciBusValidation`].
    pub validation_bits: U64,
    /// Type and signals of the error.
    pub error_status: ErrorStatus,
    /// Kind of bus error.
    pub error_type: PciBusErrorType,
    /// 0.
    pub reserved: u8,
    /// Bus and segment.
    pub bus_id: PciBusId,
    /// 0.
    pub reserved_2: U32,
    /// Memory or I/O address on the bus.
    pub bus_address: U64,
    /// Data on the bus.
    pub bus_data: U64,
    /// Command on the bus.
    pub bus_command: PciBusCommand,
    /// Who asked.
    pub bus_requestor_id: U64,
    /// Who answered.
    pub bus_completer_id: U64,
    /// Who was asked.
    pub target_id: U64,
}

const _: () = {
    assert!(size_of::<PciBusError>() == 72 && align_of::<PciBusError>() == 1);
    assert!(core::mem::offset_of!(PciBusError, bus_id) == 18);
    assert!(core::mem::offset_of!(PciBusError, bus_address) == 24);
    assert!(core::mem::offset_of!(PciBusError, bus_command) == 40);
    assert!(core::mem::offset_of!(PciBusError, target_id) == 64);
};

bitflags! {
    /// Which fields of a [`PciBusError`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PciBusValidation: u64 {
        /// [`PciBusError::error_status`].
        const ERROR_STATUS = 1 << 0;
        /// [`PciBusError::error_type`].
        const ERROR_TYPE = 1 << 1;
        /// [`PciBusError::bus_id`].
        const BUS_ID = 1 << 2;
        /// [`PciBusError::bus_address`].
        const BUS_ADDRESS = 1 << 3;
        /// [`PciBusError::bus_data`].
        const BUS_DATA = 1 << 4;
        /// [`PciBusError::bus_command`].
        const BUS_COMMAND = 1 << 5;
        /// [`PciBusError::bus_requestor_id`].
        const BUS_REQUESTOR_ID = 1 << 6;
        /// [`PciBusError::bus_completer_id`].
        const BUS_COMPLETER_ID = 1 << 7;
        /// [`PciBusError::target_id`].
        const TARGET_ID = 1 << 8;
        const _ = !0;
    }
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

/// Bus and segment of a PCI bus.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct PciBusId {
    /// Bus number.
    pub bus: u8,
    /// Segment number.
    pub segment: u8,
}

const _: () = assert!(size_of::<PciBusId>() == 2);

impl Describe for PciBusId {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("bus_number", Value::hex(self.bus))?;
        out.field("segment_number", Value::hex(self.segment))
    }
}

register! {
    /// Command or operation on the bus.
    PciBusCommand: u64 in U64, flags PciBusCommandFlags {
        PCI_X = 56 => "It is a PCI-X command; when clear, PCI.",
    }
    fields {
        command: u64 as hex = 0, 56 => "The command, 56 bits.",
    }
}

valid_fields! {
    PciBusError, validation_bits: u64 as PciBusValidation;
    /// Type and signals of the error.
    error_status / with_error_status: ErrorStatus as group, ERROR_STATUS;
    /// Kind of bus error.
    error_type / with_error_type: PciBusErrorType as named, ERROR_TYPE;
    /// Bus and segment.
    bus_id / with_bus_id: PciBusId as group, BUS_ID;
    /// Memory or I/O address on the bus.
    bus_address / with_bus_address: u64 as hex, BUS_ADDRESS;
    /// Data on the bus.
    bus_data / with_bus_data: u64 as hex, BUS_DATA;
    /// Command on the bus.
    bus_command / with_bus_command: PciBusCommand as group, BUS_COMMAND;
    /// Who asked.
    bus_requestor_id / with_bus_requestor_id: u64 as hex, BUS_REQUESTOR_ID;
    /// Who answered.
    bus_completer_id / with_bus_completer_id: u64 as hex, BUS_COMPLETER_ID;
    /// Who was asked.
    target_id / with_target_id: u64 as hex, TARGET_ID;
}

impl PciBusError {
    /// A section with no field valid.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 72])
    }
}

impl Default for PciBusError {
    fn default() -> Self {
        Self::new()
    }
}

impl SectionType for PciBusError {
    const TYPE: Guid = SectionTypeId::PCI_BUS.0;
    const NAME: &'static str = "PCI/PCI-X bus error";
}

impl FixedSection for PciBusError {}

impl Decode for PciBusError {
    type View<'a> = FixedView<'a, Self>;

    fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, Error> {
        FixedView::new(body)
    }
}

impl Describe for PciBusError {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_valid(out)
    }
}

show_fields!(PciBusId, PciBusError);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{assert_map, bit_map, every_flip_shows, written};
    use crate::section::{ErrorStatusFlags, ErrorStatusType};
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
    ";

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let mut bytes = [0; 72];
        bytes[..2].copy_from_slice(&[0xff, 1]);
        let map = bit_map(&bytes, 0..8, |bytes, told| told(PciBusError::ref_from_bytes(bytes).unwrap()));
        assert_map(&map, MAP);
    }

    fn values() -> PciBusError {
        PciBusError::new()
            .with_error_status(ErrorStatus::new(ErrorStatusType::BUS, ErrorStatusFlags::CONTROL))
            .with_error_type(PciBusErrorType::ADDRESS_PARITY)
            .with_bus_id(PciBusId { bus: 0x12, segment: 0x34 })
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
        assert_eq!(*section, values());
        assert_eq!(section.error_status().map(ErrorStatus::flags), Some(ErrorStatusFlags::CONTROL));
        assert_eq!(section.error_type(), Some(PciBusErrorType::ADDRESS_PARITY));
        assert_eq!(section.bus_id(), Some(PciBusId { bus: 0x12, segment: 0x34 }));
        assert_eq!(section.bus_address(), Some(0x1112_1314_1516_1718));
        assert_eq!(section.bus_data(), Some(0x2122_2324_2526_2728));
        let command = section.bus_command().unwrap();
        assert_eq!((command.command(), command.flags()), (0x32_3334_3536_3738, PciBusCommandFlags::PCI_X));
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
            let mut section = values();
            section.validation_bits = U64::new(1 << bit);
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
    fn a_flip_of_any_bit_shows() {
        every_flip_shows(SectionTypeId::PCI_BUS, &written(&values()));
        every_flip_shows(SectionTypeId::PCI_BUS, &[0; 72]);
    }
}
