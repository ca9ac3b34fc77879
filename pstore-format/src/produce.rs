//! Records for ERST from what a dying machine knows: kernel log text, `struct mce`, entries of a status block.
//!
//! A record is the 200 bytes of [`RecordPrefix`] and a body. What the source knows is kept: how bad it is, how it was
//! signalled, which unit it speaks of, when it happened. Where another writer's bytes are wanted, losses and all,
//! there is a constructor for each:
//!
//! | source | as it should be | byte for byte as |
//! |---|---|---|
//! | kernel log | [`RecordDraft::dmesg`], [`RecordDraft::compressed_dmesg`] | Linux's `erst_writer`: the same |
//! | `struct mce` | [`RecordDraft::mce`] | Linux's `apei_write_mce`: [`RecordDraft::mce_as_linux`] |
//! | entry of a status block | [`RecordDraft::entry`] | the ERST series of 2023: [`RecordDraft::entry_as_series`] |
//!
//! Nothing here allocates, and no path leads to a panic. A machine check can also be laid out while the machine is well
//! and only patched when it dies: [`prepared_mce`].
//!
//! ```
//! use pstore_format::produce::RecordDraft;
//! use pstore_format::{RecordIds, seal};
//!
//! # let mce = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/mce/mce-intel.mce"))?;
//! let mut ids = RecordIds::starting_at(1763793600); // made at boot
//! let mut buffer = [0; 8192];
//!
//! let record = RecordDraft::mce(&mce, ids.next_id())?.encode(&mut buffer)?;
//! seal::seal(record)?;
//! assert_eq!(record.len(), 328); // ready for ERST
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::mem::offset_of;

use cper::section::{FixedSection, SectionType};
use cper::{
    CreatorId, DataEntry, Guid, NotificationType, PreparedRecord, RecordFlags, RecordHeader,
    SectionDescriptor, SectionTypeId, Severity, Timestamp,
};
use mce_record::{CpuVendor, KernelSeverity, Mce, McgStatus, MciStatus, Outcome};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, transmute, transmute_mut};

use crate::error::{Error, ErrorKind};
use crate::ids::RecordId;
use crate::record::{RecordPrefix, mce_time};

/// The shortest `struct mce` that a kernel has put into ERST: that of Linux 2.6.35.
const SHORTEST_MCE: usize = 88;

/// A record that is ready to be written: its prefix and its body.
#[derive(Clone, Copy, Debug)]
#[must_use = "a draft writes nothing until `encode`"]
pub struct RecordDraft<'a> {
    prefix: RecordPrefix,
    body: &'a [u8],
}

impl<'a> RecordDraft<'a> {
    /// A part of a kernel log: header line, then log. `time` is in seconds since 1970.
    #[inline]
    pub fn dmesg(text: &'a [u8], id: RecordId, time: u64) -> Self {
        let descriptor = descriptor(Severity::FATAL, SectionTypeId::LINUX_DMESG);
        Self::new(NotificationType::MCE, id, descriptor, text).with_time(time)
    }

    /// A part of a kernel log, compressed as the reading kernel expects: raw deflate since Linux 6.6.
    #[inline]
    pub fn compressed_dmesg(stream: &'a [u8], id: RecordId, time: u64) -> Self {
        let descriptor = descriptor(Severity::FATAL, SectionTypeId::LINUX_DMESG_COMPRESSED);
        Self::new(NotificationType::MCE, id, descriptor, stream).with_time(time)
    }

    /// A machine check: the bytes of `struct mce`, of any kernel since 2.6.35.
    ///
    /// It is fatal when its context is corrupt or the kernel has graded it as panic; else recoverable when it is
    /// uncorrected or, on AMD, deferred; else corrected. It was signalled by an exception when one was in progress, else
    /// found by a poll or interrupt (CMC). Its time becomes the record's.
    ///
    /// # Errors
    ///
    /// It has fewer than 88 bytes.
    #[inline]
    pub fn mce(mce: &'a [u8], id: RecordId) -> Result<Self, Error> {
        let state = MceState::read(mce)?;
        let descriptor = descriptor(state.severity(), SectionTypeId::LINUX_MCE);
        let draft = Self::new(state.notification_type(), id, descriptor, mce);
        Ok(match mce_time(mce) {
            Some(time) => draft.with_time(time),
            None => draft,
        })
    }

