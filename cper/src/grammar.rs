//! The grammar that the crates share: open values, numbers, flags and errors. Every crate has this same file.
//!
//! A type that one of these macros declares has the same members in every crate: `new`, `raw` and (if its
//! values have names) `name`, `From` both ways, `Display`, `Debug`, `Ord`, `Hash` and, with the feature `serde`, `Serialize` and
//! `Deserialize`. The number is private and no number is refused, so that any byte can stand for such a type.

// No crate uses all of it.
#![allow(unused_imports, unused_macros, dead_code)]

/// Declares an open value: a number, with a constant and a name for each value that the specification names.
///
/// A Rust `enum` could not hold a number that no variant names.
macro_rules! open_value {
    (
        $(#[$meta:meta])*
        $name:ident: $raw:ident {
            $( $(#[$value_meta:meta])* $konst:ident = $value:literal => $text:literal, )*
        }
    ) => {
        $crate::grammar::numbered! { $(#[$meta])* $name: $raw }

        impl $name {
            $( $(#[$value_meta])* #[doc = concat!("`", stringify!($value), "`: `", $text, "`.")] pub const $konst: Self = Self($value); )*

            /// The specification's name of the value; `None` for a reserved one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some($text), )*
                    _ => None,
                }
            }
        }

        /// The name, or `reserved (9)`.
        impl core::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::grammar::display_value(f, self.0 as u64, self.name())
            }
        }

        /// The number, and the name if it has one.
        impl core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::grammar::debug_value(f, stringify!($name), self.0 as u64, self.name())
            }
        }

        /// `{"value": 1, "name": "…"}`, the name of a reserved value is `reserved (9)`; the number alone in a binary
        /// format.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let number = $crate::grammar::as_json!($raw, self.raw());
                $crate::grammar::serialize_named(serializer, ("value", &number), ("name", self))
            }
        }

        /// Reads `value`; a name beside it is passed over.
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::grammar::deserialize_named(deserializer, "value").map($crate::grammar::of_json!($raw))
            }
        }
    };
}

/// What open values and numbers have in common: the type and its conversions.
macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident: $raw:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name($raw);

        impl $name {
            /// The value with this number.
            #[inline]
            pub const fn new(raw: $raw) -> Self {
                Self(raw)
            }

            /// The number.
            #[inline]
            pub const fn raw(self) -> $raw {
                self.0
            }
        }

        $crate::grammar::conversions!($name: $raw);
        $crate::grammar::any_number!($name: $raw);
    };
}

/// A number as it is serialised: one of 64 bits is [`Wide`].
macro_rules! as_json {
    (u64, $value:expr) => {
        $crate::grammar::Wide($value)
    };
    ($raw:ident, $value:expr) => {
        $value
    };
}

/// What makes the value of the number that was serialised.
macro_rules! of_json {
    (u64) => {
        |$crate::grammar::Wide(raw)| Self::new(raw)
    };
    ($raw:ident) => {
        Self::new
    };
}

/// Declares a number that `Debug` writes in hexadecimal.
macro_rules! hex_number {
    ($(#[$meta:meta])* $name:ident: $raw:ident) => {
        $crate::grammar::numbered! { $(#[$meta])* $name: $raw }

        impl core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::grammar::debug_number(f, stringify!($name), self.0 as u64)
            }
        }
    };
}

/// Declares a number that has no table of names: an identifier, or a register with fields of its own.
///
/// `Display` is the type's own business.
macro_rules! number {
    ($(#[$meta:meta])* $name:ident: $raw:ident) => {
        $crate::grammar::hex_number! { $(#[$meta])* $name: $raw }

        /// A number; one of 64 bits is a string, `0x` and all 16 digits.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(&$crate::grammar::as_json!($raw, self.0), serializer)
            }
        }

        /// Reads a number; one of 64 bits from a string of hexadecimal digits with `0x`, or a number.
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer).map($crate::grammar::of_json!($raw))
            }
        }
    };
}

