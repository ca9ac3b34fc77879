//! Open values of this crate: those of the [grammar](crate::grammar), which are values of described fields too, open
//! GUIDs, and flags whose constants' names are the names of the bits.

/// Declares an open value of the grammar that a described field can hold.
macro_rules! open_value {
    ($(#[$meta:meta])* $name:ident: $raw:ident { $($values:tt)* }) => {
        $crate::grammar::open_value! { $(#[$meta])* $name: $raw { $($values)* } }

        impl From<$name> for $crate::fields::Value<'_> {
            #[inline]
            fn from(value: $name) -> Self {
                Self::Code { value: value.0 as u64, name: value.name() }
            }
        }
    };
}

/// Declares an open value whose number is a GUID.
macro_rules! open_guid {
    (
        $(#[$meta:meta])*
        $name:ident {
            $( $(#[$value_meta:meta])* $konst:ident = $value:literal => $text:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default,
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout, zerocopy::Unaligned,
        )]
        #[repr(transparent)]
        pub struct $name($crate::Guid);

        impl $name {
            $( $(#[$value_meta])* #[doc = concat!("`", $value, "`: ", $text, ".")] pub const $konst: Self = Self::parse_const($value); )*

            /// The value with this GUID, named or not.
            pub const fn new(raw: $crate::Guid) -> Self {
                Self(raw)
            }

            /// The value whose GUID has this text, for constants.
            ///
            /// # Panics
            /// When the text is not a GUID: at compile time in a constant.
            pub const fn parse_const(text: &str) -> Self {
                Self($crate::Guid::parse_const(text))
            }

            /// The GUID on the wire.
            pub const fn raw(self) -> $crate::Guid {
                self.0
            }

            /// Every named value, in the order of the table.
            pub const ALL: &'static [(Self, &'static str)] = &[ $( (Self::$konst, $text), )* ];

            /// The name of the value; `None` for one this crate does not know.
            pub fn name(self) -> Option<&'static str> {
                Self::ALL.iter().find(|(known, _)| *known == self).map(|(_, name)| *name)
            }
        }

        impl From<$crate::Guid> for $name {
            #[inline]
            fn from(raw: $crate::Guid) -> Self {
                Self::new(raw)
            }
        }

        impl From<$name> for $crate::Guid {
            #[inline]
            fn from(value: $name) -> Self {
                value.raw()
            }
        }

        impl From<$name> for $crate::fields::Value<'_> {
            #[inline]
            fn from(value: $name) -> Self {
                $crate::fields::OwnValue::NamedGuid { value: value.raw(), name: value.name() }.into()
            }
        }

        /// Reads the text of a GUID, not a name.
        impl core::str::FromStr for $name {
            type Err = $crate::Error;

            #[inline]
            fn from_str(text: &str) -> Result<Self, $crate::Error> {
                text.parse().map(Self::new)
            }
        }

        /// The name, or the GUID.
        impl core::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => core::fmt::Display::fmt(&self.0, f),
                }
            }
        }

        /// The GUID, and the name if it has one.
        impl core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, concat!(stringify!($name), "({}: {})"), self.0, name),
                    None => write!(f, concat!(stringify!($name), "({})"), self.0),
                }
            }
        }

        /// Compares the GUID.
        impl PartialEq<$crate::Guid> for $name {
            #[inline]
            fn eq(&self, other: &$crate::Guid) -> bool {
                self.0 == *other
            }
        }

        /// `{"guid": "…", "name": "…"}`, the name of an unknown one is its GUID; the 16 bytes in a binary format.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::grammar::serialize_named(serializer, ("guid", &self.raw()), ("name", self))
            }
        }

        /// Reads `guid`; a name beside it is passed over.
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::grammar::deserialize_named(deserializer, "guid").map(Self::new)
            }
        }

        /// Any GUID.
        #[cfg(feature = "arbitrary")]
        impl<'a> arbitrary::Arbitrary<'a> for $name {
            fn arbitrary(choices: &mut arbitrary::Unstructured<'a>) -> arbitrary::Result<Self> {
                $crate::grammar::any_bytes(choices)
            }
        }
    };
}

