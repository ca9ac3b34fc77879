//! The paths that run while a machine dies, with C entry points.
#![allow(missing_docs, reason = "entry points for a C harness, named after what they do")]

use core::{ptr, slice};

use cper::section::{ErrorStatus, MemoryError, MemoryErrorType, MemoryErrorView, MemoryValidation};
use cper::{
    CreatorId, FruText, Guid, NotificationType, PreparedRecord, Record, RecordFlags, RecordHeader, RecordMut,
    RecordWriter, SectionDescriptor, Severity, StatusBlock, Timestamp,
};
use erst_table::{AccessWidth, AddressSpace, IoError, RegisterIo, Semantics, Store, Table};
use mce_record::{Layout, Mce};
use pstore_format::RecordId;
use pstore_format::produce::{RecordSlot, encode_mce, encode_mce_as_linux};
use pstore_format::record::StoredRecord;
use pstore_format::seal;

pub mod sections;
#[cfg(feature = "sim")]
pub mod sim;

/// What a caller knows of a memory error, in the layout of the C baseline's `struct mem_input`.
#[repr(C)]
pub struct MemoryInput {
    pub year: u32,
    pub month: u32,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub precise: i32,
    pub severity: u32,
    pub record_id: u64,
    pub flags: u32,
    pub platform: Guid,
    pub creator: Guid,
    pub notification: Guid,
    pub fru: Guid,
    pub fru_text: *const u8,
    pub fru_len: usize,
    pub valid: u64,
    pub status: u64,
    pub address: u64,
    pub address_mask: u64,
    pub requestor: u64,
    pub responder: u64,
    pub target: u64,
    pub node: u16,
    pub card: u16,
    pub module: u16,
    pub bank: u16,
    pub device: u16,
    pub row: u16,
    pub column: u16,
    pub bit_position: u16,
    pub rank: u16,
    pub card_handle: u16,
    pub module_handle: u16,
    pub error_type: u8,
    pub extended: u8,
}

impl MemoryInput {
    fn text(&self) -> &[u8] {
        // SAFETY: the caller gives a text of this length.
        unsafe { slice::from_raw_parts(self.fru_text, self.fru_len) }
    }

    #[inline(always)]
    fn timestamp(&self) -> Timestamp {
        let timestamp = Timestamp::new(
            self.year as u16,
            self.month as u8,
            self.day as u8,
            self.hour as u8,
            self.minute as u8,
            self.second as u8,
        );
        if self.precise != 0 { timestamp.precise() } else { timestamp }
    }

    #[inline(always)]
    fn header(&self) -> RecordHeader {
        RecordHeader::new(Severity::new(self.severity), NotificationType::new(self.notification))
            .with_timestamp(self.timestamp())
            .with_platform_id(self.platform)
            .with_creator_id(CreatorId::new(self.creator))
            .with_record_id(self.record_id)
            .with_flags(RecordFlags::from_bits_retain(self.flags))
    }

    #[inline(always)]
    fn descriptor(&self, fru_text: FruText) -> SectionDescriptor {
        SectionDescriptor::primary(Severity::new(self.severity)).with_fru_id(self.fru).with_fru_text(fru_text)
    }

    #[inline(always)]
    fn body(&self) -> MemoryError {
        let mut body = MemoryError::new()
            .with_error_status(ErrorStatus::new(self.status))
            .with_physical_address(self.address)
            .with_physical_address_mask(self.address_mask)
            .with_node(self.node)
            .with_card(self.card)
            .with_module(self.module)
            .with_bank(self.bank)
            .with_device(self.device)
            .with_row(self.row)
            .with_column(self.column)
            .with_bit_position(self.bit_position)
            .with_requestor_id(self.requestor)
            .with_responder_id(self.responder)
            .with_target_id(self.target)
            .with_memory_error_type(MemoryErrorType::new(self.error_type))
            .with_rank(self.rank)
            .with_card_handle(self.card_handle)
            .with_module_handle(self.module_handle);
        body.set_extended_raw(self.extended);
        body.with_validation(MemoryValidation::from_bits_retain(self.valid))
    }
}

