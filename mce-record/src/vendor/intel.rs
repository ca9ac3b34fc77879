//! Intel's server processors from Sandy Bridge-EP to Clearwater Forest: which unit a bank belongs to, and what the
//! model-specific code (bits 31:16 of the status) says there.
//!
//! | processor | family 6 | banks known | codes known |
//! |---|---|---|---|
//! | Sandy Bridge-EP, Ivy Bridge-EP | model 2dh, model 3eh | PCU, QPI, memory controller | PCU, memory controller |
//! | Haswell-EP, Broadwell-EP | model 3fh, model 4fh | PCU, QPI, home agent, memory channels | PCU, QPI, memory controller |
//! | Broadwell-DE | model 56h | PCU, memory controller | the same |
//! | Skylake-SP, Cascade Lake, Cooper Lake | model 55h | 0 to 19 | PCU, UPI, M2M, memory controller |
//! | Ice Lake-SP | model 6ah | PCU, UPI, M2M, memory controller | the same |
//! | Ice Lake-D | model 6ch | PCU, M2M, memory controller | the same |
//! | Snow Ridge | model 86h | PCU, M2M, memory controller | the same |
//! | Sapphire Rapids, Emerald Rapids | model 8fh, model cfh | PCU, UPI, M2M, memory controller, HBM | the same |
//! | Granite Rapids, Sierra Forest, Clearwater Forest | model adh, model aeh, model afh, model ddh | UPI, Punit, B2CMI, memory channels | the same |
//!
//! Not known: codes of the core banks, CHA and IIO, for which no public table exists; a generic I/O error has its
//! requester in `MCi_MISC` ([`MciMisc::io_requester`](crate::MciMisc::io_requester)).
//!
//! Sources: Intel SDM volume 3B, chapter "Interpreting Machine Check Error Codes" (tables for model 55h: 16-27 to
//! 16-30 of the 2016 edition, one for each unit, continued for later processors); volume 4, MSRs of family 6 model 55h, for
//! the banks. The codes of earlier and of later processors are in Intel's own decoder, mcelog. The wording is ours.

use core::fmt;

use crate::error_code::ErrorCode;
use crate::registers::{CpuSignature, MciMisc};
use crate::status::MciStatus;

/// A server processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// Sandy Bridge-EP, model 2dh.
    SandyBridgeEp,
    /// Ivy Bridge-EP and Ivy Bridge-EX, model 3eh.
    IvyBridgeEp,
    /// Haswell-EP and Haswell-EX, model 3fh.
    HaswellEp,
    /// Broadwell-EP and Broadwell-EX, model 4fh.
    BroadwellEp,
    /// Broadwell-DE, model 56h.
    BroadwellDe,
    /// Skylake-SP, model 55h up to stepping 4.
    SkylakeSp,
    /// Cascade Lake, model 55h steppings 5 to 7.
    CascadeLake,
    /// Cooper Lake, model 55h steppings 10 and 11.
    CooperLake,
    /// Ice Lake-SP, model 6ah.
    IceLakeSp,
    /// Ice Lake-D, model 6ch.
    IceLakeD,
    /// Snow Ridge, model 86h.
    SnowRidge,
    /// Sapphire Rapids, model 8fh.
    SapphireRapids,
    /// Emerald Rapids, model cfh.
    EmeraldRapids,
    /// Granite Rapids, model adh and model aeh.
    GraniteRapids,
    /// Sierra Forest, model afh.
    SierraForest,
    /// Clearwater Forest, model ddh.
    ClearwaterForest,
}

impl Part {
    /// The processor with this signature, if it is one of these.
    pub const fn of(signature: CpuSignature) -> Option<Self> {
        match (signature.family(), signature.model(), signature.stepping()) {
            (6, 0x2d, _) => Some(Self::SandyBridgeEp),
            (6, 0x3e, _) => Some(Self::IvyBridgeEp),
            (6, 0x3f, _) => Some(Self::HaswellEp),
            (6, 0x4f, _) => Some(Self::BroadwellEp),
            (6, 0x56, _) => Some(Self::BroadwellDe),
            (6, 0x55, 0..=4) => Some(Self::SkylakeSp),
            (6, 0x55, 5..=7) => Some(Self::CascadeLake),
            (6, 0x55, 10..=11) => Some(Self::CooperLake),
            (6, 0x6a, _) => Some(Self::IceLakeSp),
            (6, 0x6c, _) => Some(Self::IceLakeD),
            (6, 0x86, _) => Some(Self::SnowRidge),
            (6, 0x8f, _) => Some(Self::SapphireRapids),
            (6, 0xcf, _) => Some(Self::EmeraldRapids),
            (6, 0xad | 0xae, _) => Some(Self::GraniteRapids),
            (6, 0xaf, _) => Some(Self::SierraForest),
            (6, 0xdd, _) => Some(Self::ClearwaterForest),
            _ => None,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SandyBridgeEp => "Sandy Bridge-EP",
            Self::IvyBridgeEp => "Ivy Bridge-EP",
            Self::HaswellEp => "Haswell-EP",
            Self::BroadwellEp => "Broadwell-EP",
            Self::BroadwellDe => "Broadwell-DE",
            Self::SkylakeSp => "Skylake-SP",
            Self::CascadeLake => "Cascade Lake",
            Self::CooperLake => "Cooper Lake",
            Self::IceLakeSp => "Ice Lake-SP",
            Self::IceLakeD => "Ice Lake-D",
            Self::SnowRidge => "Snow Ridge",
            Self::SapphireRapids => "Sapphire Rapids",
            Self::EmeraldRapids => "Emerald Rapids",
            Self::GraniteRapids => "Granite Rapids",
            Self::SierraForest => "Sierra Forest",
            Self::ClearwaterForest => "Clearwater Forest",
        }
    }

    /// The processors that share their tables.
    const fn generation(self) -> Generation {
        match self {
            Self::SandyBridgeEp | Self::IvyBridgeEp => Generation::SandyBridge,
            Self::HaswellEp | Self::BroadwellEp | Self::BroadwellDe => Generation::Haswell,
            Self::SkylakeSp | Self::CascadeLake | Self::CooperLake => Generation::Skylake,
            Self::IceLakeSp | Self::IceLakeD | Self::SnowRidge => Generation::IceLake,
            Self::SapphireRapids | Self::EmeraldRapids => Generation::Sapphire,
            Self::GraniteRapids | Self::SierraForest | Self::ClearwaterForest => Generation::Granite,
        }
    }
}

