//! Generic error status blocks and their data entries (ACPI 6.5 tables 18.11 and 18.12), as firmware hands them to
//! the operating system through GHES, BERT and extlog.

use core::fmt;

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::error::clamp;
use crate::fields::{Describe, Groups, Value, Visitor, show_fields, shows, text_tells};
use crate::open_value::flag_set;
use crate::section::{Body, Decode};
use crate::section_decoder::{SectionDecoder, WithDecoders, describe_body};
use crate::structure::structure;
use crate::{
    DescriptorValidation, Error, ErrorKind, FruText, Guid, NotificationType, RecordHeader, SectionDescriptor,
    SectionFlags, SectionTypeId, Severity, Timestamp,
};

structure! {
    /// The header of a generic error status block: its first 20 bytes (ACPI 6.5 table 18.11).
    GenericErrorStatus: 20 bytes, new;
    parts described;
    /// [`BlockStatus`] and the count of entries; 0 means that there is no error, or that it was acknowledged.
    0 block_status: u32 => set_block_status with_block_status;
    /// Offset of the raw data from the start of the block, in bytes. The raw data comes after the entries. Writers fill
    /// it in.
    4 raw_data_offset: u32 => set_raw_data_offset with_raw_data_offset;
    /// Length of the raw data in bytes. Writers fill it in.
    8 raw_data_length: u32 => set_raw_data_length with_raw_data_length;
    /// Length of all data entries in bytes. Writers fill it in.
    12 data_length: u32 => set_data_length with_data_length;
    /// Severity of the block; ACPI calls [`Severity::INFORMATIONAL`] "none".
    16 severity: (u32 Severity) => set_severity with_severity;
}

flag_set! {
    /// Status of a generic error status block (ACPI 6.5 table 18.11). Bits 13:4 count the entries:
    /// [`GenericErrorStatus::entry_count`].
    pub struct BlockStatus: u32 {
        /// An uncorrectable error is reported.
        const UNCORRECTABLE_VALID = 1 << 0;
        /// A correctable error is reported.
        const CORRECTABLE_VALID = 1 << 1;
        /// More than one uncorrectable error happened.
        const MULTIPLE_UNCORRECTABLE = 1 << 2;
        /// More than one correctable error happened.
        const MULTIPLE_CORRECTABLE = 1 << 3;
        const _ = !0x3ff0;
    }
}

impl BlockStatus {
    /// What a block of one error of this severity says.
    #[inline]
    pub(crate) fn of_one(severity: Severity) -> Self {
        if severity == Severity::CORRECTED {
            Self::CORRECTABLE_VALID
        } else if severity == Severity::INFORMATIONAL {
            Self::empty()
        } else {
            Self::UNCORRECTABLE_VALID
        }
    }

    /// What a block says that said this, after one more error.
    pub(crate) fn and(self, one: Self) -> Self {
        let again = self & one;
        self | one | Self::from_bits_retain(again.bits() << 2)
    }
}

impl GenericErrorStatus {
    /// The largest count of entries the field holds.
    pub(crate) const MAX_ENTRIES: u32 = 0x3ff;

    /// Status of the block without the count; unknown bits are kept.
    #[inline]
    pub const fn status(&self) -> BlockStatus {
        BlockStatus::from_bits_retain(self.block_status() & !0x3ff0)
    }

    /// Number of entries the block claims: bits 13:4. Linux's header defines 8 bits, its walker counts by length;
    /// so does [`StatusBlock::entries`].
    #[inline]
    pub const fn entry_count(&self) -> u16 {
        (self.block_status() >> 4 & Self::MAX_ENTRIES) as u16
    }

    /// Bytes of the whole block: to the end of the raw data if there is any (Linux's rule), but never less than the
    /// entries, whatever the raw data's offset says.
    #[inline]
    const fn declared_len(&self) -> u64 {
        let entries = (Self::SIZE as u64).saturating_add(self.data_length() as u64);
        let raw_data = (self.raw_data_offset() as u64).saturating_add(self.raw_data_length() as u64);
        if self.raw_data_length() == 0 || raw_data < entries { entries } else { raw_data }
    }
}

