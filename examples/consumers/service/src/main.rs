//! Records that are received in one thread and answered for in another, and events that other programs read.

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::{env, fs, thread};

use cper::section::{Body, PciAddress};
use cper::{Guid, OwnedRecord, SectionTypeId, Severity};
use serde::{Deserialize, Serialize};

/// What is kept of a section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Event {
    record_id: String,
    severity: Severity,
    section_type: SectionTypeId,
    fru: Option<Guid>,
    device: Option<PciAddress>,
    summary: String,
}

fn events(record: &OwnedRecord) -> Vec<Event> {
    let record = record.as_record();
    let mut events = Vec::new();
    for section in record.sections().flatten() {
        let body = section.body().ok();
        events.push(Event {
            record_id: format!("{:#x}", record.record_id()),
            severity: section.severity(),
            section_type: section.section_type(),
            fru: section.descriptor().fru_id(),
            device: match body {
                Some(Body::Pcie(pcie)) => pcie.address(),
                _ => None,
            },
            summary: body.map(|body| body.summary().to_string()).unwrap_or_default(),
        });
    }
    events
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = env::args_os().nth(1).ok_or("usage: service FOLDER")?;

    let (to, from) = mpsc::channel::<Arc<OwnedRecord>>();
    let answering = thread::spawn(move || from.iter().flat_map(|record| events(&record)).collect::<Vec<_>>());

    let (mut refused, mut archive) = (0, Vec::new());
    for file in fs::read_dir(Path::new(&data).join("records"))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "cper") {
            // What was read may be longer than the record, and the buffer is gone when the record is asked for.
            match OwnedRecord::parse(fs::read(&path)?) {
                Ok(record) => {
                    let record = Arc::new(record);
                    to.send(Arc::clone(&record))?;
                    archive.push(record);
                }
                Err(error) => {
                    eprintln!("{}: {error}", path.display());
                    refused += 1;
                }
            }
        }
    }
    drop(to);
    let events = answering.join().map_err(|_| "the other thread failed")?;

    // Two of the files were broken on purpose.
    assert!(archive.len() > 20 && refused <= 2, "{} records, {refused} refused", archive.len());
    assert!(events.len() >= archive.len() - 5, "{} events", events.len());
    let of_mce = events.iter().filter(|event| event.section_type == SectionTypeId::LINUX_MCE).count();
    assert!(of_mce >= 2, "{of_mce} machine checks");

    // Events and whole records as JSON: the events can be read again, a record is kept as its bytes.
    let json = serde_json::to_string(&events)?;
    assert_eq!(serde_json::from_str::<Vec<Event>>(&json)?, events);
    let record = serde_json::to_value(&*archive[0])?;
    assert!(record["sections"].is_array());
    println!("{}", serde_json::to_string_pretty(&events[0])?);
    println!("{} records, {} events, {refused} refused", archive.len(), events.len());
    Ok(())
}
