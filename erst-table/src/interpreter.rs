//! Runs the instructions of one action over the machine's registers (ACPI 6.5 section 18.5.1.2).

use crate::{
    AccessWidth, Action, Error, ErrorKind, Instruction, InstructionEntry, InstructionFlags, IoError,
    Location, RegisterFault, RegisterIo, Semantics, Table,
};

/// Why an action ended early: an [`Error`] without what the interpreter knows itself.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    Missing,
    Unknown(Instruction),
    Register(RegisterFault),
    Io(IoError),
    Steps,
    Time,
    Move(u64),
}

/// A [`Fault`], and where the interpreter stood.
#[derive(Clone, Copy)]
pub(crate) struct Stop {
    fault: Fault,
    action: Action,
    entry: usize,
}

/// How far one run of an action may go. Linux has no limit but the time of `STALL_WHILE_TRUE`: a `GOTO` back never ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Instructions run, table entries passed over after a jump back, and turns of `STALL_WHILE_TRUE` that do not wait.
    pub steps: u32,
    /// Microseconds waited.
    pub time_us: u64,
    /// Bytes of one `MOVE_DATA`.
    pub move_bytes: u64,
}

impl Limits {
    /// 100,000 steps, one second, 1 MiB.
    pub const DEFAULT: Self = Self { steps: 100_000, time_us: 1_000_000, move_bytes: 1 << 20 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The interpreter's variables, as the last run left them; after an error, as the failing instruction found them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct State {
    /// What the operating system handed in. Under Linux's semantics this and `output` are one running value.
    pub input: u64,
    /// What was read for the operating system.
    pub output: u64,
    /// `VAR1`.
    pub var1: u64,
    /// `VAR2`.
    pub var2: u64,
    /// `SRC_BASE`.
    pub source_base: u64,
    /// `DST_BASE`.
    pub destination_base: u64,
    /// Index in its action of the instruction to run next.
    pub index: u64,
    /// Index in the table of the instruction run last.
    pub entry: usize,
    /// Steps of this run.
    pub steps: u32,
    /// Microseconds waited in this run.
    pub waited_us: u64,
}

/// Runs actions of one table.
///
/// A run always ends: its [`Limits`] bound steps and time whatever the table says. It allocates nothing, recurses
/// nowhere and cannot panic.
#[derive(Clone, Debug)]
pub struct Interpreter<'a> {
    entries: &'a [InstructionEntry],
    semantics: Semantics,
    pub(crate) limits: Limits,
    state: State,
    /// The action run last, and the entry it came to: where an error was.
    action: Action,
    at: usize,
}

impl<'a> Interpreter<'a> {
    /// An interpreter of the table's instructions, its variables 0, its limits the default.
    pub const fn new(table: &Table<'a>, semantics: Semantics) -> Self {
        Self {
            entries: table.entries(),
            semantics,
            limits: Limits::DEFAULT,
            state: State {
                input: 0,
                output: 0,
                var1: 0,
                var2: 0,
                source_base: 0,
                destination_base: 0,
                index: 0,
                entry: 0,
                steps: 0,
                waited_us: 0,
            },
            action: Action::END_OPERATION,
            at: 0,
        }
    }

    /// This interpreter with other limits.
    #[must_use]
    #[inline]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whose reading of the instructions it follows.
    pub const fn semantics(&self) -> Semantics {
        self.semantics
    }

    /// The limits of each run.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// The interpreter's variables, which outlive a run of an action.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Sets all variables to 0. They otherwise last from one action to the next, as a sequence of actions may want it.
    pub fn reset(&mut self) {
        self.state = State::default();
    }

    /// Sets the input of the next action.
    pub fn set_input(&mut self, input: u64) {
        self.state.input = input;
        if self.semantics == Semantics::Linux {
            self.state.output = input;
        }
    }

    /// Runs an action and returns its output, 0 if it read none (under Linux's semantics: the running value).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAction`] when the table has no instruction of it. Otherwise the error of the instruction that
    /// failed, with its entry: [`ErrorKind::UnknownInstruction`], [`ErrorKind::Register`], [`ErrorKind::Io`],
    /// [`ErrorKind::StepLimit`], [`ErrorKind::TimeLimit`], [`ErrorKind::MoveTooLong`].
    pub fn run<Io: RegisterIo + ?Sized>(&mut self, action: Action, io: &mut Io) -> Result<u64, Error> {
        self.run_action(action, io).map_err(|fault| self.error(self.stop(fault)))
    }

