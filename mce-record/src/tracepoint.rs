//! The `mce:mce_record` tracepoint: its fields in each version of the kernel, filled from a record.
//!
//! Tools that already read the tracepoint, rasdaemon among them, can be fed records that were found after a
//! reboot. Readers must locate fields by name in the event's format file; [`Version::layout`] is what those files
//! say on 64-bit kernels. Source: `include/trace/events/mce.h`.

use crate::error::Error;
use crate::record::{Layout, Mce, MceRecord};

/// A field of the tracepoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Field {
    /// `MCG_CAP`.
    Mcgcap,
    /// `MCG_STATUS`.
    Mcgstatus,
    /// `MCi_STATUS`.
    Status,
    /// `MCi_ADDR`.
    Addr,
    /// `MCi_MISC`.
    Misc,
    /// `MCA_SYND`.
    Synd,
    /// `MCA_IPID`.
    Ipid,
    /// Instruction pointer.
    Ip,
    /// Time stamp counter.
    Tsc,
    /// Protected processor inventory number.
    Ppin,
    /// Wall clock in seconds since 1970.
    Walltime,
    /// Linux's number of the CPU.
    Cpu,
    /// CPUID leaf 1, EAX.
    Cpuid,
    /// Initial APIC id.
    Apicid,
    /// Package.
    Socketid,
    /// Code segment.
    Cs,
    /// Bank.
    Bank,
    /// Maker of the processor.
    Cpuvendor,
    /// Microcode revision.
    Microcode,
    /// Vendor data: in the event a reference (offset and length) to an array of bytes after the fields.
    VData,
}

impl Field {
    /// Every field, in no version's order.
    const ALL: [Self; 20] = [
        Mcgcap, Mcgstatus, Status, Addr, Misc, Synd, Ipid, Ip, Tsc, Ppin, Walltime, Cpu, Cpuid, Apicid,
        Socketid, Cs, Bank, Cpuvendor, Microcode, VData,
    ];

    /// The field with this name in the format file; `None` if no version has one.
    ///
    /// ```
    /// use mce_record::Mce;
    /// use mce_record::tracepoint::Field;
    ///
    /// let mut mce = Mce::default();
    /// for (name, value) in [("bank", 7), ("status", 0xbe00_0000_0000_0135), ("common_pid", 1)] {
    ///     let is_stored = Field::from_name(name).is_some_and(|field| field.set(&mut mce, value));
    ///     assert_eq!(is_stored, name != "common_pid");
    /// }
    /// assert_eq!((mce.bank(), mce.status()), (7, 0xbe00_0000_0000_0135));
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }

    /// Name of the field in the format file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mcgcap => "mcgcap",
            Self::Mcgstatus => "mcgstatus",
            Self::Status => "status",
            Self::Addr => "addr",
            Self::Misc => "misc",
            Self::Synd => "synd",
            Self::Ipid => "ipid",
            Self::Ip => "ip",
            Self::Tsc => "tsc",
            Self::Ppin => "ppin",
            Self::Walltime => "walltime",
            Self::Cpu => "cpu",
            Self::Cpuid => "cpuid",
            Self::Apicid => "apicid",
            Self::Socketid => "socketid",
            Self::Cs => "cs",
            Self::Bank => "bank",
            Self::Cpuvendor => "cpuvendor",
            Self::Microcode => "microcode",
            Self::VData => "v_data",
        }
    }

    /// Length of the field in the event, in bytes; that of the reference for [`VData`](Self::VData).
    pub const fn size(self) -> u16 {
        match self {
            Self::Cs | Self::Bank | Self::Cpuvendor => 1,
            Self::Cpu | Self::Cpuid | Self::Apicid | Self::Socketid | Self::Microcode | Self::VData => 4,
            _ => 8,
        }
    }

    /// Value of the field for a record; `None` if the record's layout does not have it, and for [`VData`](Self::VData),
    /// whose bytes are [`MceRecord::amd_syndromes`].
    pub fn value(self, record: &MceRecord<'_>) -> Option<u64> {
        let mce = record.mce();
        match self {
            Self::Mcgcap => record.mcg_cap().map(u64::from),
            Self::Mcgstatus => Some(mce.mcgstatus()),
            Self::Status => Some(mce.status()),
            Self::Addr => Some(mce.addr()),
            Self::Misc => Some(mce.misc()),
            Self::Synd => record.synd().map(u64::from),
            Self::Ipid => record.ipid().map(u64::from),
            Self::Ip => Some(mce.ip()),
            Self::Tsc => Some(mce.tsc()),
            Self::Ppin => record.ppin(),
            Self::Walltime => (record.layout() >= Layout::Size88).then_some(mce.time()),
            Self::Cpu => Some(u64::from(record.cpu())),
            Self::Cpuid => record.signature().map(|signature| u64::from(signature.raw())),
            Self::Apicid => record.apic_id().map(u64::from),
            Self::Socketid => record.socket().map(u64::from),
            Self::Cs => Some(u64::from(mce.cs())),
            Self::Bank => Some(u64::from(mce.bank())),
            Self::Cpuvendor => record.cpu_vendor().map(|vendor| u64::from(vendor.raw())),
            Self::Microcode => record.microcode().map(u64::from),
            Self::VData => None,
        }
    }
}

