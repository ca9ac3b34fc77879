//! The interpreter against a second, straightforward one written from the specification's text, over every program of up
//! to four instructions of a small machine, and over random ones of more.

use erst_table::{
    AccessWidth, Action, AddressSpace, Error, ErrorKind, GenericAddress, Instruction, InstructionEntry,
    InstructionFlags, Interpreter, IoError, Limits, Location, RegisterFault, RegisterIo, Semantics, Table,
    TableWriter,
};
use proptest::prelude::*;

/// The second interpreter takes a program for endless that runs 25 times as many instructions as it has: none ends later,
/// the registers having 16 values and the waits 20 microseconds. Ours counts the entries it passes over, too.
const LIMITS: Limits = Limits { steps: 0, time_us: 20, move_bytes: 8 };
const ACTION: Action = Action::EXECUTE_OPERATION;

/// What was done to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Read(u64),
    Write(u64, u64),
    Wait(u64),
    Move(u64, u64, u64),
}

/// 256 bytes of memory, and everything that was done to them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Machine {
    memory: [u8; 256],
    events: Vec<Event>,
}

impl Machine {
    fn new(a: u8, b: u8) -> Self {
        let mut memory = [0; 256];
        for (index, byte) in memory.iter_mut().enumerate() {
            *byte = index as u8 ^ 0x5a;
        }
        memory[0x10] = a;
        memory[0x11] = b;
        Self { memory, events: Vec::new() }
    }

    fn moved(&mut self, destination: u64, source: u64, length: u64) -> Result<(), IoError> {
        self.events.push(Event::Move(destination, source, length));
        let inside = |start: u64| start.checked_add(length).is_some_and(|end| end <= 256);
        if !inside(destination) || !inside(source) {
            return Err(IoError::Failed);
        }
        let (source, destination) = (source as usize, destination as usize);
        self.memory.copy_within(source..source + length as usize, destination);
        Ok(())
    }
}

impl RegisterIo for Machine {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        assert_eq!((space, width), (AddressSpace::SYSTEM_MEMORY, AccessWidth::Byte));
        self.events.push(Event::Read(address));
        self.memory.get(address as usize).map(|byte| u64::from(*byte) | 0xdead_0000).ok_or(IoError::Failed)
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        assert_eq!((space, width), (AddressSpace::SYSTEM_MEMORY, AccessWidth::Byte));
        self.events.push(Event::Write(address, value));
        *self.memory.get_mut(address as usize).ok_or(IoError::Failed)? = u8::try_from(value).unwrap();
        Ok(())
    }

    fn stall_us(&mut self, microseconds: u64) {
        self.events.push(Event::Wait(microseconds));
    }

    fn move_memory(&mut self, destination: u64, source: u64, length: u64) -> Result<(), IoError> {
        self.moved(destination, source, length)
    }
}

/// The second interpreter: one program, one function, the text's pseudo code.
struct Second {
    machine: Machine,
    x: u64,
    y: u64,
    variables: [u64; 2],
    bases: [u64; 2],
    waited: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Output(u64),
    Endless,
    Failed(ErrorKind),
}

impl Second {
    fn register(&mut self, entry: &InstructionEntry) -> Result<u64, End> {
        // "X = Read(register); X = X >> Bit Offset described in Register Region; X = X & Mask"
        let x = self.machine.read(entry.register().space(), entry.register().address(), AccessWidth::Byte);
        let x = x.map_err(|error| End::Failed(ErrorKind::Io(error)))? & 0xff;
        Ok((x >> entry.register().bit_offset()) & entry.mask())
    }

    fn set_register(&mut self, entry: &InstructionEntry, value: u64) -> Result<(), End> {
        // "X = Value & Mask; X = X << Bit Offset described in Register Region"
        let mut x = (value & entry.mask()) << entry.register().bit_offset();
        if entry.flags().raw() & 1 != 0 {
            // "Y = Read(register); Y = Y & ~(Mask << Bit Offset); X = X | Y"
            let y =
                self.machine.read(entry.register().space(), entry.register().address(), AccessWidth::Byte);
            let y = y.map_err(|error| End::Failed(ErrorKind::Io(error)))? & 0xff;
            x |= y & !(entry.mask() << entry.register().bit_offset());
        }
        let written = self.machine.write(
            entry.register().space(),
            entry.register().address(),
            AccessWidth::Byte,
            x & 0xff,
        );
        written.map_err(|error| End::Failed(ErrorKind::Io(error)))
    }

