//! Sections that others wrote, written again from their decoded values: Linux's, one of every kind that libcper reads,
//! and when `LIBCPER_VECTORS` names the folder every one of libcper's own tests and generators, those included that
//! libcper itself cannot write again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cper::section::vendor::{
    AmpereErrorParts, ArmRasAuxiliaryParts, ArmRasContextParts, ArmRasNodeParts, NvidiaErrorParts,
    NvidiaEventParts, WindowsXpfMcaParts,
};
use cper::section::*;
use cper::zerocopy::FromBytes;
use cper::{Guid, Record, RecordWriter, SectionDescriptor, SectionTypeId, StatusBlock};

/// The section's bytes, in a buffer that held something else.
fn written(section: &impl Encode) -> Vec<u8> {
    let mut out = vec![0xa5; section.encoded_len()];
    section.encode(&mut out).unwrap();
    out
}

/// What a list yields, all of it good.
fn all<T>(items: impl Iterator<Item = Result<T, cper::Error>>) -> Vec<T> {
    items.map(Result::unwrap).collect()
}

fn copied<'a, T: Copy + 'a>(items: impl Iterator<Item = Result<&'a T, cper::Error>>) -> Vec<T> {
    all(items).into_iter().copied().collect()
}

/// The memory error, written from what is read of each field.
fn memory(read: MemoryErrorView<'_>) -> MemoryError {
    let mut error = MemoryError::new();
    error.set_error_status(read.error_status_raw().unwrap());
    error.set_physical_address(read.physical_address_raw().unwrap());
    error.set_physical_address_mask(read.physical_address_mask_raw().unwrap());
    error.set_node(read.node_raw().unwrap());
    error.set_card(read.card_raw().unwrap());
    error.set_module(read.module_raw().unwrap());
    error.set_bank(read.bank_raw().unwrap());
    error.set_device(read.device_raw().unwrap());
    error.set_row(read.row_raw().unwrap());
    error.set_column(read.column_raw().unwrap());
    error.set_bit_position(read.bit_position_raw().unwrap());
    error.set_requestor_id(read.requestor_id_raw().unwrap());
    error.set_responder_id(read.responder_id_raw().unwrap());
    error.set_target_id(read.target_id_raw().unwrap());
    error.set_memory_error_type(read.memory_error_type_raw().unwrap());
    error.set_extended_raw(read.extended_raw().unwrap_or_default());
    error.set_rank(read.rank_raw().unwrap_or_default());
    error.set_card_handle(read.card_handle_raw().unwrap_or_default());
    error.set_module_handle(read.module_handle_raw().unwrap_or_default());
    error.with_validation(read.validation())
}

