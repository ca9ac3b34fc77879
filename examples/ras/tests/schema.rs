//! The JSON Schema of what `ras` writes, made out of the descriptions of structures, is the one that is kept, and a field
//! has one shape wherever it is.
//!
//! `UPDATE_EXPECTED=1 cargo test -p ras-records --test schema` writes the schema anew.

#[path = "../../../cper/tests/common/bodies.rs"]
mod bodies;
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;

use cper::fields::{Describe, OwnValue, Value, Visitor};
use cper::section::Body;
use cper::zerocopy::FromBytes;
use cper::{GenericErrorData, GenericErrorStatus, RecordHeader, SectionDescriptor, SectionTypeId};
use mce_record::MceRecord;
use ras::event::Kind;
use serde_json::{Map, Value as Json, json};

/// What a value is in JSON.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    /// A definition of the schema by its name.
    Leaf(&'static str),
    Object(BTreeMap<&'static str, Shape>),
    Array(Option<Box<Shape>>),
}

impl Shape {
    fn of(value: Value<'_>) -> Self {
        Self::Leaf(match value {
            Value::Number(_) | Value::Hex { digits: ..=8, .. } => "number",
            Value::Signed(_) => "signed",
            Value::Count(_) => "count",
            Value::Hex { .. } => "hex64",
            Value::Code { .. } => "code",
            Value::Flags { digits: ..=8, .. } => "flags",
            Value::Flags { .. } => "flags64",
            Value::Bool(_) => "boolean",
            Value::Text(_) | Value::Message(_) => "text",
            Value::Bytes(_) => "bytes",
            Value::Error(_) => "error",
            Value::Own(OwnValue::Guid(_)) => "guid",
            Value::Own(OwnValue::NamedGuid { .. }) => "named_guid",
            Value::Own(OwnValue::Time { .. }) => "time",
            Value::Group(group) => {
                let mut members = Members::default();
                group.describe(&mut members).unwrap();
                return Self::Object(members.0);
            }
            Value::List(list) => {
                let mut items: Option<Box<Self>> = None;
                list.each(&mut |item| {
                    let item = Self::of(item);
                    items = Some(Box::new(match items.take() {
                        Some(items) => Self::merged(*items, item),
                        None => item,
                    }));
                    Ok(())
                })
                .unwrap();
                return Self::Array(items);
            }
            other => panic!("{other:?} has no shape"),
        })
    }

    /// What is either. An object can lack members, an item of a list can be an error in its place.
    fn merged(one: Self, other: Self) -> Self {
        match (one, other) {
            (Self::Object(mut one), Self::Object(other)) => {
                for (name, shape) in other {
                    let merged = match one.remove(name) {
                        Some(known) => Self::merged(known, shape),
                        None => shape,
                    };
                    one.insert(name, merged);
                }
                Self::Object(one)
            }
            (Self::Array(one), Self::Array(other)) => Self::Array(match (one, other) {
                (Some(one), Some(other)) => Some(Box::new(Self::merged(*one, *other))),
                (one, other) => one.or(other),
            }),
            (Self::Leaf("error"), Self::Object(object)) | (Self::Object(object), Self::Leaf("error")) => {
                let error =
                    [("kind", "text"), ("message", "text"), ("offset", "number"), ("section", "number")];
                let members = error.map(|(name, leaf)| (name, Self::Leaf(leaf)));
                let values = ("values", Self::Leaf("values"));
                Self::merged(
                    Self::Object(object),
                    Self::Object(members.into_iter().chain([values]).collect()),
                )
            }
            (one, other) => {
                assert_eq!(one, other, "a field has two shapes");
                one
            }
        }
    }

    /// The schema; closed ones have no other members.
    fn schema(&self, closed: bool) -> Json {
        match self {
            // What stands where it does when it can be read is not known.
            Self::Leaf("error") if !closed => {
                json!({"anyOf": [definition("error"), {"type": "object", "additionalProperties": definition("value")}]})
            }
            Self::Leaf(name) => definition(name),
            Self::Array(None) => json!({"type": "array", "items": definition("value")}),
            Self::Array(Some(items)) => json!({"type": "array", "items": items.schema(closed)}),
            Self::Object(members) => {
                let members: Map<String, Json> =
                    members.iter().map(|(name, shape)| ((*name).into(), shape.schema(closed))).collect();
                let others = if closed { json!(false) } else { definition("value") };
                json!({"type": "object", "properties": members, "additionalProperties": others})
            }
        }
    }

    /// Notes the shape of each leaf under its name.
    fn leaves(&self, name: &'static str, found: &mut BTreeMap<&'static str, BTreeSet<&'static str>>) {
        match self {
            Self::Leaf(leaf) => {
                found.entry(name).or_default().insert(leaf);
            }
            Self::Array(items) => {
                if let Some(items) = items {
                    items.leaves(name, found);
                }
            }
            Self::Object(members) => members.iter().for_each(|(name, shape)| shape.leaves(name, found)),
        }
    }
}

#[derive(Default)]
struct Members(BTreeMap<&'static str, Shape>);

impl Visitor for Members {
    fn field(&mut self, name: &'static str, value: Value<'_>) -> fmt::Result {
        let told = self.0.insert(name, Shape::of(value));
        assert!(told.is_none(), "{name} is told twice");
        Ok(())
    }
}

fn definition(name: &str) -> Json {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn array(items: &Json) -> Json {
    json!({"type": "array", "items": items})
}

/// The shape of everything described by these.
fn shape_of<'d>(described: impl IntoIterator<Item = &'d dyn Describe>) -> Shape {
    let shapes = described.into_iter().map(|described| Shape::of(Value::Group(described)));
    shapes.reduce(Shape::merged).unwrap()
}

/// Times of every encoding, and of two readings: BCD, binary, seconds, a century that decides nothing, no time.
const TIMES: [[u8; 8]; 6] = [
    [0x26, 0x08, 0x07, 0x03, 0x22, 0x11, 0x26, 0x20],
    [0x0f, 0x18, 0x17, 0, 0x08, 0x01, 0x19, 0x14],
    [0xf1, 0x98, 0x02, 0x6b, 0, 0, 0, 0],
    [0x08, 0x07, 0x06, 0, 0x11, 0x02, 0x04, 0x16],
    [0xff; 8],
    [0; 8],
];

/// Structures of this type of any bytes, and of zeros and ones; with any time where they have one.
fn any<T: FromBytes + Describe>(time_at: Option<usize>) -> Shape {
    let mut numbers = bodies::Numbers::new();
    let many = (0..500).map(|round| {
        let mut bytes = vec![if round == 0 { 0 } else { 0xff }; size_of::<T>()];
        if round > 12 {
            bytes.fill_with(|| numbers.below(256) as u8);
        }
        if let Some(place) = time_at.filter(|_| round > 0) {
            bytes[place..place + 8].copy_from_slice(&TIMES[round % TIMES.len()]);
        }
        T::read_from_bytes(&bytes).unwrap()
    });
    let many: Vec<T> = many.collect();
    shape_of(many.iter().map(|one| one as &dyn Describe))
}

/// Machine checks of every length, all fields filled, of every vendor.
fn machine_checks() -> Shape {
    let mut numbers = bodies::Numbers::new();
    let mut records: Vec<Vec<u8>> = Vec::new();
    for length in (72..=136).filter(|length| MceRecord::parse(&vec![0; *length]).is_ok()) {
        for _ in 0..300 {
            let mut bytes: Vec<u8> = (0..length).map(|_| numbers.below(256) as u8).collect();
            // The vendor.
            bytes.iter_mut().skip(56).take(1).for_each(|byte| *byte %= 12);
            records.push(bytes);
        }
    }
    for name in ["mce-intel", "mce-amd"] {
        let path = format!("{}/../data/mce/{name}.mce", env!("CARGO_MANIFEST_DIR"));
        let captured = fs::read(path).unwrap();
        // Codes and units of all sorts.
        for _ in 0..3000 {
            let mut bytes = captured.clone();
            for _ in 0..4 {
                let place = [0, 1, 2, 3, 60, 61, 65, 100, 101, 96, 56, 8, 14, 15][numbers.below(14)];
                bytes[place] = numbers.below(256) as u8;
            }
            if numbers.below(8) == 0 {
                // An error of I/O, whose requester is in MISC.
                bytes[..2].copy_from_slice(&[0x0b, 0x0e]);
            }
            records.push(bytes);
        }
    }
    let records: Vec<MceRecord<'_>> = records.iter().map(|bytes| MceRecord::parse(bytes).unwrap()).collect();
    // The crate's own description, by its serialised form's twin.
    records.iter().map(|record| of_machine(record)).reduce(Shape::merged).unwrap()
}

/// The shape of a machine check's fields, whose description is of another crate.
fn of_machine(record: &MceRecord<'_>) -> Shape {
    struct Own(BTreeMap<&'static str, Shape>);
    impl mce_record::fields::Visitor for Own {
        fn field(&mut self, name: &'static str, value: mce_record::fields::Value<'_>) -> fmt::Result {
            use mce_record::fields::Value as V;
            let shape = match value {
                V::Number(number) => Shape::of(Value::Number(number)),
                V::Count(number) => Shape::of(Value::Count(number)),
                V::Hex { value, digits } => Shape::of(Value::Hex { value, digits }),
                V::Code { value, name } => Shape::of(Value::Code { value, name }),
                V::Flags { bits, digits, name } => Shape::of(Value::Flags { bits, digits, name }),
                V::Bytes(bytes) => Shape::of(Value::Bytes(bytes)),
                V::Message(message) => Shape::of(Value::Message(message)),
                V::Group(group) => {
                    let mut own = Own(BTreeMap::new());
                    group.describe(&mut own)?;
                    Shape::Object(own.0)
                }
                other => panic!("{other:?} has no shape"),
            };
            self.0.insert(name, shape);
            Ok(())
        }
    }
    let mut own = Own(BTreeMap::new());
    mce_record::fields::Describe::describe(record, &mut own).unwrap();
    Shape::Object(own.0)
}

/// The shapes of the bodies of all section types that are described.
fn sections() -> BTreeMap<String, (SectionTypeId, Shape)> {
    let mut sections: BTreeMap<String, (SectionTypeId, Shape)> = BTreeMap::new();
    bodies::all(&mut |section_type, body| {
        if matches!(body, Body::Unknown(_)) {
            return;
        }
        let shape = Shape::of(Value::Group(body.fields()));
        let name = section_type.to_string();
        let merged = match sections.remove(&name) {
            Some((_, known)) => Shape::merged(known, shape),
            None => shape,
        };
        sections.insert(name, (section_type, merged));
    });
    let machine = SectionTypeId::LINUX_MCE;
    sections.insert(machine.to_string(), (machine, machine_checks()));
    sections
}

/// Sections that are one structure: no other field can be in them.
const CLOSED: [SectionTypeId; 8] = [
    SectionTypeId::PROCESSOR_GENERIC,
    SectionTypeId::MEMORY,
    SectionTypeId::MEMORY_2,
    SectionTypeId::PCIE,
    SectionTypeId::PCI_BUS,
    SectionTypeId::DMAR_GENERIC,
    SectionTypeId::DMAR_VTD,
    SectionTypeId::DMAR_IOMMU,
];

fn string(pattern: &str) -> Json {
    json!({"type": "string", "pattern": pattern})
}

fn object(required: &[&str], members: &Json) -> Json {
    json!({"type": "object", "required": required, "properties": members, "additionalProperties": false})
}

fn definitions() -> Json {
    let named =
        |value: &Json| object(&["value", "name"], &json!({"value": value, "name": {"type": "string"}}));
    let flags = |value: &Json| {
        object(
            &["value", "names"],
            &json!({"value": value, "names": {"type": "array", "items": {"type": "string"}}}),
        )
    };
    let number = json!({"type": "integer", "minimum": 0, "maximum": u32::MAX});
    let place = json!({"type": "integer", "minimum": 0});
    let severity = string("^(fatal|recoverable|corrected|informational|bad|reserved \\([0-9]+\\))$");
    let time = string("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$");
    let kinds: BTreeSet<&str> = SectionTypeId::ALL
        .iter()
        .map(|(section_type, _)| Kind::of(*section_type))
        .chain([Kind::MACHINE_CHECK, Kind::KERNEL_LOG, Kind::ERST_TABLE, Kind::EMPTY])
        .chain([Kind::UNKNOWN, Kind::VENDOR, Kind::BAD])
        .map(|kind| kind.name)
        .collect();
    json!({
        "number": number,
        "signed": {"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX},
        "count": string("^[0-9]+$"),
        "hex64": string("^0x[0-9a-f]{16}$"),
        "code": named(&definition("number")),
        "flags": flags(&definition("number")),
        "flags64": flags(&definition("hex64")),
        "boolean": {"type": "boolean"},
        "text": {"type": "string"},
        "bytes": string("^([0-9a-f]{2})*$"),
        "guid": string("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
        "named_guid": object(&["guid", "name"], &json!({"guid": definition("guid"), "name": {"type": "string"}})),
        "time": {"anyOf": [time, string("^[0-9a-f]{16}$")]},
        "rfc3339": time,
        "place": place,
        "severity": severity,
        "kind": {"enum": kinds},
        "values": {"type": "object", "additionalProperties": {"type": ["integer", "string"]}},
        "error": object(&["kind", "offset", "values", "message"], &json!({
            "kind": string("^[a-z_]+$"), "offset": definition("place"), "section": definition("number"),
            "values": definition("values"), "message": {"type": "string"},
        })),
        // A field of which the schema does not say more.
        "value": {"anyOf": [
            {"type": ["integer", "string", "boolean"]},
            {"type": "array", "items": definition("value")},
            {"type": "object", "additionalProperties": definition("value")},
        ]},
        "source": object(&["file", "offset"], &json!({
            "file": {"type": "string"}, "slot": definition("place"), "offset": definition("place"),
            "cleared": {"const": true},
        })),
        "not_shown": object(&["offset", "part", "reason", "bytes"], &json!({
            "offset": definition("place"), "part": {"type": "string"}, "field": {"type": "string"},
            "reason": {"enum": ["not_valid", "not_shown", "no_field"]}, "bytes": definition("bytes"),
        })),
        "machine_check": object(&["bank", "summary", "mci_status"], &json!({
            "cpu": definition("number"), "bank": definition("number"), "summary": {"type": "string"},
            "unit": {"type": "string"}, "mci_status": definition("hex64"), "mci_addr": definition("hex64"),
            "mci_misc": definition("hex64"), "mca_ipid": definition("hex64"), "mca_synd": definition("hex64"),
        })),
        "component_names": object(&[], &json!({
            "module": {"type": "string"}, "device": {"type": "string"}, "class": {"type": "string"},
            "processor": {"type": "string"},
        })),
        "fru": object(&[], &json!({"id": definition("guid"), "text": {"type": "string"}})),
        "only_bytes": object(&["bytes"], &json!({"bytes": definition("bytes")})),
        "log_text": object(&["compressed"], &json!({
            "part": definition("number"), "log": {"enum": ["console", "pmsg", "console_or_pmsg"]},
            "ecc": object(&["in_doubt"], &json!({
                "corrected": definition("number"), "unrecoverable": definition("number"),
                "in_doubt": {"type": "boolean"},
            })),
            "compressed": {"type": "boolean"}, "stored_sha256": string("^[0-9a-f]{64}$"),
            "text": {"type": "string"}, "bytes": definition("bytes"),
        })),
        "record_header": any::<RecordHeader>(Some(24)).schema(true),
        "status_block_header": any::<GenericErrorStatus>(None).schema(true),
        "section_descriptor": any::<SectionDescriptor>(None).schema(true),
        "data_entry_header": any::<GenericErrorData>(Some(64)).schema(true),
    })
}

fn schema() -> Json {
    let mut definitions = definitions();
    let mut by_type = Vec::new();
    for (name, (section_type, shape)) in sections() {
        let definition_name = format!("{} fields", name.to_lowercase()).replace([' ', '/', '\''], "_");
        definitions[&definition_name] = shape.schema(CLOSED.contains(&section_type));
        by_type.push(json!({
            "if": {"properties": {"type": {"properties": {"guid": {"const": section_type.raw().to_string()}}}}},
            "then": {"properties": {"fields": {"anyOf": [definition(&definition_name), definition("only_bytes")]}}},
        }));
    }
    let logs: Vec<String> = [SectionTypeId::LINUX_DMESG, SectionTypeId::LINUX_DMESG_COMPRESSED]
        .map(|section_type| section_type.raw().to_string())
        .into();
    by_type.push(json!({
        "if": {"properties": {"type": {"properties": {"guid": {"enum": logs}}}}},
        "then": {"properties": {"fields": {"anyOf": [definition("log_text"), definition("only_bytes")]}}},
    }));
    let headers = json!({"anyOf": [definition("record_header"), definition("status_block_header")]});
    let descriptors = json!({"anyOf": [definition("section_descriptor"), definition("data_entry_header")]});
    let mut section = object(
        &["type", "summary", "fields"],
        &json!({
            "type": definition("named_guid"), "source": definition("source"), "record_id": definition("hex64"),
            "severity": definition("severity"), "fru": definition("fru"), "flags": definition("flags"),
            "summary": {"type": "string"}, "component_names": definition("component_names"),
            "problems": array(&definition("error")), "header": definition("record_header"),
            "descriptor": descriptors, "fields": {"type": "object", "additionalProperties": definition("value")},
            "machine_checks": array(&definition("machine_check")),
            "not_valid": {"type": "object", "additionalProperties": definition("value")},
            "not_shown": array(&definition("not_shown")), "bytes": definition("bytes"),
        }),
    );
    section["allOf"] = by_type.into();
    definitions["section"] = section;
    let key = string("^[0-9a-f-]+$");
    let mut event = object(
        &["schema_version", "source", "kind", "summary", "sections"],
        &json!({
            "key": key, "part_keys": array(&key), "schema_version": {"const": 1}, "source": definition("source"),
            "record_id": definition("hex64"), "creator": definition("named_guid"),
            "notification": definition("named_guid"), "time": definition("rfc3339"), "time_from": {"const": "record_id"},
            "time_encoding": {"const": "binary"}, "time_if_binary": definition("rfc3339"),
            "time_error": {"type": "string"}, "severity": definition("severity"), "kind": definition("kind"),
            "summary": {"type": "string"}, "problems": array(&definition("error")), "header": headers,
            "dump": object(&["reason", "count", "missing"], &json!({
                "reason": {"type": "string"}, "count": definition("number"),
                "missing": array(&array(&definition("number"))),
            })),
            "trace": object(&["event", "fields"], &json!({
                "event": {"type": "string"}, "cpu": definition("number"), "clock": string("^[0-9]+[.][0-9]{6}$"),
                "fields": definition("values"),
            })),
            "sections": array(&definition("section")), "raw_data": definition("bytes"), "not_shown": array(&definition("not_shown")),
            "bytes": definition("bytes"),
        }),
    );
    event["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    event["title"] = "An event of ras, schema version 1".into();
    event["$defs"] = definitions;
    event
}

#[test]
fn the_kept_schema_is_what_the_descriptions_say() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema/ras-v1.json");
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(path, now).unwrap();
        return;
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    let differing = kept.lines().zip(now.lines()).position(|(kept, now)| kept != now);
    assert!(kept == now, "the schema is another one from line {differing:?} on; UPDATE_EXPECTED=1 writes it");
}

/// Names that mean another thing in each of their structures, each with two of its meanings.
const SEVERAL_MEANINGS: &[(&str, &str)] = &[
    ("address", "an address in memory; the address of a PCI function"),
    ("address_space", "a code of Ampere's; a number of an Arm RAS node"),
    ("command", "the command register of PCI; a command of NVIDIA's"),
    ("control", "bridge control of PCI; ERR<n>CTLR of an Arm RAS node"),
    ("current_link_speed", "a code of PCIe; a field of a CXL switch event"),
    ("data", "bytes; a register's value beside its address"),
    ("device_id", "a PCI device; the requester of a DMA request"),
    ("error_type", "a code; the types of an Arm error, a bit each"),
    ("event_type", "the kind of a CXL switch event; the type of a CXL event record"),
    ("first_error_pointer", "a code of AER; a bit of a CXL RAS capability"),
    ("flags", "flags of 32 bits; flags of 64 bits"),
    ("fru_id", "the unit of a section; a number in a list of poisoned memory"),
    ("header_log", "dwords of a TLP; bytes of a CXL flit"),
    ("padding", "bytes behind a context; a field of struct mce"),
    ("registers", "bytes; an error in place of a list"),
    ("slot_status", "flags of PCIe; a field of a CXL switch event"),
    ("source_id", "a number; the address of a PCI function"),
    ("time", "seconds of struct mce; a time of Windows"),
    ("timestamp", "a time of a header; a count of Windows or of a list of poisoned memory"),
    ("unit", "a code of Ampere's; the unit of a machine check bank"),
];

#[test]
fn a_name_has_one_shape_in_all_structures() {
    let mut found = BTreeMap::new();
    for (_, shape) in sections().into_values() {
        shape.leaves("fields", &mut found);
    }
    for shape in [
        any::<RecordHeader>(Some(24)),
        any::<GenericErrorStatus>(None),
        any::<SectionDescriptor>(None),
        any::<GenericErrorData>(Some(64)),
    ] {
        shape.leaves("fields", &mut found);
    }
    let differs = |name: &str| SEVERAL_MEANINGS.iter().any(|(known, _)| *known == name);
    let several: Vec<_> = found.iter().filter(|(name, shapes)| shapes.len() > 1 && !differs(name)).collect();
    assert!(several.is_empty(), "{} of {} names: {several:#?}", several.len(), found.len());
}

/// What a value is in JSON.
fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn walk(path: &str, value: &Json, found: &mut BTreeMap<String, BTreeMap<&'static str, String>>) {
    found.entry(path.into()).or_default().entry(kind(value)).or_insert_with(|| value.to_string());
    match value {
        Json::Object(members) => {
            members.iter().for_each(|(name, value)| walk(&format!("{path}.{name}"), value, found));
        }
        Json::Array(items) => items.iter().for_each(|item| walk(&format!("{path}[]"), item, found)),
        _ => {}
    }
}

/// Of all the project's data, and of the inputs beside the repository where they are.
#[test]
fn a_path_has_one_type_in_all_objects() {
    let mut sources = vec!["examples/data"];
    let beside = common::field("");
    sources.extend(beside.as_ref().map(|field| field.to_str().unwrap()));
    let (mut found, mut objects) = (BTreeMap::new(), 0);
    for options in [&["--format", "json"][..], &["--format", "json", "--raw", "-v", "--cleared"]] {
        let run = common::ras(&[&["decode"], options, &sources].concat());
        for line in run.stdout.lines() {
            let object: Json = serde_json::from_str(line).unwrap();
            assert_eq!(object["schema_version"], 1);
            walk("$", &object, &mut found);
            objects += 1;
        }
    }
    let several: Vec<_> =
        found.iter().filter(|(_, types)| types.len() > 1 || types.contains_key("null")).collect();
    assert!(several.is_empty(), "{} of {} paths: {several:#?}", several.len(), found.len());
    assert!(objects > 300 && found.len() > 500, "{objects} objects, {} paths", found.len());
}
