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
    use core::fmt::{self, Write};
    use core::str::FromStr;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use zerocopy::{FromBytes, IntoBytes};

    use crate::grammar::{HexBytes, deserialize_text};
    use crate::{Calendar, FruText, Timestamp};

    /// What a text was not.
    struct Not(&'static str);

    impl fmt::Display for Not {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "not {}", self.0)
        }
    }

    /// All bytes of the field but the zeros at its end, others than printable ASCII escaped.
    struct Whole(FruText);

    impl fmt::Display for Whole {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let mut text: &[u8] = self.0.bytes();
            while let [before @ .., 0] = text {
                text = before;
            }
            for &byte in text {
                match byte {
                    b' '..=b'~' if byte != b'\\' => f.write_char(char::from(byte))?,
                    _ => write!(f, "{}", byte.escape_ascii())?,
                }
            }
            Ok(())
        }
    }

    impl FromStr for Whole {
        type Err = Not;

        fn from_str(text: &str) -> Result<Self, Not> {
            const NOT: Not = Not("a text of at most 20 bytes, others than printable ASCII escaped");
            let mut field = [0; 20];
            let mut places = field.iter_mut();
            let mut rest = text.bytes();
            while let Some(byte) = rest.next() {
                let byte = match byte {
                    b'\\' => match rest.next() {
                        Some(b't') => b'\t',
                        Some(b'r') => b'\r',
                        Some(b'n') => b'\n',
                        Some(quoted @ (b'\\' | b'\'' | b'"')) => quoted,
                        Some(b'x') => {
                            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                            let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
                                return Err(NOT);
                            };
                            (high << 4 | low) as u8
                        }
                        _ => return Err(NOT),
                    },
                    b' '..=b'~' => byte,
                    _ => return Err(NOT),
                };
                *places.next().ok_or(NOT)? = byte;
            }
            Ok(Self(FruText::from_bytes(field)))
        }
    }

    /// All bytes of the field but the zeros at its end, others than printable ASCII escaped; the 20 bytes in a binary
    /// format.
    impl Serialize for FruText {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if serializer.is_human_readable() {
                serializer.collect_str(&Whole(*self))
            } else {
                self.bytes().serialize(serializer)
            }
        }
    }

    /// Reads what is written.
    impl<'de> Deserialize<'de> for FruText {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if deserializer.is_human_readable() {
                deserialize_text(deserializer, "a text").map(|Whole(text)| text)
            } else {
                Deserialize::deserialize(deserializer).map(Self::from_bytes)
            }
        }
    }

    /// A time as RFC 3339 has it, of which the bytes are made; any other bytes in hex. The eight bytes in a binary format.
    impl Serialize for Timestamp {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if !serializer.is_human_readable() {
                let bytes: [u8; 8] = zerocopy::transmute!(*self);
                return bytes.serialize(serializer);
            }
            match self.calendar().filter(|calendar| of_calendar(*calendar) == *self) {
                Some(calendar) => calendar.serialize(serializer),
                None => serializer.collect_str(&HexBytes(self.as_bytes())),
            }
        }
    }

    const fn of_calendar(Calendar { year, month, day, hour, minute, second }: Calendar) -> Timestamp {
        Timestamp::new(year, month, day, hour, minute, second)
    }

    /// A timestamp of one of its two texts.
    struct OfText(Timestamp);

    impl FromStr for OfText {
        type Err = Not;

        fn from_str(text: &str) -> Result<Self, Not> {
            if let Ok(OfRfc3339(calendar)) = text.parse() {
                return Ok(Self(of_calendar(calendar)));
            }
            let number =
                u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16 && !text.starts_with('+'));
            let bytes = number.ok_or(Not("a time or the 16 hexadecimal digits of its bytes"))?.to_be_bytes();
            Timestamp::read_from_bytes(&bytes).map(Self).map_err(|_| Not("a time"))
        }
    }

    /// Reads what is written.
    impl<'de> Deserialize<'de> for Timestamp {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if deserializer.is_human_readable() {
                return deserialize_text(deserializer, "a time").map(|OfText(time)| time);
            }
            let bytes: [u8; 8] = Deserialize::deserialize(deserializer)?;
            Ok(zerocopy::transmute!(bytes))
        }
    }

    /// As RFC 3339 has it.
    impl Serialize for Calendar {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("{self:#}"))
        }
    }

    /// A time of the text `2026-11-22T07:08:26Z`.
    struct OfRfc3339(Calendar);

    impl FromStr for OfRfc3339 {
        type Err = Not;

        fn from_str(text: &str) -> Result<Self, Not> {
            const NOT: Not = Not("a time of the form 2026-11-22T07:08:26Z");
            let [_, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', _, _, b':', _, _, b'Z'] =
                text.as_bytes()
            else {
                return Err(NOT);
            };
            let part = |from: usize, to: usize| -> Result<u16, Not> {
                let digits = text.get(from..to).unwrap_or_default();
                if digits.bytes().all(|digit| digit.is_ascii_digit()) {
                    digits.parse().map_err(|_| NOT)
                } else {
                    Err(NOT)
                }
            };
            let calendar = Calendar {
                year: part(0, 4)?,
                month: part(5, 7)? as u8,
                day: part(8, 10)? as u8,
                hour: part(11, 13)? as u8,
                minute: part(14, 16)? as u8,
                second: part(17, 19)? as u8,
            };
            // A time that does not exist has no timestamp.
            let exists =
                of_calendar(calendar).reading(None).is_some_and(|reading| reading.calendar == calendar);
            if exists { Ok(Self(calendar)) } else { Err(NOT) }
        }
    }

    /// Reads what is written.
    impl<'de> Deserialize<'de> for Calendar {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserialize_text(deserializer, "a time").map(|OfRfc3339(calendar)| calendar)
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

    #[cfg(feature = "serde")]
    #[test]
    fn leaf_values_are_read_from_what_they_are_written_as() {
        fn both<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + core::fmt::Debug>(value: &T) {
            let json = serde_json::to_value(value).unwrap();
            assert_eq!(serde_json::from_value::<T>(json.clone()).unwrap(), *value, "{json}");
        }
        both(&FruText::from_bytes(*b"A\\n\n\0hidden\xff\"\0......"));
        both(&FruText::from_bytes([0; 20]));
        both(&FruText::from_bytes([0xff; 20]));
        let time = crate::Timestamp::new(2026, 11, 22, 7, 8, 26);
        both(&time);
        both(&time.calendar().unwrap());
        both(&time.with_flags(1));
        both(&crate::Timestamp::from_linux_seconds(1_795_332_201));
        both(&time.with_month(13));
        for bad in ["2026-02-30T00:00:00Z", "2026-11-22 07:08:26", "+26-11-22T07:08:26Z", "", "07"] {
            assert!(serde_json::from_value::<crate::Calendar>(bad.into()).is_err(), "{bad}");
            assert!(serde_json::from_value::<crate::Timestamp>(bad.into()).is_err(), "{bad}");
        }
        for bad in ["\\", "\\x4", "\u{e4}", "twenty-one bytes long"] {
            assert!(serde_json::from_value::<FruText>(bad.into()).is_err(), "{bad}");
        }
    }
}
