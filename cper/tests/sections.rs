//! Sections of any values are read as they were written.

#[path = "common/sections.rs"]
mod sections;

use std::fmt::Debug;

use cper::Guid;
use cper::section::vendor::{AmpereSpecificError, NvidiaInfo};
use cper::section::*;
use cper::zerocopy::FromBytes;
use proptest::collection::vec;
use proptest::prelude::*;
use sections::{Context, fixed};

/// A wire structure of any bytes.
fn wire<T: FromBytes + Debug>() -> impl Strategy<Value = T> {
    vec(any::<u8>(), size_of::<T>()).prop_map(|bytes| T::read_from_bytes(&bytes).unwrap())
}

fn wires<T: FromBytes + Debug>(most: usize) -> impl Strategy<Value = Vec<T>> {
    vec(wire(), 0..=most)
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=most)
}

fn contexts(kinds: u16) -> impl Strategy<Value = Vec<Context>> {
    vec((1..=kinds, bytes(80)), 0..3)
}

fn padding() -> impl Strategy<Value = ContextPadding> {
    prop_oneof![Just(ContextPadding::To16), Just(ContextPadding::None)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn of_one_structure(
        processor in wire::<ProcessorGeneric>(),
        memory in (wire::<MemoryError>(), wire::<MemoryError2>()),
        pci in (wire::<PcieError>(), wire::<PciBusError>()),
        dmar in (wire::<DmarGenericError>(), wire::<DmarVtdError>(), wire::<DmarIommuError>()),
        ampere in wire::<AmpereSpecificError>(),
    ) {
        fixed(&processor);
        fixed(&memory.0);
        fixed(&memory.1);
        fixed(&pci.0);
        fixed(&pci.1);
        fixed(&dmar.0);
        fixed(&dmar.1);
        fixed(&dmar.2);
        fixed(&ampere);
    }

    #[test]
    fn ia32x64(header in wire(), errors in wires(3), contexts in contexts(7), padding in padding()) {
        sections::ia32x64(header, &errors, &contexts, padding);
    }

    #[test]
    fn arm_processor(
        header in wire(), errors in wires(3), contexts in contexts(9), vendor in bytes(40), padding in padding(),
    ) {
        sections::arm_processor(header, &errors, &contexts, &vendor, padding);
    }

    #[test]
    fn ccix_per(header in wire(), log in wires(8)) {
        sections::ccix_per(header, &log);
    }

    #[test]
    fn cxl_protocol(header in wire(), dvsec in bytes(60), log in bytes(100)) {
        sections::cxl_protocol(header, &dvsec, &log);
    }

    #[test]
    fn firmware(revision in 0..3u8, kind in any::<u8>(), identifier in any::<u64>(), guid in any::<[u8; 16]>(), data in bytes(60)) {
        sections::firmware(revision, FirmwareErrorRecordType::new(kind), identifier, Guid::from_bytes(guid), &data);
    }

    #[test]
    fn fru_memory_poison(header in wire(), list in wires(5)) {
        sections::fru_memory_poison(header, &list);
    }

    #[test]
    fn pci_component(header in wire(), memory in wires(4), io in wires(4)) {
        sections::pci_component(header, &memory, &io);
    }

    #[test]
    fn cxl_event(
        record in wire::<CxlEventHeader>(),
        memory in (wire(), wire(), wire(), wire()),
        switch in (wire(), wire(), wire()),
    ) {
        sections::cxl_event::<CxlGeneralMediaEvent>(record, memory.0);
        sections::cxl_event::<CxlDramEvent>(record, memory.1);
        sections::cxl_event::<CxlMemoryModuleEvent>(record, memory.2);
        sections::cxl_event::<CxlMemorySparingEvent>(record, memory.3);
        sections::cxl_event::<CxlPhysicalSwitchEvent>(record, switch.0);
        sections::cxl_event::<CxlVirtualSwitchEvent>(record, switch.1);
        sections::cxl_event::<CxlMldPortEvent>(record, switch.2);
    }

    #[test]
    fn arm_ras_node(
        header in wire(),
        records in wires(3),
        auxiliary in proptest::option::of((
            any::<u8>(), vec((any::<Option<u16>>(), wires(3)), 0..3), wires(3),
        )),
    ) {
        let auxiliary = auxiliary.as_ref().map(|(version, contexts, keys)| (*version, &contexts[..], &keys[..]));
        sections::arm_ras_node(header, &records, auxiliary);
    }

    #[test]
    fn nvidia(header in wire(), registers in wires(4), error in wire()) {
        sections::nvidia(header, &registers, &error);
    }

    #[test]
    fn nvidia_event(
        header in wire(),
        (which, cpu, gpu, other) in (0..3, wire(), wire(), bytes(252)),
        contexts in vec((any::<u16>(), 0..6u16, any::<u16>(), bytes(40)), 0..4),
    ) {
        let info = match which {
            0 => NvidiaInfo::Cpu(&cpu),
            1 => NvidiaInfo::Gpu(&gpu),
            _ => NvidiaInfo::Unknown(&other),
        };
        sections::nvidia_event(header, info, &contexts);
    }

    #[test]
    fn ampere(header in wire(), data in bytes(60)) {
        sections::ampere(header, &data);
    }

    #[test]
    fn windows_xpf_mca(header in wire(), parts in 0..4usize, capability: u64, of in (wire(), wire())) {
        sections::windows_xpf_mca(&header, parts, (capability.into(), of.0, &of.1));
    }
}
