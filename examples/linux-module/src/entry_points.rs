//! What C calls, and what of the kernel's is called back.
//!
//! Everything whose name begins with `rust_store` runs while the machine dies: it takes no lock, allocates nothing, has
//! no path to a panic and needs at most 512 bytes of stack below it. `.ci/linux-module.sh` proves the last two.
#![allow(unsafe_code)]

use core::ffi::{c_char, c_int, c_void};
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::slice;

use cper::section::{MemoryError, MemoryValidation};
use cper::tracepoint::{Event, Version};
use cper::{FruText, Guid, Severity, StatusBlock};
use mce_record::MceRecord;
use pstore_format::RecordId;
use pstore_format::produce::encode_mce;
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal;
use zerocopy::IntoBytes;

use crate::hest::{self, FIRST_SOURCE, GenericSource, Malformed};
use crate::panic_record;
use crate::replay::{self, TraceEvent};

unsafe extern "C" {
    fn ras_erst_rust_panic() -> !;
    fn cper_next_record_id() -> u64;
    /// It only tries its lock, and stores nothing when another holds it.
    fn erst_write(record: *const c_void) -> c_int;
    fn seq_write(file: *mut c_void, bytes: *const c_void, length: usize) -> c_int;

    // Each emits an event, if somebody listens to it.
    fn replay_mce(mce: *const c_void, length: usize) -> bool;
    fn replay_memory(
        kind: u32,
        what: *const c_char,
        label: *const c_char,
        address: u64,
        grain_bits: u8,
        detail: *const c_char,
    ) -> bool;
    fn replay_extlog(memory: &MemoryError, fru_id: &Guid, fru_text: *const c_char, severity: u8) -> bool;
    fn replay_pcie(
        device: *const c_char,
        status: u32,
        severity: u8,
        has_header: u8,
        header: *const u32,
    ) -> bool;
    fn replay_arm(
        section: *const u8,
        errors: *const u8,
        errors_length: u32,
        contexts: *const u8,
        contexts_length: u32,
        vendor: *const u8,
        vendor_length: u32,
        severity: u8,
    ) -> bool;
    fn replay_other(
        section_type: &Guid,
        fru_id: &Guid,
        fru_text: *const c_char,
        severity: u8,
        section: *const u8,
        length: u32,
    ) -> bool;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: it takes nothing and does not return.
    unsafe { ras_erst_rust_panic() }
}

/// What the shim needs of an error source.
#[repr(C)]
pub struct Source {
    status_address: [u8; 12],
    block_length: u32,
    id: u16,
    notification: u8,
}

/// What became of the errors of a block.
#[repr(C)]
#[derive(Default)]
pub struct Tally {
    stored: u32,
    lost: u32,
    /// Why the last one was lost, as the kernel numbers errors.
    error: c_int,
}

/// No room for a record, or no entry where the block says one is.
const EINVAL: c_int = -22;

impl Tally {
    fn count(&mut self, result: c_int) {
        if result == 0 {
            self.stored = self.stored.wrapping_add(1);
        } else {
            self.lost = self.lost.wrapping_add(1);
            self.error = result;
        }
    }
}

/// # Safety
/// `bytes` is readable for `length` bytes and does not change, as long as the result is used.
unsafe fn input<'a>(bytes: *const u8, length: usize) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(bytes, length) }
}

/// # Safety
/// `bytes` is this caller's alone for `length` bytes, as long as the result is used.
unsafe fn slot<'a>(bytes: *mut u8, length: usize) -> &'a mut [u8] {
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts_mut(bytes, length) }
}

fn store(record: &[u8]) -> c_int {
    // SAFETY: a record is as long as it says, which is all that is read.
    unsafe { erst_write(record.as_ptr().cast()) }
}

fn next_id() -> RecordId {
    // SAFETY: it counts, atomically.
    RecordId::new(unsafe { cper_next_record_id() })
}

/// Gives the next enabled generic source of HEST and moves `offset`, which is 0 at first, behind it: 1, or 0 at the end;
/// `-EINVAL` when there is a source at `offset` that cannot be read.
///
/// # Safety
/// `hest` is readable for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rust_next_source(
    hest: *const u8,
    length: usize,
    offset: &mut usize,
    source: &mut Source,
) -> c_int {
    // SAFETY: the caller's promise.
    let hest = unsafe { input(hest, length) };
    match hest::next_source(hest, (*offset).max(FIRST_SOURCE)) {
        Ok(Some((found, next))) => {
            *offset = next;
            *source = Source {
                status_address: found.status_address,
                block_length: found.block_length.get(),
                id: found.id.get(),
                notification: found.notification,
            };
            1
        }
        Ok(None) => 0,
        Err(Malformed(at)) => {
            *offset = at;
            EINVAL
        }
    }
}

