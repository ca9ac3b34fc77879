//! Machine check section of Windows on x86: `WHEA_XPF_MCA_SECTION`.
//!
//! Microsoft documents the fields (ntddk.h). The kernel's own debug symbols and records that machines have stored show
//! that the fields have no padding between them: the offsets agree from Windows 10 1607 on (global status at 20,
//! address at 48, 272 bytes in 21H2, 1192 in Windows 11 24H2). The structure grew at its end:
//!
//! | bytes | version | what it added |
//! |---|---|---|
//! | 264 | 1, 2 | the fixed part; in version 2 a reserved field became the APIC id |
//! | 272 | 2 | global capability, and names for AMD's extended registers |
//! | 292 | 3 | recovery information |
//! | 1192 | 4 | up to 32 further banks |
//!
//! The length decides which parts there are, because two layouts call themselves version 2. Version 5, of 2088 bytes,
//! has room for 64 further banks, so that their registers are at other places; they are kept as trailing bytes.

use core::fmt;

use zerocopy::little_endian::{U32, U64};
use zerocopy::{IntoBytes, transmute_ref};

use crate::entries::whole;
use crate::fields::{Describe, Groups, Value, Values, Visitor, describe_rest, describe_whole, shows};
use crate::kind::{Encode, SectionType};
use crate::open_value::{flag_set, open_value};
use crate::section::register::register;
use crate::stored::Place;
use crate::structure::structure;
use crate::{Error, ErrorKind, SectionTypeId, Timestamp};

structure! {
    /// The fixed part of a Windows machine check section.
    WindowsXpfMcaHeader: 264 bytes, new;
    head of WindowsXpfMca from 264 as WINDOWS_XPF_MCA "Windows machine check";
    /// Version of the structure, 1 to 5.
    0 version: u32 => set_version with_version;
    /// Vendor of the processor.
    4 cpu_vendor: (u32 WindowsCpuVendor) => set_cpu_vendor with_cpu_vendor;
    /// Time of the error, in units of 100 ns since 1601-01-01 00:00:00 UTC.
    8 timestamp: u64 => set_timestamp with_timestamp;
    /// Number that Windows gave the processor.
    16 processor_number: u32 as number => set_processor_number with_processor_number;
    /// `MCG_STATUS`.
    20 global_status: (u64 WindowsGlobalStatus) as group "mcg_status" => set_global_status with_global_status;
    /// Instruction pointer at the time of the error.
    28 instruction_pointer: u64 as hex => set_instruction_pointer with_instruction_pointer;
    /// Number of the bank.
    36 bank_number: u32 as number => set_bank_number with_bank_number;
    /// `MCi_STATUS`.
    40 status: (u64 WindowsBankStatus) as group "bank_status" => set_status with_status;
    /// `MCi_ADDR`.
    48 address: u64 as hex => set_address with_address;
    /// `MCi_MISC`.
    56 misc: u64 as hex => set_misc with_misc;
    /// Number of extended registers that hold a value. Windows leaves it 0 in sections of version 2, and fills the
    /// registers.
    64 extended_register_count: u32 as number => set_extended_register_count with_extended_register_count;
    /// APIC id of the processor; reserved in version 1.
    68 apic_id: u32 as number => set_apic_id with_apic_id;
    /// Further registers of the bank, [`AMD_REGISTERS`] on AMD.
    72 extended_registers: [u64; 24] => set_extended_registers with_extended_registers;
}

/// Names of AMD's extended registers, in their order (`WHEA_AMD_EXTENDED_REGISTERS`).
pub const AMD_REGISTERS: [&str; 10] =
    ["ipid", "synd", "config", "destat", "deaddr", "misc_1", "misc_2", "misc_3", "misc_4", "ras_cap"];

open_value! {
    /// Vendor of a processor.
    WindowsCpuVendor: u32 {
        OTHER = 0 => "other",
        INTEL = 1 => "Intel",
        AMD = 2 => "AMD",
    }
}

