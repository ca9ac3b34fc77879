//! What all CXL event records begin with (CXL 3.1 table 8-43), from offset 0x10 on: the UUID before it is the section
//! type. CXL 3.2 gave two of its reserved fields to the LD-ID and the head id.

use core::fmt;

use super::U24;
use crate::Timestamp;
use crate::fields::{Describe, Value, Visitor, show_fields, shows};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// The header of an event record, without its UUID.
    CxlEventHeader: 32 bytes;
    parts described;
    /// Length of the whole event record in bytes, with its UUID: 128.
    0 length: u8 raw length_raw;
    /// Severity in bits 1:0, [`CxlEventFlags`] in the bits above.
    1 flags: U24 raw flags_raw;
    /// Handle of the record in its log, not 0.
    4 handle: u16 => set_handle with_handle;
    /// Handle of a related record, 0 for none.
    6 related_handle: u16 raw related_handle_raw;
    /// Nanoseconds since 1970-01-01 00:00:00 UTC, 0 when the device has no time.
    8 timestamp: u64 raw timestamp_raw;
    /// Class of the maintenance operation that the device asks for.
    16 maintenance_operation_class: u8 => set_maintenance_operation_class with_maintenance_operation_class;
    /// Subclass of the maintenance operation, if [`CxlEventFlags::MAINTENANCE_OPERATION_SUBCLASS_VALID`] is set.
    17 maintenance_operation_subclass: u8 raw maintenance_operation_subclass_raw;
    /// Id of the logical device, if [`CxlEventFlags::LD_ID_VALID`] is set. Since CXL 3.2.
    18 ld_id: u16 raw ld_id_raw;
    /// Id of the head of the device, if [`CxlEventFlags::HEAD_ID_VALID`] is set. Since CXL 3.2.
    20 head_id: u8 raw head_id_raw;
    21 reserved: [u8; 11];
}

open_value! {
    /// Severity of an event: bits 1:0 of its flags.
    CxlEventSeverity: u8 {
        INFORMATIONAL = 0 => "informational",
        WARNING = 1 => "warning",
        FAILURE = 2 => "failure",
        FATAL = 3 => "fatal",
    }
}

crate::open_value::flag_set! {
    /// Flags of an event. Bits 1:0 are the severity: [`CxlEventHeader::severity`].
    pub struct CxlEventFlags: u32 {
        /// The condition is permanent.
        const PERMANENT = 1 << 2;
        /// The device needs maintenance.
        const MAINTENANCE_NEEDED = 1 << 3;
        /// The device no longer works at its full performance.
        const PERFORMANCE_DEGRADED = 1 << 4;
        /// The device should be replaced.
        const HARDWARE_REPLACEMENT_NEEDED = 1 << 5;
        /// [`CxlEventHeader::maintenance_operation_subclass`] holds a value.
        const MAINTENANCE_OPERATION_SUBCLASS_VALID = 1 << 6;
        /// [`CxlEventHeader::ld_id`] holds a value. Since CXL 3.2.
        const LD_ID_VALID = 1 << 7;
        /// [`CxlEventHeader::head_id`] holds a value. Since CXL 3.2.
        const HEAD_ID_VALID = 1 << 8;
        const _ = !3;
    }
}

impl CxlEventHeader {
    /// Length of every event record in bytes, with its UUID.
    pub const RECORD_LENGTH: u8 = 128;

    /// A header of this severity. The length of the record is filled in, everything else is zero.
    #[inline]
    pub const fn new(severity: CxlEventSeverity) -> Self {
        let mut header = Self::ZERO;
        Self::AT.length.put(&mut header.0, [Self::RECORD_LENGTH]);
        header.set_severity(severity);
        header
    }

    /// Severity of the event, 0 to 3.
    #[inline]
    pub const fn severity(&self) -> CxlEventSeverity {
        CxlEventSeverity::new(self.flags_raw().raw() as u8 & 3)
    }

    /// Flags without the severity; unknown bits are kept.
    #[inline]
    pub const fn flags(&self) -> CxlEventFlags {
        CxlEventFlags::from_bits_retain(self.flags_raw().raw() & !3)
    }

    /// Nanoseconds since 1970-01-01 00:00:00 UTC; `None` when the device has no time.
    #[inline]
    pub const fn timestamp(&self) -> Option<u64> {
        match self.timestamp_raw() {
            0 => None,
            nanoseconds => Some(nanoseconds),
        }
    }

