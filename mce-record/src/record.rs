//! `struct mce`: the machine-check record of Linux on x86, in every layout it has had.
//!
//! Fields are only ever appended, so the length of a record decides which it has ([`Layout`]); the version of
//! the kernel does not, because several stable kernels took later fields. Source:
//! `arch/x86/include/uapi/asm/mce.h` of Linux 2.6.30, 4.4.180 and 6.12; the offsets of all fields up to
//! `microcode` are the same on 32-bit and 64-bit kernels.

use core::ops::Range;

use zerocopy::{FromBytes, IntoBytes};

use crate::error::{Error, ErrorKind};
use crate::error_code::CodeKind;
use crate::grammar::clamp;
use crate::registers::{
    Address, CpuSignature, CpuVendor, HandledFlags, InjectFlags, IoRequester, KernelSeverity, McaIpid,
    McaSynd, McgCap, McgStatus, MciMisc, ThresholdCounter,
};
use crate::status::{MciStatus, StatusReading};
use crate::structure::structure;

structure! {
    /// `struct mce` of Linux 5.8 and later, 128 bytes. The names and the numbers are the kernel's; [`MceRecord`] says
    /// what they mean.
    ///
    /// Make one ahead of time, set its fields when the machine check comes, and hand over
    /// [`as_bytes`](IntoBytes::as_bytes): the record is the struct. [`write`](Self::write) lays it out for a reader
    /// that knows a shorter form.
    ///
    /// Source: Linux 6.12 `arch/x86/include/uapi/asm/mce.h`.
    Mce: 128 bytes, new;
    /// `MCi_STATUS`.
    0 status: u64 => set_status with_status;
    /// `MCi_MISC`, 0 unless the status says it is valid.
    8 misc: u64 => set_misc with_misc;
    /// `MCi_ADDR`, 0 unless the status says it is valid; the kernel clears the bits that mean nothing.
    16 addr: u64 => set_addr with_addr;
    /// `MCG_STATUS`.
    24 mcgstatus: u64 => set_mcgstatus with_mcgstatus;
    /// Instruction pointer, 0 if it was not known.
    32 ip: u64 => set_ip with_ip;
    /// Time stamp counter of an exception, 0 if the bank was polled.
    40 tsc: u64 => set_tsc with_tsc;
    /// Wall clock, seconds since 1970.
    48 time: u64 => set_time with_time;
    /// Maker of the processor, see [`CpuVendor`].
    56 cpuvendor: u8 => set_cpuvendor with_cpuvendor;
    /// For injected events only, see [`InjectFlags`].
    57 inject_flags: u8 => set_inject_flags with_inject_flags;
    /// [`KernelSeverity`]; 0 on kernels that do not store it, and on AMD processors.
    58 severity: u8 => set_severity with_severity;
    /// Padding.
    59 pad: u8 => set_pad with_pad;
    /// CPUID leaf 1, EAX.
    60 cpuid: u32 => set_cpuid with_cpuid;
    /// Code segment, low byte; its two low bits are the privilege level.
    64 cs: u8 => set_cs with_cs;
    /// Bank number; 0xFF where firmware reported the error and no bank did.
    65 bank: u8 => set_bank with_bank;
    /// Low byte of the CPU's number, obsolete.
    66 cpu: u8 => set_cpu with_cpu;
    /// 1 if the entry was complete in the kernel's log.
    67 finished: u8 => set_finished with_finished;
    /// Linux's number of the CPU.
    68 extcpu: u32 => set_extcpu with_extcpu;
    /// Package.
    72 socketid: u32 => set_socketid with_socketid;
    /// Initial APIC id.
    76 apicid: u32 => set_apicid with_apicid;
    /// `MCG_CAP`.
    80 mcgcap: u64 => set_mcgcap with_mcgcap;
    /// `MCA_SYND`.
    88 synd: u64 => set_synd with_synd;
    /// `MCA_IPID`.
    96 ipid: u64 => set_ipid with_ipid;
    /// Protected processor inventory number, which names this very chip.
    104 ppin: u64 => set_ppin with_ppin;
    /// Microcode revision.
    112 microcode: u32 => set_microcode with_microcode;
    /// Padding, named so in the newest header only.
    116 padding: u32 => set_padding with_padding;
    /// Which part of the kernel dealt with the event, see [`HandledFlags`].
    120 kflags: u64 => set_kflags with_kflags;
}

