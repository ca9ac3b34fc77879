//! `ras decode --format json` and `ras collect --json` write the same objects, but for the keys that `collect` adds.

mod common;

use std::collections::BTreeMap;

use common::{Run, ras};
use serde_json::Value;

/// The objects of a run without the keys of `collect`, by where they were found.
fn objects(run: &Run) -> BTreeMap<String, Value> {
    let objects = run.stdout.lines().map(|line| {
        let mut object: Value = serde_json::from_str(line).unwrap();
        let members = object.as_object_mut().unwrap();
        members.remove("part_keys");
        members.remove("key");
        (object["source"].to_string(), object)
    });
    objects.collect()
}

/// What both commands say of these files.
fn both(options: &[&str], files: &[&str]) -> [BTreeMap<String, Value>; 2] {
    [&["decode", "--format", "json"][..], &["collect", "--json", "-"]]
        .map(|command| objects(&ras(&[command, options, files].concat())))
}

/// Whether the record's bytes are in an object, or those of each of its parts.
fn has_bytes(object: &Value) -> bool {
    let parts = object["sections"].as_array().unwrap();
    object.get("bytes").is_some() || !parts.is_empty() && parts.iter().all(|part| part.get("bytes").is_some())
}

#[test]
fn decode_and_collect_write_the_same_objects() {
    for (options, is_raw) in [(&[][..], false), (&["--raw"][..], true)] {
        // What is equal in several files is collected once, and what is no record is not.
        let [decoded, collected] = both(options, &["examples/data"]);
        assert!(collected.len() > 80, "{}", collected.len());
        for (source, object) in &collected {
            assert_eq!(Some(object), decoded.get(source), "{options:?}");
            // What no field shows is there as bytes anyway.
            assert!(has_bytes(object) == is_raw || object["kind"] == "unknown", "{source}");
        }
        for store in
            ["erst-images/mce-intel.img", "erst-images/crash-z-multi.img", "erst-images/syn.img", "mce"]
        {
            let [decoded, collected] = both(options, &[&common::data(store)]);
            assert!(!decoded.is_empty() && decoded == collected, "{store}");
        }
    }
}

/// An option that changes nothing is not taken in silence.
#[test]
fn bytes_are_asked_for_where_they_have_a_place() {
    let file = common::data("erst-images/mce-intel.img");
    for (arguments, said) in [
        (&["decode", "--raw"][..], "ras: --raw is for --format json\n"),
        (&["decode", "--kernel", "6.1"], "ras: --kernel is for --format kernel\n"),
        (&["collect", "--raw"], "--json <FILE>"),
    ] {
        let run = ras(&[arguments, &[&file]].concat());
        assert!(run.code == 1 && run.stdout.is_empty() && run.stderr.contains(said), "{}", run.stderr);
    }
}
