//! CXL component events (UEFI 2.11 Appendix N, "CXL Component Events Section": 32 bytes and an event record).
//!
//! The section type is the UUID of the event record. The section holds the record without its UUID: a header of CPER's
//! own, then the header that all event records share (CXL 3.1 table 8-43, from offset 0x10 on), then 80 bytes whose
//! layout depends on the kind of event.
//!
//! ```
//! use cper::section::{Body, CxlDramEvent, CxlEvent, CxlEventHeader, CxlEventSeverity, U24};
//! use cper::{NotificationType, Record, RecordHeader, RecordWriter, SectionDescriptor, Severity};
//!
//! let dram = CxlDramEvent::new().with_channel(1).with_row(U24::new(0x1_2345));
//! let event = CxlEvent::new(CxlEventHeader::new(CxlEventSeverity::WARNING).with_handle(1), dram);
//! let mut buffer = [0; 512];
//! let header = RecordHeader::new(Severity::CORRECTED, NotificationType::CXL_COMPONENT);
//! let mut writer = RecordWriter::new(&mut buffer, &header)?;
//! writer.section(&SectionDescriptor::primary(Severity::CORRECTED), &event)?;
//!
//! let section = Record::parse(writer.finish()?)?.sections().next().unwrap()?;
//! let Body::CxlComponentEvent(event) = section.body()? else { panic!("another section") };
//! println!("{event}");
//! # Ok::<(), cper::Error>(())
//! ```

mod component_id;
mod dram;
mod general_media;
mod memory_module;
mod memory_sparing;
mod mld_port;
mod physical_switch;
mod record;
mod virtual_switch;

pub use component_id::{CxlComponentId, CxlPldmComponentId, CxlPldmValidation};
pub use dram::{CxlDramEvent, CxlDramEventType, CxlDramValidation};
pub use general_media::{
    CxlDataPathSubType, CxlErrorThresholdFlags, CxlGeneralMediaEvent, CxlGeneralMediaEventType,
    CxlGeneralMediaValidation, CxlMediaAddress, CxlMemoryEventDescriptor, CxlTransactionType,
};
pub use memory_module::{
    CxlDeviceHealth, CxlHealthLevel, CxlHealthStatus, CxlMediaStatus, CxlMemoryModuleEvent,
    CxlMemoryModuleEventType, CxlMemoryModuleSubType, CxlMemoryModuleValidation,
};
pub use memory_sparing::{
    CxlMemorySparingEvent, CxlMemorySparingFlags, CxlMemorySparingResult, CxlMemorySparingValidation,
};
pub use mld_port::{CxlMldPortEvent, CxlMldPortEventType};
pub use physical_switch::{CxlPhysicalSwitchEvent, CxlPhysicalSwitchEventType};
pub use record::{CxlEventFlags, CxlEventHeader, CxlEventSeverity};
pub use virtual_switch::{CxlVirtualSwitchEvent, CxlVirtualSwitchEventType};

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::memory::write_places;
use super::pci_address::PciAddress;
use crate::fields::{Describe, Value, Visitor, describe_rest, show_fields, shows};
use crate::kind::{Decode, FixedSection, FixedView, SectionType};
use crate::structure::structure;
use crate::view::view_trait;
use crate::{Error, SectionTypeId};

/// A number of 24 bits.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(transparent)]
pub struct U24([u8; 3]);

impl U24 {
    /// The number; bits past the 24th are dropped.
    pub const fn new(value: u32) -> Self {
        let [a, b, c, _] = value.to_le_bytes();
        Self([a, b, c])
    }

    /// The number, below 2^24.
    pub const fn raw(self) -> u32 {
        let [a, b, c] = self.0;
        u32::from_le_bytes([a, b, c, 0])
    }
}

crate::grammar::conversions!(U24: u32);

impl PartialOrd for U24 {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By the number.
impl Ord for U24 {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.raw().cmp(&other.raw())
    }
}

crate::grammar::any_structure!(U24);

#[cfg(feature = "serde")]
impl serde::Serialize for U24 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.raw())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for U24 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Display for U24 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw().fmt(f)
    }
}

impl fmt::Debug for U24 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U24({})", self.raw())
    }
}

impl From<U24> for u64 {
    fn from(value: U24) -> Self {
        value.raw().into()
    }
}

