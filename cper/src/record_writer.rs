//! Records written section by section: count, lengths and offsets are computed here, never passed in.

use core::cell::Cell;

use zerocopy::{FromBytes, IntoBytes};

use crate::error::clamp;
use crate::section::Encode;
use crate::{
    DataEntry, Error, ErrorKind, PreparedRecord, Record, RecordHeader, SectionDescriptor, SectionTypeId,
};

/// Writes a record section by section, in a loop if need be.
///
/// Until [`RecordWriter::finish`] the buffer does not begin with a signature: a record that was not finished is never a
/// half one. A section that is refused leaves the record as it was, and the next one can be written.
///
/// ```
/// use cper::section::{MemoryError, MemoryErrorType};
/// use cper::{NotificationType, Record, RecordHeader, RecordWriter, SectionDescriptor, SectionTypeId, Severity};
///
/// # let (dimms, log) = ([(1, 0x1008_0040), (2, 0x2_5000_1000)], b"what the controller says");
/// let mut buffer = [0; 4096];
/// let header = RecordHeader::new(Severity::CORRECTED, NotificationType::CMC);
/// let mut writer = RecordWriter::for_sections(&mut buffer, &header, dimms.len() + 1)?;
/// for (module, address) in dimms {
///     writer.section(
///         &SectionDescriptor::primary(Severity::CORRECTED),
///         &MemoryError::new().with_module(module).with_physical_address(address),
///     )?;
/// }
/// // A type that is known only when the program runs.
/// writer.section_bytes(SectionTypeId::FIRMWARE_ERROR_RECORD, &SectionDescriptor::new(Severity::CORRECTED), log)?;
/// let record = Record::parse(writer.finish()?)?;
/// assert_eq!(record.sections().count(), 3);
/// # Ok::<(), cper::Error>(())
/// ```
///
/// Each part is made where it is handed over, and stored before the next one is made: this is what keeps the work small
/// on a machine with few registers.
///
/// The descriptors lie between the header and the bodies, and the writer does not know how many will come. It leaves
/// room for one ([`RecordWriter::new`]) or for as many as are announced ([`RecordWriter::for_sections`]). When the room is
/// used up it moves the bodies and doubles the room, as far as the buffer allows: the work grows with the record's
/// bytes, and with the logarithm of the number of sections when they were not announced.
#[derive(Debug)]
pub struct RecordWriter<'b> {
    out: &'b mut [u8],
    /// Descriptors that fit before the first body, 65,535 at most.
    room: usize,
    /// Descriptors that are written.
    count: usize,
    /// Where the bodies end.
    end: usize,
}

impl<'b> RecordWriter<'b> {
    /// The most sections that a record's header can count.
    const MAX_SECTIONS: usize = u16::MAX as usize;

    /// Begins a record at the start of `out`, with room for one section; more are no error, but move the bodies.
    ///
    /// # Errors
    /// When `out` is too small for that, which leaves it untouched.
    #[inline]
    pub fn new(out: &'b mut [u8], header: &RecordHeader) -> Result<Self, Error> {
        Self::for_sections(out, header, 1)
    }

    /// Begins a record at the start of `out`, with room for `count` sections.
    ///
    /// The count is a hint: with another number of sections the record has the same bytes. With this number no body is
    /// moved, and nothing of `out` is written to after the record; each section that does not come takes 72 bytes of
    /// `out` until [`RecordWriter::finish`].
    ///
    /// # Errors
    /// When `out` is too small for that, which leaves it untouched.
    #[inline]
    pub fn for_sections(out: &'b mut [u8], header: &RecordHeader, count: usize) -> Result<Self, Error> {
        let room = if count < Self::MAX_SECTIONS { count } else { Self::MAX_SECTIONS };
        let (end, available) = (front_len(room), out.len());
        if available < end {
            return Err(too_small(end, available));
        }
        let Ok((to, _)) = RecordHeader::mut_from_prefix(&mut *out) else {
            return Err(too_small(end, available));
        };
        *to = *header;
        to.set_signature([0; 4]);
        Ok(Self { out, room, count: 0, end })
    }

