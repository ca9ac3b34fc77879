//! The register contexts of the x86 and Arm processor sections: a header and an array each, one after the other.
//!
//! The specification pads each context with zeros to a multiple of 16 bytes; Linux and libcper neither write nor
//! expect that. Both forms are read: all contexts of a section are tried as padded, then as unpadded.

use core::fmt;
use core::iter::FusedIterator;

use crate::Error;
use crate::entries::next_of;
use crate::fields::{Describe, Stored, Value, Visitor, describe_rest};

/// What the contexts of one kind of section have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct ContextForm {
    /// What messages call a context.
    pub(super) name: &'static str,
    /// Bytes of the header.
    pub(super) header_size: usize,
    /// The lowest type that the specification does not define.
    pub(super) types: u16,
    /// The type and the array size that a header states; `None` when it is not whole.
    pub(super) read: fn(&[u8]) -> Option<(u16, u32)>,
}

/// The bytes of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContextBytes<'a> {
    /// The header, as many bytes as the form says.
    pub(super) header: &'a [u8],
    /// The register array.
    pub(super) array: &'a [u8],
    /// What fills the context up.
    pub(super) padding: &'a [u8],
}

impl<'a> ContextBytes<'a> {
    /// The padding when it is not zeros, as it should be; otherwise nothing.
    pub(super) fn unusual_padding(&self) -> &'a [u8] {
        if is_zero(self.padding) { &[] } else { self.padding }
    }
}

/// The header of a context. A header that was read is borrowed from the body, because a description finds the place of a
/// field by its address.
#[derive(Clone, Copy)]
pub(super) enum ContextHeader<'a, H> {
    /// The header that was read.
    Read(&'a H),
    /// The header of a context to be written.
    New(H),
}

impl<H> ContextHeader<'_, H> {
    #[inline]
    pub(super) const fn get(&self) -> &H {
        match self {
            Self::Read(header) => header,
            Self::New(header) => header,
        }
    }
}

impl<H: PartialEq> PartialEq for ContextHeader<'_, H> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<H: Eq> Eq for ContextHeader<'_, H> {}

impl<H: fmt::Debug> fmt::Debug for ContextHeader<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// Whether each context of a section is padded with zeros to a multiple of 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ContextPadding {
    /// The contexts are padded, as the specification says.
    #[default]
    To16,
    /// The contexts are not padded, as Linux and libcper read them.
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
pub struct Contexts<'a, C> {
    walk: Walk<'a>,
    context: fn(ContextBytes<'a>) -> C,
}

impl<'a, C> Contexts<'a, C> {
    /// `count` contexts at the start of `bytes`, which lie `offset` bytes into the section; `context` makes one of its
    /// bytes.
    pub(super) fn new(
        (bytes, offset, count): (&'a [u8], usize, u16),
        form: &'static ContextForm,
        context: fn(ContextBytes<'a>) -> C,
    ) -> Self {
        let walk = |padding| Walk { rest: bytes, offset, left: count, padding, form };
        let (padded, unpadded) = (walk(ContextPadding::To16), walk(ContextPadding::None));
        let walk = if padded.clone().fit() >= unpadded.clone().fit() { padded } else { unpadded };
        Self { walk, context }
    }

    /// Whether the contexts of this section are padded; when both are possible, they are, as the specification says.
    pub const fn padding(&self) -> ContextPadding {
        self.walk.padding
    }

    /// The bytes after the last context; empty when one of the contexts that are still to come does not fit.
    pub fn after(&self) -> &'a [u8] {
        match self.walk.clone().end() {
            (rest, true) => rest,
            _ => &[],
        }
    }

    /// The bytes that no context takes: those from the one on that does not fit, or those after the last one.
    pub(super) fn untaken(&self) -> &'a [u8] {
        self.walk.clone().end().0
    }

    /// The bytes from the context on that does not fit; nothing when all do.
    pub(super) fn unread(&self) -> &'a [u8] {
        match self.walk.clone().end() {
            (rest, false) => rest,
            _ => &[],
        }
    }
}

impl<C> Iterator for Contexts<'_, C> {
    type Item = Result<C, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.walk.next()?.map(self.context))
    }
}

impl<C> FusedIterator for Contexts<'_, C> {}

