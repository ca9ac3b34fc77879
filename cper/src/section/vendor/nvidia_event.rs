//! NVIDIA event section of Vera processors and GPUs, as openbmc/libcper reads it: a header of 32 bytes, information
//! about the device, and contexts of data.

use core::fmt;

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, IntoBytes};

use crate::entries::{SizedEntries, SizedForm};
use crate::fields::{
    Describe, Printable, Stored, Value, Values, Visitor, describe_rest, describe_whole, up_to_nul,
};
use crate::kind::{Encode, SectionType, write_all};
use crate::open_value::open_value;
use crate::section::ContextPadding;
use crate::section::context::{ContextHeader, is_zero};
use crate::structure::structure;
use crate::{Error, ErrorKind, SectionTypeId};

structure! {
    /// The header of an NVIDIA event, and that of the information about the device. [`NvidiaEventParts`] fills in the
    /// number of contexts and the size.
    NvidiaEventHeader: 35 bytes, new;
    head of NvidiaEvent from 35 as NVIDIA_EVENT "NVIDIA event";
    /// Version of the event: 1.
    0 version: u8 as number => set_version with_version;
    /// Number of contexts.
    1 context_count: u8 raw context_count_raw;
    /// Kind of device that the event is of.
    2 source_device_type: (u8 NvidiaSource) as named => set_source_device_type with_source_device_type;
    3 reserved: u8;
    /// Type of the event.
    4 event_type: u16 as hex "nvidia_event_type" => set_event_type with_event_type;
    /// Sub-type of the event.
    6 event_sub_type: u16 as hex => set_event_sub_type with_event_sub_type;
    /// Identifier that links events that belong together, 0 for none.
    8 link_id: u64 as hex => set_link_id with_link_id;
    /// Signature, in ASCII: what kind of event it is.
    16 signature: [u8; 16] raw signature_raw;
    /// Version of the information about the device: minor version in the low byte, major version in the high one.
    32 info_version: u16 as hex => set_info_version with_info_version;
    /// Length of the information about the device in bytes, version and size included.
    34 info_size: u8 raw info_size_raw;
}

impl NvidiaEventHeader {
    /// Signature, up to the first NUL: what kind of event it is.
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
}

open_value! {
    /// Kind of device that an event is of.
    NvidiaSource: u8 {
        CPU = 0 => "CPU",
        GPU = 1 => "GPU",
    }
}

structure! {
    /// Information about a processor.
    NvidiaCpuInfo: 29 bytes, new;
    /// Number of the socket.
    0 socket: u8 as number => set_socket with_socket;
    /// Chip and revision.
    1 architecture: u32 as hex => set_architecture with_architecture;
    /// Electronic chip id.
    5 ecid: [u32; 4] as words => set_ecid with_ecid;
    /// Base address of the unit.
    21 instance_base: u64 as hex => set_instance_base with_instance_base;
}

structure! {
    /// Information about a GPU.
    NvidiaGpuInfo: 13 bytes, new;
    /// Who reported the event.
    0 originator: u8 as number => set_originator with_originator;
    /// Partition of the GPU.
    1 partition: u16 as number => set_partition with_partition;
    /// Sub-partition of the GPU.
    3 sub_partition: u16 as number => set_sub_partition with_sub_partition;
    /// Per-device identifier.
    5 pdi: u64 as hex => set_pdi with_pdi;
}

/// Information about the device that an event is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NvidiaInfo<'a> {
    /// Information about a processor.
    Cpu(&'a NvidiaCpuInfo),
    /// Information about a GPU.
    Gpu(&'a NvidiaGpuInfo),
    /// Information about another device, or too short to be read: its bytes.
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
            Self::Cpu(info) => info.describe_fields(out),
            Self::Gpu(info) => info.describe_fields(out),
            Self::Unknown(bytes) => out.field("bytes", Value::Bytes(bytes)),
        }
    }
}

structure! {
    /// Header of a context. Its sizes are filled in when it is written.
    NvidiaContextHeader: 16 bytes, new;
    /// Length of the context in bytes, this header and padding included.
    0 size: u32 raw size_raw;
    /// Version of the context.
    4 version: u16 as number => set_version with_version;
    6 reserved: u16;
    /// Form of the data.
    8 data_type: (u16 NvidiaDataType) as named => set_data_type with_data_type;
    /// Version of the form of the data.
    10 data_version: u16 as number => set_data_version with_data_version;
    /// Length of the data in bytes.
    12 data_size: u32 raw data_size_raw;
}

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

