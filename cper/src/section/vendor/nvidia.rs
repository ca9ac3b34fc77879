//! NVIDIA error section of Grace processors (32 bytes and pairs of address and value), as openbmc/libcper reads it.
//!
//! The signature says what kind of error it is. Two kinds have a layout of their own: `CMET-INFO`, where each value
//! is the state of a memory channel, and `FWERROR`, a structure in the place of the pairs.

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::Entries;
use crate::fields::{Describe, Value, Values, Visitor, describe_rest, show_fields};
use crate::kind::View;
use crate::section::{Decode, Encode, SectionType};
use crate::{Error, ErrorKind, SectionTypeId, Severity};

/// The fixed part of an NVIDIA error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct NvidiaErrorHeader {
    /// What kind of error it is, in ASCII.
    pub signature: [u8; 16],
    /// Type of the error.
    pub error_type: U16,
    /// Instance of the unit.
    pub error_instance: U16,
    /// A [`Severity`] in one byte.
    pub severity: u8,
    /// Socket.
    pub socket: u8,
    /// Number of pairs.
    pub register_count: u8,
    /// 0.
    pub reserved: u8,
    /// Base address of the unit.
    pub instance_base: U64,
}

const _: () = {
    assert!(size_of::<NvidiaErrorHeader>() == 32 && align_of::<NvidiaErrorHeader>() == 1);
    assert!(core::mem::offset_of!(NvidiaErrorHeader, severity) == 20);
    assert!(core::mem::offset_of!(NvidiaErrorHeader, instance_base) == 24);
};

impl NvidiaErrorHeader {
    /// How bad it is.
    pub const fn severity(&self) -> Severity {
        Severity::new(self.severity as u32)
    }

    /// The signature up to its first NUL.
    pub fn signature(&self) -> &[u8] {
        self.signature.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

/// A register: its address and its value.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct NvidiaRegister {
    /// Address of the register, or of the memory channel.
    pub address: U64,
    /// Value of the register, or a [`CmetInfo`].
    pub value: U64,
}

const _: () = assert!(size_of::<NvidiaRegister>() == 16 && align_of::<NvidiaRegister>() == 1);

impl Describe for NvidiaRegister {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("address", Value::hex(self.address.get()))?;
        out.field("value", Value::hex(self.value.get()))
    }
}

bitflags! {
    /// State of a memory channel: the value of a pair in a section signed `CMET-INFO`. Bits 31:0 count the errors,
    /// bits 36:35 say why the channel is disabled.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CmetInfo: u64 {
        /// The channel is enabled.
        const ENABLED = 1 << 32;
        /// The channel is a spare one.
        const SPARE = 1 << 33;
        /// The channel is disabled for good.
        const PERMANENTLY_DISABLED = 1 << 34;
        const _ = !0;
    }
}

impl CmetInfo {
    /// Errors of the channel.
    pub const fn error_count(self) -> u32 {
        self.bits() as u32
    }

    /// Why the channel is disabled, 0 to 3.
    pub const fn disabled_reason(self) -> u8 {
        (self.bits() >> 35) as u8 & 3
    }
}

/// A memory channel for descriptions.
struct Channel<'a>(&'a NvidiaRegister);

impl Describe for Channel<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let info = CmetInfo::from_bits_retain(self.0.value.get());
        out.field("channel_address", Value::hex(self.0.address.get()))?;
        out.field("error_count", Value::number(info.error_count()))?;
        out.field("enabled", info.contains(CmetInfo::ENABLED).into())?;
        out.field("spare", info.contains(CmetInfo::SPARE).into())?;
        out.field("permanently_disabled", info.contains(CmetInfo::PERMANENTLY_DISABLED).into())?;
        out.field("disabled_reason", Value::number(info.disabled_reason()))?;
        out.field("value", Value::hex(info.bits()))
    }
}

/// What a section signed `FWERROR` has in the place of the pairs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct NvidiaFirmwareError {
    /// Firmware that began it, in ASCII.
    pub initiating_firmware: [u8; 8],
    /// How far its task had come.
    pub task_checkpoint: U64,
    /// Error code of MB1.
    pub mb1_error_code: U64,
    /// Version of MB1, in ASCII.
    pub mb1_version: [u8; 8],
    /// Channels that were retired, a bit each.
    pub bad_channel_mask: [U64; 2],
    /// Three memory channels, each with the number of its errors.
    pub channel_errors: [[U32; 2]; 3],
    /// Scratch register.
    pub scratch: U64,
    /// Channels whose DRAM is disabled.
    pub dram_disable: U64,
}