impl Describe for GenericErrorStatus {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        shows!(out, self, severity, block_status, data_length, raw_data_offset, raw_data_length);
        out.field("severity", self.severity().into())?;
        out.field("block_status", Value::flags(self.status()))?;
        out.field("entry_count", Value::number(self.entry_count()))?;
        out.field("data_length", Value::number(self.data_length()))?;
        if self.raw_data_offset() != 0 || self.raw_data_length() != 0 {
            out.field("raw_data_offset", Value::number(self.raw_data_offset()))?;
            out.field("raw_data_length", Value::number(self.raw_data_length()))?;
        }
        Ok(())
    }
}

structure! {
    /// The header of a generic error data entry (ACPI 6.5 table 18.12): 72 bytes, of which an entry before revision 3.0
    /// has the first 64, without the timestamp.
    GenericErrorData: 72 bytes by fields;
    parts described;
    valid DataEntryValidation: u8 in validation_bits {
        /// [`GenericErrorData::timestamp`] holds a value. Since revision 3.0.
        TIMESTAMP = 2;
    };
    /// Type of the payload: a CPER section type. Writers fill it in.
    0 section_type: SectionTypeId => set_section_type with_section_type;
    /// Severity of the entry.
    16 severity: (u32 Severity) => set_severity with_severity;
    /// Revision of the entry: 0x0201 up to ACPI 6.0, 0x0300 since ACPI 6.1. A major version of 3 or more has the
    /// timestamp; the header of one below 3 is 64 bytes long.
    20 revision: u16 => set_revision with_revision;
    22 validation_bits: u8;
    /// Flags of the entry, as the byte that they are stored in.
    23 flags: u8 raw flags_raw;
    /// Length of the payload in bytes. Writers fill it in.
    24 error_data_length: u32 => set_error_data_length with_error_data_length;
    /// Identifier of the field-replaceable unit (FRU); all zeros mean none.
    28 fru_id: Guid, fru_id_raw set_fru_id with_fru_id, FRU_ID = 0;
    /// Name of the field-replaceable unit (FRU).
    44 fru_text: FruText, fru_text_raw set_fru_text with_fru_text, FRU_TEXT = 1;
    /// Time of the error. An entry before revision 3.0 ends before this field.
    64 timestamp: Timestamp raw timestamp_raw;
}

impl GenericErrorData {
    /// Revision with a timestamp, of ACPI 6.1 and later.
    pub const REVISION_3: u16 = 0x0300;
    /// Revision without a timestamp, of ACPI 4.0 to 6.0.
    pub const REVISION_2: u16 = 0x0201;
    const SHORT: usize = 64;

    /// A header of revision 3.0 with everything else zero. Type and length are filled in by the writer.
    #[inline]
    pub const fn new(severity: Severity) -> Self {
        Self::ZERO.with_severity(severity).with_revision(Self::REVISION_3)
    }

    /// The header that says what a section's descriptor says. Only the low eight bits of the descriptor's flags fit an
    /// entry; they are all that the specification defines.
    #[inline]
    pub const fn from_descriptor(descriptor: &SectionDescriptor) -> Self {
        Self::new(descriptor.severity())
            .with_section_type(descriptor.section_type())
            .with_flags(descriptor.flags())
            .with_fru_id(descriptor.fru_id_raw())
            .with_fru_text(descriptor.fru_text_raw())
            .with_validation(DataEntryValidation::from_bits_retain(descriptor.validation().bits() & 3))
    }

    /// The section descriptor that says what this entry says; offset and length are left to the record's writer.
    /// The timestamp belongs in the record's header: [`DataEntry::record_header`].
    #[inline]
    pub const fn descriptor(&self) -> SectionDescriptor {
        SectionDescriptor::new(self.severity())
            .with_section_type(self.section_type())
            .with_flags(self.flags())
            .with_fru_id(self.fru_id_raw())
            .with_fru_text(self.fru_text_raw())
            .with_validation(DescriptorValidation::from_bits_retain(self.validation().bits() & 3))
    }

    /// Length of the header in bytes, by its revision: 64 or 72.
    #[inline]
    pub const fn header_len(&self) -> usize {
        if self.revision() >> 8 >= 3 { size_of::<Self>() } else { Self::SHORT }
    }

