//! The one macro of the crate: values that firmware may give any number.

/// Declares a newtype over an integer with a constant and a name for each number the specification defines.
///
/// The type keeps every number it is given: an undefined one has no `name()`, prints as `reserved (0x..)` and is
/// written back unchanged. `Debug` shows number and name; serde writes the number.
macro_rules! open_value {
    (
        $(#[$meta:meta])*
        $type:ident($int:ty) {
            $($(#[$const_meta:meta])* $konst:ident = $value:literal,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $type($int);

        impl $type {
            $($(#[$const_meta])* pub const $konst: Self = Self($value);)*

            /// The value with this number, named or not.
            pub const fn new(raw: $int) -> Self {
                Self(raw)
            }

            /// The number on the wire.
            pub const fn raw(self) -> $int {
                self.0
            }

            /// The specification's name of this value, `None` when it defines none.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($konst)),)*
                    _ => None,
                }
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, "reserved ({:#x})", self.0),
                }
            }
        }

        impl core::fmt::Debug for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => write!(f, concat!(stringify!($type), "({:#x}: {})"), self.0, name),
                    None => write!(f, concat!(stringify!($type), "({:#x})"), self.0),
                }
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }
    };
}
