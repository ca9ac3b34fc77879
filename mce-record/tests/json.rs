//! The names and values of the serialised form.
#![cfg(feature = "serde")]

use mce_record::{CpuVendor, Layout, Mce, MceRecord, MciStatus};
use serde_json::{Value, json};

fn captured(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../examples/data/mce/{name}.mce", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn value(bytes: &[u8]) -> Value {
    serde_json::to_value(MceRecord::parse(bytes).unwrap()).unwrap()
}

#[test]
fn a_captured_record() {
    let expected: Value = serde_json::from_str(
        r#"{
            "length": 128,
            "status": "0xbe00000000000135",
            "misc": "0x000000000000008c",
            "addr": "0x00000000deadb000",
            "mcgstatus": "0x0000000000000005",
            "ip": "0xffffffffa0a592eb",
            "tsc": "0x0000000438af7618",
            "time": "1795332201",
            "cpuvendor": {"value": 0, "name": "Intel"},
            "inject_flags": {"value": 0, "names": []},
            "severity": {"value": 7, "name": "panic"},
            "cpuid": 329300,
            "cs": 16,
            "bank": 4,
            "cpu": 0,
            "finished": 0,
            "extcpu": 0,
            "socketid": 0,
            "apicid": 0,
            "mcgcap": "0x000000000100010a",
            "synd": "0x0000000000000000",
            "ipid": "0x0000000000000000",
            "ppin": "0x0000000000000000",
            "microcode": 1,
            "kflags": {"value": "0x0000000000000000", "names": []},
            "decoded": {
                "summary": "machine check on CPU 0, bank 4: level 1 data cache, data read error; context corrupt",
                "status_text": "valid, uncorrected, enabled, misc valid, addr valid, context corrupt",
                "code": 309,
                "code_family": "cache hierarchy",
                "code_text": "level 1 data cache, data read error",
                "model_specific_code": 0,
                "unit": "power control unit",
                "address_mode": {"value": 2, "name": "physical"},
                "address_lsb": 12,
                "family": 6,
                "model": 85,
                "stepping": 4,
                "processor_name": "Skylake-SP",
                "severity_recomputed": {"value": 7, "name": "panic"},
                "severity_rule": "Processor context corrupt"
            }
        }"#,
    )
    .unwrap();
    assert_eq!(value(&captured("mce-intel")), expected);
}

#[test]
fn fields_a_record_does_not_have_are_absent() {
    let names = |bytes: &[u8]| -> Vec<String> { value(bytes).as_object().unwrap().keys().cloned().collect() };
    let mut expected =
        vec!["length", "status", "mcgstatus", "ip", "tsc", "cs", "bank", "cpu", "finished", "decoded"];
    for layout in Layout::ALL {
        match layout {
            Layout::Size88 => expected.extend([
                "time",
                "cpuvendor",
                "inject_flags",
                "severity",
                "cpuid",
                "extcpu",
                "socketid",
                "apicid",
                "mcgcap",
            ]),
            Layout::Size104 => expected.extend(["synd", "ipid"]),
            Layout::Size112 => expected.push("ppin"),
            Layout::Size116 => expected.push("microcode"),
            Layout::Size124 => expected.push("kflags"),
            _ => {}
        }
        let mut expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
        expected.sort();
        let mut found = names(&vec![0; layout.size()]);
        found.sort();
        assert_eq!(found, expected, "{layout:?}");
    }
}

#[test]
fn bytes_without_a_field_are_shown_if_they_say_something() {
    let old = value(&[[0x5a; 24], [0xa5; 24], [0xc3; 24]].concat());
    assert_eq!((&old["reserved"], &old["reserved_2"]), (&json!("c3".repeat(16)), &json!("c3c3c3c3")));
    assert_eq!(old["cpu"], 0xc3);
    let padded = Mce::new().with_pad(3).with_padding(4);
    let padded = serde_json::to_value(padded.record()).unwrap();
    assert_eq!((&padded["pad"], &padded["padding"]), (&json!(3), &json!(4)));
    let mut bytes = vec![0; 128];
    bytes.extend([1, 0xab]);
    let tailed = value(&bytes);
    assert_eq!((&tailed["length"], &tailed["trailing"]), (&json!(130), &json!("01ab")));
}

