//! Every length of record: which are accepted, what is known of them, and that nothing is lost.

use mce_record::{ErrorKind, Layout, Mce, MceRecord};
use proptest::prelude::*;

/// Accepted lengths, said once more: 72, and 88 and above.
fn accepted(len: usize) -> bool {
    len == 72 || len >= 88
}

#[test]
fn lengths_not_accepted_are_named() {
    for len in (0..=200).filter(|&len| !accepted(len)) {
        let bytes = vec![0xa5; len];
        let error = MceRecord::parse(&bytes).unwrap_err();
        assert_eq!((error.offset, error.kind), (0, ErrorKind::RecordLength { available: len as u32 }));
        assert_eq!(
            error.to_string(),
            format!("offset 0: struct mce is 72, or 88 and more bytes long, {len} available")
        );
    }
}

proptest! {
    #[test]
    fn parse_then_write_is_the_identity(bytes in (0..=200_usize).prop_flat_map(|len| prop::collection::vec(any::<u8>(), len))) {
        match MceRecord::parse(&bytes) {
            Err(_) => prop_assert!(!accepted(bytes.len())),
            Ok(record) => {
                let mut out = [0xa5; 210];
                prop_assert_eq!(record.write(&mut out).unwrap(), &bytes[..]);
                prop_assert!(out[bytes.len()..].iter().all(|&byte| byte == 0xa5));
                prop_assert_eq!(record.tail().len(), bytes.len() - record.layout().size());
            }
        }
    }
}

#[test]
fn parse_then_write_at_every_length() {
    let bytes: Vec<u8> = (0..=200).map(|byte: u8| byte.wrapping_mul(73).wrapping_add(11)).collect();
    for len in (0..=200).filter(|&len| accepted(len)) {
        let record = MceRecord::parse(&bytes[..len]).unwrap();
        let mut out = [0xa5; 200];
        assert_eq!(record.write(&mut out).unwrap(), &bytes[..len], "{len}");
    }
}

#[test]
fn too_small_a_buffer_stays_as_it_was() {
    let bytes = [1; 150];
    for len in (0..=150).filter(|&len| accepted(len)) {
        let record = MceRecord::parse(&bytes[..len]).unwrap();
        let mut out = vec![0xa5; len - 1];
        let error = record.write(&mut out).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BufferTooSmall { needed: len as u32, available: len as u32 - 1 });
        assert!(out.iter().all(|&byte| byte == 0xa5));
    }
    for layout in Layout::ALL {
        let mut out = vec![0xa5; layout.size() - 1];
        Mce::default().write(layout, &mut out).unwrap_err();
        assert!(out.iter().all(|&byte| byte == 0xa5));
    }
}