register! {
    /// `MCG_STATUS` (Intel SDM volume 3B, chapter 17).
    WindowsGlobalStatus: u64 {
        RESTART_IP_VALID = 0 => "The program can go on at the instruction pointer that was pushed.",
        ERROR_IP_VALID = 1 => "The instruction pointer has to do with the error.",
        MACHINE_CHECK_IN_PROGRESS = 2 => "A machine check is being handled.",
        LOCAL = 3 => "The machine check went to this processor alone.",
    }
    fields {}
}

register! {
    /// `MCi_STATUS` (Intel SDM volume 3B, chapter 17): what its bits mean to every vendor.
    WindowsBankStatus: u64 {
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
    WindowsGlobalCapability: u64 {
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

structure! {
    /// Recovery information: `XPF_RECOVERY_INFO`.
    WindowsXpfRecovery: 20 bytes, new;
    /// Why recovery failed; unknown bits are kept.
    0 failure_reason: (u32 WindowsRecoveryFailures) as flags => set_failure_reason with_failure_reason;
    /// Actions that were tried; unknown bits are kept.
    4 action: (u32 WindowsRecoveryActions) as flags => set_action with_action;
    /// Whether an action was required: 0 or 1.
    8 action_required: u8 as number => set_action_required with_action_required;
    /// Whether the recovery succeeded: 0 or 1.
    9 recovery_succeeded: u8 as number => set_recovery_succeeded with_recovery_succeeded;
    /// Whether the kernel recovered: 0 or 1.
    10 recovery_kernel: u8 as number => set_recovery_kernel with_recovery_kernel;
    11 reserved: [u8; 9];
}

flag_set! {
    /// Why recovery failed.
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

flag_set! {
    /// Actions that were tried to recover.
    pub struct WindowsRecoveryActions: u32 {
        /// Recovery was tried.
        const RECOVERY_ATTEMPTED = 1 << 0;
        /// The hypervisor took the error.
        const HYPERVISOR_HANDLED = 1 << 1;
        const _ = !0;
    }
}

impl Describe for WindowsXpfRecovery {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)
    }
}

/// Banks that a section has room for beside the first.
const FURTHER_BANKS: usize = 32;

structure! {
    /// Up to 32 banks beside the first, a list for each register.
    WindowsFurtherBanks: 900 bytes, new;
    /// Number of further banks.
    0 count: u32 as number;
    /// Numbers of the banks, as many as the count says.
    4 numbers: [u32; 32] raw numbers_raw;
    /// Their status registers, as many as the count says.
    132 statuses: [u64; 32] raw statuses_raw;
    /// Their address registers, as many as the count says.
    388 addresses: [u64; 32] raw addresses_raw;
    /// Their `MISC` registers, as many as the count says.
    644 miscs: [u64; 32] raw miscs_raw;
}

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
        out.field("bank_status", Value::Group(&self.status))?;
        out.field("address", Value::hex(self.address))?;
        out.field("misc", Value::hex(self.misc))
    }
}

/// A further bank, each register where it is stored.
#[derive(Clone, Copy)]
struct StoredBank<'a> {
    number: &'a U32,
    status: &'a U64,
    address: &'a U64,
    misc: &'a U64,
}

impl StoredBank<'_> {
    const fn bank(self) -> WindowsFurtherBank {
        WindowsFurtherBank {
            number: self.number.get(),
            status: WindowsBankStatus::new(self.status.get()),
            address: self.address.get(),
            misc: self.misc.get(),
        }
    }

    const fn is_zero(self) -> bool {
        let WindowsFurtherBank { number, status, address, misc } = self.bank();
        number == 0 && status.raw() == 0 && address == 0 && misc == 0
    }
}

impl Describe for StoredBank<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let bank = self.bank();
        describe_whole("bank_number", self.number.as_bytes(), Value::number(bank.number), out)?;
        describe_whole("bank_status", self.status.as_bytes(), Value::Group(&bank.status), out)?;
        describe_whole("address", self.address.as_bytes(), Value::hex(bank.address), out)?;
        describe_whole("misc", self.misc.as_bytes(), Value::hex(bank.misc), out)
    }
}

