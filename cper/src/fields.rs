//! One description of a structure's fields, for text and for serde alike. The crates `cper` and `mce-record` each have
//! this module.
//!
//! Each structure describes its fields once, in [`Describe::describe`]: name and [`Value`], nothing for a field whose
//! validity bit is clear. [`Fields`] turns that into indented text for people (`Display`) and, with the feature
//! `serde`, into a map:
//!
//! | value | text | serde |
//! |---|---|---|
//! | [`Value::Number`] | decimal | number |
//! | [`Value::Count`] | decimal | string of decimal digits |
//! | [`Value::Signed`] | decimal | number |
//! | [`Value::Hex`] | `0x` and all digits | number; for more than 32 bits a string: `0x` and all digits |
//! | [`Value::Code`] | name (number) | `{"value": 2, "name": "…"}`, the name of a reserved one is `reserved (2)` |
//! | [`Value::Flags`] | hex and the names of set bits | `{"value": 3, "names": ["…"]}`, the value as that of [`Value::Hex`] |
//! | [`Value::Bool`] | yes, no | boolean |
//! | [`Value::Text`] | as it is, all but printable ASCII escaped | string, likewise |
//! | [`Value::Bytes`] | hex dump | string of hex |
//! | [`Value::Message`] | as it is | string |
//! | [`Value::Error`] | as it is | `{"kind": "…", "offset": 4, "values": {…}, "message": "…"}` |
//! | [`Value::Own`] | as [`OwnValue`] says | as [`OwnValue`] says |
//! | [`Value::Group`], [`Value::List`] | indented | map, array |
//!
//! The type in serde's form is that of the field and never depends on the value: a number of up to 32 bits is a number,
//! and a number of 64 bits is a string, so that readers without integers above 2^53 keep it whole.

// No crate uses all of it, and a crate can have no value of its own.
#![allow(unused_imports, unused_macros, dead_code, unreachable_code)]

use core::fmt::{self, Write};

use crate::Error;
pub use crate::own_value::OwnValue;

/// Tells bytes that no other field tells, when there are any.
pub(crate) fn describe_rest(name: &'static str, bytes: &[u8], out: &mut dyn Visitor) -> fmt::Result {
    if bytes.is_empty() { Ok(()) } else { out.field(name, Value::Bytes(bytes)) }
}

/// Describes a field that shows every bit of the bytes that it is stored in.
pub(crate) fn describe_whole(
    name: &'static str,
    stored: &[u8],
    value: Value<'_>,
    out: &mut dyn Visitor,
) -> fmt::Result {
    out.stored(name, stored, Stored::Shown);
    out.field(name, value)
}

/// Tells that fields of this name, start and end show every bit that they are stored in, as far as there are bytes.
pub(crate) fn tell_shown(bytes: &[u8], fields: &[(&'static str, usize, usize)], out: &mut dyn Visitor) {
    for (name, start, end) in fields {
        let there = bytes.get(..*end).unwrap_or(bytes);
        out.stored(name, there.get(*start..).unwrap_or_default(), Stored::Shown);
    }
}

/// Describes a structure from a copy of the bytes that it is stored in.
pub(crate) fn describe_copy<T: Describe + zerocopy::IntoBytes + zerocopy::Immutable>(
    name: &'static str,
    stored: &[u8],
    copy: &T,
    out: &mut dyn Visitor,
) -> fmt::Result {
    out.stored(name, stored, Stored::NotShown);
    out.copied(name, Copied { stored, copy: copy.as_bytes(), group: copy })
}

/// A structure that tells its fields, by the specification's names in `snake_case`.
pub trait Describe {
    /// Calls `out` with each field that is present, in the order of the specification.
    ///
    /// # Errors
    /// Whatever `out` returns, at once.
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result;
}

/// What a [`Describe`] tells its fields to.
pub trait Visitor {
    /// Takes one field.
    ///
    /// # Errors
    /// When the receiver cannot take more.
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result;

    /// Takes the bytes that a field is stored in, and whether [`field`](Self::field) gets all of their bits. A
    /// description need not call it for every field; bytes without a call may be shown or not.
    fn stored(&mut self, _name: &'static str, _bytes: &[u8], _how: Stored) {}

    /// Takes a field that is a structure, described from a copy of the stored bytes.
    ///
    /// # Errors
    /// When the receiver cannot take more.
    fn copied(&mut self, name: &'static str, copy: Copied<'_>) -> fmt::Result {
        self.field(name, Value::Group(copy.group))
    }
}

/// Whether the described fields show the bits of stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stored {
    /// A field shows every bit.
    Shown,
    /// No field shows the bytes, because the validity bit is clear.
    NotValid,
    /// No field shows the bytes as they are stored: they are reserved, or a field shows them in another form.
    NotShown,
}

/// A structure inside another that is described from a copy of its bytes.
#[derive(Clone, Copy)]
pub struct Copied<'a> {
    /// The bytes that the structure is stored in.
    pub stored: &'a [u8],
    /// The bytes of the copy, which are the same.
    pub copy: &'a [u8],
    /// The structure, described from the copy.
    pub group: &'a dyn Describe,
}

impl fmt::Debug for Copied<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Copied").field(&self.stored).finish()
    }
}

