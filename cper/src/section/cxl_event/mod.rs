//! CXL component events (UEFI 2.11 Appendix N, "CXL Component Events Section": 32 bytes and an event record).
//!
//! The section type is the UUID of the event record, the section the record without its UUID: a head of CPER's own,
//! then from offset 0x10 of the record on the header that all event records share (CXL 3.1 table 8-43) and 80 bytes
//! that the kind of event lays out, one file each here.
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

pub use component_id::{CxlComponentId, CxlPldmComponentId, CxlPldmFlags};
pub use dram::{CxlDramEvent, CxlDramEventType, CxlDramValidity};
pub use general_media::{
    CxlDataPathSubType, CxlErrorThresholdFlags, CxlGeneralMediaEvent, CxlGeneralMediaEventType,
    CxlGeneralMediaValidity, CxlMediaAddress, CxlMemoryEventDescriptor, CxlTransactionType,
};
pub use memory_module::{
    CxlDeviceHealth, CxlHealthLevel, CxlHealthStatus, CxlMediaStatus, CxlMemoryModuleEvent,
    CxlMemoryModuleEventType, CxlMemoryModuleSubType, CxlMemoryModuleValidity,
};
pub use memory_sparing::{
    CxlMemorySparingEvent, CxlMemorySparingFlags, CxlMemorySparingResult, CxlMemorySparingValidity,
};
pub use mld_port::{CxlMldPortEvent, CxlMldPortEventType};
pub use physical_switch::{CxlPhysicalSwitchEvent, CxlPhysicalSwitchEventType};
pub use record::{CxlEventFlags, CxlEventHeader, CxlEventSeverity};
pub use virtual_switch::{CxlVirtualSwitchEvent, CxlVirtualSwitchEventType};

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{FixedSection, SectionType};
use crate::fields::{Describe, Value, Visitor, describe_rest, show_fields, valid_fields};
use crate::kind::{Decode, FixedView, View};
use crate::{Error, Guid, SectionTypeId};

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
    pub const fn get(self) -> u32 {
        let [a, b, c] = self.0;
        u32::from_le_bytes([a, b, c, 0])
    }
}

impl fmt::Debug for U24 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U24({})", self.get())
    }
}

impl From<U24> for u64 {
    fn from(value: U24) -> Self {
        value.get().into()
    }
}

/// The head of a CXL component event, before the event record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CxlComponentHeader {
    /// Bytes of head and event record.
    pub length: U32,
    /// [`CxlComponentValidation`].
    pub validation_bits: U64,
    /// Which device the event is of.
    pub device_id: CxlComponentDeviceId,
    /// Serial number of the device, lower doubleword first.
    pub device_serial_number: U64,
}

const _: () = {
    assert!(size_of::<CxlComponentHeader>() == 32 && align_of::<CxlComponentHeader>() == 1);
    assert!(core::mem::offset_of!(CxlComponentHeader, device_id) == 12);
    assert!(core::mem::offset_of!(CxlComponentHeader, device_serial_number) == 24);
};

bitflags! {
    /// Which fields of a [`CxlComponentHeader`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CxlComponentValidation: u64 {
        /// [`CxlComponentHeader::device_id`].
        const DEVICE_ID = 1 << 0;
        /// [`CxlComponentHeader::device_serial_number`].
        const DEVICE_SERIAL_NUMBER = 1 << 1;
        /// [`CxlComponentEvent::event_log`].
        const EVENT_LOG = 1 << 2;
        const _ = !0;
    }
}

/// Which device an event is of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct CxlComponentDeviceId {
    /// PCI vendor.
    pub vendor_id: U16,
    /// PCI device.
    pub device_id: U16,
    /// Function number.
    pub function: u8,
    /// Device number.
    pub device: u8,
    /// Bus number.
    pub bus: u8,
    /// Segment number.
    pub segment: U16,
    /// Slot number in bits 15:3.
    pub slot: U16,
    /// 0.
    pub reserved: u8,
}

const _: () = {
    assert!(size_of::<CxlComponentDeviceId>() == 12 && align_of::<CxlComponentDeviceId>() == 1);
    assert!(core::mem::offset_of!(CxlComponentDeviceId, segment) == 7);
};

impl CxlComponentDeviceId {
    /// Slot number, 13 bits.
    pub const fn slot_number(&self) -> u16 {
        self.slot.get() >> 3
    }
}

impl Describe for CxlComponentDeviceId {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("vendor_id", Value::hex(self.vendor_id.get()))?;
        out.field("device_id", Value::hex(self.device_id.get()))?;
        out.field("segment", Value::hex(self.segment.get()))?;
        out.field("bus", Value::hex(self.bus))?;
        out.field("device", Value::hex(self.device))?;
        out.field("function", Value::number(self.function))?;
        out.field("slot_number", Value::number(self.slot_number()))
    }
}

