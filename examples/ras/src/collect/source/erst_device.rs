//! `/dev/erst_dbg`, Linux's way to the records in ERST (6.12 `drivers/acpi/apei/erst-dbg.c`): each read gives the next
//! record whole, an empty one the end; a record is cleared by its id.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use cper::Guid;
use rustix::io::Errno;
use rustix::ioctl;

use crate::input::{self, Bytes};
use crate::recognise::Content;
use crate::scan::{self, Step};

use super::super::{Key, log};
use super::{CHANGED, Clearable, Cleared};

/// The device file that udev makes once the module `erst-dbg` is loaded.
pub const PATH: &str = "dev/erst_dbg";

/// The longest record the device gives.
const LONGEST: usize = 0x4000;

/// Reads that may fail in a row: the device continues after a record that it cannot read.
const FAILURES: usize = 1024;

/// Clears the record of an id: `_IOW('E', 1, u64)`.
const CLEAR_RECORD: ioctl::Opcode = ioctl::opcode::write::<u64>(b'E', 1);

/// All records, back to back.
pub fn read(path: &Path) -> io::Result<Bytes> {
    let mut all = Vec::new();
    if !is_device(path)? {
        return input::load(path);
    }
    records(&File::open(path)?, |record| {
        all.extend_from_slice(record);
        Ok(())
    })?;
    Ok(Bytes::Read(all))
}

fn is_device(path: &Path) -> io::Result<bool> {
    Ok(path.metadata()?.file_type().is_char_device())
}

fn records(mut device: &File, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut record = vec![0; LONGEST];
    for _ in 0..FAILURES {
        match device.read(&mut record) {
            Ok(0) => return Ok(()),
            Ok(length) => each(&record[..length])?,
            // The record is longer than the device returns, or firmware fails to read it.
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                log::warn(&format!("/{PATH}: a record that cannot be read: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Clears records, each right after it was read once more.
pub fn clear(path: &Path, clearable: &[Clearable]) -> io::Result<Cleared> {
    let mut cleared = Cleared::default();
    let mut done = vec![false; clearable.len()];
    if is_device(path)? {
        let device = File::open(path)?;
        records(&device, |record| {
            let key = key(record);
            if let Some(place) = clearable.iter().position(|record| key == Some(record.key)) {
                clear_record(&device, clearable[place].key.id.raw())?;
                done[place] = true;
            }
            Ok(())
        })?;
    }
    for (record, done) in clearable.iter().zip(done) {
        if done {
            cleared.cleared += 1;
        } else {
            cleared.keep(&record.key, CHANGED);
        }
    }
    Ok(cleared)
}

/// The key of the record that was read.
fn key(record: &[u8]) -> Option<Key> {
    let file = scan::File::known(PATH.into(), Bytes::Read(record.to_vec()), Content::Records(0));
    let mut key = None;
    scan::visit(&file, Content::Records(0), false, &mut |step| {
        if let Step::Found(found) = step {
            key = key.or(Key::of(&found, Guid::ZERO));
        }
    });
    key
}

fn clear_record(device: &File, id: u64) -> io::Result<()> {
    // SAFETY: the request reads the eight bytes of the id and writes nothing. Sent to a device that is not erst_dbg it
    // is refused as unknown, but for one that gives 'E', 1 a meaning of its own: the path is one that was asked for
    // and gave records.
    #[allow(unsafe_code)]
    unsafe {
        ioctl::ioctl(device, ioctl::Setter::<CLEAR_RECORD, u64>::new(id))?;
    }
    Ok(())
}
