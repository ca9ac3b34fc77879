//! Open values: a number on the wire, names for the values the specification gives, and no value refused.

/// Declares a newtype over the little-endian bytes of a number, with constants, names and lossless access.
///
/// A Rust `enum` cannot stand in a wire structure: a byte that no variant names would be undefined behaviour.
macro_rules! open_value {
    (
        $(#[$meta:meta])*
        $name:ident: $raw:ident {
            $( $(#[$value_meta:meta])* $konst:ident = $value:literal => $text:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, PartialEq, Eq, Hash, Default,
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout, zerocopy::Unaligned,
        )]
        #[repr(transparent)]
        pub struct $name([u8; ($raw::BITS / 8) as usize]);

        impl $name {
            $( $(#[$value_meta])* #[doc = concat!("`", stringify!($value), "`: ", $text, ".")] pub const $konst: Self = Self::new($value); )*

            /// The value with this number, named or not.
            pub const fn new(raw: $raw) -> Self {
                Self(raw.to_le_bytes())
            }

            /// The number on the wire.
            pub const fn raw(self) -> $raw {
                $raw::from_le_bytes(self.0)
            }

            /// The specification's name of the value; `None` for a reserved one.
            pub const fn name(self) -> Option<&'static str> {
                match self.raw() {
                    $( $value => Some($text), )*
                    _ => None,
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, "reserved ({})", self.raw()),
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, concat!(stringify!($name), "({}: {})"), self.raw(), name),
                    None => write!(f, concat!(stringify!($name), "({})"), self.raw()),
                }
            }
        }

        impl From<$name> for $crate::fields::Value<'_> {
            fn from(value: $name) -> Self {
                Self::Code { value: u64::from(value.raw()), name: value.name() }
            }
        }
    };
}

/// Declares a newtype over a GUID, with constants, names and lossless access.
macro_rules! open_guid {
    (
        $(#[$meta:meta])*
        $name:ident {
            $( $(#[$value_meta:meta])* $konst:ident = $value:literal => $text:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, Default,
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout, zerocopy::Unaligned,
        )]
        #[repr(transparent)]
        pub struct $name(pub(crate) $crate::Guid);

        impl $name {
            $( $(#[$value_meta])* #[doc = concat!("`", $value, "`: ", $text, ".")] pub const $konst: Self = Self($crate::Guid::parse_const($value)); )*

            /// The value with this GUID, named or not.
            pub const fn new(guid: $crate::Guid) -> Self {
                Self(guid)
            }

            /// The GUID on the wire.
            pub const fn guid(self) -> $crate::Guid {
                self.0
            }

            /// Every named value, in the order of the table.
            pub const ALL: &'static [(Self, &'static str)] = &[ $( (Self::$konst, $text), )* ];

            /// The name of the value; `None` for one this crate does not know.
            pub fn name(self) -> Option<&'static str> {
                Self::ALL.iter().find(|(known, _)| *known == self).map(|(_, name)| *name)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => core::fmt::Display::fmt(&self.0, f),
                }
            }
        }

        impl From<$name> for $crate::fields::Value<'_> {
            fn from(value: $name) -> Self {
                Self::NamedGuid { value: value.0, name: value.name() }
            }
        }

        impl From<$crate::Guid> for $name {
            fn from(guid: $crate::Guid) -> Self {
                Self(guid)
            }
        }
    };
}

pub(crate) use {open_guid, open_value};
