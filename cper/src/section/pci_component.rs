//! PCI/PCI-X component error (UEFI 2.11 Appendix N, "PCI/PCI-X Component Error Table"; 40 bytes and 16 for each pair
//! of register address and data).
//!
//! ```
//! use cper::section::{PciComponentErrorHeader, PciComponentErrorParts, RegisterDataPair};
//! use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity};
//!
//! let registers = [RegisterDataPair::new(0xfed0_0010, 0x8000_0001)];
//! let error = PciComponentErrorParts::new(PciComponentErrorHeader::new()).with_memory_registers(&registers);
//! let mut buffer = [0; 512];
//! let mut writer = RecordWriter::new(&mut buffer, &RecordHeader::new(Severity::RECOVERABLE, NotificationType::NMI))?;
//! writer.section(&SectionDescriptor::primary(Severity::RECOVERABLE), &error)?;
//! assert_eq!(writer.finish()?.len(), 128 + 72 + 40 + 16);
//! # Ok::<(), cper::Error>(())
//! ```

use core::fmt;

use zerocopy::IntoBytes;

use super::error_status::ErrorStatus;
use super::pci_address::PciAddress;
use crate::entries::whole;
use crate::fields::{Describe, Value, Values, Visitor, describe_rest, show_fields, shows};
use crate::kind::{Encode, SectionType, fill_with};
use crate::structure::structure;
use crate::{Error, SectionTypeId};

structure! {
    /// The fixed part of a PCI component error. [`PciComponentErrorParts`] fills in the numbers of registers.
    PciComponentErrorHeader: 40 bytes, new;
    head of PciComponentError from 40 as PCI_COMPONENT "PCI component error";
    valid PciComponentValidation: u64 in validation_bits {
        /// [`PciComponentError::memory_number`] holds a value.
        MEMORY_NUMBER = 2;
        /// [`PciComponentError::io_number`] holds a value.
        IO_NUMBER = 3;
        /// [`PciComponentError::pairs`] hold values.
        REGISTER_DATA_PAIRS = 4;
    };
    0 validation_bits: u64;
    /// Error status: type and signals of the error.
    8 error_status: ErrorStatus as group, error_status_raw set_error_status with_error_status, ERROR_STATUS = 0;
    /// Identity and address of the component.
    16 id_info: PciComponentId as group, id_info_raw set_id_info with_id_info, ID_INFO = 1;
    /// Number of pairs of memory-mapped registers, which come first.
    32 memory_number: u32 raw memory_number_raw;
    /// Number of pairs of I/O registers, which follow those of memory-mapped registers.
    36 io_number: u32 raw io_number_raw;
}

structure! {
    /// Identity and address of a PCI component.
    PciComponentId: 16 bytes, new;
    /// PCI vendor id.
    0 vendor_id: u16 as hex => set_vendor_id with_vendor_id;
    /// PCI device id. The specification says bytes 1 and 2; they are bytes 2 and 3.
    2 device_id: u16 as hex => set_device_id with_device_id;
    /// Class code as stored: programming interface, subclass, base class.
    4 class_code: [u8; 3] raw class_code_raw;
    /// Function number.
    7 function: u8 as number => set_function with_function;
    /// Device number.
    8 device: u8 as number => set_device with_device;
    /// Bus number.
    9 bus: u8 as number => set_bus with_bus;
    /// Segment number.
    10 segment: u8 as number => set_segment with_segment;
    11 reserved: [u8; 5];
}

impl PciComponentId {
    /// Class code, 24 bits: base class, subclass, programming interface.
    #[inline]
    pub const fn class_code(&self) -> u32 {
        let [interface, subclass, base] = self.class_code_raw();
        u32::from_le_bytes([interface, subclass, base, 0])
    }

    /// Sets the class code; bits past the 24th are dropped.
    #[inline]
    pub const fn set_class_code(&mut self, class_code: u32) {
        let [interface, subclass, base, _] = class_code.to_le_bytes();
        Self::AT.class_code.put(&mut self.0, [interface, subclass, base]);
    }

