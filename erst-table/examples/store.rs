//! Writes a record into a simulated ERST device, finds it after a reboot, and clears it.

use erst_table::sim::SimulatedDevice;
use erst_table::{Error, Semantics, Store, Walk};

fn main() -> Result<(), Error> {
    let mut record = [0; 128]; // the crate cper makes real ones
    record[..4].copy_from_slice(b"CPER");
    record[6..10].fill(0xff);
    record[20] = 128; // its length
    record[96] = 7; // its identifier
    record[108..110].copy_from_slice(b"ER");

    let (mut image, mut range, mut table) = (vec![0; 16 * 4096], [0; 4096], [0; 912]);
    let mut io = SimulatedDevice::new(&mut image, &mut range)?;
    let table = SimulatedDevice::table(&mut table)?;

    // While the machine is healthy; and when it dies.
    let mut store = Store::open(&table, Semantics::Linux, &mut io)?;
    store.write(&record, &mut io)?;

    // After the reboot.
    let mut store = Store::open(&table, Semantics::Linux, &mut io)?;
    println!("{} records", store.count(&mut io)?);
    let (mut walk, mut buffer) = (Walk::new(), [0; 4096]);
    while let Some(found) = walk.next_record(&mut store, &mut buffer, &mut io)? {
        println!("record {:#x}: {} bytes", found.identifier, found.record?.len());
        store.clear(found.identifier, &mut io)?;
    }
    println!("{} records", store.count(&mut io)?);
    Ok(())
}
