//! `aer_event`: a PCIe error, as the AER driver fills it for a section that GHES hands it (`drivers/pci/pcie/aer.c`).

use super::{Field, Fields, Inner, Text, Version, descriptor_of};
use crate::section::{
    AerCapability, AerControl, CorrectableErrors, PcieError, PcieErrorView, UncorrectableErrors,
};
use crate::stored;
use crate::{Error, FruText, SectionDescriptor, SectionFlags, SectionTypeId, Severity};

/// The event of a PCIe error.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AerEvent<'a> {
    /// Name of the device: its address.
    pub dev_name: Text<'a>,
    /// Status bits that are not masked: of correctable errors when the severity is correctable, else of uncorrectable
    /// errors.
    pub status: u32,
    /// Severity of the error.
    pub severity: AerSeverity,
    /// Not 0 when the header was logged. Linux up to 7.2 cuts the bits that say so to their low byte, which is never
    /// set.
    pub tlp_header_valid: u8,
    /// The logged header: 4 dwords before Linux 7.3, 14 since. Zeros when it was not logged.
    pub tlp_header: [u32; 14],
    /// Kind of the bus, since Linux 7.3.
    pub bus_type: Option<Text<'a>>,
}

crate::open_value::open_value! {
    /// Severity of a PCIe error, as Linux's AER driver numbers it.
    AerSeverity: u8 {
        NON_FATAL = 0 => "non-fatal",
        FATAL = 1 => "fatal",
        CORRECTABLE = 2 => "correctable",
    }
}

impl From<Severity> for AerSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::RECOVERABLE => Self::NON_FATAL,
            Severity::FATAL => Self::FATAL,
            _ => Self::CORRECTABLE,
        }
    }
}

impl AerSeverity {
    /// The severity of the section.
    pub const fn severity(self) -> Severity {
        match self {
            Self::NON_FATAL => Severity::RECOVERABLE,
            Self::CORRECTABLE => Severity::CORRECTED,
            _ => Severity::FATAL,
        }
    }
}

/// The uncorrectable errors whose header a function logs.
const LOGGED: u32 = 1 << 12 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 19 | 1 << 20;
const COMPLETION_TIMEOUT: u32 = 1 << 14;

const LINUX_5_0: &[Field] = &[
    Field::dynamic("dev_name"),
    Field::number("status", 4),
    Field::number("severity", 1),
    Field::number("tlp_header_valid", 1),
    Field::dwords("tlp_header", 16),
];

const LINUX_7_3: &[Field] = &[
    Field::dynamic("dev_name"),
    Field::number("status", 4),
    Field::number("severity", 1),
    Field::number("tlp_header_valid", 1),
    Field::dwords("tlp_header", 56),
    Field::dynamic("bus_type"),
];

impl<'a> AerEvent<'a> {
    /// The name of the event.
    pub const NAME: &'static str = "aer_event";

    /// The fields in their order.
    pub const fn fields(version: Version) -> &'static [Field] {
        match version {
            Version::Linux5_0 | Version::Linux6_17 => LINUX_5_0,
            Version::Linux7_3 => LINUX_7_3,
        }
    }

    /// The event of a PCIe error; `None` when the section does not name the device, or has no AER registers.
    pub fn of(version: Version, descriptor: &SectionDescriptor, pcie: &PcieErrorView<'_>) -> Option<Self> {
        let (address, aer) = (pcie.address()?, pcie.aer_info()?);
        let severity = if descriptor.flags().contains(SectionFlags::RESET) {
            // Firmware reset the device to contain the error.
            AerSeverity::FATAL
        } else {
            descriptor.severity().into()
        };
        let (status, is_logged) = if severity == AerSeverity::CORRECTABLE {
            (aer.correctable_error_status().bits() & !aer.correctable_error_mask().bits(), false)
        } else {
            let status = aer.uncorrectable_error_status().bits() & !aer.uncorrectable_error_mask().bits();
            let timeouts = AerControl::COMPLETION_TIMEOUT_LOG_CAPABLE;
            let is_timeout = aer.capabilities_and_control().contains(timeouts);
            let logged = if is_timeout { LOGGED | COMPLETION_TIMEOUT } else { LOGGED };
            (status, version >= Version::Linux7_3 && status & logged != 0)
        };
        let mut tlp_header = [0; 14];
        if is_logged {
            tlp_header.iter_mut().zip(aer.logged_header()).for_each(|(to, from)| *to = from);
        }
        Some(Self {
            dev_name: Text(Inner::Address(address)),
            status,
            severity,
            tlp_header_valid: is_logged.into(),
            tlp_header,
            bus_type: (version >= Version::Linux7_3).then_some(Text::new(b"PCIe")),
        })
    }

    /// Reads an event of a 64-bit kernel, its 8 common bytes first, as it lies in a trace buffer.
    ///
    /// # Errors
    /// When the event ends before its last field, or a text of it does not lie inside it.
    pub fn read(version: Version, event: &'a [u8]) -> Result<Self, Error> {
        let fields = Fields::new(Self::NAME, Self::fields(version), event)?;
        let mut tlp_header = [0; 14];
        let valid = fields.number("tlp_header_valid") as u8;
        if valid != 0 {
            // The kernel leaves the bytes of a header that is not valid as they were.
            tlp_header = stored::dwords(fields.bytes("tlp_header"));
        }
        Ok(Self {
            dev_name: fields.text("dev_name")?,
            status: fields.number("status") as u32,
            severity: AerSeverity::new(fields.number("severity") as u8),
            tlp_header_valid: valid,
            tlp_header,
            bus_type: if version >= Version::Linux7_3 { Some(fields.text("bus_type")?) } else { None },
        })
    }

    /// The descriptor of the section that the event came from.
    pub fn descriptor(&self) -> SectionDescriptor {
        descriptor_of(SectionTypeId::PCIE, self.severity.severity(), FruText::EMPTY)
    }

    /// The PCIe error: the address of the device, and of its AER registers the status and the logged header. A device
    /// name that is not an address is left out.
    // The dwords have no names.
    #[allow(clippy::many_single_char_names)]
    pub fn pcie_error(&self) -> PcieError {
        let mut aer = AerCapability::new();
        if self.severity == AerSeverity::CORRECTABLE {
            aer.set_correctable_error_status(CorrectableErrors::from_bits_retain(self.status));
        } else {
            aer.set_uncorrectable_error_status(UncorrectableErrors::from_bits_retain(self.status));
        }
        if self.tlp_header_valid != 0 {
            let [a, b, c, d, e, f, g, h, further @ ..] = self.tlp_header;
            aer.set_header_log([a, b, c, d]);
            aer.set_tlp_prefix_log([e, f, g, h]);
            aer.set_further_log(further);
        }
        let error = PcieError::new().with_aer_info(aer);
        let address = match &self.dev_name.0 {
            Inner::Address(address) => Some(*address),
            Inner::Bytes(name) => core::str::from_utf8(name).ok().and_then(|name| name.parse().ok()),
            _ => None,
        };
        match address {
            Some(address) => error.with_address(address),
            None => error,
        }
    }
}
