//! PCI Express error (UEFI 2.11 table N.34, "PCI Express Error Record"; 208 bytes).

use core::fmt;

use super::aer::AerCapability;
use super::pci_address::PciAddress;
use super::pcie_capability::{PcieCapability, PciePortType};
use super::register::register;
use crate::fields::{Describe, Stored, Value, Visitor, describe_rest, show_fields, shows};
use crate::structure::structure;

structure! {
    /// An error of a PCIe port or device (UEFI 2.11 table N.34, "PCI Express Error Record"): which device it is, and
    /// the registers that say what happened.
    PcieError: 208 bytes by fields, new;
    view PcieErrorView from 208 as PCIE "PCIe error";
    valid PcieValidation: u64 in validation_bits {
        /// [`PcieError::device_id`] holds a device in configuration space.
        DEVICE_ID = 3;
        /// [`PcieError::device_id`] holds a device behind a root complex register block (since UEFI 2.11);
        /// [`PcieValidation::DEVICE_ID`] is then clear.
        RCRB_DEVICE_ID = 8;
        /// The upper half of [`PcieError::rcrb_base_address`] holds a value; when clear, that half is 0.
        RCRB_HIGH_ADDRESS = 9;
    };
    0 validation_bits: u64;
    /// Kind of device or port.
    8 port_type: (u32 PciePortType) as named, port_type_raw set_port_type with_port_type, PORT_TYPE = 0;
    /// Version of the PCIe specification that the platform supports.
    12 version: PcieVersion as message "pcie_version", version_raw set_version with_version, VERSION = 1;
    /// PCI command and status registers.
    16 command_status: PciCommandStatus as group, command_status_raw set_command_status with_command_status,
        COMMAND_STATUS = 2;
    /// Upper half of the base address of the root complex register block (RCRB), since UEFI 2.11.
    20 rcrb_high_address: u32 raw rcrb_high_address_raw;
    /// Identity and address of the device.
    24 device_id: PcieDeviceId raw device_id_raw;
    /// Serial number of the device.
    40 device_serial_number: u64 as hex, device_serial_number_raw set_device_serial_number with_device_serial_number,
        DEVICE_SERIAL_NUMBER = 4;
    /// Secondary status and control of a bridge.
    48 bridge_control_status: BridgeControlStatus as group,
        bridge_control_status_raw set_bridge_control_status with_bridge_control_status, BRIDGE_CONTROL_STATUS = 5;
    /// The PCIe capability structure of the device.
    52 capability_structure: PcieCapability as part,
        capability_structure_raw set_capability_structure with_capability_structure, CAPABILITY_STRUCTURE = 6;
    /// The AER capability of the device.
    112 aer_info: AerCapability as part, aer_info_raw set_aer_info with_aer_info, AER_INFO = 7;
}

structure! {
    /// A version in BCD: major 0x05 and minor 0x00 are 5.0.
    PcieVersion: 4 bytes;
    /// Minor version, BCD.
    0 minor: u8 as hex => set_minor with_minor;
    /// Major version, BCD.
    1 major: u8 as hex => set_major with_major;
    2 reserved: [u8; 2];
}

impl PcieVersion {
    /// The version of these two BCD numbers.
    #[inline]
    pub const fn new(major: u8, minor: u8) -> Self {
        Self::ZERO.with_major(major).with_minor(minor)
    }
}

impl fmt::Display for PcieVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}", self.major(), self.minor())
    }
}

structure! {
    /// The PCI command and status registers of a function.
    PciCommandStatus: 4 bytes, new;
    /// The command register; reserved bits are kept.
    0 command: (u16 PciCommand) as flags => set_command with_command;
    /// The status register.
    2 status: (u16 PciStatus) as group => set_status with_status;
}

structure! {
    /// The secondary status and control registers of a bridge.
    BridgeControlStatus: 4 bytes, new;
    /// Status of the secondary side. Its bit 14 means that a system error was received.
    0 secondary_status: (u16 PciStatus) as group => set_secondary_status with_secondary_status;
    /// The control register; reserved bits are kept.
    2 control: (u16 BridgeControl) as flags => set_control with_control;
}

