//! The few fields of a record that a store reads (UEFI 2.11 table N.1); the others do not matter to it.

/// The signature of every record.
pub(crate) const SIGNATURE: [u8; 4] = *b"CPER";

/// Bytes of the smallest record: its header.
pub(crate) const HEADER_LEN: usize = 128;

/// Offset of the 32-bit length of the record.
pub(crate) const LENGTH: usize = 20;

/// Offset of the 64-bit record identifier.
pub(crate) const IDENTIFIER: usize = 96;

/// Offset of the persistence information, which belongs to the store: `ER` and 48 bits of the platform (ACPI 6.0 table
/// 18-339).
pub(crate) const PERSISTENCE: usize = 108;

/// What the operating system puts at [`PERSISTENCE`].
pub(crate) const PERSISTENCE_SIGNATURE: [u8; 2] = *b"ER";

/// The length a record states, `None` if `bytes` end before.
pub(crate) fn length(bytes: &[u8]) -> Option<u32> {
    bytes.get(LENGTH..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// The identifier a record states, `None` if `bytes` end before.
pub(crate) fn identifier(bytes: &[u8]) -> Option<u64> {
    bytes.get(IDENTIFIER..)?.first_chunk().copied().map(u64::from_le_bytes)
}