#[derive(Clone, Copy)]
enum Generation {
    SandyBridge,
    Haswell,
    Skylake,
    IceLake,
    Sapphire,
    Granite,
}

/// The part of a processor a bank belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Instruction fetch unit of a core.
    InstructionFetch,
    /// Data cache unit of a core.
    DataCache,
    /// Data TLB of a core.
    DataTlb,
    /// Mid-level cache of a core.
    MidLevelCache,
    /// Power control unit; Punit in Granite Rapids.
    PowerControl,
    /// Quick Path Interconnect, and the number of the link.
    Qpi(u8),
    /// Ultra Path Interconnect, and the number of the link if the bank has one.
    Upi(Option<u8>),
    /// Integrated I/O.
    IntegratedIo,
    /// Caching and home agents.
    Cha,
    /// Home agent, and its number.
    HomeAgent(u8),
    /// Mesh to memory, and its number if the bank has one.
    MeshToMemory(Option<u8>),
    /// The same, for high-bandwidth memory.
    HbmMeshToMemory,
    /// Mesh to the coherent memory interface, which took the place of M2M in Granite Rapids.
    MeshToCmi,
    /// A channel of a memory controller: controller and channel within.
    MemoryController(u8, u8),
    /// A memory controller whose bank does not say which channel it is of.
    IntegratedMemoryController,
    /// A memory channel, counted through all controllers of the package.
    MemoryChannel(u8),
    /// A channel of high-bandwidth memory.
    HbmChannel(u8),
}

impl Unit {
    /// The unit `bank` of `part` belongs to, if it is known.
    pub const fn of(part: Part, bank: u8) -> Option<Self> {
        match part.generation() {
            Generation::SandyBridge => Self::of_sandy_bridge(part, bank),
            Generation::Haswell => Self::of_haswell(part, bank),
            Generation::Skylake => Self::of_skylake(bank),
            Generation::IceLake => Self::of_ice_lake(part, bank),
            Generation::Sapphire => Self::of_sapphire(part, bank),
            Generation::Granite => Self::of_granite(bank),
        }
    }

    const fn of_sandy_bridge(part: Part, bank: u8) -> Option<Self> {
        match (part, bank) {
            (_, 4) => Some(Self::PowerControl),
            (Part::SandyBridgeEp, 6..=7) => Some(Self::Qpi(bank.wrapping_sub(6))),
            (Part::IvyBridgeEp, 5) => Some(Self::Qpi(0)),
            (Part::SandyBridgeEp, 8..=11) | (Part::IvyBridgeEp, 9..=16) => {
                Some(Self::IntegratedMemoryController)
            }
            _ => None,
        }
    }

    const fn of_haswell(part: Part, bank: u8) -> Option<Self> {
        let is_de = matches!(part, Part::BroadwellDe);
        match bank {
            4 => Some(Self::PowerControl),
            9..=10 if is_de => Some(Self::IntegratedMemoryController),
            _ if is_de => None,
            5 => Some(Self::Qpi(0)),
            7..=8 => Some(Self::HomeAgent(bank.wrapping_sub(7))),
            9..=16 => Some(Self::MemoryChannel(bank.wrapping_sub(9))),
            20..=21 => Some(Self::Qpi(bank.wrapping_sub(19))),
            _ => None,
        }
    }

    const fn of_skylake(bank: u8) -> Option<Self> {
        Some(match bank {
            0 => Self::InstructionFetch,
            1 => Self::DataCache,
            2 => Self::DataTlb,
            3 => Self::MidLevelCache,
            4 => Self::PowerControl,
            5 => Self::Upi(Some(0)),
            6 => Self::IntegratedIo,
            7 => Self::MeshToMemory(Some(0)),
            8 => Self::MeshToMemory(Some(1)),
            9..=11 => Self::Cha,
            12 => Self::Upi(Some(1)),
            13 => Self::MemoryController(0, 0),
            14 => Self::MemoryController(0, 1),
            15 => Self::MemoryController(1, 0),
            16 => Self::MemoryController(1, 1),
            17 => Self::MemoryController(0, 2),
            18 => Self::MemoryController(1, 2),
            19 => Self::Upi(Some(2)),
            _ => return None,
        })
    }

    const fn of_ice_lake(part: Part, bank: u8) -> Option<Self> {
        let controllers = match part {
            Part::IceLakeD => 2,
            Part::SnowRidge => 1,
            _ => 4,
        };
        let has_upi = matches!(part, Part::IceLakeSp);
        match bank {
            4 => Some(Self::PowerControl),
            5 if has_upi => Some(Self::Upi(Some(0))),
            7 if has_upi => Some(Self::Upi(Some(1))),
            8 if has_upi => Some(Self::Upi(Some(2))),
            12..=27 => {
                // Four banks each: the M2M, then its three channels.
                let place = bank.wrapping_sub(12);
                let (controller, unit) = (place / 4, place % 4);
                if controller >= controllers {
                    None
                } else if unit == 0 {
                    Some(Self::MeshToMemory(Some(controller)))
                } else {
                    Some(Self::MemoryController(controller, unit.wrapping_sub(1)))
                }
            }
            _ => None,
        }
    }

    const fn of_sapphire(part: Part, bank: u8) -> Option<Self> {
        let has_hbm = matches!(part, Part::SapphireRapids);
        match bank {
            4 => Some(Self::PowerControl),
            5 => Some(Self::Upi(None)),
            12 => Some(Self::MeshToMemory(None)),
            13..=20 => Some(Self::MemoryChannel(bank.wrapping_sub(13))),
            29 if has_hbm => Some(Self::HbmMeshToMemory),
            30..=31 if has_hbm => Some(Self::HbmChannel(bank.wrapping_sub(30))),
            _ => None,
        }
    }

    const fn of_granite(bank: u8) -> Option<Self> {
        match bank {
            5 => Some(Self::Upi(None)),
            6 => Some(Self::PowerControl),
            12 => Some(Self::MeshToCmi),
            13..=24 => Some(Self::MemoryChannel(bank.wrapping_sub(13))),
            _ => None,
        }
    }
}