/// Lays down the record of a source's next error.
///
/// # Safety
/// `record` is the caller's alone, for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rust_prepare(record: *mut u8, length: usize, notification: u8) -> c_int {
    // SAFETY: the caller's promise.
    let record = unsafe { slot(record, length) };
    match panic_record::prepare(record, GenericSource::notification_type(notification)) {
        Some(()) => 0,
        None => EINVAL,
    }
}

/// Stores every error of a block that is fatal, each as one record. At panic.
///
/// # Safety
/// `block` is readable for `block_length` bytes and does not change; `record` is the caller's alone for `record_length`
/// bytes and has been prepared.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rust_store_block(
    block: *const u8,
    block_length: usize,
    record: *mut u8,
    record_length: usize,
    tally: &mut Tally,
) {
    // SAFETY: the caller's promises.
    let (block, record) = unsafe { (input(block, block_length), slot(record, record_length)) };
    let Ok(block) = StatusBlock::parse(block) else { return };
    if block.severity() != Severity::FATAL {
        return;
    }
    for entry in block.entries() {
        let filled = entry.ok().and_then(|entry| panic_record::fill(record, &entry, next_id()));
        tally.count(filled.map_or(EINVAL, store));
    }
}

/// Stores a machine check that the kernel has survived, unless it was corrected: 1 when it is stored, 0 when it need not
/// be, or what went wrong.
///
/// # Safety
/// `mce` is readable for `mce_length` bytes; `record` is the caller's alone for `record_length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rust_store_mce(
    mce: *const u8,
    mce_length: usize,
    record: *mut u8,
    record_length: usize,
) -> c_int {
    // SAFETY: the caller's promises.
    let (mce, record) = unsafe { (input(mce, mce_length), slot(record, record_length)) };
    let Ok(record) = encode_mce(mce, next_id(), record) else {
        return EINVAL;
    };
    let corrected = StoredRecord::parse(record).is_ok_and(|record| record.severity() == Severity::CORRECTED);
    if corrected {
        return 0;
    }
    if seal::seal(record).is_err() {
        return EINVAL;
    }
    match store(record) {
        0 => 1,
        error => error,
    }
}

/// A file of the kernel's that takes text.
struct SeqFile(*mut c_void);

impl Write for SeqFile {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the file is open, and the text is as long as it says.
        match unsafe { seq_write(self.0, text.as_ptr().cast(), text.len()) } {
            0 => Ok(()),
            _ => Err(fmt::Error),
        }
    }
}

/// Shows a stored record. (What does not fit a `seq_file` it asks for again, with more room.)
///
/// # Safety
/// `file` is a `seq_file`, and `record` is readable for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rust_show(file: *mut c_void, record: *const u8, length: usize) {
    // SAFETY: the caller's promise.
    let record = unsafe { input(record, length) };
    let _ = show(&mut SeqFile(file), record);
}

fn show(out: &mut SeqFile, bytes: &[u8]) -> fmt::Result {
    let record = match StoredRecord::parse(bytes) {
        Ok(record) => record,
        Err(error) => return writeln!(out, "{} bytes that are no record: {error}\n", bytes.len()),
    };
    write!(out, "record {}: {}, ", record.id(), record.severity())?;
    match record.payload() {
        Payload::Mce(mce) => match MceRecord::parse(mce) {
            Ok(mce) => writeln!(out, "{mce}\n{mce:#}")?,
            Err(error) => writeln!(out, "machine check: {error}")?,
        },
        Payload::Dmesg(text) | Payload::CompressedDmesg(text) => {
            writeln!(out, "kernel log, {} bytes", text.len())?;
        }
        Payload::Section(section_type, _) => writeln!(out, "{section_type}\n{record}")?,
        _ => writeln!(out, "creator {}\n{record}", record.record().header().creator_id())?,
    }
    writeln!(out)
}

/// How many events there were, and how many more that nobody listens to.
#[repr(C)]
pub struct Replayed {
    emitted: u32,
    unheard: u32,
}

/// A text for C: what does not fit is cut, and a NUL ends it.
struct CText<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> CText<N> {
    fn of(text: impl fmt::Display) -> Self {
        let mut out = Self { bytes: [0; N], length: 0 };
        let _ = write!(out, "{text}");
        out
    }

    const fn as_ptr(&self) -> *const c_char {
        self.bytes.as_ptr().cast()
    }
}

impl<const N: usize> Write for CText<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.get_mut(self.length..N.saturating_sub(1)).unwrap_or_default();
        let length = text.len().min(room.len());
        room.iter_mut().zip(text.as_bytes()).for_each(|(to, from)| *to = *from);
        self.length = self.length.saturating_add(length);
        Ok(())
    }
}

