//! What Linux leaves behind when it dies: the kernel logs, machine checks and hardware errors that pstore keeps in ACPI
//! ERST, EFI variables, reserved memory (ramoops) and block devices (pstore/blk). Read, put together and written,
//! without a heap, a copy or a panic.
//!
//! A store holds records of many boots in any order: logs in parts, compressed or not, some of them torn. This crate
//! tells what each record holds, which of them belong together, and what is missing; and it writes such records, at
//! panic time too, so that every kernel reads them.
//!
//! # Parse
//!
//! ```
//! use pstore_format::dmesg::{Header, Line, lines};
//! use pstore_format::inflate::Inflater;
//! use pstore_format::record::{Payload, StoredRecord};
//!
//! # let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/crash-z.01-6b02982900000001.cper"))?;
//! let record = StoredRecord::parse(&bytes)?; // out of ERST
//! let mut text = vec![0; 32768];
//! let text = match record.payload() {
//!     Payload::Dmesg(text) => text,
//!     Payload::CompressedDmesg(stream) => {
//!         let length = Inflater::new().inflate(stream, &mut text)?.length;
//!         &text[..length]
//!     }
//!     other => panic!("no kernel log: {other:?}"),
//! };
//! let (header, log) = Header::parse(text).ok_or("no dump")?;
//! println!("{} of boot {:?}: {header}", record.id(), record.id().boot_time());
//! let worst = lines(log).filter_map(|line: Line| line.level()).min();
//! assert_eq!((header.part, worst), (1, Some(0)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To put the parts of a log together, see [`dmesg`].
//!
//! # Encode
//!
//! ```
//! use pstore_format::produce::encode_dmesg;
//! use pstore_format::record::{Payload, StoredRecord};
//! use pstore_format::{RecordIds, seal};
//!
//! let mut ids = RecordIds::starting_at(1763793600); // one per boot
//! let mut buffer = [0; 8192];
//!
//! let text = b"Panic#1 Part1\n<0>[    2.203827] Kernel Offset: disabled\n";
//! let record = encode_dmesg(text, ids.next_id(), 1763793602, &mut buffer)?;
//! seal::seal(record)?; // optional: a reader then knows a torn record from a whole one
//!
//! assert_eq!(StoredRecord::parse(record)?.payload(), Payload::Dmesg(text));
//! assert_eq!(seal::verify(record), seal::Seal::Valid);
//! # Ok::<(), pstore_format::Error>(())
//! ```
//!
//! # What is supported
//!
//! | | read | written |
//! |---|---|---|
//! | ERST: kernel logs, machine checks ([`record`], [`produce`]) | all of Linux's, and the 2023 series' | yes; byte for byte as Linux |
//! | ERST: APEI errors, as the series keeps them | any CPER section | yes, with all that an entry says |
//! | record ids ([`ids`]) | both forms | yes |
//! | kernel logs ([`dmesg`]) | headers, parts, dumps, lines | header lines |
//! | deflate: raw (windows of 11 to 15 bits) and zlib ([`inflate`]) | yes | no |
//! | LZO, LZ4, 842, Zstandard | recognised | no |
//! | names of files, EFI variables, `HwErrRec####` ([`names`]) | all forms | yes |
//! | ramoops: zones, layout, Reed-Solomon codes ([`ramoops`]) | both byte orders | the codes |
//! | pstore/blk: zones, layout, dumps ([`blk`]) | both byte orders, 64-bit kernels | no |
//! | pstore/blk of 32-bit kernels; POWER's nvram and OPAL | no | no |
//! | seals ([`seal`]) | yes | yes |
//! | function traces, user messages, console | as bytes | no |
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `arbitrary` | no | `Arbitrary` for wire structures and values, for tests of what uses them; it needs `std` |
//! | `serde` | no | `Serialize` for [`record::StoredRecord`], as [`cper::fields`] says |
//!
//! # Security
//!
//! The input may be anything: what is in flash was written by a machine that was dying. No public function panics,
//! loops without end or reads outside its slice; lengths inside the input never win over the slice; work is linear in
//! the input and output bounded by the caller's buffers, whatever a stream claims to hold. There is no unsafe code. A
//! seal is a checksum against decay, not a signature against people.
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

#[cfg(test)]
extern crate std;

pub mod blk;
mod compression;
pub mod dmesg;
mod error;
mod grammar;
pub mod ids;
pub mod inflate;
pub mod names;
pub mod produce;
pub mod ramoops;
pub mod record;
pub mod seal;

pub use error::{Error, ErrorKind};
pub use ids::{RecordId, RecordIds};

// Who wrote a record, and what its section is: the types that a caller compares.
pub use cper::{CreatorId, SectionTypeId};