    fn wait(&mut self, microseconds: u64) -> Result<(), End> {
        if self.waited + microseconds > LIMITS.time_us {
            return Err(End::Failed(ErrorKind::TimeLimit(LIMITS.time_us)));
        }
        self.waited += microseconds;
        if microseconds > 0 {
            self.machine.stall_us(microseconds);
        }
        Ok(())
    }

    /// The text has an input and an output; Linux has one value for both, and takes six operands from it.
    fn run(&mut self, program: &[InstructionEntry], linux: bool) -> Result<u64, End> {
        let (mut at, mut left) = (0_u64, 25 * program.len());
        if !linux {
            self.y = 0;
        }
        while let Some(entry) = usize::try_from(at).ok().and_then(|at| program.get(at)) {
            left = left.checked_sub(1).ok_or(End::Endless)?;
            at += 1;
            let operand = if linux { self.x } else { entry.value() };
            let capped = |time: u64| if linux { time.min(50) } else { time };
            match entry.instruction().raw() {
                0x00 => {
                    self.y = self.register(entry)?;
                    self.x = if linux { self.y } else { self.x };
                }
                0x01 => {
                    self.y = u64::from(self.register(entry)? == entry.value());
                    self.x = if linux { self.y } else { self.x };
                }
                0x02 => self.set_register(entry, self.x)?,
                0x03 => {
                    if linux {
                        (self.x, self.y) = (entry.value(), entry.value());
                    }
                    self.set_register(entry, entry.value())?;
                }
                0x04 => {}
                0x05 => self.variables[0] = self.register(entry)?,
                0x06 => self.variables[1] = self.register(entry)?,
                0x07 => self.set_register(entry, self.variables[0])?,
                0x08 => self.variables[0] = self.variables[0].wrapping_add(self.variables[1]),
                // "Subtracts VAR1 from VAR2 and stores the result in VAR1."
                0x09 if !linux => self.variables[0] = self.variables[1].wrapping_sub(self.variables[0]),
                0x09 => self.variables[0] = self.variables[0].wrapping_sub(self.variables[1]),
                0x0a => {
                    let x = self.register(entry)?;
                    self.set_register(entry, x.wrapping_add(operand))?;
                }
                0x0b => {
                    let x = self.register(entry)?;
                    self.set_register(entry, x.wrapping_sub(operand))?;
                }
                0x0c => self.wait(capped(operand))?,
                0x0d => {
                    while self.register(entry)? == operand {
                        match capped(self.variables[0]) {
                            0 => return Err(End::Endless), // nothing else changes the register
                            time => self.wait(time)?,
                        }
                    }
                }
                0x0e => {
                    if self.register(entry)? == operand {
                        at += 1;
                    }
                }
                0x0f => at = if linux { u64::from(operand as u32) } else { operand },
                0x10 => self.bases[0] = self.register(entry)?,
                0x11 => self.bases[1] = self.register(entry)?,
                0x12 => {
                    let offset = self.register(entry)?;
                    let ([source, destination], length) = (self.bases, self.variables[1]);
                    if length > LIMITS.move_bytes {
                        return Err(End::Failed(ErrorKind::MoveTooLong(length)));
                    }
                    let moved = self.machine.moved(
                        destination.wrapping_add(offset),
                        source.wrapping_add(offset),
                        length,
                    );
                    moved.map_err(|error| End::Failed(ErrorKind::Io(error)))?;
                }
                _ => return Err(End::Failed(ErrorKind::UnknownInstruction(entry.instruction()))),
            }
        }
        Ok(self.y)
    }
}