crate::open_value::flag_set! {
    /// The PCI command register.
    pub struct PciCommand: u16 {
        /// The function answers to I/O addresses.
        const IO_SPACE = 1 << 0;
        /// The function answers to memory addresses.
        const MEMORY_SPACE = 1 << 1;
        /// The function may send requests.
        const BUS_MASTER = 1 << 2;
        /// The function watches special cycles.
        const SPECIAL_CYCLES = 1 << 3;
        /// The function may send memory write and invalidate.
        const MEMORY_WRITE_AND_INVALIDATE = 1 << 4;
        /// The function snoops VGA palette writes.
        const VGA_PALETTE_SNOOP = 1 << 5;
        /// The function acts on parity errors.
        const PARITY_ERROR_RESPONSE = 1 << 6;
        /// The function steps the address.
        const STEPPING = 1 << 7;
        /// The function reports errors to the root complex.
        const SERR_ENABLE = 1 << 8;
        /// The function may send fast back-to-back transactions.
        const FAST_BACK_TO_BACK = 1 << 9;
        /// The function does not use `INTx`.
        const INTERRUPT_DISABLE = 1 << 10;
        const _ = !0;
    }

    /// The bridge control register.
    pub struct BridgeControl: u16 {
        /// The bridge acts on parity errors of the secondary side.
        const PARITY_ERROR_RESPONSE = 1 << 0;
        /// The bridge forwards system errors of the secondary side.
        const SERR_ENABLE = 1 << 1;
        /// The bridge leaves ISA addresses to the primary side.
        const ISA_ENABLE = 1 << 2;
        /// The bridge forwards VGA addresses.
        const VGA_ENABLE = 1 << 3;
        /// The bridge decodes VGA addresses with 16 bits.
        const VGA_16_BIT_DECODE = 1 << 4;
        /// The bridge answers a master abort with an error.
        const MASTER_ABORT_MODE = 1 << 5;
        /// The bridge resets the secondary side.
        const SECONDARY_BUS_RESET = 1 << 6;
        /// The bridge may send fast back-to-back transactions.
        const FAST_BACK_TO_BACK = 1 << 7;
        /// The discard timer of the primary side is the shorter one.
        const PRIMARY_DISCARD_TIMER = 1 << 8;
        /// The discard timer of the secondary side is the shorter one.
        const SECONDARY_DISCARD_TIMER = 1 << 9;
        /// A discard timer ran out.
        const DISCARD_TIMER_STATUS = 1 << 10;
        /// A discard timer that runs out is a system error.
        const DISCARD_TIMER_SERR_ENABLE = 1 << 11;
        const _ = !0;
    }
}

register! {
    /// The PCI status register, and the secondary status of a bridge.
    PciStatus: u16 {
        IMMEDIATE_READINESS = 0 => "The function is ready right after a reset.",
        INTERRUPT_STATUS = 3 => "An `INTx` interrupt is pending.",
        CAPABILITIES_LIST = 4 => "There is a capability list.",
        CAPABLE_66_MHZ = 5 => "The function supports 66 MHz.",
        FAST_BACK_TO_BACK_CAPABLE = 7 => "The function accepts fast back-to-back transactions.",
        MASTER_DATA_PARITY_ERROR = 8 => "A poisoned or bad packet was sent or received.",
        SIGNALED_TARGET_ABORT = 11 => "A request was completed with Completer Abort.",
        RECEIVED_TARGET_ABORT = 12 => "A completion with Completer Abort was received.",
        RECEIVED_MASTER_ABORT = 13 => "A completion with Unsupported Request was received.",
        SIGNALED_SYSTEM_ERROR = 14 => "A fatal or non-fatal error was sent; in a secondary status, received.",
        DETECTED_PARITY_ERROR = 15 => "A poisoned packet was received.",
    }
    fields {
        devsel_timing: u8 as number = 9, 2 => "Timing of DEVSEL#, on PCI: 0 fast, 1 medium, 2 slow.",
    }
}

