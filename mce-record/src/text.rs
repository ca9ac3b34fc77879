//! What people read: a line, a block, and the kernel's own words.

use core::fmt;

use crate::record::MceRecord;
use crate::registers::{Address, McgStatus};
use crate::severity::Circumstances;
use crate::status::StatusReading;

/// A list of names with commas between them, `none` if there are none.
pub(crate) struct Names<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    any: bool,
}

impl<'a, 'b> Names<'a, 'b> {
    pub(crate) const fn new(f: &'a mut fmt::Formatter<'b>) -> Self {
        Self { f, any: false }
    }

    pub(crate) fn name(&mut self, name: impl fmt::Display) -> fmt::Result {
        let separator = if self.any { ", " } else { "" };
        self.any = true;
        write!(self.f, "{separator}{name}")
    }

    pub(crate) fn name_if(&mut self, condition: bool, name: &str) -> fmt::Result {
        if condition { self.name(name) } else { Ok(()) }
    }

    /// The names of the bits of `table` that are set.
    pub(crate) fn set_bits(&mut self, bits: u64, table: &[(u64, &str)]) -> fmt::Result {
        table.iter().try_for_each(|&(mask, name)| self.name_if(bits & mask != 0, name))
    }

    pub(crate) fn finish(self) -> fmt::Result {
        if self.any { Ok(()) } else { self.f.write_str("none") }
    }
}

/// Writes parts of a phrase, a separator before each but the first.
struct Phrase<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    separator: &'static str,
}

impl Phrase<'_, '_> {
    fn part(&mut self, part: impl fmt::Display) -> fmt::Result {
        write!(self.f, "{}{part}", self.separator)?;
        self.separator = ", ";
        Ok(())
    }

    fn part_if(&mut self, condition: bool, part: &str) -> fmt::Result {
        if condition { self.part(part) } else { Ok(()) }
    }
}

/// One line: who, what, how bad. Made by [`MceRecord::summary`].
#[derive(Clone, Copy, Debug)]
pub struct Summary<'r, 'a>(&'r MceRecord<'a>);

impl fmt::Display for Summary<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        write!(f, "machine check on CPU {}, ", record.cpu())?;
        match record.bank() {
            Some(bank) => write!(f, "bank {bank}")?,
            None => f.write_str("reported by firmware")?,
        }
        write!(f, ": {}", record.code_kind())?;
        outcome(record, Phrase { f, separator: "; " })
    }
}

/// What became of the error.
fn outcome(record: &MceRecord<'_>, mut phrase: Phrase<'_, '_>) -> fmt::Result {
    let status = record.status();
    if !status.valid() {
        return phrase.part("status not valid");
    }
    let reading = record.status_reading();
    let deferred = matches!(reading, StatusReading::Amd(amd) if amd.deferred());
    phrase.part(if status.context_corrupt() {
        "context corrupt"
    } else if deferred {
        "deferred"
    } else if status.uncorrected() {
        "uncorrected"
    } else {
        "corrected"
    })?;
    match reading {
        StatusReading::Intel(intel) => {
            phrase.part_if(intel.action_required() == Some(true), "action required")?;
            if let Some(count @ 2..) = intel.corrected_errors() {
                phrase.part(format_args!("{count} times"))?;
            }
        }
        StatusReading::Amd(amd) => {
            phrase.part_if(amd.task_context_corrupt(), "task context corrupt")?;
            phrase.part_if(amd.poison(), "poisoned data used")?;
        }
    }
    phrase.part_if(status.overflow(), "further errors lost")
}

/// The record in lines of a label and its value. Made by [`MceRecord::details`].
#[derive(Clone, Copy, Debug)]
pub struct Details<'r, 'a>(&'r MceRecord<'a>);

impl fmt::Display for Details<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        status_lines(record, f)?;
        address_line(record, f)?;
        global_lines(record, f)?;
        processor_line(record, f)?;
        severity_line(record, f)?;
        absent_line(record, f)
    }
}

