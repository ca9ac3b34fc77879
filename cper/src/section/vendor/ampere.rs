//! Sections of Ampere processors: one of 8 bytes and data, as openbmc/libcper reads it, and the "specific" one of 48
//! bytes in four layouts, as rasdaemon reads it.

use core::fmt;

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::fields::{Describe, Value, Visitor, show_fields};
use crate::kind::{FixedView, View};
use crate::section::{CorrectableErrors, Decode, Encode, FixedSection, SectionType, UncorrectableErrors};
use crate::{Error, Guid, SectionTypeId};

/// The fixed part of an Ampere error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AmpereErrorHeader {
    /// Type of the error.
    pub type_id: U16,
    /// Sub-type of the error.
    pub sub_type_id: U16,
    /// Instance of the unit.
    pub instance_id: U32,
}

const _: () = assert!(size_of::<AmpereErrorHeader>() == 8 && align_of::<AmpereErrorHeader>() == 1);

/// An Ampere error: its fixed part, to which it dereferences, and data that nobody has described.
#[derive(Clone, Copy, Debug)]
pub struct AmpereError<'a> {
    header: &'a AmpereErrorHeader,
    data: &'a [u8],
    bytes: &'a [u8],
}

impl core::ops::Deref for AmpereError<'_> {
    type Target = AmpereErrorHeader;

    fn deref(&self) -> &AmpereErrorHeader {
        self.header
    }
}

impl<'a> AmpereError<'a> {
    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The fixed part, every field as it was stored.
    pub const fn header(&self) -> &'a AmpereErrorHeader {
        self.header
    }

    /// What follows the fixed part.
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }
}

impl SectionType for AmpereError<'_> {
    const TYPE: Guid = SectionTypeId::AMPERE.0;
    const NAME: &'static str = "Ampere error";
}

impl Decode for AmpereError<'_> {
    type View<'a> = AmpereError<'a>;

    fn decode(body: &[u8]) -> Result<AmpereError<'_>, Error> {
        match AmpereErrorHeader::ref_from_prefix(body) {
            Ok((header, data)) => Ok(AmpereError { header, data, bytes: body }),
            Err(_) => Err(Error::too_short(Self::NAME, size_of::<AmpereErrorHeader>(), body.len())),
        }
    }
}

impl<'a> View<'a> for AmpereError<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        &[]
    }
}

impl Describe for AmpereError<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("type_id", Value::number(self.type_id.get()))?;
        out.field("sub_type_id", Value::number(self.sub_type_id.get()))?;
        out.field("instance_id", Value::number(self.instance_id.get()))?;
        if !self.data.is_empty() {
            out.field("data", Value::Bytes(self.data))?;
        }
        Ok(())
    }
}

show_fields!(AmpereError<'a>);

/// An Ampere error to be written: its fixed part and data.
#[derive(Clone, Copy, Debug)]
pub struct AmpereErrorParts<'a> {
    /// The fixed part.
    pub header: AmpereErrorHeader,
    /// What follows it.
    pub data: &'a [u8],
}

impl SectionType for AmpereErrorParts<'_> {
    const TYPE: Guid = AmpereError::TYPE;
    const NAME: &'static str = AmpereError::NAME;
}

impl Encode for AmpereErrorParts<'_> {
    fn encoded_len(&self) -> usize {
        self.data.len().saturating_add(size_of::<AmpereErrorHeader>())
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        super::write_all([self.header.as_bytes(), self.data], out)?.is_empty().then_some(())
    }
}

/// An Ampere specific error: four bytes in common, then one of four layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AmpereSpecificError {
    /// Unit in bits 5:0, layout of the payload in bits 7:6.
    pub error_type: u8,
    /// Sub-type of the error.
    pub sub_type: u8,
    /// Instance of the unit.
    pub instance: U16,
    /// The payload: [`AmpereSpecificError::payload`].
    pub payload: [u8; 44],
}

const _: () = assert!(size_of::<AmpereSpecificError>() == 48 && align_of::<AmpereSpecificError>() == 1);

/// An error record of an Arm RAS node: payload 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AmpereRasNode {
    /// Low half of ERR STATUS.
    pub status: U32,
    /// ERR ADDR.
    pub address: U64,
    /// ERR MISC0 to MISC3.
    pub misc: [U64; 4],
}

