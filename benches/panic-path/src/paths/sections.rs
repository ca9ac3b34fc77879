//! Records of PCIe, processor and Arm errors: written from values, prepared and patched, read.

use cper::section::{
    AerCapability, ArmErrorFlags, ArmErrorInformation, ArmErrorType, ArmErrorValidation, ArmErrors,
    ArmProcessor, ArmProcessorHeader, ArmProcessorValidation, BrandString, BridgeControlStatus, Decode,
    ErrorStatus, MemoryError, PciAddress, PciCommand, PciCommandStatus, PciStatus, PcieCapability,
    PcieDeviceId, PcieError, PciePortType, PcieVersion, ProcessorErrorTypes, ProcessorFlags,
    ProcessorGeneric, ProcessorIsa, ProcessorOperation, ProcessorType, ProcessorValidation,
};
use cper::zerocopy::transmute;
use cper::{
    FruText, PreparedRecord, PreparedStatusBlock, Record, RecordHeader, RecordWriter, Section,
    SectionDescriptor, Severity,
};
use pstore_format::RecordId;
use pstore_format::produce::{MceBytes, encode_mce_as_linux};

use super::{MemoryInput, buffer, fold_descriptor, fold_header, input, written};

fn pcie(input: &MemoryInput, capability: &PcieCapability, aer: &AerCapability) -> PcieError {
    let address = PciAddress { segment: input.node, bus: input.error_type, device: 2, function: 1 };
    let id = PcieDeviceId::new(input.bank, input.device, 0).with_address(address).with_slot_number(input.row);
    let command_status = PciCommandStatus::new()
        .with_command(PciCommand::from_bits_retain(input.card))
        .with_status(PciStatus::new(input.module));
    PcieError::new()
        .with_port_type(PciePortType::ROOT_PORT)
        .with_version(PcieVersion::new(3, 1))
        .with_command_status(command_status)
        .with_device_id(id)
        .with_device_serial_number(input.requestor)
        .with_bridge_control_status(BridgeControlStatus::new())
        .with_capability_structure(*capability)
        .with_aer_info(*aer)
}

/// A PCIe record from field values.
///
/// # Safety
/// As [`rust_fill_memory`](super::rust_fill_memory).
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_pcie(
    out: *mut u8,
    len: usize,
    input: &MemoryInput,
    fru_text: &FruText,
    capability: &PcieCapability,
    aer: &AerCapability,
) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(out, len) };
    written(|| {
        let mut writer = RecordWriter::new(out, &input.header())?;
        writer.section(&input.descriptor(*fru_text), &pcie(input, capability, aer))?;
        writer.finish()
    })
}

fn generic(input: &MemoryInput, name: &BrandString) -> ProcessorGeneric {
    ProcessorGeneric::new()
        .with_processor_type(ProcessorType::new(input.error_type))
        .with_processor_isa(ProcessorIsa::new(input.extended))
        .with_processor_error_type(ProcessorErrorTypes::CACHE)
        .with_operation(ProcessorOperation::new(3))
        .with_flags(ProcessorFlags::OVERFLOW)
        .with_level(2)
        .with_cpu_version_info(input.status)
        .with_cpu_brand_string(*name)
        .with_processor_id(input.target)
        .with_target_address(input.address)
        .with_requestor_id(input.requestor)
        .with_responder_id(input.responder)
        .with_instruction_ip(input.address_mask)
        .with_validation(ProcessorValidation::from_bits_retain(input.valid))
}

/// A record of the generic processor section from field values.
///
/// # Safety
/// As [`rust_fill_memory`](super::rust_fill_memory).
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_generic(
    out: *mut u8,
    len: usize,
    input: &MemoryInput,
    fru_text: &FruText,
    name: &BrandString,
) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(out, len) };
    written(|| {
        let mut writer = RecordWriter::new(out, &input.header())?;
        writer.section(&input.descriptor(*fru_text), &generic(input, name))?;
        writer.finish()
    })
}

fn arm(input: &MemoryInput) -> ArmErrors<1> {
    let header = ArmProcessorHeader::new()
        .with_error_affinity_level(input.extended)
        .with_mpidr_el1(input.requestor)
        .with_midr_el1(input.responder)
        .with_psci_state(u32::from(input.node))
        .with_running_state(u32::from(input.rank))
        .with_validation(ArmProcessorValidation::from_bits_retain(input.valid as u32));
    let error = ArmErrorInformation::new(ArmErrorType::new(input.error_type))
        .with_multiple_error(input.card)
        .with_flags(ArmErrorFlags::FIRST)
        .with_error_information(input.status)
        .with_virtual_fault_address(input.target)
        .with_physical_fault_address(input.address)
        .with_validation(ArmErrorValidation::from_bits_retain(input.module));
    ArmErrors::new(header, [error])
}

