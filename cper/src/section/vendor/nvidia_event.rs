//! NVIDIA event section of Vera processors and GPUs, as openbmc/libcper reads it: a header of 32 bytes, what is known
//! of the device, and contexts of data.

use core::fmt;
use core::iter::FusedIterator;

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::write_all;
use crate::error::clamp;
use crate::fields::{Describe, List, Value, Values, Visitor, describe_rest, show_fields};
use crate::kind::View;
use crate::open_value::open_value;
use crate::section::{ContextPadding, Decode, Encode, SectionType, context::is_zero};
use crate::{Error, ErrorKind, SectionTypeId};

/// The header of an NVIDIA event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct NvidiaEventHeader {
    /// 1.
    pub version: u8,
    /// Number of contexts.
    pub context_count: u8,
    /// What kind of device the event is of.
    pub source_device_type: NvidiaSource,
    /// 0.
    pub reserved: u8,
    /// Type of the event.
    pub event_type: U16,
    /// Sub-type of the event.
    pub event_sub_type: U16,
    /// What links events that belong together, 0 for none.
    pub link_id: U64,
    /// What kind of event it is, in ASCII.
    pub signature: [u8; 16],
}

const _: () = {
    assert!(size_of::<NvidiaEventHeader>() == 32 && align_of::<NvidiaEventHeader>() == 1);
    assert!(core::mem::offset_of!(NvidiaEventHeader, link_id) == 8);
};

open_value! {
    /// What kind of device an event is of.
    NvidiaSource: u8 {
        CPU = 0 => "CPU",
        GPU = 1 => "GPU",
    }
}

/// Header of what is known of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct NvidiaInfoHeader {
    /// Minor version in the low byte, major in the high one.
    pub version: U16,
    /// Bytes of what is known, this header included.
    pub size: u8,
}

const _: () = assert!(size_of::<NvidiaInfoHeader>() == 3 && align_of::<NvidiaInfoHeader>() == 1);

/// What is known of a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct NvidiaCpuInfo {
    /// Socket.
    pub socket: u8,
    /// Chip and revision.
    pub architecture: U32,
    /// Electronic chip id.
    pub ecid: [U32; 4],
    /// Base address of the unit.
    pub instance_base: U64,
}

const _: () = assert!(size_of::<NvidiaCpuInfo>() == 29 && align_of::<NvidiaCpuInfo>() == 1);

/// What is known of a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct NvidiaGpuInfo {
    /// Who told of the event.
    pub originator: u8,
    /// Partition.
    pub partition: U16,
    /// Sub-partition.
    pub sub_partition: U16,
    /// Per-device identifier.
    pub pdi: U64,
}

const _: () = assert!(size_of::<NvidiaGpuInfo>() == 13 && align_of::<NvidiaGpuInfo>() == 1);

/// What is known of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NvidiaInfo<'a> {
    /// Of a processor.
    Cpu(&'a NvidiaCpuInfo),
    /// Of a GPU.
    Gpu(&'a NvidiaGpuInfo),
    /// Of another device, or too short to be read.
    Unknown(&'a [u8]),
}

impl NvidiaInfo<'_> {
    /// The bytes of it.
    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Cpu(info) => info.as_bytes(),
            Self::Gpu(info) => info.as_bytes(),
            Self::Unknown(bytes) => bytes,
        }
    }
}

impl Describe for NvidiaInfo<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        match self {
            Self::Cpu(info) => {
                out.field("socket", Value::number(info.socket))?;
                out.field("architecture", Value::hex(info.architecture.get()))?;
                let ecid = info.ecid.iter().map(|word| Value::hex(word.get()));
                out.field("ecid", Value::List(&Values(ecid)))?;
                out.field("instance_base", Value::hex(info.instance_base.get()))
            }
            Self::Gpu(info) => {
                out.field("originator", Value::number(info.originator))?;
                out.field("partition", Value::number(info.partition.get()))?;
                out.field("sub_partition", Value::number(info.sub_partition.get()))?;
                out.field("pdi", Value::hex(info.pdi.get()))
            }
            Self::Unknown(bytes) => out.field("bytes", Value::Bytes(bytes)),
        }
    }
}

/// Header of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct NvidiaContextHeader {
    /// Bytes of the context, this header and padding included.
    pub size: U32,
    /// Version of the context.
    pub version: U16,
    /// 0.
    pub reserved: U16,
    /// Form of the data.
    pub data_type: NvidiaDataType,
    /// Version of that form.
    pub data_version: U16,
    /// Bytes of data.
    pub data_size: U32,
}

const _: () = assert!(size_of::<NvidiaContextHeader>() == 16 && align_of::<NvidiaContextHeader>() == 1);