    /// Sets the class code; bits past the 24th are dropped.
    #[must_use]
    #[inline]
    pub const fn with_class_code(mut self, class_code: u32) -> Self {
        self.set_class_code(class_code);
        self
    }

    /// Address of the component: segment, bus, device and function.
    #[inline]
    pub const fn address(&self) -> PciAddress {
        PciAddress {
            segment: self.segment() as u16,
            bus: self.bus(),
            device: self.device(),
            function: self.function(),
        }
    }
}

impl Describe for PciComponentId {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        shows!(out, self, vendor_id, device_id, class_code, function, device, bus, segment);
        out.field("address", Value::Message(&self.address()))?;
        out.field("vendor_id", Value::hex(self.vendor_id()))?;
        out.field("device_id", Value::hex(self.device_id()))?;
        out.field("class_code", Value::Hex { value: self.class_code().into(), digits: 6 })
    }
}

structure! {
    /// Address and value of a register. Either may be narrower than its eight bytes.
    RegisterDataPair: 16 bytes;
    /// Address of the register, in memory or I/O space.
    0 address: u64 as hex => set_address with_address;
    /// Value of the register.
    8 data: u64 as hex => set_data with_data;
}

impl RegisterDataPair {
    /// The pair of an address and the value of the register there.
    #[inline]
    pub const fn new(address: u64, data: u64) -> Self {
        Self::ZERO.with_address(address).with_data(data)
    }
}

impl Describe for RegisterDataPair {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

/// The numbers of pairs are the writer's word; the section's length says how many there are.
impl<'a> PciComponentError<'a> {
    /// Number of pairs of memory-mapped registers that the section claims; `None` when its validity bit is clear.
    pub fn memory_number(&self) -> Option<u32> {
        let valid = self.validation().contains(PciComponentValidation::MEMORY_NUMBER);
        if valid { self.memory_number_raw() } else { None }
    }

    /// Number of pairs of I/O registers that the section claims; `None` when its validity bit is clear.
    pub fn io_number(&self) -> Option<u32> {
        let valid = self.validation().contains(PciComponentValidation::IO_NUMBER);
        if valid { self.io_number_raw() } else { None }
    }

    /// The bytes after the fixed part.
    fn after(&self) -> &'a [u8] {
        self.bytes.get(PciComponentErrorHeader::SIZE..).unwrap_or_default()
    }

    /// Every whole pair after the fixed part, whatever the numbers and validity bits say.
    pub fn pairs(&self) -> &'a [RegisterDataPair] {
        whole(self.after())
    }

    /// The bytes after the last whole pair, at most 15.
    pub fn trailing(&self) -> &'a [u8] {
        self.after().get(size_of_val(self.pairs())..).unwrap_or_default()
    }

    /// The pairs: of memory, of I/O, and those that neither number claims.
    fn split(&self) -> [&'a [RegisterDataPair]; 3] {
        let valid = self.validation().contains(PciComponentValidation::REGISTER_DATA_PAIRS);
        let cut = |pairs: &'a [RegisterDataPair], number: Option<u32>| {
            let number = if valid { number.unwrap_or(0) as usize } else { 0 };
            pairs.split_at_checked(number).unwrap_or((pairs, &[]))
        };
        let (memory, rest) = cut(self.pairs(), self.memory_number());
        let (io, rest) = cut(rest, self.io_number());
        [memory, io, rest]
    }

    /// The memory-mapped registers: as many pairs as their number claims and the section has. Empty when the validity
    /// bit of the number or of the pairs is clear.
    pub fn memory_registers(&self) -> &'a [RegisterDataPair] {
        let [memory, _, _] = self.split();
        memory
    }

    /// The I/O registers, which follow: as many pairs as their number claims and the section has. Empty when the
    /// validity bit of the number or of the pairs is clear.
    pub fn io_registers(&self) -> &'a [RegisterDataPair] {
        let [_, io, _] = self.split();
        io
    }

    /// The pairs after those that the two numbers count.
    pub fn other_pairs(&self) -> &'a [RegisterDataPair] {
        let [_, _, other] = self.split();
        other
    }

    /// The pairs that the two numbers count.
    fn claimed_pairs(&self) -> u64 {
        let claimed = |number: Option<u32>| u64::from(number.unwrap_or(0));
        if self.validation().contains(PciComponentValidation::REGISTER_DATA_PAIRS) {
            claimed(self.memory_number()).saturating_add(claimed(self.io_number()))
        } else {
            0
        }
    }

    /// How many pairs the numbers claim and the section does not have.
    pub fn missing_pairs(&self) -> u64 {
        self.claimed_pairs().saturating_sub(self.pairs().len() as u64)
    }

    /// How many bytes of pairs the numbers claim and the section does not have.
    pub fn missing(&self) -> usize {
        let claimed = usize::try_from(self.claimed_pairs()).unwrap_or(usize::MAX);
        claimed.saturating_mul(RegisterDataPair::SIZE).saturating_sub(self.after().len())
    }

    /// The kind of error, and which component.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        match self.error_status() {
            Some(status) if status.error_type().raw() != 0 => write!(f, "{}", status.error_type())?,
            _ => f.write_str("error of unknown type")?,
        }
        match self.id_info() {
            Some(id) => {
                write!(f, ", device {} [{:04x}:{:04x}]", id.address(), id.vendor_id(), id.device_id())
            }
            None => Ok(()),
        }
    }
}

