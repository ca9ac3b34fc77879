//! Machine checks inside other containers: the registers of a bank as Linux keeps them, wherever they were found.
//!
//! A `struct mce` is one already. An IA32/X64 processor section has the registers in its arrays of model-specific
//! registers, a Windows section in a form of its own. Each becomes a [`MachineCheck`], which `mce-record` reads. So all
//! have the same headline, the same lines of the kernel and the same row in rasdaemon's database.

use cper::section::vendor::{WindowsCpuVendor, WindowsGlobalCapability, WindowsXpfMca};
use cper::section::{Body, Ia32X64Context, Ia32X64ContextType};
use cper::zerocopy::IntoBytes;
use mce_record::{CpuVendor, Layout, Mce, MceRecord, MciStatus};

/// The registers of a bank.
#[derive(Clone, Debug)]
pub struct MachineCheck {
    /// The `struct mce` that Linux would have stored. Fields that are not known are 0.
    mce: Mce,
    /// The operating system's number of the processor.
    cpu: Option<u32>,
    /// The `MCA_IPID` that the processor's model suggests, where the register is 0.
    assumed_ipid: Option<u64>,
    /// Whether Linux logs the machine check when it reads the container.
    is_logged: bool,
}

impl MachineCheck {
    /// The machine checks in the body of a section. `cpuid` is EAX of CPUID leaf 1, for bodies that do not have it; 0
    /// where it is not known.
    pub fn all(body: &Body<'_>, cpuid: u32) -> Vec<Self> {
        match body {
            Body::Ia32X64Processor(processor) => {
                let own = processor.cpuid_info().map_or(0, |info| info.eax() as u32);
                let cpuid = if own == 0 { cpuid } else { own };
                let apic = processor.local_apic_id().and_then(|id| u32::try_from(id).ok());
                let contexts = processor.contexts().flatten();
                contexts.flat_map(|context| in_context(&context, cpuid, apic)).collect()
            }
            // Windows writes all ones where firmware reported the error and no bank did.
            Body::WindowsXpfMca(machine) if machine.bank_number() < 0xff => {
                vec![of_windows(machine, cpuid)]
            }
            _ => Vec::new(),
        }
    }

    /// The processor that a body names: EAX of CPUID leaf 1.
    pub fn cpuid(body: &Body<'_>) -> Option<u32> {
        let eax = match body {
            Body::Ia32X64Processor(processor) => processor.cpuid_info().map(cper::section::CpuidInfo::eax),
            Body::ProcessorGeneric(processor) => processor.cpu_version_info(),
            _ => None,
        };
        eax.map(|eax| eax as u32).filter(|eax| *eax != 0)
    }

    /// The registers as a record, in the shortest layout that has all of them.
    pub fn record(&self) -> MceRecord<'_> {
        read(&self.mce)
    }

    /// The operating system's number of the processor.
    pub const fn cpu(&self) -> Option<u32> {
        self.cpu
    }

    /// Whether Linux logs the machine check when it reads the container.
    pub const fn is_logged(&self) -> bool {
        self.is_logged
    }

    /// The bank and what it says: `bank 3 (decode unit): hardware assertion; context corrupt`.
    pub fn error(&self) -> String {
        match self.assumed_ipid {
            Some(ipid) => {
                let mce = self.mce.with_ipid(ipid);
                format!("{}; unit assumed by the processor's model", read(&mce).error())
            }
            None => self.record().error().to_string(),
        }
    }
}

/// The fields after the registers are not known, so the layout ends before them.
fn read(mce: &Mce) -> MceRecord<'_> {
    let registers = mce.as_bytes().get(..Layout::Size104.size()).unwrap_or_default();
    MceRecord::parse(registers).unwrap_or(mce.record())
}

/// The first `MSR` of bank 0 of a processor with scalable MCA, and the number of registers that a bank has.
const SMCA: (u32, u32) = (0xc000_2000, 16);
/// The same of any other processor of AMD's or Intel's.
const LEGACY: (u32, u32) = (0x400, 4);
/// The largest number of banks.
const BANKS: u32 = 32;

