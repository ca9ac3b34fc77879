//! NVIDIA error section of Grace processors (32 bytes and pairs of address and value), as openbmc/libcper reads it.
//!
//! The signature says what kind of error it is. Two kinds have a layout of their own: `CMET-INFO`, where each value
//! is the state of a memory channel, and `FWERROR`, a structure in the place of the pairs.

use core::fmt;

use zerocopy::IntoBytes;

use crate::entries::Entries;
use crate::fields::{Describe, Groups, Printable, Stored, Value, Visitor, describe_rest, shows, up_to_nul};
use crate::kind::{Encode, SectionType, fill_with};
use crate::open_value::flag_set;
use crate::structure::structure;
use crate::{Error, ErrorKind, SectionTypeId, Severity};

structure! {
    /// The fixed part of an NVIDIA error. [`NvidiaErrorParts`] fills in the number of pairs.
    NvidiaErrorHeader: 32 bytes, new;
    head of NvidiaError from 32 as NVIDIA "NVIDIA error";
    /// Signature, in ASCII: what kind of error it is.
    0 signature: [u8; 16] raw signature_raw;
    /// Type of the error.
    16 error_type: u16 as hex "nvidia_error_type" => set_error_type with_error_type;
    /// Instance of the unit.
    18 error_instance: u16 as number => set_error_instance with_error_instance;
    /// Severity of the error: a [`Severity`] in one byte.
    20 severity: u8 raw severity_raw;
    /// Number of the socket.
    21 socket: u8 as number => set_socket with_socket;
    /// Number of pairs of address and value.
    22 register_count: u8 as number;
    23 reserved: u8;
    /// Base address of the unit.
    24 instance_base: u64 as hex => set_instance_base with_instance_base;
}

impl NvidiaErrorHeader {
    /// Signature, up to the first NUL: what kind of error it is.
    pub fn signature(&self) -> &[u8] {
        up_to_nul(Self::AT.signature.of(&self.0))
    }

    /// Sets the signature, in ASCII; a short one ends with NULs.
    #[inline]
    pub const fn set_signature(&mut self, signature: [u8; 16]) {
        Self::AT.signature.put(&mut self.0, signature);
    }

    /// Sets the signature, in ASCII; a short one ends with NULs.
    #[must_use]
    #[inline]
    pub const fn with_signature(mut self, signature: [u8; 16]) -> Self {
        self.set_signature(signature);
        self
    }

    /// Severity of the error.
    #[inline]
    pub const fn severity(&self) -> Severity {
        Severity::new(self.severity_raw() as u32)
    }

    /// Sets the severity; of a number above 255 the lower eight bits are kept.
    #[inline]
    pub const fn set_severity(&mut self, severity: Severity) {
        Self::AT.severity.put(&mut self.0, [severity.raw() as u8]);
    }

    /// Sets the severity; of a number above 255 the lower eight bits are kept.
    #[must_use]
    #[inline]
    pub const fn with_severity(mut self, severity: Severity) -> Self {
        self.set_severity(severity);
        self
    }
}

structure! {
    /// A register: its address and its value.
    NvidiaRegister: 16 bytes, new;
    /// Address of the register, or of the memory channel.
    0 address: u64 as hex => set_address with_address;
    /// Value of the register, or a [`CmetInfo`].
    8 value: u64 as hex => set_value with_value;
}

impl Describe for NvidiaRegister {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

flag_set! {
    /// State of a memory channel: the value of a pair in a section signed `CMET-INFO`. Bits 31:0 count the errors,
    /// bits 36:35 say why the channel is disabled.
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
    /// Number of errors of the channel.
    #[inline]
    pub const fn error_count(self) -> u32 {
        self.bits() as u32
    }

    /// Why the channel is disabled, 0 to 3.
    #[inline]
    pub const fn disabled_reason(self) -> u8 {
        (self.bits() >> 35) as u8 & 3
    }
}

/// A memory channel for descriptions.
struct Channel<'a>(&'a NvidiaRegister);

impl Describe for Channel<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let info = CmetInfo::from_bits_retain(self.0.value());
        shows!(out, NvidiaRegister in &self.0.0, address, value);
        out.field("channel_address", Value::hex(self.0.address()))?;
        out.field("error_count", Value::number(info.error_count()))?;
        out.field("enabled", info.contains(CmetInfo::ENABLED).into())?;
        out.field("spare", info.contains(CmetInfo::SPARE).into())?;
        out.field("permanently_disabled", info.contains(CmetInfo::PERMANENTLY_DISABLED).into())?;
        out.field("disabled_reason", Value::number(info.disabled_reason()))?;
        out.field("value", Value::hex(info.bits()))
    }
}

