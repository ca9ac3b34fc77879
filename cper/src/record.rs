//! Records as views over bytes: parsed, walked, and patched in place (UEFI 2.11 Appendix N.2).

use core::fmt;

use zerocopy::FromBytes;

use crate::error::clamp;
use crate::fields::{Describe, Groups, Value, Visitor, show_fields};
use crate::kind::{Decode, FixedSection};
use crate::section::Body;
use crate::section_decoder::{SectionDecoder, WithDecoders, describe_body};
use crate::{Error, ErrorKind, NotificationType, RecordHeader, SectionDescriptor, SectionTypeId, Severity};

/// A record: its header and all its bytes. It is a view: a copy of it copies no byte of the record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    header: &'a RecordHeader,
    bytes: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record at the start of `bytes`.
    ///
    /// The slice wins over the record length: what comes after the record's end is left out, and a record cut
    /// short is taken as far as it goes ([`Record::missing`] says how much is not there).
    ///
    /// # Errors
    /// When there are fewer than 128 bytes, they do not begin with "CPER", or the record length is below 128.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let Ok((header, _)) = RecordHeader::ref_from_prefix(bytes) else {
            return Err(Error::too_short("record header", RecordHeader::SIZE, bytes.len()));
        };
        if header.signature() != RecordHeader::SIGNATURE {
            return Err(Error::new(ErrorKind::Signature(header.signature()), 0));
        }
        let declared = header.record_length();
        if (declared as usize) < RecordHeader::SIZE {
            return Err(Error::new(ErrorKind::RecordLength(declared), 20));
        }
        let bytes = bytes.get(..declared as usize).unwrap_or(bytes);
        Ok(Self { header, bytes })
    }

    /// The header, every field as it was stored.
    pub const fn header(&self) -> &'a RecordHeader {
        self.header
    }

    /// The record's bytes, from the header to the record length or the end of the input.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many bytes the record length claims and the input did not have.
    #[inline]
    pub fn missing(&self) -> usize {
        (self.header.record_length() as usize).saturating_sub(self.bytes.len())
    }

    /// Severity of the record.
    #[inline]
    pub const fn severity(&self) -> Severity {
        self.header.severity()
    }

    /// How the error was signalled.
    #[inline]
    pub const fn notification_type(&self) -> NotificationType {
        self.header.notification_type()
    }

    /// Identifier of the record, unique together with the creator.
    #[inline]
    pub const fn record_id(&self) -> u64 {
        self.header.record_id()
    }

    /// The descriptors that lie inside the record, as they were stored.
    #[inline]
    pub fn descriptors(&self) -> &'a [SectionDescriptor] {
        let after = self.bytes.get(RecordHeader::SIZE..).unwrap_or_default();
        let count = usize::from(self.header.section_count()).min(after.len() / SectionDescriptor::SIZE);
        // Cut out first: zerocopy's prefix with a count keeps an overflow check at small sizes.
        let descriptors = after.get(..count.saturating_mul(SectionDescriptor::SIZE)).unwrap_or_default();
        <[SectionDescriptor]>::ref_from_bytes(descriptors).unwrap_or_default()
    }

    /// Every section, in the order of the descriptors. A bad one is an error in its place and hides none of its
    /// siblings; a descriptor that lies outside the record is the last item.
    #[inline]
    pub fn sections(&self) -> Sections<'a> {
        Sections {
            bytes: self.bytes,
            descriptors: self.bytes.get(RecordHeader::SIZE..).unwrap_or_default(),
            number: 0,
            count: self.header.section_count(),
            unclaimed: self.bytes.len(),
        }
    }
}

#[cfg(feature = "alloc")]
impl<'a> Record<'a> {
    /// A record whose header was checked.
    pub(crate) const fn of_parts(header: &'a RecordHeader, bytes: &'a [u8]) -> Self {
        Self { header, bytes }
    }
}

impl Record<'_> {
    /// The record with its sections of other crates' types described by their [`SectionDecoder`].
    pub const fn with_decoders(self, decoders: &[SectionDecoder]) -> WithDecoders<'_, Self> {
        WithDecoders::new(self, decoders)
    }
}

impl Describe for Record<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.with_decoders(&[]).describe(out)
    }
}

impl Describe for WithDecoders<'_, Record<'_>> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let (record, decoders) = (self.shown(), self.decoders());
        record.header.describe(out)?;
        if record.missing() != 0 {
            out.field("missing_bytes", Value::length(record.missing()))?;
        }
        let sections = record.sections().map(|section| section.map(|found| found.with_decoders(decoders)));
        out.field("sections", Value::List(&Groups(sections)))
    }
}

