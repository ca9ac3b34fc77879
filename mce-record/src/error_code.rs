//! The machine-check architecture's error code: bits 15 to 0 of `MCi_STATUS`.
//!
//! Sources: Intel SDM volume 3B, "Interpreting the MCA Error Codes", the tables of simple and of compound error
//! code encodings; AMD64 Architecture Programmer's
//! Manual volume 2, chapter 9, "Error Codes".

use core::fmt;

use crate::grammar::{number, open_value};

open_value! {
    /// Which level of a cache or TLB: LL.
    Level: u8 {
        L0 = 0 => "level 0",
        L1 = 1 => "level 1",
        L2 = 2 => "level 2",
        /// Any or an unknown level.
        GENERIC = 3 => "generic level",
    }
}

open_value! {
    /// The kind of transaction: TT.
    Transaction: u8 {
        /// Instructions.
        INSTRUCTION = 0 => "instruction",
        DATA = 1 => "data",
        /// Either.
        GENERIC = 2 => "generic",
    }
}

open_value! {
    /// The request: RRRR.
    Request: u8 {
        /// Generic error.
        GENERIC = 0 => "generic",
        /// Generic read.
        READ = 1 => "read",
        /// Generic write.
        WRITE = 2 => "write",
        DATA_READ = 3 => "data read",
        DATA_WRITE = 4 => "data write",
        INSTRUCTION_FETCH = 5 => "instruction fetch",
        PREFETCH = 6 => "prefetch",
        EVICTION = 7 => "eviction",
        /// Snoop; AMD's word is probe.
        SNOOP = 8 => "snoop",
    }
}

open_value! {
    /// The transaction of the memory controller: MMM.
    MemoryOperation: u8 {
        /// An undefined request.
        GENERIC = 0 => "generic",
        READ = 1 => "memory read",
        WRITE = 2 => "memory write",
        /// Address or command.
        ADDRESS_COMMAND = 3 => "address/command",
        SCRUB = 4 => "memory scrubbing",
    }
}

open_value! {
    /// The processor's part in a transaction on an interconnect: PP.
    Participation: u8 {
        /// It asked.
        SOURCE = 0 => "source",
        /// It answered.
        RESPONDER = 1 => "responder",
        /// It saw the error as a third party.
        OBSERVER = 2 => "observer",
        /// Not known.
        GENERIC = 3 => "generic participation",
    }
}

open_value! {
    /// The target of a transaction on an interconnect: II.
    Target: u8 {
        MEMORY = 0 => "memory",
        IO = 2 => "I/O",
        /// Something else.
        OTHER = 3 => "other",
    }
}

open_value! {
    /// The kind of an internal error of AMD's: UU.
    InternalError: u8 {
        /// A hardware assertion failed.
        HARDWARE_ASSERTION = 2 => "hardware assertion",
    }
}

number! {
    /// A memory controller's channel: CCCC.
    Channel: u8
}

impl Channel {
    /// No channel was named.
    pub const UNSPECIFIED: Self = Self(0xf);

    /// The channel's number, 0 to 14, if it was named.
    pub const fn number(self) -> Option<u8> {
        if self.0 == Self::UNSPECIFIED.0 { None } else { Some(self.0) }
    }
}

/// `channel 2`, `channel not specified`.
impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number() {
            Some(number) => write!(f, "channel {number}"),
            None => f.write_str("channel not specified"),
        }
    }
}

number! {
    /// The error code. Every value decodes, see [`kind`](Self::kind) and [`amd_kind`](Self::amd_kind).
    ///
    /// ```
    /// use mce_record::{CodeKind, ErrorCode, Level, Request, Transaction};
    ///
    /// let code = ErrorCode::new(0x0135);
    /// let expected = CodeKind::Cache {
    ///     request: Request::DATA_READ, transaction: Transaction::DATA, level: Level::L1,
    /// };
    /// assert_eq!(code.kind(), expected);
    /// assert_eq!(code.kind().to_string(), "level 1 data cache, data read error");
    /// ```
    ErrorCode: u16
}

impl ErrorCode {
    /// Intel's correction report filtering: later reports of the same error are held back (bit 12).
    pub const FILTER: u16 = 1 << 12;

    /// Whether later corrected reports are held back (F). Not part of AMD's codes.
    pub const fn filtered(self) -> bool {
        self.0 & Self::FILTER != 0
    }

