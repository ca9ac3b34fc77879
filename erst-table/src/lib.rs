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
mod nvram;
pub mod qemu;
mod record;
mod register;
mod semantics;
#[cfg(feature = "sim")]
pub mod sim;
mod store;
mod table;
mod walk;

pub use check::{Finding, Problem, Severity};
pub use entry::{Action, Instruction, InstructionEntry, InstructionFlags};
pub use error::{Error, ErrorKind, Location};
pub use interpreter::{Interpreter, IoError, Limits, RegisterIo, State};
pub use register::{AccessSize, AccessWidth, AddressSpace, GenericAddress, RegisterFault};
pub use semantics::Semantics;
pub use store::{
    ErrorLogRange, IDENTIFIER_END, IDENTIFIER_UNSPECIFIED, Operation, RangeAttributes, Status, Store, Timings,
};
pub use table::{RegisterLayout, SdtHeader, SerializationHeader, Table, TableBuilder};
pub use walk::{FoundRecord, Walk};
