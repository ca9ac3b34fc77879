//! A record that owns its bytes.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::fields::{Describe, Visitor, show_fields};
use crate::{Error, Record, RecordHeader};

/// A record that owns its bytes, for what outlives the buffer that it was read into: a queue, a cache, a task.
///
/// It holds bytes, not decoded fields: [`OwnedRecord::as_record`] costs nothing, and its sections are decoded where they
/// are asked for.
///
/// ```
/// use cper::OwnedRecord;
/// use std::sync::mpsc;
///
/// # use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity, section::MemoryError};
/// # let mut buffer = [0; 512];
/// # let mut writer = RecordWriter::new(&mut buffer, &RecordHeader::fatal(NotificationType::MCE))?;
/// # writer.section(&SectionDescriptor::primary(Severity::FATAL), &MemoryError::new().with_node(1))?;
/// # let bytes = writer.finish()?.to_vec();
/// let (to, from) = mpsc::channel();
/// to.send(OwnedRecord::parse(bytes)?).unwrap();
///
/// std::thread::spawn(move || {
///     let record = from.recv().unwrap();
///     for section in record.as_record().sections().flatten() {
///         println!("{}", section.section_type());
///     }
/// })
/// .join()
/// .unwrap();
/// # Ok::<(), cper::Error>(())
/// ```
#[derive(Clone)]
pub struct OwnedRecord {
    /// The header once more: its bytes were checked, and nothing about a view of them can fail.
    header: RecordHeader,
    bytes: Box<[u8]>,
}

impl OwnedRecord {
    /// The record at the start of `bytes`; what comes after it is left out.
    ///
    /// # Errors
    /// As [`Record::parse`].
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let mut bytes = bytes.into();
        let record = Record::parse(&bytes)?;
        let (header, length) = (*record.header(), record.as_bytes().len());
        bytes.truncate(length);
        Ok(Self { header, bytes: bytes.into_boxed_slice() })
    }

    /// The record, for reading.
    pub const fn as_record(&self) -> Record<'_> {
        Record::of_parts(&self.header, &self.bytes)
    }

    /// The record's bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The record's bytes, taken out.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_vec()
    }
}

impl From<Record<'_>> for OwnedRecord {
    fn from(record: Record<'_>) -> Self {
        Self { header: *record.header(), bytes: record.as_bytes().into() }
    }
}

/// As [`OwnedRecord::parse`].
impl TryFrom<Vec<u8>> for OwnedRecord {
    type Error = Error;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::parse(bytes)
    }
}

impl AsRef<[u8]> for OwnedRecord {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl PartialEq for OwnedRecord {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for OwnedRecord {}

impl Hash for OwnedRecord {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl fmt::Debug for OwnedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedRecord").field(&self.as_record()).finish()
    }
}

impl Describe for OwnedRecord {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.as_record().describe(out)
    }
}

show_fields!(OwnedRecord);

/// A whole record of up to four sections: header and descriptors of any values, bodies of known and unknown types, of
/// any bytes and at least as many as their type needs.
#[cfg(feature = "arbitrary")]
impl<'a> arbitrary::Arbitrary<'a> for OwnedRecord {
    fn arbitrary(choices: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
        use crate::section::Body;
        use crate::{ErrorKind, RecordWriter, SectionDescriptor, SectionTypeId};

        let header: RecordHeader = crate::grammar::any_bytes(choices)?;
        let mut sections = Vec::new();
        while sections.len() < 4 && choices.ratio(3, 4)? {
            let descriptor: SectionDescriptor = crate::grammar::any_bytes(choices)?;
            let section_type: SectionTypeId =
                if choices.ratio(7, 8)? { choices.choose(Body::ALL)?.0 } else { choices.arbitrary()? };
            let length = choices.int_in_range(0..=256)?;
            let mut body = choices.bytes(choices.len().min(length))?.to_vec();
            // The error of a short body states the bytes that it needs; a body of that length may need more again.
            for _ in 0..4 {
                match Body::decode(section_type, &body).map_err(|error| error.kind()) {
                    Err(ErrorKind::TooShort { needed, .. }) if (needed as usize) < 4096 => {
                        body.resize(needed as usize, 0);
                    }
                    _ => break,
                }
            }
            sections.push((section_type, descriptor, body));
        }
        let front = SectionDescriptor::SIZE.saturating_mul(sections.len()).saturating_add(RecordHeader::SIZE);
        let length = sections.iter().fold(front, |sum, (_, _, body)| sum.saturating_add(body.len()));
        let mut bytes = alloc::vec![0; length];
        let written = || -> Result<Self, Error> {
            let mut writer = RecordWriter::for_sections(&mut bytes, &header, sections.len())?;
            for (section_type, descriptor, body) in &sections {
                writer.section_bytes(*section_type, descriptor, body)?;
            }
            writer.finish()?;
            Self::parse(bytes)
        };
        written().map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::NotificationType;

    fn record() -> Vec<u8> {
        let mut buffer = alloc::vec![0; 200];
        let header = RecordHeader::fatal(NotificationType::MCE).with_record_id(7);
        let writer = crate::RecordWriter::new(&mut buffer, &header).unwrap();
        writer.finish().unwrap().to_vec()
    }

    #[test]
    fn a_record_outlives_its_buffer() {
        let bytes = record();
        let mut longer = bytes.clone();
        longer.extend_from_slice(b"after");
        let owned = OwnedRecord::parse(longer).unwrap();
        assert_eq!((owned.as_bytes(), owned.as_record().record_id()), (&bytes[..], 7));
        assert_eq!(owned, OwnedRecord::from(Record::parse(&bytes).unwrap()));
        assert_eq!(owned.clone().into_bytes(), bytes);
        assert_eq!(std::format!("{owned}"), std::format!("{}", owned.as_record()));
        assert!(OwnedRecord::try_from(bytes[..100].to_vec()).is_err());
    }

    #[test]
    fn a_record_that_is_cut_short_says_so_still() {
        let mut bytes = record();
        bytes[20] = 200;
        assert_eq!(OwnedRecord::parse(bytes).unwrap().as_record().missing(), 72);
    }

    #[cfg(feature = "arbitrary")]
    #[test]
    fn a_made_up_record_is_whole_and_its_bodies_decode() {
        use crate::section::Body;
        use arbitrary::{Arbitrary, Unstructured};

        let (mut sections, mut known, mut state) = (0, 0, 1u32);
        for _ in 0..200 {
            let choices: Vec<u8> = (0..2000)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            let owned = OwnedRecord::arbitrary(&mut Unstructured::new(&choices)).unwrap();
            let record = owned.as_record();
            assert_eq!(record.missing(), 0);
            for section in record.sections() {
                sections += 1;
                let body = section.unwrap().body();
                known += i32::from(matches!(body, Ok(ref body) if !matches!(body, Body::Unknown(_))));
            }
        }
        assert!(sections > 300 && known * 4 > sections * 3, "{known} of {sections}");
    }
}
