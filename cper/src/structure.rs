//! One description of a wire structure, written like the specification's table.
//!
//! ```text
//! structure! {
//!     /// An error of a fan.
//!     FanError: 24 bytes, new;                              // size; `new()` and `Default` with all bytes zero
//!     view FanErrorView from 20 as FAN "fan error";         // a section: its view, shortest form, type and name
//!     valid FanValidation: u64 in validation_bits {         // the flags, and the field that holds them
//!         /// Flags whose fields have accessors written by hand.
//!         SPEED = 2;
//!     };
//!     0 validation_bits: u64;                               // stored: no accessor
//!     /// Address of the fan.
//!     8 address: u64 as hex, address_raw set_address with_address, ADDRESS = 0;   // guarded by a validity bit
//!     /// Speed, in a unit of its own.
//!     16 speed: u16 raw speed_raw;                          // the stored value; `speed()` is written by hand
//!     /// Kind of fan.
//!     18 kind: FanKind as named => set_kind with_kind;      // always valid; without `=>` writers compute it
//!     /// Revision of the fan. Without a form it is described by hand.
//!     19 revision: u8 => set_revision with_revision;
//!     /// Slot of the fan; the short form ends before it.
//!     20 slot: u32 as number, slot_raw set_slot with_slot, SLOT = 1;
//! }
//! ```
//!
//! Of the field `address` this makes:
//!
//! ```text
//! const _: () = assert!(offset_of!(FanError, address) == 8);
//! FanValidation::ADDRESS                                    // 1 << 0
//!
//! impl FanError {                                           // the structure: 24 bytes, private fields
//!     pub const fn address(&self) -> Option<u64>            // `None` when the validity bit is clear
//!     pub const fn address_raw(&self) -> u64                // as stored
//!     pub const fn set_address(&mut self, value: u64)       // value and validity bit
//!     pub const fn with_address(self, value: u64) -> Self
//! }
//! impl FanErrorView<'_> {                                   // a body as it was read: a slice, 20 bytes or more
//!     pub fn address(&self) -> Option<u64>                  // also `None` when the bytes end before the field
//!     pub fn address_raw(&self) -> Option<u64>
//!     fn describe_fields(&self, out: &mut dyn Visitor)      // `address` as hex, when it is there
//! }
//! ```
//!
//! The names are written out, because a macro of this kind cannot join names, and so that a search finds them.
//!
//! | type | stored as | value |
//! |---|---|---|
//! | `u16`, `u32`, `u64` | little-endian bytes | the number |
//! | `(u32 Flags)` | the number | the flags; unknown bits are kept |
//! | `[u32; 4]`, `[u64; 4]` | little-endian bytes | the numbers |
//! | anything else | itself | itself |
//!
//! The forms are those of [`shown!`](crate::fields::shown), and `part`: a structure that is lent, not copied.
//!
//! A body of variable size has `head of` in place of `view`: its structure is the head alone, and `trailing` and
//! `missing` are written by hand. The section's file writes `Describe` for the view (it calls `describe_fields`), and
//! `write_summary`; [`View`](crate::kind::View) hands all of them out.

