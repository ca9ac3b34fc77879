//! What the tests of every section ask.

extern crate std;
use std::vec;
use std::vec::Vec;

pub(crate) use crate::bit_map::{assert_map, bit_map};
use crate::kind::Encode;

/// The section as it is written, after checking that every byte of it was written, and that a buffer of another length
/// than the announced one is refused.
pub(crate) fn written(section: &impl Encode) -> Vec<u8> {
    let length = section.encoded_len();
    let [one, other] = [0xa5, 0x5a].map(|fill| {
        let mut out = vec![fill; length];
        section.encode(&mut out).unwrap();
        out
    });
    assert_eq!(one, other, "a byte was left as it was");
    for other in (0..length).chain(length + 1..length + 17) {
        assert!(section.encode(&mut vec![0; other]).is_none(), "written into {other} bytes");
    }
    one
}
