//! What a kind of section is: the traits that sections, views and containers share.
//!
//! This is the lowest layer. A section's file implements the traits, [`Body`](crate::section::Body) lists the
//! sections, containers read and write bodies through that list.

use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::fields::{Describe, Visitor, describe_rest};
use crate::{Error, SectionTypeId};

/// A kind of section: its type GUID and its name in messages.
pub trait SectionType {
    /// The section type in the descriptor.
    const TYPE: SectionTypeId;
    /// The section's name in messages, such as "memory error".
    const NAME: &'static str;

    /// Whether a descriptor's section type means this section. A section that writers name by several GUIDs takes all
    /// of them.
    fn is_type(section_type: SectionTypeId) -> bool {
        section_type == Self::TYPE
    }
}

/// A section that can be read from its bytes.
///
/// The same noun serves all ways: `MemoryError::new()` is written, `PreparedRecord<MemoryError>` is patched, and
/// `section.decode::<MemoryError>()` gives a [`MemoryErrorView`](crate::section::MemoryErrorView).
pub trait Decode: SectionType {
    /// The type that a body is read as.
    type View<'a>: View<'a>;

    /// Reads a body. Longer input is no error: the view keeps all bytes.
    ///
    /// # Errors
    /// When the bytes are too few; offsets count from the body's start.
    fn decode(body: &[u8]) -> Result<Self::View<'_>, Error>;
}

/// A body as it was read: the members that every view has.
pub trait View<'a>: Copy + fmt::Debug {
    /// All bytes of the body.
    fn bytes(&self) -> &'a [u8];

    /// The bytes after the last field: a newer revision's fields, or padding.
    fn trailing(&self) -> &'a [u8];

    /// How many bytes the body claims to have and does not.
    fn missing(&self) -> usize {
        0
    }

    /// Writes the error in one line: what broke, and where.
    ///
    /// # Errors
    /// When the formatter cannot take more.
    fn write_summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes().len())
    }
}

/// A body without fields of its own: all that is known is its bytes.
impl<'a> View<'a> for &'a [u8] {
    fn bytes(&self) -> &'a [u8] {
        self
    }

    fn trailing(&self) -> &'a [u8] {
        &[]
    }
}

/// A section that can be written.
pub trait Encode: SectionType {
    /// Length of the encoded section in bytes.
    fn encoded_len(&self) -> usize;

    /// Fills `out` with the section. `None` when `out` does not have exactly as many bytes as
    /// [`encoded_len`](Self::encoded_len) says.
    fn encode(&self, out: &mut [u8]) -> Option<()>;
}

/// Writes these bytes, one after the other, and returns the rest; `None` when `out` is too short.
pub(crate) fn write_all<'b>(parts: &[&[u8]], mut out: &'b mut [u8]) -> Option<&'b mut [u8]> {
    for part in parts {
        let (to, rest) = out.split_at_mut_checked(part.len())?;
        to.copy_from_slice(part);
        out = rest;
    }
    Some(out)
}

/// Writes these bytes, which fill `out`; `None` when they are more or fewer.
pub(crate) fn fill_with(out: &mut [u8], parts: &[&[u8]]) -> Option<()> {
    write_all(parts, out)?.is_empty().then_some(())
}

/// A section whose body is one wire structure of fixed size.
pub trait FixedSection:
    SectionType + FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned + Copy + 'static
{
}

impl<T: FixedSection> Encode for T {
    #[inline]
    fn encoded_len(&self) -> usize {
        size_of::<T>()
    }

    #[inline]
    fn encode(&self, out: &mut [u8]) -> Option<()> {
        *T::mut_from_bytes(out).ok()? = *self;
        Some(())
    }
}

/// A body that is one wire structure of fixed size, and the bytes after it.
///
/// It is the view of fixed sections that have no view of their own, such as those of another crate.
#[derive(Debug)]
pub struct FixedView<'a, T> {
    structure: &'a T,
    bytes: &'a [u8],
}

impl<T> Clone for FixedView<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for FixedView<'_, T> {}

impl<'a, T: FixedSection> FixedView<'a, T> {
    /// Reads a body.
    ///
    /// # Errors
    /// When there are fewer bytes than the structure has.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        match T::ref_from_prefix(bytes) {
            Ok((structure, _)) => Ok(Self { structure, bytes }),
            Err(_) => Err(Error::too_short(T::NAME, size_of::<T>(), bytes.len())),
        }
    }

    /// The structure.
    pub const fn structure(&self) -> &'a T {
        self.structure
    }

    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes after the structure: a newer revision's fields, or padding.
    pub fn trailing(&self) -> &'a [u8] {
        self.bytes.get(size_of::<T>()..).unwrap_or_default()
    }

    /// How many bytes the body claims to have and does not: always 0, because it claims no length.
    pub const fn missing(&self) -> usize {
        0
    }
}

impl<'a, T: FixedSection + fmt::Debug> View<'a> for FixedView<'a, T> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        self.trailing()
    }
}

impl<T: FixedSection + Describe> Describe for FixedView<'_, T> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.structure.describe(out)?;
        describe_rest("trailing", self.trailing(), out)
    }
}