    /// Flags of the entry; unknown bits are kept.
    #[inline]
    pub const fn flags(&self) -> SectionFlags {
        SectionFlags::from_bits_retain(self.flags_raw() as u32)
    }

    /// Sets the flags, of which only the low eight bits fit an entry.
    #[inline]
    pub const fn set_flags(&mut self, flags: SectionFlags) {
        self.flags = [flags.bits() as u8];
    }

    /// Sets the flags, of which only the low eight bits fit an entry.
    #[must_use]
    #[inline]
    pub const fn with_flags(mut self, flags: SectionFlags) -> Self {
        self.set_flags(flags);
        self
    }

    /// Time of the error; `None` when its validity bit is clear or the revision has no timestamp.
    #[inline]
    pub const fn timestamp(&self) -> Option<Timestamp> {
        if self.validation().contains(DataEntryValidation::TIMESTAMP) && self.header_len() == Self::SIZE {
            Some(self.timestamp_raw())
        } else {
            None
        }
    }

    /// Sets the time and its validity bit.
    #[inline]
    pub const fn set_timestamp(&mut self, timestamp: Timestamp) {
        self.timestamp = zerocopy::transmute!(timestamp);
        self.mark(DataEntryValidation::TIMESTAMP, DataEntryValidation::empty());
    }

    /// Sets the time and its validity bit.
    #[must_use]
    #[inline]
    pub const fn with_timestamp(mut self, timestamp: Timestamp) -> Self {
        self.set_timestamp(timestamp);
        self
    }
}

impl Describe for GenericErrorData {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        shows!(out, self, section_type, severity, flags, revision, error_data_length);
        out.field("section_type", self.section_type().into())?;
        out.field("severity", self.severity().into())?;
        if let Some(timestamp) = self.timestamp() {
            shows!(out, self, timestamp);
            crate::reading::describe(timestamp, None, out)?;
        }
        if let Some(id) = self.fru_id() {
            shows!(out, self, fru_id);
            out.field("fru_id", id.into())?;
        }
        if let Some(text) = self.fru_text() {
            out.stored("fru_text", &self.fru_text, text_tells(text.bytes()));
            out.field("fru_text", Value::text(text.bytes()))?;
        }
        out.field("flags", Value::flags(self.flags()))?;
        out.field("revision", Value::hex(self.revision()))?;
        out.field("error_data_length", Value::number(self.error_data_length()))
    }
}

/// A generic error status block: its header and all its bytes.
#[derive(Clone, Copy, Debug)]
pub struct StatusBlock<'a> {
    header: &'a GenericErrorStatus,
    /// From the block's start to the end of the input, which may come after the block.
    input: &'a [u8],
}

