//! The machine under the table: its registers and its memory, which the crate reaches through its user.

use core::fmt;

use crate::{AccessWidth, AddressSpace};

/// Why a register could not be accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IoError {
    /// There is no access of this width, or to this address space.
    Unsupported,
    /// The access failed, or nothing is at this address.
    Failed,
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsupported => "register access not supported",
            Self::Failed => "register access failed",
        })
    }
}

/// The machine: its registers, its memory and a way to wait.
///
/// Addresses are physical. Accesses must reach the hardware once each, in the order of the calls and in the width asked
/// for: volatile accesses to mapped memory, port instructions. Whoever runs in a place that must not block (a panic, an
/// NMI) maps everything beforehand, and answers [`IoError`] for what it cannot reach.
///
/// Only `read`, `write` and `stall_us` are needed. The others have bodies that go byte by byte through them; an
/// implementation that has the memory mapped may copy faster, as long as bytes arrive in ascending order.
pub trait RegisterIo {
    /// Reads a register, its value in the lower bits.
    ///
    /// # Errors
    ///
    /// [`IoError::Unsupported`] for a space or width it does not serve, [`IoError::Failed`] where the access fails.
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError>;

    /// Writes a register. `value` has no bit above `width`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError>;

    /// Waits that many microseconds. At most 50 at a time come from [`Store`](crate::Store)'s own polling; a table's
    /// `STALL` may ask for more.
    fn stall_us(&mut self, microseconds: u64);

    /// Reads memory, of the error log address range: here one access for each byte.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn read_memory(&mut self, address: u64, into: &mut [u8]) -> Result<(), IoError> {
        let mut address = address;
        for byte in into {
            *byte = self.read(AddressSpace::SYSTEM_MEMORY, address, AccessWidth::Byte)? as u8;
            address = address.wrapping_add(1);
        }
        Ok(())
    }

    /// Writes memory, of the error log address range, in ascending order: here one access for each byte.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn write_memory(&mut self, address: u64, from: &[u8]) -> Result<(), IoError> {
        let mut address = address;
        for byte in from {
            self.write(AddressSpace::SYSTEM_MEMORY, address, AccessWidth::Byte, u64::from(*byte))?;
            address = address.wrapping_add(1);
        }
        Ok(())
    }

    /// Moves memory for `MOVE_DATA`; source and destination may overlap. Here two accesses for each byte, of which the
    /// interpreter asks for at most [`Limits::move_bytes`](crate::Limits::move_bytes).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn move_memory(&mut self, destination: u64, source: u64, length: u64) -> Result<(), IoError> {
        // From the end when the destination lies after the source, so that no byte is overwritten before it is read.
        let (mut offset, step) =
            if destination > source { (length.wrapping_sub(1), u64::MAX) } else { (0, 1) };
        let mut left = length;
        while left != 0 {
            let byte =
                self.read(AddressSpace::SYSTEM_MEMORY, source.wrapping_add(offset), AccessWidth::Byte)?;
            let to = destination.wrapping_add(offset);
            self.write(AddressSpace::SYSTEM_MEMORY, to, AccessWidth::Byte, byte & 0xff)?;
            offset = offset.wrapping_add(step);
            left = left.wrapping_sub(1);
        }
        Ok(())
    }
}

impl<Io: RegisterIo + ?Sized> RegisterIo for &mut Io {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        (**self).read(space, address, width)
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        (**self).write(space, address, width, value)
    }

    fn stall_us(&mut self, microseconds: u64) {
        (**self).stall_us(microseconds);
    }

    fn read_memory(&mut self, address: u64, into: &mut [u8]) -> Result<(), IoError> {
        (**self).read_memory(address, into)
    }

    fn write_memory(&mut self, address: u64, from: &[u8]) -> Result<(), IoError> {
        (**self).write_memory(address, from)
    }

    fn move_memory(&mut self, destination: u64, source: u64, length: u64) -> Result<(), IoError> {
        (**self).move_memory(destination, source, length)
    }
}
