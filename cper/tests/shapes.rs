//! A field of serde's form has one type, whatever it holds and whichever section it is in: readers put records of all
//! kinds into one table.
#![cfg(feature = "serde")]

#[path = "common/bodies.rs"]
mod bodies;

use std::collections::BTreeMap;

use serde_json::Value;

/// What a value is in JSON.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Notes the type of each value under its path and where it was met first.
fn walk(path: &str, value: &Value, section: &str, found: &mut BTreeMap<String, BTreeMap<&str, String>>) {
    found.entry(path.into()).or_default().entry(kind(value)).or_insert_with(|| section.into());
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                walk(&format!("{path}.{name}"), value, section, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(&format!("{path}[]"), item, section, found)),
        _ => {}
    }
}

#[test]
fn a_path_has_one_type_in_all_sections() {
    let mut found = BTreeMap::new();
    let mut count = 0;
    bodies::all(&mut |section_type, body| {
        let json = serde_json::to_value(body.fields()).unwrap();
        walk("fields", &json, &section_type.to_string(), &mut found);
        count += 1;
    });
    let several: Vec<_> =
        found.iter().filter(|(_, types)| types.len() > 1 || types.contains_key("null")).collect();
    assert!(several.is_empty(), "{} of {} paths in {count} bodies: {several:#?}", several.len(), found.len());
}
