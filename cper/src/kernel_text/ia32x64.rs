//! IA32/X64 processor errors, as `cper_print_proc_ia` prints them.

use core::fmt;

use zerocopy::IntoBytes;

use super::out::{Out, TRANSACTIONS, name_or_unknown, split};
use crate::Severity;
use crate::section::{
    BusCheck, CacheOperation, Ia32X64ContextHeader, Ia32X64ContextType, Ia32X64ErrorInformation,
    Ia32X64ErrorType, Ia32X64ErrorValidation, Ia32X64Header, Ia32X64Processor, MicroArchitecturalCheck,
};
use crate::stored::of_bytes;

pub(super) fn print(out: &mut Out<'_, '_>, body: &[u8], _: Severity) -> fmt::Result {
    let Ok(processor) = Ia32X64Processor::new(body) else { return out.too_short() };
    if let Some(id) = processor.local_apic_id() {
        out.body(format_args!("Local APIC_ID: {id:#x}"))?;
    }
    if let Some(info) = processor.cpuid_info() {
        out.body(format_args!("CPUID Info:"))?;
        out.dump(2, info.as_bytes(), 4, false)?;
    }
    let errors = processor.error_information();
    for (number, error) in errors.as_slice().iter().enumerate() {
        out.body(format_args!("Error Information Structure {number}:"))?;
        error_information(out, error)?;
    }
    let rest = processor.bytes().get(Ia32X64Header::SIZE..).unwrap_or_default();
    let mut rest = rest.get(errors.len_in_bytes()..).unwrap_or_default();
    if errors.error().is_some() {
        let Some(error) = cut_error(rest) else { return Ok(()) };
        out.body(format_args!("Error Information Structure {}:", errors.as_slice().len()))?;
        return error_information(out, &error);
    }
    for number in 0..processor.context_count() {
        let Some((header, after)) = Ia32X64ContextHeader::first(rest) else { return Ok(()) };
        out.body(format_args!("Context Information Structure {number}:"))?;
        let size = usize::from(header.register_array_size());
        let (array, after) = split(after, size);
        context(out, header, array)?;
        rest = after;
    }
    Ok(())
}

fn error_information(out: &mut Out<'_, '_>, error: &Ia32X64ErrorInformation) -> fmt::Result {
    let kind = error.error_structure_type();
    out.inner(format_args!("Error Structure Type: {}", kind.name().unwrap_or("unknown")))?;
    if kind.name().is_none() {
        out.inner(format_args!("Error Structure Type: {}", kind.raw()))?;
    }
    if let Some(check) = error.check_info() {
        out.inner(format_args!("Check Information: {check:#018x}"))?;
        if kind == Ia32X64ErrorType::MICRO_ARCHITECTURAL {
            micro_architectural_check(out, MicroArchitecturalCheck::new(check))?;
        } else if kind.name().is_some() {
            cache_tlb_or_bus_check(out, BusCheck::new(check), kind)?;
        }
    }
    for (name, value) in [
        ("Target Identifier", error.target_id()),
        ("Requestor Identifier", error.requestor_id()),
        ("Responder Identifier", error.responder_id()),
        ("Instruction Pointer", error.instruction_pointer()),
    ] {
        if let Some(value) = value {
            out.inner(format_args!("{name}: {value:#018x}"))?;
        }
    }
    Ok(())
}

fn micro_architectural_check(out: &mut Out<'_, '_>, check: MicroArchitecturalCheck) -> fmt::Result {
    if let Some(kind) = check.error_type() {
        let names = [
            "No Error",
            "Unclassified",
            "Microcode ROM Parity Error",
            "External Error",
            "FRC Error",
            "Internal Unclassified",
        ];
        let name = name_or_unknown(&names, kind.raw());
        out.detail(format_args!("Error Type: {}, {name}", kind.raw()))?;
    }
    check_flags(
        out,
        [
            check.processor_context_corrupt(),
            check.uncorrected(),
            check.precise_ip(),
            check.restartable_ip(),
            check.overflow(),
        ],
    )
}

fn check_flags(out: &mut Out<'_, '_>, flags: [Option<bool>; 5]) -> fmt::Result {
    let [corrupt, uncorrected, precise, restartable, overflow] = flags;
    for (name, flag) in &[
        ("Processor Context Corrupt", corrupt),
        ("Uncorrected", uncorrected),
        ("Precise IP", precise),
        ("Restartable IP", restartable),
        ("Overflow", overflow),
    ] {
        if let Some(flag) = flag {
            out.detail(format_args!("{name}: {flag}"))?;
        }
    }
    Ok(())
}

