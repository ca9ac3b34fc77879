//! A record that is prepared while the machine is healthy, and patched and stored while it dies: no heap, no standard
//! library, nothing that can panic.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

use cper::section::{MemoryError, MemoryErrorType};
use cper::{NotificationType, PreparedRecord, RecordHeader, SectionDescriptor, Severity};
use erst_table::{Error, RegisterIo, Semantics, Store, Table};

/// What is ready before anything breaks.
#[derive(Debug)]
pub struct LastWords<'t> {
    record: PreparedRecord<MemoryError>,
    store: Store<'t>,
}

impl<'t> LastWords<'t> {
    /// At boot: finds the store through the ERST table, and lays the record out.
    ///
    /// # Errors
    /// When the table cannot be used.
    pub fn prepare(table: &'t [u8], record_id: u64, io: &mut impl RegisterIo) -> Result<Self, Error> {
        let table = Table::parse(table)?;
        Ok(Self {
            record: PreparedRecord::new(
                RecordHeader::fatal(NotificationType::MCE).with_record_id(record_id),
                SectionDescriptor::primary(Severity::FATAL),
                // A field that is set at panic time has its place in the record from the start.
                MemoryError::new().with_physical_address(0).with_memory_error_type(MemoryErrorType::UNKNOWN),
            ),
            store: Store::open(&table, Semantics::Specification, io)?,
        })
    }

    /// At panic time: a few stores into memory, then the firmware's instructions.
    ///
    /// # Errors
    /// When the firmware refuses the record.
    pub fn say(
        &mut self,
        address: u64,
        kind: MemoryErrorType,
        io: &mut impl RegisterIo,
    ) -> Result<(), Error> {
        self.record.body_mut().set_physical_address(address);
        self.record.body_mut().set_memory_error_type(kind);
        self.store.write(self.record.as_bytes(), io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cper::Record;
    use erst_table::Walk;
    use erst_table::sim::SimulatedDevice;

    #[test]
    fn what_was_said_is_read_after_the_reboot() {
        let (mut image, mut range, mut table) = (vec![0; 16 * 4096], vec![0; 4096], [0; 912]);
        SimulatedDevice::table(&mut table).unwrap();
        let mut io = SimulatedDevice::new(&mut image, &mut range).unwrap();
        let mut words = LastWords::prepare(&table, 7, &mut io).unwrap();
        words.say(0x1008_0040, MemoryErrorType::MULTI_BIT_ECC, &mut io).unwrap();

        let (mut walk, mut buffer) = (Walk::new(), [0; 4096]);
        let found = walk.next_record(&mut words.store, &mut buffer, &mut io).unwrap().unwrap();
        let record = Record::parse(found.record.unwrap()).unwrap();
        assert_eq!(record.record_id(), 7);
        let section = record.sections().next().unwrap().unwrap();
        let memory = section.decode::<MemoryError>().unwrap().unwrap();
        assert_eq!(memory.physical_address(), Some(0x1008_0040));
        assert_eq!(memory.memory_error_type(), Some(MemoryErrorType::MULTI_BIT_ECC));
    }

    /// The table of a real machine's firmware.
    #[test]
    fn the_table_of_a_machine_is_taken() {
        let Some(data) = std::env::var_os("RAS_DATA") else { panic!("RAS_DATA names no folder") };
        let table = std::fs::read(std::path::Path::new(&data).join("tables/qemu-q35-ERST.bin")).unwrap();
        let table = Table::parse(&table).unwrap();
        assert!(table.accepted(Semantics::Specification).is_ok());
    }
}
