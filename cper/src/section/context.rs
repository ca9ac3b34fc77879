//! What the x86 and Arm processor sections are made of: error structures of fixed size, then register contexts, a
//! header and an array each.
//!
//! The specification pads each context with zeros to a multiple of 16 bytes; Linux and libcper neither write nor
//! expect that. Both forms are read: all contexts of a section are tried as padded, then as unpadded.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::fields::{Describe, Value, Visitor, describe_rest};
use crate::{Error, ErrorKind, error::clamp};

/// Iterator over the error structures of a processor section.
///
/// One that does not fit is an error in its place, and the last item.
#[derive(Clone, Debug)]
pub struct ProcessorErrors<'a, T> {
    rest: &'a [u8],
    offset: usize,
    left: u16,
    structure: PhantomData<T>,
}

impl<'a, T> ProcessorErrors<'a, T> {
    /// `count` structures at the start of `bytes`, which lie `offset` bytes into the section.
    pub(super) const fn new(bytes: &'a [u8], offset: usize, count: u16) -> Self {
        Self { rest: bytes, offset, left: count, structure: PhantomData }
    }
}

impl<'a, T: FromBytes + Immutable + KnownLayout + Unaligned + 'a> ProcessorErrors<'a, T> {
    /// What begins with the structure that does not fit; nothing when all do.
    pub fn unread(mut self) -> &'a [u8] {
        if self.by_ref().any(|error| error.is_err()) { self.rest } else { &[] }
    }
}

impl<'a, T: FromBytes + Immutable + KnownLayout + Unaligned + 'a> Iterator for ProcessorErrors<'a, T> {
    type Item = Result<&'a T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let Ok((structure, rest)) = T::ref_from_prefix(self.rest) else {
            self.left = 0;
            let error = Error::too_short("processor error information", size_of::<T>(), self.rest.len());
            return Some(Err(error.at(self.offset)));
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(size_of::<T>());
        Some(Ok(structure))
    }
}

impl<'a, T: FromBytes + Immutable + KnownLayout + Unaligned + 'a> FusedIterator for ProcessorErrors<'a, T> {}

/// The header of a register context, of either processor section.
pub trait ContextHeader: FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned + Copy {
    /// What messages call a context.
    const NAME: &'static str;
    /// The lowest type that the specification does not define.
    const TYPES: u16;

    /// Type of the registers.
    fn kind(&self) -> u16;

    /// Bytes of the array behind the header.
    fn array_len(&self) -> usize;

    /// The same header for an array of another length.
    #[must_use]
    fn with_array_len(self, length: usize) -> Self;
}

/// A register context: its header, and the array of registers.
///
/// It is what a section's contexts are read as, and what they are written from; the size in the header is computed
/// when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context<'a, H> {
    pub(super) header: H,
    pub(super) array: &'a [u8],
    pub(super) padding: &'a [u8],
}

impl<'a, H> Context<'a, H> {
    /// The header as it was stored.
    pub const fn header(&self) -> &H {
        &self.header
    }

    /// The register array.
    pub const fn array(&self) -> &'a [u8] {
        self.array
    }

    /// What fills the context up to a multiple of 16 bytes, when it is not zeros as it should be; otherwise nothing.
    /// It is written as zeros.
    pub const fn padding(&self) -> &'a [u8] {
        self.padding
    }
}

/// A context and the number of bytes of padding behind it.
type Padded<'a, H> = (Context<'a, H>, usize);

/// Whether a section's contexts are each filled up with zeros to a multiple of 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ContextPadding {
    /// They are, as the specification says.
    #[default]
    To16,
    /// They are not, as Linux and libcper read them.
    None,
}

impl ContextPadding {
    /// Bytes that `length` bytes take with what fills them up.
    pub(super) const fn padded(self, length: usize) -> usize {
        match self {
            Self::To16 => length.saturating_add(padding_of(length)),
            Self::None => length,
        }
    }
}

/// Bytes that follow a header and array of `length` bytes to make a multiple of 16.
const fn padding_of(length: usize) -> usize {
    length.wrapping_neg() & 15
}

/// Whether there are no bytes but zeros.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Iterator over the contexts of a processor section.
///
/// A context that does not fit is an error in its place, and the last item.
#[derive(Clone, Debug)]
pub struct Contexts<'a, H> {
    rest: &'a [u8],
    offset: usize,
    left: u16,
    padding: ContextPadding,
    header: PhantomData<H>,
}

