//! Rows for which there is no captured one: the values by the specifications, the words by rasdaemon's sources.

use cper::section::{
    ArmErrorInformation, ArmErrorType, ArmProcessorHeader, CxlAgentAddress, CxlAgentType,
    CxlComponentDeviceId, CxlDramEvent, CxlEvent, CxlEventFlags, CxlEventHeader, CxlEventSeverity,
    CxlGeneralMediaEvent, CxlMemoryModuleEvent, CxlMldPortEvent, CxlPldmComponentId, CxlProtocolErrorHeader,
    CxlProtocolErrorParts, CxlRasCapability, CxlUncorrectableErrors, Encode,
};
use cper::{GenericErrorData, SectionFlags, Severity};
use rusqlite::types::Value;

use super::{Columns, block, entries, only_row, port, row_of, seconds};

fn text(value: &Value) -> &str {
    let Value::Text(text) = value else { panic!("{value:?}") };
    text
}

fn number(value: &Value) -> i64 {
    let Value::Integer(number) = value else { panic!("{value:?}") };
    *number
}

/// A number that has no sign.
fn bits(value: &Value) -> u64 {
    u64::from_ne_bytes(number(value).to_ne_bytes())
}

fn bytes(value: &Value) -> &[u8] {
    let Value::Blob(bytes) = value else { panic!("{value:?}") };
    bytes
}

fn row(severity: Severity, body: &impl Encode) -> (&'static str, Columns) {
    only_row(&entries("made.gesb", block(GenericErrorData::new(severity), body)))
}

#[test]
fn pcie_errors_name_their_bits_by_severity() {
    let row = |severity, flags| {
        let header = GenericErrorData::new(severity).with_flags(flags);
        let (_, row) =
            only_row(&entries("port.gesb", block(header, &port(3, 0x8010_0030, 0x8000_1001, 0x1000))));
        [text(&row["err_type"]).to_owned(), text(&row["err_msg"]).to_owned()]
    };
    let none = SectionFlags::empty();
    let uncorrected = "Data Link Protocol, Surprise Link Down, Unsupported Request, BIT31";
    assert_eq!(row(Severity::FATAL, none), ["Uncorrected (Fatal)", uncorrected]);
    assert_eq!(row(Severity::RECOVERABLE, none), ["Uncorrected (Non-Fatal)", uncorrected]);
    assert_eq!(row(Severity::RECOVERABLE, SectionFlags::RESET), ["Uncorrected (Fatal)", uncorrected]);
    assert_eq!(row(Severity::CORRECTED, none), ["Corrected", "Receiver Error, BIT31"]);
}

/// The kernel drops it; nothing is dropped here.
#[test]
fn a_pcie_section_without_registers_is_kept_as_it_is() {
    let pcie = cper::section::PcieError::new().with_port_type(cper::section::PciePortType::ROOT_PORT);
    let (table, row) = row(Severity::FATAL, &pcie);
    assert_eq!(
        (table, text(&row["severity"]), bytes(&row["error"]).len()),
        ("non_standard_event", "Fatal", 208)
    );
}

