//! What the tests of every section ask.

extern crate std;
use std::vec;
use std::vec::Vec;

use crate::bit_map::shown_bytes;
pub(crate) use crate::bit_map::{assert_map, bit_map};
use crate::kind::Encode;
use crate::section::Body;

/// The section as it is written, after checking that every byte of it was written, and that a buffer of another length
/// than the announced one is refused. The description of the section, and of one cut short anywhere, tells where in the
/// body its fields are stored.
pub(crate) fn written<S: Encode>(section: &S) -> Vec<u8> {
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
    for length in 0..=length {
        shown_bytes(&one[..length], |body, told| {
            if let Ok(body) = Body::decode(S::TYPE, body) {
                told(&body);
            }
        });
    }
    one
}

/// Bodies of any bytes and length, of every section.
#[test]
fn every_section_tells_where_its_fields_are_stored() {
    let counting = (0..1200u16).map(|at| at as u8).collect();
    for fill in [vec![0; 1200], vec![0xff; 1200], vec![1; 1200], counting] {
        for (section_type, _) in Body::ALL {
            for length in (0..=fill.len()).step_by(13) {
                shown_bytes(&fill[..length], |body, told| {
                    if let Ok(body) = Body::decode(*section_type, body) {
                        told(&body);
                    }
                });
            }
        }
    }
}