impl<'a, H: ContextHeader> Contexts<'a, H> {
    /// `count` contexts at the start of `bytes`, which lie `offset` bytes into the section.
    pub(super) fn new(bytes: &'a [u8], offset: usize, count: u16) -> Self {
        let walk = |padding| Self { rest: bytes, offset, left: count, padding, header: PhantomData };
        let (padded, unpadded) = (walk(ContextPadding::To16), walk(ContextPadding::None));
        if padded.clone().fit() >= unpadded.clone().fit() { padded } else { unpadded }
    }

    /// How the contexts of this section are laid out; when both ways are possible, as the specification says.
    pub const fn padding(&self) -> ContextPadding {
        self.padding
    }

    /// What lies behind the contexts not yet walked; nothing where one of them does not fit.
    pub fn after(mut self) -> &'a [u8] {
        if self.by_ref().any(|context| context.is_err()) { &[] } else { self.rest }
    }

    /// What begins with the context that does not fit; nothing when all do.
    pub fn unread(mut self) -> &'a [u8] {
        if self.by_ref().any(|context| context.is_err()) { self.rest } else { &[] }
    }

    /// How well this way of padding explains the bytes: whether all contexts are there, how many of the first ones
    /// are of known types with nothing but zeros behind them, and whether no padding is missing. A header of zeros is
    /// taken for padding.
    fn fit(mut self) -> (bool, u16, bool) {
        let (mut found, mut sound) = (0u16, 0u16);
        let mut whole = true;
        let (count, way) = (self.left, self.padding);
        while let Some(Ok((context, padding))) = self.take_one() {
            let kind = context.header.kind();
            if kind == 0 && context.array.is_empty() {
                break;
            }
            if sound == found && kind < H::TYPES && context.padding.is_empty() {
                sound = sound.saturating_add(1);
            }
            let used = size_of::<H>().saturating_add(context.array.len());
            whole &= way.padded(used) == used.saturating_add(padding);
            found = found.saturating_add(1);
        }
        (found == count, sound, whole)
    }

    /// The next context and the padding behind it. Behind the last one there may be none.
    fn take_one(&mut self) -> Option<Result<Padded<'a, H>, Error>> {
        self.left = self.left.checked_sub(1)?;
        let taken = self.split();
        if taken.is_err() {
            self.left = 0;
        }
        Some(taken)
    }

    fn split(&mut self) -> Result<Padded<'a, H>, Error> {
        let short = Error::too_short(H::NAME, size_of::<H>(), self.rest.len()).at(self.offset);
        let (header, after) = H::read_from_prefix(self.rest).map_err(|_| short)?;
        let length = header.array_len();
        let Some((array, mut rest)) = after.split_at_checked(length) else {
            let kind = ErrorKind::InnerLength {
                what: "register array size",
                value: clamp(length),
                limit: clamp(after.len()),
            };
            return Err(Error::new(kind, self.offset));
        };
        let used = size_of::<H>().saturating_add(length);
        let mut padding: &[u8] = &[];
        if self.padding == ContextPadding::To16 {
            match rest.split_at_checked(padding_of(used)) {
                // What lies behind the last context need not be padding.
                Some((pad, behind)) if self.left != 0 || is_zero(pad) => (padding, rest) = (pad, behind),
                _ => {}
            }
        }
        self.rest = rest;
        self.offset = self.offset.saturating_add(used).saturating_add(padding.len());
        let length = padding.len();
        if is_zero(padding) {
            padding = &[];
        }
        Ok((Context { header, array, padding }, length))
    }
}

impl<'a, H: ContextHeader> Iterator for Contexts<'a, H> {
    type Item = Result<Context<'a, H>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.take_one()?.map(|(context, _)| context))
    }
}

impl<H: ContextHeader> FusedIterator for Contexts<'_, H> {}

/// Bytes that these contexts take.
pub(super) fn encoded_len<H: ContextHeader>(contexts: &[Context<'_, H>], padding: ContextPadding) -> usize {
    contexts.iter().map(|context| context_len(context, padding)).fold(0, usize::saturating_add)
}

fn context_len<H: ContextHeader>(context: &Context<'_, H>, padding: ContextPadding) -> usize {
    padding.padded(size_of::<H>().saturating_add(context.array.len()))
}

/// Writes the contexts, padding included, and returns the rest; `None` when `out` is too short.
pub(super) fn encode<'b, H: ContextHeader>(
    contexts: &[Context<'_, H>],
    padding: ContextPadding,
    out: &'b mut [u8],
) -> Option<&'b mut [u8]> {
    contexts.iter().try_fold(out, |out, context| {
        let (space, rest) = out.split_at_mut_checked(context_len(context, padding))?;
        let (header, space) = H::mut_from_prefix(space).ok()?;
        let (array, zeros) = space.split_at_mut_checked(context.array.len())?;
        *header = context.header.with_array_len(context.array.len());
        context.array.write_to(array).ok()?;
        zeros.fill(0);
        Some(rest)
    })
}