/// The banks in an array of model-specific registers whose status is there and valid. Firmware begins an array at any
/// register of a bank, and the array may go on with the next bank.
fn in_context(context: &Ia32X64Context<'_>, cpuid: u32, apic: Option<u32>) -> Vec<MachineCheck> {
    let header = context.structure();
    if header.register_context_type() != Ia32X64ContextType::MSR {
        return Vec::new();
    }
    let mut checks: Vec<MachineCheck> = Vec::new();
    let start = header.msr_address();
    let (first, registers) = if start >= SMCA.0 { SMCA } else { LEGACY };
    let is_smca = first == SMCA.0;
    for register in context.addressed_registers() {
        let Some(offset) = u32::try_from(register.address).ok().and_then(|number| number.checked_sub(first))
        else {
            continue;
        };
        let (bank, index) = (offset / registers, offset % registers);
        // Machine checks of more than 32 banks have their registers elsewhere, but for scalable MCA.
        if bank >= if is_smca { 2 * BANKS } else { BANKS } {
            break;
        }
        if checks.last().is_none_or(|check| u32::from(check.mce.bank()) != bank) {
            checks.push(MachineCheck {
                mce: Mce::new()
                    .with_bank(bank as u8)
                    .with_cpuid(cpuid)
                    .with_cpuvendor(if is_smca { CpuVendor::AMD } else { vendor_of(cpuid) }.raw())
                    .with_apicid(apic.unwrap_or(0))
                    .with_extcpu(u32::MAX),
                cpu: None,
                assumed_ipid: None,
                // Linux 6.12 `arch/x86/kernel/cpu/mce/apei.c`: from the status on, and as far as the syndrome.
                is_logged: is_smca && start & 0xf == 1 && context.array().len() >= 48,
            });
        }
        let Some(MachineCheck { mce, .. }) = checks.last_mut() else { continue };
        match (index, is_smca) {
            (1, _) => mce.set_status(register.value),
            (2, _) => mce.set_addr(register.value),
            (3, _) => mce.set_misc(register.value),
            (5, true) => mce.set_ipid(register.value),
            (6, true) => mce.set_synd(register.value),
            _ => {}
        }
    }
    checks.retain(|check| MciStatus::new(check.mce.status()).valid());
    checks
}

/// The maker of a processor, by the family that CPUID says: AMD and Hygon have families from 10h on, but for 13h.
pub const fn vendor_of(cpuid: u32) -> CpuVendor {
    match (cpuid >> 8 & 0xf, cpuid >> 20 & 0xff) {
        (0xf, 0x1..=0x3 | 0x5..=0x8 | 0xa..=0xb) => CpuVendor::AMD,
        (0xf, 0x9) => CpuVendor::HYGON,
        (0x6, _) | (0xf, 0x4) => CpuVendor::INTEL,
        _ => CpuVendor::UNKNOWN,
    }
}

/// A machine check that Windows stored. The sections beside it name the processor.
fn of_windows(machine: &WindowsXpfMca<'_>, mut cpuid: u32) -> MachineCheck {
    let vendor = match machine.cpu_vendor() {
        WindowsCpuVendor::INTEL => CpuVendor::INTEL,
        WindowsCpuVendor::AMD => CpuVendor::AMD,
        _ => CpuVendor::new(0xff),
    };
    let register = |place: usize| machine.extended_registers()[place];
    let (mut ipid, mut synd, mut assumed_ipid) = (0, 0, None);
    if vendor == CpuVendor::AMD {
        (ipid, synd) = (register(0), register(1));
        match (ipid, machine.bank_number(), cpuid & 0x0fff_fff0) {
            // Only processors of family 17h and later have the register.
            (1.., _, 0) => cpuid = FAMILY_17H,
            // Windows leaves the register out. On the processors of this model the bank is that of power and
            // interrupts, as other records of such processors say.
            (0, 27, ZEN_3_DESKTOP) => assumed_ipid = Some(POWER_AND_INTERRUPTS),
            _ => {}
        }
    }
    let mce = Mce::new()
        .with_status(machine.status().raw())
        .with_misc(machine.misc())
        .with_addr(machine.address())
        .with_mcgstatus(machine.global_status().raw())
        .with_ip(machine.instruction_pointer())
        .with_cpuvendor(vendor.raw())
        .with_cpuid(cpuid)
        .with_bank(machine.bank_number() as u8)
        .with_extcpu(machine.processor_number())
        .with_apicid(machine.apic_id())
        .with_mcgcap(machine.global_capability().map_or(0, WindowsGlobalCapability::raw))
        .with_synd(synd)
        .with_ipid(ipid);
    MachineCheck { mce, cpu: Some(machine.processor_number()), assumed_ipid, is_logged: false }
}

/// EAX of CPUID leaf 1 on a processor of AMD's family 17h.
const FAMILY_17H: u32 = 0x0080_0f00;
/// The same of family 19h, model 21h, without the stepping.
const ZEN_3_DESKTOP: u32 = 0x00a2_0f10;
/// `MCA_IPID` of the bank for power, interrupts and the like, as Ryzens of that model store it.
const POWER_AND_INTERRUPTS: u64 = 0x0001_002e_0000_0500;