/// The section, written from nothing but what was decoded of it; `None` for one that is but bytes.
#[allow(clippy::too_many_lines)] // One arm a section.
fn rewritten(body: &Body<'_>) -> Option<Vec<u8>> {
    Some(match body {
        Body::ProcessorGeneric(section) => written(section.structure().unwrap()),
        Body::Memory(section) => {
            // A short form is the beginning of the whole one.
            let mut bytes = written(&memory(*section));
            bytes.truncate(section.bytes().len());
            bytes
        }
        Body::Memory2(section) => written(section.structure().unwrap()),
        Body::Pcie(section) => written(section.structure().unwrap()),
        Body::PciBus(section) => written(section.structure().unwrap()),
        Body::DmarGeneric(section) => written(section.structure().unwrap()),
        Body::DmarVtd(section) => written(section.structure().unwrap()),
        Body::DmarIommu(section) => written(section.structure().unwrap()),
        Body::AmpereSpecific(section) => written(section.structure().unwrap()),
        Body::Ia32X64Processor(section) => {
            let (errors, contexts) = (copied(section.error_information()), all(section.contexts()));
            let parts = Ia32X64Parts::new(*section.structure().unwrap(), &errors, &contexts).unwrap();
            written(&parts.with_padding(section.contexts().padding()))
        }
        Body::ArmProcessor(section) => {
            let (errors, contexts) = (copied(section.error_information()), all(section.contexts()));
            let vendor = section.vendor_specific();
            let parts =
                ArmProcessorParts::new(*section.structure().unwrap(), &errors, &contexts, vendor).unwrap();
            written(&parts.with_padding(section.contexts().padding()))
        }
        Body::PciComponent(section) => {
            let mut parts = PciComponentErrorParts::new(*section.structure().unwrap());
            if section.memory_number().is_some() {
                parts = parts.with_memory_registers(section.memory_registers());
            }
            if section.io_number().is_some() {
                parts = parts.with_io_registers(section.io_registers());
            }
            written(&parts)
        }
        Body::FirmwareErrorRecord(section) => {
            let guid = section.record_identifier_guid().unwrap_or(Guid::ZERO);
            let parts = FirmwareErrorRecordParts::with_header(*section.structure().unwrap(), guid);
            written(&parts.with_data(section.data()))
        }
        Body::CcixPer(section) => {
            let parts = CcixPerErrorParts::new(*section.structure().unwrap());
            written(&section.log().map_or(parts, |log| parts.with_log(log)))
        }
        Body::CxlProtocol(section) => {
            let mut parts = CxlProtocolErrorParts::new(*section.structure().unwrap());
            if let Some(dvsec) = section.dvsec() {
                parts = parts.with_dvsec(dvsec.unwrap()).unwrap();
            }
            if let Some(log) = section.error_log() {
                parts = parts.with_error_log(log.unwrap()).unwrap();
            }
            written(&parts)
        }
        Body::FruMemoryPoison(section) => {
            let list = copied(section.poison_list().unwrap());
            written(&FruMemoryPoisonParts::new(*section.structure().unwrap(), &list).unwrap())
        }
        Body::CxlComponentEvent(event) => {
            // libcper's hold random bytes, too few for an event record.
            let (header, record) = (*event.structure()?, *event.record()?);
            macro_rules! of {
                ($($kind:ident),*) => {
                    match event.data()? {
                        $( CxlEventData::$kind(data) => {
                            let mut event = CxlEvent::new(record, *data);
                            *event.header_mut() = header;
                            written(&event)
                        } )*
                        _ => return None,
                    }
                };
            }
            of!(GeneralMedia, Dram, MemoryModule, MemorySparing, PhysicalSwitch, VirtualSwitch, MldPort)
        }
        Body::ArmRasNode(node) => {
            let records = copied(node.records());
            let Some(auxiliary) = node.auxiliary() else {
                return Some(written(
                    &ArmRasNodeParts::new(*node.structure().unwrap(), &records, None).unwrap(),
                ));
            };
            let auxiliary = auxiliary.unwrap();
            let contexts = all(auxiliary.contexts());
            let registers: Vec<_> = contexts.iter().map(|context| copied(context.registers())).collect();
            let contexts: Vec<_> = contexts
                .iter()
                .zip(&registers)
                .map(|(context, registers)| {
                    ArmRasContextParts::new(registers).with_address_space(context.address_space())
                })
                .collect();
            let key_values = copied(auxiliary.key_values());
            let version = auxiliary.structure().version();
            let parts = ArmRasAuxiliaryParts::new(&contexts, &key_values).with_version(version);
            written(&ArmRasNodeParts::new(*node.structure().unwrap(), &records, Some(parts)).unwrap())
        }
        Body::Nvidia(section) => match section.firmware_error() {
            Some(error) => written(&NvidiaErrorParts::firmware_error(*section.structure().unwrap(), error)),
            None => {
                let registers = copied(section.registers());
                written(&NvidiaErrorParts::new(*section.structure().unwrap(), &registers).unwrap())
            }
        },
        Body::NvidiaEvent(event) => {
            let contexts = all(event.contexts());
            let parts = NvidiaEventParts::new(*event.structure().unwrap(), event.info(), &contexts).unwrap();
            // Before it padded contexts, libcper wrote them one behind the other.
            let padded = contexts.iter().all(|context| context.structure().size_raw() % 16 == 0);
            let padding = if padded { ContextPadding::To16 } else { ContextPadding::None };
            written(&parts.with_padding(padding))
        }
        Body::Ampere(section) => {
            written(&AmpereErrorParts::new(*section.structure().unwrap(), section.data()))
        }
        Body::WindowsXpfMca(section) => {
            let mut parts = WindowsXpfMcaParts::new(*section.structure().unwrap());
            if let Some(capability) = section.global_capability() {
                parts = parts.with_global_capability(capability);
            }
            if let Some(recovery) = section.recovery() {
                parts = parts.with_recovery(*recovery);
            }
            if let Some(banks) = section.further_banks() {
                parts = parts.with_further_banks(banks);
            }
            written(&parts)
        }
        Body::IpfProcessor(_) | Body::Unknown(_) => return None,
        other => panic!("nothing says how {other:?} is written"),
    })
}

/// Every section of a record or of a lone descriptor and body.
fn sections(bytes: &[u8]) -> Vec<(SectionTypeId, &[u8])> {
    match Record::parse(bytes) {
        Ok(record) => {
            let sections = record.sections().map(Result::unwrap);
            sections.map(|section| (section.section_type(), section.bytes())).collect()
        }
        Err(_) => {
            let (descriptor, body) = SectionDescriptor::ref_from_prefix(bytes).unwrap();
            vec![(descriptor.section_type(), body)]
        }
    }
}

/// Sections that hold a part which their validity bits leave out: the part is no value, and is not written again.
const WITH_UNCLAIMED_PARTS: &[(&str, &str)] = &[
    ("cxlprotocol.cperhex", "an error log of 38 bytes"),
    ("pcidev.cperhex", "three pairs of I/O registers"),
];

