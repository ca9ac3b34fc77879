//! `mc_event`: a memory error, as `ghes_edac` fills it (Linux 6.1 and 6.12, `drivers/edac/ghes_edac.c`, `edac_mc.c`).

use core::fmt::{self, Write};

use super::{Field, Fields, Inner, Text, Version, descriptor_of};
use crate::kernel_text::memory as kernel;
use crate::section::{ErrorStatus, MemoryError, MemoryErrorType, MemoryErrorView};
use crate::{Error, FruText, SectionDescriptor, SectionTypeId, Severity};

/// The event of a memory error.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct McEvent<'a> {
    /// Severity of the error.
    pub error_type: HardwareErrorType,
    /// Kind of error, in words.
    pub msg: Text<'a>,
    /// Name of the DIMM.
    pub label: Text<'a>,
    /// Number of errors.
    pub error_count: u16,
    /// Number of the memory controller.
    pub mc_index: u8,
    /// Place in the controller's top layer; -1 when it is not known.
    pub top_layer: i8,
    /// Place in the controller's middle layer; -1 when it is not known.
    pub middle_layer: i8,
    /// Place in the controller's lower layer; -1 when it is not known.
    pub lower_layer: i8,
    /// Physical address of the error; 0 when it is not known.
    pub address: u64,
    /// Number of low bits of the address that mean nothing.
    pub grain_bits: u8,
    /// Syndrome of the error.
    pub syndrome: u64,
    /// What else the driver says.
    pub driver_detail: Text<'a>,
}

crate::open_value::open_value! {
    /// Severity of an error, as Linux's EDAC drivers number it.
    HardwareErrorType: u32 {
        CORRECTED = 0 => "Corrected",
        UNCORRECTED = 1 => "Uncorrected",
        DEFERRED = 2 => "Deferred",
        FATAL = 3 => "Fatal",
        INFO = 4 => "Info",
    }
}

impl From<Severity> for HardwareErrorType {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::CORRECTED => Self::CORRECTED,
            Severity::RECOVERABLE => Self::UNCORRECTED,
            Severity::INFORMATIONAL => Self::INFO,
            _ => Self::FATAL,
        }
    }
}

impl HardwareErrorType {
    /// The severity of the section.
    pub const fn severity(self) -> Severity {
        match self {
            Self::CORRECTED => Severity::CORRECTED,
            Self::UNCORRECTED | Self::DEFERRED => Severity::RECOVERABLE,
            Self::INFO => Severity::INFORMATIONAL,
            _ => Severity::FATAL,
        }
    }
}

/// What `ghes_edac` says of a kind that is not valid, and of a DIMM that has no name.
const NO_KIND: &[u8] = b"unknown error";
const NO_LABEL: &[u8] = b"unknown memory";

const FIELDS: &[Field] = &[
    Field::number("error_type", 4),
    Field::dynamic("msg"),
    Field::dynamic("label"),
    Field::number("error_count", 2),
    Field::number("mc_index", 1),
    Field::number("top_layer", 1),
    Field::number("middle_layer", 1),
    Field::number("lower_layer", 1),
    Field::number("address", 8),
    Field::number("grain_bits", 1),
    Field::number("syndrome", 8),
    Field::dynamic("driver_detail"),
];

impl<'a> McEvent<'a> {
    /// The name of the event.
    pub const NAME: &'static str = "mc_event";

    /// The fields in their order.
    pub const fn fields(_: Version) -> &'static [Field] {
        FIELDS
    }

    /// The event of a memory error. Its label is the FRU text of the section's descriptor. (The kernel takes the label
    /// from the machine's SMBIOS tables.)
    pub fn of(descriptor: &SectionDescriptor, memory: &MemoryErrorView<'a>) -> Self {
        let label = match descriptor.fru_text() {
            Some(unit) if !unit.text().trim_ascii().is_empty() => Text(Inner::Unit(unit)),
            _ => Text::new(NO_LABEL),
        };
        let kind = match memory.memory_error_type() {
            Some(kind) => kernel::error_type(kind).as_bytes(),
            None => NO_KIND,
        };
        // Without a mask the grain is a byte.
        let grain = (!memory.physical_address_mask().unwrap_or(u64::MAX)).wrapping_add(1).max(1);
        Self {
            error_type: descriptor.severity().into(),
            msg: Text::new(kind),
            label,
            error_count: 1,
            mc_index: 0,
            // Layers of a memory controller, which a section does not have.
            top_layer: -1,
            middle_layer: -1,
            lower_layer: -1,
            address: memory.physical_address().unwrap_or(0),
            grain_bits: u64::BITS.wrapping_sub(grain.wrapping_sub(1).leading_zeros()) as u8,
            syndrome: 0,
            driver_detail: Text(Inner::Detail(*memory)),
        }
    }

    /// Reads an event of a 64-bit kernel, its 8 common bytes first, as it lies in a trace buffer.
    ///
    /// # Errors
    /// When the event ends before its last field, or a text of it does not lie inside it.
    pub fn read(version: Version, event: &'a [u8]) -> Result<Self, Error> {
        let fields = Fields::new(Self::NAME, Self::fields(version), event)?;
        let signed = |name| i8::from_le_bytes([fields.number(name) as u8]);
        Ok(Self {
            error_type: HardwareErrorType::new(fields.number("error_type") as u32),
            msg: fields.text("msg")?,
            label: fields.text("label")?,
            error_count: fields.number("error_count") as u16,
            mc_index: fields.number("mc_index") as u8,
            top_layer: signed("top_layer"),
            middle_layer: signed("middle_layer"),
            lower_layer: signed("lower_layer"),
            address: fields.number("address"),
            grain_bits: fields.number("grain_bits") as u8,
            syndrome: fields.number("syndrome"),
            driver_detail: fields.text("driver_detail")?,
        })
    }

    /// The descriptor of the section that the event came from.
    pub fn descriptor(&self) -> SectionDescriptor {
        let unit = match self.label.as_bytes() {
            Some(NO_LABEL | b"unknown label") => FruText::EMPTY,
            _ => self.label.unit(),
        };
        descriptor_of(SectionTypeId::MEMORY, self.error_type.severity(), unit)
    }

    /// The memory error, with the fields that the event has. Kind and location are read from the texts of `ghes_edac`; the
    /// texts of other drivers give the address alone. An address of 0 is taken for one that is not known.
    pub fn memory_error(&self) -> MemoryError {
        let mut memory = match &self.driver_detail.0 {
            Inner::Bytes(detail) => told(detail),
            Inner::Detail(memory) => return crate::stored::of_bytes(memory.bytes()),
            _ => MemoryError::new(),
        };
        let msg = self.msg.as_bytes().unwrap_or_default();
        let mut kinds = (0..=u8::MAX).map(MemoryErrorType::new);
        if let Some(kind) = kinds.find(|kind| kernel::error_type(*kind).as_bytes() == msg) {
            memory.set_memory_error_type(kind);
        }
        if self.address != 0 {
            memory.set_physical_address(self.address);
            if let bits @ 1..=63 = self.grain_bits {
                memory.set_physical_address_mask(u64::MAX << bits);
            }
        }
        memory
    }
}

