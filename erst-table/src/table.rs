//! The Error Record Serialization Table: an ACPI header, a serialization header, and instruction entries
//! (ACPI 6.5 section 18.5, table 18.19).

use core::fmt;
use core::mem::size_of;

use zerocopy::{FromBytes, IntoBytes};

use crate::structure::structure;
use crate::{
    AccessWidth, Action, AddressSpace, Error, ErrorKind, GenericAddress, Instruction, InstructionEntry,
};

structure! {
    /// Header of every ACPI description table (ACPI 6.5 table 5.4, 36 bytes).
    SdtHeader: 36 bytes;
    /// Signature of the table: `ERST`.
    0 signature: [u8; 4] => set_signature with_signature;
    /// Length of the whole table in bytes. [`TableWriter`] computes it.
    4 length: u32 => set_length with_length;
    /// Revision of the table: 1 for ERST.
    8 revision: u8 => set_revision with_revision;
    /// Checksum, which makes all bytes of the table sum to 0. [`TableWriter`] computes it.
    9 checksum: u8 => set_checksum with_checksum;
    /// Name of the machine's maker.
    10 oem_id: [u8; 6] => set_oem_id with_oem_id;
    /// Name of the machine's model.
    16 oem_table_id: [u8; 8] => set_oem_table_id with_oem_table_id;
    /// Revision of the table for the model.
    24 oem_revision: u32 => set_oem_revision with_oem_revision;
    /// Name of the maker of the program that made the table.
    28 creator_id: [u8; 4] => set_creator_id with_creator_id;
    /// Revision of the program that made the table.
    32 creator_revision: u32 => set_creator_revision with_creator_revision;
}

structure! {
    /// Serialization header (ACPI 6.5 table 18.19, bytes 36 to 47 of the table).
    SerializationHeader: 12 bytes;
    /// Length of the serialization header: 48 where it counts the ACPI header (QEMU and most firmware), 12 where it
    /// does not. Linux accepts both and no other.
    0 header_size: u32 => set_header_size with_header_size;
    /// Reserved, 0.
    4 reserved: u32 => set_reserved with_reserved;
    /// Number of instruction entries. [`TableWriter`] computes it.
    8 entry_count: u32 => set_entry_count with_entry_count;
}

/// Offset of the first instruction entry.
pub(crate) const ENTRIES_OFFSET: usize = size_of::<SdtHeader>() + size_of::<SerializationHeader>();
const _: () = assert!(ENTRIES_OFFSET == 48);

/// A borrowed ERST table.
///
/// Parsing asks only for the two headers and the signature, so that a damaged table can still be listed and
/// [checked](Self::check): its entries are those that lie whole within the bytes given, the table's length and its
/// entry count. [`Store::open`](crate::Store::open) refuses a table that is not [complete](Self::is_complete).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Table<'a> {
    bytes: &'a [u8],
    header: &'a SdtHeader,
    serialization: &'a SerializationHeader,
    entries: &'a [InstructionEntry],
}

/// [`Table::parse`].
impl<'a> TryFrom<&'a [u8]> for Table<'a> {
    type Error = Error;

    fn try_from(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse(bytes)
    }
}

