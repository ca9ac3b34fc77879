//! Backing image of QEMU's `acpi-erst` device (QEMU `docs/specs/acpi_erst.rst` and `hw/acpi/erst.c`, format version
//! 0x0100).
//!
//! The file is an array of slots of one size. The first slots hold the header: 24 bytes and then the map, the record
//! identifier of each slot, 0 for a free one. Each slot after them holds one record; the rest of it is 0xff.
//!
//! Where document and code differ the code counts: the field at 0x0c is the offset of the first record slot (the
//! document calls it a record offset of 0x18), only 0 marks a slot free (the document says 0 or all ones), and slots
//! are as large as the header says, not always 8 KiB.

use core::fmt;
use core::mem::size_of;

use zerocopy::FromBytes;
use zerocopy::little_endian::U64;

use crate::record;
use crate::store::{self, IDENTIFIER_UNSPECIFIED, RecordFault};
use crate::structure::structure;
use crate::{Error, ErrorKind, Location, Operation, Status};

structure! {
    /// Header of the image (QEMU `hw/acpi/erst.c`, `ERSTStorageHeader`, 24 bytes and the map).
    ImageHeader: 24 bytes, new;
    /// Magic bytes: `ERSTSTOR`.
    0 magic: [u8; 8] => set_magic with_magic;
    /// Size of a slot in bytes.
    8 record_size: u32 => set_record_size with_record_size;
    /// Offset of the first slot that can hold a record, in bytes.
    12 storage_offset: u32 => set_storage_offset with_storage_offset;
    /// Format version: 0x0100.
    16 version: u16 => set_version with_version;
    /// Reserved, 0.
    18 reserved: u16 => set_reserved with_reserved;
    /// Number of records stored.
    20 record_count: u32 => set_record_count with_record_count;
}

/// Magic bytes, the first of an image.
pub const MAGIC: [u8; 8] = *b"ERSTSTOR";

/// The format version that this module describes.
pub const VERSION: u16 = 0x0100;

/// Smallest size of a slot in bytes.
pub const MIN_SLOT_SIZE: usize = 4096;

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
    /// [`ErrorKind::TooShort`], [`ErrorKind::ImageUninitialized`] for a new file that QEMU has not opened yet,
    /// [`ErrorKind::ImageMagic`] and [`ErrorKind::SlotSize`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let too_short = ErrorKind::too_short("the image header", size_of::<ImageHeader>(), bytes.len());
        let too_short = Error::at_offset(0, too_short);
        let (header, rest) = ImageHeader::ref_from_prefix(bytes).map_err(|_| too_short)?;
        match header.magic() {
            MAGIC => {}
            [0, 0, 0, 0, 0, 0, 0, 0] => return Err(Error::at_offset(0, ErrorKind::ImageUninitialized)),
            other => return Err(Error::at_offset(0, ErrorKind::ImageMagic(other))),
        }
        let stated = header.record_size();
        let slot_size = usize::try_from(stated).unwrap_or(usize::MAX);
        let slots = match slot_size {
            MIN_SLOT_SIZE.. if slot_size.is_power_of_two() => bytes.len().checked_div(slot_size).unwrap_or(0),
            _ => 0,
        };
        if slots == 0 {
            let offset = ImageHeader::AT.record_size.0 as u64;
            return Err(Error::at_offset(offset, ErrorKind::SlotSize(u64::from(stated))));
        }
        let (map, _) = <[U64]>::ref_from_prefix_with_elems(rest, slots).map_err(|_| too_short)?;
        let stated = usize::try_from(header.storage_offset()).unwrap_or(usize::MAX);
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
            _ => Err(Error::new(ErrorKind::NoSuchSlot, location)),
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
        let (version, reserved) = (header.version(), header.reserved());
        let stated = header.storage_offset();
        let expected = header_slots(self.map.len(), self.slot_size).saturating_mul(self.slot_size) as u64;
        let rest = self.bytes.len().saturating_sub(self.map.len().saturating_mul(self.slot_size)) as u64;
        let (count, found) = (header.record_count(), self.used().count() as u64);
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

/// How a write treats a record of the same identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overwrite {
    /// Writes the new record into a free slot and frees the old one's then: an interruption leaves one of them whole,
    /// or both. A full image refuses.
    Beside,
    /// Writes the new record over the old one, as QEMU does: an interruption may leave a mixture of both.
    InPlace,
}

