//! A section's fields as text: all of them without registers that are zero, or the first ones.

use std::fmt::{self, Write as _};

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
        self.show(name, value)
    }
}

impl Compact {
    fn show(&mut self, name: &str, value: Value<'_>) -> fmt::Result {
        let line = self.text.len();
        self.blanks(self.indent);
        self.text.extend(name.chars().map(readable));
        let pad = VALUE_COLUMN.saturating_sub(name.len()).max(1);
        match value {
            Value::Group(group) => self.inner(line, pad, |inner| group.describe(inner)),
            Value::List(list) => self.inner(line, pad, |inner| {
                let mut number = 0;
                list.each(&mut |item| {
                    let shown = inner.show(&format!("[{number}]"), item);
                    number += 1;
                    shown
                })
            }),
            leaf if self.indent > 0 && is_zero(&leaf) => {
                self.text.truncate(line);
                self.left_out = true;
                Ok(())
            }
            leaf => {
                self.blanks(pad);
                self.leaf(&leaf)
            }
        }
    }

    /// The value of a field after its name. Its further lines are indented as the first one is.
    fn leaf(&mut self, value: &Value<'_>) -> fmt::Result {
        let begin = self.text.len();
        write!(self.text, "{value:?}")?;
        let length = self.text[begin..].trim_end().len();
        self.text.truncate(begin + length);
        if self.text[begin..].contains('\n') {
            let value = self.text.split_off(begin);
            let mut lines = value.lines();
            self.text.extend(lines.next());
            for line in lines {
                self.text.push('\n');
                self.blanks(self.indent);
                self.text.push_str(line);
            }
        }
        self.text.push('\n');
        Ok(())
    }

    /// The fields of an inner structure or list, whose name begins at `line`. One of zeros is left out, but for its name
    /// where it is a field of the section.
    fn inner(
        &mut self,
        line: usize,
        pad: usize,
        describe: impl FnOnce(&mut Self) -> fmt::Result,
    ) -> fmt::Result {
        let name = self.text.len();
        self.text.push('\n');
        let begin = self.text.len();
        self.indent += 2;
        let described = describe(self);
        self.indent -= 2;
        if self.text.len() == begin && self.indent > 0 {
            self.text.truncate(line);
        } else if self.text.len() == begin {
            self.text.truncate(name);
            self.blanks(pad);
            self.text.push_str("all zero\n");
        }
        described
    }

    fn blanks(&mut self, number: usize) {
        self.text.extend(std::iter::repeat_n(' ', number));
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

/// A character of a field's name for people.
const fn readable(c: char) -> char {
    if c == '_' { ' ' } else { c.to_ascii_lowercase() }
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
            leaf => {
                let name: String = name.chars().map(readable).collect();
                self.0.push(format!("{name} {}", format!("{leaf:?}").trim_end()));
            }
        }
        if self.0.len() < SHOWN { Ok(()) } else { Err(fmt::Error) }
    }
}