/// Iterator over the bytes of the contexts, padded in one way.
#[derive(Clone, Debug)]
struct Walk<'a> {
    rest: &'a [u8],
    offset: usize,
    left: u16,
    padding: ContextPadding,
    form: &'static ContextForm,
}

impl<'a> Walk<'a> {
    /// The bytes that no context takes, and whether all contexts fit.
    fn end(mut self) -> (&'a [u8], bool) {
        let fit = !self.by_ref().any(|context| context.is_err());
        (self.rest, fit)
    }

    /// How well this way of padding explains the bytes: whether all contexts are there, how many of the first ones
    /// are of known types with nothing but zeros after them, and whether no padding is missing. A header of zeros is
    /// taken for padding.
    fn fit(mut self) -> (bool, u16, bool) {
        let (mut found, mut sound) = (0u16, 0u16);
        let mut whole = true;
        let (count, way, form) = (self.left, self.padding, self.form);
        while let Some(Ok(context)) = self.next() {
            let kind = (form.read)(context.header).map_or(u16::MAX, |(kind, _)| kind);
            if kind == 0 && context.array.is_empty() {
                break;
            }
            if sound == found && kind < form.types && is_zero(context.padding) {
                sound = sound.saturating_add(1);
            }
            let used = form.header_size.saturating_add(context.array.len());
            whole &= way.padded(used) == used.saturating_add(context.padding.len());
            found = found.saturating_add(1);
        }
        (found == count, sound, whole)
    }

    /// Takes one context from the front. After the last one there may be no padding.
    fn split(&mut self) -> Result<ContextBytes<'a>, Error> {
        let size = self.form.header_size;
        let header = self.rest.split_at_checked(size);
        let stated = header.and_then(|(header, after)| Some((header, (self.form.read)(header)?.1, after)));
        let Some((header, length, after)) = stated else {
            return Err(Error::too_short(self.form.name, size, self.rest.len()).at(self.offset));
        };
        let Some((array, mut rest)) = after.split_at_checked(length as usize) else {
            return Err(Error::inner_length("register array size", length, after.len(), self.offset));
        };
        let used = size.saturating_add(array.len());
        let mut padding: &[u8] = &[];
        if self.padding == ContextPadding::To16 {
            match rest.split_at_checked(padding_of(used)) {
                // The bytes after the last context may be other than padding.
                Some((pad, after)) if self.left != 0 || is_zero(pad) => (padding, rest) = (pad, after),
                _ => {}
            }
        }
        self.rest = rest;
        self.offset = self.offset.saturating_add(used).saturating_add(padding.len());
        Ok(ContextBytes { header, array, padding })
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<ContextBytes<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        next_of(self, |walk| &mut walk.left, Self::split)
    }
}

/// Writes a context, padding included, and returns the rest; `None` when `out` is too short.
pub(super) fn encode<'b>(
    header: &[u8],
    array: &[u8],
    padding: ContextPadding,
    out: &'b mut [u8],
) -> Option<&'b mut [u8]> {
    let length = padding.padded(header.len().saturating_add(array.len()));
    let (context, rest) = out.split_at_mut_checked(length)?;
    let (to, context) = context.split_at_mut_checked(header.len())?;
    to.copy_from_slice(header);
    let (to, zeros) = context.split_at_mut_checked(array.len())?;
    to.copy_from_slice(array);
    zeros.fill(0);
    Some(rest)
}

/// A register of a context, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register<'a> {
    /// Name of the register, in lower case.
    pub name: &'static str,
    /// Bytes of the register, the lowest first: 2, 4, 8 or 16.
    pub bytes: &'a [u8],
}

