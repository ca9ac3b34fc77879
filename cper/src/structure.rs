//! One description of a wire structure, written like the specification's table. Every crate has this same file.
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
//!     18 kind: (u8 FanKind) as named => set_kind with_kind; // always valid; without `=>` writers compute it
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
//! FanValidation::ADDRESS                                    // 1 << 0
//!
//! impl FanError {                                           // the structure: an array of 24 bytes
//!     const AT: Places                                      // `AT.address` is where the field lies: 8 bytes from 8 on
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
//! What is written by hand reads and stores a field by its place: `Self::AT.speed.put(&mut self.0, [0, 1])`. The compiler
//! checks the number of bytes, and that each field begins where the one before it ends.
//!
//! | type | stored as | value |
//! |---|---|---|
//! | `u16`, `u32`, `u64` | little-endian bytes | the number |
//! | `(u32 Flags)` | the number | flags, an open value, or another type that `new` makes of the number |
//! | `[u32; 4]`, `[u64; 4]` | little-endian bytes | the numbers |
//! | anything else | itself | itself |
//!
//! | form | shown as |
//! |---|---|
//! | `hex`, `number` | the number in hex, in decimal |
//! | `named`, `flags` | the value's name, the names of the bits that are set |
//! | `text`, `bytes` | text up to the NUL that ends it, a hex dump |
//! | `words`, `numbers` | a list of numbers in hex, in decimal |
//! | `dwords` | numbers in hex on one line |
//! | `message` | the value's own text |
//! | `group`, `part` | the fields of the structure, of a copy or where it is stored |
//!
//! A name behind the form is the name that the field is described by, where another section has a field of another sort under the same
//! name. A structure without a view whose fields have no form is not described; `parts described;` gives it a
//! `describe_fields` nevertheless, which tells where each field is stored, for a `Describe` that is written by hand.
//!
//! `24 bytes by fields` stores an array of bytes for each field instead of one for the whole: `stored::declared!` says
//! when.
//!
//! A body of variable size has `head of` in place of `view`: its structure is the head alone, and `trailing` and
//! `missing` are written by hand. The section's file writes `Describe` for the view (it calls `describe_fields`), and
//! `write_summary`; the trait `View` hands all of them out.

// No crate uses all of it.
#![allow(unused_imports, unused_macros, dead_code)]

