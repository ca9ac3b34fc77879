//! A row of one of rasdaemon's tables, and values as rasdaemon stores them.

use cper::Severity;
use rusqlite::types::Value;

/// A row: its table, and its columns by name. The columns of a table are always the same, in the same order.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The table.
    pub table: &'static str,
    /// Names and values.
    pub columns: Vec<(&'static str, Value)>,
}

impl Row {
    /// A row of these columns; the time is added to it later.
    pub fn new<const N: usize>(table: &'static str, columns: [(&'static str, Value); N]) -> Self {
        Self { table, columns: columns.into() }
    }
}

/// An unsigned number as rasdaemon keeps it: the same 64 bits, signed.
pub fn wide(value: u64) -> Value {
    i64::from_ne_bytes(value.to_ne_bytes()).into()
}

/// A number that rasdaemon binds as a C `int`: the same 32 bits, signed.
pub fn narrow(value: u32) -> Value {
    i32::from_ne_bytes(value.to_ne_bytes()).into()
}

/// Text that need not be UTF-8, up to its NUL.
pub fn text(bytes: &[u8]) -> Value {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned().into()
}

/// Bytes.
pub fn blob(bytes: &[u8]) -> Value {
    bytes.to_vec().into()
}

/// The severity that Linux's GHES driver makes of an entry's: 0 none, 1 corrected, 2 recoverable, 3 panic, which is
/// also what it makes of one that it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ghes {
    /// Informational.
    No,
    /// Corrected.
    Corrected,
    /// Not corrected, and no reason to panic.
    Recoverable,
    /// A reason to panic.
    Panic,
}

impl From<Severity> for Ghes {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::INFORMATIONAL => Self::No,
            Severity::CORRECTED => Self::Corrected,
            Severity::RECOVERABLE => Self::Recoverable,
            _ => Self::Panic,
        }
    }
}