impl Describe for PciCommandStatus {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

impl Describe for BridgeControlStatus {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

structure! {
    /// Identity and address of a device.
    ///
    /// Bytes 7 to 10 are function, device and segment of a device in configuration space. Of a device behind a root
    /// complex register block (RCRB) they are the lower half of the block's base address. [`PcieError::address`] and
    /// [`PcieError::rcrb_base_address`] tell the two apart.
    PcieDeviceId: 16 bytes;
    /// PCI vendor id.
    0 vendor_id: u16 as hex => set_vendor_id with_vendor_id;
    /// PCI device id.
    2 device_id: u16 as hex => set_device_id with_device_id;
    /// Class code as stored: programming interface, subclass, base class.
    4 class_code: [u8; 3] raw class_code_raw;
    /// Function number.
    7 function: u8 as hex => set_function with_function;
    /// Device number.
    8 device: u8 as hex => set_device with_device;
    /// Segment number.
    9 segment: u16 as hex => set_segment with_segment;
    /// Bus of the device, the primary one of a bridge.
    11 bus: u8 as hex => set_bus with_bus;
    /// Secondary bus of a bridge.
    12 secondary_bus: u8 as hex => set_secondary_bus with_secondary_bus;
    /// Slot number in bits 15:3.
    13 slot: u16 raw slot_raw;
    15 reserved: u8;
}

impl PcieDeviceId {
    /// The identity of a device without slot and address. The class code is 0xBBSSPP: base class, subclass, programming
    /// interface; bits past the 24th are dropped.
    #[inline]
    pub const fn new(vendor_id: u16, device_id: u16, class_code: u32) -> Self {
        Self::ZERO.with_vendor_id(vendor_id).with_device_id(device_id).with_class_code(class_code)
    }

    /// Class code, 24 bits: base class, subclass, programming interface.
    #[inline]
    pub const fn class_code(&self) -> u32 {
        let [interface, subclass, base] = self.class_code_raw();
        u32::from_le_bytes([interface, subclass, base, 0])
    }

    /// Sets the class code, 0xBBSSPP; bits past the 24th are dropped.
    #[inline]
    pub const fn set_class_code(&mut self, class_code: u32) {
        let [interface, subclass, base, _] = class_code.to_le_bytes();
        Self::AT.class_code.put(&mut self.0, [interface, subclass, base]);
    }

    /// Sets the class code, 0xBBSSPP; bits past the 24th are dropped.
    #[must_use]
    #[inline]
    pub const fn with_class_code(mut self, class_code: u32) -> Self {
        self.set_class_code(class_code);
        self
    }

    /// Slot number, 13 bits.
    #[inline]
    pub const fn slot_number(&self) -> u16 {
        self.slot_raw() >> 3
    }

    /// Sets the slot number; bits past the 13th are dropped.
    #[inline]
    pub const fn set_slot_number(&mut self, slot: u16) {
        Self::AT.slot.put(&mut self.0, u16::to_le_bytes(slot << 3));
    }

    /// Sets the slot number; bits past the 13th are dropped.
    #[must_use]
    #[inline]
    pub const fn with_slot_number(mut self, slot: u16) -> Self {
        self.set_slot_number(slot);
        self
    }

    /// Address of a device in configuration space.
    #[inline]
    pub const fn address(&self) -> PciAddress {
        PciAddress {
            segment: self.segment(),
            bus: self.bus(),
            device: self.device(),
            function: self.function(),
        }
    }

    /// Sets the address of the device.
    #[inline]
    pub const fn set_address(&mut self, address: PciAddress) {
        self.set_segment(address.segment);
        self.set_bus(address.bus);
        self.set_device(address.device);
        self.set_function(address.function);
    }

    /// Sets the address of the device.
    #[must_use]
    #[inline]
    pub const fn with_address(mut self, address: PciAddress) -> Self {
        self.set_address(address);
        self
    }

