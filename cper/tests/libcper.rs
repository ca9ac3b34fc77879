//! Every record of libcper's own tests and generators, as libcper decodes it and as this crate does, field by field.
//!
//! The records and libcper's JSON are read from the folder in `LIBCPER_VECTORS`; without it nothing is compared.
//! Each kind of section has one [`Comparison`]: names that differ, and what is not alike with the reason. Everything
//! else must be alike, and must be there on both sides. What a code is called is not compared.
#![cfg(feature = "serde")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use cper::section::{ArmErrorTypeReading, Body};
use cper::zerocopy::FromBytes;
use cper::{Record, SectionDescriptor};
use serde_json::Value;

/// How one of libcper's objects compares with ours. Paths are ours unless said otherwise, `*` stands for one part.
struct Comparison {
    /// Name of the object in libcper's JSON.
    key: &'static str,
    /// The start of a path in libcper, in snake case, and what we call it.
    names: &'static [(&'static str, &'static str)],
    /// A path in libcper that is some bits of a number of ours: our path, the lowest bit and how many there are.
    bits: &'static [(&'static str, &'static str, u32, u32)],
    /// What only libcper tells. Where we tell it after all, it must be alike.
    only_libcper: &'static [(&'static str, &'static str)],
    /// What only we tell.
    only_ours: &'static [(&'static str, &'static str)],
    /// What libcper gets wrong, or tells in another way.
    not_alike: &'static [(&'static str, &'static str)],
}