/// A unit's name, and a NUL.
fn unit(name: Option<FruText>) -> CText<21> {
    let name = name.unwrap_or_default();
    let mut out = CText { bytes: [0; 21], length: 0 };
    out.bytes.iter_mut().zip(name.as_bytes()).for_each(|(to, from)| *to = *from);
    out
}

/// Emits an event. Whether somebody listens.
fn emit(told: &TraceEvent<'_>) -> bool {
    match told {
        // SAFETY: as many bytes are read as there are.
        TraceEvent::MachineCheck(mce) => unsafe {
            let bytes = mce.as_bytes();
            replay_mce(bytes.as_ptr().cast(), bytes.len())
        },
        TraceEvent::Section(Event::Mc(event)) => {
            // As much as the kernel's own driver has room for.
            let (what, detail) = (CText::<32>::of(event.msg), CText::<400>::of(event.driver_detail));
            let label = CText::<32>::of(event.label);
            let kind = event.error_type.raw();
            // SAFETY: each text ends with a NUL.
            unsafe {
                let (what, label, detail) = (what.as_ptr(), label.as_ptr(), detail.as_ptr());
                replay_memory(kind, what, label, event.address, event.grain_bits, detail)
            }
        }
        TraceEvent::Section(Event::Aer(event)) => {
            let device = CText::<32>::of(event.dev_name);
            let header = event.tlp_header.as_ptr();
            let (severity, has_header) = (event.severity.raw(), event.tlp_header_valid);
            // SAFETY: the text ends with a NUL, and of the header four dwords are read.
            unsafe { replay_pcie(device.as_ptr(), event.status, severity, has_header, header) }
        }
        TraceEvent::Section(Event::Arm(event)) => {
            let header = event.header();
            let [errors, contexts, vendor] =
                [event.pei_buf, event.ctx_buf, event.oem_buf].map(|part| (part.as_ptr(), part.len() as u32));
            // SAFETY: of the section its header is read, and of each part as many bytes as it has.
            unsafe {
                replay_arm(
                    header.as_bytes().as_ptr(),
                    errors.0,
                    errors.1,
                    contexts.0,
                    contexts.1,
                    vendor.0,
                    vendor.1,
                    event.sev.raw(),
                )
            }
        }
        TraceEvent::Section(Event::ExtlogMem(event)) => {
            let text = unit(event.descriptor().fru_text());
            // The kernel packs the validity bits as they are, those of fields that the event does not have too.
            let mut memory = event.memory_error();
            let valid = event.data.first_chunk().map_or(0, |valid| u64::from_le_bytes(*valid));
            memory.set_validation(MemoryValidation::from_bits_retain(valid));
            // SAFETY: the memory error is a whole one, and the text ends with a NUL.
            unsafe { replay_extlog(&memory, &event.fru_id, text.as_ptr(), event.sev) }
        }
        TraceEvent::Section(Event::NonStandard(event)) => {
            let text = unit(event.descriptor().fru_text());
            let (section, length) = (event.buf.as_ptr(), event.buf.len() as u32);
            let section_type = event.sec_type.raw();
            // SAFETY: the text ends with a NUL, and as many bytes are read as the section has.
            unsafe {
                let severity = event.sev.raw();
                replay_other(&section_type, &event.fru_id, text.as_ptr(), severity, section, length)
            }
        }
        TraceEvent::Section(_) => false,
    }
}

/// Tells a stored record as the trace events that it would have been: 1, or 0 for a kernel log; `-EINVAL` when it is
/// skipped, and why. Without `emits` it only says which.
///
/// # Safety
/// `record` is readable for `length` bytes and does not change; `why` is the caller's alone for `why_length` bytes, or
/// these are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rust_replay(
    record: *const u8,
    length: usize,
    emits: bool,
    replayed: &mut Replayed,
    why: *mut u8,
    why_length: usize,
) -> c_int {
    // SAFETY: the caller's promise.
    let record = unsafe { input(record, length) };
    let outcome = replay::replay(record, Version::Linux6_17, |told| {
        let count = if emits && emit(told) { &mut replayed.emitted } else { &mut replayed.unheard };
        *count = count.wrapping_add(1);
    });
    match outcome {
        Ok(is_error) => is_error.into(),
        Err(skipped) => {
            let text = CText::<160>::of(skipped);
            if why.is_null() {
                return EINVAL;
            }
            // SAFETY: the caller's promise.
            let why = unsafe { slot(why, why_length) };
            why.iter_mut().zip(&text.bytes).for_each(|(to, from)| *to = *from);
            if let Some(last) = why.last_mut() {
                *last = 0;
            }
            EINVAL
        }
    }
}

const _: () = assert!(size_of::<Source>() == 20 && size_of::<Tally>() == 12 && size_of::<Replayed>() == 8);
