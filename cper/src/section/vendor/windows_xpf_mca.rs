//! Machine check section of Windows on x86: `WHEA_XPF_MCA_SECTION`.
//!
//! Microsoft documents the fields (ntddk.h). That they lie without padding is in the kernel's own debug symbols, whose
//! offsets agree from Windows 10 1607 on (global status at 20, address at 48, 272 bytes in 21H2, 1192 in Windows 11
//! 24H2), and in records that machines have stored. The structure grew four times at its end:
//!
//! | bytes | version | what it added |
//! |---|---|---|
//! | 264 | 1, 2 | the fixed part; version 2 gives the APIC id a place that was reserved |
//! | 272 | 2 | global capability, and names for AMD's extended registers |
//! | 292 | 3 | what was done to recover |
//! | 1192 | 4 | up to 32 further banks |
//!
//! The length decides which parts there are, as two layouts call themselves version 2. Version 5, of 2088 bytes, has
//! room for 64 further banks, so that their registers lie elsewhere; they are kept as trailing bytes.

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::fields::{Describe, Each, Value, Values, Visitor, describe_rest, show_fields};
use crate::kind::View;
use crate::open_value::open_value;
use crate::section::register::register;
use crate::section::{Decode, Encode, SectionType};
use crate::{Error, SectionTypeId, Timestamp};

/// The fixed part of a Windows machine check section.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct WindowsXpfMcaHeader {
    /// Version of the structure, 1 to 5.
    pub version: U32,
    /// Who made the processor.
    pub cpu_vendor: WindowsCpuVendor,
    /// When it happened, in units of 100 ns since 1601 (UTC).
    pub timestamp: U64,
    /// Number that Windows gave the processor.
    pub processor_number: U32,
    /// `MCG_STATUS`.
    pub global_status: WindowsGlobalStatus,
    /// Instruction pointer at the time of the error.
    pub instruction_pointer: U64,
    /// Number of the bank.
    pub bank_number: U32,
    /// `MCi_STATUS`.
    pub status: WindowsBankStatus,
    /// `MCi_ADDR`.
    pub address: U64,
    /// `MCi_MISC`.
    pub misc: U64,
    /// How many of the extended registers hold a value; 0 in sections of version 2 whose registers are filled.
    pub extended_register_count: U32,
    /// APIC id of the processor; reserved in version 1.
    pub apic_id: U32,
    /// Further registers of the bank, [`AMD_REGISTERS`] on AMD.
    pub extended_registers: [U64; 24],
}

const _: () = {
    assert!(size_of::<WindowsXpfMcaHeader>() == 264 && align_of::<WindowsXpfMcaHeader>() == 1);
    assert!(core::mem::offset_of!(WindowsXpfMcaHeader, global_status) == 0x14);
    assert!(core::mem::offset_of!(WindowsXpfMcaHeader, status) == 0x28);
    assert!(core::mem::offset_of!(WindowsXpfMcaHeader, extended_registers) == 0x48);
};

/// What AMD's extended registers are, in their order (`WHEA_AMD_EXTENDED_REGISTERS`).
pub const AMD_REGISTERS: [&str; 10] =
    ["ipid", "synd", "config", "destat", "deaddr", "misc_1", "misc_2", "misc_3", "misc_4", "ras_cap"];

open_value! {
    /// Who made a processor.
    WindowsCpuVendor: u32 {
        OTHER = 0 => "other",
        INTEL = 1 => "Intel",
        AMD = 2 => "AMD",
    }
}

register! {
    /// `MCG_STATUS` (Intel SDM volume 3B, chapter 17).
    WindowsGlobalStatus: u64 in U64, flags WindowsGlobalStatusFlags {
        RESTART_IP_VALID = 0 => "The program can go on at the instruction pointer that was pushed.",
        ERROR_IP_VALID = 1 => "The instruction pointer has to do with the error.",
        MACHINE_CHECK_IN_PROGRESS = 2 => "A machine check is being handled.",
        LOCAL = 3 => "The machine check went to this processor alone.",
    }
    fields {}
}