    /// A machine check exactly as Linux writes it: fatal and an exception, whatever it is, and without a time.
    ///
    /// With [`RecordDraft::with_section_offset`] it is as the ERST series of 2023 writes it.
    #[inline]
    pub fn mce_as_linux(mce: &'a [u8], id: RecordId) -> Self {
        let descriptor = descriptor(Severity::FATAL, SectionTypeId::LINUX_MCE);
        Self::new(NotificationType::MCE, id, descriptor, mce)
    }

    /// An entry of a status block, and how the block was signalled (its source's notification in HEST).
    ///
    /// Type, severity, flags, unit and payload are kept. A timestamp is too, as seconds: that is what readers of this
    /// creator's records take the field for. An impossible date is left out.
    #[inline]
    pub fn entry(entry: &DataEntry<'a>, notification: NotificationType, id: RecordId) -> Self {
        let draft = Self::new(notification, id, entry.header().descriptor(), entry.bytes());
        let calendar = entry.header().timestamp().and_then(|timestamp| timestamp.calendar());
        match calendar.and_then(|calendar| u64::try_from(calendar.unix_seconds()).ok()) {
            Some(time) => draft.with_time(time),
            None => draft,
        }
    }

    /// An entry of a status block exactly as the ERST series of 2023 writes it: the record fatal and an exception,
    /// whatever it is; flags, unit and time lost. The section offset is what its pointer arithmetic gave.
    #[inline]
    pub fn entry_as_series(entry: &DataEntry<'a>, id: RecordId, section_offset: u32) -> Self {
        let descriptor = descriptor(entry.severity(), entry.section_type());
        let mut draft = Self::new(NotificationType::MCE, id, descriptor, entry.bytes());
        draft.prefix.header.severity = Severity::FATAL;
        draft.with_section_offset(section_offset)
    }

    /// A record as bad as its section.
    #[inline]
    fn new(
        notification: NotificationType,
        id: RecordId,
        descriptor: SectionDescriptor,
        body: &'a [u8],
    ) -> Self {
        let header = linux_header(descriptor.severity, notification).with_record_id(id.raw());
        let header = RecordHeader { section_count: U16::new(1), ..header };
        let draft = Self { prefix: RecordPrefix { header, descriptor }, body };
        draft.with_section_offset(RecordPrefix::SIZE as u32)
    }

    /// Sets the record's time, in seconds since 1970, as the readers of this creator's records expect it.
    #[inline]
    pub fn with_time(mut self, seconds: u64) -> Self {
        self.prefix.header = self.prefix.header.with_timestamp(Timestamp::from_linux_seconds(seconds));
        self
    }

    /// Sets the section offset to something else than 200, which is right: only to write what another writer would.
    #[inline]
    pub fn with_section_offset(mut self, offset: u32) -> Self {
        self.prefix.descriptor.section_offset = U32::new(offset);
        self
    }

    /// Bytes the record will take; the largest number when there is none.
    #[inline]
    pub const fn encoded_len(&self) -> usize {
        RecordPrefix::SIZE.saturating_add(self.body.len())
    }

    /// Writes the record at the start of `out` and returns it; what lies behind stays as it was.
    ///
    /// # Errors
    ///
    /// `out` is too small, which leaves it untouched, or the record would be larger than 4 GiB.
    #[inline]
    pub fn encode<'b>(&self, out: &'b mut [u8]) -> Result<&'b mut [u8], Error> {
        let length = self.encoded_len();
        let (Ok(record_length), Ok(section_length)) = (u32::try_from(length), u32::try_from(self.body.len()))
        else {
            return Err(Error::new(ErrorKind::TooLarge { what: "record length" }, 0));
        };
        let too_small = Error::buffer_too_small(length, out.len());
        let record = out.get_mut(..length).ok_or(too_small)?;
        let (prefix, body) = RecordPrefix::mut_from_prefix(&mut *record).map_err(|_| too_small)?;
        self.body.write_to(body).map_err(|_| too_small)?;
        *prefix = self.prefix;
        prefix.header.record_length = U32::new(record_length);
        prefix.descriptor.section_length = U32::new(section_length);
        Ok(record)
    }
}

