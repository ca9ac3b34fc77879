//! Records for ERST from what a dying machine knows: kernel log text, `struct mce`, entries of a status block.
//!
//! A record is a header, one section descriptor and a body. What the source knows is kept: how bad it is, how it was
//! signalled, which unit it is about, when it happened. Where another writer's bytes are wanted, losses and all,
//! there is a constructor for each:
//!
//! | source | as it should be | byte for byte as Linux |
//! |---|---|---|
//! | kernel log | [`encode_dmesg`], [`encode_compressed_dmesg`] | the same (`erst_writer`) |
//! | `struct mce` | [`encode_mce`] | [`encode_mce_as_linux`] (`apei_write_mce`), [`prepared_mce`] |
//! | entry of a status block | [`RecordSlot`] | |
//!
//! Nothing here allocates, and no path leads to a panic. What a panic has to do is less where the record was laid out
//! while the machine was well: [`RecordSlot`], [`prepared_mce`].
//!
//! ```
//! use pstore_format::produce::encode_mce;
//! use pstore_format::{RecordIds, seal};
//!
//! # let mce = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mce-intel.mce"))?;
//! let mut ids = RecordIds::starting_at(1763793600); // made at boot
//! let mut buffer = [0; 8192];
//!
//! let record = encode_mce(&mce, ids.next_id(), &mut buffer)?;
//! seal::seal(record)?;
//! assert_eq!(record.len(), 328); // ready for ERST
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use cper::section::{FixedSection, SectionType};
use cper::{
    CreatorId, DataEntry, HeaderValidation, NotificationType, PreparedRecord, RecordFlags, RecordHeader,
    SectionDescriptor, SectionTypeId, Severity, Timestamp,
};
use mce_record::{CpuVendor, KernelSeverity, Mce, McgStatus, MciStatus, Outcome};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, transmute, transmute_mut};

use crate::error::{Error, ErrorKind};
use crate::ids::RecordId;
use crate::record::{StoredRecord, mce_time};

/// Where a record's body begins.
const BODY_OFFSET: usize = StoredRecord::BODY_OFFSET;

/// The shortest `struct mce` that a kernel has put into ERST: that of Linux 2.6.35.
const SHORTEST_MCE: usize = 88;

/// Writes a part of a kernel log at the start of `out` and returns the record: header line, then log. `time` is in seconds
/// since 1970.
///
/// # Errors
///
/// `out` is too small, which leaves it untouched, or the record would be larger than 4 GiB.
#[inline]
pub fn encode_dmesg<'b>(
    text: &[u8],
    id: RecordId,
    time: u64,
    out: &'b mut [u8],
) -> Result<&'b mut [u8], Error> {
    let header = linux_header(Severity::FATAL, NotificationType::MCE).with_record_id(id.raw());
    encode(&header.with_timestamp(Timestamp::from_linux_seconds(time)), SectionTypeId::LINUX_DMESG, text, out)
}

/// Writes a part of a kernel log, compressed as the reading kernel expects: raw deflate since Linux 6.6.
///
/// # Errors
///
/// As [`encode_dmesg`].
#[inline]
pub fn encode_compressed_dmesg<'b>(
    stream: &[u8],
    id: RecordId,
    time: u64,
    out: &'b mut [u8],
) -> Result<&'b mut [u8], Error> {
    let header = linux_header(Severity::FATAL, NotificationType::MCE).with_record_id(id.raw());
    let header = header.with_timestamp(Timestamp::from_linux_seconds(time));
    encode(&header, SectionTypeId::LINUX_DMESG_COMPRESSED, stream, out)
}

