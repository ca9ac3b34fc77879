//! ACPI ERST table: parse, check, list, build, and run its serialization instructions, `no_std`
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

#[macro_use]
mod open_value;

mod check;
mod entry;
mod error;
mod interpreter;
mod listing;
pub mod qemu;
mod register;
mod semantics;
mod store;
mod table;

pub use check::{Finding, Problem, Severity};
pub use entry::{Action, Instruction, InstructionEntry, InstructionFlags};
pub use error::{Error, ErrorKind, Location};
pub use interpreter::IoError;
pub use register::{AccessSize, AccessWidth, AddressSpace, GenericAddress, RegisterFault};
pub use semantics::Semantics;
pub use store::{RangeAttributes, Status};
pub use table::{RegisterLayout, SdtHeader, SerializationHeader, Table, TableBuilder};