impl<'a> StatusBlock<'a> {
    /// The block at the start of `bytes`. The slice wins over the lengths inside.
    ///
    /// # Errors
    /// When there are fewer than 20 bytes.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let Ok((header, _)) = GenericErrorStatus::ref_from_prefix(bytes) else {
            return Err(Error::too_short("status block", GenericErrorStatus::SIZE, bytes.len()));
        };
        Ok(Self { header, input: bytes })
    }

    /// The header, every field as it was stored.
    pub const fn header(&self) -> &'a GenericErrorStatus {
        self.header
    }

    /// The block's bytes, to the end its lengths claim or the end of the input.
    pub const fn as_bytes(&self) -> &'a [u8] {
        let declared = self.header.declared_len();
        if declared >= self.input.len() as u64 {
            return self.input;
        }
        match self.input.split_at_checked(declared as usize) {
            Some((block, _)) => block,
            None => self.input,
        }
    }

    /// How many bytes the lengths claim and the input did not have.
    pub fn missing(&self) -> u64 {
        self.header.declared_len().saturating_sub(self.as_bytes().len() as u64)
    }

    /// Severity of the block.
    #[inline]
    pub const fn severity(&self) -> Severity {
        self.header.severity()
    }

    /// The data entries, by their lengths. After an entry that cannot be read nothing more can be found: its error
    /// is the last item.
    #[inline]
    pub fn entries(&self) -> DataEntries<'a> {
        // A block is never shorter than its entries.
        let after = self.input.get(GenericErrorStatus::SIZE..).unwrap_or_default();
        let length = self.header.data_length() as usize;
        DataEntries {
            rest: after.get(..length).unwrap_or(after),
            offset: GenericErrorStatus::SIZE,
            number: 0,
        }
    }

    /// The entry that the end of the block's data cuts, with its payload as far as it goes. `None` when no entry is
    /// cut, or the cut entry's header is not whole. [`StatusBlock::entries`] has its error as the last item.
    pub fn cut_entry(&self) -> Option<DataEntry<'a>> {
        let mut entries = self.entries();
        loop {
            let before = entries.clone();
            match entries.next()? {
                Ok(_) => {}
                Err(_) => return before.header().map(|(entry, payload)| DataEntry { payload, ..entry }).ok(),
            }
        }
    }

    /// The raw data after the entries; `None` when there is none.
    ///
    /// # Errors
    /// When it does not lie inside the input.
    pub fn raw_data(&self) -> Option<Result<&'a [u8], Error>> {
        let (offset, length) = (self.header.raw_data_offset(), self.header.raw_data_length());
        let raw = || self.as_bytes().get(offset as usize..)?.get(..length as usize);
        let limit = clamp(self.as_bytes().len()).saturating_sub(offset);
        let kind = ErrorKind::InnerLength { what: "raw data length", value: length, limit };
        (length != 0).then(|| raw().ok_or(Error::new(kind, 8)))
    }

    /// Whether Linux would take the block (`cper_estatus_check`): the raw data comes after the entries, and the entries
    /// fill the data length exactly.
    ///
    /// # Errors
    /// The first thing for which Linux would refuse the block.
    pub fn check(&self) -> Result<(), Error> {
        let data_length = self.header.data_length();
        if data_length != 0 && (data_length as usize) < GenericErrorData::SHORT {
            return Err(Error::too_short("data entry", GenericErrorData::SHORT, data_length as usize).at(12));
        }
        let entries_end = data_length.saturating_add(GenericErrorStatus::SIZE as u32);
        let raw_offset = self.header.raw_data_offset();
        if self.header.raw_data_length() != 0 && raw_offset < entries_end {
            let kind = ErrorKind::InnerLength {
                what: "end of the data entries",
                value: entries_end,
                limit: raw_offset,
            };
            return Err(Error::new(kind, 4));
        }
        let available = self.as_bytes().len().saturating_sub(GenericErrorStatus::SIZE);
        if (data_length as usize) > available {
            return Err(Error::too_short("data entries", data_length as usize, available)
                .at(GenericErrorStatus::SIZE));
        }
        self.entries().find_map(Result::err).map_or(Ok(()), Err)
    }
}

impl StatusBlock<'_> {
    /// The block with its entries of other crates' types described by their [`SectionDecoder`].
    pub const fn with_decoders(self, decoders: &[SectionDecoder]) -> WithDecoders<'_, Self> {
        WithDecoders::new(self, decoders)
    }
}

impl Describe for StatusBlock<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.with_decoders(&[]).describe(out)
    }
}

impl Describe for WithDecoders<'_, StatusBlock<'_>> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let (block, decoders) = (self.shown(), self.decoders());
        block.header.describe(out)?;
        if block.missing() != 0 {
            out.field("missing_bytes", Value::Number(block.missing().min(u32::MAX.into())))?;
        }
        let entries = block.entries().map(|entry| entry.map(|found| found.with_decoders(decoders)));
        out.field("entries", Value::List(&Groups(entries)))?;
        match block.raw_data() {
            Some(Ok(raw)) => out.field("raw_data", Value::Bytes(raw)),
            Some(Err(error)) => error.describe(out),
            None => Ok(()),
        }
    }
}

show_fields!(StatusBlock<'a>);

/// Iterator over the data entries of a block; see [`StatusBlock::entries`].
///
/// Each entry takes 64 bytes or more of the block, so the iterator yields at most one item for every 64 bytes.
#[derive(Clone, Debug)]
pub struct DataEntries<'a> {
    rest: &'a [u8],
    offset: usize,
    number: u16,
}

