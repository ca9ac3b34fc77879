//! Explains a `struct mce` of any kernel in a file, such as a pstore file `mce-erst-*`: `explain FILE`.

use std::error::Error;

use mce_record::MceRecord;

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args_os().nth(1).ok_or("usage: explain FILE")?;
    let bytes = std::fs::read(name)?;
    let record = MceRecord::parse(&bytes)?;
    println!("{record:#}");
    if let Some(address) = record.address() {
        println!("at {address}"); // only where the status says that MCi_ADDR is valid
    }
    Ok(())
}
