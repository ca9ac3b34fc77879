//! The record header (UEFI 2.11 Appendix N, table N.1).

use core::fmt;

use crate::fields::{Describe, Value, Visitor, show_fields, shows};
use crate::open_value::flag_set;
use crate::structure::structure;
use crate::timestamp::{Timestamp, TimestampReading};
use crate::{CreatorId, Guid, NotificationType, Severity, reading};

structure! {
    /// The record header (UEFI 2.11 table N.1): the first 128 bytes of every record.
    ///
    /// A new header is made with [`RecordHeader::new`] and the `with_*` methods; section count and record length are
    /// the business of [`RecordWriter`](crate::RecordWriter) and [`PreparedRecord`](crate::PreparedRecord).
    RecordHeader: 128 bytes by fields;
    parts described;
    valid HeaderValidation: u32 in validation_bits {};
    /// Signature: "CPER".
    0 signature: [u8; 4] => set_signature with_signature;
    /// Revision of the record format: minor version in the low byte, major version in the high one. Never a reason to
    /// refuse: 0x0000, 0x0100 (Linux), 0x0101 (UEFI 2.11) and 0x0210 (Windows) are all in use.
    4 revision: u16 => set_revision with_revision;
    /// End of the signature: 0xffffffff.
    6 signature_end: u32 => set_signature_end with_signature_end;
    /// Number of section descriptors, 1 or more. Writers fill it in.
    10 section_count: u16 => set_section_count with_section_count;
    /// Severity of the record: that of its most severe section.
    12 severity: (u32 Severity) => set_severity with_severity;
    16 validation_bits: u32;
    /// Length of the record in bytes: header, descriptors and bodies. It may include slack for later additions.
    /// Writers fill it in.
    20 record_length: u32 => set_record_length with_record_length;
    /// Time of the error, or of its collection, in eight bytes as they are; [`RecordHeader::time`] reads them.
    24 timestamp: Timestamp, timestamp_raw set_timestamp with_timestamp, TIMESTAMP = 1;
    /// Identifier of the platform: should be the SMBIOS system UUID.
    32 platform_id: Guid, platform_id_raw set_platform_id with_platform_id, PLATFORM_ID = 0;
    /// Identifier of the software domain (partition) that the error is of.
    48 partition_id: Guid, partition_id_raw set_partition_id with_partition_id, PARTITION_ID = 2;
    /// Who created the record.
    64 creator_id: CreatorId => set_creator_id with_creator_id;
    /// How the error was signalled.
    80 notification_type: NotificationType => set_notification_type with_notification_type;
    /// Identifier of the record, unique together with the creator.
    96 record_id: u64 => set_record_id with_record_id;
    /// Flags of the record; unknown bits are kept.
    104 flags: (u32 RecordFlags) => set_flags with_flags;
    /// Persistence information, which is private to the creator. In ERST its first two bytes are "ER" (ACPI 6.5,
    /// section 18.5.2).
    108 persistence_information: [u8; 8] => set_persistence_information with_persistence_information;
    116 reserved: [u8; 12];
}

flag_set! {
    /// Flags of the whole record (UEFI 2.11 table N.2).
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

    /// A header with everything else zero: no sections, no time, no identifiers.
    #[inline]
    pub const fn new(severity: Severity, notification_type: NotificationType) -> Self {
        Self {
            signature: Self::SIGNATURE,
            revision: Self::REVISION.to_le_bytes(),
            signature_end: [0xff; 4],
            severity: severity.raw().to_le_bytes(),
            notification_type: zerocopy::transmute!(notification_type),
            // Named, so that the compiler stores them one by one and never from a copy of the rest on the stack.
            flags: [0; 4],
            persistence_information: [0; 8],
            reserved: [0; 12],
            ..Self::ZERO
        }
    }

    /// The header of a fatal error's record.
    #[inline]
    pub const fn fatal(notification_type: NotificationType) -> Self {
        Self::new(Severity::FATAL, notification_type)
    }

    /// Time of the error, or of its collection, in the encoding that the record's creator and the bytes speak for;
    /// `None` when its validity bit is clear or the bytes are not a time.
    pub fn time(&self) -> Option<TimestampReading> {
        self.timestamp()?.reading(Some(self.creator_id()))
    }
}

impl Describe for RecordHeader {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        shows!(out, self, record_id, severity, notification_type, creator_id, flags, revision);
        shows!(out, self, section_count, record_length, persistence_information);
        // Fields that are the same in every record are not described.
        if self.signature() == Self::SIGNATURE {
            shows!(out, self, signature);
        }
        if self.signature_end() == 0xffff_ffff {
            shows!(out, self, signature_end);
        }
        out.field("record_id", Value::hex(self.record_id()))?;
        out.field("severity", self.severity().into())?;
        out.field("notification_type", self.notification_type().into())?;
        out.field("creator_id", self.creator_id().into())?;
        if let Some(timestamp) = self.timestamp() {
            shows!(out, self, timestamp);
            reading::describe(timestamp, Some(self.creator_id()), out)?;
        }
        if let Some(platform) = self.platform_id() {
            shows!(out, self, platform_id);
            out.field("platform_id", platform.into())?;
        }
        if let Some(partition) = self.partition_id() {
            shows!(out, self, partition_id);
            out.field("partition_id", partition.into())?;
        }
        out.field("flags", Value::flags(self.flags()))?;
        out.field("revision", Value::hex(self.revision()))?;
        out.field("section_count", Value::number(self.section_count()))?;
        out.field("record_length", Value::number(self.record_length()))?;
        if self.persistence_information() != [0; 8] {
            out.field("persistence_information", Value::Bytes(&self.persistence_information()))?;
        }
        Ok(())
    }
}

show_fields!(RecordHeader);
