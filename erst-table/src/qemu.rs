//! Backing image of QEMU's `acpi-erst` device (QEMU `docs/specs/acpi_erst.rst` and `hw/acpi/erst.c`, format version 0x0100).
//!
//! The file is an array of slots of one size. The first slots hold the header: 24 bytes and then the map, the record
//! identifier of each slot, 0 for a free one. Each slot after them holds one record; the rest of it is 0xff.
//!
//! Where document and code differ the code counts: the field at 0x0c is the offset of the first record slot (the document
//! calls it a record offset of 0x18), only 0 marks a slot free (the document says 0 or all ones), and slots are as large
//! as the header says, not always 8 KiB.

use core::mem::{offset_of, size_of};

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::{Error, ErrorKind, Location};

/// Header of the image (QEMU `hw/acpi/erst.c`, `ERSTStorageHeader`, 24 bytes and the map).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct ImageHeader {
    /// `ERSTSTOR`.
    pub magic: [u8; 8],
    /// Size of a slot in bytes.
    pub record_size: U32,
    /// Offset of the first slot that holds a record.
    pub storage_offset: U32,
    /// 0x0100.
    pub version: U16,
    /// 0.
    pub reserved: U16,
    /// Number of records stored.
    pub record_count: U32,
}
const _: () = assert!(size_of::<ImageHeader>() == 0x18 && offset_of!(ImageHeader, record_count) == 0x14);

/// First bytes of an image.
pub const MAGIC: [u8; 8] = *b"ERSTSTOR";

/// The format version described here.
pub const VERSION: u16 = 0x0100;

/// Smallest size of a slot.
pub const MIN_SLOT_SIZE: usize = 4096;

/// Where a record's own fields are that the store looks at (UEFI 2.11 table N.1).
pub(crate) mod record {
    /// Bytes of the smallest record: its header.
    pub(crate) const HEADER_LEN: usize = 128;
    /// Offset of the 32-bit length of the record.
    pub(crate) const LENGTH: usize = 20;
    /// Offset of the 64-bit record identifier.
    pub(crate) const IDENTIFIER: usize = 96;

    /// The length a record states, `None` if `bytes` end before.
    pub(crate) fn length(bytes: &[u8]) -> Option<u32> {
        bytes.get(LENGTH..)?.first_chunk().copied().map(u32::from_le_bytes)
    }

    /// The identifier a record states, `None` if `bytes` end before.
    pub(crate) fn identifier(bytes: &[u8]) -> Option<u64> {
        bytes.get(IDENTIFIER..)?.first_chunk().copied().map(u64::from_le_bytes)
    }
}

/// A borrowed image, as mapped or read from its file.
///
/// Nothing is read until it is asked for: walking the slots touches the map, and of each slot what the caller looks at.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    bytes: &'a [u8],
    header: &'a ImageHeader,
    map: &'a [U64],
    slot_size: usize,
    first_slot: usize,
}