/// Writes a machine check at the start of `out` and returns the record: the bytes of `struct mce`, of any kernel since
/// 2.6.35.
///
/// It is fatal when its context is corrupt or the kernel has graded it as panic; else recoverable when it is
/// uncorrected or, on AMD, deferred; else corrected. It was signalled by an exception when one was in progress, else
/// found by a poll or interrupt (CMC). Its time becomes the record's.
///
/// # Errors
///
/// It has fewer than 88 bytes; or as [`encode_dmesg`].
#[inline]
pub fn encode_mce<'b>(mce: &[u8], id: RecordId, out: &'b mut [u8]) -> Result<&'b mut [u8], Error> {
    let state = MceState::read(mce)?;
    let header = linux_header(state.severity(), state.notification_type()).with_record_id(id.raw());
    let header = match mce_time(mce) {
        Some(time) => header.with_timestamp(Timestamp::from_linux_seconds(time)),
        None => header,
    };
    encode(&header, SectionTypeId::LINUX_MCE, mce, out)
}

/// Writes a record of one section, which is as bad as the record.
#[inline]
fn encode<'b>(
    header: &RecordHeader,
    section_type: SectionTypeId,
    body: &[u8],
    out: &'b mut [u8],
) -> Result<&'b mut [u8], Error> {
    let length = BODY_OFFSET.saturating_add(body.len());
    if u32::try_from(length).is_err() {
        return Err(Error::new(ErrorKind::TooLarge { what: "record length" }, 0));
    }
    if out.len() < length {
        return Err(Error::buffer_too_small(length, out.len()));
    }
    let descriptor = SectionDescriptor::primary(header.severity());
    Ok(PreparedRecord::lay_out_bytes(header, section_type, &descriptor, body, out)?.as_mut_bytes())
}

/// A record for an entry of a status block, laid out while the machine is well: header, descriptor, and room for a
/// payload whose length is known only when it comes.
///
/// ```
/// use cper::{NotificationType, StatusBlock};
/// use pstore_format::produce::RecordSlot;
/// use pstore_format::{RecordIds, seal};
///
/// # let region = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mem-full-v23.gesb"))?;
/// // At boot, once for each error source: how it signals its errors stands in HEST.
/// let mut buffer = [0; 8192];
/// let slot = RecordSlot::prepare(&mut buffer, NotificationType::NMI)?;
/// let mut ids = RecordIds::starting_at(1763793600);
///
/// // At panic time.
/// for entry in StatusBlock::parse(&region)?.entries() {
///     let record = slot.fill(&entry?, ids.next_id())?;
///     seal::seal(record)?; // ready for ERST
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct RecordSlot {
    record: PreparedRecord<[u8]>,
}

impl RecordSlot {
    /// Lays out header and descriptor at the start of `out`, all of which becomes the slot.
    ///
    /// # Errors
    ///
    /// `out` has fewer than the 200 bytes of header and descriptor, which leaves it untouched.
    pub fn prepare(out: &mut [u8], notification: NotificationType) -> Result<&mut Self, Error> {
        let slot = Self::of(out)?;
        *slot.record.header_mut() = linux_header(Severity::FATAL, notification).with_section_count(1);
        *slot.record.descriptor_mut() =
            SectionDescriptor::primary(Severity::FATAL).with_section_offset(BODY_OFFSET as u32);
        Ok(slot)
    }

    /// The slot that was prepared in these bytes before: where the memory is another language's, between boot and panic.
    ///
    /// # Errors
    ///
    /// No slot was prepared there.
    #[inline]
    pub fn prepared(out: &mut [u8]) -> Result<&mut Self, Error> {
        let slot = Self::of(out)?;
        let (header, descriptor) = (slot.record.header(), slot.record.descriptor());
        let one = header.section_count() == 1 && descriptor.section_offset() == BODY_OFFSET as u32;
        if header.signature() != RecordHeader::SIGNATURE || !one {
            return Err(cper::Error::new(cper::ErrorKind::Signature(header.signature()), 0).into());
        }
        Ok(slot)
    }

