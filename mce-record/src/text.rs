//! What people read: a line, and a block of lines.

use core::fmt;

use crate::list::List;
use crate::record::{AmdSyndromes, MceRecord};
use crate::registers::{Address, CpuVendor, McgStatus};
use crate::severity::Circumstances;
use crate::status::StatusReading;
use crate::vendor::Unit;

/// One line: who, what, how bad. Made by [`MceRecord::summary`].
#[derive(Clone, Copy, Debug)]
pub struct Summary<'r, 'a>(&'r MceRecord<'a>);

impl fmt::Display for Summary<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "machine check on CPU {}, {}", self.0.cpu(), self.0.error())
    }
}

/// What went wrong and where, without the processor. Made by [`MceRecord::error`].
#[derive(Clone, Copy, Debug)]
pub struct BankError<'r, 'a>(&'r MceRecord<'a>);

impl fmt::Display for BankError<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        match record.bank() {
            Some(bank) => write!(f, "bank {bank}")?,
            None => f.write_str("reported by firmware")?,
        }
        match (record.unit(), record.model_error()) {
            // Scalable MCA's extended code is complete; the error code beside it is often empty.
            (Some(unit @ Unit::Amd(_)), Some(error)) => write!(f, " ({unit}): {error}")?,
            (Some(unit @ Unit::Amd(_)), None) => write!(f, " ({unit}): {}", record.code_kind())?,
            (Some(unit), Some(error)) => write!(f, " ({unit}): {}: {error}", record.code_kind())?,
            _ => write!(f, ": {}", record.code_kind())?,
        }
        if let Some(requester) = record.io_requester() {
            write!(f, ", requester {requester}")?;
        }
        outcome(record, List::new(f, "; "))
    }
}

/// What became of the error.
fn outcome(record: &MceRecord<'_>, mut list: List<'_, '_>) -> fmt::Result {
    let status = record.status();
    if !status.valid() {
        return list.part("status not valid");
    }
    let reading = record.status_reading();
    list.part(status.outcome(record.cpu_vendor().unwrap_or(CpuVendor::INTEL)))?;
    match reading {
        StatusReading::Intel(intel) => {
            list.part_if(intel.action_required() == Some(true), "action required")?;
            if let Some(count @ 2..) = intel.corrected_errors() {
                list.part(format_args!("{count} times"))?;
            }
        }
        StatusReading::Amd(amd) => {
            list.part_if(amd.task_context_corrupt(), "task context corrupt")?;
            list.part_if(amd.poison(), "poisoned data used")?;
        }
    }
    list.part_if(status.overflow(), "further errors lost")
}

/// The record in lines of a label and its value. Made by [`MceRecord::details`].
#[derive(Clone, Copy, Debug)]
pub struct Details<'r, 'a>(&'r MceRecord<'a>);

impl fmt::Display for Details<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        status_lines(record, f)?;
        address_lines(record, f)?;
        global_lines(record, f)?;
        processor_line(record, f)?;
        amd_lines(record, f)?;
        severity_line(record, f)?;
        kernel_lines(record, f)?;
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
    write!(f, "status      {:#018x}  {reading}", status.raw())?;
    write!(f, "\n  code      {}  {:#}", status.error_code(), record.code_kind())?;
    let filtered = matches!(reading, StatusReading::Intel(_)) && status.error_code().filtered();
    f.write_str(if filtered { "; further reports held back" } else { "" })?;
    let model_code = match reading {
        StatusReading::Intel(_) => status.model_specific_code(),
        StatusReading::Amd(amd) => u16::from(amd.extended_code()),
    };
    match record.model_error() {
        Some(error) => write!(f, "\n  model     {model_code:#06x}  {error}")?,
        None if model_code != 0 => write!(f, "\n  model     {model_code:#06x}")?,
        None => {}
    }
    match record.unit() {
        Some(unit) => write!(f, "\nunit        {unit}"),
        None => Ok(()),
    }
}

fn address_lines(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(Address { value, mode, lsb }) = record.address() {
        match (mode, lsb) {
            (Some(mode), Some(lsb)) => {
                write!(f, "\naddress     {}  {mode}, significant from bit {lsb}", Column(value))?;
            }
            _ => write!(f, "\naddress     {value:#x}")?,
        }
    }
    if let Some(location) = record.dram_location() {
        write!(f, "\nmemory      {location}")?;
    }
    if let Some(requester) = record.io_requester() {
        write!(f, "\nrequester   {requester}")?;
    }
    if let Some(counter) = record.threshold_counter() {
        write!(f, "\ncounter     {counter}")?;
    }
    misc_line(record, f)
}

