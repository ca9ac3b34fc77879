//! What the firmware does, on a host: records on standard input, a line each on standard output.

use std::io::{self, Read};

use bmc::Receiver;
use record_line::RecordLine;

fn main() -> io::Result<()> {
    let mut stream = Vec::new();
    io::stdin().read_to_end(&mut stream)?;
    let mut receiver = Receiver::<8192>::new();
    for byte in stream {
        if let Some(record) = receiver.take(byte) {
            println!("{}", RecordLine(record));
        }
    }
    if let Some(cut_off) = receiver.give_up() {
        println!("{}", RecordLine(cut_off));
    }
    Ok(())
}