#[test]
fn arm_processors() {
    let (table, row) = row_of("gesb/arm.gesb");
    assert_eq!(table, "arm_event");
    assert_eq!([&row["affinity"], &row["mpidr"]].map(number), [1, 0x8000_0001]);
    assert_eq!([&row["running_state"], &row["psci_state"], &row["error_count"]].map(number), [1, 0, 2]);
    assert_eq!((text(&row["error_type"]), number(&row["error_info"])), ("cache error TLB error", 0x52_0a87));
    assert_eq!(text(&row["error_flags"]), "first error propagated error first error last error");
    assert_eq!([&row["err_info"], &row["context_info"]].map(|value| bytes(value).len()), [64, 8 + 248]);
    assert_eq!(bytes(&row["vendor_info"]), b"VENDORDATA!!");
    assert_eq!(bits(&row["virt_fault_addr"]), 0xffff_8000_1234_0000);
    assert_eq!(number(&row["phy_fault_addr"]), 0x4008_1000);

    // Nothing valid: what the kernel's event holds then.
    let errors = [ArmErrorInformation::new(ArmErrorType::new(0x18))];
    let processor =
        cper::section::ArmProcessorParts::new(ArmProcessorHeader::new(), &errors, &[], &[]).unwrap();
    let (_, row) = self::row(Severity::FATAL, &processor);
    assert_eq!([&row["affinity"], &row["mpidr"], &row["error_count"]].map(number), [255, 0, 0]);
    assert_eq!([&row["running_state"], &row["psci_state"]].map(number), [-1, -1]);
    assert_eq!(text(&row["error_type"]), "bus error micro-architectural error");
    assert_eq!(text(&row["error_flags"]), "");
}

fn record() -> CxlEventHeader {
    CxlEventHeader::new(CxlEventSeverity::FAILURE)
        .with_flags(CxlEventFlags::PERMANENT)
        .with_handle(0x1234)
        .with_timestamp(1_795_332_314_000_000_001)
}

fn event<D>(data: D) -> CxlEvent<D> {
    let id = CxlComponentDeviceId::new().with_bus(0x3b).with_device(1).with_function(2);
    CxlEvent::new(record(), data).with_device_id(id).with_device_serial_number(0xfedc_ba98_7654_3210)
}

/// What all events of components begin with.
fn begins_right(row: &Columns, uuid: &str) {
    assert_eq!(row["memdev"], Value::Null);
    assert_eq!((text(&row["host"]), bits(&row["serial"])), ("0000:3b:01.2", 0xfedc_ba98_7654_3210));
    assert_eq!((text(&row["log_type"]), text(&row["hdr_uuid"])), ("Failure", uuid));
    assert_eq!([&row["hdr_flags"], &row["hdr_handle"], &row["hdr_length"]].map(number), [6, 0x1234, 128]);
    assert_eq!(seconds(&row["hdr_ts"]), 1_795_332_314);
    assert_eq!([&row["hdr_maint_op_sub_class"], &row["hdr_ld_id"], &row["hdr_head_id"]], [&Value::Null; 3]);
}

#[test]
fn cxl_general_media() {
    let pldm = CxlPldmComponentId::new().with_entity_id(*b"entity");
    let media = CxlGeneralMediaEvent::new()
        .with_channel(3)
        .with_pldm_component_id(pldm)
        .with_physical_address(cper::section::CxlMediaAddress::new(0x1_0000_0043))
        .with_memory_event_descriptor(cper::section::CxlMemoryEventDescriptor::THRESHOLD)
        .with_cme_count(cper::section::U24::new(0x12345));
    let (table, row) = row(Severity::RECOVERABLE, &event(media));
    assert_eq!(table, "cxl_general_media_event");
    begins_right(&row, "fbcd0a77-c260-417f-85a9-088b1621eba6");
    assert_eq!([&row["dpa"], &row["dpa_flags"], &row["descriptor"]].map(number), [0x1_0000_0040, 3, 2]);
    assert_eq!([&row["channel"], &row["cme_count"]].map(number), [3, 0x12345]);
    assert_eq!(
        (&row["rank"], &row["device"], bytes(&row["comp_id"]).len()),
        (&Value::Null, &Value::Null, 16)
    );
    assert_eq!((bytes(&row["pldm_entity_id"]), &row["pldm_resource_id"]), (&b"entity"[..], &Value::Null));
}

