//! Linux x86 machine-check records: `struct mce` of every kernel, the registers in it and what they say.
//!
//! A machine check is how an x86 processor reports a hardware error. Linux keeps what the processor's banks said in
//! a `struct mce`, and before it panics it writes that struct to ERST in a CPER section, to be found after the
//! reboot. The struct grew five times, and fleets have all six sizes at once: this crate reads and writes each of
//! them, and decodes the registers by the rules of the processor named in the record, never of the one that reads it.
//!
//! # Parse
//!
//! ```
//! # use mce_record::{Mce, MciStatus};
//! # use mce_record::zerocopy::IntoBytes;
//! # let mce = Mce::new().with_status(0xbc00_0000_0101_0090).with_mcgstatus(5).with_cpuid(0x50654).with_bank(7)
//! #     .with_misc(0x8c).with_addr(0x1008_0040).with_mcgcap(1 << 24);
//! # let bytes = mce.as_bytes();
//! let record = mce_record::MceRecord::parse(bytes)?; // 72, or 88 bytes and more
//! println!("{record}"); // one line
//! println!("{record:#}"); // and a block of details
//! if let Some(address) = record.address() {
//!     println!("at {address}"); // None unless the status says that MCi_ADDR is valid
//! }
//! // `None` if the layout does not have the field, never a made-up 0.
//! assert_eq!(record.microcode(), Some(0));
//! assert_eq!(record.unit().unwrap().to_string(), "M2M 0");
//! assert_eq!(record.model_error().unwrap().to_string(), "read data error");
//! # Ok::<(), mce_record::Error>(())
//! ```
//!
//! # Encode
//!
//! The record is the struct: make one while the machine is healthy, set what is known when it dies, and hand over
//! its bytes. A shorter form for an older reader is written into a buffer.
//!
//! ```
//! use mce_record::zerocopy::IntoBytes;
//! use mce_record::{CpuVendor, Layout, Mce};
//!
//! let mut mce = Mce::new().with_cpuvendor(CpuVendor::INTEL.raw()).with_cpuid(0x50654); // at boot
//!
//! mce.set_status(0xbe00_0000_0000_0135); // at the machine check
//! mce.set_addr(0xdead_b000);
//! assert_eq!(mce.as_bytes().len(), 128);
//!
//! let mut buffer = [0; 128];
//! let old = mce.write(Layout::Size88, &mut buffer)?; // as Linux 4.4 writes it
//! assert_eq!(old.len(), 88);
//! # Ok::<(), mce_record::Error>(())
//! ```
//!
//! # What is supported
//!
//! | what | supported | not supported |
//! |---|---|---|
//! | layouts | 72, 88, 104, 112, 120, 128 bytes; 116 and 124 of 32-bit kernels; any length from 88 on, what trails is kept | 73 to 87 bytes, which no kernel wrote |
//! | status | Intel's, AMD's and Hygon's bits; Zhaoxin and Centaur by Intel's | what `MCA_CONFIG` would tell: no record holds it |
//! | error codes | all 65,536, by Intel's and by AMD's definition | |
//! | Intel's model-specific codes | [server processors from Sandy Bridge-EP to Clearwater Forest](vendor::intel) | client processors, core banks, CHA, IIO |
//! | AMD's extended codes | [scalable MCA](vendor::amd), families 17h to 1Ah | families before 17h |
//! | severity | the kernel's rules, of Linux 6.1 and 6.12, computed again beside the stored one | AMD's rules before 5.18; Zhaoxin's are Intel's |
//! | the kernel's text | [`KernelText`], Linux 6.1 and 6.12 | the symbol of the instruction pointer; what EDAC drivers add |
//! | [tracepoint] | the fields of all five versions, their names, the bytes of an event | 32-bit kernels' events |
//! | [mcelog] | the log's header and entries | the device's ioctls |
//!
//! The CPER record around a `struct mce` is `pstore-format`'s.
//!
//! # Features
//!
//! | feature | default | what |
//! |---|---|---|
//! | `arbitrary` | no | `Arbitrary` for wire structures and values, for tests of what uses them; it needs `std` |
//! | `serde` | no | `Serialize` for records, in the form of [`fields`], and for registers; `Deserialize` for open values and registers |
//!
//! # Security
//!
//! The input may be anything. No public function panics, loops without end or reads outside its slice; the slice
//! decides over every length inside it; work and output are linear in the input. There is no unsafe code and no heap.
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
mod bit_map;
mod describe;
mod error;
mod error_code;
pub mod fields;
mod grammar;
mod kernel_text;
mod kernel_version;
mod list;
pub mod mcelog;
mod own_value;
mod processor_name;
mod record;
mod registers;
mod severity;
mod status;
mod stored;
mod structure;
mod text;
pub mod tracepoint;
pub mod vendor;

/// The crate whose trait `Flags` all sets of flags have.
pub use bitflags;
pub use error::{Error, ErrorKind};
pub use error_code::{
    Channel, CodeKind, ErrorCode, InternalError, Level, MemoryOperation, Participation, Request, Target,
    Transaction,
};
pub use kernel_text::KernelText;
pub use kernel_version::KernelVersion;
pub use record::{AmdSyndromes, Layout, Mce, MceRecord};
pub use registers::{
    Address, AddressMode, CpuSignature, CpuVendor, HandledFlags, InjectFlags, IoRequester, KernelSeverity,
    McaIpid, McaSynd, McgCap, McgStatus, MciCtl2, MciMisc, ThresholdCounter,
};
pub use severity::{Circumstances, ExecutionContext, Grade};
pub use status::{AmdStatus, IntelStatus, MciStatus, Outcome, StatusReading, ThresholdStatus};
pub use text::{BankError, Details, Summary};

/// For `as_bytes` of [`Mce`], of the trait [`IntoBytes`](zerocopy::IntoBytes), and for derives of structures of your own.
pub use zerocopy;