open_value! {
    /// Form of a context's data.
    NvidiaDataType: u16 {
        OPAQUE = 0 => "opaque",
        KEY_VALUES_64 = 1 => "64-bit keys and values",
        KEY_VALUES_32 = 2 => "32-bit keys and values",
        VALUES_64 = 3 => "64-bit values",
        VALUES_32 = 4 => "32-bit values",
        GPU_METADATA = 0x8000 => "GPU metadata",
        GPU_LEGACY_XID = 0x8001 => "GPU Xid",
        GPU_RECOMMENDED_ACTIONS = 0x8002 => "GPU recommended actions",
    }
}

/// What a GPU is and runs: data of type [`NvidiaDataType::GPU_METADATA`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct NvidiaGpuMetadata {
    /// Name of the device.
    pub device_name: [u8; 48],
    /// Version of the firmware.
    pub firmware_version: [u8; 16],
    /// Version of the physical function's driver's microcode.
    pub pf_driver_microcode_version: [u8; 16],
    /// Version of the physical function's driver.
    pub pf_driver_version: [u8; 16],
    /// Version of the virtual function's driver.
    pub vf_driver_version: [u8; 16],
    /// How it is configured.
    pub configuration: U64,
    /// Per-device identifier.
    pub pdi: U64,
    /// Architecture of the GPU.
    pub architecture_id: U32,
    /// What [`NvidiaGpuMetadata::hardware_info`] is; 0 for [`NvidiaGpuPci`].
    pub hardware_info_type: u8,
    /// Where the device is: [`NvidiaGpuMetadata::pci`].
    pub hardware_info: [u8; 59],
}

const _: () = assert!(size_of::<NvidiaGpuMetadata>() == 192 && align_of::<NvidiaGpuMetadata>() == 1);

/// A GPU as a PCI device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct NvidiaGpuPci {
    /// Class of the device.
    pub class: u8,
    /// Sub-class of the device.
    pub subclass: u8,
    /// Revision of the device.
    pub revision: u8,
    /// PCI vendor id.
    pub vendor_id: U16,
    /// PCI device id.
    pub device_id: U16,
    /// PCI subsystem vendor id.
    pub subsystem_vendor_id: U16,
    /// PCI subsystem id.
    pub subsystem_id: U16,
    /// Start and size of base address registers 0 to 2.
    pub bars: [[U64; 2]; 3],
}

const _: () = assert!(size_of::<NvidiaGpuPci>() == 59 && align_of::<NvidiaGpuPci>() == 1);

impl NvidiaGpuMetadata {
    /// The GPU as a PCI device; `None` when its place is told in another way.
    pub const fn pci(&self) -> Option<&NvidiaGpuPci> {
        match self.hardware_info_type {
            0 => Some(zerocopy::transmute_ref!(&self.hardware_info)),
            _ => None,
        }
    }
}

impl Describe for NvidiaGpuPci {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("class", Value::hex(self.class))?;
        out.field("subclass", Value::hex(self.subclass))?;
        out.field("rev", Value::hex(self.revision))?;
        out.field("vendor_id", Value::hex(self.vendor_id.get()))?;
        out.field("device_id", Value::hex(self.device_id.get()))?;
        out.field("subsystem_vendor_id", Value::hex(self.subsystem_vendor_id.get()))?;
        out.field("subsystem_id", Value::hex(self.subsystem_id.get()))?;
        let names = [("bar0_start", "bar0_size"), ("bar1_start", "bar1_size"), ("bar2_start", "bar2_size")];
        names.iter().zip(&self.bars).try_for_each(|((start_name, size_name), [start, size])| {
            out.field(start_name, Value::hex(start.get()))?;
            out.field(size_name, Value::hex(size.get()))
        })
    }
}

impl Describe for NvidiaGpuMetadata {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("device_name", Value::text(&self.device_name))?;
        out.field("firmware_version", Value::text(&self.firmware_version))?;
        out.field("pf_driver_microcode_version", Value::text(&self.pf_driver_microcode_version))?;
        out.field("pf_driver_version", Value::text(&self.pf_driver_version))?;
        out.field("vf_driver_version", Value::text(&self.vf_driver_version))?;
        out.field("configuration", Value::hex(self.configuration.get()))?;
        out.field("pdi", Value::hex(self.pdi.get()))?;
        out.field("architecture_id", Value::hex(self.architecture_id.get()))?;
        out.field("hardware_info_type", Value::number(self.hardware_info_type))?;
        match self.pci() {
            Some(pci) => out.field("pci_info", Value::Group(pci)),
            None => out.field("hardware_info", Value::Bytes(&self.hardware_info)),
        }
    }
}

/// An Xid as the driver logs it: data of type [`NvidiaDataType::GPU_LEGACY_XID`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NvidiaXid<'a> {
    /// Number of the Xid.
    pub code: u32,
    /// What the driver says, to its end or first NUL.
    pub message: &'a [u8],
}

