//! Addresses of PCI functions: segment, bus, device and function.

use core::fmt;

use zerocopy::little_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Where a PCI function is found: `0000:3b:00.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PciAddress {
    /// Segment (domain).
    pub segment: u16,
    /// Bus.
    pub bus: u8,
    /// Device on the bus: 0 to 31, though some sections have room for more.
    pub device: u8,
    /// Function of the device: 0 to 7, though some sections have room for more.
    pub function: u8,
}

impl fmt::Display for PciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, bus, device, function } = self;
        write!(f, "{segment:04x}:{bus:02x}:{device:02x}.{function:x}")
    }
}

/// The 16 bits that name a requester in PCIe messages and DMA faults: bus in bits 15:8, device in bits 7:3, function
/// in bits 2:0.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(transparent)]
pub struct RequesterId(pub U16);

impl RequesterId {
    /// The requester with these 16 bits.
    pub const fn new(raw: u16) -> Self {
        Self(U16::new(raw))
    }

    /// All 16 bits.
    pub const fn raw(self) -> u16 {
        self.0.get()
    }

    /// Bus.
    pub const fn bus(self) -> u8 {
        (self.raw() >> 8) as u8
    }

    /// Device, 0 to 31.
    pub const fn device(self) -> u8 {
        (self.raw() >> 3) as u8 & 0x1f
    }

    /// Function, 0 to 7.
    pub const fn function(self) -> u8 {
        self.raw() as u8 & 7
    }

    /// The function's address in a segment.
    pub const fn in_segment(self, segment: u16) -> PciAddress {
        PciAddress { segment, bus: self.bus(), device: self.device(), function: self.function() }
    }
}

impl fmt::Display for RequesterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}:{:02x}.{:x}", self.bus(), self.device(), self.function())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_requester_comes_apart() {
        let id = RequesterId::new(0x3bfd);
        assert_eq!((id.raw(), id.bus(), id.device(), id.function()), (0x3bfd, 0x3b, 31, 5));
        assert_eq!(id.to_string(), "3b:1f.5");
        assert_eq!(id.as_bytes(), [0xfd, 0x3b]);
        let address = id.in_segment(0x12a);
        assert_eq!(address, PciAddress { segment: 0x12a, bus: 0x3b, device: 31, function: 5 });
        assert_eq!(address.to_string(), "012a:3b:1f.5");
    }
}