const _: () = assert!(size_of::<NvidiaFirmwareError>() == 88 && align_of::<NvidiaFirmwareError>() == 1);

impl Describe for NvidiaFirmwareError {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("initiating_firmware", Value::text(&self.initiating_firmware))?;
        out.field("task_checkpoint", Value::hex(self.task_checkpoint.get()))?;
        out.field("mb1_error_code", Value::hex(self.mb1_error_code.get()))?;
        out.field("mb1_version", Value::text(&self.mb1_version))?;
        let masks = self.bad_channel_mask.iter().map(|mask| Value::hex(mask.get()));
        out.field("bad_channel_mask", Value::List(&Values(masks)))?;
        let counts = self.channel_errors.iter().flatten().map(|number| Value::number(number.get()));
        out.field("channel_errors", Value::List(&Values(counts)))?;
        out.field("scratch", Value::hex(self.scratch.get()))?;
        out.field("dram_disable", Value::hex(self.dram_disable.get()))
    }
}

/// An NVIDIA error: its fixed part, to which it dereferences, and what follows.
#[derive(Clone, Copy, Debug)]
pub struct NvidiaError<'a> {
    header: &'a NvidiaErrorHeader,
    variable: &'a [u8],
    bytes: &'a [u8],
}

impl core::ops::Deref for NvidiaError<'_> {
    type Target = NvidiaErrorHeader;

    fn deref(&self) -> &NvidiaErrorHeader {
        self.header
    }
}

impl SectionType for NvidiaError<'_> {
    const TYPE: SectionTypeId = SectionTypeId::NVIDIA;
    const NAME: &'static str = "NVIDIA error";
}

impl Decode for NvidiaError<'_> {
    type View<'a> = NvidiaError<'a>;

    fn decode(body: &[u8]) -> Result<NvidiaError<'_>, Error> {
        match NvidiaErrorHeader::ref_from_prefix(body) {
            Ok((header, variable)) => Ok(NvidiaError { header, variable, bytes: body }),
            Err(_) => Err(Error::too_short(Self::NAME, size_of::<NvidiaErrorHeader>(), body.len())),
        }
    }
}

impl<'a> View<'a> for NvidiaError<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        self.trailing()
    }
}

impl<'a> NvidiaError<'a> {
    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The fixed part, every field as it was stored.
    pub const fn header(&self) -> &'a NvidiaErrorHeader {
        self.header
    }

    /// Everything behind the fixed part, as it was stored.
    pub const fn variable(&self) -> &'a [u8] {
        self.variable
    }

    /// The pairs of address and value, whatever the signature says.
    pub fn registers(&self) -> Entries<'a, NvidiaRegister> {
        Entries::new(self.variable, self.header.register_count.into(), "register count", 22)
    }

    /// Whether the values of the pairs are states of memory channels.
    pub fn is_cmet_info(&self) -> bool {
        self.signature() == b"CMET-INFO"
    }

    /// The firmware error of a section signed `FWERROR`; `None` for another signature or when it is cut short.
    pub fn firmware_error(&self) -> Option<&'a NvidiaFirmwareError> {
        if self.signature() != b"FWERROR" {
            return None;
        }
        NvidiaFirmwareError::ref_from_prefix(self.variable).ok().map(|(error, _)| error)
    }

    /// What follows the pairs or the firmware error.
    pub fn trailing(&self) -> &'a [u8] {
        let used = match self.firmware_error() {
            Some(error) => size_of_val(error),
            None => self.registers().len_in_bytes(),
        };
        self.variable.get(used..).unwrap_or_default()
    }
}