impl Describe for NvidiaXid<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("xid_code", Value::number(self.code))?;
        out.field("message", Value::text(self.message))
    }
}

/// What to do: data of type [`NvidiaDataType::GPU_RECOMMENDED_ACTIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct NvidiaRecommendedActions {
    /// Which of the following hold.
    pub flags: u8,
    /// 0.
    pub reserved: [u8; 3],
    /// How to recover.
    pub recovery_action: U16,
    /// How to find the cause.
    pub diagnostic_flow: U16,
    /// 0.
    pub reserved_2: U64,
}

const _: () = assert!(size_of::<NvidiaRecommendedActions>() == 16);

impl Describe for NvidiaRecommendedActions {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("flags", Value::hex(self.flags))?;
        out.field("recovery_action", Value::number(self.recovery_action.get()))?;
        out.field("diagnostic_flow", Value::number(self.diagnostic_flow.get()))
    }
}

/// An NVIDIA event: its header, to which it dereferences, and what follows.
#[derive(Clone, Copy, Debug)]
pub struct NvidiaEvent<'a> {
    header: &'a NvidiaEventHeader,
    info_header: &'a NvidiaInfoHeader,
    info: &'a [u8],
    contexts: &'a [u8],
    bytes: &'a [u8],
}

impl core::ops::Deref for NvidiaEvent<'_> {
    type Target = NvidiaEventHeader;

    fn deref(&self) -> &NvidiaEventHeader {
        self.header
    }
}

impl SectionType for NvidiaEvent<'_> {
    const TYPE: SectionTypeId = SectionTypeId::NVIDIA_EVENT;
    const NAME: &'static str = "NVIDIA event";
}

impl Decode for NvidiaEvent<'_> {
    type View<'a> = NvidiaEvent<'a>;

    fn decode(body: &[u8]) -> Result<NvidiaEvent<'_>, Error> {
        let header = size_of::<NvidiaEventHeader>();
        let info_header_len = size_of::<NvidiaInfoHeader>();
        let short = Error::too_short(Self::NAME, header.saturating_add(info_header_len), body.len());
        let (header, rest) = NvidiaEventHeader::ref_from_prefix(body).map_err(|_| short)?;
        let (info_header, after) = NvidiaInfoHeader::ref_from_prefix(rest).map_err(|_| short)?;
        let length = usize::from(info_header.size).saturating_sub(info_header_len);
        // The slice wins: what is not there cannot be known, and no context follows it.
        let (info, contexts) = after.split_at_checked(length).unwrap_or((after, &[]));
        Ok(NvidiaEvent { header, info_header, info, contexts, bytes: body })
    }
}

impl<'a> View<'a> for NvidiaEvent<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        self.trailing()
    }
}

impl<'a> NvidiaEvent<'a> {
    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The header, every field as it was stored.
    pub const fn header(&self) -> &'a NvidiaEventHeader {
        self.header
    }

    /// Header of what is known of the device.
    pub const fn info_header(&self) -> &'a NvidiaInfoHeader {
        self.info_header
    }

    /// What is known of the device.
    pub fn info(&self) -> NvidiaInfo<'a> {
        let unknown = NvidiaInfo::Unknown(self.info);
        if self.header.source_device_type == NvidiaSource::CPU {
            NvidiaCpuInfo::ref_from_prefix(self.info).map_or(unknown, |(info, _)| NvidiaInfo::Cpu(info))
        } else if self.header.source_device_type == NvidiaSource::GPU {
            NvidiaGpuInfo::ref_from_prefix(self.info).map_or(unknown, |(info, _)| NvidiaInfo::Gpu(info))
        } else {
            unknown
        }
    }

    /// What follows a [`NvidiaInfo`] in the bytes that its header claims: a newer version's fields.
    pub fn info_trailing(&self) -> &'a [u8] {
        self.info.get(self.info().as_bytes().len()..).unwrap_or_default()
    }

    /// What follows the contexts, or begins with the one that does not fit.
    pub fn trailing(&self) -> &'a [u8] {
        let mut contexts = self.contexts();
        contexts.by_ref().for_each(drop);
        contexts.rest
    }

    /// The contexts.
    pub fn contexts(&self) -> NvidiaContexts<'a> {
        let before = size_of::<NvidiaEventHeader>().saturating_add(size_of::<NvidiaInfoHeader>());
        NvidiaContexts {
            rest: self.contexts,
            offset: before.saturating_add(self.info.len()),
            left: self.header.context_count,
        }
    }
}