#[test]
fn cxl_dram() {
    let dram = CxlDramEvent::new()
        .with_rank(2)
        .with_nibble_mask(cper::section::U24::new(0xabcdef))
        .with_row(cper::section::U24::new(0x10203))
        .with_column(0x456)
        .with_correction_mask([1, 2, 3, 4]);
    let (table, row) = row(Severity::CORRECTED, &event(dram));
    assert_eq!(table, "cxl_dram_event");
    begins_right(&row, "601dcbb3-9c06-4eab-b8af-4e9bfb5c9624");
    assert_eq!([&row["rank"], &row["nibble_mask"], &row["row"]].map(number), [2, 0xabcdef, 0x10203]);
    assert_eq!(
        (number(&row["column"]), &row["bank"], &row["cvme_count"]),
        (0x456, &Value::Null, &Value::Null)
    );
    assert_eq!(bytes(&row["cor_mask"])[..9], [1, 0, 0, 0, 0, 0, 0, 0, 2]);
}

#[test]
fn cxl_memory_module_and_others() {
    let health = cper::section::CxlDeviceHealth::new()
        .with_life_used(42)
        .with_device_temperature(-10)
        .with_dirty_shutdown_count(7);
    let module = CxlMemoryModuleEvent::new().with_device_health(health);
    let (table, row) = row(Severity::INFORMATIONAL, &event(module));
    assert_eq!(table, "cxl_memory_module_event");
    begins_right(&row, "fe927475-dd59-4339-a586-79bab113b774");
    assert_eq!(
        [&row["life_used"], &row["device_temp"], &row["dirty_shutdown_cnt"]].map(number),
        [42, -10, 7]
    );

    let (table, row) = self::row(Severity::INFORMATIONAL, &event(CxlMldPortEvent::new()));
    assert_eq!((table, bytes(&row["data"])), ("cxl_generic_event", &[0; 80][..]));
}

#[test]
fn cxl_protocol_errors() {
    use CxlUncorrectableErrors as Errors;
    let error = |kind, errors, capability: CxlRasCapability| {
        let header = CxlProtocolErrorHeader::new()
            .with_agent_type(kind)
            .with_agent_address(CxlAgentAddress::from_function(0, 0x3b, 0, 0))
            .with_device_serial_number(5);
        let capability = capability.with_uncorrectable_error_status(errors);
        let parts = CxlProtocolErrorParts::new(header).with_ras_capability(&capability);
        row(Severity::FATAL, &parts)
    };
    let mut log = [0; 16];
    log[1] = 0x0102_0304;
    let capability = CxlRasCapability::new().with_header_log(log).with_capability_control(14);
    let several = Errors::INTERNAL.union(Errors::POISON_RECEIVED);
    let (table, row) = error(CxlAgentType::DEVICE, several, capability);
    assert_eq!((table, text(&row["host"]), number(&row["serial"])), ("cxl_aer_ue_event", "0000:3b:00.0", 5));
    assert_eq!([&row["error_status"], &row["first_error"]].map(number), [0x4400, 0x4000]);
    let log = bytes(&row["header_log"]);
    assert_eq!((log.len(), &log[..8]), (512, &[0, 0, 0, 0, 1, 2, 3, 4][..]));
    let (_, row) = error(CxlAgentType::DEVICE, Errors::POISON_RECEIVED, capability);
    assert_eq!(number(&row["first_error"]), 0x400);
    let (table, _) = error(CxlAgentType::ROOT_PORT, several, capability);
    assert_eq!(table, "non_standard_event");
}