    #[inline]
    fn of(out: &mut [u8]) -> Result<&mut Self, Error> {
        let available = out.len();
        // A record is no longer than its length field can state, so `fill` does not check its length.
        let out = out.get_mut(..available.min(u32::MAX as usize)).unwrap_or_default();
        Self::mut_from_bytes(out).map_err(|_| Error::buffer_too_small(BODY_OFFSET, available))
    }

    /// Makes the record that of an entry, and returns it.
    ///
    /// Type, severity, flags, unit and payload are kept. A timestamp is too, as seconds: that is what readers of this
    /// creator's records take the field for. An impossible date is left out.
    ///
    /// # Errors
    ///
    /// The slot has no room for the payload, which leaves the record as it was.
    #[inline]
    pub fn fill(&mut self, entry: &DataEntry<'_>, id: RecordId) -> Result<&mut [u8], Error> {
        let payload = entry.bytes();
        let length = BODY_OFFSET.saturating_add(payload.len());
        let available = BODY_OFFSET.saturating_add(self.record.body().len());
        let too_small = || Error::buffer_too_small(length, available);
        if self.record.body().len() < payload.len() {
            return Err(too_small());
        }
        entry.store_descriptor(self.record.descriptor_mut());
        let header = self.record.header_mut();
        header.set_severity(entry.severity());
        header.set_record_length(length as u32);
        header.set_record_id(id.raw());
        let seconds = entry.timestamp().and_then(unix_seconds);
        let valid = if seconds.is_some() { HeaderValidation::TIMESTAMP } else { HeaderValidation::empty() };
        header.set_timestamp(Timestamp::from_linux_seconds(seconds.unwrap_or(0)));
        header.set_validation(valid);
        if payload.write_to_prefix(self.record.body_mut()).is_err() {
            return Err(too_small());
        }
        self.as_mut_bytes().get_mut(..length).ok_or_else(too_small)
    }
}

/// An entry's time in seconds since 1970; `None` for an impossible date.
// Not inlined: its values would take registers from every entry, with a time or without.
#[inline(never)]
fn unix_seconds(timestamp: Timestamp) -> Option<u64> {
    timestamp.calendar().and_then(|calendar| u64::try_from(calendar.unix_seconds()).ok())
}

/// The header of a record for ERST; id and count are left to the caller.
#[inline]
const fn linux_header(severity: Severity, notification: NotificationType) -> RecordHeader {
    RecordHeader::new(severity, notification)
        .with_revision(LINUX_REVISION)
        .with_creator_id(CreatorId::LINUX_PSTORE)
        .with_flags(RecordFlags::PREVIOUS_ERROR)
}

/// `struct mce` as the body of a section: its bytes, as many as the kernel's has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub struct MceBytes<const N: usize>([u8; N]);

impl<const N: usize> MceBytes<N> {
    /// The body that is stored as these bytes.
    pub const fn from_bytes(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// The bytes as they are stored.
    pub const fn bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for MceBytes<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self::from_bytes(bytes)
    }
}

impl<const N: usize> From<MceBytes<N>> for [u8; N] {
    fn from(value: MceBytes<N>) -> Self {
        value.0
    }
}

impl<const N: usize> SectionType for MceBytes<N> {
    const TYPE: SectionTypeId = SectionTypeId::LINUX_MCE;
    const NAME: &'static str = "struct mce";
}

impl<const N: usize> FixedSection for MceBytes<N> {}

/// A machine check's record, laid out while the machine is well: what [`encode_mce_as_linux`] writes, its id and its
/// `struct mce` still zero.
///
/// ```
/// use pstore_format::produce::prepared_mce;
///
/// # let mce = [0; 128];
/// let mut record = prepared_mce::<128>(); // at boot; or a `static`
///
/// record.header_mut().set_record_id(0x6b02_9869_0000_0001); // at panic time
/// *record.body_mut() = mce.into();
/// assert_eq!(record.as_bytes().len(), 328); // ready for ERST
/// ```
pub const fn prepared_mce<const N: usize>() -> PreparedRecord<MceBytes<N>> {
    let header = linux_header(Severity::FATAL, NotificationType::MCE);
    PreparedRecord::new(header, SectionDescriptor::primary(Severity::FATAL), MceBytes::from_bytes([0; N]))
}

