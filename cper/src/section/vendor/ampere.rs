//! Sections of Ampere processors: one of 8 bytes and data, as openbmc/libcper reads it, and the "specific" one of 48
//! bytes in four layouts, as rasdaemon reads it.

use core::fmt;

use zerocopy::IntoBytes;

use super::arm_ras_node::ArmRasErrorCode;
use crate::SectionTypeId;
use crate::fields::{Describe, Value, Visitor, describe_rest, shows};
use crate::kind::{Encode, SectionType, fill_with};
use crate::section::{CorrectableErrors, UncorrectableErrors};
use crate::structure::structure;

structure! {
    /// The fixed part of an Ampere error.
    AmpereErrorHeader: 8 bytes, new;
    head of AmpereError from 8 as AMPERE "Ampere error";
    /// Type of the error.
    0 type_id: u16 as number => set_type_id with_type_id;
    /// Sub-type of the error.
    2 sub_type_id: u16 as number => set_sub_type_id with_sub_type_id;
    /// Instance of the unit.
    4 instance_id: u32 as number => set_instance_id with_instance_id;
}

impl<'a> AmpereError<'a> {
    /// The data after the fixed part, to the end of the body. Ampere does not say what it is.
    pub fn data(&self) -> &'a [u8] {
        self.bytes.get(AmpereErrorHeader::SIZE..).unwrap_or_default()
    }

    /// Always empty: the data reaches to the end of the body.
    pub const fn trailing(&self) -> &'a [u8] {
        &[]
    }

    /// How many bytes the body claims to have and does not: always 0, because it claims no length.
    pub const fn missing(&self) -> usize {
        0
    }

    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        write!(f, "type {}, sub-type {}, instance {}", self.type_id(), self.sub_type_id(), self.instance_id())
    }
}

impl Describe for AmpereError<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        describe_rest("data", self.data(), out)
    }
}

/// An Ampere error to be written: its fixed part and data.
#[derive(Clone, Copy, Debug)]
pub struct AmpereErrorParts<'a> {
    header: AmpereErrorHeader,
    data: &'a [u8],
}

impl<'a> AmpereErrorParts<'a> {
    /// A section of this fixed part and this data.
    pub const fn new(header: AmpereErrorHeader, data: &'a [u8]) -> Self {
        Self { header, data }
    }
}

impl SectionType for AmpereErrorParts<'_> {
    const TYPE: SectionTypeId = AmpereError::TYPE;
    const NAME: &'static str = AmpereError::NAME;
}

impl Encode for AmpereErrorParts<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(AmpereErrorHeader::SIZE)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        fill_with(out, &[self.header.as_bytes(), self.data])
    }
}

structure! {
    /// An Ampere specific error: four bytes that all have in common, then a payload in one of four layouts.
    AmpereSpecificError: 48 bytes, new;
    view AmpereSpecificErrorView from 48 as AMPERE_SPECIFIC "Ampere specific error";
    /// Unit in bits 5:0, layout of the payload in bits 7:6.
    0 error_type: u8 raw error_type_raw;
    /// Sub-type of the error.
    1 sub_type: u8 as number => set_sub_type with_sub_type;
    /// Instance of the unit.
    2 instance: u16 as hex => set_instance with_instance;
    /// The payload: [`AmpereSpecificError::payload`].
    4 payload: [u8; 44] raw payload_raw;
}

structure! {
    /// An error record of an Arm RAS node: payload 0.
    AmpereRasNode: 44 bytes, new;
    /// Low half of ERR STATUS, the primary status register.
    0 status: u32 as hex "status_low" => set_status with_status;
    /// ERR ADDR, the address register.
    4 address: u64 as hex => set_address with_address;
    /// ERR MISC0.
    12 misc_0: u64 as hex => set_misc_0 with_misc_0;
    /// ERR MISC1.
    20 misc_1: u64 as hex => set_misc_1 with_misc_1;
    /// ERR MISC2.
    28 misc_2: u64 as hex => set_misc_2 with_misc_2;
    /// ERR MISC3.
    36 misc_3: u64 as hex => set_misc_3 with_misc_3;
}

