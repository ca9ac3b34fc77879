//! Tells what each pstore file in a folder holds, `/sys/fs/pstore` unless another is named: `files [FOLDER]`.

use std::error::Error;

use pstore_format::dmesg::Header;
use pstore_format::names::FileName;
use pstore_format::record::Payload;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| "/sys/fs/pstore".into());
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(file) = name.to_str().and_then(FileName::parse) else { continue };
        let bytes = std::fs::read(entry.path())?;
        let what = match Payload::of_file(&file, &bytes) {
            Payload::Dmesg(text) => match Header::parse(text) {
                Some((header, log)) => format!("kernel log, {header}, {} bytes", log.len()),
                None => "kernel log without a header".to_owned(),
            },
            Payload::CompressedDmesg(stream) => format!("kernel log, {} compressed bytes", stream.len()),
            Payload::Mce(bytes) => {
                format!("machine check, {} bytes: the crate mce-record reads it", bytes.len())
            }
            Payload::Section(section_type, bytes) => format!("{section_type}, {} bytes", bytes.len()),
            _ => format!("{} bytes", bytes.len()),
        };
        println!("{}: {what}", entry.path().display());
    }
    Ok(())
}
