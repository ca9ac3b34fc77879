//! CXL protocol error (UEFI 2.11 Appendix N, "CXL Protocol Error Section": 116 bytes, a copy of a DVSEC, an error
//! log). The error log is the CXL RAS capability structure (CXL 3.1 section 8.2.4.17).
//!
//! ```
//! use cper::section::{CxlAgentAddress, CxlAgentType, CxlProtocolErrorHeader, CxlProtocolErrorParts};
//! use cper::section::{CxlRasCapability, CxlUncorrectableErrors};
//! use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity};
//!
//! let header = CxlProtocolErrorHeader::new()
//!     .with_agent_type(CxlAgentType::DEVICE)
//!     .with_agent_address(CxlAgentAddress::from_function(0, 0x38, 0, 1));
//! let log = CxlRasCapability::new().with_uncorrectable_error_status(CxlUncorrectableErrors::POISON_RECEIVED);
//! let mut buffer = [0; 512];
//! let mut writer = RecordWriter::new(&mut buffer, &RecordHeader::fatal(NotificationType::CXL_COMPONENT))?;
//! writer.section(
//!     &SectionDescriptor::primary(Severity::FATAL),
//!     &CxlProtocolErrorParts::new(header).with_ras_capability(&log),
//! )?;
//! writer.finish()?;
//! # Ok::<(), cper::Error>(())
//! ```

use core::fmt;

use zerocopy::little_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::pcie_capability::PcieCapability;
use crate::error::clamp;
use crate::fields::{
    Describe, Stored, Value, Visitor, describe_rest, flag_name, show_fields, shows, write_names,
};
use crate::kind::{Encode, SectionType, fill_with};
use crate::open_value::open_value;
use crate::structure::structure;
use crate::{Error, ErrorKind, SectionTypeId};

structure! {
    /// The fixed part of a CXL protocol error. [`CxlProtocolErrorParts`] fills in the lengths.
    CxlProtocolErrorHeader: 116 bytes, new;
    head of CxlProtocolError from 116 as CXL_PROTOCOL "CXL protocol error";
    valid CxlProtocolValidation: u64 in validation_bits {
        /// [`CxlProtocolError::dvsec`].
        DVSEC = 5;
        /// [`CxlProtocolError::error_log`].
        ERROR_LOG = 6;
    };
    0 validation_bits: u64;
    /// Which kind of agent detected the error.
    8 agent_type: (u8 CxlAgentType), agent_type_raw set_agent_type with_agent_type, AGENT_TYPE = 0;
    9 reserved: [u8; 7];
    /// Where the agent is: an RCRB base address for a restricted host's downstream port, else a PCI function.
    16 agent_address: CxlAgentAddress, agent_address_raw set_agent_address with_agent_address, AGENT_ADDRESS = 1;
    /// PCI identity of the agent.
    24 device_id: CxlDeviceId as group, device_id_raw set_device_id with_device_id, DEVICE_ID = 2;
    /// Serial number of the device.
    40 device_serial_number: u64 as hex, device_serial_number_raw set_device_serial_number with_device_serial_number,
        DEVICE_SERIAL_NUMBER = 3;
    /// The PCI Express capability structure of the agent; its next pointer means nothing here.
    48 capability_structure: PcieCapability as part,
        capability_structure_raw set_capability_structure with_capability_structure, CAPABILITY_STRUCTURE = 4;
    /// Length of the DVSEC in bytes.
    108 dvsec_length: u16 raw dvsec_length_raw;
    /// Length of the error log in bytes. The error log follows the DVSEC.
    110 error_log_length: u16 raw error_log_length_raw;
    112 reserved_2: [u8; 4];
}

open_value! {
    /// The kind of agent that detected an error.
    CxlAgentType: u8 {
        RESTRICTED_DEVICE = 0 => "restricted CXL device",
        RESTRICTED_HOST_DOWNSTREAM_PORT = 1 => "restricted CXL host downstream port",
        DEVICE = 2 => "CXL device",
        LOGICAL_DEVICE = 3 => "CXL logical device",
        FM_OWNED_LOGICAL_DEVICE = 4 => "CXL fabric manager owned logical device",
        ROOT_PORT = 5 => "CXL root port",
        DOWNSTREAM_SWITCH_PORT = 6 => "CXL downstream switch port",
        UPSTREAM_SWITCH_PORT = 7 => "CXL upstream switch port",
    }
}

/// Where an agent is: segment, bus, device and function, or for a restricted host's downstream port the base address
/// of its RCRB.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(transparent)]
pub struct CxlAgentAddress(U64);

impl CxlAgentAddress {
    /// The address of a PCI function.
    pub const fn from_function(segment: u16, bus: u8, device: u8, function: u8) -> Self {
        let [low, high] = segment.to_le_bytes();
        Self(U64::from_bytes([function, device, bus, low, high, 0, 0, 0]))
    }

    /// The RCRB base address of a restricted host's downstream port.
    pub const fn from_rcrb_base(address: u64) -> Self {
        Self(U64::new(address))
    }

    /// Function number.
    pub const fn function(self) -> u8 {
        self.0.get() as u8
    }

    /// Device number.
    pub const fn device(self) -> u8 {
        (self.0.get() >> 8) as u8
    }

    /// Bus number.
    pub const fn bus(self) -> u8 {
        (self.0.get() >> 16) as u8
    }

    /// Segment number.
    pub const fn segment(self) -> u16 {
        (self.0.get() >> 24) as u16
    }

    /// All 64 bits as the RCRB base address.
    pub const fn rcrb_base(self) -> u64 {
        self.0.get()
    }
}

