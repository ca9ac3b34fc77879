//! What must hold for the values of a section, whatever they are: they fill every byte that they are said to take and none
//! behind, alone and in a record, and are read as they were written. The property tests hand in values that shrink, the
//! fuzzer those that its input chooses.

use std::fmt::Debug;

use cper::section::vendor::{
    AmpereError, AmpereErrorHeader, AmpereErrorParts, ArmRasAuxiliaryParts, ArmRasContextParts,
    ArmRasKeyValue, ArmRasNode, ArmRasNodeHeader, ArmRasNodeParts, ArmRasRecord, ArmRasRegister,
    NvidiaContext, NvidiaDataType, NvidiaError, NvidiaErrorHeader, NvidiaErrorParts, NvidiaEvent,
    NvidiaEventHeader, NvidiaEventParts, NvidiaFirmwareError, NvidiaInfo, NvidiaRegister,
    WindowsFurtherBanks, WindowsGlobalCapability, WindowsXpfMca, WindowsXpfMcaHeader, WindowsXpfMcaParts,
    WindowsXpfRecovery,
};
use cper::section::*;
use cper::zerocopy::little_endian::U32;
use cper::zerocopy::{Immutable, IntoBytes};
use cper::{Error, Guid, NotificationType, RecordHeader, RecordWriter, SectionDescriptor, Severity};

/// Registers of a processor: their type and bytes.
pub(crate) type Context = (u16, Vec<u8>);

/// Registers of an Arm RAS node: their address space and themselves.
pub(crate) type Registers = (Option<u16>, Vec<ArmRasRegister>);

/// What a writer makes of a buffer: the same from any content, nothing behind the end, and `None` with a byte too few.
pub(crate) fn written(length: usize, write: impl Fn(&mut [u8]) -> Option<usize>) -> Vec<u8> {
    let [one, other] = [0xa5, 0x5a].map(|fill| {
        let mut out = vec![fill; length + 8];
        assert_eq!(write(&mut out), Some(length), "the length is not as announced");
        assert!(out[length..].iter().all(|byte| *byte == fill), "written past the end");
        out.truncate(length);
        out
    });
    assert_eq!(one, other, "a byte was left as it was");
    assert_eq!(write(&mut vec![0; length - 1]), None);
    one
}

/// The section as it is written, by itself and in a record.
fn body(section: &impl Encode) -> Vec<u8> {
    let length = section.encoded_len();
    let body = written(length, |out| section.encode(out.get_mut(..length)?).map(|()| length));
    let mut out = vec![0xa5; 200 + length];
    let header = RecordHeader::fatal(NotificationType::MCE);
    let mut writer = RecordWriter::new(&mut out, &header).expect("room enough");
    writer.section(&SectionDescriptor::new(Severity::FATAL), section).expect("room enough");
    let record = writer.finish().expect("room enough");
    assert_eq!(record.len(), 200 + length);
    assert_eq!(&record[200..], body);
    body
}

/// A structure's values as bytes, but for those from an offset to another which the writer computes.
fn but<T: IntoBytes + Immutable>(value: &T, computed: &[(usize, usize)]) -> Vec<u8> {
    let mut bytes = value.as_bytes().to_vec();
    for (from, to) in computed {
        bytes[*from..*to].fill(0);
    }
    bytes
}

/// What a list yields, all of it good.
fn all<T>(items: impl Iterator<Item = Result<T, Error>>) -> Vec<T> {
    items.map(|item| item.expect("what was written is there")).collect()
}

fn copied<'a, T: Copy + 'a>(items: impl Iterator<Item = Result<&'a T, Error>>) -> Vec<T> {
    all(items).into_iter().copied().collect()
}

/// Whether the contexts come out as they went in: those padded as the specification says do; others may be read as
/// padded, and then nothing is certain.
fn same_contexts(
    read: impl Iterator<Item = Result<Context, Error>>,
    written: &[Context],
    [read_padding, padding]: [ContextPadding; 2],
) -> bool {
    if padding == ContextPadding::To16 {
        assert_eq!(read_padding, padding);
    } else if read_padding != padding {
        return false;
    }
    assert_eq!(all(read), written);
    true
}

