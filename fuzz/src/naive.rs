//! A second reader, as naive as one can be: numbers at offsets, which `fields.tsv` has from the specifications. It shares no
//! code with the crates, and what it finds is what they must tell.

use std::sync::LazyLock;

use cper::fields::{Describe, Value, Visitor};
use cper::section::Body;
use cper::{Guid, Record, SectionTypeId};

struct Structure {
    key: &'static str,
    least: usize,
    whole: usize,
    fields: Vec<Field>,
}

/// A number: where it is, in bits; its width; the bits that make it valid; what it is called.
struct Field {
    place: usize,
    width: usize,
    valid: Vec<usize>,
    path: &'static str,
}

/// `byte.bit`, in bits.
fn place(text: &str) -> usize {
    let (byte, bit) = text.split_once('.').unwrap_or((text, "0"));
    8 * byte.parse::<usize>().expect("a byte") + bit.parse::<usize>().expect("a bit")
}

static STRUCTURES: LazyLock<Vec<Structure>> = LazyLock::new(|| {
    let mut structures: Vec<Structure> = Vec::new();
    for line in include_str!("fields.tsv").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(line) = line.strip_prefix("= ") {
            let mut words = line.split(' ');
            let key = words.next().expect("a key");
            let mut length = || words.next().and_then(|length| length.parse().ok()).expect("a length");
            structures.push(Structure { key, least: length(), whole: length(), fields: Vec::new() });
            continue;
        }
        let [at, width, valid, path] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let valid = valid.split('&').filter(|valid| *valid != "-").map(place).collect();
        let field = Field { place: place(at), width: width.parse().expect("a width"), valid, path };
        structures.last_mut().expect("a structure").fields.push(field);
    }
    structures
});

/// Bits of little-endian bytes; `None` when they are not there.
fn bits(bytes: &[u8], place: usize, width: usize) -> Option<u64> {
    let mut value = 0;
    for bit in (place..place + width).rev() {
        value = value << 1 | u64::from(bytes.get(bit / 8)? >> (bit % 8) & 1);
    }
    Some(value)
}

impl Structure {
    fn of(key: &str) -> Option<&'static Self> {
        STRUCTURES.iter().find(|structure| structure.key == key)
    }

    /// What the crate tells of these bytes is what lies in them.
    fn compare(&self, bytes: &[u8], told: &dyn Describe) {
        let mut leaves = Leaves::default();
        told.describe(&mut leaves).expect("leaves take everything");
        for Field { place, width, valid, path } in &self.fields {
            let is_valid = valid.iter().all(|bit| bits(bytes, *bit, 1) == Some(1));
            let expected = if is_valid { bits(bytes, *place, *width) } else { None };
            let found = leaves.found.iter().find(|(found, _)| found == path).map(|(_, value)| *value);
            assert_eq!(found, expected, "{path} of {}", self.key);
        }
    }
}

#[derive(Default)]
struct Leaves {
    path: String,
    found: Vec<(String, u64)>,
}

impl Visitor for Leaves {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> std::fmt::Result {
        let length = self.path.len();
        self.path += if length == 0 { "" } else { "." };
        self.path += name;
        match value {
            Value::Group(group) => group.describe(self)?,
            Value::Bool(value) => self.found.push((self.path.clone(), u64::from(value))),
            Value::Number(value)
            | Value::Count(value)
            | Value::Hex { value, .. }
            | Value::Code { value, .. }
            | Value::Flags { bits: value, .. } => self.found.push((self.path.clone(), value)),
            _ => {}
        }
        self.path.truncate(length);
        Ok(())
    }
}

const FRU_MEMORY_POISON: &str = "c106475e5653c648930b52f2120a4458";

/// Records, or the body of a section that the first byte chooses: both readers find the same numbers.
pub fn naive(bytes: &[u8]) {
    if !bytes.starts_with(b"CPER") {
        let Some((&choice, body)) = bytes.split_first() else { return };
        let sections = &STRUCTURES[2..];
        let structure = &sections[usize::from(choice) % sections.len()];
        return section(structure, body);
    }
    let declared = bits(bytes, 8 * 20, 32).map_or(0, |length| length as usize);
    let is_record = bytes.len() >= 128 && declared >= 128;
    let record = Record::parse(bytes);
    assert_eq!(record.is_ok(), is_record);
    let Ok(record) = record else { return };
    let bytes = &bytes[..declared.min(bytes.len())];
    assert_eq!(record.as_bytes(), bytes);
    Structure::of("header").expect("listed").compare(bytes, record.header());

    let count = bits(bytes, 8 * 10, 16).map_or(0, |count| count as usize);
    let (mut sections, mut left) = (record.sections(), bytes.len());
    for number in 0..count {
        let found = sections.next().expect("an item for each descriptor");
        let Some(descriptor) = bytes.get(128 + 72 * number..200 + 72 * number) else {
            assert!(found.is_err() && sections.next().is_none());
            return;
        };
        let [offset, length] = [0, 32].map(|place| bits(descriptor, place, 32).expect("72 bytes") as usize);
        let body = bytes.get(offset..).and_then(|rest| rest.get(..length));
        // Descriptors of the same bytes are read as long as all bodies together are no longer than the record.
        let Some(body) = body.filter(|body| body.len() <= left) else {
            assert!(found.is_err(), "section {number} is not inside");
            continue;
        };
        left -= body.len();
        let found = found.expect("a section that is inside");
        assert_eq!(found.bytes(), body);
        Structure::of("descriptor").expect("listed").compare(descriptor, found.descriptor());
        let key: String = descriptor[16..32].iter().map(|byte| format!("{byte:02x}")).collect();
        if let Some(structure) = Structure::of(&key) {
            section(structure, body);
        }
    }
    assert!(sections.next().is_none());
}

fn section(structure: &Structure, bytes: &[u8]) {
    let mut stored = [0; 16];
    for (place, byte) in stored.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&structure.key[2 * place..2 * place + 2], 16).expect("hex");
    }
    let body = Body::decode(SectionTypeId::new(Guid::from_bytes(stored)), bytes);
    // Linux puts the section's own descriptor, whose type is at 16, before a list of poisoned memory; one whose checksum is
    // right, though, is named like its type.
    let sum = bytes.iter().skip(4).map(|byte| u64::from(*byte)).sum::<u64>();
    let sums_to_zero = bits(bytes, 0, 32).is_some_and(|checksum| (checksum + sum).trailing_zeros() >= 32);
    let own_descriptor =
        structure.key == FRU_MEMORY_POISON && bytes.len() >= 72 && bytes[16..32] == stored && !sums_to_zero;
    let bytes = if own_descriptor { &bytes[72..] } else { bytes };
    assert_eq!(body.is_ok(), bytes.len() >= structure.least, "{} in {} bytes", structure.key, bytes.len());
    let Ok(body) = body else { return };
    let claimed =
        if structure.whole == structure.least { bytes.len() as u64 } else { bits(bytes, 0, 32).unwrap_or(0) };
    if bytes.len().min(claimed as usize) < structure.whole {
        return;
    }
    structure.compare(bytes, body.fields());
}
