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

use bitflags::bitflags;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Decode, Encode, ErrorStatus, PciAddress, SectionType};
use crate::fields::{Describe, Each, Value, Visitor, describe_rest, show_fields, valid_fields};
use crate::kind::View;
use crate::{Error, Guid, SectionTypeId};

/// The fixed part of a PCI component error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PciComponentErrorHeader {
    /// [`PciComponentValidation`].
    pub validation_bits: U64,
    /// Type and signals of the error.
    pub error_status: ErrorStatus,
    /// Who the component is.
    pub id_info: PciComponentId,
    /// Pairs of memory-mapped registers, which come first.
    pub memory_number: U32,
    /// Pairs of I/O registers, which follow.
    pub io_number: U32,
}

const _: () = {
    assert!(size_of::<PciComponentErrorHeader>() == 40 && align_of::<PciComponentErrorHeader>() == 1);
    assert!(core::mem::offset_of!(PciComponentErrorHeader, id_info) == 16);
    assert!(core::mem::offset_of!(PciComponentErrorHeader, memory_number) == 32);
};

bitflags! {
    /// Which fields of a PCI component error hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PciComponentValidation: u64 {
        /// [`PciComponentErrorHeader::error_status`].
        const ERROR_STATUS = 1 << 0;
        /// [`PciComponentErrorHeader::id_info`].
        const ID_INFO = 1 << 1;
        /// [`PciComponentErrorHeader::memory_number`].
        const MEMORY_NUMBER = 1 << 2;
        /// [`PciComponentErrorHeader::io_number`].
        const IO_NUMBER = 1 << 3;
        /// The pairs.
        const REGISTER_DATA_PAIRS = 1 << 4;
        const _ = !0;
    }
}

/// Who a PCI component is and where it is found.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct PciComponentId {
    /// Vendor.
    pub vendor_id: U16,
    /// Device, of the vendor's. The specification says bytes 1 and 2; they are 2 and 3.
    pub device_id: U16,
    /// Class code: programming interface, subclass, base class.
    pub class_code: [u8; 3],
    /// Function number.
    pub function: u8,
    /// Device number.
    pub device: u8,
    /// Bus number.
    pub bus: u8,
    /// Segment number.
    pub segment: u8,
    /// 0.
    pub reserved: [u8; 5],
}

const _: () = {
    assert!(size_of::<PciComponentId>() == 16);
    assert!(core::mem::offset_of!(PciComponentId, segment) == 10);
};

impl PciComponentId {
    /// Class code, 24 bits: base class, subclass, programming interface.
    pub const fn class_code(&self) -> u32 {
        let [interface, subclass, base] = self.class_code;
        u32::from_le_bytes([interface, subclass, base, 0])
    }

    /// Where the component is found.
    pub const fn address(&self) -> PciAddress {
        PciAddress {
            segment: self.segment as u16,
            bus: self.bus,
            device: self.device,
            function: self.function,
        }
    }
}

impl Describe for PciComponentId {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("address", Value::Message(&self.address()))?;
        out.field("vendor_id", Value::hex(self.vendor_id.get()))?;
        out.field("device_id", Value::hex(self.device_id.get()))?;
        out.field("class_code", Value::Hex { value: self.class_code().into(), digits: 6 })
    }
}

/// Address of a register, and what it held. Either may be narrower than its eight bytes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct RegisterDataPair {
    /// Address of the register, in memory or I/O space.
    pub address: U64,
    /// What it held.
    pub data: U64,
}

const _: () = assert!(size_of::<RegisterDataPair>() == 16);

impl RegisterDataPair {
    const SIZE: usize = size_of::<Self>();

    /// The pair of an address and what was there.
    pub const fn new(address: u64, data: u64) -> Self {
        Self { address: U64::new(address), data: U64::new(data) }
    }
}

impl Describe for RegisterDataPair {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("address", Value::hex(self.address.get()))?;
        out.field("data", Value::hex(self.data.get()))
    }
}

valid_fields! {
    PciComponentErrorHeader, validation_bits: u64 as PciComponentValidation;
    /// Type and signals of the error.
    error_status / with_error_status: ErrorStatus as group, ERROR_STATUS;
    /// Who the component is.
    id_info / with_id_info: PciComponentId as group, ID_INFO;
}

impl PciComponentErrorHeader {
    /// Bytes of the fixed part.
    pub const SIZE: usize = size_of::<Self>();

