//! The bank types of AMD's scalable MCA, and the extended error codes of each.
//!
//! A bank does not have a fixed place: `MCA_IPID` names its hardware block and its type within. The block numbers are
//! those of Linux 7.3 (`arch/x86/kernel/cpu/mce/amd.c`), the codes those that rasdaemon 0.8.5 tells for families 17h to
//! 1Ah; AMD's own references for each model have the last word. The wording is ours. Where a later processor gives codes another meaning (coherent station of family 19h models 10h and up, memory
//! controller and system management unit of the MI300A), the processor in the record decides.

use core::fmt;

use crate::registers::{CpuSignature, McaIpid};

/// A kind of bank: hardware block and type within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankType {
    /// Hardware block, 12 bits.
    pub hwid: u16,
    /// Type within the block.
    pub mca_type: u16,
}

/// A bank type: its name, and the names of its extended error codes from 0 up, empty for reserved ones.
struct Known(BankType, &'static str, &'static [&'static str]);

const fn bank(hwid: u16, mca_type: u16) -> BankType {
    BankType { hwid, mca_type }
}

impl BankType {
    /// Load/store unit.
    pub const LOAD_STORE: Self = bank(0xb0, 0x0);
    /// Load/store unit from Zen 2 on.
    pub const LOAD_STORE_V2: Self = bank(0xb0, 0x10);
    /// Coherent station of the data fabric, from Zen 2 on.
    pub const COHERENT_STATION_V2: Self = bank(0x2e, 0x2);
    /// Unified memory controller.
    pub const MEMORY_CONTROLLER: Self = bank(0x96, 0x0);
    /// Unified memory controller beside those of the processor, as of accelerators.
    pub const MEMORY_CONTROLLER_V2: Self = bank(0x96, 0x1);
    /// System management unit from Zen 2 on.
    pub const SYSTEM_MANAGEMENT_V2: Self = bank(0x01, 0x1);

    /// The bank type `MCA_IPID` names.
    pub const fn of(ipid: McaIpid) -> Self {
        bank(ipid.hwid(), ipid.mca_type())
    }

    fn known(self) -> Option<&'static Known> {
        KNOWN.iter().find(|known| known.0 == self)
    }

    /// The name, if the type is a known one.
    pub fn name(self) -> Option<&'static str> {
        self.known().map(|known| known.1)
    }

    /// The name of an extended error code on a processor, if it has one.
    pub fn error(self, extended_code: u8, processor: CpuSignature) -> Option<&'static str> {
        let errors = match self {
            Self::COHERENT_STATION_V2 if has_moved_station_codes(processor) => COHERENT_STATION_V2_MOVED,
            Self::MEMORY_CONTROLLER if is_mi300a(processor) => MEMORY_CONTROLLER_HBM,
            Self::SYSTEM_MANAGEMENT_V2 if is_mi300a(processor) && extended_code >= 58 => {
                return match extended_code {
                    58 => Some("correctable error of a graphics block"),
                    59 => Some("fatal error of a graphics block"),
                    62 => Some("poison error of a graphics block"),
                    _ => None,
                };
            }
            _ => self.known()?.2,
        };
        errors.get(usize::from(extended_code)).copied().filter(|name| !name.is_empty())
    }
}

/// The processors on which the coherent station's codes 9 to 13 have other meanings (Genoa erratum 1384).
fn has_moved_station_codes(processor: CpuSignature) -> bool {
    match processor.family() {
        0x19 => matches!(processor.model(), 0x10..=0x1f | 0x60..=0x7b | 0xa0..=0xaf),
        0x1a => matches!(processor.model(), 0x40..=0x4f),
        _ => false,
    }
}

/// The accelerated processors with high-bandwidth memory.
fn is_mi300a(processor: CpuSignature) -> bool {
    processor.family() == 0x19 && matches!(processor.model(), 0x90..=0x9f)
}

/// The part of the processor a bank belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unit {
    /// Its kind.
    pub bank_type: BankType,
    /// Which of its kind: the address of its registers, not a small number.
    pub instance: u32,
}

impl Unit {
    /// The unit `MCA_IPID` names; `None` if the register is 0.
    pub fn of(ipid: McaIpid) -> Option<Self> {
        (ipid.raw() != 0).then_some(Self { bank_type: BankType::of(ipid), instance: ipid.instance() })
    }