/// Declares flags, written as `bitflags!` has them, with the members that flags of the [grammar](crate::grammar) have. A
/// bit is called as its constant is.
macro_rules! flag_set {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident: $raw:ident {
            $( $(#[$($flag_meta:tt)*])* const $flag:ident = 1 << $bit:literal; )*
            $( const _ = $kept:expr; )?
        }
    )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name($raw);

        $crate::grammar::flag_members! {
            $name: $raw [$($kept)?]
            $( $(#[$($flag_meta)*])* #[doc = concat!("Bit ", $bit, ".")] $flag = 1 << $bit; )*
        }

        $crate::grammar::conversions!($name: $raw);

        /// The names of the bits that are set: `overflow, 0x80`; `none` when no bit is.
        impl core::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::fields::write_flags(self.0 as u64, $crate::fields::flag_name::<Self>, f)
            }
        }

        /// `{"value": 3, "names": ["…"]}`; the bits alone in a binary format.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::fields::serialize_flags(serializer, &$crate::fields::Value::flags(*self), self.0)
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
    )* };
}

pub(crate) use {flag_set, open_guid, open_value};

#[cfg(test)]
mod tests {
    extern crate std;
    use std::{format, string::ToString};

    const MEMORY: &str = "a5bc1114-6f64-4ede-b863-3e83ed7c83b1";

    #[cfg(feature = "serde")]
    use core::fmt::Debug;
    #[cfg(feature = "serde")]
    use serde::{Serialize, de::DeserializeOwned};

    #[cfg(feature = "serde")]
    use crate::section::PciAddress;
    use crate::section::{MemoryErrorType, MemoryValidation};
    use crate::{Guid, SectionTypeId};

    #[test]
    fn an_open_value_converts_and_compares_by_its_number() {
        assert_eq!(MemoryErrorType::from(8), MemoryErrorType::PARITY);
        assert_eq!(u8::from(MemoryErrorType::PARITY), 8);
        assert!(MemoryErrorType::PARITY < MemoryErrorType::new(200));
    }

    #[test]
    fn an_open_guid_converts_compares_and_prints() {
        let (known, unknown) = (SectionTypeId::MEMORY, SectionTypeId::new(Guid::from_bytes([7; 16])));
        assert_eq!((MEMORY.parse(), SectionTypeId::from(known.raw())), (Ok(known), known));
        assert_eq!(unknown, Guid::from_bytes([7; 16]));
        assert_eq!(Guid::from(unknown), Guid::from_bytes([7; 16]));
        assert!(unknown < known && "memory error".parse::<SectionTypeId>().is_err());
        assert_eq!(format!("{known:?}"), format!("SectionTypeId({MEMORY}: memory error)"));
        assert_eq!(format!("{unknown:?}"), format!("SectionTypeId({unknown})"));
        assert_eq!(
            (known.to_string(), unknown.to_string()),
            ("memory error".into(), Guid::from_bytes([7; 16]).to_string())
        );
    }

    #[test]
    fn flags_are_called_as_their_constants_are() {
        let validation = MemoryValidation::ERROR_STATUS | MemoryValidation::new(1 << 63);
        assert_eq!(validation.to_string(), "error status, 0x8000000000000000");
        assert_eq!(MemoryValidation::default().to_string(), "none");
        assert_eq!(u64::from(MemoryValidation::new(1 << 63)), 1 << 63);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn flags_and_guids_are_read_from_what_they_are_written_as() {
        fn both<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, json: &serde_json::Value) {
            assert_eq!(serde_json::to_value(value).unwrap(), *json);
            assert_eq!(serde_json::from_value::<T>(json.clone()).unwrap(), *value);
        }
        both(&Guid::from(SectionTypeId::MEMORY), &serde_json::json!(MEMORY));
        both(&SectionTypeId::MEMORY, &serde_json::json!({"guid": MEMORY, "name": "memory error"}));
        let unknown = "00000000-0000-0000-0000-000000000001";
        both(
            &unknown.parse::<SectionTypeId>().unwrap(),
            &serde_json::json!({"guid": unknown, "name": unknown}),
        );
        both(&MemoryValidation::NODE, &serde_json::json!({"value": "0x0000000000000008", "names": ["node"]}));
        both(
            &MemoryValidation::new(1 << 63),
            &serde_json::json!({"value": "0x8000000000000000", "names": ["0x8000000000000000"]}),
        );
        let address = PciAddress::new(0, 0x3b, 0, 1);
        both(&address, &serde_json::json!("0000:3b:00.1"));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn an_open_value_is_read_from_what_it_is_written_as() {
        for (value, json) in [
            (MemoryErrorType::PARITY, serde_json::json!({"value": 8, "name": "parity error"})),
            (MemoryErrorType::new(200), serde_json::json!({"value": 200, "name": "reserved (200)"})),
        ] {
            assert_eq!(serde_json::to_value(value).unwrap(), json);
            assert_eq!(serde_json::from_value::<MemoryErrorType>(json).unwrap(), value);
        }
        assert!(serde_json::from_value::<MemoryErrorType>(serde_json::json!({"value": 256})).is_err());
    }
}
