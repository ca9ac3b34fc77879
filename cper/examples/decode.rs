//! Shows a CPER record, or a status block such as a BERT region, in a file: `decode FILE`.

use std::error::Error;

use cper::{Record, StatusBlock};

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args_os().nth(1).ok_or("usage: decode FILE")?;
    let bytes = std::fs::read(name)?;
    let record = match Record::parse(&bytes) {
        Ok(record) => record,
        // A status block has no signature, so it is only looked for where there is no record.
        Err(error) => {
            let block = StatusBlock::parse(&bytes).map_err(|_| error)?;
            println!("{block}");
            return Ok(());
        }
    };
    println!("{} {}", record.severity(), record.notification_type());
    for section in record.sections() {
        // A bad section is its own error, and hides none of its siblings.
        match section.and_then(|section| Ok((section, section.body()?))) {
            Ok((section, body)) => println!("{}: {}\n{body}", section.number(), section.section_type()),
            Err(error) => println!("bad section: {error}"),
        }
    }
    Ok(())
}