register! {
    /// `MCi_STATUS` (Intel SDM volume 3B, chapter 17): what its bits mean to every vendor.
    WindowsBankStatus: u64 in U64, flags WindowsBankStatusFlags {
        CONTEXT_CORRUPT = 57 => "The processor's state may be wrong.",
        ADDRESS_VALID = 58 => "`MCi_ADDR` holds an address.",
        MISC_VALID = 59 => "`MCi_MISC` holds a value.",
        ENABLED = 60 => "The error was enabled in `MCi_CTL`.",
        UNCORRECTED = 61 => "Hardware did not correct the error.",
        OVERFLOW = 62 => "There was an error already.",
        VALID = 63 => "The register holds an error.",
    }
    fields {
        error_code: u16 as hex = 0, 16 => "The error code that the architecture defines.",
        model_error_code: u16 as hex = 16, 16 => "The error code that the processor's model defines.",
        vendor_bits: u32 as hex = 32, 25 => "What each vendor defines.",
    }
}

register! {
    /// `MCG_CAP` (Intel SDM volume 3B, chapter 17).
    WindowsGlobalCapability: u64 in U64, flags WindowsGlobalCapabilityFlags {
        CONTROL_PRESENT = 8 => "There is an `MCG_CTL`.",
        EXTENDED_PRESENT = 9 => "There are extended state registers.",
        CMCI_PRESENT = 10 => "Corrected errors can raise an interrupt.",
        THRESHOLD_STATUS_PRESENT = 11 => "`MCi_STATUS` tells of the threshold.",
        SOFTWARE_RECOVERY = 24 => "Software can recover from some errors.",
        ENHANCED_MACHINE_CHECK = 25 => "Firmware is told first.",
        EXTENDED_LOG = 26 => "Firmware may log more.",
        LOCAL_MACHINE_CHECK = 27 => "Machine checks can go to one processor alone.",
    }
    fields {
        banks: u8 as number = 0, 8 => "Number of banks.",
        extended_registers: u8 as number = 16, 8 => "Number of extended state registers.",
    }
}

/// What was done to recover: `XPF_RECOVERY_INFO`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct WindowsXpfRecovery {
    /// Why recovery failed: [`WindowsXpfRecovery::failure_reason`].
    pub failure_reason: U32,
    /// What was tried: [`WindowsXpfRecovery::action`].
    pub action: U32,
    /// Whether something had to be done.
    pub action_required: u8,
    /// Whether it was done.
    pub recovery_succeeded: u8,
    /// Whether the kernel did it.
    pub recovery_kernel: u8,
    /// 0.
    pub reserved: [u8; 9],
}

const _: () = assert!(size_of::<WindowsXpfRecovery>() == 20 && align_of::<WindowsXpfRecovery>() == 1);

bitflags! {
    /// Why recovery failed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct WindowsRecoveryFailures: u32 {
        /// The processor cannot recover.
        const NOT_SUPPORTED = 1 << 0;
        /// An error was lost.
        const OVERFLOW = 1 << 1;
        /// The processor's state may be wrong.
        const CONTEXT_CORRUPT = 1 << 2;
        /// Neither instruction pointer is good.
        const RESTART_IP_ERROR_IP_NOT_VALID = 1 << 3;
        /// There was no context to recover in.
        const NO_RECOVERY_CONTEXT = 1 << 4;
        /// There was no address.
        const MISC_OR_ADDRESS_NOT_VALID = 1 << 5;
        /// The address was of the wrong kind.
        const INVALID_ADDRESS_MODE = 1 << 6;
        /// The interrupt level was too high.
        const HIGH_IRQL = 1 << 7;
        /// Interrupts were off.
        const INTERRUPTS_DISABLED = 1 << 8;
        /// The swap context was busy.
        const SWAP_BUSY = 1 << 9;
        /// The stack was too small.
        const STACK_OVERFLOW = 1 << 10;
        const _ = !0;
    }
}

bitflags! {
    /// What was tried.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct WindowsRecoveryActions: u32 {
        /// Recovery was tried.
        const RECOVERY_ATTEMPTED = 1 << 0;
        /// The hypervisor took the error.
        const HYPERVISOR_HANDLED = 1 << 1;
        const _ = !0;
    }
}