impl<'a> Table<'a> {
    /// Reads the table at the start of `bytes`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooShort`] below 48 bytes, [`ErrorKind::TableSignature`] for another table.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let too_short = Error::at_offset(0, ErrorKind::too_short("the table", ENTRIES_OFFSET, bytes.len()));
        let (header, rest) = SdtHeader::ref_from_prefix(bytes).map_err(|_| too_short)?;
        let (serialization, _) = SerializationHeader::ref_from_prefix(rest).map_err(|_| too_short)?;
        if header.signature() != *b"ERST" {
            return Err(Error::at_offset(0, ErrorKind::TableSignature(header.signature())));
        }
        let length = usize::try_from(header.length()).unwrap_or(usize::MAX).max(ENTRIES_OFFSET);
        let bytes = bytes.get(..length).unwrap_or(bytes);
        let body = bytes.get(ENTRIES_OFFSET..).unwrap_or_default();
        // Whole entries, as many as are stated and fit. Cut out first: zerocopy's prefix with a count keeps an overflow
        // check at small sizes.
        let stated = usize::try_from(serialization.entry_count()).unwrap_or(usize::MAX);
        let fitting = body.chunks_exact(size_of::<InstructionEntry>()).len();
        let entries_len = stated.min(fitting).saturating_mul(size_of::<InstructionEntry>());
        let entries = body.get(..entries_len).unwrap_or_default();
        let entries = <[InstructionEntry]>::ref_from_bytes(entries).map_err(|_| too_short)?;
        Ok(Self { bytes, header, serialization, entries })
    }

    /// The ACPI header.
    pub const fn header(&self) -> &'a SdtHeader {
        self.header
    }

    /// The serialization header.
    pub const fn serialization_header(&self) -> &'a SerializationHeader {
        self.serialization
    }

    /// The instruction entries, of all actions, in table order.
    pub const fn entries(&self) -> &'a [InstructionEntry] {
        self.entries
    }

    /// The bytes of the table: as many as its length says, at most those given.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What follows the last entry within the table's length. Linux tolerates up to 31 bytes.
    pub fn trailing(&self) -> &'a [u8] {
        let entries = self.entries.len().saturating_mul(size_of::<InstructionEntry>());
        self.bytes.get(ENTRIES_OFFSET.saturating_add(entries)..).unwrap_or_default()
    }

    /// The instructions of one action, in order, each with the index of its entry in the table.
    pub fn action(
        &self,
        action: Action,
    ) -> impl Iterator<Item = (usize, &'a InstructionEntry)> + Clone + use<'a> {
        self.entries.iter().enumerate().filter(move |(_, entry)| entry.action() == action)
    }

    /// Sum of all bytes of the table, 0 if its checksum is right.
    pub fn checksum(&self) -> u8 {
        sum(self.bytes)
    }

    /// Whether the table's length lies within the bytes given and its entry count is what its length holds: the rule by
    /// which Linux accepts a table (6.12 `erst_check_table`).
    pub fn is_complete(&self) -> bool {
        let length = self.header.length();
        usize::try_from(length) == Ok(self.bytes.len())
            && u64::from(self.serialization.entry_count()) == self.entries.len() as u64
            && self.trailing().len() < size_of::<InstructionEntry>()
            && matches!(self.serialization.header_size(), 12 | 48)
    }
}

impl fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("header", self.header)
            .field("serialization", self.serialization)
            .field("entries", &self.entries)
            .field("trailing_bytes", &self.trailing())
            .finish()
    }
}

/// One turn a byte, of the table's length.
fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

#[cfg(feature = "serde")]
impl serde::Serialize for SdtHeader {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("SdtHeader", 9)?;
        out.serialize_field("signature", &Text(&self.signature()))?;
        out.serialize_field("length", &self.length())?;
        out.serialize_field("revision", &self.revision())?;
        out.serialize_field("checksum", &self.checksum())?;
        out.serialize_field("oem_id", &Text(&self.oem_id()))?;
        out.serialize_field("oem_table_id", &Text(&self.oem_table_id()))?;
        out.serialize_field("oem_revision", &self.oem_revision())?;
        out.serialize_field("creator_id", &Text(&self.creator_id()))?;
        out.serialize_field("creator_revision", &self.creator_revision())?;
        out.end()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for SerializationHeader {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("SerializationHeader", 3)?;
        out.serialize_field("header_size", &self.header_size())?;
        out.serialize_field("reserved", &self.reserved())?;
        out.serialize_field("entry_count", &self.entry_count())?;
        out.end()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Table<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Table", 4)?;
        out.serialize_field("header", self.header)?;
        out.serialize_field("serialization_header", self.serialization)?;
        out.serialize_field("entries", self.entries)?;
        out.serialize_field(
            "trailing_bytes",
            &crate::grammar::Text(crate::grammar::HexBytes(self.trailing())),
        )?;
        out.end()
    }
}

/// Fixed-size text of the header, its other bytes escaped.
#[cfg(feature = "serde")]
struct Text<'a>(&'a [u8]);

#[cfg(feature = "serde")]
impl serde::Serialize for Text<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.escape_ascii())
    }
}

