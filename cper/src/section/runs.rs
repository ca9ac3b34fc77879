//! Errors of one section in a line.

use core::fmt;

/// Writes each item with `; ` between them, equal ones that follow each other once with their number: `cache error,
/// 3 times`. Behind the `most` first of these the others are counted.
pub(super) fn write_runs<T>(
    f: &mut dyn fmt::Write,
    items: &[T],
    most: usize,
    same: impl Fn(&T, &T) -> bool,
    write: impl Fn(&mut dyn fmt::Write, &T) -> fmt::Result,
) -> fmt::Result {
    let mut told = 0_usize;
    for run in items.chunk_by(same).take(most) {
        let Some(first) = run.first() else { continue };
        f.write_str(if told == 0 { "" } else { "; " })?;
        write(f, first)?;
        if run.len() > 1 {
            write!(f, ", {} times", run.len())?;
        }
        told = told.saturating_add(run.len());
    }
    match items.len().saturating_sub(told) {
        0 => Ok(()),
        more => write!(f, "; {more} more"),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    struct Line<'a>(&'a [u8]);

    impl fmt::Display for Line<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_runs(f, self.0, 3, |one, other| one == other, |f, item| write!(f, "{item}"))
        }
    }

    #[test]
    fn equal_items_are_one() {
        for (items, line) in [
            (&[][..], ""),
            (&[1], "1"),
            (&[1, 2, 1], "1; 2; 1"),
            (&[1, 1, 1, 2], "1, 3 times; 2"),
            (&[1, 1, 2, 3, 3, 4, 4, 5], "1, 2 times; 2; 3, 2 times; 3 more"),
        ] {
            assert_eq!(Line(items).to_string(), line);
        }
    }
}