/// Writes a machine check exactly as Linux writes it, at the start of `out`, and returns the record: fatal and an
/// exception, whatever it is, and without a time.
///
/// # Errors
///
/// As [`encode_dmesg`].
#[inline]
pub fn encode_mce_as_linux<'b>(mce: &[u8], id: RecordId, out: &'b mut [u8]) -> Result<&'b mut [u8], Error> {
    /// Header and descriptor in pieces that a build without vector registers stores in line; for the whole it would
    /// call `memcpy`.
    #[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
    #[repr(C)]
    struct Pieces([u8; 64], [u8; 64], [u8; 64], [u8; 8]);

    let length = BODY_OFFSET.saturating_add(mce.len());
    let Ok(record_length) = u32::try_from(length) else {
        return Err(Error::new(ErrorKind::TooLarge { what: "record length" }, 0));
    };
    let too_small = Error::buffer_too_small(length, out.len());
    let record = out.get_mut(..length).ok_or(too_small)?;
    let (front, body) =
        PreparedRecord::<MceBytes<0>>::mut_from_prefix(&mut *record).map_err(|_| too_small)?;
    let pieces: &mut Pieces = transmute_mut!(&mut *front);
    (pieces.0, pieces.1, pieces.2, pieces.3) = const {
        let Pieces(first, second, third, last) = transmute!(prepared_mce::<0>());
        (first, second, third, last)
    };
    front.header_mut().set_record_length(record_length);
    front.header_mut().set_record_id(id.raw());
    front.descriptor_mut().set_section_length(mce.len() as u32);
    mce.write_to(body).map_err(|_| too_small)?;
    Ok(record)
}

/// The revision in all records Linux has written: 1.0.
const LINUX_REVISION: u16 = 0x0100;

/// What of `struct mce` says how bad it is and how it came.
struct MceState {
    status: MciStatus,
    global_status: McgStatus,
    vendor: CpuVendor,
    kernel_severity: KernelSeverity,
}

impl MceState {
    /// Reads four fields, which have been in the same places in every kernel; where `severity` is now, older ones have
    /// padding. (A panic has no stack to spare for a whole `Mce`.)
    #[inline]
    fn read(mce: &[u8]) -> Result<Self, Error> {
        let too_short = Error::too_short("struct mce", SHORTEST_MCE, mce.len());
        let mce: &[u8; SHORTEST_MCE] = mce.first_chunk().ok_or(too_short)?;
        let word =
            |at: usize| mce.get(at..).and_then(|rest| rest.first_chunk()).copied().map(u64::from_le_bytes);
        let byte = |at: usize| mce.get(at).copied();
        let read = || {
            Some(Self {
                status: MciStatus::new(word(Mce::STATUS_OFFSET)?),
                global_status: McgStatus::new(word(Mce::MCGSTATUS_OFFSET)?),
                vendor: CpuVendor::new(byte(Mce::CPUVENDOR_OFFSET)?),
                kernel_severity: KernelSeverity::new(byte(Mce::SEVERITY_OFFSET)?),
            })
        };
        read().ok_or(too_short)
    }

    #[inline]
    fn severity(&self) -> Severity {
        match self.status.outcome(self.vendor) {
            _ if self.kernel_severity == KernelSeverity::PANIC => Severity::FATAL,
            Outcome::ContextCorrupt => Severity::FATAL,
            Outcome::Uncorrected | Outcome::Deferred => Severity::RECOVERABLE,
            _ => Severity::CORRECTED,
        }
    }

