//! Everything the kernel has no event of its own for: `non_standard_event`, the section as it is.

use super::memory::{fru_id, fru_text};
use super::row::{Ghes, Row, blob};
use crate::found::Section;

/// The row of a section.
pub fn non_standard_event(section: &Section<'_>, severity: Ghes) -> Row {
    let severity = match severity {
        Ghes::No => "Informational",
        Ghes::Corrected => "Corrected",
        Ghes::Recoverable => "Recoverable",
        Ghes::Panic => "Fatal",
    };
    Row::new(
        "non_standard_event",
        [
            ("sec_type", blob(section.kind.raw().bytes())),
            ("fru_id", fru_id(section)),
            ("fru_text", fru_text(section)),
            ("severity", severity.to_owned().into()),
            ("error", blob(section.bytes)),
        ],
    )
}
