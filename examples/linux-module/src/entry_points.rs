//! What C calls, and what of the kernel's is called back.
//!
//! Everything whose name begins with `rust_store` runs while the machine dies: it takes no lock, allocates nothing, has
//! no path to a panic and needs at most 512 bytes of stack below it. `.ci/linux-module.sh` proves the last two.
#![allow(unsafe_code)]

use core::ffi::{c_int, c_void};
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::slice;

use cper::{Severity, StatusBlock};
use mce_record::MceRecord;
use pstore_format::RecordId;
use pstore_format::produce::encode_mce;
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal;

use crate::hest::{self, FIRST_SOURCE, GenericSource, Malformed};
use crate::panic_record;

unsafe extern "C" {
    fn ras_erst_rust_panic() -> !;
    fn cper_next_record_id() -> u64;
    /// It only tries its lock, and stores nothing when another holds it.
    fn erst_write(record: *const c_void) -> c_int;
    fn seq_write(file: *mut c_void, bytes: *const c_void, length: usize) -> c_int;
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

const _: () = assert!(size_of::<Source>() == 20 && size_of::<Tally>() == 12);
