//! Names of a machine's parts: DIMMs by its SMBIOS tables or a file of labels, PCI devices by `pci.ids`, processors by
//! the crates. Names are looked up once, for the event. The number is shown beside its name, and alone where it has no
//! name.
//!
//! SMBIOS handles belong to one machine. This machine's tables name a DIMM only where the record is of this machine: it
//! lies where the kernel or systemd keeps what this machine left, or its platform is the tables' system.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use cper::section::{Body, Midr, ProcessorType};
use mce_record::{CpuSignature, CpuVendor};
use serde::Serialize;

use crate::dmi::{self, Dmi};
use crate::found::{Content, Found, Section, What};
use crate::labels::Labels;
use crate::machine_check::vendor_of;
use crate::pci_ids::PciIds;
use crate::printable::Printable;

/// Where the kernel and systemd keep what this machine left, below the root.
const OF_MACHINE: [&str; 3] = ["sys", "dev", "var/lib/systemd/pstore"];

/// The sources of names.
#[derive(Debug, Default)]
pub struct Names {
    /// The tables that were given: of the machine that the records are of.
    dmi: Option<Dmi>,
    /// The labels that were given.
    labels: Option<Labels>,
    /// The file with the names of PCI devices.
    pci_ids: Option<PathBuf>,
    /// The root of this machine's tables; `None` where they are not read.
    root: Option<PathBuf>,
    own: OnceLock<Option<Dmi>>,
    pci: OnceLock<PciIds>,
    devices: Mutex<HashMap<(u16, u16), Option<String>>>,
    classes: Mutex<HashMap<u32, Option<String>>>,
}

/// The names of the parts that a section names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SectionNames {
    /// The memory module: its label on the board, or its locator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// The PCI device, its vendor first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The meaning of the device's class code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
}

impl SectionNames {
    /// Each name, with the part that has it.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("module", &self.module),
            ("device", &self.device),
            ("class", &self.class),
            ("processor", &self.processor),
        ];
        all.into_iter().filter_map(|(what, name)| Some((what, name.as_deref()?)))
    }
}

impl Names {
    /// Those of the tables and the labels that were given, of a file with the names of PCI devices, and of the tables of
    /// this machine, whose root this is.
    pub fn new(dmi: Option<Dmi>, labels: Option<Labels>, pci_ids: Option<PathBuf>, root: &Path) -> Self {
        Self { dmi, labels, pci_ids, root: Some(root.to_owned()), ..Self::default() }
    }

    /// The names of the parts that each section of something found names.
    pub fn of(&self, found: &Found<'_>) -> Vec<SectionNames> {
        found.sections().iter().map(|section| self.of_section(section, found)).collect()
    }

    fn of_section(&self, section: &Section<'_>, found: &Found<'_>) -> SectionNames {
        let body = match &section.content {
            Content::Body(body) => body,
            Content::Machine(record) => {
                let processor = record
                    .signature()
                    .zip(record.cpu_vendor())
                    .and_then(|(signature, vendor)| x86(signature, vendor));
                return SectionNames { processor, ..SectionNames::default() };
            }
            _ => return SectionNames::default(),
        };
        let mut names = SectionNames { processor: processor(body), ..SectionNames::default() };
        if let Some((place, handle)) = memory(body) {
            names.module = self.module(place, handle, self.tables(found));
        }
        if let Some((vendor, device, class)) = pci(body) {
            names.device = self.device(vendor, device);
            names.class = class.and_then(|class| self.class(class));
        }
        names
    }

    /// The tables of the machine that something found is of.
    fn tables(&self, found: &Found<'_>) -> Option<&Dmi> {
        if self.dmi.is_some() {
            return self.dmi.as_ref();
        }
        let root = self.root.as_deref()?;
        let is_own_place =
            OF_MACHINE.iter().any(|place| Path::new(found.place.file).starts_with(root.join(place)));
        let platform = match &found.what {
            What::Record(stored) => stored.record().header().platform_id(),
            _ => None,
        };
        if !is_own_place && platform.is_none() {
            return None;
        }
        let own = self.own.get_or_init(|| Dmi::parse(&fs::read(root.join(dmi::PATH)).ok()?)).as_ref()?;
        (is_own_place || platform.is_some() && platform == own.uuid).then_some(own)
    }