/// Declares a register: a [`number!`] that prints in hexadecimal.
macro_rules! register {
    ($(#[$meta:meta])* $name:ident: $raw:ident) => {
        $crate::grammar::number! { $(#[$meta])* $name: $raw }

        impl $name {
            /// Whether any bit of `mask` is set.
            pub const fn any(self, mask: $raw) -> bool {
                self.0 & mask != 0
            }
        }

        /// Hexadecimal, with `0x`.
        impl core::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }
    };
}

/// Declares flags with a constant and a name for each bit that the specification names; every other bit is kept.
macro_rules! flags {
    (
        $(#[$meta:meta])*
        $name:ident: $raw:ident {
            $( $(#[$($flag_meta:tt)*])* $konst:ident = $value:literal => $text:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name($raw);

        $crate::grammar::flag_members! {
            $name: $raw [!0]
            $(
                $(#[$($flag_meta)*])*
                #[doc = concat!("`", stringify!($value), "`: ", $text, ".")]
                $konst = $value;
            )*
        }

        impl $name {
            const NAMES: &'static [(u64, &'static str)] = &[$( ($value, $text), )*];
        }

        $crate::grammar::conversions!($name: $raw);

        /// The names of the bits that are set: `process, 0x80`; `none` when no bit is.
        impl core::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let names = $crate::grammar::Names { bits: self.0 as u64, table: Self::NAMES };
                core::fmt::Display::fmt(&names, f)
            }
        }

        /// `{"value": 3, "names": ["…"]}`; the bits alone in a binary format.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let names = $crate::grammar::Names { bits: self.0 as u64, table: Self::NAMES };
                let bits = $crate::grammar::as_json!($raw, self.bits());
                $crate::grammar::serialize_flags(serializer, &bits, names)
            }
        }

        /// Reads `value`; names beside it are passed over.
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::grammar::deserialize_named(deserializer, "value").map($crate::grammar::of_json!($raw))
            }
        }

        $crate::grammar::any_number!($name: $raw);
    };
}

