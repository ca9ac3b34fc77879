//! Explains the value of an `MCi_STATUS` register, by Intel's rules and by AMD's: `status 0xbe00000000000135`.

use std::error::Error;

use mce_record::{CpuVendor, MciStatus};

fn main() -> Result<(), Box<dyn Error>> {
    let digits = std::env::args().nth(1).ok_or("usage: status 0xDIGITS")?;
    let status = MciStatus::from(u64::from_str_radix(digits.trim_start_matches("0x"), 16)?);
    for (vendor, whose) in [(CpuVendor::INTEL, "Intel"), (CpuVendor::AMD, "AMD")] {
        println!("{whose}: {}", status.outcome(vendor));
    }
    println!("Intel: {}", status.error_code().kind());
    println!("AMD: {}", status.error_code().amd_kind());
    println!("address valid: {}, context corrupt: {}", status.address_valid(), status.context_corrupt());
    Ok(())
}
