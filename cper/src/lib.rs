//! UEFI Common Platform Error Records (CPER, UEFI 2.11 Appendix N) and ACPI generic error status blocks (ACPI 6.5,
//! chapter 18): read, written and patched in place, without a heap, a copy or a panic.
//!
//! A record is what firmware and kernels write down of a hardware error: a header, section descriptors, and a body
//! per section that says what broke. This crate models the record as bytes: a view hands on exactly what it was
//! given, a bad section is that section's error and hides none of its siblings, and a value nobody has named yet is
//! kept like any other.
//!
//! # Parse
//!
//! ```
//! use cper::section::Body;
//!
//! # use cper::{section::MemoryError, *};
//! # let mut buffer = [0; 512];
//! # let mut writer = RecordWriter::new(&mut buffer, &RecordHeader::fatal(NotificationType::MCE))?;
//! # writer.section(&SectionDescriptor::primary(Severity::FATAL), &MemoryError::new().with_physical_address(0x1000))?;
//! # let bytes = writer.finish()?;
//! let record = cper::Record::parse(bytes)?;
//! println!("{} {}", record.severity(), record.notification_type());
//! for section in record.sections() {
//!     match section?.body()? {
//!         // `None` when the field's validity bit is clear.
//!         Body::Memory(memory) => println!("DIMM at {:x?}", memory.physical_address()),
//!         Body::Pcie(pcie) => println!("{:?}", pcie.address()),
//!         other => println!("{}: {}", other.name(), other.summary()), // unknown ones too
//!     }
//! }
//! # Ok::<(), cper::Error>(())
//! ```
//!
//! # Encode
//!
//! ```
//! use cper::section::{MemoryError, MemoryErrorType};
//! use cper::{
//!     CreatorId, FruText, NotificationType, Record, RecordHeader, RecordWriter,
//!     SectionDescriptor, SectionTypeId, Severity,
//! };
//!
//! // Made while all is well.
//! let dimms = [
//!     (FruText::new(b"DIMM_A1")?, 0x1008_0040),
//!     (FruText::new(b"DIMM_B1")?, 0x2_5000_1000),
//! ];
//! # let (section_type, raw) = (SectionTypeId::NVIDIA, b"what the driver says");
//!
//! let header = RecordHeader::fatal(NotificationType::MCE)
//!     .with_creator_id(CreatorId::LINUX_PSTORE)
//!     .with_record_id(7);
//! let mut buffer = [0; 1024];
//! // The count is a hint: count, offsets and lengths are computed.
//! let mut writer = RecordWriter::for_sections(&mut buffer, &header, dimms.len() + 1)?;
//! for (name, address) in dimms {
//!     writer.section(
//!         &SectionDescriptor::primary(Severity::FATAL).with_fru_text(name),
//!         &MemoryError::new()
//!             .with_physical_address(address)
//!             .with_memory_error_type(MemoryErrorType::MULTI_BIT_ECC),
//!     )?;
//! }
//! // A type that is known at run time.
//! writer.section_bytes(section_type, &SectionDescriptor::new(Severity::FATAL), raw)?;
//! let record = writer.finish()?; // ready for ERST
//! assert_eq!(Record::parse(record)?.sections().count(), 3);
//! # Ok::<(), cper::Error>(())
//! ```
//!
//! A record that is laid out while the machine is healthy and only patched when it dies is a [`PreparedRecord`], or a
//! [`RecordMut`] over bytes from elsewhere; a status block is a [`PreparedStatusBlock`]:
//!
//! ```
//! use cper::section::MemoryError;
//! use cper::{NotificationType, PreparedRecord, RecordHeader, SectionDescriptor, Severity};
//!
//! static RECORD: PreparedRecord<MemoryError> = PreparedRecord::new(
//!     RecordHeader::fatal(NotificationType::MCE),
//!     SectionDescriptor::primary(Severity::FATAL),
//!     MemoryError::new(),
//! );
//!
//! let mut record = RECORD; // at boot
//! # let (id, address) = (7, 0x1008_0040);
//! record.header_mut().set_record_id(id); // at panic time: a handful of stores
//! record.body_mut().set_physical_address(address);
//! assert_eq!(record.as_bytes().len(), 280); // for the store
//! ```
//!
//! # What is supported
//!
//! | what | supported | not supported |
//! |---|---|---|
//! | records | header, descriptors, sections, all as stored; built, rebuilt, prepared, patched in place | |
//! | processor sections | generic; IA32/X64 with check structures and register contexts; Arm with error information, contexts 0 to 9 and the vendor's own bytes | what is inside an IPF section: its bytes only |
//! | memory sections | memory (73 to 80 bytes and longer), memory 2 | |
//! | PCI sections | PCIe with capability and AER, PCI/PCI-X bus, PCI component | DPC and Flit logging data after byte 208: its bytes only |
//! | other sections of Appendix N | firmware error record reference, the three DMA remapping errors, CCIX, CXL protocol errors, CXL component events, FRU memory poison | a CCIX log after its header and address, the CXL dynamic capacity event: bytes only |
//! | vendors' sections | NVIDIA, NVIDIA event, Ampere, Arm RAS node, Windows machine check | HiSilicon, Yitian, JaguarMicro, AMD and the rest of Windows' own: by name |
//! | sections of your own | with the same traits: [`section`]; with text and JSON inside the record: [`SectionDecoder`] | |
//! | status blocks | generic error status blocks and entries of every revision, read, checked as Linux does, written; entries to records and back | |
//! | text | for people; as Linux 6.1 and 6.12 print it: `KernelText`, feature `linux` | what the AER driver prints later for the device |
//! | Linux's trace events | section to event and back, and an event's bytes: `tracepoint`, feature `linux` | 32-bit kernels' events |
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `alloc` | no | `OwnedRecord`, a record that owns its bytes |
//! | `arbitrary` | no | `Arbitrary` for wire structures, values and whole records; it brings `alloc`, and needs `std` |
//! | `linux` | no | what Linux makes of a section: its text (`KernelText`) and its trace events (`tracepoint`) |
//! | `serde` | no | `Serialize` for records, sections and status blocks, as [`fields`] says, and for values; `Deserialize` for [`Guid`], open values, flags and [`PciAddress`](section::PciAddress). A record is kept as its bytes |
//! | `uuid` | no | conversions between [`Guid`] and `uuid::Uuid` |
//!
//! # Security
//!
//! The input may be anything. No public function panics, loops without end or reads outside its slice; lengths
//! inside the input never win over the slice; work and output are linear in the input. There is no unsafe code.
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

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(test)]
mod bit_map;
mod conversions;
mod creator;
mod descriptor;
mod entries;
mod error;
pub mod fields;
mod grammar;
mod guid;
mod header;
#[cfg(feature = "linux")]
mod kernel_text;
#[cfg(feature = "linux")]
mod kernel_version;
mod kind;
mod notification;
mod open_value;
mod own_value;
#[cfg(feature = "alloc")]
mod owned;
mod prepared;
mod reading;
mod record;
mod record_writer;
mod rows;
pub mod section;
mod section_decoder;
mod section_type;
mod severity;
mod status_block;
mod status_block_writer;
mod stored;
mod structure;
mod timestamp;
#[cfg(feature = "linux")]
pub mod tracepoint;
mod view;