    /// Handle of a related record; `None` when there is none.
    #[inline]
    pub const fn related_handle(&self) -> Option<u16> {
        match self.related_handle_raw() {
            0 => None,
            handle => Some(handle),
        }
    }

    /// Subclass of the maintenance operation; `None` when its validity bit is clear.
    #[inline]
    pub const fn maintenance_operation_subclass(&self) -> Option<u8> {
        if self.flags().contains(CxlEventFlags::MAINTENANCE_OPERATION_SUBCLASS_VALID) {
            Some(self.maintenance_operation_subclass_raw())
        } else {
            None
        }
    }

    /// Id of the logical device; `None` when its validity bit is clear.
    #[inline]
    pub const fn ld_id(&self) -> Option<u16> {
        if self.flags().contains(CxlEventFlags::LD_ID_VALID) { Some(self.ld_id_raw()) } else { None }
    }

    /// Id of the head of the device; `None` when its validity bit is clear.
    #[inline]
    pub const fn head_id(&self) -> Option<u8> {
        if self.flags().contains(CxlEventFlags::HEAD_ID_VALID) { Some(self.head_id_raw()) } else { None }
    }

    /// Sets the severity; of a number above 3 the lower two bits are kept.
    #[inline]
    pub const fn set_severity(&mut self, severity: CxlEventSeverity) {
        self.store_flags(self.flags_raw().raw() & !3 | severity.raw() as u32 & 3);
    }

    /// Sets the severity; of a number above 3 the lower two bits are kept.
    #[must_use]
    #[inline]
    pub const fn with_severity(mut self, severity: CxlEventSeverity) -> Self {
        self.set_severity(severity);
        self
    }

    /// Validity bits of fields.
    const VALID: CxlEventFlags = CxlEventFlags::MAINTENANCE_OPERATION_SUBCLASS_VALID
        .union(CxlEventFlags::LD_ID_VALID)
        .union(CxlEventFlags::HEAD_ID_VALID);

    /// Stores the 24 bits of flags and severity.
    #[inline]
    const fn store_flags(&mut self, flags: u32) {
        Self::AT.flags.put(&mut self.0, U24::new(flags).0);
    }

    /// Sets the validity bit of a field.
    #[inline]
    const fn mark(&mut self, valid: CxlEventFlags) {
        self.store_flags(self.flags_raw().raw() | valid.bits());
    }

    /// Sets the flags. The severity stays as it was, and so does each validity bit that is set.
    #[inline]
    pub const fn set_flags(&mut self, flags: CxlEventFlags) {
        let kept = self.flags_raw().raw() & (Self::VALID.bits() | 3);
        self.store_flags(kept | flags.bits() & !3);
    }

    /// Sets the flags. The severity stays as it was, and so does each validity bit that is set.
    #[must_use]
    #[inline]
    pub const fn with_flags(mut self, flags: CxlEventFlags) -> Self {
        self.set_flags(flags);
        self
    }

    /// Sets the handle of a related record, 0 for none.
    #[inline]
    pub const fn set_related_handle(&mut self, handle: u16) {
        Self::AT.related_handle.put(&mut self.0, u16::to_le_bytes(handle));
    }

    /// Sets the handle of a related record, 0 for none.
    #[must_use]
    #[inline]
    pub const fn with_related_handle(mut self, handle: u16) -> Self {
        self.set_related_handle(handle);
        self
    }

    /// Sets the time, in nanoseconds since 1970-01-01 00:00:00 UTC.
    #[inline]
    pub const fn set_timestamp(&mut self, nanoseconds: u64) {
        Self::AT.timestamp.put(&mut self.0, u64::to_le_bytes(nanoseconds));
    }

    /// Sets the time, in nanoseconds since 1970-01-01 00:00:00 UTC.
    #[must_use]
    #[inline]
    pub const fn with_timestamp(mut self, nanoseconds: u64) -> Self {
        self.set_timestamp(nanoseconds);
        self
    }

    /// Sets the subclass of the maintenance operation and its validity bit.
    #[inline]
    pub const fn set_maintenance_operation_subclass(&mut self, subclass: u8) {
        Self::AT.maintenance_operation_subclass.put(&mut self.0, [subclass]);
        self.mark(CxlEventFlags::MAINTENANCE_OPERATION_SUBCLASS_VALID);
    }