impl Field {
    /// Stores the field's value in a `struct mce`. Returns whether it did: [`VData`](Self::VData) has no place there,
    /// and a value that is wider than its field leaves the struct as it was.
    #[must_use]
    pub fn set(self, mce: &mut Mce, value: u64) -> bool {
        if self == VData || self.size() < 8 && value >> (8 * u32::from(self.size())) != 0 {
            return false;
        }
        let (byte, word) = (value as u8, value as u32);
        match self {
            Mcgcap => mce.set_mcgcap(value),
            Mcgstatus => mce.set_mcgstatus(value),
            Status => mce.set_status(value),
            Addr => mce.set_addr(value),
            Misc => mce.set_misc(value),
            Synd => mce.set_synd(value),
            Ipid => mce.set_ipid(value),
            Ip => mce.set_ip(value),
            Tsc => mce.set_tsc(value),
            Ppin => mce.set_ppin(value),
            Walltime => mce.set_time(value),
            Cpu => {
                // The kernel keeps the low byte in the old field too.
                mce.set_cpu(byte);
                mce.set_extcpu(word);
            }
            Cpuid => mce.set_cpuid(word),
            Apicid => mce.set_apicid(word),
            Socketid => mce.set_socketid(word),
            Cs => mce.set_cs(byte),
            Bank => mce.set_bank(byte),
            Cpuvendor => mce.set_cpuvendor(byte),
            Microcode => mce.set_microcode(word),
            VData => {}
        }
        true
    }
}

