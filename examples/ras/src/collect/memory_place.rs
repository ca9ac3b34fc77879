//! The place of an error in memory: the same columns for all sections that state it.

use cper::section::cxl_event::U24;
use cper::section::{Body, CxlEventData};

/// A place in memory, as the section states it. Each maker counts in its own way.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryPlace {
    /// Node of a machine of several.
    pub node: Option<u32>,
    /// Card or riser.
    pub card: Option<u32>,
    /// Module on the card.
    pub module: Option<u32>,
    /// Channel of a CXL device.
    pub channel: Option<u32>,
    /// Rank on the module.
    pub rank: Option<u32>,
    /// Chip; of a CXL device the chips of the rank, a bit each.
    pub device: Option<u32>,
    /// Die of a stacked chip.
    pub chip_id: Option<u32>,
    /// Bank, where it is one number.
    pub bank: Option<u32>,
    /// Bank group.
    pub bank_group: Option<u32>,
    /// Bank in its group.
    pub bank_address: Option<u32>,
    /// Row of the bank.
    pub row: Option<u32>,
    /// Column of the row.
    pub column: Option<u32>,
    /// Bit that failed.
    pub bit_position: Option<u32>,
    /// SMBIOS handle of the memory array.
    pub card_handle: Option<u32>,
    /// SMBIOS handle of the memory device.
    pub module_handle: Option<u32>,
}

impl MemoryPlace {
    /// The place that a section names; nothing for sections that are not of memory.
    pub fn of(body: &Body<'_>) -> Self {
        match body {
            Body::Memory(memory) => Self {
                node: memory.node().map(u32::from),
                card: memory.card().map(u32::from),
                module: memory.module().map(u32::from),
                rank: memory.rank().map(u32::from),
                device: memory.device().map(u32::from),
                chip_id: memory.chip_id().map(u32::from),
                bank: memory.bank().map(u32::from),
                bank_group: memory.bank_group().map(u32::from),
                bank_address: memory.bank_address().map(u32::from),
                row: memory.row(),
                column: memory.column().map(u32::from),
                bit_position: memory.bit_position().map(u32::from),
                card_handle: memory.card_handle().map(u32::from),
                module_handle: memory.module_handle().map(u32::from),
                channel: None,
            },
            Body::Memory2(memory) => Self {
                node: memory.node().map(u32::from),
                card: memory.card().map(u32::from),
                module: memory.module().map(u32::from),
                rank: memory.rank(),
                device: memory.device(),
                chip_id: memory.chip_id().map(u32::from),
                bank: memory.bank().map(u32::from),
                bank_group: memory.bank_group().map(u32::from),
                bank_address: memory.bank_address().map(u32::from),
                row: memory.row(),
                column: memory.column(),
                bit_position: memory.bit_position(),
                card_handle: memory.card_handle(),
                module_handle: memory.module_handle(),
                channel: None,
            },
            Body::CxlComponentEvent(event) => event.data().map_or_else(Self::default, Self::of_cxl),
            _ => Self::default(),
        }
    }

    fn of_cxl(data: CxlEventData<'_>) -> Self {
        match data {
            CxlEventData::GeneralMedia(media) => Self {
                channel: media.channel().map(u32::from),
                rank: media.rank().map(u32::from),
                device: media.device().map(U24::raw),
                ..Self::default()
            },
            CxlEventData::Dram(dram) => Self {
                channel: dram.channel().map(u32::from),
                rank: dram.rank().map(u32::from),
                bank_group: dram.bank_group().map(u32::from),
                bank: dram.bank().map(u32::from),
                row: dram.row().map(U24::raw),
                column: dram.column().map(u32::from),
                ..Self::default()
            },
            CxlEventData::MemorySparing(sparing) => Self {
                channel: sparing.channel().map(u32::from),
                rank: sparing.rank().map(u32::from),
                bank_group: sparing.bank_group().map(u32::from),
                bank: sparing.bank().map(u32::from),
                row: sparing.row().map(U24::raw),
                column: sparing.column().map(u32::from),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }
}