    /// Sets the subclass of the maintenance operation and its validity bit.
    #[must_use]
    #[inline]
    pub const fn with_maintenance_operation_subclass(mut self, subclass: u8) -> Self {
        self.set_maintenance_operation_subclass(subclass);
        self
    }

    /// Sets the id of the logical device and its validity bit.
    #[inline]
    pub const fn set_ld_id(&mut self, id: u16) {
        Self::AT.ld_id.put(&mut self.0, u16::to_le_bytes(id));
        self.mark(CxlEventFlags::LD_ID_VALID);
    }

    /// Sets the id of the logical device and its validity bit.
    #[must_use]
    #[inline]
    pub const fn with_ld_id(mut self, id: u16) -> Self {
        self.set_ld_id(id);
        self
    }

    /// Sets the id of the head and its validity bit.
    #[inline]
    pub const fn set_head_id(&mut self, id: u8) {
        Self::AT.head_id.put(&mut self.0, [id]);
        self.mark(CxlEventFlags::HEAD_ID_VALID);
    }

    /// Sets the id of the head and its validity bit.
    #[must_use]
    #[inline]
    pub const fn with_head_id(mut self, id: u8) -> Self {
        self.set_head_id(id);
        self
    }
}

impl Describe for CxlEventHeader {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        // A handle and a time of 0 are shown by their absence.
        shows!(out, self, flags, handle, related_handle, timestamp, maintenance_operation_class);
        out.field("severity", self.severity().into())?;
        out.field("flags", Value::flags(self.flags()))?;
        out.field("handle", Value::hex(self.handle()))?;
        if let Some(handle) = self.related_handle() {
            out.field("related_handle", Value::hex(handle))?;
        }
        if let Some(nanoseconds) = self.timestamp() {
            if let Some(time) = Timestamp::from_unix(nanoseconds / 1_000_000_000) {
                out.field("timestamp", time.into())?;
            }
            out.field("timestamp_nanoseconds", Value::Count(nanoseconds))?;
        }
        out.field("maintenance_operation_class", Value::number(self.maintenance_operation_class()))?;
        if let Some(subclass) = self.maintenance_operation_subclass() {
            shows!(out, self, maintenance_operation_subclass);
            out.field("maintenance_operation_subclass", Value::number(subclass))?;
        }
        if let Some(id) = self.ld_id() {
            shows!(out, self, ld_id);
            out.field("ld_id", Value::number(id))?;
        }
        if let Some(id) = self.head_id() {
            shows!(out, self, head_id);
            out.field("head_id", Value::number(id))?;
        }
        Ok(())
    }
}

