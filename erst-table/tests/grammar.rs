//! The members that every open value and set of flags has, and those of an error.

use std::collections::HashSet;
use std::fmt::{Debug, Display};
use std::hash::Hash;

use erst_table::qemu::Image;
use erst_table::{
    AccessSize, Action, AddressSpace, ErrorKind, Instruction, InstructionFlags, Location, RangeAttributes,
    Status,
};

/// Every number comes back, compares as a number and says so in text.
fn has_members<T, N>(numbers: [N; 3])
where
    T: Copy + Debug + Default + Display + Hash + Ord + From<N>,
    N: Copy + Debug + Default + Ord + From<T>,
{
    assert_eq!(N::from(T::default()), N::default());
    let mut seen = HashSet::new();
    for number in numbers {
        let value = T::from(number);
        assert_eq!(N::from(value), number);
        assert!(seen.insert(value) && !value.to_string().is_empty(), "{value:?}");
        for other in numbers {
            assert_eq!(value.cmp(&T::from(other)), number.cmp(&other));
        }
    }
}

#[test]
fn every_value_has_the_same_members() {
    has_members::<Action, u8>([0, 0x0c, 255]);
    has_members::<Instruction, u8>([0, 0x13, 255]);
    has_members::<AddressSpace, u8>([0, 0x0c, 255]);
    has_members::<AccessSize, u8>([0, 5, 255]);
    has_members::<InstructionFlags, u8>([0, 1, 255]);
    has_members::<Status, u64>([0, 256, u64::MAX]);
    has_members::<RangeAttributes, u64>([0, 256, u64::MAX]);
    assert_eq!(RangeAttributes::new(0x6).to_string(), "non-volatile, slow");
    assert_eq!(InstructionFlags::new(0x80).to_string(), "0x80");
}

#[cfg(feature = "serde")]
#[test]
fn json_goes_both_ways() {
    use serde_json::{from_value, json, to_value};

    for (status, json) in [
        (Status::FAILED, json!({"value": "0x0000000000000003", "name": "FAILED"})),
        (
            Status::new(u64::MAX),
            json!({"value": "0xffffffffffffffff", "name": "reserved (18446744073709551615)"}),
        ),
    ] {
        assert_eq!(to_value(status).unwrap(), json);
        assert_eq!(from_value::<Status>(json).unwrap(), status);
    }
    let error = to_value(Image::parse(&[0; 20]).unwrap_err()).unwrap();
    let text = "offset 0: the image header needs 24 bytes, 20 available";
    let values = json!({"what": "the image header", "needed": 24, "available": 20});
    assert_eq!(error, json!({"kind": "too_short", "offset": 0, "values": values, "message": text}));
    let attributes = json!({"value": "0x0000000000000005", "names": ["slow", "0x1"]});
    assert_eq!(to_value(RangeAttributes::new(5)).unwrap(), attributes);
    assert_eq!(from_value::<RangeAttributes>(attributes).unwrap(), RangeAttributes::new(5));
}

#[test]
fn an_error_has_a_kind_and_a_place() {
    let error = Image::parse(&[0; 20]).unwrap_err();
    let kind = ErrorKind::TooShort { what: "the image header", needed: 24, available: 20 };
    assert_eq!((error.kind(), error.location(), error.offset()), (kind, Location::Offset(0), Some(0)));
    assert_eq!(error.to_string(), "offset 0: the image header needs 24 bytes, 20 available");

    let mut image = vec![0; 16384];
    erst_table::qemu::format(&mut image, 4096).unwrap();
    let error = Image::parse(&image).unwrap().slot(9).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::NoSuchSlot, Some(9 * 4096)));
}