structure! {
    /// What a section signed `FWERROR` has in the place of the pairs.
    NvidiaFirmwareError: 88 bytes, new;
    /// Firmware that initiated the error, in ASCII.
    0 initiating_firmware: [u8; 8] as text => set_initiating_firmware with_initiating_firmware;
    /// Checkpoint that the firmware's task had reached.
    8 task_checkpoint: u64 as hex => set_task_checkpoint with_task_checkpoint;
    /// Error code of MB1.
    16 mb1_error_code: u64 as hex => set_mb1_error_code with_mb1_error_code;
    /// Version of MB1, in ASCII.
    24 mb1_version: [u8; 8] as text => set_mb1_version with_mb1_version;
    /// Channels that were retired, one bit for each.
    32 bad_channel_mask: [u64; 2] as words => set_bad_channel_mask with_bad_channel_mask;
    /// Three memory channels, each followed by the number of its errors.
    48 channel_errors: [u32; 6] as numbers => set_channel_errors with_channel_errors;
    /// Scratch register.
    72 scratch: u64 as hex => set_scratch with_scratch;
    /// Channels whose DRAM is disabled.
    80 dram_disable: u64 as hex => set_dram_disable with_dram_disable;
}

impl Describe for NvidiaFirmwareError {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

impl<'a> NvidiaError<'a> {
    /// Signature, up to the first NUL: what kind of error it is.
    pub fn signature(&self) -> &'a [u8] {
        self.structure().map_or(&[], NvidiaErrorHeader::signature)
    }

    /// Severity of the error.
    pub fn severity(&self) -> Severity {
        // The shortest form has the field.
        Severity::new(self.severity_raw().unwrap_or_default().into())
    }

    /// The bytes after the fixed part.
    pub fn data(&self) -> &'a [u8] {
        self.bytes.get(NvidiaErrorHeader::SIZE..).unwrap_or_default()
    }

    /// The pairs of address and value, whatever the signature says.
    pub fn registers(&self) -> Entries<'a, NvidiaRegister> {
        Entries::new(self.data(), self.register_count().into(), "register count", 22)
    }

    /// Whether the values of the pairs are states of memory channels.
    pub fn is_cmet_info(&self) -> bool {
        self.signature() == b"CMET-INFO"
    }

    /// Whether a firmware error is in the place of the pairs.
    fn is_firmware_error(&self) -> bool {
        self.signature() == b"FWERROR"
    }

    /// The firmware error of a section signed `FWERROR`; `None` for another signature or when it is cut short.
    pub fn firmware_error(&self) -> Option<&'a NvidiaFirmwareError> {
        if !self.is_firmware_error() {
            return None;
        }
        let after = self.bytes.get(NvidiaErrorHeader::SIZE..)?;
        NvidiaFirmwareError::first(after).map(|(error, _)| error)
    }

    /// The bytes after the pairs or the firmware error, and those of a firmware error that is cut short.
    pub fn trailing(&self) -> &'a [u8] {
        let used = match self.firmware_error() {
            Some(error) => size_of_val(error),
            None if self.is_firmware_error() => 0,
            None => self.registers().len_in_bytes(),
        };
        self.data().get(used..).unwrap_or_default()
    }

    /// How many bytes of the pairs or of the firmware error the body does not have.
    pub fn missing(&self) -> usize {
        let claimed = if self.is_firmware_error() {
            NvidiaFirmwareError::SIZE
        } else {
            usize::from(self.register_count()).saturating_mul(NvidiaRegister::SIZE)
        };
        claimed.saturating_sub(self.data().len())
    }

    /// The kind of error, and the unit.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        match self.signature() {
            [] => f.write_str("error without a signature")?,
            signature => write!(f, "{}", Printable(signature))?,
        }
        if let Some(error) = self.firmware_error() {
            write!(f, " of {}, code {:#x}", Printable(&error.initiating_firmware()), error.mb1_error_code())?;
        } else if self.is_cmet_info() {
            let registers = self.registers();
            let channels = registers.as_slice();
            let (mut errors, mut disabled) = (0_u64, 0_u64);
            for channel in channels {
                let state = CmetInfo::from_bits_retain(channel.value());
                errors = errors.saturating_add(state.error_count().into());
                disabled = disabled.saturating_add((!state.contains(CmetInfo::ENABLED)).into());
            }
            write!(f, ", {errors} errors, {disabled} of {} memory channels disabled", channels.len())?;
        }
        write!(
            f,
            ", type {:#x}, instance {}, socket {}",
            self.error_type(),
            self.error_instance(),
            self.socket()
        )
    }
}