impl Describe for NvidiaEvent<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("signature", Value::text(&self.header.signature))?;
        out.field("version", Value::number(self.version))?;
        out.field("source_device_type", self.source_device_type.into())?;
        out.field("event_type", Value::hex(self.event_type.get()))?;
        out.field("event_sub_type", Value::hex(self.event_sub_type.get()))?;
        out.field("link_id", Value::hex(self.link_id.get()))?;
        out.field("info_version", Value::hex(self.info_header.version.get()))?;
        out.field("info", Value::Group(&self.info()))?;
        describe_rest("info_trailing", self.info_trailing(), out)?;
        out.field("contexts", Value::List(&self.contexts()))?;
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(NvidiaEvent<'a>);

/// A context of an event.
///
/// It is what an event's contexts are read as, and what they are written from; the sizes in the header are computed
/// when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NvidiaContext<'a> {
    header: NvidiaContextHeader,
    data: &'a [u8],
    padding: &'a [u8],
}

impl<'a> NvidiaContext<'a> {
    /// A context of data in this form.
    pub const fn new(version: u16, data_type: NvidiaDataType, data_version: u16, data: &'a [u8]) -> Self {
        let header = NvidiaContextHeader {
            size: U32::new(0),
            version: U16::new(version),
            reserved: U16::new(0),
            data_type,
            data_version: U16::new(data_version),
            data_size: U32::new(0),
        };
        Self { header, data, padding: &[] }
    }

    /// The header, every field as it was stored.
    pub const fn header(&self) -> &NvidiaContextHeader {
        &self.header
    }

    /// Bytes that the context takes.
    const fn encoded_len(&self, padding: ContextPadding) -> usize {
        padding.padded(size_of::<NvidiaContextHeader>().saturating_add(self.data.len()))
    }

    fn encode<'b>(&self, padding: ContextPadding, out: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let (context, rest) = out.split_at_mut_checked(self.encoded_len(padding))?;
        let header = NvidiaContextHeader {
            size: U32::new(context.len() as u32),
            data_size: U32::new(self.data.len() as u32),
            ..self.header
        };
        write_all([header.as_bytes(), self.data], context)?.fill(0);
        Some(rest)
    }

    /// The data, of the form that the header says.
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// What fills the context up to its size, when it is not zeros as it should be; otherwise nothing. It is written
    /// as zeros.
    pub const fn padding(&self) -> &'a [u8] {
        self.padding
    }

    /// The data as what a GPU is and runs; `None` when they are of another form or too short.
    pub fn gpu_metadata(&self) -> Option<&'a NvidiaGpuMetadata> {
        self.of(NvidiaDataType::GPU_METADATA)
    }

    /// The data as what to do; `None` when they are of another form or too short.
    pub fn recommended_actions(&self) -> Option<&'a NvidiaRecommendedActions> {
        self.of(NvidiaDataType::GPU_RECOMMENDED_ACTIONS)
    }

    fn of<T: FromBytes + Immutable + KnownLayout + Unaligned>(&self, form: NvidiaDataType) -> Option<&'a T> {
        if self.header.data_type != form {
            return None;
        }
        T::ref_from_prefix(self.data).ok().map(|(value, _)| value)
    }

    /// The data as an Xid; `None` when they are of another form or too short.
    pub fn legacy_xid(&self) -> Option<NvidiaXid<'a>> {
        let code: &U32 = self.of(NvidiaDataType::GPU_LEGACY_XID)?;
        let message = self.data.get(size_of_val(code)..)?.split(|byte| *byte == 0).next()?;
        Some(NvidiaXid { code: code.get(), message })
    }

    /// The data as 64-bit numbers; `None` when they are of another form or no whole number of them.
    pub fn words_64(&self) -> Option<&'a [U64]> {
        let data_type = self.header.data_type;
        let form = data_type == NvidiaDataType::KEY_VALUES_64 || data_type == NvidiaDataType::VALUES_64;
        if form { <[U64]>::ref_from_bytes(self.data).ok() } else { None }
    }

    /// The data as 32-bit numbers; `None` when they are of another form or no whole number of them.
    pub fn words_32(&self) -> Option<&'a [U32]> {
        let data_type = self.header.data_type;
        let form = data_type == NvidiaDataType::KEY_VALUES_32 || data_type == NvidiaDataType::VALUES_32;
        if form { <[U32]>::ref_from_bytes(self.data).ok() } else { None }
    }
}

impl Describe for NvidiaContext<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("version", Value::number(self.header.version.get()))?;
        out.field("data_type", self.header.data_type.into())?;
        out.field("data_version", Value::number(self.header.data_version.get()))?;
        let mut used = self.data.len();
        if let Some(words) = self.words_64() {
            out.field("data", Value::List(&Values(words.iter().map(|word| Value::hex(word.get())))))?;
        } else if let Some(words) = self.words_32() {
            out.field("data", Value::List(&Values(words.iter().map(|word| Value::hex(word.get())))))?;
        } else if let Some(metadata) = self.gpu_metadata() {
            used = size_of_val(metadata);
            out.field("gpu_metadata", Value::Group(metadata))?;
        } else if let Some(xid) = self.legacy_xid() {
            used = size_of_val(&xid.code).saturating_add(xid.message.len());
            out.field("gpu_legacy_xid", Value::Group(&xid))?;
        } else if let Some(actions) = self.recommended_actions() {
            used = size_of_val(actions);
            out.field("gpu_recommended_actions", Value::Group(actions))?;
        } else {
            out.field("data", Value::Bytes(self.data))?;
        }
        // A message ends with a NUL, and zeros may fill the data up.
        let rest = self.data.get(used..).filter(|rest| !is_zero(rest)).unwrap_or_default();
        describe_rest("trailing", rest, out)?;
        describe_rest("padding", self.padding, out)
    }
}

