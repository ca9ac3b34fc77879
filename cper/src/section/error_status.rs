//! Error status, shared by the memory and PCI sections (UEFI 2.11 Appendix N, "Error Status").

use core::fmt;

use crate::fields::{Describe, Stored, Value, Visitor, show_fields};
use crate::grammar::conversions;
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// Error status (UEFI 2.11 table N.3): 64 bits that say what kind of error it was and which signals carried it.
    // Bytes, not a number as registers are: a reader of all fields takes 18 instructions more with a number.
    ErrorStatus: 8 bytes;
    /// All 64 bits.
    0 bits: u64 raw raw;
}

conversions!(ErrorStatus: u64);

crate::open_value::flag_set! {
    /// Signals and circumstances of an error.
    pub struct ErrorStatusFlags: u64 {
        /// The error was detected on the address signals.
        const ADDRESS = 1 << 16;
        /// The error was detected on the control signals.
        const CONTROL = 1 << 17;
        /// The error was detected on the data signals.
        const DATA = 1 << 18;
        /// The responder detected the error.
        const RESPONDER = 1 << 19;
        /// The requestor detected the error.
        const REQUESTOR = 1 << 20;
        /// The error is the first of several.
        const FIRST_ERROR = 1 << 21;
        /// Further errors were not logged.
        const OVERFLOW = 1 << 22;
        const _ = !0xff00;
    }
}

open_value! {
    /// Kind of error (UEFI 2.11 table N.4): bits 15:8 of an [`ErrorStatus`].
    ErrorStatusType: u8 {
        INTERNAL = 1 => "internal error of the component",
        MEMORY = 4 => "storage error in DRAM",
        TLB = 5 => "storage error in a TLB",
        CACHE = 6 => "storage error in a cache",
        FUNCTION = 7 => "error in a functional unit",
        SELF_TEST = 8 => "failed self test",
        FLOW = 9 => "overflow or underflow of an internal queue",
        BUS = 16 => "bus error",
        MAP = 17 => "virtual address not found in IO-TLB or IO-PDIR",
        IMPROPER = 18 => "improper access",
        UNIMPLEMENTED = 19 => "access to an unmapped address",
        LOCKSTEP = 20 => "loss of lockstep",
        RESPONSE = 21 => "unsolicited response",
        PARITY = 22 => "bus parity error",
        PROTOCOL = 23 => "protocol error",
        PATH = 24 => "path error",
        TIMEOUT = 25 => "bus time-out",
        POISONED = 26 => "read of poisoned data",
    }
}

impl ErrorStatus {
    /// The status with these 64 bits.
    #[inline]
    pub const fn new(raw: u64) -> Self {
        Self(raw.to_le_bytes())
    }

    /// The status of this type with these flags.
    pub const fn of(kind: ErrorStatusType, flags: ErrorStatusFlags) -> Self {
        Self::new((kind.raw() as u64) << 8 | flags.bits() & !0xff00)
    }

    /// What kind of error it was.
    pub const fn error_type(self) -> ErrorStatusType {
        ErrorStatusType::new((self.raw() >> 8) as u8)
    }

    /// Every bit but those of the type; reserved ones are kept.
    pub const fn flags(self) -> ErrorStatusFlags {
        ErrorStatusFlags::from_bits_retain(self.raw() & !0xff00)
    }
}

/// No error that is known, and no flag.
impl Default for ErrorStatus {
    fn default() -> Self {
        Self::ZERO
    }
}

impl Describe for ErrorStatus {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.stored("error_status", zerocopy::IntoBytes::as_bytes(self), Stored::Shown);
        out.field("error_type", self.error_type().into())?;
        out.field("flags", Value::flags(self.flags()))
    }
}

show_fields!(ErrorStatus);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn type_and_flags_come_apart_and_together() {
        let status = ErrorStatus::new(0x8000_0000_007f_1a42);
        assert_eq!(status.error_type(), ErrorStatusType::POISONED);
        assert_eq!(status.flags().bits(), 0x8000_0000_007f_0042);
        assert_eq!(ErrorStatus::of(status.error_type(), status.flags()), status);
        assert!(status.flags().contains(ErrorStatusFlags::FIRST_ERROR));
        assert_eq!(
            ErrorStatus::of(ErrorStatusType::MEMORY, ErrorStatusFlags::DATA).to_string(),
            "error type              storage error in DRAM (4)\nflags                   0x40000  data\n"
        );
    }
}
