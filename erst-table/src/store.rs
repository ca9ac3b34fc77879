//! The record store behind the table: operations, their status, and the error log address range (ACPI 6.5 section 18.5.2).

use bitflags::bitflags;

open_value! {
    /// What the platform says of an operation (ACPI 6.5 table 18.21).
    Status(u64) {
        /// Done.
        SUCCESS = 0,
        /// No room for the record.
        NOT_ENOUGH_SPACE = 1,
        /// The hardware of the store is not there.
        HARDWARE_NOT_AVAILABLE = 2,
        /// Failed.
        FAILED = 3,
        /// No record is stored.
        RECORD_STORE_EMPTY = 4,
        /// No record has this identifier.
        RECORD_NOT_FOUND = 5,
    }
}

bitflags! {
    /// Attributes of the error log address range (ACPI 6.5 table 18.20, action 0x0f); undefined bits are kept.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct RangeAttributes: u64 {
        /// The range itself keeps its content: records are read and cleared in place.
        const NON_VOLATILE = 1 << 1;
        /// Transfers from and to the range are slow.
        const SLOW = 1 << 2;
        const _ = !0;
    }
}