    /// Where a fault of the action run last was.
    pub(crate) fn stop(&self, fault: Fault) -> Stop {
        Stop { fault, action: self.action, entry: self.at }
    }

    /// The error that a stop of this interpreter is.
    #[cold]
    pub(crate) fn error(&self, Stop { fault, action, entry }: Stop) -> Error {
        let kind = match fault {
            Fault::Missing => {
                return Error::new(ErrorKind::MissingAction, Location::Action(action));
            }
            Fault::Unknown(instruction) => ErrorKind::UnknownInstruction(instruction),
            Fault::Register(fault) => ErrorKind::Register(fault),
            Fault::Io(error) => ErrorKind::Io(error),
            Fault::Steps => ErrorKind::StepLimit(self.limits.steps),
            Fault::Time => ErrorKind::TimeLimit(self.limits.time_us),
            Fault::Move(length) => ErrorKind::MoveTooLong(length),
        };
        Error::new(kind, Location::Entry { action, entry })
    }

    /// [`run`](Self::run), with an error small enough for the stack of a panic.
    ///
    /// It passes over each of the table's entries once; after a jump back every one that it passes is a step, and
    /// [`Limits::steps`] is what there are of those.
    #[inline(never)]
    pub(crate) fn run_action<Io: RegisterIo + ?Sized>(
        &mut self,
        action: Action,
        io: &mut Io,
    ) -> Result<u64, Fault> {
        self.action = action;
        self.state.index = 0;
        self.state.steps = 0;
        self.state.waited_us = 0;
        if self.semantics == Semantics::Specification {
            self.state.output = 0;
        }
        // The action's entries need not lie together: they are counted while scanning the table, and a jump back scans
        // again from the first of them.
        let mut next = 0_usize;
        let mut first = None;
        let mut index = 0_u64;
        let mut rewound = false;
        while let Some(entry) = self.entries.get(next) {
            let here = next;
            next = next.wrapping_add(1);
            let due = entry.action() == action && index == self.state.index;
            self.at = here;
            if due || rewound {
                self.step()?;
            }
            if entry.action() != action {
                continue;
            }
            first = first.or(Some(here));
            if due {
                self.state.entry = here;
                self.state.index = self.execute(entry, io)?;
                if self.state.index <= index {
                    next = first.unwrap_or(0);
                    index = 0;
                    rewound = true;
                    continue;
                }
            }
            index = index.wrapping_add(1);
        }
        match first {
            Some(_) => Ok(self.state.output),
            None => Err(Fault::Missing),
        }
    }

    fn step(&mut self) -> Result<(), Fault> {
        if self.state.steps >= self.limits.steps {
            return Err(Fault::Steps);
        }
        self.state.steps = self.state.steps.wrapping_add(1);
        Ok(())
    }