    /// Lower half of the base address of the root complex register block, of a device behind one.
    #[inline]
    pub const fn rcrb_low_address(&self) -> u32 {
        let [segment_low, segment_high] = self.segment().to_le_bytes();
        u32::from_le_bytes([self.function(), self.device(), segment_low, segment_high])
    }
}

impl Default for PcieVersion {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Default for PcieDeviceId {
    fn default() -> Self {
        Self::ZERO
    }
}

/// [`PcieDeviceId`] with the address it holds.
struct Identity<'a>(&'a PcieDeviceId, Option<u64>);

impl Describe for Identity<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let Self(id, rcrb) = *self;
        match rcrb {
            Some(base) => {
                out.field("rcrb_base_address", Value::hex(base))?;
                out.field("bus", Value::hex(id.bus()))?;
            }
            None => out.field("address", Value::Message(&id.address()))?,
        }
        out.field("secondary_bus", Value::hex(id.secondary_bus()))?;
        out.field("vendor_id", Value::hex(id.vendor_id()))?;
        out.field("device_id", Value::hex(id.device_id()))?;
        out.field("class_code", Value::Hex { value: id.class_code().into(), digits: 6 })?;
        out.field("slot_number", Value::number(id.slot_number()))
    }
}

impl PcieErrorView<'_> {
    /// Identity of the device, in configuration space or behind an RCRB; `None` when both validity bits are clear.
    #[inline]
    pub fn device_id(&self) -> Option<PcieDeviceId> {
        let either = PcieValidation::DEVICE_ID.union(PcieValidation::RCRB_DEVICE_ID);
        if self.validation().intersects(either) { self.device_id_raw() } else { None }
    }

    /// Address of a device in configuration space; `None` when its validity bit is clear.
    #[inline]
    pub fn address(&self) -> Option<PciAddress> {
        if !self.validation().contains(PcieValidation::DEVICE_ID) {
            return None;
        }
        self.device_id_raw().map(|id| id.address())
    }

    /// Base address of the root complex register block (RCRB) that the device is behind. `None` when its validity bit
    /// is clear, or when the validity bit of a device in configuration space is set: that bit decides what the bytes
    /// are.
    pub fn rcrb_base_address(&self) -> Option<u64> {
        let validation = self.validation();
        if !validation.contains(PcieValidation::RCRB_DEVICE_ID)
            || validation.contains(PcieValidation::DEVICE_ID)
        {
            return None;
        }
        let high = if validation.contains(PcieValidation::RCRB_HIGH_ADDRESS) {
            self.rcrb_high_address_raw()?
        } else {
            0
        };
        Some(u64::from(high) << 32 | u64::from(self.device_id_raw()?.rcrb_low_address()))
    }

    /// The device, and the errors whose status bits are set.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        let aer = self.aer_info();
        let mut before = "";
        if let Some(aer) = aer {
            for error in aer.uncorrectable_error_status().errors() {
                write!(f, "{before}{error}")?;
                before = ", ";
            }
            for error in aer.correctable_error_status().errors() {
                write!(f, "{before}{error}")?;
                before = ", ";
            }
        }
        if before.is_empty() {
            f.write_str(if aer.is_some() { "no error bit is set" } else { "error without AER registers" })?;
        }
        if let Some(address) = self.address() {
            write!(f, ", device {address}")?;
        }
        if let Some(id) = self.device_id() {
            write!(f, " [{:04x}:{:04x}]", id.vendor_id(), id.device_id())?;
        }
        Ok(())
    }
}

impl PcieError {
    /// Identity of the device, in configuration space or behind an RCRB; `None` when both validity bits are clear.
    #[inline]
    pub fn device_id(&self) -> Option<PcieDeviceId> {
        self.view().device_id()
    }

    /// Address of a device in configuration space; `None` when its validity bit is clear.
    #[inline]
    pub fn address(&self) -> Option<PciAddress> {
        self.view().address()
    }

    /// Base address of the root complex register block (RCRB) that the device is behind. `None` when its validity bit
    /// is clear, or when the validity bit of a device in configuration space is set: that bit decides what the bytes
    /// are.
    pub fn rcrb_base_address(&self) -> Option<u64> {
        self.view().rcrb_base_address()
    }

    /// Sets identity and address of a device in configuration space, and the validity bit.
    #[inline]
    pub const fn set_device_id(&mut self, id: PcieDeviceId) {
        self.device_id = id.0;
        let rcrb = PcieValidation::RCRB_DEVICE_ID.union(PcieValidation::RCRB_HIGH_ADDRESS);
        self.mark(PcieValidation::DEVICE_ID, rcrb);
    }

