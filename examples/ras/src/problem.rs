//! A problem of something found: its kind for programs, a message for people, its place and the values seen.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// A problem.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// The kind, a word for programs: `too_short`.
    pub kind: String,
    /// Where, in bytes from the start of the file.
    pub offset: u64,
    /// The section that it lies in, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<u16>,
    /// The values seen, by their names. A name has one type: 64-bit values are strings.
    pub values: Map<String, Value>,
    /// The message without the place.
    pub message: String,
}

impl Problem {
    /// A problem at this offset of the file.
    pub fn new(kind: &str, offset: u64, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), offset, section: None, values: Map::new(), message: message.into() }
    }

    /// An error of one of the crates, at this offset of the file.
    pub fn of(error: &impl Serialize, offset: u64, message: impl fmt::Display) -> Self {
        let problem = Self::new("unreadable", offset, message.to_string());
        match serde_json::to_value(error) {
            Ok(Value::Object(mut error)) => Self {
                kind: error.get("kind").and_then(Value::as_str).unwrap_or("unreadable").into(),
                values: match error.remove("values") {
                    Some(Value::Object(values)) => values,
                    _ => Map::new(),
                },
                ..problem
            },
            _ => problem,
        }
    }

    /// With a value seen.
    #[must_use]
    pub fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// The same problem in this section; the message names the section if there can be several.
    #[must_use]
    pub fn in_section(mut self, number: Option<u16>) -> Self {
        if let Some(number) = number {
            self.message = format!("section {number}: {}", self.message);
            self.section = Some(number);
        }
        self
    }
}

/// The message.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A value of 64 bits.
pub fn wide(value: u64) -> Value {
    format!("{value:#018x}").into()
}

/// Bytes.
pub fn hex(bytes: &[u8]) -> Value {
    digits(bytes).into()
}

/// Bytes as digits.
pub fn digits(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0xf])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