/// Changes of an image. Each is planned as the writes it takes, in an order in which an interruption between any two
/// bytes loses no record that was whole, and shows none that is not: [`Edit`].
impl Image<'_> {
    /// Stores a record as QEMU would, its bytes as given and 0xff after them, in the first free slot or for one with
    /// the same identifier as `overwrite` says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RecordSignature`], [`ErrorKind::RecordLength`] and [`ErrorKind::RecordIdentifier`] when `record` is
    /// not one record of its stated length with an identifier, [`ErrorKind::BufferTooSmall`] when it exceeds a slot,
    /// and [`Status::NOT_ENOUGH_SPACE`] when no slot is free.
    pub fn plan_write<'r>(&self, record: &'r [u8], overwrite: Overwrite) -> Result<Edit<'r>, Error> {
        store::check_record(record, IDENTIFIER_UNSPECIFIED).map_err(RecordFault::error)?;
        let (needed, available) = (record.len(), self.slot_size);
        if needed > available {
            return Err(Error::at_offset(0, ErrorKind::buffer_too_small(needed, available)));
        }
        let identifier = record::identifier(record).unwrap_or(IDENTIFIER_UNSPECIFIED);
        // Two slots have the identifier when a write beside the old record was interrupted: the first one counts.
        let mut same = self.used().filter(|slot| slot.identifier == identifier);
        let (old, spare) = (same.next(), same.next());
        let free = || self.slots().find(|slot| !slot.is_used());
        let slot = match (old, overwrite) {
            (Some(old), Overwrite::InPlace) => Some(old),
            _ => spare.or_else(free),
        };
        let slot = slot.ok_or(Operation::Write.failed(ErrorKind::Status(Status::NOT_ENOUGH_SPACE)))?;
        let body = Change { offset: slot.offset, data: Data::Record(record) };
        let rest = Change { offset: body.end(), data: Data::Erased(available.saturating_sub(needed) as u64) };
        let used = self.used_count();
        // The count is never too low, which would hide a record from QEMU.
        let counted = Change::count(used.saturating_add(1));
        let mapped = Change::identifier(slot.index, identifier);
        Ok(match (old, overwrite) {
            (None, _) => Edit::of([body, rest, counted, mapped]),
            (Some(_), Overwrite::InPlace) => Edit::of([body, rest]),
            (Some(old), Overwrite::Beside) if spare.is_some() => {
                let freed = Change::identifier(old.index, 0);
                Edit::of([body, rest, freed, Change::count(used.saturating_sub(1))])
            }
            (Some(old), Overwrite::Beside) => {
                let freed = Change::identifier(old.index, 0);
                Edit::of([body, rest, counted, mapped, freed, Change::count(used)])
            }
        })
    }

    /// Clears a record as QEMU would: its bytes stay, and [`plan_restore`](Self::plan_restore) can bring it back until
    /// its slot is used again.
    ///
    /// A second slot of the identifier, which an interrupted write left, is freed before the first: the other way round
    /// an interruption would bring its record forward. Two slots are freed at most; more of one identifier, which no
    /// interruption leaves, are there to be cleared again.
    ///
    /// # Errors
    ///
    /// [`Status::RECORD_NOT_FOUND`].
    pub fn plan_clear(&self, identifier: u64) -> Result<Edit<'static>, Error> {
        let mut same = self.used().filter(|slot| slot.identifier == identifier);
        let first =
            same.next().ok_or(Operation::Clear.failed(ErrorKind::Status(Status::RECORD_NOT_FOUND)))?;
        let freed = Change::identifier(first.index, 0);
        let used = self.used_count();
        Ok(match same.next() {
            Some(second) => {
                let count = Change::count(used.saturating_sub(2));
                Edit::of([Change::identifier(second.index, 0), freed, count])
            }
            None => Edit::of([freed, Change::count(used.saturating_sub(1))]),
        })
    }

    /// Frees a slot in use, whatever is in it: the way to remove what is not a record.
    ///
    /// The count goes first: after an interruption the slot is still in use, and freeing it mends the count. The other
    /// way round nothing would be left to be done again after the last slot, and the count would stay wrong.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchSlot`]; [`Status::RECORD_NOT_FOUND`] when it is free.
    pub fn plan_free(&self, index: usize) -> Result<Edit<'static>, Error> {
        let slot = self.slot(index)?;
        if !slot.is_used() {
            return Err(slot.failed(ErrorKind::Status(Status::RECORD_NOT_FOUND)));
        }
        let count = Change::count(self.used_count().saturating_sub(1));
        Ok(Edit::of([count, Change::identifier(index, 0)]))
    }

    /// Brings a cleared record back: the inverse of [`plan_clear`](Self::plan_clear).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoSuchSlot`]; [`ErrorKind::NothingToRestore`] when the slot is in use or holds no
    /// [cleared record](Slot::cleared_record); [`ErrorKind::RecordIdentifier`] when another slot holds a record of its
    /// identifier.
    pub fn plan_restore(&self, index: usize) -> Result<Edit<'static>, Error> {
        let slot = self.slot(index)?;
        slot.cleared_record().ok_or(slot.failed(ErrorKind::NothingToRestore))?;
        let identifier = slot.record_identifier();
        if self.find(identifier).is_some() {
            return Err(slot.failed(ErrorKind::RecordIdentifier(identifier)));
        }
        let count = Change::count(self.used_count().saturating_add(1));
        Ok(Edit::of([count, Change::identifier(index, identifier)]))
    }

    /// Sets the record count to the number of slots in use: for an image whose [count is
    /// wrong](ImageProblem::RecordCount), as after an interruption between the writes of map and count.
    pub fn plan_recount(&self) -> Edit<'static> {
        Edit::of([Change::count(self.used_count())])
    }

    fn used_count(&self) -> u32 {
        u32::try_from(self.used().count()).unwrap_or(u32::MAX)
    }
}