    fn module(&self, place: Option<[u32; 3]>, handle: Option<u16>, dmi: Option<&Dmi>) -> Option<String> {
        let label = place.and_then(|place| self.labels.as_ref()?.at(place));
        let name = label.or_else(|| dmi?.memory_device(handle?))?;
        Some(Printable(name.as_bytes()).to_string())
    }

    fn pci(&self) -> &PciIds {
        let read = || Some(PciIds::new(fs::read(self.pci_ids.as_ref()?).ok()?));
        self.pci.get_or_init(|| read().unwrap_or_default())
    }

    fn device(&self, vendor: u16, device: u16) -> Option<String> {
        self.pci_ids.as_ref()?;
        let mut known = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry((vendor, device)).or_insert_with(|| printable(self.pci().device(vendor, device))).clone()
    }

    fn class(&self, code: u32) -> Option<String> {
        self.pci_ids.as_ref()?;
        let mut known = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(code).or_insert_with(|| printable(self.pci().class(code))).clone()
    }
}

fn printable(name: Option<String>) -> Option<String> {
    name.map(|name| Printable(name.as_bytes()).to_string())
}

/// Where a memory section's module is, node, card and module, and its SMBIOS handle.
fn memory(body: &Body<'_>) -> Option<(Option<[u32; 3]>, Option<u16>)> {
    let place = |node: Option<u16>, card, module| {
        // All ones is no number. A machine of one node need not state its node.
        let number = |number: Option<u16>| number.filter(|number| *number != u16::MAX).map(u32::from);
        Some([number(node).unwrap_or(0), number(card)?, number(module)?])
    };
    match body {
        Body::Memory(memory) => {
            Some((place(memory.node(), memory.card(), memory.module()), memory.module_handle()))
        }
        Body::Memory2(memory) => Some((
            place(memory.node(), memory.card(), memory.module()),
            memory.module_handle().and_then(|handle| u16::try_from(handle).ok()),
        )),
        _ => None,
    }
}

/// The PCI device that a section speaks of: vendor, device, and the class code where it has one.
pub fn pci(body: &Body<'_>) -> Option<(u16, u16, Option<u32>)> {
    let device = match body {
        Body::Pcie(pcie) => {
            pcie.device_id().map(|id| (id.vendor_id(), id.device_id(), Some(id.class_code())))
        }
        Body::PciComponent(pci) => {
            pci.id_info().map(|id| (id.vendor_id(), id.device_id(), Some(id.class_code())))
        }
        Body::CxlProtocol(cxl) => cxl.device_id().map(|id| (id.vendor_id(), id.device_id(), None)),
        Body::CxlComponentEvent(event) => event.device_id().map(|id| (id.vendor_id(), id.device_id(), None)),
        _ => None,
    };
    // All ones is a read that nobody answered.
    device.filter(|(vendor, ..)| *vendor != u16::MAX)
}

/// A processor of x86, with the number that says so.
fn x86(signature: CpuSignature, vendor: CpuVendor) -> Option<String> {
    let name = signature.name(vendor)?;
    Some(format!("{vendor} {name}, {signature} (CPUID {:#x})", signature.raw()))
}

/// The processor that a section speaks of, with the number that says so.
fn processor(body: &Body<'_>) -> Option<String> {
    let midr = |midr: u64| {
        let named = Midr::new(midr);
        named.maker().map(|_| format!("{named} (MIDR {midr:#x})"))
    };
    let cpuid = |eax: u64| {
        let eax = u32::try_from(eax).ok()?;
        x86(CpuSignature::new(eax), vendor_of(eax))
    };
    match body {
        Body::ArmProcessor(arm) => midr(arm.midr_el1()),
        Body::Ia32X64Processor(processor) => cpuid(processor.cpuid_info()?.eax()),
        Body::ProcessorGeneric(processor) => match processor.processor_type()? {
            ProcessorType::ARM => midr(processor.cpu_version_info()?),
            ProcessorType::IA32_X64 => cpuid(processor.cpu_version_info()?),
            _ => None,
        },
        _ => None,
    }
}