/// Runs a program on both and compares all that can be seen.
fn compare(
    table: &[InstructionEntry],
    program: &[InstructionEntry],
    semantics: Semantics,
    input: u64,
    machine: &Machine,
) {
    let mut buffer = [0; 48 + 32 * 16];
    let bytes = TableWriter::new(table).encode(&mut buffer).unwrap();
    let mut first_machine = machine.clone();
    let steps = (25 * program.len() * table.len()) as u32;
    let limits = Limits { steps, ..LIMITS };
    let mut first = Interpreter::new(&Table::parse(bytes).unwrap(), semantics).with_limits(limits);
    first.set_input(input);
    let ours = match first.run(ACTION, &mut first_machine) {
        Ok(output) => End::Output(output),
        Err(error) if matches!(error.kind(), ErrorKind::StepLimit(_)) => End::Endless,
        Err(error) => End::Failed(error.kind()),
    };

    let linux = semantics == Semantics::Linux;
    let mut second = Second {
        machine: machine.clone(),
        x: input,
        y: if linux { input } else { 0 },
        variables: [0; 2],
        bases: [0; 2],
        waited: 0,
    };
    let theirs = second.run(program, linux).map_or_else(|end| end, End::Output);

    let listing = || Table::parse(bytes).unwrap().to_string();
    assert_eq!(ours, theirs, "{semantics}, input {input}: {}", listing());
    if ours == End::Endless {
        return;
    }
    let state = first.state();
    assert_eq!(first_machine, second.machine, "{semantics}, input {input}: {}", listing());
    assert_eq!([state.var1, state.var2], second.variables, "{}", listing());
    assert_eq!([state.source_base, state.destination_base], second.bases, "{}", listing());
    assert_eq!(
        (state.input, state.output, state.waited_us),
        (second.x, second.y, second.waited),
        "{}",
        listing()
    );
}

fn entry(instruction: u8, register: GenericAddress, mask: u64, value: u64) -> InstructionEntry {
    InstructionEntry::new(ACTION, Instruction::new(instruction), register).with_mask(mask).with_value(value)
}

/// Four bits of one register, and two bits in the middle of another whose other bits are preserved.
fn a(instruction: u8, value: u64) -> InstructionEntry {
    let register = GenericAddress::new(AddressSpace::SYSTEM_MEMORY, 0x10, AccessWidth::Byte);
    entry(instruction, register, 0xf, value)
}

fn b(instruction: u8, value: u64) -> InstructionEntry {
    let mut register = GenericAddress::new(AddressSpace::SYSTEM_MEMORY, 0x11, AccessWidth::Byte);
    register = register.with_bit_width(2).with_bit_offset(2);
    entry(instruction, register, 0x3, value).with_flags(InstructionFlags::PRESERVE_REGISTER)
}

/// Every instruction, with operands that let them meet.
fn alphabet() -> Vec<InstructionEntry> {
    let mut all: Vec<_> = (0x00..=0x02).flat_map(|number| [a(number, 1), b(number, 1)]).collect();
    all.extend([a(0x03, 0), a(0x03, 2), b(0x03, 1), a(0x04, 0)]);
    all.extend((0x05..=0x07).flat_map(|number| [a(number, 0), b(number, 0)]));
    all.extend([a(0x08, 0), a(0x09, 0), a(0x0a, 1), b(0x0a, 1), a(0x0b, 1), b(0x0b, 3), a(0x0c, 3)]);
    all.extend([a(0x0d, 1), b(0x0d, 0), a(0x0e, 1), b(0x0e, 0)]);
    all.extend((0..4).map(|target| a(0x0f, target)));
    all.extend([b(0x10, 0), a(0x11, 0), b(0x12, 0), a(0x13, 0)]);
    all
}

fn programs(alphabet: &[InstructionEntry], length: u32) -> impl Iterator<Item = Vec<InstructionEntry>> + '_ {
    (0..alphabet.len().pow(length)).map(move |mut number| {
        let mut next = || {
            let entry = alphabet[number % alphabet.len()];
            number /= alphabet.len();
            entry
        };
        (0..length).map(|_| next()).collect()
    })
}

const BOTH: [Semantics; 2] = [Semantics::Specification, Semantics::Linux];

#[test]
fn every_program_of_up_to_three_instructions_runs_as_the_text_says() {
    let alphabet = alphabet();
    let machines = [Machine::new(1, 0), Machine::new(2, 0xff)];
    let mut runs = 0;
    for length in 1..=3 {
        for program in programs(&alphabet, length) {
            for (semantics, machine) in
                BOTH.iter().zip(&machines).chain(BOTH.iter().zip(machines.iter().rev()))
            {
                compare(&program, &program, *semantics, 1, machine);
                runs += 1;
            }
        }
    }
    println!("{runs} runs of {} instructions", alphabet.len());
    assert_eq!(runs, 4 * (35 + 35 * 35 + 35 * 35 * 35));
}