/// The field's name.
impl core::fmt::Display for Field {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

/// A version of the tracepoint, named after the kernels that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// Linux 2.6.3x, the first.
    Linux2_6,
    /// Linux 3.x to 4.9.
    Linux3,
    /// Linux 4.10 to 6.9: `synd` and `ipid`.
    Linux4_10,
    /// Linux 6.10 to 6.12: `ppin` and `microcode`.
    Linux6_10,
    /// Linux 6.13 and later: `v_data`.
    Linux6_13,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 5] =
        [Self::Linux2_6, Self::Linux3, Self::Linux4_10, Self::Linux6_10, Self::Linux6_13];

    /// The fields in their order.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Linux2_6 => LINUX_2_6,
            Self::Linux3 => LINUX_3,
            Self::Linux4_10 => LINUX_4_10,
            Self::Linux6_10 => LINUX_6_10,
            Self::Linux6_13 => LINUX_6_13,
        }
    }

    /// The fields with their offsets in the event, which begins with 8 bytes common to all events.
    pub fn layout(self) -> impl Iterator<Item = (Field, u16)> {
        self.fields().iter().scan(8_u16, |end, &field| {
            // Every field is aligned to its own length, a power of two.
            let mask = field.size().wrapping_sub(1);
            let offset = end.wrapping_add(mask) & !mask;
            *end = offset.wrapping_add(field.size());
            Some((field, offset))
        })
    }

    /// Reads an event of a 64-bit kernel, its 8 common bytes first, as it lies in a trace buffer: what the event does
    /// not have is 0. The vendor data is not read: [`vendor_data`](Self::vendor_data) does that.
    ///
    /// # Errors
    ///
    /// When the event ends before the version's last field.
    pub fn read(self, event: &[u8]) -> Result<Mce, Error> {
        let mut mce = Mce::default();
        for (field, offset) in self.layout() {
            let value = number(event, offset, field).ok_or(Error::too_short(
                "mce_record event",
                self.size().into(),
                event.len(),
            ))?;
            // A value of the field's own size always fits; the vendor data has no place in the struct.
            let _ = field.set(&mut mce, value);
        }
        Ok(mce)
    }

    /// The vendor data of an event: on AMD processors the bytes of [`AmdSyndromes`](crate::AmdSyndromes). `None` if the
    /// version has none, or the event's reference does not lie inside the event.
    pub fn vendor_data(self, event: &[u8]) -> Option<&[u8]> {
        let (field, offset) = self.layout().find(|&(field, _)| field == VData)?;
        let reference = number(event, offset, field)?;
        let (start, length) = (reference as u16, (reference >> 16) as u16);
        event.get(start.into()..)?.get(..length.into())
    }

    /// Length of an event up to the end of its last field, in bytes.
    pub fn size(self) -> u16 {
        self.layout().last().map_or(0, |(field, offset)| offset.wrapping_add(field.size()))
    }
}

/// The number in a field of an event, little-endian as on every x86 processor.
fn number(event: &[u8], offset: u16, field: Field) -> Option<u64> {
    let bytes = event.get(offset.into()..)?.get(..field.size().into())?;
    Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

impl MceRecord<'_> {
    /// The fields of the tracepoint with their values; `None` where the record does not have the field.
    ///
    /// ```
    /// use mce_record::Mce;
    /// use mce_record::tracepoint::Version;
    ///
    /// let mce = Mce::new().with_bank(7);
    /// let record = mce.record();
    /// let mut fields = record.tracepoint(Version::Linux4_10);
    /// assert!(fields.any(|(field, value)| field.name() == "bank" && value == Some(7)));
    /// ```
    pub fn tracepoint(&self, version: Version) -> impl Iterator<Item = (Field, Option<u64>)> + '_ {
        version.fields().iter().map(|&field| (field, field.value(self)))
    }
}

use Field::{
    Addr, Apicid, Bank, Cpu, Cpuid, Cpuvendor, Cs, Ip, Ipid, Mcgcap, Mcgstatus, Microcode, Misc, Ppin,
    Socketid, Status, Synd, Tsc, VData, Walltime,
};

const LINUX_2_6: &[Field] = &[
    Mcgcap, Mcgstatus, Bank, Status, Addr, Misc, Ip, Cs, Tsc, Walltime, Cpu, Cpuid, Apicid, Socketid,
    Cpuvendor,
];

const LINUX_3: &[Field] = &[
    Mcgcap, Mcgstatus, Status, Addr, Misc, Ip, Tsc, Walltime, Cpu, Cpuid, Apicid, Socketid, Cs, Bank,
    Cpuvendor,
];

const LINUX_4_10: &[Field] = &[
    Mcgcap, Mcgstatus, Status, Addr, Misc, Synd, Ipid, Ip, Tsc, Walltime, Cpu, Cpuid, Apicid, Socketid, Cs,
    Bank, Cpuvendor,
];

const LINUX_6_10: &[Field] = &[
    Mcgcap, Mcgstatus, Status, Addr, Misc, Synd, Ipid, Ip, Tsc, Ppin, Walltime, Cpu, Cpuid, Apicid, Socketid,
    Cs, Bank, Cpuvendor, Microcode,
];

const LINUX_6_13: &[Field] = &[
    Mcgcap, Mcgstatus, Status, Addr, Misc, Synd, Ipid, Ip, Tsc, Ppin, Walltime, Cpu, Cpuid, Apicid, Socketid,
    Cs, Bank, Cpuvendor, Microcode, VData,
];