structure! {
    /// Metadata of a GPU: what it is and runs. Data of type [`NvidiaDataType::GPU_METADATA`].
    NvidiaGpuMetadata: 192 bytes, new;
    /// Name of the device.
    0 device_name: [u8; 48] as text => set_device_name with_device_name;
    /// Version of the firmware.
    48 firmware_version: [u8; 16] as text => set_firmware_version with_firmware_version;
    /// Version of the microcode of the physical function's driver.
    64 pf_driver_microcode_version: [u8; 16] as text
        => set_pf_driver_microcode_version with_pf_driver_microcode_version;
    /// Version of the physical function's driver.
    80 pf_driver_version: [u8; 16] as text => set_pf_driver_version with_pf_driver_version;
    /// Version of the virtual function's driver.
    96 vf_driver_version: [u8; 16] as text => set_vf_driver_version with_vf_driver_version;
    /// Configuration of the GPU.
    112 configuration: u64 as hex => set_configuration with_configuration;
    /// Per-device identifier.
    120 pdi: u64 as hex => set_pdi with_pdi;
    /// Architecture of the GPU.
    128 architecture_id: u32 as hex => set_architecture_id with_architecture_id;
    /// Type of the hardware info; 0 for [`NvidiaGpuPci`].
    132 hardware_info_type: u8 as number => set_hardware_info_type with_hardware_info_type;
    /// Hardware info: [`NvidiaGpuMetadata::pci`] reads it.
    133 hardware_info: [u8; 59] => set_hardware_info with_hardware_info;
}

structure! {
    /// A GPU as a PCI device.
    NvidiaGpuPci: 59 bytes, new;
    /// Class of the device.
    0 class: u8 as hex => set_class with_class;
    /// Sub-class of the device.
    1 subclass: u8 as hex => set_subclass with_subclass;
    /// Revision of the device.
    2 rev: u8 as hex => set_rev with_rev;
    /// PCI vendor id.
    3 vendor_id: u16 as hex => set_vendor_id with_vendor_id;
    /// PCI device id.
    5 device_id: u16 as hex => set_device_id with_device_id;
    /// PCI subsystem vendor id.
    7 subsystem_vendor_id: u16 as hex => set_subsystem_vendor_id with_subsystem_vendor_id;
    /// PCI subsystem id.
    9 subsystem_id: u16 as hex => set_subsystem_id with_subsystem_id;
    /// Start of base address register 0.
    11 bar0_start: u64 as hex => set_bar0_start with_bar0_start;
    /// Size of base address register 0.
    19 bar0_size: u64 as hex => set_bar0_size with_bar0_size;
    /// Start of base address register 1.
    27 bar1_start: u64 as hex => set_bar1_start with_bar1_start;
    /// Size of base address register 1.
    35 bar1_size: u64 as hex => set_bar1_size with_bar1_size;
    /// Start of base address register 2.
    43 bar2_start: u64 as hex => set_bar2_start with_bar2_start;
    /// Size of base address register 2.
    51 bar2_size: u64 as hex => set_bar2_size with_bar2_size;
}

impl NvidiaGpuMetadata {
    /// The GPU as a PCI device; `None` when the hardware info is of another type.
    #[inline]
    pub const fn pci(&self) -> Option<&NvidiaGpuPci> {
        match self.hardware_info_type() {
            0 => Some(zerocopy::transmute_ref!(Self::AT.hardware_info.get(&self.0))),
            _ => None,
        }
    }

    /// Sets the hardware info and its type to the GPU as a PCI device.
    #[inline]
    pub const fn set_pci(&mut self, pci: NvidiaGpuPci) {
        self.set_hardware_info_type(0);
        Self::AT.hardware_info.put(&mut self.0, pci.0);
    }

    /// Sets the hardware info and its type to the GPU as a PCI device.
    #[must_use]
    #[inline]
    pub const fn with_pci(mut self, pci: NvidiaGpuPci) -> Self {
        self.set_pci(pci);
        self
    }
}

impl Describe for NvidiaGpuPci {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

impl Describe for NvidiaGpuMetadata {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        match self.pci() {
            Some(pci) => out.field("pci_info", Value::Group(pci)),
            None => out.field("hardware_info", Value::Bytes(Self::AT.hardware_info.of(&self.0))),
        }
    }
}