/// Gives a set of flags the members that `bitflags!` gives one, and the trait `bitflags::Flags`, which has the rest.
/// `bitflags!` itself makes more, over which the compiler takes several times as long.
///
/// Beside the named bits, those of the expression in brackets are kept where bits that mean nothing are dropped.
macro_rules! flag_members {
    ($name:ident: $raw:ident [] $($flags:tt)*) => {
        $crate::grammar::flag_members! { $name: $raw [0] $($flags)* }
    };
    ($name:ident: $raw:ident [$kept:expr] $( $(#[$($meta:tt)*])* $flag:ident = $bits:expr; )*) => {
        impl $name {
            $( $(#[$($meta)*])* pub const $flag: Self = Self($bits); )*

            /// The flags with these bits, named or not.
            #[inline]
            pub const fn new(raw: $raw) -> Self {
                Self(raw)
            }

            /// The flags with these bits, named or not.
            #[inline]
            pub const fn from_bits_retain(bits: $raw) -> Self {
                Self(bits)
            }

            /// The bits on the wire.
            #[inline]
            pub const fn raw(self) -> $raw {
                self.0
            }

            /// The bits on the wire.
            #[inline]
            pub const fn bits(&self) -> $raw {
                self.0
            }

            /// No flag.
            #[inline]
            pub const fn empty() -> Self {
                Self(0)
            }

            /// All bits that can be flags.
            #[inline]
            pub const fn all() -> Self {
                Self($kept $( | $bits )*)
            }

            /// Whether no bit is set.
            #[inline]
            pub const fn is_empty(&self) -> bool {
                self.0 == 0
            }

            /// Whether all bits of `other` are set.
            #[inline]
            pub const fn contains(&self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether any bit of `other` is set.
            #[inline]
            pub const fn intersects(&self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// The bits of both.
            #[must_use]
            #[inline]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The bits that both have.
            #[must_use]
            #[inline]
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// The bits that `other` has not.
            #[must_use]
            #[inline]
            pub const fn difference(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Sets the bits of `other`.
            #[inline]
            pub const fn insert(&mut self, other: Self) {
                self.0 |= other.0;
            }

            /// Clears the bits of `other`.
            #[inline]
            pub const fn remove(&mut self, other: Self) {
                self.0 &= !other.0;
            }

            /// Sets the bits of `other`, or clears them.
            #[inline]
            pub const fn set(&mut self, other: Self, value: bool) {
                self.0 = if value { self.0 | other.0 } else { self.0 & !other.0 };
            }

            /// The flags that are set and have a name, with the names of their constants.
            #[inline]
            pub fn iter_names(&self) -> bitflags::iter::IterNames<Self> {
                bitflags::Flags::iter_names(self)
            }
        }

        impl bitflags::Flags for $name {
            type Bits = $raw;

            const FLAGS: &'static [bitflags::Flag<Self>] = &[
                $( bitflags::Flag::new(stringify!($flag), Self::$flag), )*
                bitflags::Flag::new("", Self($kept)),
            ];

            #[inline]
            fn bits(&self) -> $raw {
                self.0
            }

            #[inline]
            fn from_bits_retain(bits: $raw) -> Self {
                Self(bits)
            }
        }

        impl core::ops::BitOr for $name {
            type Output = Self;

            #[inline]
            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }

        impl core::ops::BitOrAssign for $name {
            #[inline]
            fn bitor_assign(&mut self, other: Self) {
                self.insert(other);
            }
        }

        impl core::ops::BitAnd for $name {
            type Output = Self;

            #[inline]
            fn bitand(self, other: Self) -> Self {
                self.intersection(other)
            }
        }

        impl core::ops::Sub for $name {
            type Output = Self;

            #[inline]
            fn sub(self, other: Self) -> Self {
                self.difference(other)
            }
        }

        /// The constants of the bits that are set: `Name(A | B | 0x8)`.
        impl core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                let constants = &[$( (Self::$flag.0 as u64, stringify!($flag)), )*];
                $crate::grammar::debug_flags(f, stringify!($name), self.0 as u64, constants)
            }
        }

        /// The bits that can be flags and are not set.
        impl core::ops::Not for $name {
            type Output = Self;

            #[inline]
            fn not(self) -> Self {
                Self::all().difference(self)
            }
        }
    };
}

/// Writes an open value for `Debug`: `Name(5: the fifth)`. One function for all types, which the compiler builds once.
pub(crate) fn debug_value(
    f: &mut core::fmt::Formatter<'_>,
    of: &str,
    raw: u64,
    name: Option<&str>,
) -> core::fmt::Result {
    match name {
        Some(name) => write!(f, "{of}({raw}: {name})"),
        None => write!(f, "{of}({raw})"),
    }
}

/// Writes an open value: its name, or `reserved (9)`.
pub(crate) fn display_value(
    f: &mut core::fmt::Formatter<'_>,
    raw: u64,
    name: Option<&str>,
) -> core::fmt::Result {
    match name {
        Some(name) => f.pad(name),
        None => write!(f, "{}", reserved(raw)),
    }
}

/// Writes a number for `Debug`: `Name(0x5)`.
pub(crate) fn debug_number(f: &mut core::fmt::Formatter<'_>, of: &str, raw: u64) -> core::fmt::Result {
    write!(f, "{of}({raw:#x})")
}

/// Writes flags for `Debug`: `Name(A | B | 0x8)`.
pub(crate) fn debug_flags(
    f: &mut core::fmt::Formatter<'_>,
    of: &str,
    bits: u64,
    constants: &[(u64, &str)],
) -> core::fmt::Result {
    f.debug_tuple(of).field(&Constants { bits, constants }).finish()
}

/// The bits of a set of flags by the names of their constants, as `bitflags` writes them: `A | B | 0x8`.
struct Constants<'a> {
    bits: u64,
    constants: &'a [(u64, &'a str)],
}

impl core::fmt::Debug for Constants<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (mut unnamed, mut separator) = (self.bits, "");
        for bit in (0..64u32).map(|place| 1u64 << place).filter(|bit| self.bits & bit != 0) {
            if let Some((_, name)) = self.constants.iter().find(|(constant, _)| *constant == bit) {
                write!(f, "{separator}{name}")?;
                (unnamed, separator) = (unnamed & !bit, " | ");
            }
        }
        if unnamed != 0 || separator.is_empty() { write!(f, "{separator}{unnamed:#x}") } else { Ok(()) }
    }
}

/// With the feature `arbitrary`: any number, named or not.
macro_rules! any_number {
    ($name:ident: $raw:ident) => {
        /// Any number, named or not.
        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(choices: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                <$raw>::arbitrary(choices).map(Self::new)
            }
        }
    };
}

