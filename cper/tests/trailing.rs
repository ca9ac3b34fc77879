//! A body owns all bytes that it was given, and shows those after its last field, whatever its type: in its text and
//! in its JSON.

use cper::section::Body;
use cper::{Guid, SectionTypeId};

/// A body of zeros, so that no length inside takes what follows, and one last byte.
fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    bytes[length - 1] = 0xd7;
    bytes
}

/// Every section type that the crate names, and one that it does not, each with bytes longer than its fields.
fn longer(mut check: impl FnMut(&str, &[u8], &Body<'_>)) {
    let unknown = (SectionTypeId::new(Guid::from_bytes([0x77; 16])), "no section type");
    for (section_type, name) in SectionTypeId::ALL.iter().copied().chain([unknown]) {
        let decodes = |length: &usize| Body::decode(section_type, &bytes(*length)).is_ok();
        let Some(least) = (1..300).find(decodes) else { panic!("{name} is never read") };
        for length in least + 200..least + 203 {
            let bytes = bytes(length);
            check(name, &bytes, &Body::decode(section_type, &bytes).unwrap());
        }
    }
}

#[test]
fn a_body_owns_all_its_bytes() {
    longer(|name, bytes, body| assert_eq!(body.bytes(), bytes, "{name}"));
}

#[test]
fn a_byte_after_the_last_field_is_in_the_text() {
    longer(|name, bytes, body| assert!(body.to_string().contains("d7"), "byte {} of {name}", bytes.len()));
}

#[cfg(feature = "serde")]
#[test]
fn a_byte_after_the_last_field_is_in_the_json() {
    longer(|name, bytes, body| {
        let json = serde_json::to_string(body).unwrap();
        assert!(json.contains("d7") || json.contains("215"), "byte {} of {name}: {json}", bytes.len());
    });
}

#[test]
fn a_body_has_a_name_and_a_line() {
    longer(|name, _, body| {
        assert!(!body.name().is_empty() && !body.summary().to_string().is_empty(), "{name}");
    });
    for (section_type, name) in Body::ALL {
        let known = SectionTypeId::ALL.iter().any(|(known, _)| known == section_type);
        assert!(known, "{name} has no section type of its own");
    }
}
