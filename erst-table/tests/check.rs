//! Each thing that can be wrong with a table, one at a time, under both sets of rules.

use erst_table::Semantics::{Linux, Specification};
use erst_table::{
    AccessSize, AccessWidth, Action, AddressSpace, Finding, FindingSeverity, GenericAddress, Instruction,
    InstructionEntry, InstructionFlags, Problem, RegisterFault, RegisterLayout, Semantics, Table,
    TableWriter,
};

const QEMU: &[u8] = include_bytes!("../../examples/data/tables/qemu-q35-ERST.bin");

fn check(bytes: &[u8], rules: Semantics) -> Vec<Finding> {
    Table::parse(bytes).unwrap().check(rules).collect()
}

/// The problems of a table under one set of rules, without their place.
fn problems(bytes: &[u8], rules: Semantics) -> Vec<(FindingSeverity, Problem)> {
    check(bytes, rules).into_iter().map(|finding| (finding.severity, finding.problem)).collect()
}

/// QEMU's table with some bytes changed and its checksum made right again.
fn patched(patch: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = QEMU.to_vec();
    patch(&mut bytes);
    bytes[9] = 0;
    bytes[9] = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg();
    bytes
}

/// QEMU's entries with one changed, or with some added.
fn table(change: impl FnOnce(&mut Vec<InstructionEntry>)) -> Vec<u8> {
    let mut entries = RegisterLayout::at(0x1000).entries().to_vec();
    change(&mut entries);
    let mut buffer = vec![0; 48 + entries.len() * 32];
    TableWriter::new(&entries).encode(&mut buffer).unwrap();
    buffer
}

#[test]
fn qemus_table_is_accepted_without_a_finding() {
    for rules in [Linux, Specification] {
        assert_eq!(check(QEMU, rules), []);
        assert_eq!(Table::parse(QEMU).unwrap().accepted(rules), Ok(()));
    }
    let mut buffer = [0; 912];
    let entries = RegisterLayout::at(0x1000).entries();
    let short = TableWriter::new(&entries).short_serialization_header().encode(&mut buffer).unwrap();
    assert_eq!(check(short, Linux), []);
    assert_eq!(check(short, Specification), []);
}

#[test]
fn problems_of_the_headers() {
    use FindingSeverity::{Error, Warning};
    let cut = Problem::OutputMissing(Action::GET_EXECUTE_OPERATION_TIMINGS);
    let cases = [
        (
            QEMU[..880].to_vec(),
            vec![(Error, Problem::Truncated { length: 912, available: 880 }), (Error, cut)],
            vec![(Error, Problem::Truncated { length: 912, available: 880 }), (Warning, cut)],
        ),
        (patched(|bytes| bytes[8] = 2), vec![(Error, Problem::Revision(2))], vec![]),
        (
            patched(|bytes| bytes[36] = 16),
            vec![(Error, Problem::HeaderSize(16))],
            vec![(Error, Problem::HeaderSize(16))],
        ),
        (patched(|bytes| bytes[40] = 1), vec![(Error, Problem::HeaderReserved(1))], vec![]),
        (
            patched(|bytes| bytes[44] = 28),
            vec![(Error, Problem::EntryCount { stated: 28, held: 27 })],
            vec![(Error, Problem::EntryCount { stated: 28, held: 27 })],
        ),
        (
            patched(|bytes| {
                bytes.extend([0; 31]);
                bytes[4..8].copy_from_slice(&943_u32.to_le_bytes());
            }),
            vec![(Warning, Problem::TrailingBytes(31))],
            vec![],
        ),
        (
            {
                let mut bytes = QEMU.to_vec();
                bytes[10] ^= 1;
                bytes
            },
            vec![(Error, Problem::Checksum(1))],
            vec![(Warning, Problem::Checksum(1))],
        ),
    ];
    for (bytes, specification, linux) in cases {
        assert_eq!(problems(&bytes, Linux), linux);
        assert_eq!(problems(&bytes, Specification), specification);
    }
    // The headers alone are a table.
    let headers = patched(|bytes| bytes[4..8].copy_from_slice(&48_u32.to_le_bytes()));
    let short = |(_, problem): &(_, Problem)| matches!(problem, Problem::Length(_));
    assert!(!problems(&headers, Specification).iter().any(short));
    let empty = patched(|bytes| bytes[4..8].copy_from_slice(&40_u32.to_le_bytes()));
    let found = problems(&empty, Specification);
    assert!(found.contains(&(Error, Problem::Length(40))), "{found:?}");
    assert!(found.contains(&(Error, Problem::EntryCount { stated: 27, held: 0 })), "{found:?}");
}