show_fields!(CxlEventHeader);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;
    use zerocopy::{FromBytes, IntoBytes};

    /// Offsets of CXL 3.1 table 8-43, less the 0x10 of the UUID.
    fn bytes() -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = 128;
        bytes[1..4].copy_from_slice(&[0xfe, 0x03, 0x80]);
        bytes[4..8].copy_from_slice(&[0x34, 0x12, 0x78, 0x56]);
        bytes[8..16].copy_from_slice(&1_795_331_306_123_456_789u64.to_le_bytes());
        bytes[16..21].copy_from_slice(&[2, 3, 0x0a, 0x0b, 7]);
        bytes
    }

    #[test]
    fn every_field_is_where_the_specification_says() {
        let bytes = bytes();
        let header = CxlEventHeader::ref_from_bytes(&bytes).unwrap();
        assert_eq!(header.length_raw(), 128);
        assert_eq!(header.severity(), CxlEventSeverity::FAILURE);
        assert_eq!(header.flags().bits(), 0x80_03fc);
        assert_eq!((header.handle(), header.related_handle()), (0x1234, Some(0x5678)));
        assert_eq!(header.timestamp(), Some(1_795_331_306_123_456_789));
        assert_eq!(header.maintenance_operation_class(), 2);
        assert_eq!(header.maintenance_operation_subclass(), Some(3));
        assert_eq!((header.ld_id(), header.head_id()), (Some(0x0b0a), Some(7)));
        assert_eq!(
            header.to_string(),
            "severity                failure (2)\n\
             flags                   0x8003fc  permanent, maintenance needed, performance degraded, \
             hardware replacement needed, maintenance operation subclass valid, ld id valid, head id valid, \
             reserved 0x200, reserved 0x800000\n\
             handle                  0x1234\n\
             related handle          0x5678\n\
             timestamp               2026-11-22 07:08:26\n\
             timestamp nanoseconds   1795331306123456789\n\
             maintenance operation class 2\n\
             maintenance operation subclass 3\n\
             ld id                   2826\n\
             head id                 7\n"
        );
    }

    #[test]
    fn what_no_flag_vouches_for_is_not_told() {
        let mut bytes = bytes();
        bytes[1..4].copy_from_slice(&[3, 0, 0]);
        bytes[6..16].fill(0);
        let header = CxlEventHeader::ref_from_bytes(&bytes).unwrap();
        assert_eq!(
            (header.maintenance_operation_subclass(), header.ld_id(), header.head_id()),
            (None, None, None)
        );
        assert_eq!((header.timestamp(), header.related_handle()), (None, None));
        assert_eq!(
            header.to_string(),
            "severity                fatal (3)\nflags                   0x0\nhandle                  0x1234\n\
             maintenance operation class 2\n"
        );
        let past = header.with_timestamp(u64::MAX).to_string();
        assert!(past.contains("timestamp               2554-07-21 23:34:33\n"), "{past}");
    }

    #[test]
    fn each_writer_sets_its_bytes_and_its_flag() {
        let written = CxlEventHeader::new(CxlEventSeverity::FAILURE)
            .with_flags(CxlEventFlags::from_bits_retain(0x80_023f))
            .with_handle(0x1234)
            .with_related_handle(0x5678)
            .with_timestamp(1_795_331_306_123_456_789)
            .with_maintenance_operation_class(2)
            .with_maintenance_operation_subclass(3)
            .with_ld_id(0x0b0a)
            .with_head_id(7);
        assert_eq!(written.as_bytes(), bytes());
        let flags = |header: CxlEventHeader| header.flags().bits();
        let empty = CxlEventHeader::new(CxlEventSeverity::new(0xff));
        assert_eq!(empty.severity(), CxlEventSeverity::FATAL);
        assert_eq!(flags(empty), 0);
        assert_eq!(flags(empty.with_maintenance_operation_subclass(0)), 0x40);
        assert_eq!((flags(empty.with_ld_id(0)), flags(empty.with_head_id(0))), (0x80, 0x100));
        assert_eq!(flags(empty.with_ld_id(0).with_head_id(0).with_ld_id(1)), 0x180);
        // Flags take the place of earlier ones, but no field loses its validity bit, nor the event its severity.
        let permanent = empty.with_ld_id(0).with_flags(CxlEventFlags::PERMANENT);
        assert_eq!(flags(permanent), 0x84);
        let degraded = permanent.with_flags(CxlEventFlags::PERFORMANCE_DEGRADED);
        assert_eq!((flags(degraded), degraded.severity()), (0x90, CxlEventSeverity::FATAL));
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        use crate::section::checks::{assert_map, bit_map};
        let mut bytes = bytes();
        bytes[2] |= 1;
        bytes[1] |= 0xc0;
        let map = bit_map(&bytes, 1..4, |bytes, told| told(CxlEventHeader::ref_from_bytes(bytes).unwrap()));
        // A flip of the seconds' bits shows in the time first.
        let map = map.split("\n8.0 ").next().unwrap().to_string()
            + "\n16.0 "
            + map.split("\n16.0 ").nth(1).unwrap();
        assert_map(
            &map,
            "0.0 hidden ~*8 4.0 handle *16 6.0 related_handle *16 16.0 maintenance_operation_class *8
             17.0 maintenance_operation_subclass *8 18.0 ld_id *16 20.0 head_id *8 21.0 hidden ~*88",
        );
        let flags =
            bit_map(&[0; 32], 4..32, |bytes, told| told(CxlEventHeader::ref_from_bytes(bytes).unwrap()));
        assert_map(
            &flags,
            "0.0 hidden ~*8 1.0 severity *2 1.2 flags PERMANENT MAINTENANCE_NEEDED PERFORMANCE_DEGRADED
             HARDWARE_REPLACEMENT_NEEDED MAINTENANCE_OPERATION_SUBCLASS_VALID LD_ID_VALID HEAD_ID_VALID -*15",
        );
    }

    #[test]
    fn severities_have_names() {
        let names: std::vec::Vec<_> = (0..5).map(|raw| CxlEventSeverity::new(raw).name()).collect();
        assert_eq!(names, [Some("informational"), Some("warning"), Some("failure"), Some("fatal"), None]);
    }
}
