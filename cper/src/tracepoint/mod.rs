//! Linux's trace events of the system `ras`: the event that Linux makes of a section, and the section that an event
//! came from.
//!
//! Programs that listen to a running kernel, rasdaemon among them, know an error as such an event. [`Event::of`] gives
//! the event of a section that was found after a reboot, with the values that it would have had. [`Event::read`] takes
//! the bytes of an event out of a trace buffer, and [`Event::write_body`] makes a section of it again. The event of a
//! machine check is in the crate `mce-record`.
//!
//! ```
//! use cper::section::{MemoryError, MemoryErrorType};
//! use cper::tracepoint::{Event, Version};
//! use cper::{NotificationType, SectionDescriptor, SectionTypeId, Severity, zerocopy::IntoBytes};
//!
//! let memory = MemoryError::new()
//!     .with_card(2)
//!     .with_physical_address(0x1000)
//!     .with_memory_error_type(MemoryErrorType::MULTI_BIT_ECC);
//! let descriptor = SectionDescriptor::new(Severity::FATAL).with_section_type(SectionTypeId::MEMORY);
//! let event = Event::of(Version::Linux5_0, NotificationType::NMI, &descriptor, memory.as_bytes());
//! let Event::Mc(event) = event else { panic!() };
//! assert_eq!(event.msg.to_string(), "multi-bit ECC");
//! assert_eq!(event.driver_detail.to_string(), "APEI location: card:2");
//! assert_eq!(event.memory_error().card(), Some(2));
//! ```
//!
//! Readers must locate fields by name in the event's format file; [`layout`] is what those files say on 64-bit kernels.
//! Source: `include/ras/ras_event.h` of Linux 6.1 and 6.12, and the drivers that each event's module names.

use core::fmt;

use zerocopy::IntoBytes;

use crate::fields::up_to_nul;
use crate::kind::fill_with;
use crate::section::{Body, MemoryErrorView, PciAddress};
use crate::{Error, FruText, NotificationType, SectionDescriptor, SectionTypeId, Severity};

mod aer_event;
mod arm_event;
mod extlog_mem_event;
mod mc_event;
mod non_standard_event;

pub use aer_event::{AerEvent, AerSeverity};
pub use arm_event::ArmEvent;
pub use extlog_mem_event::ExtlogMemEvent;
pub use mc_event::{HardwareErrorType, McEvent};
pub use non_standard_event::NonStandardEvent;

/// A version of the events, named after the kernels that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// Linux 5.0 to 6.16: `aer_event` with the logged header.
    Linux5_0,
    /// Linux 6.17 to 7.2, and Debian's 6.12.117: `arm_event` with the errors, the contexts and the vendor's own bytes.
    Linux6_17,
    /// Linux 7.3 and later: `aer_event` with the bus and 14 dwords of the header.
    Linux7_3,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 3] = [Self::Linux5_0, Self::Linux6_17, Self::Linux7_3];
}

/// A field of an event, as the format file describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    name: &'static str,
    size: u16,
    alignment: u16,
    dynamic: bool,
}

impl Field {
    const fn number(name: &'static str, size: u16) -> Self {
        Self { name, size, alignment: size, dynamic: false }
    }

    const fn bytes(name: &'static str, size: u16) -> Self {
        Self { name, size, alignment: 1, dynamic: false }
    }

    const fn dwords(name: &'static str, size: u16) -> Self {
        Self { name, size, alignment: 4, dynamic: false }
    }

    const fn dynamic(name: &'static str) -> Self {
        Self { name, size: 4, alignment: 4, dynamic: true }
    }

    /// Name of the field in the format file.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Length of the field in the event, in bytes; for a field that [is dynamic](Self::is_dynamic) the length of the
    /// reference.
    pub const fn size(&self) -> u16 {
        self.size
    }

    /// Whether the event has a reference (offset and length) to the bytes of the field, which follow all fields.
    pub const fn is_dynamic(&self) -> bool {
        self.dynamic
    }
}

/// The field's name.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

/// An event's fields with their offsets, in an event of a 64-bit kernel, which begins with 8 bytes common to all
/// events.
pub fn layout(fields: &'static [Field]) -> impl Iterator<Item = (Field, u16)> {
    fields.iter().scan(8_u16, |end, &field| {
        // Every alignment is a power of two.
        let mask = field.alignment.wrapping_sub(1);
        let offset = end.wrapping_add(mask) & !mask;
        *end = offset.wrapping_add(field.size);
        Some((field, offset))
    })
}

/// The bytes of an event, read by the names of its fields.
struct Fields<'a> {
    what: &'static str,
    all: &'static [Field],
    event: &'a [u8],
}

impl<'a> Fields<'a> {
    /// An error when the event ends before the last of its fields.
    fn new(what: &'static str, fields: &'static [Field], event: &'a [u8]) -> Result<Self, Error> {
        let mut needed = 0_u16;
        for (field, offset) in layout(fields) {
            needed = offset.wrapping_add(field.size);
        }
        if event.len() < needed.into() {
            return Err(Error::too_short(what, needed.into(), event.len()));
        }
        Ok(Self { what, all: fields, event })
    }

