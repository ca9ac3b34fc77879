//! Tells a guest of hardware errors: the status block that a virtual machine monitor leaves in the guest's memory, for
//! GHES to find.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use cper::section::{MemoryError, MemoryErrorType, PciAddress, PcieError, PciePortType};
use cper::{
    BlockStatus, Error as CperError, FruText, GenericErrorData, Severity, StatusBlock, StatusBlockWriter,
};

/// An error that the host found, of the guest's memory or of a device that the guest has.
enum HostError {
    Memory { guest_physical_address: u64 },
    Device { address: PciAddress },
}

/// Writes the errors as one block; the guest reads it once its status is not 0.
fn report<'b>(errors: &[HostError], region: &'b mut [u8]) -> Result<&'b [u8], CperError> {
    let severity = Severity::RECOVERABLE;
    let mut writer = StatusBlockWriter::new(region, severity)?;
    for error in errors {
        let entry = GenericErrorData::new(severity);
        match error {
            HostError::Memory { guest_physical_address } => writer.entry(
                &entry.with_fru_text("guest memory".parse::<FruText>()?),
                &MemoryError::new()
                    .with_physical_address(*guest_physical_address)
                    .with_physical_address_mask(!0xfff)
                    .with_memory_error_type(MemoryErrorType::MULTI_BIT_ECC),
            )?,
            HostError::Device { address } => writer.entry(
                &entry,
                &PcieError::new().with_port_type(PciePortType::ENDPOINT).with_address(*address),
            )?,
        }
    }
    writer.finish().map(|block| &*block)
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = env::args_os().nth(1).ok_or("usage: vmm FOLDER")?;

    let mut region = [0; 1024];
    let errors = [
        HostError::Memory { guest_physical_address: 0x1008_0040 },
        HostError::Device { address: "0000:3b:00.1".parse()? },
    ];
    let block = StatusBlock::try_from(report(&errors, &mut region)?)?;
    block.check()?; // what the guest's kernel will ask
    assert_eq!((block.severity(), block.entries().count()), (Severity::RECOVERABLE, 2));
    assert!(block.header().status().contains(BlockStatus::UNCORRECTABLE_VALID));
    println!("{block}");

    // The memory entry as firmware has it: what a kernel was given, and took.
    let captured = fs::read(Path::new(&data).join("gesb/mem-minimal-pa.gesb"))?;
    let captured = StatusBlock::parse(&captured)?;
    captured.check()?;
    let of_memory = |block: StatusBlock| {
        let entry = block.entries().next()?.ok()?;
        let memory = entry.decode::<MemoryError>()?.ok()?;
        memory.physical_address().zip(memory.physical_address_mask())
    };
    assert_eq!(of_memory(captured), Some((0x1008_0040, !0x3f)));
    assert_eq!(of_memory(block), Some((0x1008_0040, !0xfff)));

    // A region that is too small stays without a block.
    let mut small = [0; 64];
    assert!(report(&errors, &mut small).is_err());
    assert!(StatusBlock::parse(&small)?.header().status().is_empty());
    Ok(())
}
