//! Bytes that somebody pasted: plain hex, `xxd`, `hexdump -C`, `od -t x1`, the kernel's and iasl's dumps, C arrays,
//! base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// Longer text is not looked at: no report anybody pastes comes near.
const LONGEST: usize = 64 << 20;

/// The bytes a text stands for, and what form it has. The kernel dumps four bytes as one number, `xxd -g 4` does not:
/// such a text stands for two byte strings.
pub fn decode(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let Some(text) = as_text(text) else { return Vec::new() };
    if let Some(bytes) = dump(text, false) {
        let mut forms = vec![("hex dump", bytes)];
        forms.extend(dump(text, true).map(|bytes| ("hex dump of 32-bit numbers", bytes)));
        return forms;
    }
    let hex = plain(text).map(|bytes| ("hex", bytes));
    hex.or_else(|| base64(text).map(|bytes| ("base64", bytes))).into_iter().collect()
}

fn as_text(bytes: &[u8]) -> Option<&str> {
    let front = &bytes[..bytes.len().min(4096)];
    if bytes.is_empty()
        || bytes.len() > LONGEST
        || !front.iter().all(|byte| matches!(byte, b'\t'..=b'\r' | b' '..=b'~'))
    {
        return None;
    }
    std::str::from_utf8(bytes).ok()
}

/// Digits in any grouping, also as a C array or with `\x`; lines that begin with `#` or `//` are comments.
fn plain(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#') && !line.starts_with("//")) {
        let separators = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ';' | '{' | '}' | '"');
        for word in line.split(separators).flat_map(|word| word.split("\\x")).filter(|word| !word.is_empty())
        {
            hex(word.strip_prefix("0x").unwrap_or(word), &mut bytes)?;
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// Lines of an offset, bytes in hex and mostly the same bytes as text. `*` stands for lines like the one before.
///
/// Every offset must fit the bytes before it, in hex or (`od`) in octal; where no colon sets the offsets off from the
/// bytes, they must begin at 0 and fill two lines.
fn dump(text: &str, swapped: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 3);
    let mut last = Vec::new();
    let mut base = None;
    let mut radixes = vec![16, 8];
    let (mut lines, mut marked, mut repeats) = (0, true, false);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line == "*" {
            if last.is_empty() {
                return None;
            }
            repeats = true;
            continue;
        }
        let (offset, rest) = line.split_once([':', ' ', '\t']).unwrap_or((line, ""));
        let colon = line[offset.len()..].starts_with(':');
        marked &= colon;
        if !(4..=16).contains(&offset.len()) {
            return None;
        }
        let place = |radix| {
            let place = usize::from_str_radix(offset, radix).ok()?;
            place.checked_sub(base.unwrap_or(if marked { place } else { 0 }))
        };
        if repeats {
            let end = radixes.iter().find_map(|radix| place(*radix)).filter(|end| *end <= LONGEST)?;
            for _ in 0..end.saturating_sub(bytes.len()) / last.len() {
                bytes.extend_from_slice(&last);
            }
            repeats = false;
        }
        radixes.retain(|radix| place(*radix) == Some(bytes.len()));
        base = base.or_else(|| Some(usize::from_str_radix(offset, *radixes.first()?).ok()? - bytes.len()));
        base?;
        last = line_bytes(rest, colon, swapped)?;
        bytes.extend_from_slice(&last);
        lines += 1;
    }
    (!bytes.is_empty() && !radixes.is_empty() && (marked || lines > 1)).then_some(bytes)
}

/// The bytes of a line, up to the text behind them: a bar, two slashes, or two blanks. Behind an offset with a colon the
/// first of them counts, as the others can be in the text; `hexdump -C`, which has none, sets two blanks amid the bytes.
fn line_bytes(line: &str, colon: bool, swapped: bool) -> Option<Vec<u8>> {
    let line = line.trim_start_matches([':', ' ', '\t']);
    let mut ends = ["|", "//", "  "].into_iter().filter_map(|end| line.find(end));
    let end = if colon { ends.min() } else { ends.next() }.unwrap_or(line.len());
    let mut bytes = Vec::with_capacity(16);
    for word in line[..end].split_ascii_whitespace() {
        let start = bytes.len();
        hex(word, &mut bytes)?;
        if swapped {
            if word.len() != 8 {
                return None;
            }
            bytes[start..].reverse();
        }
    }
    Some(bytes)
}