const COMPARISONS: &[Comparison] = &[
    Comparison {
        key: "header",
        names: &[
            ("severity.code", "severity.value"),
            ("creator_id", "creator_id.guid"),
            ("timestamp_is_precise", "timestamp_precise"),
        ],
        bits: &[("revision.major", "revision", 8, 8), ("revision.minor", "revision", 0, 8)],
        only_libcper: &[("persistence_info", "told here when it is not zero")],
        only_ours: &[],
        not_alike: &[(
            "timestamp",
            "the random digits are no BCD, of which libcper makes a time all the same",
        )],
    },
    Comparison {
        key: "sectionDescriptor",
        names: &[
            ("severity.code", "severity.value"),
            ("section_type.data", "section_type.guid"),
            ("flags.error_threshold_exceeded", "flags.threshold_exceeded"),
            ("flags.resource_not_accessible", "flags.not_accessible"),
            ("flags.latent_error", "flags.latent"),
        ],
        bits: &[("revision.major", "revision", 8, 8), ("revision.minor", "revision", 0, 8)],
        only_libcper: &[],
        only_ours: &[("fru_text", "libcper drops a text that is not printable, and one of all 20 bytes")],
        not_alike: &[],
    },
    Comparison {
        key: "GenericProcessor",
        names: &[("error_type", "processor_error_type")],
        bits: &[],
        only_libcper: &[],
        only_ours: &[],
        not_alike: &[],
    },
    Comparison {
        key: "Ia32x64Processor",
        names: &[
            ("processor_error_info_num", "proc_err_info_num"),
            ("processor_context_info_num", "proc_context_info_num"),
            ("local_apicid", "local_apic_id"),
            ("processor_error_info.*.type", "error_information.*.error_structure_type"),
            ("processor_error_info.*.check_info.timed_out", "error_information.*.check.time_out"),
            ("processor_error_info.*.check_info", "error_information.*.check"),
            ("processor_error_info.*.target_address_id", "error_information.*.target_id"),
            ("processor_error_info", "error_information"),
            ("processor_context_info.*.register_array.data", "contexts.*.register_array"),
            ("processor_context_info.*.register_array", "contexts.*.registers"),
            ("processor_context_info", "contexts"),
        ],
        bits: &[],
        only_libcper: &[
            ("contexts.*.msr_address", "told here for type 1 alone"),
            ("contexts.*.mm_register_address", "told here for type 7 alone"),
            ("contexts.*.register_array", "bytes to libcper, registers here: types 1 and 5 to 7"),
            ("contexts.*.registers.eip", "its name for RIP too"),
            ("contexts.*.registers.gdtr_0", "one 128-bit register here"),
            ("contexts.*.registers.gdtr_1", "one 128-bit register here"),
            ("contexts.*.registers.idtr_0", "one 128-bit register here"),
            ("contexts.*.registers.idtr_1", "one 128-bit register here"),
        ],
        only_ours: &[
            ("error_information.*.check_info", "all bits beside what they mean"),
            ("contexts.*.registers", "bytes to libcper: types 1 and 5 to 7"),
            ("contexts.*.trailing", "bytes behind the registers of types 5 to 7"),
        ],
        not_alike: &[],
    },
    Comparison {
        key: "ArmProcessor",
        names: &[
            ("error_info_num", "err_info_num"),
            ("error_affinity.value", "error_affinity_level"),
            ("error_info.*.error_type.value", "error_information.*.error_type"),
            ("error_info.*.multiple_error.value", "error_information.*.multiple_error"),
            ("error_info.*.flags.first_error_captured", "error_information.*.flags.first"),
            ("error_info.*.flags.last_error_captured", "error_information.*.flags.last"),
            ("error_info.*.error_information.cache_error", "error_information.*.cache_error"),
            ("error_info.*.error_information.tlb_error", "error_information.*.tlb_error"),
            ("error_info.*.error_information.bus_error.timed_out", "error_information.*.bus_error.time_out"),
            (
                "error_info.*.error_information.bus_error.memory_attributes",
                "error_information.*.bus_error.memory_access_attributes",
            ),
            ("error_info.*.error_information.bus_error", "error_information.*.bus_error"),
            ("error_info", "error_information"),
            ("context_info.*.register_array.value", "contexts.*.registers.0.value"),
            ("context_info.*.register_array", "contexts.*.registers"),
            ("context_info", "contexts"),
            ("vendor_specific_info.data", "vendor_specific"),
        ],
        bits: &[
            ("affinity3", "mpidr_el1", 32, 8),
            ("running", "running_state", 0, 1),
            ("context_info.*.register_array.mrs_encoding.op2", "contexts.*.registers.0.mrs_encoding", 0, 3),
            ("context_info.*.register_array.mrs_encoding.crm", "contexts.*.registers.0.mrs_encoding", 3, 4),
            ("context_info.*.register_array.mrs_encoding.crn", "contexts.*.registers.0.mrs_encoding", 7, 4),
            ("context_info.*.register_array.mrs_encoding.op1", "contexts.*.registers.0.mrs_encoding", 11, 3),
            // O0 is bit 14 alone, bit 15 is reserved.
            ("context_info.*.register_array.mrs_encoding.o0", "contexts.*.registers.0.mrs_encoding", 14, 2),
        ],
        only_libcper: &[(
            "psci_state",
            "libcper goes by bit 31 of the running state and no validity bit: a typing error of the text",
        )],
        only_ours: &[
            ("error_information.*.error_types", "what the type byte means"),
            ("error_information.*.error_information", "all bits beside what they mean"),
            ("contexts.*.registers.*.register", "the register's name beside its encoding"),
        ],
        not_alike: &[],
    },
];

/// Kinds of section that have no comparison yet.
const NOT_YET: &[&str] = &[
    "Ampere",
    "ArmRas",
    "CcixPer",
    "CxlComponent",
    "CxlProtocol",
    "Firmware",
    "GenericDmar",
    "IommuDmar",
    "Memory",
    "Memory2",
    "Nvidia",
    "NvidiaEvent",
    "PciBus",
    "PciComponent",
    "Pcie",
    "Unknown",
    "VtdDmar",
];

/// A JSON value's leaves by their paths, with what a code is called left out.
#[derive(Debug, Default)]
struct Leaves {
    leaves: BTreeMap<String, Value>,
    /// Paths of sets of flags, where a flag that is not there is clear.
    flags: BTreeSet<String>,
}

impl Leaves {
    fn of(value: &Value) -> Self {
        let mut leaves = Self::default();
        leaves.add(String::new(), value);
        leaves
    }

