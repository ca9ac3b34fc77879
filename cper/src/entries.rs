//! Arrays inside bodies, of which a field of the body states the number: [`Entries`] of structures of one size, and
//! [`SizedEntries`] of structures that each state their own.

use core::fmt;
use core::iter::FusedIterator;
use core::slice;

use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::Error;
use crate::fields::{Describe, List, Value};

/// Iterator over an array of structures of one size.
///
/// It yields those that the section has; when it says that there are more, an error is the last item. The error's
/// offset is that of the count.
#[derive(Clone, Debug)]
pub struct Entries<'a, T> {
    entries: slice::Iter<'a, T>,
    error: Option<Error>,
}

impl<'a, T: FromBytes + Immutable + KnownLayout + Unaligned> Entries<'a, T> {
    /// The first `count` structures of `bytes`. The count is the field `what`, which lies at `offset`.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], count: u32, what: &'static str, offset: usize) -> Self {
        let there: &[T] = whole(bytes);
        let (entries, limit) = (there.get(..count as usize).unwrap_or(there), there.len());
        let error = Error::inner_length(what, count, limit, offset);
        Self { entries: entries.iter(), error: if count as usize > limit { Some(error) } else { None } }
    }
}

/// The structures at the start of `bytes`, as many as are whole.
#[inline]
pub(crate) fn whole<T: FromBytes + Immutable + KnownLayout + Unaligned>(bytes: &[u8]) -> &[T] {
    let count = bytes.len().checked_div(size_of::<T>()).unwrap_or(0);
    // Cut out first: zerocopy's prefix with a count keeps an overflow check at small sizes.
    let bytes = bytes.get(..count.saturating_mul(size_of::<T>())).unwrap_or_default();
    match FromBytes::ref_from_bytes(bytes) {
        Ok(structures) => structures,
        Err(_) => &[],
    }
}

impl<'a, T> Entries<'a, T> {
    /// The structures that the section has, without those that the iterator has yielded.
    #[inline]
    pub fn as_slice(&self) -> &'a [T] {
        self.entries.as_slice()
    }

    /// Why structures are missing at the end; `None` when all are there.
    pub const fn error(&self) -> Option<Error> {
        self.error
    }

    /// Bytes of the structures that the iterator has not yielded.
    pub(crate) fn len_in_bytes(&self) -> usize {
        size_of_val(self.entries.as_slice())
    }
}

impl<'a, T> Iterator for Entries<'a, T> {
    type Item = Result<&'a T, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next().map(Ok).or_else(|| self.error.take().map(Err))
    }
}

impl<T> FusedIterator for Entries<'_, T> {}

impl<T: Describe> List for Entries<'_, T> {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> fmt::Result) -> fmt::Result {
        for entry in self.as_slice() {
            item(Value::Group(entry))?;
        }
        match &self.error {
            Some(error) => item(Value::Error(error)),
            None => Ok(()),
        }
    }
}

/// What the structures of one kind have in common that state their own size in their first four bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizedForm {
    /// What messages call a structure.
    pub(crate) name: &'static str,
    /// What messages call its size.
    pub(crate) size_name: &'static str,
    /// Bytes of its header, which are part of the size.
    pub(crate) header: usize,
}

/// Iterator over structures that each state their own size.
///
/// One that does not fit is an error in its place, and the last item.
#[derive(Clone, Debug)]
pub struct SizedEntries<'a, T> {
    rest: &'a [u8],
    offset: usize,
    left: u16,
    form: &'static SizedForm,
    /// Makes a structure of its bytes and their offset.
    read: fn(&'a [u8], usize) -> Result<T, Error>,
}

impl<'a, T> SizedEntries<'a, T> {
    /// `count` structures at the start of `bytes`, which lie `offset` bytes into the section.
    pub(crate) const fn new(
        (bytes, offset, count): (&'a [u8], usize, u16),
        form: &'static SizedForm,
        read: fn(&'a [u8], usize) -> Result<T, Error>,
    ) -> Self {
        Self { rest: bytes, offset, left: count, form, read }
    }

    /// The bytes of the structures that the iterator has not yielded, and those after the last one.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The bytes after the last structure that is read, and their offset.
    pub(crate) fn end(mut self) -> (&'a [u8], usize) {
        while self.next().is_some() {}
        (self.rest, self.offset)
    }

    /// How many bytes the next structure claims to have and does not.
    fn missing_of_next(&self) -> usize {
        let stated = match self.rest.first_chunk() {
            Some(size) => u32::from_le_bytes(*size),
            None => 0,
        };
        (stated as usize).max(self.form.header).saturating_sub(self.rest.len())
    }

    /// How many bytes the first structure that does not fit claims to have and does not.
    pub(crate) fn missing(mut self) -> usize {
        while self.left != 0 {
            let missing = self.missing_of_next();
            if missing != 0 {
                return missing;
            }
            self.next();
        }
        0
    }

    /// Takes one structure from the front.
    fn split(&mut self) -> Result<T, Error> {
        let (form, offset, there) = (self.form, self.offset, self.rest.len());
        let stated = match self.rest.first_chunk() {
            Some(stated) if there >= form.header => u32::from_le_bytes(*stated),
            _ => return Err(Error::too_short(form.name, form.header, there).at(offset)),
        };
        // A size below that of the header would not advance.
        let size = (stated as usize).max(form.header);
        let Some((entry, rest)) = self.rest.split_at_checked(size) else {
            return Err(Error::inner_length(form.size_name, stated, there, offset));
        };
        let entry = (self.read)(entry, offset)?;
        self.rest = rest;
        self.offset = offset.saturating_add(size);
        Ok(entry)
    }
}

impl<T> Iterator for SizedEntries<'_, T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        next_of(self, |entries| &mut entries.left, Self::split)
    }
}