impl<'a> Image<'a> {
    /// Reads the header of an image.
    ///
    /// Only what is needed to find the slots is asked of it: the magic and a usable slot size. [`check`](Self::check)
    /// reports the rest.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`], [`ErrorKind::ImageUninitialized`] for a new file that QEMU has not opened yet,
    /// [`ErrorKind::ImageMagic`] and [`ErrorKind::SlotSize`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let available = bytes.len() as u64;
        let truncated = Error::at_offset(
            0,
            ErrorKind::Truncated {
                what: "the image header",
                needed: size_of::<ImageHeader>() as u64,
                available,
            },
        );
        let (header, rest) = ImageHeader::ref_from_prefix(bytes).map_err(|_| truncated)?;
        match header.magic {
            MAGIC => {}
            [0, 0, 0, 0, 0, 0, 0, 0] => return Err(Error::at_offset(0, ErrorKind::ImageUninitialized)),
            other => return Err(Error::at_offset(0, ErrorKind::ImageMagic(other))),
        }
        let stated = header.record_size.get();
        let slot_size = usize::try_from(stated).unwrap_or(usize::MAX);
        let slots = match slot_size {
            MIN_SLOT_SIZE.. if slot_size.is_power_of_two() => bytes.len().checked_div(slot_size).unwrap_or(0),
            _ => 0,
        };
        if slots == 0 {
            let offset = offset_of!(ImageHeader, record_size) as u64;
            return Err(Error::at_offset(offset, ErrorKind::SlotSize(u64::from(stated))));
        }
        let (map, _) = <[U64]>::ref_from_prefix_with_elems(rest, slots).map_err(|_| truncated)?;
        let stated = usize::try_from(header.storage_offset.get()).unwrap_or(usize::MAX);
        let first_slot = match stated.checked_div(slot_size) {
            Some(first) if stated.checked_rem(slot_size) == Some(0) && first != 0 && first <= slots => first,
            _ => header_slots(slots, slot_size),
        };
        Ok(Self { bytes, header, map, slot_size, first_slot })
    }

    /// The header as found.
    pub const fn header(&self) -> &'a ImageHeader {
        self.header
    }

    /// The whole image.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Size of a slot in bytes, which bounds a record's length.
    pub const fn slot_size(&self) -> usize {
        self.slot_size
    }

    /// Number of slots in the image, those of the header included.
    pub const fn slot_count(&self) -> usize {
        self.map.len()
    }

    /// Number of the first slot that can hold a record; those before it hold the header.
    pub const fn first_slot(&self) -> usize {
        self.first_slot
    }

    /// Number of slots that can hold a record.
    pub const fn capacity(&self) -> usize {
        self.map.len().saturating_sub(self.first_slot)
    }

    /// One slot by its number.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchSlot`] for a slot of the header and beyond the last.
    pub fn slot(&self, index: usize) -> Result<Slot<'a>, Error> {
        let offset = index.saturating_mul(self.slot_size);
        let location = Location::Slot { slot: index, offset: offset as u64 };
        let identifier = self.map.get(index).filter(|_| index >= self.first_slot);
        let bytes = self.bytes.get(offset..).and_then(|rest| rest.get(..self.slot_size));
        match (identifier, bytes) {
            (Some(identifier), Some(bytes)) => {
                Ok(Slot { index, offset: offset as u64, identifier: identifier.get(), bytes })
            }
            _ => Err(Error { kind: ErrorKind::NoSuchSlot, location }),
        }
    }

    /// Every slot that can hold a record, free ones too, in the order of the file.
    pub fn slots(&self) -> impl Iterator<Item = Slot<'a>> + Clone + use<'a> {
        let image = *self;
        (self.first_slot..self.map.len()).filter_map(move |index| image.slot(index).ok())
    }

    /// The slots in use: those with an identifier in the map.
    pub fn used(&self) -> impl Iterator<Item = Slot<'a>> + Clone + use<'a> {
        self.slots().filter(Slot::is_used)
    }

    /// The free slots whose record is still there: QEMU clears a record by its map entry alone.
    pub fn cleared(&self) -> impl Iterator<Item = Slot<'a>> + Clone + use<'a> {
        self.slots().filter(|slot| slot.cleared_record().is_some())
    }

    /// Everything that is wrong with the image, header first, then slot by slot.
    ///
    /// It reads the map and the first 104 bytes of each slot in use.
    pub fn check(&self) -> impl Iterator<Item = ImageProblem> + use<'a> {
        let image = *self;
        let mut seen = Seen::default();
        let slots = self.map.iter().enumerate().filter(|(_, identifier)| identifier.get() != 0);
        self.header_problems().into_iter().flatten().chain(slots.flat_map(move |(index, identifier)| {
            let identifier = identifier.get();
            let first = if seen.insert(identifier) { image.find(identifier) } else { None };
            image.slot_problems(index, identifier, first).into_iter().flatten()
        }))
    }

    fn header_problems(&self) -> [Option<ImageProblem>; 5] {
        let header = self.header;
        let (version, reserved) = (header.version.get(), header.reserved.get());
        let stated = header.storage_offset.get();
        let expected = header_slots(self.map.len(), self.slot_size).saturating_mul(self.slot_size) as u64;
        let rest = self.bytes.len().saturating_sub(self.map.len().saturating_mul(self.slot_size)) as u64;
        let (count, found) = (header.record_count.get(), self.used().count() as u64);
        [
            (version != VERSION).then_some(ImageProblem::Version(version)),
            (reserved != 0).then_some(ImageProblem::Reserved(reserved)),
            (u64::from(stated) != expected).then_some(ImageProblem::StorageOffset { stated, expected }),
            (rest != 0).then_some(ImageProblem::PartialSlot { bytes: rest }),
            (u64::from(count) != found).then_some(ImageProblem::RecordCount { stated: count, found }),
        ]
    }

    /// Problems of a slot in use; `first` is the first slot with the same identifier, if there may be one.
    fn slot_problems(
        &self,
        slot: usize,
        identifier: u64,
        first: Option<Slot<'a>>,
    ) -> [Option<ImageProblem>; 5] {
        let Ok(content) = self.slot(slot) else {
            return [Some(ImageProblem::HeaderSlotUsed { slot, identifier }), None, None, None, None];
        };
        let signature = content.bytes.first_chunk().copied().unwrap_or_default();
        let record = content.record_identifier();
        let stated = record::length(content.bytes).unwrap_or(0);
        [
            (identifier == u64::MAX).then_some(ImageProblem::EndIdentifier { slot }),
            first.filter(|first| first.index < slot).map(|first| ImageProblem::Duplicate {
                slot,
                first: first.index,
                identifier,
            }),
            (signature != *b"CPER").then_some(ImageProblem::RecordSignature { slot, signature }),
            content.record().is_err().then_some(ImageProblem::RecordLength { slot, stated }),
            (record != identifier).then_some(ImageProblem::RecordIdentifier {
                slot,
                map: identifier,
                record,
            }),
        ]
    }

    /// The slot of a record, by its identifier in the map.
    pub fn find(&self, identifier: u64) -> Option<Slot<'a>> {
        self.used().find(|slot| slot.identifier == identifier)
    }
}

