//! The ACPI Error Record Serialization Table (ERST, ACPI 6.5 section 18.5): read, checked, listed, written, and run.
//!
//! ERST is a little program that firmware gives to the operating system: sixteen actions, each a run of instructions on
//! registers, with which a kernel stores an error record before the machine dies and fetches it after the reboot. This
//! crate has everything between those bytes and the record: the [`Table`] and what is wrong with it, an [`Interpreter`]
//! of its instructions over the machine's registers, the [`Store`] that runs them in the right order, and the backing
//! image of QEMU's device ([`qemu`]), so that a hypervisor's host reads what its guests left.
//!
//! # Read a table
//!
//! ```
//! use erst_table::{Semantics, Table};
//!
//! # let mut buffer = [0; 912];
//! # let entries = erst_table::RegisterLayout::at(0xfebf_d000).entries();
//! # let bytes = erst_table::TableWriter::new(&entries).encode(&mut buffer)?;
//! let table = Table::parse(bytes)?; // /sys/firmware/acpi/tables/ERST
//! println!("{table}"); // an assembly-like listing, a block for each action
//! for finding in table.check(Semantics::Linux) {
//!     println!("{finding}"); // error: entry 7: instruction 0x13 is not defined
//! }
//! # assert!(table.accepted(Semantics::Specification).is_ok());
//! # Ok::<(), erst_table::Error>(())
//! ```
//!
//! # Write a table, and run it
//!
//! ```
//! use erst_table::{AccessWidth, Action, AddressSpace, Interpreter, IoError, RegisterIo};
//! use erst_table::{RegisterLayout, Semantics, Table, TableWriter};
//!
//! /// A machine whose registers remember what was written last.
//! struct Machine(u64);
//!
//! impl RegisterIo for Machine {
//!     fn read(
//!         &mut self,
//!         space: AddressSpace,
//!         address: u64,
//!         width: AccessWidth,
//!     ) -> Result<u64, IoError> {
//!         Ok(self.0)
//!     }
//!     fn write(
//!         &mut self,
//!         space: AddressSpace,
//!         address: u64,
//!         width: AccessWidth,
//!         value: u64,
//!     ) -> Result<(), IoError> {
//!         self.0 = value;
//!         Ok(())
//!     }
//!     fn stall_us(&mut self, microseconds: u64) {}
//! }
//!
//! // QEMU's layout; or entries of your own.
//! let entries = RegisterLayout::at(0xfebf_d000).entries();
//! let mut buffer = [0; 912];
//! let bytes = TableWriter::new(&entries).with_oem(*b"BOCHS ", *b"BXPC    ", 1).encode(&mut buffer)?;
//!
//! let mut interpreter = Interpreter::new(&Table::parse(bytes)?, Semantics::Specification);
//! assert_eq!(interpreter.run(Action::GET_RECORD_COUNT, &mut Machine(0))?, 0x0a);
//! # Ok::<(), erst_table::Error>(())
//! ```
//!
//! # Store and fetch records
//!
//! With [`RegisterIo`] over the machine's registers; here over the simulated device of the feature `sim`.
//!
//! ```
//! # #[cfg(feature = "sim")] {
//! use erst_table::{Semantics, Store, Walk, sim::SimulatedDevice};
//!
//! # let mut record = [0; 128];
//! # record[..4].copy_from_slice(b"CPER");
//! # record[6..10].fill(0xff);
//! # record[20] = 128;
//! # record[96] = 7;
//! # record[108..110].copy_from_slice(b"ER");
//! let (mut image, mut range, mut buffer) = ([0; 16 * 4096], [0; 4096], [0; 912]);
//! let mut io = SimulatedDevice::new(&mut image, &mut range)?;
//! let table = SimulatedDevice::table(&mut buffer)?;
//!
//! // While the machine is healthy.
//! let mut store = Store::open(&table, Semantics::Linux, &mut io)?;
//! store.write(&record, &mut io)?; // in the panic: no heap, no panic, bounded time
//!
//! let (mut walk, mut buffer) = (Walk::new(), [0; 4096]); // after the reboot
//! while let Some(found) = walk.next_record(&mut store, &mut buffer, &mut io)? {
//!     assert_eq!(found.record?, record);
//!     store.clear(found.identifier, &mut io)?;
//! }
//! # }
//! # Ok::<(), erst_table::Error>(())
//! ```
//!
//! # What is supported
//!
//! | what | supported |
//! |---|---|
//! | all 16 actions, all 19 instructions | yes, by the text and as Linux runs them ([`Semantics`]) |
//! | registers in system memory and system I/O | yes, through [`RegisterIo`] |
//! | registers in other address spaces | handed to [`RegisterIo`] by the text's rules, refused by Linux's |
//! | write, dummy write, read, clear, count, list | yes |
//! | records in a non-volatile range (NVRAM mode) | yes, scanned and cleared in place; Linux has no such mode |
//! | execute timings (ACPI 6.3) | yes |
//! | QEMU's backing image, header of any size | read, checked, written, cleared records brought back |
//! | what is inside a record | no: it is bytes with a length and an identifier; the crate `cper` reads it |
//! | telling a torn record whose length and identifier are right | no: that takes a seal in the record's contents |
//! | EINJ, which uses the same instruction entries | no |
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `arbitrary` | no | `Arbitrary` for wire structures and values, for tests of what uses them; it needs `std` |
//! | `serde` | no | `Serialize` for tables, entries and findings |
//! | `sim` | no | a simulated device that can be cut from its power at any byte, for tests |
//!
//! # Security
//!
//! Tables come from firmware, images from guests, records from whoever wrote them: all may be hostile. No public
//! function panics, loops without end or reads outside its slice; lengths inside never win over the slice, and a slot
//! with a wrong length hides no neighbour. A run of an action is bounded in steps and in time, an operation of the
//! store by its patience, a walk by a number of steps. A table can do what [`RegisterIo`] lets it do: its instructions
//! name physical addresses, and `MOVE_DATA` copies memory. An implementation therefore serves only what the platform's
//! ERST may touch. There is no unsafe code.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
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

mod check;
mod entry;
mod error;
mod grammar;
mod interpreter;
mod io;
mod listing;
mod nvram;
mod operation;
pub mod qemu;
mod record;
mod register;
mod semantics;
#[cfg(feature = "sim")]
pub mod sim;
mod store;
mod stored;
mod structure;
mod table;
mod walk;

/// The crate whose trait `Flags` all sets of flags have.
pub use bitflags;
pub use check::{Finding, FindingSeverity, Problem};
pub use entry::{Action, Instruction, InstructionEntry, InstructionFlags};
pub use error::{Error, ErrorKind, Location};
pub use interpreter::{Interpreter, Limits, State};
pub use io::{IoError, RegisterIo};
pub use operation::{Operation, Status};
pub use register::{AccessSize, AccessWidth, AddressSpace, GenericAddress, RegisterFault};
pub use semantics::Semantics;
pub use store::{ErrorLogRange, IDENTIFIER_END, IDENTIFIER_UNSPECIFIED, RangeAttributes, Store, Timings};
pub use table::{RegisterLayout, SdtHeader, SerializationHeader, Table, TableWriter};
pub use walk::{FoundRecord, Walk};
