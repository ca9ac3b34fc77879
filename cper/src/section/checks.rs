//! What the tests of every section ask.

extern crate std;
use std::format;
use std::vec;
use std::vec::Vec;

use super::{Body, Encode};
use crate::SectionTypeId;
pub(crate) use crate::bit_map::{assert_map, bit_map};

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

/// Flips every bit of a body, and asks that what is decoded of it differs.
pub(crate) fn every_flip_shows(section_type: SectionTypeId, body: &[u8]) {
    let shown = |body: &[u8]| format!("{:?}", Body::decode(section_type.guid(), body));
    let whole = shown(body);
    assert!(!whole.starts_with("Ok(Unknown") && whole.starts_with("Ok("), "{whole}");
    for bit in 0..body.len() * 8 {
        let mut flipped = body.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(shown(&flipped), whole, "bit {} of byte {}", bit % 8, bit / 8);
    }
}