/// Several structures of one kind, such as the error structures of a processor section.
pub trait List {
    /// Calls `item` with each structure or value of the list.
    ///
    /// # Errors
    /// Whatever `item` returns, at once.
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> fmt::Result) -> fmt::Result;
}

/// A [`List`] of the described structures that a cloneable iterator yields.
#[derive(Clone, Debug)]
pub struct Groups<I>(
    /// The iterator.
    pub I,
);

impl<I: Iterator<Item: Describe> + Clone> List for Groups<I> {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> fmt::Result) -> fmt::Result {
        for described in self.0.clone() {
            item(Value::Group(&described))?;
        }
        Ok(())
    }
}

/// A [`List`] of plain values.
#[derive(Clone, Debug)]
pub struct Values<I>(
    /// The iterator.
    pub I,
);

impl<'v, I: Iterator<Item = Value<'v>> + Clone> List for Values<I> {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> fmt::Result) -> fmt::Result {
        for value in self.0.clone() {
            item(value)?;
        }
        Ok(())
    }
}

/// The value of a field, with what is needed to show it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A count, index or position of up to 32 bits.
    Number(u64),
    /// A count of 64 bits.
    Count(u64),
    /// A number that can be negative.
    Signed(i64),
    /// An address, identifier or register, shown with this many hex digits.
    Hex {
        /// The number.
        value: u64,
        /// Number of hex digits of the field: 2 for a byte, 16 for 64 bits.
        digits: u8,
    },
    /// A number the specification may have a name for.
    Code {
        /// The number.
        value: u64,
        /// Its name; `None` when it is reserved.
        name: Option<&'static str>,
    },
    /// A set of flags; unknown bits are kept.
    Flags {
        /// All bits.
        bits: u64,
        /// Number of hex digits of the field: 2 for a byte, 16 for 64 bits.
        digits: u8,
        /// The constant's name of one bit (`CONTAINMENT_WARNING`); `None` for a reserved one.
        name: fn(u64) -> Option<&'static str>,
    },
    /// Yes or no.
    Bool(bool),
    /// Text in a fixed field; what follows a NUL is not shown.
    Text(&'a [u8]),
    /// Raw bytes.
    Bytes(&'a [u8]),
    /// Text made for people, such as an address or a list of registers.
    Message(&'a dyn fmt::Display),
    /// Why a part could not be read, or is not all there.
    Error(&'a Error),
    /// A value of a kind that only this crate has.
    Own(OwnValue),
    /// A structure inside this one.
    Group(&'a dyn Describe),
    /// Several structures or values.
    List(&'a dyn List),
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TextOut { out: f, indent: 0 }.value("", *self)
    }
}

impl<'a> Value<'a> {
    /// A number of up to 64 bits, shown in hex with as many digits as its type has.
    pub fn hex<T: Into<u64>>(value: T) -> Self {
        Self::Hex { value: value.into(), digits: const { digits_of::<T>() } }
    }

    /// A number shown in decimal: a [`Value::Number`] of up to 32 bits, a [`Value::Count`] of 64.
    pub fn number<T: Into<u64>>(value: T) -> Self {
        if const { digits_of::<T>() > NUMBER_DIGITS } {
            Self::Count(value.into())
        } else {
            Self::Number(value.into())
        }
    }

    /// A length in memory, shown in decimal. One over 4 GiB is cut to the largest number.
    pub const fn length(value: usize) -> Self {
        Self::Number(crate::grammar::clamp(value) as u64)
    }

    /// A set of flags.
    pub fn flags<F: bitflags::Flags<Bits: Into<u64>> + Copy>(flags: F) -> Self {
        Self::Flags {
            bits: flags.bits().into(),
            digits: const { digits_of::<F::Bits>() },
            name: flag_name::<F>,
        }
    }

    /// Text in a fixed field.
    pub const fn text(bytes: &'a [u8]) -> Self {
        Self::Text(bytes)
    }

    /// Whether the value shows every bit of the bytes that it was made of.
    pub(crate) const fn tells(&self) -> Stored {
        match self {
            Self::Number(_)
            | Self::Count(_)
            | Self::Signed(_)
            | Self::Hex { .. }
            | Self::Code { .. }
            | Self::Flags { .. }
            | Self::Bytes(_) => Stored::Shown,
            Self::Own(value) if value.tells_all() => Stored::Shown,
            _ => Stored::NotShown,
        }
    }
}

/// Whether a text shows every bit of its field: it does when only zeros follow the NUL that ends it.
pub(crate) fn text_tells(bytes: &[u8]) -> Stored {
    let mut ended = false;
    for byte in bytes {
        if ended && *byte != 0 {
            return Stored::NotShown;
        }
        ended |= *byte == 0;
    }
    Stored::Shown
}

/// Hex digits of the largest field whose value is a number in serde's form.
const NUMBER_DIGITS: u8 = 8;

/// Hex digits of a type of numbers.
const fn digits_of<T>() -> u8 {
    (size_of::<T>() as u8).saturating_mul(2)
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<T: Into<OwnValue>> From<T> for Value<'_> {
    fn from(value: T) -> Self {
        Self::Own(value.into())
    }
}

/// The name of the constant of one bit.
pub(crate) fn flag_name<F: bitflags::Flags<Bits: Into<u64>>>(bit: u64) -> Option<&'static str> {
    let mut flags = F::FLAGS;
    while let [flag, rest @ ..] = flags {
        if flag.value().bits().into() == bit && !flag.name().is_empty() {
            return Some(flag.name());
        }
        flags = rest;
    }
    None
}

/// The single bits of a set, lowest first, each with its name when it has one.
pub(crate) fn each_flag(
    bits: u64,
    name: fn(u64) -> Option<&'static str>,
) -> impl Iterator<Item = (u64, Option<&'static str>)> {
    let mut rest = bits;
    core::iter::from_fn(move || {
        let lowest = rest & rest.wrapping_neg();
        rest ^= lowest;
        (lowest != 0).then(|| (lowest, name(lowest)))
    })
}

/// The names of the bits of a set, as people read them: `timestamp, 0x40`; `none` when no bit is set.
pub(crate) fn write_flags(
    bits: u64,
    name: fn(u64) -> Option<&'static str>,
    f: &mut dyn Write,
) -> fmt::Result {
    let mut separator = "";
    for (bit, name) in each_flag(bits, name) {
        f.write_str(separator)?;
        match name {
            Some(name) => write_lower(f, name, b' ')?,
            None => write!(f, "{bit:#x}")?,
        }
        separator = ", ";
    }
    if separator.is_empty() { f.write_str("none") } else { Ok(()) }
}

/// Logged dwords, shown as Linux does: eight hex digits each, one blank between.
pub(crate) struct Dwords<'a, T>(pub(crate) &'a [T]);

impl<T: Copy + Into<u32>> fmt::Display for Dwords<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f: &mut dyn Write = f;
        let mut separator = "";
        for dword in self.0 {
            write!(f, "{separator}{:08x}", (*dword).into())?;
            separator = " ";
        }
        Ok(())
    }
}