impl Describe for PciComponentError<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        if let Some(number) = self.memory_number() {
            shows!(out, PciComponentErrorHeader in self.bytes, memory_number);
            out.field("memory_number", Value::number(number))?;
        }
        if let Some(number) = self.io_number() {
            shows!(out, PciComponentErrorHeader in self.bytes, io_number);
            out.field("io_number", Value::number(number))?;
        }
        let [memory, io, other] = self.split();
        for (name, pairs) in
            [("memory_registers", memory), ("io_registers", io), ("register_data_pairs", other)]
        {
            if !pairs.is_empty() {
                out.field(name, Value::List(&Values(pairs.iter().map(|pair| Value::Group(pair)))))?;
            }
        }
        if self.missing_pairs() != 0 {
            out.field("missing_pairs", Value::Number(self.missing_pairs().min(u32::MAX.into())))?;
            let claimed = u32::try_from(self.claimed_pairs()).unwrap_or(u32::MAX);
            Error::inner_length("register count", claimed, self.pairs().len(), 32).describe(out)?;
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(PciComponentId, RegisterDataPair);

/// A PCI component error to be written: the fixed part, and registers.
#[derive(Clone, Copy, Debug)]
pub struct PciComponentErrorParts<'a> {
    header: PciComponentErrorHeader,
    memory: &'a [RegisterDataPair],
    io: &'a [RegisterDataPair],
}

impl<'a> PciComponentErrorParts<'a> {
    /// A section of the fixed part alone. Numbers and validity of the registers come from what is added.
    pub const fn new(mut header: PciComponentErrorHeader) -> Self {
        let registers = PciComponentValidation::MEMORY_NUMBER
            .union(PciComponentValidation::IO_NUMBER)
            .union(PciComponentValidation::REGISTER_DATA_PAIRS);
        header.set_validation(header.validation().difference(registers));
        Self { header, memory: &[], io: &[] }
    }

    const fn with(mut self, number: PciComponentValidation) -> Self {
        let valid = self.header.validation().union(number).union(PciComponentValidation::REGISTER_DATA_PAIRS);
        self.header.set_validation(valid);
        self
    }

    /// Adds the memory-mapped registers.
    #[must_use]
    #[inline]
    pub const fn with_memory_registers(mut self, registers: &'a [RegisterDataPair]) -> Self {
        self.memory = registers;
        self.with(PciComponentValidation::MEMORY_NUMBER)
    }

    /// Adds the I/O registers.
    #[must_use]
    #[inline]
    pub const fn with_io_registers(mut self, registers: &'a [RegisterDataPair]) -> Self {
        self.io = registers;
        self.with(PciComponentValidation::IO_NUMBER)
    }
}

impl SectionType for PciComponentErrorParts<'_> {
    const TYPE: SectionTypeId = PciComponentError::TYPE;
    const NAME: &'static str = PciComponentError::NAME;
}

