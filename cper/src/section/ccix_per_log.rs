//! The log of a CCIX protocol error: the first two dwords of its header, and the address.
//!
//! CCIX base specification 1.0, section 7.3.2, defines the log, and was not at hand. The layout is that of a public
//! posting to the Linux kernel's lists: "[PATCH v4 1/6] efi / ras: CCIX Memory error reporting" of 2019-11-13, message id
//! 20191113151627.7950-2-Jonathan.Cameron@huawei.com.

use core::fmt;

use zerocopy::little_endian::U32;

use crate::open_value::open_value;

open_value! {
    /// Kind of a CCIX protocol error.
    CcixErrorType: u8 {
        MEMORY = 0 => "memory error",
        CACHE = 1 => "cache error",
        ADDRESS_TRANSLATION_CACHE = 2 => "address translation cache error",
        PORT = 3 => "port error",
        LINK = 4 => "link error",
        AGENT_INTERNAL = 5 => "agent internal error",
    }
}

open_value! {
    /// Kind of the component that had a CCIX protocol error.
    CcixComponentType: u8 {
        REQUEST_AGENT = 0 => "request agent",
        HOME_AGENT = 1 => "home agent",
        SLAVE_AGENT = 2 => "slave agent",
        PORT = 3 => "port",
        LINK = 4 => "link",
    }
}

/// The header of a CCIX protocol error's log.
#[derive(Clone, Copy, Debug)]
pub struct CcixPerLog<'a> {
    dwords: &'a [U32],
    first: u32,
    second: u32,
}

impl<'a> CcixPerLog<'a> {
    /// Reads the dwords of a log; `None` where there are fewer than two.
    pub const fn new(dwords: &'a [U32]) -> Option<Self> {
        match dwords {
            [first, second, ..] => Some(Self { dwords, first: first.get(), second: second.get() }),
            _ => None,
        }
    }

    /// Number of dwords of the log, as the log states it (bits 14:8 of dword 0).
    pub const fn length(&self) -> u8 {
        (self.first >> 8 & 0x7f) as u8
    }

    /// Whether there were further errors, of which the log says nothing more (bit 15 of dword 0).
    pub const fn multiple_errors(&self) -> bool {
        self.first >> 15 & 1 != 0
    }

    /// Which component had the error (bits 15:12 of dword 1).
    pub const fn component_type(&self) -> CcixComponentType {
        CcixComponentType::new((self.second >> 12 & 0xf) as u8)
    }

    /// Kind of the error (bits 27:24 of dword 1). `None` where the vendor defines it.
    pub const fn error_type(&self) -> Option<CcixErrorType> {
        match self.vendor_error_type() {
            None => Some(CcixErrorType::new((self.second >> 24 & 0xf) as u8)),
            Some(_) => None,
        }
    }

    /// The vendor's number of the error (the same bits). `None` unless bit 31 of dword 1 is set.
    pub const fn vendor_error_type(&self) -> Option<u8> {
        if self.second >> 31 == 0 { None } else { Some((self.second >> 24 & 0xf) as u8) }
    }

    /// Physical address of the error (dwords 2 and 3). `None` unless bit 30 of dword 1 is set and both dwords are
    /// there.
    pub const fn address(&self) -> Option<u64> {
        match self.dwords {
            [_, _, high, low, ..] if self.second >> 30 & 1 != 0 => {
                Some((high.get() as u64) << 32 | (low.get() & !3) as u64)
            }
            _ => None,
        }
    }
}

/// `memory error in home agent, uncorrected, at 0x1000`.
impl fmt::Display for CcixPerLog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f: &mut dyn fmt::Write = f;
        match (self.error_type(), self.vendor_error_type()) {
            (Some(kind), _) => write!(f, "{kind}")?,
            (None, number) => write!(f, "vendor's error {}", number.unwrap_or_default())?,
        }
        write!(f, " in {}", self.component_type())?;
        // How bad it is (bits 19:16 of dword 1).
        for (bit, name) in
            &[(16, "uncorrected"), (17, "no communication"), (18, "degraded"), (19, "deferred")]
        {
            if self.second >> bit & 1 != 0 {
                write!(f, ", {name}")?;
            }
        }
        if self.multiple_errors() {
            f.write_str(", further errors lost")?;
        }
        match self.address() {
            Some(address) => write!(f, ", at {address:#x}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_log_says_what_it_is_of() {
        let told = |dwords: &[u32]| {
            let dwords: std::vec::Vec<U32> = dwords.iter().copied().map(U32::new).collect();
            CcixPerLog::new(&dwords).map(|log| log.to_string())
        };
        // Eight dwords, version 1; a home agent; uncorrected and degraded; with an address.
        let home = [0x0000_0801, 0x4005_1000, 0x0000_0001, 0x1008_0043, 0];
        assert_eq!(told(&home).unwrap(), "memory error in home agent, uncorrected, degraded, at 0x110080040");
        assert_eq!(told(&home[..3]).unwrap(), "memory error in home agent, uncorrected, degraded");
        assert_eq!(
            told(&[0x8801, 0x0408_4000]).unwrap(),
            "link error in link, deferred, further errors lost"
        );
        assert_eq!(told(&[0, 0x8900_5000]).unwrap(), "vendor's error 9 in reserved (5)");
        assert_eq!(told(&[0, 0x0f02_3000]).unwrap(), "reserved (15) in port, no communication");
        assert_eq!((told(&[0]), told(&[])), (None, None));
        assert_eq!(CcixPerLog::new(&[U32::new(0x7f00), U32::new(0)]).unwrap().length(), 0x7f);
    }
}
