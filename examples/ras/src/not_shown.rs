//! The bytes of a record that no field shows: values whose validity bit is clear, reserved bits that are set, bytes
//! between the parts of a record and after them.
//!
//! They are found by subtraction. Every described structure says in which bytes each of its fields is stored, and
//! whether the field shows all of them. The described structures are views of the record's bytes, so their place in the
//! record is known. Every other byte that is not zero is reported here.

use std::fmt;

use cper::fields::{Copied, Describe, Stored, Value, Visitor};
use cper::zerocopy::IntoBytes;
use serde::Serialize;
use serde::ser::Serializer;

use crate::found::{Content, Found, Part, Section, What};

/// Bytes that no field shows.
#[derive(Debug, Serialize)]
pub struct NotShown<'a> {
    /// Where they begin, in bytes from the start of the record.
    pub offset: usize,
    /// The part of the record that they are in.
    #[serde(serialize_with = "as_text")]
    pub part: PartName,
    /// The field that is stored there, if the part has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// Why they are here.
    pub reason: Reason,
    /// The bytes.
    #[serde(serialize_with = "as_hex")]
    pub bytes: &'a [u8],
}

/// Why no field shows the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The field's validity bit is clear.
    NotValid,
    /// The field is reserved, or its text does not show every bit.
    NotShown,
    /// No field is stored there.
    NoField,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotValid => "validity bit clear",
            Self::NotShown => "not shown as stored",
            Self::NoField => "no field",
        })
    }
}

/// A part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartName {
    /// The record header, or that of a status block.
    Header,
    /// A section descriptor, or the header of a data entry.
    Descriptor(usize),
    /// The body of a section.
    Section(usize),
    /// The raw data of a status block.
    RawData,
    /// Bytes between and behind the parts.
    Outside,
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("header"),
            Self::Descriptor(number) => write!(f, "section descriptor {number}"),
            Self::Section(number) => write!(f, "section {number}"),
            Self::RawData => f.write_str("raw data"),
            Self::Outside => f.write_str("outside the parts"),
        }
    }
}

fn as_text<S: Serializer>(text: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(text)
}

fn as_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    Value::Bytes(bytes).serialize(serializer)
}

/// The index that all bytes have which a field shows.
const SHOWN: u32 = 1;

/// What shows each byte of a record.
struct Coverage<'a> {
    raw: &'a [u8],
    /// What each byte is: an index of `fields`.
    of: Vec<u32>,
    /// The part and the field, and why the field does not show the bytes, if it does not.
    fields: Vec<(PartName, Option<&'static str>, Option<Reason>)>,
    part: PartName,
    /// Copies of stored bytes that are being described, the last one innermost: the copy, and what was copied.
    copies: Vec<(std::ops::Range<usize>, std::ops::Range<usize>)>,
}

/// Where bytes lie in memory.
fn addresses(bytes: &[u8]) -> std::ops::Range<usize> {
    let start = bytes.as_ptr() as usize;
    start..start + bytes.len()
}

/// A range that is inside of another one, counted from its start.
fn inside(range: &std::ops::Range<usize>, outer: &std::ops::Range<usize>) -> Option<std::ops::Range<usize>> {
    let fits = !range.is_empty() && outer.start <= range.start && range.end <= outer.end;
    fits.then(|| range.start - outer.start..range.end - outer.start)
}

impl<'a> Coverage<'a> {
    fn new(raw: &'a [u8]) -> Self {
        let outside = (PartName::Outside, None, Some(Reason::NoField));
        // Enough for most records.
        let mut fields = Vec::with_capacity(32);
        fields.extend([outside, (PartName::Outside, None, None)]);
        Self { raw, of: vec![0; raw.len()], fields, part: PartName::Outside, copies: Vec::new() }
    }

    /// Where in the record these bytes are, or those that they were copied from.
    fn place(&self, bytes: &[u8]) -> Option<std::ops::Range<usize>> {
        let range = addresses(bytes);
        let of_copy = self.copies.iter().rev().find_map(|(copy, stored)| {
            let place = inside(&range, copy)?;
            Some(stored.start + place.start..stored.start + place.end)
        });
        of_copy.or_else(|| inside(&range, &addresses(self.raw)))
    }

    fn mark(&mut self, place: std::ops::Range<usize>, field: Option<&'static str>, reason: Option<Reason>) {
        let mut number = SHOWN;
        if reason.is_some() {
            number = self.fields.len() as u32;
            self.fields.push((self.part, field, reason));
        }
        if let Some(of) = self.of.get_mut(place) {
            of.fill(number);
        }
    }

    /// Notes the fields of one part of the record, described by `part`.
    fn part(&mut self, name: PartName, bytes: &[u8], part: &dyn Describe) {
        self.part = name;
        if let Some(place) = self.place(bytes) {
            self.mark(place, None, Some(Reason::NoField));
        }
        // Only a receiver can fail, and this one never does.
        let _ = part.describe(self);
    }

    /// As [`Coverage::part`] of a structure that was copied out of the record.
    fn copied_part(&mut self, name: PartName, stored: &[u8], copy: &[u8], part: &dyn Describe) {
        let copy = copy.get(..stored.len()).unwrap_or(copy);
        let copies = self.place(stored).map(|stored| (addresses(copy), stored));
        self.copies.extend(copies);
        self.part(name, stored, part);
        self.copies.clear();
    }

    fn section(&mut self, number: usize, section: &Section<'_>) {
        let name = PartName::Section(number);
        match &section.content {
            Content::Body(body) => self.part(name, section.bytes, body.fields()),
            Content::Machine(record) => self.part(name, section.bytes, &Machine(record)),
            // All bytes of the copy are shown.
            Content::Bad(_) => self.part(name, section.bytes, &section.bytes),
            Content::Log(part) if !part.compressed => self.part(name, section.bytes, &part.stored),
            Content::Cut(_) | Content::Log(_) => self.part(name, section.bytes, &Nothing),
        }
    }