/// An Xid as the driver logs it: data of type [`NvidiaDataType::GPU_LEGACY_XID`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NvidiaXid<'a> {
    /// Number of the Xid.
    pub code: u32,
    /// Message of the driver, to its end or first NUL.
    pub message: &'a [u8],
}

impl Describe for NvidiaXid<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("xid_code", Value::number(self.code))?;
        out.field("message", Value::text(self.message))
    }
}

structure! {
    /// Recommended actions: data of type [`NvidiaDataType::GPU_RECOMMENDED_ACTIONS`].
    NvidiaRecommendedActions: 16 bytes, new;
    /// Which of the other fields hold a value.
    0 flags: u8 as hex => set_flags with_flags;
    1 reserved: [u8; 3];
    /// Recovery that is recommended.
    4 recovery_action: u16 as number => set_recovery_action with_recovery_action;
    /// Diagnosis that is recommended.
    6 diagnostic_flow: u16 as number => set_diagnostic_flow with_diagnostic_flow;
    8 reserved_2: u64;
}

impl Describe for NvidiaRecommendedActions {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

/// Bytes of version and size, which the size of what is known of the device includes.
const INFO_HEADER: usize = 3;

static CONTEXT_FORM: SizedForm =
    SizedForm { name: "event context", size_name: "context size", header: NvidiaContextHeader::SIZE };

impl<'a> NvidiaEvent<'a> {
    /// Signature, up to the first NUL: what kind of event it is.
    pub fn signature(&self) -> &'a [u8] {
        self.structure().map_or(&[], NvidiaEventHeader::signature)
    }

    /// Number of contexts, as the header states it.
    pub fn context_count(&self) -> u8 {
        // The shortest form has the field.
        self.context_count_raw().unwrap_or_default()
    }

    /// Bytes of what is known of the device, as the header says. The shortest form has the field.
    fn info_len(&self) -> usize {
        usize::from(self.info_size_raw().unwrap_or_default()).saturating_sub(INFO_HEADER)
    }

    /// The bytes of what is known of the device, and those after them. Where bytes are missing, no context follows.
    fn split(&self) -> (&'a [u8], &'a [u8]) {
        let after = self.bytes.get(NvidiaEventHeader::SIZE..).unwrap_or_default();
        after.split_at_checked(self.info_len()).unwrap_or((after, &[]))
    }

    /// Information about the device that an event is of.
    pub fn info(&self) -> NvidiaInfo<'a> {
        let (bytes, _) = self.split();
        let info = match self.source_device_type() {
            NvidiaSource::CPU => NvidiaCpuInfo::first(bytes).map(|(info, _)| NvidiaInfo::Cpu(info)),
            NvidiaSource::GPU => NvidiaGpuInfo::first(bytes).map(|(info, _)| NvidiaInfo::Gpu(info)),
            _ => None,
        };
        info.unwrap_or(NvidiaInfo::Unknown(bytes))
    }

    /// The bytes after the [`NvidiaInfo`], within the length that its header claims: a newer version's fields.
    pub fn info_trailing(&self) -> &'a [u8] {
        self.split().0.get(self.info().as_bytes().len()..).unwrap_or_default()
    }

    /// The contexts, in their order. One that does not fit is an error in its place, and the last item; its offset
    /// counts from the section's start.
    pub fn contexts(&self) -> SizedEntries<'a, NvidiaContext<'a>> {
        let (info, contexts) = self.split();
        let offset = NvidiaEventHeader::SIZE.saturating_add(info.len());
        SizedEntries::new((contexts, offset, self.context_count().into()), &CONTEXT_FORM, NvidiaContext::read)
    }

    /// The bytes after the contexts, or from the first context on that does not fit.
    pub fn trailing(&self) -> &'a [u8] {
        self.contexts().end().0
    }

    /// How many bytes of the information about the device, or of the first context that does not fit, the body does not
    /// have.
    pub fn missing(&self) -> usize {
        match self.info_len().saturating_sub(self.split().0.len()) {
            0 => self.contexts().missing(),
            missing => missing,
        }
    }

    /// The kind of event, what the driver says of it and what to do, and the device.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        match self.signature() {
            [] => f.write_str("event without a signature")?,
            signature => write!(f, "{}", Printable(signature))?,
        }
        write!(f, ", type {:#x}, sub-type {:#x}", self.event_type(), self.event_sub_type())?;
        for context in self.contexts() {
            let Ok(context) = context else { continue };
            if let Some(xid) = context.legacy_xid() {
                write!(f, ", Xid {}: {}", xid.code, Printable(xid.message))?;
            }
            if let Some(actions) = context.recommended_actions() {
                let (recovery, diagnosis) = (actions.recovery_action(), actions.diagnostic_flow());
                write!(f, ", recovery action {recovery}, diagnostic flow {diagnosis}")?;
            }
        }
        for context in self.contexts() {
            let Ok(context) = context else { continue };
            if let Some(metadata) = context.gpu_metadata() {
                write!(f, ", {}", Printable(&metadata.device_name()))?;
            }
        }
        match self.info() {
            NvidiaInfo::Cpu(info) => write!(f, ", CPU socket {}", info.socket()),
            NvidiaInfo::Gpu(info) => write!(f, ", GPU {:#x}", info.pdi()),
            NvidiaInfo::Unknown(_) => write!(f, ", {}", self.source_device_type()),
        }
    }
}

