//! A walk over bytes that always advances.

/// A place in bytes, which every turn of a loop must advance.
#[derive(Clone, Copy, Debug)]
pub struct Cursor {
    at: usize,
    end: usize,
}

impl Cursor {
    /// A walk over bytes `at` to `end`.
    pub const fn new(at: usize, end: usize) -> Self {
        Self { at, end }
    }

    /// Where the walk is, before the end; `None` when it is over.
    pub const fn place(self) -> Option<usize> {
        if self.at < self.end { Some(self.at) } else { None }
    }

    /// Moves to `to`, and by at least one byte, whatever length foreign bytes state. A caller that would not advance is
    /// a fault, which tests and fuzz targets catch here.
    pub fn move_to(&mut self, to: usize) {
        debug_assert!(to > self.at, "a walk from {} to {to} does not advance", self.at);
        self.at = to.max(self.at.saturating_add(1));
    }
}
