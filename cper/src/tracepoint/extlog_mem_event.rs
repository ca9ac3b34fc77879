//! `extlog_mem_event`: a memory error that firmware logs beside a machine check, as `acpi_extlog` fills it.

use super::{Field, Fields, Inner, Text, Version, descriptor_of};
use crate::section::{MemoryError, MemoryErrorType, MemoryErrorView, MemoryValidation};
use crate::{Error, FruText, Guid, SectionDescriptor, SectionTypeId, Severity};

/// The event of a memory error that firmware logged.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ExtlogMemEvent<'a> {
    /// Number of these events since the kernel booted, this one included.
    pub err_seq: u32,
    /// Kind of error; 0xFF when it is not known.
    pub etype: MemoryErrorType,
    /// Severity of the section, cut to a byte.
    pub sev: u8,
    /// Physical address of the error; all ones when it is not known.
    pub pa: u64,
    /// Lowest bit of the address that means something; 0xFF when there is no mask.
    pub pa_mask_lsb: u8,
    /// Identifier of the field-replaceable unit (FRU); all zeros for none.
    pub fru_id: Guid,
    /// Name of the field-replaceable unit; empty for none.
    pub fru_text: Text<'a>,
    /// Validity bits, location and identifiers, as bytes of the section.
    pub data: [u8; 55],
}

const FIELDS: &[Field] = &[
    Field::number("err_seq", 4),
    Field::number("etype", 1),
    Field::number("sev", 1),
    Field::number("pa", 8),
    Field::number("pa_mask_lsb", 1),
    Field::bytes("fru_id", 16),
    Field::dynamic("fru_text"),
    Field::bytes("data", 55),
];

/// Where the parts of `data` stand in the section: validation, node to bit position, requestor to target, rank and the
/// two handles, and the byte that the 73-byte form does not have.
const PARTS: [(usize, usize); 4] = [(0, 8), (32, 40), (74, 6), (73, 1)];

impl<'a> ExtlogMemEvent<'a> {
    /// The name of the event.
    pub const NAME: &'static str = "extlog_mem_event";

    /// The fields in their order.
    pub const fn fields(_: Version) -> &'static [Field] {
        FIELDS
    }

    /// The event of a memory error, the first of its kind.
    pub fn of(descriptor: &SectionDescriptor, memory: &MemoryErrorView<'_>) -> Self {
        let whole: [u8; MemoryError::SIZE] = crate::stored::of_bytes(memory.bytes());
        let mut data = [0; 55];
        let parts = PARTS.iter().flat_map(|&(start, length)| whole.iter().skip(start).take(length));
        data.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        Self {
            err_seq: 1,
            etype: memory.memory_error_type().unwrap_or(MemoryErrorType::new(0xff)),
            sev: descriptor.severity().raw() as u8,
            pa: memory.physical_address().unwrap_or(u64::MAX),
            pa_mask_lsb: match memory.physical_address_mask() {
                Some(mask) => mask.trailing_zeros() as u8,
                None => 0xff,
            },
            fru_id: descriptor.fru_id().unwrap_or(Guid::ZERO),
            fru_text: Text(Inner::Unit(descriptor.fru_text().unwrap_or(FruText::EMPTY))),
            data,
        }
    }

    /// Reads an event of a 64-bit kernel, its 8 common bytes first, as it lies in a trace buffer.
    ///
    /// # Errors
    /// When the event ends before its last field, or a text of it does not lie inside it.
    pub fn read(version: Version, event: &'a [u8]) -> Result<Self, Error> {
        let fields = Fields::new(Self::NAME, Self::fields(version), event)?;
        Ok(Self {
            err_seq: fields.number("err_seq") as u32,
            etype: MemoryErrorType::new(fields.number("etype") as u8),
            sev: fields.number("sev") as u8,
            pa: fields.number("pa"),
            pa_mask_lsb: fields.number("pa_mask_lsb") as u8,
            fru_id: Guid::from_bytes(fields.array("fru_id")),
            fru_text: fields.text("fru_text")?,
            data: fields.array("data"),
        })
    }

    /// The descriptor of the section that the event came from.
    pub fn descriptor(&self) -> SectionDescriptor {
        let severity = Severity::new(self.sev.into());
        let descriptor = descriptor_of(SectionTypeId::MEMORY, severity, self.fru_text.unit());
        if self.fru_id == Guid::ZERO { descriptor } else { descriptor.with_fru_id(self.fru_id) }
    }

    /// The memory error. The event says nothing of its error status, and of its address mask only the lowest bit.
    pub fn memory_error(&self) -> MemoryError {
        let mut whole = [0; MemoryError::SIZE];
        let mut from = self.data.iter();
        for (start, length) in PARTS {
            whole.iter_mut().skip(start).take(length).zip(&mut from).for_each(|(to, from)| *to = *from);
        }
        let memory: MemoryError = zerocopy::transmute!(whole);
        // A field that the event does not have is not valid, whatever the section's bits were.
        let valid = memory.validation();
        let absent = MemoryValidation::ERROR_STATUS
            | MemoryValidation::PHYSICAL_ADDRESS
            | MemoryValidation::PHYSICAL_ADDRESS_MASK
            | MemoryValidation::MEMORY_ERROR_TYPE;
        let mut memory = memory.with_validation(valid.difference(absent));
        if valid.contains(MemoryValidation::PHYSICAL_ADDRESS) {
            memory.set_physical_address(self.pa);
        }
        if valid.contains(MemoryValidation::PHYSICAL_ADDRESS_MASK) {
            memory.set_physical_address_mask(u64::MAX.checked_shl(self.pa_mask_lsb.into()).unwrap_or(0));
        }
        if valid.contains(MemoryValidation::MEMORY_ERROR_TYPE) {
            memory.set_memory_error_type(self.etype);
        }
        memory
    }
}
