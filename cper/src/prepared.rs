//! Records laid out while the machine is healthy, and only patched when it dies.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::section::FixedSection;
use crate::{
    BlockStatus, Error, ErrorKind, GenericErrorData, GenericErrorStatus, RecordHeader, SectionDescriptor,
    SectionTypeId,
};

/// A whole record of one section as one structure: its bytes are the record.
///
/// At panic time a field is stored where it is, and [`PreparedRecord::as_bytes`] is handed on: no copy, no search,
/// nothing that can fail.
///
/// ```
/// use cper::section::{MemoryError, MemoryErrorType};
/// use cper::{NotificationType, PreparedRecord, Record, RecordHeader, SectionDescriptor, Severity};
///
/// // At boot. It may also be a `static`: everything here is `const`.
/// let memory = MemoryError::new().with_physical_address(0).with_memory_error_type(MemoryErrorType::MULTI_BIT_ECC);
/// let header = RecordHeader::fatal(NotificationType::MCE);
/// let mut record = PreparedRecord::new(header, SectionDescriptor::primary(Severity::FATAL), memory);
///
/// // At panic time.
/// record.header_mut().set_record_id(0x6b02_9869_0000_0001);
/// record.body_mut().set_physical_address(0x1008_0040);
/// let bytes = record.as_bytes();
/// # assert_eq!(Record::parse(bytes)?.sections().count(), 1);
/// # Ok::<(), cper::Error>(())
/// ```
///
/// A record of several sections is a structure of the caller's own, laid out by
/// [`RecordWriter`](crate::RecordWriter) into its bytes:
///
/// ```
/// use cper::section::MemoryError;
/// use cper::zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};
/// use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity};
///
/// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
/// #[zerocopy(crate = "cper::zerocopy")]
/// #[repr(C)]
/// struct PanicRecord {
///     header: RecordHeader,
///     descriptors: [SectionDescriptor; 2],
///     primary: MemoryError,
///     spare: MemoryError,
/// }
///
/// let mut record = PanicRecord::new_zeroed();
/// let header = RecordHeader::fatal(NotificationType::MCE);
/// let mut writer = RecordWriter::for_sections(record.as_mut_bytes(), &header, 2)?;
/// writer.section(&SectionDescriptor::primary(Severity::FATAL), &MemoryError::new())?;
/// writer.section(&SectionDescriptor::new(Severity::CORRECTED), &MemoryError::new())?;
/// writer.finish()?;
/// record.spare.set_row(7); // at panic time
/// # Ok::<(), cper::Error>(())
/// ```
///
/// A body whose length is known only when it comes is `[u8]`: [`PreparedRecord::lay_out_bytes`].
#[derive(Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PreparedRecord<B: ?Sized> {
    header: RecordHeader,
    descriptor: SectionDescriptor,
    body: B,
}

// Derived, it would be asked of a body of `[u8]` too.
#[allow(clippy::expl_impl_clone_on_copy)]
impl<B: Copy> Clone for PreparedRecord<B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Copy> Copy for PreparedRecord<B> {}

/// Where the body begins: after header and descriptor.
const BODY: usize = RecordHeader::SIZE + SectionDescriptor::SIZE;

impl<B: FixedSection> PreparedRecord<B> {
    const LENGTH: u32 = size_of::<Self>() as u32;

    /// Lays out the record: count, lengths, offset and type are computed.
    pub const fn new(header: RecordHeader, descriptor: SectionDescriptor, body: B) -> Self {
        let (header, descriptor) = Self::laid_out(header, descriptor);
        Self { header, descriptor, body }
    }

    #[inline]
    const fn laid_out(
        header: RecordHeader,
        descriptor: SectionDescriptor,
    ) -> (RecordHeader, SectionDescriptor) {
        (
            header.with_section_count(1).with_record_length(Self::LENGTH),
            descriptor
                .with_section_offset(BODY as u32)
                .with_section_length(size_of::<B>() as u32)
                .with_section_type(B::TYPE),
        )
    }