    /// A header with no field valid. The numbers are filled in by [`PciComponentErrorParts`].
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 40])
    }

    /// Pairs of memory-mapped registers that the section claims; `None` when its validity bit is clear.
    pub const fn memory_number(&self) -> Option<u32> {
        let valid = self.validation().contains(PciComponentValidation::MEMORY_NUMBER);
        if valid { Some(self.memory_number.get()) } else { None }
    }

    /// Pairs of I/O registers that the section claims; `None` when its validity bit is clear.
    pub const fn io_number(&self) -> Option<u32> {
        let valid = self.validation().contains(PciComponentValidation::IO_NUMBER);
        if valid { Some(self.io_number.get()) } else { None }
    }
}

impl Default for PciComponentErrorHeader {
    fn default() -> Self {
        Self::new()
    }
}

/// A PCI component error: its fixed part, to which it dereferences, and the registers behind it.
///
/// The numbers of pairs are the writer's word; the section's length says how many there are.
#[derive(Clone, Copy, Debug)]
pub struct PciComponentError<'a> {
    header: &'a PciComponentErrorHeader,
    pairs: &'a [RegisterDataPair],
    rest: &'a [u8],
    bytes: &'a [u8],
}

impl core::ops::Deref for PciComponentError<'_> {
    type Target = PciComponentErrorHeader;

    fn deref(&self) -> &PciComponentErrorHeader {
        self.header
    }
}

impl SectionType for PciComponentError<'_> {
    const TYPE: Guid = SectionTypeId::PCI_COMPONENT.0;
    const NAME: &'static str = "PCI component error";
}

impl Decode for PciComponentError<'_> {
    type View<'a> = PciComponentError<'a>;

    fn decode(body: &[u8]) -> Result<PciComponentError<'_>, Error> {
        let short = Error::too_short(Self::NAME, PciComponentErrorHeader::SIZE, body.len());
        let (header, after) = PciComponentErrorHeader::ref_from_prefix(body).map_err(|_| short)?;
        let count = after.len() / RegisterDataPair::SIZE;
        let (pairs, rest) =
            <[RegisterDataPair]>::ref_from_prefix_with_elems(after, count).map_err(|_| short)?;
        Ok(PciComponentError { header, pairs, rest, bytes: body })
    }
}

impl<'a> View<'a> for PciComponentError<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        self.trailing()
    }
}

impl<'a> PciComponentError<'a> {
    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The fixed part, every field as it was stored.
    pub const fn header(&self) -> &'a PciComponentErrorHeader {
        self.header
    }

    /// Every whole pair behind the fixed part, whatever the numbers and validity bits say.
    pub const fn pairs(&self) -> &'a [RegisterDataPair] {
        self.pairs
    }

    /// The bytes behind the last whole pair, at most 15.
    pub const fn trailing(&self) -> &'a [u8] {
        self.rest
    }

    /// The pairs: of memory, of I/O, and those that neither number claims.
    fn split(&self) -> [&'a [RegisterDataPair]; 3] {
        let valid = self.validation().contains(PciComponentValidation::REGISTER_DATA_PAIRS);
        let cut = |pairs: &'a [RegisterDataPair], number: Option<u32>| {
            let number = if valid { number.unwrap_or(0) as usize } else { 0 };
            pairs.split_at_checked(number).unwrap_or((pairs, &[]))
        };
        let (memory, rest) = cut(self.pairs, self.memory_number());
        let (io, rest) = cut(rest, self.io_number());
        [memory, io, rest]
    }

    /// The memory-mapped registers: as many pairs as their number claims and the section has. None when the validity
    /// bit of the number or of the pairs is clear.
    pub fn memory_registers(&self) -> &'a [RegisterDataPair] {
        let [memory, _, _] = self.split();
        memory
    }

    /// The I/O registers, which follow, likewise.
    pub fn io_registers(&self) -> &'a [RegisterDataPair] {
        let [_, io, _] = self.split();
        io
    }

    /// Pairs that neither number claims.
    pub fn unclaimed_pairs(&self) -> &'a [RegisterDataPair] {
        let [_, _, unclaimed] = self.split();
        unclaimed
    }

    /// Pairs that the numbers claim and the section does not have.
    pub fn missing_pairs(&self) -> u64 {
        let claimed = |number: Option<u32>| u64::from(number.unwrap_or(0));
        if !self.validation().contains(PciComponentValidation::REGISTER_DATA_PAIRS) {
            return 0;
        }
        claimed(self.memory_number())
            .saturating_add(claimed(self.io_number()))
            .saturating_sub(self.pairs.len() as u64)
    }
}

