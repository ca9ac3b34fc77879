//! What hardware registers inside sections have in common: fields of several bits beside flags, and sets of errors
//! of one bit each.

use core::fmt;

use crate::fields::{Value, Visitor};

/// Declares a register: a set of flags, with an accessor for each field of several bits.
///
/// `field: type as form = lowest bit, width;` where the type is a plain integer or an open value, and the form
/// `hex`, `number`, `named` or `message`. Bits that belong to no field are flags; reserved ones are kept.
macro_rules! register {
    (
        $(#[$meta:meta])*
        $name:ident: $raw:ident {
            $( $flag:ident = $bit:literal => $flag_text:literal, )*
        }
        fields {
            $( $field:ident: $plain:ident as $form:ident = $low:literal, $width:literal => $field_text:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name($raw);

        $crate::grammar::flag_members! {
            $name: $raw [!0]
            $( #[doc = $flag_text] #[doc = concat!("Bit ", $bit, ".")] $flag = 1 << $bit; )*
        }

        $crate::grammar::conversions!($name: $raw);
        $crate::grammar::any_number!($name: $raw);

        impl $name {
            /// Bits that belong to a field of several bits.
            const FIELDS: $raw = 0 $( | ((1 << $width) - 1) << $low )*;

            /// The single bits alone, reserved ones too: the register with all fields of several bits zero.
            #[must_use]
            pub const fn flags(self) -> Self {
                Self(self.0 & !Self::FIELDS)
            }

            $(
                #[doc = $field_text]
                #[doc = concat!($width, " bits, from bit ", $low, " on.")]
                pub const fn $field(self) -> $plain {
                    $crate::section::register::field!($plain, (self.0 >> $low) & ((1 << $width) - 1))
                }
            )*
        }

        /// Describes all bits: flags are what no field takes.
        impl $crate::fields::Describe for $name {
            fn describe(&self, out: &mut dyn $crate::fields::Visitor) -> core::fmt::Result {
                const FIELDS: &[$crate::section::register::Field] = &[$(
                    $crate::section::register::Field {
                        name: stringify!($field),
                        valid: 0,
                        low: $low,
                        width: $width,
                        shown: $crate::section::register::shown!($form, $plain),
                    },
                )*];
                $crate::section::register::describe(u64::from(self.0), FIELDS, out)?;
                out.field("flags", $crate::fields::Value::flags(self.flags()))
            }
        }

        $crate::fields::show_fields!($name);
    };
}

/// Declares a number whose bits are described field by field.
macro_rules! bits {
    ($(#[$meta:meta])* $name:ident: $raw:ident) => {
        $crate::grammar::hex_number! { $(#[$meta])* $name: $raw }
        $crate::fields::show_fields!($name);
    };
}

/// A field of some bits of a register.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// Its validity bit, in the same register; 0 where it is always valid.
    pub(crate) valid: u64,
    pub(crate) low: u32,
    pub(crate) width: u32,
    pub(crate) shown: Shown,
}

/// How a field is shown.
pub(crate) enum Shown {
    /// As a number in hex, of so many bytes.
    Hex(usize),
    /// As a number in decimal.
    Number,
    /// As yes or no.
    Flag,
    /// What is made of the number.
    Value(fn(u64) -> Value<'static>),
    /// A value with a text of its own, by a function that takes the field's name and number.
    Message(fn(&'static str, u64, &mut dyn Visitor) -> fmt::Result),
}

/// Describes the fields of a register that are valid.
pub(crate) fn describe(register: u64, fields: &[Field], out: &mut dyn Visitor) -> fmt::Result {
    for field in fields.iter().filter(|field| register & field.valid == field.valid) {
        let above = u64::MAX.checked_shl(field.width).unwrap_or(0);
        let number = register.checked_shr(field.low).unwrap_or(0) & !above;
        let value = match field.shown {
            Shown::Hex(size) => Value::Hex { value: number, digits: (size as u8).saturating_mul(2) },
            Shown::Number if field.width > 32 => Value::Count(number),
            Shown::Number => Value::Number(number),
            Shown::Flag => Value::Bool(number != 0),
            Shown::Value(value) => value(number),
            Shown::Message(describe) => {
                describe(field.name, number, out)?;
                continue;
            }
        };
        out.field(field.name, value)?;
    }
    Ok(())
}

/// The bits of a register's field as what it is told as.
macro_rules! field {
    (u8, $bits:expr) => {
        ($bits) as u8
    };
    (u16, $bits:expr) => {
        ($bits) as u16
    };
    (u32, $bits:expr) => {
        ($bits) as u32
    };
    (u64, $bits:expr) => {
        ($bits) as u64
    };
    ($open:ident, $bits:expr) => {
        $open::new(($bits) as _)
    };
}

/// How a field of this form and type is shown.
macro_rules! shown {
    (hex, $plain:ident) => {
        $crate::section::register::Shown::Hex(size_of::<$plain>())
    };
    (number, $plain:ident) => {
        $crate::section::register::Shown::Number
    };
    (flag, $plain:ident) => {
        $crate::section::register::Shown::Flag
    };
    (named, $plain:ident) => {
        $crate::section::register::Shown::Value(|number| $plain::new(number as _).into())
    };
    (message, $plain:ident) => {
        $crate::section::register::Shown::Message(|name, number, out| {
            out.field(name, $crate::fields::Value::Message(&$plain::new(number as _)))
        })
    };
}

/// Declares a register in which each bit is an error: the set of them, the error a bit stands for, with the
/// specification's name and the one Linux prints, and the way from the set to its errors.
macro_rules! error_bits {
    (
        $(#[$set_meta:meta])* set $set:ident;
        $(#[$error_meta:meta])* error $error:ident;
        $( $konst:ident = $bit:literal => $text:literal, $short:literal, )*
    ) => {
        $crate::open_value::flag_set! {
            $(#[$set_meta])*
            pub struct $set: u32 {
                $( #[doc = concat!($text, ".")] const $konst = 1 << $bit; )*
                const _ = !0;
            }
        }

        $crate::open_value::open_value! {
            $(#[$error_meta])*
            $error: u8 {
                $( $konst = $bit => $text, )*
            }
        }

        impl $set {
            /// The errors in the set, lowest bit first, reserved ones too.
            pub fn errors(self) -> impl Iterator<Item = $error> + Clone {
                (0..32).map($error::new).filter(move |error| self.contains(error.bit()))
            }
        }

        impl $error {
            /// The short name that Linux prints; `None` for a reserved bit.
            pub const fn short_name(self) -> Option<&'static str> {
                match self.raw() {
                    $( $bit => Some($short), )*
                    _ => None,
                }
            }

            /// The set of this error alone; empty for a number past the register's 32 bits.
            pub const fn bit(self) -> $set {
                match 1u32.checked_shl(self.raw() as u32) {
                    Some(bits) => $set::from_bits_retain(bits),
                    None => $set::empty(),
                }
            }
        }
    };
}

pub(crate) use {bits, error_bits, field, register, shown};
