//! A section's own description of its fields, put to two uses: shown without the registers that are zero, and asked
//! for a field by its name.

use std::fmt;

use cper::fields::{Describe, OwnValue, Value, Visitor};

/// Column at which values begin, past the indent: that of the CPER crate's own text.
const VALUE_COLUMN: usize = 24;

/// Fields in lines, as the CPER crate writes them, without what is zero inside structures. A field of the section
/// itself is there because its validity bit is set, and is shown whatever it holds.
pub fn compact(section: &dyn Describe) -> String {
    let mut lines = Compact { text: String::new(), indent: 0, left_out: false };
    // Only a receiver that fails can make it fail.
    let _ = section.describe(&mut lines);
    if lines.left_out {
        lines.text.push_str("(registers and bits that are zero are left out; -v shows them)\n");
    }
    lines.text
}

struct Compact {
    text: String,
    indent: usize,
    left_out: bool,
}

impl Visitor for Compact {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
        self.show(&readable(name), value)
    }
}

impl Compact {
    fn show(&mut self, name: &str, value: Value<'_>) -> fmt::Result {
        let mut inner = Self { text: String::new(), indent: self.indent + 2, left_out: false };
        match value {
            Value::Group(group) => group.describe(&mut inner)?,
            Value::List(list) => {
                let mut number = 0;
                list.each(&mut |item| {
                    let shown = inner.show(&format!("[{number}]"), item);
                    number += 1;
                    shown
                })?;
            }
            leaf => {
                if self.indent > 0 && is_zero(&leaf) {
                    self.left_out = true;
                    return Ok(());
                }
                let text = format!("{leaf:?}");
                let pad = VALUE_COLUMN.saturating_sub(name.len()).max(1);
                self.line(&format!("{name}{:pad$}{}", "", text.trim_end()));
                return Ok(());
            }
        }
        self.left_out |= inner.left_out;
        if !inner.text.is_empty() {
            self.line(name);
            self.text.push_str(&inner.text);
        } else if self.indent == 0 {
            let pad = VALUE_COLUMN.saturating_sub(name.len()).max(1);
            self.line(&format!("{name}{:pad$}all zero", ""));
        }
        Ok(())
    }

    fn line(&mut self, text: &str) {
        for line in text.lines() {
            self.text.push_str(&format!("{:indent$}{line}\n", "", indent = self.indent));
        }
    }
}

/// Whether a value, which is no structure or list, is zero.
pub fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Number(value) | Value::Hex { value, .. } | Value::Code { value, .. } => *value == 0,
        Value::Flags { bits, .. } => *bits == 0,
        Value::Signed(value) => *value == 0,
        Value::Bool(value) => !value,
        Value::Bytes(bytes) | Value::Text(bytes) => bytes.iter().all(|byte| *byte == 0),
        Value::Own(OwnValue::Guid(guid) | OwnValue::NamedGuid { value: guid, .. }) => guid.is_zero(),
        // Registers shown in a form of their own: `00:00.0`, `00000000 00000000`.
        Value::Message(message) => message.to_string().chars().all(|c| matches!(c, '0' | ' ' | ':' | '.')),
        _ => false,
    }
}

/// A field's name for people.
fn readable(name: &str) -> String {
    name.to_lowercase().replace('_', " ")
}

/// What a section says of itself, to be asked by the names of fields.
#[derive(Debug, Default)]
pub struct Told(Vec<(&'static str, Option<u64>, String)>);

/// Fields that are remembered; what a line needs comes early.
const REMEMBERED: usize = 200;

impl Told {
    /// What the section says.
    pub fn by(section: &dyn Describe) -> Self {
        let mut told = Self::default();
        // It ends early when enough is remembered.
        let _ = section.describe(&mut told);
        told
    }

    /// The number in the first field of this name.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(known, _, _)| *known == name).and_then(|(_, number, _)| *number)
    }

    /// The text of the first field of this name: a name where there is one, else the number.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _, _)| *known == name).map(|(_, _, text)| text.as_str())
    }

    /// The text of the first field of this name, if it says something: neither reserved nor unknown.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.text(name)
            .filter(|text| !text.is_empty() && !text.starts_with("reserved (") && *text != "unknown")
    }
}

impl Visitor for Told {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
        let (number, text) = match value {
            Value::Group(group) => return group.describe(self),
            Value::List(list) => return list.each(&mut |item| self.field(name, item)),
            Value::Bytes(_) => return Ok(()),
            Value::Number(value) => (Some(value), value.to_string()),
            Value::Hex { value, .. } => (Some(value), format!("{value:#x}")),
            Value::Code { value, name } => {
                (Some(value), name.map_or_else(|| format!("reserved ({value})"), str::to_owned))
            }
            Value::Flags { bits, name } => {
                let names = (0..64).map(|place| 1 << place).filter(|bit| bits & bit != 0).filter_map(name);
                (Some(bits), names.map(readable).collect::<Vec<_>>().join(", "))
            }
            other => (None, format!("{other:?}").trim_end().to_owned()),
        };
        self.0.push((name, number, text));
        if self.0.len() < REMEMBERED { Ok(()) } else { Err(fmt::Error) }
    }
}
