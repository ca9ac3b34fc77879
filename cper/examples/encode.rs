//! Writes a record of two memory errors to a file, as `decode` reads it: `encode FILE`.

use std::error::Error;

use cper::section::{MemoryError, MemoryErrorType};
use cper::{FruText, NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity};

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args_os().nth(1).ok_or("usage: encode FILE")?;
    let mut buffer = [0; 1024];
    let header = RecordHeader::fatal(NotificationType::MCE).with_record_id(1);
    let mut writer = RecordWriter::new(&mut buffer, &header)?;
    for (dimm, address) in [(b"DIMM_A1", 0x1008_0040), (b"DIMM_B1", 0x2008_0040)] {
        writer.section(
            &SectionDescriptor::primary(Severity::FATAL).with_fru_text(FruText::new(dimm)?),
            &MemoryError::new()
                .with_physical_address(address)
                .with_memory_error_type(MemoryErrorType::MULTI_BIT_ECC),
        )?;
    }
    let record = writer.finish()?;
    std::fs::write(name, &*record)?;
    println!("{} bytes", record.len());
    Ok(())
}