/// `M2M 1`, `memory controller 0 channel 2`.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InstructionFetch => f.write_str("instruction fetch unit"),
            Self::DataCache => f.write_str("data cache unit"),
            Self::DataTlb => f.write_str("data TLB"),
            Self::MidLevelCache => f.write_str("mid-level cache"),
            Self::PowerControl => f.write_str("power control unit"),
            Self::Qpi(link) => write!(f, "QPI {link}"),
            Self::Upi(Some(link)) => write!(f, "UPI {link}"),
            Self::Upi(None) => f.write_str("UPI"),
            Self::IntegratedIo => f.write_str("IIO"),
            Self::Cha => f.write_str("CHA"),
            Self::HomeAgent(index) => write!(f, "home agent {index}"),
            Self::MeshToMemory(Some(index)) => write!(f, "M2M {index}"),
            Self::MeshToMemory(None) => f.write_str("M2M"),
            Self::HbmMeshToMemory => f.write_str("HBM M2M"),
            Self::MeshToCmi => f.write_str("B2CMI"),
            Self::MemoryController(controller, channel) => {
                write!(f, "memory controller {controller} channel {channel}")
            }
            Self::IntegratedMemoryController => f.write_str("memory controller"),
            Self::MemoryChannel(channel) => write!(f, "memory channel {channel}"),
            Self::HbmChannel(channel) => write!(f, "HBM channel {channel}"),
        }
    }
}

/// Codes and what they say.
type Codes = &'static [(u16, &'static str)];

/// What a model-specific code says: up to three codes out of tables, and flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ModelError {
    /// What the code says.
    texts: [Option<&'static str>; 3],
    /// Flags that are set, and their names.
    flags: u16,
    names: Codes,
}

impl ModelError {
    const NONE: Self = Self { texts: [None; 3], flags: 0, names: &[] };

    /// What the model-specific code of `status` says in a bank of `unit`, if it is known.
    pub fn of(part: Part, unit: Unit, status: MciStatus) -> Option<Self> {
        let code = status.model_specific_code();
        let (low, high) = (code & 0xff, code >> 8);
        let error = match (unit, part.generation()) {
            (Unit::PowerControl, Generation::SandyBridge) => {
                let is_known = matches!(part, Part::IvyBridgeEp) || !PCU_IVY_BRIDGE.contains(&high);
                let text = find(PCU_SANDY_BRIDGE, high).filter(|_| is_known);
                Self { texts: [text, None, find(PCU_SANDY_BRIDGE_INTERNAL, code & 0xf)], ..Self::NONE }
            }
            (Unit::PowerControl, Generation::Haswell) => {
                // Broadwell-DE has the code of an internal error in bits 17:16 alone, and fewer codes.
                let is_de = matches!(part, Part::BroadwellDe);
                let internal = if is_de { 0x3 } else { 0xf };
                let is_known = if is_de { is_of_broadwell_de(high) } else { high != PCU_RING_WAKE };
                Self {
                    texts: [
                        find(PCU_HASWELL, high).filter(|_| is_known),
                        find(PCU_CODES, status.error_code().raw() & !ErrorCode::FILTER),
                        (code & internal != 0).then_some(PCU_INTERNAL_ERROR),
                    ],
                    ..Self::NONE
                }
            }
            (Unit::Qpi(_), Generation::Haswell) => Self::one(find(QPI, code)),
            (
                Unit::IntegratedMemoryController | Unit::MemoryChannel(_),
                Generation::SandyBridge | Generation::Haswell,
            ) => {
                let known = match part {
                    Part::SandyBridgeEp => 0x007f,
                    Part::IvyBridgeEp | Part::BroadwellDe => 0x01ff,
                    Part::BroadwellEp => 0x037f,
                    _ => 0x03ff,
                };
                Self { flags: code & known, names: IMC_FLAGS, ..Self::NONE }
            }
            (Unit::PowerControl, Generation::Skylake) => Self {
                texts: [
                    find(PCU_SKYLAKE, high),
                    find(PCU_CODES, status.error_code().raw() & !ErrorCode::FILTER),
                    find(PCU_SKYLAKE_INTERNAL, code & 0xf),
                ],
                ..Self::NONE
            },
            (Unit::PowerControl, Generation::IceLake) => Self::pcu(code, &[], PCU_INTERNAL),
            (Unit::PowerControl, Generation::Sapphire) => {
                let shutdown = status.error_code().raw() == 0x040c;
                Self::pcu(code, PCU_SAPPHIRE, if shutdown { PCU_SHUTDOWN } else { PCU_INTERNAL })
            }
            (Unit::PowerControl, Generation::Granite) => {
                Self { texts: [find(PUNIT_LOW, low), find(PUNIT_HIGH, high), None], ..Self::NONE }
            }
            (Unit::Upi(_), Generation::Granite) => Self::one(find(UPI, code).or(find(UPI_GRANITE, code))),
            (Unit::Upi(_), generation) => {
                let code_alone = code & 0x3f;
                let text = find(UPI, code_alone).or(match generation {
                    Generation::IceLake => find(UPI_ICE_LAKE, code_alone),
                    Generation::Sapphire => find(UPI_SAPPHIRE, code_alone),
                    _ => None,
                });
                // Of Skylake the flags have a meaning with code 12h only.
                let told = code_alone == 0x12 || !matches!(generation, Generation::Skylake);
                let flags = if told { code & 0xffc0 } else { 0 };
                Self { texts: [text, None, None], flags, names: UPI_FLAGS }
            }
            (Unit::MeshToMemory(_), Generation::Skylake | Generation::IceLake) => {
                Self { flags: low, names: M2M_FLAGS, ..Self::NONE }
            }
            (Unit::MeshToMemory(_) | Unit::HbmMeshToMemory, Generation::Sapphire) => {
                Self::one(find(M2M_SAPPHIRE, low))
            }
            (Unit::MeshToCmi, _) => Self::one(find(B2CMI, code)),
            (Unit::MemoryController(..), Generation::Skylake) => {
                if code & 0x0800 == 0 {
                    Self { flags: code, names: IMC_SKYLAKE_FLAGS, ..Self::NONE }
                } else {
                    Self::one(find(IMC_SKYLAKE, code))
                }
            }
            (Unit::MemoryController(..), Generation::IceLake) => {
                Self::one(find(IMC, code).or(find(IMC_ICE_LAKE, code)))
            }
            (Unit::MemoryChannel(_) | Unit::HbmChannel(_), Generation::Sapphire) => {
                Self::one(find(IMC, code).or(find(IMC_SAPPHIRE, code)))
            }
            (Unit::MemoryChannel(_), Generation::Granite) => Self::one(find(IMC_GRANITE, code)),
            _ => return None,
        };
        let any_flag = error.names.iter().any(|&(flag, _)| error.flags & flag != 0);
        (any_flag || error.texts.iter().any(Option::is_some)).then_some(error)
    }

