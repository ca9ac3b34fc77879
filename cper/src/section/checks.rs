//! What the tests of every section ask.

extern crate std;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::string::String;
use std::vec;
use std::vec::Vec;

use crate::SectionTypeId;
pub(crate) use crate::bit_map::{assert_map, bit_map};
use crate::bit_map::{leaves, shown_bytes};
use crate::fields::Describe;
use crate::kind::Encode;
use crate::section::Body;

/// The section as it is written, after checking that every byte of it was written, and that a buffer of another length
/// than the announced one is refused, and that the description of the section, whole and cut at every length, says where
/// in the body each field is stored.
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

/// The bytes whose every bit changes what is shown, while no field says that it shows them: a program that lists what no
/// field shows lists them. They are validity bits, counts, lengths and offsets, which decide what other fields are, and
/// bytes of a field that has bits elsewhere that are shown nowhere.
#[test]
fn every_section_tells_which_bytes_its_fields_show() {
    let mut untold = String::new();
    for (section_type, name) in SectionTypeId::ALL {
        let decode = |body: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
            if let Ok(body) = Body::decode(*section_type, body) {
                told(&body);
            }
        };
        let mut places = BTreeSet::new();
        for body in [[0xff; 300], [1; 300]] {
            let (whole, shown) = (leaves(&body, decode), shown_bytes(&body, decode));
            let shows = |at: usize, bit: usize| {
                let mut flipped = body;
                flipped[at] ^= 1 << bit;
                leaves(&flipped, decode) != whole
            };
            places.extend((0..body.len()).filter(|at| !shown[*at] && (0..8).all(|bit| shows(*at, bit))));
        }
        if !places.is_empty() {
            writeln!(untold, "{name} {places:?}").unwrap();
        }
    }
    assert_map(
        &untold,
        "generic processor error {0}
         IA32/X64 processor error {0}
         memory error {0, 1}
         memory error 2 {0, 1}
         PCIe error {0, 38}
         PCI/PCI-X bus error {0}
         CXL protocol error {35, 108, 109}
         CXL general media event {0, 1, 2, 3, 22}
         CXL DRAM event {0, 1, 2, 3, 22, 75}
         CXL memory module event {0, 1, 2, 3, 22}
         CXL memory sparing event {0, 1, 2, 3, 22, 68}
         CXL physical switch event {0, 1, 2, 3, 22}
         CXL virtual switch event {0, 1, 2, 3, 22}
         CXL MLD port event {0, 1, 2, 3, 22}
         CXL dynamic capacity event {0, 1, 2, 3, 22}
         CXL DRAM event (text-order UUID) {0, 1, 2, 3, 22, 75}
         CXL memory module event (text-order UUID) {0, 1, 2, 3, 22}
         Arm RAS node {8, 9, 10, 11, 14, 15, 261, 262, 263, 264, 269, 270}
         NVIDIA event {34}",
    );
}