/// With the feature `arbitrary`: wire structures of any bytes.
macro_rules! any_structure {
    ($($name:ident),* $(,)?) => { $(
        /// Any bytes.
        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(choices: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                $crate::grammar::any_bytes(choices)
            }

            fn size_hint(_: usize) -> (usize, Option<usize>) {
                (size_of::<Self>(), Some(size_of::<Self>()))
            }
        }
    )* };
}

/// Gives a value that is so many bytes, and no number, its conversions.
macro_rules! byte_array {
    ($name:ident: $length:literal) => {
        impl $name {
            /// The value that is stored as these bytes.
            #[inline]
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// The bytes as they are stored.
            #[inline]
            pub const fn bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl From<[u8; $length]> for $name {
            #[inline]
            fn from(bytes: [u8; $length]) -> Self {
                Self::from_bytes(bytes)
            }
        }

        impl From<$name> for [u8; $length] {
            #[inline]
            fn from(value: $name) -> Self {
                *value.bytes()
            }
        }

        $crate::grammar::any_structure!($name);
    };
}

/// A wire structure of any bytes; zeros where the choices end.
#[cfg(feature = "arbitrary")]
pub(crate) fn any_bytes<T: zerocopy::FromBytes + zerocopy::IntoBytes>(
    choices: &mut arbitrary::Unstructured<'_>,
) -> arbitrary::Result<T> {
    let mut value = T::new_zeroed();
    choices.fill_buffer(value.as_mut_bytes())?;
    Ok(value)
}

/// What open values, numbers and flags have in common.
macro_rules! conversions {
    ($name:ident: $raw:ident) => {
        impl From<$raw> for $name {
            #[inline]
            fn from(raw: $raw) -> Self {
                Self::new(raw)
            }
        }

        impl From<$name> for $raw {
            #[inline]
            fn from(value: $name) -> Self {
                value.raw()
            }
        }
    };
}

/// Declares `ErrorKind`: the kinds that every crate has, and the crate's own, each with its text.
macro_rules! error_kind {
    ($(
        $(#[$meta:meta])*
        $kind:ident $( ($value:ident: $value_type:ty) )?
        $( { $( $(#[$field_meta:meta])* $field:ident: $field_type:ty, )* } )?
        => $text:literal $(, $argument:expr)*;
    )*) => {
        /// What was wrong, with the values seen. Lengths and offsets are in bytes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ErrorKind {
            /// A structure needs more bytes than there are.
            TooShort {
                /// The structure, in the specification's words.
                what: &'static str,
                /// Bytes that the structure needs.
                needed: u32,
                /// Bytes that there are.
                available: u32,
            },
            /// The buffer is too small for what is to be written; nothing was written to it.
            BufferTooSmall {
                /// Bytes needed.
                needed: u32,
                /// Bytes given.
                available: u32,
            },
            $(
                $(#[$meta])*
                $kind $( ($value_type) )? $( { $( $(#[$field_meta])* $field: $field_type, )* } )?,
            )*
        }

        impl ErrorKind {
            /// The kind's name.
            #[cfg(feature = "serde")]
            pub(crate) const fn name(&self) -> &'static str {
                match self {
                    Self::TooShort { .. } => "TooShort",
                    Self::BufferTooSmall { .. } => "BufferTooSmall",
                    $( Self::$kind $( ($crate::grammar::any!($value)) )? $( { $( $field: _, )* } )? => stringify!($kind), )*
                }
            }

            /// Hands out the values seen, each after its name.
            #[cfg(feature = "serde")]
            pub(crate) fn seen<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                use $crate::grammar::Seen;
                match self {
                    Self::TooShort { what, needed, available } => {
                        what.seen("what", map)?;
                        needed.seen("needed", map)?;
                        available.seen("available", map)
                    }
                    Self::BufferTooSmall { needed, available } => {
                        needed.seen("needed", map)?;
                        available.seen("available", map)
                    }
                    $( Self::$kind $( ($value) )? $( { $( $field, )* } )? => {
                        $( $value.seen(stringify!($value), map)?; )?
                        $( $( $field.seen(stringify!($field), map)?; )* )?
                        Ok(())
                    } )*
                }
            }

            pub(crate) const fn too_short(what: &'static str, needed: usize, available: usize) -> Self {
                let (needed, available) = ($crate::grammar::clamp(needed), $crate::grammar::clamp(available));
                Self::TooShort { what, needed, available }
            }

            pub(crate) const fn buffer_too_small(needed: usize, available: usize) -> Self {
                let (needed, available) = ($crate::grammar::clamp(needed), $crate::grammar::clamp(available));
                Self::BufferTooSmall { needed, available }
            }
        }

        /// What was wrong, without where.
        impl core::fmt::Display for ErrorKind {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                // A formatter's own `write_fmt` is compiled into each arm.
                let f: &mut dyn core::fmt::Write = f;
                match *self {
                    Self::TooShort { what, needed, available } => {
                        write!(f, "{what} needs {needed} bytes, {available} available")
                    }
                    Self::BufferTooSmall { needed, available } => {
                        write!(f, "buffer too small: {needed} bytes needed, {available} given")
                    }
                    $( Self::$kind $( ($value) )? $( { $( $field, )* } )? => write!(f, $text $(, $argument)*), )*
                }
            }
        }
    };
}

/// Declares `Error` and `ErrorKind` of a crate whose errors all lie in the bytes given.
macro_rules! error {
    ($(#[$meta:meta])* Error; $($kinds:tt)*) => {
        $crate::grammar::error_kind! { $($kinds)* }

        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Error {
            kind: ErrorKind,
            offset: u32,
        }

        impl Error {
            pub(crate) const fn new(kind: ErrorKind, offset: usize) -> Self {
                Self { kind, offset: $crate::grammar::clamp(offset) }
            }

            pub(crate) const fn too_short(what: &'static str, needed: usize, available: usize) -> Self {
                Self::new(ErrorKind::too_short(what, needed, available), 0)
            }

            pub(crate) const fn buffer_too_small(needed: usize, available: usize) -> Self {
                Self::new(ErrorKind::buffer_too_small(needed, available), 0)
            }

            /// What was wrong.
            pub const fn kind(&self) -> ErrorKind {
                self.kind
            }

            /// Where, in bytes from the start of what was parsed.
            pub const fn offset(&self) -> u32 {
                self.offset
            }
        }

        /// `offset 4: ` and what was wrong there.
        impl core::fmt::Display for Error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "offset {}: {}", self.offset, self.kind)
            }
        }

        impl core::error::Error for Error {}

        $crate::grammar::error_in_json! { |error| Some(error.offset), None::<u16>, &error.kind }
    };
}

/// Gives an error its form in serde: its offset and section where it has them, and its message.
macro_rules! error_in_json {
    (|$error:ident| $offset:expr, $section:expr, $message:expr) => {
        /// `{"kind": "too_short", "offset": 4, "values": {"needed": 20, …}, "message": "…"}`.
        #[cfg(feature = "serde")]
        impl serde::Serialize for Error {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                struct Values<'a>(&'a ErrorKind);
                impl serde::Serialize for Values<'_> {
                    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                        let mut map = serializer.serialize_map(None)?;
                        self.0.seen(&mut map)?;
                        map.end()
                    }
                }
                let $error = self;
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("kind", &$crate::grammar::snake_case($error.kind.name()))?;
                if let Some(offset) = $offset {
                    map.serialize_entry("offset", &offset)?;
                }
                if let Some(section) = $section {
                    map.serialize_entry("section", &section)?;
                }
                map.serialize_entry("values", &Values(&$error.kind))?;
                map.serialize_entry("message", &$crate::grammar::Text($message))?;
                map.end()
            }
        }
    };
}

/// Values that errors have seen and that are told by their text.
macro_rules! seen_as_text {
    ($($seen:ty),*) => { $(
        #[cfg(feature = "serde")]
        impl $crate::grammar::Seen for $seen {
            fn seen<M: serde::ser::SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
                map.serialize_entry(name, &$crate::grammar::Text(self))
            }
        }
    )* };
}