/// A 64-bit number with `0x` in a column of its own.
struct Column(u64);

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `{:#x}` would pad on the left: a register's digits decide how much is missing on the right.
        let digits = u64::BITS.saturating_sub(self.0.leading_zeros()).div_ceil(4).max(1);
        let missing = 16_u32.saturating_sub(digits) as usize;
        write!(f, "{:#x}{:missing$}", self.0, "")
    }
}

fn status_lines(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (status, reading) = (record.status(), record.status_reading());
    write!(f, "status      {:#018x}  {reading}", status.bits())?;
    write!(f, "\n  code      {}  {:#}", status.error_code(), record.code_kind())?;
    let filtered = matches!(reading, StatusReading::Intel(_)) && status.error_code().filtered();
    f.write_str(if filtered { "; further reports held back" } else { "" })
}

fn address_line(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(Address { value, mode, lsb }) = record.address() else { return Ok(()) };
    let (Some(mode), Some(lsb)) = (mode, lsb) else { return write!(f, "\naddress     {value:#x}") };
    write!(f, "\naddress     {}  {mode}, significant from bit {lsb}", Column(value))
}

fn global_lines(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let global = record.mcg_status();
    write!(f, "\nglobal      {}  ", Column(global.bits()))?;
    let mut names = Names::new(f);
    names.set_bits(global.bits(), McgStatus::NAMES)?;
    names.finish()?;
    let Some(ip) = record.ip() else { return Ok(()) };
    let exact = if global.error_ip_valid() { "" } else { " (inexact)" };
    write!(f, "\nip          {:#x}:{ip:#x}{exact}", record.cs())
}

fn processor_line(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (Some(vendor), Some(signature)) = (record.cpu_vendor(), record.signature()) else { return Ok(()) };
    write!(f, "\nprocessor   {vendor} {signature}")?;
    if let Some(microcode) = record.microcode() {
        write!(f, ", microcode {microcode:#x}")?;
    }
    let (Some(socket), Some(apic_id)) = (record.socket(), record.apic_id()) else { return Ok(()) };
    write!(f, ", socket {socket}, APIC {apic_id}")
}

fn severity_line(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\nseverity    ")?;
    if let Some(stored) = record.severity() {
        write!(f, "{stored} (kernel), ")?;
    }
    write!(f, "{} (recomputed)", record.grade(Circumstances::of(record)).severity)
}

/// What one may look for in vain: fields that are 0, and fields the layout does not have.
fn absent_line(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fields = [
        ("synd", record.synd().map(u64::from)),
        ("ipid", record.ipid().map(u64::from)),
        ("ppin", record.ppin()),
        ("microcode", record.microcode().map(u64::from)),
    ];
    let mut phrase = Phrase { f, separator: "\nnot in this record: " };
    let mut list = |wanted: Option<u64>, reason: fmt::Arguments<'_>| {
        let names = fields.iter().filter(|&&(_, value)| value == wanted).map(|&(name, _)| name);
        if names.clone().next().is_none() {
            return Ok(());
        }
        names.clone().try_for_each(|name| phrase.part(name))?;
        write!(phrase.f, " ({reason})")
    };
    list(Some(0), format_args!("zero"))?;
    list(None, format_args!("not in the layout of {} bytes", record.layout().size()))
}

impl<'a> MceRecord<'a> {
    /// The record in a line.
    pub const fn summary(&self) -> Summary<'_, 'a> {
        Summary(self)
    }

    /// The record in lines of a label and its value, without a line end after the last.
    pub const fn details(&self) -> Details<'_, 'a> {
        Details(self)
    }
}

/// The line of [`MceRecord::summary`]; the lines of [`MceRecord::details`] in the alternate form `{:#}`.
impl fmt::Display for MceRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() { self.details().fmt(f) } else { self.summary().fmt(f) }
    }
}
