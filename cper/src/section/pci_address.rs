//! Addresses of PCI functions: segment, bus, device and function.

use core::fmt;
use core::str::FromStr;

use crate::grammar::number;

/// Address of a PCI function: `0000:3b:00.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PciAddress {
    /// Segment (Linux: domain).
    pub segment: u16,
    /// Bus.
    pub bus: u8,
    /// Device on the bus: 0 to 31, though some sections have room for more.
    pub device: u8,
    /// Function of the device: 0 to 7, though some sections have room for more.
    pub function: u8,
}

impl PciAddress {
    /// The address of a function.
    pub const fn new(segment: u16, bus: u8, device: u8, function: u8) -> Self {
        Self { segment, bus, device, function }
    }
}

/// Reads `0000:3b:00.0`, or `3b:00.0` in segment 0: digits are hexadecimal.
impl FromStr for PciAddress {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, crate::Error> {
        parse(text).ok_or(crate::Error::new(crate::ErrorKind::PciAddressText, 0))
    }
}

fn parse(text: &str) -> Option<PciAddress> {
    let (rest, function) = text.rsplit_once('.')?;
    let (rest, device) = rest.rsplit_once(':')?;
    let (segment, bus) = rest.rsplit_once(':').unwrap_or(("0", rest));
    let [segment, bus, device, function] =
        [(segment, 4), (bus, 2), (device, 2), (function, 2)].map(|(digits, most)| {
            let is_hex = digits.len() <= most && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            if is_hex { u16::from_str_radix(digits, 16).ok() } else { None }
        });
    Some(PciAddress::new(segment?, bus? as u8, device? as u8, function? as u8))
}

/// Its text; the four numbers in a binary format.
#[cfg(feature = "serde")]
impl serde::Serialize for PciAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.segment, self.bus, self.device, self.function).serialize(serializer)
        }
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for PciAddress {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return crate::grammar::deserialize_text(deserializer, "a PCI address");
        }
        let (segment, bus, device, function) = serde::Deserialize::deserialize(deserializer)?;
        Ok(Self { segment, bus, device, function })
    }
}

impl fmt::Display for PciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { segment, bus, device, function } = self;
        write!(f, "{segment:04x}:{bus:02x}:{device:02x}.{function:x}")
    }
}

number! {
    /// The 16 bits that name a requester in PCIe messages and DMA faults: bus in bits 15:8, device in bits 7:3,
    /// function in bits 2:0.
    RequesterId: u16
}

impl RequesterId {
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
        let address = id.in_segment(0x12a);
        assert_eq!(address, PciAddress { segment: 0x12a, bus: 0x3b, device: 31, function: 5 });
        assert_eq!(address.to_string(), "012a:3b:1f.5");
    }

    #[test]
    fn the_text_of_an_address_is_read() {
        for (text, address) in [
            ("0000:3b:00.0", PciAddress::new(0, 0x3b, 0, 0)),
            ("3b:00.0", PciAddress::new(0, 0x3b, 0, 0)),
            ("012a:FF:1f.7", PciAddress::new(0x12a, 0xff, 31, 7)),
        ] {
            assert_eq!(text.parse(), Ok(address));
        }
        let largest = PciAddress::new(u16::MAX, u8::MAX, u8::MAX, u8::MAX);
        assert_eq!(largest.to_string().parse(), Ok(largest));
        for text in
            ["", "3b", "3b:00", "3b:00.", ":00.0", "3b:+0.0", "0:3b:100.0", "10000:3b:00.0", "a:b:c:d.e"]
        {
            assert!(text.parse::<PciAddress>().is_err(), "{text}");
        }
    }
}