    const fn one(text: Option<&'static str>) -> Self {
        Self { texts: [text, None, None], ..Self::NONE }
    }

    fn pcu(code: u16, more: Codes, low: Codes) -> Self {
        let power = match code >> 8 {
            0x65..=0x7a => Some("package S-state: reset preparation timeout"),
            high => find(PCU_ICE_LAKE, high).or(find(more, high)),
        };
        Self { texts: [power, find(PCU_CONTROL, code >> 4 & 0xf), find(low, code & 0xf)], ..Self::NONE }
    }
}

/// What is known, separated by commas.
impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self.texts.iter().flatten().copied();
        let flags = self.names.iter().filter(|&&(flag, _)| self.flags & flag != 0).map(|&(_, name)| name);
        let mut separator = "";
        for text in texts.chain(flags) {
            write!(f, "{separator}{text}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// Where in a memory channel an error is, by `MCi_MISC` of a memory controller's bank.
///
/// Known of Ice Lake (model 6ah, model 6ch, model 86h), and of Granite Rapids, Sierra Forest and Clearwater Forest (model
/// adh, model aeh, model afh, model ddh).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DramLocation {
    /// Chip select: the rank on its channel.
    pub rank: u8,
    /// Rank within a stacked device.
    pub sub_rank: u8,
    /// Bank group.
    pub bank_group: u8,
    /// Bank within the group.
    pub bank: u8,
    /// Row.
    pub row: u32,
    /// Column, a multiple of 4.
    pub column: u16,
    /// The device that failed, of lasting errors only.
    pub device: Option<u8>,
    /// The error went away when it was read again.
    pub transient: bool,
}

impl DramLocation {
    /// The location `misc` holds for an error of `unit`, if it holds one.
    pub fn of(part: Part, unit: Unit, status: MciStatus, misc: MciMisc) -> Option<Self> {
        let field = |low: u32, width: u32| misc.raw().wrapping_shr(low) & !u64::MAX.wrapping_shl(width);
        let transient = misc.any(1 << 63);
        let column = (field(9, 10) << 2) as u16;
        match (unit, part.generation()) {
            (Unit::MemoryController(..), Generation::IceLake) => Some(Self {
                rank: field(56, 3) as u8,
                sub_rank: field(52, 4) as u8,
                bank_group: (field(44, 1) << 2 | field(40, 2)) as u8,
                bank: field(42, 2) as u8,
                row: field(19, 21) as u32,
                column,
                device: (!transient && !status.uncorrected()).then_some(field(46, 6) as u8),
                transient,
            }),
            // Bit 33 of the status says that the register holds a location; scheduler errors have none.
            (Unit::MemoryChannel(_), Generation::Granite)
                if status.any(1 << 33) && !matches!(status.model_specific_code(), 0x0800..=0x082f) =>
            {
                Some(Self {
                    rank: field(55, 3) as u8,
                    sub_rank: field(51, 4) as u8,
                    bank_group: field(39, 3) as u8,
                    bank: field(37, 2) as u8,
                    row: field(19, 18) as u32,
                    column,
                    device: (!transient).then_some(field(43, 6) as u8),
                    transient,
                })
            }
            _ => None,
        }
    }
}

/// `rank 1, sub-rank 0, bank group 2, bank 3, row 0x1a2b, column 0x3f8, device 5`.
impl fmt::Display for DramLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "rank {}, sub-rank {}, bank group {}, bank {}, row {:#x}, column {:#x}",
            self.rank, self.sub_rank, self.bank_group, self.bank, self.row, self.column
        )?;
        if let Some(device) = self.device {
            write!(f, ", device {device}")?;
        }
        f.write_str(if self.transient { ", transient" } else { "" })
    }
}

fn find(codes: Codes, code: u16) -> Option<&'static str> {
    codes.iter().find(|&&(known, _)| known == code).map(|&(_, text)| text)
}

/// model 2dh and model 3eh, `IA32_MC4_STATUS` bits 31:24.
const PCU_SANDY_BRIDGE: Codes = &[
    (0x0d, "package S3: self-refresh of the memory controller timeout"),
    (0x0e, "CPD/UNCPD timeout"),
    (0x0f, "package S-state: safe WP timeout"),
    (0x43, "PECI mailbox: quiesce timeout"),
    (0x44, "critical regulator failed"),
    (0x45, "maximum current not supported"),
    (0x5c, "more than one LT agent"),
    (0x60, "package S-state: invalid request of the PCH"),
    (0x61, "package S-state: invalid request from QPI"),
    (0x62, "package S-state: invalid response from QPI"),
    (0x63, "package C-state: invalid response of the PCH"),
    (0x64, "invalid package state configuration"),
    (0x70, "package C-state watchdog timeout, secondary"),
    (0x71, "package C-state watchdog timeout, main"),
    (0x72, "package S-state watchdog timeout, main"),
    (0x7a, "home agent: change of the fail status detected"),
    (0x7b, "PCIe: block acknowledge timeout"),
    (0x81, "die too hot"),
];

/// model 2dh and model 3eh, bits 19:16.
const PCU_SANDY_BRIDGE_INTERNAL: Codes = &[
    (0x1, "instruction memory not selected"),
    (0x2, "instruction memory parity error"),
    (0x3, "invalid opcode"),
    (0x4, "instruction stack underflow"),
    (0x5, "instruction stack overflow"),
    (0x6, "data stack underflow"),
    (0x7, "data stack overflow"),
    (0x8, "data memory not selected"),
    (0x9, "data memory parity error"),
];