structure! {
    /// The header of a CXL component event, before the event record. [`CxlEvent`] fills in the length.
    CxlComponentHeader: 32 bytes, new;
    valid CxlComponentValidation: u64 in validation_bits {
        /// [`CxlComponentEvent::event_log`] holds a value.
        EVENT_LOG = 2;
    };
    /// Length of header and event record in bytes.
    0 length: u32 raw length_raw;
    4 validation_bits: u64;
    /// Device that the event is of.
    12 device_id: CxlComponentDeviceId as group, device_id_raw set_device_id with_device_id, DEVICE_ID = 0;
    /// Serial number of the device, lower doubleword first.
    24 device_serial_number: u64 as hex, device_serial_number_raw set_device_serial_number with_device_serial_number,
        DEVICE_SERIAL_NUMBER = 1;
}

structure! {
    /// Device that an event is of.
    CxlComponentDeviceId: 12 bytes, new;
    /// PCI vendor id.
    0 vendor_id: u16 => set_vendor_id with_vendor_id;
    /// PCI device id.
    2 device_id: u16 => set_device_id with_device_id;
    /// Function number.
    4 function: u8 => set_function with_function;
    /// Device number.
    5 device: u8 => set_device with_device;
    /// Bus number.
    6 bus: u8 => set_bus with_bus;
    /// Segment number.
    7 segment: u16 => set_segment with_segment;
    /// Slot number in bits 15:3.
    9 slot: u16 raw slot_raw;
    11 reserved: u8;
}

impl CxlComponentDeviceId {
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

    /// Address of the device: segment, bus, device and function.
    #[inline]
    pub const fn address(&self) -> PciAddress {
        PciAddress {
            segment: self.segment(),
            bus: self.bus(),
            device: self.device(),
            function: self.function(),
        }
    }
}

impl Describe for CxlComponentDeviceId {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("vendor_id", Value::hex(self.vendor_id()))?;
        out.field("device_id", Value::hex(self.device_id()))?;
        out.field("segment", Value::hex(self.segment()))?;
        out.field("bus", Value::hex(self.bus()))?;
        out.field("device", Value::hex(self.device()))?;
        out.field("function", Value::number(self.function()))?;
        out.field("slot_number", Value::number(self.slot_number()))?;
        shows!(out, self, vendor_id, device_id, function, device, bus, segment);
        if self.slot_number() << 3 == self.slot_raw() {
            shows!(out, self, slot);
        }
        Ok(())
    }
}

/// A CXL component event as it is written, and as it is read when its record is whole: 144 bytes, where `D` is the
/// kind of event.
///
/// [`Section::decode`](crate::Section::decode) takes the section type in either order of its bytes, as
/// [`CxlComponentEvent`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CxlEvent<D> {
    header: CxlComponentHeader,
    record: CxlEventHeader,
    data: D,
}

const _: () = {
    assert!(size_of::<CxlEvent<CxlDramEvent>>() == 144 && align_of::<CxlEvent<CxlDramEvent>>() == 1);
    assert!(core::mem::offset_of!(CxlEvent<CxlDramEvent>, data) == 64);
};

impl<D> CxlEvent<D> {
    /// An event that names no device yet. The length is filled in, and the validity bit of the event record is set.
    #[inline]
    pub const fn new(record: CxlEventHeader, data: D) -> Self {
        let mut header = CxlComponentHeader::new().with_validation(CxlComponentValidation::EVENT_LOG);
        CxlComponentHeader::AT.length.put(&mut header.0, u32::to_le_bytes(size_of::<Self>() as u32));
        Self { header, record, data }
    }

    /// The header that CPER puts before an event record.
    pub const fn header(&self) -> &CxlComponentHeader {
        &self.header
    }

    /// The header that CPER puts before an event record, for setting its fields.
    pub const fn header_mut(&mut self) -> &mut CxlComponentHeader {
        &mut self.header
    }

    /// The header that all event records share.
    pub const fn record(&self) -> &CxlEventHeader {
        &self.record
    }

    /// The header that all event records share, for setting its fields.
    pub const fn record_mut(&mut self) -> &mut CxlEventHeader {
        &mut self.record
    }

    /// The data of this kind of event.
    pub const fn data(&self) -> &D {
        &self.data
    }

    /// The data of this kind of event, for setting its fields.
    pub const fn data_mut(&mut self) -> &mut D {
        &mut self.data
    }

    /// Device that the event is of; `None` when its validity bit is clear.
    pub const fn device_id(&self) -> Option<CxlComponentDeviceId> {
        self.header.device_id()
    }

    /// Serial number of the device; `None` when its validity bit is clear.
    pub const fn device_serial_number(&self) -> Option<u64> {
        self.header.device_serial_number()
    }