/// `MCi_MISC`, if it holds something that no other line has.
fn misc_line(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(misc) = record.misc() else { return Ok(()) };
    let said = if record.dram_location().is_some() || record.threshold_counter().is_some() {
        u64::MAX
    } else if record.io_requester().is_some() {
        0xff_ffff_0000
    } else if record.address().is_some_and(|address| address.mode.is_some()) {
        0x1ff
    } else {
        0
    };
    if misc.any(!said) { write!(f, "\nmisc        {misc}") } else { Ok(()) }
}

fn global_lines(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let global = record.mcg_status();
    write!(f, "\nglobal      {}  ", Column(global.raw()))?;
    let mut names = List::new(f, "");
    names.set_bits(global.raw(), McgStatus::NAMES)?;
    names.or_none()?;
    let Some(ip) = record.ip() else { return Ok(()) };
    let exact = if global.error_ip_valid() { "" } else { " (inexact)" };
    write!(f, "\nip          {:#x}:{ip:#x}{exact}", record.cs())
}

fn processor_line(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (Some(vendor), Some(signature)) = (record.cpu_vendor(), record.signature()) else { return Ok(()) };
    write!(f, "\nprocessor   {vendor} {signature}")?;
    if let Some(name) = signature.name(vendor) {
        write!(f, " ({name})")?;
    }
    if let Some(microcode) = record.microcode() {
        write!(f, ", microcode {microcode:#x}")?;
    }
    let (Some(socket), Some(apic_id)) = (record.socket(), record.apic_id()) else { return Ok(()) };
    write!(f, ", socket {socket}, APIC {apic_id}")
}

/// The registers of AMD's scalable MCA, and the chip's number.
fn amd_lines(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let syndromes = record.amd_syndromes();
    let registers = [
        ("syndrome   ", record.synd().map(u64::from)),
        ("syndrome 1 ", syndromes.map(AmdSyndromes::synd1)),
        ("syndrome 2 ", syndromes.map(AmdSyndromes::synd2)),
        ("ipid       ", record.ipid().map(u64::from)),
        ("ppin       ", record.ppin()),
    ];
    registers.into_iter().try_for_each(|(label, value)| match value {
        None | Some(0) => Ok(()),
        Some(value) => write!(f, "\n{label} {value:#x}"),
    })
}

fn severity_line(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\nseverity    ")?;
    if let Some(stored) = record.severity() {
        write!(f, "{stored} (kernel), ")?;
    }
    write!(f, "{} (recomputed)", record.grade(Circumstances::of(record)).severity)
}

/// What the kernel did with the event, and whether it was real.
fn kernel_lines(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(handled) = record.handled().filter(|handled| !handled.is_empty()) {
        write!(f, "\nhandled by  {handled}")?;
    }
    if let Some(injected) = record.inject_flags().filter(|injected| !injected.is_empty()) {
        write!(f, "\ninjected    {injected}")?;
    }
    Ok(())
}

/// What one may look for in vain: fields that are 0, and fields the layout does not have.
fn absent_line(record: &MceRecord<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let fields = [
        ("synd", record.synd().map(u64::from)),
        ("ipid", record.ipid().map(u64::from)),
        ("ppin", record.ppin()),
        ("microcode", record.microcode().map(u64::from)),
    ];
    let mut list = List::new(f, "\nnot in this record: ");
    let mut names_of = |wanted: Option<u64>, reason: fmt::Arguments<'_>| {
        let names = fields.iter().filter(|&&(_, value)| value == wanted).map(|&(name, _)| name);
        if names.clone().next().is_none() {
            return Ok(());
        }
        names.clone().try_for_each(|name| list.part(name))?;
        write!(list.f, " ({reason})")
    };
    names_of(Some(0), format_args!("zero"))?;
    names_of(None, format_args!("not in the layout of {} bytes", record.layout().size()))
}

impl<'a> MceRecord<'a> {
    /// The record in a line.
    pub const fn summary(&self) -> Summary<'_, 'a> {
        Summary(self)
    }

    /// The bank, what went wrong and what became of it, without the number of the processor: for registers of a bank
    /// that were found without that number.
    pub const fn error(&self) -> BankError<'_, 'a> {
        BankError(self)
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
