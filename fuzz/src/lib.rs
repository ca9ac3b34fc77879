//! What must hold for any bytes, one function per entry point: the fuzz targets call them with what the fuzzer makes up,
//! `tests/replay.rs` with the captured data, the minimised corpus and every past finding.
//!
//! Each asserts more than the absence of a crash: iterators are bounded, text grows with its input and no faster,
//! errors lie inside the input, a flipped bit shows, what is written is read back, and rebuilding twice is rebuilding
//! once. The `built_*` targets take the bytes for choices: values are made of them, written and read.

mod built;
mod machine_checks;
mod naive;
mod pasted;
mod program;
mod records;
mod stores;
mod tables;

use std::fmt::{self, Write};

pub use program::every_form;

/// A target: its name, and what must hold.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, by the name of its program.
pub const TARGETS: [Target; 23] = [
    ("record", records::record),
    ("section", records::section),
    ("status_block", records::status_block),
    ("patched", records::patched),
    ("naive", naive::naive),
    ("mce", machine_checks::mce),
    ("mcelog", machine_checks::mcelog),
    ("erst_table", tables::erst_table),
    ("erst_program", tables::erst_program),
    ("erst_store", tables::erst_store),
    ("erst_image", tables::erst_image),
    ("stored", stores::stored),
    ("dmesg", stores::dmesg),
    ("inflate", stores::inflate),
    ("ramoops", stores::ramoops),
    ("names", stores::names),
    ("pasted", pasted::pasted),
    ("program", program::program),
    ("built_record", built::record),
    ("built_section", built::section),
    ("built_block", built::block),
    ("built_mce", built::mce),
    ("built_stored", built::stored),
];

/// Runs the target of this name.
///
/// # Panics
/// When something does not hold, or there is no such target.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.unwrap_or_else(|| panic!("no target {name}")).1(bytes);
}

/// Text that may not grow faster than the bytes it tells.
struct Bounded {
    left: usize,
}

impl Bounded {
    fn take(&mut self, bytes: usize) -> fmt::Result {
        self.left = self.left.checked_sub(bytes).expect("text is not linear in the input");
        Ok(())
    }
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.take(text.len())
    }

    // The trait's own encodes the letter first.
    fn write_char(&mut self, letter: char) -> fmt::Result {
        self.take(letter.len_utf8())
    }
}

fn text_is_bounded(told: &dyn fmt::Display, bytes: usize) {
    write!(Bounded { left: 16_384 + 128 * bytes }, "{told}").expect("text is written");
}

/// Stands for a text in comparisons: its bytes as the digits of a number, to an odd base. Keeping texts would take longer
/// than writing them.
struct Digest(u64);

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::from(byte));
        }
        Ok(())
    }
}

fn digest(told: &dyn fmt::Debug) -> u64 {
    let mut digest = Digest(0);
    write!(digest, "{told:?}").expect("text is written");
    digest.0
}

/// The input with one bit flipped, which its last two bytes choose.
fn flipped(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let choice = usize::from(u16::from_le_bytes(*bytes.last_chunk()?));
    let bit = choice % (bytes.len() * 8);
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    Some((flipped, bit))
}

fn inside(error: cper::Error, bytes: &[u8]) {
    assert!(error.offset() as usize <= bytes.len(), "{error}, of {} bytes", bytes.len());
}