impl Describe for CxlAgentAddress {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("segment", Value::hex(self.segment()))?;
        out.field("bus", Value::hex(self.bus()))?;
        out.field("device", Value::hex(self.device()))?;
        out.field("function", Value::number(self.function()))
    }
}

structure! {
    /// PCI identity of an agent.
    CxlDeviceId: 16 bytes, new;
    /// PCI vendor id.
    0 vendor_id: u16 as hex => set_vendor_id with_vendor_id;
    /// PCI device id.
    2 device_id: u16 as hex => set_device_id with_device_id;
    /// PCI subsystem vendor id.
    4 subsystem_vendor_id: u16 as hex => set_subsystem_vendor_id with_subsystem_vendor_id;
    /// PCI subsystem device id.
    6 subsystem_device_id: u16 as hex => set_subsystem_device_id with_subsystem_device_id;
    /// Class code: subclass in the low byte, base class in the high one.
    8 class_code: u16 as hex => set_class_code with_class_code;
    /// Slot number in bits 15:3.
    10 slot: u16 raw slot_raw;
    12 reserved: [u8; 4];
}

impl CxlDeviceId {
    /// Slot number, 13 bits.
    #[inline]
    pub const fn slot_number(&self) -> u16 {
        self.slot_raw() >> 3
    }

    /// Sets the slot number; bits past the 13th are dropped.
    #[inline]
    pub const fn set_slot_number(&mut self, number: u16) {
        let slot = number << 3 | self.slot_raw() & 7;
        Self::AT.slot.put(&mut self.0, slot.to_le_bytes());
    }

    /// Sets the slot number; bits past the 13th are dropped.
    #[must_use]
    #[inline]
    pub const fn with_slot_number(mut self, number: u16) -> Self {
        self.set_slot_number(number);
        self
    }
}

impl Describe for CxlDeviceId {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        if self.slot_number() << 3 == self.slot_raw() {
            shows!(out, self, slot);
        }
        out.field("slot_number", Value::number(self.slot_number()))
    }
}

structure! {
    /// The first 10 bytes of a designated vendor-specific extended capability (PCIe 6.0 section 7.9.6).
    DvsecHeader: 10 bytes, new;
    /// Extended capability header: id 0x23 in bits 15:0.
    0 capability_header: u32 as hex => set_capability_header with_capability_header;
    /// Vendor in bits 15:0, revision in bits 19:16, length in bits 31:20.
    4 header_1: u32 => set_header_1 with_header_1;
    /// Id that the vendor gave the structure.
    8 dvsec_id: (u16 CxlDvsecId) => set_dvsec_id with_dvsec_id;
}

open_value! {
    /// Id of a DVSEC whose vendor is CXL, 0x1e98 (CXL 3.1 table 8-2).
    CxlDvsecId: u16 {
        DEVICE = 0 => "CXL device",
        FUNCTION_MAP = 2 => "non-CXL function map",
        PORT_EXTENSIONS = 3 => "CXL extensions for ports",
        PORT_GPF = 4 => "GPF for CXL ports",
        DEVICE_GPF = 5 => "GPF for CXL devices",
        FLEX_BUS_PORT = 7 => "flex bus port",
        REGISTER_LOCATOR = 8 => "register locator",
        MLD = 9 => "MLD",
    }
}

impl DvsecHeader {
    /// PCI vendor id of the structure's vendor, 0x1e98 for CXL.
    #[inline]
    pub const fn vendor_id(&self) -> u16 {
        self.header_1() as u16
    }

    /// Revision of the structure.
    #[inline]
    pub const fn revision(&self) -> u8 {
        (self.header_1() >> 16) as u8 & 0xf
    }

    /// Length of the structure in bytes, as its header states it.
    #[inline]
    pub const fn length(&self) -> u16 {
        (self.header_1() >> 20) as u16
    }
}

/// A DVSEC for descriptions.
struct Dvsec<'a>(&'a [u8]);

impl Describe for Dvsec<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let Some((header, registers)) = DvsecHeader::first(self.0) else {
            return out.field("bytes", Value::Bytes(self.0));
        };
        header.describe_fields(out)?;
        shows!(out, DvsecHeader in self.0, header_1, dvsec_id);
        out.field("vendor_id", Value::hex(header.vendor_id()))?;
        out.field("revision", Value::number(header.revision()))?;
        out.field("length", Value::number(header.length()))?;
        out.field("dvsec_id", header.dvsec_id().into())?;
        out.field("registers", Value::Bytes(registers))
    }
}

structure! {
    /// The CXL RAS capability structure (CXL 3.1 section 8.2.4.17), which is the error log of a protocol error.
    CxlRasCapability: 88 bytes, new;
    /// Uncorrectable errors that happened; unknown bits are kept.
    0 uncorrectable_error_status: (u32 CxlUncorrectableErrors) as flags
        => set_uncorrectable_error_status with_uncorrectable_error_status;
    /// Uncorrectable errors that are not reported.
    4 uncorrectable_error_mask: (u32 CxlUncorrectableErrors) as flags
        => set_uncorrectable_error_mask with_uncorrectable_error_mask;
    /// Uncorrectable errors that are fatal; all others are non-fatal.
    8 uncorrectable_error_severity: (u32 CxlUncorrectableErrors) as flags
        => set_uncorrectable_error_severity with_uncorrectable_error_severity;
    /// Correctable errors that happened.
    12 correctable_error_status: (u32 CxlCorrectableErrors) as flags
        => set_correctable_error_status with_correctable_error_status;
    /// Correctable errors that are not reported.
    16 correctable_error_mask: (u32 CxlCorrectableErrors) as flags
        => set_correctable_error_mask with_correctable_error_mask;
    /// Error capabilities and control; bits 5:0 are the first error pointer.
    20 capability_control: u32 as hex => set_capability_control with_capability_control;
    /// Header of the packet that the first error was found in, 16 dwords.
    24 header_log: [u32; 16] => set_header_log with_header_log;
}