    /// Channel of a unified memory controller: bits 31:20 of the instance.
    pub const fn memory_channel(self) -> Option<u16> {
        match self.bank_type {
            BankType::MEMORY_CONTROLLER | BankType::MEMORY_CONTROLLER_V2 => {
                Some((self.instance >> 20) as u16)
            }
            _ => None,
        }
    }
}

/// `unified memory controller, channel 2`; a type without a name as `hardware block 0x123 type 0x4`.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bank_type.name() {
            Some(name) => f.write_str(name)?,
            None => {
                write!(f, "hardware block {:#x} type {:#x}", self.bank_type.hwid, self.bank_type.mca_type)?;
            }
        }
        match self.memory_channel() {
            Some(channel) => write!(f, ", channel {channel}"),
            None => Ok(()),
        }
    }
}

static KNOWN: [Known; 47] = [
    Known(BankType::LOAD_STORE, "load/store unit", LOAD_STORE),
    Known(BankType::LOAD_STORE_V2, "load/store unit", LOAD_STORE_V2),
    Known(bank(0xb0, 0x1), "instruction fetch unit", INSTRUCTION_FETCH),
    Known(bank(0xb0, 0x2), "L2 cache", L2_CACHE),
    Known(bank(0xb0, 0x3), "decode unit", DECODE),
    Known(bank(0xb0, 0x5), "execution unit", EXECUTION),
    Known(bank(0xb0, 0x6), "floating point unit", FLOATING_POINT),
    Known(bank(0xb0, 0x7), "L3 cache", L3_CACHE),
    Known(bank(0x00, 0x0), "reserved bank", &[]),
    Known(bank(0x2e, 0x0), "coherent station", COHERENT_STATION),
    Known(bank(0x2e, 0x1), "power, interrupts, etc.", PIE),
    Known(BankType::COHERENT_STATION_V2, "coherent station", COHERENT_STATION_V2),
    Known(bank(0x2e, 0x4), "memory attached last level cache", MEMORY_ATTACHED_CACHE),
    Known(BankType::MEMORY_CONTROLLER, "unified memory controller", MEMORY_CONTROLLER),
    Known(BankType::MEMORY_CONTROLLER_V2, "unified memory controller", MEMORY_CONTROLLER_V2),
    Known(bank(0x05, 0x0), "parameter block", &["parameter RAM ECC error"]),
    Known(bank(0xff, 0x0), "platform security processor", &["RAM ECC or parity error"]),
    Known(bank(0xff, 0x1), "platform security processor", PLATFORM_SECURITY_V2),
    Known(bank(0x01, 0x0), "system management unit", &["RAM ECC or parity error"]),
    Known(BankType::SYSTEM_MANAGEMENT_V2, "system management unit", SYSTEM_MANAGEMENT_V2),
    Known(bank(0x01, 0x2), "microprocessor 5", MICROPROCESSOR_5),
    Known(bank(0x01, 0x3), "DMA microprocessor", DMA_MICROPROCESSOR),
    Known(bank(0x18, 0x0), "northbridge I/O", NORTHBRIDGE_IO),
    Known(bank(0x46, 0x0), "PCIe root port", PCIE),
    Known(bank(0x46, 0x1), "PCIe root port", &["SDP data parity error"]),
    Known(bank(0x50, 0x0), "xGMI link", XGMI_LINK),
    Known(bank(0x6c, 0x0), "northbridge interface", NORTHBRIDGE_INTERFACE),
    Known(bank(0x80, 0x0), "system hub", NORTHBRIDGE_INTERFACE),
    Known(bank(0xa8, 0x0), "SATA", SATA),
    Known(bank(0xaa, 0x0), "USB", USB),
    Known(bank(0x170, 0x0), "ultra short reach data plane", USR_DATA_PLANE),
    Known(bank(0x180, 0x0), "ultra short reach control plane", USR_CONTROL_PLANE),
    Known(bank(0x241, 0x0), "GMI link", GMI_LINK),
    Known(bank(0x259, 0x0), "xGMI PHY", PHY),
    Known(bank(0x267, 0x0), "WAFL PHY", PHY),
    Known(bank(0x269, 0x0), "GMI PHY", PHY),
    // Of these no public source names the codes, nor says what most of the names stand for.
    Known(bank(0x12, 0x0), "MPRAS", &[]),
    Known(bank(0x5c, 0x0), "SSBDCI, die-to-die interconnect", &[]),
    Known(bank(0xbe, 0x0), "MPDACC", &[]),
    Known(bank(0xf9, 0x0), "MPM", &[]),
    Known(bank(0xfd, 0x0), "MPASP", &[]),
    Known(bank(0xfd, 0x1), "MPASP", &[]),
    Known(bank(0xff, 0x2), "MPART", &[]),
    Known(bank(0x157, 0x0), "DACC_FE, DACC front end", &[]),
    Known(bank(0x164, 0x0), "DACC_BE, DACC back end", &[]),
    Known(bank(0x1e0, 0x0), "eDDR5 CMN", &[]),
    Known(bank(0x1e1, 0x0), "PCIe link", &[]),
];