impl Describe for NvidiaEvent<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("signature", Value::text(NvidiaEventHeader::AT.signature.of(self.bytes)))?;
        self.describe_fields(out)?;
        out.stored("signature", self.signature(), Stored::Shown);
        out.field("info", Value::Group(&self.info()))?;
        let (info, _) = self.split();
        if self.info_len() > info.len() {
            let stated = self.info_size_raw().unwrap_or_default().into();
            Error::inner_length("info size", stated, info.len().saturating_add(INFO_HEADER), 34)
                .describe(out)?;
        }
        describe_rest("info_trailing", self.info_trailing(), out)?;
        out.field("contexts", Value::List(&self.contexts()))?;
        describe_rest("trailing", self.trailing(), out)
    }
}

/// A context of an event.
///
/// It is what an event's contexts are read as, and what they are written from; the sizes in the header are computed
/// when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NvidiaContext<'a> {
    header: ContextHeader<'a, NvidiaContextHeader>,
    data: &'a [u8],
    padding: &'a [u8],
}

impl<'a> NvidiaContext<'a> {
    /// A context of data in this form.
    pub const fn new(version: u16, data_type: NvidiaDataType, data_version: u16, data: &'a [u8]) -> Self {
        let header = NvidiaContextHeader::new()
            .with_version(version)
            .with_data_type(data_type)
            .with_data_version(data_version);
        Self { header: ContextHeader::New(header), data, padding: &[] }
    }

    /// The context that was read.
    fn read(bytes: &'a [u8], offset: usize) -> Result<Self, Error> {
        let (header, data) = NvidiaContextHeader::first(bytes).unwrap_or((&NvidiaContextHeader::ZERO, &[]));
        let header = ContextHeader::Read(header);
        let length = header.get().data_size_raw();
        match data.split_at_checked(length as usize) {
            Some((data, padding)) if is_zero(padding) => Ok(Self { header, data, padding: &[] }),
            Some((data, padding)) => Ok(Self { header, data, padding }),
            None => {
                let at = offset.saturating_add(12);
                Err(Error::inner_length("context data size", length, data.len(), at))
            }
        }
    }

    /// The header as it was stored.
    pub const fn structure(&self) -> &NvidiaContextHeader {
        self.header.get()
    }

    /// Bytes that the context takes.
    const fn encoded_len(&self, padding: ContextPadding) -> usize {
        padding.padded(NvidiaContextHeader::SIZE.saturating_add(self.data.len()))
    }