    /// Sets identity and address of a device in configuration space, and the validity bit.
    #[must_use]
    #[inline]
    pub const fn with_device_id(mut self, id: PcieDeviceId) -> Self {
        self.set_device_id(id);
        self
    }

    /// Sets the address of a device in configuration space, and the validity bit; the identity stays as it was.
    #[inline]
    pub const fn set_address(&mut self, address: PciAddress) {
        self.set_device_id(self.device_id_raw().with_address(address));
    }

    /// Sets the address of a device in configuration space, and the validity bit; the identity stays as it was.
    #[must_use]
    #[inline]
    pub const fn with_address(mut self, address: PciAddress) -> Self {
        self.set_address(address);
        self
    }

    /// Sets the identity of a device behind a root complex register block, the block's base address in place of
    /// segment, device and function, and the validity bits.
    #[inline]
    pub const fn set_rcrb_device_id(&mut self, id: PcieDeviceId, base: u64) {
        let [function, device, segment_low, segment_high, high @ ..] = base.to_le_bytes();
        let segment = u16::from_le_bytes([segment_low, segment_high]);
        let id = id.with_function(function).with_device(device).with_segment(segment);
        self.device_id = id.0;
        self.rcrb_high_address = high;
        let rcrb = PcieValidation::RCRB_DEVICE_ID.union(PcieValidation::RCRB_HIGH_ADDRESS);
        self.mark(rcrb, PcieValidation::DEVICE_ID);
    }

    /// Sets the identity of a device behind a root complex register block, the block's base address in place of
    /// segment, device and function, and the validity bits.
    #[must_use]
    #[inline]
    pub const fn with_rcrb_device_id(mut self, id: PcieDeviceId, base: u64) -> Self {
        self.set_rcrb_device_id(id, base);
        self
    }
}

