//! The values of described fields that only this crate has: there are none.

use core::fmt;

/// A value of a kind that only this crate has. No field holds one.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum OwnValue {}

impl OwnValue {
    /// Whether the value tells every bit that it was made of.
    pub(crate) const fn tells_all(self) -> bool {
        match self {}
    }
}

impl fmt::Display for OwnValue {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for OwnValue {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }
}