/// Declares a wire structure; see the [module](crate::structure).
macro_rules! structure {
    (
        $(#[$meta:meta])*
        $name:ident: $size:literal bytes $(by $fields:ident)? $(, $new:ident)?;
        $(view $view:ident from $min:literal as $section:ident $what:literal;)?
        $(head of $body:ident from $least:literal as $kind:ident $called:literal;)?
        $(parts $stored_in:ident;)?
        $(valid $flags:ident: $bits_type:tt in $bits:ident {
            $( $(#[$($flag_meta:tt)*])* $by_hand:ident = $by_hand_bit:literal; )*
        };)?
        $(
            $(#[$doc:meta])*
            $at:literal $field:ident: $type:tt $(as $form:ident $($called_as:literal)?)?
            $(raw $stored:ident)?
            $(=> $always_set:ident $always_with:ident)?
            $(, $raw:ident $set:ident $with:ident, $flag:ident = $bit:literal)?;
        )*
    ) => {
        $crate::stored::declared! {
            [$($fields)?]
            $(#[$meta])*
            $(
                #[doc = concat!("\n\nThe body of a section \"", $what, "\" as it is written: ", $size, " bytes.")]
                #[doc = concat!("The body as it was read, in any form: [`", stringify!($view), "`].")]
            )?
            #[derive(
                Clone, Copy, PartialEq, Eq, Hash,
                zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout,
                zerocopy::Unaligned,
            )]
            $name $size $( $field: $type )*
        }

        impl $name {
            /// Size of the structure in bytes.
            pub const SIZE: usize = $size;

            /// The structure at the start of `bytes`, and the bytes after it; `None` when it does not fit.
            #[allow(dead_code)] // Not all are parts of others.
            #[inline]
            pub(crate) const fn first(bytes: &[u8]) -> Option<(&Self, &[u8])> {
                $crate::stored::first::<Self, $size>(bytes)
            }
        }

        const _: () = {
            #[allow(clippy::struct_field_names)] // The specification's names.
            struct Places {
                $( $field: $crate::stored::Place<{ $crate::stored::size!($type) }>, )*
            }

            impl $name {
                /// Where each field lies.
                const AT: Places = Places { $( $field: $crate::stored::Place($at), )* };
            }

            const FIELDS: &[$crate::stored::Field] = &[$(
                $crate::stored::Field {
                    name: stringify!($field),
                    at: $name::AT.$field.0,
                    size: $crate::stored::size!($type),
                    shown: $crate::stored::shown!($type),
                },
            )*];

            const _: () = $crate::stored::check($size, FIELDS);

            /// The values as stored, valid or not.
            impl core::fmt::Debug for $name {
                #[inline]
                fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    $crate::stored::debug(f, stringify!($name), zerocopy::IntoBytes::as_bytes(self), FIELDS)
                }
            }
        };

        $crate::grammar::any_structure!($name);

        $(
            impl $name {
                /// The structure with all bytes zero; no validity bit is set.
                #[inline]
                pub const fn $new() -> Self {
                    Self::ZERO
                }
            }

            impl Default for $name {
                #[inline]
                fn default() -> Self {
                    Self::ZERO
                }
            }
        )?

        $crate::structure::validation! {
            [$($fields)?] $name $($flags: $bits_type in $bits {
                $( $(#[$($flag_meta)*])* $by_hand = $by_hand_bit; )*
            })?
            $( $($field $flag = $bit;)? )*
        }

        $crate::structure::structure_fields! {
            [$($fields)?] $name [$($flags)?]
            $(
                [$(#[$doc])*] $field: $type [$($form)?] [$($stored)?] [$($always_set $always_with)?]
                [$($raw $set $with $flag)?];
            )*
        }

        $(
            $crate::view::view_of_bytes! { $view from $min of $name as $section $what }
            $crate::view::fixed_view! { $view of $name as $section $what }
        )?
        $( $crate::view::view_of_bytes! { $body from $least of $name as $kind $called } )?

        $crate::structure::described! {
            [$($stored_in)?] $name [$($view)? $($body)?] [$($flags: $bits_type in $bits)?] [$($flags)?]
            $(
                [$(#[$doc])*] $field: $type [$($form)?] [$($stored)?] [$($always_set)?] [$($raw $flag)?]
                [$($($called_as)?)?];
            )*
        }
    };
}

/// The readers of a view, and the description of the fields. A structure that has neither needs none of `view.rs`.
macro_rules! described {
    (
        [] $name:ident [] $valid:tt $flags:tt
        $( $doc:tt $field:ident: $type:tt [] $stored:tt $always:tt $guard:tt $called_as:tt; )*
    ) => {};
    ($parts:tt $name:ident $view:tt [$($valid:tt)*] $flags:tt $($fields:tt)*) => {
        $crate::view::view_validation! { $name $view $($valid)* }
        $crate::view::view_fields! { $name $view $flags $($fields)* }
    };
}

/// The flags of a structure that has validity bits.
macro_rules! validation {
    ($how:tt $name:ident) => {};
    (
        $how:tt $name:ident $flags:ident: $bits_type:tt in $bits:ident {
            $( $(#[$($flag_meta:tt)*])* $by_hand:ident = $by_hand_bit:literal; )*
        }
        $( $field:ident $flag:ident = $bit:literal; )*
    ) => {
        $crate::open_value::flag_set! {
            #[doc = concat!("Which fields of [`", stringify!($name), "`] hold a value.")]
            pub struct $flags: $bits_type {
                $(
                    #[doc = concat!("[`", stringify!($name), "::", stringify!($field), "`] holds a value.")]
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
                $flags::from_bits_retain($crate::stored::field!($how self, $bits: $bits_type))
            }

            /// Sets all validity bits at once, to write what another writer would: a setter of a field sets the field's
            /// bit itself.
            #[inline]
            pub const fn set_validation(&mut self, validation: $flags) {
                $crate::stored::store!($how self, $bits, $crate::stored::wire!($bits_type, validation.bits()));
            }

            /// Sets all validity bits at once, to write what another writer would: a setter of a field sets the field's
            /// bit itself.
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
    ($how:tt $name:ident $flags:tt $( $doc:tt $field:ident: $type:tt $form:tt $stored:tt $always:tt $guarded:tt; )*) => {
        impl $name {
            $( $crate::structure::structure_field! { $how $doc $field: $type $form $stored $always $guarded $flags } )*
        }
    };
}

/// Readers and setters of one field of the structure.
macro_rules! structure_field {
    ($how:tt [$($doc:tt)*] $field:ident: $type:tt [] [] [] [] [$($flags:ident)?]) => {};
    ($how:tt [$($doc:tt)*] $field:ident: $type:tt [$form:ident] [] [] [] [$($flags:ident)?]) => {
        $($doc)*
        #[inline]
        pub const fn $field(&self) -> $crate::stored::value_type!($type) {
            $crate::stored::field!($how self, $field: $type)
        }
    };
    ($how:tt [$($doc:tt)*] $field:ident: $type:tt [$($form:ident)?] [$stored:ident] [] [] [$($flags:ident)?]) => {
        $($doc)*
        ///
        /// The value as stored, valid or not.
        #[inline]
        pub const fn $stored(&self) -> $crate::stored::value_type!($type) {
            $crate::stored::field!($how self, $field: $type)
        }
    };
    ($how:tt [$($doc:tt)*] $field:ident: $type:tt [part] [] [$set:ident $with:ident] [] [$($flags:ident)?]) => {
        $($doc)*
        #[inline]
        pub const fn $field(&self) -> &$type {
            $crate::stored::lent!($how self, $field: $type)
        }

        $($doc)*
        ///
        /// Sets the value.
        #[inline]
        pub const fn $set(&mut self, value: $type) {
            $crate::stored::store!($how self, $field, $crate::stored::wire!($type, value));
        }

        $($doc)*
        ///
        /// Sets the value.
        #[must_use]
        #[inline]
        pub const fn $with(mut self, value: $type) -> Self {
            $crate::stored::store!($how self, $field, $crate::stored::wire!($type, value));
            self
        }
    };
    ($how:tt [$($doc:tt)*] $field:ident: $type:tt [$($form:ident)?] [] [$set:ident $with:ident] [] [$($flags:ident)?]) => {
        $($doc)*
        #[inline]
        pub const fn $field(&self) -> $crate::stored::value_type!($type) {
            $crate::stored::field!($how self, $field: $type)
        }

        $($doc)*
        ///
        /// Sets the value.
        #[inline]
        pub const fn $set(&mut self, value: $crate::stored::value_type!($type)) {
            $crate::stored::store!($how self, $field, $crate::stored::wire!($type, value));
        }

        $($doc)*
        ///
        /// Sets the value.
        #[must_use]
        #[inline]
        pub const fn $with(mut self, value: $crate::stored::value_type!($type)) -> Self {
            self.$set(value);
            self
        }
    };
    ($how:tt [$($doc:tt)*] $field:ident: $type:tt [part] [] [] [$raw:ident $set:ident $with:ident $flag:ident] [$flags:ident]) => {
        $($doc)*
        ///
        /// `None` when its validity bit is clear.
        #[inline]
        pub const fn $field(&self) -> Option<&$type> {
            if self.validation().contains($flags::$flag) { Some($crate::stored::lent!($how self, $field: $type)) } else { None }
        }

        $($doc)*
        ///
        /// The part as stored, whatever its validity bit says.
        #[inline]
        pub const fn $raw(&self) -> &$type {
            $crate::stored::lent!($how self, $field: $type)
        }

        $crate::structure::setters! { $how [$($doc)*] $field: $type $set $with $flag of $flags }
    };
    ($how:tt [$($doc:tt)*] $field:ident: $type:tt [$($form:ident)?] [] [] [$raw:ident $set:ident $with:ident $flag:ident] [$flags:ident]) => {
        $($doc)*
        ///
        /// `None` when its validity bit is clear.
        #[inline]
        pub const fn $field(&self) -> Option<$crate::stored::value_type!($type)> {
            if self.validation().contains($flags::$flag) { Some(self.$raw()) } else { None }
        }

        $($doc)*
        ///
        /// The value as stored, whatever its validity bit says.
        #[inline]
        pub const fn $raw(&self) -> $crate::stored::value_type!($type) {
            $crate::stored::field!($how self, $field: $type)
        }

        $crate::structure::setters! { $how [$($doc)*] $field: $type $set $with $flag of $flags }
    };
}

/// Setters of a field that a validity bit guards.
macro_rules! setters {
    ($how:tt [$($doc:tt)*] $field:ident: $type:tt $set:ident $with:ident $flag:ident of $flags:ident) => {
        $($doc)*
        ///
        /// Sets the value and its validity bit.
        #[inline]
        pub const fn $set(&mut self, value: $crate::stored::value_type!($type)) {
            $crate::stored::store!($how self, $field, $crate::stored::wire!($type, value));
            self.mark($flags::$flag, $flags::empty());
        }

        $($doc)*
        ///
        /// Sets the value and its validity bit.
        #[must_use]
        #[inline]
        pub const fn $with(mut self, value: $crate::stored::value_type!($type)) -> Self {
            self.$set(value);
            self
        }
    };
}

pub(crate) use {described, setters, structure, structure_field, structure_fields, validation};