/// The descriptor of a record's only section.
#[inline]
fn descriptor(severity: Severity, section_type: SectionTypeId) -> SectionDescriptor {
    SectionDescriptor { section_type, ..SectionDescriptor::primary(severity) }
}

/// The header of a record for ERST; id and count are left to the caller.
#[inline]
const fn linux_header(severity: Severity, notification: NotificationType) -> RecordHeader {
    RecordHeader::new(severity, notification)
        .with_revision(LINUX_REVISION)
        .with_creator(CreatorId::LINUX_PSTORE)
        .with_flags(RecordFlags::PREVIOUS_ERROR)
}

/// `struct mce` as the body of a section: its bytes, as many as the kernel's has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(transparent)]
pub struct MceBytes<const N: usize>(pub [u8; N]);

impl<const N: usize> SectionType for MceBytes<N> {
    const TYPE: Guid = SectionTypeId::LINUX_MCE.guid();
    const NAME: &'static str = "struct mce";
}

impl<const N: usize> FixedSection for MceBytes<N> {}

/// A machine check's record, laid out while the machine is well: what [`RecordDraft::mce_as_linux`] writes, its id and
/// its `struct mce` still zero.
///
/// ```
/// use pstore_format::produce::prepared_mce;
///
/// # let mce = [0; 128];
/// let mut record = prepared_mce::<128>(); // at boot; or a `static`
///
/// record.header.record_id.set(0x6b02_9869_0000_0001); // at panic time
/// record.body.0 = mce;
/// assert_eq!(record.as_bytes().len(), 328); // ready for ERST
/// ```
pub const fn prepared_mce<const N: usize>() -> PreparedRecord<MceBytes<N>> {
    let header = linux_header(Severity::FATAL, NotificationType::MCE);
    PreparedRecord::new(header, SectionDescriptor::primary(Severity::FATAL), MceBytes([0; N]))
}