const LOAD_STORE: &[&str] = &[
    "load queue parity error",
    "store queue parity error",
    "miss address buffer payload parity error",
    "L1 TLB parity error",
    "data cache tag error, type 5",
    "data cache tag error, type 6",
    "data cache tag error, type 1",
    "internal error, type 1",
    "internal error, type 2",
    "system read data error, thread 0",
    "system read data error, thread 1",
    "data cache tag error, type 2",
    "data cache data error, type 1, poison consumed",
    "data cache data error, type 2",
    "data cache data error, type 3",
    "data cache tag error, type 4",
    "L2 TLB parity error",
    "page directory cache parity error",
    "data cache tag error, type 3",
    "data cache tag error, type 5",
    "L2 fill data error",
    "store coalescing buffer state or address error",
    "store coalescing buffer data error, commit pipe 0",
    "store coalescing buffer data error, commit pipe 1",
    "store coalescing buffer data error, non-cacheable memory or I/O",
    "system read data error in the write combining buffer",
    "hardware assertion",
];

const LOAD_STORE_V2: &[&str] = &[
    "data cache ECC error on a probe or victim read",
    "data cache ECC error or L2 poison on a load",
    "data cache ECC error on a store's read-modify-write",
    "tag ECC error or poison mismatch on a probe or victim read",
    "tag ECC error or poison mismatch on a load",
    "tag ECC error or poison mismatch on a store",
    "EMEM ECC error on a load",
    "EMEM ECC error on a store's read-modify-write",
    "L1 TLB parity error",
    "L2 TLB parity error",
    "page walk cache parity error",
    "store queue parity error",
    "load queue parity error",
    "miss address buffer parity error",
    "store coalescing buffer state parity error",
    "store coalescing buffer address parity error",
    "store coalescing buffer data parity error",
    "write combining buffer parity error",
    "poisoned line in the store coalescing buffer",
    "system read data error on a load",
    "system read data error on a coalesced store",
    "system read data error on a write combining store",
    "hardware assertion",
    "parity error in store forwarding, store mask or store data",
];

const INSTRUCTION_FETCH: &[&str] = &[
    "micro-tag probe port parity error",
    "micro-tag or full tag hit in several ways",
    "full tag parity error",
    "data array parity error",
    "physical request queue parity error",
    "L0 instruction TLB parity error",
    "L1 instruction TLB parity error",
    "L2 instruction TLB parity error",
    "branch prediction queue snoop parity error, thread 0",
    "branch prediction queue snoop parity error, thread 1",
    "L1 branch target buffer hit in several ways",
    "L2 branch target buffer hit in several ways",
    "poisoned response of the L2 cache",
    "system read data error",
    "hardware assertion",
    "L1 instruction TLB hit in several ways",
    "L2 instruction TLB hit in several ways",
    "branch status register parity error",
    "CT machine check",
];

const L2_CACHE: &[&str] = &[
    "tag hit in several ways",
    "tag or state array ECC error",
    "data array ECC error",
    "hardware assertion",
    "SDP read response parity error",
    "raised by the programmable state machine",
];

const DECODE: &[&str] = &[
    "micro-op cache tag parity error",
    "micro-op cache data parity error",
    "instruction byte buffer parity error",
    "micro-op queue parity error",
    "instruction dispatch queue parity error",
    "fetch address FIFO parity error",
    "patch RAM data parity error",
    "patch RAM sequencer parity error",
    "micro-op fetch queue parity error",
    "hardware assertion",
];

const EXECUTION: &[&str] = &[
    "watchdog timeout",
    "physical register file parity error",
    "flag register file parity error",
    "immediate displacement register file parity error",
    "address generator payload parity error",
    "execution payload parity error",
    "checkpoint queue parity error",
    "retire dispatch queue parity error",
    "retire status queue parity error",
    "scheduler queue parity error",
    "branch buffer queue parity error",
    "hardware assertion",
    "speculative map parity error",
    "retire map parity error",
];

