//! What people paste: the forms of text that `ras` reads bytes from.

#[path = "../../examples/src/unhex.rs"]
mod unhex;

use std::fmt::Write;

/// Pasted text: no more bytes than letters; and bytes written in each of the forms are found again.
pub fn pasted(bytes: &[u8]) {
    // A line of a star stands for as many lines as the next offset says, which need not be few.
    let stars = std::str::from_utf8(bytes).is_ok_and(|text| text.lines().any(|line| line.trim() == "*"));
    if !stars {
        for (form, found) in unhex::decode(bytes) {
            assert!(!found.is_empty() && found.len() <= bytes.len(), "{form}");
        }
    }
    let bytes = &bytes[..bytes.len().min(40)];
    if bytes.is_empty() {
        return;
    }
    for text in [plain(bytes), array(bytes), xxd(bytes), hexdump(bytes)] {
        let found = unhex::decode(text.as_bytes());
        assert!(found.iter().any(|(_, found)| found == bytes), "{text}: {found:x?}");
    }
}

fn plain(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn array(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("0x{byte:02X}, "))
}

fn printable(line: &[u8]) -> String {
    line.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }).collect()
}

fn xxd(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (number, line) in bytes.chunks(16).enumerate() {
        let words: String = line.chunks(2).map(|word| plain(word) + " ").collect();
        writeln!(text, "{:08x}: {words:40} {}", 16 * number, printable(line)).expect("text is written");
    }
    text
}

fn hexdump(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (number, line) in bytes.chunks(16).enumerate() {
        let words: String = line.iter().map(|byte| format!("{byte:02x} ")).collect();
        writeln!(text, "{:08x}  {words:49} |{}|", 16 * number, printable(line)).expect("text is written");
    }
    text + &format!("{:08x}\n", bytes.len())
}
