//! The machine's registers and memory, from user space through `/dev/mem`.

// Mapped device memory is reached through raw pointers; everything unsafe of this program is in this file.
#![allow(unsafe_code)]
// Pages are aligned, and an address that is not aligned to its register is refused.
#![allow(clippy::cast_ptr_alignment)]

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use erst_table::{AccessWidth, AddressSpace, IoError, RegisterIo};
use memmap2::{MmapOptions, MmapRaw};

const PAGE: u64 = 4096;
/// Linux `O_SYNC` on x86-64: `/dev/mem` is mapped uncached.
const O_SYNC: i32 = 0o4_010_000;

/// Physical memory, mapped a page at a time where it is touched.
#[derive(Debug)]
pub struct PhysicalMemory {
    device: File,
    pages: BTreeMap<u64, MmapRaw>,
}

impl PhysicalMemory {
    /// The memory of this machine.
    ///
    /// # Errors
    ///
    /// When the kernel does not hand it out.
    pub fn open() -> io::Result<Self> {
        let device = OpenOptions::new().read(true).write(true).custom_flags(O_SYNC).open("/dev/mem")?;
        Ok(Self { device, pages: BTreeMap::new() })
    }

    /// Where `address` is mapped; a register of `length` bytes lies on one page.
    fn at(&mut self, address: u64, length: u64) -> Result<*mut u8, IoError> {
        let (page, offset) = (address / PAGE, address % PAGE);
        if offset + length > PAGE || !address.is_multiple_of(length) {
            return Err(IoError::Unsupported);
        }
        if !self.pages.contains_key(&page) {
            let map = MmapOptions::new().offset(page * PAGE).len(PAGE as usize).map_raw(&self.device);
            self.pages.insert(page, map.map_err(|_| IoError::Failed)?);
        }
        // SAFETY: `offset` is below the length of the mapping.
        Ok(unsafe { self.pages[&page].as_mut_ptr().add(offset as usize) })
    }
}

impl RegisterIo for PhysicalMemory {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        if space != AddressSpace::SYSTEM_MEMORY {
            return Err(IoError::Unsupported);
        }
        let at = self.at(address, u64::from(width.bits() / 8))?;
        // SAFETY: `at` is mapped for as many bytes as are read, and aligned to them; a device's memory is accessed
        // once, in the width asked for, by a volatile read.
        Ok(unsafe {
            match width {
                AccessWidth::Byte => u64::from(at.read_volatile()),
                AccessWidth::Word => u64::from(at.cast::<u16>().read_volatile()),
                AccessWidth::Dword => u64::from(at.cast::<u32>().read_volatile()),
                AccessWidth::Qword => at.cast::<u64>().read_volatile(),
            }
        })
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        if space != AddressSpace::SYSTEM_MEMORY {
            return Err(IoError::Unsupported);
        }
        let at = self.at(address, u64::from(width.bits() / 8))?;
        // SAFETY: as for reading; nothing of this program lives in the memory of a device.
        unsafe {
            match width {
                AccessWidth::Byte => at.write_volatile(value as u8),
                AccessWidth::Word => at.cast::<u16>().write_volatile(value as u16),
                AccessWidth::Dword => at.cast::<u32>().write_volatile(value as u32),
                AccessWidth::Qword => at.cast::<u64>().write_volatile(value),
            }
        }
        Ok(())
    }

    /// Page by page, for large records; in ascending order.
    fn write_memory(&mut self, address: u64, from: &[u8]) -> Result<(), IoError> {
        let mut address = address;
        let mut rest = from;
        while !rest.is_empty() {
            let room = (PAGE - address % PAGE) as usize;
            let (part, after) = rest.split_at(room.min(rest.len()));
            let at = self.at(address, 1)?;
            let mut done = 0;
            for eight in part.chunks(8) {
                // SAFETY: all of the part lies on the page that is mapped at `at`; nothing of this program is there.
                unsafe {
                    match eight.first_chunk() {
                        Some(eight) => at.add(done).cast::<[u8; 8]>().write_volatile(*eight),
                        None => {
                            for (offset, byte) in eight.iter().enumerate() {
                                at.add(done + offset).write_volatile(*byte);
                            }
                        }
                    }
                }
                done += eight.len();
            }
            address += part.len() as u64;
            rest = after;
        }
        Ok(())
    }

    fn stall_us(&mut self, microseconds: u64) {
        let end = Instant::now() + Duration::from_micros(microseconds);
        while Instant::now() < end {
            std::hint::spin_loop();
        }
    }
}