/// The text of a number that has no name: `reserved (9)`.
pub(crate) const fn reserved(value: u64) -> Reserved {
    Reserved(value)
}

/// See [`reserved`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reserved(u64);

impl core::fmt::Display for Reserved {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "reserved ({})", self.0)
    }
}

/// A pattern that any value fits.
macro_rules! any {
    ($value:ident) => {
        _
    };
}

/// A length as an error holds it; one over 4 GiB is cut to the largest value.
pub(crate) const fn clamp(length: usize) -> u32 {
    if length > u32::MAX as usize { u32::MAX } else { length as u32 }
}

/// Bytes as two digits each.
pub(crate) struct HexBytes<'a>(pub(crate) &'a [u8]);

impl core::fmt::Display for HexBytes<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // In pieces: a number of two digits takes hundreds of instructions to format by itself.
        self.0.chunks(32).try_for_each(|bytes| {
            let mut text = [0; 64];
            for (digits, byte) in text.chunks_exact_mut(2).zip(bytes) {
                digits.iter_mut().zip([byte >> 4, byte & 0xf]).for_each(|(digit, value)| {
                    *digit = value.wrapping_add(if value < 10 { b'0' } else { b'a' - 10 });
                });
            }
            let digits = text.get(..bytes.len().saturating_mul(2)).unwrap_or_default();
            f.write_str(core::str::from_utf8(digits).unwrap_or_default())
        })
    }
}