    /// Lays out the record at the start of `out`, to be filled in place there; what comes after it stays as it was.
    ///
    /// The cheapest way to write a record from values that are known only now: give [`lay_out`](Self::lay_out) a body
    /// without them and set them in what it returns. Each value then goes from where it was to where it belongs; a
    /// body made first holds all of them at once, in registers that a kernel's build does not have.
    ///
    /// ```
    /// use cper::section::{MemoryError, MemoryErrorType};
    /// use cper::{NotificationType, PreparedRecord, RecordHeader, SectionDescriptor, Severity};
    ///
    /// let mut buffer = [0; 4096];
    /// let header = RecordHeader::fatal(NotificationType::MCE);
    /// let memory = MemoryError::new().with_physical_address(0).with_node(0);
    /// let descriptor = SectionDescriptor::primary(Severity::FATAL);
    /// let record = PreparedRecord::lay_out(header, descriptor, memory, &mut buffer)?;
    /// record.header_mut().set_record_id(0x6b02_9869_0000_0001);
    /// record.body_mut().set_physical_address(0x1008_0040);
    /// record.body_mut().set_node(1);
    /// assert_eq!(record.as_bytes().len(), 280);
    /// # Ok::<(), cper::Error>(())
    /// ```
    ///
    /// # Errors
    /// When `out` is too small, which leaves it untouched.
    #[inline]
    pub fn lay_out(
        header: RecordHeader,
        descriptor: SectionDescriptor,
        body: B,
        out: &mut [u8],
    ) -> Result<&mut Self, Error> {
        let available = out.len();
        let Ok((record, _)) = Self::mut_from_prefix(out) else {
            return Err(Error::buffer_too_small(size_of::<Self>(), available));
        };
        // Part by part, as `new` makes them: made whole, some of them would go through the stack.
        (record.header, record.descriptor) = Self::laid_out(header, descriptor);
        record.body = body;
        Ok(record)
    }
}

impl PreparedRecord<[u8]> {
    /// Lays out the record of a section that is bytes already, of a type that may be known only now, at the start of
    /// `out`; what comes after it stays as it was.
    ///
    /// # Errors
    /// When `out` is too small or the record is 4 GiB or longer, which leaves `out` untouched.
    #[inline]
    pub fn lay_out_bytes<'b>(
        header: &RecordHeader,
        section_type: SectionTypeId,
        descriptor: &SectionDescriptor,
        body: &[u8],
        out: &'b mut [u8],
    ) -> Result<&'b mut Self, Error> {
        let length = body.len().saturating_add(BODY);
        let Ok(record_length) = u32::try_from(length) else {
            return Err(Error::new(ErrorKind::TooLarge { what: "record length" }, 0));
        };
        let too_small = Error::buffer_too_small(length, out.len());
        let record = out.get_mut(..length).ok_or(too_small)?;
        let record = Self::mut_from_bytes(record).map_err(|_| too_small)?;
        record.header = *header;
        record.header.set_section_count(1);
        record.header.set_record_length(record_length);
        record.descriptor = *descriptor;
        record.descriptor.set_section_type(section_type);
        record.descriptor.set_section_offset(BODY as u32);
        record.descriptor.set_section_length(body.len() as u32);
        body.write_to(&mut record.body).map_err(|_| too_small)?;
        Ok(record)
    }
}

impl<B: ?Sized> PreparedRecord<B> {
    /// The header; count and length are filled in.
    #[inline]
    pub const fn header(&self) -> &RecordHeader {
        &self.header
    }

    /// The header, to be patched.
    #[inline]
    pub const fn header_mut(&mut self) -> &mut RecordHeader {
        &mut self.header
    }

    /// The one descriptor; offset, length and type are filled in.
    #[inline]
    pub const fn descriptor(&self) -> &SectionDescriptor {
        &self.descriptor
    }

    /// The one descriptor, to be patched.
    #[inline]
    pub const fn descriptor_mut(&mut self) -> &mut SectionDescriptor {
        &mut self.descriptor
    }

    /// The section's body.
    #[inline]
    pub const fn body(&self) -> &B {
        &self.body
    }

