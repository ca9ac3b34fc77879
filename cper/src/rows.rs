//! How the fields of a `structure!` are described: each by a row of data, all by one function. Rows compile faster than
//! code for each field.

use core::fmt::{self, Display};

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::fields::{Describe, List, Stored, Value, Visitor, describe_copy, text_tells};
use crate::stored::{made, number, of_bytes};

/// A field of the table.
pub(crate) struct Row {
    /// The field's name.
    pub(crate) name: &'static str,
    /// The name that its value is described by.
    pub(crate) called: &'static str,
    /// Offset in the structure.
    pub(crate) at: usize,
    /// Size in bytes.
    pub(crate) size: usize,
    /// Its validity bit; 0 where it is always valid.
    pub(crate) valid: u64,
    pub(crate) form: Form,
}

/// The form that a field is shown in.
pub(crate) enum Form {
    /// Not shown: reserved, or described by hand.
    Hidden,
    /// A number in hex.
    Hex,
    /// A number in decimal.
    Number,
    /// Text that a NUL ends.
    Text,
    /// Raw bytes.
    Bytes,
    /// What is made of the number: a named value, or flags.
    Made(fn(u64) -> Value<'static>),
    /// Anything else, by a function that takes the field's name and its bytes.
    By(fn(&'static str, &[u8], &mut dyn Visitor) -> fmt::Result),
}

/// Describes the fields that are present, in the order of the table; `valid` are the validity bits.
pub(crate) fn describe_rows(bytes: &[u8], valid: u64, rows: &[Row], out: &mut dyn Visitor) -> fmt::Result {
    for row in rows {
        let rest = bytes.get(row.at..).unwrap_or_default();
        let stored = rest.get(..row.size).unwrap_or(rest);
        if row.valid != 0 && (valid & row.valid == 0 || stored.len() != row.size) {
            out.stored(row.name, stored, Stored::NotValid);
            continue;
        }
        let (how, value) = match row.form {
            Form::Hidden => {
                out.stored(row.name, stored, Stored::NotShown);
                continue;
            }
            Form::By(describe) => {
                describe(row.called, stored, out)?;
                continue;
            }
            Form::Hex => (Stored::Shown, hex(stored)),
            Form::Number => (Stored::Shown, decimal(stored)),
            Form::Text => (text_tells(stored), Value::Text(stored)),
            Form::Bytes => (Stored::Shown, Value::Bytes(stored)),
            Form::Made(value) => (Stored::Shown, value(number(stored))),
        };
        out.stored(row.called, stored, how);
        out.field(row.called, value)?;
    }
    Ok(())
}

/// A number in hex, with all its digits.
pub(crate) fn hex(stored: &[u8]) -> Value<'static> {
    Value::Hex { value: number(stored), digits: (stored.len() as u8).saturating_mul(2) }
}

/// A number in decimal.
pub(crate) fn decimal(stored: &[u8]) -> Value<'static> {
    match stored.len() {
        ..=4 => Value::Number(number(stored)),
        _ => Value::Count(number(stored)),
    }
}

/// A value that has a name.
pub(crate) fn named<N: TryFrom<u64> + Default, T: From<N> + Into<Value<'static>>>(
    number: u64,
) -> Value<'static> {
    made::<N, T>(number).into()
}

/// Flags.
pub(crate) fn flags<N: TryFrom<u64> + Default, T: From<N> + bitflags::Flags<Bits: Into<u64>> + Copy>(
    number: u64,
) -> Value<'static> {
    Value::flags(made::<N, T>(number))
}

/// A value that is stored as itself and has a name.
pub(crate) fn own_named<T: FromBytes + IntoBytes + Into<Value<'static>>>(
    name: &'static str,
    stored: &[u8],
    out: &mut dyn Visitor,
) -> fmt::Result {
    let value: Value<'_> = of_bytes::<T>(stored).into();
    out.stored(name, stored, value.tells());
    out.field(name, value)
}

/// A structure inside this one, described from a copy.
pub(crate) fn group<T: FromBytes + IntoBytes + Immutable + Describe>(
    name: &'static str,
    stored: &[u8],
    out: &mut dyn Visitor,
) -> fmt::Result {
    describe_copy(name, stored, &of_bytes::<T>(stored), out)
}

/// A register, whose fields and flags show all its bits.
pub(crate) fn register<N: TryFrom<u64> + Default, T: From<N> + Describe>(
    name: &'static str,
    stored: &[u8],
    out: &mut dyn Visitor,
) -> fmt::Result {
    out.stored(name, stored, Stored::Shown);
    out.field(name, Value::Group(&made::<N, T>(number(stored))))
}

