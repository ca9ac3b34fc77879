//! The values of described fields that only this crate has: GUIDs and times.
//!
//! | value | text | serde |
//! |---|---|---|
//! | [`OwnValue::Guid`] | text form | string |
//! | [`OwnValue::NamedGuid`] | name and text form | `{"guid": "…", "name": "…"}`, the name of an unknown one is its GUID |
//! | [`OwnValue::Time`] | `2026-11-22 07:08:26` | RFC 3339 in UTC, hex of the 8 bytes when it is no time |

use core::fmt;

use crate::timestamp::Unreadable;
use crate::{Calendar, Guid, Timestamp};

/// A value of a kind that only this crate has.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum OwnValue {
    /// A GUID.
    Guid(Guid),
    /// A GUID that may have a name.
    NamedGuid {
        /// The GUID.
        value: Guid,
        /// Its name.
        name: Option<&'static str>,
    },
    /// A timestamp.
    Time {
        /// The bytes.
        time: Timestamp,
        /// The time; `None` when the bytes are not a time.
        calendar: Option<Calendar>,
    },
}

impl OwnValue {
    /// Whether the value tells every bit that it was made of. A time leaves out how its bytes hold it.
    pub(crate) const fn tells_all(self) -> bool {
        !matches!(self, Self::Time { .. })
    }
}

impl From<Guid> for OwnValue {
    fn from(guid: Guid) -> Self {
        Self::Guid(guid)
    }
}

impl From<Timestamp> for OwnValue {
    fn from(time: Timestamp) -> Self {
        Self::Time { time, calendar: time.calendar() }
    }
}

impl fmt::Display for OwnValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f: &mut dyn fmt::Write = f;
        match *self {
            Self::Guid(guid) | Self::NamedGuid { value: guid, name: None } => write!(f, "{guid}"),
            Self::NamedGuid { value, name: Some(name) } => write!(f, "{name} ({value})"),
            Self::Time { calendar: Some(calendar), .. } => write!(f, "{calendar}"),
            Self::Time { time, calendar: None } => write!(f, "{}", Unreadable(time)),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for OwnValue {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        match *self {
            Self::Guid(guid) => {
                serializer.serialize_str(core::str::from_utf8(&guid.text()).unwrap_or_default())
            }
            Self::NamedGuid { value, name } => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("guid", &Self::Guid(value))?;
                match name {
                    Some(name) => map.serialize_entry("name", name)?,
                    None => map.serialize_entry("name", &Self::Guid(value))?,
                }
                map.end()
            }
            Self::Time { calendar: Some(calendar), .. } => {
                serializer.collect_str(&format_args!("{calendar:#}"))
            }
            Self::Time { time, calendar: None } => {
                let bytes = zerocopy::IntoBytes::as_bytes(&time);
                serializer.collect_str(&format_args!("{}", crate::grammar::HexBytes(bytes)))
            }
        }
    }
}
