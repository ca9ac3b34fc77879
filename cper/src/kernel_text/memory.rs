//! Memory errors, as `cper_print_mem` prints them.

use core::fmt;

use super::out::Out;
use crate::Severity;
use crate::section::{MemoryErrorType, MemoryErrorView, MemoryValidation};

pub(super) fn print(out: &mut Out<'_, '_>, body: &[u8], _: Severity) -> fmt::Result {
    let Ok(memory) = MemoryErrorView::new(body) else { return out.too_short() };
    let beyond = memory.validation().bits() >= MemoryValidation::RANK.bits();
    if memory.bytes().len() == MemoryErrorView::MIN && beyond {
        return out.f.write_str("[Firmware Warn]: valid bits set for fields beyond structure\n");
    }
    if let Some(status) = memory.error_status() {
        let name = error_status(status.error_type().raw());
        out.inner(format_args!("error_status: {name} ({:#018x})", status.raw()))?;
    }
    if let Some(address) = memory.physical_address() {
        out.body(format_args!("physical_address: {address:#018x}"))?;
    }
    if let Some(mask) = memory.physical_address_mask() {
        out.body(format_args!("physical_address_mask: {mask:#018x}"))?;
    }
    location(out, &memory)?;
    if let Some(kind) = memory.memory_error_type() {
        out.body(format_args!("error_type: {}, {}", kind.raw(), error_type(kind)))?;
    }
    match module_handle(&memory) {
        Some(handle) => out.body(format_args!("DIMM location: not present. DMI handle: {handle:#06x} ")),
        None => Ok(()),
    }
}

/// The places that are known, in one line.
fn location(out: &mut Out<'_, '_>, memory: &MemoryErrorView<'_>) -> fmt::Result {
    if places(memory).iter().all(|(_, value, _)| value.is_none()) {
        return Ok(());
    }
    out.begin(2)?;
    write_location(&mut out.f, memory)?;
    out.f.write_char('\n')
}

/// The places that are known, a blank behind each.
pub(crate) fn write_location(f: &mut dyn fmt::Write, memory: &MemoryErrorView<'_>) -> fmt::Result {
    for (name, value, hex) in places(memory) {
        match value {
            Some(value) if hex => write!(f, "{name}:{value:#018x} ")?,
            Some(value) => write!(f, "{name}:{value} ")?,
            None => {}
        }
    }
    Ok(())
}

/// The places of the error, and whether each is printed as hex.
fn places(memory: &MemoryErrorView<'_>) -> [(&'static str, Option<u64>, bool); 15] {
    let rank = past_the_end(memory, MemoryValidation::RANK, memory.rank_raw());
    [
        ("node", memory.node().map(u64::from), false),
        ("card", memory.card().map(u64::from), false),
        ("module", memory.module().map(u64::from), false),
        ("rank", rank.map(u64::from), false),
        ("bank", memory.bank().map(u64::from), false),
        ("bank_group", memory.bank_group().map(u64::from), false),
        ("bank_address", memory.bank_address().map(u64::from), false),
        ("device", memory.device().map(u64::from), false),
        ("row", memory.row().map(u64::from), false),
        ("column", memory.column().map(u64::from), false),
        ("bit_position", memory.bit_position().map(u64::from), false),
        ("requestor_id", memory.requestor_id(), true),
        ("responder_id", memory.responder_id(), true),
        ("target_id", memory.target_id(), true),
        ("chip_id", memory.chip_id().map(u64::from), false),
    ]
}

/// The SMBIOS handle of the DIMM.
pub(crate) fn module_handle(memory: &MemoryErrorView<'_>) -> Option<u16> {
    past_the_end(memory, MemoryValidation::MODULE_HANDLE, memory.module_handle_raw())
}

/// A field that a short form does not have. Linux reads on after the section's end; here the bytes count as zeros.
fn past_the_end<T: Default>(
    memory: &MemoryErrorView<'_>,
    flag: MemoryValidation,
    raw: Option<T>,
) -> Option<T> {
    memory.validation().contains(flag).then(|| raw.unwrap_or_default())
}

/// Linux writes one name with a capital letter.
pub(crate) fn error_type(kind: MemoryErrorType) -> &'static str {
    match kind {
        MemoryErrorType::MIRROR_BROKEN => "mirror Broken",
        _ => kind.name().unwrap_or("unknown"),
    }
}

pub(crate) fn error_status(kind: u8) -> &'static str {
    match kind {
        1 => "Error detected internal to the component",
        4 => "Storage error in DRAM memory",
        5 => "Storage error in TLB",
        6 => "Storage error in cache",
        7 => "Error in one or more functional units",
        8 => "Component failed self test",
        9 => "Overflow or undervalue of internal queue",
        16 => "Error detected in the bus",
        17 => "Virtual address not found on IO-TLB or IO-PDIR",
        18 => "Improper access error",
        19 => "Access to a memory address which is not mapped to any component",
        20 => "Loss of Lockstep",
        21 => "Response not associated with a request",
        22 => "Bus parity error - must also set the A, C, or D Bits",
        23 => "Detection of a protocol error",
        24 => "Detection of a PATH_ERROR",
        25 => "Bus operation timeout",
        26 => "A read was issued to data that has been poisoned",
        _ => "Reserved",
    }
}