/// Where `kflags` is in the 124-byte layout: 32-bit kernels align it to four bytes.
const KFLAGS_I386: usize = 116;

/// The bytes that the 72-byte layout reserves, where later layouts have fields.
const RESERVED_72: [Range<usize>; 2] = [48..64, 68..72];

/// The bank of an error that firmware reported.
const NO_BANK: u8 = 0xff;

/// The layouts of `struct mce`, by their length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// Before Linux 2.6.31: no time, processor, APIC or capability; the CPU as a byte.
    Size72,
    /// Linux 2.6.31 to 4.8: up to `mcgcap`.
    Size88,
    /// Linux 4.9: up to `ipid`.
    Size104,
    /// Linux 4.10 to 4.15: up to `ppin`.
    Size112,
    /// 32-bit Linux 4.16 to 5.7: up to `microcode`.
    Size116,
    /// 64-bit Linux 4.16 to 5.7 and stable kernels from 4.4.180: up to `microcode`, and four bytes of padding.
    Size120,
    /// 32-bit Linux since 5.8: up to `kflags`, without padding before it.
    Size124,
    /// 64-bit Linux since 5.8, and 32-bit Linux with the padding named: up to `kflags`.
    Size128,
}

impl Layout {
    /// Every layout, shortest first.
    pub const ALL: [Self; 8] = [
        Self::Size72,
        Self::Size88,
        Self::Size104,
        Self::Size112,
        Self::Size116,
        Self::Size120,
        Self::Size124,
        Self::Size128,
    ];

    /// The layout a record of this length has: the longest that fits, the rest is trailing. 72 and 124 bytes are
    /// layouts only by themselves: no kernel wrote 73 to 87, and with any length but 124 the bytes from 116 on are
    /// a 64-bit kernel's padding.
    pub const fn of_len(len: usize) -> Option<Self> {
        match len {
            72 => Some(Self::Size72),
            88..=103 => Some(Self::Size88),
            104..=111 => Some(Self::Size104),
            112..=115 => Some(Self::Size112),
            116..=119 => Some(Self::Size116),
            124 => Some(Self::Size124),
            120..=127 => Some(Self::Size120),
            128.. => Some(Self::Size128),
            _ => None,
        }
    }

    /// Length in bytes.
    pub const fn size(self) -> usize {
        match self {
            Self::Size72 => 72,
            Self::Size88 => 88,
            Self::Size104 => 104,
            Self::Size112 => 112,
            Self::Size116 => 116,
            Self::Size120 => 120,
            Self::Size124 => 124,
            Self::Size128 => 128,
        }
    }

    /// The kernels that write it.
    pub const fn kernels(self) -> &'static str {
        match self {
            Self::Size72 => "before Linux 2.6.31",
            Self::Size88 => "Linux 2.6.31 to 4.8",
            Self::Size104 => "Linux 4.9",
            Self::Size112 => "Linux 4.10 to 4.15",
            Self::Size116 => "32-bit Linux 4.16 to 5.7",
            Self::Size120 => "Linux 4.16 to 5.7, 4.4.180",
            Self::Size124 => "32-bit Linux since 5.8",
            Self::Size128 => "Linux since 5.8",
        }
    }
}

/// Where fields lie in the bytes of every layout from 88 on, for code that reads them without a copy of the whole.
impl Mce {
    /// Offset of `status` in bytes.
    pub const STATUS_OFFSET: usize = Self::AT.status.0;
    /// Offset of `mcgstatus` in bytes.
    pub const MCGSTATUS_OFFSET: usize = Self::AT.mcgstatus.0;
    /// Offset of `time` in bytes.
    pub const TIME_OFFSET: usize = Self::AT.time.0;
    /// Offset of `cpuvendor` in bytes.
    pub const CPUVENDOR_OFFSET: usize = Self::AT.cpuvendor.0;
    /// Offset of `severity` in bytes.
    pub const SEVERITY_OFFSET: usize = Self::AT.severity.0;
}

