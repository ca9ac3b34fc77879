//! Lists an ERST table as the program it is, with what is wrong with it: `table FILE`.

use std::error::Error;

use erst_table::{Semantics, Table};

fn main() -> Result<(), Box<dyn Error>> {
    let name =
        std::env::args_os().nth(1).ok_or("usage: table FILE, such as /sys/firmware/acpi/tables/ERST")?;
    let bytes = std::fs::read(name)?;
    let table = Table::parse(&bytes)?;
    println!("{table}");
    for (semantics, whose) in [(Semantics::Specification, "the specification"), (Semantics::Linux, "Linux")] {
        for finding in table.check(semantics) {
            println!("by {whose}: {finding}");
        }
    }
    Ok(())
}
