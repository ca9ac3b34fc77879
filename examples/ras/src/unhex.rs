//! Bytes from pasted text: plain hex, `xxd`, `hexdump -C`, `od -t x1`, the kernel's and iasl's dumps, C arrays, base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::printable::Printable;

/// Longer text is not read as a dump: no report that anybody pastes comes near.
const LONGEST: usize = 64 << 20;

/// A byte string that a text stands for, and the form in which it does.
pub type Pasted = (&'static str, Vec<u8>);

/// The dumps in a text: for each the byte strings that it can stand for, the likeliest first. The kernel dumps four
/// bytes as one number, `xxd -g 4` does not: such a dump stands for two.
///
/// A text that is one dump, or hex or base64, from its first line to its last is that. Any other text can have dumps
/// amid other lines, as in what acpidump and `iasl -d` write.
pub fn decode(text: &[u8]) -> impl Iterator<Item = Vec<Pasted>> {
    let text = as_text(text).unwrap_or("");
    let whole = whole(text);
    // Runs of lines are looked for only where the whole text is no dump.
    let amid = if whole.is_some() { "" } else { text };
    whole.into_iter().chain(
        runs(amid)
            .0
            .into_iter()
            .map(|run| forms_of_dump(&run))
            .filter(|forms| forms.first().is_some_and(|(_, bytes)| bytes.len() >= SMALLEST)),
    )
}

/// A run with fewer bytes is no dump: nothing that is recognised is smaller than a status block's header.
const SMALLEST: usize = 20;

/// The bytes that the whole text stands for.
fn whole(text: &str) -> Option<Vec<Pasted>> {
    let forms = forms_of_dump(text);
    if !forms.is_empty() {
        return Some(forms);
    }
    let hex = plain(text).ok().map(|bytes| ("hex", bytes));
    let pasted = hex.or_else(|| base64(text).map(|bytes| ("base64", bytes)));
    pasted.map(|pasted| vec![pasted])
}

/// Why a text is no dump: the first line that the reader which came farthest does not understand. `None` for bytes that
/// are no text, or for text longer than any that is pasted.
pub fn not_understood(text: &[u8]) -> Option<String> {
    let text = as_text(text)?;
    let ends = [dump(text, false).err(), plain(text).err()];
    let number = ends.into_iter().flatten().max().unwrap_or(0);
    let line: String = text.lines().nth(number)?.trim().chars().take(60).collect();
    let (line, number) = (Printable(line.as_bytes()), number + 1);
    Some(format!("text; line {number} is neither hex nor base64 nor part of a hex dump: \"{line}\""))
}

/// Whether bytes are text: UTF-8, of which the last character may be cut, without control characters. The headers of
/// records, tables and images have bytes that no text has.
pub fn is_text(bytes: &[u8]) -> bool {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or("")
        }
        Err(_) => return false,
    };
    !text.chars().any(|c| c.is_control() && !matches!(c, '\t'..='\r'))
}

fn as_text(bytes: &[u8]) -> Option<&str> {
    let front = &bytes[..bytes.len().min(4096)];
    if bytes.is_empty() || bytes.len() > LONGEST || !is_text(front) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    // Some editors begin a file with a byte order mark.
    Some(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads digits in any grouping, also as a C array or with `\x`; lines that begin with `#` or `//` are comments. Fails
/// with the first line that is something else.
fn plain(text: &str) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for (number, line) in text.lines().map(str::trim).enumerate() {
        if line.starts_with('#') || line.starts_with("//") {
            continue;
        }
        let separators = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ';' | '{' | '}' | '"');
        for word in line.split(separators).flat_map(|word| word.split("\\x")).filter(|word| !word.is_empty())
        {
            hex(word.strip_prefix("0x").unwrap_or(word), &mut bytes).ok_or(number)?;
        }
    }
    if bytes.is_empty() { Err(0) } else { Ok(bytes) }
}