/// # Safety
/// `out` is writable for `len` bytes, for as long as the result is used.
unsafe fn buffer<'a>(out: *mut u8, len: usize) -> &'a mut [u8] {
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts_mut(out, len) }
}

/// # Safety
/// `bytes` is readable for `len` bytes, for as long as the result is used.
unsafe fn input<'a>(bytes: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(bytes, len) }
}

/// Bytes of what is written; 0 when it cannot be.
#[inline]
fn written<'b>(write: impl FnOnce() -> Result<&'b mut [u8], cper::Error>) -> usize {
    write().map_or(0, |record| record.len())
}

/// A memory record from field values, the FRU text given as text. 0 when the buffer is too small.
///
/// # Safety
/// `out` is writable for `len` bytes; the input's text is readable.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_memory(out: *mut u8, len: usize, input: &MemoryInput) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(out, len) };
    let Ok(fru_text) = FruText::new(input.text()) else { return 0 };
    written(|| {
        let mut writer = RecordWriter::new(out, &input.header())?;
        writer.section(&input.descriptor(fru_text), &input.body())?;
        writer.finish()
    })
}

/// The same, the text converted where it is used, as one would write it.
///
/// # Safety
/// As [`rust_fill_memory`].
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_memory_in_order(out: *mut u8, len: usize, input: &MemoryInput) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(out, len) };
    written(|| {
        let mut writer = RecordWriter::new(out, &input.header())?;
        let fru_text = FruText::new(input.text())?;
        writer.section(&input.descriptor(fru_text), &input.body())?;
        writer.finish()
    })
}

/// The same, laid out in the buffer and then filled in place.
///
/// # Safety
/// As [`rust_fill_memory`].
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_memory_in_place(out: *mut u8, len: usize, input: &MemoryInput) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(out, len) };
    let Ok(fru_text) = FruText::new(input.text()) else { return 0 };
    let header = RecordHeader::new(Severity::new(input.severity), NotificationType::new(input.notification))
        .with_timestamp(input.timestamp())
        .with_platform_id(input.platform)
        .with_creator_id(CreatorId::new(input.creator));
    let descriptor = input.descriptor(fru_text);
    let Ok(record) = MemoryRecord::lay_out(header, descriptor, MemoryError::new(), out) else { return 0 };
    patch(record, input);
    let body = record.body_mut();
    body.set_requestor_id(input.requestor);
    body.set_responder_id(input.responder);
    body.set_target_id(input.target);
    body.set_card_handle(input.card_handle);
    body.set_module_handle(input.module_handle);
    body.set_validation(MemoryValidation::from_bits_retain(input.valid));
    record.as_bytes().len()
}

/// The same with a FRU text made beforehand.
///
/// # Safety
/// As [`rust_fill_memory`].
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_memory_ready(
    out: *mut u8,
    len: usize,
    input: &MemoryInput,
    fru_text: &FruText,
) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(out, len) };
    written(|| {
        let mut writer = RecordWriter::new(out, &input.header())?;
        writer.section(&input.descriptor(*fru_text), &input.body())?;
        writer.finish()
    })
}

/// Two memory sections in one record, of two errors.
///
/// # Safety
/// As [`rust_fill_memory`].
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_two(
    out: *mut u8,
    len: usize,
    input: &MemoryInput,
    second: &MemoryInput,
    fru_text: &FruText,
) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(out, len) };
    written(|| {
        let mut writer = RecordWriter::for_sections(out, &input.header(), 2)?;
        writer.section(&input.descriptor(*fru_text), &input.body())?;
        writer.section(&SectionDescriptor::new(Severity::CORRECTED), &second.body())?;
        writer.finish()
    })
}