/// Iterator over the contexts of an event.
///
/// A context that does not fit is an error in its place, and the last item.
#[derive(Clone, Debug)]
pub struct NvidiaContexts<'a> {
    rest: &'a [u8],
    offset: usize,
    left: u8,
}

impl<'a> NvidiaContexts<'a> {
    fn take_one(&mut self) -> Result<NvidiaContext<'a>, Error> {
        let offset = self.offset;
        let needed = size_of::<NvidiaContextHeader>();
        let short = Error::too_short("event context", needed, self.rest.len()).at(offset);
        let (header, _) = NvidiaContextHeader::ref_from_prefix(self.rest).map_err(|_| short)?;
        // A size below that of the header would not advance.
        let size = (header.size.get() as usize).max(needed);
        let cut = |bytes: &'a [u8], length: usize, what, value, at| {
            let kind = ErrorKind::InnerLength { what, value, limit: clamp(bytes.len()) };
            bytes.split_at_checked(length).ok_or(Error::new(kind, at))
        };
        let (context, rest) = cut(self.rest, size, "context size", header.size.get(), offset)?;
        let data = context.get(needed..).unwrap_or_default();
        let length = header.data_size.get();
        let (data, mut padding) =
            cut(data, length as usize, "context data size", length, offset.saturating_add(12))?;
        if is_zero(padding) {
            padding = &[];
        }
        self.rest = rest;
        self.offset = offset.saturating_add(size);
        Ok(NvidiaContext { header: *header, data, padding })
    }
}

impl<'a> Iterator for NvidiaContexts<'a> {
    type Item = Result<NvidiaContext<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let taken = self.take_one();
        if taken.is_err() {
            self.left = 0;
        }
        Some(taken)
    }
}

impl FusedIterator for NvidiaContexts<'_> {}

impl List for NvidiaContexts<'_> {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> fmt::Result) -> fmt::Result {
        self.clone().try_for_each(|context| match context {
            Ok(context) => item(Value::Group(&context)),
            Err(error) => item(Value::Error(&error)),
        })
    }
}

/// An NVIDIA event to be written.
#[derive(Clone, Copy, Debug)]
pub struct NvidiaEventParts<'a> {
    header: NvidiaEventHeader,
    info_header: NvidiaInfoHeader,
    info: NvidiaInfo<'a>,
    contexts: &'a [NvidiaContext<'a>],
    padding: ContextPadding,
}

impl<'a> NvidiaEventParts<'a> {
    /// An event of these parts. Counts and sizes are filled in, and the kind of device where the info says it.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] over 255 contexts, 252 bytes of unknown info, or 4 GiB.
    pub fn new(
        header: NvidiaEventHeader,
        info_version: u16,
        info: NvidiaInfo<'a>,
        contexts: &'a [NvidiaContext<'a>],
    ) -> Result<Self, Error> {
        let too_large = |what, at| Error::new(ErrorKind::TooLarge { what }, at);
        let context_count = u8::try_from(contexts.len()).map_err(|_| too_large("context count", 1))?;
        let size = info.as_bytes().len().saturating_add(size_of::<NvidiaInfoHeader>());
        let size = u8::try_from(size).map_err(|_| too_large("info size", 34))?;
        let source_device_type = match info {
            NvidiaInfo::Cpu(_) => NvidiaSource::CPU,
            NvidiaInfo::Gpu(_) => NvidiaSource::GPU,
            NvidiaInfo::Unknown(_) => header.source_device_type,
        };
        let parts = Self {
            header: NvidiaEventHeader { context_count, source_device_type, ..header },
            info_header: NvidiaInfoHeader { version: U16::new(info_version), size },
            info,
            contexts,
            padding: ContextPadding::To16,
        };
        match u32::try_from(parts.encoded_len()) {
            Ok(_) => Ok(parts),
            Err(_) => Err(too_large("context size", 0)),
        }
    }

    /// Chooses whether contexts are filled up to a multiple of 16 bytes, which is what current writers do. Readers
    /// take both.
    #[must_use]
    pub const fn with_padding(mut self, padding: ContextPadding) -> Self {
        self.padding = padding;
        self
    }
}

impl SectionType for NvidiaEventParts<'_> {
    const TYPE: SectionTypeId = NvidiaEvent::TYPE;
    const NAME: &'static str = NvidiaEvent::NAME;
}

