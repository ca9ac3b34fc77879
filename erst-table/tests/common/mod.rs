//! What the tests share: a record to store, and a machine that writes down what is done to it.

// Each test program uses its part of this.
#![allow(dead_code)]

#[cfg(feature = "sim")]
use erst_table::{AccessWidth, Action, AddressSpace, IoError, RegisterIo, sim};

/// A record of `length` bytes, its body full of `fill`.
pub(crate) fn record(identifier: u64, length: usize, fill: u8) -> Vec<u8> {
    let mut bytes = vec![fill; length];
    bytes[..128].fill(0);
    bytes[..4].copy_from_slice(b"CPER");
    bytes[4..6].copy_from_slice(&0x0100_u16.to_le_bytes());
    bytes[6..10].fill(0xff);
    bytes[20..24].copy_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
    bytes[96..104].copy_from_slice(&identifier.to_le_bytes());
    bytes[108..110].copy_from_slice(b"ER");
    bytes
}

/// Passes accesses on and keeps the numbers written to the action register, and where the range was written.
#[cfg(feature = "sim")]
pub(crate) struct Recorder<Io> {
    pub(crate) io: Io,
    pub(crate) actions: Vec<Action>,
    /// Writes to the range, by the number of actions before them.
    pub(crate) range_writes: Vec<usize>,
}

#[cfg(feature = "sim")]
impl<Io> Recorder<Io> {
    pub(crate) fn new(io: Io) -> Self {
        Self { io, actions: Vec::new(), range_writes: Vec::new() }
    }
}

#[cfg(feature = "sim")]
impl<Io: RegisterIo> RegisterIo for Recorder<Io> {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        self.io.read(space, address, width)
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        if address == sim::REGISTERS {
            self.actions.push(Action::new(value as u8));
        } else if address >= sim::RANGE {
            self.range_writes.push(self.actions.len());
        }
        self.io.write(space, address, width, value)
    }

    fn stall_us(&mut self, microseconds: u64) {
        self.io.stall_us(microseconds);
    }
}