/// The same without the hint that two sections will come.
///
/// # Safety
/// As [`rust_fill_memory`].
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_two_unannounced(
    out: *mut u8,
    len: usize,
    input: &MemoryInput,
    second: &MemoryInput,
    fru_text: &FruText,
) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(out, len) };
    written(|| {
        let mut writer = RecordWriter::new(out, &input.header())?;
        writer.section(&input.descriptor(*fru_text), &input.body())?;
        writer.section(&SectionDescriptor::new(Severity::CORRECTED), &second.body())?;
        writer.finish()
    })
}

/// Section bytes handed on under a header and a descriptor.
///
/// # Safety
/// As [`rust_fill_memory`]; `body` is readable for `body_len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_wrap_bytes(
    out: *mut u8,
    len: usize,
    header: &RecordHeader,
    descriptor: &SectionDescriptor,
    body: *const u8,
    body_len: usize,
) -> usize {
    // SAFETY: the caller's promises.
    let (out, body) = unsafe { (buffer(out, len), input(body, body_len)) };
    written(|| {
        let mut writer = RecordWriter::new(out, header)?;
        writer.section_bytes(descriptor.section_type(), descriptor, body)?;
        writer.finish()
    })
}

type MemoryRecord = PreparedRecord<MemoryError>;

/// Everything that C's patch sets but the time; the record's bytes are handed on.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn rust_patch_memory(record: &mut MemoryRecord, input: &MemoryInput) -> *const u8 {
    patch(record, input);
    record.as_bytes().as_ptr()
}

/// Everything that C's patch sets, calendar time converted.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn rust_patch_memory_time(record: &mut MemoryRecord, input: &MemoryInput) -> *const u8 {
    patch(record, input);
    record.header_mut().set_timestamp(input.timestamp());
    record.as_bytes().as_ptr()
}

/// Id, status and address alone.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn rust_patch_address(
    record: &mut MemoryRecord,
    id: u64,
    status: u64,
    address: u64,
) -> *const u8 {
    record.header_mut().set_record_id(id);
    record.body_mut().set_error_status(ErrorStatus::new(status));
    record.body_mut().set_physical_address(address);
    record.as_bytes().as_ptr()
}

#[inline]
fn patch(record: &mut MemoryRecord, input: &MemoryInput) {
    record.header_mut().set_severity(Severity::new(input.severity));
    record.descriptor_mut().set_severity(Severity::new(input.severity));
    record.header_mut().set_record_id(input.record_id);
    record.header_mut().set_flags(RecordFlags::from_bits_retain(input.flags));
    let body = record.body_mut();
    body.set_error_status(ErrorStatus::new(input.status));
    body.set_physical_address(input.address);
    body.set_physical_address_mask(input.address_mask);
    body.set_node(input.node);
    body.set_card(input.card);
    body.set_module(input.module);
    body.set_bank(input.bank);
    body.set_device(input.device);
    body.set_row(input.row);
    body.set_column(input.column);
    body.set_bit_position(input.bit_position);
    body.set_memory_error_type(MemoryErrorType::new(input.error_type));
    body.set_rank(input.rank);
    // The upper bits of the row stand there too, and other things.
    body.set_extended_raw(input.extended);
    body.set_validation(MemoryValidation::from_bits_retain(input.valid));
}

/// The same three fields through a view over bytes from elsewhere. 0 on success.
///
/// # Safety
/// `record` is writable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_patch_view(
    record: *mut u8,
    len: usize,
    id: u64,
    status: u64,
    address: u64,
) -> i32 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { buffer(record, len) };
    let patched = RecordMut::parse(bytes).and_then(|mut record| {
        record.header_mut()?.set_record_id(id);
        let memory = record.decode_mut::<MemoryError>(0)?;
        memory.set_error_status(ErrorStatus::new(status));
        memory.set_physical_address(address);
        Ok(())
    });
    i32::from(patched.is_err())
}

