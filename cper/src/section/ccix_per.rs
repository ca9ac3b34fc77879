//! CCIX protocol error (UEFI 2.11 Appendix N, "CCIX PER Log Error Record"; 16 bytes and a log of dwords).
//!
//! ```
//! use cper::section::{CcixPerErrorParts, CcixPerErrorHeader};
//! use cper::{NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity};
//! use cper::zerocopy::little_endian::U32;
//!
//! let mut log = [U32::ZERO; 5];
//! log[0] = U32::new(5 << 8); // the number of dwords in bits 14:8
//! let error = CcixPerErrorParts::new(CcixPerErrorHeader::new().with_source_id(3)).with_log(&log);
//! let mut buffer = [0; 512];
//! let mut writer = RecordWriter::new(&mut buffer, &RecordHeader::fatal(NotificationType::NMI))?;
//! writer.section(&SectionDescriptor::primary(Severity::FATAL), &error)?;
//! assert_eq!(writer.finish()?.len(), 128 + 72 + 16 + 20);
//! # Ok::<(), cper::Error>(())
//! ```

use core::fmt;

use zerocopy::IntoBytes;
use zerocopy::little_endian::U32;

use super::ccix_per_log::CcixPerLog;
use crate::entries::whole;
use crate::fields::{Describe, Dwords, Value, Visitor, describe_rest, describe_whole};
use crate::kind::{Encode, SectionType, fill_with};
use crate::structure::structure;
use crate::{Error, SectionTypeId};

structure! {
    /// The fixed part of a CCIX protocol error. [`CcixPerErrorParts`] fills in the length.
    CcixPerErrorHeader: 16 bytes, new;
    head of CcixPerError from 16 as CCIX_PER "CCIX protocol error";
    valid CcixPerValidation: u64 in validation_bits {
        /// [`CcixPerError::log`] holds a value.
        LOG = 2;
    };
    /// Length of the whole section in bytes.
    0 length: u32 as number raw length_raw;
    4 validation_bits: u64;
    /// Who reported the error: id of a home, slave or request agent (6 bits), or id of the device.
    12 source_id: u8 as number, source_id_raw set_source_id with_source_id, SOURCE_ID = 0;
    /// Number of the port that reported the error, 5 bits.
    13 port_id: u8 as number, port_id_raw set_port_id with_port_id, PORT_ID = 1;
    14 reserved: [u8; 2];
}

/// The section ends where its length says, or where the bytes end.
impl<'a> CcixPerError<'a> {
    /// Length of the whole section in bytes, as the section states it.
    pub fn length(&self) -> u32 {
        // The shortest form has the field.
        self.length_raw().unwrap_or_default()
    }

    /// The whole dwords that the section's length reaches, valid or not, and the bytes after them.
    fn split(&self) -> (&'a [U32], &'a [u8]) {
        let after = self.bytes.get(CcixPerErrorHeader::SIZE..).unwrap_or_default();
        let claimed = (self.length() as usize).saturating_sub(CcixPerErrorHeader::SIZE);
        let dwords: &[U32] = whole(after.get(..claimed).unwrap_or(after));
        (dwords, after.get(size_of_val(dwords)..).unwrap_or_default())
    }

    /// The dwords of the log, whose first says how many they are and what they mean (CCIX base specification 1.0,
    /// section 7.3.2).
    ///
    /// `None` when its validity bit is clear.
    pub fn log(&self) -> Option<&'a [U32]> {
        self.validation().contains(CcixPerValidation::LOG).then_some(self.log_raw())
    }

    /// The dwords of the log as stored, whatever its validity bit says.
    pub fn log_raw(&self) -> &'a [U32] {
        self.split().0
    }

    /// The bytes after the last whole dword that the section's length reaches.
    pub fn trailing(&self) -> &'a [u8] {
        self.split().1
    }

    /// How many bytes the section's length claims and the body does not have.
    pub fn missing(&self) -> usize {
        (self.length() as usize).saturating_sub(self.bytes.len())
    }

    /// What the log says, and who reported the error.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        match (self.log().and_then(CcixPerLog::new), self.log()) {
            (Some(log), _) => write!(f, "{log}")?,
            (None, Some(log)) => write!(f, "log of {} dwords", log.len())?,
            (None, None) => f.write_str("error without a log")?,
        }
        if let Some(source) = self.source_id() {
            write!(f, ", source {source}")?;
        }
        match self.port_id() {
            Some(port) => write!(f, ", port {port}"),
            None => Ok(()),
        }
    }
}

impl Describe for CcixPerError<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        if let Some(log) = self.log() {
            describe_whole("log", log.as_bytes(), Value::Message(&Dwords(log)), out)?;
        } else if !self.log_raw().is_empty() {
            let log = self.log_raw();
            describe_whole("log_not_valid", log.as_bytes(), Value::Message(&Dwords(log)), out)?;
        }
        if self.missing() != 0 {
            out.field("missing_bytes", Value::length(self.missing()))?;
            Error::inner_length("length", self.length(), self.bytes.len(), 0).describe(out)?;
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

/// A CCIX protocol error to be written: the fixed part, and a log.
#[derive(Clone, Copy, Debug)]
pub struct CcixPerErrorParts<'a> {
    header: CcixPerErrorHeader,
    log: &'a [U32],
}

impl<'a> CcixPerErrorParts<'a> {
    /// A section of the fixed part alone. Length and validity of the log come from what is added.
    pub const fn new(mut header: CcixPerErrorHeader) -> Self {
        header.set_validation(header.validation().difference(CcixPerValidation::LOG));
        Self { header, log: &[] }
    }