/// Writes a table; length, entry count and checksum are computed.
#[derive(Clone, Copy, Debug)]
pub struct TableWriter<'a> {
    header: SdtHeader,
    serialization: SerializationHeader,
    entries: &'a [InstructionEntry],
}

impl<'a> TableWriter<'a> {
    /// A table of these entries, of revision 1, its makers' fields blank, its serialization header size 48.
    #[inline]
    pub const fn new(entries: &'a [InstructionEntry]) -> Self {
        Self {
            header: SdtHeader::ZERO
                .with_signature(*b"ERST")
                .with_revision(1)
                .with_oem_id(*b"      ")
                .with_oem_table_id(*b"        ")
                .with_creator_id(*b"    "),
            serialization: SerializationHeader::ZERO.with_header_size(ENTRIES_OFFSET as u32),
            entries,
        }
    }

    /// A table like `table`: its makers' fields, its revision and its way to count the serialization header. Bytes
    /// after its last entry are not taken over.
    pub const fn like(table: &Table<'a>) -> Self {
        Self { header: *table.header, serialization: *table.serialization, entries: table.entries }
    }

    /// Maker of the machine, model, and revision of the table for it.
    #[must_use]
    #[inline]
    pub const fn with_oem(mut self, id: [u8; 6], table_id: [u8; 8], revision: u32) -> Self {
        self.header.set_oem_id(id);
        self.header.set_oem_table_id(table_id);
        self.header.set_oem_revision(revision);
        self
    }

    /// Maker and revision of the program that makes the table.
    #[must_use]
    #[inline]
    pub const fn with_creator(mut self, id: [u8; 4], revision: u32) -> Self {
        self.header.set_creator_id(id);
        self.header.set_creator_revision(revision);
        self
    }

    /// States the serialization header's size as 12, without the ACPI header, as some firmware does.
    #[must_use]
    pub const fn short_serialization_header(mut self) -> Self {
        self.serialization.set_header_size(size_of::<SerializationHeader>() as u32);
        self
    }

    /// Length of the table in bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooManyEntries`] when it exceeds 32 bits.
    pub const fn encoded_len(&self) -> Result<usize, Error> {
        let too_many = Error::at_offset(0, ErrorKind::TooManyEntries(self.entries.len()));
        let Some(entries) = self.entries.len().checked_mul(size_of::<InstructionEntry>()) else {
            return Err(too_many);
        };
        match entries.checked_add(ENTRIES_OFFSET) {
            Some(length) if length as u64 <= u32::MAX as u64 => Ok(length),
            _ => Err(too_many),
        }
    }

    /// Writes the table to the start of `buffer` and returns it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::BufferTooSmall`] and [`ErrorKind::TooManyEntries`]; the buffer is then as it was.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], Error> {
        let needed = self.encoded_len()?;
        let too_small = Error::at_offset(0, ErrorKind::buffer_too_small(needed, buffer.len()));
        let table = buffer.get_mut(..needed).ok_or(too_small)?;

        let mut header = self.header;
        header.set_length(needed as u32);
        header.set_checksum(0);
        let mut serialization = self.serialization;
        serialization.set_entry_count(self.entries.len() as u32);
        let parts = [header.as_bytes(), serialization.as_bytes(), self.entries.as_bytes()];
        let total = parts.iter().fold(0_u8, |total, part| total.wrapping_add(sum(part)));
        header.set_checksum(total.wrapping_neg());

        header.write_to_prefix(table).map_err(|_| too_small)?;
        let rest = table.get_mut(size_of::<SdtHeader>()..).ok_or(too_small)?;
        serialization.write_to_prefix(rest).map_err(|_| too_small)?;
        let rest = rest.get_mut(size_of::<SerializationHeader>()..).ok_or(too_small)?;
        self.entries.write_to(rest).map_err(|_| too_small)?;
        Ok(table)
    }
}

/// The common register layout: an action register that carries out the action whose number is written to it, and a
/// value register for what goes in and out.
///
/// QEMU's `acpi-erst` device has it (`hw/acpi/erst.c`), [`at`](Self::at) the address of its first memory region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterLayout {
    /// Address space of both registers.
    pub space: AddressSpace,
    /// Address of the 32-bit action register.
    pub action: u64,
    /// Address of the 64-bit value register.
    pub value: u64,
    /// Value that must be in the value register when `EXECUTE_OPERATION` is written.
    pub execute: u32,
}