impl Encode for PciComponentErrorParts<'_> {
    fn encoded_len(&self) -> usize {
        size_of_val(self.memory)
            .saturating_add(size_of_val(self.io))
            .saturating_add(PciComponentErrorHeader::SIZE)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let mut header = self.header;
        PciComponentErrorHeader::AT
            .memory_number
            .put(&mut header.0, u32::to_le_bytes(u32::try_from(self.memory.len()).ok()?));
        PciComponentErrorHeader::AT
            .io_number
            .put(&mut header.0, u32::to_le_bytes(u32::try_from(self.io.len()).ok()?));
        fill_with(out, &[header.as_bytes(), self.memory.as_bytes(), self.io.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::kind::Decode;
    use crate::section::checks::{assert_map, bit_map, written};
    use crate::section::{ErrorStatusFlags, ErrorStatusType};
    use std::string::ToString;
    use std::vec::Vec;

    const MEMORY: [RegisterDataPair; 2] =
        [RegisterDataPair::new(0x1112_1314_1516_1718, 0x2122_2324_2526_2728), RegisterDataPair::new(3, 4)];
    const IO: [RegisterDataPair; 1] = [RegisterDataPair::new(0xcf8, 0x8000_0000)];

    fn header() -> PciComponentErrorHeader {
        let id = PciComponentId::new()
            .with_vendor_id(0x8086)
            .with_device_id(0x1572)
            .with_class_code(0x0003_0201)
            .with_function(4)
            .with_device(5)
            .with_bus(6)
            .with_segment(7);
        PciComponentErrorHeader::new()
            .with_error_status(ErrorStatus::of(ErrorStatusType::PARITY, ErrorStatusFlags::ADDRESS))
            .with_id_info(id)
    }

    fn body() -> Vec<u8> {
        written(&PciComponentErrorParts::new(header()).with_memory_registers(&MEMORY).with_io_registers(&IO))
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let mut bytes = [0; 40];
        bytes[0] = 0xf;
        let map = bit_map(&bytes, 0..8, |bytes, told| told(&PciComponentError::decode(bytes).unwrap()));
        assert_map(
            &map,
            "8.0 error_status.flags -*8 9.0 error_status.error_type *8
             10.0 error_status.flags ADDRESS CONTROL DATA RESPONDER REQUESTOR FIRST_ERROR OVERFLOW -*41
             16.0 id_info.vendor_id *16 18.0 id_info.device_id *16 20.0 id_info.class_code *24
             23.0 id_info.address ~*32 27.0 hidden ~*40 32.0 memory_number *32 36.0 io_number *32",
        );
    }

    #[test]
    fn every_writer_sets_its_bytes_and_its_bit() {
        let bytes = body();
        let words = [
            0x1f,
            0x0001_1600,
            0x0403_0201_1572_8086,
            0x07_0605,
            0x0001_0000_0002,
            0x1112_1314_1516_1718,
            0x2122_2324_2526_2728,
            3,
            4,
            0xcf8,
            0x8000_0000u64,
        ];
        assert_eq!(bytes, words.map(u64::to_le_bytes).as_flattened());
        let section = PciComponentError::decode(&bytes).unwrap();
        assert_eq!(section.error_status().map(ErrorStatus::error_type), Some(ErrorStatusType::PARITY));
        let id = section.id_info().unwrap();
        assert_eq!((id.vendor_id(), id.device_id(), id.class_code()), (0x8086, 0x1572, 0x0003_0201));
        assert_eq!(id.address().to_string(), "0007:06:05.4");
        assert_eq!((section.memory_number(), section.io_number()), (Some(2), Some(1)));
        assert_eq!((section.memory_registers(), section.io_registers()), (&MEMORY[..], &IO[..]));
        assert_eq!((section.pairs().len(), section.other_pairs(), section.trailing()), (3, &[][..], &[][..]));
        assert_eq!(section.missing_pairs(), 0);
        assert_eq!(section.validation().bits(), 0x1f);
        assert_eq!(
            crate::section::Body::PciComponent(section).summary().to_string(),
            "bus parity error, device 0007:06:05.4 [8086:1572]"
        );
        let text = section.to_string();
        for part in [
            "memory number           2\nio number               1\n",
            "memory registers\n  [0] \n    address                 0x1112131415161718\n    data                    0x2122232425262728\n  [1]",
            "io registers\n  [0] \n    address                 0x0000000000000cf8\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn registers_come_and_go_with_their_bits() {
        let header_of_all = *PciComponentError::decode(&body()).unwrap().structure().unwrap();
        let none = written(&PciComponentErrorParts::new(header_of_all));
        assert_eq!((none.len(), none[0]), (40, 3));
        let one = written(&PciComponentErrorParts::new(header()).with_io_registers(&IO));
        let section = PciComponentError::decode(&one).unwrap();
        assert_eq!(section.validation().bits(), 0x1b);
        assert_eq!((section.memory_number(), section.memory_registers()), (None, &[][..]));
        assert_eq!((section.io_number(), section.io_registers()), (Some(1), &IO[..]));
        assert_eq!(PciComponentErrorHeader::default().validation().bits(), 0);
    }

    #[test]
    fn numbers_that_lie_hide_no_pair() {
        let with = |validation: u8, memory: u32, io: u32| {
            let mut bytes = body();
            bytes[0] = validation;
            bytes[32..36].copy_from_slice(&memory.to_le_bytes());
            bytes[36..40].copy_from_slice(&io.to_le_bytes());
            bytes.push(0xee);
            bytes
        };
        for (validation, memory, io, counts, missing) in [
            (0x1f, 2, 1, [2, 1, 0], 0),
            (0x1f, 1, 1, [1, 1, 1], 0),
            (0x1f, 0, 0, [0, 0, 3], 0),
            (0x1f, 2, 5, [2, 1, 0], 4),
            (0x1f, u32::MAX, u32::MAX, [3, 0, 0], 0x1_ffff_fffe - 3),
            (0x1b, 2, 1, [0, 1, 2], 0),
            (0x17, 2, 1, [2, 0, 1], 0),
            (0x13, 9, 9, [0, 0, 3], 0),
            (0x0f, 2, 1, [0, 0, 3], 0),
            (0x0f, 9, 9, [0, 0, 3], 0),
        ] {
            let bytes = with(validation, memory, io);
            let section = PciComponentError::decode(&bytes).unwrap();
            let found = [section.memory_registers(), section.io_registers(), section.other_pairs()];
            assert_eq!(found.map(<[_]>::len), counts, "{validation:#x} {memory} {io}");
            assert_eq!(found.concat(), section.pairs());
            assert_eq!(section.missing_pairs(), missing, "{validation:#x} {memory} {io}");
            assert_eq!(section.to_string().contains("missing pairs"), missing != 0);
            assert_eq!(section.to_string().contains("register data pairs"), counts[2] != 0);
            assert_eq!(section.trailing(), [0xee]);
            assert!(section.to_string().contains("trailing"));
        }
    }

    #[test]
    fn truncation_at_every_length_keeps_whole_pairs() {
        let bytes = body();
        for length in 0..40 {
            assert_eq!(
                PciComponentError::decode(&bytes[..length]).unwrap_err(),
                Error::too_short("PCI component error", 40, length)
            );
        }
        for length in 40..bytes.len() {
            let section = PciComponentError::decode(&bytes[..length]).unwrap();
            assert_eq!(
                (section.pairs().len(), section.trailing().len()),
                ((length - 40) / 16, (length - 40) % 16)
            );
            assert_eq!(section.missing_pairs(), 3 - (length as u64 - 40) / 16);
            assert_eq!(section.missing(), bytes.len() - length);
        }
    }

    #[test]
    fn every_bit_of_a_pair_shows_in_its_list() {
        let mut bytes = body();
        bytes.extend(IO[0].as_bytes());
        bytes.push(1);
        let map = bit_map(&bytes, 0..40, |bytes, told| told(&PciComponentError::decode(bytes).unwrap()));
        assert_map(
            &map,
            "40.0 memory_registers ~*256 72.0 io_registers ~*128 88.0 register_data_pairs ~*128 104.0 trailing ~*8",
        );
    }
}