impl Describe for NvidiaError<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("signature", Value::text(NvidiaErrorHeader::AT.signature.of(self.bytes)))?;
        out.field("severity", self.severity().into())?;
        self.describe_fields(out)?;
        out.stored("signature", self.signature(), Stored::Shown);
        shows!(out, NvidiaErrorHeader in self.bytes, severity);
        if let Some(error) = self.firmware_error() {
            out.field("firmware_error", Value::Group(error))?;
        } else if self.is_firmware_error() {
            Error::too_short("firmware error", NvidiaFirmwareError::SIZE, self.data().len())
                .at(NvidiaErrorHeader::SIZE)
                .describe(out)?;
        } else if self.is_cmet_info() {
            let registers = self.registers();
            let channels = registers.as_slice().iter().map(Channel);
            out.field("cmet_info", Value::List(&Groups(channels)))?;
            if let Some(error) = registers.error() {
                error.describe(out)?;
            }
        } else {
            out.field("registers", Value::List(&self.registers()))?;
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

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
        NvidiaErrorHeader::AT.register_count.put(&mut header.0, [count]);
        Ok(Self { header, variable: registers.as_bytes() })
    }

    /// A section of this fixed part and this firmware error. The signature is filled in; the number of pairs, of
    /// which there are none, stays as it is.
    pub fn firmware_error(header: NvidiaErrorHeader, error: &'a NvidiaFirmwareError) -> Self {
        Self { header: header.with_signature(*b"FWERROR\0\0\0\0\0\0\0\0\0"), variable: error.as_bytes() }
    }
}

impl SectionType for NvidiaErrorParts<'_> {
    const TYPE: SectionTypeId = NvidiaError::TYPE;
    const NAME: &'static str = NvidiaError::NAME;
}