    /// The bytes of a field; none of one that the version does not have.
    // Not inlined: the search would stand in the readers once for each field.
    #[inline(never)]
    fn bytes(&self, name: &str) -> &'a [u8] {
        for (field, offset) in layout(self.all) {
            if field.name == name {
                let rest = self.event.get(offset.into()..).unwrap_or_default();
                return rest.get(..field.size.into()).unwrap_or_default();
            }
        }
        &[]
    }

    /// The number in a field; 0 for one that the version does not have.
    fn number(&self, name: &str) -> u64 {
        crate::stored::number(self.bytes(name))
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).first_chunk().copied().unwrap_or([0; N])
    }

    /// The bytes that a reference names.
    fn dynamic(&self, name: &str) -> Result<&'a [u8], Error> {
        let reference = self.number(name);
        let (start, length) = (usize::from(reference as u16), usize::from((reference >> 16) as u16));
        self.event.get(start..).and_then(|rest| rest.get(..length)).ok_or_else(|| {
            let end = u32::from(reference as u16).saturating_add((reference >> 16) as u32);
            Error::inner_length(self.what, end, self.event.len(), start)
        })
    }

    /// The text that a reference names, up to its NUL.
    fn text(&self, name: &str) -> Result<Text<'a>, Error> {
        let bytes = self.dynamic(name)?;
        Ok(Text(Inner::Bytes(up_to_nul(bytes))))
    }
}

/// A text of an event: as it was read, or as the kernel would write it. `Display` shows it.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(Inner<'a>);

#[derive(Clone, Copy, Debug)]
enum Inner<'a> {
    Bytes(&'a [u8]),
    Address(PciAddress),
    Unit(FruText),
    Detail(MemoryErrorView<'a>),
}

impl<'a> Text<'a> {
    /// The text of these bytes, as they come in an event, without a NUL.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(Inner::Bytes(bytes))
    }

    /// The bytes of a text that is stored, which need not be ASCII; `None` for a text that is made when it is
    /// displayed.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Inner::Bytes(bytes) => Some(bytes),
            Inner::Unit(unit) => Some(unit.text()),
            Inner::Address(_) | Inner::Detail(_) => None,
        }
    }

    /// The first 20 bytes, as the name of a unit.
    fn unit(&self) -> FruText {
        let bytes = self.as_bytes().unwrap_or_default();
        FruText::new(bytes.get(..20).unwrap_or(bytes)).unwrap_or(FruText::EMPTY)
    }
}

/// Printable ASCII as it is, everything else escaped.
impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f: &mut dyn fmt::Write = f;
        match &self.0 {
            // One byte at a time: `escape_ascii` would escape quotes too.
            Inner::Bytes(bytes) => {
                for byte in *bytes {
                    match byte {
                        b' '..=b'~' => f.write_char(char::from(*byte))?,
                        _ => write!(f, "{}", byte.escape_ascii())?,
                    }
                }
                Ok(())
            }
            Inner::Address(address) => write!(f, "{address}"),
            Inner::Unit(unit) => write!(f, "{}", Text::new(unit.text())),
            Inner::Detail(memory) => mc_event::write_detail(f, memory),
        }
    }
}

crate::open_value::open_value! {
    /// Severity as Linux's GHES driver numbers it, in `non_standard_event` and `arm_event`.
    GhesSeverity: u8 {
        NO = 0 => "none",
        CORRECTED = 1 => "corrected",
        RECOVERABLE = 2 => "recoverable",
        PANIC = 3 => "panic",
    }
}

/// An unknown severity is taken for the worst, as Linux does.
impl From<Severity> for GhesSeverity {
    fn from(severity: Severity) -> Self {
        Self::new(severity.rank())
    }
}

impl GhesSeverity {
    /// The severity of the section; fatal for a number that Linux does not use.
    pub const fn severity(self) -> Severity {
        match self {
            Self::NO => Severity::INFORMATIONAL,
            Self::CORRECTED => Severity::CORRECTED,
            Self::RECOVERABLE => Severity::RECOVERABLE,
            _ => Severity::FATAL,
        }
    }
}