impl WindowsFurtherBanks {
    /// The lists of these banks.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] over 32 banks.
    pub fn of(banks: &[WindowsFurtherBank]) -> Result<Self, Error> {
        if banks.len() > FURTHER_BANKS {
            return Err(Error::new(ErrorKind::TooLarge { what: "further bank count" }, BANKS_AT));
        }
        let mut lists = Self::new();
        WindowsFurtherBanks::AT.count.put(&mut lists.0, u32::to_le_bytes(banks.len() as u32));
        for (place, bank) in banks.iter().enumerate() {
            // Lists of 32 numbers each.
            let (dword, qword) = (place.saturating_mul(4), place.saturating_mul(8));
            Place(Self::AT.numbers.0.saturating_add(dword)).put(&mut lists.0, bank.number.to_le_bytes());
            Place(Self::AT.statuses.0.saturating_add(qword))
                .put(&mut lists.0, bank.status.raw().to_le_bytes());
            Place(Self::AT.addresses.0.saturating_add(qword)).put(&mut lists.0, bank.address.to_le_bytes());
            Place(Self::AT.miscs.0.saturating_add(qword)).put(&mut lists.0, bank.misc.to_le_bytes());
        }
        Ok(lists)
    }

    /// As many banks as the count says, at most 32. A later bank that is not all zeros is given too, with those before
    /// it.
    pub fn banks(&self) -> impl Iterator<Item = WindowsFurtherBank> + Clone {
        self.stored().map(StoredBank::bank)
    }

    fn stored(&self) -> impl Iterator<Item = StoredBank<'_>> + Clone {
        let mut filled = self.count() as usize;
        for place in 0..FURTHER_BANKS {
            if self.at(place).is_some_and(|bank| !bank.is_zero()) {
                filled = filled.max(place.saturating_add(1));
            }
        }
        (0..filled.min(FURTHER_BANKS)).filter_map(|place| self.at(place))
    }

    /// The bank at this place of the lists.
    fn at(&self, place: usize) -> Option<StoredBank<'_>> {
        let numbers: &[U32; FURTHER_BANKS] = transmute_ref!(Self::AT.numbers.get(&self.0));
        let statuses: &[U64; FURTHER_BANKS] = transmute_ref!(Self::AT.statuses.get(&self.0));
        let addresses: &[U64; FURTHER_BANKS] = transmute_ref!(Self::AT.addresses.get(&self.0));
        let miscs: &[U64; FURTHER_BANKS] = transmute_ref!(Self::AT.miscs.get(&self.0));
        Some(StoredBank {
            number: numbers.get(place)?,
            status: statuses.get(place)?,
            address: addresses.get(place)?,
            misc: miscs.get(place)?,
        })
    }
}

/// Where `MCG_CAP` lies.
const GLOBAL_CAPABILITY: Place<8> = Place(264);

/// Where the further banks begin, and where they end.
const BANKS_AT: usize = 292;
const BANKS_END: usize = BANKS_AT.saturating_add(WindowsFurtherBanks::SIZE);

/// Bytes of version 5: the number of further banks and 64 of them.
const VERSION_5: usize = 2088;

impl<'a> WindowsXpfMca<'a> {
    /// Time of the error, to the second; `None` before 1970.
    pub fn time(&self) -> Option<Timestamp> {
        // Seconds from 1601 to 1970.
        let seconds = (self.timestamp() / 10_000_000).checked_sub(11_644_473_600)?;
        Timestamp::from_unix(seconds)
    }

