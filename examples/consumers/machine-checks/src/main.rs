//! Machine checks from two places where a running kernel shows them: `mce_record` events of a trace buffer, whose fields
//! lie where the event's format file says, and `/dev/mcelog`.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use mce_record::mcelog::{Log, LogHeader, SIGNATURE, WordSize};
use mce_record::tracepoint::{Field, Version};
use mce_record::zerocopy::IntoBytes;
use mce_record::{Mce, MceRecord};

fn main() -> Result<(), Box<dyn Error>> {
    let data = env::args_os().nth(1).ok_or("usage: machine-checks FOLDER")?;
    let data = Path::new(&data);
    let captured = fs::read(data.join("mce/mce-intel.mce"))?;
    let captured = MceRecord::parse(&captured)?;

    // The event of the same machine check, as the kernel lays it out.
    let format = Format::parse(&fs::read_to_string(data.join("tracepoints/mce.mce_record.format"))?)?;
    let mut event = vec![0; 128];
    for (field, at, size) in &format.fields {
        let value = field.value(&captured).unwrap_or_default();
        event[*at..*at + size].copy_from_slice(&value.to_le_bytes()[..*size]);
    }

    let mce = format.read(&event)?;
    assert_eq!(mce.record().summary().to_string(), captured.summary().to_string());
    // This kernel's version is one that the crate knows.
    assert_eq!(Version::Linux4_10.read(&event)?, mce);
    println!("{}", mce.record());

    // A log of two machine checks.
    let header = LogHeader::new()
        .with_signature(SIGNATURE)
        .with_capacity(32)
        .with_entry_count(2)
        .with_record_length(Mce::SIZE as u32);
    let mut log = header.as_bytes().to_vec();
    log.resize(32, 0);
    log.extend(mce.as_bytes().iter().chain(mce.as_bytes()));
    let found = Log::parse(&log, WordSize::Bits64)?.entries().collect::<Result<Vec<_>, _>>()?;
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].bank(), Some(4));
    println!("{:#}", found[1]);
    Ok(())
}

/// Where the fields of an event lie.
struct Format {
    fields: Vec<(Field, usize, usize)>,
}

impl Format {
    /// Reads a format file: `field:u64 status;	offset:24;	size:8;	signed:0;`.
    fn parse(text: &str) -> Result<Self, Box<dyn Error>> {
        let mut fields = Vec::new();
        for line in text.lines() {
            let parts: Vec<&str> = line.trim().split(';').map(str::trim).collect();
            let [declaration, offset, size, ..] = parts[..] else { continue };
            let Some(name) = declaration.strip_prefix("field:").and_then(|rest| rest.rsplit(' ').next())
            else {
                continue;
            };
            let number =
                |part: &str, key| part.strip_prefix(key).and_then(|digits| digits.parse::<usize>().ok());
            let at = number(offset, "offset:").zip(number(size, "size:")).ok_or("no place")?;
            fields.extend(Field::from_name(name).map(|field| (field, at.0, at.1)));
        }
        Ok(Self { fields })
    }

    fn read(&self, event: &[u8]) -> Result<Mce, Box<dyn Error>> {
        let mut mce = Mce::default();
        for (field, at, size) in &self.fields {
            let bytes = event.get(*at..).and_then(|rest| rest.get(..*size)).ok_or("event is cut short")?;
            let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
            if !field.set(&mut mce, value) {
                return Err(format!("{field} does not fit").into());
            }
        }
        Ok(mce)
    }
}