/// A number with a text of its own, which shows all its bits.
pub(crate) fn number_message<N: TryFrom<u64> + Default, T: From<N> + Display>(
    name: &'static str,
    stored: &[u8],
    out: &mut dyn Visitor,
) -> fmt::Result {
    out.stored(name, stored, Stored::Shown);
    out.field(name, Value::Message(&made::<N, T>(number(stored))))
}

/// A structure inside this one, described where it is stored.
pub(crate) fn part(
    name: &'static str,
    stored: &[u8],
    part: Option<&dyn Describe>,
    out: &mut dyn Visitor,
) -> fmt::Result {
    out.stored(name, stored, Stored::NotShown);
    part.map_or(Ok(()), |part| out.field(name, Value::Group(part)))
}

/// A value with a text of its own.
pub(crate) fn message<T: FromBytes + IntoBytes + Display>(
    name: &'static str,
    stored: &[u8],
    out: &mut dyn Visitor,
) -> fmt::Result {
    out.stored(name, stored, Stored::NotShown);
    out.field(name, Value::Message(&of_bytes::<T>(stored)))
}

/// Numbers of the same size, as a list.
pub(crate) struct Numbers<'a> {
    pub(crate) stored: &'a [u8],
    pub(crate) size: usize,
    pub(crate) form: fn(&[u8]) -> Value<'static>,
}

impl List for Numbers<'_> {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> fmt::Result) -> fmt::Result {
        self.stored.chunks(self.size).try_for_each(|stored| item((self.form)(stored)))
    }
}

/// The form of a field, by its name and the field's type.
macro_rules! form {
    ([] $type:tt) => {
        $crate::rows::Form::Hidden
    };
    ([hex] $type:tt) => {
        $crate::rows::Form::Hex
    };
    ([number] $type:tt) => {
        $crate::rows::Form::Number
    };
    ([text] $type:tt) => {
        $crate::rows::Form::Text
    };
    ([bytes] $type:tt) => {
        $crate::rows::Form::Bytes
    };
    ([named] ($bits:tt $of:ident)) => {
        $crate::rows::Form::Made($crate::rows::named::<$bits, $of>)
    };
    ([named] $type:tt) => {
        $crate::rows::Form::By($crate::rows::own_named::<$type>)
    };
    ([flags] ($bits:tt $of:ident)) => {
        $crate::rows::Form::Made($crate::rows::flags::<$bits, $of>)
    };
    ([group] ($bits:tt $of:ident)) => {
        $crate::rows::Form::By($crate::rows::register::<$bits, $of>)
    };
    ([group] $type:tt) => {
        $crate::rows::Form::By($crate::rows::group::<$type>)
    };
    ([part] $type:tt) => {
        $crate::rows::Form::By(|name, stored, out| {
            let found = <$type>::first(stored);
            $crate::rows::part(name, stored, found.map(|(found, _)| found as _), out)
        })
    };
    ([message] ($bits:tt $of:ident)) => {
        $crate::rows::Form::By($crate::rows::number_message::<$bits, $of>)
    };
    ([message] $type:tt) => {
        $crate::rows::Form::By($crate::rows::message::<$type>)
    };
    ([words] [$number:tt; $count:literal]) => {
        $crate::rows::form!([hex] list of $number)
    };
    ([numbers] [$number:tt; $count:literal]) => {
        $crate::rows::form!([decimal] list of $number)
    };
    ([$form:ident] list of $number:tt) => {
        $crate::rows::Form::By(|name, stored, out| {
            let list = $crate::rows::Numbers { stored, size: size_of::<$number>(), form: $crate::rows::$form };
            $crate::fields::describe_whole(name, stored, $crate::fields::Value::List(&list), out)
        })
    };
    ([dwords] [u32; $count:literal]) => {
        $crate::rows::Form::By(|name, stored, out| {
            let dwords = $crate::stored::dwords::<$count>(stored);
            let dwords = $crate::fields::Dwords(&dwords);
            $crate::fields::describe_whole(name, stored, $crate::fields::Value::Message(&dwords), out)
        })
    };
}

/// The name that a field is described by.
macro_rules! called {
    ($field:ident []) => {
        stringify!($field)
    };
    ($field:ident [$called:literal]) => {
        $called
    };
}

/// The validity bit of a field.
macro_rules! valid {
    ([] $flags:tt) => {
        0
    };
    ([$raw:ident $flag:ident] [$flags:ident]) => {
        $flags::$flag.bits() as u64
    };
}

/// The validity bits of a structure.
macro_rules! valid_bits {
    ($self:ident []) => {
        0
    };
    ($self:ident [$flags:ident]) => {
        u64::from($self.validation().bits())
    };
}

pub(crate) use {called, form, valid, valid_bits};
