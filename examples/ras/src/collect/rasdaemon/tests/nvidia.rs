//! NVIDIA's sections: a row of the vendor's decoder, with the values that rasdaemon 0.8.5 binds, and one with the bytes.

use cper::section::vendor::{
    NvidiaContext, NvidiaCpuInfo, NvidiaDataType, NvidiaErrorHeader, NvidiaErrorParts, NvidiaEventHeader,
    NvidiaEventParts, NvidiaGpuInfo, NvidiaInfo, NvidiaRegister, NvidiaSource,
};
use cper::zerocopy::IntoBytes;

use super::{BTreeMap, Columns, Encode, GenericErrorData, Severity, Value, block, columns, dimm, entries};

/// Tables and rows of a status block of this section alone.
fn rows(body: &impl Encode) -> BTreeMap<&'static str, Columns> {
    let header = GenericErrorData::new(Severity::CORRECTED).with_fru_text(dimm());
    rows_of_block(block(header, body))
}

fn rows_of_block(block: Vec<u8>) -> BTreeMap<&'static str, Columns> {
    let entries = entries("nvidia.gesb", block);
    entries.iter().flat_map(|entry| &entry.rows).map(|(_, row)| (row.table, columns(row))).collect()
}

fn encoded(body: &impl Encode) -> Vec<u8> {
    let mut buffer = vec![0; body.encoded_len()];
    body.encode(&mut buffer).unwrap();
    buffer
}

fn signature(name: &[u8]) -> [u8; 16] {
    let mut signature = [0; 16];
    signature[..name.len()].copy_from_slice(name);
    signature
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// The row has these columns, and no others but for the time.
#[track_caller]
fn has(row: &Columns, expected: &[(&str, Value)]) {
    for (name, value) in expected {
        assert_eq!(&row[*name], value, "{name}");
    }
    assert_eq!(row.len(), expected.len() + 1);
}

#[test]
fn an_error_is_a_row_of_its_own_and_one_with_its_bytes() {
    let header = NvidiaErrorHeader::new()
        .with_signature(signature(b"CMET-SHA256"))
        .with_error_type(0xfffe)
        .with_error_instance(3)
        .with_severity(Severity::CORRECTED)
        .with_socket(1)
        .with_instance_base(0xffff_0000_1234_5678);
    let pairs = [(0x10, 0x20), (u64::MAX, 1)]
        .map(|(address, value)| NvidiaRegister::new().with_address(address).with_value(value));
    for pairs in [&pairs[..], &[]] {
        let body = NvidiaErrorParts::new(header, pairs).unwrap();
        let rows = rows(&body);
        assert_eq!(rows.keys().collect::<Vec<_>>(), [&"non_standard_event", &"nvidia_ns_event"]);
        let registers = if pairs.is_empty() { Value::Null } else { Value::Blob(pairs.as_bytes().to_vec()) };
        let expected = [
            ("signature", text("CMET-SHA256")),
            ("error_type", Value::Integer(0xfffe)),
            ("error_instance", Value::Integer(3)),
            ("severity", Value::Integer(2)),
            ("socket", Value::Integer(1)),
            ("number_regs", Value::Integer(i64::try_from(pairs.len()).unwrap())),
            ("instance_base", Value::Integer(-0xffff_edcb_a988)),
            ("reg_data", registers),
            ("raw_data", Value::Blob(encoded(&body))),
        ];
        has(&rows["nvidia_ns_event"], &expected);
        let other = &rows["non_standard_event"];
        assert_eq!(other["fru_text"], text("DIMM_A1"));
        assert_eq!(other["severity"], text("Corrected"));
        assert_eq!(other["error"], Value::Blob(encoded(&body)));
    }
}

fn event(version: u8) -> NvidiaEventHeader {
    NvidiaEventHeader::new()
        .with_version(version)
        .with_source_device_type(NvidiaSource::CPU)
        .with_event_type(4)
        .with_event_sub_type(0x8001)
        .with_link_id(1 << 63)
        .with_signature(*b"HSS-BUSY-SIXTEEN")
        .with_info_version(1)
}

fn cpu() -> NvidiaCpuInfo {
    NvidiaCpuInfo::new()
        .with_socket(7)
        .with_architecture(0xffff_fff0)
        .with_ecid([1, 2, 3, 4])
        .with_instance_base(0x1234)
}

#[test]
fn an_event_of_a_processor_is_a_row_of_its_own_and_one_with_its_bytes() {
    let cpu = cpu();
    let contexts = [NvidiaContext::new(1, NvidiaDataType::OPAQUE, 0, b"opaque")];
    let body = NvidiaEventParts::new(event(1), NvidiaInfo::Cpu(&cpu), &contexts).unwrap();
    let rows = rows(&body);
    assert_eq!(rows.keys().collect::<Vec<_>>(), [&"non_standard_event", &"nvidia_vera_ns_event"]);
    let expected = [
        ("signature", text("HSS-BUSY-SIXTEEN")),
        ("event_type", Value::Integer(4)),
        ("event_sub_type", Value::Integer(0x8001)),
        ("event_link_id", Value::Integer(i64::MIN)),
        ("source_device_type", Value::Integer(0)),
        ("event_context_count", Value::Integer(1)),
        ("socket", Value::Integer(7)),
        ("architecture", Value::Integer(0xffff_fff0)),
        ("chip_serial_number", Value::Blob(vec![1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0])),
        ("instance_base", Value::Integer(0x1234)),
        ("raw_data", Value::Blob(encoded(&body))),
    ];
    has(&rows["nvidia_vera_ns_event"], &expected);
}

/// What rasdaemon's table has no columns for, or its decoder refuses, is there as bytes.
#[test]
fn events_that_have_no_table_are_kept_as_bytes() {
    let cpu = cpu();
    let gpu = NvidiaGpuInfo::new().with_originator(2).with_partition(1).with_sub_partition(1).with_pdi(1);
    let contexts = [NvidiaContext::new(1, NvidiaDataType::OPAQUE, 0, &[7; 40])];
    let of_gpu = NvidiaEventParts::new(event(1), NvidiaInfo::Gpu(&gpu), &contexts).unwrap();
    let newer = NvidiaEventParts::new(event(2), NvidiaInfo::Cpu(&cpu), &contexts).unwrap();
    let whole = NvidiaEventParts::new(event(1), NvidiaInfo::Cpu(&cpu), &contexts).unwrap();
    let header = GenericErrorData::new(Severity::CORRECTED).with_fru_text(dimm());
    let mut cut = block(header, &whole);
    // The context claims more than the section has.
    let claim = cut.len() - whole.encoded_len() + 64;
    cut[claim..claim + 4].copy_from_slice(&0x1000_u32.to_le_bytes());
    let blocks = [block(header, &of_gpu), block(header, &newer), cut];
    for block in blocks {
        let rows = rows_of_block(block);
        assert_eq!(rows.keys().collect::<Vec<_>>(), [&"non_standard_event"]);
    }
    assert_eq!(rows_of_block(block(header, &whole)).len(), 2);
}