impl WindowsXpfRecovery {
    /// Why recovery failed; unknown bits are kept.
    pub const fn failure_reason(&self) -> WindowsRecoveryFailures {
        WindowsRecoveryFailures::from_bits_retain(self.failure_reason.get())
    }

    /// What was tried; unknown bits are kept.
    pub const fn action(&self) -> WindowsRecoveryActions {
        WindowsRecoveryActions::from_bits_retain(self.action.get())
    }
}

impl Describe for WindowsXpfRecovery {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("failure_reason", Value::flags(self.failure_reason()))?;
        out.field("action", Value::flags(self.action()))?;
        out.field("action_required", Value::number(self.action_required))?;
        out.field("recovery_succeeded", Value::number(self.recovery_succeeded))?;
        out.field("recovery_kernel", Value::number(self.recovery_kernel))
    }
}

/// Up to 32 banks beside the first, a list for each register.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct WindowsFurtherBanks {
    /// How many there are.
    pub count: U32,
    /// Their numbers.
    pub numbers: [U32; 32],
    /// Their `MCi_STATUS`.
    pub statuses: [WindowsBankStatus; 32],
    /// Their `MCi_ADDR`.
    pub addresses: [U64; 32],
    /// Their `MCi_MISC`.
    pub miscs: [U64; 32],
}

const _: () = {
    assert!(size_of::<WindowsFurtherBanks>() == 900 && align_of::<WindowsFurtherBanks>() == 1);
    assert!(core::mem::offset_of!(WindowsFurtherBanks, statuses) == 424 - 292);
    assert!(core::mem::offset_of!(WindowsFurtherBanks, miscs) == 936 - 292);
};

/// One bank of [`WindowsFurtherBanks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowsFurtherBank {
    /// Number of the bank.
    pub number: u32,
    /// `MCi_STATUS`.
    pub status: WindowsBankStatus,
    /// `MCi_ADDR`.
    pub address: u64,
    /// `MCi_MISC`.
    pub misc: u64,
}

impl Describe for WindowsFurtherBank {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("bank_number", Value::number(self.number))?;
        out.field("status", Value::Group(&self.status))?;
        out.field("address", Value::hex(self.address))?;
        out.field("misc", Value::hex(self.misc))
    }
}

impl WindowsFurtherBanks {
    /// The banks that the count says, at most 32, and any behind them that is not all zeros, with those between.
    pub fn banks(&self) -> impl Iterator<Item = WindowsFurtherBank> + Clone {
        let registers = self.statuses.iter().zip(&self.addresses).zip(&self.miscs);
        let banks = self.numbers.iter().zip(registers).map(|(number, ((status, address), misc))| {
            let (number, status, address, misc) = (number.get(), *status, address.get(), misc.get());
            WindowsFurtherBank { number, status, address, misc }
        });
        let filled = |bank: WindowsFurtherBank| {
            bank.number != 0 || bank.status.raw() != 0 || bank.address != 0 || bank.misc != 0
        };
        let last = banks.clone().rposition(filled);
        let filled = last.map_or(0, |last| last.saturating_add(1));
        banks.take(filled.max(self.count.get() as usize))
    }
}

/// A Windows machine check: its fixed part, to which it dereferences, and the parts its length has room for.
#[derive(Clone, Copy, Debug)]
pub struct WindowsXpfMca<'a> {
    header: &'a WindowsXpfMcaHeader,
    global_capability: Option<&'a WindowsGlobalCapability>,
    recovery: Option<&'a WindowsXpfRecovery>,
    further_banks: Option<&'a WindowsFurtherBanks>,
    trailing: &'a [u8],
    bytes: &'a [u8],
}

impl core::ops::Deref for WindowsXpfMca<'_> {
    type Target = WindowsXpfMcaHeader;

    fn deref(&self) -> &WindowsXpfMcaHeader {
        self.header
    }
}

impl SectionType for WindowsXpfMca<'_> {
    const TYPE: SectionTypeId = SectionTypeId::WINDOWS_XPF_MCA;
    const NAME: &'static str = "Windows machine check";
}

/// A structure and what follows it; `None` and all the bytes when they are too few.
fn next<T: FromBytes + Immutable + KnownLayout + Unaligned>(bytes: &[u8]) -> (Option<&T>, &[u8]) {
    T::ref_from_prefix(bytes).map_or((None, bytes), |(part, rest)| (Some(part), rest))
}