impl Encode for NvidiaErrorParts<'_> {
    fn encoded_len(&self) -> usize {
        self.variable.len().saturating_add(NvidiaErrorHeader::SIZE)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        fill_with(out, &[self.header.as_bytes(), self.variable])
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
    use std::string::{String, ToString};
    use std::vec::Vec;
    use zerocopy::FromBytes;

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
severity                corrected (2)
nvidia error type       0x0102
error instance          772
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
        for length in 0..bytes.len() {
            let Ok(error) = NvidiaError::decode(&bytes[..length]) else {
                assert!(length < 32);
                continue;
            };
            let there = ((length - 32) / 16).min(2);
            let errors = error.registers().filter(Result::is_err).count();
            assert_eq!((error.registers().count() - errors, errors), (there, usize::from(there < 2)));
            assert_eq!(error.trailing().len(), length - 32 - there * 16);
            assert_eq!(error.missing(), 64usize.saturating_sub(length));
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
        let cut = NvidiaError::decode(&bytes[..119]).unwrap();
        assert!(cut.firmware_error().is_none());
        assert_eq!((cut.missing(), cut.trailing()), (1, &bytes[32..119]));
        let text = cut.to_string();
        assert!(
            text.contains("offset 32: firmware error needs 88 bytes, 87 available\ntrailing 87 bytes"),
            "{text}"
        );
    }

    #[test]
    fn every_bit_is_where_libcper_says() {
        let map = |bytes: &[u8], skip| {
            bit_map(bytes, skip, |bytes, told| told(&NvidiaError::decode(bytes).unwrap()))
        };
        assert_map(
            &map(&section(b"HSS-BUSY\0\0\0\0\0\0\0\0", &[0; 33])[..], 8..16),
            "0.0 signature ~*64 16.0 nvidia_error_type *16 18.0 error_instance *16 20.0 severity *8 21.0 socket *8
             22.0 register_count *8 23.0 hidden ~*8 24.0 instance_base *64 32.0 registers ~*256 64.0 trailing ~*8",
        );
        assert_map(
            &map(&section(b"FWERROR\0\0\0\0\0\0\0\0\0", &[1; 89])[..], 0..32),
            "32.0 firmware_error.initiating_firmware ~*64 40.0 firmware_error.task_checkpoint *64
             48.0 firmware_error.mb1_error_code *64 56.0 firmware_error.mb1_version ~*64
             64.0 firmware_error.bad_channel_mask ~*128 80.0 firmware_error.channel_errors ~*192
             104.0 firmware_error.scratch *64 112.0 firmware_error.dram_disable *64 120.0 trailing ~*8",
        );
        let cut = section(b"FWERROR\0\0\0\0\0\0\0\0\0", &[1; 87]);
        assert_map(&map(&cut, 0..32), "32.0 trailing ~*696");
        // A pair, and the same as a memory channel.
        let pair = |bytes: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
            told(NvidiaRegister::ref_from_bytes(bytes).unwrap());
        };
        assert_map(&bit_map(&[0; 16], 0..0, pair), "0.0 address *64 8.0 value *64");
        let channel = |bytes: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
            told(&Channel(NvidiaRegister::ref_from_bytes(bytes).unwrap()));
        };
        assert_map(
            &bit_map(&[0; 16], 0..0, channel),
            "0.0 channel_address *64 8.0 error_count *32 12.0 enabled ~*1 12.1 spare ~*1
             12.2 permanently_disabled ~*1 12.3 disabled_reason *2 12.5 value @37*27",
        );
    }

    #[test]
    fn the_summary_says_what_kind_of_error_and_where() {
        let summary = |signature: &[u8; 16], data: &[u8]| {
            Body::decode(NvidiaError::TYPE, &section(signature, data)).unwrap().summary().to_string()
        };
        let unit = "type 0x102, instance 772, socket 5";
        assert_eq!(summary(b"HSS-BUSY\0\0\0\0\0\0\0\0", &[0; 32]), ["HSS-BUSY, ", unit].concat());
        assert_eq!(summary(&[0; 16], &[]), ["error without a signature, ", unit].concat());
        let mut error = [0; 88];
        error[..3].copy_from_slice(b"MB1");
        error[16..18].copy_from_slice(&[0x34, 0x12]);
        assert_eq!(
            summary(b"FWERROR\0\0\0\0\0\0\0\0\0", &error),
            ["FWERROR of MB1, code 0x1234, ", unit].concat()
        );
        let mut channels = [0; 32];
        (channels[8], channels[12], channels[24]) = (3, 1, 4);
        assert_eq!(
            summary(b"CMET-INFO\0\0\0\0\0\0\0", &channels),
            ["CMET-INFO, 7 errors, 1 of 2 memory channels disabled, ", unit].concat()
        );
    }

    #[test]
    fn values_survive_writing() {
        let bytes = section(b"HSS-BUSY\0\0\0\0\0\0\0\0", &[7; 32]);
        let error = NvidiaError::decode(&bytes).unwrap();
        let registers: Vec<_> = error.registers().map(|register| *register.unwrap()).collect();
        let mut header = *error.structure().unwrap();
        NvidiaErrorHeader::AT.register_count.put(&mut header.0, [0]);
        assert_eq!(written(&NvidiaErrorParts::new(header, &registers).unwrap()), bytes);
        assert_eq!(
            NvidiaErrorParts::new(header, &[NvidiaRegister::default(); 256]).unwrap_err().to_string(),
            "offset 22: register count does not fit its field"
        );
        let bytes = section(b"FWERROR\0\0\0\0\0\0\0\0\0", &(0..88).collect::<Vec<_>>());
        let error = NvidiaError::decode(&bytes).unwrap();
        let header = error.structure().unwrap().with_signature([b'?'; 16]);
        assert_eq!(
            written(&NvidiaErrorParts::firmware_error(header, error.firmware_error().unwrap())),
            bytes
        );
    }

    #[test]
    fn every_writer_sets_its_bytes() {
        let mut bytes = section(b"HSS-BUSY\0\0\0\0\0\0\0\0", &[]);
        bytes[22] = 0;
        let header = NvidiaErrorHeader::new()
            .with_signature(*b"HSS-BUSY\0\0\0\0\0\0\0\0")
            .with_error_type(0x0102)
            .with_error_instance(0x0304)
            .with_severity(Severity::CORRECTED)
            .with_socket(5)
            .with_instance_base(0x0807_0605_0403_0201);
        assert_eq!(header.as_bytes(), bytes);
        let counted: Vec<u8> = (1..=88).collect();
        let error = NvidiaFirmwareError::ref_from_bytes(&counted).unwrap();
        let written = NvidiaFirmwareError::new()
            .with_initiating_firmware(error.initiating_firmware())
            .with_task_checkpoint(error.task_checkpoint())
            .with_mb1_error_code(error.mb1_error_code())
            .with_mb1_version(error.mb1_version())
            .with_bad_channel_mask(error.bad_channel_mask())
            .with_channel_errors(error.channel_errors())
            .with_scratch(error.scratch())
            .with_dram_disable(error.dram_disable());
        assert_eq!(written.as_bytes(), counted);
        assert_eq!(error.bad_channel_mask(), [0x2827_2625_2423_2221, 0x302f_2e2d_2c2b_2a29]);
        assert_eq!(error.channel_errors()[5], 0x4847_4645);
    }
}
