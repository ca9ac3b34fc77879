//! The machine's registers and memory, as firmware runs: physical addresses are the processor's own.

// Memory and ports that no Rust object lies in are reached by volatile accesses and port instructions; everything
// unsafe of this program is in this file.
#![allow(unsafe_code)]

use alloc::vec::Vec;
use core::arch::asm;
use core::time::Duration;

use erst_table::{AccessWidth, AddressSpace, IoError, RegisterIo};
use uefi::boot::{self, MemoryType};
use uefi::mem::memory_map::{MemoryMap, MemoryMapOwned};

const PAGE: u64 = 4096;

/// What a table from firmware may make this program touch.
///
/// Reading asks that the address be mapped: an address that is not would end in a fault. Writing asks further that it
/// be none of the memory that the firmware's memory map gives to programs, its own code or the operating system: no
/// store of a platform is there, and a table that says so is wrong.
pub struct Hardware {
    map: MemoryMapOwned,
}

impl Hardware {
    /// The machine, with the firmware's memory map of this moment.
    pub fn new() -> uefi::Result<Self> {
        Ok(Self { map: boot::memory_map(MemoryType::LOADER_DATA)? })
    }

    /// A copy of this many bytes.
    pub fn copy(&mut self, address: u64, length: usize) -> Result<Vec<u8>, IoError> {
        self.check(address, length as u64, Access::Read)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).map_err(|_| IoError::Failed)?;
        bytes.resize(length, 0);
        self.read_memory(address, &mut bytes)?;
        Ok(bytes)
    }

    fn check(&self, address: u64, length: u64, access: Access) -> Result<(), IoError> {
        let last = length.checked_sub(1).and_then(|more| address.checked_add(more)).ok_or(IoError::Failed)?;
        for page in address / PAGE..=last / PAGE {
            let writable = mapped(page * PAGE).ok_or(IoError::Failed)?;
            if access == Access::Write && !(writable && self.is_platform_memory(page * PAGE)) {
                return Err(IoError::Unsupported);
            }
        }
        Ok(())
    }

    /// Whether nothing of this program, of its firmware's or of what the operating system will use is there.
    fn is_platform_memory(&self, page: u64) -> bool {
        let kind = self.map.entries().find(|range| {
            let length = range.page_count.saturating_mul(PAGE);
            page >= range.phys_start && page - range.phys_start < length
        });
        kind.is_none_or(|range| {
            matches!(
                range.ty,
                MemoryType::RESERVED
                    | MemoryType::ACPI_NON_VOLATILE
                    | MemoryType::RUNTIME_SERVICES_DATA
                    | MemoryType::MMIO
                    | MemoryType::MMIO_PORT_SPACE
            )
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl RegisterIo for Hardware {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        match space {
            AddressSpace::SYSTEM_MEMORY => {
                if !address.is_multiple_of(u64::from(width.bytes())) {
                    return Err(IoError::Unsupported);
                }
                self.check(address, u64::from(width.bytes()), Access::Read)?;
                let at = address as usize;
                // SAFETY: the address is mapped, to itself, and aligned; it is read once, in the width asked for.
                Ok(unsafe {
                    match width {
                        AccessWidth::Byte => u64::from((at as *const u8).read_volatile()),
                        AccessWidth::Word => u64::from((at as *const u16).read_volatile()),
                        AccessWidth::Dword => u64::from((at as *const u32).read_volatile()),
                        AccessWidth::Qword => (at as *const u64).read_volatile(),
                    }
                })
            }
            AddressSpace::SYSTEM_IO => {
                let port = u16::try_from(address).map_err(|_| IoError::Failed)?;
                let mut value = 0_u32;
                // SAFETY: a port is no memory; firmware's own table names it as one of the store's registers.
                unsafe {
                    match width {
                        AccessWidth::Byte => {
                            asm!("in al, dx", in("dx") port, inout("eax") value, options(nomem, nostack));
                        }
                        AccessWidth::Word => {
                            asm!("in ax, dx", in("dx") port, inout("eax") value, options(nomem, nostack));
                        }
                        AccessWidth::Dword => {
                            asm!("in eax, dx", in("dx") port, inout("eax") value, options(nomem, nostack));
                        }
                        AccessWidth::Qword => return Err(IoError::Unsupported),
                    }
                }
                Ok(u64::from(value))
            }
            _ => Err(IoError::Unsupported),
        }
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        match space {
            AddressSpace::SYSTEM_MEMORY => {
                if !address.is_multiple_of(u64::from(width.bytes())) {
                    return Err(IoError::Unsupported);
                }
                self.check(address, u64::from(width.bytes()), Access::Write)?;
                let at = address as usize;
                // SAFETY: as for reading; and nothing of this program or its firmware is there.
                unsafe {
                    match width {
                        AccessWidth::Byte => (at as *mut u8).write_volatile(value as u8),
                        AccessWidth::Word => (at as *mut u16).write_volatile(value as u16),
                        AccessWidth::Dword => (at as *mut u32).write_volatile(value as u32),
                        AccessWidth::Qword => (at as *mut u64).write_volatile(value),
                    }
                }
            }
            AddressSpace::SYSTEM_IO => {
                let port = u16::try_from(address).map_err(|_| IoError::Failed)?;
                // SAFETY: as for reading.
                unsafe {
                    match width {
                        AccessWidth::Byte => asm!("out dx, al", in("dx") port, in("al") value as u8),
                        AccessWidth::Word => asm!("out dx, ax", in("dx") port, in("ax") value as u16),
                        AccessWidth::Dword => asm!("out dx, eax", in("dx") port, in("eax") value as u32),
                        AccessWidth::Qword => return Err(IoError::Unsupported),
                    }
                }
            }
            _ => return Err(IoError::Unsupported),
        }
        Ok(())
    }

    fn stall_us(&mut self, microseconds: u64) {
        boot::stall(Duration::from_micros(microseconds));
    }

    fn read_memory(&mut self, address: u64, into: &mut [u8]) -> Result<(), IoError> {
        self.check(address, into.len() as u64, Access::Read)?;
        for (offset, byte) in into.iter_mut().enumerate() {
            // SAFETY: the whole range is mapped, to itself.
            *byte = unsafe { ((address as usize + offset) as *const u8).read_volatile() };
        }
        Ok(())
    }

    fn write_memory(&mut self, address: u64, from: &[u8]) -> Result<(), IoError> {
        self.check(address, from.len() as u64, Access::Write)?;
        for (offset, &byte) in from.iter().enumerate() {
            // SAFETY: the whole range is mapped, to itself, and nothing of this program or its firmware is there.
            unsafe { ((address as usize + offset) as *mut u8).write_volatile(byte) };
        }
        Ok(())
    }
}

/// Whether the page at this address is mapped to itself, and if so, whether it can be written (Intel SDM volume 3,
/// chapter "Paging": 4 or 5 levels of tables).
fn mapped(address: u64) -> Option<bool> {
    const PRESENT: u64 = 1;
    const WRITABLE: u64 = 1 << 1;
    const LARGE: u64 = 1 << 7;
    const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
    let (mut table, control): (u64, u64);
    // SAFETY: firmware runs where these registers may be read.
    unsafe {
        asm!("mov {}, cr3", out(reg) table, options(nomem, nostack, preserves_flags));
        asm!("mov {}, cr4", out(reg) control, options(nomem, nostack, preserves_flags));
    }
    let levels = if control & (1 << 12) == 0 { 4 } else { 5 };
    // Higher addresses are those of the sign-extended half, or none.
    if address >> (11 + 9 * levels) != 0 {
        return None;
    }
    let mut writable = true;
    for level in (0..levels).rev() {
        let shift = 12 + 9 * level;
        let index = (address >> shift) & 0x1ff;
        let entry = ((table & ADDRESS) + index * 8) as *const u64;
        // SAFETY: the processor itself reads this entry of its tables when the address is used; firmware has them mapped.
        let entry = unsafe { entry.read_volatile() };
        if entry & PRESENT == 0 {
            return None;
        }
        writable &= entry & WRITABLE != 0;
        if level == 0 || (level < 3 && entry & LARGE != 0) {
            let inside = (1 << shift) - 1;
            return ((entry & ADDRESS & !inside) | (address & inside) == address).then_some(writable);
        }
        table = entry;
    }
    None
}