impl Describe for NvidiaError<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("signature", Value::text(&self.header.signature))?;
        out.field("error_type", Value::hex(self.error_type.get()))?;
        out.field("error_instance", Value::number(self.error_instance.get()))?;
        out.field("severity", self.severity().into())?;
        out.field("socket", Value::number(self.socket))?;
        out.field("register_count", Value::number(self.register_count))?;
        out.field("instance_base", Value::hex(self.instance_base.get()))?;
        if let Some(error) = self.firmware_error() {
            out.field("firmware_error", Value::Group(error))?;
        } else if self.is_cmet_info() {
            let registers = self.registers();
            let channels = registers.as_slice().iter().map(Channel);
            out.field("cmet_info", Value::List(&crate::fields::Each(channels)))?;
            if let Some(error) = registers.error() {
                error.describe(out)?;
            }
        } else {
            out.field("registers", Value::List(&self.registers()))?;
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(NvidiaError<'a>);

/// An NVIDIA error to be written: the fixed part, and its pairs or a firmware error.
#[derive(Clone, Copy, Debug)]
pub struct NvidiaErrorParts<'a> {
    header: NvidiaErrorHeader,
    variable: &'a [u8],
}

impl<'a> NvidiaErrorParts<'a> {
    /// A section of this fixed part and these pairs. Their number is filled in.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] over 255 pairs.
    pub fn new(mut header: NvidiaErrorHeader, registers: &'a [NvidiaRegister]) -> Result<Self, Error> {
        let Ok(count) = u8::try_from(registers.len()) else {
            return Err(Error::new(ErrorKind::TooLarge { what: "register count" }, 22));
        };
        header.register_count = count;
        Ok(Self { header, variable: registers.as_bytes() })
    }

    /// A section of this fixed part and this firmware error. The signature is filled in; the number of pairs, of
    /// which there are none, stays as it is.
    pub fn firmware_error(header: NvidiaErrorHeader, error: &'a NvidiaFirmwareError) -> Self {
        Self {
            header: NvidiaErrorHeader { signature: *b"FWERROR\0\0\0\0\0\0\0\0\0", ..header },
            variable: error.as_bytes(),
        }
    }
}

impl SectionType for NvidiaErrorParts<'_> {
    const TYPE: SectionTypeId = NvidiaError::TYPE;
    const NAME: &'static str = NvidiaError::NAME;
}

