//! Sections whose bytes end before their structure does: the fields that are there.
//!
//! The section is decoded twice, with the missing bytes as zeros and as ones. A field with the same value both times
//! does not depend on the missing bytes, and is shown. So no field is shown with a value that nobody stored, whatever
//! the section's type.

use std::fmt;

use cper::SectionTypeId;
use cper::fields::{Describe, Value, Visitor};
use cper::section::Body;

/// The front of a section.
#[derive(Clone, Copy, Debug)]
pub struct Cut<'a> {
    kind: SectionTypeId,
    bytes: &'a [u8],
    needed: usize,
}

impl<'a> Cut<'a> {
    /// The front of a section whose structure needs `needed` bytes. `None` when no field of it is there.
    pub fn new(kind: SectionTypeId, bytes: &'a [u8], needed: usize) -> Option<Self> {
        let cut = Self { kind, bytes, needed };
        let mut fields = Count(0);
        let _ = cut.describe(&mut fields);
        (fields.0 != 0).then_some(cut)
    }

    /// Bytes that are there, and bytes that the structure needs.
    pub const fn extent(&self) -> (usize, usize) {
        (self.bytes.len(), self.needed)
    }

    /// The bytes, filled up with others.
    fn filled(&self, fill: u8, more: usize) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        bytes.resize(self.needed.max(bytes.len()) + more, fill);
        bytes
    }
}

impl Describe for Cut<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        // A field with the number of the bytes depends on that number.
        let (zeros, ones) = (self.filled(0, 0), self.filled(0xff, 64));
        let bodies = [&zeros, &ones].map(|bytes| Body::decode(self.kind, bytes));
        let [Ok(zeros), Ok(ones)] = bodies else { return Ok(()) };
        let mut others = Leaves::default();
        ones.describe(&mut others)?;
        Kept { inner: zeros.fields(), path: String::new(), others: &others }.describe(out)
    }
}

/// Fields: a path of names from the outermost structure to the field, and the value's text.
#[derive(Default)]
struct Leaves {
    path: String,
    all: Vec<(String, String)>,
}

impl Leaves {
    fn has(&self, path: &str, text: &str) -> bool {
        self.all.iter().any(|(known, other)| known == path && other == text)
    }
}

impl Visitor for Leaves {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
        let path = format!("{}/{name}", self.path);
        if let Value::Group(group) = value {
            let around = std::mem::replace(&mut self.path, path);
            group.describe(self)?;
            self.path = around;
        } else {
            self.all.push((path, format!("{value:?}")));
        }
        Ok(())
    }
}

/// The fields that both structures show alike.
struct Kept<'k> {
    inner: &'k dyn Describe,
    path: String,
    others: &'k Leaves,
}

impl Describe for Kept<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.inner.describe(&mut Keep { path: &self.path, others: self.others, out })
    }
}

struct Keep<'k> {
    path: &'k str,
    others: &'k Leaves,
    out: &'k mut dyn Visitor,
}

impl Visitor for Keep<'_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
        let path = format!("{}/{name}", self.path);
        match value {
            Value::Group(inner) => {
                let kept = Kept { inner, path, others: self.others };
                let mut fields = Count(0);
                kept.describe(&mut fields)?;
                if fields.0 == 0 { Ok(()) } else { self.out.field(name, Value::Group(&kept)) }
            }
            leaf if self.others.has(&path, &format!("{leaf:?}")) => self.out.field(name, leaf),
            _ => Ok(()),
        }
    }
}

/// Counts fields.
struct Count(usize);

impl Visitor for Count {
    fn field(&mut self, _name: &'static str, _value: Value<'_>) -> fmt::Result {
        self.0 += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cper::fields::Fields;

    fn lines(described: &dyn Describe) -> Vec<String> {
        Fields(described).to_string().lines().map(str::to_owned).collect()
    }

    /// Of every section type that is decoded, cut at every length: what is shown is what the whole section shows, and
    /// with each byte more there is no less of it.
    #[test]
    fn a_field_is_shown_when_its_bytes_are_there() {
        let mut shown = 0;
        for (kind, _) in SectionTypeId::ALL {
            // No byte is like another, and every validity bit is set in some of them.
            for fill in [0x01_u8, 0x7f] {
                let whole: Vec<u8> = (0..1024_u32).map(|place| (place as u8 ^ fill) | fill).collect();
                let Ok(body) = Body::decode(*kind, &whole) else { continue };
                let all = lines(&body);
                for length in 0..256 {
                    let Err(error) = Body::decode(*kind, &whole[..length]) else { break };
                    let cper::ErrorKind::TooShort { needed, .. } = error.kind() else { continue };
                    let Some(cut) = Cut::new(*kind, &whole[..length], needed as usize) else { continue };
                    for line in lines(&cut).into_iter().filter(|line| !line.ends_with(char::is_alphabetic)) {
                        assert!(all.contains(&line), "{kind}, {length} bytes: {line}");
                        shown += 1;
                    }
                }
            }
        }
        assert!(shown > 1000, "{shown} fields");
    }
}