/// A cache, TLB or bus check; that of a bus has all fields of the others.
fn cache_tlb_or_bus_check(out: &mut Out<'_, '_>, check: BusCheck, kind: Ia32X64ErrorType) -> fmt::Result {
    if let Some(transaction) = check.transaction_type() {
        let value = transaction.raw();
        out.detail(format_args!("Transaction Type: {value}, {}", name_or_unknown(&TRANSACTIONS, value)))?;
    }
    if let Some(operation) = check.operation() {
        let raw = operation.raw();
        let of_cache = || CacheOperation::new(raw).name();
        let name = if kind == Ia32X64ErrorType::CACHE { of_cache() } else { operation.name() };
        out.detail(format_args!("Operation: {raw}, {}", name.unwrap_or("unknown")))?;
    }
    if let Some(level) = check.level() {
        out.detail(format_args!("Level: {level}"))?;
    }
    check_flags(
        out,
        [
            check.processor_context_corrupt(),
            check.uncorrected(),
            check.precise_ip(),
            check.restartable_ip(),
            check.overflow(),
        ],
    )?;
    if kind != Ia32X64ErrorType::BUS {
        return Ok(());
    }
    if let Some(part) = check.participation_type() {
        let value = part.raw();
        let name = name_or_unknown(&PARTICIPATIONS, value);
        out.detail(format_args!("Participation Type: {value}, {name}"))?;
    }
    if let Some(time_out) = check.time_out() {
        out.detail(format_args!("Time Out: {time_out}"))?;
    }
    if let Some(space) = check.address_space() {
        let value = space.raw();
        let names = ["Memory Access", "Reserved", "I/O", "Other Transaction"];
        out.detail(format_args!("Address Space: {value}, {}", name_or_unknown(&names, value)))?;
    }
    Ok(())
}

fn context(out: &mut Out<'_, '_>, header: &Ia32X64ContextHeader, array: &[u8]) -> fmt::Result {
    let kind = header.register_context_type();
    let name = name_or_unknown(&CONTEXTS, kind.raw());
    out.inner(format_args!("Register Context Type: {name}"))?;
    out.inner(format_args!("Register Array Size: {:#06x}", header.register_array_size()))?;
    let mut group = 4;
    if kind == Ia32X64ContextType::MSR {
        out.inner(format_args!("MSR Address: {:#010x}", header.msr_address()))?;
        // If the registers are those of a scalable MCA bank and the kernel runs on that very processor, it logs a
        // machine check instead of the array. A block does not show whether that was so. The registers are printed, as
        // a kernel on any other machine prints them: without the array no text would have them.
        group = 8;
    } else if kind == Ia32X64ContextType::MEMORY_MAPPED {
        out.inner(format_args!("MM Register Address: {:#018x}", header.mm_register_address()))?;
    }
    out.inner(format_args!("Register Array:"))?;
    out.dump(3, array, group, false)
}

/// The last error where the section ends inside it. Linux prints it from its start and reads on after the section's
/// end; here a field that is not whole counts as absent. `None` when its type is not whole.
fn cut_error(bytes: &[u8]) -> Option<Ia32X64ErrorInformation> {
    const VALIDATION_END: usize = size_of::<Ia32X64ErrorType>() + size_of::<Ia32X64ErrorValidation>();
    bytes.get(..size_of::<Ia32X64ErrorType>())?;
    let error: Ia32X64ErrorInformation = of_bytes(bytes);
    // Fields of 8 bytes follow, in the order of their validity bits.
    let fields = bytes.len().saturating_sub(VALIDATION_END) / 8;
    let there = Ia32X64ErrorValidation::from_bits_retain((1u64 << fields.min(8)).saturating_sub(1));
    Some(error.with_validation(error.validation().intersection(there)))
}

const PARTICIPATIONS: [&str; 4] = [
    "Local Processor originated request",
    "Local Processor responded to request",
    "Local Processor observed",
    "Generic",
];

const CONTEXTS: [&str; 8] = [
    "Unclassified Data",
    "MSR Registers (Machine Check and other MSRs)",
    "32-bit Mode Execution Context",
    "64-bit Mode Execution Context",
    "FXSAVE Context",
    "32-bit Mode Debug Registers (DR0-DR7)",
    "64-bit Mode Debug Registers (DR0-DR7)",
    "Memory Mapped Registers",
];