/// Registers of a PCIe AER capability: payload 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AmperePcieAer {
    /// Uncorrectable error status.
    pub uncorrectable_status: U32,
    /// Uncorrectable error mask.
    pub uncorrectable_mask: U32,
    /// Uncorrectable error severity.
    pub uncorrectable_severity: U32,
    /// Correctable error status.
    pub correctable_status: U32,
    /// Correctable error mask.
    pub correctable_mask: U32,
    /// Root error command.
    pub root_command: U32,
    /// Root error status.
    pub root_status: U32,
    /// Error source identification.
    pub source_id: U32,
    /// 0.
    pub reserved: [u8; 12],
}

/// Registers of the PCIe controller's data path: payload 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AmperePcieRasdp {
    /// Register of corrected errors.
    pub correctable_register: U32,
    /// Where the corrected error was.
    pub correctable_location: U32,
    /// Address of the corrected error.
    pub correctable_address: U32,
    /// Register of uncorrected errors.
    pub uncorrectable_register: U32,
    /// Where the uncorrected error was.
    pub uncorrectable_location: U32,
    /// Address of the uncorrected error.
    pub uncorrectable_address: U32,
    /// 0.
    pub reserved: [u8; 20],
}

/// An error that firmware tells: payload 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct AmpereFirmwareError {
    /// Which data these are.
    pub firmware_specific: U32,
    /// Five words of data.
    pub data: [U64; 5],
}

const _: () = {
    assert!(size_of::<AmpereRasNode>() == 44);
    assert!(size_of::<AmperePcieAer>() == 44);
    assert!(size_of::<AmperePcieRasdp>() == 44);
    assert!(size_of::<AmpereFirmwareError>() == 44);
};

