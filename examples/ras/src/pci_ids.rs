//! Names of PCI vendors, devices and classes, in the form of the PCI ID project's `pci.ids`, which systems have.

use std::path::{Path, PathBuf};

/// Where systems have the file, below the root.
const PATHS: [&str; 4] =
    ["usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids", "usr/share/pci.ids", "var/lib/pciutils/pci.ids"];

/// The text of such a file.
#[derive(Clone, Debug, Default)]
pub struct PciIds(Vec<u8>);

impl PciIds {
    /// The file that a system has.
    pub fn path(root: &Path) -> Option<PathBuf> {
        PATHS.iter().map(|path| root.join(path)).find(|path| path.is_file())
    }

    /// The names in a text of this form.
    pub const fn new(text: Vec<u8>) -> Self {
        Self(text)
    }

    /// A device and its vendor, `Intel Corporation Ethernet Controller X710`, or the vendor alone.
    pub fn device(&self, vendor: u16, device: u16) -> Option<String> {
        let (name, devices) = entry(&self.0, "", &format!("{vendor:04x}"))?;
        let device = entry(devices, "\t", &format!("{device:04x}"));
        Some(match device {
            Some((device, _)) => format!("{name} {device}"),
            None => name,
        })
    }

    /// What a class code of 24 bits means: base class, subclass, programming interface. The most special name of them.
    pub fn class(&self, code: u32) -> Option<String> {
        let [interface, subclass, base, _] = code.to_le_bytes();
        let (name, subclasses) = entry(&self.0, "C ", &format!("{base:02x}"))?;
        let Some((name, interfaces)) = entry(subclasses, "\t", &format!("{subclass:02x}")) else {
            return Some(name);
        };
        match entry(interfaces, "\t\t", &format!("{interface:02x}")) {
            Some((interface, _)) => Some(format!("{name} ({interface})")),
            None => Some(name),
        }
    }
}

/// The name of the entry that begins like this, and the lines below it that are further in.
fn entry<'t>(text: &'t [u8], front: &str, number: &str) -> Option<(String, &'t [u8])> {
    let begin = format!("{front}{number}  ");
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        let Some(name) = line.strip_prefix(begin.as_bytes()) else { continue };
        let name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
        let below = &text[at..];
        let depth = front.bytes().filter(|byte| *byte == b'\t').count() + 1;
        let is_below = |line: &[u8]| {
            line.starts_with(b"#")
                || line.trim_ascii().is_empty()
                || line.iter().take(depth).all(|byte| *byte == b'\t')
        };
        let lines = below.split_inclusive(|byte| *byte == b'\n').take_while(|line| is_below(line));
        return Some((name, &below[..lines.map(<[u8]>::len).sum()]));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# pci.ids
1b36  Red Hat, Inc.
\t0001  QEMU PCI-PCI bridge
\t000c  QEMU PCIe Root port
8086  Intel Corporation
\t1572  Ethernet Controller X710 for 10GbE SFP+
\t\t1028 0000  Ethernet 10G X710 rNDC
# a comment

\t1573  Other
ffff  Illegal Vendor ID
C 02  Network controller
\t00  Ethernet controller
\t80  Network controller
C 0c  Serial bus controller
\t03  USB controller
\t\t30  XHCI
";

    #[test]
    fn devices_and_classes_have_names() {
        let ids = PciIds::new(FILE.into());
        let device = |vendor, device| ids.device(vendor, device);
        assert_eq!(
            device(0x8086, 0x1572).unwrap(),
            "Intel Corporation Ethernet Controller X710 for 10GbE SFP+"
        );
        assert_eq!(device(0x8086, 0x1573).unwrap(), "Intel Corporation Other");
        // One of another vendor is none of this one.
        assert_eq!(device(0x1b36, 0x1572).unwrap(), "Red Hat, Inc.");
        assert_eq!(device(0x8086, 0x0001).unwrap(), "Intel Corporation");
        assert_eq!(device(0x1234, 0x1572), None);
        let class = |code| ids.class(code);
        assert_eq!(class(0x020000).unwrap(), "Ethernet controller");
        assert_eq!(class(0x0c0330).unwrap(), "USB controller (XHCI)");
        assert_eq!(class(0x0c0399).unwrap(), "USB controller");
        assert_eq!(class(0x02ff00).unwrap(), "Network controller");
        assert_eq!(class(0x150000), None);
        assert_eq!(PciIds::default().device(0x8086, 0x1572), None);
        assert_eq!(PciIds::new(b"8086  Intel\xff".to_vec()).device(0x8086, 1).unwrap(), "Intel\u{fffd}");
    }
}