fn hex(digits: &str, out: &mut Vec<u8>) -> Option<()> {
    if digits.is_empty() || digits.len() % 2 != 0 {
        return None;
    }
    for pair in digits.as_bytes().chunks_exact(2) {
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|value| value as u8);
        out.push(digit(pair[0])? << 4 | digit(pair[1])?);
    }
    Some(())
}

/// One word a line: prose has the same letters.
fn base64(text: &str) -> Option<Vec<u8>> {
    if text.lines().any(|line| line.trim().contains(' ')) {
        return None;
    }
    let packed: String = text.split_ascii_whitespace().collect();
    BASE64.decode(packed).ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &[u8] = b"CPER\0\x01\xff\xff\xff\xff\x01\0\x02\0\0\0\0\0\0\0\x18\x01";

    fn forms(text: &str) -> Vec<Vec<u8>> {
        decode(text.as_bytes()).into_iter().map(|(_, bytes)| bytes).collect()
    }

    #[test]
    fn the_same_bytes_in_every_form() {
        let forms_of_it = [
            "435045520001ffffffff010002000000000000001801",
            "43504552 0001ffff ffff0100\n02000000 00000000 1801\n",
            "43 50 45 52 00 01 ff ff ff ff 01 00 02 00 00 00 00 00 00 00 18 01",
            "# a record\n0x43, 0x50, 0x45, 0x52, 0x00, 0x01, 0xff, 0xff, 0xff, 0xff, 0x01,\n0x00,0x02,0x00,0x0000000000001801",
            "00000000: 4350 4552 0001 ffff ffff 0100 0200 0000  CPER............\n00000010: 0000 0000 1801                           ......\n",
            "00000000  43 50 45 52 00 01 ff ff  ff ff 01 00 02 00 00 00  |CPER............|\n00000010  00 00 00 00 18 01                                 |......|\n00000016\n",
            "000000 43 50 45 52 00 01 ff ff ff ff 01 00 02 00 00 00\n000010 00 00 00 00 18 01\n000016\n",
            "0000000 43 50 45 52 00 01 ff ff ff ff 01 00 02 00 00 00\n0000020 00 00 00 00 18 01\n0000026\n",
            "    0000: 43 50 45 52 00 01 FF FF FF FF 01 00 02 00 00 00  // CPER............\n    0010: 00 00 00 00 18 01                                // ......\n",
            "Q1BFUgAB/////wEAAgAAAAAAAAAYAQ==",
        ];
        for text in forms_of_it {
            let found = forms(text);
            assert!(found.contains(&RECORD.to_vec()), "{text}: {found:x?}");
        }
    }

    #[test]
    fn the_kernel_dumps_numbers() {
        let text = "00000000: 52455043 ffff0100 0001ffff 00000002  CPER............\n";
        assert!(forms(text).contains(&RECORD[..16].to_vec()));
    }

    #[test]
    fn the_text_beside_the_bytes_may_look_like_its_own_frame() {
        for text in [
            "00000000: 7c2b 2f2f 4e20 2001  |+//N  .\n",
            "00000000  7c 2b 2f 2f 4e 20 20 01  ||+//N  .|\n00000008\n",
        ] {
            assert_eq!(forms(text).first().map(Vec::as_slice), Some(&b"|+//N  \x01"[..]), "{text}");
        }
    }

    #[test]
    fn a_star_repeats_the_line_before() {
        let text = "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n00000040  01\n00000041\n";
        let bytes = forms(text).remove(0);
        assert_eq!((bytes.len(), bytes[64]), (65, 1));
        assert!(forms("00000000  00 00\n*\nffffffffffff  01\n").is_empty());
        assert!(forms("*\n00000000: 03\n00000010: 03\n").is_empty(), "nothing to repeat");
    }

    #[test]
    fn other_text_is_none_of_it() {
        for text in ["", "Panic#1 Part1\n", "a note about memory", "43504", "0x", "\u{e9}\u{e9}"] {
            assert!(forms(text).is_empty(), "{text}");
        }
    }
}
