//! What the module `ras_erst` does with bytes: finds the error sources in HEST, turns the entries of a fatal status block
//! into records while the machine dies, shows what is stored, and tells it as trace events. What it does with the kernel is in `kernel/shim.c`.
//!
//! The modules `hest`, `panic_record` and `replay` are ordinary safe code, tested on the host; `entry_points` is what C calls.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

#[cfg(not(test))]
mod entry_points;
mod hest;
mod panic_record;
mod replay;