/// model 3fh, model 4fh and model 56h, `IA32_MC4_STATUS` bits 31:24.
const PCU_HASWELL: Codes = &[
    (0x09, "message channel timeout"),
    (0x0d, "package S3: self-refresh of the memory controller timeout"),
    (0x0e, "CPD/UNCPD timeout"),
    (0x13, "DMI training timeout"),
    (0x15, "DMI did not acknowledge the CPU reset"),
    (0x1e, "maximum current of the regulator below the fused one"),
    (0x25, "SVID: command timeout"),
    (PCU_RING_WAKE, "package C-state: ring wake timeout"),
    (0x29, "output voltage of the regulator below the fused one"),
    (0x2b, "package C-state: watchdog, CBZ down hangs"),
    (0x2c, "package C-state: watchdog, CBZ up hangs"),
    (0x39, "package C-state: watchdog, C3 up hangs in the snoop filter"),
    (0x44, "critical regulator failed"),
    (0x45, "maximum current not supported"),
    (0x46, "voltage ramp down failed"),
    (0x47, "exclusive mode: power management request not completed"),
    (0x48, "SVID: maximum current could not be read"),
    (0x49, "SVID: maximum output voltage could not be written"),
    (0x4b, "boot voltage timeout, DRAM 0"),
    (0x4c, "boot voltage timeout, DRAM 1"),
    (0x4d, "boot voltage timeout, DRAM 2"),
    (0x4e, "boot voltage timeout, DRAM 3"),
    (0x4f, "SVID: command error"),
    (0x52, "FIVR: catastrophic overvoltage"),
    (0x53, "FIVR: catastrophic overcurrent"),
    (0x57, "SVID: package C-state request failed"),
    (0x58, "SVID: current monitor request failed"),
    (0x59, "SVID: alert request failed"),
    (0x60, "package S-state: invalid request of the PCH"),
    (0x61, "package S-state: invalid request from QPI"),
    (0x62, "package S-state: invalid response from QPI"),
    (0x63, "package S-state: invalid response of the PCH"),
    (0x64, "invalid package state configuration"),
    (0x67, "home agent or memory controller: block acknowledge timeout"),
    (0x68, "memory controller: SMBus timeout"),
    (0x69, "home agent: change of the fail status detected"),
    (0x6a, "power management request on the message channel timeout"),
    (0x70, "package C-state watchdog timeout, secondary"),
    (0x71, "package C-state watchdog timeout, main"),
    (0x72, "package S-state watchdog timeout, main"),
    (0x7c, "invalid reset completion sequence of the BIOS"),
    (0x7d, "more than one TXT agent"),
    (0x81, "die too hot"),
];

/// Of model 56h alone.
const PCU_RING_WAKE: u16 = 0x26;

/// Whether model 56h has the code.
const fn is_of_broadwell_de(code: u16) -> bool {
    matches!(
        code,
        0x09 | 0x13
            | 0x15
            | 0x1e
            | 0x25
            | PCU_RING_WAKE
            | 0x29
            | 0x2b
            | 0x2c
            | 0x44
            | 0x46
            | 0x49
            | 0x4b
            | 0x4f
            | 0x52
            | 0x53
            | 0x57..=0x59 | 0x62 | 0x64 | 0x67 | 0x6a | 0x72 | 0x81
    )
}

/// Codes of model 3eh that model 2dh does not have.
const PCU_IVY_BRIDGE: [u16; 3] = [0x44, 0x45, 0x7b];

/// model 55h, `IA32_MC4_STATUS` bits 31:24.
const PCU_SKYLAKE: Codes = &[
    (0x0d, "DMI training timeout"),
    (0x0f, "DMI did not acknowledge the CPU reset"),
    (0x10, "more than one LT agent"),
    (0x1e, "invalid reset completion sequence of the BIOS"),
    (0x1f, "invalid package state configuration of the BIOS"),
    (0x25, "message channel timeout"),
    (0x27, "power management request on the message channel timeout"),
    (0x30, "package C-state: ring wake timeout"),
    (0x31, "package C-state: invalid response of the PCH"),
    (0x33, "package C-state: watchdog, CBZ down hangs"),
    (0x34, "package C-state: watchdog, CBZ up hangs"),
    (0x38, "package C-state: watchdog, C3 up hangs in the snoop filter"),
    (0x40, "SVID: maximum current of the VCCIN regulator"),
    (0x41, "SVID: command timeout"),
    (0x42, "SVID: output voltage of the VCCIN regulator"),
    (0x43, "SVID: capability of the CPU regulator"),
    (0x44, "SVID: critical regulator failed"),
    (0x45, "SVID: system agent ITD error"),
    (0x46, "SVID: register read failed"),
    (0x47, "SVID: register write failed"),
    (0x48, "SVID: package C-state initialisation failed"),
    (0x49, "SVID: package C-state configuration failed"),
    (0x4a, "SVID: package C-state request failed"),
    (0x4b, "SVID: current monitor request failed"),
    (0x4c, "SVID: alert request failed"),
    (0x4d, "SVID: regulator of the package absent or ramp failed"),
    (0x4e, "SVID: unexpected regulator in the package"),
    (0x51, "FIVR: catastrophic overvoltage"),
    (0x52, "FIVR: catastrophic overcurrent"),
    (0x58, "package C-state watchdog timeout, secondary"),
    (0x59, "package C-state watchdog timeout, main"),
    (0x5a, "package S-state watchdog timeout, main"),
    (0x61, "package S-state: CPD/UNCPD timeout"),
    (0x63, "package S-state: invalid request of the PCH"),
    (0x64, "package S-state: invalid internal request"),
    (0x65, "package S-state: invalid internal response"),
    (0x6b, "package S-state: SMBus VPP pause timeout"),
    (0x81, "die too hot"),
];

/// model 3fh, model 4fh, model 56h and model 55h, error codes (bits 15:0) of bank 4.
const PCU_CODES: Codes = &[
    (0x0402, "power control unit error"),
    (0x0403, "power control unit error"),
    (0x0406, "Intel TXT error"),
    (0x0407, "UBOX error"),
];

/// model 55h, bits 19:16.
const PCU_SKYLAKE_INTERNAL: Codes =
    &[(1, PCU_INTERNAL_ERROR), (2, PCU_INTERNAL_ERROR), (3, PCU_INTERNAL_ERROR)];

const PCU_INTERNAL_ERROR: &str = "internal error of the power control unit";

