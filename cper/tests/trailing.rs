//! Bytes behind what a section's type defines are told, whatever the type.

use cper::SectionTypeId;
use cper::section::Body;

#[test]
fn a_byte_behind_any_section_shows() {
    let mut told = 0;
    for (section_type, name) in SectionTypeId::ALL {
        // Zeros, so that no length inside takes what follows.
        let shown = |length: usize| {
            let mut bytes = vec![0; length];
            bytes[length - 1] = 0xd7;
            Body::decode(section_type.guid(), &bytes).map(|body| {
                let trailing = body.trailing(&bytes);
                format!("{body}{trailing:02x?}")
            })
        };
        let Some(least) = (1..300).find(|length| shown(*length).is_ok()) else {
            panic!("{name} is never read")
        };
        for length in least + 200..least + 203 {
            assert!(shown(length).is_ok_and(|text| text.contains("d7")), "byte {length} of {name}");
            told += 1;
        }
    }
    assert_eq!(told, 3 * SectionTypeId::ALL.len());
}
