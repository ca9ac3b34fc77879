//! Where the captured data is.

// Each test program uses some of these.
#![allow(dead_code, unreachable_pub)]

use std::path::{Path, PathBuf};

use pstore_format::RecordId;

pub fn data(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data").join(path)
}

pub fn read(path: impl AsRef<Path>) -> Vec<u8> {
    let path = data(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn files(folder: &str) -> Vec<String> {
    let names = std::fs::read_dir(data(folder)).unwrap();
    let mut names: Vec<_> = names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The body of a captured record: what a kernel hands on as the content of the file in pstore.
pub fn body(stem: &str) -> Vec<u8> {
    read(format!("records/{stem}.sec0"))
}

/// The record id in the name of a captured record: `crash-z.01-6b02982900000001`.
pub fn id_of(stem: &str) -> RecordId {
    RecordId::new(u64::from_str_radix(stem.rsplit('-').next().unwrap(), 16).unwrap())
}

/// Every slot in use of every captured image, by QEMU's map (hw/acpi/erst.c): the name its parts have in `records`,
/// and its bytes, the record and what lies behind.
pub fn slots() -> Vec<(String, Vec<u8>)> {
    let mut slots = Vec::new();
    for image in files("erst-images").iter().filter_map(|name| name.strip_suffix(".img")) {
        let bytes = read(format!("erst-images/{image}.img"));
        let slot_size = u32::from_le_bytes(*bytes[8..].first_chunk().unwrap()) as usize;
        let map = bytes[24..slot_size].chunks_exact(8).map(|id| u64::from_le_bytes(id.try_into().unwrap()));
        for (number, (id, slot)) in map.zip(bytes.chunks_exact(slot_size)).enumerate() {
            if RecordId::new(id).is_valid() {
                slots.push((format!("{image}.{number:02}-{id:016x}"), slot.to_vec()));
            }
        }
    }
    assert_eq!(slots.len(), 43);
    slots
}