#[test]
fn every_program_of_four_of_the_nineteen_instructions_runs_as_the_text_says() {
    // One form of each instruction, the register that two of them share being the one that loops count on.
    let mut alphabet: Vec<_> =
        (0x00..=0x13).map(|number| if number % 3 == 1 { b(number, 1) } else { a(number, 1) }).collect();
    alphabet.push(a(0x0f, 0));
    let machine = Machine::new(1, 4);
    let mut runs = 0;
    for program in programs(&alphabet, 4) {
        let semantics = BOTH[runs % 2];
        compare(&program, &program, semantics, 2, &machine);
        runs += 1;
    }
    println!("{runs} runs");
    assert_eq!(runs, 21_usize.pow(4));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    /// Longer programs whose entries lie among those of another action.
    #[test]
    fn random_programs_run_as_the_text_says(
        choices in proptest::collection::vec((0_usize..35, any::<bool>()), 0..12),
        input in prop_oneof![0_u64..4, any::<u64>()],
        registers in any::<(u8, u8)>(),
        linux in any::<bool>(),
    ) {
        let alphabet = alphabet();
        let mut table = vec![a(0x04, 0)];
        let mut program = vec![a(0x04, 0)];
        for (choice, other) in choices {
            if other {
                table.push(alphabet[choice].with_action(Action::END_OPERATION));
            } else {
                table.push(alphabet[choice]);
                program.push(alphabet[choice]);
            }
        }
        let machine = Machine::new(registers.0, registers.1);
        compare(&table, &program, BOTH[usize::from(linux)], input, &machine);
    }
}

/// Runs one action of these entries.
fn run(
    entries: &[InstructionEntry],
    semantics: Semantics,
    io: &mut impl RegisterIo,
) -> (Result<u64, Error>, erst_table::State) {
    let mut buffer = vec![0; 48 + 32 * entries.len()];
    let table = Table::parse(TableWriter::new(entries).encode(&mut buffer).unwrap()).unwrap();
    let mut interpreter = Interpreter::new(&table, semantics);
    let result = interpreter.run(ACTION, io);
    (result, *interpreter.state())
}

#[test]
fn an_error_names_action_entry_and_cause_and_leaves_the_state() {
    let other = a(0x13, 0).with_action(Action::END_OPERATION);
    for semantics in BOTH {
        let (result, state) = run(&[other, a(0x05, 0), a(0x13, 0)], semantics, &mut Machine::new(7, 0));
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownInstruction(Instruction::new(0x13)));
        assert_eq!(error.location(), Location::Entry { action: ACTION, entry: 2 });
        assert_eq!(error.to_string(), "EXECUTE_OPERATION, entry 2: unknown instruction 0x13");
        assert_eq!((state.var1, state.index, state.entry, state.steps), (7, 1, 2, 2));
    }
    let (result, _) = run(&[other], Semantics::Linux, &mut Machine::new(0, 0));
    assert_eq!(result.unwrap_err().to_string(), "EXECUTE_OPERATION: the table has no instruction for it");
}

#[test]
fn endless_programs_end() {
    let forever = [
        vec![a(0x0f, 0)],
        vec![a(0x04, 0), a(0x0f, 0)],
        vec![a(0x03, 0), a(0x0f, 0)],
        vec![a(0x03, 1), b(0x03, 0), a(0x0f, 1)],
        vec![a(0x0d, 1)],
        vec![a(0x05, 0), a(0x0d, 1)],
        vec![a(0x0c, u64::MAX)],
        vec![a(0x0c, 1_000_000), a(0x0c, 1)],
    ];
    for program in forever {
        let (result, state) = run(&program, Semantics::Specification, &mut Machine::new(1, 0));
        let kind = result.unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::StepLimit(100_000) | ErrorKind::TimeLimit(1_000_000)), "{kind:?}");
        assert!(state.steps <= 100_000 && state.waited_us <= 1_000_000);
    }
    // Linux jumps to its running value, which is 0 here, and waits 50 microseconds at most.
    let (result, _) = run(&[a(0x03, 0), a(0x0f, 9)], Semantics::Linux, &mut Machine::new(1, 0));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::StepLimit(100_000));
    let mut machine = Machine::new(1, 0);
    let program = [a(0x03, u64::MAX), a(0x0c, 0), a(0x03, 3), a(0x0c, 0)];
    run(&program, Semantics::Linux, &mut machine).0.unwrap();
    let waits: Vec<_> = machine.events.iter().filter(|event| matches!(event, Event::Wait(_))).collect();
    assert_eq!(waits, [&Event::Wait(50), &Event::Wait(3)]);
}