impl Describe for PciComponentError<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_valid(out)?;
        if let Some(number) = self.memory_number() {
            out.field("memory_number", Value::number(number))?;
        }
        if let Some(number) = self.io_number() {
            out.field("io_number", Value::number(number))?;
        }
        let [memory, io, unclaimed] = self.split();
        for (name, pairs) in
            [("memory_registers", memory), ("io_registers", io), ("register_data_pairs", unclaimed)]
        {
            if !pairs.is_empty() {
                out.field(name, Value::List(&Each(pairs.iter().copied())))?;
            }
        }
        if self.missing_pairs() != 0 {
            out.field("missing_pairs", Value::Number(self.missing_pairs()))?;
            let claimed = self.missing_pairs().saturating_add(self.pairs.len() as u64);
            let claimed = u32::try_from(claimed).unwrap_or(u32::MAX);
            Error::inner_length("register count", claimed, self.pairs.len(), 32).describe(out)?;
        }
        describe_rest("trailing", self.rest, out)
    }
}

show_fields!(PciComponentId, RegisterDataPair, PciComponentError<'a>);

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
        header.validation_bits = U64::new(header.validation().difference(registers).bits());
        Self { header, memory: &[], io: &[] }
    }

    const fn with(mut self, number: PciComponentValidation) -> Self {
        let valid = self.header.validation().union(number).union(PciComponentValidation::REGISTER_DATA_PAIRS);
        self.header.validation_bits = U64::new(valid.bits());
        self
    }

    /// Adds the memory-mapped registers.
    #[must_use]
    pub const fn with_memory_registers(mut self, registers: &'a [RegisterDataPair]) -> Self {
        self.memory = registers;
        self.with(PciComponentValidation::MEMORY_NUMBER)
    }

    /// Adds the I/O registers.
    #[must_use]
    pub const fn with_io_registers(mut self, registers: &'a [RegisterDataPair]) -> Self {
        self.io = registers;
        self.with(PciComponentValidation::IO_NUMBER)
    }
}

impl SectionType for PciComponentErrorParts<'_> {
    const TYPE: Guid = PciComponentError::TYPE;
    const NAME: &'static str = PciComponentError::NAME;
}

impl Encode for PciComponentErrorParts<'_> {
    fn encoded_len(&self) -> usize {
        size_of_val(self.memory)
            .saturating_add(size_of_val(self.io))
            .saturating_add(PciComponentErrorHeader::SIZE)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let header = PciComponentErrorHeader {
            memory_number: U32::new(u32::try_from(self.memory.len()).ok()?),
            io_number: U32::new(u32::try_from(self.io.len()).ok()?),
            ..self.header
        };
        let (to, body) = PciComponentErrorHeader::mut_from_prefix(out).ok()?;
        *to = header;
        let (memory, io) = body.split_at_mut_checked(size_of_val(self.memory))?;
        self.memory.write_to(memory).ok()?;
        self.io.write_to(io).ok()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{assert_map, bit_map, every_flip_shows, written};
    use crate::section::{ErrorStatusFlags, ErrorStatusType};
    use std::string::ToString;
    use std::vec::Vec;

    const MEMORY: [RegisterDataPair; 2] =
        [RegisterDataPair::new(0x1112_1314_1516_1718, 0x2122_2324_2526_2728), RegisterDataPair::new(3, 4)];
    const IO: [RegisterDataPair; 1] = [RegisterDataPair::new(0xcf8, 0x8000_0000)];

    fn header() -> PciComponentErrorHeader {
        let id = PciComponentId {
            vendor_id: U16::new(0x8086),
            device_id: U16::new(0x1572),
            class_code: [1, 2, 3],
            function: 4,
            device: 5,
            bus: 6,
            segment: 7,
            reserved: [0; 5],
        };
        PciComponentErrorHeader::new()
            .with_error_status(ErrorStatus::new(ErrorStatusType::PARITY, ErrorStatusFlags::ADDRESS))
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
        assert_eq!((id.vendor_id.get(), id.device_id.get(), id.class_code()), (0x8086, 0x1572, 0x0003_0201));
        assert_eq!(id.address().to_string(), "0007:06:05.4");
        assert_eq!((section.memory_number(), section.io_number()), (Some(2), Some(1)));
        assert_eq!((section.memory_registers(), section.io_registers()), (&MEMORY[..], &IO[..]));
        assert_eq!(
            (section.pairs().len(), section.unclaimed_pairs(), section.trailing()),
            (3, &[][..], &[][..])
        );
        assert_eq!(section.missing_pairs(), 0);
        assert_eq!(section.header().validation().bits(), 0x1f);
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
        let none =
            written(&PciComponentErrorParts::new(*PciComponentError::decode(&body()).unwrap().header()));
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
            let found = [section.memory_registers(), section.io_registers(), section.unclaimed_pairs()];
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
        }
    }

    #[test]
    fn a_flip_of_any_bit_shows() {
        let mut bytes = body();
        bytes.push(1);
        every_flip_shows(SectionTypeId::PCI_COMPONENT, &bytes);
    }
}
