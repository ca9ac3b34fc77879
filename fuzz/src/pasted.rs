//! What people paste: the forms of text that `ras` reads bytes from.

use std::fmt::Write;

use ras::unhex;

/// Pasted text: no more bytes than letters; and bytes written in each of the forms are found again.
pub fn pasted(bytes: &[u8]) {
    // A line of a star stands for as many lines as the next offset says, which need not be few.
    let stars = std::str::from_utf8(bytes).is_ok_and(|text| text.lines().any(|line| line.trim() == "*"));
    if !stars {
        for (form, found) in unhex::decode(bytes).flatten() {
            assert!(!found.is_empty() && found.len() <= bytes.len(), "{form}");
        }
    }
    let bytes = &bytes[..bytes.len().min(40)];
    if bytes.is_empty() {
        return;
    }
    for text in [plain(bytes), array(bytes), xxd(bytes), hexdump(bytes)] {
        let found: Vec<_> = unhex::decode(text.as_bytes()).flatten().collect();
        assert!(found.iter().any(|(_, found)| found == bytes), "{text}: {found:x?}");
    }
}

// Digit by digit: formatting each byte takes most of the time otherwise.
fn digits(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).expect("a digit"))
}

fn plain(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| digits(*byte)).collect()
}

fn array(bytes: &[u8]) -> String {
    let number = |byte: &u8| {
        let [high, low] = digits(*byte).map(|digit| digit.to_ascii_uppercase());
        ['0', 'x', high, low, ',', ' ']
    };
    bytes.iter().flat_map(number).collect()
}

/// The bytes with a blank behind every so many.
fn spaced(bytes: &[u8], every: usize) -> String {
    bytes.chunks(every).flat_map(|word| word.iter().flat_map(|byte| digits(*byte)).chain([' '])).collect()
}

fn printable(line: &[u8]) -> String {
    line.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }).collect()
}

fn xxd(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (number, line) in bytes.chunks(16).enumerate() {
        let (words, letters) = (spaced(line, 2), printable(line));
        writeln!(text, "{:08x}: {words:40} {letters}", 16 * number).expect("text is written");
    }
    text
}

fn hexdump(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (number, line) in bytes.chunks(16).enumerate() {
        let (words, letters) = (spaced(line, 1), printable(line));
        writeln!(text, "{:08x}  {words:49} |{letters}|", 16 * number).expect("text is written");
    }
    text + &format!("{:08x}\n", bytes.len())
}
