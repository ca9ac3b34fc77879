//! What [`structure!`](crate::structure) makes of a description beside the structure itself: the view of a body, its
//! readers, and the description of its fields for text and JSON.

/// A view: the bytes of a body, at least as many as the shortest form has.
macro_rules! view_of_bytes {
    ($view:ident from $min:literal of $name:ident as $section:ident $what:literal) => {
        #[doc = concat!("The body of a section \"", $what, "\" as it was read, in any form: all its bytes.")]
        #[doc = concat!("It begins with the fields of [`", stringify!($name), "`].")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $view<'a> {
            bytes: &'a [u8],
        }

        impl<'a> $view<'a> {
            /// Size of the shortest form in bytes.
            pub const MIN: usize = $min;

            /// Reads a body, of any form.
            ///
            /// # Errors
            /// When there are fewer bytes than the shortest form has.
            #[inline]
            pub const fn new(bytes: &'a [u8]) -> Result<Self, $crate::Error> {
                if bytes.len() < $min {
                    Err($crate::Error::too_short($what, $min, bytes.len()))
                } else {
                    Ok(Self { bytes })
                }
            }

            /// All bytes of the body.
            #[inline]
            pub const fn bytes(&self) -> &'a [u8] {
                self.bytes
            }

            /// The structure, every field as it was stored; `None` when the bytes end before the structure does.
            #[inline]
            pub const fn structure(&self) -> Option<&'a $name> {
                match $name::first(self.bytes) {
                    Some((structure, _)) => Some(structure),
                    None => None,
                }
            }
        }

        impl $crate::kind::SectionType for $view<'_> {
            const TYPE: $crate::SectionTypeId = $crate::SectionTypeId::$section;
            const NAME: &'static str = $what;
        }

        impl $crate::kind::Decode for $view<'_> {
            type View<'a> = $view<'a>;

            #[inline]
            fn decode(body: &[u8]) -> Result<$view<'_>, $crate::Error> {
                $view::new(body)
            }
        }

        $crate::view::view_trait!($view);

        $crate::fields::show_fields!($view<'a>);
    };
}

/// Hands out the members of a view by the trait.
macro_rules! view_trait {
    ($view:ident) => {
        impl<'a> $crate::kind::View<'a> for $view<'a> {
            fn bytes(&self) -> &'a [u8] {
                self.bytes
            }

            fn trailing(&self) -> &'a [u8] {
                self.trailing()
            }

            fn missing(&self) -> usize {
                self.missing()
            }

            fn write_summary(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.write_summary(f)
            }
        }
    };
}

/// The validity bits of a view.
macro_rules! view_validation {
    ($name:ident [$view:ident] $flags:ident: $bits_type:tt in $bits:ident) => {
        impl $view<'_> {
            /// Which fields hold a value, as stored; unknown bits are kept.
            #[inline]
            pub fn validation(&self) -> $flags {
                match $name::AT.$bits.read(self.bytes) {
                    Some(bits) => $flags::from_bits_retain($crate::stored::value!($bits_type, *bits)),
                    None => $flags::empty(),
                }
            }
        }
    };
    ($($without:tt)*) => {};
}

/// What only the view of a body of fixed size has.
macro_rules! fixed_view {
    ($view:ident of $name:ident as $section:ident $what:literal) => {
        impl<'a> $view<'a> {
            /// The bytes after the structure: a newer revision's fields, or padding.
            pub fn trailing(&self) -> &'a [u8] {
                self.bytes.get($name::SIZE..).unwrap_or_default()
            }

            /// How many bytes the body claims to have and does not: always 0, because it claims no length.
            pub const fn missing(&self) -> usize {
                0
            }
        }

        impl $name {
            /// The structure as a reader sees it.
            #[inline]
            pub fn view(&self) -> $view<'_> {
                $view { bytes: zerocopy::IntoBytes::as_bytes(self) }
            }
        }

        impl $crate::kind::SectionType for $name {
            const TYPE: $crate::SectionTypeId = $crate::SectionTypeId::$section;
            const NAME: &'static str = $what;
        }

        impl $crate::kind::FixedSection for $name {}

        impl $crate::kind::Decode for $name {
            type View<'a> = $view<'a>;

            #[inline]
            fn decode(body: &[u8]) -> Result<$view<'_>, $crate::Error> {
                $view::new(body)
            }
        }

        impl $crate::fields::Describe for $name {
            fn describe(&self, out: &mut dyn $crate::fields::Visitor) -> core::fmt::Result {
                self.view().describe(out)
            }
        }

        $crate::fields::show_fields!($name);
    };
}