/// The event that Linux makes of a section.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// `mc_event`, of a memory error.
    Mc(McEvent<'a>),
    /// `aer_event`, of a PCIe error.
    Aer(AerEvent<'a>),
    /// `arm_event`, of an error of an Arm processor.
    Arm(ArmEvent<'a>),
    /// `extlog_mem_event`, of a memory error that firmware logs beside a machine check.
    ExtlogMem(ExtlogMemEvent<'a>),
    /// `non_standard_event`, of every other section.
    NonStandard(NonStandardEvent<'a>),
}

impl<'a> Event<'a> {
    /// The event of a section, from the notification type in the record's header, the section's descriptor and its
    /// body.
    ///
    /// | section | event |
    /// |---|---|
    /// | memory, in the record of a corrected machine check (`CMC`) | `extlog_mem_event`, as `acpi_extlog` |
    /// | memory | `mc_event`, as `ghes_edac` |
    /// | PCIe with a device and AER registers | `aer_event`, as the AER driver |
    /// | Arm processor | `arm_event` |
    /// | all others, and those of the above that cannot be read | `non_standard_event` |
    ///
    /// Linux drops a PCIe section without AER registers, or without a device; here it is one of the others. The
    /// severity is the section's own. In a block of a worse severity, Linux gives the event of a memory error the
    /// block's severity.
    pub fn of(
        version: Version,
        notification: NotificationType,
        descriptor: &SectionDescriptor,
        body: &'a [u8],
    ) -> Self {
        let event = match Body::decode(descriptor.section_type(), body) {
            Ok(Body::Memory(memory)) if notification == NotificationType::CMC => {
                Some(Self::ExtlogMem(ExtlogMemEvent::of(descriptor, &memory)))
            }
            Ok(Body::Memory(memory)) => Some(Self::Mc(McEvent::of(descriptor, &memory))),
            Ok(Body::Pcie(pcie)) => AerEvent::of(version, descriptor, &pcie).map(Self::Aer),
            Ok(Body::ArmProcessor(processor)) => Some(Self::Arm(ArmEvent::of(descriptor, &processor))),
            _ => None,
        };
        event.unwrap_or_else(|| Self::NonStandard(NonStandardEvent::of(descriptor, body)))
    }

    /// The name of the event.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Mc(_) => McEvent::NAME,
            Self::Aer(_) => AerEvent::NAME,
            Self::Arm(_) => ArmEvent::NAME,
            Self::ExtlogMem(_) => ExtlogMemEvent::NAME,
            Self::NonStandard(_) => NonStandardEvent::NAME,
        }
    }

    /// The event with this name, from its bytes as they lie in a trace buffer; `None` when the name is not one of
    /// these.
    ///
    /// # Errors
    /// When the event ends before its last field, or a text or array of it does not lie inside it.
    pub fn read(version: Version, name: &str, event: &'a [u8]) -> Option<Result<Self, Error>> {
        Some(match name {
            McEvent::NAME => McEvent::read(version, event).map(Self::Mc),
            AerEvent::NAME => AerEvent::read(version, event).map(Self::Aer),
            ArmEvent::NAME => ArmEvent::read(version, event).map(Self::Arm),
            ExtlogMemEvent::NAME => ExtlogMemEvent::read(version, event).map(Self::ExtlogMem),
            NonStandardEvent::NAME => NonStandardEvent::read(version, event).map(Self::NonStandard),
            _ => return None,
        })
    }

    /// The fields of the event with this name; `None` when the name is not one of these.
    pub fn fields(version: Version, name: &str) -> Option<&'static [Field]> {
        Some(match name {
            McEvent::NAME => McEvent::fields(version),
            AerEvent::NAME => AerEvent::fields(version),
            ArmEvent::NAME => ArmEvent::fields(version),
            ExtlogMemEvent::NAME => ExtlogMemEvent::fields(version),
            NonStandardEvent::NAME => NonStandardEvent::fields(version),
            _ => return None,
        })
    }

    /// The descriptor of the section that the event came from: its type, severity and unit.
    pub fn descriptor(&self) -> SectionDescriptor {
        match self {
            Self::Mc(event) => event.descriptor(),
            Self::Aer(event) => event.descriptor(),
            Self::Arm(event) => event.descriptor(),
            Self::ExtlogMem(event) => event.descriptor(),
            Self::NonStandard(event) => event.descriptor(),
        }
    }

    /// Writes the body of the section that the event came from to the start of `out`, with the fields that the event
    /// has.
    ///
    /// # Errors
    /// When `out` is shorter than the body.
    pub fn write_body<'b>(&self, out: &'b mut [u8]) -> Result<&'b [u8], Error> {
        match self {
            Self::Mc(event) => encode(&[event.memory_error().as_bytes()], out),
            Self::Aer(event) => encode(&[event.pcie_error().as_bytes()], out),
            Self::Arm(event) => encode(&event.parts(&event.header()), out),
            Self::ExtlogMem(event) => encode(&[event.memory_error().as_bytes()], out),
            Self::NonStandard(event) => encode(&[event.buf], out),
        }
    }
}

/// Writes a body of these parts to the start of `out`.
fn encode<'b>(parts: &[&[u8]], out: &'b mut [u8]) -> Result<&'b [u8], Error> {
    let mut needed = 0_usize;
    for part in parts {
        needed = needed.saturating_add(part.len());
    }
    let too_small = Error::buffer_too_small(needed, out.len());
    let body = out.get_mut(..needed).ok_or(too_small)?;
    fill_with(body, parts).ok_or(too_small)?;
    Ok(body)
}

/// A descriptor of this type and severity, with the unit that an event names: an empty name is none.
fn descriptor_of(section_type: SectionTypeId, severity: Severity, unit: FruText) -> SectionDescriptor {
    let descriptor = SectionDescriptor::new(severity).with_section_type(section_type);
    if unit.text().is_empty() { descriptor } else { descriptor.with_fru_text(unit) }
}
