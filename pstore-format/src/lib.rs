//! What Linux pstore leaves in ERST, EFI variables and ramoops: records, kernel logs, names and seals.
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

#[cfg(test)]
extern crate std;

pub mod blk;
pub mod dmesg;
mod error;
pub mod ids;
pub mod inflate;
pub mod names;
pub mod produce;
pub mod ramoops;
pub mod record;
pub mod seal;

pub use error::{Error, ErrorKind};
pub use ids::{RecordId, RecordIds};
