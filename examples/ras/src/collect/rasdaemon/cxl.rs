//! CXL: the tables of the CXL driver's trace events, as firmware's records fill them.
//!
//! The name of the memory device (`mem0`), its region and addresses of the host are only known to the kernel whose
//! device it is: those columns are NULL, and so are fields whose validity bit is clear, where rasdaemon writes 0.
//! `cxl_poison_event` and `cxl_overflow_event` come of a device's own lists and have no section in CPER.

use cper::Severity;
use cper::section::{
    CxlAgentType, CxlComponentEvent, CxlComponentId, CxlEventData, CxlEventHeader, CxlMemoryEventDescriptor,
    CxlPldmComponentId, CxlProtocolError, PciAddress,
};
use cper::zerocopy::IntoBytes;
use rusqlite::types::Value;

use super::row::{Row, blob, wide};
use super::time;

/// Bytes of the header log in the trace event, of which the hardware has the first 64.
const HEADER_LOG: usize = 512;

/// The row of a protocol error, if a device has it and its registers are there. Those of ports go elsewhere: their
/// trace event is another one.
pub fn aer_event(error: &CxlProtocolError<'_>, severity: Severity) -> Option<Row> {
    use CxlAgentType as Agent;
    let device = matches!(
        error.agent_type()?,
        Agent::RESTRICTED_DEVICE | Agent::DEVICE | Agent::LOGICAL_DEVICE | Agent::FM_OWNED_LOGICAL_DEVICE
    );
    let (address, registers) = (error.agent_address().filter(|_| device)?, error.ras_capability()?);
    let host = PciAddress {
        segment: address.segment(),
        bus: address.bus(),
        device: address.device(),
        function: address.function(),
    };
    let front = [
        ("memdev", Value::Null),
        ("host", host.to_string().into()),
        ("serial", error.device_serial_number().map(wide).into()),
    ];
    let corrected = matches!(severity, Severity::CORRECTED | Severity::INFORMATIONAL);
    let (table, rest) = if corrected {
        let status = registers.correctable_error_status().bits() & !registers.correctable_error_mask().bits();
        ("cxl_aer_ce_event", vec![("error_status", status.into())])
    } else {
        let status =
            registers.uncorrectable_error_status().bits() & !registers.uncorrectable_error_mask().bits();
        // Only among several the register has to say which was first.
        let several = status.count_ones() > 1;
        let first =
            if several { 1u32.checked_shl(registers.first_error_pointer().into()) } else { Some(status) };
        // rasdaemon turns the doublewords round.
        let mut log: Vec<u8> = registers.header_log().into_iter().flat_map(u32::to_be_bytes).collect();
        log.resize(HEADER_LOG, 0);
        let rest = vec![
            ("error_status", status.into()),
            ("first_error", first.unwrap_or(0).into()),
            ("header_log", log.into()),
        ];
        ("cxl_aer_ue_event", rest)
    };
    Some(Row { table, columns: front.into_iter().chain(rest).collect() })
}

