//! SMBIOS tables, as Linux shows them in `/sys/firmware/dmi/tables/DMI` and as `dmidecode --dump-bin` writes them: what
//! memory devices, the board and the system are called (DMTF DSP0134 3.7).

use cper::Guid;

/// Where Linux has the tables of this machine, below the root.
pub const PATH: &str = "sys/firmware/dmi/tables/DMI";

/// The content of the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dmi {
    /// Memory devices, with their handles.
    devices: Vec<(u16, String)>,
    /// Maker and product of the board (type 2).
    pub board: Option<(String, String)>,
    /// Maker and product of the system (type 1).
    pub system: Option<(String, String)>,
    /// The system's UUID (type 1).
    pub uuid: Option<Guid>,
}

/// A structure: type, handle, the bytes with its header, and its strings.
struct Structure<'a> {
    kind: u8,
    handle: u16,
    bytes: &'a [u8],
    strings: &'a [u8],
}

impl Structure<'_> {
    /// The string whose number is at this offset. `None` where there is none.
    fn string(&self, offset: usize) -> Option<String> {
        let number = usize::from(*self.bytes.get(offset)?).checked_sub(1)?;
        let text = self.strings.split(|byte| *byte == 0).nth(number)?.trim_ascii();
        (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned())
    }

    fn names(&self) -> Option<(String, String)> {
        Some((self.string(4)?, self.string(5)?))
    }
}

impl Dmi {
    /// Reads the tables; `None` where the bytes hold no structure.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut dmi = Self::default();
        let mut rest = tables(bytes);
        let mut any = false;
        // Each turn takes a header's four bytes at least.
        while let Some((structure, next)) = structure(rest) {
            rest = next;
            any = true;
            match structure.kind {
                1 => {
                    dmi.system = dmi.system.or_else(|| structure.names());
                    let uuid = structure
                        .bytes
                        .get(8..24)
                        .and_then(|uuid| uuid.try_into().ok())
                        .map(Guid::from_bytes);
                    dmi.uuid = uuid.filter(|uuid| *uuid.bytes() != [0; 16] && *uuid.bytes() != [0xff; 16]);
                }
                2 => dmi.board = dmi.board.or_else(|| structure.names()),
                17 => {
                    let (locator, bank) = (structure.string(0x10), structure.string(0x11));
                    // As Linux names it: the bank's locator, then the device's own.
                    let name = [bank, locator].into_iter().flatten().collect::<Vec<_>>().join(" ");
                    if !name.is_empty() {
                        dmi.devices.push((structure.handle, name));
                    }
                }
                127 => break,
                _ => {}
            }
        }
        any.then_some(dmi)
    }

    /// The locator of the memory device with this handle.
    pub fn memory_device(&self, handle: u16) -> Option<&str> {
        self.devices.iter().find(|(known, _)| *known == handle).map(|(_, name)| name.as_str())
    }
}

/// The structures: behind an entry point, where there is one.
fn tables(bytes: &[u8]) -> &[u8] {
    let address = |at: usize, length: usize| {
        let bytes = bytes.get(at..at + length)?;
        let address = bytes.iter().rev().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        usize::try_from(address).ok()
    };
    let offset = match bytes {
        [b'_', b'S', b'M', b'3', b'_', ..] => address(16, 8),
        [b'_', b'S', b'M', b'_', ..] => address(24, 4),
        _ => Some(0),
    };
    offset.and_then(|offset| bytes.get(offset..)).unwrap_or_default()
}

/// The first structure, and what follows it.
fn structure(bytes: &[u8]) -> Option<(Structure<'_>, &[u8])> {
    let [kind, length, low, high, ..] = *bytes else { return None };
    let length = usize::from(length);
    if length < 4 {
        return None;
    }
    let (own, rest) = bytes.split_at_checked(length)?;
    // The strings end with an empty one, which is all where there are none.
    let end = memchr::memmem::find(rest, &[0, 0])?;
    let strings = &rest[..end];
    Some((Structure { kind, handle: u16::from_le_bytes([low, high]), bytes: own, strings }, &rest[end + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(kind: u8, handle: u16, body: &[u8], strings: &[&str]) -> Vec<u8> {
        let mut bytes = vec![kind, (body.len() + 4) as u8];
        bytes.extend(handle.to_le_bytes());
        bytes.extend_from_slice(body);
        for text in strings {
            bytes.extend([text.as_bytes(), &[0]].concat());
        }
        bytes.extend(if strings.is_empty() { &[0, 0][..] } else { &[0] });
        bytes
    }

    fn machine() -> Vec<u8> {
        let uuid: [u8; 16] = std::array::from_fn(|byte| byte as u8);
        let mut device = [0; 0x50];
        (device[0xc], device[0xd]) = (1, 2);
        let mut bare = device;
        bare[0xd] = 0;
        [
            structure(0, 0, &[0; 20], &["firmware"]),
            structure(1, 1, &[&[1, 2, 0, 0][..], &uuid].concat(), &["Dell Inc.", "PowerEdge R620"]),
            structure(2, 2, &[1, 2, 0, 0], &["Dell Inc.", "0KCKR5"]),
            structure(17, 0x21, &device, &["DIMMF1", "P0_Node0_Channel5_Dimm0"]),
            structure(17, 0x22, &bare, &["DIMM 2"]),
            structure(17, 0x23, &[0; 0x50], &[]),
            structure(127, 9, &[], &[]),
            structure(17, 0x24, &device, &["behind", "the end"]),
        ]
        .concat()
    }

    #[test]
    fn devices_are_named_by_handle() {
        let bytes = machine();
        let dmi = Dmi::parse(&bytes).unwrap();
        assert_eq!(dmi.memory_device(0x21), Some("P0_Node0_Channel5_Dimm0 DIMMF1"));
        assert_eq!(dmi.memory_device(0x22), Some("DIMM 2"));
        assert_eq!([0x23, 0x24, 0].map(|handle| dmi.memory_device(handle)), [None; 3]);
        assert_eq!(dmi.system, Some(("Dell Inc.".into(), "PowerEdge R620".into())));
        assert_eq!(dmi.board, Some(("Dell Inc.".into(), "0KCKR5".into())));
        assert_eq!(dmi.uuid.unwrap().bytes()[15], 15);
        // As dmidecode writes them, behind an entry point of either version.
        let behind = |head: &[u8], at: usize| {
            let mut entry = head.to_vec();
            entry.resize(32, 0);
            entry[at] = 32;
            Dmi::parse(&[entry, bytes.clone()].concat())
        };
        assert_eq!((behind(b"_SM3_", 16), behind(b"_SM_", 24)), (Some(dmi.clone()), Some(dmi)));
    }

    #[test]
    fn any_bytes_are_read() {
        let bytes = machine();
        for length in 0..bytes.len() {
            let _ = Dmi::parse(&bytes[..length]);
        }
        for place in 0..bytes.len() {
            for value in [0, 1, 3, 0xff] {
                let mut changed = bytes.clone();
                changed[place] = value;
                let _ = Dmi::parse(&changed);
            }
        }
        for nothing in [&b""[..], b"_SM3_", &[0; 100], b"text of any kind"] {
            assert_eq!(Dmi::parse(nothing), None);
        }
    }
}