valid_fields! {
    CxlComponentHeader, validation_bits: u64 as CxlComponentValidation;
    /// Which device the event is of.
    device_id / with_device_id: CxlComponentDeviceId as group, DEVICE_ID;
    /// Serial number of the device.
    device_serial_number / with_device_serial_number: u64 as hex, DEVICE_SERIAL_NUMBER;
}

impl CxlComponentHeader {
    /// Bytes of the head.
    pub const SIZE: usize = size_of::<Self>();
}

/// A CXL component event as it is written, and as it is read when its record is whole: 144 bytes, where `D` is the
/// kind of event.
///
/// [`Section::decode`](crate::Section::decode) takes the section type in both orders of its bytes, see
/// [`CxlComponentEvent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CxlEvent<D> {
    /// CPER's own head.
    pub header: CxlComponentHeader,
    /// What all event records begin with.
    pub record: CxlEventHeader,
    /// What the kind of event lays out.
    pub data: D,
}

const _: () = {
    assert!(size_of::<CxlEvent<CxlDramEvent>>() == 144 && align_of::<CxlEvent<CxlDramEvent>>() == 1);
    assert!(core::mem::offset_of!(CxlEvent<CxlDramEvent>, data) == 64);
};

impl<D> CxlEvent<D> {
    /// An event of no device yet. The length is filled in, and the validity bit of the event record set.
    pub const fn new(record: CxlEventHeader, data: D) -> Self {
        let mut header: CxlComponentHeader = zerocopy::transmute!([0u8; 32]);
        header.length = U32::new(size_of::<Self>() as u32);
        header.validation_bits = U64::new(CxlComponentValidation::EVENT_LOG.bits());
        Self { header, record, data }
    }

    /// Sets the device and its validity bit.
    #[must_use]
    pub fn with_device_id(mut self, id: CxlComponentDeviceId) -> Self {
        self.header = self.header.with_device_id(id);
        self
    }

    /// Sets the device's serial number and its validity bit.
    #[must_use]
    pub fn with_device_serial_number(mut self, number: u64) -> Self {
        self.header = self.header.with_device_serial_number(number);
        self
    }
}

impl<D: SectionType> SectionType for CxlEvent<D> {
    const TYPE: Guid = D::TYPE;
    const NAME: &'static str = D::NAME;

    fn is_type(section_type: Guid) -> bool {
        section_type == Self::TYPE || section_type.swapped() == Self::TYPE
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

/// What the kind of event lays out: the last 80 bytes of an event record.
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

/// Any CXL component event, however much of its record is there: the head, to which it dereferences, and the rest.
///
/// The section type is the UUID of the event record. Linux and EDK2 store it like every other GUID, Windows with its
/// bytes in the order of the text; the specification does not say. Both are read.
#[derive(Clone, Copy, Debug)]
pub struct CxlComponentEvent<'a> {
    event_type: SectionTypeId,
    header: &'a CxlComponentHeader,
    rest: &'a [u8],
    bytes: &'a [u8],
}

impl core::ops::Deref for CxlComponentEvent<'_> {
    type Target = CxlComponentHeader;

    fn deref(&self) -> &CxlComponentHeader {
        self.header
    }
}

impl<'a> View<'a> for CxlComponentEvent<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        self.trailing()
    }

    fn missing(&self) -> usize {
        self.missing()
    }
}

impl<'a> CxlComponentEvent<'a> {
    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What messages call the section.
    pub const NAME: &'static str = "CXL component event";

    /// Reads the body of a section of this type; `None` when the type is no CXL event's.
    ///
    /// # Errors
    /// When the bytes are fewer than the 32 of the head.
    pub fn decode(section_type: Guid, body: &'a [u8]) -> Option<Result<Self, Error>> {
        let swapped = section_type.swapped();
        let event_type = EVENTS.into_iter().find(|known| known.0 == section_type || known.0 == swapped)?;
        Some(match CxlComponentHeader::ref_from_prefix(body) {
            Ok((header, rest)) => Ok(Self { event_type, header, rest, bytes: body }),
            Err(_) => Err(Error::too_short(Self::NAME, CxlComponentHeader::SIZE, body.len())),
        })
    }

    /// The kind of event: its section type in the order of bytes that other GUIDs have.
    pub const fn event_type(&self) -> SectionTypeId {
        self.event_type
    }

