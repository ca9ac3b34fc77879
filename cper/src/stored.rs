//! How a field of a wire structure is stored, and what its value is. Every crate has this same file.

// No crate uses all of it.
#![allow(unused_imports, unused_macros, dead_code)]

use core::fmt::{self, Debug, Formatter};

/// How many bytes a field is stored in.
///
/// Sizes of numbers and byte arrays are literals, which the compiler has not to work out for each field.
macro_rules! size {
    (u8) => {
        1
    };
    (u16) => {
        2
    };
    (u32) => {
        4
    };
    (u64) => {
        8
    };
    (($bits:tt $flags:ident)) => {
        $crate::stored::size!($bits)
    };
    ([u8; $count:literal]) => {
        $count
    };
    ($type:tt) => {
        size_of::<$type>()
    };
}

/// The type of a field's value.
macro_rules! value_type {
    (($bits:tt $flags:ident)) => {
        $flags
    };
    ($type:tt) => {
        $type
    };
}

/// The value of a field that is stored in this array of bytes.
macro_rules! value {
    (u8, $stored:expr) => {
        u8::from_le_bytes($stored)
    };
    (u16, $stored:expr) => {
        u16::from_le_bytes($stored)
    };
    (u32, $stored:expr) => {
        u32::from_le_bytes($stored)
    };
    (u64, $stored:expr) => {
        u64::from_le_bytes($stored)
    };
    (($bits:tt $flags:ident), $stored:expr) => {
        $flags::new($crate::stored::value!($bits, $stored))
    };
    ([u8; $count:literal], $stored:expr) => {
        $stored
    };
    ([u32; $count:literal], $stored:expr) => {
        $crate::stored::dwords(&$stored)
    };
    ([u64; $count:literal], $stored:expr) => {
        $crate::stored::qwords(&$stored)
    };
    ($other:tt, $stored:expr) => {
        zerocopy::transmute!($stored)
    };
}

/// The array of bytes that a value is stored in.
macro_rules! wire {
    (u8, $value:expr) => {
        u8::to_le_bytes($value)
    };
    (u16, $value:expr) => {
        u16::to_le_bytes($value)
    };
    (u32, $value:expr) => {
        u32::to_le_bytes($value)
    };
    (u64, $value:expr) => {
        u64::to_le_bytes($value)
    };
    (($bits:tt $flags:ident), $value:expr) => {
        $crate::stored::wire!($bits, $value.raw())
    };
    ([u8; $count:literal], $value:expr) => {
        $value
    };
    ([u32; $count:literal], $value:expr) => {
        $crate::stored::wire_dwords::<$count, { size_of::<[u32; $count]>() }>(&$value)
    };
    ([u64; $count:literal], $value:expr) => {
        $crate::stored::wire_qwords::<$count, { size_of::<[u64; $count]>() }>(&$value)
    };
    ($other:tt, $value:expr) => {
        zerocopy::transmute!($value)
    };
}

/// How `Debug` writes a field.
macro_rules! shown {
    (u8) => {
        $crate::stored::Shown::Number
    };
    (u16) => {
        $crate::stored::Shown::Number
    };
    (u32) => {
        $crate::stored::Shown::Number
    };
    (u64) => {
        $crate::stored::Shown::Number
    };
    (($bits:tt $flags:ident)) => {
        $crate::stored::Shown::By($crate::stored::debug_made::<$bits, $flags>)
    };
    ([u8; $count:literal]) => {
        $crate::stored::Shown::Numbers(1)
    };
    ([u32; $count:literal]) => {
        $crate::stored::Shown::Numbers(4)
    };
    ([u64; $count:literal]) => {
        $crate::stored::Shown::Numbers(8)
    };
    ($other:tt) => {
        $crate::stored::Shown::By($crate::stored::debug_part::<$other>)
    };
}