const FLOATING_POINT: &[&str] = &[
    "physical register file parity error",
    "free list parity error",
    "scheduler queue parity error",
    "non-scheduling queue parity error",
    "retire queue parity error",
    "status register file parity error",
    "hardware assertion",
    "mask register file parity error",
];

const L3_CACHE: &[&str] = &[
    "shadow tag ECC error",
    "shadow tag hit in several ways",
    "tag ECC error",
    "tag hit in several ways",
    "data ECC error",
    "SDP parity error from the core interface",
    "victim queue error from the data fabric",
    "hardware assertion",
    "write combining buffer parity error, poison created",
    "raised by the debug state machine",
];

const COHERENT_STATION: &[&str] = &[
    "illegal request",
    "address violation",
    "security violation",
    "illegal response",
    "unexpected response",
    "request or probe parity error",
    "read response parity error",
    "atomic request parity error",
    "probe filter ECC error",
];

const COHERENT_STATION_V2: &[&str] = &[
    "illegal request",
    "address violation",
    "security violation",
    "illegal response",
    "unexpected response",
    "request or probe parity error",
    "read response parity error",
    "atomic request parity error",
    "read response without a request",
    "probe filter protocol error",
    "probe filter ECC error",
    "unexpected retry of a read response",
    "counter overflow",
    "counter underflow",
    "illegal request without data",
    "address violation without data",
    "security violation without data",
    "hardware assertion",
    "shadow tag protocol error",
    "shadow tag ECC error",
    "shadow tag transaction error",
];

const COHERENT_STATION_V2_MOVED: &[&str] = &[
    "illegal request",
    "address violation",
    "security violation",
    "illegal response",
    "unexpected response",
    "request or probe parity error",
    "read response parity error",
    "atomic request parity error",
    "read response without a request",
    "unexpected retry of a read response",
    "counter overflow",
    "counter underflow",
    "probe filter protocol error",
    "probe filter ECC error",
    "illegal request without data",
    "address violation without data",
    "security violation without data",
    "hardware assertion",
];

const PIE: &[&str] = &[
    "hardware assertion",
    "register security violation",
    "link error",
    "poison consumed",
    "deferred error in the data fabric",
    "watchdog timeout",
    "CNLI SRAM ECC error",
    "register access in a data fabric C-state",
    "raised by the debug state machine",
];

const MEMORY_CONTROLLER: &[&str] = &[
    "DRAM ECC error",
    "data poison error",
    "SDP parity error",
    "peripheral bus error",
    "address/command parity error",
    "write data CRC error",
    "command queue SRAM ECC error",
    "encryption SRAM ECC error",
    "error check and scrub row error",
    "error check and scrub error",
    "throttling error",
    "read CRC error",
    "",
    "",
    "",
    "",
    "refresh management SRAM ECC error",
];

const MEMORY_CONTROLLER_HBM: &[&str] = &[
    "on-die ECC error",
    "data poison error",
    "SDP parity error",
    "",
    "address/command parity error",
    "HBM write data parity error",
    "SRAM ECC error",
    "",
    "",
    "read buffer SRAM ECC error",
    "thermal throttling",
    "HBM read data parity error",
    "",
    "firmware error",
    "SRAM parity error",
    "HBM CRC error",
];

const MEMORY_CONTROLLER_V2: &[&str] = &[
    "DRAM ECC error",
    "data poison error",
    "SDP parity error",
    "",
    "address/command parity error",
    "write data parity error",
    "command queue SRAM ECC error",
    "",
    "read data parity error",
    "read buffer SRAM ECC error",
    "read response SRAM ECC error",
    "microprocessor error",
];

const MEMORY_ATTACHED_CACHE: &[&str] = &[
    "counter overflow",
    "counter underflow",
    "write data parity error",
    "read response parity error",
    "tag ECC error, macro 0",
    "tag ECC error, macro 1",
    "data ECC error",
];

