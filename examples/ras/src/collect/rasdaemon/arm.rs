//! Errors of Arm processors: `arm_event` as Linux's `log_arm_hw_error` fills it.

use cper::section::{ArmErrorInformation, ArmProcessor, ArmProcessorHeader, ArmProcessorValidation};
use cper::zerocopy::IntoBytes;

use super::row::{Row, blob, narrow, wide};

/// Bits 1 to 4 of an error's type.
const TYPES: [&str; 4] = ["cache error", "TLB error", "bus error", "micro-architectural error"];
/// Bits 0 to 3 of an error's flags.
const FLAGS: [&str; 4] = ["first error", "last error", "propagated error", "overflow"];

/// The row. Fields that are not valid hold what the kernel puts there: affinity 255, states -1, addresses 0.
///
/// Contexts and the vendor's part are split where the section splits them. Linux 6.12 counts only eight bytes of each
/// context and leaves the registers to the vendor's part.
pub fn arm_event(processor: &ArmProcessor<'_>) -> Row {
    let errors: Vec<&ArmErrorInformation> = processor.error_information().flatten().collect();
    let valid = processor.validation();
    let state = |value: Option<u32>| {
        value.filter(|_| valid.contains(ArmProcessorValidation::RUNNING_STATE)).unwrap_or(u32::MAX)
    };
    // rasdaemon goes through all errors and keeps what the last one says.
    let count = errors.iter().rev().find_map(|error| error.multiple_error());
    let error_info = errors.iter().rev().find_map(|error| error.error_information());
    let virt = errors.iter().rev().find_map(|error| error.virtual_fault_address());
    let phys = errors.iter().rev().find_map(|error| error.physical_fault_address());
    let types = errors.iter().flat_map(|error| names(u32::from(error.error_type().raw()) >> 1, TYPES));
    let flags = errors.iter().filter_map(|error| error.flags());
    let flags = flags.flat_map(|flags| names(u32::from(flags.bits()), FLAGS));
    Row::new(
        "arm_event",
        [
            ("error_count", count.map_or(0, |count| i64::from(count) + 1).into()),
            ("affinity", processor.error_affinity_level().map_or(0xff, i64::from).into()),
            ("mpidr", wide(processor.mpidr_el1().unwrap_or(0))),
            ("running_state", narrow(state(processor.running_state_raw()))),
            ("psci_state", narrow(state(processor.psci_state_raw()))),
            (
                "err_info",
                blob(&errors.iter().flat_map(|error| error.as_bytes()).copied().collect::<Vec<_>>()),
            ),
            ("context_info", blob(contexts(processor))),
            ("vendor_info", blob(processor.vendor_specific())),
            ("error_type", types.collect::<Vec<_>>().join(" ").into()),
            ("error_flags", flags.collect::<Vec<_>>().join(" ").into()),
            ("error_info", wide(error_info.unwrap_or(0))),
            ("virt_fault_addr", wide(virt.unwrap_or(0))),
            ("phy_fault_addr", wide(phys.unwrap_or(0))),
        ],
    )
}

/// The contexts with their headers: what lies between the errors and the vendor's part.
fn contexts<'a>(processor: &ArmProcessor<'a>) -> &'a [u8] {
    let bytes = processor.bytes();
    let start = ArmProcessorHeader::SIZE + usize::from(processor.err_info_num()) * ArmErrorInformation::SIZE;
    let end = bytes.len() - processor.trailing().len() - processor.vendor_specific().len();
    bytes.get(start..end).unwrap_or_default()
}

/// The names of the set bits.
fn names(bits: u32, names: [&'static str; 4]) -> impl Iterator<Item = &'static str> {
    (0..).zip(names).filter(move |(bit, _)| bits >> bit & 1 != 0).map(|(_, name)| name)
}