    fn add(&mut self, path: String, value: &Value) {
        let below =
            |name: &str| if path.is_empty() { snake(name) } else { format!("{path}.{}", snake(name)) };
        match value {
            Value::Object(map) => {
                let coded = map.contains_key("value")
                    || map.contains_key("guid")
                    || map.contains_key("code")
                    || map.contains_key("data");
                if let Some(names) = map.get("names") {
                    for name in names.as_array().unwrap() {
                        self.leaves.insert(below(name.as_str().unwrap()), Value::Bool(true));
                    }
                    self.leaves.insert(below("value"), map["value"].clone());
                    self.flags.insert(path);
                    return;
                }
                for (name, value) in map {
                    if !(coded && matches!(name.as_str(), "name" | "type")) {
                        self.add(below(name), value);
                    }
                }
            }
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.add(below(&number.to_string()), item);
                }
            }
            leaf => drop(self.leaves.insert(path, leaf.clone())),
        }
    }

    /// The leaf, or the flag that is clear.
    fn get(&self, path: &str) -> Option<Value> {
        let clear = || {
            let (set, _) = path.rsplit_once('.')?;
            self.flags.contains(set).then_some(Value::Bool(false))
        };
        self.leaves.get(path).cloned().or_else(clear)
    }
}

/// `preciseIP` as `precise_ip`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| letters[place]);
        let after = letters.get(place + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if begins {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// What is left of `path` behind a pattern that it starts with, and what stood for each `*`.
fn matched<'p>(pattern: &str, path: &'p str) -> Option<(Vec<&'p str>, Vec<&'p str>)> {
    let mut parts = path.split('.');
    let mut stars = Vec::new();
    for wanted in pattern.split('.') {
        let part = parts.next()?;
        if wanted == "*" {
            stars.push(part);
        } else if wanted != part {
            return None;
        }
    }
    Some((stars, parts.collect()))
}

impl Comparison {
    /// Our path for one of libcper's, and which bits of it.
    fn ours(&self, libcper: &str) -> (String, Option<(u32, u32)>) {
        for (theirs, ours, low, count) in self.bits {
            if let Some(path) = renamed(theirs, ours, libcper) {
                return (path, Some((*low, *count)));
            }
        }
        let path = self.names.iter().find_map(|(theirs, ours)| renamed(theirs, ours, libcper));
        (path.unwrap_or(libcper.to_owned()), None)
    }

    fn differences(&self, libcper: &Value, ours: &Value) -> Vec<String> {
        let (libcper, ours) = (Leaves::of(libcper), Leaves::of(ours));
        let listed =
            |list: &[(&str, &str)], path: &str| list.iter().any(|(entry, _)| matched(entry, path).is_some());
        let mut told = BTreeSet::new();
        let mut differences = Vec::new();
        for (theirs, value) in &libcper.leaves {
            let (path, bits) = self.ours(theirs);
            match ours.get(&path).map(|ours| bits.map_or(ours.clone(), |bits| bits_of(&ours, bits))) {
                None if listed(self.only_libcper, &path) => {}
                None => differences.push(format!("{theirs} = {value}: no {path} here")),
                Some(_) if listed(self.not_alike, &path) => {}
                Some(ours) if alike(value, &ours) => {}
                Some(ours) => differences.push(format!("{theirs} = {value}: {path} is {ours} here")),
            }
            told.insert(path);
        }
        for (path, value) in &ours.leaves {
            // A set of flags is told by its value or by its flags; the names of reserved ones say no more.
            let of_flags = path.rsplit_once('.').is_some_and(|(set, name)| {
                ours.flags.contains(set)
                    && (name == "value" || name.starts_with("0x") || told.contains(&format!("{set}.value")))
            });
            if !told.contains(path) && !of_flags && !listed(self.only_ours, path) {
                differences.push(format!("{path} = {value}: libcper does not tell it"));
            }
        }
        differences
    }
}

/// `path` with what the pattern matches replaced.
fn renamed(pattern: &str, name: &str, path: &str) -> Option<String> {
    let (stars, rest) = matched(pattern, path)?;
    let mut stars = stars.into_iter();
    let front = name.split('.').map(|part| if part == "*" { stars.next().unwrap() } else { part });
    Some(front.chain(rest).collect::<Vec<_>>().join("."))
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok(),
        number => number.as_u64(),
    }
}

fn bits_of(value: &Value, (low, count): (u32, u32)) -> Value {
    Value::from(number(value).unwrap() >> low & ((1 << count) - 1))
}

