//! How many records a second `ras collect` puts into each sink, and how much memory that takes:
//! `cargo bench -p ras-records`.
//!
//! The records are in memory (a file in /dev/shm), made by the encoder: memory and PCIe errors, no two alike; so is what
//! the sink writes. A run is all of it, from the program's start to what it wrote being synced: the records are found,
//! checked, decoded, told in words, known by their digests and written. The rates are by processor time of all its
//! threads, so that they are one core's: by the program's own, and by that with what the kernel did for it. A machine
//! that does other work makes both worse, by its caches and by what two cores share. Arguments are numbers of records;
//! 10,000, 100,000 and 1,000,000 without.

// Rates and sizes for people.
#![allow(clippy::cast_precision_loss)]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use cper::section::{MemoryError, MemoryErrorType, PciAddress, PcieDeviceId, PcieError};
use cper::{
    CreatorId, FruText, NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity, Timestamp,
};
use nix::sys::resource::{UsageWho, getrusage};

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let numbers = if numbers.is_empty() { vec![10_000, 100_000, 1_000_000] } else { numbers };
    let base = Path::new("/dev/shm");
    let base = if base.is_dir() { base.to_owned() } else { std::env::temp_dir() };
    let folder = base.join(format!("ras-bench-{}", std::process::id()));
    println!("sink           records  user s  system s  records/s: user  user + system   peak MiB");
    for sink in ["--json", "--sqlite", "--parquet", "--prometheus"] {
        for number in &numbers {
            fs::create_dir_all(&folder).expect("a folder");
            let image = folder.join("records");
            write_records(&image, *number).expect("an image");
            let ([user, system], peak) = measure(&image, sink, &folder.join("sink"));
            let rate = |seconds: f64| *number as f64 / seconds;
            println!(
                "{:12} {number:9} {user:7.2} {system:9.2} {:16.0} {:14.0} {:10.1}",
                &sink[2..],
                rate(user),
                rate(user + system),
                peak as f64 / 1024.0
            );
            fs::remove_dir_all(&folder).expect("it was made here");
        }
    }
}

/// Processor seconds of a run, the program's and the kernel's, and the most memory it had, in KiB.
fn measure(image: &Path, sink: &str, to: &Path) -> ([f64; 2], u64) {
    let before = children();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ras"))
        .args(["collect", "--quiet"])
        .arg(image)
        .arg(sink)
        .arg(to)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program");
    let peak = watch(&mut child);
    let after = children();
    ([after[0] - before[0], after[1] - before[1]], peak)
}

/// The most memory a program had, when it has ended.
fn watch(child: &mut Child) -> u64 {
    let (status, mut peak, started) = (format!("/proc/{}/status", child.id()), 0, Instant::now());
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(peak);
        if let Some(status) = child.try_wait().expect("it was started here") {
            assert!(status.success(), "{status}");
            return peak;
        }
        assert!(started.elapsed() < Duration::from_secs(600), "too slow");
        sleep(Duration::from_millis(2));
    }
}

/// Processor seconds of all programs that were run, their own and the kernel's.
fn children() -> [f64; 2] {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("a plain call");
    [usage.user_time(), usage.system_time()].map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
}

fn write_records(path: &Path, number: u64) -> Result<(), Box<dyn std::error::Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut buffer = [0; 1024];
    for id in 1..=number {
        let severity = if id % 100 == 0 { Severity::RECOVERABLE } else { Severity::CORRECTED };
        let header = RecordHeader::new(severity, NotificationType::CMC)
            .with_creator_id(CreatorId::AMD_BMC)
            .with_record_id(id)
            .with_timestamp(Timestamp::from_unix(1_700_000_000 + id).ok_or("a time")?);
        let descriptor = SectionDescriptor::primary(severity);
        let mut writer = RecordWriter::new(&mut buffer, &header)?;
        if id % 10 == 0 {
            let address =
                PciAddress { segment: 0, bus: (id >> 8) as u8, device: (id >> 3) as u8 & 0x1f, function: 0 };
            let device = PcieDeviceId::new(0x8086, 0x1572, 0x02_0000).with_address(address);
            let error = PcieError::new().with_device_id(device);
            writer.section(&descriptor, &error)?;
        } else {
            let name = format!("DIMM_{}", id % 16);
            let error = MemoryError::new()
                .with_physical_address(id << 12)
                .with_node((id % 2) as u16)
                .with_card((id % 4) as u16)
                .with_module((id % 16) as u16)
                .with_memory_error_type(MemoryErrorType::SINGLE_BIT_ECC);
            let descriptor = descriptor.with_fru_text(FruText::new(name.as_bytes())?);
            writer.section(&descriptor, &error)?;
        }
        file.write_all(writer.finish()?)?;
    }
    file.into_inner()?.sync_all()?;
    Ok(())
}
