//! Status blocks written entry by entry: lengths and counts are computed here, never passed in.

use zerocopy::{FromBytes, IntoBytes};

use crate::error::clamp;
use crate::section::Encode;
use crate::{BlockStatus, Error, ErrorKind, GenericErrorData, GenericErrorStatus, SectionTypeId, Severity};

/// Writes a status block entry by entry, in a loop if need be, as [`RecordWriter`](crate::RecordWriter) writes a record.
///
/// Until [`StatusBlockWriter::finish`] the block's status is 0, which readers take for "no error": a block that was
/// not finished is never a half one. An entry that is refused leaves the block as it was, and the next one can be
/// written.
///
/// ```
/// use cper::section::MemoryError;
/// use cper::{GenericErrorData, Severity, StatusBlock, StatusBlockWriter};
///
/// let mut buffer = [0; 256];
/// let mut writer = StatusBlockWriter::new(&mut buffer, Severity::CORRECTED)?;
/// writer.entry(&GenericErrorData::new(Severity::CORRECTED), &MemoryError::new().with_card(2))?;
/// let block = StatusBlock::parse(writer.finish()?)?;
/// assert_eq!(block.entries().count(), 1);
/// # Ok::<(), cper::Error>(())
/// ```
#[derive(Debug)]
pub struct StatusBlockWriter<'b> {
    out: &'b mut [u8],
    severity: Severity,
    /// Bytes written, the header included.
    length: usize,
    entries: u32,
    raw_data: Option<(usize, usize)>,
    status: BlockStatus,
}

impl<'b> StatusBlockWriter<'b> {
    /// Begins a block at the start of `out`.
    ///
    /// # Errors
    /// When `out` is shorter than the block's header.
    pub fn new(out: &'b mut [u8], severity: Severity) -> Result<Self, Error> {
        let available = out.len();
        let Ok((header, _)) = GenericErrorStatus::mut_from_prefix(out) else {
            return Err(Error::buffer_too_small(GenericErrorStatus::SIZE, available));
        };
        *header = GenericErrorStatus::new();
        let length = GenericErrorStatus::SIZE;
        Ok(Self { out, severity, length, entries: 0, raw_data: None, status: BlockStatus::empty() })
    }

    /// Appends an entry. The header's type and length are filled in; its revision says whether it is 64 or 72 bytes
    /// long.
    ///
    /// # Errors
    /// When the buffer is too small (the error says for how much), the block is full (1,023 entries), raw data was
    /// written already, or the body could not be written in the length that it announced. The block so far stays as it
    /// was.
    pub fn entry<S: Encode>(&mut self, header: &GenericErrorData, body: &S) -> Result<(), Error> {
        self.append(S::TYPE, header, body.encoded_len(), |space| body.encode(space))
    }

    /// Appends an entry whose payload is bytes already, of a type that may be known only now.
    ///
    /// A record's section goes with [`GenericErrorData::from_descriptor`], which has all that its descriptor says.
    ///
    /// # Errors
    /// As [`StatusBlockWriter::entry`].
    pub fn entry_bytes(
        &mut self,
        section_type: SectionTypeId,
        header: &GenericErrorData,
        bytes: &[u8],
    ) -> Result<(), Error> {
        self.append(section_type, header, bytes.len(), |space| bytes.write_to(space).ok())
    }

    fn append(
        &mut self,
        section_type: SectionTypeId,
        header: &GenericErrorData,
        length: usize,
        encode: impl FnOnce(&mut [u8]) -> Option<()>,
    ) -> Result<(), Error> {
        let too_large = |what| Error::new(ErrorKind::TooLarge { what }, self.length);
        if self.raw_data.is_some() {
            return Err(Error::new(ErrorKind::AfterRawData, self.length));
        }
        if self.entries >= GenericErrorStatus::MAX_ENTRIES {
            return Err(too_large("entry count"));
        }
        let header_len = header.header_len();
        let end = self.length.checked_add(header_len).and_then(|front| front.checked_add(length));
        let end = end.filter(|end| u32::try_from(*end).is_ok()).ok_or(too_large("data length"))?;
        let space = self.space(end)?;
        let header = header.with_section_type(section_type).with_error_data_length(length as u32);
        let written = space.split_at_mut_checked(header_len).and_then(|(front, body)| {
            header.as_bytes().get(..header_len)?.write_to(front).ok()?;
            encode(body)
        });
        if written.is_none() {
            return Err(Error::new(ErrorKind::EncodedLength, self.length));
        }
        self.length = end;
        self.entries = self.entries.saturating_add(1);
        self.status = self.status.and(BlockStatus::of_one(header.severity()));
        Ok(())
    }

    /// The bytes from the end of the block so far to `end`.
    fn space(&mut self, end: usize) -> Result<&mut [u8], Error> {
        let available = clamp(self.out.len());
        let kind = ErrorKind::BufferTooSmall { needed: clamp(end), available };
        let start = self.length;
        self.out.get_mut(start..end).ok_or(Error::new(kind, start))
    }

    /// Appends raw data after the entries, in a form that only its maker knows.
    ///
    /// # Errors
    /// When the buffer is too small, or raw data was written already.
    pub fn raw_data(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let too_large = Error::new(ErrorKind::TooLarge { what: "raw data length" }, self.length);
        let end = self
            .length
            .checked_add(bytes.len())
            .filter(|end| u32::try_from(*end).is_ok())
            .ok_or(too_large)?;
        if self.raw_data.is_some() {
            return Err(Error::new(ErrorKind::AfterRawData, self.length));
        }
        let start = self.length;
        let space = self.space(end)?;
        bytes.write_to(space).map_err(|_| too_large)?;
        self.raw_data = Some((start, bytes.len()));
        self.length = end;
        Ok(())
    }

    /// Writes the header, status last, and returns the block. The status bits follow from the entries' severities.
    ///
    /// # Errors
    /// None can happen after [`StatusBlockWriter::new`]; returning a `Result` keeps the path free of panics.
    pub fn finish(self) -> Result<&'b mut [u8], Error> {
        let Self { out, severity, length, entries, raw_data, status } = self;
        let (raw_data_offset, raw_data_length) = raw_data.unwrap_or_default();
        let entries_end = if raw_data.is_some() { raw_data_offset } else { length };
        let short = Error::too_short("status block", length, out.len());
        let (block, _) = out.split_at_mut_checked(length).ok_or(short)?;
        let (header, _) = GenericErrorStatus::mut_from_prefix(&mut *block).map_err(|_| short)?;
        *header = GenericErrorStatus::new()
            .with_block_status(status.bits() | entries << 4)
            .with_raw_data_offset(raw_data_offset as u32)
            .with_raw_data_length(raw_data_length as u32)
            .with_data_length(entries_end.saturating_sub(GenericErrorStatus::SIZE) as u32)
            .with_severity(severity);
        Ok(block)
    }
}