/// An Arm processor record of one error from field values.
///
/// # Safety
/// As [`rust_fill_memory`](super::rust_fill_memory).
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_arm(
    out: *mut u8,
    len: usize,
    input: &MemoryInput,
    fru_text: &FruText,
) -> usize {
    // SAFETY: the caller's promise.
    let out = unsafe { buffer(out, len) };
    written(|| {
        let mut writer = RecordWriter::new(out, &input.header())?;
        writer.section(&input.descriptor(*fru_text), &arm(input))?;
        writer.finish()
    })
}

/// A machine check record of a `struct mce` of known length, as Linux writes it. 0 when the buffer is too small.
///
/// # Safety
/// `out` is writable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_fill_mce_128(out: *mut u8, len: usize, mce: &[u8; 128], id: u64) -> usize {
    // SAFETY: the caller's promise.
    encode_mce_as_linux(mce, RecordId::new(id), unsafe { buffer(out, len) }).map_or(0, |record| record.len())
}

/// A prepared machine check: its id and its `struct mce`.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn rust_patch_mce(
    record: &mut PreparedRecord<MceBytes<128>>,
    mce: &[u8; 128],
    id: u64,
) -> *const u8 {
    record.header_mut().set_record_id(id);
    *record.body_mut() = MceBytes::from_bytes(*mce);
    record.as_bytes().as_ptr()
}

/// A prepared PCIe record: its id, the device's status and what AER says of it.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn rust_patch_pcie(
    record: &mut PreparedRecord<PcieError>,
    input: &MemoryInput,
    aer: &AerCapability,
) -> *const u8 {
    record.header_mut().set_record_id(input.record_id);
    let body = record.body_mut();
    let mut command_status = body.command_status_raw();
    command_status.set_status(PciStatus::new(input.module));
    body.set_command_status(command_status);
    let mut id = body.device_id_raw();
    id.set_bus(input.error_type);
    body.set_device_id(id);
    body.set_aer_info(*aer);
    record.as_bytes().as_ptr()
}

/// A prepared generic processor record: its id, the processor, and three addresses.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn rust_patch_generic(
    record: &mut PreparedRecord<ProcessorGeneric>,
    input: &MemoryInput,
) -> *const u8 {
    record.header_mut().set_record_id(input.record_id);
    record.body_mut().set_processor_id(input.target);
    record.body_mut().set_target_address(input.address);
    record.body_mut().set_instruction_ip(input.address_mask);
    record.as_bytes().as_ptr()
}

/// A prepared Arm record: its id, the processor, and the error's five fields.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn rust_patch_arm(
    record: &mut PreparedRecord<ArmErrors<1>>,
    input: &MemoryInput,
) -> *const u8 {
    record.header_mut().set_record_id(input.record_id);
    record.body_mut().header_mut().set_mpidr_el1(input.requestor);
    let [error] = record.body_mut().errors_mut();
    error.set_error_type(ArmErrorType::new(input.error_type));
    error.set_error_information(input.status);
    error.set_virtual_fault_address(input.target);
    error.set_physical_fault_address(input.address);
    error.set_validation(ArmErrorValidation::from_bits_retain(input.module));
    record.as_bytes().as_ptr()
}

/// A record of two sections as a structure of its owner.
#[repr(C)]
pub struct TwoSections {
    header: RecordHeader,
    descriptors: [SectionDescriptor; 2],
    bodies: [MemoryError; 2],
}

/// A prepared record of two sections: its id, and each one's status and address.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn rust_patch_two(record: &mut TwoSections, input: &MemoryInput) {
    record.header.set_record_id(input.record_id);
    for body in &mut record.bodies {
        body.set_error_status(ErrorStatus::new(input.status));
        body.set_physical_address(input.address);
    }
}

/// A prepared status block: its entry's severity, status and address, then its own status.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn rust_patch_block(
    block: &mut PreparedStatusBlock<MemoryError>,
    input: &MemoryInput,
) -> *const u8 {
    block.entry_mut().set_severity(Severity::new(input.severity));
    block.body_mut().set_error_status(ErrorStatus::new(input.status));
    block.body_mut().set_physical_address(input.address);
    block.report().as_ptr()
}

/// A descriptor's and a body's fields of a record's only section, and the header's.
fn read<'a, T: Decode>(bytes: &'a [u8], fold: impl Fn(T::View<'a>, u64) -> u64) -> u64 {
    let only = |record: Record<'a>| -> Option<(Record<'a>, Section<'a>)> {
        Some((record, record.sections().next()?.ok()?))
    };
    let Some((record, section)) = Record::parse(bytes).ok().and_then(only) else { return 0 };
    let Some(Ok(body)) = section.decode::<T>() else { return 0 };
    fold(body, fold_header(record.header()) ^ fold_descriptor(section.descriptor()))
}

