//! The boot error region: status blocks that firmware left for this boot. Linux writes 0 to their block status at boot,
//! whether it printed a block or skipped it (6.12 `drivers/acpi/apei/bert.c`); the rest of a block stays. The region
//! cannot be cleared and need not be.

use std::fs;
use std::path::Path;

use cper::Guid;

/// Linux's file of the region (6.12 `drivers/acpi/sysfs.c`).
pub const PATH: &str = "sys/firmware/acpi/tables/data/BERT";

/// Linux's file with this boot's random id (`Documentation/admin-guide/sysctl/kernel.rst`).
const BOOT: &str = "proc/sys/kernel/random/boot_id";

/// This boot's id; all zero where it cannot be read.
pub fn boot(root: &Path) -> Guid {
    let text = fs::read_to_string(root.join(BOOT)).unwrap_or_default();
    text.trim_end().parse().unwrap_or(Guid::ZERO)
}
