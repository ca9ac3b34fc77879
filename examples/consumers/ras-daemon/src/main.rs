//! Reads what the last boot left: BERT's region, and the files that the kernel shows in `/sys/fs/pstore`.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use cper::{SectionTypeId, StatusBlocks};
use mce_record::MceRecord;
use pstore_format::names::FileName;
use pstore_format::record::Payload;

fn main() -> Result<(), Box<dyn Error>> {
    let data = env::args_os().nth(1).ok_or("usage: ras-daemon FOLDER")?;
    let data = Path::new(&data);

    let from_firmware = boot_errors(&fs::read(data.join("bert/bert-region.bin"))?);
    assert_eq!(from_firmware[0].0, SectionTypeId::MEMORY);
    assert!(from_firmware[0].1.contains("DIMM_B2"), "{}", from_firmware[0].1);
    assert!(from_firmware[1].1.contains("0000:00:02.0"), "{}", from_firmware[1].1);

    let mut from_kernel = Vec::new();
    for file in fs::read_dir(data.join("pstore/mce-intel-list"))? {
        let file = file?;
        let name = file.file_name().into_string().map_err(|_| "no UTF-8")?;
        if let Some(found) = pstore_file(&name, &fs::read(file.path())?)? {
            from_kernel.push(found);
        }
    }
    from_kernel.sort();
    assert_eq!(from_kernel.len(), 3, "{from_kernel:?}");
    assert!(from_kernel[0].starts_with("Panic#1 Part1"), "{from_kernel:?}");
    assert!(from_kernel[2].starts_with("machine check: "), "{from_kernel:?}");

    for (section_type, line) in &from_firmware {
        println!("{section_type}: {line}");
    }
    for line in &from_kernel {
        println!("{line}");
    }
    Ok(())
}

/// A line for each error that firmware found before the reboot.
fn boot_errors(region: &[u8]) -> Vec<(SectionTypeId, String)> {
    let mut lines = Vec::new();
    for (_, block) in StatusBlocks::new(region) {
        for entry in block.entries() {
            match entry {
                Ok(entry) => {
                    let unit = entry.header().fru_text().map(|text| text.to_string()).unwrap_or_default();
                    let what = match entry.body() {
                        Ok(body) => body.summary().to_string(),
                        Err(error) => error.to_string(),
                    };
                    lines.push((entry.section_type(), format!("{} {unit}: {what}", entry.severity())));
                }
                Err(error) => eprintln!("BERT: {error}"),
            }
        }
    }
    lines
}

/// A line for a file of pstore; `None` when another program put it there.
fn pstore_file(name: &str, bytes: &[u8]) -> Result<Option<String>, Box<dyn Error>> {
    let Some(name) = FileName::parse(name) else { return Ok(None) };
    Ok(Some(match Payload::of_file(&name, bytes) {
        Payload::Mce(bytes) => format!("machine check: {}", MceRecord::parse(bytes)?.summary()),
        Payload::Dmesg(text) => String::from_utf8_lossy(text).lines().next().unwrap_or_default().to_owned(),
        Payload::Section(section_type, body) => {
            cper::section::Body::decode(section_type, body)?.summary().to_string()
        }
        other => format!("{name}: {other:?}"),
    }))
}