/// A register of a context, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register<'a> {
    /// Name of the register, in lower case.
    pub name: &'static str,
    /// Its bytes, the lowest first: 2, 4, 8 or 16.
    pub bytes: &'a [u8],
}

impl Register<'_> {
    /// The value.
    pub fn value(&self) -> u128 {
        self.bytes.iter().rev().fold(0, |value, byte| value << 8 | u128::from(*byte))
    }
}

/// Names of a context's registers in their order, in runs of registers that have the same number of bytes; an empty
/// name for reserved ones.
pub(super) type RegisterTable = &'static [(u8, &'static [&'static str])];

/// Iterator over the registers of a context, as far as its array goes.
#[derive(Clone, Debug)]
pub struct Registers<'a> {
    /// Runs after the present one.
    table: RegisterTable,
    width: u8,
    names: core::slice::Iter<'static, &'static str>,
    rest: &'a [u8],
}

impl<'a> Registers<'a> {
    pub(super) fn new(table: RegisterTable, array: &'a [u8]) -> Self {
        Self { table, width: 0, names: [].iter(), rest: array }
    }

    /// The bytes that no register was read from yet: at the end of the iteration, what the type does not define.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Registers<'a> {
    type Item = Register<'a>;

    fn next(&mut self) -> Option<Register<'a>> {
        loop {
            let Some(name) = self.names.next() else {
                let (&(width, names), table) = self.table.split_first()?;
                (self.table, self.width, self.names) = (table, width, names.iter());
                continue;
            };
            let Some((bytes, rest)) = self.rest.split_at_checked(usize::from(self.width)) else {
                (self.table, self.names) = (&[], [].iter());
                return None;
            };
            self.rest = rest;
            if !name.is_empty() {
                return Some(Register { name, bytes });
            }
        }
    }
}

impl FusedIterator for Registers<'_> {}

impl Describe for Registers<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.clone().try_for_each(|register| {
            let value = register.value();
            match u64::try_from(value) {
                Ok(value) if register.bytes.len() <= 8 => {
                    let digits = (register.bytes.len() as u8).saturating_mul(2);
                    out.field(register.name, Value::Hex { value, digits })
                }
                _ => out.field(register.name, Value::Message(&format_args!("{value:#034x}"))),
            }
        })
    }
}

/// Tells a context's registers, and the bytes of its array that are none.
pub(super) fn describe_registers(registers: &Registers<'_>, out: &mut dyn Visitor) -> fmt::Result {
    let mut walked = registers.clone();
    walked.by_ref().for_each(drop);
    let rest = if registers.table.is_empty() {
        "register_array"
    } else {
        out.field("registers", Value::Group(registers))?;
        "trailing"
    };
    describe_rest(rest, walked.rest, out)
}

/// A register that is known by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressedRegister {
    /// Number of the model-specific register, or address of the memory-mapped one.
    pub address: u64,
    /// Its value.
    pub value: u64,
}

impl Describe for AddressedRegister {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("address", Value::hex(self.address))?;
        out.field("value", Value::hex(self.value))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{vec, vec::Vec};
    use zerocopy::FromZeros;
    use zerocopy::little_endian::U16;

    #[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
    #[repr(C)]
    struct Header {
        kind: U16,
        size: U16,
    }

    impl ContextHeader for Header {
        const NAME: &'static str = "context";
        const TYPES: u16 = 3;

        fn kind(&self) -> u16 {
            self.kind.get()
        }

        fn array_len(&self) -> usize {
            usize::from(self.size.get())
        }

        fn with_array_len(self, length: usize) -> Self {
            Self { size: U16::new(u16::try_from(length).unwrap()), ..self }
        }
    }