/// model 6ah and later, bits 31:24.
const PCU_ICE_LAKE: Codes = &[
    (0x0d, "LLC self-test timeout"),
    (0x0e, "DMI training timeout"),
    (0x0f, "DMI strap set arrival timeout"),
    (0x10, "DMI did not acknowledge the CPU reset"),
    (0x11, "more than one LT agent"),
    (0x14, "incompatible PCH"),
    (0x1e, "invalid reset completion sequence of the BIOS"),
    (0x1f, "invalid package state configuration of the BIOS"),
    (0x2d, "PMAX calibration error"),
    (0x2e, "TSC synchronisation timeout"),
    (0x3a, "GPSB timeout"),
    (0x3b, "PMSB timeout"),
    (0x3e, "power management request on IOSF sideband timeout"),
    (0x40, "SVID: maximum current of the VCCIN regulator"),
    (0x42, "SVID: output voltage of the VCCIN regulator"),
    (0x43, "SVID: capability of the CPU regulator"),
    (0x44, "SVID: critical regulator failed"),
    (0x45, "SVID: system agent ITD error"),
    (0x46, "SVID: register read failed"),
    (0x47, "SVID: register write failed"),
    (0x4a, "SVID: package C-state request failed"),
    (0x4b, "SVID: current monitor request failed"),
    (0x4c, "SVID: alert request failed"),
    (0x4d, "SVID: ramp of the regulator of the package failed"),
    (0x56, "FIVR: hard error of the power delivery"),
    (0x58, "package C-state watchdog timeout, secondary"),
    (0x59, "package C-state watchdog timeout, main"),
    (0x5a, "package S-state watchdog timeout, main"),
    (0x5b, "watchdog timeout, message channel"),
    (0x5c, "watchdog timeout, bulk CR"),
    (0x5d, "watchdog timeout, IOSF sideband"),
    (0x60, "package S-state: safe WP timeout"),
    (0x61, "package S-state: CPD/UNCPD timeout"),
    (0x62, "package S-state: invalid request of the PCH"),
    (0x63, "package S-state: invalid internal request"),
    (0x64, "package S-state: invalid internal response"),
    (0x7b, "package S-state: SMBus VPP pause timeout"),
    (0x7c, "package S-state: SMBus MCP pause timeout"),
    (0x7d, "package S-state: SMBus SPD pause timeout"),
    (0x80, "package C-state: dispatcher busy timeout"),
    (0x81, "package C-state: invalid response of the PCH"),
    (0x83, "package C-state: watchdog, CBZ down hangs"),
    (0x84, "package C-state: watchdog, CBZ up hangs"),
    (0x87, "package C-state: watchdog, C2 block main hangs"),
    (0x88, "package C-state: watchdog, C2 power limit hangs"),
    (0x89, "package C-state: watchdog, set dispatch hangs"),
    (0x8b, "package C-state: L1 allowed in error"),
    (0x90, "die too hot"),
    (0xa0, "ADR signal timeout"),
    (0xa1, "base clock above the overclocking threshold"),
    (0xb0, "dispatcher run busy timeout"),
];

/// model 8fh only.
const PCU_SAPPHIRE: Codes = &[(0xc0, "dispatcher run busy timeout")];

/// model 6ah and later, bits 23:20.
const PCU_CONTROL: Codes = &[
    (0x4, "clock or power block did not respond in time"),
    (0x5, "SMBus controller raised an SMI"),
    (0x9, "invalid transaction at the power management controller"),
];

/// model 6ah and later, bits 19:16.
const PCU_INTERNAL: Codes = &[
    (0x1, "instruction address out of range"),
    (0x2, "double-bit RAM error on instruction fetch"),
    (0x3, "invalid opcode"),
    (0x4, "stack underflow"),
    (0x5, "stack overflow"),
    (0x6, "data address out of range"),
    (0x7, "double-bit RAM error on data fetch"),
];

/// model 8fh, bits 19:16 with error code 040Ch.
const PCU_SHUTDOWN: Codes = &[
    (0x1, "machine check while CR4.MCE was clear"),
    (0x2, "machine check while another was in progress"),
    (0x3, "machine check under WPS"),
    (0x4, "unrecoverable error in a security flow"),
    (0x5, "triple fault"),
    (0x6, "VM exit consistency check failed"),
    (0x7, "RSM consistency check failed"),
    (0x8, "invalid conditions on SMM entry"),
    (0x9, "unrecoverable error in a security flow"),
];

/// model adh and later, bits 23:16.
const PUNIT_LOW: Codes = &[
    (0x02, "power management microcontroller: double-bit ECC error"),
    (0x03, "power management microcontroller: double-bit ECC error"),
    (0x08, "power management microcontroller error"),
    (0x09, "power management microcontroller error"),
    (0x0a, "power management microcontroller: patch load error"),
    (0x0b, "power management microcontroller: request valid error"),
    (0x10, "power management microcontroller: telemetry SRAM double-bit ECC error"),
    (0x20, "error signalled by a power management agent"),
    (0x80, "error signalled by S3M"),
    (0xa0, "HPM SRAM double-bit ECC error"),
    (0xb0, "TPMI SRAM double-bit ECC error"),
];

/// model adh and later, bits 31:24.
const PUNIT_HIGH: Codes = &[
    (0x09, "TSC download timeout"),
    (0x0b, "GPSB timeout"),
    (0x0c, "PMSB timeout"),
    (0x10, "PMAX calibration error"),
    (0x1a, "dispatcher run busy timeout"),
    (0x1d, "more than one LT agent"),
    (0x23, "SVID error"),
    (0x35, "SVID: invalid load line of VCCIN"),
    (0x36, "SVID: invalid maximum current"),
    (0x40, "SVID: invalid maximum voltage"),
    (0x41, "SVID: invalid ramp voltage of VDD"),
    (0x48, "invalid ITD fuses"),
    (0x49, "SVID: invalid DC load line"),
    (0x4a, "FIVR: hard error of the power delivery"),
    (0x4c, "HPM SRAM double-bit error on a read"),
    (0x56, "SVID: invalid active voltage fuses"),
];