crate::open_value::flag_set! {
    /// Uncorrectable errors of a CXL RAS capability.
    pub struct CxlUncorrectableErrors: u32 {
        /// Parity error in data on CXL.cache.
        const CACHE_DATA_PARITY = 1 << 0;
        /// Parity error in an address or other header field on CXL.cache.
        const CACHE_ADDRESS_PARITY = 1 << 1;
        /// Parity error in byte enables on CXL.cache.
        const CACHE_BYTE_ENABLE_PARITY = 1 << 2;
        /// ECC error in data on CXL.cache.
        const CACHE_DATA_ECC = 1 << 3;
        /// Parity error in data on CXL.mem.
        const MEMORY_DATA_PARITY = 1 << 4;
        /// Parity error in an address or other header field on CXL.mem.
        const MEMORY_ADDRESS_PARITY = 1 << 5;
        /// Parity error in byte enables on CXL.mem.
        const MEMORY_BYTE_ENABLE_PARITY = 1 << 6;
        /// ECC error in data on CXL.mem.
        const MEMORY_DATA_ECC = 1 << 7;
        /// The link was reinitialised too often.
        const REINIT_THRESHOLD = 1 << 8;
        /// A reserved encoding was received.
        const RESERVED_ENCODING = 1 << 9;
        /// Poison was received from the peer.
        const POISON_RECEIVED = 1 << 10;
        /// A receive buffer overflowed.
        const RECEIVER_OVERFLOW = 1 << 11;
        /// An internal error, which is specific to the component.
        const INTERNAL = 1 << 14;
        /// IDE error on transmission.
        const IDE_TRANSMIT = 1 << 15;
        /// IDE error on reception.
        const IDE_RECEIVE = 1 << 16;
        const _ = !0;
    }

    /// Correctable errors of a CXL RAS capability.
    pub struct CxlCorrectableErrors: u32 {
        /// ECC error in data on CXL.cache.
        const CACHE_DATA_ECC = 1 << 0;
        /// ECC error in data on CXL.mem.
        const MEMORY_DATA_ECC = 1 << 1;
        /// CRC errors passed their threshold.
        const CRC_THRESHOLD = 1 << 2;
        /// Retries passed their threshold.
        const RETRY_THRESHOLD = 1 << 3;
        /// Poison on CXL.cache was received from the peer.
        const CACHE_POISON_RECEIVED = 1 << 4;
        /// Poison on CXL.mem was received from the peer.
        const MEMORY_POISON_RECEIVED = 1 << 5;
        /// Error of the physical layer.
        const PHYSICAL_LAYER = 1 << 6;
        const _ = !0;
    }
}

impl CxlRasCapability {
    /// Bit of the uncorrectable error that happened first, 0 to 63.
    #[inline]
    pub const fn first_error_pointer(&self) -> u8 {
        self.capability_control() as u8 & 0x3f
    }
}

impl Describe for CxlRasCapability {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        out.field("first_error_pointer", Value::number(self.first_error_pointer()))?;
        out.field("header_log", Value::Bytes(Self::AT.header_log.of(&self.0)))
    }
}

show_fields!(CxlRasCapability);

/// The validity bits of what follows the fixed part.
const VARIABLE: CxlProtocolValidation = CxlProtocolValidation::DVSEC.union(CxlProtocolValidation::ERROR_LOG);

/// What follows the fixed part.
struct Variable<'a> {
    dvsec: &'a [u8],
    error_log: &'a [u8],
    trailing: &'a [u8],
}

impl<'a> CxlProtocolError<'a> {
    fn has(&self, field: CxlProtocolValidation) -> bool {
        self.validation().contains(field)
    }

