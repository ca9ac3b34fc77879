//! Error status, shared by the memory and PCI sections (UEFI 2.11 Appendix N, "Error Status").

use super::register::register;
use crate::open_value::open_value;

register! {
    /// Error status (UEFI 2.11 table N.3): 64 bits that say what kind of error it was and which signals carried it.
    ErrorStatus: u64 {
        ADDRESS = 16 => "The error was detected on the address signals.",
        CONTROL = 17 => "The error was detected on the control signals.",
        DATA = 18 => "The error was detected on the data signals.",
        RESPONDER = 19 => "The responder detected the error.",
        REQUESTOR = 20 => "The requestor detected the error.",
        FIRST_ERROR = 21 => "The error is the first of several.",
        OVERFLOW = 22 => "Further errors were not logged.",
    }
    fields {
        error_type: ErrorStatusType as named = 8, 8 => "What kind of error it was.",
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
    /// The status of this type with these flags; a type among the flags is dropped.
    pub const fn of(kind: ErrorStatusType, flags: Self) -> Self {
        Self::new((kind.raw() as u64) << 8).union(flags.flags())
    }
}

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
        assert!(status.contains(ErrorStatus::FIRST_ERROR));
        assert_eq!(
            ErrorStatus::of(ErrorStatusType::MEMORY, ErrorStatus::DATA).to_string(),
            "error type              storage error in DRAM (4)\nflags                   0x40000  data\n"
        );
    }
}
