//! Text from records and file names for a terminal: whatever could command the terminal is escaped.

use std::fmt;

/// Bytes as text: printable UTF-8 and tabs unchanged, everything else escaped.
pub struct Printable<'a>(pub &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some((at, c)) = rest.char_indices().find(|(_, c)| commands(*c) && *c != '\t') {
                f.write_str(&rest[..at])?;
                if turns(c) {
                    write!(f, "{}", c.escape_unicode())?;
                } else {
                    write!(f, "{}", c.escape_default())?;
                }
                rest = &rest[at + c.len_utf8()..];
            }
            f.write_str(rest)?;
            if !chunk.invalid().is_empty() {
                write!(f, "{}", chunk.invalid().escape_ascii())?;
            }
        }
        Ok(())
    }
}

/// Whether a character does something to a terminal instead of being shown.
pub const fn commands(c: char) -> bool {
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}') || turns(c)
}

/// Bidirectional marks, which can make a line read as something else.
const fn turns(c: char) -> bool {
    matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_commands_the_terminal() {
        let text = b"caf\xc3\xa9\t\x1b[31m\x07\xff\xe2\x80\xae.";
        assert_eq!(Printable(text).to_string(), "caf\u{e9}\t\\u{1b}[31m\\u{7}\\xff\\u{202e}.");
    }
}