impl Describe for PcieErrorView<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        if let Some(id) = self.device_id() {
            out.field("device_id", Value::Group(&Identity(&id, self.rcrb_base_address())))?;
        }
        self.describe_fields(out)?;
        if self.version().is_some() {
            let stored = PcieError::AT.version.of(self.bytes);
            shows!(out, PcieVersion in stored, minor, major);
        }
        if let Some(id) = self.device_id() {
            // Of the slot, bits 2:0 are shown nowhere, and nothing of the reserved byte after it.
            let last = if id.slot_number() << 3 == id.slot_raw() {
                PcieDeviceId::AT.slot.end()
            } else {
                PcieDeviceId::AT.slot.0
            };
            let stored = PcieError::AT.device_id.of(self.bytes);
            out.stored("device_id", stored.get(..last).unwrap_or_default(), Stored::Shown);
        }
        if self.rcrb_base_address().is_some() && self.validation().contains(PcieValidation::RCRB_HIGH_ADDRESS)
        {
            shows!(out, PcieError in self.bytes, rcrb_high_address);
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(PciCommandStatus, BridgeControlStatus);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Error;
    use crate::section::checks::{assert_map, bit_map, written};
    use crate::section::pcie_capability::{DeviceStatus, LinkSpeed};
    use crate::section::{CorrectableError, Decode, UncorrectableErrors};
    use std::string::ToString;
    use zerocopy::IntoBytes;

    /// What Linux's `cper.c` prints for them is in `examples/data/gesb/pcie-ue.txt` and `pcie-ce.txt`.
    const UNCORRECTABLE: &[u8; 208] = include_bytes!("../../data/pcie-ue.pcie.sec");
    const CORRECTABLE: &[u8; 208] = include_bytes!("../../data/pcie-ce.pcie.sec");

    /// The fixed fields and the two registers' bits, in configuration space.
    const MAP: &str = "
        8.0 port_type *32
        12.0 pcie_version ~*16
        14.0 hidden ~*16
        16.0 command_status.command IO_SPACE MEMORY_SPACE BUS_MASTER SPECIAL_CYCLES
            MEMORY_WRITE_AND_INVALIDATE VGA_PALETTE_SNOOP PARITY_ERROR_RESPONSE STEPPING
            SERR_ENABLE FAST_BACK_TO_BACK INTERRUPT_DISABLE -*5
        18.0 command_status.status.flags IMMEDIATE_READINESS -*2 INTERRUPT_STATUS
            CAPABILITIES_LIST CAPABLE_66_MHZ -*1 FAST_BACK_TO_BACK_CAPABLE
            MASTER_DATA_PARITY_ERROR
        19.1 command_status.status.devsel_timing *2
        19.3 command_status.status.flags SIGNALED_TARGET_ABORT RECEIVED_TARGET_ABORT
            RECEIVED_MASTER_ABORT SIGNALED_SYSTEM_ERROR DETECTED_PARITY_ERROR
        20.0 hidden ~*32
        24.0 device_id.vendor_id *16
        26.0 device_id.device_id *16
        28.0 device_id.class_code *24
        31.0 device_id.address ~*40
        36.0 device_id.secondary_bus *8
        37.0 hidden ~*3
        37.3 device_id.slot_number *13
        39.0 hidden ~*8
        40.0 device_serial_number *64
        48.0 bridge_control_status.secondary_status.flags IMMEDIATE_READINESS -*2
            INTERRUPT_STATUS CAPABILITIES_LIST CAPABLE_66_MHZ -*1 FAST_BACK_TO_BACK_CAPABLE
            MASTER_DATA_PARITY_ERROR
        49.1 bridge_control_status.secondary_status.devsel_timing *2
        49.3 bridge_control_status.secondary_status.flags SIGNALED_TARGET_ABORT
            RECEIVED_TARGET_ABORT RECEIVED_MASTER_ABORT SIGNALED_SYSTEM_ERROR
            DETECTED_PARITY_ERROR
        50.0 bridge_control_status.control PARITY_ERROR_RESPONSE SERR_ENABLE ISA_ENABLE
            VGA_ENABLE VGA_16_BIT_DECODE MASTER_ABORT_MODE SECONDARY_BUS_RESET FAST_BACK_TO_BACK
            PRIMARY_DISCARD_TIMER SECONDARY_DISCARD_TIMER DISCARD_TIMER_STATUS
            DISCARD_TIMER_SERR_ENABLE -*4
        52.0 hidden ~*1248
    ";
    /// The same of a device behind an RCRB, with nothing else valid.
    const RCRB_MAP: &str = "
        8.0 hidden ~*96
        20.0 device_id.rcrb_base_address @32*32
        24.0 device_id.vendor_id *16
        26.0 device_id.device_id *16
        28.0 device_id.class_code *24
        31.0 device_id.rcrb_base_address *32
        35.0 device_id.bus *8
        36.0 device_id.secondary_bus *8
        37.0 hidden ~*3
        37.3 device_id.slot_number *13
        39.0 hidden ~*1352
    ";

    fn map(validation: u64) -> std::string::String {
        let mut section = PcieError::new();
        section.set_validation(PcieValidation::from_bits_retain(validation));
        let bytes = section.as_bytes();
        bit_map(bytes, 0..8, |bytes, told| told(&PcieError::decode(bytes).unwrap()))
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        assert_map(&map(0x3f), MAP);
        assert_map(&map(0x300), RCRB_MAP);
    }

    #[test]
    fn captured_bytes_give_the_values_that_linux_prints() {
        let section = PcieError::decode(UNCORRECTABLE).unwrap();
        assert_eq!(section.validation().bits(), 0xff);
        assert_eq!(section.port_type(), Some(PciePortType::ROOT_PORT));
        assert_eq!(section.version().unwrap().to_string(), "0.2");
        let command_status = section.command_status().unwrap();
        assert_eq!((command_status.command().bits(), command_status.status().raw()), (0x0407, 0x0010));
        assert_eq!(section.address().unwrap().to_string(), "0000:00:02.0");
        assert_eq!(section.rcrb_base_address(), None);
        let id = section.device_id().unwrap();
        assert_eq!((id.slot_number(), id.secondary_bus()), (5, 0));
        assert_eq!((id.vendor_id(), id.device_id(), id.class_code()), (0x1b36, 0x0012, 0x00ff00));
        assert_eq!(section.device_serial_number(), Some(0x1122_3344_5566_7788));
        let bridge = section.bridge_control_status().unwrap();
        assert_eq!((bridge.secondary_status().raw(), bridge.control().bits()), (0x2000, 0x0003));
        let capability = section.capability_structure().unwrap();
        assert_eq!((capability.capability_id(), capability.version()), (0x10, 2));
        assert_eq!(capability.link_status().current_link_speed(), LinkSpeed::GT_2_5);
        assert_eq!(capability.device_status(), DeviceStatus::empty());
        let aer = section.aer_info().unwrap();
        assert_eq!(aer.uncorrectable_error_status(), UncorrectableErrors::UNSUPPORTED_REQUEST);
        assert_eq!(aer.uncorrectable_error_severity().bits(), 0x0046_2030);
        assert_eq!(aer.correctable_error_mask().bits(), 0x2000);
        assert_eq!(aer.first_error(), None, "the pointer is 0, bit 20 is set");
        assert_eq!(aer.logged_header().next(), Some(0x0400_0001));

        let section = PcieError::decode(CORRECTABLE).unwrap();
        let status = section.aer_info().unwrap().correctable_error_status();
        assert_eq!(
            status.errors().filter_map(CorrectableError::short_name).collect::<std::vec::Vec<_>>(),
            ["RxErr", "BadTLP"]
        );
    }

    fn values() -> PcieError {
        let address = PciAddress { segment: 0x0102, bus: 0x3b, device: 0x1e, function: 6 };
        let id = PcieDeviceId::new(0x8086, 0x1572, 0x0002_0304).with_address(address);
        let aer = AerCapability::new().with_further_log([0, 0, 0, 0, 0, 0xa1a2_a3a4]);
        let capability = PcieCapability::new().with_slot_status_2(0xb1b2);
        PcieError::new()
            .with_port_type(PciePortType::ROOT_COMPLEX_EVENT_COLLECTOR)
            .with_version(PcieVersion::new(0x12, 0x34))
            .with_command_status(
                PciCommandStatus::new()
                    .with_command(PciCommand::from_bits_retain(0x0546))
                    .with_status(PciStatus::new(0x8010)),
            )
            .with_device_id(id.with_slot_number(0x1ffe).with_secondary_bus(0x3c))
            .with_device_serial_number(0x1112_1314_1516_1718)
            .with_bridge_control_status(
                BridgeControlStatus::new()
                    .with_secondary_status(PciStatus::new(0x4100))
                    .with_control(BridgeControl::from_bits_retain(0x0c01)),
            )
            .with_capability_structure(capability)
            .with_aer_info(aer)
    }

    #[test]
    fn every_writer_sets_its_bytes_and_its_bit() {
        let mut expected = [0; 208];
        expected[..52].copy_from_slice(&[
            0xff, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0x34, 0x12, 0, 0, 0x46, 0x05, 0x10, 0x80, 0, 0, 0, 0,
            0x86, 0x80, 0x72, 0x15, 0x04, 0x03, 0x02, 6, 0x1e, 0x02, 0x01, 0x3b, 0x3c, 0xf0, 0xff, 0, 0x18,
            0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, 0x00, 0x41, 0x01, 0x0c,
        ]);
        expected[110..112].copy_from_slice(&[0xb2, 0xb1]);
        expected[204..].copy_from_slice(&[0xa4, 0xa3, 0xa2, 0xa1]);
        let bytes = written(&values());
        assert_eq!(bytes, expected);
        let section = PcieError::decode(&bytes).unwrap();
        assert_eq!(section.structure(), Some(&values()));
        assert_eq!(section.version().unwrap().to_string(), "12.34");
        assert_eq!(section.address().unwrap().to_string(), "0102:3b:1e.6");
        assert_eq!(section.device_id().unwrap().slot_number(), 0x1ffe);
        assert_eq!(section.device_id().unwrap().class_code(), 0x0002_0304);
        let command = PciCommand::MEMORY_SPACE | PciCommand::BUS_MASTER | PciCommand::PARITY_ERROR_RESPONSE;
        let rest = PciCommand::SERR_ENABLE | PciCommand::INTERRUPT_DISABLE;
        assert_eq!(section.command_status().unwrap().command(), command | rest);
        assert_eq!(
            section.bridge_control_status().unwrap().control(),
            BridgeControl::PARITY_ERROR_RESPONSE
                | BridgeControl::DISCARD_TIMER_STATUS
                | BridgeControl::DISCARD_TIMER_SERR_ENABLE
        );
    }

    #[test]
    fn each_validity_bit_guards_its_own_field() {
        let names = [
            "port type",
            "pcie version",
            "command status",
            "device id",
            "device serial number",
            "bridge control status",
            "capability structure",
            "aer info",
            "device id",
        ];
        for (bit, name) in names.iter().enumerate() {
            let mut section = values();
            section.set_validation(PcieValidation::from_bits_retain(1 << bit));
            let text = section.to_string();
            let fields = text.lines().filter(|line| !line.starts_with(' ')).count();
            assert!(fields == 1 && text.starts_with(name), "{bit}: {text}");
        }
        assert_eq!(PcieError::default().to_string(), "");
        let none = PcieError::new();
        assert_eq!((none.device_id(), none.address(), none.rcrb_base_address()), (None, None, None));
    }

    #[test]
    fn a_device_behind_an_rcrb_has_a_base_address_instead() {
        let id = PcieDeviceId::new(0x8086, 0x1572, 0).with_secondary_bus(7);
        let section = values().with_rcrb_device_id(id, 0x1112_1314_1516_1718);
        assert_eq!(section.validation().bits(), 0x3f7);
        assert_eq!(section.as_bytes()[20..24], [0x14, 0x13, 0x12, 0x11]);
        assert_eq!(section.as_bytes()[31..37], [0x18, 0x17, 0x16, 0x15, 0, 7]);
        assert_eq!((section.rcrb_base_address(), section.address()), (Some(0x1112_1314_1516_1718), None));
        assert_eq!(section.device_id().unwrap().vendor_id(), 0x8086);

        let mut low = section;
        low.set_validation(PcieValidation::RCRB_DEVICE_ID);
        assert_eq!(low.rcrb_base_address(), Some(0x1516_1718), "no upper half");
        low.set_validation(PcieValidation::from_bits_retain(0x308));
        assert_eq!(low.rcrb_base_address(), None, "bit 3 wins");
        assert!(low.address().is_some());
        assert_eq!(section.with_device_id(id).validation().bits(), 0xff);
    }

    #[test]
    fn codes_have_their_names_and_unknown_ones_are_kept() {
        let names: std::vec::Vec<_> =
            (0..12).map(|code| PciePortType::new(code).name().unwrap_or("-")).collect();
        assert_eq!(
            names.join(", "),
            "endpoint, legacy endpoint, -, -, root port, upstream switch port, downstream switch port, \
             PCIe to PCI/PCI-X bridge, PCI/PCI-X to PCIe bridge, root complex integrated endpoint, \
             root complex event collector, -"
        );
        let odd = PcieError::new().with_port_type(PciePortType::new(0x8000_0002));
        assert_eq!(odd.to_string(), "port type               reserved (2147483650)\n");
    }

    #[test]
    fn too_few_bytes_are_an_error_and_more_are_none() {
        for length in 0..208 {
            let error = Error::too_short("PCIe error", 208, length);
            assert_eq!(PcieError::decode(&UNCORRECTABLE[..length]).unwrap_err(), error);
        }
        assert!(PcieError::decode(&[0; 300]).is_ok());
    }

    #[test]
    fn a_byte_after_the_structure_shows() {
        let map = bit_map(&[0; 210], 0..208, |bytes, told| told(&PcieError::decode(bytes).unwrap()));
        assert_map(&map, "208.0 trailing ~*16");
    }

    #[test]
    fn a_summary_says_what_and_which_device() {
        let summary =
            |body: &[u8]| crate::section::Body::Pcie(PcieError::decode(body).unwrap()).summary().to_string();
        let uncorrectable = summary(UNCORRECTABLE);
        assert!(uncorrectable.contains(", device 0000:"), "{uncorrectable}");
        assert_eq!(summary(&[0; 208]), "error without AER registers");
    }
}