impl RegisterLayout {
    /// QEMU's layout: action register at `base`, value register at `base + 8`, 0x9c to execute.
    pub const fn at(base: u64) -> Self {
        Self { space: AddressSpace::SYSTEM_MEMORY, action: base, value: base.wrapping_add(8), execute: 0x9c }
    }

    /// The 27 entries of the sixteen actions, as QEMU writes them.
    pub const fn entries(&self) -> [InstructionEntry; 27] {
        use Action as A;
        let command = GenericAddress::new(self.space, self.action, AccessWidth::Dword);
        let value = GenericAddress::new(self.space, self.value, AccessWidth::Dword);
        let wide = GenericAddress::new(self.space, self.value, AccessWidth::Qword);
        [
            Self::start(A::BEGIN_WRITE_OPERATION, command),
            Self::start(A::BEGIN_READ_OPERATION, command),
            Self::start(A::BEGIN_CLEAR_OPERATION, command),
            Self::start(A::END_OPERATION, command),
            InstructionEntry::new(A::SET_RECORD_OFFSET, Instruction::WRITE_REGISTER, value),
            Self::start(A::SET_RECORD_OFFSET, command),
            InstructionEntry::new(A::EXECUTE_OPERATION, Instruction::WRITE_REGISTER_VALUE, value)
                .with_value(self.execute as u64),
            Self::start(A::EXECUTE_OPERATION, command),
            Self::start(A::CHECK_BUSY_STATUS, command),
            InstructionEntry::new(A::CHECK_BUSY_STATUS, Instruction::READ_REGISTER_VALUE, value)
                .with_value(1),
            Self::start(A::GET_COMMAND_STATUS, command),
            InstructionEntry::new(A::GET_COMMAND_STATUS, Instruction::READ_REGISTER, value),
            Self::start(A::GET_RECORD_IDENTIFIER, command),
            InstructionEntry::new(A::GET_RECORD_IDENTIFIER, Instruction::READ_REGISTER, wide),
            InstructionEntry::new(A::SET_RECORD_IDENTIFIER, Instruction::WRITE_REGISTER, wide),
            Self::start(A::SET_RECORD_IDENTIFIER, command),
            Self::start(A::GET_RECORD_COUNT, command),
            InstructionEntry::new(A::GET_RECORD_COUNT, Instruction::READ_REGISTER, value),
            Self::start(A::BEGIN_DUMMY_WRITE_OPERATION, command),
            Self::start(A::GET_ERROR_LOG_ADDRESS_RANGE, command),
            InstructionEntry::new(A::GET_ERROR_LOG_ADDRESS_RANGE, Instruction::READ_REGISTER, wide),
            Self::start(A::GET_ERROR_LOG_ADDRESS_RANGE_LENGTH, command),
            InstructionEntry::new(A::GET_ERROR_LOG_ADDRESS_RANGE_LENGTH, Instruction::READ_REGISTER, wide),
            Self::start(A::GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES, command),
            InstructionEntry::new(
                A::GET_ERROR_LOG_ADDRESS_RANGE_ATTRIBUTES,
                Instruction::READ_REGISTER,
                value,
            ),
            Self::start(A::GET_EXECUTE_OPERATION_TIMINGS, command),
            InstructionEntry::new(A::GET_EXECUTE_OPERATION_TIMINGS, Instruction::READ_REGISTER, wide),
        ]
    }

