//! A table as a program that a firmware engineer can read.

use core::fmt;

use crate::{Action, Table};

/// The table as an assembly-like program: its headers, then one block for each action in the order in which the table
/// brings them, undefined ones too.
///
/// ```text
/// ERST revision 1, 912 bytes, checksum 0x33 (sums to 0x00), 27 entries, header size 48
/// OEM "BOCHS " "BXPC    " revision 0x1, creator "BXPC" revision 0x1
///
/// CHECK_BUSY_STATUS (0x06), output:
///     0: WRITE_REGISTER_VALUE          mem32[0xfebfd000] <- 0x6
///     1: READ_REGISTER_VALUE           output <- mem32[0xfebfd008] == 0x1
/// ```
///
/// The number before an instruction is its index in the action, which `GOTO` goes by. The alternate form (`{:#}`) puts
/// the index of the entry in the table before that. Every bit of the table shows.
impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (header, serialization) = (self.header(), self.serialization_header());
        writeln!(
            f,
            "ERST revision {}, {} bytes, checksum {:#04x} (sums to {:#04x}), {} entries, header size {}",
            header.revision(),
            header.length(),
            header.checksum(),
            self.checksum(),
            serialization.entry_count(),
            serialization.header_size(),
        )?;
        writeln!(
            f,
            "OEM \"{}\" \"{}\" revision {:#x}, creator \"{}\" revision {:#x}",
            header.oem_id().escape_ascii(),
            header.oem_table_id().escape_ascii(),
            header.oem_revision(),
            header.creator_id().escape_ascii(),
            header.creator_revision(),
        )?;
        if serialization.reserved() != 0 {
            writeln!(f, "reserved field {:#x}", serialization.reserved())?;
        }

        let mut listed = Listed::default();
        for entry in self.entries() {
            if listed.insert(entry.action()) {
                self.list_action(entry.action(), f)?;
            }
        }

        let trailing = self.trailing();
        if !trailing.is_empty() {
            write!(f, "\n{} bytes after the last entry:", trailing.len())?;
            for (index, byte) in trailing.iter().enumerate() {
                f.write_str(if index % 32 == 0 { "\n   " } else { "" })?;
                write!(f, " {byte:02x}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Table<'_> {
    fn list_action(&self, action: Action, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{} ({:#04x})", action.name().unwrap_or("reserved action"), action.raw())?;
        f.write_str(match (action.takes_input(), action.returns_output()) {
            (true, _) => ", input:\n",
            (_, true) => ", output:\n",
            _ => ":\n",
        })?;
        for (index, (entry_index, entry)) in self.action(action).enumerate() {
            if f.alternate() {
                write!(f, "{entry_index:>5}")?;
            }
            writeln!(f, "{index:>5}: {entry}")?;
        }
        Ok(())
    }
}

/// The actions listed so far, one bit each.
#[derive(Default)]
struct Listed([u64; 4]);

impl Listed {
    /// Adds an action; returns whether it is new.
    fn insert(&mut self, action: Action) -> bool {
        let bit = 1_u64.wrapping_shl(u32::from(action.raw()));
        match self.0.get_mut(usize::from(action.raw() >> 6)) {
            Some(word) => {
                let new = *word & bit == 0;
                *word |= bit;
                new
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;
    use std::{format, vec};

    const QEMU: &[u8] = include_bytes!("../data/qemu-q35-ERST.bin");

    #[test]
    fn qemus_table_lists_as_sixteen_blocks() {
        let table = Table::parse(QEMU).unwrap();
        let text = table.to_string();
        let blocks: Vec<_> = text.split("\n\n").collect();
        assert_eq!(blocks.len(), 17);
        assert_eq!(
            blocks[0],
            "ERST revision 1, 912 bytes, checksum 0x33 (sums to 0x00), 27 entries, header size 48\n\
             OEM \"BOCHS \" \"BXPC    \" revision 0x1, creator \"BXPC\" revision 0x1"
        );
        assert_eq!(
            blocks[7],
            "CHECK_BUSY_STATUS (0x06), output:\n    \
             0: WRITE_REGISTER_VALUE          mem32[0xfebfd000] <- 0x6\n    \
             1: READ_REGISTER_VALUE           output <- mem32[0xfebfd008] == 0x1"
        );
        assert!(format!("{table:#}").contains("    9    1: READ_REGISTER_VALUE"));
    }

    #[test]
    fn inputs_and_bytes_behind_the_entries_are_listed() {
        let mut bytes = QEMU.to_vec();
        bytes.extend(1..=40);
        bytes[4..8].copy_from_slice(&952_u32.to_le_bytes());
        let text = Table::parse(&bytes).unwrap().to_string();
        assert!(text.contains("\n\nSET_RECORD_OFFSET (0x04), input:\n    0: WRITE_REGISTER "), "{text}");
        assert!(text.contains("\n\nEND_OPERATION (0x03):\n    0: WRITE_REGISTER_VALUE "), "{text}");
        let (_, behind) = text.split_once("\n40 bytes after the last entry:\n    01 02 ").unwrap();
        assert!(behind.ends_with(" 1f 20\n    21 22 23 24 25 26 27 28\n"), "{text}");
        assert_eq!(behind.lines().count(), 2);
    }

    #[test]
    fn every_bit_of_the_table_shows() {
        let mut bytes = QEMU.to_vec();
        bytes.extend([0x5a; 40]);
        bytes[4..8].copy_from_slice(&952_u32.to_le_bytes());
        let plain = Table::parse(&bytes).unwrap().to_string();
        for bit in 4 * 8..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Table::parse(&flipped).unwrap().to_string(), plain, "bit {bit}");
        }
    }

    #[test]
    fn all_256_actions_are_listed_once() {
        let mut entries = vec![];
        for number in (0..=255).chain(0..=255) {
            let mut entry = Table::parse(QEMU).unwrap().entries()[0];
            entry.set_action(Action::new(number));
            entries.push(entry);
        }
        let mut buffer = vec![0; 48 + 512 * 32];
        let text =
            Table::parse(crate::TableWriter::new(&entries).encode(&mut buffer).unwrap()).unwrap().to_string();
        assert_eq!(text.matches("\n\n").count(), 256);
        assert_eq!(text.matches("reserved action").count(), 240);
        assert_eq!(text.matches("    1: WRITE").count(), 256);
    }
}