/// Declares the structure itself, one array of bytes.
///
/// By fields it is an array for each: the compiler then keeps each in a register of its own, where it would copy the
/// whole by way of the stack. That is for what is written at panic time and has fields that no register holds, because
/// `zerocopy`'s derives take a compile time of 4 ms for each field.
macro_rules! declared {
    ([] $(#[$meta:meta])* $name:ident $size:literal $($fields:tt)*) => {
        $(#[$meta])*
        #[repr(transparent)]
        pub struct $name([u8; $size]);

        impl $name {
            #[allow(dead_code)] // Not of use where the type has a `new` of its own.
            const ZERO: Self = Self([0; $size]);
        }
    };
    ([fields] $(#[$meta:meta])* $name:ident $size:literal $( $field:ident: $type:tt )*) => {
        $(#[$meta])*
        #[repr(C)]
        pub struct $name {
            $( $field: [u8; $crate::stored::size!($type)], )*
        }

        impl $name {
            const ZERO: Self = Self { $( $field: [0; $crate::stored::size!($type)], )* };
        }
    };
}

/// The bytes of a structure's field.
macro_rules! load {
    ([] $structure:expr, $field:ident) => {
        *Self::AT.$field.get(&$structure.0)
    };
    ([fields] $structure:expr, $field:ident) => {
        $structure.$field
    };
}

/// Stores the bytes of a structure's field.
macro_rules! store {
    ([] $structure:expr, $field:ident, $bytes:expr) => {
        Self::AT.$field.put(&mut $structure.0, $bytes)
    };
    ([fields] $structure:expr, $field:ident, $bytes:expr) => {
        $structure.$field = $bytes
    };
}

/// The value of a structure's field.
macro_rules! field {
    ($how:tt $structure:expr, $field:ident: $type:tt) => {{
        let stored = $crate::stored::load!($how $structure, $field);
        let value: $crate::stored::value_type!($type) = $crate::stored::value!($type, stored);
        value
    }};
}

/// A part of a structure, lent.
macro_rules! lent {
    ($how:tt $structure:expr, $field:ident: $type:tt) => {{
        let part: &$type = zerocopy::transmute_ref!(&$crate::stored::load!($how $structure, $field));
        part
    }};
}

pub(crate) use {declared, field, lent, load, shown, size, store, value, value_type, wire};

/// Readers and writers of arrays of numbers: constant functions, which cannot be generic over the number.
macro_rules! numbers {
    ($($number:ident: $read:ident, $write:ident;)*) => { $(
        /// The values of stored numbers.
        #[inline]
        pub(crate) const fn $read<const N: usize>(mut stored: &[u8]) -> [$number; N] {
            let mut values = [0; N];
            let mut to: &mut [$number] = &mut values;
            while let (Some((number, stored_rest)), [value, to_rest @ ..]) = (stored.split_first_chunk(), to) {
                *value = $number::from_le_bytes(*number);
                (stored, to) = (stored_rest, to_rest);
            }
            values
        }

        /// Numbers as they are stored.
        #[inline]
        pub(crate) const fn $write<const N: usize, const BYTES: usize>(values: &[$number; N]) -> [u8; BYTES] {
            let mut stored = [0; BYTES];
            let (mut from, mut to): (&[$number], &mut [u8]) = (values, &mut stored);
            while let ([value, from_rest @ ..], Some((number, to_rest))) = (from, to.split_first_chunk_mut()) {
                *number = value.to_le_bytes();
                (from, to) = (from_rest, to_rest);
            }
            stored
        }
    )* };
}

numbers! {
    u32: dwords, wire_dwords;
    u64: qwords, wire_qwords;
}

/// Where a field of `N` bytes lies in its structure: at this offset.
#[derive(Clone, Copy)]
pub(crate) struct Place<const N: usize>(pub(crate) usize);

impl<const N: usize> Place<N> {
    /// The offset after the field.
    pub(crate) const fn end(self) -> usize {
        self.0.saturating_add(N)
    }

    /// The bytes of the field, as many as there are.
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        let rest = bytes.get(self.0..).unwrap_or_default();
        rest.get(..N).unwrap_or(rest)
    }

    /// The bytes of the field; `None` when `bytes` end before it does. One comparison, none where the length is known.
    #[inline]
    pub(crate) const fn read(self, bytes: &[u8]) -> Option<&[u8; N]> {
        match bytes.split_at_checked(self.0) {
            Some((_, rest)) => rest.first_chunk(),
            None => None,
        }
    }

    /// The bytes of the field in its structure, which has them.
    #[inline]
    pub(crate) const fn get(self, structure: &[u8]) -> &[u8; N] {
        match self.read(structure) {
            Some(stored) => stored,
            None => &[0; N],
        }
    }

    /// Stores the field in its structure, which has room for it.
    #[inline]
    pub(crate) const fn put(self, structure: &mut [u8], stored: [u8; N]) {
        if let Some((_, rest)) = structure.split_at_mut_checked(self.0) {
            if let Some(to) = rest.first_chunk_mut() {
                *to = stored;
            }
        }
    }
}

/// The structure of `N` bytes at the start of `bytes`, and the bytes after it; `None` when it does not fit. It compiles
/// faster than `ref_from_prefix`, which takes up to four instructions less where a panic path reads.
#[inline]
pub(crate) const fn first<T: zerocopy::FromBytes + zerocopy::Immutable, const N: usize>(
    bytes: &[u8],
) -> Option<(&T, &[u8])> {
    match bytes.split_first_chunk::<N>() {
        Some((stored, rest)) => Some((zerocopy::transmute_ref!(stored), rest)),
        None => None,
    }
}

/// How `Debug` writes the bytes of a field.
#[derive(Clone, Copy)]
pub(crate) enum Shown {
    /// As a number in hex.
    Number,
    /// As numbers of so many bytes each.
    Numbers(usize),
    /// By this function.
    By(fn(&[u8], &mut Formatter<'_>) -> fmt::Result),
}

/// A field, as `Debug` writes it.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// Offset in the structure.
    pub(crate) at: usize,
    /// Size in bytes.
    pub(crate) size: usize,
    pub(crate) shown: Shown,
}

/// Checks that each field begins where the one before it ends, and the last ends with the structure. The panic names
/// the field, at compile time.
pub(crate) const fn check(size: usize, mut fields: &[Field]) {
    let mut end = 0;
    while let [field, rest @ ..] = fields {
        assert!(field.at == end, "{}", field.name);
        (end, fields) = (field.at.saturating_add(field.size), rest);
    }
    assert!(end == size, "the fields end before or after the structure");
}

/// Writes a structure as `derive(Debug)` would.
pub(crate) fn debug(f: &mut Formatter<'_>, name: &str, structure: &[u8], fields: &[Field]) -> fmt::Result {
    let (mut out, mut rest) = (f.debug_struct(name), structure);
    for field in fields {
        let (stored, after) = rest.split_at_checked(field.size).unwrap_or((rest, &[]));
        out.field(field.name, &Written(stored, field.shown));
        rest = after;
    }
    out.finish()
}

struct Written<'a>(&'a [u8], Shown);

impl Debug for Written<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(stored, shown) = *self;
        match shown {
            Shown::Number => write!(f, "{:#x}", number(stored)),
            Shown::Numbers(size) => {
                f.debug_list().entries(stored.chunks(size).map(|stored| Self(stored, Shown::Number))).finish()
            }
            Shown::By(write) => write(stored, f),
        }
    }
}

/// A number of at most eight bytes.
pub(crate) fn number(stored: &[u8]) -> u64 {
    // The two widest sizes without a loop: most fields have them.
    if let Ok(stored) = stored.try_into() {
        return u64::from_le_bytes(stored);
    }
    if let Ok(stored) = stored.try_into() {
        return u32::from_le_bytes(stored).into();
    }
    stored.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// A value that is made of a number.
pub(crate) fn debug_made<N: TryFrom<u64> + Default, T: From<N> + Debug>(
    stored: &[u8],
    f: &mut Formatter<'_>,
) -> fmt::Result {
    made::<N, T>(number(stored)).fmt(f)
}

/// The value that is made of a number, which `N` has room for.
pub(crate) fn made<N: TryFrom<u64> + Default, T: From<N>>(number: u64) -> T {
    T::from(N::try_from(number).unwrap_or_default())
}

/// A value that is stored as itself.
pub(crate) fn debug_part<T: zerocopy::FromBytes + zerocopy::IntoBytes + Debug>(
    stored: &[u8],
    f: &mut Formatter<'_>,
) -> fmt::Result {
    of_bytes::<T>(stored).fmt(f)
}

/// The value that is stored in these bytes; those that are not there count as zeros.
pub(crate) fn of_bytes<T: zerocopy::FromBytes + zerocopy::IntoBytes>(stored: &[u8]) -> T {
    let mut value = T::new_zeroed();
    fill(value.as_mut_bytes(), stored);
    value
}

/// Copies as many bytes as there are.
fn fill(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

#[cfg(test)]
mod tests {
    use super::{Field, Shown, check};

    /// Checks a structure of eight bytes with two fields, the second at this offset and of this size.
    fn check_second(at: usize, size: usize) {
        let field = |name, at, size| Field { name, at, size, shown: Shown::Number };
        check(8, &[field("first", 0, 4), field("second", at, size)]);
    }

    #[test]
    fn fields_one_after_the_other_are_a_structure() {
        check_second(4, 4);
    }

    #[test]
    #[should_panic(expected = "second")]
    fn a_gap_before_a_field_is_its_error() {
        check_second(5, 3);
    }

    #[test]
    #[should_panic(expected = "second")]
    fn a_field_over_another_is_an_error() {
        check_second(3, 5);
    }

    #[test]
    #[should_panic(expected = "the fields end")]
    fn bytes_after_the_last_field_are_an_error() {
        check_second(4, 3);
    }
}
