//! A record that is laid out while the machine is healthy and patched when it dies: `panic_record FILE` writes it.

use std::error::Error;

use cper::section::{MemoryError, MemoryErrorType};
use cper::{NotificationType, PreparedRecord, RecordHeader, SectionDescriptor, Severity};

/// At boot; everything in it is `const`, so it may be a `static` too.
const RECORD: PreparedRecord<MemoryError> = PreparedRecord::new(
    RecordHeader::fatal(NotificationType::MCE),
    SectionDescriptor::primary(Severity::FATAL),
    MemoryError::new().with_physical_address(0).with_memory_error_type(MemoryErrorType::MULTI_BIT_ECC),
);

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args_os().nth(1).ok_or("usage: panic_record FILE")?;
    let mut record = RECORD;
    // When it dies: a few stores, nothing that can fail.
    record.header_mut().set_record_id(0x6b02_9869_0000_0001);
    record.body_mut().set_physical_address(0x1008_0040);
    std::fs::write(name, record.as_bytes())?; // in a kernel, this is ERST's write
    Ok(())
}
