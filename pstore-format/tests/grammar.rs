//! The members that every open value and number has, and the words of an error.

use std::collections::HashSet;
use std::fmt::{Debug, Display};
use std::hash::Hash;

use pstore_format::blk::Reason;
use pstore_format::names::{HwErrRec, RecordType};
use pstore_format::record::StoredRecord;
use pstore_format::{ErrorKind, RecordId};

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
    has_members::<RecordId, u64>([0, 256, u64::MAX]);
    has_members::<RecordType, u32>([0, 256, u32::MAX]);
    has_members::<Reason, u32>([0, 256, u32::MAX]);
    has_members::<HwErrRec, u16>([0, 256, 0xffff]);
}

#[cfg(feature = "serde")]
#[test]
fn json_goes_both_ways() {
    use serde_json::{from_value, json, to_value};

    let id = RecordId::new(0x6b02_9869_0000_0001);
    assert_eq!(to_value(id).unwrap(), json!("0x6b02986900000001"));
    assert_eq!(from_value::<RecordId>(json!("0x6b02986900000001")).unwrap(), id);
    let mce = json!({"value": 1, "name": "mce"});
    assert_eq!(to_value(RecordType::MCE).unwrap(), mce);
    assert_eq!(from_value::<RecordType>(mce).unwrap(), RecordType::MCE);
}

#[test]
fn an_error_has_a_kind_and_a_place() {
    let error = StoredRecord::parse(&[0; 20]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Record(_)), "{error:?}");
    assert_eq!(error.to_string(), "offset 0: record header needs 128 bytes, 20 available");
    let in_section =
        pstore_format::Error::from(cper::Error::new(cper::ErrorKind::SectionType, 5).in_section(3));
    assert_eq!(in_section.to_string(), "offset 5: section 3: section is of another type");
}