/// The names of the bits that are set, and the bits without a name last.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    pub(crate) bits: u64,
    pub(crate) table: &'static [(u64, &'static str)],
}

impl Names {
    fn named(self) -> impl Iterator<Item = &'static str> {
        self.table.iter().filter(move |(bit, _)| self.bits & bit != 0).map(|&(_, name)| name)
    }

    fn unnamed(self) -> Option<u64> {
        let rest = self.table.iter().fold(self.bits, |rest, (bit, _)| rest & !bit);
        (rest != 0).then_some(rest)
    }
}

impl core::fmt::Display for Names {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut separator = "";
        for name in self.named() {
            write!(f, "{separator}{name}")?;
            separator = ", ";
        }
        match self.unnamed() {
            Some(bits) => write!(f, "{separator}{bits:#x}"),
            None if separator.is_empty() => f.write_str("none"),
            None => Ok(()),
        }
    }
}

#[cfg(feature = "serde")]
mod with_serde {
    use core::fmt;
    use core::marker::PhantomData;
    use core::str::FromStr;

    use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
    use serde::ser::{Serialize, SerializeMap, Serializer};

    use super::{HexBytes, Names};

    /// A value under a key, and its text: a map of both, or the value alone in a binary format.
    pub(crate) fn serialize_named<S: Serializer>(
        serializer: S,
        (key, value): (&'static str, &impl Serialize),
        (name_key, name): (&'static str, &impl fmt::Display),
    ) -> Result<S::Ok, S::Error> {
        serialize_both(serializer, (key, value), (name_key, Text(name)))
    }

    /// The bits of a set of flags and their names: a map of both, or the bits alone in a binary format.
    pub(crate) fn serialize_flags<S: Serializer>(
        serializer: S,
        bits: &impl Serialize,
        names: Names,
    ) -> Result<S::Ok, S::Error> {
        serialize_both(serializer, ("value", bits), ("names", names))
    }

    fn serialize_both<S: Serializer>(
        serializer: S,
        (key, value): (&'static str, &impl Serialize),
        (name_key, name): (&'static str, impl Serialize),
    ) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return value.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(key, value)?;
        map.serialize_entry(name_key, &name)?;
        map.end()
    }

    /// A value that an error has seen. Its type is fixed by the field, as that of every field.
    pub(crate) trait Seen {
        /// Adds it under its name; nothing where there is none.
        fn seen<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>;
    }

    macro_rules! seen {
        ($($seen:ty: |$value:ident| $json:expr;)*) => { $(
            impl Seen for $seen {
                fn seen<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
                    let $value = *self;
                    map.serialize_entry(name, &$json)
                }
            }
        )* };
    }

    seen! {
        u16: |value| value;
        u32: |value| value;
        u64: |value| Wide(value);
        usize: |value| Wide(value as u64);
        &'static str: |value| value;
    }

    impl<const N: usize> Seen for [u8; N] {
        fn seen<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
            map.serialize_entry(name, &Text(HexBytes(self)))
        }
    }

    impl<T: Seen> Seen for Option<T> {
        fn seen<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
            self.as_ref().map_or(Ok(()), |value| value.seen(name, map))
        }
    }

    /// The name of a kind in the way of JSON: `too_short`.
    pub(crate) const fn snake_case(kind: &'static str) -> Text<Snake> {
        Text(Snake(kind))
    }