pub(crate) fn fixed<T: FixedSection + PartialEq + Debug>(value: &T) {
    let body = body(value);
    assert_eq!(body, value.as_bytes());
    let read = FixedView::<T>::new(&body).expect("a written section is one");
    assert_eq!((read.structure(), read.bytes(), read.trailing()), (value, &body[..], &[][..]));
    assert!(FixedView::<T>::new(&body[1..]).is_err());
}

pub(crate) fn ia32x64(
    header: Ia32X64Header,
    errors: &[Ia32X64ErrorInformation],
    contexts: &[Context],
    padding: ContextPadding,
) {
    let given: Vec<_> = contexts
        .iter()
        .map(|(kind, array)| Ia32X64Context::new(Ia32X64ContextType::new(*kind), array))
        .collect();
    let parts = Ia32X64Parts::new(header, errors, &given).expect("few of each").with_padding(padding);
    let body = body(&parts);
    let read = Ia32X64Processor::decode(&body).expect("a written section is one");
    assert_eq!(but(read.structure().expect("whole"), &[(0, 2)]), but(&header, &[(0, 2)]));
    assert_eq!(copied(read.error_information()), errors);
    let found = read.contexts().map(|context| {
        context.map(|context| (context.structure().register_context_type().raw(), context.array().to_vec()))
    });
    same_contexts(found, contexts, [read.contexts().padding(), padding]);
}

pub(crate) fn arm_processor(
    header: ArmProcessorHeader,
    errors: &[ArmErrorInformation],
    contexts: &[Context],
    vendor: &[u8],
    padding: ContextPadding,
) {
    let given: Vec<_> =
        contexts.iter().map(|(kind, array)| ArmContext::new(ArmContextType::new(*kind), array)).collect();
    let parts = ArmProcessorParts::new(header, errors, &given, vendor).expect("few of each");
    let body = body(&parts.with_padding(padding));
    let read = ArmProcessor::decode(&body).expect("a written section is one");
    // Validity of the vendor's part, counts and length are computed.
    assert_eq!(but(read.structure().expect("whole"), &[(0, 12)]), but(&header, &[(0, 12)]));
    assert_eq!(copied(read.error_information()), errors);
    let found = read.contexts().map(|context| {
        context.map(|context| (context.structure().register_context_type().raw(), context.array().to_vec()))
    });
    if same_contexts(found, contexts, [read.contexts().padding(), padding]) {
        assert_eq!((read.vendor_specific(), read.trailing()), (vendor, &[][..]));
    }
}

pub(crate) fn ccix_per(header: CcixPerErrorHeader, log: &[U32]) {
    let body = body(&CcixPerErrorParts::new(header).with_log(log));
    let read = CcixPerError::decode(&body).expect("a written section is one");
    assert_eq!(but(read.structure().unwrap(), &[(0, 5)]), but(&header, &[(0, 5)]));
    assert_eq!((read.log(), read.trailing(), read.missing()), (Some(log), &[][..], 0));
}

pub(crate) fn cxl_protocol(header: CxlProtocolErrorHeader, dvsec: &[u8], log: &[u8]) {
    let parts =
        CxlProtocolErrorParts::new(header).with_dvsec(dvsec).and_then(|with| with.with_error_log(log));
    let body = body(&parts.expect("short parts"));
    let read = CxlProtocolError::decode(&body).expect("a written section is one");
    assert_eq!(but(read.structure().unwrap(), &[(0, 1), (108, 112)]), but(&header, &[(0, 1), (108, 112)]));
    assert_eq!((read.dvsec(), read.error_log()), (Some(Ok(dvsec)), Some(Ok(log))));
    assert_eq!(read.trailing(), b"");
}