    /// The bytes after the fixed part.
    fn after(&self) -> &'a [u8] {
        self.bytes.get(CxlProtocolErrorHeader::SIZE..).unwrap_or_default()
    }

    /// Lengths of the DVSEC and of the error log. The shortest form has both fields.
    fn lengths(&self) -> [u16; 2] {
        [self.dvsec_length_raw().unwrap_or(0), self.error_log_length_raw().unwrap_or(0)]
    }

    /// What follows the fixed part, by the lengths of the header.
    fn split(&self) -> Result<Variable<'a>, Error> {
        let cut = |bytes: &'a [u8], length: u16, what, offset| {
            let kind = ErrorKind::InnerLength { what, value: length.into(), limit: clamp(bytes.len()) };
            bytes.split_at_checked(length.into()).ok_or(Error::new(kind, offset))
        };
        let [dvsec_length, error_log_length] = self.lengths();
        let (dvsec, rest) = cut(self.after(), dvsec_length, "DVSEC length", 108)?;
        let (error_log, trailing) = cut(rest, error_log_length, "error log length", 110)?;
        Ok(Variable { dvsec, error_log, trailing })
    }

    /// The copy of the agent's DVSEC: "PCIe DVSEC for CXL devices" of a device, "flex bus port" of a port.
    ///
    /// `None` when its validity bit is clear.
    ///
    /// # Errors
    /// When it and the error log do not lie inside the section; [`CxlProtocolError::trailing`] has the bytes then.
    pub fn dvsec(&self) -> Option<Result<&'a [u8], Error>> {
        self.has(CxlProtocolValidation::DVSEC).then(|| self.split().map(|variable| variable.dvsec))
    }

    /// Header of the [`DVSEC`](CxlProtocolError::dvsec); `None` when there is none or it has less than 10 bytes.
    pub fn dvsec_header(&self) -> Option<&'a DvsecHeader> {
        DvsecHeader::first(self.dvsec()?.ok()?).map(|(header, _)| header)
    }

    /// The error log, which follows the DVSEC.
    ///
    /// `None` when its validity bit is clear.
    ///
    /// # Errors
    /// As [`CxlProtocolError::dvsec`].
    pub fn error_log(&self) -> Option<Result<&'a [u8], Error>> {
        self.has(CxlProtocolValidation::ERROR_LOG).then(|| self.split().map(|variable| variable.error_log))
    }

    /// The error log as a RAS capability structure; `None` when there is no log or it has less than 88 bytes.
    pub fn ras_capability(&self) -> Option<&'a CxlRasCapability> {
        CxlRasCapability::first(self.error_log()?.ok()?).map(|(capability, _)| capability)
    }

    /// The bytes after the error log; all after the fixed part when the lengths do not fit.
    pub fn trailing(&self) -> &'a [u8] {
        match self.split() {
            Ok(variable) => variable.trailing,
            Err(_) => self.after(),
        }
    }

    /// How many bytes the lengths of DVSEC and error log claim and the body does not have; 0 when neither is valid.
    pub fn missing(&self) -> usize {
        let [dvsec, log] = self.lengths();
        let claimed = usize::from(dvsec).saturating_add(log.into());
        let claimed = if self.validation().intersects(VARIABLE) { claimed } else { 0 };
        claimed.saturating_sub(self.after().len())
    }

    /// Whether the agent's address is an RCRB base address. As in Linux, the type says so even when it is not marked
    /// valid.
    fn is_at_rcrb(&self) -> bool {
        self.agent_type_raw() == Some(CxlAgentType::RESTRICTED_HOST_DOWNSTREAM_PORT)
    }

    /// The errors of the RAS registers, and which agent detected them.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        match self.ras_capability() {
            None => f.write_str("error without RAS registers")?,
            Some(ras) => {
                let (uncorrectable, correctable) =
                    (ras.uncorrectable_error_status(), ras.correctable_error_status());
                let bits = uncorrectable.bits().into();
                let before = write_names(f, "", bits, flag_name::<CxlUncorrectableErrors>)?;
                let bits = correctable.bits().into();
                let before = write_names(f, before, bits, flag_name::<CxlCorrectableErrors>)?;
                if before.is_empty() {
                    f.write_str("no error bit is set")?;
                }
            }
        }
        if let Some(agent_type) = self.agent_type() {
            write!(f, ", {agent_type}")?;
        }
        if let Some(address) = self.agent_address() {
            if self.is_at_rcrb() {
                write!(f, " at {:#x}", address.rcrb_base())?;
            } else {
                let (segment, bus) = (address.segment(), address.bus());
                write!(f, " {segment:04x}:{bus:02x}:{:02x}.{:x}", address.device(), address.function())?;
            }
        }
        match self.device_id() {
            Some(id) => write!(f, " [{:04x}:{:04x}]", id.vendor_id(), id.device_id()),
            None => Ok(()),
        }
    }
}

impl Describe for CxlProtocolError<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        if let Some(agent_type) = self.agent_type() {
            out.field("agent_type", agent_type.into())?;
        }
        if let Some(address) = self.agent_address() {
            if self.is_at_rcrb() {
                out.field("rcrb_base_address", Value::hex(address.rcrb_base()))?;
            } else {
                out.field("agent_address", Value::Group(&address))?;
            }
        }
        self.describe_fields(out)?;
        if self.agent_type().is_some() {
            shows!(out, CxlProtocolErrorHeader in self.bytes, agent_type);
        }
        if self.agent_address().is_some() {
            let stored = CxlProtocolErrorHeader::AT.agent_address.of(self.bytes);
            // The address of a function has 5 bytes.
            let shown = if self.is_at_rcrb() { 8 } else { 5 };
            out.stored("agent_address", stored.get(..shown).unwrap_or_default(), Stored::Shown);
        }
        match self.split() {
            // A length whose validity bit is clear is no error.
            Err(error) if self.validation().intersects(VARIABLE) => error.describe(out)?,
            Err(_) => {}
            Ok(Variable { dvsec, error_log, .. }) => {
                if self.has(CxlProtocolValidation::DVSEC) {
                    out.field("dvsec", Value::Group(&Dvsec(dvsec)))?;
                } else {
                    describe_rest("dvsec_not_valid", dvsec, out)?;
                }
                let ras = CxlRasCapability::first(error_log);
                match ras {
                    _ if !self.has(CxlProtocolValidation::ERROR_LOG) => {
                        describe_rest("error_log_not_valid", error_log, out)?;
                    }
                    Some((capability, rest)) => {
                        out.field("error_log", Value::Group(capability))?;
                        describe_rest("error_log_rest", rest, out)?;
                    }
                    None => out.field("error_log_bytes", Value::Bytes(error_log))?,
                }
            }
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

/// A CXL protocol error to be written: the fixed part, a DVSEC and an error log.
#[derive(Clone, Copy, Debug)]
pub struct CxlProtocolErrorParts<'a> {
    header: CxlProtocolErrorHeader,
    dvsec: &'a [u8],
    error_log: &'a [u8],
}