structure! {
    /// Registers of a PCIe AER capability, in a layout of Ampere's own: payload 1.
    AmperePcieAer: 44 bytes, new;
    /// Uncorrectable error status.
    0 uncorrectable_error_status: (u32 UncorrectableErrors) as flags
        => set_uncorrectable_error_status with_uncorrectable_error_status;
    /// Uncorrectable error mask.
    4 uncorrectable_error_mask: (u32 UncorrectableErrors) as flags
        => set_uncorrectable_error_mask with_uncorrectable_error_mask;
    /// Uncorrectable error severity.
    8 uncorrectable_error_severity: (u32 UncorrectableErrors) as flags
        => set_uncorrectable_error_severity with_uncorrectable_error_severity;
    /// Correctable error status.
    12 correctable_error_status: (u32 CorrectableErrors) as flags
        => set_correctable_error_status with_correctable_error_status;
    /// Correctable error mask.
    16 correctable_error_mask: (u32 CorrectableErrors) as flags
        => set_correctable_error_mask with_correctable_error_mask;
    /// Root error command.
    20 root_command: u32 as hex => set_root_command with_root_command;
    /// Root error status.
    24 root_status: u32 as hex => set_root_status with_root_status;
    /// Error source identification.
    28 source_id: u32 as hex => set_source_id with_source_id;
    32 reserved: [u8; 12];
}

structure! {
    /// Registers of the PCIe controller's data path: payload 2.
    AmperePcieRasdp: 44 bytes, new;
    /// Register of corrected errors.
    0 correctable_register: u32 as hex => set_correctable_register with_correctable_register;
    /// Location of the corrected error.
    4 correctable_location: u32 as hex => set_correctable_location with_correctable_location;
    /// Address of the corrected error.
    8 correctable_address: u32 as hex => set_correctable_address with_correctable_address;
    /// Register of uncorrected errors.
    12 uncorrectable_register: u32 as hex => set_uncorrectable_register with_uncorrectable_register;
    /// Location of the uncorrected error.
    16 uncorrectable_location: u32 as hex => set_uncorrectable_location with_uncorrectable_location;
    /// Address of the uncorrected error.
    20 uncorrectable_address: u32 as hex => set_uncorrectable_address with_uncorrectable_address;
    24 reserved: [u8; 20];
}

structure! {
    /// An error that firmware reports: payload 3.
    AmpereFirmwareError: 44 bytes, new;
    /// What the data are, as the firmware numbers it.
    0 firmware_specific: u32 as hex => set_firmware_specific with_firmware_specific;
    /// Data of 5 × 8 bytes.
    4 data: [u64; 5] as words "payload_words" => set_data with_data;
}

/// The payload of an Ampere specific error, by its layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmperePayload<'a> {
    /// An error record of an Arm RAS node.
    RasNode(&'a AmpereRasNode),
    /// Registers of a PCIe AER capability.
    PcieAer(&'a AmperePcieAer),
    /// Registers of the PCIe controller's data path.
    PcieRasdp(&'a AmperePcieRasdp),
    /// An error that firmware reports.
    Firmware(&'a AmpereFirmwareError),
}

impl<'a> AmperePayload<'a> {
    /// The payload of an error of this type.
    const fn of(error_type: u8, payload: &'a [u8; 44]) -> Self {
        match error_type >> 6 {
            0 => Self::RasNode(zerocopy::transmute_ref!(payload)),
            1 => Self::PcieAer(zerocopy::transmute_ref!(payload)),
            2 => Self::PcieRasdp(zerocopy::transmute_ref!(payload)),
            _ => Self::Firmware(zerocopy::transmute_ref!(payload)),
        }
    }

    /// The layout's number and the bytes.
    fn stored(&self) -> (u8, [u8; 44]) {
        match self {
            Self::RasNode(payload) => (0, zerocopy::transmute!(**payload)),
            Self::PcieAer(payload) => (1, zerocopy::transmute!(**payload)),
            Self::PcieRasdp(payload) => (2, zerocopy::transmute!(**payload)),
            Self::Firmware(payload) => (3, zerocopy::transmute!(**payload)),
        }
    }
}

/// The name of a unit; `None` for one that rasdaemon does not name.
const fn unit_name(unit: u8) -> Option<&'static str> {
    Some(match unit {
        0 => "CPU",
        1 => "MCU",
        2 => "mesh",
        3 => "2P link QS",
        4 => "2P link MQ",
        5 => "GIC",
        6 => "SMMU",
        7 => "PCIe AER",
        8 => "PCIe RASDP",
        9 => "OCM",
        10 => "SMpro",
        11 => "PMpro",
        12 => "ATF firmware",
        13 => "SMpro firmware",
        14 => "PMpro firmware",
        63 => "BERT",
        _ => return None,
    })
}

/// Bits of the type that are the unit.
const UNIT: u8 = 0x3f;

impl AmpereSpecificError {
    /// The unit in error, 0 to 63.
    #[inline]
    pub const fn unit(&self) -> u8 {
        self.error_type_raw() & UNIT
    }

    /// The name of the unit; `None` for one that rasdaemon does not name.
    #[inline]
    pub const fn unit_name(&self) -> Option<&'static str> {
        unit_name(self.unit())
    }

    /// Sets the unit in error; of a number above 63 the lower six bits are kept.
    #[inline]
    pub const fn set_unit(&mut self, unit: u8) {
        let error_type = self.error_type_raw() & !UNIT | unit & UNIT;
        Self::AT.error_type.put(&mut self.0, [error_type]);
    }

    /// Sets the unit in error; of a number above 63 the lower six bits are kept.
    #[must_use]
    #[inline]
    pub const fn with_unit(mut self, unit: u8) -> Self {
        self.set_unit(unit);
        self
    }

    /// The payload, in the layout that the type says.
    #[inline]
    pub const fn payload(&self) -> AmperePayload<'_> {
        AmperePayload::of(self.error_type_raw(), Self::AT.payload.get(&self.0))
    }

    /// Sets the payload and its layout.
    pub fn set_payload(&mut self, payload: AmperePayload<'_>) {
        let (layout, bytes) = payload.stored();
        let error_type = self.error_type_raw() & UNIT | layout << 6;
        Self::AT.error_type.put(&mut self.0, [error_type]);
        Self::AT.payload.put(&mut self.0, bytes);
    }

    /// Sets the payload and its layout.
    #[must_use]
    pub fn with_payload(mut self, payload: AmperePayload<'_>) -> Self {
        self.set_payload(payload);
        self
    }
}