/// Writes the names of the bits that have one, as people read them, each behind `before`, which is `, ` from the second
/// on; returns what stands before the next.
pub(crate) fn write_names(
    f: &mut dyn Write,
    before: &'static str,
    bits: u64,
    name: fn(u64) -> Option<&'static str>,
) -> Result<&'static str, fmt::Error> {
    let mut before = before;
    for (_, name) in each_flag(bits, name) {
        if let Some(name) = name {
            f.write_str(before)?;
            write_lower(f, name, b' ')?;
            before = ", ";
        }
    }
    Ok(before)
}

/// The bytes before the first NUL, all when there is none.
pub(crate) fn up_to_nul(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| *byte == 0);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// Text of a fixed field: up to the first NUL, printable ASCII as it is, everything else escaped.
pub(crate) struct Printable<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f: &mut dyn Write = f;
        for &byte in self.0 {
            match byte {
                0 => break,
                b' '..=b'~' if byte != b'\\' => f.write_char(char::from(byte))?,
                _ => write!(f, "{}", byte.escape_ascii())?,
            }
        }
        Ok(())
    }
}

/// Writes a constant's name in lower case, in few pieces; `between` stands for its underscores.
fn write_lower(out: &mut dyn Write, name: &str, between: u8) -> fmt::Result {
    let mut piece = [0; 32];
    for chunk in name.as_bytes().chunks(piece.len()) {
        let piece = piece.get_mut(..chunk.len()).ok_or(fmt::Error)?;
        for (to, from) in piece.iter_mut().zip(chunk) {
            *to = if *from == b'_' { between } else { from.to_ascii_lowercase() };
        }
        out.write_str(core::str::from_utf8(piece).map_err(|_| fmt::Error)?)?;
    }
    Ok(())
}

