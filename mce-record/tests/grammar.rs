//! The members that every open value, number and set of flags has.

use std::collections::HashSet;
use std::fmt::{Debug, Display};
use std::hash::Hash;

use mce_record::{
    AddressMode, Channel, CpuSignature, CpuVendor, ErrorCode, HandledFlags, InjectFlags, InternalError,
    KernelSeverity, Level, McaIpid, McaSynd, McgCap, McgStatus, MciCtl2, MciMisc, MciStatus, MemoryOperation,
    Participation, Request, Target, ThresholdStatus, Transaction,
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
    has_members::<AddressMode, u8>([0, 5, 255]);
    has_members::<CpuVendor, u8>([0, 4, 255]);
    has_members::<InternalError, u8>([0, 5, 255]);
    has_members::<KernelSeverity, u8>([0, 5, 255]);
    has_members::<Level, u8>([0, 5, 255]);
    has_members::<MemoryOperation, u8>([0, 5, 255]);
    has_members::<Participation, u8>([0, 5, 255]);
    has_members::<Request, u8>([0, 5, 255]);
    has_members::<Target, u8>([0, 5, 255]);
    has_members::<ThresholdStatus, u8>([0, 5, 255]);
    has_members::<Transaction, u8>([0, 5, 255]);
    has_members::<InjectFlags, u8>([0, 5, 255]);
    has_members::<HandledFlags, u64>([0, 256, u64::MAX]);
    has_members::<Channel, u8>([0, 15, 255]);
    has_members::<ErrorCode, u16>([0, 256, 0xffff]);
    has_members::<CpuSignature, u32>([0, 1 << 16, u32::MAX]);
    for_each_register();
}

fn for_each_register() {
    let numbers = [0, 1 << 32, u64::MAX];
    has_members::<MciStatus, u64>(numbers);
    has_members::<MciMisc, u64>(numbers);
    has_members::<MciCtl2, u64>(numbers);
    has_members::<McgCap, u64>(numbers);
    has_members::<McgStatus, u64>(numbers);
    has_members::<McaSynd, u64>(numbers);
    has_members::<McaIpid, u64>(numbers);
}

#[test]
fn flags_say_their_names_and_keep_other_bits() {
    let text = |bits| InjectFlags::new(bits).to_string();
    assert_eq!(text(0), "none");
    assert_eq!(text(0x12), "interrupt context, broadcast by interrupt");
    assert_eq!(text(0xc1), "process context, 0xc0");
    assert_eq!(text(0x80), "0x80");
    assert_eq!(HandledFlags::new(1 << 63 | 0x10).to_string(), "EDAC driver, 0x8000000000000000");
}

#[cfg(feature = "serde")]
mod serde {
    use super::*;
    use serde_json::{Value, from_value, json, to_value};

    fn both_ways<T>(value: T, json: &Value)
    where
        T: Copy + Debug + PartialEq + ::serde::Serialize + ::serde::de::DeserializeOwned,
    {
        assert_eq!(&to_value(value).unwrap(), json);
        assert_eq!(from_value::<T>(json.clone()).unwrap(), value);
    }

    #[test]
    fn json_goes_both_ways() {
        both_ways(CpuVendor::AMD, &json!({"value": 2, "name": "AMD"}));
        both_ways(CpuVendor::new(99), &json!({"value": 99, "name": "reserved (99)"}));
        both_ways(InjectFlags::new(0x81), &json!({"value": 0x81, "names": ["process context", "0x80"]}));
        both_ways(InjectFlags::new(0), &json!({"value": 0, "names": []}));
        both_ways(ErrorCode::new(0x135), &json!(0x135));
        both_ways(MciStatus::new(7), &json!("0x0000000000000007"));
        both_ways(MciStatus::new(u64::MAX), &json!("0xffffffffffffffff"));
    }

    #[test]
    fn errors_have_a_kind_for_programs_and_a_text_for_people() {
        use mce_record::MceRecord;
        use mce_record::mcelog::{Log, WordSize};

        let error = MceRecord::try_from(&[0; 80][..]).unwrap_err();
        let text = "struct mce is 72, or 88 and more bytes long, 80 available";
        let values = json!({"available": 80});
        assert_eq!(
            to_value(error).unwrap(),
            json!({"kind": "record_length", "offset": 0, "values": values, "message": text})
        );
        let error = Log::parse(&[0; 20], WordSize::Bits64).unwrap_err();
        let text = "machine-check log header needs 32 bytes, 20 available";
        let values = json!({"what": "machine-check log header", "needed": 32, "available": 20});
        assert_eq!(
            to_value(error).unwrap(),
            json!({"kind": "too_short", "offset": 0, "values": values, "message": text})
        );
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for bad in [json!({"name": "AMD"}), json!({"value": 256}), json!({"value": "2"}), json!(2)] {
            assert!(from_value::<CpuVendor>(bad.clone()).is_err(), "{bad}");
        }
        assert_eq!(from_value::<CpuVendor>(json!({"name": 7, "value": 2})).unwrap(), CpuVendor::AMD);
        assert!(serde_json::from_str::<CpuVendor>(r#"{"value": 2, "value": 2}"#).is_err());
        for bad in [json!(0x1_0000), json!("135"), json!("0x"), json!("0x+1"), json!("0x10000"), json!(-1)] {
            assert!(from_value::<ErrorCode>(bad.clone()).is_err(), "{bad}");
        }
    }
}