    fn encode<'b>(&self, padding: ContextPadding, out: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let (context, rest) = out.split_at_mut_checked(self.encoded_len(padding))?;
        let mut header = *self.header.get();
        NvidiaContextHeader::AT.size.put(&mut header.0, (context.len() as u32).to_le_bytes());
        NvidiaContextHeader::AT.data_size.put(&mut header.0, (self.data.len() as u32).to_le_bytes());
        write_all(&[header.as_bytes(), self.data], context)?.fill(0);
        Some(rest)
    }

    /// The data, of the form that the header says.
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The padding after the data, when it is not the zeros that it should be; else empty. It is always written as
    /// zeros.
    pub const fn padding(&self) -> &'a [u8] {
        self.padding
    }

    /// The data as metadata of a GPU; `None` when the data have another form or are too short.
    pub fn gpu_metadata(&self) -> Option<&'a NvidiaGpuMetadata> {
        NvidiaGpuMetadata::first(self.of(NvidiaDataType::GPU_METADATA)?).map(|(data, _)| data)
    }

    /// The data as recommended actions; `None` when the data have another form or are too short.
    pub fn recommended_actions(&self) -> Option<&'a NvidiaRecommendedActions> {
        let data = self.of(NvidiaDataType::GPU_RECOMMENDED_ACTIONS)?;
        NvidiaRecommendedActions::first(data).map(|(actions, _)| actions)
    }

    /// The data, when they have this form.
    fn of(&self, form: NvidiaDataType) -> Option<&'a [u8]> {
        if self.header.get().data_type() == form { Some(self.data) } else { None }
    }

    /// The data as an Xid; `None` when the data have another form or are too short.
    pub fn legacy_xid(&self) -> Option<NvidiaXid<'a>> {
        let (code, rest) = self.of(NvidiaDataType::GPU_LEGACY_XID)?.split_first_chunk()?;
        Some(NvidiaXid { code: u32::from_le_bytes(*code), message: up_to_nul(rest) })
    }

    /// The data as 64-bit numbers; `None` when the data have another form or are not a whole number of them.
    pub fn words_64(&self) -> Option<&'a [U64]> {
        let data_type = self.header.get().data_type();
        let form = data_type == NvidiaDataType::KEY_VALUES_64 || data_type == NvidiaDataType::VALUES_64;
        if form { <[U64]>::ref_from_bytes(self.data).ok() } else { None }
    }

    /// The data as 32-bit numbers; `None` when the data have another form or are not a whole number of them.
    pub fn words_32(&self) -> Option<&'a [U32]> {
        let data_type = self.header.get().data_type();
        let form = data_type == NvidiaDataType::KEY_VALUES_32 || data_type == NvidiaDataType::VALUES_32;
        if form { <[U32]>::ref_from_bytes(self.data).ok() } else { None }
    }
}

impl Describe for NvidiaContext<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.header.get().describe_fields(out)?;
        let mut used = self.data.len();
        if let Some(words) = self.words_64() {
            let list = Values(words.iter().map(|word| Value::hex(word.get())));
            describe_whole("data_64", self.data, Value::List(&list), out)?;
        } else if let Some(words) = self.words_32() {
            let list = Values(words.iter().map(|word| Value::hex(word.get())));
            describe_whole("data_32", self.data, Value::List(&list), out)?;
        } else if let Some(metadata) = self.gpu_metadata() {
            used = size_of_val(metadata);
            out.field("gpu_metadata", Value::Group(metadata))?;
        } else if let Some(xid) = self.legacy_xid() {
            let code = size_of_val(&xid.code);
            used = code.saturating_add(xid.message.len());
            out.stored("xid_code", self.data.get(..code).unwrap_or_default(), Stored::Shown);
            out.field("gpu_legacy_xid", Value::Group(&xid))?;
        } else if let Some(actions) = self.recommended_actions() {
            used = size_of_val(actions);
            out.field("gpu_recommended_actions", Value::Group(actions))?;
        } else {
            out.field("data", Value::Bytes(self.data))?;
        }
        // A message ends with a NUL, and zeros may fill the data up.
        let rest = self.data.get(used..).unwrap_or_default();
        let rest = if is_zero(rest) { &[] } else { rest };
        describe_rest("trailing", rest, out)?;
        describe_rest("padding", self.padding, out)
    }
}

/// An NVIDIA event to be written.
#[derive(Clone, Copy, Debug)]
pub struct NvidiaEventParts<'a> {
    header: NvidiaEventHeader,
    info: NvidiaInfo<'a>,
    contexts: &'a [NvidiaContext<'a>],
    padding: ContextPadding,
}