/// Every field of a memory record, folded into one number so that none can be left out.
///
/// # Safety
/// `bytes` is readable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_read_memory(bytes: *const u8, len: usize) -> u64 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { input(bytes, len) };
    let Ok(record) = Record::parse(bytes) else { return 0 };
    let Some(Ok(section)) = record.sections().next() else { return 0 };
    let Some(Ok(memory)) = section.decode::<MemoryError>() else { return 0 };
    fold_memory(memory, fold_header(record.header()) ^ fold_descriptor(section.descriptor()))
}

/// A GUID as two numbers: 16 bytes read are 16 bytes read, however they are folded.
fn guid(guid: Guid) -> u64 {
    let value = u128::from_le_bytes(*guid.bytes());
    value as u64 ^ (value >> 64) as u64
}

fn fold_header(header: &RecordHeader) -> u64 {
    let mut sum = u64::from(header.revision() as u32 ^ header.severity().raw() ^ header.validation().bits());
    if let Some(time) = header.timestamp() {
        sum ^= u64::from_le_bytes(cper::zerocopy::transmute!(time));
    }
    if let Some(platform) = header.platform_id() {
        sum ^= guid(platform);
    }
    if let Some(partition) = header.partition_id() {
        sum ^= guid(partition);
    }
    sum ^= guid(header.creator_id().raw());
    sum ^= guid(header.notification_type().raw());
    sum ^= header.record_id();
    sum ^= u64::from(header.flags().bits());
    sum ^ u64::from_le_bytes(header.persistence_information())
}

fn fold_descriptor(descriptor: &SectionDescriptor) -> u64 {
    let mut sum = u64::from(
        descriptor.section_offset()
            ^ descriptor.section_length()
            ^ u32::from(descriptor.revision())
            ^ descriptor.flags().bits()
            ^ descriptor.severity().raw(),
    );
    if let Some(unit) = descriptor.fru_id() {
        sum ^= guid(unit);
    }
    if let Some(text) = descriptor.fru_text() {
        let [front, middle]: [[u8; 8]; 2] =
            cper::zerocopy::transmute!(*text.bytes().first_chunk::<16>().unwrap_or(&[0; 16]));
        let back =
            text.bytes().get(16..).and_then(<[u8]>::first_chunk).map_or(0, |back| u32::from_le_bytes(*back));
        sum ^= u64::from_le_bytes(front) ^ u64::from_le_bytes(middle) ^ u64::from(back);
    }
    sum
}

/// Folds each value that is valid, as a reader takes it.
macro_rules! fold {
    ($sum:ident, $view:ident: $($field:ident),+) => {
        $(if let Some(value) = $view.$field() {
            $sum ^= u64::from(value);
        })+
    };
}

fn fold_memory(memory: MemoryErrorView<'_>, mut sum: u64) -> u64 {
    if let Some(status) = memory.error_status() {
        sum ^= status.raw();
    }
    fold!(sum, memory: physical_address, physical_address_mask, node, card, module, bank, device, row, column);
    fold!(sum, memory: bit_position, requestor_id, responder_id, target_id);
    if let Some(kind) = memory.memory_error_type() {
        sum ^= u64::from(kind.raw());
    }
    fold!(sum, memory: rank, card_handle, module_handle);
    sum
}

/// A status block's entries, each into a record; the bytes written last. 0 when one fails.
///
/// # Safety
/// `out` and `block` are writable and readable for their lengths.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_entries_to_records(
    out: *mut u8,
    len: usize,
    block: *const u8,
    block_len: usize,
    id: u64,
) -> usize {
    // SAFETY: the caller's promises.
    let (out, block) = unsafe { (buffer(out, len), input(block, block_len)) };
    let Ok(block) = StatusBlock::parse(block) else { return 0 };
    let mut written = 0;
    for entry in block.entries() {
        let Ok(entry) = entry else { return 0 };
        let header = entry.record_header(NotificationType::NMI).with_record_id(id);
        written = self::written(|| entry.encode_record(&header, out));
    }
    written
}