    #[inline]
    const fn notification_type(&self) -> NotificationType {
        if self.global_status.in_progress() { NotificationType::MCE } else { NotificationType::CMC }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;

    /// `MCi_STATUS`: valid.
    const VALID: u64 = 1 << 63;

    const ID: RecordId = RecordId::new(0x1122_3344_5566_7788);

    /// `struct mce` of the shortest form with these values.
    fn mce(status: u64, global_status: u64, vendor: u8, kernel_severity: u8, time: u64) -> Vec<u8> {
        let mut mce = std::vec![0; 88];
        mce[..8].copy_from_slice(&status.to_le_bytes());
        mce[24..32].copy_from_slice(&global_status.to_le_bytes());
        mce[48..56].copy_from_slice(&time.to_le_bytes());
        mce[56] = vendor;
        mce[58] = kernel_severity;
        mce
    }

    fn written(write: impl FnOnce(&mut [u8]) -> Result<&mut [u8], Error>) -> Vec<u8> {
        let mut out = [0xA5; 1024];
        let length = write(&mut out).unwrap().len();
        assert!(out[length..].iter().all(|&byte| byte == 0xA5));
        out[..length].to_vec()
    }

    fn word(record: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(*record[at..].first_chunk().unwrap())
    }

    #[test]
    fn every_byte_of_the_prefix_is_linuxs() {
        let record = written(|out| encode_dmesg(b"Panic#1 Part1\n", ID, 0x6553_F100, out));
        #[rustfmt::skip]
        let expected = [
            0x43, 0x50, 0x45, 0x52, 0x00, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 1, 0, 0, 0, // CPER, 1.0, one section, fatal
            2, 0, 0, 0, 214, 0, 0, 0, 0x00, 0xF1, 0x53, 0x65, 0, 0, 0, 0, // timestamp valid, length, seconds
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // platform
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // partition
            0xE3, 0x74, 0xA5, 0x75, 0x52, 0x50, 0x29, 0x4B, 0x8A, 0x8E, 0xBE, 0x2C, 0x64, 0x90, 0xB8, 0x9D, // pstore
            0xFE, 0x6F, 0xF5, 0xE8, 0x9C, 0x91, 0xC5, 0x4C, 0xBA, 0x88, 0x65, 0xAB, 0xE1, 0x49, 0x13, 0xBB, // MCE
            0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 2, 0, 0, 0, 0, 0, 0, 0, // id, previous error
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // private, reserved
            200, 0, 0, 0, 14, 0, 0, 0, 0x00, 0x01, 0, 0, 1, 0, 0, 0, // offset, length, 1.0, primary
            0x4E, 0xE0, 0x97, 0xC1, 0x45, 0xD5, 0x70, 0x4A, 0x9C, 0x17, 0xA5, 0x54, 0x94, 0x19, 0xEB, 0x12, // kernel log
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // unit
            1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // fatal, name
        ];
        assert_eq!(record[..200], expected);
        assert_eq!(&record[200..], b"Panic#1 Part1\n");
    }

    #[test]
    fn a_compressed_log_differs_in_its_type_alone() {
        let plain = written(|out| encode_dmesg(b"xyz", ID, 7, out));
        let mut compressed = written(|out| encode_compressed_dmesg(b"xyz", ID, 7, out));
        assert_eq!(compressed[144..148], [0x07, 0x87, 0x11, 0x4F]);
        compressed[144..160].copy_from_slice(&plain[144..160]);
        assert_eq!(compressed, plain);
    }

    #[test]
    fn machine_checks_are_graded_by_their_registers() {
        let grade = |mce: &[u8]| {
            let record = written(|out| encode_mce(mce, ID, out));
            assert_eq!(word(&record, 12), word(&record, 176));
            (word(&record, 12), record[80] == 0xFE)
        };
        let (fatal, recoverable, corrected) = (1, 0, 2);
        assert_eq!(grade(&mce(VALID, 0, 0, 0, 0)), (corrected, false));
        assert_eq!(grade(&mce(VALID | 1 << 61, 0, 0, 0, 0)), (recoverable, false));
        assert_eq!(grade(&mce(VALID | 1 << 61 | 1 << 57, 4, 0, 0, 0)), (fatal, true));
        assert_eq!(grade(&mce(VALID | 1 << 57, 4, 0, 0, 0)), (fatal, true));
        assert_eq!(grade(&mce(VALID | 1 << 61, 5, 0, 7, 0)), (fatal, true));
        assert_eq!(grade(&mce(VALID | 1 << 61, 3, 0, 6, 0)), (recoverable, false));
        for (vendor, severity) in [(0, corrected), (2, recoverable), (9, recoverable), (10, corrected)] {
            assert_eq!(grade(&mce(VALID | 1 << 44, 0, vendor, 0, 0)), (severity, false), "{vendor}");
            assert_eq!(grade(&mce(VALID, 0, vendor, 0, 0)), (corrected, false), "{vendor}");
        }
    }

    #[test]
    fn a_machine_check_keeps_its_time() {
        let record = written(|out| encode_mce(&mce(0, 0, 0, 0, 0x6b02_9869), ID, out));
        assert_eq!((word(&record, 16), word(&record, 24), word(&record, 28)), (2, 0x6b02_9869, 0));
        let record = written(|out| encode_mce(&mce(0, 0, 0, 0, 0), ID, out));
        assert_eq!((word(&record, 16), word(&record, 24)), (0, 0));
    }

    #[test]
    fn a_machine_check_as_linux_writes_it_says_nothing_of_itself() {
        let corrected = mce(1 << 63, 0, 0, 0, 0x6b02_9869);
        let record = written(|out| encode_mce_as_linux(&corrected, ID, out));
        assert_eq!(record.len(), 288);
        assert_eq!([12, 16, 24, 128, 132, 176].map(|at| word(&record, at)), [1, 0, 0, 200, 88, 1]);
        assert_eq!((record[80], &record[144..148]), (0xFE, &[0xBE, 0xFF, 0x08, 0xFE][..]));
        assert_eq!(record[200..], corrected);
    }

    #[test]
    fn a_prepared_machine_check_is_what_linux_writes() {
        let mce = [0x5A; 120];
        let mut record = prepared_mce::<120>();
        record.header_mut().set_record_id(ID.raw());
        *record.body_mut() = mce.into();
        assert_eq!(record.as_bytes(), written(|out| encode_mce_as_linux(&mce, ID, out)));
        let mut out = [0xA5; 400];
        assert_eq!(encode_mce_as_linux(&mce, ID, &mut out).unwrap(), record.as_bytes());
        assert!(out[320..].iter().all(|&byte| byte == 0xA5));
        let error = encode_mce_as_linux(&mce, ID, &mut out[..319]).unwrap_err();
        assert_eq!(error.to_string(), "offset 0: buffer too small: 320 bytes needed, 319 given");
    }

    #[test]
    fn too_short_a_machine_check_is_refused() {
        for length in 0..88 {
            let error = encode_mce(&[0; 88][..length], ID, &mut [0; 400]).unwrap_err();
            let text = std::format!("offset 0: struct mce needs 88 bytes, {length} available");
            assert_eq!(error.to_string(), text);
        }
        assert!(encode_mce(&[0; 88], ID, &mut [0; 400]).is_ok());
    }

    #[test]
    fn too_small_a_buffer_is_left_as_it_was() {
        for length in 0..214 {
            let mut out = [0xA5; 214];
            let error = encode_dmesg(b"Panic#1 Part1\n", ID, 1, &mut out[..length]).unwrap_err();
            let text = std::format!("offset 0: buffer too small: 214 bytes needed, {length} given");
            assert_eq!(error.to_string(), text);
            assert_eq!(out, [0xA5; 214]);
        }
    }
}