impl<'a> DataEntries<'a> {
    /// The next entry without its payload, and all bytes after its header.
    // Inlined, so that the compiler sees on the panic path that no slice of it can fail.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn header(&self) -> Result<(DataEntry<'a>, &'a [u8]), Error> {
        let short = |needed| Error::too_short("data entry", needed, self.rest.len());
        let Ok((front, after)) = EntryFront::ref_from_prefix(self.rest) else {
            return Err(short(GenericErrorData::SHORT));
        };
        let mut entry = DataEntry {
            number: self.number,
            offset: self.offset,
            front,
            stored_timestamp: None,
            header_bytes: front.as_bytes(),
            payload: &[],
        };
        if front.revision.get() < GenericErrorData::REVISION_3 {
            return Ok((entry, after));
        }
        let Ok((timestamp, after)) = Timestamp::ref_from_prefix(after) else {
            return Err(short(size_of::<GenericErrorData>()));
        };
        entry.stored_timestamp = Some(timestamp);
        entry.header_bytes = self.rest.get(..size_of::<GenericErrorData>()).unwrap_or_default();
        Ok((entry, after))
    }

    #[inline]
    fn take(&mut self) -> Result<DataEntry<'a>, Error> {
        let (entry, after) = self.header()?;
        let length = entry.front.error_data_length.get();
        let Some((payload, rest)) = after.split_at_checked(length as usize) else {
            let kind = ErrorKind::InnerLength {
                what: "error data length",
                value: length,
                limit: clamp(after.len()),
            };
            return Err(Error::new(kind, 24));
        };
        self.offset = self.offset.saturating_add(entry.header_bytes.len()).saturating_add(payload.len());
        self.number = self.number.saturating_add(1);
        self.rest = rest;
        Ok(DataEntry { payload, ..entry })
    }
}

impl<'a> Iterator for DataEntries<'a> {
    type Item = Result<DataEntry<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (offset, number) = (self.offset, self.number);
        Some(self.take().map_err(|error| {
            self.rest = &[];
            error.at(offset).in_section(number)
        }))
    }
}

impl core::iter::FusedIterator for DataEntries<'_> {}

/// One entry of a status block: its header, and a payload that is the body of a CPER section.
#[derive(Clone, Copy, Debug)]
pub struct DataEntry<'a> {
    number: u16,
    offset: usize,
    front: &'a EntryFront,
    /// Where the entry's revision has one, valid or not.
    stored_timestamp: Option<&'a Timestamp>,
    header_bytes: &'a [u8],
    payload: &'a [u8],
}

/// The first 64 bytes of an entry's header, which every revision has: those of [`GenericErrorData`].
#[derive(Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct EntryFront {
    section_type: SectionTypeId,
    severity: U32,
    revision: U16,
    validation_bits: u8,
    flags: u8,
    error_data_length: U32,
    fru_id: Guid,
    fru_text: FruText,
}

const _: () = assert!(size_of::<EntryFront>() == GenericErrorData::SHORT);

impl<'a> DataEntry<'a> {
    /// Number of the entry in its block, counted from 0.
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// The header at full size; the timestamp is zero in an entry before revision 3.0.
    #[inline]
    pub const fn header(&self) -> GenericErrorData {
        let front = self.front;
        let mut header = GenericErrorData::new(self.severity())
            .with_section_type(front.section_type)
            .with_revision(front.revision.get())
            .with_flags(SectionFlags::from_bits_retain(front.flags as u32))
            .with_error_data_length(front.error_data_length.get())
            .with_fru_id(front.fru_id)
            .with_fru_text(front.fru_text);
        if let Some(timestamp) = self.stored_timestamp {
            header.set_timestamp(*timestamp);
        }
        header.with_validation(DataEntryValidation::from_bits_retain(front.validation_bits))
    }