    /// The section's body, to be patched.
    #[inline]
    pub const fn body_mut(&mut self) -> &mut B {
        &mut self.body
    }

    /// The record, ready to be handed on.
    pub fn as_bytes(&self) -> &[u8]
    where
        B: IntoBytes + Immutable + Unaligned,
    {
        IntoBytes::as_bytes(self)
    }
}

/// A whole status block of one entry as one structure (ACPI 6.5 tables 18.11 and 18.12): its bytes are what firmware
/// leaves for the operating system in a region that HEST or BERT points to.
///
/// It is prepared with a status of zero, which readers take for "no error". When there is one, its fields are stored
/// where they are and [`PreparedStatusBlock::report`] sets the status.
///
/// ```
/// use cper::section::MemoryError;
/// use cper::{GenericErrorData, PreparedStatusBlock, Severity, StatusBlock};
///
/// // At boot. It may also be a `static`: everything here is `const`.
/// let memory = MemoryError::new().with_physical_address(0);
/// let mut block = PreparedStatusBlock::new(GenericErrorData::new(Severity::FATAL), memory);
///
/// // When it happens.
/// block.body_mut().set_physical_address(0x1008_0040);
/// let bytes = block.report();
/// # assert_eq!(StatusBlock::parse(bytes)?.entries().count(), 1);
/// # Ok::<(), cper::Error>(())
/// ```
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PreparedStatusBlock<B> {
    header: GenericErrorStatus,
    entry: GenericErrorData,
    body: B,
}

impl<B: FixedSection> PreparedStatusBlock<B> {
    /// Lays out the block. The entry's revision is 3.0: before, there was no timestamp, and the header was shorter.
    pub const fn new(entry: GenericErrorData, body: B) -> Self {
        let header = GenericErrorStatus::new()
            .with_data_length(size_of::<(GenericErrorData, B)>() as u32)
            .with_severity(entry.severity());
        let entry = entry
            .with_section_type(B::TYPE)
            .with_revision(GenericErrorData::REVISION_3)
            .with_error_data_length(size_of::<B>() as u32);
        Self { header, entry, body }
    }

    /// The block's header; lengths are filled in, status and severity when an error is reported.
    #[inline]
    pub const fn header(&self) -> &GenericErrorStatus {
        &self.header
    }

    /// The header of the one entry; type, length and revision are filled in.
    #[inline]
    pub const fn entry(&self) -> &GenericErrorData {
        &self.entry
    }

    /// The header of the one entry, to be patched.
    #[inline]
    pub const fn entry_mut(&mut self) -> &mut GenericErrorData {
        &mut self.entry
    }

    /// The entry's payload, which is a section's body.
    #[inline]
    pub const fn body(&self) -> &B {
        &self.body
    }

    /// The entry's payload, to be patched.
    #[inline]
    pub const fn body_mut(&mut self) -> &mut B {
        &mut self.body
    }

    /// Sets the block's severity and status from the entry's severity, the status last, and returns the block.
    ///
    /// The compiler may store the fields in another order. Where another processor watches the status, copy the block
    /// with a status of 0 and store the status last, by a volatile store.
    pub fn report(&mut self) -> &[u8] {
        /// The count of entries begins at bit 4.
        const ONE_ENTRY: u32 = 1 << 4;
        let severity = self.entry.severity();
        self.header.set_severity(severity);
        self.header.set_block_status(BlockStatus::of_one(severity).bits() | ONE_ENTRY);
        IntoBytes::as_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::MemoryError;
    use crate::{ErrorKind, NotificationType, RecordWriter, Severity, StatusBlock, StatusBlockWriter};

    const HEADER: RecordHeader = RecordHeader::fatal(NotificationType::MCE).with_record_id(5);
    const DESCRIPTOR: SectionDescriptor = SectionDescriptor::primary(Severity::FATAL);
    static RECORD: PreparedRecord<MemoryError> =
        PreparedRecord::new(HEADER, DESCRIPTOR, MemoryError::new().with_physical_address(9));

    #[test]
    fn it_is_what_the_writer_writes() {
        let mut out = [0xa5; 280];
        let mut writer = RecordWriter::new(&mut out, &HEADER).unwrap();
        writer.section(&DESCRIPTOR, RECORD.body()).unwrap();
        assert_eq!(RECORD.as_bytes(), writer.finish().unwrap());
    }

    #[test]
    fn it_is_laid_out_in_a_buffer() {
        let mut out = [0xa5; 281];
        let record = PreparedRecord::lay_out(HEADER, DESCRIPTOR, *RECORD.body(), &mut out).unwrap();
        assert_eq!(record.as_bytes(), RECORD.as_bytes());
        assert_eq!(out[280], 0xa5);

        let mut short = [0xa5; 279];
        let error = PreparedRecord::lay_out(HEADER, DESCRIPTOR, *RECORD.body(), &mut short).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BufferTooSmall { needed: 280, available: 279 });
        assert_eq!(short, [0xa5; 279]);
    }