    /// Appends a section. The descriptor's type, offset and length are filled in.
    ///
    /// # Errors
    /// When the buffer is too small (the error says for how much), the record is full (65,535 sections or 4 GiB), or the
    /// body could not be written in the length that it announced. The record so far stays as it was.
    #[inline]
    pub fn section<S: Encode>(&mut self, descriptor: &SectionDescriptor, body: &S) -> Result<(), Error> {
        let length = body.encoded_len();
        // The body first: its values then go from where they were to where they belong, and do not wait in registers or
        // on the stack until the descriptor is stored.
        self.append(length, |to, space| {
            body.encode(space)?;
            *to = *descriptor;
            to.set_section_type(S::TYPE);
            Some(())
        })
    }

    /// Appends a section whose body is bytes already, of a type that may be known only now.
    ///
    /// # Errors
    /// As [`RecordWriter::section`].
    #[inline]
    pub fn section_bytes(
        &mut self,
        section_type: SectionTypeId,
        descriptor: &SectionDescriptor,
        bytes: &[u8],
    ) -> Result<(), Error> {
        self.append(bytes.len(), |to, space| {
            *to = *descriptor;
            to.set_section_type(section_type);
            bytes.write_to(space).ok()
        })
    }

    /// Appends a section: `write` stores its descriptor, and its body in the bytes that are the body's.
    #[inline]
    fn append(
        &mut self,
        length: usize,
        write: impl FnOnce(&mut SectionDescriptor, &mut [u8]) -> Option<()>,
    ) -> Result<(), Error> {
        if self.count >= self.room {
            self.make_room(length)?;
        }
        let Some(end) = self.write(length, write) else {
            return Err(refusal(self.count, self.end, length, self.out.len()));
        };
        self.end = end;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// Has the next descriptor and body written, where there is room for the descriptor; the end of the body.
    #[inline]
    fn write(
        &mut self,
        length: usize,
        write: impl FnOnce(&mut SectionDescriptor, &mut [u8]) -> Option<()>,
    ) -> Option<usize> {
        let end = self.end.checked_add(length).filter(|end| u32::try_from(*end).is_ok())?;
        let (front, space) = self.out.get_mut(..end)?.split_at_mut_checked(self.end)?;
        let (descriptor, _) =
            SectionDescriptor::mut_from_prefix(front.get_mut(front_len(self.count)..)?).ok()?;
        write(descriptor, space)?;
        descriptor.set_section_offset(self.end as u32);
        descriptor.set_section_length(length as u32);
        Some(end)
    }

    /// Makes room for one more descriptor before a body of this length, and for as many more as there are already where
    /// that leaves half of the free bytes to bodies.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, length: usize) -> Result<(), Error> {
        let too_large = |what| Error::new(ErrorKind::TooLarge { what }, 0);
        if self.count >= Self::MAX_SECTIONS {
            return Err(too_large("section count"));
        }
        let count = self.count.saturating_add(1);
        let end = self.end.saturating_add(SectionDescriptor::SIZE);
        let Some(free) = end.checked_add(length).and_then(|end| self.out.len().checked_sub(end)) else {
            return Err(refusal(self.count, end, length, self.out.len()));
        };
        let most = Self::MAX_SECTIONS.saturating_sub(count).min(self.count);
        self.move_bodies(count.saturating_add((free / SectionDescriptor::SIZE / 2).min(most)));
        Ok(())
    }

    /// Moves the bodies to after as many descriptors; where they end then lies inside the buffer.
    fn move_bodies(&mut self, room: usize) {
        let (from, to) = (front_len(self.room), front_len(room));
        let end = self.end.saturating_sub(from).saturating_add(to);
        let cells = Cell::from_mut(&mut *self.out).as_slice_of_cells();
        let source = cells.get(from..self.end).unwrap_or_default();
        let target = cells.get(to..end).unwrap_or_default();
        let pairs = target.iter().zip(source);
        // The places overlap: a byte is read before its own place is written.
        if to > from {
            pairs.rev().for_each(|(to, from)| to.set(from.get()));
        } else {
            pairs.for_each(|(to, from)| to.set(from.get()));
        }
        let mut rest = self.out.get_mut(RecordHeader::SIZE..).unwrap_or_default();
        for _ in 0..self.count {
            let Ok((descriptor, after)) = SectionDescriptor::mut_from_prefix(rest) else { break };
            let offset = descriptor.section_offset().wrapping_add(to as u32).wrapping_sub(from as u32);
            descriptor.set_section_offset(offset);
            rest = after;
        }
        (self.room, self.end) = (room, end);
    }