/// Codes of QPI, of models 3fh and 4fh: bits 31:16 of the status.
const QPI: Codes = &[
    (0x02, "PHY: drift buffer alarm"),
    (0x03, "PHY: latency buffer rollover"),
    (0x10, "control error from R3QPI"),
    (0x11, "link receive CRC error, retry failed"),
    (0x12, "link received an unknown packet"),
    (0x13, "link control error"),
    (0x15, "routeback table not initialised"),
    (0x20, "PHY in-band reset, initialisation aborted"),
    (0x21, "data self-healing"),
    (0x22, "PHY in-band reset, width unchanged"),
    (0x23, "clock failed over"),
    (0x30, "link receive CRC error, retry succeeded with PHY initialisation"),
    (0x31, "link receive CRC error, retry succeeded without PHY initialisation"),
];

/// Codes of UPI, from Skylake on: bits 21:16 of the status; of Granite Rapids, bits 31:16.
const UPI: Codes = &[
    (0x00, "PHY initialisation failed"),
    (0x01, "PHY: drift buffer alarm"),
    (0x02, "PHY: latency buffer rollover"),
    (0x10, "link receive CRC error, retry failed"),
    (0x11, "link received an unsupported or undefined packet"),
    (0x12, "link or PHY control error"),
    (0x13, "link parameter exchange exception"),
    (0x1f, "control error from the link-mesh interface"),
    (0x20, "PHY initialisation aborted"),
    (0x21, "PHY reset"),
    (0x22, "PHY lane failed, recovered at width x8"),
    (0x23, "PHY L0c error corrected without PHY reset"),
    (0x24, "PHY L0c error, PHY reset"),
    (0x25, "PHY L0p exit error corrected with PHY reset"),
    (0x30, "link receive CRC error, retry succeeded without PHY initialisation"),
    (0x31, "link receive CRC error, retry succeeded with PHY initialisation"),
];

/// model 6ah only.
const UPI_ICE_LAKE: Codes = &[(0x32, "link retry requested by the other side")];

/// model 8fh only.
const UPI_SAPPHIRE: Codes = &[(0x15, "SGX MAC error")];

/// model adh and later.
const UPI_GRANITE: Codes = &[
    (0x14, "TDX failure"),
    (0x15, "SGX failure"),
    (0x16, "transmit data parity error"),
    (0x17, "receive data parity error"),
    (0x18, "FLE failure"),
];

/// Before model adh, bits 31:22; of model 55h, with code 12h only.
const UPI_FLAGS: Codes = &[
    (1 << 6, "PHY control error"),
    (1 << 7, "unexpected retry acknowledge flit"),
    (1 << 8, "unexpected retry request flit"),
    (1 << 9, "register file parity error"),
    (1 << 10, "routeback table error"),
    (1 << 11, "unexpected transmit protocol flit"),
    (1 << 12, "receive credit overflow or underflow"),
    (1 << 13, "link reset in progress when the PHY entered L0"),
    (1 << 14, "link reset while protocol traffic was not idle"),
    (1 << 15, "link transmit parity error"),
];

/// model 55h and model 6ah, bits 23:16.
const M2M_FLAGS: Codes = &[
    (1, "read data error"),
    (1 << 2, "partial write data error"),
    (1 << 3, "full write data error"),
    (1 << 4, "clock domain crossing buffer error"),
    (1 << 5, "timeout"),
    (1 << 6, "tracker parity error"),
    (1 << 7, "fatal bucket 1 error"),
];

/// model 8fh, bits 23:16.
const M2M_SAPPHIRE: Codes = &[
    (0x01, "read ECC error"),
    (0x02, "bucket 1 error"),
    (0x03, "read tracker parity error"),
    (0x05, "prefetch channel mismatch"),
    (0x07, "read completion parity error"),
    (0x08, "response parity error"),
    (0x09, "timeout"),
    (0x0a, "CMI reserved credit pool error"),
    (0x0b, "CMI total credit count error"),
    (0x0c, "CMI credit oversubscription"),
];

/// model adh and later, bits 31:16.
const B2CMI: Codes = &[
    (0x01, "read ECC error"),
    (0x02, "bucket 1 error"),
    (0x03, "tracker parity error"),
    (0x04, "security mismatch"),
    (0x07, "read completion parity error"),
    (0x08, "response parity error"),
    (0x09, "timeout"),
    (0x0a, "address parity error"),
    (0x0c, "CMI credit oversubscription"),
    (0x0d, "SAI mismatch"),
];

/// Before model 55h, bits 25:16; not all of them on each.
const IMC_FLAGS: Codes = &[
    (0x0001, "address parity error"),
    (0x0002, "write data parity error"),
    (0x0004, "write byte enable parity error"),
    (0x0008, "corrected patrol scrub error"),
    (0x0010, "uncorrected patrol scrub error"),
    (0x0020, "corrected spare error"),
    (0x0040, "uncorrected spare error"),
    (0x0080, "corrected read error"),
    (0x0100, "write data buffer read parity error"),
    (0x0200, "DDR4 command/address parity error"),
];

/// model 55h, bits 26:16.
const IMC_SKYLAKE_FLAGS: Codes = &[
    (0x0001, "address parity error"),
    (0x0002, "write data parity error"),
    (0x0004, "write byte enable parity error"),
    (0x0008, "corrected patrol scrub error"),
    (0x0010, "uncorrected patrol scrub error"),
    (0x0020, "corrected spare error"),
    (0x0040, "uncorrected spare error"),
    (0x0080, "read error"),
    (0x0100, "write data buffer read parity error"),
    (0x0200, "DDR4 command/address parity error"),
    (0x0400, "uncorrected address parity error"),
];

/// model 55h, bits 31:16 with bit 27 set.
const IMC_SKYLAKE: Codes = &[
    (0x0800, "unrecognised request type"),
    (0x0801, "read response to an invalid scoreboard entry"),
    (0x0802, "unexpected read response"),
    (0x0803, "DDR4 completion to an invalid scoreboard entry"),
    (0x0804, "completion to an invalid scoreboard entry"),
    (0x0805, "completion FIFO overflow"),
    (0x0806, "correctable parity error"),
    (0x0807, "uncorrectable error"),
    (0x0808, "interrupt before the last one was acknowledged"),
    (0x0809, "ERID FIFO overflow"),
    (0x080a, "write credit error"),
    (0x080b, "read credit error"),
    (0x080c, "scheduler error"),
    (0x080d, "error event"),
];

