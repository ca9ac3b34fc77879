//! Which bit shows in which described field: what tests compare with a specification's table; and where in a body its
//! description says that its fields are stored. Every crate that describes structures has this same file.

extern crate std;
use std::format;
use std::ops::Range;
use std::string::String;
use std::vec;
use std::vec::Vec;

use crate::fields::{Copied, Describe, Stored, Value, Visitor};

/// Which bit of a structure shows in which field: its map, to be compared with the specification's table.
///
/// `body` is the background, with the validity bits set; bytes of it in `skip` are left alone. Each run of bits is
/// the first bit as `byte.bit`, the field's path, and what the bits are: names of flags, `-*3` for three reserved
/// ones, `*8` for eight that count up from the field's lowest (`@32*8`: from its bit 32), `~*8` for eight of a text.
/// Bits that show nowhere are `hidden`; a bit that makes a field appear has that field.
///
/// The description must not say that a field shows all of a byte in which such a bit is set: see [`shown_bytes`].
pub(crate) fn bit_map<F>(body: &[u8], skip: Range<usize>, decode: F) -> String
where
    F: Fn(&[u8], &mut dyn FnMut(&dyn Describe)),
{
    let whole = leaves(body, &decode);
    let shown = shown_bytes(body, &decode);
    let mut runs: Vec<(String, String, usize)> = Vec::new(); // first bit and path, what, how many
    let mut last = (String::new(), 0);
    for bit in (0..body.len() * 8).filter(|bit| !skip.contains(&(bit / 8))) {
        let mut flipped = body.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let shown_flipped = shown_bytes(&flipped, &decode);
        let flipped = leaves(&flipped, &decode);
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
                let shown = if body[bit / 8] >> (bit % 8) & 1 == 0 { &shown_flipped } else { &shown };
                let lost = new.is_none() && shown[bit / 8];
                assert!(
                    !lost,
                    "bit {}.{} shows nowhere, and a field says that it shows it",
                    bit / 8,
                    bit % 8
                );
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

/// The described fields that have no fields of their own, each with its path.
pub(crate) fn leaves<F>(body: &[u8], decode: F) -> Vec<(String, Leaf)>
where
    F: Fn(&[u8], &mut dyn FnMut(&dyn Describe)),
{
    let mut leaves = Leaves::default();
    decode(body, &mut |section| section.describe(&mut leaves).unwrap());
    leaves.found
}

/// The bits of a leaf, and the names of its flags when it is a set of them; or its text.
#[derive(Clone, Debug)]
pub(crate) enum Leaf {
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

/// Which bytes of a body its description shows all bits of, as it says itself with [`Visitor::stored`],
/// and those that a field shows as bytes.
///
/// It fails when a described field is not stored in the body: whoever looks for bytes that no field shows finds the
/// place of a field by its address, so that a field of a copy must say what was copied, with [`Visitor::copied`].
pub(crate) fn shown_bytes<F>(body: &[u8], decode: F) -> Vec<bool>
where
    F: Fn(&[u8], &mut dyn FnMut(&dyn Describe)),
{
    let mut places = Places {
        body: addresses(body),
        copies: Vec::new(),
        shown: vec![false; body.len()],
        path: Vec::new(),
    };
    decode(body, &mut |section| section.describe(&mut places).unwrap());
    places.shown
}

struct Places {
    body: Range<usize>,
    /// Copies that are being described, the last one innermost: where the copy lies, and what was copied.
    copies: Vec<(Range<usize>, Range<usize>)>,
    shown: Vec<bool>,
    path: Vec<&'static str>,
}

/// Where bytes lie in memory.
fn addresses(bytes: &[u8]) -> Range<usize> {
    let start = bytes.as_ptr() as usize;
    start..start + bytes.len()
}

/// A range inside of another one, counted from its start.
fn inside(range: &Range<usize>, outer: &Range<usize>) -> Option<Range<usize>> {
    let fits = outer.start <= range.start && range.end <= outer.end;
    fits.then(|| range.start - outer.start..range.end - outer.start)
}

impl Places {
    /// Where in the body the bytes are, or those that they were copied from. No bytes, such as those of a field past the
    /// end of a short body, are nowhere.
    fn of(&self, name: &'static str, bytes: &[u8]) -> Range<usize> {
        if bytes.is_empty() {
            return 0..0;
        }
        self.find(bytes).unwrap_or_else(|| panic!("{name} in {:?} is not stored in the body", self.path))
    }

    fn find(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let range = addresses(bytes);
        let copied = |(copy, stored): &(Range<usize>, Range<usize>)| {
            let place = inside(&range, copy)?;
            Some(stored.start + place.start..stored.start + place.end)
        };
        self.copies.iter().rev().find_map(copied).or_else(|| inside(&range, &self.body))
    }
}

impl Visitor for Places {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> core::fmt::Result {
        self.path.push(name);
        match value {
            Value::Group(group) => group.describe(self)?,
            Value::List(list) => list.each(&mut |item| self.field("", item))?,
            // Bytes tell themselves where they are stored.
            Value::Bytes(bytes) => {
                if let Some(place) = self.find(bytes) {
                    self.shown[place].fill(true);
                }
            }
            _ => {}
        }
        self.path.pop();
        Ok(())
    }

    fn stored(&mut self, name: &'static str, bytes: &[u8], how: Stored) {
        let place = self.of(name, bytes);
        self.shown[place].fill(how == Stored::Shown);
    }

    fn copied(&mut self, name: &'static str, copy: Copied<'_>) -> core::fmt::Result {
        let place = self.of(name, copy.stored);
        self.copies.push((addresses(copy.copy), place));
        self.field(name, Value::Group(copy.group))?;
        self.copies.pop();
        Ok(())
    }
}
