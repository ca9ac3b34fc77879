//! Parts of a machine have names where its files have them; the number stays beside the name.

mod common;

use std::fs;
use std::path::Path;

use common::{folder, ras};
use cper::section::Encode;
use cper::section::{
    ArmErrorInformation, ArmErrorType, ArmProcessorHeader, ArmProcessorParts, MemoryError, MemoryError2,
    PciAddress, PcieDeviceId, PcieError, ProcessorGeneric, ProcessorType,
};
use cper::{Guid, NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity};
use serde_json::{Value, json};

/// The UUID of the machine whose tables these are.
const UUID: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path.into_os_string().into_string().unwrap()
}

fn record(platform: Option<[u8; 16]>, section: &impl Encode) -> Vec<u8> {
    let mut header = RecordHeader::new(Severity::FATAL, NotificationType::MCE).with_record_id(7);
    if let Some(platform) = platform {
        header = header.with_platform_id(Guid::from_bytes(platform));
    }
    let mut buffer = [0; 1024];
    let mut writer = RecordWriter::new(&mut buffer, &header).unwrap();
    writer.section(&SectionDescriptor::primary(Severity::FATAL), section).unwrap();
    writer.finish().unwrap().to_vec()
}

/// SMBIOS tables of a system, a board and a memory device with handle 0x21.
fn tables() -> Vec<u8> {
    let structure = |kind: u8, handle: u16, body: &[u8], strings: &str| {
        let mut bytes = vec![kind, (body.len() + 4) as u8];
        bytes.extend(handle.to_le_bytes());
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(strings.as_bytes());
        bytes.extend([0, 0]);
        bytes
    };
    let mut device = [0; 0x50];
    (device[0x10 - 4], device[0x11 - 4]) = (1, 2);
    [
        structure(1, 1, &[&[1, 2, 0, 0][..], &UUID].concat(), "Maker\0System 1"),
        structure(2, 2, &[1, 2, 0, 0], "Maker\0Board 1"),
        structure(17, 0x21, &device, "DIMMF1\0P0_Channel5"),
        structure(127, 3, &[], ""),
    ]
    .concat()
}

fn dimm() -> MemoryError {
    MemoryError::new().with_node(1).with_card(4).with_module(0).with_module_handle(0x21)
}

fn line(arguments: &[&str]) -> String {
    let run = ras(&[&["decode", "-q"], arguments].concat());
    assert_eq!((run.stderr.as_str(), run.code), ("", 0));
    run.stdout.split(" \u{b7} ").next().unwrap().to_owned()
}

/// The only object that a run writes.
fn object(arguments: &[&str]) -> Value {
    serde_json::from_str(&ras(arguments).stdout).unwrap()
}

/// The names in the first section.
fn component_names(object: &Value) -> &Value {
    &object["sections"][0]["component_names"]
}

#[test]
fn a_dimm_has_its_locator_or_its_label() {
    let folder = folder("dimm");
    let file = write(&folder, "memory.cper", &record(None, &dimm()));
    let tables = write(&folder, "DMI", &tables());
    let labels = write(
        &folder,
        "labels",
        b"Vendor: Maker\n Model: Board 1\n  A1: 0.4.0; F1: 1.4.0;\nModel: Board 2\nB: 1.4.0",
    );
    let place = "(node 1, card 4, module 0, module handle 0x0021): error of unknown type";
    assert_eq!(line(&[&file]), format!("FATAL        memory {place}"));
    assert_eq!(line(&["--dmi", &tables, &file]), format!("FATAL        memory, P0_Channel5 DIMMF1 {place}"));
    assert_eq!(
        line(&["--dmi", &tables, "--labels", &labels, &file]),
        format!("FATAL        memory, F1 {place}")
    );
    let second = MemoryError2::new().with_node(1).with_card(4).with_module(0).with_module_handle(0x21);
    let second = write(&folder, "memory2.cper", &record(None, &second));
    assert!(
        line(&["--dmi", &tables, &second]).starts_with("FATAL        memory error 2, P0_Channel5 DIMMF1")
    );
    // Behind the line too, and in every output.
    let text = ras(&["decode", "--dmi", &tables, &file]).stdout;
    assert!(text.contains("\nmodule name             P0_Channel5 DIMMF1\n"), "{text}");
    for command in [&["decode", "--format", "json"], &["collect", "--json", "-"]] {
        let object = object(&[command, &["--dmi", &tables, &file][..]].concat());
        assert_eq!(object["summary"], format!("memory, P0_Channel5 DIMMF1 {place}"));
        assert_eq!(component_names(&object), &json!({"module": "P0_Channel5 DIMMF1"}));
    }
    let unnamed = object(&["decode", "--format", "json", &file]);
    assert_eq!(component_names(&unnamed), &Value::Null);
    // What is asked for and is not there is no name that is missing in silence.
    for (arguments, said) in [
        (["--labels", &labels], "labels of 2 machines; --dmi FILE says which of them is meant"),
        (["--dmi", &labels], "no SMBIOS tables"),
        (["--labels", &file], "memory.cper"),
        (["--pci-ids", "/no/such/file"], "/no/such/file"),
    ] {
        let run = ras(&[&["decode"], &arguments[..], &[&file]].concat());
        assert!(run.code == 1 && run.stderr.contains(said) && run.stdout.is_empty(), "{}", run.stderr);
    }
}