/// The byte strings that a dump can stand for.
fn forms_of_dump(text: &str) -> Vec<Pasted> {
    let Ok(bytes) = dump(text, false) else { return Vec::new() };
    let mut forms = vec![("hex dump", bytes)];
    forms.extend(dump(text, true).ok().map(|bytes| ("hex dump of 32-bit numbers", bytes)));
    forms
}

/// The dumps amid other lines, and the number of lines that look like a dump's and belong to none. A dump begins at
/// offset 0. Other lines can interrupt it: a line at the offset where it stopped goes on with it.
fn runs(text: &str) -> (Vec<String>, usize) {
    let mut runs: Vec<String> = Vec::new();
    let (mut next, mut repeats, mut stray) = ([0; 2], false, 0);
    for line in text.split_inclusive('\n') {
        if matches!(line.trim(), "" | "*") {
            if let Some(run) = runs.last_mut() {
                run.push_str(line);
                repeats |= line.trim() == "*";
            }
            continue;
        }
        let Some((places, length)) = place_of_line(line.trim()) else { continue };
        if places[0] == Some(0) && length > 0 {
            runs.push(String::new());
            next = [0; 2];
            repeats = false;
        }
        // Where the next line is, if this one follows in hex or in octal; the largest offset where it does not.
        let after = [0, 1].map(|radix| {
            let place = places[radix].filter(|at| *at == next[radix] || repeats && *at > next[radix]);
            place.map_or(usize::MAX, |place| place.saturating_add(length))
        });
        match runs.last_mut().filter(|_| after != [usize::MAX; 2]) {
            Some(run) => {
                run.push_str(line);
                next = after;
                repeats = false;
            }
            // Words can look like a line of few bytes.
            None => stray += usize::from(length >= 8),
        }
    }
    (runs, stray)
}

/// The number of lines in a text that look like those of a dump but follow none.
pub fn stray_lines(text: &[u8]) -> usize {
    let text = as_text(text).unwrap_or("");
    if whole(text).is_some() { 0 } else { runs(text).1 }
}

/// The offset at the start of a line of a dump, read in hex and in octal, and the bytes of the line. A line with the
/// length alone, with which some dumps end, is such a line too.
fn place_of_line(line: &str) -> Option<([Option<usize>; 2], usize)> {
    let (offset, rest) = line.split_once([':', ' ', '\t']).unwrap_or((line, ""));
    let colon = line[offset.len()..].starts_with(':');
    let bytes = line_bytes(rest, colon, false).filter(|_| (4..=16).contains(&offset.len()))?;
    let places = [16, 8].map(|radix| usize::from_str_radix(offset, radix).ok());
    places[0].map(|_| (places, bytes.len()))
}

/// Reads lines of an offset, bytes in hex and mostly the same bytes as text. `*` repeats the line before. Fails with
/// the first line that is something else.
///
/// Every offset must fit the bytes before it, in hex or (`od`) in octal; where no colon sets the offsets off from the
/// bytes, they must begin at 0 and fill two lines.
fn dump(text: &str, swapped: bool) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 3);
    let mut last = Vec::new();
    let mut base = None;
    let mut radixes = vec![16, 8];
    let (mut lines, mut marked, mut repeats) = (0, true, false);
    for (number, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
        if line == "*" {
            if last.is_empty() {
                return Err(number);
            }
            repeats = true;
            continue;
        }
        let (offset, rest) = line.split_once([':', ' ', '\t']).unwrap_or((line, ""));
        let colon = line[offset.len()..].starts_with(':');
        marked &= colon;
        if !(4..=16).contains(&offset.len()) {
            return Err(number);
        }
        let place = |radix| {
            let place = usize::from_str_radix(offset, radix).ok()?;
            place.checked_sub(base.unwrap_or(if marked { place } else { 0 }))
        };
        if repeats {
            let end = radixes.iter().find_map(|radix| place(*radix)).filter(|end| *end <= LONGEST);
            let end = end.ok_or(number)?;
            for _ in 0..end.saturating_sub(bytes.len()) / last.len() {
                bytes.extend_from_slice(&last);
            }
            repeats = false;
        }
        radixes.retain(|radix| place(*radix) == Some(bytes.len()));
        let radix = radixes.first().ok_or(number)?;
        if base.is_none() {
            let place = usize::from_str_radix(offset, *radix).map_err(|_| number)?;
            base = Some(place - bytes.len());
        }
        last = line_bytes(rest, colon, swapped).ok_or(number)?;
        bytes.extend_from_slice(&last);
        lines += 1;
    }
    if !bytes.is_empty() && (marked || lines > 1) { Ok(bytes) } else { Err(0) }
}

