//! The record header (UEFI 2.11 Appendix N, table N.1).

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::fields::{Describe, Value, Visitor, show_fields};
use crate::timestamp::{Reading, Timestamp};
use crate::{CreatorId, Guid, NotificationType, Severity, reading};

/// The first 128 bytes of every record.
///
/// A new header is made with [`RecordHeader::new`] and the `with_*` methods; section count and record length are
/// the business of [`RecordWriter`](crate::RecordWriter).
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct RecordHeader {
    /// "CPER".
    pub signature: [u8; 4],
    /// Minor version in the low byte, major in the high one. Never a reason to refuse: 0x0000, 0x0100 (Linux),
    /// 0x0101 (UEFI 2.11) and 0x0210 (Windows) are all in use.
    pub revision: U16,
    /// 0xffffffff.
    pub signature_end: U32,
    /// Number of section descriptors, 1 or more.
    pub section_count: U16,
    /// Severity of the record: that of its worst section.
    pub severity: Severity,
    /// [`HeaderValidation`].
    pub validation_bits: U32,
    /// Bytes of header, descriptors and bodies; may include slack for later additions.
    pub record_length: U32,
    /// When, if [`HeaderValidation::TIMESTAMP`] is set.
    pub timestamp: Timestamp,
    /// SMBIOS system UUID, if [`HeaderValidation::PLATFORM_ID`] is set.
    pub platform_id: Guid,
    /// Software domain, if [`HeaderValidation::PARTITION_ID`] is set.
    pub partition_id: Guid,
    /// Who created the record.
    pub creator_id: CreatorId,
    /// How the error was signalled.
    pub notification_type: NotificationType,
    /// Unique together with the creator.
    pub record_id: U64,
    /// [`RecordFlags`].
    pub flags: U32,
    /// Private to the creator. In ERST the first two bytes are "ER" (ACPI 6.5, section 18.5.2).
    pub persistence_information: [u8; 8],
    /// 0.
    pub reserved: [u8; 12],
}

const _: () = {
    assert!(size_of::<RecordHeader>() == 128 && align_of::<RecordHeader>() == 1);
    assert!(core::mem::offset_of!(RecordHeader, severity) == 12);
    assert!(core::mem::offset_of!(RecordHeader, timestamp) == 24);
    assert!(core::mem::offset_of!(RecordHeader, creator_id) == 64);
    assert!(core::mem::offset_of!(RecordHeader, record_id) == 96);
    assert!(core::mem::offset_of!(RecordHeader, persistence_information) == 108);
};

bitflags! {
    /// Which optional header fields hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct HeaderValidation: u32 {
        /// [`RecordHeader::platform_id`].
        const PLATFORM_ID = 1 << 0;
        /// [`RecordHeader::timestamp`].
        const TIMESTAMP = 1 << 1;
        /// [`RecordHeader::partition_id`].
        const PARTITION_ID = 1 << 2;
        const _ = !0;
    }

    /// Flags of the whole record (UEFI 2.11 table N.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RecordFlags: u32 {
        /// System software recovered from the error.
        const RECOVERED = 1 << 0;
        /// The error happened in a previous session.
        const PREVIOUS_ERROR = 1 << 1;
        /// The error was injected.
        const SIMULATED = 1 << 2;
        const _ = !0;
    }
}

impl RecordHeader {
    /// "CPER", the first four bytes of every record.
    pub const SIGNATURE: [u8; 4] = *b"CPER";
    /// Revision written by [`RecordHeader::new`]: 1.1, that of UEFI 2.11.
    pub const REVISION: u16 = 0x0101;
    /// Bytes of the header.
    pub const SIZE: usize = size_of::<Self>();

    /// A header with everything else zero: no sections, no times, no ids.
    pub const fn new(severity: Severity, notification_type: NotificationType) -> Self {
        Self {
            signature: Self::SIGNATURE,
            revision: U16::new(Self::REVISION),
            signature_end: U32::new(0xffff_ffff),
            section_count: U16::new(0),
            severity,
            validation_bits: U32::new(0),
            record_length: U32::new(0),
            timestamp: Timestamp::from_linux_seconds(0),
            platform_id: Guid::ZERO,
            partition_id: Guid::ZERO,
            creator_id: CreatorId::new(Guid::ZERO),
            notification_type,
            record_id: U64::new(0),
            flags: U32::new(0),
            persistence_information: [0; 8],
            reserved: [0; 12],
        }
    }