impl Mce {
    /// The record as an [`MceRecord`], for reading.
    pub fn record(&self) -> MceRecord<'_> {
        MceRecord { mce: *self, layout: Layout::Size128, bytes: self.as_bytes() }
    }

    /// Writes the record in `layout` to the start of `out` and returns what was written. Fields the layout does
    /// not have are left out.
    ///
    /// # Errors
    ///
    /// When `out` is shorter than the layout; it is then unchanged.
    pub fn write<'b>(&self, layout: Layout, out: &'b mut [u8]) -> Result<&'b mut [u8], Error> {
        let short = Error::buffer_too_small(layout.size(), out.len());
        let (out, _) = out.split_at_mut_checked(layout.size()).ok_or(short)?;
        let mce = if layout == Layout::Size72 { self.without_reserved_of_72() } else { *self };
        if layout == Layout::Size124 {
            let (head, kflags) = out.split_at_mut_checked(KFLAGS_I386).ok_or(short)?;
            copy(mce.as_bytes(), head);
            copy(Self::AT.kflags.of(&mce.0), kflags);
        } else {
            copy(mce.as_bytes(), out);
        }
        Ok(out)
    }

    /// The record without the fields that took the place of the 72-byte layout's reserved bytes.
    fn without_reserved_of_72(mut self) -> Self {
        for reserved in RESERVED_72 {
            if let Some(bytes) = self.as_mut_bytes().get_mut(reserved) {
                bytes.fill(0);
            }
        }
        self
    }
}

/// Copies as many bytes as both have.
fn copy(from: &[u8], to: &mut [u8]) {
    let len = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..len), to.get_mut(..len)) {
        // Cannot fail: the lengths are equal.
        let _ = from.write_to(to);
    }
}

/// A machine-check record of any layout.
///
/// Accessors of fields that not every layout has, and of those a bit of the status declares invalid, return
/// `None` instead of 0; [`mce`](Self::mce) has all fields as stored.
///
/// ```
/// use mce_record::{CpuVendor, Layout, MceRecord};
///
/// let mut bytes = [0; 88]; // from Linux 4.4
/// bytes[..8].copy_from_slice(&0xbe00_0000_0000_0135_u64.to_le_bytes());
/// let record = MceRecord::parse(&bytes)?;
/// assert_eq!(record.layout(), Layout::Size88);
/// assert_eq!(record.cpu_vendor(), Some(CpuVendor::INTEL));
/// assert_eq!(record.microcode(), None);
/// assert_eq!(
///     record.summary().to_string(),
///     "machine check on CPU 0, bank 0: level 1 data cache, data read error; context corrupt"
/// );
/// # Ok::<(), mce_record::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MceRecord<'a> {
    mce: Mce,
    layout: Layout,
    bytes: &'a [u8],
}

/// [`MceRecord::parse`].
impl<'a> TryFrom<&'a [u8]> for MceRecord<'a> {
    type Error = Error;

    fn try_from(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse(bytes)
    }
}

