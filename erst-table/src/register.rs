//! The generic address of a register, and the access that reaches it (ACPI 6.5 section 5.2.3.2, table 5.1).

use core::fmt;

use crate::Semantics;
use crate::grammar::open_value;
use crate::structure::structure;

open_value! {
    /// Address space of a register (ACPI 6.5 table 5.1, "Address Space ID").
    AddressSpace: u8 {
        /// Physical memory.
        SYSTEM_MEMORY = 0x00 => "SYSTEM_MEMORY",
        /// I/O ports.
        SYSTEM_IO = 0x01 => "SYSTEM_IO",
        /// PCI configuration space of segment 0, bus 0.
        PCI_CONFIGURATION = 0x02 => "PCI_CONFIGURATION",
        /// Embedded controller.
        EMBEDDED_CONTROLLER = 0x03 => "EMBEDDED_CONTROLLER",
        /// System management bus.
        SMBUS = 0x04 => "SMBUS",
        /// System CMOS.
        SYSTEM_CMOS = 0x05 => "SYSTEM_CMOS",
        /// Target of a PCI base address register.
        PCI_BAR_TARGET = 0x06 => "PCI_BAR_TARGET",
        /// Intelligent platform management interface.
        IPMI = 0x07 => "IPMI",
        /// General purpose I/O.
        GENERAL_PURPOSE_IO = 0x08 => "GENERAL_PURPOSE_IO",
        /// Generic serial bus.
        GENERIC_SERIAL_BUS = 0x09 => "GENERIC_SERIAL_BUS",
        /// Platform communications channel.
        PLATFORM_COMMUNICATIONS_CHANNEL = 0x0a => "PLATFORM_COMMUNICATIONS_CHANNEL",
        /// Platform runtime mechanism.
        PLATFORM_RUNTIME_MECHANISM = 0x0b => "PLATFORM_RUNTIME_MECHANISM",
        /// Functional fixed hardware.
        FUNCTIONAL_FIXED_HARDWARE = 0x7f => "FUNCTIONAL_FIXED_HARDWARE",
    }
}

open_value! {
    /// Size of one access to a register (ACPI 6.5 table 5.1, "Access Size").
    AccessSize: u8 {
        /// Not said, as in tables older than ACPI 3.0.
        UNDEFINED = 0 => "UNDEFINED",
        /// 8 bits.
        BYTE = 1 => "BYTE",
        /// 16 bits.
        WORD = 2 => "WORD",
        /// 32 bits.
        DWORD = 3 => "DWORD",
        /// 64 bits.
        QWORD = 4 => "QWORD",
    }
}

/// Width of an access that the hardware can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessWidth {
    /// 8 bits.
    Byte,
    /// 16 bits.
    Word,
    /// 32 bits.
    Dword,
    /// 64 bits.
    Qword,
}

impl AccessWidth {
    /// Number of bits: 8, 16, 32 or 64.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Byte => 8,
            Self::Word => 16,
            Self::Dword => 32,
            Self::Qword => 64,
        }
    }

    /// Number of bytes: 1, 2, 4 or 8.
    #[inline]
    pub const fn bytes(self) -> u8 {
        self.bits() / 8
    }

    /// All bits of the access set: the largest value it can carry.
    pub const fn mask(self) -> u64 {
        match self {
            Self::Byte => 0xff,
            Self::Word => 0xffff,
            Self::Dword => 0xffff_ffff,
            Self::Qword => u64::MAX,
        }
    }

    /// The smallest width that holds `bits` bits, `None` above 64.
    pub const fn holding(bits: u16) -> Option<Self> {
        match bits {
            0..=8 => Some(Self::Byte),
            9..=16 => Some(Self::Word),
            17..=32 => Some(Self::Dword),
            33..=64 => Some(Self::Qword),
            _ => None,
        }
    }

    /// The code of this width on the wire.
    pub const fn access_size(self) -> AccessSize {
        match self {
            Self::Byte => AccessSize::BYTE,
            Self::Word => AccessSize::WORD,
            Self::Dword => AccessSize::DWORD,
            Self::Qword => AccessSize::QWORD,
        }
    }
}