    /// The header of a fatal error's record.
    pub const fn fatal(notification_type: NotificationType) -> Self {
        Self::new(Severity::FATAL, notification_type)
    }

    /// Which optional fields hold a value; unknown bits are kept.
    pub const fn validation(&self) -> HeaderValidation {
        HeaderValidation::from_bits_retain(self.validation_bits.get())
    }

    /// Flags of the record; unknown bits are kept.
    pub const fn flags(&self) -> RecordFlags {
        RecordFlags::from_bits_retain(self.flags.get())
    }

    /// When the error happened or was collected; `None` when its validity bit is clear.
    ///
    /// The bytes as they are; [`RecordHeader::time`] reads them.
    pub const fn timestamp(&self) -> Option<Timestamp> {
        if self.validation().contains(HeaderValidation::TIMESTAMP) { Some(self.timestamp) } else { None }
    }

    /// When the error happened or was collected, in the encoding that the record's creator and the bytes speak for;
    /// `None` when its validity bit is clear or the bytes are no time.
    pub fn time(&self) -> Option<Reading> {
        self.timestamp()?.reading(Some(self.creator_id))
    }

    /// The platform; `None` when its validity bit is clear.
    pub const fn platform_id(&self) -> Option<Guid> {
        if self.validation().contains(HeaderValidation::PLATFORM_ID) { Some(self.platform_id) } else { None }
    }

    /// The software domain; `None` when its validity bit is clear.
    pub const fn partition_id(&self) -> Option<Guid> {
        if self.validation().contains(HeaderValidation::PARTITION_ID) {
            Some(self.partition_id)
        } else {
            None
        }
    }

    /// Sets the revision; only to write what another writer would.
    #[must_use]
    pub const fn with_revision(mut self, revision: u16) -> Self {
        self.revision = U16::new(revision);
        self
    }

    /// Sets the time and its validity bit.
    #[must_use]
    pub const fn with_timestamp(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = timestamp;
        self.valid(HeaderValidation::TIMESTAMP)
    }

    /// Sets the platform and its validity bit.
    #[must_use]
    pub const fn with_platform_id(mut self, platform: Guid) -> Self {
        self.platform_id = platform;
        self.valid(HeaderValidation::PLATFORM_ID)
    }

    /// Sets the software domain and its validity bit.
    #[must_use]
    pub const fn with_partition_id(mut self, partition: Guid) -> Self {
        self.partition_id = partition;
        self.valid(HeaderValidation::PARTITION_ID)
    }

    /// Sets who creates the record.
    #[must_use]
    pub const fn with_creator(mut self, creator: CreatorId) -> Self {
        self.creator_id = creator;
        self
    }

    /// Sets the id, unique together with the creator.
    #[must_use]
    pub const fn with_record_id(mut self, id: u64) -> Self {
        self.record_id = U64::new(id);
        self
    }

    /// Sets the flags.
    #[must_use]
    pub const fn with_flags(mut self, flags: RecordFlags) -> Self {
        self.flags = U32::new(flags.bits());
        self
    }

    /// Sets the creator's private bytes.
    #[must_use]
    pub const fn with_persistence_information(mut self, bytes: [u8; 8]) -> Self {
        self.persistence_information = bytes;
        self
    }

    const fn valid(mut self, bit: HeaderValidation) -> Self {
        self.validation_bits = U32::new(self.validation_bits.get() | bit.bits());
        self
    }
}

impl Describe for RecordHeader {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("record_id", Value::hex(self.record_id.get()))?;
        out.field("severity", self.severity.into())?;
        out.field("notification_type", self.notification_type.into())?;
        out.field("creator_id", self.creator_id.into())?;
        if let Some(timestamp) = self.timestamp() {
            reading::describe(timestamp, Some(self.creator_id), out)?;
        }
        if let Some(platform) = self.platform_id() {
            out.field("platform_id", platform.into())?;
        }
        if let Some(partition) = self.partition_id() {
            out.field("partition_id", partition.into())?;
        }
        out.field("flags", Value::flags(self.flags()))?;
        out.field("revision", Value::hex(self.revision.get()))?;
        out.field("section_count", Value::number(self.section_count.get()))?;
        out.field("record_length", Value::number(self.record_length.get()))?;
        if self.persistence_information != [0; 8] {
            out.field("persistence_information", Value::Bytes(&self.persistence_information))?;
        }
        Ok(())
    }
}

show_fields!(RecordHeader);