impl core::fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Image")
            .field("header", self.header)
            .field("slot_count", &self.slot_count())
            .field("first_slot", &self.first_slot)
            .finish_non_exhaustive()
    }
}

/// Identifiers met so far, as a set of 8192 hashes: it may take a new one for an old one, never the other way round.
///
/// It spares the search for a duplicate where there cannot be one, so that checking an image takes time in proportion to
/// its slots without a list of them.
struct Seen([u64; 128]);

impl Default for Seen {
    fn default() -> Self {
        Self([0; 128])
    }
}

impl Seen {
    /// Adds an identifier; returns whether it may have been there before.
    fn insert(&mut self, identifier: u64) -> bool {
        // Multiplicative hashing: the upper 13 bits, 7 for the word and 6 for the bit.
        let hash = identifier.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bit = 1_u64.wrapping_shl((hash >> 51) as u32);
        match self.0.get_mut((hash >> 57) as usize) {
            Some(word) => {
                let before = *word & bit != 0;
                *word |= bit;
                before
            }
            None => true,
        }
    }
}

/// Slots that a header for `slots` slots of `slot_size` bytes takes.
fn header_slots(slots: usize, slot_size: usize) -> usize {
    let map = slots.saturating_mul(size_of::<U64>());
    size_of::<ImageHeader>().saturating_add(map).div_ceil(slot_size)
}

/// One slot of an image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// Number of the slot in the image.
    pub index: usize,
    /// Offset of the slot in the image, in bytes.
    pub offset: u64,
    /// Identifier of its record in the map, 0 if the slot is free.
    pub identifier: u64,
    /// All bytes of the slot.
    pub bytes: &'a [u8],
}

impl<'a> Slot<'a> {
    /// Whether the map says that the slot holds a record.
    pub const fn is_used(&self) -> bool {
        self.identifier != 0
    }

    /// The record's bytes, as many as its length says.
    ///
    /// The contents are not judged: QEMU stores whatever has a plausible length, without a look at the signature.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RecordLength`] when the length is less than 128 or exceeds the slot; [`bytes`](Self::bytes) are there
    /// all the same.
    pub fn record(&self) -> Result<&'a [u8], Error> {
        let stated = record::length(self.bytes).unwrap_or(0);
        usize::try_from(stated)
            .ok()
            .filter(|length| *length >= record::HEADER_LEN)
            .and_then(|length| self.bytes.get(..length))
            .ok_or(Error {
                kind: ErrorKind::RecordLength {
                    stated: u64::from(stated),
                    available: self.bytes.len() as u64,
                },
                location: Location::Slot { slot: self.index, offset: self.offset },
            })
    }

    /// The identifier in the record's own header. It differs from [`identifier`](Self::identifier) in a slot whose write
    /// was torn, and in one that something else than QEMU wrote.
    pub fn record_identifier(&self) -> u64 {
        record::identifier(self.bytes).unwrap_or(0)
    }

    /// The record that was in this slot before it was cleared: there is one if the slot is free and its bytes still begin
    /// with a `CPER` header of plausible length and with an identifier.
    pub fn cleared_record(&self) -> Option<&'a [u8]> {
        let identified = !matches!(self.record_identifier(), 0 | u64::MAX);
        if self.is_used() || !identified || !self.bytes.starts_with(b"CPER") {
            return None;
        }
        self.record().ok()
    }
}