    /// The extended registers that hold a value: as many as the count says, and all up to the last that is not zero.
    /// Windows leaves the count 0 in sections of version 2 and fills the registers.
    pub fn filled_registers(&self) -> &'a [U64] {
        let bytes = WindowsXpfMcaHeader::AT.extended_registers.of(self.bytes);
        let registers: &[U64] = whole(bytes);
        let mut count = self.extended_register_count() as usize;
        for (place, register) in registers.iter().enumerate() {
            if register.get() != 0 {
                count = count.max(place.saturating_add(1));
            }
        }
        registers.get(..count).unwrap_or(registers)
    }

    /// `MCG_CAP`; `None` when the section ends before it.
    pub const fn global_capability(&self) -> Option<WindowsGlobalCapability> {
        match GLOBAL_CAPABILITY.read(self.bytes) {
            Some(stored) => Some(WindowsGlobalCapability::new(u64::from_le_bytes(*stored))),
            None => None,
        }
    }

    /// Recovery information; `None` when the section ends before it.
    pub fn recovery(&self) -> Option<&'a WindowsXpfRecovery> {
        WindowsXpfRecovery::first(self.bytes.get(272..)?).map(|(recovery, _)| recovery)
    }

    /// Further banks; `None` when the section ends before them, or is of version 5.
    pub fn further_banks(&self) -> Option<&'a WindowsFurtherBanks> {
        if self.bytes.len() >= VERSION_5 {
            return None;
        }
        WindowsFurtherBanks::first(self.bytes.get(BANKS_AT..)?).map(|(banks, _)| banks)
    }

    /// The bytes after the last part that is whole.
    pub fn trailing(&self) -> &'a [u8] {
        let end = if self.further_banks().is_some() {
            BANKS_END
        } else {
            match self.bytes.len() {
                BANKS_AT.. => BANKS_AT,
                272.. => 272,
                _ => WindowsXpfMcaHeader::SIZE,
            }
        };
        self.bytes.get(end..).unwrap_or_default()
    }

    /// How many bytes the body claims to have and does not: always 0, because its length decides which parts there are.
    pub const fn missing(&self) -> usize {
        0
    }

    /// The error of the bank, and the processor.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        let status = self.status();
        f.write_str(if !status.contains(WindowsBankStatus::VALID) {
            "no error"
        } else if status.contains(WindowsBankStatus::UNCORRECTED) {
            "uncorrected error"
        } else {
            "corrected error"
        })?;
        write!(f, " {:#06x}", status.error_code())?;
        if status.contains(WindowsBankStatus::ADDRESS_VALID) {
            write!(f, " at {:#x}", self.address())?;
        }
        let (bank, processor) = (self.bank_number(), self.processor_number());
        write!(f, ", bank {bank}, status {:#x}, CPU {processor}", status.raw())?;
        match self.further_banks().map_or(0, |further| further.banks().count()) {
            0 => Ok(()),
            1 => f.write_str("; 1 further bank"),
            further => write!(f, "; {further} further banks"),
        }
    }
}

/// The extended registers of AMD for descriptions.
struct AmdRegisters<'a>(&'a [U64]);