show_fields!(Record<'a>);

/// Iterator over a record's sections; see [`Record::sections`].
///
/// It yields at most one item a descriptor and one more, and bodies of at most the record's length together: work
/// and output stay linear in the input, however often descriptors name the same bytes.
#[derive(Clone, Debug)]
pub struct Sections<'a> {
    bytes: &'a [u8],
    /// From the next descriptor to the record's end.
    descriptors: &'a [u8],
    number: u16,
    count: u16,
    unclaimed: usize,
}

impl<'a> Iterator for Sections<'a> {
    type Item = Result<Section<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let number = self.number;
        if number >= self.count {
            return None;
        }
        let at =
            usize::from(number).saturating_mul(SectionDescriptor::SIZE).saturating_add(RecordHeader::SIZE);
        let Ok((descriptor, descriptors)) = SectionDescriptor::ref_from_prefix(self.descriptors) else {
            self.number = self.count;
            let error =
                Error::too_short("section descriptor", SectionDescriptor::SIZE, self.descriptors.len());
            return Some(Err(error.at(at).in_section(number)));
        };
        self.number = number.saturating_add(1);
        self.descriptors = descriptors;
        let (offset, length) = (descriptor.section_offset(), descriptor.section_length());
        let Some(body) = slice(self.bytes, offset, length) else {
            let kind = ErrorKind::SectionBounds { offset, length, available: clamp(self.bytes.len()) };
            return Some(Err(Error::new(kind, at).in_section(number)));
        };
        let Some(unclaimed) = self.unclaimed.checked_sub(body.len()) else {
            let kind = ErrorKind::SectionsOverlap { length, left: clamp(self.unclaimed) };
            return Some(Err(Error::new(kind, at).in_section(number)));
        };
        self.unclaimed = unclaimed;
        Some(Ok(Section { number, descriptor, body }))
    }
}

impl core::iter::FusedIterator for Sections<'_> {}

#[inline]
fn slice(bytes: &[u8], offset: u32, length: u32) -> Option<&[u8]> {
    let start = offset as usize;
    bytes.get(start..start.saturating_add(length as usize))
}

/// One section of a record: its descriptor and its body's bytes, both inside the record.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    number: u16,
    descriptor: &'a SectionDescriptor,
    body: &'a [u8],
}

impl<'a> Section<'a> {
    /// Number of the section in its record, counted from 0.
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// The descriptor, every field as it was stored.
    pub const fn descriptor(&self) -> &'a SectionDescriptor {
        self.descriptor
    }

    /// Type of the section, which says what the body is.
    #[inline]
    pub const fn section_type(&self) -> SectionTypeId {
        self.descriptor.section_type()
    }

    /// Severity of the section.
    #[inline]
    pub const fn severity(&self) -> Severity {
        self.descriptor.severity()
    }

    /// The body as it was stored.
    pub const fn bytes(&self) -> &'a [u8] {
        self.body
    }

    /// Turns an error of the body into one of the record.
    #[inline]
    pub(crate) fn locate(&self, error: Error) -> Error {
        error.at(self.descriptor.section_offset() as usize).in_section(self.number)
    }
}

impl Section<'_> {
    /// The section with its body described by the [`SectionDecoder`] of its type.
    pub const fn with_decoders(self, decoders: &[SectionDecoder]) -> WithDecoders<'_, Self> {
        WithDecoders::new(self, decoders)
    }
}

impl Describe for Section<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.with_decoders(&[]).describe(out)
    }
}

impl Describe for WithDecoders<'_, Section<'_>> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let section = self.shown();
        section.descriptor.describe(out)?;
        match self.decoder(section.section_type()) {
            Some(decoder) => decoder.describe(section.body, |error| section.locate(error), out),
            None => describe_body(
                section.body().as_ref().map(Body::fields).map_err(|error| *error),
                section.body,
                out,
            ),
        }
    }
}

show_fields!(Section<'a>);

/// A record that is patched where it is: everything about it may be changed but its layout.
#[derive(Debug)]
pub struct RecordMut<'a> {
    bytes: &'a mut [u8],
}

impl<'a> RecordMut<'a> {
    /// The record at the start of `bytes`.
    ///
    /// # Errors
    /// As [`Record::parse`], and when the record is cut short: its bytes could not be handed on whole.
    #[inline]
    pub fn parse(bytes: &'a mut [u8]) -> Result<Self, Error> {
        let record = Record::parse(bytes)?;
        let (length, missing) = (record.as_bytes().len(), record.missing());
        if missing != 0 {
            return Err(Error::too_short("record", length.saturating_add(missing), length));
        }
        match bytes.split_at_mut_checked(length) {
            Some((bytes, _)) => Ok(Self { bytes }),
            None => Err(Error::too_short("record", length, 0)),
        }
    }

