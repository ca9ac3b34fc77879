//! What hardware registers inside sections have in common: fields of several bits beside flags, and sets of errors
//! of one bit each.

/// Declares a register: a newtype over its little-endian wire integer, with an accessor for each field of several
/// bits, and a flag set for its single bits.
///
/// `field: type as form = lowest bit, width;` where the type is a plain integer or an open value, and the form
/// `hex`, `number`, `named` or `message`. Bits that belong to no field are flags; reserved ones are kept.
macro_rules! register {
    (
        $(#[$meta:meta])*
        $name:ident: $raw:ident in $wire:ident, flags $flags:ident {
            $( $flag:ident = $bit:literal => $flag_text:literal, )*
        }
        fields {
            $( $field:ident: $plain:ident as $form:ident = $low:literal, $width:literal => $field_text:literal, )*
        }
    ) => {
        $crate::open_value::flag_set! {
            #[doc = concat!("Single bits of [`", stringify!($name), "`].")]
            pub struct $flags: $raw {
                $( #[doc = $flag_text] const $flag = 1 << $bit; )*
                const _ = !$name::FIELDS;
            }
        }

        $(#[$meta])*
        #[derive(
            Clone, Copy, PartialEq, Eq, Hash, Default,
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout, zerocopy::Unaligned,
        )]
        #[repr(transparent)]
        pub struct $name(zerocopy::little_endian::$wire);

        impl $name {
            /// Bits that belong to a field of several bits.
            const FIELDS: $raw = 0 $( | ((1 << $width) - 1) << $low )*;

            /// The register with this value.
            pub const fn new(raw: $raw) -> Self {
                Self(zerocopy::little_endian::$wire::new(raw))
            }

            /// All bits.
            pub const fn raw(self) -> $raw {
                self.0.get()
            }

            /// The single bits; reserved ones are kept.
            pub const fn flags(self) -> $flags {
                $flags::from_bits_retain(self.raw() & !Self::FIELDS)
            }

            $(
                #[doc = $field_text]
                #[doc = concat!($width, " bits, from bit ", $low, " on.")]
                pub const fn $field(self) -> $plain {
                    $crate::section::register::field!($plain, (self.raw() >> $low) & ((1 << $width) - 1))
                }
            )*
        }

        $crate::grammar::conversions!($name: $raw);
        $crate::grammar::any_number!($name: $raw);

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x})"), self.raw())
            }
        }

        impl $crate::fields::Describe for $name {
            fn describe(&self, out: &mut dyn $crate::fields::Visitor) -> core::fmt::Result {
                // Flags are what no field takes.
                out.stored("register", zerocopy::IntoBytes::as_bytes(self), $crate::fields::Stored::Shown);
                $( out.field(stringify!($field), $crate::section::register::shown!($form, self.$field()))?; )*
                out.field("flags", $crate::fields::Value::flags(self.flags()))
            }
        }

        $crate::fields::show_fields!($name);
    };
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

/// The value of a field in the form it is shown in.
macro_rules! shown {
    (hex, $value:expr) => {
        $crate::fields::Value::hex($value)
    };
    (number, $value:expr) => {
        $crate::fields::Value::number($value)
    };
    (message, $value:expr) => {
        $crate::fields::Value::Message(&$value)
    };
    ($other:ident, $value:expr) => {
        $crate::fields::Value::from($value)
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

pub(crate) use {error_bits, field, register, shown};
