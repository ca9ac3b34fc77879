//! Open values of this crate: those of the [grammar](crate::grammar), which are values of described fields too, and
//! open GUIDs.

/// Declares an open value of the grammar that a described field can hold.
macro_rules! open_value {
    ($(#[$meta:meta])* $name:ident: $raw:ident { $($values:tt)* }) => {
        $crate::grammar::open_value! { $(#[$meta])* $name: $raw { $($values)* } }

        impl From<$name> for $crate::fields::Value<'_> {
            fn from(value: $name) -> Self {
                Self::Code { value: u64::from(value.raw()), name: value.name() }
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
            fn from(raw: $crate::Guid) -> Self {
                Self::new(raw)
            }
        }

        impl From<$name> for $crate::Guid {
            fn from(value: $name) -> Self {
                value.raw()
            }
        }

        impl From<$name> for $crate::fields::Value<'_> {
            fn from(value: $name) -> Self {
                Self::NamedGuid { value: value.raw(), name: value.name() }
            }
        }

        /// Reads the text of a GUID, not a name.
        impl core::str::FromStr for $name {
            type Err = $crate::Error;

            fn from_str(text: &str) -> Result<Self, $crate::Error> {
                text.parse().map(Self::new)
            }
        }

        /// The name, or the GUID.
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => core::fmt::Display::fmt(&self.0, f),
                }
            }
        }

        /// The GUID, and the name if it has one.
        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, concat!(stringify!($name), "({}: {})"), self.0, name),
                    None => write!(f, concat!(stringify!($name), "({})"), self.0),
                }
            }
        }

        /// `{"guid": "…", "name": "…"}`, without `name` for a GUID without one; the GUID alone in a binary format.
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::guid::serialize_named(serializer, self.raw(), self.name())
            }
        }

        /// Reads `guid`; a name beside it is passed over.
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::guid::deserialize_named(deserializer).map(Self::new)
            }
        }
    };
}

pub(crate) use {open_guid, open_value};

#[cfg(test)]
mod tests {
    extern crate std;
    use crate::section::MemoryErrorType;
    use crate::{Guid, SectionTypeId};
    use std::{format, string::ToString};

    const MEMORY: &str = "a5bc1114-6f64-4ede-b863-3e83ed7c83b1";

    #[test]
    fn an_open_guid_converts_compares_and_prints() {
        let (known, unknown) = (SectionTypeId::MEMORY, SectionTypeId::new(Guid([7; 16])));
        assert_eq!((MEMORY.parse(), SectionTypeId::from(known.raw())), (Ok(known), known));
        assert_eq!(Guid::from(unknown), Guid([7; 16]));
        assert!(unknown < known && "memory error".parse::<SectionTypeId>().is_err());
        assert_eq!(format!("{known:?}"), format!("SectionTypeId({MEMORY}: memory error)"));
        assert_eq!(format!("{unknown:?}"), format!("SectionTypeId({unknown})"));
        assert_eq!(
            (known.to_string(), unknown.to_string()),
            ("memory error".into(), Guid([7; 16]).to_string())
        );
    }

    #[cfg(feature = "serde")]
    #[test]
    fn an_open_guid_is_read_from_what_it_is_written_as() {
        let unnamed = "07070707-0707-0707-0707-070707070707";
        for (value, json) in [
            (SectionTypeId::MEMORY, serde_json::json!({"guid": MEMORY, "name": "memory error"})),
            (SectionTypeId::new(Guid([7; 16])), serde_json::json!({"guid": unnamed})),
        ] {
            assert_eq!(serde_json::to_value(value).unwrap(), json);
            assert_eq!(serde_json::from_value::<SectionTypeId>(json).unwrap(), value);
        }
        for wrong in
            [serde_json::json!({"name": "memory error"}), serde_json::json!({"guid": "memory error"})]
        {
            assert!(serde_json::from_value::<SectionTypeId>(wrong).is_err());
        }
        let guid: Guid = serde_json::from_value(serde_json::json!(MEMORY)).unwrap();
        assert_eq!((guid, serde_json::to_value(guid).unwrap()), (SectionTypeId::MEMORY.raw(), MEMORY.into()));
    }

    #[test]
    fn an_open_value_converts_and_compares_by_its_number() {
        assert_eq!(MemoryErrorType::from(8), MemoryErrorType::PARITY);
        assert_eq!(u8::from(MemoryErrorType::PARITY), 8);
        assert!(MemoryErrorType::PARITY < MemoryErrorType::new(200));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn an_open_value_is_read_from_what_it_is_written_as() {
        for (value, json) in [
            (MemoryErrorType::PARITY, serde_json::json!({"value": 8, "name": "parity error"})),
            (MemoryErrorType::new(200), serde_json::json!({"value": 200})),
        ] {
            assert_eq!(serde_json::to_value(value).unwrap(), json);
            assert_eq!(serde_json::from_value::<MemoryErrorType>(json).unwrap(), value);
        }
        assert!(serde_json::from_value::<MemoryErrorType>(serde_json::json!({"value": 256})).is_err());
    }
}
