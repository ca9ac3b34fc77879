//! Records written from their parts: counts, lengths and offsets are computed here, never passed in.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, IntoBytes};

use crate::error::clamp;
use crate::section::Encode;
use crate::{Error, ErrorKind, RecordHeader, SectionDescriptor, SectionTypeId};

/// Writes a record of a header and a list of sections.
///
/// ```
/// use cper::section::{MemoryError, MemoryErrorType};
/// use cper::{NotificationType, RecordBuilder, RecordHeader, SectionDescriptor, Severity};
///
/// let memory = MemoryError::new()
///     .with_physical_address(0x1008_0040)
///     .with_memory_error_type(MemoryErrorType::SINGLE_BIT_ECC);
/// let mut buffer = [0; 4096];
/// let record = RecordBuilder::new(RecordHeader::new(Severity::CORRECTED, NotificationType::CMC))
///     .section(SectionDescriptor::primary(Severity::CORRECTED), &memory)
///     .encode(&mut buffer)?;
/// assert_eq!(record.len(), 128 + 72 + 80);
/// # Ok::<(), cper::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder writes nothing until `encode`"]
pub struct RecordBuilder<L = Empty> {
    header: RecordHeader,
    sections: L,
}

/// The list of no sections.
#[derive(Clone, Copy, Debug)]
pub struct Empty;

/// A list of sections with one more at its end.
#[derive(Debug)]
pub struct And<'s, L, S> {
    before: L,
    descriptor: SectionDescriptor,
    body: &'s S,
}

impl<L: Clone, S> Clone for And<'_, L, S> {
    fn clone(&self) -> Self {
        Self { before: self.before.clone(), descriptor: self.descriptor, body: self.body }
    }
}

/// What [`RecordBuilder`] needs of its list of sections; [`Empty`] and [`And`] are the lists there are.
pub trait SectionList: sealed::List {}

impl SectionList for Empty {}
impl<L: SectionList, S: Encode> SectionList for And<'_, L, S> {}

mod sealed {
    use super::Place;

    pub trait List {
        /// Number of sections; a list of more than 65,535 cannot be written.
        const COUNT: usize;

        /// Bytes of all bodies; `None` past the address space.
        fn body_len(&self) -> Option<usize>;

        /// Writes all descriptors and bodies, first to last; `None` when a body's length is not as announced.
        fn write<'b>(&self, place: Place<'b>) -> Option<Place<'b>>;
    }
}

/// Where the next section goes.
#[derive(Debug)]
pub struct Place<'b> {
    descriptors: &'b mut [u8],
    bodies: &'b mut [u8],
    offset: u32,
}

impl sealed::List for Empty {
    const COUNT: usize = 0;

    #[inline]
    fn body_len(&self) -> Option<usize> {
        Some(0)
    }

    #[inline]
    fn write<'b>(&self, place: Place<'b>) -> Option<Place<'b>> {
        Some(place)
    }
}

impl<L: sealed::List, S: Encode> sealed::List for And<'_, L, S> {
    const COUNT: usize = L::COUNT.saturating_add(1);

    #[inline]
    fn body_len(&self) -> Option<usize> {
        self.before.body_len()?.checked_add(self.body.encoded_len())
    }

    #[inline]
    fn write<'b>(&self, place: Place<'b>) -> Option<Place<'b>> {
        let place = self.before.write(place)?;
        let length = self.body.encoded_len();
        let (descriptor, descriptors) = SectionDescriptor::mut_from_prefix(place.descriptors).ok()?;
        let (body, bodies) = place.bodies.split_at_mut_checked(length)?;
        self.body.encode(body)?;
        *descriptor = SectionDescriptor {
            section_offset: U32::new(place.offset),
            section_length: U32::new(length as u32),
            section_type: SectionTypeId(S::TYPE),
            ..self.descriptor
        };
        Some(Place { descriptors, bodies, offset: place.offset.wrapping_add(length as u32) })
    }
}

impl RecordBuilder {
    /// A record with this header and no sections yet.
    #[inline]
    pub const fn new(header: RecordHeader) -> Self {
        Self { header, sections: Empty }
    }
}

