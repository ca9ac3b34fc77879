//! `non_standard_event`: a section that Linux has no event of its own for (`drivers/ras/ras.c`).

use super::{Field, Fields, GhesSeverity, Inner, Text, Version, descriptor_of};
use crate::{Error, FruText, Guid, SectionDescriptor, SectionTypeId};

/// The event of a section that Linux does not know: all of it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NonStandardEvent<'a> {
    /// Type of the section.
    pub sec_type: SectionTypeId,
    /// Identifier of the field-replaceable unit (FRU); all zeros for none.
    pub fru_id: Guid,
    /// Name of the field-replaceable unit; empty for none.
    pub fru_text: Text<'a>,
    /// Severity of the section.
    pub sev: GhesSeverity,
    /// Body of the section.
    pub buf: &'a [u8],
}

const FIELDS: &[Field] = &[
    Field::bytes("sec_type", 16),
    Field::bytes("fru_id", 16),
    Field::dynamic("fru_text"),
    Field::number("sev", 1),
    Field::number("len", 4),
    Field::dynamic("buf"),
];

impl<'a> NonStandardEvent<'a> {
    /// The name of the event.
    pub const NAME: &'static str = "non_standard_event";

    /// The fields in their order.
    pub const fn fields(_: Version) -> &'static [Field] {
        FIELDS
    }

    /// The event of a section.
    pub fn of(descriptor: &SectionDescriptor, body: &'a [u8]) -> Self {
        Self {
            sec_type: descriptor.section_type(),
            fru_id: descriptor.fru_id().unwrap_or(Guid::ZERO),
            fru_text: Text(Inner::Unit(descriptor.fru_text().unwrap_or(FruText::EMPTY))),
            sev: descriptor.severity().into(),
            buf: body,
        }
    }

    /// Reads an event of a 64-bit kernel, its 8 common bytes first, as it lies in a trace buffer.
    ///
    /// # Errors
    /// When the event ends before its last field, or a text or array of it does not lie inside it.
    pub fn read(version: Version, event: &'a [u8]) -> Result<Self, Error> {
        let fields = Fields::new(Self::NAME, Self::fields(version), event)?;
        Ok(Self {
            sec_type: SectionTypeId::new(Guid::from_bytes(fields.array("sec_type"))),
            fru_id: Guid::from_bytes(fields.array("fru_id")),
            fru_text: fields.text("fru_text")?,
            sev: GhesSeverity::new(fields.number("sev") as u8),
            buf: fields.dynamic("buf")?,
        })
    }

    /// The descriptor of the section that the event tells of.
    pub fn descriptor(&self) -> SectionDescriptor {
        let descriptor = descriptor_of(self.sec_type, self.sev.severity(), self.fru_text.unit());
        if self.fru_id == Guid::ZERO { descriptor } else { descriptor.with_fru_id(self.fru_id) }
    }
}
