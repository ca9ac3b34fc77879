//! What is counted and timed but is no part of the proof: the simulated ERST device, and a walk through QEMU's image.

use cper::Record;
use erst_table::qemu::{self, Image, ImageHeader};
use erst_table::sim::SimulatedDevice;
use erst_table::{Semantics, Store};

use super::{buffer, input};

/// Writes a record `count` times through the simulated device's ERST. 0 on success.
///
/// # Safety
/// `image` and `range` are writable and `record` readable for their lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rust_sim_writes(
    image: *mut u8,
    image_len: usize,
    range: *mut u8,
    range_len: usize,
    record: *const u8,
    record_len: usize,
    count: usize,
) -> i32 {
    // SAFETY: the caller's promises.
    let (image, range) = unsafe { (buffer(image, image_len), buffer(range, range_len)) };
    // SAFETY: the caller's promise.
    let record = unsafe { input(record, record_len) };
    let mut table = [0; 912];
    let written = SimulatedDevice::table(&mut table).and_then(|table| {
        let mut device = SimulatedDevice::new(image, range)?;
        let mut store = Store::open(&table, Semantics::Linux, &mut device)?;
        (0..count).try_for_each(|_| store.write(record, &mut device))
    });
    i32::from(written.is_err())
}

/// Makes an image of 8 KiB slots, every one holding the record. 0 on success.
///
/// # Safety
/// `image` is writable and `record` readable for their lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rust_make_image(
    image: *mut u8,
    len: usize,
    record: *const u8,
    record_len: usize,
) -> i32 {
    // SAFETY: the caller's promises.
    let (bytes, record) = unsafe { (buffer(image, len), input(record, record_len)) };
    if qemu::format(bytes, 8192).is_err() {
        return 1;
    }
    let Ok(image) = Image::parse(bytes) else { return 1 };
    let (first, count) = (image.first_slot(), image.slot_count());
    for slot in first..count {
        let identifier = (slot as u64).to_le_bytes();
        let at = slot * 8192;
        bytes[at..at + record_len].copy_from_slice(record);
        bytes[at + 96..at + 104].copy_from_slice(&identifier);
        let map = size_of::<ImageHeader>() + slot * 8;
        bytes[map..map + 8].copy_from_slice(&identifier);
    }
    0
}

/// Walks an image: every record parsed, every section's bounds checked, the bytes of the sections added up.
///
/// # Safety
/// `image` is readable for its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rust_walk(image: *const u8, len: usize) -> u64 {
    // SAFETY: the caller's promise.
    let Ok(image) = Image::parse(unsafe { input(image, len) }) else { return 0 };
    let mut sum = 0;
    for slot in image.used() {
        let Ok(record) = slot.record().map(Record::parse) else { continue };
        for section in record.iter().flat_map(Record::sections).flatten() {
            sum += section.bytes().len() as u64;
        }
    }
    sum
}