/// Text columns of a machine check of this vendor and processor.
fn machine(vendor: u8, cpuid: u32, bank: u8, status: u64, [synd, ipid]: [u64; 2]) -> [String; 5] {
    let mut bytes = [0; 128];
    for (at, value) in [(0, status), (24, 5), (48, 1_795_332_314), (80, 1 << 11), (88, synd), (96, ipid)] {
        bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    bytes[56] = vendor;
    bytes[60..64].copy_from_slice(&cpuid.to_le_bytes());
    bytes[65] = bank;
    let (table, row) = only_row(&entries("machine.mce", bytes.to_vec()));
    assert_eq!(table, "mce_record");
    ["bank_name", "error_msg", "mcistatus_msg", "mcastatus_msg", "mc_location"]
        .map(|name| text(&row[name]).into())
}

#[test]
fn machine_checks_of_intel_processors() {
    let skylake = |bank, status| machine(0, 0x50654, bank, status, [0; 2]);
    let [name, message, status, code, place] = skylake(13, 0x8c00_0080_0008_0091);
    assert_eq!((name.as_str(), status.as_str(), code.as_str()), ("", "Corrected_error", "MemCtrl: "));
    assert_eq!(
        message,
        "MEMORY CONTROLLER RD_CHANNEL1_ERR Transaction: Memory read error corrected patrol scrub error"
    );
    assert_eq!(place, "n_errors=2 memory_channel=1");
    let [_, message, status, code, _] = skylake(0, 0xbf80_0000_0000_1135);
    assert_eq!(message, code);
    assert_eq!(
        code,
        "corrected filtering (some unreported errors in same region) Data CACHE Level-1 Data-Read Error"
    );
    assert_eq!(status, "Uncorrected_error Error_enabled Processor_context_corrupt SRAR");
    let [_, _, status, code, _] = skylake(6, 0x8020_0000_0000_0e0b);
    assert_eq!(status, "Corrected_error Threshold based error status: green");
    assert_eq!(code, "BUS Level-3 Generic Generic IO Request-did-not-timeout Error");
    for (code, said) in [
        (0x0000, "No Error"),
        (0x0005, "Internal parity error"),
        (0x000e, "Level-2 Generic memory hierarchy error"),
        (0x0015, "Data TLB Level-1 Error"),
        (0x0400, "Internal Timer error"),
        (0x0407, "Internal unclassified error: 407"),
        (0x0280, "Unknown Error 280"),
        (0x0009, "Unknown Error 9"),
    ] {
        assert_eq!(skylake(0, 1 << 63 | code)[3], said);
    }
}

#[test]
fn machine_checks_of_amd_processors() {
    // Zen 3, unified memory controller, channel 2.
    let umc = |status| machine(2, 0xa0_0f11, 17, status, [5, 0x0000_0096_0025_0f00]);
    let [name, message, status, code, place] = umc(0xdc20_4000_0000_011b);
    assert_eq!(name, "Unified Memory Controller (bank=17)");
    assert_eq!(message, "Corrected error, no action required.");
    assert_eq!(status, "Error_overflow CECC");
    assert!(code.starts_with("DRAM ECC error. Ext Err Code: 0 "), "{code}");
    assert!(code.ends_with("Memory Error 'mem-tx: generic read, tx: generic, level: L3/generic'"), "{code}");
    assert_eq!(place, "memory_channel=2,csrow=5");
    assert_eq!(umc(0xbea0_2000_0000_011b)[1], "System Fatal error.");
    assert_eq!(
        umc(0xbea0_2800_0000_011b)[2],
        "Processor_context_corrupt UECC Poison consumed Task_context_corrupt"
    );
    assert_eq!(umc(0x9c20_1000_0000_011b)[1], "Deferred error, no action required.");

    // K8, whose northbridge saw an error on its link.
    let [name, message, ..] = machine(2, 0x60fb1, 4, 0xb200_0010_0001_0e0f, [0; 2]);
    assert_eq!(name, "northbridge (bank=4)");
    assert_eq!(
        message,
        "Northbridge CRC error link number = 1 bus error 'generic participation, request didn't time out: \
         generic error mem transaction, generic access, level generic'"
    );
    // Family 10h, between the two.
    let [name, message, _, code, _] = machine(2, 0x10_0f42, 0, 0x9400_0000_0000_0016, [0; 2]);
    assert_eq!((name.as_str(), message.as_str()), ("", "Corrected error, no action required."));
    assert_eq!(code, "TLB Error 'tx: data, level: L2'");
}