/// The crate whose trait `Flags` all sets of flags have.
pub use bitflags;
pub use creator::CreatorId;
pub use descriptor::{DescriptorValidation, FruText, SectionDescriptor, SectionFlags};
pub use error::{Error, ErrorKind};
pub use guid::Guid;
pub use header::{HeaderValidation, RecordFlags, RecordHeader};
#[cfg(feature = "linux")]
pub use kernel_text::{KernelArchitecture, KernelText};
#[cfg(feature = "linux")]
pub use kernel_version::KernelVersion;
pub use notification::NotificationType;
#[cfg(feature = "alloc")]
pub use owned::OwnedRecord;
pub use prepared::{PreparedRecord, PreparedStatusBlock};
pub use record::{Record, RecordMut, Section, Sections};
pub use record_writer::RecordWriter;
pub use section_decoder::{SectionDecoder, WithDecoders};
pub use section_type::SectionTypeId;
pub use severity::Severity;
pub use status_block::{
    BlockStatus, DataEntries, DataEntry, DataEntryValidation, GenericErrorData, GenericErrorStatus,
    StatusBlock, StatusBlocks,
};
pub use status_block_writer::StatusBlockWriter;
pub use timestamp::{Calendar, Timestamp, TimestampEncoding, TimestampReading};
/// The crate whose traits and integers the wire structures use, for sections of your own.
pub use zerocopy;
