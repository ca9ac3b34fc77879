//! How a field of a wire structure is stored, and what its value is. Every crate has this same file.

// No crate uses all of it.
#![allow(unused_imports, unused_macros, dead_code)]

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// The type in which a field is stored.
macro_rules! wire_type {
    (u64) => {
        zerocopy::little_endian::U64
    };
    (u32) => {
        zerocopy::little_endian::U32
    };
    (u16) => {
        zerocopy::little_endian::U16
    };
    (($bits:tt $flags:ident)) => {
        $crate::stored::wire_type!($bits)
    };
    ([$item:ident; $count:literal]) => {
        [$crate::stored::wire_type!($item); $count]
    };
    ($other:tt) => {
        $other
    };
}

/// The type of a field's value.
macro_rules! value_type {
    (($bits:tt $flags:ident)) => {
        $flags
    };
    ([u32; $count:literal]) => {
        [u32; $count]
    };
    ([u64; $count:literal]) => {
        [u64; $count]
    };
    ([$item:ident; $count:literal]) => {
        [$crate::stored::wire_type!($item); $count]
    };
    ($other:tt) => {
        $other
    };
}

/// The value of a stored field.
macro_rules! value {
    (u64, $field:expr) => {
        $field.get()
    };
    (u32, $field:expr) => {
        $field.get()
    };
    (u16, $field:expr) => {
        $field.get()
    };
    (($bits:tt $flags:ident), $field:expr) => {
        $flags::new($crate::stored::value!($bits, $field))
    };
    ([u32; $count:literal], $field:expr) => {
        $crate::stored::dwords(&$field)
    };
    ([u64; $count:literal], $field:expr) => {
        $crate::stored::qwords(&$field)
    };
    ($other:tt, $field:expr) => {
        $field
    };
}

/// The stored form of a value.
macro_rules! wire {
    (u64, $value:expr) => {
        zerocopy::little_endian::U64::new($value)
    };
    (u32, $value:expr) => {
        zerocopy::little_endian::U32::new($value)
    };
    (u16, $value:expr) => {
        zerocopy::little_endian::U16::new($value)
    };
    (($bits:tt $flags:ident), $value:expr) => {
        $crate::stored::wire!($bits, $value.raw())
    };
    ([u32; $count:literal], $value:expr) => {
        $crate::stored::wire_dwords(&$value)
    };
    ([u64; $count:literal], $value:expr) => {
        $crate::stored::wire_qwords(&$value)
    };
    ($other:tt, $value:expr) => {
        $value
    };
}

pub(crate) use {value, value_type, wire, wire_type};

/// Readers and writers of arrays of numbers: constant functions, which cannot be generic over the number.
macro_rules! numbers {
    ($($number:ident as $wire:ident: $read:ident, $write:ident;)*) => { $(
        /// The values of stored numbers.
        #[inline]
        pub(crate) const fn $read<const N: usize>(stored: &[$wire; N]) -> [$number; N] {
            let mut values = [0; N];
            let (mut from, mut to): (&[$wire], &mut [$number]) = (stored, &mut values);
            while let ([stored, from_rest @ ..], [value, to_rest @ ..]) = (from, to) {
                *value = stored.get();
                (from, to) = (from_rest, to_rest);
            }
            values
        }

        /// Numbers as they are stored.
        #[inline]
        pub(crate) const fn $write<const N: usize>(values: &[$number; N]) -> [$wire; N] {
            let mut stored = [$wire::ZERO; N];
            let (mut from, mut to): (&[$number], &mut [$wire]) = (values, &mut stored);
            while let ([value, from_rest @ ..], [stored, to_rest @ ..]) = (from, to) {
                *stored = $wire::new(*value);
                (from, to) = (from_rest, to_rest);
            }
            stored
        }
    )* };
}

numbers! {
    u32 as U32: dwords, wire_dwords;
    u64 as U64: qwords, wire_qwords;
}

/// The bytes of a value of this size at this offset, as many as there are.
pub(crate) fn part(bytes: &[u8], at: usize, size: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.get(..size).unwrap_or(rest)
}

/// The value at this offset; `None` when the bytes end before it does. One comparison, none where the length is known.
#[inline]
pub(crate) fn at<T>(bytes: &[u8], at: usize) -> Option<&T>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    match T::ref_from_prefix(bytes.get(at..)?) {
        Ok((value, _)) => Some(value),
        Err(_) => None,
    }
}