impl<'a> CxlProtocolErrorParts<'a> {
    /// A section of the fixed part alone. Lengths and validity of the DVSEC and the log come from what is added.
    #[inline]
    pub const fn new(mut header: CxlProtocolErrorHeader) -> Self {
        header.set_validation(header.validation().difference(VARIABLE));
        CxlProtocolErrorHeader::AT.dvsec_length.put(&mut header.0, u16::to_le_bytes(0));
        CxlProtocolErrorHeader::AT.error_log_length.put(&mut header.0, u16::to_le_bytes(0));
        Self { header, dvsec: &[], error_log: &[] }
    }

    /// Adds the copy of a DVSEC and sets its validity bit.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] over 65,535 bytes.
    #[inline]
    pub const fn with_dvsec(mut self, dvsec: &'a [u8]) -> Result<Self, Error> {
        if dvsec.len() > u16::MAX as usize {
            return Err(Error::new(ErrorKind::TooLarge { what: "DVSEC length" }, 108));
        }
        CxlProtocolErrorHeader::AT.dvsec_length.put(&mut self.header.0, u16::to_le_bytes(dvsec.len() as u16));
        self.header.mark(CxlProtocolValidation::DVSEC, CxlProtocolValidation::empty());
        self.dvsec = dvsec;
        Ok(self)
    }

    /// Adds an error log and sets its validity bit.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] over 65,535 bytes.
    #[inline]
    pub const fn with_error_log(mut self, log: &'a [u8]) -> Result<Self, Error> {
        if log.len() > u16::MAX as usize {
            return Err(Error::new(ErrorKind::TooLarge { what: "error log length" }, 110));
        }
        CxlProtocolErrorHeader::AT
            .error_log_length
            .put(&mut self.header.0, u16::to_le_bytes(log.len() as u16));
        self.header.mark(CxlProtocolValidation::ERROR_LOG, CxlProtocolValidation::empty());
        self.error_log = log;
        Ok(self)
    }

    /// Adds a RAS capability structure as the error log and sets its validity bit.
    #[must_use]
    pub fn with_ras_capability(mut self, capability: &'a CxlRasCapability) -> Self {
        CxlProtocolErrorHeader::AT
            .error_log_length
            .put(&mut self.header.0, u16::to_le_bytes(size_of::<CxlRasCapability>() as u16));
        self.header.mark(CxlProtocolValidation::ERROR_LOG, CxlProtocolValidation::empty());
        self.error_log = capability.as_bytes();
        self
    }
}

impl SectionType for CxlProtocolErrorParts<'_> {
    const TYPE: SectionTypeId = CxlProtocolError::TYPE;
    const NAME: &'static str = CxlProtocolError::NAME;
}