/// A firmware error record of revision 0, 1 or above, which have different identifiers.
pub(crate) fn firmware(
    revision: u8,
    kind: FirmwareErrorRecordType,
    identifier: u64,
    guid: Guid,
    data: &[u8],
) {
    let parts = match revision {
        0 => FirmwareErrorRecordParts::revision_0(kind, identifier),
        1 => FirmwareErrorRecordParts::revision_1(kind),
        _ => FirmwareErrorRecordParts::new(kind, guid),
    };
    let body = body(&parts.with_data(data));
    let read = FirmwareErrorRecord::decode(&body).expect("a written section is one");
    assert_eq!((read.error_record_type(), read.revision()), (kind, revision.min(2)));
    assert!(read.data().starts_with(data) && read.data()[data.len()..].iter().all(|byte| *byte == 0));
    assert_eq!(read.record_identifier(), (revision == 0).then_some(identifier));
    assert_eq!(read.record_identifier_guid(), (revision > 1).then_some(guid));
}

pub(crate) fn fru_memory_poison(header: FruMemoryPoisonHeader, list: &[PoisonDescriptor]) {
    let body = body(&FruMemoryPoisonParts::new(header, list).expect("a short list"));
    let read = FruMemoryPoison::decode(&body).expect("a written section is one");
    // Checksum, validity of the list and its count are computed.
    let computed = [(0, 4), (4, 5), (36, 40)];
    assert_eq!(but(read.structure().unwrap(), &computed), but(&header, &computed));
    assert_eq!(copied(read.poison_list().expect("a valid list")), list);
    assert!(read.checksum_is_right());
}

pub(crate) fn pci_component(
    header: PciComponentErrorHeader,
    memory: &[RegisterDataPair],
    io: &[RegisterDataPair],
) {
    let parts = PciComponentErrorParts::new(header).with_memory_registers(memory).with_io_registers(io);
    let body = body(&parts);
    let read = PciComponentError::decode(&body).expect("a written section is one");
    let computed = [(0, 1), (32, 40)];
    assert_eq!(but(read.structure().unwrap(), &computed), but(&header, &computed));
    assert_eq!((read.memory_registers(), read.io_registers()), (memory, io));
    assert_eq!(read.trailing(), b"");
}

pub(crate) fn cxl_event<D: PartialEq + Debug>(record: CxlEventHeader, data: D)
where
    CxlEvent<D>: FixedSection,
{
    let event = CxlEvent::new(record, data);
    let body = body(&event);
    let read = FixedView::<CxlEvent<D>>::new(&body).expect("a written section is one");
    let read = read.structure();
    assert_eq!((read.record(), read.data()), (event.record(), event.data()));
}

/// An Arm RAS node; the auxiliary data are a version, contexts of registers and keys with values.
pub(crate) fn arm_ras_node(
    header: ArmRasNodeHeader,
    records: &[ArmRasRecord],
    auxiliary: Option<(u8, &[Registers], &[ArmRasKeyValue])>,
) {
    let contexts: Vec<_> = auxiliary
        .iter()
        .flat_map(|(_, contexts, _)| *contexts)
        .map(|(address_space, registers)| {
            ArmRasContextParts::new(registers).with_address_space(*address_space)
        })
        .collect();
    let parts = auxiliary.map(|(version, _, key_values)| {
        ArmRasAuxiliaryParts::new(&contexts, key_values).with_version(version)
    });
    let body = body(&ArmRasNodeParts::new(header, records, parts).expect("few of each"));
    let read = ArmRasNode::decode(&body).expect("a written section is one");
    let computed = [(8, 16)];
    assert_eq!(but(read.structure().unwrap(), &computed), but(&header, &computed));
    assert_eq!(copied(read.records()), records);
    let found = read.auxiliary().map(|auxiliary| auxiliary.expect("what was written is there"));
    assert_eq!(found.is_some(), auxiliary.is_some());
    if let (Some(found), Some((version, contexts, key_values))) = (found, auxiliary) {
        assert_eq!(found.structure().version(), version);
        let read = all(found.contexts());
        let read: Vec<_> =
            read.iter().map(|context| (context.address_space(), copied(context.registers()))).collect();
        assert_eq!(read, contexts);
        assert_eq!(copied(found.key_values()), key_values);
    }
}

