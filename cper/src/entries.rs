//! Arrays inside bodies: one iterator for structures of one size, of which a field of the body states the number.

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
        let limit = bytes.len().checked_div(size_of::<T>()).unwrap_or(0);
        let entries = <[T]>::ref_from_prefix_with_elems(bytes, limit.min(count as usize));
        Self {
            entries: entries.map_or(&[][..], |(entries, _)| entries).iter(),
            error: (count as usize > limit).then(|| Error::inner_length(what, count, limit, offset)),
        }
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
        self.as_slice().iter().try_for_each(|entry| item(Value::Group(entry)))?;
        match &self.error {
            Some(error) => item(Value::Error(error)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
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
}
