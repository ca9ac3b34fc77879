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
                $crate::fields::OwnValue::NamedGuid { value: value.0, name: value.name() }.into()
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

#[cfg(test)]
mod tests {
    use crate::section::MemoryErrorType;

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