/// Writes a machine check's record at the start of `out` and returns it: what [`RecordDraft::mce_as_linux`] writes, in
/// fewer steps, since the length is known.
///
/// # Errors
///
/// `out` is too small, which leaves it untouched.
#[inline]
pub fn encode_mce<'b, const N: usize>(
    mce: &[u8; N],
    id: RecordId,
    out: &'b mut [u8],
) -> Result<&'b mut [u8], Error> {
    /// A prefix in pieces that a build without vector registers stores in line; for the whole it would call `memcpy`.
    #[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
    #[repr(C)]
    struct Pieces([u8; 64], [u8; 64], [u8; 64], [u8; 8]);

    let length = size_of::<PreparedRecord<MceBytes<N>>>();
    let too_small = Error::buffer_too_small(length, out.len());
    let record = out.get_mut(..length).ok_or(too_small)?;
    let (prefix, body) = RecordPrefix::mut_from_prefix(&mut *record).map_err(|_| too_small)?;
    let pieces: &mut Pieces = transmute_mut!(&mut *prefix);
    (pieces.0, pieces.1, pieces.2, pieces.3) = const {
        let PreparedRecord { header, descriptor, .. } = prepared_mce::<N>();
        let Pieces(first, second, third, last) = transmute!(RecordPrefix { header, descriptor });
        (first, second, third, last)
    };
    prefix.header.record_id = U64::new(id.raw());
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
                status: MciStatus::new(word(offset_of!(Mce, status))?),
                global_status: McgStatus::new(word(offset_of!(Mce, mcgstatus))?),
                vendor: CpuVendor::new(byte(offset_of!(Mce, cpuvendor))?),
                kernel_severity: KernelSeverity::new(byte(offset_of!(Mce, severity))?),
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

    fn encode(draft: &RecordDraft) -> Vec<u8> {
        let mut out = [0xA5; 1024];
        let length = draft.encode(&mut out).unwrap().len();
        assert_eq!(length, draft.encoded_len());
        assert!(out[length..].iter().all(|&byte| byte == 0xA5));
        out[..length].to_vec()
    }

    fn word(record: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(*record[at..].first_chunk().unwrap())
    }

    #[test]
    fn every_byte_of_the_prefix_is_linuxs() {
        let record = encode(&RecordDraft::dmesg(b"Panic#1 Part1\n", ID, 0x6553_F100));
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
        let plain = encode(&RecordDraft::dmesg(b"xyz", ID, 7));
        let mut compressed = encode(&RecordDraft::compressed_dmesg(b"xyz", ID, 7));
        assert_eq!(compressed[144..148], [0x07, 0x87, 0x11, 0x4F]);
        compressed[144..160].copy_from_slice(&plain[144..160]);
        assert_eq!(compressed, plain);
    }

    #[test]
    fn machine_checks_are_graded_by_their_registers() {
        let grade = |mce: &[u8]| {
            let record = encode(&RecordDraft::mce(mce, ID).unwrap());
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
        let record = encode(&RecordDraft::mce(&mce(0, 0, 0, 0, 0x6b02_9869), ID).unwrap());
        assert_eq!((word(&record, 16), word(&record, 24), word(&record, 28)), (2, 0x6b02_9869, 0));
        let record = encode(&RecordDraft::mce(&mce(0, 0, 0, 0, 0), ID).unwrap());
        assert_eq!((word(&record, 16), word(&record, 24)), (0, 0));
        let record = encode(&RecordDraft::mce(&mce(0, 0, 0, 0, 5), ID).unwrap().with_time(6));
        assert_eq!((word(&record, 16), word(&record, 24)), (2, 6));
    }

    #[test]
    fn a_machine_check_as_linux_writes_it_says_nothing_of_itself() {
        let corrected = mce(1 << 63, 0, 0, 0, 0x6b02_9869);
        let record = encode(&RecordDraft::mce_as_linux(&corrected, ID));
        assert_eq!(record.len(), 288);
        assert_eq!([12, 16, 24, 128, 132, 176].map(|at| word(&record, at)), [1, 0, 0, 200, 88, 1]);
        assert_eq!((record[80], &record[144..148]), (0xFE, &[0xBE, 0xFF, 0x08, 0xFE][..]));
        assert_eq!(record[200..], corrected);
        let mut series = encode(&RecordDraft::mce_as_linux(&corrected, ID).with_section_offset(0xDEAD_BEEF));
        assert_eq!(word(&series, 128), 0xDEAD_BEEF);
        series[128..132].copy_from_slice(&200u32.to_le_bytes());
        assert_eq!(series, record);
    }

    #[test]
    fn a_prepared_machine_check_is_what_linux_writes() {
        let mce = [0x5A; 120];
        let mut record = prepared_mce::<120>();
        record.header.record_id.set(ID.raw());
        record.body.0 = mce;
        assert_eq!(record.as_bytes(), encode(&RecordDraft::mce_as_linux(&mce, ID)));
        let mut out = [0xA5; 400];
        assert_eq!(encode_mce(&mce, ID, &mut out).unwrap(), record.as_bytes());
        assert!(out[320..].iter().all(|&byte| byte == 0xA5));
        let error = encode_mce(&mce, ID, &mut out[..319]).unwrap_err();
        assert_eq!(error.to_string(), "offset 0: buffer too small: 320 bytes needed, 319 given");
    }

    #[test]
    fn too_short_a_machine_check_is_refused() {
        for length in 0..88 {
            let error = RecordDraft::mce(&[0; 88][..length], ID).unwrap_err();
            let text = std::format!("offset 0: struct mce needs 88 bytes, {length} available");
            assert_eq!(error.to_string(), text);
        }
        assert!(RecordDraft::mce(&[0; 88], ID).is_ok());
    }

    #[test]
    fn too_small_a_buffer_is_left_as_it_was() {
        let draft = RecordDraft::dmesg(b"Panic#1 Part1\n", ID, 1);
        for length in 0..214 {
            let mut out = [0xA5; 214];
            let error = draft.encode(&mut out[..length]).unwrap_err();
            let text = std::format!("offset 0: buffer too small: 214 bytes needed, {length} given");
            assert_eq!(error.to_string(), text);
            assert_eq!(out, [0xA5; 214]);
        }
    }
}