impl Describe for AmdRegisters<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        for (name, register) in AMD_REGISTERS.iter().zip(self.0) {
            out.field(name, Value::hex(register.get()))?;
        }
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
        out.field("version", Value::number(self.version()))?;
        out.field("cpu_vendor", self.cpu_vendor().into())?;
        out.field("timestamp", Value::hex(self.timestamp()))?;
        if let Some(time) = self.time() {
            out.field("time", time.into())?;
        }
        self.describe_fields(out)?;
        // The registers that are not shown are zero.
        shows!(out, WindowsXpfMcaHeader in self.bytes, version, cpu_vendor, timestamp, extended_registers);
        let registers = self.filled_registers();
        if self.cpu_vendor() == WindowsCpuVendor::AMD && self.global_capability().is_some() {
            out.field("extended_registers", Value::Group(&AmdRegisters(registers)))?;
        } else {
            let registers = registers.iter().map(|register| Value::hex(register.get()));
            out.field("unnamed_registers", Value::List(&Values(registers)))?;
        }
        if let Some(capability) = self.global_capability() {
            let stored = GLOBAL_CAPABILITY.of(self.bytes);
            describe_whole("global_capability", stored, Value::Group(&capability), out)?;
        }
        if let Some(recovery) = self.recovery() {
            out.field("recovery", Value::Group(recovery))?;
        }
        if let Some(further) = self.further_banks() {
            let count = further.count();
            let stored = WindowsFurtherBanks::AT.count.of(further.as_bytes());
            describe_whole("further_bank_count", stored, Value::number(count), out)?;
            if count as usize > FURTHER_BANKS {
                Error::inner_length("further bank count", count, FURTHER_BANKS, BANKS_AT).describe(out)?;
            }
            out.field("further_banks", Value::List(&Groups(further.stored())))?;
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

/// A Windows machine check to be written: the fixed part, and the later parts that it has.
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

    /// Adds `MCG_CAP`: 272 bytes.
    #[must_use]
    pub const fn with_global_capability(self, capability: WindowsGlobalCapability) -> Self {
        Self { global_capability: Some(capability), ..self }
    }

    /// Adds recovery information: 292 bytes.
    #[must_use]
    pub const fn with_recovery(self, recovery: WindowsXpfRecovery) -> Self {
        Self { recovery: Some(recovery), ..self }
    }

    /// Adds further banks: 1192 bytes.
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
        let capability = self.global_capability.unwrap_or_default().raw().to_le_bytes();
        let recovery = self.recovery.unwrap_or_default();
        let banks = self.further_banks.map_or(&[][..], IntoBytes::as_bytes);
        for part in [self.header.as_bytes(), &capability, recovery.as_bytes(), banks] {
            // Parts that the section does not have are not written.
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
    use crate::SectionTypeId;
    use crate::kind::Decode;
    use crate::section::Body;
    use crate::section::checks::{assert_map, bit_map, written};
    use std::string::{String, ToString};
    use std::vec::Vec;
    use zerocopy::FromBytes;

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
        // Entries after the count are zero.
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
                "mcg status",
                "  flags                   0x0",
                "instruction pointer     0x0000000000000000",
                "bank number             0",
                "bank status",
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
        // On AMD each extended register has a field.
        let map = bit_map(&bytes, 0..72, |body, out| out(&WindowsXpfMca::decode(body).unwrap()));
        let names =
            ["ipid", "synd", "config", "destat", "deaddr", "misc_1", "misc_2", "misc_3", "misc_4", "ras_cap"];
        let registers = names
            .iter()
            .enumerate()
            .map(|(number, name)| std::format!("{}.0 extended_registers.{name} *64", 72 + number * 8));
        let registers = registers.collect::<Vec<_>>().join("\n");
        assert!(map.starts_with(&["\n", registers.as_str(), "\n"].concat()), "{map}");
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
            20.0 mcg_status.flags RESTART_IP_VALID ERROR_IP_VALID MACHINE_CHECK_IN_PROGRESS LOCAL -*60
            28.0 instruction_pointer *64
            36.0 bank_number *32
            40.0 bank_status.error_code *16
            42.0 bank_status.model_error_code *16
            44.0 bank_status.vendor_bits *25
            47.1 bank_status.flags CONTEXT_CORRUPT ADDRESS_VALID MISC_VALID ENABLED UNCORRECTED OVERFLOW VALID
            48.0 address *64
            56.0 misc *64
            68.0 apic_id *32
            72.0 unnamed_registers ~*1536
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
            let (_, text) = text.split_once(" registers\n").unwrap();
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
        // In versions without a global capability, and on Intel, they are plain registers.
        assert_eq!(told(&amd[..264])[0], "  [0] 0x29221b140d06fff8");
        assert_eq!(told(&counted(1, 2, 0)), ["  [0] 0x29221b140d06fff8", "  [1] 0x615a534c453e3730"]);
        // A count past the array's end is an error; all entries of the array are there.
        let many = counted(1, 200, 0);
        let section = WindowsXpfMca::decode(&many).unwrap();
        assert_eq!((section.filled_registers().len(), section.extended_register_count()), (24, 200));
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
                "    bank status",
                "      error code              0xa099",
                "      model error code        0xaea7",
                "      vendor bits             0x00c3bcb5",
                "    address                 0xcbc4bdb6afa8a19a",
                "    misc                    0xccc5beb7b0a9a29b",
                "  [1] ",
                "    bank number             1245920309",
                "    bank status",
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
                assert_eq!(section.filled_registers().len(), last + 1);
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
        // The bytes of version 5: banks of another layout are no banks of this one.
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
            let header = WindowsXpfMcaHeader::new().with_timestamp(units);
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
        let parts = WindowsXpfMcaParts::new(*section.structure().unwrap());
        assert_eq!(written(&parts), bytes[..264]);
        let parts = parts.with_global_capability(section.global_capability().unwrap());
        assert_eq!(written(&parts), bytes[..272]);
        let parts = parts.with_recovery(*section.recovery().unwrap());
        assert_eq!(written(&parts), bytes[..292]);
        let parts = parts.with_further_banks(section.further_banks().unwrap());
        assert_eq!(written(&parts), bytes);
        // A part that was not given is zero, in its place.
        let parts = WindowsXpfMcaParts::new(*section.structure().unwrap())
            .with_further_banks(section.further_banks().unwrap());
        let mut zeros = bytes.clone();
        zeros[264..292].fill(0);
        assert_eq!(written(&parts), zeros);
    }

    #[test]
    fn a_bank_has_a_map_of_its_own() {
        let mut lists = [0; 900];
        lists[0] = 1;
        let map = |skip| {
            bit_map(&lists, skip, |bytes, told| {
                let banks = WindowsFurtherBanks::ref_from_bytes(bytes).unwrap();
                banks.stored().take(1).for_each(|bank| told(&bank));
            })
        };
        assert!(map(0..4).starts_with("\n4.0 bank_number *32\n8.0 hidden"));
        assert!(
            map(0..132)
                .starts_with("\n132.0 bank_status.error_code *16\n134.0 bank_status.model_error_code *16")
        );
        assert!(map(0..388).starts_with("\n388.0 address *64\n396.0 hidden"));
        assert!(map(0..644).starts_with("\n644.0 misc *64\n652.0 hidden"));
    }

    #[test]
    fn the_summary_says_which_error_and_which_processor() {
        let summary = |bytes: &[u8]| Body::decode(WindowsXpfMca::TYPE, bytes).unwrap().summary().to_string();
        let mut bytes = stored();
        assert_eq!(summary(&bytes), "uncorrected error 0x0135, bank 0, status 0xbaa00000000c0135, CPU 6");
        bytes[47] = 0x84; // valid, with an address
        bytes[48] = 0x40;
        bytes[292] = 2;
        assert_eq!(
            summary(&bytes),
            "corrected error 0x0135 at 0x40, bank 0, status 0x84a00000000c0135, CPU 6; 2 further banks"
        );
        bytes[47] = 0;
        assert!(summary(&bytes[..264]).starts_with("no error 0x0135, bank 0"));
    }

    #[test]
    fn every_writer_sets_its_bytes() {
        let counted: [u8; 264] = core::array::from_fn(|place| (place as u8).wrapping_add(1));
        let read = WindowsXpfMcaHeader::ref_from_bytes(&counted).unwrap();
        let written = WindowsXpfMcaHeader::new()
            .with_version(read.version())
            .with_cpu_vendor(read.cpu_vendor())
            .with_timestamp(read.timestamp())
            .with_processor_number(read.processor_number())
            .with_global_status(read.global_status())
            .with_instruction_pointer(read.instruction_pointer())
            .with_bank_number(read.bank_number())
            .with_status(read.status())
            .with_address(read.address())
            .with_misc(read.misc())
            .with_extended_register_count(read.extended_register_count())
            .with_apic_id(read.apic_id())
            .with_extended_registers(read.extended_registers());
        assert_eq!(written.as_bytes(), counted);
        let read = WindowsXpfRecovery::ref_from_bytes(&counted[..20]).unwrap();
        let written = WindowsXpfRecovery::new()
            .with_failure_reason(read.failure_reason())
            .with_action(read.action())
            .with_action_required(read.action_required())
            .with_recovery_succeeded(read.recovery_succeeded())
            .with_recovery_kernel(read.recovery_kernel());
        assert_eq!(written.as_bytes()[..11], counted[..11]);
        let bytes = counted_banks(3);
        let lists = WindowsFurtherBanks::ref_from_bytes(&bytes).unwrap();
        let banks: Vec<_> = lists.banks().collect();
        assert_eq!(WindowsFurtherBanks::of(&banks).as_ref(), Ok(lists));
        let many = std::vec![banks[0]; 33];
        assert!(WindowsFurtherBanks::of(&many[1..]).is_ok());
        assert_eq!(
            WindowsFurtherBanks::of(&many).unwrap_err().to_string(),
            "offset 292: further bank count does not fit its field"
        );
    }

    fn counted_banks(banks: u8) -> Vec<u8> {
        counted(1, 0, banks)[292..].to_vec()
    }
}
