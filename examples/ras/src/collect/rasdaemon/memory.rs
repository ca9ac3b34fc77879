//! Memory errors: `mc_event` as Linux's `ghes_edac` fills it, `extlog_event` as its `acpi_extlog` does.

use cper::section::MemoryErrorView;
use cper::tracepoint::{ExtlogMemEvent, McEvent};
use cper::{Guid, SectionDescriptor, Severity};
use rusqlite::types::Value;

use super::row::{Row, blob, text, wide};
use crate::found::Section;

/// The row of an error that GHES hands to EDAC.
pub fn mc_event(section: &Section<'_>, memory: &MemoryErrorView<'_>, severity: Severity) -> Row {
    let event = McEvent::of(&descriptor(section, severity), memory);
    Row::new(
        "mc_event",
        [
            ("err_count", event.error_count.into()),
            ("err_type", event.error_type.to_string().into()),
            ("err_msg", event.msg.to_string().into()),
            ("label", text(event.label.as_bytes().unwrap_or_default().trim_ascii())),
            ("mc", event.mc_index.into()),
            ("top_layer", event.top_layer.into()),
            ("middle_layer", event.middle_layer.into()),
            ("lower_layer", event.lower_layer.into()),
            ("address", wide(event.address)),
            // Not the grain: how many low bits of the address mean nothing.
            ("grain", event.grain_bits.into()),
            ("syndrome", wide(event.syndrome)),
            ("driver_detail", event.driver_detail.to_string().into()),
        ],
    )
}

/// The row of an error that firmware logs beside a machine check.
pub fn extlog_event(section: &Section<'_>, memory: &MemoryErrorView<'_>, severity: Severity) -> Row {
    let event = ExtlogMemEvent::of(&descriptor(section, severity), memory);
    Row::new(
        "extlog_event",
        [
            ("etype", event.etype.raw().into()),
            // The kernel counts these events since it booted; here each stands for itself.
            ("error_count", event.err_seq.into()),
            ("severity", severity.raw().into()),
            ("address", wide(event.pa)),
            ("fru_id", fru_id(section)),
            ("fru_text", fru_text(section)),
            ("cper_data", blob(&event.data)),
        ],
    )
}

/// What the trace event looks at in a section's descriptor.
fn descriptor(section: &Section<'_>, severity: Severity) -> SectionDescriptor {
    let descriptor = SectionDescriptor::new(severity);
    section.fru_text.map_or(descriptor, |name| descriptor.with_fru_text(name))
}

/// The unit's id, all zeros if there is none.
pub fn fru_id(section: &Section<'_>) -> Value {
    blob(section.fru_id.unwrap_or(Guid::ZERO).bytes())
}

/// The unit's name, empty if there is none.
pub fn fru_text(section: &Section<'_>) -> Value {
    text(section.fru_text.as_ref().map_or(&[], |name| name.text()))
}
