//! Records laid out while the machine is healthy, and only patched when it dies.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::section::FixedSection;
use crate::{RecordHeader, SectionDescriptor, SectionTypeId};

/// A whole record of one section as one structure: its bytes are the record.
///
/// At panic time a field is stored where it lies, and [`PreparedRecord::as_bytes`] is handed on: no copy, no search,
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
/// record.header.record_id.set(0x6b02_9869_0000_0001);
/// record.body.physical_address.set(0x1008_0040);
/// let bytes = record.as_bytes();
/// # assert_eq!(Record::parse(bytes)?.sections().count(), 1);
/// # Ok::<(), cper::Error>(())
/// ```
///
/// A record of several sections is a structure of the caller's own, laid out by
/// [`RecordBuilder::encode`](crate::RecordBuilder::encode) into its bytes:
///
/// ```
/// use cper::section::MemoryError;
/// use cper::zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};
/// use cper::{NotificationType, RecordBuilder, RecordHeader, SectionDescriptor, Severity};
///
/// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
/// #[repr(C)]
/// struct PanicRecord {
///     header: RecordHeader,
///     descriptors: [SectionDescriptor; 2],
///     primary: MemoryError,
///     spare: MemoryError,
/// }
///
/// let mut record = PanicRecord::new_zeroed();
/// RecordBuilder::new(RecordHeader::fatal(NotificationType::MCE))
///     .section(SectionDescriptor::primary(Severity::FATAL), &MemoryError::new())
///     .section(SectionDescriptor::new(Severity::CORRECTED), &MemoryError::new())
///     .encode(record.as_mut_bytes())?;
/// record.spare.row.set(7); // at panic time
/// # Ok::<(), cper::Error>(())
/// ```
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PreparedRecord<B> {
    /// The header; count and length are filled in.
    pub header: RecordHeader,
    /// The one descriptor; offset, length and type are filled in.
    pub descriptor: SectionDescriptor,
    /// The section's body.
    pub body: B,
}

impl<B: FixedSection> PreparedRecord<B> {
    /// Where the body begins: behind header and descriptor.
    const BODY: u32 = (size_of::<RecordHeader>() + size_of::<SectionDescriptor>()) as u32;

    /// Lays out the record: count, lengths, offset and type are computed.
    pub const fn new(header: RecordHeader, descriptor: SectionDescriptor, body: B) -> Self {
        let mut record = Self { header, descriptor, body };
        record.header.section_count = U16::new(1);
        record.header.record_length = U32::new(Self::BODY.saturating_add(size_of::<B>() as u32));
        record.descriptor.section_offset = U32::new(Self::BODY);
        record.descriptor.section_length = U32::new(size_of::<B>() as u32);
        record.descriptor.section_type = SectionTypeId::new(B::TYPE);
        record
    }

    /// The record, ready to be handed on.
    pub fn as_bytes(&self) -> &[u8] {
        IntoBytes::as_bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::MemoryError;
    use crate::{NotificationType, RecordBuilder, Severity};

    const HEADER: RecordHeader = RecordHeader::fatal(NotificationType::MCE).with_record_id(5);
    const DESCRIPTOR: SectionDescriptor = SectionDescriptor::primary(Severity::FATAL);
    static RECORD: PreparedRecord<MemoryError> =
        PreparedRecord::new(HEADER, DESCRIPTOR, MemoryError::new().with_physical_address(9));

    #[test]
    fn it_is_what_the_builder_writes() {
        let mut out = [0xa5; 280];
        let built = RecordBuilder::new(HEADER).section(DESCRIPTOR, &RECORD.body).encode(&mut out).unwrap();
        assert_eq!(RECORD.as_bytes(), built);
    }

    #[test]
    fn a_patch_is_in_the_bytes() {
        let mut record = RECORD;
        record.header.record_id.set(0x1122_3344_5566_7788);
        record.body.physical_address.set(0xdead_b000);
        assert_eq!(record.as_bytes()[96..104], 0x1122_3344_5566_7788u64.to_le_bytes());
        assert_eq!(record.as_bytes()[216..224], 0xdead_b000u64.to_le_bytes());
    }
}