    /// The instruction that starts an action: its number into the action register.
    const fn start(action: Action, register: GenericAddress) -> InstructionEntry {
        InstructionEntry::new(action, Instruction::WRITE_REGISTER_VALUE, register)
            .with_value(action.raw() as u64)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;
    use std::vec;

    const QEMU: &[u8] = include_bytes!("../data/qemu-q35-ERST.bin");

    #[test]
    fn qemus_table_reads() {
        let table = Table::parse(QEMU).unwrap();
        assert_eq!(table.header().oem_id(), *b"BOCHS ");
        assert_eq!(table.header().checksum(), 0x33);
        assert_eq!(table.checksum(), 0);
        assert_eq!(table.serialization_header().header_size(), 48);
        assert_eq!(table.entries().len(), 27);
        assert!(table.is_complete() && table.trailing().is_empty());
        let busy: vec::Vec<_> = table.action(Action::CHECK_BUSY_STATUS).collect();
        assert_eq!(busy, [(8, &table.entries()[8]), (9, &table.entries()[9])]);
        assert_eq!(table.action(Action::new(0x0c)).count(), 0);
    }

    #[test]
    fn qemus_table_is_built_byte_for_byte_from_its_register_address() {
        let entries = RegisterLayout::at(0xfebf_d000).entries();
        let mut buffer = [0xa5; 1000];
        let table = TableWriter::new(&entries)
            .with_oem(*b"BOCHS ", *b"BXPC    ", 1)
            .with_creator(*b"BXPC", 1)
            .encode(&mut buffer)
            .unwrap();
        assert_eq!(table, QEMU);
        assert!(buffer[912..].iter().all(|&byte| byte == 0xa5));
    }

    #[test]
    fn qemus_table_is_rebuilt_byte_for_byte_from_its_parts() {
        let table = Table::parse(QEMU).unwrap();
        let mut buffer = [0xa5; 912];
        assert_eq!(TableWriter::like(&table).encode(&mut buffer).unwrap(), QEMU);
    }

    #[test]
    fn every_length_below_the_whole_is_an_error_or_an_incomplete_table() {
        for length in 0..QEMU.len() {
            match Table::parse(&QEMU[..length]) {
                Err(error) => {
                    let available = length as u32;
                    assert_eq!(
                        error.kind(),
                        ErrorKind::TooShort { what: "the table", needed: 48, available }
                    );
                    assert!(length < 48);
                }
                Ok(table) => {
                    assert!(!table.is_complete(), "{length}");
                    assert_eq!(table.entries().len(), (length - 48) / 32);
                    assert_eq!(table.as_bytes().len(), length);
                }
            }
        }
    }

    #[test]
    fn lengths_inside_never_exceed_the_slice_and_the_count_bounds_the_entries() {
        let mut bytes = [0; 912];
        bytes.copy_from_slice(QEMU);
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        bytes[44..48].copy_from_slice(&u32::MAX.to_le_bytes());
        let table = Table::parse(&bytes).unwrap();
        assert_eq!((table.entries().len(), table.is_complete()), (27, false));

        bytes[4..8].copy_from_slice(&0_u32.to_le_bytes());
        let table = Table::parse(&bytes).unwrap();
        assert_eq!((table.entries().len(), table.as_bytes().len(), table.is_complete()), (0, 48, false));

        bytes[4..8].copy_from_slice(&912_u32.to_le_bytes());
        bytes[44..48].copy_from_slice(&2_u32.to_le_bytes());
        let table = Table::parse(&bytes).unwrap();
        assert_eq!((table.entries().len(), table.trailing().len(), table.is_complete()), (2, 800, false));

        bytes[0] = b'F';
        let error = Table::parse(&bytes).unwrap_err();
        assert_eq!(format!("{error}"), "offset 0: signature \"FRST\", not \"ERST\"");
    }

    #[test]
    fn both_counts_of_the_serialization_header_and_short_trailing_bytes_are_complete() {
        let entries = RegisterLayout::at(0x1000).entries();
        let mut buffer = [0xa5; 943];
        TableWriter::new(&entries).short_serialization_header().encode(&mut buffer).unwrap();
        buffer[4..8].copy_from_slice(&943_u32.to_le_bytes());
        let table = Table::parse(&buffer).unwrap();
        assert_eq!(table.serialization_header().header_size(), 12);
        assert_eq!((table.trailing(), table.is_complete()), (&[0xa5; 31][..], true));
        assert_ne!(table.checksum(), 0);
    }

    #[test]
    fn a_buffer_too_small_stays_as_it_was() {
        let entries = RegisterLayout::at(0x1000).entries();
        for length in [0, 47, 911] {
            let mut buffer = vec![0xa5; length];
            let error = TableWriter::new(&entries).encode(&mut buffer).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BufferTooSmall { needed: 912, available: length as u32 });
            assert!(buffer.iter().all(|&byte| byte == 0xa5));
        }
    }
}
