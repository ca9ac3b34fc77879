//! Lists the records in the image behind QEMU's ERST device: `image FILE`.

use std::error::Error;

use erst_table::qemu::Image;

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args_os().nth(1).ok_or("usage: image FILE")?;
    let bytes = std::fs::read(name)?;
    let image = Image::parse(&bytes)?;
    println!("{} slots of {} bytes", image.slot_count(), image.slot_size());
    for slot in image.used() {
        // A slot that lies about its record is its own error.
        match slot.record() {
            Ok(record) => println!("record {:#018x}: {} bytes", slot.record_identifier(), record.len()),
            Err(error) => println!("record {:#018x}: {error}", slot.record_identifier()),
        }
    }
    for problem in image.check() {
        println!("{problem}");
    }
    Ok(())
}