#[test]
fn an_action_that_is_missing_matters_as_linux_and_the_text_need_it() {
    for action in Action::ALL {
        let bytes = table(|entries| entries.retain(|entry| entry.action() != action));
        let expected = |rules: Semantics| -> Vec<(FindingSeverity, Problem)> {
            let severity = match (action.raw(), rules) {
                (0x0b | 0x10, _) | (0x00..=0x03, Linux) => None,
                (0x0d..=0x0f, Linux) | (_, Specification) => Some(FindingSeverity::Error),
                _ => Some(FindingSeverity::Warning),
            };
            severity.map(|severity| (severity, Problem::MissingAction(action))).into_iter().collect()
        };
        for rules in [Linux, Specification] {
            assert_eq!(problems(&bytes, rules), expected(rules), "{action} {rules}");
        }
    }
}

#[test]
fn inputs_and_outputs_must_go_somewhere() {
    for action in Action::ALL {
        let bytes = table(|entries| {
            entries.retain(|entry| {
                entry.action() != action || entry.instruction() == Instruction::WRITE_REGISTER_VALUE
            });
        });
        let expected = match (action.takes_input(), action.returns_output()) {
            (true, _) => Some(Problem::InputUnused(action)),
            (_, true) => Some(Problem::OutputMissing(action)),
            _ => None,
        };
        for (rules, severity) in [(Linux, FindingSeverity::Warning), (Specification, FindingSeverity::Error)]
        {
            let expected: Vec<_> = expected.map(|problem| (severity, problem)).into_iter().collect();
            assert_eq!(problems(&bytes, rules), expected, "{action} {rules}");
        }
    }
}

/// The findings that one more instruction of `END_OPERATION` causes, its entry's index being 27.
fn added(entry: InstructionEntry, rules: Semantics) -> Vec<(FindingSeverity, Problem)> {
    let found = check(&table(|entries| entries.push(entry)), rules);
    assert!(found.iter().all(|finding| finding.entry == Some(27)), "{found:?}");
    found.into_iter().map(|finding| (finding.severity, finding.problem)).collect()
}

#[test]
fn problems_of_an_entry() {
    use FindingSeverity::{Error, Warning};
    let register = GenericAddress::new(AddressSpace::SYSTEM_MEMORY, 0x2000, AccessWidth::Dword);
    let entry = |instruction| InstructionEntry::new(Action::END_OPERATION, instruction, register);
    let write = entry(Instruction::WRITE_REGISTER_VALUE);
    let with = |change: fn(&mut InstructionEntry)| {
        let mut entry = write;
        change(&mut entry);
        entry
    };
    let both = |problem| (vec![(Error, problem)], vec![(Error, problem)]);
    let text_only = |severity, problem| (vec![(severity, problem)], vec![]);
    let linux_only = |problem| (vec![], vec![(Warning, problem)]);

    let reserved_action = write.with_action(Action::new(0x0c));
    let late_input = InstructionEntry::new(Action::SET_RECORD_OFFSET, Instruction::WRITE_REGISTER, register);
    let undefined_size =
        with(|entry| entry.set_register(entry.register().with_access_size(AccessSize::UNDEFINED)));
    let size_fault = Problem::Register(RegisterFault::AccessSize(AccessSize::UNDEFINED));
    let other_space = with(|entry| {
        entry.set_register(entry.register().with_space(AddressSpace::FUNCTIONAL_FIXED_HARDWARE));
    });
    let space_fault = RegisterFault::AddressSpace(AddressSpace::FUNCTIONAL_FIXED_HARDWARE);
    let narrow = with(|entry| entry.set_register(entry.register().with_access_size(AccessSize::BYTE)));
    let goto_outside = Problem::GotoOutside { target: 2, count: 2 };
    let goto = Problem::LinuxDiffers(Instruction::GOTO);
    let unknown = Problem::UnknownInstruction(Instruction::new(0x13));
    let wide_mask = Problem::MaskTooWide { mask: 0x1_ffff_ffff, bits: 32 };
    let value_outside = Problem::ValueOutsideMask { value: 0x1ff, mask: 0xff };
    let no_input = Problem::NoInput(Action::END_OPERATION);
    let flags = write.with_flags(InstructionFlags::from_bits_retain(0xfe));
    let cases = [
        (write.with_flags(InstructionFlags::PRESERVE_REGISTER), (vec![], vec![])),
        (reserved_action, text_only(Warning, Problem::ReservedAction(Action::new(0x0c)))),
        (entry(Instruction::new(0x13)), both(unknown)),
        (flags, text_only(Error, Problem::ReservedFlags(0xfe))),
        (with(|entry| entry.set_reserved(7)), text_only(Error, Problem::ReservedByte(7))),
        (
            with(|entry| entry.set_register(entry.register().with_address(0))),
            both(Problem::Register(RegisterFault::NullAddress)),
        ),
        (undefined_size, (vec![], vec![(Error, size_fault)])),
        (other_space, (vec![], vec![(Error, Problem::Register(space_fault))])),
        (narrow, text_only(Warning, Problem::NarrowAccess { bits: 32, access_bits: 8 })),
        (write.with_mask(0x1_ffff_ffff), text_only(Warning, wide_mask)),
        (
            write.with_value(0x1ff).with_mask(0xff),
            (vec![(Warning, value_outside)], vec![(Warning, value_outside)]),
        ),
        (entry(Instruction::GOTO).with_value(1), linux_only(goto)),
        (entry(Instruction::GOTO).with_value(2), (vec![(Error, goto_outside)], vec![(Warning, goto)])),
        (entry(Instruction::STALL), linux_only(Problem::LinuxDiffers(Instruction::STALL))),
        (entry(Instruction::SUBTRACT), linux_only(Problem::LinuxDiffers(Instruction::SUBTRACT))),
        (entry(Instruction::ADD), (vec![], vec![])),
        (entry(Instruction::WRITE_REGISTER), (vec![(Warning, no_input)], vec![(Warning, no_input)])),
        (late_input, linux_only(Problem::InputOverwritten)),
        // A register that the instruction does not access may be anything.
        (
            InstructionEntry::new(
                Action::END_OPERATION,
                Instruction::NOOP,
                GenericAddress::new(AddressSpace::new(9), 0, AccessWidth::Byte),
            ),
            (vec![], vec![]),
        ),
    ];
    for (entry, (specification, linux)) in cases {
        assert_eq!(added(entry, Specification), specification, "{entry}");
        assert_eq!(added(entry, Linux), linux, "{entry}");
    }
}