    /// Adds the log: 5 dwords or more, the first of which says how many.
    #[must_use]
    #[inline]
    pub const fn with_log(mut self, log: &'a [U32]) -> Self {
        self.log = log;
        self.header.set_validation(self.header.validation().union(CcixPerValidation::LOG));
        self
    }
}

impl SectionType for CcixPerErrorParts<'_> {
    const TYPE: SectionTypeId = CcixPerError::TYPE;
    const NAME: &'static str = CcixPerError::NAME;
}

impl Encode for CcixPerErrorParts<'_> {
    fn encoded_len(&self) -> usize {
        size_of_val(self.log).saturating_add(CcixPerErrorHeader::SIZE)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let mut header = self.header;
        CcixPerErrorHeader::AT
            .length
            .put(&mut header.0, u32::to_le_bytes(u32::try_from(self.encoded_len()).ok()?));
        fill_with(out, &[header.as_bytes(), self.log.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::kind::Decode;
    use crate::section::checks::{assert_map, bit_map, written};
    use std::string::ToString;
    use std::vec::Vec;

    const LOG: [U32; 5] =
        [U32::new(0x1112_1314), U32::new(2), U32::new(3), U32::new(4), U32::new(0x5152_5354)];

    fn body() -> Vec<u8> {
        let header = CcixPerErrorHeader::new().with_source_id(0x2a).with_port_id(0x1b);
        written(&CcixPerErrorParts::new(header).with_log(&LOG))
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let mut bytes = body();
        bytes.push(1);
        let map = bit_map(&bytes, 0..12, |bytes, told| told(&CcixPerError::decode(bytes).unwrap()));
        assert_map(
            &map,
            "12.0 source_id *8 13.0 port_id *8 14.0 hidden ~*16 16.0 log ~*160 36.0 trailing ~*8",
        );
    }

    #[test]
    fn values_are_written_and_read_back() {
        let bytes = body();
        assert_eq!(
            bytes[..20],
            [36, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0x2a, 0x1b, 0, 0, 0x14, 0x13, 0x12, 0x11]
        );
        assert_eq!((bytes.len(), &bytes[32..]), (36, &[0x54, 0x53, 0x52, 0x51][..]));
        let section = CcixPerError::decode(&bytes).unwrap();
        assert_eq!((section.source_id(), section.port_id()), (Some(0x2a), Some(0x1b)));
        assert_eq!((section.log(), section.trailing(), section.missing()), (Some(&LOG[..]), &[][..], 0));
        assert_eq!((section.length(), section.structure().unwrap().length_raw()), (36, 36));
        assert_eq!(
            crate::section::Body::CcixPer(section).summary().to_string(),
            "memory error in request agent, source 42, port 27"
        );
        assert_eq!(
            section.to_string(),
            "length                  36\n\
             source id               42\n\
             port id                 27\n\
             log                     11121314 00000002 00000003 00000004 51525354\n"
        );
        let bare = written(&CcixPerErrorParts::new(*section.structure().unwrap()));
        assert_eq!((bare.len(), bare[0], bare[4]), (16, 16, 3));
        assert_eq!(CcixPerErrorHeader::default().validation().bits(), 0);
    }

    #[test]
    fn each_validity_bit_guards_its_own_field() {
        for (bits, shown) in
            [(0, [false; 3]), (1, [true, false, false]), (2, [false, true, false]), (4, [false, false, true])]
        {
            let mut bytes = body();
            bytes[4] = bits;
            let section = CcixPerError::decode(&bytes).unwrap();
            assert_eq!(
                [section.source_id().is_some(), section.port_id().is_some(), section.log().is_some()],
                shown
            );
            assert_eq!(section.to_string().contains("log not valid"), !shown[2]);
        }
    }

    #[test]
    fn the_slice_wins_over_the_length() {
        for (length, dwords, trailing, missing) in [
            (36, 5, 0, 0),
            (u32::MAX, 5, 0, u32::MAX as usize - 36),
            (40, 5, 0, 4),
            (35, 4, 4, 0),
            (32, 4, 4, 0),
            (19, 0, 20, 0),
            (16, 0, 20, 0),
            (0, 0, 20, 0),
        ] {
            let mut bytes = body();
            bytes[..4].copy_from_slice(&length.to_le_bytes());
            let section = CcixPerError::decode(&bytes).unwrap();
            let log = section.log().unwrap();
            assert_eq!((log, section.trailing().len()), (&LOG[..dwords], trailing), "{length}");
            assert_eq!(section.missing(), missing, "{length}");
            let text = section.to_string();
            assert_eq!((text.contains("missing"), text.contains("trailing")), (missing != 0, trailing != 0));
        }
    }

    #[test]
    fn truncation_at_every_length_keeps_whole_dwords() {
        let bytes = body();
        for length in 0..16 {
            assert_eq!(
                CcixPerError::decode(&bytes[..length]).unwrap_err(),
                Error::too_short("CCIX protocol error", 16, length)
            );
        }
        for length in 16..36 {
            let section = CcixPerError::decode(&bytes[..length]).unwrap();
            assert_eq!(section.log().unwrap(), &LOG[..(length - 16) / 4]);
            assert_eq!((section.trailing().len(), section.missing()), (length % 4, 36 - length));
        }
    }

    #[test]
    fn a_log_that_is_not_valid_is_shown() {
        let mut bytes = body();
        bytes[4] = 0;
        let map = bit_map(&bytes, 4..12, |bytes, told| told(&CcixPerError::decode(bytes).unwrap()));
        assert!(map.contains("\n12.0 hidden ~*32\n16.0 log_not_valid ~*160"), "{map}");
        assert!(map.starts_with("\n0.0 length "), "{map}");
    }
}