impl Encode for NvidiaEventParts<'_> {
    fn encoded_len(&self) -> usize {
        let front = size_of::<NvidiaEventHeader>().saturating_add(self.info_header.size.into());
        self.contexts
            .iter()
            .map(|context| context.encoded_len(self.padding))
            .fold(front, usize::saturating_add)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let front = [self.header.as_bytes(), self.info_header.as_bytes(), self.info.as_bytes()];
        let out = write_all(front, out)?;
        let rest = self.contexts.iter().try_fold(out, |out, context| context.encode(self.padding, out))?;
        rest.is_empty().then_some(())
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

    fn head(source: u8, contexts: u8, info: &[u8]) -> Vec<u8> {
        let mut bytes = std::vec![1, contexts, source, 0, 0x02, 0x01, 0x04, 0x03];
        bytes.extend(0x1122_3344_5566_7788u64.to_le_bytes());
        bytes.extend(b"TEST-EVT\0\0\0\0\0\0\0\0");
        bytes.extend([1, 0, info.len() as u8 + 3]);
        bytes.extend(info);
        bytes
    }

    fn context(data_type: u16, data: &[u8], padding: u8) -> Vec<u8> {
        let mut bytes = Vec::from([16 + data.len() as u8 + padding, 0, 0, 0, 7, 0, 0, 0]);
        bytes.extend(data_type.to_le_bytes());
        bytes.extend([9, 0, data.len() as u8, 0, 0, 0]);
        bytes.extend(data);
        bytes.extend((0..padding).map(|_| 0));
        bytes
    }

    fn cpu_event() -> Vec<u8> {
        let info: Vec<u8> = (0x20..0x3d).collect();
        let mut bytes = head(0, 4, &info);
        let data: Vec<u8> = (0xa0..0xb0).collect();
        bytes.extend(context(1, &data, 0));
        bytes.extend(context(4, &data[..8], 8));
        bytes.extend(context(0, &data[..3], 0));
        bytes.extend(context(3, &data[..7], 0));
        bytes
    }

    #[test]
    fn an_event_of_a_processor() {
        let bytes = cpu_event();
        let text = Body::decode(SectionTypeId::NVIDIA_EVENT, &bytes).unwrap().to_string();
        let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("0000 ")).collect();
        assert_eq!(
            lines,
            [
                "signature               TEST-EVT",
                "version                 1",
                "source device type      CPU (0)",
                "event type              0x0102",
                "event sub type          0x0304",
                "link id                 0x1122334455667788",
                "info version            0x0001",
                "info",
                "  socket                  32",
                "  architecture            0x24232221",
                "  ecid",
                "    [0] 0x28272625",
                "    [1] 0x2c2b2a29",
                "    [2] 0x302f2e2d",
                "    [3] 0x34333231",
                "  instance base           0x3c3b3a3938373635",
                "contexts",
                "  [0] ",
                "    version                 7",
                "    data type               64-bit keys and values (1)",
                "    data version            9",
                "    data",
                "      [0] 0xa7a6a5a4a3a2a1a0",
                "      [1] 0xafaeadacabaaa9a8",
                "  [1] ",
                "    version                 7",
                "    data type               32-bit values (4)",
                "    data version            9",
                "    data",
                "      [0] 0xa3a2a1a0",
                "      [1] 0xa7a6a5a4",
                "  [2] ",
                "    version                 7",
                "    data type               opaque (0)",
                "    data version            9",
                "    data 3 bytes",
                "  [3] ",
                "    version                 7",
                "    data type               64-bit values (3)",
                "    data version            9",
                "    data 7 bytes",
            ]
        );
        every_flip_shows(SectionTypeId::NVIDIA_EVENT, &bytes);
    }

    #[test]
    fn an_event_of_a_gpu_and_of_something_else() {
        let info: Vec<u8> = (0x21..0x2e).collect();
        let bytes = head(1, 0, &info);
        let text = NvidiaEvent::decode(&bytes).unwrap().to_string();
        let (_, info_text) = text.split_once("info\n").unwrap();
        assert_eq!(
            info_text,
            "  originator              33\n  partition               8994\n  \
               sub partition           9508\n  pdi                     0x2d2c2b2a29282726\ncontexts\n"
        );
        let other = head(2, 0, &info);
        let event = NvidiaEvent::decode(&other).unwrap();
        assert_eq!(event.info(), NvidiaInfo::Unknown(&info));
        assert_eq!(event.source_device_type.name(), None);
        for source in [0, 1] {
            let short = head(source, 0, &info[..12]);
            assert_eq!(NvidiaEvent::decode(&short).unwrap().info(), NvidiaInfo::Unknown(&info[..12]));
        }
    }

    #[test]
    fn contexts_of_gpus() {
        let told = |data_type: u16, data: &[u8]| {
            let bytes = [head(7, 1, &[]), context(data_type, data, 0)].concat();
            every_flip_shows(SectionTypeId::NVIDIA_EVENT, &bytes);
            let text = NvidiaEvent::decode(&bytes).unwrap().to_string();
            let (_, text) = text.split_once("data version            9\n").unwrap();
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("00"));
            lines.map(String::from).collect::<Vec<_>>()
        };
        let mut metadata: Vec<u8> = (0..192).collect();
        for (place, name) in [(0, "B200\0"), (48, "997\0"), (64, "605\0"), (80, "606\0"), (96, "607\0")] {
            metadata[place..place + name.len()].copy_from_slice(name.as_bytes());
        }
        metadata[132] = 0;
        assert_eq!(
            told(0x8000, &metadata),
            [
                "    gpu metadata",
                "      device name             B200",
                "      firmware version        997",
                "      pf driver microcode version 605",
                "      pf driver version       606",
                "      vf driver version       607",
                "      configuration           0x7776757473727170",
                "      pdi                     0x7f7e7d7c7b7a7978",
                "      architecture id         0x83828180",
                "      hardware info type      0",
                "      pci info",
                "        class                   0x85",
                "        subclass                0x86",
                "        rev                     0x87",
                "        vendor id               0x8988",
                "        device id               0x8b8a",
                "        subsystem vendor id     0x8d8c",
                "        subsystem id            0x8f8e",
                "        bar0 start              0x9796959493929190",
                "        bar0 size               0x9f9e9d9c9b9a9998",
                "        bar1 start              0xa7a6a5a4a3a2a1a0",
                "        bar1 size               0xafaeadacabaaa9a8",
                "        bar2 start              0xb7b6b5b4b3b2b1b0",
                "        bar2 size               0xbfbebdbcbbbab9b8",
            ]
        );
        metadata[132] = 1;
        assert_eq!(
            told(0x8000, &metadata)[9..],
            ["      hardware info type      1", "      hardware info 59 bytes"]
        );
        assert_eq!(told(0x8000, &metadata[..191]), ["    data 191 bytes"]);
        assert_eq!(
            told(0x8001, b"\x30\0\0\0DBE at 0x10\0..."),
            [
                "    gpu legacy xid",
                "      xid code                48",
                "      message                 DBE at 0x10",
                "    trailing 4 bytes",
            ]
        );
        assert_eq!(told(0x8001, b"\x30\0\0\0")[2], "      message                 ");
        assert_eq!(told(0x8001, b"\x30\0\0"), ["    data 3 bytes"]);
        assert_eq!(
            told(0x8002, &[0x81, 0, 0, 0, 2, 1, 4, 3, 0, 0, 0, 0, 0, 0, 0, 0]),
            [
                "    gpu recommended actions",
                "      flags                   0x81",
                "      recovery action         258",
                "      diagnostic flow         772",
            ]
        );
        assert_eq!(told(0x8002, &[0; 15]), ["    data 15 bytes"]);
    }

    #[test]
    fn what_no_part_takes_is_told() {
        // Info longer than this crate knows, padding that is not zeros, and bytes behind the contexts.
        let info: Vec<u8> = (0x20..0x40).collect();
        let mut padded = context(3, &[0xa5; 8], 8);
        padded[31] = 0xb7;
        let bytes = [head(0, 1, &info), padded, Vec::from(*b"behind")].concat();
        let event = NvidiaEvent::decode(&bytes).unwrap();
        let padding = event.contexts().next().unwrap().unwrap().padding();
        assert_eq!((event.info_trailing(), event.trailing()), (&[0x3d, 0x3e, 0x3f][..], &b"behind"[..]));
        assert_eq!(padding, [0, 0, 0, 0, 0, 0, 0, 0xb7]);
        let text = event.to_string();
        for line in
            ["info trailing 3 bytes\n  0000  3d 3e 3f ", "    padding 8 bytes\n", "trailing 6 bytes\n"]
        {
            assert!(text.contains(line), "{text}");
        }
        // From a context that does not fit.
        let event = NvidiaEvent::decode(&bytes[..bytes.len() - 7]).unwrap();
        assert!(event.contexts().next().unwrap().is_err());
        assert_eq!(event.trailing(), &bytes[67..bytes.len() - 7]);

        let told = |data_type: u16, data: &[u8]| {
            let bytes = [head(7, 1, &[]), context(data_type, data, 0)].concat();
            let text = NvidiaEvent::decode(&bytes).unwrap().to_string();
            text.split_once("    trailing ").map(|(_, told)| String::from(told.lines().next().unwrap()))
        };
        let longer = |length: usize, last: u8| {
            let mut data = std::vec![0; length];
            data.push(last);
            data
        };
        for (data_type, length, trailing) in [(0x8000, 192, "1 bytes"), (0x8002, 16, "1 bytes")] {
            assert_eq!(told(data_type, &longer(length, 0xd7)).as_deref(), Some(trailing));
            assert_eq!(told(data_type, &longer(length, 0)), None);
        }
        assert_eq!(told(0x8001, b"\x30\0\0\0text\0more").as_deref(), Some("5 bytes"));
        assert_eq!(told(0x8001, b"\x30\0\0\0text\0\0\0"), None);
        assert_eq!(told(0, &[0xd7; 7]), None);
    }

    #[test]
    fn what_is_cut_short_is_an_error_in_its_place() {
        let bytes = cpu_event();
        let mut seen = 0;
        for length in 0..bytes.len() {
            let Ok(event) = NvidiaEvent::decode(&bytes[..length]) else {
                assert!(length < 35);
                continue;
            };
            let contexts: Vec<_> = event.contexts().collect();
            let good = contexts.iter().filter(|context| context.is_ok()).count();
            assert_eq!(contexts.len(), good + 1, "{length}");
            assert!(good >= seen);
            seen = good;
        }
        assert_eq!(seen, 3);
        let error = |bytes: &[u8]| {
            let event = NvidiaEvent::decode(bytes).unwrap();
            event.contexts().last().unwrap().unwrap_err().to_string()
        };
        assert_eq!(error(&bytes[..70]), "offset 64: event context needs 16 bytes, 6 available");
        assert_eq!(error(&bytes[..90]), "offset 64: context size is 32, at most 26 fit");
        let mut long = bytes.clone();
        long[64 + 12] = 17;
        assert_eq!(error(&long), "offset 76: context data size is 17, at most 16 fit");
        long[64] = 0;
        long[64 + 12] = 0;
        assert!(NvidiaEvent::decode(&long).unwrap().contexts().next().unwrap().unwrap().data().is_empty());
    }

    #[test]
    fn values_survive_writing() {
        let gpu_info: Vec<u8> = (0x21..0x2e).collect();
        // The second context of the first is padded, no other is.
        let unpadded = [cpu_event(), head(1, 0, &gpu_info), head(7, 0, &[]), head(7, 0, &[9; 252])];
        for bytes in &unpadded {
            let event = NvidiaEvent::decode(bytes).unwrap();
            let contexts: Vec<_> = event.contexts().map(Result::unwrap).collect();
            let header = NvidiaEventHeader { context_count: 0, ..*event.header() };
            let parts = NvidiaEventParts::new(header, 1, event.info(), &contexts).unwrap();
            let padded = written(&parts);
            let event = NvidiaEvent::decode(&padded).unwrap();
            let again: Vec<_> = event.contexts().map(Result::unwrap).collect();
            assert!(again.iter().all(|context| context.header().size.get() % 16 == 0));
            assert_eq!(again.len(), contexts.len());
            for (again, context) in again.iter().zip(&contexts) {
                assert_eq!(again.data(), context.data());
                let mut sizes = *again.header();
                sizes.size = context.header().size;
                assert_eq!(sizes, *context.header());
            }
            assert_eq!(
                padded[..padded.len().min(64)],
                bytes[..padded.len().min(64)],
                "header and info of {bytes:x?}"
            );
        }
        let data = [0xab; 7];
        let contexts = [NvidiaContext::new(7, NvidiaDataType::VALUES_64, 9, &data)];
        let bytes = [head(0, 1, &[]), context(3, &data, 0)].concat();
        let event = NvidiaEvent::decode(&bytes).unwrap();
        let parts = NvidiaEventParts::new(*event.header(), 1, event.info(), &contexts).unwrap();
        assert_eq!(written(&parts.with_padding(ContextPadding::None)), bytes);
        assert_eq!(written(&parts), [head(0, 1, &[]), context(3, &data, 9)].concat());
        // The info says what device it is of.
        let info = NvidiaGpuInfo::read_from_bytes(&gpu_info).unwrap();
        let parts = NvidiaEventParts::new(*event.header(), 1, NvidiaInfo::Gpu(&info), &[]).unwrap();
        assert_eq!(written(&parts), head(1, 0, &gpu_info));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let bytes = head(7, 0, &[]);
        let header = *NvidiaEvent::decode(&bytes).unwrap().header();
        let contexts = [NvidiaContext::new(0, NvidiaDataType::OPAQUE, 0, &[]); 256];
        let error = |info: &[u8], contexts: &[NvidiaContext<'_>]| {
            NvidiaEventParts::new(header, 1, NvidiaInfo::Unknown(info), contexts)
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        assert_eq!(error(&[0; 252], &contexts[..255]), Ok(()));
        assert_eq!(error(&[0; 253], &[]).unwrap_err(), "offset 34: info size does not fit its field");
        assert_eq!(error(&[], &contexts).unwrap_err(), "offset 1: context count does not fit its field");
    }
}
