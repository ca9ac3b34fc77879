//! CXL protocol errors, as `cxl_cper_print_prot_err` prints them.

use core::fmt;

use zerocopy::IntoBytes;

use super::out::{Out, name_or_unknown, split};
use crate::Severity;
use crate::section::{
    CxlAgentType, CxlProtocolError, CxlProtocolErrorHeader, CxlProtocolValidation, CxlRasCapability,
};
use crate::stored::of_bytes;

pub(super) fn print(out: &mut Out<'_, '_>, body: &[u8], _: Severity) -> fmt::Result {
    let Ok(error) = CxlProtocolError::new(body) else { return out.too_short() };
    // The type decides, even when it is not marked valid.
    let agent = error.agent_type_raw().unwrap_or_default();
    let is_function = agent.name().is_some() && agent != CxlAgentType::RESTRICTED_HOST_DOWNSTREAM_PORT;
    if let Some(agent) = error.agent_type() {
        let name = name_or_unknown(&AGENTS, agent.raw());
        out.inner(format_args!("agent_type: {}, {name}", agent.raw()))?;
    }
    if let Some(address) = error.agent_address() {
        if is_function {
            let (segment, bus, device) = (address.segment(), address.bus(), address.device());
            let function = address.function();
            out.inner(format_args!("agent_address: {segment:04x}:{bus:02x}:{device:02x}.{function:x}"))?;
        } else if agent == CxlAgentType::RESTRICTED_HOST_DOWNSTREAM_PORT {
            out.inner(format_args!("rcrb_base_address: {:#018x}", address.rcrb_base()))?;
        }
    }
    if let (Some(id), true) = (error.device_id(), is_function) {
        let (vendor, device) = (id.vendor_id(), id.device_id());
        out.inner(format_args!("slot: {}", id.slot_number()))?;
        out.inner(format_args!("vendor_id: {vendor:#06x}, device_id: {device:#06x}"))?;
        let (vendor, device) = (id.subsystem_vendor_id(), id.subsystem_device_id());
        out.inner(format_args!("sub_vendor_id: {vendor:#06x}, sub_device_id: {device:#06x}"))?;
        out.inner(format_args!("class_code: {:04x}", id.class_code()))?;
    }
    if let (Some(serial), true) = (error.device_serial_number(), is_device(agent)) {
        let (low, high) = (serial as u32, serial >> 32);
        out.inner(format_args!("lower_dw: {low:#010x}, upper_dw: {high:#010x}"))?;
    }
    if let (Some(capability), true) = (error.capability_structure(), is_function) {
        out.dump(2, capability.as_bytes(), 4, false)?;
    }
    // Linux checks neither length against the section's.
    let after = error.bytes().get(CxlProtocolErrorHeader::SIZE..).unwrap_or_default();
    let dvsec_length = error.dvsec_length_raw().unwrap_or_default();
    let (dvsec, log) = split(after, dvsec_length.into());
    if error.validation().contains(CxlProtocolValidation::DVSEC) {
        out.inner(format_args!("DVSEC length: {dvsec_length:#06x}"))?;
        out.inner(format_args!("CXL DVSEC:"))?;
        out.dump(2, dvsec, 4, false)?;
    }
    if error.validation().contains(CxlProtocolValidation::ERROR_LOG) {
        let length = error.error_log_length_raw().unwrap_or_default();
        out.inner(format_args!("Error log length: {length:#06x}"))?;
        error_log(out, log)?;
    }
    Ok(())
}

/// Whether the agent is one of the devices, which have serial numbers.
fn is_device(agent: CxlAgentType) -> bool {
    matches!(
        agent,
        CxlAgentType::RESTRICTED_DEVICE
            | CxlAgentType::DEVICE
            | CxlAgentType::LOGICAL_DEVICE
            | CxlAgentType::FM_OWNED_LOGICAL_DEVICE
    )
}

fn error_log(out: &mut Out<'_, '_>, log: &[u8]) -> fmt::Result {
    let (registers, header) = split(log, CxlRasCapability::SIZE.saturating_sub(HEADER_LOG));
    let ras: CxlRasCapability = of_bytes(registers);
    out.inner(format_args!("CXL Error Log:"))?;
    for (name, value) in [
        ("cxl_ras_uncor_status", ras.uncorrectable_error_status().bits()),
        ("cxl_ras_uncor_mask", ras.uncorrectable_error_mask().bits()),
        ("cxl_ras_uncor_severity", ras.uncorrectable_error_severity().bits()),
        ("cxl_ras_cor_status", ras.correctable_error_status().bits()),
        ("cxl_ras_cor_mask", ras.correctable_error_mask().bits()),
        ("cap_control", ras.capability_control()),
    ] {
        out.inner(format_args!("{name}: {value:#010x}"))?;
    }
    out.inner(format_args!("Header Log Registers:"))?;
    out.dump(2, split(header, HEADER_LOG).0, 4, false)
}

/// Bytes of the header log, which ends the RAS capability structure.
const HEADER_LOG: usize = size_of::<[u32; 16]>();

const AGENTS: [&str; 8] = [
    "Restricted CXL Device",
    "Restricted CXL Host Downstream Port",
    "CXL Device",
    "CXL Logical Device",
    "CXL Fabric Manager managed Logical Device",
    "CXL Root Port",
    "CXL Downstream Switch Port",
    "CXL Upstream Switch Port",
];