impl AccessSize {
    /// The width that this code means; `None` for "undefined" and for reserved codes.
    pub const fn width(self) -> Option<AccessWidth> {
        match self {
            Self::BYTE => Some(AccessWidth::Byte),
            Self::WORD => Some(AccessWidth::Word),
            Self::DWORD => Some(AccessWidth::Dword),
            Self::QWORD => Some(AccessWidth::Qword),
            _ => None,
        }
    }
}

/// Why a register cannot be accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterFault {
    /// The address is 0.
    NullAddress,
    /// The access size is reserved, or undefined where Linux wants one.
    AccessSize(AccessSize),
    /// Bit offset and bit width together reach past the widest access allowed.
    TooWide {
        /// Bit offset plus bit width.
        bits: u16,
        /// Bits of the access, 64 at most.
        access_bits: u8,
    },
    /// The address space is not one that Linux serves.
    AddressSpace(AddressSpace),
}

impl fmt::Display for RegisterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NullAddress => f.write_str("register address is 0"),
            Self::AccessSize(size) => write!(f, "register access size {}: {size}", size.raw()),
            Self::TooWide { bits, access_bits } => {
                write!(f, "register ends at bit {bits}, its access has {access_bits} bits")
            }
            Self::AddressSpace(space) => {
                write!(f, "register is in address space {:#04x}: {space}", space.raw())
            }
        }
    }
}

structure! {
    /// A generic address structure: where a register is and which of its bits count (ACPI 6.5 table 5.1, 12 bytes).
    GenericAddress: 12 bytes;
    /// Address space that the address is in.
    0 space: (u8 AddressSpace) => set_space with_space;
    /// Width of the register in bits, counted from the bit offset.
    1 bit_width: u8 => set_bit_width with_bit_width;
    /// First bit of the register in the value that one access reads.
    2 bit_offset: u8 => set_bit_offset with_bit_offset;
    /// Size of one access.
    3 access_size: (u8 AccessSize) => set_access_size with_access_size;
    /// Address in that space; for system memory a physical address.
    4 address: u64 => set_address with_address;
}

impl GenericAddress {
    /// A register that is one whole access wide.
    #[inline]
    pub const fn new(space: AddressSpace, address: u64, width: AccessWidth) -> Self {
        Self::ZERO
            .with_space(space)
            .with_bit_width(width.bits())
            .with_access_size(width.access_size())
            .with_address(address)
    }

    /// The width of the access that reads or writes this register.
    ///
    /// A register of 32 or 64 bits at bit offset 0 and an address aligned to it is accessed whole even where the access
    /// size says less: Linux widens such an access (`apei_check_gar`), because firmware is known to get this wrong.
    ///
    /// # Errors
    ///
    /// [`RegisterFault`] when no access reaches it under these [`Semantics`].
    pub const fn access(&self, semantics: Semantics) -> Result<AccessWidth, RegisterFault> {
        let address = self.address();
        if address == 0 {
            return Err(RegisterFault::NullAddress);
        }
        // Two bytes never overflow 16 bits.
        let bits = (self.bit_width() as u16).wrapping_add(self.bit_offset() as u16);
        let width = match (self.access_size().width(), self.access_size(), semantics) {
            (Some(width), _, _) => width,
            (None, AccessSize::UNDEFINED, Semantics::Specification) => match AccessWidth::holding(bits) {
                Some(width) => width,
                None => return Err(RegisterFault::TooWide { bits, access_bits: 64 }),
            },
            (None, size, _) => return Err(RegisterFault::AccessSize(size)),
        };
        let width = match (self.bit_width(), self.bit_offset()) {
            (32, 0) if address % 4 == 0 && width.bits() < 32 => AccessWidth::Dword,
            (64, 0) if address % 8 == 0 && width.bits() < 64 => AccessWidth::Qword,
            _ => width,
        };
        if bits > width.bits() as u16 {
            return Err(RegisterFault::TooWide { bits, access_bits: width.bits() });
        }
        match (self.space(), semantics) {
            (AddressSpace::SYSTEM_MEMORY | AddressSpace::SYSTEM_IO, _) | (_, Semantics::Specification) => {
                Ok(width)
            }
            (space, Semantics::Linux) => Err(RegisterFault::AddressSpace(space)),
        }
    }
}