    /// The bytes that no field shows.
    fn rest(self) -> Vec<NotShown<'a>> {
        let mut rest = Vec::new();
        let mut from = 0;
        let reported = |(byte, number): (&u8, &u32)| *byte != 0 && *number != SHOWN;
        while let Some(first) = self.raw[from..].iter().zip(&self.of[from..]).position(reported) {
            // All bytes of the same field, zeros too.
            let (first, number) = (from + first, self.of[from + first]);
            let same = |of: &u32| *of == number;
            let start =
                self.of[from..first].iter().rposition(|of| !same(of)).map_or(from, |at| from + at + 1);
            let end = self.of[first..].iter().position(|of| !same(of)).map_or(self.of.len(), |at| first + at);
            from = end;
            let (part, field, Some(reason)) = self.fields[number as usize] else { continue };
            let bytes = &self.raw[start..end];
            if field.is_some() {
                rest.push(NotShown { offset: start, part, field, reason, bytes });
                continue;
            }
            // Bytes without a field that are not zero, split where zeros lie between them.
            let mut first = Some(first - start);
            while let Some(at) = first {
                let piece = &bytes[at..];
                let zeros = memchr::memmem::find(piece, &[0; ZEROS]).unwrap_or(piece.len());
                let last = piece[..zeros].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                rest.push(NotShown { offset: start + at, part, field, reason, bytes: &piece[..last] });
                let next = piece[zeros..].iter().position(|byte| *byte != 0);
                first = next.map(|next| at + zeros + next);
            }
        }
        rest
    }
}

/// Zeros that split two pieces.
const ZEROS: usize = 16;

impl Visitor for Coverage<'_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
        match value {
            Value::Group(group) => group.describe(self),
            Value::List(list) => list.each(&mut |item| self.field(name, item)),
            Value::Bytes(bytes) => {
                if let Some(place) = self.place(bytes) {
                    self.mark(place, Some(name), None);
                }
                Ok(())
            }
            Value::Text(text) => {
                let shown = text.split(|byte| *byte == 0).next().unwrap_or_default();
                if let Some(place) = self.place(shown) {
                    self.mark(place, Some(name), None);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn stored(&mut self, field: &'static str, bytes: &[u8], how: Stored) {
        let reason = match how {
            Stored::Shown => None,
            Stored::NotValid => Some(Reason::NotValid),
            _ => Some(Reason::NotShown),
        };
        if let Some(place) = self.place(bytes) {
            self.mark(place, Some(field), reason);
        }
    }

    fn copied(&mut self, _: &'static str, copy: Copied<'_>) -> fmt::Result {
        let copied = self.place(copy.stored).map(|stored| (addresses(copy.copy), stored));
        let depth = self.copies.len();
        self.copies.extend(copied);
        let described = copy.group.describe(self);
        self.copies.truncate(depth);
        described
    }
}

/// A part without a description.
struct Nothing;

impl Describe for Nothing {
    fn describe(&self, _: &mut dyn Visitor) -> fmt::Result {
        Ok(())
    }
}

/// A machine-check record: `mce-record` describes it, and shows every bit.
struct Machine<'r, 'a>(&'r mce_record::MceRecord<'a>);

impl Describe for Machine<'_, '_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("record", Value::Bytes(self.0.bytes()))
    }
}

/// The bytes of something found that no field shows. Each part of a log reports its own.
pub fn of<'a>(found: &Found<'a>) -> Vec<NotShown<'a>> {
    let mut coverage = Coverage::new(found.raw);
    match &found.what {
        What::Record(stored) => {
            let record = stored.record();
            coverage.part(PartName::Header, record.header().as_bytes(), record.header());
            for (number, descriptor) in record.descriptors().iter().enumerate() {
                coverage.part(PartName::Descriptor(number), descriptor.as_bytes(), descriptor);
            }
        }
        What::Block(block) => {
            coverage.part(PartName::Header, block.header().as_bytes(), block.header());
            for entry in block.entries().flatten() {
                let (number, header) = (usize::from(entry.number()), entry.header());
                let name = PartName::Descriptor(number);
                coverage.copied_part(name, entry.header_bytes(), header.as_bytes(), &header);
            }
            if let Some(Ok(raw)) = block.raw_data() {
                coverage.part(PartName::RawData, raw, &raw);
            }
        }
        What::Section(descriptor, _) => {
            coverage.part(PartName::Descriptor(0), descriptor.as_bytes(), *descriptor);
        }
        What::Body(..) => {}
        What::Unknown(..) | What::Part(_) | What::Log(_) | What::Table(_) | What::Bad(_) => {
            return Vec::new();
        }
    }
    for (number, section) in found.sections().iter().enumerate() {
        coverage.section(number, section);
    }
    coverage.rest()
}

/// The bytes that no field shows of the record around a part of a kernel log.
pub fn of_part<'a>(part: &Part<'a>) -> Vec<NotShown<'a>> {
    let Some(record) = part.record.as_ref().map(pstore_format::record::StoredRecord::record) else {
        return Vec::new();
    };
    let mut coverage = Coverage::new(record.as_bytes());
    coverage.part(PartName::Header, record.header().as_bytes(), record.header());
    for (number, descriptor) in record.descriptors().iter().enumerate() {
        coverage.part(PartName::Descriptor(number), descriptor.as_bytes(), descriptor);
    }
    // The text shows these bytes; a compressed text is shown by its digest.
    coverage.part(PartName::Section(0), part.stored, &part.stored);
    coverage.rest()
}
