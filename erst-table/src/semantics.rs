//! Whose reading of chapter 18.5 applies: the text's or Linux's.

use core::fmt;

/// Whose rules apply where the ACPI text and Linux differ.
///
/// Linux's interpreter (6.12 `drivers/acpi/apei/erst.c` and `apei-base.c`) keeps one running value, which is the
/// operating system's input, the last value read and the last value written. Where the text takes an instruction's
/// operand from its own Value field, Linux takes that running value:
///
/// | instruction | ACPI 6.5 text | Linux |
/// |---|---|---|
/// | `WRITE_REGISTER` | writes the operating system's input | writes the running value |
/// | `WRITE_REGISTER_VALUE` | writes Value | the same, and the running value becomes Value |
/// | `SUBTRACT` | VAR1 = VAR2 - VAR1 | VAR1 = VAR1 - VAR2 |
/// | `ADD_VALUE`, `SUBTRACT_VALUE` | operand is Value | operand is the running value |
/// | `STALL` | Value microseconds | the running value, at most 50 µs |
/// | `STALL_WHILE_TRUE` | compares with Value, VAR1 µs a turn | the running value, at most 50 µs a turn |
/// | `SKIP_NEXT_INSTRUCTION_IF_TRUE` | compares with Value | compares with the running value |
/// | `GOTO` | to index Value | to the running value, cut to 32 bits |
///
/// and of registers:
///
/// | register region | ACPI 6.5 text | Linux |
/// |---|---|---|
/// | access size 0 | "undefined (legacy)": the smallest access that holds the register | refused |
/// | address space | any | system memory and system I/O |
///
/// Firmware that uses none of these instructions (QEMU's, and every table captured so far) runs alike under both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Semantics {
    /// The text of the ACPI specification, chapter 18.5.
    Specification,
    /// What Linux 6.12 does.
    Linux,
}

impl fmt::Display for Semantics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Specification => "specification",
            Self::Linux => "Linux",
        })
    }
}
