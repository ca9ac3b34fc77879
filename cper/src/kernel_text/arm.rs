//! Arm processor errors, as `cper_print_proc_arm` prints them.

use core::fmt;

use super::out::{Out, PROCESSOR_ERRORS, TRANSACTIONS, name, name_or_unknown, set, signed};
use crate::Severity;
use crate::section::{
    ArmAccessMode, ArmBusError, ArmContextHeader, ArmContextType, ArmErrorInformation, ArmErrorType,
    ArmErrorTypeReading, ArmErrorTypes, ArmProcessor, ArmProcessorHeader,
};

const INCORRECT: &str = "firmware-generated error record is incorrect";

pub(super) fn print(out: &mut Out<'_, '_>, body: &[u8], _: Severity) -> fmt::Result {
    let Ok(arm) = ArmProcessor::new(body) else { return out.too_short() };
    let (errors, length, size) = (arm.err_info_num(), arm.section_length(), arm.bytes().len());
    out.body(format_args!("MIDR: {:#018x}", arm.midr_el1()))?;
    let errors_end = usize::from(errors)
        .saturating_mul(ArmErrorInformation::SIZE)
        .saturating_add(ArmProcessorHeader::SIZE);
    let wrong = if signed(length.wrapping_sub(errors_end as u32)) < 0 {
        Some("small")
    } else if length as usize > size {
        Some("big")
    } else {
        None
    };
    if let Some(wrong) = wrong {
        out.body(format_args!("section length: {}, CPER size: {size}", signed(length)))?;
        out.body(format_args!("section length is too {wrong}"))?;
        out.body(format_args!("{INCORRECT}"))?;
        return out.body(format_args!("ERR_INFO_NUM is {errors}"));
    }
    if let Some(mpidr) = arm.mpidr_el1() {
        out.body(format_args!("Multiprocessor Affinity Register (MPIDR): {mpidr:#018x}"))?;
    }
    if let Some(level) = arm.error_affinity_level() {
        out.body(format_args!("error affinity level: {level}"))?;
    }
    if let Some(state) = arm.running_state() {
        out.body(format_args!("running state: {state:#x}"))?;
        // Linux prints it for a running processor too.
        let state = signed(arm.psci_state_raw().unwrap_or_default());
        out.body(format_args!("Power State Coordination Interface state: {state}"))?;
    }
    for (number, error) in arm.error_information().as_slice().iter().enumerate() {
        out.body(format_args!("Error info structure {number}:"))?;
        error_information(out, error)?;
    }
    let mut rest = arm.bytes().get(errors_end..length as usize).unwrap_or_default();
    for number in 0..arm.context_info_num() {
        out.body(format_args!("Context info structure {number}:"))?;
        let Some((header, array, after)) = unpadded_context(rest) else {
            out.inner(format_args!("section length is too small"))?;
            return out.body(format_args!("{INCORRECT}"));
        };
        let kind = header.register_context_type();
        let Some(name) = context_name(kind) else {
            return out.inner(format_args!("Invalid context type: {} (max: 8)", kind.raw()));
        };
        out.inner(format_args!("register context type: {name}"))?;
        out.dump(3, array, 4, false)?;
        rest = after;
    }
    if rest.is_empty() {
        return Ok(());
    }
    out.body(format_args!("Vendor specific error info has {} bytes:", rest.len()))?;
    out.dump(3, rest, 4, true)
}

fn error_information(out: &mut Out<'_, '_>, error: &ArmErrorInformation) -> fmt::Result {
    let kind = error.error_type();
    // Linux checks no validity bit here.
    let count = u32::from(error.multiple_error_raw()).saturating_add(1);
    out.body(format_args!("num errors: {count}"))?;
    if let Some(flags) = error.flags() {
        let names = [
            "first error captured",
            "last error captured",
            "propagated error captured",
            "overflow occurred, error info is incomplete",
        ];
        for name in set(flags.bits().into(), &names) {
            out.inner(format_args!("{name}"))?;
        }
    }
    let types = bits_4_to_1(kind);
    out.begin(3)?;
    write!(out.f, "error_type: {kind}: ")?;
    let mut separator = "";
    for name in set(types.bits().into(), &PROCESSOR_ERRORS) {
        write!(out.f, "{separator}{name}")?;
        separator = "|";
    }
    let only = types.bits() << 1 == kind.raw();
    out.f.write_str(if only { "\n" } else { " with reserved bit(s)\n" })?;
    if let Some(bits) = error.error_information() {
        out.inner(format_args!("error_info: {bits:#018x}"))?;
        if !types.contains(ArmErrorTypes::MICRO_ARCHITECTURAL) {
            common(out, ArmBusError::new(bits), types)?;
            if only && types == ArmErrorTypes::BUS {
                bus(out, ArmBusError::new(bits))?;
            }
        }
    }
    if let Some(address) = error.virtual_fault_address() {
        out.inner(format_args!("virtual fault address: {address:#018x}"))?;
    }
    match error.physical_fault_address() {
        Some(address) => out.inner(format_args!("physical fault address: {address:#018x}")),
        None => Ok(()),
    }
}

