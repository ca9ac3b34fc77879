//! Backing images of QEMU's ERST device, the only files of which records are cleared: each by its slot, in writes of
//! which any may be the last.

use std::io;
use std::path::Path;

use cper::Guid;
use erst_table::qemu::{Image, MAGIC};

use crate::erst::Store;
use crate::recognise::Content;
use crate::scan::{self, File, Step};

use super::{CHANGED, Clearable, Cleared, Key, Kind};

/// Why a slot is left as it is. The archive has the record alone, and the bytes may be of an event that nobody has seen.
const MORE: &str = "more bytes lie behind it in its slot; ras erst IMAGE clear ID frees the slot";

/// Frees the slots of records.
pub fn clear(path: &Path, clearable: &[Clearable]) -> io::Result<Cleared> {
    let mut cleared = Cleared::default();
    let keep_all =
        |cleared: &mut Cleared, why: &str| clearable.iter().for_each(|record| cleared.keep(&record.key, why));
    if !clearable.iter().any(|record| record.slot.is_some()) {
        keep_all(&mut cleared, Kind::Files.keeps().unwrap_or_default());
        return Ok(cleared);
    }
    let mut store = Store::open(path).map_err(io::Error::other)?;
    for record in clearable {
        // The image is read anew each time: its slots are those of now.
        let file = File::known(path.to_string_lossy().into_owned(), store.bytes()?, Content::Image);
        if !file.bytes.starts_with(&MAGIC) {
            keep_all(&mut cleared, CHANGED);
            return Ok(cleared);
        }
        let slot = record.slot.filter(|slot| key_in_slot(&file, *slot) == Some(record.key));
        let image = Image::parse(&file.bytes).ok();
        let in_slot = slot.and_then(|slot| image?.slot(slot).ok());
        if in_slot.is_some_and(|slot| !scan::behind_record(slot.bytes).is_empty()) {
            cleared.keep(&record.key, MORE);
            continue;
        }
        let edit = slot.and_then(|slot| image?.plan_free(slot).ok());
        match edit {
            Some(edit) => {
                store.apply(&edit)?;
                cleared.cleared += 1;
            }
            None => cleared.keep(&record.key, CHANGED),
        }
    }
    Ok(cleared)
}

/// The key of the record in a slot.
fn key_in_slot(file: &File, slot: usize) -> Option<Key> {
    let mut key = None;
    scan::visit_slot(file, slot, &mut |step| {
        if let Step::Found(found) = step {
            key = key.or(Key::of(&found, Guid::ZERO));
        }
    });
    key
}
