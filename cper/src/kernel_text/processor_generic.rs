//! Generic processor errors, as `cper_print_proc_generic` prints them.

use core::fmt;

use super::out::{Out, PROCESSOR_ERRORS, name_or_unknown};
use crate::Severity;
use crate::section::ProcessorGenericView;

pub(super) fn print(out: &mut Out<'_, '_>, body: &[u8], _: Severity) -> fmt::Result {
    let Ok(processor) = ProcessorGenericView::new(body) else { return out.too_short() };
    if let Some(kind) = processor.processor_type() {
        let name = name_or_unknown(&["IA32/X64", "IA64", "ARM"], kind.raw());
        out.body(format_args!("processor_type: {}, {name}", kind.raw()))?;
    }
    if let Some(isa) = processor.processor_isa() {
        let name = name_or_unknown(&["IA32", "IA64", "X64", "ARM A32/T32", "ARM A64"], isa.raw());
        out.body(format_args!("processor_isa: {}, {name}", isa.raw()))?;
    }
    if let Some(kinds) = processor.processor_error_type() {
        out.body(format_args!("error_type: {:#04x}", kinds.bits()))?;
        out.list(2, kinds.bits().into(), &PROCESSOR_ERRORS)?;
    }
    if let Some(operation) = processor.operation() {
        let name = operation.name().unwrap_or("unknown");
        out.body(format_args!("operation: {}, {name}", operation.raw()))?;
    }
    if let Some(flags) = processor.flags() {
        out.body(format_args!("flags: {:#04x}", flags.bits()))?;
        out.list(2, flags.bits().into(), &["restartable", "precise IP", "overflow", "corrected"])?;
    }
    if let Some(level) = processor.level() {
        out.body(format_args!("level: {level}"))?;
    }
    for (name, value) in [
        ("version_info", processor.cpu_version_info()),
        ("processor_id", processor.processor_id()),
        ("target_address", processor.target_address()),
        ("requestor_id", processor.requestor_id()),
        ("responder_id", processor.responder_id()),
        ("IP", processor.instruction_ip()),
    ] {
        if let Some(value) = value {
            out.body(format_args!("{name}: {value:#018x}"))?;
        }
    }
    Ok(())
}