#[test]
fn misc_and_address_are_told_when_they_are_valid_or_say_something() {
    for valid in [false, true] {
        for number in [0_u64, 7] {
            let status = if valid { MciStatus::MISCV | MciStatus::ADDRV } else { 0 };
            let mce = Mce::new().with_status(status).with_misc(number).with_addr(number);
            let json = serde_json::to_value(mce.record()).unwrap();
            let expected = (valid || number != 0).then(|| json!(format!("{number:#018x}")));
            assert_eq!(json.get("misc"), expected.as_ref(), "{valid} {number}");
            assert_eq!(json.get("addr"), expected.as_ref(), "{valid} {number}");
        }
    }
}

#[test]
fn wide_numbers_are_strings_whatever_they_hold() {
    let tsc = |tsc: u64| serde_json::to_value(Mce::new().with_tsc(tsc).record()).unwrap()["tsc"].clone();
    assert_eq!(tsc(0), json!("0x0000000000000000"));
    assert_eq!(tsc(0xabc), json!("0x0000000000000abc"));
    assert_eq!(tsc(u64::MAX), json!("0xffffffffffffffff"));
}

#[test]
fn what_is_decoded() {
    let memory = Mce::new()
        .with_status(0x8c00_0040_0081_0091)
        .with_misc(1_u64 << 56 | 3 << 52 | 2 << 42 | 1 << 40 | 0x1a2b << 19 | 5 << 46 | 0xfe << 9)
        .with_cpuid(0x606a6)
        .with_bank(13);
    let decoded = serde_json::to_value(memory.record()).unwrap()["decoded"].clone();
    assert_eq!(decoded["unit"], "memory controller 0 channel 0");
    assert_eq!(decoded.get("model_specific_text"), None);
    assert_eq!(decoded["model_specific_code"], 0x81);
    assert_eq!(
        decoded["dram_location"],
        "rank 1, sub-rank 3, bank group 1, bank 2, row 0x1a2b, column 0x3f8, device 5"
    );

    let io = Mce::new()
        .with_status(0xa800_0000_0000_0e0b)
        .with_misc(0x3b00_0000)
        .with_cpuvendor(CpuVendor::INTEL.raw());
    let decoded = serde_json::to_value(io.record()).unwrap()["decoded"].clone();
    assert_eq!(decoded["io_requester"], "0000:3b:00.0");

    let amd = Mce::new()
        .with_status(0x9c20_4000_0000_011b)
        .with_cpuvendor(CpuVendor::AMD.raw())
        .with_cpuid(0x00a2_0f12)
        .with_ipid(0x0000_0096_0020_0000);
    let decoded = serde_json::to_value(amd.record()).unwrap()["decoded"].clone();
    assert_eq!(decoded["unit"], "unified memory controller, channel 2");
    assert_eq!(decoded["model_specific_text"], "DRAM ECC error");
    assert_eq!(decoded["severity_recomputed"]["name"], "keep");
    assert_eq!(decoded.get("severity_rule"), None);
    assert_eq!(decoded.get("address_mode"), None);
}

#[test]
fn values_by_themselves() {
    use mce_record::{CpuSignature, ErrorCode, IoRequester, Level, MciStatus};

    assert_eq!(serde_json::to_value(Level::L1).unwrap(), json!({"value": 1, "name": "level 1"}));
    assert_eq!(serde_json::to_value(ErrorCode::new(0x135)).unwrap(), json!(0x135));
    assert_eq!(serde_json::to_value(CpuSignature::new(0x50654)).unwrap(), json!(0x50654));
    assert_eq!(serde_json::to_value(MciStatus::new(1 << 63)).unwrap(), json!("0x8000000000000000"));
    let requester = IoRequester { segment: 1, bus: 2, device: 3, function: 4 };
    assert_eq!(serde_json::to_value(requester).unwrap(), json!("0001:02:03.4"));
    assert_eq!(serde_json::from_value::<IoRequester>(json!("0001:02:03.4")).unwrap(), requester);
    for bad in ["0001:02:03", "0001-02:03.4", "+001:02:03.4", "0001:02:03.44", ""] {
        assert!(serde_json::from_value::<IoRequester>(json!(bad)).is_err(), "{bad}");
    }
}

#[test]
fn the_flip_of_every_bit_shows() {
    let mut bytes = captured("mce-intel");
    bytes.extend([0; 8]);
    for len in [72, 88, 104, 112, 116, 120, 124, 128, 136] {
        let before = value(&bytes[..len]);
        for bit in 0..len * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(value(&bytes[..len]), before, "length {len}, bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
