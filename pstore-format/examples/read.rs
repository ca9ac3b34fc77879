//! Shows the kernel log in a record out of ERST: `read FILE`.

use std::error::Error;

use pstore_format::dmesg::{Header, lines};
use pstore_format::inflate::Inflater;
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal;

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args_os().nth(1).ok_or("usage: read FILE")?;
    let bytes = std::fs::read(name)?;
    let record = StoredRecord::parse(&bytes)?;
    println!("record {}, seal {:?}", record.id(), seal::verify(&bytes));
    let mut text = vec![0; 1 << 20];
    let text = match record.payload() {
        Payload::Dmesg(text) => text,
        Payload::CompressedDmesg(stream) => {
            let length = Inflater::new().inflate(stream, &mut text)?.length;
            &text[..length]
        }
        // Not a log: a record like any other.
        _ => {
            println!("{}", record.record());
            return Ok(());
        }
    };
    let (header, log) = Header::parse(text).ok_or("no header of a dump")?;
    println!("{header}");
    for line in lines(log) {
        println!("{}", String::from_utf8_lossy(line.text));
    }
    Ok(())
}