/// The bytes of a line, up to the text column: a bar, two slashes, or two blanks. After an offset with a colon the
/// first of these ends the bytes, because the others can be in the text; `hexdump -C`, whose offset has no colon, puts
/// two blanks in the middle of the bytes.
fn line_bytes(line: &str, colon: bool, swapped: bool) -> Option<Vec<u8>> {
    let line = line.trim_start_matches([':', ' ', '\t']);
    let mut ends = ["|", "//", "  "].into_iter().filter_map(|end| line.find(end));
    let end = if colon { ends.min() } else { ends.next() }.unwrap_or(line.len());
    let mut bytes = Vec::with_capacity(16);
    // The UEFI shell puts a hyphen in the middle of a line's bytes.
    for word in line[..end].split([' ', '\t', '-']).filter(|word| !word.is_empty()) {
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
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
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
        decode(text.as_bytes()).flatten().map(|(_, bytes)| bytes).collect()
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
            "\u{feff}435045520001ffffffff010002000000000000001801",
            "  00000000: 43 50 45 52 00 01 FF FF-FF FF 01 00 02 00 00 00  *CPER............*\n  00000010: 00 00 00 00 18 01                                 *......*\n",
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

    #[test]
    fn dumps_are_found_between_other_lines() {
        let dump = "    0000: 43 50 45 52 00 01 FF FF FF FF 01 00 02 00 00 00  CPER............\n    0010: 00 00 00 00 18 01  ......\n";
        for text in [
            format!("ERST @ 0x0000000000000000\n{dump}\n"),
            format!("a title\n\n{dump}* and a note\n{dump}"),
            format!("{dump}{dump}"),
            format!("  0010: 01 02\n{dump}the end\n"),
        ] {
            let dumps: Vec<_> = decode(text.as_bytes()).collect();
            assert_eq!(dumps.len(), text.matches("0000: ").count(), "{text}");
            assert!(dumps.iter().all(|forms| forms[0] == ("hex dump", RECORD.to_vec())), "{text}");
        }
    }

    #[test]
    fn the_line_that_is_not_understood_is_named() {
        for (text, reason) in [
            (
                "ERST: Error Record\nand more",
                Some("line 1 is neither hex nor base64 nor part of a hex dump: \"ERST: Error Record\""),
            ),
            ("00000000: 43 50\n00000002: 45 52\n00000010: 00 01\n", Some("line 3 is neither")),
            (
                "4350\n\n4552 caf\u{e9}\n",
                Some("line 3 is neither hex nor base64 nor part of a hex dump: \"4552 caf\u{e9}\""),
            ),
            ("one \u{202e} two", Some("\"one \\u{202e} two\"")),
            ("\0binary", None),
            ("", None),
        ] {
            let told = not_understood(text.as_bytes());
            let fits = match reason {
                Some(reason) => told.as_ref().is_some_and(|told| told.contains(reason)),
                None => told.is_none(),
            };
            assert!(fits, "{text:?}: {told:?}");
        }
    }

    #[test]
    fn text_is_characters_that_command_nothing() {
        for text in ["", "words\tand\r\nlines\n", "caf\u{e9}", "\u{65e5}\u{672c}"] {
            assert!(is_text(text.as_bytes()), "{text}");
        }
        assert!(is_text(&"caf\u{e9}".as_bytes()[..4]), "the last character is cut");
        for bytes in [&b"a\0"[..], b"\xff\xff", b"\x1b[0m", b"\xc2\x9b", b"\x7f", b"caf\xc3("] {
            assert!(!is_text(bytes), "{bytes:x?}");
        }
    }
}