    /// Runs one instruction and returns the index to go to. `STALL_WHILE_TRUE` turns as often as it waits a microsecond or
    /// more, until [`Limits::time_us`], or as there are [`Limits::steps`] left.
    ///
    /// There is one place that reads the register and one that writes it, so that they need no frame of their own.
    #[inline]
    fn execute<Io: RegisterIo + ?Sized>(
        &mut self,
        entry: &InstructionEntry,
        io: &mut Io,
    ) -> Result<u64, Fault> {
        let instruction = entry.instruction();
        let value = entry.value();
        let linux = self.semantics == Semantics::Linux;
        let operand = if linux { self.state.input } else { value };
        let read = loop {
            let read = if instruction.reads_register() { self.read(entry, io)? } else { 0 };
            if instruction != Instruction::STALL_WHILE_TRUE || read != operand {
                break read;
            }
            match self.stall_time(self.state.var1) {
                0 => self.step()?,
                time => self.stall(time, io)?,
            }
        };
        let mut next = self.state.index.wrapping_add(1);
        let mut written = None;
        match instruction {
            Instruction::READ_REGISTER => self.set_output(read),
            Instruction::READ_REGISTER_VALUE => self.set_output(u64::from(read == value)),
            Instruction::WRITE_REGISTER => written = Some(self.state.input),
            Instruction::WRITE_REGISTER_VALUE => {
                if linux {
                    self.set_input(value);
                }
                written = Some(value);
            }
            Instruction::NOOP | Instruction::STALL_WHILE_TRUE => {}
            Instruction::LOAD_VAR1 => self.state.var1 = read,
            Instruction::LOAD_VAR2 => self.state.var2 = read,
            Instruction::STORE_VAR1 => written = Some(self.state.var1),
            Instruction::ADD => self.state.var1 = self.state.var1.wrapping_add(self.state.var2),
            Instruction::SUBTRACT => {
                let State { var1, var2, .. } = self.state;
                self.state.var1 = if linux { var1.wrapping_sub(var2) } else { var2.wrapping_sub(var1) };
            }
            Instruction::ADD_VALUE => written = Some(read.wrapping_add(operand)),
            Instruction::SUBTRACT_VALUE => written = Some(read.wrapping_sub(operand)),
            Instruction::STALL => self.stall(self.stall_time(operand), io)?,
            Instruction::SKIP_NEXT_INSTRUCTION_IF_TRUE => {
                if read == operand {
                    next = next.wrapping_add(1);
                }
            }
            // Linux keeps the index in 32 bits.
            Instruction::GOTO => next = if linux { operand & 0xffff_ffff } else { operand },
            Instruction::SET_SRC_ADDRESS_BASE => self.state.source_base = read,
            Instruction::SET_DST_ADDRESS_BASE => self.state.destination_base = read,
            Instruction::MOVE_DATA => {
                let State { source_base, destination_base, var2: length, .. } = self.state;
                if length > self.limits.move_bytes {
                    return Err(Fault::Move(length));
                }
                let destination = destination_base.wrapping_add(read);
                io.move_memory(destination, source_base.wrapping_add(read), length).map_err(Fault::Io)?;
            }
            unknown => return Err(Fault::Unknown(unknown)),
        }
        if let Some(value) = written {
            self.write(entry, value, io)?;
        }
        Ok(next)
    }

    fn set_output(&mut self, output: u64) {
        self.state.output = output;
        if self.semantics == Semantics::Linux {
            self.state.input = output;
        }
    }

    /// Linux waits no longer than 50 microseconds at a time, whatever the firmware asks for.
    fn stall_time(&self, microseconds: u64) -> u64 {
        match self.semantics {
            Semantics::Specification => microseconds,
            Semantics::Linux => microseconds.min(50),
        }
    }

    fn stall<Io: RegisterIo + ?Sized>(&mut self, microseconds: u64, io: &mut Io) -> Result<(), Fault> {
        let waited = self.state.waited_us.saturating_add(microseconds);
        if waited > self.limits.time_us {
            return Err(Fault::Time);
        }
        self.state.waited_us = waited;
        if microseconds != 0 {
            io.stall_us(microseconds);
        }
        Ok(())
    }

    fn access(&self, entry: &InstructionEntry) -> Result<AccessWidth, Fault> {
        entry.register().access(self.semantics).map_err(Fault::Register)
    }

    /// The register shifted down by its bit offset, under the entry's mask.
    fn read<Io: RegisterIo + ?Sized>(&self, entry: &InstructionEntry, io: &mut Io) -> Result<u64, Fault> {
        let raw = self.read_raw(entry, io)?;
        // The bit offset is 64 at most, for a register without a bit.
        let shifted = raw.checked_shr(u32::from(entry.register().bit_offset())).unwrap_or(0);
        Ok(shifted & entry.mask())
    }

    fn read_raw<Io: RegisterIo + ?Sized>(&self, entry: &InstructionEntry, io: &mut Io) -> Result<u64, Fault> {
        let width = self.access(entry)?;
        let register = entry.register();
        let raw = io.read(register.space(), register.address(), width).map_err(Fault::Io)?;
        Ok(raw & width.mask())
    }

    /// Writes the value under the entry's mask, shifted up by the bit offset; with `PRESERVE_REGISTER` the other bits
    /// keep what is read first.
    fn write<Io: RegisterIo + ?Sized>(
        &self,
        entry: &InstructionEntry,
        value: u64,
        io: &mut Io,
    ) -> Result<(), Fault> {
        let width = self.access(entry)?;
        let register = entry.register();
        let up = |bits: u64| bits.checked_shl(u32::from(register.bit_offset())).unwrap_or(0);
        let mask = entry.mask();
        let mut raw = up(value & mask);
        if entry.flags().contains(InstructionFlags::PRESERVE_REGISTER) {
            raw |= self.read_raw(entry, io)? & !up(mask);
        }
        io.write(register.space(), register.address(), width, raw & width.mask()).map_err(Fault::Io)
    }
}