    /// Sets the device and its validity bit.
    #[inline]
    pub const fn set_device_id(&mut self, id: CxlComponentDeviceId) {
        self.header.set_device_id(id);
    }

    /// Sets the device and its validity bit.
    #[must_use]
    pub fn with_device_id(mut self, id: CxlComponentDeviceId) -> Self {
        self.set_device_id(id);
        self
    }

    /// Sets the device's serial number and its validity bit.
    #[inline]
    pub const fn set_device_serial_number(&mut self, number: u64) {
        self.header.set_device_serial_number(number);
    }

    /// Sets the device's serial number and its validity bit.
    #[must_use]
    pub fn with_device_serial_number(mut self, number: u64) -> Self {
        self.set_device_serial_number(number);
        self
    }
}

impl<D: SectionType> SectionType for CxlEvent<D> {
    const TYPE: SectionTypeId = D::TYPE;
    const NAME: &'static str = D::NAME;

    fn is_type(section_type: SectionTypeId) -> bool {
        D::is_type(section_type)
    }
}

impl<D> FixedSection for CxlEvent<D> where
    D: SectionType + FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned + Copy + 'static
{
}

impl<D> Decode for CxlEvent<D>
where
    Self: FixedSection + fmt::Debug,
{
    type View<'a> = FixedView<'a, Self>;

    fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, Error> {
        FixedView::new(body)
    }
}

/// The data of an event by its kind: the last 80 bytes of an event record.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum CxlEventData<'a> {
    /// General media event.
    GeneralMedia(&'a CxlGeneralMediaEvent),
    /// DRAM event.
    Dram(&'a CxlDramEvent),
    /// Memory module event.
    MemoryModule(&'a CxlMemoryModuleEvent),
    /// Memory sparing event.
    MemorySparing(&'a CxlMemorySparingEvent),
    /// Physical switch event.
    PhysicalSwitch(&'a CxlPhysicalSwitchEvent),
    /// Virtual switch event.
    VirtualSwitch(&'a CxlVirtualSwitchEvent),
    /// MLD port event.
    MldPort(&'a CxlMldPortEvent),
    /// Dynamic capacity event, which is meant for the mailbox and not decoded here.
    DynamicCapacity(&'a [u8; 80]),
}

impl Describe for CxlEventData<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        match self {
            Self::GeneralMedia(data) => data.describe(out),
            Self::Dram(data) => data.describe(out),
            Self::MemoryModule(data) => data.describe(out),
            Self::MemorySparing(data) => data.describe(out),
            Self::PhysicalSwitch(data) => data.describe(out),
            Self::VirtualSwitch(data) => data.describe(out),
            Self::MldPort(data) => data.describe(out),
            Self::DynamicCapacity(data) => out.field("data", Value::Bytes(&data[..])),
        }
    }
}

impl CxlEventData<'_> {
    /// What happened, and where in the device.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            Self::GeneralMedia(data) => {
                write!(f, "{}", data.memory_event_type())?;
                write_transaction(f, data.transaction_type())?;
                write_places(
                    f,
                    &[("channel", data.channel().map(u32::from)), ("rank", data.rank().map(u32::from))],
                )
            }
            Self::Dram(data) => {
                write!(f, "{}", data.memory_event_type())?;
                write_transaction(f, data.transaction_type())?;
                write_places(
                    f,
                    &[
                        ("channel", data.channel().map(u32::from)),
                        ("rank", data.rank().map(u32::from)),
                        ("bank group", data.bank_group().map(u32::from)),
                        ("bank", data.bank().map(u32::from)),
                        ("row", data.row().map(U24::raw)),
                        ("column", data.column().map(u32::from)),
                    ],
                )
            }
            Self::MemoryModule(data) => write!(f, "{}", data.device_event_type()),
            Self::MemorySparing(data) => {
                write!(f, "{}", data.result())?;
                write_places(
                    f,
                    &[
                        ("channel", data.channel().map(u32::from)),
                        ("rank", data.rank().map(u32::from)),
                        ("bank group", data.bank_group().map(u32::from)),
                        ("bank", data.bank().map(u32::from)),
                        ("row", data.row().map(U24::raw)),
                        ("column", data.column().map(u32::from)),
                    ],
                )
            }
            Self::PhysicalSwitch(data) => {
                write!(f, "{} of port {}", data.event_type(), data.physical_port_id())
            }
            Self::VirtualSwitch(data) => {
                write!(f, "{} of virtual switch {}, bridge {}", data.event_type(), data.vcs_id(), data.vppb())
            }
            Self::MldPort(data) => write!(f, "{} to port {}", data.event_type(), data.port_id()),
            Self::DynamicCapacity(_) => f.write_str("dynamic capacity"),
        }
    }
}

/// Writes what was being done, where that is known.
fn write_transaction(f: &mut dyn fmt::Write, transaction: CxlTransactionType) -> fmt::Result {
    match transaction {
        CxlTransactionType::UNKNOWN => Ok(()),
        known => write!(f, ", {known}"),
    }
}

/// The section types of events.
const EVENTS: [SectionTypeId; 8] = [
    SectionTypeId::CXL_GENERAL_MEDIA,
    SectionTypeId::CXL_DRAM,
    SectionTypeId::CXL_MEMORY_MODULE,
    SectionTypeId::CXL_MEMORY_SPARING,
    SectionTypeId::CXL_PHYSICAL_SWITCH,
    SectionTypeId::CXL_VIRTUAL_SWITCH,
    SectionTypeId::CXL_MLD_PORT,
    SectionTypeId::CXL_DYNAMIC_CAPACITY,
];

/// A CXL component event as it was read, of any kind and however much of its record is there.
///
/// The section type is the UUID of the event record. Linux and EDK2 store it like every other GUID, Windows with its
/// bytes in the order of the text; the specification does not say. Both are read.
#[derive(Clone, Copy, Debug)]
pub struct CxlComponentEvent<'a> {
    event_type: SectionTypeId,
    bytes: &'a [u8],
}