impl<L: SectionList> RecordBuilder<L> {
    /// Appends a section. The descriptor's offset, length and type are filled in.
    #[inline]
    pub fn section<S: Encode>(self, descriptor: SectionDescriptor, body: &S) -> RecordBuilder<And<'_, L, S>> {
        RecordBuilder { header: self.header, sections: And { before: self.sections, descriptor, body } }
    }

    /// Bytes the record will take; `None` past the address space.
    #[inline]
    pub fn encoded_len(&self) -> Option<usize> {
        Self::front_len()?.checked_add(self.sections.body_len()?)
    }

    #[inline]
    fn front_len() -> Option<usize> {
        L::COUNT.checked_mul(SectionDescriptor::SIZE)?.checked_add(RecordHeader::SIZE)
    }

    /// Writes the record at the start of `out` and returns it; what lies behind stays as it was.
    ///
    /// The work is one store of each byte: it grows with the record's length and nothing else.
    ///
    /// # Errors
    /// When `out` is too small, which leaves it untouched; when there are over 65,535 sections or over 4 GiB; when a
    /// section wrote another length than it announced, after which `out` does not begin with a valid signature.
    #[inline]
    pub fn encode<'b>(&self, out: &'b mut [u8]) -> Result<&'b [u8], Error> {
        let front = Self::front_len();
        let (Some(front), Some(length)) = (front, self.encoded_len()) else {
            return Err(Error::new(ErrorKind::TooLarge { what: "record length" }, 0));
        };
        let (Ok(record_length), Ok(count)) = (u32::try_from(length), u16::try_from(L::COUNT)) else {
            return Err(Error::new(ErrorKind::TooLarge { what: "section count or record length" }, 0));
        };
        let available = out.len();
        let Some((record, _)) = out.split_at_mut_checked(length) else {
            return Err(Error::new(
                ErrorKind::BufferTooSmall { needed: record_length, available: clamp(available) },
                0,
            ));
        };
        if self.write(record, front, count, record_length).is_none() {
            revoke(record);
            return Err(Error::new(ErrorKind::EncodedLength, 0));
        }
        Ok(record)
    }

    #[inline]
    fn write(&self, record: &mut [u8], front: usize, count: u16, record_length: u32) -> Option<()> {
        let (front_bytes, bodies) = record.split_at_mut_checked(front)?;
        let (header, descriptors) = RecordHeader::mut_from_prefix(front_bytes).ok()?;
        self.sections.write(Place { descriptors, bodies, offset: front as u32 })?;
        *header = RecordHeader {
            section_count: U16::new(count),
            record_length: U32::new(record_length),
            ..self.header
        };
        Some(())
    }
}

/// Takes the signature away: what is left is no record.
fn revoke(record: &mut [u8]) {
    if let Some(signature) = record.first_chunk_mut::<4>() {
        *signature = [0; 4];
    }
}

/// Writes a record of sections that are bytes already, as converters have them, at the start of `out`.
///
/// Of each descriptor only offset and length are computed; its type says what the bytes are. The iterator is walked
/// twice, to measure and to write, 65,535 sections at most: the work grows with them and with their bytes.
///
/// # Errors
/// As [`RecordBuilder::encode`].
pub fn encode_sections<'b, 's>(
    header: &RecordHeader,
    sections: impl Iterator<Item = (SectionDescriptor, &'s [u8])> + Clone,
    out: &'b mut [u8],
) -> Result<&'b [u8], Error> {
    let too_large = |what| Error::new(ErrorKind::TooLarge { what }, 0);
    let measured = sections.clone().try_fold((0u16, 0usize), |(count, bodies), (_, body)| {
        Some((count.checked_add(1)?, bodies.checked_add(body.len())?))
    });
    let (count, bodies_len) = measured.ok_or(too_large("section count"))?;
    let front = usize::from(count).saturating_mul(SectionDescriptor::SIZE).saturating_add(RecordHeader::SIZE);
    let length = front.checked_add(bodies_len).ok_or(too_large("record length"))?;
    let record_length = u32::try_from(length).map_err(|_| too_large("record length"))?;
    let available = out.len();
    let Some((record, _)) = out.split_at_mut_checked(length) else {
        return Err(Error::new(
            ErrorKind::BufferTooSmall { needed: record_length, available: clamp(available) },
            0,
        ));
    };
    let write = |record: &mut [u8]| {
        let (front_bytes, mut bodies) = record.split_at_mut_checked(front)?;
        let (to, mut descriptors) = RecordHeader::mut_from_prefix(front_bytes).ok()?;
        let mut offset = front as u32;
        for (descriptor, body) in sections {
            let (to, rest) = SectionDescriptor::mut_from_prefix(descriptors).ok()?;
            let (space, bodies_rest) = bodies.split_at_mut_checked(body.len())?;
            body.write_to(space).ok()?;
            let section_length = U32::new(body.len() as u32);
            *to = SectionDescriptor { section_offset: U32::new(offset), section_length, ..descriptor };
            offset = offset.wrapping_add(body.len() as u32);
            (descriptors, bodies) = (rest, bodies_rest);
        }
        *to = RecordHeader {
            section_count: U16::new(count),
            record_length: U32::new(record_length),
            ..*header
        };
        Some(())
    };
    if write(record).is_none() {
        revoke(record);
        return Err(Error::new(ErrorKind::EncodedLength, 0));
    }
    Ok(record)
}
