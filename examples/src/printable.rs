//! Text from records and file names that goes to a terminal: whatever could command it is escaped.

use std::fmt::{self, Write};

/// Bytes as text: what is printable UTF-8, and tabs, as it is, everything else escaped.
pub struct Printable<'a>(pub &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    // Marks that turn the direction of what follows can make a line read as something else.
                    '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                        write!(f, "{}", c.escape_unicode())?;
                    }
                    '\t' => f.write_char(c)?,
                    c if c.is_control() => write!(f, "{}", c.escape_default())?,
                    c => f.write_char(c)?,
                }
            }
            write!(f, "{}", chunk.invalid().escape_ascii())?;
        }
        Ok(())
    }
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
