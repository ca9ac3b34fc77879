//! The options that say in which files names are found.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;

use crate::dmi::Dmi;
use crate::labels::Labels;
use crate::names::Names;
use crate::pci_ids::PciIds;

/// The options that say in which files names are found.
#[derive(Args, Debug)]
pub struct NameFiles {
    /// Name DIMMs by the SMBIOS tables in this file
    ///
    /// A copy of /sys/firmware/dmi/tables/DMI, or what dmidecode --dump-bin wrote. Without it they are named by the tables
    /// of this machine where a record is of this machine: it lies in /sys, in /dev or in systemd-pstore's archive, or its
    /// platform is this system.
    #[arg(long, value_name = "FILE")]
    dmi: Option<PathBuf>,
    /// Name DIMMs by this file of labels, as rasdaemon has
    ///
    /// A place in it is node, card and module. Of several machines the one is taken that the SMBIOS tables name.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Name PCI devices by this file, not the system's
    ///
    /// Without it that of RAS_PCI_IDS is taken, or the pci.ids that the system has; an empty one has no names.
    #[arg(long, value_name = "FILE")]
    pci_ids: Option<PathBuf>,
}

impl NameFiles {
    /// Where names are found, `root` being this machine.
    ///
    /// # Errors
    /// When a file that was named cannot be read, or is none of its kind.
    pub fn read(&self, root: &Path) -> anyhow::Result<Names> {
        let dmi = self.dmi.as_deref().map(|path| {
            let bytes = fs::read(path).with_context(|| path.display().to_string())?;
            Dmi::parse(&bytes).ok_or_else(|| anyhow!("{}: no SMBIOS tables", path.display()))
        });
        let dmi = dmi.transpose()?;
        let own = || Dmi::parse(&fs::read(root.join(crate::dmi::PATH)).ok()?);
        let labels = self.labels.as_deref().map(|path| {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            let machine = dmi.clone().or_else(own);
            Labels::parse(&text, machine.as_ref()).map_err(|why| anyhow!("{}: {why}", path.display()))
        });
        let labels = labels.transpose()?;
        let named = self.pci_ids.clone().or_else(|| std::env::var_os("RAS_PCI_IDS").map(PathBuf::from));
        if let Some(path) = &named {
            fs::File::open(path).with_context(|| path.display().to_string())?;
        }
        let pci_ids = named.or_else(|| PciIds::path(root));
        Ok(Names::new(dmi, labels, pci_ids, root))
    }
}
