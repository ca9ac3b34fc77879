//! Reads and explains records: the part of `ras` that handles foreign bytes.
//!
//! Data flow one way: [`input`] loads bytes, [`recognise`] says what they are, [`scan`] walks over them and reports
//! what it [`found`], [`event`] judges it, and [`text`], [`json`] and [`kernel`] write it. Only the program's commands
//! use this library.

// Its documentation is for readers of the source.
#![allow(missing_docs, missing_debug_implementations, clippy::missing_errors_doc)]
// A print panics where its stream cannot be written: messages go through `message`.
#![cfg_attr(not(test), deny(clippy::print_stderr, clippy::print_stdout))]
// Text is formatted in memory, where writing cannot fail; a panic there would be a bug to find.
#![allow(clippy::format_push_string, clippy::cast_precision_loss)]

pub mod blk;
pub mod cursor;
pub mod cut;
pub mod decompress;
pub mod dmesg;
pub mod dmi;
pub mod event;
pub mod excerpt;
pub mod fields;
pub mod found;
pub mod input;
pub mod json;
pub mod kernel;
pub mod kernel_version;
pub mod key;
pub mod labels;
pub mod machine_check;
pub mod message;
pub mod names;
pub mod not_shown;
pub mod not_valid;
pub mod pci_ids;
pub mod printable;
pub mod problem;
pub mod ramoops;
pub mod raw_text;
pub mod recognise;
pub mod scan;
pub mod screen;
pub mod summary;
pub mod tally;
pub mod text;
pub mod trace;
pub mod unhex;
pub mod walk;