    /// What the code says by Intel's definition, the filter bit left out of account.
    pub const fn kind(self) -> CodeKind {
        let code = self.0 & !Self::FILTER;
        match code {
            0x0000 => CodeKind::NoError,
            0x0001 => CodeKind::Unclassified,
            0x0002 => CodeKind::MicrocodeRomParity,
            0x0003 => CodeKind::External,
            0x0004 => CodeKind::FunctionalRedundancyCheck,
            0x0005 => CodeKind::InternalParity,
            0x0006 => CodeKind::SmmHandlerCodeAccess,
            0x000c..=0x000f => CodeKind::GenericCache { level: self.level() },
            0x0010..=0x001f => self.tlb(),
            0x0080..=0x00ff => {
                CodeKind::MemoryController { operation: self.operation(), channel: self.channel() }
            }
            0x0100..=0x01ff => self.cache(),
            0x0280..=0x02ff => {
                CodeKind::ExtendedMemory { operation: self.operation(), channel: self.channel() }
            }
            0x0400 => CodeKind::InternalTimer,
            0x0401..=0x07ff => CodeKind::Internal { code: code & 0x3ff },
            // Also a well-formed interconnect code, but the architecture gives it a meaning of its own.
            0x0e0b => CodeKind::GenericIo,
            0x0800..=0x0fff => self.bus(),
            _ => CodeKind::Unknown { code: self.0 },
        }
    }

    /// What the code says by AMD's definition, which has four families and no filter bit.
    pub const fn amd_kind(self) -> CodeKind {
        match self.0 {
            0x0000 => CodeKind::NoError,
            0x0010..=0x001f => self.tlb(),
            0x0100..=0x01ff => self.cache(),
            0x0400 | 0x0500 | 0x0600 | 0x0700 => {
                CodeKind::AmdInternal { error: InternalError::new((self.0 >> 8 & 3) as u8) }
            }
            0x0800..=0x0fff => self.bus(),
            _ => CodeKind::Unknown { code: self.0 },
        }
    }

    const fn level(self) -> Level {
        Level::new((self.0 & 3) as u8)
    }

    const fn transaction(self) -> Transaction {
        Transaction::new((self.0 >> 2 & 3) as u8)
    }

    const fn request(self) -> Request {
        Request::new((self.0 >> 4 & 0xf) as u8)
    }

    const fn operation(self) -> MemoryOperation {
        MemoryOperation::new((self.0 >> 4 & 7) as u8)
    }

    const fn channel(self) -> Channel {
        Channel::new((self.0 & 0xf) as u8)
    }

    const fn tlb(self) -> CodeKind {
        CodeKind::Tlb { transaction: self.transaction(), level: self.level() }
    }

    const fn cache(self) -> CodeKind {
        CodeKind::Cache { request: self.request(), transaction: self.transaction(), level: self.level() }
    }

    const fn bus(self) -> CodeKind {
        CodeKind::Bus {
            participation: Participation::new((self.0 >> 9 & 3) as u8),
            timed_out: self.0 & 1 << 8 != 0,
            request: self.request(),
            target: Target::new((self.0 >> 2 & 3) as u8),
            level: self.level(),
        }
    }
}

/// Four hexadecimal digits: `0x0135`.
impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

/// What an [`ErrorCode`] says. Fields may hold reserved values; they are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeKind {
    /// 0000h: no error has been reported to this bank.
    NoError,
    /// 0001h: not classified.
    Unclassified,
    /// 0002h: parity error in the microcode ROM.
    MicrocodeRomParity,
    /// 0003h: another processor's BINIT# made this one enter the machine check.
    External,
    /// 0004h: functional redundancy check, master and slave differ.
    FunctionalRedundancyCheck,
    /// 0005h: internal parity error.
    InternalParity,
    /// 0006h: the SMM handler tried to execute outside its memory.
    SmmHandlerCodeAccess,
    /// 0400h: internal timer error.
    InternalTimer,
    /// 0E0Bh: generic I/O error; `MCi_MISC` names the requester.
    GenericIo,
    /// 0000 01xx xxxx xxxx: internal, not classified.
    Internal {
        /// Bits 9:0, never 0.
        code: u16,
    },
    /// AMD, 0000 01UU 0000 0000: internal.
    AmdInternal {
        /// Kind of internal error (UU).
        error: InternalError,
    },
    /// 000F 0000 0000 11LL: somewhere in the cache hierarchy.
    GenericCache {
        /// Level of the memory hierarchy (LL).
        level: Level,
    },
    /// 000F 0000 0001 TTLL: translation lookaside buffer.
    Tlb {
        /// Type of transaction (TT).
        transaction: Transaction,
        /// Level of the memory hierarchy (LL).
        level: Level,
    },
    /// 000F 0000 1MMM CCCC: memory controller.
    MemoryController {
        /// What the memory controller did (MMM).
        operation: MemoryOperation,
        /// Channel (CCCC).
        channel: Channel,
    },
    /// 000F 0001 RRRR TTLL: cache; AMD's "memory errors".
    Cache {
        /// Type of request (RRRR).
        request: Request,
        /// Type of transaction (TT).
        transaction: Transaction,
        /// Level of the memory hierarchy (LL).
        level: Level,
    },
    /// 000F 0010 1MMM CCCC: memory that serves as a cache of other memory.
    ExtendedMemory {
        /// What the memory controller did (MMM).
        operation: MemoryOperation,
        /// Channel (CCCC).
        channel: Channel,
    },
    /// 000F 1PPT RRRR IILL: bus or interconnect.
    Bus {
        /// What part the processor had in the request (PP).
        participation: Participation,
        /// Whether the request timed out (T).
        timed_out: bool,
        /// Type of request (RRRR).
        request: Request,
        /// Memory or I/O (II).
        target: Target,
        /// Level of the memory hierarchy (LL).
        level: Level,
    },
    /// None of these forms.
    Unknown {
        /// The code, all 16 bits.
        code: u16,
    },
}