pub(crate) fn nvidia(header: NvidiaErrorHeader, registers: &[NvidiaRegister], error: &NvidiaFirmwareError) {
    let bytes = body(&NvidiaErrorParts::new(header, registers).expect("few registers"));
    let read = NvidiaError::decode(&bytes).expect("a written section is one");
    assert_eq!(but(read.structure().unwrap(), &[(22, 23)]), but(&header, &[(22, 23)]));
    assert_eq!(copied(read.registers()), registers);

    let bytes = body(&NvidiaErrorParts::firmware_error(header, error));
    let read = NvidiaError::decode(&bytes).expect("a written section is one");
    assert_eq!(but(read.structure().unwrap(), &[(0, 16)]), but(&header, &[(0, 16)]));
    assert_eq!((read.firmware_error(), read.trailing()), (Some(error), &[][..]));
}

/// An NVIDIA event; a context is its version, type, version of its data, and data.
pub(crate) fn nvidia_event(
    header: NvidiaEventHeader,
    info: NvidiaInfo,
    contexts: &[(u16, u16, u16, Vec<u8>)],
) {
    let given: Vec<_> = contexts
        .iter()
        .map(|(version, kind, data_version, data)| {
            NvidiaContext::new(*version, NvidiaDataType::new(*kind), *data_version, data)
        })
        .collect();
    let body = body(&NvidiaEventParts::new(header, info, &given).expect("few of each"));
    let read = NvidiaEvent::decode(&body).expect("a written section is one");
    // The number of contexts, the kind of device and the size of the info are computed.
    let computed = [(1, 3), (34, 35)];
    assert_eq!(but(read.structure().unwrap(), &computed), but(&header, &computed));
    match (read.info(), info) {
        (NvidiaInfo::Cpu(read), NvidiaInfo::Cpu(given)) => assert_eq!(read, given),
        (NvidiaInfo::Gpu(read), NvidiaInfo::Gpu(given)) => assert_eq!(read, given),
        // Of a device whose info is known it may be long enough for that.
        (_, NvidiaInfo::Unknown(given)) => assert!(body[35..].starts_with(given)),
        (read, given) => panic!("{given:?} is read as {read:?}"),
    }
    let found = read.contexts().map(|context| {
        context.map(|context| {
            let header = context.structure();
            let numbers = (header.version(), header.data_type().raw(), header.data_version());
            (numbers.0, numbers.1, numbers.2, context.data().to_vec())
        })
    });
    assert_eq!(all(found), contexts);
}

pub(crate) fn ampere(header: AmpereErrorHeader, data: &[u8]) {
    let body = body(&AmpereErrorParts::new(header, data));
    let read = AmpereError::decode(&body).expect("a written section is one");
    assert_eq!((read.structure(), read.data()), (Some(&header), data));
}

/// A Windows machine check with so many of its later parts, at most three.
pub(crate) fn windows_xpf_mca(
    header: &WindowsXpfMcaHeader,
    parts: usize,
    (capability, recovery, banks): (WindowsGlobalCapability, WindowsXpfRecovery, &WindowsFurtherBanks),
) {
    let mut section = WindowsXpfMcaParts::new(*header);
    if parts > 0 {
        section = section.with_global_capability(capability);
    }
    if parts > 1 {
        section = section.with_recovery(recovery);
    }
    if parts > 2 {
        section = section.with_further_banks(banks);
    }
    let body = body(&section);
    let read = WindowsXpfMca::decode(&body).expect("a written section is one");
    assert_eq!(but(read.structure().unwrap(), &[]), but(header, &[]));
    assert_eq!(read.global_capability(), (parts > 0).then_some(capability));
    assert_eq!(read.recovery().map(|read| but(read, &[])), (parts > 1).then(|| but(&recovery, &[])));
    assert_eq!(read.further_banks().map(|read| but(read, &[])), (parts > 2).then(|| but(banks, &[])));
    assert_eq!(read.trailing(), b"");
}
