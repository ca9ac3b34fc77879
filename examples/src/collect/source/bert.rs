//! The boot error region: status blocks that firmware left for this boot. Linux clears their block status once it has
//! printed them (6.12 `drivers/acpi/apei/bert.c`); what is in them stays. It cannot be cleared and need not be.

/// Where Linux shows it (6.12 `drivers/acpi/sysfs.c`).
pub const PATH: &str = "sys/firmware/acpi/tables/data/BERT";