/// Asserts that the section is written again as it was, and that bytes behind it are told; returns whether more than
/// bytes was decoded of it.
fn assert_rebuilt(name: &str, section_type: SectionTypeId, bytes: &[u8]) -> bool {
    let longer = [bytes, &[0xd7; 16]].concat();
    let body = Body::decode(section_type, &longer).unwrap();
    let text = body.to_string().replace(' ', "");
    assert!(text.contains("d7d7d7d7"), "{name}: {section_type}: {text}");
    let body = Body::decode(section_type, bytes).unwrap();
    let Some(again) = rewritten(&body) else { return false };
    let place = again.iter().zip(bytes).position(|(a, b)| a != b);
    let alike = WITH_UNCLAIMED_PARTS.iter().all(|(unclaimed, _)| *unclaimed != name);
    assert_eq!(
        again == bytes,
        alike,
        "{name}: {section_type}: {} bytes of {}, first differs at {place:?}",
        again.len(),
        bytes.len()
    );
    true
}

/// Asserts that the whole record is written again as it was: its header, its descriptors, and of each body what was
/// decoded of it. Returns whether it could be: not when it says it is longer than its parts.
fn assert_record_rebuilt(name: &str, record: Record<'_>) -> bool {
    let bodies: Vec<_> = record
        .sections()
        .map(|section| {
            let section = section.unwrap();
            let unclaimed = WITH_UNCLAIMED_PARTS.iter().any(|(unclaimed, _)| *unclaimed == name);
            let again = rewritten(&section.body().unwrap()).filter(|_| !unclaimed);
            (*section.descriptor(), again.unwrap_or_else(|| section.bytes().to_vec()))
        })
        .collect();
    let parts = 128 + bodies.iter().map(|(_, body)| 72 + body.len()).sum::<usize>();
    if parts < record.header().record_length() as usize {
        return false;
    }
    let mut out = vec![0xa5; parts];
    let mut writer = RecordWriter::for_sections(&mut out, record.header(), bodies.len()).unwrap();
    for (descriptor, body) in &bodies {
        writer.section_bytes(descriptor.section_type(), descriptor, body).unwrap();
    }
    assert_eq!(writer.finish().unwrap(), record.as_bytes(), "{name}");
    true
}

fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| extensions.iter().any(|known| found == *known)));
    files.sort();
    files
}

#[test]
fn sections_of_linux() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data");
    let mut rebuilt = 0;
    for path in files(&data.join("gesb"), &["gesb"]) {
        let bytes = std::fs::read(&path).unwrap();
        for entry in StatusBlock::parse(&bytes).unwrap().entries().flatten() {
            let name = path.display().to_string();
            let Ok(body) = entry.body() else { continue };
            let (section_type, bytes) = (entry.section_type(), entry.bytes());
            rebuilt += usize::from(assert_rebuilt(
                &name,
                section_type,
                &bytes[..bytes.len() - body.trailing().len()],
            ));
        }
    }
    assert!(rebuilt >= 28, "{rebuilt}");
}

#[test]
fn records_of_linux() {
    let mut rebuilt = 0;
    for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data/records"), &["cper"]) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        // Those that are broken or full on purpose are no one's canonical records.
        if name.starts_with("synbad") || name.starts_with("fill") {
            continue;
        }
        assert!(assert_record_rebuilt(name, Record::parse(&bytes).unwrap()), "{name}");
        rebuilt += 1;
    }
    assert!(rebuilt > 20, "{rebuilt}");
}

/// Every record and section of the files, written again: how many records were, which are longer than their parts, and
/// how many sections of each kind were.
fn rebuilt(paths: impl IntoIterator<Item = PathBuf>) -> (usize, Vec<String>, BTreeMap<String, usize>) {
    let mut kinds = BTreeMap::new();
    let (mut records, mut longer) = (0, Vec::new());
    for path in paths {
        let mut bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|extension| extension == "cperhex") {
            let digits: Vec<_> = bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            bytes = digits.chunks(2).map(byte).collect();
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Ok(record) = Record::parse(&bytes) {
            if assert_record_rebuilt(name, record) {
                records += 1;
            } else {
                longer.push(name.to_owned());
            }
        }
        for (section_type, body) in sections(&bytes) {
            if assert_rebuilt(name, section_type, body) {
                *kinds.entry(section_type.to_string()).or_default() += 1;
            }
        }
    }
    println!("{records} records, {kinds:#?}");
    assert!(kinds.len() >= 18 && kinds.values().all(|count| *count >= 5), "{kinds:#?}");
    (records, longer, kinds)
}

#[test]
fn sections_of_every_kind_that_libcper_reads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/libcper");
    let (records, longer, kinds) = rebuilt(files(&folder, &["cper"]));
    assert_eq!((records, longer.len(), kinds.values().sum()), (21, 0, 100_usize), "{longer:?}");
}

#[test]
fn sections_of_libcper() {
    let Some(folder) = std::env::var_os("LIBCPER_VECTORS").map(PathBuf::from) else {
        println!("not rebuilt: LIBCPER_VECTORS is not set");
        return;
    };
    let generated = files(&folder.join("generated"), &["cper"]);
    let (records, longer, _) = rebuilt(files(&folder, &["cperhex"]).into_iter().chain(generated));
    assert!(records > 60, "{records}");
    assert_eq!(longer, ["nvidia_event_all_types.cperhex"], "longer than their parts");
}