/// Whether every section of a record lies inside it.
///
/// # Safety
/// `bytes` is readable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_validate(bytes: *const u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { input(bytes, len) };
    i32::from(Record::parse(bytes).is_ok_and(|record| record.sections().all(|section| section.is_ok())))
}

/// A machine check record from the bytes of `struct mce`, as Linux writes it. 0 when the buffer is too small.
///
/// # Safety
/// `out` and `mce` are writable and readable for their lengths.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_mce(
    out: *mut u8,
    len: usize,
    mce: *const u8,
    mce_len: usize,
    id: u64,
) -> usize {
    // SAFETY: the caller's promises.
    let (out, mce) = unsafe { (buffer(out, len), input(mce, mce_len)) };
    encode_mce_as_linux(mce, RecordId::new(id), out).map_or(0, |record| record.len())
}

/// The same with severity, notification and time taken from the machine check.
///
/// # Safety
/// As [`rust_fill_mce`].
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_mce_graded(
    out: *mut u8,
    len: usize,
    mce: *const u8,
    mce_len: usize,
    id: u64,
) -> usize {
    // SAFETY: the caller's promises.
    let (out, mce) = unsafe { (buffer(out, len), input(mce, mce_len)) };
    encode_mce(mce, RecordId::new(id), out).map_or(0, |record| record.len())
}

/// A slot for such records, in Linux's form. 0 on success.
///
/// # Safety
/// `out` is writable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_prepare_slot(out: *mut u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    i32::from(RecordSlot::prepare(unsafe { buffer(out, len) }, NotificationType::NMI).is_err())
}

/// Each entry of a status block into the slot; the bytes written last. 0 when one fails.
#[inline(always)]
fn fill_each(slot: &mut RecordSlot, block: &StatusBlock, id: u64) -> usize {
    let mut written = 0;
    for entry in block.entries() {
        let Ok(entry) = entry else { return 0 };
        written = slot.fill(&entry, RecordId::new(id)).map_or(0, |record| record.len());
    }
    written
}

/// Each entry of a status block into a slot that is found in its bytes, as it is between C and Rust. 0 when one fails.
///
/// # Safety
/// `out` and `block` are writable and readable for their lengths.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_entries_to_erst_again(
    out: *mut u8,
    len: usize,
    block: *const u8,
    block_len: usize,
    id: u64,
) -> usize {
    // SAFETY: the caller's promises.
    let (out, block) = unsafe { (buffer(out, len), input(block, block_len)) };
    let (Ok(block), Ok(slot)) = (StatusBlock::parse(block), RecordSlot::prepared(out)) else { return 0 };
    fill_each(slot, &block, id)
}

/// Each entry of a status block into a slot that was prepared; the bytes written last. 0 when one fails.
///
/// # Safety
/// `out` and `block` are writable and readable for their lengths.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_entries_to_erst(
    out: *mut u8,
    len: usize,
    block: *const u8,
    block_len: usize,
    id: u64,
) -> usize {
    // SAFETY: the caller's promises.
    let block = unsafe { input(block, block_len) };
    let Ok(block) = StatusBlock::parse(block) else { return 0 };
    // What Rust keeps between boot and panic is the reference to the slot, which C cannot hand over.
    let Some(payload) = len.checked_sub(200) else { return 0 };
    // SAFETY: a slot is a prefix of 200 bytes and as many for a payload as there are, and the caller had it prepared.
    let slot = unsafe { &mut *(ptr::slice_from_raw_parts_mut(out, payload) as *mut RecordSlot) };
    fill_each(slot, &block, id)
}

/// A machine check in one of the layouts of `struct mce`. 0 when the buffer is too small.
///
/// # Safety
/// `out` is writable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_write_mce(out: *mut u8, len: usize, mce: &Mce) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(out, len) };
    mce.write(Layout::Size120, out).map_or(0, |written| written.len())
}