impl Encode for CxlProtocolErrorParts<'_> {
    fn encoded_len(&self) -> usize {
        CxlProtocolErrorHeader::SIZE.saturating_add(self.dvsec.len()).saturating_add(self.error_log.len())
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        fill_with(out, &[self.header.as_bytes(), self.dvsec, self.error_log])
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

    /// Bytes counted up from 1, so that every field has a value of its own.
    fn counted(length: usize) -> Vec<u8> {
        (1..=length).map(|place| place as u8).collect()
    }

    /// 116 bytes, a DVSEC of 14, a RAS capability, 2 bytes more of the log, and 3 that belong to nothing.
    fn section() -> Vec<u8> {
        let mut bytes = counted(116);
        bytes[..9].copy_from_slice(&[0x7f, 0, 0, 0, 0, 0, 0, 0, 2]);
        bytes[16..24].copy_from_slice(&[5, 0x1c, 0x38, 0x34, 0x12, 0, 0, 0]);
        bytes[108..112].copy_from_slice(&[14, 0, 90, 0]);
        bytes.extend([0x23, 0, 1, 0, 0x98, 0x1e, 0xe2, 0x03, 8, 0, 0xd1, 0xd2, 0xd3, 0xd4]);
        let mut log = counted(90);
        log[..4].copy_from_slice(&[0xff, 0xcf, 0x01, 0x80]);
        log[12..16].copy_from_slice(&[0xff, 0, 0, 0]);
        bytes.extend(log);
        bytes.extend([0xe1, 0xe2, 0xe3]);
        bytes
    }

    const TEXT: &str = "\
agent type              CXL device (2)
agent address\n  segment                 0x1234
  bus                     0x38
  device                  0x1c
  function                5
device id\n  vendor id               0x1a19
  device id               0x1c1b
  subsystem vendor id     0x1e1d
  subsystem device id     0x201f
  class code              0x2221
  slot number             1156
device serial number    0x302f2e2d2c2b2a29
";

    #[test]
    fn every_field_is_where_the_specification_says() {
        let bytes = section();
        let error = CxlProtocolError::decode(&bytes).unwrap();
        assert_eq!(error.validation(), CxlProtocolValidation::from_bits_retain(0x7f));
        assert_eq!(error.agent_type(), Some(CxlAgentType::DEVICE));
        let address = error.agent_address().unwrap();
        assert_eq!(
            (address.segment(), address.bus(), address.device(), address.function()),
            (0x1234, 0x38, 0x1c, 5)
        );
        assert_eq!(address, CxlAgentAddress::from_function(0x1234, 0x38, 0x1c, 5));
        assert_eq!(address.rcrb_base(), 0x12_3438_1c05);
        assert_eq!(CxlAgentAddress::from_rcrb_base(0x12_3438_1c05), address);
        let id = error.device_id().unwrap();
        assert_eq!((id.vendor_id(), id.device_id()), (0x1a19, 0x1c1b));
        assert_eq!((id.subsystem_vendor_id(), id.subsystem_device_id()), (0x1e1d, 0x201f));
        assert_eq!((id.class_code(), id.slot_number()), (0x2221, 0x2423 >> 3));
        assert_eq!(error.device_serial_number(), Some(0x302f_2e2d_2c2b_2a29));
        assert_eq!(error.capability_structure().unwrap().as_bytes(), &bytes[48..108]);
        assert_eq!(error.dvsec().unwrap().unwrap(), &bytes[116..130]);
        let dvsec = error.dvsec_header().unwrap();
        assert_eq!((dvsec.vendor_id(), dvsec.revision(), dvsec.length()), (0x1e98, 2, 0x3e));
        assert_eq!(dvsec.dvsec_id(), CxlDvsecId::REGISTER_LOCATOR);
        assert_eq!(error.error_log().unwrap().unwrap(), &bytes[130..220]);
        let log = error.ras_capability().unwrap();
        assert_eq!(log.as_bytes(), &bytes[130..218]);
        assert_eq!(log.uncorrectable_error_status().bits(), 0x8001_cfff);
        assert_eq!(log.uncorrectable_error_mask().bits(), 0x0807_0605);
        assert_eq!(log.uncorrectable_error_severity().bits(), 0x0c0b_0a09);
        assert_eq!(log.correctable_error_status().bits(), 0xff);
        assert_eq!(log.correctable_error_mask().bits(), 0x1413_1211);
        assert_eq!((log.capability_control(), log.first_error_pointer()), (0x1817_1615, 0x15));
        assert_eq!(log.header_log()[15], 0x5857_5655);
        assert_eq!(error.trailing(), [0xe1, 0xe2, 0xe3]);
        assert_eq!(
            Body::CxlProtocol(error).summary().to_string(),
            "cache data parity, cache address parity, cache byte enable parity, cache data ecc, \
             memory data parity, memory address parity, memory byte enable parity, memory data ecc, \
             reinit threshold, reserved encoding, poison received, receiver overflow, internal, ide transmit, \
             ide receive, cache data ecc, memory data ecc, crc threshold, retry threshold, \
             cache poison received, memory poison received, physical layer, \
             CXL device 1234:38:1c.5 [1a19:1c1b]"
        );
    }

    #[test]
    fn text_names_every_field() {
        let bytes = section();
        let text = Body::decode(SectionTypeId::CXL_PROTOCOL, &bytes).unwrap().to_string();
        let (before, after) = text.split_once("capability structure\n").unwrap();
        assert_eq!(before, TEXT);
        let (_, dvsec) = after.split_once("dvsec\n").unwrap();
        assert_eq!(
            dvsec.lines().filter(|line| !line.trim_start().starts_with("00")).collect::<Vec<_>>(),
            [
                "  capability header       0x00010023",
                "  vendor id               0x1e98",
                "  revision                2",
                "  length                  62",
                "  dvsec id                register locator (8)",
                "  registers 4 bytes",
                "error log",
                "  uncorrectable error status 0x8001cfff  cache data parity, cache address parity, \
                 cache byte enable parity, cache data ecc, memory data parity, memory address parity, \
                 memory byte enable parity, memory data ecc, reinit threshold, reserved encoding, \
                 poison received, receiver overflow, internal, ide transmit, ide receive, reserved 0x80000000",
                "  uncorrectable error mask 0x8070605  cache data parity, cache byte enable parity, \
                 reserved encoding, poison received, ide receive, reserved 0x20000, reserved 0x40000, \
                 reserved 0x8000000",
                "  uncorrectable error severity 0xc0b0a09  cache data parity, cache data ecc, reserved encoding, \
                 receiver overflow, ide receive, reserved 0x20000, reserved 0x80000, reserved 0x4000000, \
                 reserved 0x8000000",
                "  correctable error status 0xff  cache data ecc, memory data ecc, crc threshold, \
                 retry threshold, cache poison received, memory poison received, physical layer, reserved 0x80",
                "  correctable error mask  0x14131211  cache data ecc, cache poison received, \
                 reserved 0x200, reserved 0x1000, reserved 0x10000, reserved 0x20000, reserved 0x100000, \
                 reserved 0x4000000, reserved 0x10000000",
                "  capability control      0x18171615",
                "  first error pointer     21",
                "  header log 64 bytes",
                "error log rest 2 bytes",
                "trailing 3 bytes",
            ]
        );
    }

    #[test]
    fn only_valid_fields_are_told() {
        let mut bytes = section();
        bytes[0] = 0;
        let error = CxlProtocolError::decode(&bytes).unwrap();
        assert_eq!((error.agent_type(), error.agent_address(), error.device_id()), (None, None, None));
        assert_eq!((error.device_serial_number(), error.capability_structure()), (None, None));
        assert!(error.dvsec().is_none() && error.error_log().is_none());
        assert!(error.dvsec_header().is_none() && error.ras_capability().is_none());
        let told = |bit: u8| {
            let mut bytes = section();
            bytes[0] = 1 << bit;
            CxlProtocolError::decode(&bytes).unwrap().to_string()
        };
        let text = error.to_string();
        let names = text.lines().filter(|line| !line.starts_with(' '));
        assert_eq!(
            names.collect::<Vec<_>>(),
            ["dvsec not valid 14 bytes", "error log not valid 90 bytes", "trailing 3 bytes"]
        );
        let starts = [
            "agent type  ",
            "agent address",
            "device id",
            "device serial number  ",
            "capability structure\n",
        ];
        for (bit, start) in starts.iter().enumerate() {
            assert!(told(bit as u8).starts_with(start), "bit {bit}");
        }
        assert!(told(5).starts_with("dvsec\n") && told(5).contains("\nerror log not valid 90 bytes\n"));
        assert!(told(6).starts_with("dvsec not valid 14 bytes\n") && told(6).contains("\nerror log\n"));
    }

    #[test]
    fn a_restricted_hosts_port_is_told_by_its_rcrb() {
        let mut bytes = section();
        bytes[8] = 1;
        assert_eq!(
            CxlProtocolError::decode(&bytes).unwrap().to_string().lines().take(2).collect::<Vec<_>>(),
            [
                "agent type              restricted CXL host downstream port (1)",
                "rcrb base address       0x0000001234381c05"
            ]
        );
    }

    #[test]
    fn lengths_past_the_end_are_errors_and_hide_nothing() {
        let bytes = section();
        for length in 0..bytes.len() {
            let decoded = CxlProtocolError::decode(&bytes[..length]);
            if length < 116 {
                assert_eq!(
                    decoded.unwrap_err().to_string(),
                    std::format!("offset 0: CXL protocol error needs 116 bytes, {length} available")
                );
                continue;
            }
            let error = decoded.unwrap();
            assert_eq!(error.missing(), 220usize.saturating_sub(length));
            if length >= 220 {
                assert_eq!(error.trailing().len(), length - 220);
                continue;
            }
            let why = error.dvsec().unwrap().unwrap_err();
            assert_eq!(error.error_log().unwrap().unwrap_err(), why);
            assert!(error.ras_capability().is_none());
            assert_eq!(error.trailing(), &bytes[116..length]);
            assert_eq!(
                why.to_string(),
                match length {
                    ..130 => std::format!("offset 108: DVSEC length is 14, at most {} fit", length - 116),
                    _ => std::format!("offset 110: error log length is 90, at most {} fit", length - 130),
                }
            );
            assert!(error.to_string().contains(&std::format!("error                   {why}\n")));
            let mut unclaimed = bytes[..length].to_vec();
            unclaimed[0] = 0;
            let error = CxlProtocolError::decode(&unclaimed).unwrap();
            assert_eq!(error.missing(), 0);
            let there = std::format!("trailing {} bytes", length - 116);
            assert!(error.to_string().starts_with(if length == 116 { "" } else { &there }));
        }
    }

    #[test]
    fn a_short_log_and_a_short_dvsec_are_bytes() {
        let header = CxlProtocolErrorHeader::new();
        let parts = CxlProtocolErrorParts::new(header).with_dvsec(&[1; 9]).unwrap();
        let parts = parts.with_error_log(&[2; 87]).unwrap();
        let bytes = written(&parts);
        let error = CxlProtocolError::decode(&bytes).unwrap();
        assert!(error.dvsec_header().is_none() && error.ras_capability().is_none());
        assert_eq!(error.error_log().unwrap().unwrap(), [2; 87]);
        assert!(error.to_string().contains("dvsec\n  bytes 9 bytes\n"), "{error}");
        assert!(error.to_string().contains("error log bytes 87 bytes\n"), "{error}");
    }

    #[test]
    fn values_survive_writing() {
        let id = CxlDeviceId::new()
            .with_vendor_id(0x8086)
            .with_device_id(0x0d93)
            .with_subsystem_vendor_id(1)
            .with_subsystem_device_id(2)
            .with_class_code(0x0502)
            .with_slot_number(7);
        assert_eq!(id.slot_raw(), 7 << 3);
        let capability = PcieCapability::new().with_capability_id(0x10);
        let header = CxlProtocolErrorHeader::default()
            .with_agent_type(CxlAgentType::ROOT_PORT)
            .with_agent_address(CxlAgentAddress::from_function(1, 2, 3, 4))
            .with_device_id(id)
            .with_device_serial_number(0x0102_0304_0506_0708)
            .with_capability_structure(capability);
        assert_eq!(header.validation().bits(), 0x1f);
        let log = CxlRasCapability::default()
            .with_uncorrectable_error_status(CxlUncorrectableErrors::RECEIVER_OVERFLOW)
            .with_correctable_error_status(CxlCorrectableErrors::RETRY_THRESHOLD);
        let parts = CxlProtocolErrorParts::new(header).with_dvsec(&[0xdd; 56]).unwrap();
        let bytes = written(&parts.with_ras_capability(&log));
        assert_eq!(bytes.len(), 116 + 56 + 88);
        let error = CxlProtocolError::decode(&bytes).unwrap();
        assert_eq!(error.validation().bits(), 0x7f);
        assert_eq!(error.agent_type(), Some(CxlAgentType::ROOT_PORT));
        assert_eq!(error.agent_address(), Some(CxlAgentAddress::from_function(1, 2, 3, 4)));
        assert_eq!(error.device_id(), Some(id));
        assert_eq!(error.device_serial_number(), Some(0x0102_0304_0506_0708));
        assert_eq!(error.capability_structure(), Some(&capability));
        assert_eq!(error.dvsec(), Some(Ok(&[0xdd; 56][..])));
        assert_eq!(error.ras_capability(), Some(&log));
        assert_eq!(log.uncorrectable_error_status(), CxlUncorrectableErrors::RECEIVER_OVERFLOW);
        assert_eq!(log.correctable_error_status(), CxlCorrectableErrors::RETRY_THRESHOLD);
        // Writing the parts that were read gives the same bytes, and nothing more.
        let again = CxlProtocolErrorParts::new(*error.structure().unwrap());
        assert_eq!(written(&again.with_dvsec(&[0xdd; 56]).unwrap().with_ras_capability(&log)), bytes);
        let alone = written(&again);
        assert_eq!(alone.len(), 116);
        let alone = CxlProtocolError::decode(&alone).unwrap();
        assert_eq!((alone.validation().bits(), alone.dvsec()), (0x1f, None));
        assert_eq!((alone.dvsec_length_raw(), alone.error_log_length_raw()), (Some(0), Some(0)));
    }

    #[test]
    fn what_does_not_fit_its_length_field_is_refused() {
        let parts = CxlProtocolErrorParts::new(CxlProtocolErrorHeader::new());
        let long = std::vec![0; 65536];
        assert!(parts.with_dvsec(&long[1..]).is_ok() && parts.with_error_log(&long[1..]).is_ok());
        assert_eq!(
            parts.with_dvsec(&long).unwrap_err().to_string(),
            "offset 108: DVSEC length does not fit its field"
        );
        assert_eq!(
            parts.with_error_log(&long).unwrap_err().to_string(),
            "offset 110: error log length does not fit its field"
        );
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map = |bytes: &[u8], skip| {
            bit_map(bytes, skip, |bytes, told| told(&CxlProtocolError::decode(bytes).unwrap()))
        };
        let mut bytes = std::vec![0; 48];
        bytes[0] = 0xf;
        bytes.extend([0; 68]);
        assert_map(
            &map(&bytes, 0..8),
            "8.0 agent_type *8 9.0 hidden ~*56
             16.0 agent_address.function *8 17.0 agent_address.device *8 18.0 agent_address.bus *8
             19.0 agent_address.segment *16 21.0 hidden ~*24
             24.0 device_id.vendor_id *16 26.0 device_id.device_id *16 28.0 device_id.subsystem_vendor_id *16
             30.0 device_id.subsystem_device_id *16 32.0 device_id.class_code *16 34.0 hidden ~*3
             34.3 device_id.slot_number *13 36.0 hidden ~*32
             40.0 device_serial_number *64 48.0 hidden ~*544",
        );
        let mut bytes = section();
        bytes.truncate(220);
        bytes.push(1);
        bytes[130..154].fill(0);
        let found = map(&bytes, 0..116);
        assert!(
            found.starts_with("\n116.0 dvsec.capability_header *32\n120.0 dvsec.vendor_id *16"),
            "{found}"
        );
        for part in [
            "\n122.0 dvsec.revision *4\n122.4 dvsec.length *12\n124.0 dvsec.dvsec_id *16\n\
             126.0 dvsec.registers ~*32\n130.0 error_log.uncorrectable_error_status CACHE_DATA_PARITY ",
            "POISON_RECEIVED RECEIVER_OVERFLOW -*2 INTERNAL IDE_TRANSMIT IDE_RECEIVE -*15\n\
             134.0 error_log.uncorrectable_error_mask CACHE_DATA_PARITY ",
            "IDE_RECEIVE -*15\n138.0 error_log.uncorrectable_error_severity CACHE_DATA_PARITY ",
            "IDE_RECEIVE -*15\n142.0 error_log.correctable_error_status CACHE_DATA_ECC MEMORY_DATA_ECC ",
            "PHYSICAL_LAYER -*25\n146.0 error_log.correctable_error_mask CACHE_DATA_ECC ",
            "PHYSICAL_LAYER -*25\n150.0 error_log.capability_control *32\n\
             154.0 error_log.header_log ~*512\n218.0 error_log_rest ~*16\n220.0 trailing ~*8",
        ] {
            assert!(found.contains(part), "{part}: {found}");
        }
    }

    #[test]
    fn every_writer_sets_its_bytes() {
        let log: [u32; 16] = core::array::from_fn(|place| place as u32 + 1);
        let written = CxlRasCapability::new()
            .with_uncorrectable_error_status(CxlUncorrectableErrors::from_bits_retain(0x1112_1314))
            .with_uncorrectable_error_mask(CxlUncorrectableErrors::from_bits_retain(0x2122_2324))
            .with_uncorrectable_error_severity(CxlUncorrectableErrors::from_bits_retain(0x3132_3334))
            .with_correctable_error_status(CxlCorrectableErrors::from_bits_retain(0x4142_4344))
            .with_correctable_error_mask(CxlCorrectableErrors::from_bits_retain(0x5152_5354))
            .with_capability_control(0x6162_6364)
            .with_header_log(log);
        let front = [0x1112_1314, 0x2122_2324, 0x3132_3334, 0x4142_4344, 0x5152_5354, 0x6162_6364u32];
        let words: Vec<u8> = front.iter().chain(&log).flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!((written.as_bytes(), written.header_log()), (&words[..], log));
        let dvsec = DvsecHeader::new()
            .with_capability_header(0x0001_0023)
            .with_header_1(0x03e2_1e98)
            .with_dvsec_id(CxlDvsecId::REGISTER_LOCATOR);
        assert_eq!(dvsec.as_bytes(), &section()[116..126]);
    }

    #[test]
    fn values_nobody_named_are_kept() {
        assert_eq!(CxlAgentType::new(8).name(), None);
        assert_eq!(CxlAgentType::new(0xa5).raw(), 0xa5);
        let names: Vec<_> = (0..8).map(|raw| CxlAgentType::new(raw).name().unwrap()).collect();
        assert_eq!(names[0], "restricted CXL device");
        assert_eq!(names[3..5], ["CXL logical device", "CXL fabric manager owned logical device"]);
        assert_eq!(names[6..], ["CXL downstream switch port", "CXL upstream switch port"]);
        let ids: Vec<_> = (0..11).map(|raw| CxlDvsecId::new(raw).name().unwrap_or("-")).collect();
        assert_eq!(ids[..3], ["CXL device", "-", "non-CXL function map"]);
        assert_eq!(ids[3..6], ["CXL extensions for ports", "GPF for CXL ports", "GPF for CXL devices"]);
        assert_eq!(ids[6..], ["-", "flex bus port", "register locator", "MLD", "-"]);
    }
}