const PLATFORM_SECURITY_V2: &[&str] = &[
    "high SRAM ECC or parity error",
    "low SRAM ECC or parity error",
    "instruction cache bank 0 ECC or parity error",
    "instruction cache bank 1 ECC or parity error",
    "instruction tag RAM 0 parity error",
    "instruction tag RAM 1 parity error",
    "data cache bank 0 ECC or parity error",
    "data cache bank 1 ECC or parity error",
    "data cache bank 2 ECC or parity error",
    "data cache bank 3 ECC or parity error",
    "data tag bank 0 parity error",
    "data tag bank 1 parity error",
    "data tag bank 2 parity error",
    "data tag bank 3 parity error",
    "dirty data RAM parity error",
    "TLB bank 0 parity error",
    "TLB bank 1 parity error",
    "system hub read buffer ECC or parity error",
    "fuse SRAM ECC or parity error",
    "fuse control SRAM ECC or parity error",
    "SIB SRAM parity error",
    "memory encryption error",
    "microprocessor hang",
    "SIB watchdog timeout",
];

const SYSTEM_MANAGEMENT_V2: &[&str] = &[
    "high SRAM ECC or parity error",
    "low SRAM ECC or parity error",
    "data cache bank A ECC or parity error",
    "data cache bank B ECC or parity error",
    "data tag bank A ECC or parity error",
    "data tag bank B ECC or parity error",
    "instruction cache bank A ECC or parity error",
    "instruction cache bank B ECC or parity error",
    "instruction tag bank A ECC or parity error",
    "instruction tag bank B ECC or parity error",
    "system hub read buffer ECC or parity error",
    "PHY ECC error",
];

const MICROPROCESSOR_5: &[&str] = &[
    "high SRAM ECC or parity error",
    "low SRAM ECC or parity error",
    "data cache bank A ECC or parity error",
    "data cache bank B ECC or parity error",
    "data tag bank A ECC or parity error",
    "data tag bank B ECC or parity error",
    "instruction cache bank A ECC or parity error",
    "instruction cache bank B ECC or parity error",
    "instruction tag bank A ECC or parity error",
    "instruction tag bank B ECC or parity error",
    "fuse SRAM ECC or parity error",
];

const DMA_MICROPROCESSOR: &[&str] = &[
    "main SRAM bits 31:0 ECC or parity error",
    "main SRAM bits 63:32 ECC or parity error",
    "main SRAM bits 95:64 ECC or parity error",
    "main SRAM bits 127:96 ECC or parity error",
    "data cache bank A ECC or parity error",
    "data cache bank B ECC or parity error",
    "data tag bank A ECC or parity error",
    "data tag bank B ECC or parity error",
    "instruction cache bank A ECC or parity error",
    "instruction cache bank B ECC or parity error",
    "instruction tag bank A ECC or parity error",
    "instruction tag bank B ECC or parity error",
    "data cache bank A ECC or parity error",
    "data cache bank B ECC or parity error",
    "data tag bank A ECC or parity error",
    "data tag bank B ECC or parity error",
    "instruction cache bank A ECC or parity error",
    "instruction cache bank B ECC or parity error",
    "instruction tag bank A ECC or parity error",
    "instruction tag bank B ECC or parity error",
    "data cache bank A ECC or parity error",
    "data cache bank B ECC or parity error",
    "data tag bank A ECC or parity error",
    "data tag bank B ECC or parity error",
    "instruction cache bank A ECC or parity error",
    "instruction cache bank B ECC or parity error",
    "instruction tag bank A ECC or parity error",
    "instruction tag bank B ECC or parity error",
    "system hub read buffer ECC or parity error",
    "TVF DVSEC memory ECC or parity error",
    "TVF mailbox 0 ECC or parity error",
    "TVF mailbox 1 ECC or parity error",
    "TVF doorbell memory ECC or parity error",
    "TVF SDP target memory 0 ECC or parity error",
    "TVF SDP target memory 1 ECC or parity error",
    "TVF SDP target memory 2 ECC or parity error",
    "TVF SDP initiator memory 0 ECC or parity error",
    "TVF SDP initiator memory 1 ECC or parity error",
    "TVF SDP initiator memory 2 ECC or parity error",
    "TVF SDP initiator memory 3 ECC or parity error",
    "TVF SDP initiator memory 4 ECC or parity error",
    "TVF SDP initiator memory 5 ECC or parity error",
    "TVF SDP initiator memory 6 ECC or parity error",
    "SDP watchdog timeout",
    "PTE command FIFO ECC or parity error",
    "PTE hub data FIFO ECC or parity error",
    "PTE internal data FIFO ECC or parity error",
    "PTE DMA command memory ECC or parity error",
    "PTE internal command memory ECC or parity error",
    "TVF SDP initiator memory 7 ECC or parity error",
];

const NORTHBRIDGE_IO: &[&str] = &[
    "ECC or parity error",
    "PCIe error",
    "error event of an external SDP port",
    "poison leaving by SDP",
    "internal poison",
    "fatal system error event",
];