/// The payload of an Ampere specific error, by its layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmperePayload<'a> {
    /// An error record of an Arm RAS node.
    RasNode(&'a AmpereRasNode),
    /// Registers of a PCIe AER capability.
    PcieAer(&'a AmperePcieAer),
    /// Registers of the PCIe controller's data path.
    PcieRasdp(&'a AmperePcieRasdp),
    /// An error that firmware tells.
    Firmware(&'a AmpereFirmwareError),
}

impl AmpereSpecificError {
    /// The unit in error, 0 to 63.
    pub const fn unit(&self) -> u8 {
        self.error_type & 0x3f
    }

    /// The name of the unit; `None` for one that rasdaemon does not name.
    pub const fn unit_name(&self) -> Option<&'static str> {
        Some(match self.unit() {
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

    /// The payload, in the layout that the type says.
    pub const fn payload(&self) -> AmperePayload<'_> {
        match self.error_type >> 6 {
            0 => AmperePayload::RasNode(zerocopy::transmute_ref!(&self.payload)),
            1 => AmperePayload::PcieAer(zerocopy::transmute_ref!(&self.payload)),
            2 => AmperePayload::PcieRasdp(zerocopy::transmute_ref!(&self.payload)),
            _ => AmperePayload::Firmware(zerocopy::transmute_ref!(&self.payload)),
        }
    }
}

impl SectionType for AmpereSpecificError {
    const TYPE: Guid = SectionTypeId::AMPERE_SPECIFIC.0;
    const NAME: &'static str = "Ampere specific error";
}

impl FixedSection for AmpereSpecificError {}

impl Decode for AmpereSpecificError {
    type View<'a> = FixedView<'a, Self>;

    fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, Error> {
        FixedView::new(body)
    }
}

impl Describe for AmpereSpecificError {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("unit", Value::Code { value: self.unit().into(), name: self.unit_name() })?;
        out.field("payload_type", Value::number(self.error_type >> 6))?;
        out.field("sub_type", Value::number(self.sub_type))?;
        out.field("instance", Value::hex(self.instance.get()))?;
        match self.payload() {
            AmperePayload::RasNode(node) => {
                out.field("status", Value::hex(node.status.get()))?;
                out.field("address", Value::hex(node.address.get()))?;
                let [misc_0, misc_1, misc_2, misc_3] = node.misc.map(|misc| Value::hex(misc.get()));
                out.field("misc_0", misc_0)?;
                out.field("misc_1", misc_1)?;
                out.field("misc_2", misc_2)?;
                out.field("misc_3", misc_3)
            }
            AmperePayload::PcieAer(aer) => {
                let uncorrectable =
                    |bits: U32| Value::flags(UncorrectableErrors::from_bits_retain(bits.get()));
                let correctable = |bits: U32| Value::flags(CorrectableErrors::from_bits_retain(bits.get()));
                out.field("uncorrectable_status", uncorrectable(aer.uncorrectable_status))?;
                out.field("uncorrectable_mask", uncorrectable(aer.uncorrectable_mask))?;
                out.field("uncorrectable_severity", uncorrectable(aer.uncorrectable_severity))?;
                out.field("correctable_status", correctable(aer.correctable_status))?;
                out.field("correctable_mask", correctable(aer.correctable_mask))?;
                out.field("root_command", Value::hex(aer.root_command.get()))?;
                out.field("root_status", Value::hex(aer.root_status.get()))?;
                out.field("source_id", Value::hex(aer.source_id.get()))
            }
            AmperePayload::PcieRasdp(path) => {
                out.field("correctable_register", Value::hex(path.correctable_register.get()))?;
                out.field("correctable_location", Value::hex(path.correctable_location.get()))?;
                out.field("correctable_address", Value::hex(path.correctable_address.get()))?;
                out.field("uncorrectable_register", Value::hex(path.uncorrectable_register.get()))?;
                out.field("uncorrectable_location", Value::hex(path.uncorrectable_location.get()))?;
                out.field("uncorrectable_address", Value::hex(path.uncorrectable_address.get()))
            }
            AmperePayload::Firmware(firmware) => {
                out.field("firmware_specific", Value::hex(firmware.firmware_specific.get()))?;
                let words = firmware.data.iter().map(|word| Value::hex(word.get()));
                out.field("data", Value::List(&crate::fields::Values(words)))
            }
        }
    }
}

show_fields!(AmpereSpecificError);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::Body;
    use crate::section::checks::{every_flip_shows, written};
    use std::string::ToString;
    use std::vec::Vec;
    use zerocopy::FromZeros;

    /// Bytes counted up from 1 behind the type.
    fn specific(error_type: u8) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..48).collect();
        bytes[0] = error_type;
        bytes
    }

    fn lines(bytes: &[u8]) -> Vec<std::string::String> {
        let text = Body::decode(SectionTypeId::AMPERE_SPECIFIC.0, bytes).unwrap().to_string();
        text.lines().map(Into::into).collect()
    }

    #[test]
    fn the_short_one() {
        let bytes = [10, 0, 1, 0, 3, 0, 0, 0, 0xd1];
        let body = Body::decode(SectionTypeId::AMPERE.0, &bytes).unwrap();
        assert_eq!(
            body.to_string(),
            "type id                 10\nsub type id             1\ninstance id             3\n\
             data 1 bytes\n  0000  d1                                               .\n"
        );
        let error = AmpereError::decode(&bytes).unwrap();
        assert_eq!(error.data(), [0xd1]);
        assert_eq!(written(&AmpereErrorParts { header: *error.header(), data: error.data() }), bytes);
        every_flip_shows(SectionTypeId::AMPERE, &bytes);
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
                "status                  0x07060504",
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
            "uncorrectable status    0x7060504 ",
            "uncorrectable mask      0xb0a0908 ",
            "uncorrectable severity  0xf0e0d0c ",
            "correctable status      0x13121110 ",
            "correctable mask        0x17161514 ",
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
                "data",
                "  [0] 0x0f0e0d0c0b0a0908",
                "  [1] 0x1716151413121110",
                "  [2] 0x1f1e1d1c1b1a1918",
                "  [3] 0x2726252423222120",
                "  [4] 0x2f2e2d2c2b2a2928",
            ]
        );
        for kind in [0, 0x47, 0x88, 0xff] {
            every_flip_shows(SectionTypeId::AMPERE_SPECIFIC, &specific(kind));
            let section = AmpereSpecificError::read_from_bytes(&specific(kind)).unwrap();
            assert_eq!(written(&section), specific(kind));
        }
        assert!(AmpereSpecificError::decode(&specific(0)[..47]).is_err());
    }

    #[test]
    fn units_have_names() {
        let name =
            |unit| AmpereSpecificError { error_type: unit, ..AmpereSpecificError::new_zeroed() }.unit_name();
        let names: Vec<_> = (0..16).map(|unit| name(unit).unwrap_or("-")).collect();
        assert_eq!(names[..6], ["CPU", "MCU", "mesh", "2P link QS", "2P link MQ", "GIC"]);
        assert_eq!(names[6..12], ["SMMU", "PCIe AER", "PCIe RASDP", "OCM", "SMpro", "PMpro"]);
        assert_eq!(names[12..], ["ATF firmware", "SMpro firmware", "PMpro firmware", "-"]);
        assert_eq!(name(63 | 0x80), Some("BERT"));
    }
}