/// The places and the status that `ghes_edac` has written.
fn told(detail: &[u8]) -> MemoryError {
    let mut memory = MemoryError::new();
    let Ok(detail) = core::str::from_utf8(detail) else { return memory };
    let (mut group, mut address, mut is_handle) = (None, None, false);
    for word in detail.split(' ') {
        if is_handle {
            if let Some(handle) = number(word) {
                memory.set_module_handle(handle as u16);
            }
        }
        is_handle = word == "handle:";
        let Some((name, value)) = word.split_once(':') else { continue };
        if let Some(status) = name.strip_prefix("status(").and_then(|status| status.strip_suffix(')')) {
            if let Some(status) = number(status) {
                memory.set_error_status(ErrorStatus::new(status));
            }
            continue;
        }
        let Some(value) = number(value) else { continue };
        let short = value as u16;
        match name {
            "node" => memory.set_node(short),
            "card" => memory.set_card(short),
            "module" => memory.set_module(short),
            "rank" => memory.set_rank(short),
            "bank" => memory.set_bank(short),
            "bank_group" => group = Some(value as u8),
            "bank_address" => address = Some(value as u8),
            "device" => memory.set_device(short),
            "row" if value > 0xffff => memory.set_extended_row(value as u32),
            "row" => memory.set_row(short),
            "column" => memory.set_column(short),
            "bit_position" => memory.set_bit_position(short),
            "requestor_id" => memory.set_requestor_id(value),
            "responder_id" => memory.set_responder_id(value),
            "target_id" => memory.set_target_id(value),
            "chip_id" => memory.set_chip_id(value as u8),
            _ => {}
        }
    }
    if let (Some(group), Some(address)) = (group, address) {
        memory.set_bank_group_and_address(group, address);
    }
    memory
}

/// A number as the kernel writes it, decimal or hexadecimal.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Bytes of the kernel's buffers for the places, and for all of the detail, with their NUL.
const LOCATION_SIZE: usize = 256;
const DETAIL_SIZE: usize = 400;

/// Writes what `ghes_edac` says besides: where, and how.
pub(super) fn write_detail(f: &mut dyn Write, memory: &MemoryErrorView<'_>) -> fmt::Result {
    // Each part ends with a blank; the last blank is left out.
    let mut out = Cut { f, left: DETAIL_SIZE.wrapping_sub(2), blank: false };
    out.write_str("APEI location: ")?;
    let mut places = Cut { f: &mut out, left: LOCATION_SIZE.wrapping_sub(1), blank: false };
    kernel::write_location(&mut places, memory)?;
    if let Some(handle) = kernel::module_handle(memory) {
        write!(places, "DIMM location: not present. DMI handle: {handle:#06x} ")?;
    }
    out.write_str(" ")?;
    if let Some(status) = memory.error_status() {
        let words = kernel::error_status(status.error_type().raw());
        write!(out, "status({:#018x}): {words} ", status.raw())?;
    }
    Ok(())
}

/// Text that is cut after so many bytes, and whose last blank is not written.
struct Cut<'f> {
    f: &'f mut dyn Write,
    left: usize,
    blank: bool,
}

impl Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars().filter(char::is_ascii) {
            if core::mem::take(&mut self.blank) {
                self.f.write_char(' ')?;
            }
            let Some(left) = self.left.checked_sub(1) else { return Ok(()) };
            self.left = left;
            match character {
                ' ' => self.blank = true,
                _ => self.f.write_char(character)?,
            }
        }
        Ok(())
    }
}