const PCIE: &[&str] = &[
    "CCIX protocol error message",
    "CCIX read response, non-data error",
    "CCIX write response, non-data error",
    "CCIX read response, data error",
    "CCIX write response, data error",
];

const XGMI_LINK: &[&str] = &[
    "data loss",
    "training error",
    "flow control acknowledge error",
    "receive FIFO underflow",
    "receive FIFO overflow",
    "CRC error",
    "bit error rate exceeded",
    "transmit virtual channel data error",
    "replay buffer parity error",
    "data parity error",
    "replay FIFO overflow",
    "replay FIFO underflow",
    "elastic FIFO overflow",
    "deskew error",
    "flow control CRC error",
    "data startup limit exceeded",
    "flow control initialisation timeout",
    "recovery timeout",
    "ready timeout",
    "ready attempts exhausted",
    "recovery attempts exhausted",
    "relock attempts exhausted",
    "replay attempts exhausted",
    "sync header error",
    "transmit replay timeout",
    "receive replay timeout",
    "sub-link transmit timeout",
    "sub-link receive timeout",
    "received command packet error",
];

const NORTHBRIDGE_INTERFACE: &[&str] =
    &["timeout from GMI", "SRAM ECC error", "NTB error event", "SDP parity error"];

const SATA: &[&str] = &[
    "parity error, port 0",
    "parity error, port 1",
    "parity error, port 2",
    "parity error, port 3",
    "parity error, port 4",
    "parity error, port 5",
    "parity error, port 6",
    "parity error, port 7",
];

const USB: &[&str] = &[
    "S0 RAM 0 ECC or parity error",
    "S0 RAM 1 ECC or parity error",
    "S0 RAM 2 ECC or parity error",
    "PHY RAM 0 parity error",
    "PHY RAM 1 parity error",
    "AXI target response error",
];

const USR_DATA_PLANE: &[&str] = &[
    "initiator command error",
    "initiator receive FIFO error",
    "initiator deskew error",
    "initiator detect timeout",
    "initiator flow control error",
    "initiator data valid FIFO error",
    "MAC link state error",
    "deskew error",
    "initialisation timeout",
    "initialisation attempts exhausted",
    "recovery timeout",
    "recovery attempts exhausted",
    "eye training timeout",
    "data startup limit exceeded",
    "LS0 exit error",
    "PLL power state update timeout",
    "receive FIFO error",
    "link control unit error",
    "converter corrected ECC error",
    "converter uncorrected ECC error",
    "",
    "received data loss",
    "replay corrected ECC error",
    "replay uncorrected ECC error",
    "CRC error",
    "bit error rate exceeded",
    "flow control initialisation timeout",
    "flow control initialisation attempts exhausted",
    "replay timeout",
    "replay attempts exhausted",
    "replay underflow",
    "replay overflow",
];

const USR_CONTROL_PLANE: &[&str] = &[
    "packet type error",
    "receive FIFO error",
    "deskew error",
    "receive detect timeout",
    "data parity error",
    "data loss",
    "link control unit error",
    "heartbeat 1 handshake timeout",
    "heartbeat 2 handshake timeout",
    "clock sleep response timeout",
    "clock wake response timeout",
    "reset attack",
    "fatal error of the remote link",
];

const GMI_LINK: &[&str] = &[
    "data loss",
    "training error",
    "replay parity error",
    "receive FIFO underflow",
    "receive FIFO overflow",
    "CRC error",
    "bit error rate exceeded",
    "transmit FIFO underflow",
    "replay buffer parity error",
    "transmit overflow",
    "replay FIFO overflow",
    "replay FIFO underflow",
    "elastic FIFO overflow",
    "deskew error",
    "link offline",
    "data startup limit exceeded",
    "flow control initialisation timeout",
    "recovery timeout",
    "ready timeout",
    "ready attempts exhausted",
    "recovery attempts exhausted",
    "relock attempts exhausted",
    "deskew aborted",
    "receive buffer error",
    "LFDS receive FIFO overflow",
    "LFDS receive FIFO underflow",
    "sub-link transmit timeout",
    "sub-link receive timeout",
    "received command packet error",
    "LFDS training timeout",
    "LFDS flow control initialisation timeout",
    "data loss",
];

const PHY: &[&str] =
    &["RAM ECC error", "instruction buffer parity error", "data buffer parity error", "PHY bus error"];