view_trait!(CxlComponentEvent);

impl<'a> CxlComponentEvent<'a> {
    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The section's name in messages.
    pub const NAME: &'static str = "CXL component event";

    /// Reads the body of a section of this type; `None` when the type is not that of a CXL event.
    ///
    /// # Errors
    /// When there are fewer bytes than the 32 of the header.
    pub fn decode(section_type: SectionTypeId, body: &'a [u8]) -> Option<Result<Self, Error>> {
        let swapped = SectionTypeId::new(section_type.raw().swapped());
        let event_type = EVENTS.into_iter().find(|known| *known == section_type || *known == swapped)?;
        Some(Self::of(event_type, body))
    }

    /// Reads the body of a section of this kind of event.
    const fn of(event_type: SectionTypeId, body: &'a [u8]) -> Result<Self, Error> {
        if body.len() < CxlComponentHeader::SIZE {
            Err(Error::too_short(Self::NAME, CxlComponentHeader::SIZE, body.len()))
        } else {
            Ok(Self { event_type, bytes: body })
        }
    }

    /// Kind of event: its section type, with the bytes in the order of other GUIDs.
    pub const fn event_type(&self) -> SectionTypeId {
        self.event_type
    }

    /// The header, every field as it was stored; always there, as the shortest form has it.
    pub fn structure(&self) -> Option<&'a CxlComponentHeader> {
        CxlComponentHeader::first(self.bytes).map(|(header, _)| header)
    }

    /// Which fields hold a value, as stored; unknown bits are kept.
    pub fn validation(&self) -> CxlComponentValidation {
        self.structure().map_or(CxlComponentValidation::empty(), CxlComponentHeader::validation)
    }

    /// Device that the event is of; `None` when its validity bit is clear.
    pub fn device_id(&self) -> Option<CxlComponentDeviceId> {
        self.structure()?.device_id()
    }

    /// Serial number of the device; `None` when its validity bit is clear.
    pub fn device_serial_number(&self) -> Option<u64> {
        self.structure()?.device_serial_number()
    }

    /// Length of header and event record in bytes, as the header states it.
    pub fn length(&self) -> u32 {
        self.structure().map_or(0, CxlComponentHeader::length_raw)
    }

    /// The event log and the bytes after it, by the length of the header or the end of the bytes.
    fn split(&self) -> (&'a [u8], &'a [u8]) {
        let rest = self.bytes.get(CxlComponentHeader::SIZE..).unwrap_or_default();
        let length = (self.length() as usize).saturating_sub(CxlComponentHeader::SIZE);
        rest.split_at_checked(length).unwrap_or((rest, &[]))
    }

    /// How many bytes of the event log the length claims and the section does not have.
    pub fn missing(&self) -> usize {
        (self.length() as usize).saturating_sub(self.bytes.len())
    }

    /// The event record without its UUID, as far as the length and the section go.
    ///
    /// `None` when its validity bit is clear.
    pub fn event_log(&self) -> Option<&'a [u8]> {
        self.validation().contains(CxlComponentValidation::EVENT_LOG).then(|| self.split().0)
    }

    /// The header that all event records share; `None` when there is no log or it has fewer than 32 bytes.
    pub fn record(&self) -> Option<&'a CxlEventHeader> {
        CxlEventHeader::first(self.event_log()?).map(|(record, _)| record)
    }

    /// The data of the event by its kind; `None` when there is no log or it has fewer than 112 bytes.
    pub fn data(&self) -> Option<CxlEventData<'a>> {
        let (_, data) = self.event_log()?.split_at_checked(CxlEventHeader::SIZE)?;
        let event = self.event_type;
        Some(if event == SectionTypeId::CXL_GENERAL_MEDIA {
            CxlEventData::GeneralMedia(CxlGeneralMediaEvent::first(data)?.0)
        } else if event == SectionTypeId::CXL_DRAM {
            CxlEventData::Dram(CxlDramEvent::first(data)?.0)
        } else if event == SectionTypeId::CXL_MEMORY_MODULE {
            CxlEventData::MemoryModule(CxlMemoryModuleEvent::first(data)?.0)
        } else if event == SectionTypeId::CXL_MEMORY_SPARING {
            CxlEventData::MemorySparing(CxlMemorySparingEvent::first(data)?.0)
        } else if event == SectionTypeId::CXL_PHYSICAL_SWITCH {
            CxlEventData::PhysicalSwitch(CxlPhysicalSwitchEvent::first(data)?.0)
        } else if event == SectionTypeId::CXL_VIRTUAL_SWITCH {
            CxlEventData::VirtualSwitch(CxlVirtualSwitchEvent::first(data)?.0)
        } else if event == SectionTypeId::CXL_MLD_PORT {
            CxlEventData::MldPort(CxlMldPortEvent::first(data)?.0)
        } else {
            CxlEventData::DynamicCapacity(data.first_chunk()?)
        })
    }

    /// The bytes after the event log.
    pub fn trailing(&self) -> &'a [u8] {
        self.split().1
    }

    /// What happened, where in the device, and which device.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        match self.data() {
            Some(data) => data.write_summary(f)?,
            None => f.write_str("event without a whole record")?,
        }
        match self.device_id() {
            Some(id) => {
                write!(f, ", device {} [{:04x}:{:04x}]", id.address(), id.vendor_id(), id.device_id())
            }
            None => Ok(()),
        }
    }
}