    #[test]
    fn bytes_are_laid_out_in_a_buffer() {
        for length in [0, 1, 80, 81] {
            let (body, mut expected) = (&[0x5a; 81][..length], [0xa5; 281]);
            let mut writer = RecordWriter::new(&mut expected, &HEADER).unwrap();
            writer.section_bytes(SectionTypeId::LINUX_MCE, &DESCRIPTOR, body).unwrap();
            writer.finish().unwrap();
            let mut out = [0xa5; 281];
            let kind = SectionTypeId::LINUX_MCE;
            let record = PreparedRecord::lay_out_bytes(&HEADER, kind, &DESCRIPTOR, body, &mut out).unwrap();
            assert_eq!(record.as_bytes().len(), 200 + length);
            assert_eq!(out, expected, "{length}");

            let mut short = [0xa5; 281];
            let room = &mut short[..199 + length];
            let error = PreparedRecord::lay_out_bytes(&HEADER, kind, &DESCRIPTOR, body, room).unwrap_err();
            let (needed, available) = (200 + length as u32, 199 + length as u32);
            assert_eq!(error.kind(), ErrorKind::BufferTooSmall { needed, available });
            assert_eq!(short, [0xa5; 281]);
        }
    }

    #[test]
    fn a_patch_is_in_the_bytes() {
        let mut record = RECORD;
        record.header_mut().set_record_id(0x1122_3344_5566_7788);
        record.body_mut().set_physical_address(0xdead_b000);
        assert_eq!(record.as_bytes()[96..104], 0x1122_3344_5566_7788u64.to_le_bytes());
        assert_eq!(record.as_bytes()[216..224], 0xdead_b000u64.to_le_bytes());
    }

    #[test]
    fn a_block_is_what_the_writer_writes() {
        let severities =
            [Severity::RECOVERABLE, Severity::FATAL, Severity::CORRECTED, Severity::INFORMATIONAL];
        for severity in severities.into_iter().chain([Severity::new(9)]) {
            let entry = GenericErrorData::new(severity).with_revision(GenericErrorData::REVISION_2);
            let mut block = PreparedStatusBlock::new(entry, *RECORD.body());
            assert_eq!(block.header.block_status(), 0);
            block.body_mut().set_row(7);

            let mut out = [0xa5; 172];
            let mut writer = StatusBlockWriter::new(&mut out, severity).unwrap();
            writer.entry(&GenericErrorData::new(severity), &block.body).unwrap();
            assert_eq!(block.report(), writer.finish().unwrap());
            assert_eq!(StatusBlock::parse(block.report()).unwrap().check(), Ok(()));
        }
    }

    #[test]
    fn a_block_is_as_bad_as_its_entry_when_it_is_reported() {
        let mut block = PreparedStatusBlock::new(GenericErrorData::new(Severity::CORRECTED), *RECORD.body());
        block.entry_mut().set_severity(Severity::FATAL);
        let mut fatal = PreparedStatusBlock::new(GenericErrorData::new(Severity::FATAL), *RECORD.body());
        assert_eq!(block.report(), fatal.report());
    }
}
