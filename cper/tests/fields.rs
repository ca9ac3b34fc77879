//! Every kind of value in text and in serde's form.

use std::fmt::{self, Write};

use cper::fields::{Describe, Fields, Groups, OwnValue, Value, Values, Visitor};
use cper::{Guid, Timestamp};

bitflags::bitflags! {
    #[derive(Clone, Copy)]
    struct Set: u16 {
        const FIRST_ONE = 1;
        const LAST = 1 << 15;
        const _ = !0;
    }
}

bitflags::bitflags! {
    #[derive(Clone, Copy)]
    struct WideSet: u64 {
        const FIRST = 1;
        const _ = !0;
    }
}

/// One field of each kind and form.
struct All;

impl Describe for All {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let guid = Guid::parse_const("00112233-4455-6677-8899-aabbccddeeff");
        out.field("number", Value::number(7u8))?;
        out.field("largest_number", Value::number(u32::MAX))?;
        out.field("wide_number", Value::number(7u64))?;
        out.field("signed", Value::Signed(-7))?;
        out.field("hex", Value::hex(0xau32))?;
        out.field("wide_hex", Value::hex(0xabcu64))?;
        out.field("three_bytes", Value::Hex { value: 0xabc, digits: 6 })?;
        out.field("code", Value::Code { value: 1, name: Some("one") })?;
        out.field("reserved_code", Value::Code { value: 9, name: None })?;
        out.field("flags", Value::flags(Set::from_bits_retain(0x8005)))?;
        out.field("no_flags", Value::flags(Set::empty()))?;
        out.field("wide_flags", Value::flags(WideSet::from_bits_retain(1)))?;
        out.field("yes", true.into())?;
        out.field("no", false.into())?;
        out.field("guid", guid.into())?;
        out.field("named", OwnValue::NamedGuid { value: guid, name: Some("it") }.into())?;
        out.field("unnamed", OwnValue::NamedGuid { value: guid, name: None }.into())?;
        out.field("text", Value::text(b"a b~\\\"\n\x7f\xff\0hidden"))?;
        out.field("time", Timestamp::new(2026, 11, 22, 7, 8, 6).into())?;
        out.field("no_time", Timestamp::from_linux_seconds(7).into())?;
        out.field("bytes", Value::Bytes(b" A~\x1f\x7f\xffghijklmnopq"))?;
        out.field("message", Value::Message(&"said"))?;
        out.field("a_name_longer_than_the_column", Value::number(1u8))?;
        out.field("group", Value::Group(&Part(1)))?;
        out.field("list", Value::List(&Groups([Part(2), Part(3)].iter())))?;
        out.field("values", Value::List(&Values([1u8, 2].into_iter().map(Value::number))))
    }
}

struct Part(u8);

impl Describe for Part {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("part", Value::number(self.0))
    }
}

impl Describe for &Part {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        Part::describe(self, out)
    }
}

const TEXT: &str = "\
number                  7
largest number          4294967295
wide number             7
signed                  -7
hex                     0x0000000a
wide hex                0x0000000000000abc
three bytes             0x000abc
code                    one (1)
reserved code           reserved (9)
flags                   0x8005  first one, reserved 0x4, last
no flags                0x0
wide flags              0x1  first
yes                     yes
no                      no
guid                    00112233-4455-6677-8899-aabbccddeeff
named                   it (00112233-4455-6677-8899-aabbccddeeff)
unnamed                 00112233-4455-6677-8899-aabbccddeeff
text                    a b~\\\\\"\\n\\x7f\\xff
time                    2026-11-22 07:08:06
no time                 no calendar time (0700000000000000)
bytes 17 bytes
  0000  20 41 7e 1f 7f ff 67 68 69 6a 6b 6c 6d 6e 6f 70   A~...ghijklmnop
  0010  71                                               q
message                 said
a name longer than the column 1
group
  part                    1
list
  [0] 
    part                    2
  [1] 
    part                    3
values
  [0] 1
  [1] 2
";

#[test]
fn every_kind_of_value_has_its_text() {
    assert_eq!(Fields(&All).to_string(), TEXT);
    let indented = TEXT.lines().fold(String::new(), |text, line| text + "    " + line + "\n");
    assert_eq!(format!("{:4}", Fields(&All)), indented);
    assert_eq!(format!("{:?}", Fields(&All)), TEXT);
    assert_eq!(format!("{:?}", Value::hex(7u8)), "0x07\n");
}

#[cfg(feature = "serde")]
#[test]
fn every_kind_of_value_has_its_json() {
    let json = serde_json::json!({
        "number": 7,
        "largest_number": 4_294_967_295_u32,
        "wide_number": "7",
        "signed": -7,
        "hex": 10,
        "wide_hex": "0x0000000000000abc",
        "three_bytes": 0xabc,
        "code": {"value": 1, "name": "one"},
        "reserved_code": {"value": 9, "name": "reserved (9)"},
        "flags": {"value": 0x8005, "names": ["first_one", "0x4", "last"]},
        "no_flags": {"value": 0, "names": []},
        "wide_flags": {"value": "0x0000000000000001", "names": ["first"]},
        "yes": true,
        "no": false,
        "guid": "00112233-4455-6677-8899-aabbccddeeff",
        "named": {"guid": "00112233-4455-6677-8899-aabbccddeeff", "name": "it"},
        "unnamed": {
            "guid": "00112233-4455-6677-8899-aabbccddeeff",
            "name": "00112233-4455-6677-8899-aabbccddeeff",
        },
        "text": "a b~\\\\\"\\n\\x7f\\xff",
        "time": "2026-11-22T07:08:06Z",
        "no_time": "0700000000000000",
        "bytes": "20417e1f7fff6768696a6b6c6d6e6f7071",
        "message": "said",
        "a_name_longer_than_the_column": 1,
        "group": {"part": 1},
        "list": [{"part": 2}, {"part": 3}],
        "values": [1, 2],
    });
    assert_eq!(serde_json::to_value(Fields(&All)).unwrap(), json);
    let all: &dyn Describe = &All;
    assert_eq!(serde_json::to_value(all).unwrap(), json);
}

/// A receiver that is full.
struct Full;

impl Write for Full {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Err(fmt::Error)
    }
}

#[test]
fn text_that_cannot_be_written_is_an_error() {
    assert!(fmt::write(&mut Full, format_args!("{}", Fields(&All))).is_err());
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use cper::fields::List;

    /// What breaks off half way.
    struct Broken;

    impl Describe for Broken {
        fn describe(&self, _: &mut dyn Visitor) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    impl List for Broken {
        fn each(&self, _: &mut dyn FnMut(Value<'_>) -> fmt::Result) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    struct Holder;

    impl Describe for Holder {
        fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
            out.field("list", Value::List(&Broken))
        }
    }

    #[test]
    fn what_cannot_be_told_is_an_error() {
        let error = serde_json::to_value(Fields(&Broken)).unwrap_err();
        assert_eq!(error.to_string(), "structure could not be described");
        let error = serde_json::to_value(Fields(&Holder)).unwrap_err();
        assert_eq!(error.to_string(), "list could not be described");
    }
}