/// A described structure, ready to be shown: one field a line (`Display`), or a map (`Serialize`).
#[derive(Clone, Copy)]
pub struct Fields<'a>(
    /// The structure.
    pub &'a dyn Describe,
);

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Fields<'_> {
    /// One field a line, names padded to a column; a width in the format (`{:4}`) indents every line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = f.width().unwrap_or(0);
        self.0.describe(&mut TextOut { out: f, indent })
    }
}

/// Column at which values begin, past the indent.
const VALUE_COLUMN: usize = 24;

struct TextOut<'a> {
    out: &'a mut dyn Write,
    indent: usize,
}

/// Writes so many blanks.
fn write_blanks(out: &mut dyn Write, count: usize) -> fmt::Result {
    const BLANKS: &str = "                                ";
    let mut left = count;
    while left != 0 {
        let piece = BLANKS.get(..left).unwrap_or(BLANKS);
        out.write_str(piece)?;
        left = left.saturating_sub(piece.len());
    }
    Ok(())
}

impl Visitor for TextOut<'_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
        write_blanks(self.out, self.indent)?;
        write_lower(self.out, name, b' ')?;
        self.value(name, value)
    }
}

impl TextOut<'_> {
    fn value(&mut self, name: &str, value: Value<'_>) -> fmt::Result {
        match value {
            Value::Group(group) => return self.group(group),
            Value::List(list) => return self.list(list),
            Value::Bytes(bytes) => return self.bytes(bytes),
            _ => {}
        }
        let pad = VALUE_COLUMN.saturating_sub(name.len()).max(1);
        let out = &mut *self.out;
        if !name.is_empty() {
            write_blanks(out, pad)?;
        }
        match value {
            Value::Number(number) | Value::Count(number) => write!(out, "{number}")?,
            Value::Signed(number) => write!(out, "{number}")?,
            Value::Hex { value, digits } => {
                write!(out, "{value:#0width$x}", width = usize::from(digits).saturating_add(2))?;
            }
            Value::Code { value, name } => {
                out.write_str(name.unwrap_or("reserved"))?;
                write!(out, " ({value})")?;
            }
            Value::Flags { bits, name, .. } => {
                write!(out, "{bits:#x}")?;
                let mut separator = "  ";
                for (bit, name) in each_flag(bits, name) {
                    out.write_str(separator)?;
                    match name {
                        Some(name) => write_lower(out, name, b' ')?,
                        None => write!(out, "reserved {bit:#x}")?,
                    }
                    separator = ", ";
                }
            }
            Value::Bool(value) => out.write_str(if value { "yes" } else { "no" })?,
            Value::Text(bytes) => write!(out, "{}", Printable(bytes))?,
            Value::Own(value) => write!(out, "{value}")?,
            Value::Message(message) => write!(out, "{message}")?,
            Value::Error(error) => write!(out, "{error}")?,
            Value::Bytes(_) | Value::Group(_) | Value::List(_) => {}
        }
        out.write_char('\n')
    }

    fn group(&mut self, group: &dyn Describe) -> fmt::Result {
        self.out.write_char('\n')?;
        group.describe(&mut TextOut { out: self.out, indent: self.indent.saturating_add(2) })
    }

    fn list(&mut self, list: &dyn List) -> fmt::Result {
        self.out.write_char('\n')?;
        let indent = self.indent.saturating_add(2);
        let mut number = 0u32;
        let out = &mut *self.out;
        list.each(&mut |item| {
            write_blanks(out, indent)?;
            write!(out, "[{number}] ")?;
            number = number.saturating_add(1);
            TextOut { out: &mut *out, indent }.value("", item)
        })
    }

    /// Offset, 16 bytes in hex, and the same bytes as text, a line each 16.
    fn bytes(&mut self, bytes: &[u8]) -> fmt::Result {
        let indent = self.indent.saturating_add(2);
        writeln!(self.out, " {} bytes", bytes.len())?;
        for (line, chunk) in bytes.chunks(16).enumerate() {
            write_blanks(self.out, indent)?;
            write!(self.out, "{:04x} ", line.saturating_mul(16))?;
            for place in 0..16 {
                match chunk.get(place) {
                    Some(byte) => write!(self.out, " {byte:02x}")?,
                    None => self.out.write_str("   ")?,
                }
            }
            self.out.write_str("  ")?;
            for byte in chunk {
                self.out.write_char(if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' })?;
            }
            self.out.write_char('\n')?;
        }
        Ok(())
    }
}