    /// The header as it was stored: 64 or 72 bytes.
    pub const fn header_bytes(&self) -> &'a [u8] {
        self.header_bytes
    }

    /// Time of the error; `None` when its validity bit is clear or the revision has no timestamp.
    #[inline]
    pub const fn timestamp(&self) -> Option<Timestamp> {
        match self.stored_timestamp {
            Some(timestamp) if self.front.validation_bits & DataEntryValidation::TIMESTAMP.bits() != 0 => {
                Some(*timestamp)
            }
            _ => None,
        }
    }

    /// Stores in a descriptor what the entry says: type, length, severity, flags and unit. The rest of it stays as it
    /// was.
    ///
    /// [`GenericErrorData::descriptor`] makes a new one. This function copies value by value, which is cheaper at panic
    /// time.
    #[inline]
    pub const fn store_descriptor(&self, descriptor: &mut SectionDescriptor) {
        let front = self.front;
        descriptor.set_section_length(self.payload.len() as u32);
        descriptor.set_flags(SectionFlags::from_bits_retain(front.flags as u32));
        descriptor.set_section_type(front.section_type);
        descriptor.set_fru_id(front.fru_id);
        descriptor.set_severity(self.severity());
        descriptor.set_fru_text(front.fru_text);
        descriptor.set_validation(DescriptorValidation::from_bits_retain(front.validation_bits & 3));
    }

    /// The payload as it was stored.
    pub const fn bytes(&self) -> &'a [u8] {
        self.payload
    }

    /// Severity of the entry.
    #[inline]
    pub const fn severity(&self) -> Severity {
        Severity::new(self.front.severity.get())
    }

    /// Type of the section that the payload is.
    #[inline]
    pub const fn section_type(&self) -> SectionTypeId {
        self.front.section_type
    }

    /// The payload, decoded by the entry's section type.
    ///
    /// # Errors
    /// When the type is known and the bytes do not hold it; the offset counts from the start of the block.
    pub fn body(&self) -> Result<Body<'a>, Error> {
        Body::decode(self.section_type(), self.payload).map_err(|error| self.locate(error))
    }

    /// The payload as a `T`; `None` when the entry is of another type.
    pub fn decode<T: Decode>(&self) -> Option<Result<T::View<'a>, Error>> {
        T::is_type(self.section_type()).then(|| T::decode(self.payload).map_err(|error| self.locate(error)))
    }

    fn locate(&self, error: Error) -> Error {
        error.at(self.offset.saturating_add(self.header_bytes.len())).in_section(self.number)
    }

    /// The header of the record that this entry becomes: its severity, and its time when it has one.
    #[inline]
    pub const fn record_header(&self, notification: NotificationType) -> RecordHeader {
        let mut header = RecordHeader::new(self.severity(), notification);
        if let Some(timestamp) = self.timestamp() {
            header.set_timestamp(timestamp);
        }
        header
    }
}

impl DataEntry<'_> {
    /// The entry with its payload described by the [`SectionDecoder`] of its type.
    pub const fn with_decoders(self, decoders: &[SectionDecoder]) -> WithDecoders<'_, Self> {
        WithDecoders::new(self, decoders)
    }
}

impl Describe for DataEntry<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.with_decoders(&[]).describe(out)
    }
}

impl Describe for WithDecoders<'_, DataEntry<'_>> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let entry = self.shown();
        entry.header().describe(out)?;
        match self.decoder(entry.section_type()) {
            Some(decoder) => decoder.describe(entry.payload, |error| entry.locate(error), out),
            None => describe_body(
                entry.body().as_ref().map(Body::fields).map_err(|error| *error),
                entry.payload,
                out,
            ),
        }
    }
}

show_fields!(GenericErrorStatus, GenericErrorData, DataEntry<'a>);

/// Iterator over the status blocks of a region, one after the other, as in BERT's boot error region.
///
/// It ends at a header of zeros, or where fewer than 20 bytes are left. A block whose status was cleared is still
/// yielded: Linux clears the status once it has printed the block, and leaves the entries in memory.
#[derive(Clone, Debug)]
pub struct StatusBlocks<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> StatusBlocks<'a> {
    /// The blocks of a region.
    pub const fn new(region: &'a [u8]) -> Self {
        Self { rest: region, offset: 0 }
    }
}

impl<'a> Iterator for StatusBlocks<'a> {
    /// Offset of the block in the region, and the block.
    type Item = (usize, StatusBlock<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let block = StatusBlock::parse(self.rest).ok()?;
        if block.header.as_bytes().iter().all(|byte| *byte == 0) {
            self.rest = &[];
            return None;
        }
        let offset = self.offset;
        self.rest = self.rest.get(block.as_bytes().len()..).unwrap_or_default();
        self.offset = offset.saturating_add(block.as_bytes().len());
        Some((offset, block))
    }
}

impl core::iter::FusedIterator for StatusBlocks<'_> {}