impl<'a> MceRecord<'a> {
    /// Reads a record; its length is that of `bytes`.
    ///
    /// # Errors
    ///
    /// When `bytes` is shorter than 72 bytes, or 73 to 87 bytes long.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let unknown = ErrorKind::RecordLength { available: clamp(bytes.len()) };
        let layout = Layout::of_len(bytes.len()).ok_or(Error::new(unknown, 0))?;
        let mut mce = Mce::default();
        let known = bytes.get(..layout.size()).unwrap_or_default();
        if layout == Layout::Size124 {
            let (head, kflags) = known.split_at_checked(KFLAGS_I386).unwrap_or_default();
            copy(head, mce.as_mut_bytes());
            copy(kflags, mce.0.get_mut(Mce::AT.kflags.0..).unwrap_or_default());
        } else {
            copy(known, mce.as_mut_bytes());
        }
        if layout == Layout::Size72 {
            mce = mce.without_reserved_of_72();
        }
        Ok(Self { mce, layout, bytes })
    }

    /// Writes the record as it was read, what follows the known layout included, to the start of `out` and
    /// returns what was written. For another layout see [`Mce::write`].
    ///
    /// # Errors
    ///
    /// When `out` is shorter than the record; it is then unchanged.
    pub fn write<'b>(&self, out: &'b mut [u8]) -> Result<&'b mut [u8], Error> {
        let short = Error::buffer_too_small(self.bytes.len(), out.len());
        let (out, _) = out.split_at_mut_checked(self.bytes.len()).ok_or(short)?;
        self.mce.write(self.layout, out)?;
        if self.layout == Layout::Size72 {
            for (from, range) in self.reserved().into_iter().zip(RESERVED_72) {
                copy(from, out.get_mut(range).unwrap_or_default());
            }
        }
        copy(self.trailing(), out.get_mut(self.layout.size()..).unwrap_or_default());
        Ok(out)
    }

    /// The reserved bytes of the 72-byte layout, 16 and 4; empty in all other layouts.
    pub fn reserved(&self) -> [&'a [u8]; 2] {
        let ranges = if self.layout == Layout::Size72 { RESERVED_72 } else { [0..0, 0..0] };
        ranges.map(|range| self.bytes.get(range).unwrap_or_default())
    }

    /// All bytes of the record.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The layout, known by the length.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// All fields as stored. Fields that the layout does not have are 0 here; the accessors of this type say `None`.
    pub const fn mce(&self) -> &Mce {
        &self.mce
    }

    /// The bytes after the last field of the layout.
    pub fn trailing(&self) -> &'a [u8] {
        self.bytes.get(self.layout.size()..).unwrap_or_default()
    }

    /// `MCi_STATUS`.
    pub const fn status(&self) -> MciStatus {
        MciStatus::new(self.mce.status())
    }

    /// `MCi_STATUS` by the definition of the processor's maker.
    pub fn status_reading(&self) -> StatusReading {
        StatusReading::new(
            self.status(),
            self.cpu_vendor().unwrap_or_default(),
            self.signature().unwrap_or_default(),
            self.mcg_cap().unwrap_or_default(),
        )
    }

    /// What the error code says, by the definition of the processor's maker. Where firmware reported the error
    /// and no bank did, Linux makes up a code by Intel's definition, whatever the processor.
    pub fn code_kind(&self) -> CodeKind {
        let code = self.status().error_code();
        if self.is_amd_family() && self.bank().is_some() { code.amd_kind() } else { code.kind() }
    }

    /// Whether the registers follow AMD's definitions.
    fn is_amd_family(&self) -> bool {
        self.cpu_vendor().is_some_and(CpuVendor::is_amd_family)
    }

    /// Whether the processor is one with AMD's scalable MCA: `MCA_SYND` and `MCA_IPID` exist.
    pub fn is_smca(&self) -> bool {
        matches!(self.status_reading(), StatusReading::Amd(status) if status.is_smca())
    }

    /// `MCi_MISC`, if the status says it is valid.
    pub fn misc(&self) -> Option<MciMisc> {
        self.status().misc_valid().then_some(MciMisc::new(self.mce.misc()))
    }

    /// The device whose request led to a generic I/O error, on a processor that follows Intel's definitions.
    pub fn io_requester(&self) -> Option<IoRequester> {
        let misc = self.misc()?;
        (self.code_kind() == CodeKind::GenericIo).then_some(misc.io_requester())
    }

    /// The error thresholding register of an AMD or Hygon processor, if the status says `MCi_MISC` is valid and it
    /// says so itself.
    pub fn threshold_counter(&self) -> Option<ThresholdCounter> {
        let counter = self.misc()?.threshold_counter();
        (self.is_amd_family() && counter.valid()).then_some(counter)
    }

    /// `MCi_ADDR`, if the status says it is valid. What kind of address it is and where it begins to mean
    /// something is known if `MCi_MISC` holds it: with `MCG_SER_P` on processors that follow Intel's
    /// definitions, unless the error is an I/O error, and in the records Linux makes up for memory errors that
    /// firmware reported (bank 0xFF), whatever the processor.
    pub fn address(&self) -> Option<Address> {
        if !self.status().address_valid() {
            return None;
        }
        let value = self.mce.addr();
        let by_processor = !self.is_amd_family()
            && self.mcg_cap().is_some_and(|capability| capability.any(McgCap::SER_P))
            && self.code_kind() != CodeKind::GenericIo;
        let misc = self.misc().filter(|_| by_processor || self.bank().is_none());
        Some(Address { value, mode: misc.map(MciMisc::address_mode), lsb: misc.map(MciMisc::address_lsb) })
    }

    /// `MCG_STATUS`.
    pub const fn mcg_status(&self) -> McgStatus {
        McgStatus::new(self.mce.mcgstatus())
    }

    /// Instruction pointer, if it was known. It belongs to the error only if
    /// [`McgStatus::error_ip_valid`].
    pub fn ip(&self) -> Option<u64> {
        nonzero(self.mce.ip())
    }

    /// Code segment, low byte; its two low bits are the privilege level, 3 being user mode.
    pub const fn cs(&self) -> u8 {
        self.mce.cs()
    }

    /// Time stamp counter, if the event was an exception.
    pub fn tsc(&self) -> Option<u64> {
        nonzero(self.mce.tsc())
    }

    /// Wall clock in seconds since 1970, if it was recorded.
    pub fn time(&self) -> Option<u64> {
        nonzero(self.mce.time())
    }

    /// Bank number; `None` where firmware reported the error and no bank did (0xFF).
    pub fn bank(&self) -> Option<u8> {
        (self.mce.bank() != NO_BANK).then_some(self.mce.bank())
    }

    /// Linux's number of the CPU.
    pub const fn cpu(&self) -> u32 {
        match self.layout {
            Layout::Size72 => self.mce.cpu() as u32,
            _ => self.mce.extcpu(),
        }
    }

    /// Whether the entry was complete in the kernel's log. Kernels without that log leave it clear.
    pub const fn finished(&self) -> bool {
        self.mce.finished() != 0
    }

    /// Whether the layout has the fields of another one.
    const fn has(&self, layout: Layout) -> bool {
        self.layout.size() >= layout.size()
    }

    /// Maker of the processor.
    pub fn cpu_vendor(&self) -> Option<CpuVendor> {
        self.has(Layout::Size88).then_some(CpuVendor::new(self.mce.cpuvendor()))
    }

    /// How the event was injected; empty in a real one.
    pub fn inject_flags(&self) -> Option<InjectFlags> {
        self.has(Layout::Size88).then_some(InjectFlags::new(self.mce.inject_flags()))
    }

    /// The severity the kernel stored. 0 is also what kernels left that stored none, and what AMD's path leaves
    /// in the record of a panic; [`grade`](Self::grade) computes it again.
    pub fn severity(&self) -> Option<KernelSeverity> {
        self.has(Layout::Size88).then_some(KernelSeverity::new(self.mce.severity()))
    }

    /// Family, model and stepping of the processor.
    pub fn signature(&self) -> Option<CpuSignature> {
        self.has(Layout::Size88).then_some(CpuSignature::new(self.mce.cpuid()))
    }

    /// Package.
    pub fn socket(&self) -> Option<u32> {
        self.has(Layout::Size88).then_some(self.mce.socketid())
    }

    /// Initial APIC id.
    pub fn apic_id(&self) -> Option<u32> {
        self.has(Layout::Size88).then_some(self.mce.apicid())
    }

    /// `MCG_CAP`.
    pub fn mcg_cap(&self) -> Option<McgCap> {
        self.has(Layout::Size88).then_some(McgCap::new(self.mce.mcgcap()))
    }

    /// `MCA_SYND`; 0 but on AMD processors with scalable MCA.
    pub fn synd(&self) -> Option<McaSynd> {
        self.has(Layout::Size104).then_some(McaSynd::new(self.mce.synd()))
    }

    /// `MCA_IPID`; 0 but on AMD processors with scalable MCA.
    pub fn ipid(&self) -> Option<McaIpid> {
        self.has(Layout::Size104).then_some(McaIpid::new(self.mce.ipid()))
    }

    /// Protected processor inventory number; 0 where the processor has none or firmware hides it.
    pub fn ppin(&self) -> Option<u64> {
        self.has(Layout::Size112).then_some(self.mce.ppin())
    }

    /// Microcode revision.
    pub fn microcode(&self) -> Option<u32> {
        self.has(Layout::Size116).then_some(self.mce.microcode())
    }

    /// Which part of the kernel dealt with the event.
    pub fn handled(&self) -> Option<HandledFlags> {
        self.has(Layout::Size124).then_some(HandledFlags::new(self.mce.kflags()))
    }

    /// The second and third syndrome of an AMD processor, if they follow the record as they do in the kernel's
    /// `struct mce_hw_err` since Linux 6.13.
    pub fn amd_syndromes(&self) -> Option<&'a AmdSyndromes> {
        if !self.is_amd_family() {
            return None;
        }
        AmdSyndromes::ref_from_prefix(self.trailing()).ok().map(|(syndromes, _)| syndromes)
    }
}

/// `None` for the 0 that stands for "not recorded".
fn nonzero(value: u64) -> Option<u64> {
    (value != 0).then_some(value)
}

structure! {
    /// What Linux 6.13 and later keep after `struct mce` for AMD processors, 16 bytes: the vendor data of
    /// `struct mce_hw_err`.
    ///
    /// Source: Linux 6.13 `arch/x86/include/asm/mce.h`.
    AmdSyndromes: 16 bytes, new;
    /// `MCA_SYND1`.
    0 synd1: u64 => set_synd1 with_synd1;
    /// `MCA_SYND2`.
    8 synd2: u64 => set_synd2 with_synd2;
}