    /// See [`snake_case`].
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Snake(&'static str);

    impl fmt::Display for Snake {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            use fmt::Write;
            for (at, letter) in self.0.char_indices() {
                if at != 0 && letter.is_ascii_uppercase() {
                    f.write_char('_')?;
                }
                f.write_char(letter.to_ascii_lowercase())?;
            }
            Ok(())
        }
    }

    /// The value that [`serialize_named`] or [`serialize_flags`] has written under a key.
    pub(crate) fn deserialize_named<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
        deserializer: D,
        key: &'static str,
    ) -> Result<T, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_map(Named { key, value: PhantomData })
        } else {
            T::deserialize(deserializer)
        }
    }

    struct Named<T> {
        key: &'static str,
        value: PhantomData<T>,
    }

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Named<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a map with a {}", self.key)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
            let mut value = None;
            while let Some(is_value) = map.next_key_seed(IsKey(self.key))? {
                if !is_value {
                    map.next_value::<IgnoredAny>()?;
                } else if value.replace(map.next_value()?).is_some() {
                    return Err(A::Error::duplicate_field(self.key));
                }
            }
            value.ok_or_else(|| A::Error::missing_field(self.key))
        }
    }

    /// Whether a key is this one.
    struct IsKey(&'static str);

    impl<'de> DeserializeSeed<'de> for IsKey {
        type Value = bool;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
            deserializer.deserialize_identifier(self)
        }
    }

    impl Visitor<'_> for IsKey {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a key")
        }

        fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
            Ok(key == self.0)
        }
    }

    /// The text of a value, read by its `FromStr`.
    pub(crate) fn deserialize_text<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
        deserializer: D,
        expected: &'static str,
    ) -> Result<T, D::Error> {
        deserializer.deserialize_str(Parsed { expected, value: PhantomData })
    }

    struct Parsed<T> {
        expected: &'static str,
        value: PhantomData<T>,
    }

    impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Parsed<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.expected)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }

    impl Serialize for Names {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut names = serializer.serialize_seq(None)?;
            for name in self.named() {
                names.serialize_element(name)?;
            }
            if let Some(bits) = self.unnamed() {
                names.serialize_element(&Text(format_args!("{bits:#x}")))?;
            }
            names.end()
        }
    }

    /// A string out of a `Display`.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Text<T>(pub(crate) T);

    impl<T: fmt::Display> Serialize for Text<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&self.0)
        }
    }

    /// A 64-bit value: a string, `0x` and all 16 digits, whatever the value. It is the number in a binary format, and a
    /// number is read as well.
    pub(crate) struct Wide(pub(crate) u64);

    impl Serialize for Wide {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if !serializer.is_human_readable() {
                return serializer.serialize_u64(self.0);
            }
            // Digit by digit: the machinery of `format_args` takes several times as long.
            let mut text = *b"0x0000000000000000";
            let mut rest = self.0;
            for digit in text.iter_mut().skip(2).rev() {
                let value = (rest & 0xf) as u8;
                *digit = if value < 10 { b'0' | value } else { value.wrapping_add(b'a' - 10) };
                rest >>= 4;
            }
            serializer.serialize_str(core::str::from_utf8(&text).unwrap_or_default())
        }
    }

    impl<'de> Deserialize<'de> for Wide {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if deserializer.is_human_readable() {
                deserializer.deserialize_any(WideVisitor)
            } else {
                u64::deserialize(deserializer).map(Self)
            }
        }
    }

    struct WideVisitor;

    impl Visitor<'_> for WideVisitor {
        type Value = Wide;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number, or a string of hexadecimal digits with 0x")
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<Wide, E> {
            Ok(Wide(value))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Wide, E> {
            let digits = text.strip_prefix("0x").filter(|digits| !digits.starts_with('+'));
            let value = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
            value.map(Wide).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
        }
    }
}

#[cfg(feature = "serde")]
pub(crate) use with_serde::{
    Seen, Text, Wide, deserialize_named, deserialize_text, serialize_flags, serialize_named, snake_case,
};
pub(crate) use {
    any, any_number, any_structure, as_json, byte_array, conversions, error, error_in_json, error_kind,
    flag_members, flags, hex_number, number, numbered, of_json, open_value, register, seen_as_text,
};