/// Makes an empty image of `bytes`, with slots of `slot_size` bytes, as QEMU does with a new file.
///
/// The slots' contents stay as they are.
///
/// # Errors
///
/// [`ErrorKind::SlotSize`] when the slot size is not a power of two of at least 4096, does not divide the image's
/// length, or leaves no slot for a record; nothing is written then.
pub fn format(bytes: &mut [u8], slot_size: u32) -> Result<(), Error> {
    let wrong = Error::at_offset(0, ErrorKind::SlotSize(u64::from(slot_size)));
    let size = usize::try_from(slot_size).map_err(|_| wrong)?;
    let slots = bytes.len().checked_div(size).ok_or(wrong)?;
    let first = header_slots(slots, size);
    let offset = u32::try_from(first.saturating_mul(size)).map_err(|_| wrong)?;
    if size < MIN_SLOT_SIZE
        || !size.is_power_of_two()
        || slots.checked_mul(size) != Some(bytes.len())
        || first >= slots
    {
        return Err(wrong);
    }
    let (header, _) = bytes.split_at_mut_checked(first.saturating_mul(size)).ok_or(wrong)?;
    header.fill(0);
    let header = ImageHeader::mut_from_prefix(header).map_err(|_| wrong)?.0;
    *header = ImageHeader::new()
        .with_magic(MAGIC)
        .with_record_size(slot_size)
        .with_storage_offset(offset)
        .with_version(VERSION);
    Ok(())
}

/// A change of an image, as the writes it takes, in order.
///
/// [`apply`](Self::apply) does them in memory; a program that writes to a file does them one by one, and may have each
/// reach the disk before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit<'r>([Option<Change<'r>>; 6]);

impl<'r> Edit<'r> {
    fn of<const N: usize>(changes: [Change<'r>; N]) -> Self {
        let mut edit = [None; 6];
        for (place, change) in edit.iter_mut().zip(changes) {
            *place = Some(change);
        }
        Self(edit)
    }

    /// The writes, in order.
    pub fn changes(&self) -> impl Iterator<Item = Change<'r>> + Clone + use<'r> {
        self.0.into_iter().flatten()
    }

    /// Does the writes in memory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooShort`] when `image` is shorter than the image the change was planned for; writes before the
    /// one that fails are done.
    pub fn apply(&self, image: &mut [u8]) -> Result<(), Error> {
        for change in self.changes() {
            let place = change.place(image)?;
            match change.content() {
                Content::Bytes(bytes) => place.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from),
                Content::Erased { .. } => place.fill(0xff),
            }
        }
        Ok(())
    }
}

/// One write to an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'r> {
    /// Offset in the image, in bytes.
    pub offset: u64,
    data: Data<'r>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Data<'r> {
    Record(&'r [u8]),
    Identifier([u8; 8]),
    Count([u8; 4]),
    /// So many bytes of 0xff.
    Erased(u64),
}

/// What a [`Change`] writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'c> {
    /// These bytes.
    Bytes(&'c [u8]),
    /// Bytes of 0xff.
    Erased {
        /// How many bytes.
        length: u64,
    },
}

impl Change<'_> {
    const fn identifier(slot: usize, identifier: u64) -> Self {
        let entry = (slot as u64).saturating_mul(size_of::<U64>() as u64);
        let offset = entry.saturating_add(size_of::<ImageHeader>() as u64);
        Self { offset, data: Data::Identifier(identifier.to_le_bytes()) }
    }

    #[inline]
    const fn count(count: u32) -> Self {
        let offset = ImageHeader::AT.record_count.0 as u64;
        Self { offset, data: Data::Count(count.to_le_bytes()) }
    }

    /// What the change writes.
    pub const fn content(&self) -> Content<'_> {
        match &self.data {
            Data::Record(bytes) => Content::Bytes(bytes),
            Data::Identifier(bytes) => Content::Bytes(bytes),
            Data::Count(bytes) => Content::Bytes(bytes),
            Data::Erased(length) => Content::Erased { length: *length },
        }
    }

    /// Number of bytes that the change writes.
    #[inline]
    pub const fn length(&self) -> u64 {
        match self.content() {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Erased { length } => length,
        }
    }

    #[inline]
    const fn end(&self) -> u64 {
        self.offset.saturating_add(self.length())
    }

    /// The bytes of the image that it writes.
    pub(crate) fn place<'i>(&self, image: &'i mut [u8]) -> Result<&'i mut [u8], Error> {
        let (start, end) = (usize::try_from(self.offset), usize::try_from(self.end()).unwrap_or(usize::MAX));
        let too_short = Error::at_offset(self.offset, ErrorKind::too_short("the image", end, image.len()));
        start.ok().and_then(|start| image.get_mut(start..end)).ok_or(too_short)
    }
}