#[cfg(feature = "serde")]
mod json {
    use core::fmt;

    use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

    use super::{Describe, Fields, List, NUMBER_DIGITS, Printable, Value, Visitor, each_flag, write_lower};
    use crate::grammar::{HexBytes, Text, Wide, reserved};

    struct MapOut<M: SerializeMap> {
        map: M,
        // `Visitor` returns `fmt::Result`; the serializer's error is kept here.
        error: Option<M::Error>,
    }

    impl<M: SerializeMap> Visitor for MapOut<M> {
        fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
            self.map.serialize_entry(name, &value).map_err(|error| {
                self.error = Some(error);
                fmt::Error
            })
        }
    }

    impl Serialize for Fields<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut out = MapOut { map: serializer.serialize_map(None)?, error: None };
            match (self.0.describe(&mut out), out.error) {
                (Ok(()), _) => out.map.end(),
                (Err(_), Some(error)) => Err(error),
                (Err(fmt::Error), None) => Err(S::Error::custom("structure could not be described")),
            }
        }
    }

    struct Items<'a>(&'a dyn List);

    impl Serialize for Items<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut seq = serializer.serialize_seq(None)?;
            let mut error = None;
            let walked = self.0.each(&mut |item| {
                seq.serialize_element(&item).map_err(|found| {
                    error = Some(found);
                    fmt::Error
                })
            });
            match (walked, error) {
                (Ok(()), _) => seq.end(),
                (Err(_), Some(error)) => Err(error),
                (Err(fmt::Error), None) => Err(S::Error::custom("list could not be described")),
            }
        }
    }

    /// The names of a set's bits: lower case with underscores, or the bit in hex.
    struct Names(u64, fn(u64) -> Option<&'static str>);

    impl Serialize for Names {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(each_flag(self.0, self.1).map(|(bit, name)| FlagName(bit, name)))
        }
    }

    struct FlagName(u64, Option<&'static str>);

    impl fmt::Display for FlagName {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self.1 {
                Some(name) => {
                    // Few pieces: each is searched for characters that JSON escapes.
                    write_lower(f, name, b'_')
                }
                None => write!(f, "{:#x}", self.0),
            }
        }
    }

    impl Serialize for FlagName {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    /// A number of a field that has so many hex digits.
    struct Unsigned(u64, u8);

    impl Serialize for Unsigned {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match *self {
                Self(value, ..=NUMBER_DIGITS) => serializer.serialize_u64(value),
                Self(value, _) => Wide(value).serialize(serializer),
            }
        }
    }

    impl Serialize for Value<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match *self {
                Value::Number(value) => serializer.serialize_u64(value),
                Value::Count(value) => serializer.collect_str(&value),
                Value::Hex { value, digits } => Unsigned(value, digits).serialize(serializer),
                Value::Signed(value) => serializer.serialize_i64(value),
                Value::Code { value, name } => {
                    let mut map = serializer.serialize_map(None)?;
                    map.serialize_entry("value", &value)?;
                    match name {
                        Some(name) => map.serialize_entry("name", name)?,
                        None => map.serialize_entry("name", &Text(reserved(value)))?,
                    }
                    map.end()
                }
                Value::Flags { bits, digits, name } => {
                    let mut map = serializer.serialize_map(None)?;
                    map.serialize_entry("value", &Unsigned(bits, digits))?;
                    map.serialize_entry("names", &Names(bits, name))?;
                    map.end()
                }
                Value::Bool(value) => serializer.serialize_bool(value),
                Value::Text(bytes) => serializer.collect_str(&Printable(bytes)),
                Value::Own(value) => value.serialize(serializer),
                Value::Bytes(bytes) => serializer.collect_str(&HexBytes(bytes)),
                Value::Message(message) => serializer.collect_str(message),
                Value::Error(error) => error.serialize(serializer),
                Value::Group(group) => Fields(group).serialize(serializer),
                Value::List(list) => Items(list).serialize(serializer),
            }
        }
    }

    /// A set of flags: its map, or the bits alone in a binary format.
    pub(crate) fn serialize_flags<S: Serializer>(
        serializer: S,
        flags: &Value<'_>,
        bits: impl Serialize,
    ) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { flags.serialize(serializer) } else { bits.serialize(serializer) }
    }

    impl Serialize for dyn Describe + '_ {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            Fields(self).serialize(serializer)
        }
    }
}