/// Readers of a view's fields, and their description: of the view where there is one, else of the structure.
macro_rules! view_fields {
    ($name:ident [] $flags:tt $($fields:tt)*) => {
        impl $name {
            /// Describes the fields that are present, in the order of the table.
            #[allow(dead_code)] // Some structures are described by hand.
            fn describe_fields(&self, out: &mut dyn $crate::fields::Visitor) -> core::fmt::Result {
                let bytes = zerocopy::IntoBytes::as_bytes(self);
                $crate::view::describe_rows! { self bytes out $name $flags $($fields)* }
            }
        }
    };
    (
        $name:ident [$view:ident] $flags:tt
        $(
            $doc:tt $field:ident: $type:tt $form:tt $stored:tt $always:tt [$($raw:ident $flag:ident)?]
            $called:tt;
        )*
    ) => {
        impl<'a> $view<'a> {
            $( $crate::view::view_field! { $doc $name $field: $type $form $stored $always [$($raw $flag)?] $flags } )*

            /// Describes the fields that are present, in the order of the table.
            fn describe_fields(&self, out: &mut dyn $crate::fields::Visitor) -> core::fmt::Result {
                let bytes = self.bytes;
                $crate::view::describe_rows! {
                    self bytes out $name $flags
                    $( $doc $field: $type $form $stored $always [$($raw $flag)?] $called; )*
                }
            }
        }
    };
}

/// Describes the fields of bytes by the rows of their table.
macro_rules! describe_rows {
    (
        $self:ident $bytes:ident $out:ident $name:ident $flags:tt
        $( $doc:tt $field:ident: $type:tt $form:tt $stored:tt $always:tt $guard:tt $called:tt; )*
    ) => {{
        #[allow(clippy::cast_lossless)] // `From` is not for constants.
        const ROWS: &[$crate::rows::Row] = &[$(
            $crate::rows::Row {
                name: stringify!($field),
                called: $crate::rows::called!($field $called),
                at: $name::AT.$field.0,
                size: $crate::stored::size!($type),
                valid: $crate::rows::valid!($guard $flags),
                form: $crate::rows::form!($form $type),
            },
        )*];
        $crate::rows::describe_rows($bytes, $crate::rows::valid_bits!($self $flags), ROWS, $out)
    }};
}

/// Readers of one field of a view.
macro_rules! view_field {
    ([$($doc:tt)*] $name:ident $field:ident: $type:tt [] [] [] [] [$($flags:ident)?]) => {};
    ([$($doc:tt)*] $name:ident $field:ident: $type:tt [$($form:ident)?] [$stored:ident] [] [] [$($flags:ident)?]) => {
        $($doc)*
        ///
        /// The value as stored, valid or not; `None` when the bytes end before the field does.
        #[inline]
        pub fn $stored(&self) -> Option<$crate::stored::value_type!($type)> {
            match $name::AT.$field.read(self.bytes) {
                Some(stored) => Some($crate::stored::value!($type, *stored)),
                None => None,
            }
        }
    };
    ([$($doc:tt)*] $name:ident $field:ident: $type:tt [part] [] [$always:ident] [] [$($flags:ident)?]) => {
        $($doc)*
        ///
        /// `None` when the bytes end before the field does.
        #[inline]
        pub fn $field(&self) -> Option<&'a $type> {
            match $name::AT.$field.read(self.bytes) {
                Some(stored) => Some(zerocopy::transmute_ref!(stored)),
                None => None,
            }
        }
    };
    ([$($doc:tt)*] $name:ident $field:ident: $type:tt [$($form:ident)?] [] [$($always:ident)?] [] [$($flags:ident)?]) => {
        $($doc)*
        #[inline]
        pub fn $field(&self) -> $crate::stored::value_type!($type) {
            const { assert!(Self::MIN >= $name::AT.$field.end(), "the shortest form ends before the field") }
            $crate::stored::value!($type, *$name::AT.$field.get(self.bytes))
        }
    };
    ([$($doc:tt)*] $name:ident $field:ident: $type:tt [part] [] [] [$raw:ident $flag:ident] [$flags:ident]) => {
        $($doc)*
        ///
        /// `None` when its validity bit is clear, or the bytes end before the field does.
        #[inline]
        pub fn $field(&self) -> Option<&'a $type> {
            if self.validation().contains($flags::$flag) { self.$raw() } else { None }
        }

        $($doc)*
        ///
        /// The part as stored, whatever its validity bit says; `None` when the bytes end before the field does.
        #[inline]
        pub fn $raw(&self) -> Option<&'a $type> {
            match $name::AT.$field.read(self.bytes) {
                Some(stored) => Some(zerocopy::transmute_ref!(stored)),
                None => None,
            }
        }
    };
    ([$($doc:tt)*] $name:ident $field:ident: $type:tt [$($form:ident)?] [] [] [$raw:ident $flag:ident] [$flags:ident]) => {
        $($doc)*
        ///
        /// `None` when its validity bit is clear, or the bytes end before the field does.
        #[inline]
        pub fn $field(&self) -> Option<$crate::stored::value_type!($type)> {
            match self.structure() {
                // One comparison for all fields that the shortest form has not.
                Some(whole) if $name::AT.$field.0 >= Self::MIN => whole.$field(),
                _ if self.validation().contains($flags::$flag) => self.$raw(),
                _ => None,
            }
        }

        $($doc)*
        ///
        /// The value as stored, whatever its validity bit says; `None` when the bytes end before the field does.
        #[inline]
        pub fn $raw(&self) -> Option<$crate::stored::value_type!($type)> {
            match $name::AT.$field.read(self.bytes) {
                Some(stored) => Some($crate::stored::value!($type, *stored)),
                None => None,
            }
        }
    };
}

pub(crate) use {
    describe_rows, fixed_view, view_field, view_fields, view_of_bytes, view_trait, view_validation,
};