/// Whether libcper's leaf says what ours does: we write numbers past 2^53 and bytes in hex, libcper writes 32-bit
/// numbers with a sign and bytes in base64.
fn alike(libcper: &Value, ours: &Value) -> bool {
    match (libcper, ours) {
        (Value::Number(theirs), ours) => match theirs.as_i64() {
            Some(negative @ ..0) => number(ours) == u64::try_from(negative & 0xffff_ffff).ok(),
            _ => number(libcper) == number(ours),
        },
        (Value::String(theirs), Value::String(ours)) => {
            *theirs == ours.replace(r"\\", r"\") || base64(theirs).as_deref() == Some(ours)
        }
        (Value::Bool(theirs), Value::Number(ours)) => ours.as_u64() == Some(u64::from(*theirs)),
        (theirs, ours) => theirs == ours,
    }
}

/// Hex of what a base64 text holds.
fn base64(text: &str) -> Option<String> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    let (mut bits, mut count) = (0u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | u32::try_from(DIGITS.iter().position(|known| *known == digit)?).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            write!(out, "{:02x}", bits >> count & 0xff).unwrap();
        }
    }
    Some(out)
}

/// The record's bytes, of a file of bytes or of hex digits.
fn bytes_of(path: &Path) -> Vec<u8> {
    if path.extension().is_some_and(|extension| extension == "cper") {
        return std::fs::read(path).unwrap();
    }
    let text: String = std::fs::read_to_string(path).unwrap().split_whitespace().collect();
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn records(folder: &Path) -> Vec<PathBuf> {
    let mut records: Vec<_> = [folder.to_owned(), folder.join("generated")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "cper" || extension == "cperhex")
        })
        .filter(|path| path.with_extension("json").exists())
        .collect();
    records.sort();
    records
}

/// Our JSON of a body, Arm error types read as libcper reads them.
fn described(body: &Body<'_>) -> Value {
    match body {
        Body::ArmProcessor(section) => {
            serde_json::to_value(section.reading_types(ArmErrorTypeReading::Bits0To3)).unwrap()
        }
        body => serde_json::to_value(body).unwrap(),
    }
}

#[derive(Default)]
struct Tally {
    compared: BTreeMap<&'static str, usize>,
    differences: Vec<String>,
}

impl Tally {
    fn compare(&mut self, name: &str, key: &str, libcper: &Value, ours: &Value) {
        let Some(comparison) = COMPARISONS.iter().find(|comparison| comparison.key == key) else {
            assert!(NOT_YET.contains(&key), "{name}: nothing says how to compare {key}");
            return;
        };
        *self.compared.entry(comparison.key).or_default() += 1;
        let found = comparison.differences(libcper, ours);
        self.differences.extend(found.into_iter().map(|difference| format!("{name}: {key}: {difference}")));
    }

    fn section(&mut self, name: &str, libcper: &Value, body: &Body<'_>) {
        let (key, libcper) = libcper.as_object().unwrap().iter().find(|(key, _)| *key != "message").unwrap();
        self.compare(name, key, libcper, &described(body));
    }
}

#[test]
fn every_field_is_as_libcper_decodes_it() {
    let Ok(folder) = std::env::var("LIBCPER_VECTORS") else {
        println!("not compared: LIBCPER_VECTORS is not set");
        return;
    };
    let mut tally = Tally::default();
    for path in records(Path::new(&folder)) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = bytes_of(&path);
        let json = std::fs::read_to_string(path.with_extension("json")).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        if let Some(header) = json.get("header") {
            let record = Record::parse(&bytes).unwrap();
            tally.compare(&name, "header", header, &serde_json::to_value(record.header()).unwrap());
            let (descriptors, sections) = (&json["sectionDescriptors"], json["sections"].as_array().unwrap());
            assert_eq!(record.sections().count(), sections.len(), "{name}");
            for (number, section) in record.sections().enumerate() {
                let section = section.unwrap();
                let ours = serde_json::to_value(section.descriptor()).unwrap();
                tally.compare(&name, "sectionDescriptor", &descriptors[number], &ours);
                tally.section(&name, &sections[number], &section.body().unwrap());
            }
        } else {
            // A descriptor and its body, which follows at once.
            let (descriptor, rest) = SectionDescriptor::ref_from_prefix(&bytes).unwrap();
            let ours = serde_json::to_value(descriptor).unwrap();
            tally.compare(&name, "sectionDescriptor", &json["sectionDescriptor"], &ours);
            let body = Body::decode(descriptor.section_type.guid(), rest).unwrap();
            tally.section(&name, &json["section"], &body);
        }
    }
    println!("compared: {:?}", tally.compared);
    let Tally { compared, differences } = tally;
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    for comparison in COMPARISONS {
        let count = compared.get(comparison.key).copied().unwrap_or_default();
        assert!(count >= 5, "{} was compared only {count} times", comparison.key);
    }
}