/// model 6ah and model 8fh, bits 31:16.
const IMC: Codes = &[
    (0x0001, "address parity error"),
    (0x0002, "data parity error"),
    (0x0003, "data ECC error"),
    (0x0004, "data byte enable parity error"),
    (0x0007, "transaction id parity error"),
    (0x0008, "corrected patrol scrub error"),
    (0x0010, "uncorrected patrol scrub error"),
    (0x0020, "corrected spare error"),
    (0x0040, "uncorrected spare error"),
    (0x0080, "corrected read error"),
    (0x00a0, "uncorrected read error"),
    (0x00c0, "uncorrected metadata"),
    (0x0100, "write data buffer read parity error"),
    (0x0108, "DDR link failure"),
    (0x0400, "read pending queue parity error, primary"),
    (0x0800, "DDR-T bad request"),
    (0x0801, "data response to an invalid entry"),
    (0x0802, "data response to an entry that expects none"),
    (0x0803, "DDR completion to an invalid entry"),
    (0x0804, "DDR-T completion to an invalid entry"),
    (0x0805, "data or completion FIFO overflow"),
    (0x0806, "DDR-T ERID correctable parity error"),
    (0x0807, "DDR-T ERID uncorrectable error"),
    (0x0808, "DDR-T interrupt before the last one was acknowledged"),
    (0x0809, "ERID FIFO overflow"),
    (0x080a, "DDR-T write credit error"),
    (0x080b, "DDR-T read credit error"),
    (0x080c, "DDR-T scheduler error"),
    (0x080d, "DDR-T device error event"),
    (0x080e, "DDR-T device thermal event"),
    (0x080f, "CMI packet while idle"),
    (0x0810, "DDR-T read request parity error"),
    (0x0811, "DDR-T write request parity error"),
    (0x0812, "near memory fill write CAM error"),
    (0x0813, "CMI credit oversubscription"),
    (0x0814, "CMI total credit error"),
    (0x0815, "CMI reserved credit pool error"),
    (0x0816, "DDR-T read error"),
    (0x0817, "write data buffer FIFO error"),
    (0x0818, "CMI request FIFO overflow"),
    (0x0819, "CMI request FIFO underflow"),
    (0x081a, "CMI response FIFO overflow"),
    (0x081b, "CMI response FIFO underflow"),
    (0x081c, "CMI credit error"),
    (0x081d, "CMI arbiter error"),
    (0x081e, "DDR-T write completion FIFO overflow"),
    (0x081f, "DDR-T write completion FIFO underflow"),
    (0x0820, "CMI read completion FIFO overflow"),
    (0x0821, "CMI read completion FIFO underflow"),
    (0x0822, "TME key parity error"),
    (0x0823, "TME CMI error"),
    (0x0824, "TME CMI overflow"),
    (0x0825, "TME CMI underflow"),
    (0x0826, "TME TEM secure error"),
    (0x0827, "TME underfill parity error"),
];

/// model 6ah only.
const IMC_ICE_LAKE: Codes = &[
    (0x0005, "received uncorrectable data"),
    (0x0006, "received uncorrectable metadata"),
    (0x0103, "RPA parity error"),
    (0x0104, "RPA parity error"),
    (0x0105, "WPA parity error"),
    (0x0106, "DDR-T byte enable error"),
    (0x0107, "DDR-T data error"),
    (0x0111, "PCLS CAM error"),
    (0x0112, "PCLS data error"),
    (0x0200, "DDR4 command/address parity error"),
    (0x0220, "HBM command/address parity error"),
    (0x0221, "HBM data parity error"),
    (0x0401, "read pending queue parity error, buddy"),
    (0x0404, "write pending queue parity error, primary"),
    (0x0405, "write pending queue parity error, buddy"),
    (0x0408, "read pending buffer parity error, primary"),
    (0x0409, "read pending buffer parity error, buddy"),
];

/// model 8fh only.
const IMC_SAPPHIRE: Codes = &[
    (0x0200, "DDR5 command/address parity error"),
    (0x0829, "internal error"),
    (0x082a, "TME integrity error"),
    (0x082b, "TME TDX error"),
    (0x082c, "TME underfill TEM secure error"),
    (0x082d, "TME key poison error"),
    (0x082e, "TME security engine error"),
    (0x1008, "corrected patrol scrub error, secondary of the mirror"),
    (0x1010, "uncorrected patrol scrub error, secondary of the mirror"),
    (0x1020, "corrected spare error, secondary of the mirror"),
    (0x1040, "uncorrected spare error, secondary of the mirror"),
    (0x1080, "corrected read error, secondary of the mirror"),
    (0x10a0, "uncorrected read error, secondary of the mirror"),
];

/// model adh and later, bits 31:16.
const IMC_GRANITE: Codes = &[
    (0x0001, "address parity error"),
    (0x0002, "write data parity error, sub-channel 0"),
    (0x0003, "write data ECC error, sub-channel 0"),
    (0x0004, "write byte enable parity error, sub-channel 0"),
    (0x0005, "write MAC parity error, sub-channel 0"),
    (0x0008, "corrected patrol scrub error"),
    (0x0010, "uncorrected patrol scrub error"),
    (0x0020, "corrected spare error"),
    (0x0040, "uncorrected spare error"),
    (0x0080, "transient or correctable read error"),
    (0x00a0, "uncorrectable read error"),
    (0x00b0, "poison read while poison was disabled"),
    (0x00c0, "two-level memory metadata error"),
    (0x0100, "write data buffer read parity error, sub-channel 0"),
    (0x0102, "write data buffer ECC error, sub-channel 0"),
    (0x0104, "write data buffer byte enable parity error, sub-channel 0"),
    (0x0106, "write data buffer persistent ECC error, sub-channel 0"),
    (0x0108, "DDR link failure"),
    (0x0109, "illegal incoming opcode"),
    (0x0200, "DDR command/address parity or write CRC error"),
    (0x0400, "scheduler address parity error"),
    (0x0832, "internal error"),
    (0x0833, "tracker address parity error"),
    (0x2002, "write data parity error, sub-channel 1"),
    (0x2003, "write data ECC error, sub-channel 1"),
    (0x2004, "write byte enable parity error, sub-channel 1"),
    (0x2005, "write MAC parity error, sub-channel 1"),
    (0x2100, "write data buffer read parity error, sub-channel 1"),
    (0x2102, "write data buffer ECC error, sub-channel 1"),
    (0x2104, "write data buffer byte enable parity error, sub-channel 1"),
    (0x2106, "write data buffer persistent ECC error, sub-channel 1"),
];