/// `mem32[0xfebfd008]`; a part of a register shows its bits: `io8[0xb2] bits 6:2`.
impl fmt::Display for GenericAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address();
        match self.space() {
            AddressSpace::SYSTEM_MEMORY => f.write_str("mem")?,
            AddressSpace::SYSTEM_IO => f.write_str("io")?,
            space => write!(f, "space{:02x}_", space.raw())?,
        }
        match self.access_size().width() {
            Some(width) => write!(f, "{}[{address:#x}]", width.bits())?,
            None => write!(f, "?{}[{address:#x}]", self.access_size().raw())?,
        }
        let whole = self.access_size().width().map(AccessWidth::bits) == Some(self.bit_width())
            && self.bit_offset() == 0;
        match (whole, self.bit_width()) {
            (true, _) => Ok(()),
            (false, 0) => write!(f, " no bits at {}", self.bit_offset()),
            (false, width) => {
                let last = u16::from(self.bit_offset()).wrapping_add(u16::from(width)).wrapping_sub(1);
                write!(f, " bits {last}:{}", self.bit_offset())
            }
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for GenericAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("GenericAddress", 5)?;
        out.serialize_field("space", &self.space())?;
        out.serialize_field("bit_width", &self.bit_width())?;
        out.serialize_field("bit_offset", &self.bit_offset())?;
        out.serialize_field("access_size", &self.access_size())?;
        out.serialize_field("address", &crate::grammar::Wide(self.address()))?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;
    use zerocopy::{FromBytes, IntoBytes};

    const ALL: [Semantics; 2] = [Semantics::Specification, Semantics::Linux];

    fn register(space: u8, bit_width: u8, bit_offset: u8, access_size: u8, address: u64) -> GenericAddress {
        let mut bytes = [space, bit_width, bit_offset, access_size, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes[4..].copy_from_slice(&address.to_le_bytes());
        GenericAddress::read_from_bytes(&bytes).unwrap()
    }

    #[test]
    fn bytes_of_qemus_value_register() {
        let value = GenericAddress::new(AddressSpace::SYSTEM_MEMORY, 0xfebf_d008, AccessWidth::Qword);
        assert_eq!(value.as_bytes(), [0, 0x40, 0, 4, 0x08, 0xd0, 0xbf, 0xfe, 0, 0, 0, 0]);
        assert_eq!(format!("{value}"), "mem64[0xfebfd008]");
    }

    #[test]
    fn access_follows_the_size_code_in_both_readings() {
        for semantics in ALL {
            for (code, width) in [
                (1, AccessWidth::Byte),
                (2, AccessWidth::Word),
                (3, AccessWidth::Dword),
                (4, AccessWidth::Qword),
            ] {
                assert_eq!(register(0, width.bits(), 0, code, 0x1001).access(semantics), Ok(width));
                assert_eq!(register(1, 1, 7, code, 0x1001).access(semantics), Ok(width));
                assert_eq!(width.access_size().raw(), code);
                assert_eq!(u32::from(width.bytes()) * 8, u32::from(width.bits()));
                assert_eq!(width.mask().count_ones(), u32::from(width.bits()));
            }
            for code in 5..=255 {
                let fault = RegisterFault::AccessSize(AccessSize::new(code));
                assert_eq!(register(0, 8, 0, code, 0x1000).access(semantics), Err(fault));
            }
            assert_eq!(register(0, 8, 0, 1, 0).access(semantics), Err(RegisterFault::NullAddress));
        }
    }

    #[test]
    fn undefined_access_size_is_the_smallest_that_holds_the_register_in_the_text_only() {
        for (bit_width, bit_offset, width) in [
            (8, 0, AccessWidth::Byte),
            (8, 1, AccessWidth::Word),
            (17, 0, AccessWidth::Dword),
            (1, 63, AccessWidth::Qword),
        ] {
            let register = register(0, bit_width, bit_offset, 0, 0x1001);
            assert_eq!(register.access(Semantics::Specification), Ok(width));
            assert_eq!(
                register.access(Semantics::Linux),
                Err(RegisterFault::AccessSize(AccessSize::UNDEFINED))
            );
        }
        let fault = RegisterFault::TooWide { bits: 510, access_bits: 64 };
        assert_eq!(register(0, 255, 255, 0, 1).access(Semantics::Specification), Err(fault));
    }

    #[test]
    fn narrow_access_of_an_aligned_whole_register_is_widened() {
        for semantics in ALL {
            assert_eq!(register(0, 32, 0, 1, 0x1004).access(semantics), Ok(AccessWidth::Dword));
            assert_eq!(register(0, 64, 0, 3, 0x1008).access(semantics), Ok(AccessWidth::Qword));
            assert_eq!(register(0, 32, 0, 4, 0x1004).access(semantics), Ok(AccessWidth::Qword));
            let fault = Err(RegisterFault::TooWide { bits: 64, access_bits: 32 });
            assert_eq!(register(0, 64, 0, 3, 0x1004).access(semantics), fault, "address not aligned to 8");
            let fault = Err(RegisterFault::TooWide { bits: 32, access_bits: 8 });
            assert_eq!(register(0, 32, 0, 1, 0x1002).access(semantics), fault, "address not aligned to 4");
            let fault = Err(RegisterFault::TooWide { bits: 33, access_bits: 8 });
            assert_eq!(register(0, 32, 1, 1, 0x1004).access(semantics), fault, "bit offset not 0");
        }
    }

    #[test]
    fn linux_serves_memory_and_ports_only() {
        for space in 2..=255 {
            let register = register(space, 8, 0, 1, 1);
            assert_eq!(register.access(Semantics::Specification), Ok(AccessWidth::Byte));
            assert_eq!(
                register.access(Semantics::Linux),
                Err(RegisterFault::AddressSpace(AddressSpace::new(space)))
            );
        }
    }

    #[test]
    fn text_names_space_access_and_bits() {
        assert_eq!(format!("{}", register(1, 5, 2, 1, 0xb2)), "io8[0xb2] bits 6:2");
        assert_eq!(format!("{}", register(0x0a, 32, 0, 3, 0)), "space0a_32[0x0]");
        assert_eq!(format!("{}", register(0, 8, 0, 0, 0x10)), "mem?0[0x10] bits 7:0");
        assert_eq!(format!("{}", register(0, 0, 3, 1, 0x10)), "mem8[0x10] no bits at 3");
        assert_eq!(format!("{:?}", AddressSpace::new(0x7f)), "AddressSpace(127: FUNCTIONAL_FIXED_HARDWARE)");
        assert_eq!(format!("{:?} {}", AccessSize::new(9), AccessSize::new(9)), "AccessSize(9) reserved (9)");
        let faults = [
            (RegisterFault::NullAddress, "register address is 0"),
            (RegisterFault::AccessSize(AccessSize::new(0)), "register access size 0: UNDEFINED"),
            (
                RegisterFault::TooWide { bits: 64, access_bits: 32 },
                "register ends at bit 64, its access has 32 bits",
            ),
            (RegisterFault::AddressSpace(AddressSpace::SMBUS), "register is in address space 0x04: SMBUS"),
        ];
        for (fault, text) in faults {
            assert_eq!(format!("{fault}"), text);
        }
    }
}