impl fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("header", self.header)
            .field("slot_count", &self.slot_count())
            .field("first_slot", &self.first_slot)
            .finish_non_exhaustive()
    }
}

/// Identifiers met so far, as a set of 8192 hashes: it may take a new one for an old one, never the other way round.
///
/// It spares the search for a duplicate where there cannot be one, so that checking an image takes time in proportion
/// to its slots without a list of them.
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

/// Length in bytes of the smallest image with room for `records` records in slots of `slot_size` bytes; `None` for a
/// slot size below 4096 and for a length beyond `usize`.
///
/// ```
/// # use erst_table::qemu;
/// assert_eq!(qemu::image_length(1, 8192), Some(2 * 8192));
/// assert_eq!(qemu::image_length(1020, 8192), Some(1021 * 8192)); // 8 KiB of header hold 1021 identifiers
/// assert_eq!(qemu::image_length(1021, 8192), Some(1023 * 8192));
/// ```
pub fn image_length(records: usize, slot_size: usize) -> Option<usize> {
    if slot_size < MIN_SLOT_SIZE {
        return None;
    }
    // Each slot brings its map entry; the header is then rounded up, by less than a slot.
    let content = records.checked_mul(slot_size)?.checked_add(size_of::<ImageHeader>())?;
    let slots = content.div_ceil(slot_size.checked_sub(size_of::<U64>())?);
    let rounded = usize::from(slots.checked_sub(header_slots(slots, slot_size))? < records);
    slots.checked_add(rounded)?.checked_mul(slot_size)
}

/// One slot of an image.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Slot<'a> {
    /// Number of the slot in the image.
    pub index: usize,
    /// Offset of the slot in the image, in bytes.
    pub offset: u64,
    /// Identifier of the slot's record in the map, 0 when the slot is free.
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
    /// [`ErrorKind::RecordLength`] when the length is less than 128 or exceeds the slot; [`bytes`](Self::bytes) are
    /// there all the same.
    pub fn record(&self) -> Result<&'a [u8], Error> {
        let stated = record::length(self.bytes).unwrap_or(0);
        usize::try_from(stated)
            .ok()
            .filter(|length| *length >= record::HEADER_LEN)
            .and_then(|length| self.bytes.get(..length))
            .ok_or(self.failed(ErrorKind::RecordLength {
                stated: u64::from(stated),
                available: self.bytes.len() as u64,
            }))
    }

    /// An error of this slot.
    const fn failed(&self, kind: ErrorKind) -> Error {
        Error::new(kind, Location::Slot { slot: self.index, offset: self.offset })
    }

    /// The identifier in the record's own header. It differs from [`identifier`](Self::identifier) in a slot whose
    /// write was torn, and in one that something else than QEMU wrote.
    pub fn record_identifier(&self) -> u64 {
        record::identifier(self.bytes).unwrap_or(0)
    }

    /// The record that was in this slot before it was cleared: there is one if the slot is free and its bytes still
    /// begin with a `CPER` header of plausible length and with an identifier.
    pub fn cleared_record(&self) -> Option<&'a [u8]> {
        let identified = !matches!(self.record_identifier(), 0 | u64::MAX);
        if self.is_used() || !identified || !self.bytes.starts_with(b"CPER") {
            return None;
        }
        self.record().ok()
    }
}

impl fmt::Debug for Slot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
    /// The record count is not the number of slots in use. QEMU looks no further than this many records, so that a
    /// count too low hides the last ones from read, clear and overwrite.
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
        /// The identifier in the map.
        identifier: u64,
    },
    /// A slot's identifier is all ones, the value that means the end of the records.
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
        /// The identifier in the map.
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
        /// The bytes at its start.
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

impl fmt::Display for ImageProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