    /// Writes the section count, the record length and last the signature, and returns the record. The bytes of the
    /// buffer after the record are unspecified.
    ///
    /// # Errors
    /// None can happen after [`RecordWriter::new`]; returning a `Result` keeps the path free of panics.
    #[inline]
    pub fn finish(mut self) -> Result<&'b mut [u8], Error> {
        if self.room != self.count {
            self.close_room();
        }
        let Self { out, count, end, .. } = self;
        let too_small = too_small(end, out.len());
        let Some((record, _)) = out.split_at_mut_checked(end) else { return Err(too_small) };
        let Ok((header, _)) = RecordHeader::mut_from_prefix(&mut *record) else { return Err(too_small) };
        header.set_section_count(count as u16);
        header.set_record_length(end as u32);
        header.set_signature(RecordHeader::SIGNATURE);
        Ok(record)
    }

    /// Moves the bodies to after the last descriptor.
    #[cold]
    #[inline(never)]
    fn close_room(&mut self) {
        self.move_bodies(self.count);
    }
}

/// Bytes of the header and as many descriptors.
#[inline]
const fn front_len(count: usize) -> usize {
    count.saturating_mul(SectionDescriptor::SIZE).saturating_add(RecordHeader::SIZE)
}

/// Why a section with a body of this length, which would begin at `end`, could not be written.
#[inline]
fn refusal(number: usize, end: usize, length: usize, available: usize) -> Error {
    match end.checked_add(length).filter(|end| u32::try_from(*end).is_ok()) {
        None => Error::new(ErrorKind::TooLarge { what: "record length" }, 0),
        Some(needed) if needed > available => too_small(needed, available),
        Some(_) => Error::new(ErrorKind::EncodedLength, end).in_section(number as u16),
    }
}

#[inline]
const fn too_small(needed: usize, available: usize) -> Error {
    Error::new(ErrorKind::BufferTooSmall { needed: clamp(needed), available: clamp(available) }, 0)
}

impl Record<'_> {
    /// Rebuilds the record from its parts into `out`: header, descriptors, then bodies in the descriptors' order
    /// without gaps. Gaps, slack and overlaps are dropped, offsets and lengths computed anew; a record without any
    /// comes out as it was.
    ///
    /// # Errors
    /// The first section's that cannot be read, or [`ErrorKind::BufferTooSmall`]; `out` then holds no record.
    pub fn relayout<'b>(&self, out: &'b mut [u8]) -> Result<&'b mut [u8], Error> {
        let header = self.header();
        let mut writer = RecordWriter::for_sections(out, header, header.section_count().into())?;
        for section in self.sections() {
            let section = section?;
            writer.section_bytes(section.section_type(), section.descriptor(), section.bytes())?;
        }
        writer.finish()
    }
}