/// The fields that the errors of all types have in common; a bus error has all of these fields.
fn common(out: &mut Out<'_, '_>, error: ArmBusError, types: ArmErrorTypes) -> fmt::Result {
    let transaction = error.transaction_type();
    if let Some(name) = transaction.and_then(|kind| name(&TRANSACTIONS, kind.raw())) {
        out.detail(format_args!("transaction type: {name}"))?;
    }
    let known = [
        (ArmErrorTypes::CACHE, "cache error", CACHE_OPERATIONS, "cache level"),
        (ArmErrorTypes::TLB, "TLB error", TLB_OPERATIONS, "TLB level"),
        (ArmErrorTypes::BUS, "bus error", &[], "affinity level at which the bus error occurred"),
    ];
    if let Some(operation) = error.operation() {
        let operation = usize::from(operation.raw());
        for (one, kind, own, _) in &known {
            let further = operation.checked_sub(OPERATIONS.len()).and_then(|place| own.get(place));
            let name = OPERATIONS.get(operation).or(further);
            if let (Some(name), true) = (name, types.contains(*one)) {
                out.detail(format_args!("{kind}, operation type: {name}"))?;
            }
        }
    }
    if let Some(level) = error.level() {
        for (one, .., what) in &known {
            if types.contains(*one) {
                out.detail(format_args!("{what}: {level}"))?;
            }
        }
    }
    for (flag, yes, no) in [
        (error.processor_context_corrupt(), "processor context corrupted", "processor context not corrupted"),
        (error.corrected(), "the error has been corrected", "the error has not been corrected"),
        (error.precise_pc(), "PC is precise", "PC is imprecise"),
    ] {
        if let Some(flag) = flag {
            out.detail(format_args!("{}", if flag { yes } else { no }))?;
        }
    }
    if error.restartable_pc() == Some(true) {
        let text = "Program execution can be restarted reliably at the PC associated with the error.";
        out.detail(format_args!("{text}"))?;
    }
    Ok(())
}

fn bus(out: &mut Out<'_, '_>, error: ArmBusError) -> fmt::Result {
    if let Some(part) = error.participation_type() {
        let names = [
            "Local processor originated request",
            "Local processor responded to request",
            "Local processor observed",
            "Generic",
        ];
        let name = name_or_unknown(&names, part.raw());
        out.detail(format_args!("participation type: {name}"))?;
    }
    if error.time_out() == Some(true) {
        out.detail(format_args!("request timed out"))?;
    }
    if let Some(space) = error.address_space() {
        let names = ["External Memory Access", "Internal Memory Access", "Unknown", "Device Memory Access"];
        let name = name_or_unknown(&names, space.raw());
        out.detail(format_args!("address space: {name}"))?;
    }
    if let Some(attributes) = error.memory_access_attributes() {
        out.detail(format_args!("memory access attributes:{attributes:#x}"))?;
    }
    match error.access_mode() {
        Some(mode) => {
            let mode = if mode == ArmAccessMode::SECURE { "secure" } else { "normal" };
            out.detail(format_args!("access mode: {mode}"))
        }
        None => Ok(()),
    }
}

/// Linux takes bits 4:1 of the type, whatever the other bits are.
fn bits_4_to_1(kind: ArmErrorType) -> ArmErrorTypes {
    let known = ArmErrorType::new(kind.raw() & (ArmErrorTypes::all().bits() << 1));
    known.types(ArmErrorTypeReading::Bits1To4).unwrap_or(ArmErrorTypes::empty())
}

/// The first context, its array, and the bytes after it: Linux expects no padding.
fn unpadded_context(bytes: &[u8]) -> Option<(&ArmContextHeader, &[u8], &[u8])> {
    let (header, rest) = ArmContextHeader::first(bytes)?;
    let (array, rest) = rest.split_at_checked(header.register_array_size() as usize)?;
    Some((header, array, rest))
}

/// Linux knows nine types of context, and words one in its own way.
fn context_name(kind: ArmContextType) -> Option<&'static str> {
    match kind {
        ArmContextType::MISC_SYSTEM => Some("Misc. system register structure"),
        ArmContextType::AARCH64_128_BIT_TTBR => None,
        _ => kind.name(),
    }
}

/// Operations of every kind; those of caches and TLBs go on from 7.
const OPERATIONS: [&str; 7] = [
    "Generic error (type cannot be determined)",
    "Generic read (type of instruction or data request cannot be determined)",
    "Generic write (type of instruction of data request cannot be determined)",
    "Data read",
    "Data write",
    "Instruction fetch",
    "Prefetch",
];
const CACHE_OPERATIONS: &[&str] = &[
    "Eviction",
    "Snooping (processor initiated a cache snoop that resulted in an error)",
    "Snooped (processor raised a cache error caused by another processor or device snooping its cache)",
    "Management",
];
const TLB_OPERATIONS: &[&str] = &[
    "Local management operation (processor initiated a TLB management operation that resulted in an error)",
    "External management operation (processor raised a TLB error caused by another processor or device broadcasting TLB operations)",
];