impl CodeKind {
    /// The form the code has: `cache hierarchy`, `memory controller`.
    pub const fn family(self) -> &'static str {
        match self {
            Self::NoError => "no error",
            Self::Unclassified => "unclassified",
            Self::MicrocodeRomParity => "microcode ROM parity",
            Self::External => "external",
            Self::FunctionalRedundancyCheck => "functional redundancy check",
            Self::InternalParity => "internal parity",
            Self::SmmHandlerCodeAccess => "SMM handler code access violation",
            Self::InternalTimer => "internal timer",
            Self::GenericIo => "generic I/O",
            Self::Internal { .. } | Self::AmdInternal { .. } => "internal unclassified",
            Self::GenericCache { .. } => "generic cache hierarchy",
            Self::Tlb { .. } => "TLB",
            Self::MemoryController { .. } => "memory controller",
            Self::Cache { .. } => "cache hierarchy",
            Self::ExtendedMemory { .. } => "extended memory",
            Self::Bus { .. } => "bus or interconnect",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Writes the family and the fields by name: `cache hierarchy: data read, data, level 1`.
    fn write_fields(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.family())?;
        match self {
            Self::Internal { code } => write!(f, ": {code:#05x}"),
            Self::AmdInternal { error } => write!(f, ": {error}"),
            Self::GenericCache { level } => write!(f, ": {level}"),
            Self::Tlb { transaction, level } => write!(f, ": {transaction}, {level}"),
            Self::MemoryController { operation, channel } | Self::ExtendedMemory { operation, channel } => {
                write!(f, ": {operation}, {channel}")
            }
            Self::Cache { request, transaction, level } => write!(f, ": {request}, {transaction}, {level}"),
            Self::Bus { participation, timed_out, request, target, level } => {
                let time = if timed_out { "timed out" } else { "no time-out" };
                write!(f, ": {participation}, {time}, {request}, {target}, {level}")
            }
            _ => Ok(()),
        }
    }
}

/// What happened, as a phrase: `level 1 data cache, data read error`. The alternate form `{:#}` lists the fields
/// as the manual names them: `cache hierarchy: data read, data, level 1`.
impl fmt::Display for CodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return self.write_fields(f);
        }
        match self {
            Self::NoError => f.write_str("no error"),
            Self::SmmHandlerCodeAccess => f.write_str("SMM handler code access violation"),
            Self::Unclassified
            | Self::MicrocodeRomParity
            | Self::External
            | Self::FunctionalRedundancyCheck
            | Self::InternalParity
            | Self::InternalTimer
            | Self::GenericIo => write!(f, "{} error", self.family()),
            Self::Internal { code } => write!(f, "internal unclassified error {code:#05x}"),
            Self::AmdInternal { error } => write!(f, "internal error, {error}"),
            Self::GenericCache { level } => write!(f, "{level} cache hierarchy error"),
            Self::Tlb { transaction, level } => write!(f, "{level} {transaction} TLB error"),
            Self::MemoryController { operation, channel } => {
                write!(f, "memory controller, {operation} error, {channel}")
            }
            Self::Cache { request, transaction, level } => {
                write!(f, "{level} {transaction} cache, {request} error")
            }
            Self::ExtendedMemory { operation, channel } => {
                write!(f, "extended memory, {operation} error, {channel}")
            }
            Self::Bus { participation, timed_out, request, target, level } => {
                write!(f, "bus or interconnect, {request} error, {target} access, {participation}, {level}")?;
                f.write_str(if *timed_out { ", timed out" } else { "" })
            }
            Self::Unknown { code } => write!(f, "unknown error code {code:#06x}"),
        }
    }
}