impl Decode for WindowsXpfMca<'_> {
    type View<'a> = WindowsXpfMca<'a>;

    fn decode(body: &[u8]) -> Result<WindowsXpfMca<'_>, Error> {
        let short = Error::too_short(Self::NAME, size_of::<WindowsXpfMcaHeader>(), body.len());
        let (header, rest) = WindowsXpfMcaHeader::ref_from_prefix(body).map_err(|_| short)?;
        let (global_capability, rest) = next(rest);
        let (recovery, rest) = next(rest);
        // The number of further banks and 64 of them, of version 5.
        let (further_banks, trailing) = if rest.len() < 4 + 64 * 28 { next(rest) } else { (None, rest) };
        Ok(WindowsXpfMca { header, global_capability, recovery, further_banks, trailing, bytes: body })
    }
}

impl<'a> View<'a> for WindowsXpfMca<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        self.trailing()
    }
}

impl<'a> WindowsXpfMca<'a> {
    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The fixed part, every field as it was stored.
    pub const fn header(&self) -> &'a WindowsXpfMcaHeader {
        self.header
    }

    /// When it happened, to the second; `None` before 1970.
    pub fn time(&self) -> Option<Timestamp> {
        // Seconds from 1601 to 1970.
        let seconds = (self.header.timestamp.get() / 10_000_000).checked_sub(11_644_473_600)?;
        Timestamp::from_unix(seconds)
    }

    /// The extended registers that hold a value: as many as the count says, and all up to the last that is not zero.
    /// Windows leaves the count 0 in sections of version 2 and fills the registers.
    pub fn extended_registers(&self) -> &'a [U64] {
        let registers = &self.header.extended_registers;
        let last = registers.iter().rposition(|register| register.get() != 0);
        let filled = last.map_or(0, |last| last.saturating_add(1));
        let count = filled.max(self.header.extended_register_count.get() as usize);
        registers.get(..count).unwrap_or(registers)
    }

    /// `MCG_CAP`; `None` when the section ends before it.
    pub const fn global_capability(&self) -> Option<&'a WindowsGlobalCapability> {
        self.global_capability
    }

    /// What was done to recover; `None` when the section ends before it.
    pub const fn recovery(&self) -> Option<&'a WindowsXpfRecovery> {
        self.recovery
    }

    /// Further banks; `None` when the section ends before them.
    pub const fn further_banks(&self) -> Option<&'a WindowsFurtherBanks> {
        self.further_banks
    }

    /// What follows the last part that is whole.
    pub const fn trailing(&self) -> &'a [u8] {
        self.trailing
    }
}

/// The extended registers of AMD for descriptions.
struct AmdRegisters<'a>(&'a [U64]);

impl Describe for AmdRegisters<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let mut named = AMD_REGISTERS.iter().zip(self.0);
        named.try_for_each(|(name, register)| out.field(name, Value::hex(register.get())))?;
        match self.0.get(AMD_REGISTERS.len()..) {
            None | Some([]) => Ok(()),
            Some(further) => {
                let further = further.iter().map(|register| Value::hex(register.get()));
                out.field("further", Value::List(&Values(further)))
            }
        }
    }
}