#[test]
fn a_jump_back_in_a_huge_table_is_bounded_by_the_steps() {
    let other = a(0x04, 0).with_action(Action::END_OPERATION);
    let mut entries = vec![other; 50_000];
    entries[0] = a(0x04, 0);
    entries[49_999] = a(0x0f, 0);
    let (result, state) = run(&entries, Semantics::Specification, &mut Machine::new(0, 0));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::StepLimit(100_000));
    assert_eq!(state.steps, 100_000, "entries passed over count");
    entries[49_999] = a(0x04, 0);
    let (result, state) = run(&entries, Semantics::Specification, &mut Machine::new(0, 0));
    assert_eq!((result, state.steps), (Ok(0), 2), "but not on the first way down");
}

#[test]
fn linux_cuts_the_index_of_a_jump_to_32_bits() {
    let program = [a(0x03, 1 << 32 | 3), a(0x0f, 0), a(0x13, 0), a(0x04, 0)];
    assert!(run(&program, Semantics::Linux, &mut Machine::new(0, 0)).0.is_ok());
    let program = [a(0x0f, 1 << 32 | 3), a(0x13, 0)];
    assert!(run(&program, Semantics::Specification, &mut Machine::new(0, 0)).0.is_ok());
}

#[test]
fn input_output_and_variables_last_until_they_are_reset() {
    let mut buffer = [0; 48 + 32 * 3];
    let get = a(0x00, 0).with_action(Action::GET_RECORD_COUNT);
    let entries = [a(0x02, 0), a(0x05, 0), get];
    let table = Table::parse(TableWriter::new(&entries).encode(&mut buffer).unwrap()).unwrap();
    for semantics in BOTH {
        let mut machine = Machine::new(0, 0);
        let mut interpreter = Interpreter::new(&table, semantics);
        interpreter.set_input(6);
        assert_eq!(
            interpreter.run(ACTION, &mut machine),
            Ok(if semantics == Semantics::Linux { 6 } else { 0 })
        );
        assert_eq!(interpreter.run(Action::GET_RECORD_COUNT, &mut machine), Ok(6));
        assert_eq!((interpreter.state().var1, interpreter.state().output), (6, 6));
        assert_eq!((interpreter.semantics(), interpreter.limits()), (semantics, Limits::default()));
        interpreter.reset();
        assert_eq!(*interpreter.state(), erst_table::State::default());
    }
}

/// Registers of every width in memory and ports, byte by byte.
#[derive(Default)]
struct Wide {
    bytes: std::collections::BTreeMap<(u8, u64), u8>,
    accesses: Vec<(AddressSpace, u64, AccessWidth)>,
}

impl RegisterIo for Wide {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        self.accesses.push((space, address, width));
        if space.raw() > 1 {
            return Err(IoError::Unsupported);
        }
        let byte = |offset| self.bytes.get(&(space.raw(), address + offset)).copied().unwrap_or(0);
        Ok((0..u64::from(width.bytes()))
            .fold(0, |value, offset| value | u64::from(byte(offset)) << (8 * offset)))
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        self.accesses.push((space, address, width));
        assert_eq!(value & !width.mask(), 0);
        for offset in 0..u64::from(width.bytes()) {
            self.bytes.insert((space.raw(), address + offset), (value >> (8 * offset)) as u8);
        }
        Ok(())
    }

    fn stall_us(&mut self, _: u64) {}
}

#[test]
fn registers_of_every_width_and_space_are_reached_as_the_address_says() {
    for space in [AddressSpace::SYSTEM_MEMORY, AddressSpace::SYSTEM_IO] {
        for width in [AccessWidth::Byte, AccessWidth::Word, AccessWidth::Dword, AccessWidth::Qword] {
            let register = GenericAddress::new(space, 0x1000, width);
            let value = 0x8877_6655_4433_2211;
            let write =
                InstructionEntry::new(ACTION, Instruction::WRITE_REGISTER_VALUE, register).with_value(value);
            let read = InstructionEntry::new(ACTION, Instruction::READ_REGISTER, register);
            for semantics in BOTH {
                let mut wide = Wide::default();
                let (result, _) = run(&[write, read], semantics, &mut wide);
                assert_eq!(result, Ok(value & width.mask()));
                assert_eq!(wide.accesses, [(space, 0x1000, width); 2]);
            }
        }
    }
}

