//! Finds ACPI tables: configuration table, RSDP, XSDT (ACPI 6.5 sections 5.2.5 to 5.2.8).

use alloc::vec::Vec;
use core::fmt;
use core::mem::size_of;

use erst_table::{IoError, SdtHeader};
use uefi::system::with_config_table;
use uefi::table::cfg::ConfigTableEntry;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::hardware::Hardware;

/// Root system description pointer, of ACPI 2.0 and later (ACPI 6.5 table 5.3, 36 bytes).
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Rsdp {
    signature: [u8; 8],
    checksum: u8,
    oem_id: [u8; 6],
    revision: u8,
    rsdt_address: U32,
    length: U32,
    xsdt_address: U64,
    extended_checksum: u8,
    reserved: [u8; 3],
}
const _: () = assert!(size_of::<Rsdp>() == 36);

/// No table is longer: what says so is no table.
const LONGEST: u32 = 16 << 20;

/// Why a table cannot be had.
#[derive(Debug)]
pub enum Unusable {
    /// Firmware hands out no RSDP of ACPI 2.0.
    NoRsdp,
    /// Nothing is mapped there.
    Unreadable(&'static str, u64),
    /// Another signature than it should have.
    Signature(&'static str, u64),
    /// The bytes do not sum to 0.
    Checksum(&'static str, u64),
    /// A length that no table has.
    Length(u64, u32),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRsdp => f.write_str("firmware's configuration table has no RSDP of ACPI 2.0"),
            Self::Unreadable(what, address) => write!(f, "{what} at {address:#x}: nothing is mapped there"),
            Self::Signature(what, address) => write!(f, "{what} at {address:#x}: it has another signature"),
            Self::Checksum(what, address) => write!(f, "{what} at {address:#x}: its checksum is wrong"),
            Self::Length(address, length) => write!(f, "table at {address:#x}: its length is {length}"),
        }
    }
}

/// The addresses of the machine's ACPI tables.
pub struct Tables(Vec<u64>);

impl Tables {
    /// The tables that the XSDT lists.
    pub fn find(hardware: &mut Hardware) -> Result<Self, Unusable> {
        let rsdp = with_config_table(|entries| {
            let entry = entries.iter().find(|entry| entry.guid == ConfigTableEntry::ACPI2_GUID);
            entry.map(|entry| entry.address as u64)
        });
        let at = rsdp.ok_or(Unusable::NoRsdp)?;
        let unreadable = |_: IoError| Unusable::Unreadable("RSDP", at);
        let bytes = hardware.copy(at, size_of::<Rsdp>()).map_err(unreadable)?;
        let rsdp = Rsdp::ref_from_bytes(&bytes).map_err(|_| Unusable::NoRsdp)?;
        if rsdp.signature != *b"RSD PTR " {
            return Err(Unusable::Signature("RSDP", at));
        }
        if sum(&bytes) != 0 {
            return Err(Unusable::Checksum("RSDP", at));
        }
        let at = rsdp.xsdt_address.get();
        let xsdt = load(hardware, at)?;
        if !xsdt.starts_with(b"XSDT") {
            return Err(Unusable::Signature("XSDT", at));
        }
        if sum(&xsdt) != 0 {
            return Err(Unusable::Checksum("XSDT", at));
        }
        let entries = xsdt[size_of::<SdtHeader>()..].chunks_exact(8);
        Ok(Self(entries.filter_map(|entry| Some(u64::from_le_bytes(*entry.first_chunk()?))).collect()))
    }

    /// The first table of this signature, as it lies in memory, right or wrong, and how many there are.
    pub fn table(
        &self,
        signature: [u8; 4],
        hardware: &mut Hardware,
    ) -> Result<Option<(Vec<u8>, usize)>, Unusable> {
        let mut found = None;
        let mut count = 0;
        for &address in &self.0 {
            // What cannot even be looked at is another table, as far as anybody can tell.
            let is_it = hardware.copy(address, 4).is_ok_and(|begins| begins == signature);
            if is_it {
                found = found.or(Some(address));
                count += 1;
            }
        }
        found.map(|address| Ok((load(hardware, address)?, count))).transpose()
    }
}

/// The table at this address, as long as its header says.
fn load(hardware: &mut Hardware, address: u64) -> Result<Vec<u8>, Unusable> {
    let unreadable = |_: IoError| Unusable::Unreadable("table", address);
    let header = hardware.copy(address, size_of::<SdtHeader>()).map_err(unreadable)?;
    let length = SdtHeader::ref_from_bytes(&header).map_or(0, SdtHeader::length);
    if length < size_of::<SdtHeader>() as u32 || length > LONGEST {
        return Err(Unusable::Length(address, length));
    }
    hardware.copy(address, length as usize).map_err(unreadable)
}

/// What the bytes of a table sum to: 0 if it is whole.
pub fn sum(table: &[u8]) -> u8 {
    table.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}
