//! Conversions by the standard library's traits, where a value of this crate is made from bytes or text of others.

use crate::{Error, FruText, Record, StatusBlock};

/// As [`Record::parse`].
impl<'a> TryFrom<&'a [u8]> for Record<'a> {
    type Error = Error;

    fn try_from(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse(bytes)
    }
}

/// As [`StatusBlock::parse`].
impl<'a> TryFrom<&'a [u8]> for StatusBlock<'a> {
    type Error = Error;

    fn try_from(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse(bytes)
    }
}

impl AsRef<[u8]> for StatusBlock<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// As [`FruText::new`].
impl TryFrom<&str> for FruText {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::new(text.as_bytes())
    }
}

#[cfg(feature = "serde")]
mod with_serde {
    use serde::{Serialize, Serializer};

    use crate::fields::Value;
    use crate::{Calendar, FruText, Timestamp};

    /// The text up to its end, others than printable ASCII escaped.
    impl Serialize for FruText {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            Value::text(self.bytes()).serialize(serializer)
        }
    }

    /// The time that the bytes themselves say, as RFC 3339 has it; the bytes in hex when they say none.
    impl Serialize for Timestamp {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            Value::from(*self).serialize(serializer)
        }
    }

    /// As RFC 3339 has it.
    impl Serialize for Calendar {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("{self:#}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_views_and_text_becomes_a_name() {
        assert!(Record::try_from(&b"CPER"[..]).is_err());
        let block = StatusBlock::try_from(&[0; 20][..]).unwrap();
        assert_eq!(block.as_ref(), [0; 20]);
        let dimm = FruText::try_from("DIMM_A1").unwrap();
        assert_eq!((dimm.as_str(), "DIMM_A1".parse()), (Some("DIMM_A1"), Ok(dimm)));
        assert!("a name of more than twenty bytes".parse::<FruText>().is_err());
        assert_eq!(FruText::from_bytes([0xff; 20]).as_str(), None);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn leaf_values_are_shown_as_fields_are() {
        let time = crate::Timestamp::new(2026, 11, 22, 7, 8, 26);
        let name = FruText::try_from("DIMM_A1").unwrap();
        let json = serde_json::json!(["2026-11-22T07:08:26Z", "2026-11-22T07:08:26Z", "DIMM_A1"]);
        assert_eq!(serde_json::to_value((time, time.calendar(), name)).unwrap(), json);
    }
}