#[test]
fn a_space_the_machine_does_not_serve_is_its_to_say() {
    let register = GenericAddress::new(AddressSpace::FUNCTIONAL_FIXED_HARDWARE, 0x1000, AccessWidth::Byte);
    let read = InstructionEntry::new(ACTION, Instruction::READ_REGISTER, register);
    let mut wide = Wide::default();
    assert_eq!(
        run(&[read], Semantics::Specification, &mut wide).0.unwrap_err().kind(),
        ErrorKind::Io(IoError::Unsupported)
    );
    assert_eq!(wide.accesses.len(), 1);
    let kind = run(&[read], Semantics::Linux, &mut wide).0.unwrap_err().kind();
    assert_eq!(
        kind,
        ErrorKind::Register(RegisterFault::AddressSpace(AddressSpace::FUNCTIONAL_FIXED_HARDWARE))
    );
    assert_eq!(wide.accesses.len(), 1, "Linux does not even ask");
}

#[test]
fn a_register_without_a_bit_behind_its_access_reads_as_zero() {
    let mut register = GenericAddress::new(AddressSpace::SYSTEM_MEMORY, 0x1000, AccessWidth::Qword);
    register = register.with_bit_width(0).with_bit_offset(64);
    let write = InstructionEntry::new(ACTION, Instruction::WRITE_REGISTER_VALUE, register)
        .with_mask(u64::MAX)
        .with_value(9);
    let read = write.with_instruction(Instruction::READ_REGISTER);
    for semantics in BOTH {
        let mut wide = Wide::default();
        wide.bytes.insert((0, 0x1000), 0xff);
        let (result, state) =
            run(&[read, write.with_flags(InstructionFlags::PRESERVE_REGISTER)], semantics, &mut wide);
        assert_eq!((result.is_ok(), wide.bytes[&(0, 0x1000)]), (true, 0xff));
        assert_eq!(state.output, if semantics == Semantics::Linux { 9 } else { 0 });
    }
}

#[test]
fn memory_moves_as_if_through_a_buffer_byte_by_byte() {
    for (destination, source) in
        [(0x20_u64, 0x28_u64), (0x28, 0x20), (0x20, 0x20), (0x80, 0x20), (0x20, 0x80)]
    {
        let mut wide = Wide::default();
        let pattern: Vec<u8> = (1..=16).collect();
        wide.write_memory(source, &pattern).unwrap();
        // Through a reference, as the store does it.
        (&mut &mut wide).move_memory(destination, source, 16).unwrap();
        let mut moved = [0; 16];
        (&mut &mut wide).read_memory(destination, &mut moved).unwrap();
        assert_eq!(moved, *pattern, "{source:#x} to {destination:#x}");
        assert!(wide.accesses.iter().all(|access| access.2 == AccessWidth::Byte));
    }
    let mut wide = Wide::default();
    wide.move_memory(0, 8, 0).unwrap();
    wide.move_memory(8, 0, 0).unwrap();
    assert!(wide.accesses.is_empty());
}

#[test]
fn a_machine_behind_a_reference_is_the_machine() {
    fn through<Io: RegisterIo>(mut io: Io) {
        io.stall_us(7);
        io.move_memory(0x20, 0x20, 1).unwrap();
        io.write_memory(0x30, &[1, 2]).unwrap();
    }
    let (mut machine, mut behind) = (Machine::new(0, 0), Machine::new(0, 0));
    machine.stall_us(7);
    machine.move_memory(0x20, 0x20, 1).unwrap();
    machine.write_memory(0x30, &[1, 2]).unwrap();
    through(&mut behind);
    assert_eq!(behind, machine);
    assert_eq!((behind.memory[0x30], behind.memory[0x31], behind.events[0]), (1, 2, Event::Wait(7)));
}

#[test]
fn the_usual_limits() {
    let limits = Limits::default();
    assert_eq!((limits.steps, limits.time_us, limits.move_bytes), (100_000, 1_000_000, 1 << 20));
}