impl Encode for NvidiaErrorParts<'_> {
    fn encoded_len(&self) -> usize {
        self.variable.len().saturating_add(size_of::<NvidiaErrorHeader>())
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        super::write_all([self.header.as_bytes(), self.variable], out)?.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::Body;
    use crate::section::checks::{every_flip_shows, written};
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn section(signature: &[u8; 16], variable: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::from(signature);
        bytes.extend([0x02, 0x01, 0x04, 0x03, 2, 5, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        bytes.extend(variable);
        bytes
    }

    fn told(bytes: &[u8]) -> String {
        Body::decode(SectionTypeId::NVIDIA, bytes).unwrap().to_string()
    }

    const HEAD: &str = "\
error type              0x0102
error instance          772
severity                corrected (2)
socket                  5
register count          2
instance base           0x0807060504030201
";

    #[test]
    fn registers_are_where_libcper_says() {
        let variable: Vec<u8> = (0x10..0x33).collect();
        let bytes = section(b"HSS-BUSY\0\0\0\0\0\0\0\0", &variable);
        let error = NvidiaError::decode(&bytes).unwrap();
        assert_eq!((error.signature(), error.severity()), (&b"HSS-BUSY"[..], Severity::CORRECTED));
        assert_eq!(error.registers().count(), 2);
        assert_eq!(
            told(&bytes),
            String::from("signature               HSS-BUSY\n")
                + HEAD
                + "registers\n  [0] \n    address                 0x1716151413121110\n    \
                     value                   0x1f1e1d1c1b1a1918\n  \
                   [1] \n    address                 0x2726252423222120\n    \
                     value                   0x2f2e2d2c2b2a2928\n\
                   trailing 3 bytes\n  0000  30 31 32                                         012\n"
        );
        every_flip_shows(SectionTypeId::NVIDIA, &bytes);
        for length in 0..bytes.len() {
            let Ok(error) = NvidiaError::decode(&bytes[..length]) else {
                assert!(length < 32);
                continue;
            };
            let there = ((length - 32) / 16).min(2);
            let errors = error.registers().filter(Result::is_err).count();
            assert_eq!((error.registers().count() - errors, errors), (there, usize::from(there < 2)));
            assert_eq!(error.trailing().len(), length - 32 - there * 16);
        }
        let error = NvidiaError::decode(&bytes[..63]).unwrap();
        assert!(error.to_string().contains("[1] offset 22: register count is 2, at most 1 fit\n"));
    }

    #[test]
    fn channels_of_cmet_info() {
        let mut variable = [0; 32];
        variable[..16].copy_from_slice(&[1, 0, 0, 0, 1, 0, 0, 0x80, 0x47, 0xde, 0x1f, 3, 0x0b, 0, 0, 0]);
        variable[28] = 0x14;
        let bytes = section(b"CMET-INFO\0\0\0\0\0\0\0", &variable);
        assert_eq!(
            told(&bytes),
            String::from("signature               CMET-INFO\n")
                + HEAD
                + "cmet info\n  [0] \n    channel address         0x8000000100000001\n    \
                     error count             52420167\n    enabled                 yes\n    \
                     spare                   yes\n    permanently disabled    no\n    \
                     disabled reason         1\n    value                   0x0000000b031fde47\n  \
                   [1] \n    channel address         0x0000000000000000\n    \
                     error count             0\n    enabled                 no\n    \
                     spare                   no\n    permanently disabled    yes\n    \
                     disabled reason         2\n    value                   0x0000001400000000\n"
        );
        assert!(
            told(&bytes[..48])
                .ends_with("error                   offset 22: register count is 2, at most 1 fit\n")
        );
    }

    #[test]
    fn a_firmware_error() {
        let variable: Vec<u8> = (0x61..0x61 + 89).collect();
        let bytes = section(b"FWERROR\0\0\0\0\0\0\0\0\0", &variable);
        let error = NvidiaError::decode(&bytes).unwrap();
        assert_eq!(error.firmware_error().unwrap().as_bytes(), &variable[..88]);
        assert_eq!(error.trailing(), [0x61 + 88]);
        let text = told(&bytes);
        let (_, text) = text.split_once("firmware error\n").unwrap();
        assert_eq!(
            text.lines().take(17).collect::<Vec<_>>(),
            [
                "  initiating firmware     abcdefgh",
                "  task checkpoint         0x706f6e6d6c6b6a69",
                "  mb1 error code          0x7877767574737271",
                "  mb1 version             yz{|}~\\x7f\\x80",
                "  bad channel mask",
                "    [0] 0x8887868584838281",
                "    [1] 0x908f8e8d8c8b8a89",
                "  channel errors",
                "    [0] 2492699281",
                "    [1] 2560071317",
                "    [2] 2627443353",
                "    [3] 2694815389",
                "    [4] 2762187425",
                "    [5] 2829559461",
                "  scratch                 0xb0afaeadacabaaa9",
                "  dram disable            0xb8b7b6b5b4b3b2b1",
                "trailing 1 bytes",
            ]
        );
        every_flip_shows(SectionTypeId::NVIDIA, &bytes);
        assert!(NvidiaError::decode(&bytes[..119]).unwrap().firmware_error().is_none());
    }

    #[test]
    fn values_survive_writing() {
        let bytes = section(b"HSS-BUSY\0\0\0\0\0\0\0\0", &[7; 32]);
        let error = NvidiaError::decode(&bytes).unwrap();
        let registers: Vec<_> = error.registers().map(|register| *register.unwrap()).collect();
        let header = NvidiaErrorHeader { register_count: 0, ..*error.header() };
        assert_eq!(written(&NvidiaErrorParts::new(header, &registers).unwrap()), bytes);
        assert_eq!(
            NvidiaErrorParts::new(header, &[NvidiaRegister::default(); 256]).unwrap_err().to_string(),
            "offset 22: register count does not fit its field"
        );
        let bytes = section(b"FWERROR\0\0\0\0\0\0\0\0\0", &(0..88).collect::<Vec<_>>());
        let error = NvidiaError::decode(&bytes).unwrap();
        let header = NvidiaErrorHeader { signature: [b'?'; 16], ..*error.header() };
        assert_eq!(
            written(&NvidiaErrorParts::firmware_error(header, error.firmware_error().unwrap())),
            bytes
        );
    }
}