fn fold_words<const N: usize>(words: [[u8; 8]; N]) -> u64 {
    words.into_iter().fold(0, |sum, word| sum ^ u64::from_le_bytes(word))
}

/// Every field of a PCIe record.
///
/// # Safety
/// `bytes` is readable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_read_pcie(bytes: *const u8, len: usize) -> u64 {
    // SAFETY: the caller's promise.
    read::<PcieError>(unsafe { input(bytes, len) }, |pcie, mut sum| {
        if let Some(port) = pcie.port_type() {
            sum ^= u64::from(port.raw());
        }
        if let Some(version) = pcie.version() {
            sum ^= u64::from(u32::from_le_bytes(transmute!(version)));
        }
        if let Some(both) = pcie.command_status() {
            sum ^= u64::from(u32::from_le_bytes(transmute!(both)));
        }
        if let Some(id) = pcie.device_id() {
            sum ^= fold_words::<2>(transmute!(id));
        }
        if let Some(number) = pcie.device_serial_number() {
            sum ^= number;
        }
        if let Some(both) = pcie.bridge_control_status() {
            sum ^= u64::from(u32::from_le_bytes(transmute!(both)));
        }
        if let Some(capability) = pcie.capability_structure() {
            let bytes: [u8; 60] = transmute!(*capability);
            let words = bytes.first_chunk::<56>().copied().unwrap_or([0; 56]);
            let last = bytes.get(56..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
            sum ^= fold_words::<7>(transmute!(words)) ^ u64::from(u32::from_le_bytes(last));
        }
        if let Some(aer) = pcie.aer_info() {
            sum ^= fold_words::<12>(transmute!(*aer));
        }
        sum
    })
}

/// Every field of a generic processor record.
///
/// # Safety
/// `bytes` is readable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_read_generic(bytes: *const u8, len: usize) -> u64 {
    // SAFETY: the caller's promise.
    read::<ProcessorGeneric>(unsafe { input(bytes, len) }, |generic, front| {
        let mut sum = front ^ u64::from(generic.processor_type().map_or(0, ProcessorType::raw));
        sum ^= u64::from(generic.processor_isa().map_or(0, ProcessorIsa::raw));
        sum ^= u64::from(generic.processor_error_type().map_or(0, |types| types.bits()));
        sum ^= u64::from(generic.operation().map_or(0, ProcessorOperation::raw));
        sum ^= u64::from(generic.flags().map_or(0, |flags| flags.bits()));
        sum ^= u64::from(generic.level().unwrap_or(0));
        sum ^= generic.cpu_version_info().unwrap_or(0);
        sum ^= generic.cpu_brand_string().map_or(0, |name| fold_words::<16>(transmute!(*name.bytes())));
        sum ^= generic.processor_id().unwrap_or(0);
        sum ^= generic.target_address().unwrap_or(0);
        sum ^= generic.requestor_id().unwrap_or(0);
        sum ^= generic.responder_id().unwrap_or(0);
        sum ^ generic.instruction_ip().unwrap_or(0)
    })
}

/// Every field of an Arm processor record: its header's and those of all errors.
///
/// # Safety
/// `bytes` is readable for `len` bytes.
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_read_arm(bytes: *const u8, len: usize) -> u64 {
    // SAFETY: the caller's promise.
    read::<ArmProcessor<'_>>(unsafe { input(bytes, len) }, |arm, front| {
        let mut sum = front ^ u64::from(arm.error_affinity_level().unwrap_or(0));
        sum ^= arm.mpidr_el1().unwrap_or(0) ^ arm.midr_el1();
        sum ^= u64::from(arm.running_state().unwrap_or(0) ^ arm.psci_state_raw().unwrap_or(0));
        for error in arm.error_information().flatten() {
            sum ^= u64::from(error.error_type().raw()) ^ u64::from(error.multiple_error().unwrap_or(0));
            sum ^= u64::from(error.flags().unwrap_or(ArmErrorFlags::empty()).bits());
            sum ^= error.error_information().unwrap_or(0);
            sum ^= error.virtual_fault_address().unwrap_or(0);
            sum ^= error.physical_fault_address().unwrap_or(0);
        }
        sum
    })
}

/// `count` sections of the same bytes: how the work grows with a record.
///
/// # Safety
/// As [`rust_wrap_bytes`](super::rust_wrap_bytes).
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_wrap_many(
    out: *mut u8,
    len: usize,
    header: &RecordHeader,
    descriptor: &SectionDescriptor,
    body: *const u8,
    body_len: usize,
    count: usize,
) -> usize {
    // SAFETY: the caller's promises.
    let (out, body) = unsafe { (buffer(out, len), input(body, body_len)) };
    written(|| {
        let mut writer = RecordWriter::for_sections(out, header, count)?;
        for _ in 0..count {
            writer.section_bytes(descriptor.section_type(), descriptor, body)?;
        }
        writer.finish()
    })
}
