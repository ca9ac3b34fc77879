//! What openbmc/libcper reads from records: from ours, in `cper/tests/libcper`, and from that project's own, which
//! are not ours to give away. Their folder is named by `LIBCPER_VECTORS`; without it they are not compared.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::ras_json;
use serde_json::Value;

/// libcper's own records.
fn vectors() -> Option<PathBuf> {
    let folder = std::env::var_os("LIBCPER_VECTORS").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("not compared: LIBCPER_VECTORS names no folder with libcper's records");
    }
    folder
}

/// Our records, and libcper's where they are.
fn folders() -> impl Iterator<Item = PathBuf> {
    std::iter::once(common::path("../../cper/tests/libcper")).chain(vectors())
}

/// Every record: what its header says, and which sections it has.
#[test]
fn headers_say_what_libcper_says() {
    for folder in folders() {
        headers(&folder);
    }
}

fn headers(folder: &Path) {
    let mut compared = 0;
    for (hex, theirs) in pairs(folder) {
        let ours = ras_json(&[hex.to_str().unwrap()]);
        let Some(ours) = ours.iter().find(|event| event["kind"] != "bad") else {
            panic!("{}: nothing read", hex.display())
        };
        let header = &theirs["header"];
        assert_eq!(plain(&ours["record_id"]), header["recordID"], "{}", hex.display());
        assert_eq!(
            ours["header"]["severity"]["value"],
            header["severity"]["code"],
            "{}: severity",
            hex.display()
        );
        assert_eq!(ours["header"]["record_length"], header["recordLength"], "{}", hex.display());
        let (mine, theirs) =
            (ours["sections"].as_array().unwrap(), theirs["sectionDescriptors"].as_array().unwrap());
        assert_eq!(mine.len(), theirs.len(), "{}", hex.display());
        for (mine, theirs) in mine.iter().zip(theirs) {
            assert_eq!(mine["type"]["guid"], theirs["sectionType"]["data"], "{}", hex.display());
        }
        compared += 1;
    }
    assert!(compared >= 20, "{compared} records compared");
}

/// Paths of fields, theirs and ours.
type Names = &'static [(&'static str, &'static str)];

/// The fields of memory, generic processor and PCIe sections that libcper reads by the specification.
#[test]
fn fields_have_the_values_libcper_reads() {
    for folder in folders() {
        fields(&folder);
    }
}

fn fields(folder: &Path) {
    // Their name and ours, where libcper reads by the specification.
    let tables: [(&str, &str, Names); 3] = [
        (
            "memory",
            "Memory",
            &[
                ("/bank/value", "/bank"),
                ("/card", "/card"),
                ("/row", "/row"),
                ("/bitPosition", "/bit_position"),
                ("/responderID", "/responder_id"),
                ("/physicalAddressMask", "/physical_address_mask"),
                ("/memoryErrorType/value", "/memory_error_type/value"),
                ("/extended/chipIdentification", "/chip_id"),
                ("/cardSmbiosHandle", "/card_handle"),
                ("/moduleSmbiosHandle", "/module_handle"),
                ("/errorStatus/errorType/value", "/error_status/error_type/value"),
            ],
        ),
        (
            "generic",
            "GenericProcessor",
            &[
                ("/processorType/value", "/processor_type/value"),
                ("/errorType/value", "/processor_error_type/value"),
                ("/cpuVersionInfo", "/cpu_version_info"),
                ("/processorID", "/processor_id"),
                ("/requestorID", "/requestor_id"),
                ("/instructionIP", "/instruction_ip"),
            ],
        ),
        (
            "pcie",
            "Pcie",
            &[
                ("/portType/value", "/port_type/value"),
                ("/aerInfo/capability_header/capability_id", "/aer_info/capability_header/capability_id"),
                (
                    "/aerInfo/capability_header/capability_version",
                    "/aer_info/capability_header/capability_version",
                ),
                (
                    "/aerInfo/capability_header/next_capability_offset",
                    "/aer_info/capability_header/next_capability_offset",
                ),
                (
                    "/aerInfo/advanced_error_capabilities_and_control/first_error_pointer",
                    "/aer_info/capabilities_and_control/first_error_pointer/value",
                ),
                (
                    "/aerInfo/advanced_error_capabilities_and_control/header_log_size",
                    "/aer_info/capabilities_and_control/header_log_size",
                ),
                (
                    "/aerInfo/root_error_status/err_cor_subclass",
                    "/aer_info/root_error_status/err_cor_subclass",
                ),
            ],
        ),
    ];
    for (name, kind, fields) in tables {
        let theirs = read(&folder.join(format!("{name}.json")));
        let (record, _) =
            pairs(folder).into_iter().find(|(path, _)| path.file_stem().unwrap() == name).unwrap();
        let ours = ras_json(&[record.to_str().unwrap()]);
        for (their_name, our_name) in fields {
            let theirs = theirs["sections"][0][kind].pointer(their_name);
            let ours = ours[0]["sections"][0]["fields"].pointer(our_name);
            assert_eq!(ours.map(plain).as_ref(), theirs, "{name}: {their_name}");
        }
    }
}

/// Records, triple records and lone sections of every type that libcper generates are read without a complaint.
#[test]
fn generated_records_are_read() {
    let Some(folder) = vectors() else { return };
    let manifest = fs::read_to_string(folder.join("generated/MANIFEST.tsv")).unwrap();
    let mut read = 0;
    for line in manifest.lines().skip(1) {
        let mut columns = line.split('\t');
        let name = columns.next().unwrap();
        let count: usize = columns.nth(1).unwrap().parse().unwrap();
        let file = folder.join(format!("generated/{name}.cper"));
        // The list names more than the folder holds.
        if !file.exists() {
            continue;
        }
        let events = ras_json(&[file.to_str().unwrap()]);
        assert_eq!(events.len(), 1, "{name}: {events:?}");
        assert_eq!(events[0]["sections"].as_array().unwrap().len(), count, "{name}");
        read += 1;
    }
    assert!(read >= 60, "{read} records read");
}

/// A number as libcper writes it: plain also above 2^53.
fn plain(value: &Value) -> Value {
    match value.as_str().and_then(|text| text.strip_prefix("0x")) {
        Some(digits) => Value::from(u64::from_str_radix(digits, 16).unwrap()),
        None => value.clone(),
    }
}

fn pairs(folder: &Path) -> Vec<(PathBuf, Value)> {
    let mut pairs = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "cperhex" || extension == "cper") {
            let json = read(&path.with_extension("json"));
            pairs.push((path, json));
        }
    }
    pairs
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
