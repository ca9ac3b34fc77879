//! The operations on the store, and what the platform says of one when it has ended.

use core::fmt;

use crate::Action;
use crate::grammar::open_value;

open_value! {
    /// What the platform says of an operation (ACPI 6.5 table 18.21).
    Status: u64 {
        /// The operation is done.
        SUCCESS = 0 => "SUCCESS",
        /// There is no room for the record.
        NOT_ENOUGH_SPACE = 1 => "NOT_ENOUGH_SPACE",
        /// The hardware of the store is not there.
        HARDWARE_NOT_AVAILABLE = 2 => "HARDWARE_NOT_AVAILABLE",
        /// The operation failed.
        FAILED = 3 => "FAILED",
        /// No record is stored.
        RECORD_STORE_EMPTY = 4 => "RECORD_STORE_EMPTY",
        /// No record has this identifier.
        RECORD_NOT_FOUND = 5 => "RECORD_NOT_FOUND",
    }
}

/// An operation on the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Store a record.
    Write,
    /// Store a record and discard it.
    DummyWrite,
    /// Fetch a record.
    Read,
    /// Remove a record.
    Clear,
}

impl Operation {
    /// The action that begins the operation.
    pub const fn begin(self) -> Action {
        match self {
            Self::Write => Action::BEGIN_WRITE_OPERATION,
            Self::DummyWrite => Action::BEGIN_DUMMY_WRITE_OPERATION,
            Self::Read => Action::BEGIN_READ_OPERATION,
            Self::Clear => Action::BEGIN_CLEAR_OPERATION,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Write => "write",
            Self::DummyWrite => "dummy write",
            Self::Read => "read",
            Self::Clear => "clear",
        })
    }
}
