//! A list in a line of text, with commas between its parts.

use core::fmt;

/// Writes parts with commas between them.
pub(crate) struct List<'a, 'b> {
    pub(crate) f: &'a mut fmt::Formatter<'b>,
    /// What comes before the next part.
    separator: &'static str,
    any: bool,
}

impl<'a, 'b> List<'a, 'b> {
    /// A list that begins with `opening` if it has any part.
    pub(crate) const fn new(f: &'a mut fmt::Formatter<'b>, opening: &'static str) -> Self {
        Self { f, separator: opening, any: false }
    }

    pub(crate) fn part(&mut self, part: impl fmt::Display) -> fmt::Result {
        write!(self.f, "{}{part}", self.separator)?;
        self.separator = ", ";
        self.any = true;
        Ok(())
    }

    pub(crate) fn part_if(&mut self, condition: bool, part: &str) -> fmt::Result {
        if condition { self.part(part) } else { Ok(()) }
    }

    /// The names of the bits of `table` that are set.
    pub(crate) fn set_bits(&mut self, bits: u64, table: &[(u64, &str)]) -> fmt::Result {
        table.iter().try_for_each(|&(mask, name)| self.part_if(bits & mask != 0, name))
    }

    /// Says `none` if there was no part.
    pub(crate) fn or_none(self) -> fmt::Result {
        if self.any { Ok(()) } else { self.f.write_str("none") }
    }
}
