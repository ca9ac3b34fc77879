//! What the error structures of the x86 and Arm processor sections have in common: 64 bits of which the low 16 say
//! which of the others hold a value.

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

/// Declares a number of such 64 bits: for each field a reader that gives `None` when its validity bit is clear, a
/// writer that sets value and bit together, and the type's [`Describe`](crate::fields::Describe).
///
/// `name / with_name: type as form, valid BIT, bits HIGH:LOW;` where the form is `named` (an open value), `flag`,
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
        $crate::section::register::bits! { $(#[$meta])* $name: u64 }

        impl $name {
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

        impl $crate::fields::Describe for $name {
            fn describe(&self, out: &mut dyn $crate::fields::Visitor) -> core::fmt::Result {
                const FIELDS: &[$crate::section::register::Field] = &[$(
                    $crate::section::register::Field {
                        name: stringify!($field),
                        valid: 1 << $valid,
                        low: $low,
                        width: $high - $low + 1,
                        shown: $crate::section::register::shown!($form, $plain),
                    },
                )*];
                $crate::section::register::describe(self.0, FIELDS, out)
            }
        }
    };
}

/// The value that a field's bits mean.
macro_rules! from_bits {
    ($plain:ident as named, $bits:expr) => {
        $plain::new($bits as u8)
    };
    ($plain:ident as flag, $bits:expr) => {
        $bits != 0
    };
    ($plain:ident as $form:ident, $bits:expr) => {
        $bits as $plain
    };
}

/// The bits that mean a value.
macro_rules! to_bits {
    (named, $value:expr) => {
        $value.raw() as u64
    };
    ($form:ident, $value:expr) => {
        $value as u64
    };
}

pub(crate) use {check_bits, from_bits, to_bits};