    /// The same record, for reading.
    ///
    /// # Errors
    /// When the header was patched into one that [`Record::parse`] refuses.
    pub fn as_record(&self) -> Result<Record<'_>, Error> {
        Record::parse(self.bytes)
    }

    /// The record's bytes, ready to be handed on.
    pub const fn as_bytes(&self) -> &[u8] {
        self.bytes
    }

    /// The header.
    ///
    /// # Errors
    /// None can happen after [`RecordMut::parse`]; returning a `Result` keeps the path free of panics.
    #[inline]
    pub fn header_mut(&mut self) -> Result<&mut RecordHeader, Error> {
        match RecordHeader::mut_from_prefix(self.bytes) {
            Ok((header, _)) => Ok(header),
            Err(_) => Err(Error::too_short("record header", RecordHeader::SIZE, 0)),
        }
    }

    /// The descriptor of a section, counted from 0.
    ///
    /// # Errors
    /// When the record has no such section, or its descriptor lies outside the record.
    #[inline]
    pub fn descriptor_mut(&mut self, number: u16) -> Result<&mut SectionDescriptor, Error> {
        let count = self.header_mut()?.section_count();
        let at =
            usize::from(number).saturating_mul(SectionDescriptor::SIZE).saturating_add(RecordHeader::SIZE);
        let rest = if number < count { self.bytes.get_mut(at..) } else { None };
        match rest.map(SectionDescriptor::mut_from_prefix) {
            Some(Ok((descriptor, _))) => Ok(descriptor),
            _ => Err(Error::new(ErrorKind::NoSuchSection(number), at)),
        }
    }

    /// The body of a section, counted from 0.
    ///
    /// # Errors
    /// When the record has no such section, or its body lies outside the record.
    #[inline]
    pub fn section_mut(&mut self, number: u16) -> Result<&mut [u8], Error> {
        let descriptor = self.descriptor_mut(number)?;
        let (offset, length) = (descriptor.section_offset(), descriptor.section_length());
        let available = clamp(self.bytes.len());
        let body = self.bytes.get_mut(offset as usize..).and_then(|rest| rest.get_mut(..length as usize));
        let kind = ErrorKind::SectionBounds { offset, length, available };
        body.ok_or(Error::new(kind, 0).in_section(number))
    }

    /// The body of a section as its wire structure.
    ///
    /// # Errors
    /// As [`RecordMut::section_mut`], and when the section is of another type or shorter than the structure.
    #[inline]
    pub fn decode_mut<T: FixedSection>(&mut self, number: u16) -> Result<&mut T, Error> {
        let descriptor = self.descriptor_mut(number)?;
        if !T::is_type(descriptor.section_type()) {
            return Err(Error::new(ErrorKind::SectionType, 0).in_section(number));
        }
        let offset = descriptor.section_offset() as usize;
        let body = self.section_mut(number)?;
        let available = body.len();
        match T::mut_from_prefix(body) {
            Ok((value, _)) => Ok(value),
            Err(_) => Err(Error::too_short(T::NAME, size_of::<T>(), available).at(offset).in_section(number)),
        }
    }
}

impl AsRef<[u8]> for Record<'_> {
    fn as_ref(&self) -> &[u8] {
        self.bytes
    }
}

/// The structure, or why it could not be read.
impl<T: Describe> Describe for Result<T, Error> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        match self {
            Ok(described) => described.describe(out),
            Err(error) => error.describe(out),
        }
    }
}

impl Describe for Error {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("error", Value::Error(self))
    }
}

impl<'a> Section<'a> {
    /// The body, decoded by the section's type.
    ///
    /// # Errors
    /// When the type is known and the bytes do not hold it; the offset counts from the start of the record.
    pub fn body(&self) -> Result<Body<'a>, Error> {
        Body::decode(self.section_type(), self.bytes()).map_err(|error| self.locate(error))
    }

    /// The body as a `T`, one of this crate's or another's; `None` when the section is of another type.
    #[inline]
    pub fn decode<T: Decode>(&self) -> Option<Result<T::View<'a>, Error>> {
        T::is_type(self.section_type()).then(|| T::decode(self.bytes()).map_err(|error| self.locate(error)))
    }
}
