//! Which bit shows in which described field: what tests compare with a specification's table. Every crate that describes
//! structures has this same file.

extern crate std;
use std::format;
use std::string::String;
use std::vec::Vec;

use crate::fields::{Describe, Value, Visitor};

/// Which bit of a structure shows in which field: its map, to be compared with the specification's table.
///
/// `body` is the background, with the validity bits set; bytes of it in `skip` are left alone. Each run of bits is
/// the first bit as `byte.bit`, the field's path, and what the bits are: names of flags, `-*3` for three reserved
/// ones, `*8` for eight that count up from the field's lowest (`@32*8`: from its bit 32), `~*8` for eight of a text.
/// Bits that show nowhere are `hidden`; a bit that makes a field appear has that field.
pub(crate) fn bit_map<F>(body: &[u8], skip: core::ops::Range<usize>, decode: F) -> String
where
    F: Fn(&[u8], &mut dyn FnMut(&dyn Describe)),
{
    let leaves = |body: &[u8]| {
        let mut leaves = Leaves::default();
        decode(body, &mut |section| section.describe(&mut leaves).unwrap());
        leaves.found
    };
    let whole = leaves(body);
    let mut runs: Vec<(String, String, usize)> = Vec::new(); // first bit and path, what, how many
    let mut last = (String::new(), 0);
    for bit in (0..body.len() * 8).filter(|bit| !skip.contains(&(bit / 8))) {
        let mut flipped = body.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let flipped = leaves(&flipped);
        let changed = whole.iter().find(|leaf| !flipped.contains(leaf));
        let now = changed.and_then(|(path, _)| flipped.iter().find(|(other, _)| other == path));
        let (path, what, place) = match (changed, now) {
            (Some((path, Leaf::Bits(a, Some(name)))), Some((_, Leaf::Bits(b, _)))) => {
                (path.as_str(), name(a ^ b).unwrap_or("-"), 0)
            }
            (Some((path, Leaf::Bits(a, None))), Some((_, Leaf::Bits(b, _)))) => {
                (path.as_str(), "", (a ^ b).trailing_zeros())
            }
            (Some((path, _)), _) => (path.as_str(), "~", 0),
            // A field that was not there before the flip.
            (None, _) => {
                let new = flipped.iter().find(|leaf| !whole.contains(leaf));
                (new.map_or("hidden", |(path, _)| path.as_str()), "~", 0)
            }
        };
        let counts = what.is_empty();
        let begins = last.0 != path || (counts && place != last.1 + 1);
        let start = if begins { format!("\n{}.{} {path} ", bit / 8, bit % 8) } else { " ".into() };
        match runs.last_mut() {
            Some((_, same, count)) if !begins && (counts || same == what) => *count += 1,
            _ if counts && place != 0 => runs.push((start, format!("@{place}"), 1)),
            _ => runs.push((start, what.into(), 1)),
        }
        last = (path.into(), place);
    }
    let run = |(start, what, count): &(String, String, usize)| match what.bytes().next() {
        None | Some(b'-' | b'~' | b'@') => format!("{start}{what}*{count}"),
        _ => format!("{start}{what}"),
    };
    runs.iter().map(run).collect()
}

/// Compares a [`bit_map`] with the expected one, word by word: lines may be broken anywhere.
pub(crate) fn assert_map(map: &str, expected: &str) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words(map), words(expected), "\n{map}");
}

/// The bits of a leaf, and the names of its flags when it is a set of them; or its text.
#[derive(Clone, Debug)]
enum Leaf {
    Bits(u64, Option<fn(u64) -> Option<&'static str>>),
    Text(String),
}

impl PartialEq for Leaf {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bits(a, _), Self::Bits(b, _)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            _ => false,
        }
    }
}

#[derive(Default)]
struct Leaves {
    path: Vec<&'static str>,
    found: Vec<(String, Leaf)>,
}

impl Visitor for Leaves {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> core::fmt::Result {
        self.path.push(name);
        let leaf = match value {
            Value::Group(group) => {
                group.describe(self)?;
                self.path.pop();
                return Ok(());
            }
            Value::Number(bits)
            | Value::Count(bits)
            | Value::Hex { value: bits, .. }
            | Value::Code { value: bits, .. } => Leaf::Bits(bits, None),
            Value::Flags { bits, name, .. } => Leaf::Bits(bits, Some(name)),
            other => Leaf::Text(format!("{other:?}")),
        };
        self.found.push((self.path.join("."), leaf));
        self.path.pop();
        Ok(())
    }
}