    /// The head, every field as it was stored.
    pub const fn header(&self) -> &'a CxlComponentHeader {
        self.header
    }

    /// Everything behind the head, as it was stored.
    pub const fn variable(&self) -> &'a [u8] {
        self.rest
    }

    /// The event log and what lies behind it, by the length of the head or the end of the bytes.
    fn split(&self) -> (&'a [u8], &'a [u8]) {
        let length = (self.header.length.get() as usize).saturating_sub(CxlComponentHeader::SIZE);
        self.rest.split_at_checked(length).unwrap_or((self.rest, &[]))
    }

    /// Bytes of the event log that the length claims and the section does not have.
    pub fn missing(&self) -> usize {
        (self.header.length.get() as usize)
            .saturating_sub(CxlComponentHeader::SIZE)
            .saturating_sub(self.rest.len())
    }

    /// The event record without its UUID, as far as the length and the section go.
    ///
    /// `None` when its validity bit is clear.
    pub fn event_log(&self) -> Option<&'a [u8]> {
        self.validation().contains(CxlComponentValidation::EVENT_LOG).then(|| self.split().0)
    }

    /// What all event records begin with; `None` when there is no log or it has less than 32 bytes.
    pub fn record(&self) -> Option<&'a CxlEventHeader> {
        CxlEventHeader::ref_from_prefix(self.event_log()?).ok().map(|(record, _)| record)
    }

    /// What the kind of event lays out; `None` when there is no log or it has less than 112 bytes.
    pub fn data(&self) -> Option<CxlEventData<'a>> {
        let (_, data) = self.event_log()?.split_at_checked(size_of::<CxlEventHeader>())?;
        let event = self.event_type;
        Some(if event == SectionTypeId::CXL_GENERAL_MEDIA {
            CxlEventData::GeneralMedia(front(data)?)
        } else if event == SectionTypeId::CXL_DRAM {
            CxlEventData::Dram(front(data)?)
        } else if event == SectionTypeId::CXL_MEMORY_MODULE {
            CxlEventData::MemoryModule(front(data)?)
        } else if event == SectionTypeId::CXL_MEMORY_SPARING {
            CxlEventData::MemorySparing(front(data)?)
        } else if event == SectionTypeId::CXL_PHYSICAL_SWITCH {
            CxlEventData::PhysicalSwitch(front(data)?)
        } else if event == SectionTypeId::CXL_VIRTUAL_SWITCH {
            CxlEventData::VirtualSwitch(front(data)?)
        } else if event == SectionTypeId::CXL_MLD_PORT {
            CxlEventData::MldPort(front(data)?)
        } else {
            CxlEventData::DynamicCapacity(data.first_chunk()?)
        })
    }

    /// What the section has behind the event log.
    pub fn trailing(&self) -> &'a [u8] {
        self.split().1
    }
}