/// The next of as many structures as are `left`, taken from the front by `split`; after an error there are none.
pub(crate) fn next_of<I, T>(
    iterator: &mut I,
    left: fn(&mut I) -> &mut u16,
    split: fn(&mut I) -> Result<T, Error>,
) -> Option<Result<T, Error>> {
    *left(iterator) = left(iterator).checked_sub(1)?;
    let taken = split(iterator);
    if taken.is_err() {
        *left(iterator) = 0;
    }
    Some(taken)
}

impl<T> FusedIterator for SizedEntries<'_, T> {}

impl<T: Describe + Clone> List for SizedEntries<'_, T> {
    fn each(&self, item: &mut dyn FnMut(Value<'_>) -> fmt::Result) -> fmt::Result {
        for entry in self.clone() {
            match entry {
                Ok(entry) => item(Value::Group(&entry))?,
                Err(error) => item(Value::Error(&error))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;

    #[test]
    fn as_many_as_the_count_says_and_the_bytes_have() {
        let read = |count, length| {
            let entries = Entries::<[u8; 2]>::new(&b"aabbccdd"[..length], count, "pairs", 5);
            let whole = (entries.as_slice().len(), entries.len_in_bytes());
            let error = entries.error();
            let items: Vec<_> = entries.clone().collect();
            assert_eq!(items.iter().filter_map(|item| item.ok()).count(), whole.0);
            assert_eq!((whole.1, items.last().and_then(|item| item.err())), (2 * whole.0, error));
            (whole.0, error)
        };
        assert_eq!(read(0, 8), (0, None));
        assert_eq!(read(3, 8), (3, None));
        assert_eq!(read(3, 6), (3, None));
        assert_eq!(read(3, 5), (2, Some(Error::inner_length("pairs", 3, 2, 5))));
        assert_eq!(read(u32::MAX, 1), (0, Some(Error::inner_length("pairs", u32::MAX, 0, 5))));
        let mut entries = Entries::<[u8; 2]>::new(b"aabbc", 3, "pairs", 0);
        assert_eq!(entries.next(), Some(Ok(b"aa")));
        assert_eq!((entries.as_slice(), entries.len_in_bytes()), (&[*b"bb"][..], 2));
        assert_eq!((entries.by_ref().count(), entries.next()), (2, None));
    }

    #[test]
    fn structures_that_state_their_size_are_read_as_far_as_they_fit() {
        static FORM: SizedForm = SizedForm { name: "part", size_name: "part size", header: 5 };
        let bytes = b"\x07\0\0\0abc\0\0\0\0d\x06\0\0\0ef";
        let read = |bytes, count| {
            SizedEntries::<&[u8]>::new((bytes, 10, count), &FORM, |bytes, offset| match bytes {
                [.., b'!'] => Err(Error::too_short("bad one", 9, 0).at(offset)),
                [_, _, _, _, data @ ..] => Ok(data),
                _ => panic!("{bytes:?} has no size"),
            })
        };
        let all: Vec<_> = read(bytes, 3).map(Result::unwrap).collect();
        assert_eq!(all, [&b"abc"[..], b"d", b"ef"]);
        assert_eq!((read(bytes, 3).end(), read(bytes, 3).missing()), ((&[][..], 28), 0));
        assert_eq!((read(bytes, 1).end(), read(bytes, 1).missing()), ((&bytes[7..], 17), 0));
        for length in 0..bytes.len() {
            let items: Vec<_> = read(&bytes[..length], 9).collect();
            let whole = [7, 12, 18].iter().filter(|end| **end <= length).count();
            assert_eq!(items.len(), whole + 1);
            let start = [0, 7, 12][whole];
            let error = items.last().unwrap().unwrap_err();
            assert_eq!(error.offset() as usize, 10 + start, "{error}");
            let size = if whole == 0 { 7 } else { 6 - whole % 2 };
            let there = length - start;
            let missing = if there < 4 { 5 - there } else { size - there };
            assert_eq!(read(&bytes[..length], 9).missing(), missing, "{length}");
        }
        let errors = |bytes: &'static [u8]| {
            read(bytes, 2).map(|item| item.unwrap_err().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(errors(b"\x07\0\0"), ["offset 10: part needs 5 bytes, 3 available"]);
        assert_eq!(errors(&bytes[..6]), ["offset 10: part size is 7, at most 6 fit"]);
        assert_eq!(errors(b"\0\0\0\0!more"), ["offset 10: bad one needs 9 bytes, 0 available"]);
    }
}