impl Describe for WindowsXpfMca<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("version", Value::number(self.version.get()))?;
        out.field("cpu_vendor", self.cpu_vendor.into())?;
        out.field("timestamp", Value::hex(self.timestamp.get()))?;
        if let Some(time) = self.time() {
            out.field("time", time.into())?;
        }
        out.field("processor_number", Value::number(self.processor_number.get()))?;
        out.field("global_status", Value::Group(&self.global_status))?;
        out.field("instruction_pointer", Value::hex(self.instruction_pointer.get()))?;
        out.field("bank_number", Value::number(self.bank_number.get()))?;
        out.field("status", Value::Group(&self.status))?;
        out.field("address", Value::hex(self.address.get()))?;
        out.field("misc", Value::hex(self.misc.get()))?;
        out.field("extended_register_count", Value::number(self.extended_register_count.get()))?;
        out.field("apic_id", Value::number(self.apic_id.get()))?;
        let registers = self.extended_registers();
        if self.cpu_vendor == WindowsCpuVendor::AMD && self.global_capability.is_some() {
            out.field("extended_registers", Value::Group(&AmdRegisters(registers)))?;
        } else {
            let registers = registers.iter().map(|register| Value::hex(register.get()));
            out.field("extended_registers", Value::List(&Values(registers)))?;
        }
        if let Some(capability) = self.global_capability {
            out.field("global_capability", Value::Group(capability))?;
        }
        if let Some(recovery) = self.recovery {
            out.field("recovery", Value::Group(recovery))?;
        }
        if let Some(further) = self.further_banks {
            let (count, room) = (further.count.get(), further.numbers.len());
            out.field("further_bank_count", Value::number(count))?;
            if count as usize > room {
                let before =
                    self.trailing.as_ptr().addr().wrapping_sub(self.header.as_bytes().as_ptr().addr());
                let at = before.saturating_sub(size_of_val(further));
                Error::inner_length("further bank count", count, room, at).describe(out)?;
            }
            out.field("further_banks", Value::List(&Each(further.banks())))?;
        }
        describe_rest("trailing", self.trailing, out)
    }
}

show_fields!(WindowsXpfMca<'a>);

/// A Windows machine check to be written: the fixed part and what it has of the later ones.
///
/// A part that comes before one that is given, and is not given itself, is written as zeros.
#[derive(Clone, Copy, Debug)]
pub struct WindowsXpfMcaParts<'a> {
    header: WindowsXpfMcaHeader,
    global_capability: Option<WindowsGlobalCapability>,
    recovery: Option<WindowsXpfRecovery>,
    further_banks: Option<&'a WindowsFurtherBanks>,
}

impl<'a> WindowsXpfMcaParts<'a> {
    /// A section of this fixed part: 264 bytes.
    pub const fn new(header: WindowsXpfMcaHeader) -> Self {
        Self { header, global_capability: None, recovery: None, further_banks: None }
    }

    /// With `MCG_CAP`: 272 bytes.
    #[must_use]
    pub const fn with_global_capability(self, capability: WindowsGlobalCapability) -> Self {
        Self { global_capability: Some(capability), ..self }
    }

    /// With what was done to recover: 292 bytes.
    #[must_use]
    pub const fn with_recovery(self, recovery: WindowsXpfRecovery) -> Self {
        Self { recovery: Some(recovery), ..self }
    }

    /// With further banks: 1192 bytes.
    #[must_use]
    pub const fn with_further_banks(self, banks: &'a WindowsFurtherBanks) -> Self {
        Self { further_banks: Some(banks), ..self }
    }
}

impl SectionType for WindowsXpfMcaParts<'_> {
    const TYPE: SectionTypeId = WindowsXpfMca::TYPE;
    const NAME: &'static str = WindowsXpfMca::NAME;
}