    fn context(kind: u16, array: &[u8]) -> Context<'_, Header> {
        Context { header: Header { kind: U16::new(kind), size: U16::new(0) }, array, padding: &[] }
    }

    fn written(contexts: &[Context<'_, Header>], padding: ContextPadding, tail: &[u8]) -> Vec<u8> {
        let mut out = vec![0xa5; encoded_len(contexts, padding)];
        assert_eq!(encode(contexts, padding, &mut out).map(|rest| rest.len()), Some(0));
        if !out.is_empty() {
            let short = out.len() - 1;
            assert!(encode(contexts, padding, &mut out.clone()[..short]).is_none());
        }
        out.extend(tail);
        out
    }

    fn arrays(bytes: &[u8], count: u16) -> Vec<Option<&[u8]>> {
        Contexts::<Header>::new(bytes, 40, count).map(|item| item.ok().map(|context| context.array)).collect()
    }

    #[test]
    fn both_ways_of_padding_are_read_back() {
        let parts = [context(1, b"abc"), context(2, b"defgh"), context(0, &[7; 12]), context(1, b"z")];
        for padding in [ContextPadding::To16, ContextPadding::None] {
            for tail in [&b""[..], b"vendor", &[1; 40]] {
                let bytes = written(&parts, padding, tail);
                let contexts = Contexts::<Header>::new(&bytes, 40, 4);
                assert_eq!(contexts.padding(), padding);
                assert_eq!(contexts.clone().after(), tail);
                let arrays: Vec<_> = contexts.map(|item| item.unwrap().array).collect();
                assert_eq!(arrays, parts.map(|part| part.array));
            }
        }
    }

    #[test]
    fn written_bytes_are_header_array_and_zeros() {
        assert_eq!(
            written(&[context(2, b"abc"), context(1, b"")], ContextPadding::To16, b""),
            b"\x02\0\x03\0abc\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        );
        assert_eq!(
            written(&[context(2, b"abc"), context(1, b"")], ContextPadding::None, b""),
            b"\x02\0\x03\0abc\x01\0\0\0"
        );
    }

    #[test]
    fn the_last_context_need_not_be_padded() {
        let mut bytes = written(&[context(1, b"abc"), context(2, b"de")], ContextPadding::To16, b"");
        bytes.truncate(22);
        assert_eq!(arrays(&bytes, 2), [Some(&b"abc"[..]), Some(b"de")]);
        assert_eq!(arrays(&bytes[..21], 2), [Some(&b"abc"[..]), None]);
        bytes.extend(b"vendor's own, not zeros");
        assert_eq!(Contexts::<Header>::new(&bytes, 0, 2).after(), b"vendor's own, not zeros");
    }

    #[test]
    fn padding_that_is_not_zero_is_tried_last() {
        let mut bytes = written(&[context(1, b"abc"), context(2, b"de")], ContextPadding::To16, b"");
        bytes[15] = 0xff;
        assert_eq!(arrays(&bytes, 2), [Some(&b"abc"[..]), Some(b"de")]);
        let padding = Contexts::<Header>::new(&bytes, 40, 2).map(|context| context.unwrap().padding());
        assert_eq!(padding.collect::<Vec<_>>(), [&bytes[7..16], &[]]);
        bytes[7..16].fill(0xff);
        assert_eq!(arrays(&bytes, 2), [Some(&b"abc"[..]), Some(b"de")]);
        // Unpadded it is a context of an unknown type, which explains the bytes better than padding does.
        bytes[7..11].copy_from_slice(&[9, 0, 2, 0]);
        assert_eq!(arrays(&bytes, 2), [Some(&b"abc"[..]), Some(&[0xff, 0xff])]);
    }

    #[test]
    fn a_context_of_no_registers_is_one() {
        let parts = [context(1, b""), context(2, b"abcd"), context(0, b"e")];
        let bytes = written(&parts, ContextPadding::None, b"");
        assert_eq!(arrays(&bytes, 3), parts.map(|part| Some(part.array)));
        assert_eq!(Contexts::<Header>::new(&bytes, 0, 3).padding(), ContextPadding::None);
    }

    #[test]
    fn padding_that_is_missing_was_never_there() {
        let padding = |bytes: &[u8], count| Contexts::<Header>::new(bytes, 0, count).padding();
        let bytes = written(&[context(1, b"abc")], ContextPadding::To16, b"");
        assert_eq!(padding(&bytes, 1), ContextPadding::To16);
        assert_eq!(padding(&bytes[..15], 1), ContextPadding::None);
        let bytes = written(&[context(1, b"abc")], ContextPadding::None, b"vendor's own");
        assert_eq!(padding(&bytes, 1), ContextPadding::None);
    }

    /// How two contexts are read that are there both ways: the second header lies behind the first array, and where
    /// padding would have it. The padding is no zeros, which speaks against it as long as the types are known.
    fn preferred<H: ContextHeader>(first: H, second: H) -> ContextPadding {
        let head = size_of::<H>();
        let (used, padded) = (head + 1, ContextPadding::To16.padded(head + 1));
        let length = 16 - head % 16;
        let mut bytes = vec![0xff; padded + head + length];
        bytes[..head].copy_from_slice(first.with_array_len(1).as_bytes());
        bytes[used..used + head].copy_from_slice(second.with_array_len(2).as_bytes());
        bytes[padded..padded + head].copy_from_slice(second.with_array_len(length).as_bytes());
        let contexts = Contexts::<H>::new(&bytes, 0, 2);
        assert_eq!(contexts.clone().flatten().count(), 2);
        contexts.padding()
    }

    #[test]
    fn types_that_are_not_defined_explain_nothing() {
        use crate::section::{ArmContextHeader, ArmContextType, Ia32X64ContextHeader, Ia32X64ContextType};
        let arm = |kind| ArmContextHeader {
            register_context_type: ArmContextType::new(kind),
            ..ArmContextHeader::new_zeroed()
        };
        let x86 = |kind| Ia32X64ContextHeader {
            register_context_type: Ia32X64ContextType::new(kind),
            ..Ia32X64ContextHeader::new_zeroed()
        };
        let own = |kind| context(kind, b"").header;
        for kind in 0..12 {
            let expected = |types| if kind < types { ContextPadding::None } else { ContextPadding::To16 };
            assert_eq!(preferred(own(kind), own(2)), expected(3), "{kind}");
            assert_eq!(preferred(arm(kind), arm(1)), expected(10), "Arm {kind}");
            assert_eq!(preferred(x86(kind), x86(1)), expected(8), "x86 {kind}");
        }
    }

    #[test]
    fn a_context_that_does_not_fit_is_the_last_item() {
        let bytes = written(&[context(1, b"abc"), context(9, b"defg")], ContextPadding::None, b"");
        let errors: Vec<_> = (0..bytes.len())
            .map(|length| {
                let mut contexts = Contexts::<Header>::new(&bytes[..length], 40, 2);
                let error = contexts.by_ref().find_map(Result::err).unwrap();
                assert_eq!(contexts.next(), None);
                let whole = Contexts::<Header>::new(&bytes[..length], 40, 2);
                let unread = if length < 7 { &bytes[..length] } else { &bytes[7..length] };
                assert_eq!((whole.clone().after(), whole.unread()), (&[][..], unread));
                error
            })
            .collect();
        assert_eq!(errors[3], Error::too_short("context", 4, 3).at(40));
        let kind = |value, limit| ErrorKind::InnerLength { what: "register array size", value, limit };
        assert_eq!(errors[6], Error::new(kind(3, 2), 40));
        assert_eq!(errors[7], Error::too_short("context", 4, 0).at(47));
        assert_eq!(errors[14], Error::new(kind(4, 3), 47));
        assert_eq!(arrays(&bytes, 2), [Some(&b"abc"[..]), Some(b"defg")]);
        assert!(Contexts::<Header>::new(&bytes, 40, 2).unread().is_empty());
        assert_eq!(arrays(&[0; 64], 0), []);
        assert_eq!(arrays(&[], 65_535), [None]);
    }

    #[test]
    fn registers_go_as_far_as_the_array() {
        const TABLE: RegisterTable = &[(2, &["a"]), (1, &[""]), (4, &["b"]), (16, &["c"])];
        let bytes: Vec<u8> = (1..=25).collect();
        let all = |length: usize| {
            let mut registers = Registers::new(TABLE, &bytes[..length]);
            let values: Vec<_> =
                registers.by_ref().map(|register| (register.name, register.value())).collect();
            (values, registers.rest().len())
        };
        assert_eq!(all(2), (vec![("a", 0x0201)], 0));
        assert_eq!(all(6), (vec![("a", 0x0201)], 3));
        let c = 0x1716_1514_1312_1110_0f0e_0d0c_0b0a_0908;
        assert_eq!(all(25), (vec![("a", 0x0201), ("b", 0x0706_0504), ("c", c)], 2));
        let text = std::format!("{}", crate::fields::Fields(&Registers::new(TABLE, &bytes)));
        assert_eq!(
            text,
            "a                       0x0201\nb                       0x07060504\n\
             c                       0x17161514131211100f0e0d0c0b0a0908\n"
        );
        // A register of 128 bits is told in the same way whatever it holds.
        #[cfg(feature = "serde")]
        {
            let small: Vec<u8> = (0..16).map(|place| u8::from(place == 0)).collect();
            let registers = Registers::new(&[(16, &["c"])], &small);
            let json = serde_json::to_value(crate::fields::Fields(&registers)).unwrap();
            assert_eq!(json, serde_json::json!({"c": "0x00000000000000000000000000000001"}));
        }
    }
}