/// The row of a component's event, if its record is there.
pub fn component_event(event: &CxlComponentEvent<'_>) -> Option<Row> {
    let (record, data) = (event.record()?, event.data()?);
    let (table, rest) = match data {
        CxlEventData::GeneralMedia(media) => {
            let threshold = is_threshold(media.memory_event_descriptor());
            let rest = vec![
                ("dpa", wide(media.physical_address().raw() & !DPA_FLAGS)),
                ("dpa_flags", wide(media.physical_address().raw() & DPA_FLAGS)),
                ("descriptor", media.memory_event_descriptor().bits().into()),
                ("type", media.memory_event_type().raw().into()),
                ("transaction_type", media.transaction_type().raw().into()),
                ("channel", media.channel().into()),
                ("rank", media.rank().into()),
                ("device", media.device().map(u64::from).map(wide).into()),
                ("comp_id", component(media.component_id())),
                ("pldm_entity_id", entity(media.pldm_component_id())),
                ("pldm_resource_id", resource(media.pldm_component_id())),
                ("sub_type", media.memory_event_sub_type().raw().into()),
                (
                    "cme_threshold_ev_flags",
                    threshold.then_some(media.cme_threshold_event_flags().bits()).into(),
                ),
                ("cme_count", threshold.then(|| media.cme_count().raw()).into()),
            ];
            ("cxl_general_media_event", rest)
        }
        CxlEventData::Dram(dram) => {
            let threshold = is_threshold(dram.memory_event_descriptor());
            let mask = dram.correction_mask().map(|_| blob(dram.correction_mask_raw().as_bytes()));
            let rest = vec![
                ("dpa", wide(dram.physical_address().raw() & !DPA_FLAGS)),
                ("dpa_flags", wide(dram.physical_address().raw() & DPA_FLAGS)),
                ("descriptor", dram.memory_event_descriptor().bits().into()),
                ("type", dram.memory_event_type().raw().into()),
                ("transaction_type", dram.transaction_type().raw().into()),
                ("channel", dram.channel().into()),
                ("rank", dram.rank().into()),
                ("nibble_mask", dram.nibble_mask().map(u64::from).map(wide).into()),
                ("bank_group", dram.bank_group().into()),
                ("bank", dram.bank().into()),
                ("row", dram.row().map(u64::from).map(wide).into()),
                ("column", dram.column().into()),
                ("cor_mask", mask.into()),
                ("comp_id", component(dram.component_id())),
                ("pldm_entity_id", entity(dram.pldm_component_id())),
                ("pldm_resource_id", resource(dram.pldm_component_id())),
                ("sub_type", dram.memory_event_sub_type().raw().into()),
                ("sub_channel", dram.sub_channel().into()),
                (
                    "cme_threshold_ev_flags",
                    threshold.then_some(dram.cvme_threshold_event_flags().bits()).into(),
                ),
                ("cvme_count", threshold.then(|| dram.cvme_count().raw()).into()),
            ];
            ("cxl_dram_event", rest)
        }
        CxlEventData::MemoryModule(module) => {
            let health = module.device_health();
            let rest = vec![
                ("event_type", module.device_event_type().raw().into()),
                ("health_status", health.health_status().bits().into()),
                ("media_status", health.media_status().raw().into()),
                ("life_used", health.life_used().into()),
                ("dirty_shutdown_cnt", health.dirty_shutdown_count().into()),
                ("cor_vol_err_cnt", health.corrected_volatile_error_count().into()),
                ("cor_per_err_cnt", health.corrected_persistent_error_count().into()),
                ("device_temp", health.device_temperature().into()),
                ("add_status", health.additional_status().into()),
                ("event_sub_type", module.device_event_sub_type().raw().into()),
                ("comp_id", component(module.component_id())),
                ("pldm_entity_id", entity(module.pldm_component_id())),
                ("pldm_resource_id", resource(module.pldm_component_id())),
            ];
            ("cxl_memory_module_event", rest)
        }
        // The driver's generic event has the bytes of a section that has no event of its own.
        _ => {
            let bytes = event.event_log()?.get(size_of::<CxlEventHeader>()..)?.first_chunk::<80>()?;
            ("cxl_generic_event", vec![("data", blob(bytes))])
        }
    };
    Some(Row { table, columns: header(event, record).into_iter().chain(rest).collect() })
}

/// Flags in the low bits of an address of the device.
const DPA_FLAGS: u64 = 0x3f;

/// Whether the counts of corrected errors mean something.
fn is_threshold(descriptor: CxlMemoryEventDescriptor) -> bool {
    descriptor.contains(CxlMemoryEventDescriptor::THRESHOLD)
}

/// The first columns of all component events.
fn header(event: &CxlComponentEvent<'_>, record: &CxlEventHeader) -> [(&'static str, Value); 14] {
    let host = event.device_id().map(|id| id.address().to_string());
    let log_type = ["Informational", "Warning", "Failure", "Fatal"];
    [
        ("memdev", Value::Null),
        ("host", host.into()),
        ("serial", event.device_serial_number().map(wide).into()),
        ("log_type", log_type[usize::from(record.severity().raw() & 3)].to_owned().into()),
        ("hdr_uuid", event.event_type().raw().to_string().into()),
        ("hdr_flags", record.flags_raw().raw().into()),
        ("hdr_handle", record.handle().into()),
        ("hdr_related_handle", record.related_handle_raw().into()),
        ("hdr_ts", record.timestamp().map(|time| time::local(time / 1_000_000_000)).into()),
        ("hdr_length", record.length_raw().into()),
        ("hdr_maint_op_class", record.maintenance_operation_class().into()),
        ("hdr_maint_op_sub_class", record.maintenance_operation_subclass().into()),
        ("hdr_ld_id", record.ld_id().into()),
        ("hdr_head_id", record.head_id().into()),
    ]
}

fn component(id: Option<&CxlComponentId>) -> Value {
    id.map(|id| blob(id.bytes())).into()
}

fn entity(id: Option<&CxlPldmComponentId>) -> Value {
    id.and_then(CxlPldmComponentId::entity_id).map(|id| blob(&id)).into()
}

fn resource(id: Option<&CxlPldmComponentId>) -> Value {
    id.and_then(CxlPldmComponentId::resource_id).map(|id| blob(&id)).into()
}