/// Declares a wire structure; see the [module](crate::structure).
macro_rules! structure {
    (
        $(#[$meta:meta])*
        $name:ident: $size:literal bytes $(, $new:ident)?;
        $(view $view:ident from $min:literal as $section:ident $what:literal;)?
        $(head of $body:ident from $least:literal as $kind:ident $called:literal;)?
        $(valid $flags:ident: $bits_type:tt in $bits:ident {
            $( $(#[$($flag_meta:tt)*])* $by_hand:ident = $by_hand_bit:literal; )*
        };)?
        $(
            $(#[$doc:meta])*
            $at:literal $field:ident: $type:tt $(as $form:ident)?
            $(raw $stored:ident)?
            $(=> $always_set:ident $always_with:ident)?
            $(, $raw:ident $set:ident $with:ident, $flag:ident = $bit:literal)?;
        )*
    ) => {
        $(#[$meta])*
        $(
            #[doc = concat!("\n\nThe body of a section, \"", $what, "\", as it is written: ", $size, " bytes.")]
            #[doc = concat!("As it was read, in any form, it is a [`", stringify!($view), "`].")]
        )?
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq,
            zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout, zerocopy::Unaligned,
        )]
        #[repr(C)]
        #[allow(clippy::struct_field_names)] // The specification's names.
        pub struct $name {
            $( $field: $crate::structure::wire_type!($type), )*
        }

        const _: () = {
            assert!(size_of::<$name>() == $size && align_of::<$name>() == 1);
            $( assert!(core::mem::offset_of!($name, $field) == $at); )*
        };

        impl $name {
            #[allow(dead_code)] // Not of use where the type has a `new` of its own.
            const ZERO: Self = zerocopy::transmute!([0u8; $size]);

            /// Bytes of the structure.
            pub const SIZE: usize = $size;
        }

        /// By the bytes.
        impl core::hash::Hash for $name {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                zerocopy::IntoBytes::as_bytes(self).hash(state);
            }
        }

        $crate::grammar::any_structure!($name);

        $(
            impl $name {
                /// The structure with all bytes zero: no field is valid.
                #[inline]
                pub const fn $new() -> Self {
                    Self::ZERO
                }
            }

            impl Default for $name {
                fn default() -> Self {
                    Self::ZERO
                }
            }
        )?

        $crate::structure::validation! {
            $name $($flags: $bits_type in $bits {
                $( $(#[$($flag_meta)*])* $by_hand = $by_hand_bit; )*
            })?
            $( $($field $flag = $bit;)? )*
        }

        $crate::structure::structure_fields! {
            $name [$($flags)?]
            $(
                [$(#[$doc])*] $field: $type [$($form)?] [$($stored)?] [$($always_set $always_with)?]
                [$($raw $set $with $flag)?];
            )*
        }

        $(
            $crate::structure::view_of_bytes! { $view from $min of $name as $section $what }
            $crate::structure::fixed_view! { $view of $name as $section $what }
        )?
        $( $crate::structure::view_of_bytes! { $body from $least of $name as $kind $called } )?

        $crate::structure::view_validation! { $name [$($view)? $($body)?] $($flags: $bits_type in $bits)? }
        $crate::structure::view_fields! {
            $name [$($view)? $($body)?] [$($flags)?]
            $(
                [$(#[$doc])*] $at $field: $type [$($form)?] [$($stored)?] [$($always_set)?] [$($raw $flag)?];
            )*
        }
    };
}

/// The flags of a structure that has validity bits.
macro_rules! validation {
    ($name:ident) => {};
    (
        $name:ident $flags:ident: $bits_type:tt in $bits:ident {
            $( $(#[$($flag_meta:tt)*])* $by_hand:ident = $by_hand_bit:literal; )*
        }
        $( $field:ident $flag:ident = $bit:literal; )*
    ) => {
        $crate::open_value::flag_set! {
            #[doc = concat!("Which fields of a [`", stringify!($name), "`] hold a value.")]
            pub struct $flags: $bits_type {
                $(
                    #[doc = concat!("[`", stringify!($name), "::", stringify!($field), "`].")]
                    const $flag = 1 << $bit;
                )*
                $( $(#[$($flag_meta)*])* const $by_hand = 1 << $by_hand_bit; )*
                const _ = !0;
            }
        }

        impl $name {
            /// Which fields hold a value; unknown bits are kept.
            #[inline]
            pub const fn validation(&self) -> $flags {
                $flags::from_bits_retain($crate::structure::value!($bits_type, self.$bits))
            }

            /// Sets which fields hold a value, whatever they hold: to write what another writer would. Setters of
            /// fields set the bit themselves.
            #[inline]
            pub const fn set_validation(&mut self, validation: $flags) {
                self.$bits = $crate::structure::wire!($bits_type, validation.bits());
            }

            /// Sets which fields hold a value, whatever they hold: to write what another writer would. Setters of
            /// fields set the bit themselves.
            #[must_use]
            #[inline]
            pub const fn with_validation(mut self, validation: $flags) -> Self {
                self.set_validation(validation);
                self
            }

            /// Sets the bits of fields that hold a value now, and clears those of other readings of the same bytes.
            #[inline]
            const fn mark(&mut self, valid: $flags, other: $flags) {
                self.set_validation(self.validation().difference(other).union(valid));
            }
        }
    };
}

/// Readers and setters of all fields of the structure.
macro_rules! structure_fields {
    ($name:ident $flags:tt $( $doc:tt $field:ident: $type:tt $form:tt $stored:tt $always:tt $guarded:tt; )*) => {
        impl $name {
            $( $crate::structure::structure_field! { $doc $field: $type $form $stored $always $guarded $flags } )*
        }
    };
}

/// Readers and setters of one field of the structure.
macro_rules! structure_field {
    ([$($doc:tt)*] $field:ident: $type:tt [] [] [] [] [$($flags:ident)?]) => {};
    ([$($doc:tt)*] $field:ident: $type:tt [$form:ident] [] [] [] [$($flags:ident)?]) => {
        $($doc)*
        #[inline]
        pub const fn $field(&self) -> $crate::structure::value_type!($type) {
            $crate::structure::value!($type, self.$field)
        }
    };
    ([$($doc:tt)*] $field:ident: $type:tt [$($form:ident)?] [$stored:ident] [] [] [$($flags:ident)?]) => {
        $($doc)*
        ///
        /// The value as stored, whatever the validity bits say.
        #[inline]
        pub const fn $stored(&self) -> $crate::structure::value_type!($type) {
            $crate::structure::value!($type, self.$field)
        }
    };
    ([$($doc:tt)*] $field:ident: $type:tt [part] [] [$set:ident $with:ident] [] [$($flags:ident)?]) => {
        $($doc)*
        #[inline]
        pub const fn $field(&self) -> &$type {
            &self.$field
        }

        $($doc)*
        #[inline]
        pub const fn $set(&mut self, value: $type) {
            self.$field = value;
        }

        $($doc)*
        #[must_use]
        #[inline]
        pub const fn $with(mut self, value: $type) -> Self {
            self.$field = value;
            self
        }
    };
    ([$($doc:tt)*] $field:ident: $type:tt [$($form:ident)?] [] [$set:ident $with:ident] [] [$($flags:ident)?]) => {
        $($doc)*
        #[inline]
        pub const fn $field(&self) -> $crate::structure::value_type!($type) {
            $crate::structure::value!($type, self.$field)
        }

        $($doc)*
        #[inline]
        pub const fn $set(&mut self, value: $crate::structure::value_type!($type)) {
            self.$field = $crate::structure::wire!($type, value);
        }

        $($doc)*
        #[must_use]
        #[inline]
        pub const fn $with(mut self, value: $crate::structure::value_type!($type)) -> Self {
            self.$set(value);
            self
        }
    };
    ([$($doc:tt)*] $field:ident: $type:tt [part] [] [] [$raw:ident $set:ident $with:ident $flag:ident] [$flags:ident]) => {
        $($doc)*
        ///
        /// `None` when its validity bit is clear.
        #[inline]
        pub const fn $field(&self) -> Option<&$type> {
            if self.validation().contains($flags::$flag) { Some(&self.$field) } else { None }
        }

        $($doc)*
        ///
        /// The part as stored, whatever its validity bit says.
        #[inline]
        pub const fn $raw(&self) -> &$type {
            &self.$field
        }

        $crate::structure::setters! { [$($doc)*] $field: $type $set $with $flag of $flags }
    };
    ([$($doc:tt)*] $field:ident: $type:tt [$($form:ident)?] [] [] [$raw:ident $set:ident $with:ident $flag:ident] [$flags:ident]) => {
        $($doc)*
        ///
        /// `None` when its validity bit is clear.
        #[inline]
        pub const fn $field(&self) -> Option<$crate::structure::value_type!($type)> {
            if self.validation().contains($flags::$flag) { Some(self.$raw()) } else { None }
        }

        $($doc)*
        ///
        /// The value as stored, whatever its validity bit says.
        #[inline]
        pub const fn $raw(&self) -> $crate::structure::value_type!($type) {
            $crate::structure::value!($type, self.$field)
        }

        $crate::structure::setters! { [$($doc)*] $field: $type $set $with $flag of $flags }
    };
}

/// Setters of a field that a validity bit guards.
macro_rules! setters {
    ([$($doc:tt)*] $field:ident: $type:tt $set:ident $with:ident $flag:ident of $flags:ident) => {
        $($doc)*
        ///
        /// Sets the value and its validity bit.
        #[inline]
        pub const fn $set(&mut self, value: $crate::structure::value_type!($type)) {
            self.$field = $crate::structure::wire!($type, value);
            self.mark($flags::$flag, $flags::empty());
        }

        $($doc)*
        ///
        /// Sets the value and its validity bit.
        #[must_use]
        #[inline]
        pub const fn $with(mut self, value: $crate::structure::value_type!($type)) -> Self {
            self.$set(value);
            self
        }
    };
}

/// A view: the bytes of a body, at least as many as the shortest form has.
macro_rules! view_of_bytes {
    ($view:ident from $min:literal of $name:ident as $section:ident $what:literal) => {
        #[doc = concat!("The body of a section, \"", $what, "\", as it was read: all its bytes. See [`", stringify!($name), "`].")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $view<'a> {
            bytes: &'a [u8],
        }

        impl<'a> $view<'a> {
            /// Bytes of the shortest form.
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
            pub fn structure(&self) -> Option<&'a $name> {
                $crate::structure::at::<0, $name>(self.bytes)
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

            fn summary(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.write_summary(f)
            }
        }

        $crate::fields::show_fields!($view<'a>);
    };
}

/// The validity bits of a view.
macro_rules! view_validation {
    ($name:ident [$view:ident] $flags:ident: $bits_type:tt in $bits:ident) => {
        impl $view<'_> {
            /// Which fields hold a value, as stored; unknown bits are kept.
            #[inline]
            pub fn validation(&self) -> $flags {
                const AT: usize = core::mem::offset_of!($name, $bits);
                match $crate::structure::at::<AT, $crate::structure::wire_type!($bits_type)>(self.bytes) {
                    Some(bits) => $flags::from_bits_retain($crate::structure::value!($bits_type, *bits)),
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

            /// How many bytes the body claims to have and does not: none, it claims no length.
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
    (
        $name:ident [] $flags:tt
        $( $doc:tt $at:literal $field:ident: $type:tt $form:tt $stored:tt $always:tt [$($raw:ident $flag:ident)?]; )*
    ) => {
        impl $name {
            /// Describes the fields that are present, in the order of the table.
            #[allow(dead_code, unused_variables)] // All fields can be without a form.
            fn describe_fields(&self, out: &mut dyn $crate::fields::Visitor) -> core::fmt::Result {
                $( $crate::structure::described! { self out $field $form $always [$($raw)?] } )*
                Ok(())
            }
        }
    };
    (
        $name:ident [$view:ident] $flags:tt
        $( $doc:tt $at:literal $field:ident: $type:tt $form:tt $stored:tt $always:tt [$($raw:ident $flag:ident)?]; )*
    ) => {
        impl<'a> $view<'a> {
            $( $crate::structure::view_field! { $doc $at $field: $type $form $stored $always [$($raw $flag)?] $flags } )*

            /// Describes the fields that are present, in the order of the table.
            fn describe_fields(&self, out: &mut dyn $crate::fields::Visitor) -> core::fmt::Result {
                $( $crate::structure::described! { self out $field $form $always [$($raw)?] } )*
                Ok(())
            }
        }
    };
}

/// Readers of one field of a view.
macro_rules! view_field {
    ([$($doc:tt)*] $at:literal $field:ident: $type:tt [] [] [] [] [$($flags:ident)?]) => {};
    ([$($doc:tt)*] $at:literal $field:ident: $type:tt [$($form:ident)?] [$stored:ident] [] [] [$($flags:ident)?]) => {
        $($doc)*
        ///
        /// The value as stored, whatever the validity bits say; `None` when the bytes end before it.
        #[inline]
        pub fn $stored(&self) -> Option<$crate::structure::value_type!($type)> {
            match $crate::structure::at::<$at, $crate::structure::wire_type!($type)>(self.bytes) {
                Some(value) => Some($crate::structure::value!($type, *value)),
                None => None,
            }
        }
    };
    ([$($doc:tt)*] $at:literal $field:ident: $type:tt [part] [] [$always:ident] [] [$($flags:ident)?]) => {
        $($doc)*
        ///
        /// `None` when the bytes end before it.
        #[inline]
        pub fn $field(&self) -> Option<&'a $type> {
            $crate::structure::at::<$at, $type>(self.bytes)
        }
    };
    ([$($doc:tt)*] $at:literal $field:ident: $type:tt [$($form:ident)?] [] [$($always:ident)?] [] [$($flags:ident)?]) => {
        $($doc)*
        #[inline]
        pub fn $field(&self) -> $crate::structure::value_type!($type) {
            type Wire = $crate::structure::wire_type!($type);
            const {
                assert!(size_of::<$crate::structure::At<$at, Wire>>() <= Self::MIN, "the shortest form ends before the field");
            }
            match $crate::structure::at::<$at, Wire>(self.bytes) {
                Some(value) => $crate::structure::value!($type, *value),
                // The shortest form has the field.
                None => $crate::structure::value!($type, <Wire as zerocopy::FromZeros>::new_zeroed()),
            }
        }
    };
    ([$($doc:tt)*] $at:literal $field:ident: $type:tt [part] [] [] [$raw:ident $flag:ident] [$flags:ident]) => {
        $($doc)*
        ///
        /// `None` when its validity bit is clear, or the bytes end before it does.
        #[inline]
        pub fn $field(&self) -> Option<&'a $type> {
            if self.validation().contains($flags::$flag) { self.$raw() } else { None }
        }

        $($doc)*
        ///
        /// The part as stored, whatever its validity bit says; `None` when the bytes end before it does.
        #[inline]
        pub fn $raw(&self) -> Option<&'a $type> {
            $crate::structure::at::<$at, $type>(self.bytes)
        }
    };
    ([$($doc:tt)*] $at:literal $field:ident: $type:tt [$($form:ident)?] [] [] [$raw:ident $flag:ident] [$flags:ident]) => {
        $($doc)*
        ///
        /// `None` when its validity bit is clear, or the bytes end before it does.
        #[inline]
        pub fn $field(&self) -> Option<$crate::structure::value_type!($type)> {
            match self.structure() {
                // One comparison for all fields that the shortest form has not.
                Some(whole) if $at >= Self::MIN => whole.$field(),
                _ if self.validation().contains($flags::$flag) => self.$raw(),
                _ => None,
            }
        }

        $($doc)*
        ///
        /// The value as stored, whatever its validity bit says; `None` when the bytes end before it does.
        #[inline]
        pub fn $raw(&self) -> Option<$crate::structure::value_type!($type)> {
            match $crate::structure::at::<$at, $crate::structure::wire_type!($type)>(self.bytes) {
                Some(value) => Some($crate::structure::value!($type, *value)),
                None => None,
            }
        }
    };
}

/// Describes one field, where it has a form.
macro_rules! described {
    ($self:ident $out:ident $field:ident [part] [] [$raw:ident]) => {
        if let Some(value) = $self.$field() {
            $out.field(stringify!($field), $crate::fields::Value::Group(value))?;
        }
    };
    ($self:ident $out:ident $field:ident [$form:ident] [] [$raw:ident]) => {
        if let Some(value) = $self.$field() {
            $out.field(stringify!($field), $crate::fields::shown!($form, value))?;
        }
    };
    ($self:ident $out:ident $field:ident [$form:ident] [$($always:ident)?] []) => {
        $out.field(stringify!($field), $crate::fields::shown!($form, $self.$field()))?;
    };
    ($self:ident $out:ident $field:ident [] $always:tt $raw:tt) => {};
}

/// The type in which a field is stored.
macro_rules! wire_type {
    (u64) => {
        zerocopy::little_endian::U64
    };
    (u32) => {
        zerocopy::little_endian::U32
    };
    (u16) => {
        zerocopy::little_endian::U16
    };
    (($bits:tt $flags:ident)) => {
        $crate::structure::wire_type!($bits)
    };
    ([$item:ident; $count:literal]) => {
        [$crate::structure::wire_type!($item); $count]
    };
    ($other:tt) => {
        $other
    };
}

/// The type of a field's value.
macro_rules! value_type {
    (($bits:tt $flags:ident)) => {
        $flags
    };
    ([u32; $count:literal]) => {
        [u32; $count]
    };
    ([u64; $count:literal]) => {
        [u64; $count]
    };
    ([$item:ident; $count:literal]) => {
        [$crate::structure::wire_type!($item); $count]
    };
    ($other:tt) => {
        $other
    };
}

/// The value of a stored field.
macro_rules! value {
    (u64, $field:expr) => {
        $field.get()
    };
    (u32, $field:expr) => {
        $field.get()
    };
    (u16, $field:expr) => {
        $field.get()
    };
    (($bits:tt $flags:ident), $field:expr) => {
        $flags::from_bits_retain($crate::structure::value!($bits, $field))
    };
    ([u32; $count:literal], $field:expr) => {
        $crate::structure::dwords(&$field)
    };
    ([u64; $count:literal], $field:expr) => {
        $crate::structure::qwords(&$field)
    };
    ($other:tt, $field:expr) => {
        $field
    };
}

/// The stored form of a value.
macro_rules! wire {
    (u64, $value:expr) => {
        zerocopy::little_endian::U64::new($value)
    };
    (u32, $value:expr) => {
        zerocopy::little_endian::U32::new($value)
    };
    (u16, $value:expr) => {
        zerocopy::little_endian::U16::new($value)
    };
    (($bits:tt $flags:ident), $value:expr) => {
        $crate::structure::wire!($bits, $value.bits())
    };
    ([u32; $count:literal], $value:expr) => {
        $crate::structure::wire_dwords(&$value)
    };
    ([u64; $count:literal], $value:expr) => {
        $crate::structure::wire_qwords(&$value)
    };
    ($other:tt, $value:expr) => {
        $value
    };
}

pub(crate) use {
    described, fixed_view, setters, structure, structure_field, structure_fields, validation, value,
    value_type, view_field, view_fields, view_of_bytes, view_validation, wire, wire_type,
};

use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// Readers and writers of arrays of numbers: constant functions, which cannot be generic over the number.
macro_rules! numbers {
    ($($number:ident as $wire:ident: $read:ident, $write:ident;)*) => { $(
        /// The values of stored numbers.
        #[inline]
        pub(crate) const fn $read<const N: usize>(stored: &[$wire; N]) -> [$number; N] {
            let mut values = [0; N];
            let (mut from, mut to): (&[$wire], &mut [$number]) = (stored, &mut values);
            while let ([stored, from_rest @ ..], [value, to_rest @ ..]) = (from, to) {
                *value = stored.get();
                (from, to) = (from_rest, to_rest);
            }
            values
        }

        /// Numbers as they are stored.
        #[inline]
        pub(crate) const fn $write<const N: usize>(values: &[$number; N]) -> [$wire; N] {
            let mut stored = [$wire::ZERO; N];
            let (mut from, mut to): (&[$number], &mut [$wire]) = (values, &mut stored);
            while let ([value, from_rest @ ..], [stored, to_rest @ ..]) = (from, to) {
                *stored = $wire::new(*value);
                (from, to) = (from_rest, to_rest);
            }
            stored
        }
    )* };
}

numbers! {
    u32 as U32: dwords, wire_dwords;
    u64 as U64: qwords, wire_qwords;
}

/// A value `AT` bytes into a structure.
#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct At<const AT: usize, T> {
    skipped: [u8; AT],
    value: T,
}

/// The value at this offset; `None` when the bytes end before it does. One comparison, none where the length is known.
#[inline]
pub(crate) fn at<const AT: usize, T>(bytes: &[u8]) -> Option<&T>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    match At::<AT, T>::ref_from_prefix(bytes) {
        Ok((at, _)) => Some(&at.value),
        Err(_) => None,
    }
}