fn front<T: FromBytes + Immutable + KnownLayout + Unaligned>(bytes: &[u8]) -> Option<&T> {
    T::ref_from_prefix(bytes).ok().map(|(value, _)| value)
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
                size_of::<CxlEventHeader>().saturating_add(80)
            }
            None => size_of::<CxlEventHeader>(),
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
        self.describe_valid(out)?;
        if self.missing() != 0 {
            out.field("missing_bytes", Value::Number(self.missing() as u64))?;
            let length = self.header.length.get();
            let there = (length as usize).saturating_sub(self.missing());
            Error::inner_length("length", length, there, 0).describe(out)?;
        }
        if let Some(log) = self.event_log() {
            out.field("event_log", Value::Group(&EventLog(*self, log)))?;
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(CxlComponentEvent<'a>);

/// Asserts what every kind of event has in common, and gives its section type.
macro_rules! event_data {
    ($name:ident, $type:ident, $text:literal) => {
        const _: () = assert!(size_of::<$name>() == 80 && align_of::<$name>() == 1);

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl $crate::section::SectionType for $name {
            const TYPE: $crate::Guid = $crate::SectionTypeId::$type.0;
            const NAME: &'static str = $text;
        }

        $crate::fields::show_fields!($name);
    };
}

use event_data;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{every_flip_shows, written};
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
        let text = Body::decode(section_type.0, &bytes).unwrap().to_string();
        let (_, log) = text.split_once("event log\n").unwrap();
        log.lines().skip(4).map(|line| line.strip_prefix("  ").unwrap().into()).collect()
    }

    fn decode(section_type: SectionTypeId, bytes: &[u8]) -> CxlComponentEvent<'_> {
        CxlComponentEvent::decode(section_type.0, bytes).unwrap().unwrap()
    }

    #[test]
    fn the_head_is_where_the_specification_says() {
        let bytes = section([0; 80]);
        let event = decode(SectionTypeId::CXL_MLD_PORT, &bytes);
        assert_eq!(event.event_type(), SectionTypeId::CXL_MLD_PORT);
        assert_eq!(event.header().length.get(), 144);
        let id = event.device_id().unwrap();
        assert_eq!((id.vendor_id.get(), id.device_id.get()), (0x8086, 0x0d93));
        assert_eq!((id.segment.get(), id.bus, id.device, id.function), (0x1234, 0x38, 0x1c, 4));
        assert_eq!(id.slot_number(), 0x129 >> 3);
        assert_eq!(event.device_serial_number(), Some(0x0102_0304_0506_0708));
        assert_eq!(event.record().unwrap().handle.get(), 0xaa55);
        assert_eq!(event.event_log(), Some(&bytes[32..]));
        assert_eq!((event.variable(), event.trailing(), event.missing()), (&bytes[32..], &[][..], 0));
        assert!(event.to_string().starts_with(
            "event type              CXL MLD port event (8dc44363-0c96-4710-b7bf-04bb99534c3f)\n\
             device id\n  vendor id               0x8086\n  device id               0x0d93\n  \
             segment                 0x1234\n  bus                     0x38\n  \
             device                  0x1c\n  function                4\n  slot number             37\n\
             device serial number    0x0102030405060708\nevent log\n  severity                warning (1)\n"
        ));
    }

    #[test]
    fn every_event_type_in_both_orders_of_its_bytes() {
        let bytes = section([0; 80]);
        let kinds: Vec<_> = EVENTS
            .iter()
            .map(|event_type| {
                assert_eq!(decode(SectionTypeId(event_type.0.swapped()), &bytes).event_type(), *event_type);
                every_flip_shows(SectionTypeId(event_type.0.swapped()), &bytes);
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
            assert!(matches!(Body::decode(windows.0, &bytes), Ok(Body::CxlComponentEvent(_))));
        }
        assert!(CxlComponentEvent::decode(SectionTypeId::CXL_PROTOCOL.0, &bytes).is_none());
        assert!(CxlEvent::<CxlDramEvent>::is_type(SectionTypeId::WINDOWS_CXL_DRAM.0));
        assert!(CxlEvent::<CxlDramEvent>::is_type(SectionTypeId::CXL_DRAM.0));
        assert!(!CxlEvent::<CxlDramEvent>::is_type(SectionTypeId::CXL_MEMORY_MODULE.0));
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
        assert!(!event.to_string().contains("event log"));
    }

    #[test]
    fn a_short_or_long_log_is_read_as_far_as_it_goes() {
        let mut bytes = section([7; 80]);
        for length in 0..bytes.len() {
            let Some(decoded) = CxlComponentEvent::decode(SectionTypeId::CXL_DRAM.0, &bytes[..length]) else {
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
        // Two bytes more in the log, three behind it.
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
        every_flip_shows(SectionTypeId::CXL_DRAM, &bytes);
        // A length that does not even cover the head.
        bytes[0] = 31;
        let event = decode(SectionTypeId::CXL_DRAM, &bytes);
        assert_eq!((event.event_log(), event.trailing()), (Some(&[][..]), &bytes[32..]));
        assert!(event.data().is_none() && event.missing() == 0);
    }

    #[test]
    fn values_survive_writing() {
        let id = CxlComponentDeviceId { vendor_id: U16::new(0x8086), bus: 3, ..Default::default() };
        let record = CxlEventHeader::new(CxlEventSeverity::FATAL).with_handle(9);
        let event = CxlEvent::new(record, CxlDramEvent::new().with_channel(3));
        let bytes = written(&event);
        let read = decode(SectionTypeId::CXL_DRAM, &bytes);
        assert_eq!((read.header.length.get(), read.validation_bits.get()), (144, 4));
        assert_eq!((read.device_id(), read.device_serial_number()), (None, None));
        let bytes = written(&event.with_device_id(id).with_device_serial_number(11));
        let read = decode(SectionTypeId::CXL_DRAM, &bytes);
        assert_eq!((read.device_id(), read.device_serial_number()), (Some(id), Some(11)));
        assert_eq!(read.record(), Some(&record));
        assert!(matches!(read.data(), Some(CxlEventData::Dram(dram)) if dram.channel() == Some(3)));
        let whole = CxlEvent::<CxlDramEvent>::decode(&bytes).unwrap();
        assert_eq!((whole.record, whole.data.channel()), (record, Some(3)));
        assert_eq!(
            CxlEvent::<CxlDramEvent>::decode(&bytes[1..]).unwrap_err().to_string(),
            "offset 0: CXL DRAM event needs 144 bytes, 143 available"
        );
    }

    #[test]
    fn numbers_of_24_bits() {
        assert_eq!(U24::new(0x0112_3456).get(), 0x12_3456);
        assert_eq!(U24::new(0x12_3456).as_bytes(), [0x56, 0x34, 0x12]);
        assert_eq!(u64::from(U24::new(7)), 7);
        assert_eq!(format!("{:?}", U24::new(65536)), "U24(65536)");
    }
}
