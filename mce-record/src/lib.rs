//! Linux x86 machine-check records (`struct mce`) of every kernel, MCA registers and error codes, `no_std`.
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

mod error;
mod error_code;
#[cfg(feature = "serde")]
mod json;
pub mod mcelog;
mod open_value;
mod record;
mod registers;
mod severity;
mod status;
mod text;
pub mod tracepoint;
pub mod vendor;

pub use error::{Error, ErrorKind};
pub use error_code::{
    Channel, CodeKind, ErrorCode, InternalError, Level, MemoryOperation, Participation, Request, Target,
    Transaction,
};
pub use record::{AmdSyndromes, Layout, Mce, MceRecord};
pub use registers::{
    Address, AddressMode, CpuSignature, CpuVendor, HandledFlags, InjectFlags, IoRequester, McaIpid, McaSynd,
    McgCap, McgStatus, MciCtl2, MciMisc, ThresholdCounter,
};
pub use severity::{Circumstances, Context, Grade, KernelRules, KernelSeverity};
pub use status::{AmdStatus, IntelStatus, MciStatus, StatusReading, ThresholdStatus};
pub use text::{Details, KernelText, KernelTextOptions, Summary};