impl<'a> AmpereSpecificErrorView<'a> {
    /// The unit in error, 0 to 63.
    pub fn unit(&self) -> u8 {
        // The shortest form has the type.
        self.error_type_raw().unwrap_or_default() & UNIT
    }

    /// The name of the unit; `None` for one that rasdaemon does not name.
    pub fn unit_name(&self) -> Option<&'static str> {
        unit_name(self.unit())
    }

    /// The payload, in the layout that the type says; always there, as the shortest form has it.
    pub fn payload(&self) -> Option<AmperePayload<'a>> {
        self.structure().map(AmpereSpecificError::payload)
    }

    /// The unit, and where it reported the error.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        match self.unit_name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "unit {}", self.unit())?,
        }
        let instance = self.instance();
        write!(
            f,
            ", sub-type {}, socket {}, instance {}",
            self.sub_type(),
            instance >> 14,
            instance & 0x3fff
        )?;
        match self.payload() {
            Some(AmperePayload::RasNode(node)) => {
                if let Some(code) = ArmRasErrorCode::of(node.status().into()) {
                    write!(f, ": {code}")?;
                }
                // A bit of ERR STATUS says whether ERR ADDR is valid.
                if node.status() >> 31 == 0 { Ok(()) } else { write!(f, ", at {:#x}", node.address()) }
            }
            _ => Ok(()),
        }
    }
}