impl core::fmt::Debug for Slot<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Slot")
            .field("index", &self.index)
            .field("offset", &format_args!("{:#x}", self.offset))
            .field("identifier", &format_args!("{:#x}", self.identifier))
            .field("record", &self.record().map(<[u8]>::len))
            .finish_non_exhaustive()
    }
}

/// What is wrong with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageProblem {
    /// The format version is not 0x0100.
    Version(u16),
    /// The reserved field of the header is not 0.
    Reserved(u16),
    /// The first record slot is not where a header of this size ends.
    StorageOffset {
        /// The offset in the header.
        stated: u32,
        /// The offset that QEMU computes.
        expected: u64,
    },
    /// The image is not a whole number of slots; QEMU refuses to open it.
    PartialSlot {
        /// Bytes after the last whole slot.
        bytes: u64,
    },
    /// The record count is not the number of slots in use. QEMU looks no further than this many records, so that a count
    /// too low hides the last ones from read, clear and overwrite.
    RecordCount {
        /// The count in the header.
        stated: u32,
        /// Slots in use.
        found: u64,
    },
    /// The map gives an identifier to a slot of the header.
    HeaderSlotUsed {
        /// Number of the slot.
        slot: usize,
        /// The identifier.
        identifier: u64,
    },
    /// A slot's identifier is all ones, which stands for the end of the records.
    EndIdentifier {
        /// Number of the slot.
        slot: usize,
    },
    /// Two slots have the same identifier; QEMU finds the first.
    Duplicate {
        /// Number of the second slot.
        slot: usize,
        /// Number of the first slot.
        first: usize,
        /// The identifier.
        identifier: u64,
    },
    /// The record's length is less than 128 or exceeds the slot.
    RecordLength {
        /// Number of the slot.
        slot: usize,
        /// The length in the record's header.
        stated: u32,
    },
    /// The record does not begin with `CPER`.
    RecordSignature {
        /// Number of the slot.
        slot: usize,
        /// What it begins with.
        signature: [u8; 4],
    },
    /// The record's own identifier is not the one in the map: its write was torn, or the slot was edited.
    RecordIdentifier {
        /// Number of the slot.
        slot: usize,
        /// The identifier in the map.
        map: u64,
        /// The identifier in the record.
        record: u64,
    },
}

impl core::fmt::Display for ImageProblem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match *self {
            Self::Version(version) => write!(f, "version {version:#06x}, not {VERSION:#06x}"),
            Self::Reserved(value) => write!(f, "reserved field is {value:#06x}, not 0"),
            Self::StorageOffset { stated, expected } => {
                write!(f, "storage offset {stated:#x}, a header of this image ends at {expected:#x}")
            }
            Self::PartialSlot { bytes } => write!(f, "{bytes} bytes after the last whole slot"),
            Self::RecordCount { stated, found } => write!(f, "record count {stated}, {found} slots in use"),
            Self::HeaderSlotUsed { slot, identifier } => {
                write!(f, "slot {slot} belongs to the header, its map entry is {identifier:#x}")
            }
            Self::EndIdentifier { slot } => write!(f, "slot {slot}: identifier is all ones"),
            Self::Duplicate { slot, first, identifier } => {
                write!(f, "slot {slot}: identifier {identifier:#x} is that of slot {first} too")
            }
            Self::RecordLength { slot, stated } => {
                write!(f, "slot {slot}: record length {stated} is unusable")
            }
            Self::RecordSignature { slot, signature } => {
                write!(f, "slot {slot}: signature \"{}\", not \"CPER\"", signature.escape_ascii())
            }
            Self::RecordIdentifier { slot, map, record } => {
                write!(f, "slot {slot}: identifier {map:#x} in the map, {record:#x} in the record")
            }
        }
    }
}
