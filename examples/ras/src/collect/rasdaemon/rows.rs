//! The rows that an event becomes, each in the table that rasdaemon has for its section.

use cper::section::Body;
use cper::{NotificationType, SectionFlags, Severity};

use super::row::Row;
use super::{arm, cxl, machine_check, memory, non_standard, nvidia, pcie};
use crate::event::Event;
use crate::found::{Content, Section, What};

/// The rows an event becomes, each with its section's place in the event: one for each section that says something, two
/// where rasdaemon has a decoder of the vendor's, none for one without a valid field beside others, and none for kernel
/// logs, tables and bad parts, which rasdaemon has no tables for.
pub fn rows(event: &Event<'_>) -> Vec<(u32, Row)> {
    let sections = (0..).zip(event.sections()).filter(|(_, section)| !section.idle);
    sections
        .flat_map(|(place, section)| rows_of(event, section).into_iter().map(move |row| (place, row)))
        .collect()
}

/// The rows a section becomes: those of the trace event that Linux makes of it, or would make if it had a driver for
/// it.
///
/// | section | Linux | table |
/// |---|---|---|
/// | memory | `ghes_edac` | `mc_event` |
/// | memory, in firmware's record of a corrected machine check | `acpi_extlog` | `extlog_event` |
/// | PCIe with a device and AER registers | AER | `aer_event` |
/// | Arm processor | `log_arm_hw_error` | `arm_event` |
/// | CXL protocol error of a device, with its registers | CXL (6.14) | `cxl_aer_ue_event`, `cxl_aer_ce_event` |
/// | CXL general media, DRAM, memory module event | CXL (6.12) | the table of its name |
/// | other events of a CXL component | CXL | `cxl_generic_event` |
/// | `struct mce` | mce | `mce_record` |
/// | registers of a machine check's bank in another section | mce | `mce_record`, and that of the section |
/// | NVIDIA | | `nvidia_ns_event` or `nvidia_vera_ns_event`, and `non_standard_event` |
/// | all others, and those of the above that miss what their table needs or cannot be read | | `non_standard_event` |
///
/// The last line keeps more than a live kernel, which drops a PCIe section without AER registers. The line before it is
/// what rasdaemon does with a section that it has a vendor's decoder for: `non_standard_event` has the FRU and the
/// severity.
fn rows_of(event: &Event<'_>, section: &Section<'_>) -> Vec<Row> {
    let severity = section.severity;
    let checks = section.machine_checks.iter();
    let mut rows: Vec<Row> =
        checks.map(|check| machine_check::mce_record(&check.record(), check.cpu())).collect();
    let specific = match &section.content {
        Content::Machine(record) => Some(machine_check::mce_record(record, Some(record.cpu()))),
        Content::Log(_) => return Vec::new(),
        Content::Bad(..) | Content::Cut(_) => None,
        Content::Body(body) => match body {
            Body::Memory(memory) if by_machine_check(event) => {
                Some(memory::extlog_event(section, memory, severity.unwrap_or(Severity::FATAL)))
            }
            Body::Memory(memory) => Some(memory::mc_event(section, memory, memory_severity(event, section))),
            Body::Pcie(pcie) => {
                let reset = section.flags.contains(SectionFlags::RESET);
                pcie::aer_event(pcie, severity.unwrap_or(Severity::FATAL), reset)
            }
            Body::ArmProcessor(processor) => Some(arm::arm_event(processor)),
            Body::CxlProtocol(error) => cxl::aer_event(error, severity.unwrap_or(Severity::FATAL)),
            Body::CxlComponentEvent(event) => cxl::component_event(event),
            Body::Nvidia(error) => {
                rows.push(nvidia::ns_event(error, section.bytes));
                None
            }
            Body::NvidiaEvent(event) => {
                rows.extend(nvidia::vera_event(event, section.bytes));
                None
            }
            _ => None,
        },
    };
    if specific.is_none() && section.bytes.is_empty() {
        return rows;
    }
    let row = specific.unwrap_or_else(|| {
        non_standard::non_standard_event(section, severity.unwrap_or(Severity::FATAL).into())
    });
    rows.push(row);
    rows
}

/// Whether firmware logged a corrected machine check with this record: what Linux's extended-log driver reads.
fn by_machine_check(event: &Event<'_>) -> bool {
    let What::Record(stored) = &event.found.what else { return false };
    stored.record().header().notification_type() == NotificationType::CMC
}

/// GHES gives EDAC the severity of the whole block. A memory section that Linux stored before a panic is reported as
/// recoverable when it is read back.
fn memory_severity(event: &Event<'_>, section: &Section<'_>) -> Severity {
    match &event.found.what {
        What::Block(block) => block.severity(),
        _ => section.severity.unwrap_or(Severity::RECOVERABLE),
    }
}
