//! PCIe errors: `aer_event` as Linux's AER driver fills it when GHES hands it a section.

use cper::Severity;
use cper::section::PcieErrorView;

use super::row::Row;

/// Bits of the correctable error status that rasdaemon names.
const CORRECTABLE: [(u32, &str); 8] = [
    (0, "Receiver Error"),
    (6, "Bad TLP"),
    (7, "Bad DLLP"),
    (8, "RELAY_NUM Rollover"),
    (12, "Replay Timer Timeout"),
    (13, "Advisory Non-Fatal"),
    (14, "Corrected Internal Error"),
    (15, "Header Log Overflow"),
];

/// Bits of the uncorrectable error status that rasdaemon names.
const UNCORRECTABLE: [(u32, &str); 17] = [
    (4, "Data Link Protocol"),
    (5, "Surprise Link Down"),
    (12, "Poisoned TLP"),
    (13, "Flow Control Protocol"),
    (14, "Completion Timeout"),
    (15, "Completer Abort"),
    (16, "Unexpected Completion"),
    (17, "Receiver Overflow"),
    (18, "Malformed TLP"),
    (19, "ECRC"),
    (20, "Unsupported Request"),
    (21, "ACS Violation"),
    (22, "Uncorrected Internal"),
    (23, "MC Blocked TLP"),
    (24, "AtomicOp Egress Blocked"),
    (25, "TLP Prefix Blocked"),
    (26, "Poisoned TLP Egrees Blocked"),
];

/// The row, if the section names the device and has its AER registers.
///
/// The logged header is not in it: Linux cuts the word that says whether it is valid to its low byte, which is 0 for
/// every error that logs a header.
pub fn aer_event(pcie: &PcieErrorView<'_>, severity: Severity, reset: bool) -> Option<Row> {
    let (address, aer) = (pcie.address()?, pcie.aer_info()?);
    let fatal = reset || severity == Severity::FATAL;
    let corrected = !fatal && severity != Severity::RECOVERABLE;
    let (status, names) = if corrected {
        let status = aer.correctable_error_status().bits() & !aer.correctable_error_mask().bits();
        (status, &CORRECTABLE[..])
    } else {
        let status = aer.uncorrectable_error_status().bits() & !aer.uncorrectable_error_mask().bits();
        (status, &UNCORRECTABLE[..])
    };
    let err_type = match (fatal, corrected) {
        (true, _) => "Uncorrected (Fatal)",
        (_, true) => "Corrected",
        _ => "Uncorrected (Non-Fatal)",
    };
    Some(Row::new(
        "aer_event",
        [
            ("dev_name", address.to_string().into()),
            ("err_type", err_type.to_owned().into()),
            ("err_msg", names_of(status, names).into()),
        ],
    ))
}

/// The names of the set bits; `BIT3` for one that has none.
fn names_of(status: u32, names: &[(u32, &str)]) -> String {
    let set = (0..u32::BITS).filter(|bit| status >> bit & 1 != 0);
    let name = |bit| match names.iter().find(|(known, _)| *known == bit) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("BIT{bit}"),
    };
    set.map(name).collect::<Vec<_>>().join(", ")
}
