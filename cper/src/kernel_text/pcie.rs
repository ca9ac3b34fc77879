//! PCI Express errors, as `cper_print_pcie` prints them.

use core::fmt;

use super::out::{Out, signed};
use crate::Severity;
use crate::kernel_version::KernelVersion;
use crate::section::{PcieErrorView, PciePortType};

pub(super) fn print(out: &mut Out<'_, '_>, body: &[u8], severity: Severity) -> fmt::Result {
    let Ok(pcie) = PcieErrorView::new(body) else { return out.too_short() };
    if let Some(port) = pcie.port_type() {
        out.body(format_args!("port_type: {}, {}", signed(port.raw()), port_name(port)))?;
    }
    if let Some(version) = pcie.version() {
        // The stored digits are printed as binary numbers.
        out.body(format_args!("version: {}.{}", version.major(), version.minor()))?;
    }
    if let Some(registers) = pcie.command_status() {
        let (command, status) = (registers.command().bits(), registers.status().raw());
        out.body(format_args!("command: {command:#06x}, status: {status:#06x}"))?;
    }
    if let (Some(_), Some(id)) = (pcie.address(), pcie.device_id()) {
        let (segment, bus, device, function) = (id.segment(), id.bus(), id.device(), id.function());
        out.body(format_args!("device_id: {segment:04x}:{bus:02x}:{device:02x}.{function:x}"))?;
        out.body(format_args!("slot: {}", id.slot_number()))?;
        out.body(format_args!("secondary_bus: {:#04x}", id.secondary_bus()))?;
        out.body(format_args!("vendor_id: {:#06x}, device_id: {:#06x}", id.vendor_id(), id.device_id()))?;
        out.body(format_args!("class_code: {:06x}", id.class_code()))?;
    }
    if let Some(serial) = pcie.device_serial_number() {
        let (low, high) = (serial as u32, serial >> 32);
        out.body(format_args!("serial number: {low:#06x}, {high:#06x}"))?;
    }
    if let Some(bridge) = pcie.bridge_control_status() {
        let (status, control) = (bridge.secondary_status().raw(), bridge.control().bits());
        out.body(format_args!("bridge: secondary_status: {status:#06x}, control: {control:#06x}"))?;
    }
    let Some(aer) = pcie.aer_info() else { return Ok(()) };
    if out.options.version >= KernelVersion::V6_12 {
        let (status, mask) = (aer.correctable_error_status().bits(), aer.correctable_error_mask().bits());
        out.body(format_args!("aer_cor_status: {status:#010x}, aer_cor_mask: {mask:#010x}"))?;
    } else if !lowest_bit(severity) {
        return Ok(());
    }
    let (status, mask) = (aer.uncorrectable_error_status().bits(), aer.uncorrectable_error_mask().bits());
    out.body(format_args!("aer_uncor_status: {status:#010x}, aer_uncor_mask: {mask:#010x}"))?;
    out.body(format_args!("aer_uncor_severity: {:#010x}", aer.uncorrectable_error_severity().bits()))?;
    let [a, b, c, d] = aer.header_log();
    out.body(format_args!("TLP Header: {a:08x} {b:08x} {c:08x} {d:08x}"))
}

/// Linux 6.1 asks for the bit of fatal severity, which informational severity has too.
fn lowest_bit(severity: Severity) -> bool {
    severity.raw() & Severity::FATAL.raw() != 0
}

/// Linux words end points in its own way.
fn port_name(port: PciePortType) -> &'static str {
    match port {
        PciePortType::ENDPOINT => "PCIe end point",
        PciePortType::LEGACY_ENDPOINT => "legacy PCI end point",
        PciePortType::ROOT_COMPLEX_INTEGRATED_ENDPOINT => "root complex integrated endpoint device",
        _ => port.name().unwrap_or("unknown"),
    }
}