impl DataEntry<'_> {
    /// Writes the entry as a record of one section into `out`: type, severity, flags, unit and payload are kept.
    /// `header` is best made from [`DataEntry::record_header`], which keeps the timestamp.
    ///
    /// # Errors
    /// When `out` is too small.
    #[inline]
    pub fn encode_record<'b>(&self, header: &RecordHeader, out: &'b mut [u8]) -> Result<&'b mut [u8], Error> {
        let descriptor = self.header().descriptor();
        let record =
            PreparedRecord::lay_out_bytes(header, self.section_type(), &descriptor, self.bytes(), out)?;
        Ok(record.as_mut_bytes())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::MemoryError;
    use crate::{NotificationType, Severity};
    use std::vec;
    use std::vec::Vec;

    const HEADER: RecordHeader = RecordHeader::fatal(NotificationType::MCE);

    /// Bodies of 0 to 96 bytes, each of bytes of its own.
    fn bodies(count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|number| vec![number as u8 + 1; number * 7 % 97]).collect()
    }

    /// The record of these bodies, laid out by hand.
    fn expected(bodies: &[Vec<u8>]) -> Vec<u8> {
        let length = front_len(bodies.len()) + bodies.concat().len();
        let header = HEADER.with_section_count(bodies.len() as u16).with_record_length(length as u32);
        let mut record = header.as_bytes().to_vec();
        let mut offset = front_len(bodies.len());
        for body in bodies {
            let descriptor = SectionDescriptor::new(Severity::CORRECTED)
                .with_section_offset(offset as u32)
                .with_section_length(body.len() as u32)
                .with_section_type(SectionTypeId::MEMORY);
            record.extend(descriptor.as_bytes());
            offset += body.len();
        }
        record.extend(bodies.concat());
        assert_eq!(record.len(), length);
        record
    }

    fn write(bodies: &[Vec<u8>], hint: usize, out: &mut [u8]) -> Result<Vec<u8>, Error> {
        let mut writer = RecordWriter::for_sections(out, &HEADER, hint)?;
        for body in bodies {
            writer.section_bytes(
                SectionTypeId::MEMORY,
                &SectionDescriptor::new(Severity::CORRECTED),
                body,
            )?;
        }
        writer.finish().map(|record| record.to_vec())
    }

    #[test]
    fn any_hint_gives_the_same_record() {
        for count in 0..24 {
            let bodies = bodies(count);
            let expected = expected(&bodies);
            for hint in (0..count + 4).chain([40, 100]) {
                for more in [0, 1, 71, 72, 100, 144, 700, 8000] {
                    let mut out = vec![0xa5; expected.len() + more];
                    match write(&bodies, hint, &mut out) {
                        Ok(record) => {
                            assert_eq!(record, expected, "{count} sections, hint {hint}, {more} more");
                        }
                        // The bytes that were announced and not needed were not there.
                        Err(error) => {
                            let unused = 72 * hint.saturating_sub(count);
                            assert!(more < unused, "{count} sections, hint {hint}, {more} more: {error}");
                            assert!(Record::parse(&out).is_err());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn too_small_a_buffer_says_how_much_and_holds_no_record() {
        let bodies = bodies(6);
        let whole = expected(&bodies);
        for length in 0..whole.len() {
            for hint in 0..=6 {
                // The bytes that the first section needs and that do not fit, after the announced ones.
                let front = front_len(hint);
                let sections = (1..=6).map(|count| {
                    expected(&bodies[..count]).len() + front_len(hint.max(count)) - front_len(count)
                });
                let needed = [front].into_iter().chain(sections).find(|needed| *needed > length).unwrap();
                let mut out = vec![0xa5; length];
                let error = write(&bodies, hint, &mut out).unwrap_err();
                assert_eq!(error, too_small(needed, length), "{length} bytes, hint {hint}");
                assert!(Record::parse(&out).is_err());
                assert!(length >= front || out == vec![0xa5; length], "written to");
            }
        }
    }

    #[test]
    fn a_refused_section_leaves_the_record_as_it_was() {
        let (descriptor, memory) = (SectionDescriptor::new(Severity::CORRECTED), MemoryError::new());
        for hint in 0..3 {
            let mut out = [0xa5; 128 + 2 * (72 + 80)];
            let mut writer = RecordWriter::for_sections(&mut out, &HEADER, hint).unwrap();
            writer.section(&descriptor, &memory.with_node(1)).unwrap();
            let error = writer.section_bytes(SectionTypeId::MEMORY, &descriptor, &[0; 81]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BufferTooSmall { needed: 433, available: 432 });
            writer.section(&descriptor, &memory.with_node(2)).unwrap();
            writer.section(&descriptor, &memory).unwrap_err();
            let record = Record::parse(writer.finish().unwrap()).unwrap();
            let nodes = record
                .sections()
                .map(|section| section.unwrap().decode::<MemoryError>().unwrap().unwrap().node().unwrap());
            assert_eq!(nodes.collect::<Vec<_>>(), [1, 2]);
        }
    }

    #[test]
    fn a_record_has_65_535_sections_at_most() {
        for hint in [0, 65_535] {
            let mut out = vec![0; front_len(65_536) + 65_536];
            let mut writer = RecordWriter::for_sections(&mut out, &HEADER, hint).unwrap();
            let descriptor = SectionDescriptor::new(Severity::CORRECTED);
            for number in 0..65_535u32 {
                writer.section_bytes(SectionTypeId::MEMORY, &descriptor, &number.to_le_bytes()[..1]).unwrap();
            }
            let error = writer.section_bytes(SectionTypeId::MEMORY, &descriptor, b"x").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge { what: "section count" });
            let record = Record::parse(writer.finish().unwrap()).unwrap();
            assert_eq!(record.as_bytes().len(), front_len(65_535) + 65_535);
            for (number, section) in record.sections().enumerate() {
                assert_eq!(section.unwrap().bytes(), [number as u8]);
            }
        }
    }
}
