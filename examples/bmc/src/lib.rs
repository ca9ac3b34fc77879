//! What the firmware does with the bytes it receives; the same on any machine.
#![no_std]
#![forbid(unsafe_code)]

/// "CPER", with which every record begins.
const SIGNATURE: [u8; 4] = *b"CPER";
/// Bytes of a record's header.
const HEADER: usize = 128;
/// Where a record's header says how long the record is.
const LENGTH: usize = 20;

/// Finds records in a stream of bytes and puts them together, in a buffer of `N` bytes.
///
/// What lies between records is skipped. A record that claims more than the buffer or less than its header is not one:
/// the search goes on after its signature.
#[derive(Debug)]
pub struct Receiver<const N: usize> {
    buffer: [u8; N],
    received: usize,
}

impl<const N: usize> Receiver<N> {
    /// A receiver that has received nothing.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N >= HEADER) };
        Self { buffer: [0; N], received: 0 }
    }

    /// Takes a byte; returns the record that it completes.
    pub fn take(&mut self, byte: u8) -> Option<&[u8]> {
        let place = self.buffer.get_mut(self.received)?;
        *place = byte;
        self.received += 1;
        if self.received <= SIGNATURE.len() {
            self.seek();
            return None;
        }
        if self.received < HEADER {
            return None;
        }
        match self.record_length() {
            Some(length) if length == self.received => {
                self.received = 0;
                self.buffer.get(..length)
            }
            Some(length) if length > self.received => None,
            _ => {
                self.skip();
                None
            }
        }
    }

    /// Gives up on a record whose rest does not come; returns what there is of it.
    pub fn give_up(&mut self) -> Option<&[u8]> {
        let received = core::mem::take(&mut self.received);
        if received > SIGNATURE.len() { self.buffer.get(..received) } else { None }
    }

    /// The length that the header states, if the buffer holds as much and it is that of a record.
    fn record_length(&self) -> Option<usize> {
        let field = self.buffer.get(LENGTH..)?.first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*field)).ok()?;
        (HEADER..=N).contains(&length).then_some(length)
    }

    /// Keeps of the first bytes only what may be the beginning of a signature.
    fn seek(&mut self) {
        while self.buffer.get(..self.received) != SIGNATURE.get(..self.received) {
            self.buffer.copy_within(1..self.received, 0);
            self.received -= 1;
        }
    }

    /// Looks for another record in what was taken for one.
    fn skip(&mut self) {
        let received = core::mem::take(&mut self.received);
        for place in 1..received {
            // No record ends among these bytes: there are fewer than a header's.
            let byte = self.buffer.get(place).copied().unwrap_or_default();
            let _ = self.take(byte);
        }
    }
}

impl<const N: usize> Default for Receiver<N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn record(length: usize, filler: u8) -> Vec<u8> {
        let mut record = std::vec![filler; length];
        record[..4].copy_from_slice(b"CPER");
        record[20..24].copy_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
        record
    }

    fn received(stream: &[u8]) -> Vec<Vec<u8>> {
        let mut receiver = Receiver::<512>::new();
        stream.iter().filter_map(|byte| receiver.take(*byte).map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn records_are_found_among_other_bytes() {
        let records = [record(128, 1), record(200, 2), record(512, 3)];
        let stream =
            [b"noise CPE CCPE".as_slice(), &records[0], &records[1], b"C", &records[2], b"CPER"].concat();
        assert_eq!(received(&stream), records);
    }

    #[test]
    fn a_lie_about_the_length_hides_no_record_behind_it() {
        let whole = record(150, 7);
        for lie in [0_u32, 127, 513, u32::MAX] {
            let mut liar = record(140, 8);
            liar[20..24].copy_from_slice(&lie.to_le_bytes());
            // Cut off anywhere, so that the next one begins inside what is taken for its header.
            for end in 24..=140 {
                assert_eq!(received(&[&liar[..end], &whole].concat()), [whole.clone()], "{lie} {end}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_given_up() {
        let mut receiver = Receiver::<512>::new();
        assert_eq!(receiver.give_up(), None);
        let cut = &record(300, 5)[..299];
        assert!(cut.iter().all(|byte| receiver.take(*byte).is_none()));
        assert_eq!(receiver.give_up(), Some(cut));
        assert_eq!(receiver.give_up(), None);
        assert!(record(128, 5).iter().filter_map(|byte| receiver.take(*byte).map(<[u8]>::len)).eq([128]));
    }
}
