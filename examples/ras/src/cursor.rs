//! A walk over bytes that cannot stand still.

/// A place in bytes that a loop moves on with every turn.
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

    /// Moves on to `to`, but by one byte at least: lengths that foreign bytes state cannot hold the walk back. A
    /// caller that would stand still is a fault, which tests and fuzz targets find here.
    pub fn move_to(&mut self, to: usize) {
        debug_assert!(to > self.at, "a walk from {} to {to} does not advance", self.at);
        self.at = to.max(self.at.saturating_add(1));
    }
}