impl Encode for WindowsXpfMcaParts<'_> {
    fn encoded_len(&self) -> usize {
        match self {
            Self { further_banks: Some(_), .. } => 1192,
            Self { recovery: Some(_), .. } => 292,
            Self { global_capability: Some(_), .. } => 272,
            _ => 264,
        }
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        if out.len() != self.encoded_len() {
            return None;
        }
        let mut section = out;
        let capability = self.global_capability.unwrap_or_default();
        let recovery = self.recovery.unwrap_or_default();
        let banks = self.further_banks.map_or(&[][..], IntoBytes::as_bytes);
        for part in [self.header.as_bytes(), capability.as_bytes(), recovery.as_bytes(), banks] {
            // The parts that the section does not have find no room.
            let Some((to, after)) = section.split_at_mut_checked(part.len()) else { break };
            part.write_to(to).ok()?;
            section = after;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::Body;
    use crate::section::checks::{assert_map, bit_map, every_flip_shows, written};
    use std::string::{String, ToString};
    use std::vec::Vec;

    /// The first 80 bytes of a section that Windows 11 stored on a Zen machine, as its owner published them: a load
    /// hit an error in the data cache. The IPID's hardware id 0x0b0 and type 0x0010 are those of a load-store unit,
    /// which they would not be at any other place.
    const STORED: [u8; 80] = [
        0x04, 0, 0, 0, 0x02, 0, 0, 0, 0x73, 0x10, 0x5e, 0x8c, 0xe5, 0x18, 0xdc, 0x01, // version to time
        0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, // processor, global status, instruction pointer
        0, 0, 0, 0, 0, 0, 0, 0, 0x35, 0x01, 0x0c, 0, 0, 0, 0xa0, 0xba, // bank, status
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x0f, 0x13, 0xd0, // address, misc
        0x0a, 0, 0, 0, 0x06, 0, 0, 0, 0, 0, 0, 0, 0xb0, 0, 0x10, 0, // count, APIC id, IPID
    ];

    fn stored() -> Vec<u8> {
        let mut bytes = Vec::from(STORED);
        bytes.resize(1192, 0);
        bytes
    }

    /// Bytes that differ from their neighbours, of a section of `vendor` that says `registers` and `banks`.
    fn counted(vendor: u8, registers: u8, banks: u8) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..1192u32).map(|place| (place * 7 + place / 256) as u8).collect();
        for (place, value) in [(0, 4), (4, vendor), (64, registers), (292, banks)] {
            bytes[place..place + 4].copy_from_slice(&[value, 0, 0, 0]);
        }
        // What is behind a count is zero.
        let (registers, banks) = (usize::from(registers.min(24)), usize::from(banks.min(32)));
        bytes[72 + registers * 8..264].fill(0);
        for (start, size) in [(296, 4), (424, 8), (680, 8), (936, 8)] {
            bytes[start + banks * size..start + 32 * size].fill(0);
        }
        bytes
    }

    #[test]
    fn a_stored_section_is_what_the_machine_said() {
        let bytes = stored();
        let text = Body::decode(SectionTypeId::WINDOWS_XPF_MCA, &bytes).unwrap().to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[..31],
            [
                "version                 4",
                "cpu vendor              AMD (2)",
                "timestamp               0x01dc18e58c5e1073",
                "time                    2025-08-29 13:05:09",
                "processor number        6",
                "global status",
                "  flags                   0x0",
                "instruction pointer     0x0000000000000000",
                "bank number             0",
                "status",
                "  error code              0x0135",
                "  model error code        0x000c",
                "  vendor bits             0x00a00000",
                "  flags                   0xba00000000000000  context corrupt, misc valid, enabled, uncorrected, valid",
                "address                 0x0000000000000000",
                "misc                    0xd0130fff00000000",
                "extended register count 10",
                "apic id                 6",
                "extended registers",
                "  ipid                    0x001000b000000000",
                "  synd                    0x0000000000000000",
                "  config                  0x0000000000000000",
                "  destat                  0x0000000000000000",
                "  deaddr                  0x0000000000000000",
                "  misc 1                  0x0000000000000000",
                "  misc 2                  0x0000000000000000",
                "  misc 3                  0x0000000000000000",
                "  misc 4                  0x0000000000000000",
                "  ras cap                 0x0000000000000000",
                "global capability",
                "  banks                   0",
            ]
        );
        every_flip_shows(SectionTypeId::WINDOWS_XPF_MCA, &bytes);
    }

    #[test]
    fn every_bit_is_where_the_symbols_say() {
        let mut body = [0; 292 + 900];
        body[64] = 24;
        body[292] = 2;
        let map = bit_map(&body, 64..68, |body, out| out(&WindowsXpfMca::decode(body).unwrap()));
        // Lists are texts to the map: one run for each.
        assert_map(
            &map,
            "0.0 version *32
            4.0 cpu_vendor *32
            8.0 timestamp *64
            16.0 processor_number *32
            20.0 global_status.flags RESTART_IP_VALID ERROR_IP_VALID MACHINE_CHECK_IN_PROGRESS LOCAL -*60
            28.0 instruction_pointer *64
            36.0 bank_number *32
            40.0 status.error_code *16
            42.0 status.model_error_code *16
            44.0 status.vendor_bits *25
            47.1 status.flags CONTEXT_CORRUPT ADDRESS_VALID MISC_VALID ENABLED UNCORRECTED OVERFLOW VALID
            48.0 address *64
            56.0 misc *64
            68.0 apic_id *32
            72.0 extended_registers ~*1536
            264.0 global_capability.banks *8
            265.0 global_capability.flags CONTROL_PRESENT EXTENDED_PRESENT CMCI_PRESENT
                THRESHOLD_STATUS_PRESENT -*4
            266.0 global_capability.extended_registers *8
            267.0 global_capability.flags SOFTWARE_RECOVERY ENHANCED_MACHINE_CHECK EXTENDED_LOG
                LOCAL_MACHINE_CHECK -*36
            272.0 recovery.failure_reason NOT_SUPPORTED OVERFLOW CONTEXT_CORRUPT RESTART_IP_ERROR_IP_NOT_VALID
                NO_RECOVERY_CONTEXT MISC_OR_ADDRESS_NOT_VALID INVALID_ADDRESS_MODE HIGH_IRQL INTERRUPTS_DISABLED
                SWAP_BUSY STACK_OVERFLOW -*21
            276.0 recovery.action RECOVERY_ATTEMPTED HYPERVISOR_HANDLED -*30
            280.0 recovery.action_required *8
            281.0 recovery.recovery_succeeded *8
            282.0 recovery.recovery_kernel *8
            283.0 hidden ~*72
            292.0 further_bank_count *32
            296.0 further_banks ~*7168",
        );
    }

    #[test]
    fn the_length_decides_which_parts_there_are() {
        let bytes = counted(1, 3, 2);
        let mut forms = Vec::new();
        for length in 0..=bytes.len() + 3 {
            let mut longer = bytes.clone();
            longer.resize(bytes.len() + 3, 0x77);
            let Ok(section) = WindowsXpfMca::decode(&longer[..length]) else {
                assert!(length < 264, "{length}");
                continue;
            };
            let parts = (
                section.global_capability().is_some(),
                section.recovery().is_some(),
                section.further_banks().is_some(),
            );
            if forms.last().is_none_or(|(_, last)| *last != parts) {
                assert!(section.trailing().is_empty(), "{length}");
                forms.push((length, parts));
            }
            assert_eq!(section.trailing().len(), length - forms.last().unwrap().0);
            assert_eq!(section.to_string().contains("\ntrailing"), !section.trailing().is_empty());
        }
        assert_eq!(
            forms,
            [
                (264, (false, false, false)),
                (272, (true, false, false)),
                (292, (true, true, false)),
                (1192, (true, true, true)),
            ]
        );
        assert_eq!(
            WindowsXpfMca::decode(&bytes[..263]).unwrap_err().to_string(),
            "offset 0: Windows machine check needs 264 bytes, 263 available"
        );
    }

    #[test]
    fn registers_have_names_on_amd_where_the_structure_gave_them() {
        let told = |bytes: &[u8]| {
            let text = WindowsXpfMca::decode(bytes).unwrap().to_string();
            let (_, text) = text.split_once("extended registers\n").unwrap();
            text.lines().take_while(|line| line.starts_with(' ')).map(Into::into).collect::<Vec<String>>()
        };
        let amd = counted(2, 12, 0);
        let names = told(&amd);
        assert_eq!(names.len(), 13);
        assert_eq!(names[0], "  ipid                    0x29221b140d06fff8");
        assert_eq!(names[9], "  ras cap                 0x211a130c05fef7f0");
        assert_eq!(
            names[10..],
            [
                "  further",
                "    [0] 0x5952_4b44_3d36_2f28".replace('_', "").as_str(),
                "    [1] 0x918a837c756e6760"
            ]
        );
        assert_eq!(told(&counted(2, 10, 0)).len(), 10);
        // Before there was a global capability, and on Intel, they are just registers.
        assert_eq!(told(&amd[..264])[0], "  [0] 0x29221b140d06fff8");
        assert_eq!(told(&counted(1, 2, 0)), ["  [0] 0x29221b140d06fff8", "  [1] 0x615a534c453e3730"]);
        // A count past the array's end is told, and all there is.
        let many = counted(1, 200, 0);
        let section = WindowsXpfMca::decode(&many).unwrap();
        assert_eq!((section.extended_registers().len(), section.extended_register_count.get()), (24, 200));
    }

    #[test]
    fn further_banks_are_told_one_by_one() {
        let bytes = counted(1, 0, 2);
        let text = WindowsXpfMca::decode(&bytes).unwrap().to_string();
        let (_, text) = text.split_once("further bank count").unwrap();
        let lines: Vec<_> = text.lines().skip(1).filter(|line| !line.contains("flags")).collect();
        assert_eq!(
            lines,
            [
                "further banks",
                "  [0] ",
                "    bank number             774316057",
                "    status",
                "      error code              0xa099",
                "      model error code        0xaea7",
                "      vendor bits             0x00c3bcb5",
                "    address                 0xcbc4bdb6afa8a19a",
                "    misc                    0xccc5beb7b0a9a29b",
                "  [1] ",
                "    bank number             1245920309",
                "    status",
                "      error code              0xd8d1",
                "      model error code        0xe6df",
                "      vendor bits             0x00fbf4ed",
                "    address                 0x03fcf5eee7e0d9d2",
                "    misc                    0x04fdf6efe8e1dad3",
            ]
        );
        let many = counted(1, 0, 33);
        let section = WindowsXpfMca::decode(&many).unwrap();
        assert_eq!(section.further_banks().unwrap().banks().count(), 32);
    }

    #[test]
    fn a_count_hides_nothing_that_is_there() {
        for vendor in 0..3 {
            for last in 0..24 {
                let mut bytes = counted(vendor, 0, 0);
                bytes[72 + last * 8 + 7] = 0x5a;
                let section = WindowsXpfMca::decode(&bytes).unwrap();
                assert_eq!(section.extended_registers().len(), last + 1);
                assert!(section.to_string().contains(" 0x5a00000000000000\n"), "{section}");
            }
        }
        for (start, size) in [(296, 4), (424, 8), (680, 8), (936, 8)] {
            for last in 0..32 {
                let mut bytes = counted(1, 0, 0);
                bytes[start + last * size] = 0x5a;
                let section = WindowsXpfMca::decode(&bytes).unwrap();
                assert_eq!(section.further_banks().unwrap().banks().count(), last + 1);
            }
        }
        // The room of version 5: banks of another layout are no banks of this one.
        for (length, trailing) in [(2087, 895), (2088, 1796)] {
            let mut bytes = counted(1, 0, 2);
            bytes.resize(length, 0x5a);
            let section = WindowsXpfMca::decode(&bytes).unwrap();
            assert_eq!(section.trailing().len(), trailing);
            assert_eq!(section.further_banks().is_some(), length == 2087);
        }
    }

    #[test]
    fn times_are_of_1601() {
        let time = |units: u64| {
            let header = WindowsXpfMcaHeader { timestamp: U64::new(units), ..WindowsXpfMcaHeader::default() };
            WindowsXpfMca::decode(header.as_bytes()).unwrap().time().map(|time| time.to_string())
        };
        assert_eq!(time(116_444_736_000_000_000).as_deref(), Some("1970-01-01 00:00:00"));
        assert_eq!(time(116_444_736_019_999_999).as_deref(), Some("1970-01-01 00:00:01"));
        assert_eq!(time(116_444_735_999_999_999), None);
        assert_eq!(time(0), None);
    }

    #[test]
    fn values_survive_writing() {
        let mut bytes = counted(2, 10, 32);
        bytes[283..292].fill(0);
        let section = WindowsXpfMca::decode(&bytes).unwrap();
        let parts = WindowsXpfMcaParts::new(*section.header());
        assert_eq!(written(&parts), bytes[..264]);
        let parts = parts.with_global_capability(*section.global_capability().unwrap());
        assert_eq!(written(&parts), bytes[..272]);
        let parts = parts.with_recovery(*section.recovery().unwrap());
        assert_eq!(written(&parts), bytes[..292]);
        let parts = parts.with_further_banks(section.further_banks().unwrap());
        assert_eq!(written(&parts), bytes);
        // What was not given is zero, and has its place.
        let parts =
            WindowsXpfMcaParts::new(*section.header()).with_further_banks(section.further_banks().unwrap());
        let mut zeros = bytes.clone();
        zeros[264..292].fill(0);
        assert_eq!(written(&parts), zeros);
    }
}
