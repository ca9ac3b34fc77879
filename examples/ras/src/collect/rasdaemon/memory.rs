//! Memory errors: `mc_event` as Linux' `ghes_edac` fills it, `extlog_event` as its `acpi_extlog` does.

use std::fmt::Write as _;

use cper::section::{MemoryError, MemoryErrorView};
use cper::{FruText, Guid, KernelText, SectionTypeId, Severity};
use rusqlite::types::Value;

use super::row::{Ghes, Row, blob, text, wide};
use crate::found::Section;

/// What `ghes_edac` calls a DIMM that the SMBIOS tables do not have.
const NO_LABEL: &[u8] = b"unknown memory";

/// The row of an error that GHES hands to EDAC.
///
/// The label is that of the field-replaceable unit: the kernel finds its own in the SMBIOS tables of the machine, and
/// where it finds none it has nothing to say.
pub fn mc_event(section: &Section<'_>, memory: &MemoryErrorView<'_>, severity: Ghes) -> Row {
    let told = Told::by(memory);
    let label = section.fru_text.as_ref().map(FruText::text).filter(|name| !name.trim_ascii().is_empty());
    let err_type = match severity {
        Ghes::No => "Info",
        Ghes::Corrected => "Corrected",
        Ghes::Recoverable => "Uncorrected",
        Ghes::Panic => "Fatal",
    };
    Row::new(
        "mc_event",
        [
            ("err_count", 1.into()),
            ("err_type", err_type.to_owned().into()),
            ("err_msg", told.kind.unwrap_or("unknown error".into()).into()),
            ("label", text(label.unwrap_or(NO_LABEL).trim_ascii())),
            ("mc", 0.into()),
            // Layers of a memory controller, of which the section says nothing.
            ("top_layer", (-1).into()),
            ("middle_layer", (-1).into()),
            ("lower_layer", (-1).into()),
            ("address", wide(memory.physical_address().unwrap_or(0))),
            ("grain", grain_bits(memory.physical_address_mask()).into()),
            ("syndrome", 0.into()),
            ("driver_detail", told.detail.into()),
        ],
    )
}

/// How many low bits of the address mean nothing. rasdaemon stores this number, not the grain.
fn grain_bits(mask: Option<u64>) -> u32 {
    // Without a mask the grain is a byte.
    let grain = mask.map_or(1, |mask| (!mask).wrapping_add(1)).max(1);
    u64::BITS - (grain - 1).leading_zeros()
}

/// What the kernel says of a memory error.
struct Told {
    /// The kind, `None` if it is not valid.
    kind: Option<String>,
    /// Where and how.
    detail: String,
}

impl Told {
    /// Taken out of the lines that the kernel prints for the section: EDAC puts together the same pieces.
    fn by(memory: &MemoryErrorView<'_>) -> Self {
        let lines =
            KernelText::of_section(SectionTypeId::MEMORY, Severity::FATAL, memory.bytes()).to_string();
        let (mut kind, mut status, mut place) = (None, None, String::new());
        for line in lines.lines().skip(1).map(|line| line.trim_start_matches(' ')) {
            if let Some(rest) = line.strip_prefix("error_status: ") {
                status = rest.rsplit_once(" (").map(|(words, _)| words.to_owned());
            } else if let Some(rest) = line.strip_prefix("error_type: ") {
                kind = rest.split_once(", ").map(|(_, name)| name.to_owned());
            } else if !line.starts_with("physical_address") {
                place.push_str(line);
            }
        }
        let mut detail = format!("APEI location: {}", place.trim_end());
        if let (Some(words), Some(status)) = (status, memory.error_status()) {
            let _ = write!(detail, " status({:#018x}): {words}", status.raw());
        }
        Self { kind, detail }
    }
}

/// The row of an error that firmware logs beside a machine check.
pub fn extlog_event(section: &Section<'_>, memory: &MemoryErrorView<'_>, severity: Severity) -> Row {
    Row::new(
        "extlog_event",
        [
            ("etype", memory.memory_error_type().map_or(0xff, |kind| i64::from(kind.raw())).into()),
            // The kernel counts these events since it booted; here each stands for itself.
            ("error_count", 1.into()),
            ("severity", severity.raw().into()),
            ("address", wide(memory.physical_address().unwrap_or(u64::MAX))),
            ("fru_id", fru_id(section)),
            ("fru_text", fru_text(section)),
            ("cper_data", blob(&compact(memory))),
        ],
    )
}

/// The section as the kernel's trace event packs it: 55 bytes.
fn compact(memory: &MemoryErrorView<'_>) -> Vec<u8> {
    let mut bytes = [0; MemoryError::SIZE];
    bytes.iter_mut().zip(memory.bytes()).for_each(|(to, from)| *to = *from);
    // Validity; node to bit position, requestor to target; rank and the two handles; what the 73-byte form lacks.
    [&bytes[0..8], &bytes[32..72], &bytes[74..80], &bytes[73..74]].concat()
}

/// The unit's id, all zeros if there is none.
pub fn fru_id(section: &Section<'_>) -> Value {
    blob(section.fru_id.unwrap_or(Guid::ZERO).bytes())
}

/// The unit's name, empty if there is none.
pub fn fru_text(section: &Section<'_>) -> Value {
    text(section.fru_text.as_ref().map_or(&[], |name| name.text()))
}
