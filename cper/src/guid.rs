//! GUIDs as the records store them: the first three groups little-endian, the last eight bytes in text order
//! (UEFI 2.11, Appendix A).

use core::fmt;
use core::str::FromStr;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::{Error, ErrorKind};

/// A GUID in its 16 stored bytes. Every value is valid; all zeros means "none" in most fields.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    Unaligned,
)]
#[repr(transparent)]
pub struct Guid([u8; 16]);

crate::grammar::byte_array!(Guid: 16);

const _: () = assert!(size_of::<Guid>() == 16);

/// Where in the text `aabbccdd-eeff-gghh-iijj-kkllmmnnoopp` the byte stored at each place stands.
const TEXT_PLACES: [usize; 16] = [6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34];

impl Guid {
    /// All zeros.
    pub const ZERO: Self = Self([0; 16]);

    /// The GUID of a text such as `a5bc1114-6f64-4ede-b863-3e83ed7c83b1`, for constants.
    ///
    /// # Panics
    /// When the text is not a GUID: at compile time in a constant. [`Guid::from_str`] is for text from outside.
    // The tables of this crate are made with it; the panic is a build error.
    #[allow(clippy::panic, clippy::missing_panics_doc)]
    pub const fn parse_const(text: &str) -> Self {
        match Self::parse(text.as_bytes()) {
            Some(guid) => guid,
            None => panic!("not a GUID"),
        }
    }

    // Indexing: every index is a constant below the checked length. Arithmetic: on nibbles.
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    const fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != 36 || text[8] != b'-' || text[13] != b'-' || text[18] != b'-' || text[23] != b'-' {
            return None;
        }
        let mut bytes = [0; 16];
        let mut i = 0;
        while i < 16 {
            match (nibble(text[TEXT_PLACES[i]]), nibble(text[TEXT_PLACES[i] + 1])) {
                (Some(high), Some(low)) => bytes[i] = high << 4 | low,
                _ => return None,
            }
            i += 1;
        }
        Some(Self(bytes))
    }

    /// Whether every byte is zero.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// The GUID whose stored bytes are this one's text order, as some writers store RFC 4122 UUIDs.
    #[must_use]
    // One letter a byte is the clearest way to say an order of bytes.
    #[allow(clippy::many_single_char_names)]
    pub const fn swapped(self) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.0;
        Self([d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p])
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(digit.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

impl Guid {
    /// The text of the GUID, laid out as a whole: a formatted number for each group takes several times as long.
    #[allow(clippy::many_single_char_names)]
    pub(crate) fn text(self) -> [u8; 36] {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.swapped().0;
        let first = digits([a, b, c, d]);
        let [second @ .., e, f, g, h] = digits([e, f, g, h]);
        let [fourth @ .., i, j, k, l] = digits([i, j, k, l]);
        let last = digits([m, n, o, p]);
        let mut text = [b'-'; 36];
        text[..8].copy_from_slice(&first);
        text[9..13].copy_from_slice(&second);
        text[14..18].copy_from_slice(&[e, f, g, h]);
        text[19..23].copy_from_slice(&fourth);
        text[24..28].copy_from_slice(&[i, j, k, l]);
        text[28..].copy_from_slice(&last);
        text
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(core::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

/// The eight digits of four bytes, reckoned side by side in the bytes of a word.
const fn digits(bytes: [u8; 4]) -> [u8; 8] {
    let number = u32::from_be_bytes(bytes) as u64;
    let number = (number | number << 16) & 0x0000_ffff_0000_ffff;
    let number = (number | number << 8) & 0x00ff_00ff_00ff_00ff;
    let number = (number | number << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 in each byte that is a letter.
    let letters = number.wrapping_add(0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    let digits = number.wrapping_add(0x3030_3030_3030_3030);
    digits.wrapping_add(letters.wrapping_mul((b'a' - b'9' - 1) as u64)).to_be_bytes()
}

impl fmt::Debug for Guid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Guid({self})")
    }
}

impl FromStr for Guid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text.as_bytes()).ok_or(Error::new(ErrorKind::GuidText, 0))
    }
}

/// Its text; the 16 stored bytes in a binary format.
#[cfg(feature = "serde")]
impl serde::Serialize for Guid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Guid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            crate::grammar::deserialize_text(deserializer, "a GUID")
        } else {
            serde::Deserialize::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(feature = "uuid")]
impl From<uuid::Uuid> for Guid {
    fn from(uuid: uuid::Uuid) -> Self {
        Self(uuid.to_bytes_le())
    }
}

#[cfg(feature = "uuid")]
impl From<Guid> for uuid::Uuid {
    fn from(guid: Guid) -> Self {
        Self::from_bytes_le(guid.0)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    const MEMORY: &str = "a5bc1114-6f64-4ede-b863-3e83ed7c83b1";

    #[test]
    fn stored_bytes_are_mixed_endian() {
        let guid = Guid::parse_const(MEMORY);
        assert_eq!(
            guid.0,
            [0x14, 0x11, 0xbc, 0xa5, 0x64, 0x6f, 0xde, 0x4e, 0xb8, 0x63, 0x3e, 0x83, 0xed, 0x7c, 0x83, 0xb1]
        );
        assert_eq!(guid.to_string(), MEMORY);
        assert_eq!("A5BC1114-6F64-4EDE-B863-3E83ED7C83B1".parse(), Ok(guid));
    }

    #[test]
    fn text_that_is_no_guid_is_refused() {
        for text in [
            "",
            "a5bc1114",
            "a5bc1114-6f64-4ede-b863-3e83ed7c83b",
            "a5bc1114-6f64-4ede-b863-3e83ed7c83bg",
            "a5bc1114_6f64-4ede-b863-3e83ed7c83b1",
            "a5bc1114-6f64-4ede-b863-3e83ed7c83b11",
        ] {
            assert!(text.parse::<Guid>().is_err(), "{text}");
        }
    }

    #[test]
    fn zero_is_every_byte_zero() {
        assert!(Guid::ZERO.is_zero());
        for place in 0..16 {
            let mut bytes = [0; 16];
            bytes[place] = 1;
            assert!(!Guid::from_bytes(bytes).is_zero());
        }
    }

    #[test]
    fn swapping_twice_gives_the_guid_back() {
        let guid = Guid::parse_const("601dcbb3-9c06-4eab-b8af-4e9bfb5c9624");
        assert_eq!(guid.swapped().to_string(), "b3cb1d60-069c-ab4e-b8af-4e9bfb5c9624");
        assert_eq!(guid.swapped().swapped(), guid);
    }

    #[cfg(feature = "uuid")]
    #[test]
    fn uuid_conversion_keeps_the_text() {
        let uuid = uuid::Uuid::parse_str(MEMORY).unwrap();
        assert_eq!(Guid::from(uuid).to_string(), MEMORY);
        assert_eq!(uuid::Uuid::from(Guid::parse_const(MEMORY)), uuid);
    }
}
