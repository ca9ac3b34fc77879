//! What the tests of every section ask.

extern crate std;
use std::format;
use std::vec;
use std::vec::Vec;

use super::{Body, Encode};
use crate::SectionTypeId;

/// The section as it is written, after checking that every byte of it was written and none behind it, that the
/// length is the announced one, and that too small a buffer is refused.
pub(crate) fn written(section: &impl Encode) -> Vec<u8> {
    let length = section.encoded_len();
    let [one, other] = [0xa5, 0x5a].map(|fill| {
        let mut out = vec![fill; length + 16];
        let rest = section.encode(&mut out).unwrap();
        assert!(rest.len() == 16 && rest.iter().all(|byte| *byte == fill), "wrote past the section");
        out.truncate(length);
        out
    });
    assert_eq!(one, other, "a byte was left as it was");
    for short in 0..length {
        assert!(section.encode(&mut vec![0; short]).is_none(), "written into {short} bytes");
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
