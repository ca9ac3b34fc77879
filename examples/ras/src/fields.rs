//! A section's fields as text: all of them without registers that are zero, or the first ones.

use std::fmt;

use cper::fields::{Describe, OwnValue, Value, Visitor};

/// Column at which values begin, past the indent: that of the CPER crate's own text.
const VALUE_COLUMN: usize = 24;

/// Fields in lines, as the CPER crate writes them, without zero fields of inner structures. A field of the section
/// itself is there because its validity bit is set, so it is shown whatever its value.
pub fn compact(section: &dyn Describe) -> String {
    let mut lines = Compact { text: String::new(), indent: 0, left_out: false };
    // Only a receiver can fail, and this one never does.
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
        Value::Number(value) | Value::Count(value) | Value::Hex { value, .. } | Value::Code { value, .. } => {
            *value == 0
        }
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

/// The number of fields in the headline of a section that has no summary.
const SHOWN: usize = 4;

/// The first fields that are not zero, each after its name.
pub fn first(section: &dyn Describe) -> String {
    let mut first = First(Vec::new());
    // The description stops when there are enough.
    let _ = section.describe(&mut first);
    first.0.join(", ")
}

struct First(Vec<String>);

impl Visitor for First {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
        match value {
            Value::Group(group) => return group.describe(self),
            Value::List(list) => return list.each(&mut |item| self.field(name, item)),
            Value::Bytes(_) => return Ok(()),
            leaf if is_zero(&leaf) => return Ok(()),
            leaf => self.0.push(format!("{} {}", readable(name), format!("{leaf:?}").trim_end())),
        }
        if self.0.len() < SHOWN { Ok(()) } else { Err(fmt::Error) }
    }
}