/// Seals a record in place. 0 on success.
///
/// # Safety
/// `record` is writable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_seal(record: *mut u8, len: usize) -> i32 {
    // SAFETY: the caller's promise.
    i32::from(seal::seal(unsafe { buffer(record, len) }).is_err())
}

/// Whether a stored record is one of Linux's, and its body's length.
///
/// # Safety
/// `record` is readable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_stored(record: *const u8, len: usize) -> usize {
    // SAFETY: the caller's promise.
    StoredRecord::parse(unsafe { input(record, len) }).map_or(0, |record| record.body().len())
}

/// A machine whose registers and memory are mapped where the table says.
struct Mapped;

impl RegisterIo for Mapped {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        let address = reachable(space, address)?;
        // SAFETY: whoever calls `rust_erst_write` has mapped every register of the table.
        Ok(unsafe {
            match width {
                AccessWidth::Byte => u64::from(ptr::read_volatile(address as *const u8)),
                AccessWidth::Word => u64::from(ptr::read_volatile(address as *const u16)),
                AccessWidth::Dword => u64::from(ptr::read_volatile(address as *const u32)),
                AccessWidth::Qword => ptr::read_volatile(address as *const u64),
            }
        })
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        let address = reachable(space, address)?;
        // SAFETY: as in `read`.
        unsafe {
            match width {
                AccessWidth::Byte => ptr::write_volatile(address as *mut u8, value as u8),
                AccessWidth::Word => ptr::write_volatile(address as *mut u16, value as u16),
                AccessWidth::Dword => ptr::write_volatile(address as *mut u32, value as u32),
                AccessWidth::Qword => ptr::write_volatile(address as *mut u64, value),
            }
        }
        Ok(())
    }

    fn stall_us(&mut self, microseconds: u64) {
        for _ in 0..microseconds {
            core::hint::spin_loop();
        }
    }
}

fn reachable(space: AddressSpace, address: u64) -> Result<usize, IoError> {
    if space != AddressSpace::SYSTEM_MEMORY {
        return Err(IoError::Unsupported);
    }
    usize::try_from(address).map_err(|_| IoError::Failed)
}

/// Reads an ERST table.
///
/// # Safety
/// `bytes` is readable for its length for as long as the table is used.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe fn rust_erst_table<'a>(bytes: *const u8, len: usize) -> Result<Table<'a>, erst_table::Error> {
    // SAFETY: the caller's promise.
    Table::parse(unsafe { input(bytes, len) })
}

/// Opens the store behind a table.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn rust_erst_open<'a>(table: &Table<'a>) -> Result<Store<'a>, erst_table::Error> {
    Store::open(table, Semantics::Specification, &mut Mapped)
}

/// Writes a record through an opened store. 0 on success.
///
/// # Safety
/// `record` is readable for its length, and every register of the store's table is mapped.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_erst_write(store: &mut Store<'_>, record: *const u8, record_len: usize) -> i32 {
    // SAFETY: the caller's promise.
    i32::from(store.write(unsafe { input(record, record_len) }, &mut Mapped).is_err())
}

/// What a small firmware does: a memory record, encoded and then written. 0 on success.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn rust_firmware(store: &mut Store<'_>, out: &mut [u8; 280], address: u64, id: u64) -> i32 {
    match address_record(out, address, id) {
        0 => 1,
        // SAFETY: these bytes were just written.
        length => unsafe { rust_erst_write(store, out.as_ptr(), length) },
    }
}

/// Its frame is gone before the write begins.
#[inline(never)]
fn address_record(out: &mut [u8; 280], address: u64, id: u64) -> usize {
    written(|| {
        let header = RecordHeader::fatal(NotificationType::MCE).with_record_id(id);
        let mut writer = RecordWriter::new(out, &header)?;
        writer.section(
            &SectionDescriptor::primary(Severity::FATAL),
            &MemoryError::new().with_physical_address(address),
        )?;
        writer.finish()
    })
}