impl Describe for AmpereSpecificErrorView<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("unit", Value::Code { value: self.unit().into(), name: self.unit_name() })?;
        out.field("payload_type", Value::number(self.error_type_raw().unwrap_or_default() >> 6))?;
        self.describe_fields(out)?;
        shows!(out, AmpereSpecificError in self.bytes, error_type);
        match self.payload() {
            Some(AmperePayload::RasNode(node)) => node.describe_fields(out)?,
            Some(AmperePayload::PcieAer(aer)) => aer.describe_fields(out)?,
            Some(AmperePayload::PcieRasdp(path)) => path.describe_fields(out)?,
            Some(AmperePayload::Firmware(firmware)) => firmware.describe_fields(out)?,
            None => {}
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::SectionTypeId;
    use crate::kind::Decode;
    use crate::section::Body;
    use crate::section::checks::{assert_map, bit_map, written};
    use std::string::ToString;
    use std::vec::Vec;

    /// Bytes counted up from 1 after the type.
    fn specific(error_type: u8) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..48).collect();
        bytes[0] = error_type;
        bytes
    }

    fn lines(bytes: &[u8]) -> Vec<std::string::String> {
        let text = Body::decode(SectionTypeId::AMPERE_SPECIFIC, bytes).unwrap().to_string();
        text.lines().map(Into::into).collect()
    }

    #[test]
    fn the_short_one() {
        let bytes = [10, 0, 1, 0, 3, 0, 0, 0, 0xd1];
        let body = Body::decode(SectionTypeId::AMPERE, &bytes).unwrap();
        assert_eq!(
            body.to_string(),
            "type id                 10\nsub type id             1\ninstance id             3\n\
             data 1 bytes\n  0000  d1                                               .\n"
        );
        let error = AmpereError::decode(&bytes).unwrap();
        assert_eq!(error.data(), [0xd1]);
        let header = AmpereErrorHeader::new().with_type_id(10).with_sub_type_id(1).with_instance_id(3);
        assert_eq!(error.structure(), Some(&header));
        assert_eq!(written(&AmpereErrorParts::new(header, error.data())), bytes);
        assert_eq!(body.summary().to_string(), "type 10, sub-type 1, instance 3");
        let map = bit_map(&bytes, 0..0, |bytes, told| told(&AmpereError::decode(bytes).unwrap()));
        assert_map(&map, "0.0 type_id *16 2.0 sub_type_id *16 4.0 instance_id *32 8.0 data ~*8");
        assert_eq!(
            AmpereError::decode(&bytes[..7]).unwrap_err().to_string(),
            "offset 0: Ampere error needs 8 bytes, 7 available"
        );
    }

    #[test]
    fn each_payload_is_where_rasdaemon_says() {
        assert_eq!(
            lines(&specific(0)),
            [
                "unit                    CPU (0)",
                "payload type            0",
                "sub type                1",
                "instance                0x0302",
                "status low              0x07060504",
                "address                 0x0f0e0d0c0b0a0908",
                "misc 0                  0x1716151413121110",
                "misc 1                  0x1f1e1d1c1b1a1918",
                "misc 2                  0x2726252423222120",
                "misc 3                  0x2f2e2d2c2b2a2928",
            ]
        );
        let aer = lines(&specific(0x47));
        assert_eq!(aer[..2], ["unit                    PCIe AER (7)", "payload type            1"]);
        let starts = [
            "uncorrectable error status 0x7060504 ",
            "uncorrectable error mask 0xb0a0908 ",
            "uncorrectable error severity 0xf0e0d0c ",
            "correctable error status 0x13121110 ",
            "correctable error mask  0x17161514 ",
            "root command            0x1b1a1918",
            "root status             0x1f1e1d1c",
            "source id               0x23222120",
        ];
        assert!(aer[4..].iter().zip(starts).all(|(line, start)| line.starts_with(start)), "{aer:?}");
        assert_eq!(aer.len(), 12);
        assert_eq!(
            lines(&specific(0x88))[4..],
            [
                "correctable register    0x07060504",
                "correctable location    0x0b0a0908",
                "correctable address     0x0f0e0d0c",
                "uncorrectable register  0x13121110",
                "uncorrectable location  0x17161514",
                "uncorrectable address   0x1b1a1918",
            ]
        );
        assert_eq!(
            lines(&specific(0xff)),
            [
                "unit                    BERT (63)",
                "payload type            3",
                "sub type                1",
                "instance                0x0302",
                "firmware specific       0x07060504",
                "payload words",
                "  [0] 0x0f0e0d0c0b0a0908",
                "  [1] 0x1716151413121110",
                "  [2] 0x1f1e1d1c1b1a1918",
                "  [3] 0x2726252423222120",
                "  [4] 0x2f2e2d2c2b2a2928",
            ]
        );
        assert!(AmpereSpecificError::decode(&specific(0)[..47]).is_err());
    }

    #[test]
    fn every_bit_is_where_rasdaemon_has_it() {
        let map = |payload: u8| {
            let mut bytes = [0; 49];
            bytes[0] = payload << 6;
            bit_map(&bytes, 0..1, |bytes, told| told(&AmpereSpecificError::decode(bytes).unwrap()))
        };
        let assert = |payload, of_payload: &str| {
            let expected = ["1.0 sub_type *8 2.0 instance *16 ", of_payload, " 48.0 trailing ~*8"].concat();
            assert_map(&map(payload), &expected);
        };
        assert(
            0,
            "4.0 status_low *32 8.0 address *64 16.0 misc_0 *64 24.0 misc_1 *64 32.0 misc_2 *64 40.0 misc_3 *64",
        );
        assert(
            2,
            "4.0 correctable_register *32 8.0 correctable_location *32 12.0 correctable_address *32
             16.0 uncorrectable_register *32 20.0 uncorrectable_location *32 24.0 uncorrectable_address *32
             28.0 hidden ~*160",
        );
        assert(3, "4.0 firmware_specific *32 8.0 payload_words ~*320");
        let registers = bit_map(&[0x40; 48], 0..24, |bytes, told| {
            told(&AmpereSpecificError::decode(bytes).unwrap());
        });
        assert_map(
            &registers,
            "24.0 root_command *32 28.0 root_status *32 32.0 source_id *32 36.0 hidden ~*96",
        );
        let mut bytes = [0; 24];
        bytes[0] = 0x40;
        let bytes = [&bytes[..], &[0; 24]].concat();
        let flags = bit_map(&bytes, 24..48, |bytes, told| told(&AmpereSpecificError::decode(bytes).unwrap()));
        for start in [
            "4.0 uncorrectable_error_status UNDEFINED -*3 DATA_LINK_PROTOCOL",
            "8.0 uncorrectable_error_mask UNDEFINED -*3 DATA_LINK_PROTOCOL",
            "12.0 uncorrectable_error_severity UNDEFINED -*3 DATA_LINK_PROTOCOL",
            "16.0 correctable_error_status RECEIVER -*5 BAD_TLP",
            "20.0 correctable_error_mask RECEIVER -*5 BAD_TLP",
        ] {
            assert!(flags.contains(start), "{start}: {flags}");
        }
        let unit = bit_map(&[0; 48], 1..48, |bytes, told| told(&AmpereSpecificError::decode(bytes).unwrap()));
        assert_map(&unit, "0.0 unit *6 0.6 payload_type *2");
    }

    #[test]
    fn each_payload_is_written() {
        let node = AmpereRasNode::new()
            .with_status(0x8706_0504)
            .with_address(0x0f0e_0d0c_0b0a_0908)
            .with_misc_0(0x1716_1514_1312_1110)
            .with_misc_1(0x1f1e_1d1c_1b1a_1918)
            .with_misc_2(0x2726_2524_2322_2120)
            .with_misc_3(0x2f2e_2d2c_2b2a_2928);
        let firmware = AmpereFirmwareError::new().with_firmware_specific(0x0706_0504).with_data([
            0x0f0e_0d0c_0b0a_0908,
            0x1716_1514_1312_1110,
            0x1f1e_1d1c_1b1a_1918,
            0x2726_2524_2322_2120,
            0x2f2e_2d2c_2b2a_2928,
        ]);
        let error = AmpereSpecificError::new().with_sub_type(1).with_instance(0x0302);
        let mut bytes = specific(1);
        bytes[7] = 0x87;
        let of_node = error.with_unit(1).with_payload(AmperePayload::RasNode(&node));
        assert_eq!(written(&of_node), bytes);
        let of_firmware = error.with_payload(AmperePayload::Firmware(&firmware)).with_unit(0xff);
        assert_eq!(written(&of_firmware), specific(0xff));
        for kind in [0, 0x47, 0x88, 0xff] {
            let bytes = specific(kind);
            let read = AmpereSpecificError::decode(&bytes).unwrap();
            let again = error.with_unit(kind).with_payload(read.payload().unwrap());
            assert_eq!((again.payload(), written(&again)), (read.payload().unwrap(), bytes.clone()));
        }
        let summary = |error: &AmpereSpecificError| {
            Body::decode(AmpereSpecificError::TYPE, error.as_bytes()).unwrap().summary().to_string()
        };
        assert_eq!(summary(&of_node), "MCU, sub-type 1, socket 0, instance 770, at 0xf0e0d0c0b0a0908");
        assert_eq!(summary(&of_firmware), "BERT, sub-type 1, socket 0, instance 770");
        assert_eq!(summary(&error.with_unit(20)), "unit 20, sub-type 1, socket 0, instance 770");
    }

    #[test]
    fn units_have_names() {
        let name = |unit| AmpereSpecificError::new().with_unit(unit).unit_name();
        let names: Vec<_> = (0..16).map(|unit| name(unit).unwrap_or("-")).collect();
        assert_eq!(names[..6], ["CPU", "MCU", "mesh", "2P link QS", "2P link MQ", "GIC"]);
        assert_eq!(names[6..12], ["SMMU", "PCIe AER", "PCIe RASDP", "OCM", "SMpro", "PMpro"]);
        assert_eq!(names[12..], ["ATF firmware", "SMpro firmware", "PMpro firmware", "-"]);
        assert_eq!(name(63 | 0x80), Some("BERT"));
    }
}