/// The comparison itself: each kind of difference is found.
#[test]
fn a_difference_is_a_difference() {
    let comparison = Comparison {
        key: "test",
        names: &[("list.*.old", "items.*.new")],
        bits: &[("high", "word", 4, 4), ("low", "word", 0, 4)],
        only_libcper: &[("theirs", "a reason")],
        only_ours: &[("own", "a reason")],
        not_alike: &[("other", "a reason")],
    };
    let differences = |libcper: &str, ours: &str| {
        comparison
            .differences(&serde_json::from_str(libcper).unwrap(), &serde_json::from_str(ours).unwrap())
            .len()
    };
    assert_eq!(differences(r#"{"aB": 1}"#, r#"{"a_b": 1}"#), 0);
    assert_eq!(differences(r#"{"aB": 1}"#, r#"{"a_b": 2}"#), 1);
    assert_eq!(differences(r#"{"aB": 1}"#, "{}"), 1);
    assert_eq!(differences("{}", r#"{"a_b": 1}"#), 1);
    assert_eq!(differences(r#"{"theirs": 1}"#, r#"{"own": 1}"#), 0);
    assert_eq!(differences(r#"{"theirs": 1}"#, r#"{"theirs": 2}"#), 1);
    assert_eq!(differences(r#"{"other": 1}"#, r#"{"other": 2}"#), 0);
    assert_eq!(differences(r#"{"other": 1}"#, "{}"), 1);
    assert_eq!(differences(r#"{"list": [{"old": {"x": 1}}]}"#, r#"{"items": [{"new": {"x": 1}}]}"#), 0);
    assert_eq!(
        differences(r#"{"list": [{"old": 1}, {"old": 2}]}"#, r#"{"items": [{"new": 2}, {"new": 1}]}"#),
        2
    );
    assert_eq!(differences(r#"{"v": 18446744073709551615}"#, r#"{"v": "0xffffffffffffffff"}"#), 0);
    assert_eq!(differences(r#"{"v": -2}"#, r#"{"v": 4294967294}"#), 0);
    assert_eq!(differences(r#"{"v": -2}"#, r#"{"v": 4294967295}"#), 1);
    assert_eq!(differences(r#"{"d": "aGk="}"#, r#"{"d": "6869"}"#), 0);
    assert_eq!(differences(r#"{"d": "aGk="}"#, r#"{"d": "6868"}"#), 1);
    assert_eq!(differences(r#"{"high": 10, "low": 5}"#, r#"{"word": 165}"#), 0);
    assert_eq!(differences(r#"{"high": 5, "low": 5}"#, r#"{"word": 165}"#), 1);
    assert_eq!(differences(r#"{"t": "a\\b"}"#, r#"{"t": "a\\\\b"}"#), 0);
    let flags = r#"{"f": {"value": 5, "names": ["one", "0x4"]}}"#;
    assert_eq!(differences(r#"{"f": {"one": true, "two": false}}"#, flags), 0);
    assert_eq!(differences(r#"{"f": {"value": 5, "name": "both"}}"#, flags), 0);
    assert_eq!(differences(r#"{"f": {"value": 4, "name": "both"}}"#, flags), 1);
    assert_eq!(differences(r#"{"f": {"one": false, "two": true}}"#, flags), 2);
    assert_eq!(differences(r#"{"c": {"value": 5, "name": "a"}}"#, r#"{"c": {"value": 5, "name": "b"}}"#), 0);
}