#[cfg(feature = "serde")]
pub(crate) use json::serialize_flags;

/// Gives a described structure its text (`Display`) and its map (`Serialize`).
macro_rules! show_fields {
    ($($name:ident $(<$life:lifetime>)?),* $(,)?) => { $(
        impl $(<$life>)? core::fmt::Display for $name $(<$life>)? {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&$crate::fields::Fields(self), f)
            }
        }

        #[cfg(feature = "serde")]
        impl $(<$life>)? serde::Serialize for $name $(<$life>)? {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::fields::Fields(self).serialize(serializer)
            }
        }
    )* };
}

/// Tells that fields of a structure, described by hand, show every bit that they are stored in. The fields are those of
/// `self`, or of a structure at the start of bytes: `shows!(out, FanHeader in self.bytes, speed)`.
macro_rules! shows {
    ($out:ident, $name:ident in $bytes:expr, $($field:ident),*) => {
        $crate::fields::tell_shown(
            $bytes,
            const { &[$( (stringify!($field), $name::AT.$field.0, $name::AT.$field.end()) ),*] },
            $out,
        )
    };
    ($out:ident, $structure:expr, $($field:ident),*) => {
        $crate::fields::shows!($out, Self in zerocopy::IntoBytes::as_bytes($structure), $($field),*)
    };
}

pub(crate) use {show_fields, shows};
