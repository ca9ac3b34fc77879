//! What the error structures of the x86 and Arm processor sections have in common: 64 bits of which the low 16 say
//! which of the others hold a value.

use core::fmt;

use crate::fields::{Value, Visitor};
use crate::open_value::open_value;

open_value! {
    /// What was accessed when a cache, TLB or bus failed.
    TransactionType: u8 {
        INSTRUCTION = 0 => "instruction",
        DATA_ACCESS = 1 => "data access",
        GENERIC = 2 => "generic",
    }
}

open_value! {
    /// Operation during which a bus, or a TLB of an x86 processor, failed.
    AccessOperation: u8 {
        GENERIC_ERROR = 0 => "generic error",
        GENERIC_READ = 1 => "generic read",
        GENERIC_WRITE = 2 => "generic write",
        DATA_READ = 3 => "data read",
        DATA_WRITE = 4 => "data write",
        INSTRUCTION_FETCH = 5 => "instruction fetch",
        PREFETCH = 6 => "prefetch",
    }
}

open_value! {
    /// The processor's part in a bus error.
    ParticipationType: u8 {
        ORIGINATED = 0 => "local processor originated request",
        RESPONDED = 1 => "local processor responded to request",
        OBSERVED = 2 => "local processor observed",
        GENERIC = 3 => "generic",
    }
}

/// A field of such 64 bits.
pub(crate) struct CheckField {
    pub(crate) name: &'static str,
    /// The place of its validity bit.
    pub(crate) valid: u8,
    /// The place of its lowest bit.
    pub(crate) low: u8,
    /// Its bits, when the lowest is at place 0.
    pub(crate) mask: u64,
    /// What it is described by.
    pub(crate) value: fn(u64) -> Value<'static>,
}

/// Describes the fields that hold a value.
pub(crate) fn describe_bits(bits: u64, out: &mut dyn Visitor, fields: &[CheckField]) -> fmt::Result {
    for field in fields {
        if bits >> field.valid & 1 != 0 {
            out.field(field.name, (field.value)(bits >> field.low & field.mask))?;
        }
    }
    Ok(())
}

/// A field of one bit.
pub(crate) fn flag(bits: u64) -> Value<'static> {
    Value::Bool(bits != 0)
}

/// Declares a newtype over such 64 bits: for each field a reader that gives `None` when its validity bit is clear, a
/// writer that sets value and bit together, and the type's [`Describe`](crate::fields::Describe).
///
/// `name / with_name: type as form, valid BIT, bits HIGH:LOW;` where the form is `code` (an open value), `flag`,
/// `number` or `hex`.
macro_rules! check_bits {
    (
        $(#[$meta:meta])*
        $name:ident {
            $(
                $(#[$field_meta:meta])*
                $field:ident / $with:ident: $plain:ident as $form:ident,
                valid $valid:literal, bits $high:literal : $low:literal;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
        pub struct $name(u64);

        impl $name {
            /// The structure with these bits; 0 has no valid field.
            pub const fn new(raw: u64) -> Self {
                Self(raw)
            }

            /// All 64 bits.
            pub const fn raw(self) -> u64 {
                self.0
            }

            $(
                $(#[$field_meta])*
                ///
                #[doc = concat!("From bit ", $low, " on. `None` when its validity bit, bit ", $valid, ", is clear.")]
                pub const fn $field(self) -> Option<$plain> {
                    const MASK: u64 = u64::MAX >> (63 - ($high - $low));
                    if self.0 >> $valid & 1 == 0 {
                        return None;
                    }
                    Some($crate::section::check_info::from_bits!($plain as $form, self.0 >> $low & MASK))
                }

                $(#[$field_meta])*
                ///
                /// Sets the value and its validity bit; bits that the field has no room for are dropped.
                #[must_use]
                pub const fn $with(self, value: $plain) -> Self {
                    const MASK: u64 = u64::MAX >> (63 - ($high - $low));
                    let bits = $crate::section::check_info::to_bits!($form, value) & MASK;
                    Self(self.0 & !(MASK << $low) | bits << $low | 1 << $valid)
                }
            )*
        }

        $crate::grammar::conversions!($name: u64);

        impl $crate::fields::Describe for $name {
            fn describe(&self, out: &mut dyn $crate::fields::Visitor) -> core::fmt::Result {
                $crate::section::check_info::describe_bits(self.0, out, &[$(
                    $crate::section::check_info::CheckField {
                        name: stringify!($field),
                        valid: $valid,
                        low: $low,
                        mask: u64::MAX >> (63 - ($high - $low)),
                        value: $crate::section::check_info::told!($plain as $form),
                    },
                )*])
            }
        }

        $crate::fields::show_fields!($name);
    };
}

/// The value that a field's bits mean.
macro_rules! from_bits {
    ($plain:ident as code, $bits:expr) => {
        $plain::new($bits as u8)
    };
    ($plain:ident as flag, $bits:expr) => {
        $bits != 0
    };
    ($plain:ident as $form:ident, $bits:expr) => {
        $bits as $plain
    };
}

/// What a field is described by.
macro_rules! told {
    ($plain:ident as code) => {
        $crate::rows::named::<u8, $plain>
    };
    ($plain:ident as flag) => {
        $crate::section::check_info::flag
    };
    ($plain:ident as $form:ident) => {
        |bits| $crate::fields::Value::$form(bits as $plain)
    };
}

/// The bits that mean a value.
macro_rules! to_bits {
    (code, $value:expr) => {
        $value.raw() as u64
    };
    ($form:ident, $value:expr) => {
        $value as u64
    };
}

pub(crate) use {check_bits, from_bits, to_bits, told};