/// An event log for descriptions.
struct EventLog<'a>(CxlComponentEvent<'a>, &'a [u8]);

impl Describe for EventLog<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let Self(event, log) = self;
        let Some(record) = event.record() else {
            return out.field("bytes", Value::Bytes(log));
        };
        record.describe(out)?;
        let known = match event.data() {
            Some(data) => {
                data.describe(out)?;
                CxlEventHeader::SIZE.saturating_add(80)
            }
            None => CxlEventHeader::SIZE,
        };
        match log.get(known..) {
            Some(rest) if !rest.is_empty() => out.field("rest", Value::Bytes(rest)),
            _ => Ok(()),
        }
    }
}

impl Describe for CxlComponentEvent<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("event_type", self.event_type.into())?;
        if let Some(header) = self.structure() {
            header.describe_fields(out)?;
        }
        if self.missing() != 0 {
            out.field("missing_bytes", Value::length(self.missing()))?;
            Error::inner_length("length", self.length(), self.bytes.len(), 0).describe(out)?;
        }
        match self.event_log() {
            Some(log) => out.field("event_log", Value::Group(&EventLog(*self, log)))?,
            None => describe_rest("event_log_not_valid", self.split().0, out)?,
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(CxlComponentEvent<'a>);

/// Asserts what every kind of event has in common, and gives its section type.
macro_rules! event_data {
    ($name:ident, $type:ident, $text:literal) => {
        const _: () = assert!(size_of::<$name>() == 80 && align_of::<$name>() == 1);

        impl $crate::section::SectionType for $name {
            const TYPE: $crate::SectionTypeId = $crate::SectionTypeId::$type;
            const NAME: &'static str = $text;

            fn is_type(section_type: $crate::SectionTypeId) -> bool {
                section_type == Self::TYPE || section_type.raw().swapped() == Self::TYPE.raw()
            }
        }

        /// Reads the event, however much of its record is there.
        impl $crate::kind::Decode for $name {
            type View<'a> = $crate::section::CxlComponentEvent<'a>;

            fn decode(body: &[u8]) -> Result<$crate::section::CxlComponentEvent<'_>, $crate::Error> {
                $crate::section::CxlComponentEvent::of($crate::SectionTypeId::$type, body)
            }
        }

        $crate::fields::show_fields!($name);
    };
}

use event_data;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{assert_map, bit_map, written};
    use crate::section::{Body, Decode};
    use std::string::{String, ToString};
    use std::vec::Vec;
    use std::{format, vec};

    /// 80 bytes of event data, given by their offsets in the event record of CXL's tables.
    pub(super) fn data_at(parts: &[(usize, &[u8])]) -> [u8; 80] {
        let mut data = [0; 80];
        for (offset, bytes) in parts {
            data[offset - 0x30..][..bytes.len()].copy_from_slice(bytes);
        }
        data
    }

    /// A section of this type with this data, its log header marked.
    pub(super) fn section(data: [u8; 80]) -> Vec<u8> {
        let mut bytes = vec![144, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend([0x86, 0x80, 0x93, 0x0d, 4, 0x1c, 0x38, 0x34, 0x12, 0x29, 0x01, 0]);
        bytes.extend(0x0102_0304_0506_0708u64.to_le_bytes());
        bytes.extend([128, 1, 0, 0, 0x55, 0xaa]);
        bytes.extend([0; 26]);
        bytes.extend(data);
        bytes
    }

    /// The lines an event's data are told in.
    pub(super) fn lines(section_type: SectionTypeId, data: [u8; 80]) -> Vec<String> {
        let bytes = section(data);
        let text = Body::decode(section_type, &bytes).unwrap().to_string();
        let (_, log) = text.split_once("event log\n").unwrap();
        log.lines().skip(4).map(|line| line.strip_prefix("  ").unwrap().into()).collect()
    }

    fn decode(section_type: SectionTypeId, bytes: &[u8]) -> CxlComponentEvent<'_> {
        CxlComponentEvent::decode(section_type, bytes).unwrap().unwrap()
    }

    #[test]
    fn the_head_is_where_the_specification_says() {
        let bytes = section([0; 80]);
        let event = decode(SectionTypeId::CXL_MLD_PORT, &bytes);
        assert_eq!(event.event_type(), SectionTypeId::CXL_MLD_PORT);
        assert_eq!(event.length(), 144);
        let id = event.device_id().unwrap();
        assert_eq!((id.vendor_id(), id.device_id()), (0x8086, 0x0d93));
        assert_eq!((id.segment(), id.bus(), id.device(), id.function()), (0x1234, 0x38, 0x1c, 4));
        assert_eq!(id.slot_number(), 0x129 >> 3);
        assert_eq!(event.device_serial_number(), Some(0x0102_0304_0506_0708));
        assert_eq!(event.record().unwrap().handle(), 0xaa55);
        assert_eq!(event.event_log(), Some(&bytes[32..]));
        assert_eq!((event.trailing(), event.missing()), (&[][..], 0));
        assert!(event.to_string().starts_with(
            "event type              CXL MLD port event (8dc44363-0c96-4710-b7bf-04bb99534c3f)\n\
             device id\n  vendor id               0x8086\n  device id               0x0d93\n  \
             segment                 0x1234\n  bus                     0x38\n  \
             device                  0x1c\n  function                4\n  slot number             37\n\
             device serial number    0x0102030405060708\nevent log\n  severity                warning (1)\n"
        ));
    }

    #[test]
    fn every_bit_of_the_head_is_where_the_specification_has_it() {
        let bytes = section([0; 80]);
        let map = bit_map(&bytes, 0..12, |bytes, told| told(&decode(SectionTypeId::CXL_DRAM, bytes)));
        let (head, _) = map.split_once("\n32.0 ").unwrap();
        assert_map(
            head,
            "12.0 device_id.vendor_id *16 14.0 device_id.device_id *16 16.0 device_id.function *8
             17.0 device_id.device *8 18.0 device_id.bus *8 19.0 device_id.segment *16 21.0 hidden ~*3
             21.3 device_id.slot_number *13 23.0 hidden ~*8 24.0 device_serial_number *64",
        );
    }

    #[test]
    fn each_event_is_read_by_its_own_name() {
        let dram = CxlDramEvent::new()
            .with_memory_event_type(CxlDramEventType::DATA_PATH)
            .with_transaction_type(CxlTransactionType::HOST_WRITE)
            .with_channel(3)
            .with_row(U24::new(7));
        let id = CxlComponentDeviceId::new().with_vendor_id(0x8086).with_bus(0x38);
        let event = CxlEvent::new(CxlEventHeader::new(CxlEventSeverity::FATAL), dram).with_device_id(id);
        let bytes = written(&event);
        let read = CxlDramEvent::decode(&bytes).unwrap();
        assert_eq!((read.event_type(), read.bytes()), (SectionTypeId::CXL_DRAM, &bytes[..]));
        assert_eq!(
            Body::CxlComponentEvent(read).summary().to_string(),
            "data path error, host write (channel 3, row 7), device 0000:38:00.0 [8086:0000]"
        );
        assert!(CxlDramEvent::is_type(SectionTypeId::WINDOWS_CXL_DRAM));
        assert!(CxlMldPortEvent::decode(&bytes[..40]).unwrap().data().is_none());
        assert_eq!(
            CxlMldPortEvent::decode(&bytes[..31]).unwrap_err().to_string(),
            "offset 0: CXL component event needs 32 bytes, 31 available"
        );
        for (event_type, summary) in EVENTS.iter().zip([
            "media ECC error",
            "media ECC error",
            "health status change",
            "success",
            "link state change of port 0",
            "binding change of virtual switch 0, bridge 0",
            "ERR_COR to port 0",
            "dynamic capacity",
        ]) {
            let bytes = section([0; 80]);
            let told = Body::CxlComponentEvent(decode(*event_type, &bytes)).summary().to_string();
            assert_eq!(told, [summary, ", device 1234:38:1c.4 [8086:0d93]"].concat());
        }
    }

    #[test]
    fn every_event_type_in_both_orders_of_its_bytes() {
        let bytes = section([0; 80]);
        let kinds: Vec<_> = EVENTS
            .iter()
            .map(|event_type| {
                assert_eq!(
                    decode(SectionTypeId::new(event_type.raw().swapped()), &bytes).event_type(),
                    *event_type
                );
                let data = decode(*event_type, &bytes).data();
                let kind = format!("{:?}", data.unwrap());
                kind.split('(').next().unwrap().to_string()
            })
            .collect();
        assert_eq!(
            kinds,
            [
                "GeneralMedia",
                "Dram",
                "MemoryModule",
                "MemorySparing",
                "PhysicalSwitch",
                "VirtualSwitch",
                "MldPort",
                "DynamicCapacity"
            ]
        );
        for windows in [SectionTypeId::WINDOWS_CXL_DRAM, SectionTypeId::WINDOWS_CXL_MEMORY_MODULE] {
            assert!(matches!(Body::decode(windows, &bytes), Ok(Body::CxlComponentEvent(_))));
        }
        assert!(CxlComponentEvent::decode(SectionTypeId::CXL_PROTOCOL, &bytes).is_none());
        assert!(CxlEvent::<CxlDramEvent>::is_type(SectionTypeId::WINDOWS_CXL_DRAM));
        assert!(CxlEvent::<CxlDramEvent>::is_type(SectionTypeId::CXL_DRAM));
        assert!(!CxlEvent::<CxlDramEvent>::is_type(SectionTypeId::CXL_MEMORY_MODULE));
    }

    #[test]
    fn dynamic_capacity_is_named_and_raw() {
        assert_eq!(
            lines(SectionTypeId::CXL_DYNAMIC_CAPACITY, data_at(&[(0x30, b"\x01\x02")]))[..2],
            ["data 80 bytes", "  0000  01 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................"]
        );
    }

    #[test]
    fn only_valid_fields_are_told() {
        let mut bytes = section([0; 80]);
        for (bit, start) in [(1, "device id\n"), (2, "device serial number  "), (4, "event log\n")] {
            bytes[4] = bit;
            let text = decode(SectionTypeId::CXL_DRAM, &bytes).to_string();
            let (_, told) = text.split_once('\n').unwrap();
            assert!(told.starts_with(start), "{bit}: {told}");
        }
        bytes[4] = 3;
        let event = decode(SectionTypeId::CXL_DRAM, &bytes);
        assert!(event.event_log().is_none() && event.record().is_none() && event.data().is_none());
        assert!(event.to_string().contains("event log not valid 112 bytes\n"));
    }

    #[test]
    fn a_short_or_long_log_is_read_as_far_as_it_goes() {
        let mut bytes = section([7; 80]);
        for length in 0..bytes.len() {
            let Some(decoded) = CxlComponentEvent::decode(SectionTypeId::CXL_DRAM, &bytes[..length]) else {
                panic!("no CXL event");
            };
            if length < 32 {
                assert_eq!(
                    decoded.unwrap_err().to_string(),
                    format!("offset 0: CXL component event needs 32 bytes, {length} available")
                );
                continue;
            }
            let event = decoded.unwrap();
            assert_eq!((event.missing(), event.event_log().unwrap().len()), (144 - length, length - 32));
            assert_eq!((event.record().is_some(), event.data().is_some()), (length >= 64, false));
            let text = event.to_string();
            assert!(text.contains(&format!("missing bytes           {}\n", 144 - length)), "{text}");
            let raw = match length {
                ..64 => format!("event log\n  bytes {} bytes\n", length - 32),
                64 => "maintenance operation class 0\n".into(),
                _ => format!("  rest {} bytes\n", length - 64),
            };
            assert!(text.contains(&raw) && text.contains("rest ") == (length > 64), "{text}");
        }
        // Two bytes more in the log, three after it.
        bytes.extend([0xb1, 0xb2, 0xe1, 0xe2, 0xe3]);
        bytes[0] = 146;
        let event = decode(SectionTypeId::CXL_DRAM, &bytes);
        assert_eq!((event.event_log().unwrap().len(), event.trailing()), (114, &[0xe1, 0xe2, 0xe3][..]));
        let text = event.to_string();
        assert!(text.contains("  rest 2 bytes\n    0000  b1 b2 "), "{text}");
        assert!(
            text.ends_with(
                "trailing 3 bytes\n  0000  e1 e2 e3                                         ...\n"
            )
        );
        let map = bit_map(&bytes, 0..144, |bytes, told| told(&decode(SectionTypeId::CXL_DRAM, bytes)));
        assert_map(&map, "144.0 event_log.rest ~*16 146.0 trailing ~*24");
        // A length that does not even cover the header.
        bytes[0] = 31;
        let event = decode(SectionTypeId::CXL_DRAM, &bytes);
        assert_eq!((event.event_log(), event.trailing()), (Some(&[][..]), &bytes[32..]));
        assert!(event.data().is_none() && event.missing() == 0);
    }

    #[test]
    fn values_survive_writing() {
        let id = CxlComponentDeviceId::new()
            .with_vendor_id(0x8086)
            .with_device_id(0x0d93)
            .with_function(4)
            .with_device(0x1c)
            .with_bus(0x38)
            .with_segment(0x1234)
            .with_slot_number(37);
        assert_eq!(id.as_bytes(), [0x86, 0x80, 0x93, 0x0d, 4, 0x1c, 0x38, 0x34, 0x12, 0x28, 0x01, 0]);
        let record = CxlEventHeader::new(CxlEventSeverity::FATAL).with_handle(9);
        let event = CxlEvent::new(record, CxlDramEvent::new().with_channel(3));
        let bytes = written(&event);
        let read = decode(SectionTypeId::CXL_DRAM, &bytes);
        assert_eq!((read.length(), read.validation().bits()), (144, 4));
        assert_eq!((read.device_id(), read.device_serial_number()), (None, None));
        let bytes = written(&event.with_device_id(id).with_device_serial_number(11));
        let read = decode(SectionTypeId::CXL_DRAM, &bytes);
        assert_eq!((read.device_id(), read.device_serial_number()), (Some(id), Some(11)));
        assert_eq!(read.record(), Some(&record));
        assert!(matches!(read.data(), Some(CxlEventData::Dram(dram)) if dram.channel() == Some(3)));
        let whole = CxlEvent::<CxlDramEvent>::decode(&bytes).unwrap();
        let whole = whole.structure();
        assert_eq!((whole.record(), whole.data().channel()), (&record, Some(3)));
        assert_eq!(
            CxlEvent::<CxlDramEvent>::decode(&bytes[1..]).unwrap_err().to_string(),
            "offset 0: CXL DRAM event needs 144 bytes, 143 available"
        );
    }

    #[test]
    fn numbers_of_24_bits() {
        assert_eq!(U24::new(0x0112_3456).raw(), 0x12_3456);
        assert_eq!(U24::new(0x12_3456).as_bytes(), [0x56, 0x34, 0x12]);
        assert_eq!(u64::from(U24::new(7)), 7);
        assert_eq!(format!("{:?}", U24::new(65536)), "U24(65536)");
    }
}