/// The tables of this machine name what is of this machine, and nothing else.
#[test]
fn handles_are_those_of_one_machine() {
    let folder = folder("machine");
    write(&folder, "sys/firmware/dmi/tables/DMI", &tables());
    let device = write(&folder, "dev/erst_dbg", &record(None, &dimm()));
    let of_this = write(&folder, "elsewhere/this.cper", &record(Some(UUID), &dimm()));
    let of_other = write(&folder, "elsewhere/other.cper", &record(Some([7; 16]), &dimm()));
    let of_none = write(&folder, "elsewhere/none.cper", &record(None, &dimm()));
    for (file, is_named) in [(&device, true), (&of_this, true), (&of_other, false), (&of_none, false)] {
        let run = ras(&["collect", "--root", folder.to_str().unwrap(), "--json", "-", file]);
        assert_eq!(run.stdout.contains("memory, P0_Channel5 DIMMF1"), is_named, "{file}: {}", run.stdout);
        assert!(run.stdout.contains("module handle 0x0021"), "{file}: {}", run.stdout);
    }
}

#[test]
fn pci_devices_have_names() {
    let folder = folder("pci");
    let ids = b"8086  Intel Corporation\n\t1572  Ethernet Controller X710\nC 02  Network controller\n\t00  Ethernet controller\n";
    let ids = write(&folder, "pci.ids", ids);
    let address = PciAddress { segment: 0, bus: 0x3b, device: 0, function: 0 };
    let id = |device| PcieDeviceId::new(0x8086, device, 0x020000).with_address(address);
    let file = write(&folder, "pcie.cper", &record(None, &PcieError::new().with_device_id(id(0x1572))));
    let of_vendor =
        write(&folder, "vendor.cper", &record(None, &PcieError::new().with_device_id(id(0x9999))));
    let plain = "FATAL        PCIe 0000:3b:00.0 [8086:1572]: error without AER registers";
    assert_eq!(line(&[&file]), plain);
    let named = plain.replace("[8086", "Intel Corporation Ethernet Controller X710 [8086");
    assert_eq!(line(&["--pci-ids", &ids, &file]), named);
    assert!(line(&["--pci-ids", &ids, &of_vendor]).contains("3b:00.0 Intel Corporation [8086:9999]"));
    let text = ras(&["decode", "--pci-ids", &ids, &file]).stdout;
    assert!(text.contains("\nclass name              Ethernet controller\n"), "{text}");
    assert_eq!(
        component_names(&object(&["decode", "--format", "json", "--pci-ids", &ids, &file])),
        &json!({"device": "Intel Corporation Ethernet Controller X710", "class": "Ethernet controller"})
    );
    // Where the system has it, it is found.
    let root = folder.join("root");
    write(&root, "usr/share/misc/pci.ids", &fs::read(&ids).unwrap());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ras"));
    command
        .args(["collect", "--json", "-", "--root", root.to_str().unwrap(), &file])
        .env_remove("RAS_PCI_IDS");
    let told = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(told.contains("Ethernet Controller X710 [8086:1572]"), "{told}");
}

#[test]
fn processors_have_names() {
    let folder = folder("processor");
    let text = |name: &str, bytes: &[u8]| ras(&["decode", &write(&folder, name, bytes)]).stdout;
    let errors = [ArmErrorInformation::new(ArmErrorType::new(2))];
    let header = ArmProcessorHeader::new().with_midr_el1(0x413f_d0c1);
    let arm = text("arm.cper", &record(None, &ArmProcessorParts::new(header, &errors, &[], b"").unwrap()));
    assert!(arm.contains("\nprocessor name          Arm Neoverse N1 r3p1 (MIDR 0x413fd0c1)\n"), "{arm}");
    let generic =
        |kind, version| ProcessorGeneric::new().with_processor_type(kind).with_cpu_version_info(version);
    let x86 = text("x86.cper", &record(None, &generic(ProcessorType::IA32_X64, 0x00a0_0f11)));
    let name = "AMD Milan, family 25 model 1 stepping 1 (CPUID 0xa00f11)";
    assert!(x86.contains(&format!("\nprocessor name          {name}\n")), "{x86}");
    let other = text("other.cper", &record(None, &generic(ProcessorType::IA64, 0x00a0_0f11)));
    assert!(!other.contains("processor name"), "{other}");
    // That of a machine check stands in its own lines; in JSON it is where the others are.
    let (file, name) = (common::data("mce/mce-intel.mce"), "Intel Skylake-SP, family 6 model 85 stepping 4");
    let machine_check = object(&["decode", "--format", "json", &file]);
    assert_eq!(component_names(&machine_check), &json!({"processor": format!("{name} (CPUID 0x50654)")}));
    assert_eq!(machine_check["sections"][0]["fields"]["decoded"]["processor_name"], "Skylake-SP");
    let text = ras(&["decode", &file]).stdout;
    assert_eq!(text.matches("Skylake-SP").count(), 1, "{text}");
}