impl<'a> NvidiaEventParts<'a> {
    /// An event of these parts. Counts and sizes are filled in, and so is the kind of device where the information says
    /// it.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] over 255 contexts, 252 bytes of unknown info, or 4 GiB.
    pub fn new(
        mut header: NvidiaEventHeader,
        info: NvidiaInfo<'a>,
        contexts: &'a [NvidiaContext<'a>],
    ) -> Result<Self, Error> {
        let too_large = |what, at| Error::new(ErrorKind::TooLarge { what }, at);
        NvidiaEventHeader::AT
            .context_count
            .put(&mut header.0, [u8::try_from(contexts.len()).map_err(|_| too_large("context count", 1))?]);
        let size = info.as_bytes().len().saturating_add(INFO_HEADER);
        NvidiaEventHeader::AT
            .info_size
            .put(&mut header.0, [u8::try_from(size).map_err(|_| too_large("info size", 34))?]);
        match info {
            NvidiaInfo::Cpu(_) => header.set_source_device_type(NvidiaSource::CPU),
            NvidiaInfo::Gpu(_) => header.set_source_device_type(NvidiaSource::GPU),
            NvidiaInfo::Unknown(_) => {}
        }
        let parts = Self { header, info, contexts, padding: ContextPadding::To16 };
        match u32::try_from(parts.encoded_len()) {
            Ok(_) => Ok(parts),
            Err(_) => Err(too_large("context size", 0)),
        }
    }

    /// Chooses whether contexts are filled up to a multiple of 16 bytes, which is what current writers do. Readers
    /// take both.
    #[must_use]
    #[inline]
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
        let front = NvidiaEventHeader::SIZE.saturating_add(self.info.as_bytes().len());
        let mut length = front;
        for context in self.contexts {
            length = length.saturating_add(context.encoded_len(self.padding));
        }
        length
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let mut out = write_all(&[self.header.as_bytes(), self.info.as_bytes()], out)?;
        for context in self.contexts {
            out = context.encode(self.padding, out)?;
        }
        out.is_empty().then_some(())
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
                "nvidia event type       0x0102",
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
                "    data 64",
                "      [0] 0xa7a6a5a4a3a2a1a0",
                "      [1] 0xafaeadacabaaa9a8",
                "  [1] ",
                "    version                 7",
                "    data type               32-bit values (4)",
                "    data version            9",
                "    data 32",
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
        assert_eq!(event.source_device_type().name(), None);
        for source in [0, 1] {
            let short = head(source, 0, &info[..12]);
            assert_eq!(NvidiaEvent::decode(&short).unwrap().info(), NvidiaInfo::Unknown(&info[..12]));
        }
    }

    #[test]
    fn contexts_of_gpus() {
        let told = |data_type: u16, data: &[u8]| {
            let bytes = [head(7, 1, &[]), context(data_type, data, 0)].concat();
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
        // Info longer than this crate knows, padding that is not zeros, and bytes after the contexts.
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
            let mut header = *event.structure().unwrap();
            NvidiaEventHeader::AT.context_count.put(&mut header.0, [0]);
            let parts = NvidiaEventParts::new(header, event.info(), &contexts).unwrap();
            let padded = written(&parts);
            let event = NvidiaEvent::decode(&padded).unwrap();
            let again: Vec<_> = event.contexts().map(Result::unwrap).collect();
            assert!(again.iter().all(|context| context.structure().size_raw() % 16 == 0));
            assert_eq!(again.len(), contexts.len());
            for (again, context) in again.iter().zip(&contexts) {
                assert_eq!(again.data(), context.data());
                let mut sizes = *again.structure();
                NvidiaContextHeader::AT.size.put(&mut sizes.0, context.structure().size_raw().to_le_bytes());
                assert_eq!(sizes, *context.structure());
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
        let parts = NvidiaEventParts::new(*event.structure().unwrap(), event.info(), &contexts).unwrap();
        assert_eq!(written(&parts.with_padding(ContextPadding::None)), bytes);
        assert_eq!(written(&parts), [head(0, 1, &[]), context(3, &data, 9)].concat());
        // The info names its device.
        let info = NvidiaGpuInfo::read_from_bytes(&gpu_info).unwrap();
        let parts = NvidiaEventParts::new(*event.structure().unwrap(), NvidiaInfo::Gpu(&info), &[]).unwrap();
        assert_eq!(written(&parts), head(1, 0, &gpu_info));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let bytes = head(7, 0, &[]);
        let header = *NvidiaEvent::decode(&bytes).unwrap().structure().unwrap();
        let contexts = [NvidiaContext::new(0, NvidiaDataType::OPAQUE, 0, &[]); 256];
        let error = |info: &[u8], contexts: &[NvidiaContext<'_>]| {
            NvidiaEventParts::new(header, NvidiaInfo::Unknown(info), contexts)
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        assert_eq!(error(&[0; 252], &contexts[..255]), Ok(()));
        assert_eq!(error(&[0; 253], &[]).unwrap_err(), "offset 34: info size does not fit its field");
        assert_eq!(error(&[], &contexts).unwrap_err(), "offset 1: context count does not fit its field");
    }

    #[test]
    fn every_bit_is_where_libcper_says() {
        let map = |bytes: &[u8], skip| {
            bit_map(bytes, skip, |bytes, told| told(&NvidiaEvent::decode(bytes).unwrap()))
        };
        let mut bytes = head(0, 0, &[0; 30]);
        bytes[16..32].fill(b'A');
        bytes.push(0);
        assert_map(
            &map(&bytes, 34..35),
            "0.0 version *8 1.0 contexts ~*8 2.0 source_device_type *8 3.0 hidden ~*8 4.0 nvidia_event_type *16
             6.0 event_sub_type *16 8.0 link_id *64 16.0 signature ~*128 32.0 info_version *16 35.0 info.socket *8
             36.0 info.architecture *32 40.0 info.ecid ~*128 56.0 info.instance_base *64 64.0 info_trailing ~*8
             65.0 trailing ~*8",
        );
        assert_map(
            &map(&head(1, 0, &[0; 13]), 0..35),
            "35.0 info.originator *8 36.0 info.partition *16 38.0 info.sub_partition *16 40.0 info.pdi *64",
        );
        assert_map(&map(&head(2, 0, &[0; 2]), 0..35), "35.0 info.bytes ~*16");

        let context_map = |data_type: u16, data: &[u8], padding: u8| {
            let mut bytes = context(data_type, data, padding);
            // Padding of zeros is not described.
            bytes[16 + data.len()..].fill(1);
            let told = |bytes: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
                told(&NvidiaContext::read(bytes, 0));
            };
            bit_map(&bytes, 12..16, told)
        };
        assert_map(
            &context_map(0, &[0xa5; 4], 2),
            "0.0 hidden ~*32 4.0 version *16 6.0 hidden ~*16 8.0 data_type *16 10.0 data_version *16
             16.0 data ~*32 20.0 padding ~*16",
        );
        let told = |data_type: u16, data: &[u8]| {
            let map = context_map(data_type, data, 0);
            map.split_once("\n16.0 ").map(|(_, map)| ["16.0 ", map].concat()).unwrap()
        };
        assert_map(&told(3, &[0; 16]), "16.0 data_64 ~*128");
        assert_map(
            &told(0x8000, &[b'a'; 193]),
            "16.0 gpu_metadata.device_name ~*384 64.0 gpu_metadata.firmware_version ~*128
             80.0 gpu_metadata.pf_driver_microcode_version ~*128 96.0 gpu_metadata.pf_driver_version ~*128
             112.0 gpu_metadata.vf_driver_version ~*128 128.0 gpu_metadata.configuration *64
             136.0 gpu_metadata.pdi *64 144.0 gpu_metadata.architecture_id *32
             148.0 gpu_metadata.hardware_info_type *8 149.0 gpu_metadata.hardware_info ~*472 208.0 trailing ~*8",
        );
        let pci = |bytes: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
            told(NvidiaGpuPci::ref_from_bytes(bytes).unwrap());
        };
        assert_map(
            &bit_map(&[0; 59], 0..0, pci),
            "0.0 class *8 1.0 subclass *8 2.0 rev *8 3.0 vendor_id *16 5.0 device_id *16 7.0 subsystem_vendor_id *16
             9.0 subsystem_id *16 11.0 bar0_start *64 19.0 bar0_size *64 27.0 bar1_start *64 35.0 bar1_size *64
             43.0 bar2_start *64 51.0 bar2_size *64",
        );
        assert_map(
            &told(0x8001, b"\x30\0\0\0aa"),
            "16.0 gpu_legacy_xid.xid_code *32 20.0 gpu_legacy_xid.message ~*16",
        );
        assert_map(
            &told(0x8002, &[&[0; 16][..], &[1]].concat()),
            "16.0 gpu_recommended_actions.flags *8 17.0 hidden ~*24 20.0 gpu_recommended_actions.recovery_action *16
             22.0 gpu_recommended_actions.diagnostic_flow *16 24.0 hidden ~*64 32.0 trailing ~*8",
        );
    }

    #[test]
    fn what_is_missing_is_counted() {
        let bytes = cpu_event();
        let ends = [64, 96, 128, 147, 170];
        assert_eq!(bytes.len(), 170);
        for length in 35..=bytes.len() {
            let event = NvidiaEvent::decode(&bytes[..length]).unwrap();
            let end = *ends.iter().find(|end| **end > length || length == 170).unwrap();
            let start = ends.iter().rev().find(|end| **end <= length).copied().unwrap_or(35);
            let expected = match length {
                170 => 0,
                // Of a context without a size, the header is missing.
                _ if start != 35 && length - start < 4 => 16 - (length - start),
                _ => end - length,
            };
            assert_eq!(event.missing(), expected, "{length}");
            let text = event.to_string();
            assert_eq!(text.contains("offset 34: info size is 32, at most"), length < 64, "{text}");
        }
    }

    #[test]
    fn the_summary_has_the_signature_the_xid_and_what_to_do() {
        let summary = |bytes: &[u8]| Body::decode(NvidiaEvent::TYPE, bytes).unwrap().summary().to_string();
        let kind = "TEST-EVT, type 0x102, sub-type 0x304";
        assert_eq!(summary(&cpu_event()), [kind, ", CPU socket 32"].concat());
        assert_eq!(summary(&head(7, 0, &[])), [kind, ", reserved (7)"].concat());
        let info: Vec<u8> = (0x21..0x2e).collect();
        let mut metadata = [0; 192];
        metadata[..4].copy_from_slice(b"B200");
        let bytes = [
            head(1, 3, &info),
            context(0x8000, &metadata, 0),
            context(0x8001, b"\x30\0\0\0DBE at 0x10\n\0", 0),
            context(0x8002, &[1, 0, 0, 0, 2, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0),
        ]
        .concat();
        assert_eq!(
            summary(&bytes),
            [
                kind,
                ", Xid 48: DBE at 0x10\\n, recovery action 2, diagnostic flow 5, B200, GPU 0x2d2c2b2a29282726"
            ]
            .concat()
        );
    }

    #[test]
    fn every_writer_sets_its_bytes() {
        let counted: [u8; 192] = core::array::from_fn(|place| place as u8 + 1);
        macro_rules! again {
            ($structure:ident: $( $field:ident $with:ident ),*) => {{
                let bytes = &counted[..$structure::SIZE];
                let read = $structure::ref_from_bytes(bytes).unwrap();
                assert_eq!($structure::new()$( .$with(read.$field()) )*.as_bytes(), bytes);
            }};
        }
        again!(NvidiaCpuInfo: socket with_socket, architecture with_architecture, ecid with_ecid,
            instance_base with_instance_base);
        again!(NvidiaGpuInfo: originator with_originator, partition with_partition,
            sub_partition with_sub_partition, pdi with_pdi);
        again!(NvidiaGpuPci: class with_class, subclass with_subclass, rev with_rev, vendor_id with_vendor_id,
            device_id with_device_id, subsystem_vendor_id with_subsystem_vendor_id,
            subsystem_id with_subsystem_id, bar0_start with_bar0_start, bar0_size with_bar0_size,
            bar1_start with_bar1_start, bar1_size with_bar1_size, bar2_start with_bar2_start,
            bar2_size with_bar2_size);
        again!(NvidiaGpuMetadata: device_name with_device_name, firmware_version with_firmware_version,
            pf_driver_microcode_version with_pf_driver_microcode_version,
            pf_driver_version with_pf_driver_version, vf_driver_version with_vf_driver_version,
            configuration with_configuration, pdi with_pdi, architecture_id with_architecture_id,
            hardware_info_type with_hardware_info_type, hardware_info with_hardware_info);
        let pci = NvidiaGpuPci::new().with_class(3);
        let metadata = NvidiaGpuMetadata::new().with_hardware_info_type(9).with_pci(pci);
        assert_eq!((metadata.hardware_info_type(), metadata.pci()), (0, Some(&pci)));
        let actions = NvidiaRecommendedActions::new()
            .with_flags(0x81)
            .with_recovery_action(0x0102)
            .with_diagnostic_flow(0x0304);
        assert_eq!(actions.as_bytes()[..8], [0x81, 0, 0, 0, 2, 1, 4, 3]);
        let header = NvidiaEventHeader::new()
            .with_version(1)
            .with_source_device_type(NvidiaSource::GPU)
            .with_event_type(0x0102)
            .with_event_sub_type(0x0304)
            .with_link_id(0x1122_3344_5566_7788)
            .with_signature(*b"TEST-EVT\0\0\0\0\0\0\0\0")
            .with_info_version(1);
        assert_eq!(header.as_bytes()[..34], head(1, 0, &[])[..34]);
    }
}