/// An entry of an action that nobody asks for refuses no table, but for what Linux looks at in every entry.
#[test]
fn an_entry_that_is_never_run_is_a_remark() {
    let noop = |action| {
        let register = GenericAddress::new(AddressSpace::SYSTEM_MEMORY, 0, AccessWidth::Byte);
        InstructionEntry::new(Action::new(action), Instruction::NOOP, register)
    };
    for action in [0x0c, 0x11, 0x7f, 0xff] {
        let bytes = table(|entries| entries.insert(12, noop(action)));
        let table = Table::parse(&bytes).unwrap();
        assert_eq!((table.accepted(Specification), table.accepted(Linux)), (Ok(()), Ok(())), "{action:#x}");
        let reserved = (FindingSeverity::Warning, Problem::ReservedAction(Action::new(action)));
        assert!(problems(&bytes, Specification).contains(&reserved), "{action:#x}");
        let unknown = noop(action).with_instruction(Instruction::new(0x13));
        let bytes = self::table(|entries| entries.insert(12, unknown));
        let table = Table::parse(&bytes).unwrap();
        assert!(table.accepted(Specification).is_err() && table.accepted(Linux).is_err(), "{action:#x}");
    }
}

#[test]
fn only_a_read_or_a_written_value_overwrites_the_input() {
    for number in 0..Instruction::COUNT {
        let instruction = Instruction::new(number);
        let register = GenericAddress::new(AddressSpace::SYSTEM_MEMORY, 0x2000, AccessWidth::Qword);
        let first = InstructionEntry::new(Action::SET_RECORD_OFFSET, instruction, register);
        let bytes = table(|entries| entries.insert(0, first));
        let overwritten =
            problems(&bytes, Linux).contains(&(FindingSeverity::Warning, Problem::InputOverwritten));
        // READ_REGISTER, READ_REGISTER_VALUE and WRITE_REGISTER_VALUE.
        assert_eq!(overwritten, [0, 1, 3].contains(&number), "{instruction}");
    }
}

#[test]
fn accepted_names_the_first_error_and_ignores_warnings() {
    let bytes = table(|entries| {
        entries[3].set_instruction(Instruction::STALL);
        entries[5].set_instruction(Instruction::new(0x20));
        entries[6].set_reserved(1);
    });
    let table = Table::parse(&bytes).unwrap();
    let finding = table.accepted(Linux).unwrap_err();
    assert_eq!(finding.to_string(), "error: entry 5: instruction 0x20 is not defined");
    let finding = table.accepted(Specification).unwrap_err();
    assert_eq!(
        (finding.entry, finding.problem),
        (Some(5), Problem::UnknownInstruction(Instruction::new(0x20)))
    );
}

#[test]
fn every_single_bit_that_is_not_a_free_choice_is_found() {
    // The serialization header, the action of an entry and its reserved byte.
    for bit in (36 * 8..49 * 8).chain(51 * 8..52 * 8) {
        let bytes = patched(|bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        assert_ne!(problems(&bytes, Specification), [], "bit {bit}");
    }
}

#[test]
fn findings_read_as_sentences() {
    let text = |bytes: &[u8], rules| check(bytes, rules).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(text(&QEMU[..900], Linux)[0], "error: table length 912, 900 bytes available");
    let bytes = table(|entries| entries.retain(|entry| entry.action() != Action::SET_RECORD_IDENTIFIER));
    assert_eq!(text(&bytes, Linux), ["warning: no instruction for SET_RECORD_IDENTIFIER"]);
    assert_eq!(text(&bytes, Specification), ["error: no instruction for SET_RECORD_IDENTIFIER"]);
}

#[test]
fn both_sets_of_rules_have_names() {
    assert_eq!(format!("{Linux} {Specification:>14}|"), "Linux  specification|");
}