impl Register<'_> {
    /// Value of the register.
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
        for register in self.clone() {
            let value = register.value();
            out.stored(register.name, register.bytes, Stored::Shown);
            match u64::try_from(value) {
                Ok(value) if register.bytes.len() <= 8 => {
                    let digits = (register.bytes.len() as u8).saturating_mul(2);
                    out.field(register.name, Value::Hex { value, digits })?;
                }
                _ => out.field(register.name, Value::Message(&format_args!("{value:#034x}")))?,
            }
        }
        Ok(())
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
    /// Value of the register.
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

    /// A header of two numbers, type and size.
    const FORM: ContextForm = ContextForm {
        name: "context",
        header_size: 4,
        types: 3,
        read: |header| match header {
            &[a, b, c, d] => Some((u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]).into())),
            _ => None,
        },
    };

    fn contexts(bytes: &[u8], offset: usize, count: u16) -> Contexts<'_, ContextBytes<'_>> {
        Contexts::new((bytes, offset, count), &FORM, |context| context)
    }

    fn written(contexts: &[(u16, &[u8])], padding: ContextPadding, tail: &[u8]) -> Vec<u8> {
        let length = contexts.iter().map(|(_, array)| padding.padded(4 + array.len())).sum();
        let write = |out: &mut [u8]| {
            let rest = contexts.iter().try_fold(out, |out, (kind, array)| {
                let size = u16::try_from(array.len()).unwrap();
                encode([kind.to_le_bytes(), size.to_le_bytes()].as_flattened(), array, padding, out)
            });
            rest.map(|rest| rest.len())
        };
        let mut out = vec![0xa5; length];
        assert_eq!(write(&mut out), Some(0));
        if !out.is_empty() {
            assert!(write(&mut out.clone()[..length - 1]).is_none());
        }
        out.extend(tail);
        out
    }

    fn arrays(bytes: &[u8], count: u16) -> Vec<Option<&[u8]>> {
        contexts(bytes, 40, count).map(|item| item.ok().map(|context| context.array)).collect()
    }

    #[test]
    fn both_ways_of_padding_are_read_back() {
        let parts = [(1, &b"abc"[..]), (2, &b"defgh"[..]), (0, &[7; 12][..]), (1, &b"z"[..])];
        for padding in [ContextPadding::To16, ContextPadding::None] {
            for tail in [&b""[..], b"vendor", &[1; 40]] {
                let bytes = written(&parts, padding, tail);
                let contexts = contexts(&bytes, 40, 4);
                assert_eq!(contexts.padding(), padding);
                assert_eq!(contexts.after(), tail);
                let arrays: Vec<_> = contexts.map(|item| item.unwrap().array).collect();
                assert_eq!(arrays, parts.map(|part| part.1));
            }
        }
    }

    #[test]
    fn written_bytes_are_header_array_and_zeros() {
        assert_eq!(
            written(&[(2, &b"abc"[..]), (1, &b""[..])], ContextPadding::To16, b""),
            b"\x02\0\x03\0abc\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        );
        assert_eq!(
            written(&[(2, &b"abc"[..]), (1, &b""[..])], ContextPadding::None, b""),
            b"\x02\0\x03\0abc\x01\0\0\0"
        );
    }

    #[test]
    fn the_last_context_need_not_be_padded() {
        let mut bytes = written(&[(1, &b"abc"[..]), (2, &b"de"[..])], ContextPadding::To16, b"");
        bytes.truncate(22);
        assert_eq!(arrays(&bytes, 2), [Some(&b"abc"[..]), Some(b"de")]);
        assert_eq!(arrays(&bytes[..21], 2), [Some(&b"abc"[..]), None]);
        bytes.extend(b"vendor's own, not zeros");
        assert_eq!(contexts(&bytes, 0, 2).after(), b"vendor's own, not zeros");
    }

    #[test]
    fn padding_that_is_not_zero_is_tried_last() {
        let mut bytes = written(&[(1, &b"abc"[..]), (2, &b"de"[..])], ContextPadding::To16, b"");
        bytes[15] = 0xff;
        assert_eq!(arrays(&bytes, 2), [Some(&b"abc"[..]), Some(b"de")]);
        let padding = contexts(&bytes, 40, 2).map(|context| context.unwrap().unusual_padding());
        assert_eq!(padding.collect::<Vec<_>>(), [&bytes[7..16], &[]]);
        bytes[7..16].fill(0xff);
        assert_eq!(arrays(&bytes, 2), [Some(&b"abc"[..]), Some(b"de")]);
        // Unpadded it is a context of an unknown type, which explains the bytes better than padding does.
        bytes[7..11].copy_from_slice(&[9, 0, 2, 0]);
        assert_eq!(arrays(&bytes, 2), [Some(&b"abc"[..]), Some(&[0xff, 0xff])]);
    }

    #[test]
    fn a_context_of_no_registers_is_one() {
        let parts = [(1, &b""[..]), (2, &b"abcd"[..]), (0, &b"e"[..])];
        let bytes = written(&parts, ContextPadding::None, b"");
        assert_eq!(arrays(&bytes, 3), parts.map(|part| Some(part.1)));
        assert_eq!(contexts(&bytes, 0, 3).padding(), ContextPadding::None);
    }

    #[test]
    fn padding_that_is_missing_was_never_there() {
        let padding = |bytes: &[u8], count| contexts(bytes, 0, count).padding();
        let bytes = written(&[(1, &b"abc"[..])], ContextPadding::To16, b"");
        assert_eq!(padding(&bytes, 1), ContextPadding::To16);
        assert_eq!(padding(&bytes[..15], 1), ContextPadding::None);
        let bytes = written(&[(1, &b"abc"[..])], ContextPadding::None, b"vendor's own");
        assert_eq!(padding(&bytes, 1), ContextPadding::None);
    }

    /// How two contexts are read that are there both ways: the second header lies after the first array, and where
    /// padding would have it. The padding is no zeros, which speaks against it as long as the types are known.
    fn preferred(
        form: &'static ContextForm,
        header: impl Fn(u16, u8) -> Vec<u8>,
        first: u16,
        second: u16,
    ) -> ContextPadding {
        let head = form.header_size;
        let (used, padded) = (head + 1, ContextPadding::To16.padded(head + 1));
        let length = 16 - head % 16;
        let mut bytes = vec![0xff; padded + head + length];
        bytes[..head].copy_from_slice(&header(first, 1));
        bytes[used..used + head].copy_from_slice(&header(second, 2));
        bytes[padded..padded + head].copy_from_slice(&header(second, length as u8));
        let contexts = Contexts::new((&bytes, 0, 2), form, |context| context);
        let padding = contexts.padding();
        assert_eq!(contexts.flatten().count(), 2);
        padding
    }

    #[test]
    fn types_that_are_not_defined_explain_nothing() {
        use crate::section::{arm, ia32x64};
        let own = |kind: u16, size| [&kind.to_le_bytes()[..], &[size, 0]].concat();
        let arm = |kind: u16, size| [&[0; 2], &kind.to_le_bytes()[..], &[size, 0, 0, 0]].concat();
        let x86 = |kind: u16, size| [&kind.to_le_bytes()[..], &[size, 0], &[0; 12]].concat();
        for kind in 0..12 {
            let expected = |types| if kind < types { ContextPadding::None } else { ContextPadding::To16 };
            assert_eq!(preferred(&FORM, own, kind, 2), expected(3), "{kind}");
            assert_eq!(preferred(&arm::CONTEXT_FORM, arm, kind, 1), expected(10), "Arm {kind}");
            assert_eq!(preferred(&ia32x64::CONTEXT_FORM, x86, kind, 1), expected(8), "x86 {kind}");
        }
    }

    #[test]
    fn a_context_that_does_not_fit_is_the_last_item() {
        let bytes = written(&[(1, &b"abc"[..]), (9, &b"defg"[..])], ContextPadding::None, b"");
        let errors: Vec<_> = (0..bytes.len())
            .map(|length| {
                let mut walked = contexts(&bytes[..length], 40, 2);
                let error = walked.by_ref().find_map(Result::err).unwrap();
                assert_eq!(walked.next(), None);
                let whole = contexts(&bytes[..length], 40, 2);
                let unread = if length < 7 { &bytes[..length] } else { &bytes[7..length] };
                assert_eq!((whole.after(), whole.unread()), (&[][..], unread));
                error
            })
            .collect();
        assert_eq!(errors[3], Error::too_short("context", 4, 3).at(40));
        let size = |value, limit, offset| Error::inner_length("register array size", value, limit, offset);
        assert_eq!(errors[6], size(3, 2, 40));
        assert_eq!(errors[7], Error::too_short("context", 4, 0).at(47));
        assert_eq!(errors[14], size(4, 3, 47));
        assert_eq!(arrays(&bytes, 2), [Some(&b"abc"[..]), Some(b"defg")]);
        assert!(contexts(&bytes, 40, 2).unread().is_empty());
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
