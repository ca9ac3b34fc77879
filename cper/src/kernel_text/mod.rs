//! The text that the Linux kernel prints for status blocks and sections, line for line.
//!
//! Logs, tickets and scripts know this form (`drivers/firmware/efi/cper.c` and its siblings, Linux 6.1 and 6.12).
//! [`KernelText`] gives it for bytes that never met that kernel:
//!
//! ```
//! use cper::section::MemoryError;
//! use cper::{GenericErrorData, KernelText, Severity, StatusBlock, StatusBlockWriter};
//!
//! let mut buffer = [0; 256];
//! let mut writer = StatusBlockWriter::new(&mut buffer, Severity::FATAL)?;
//! writer.entry(&GenericErrorData::new(Severity::FATAL), &MemoryError::new().with_card(2))?;
//! let block = StatusBlock::parse(writer.finish()?)?;
//! let text = KernelText::new(&block).with_prefix("{1}[Hardware Error]: ").to_string();
//! assert!(text.starts_with("{1}[Hardware Error]: event severity: fatal\n"));
//! assert!(text.ends_with("{1}[Hardware Error]:   card:2 \n"));
//! # Ok::<(), cper::Error>(())
//! ```
//!
//! The kernel reads past a section's end where counts and lengths inside it lie; here the text ends there. The DIMM
//! of a memory error is named by its SMBIOS handle, as on a machine whose tables do not have it.

use core::fmt::{self, Write};

mod arm;
mod cxl_protocol;
mod firmware;
mod ia32x64;
pub(crate) mod memory;
mod out;
mod pcie;
mod processor_generic;

use crate::kernel_version::KernelVersion;
use crate::{GenericErrorData, SectionTypeId, Severity, StatusBlock, Timestamp};
pub use out::KernelArchitecture;
use out::{Options, Out, Sink, name_or_unknown, signed};

/// A status block or a section in the text that Linux prints for it. It is made by `Display`, a line at
/// a time, and every line ends in a newline.
#[derive(Clone, Copy, Debug)]
pub struct KernelText<'a> {
    what: What<'a>,
    options: Options<'a>,
    source_id: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
enum What<'a> {
    Block(StatusBlock<'a>),
    Section { section_type: SectionTypeId, severity: Severity, body: &'a [u8] },
}

impl<'a> KernelText<'a> {
    /// The text of a block; nothing for one that Linux refuses ([`StatusBlock::check`] says why).
    pub const fn new(block: &StatusBlock<'a>) -> Self {
        Self::of(What::Block(*block))
    }

    /// The text of one section's body, beginning with the line that names its type. The severity decides, in
    /// Linux 6.1, whether a PCIe section's AER registers are printed.
    pub const fn of_section(section_type: SectionTypeId, severity: Severity, body: &'a [u8]) -> Self {
        Self::of(What::Section { section_type, severity, body })
    }

    const fn of(what: What<'a>) -> Self {
        Self {
            what,
            options: Options {
                version: KernelVersion::V6_12,
                architecture: KernelArchitecture::Any,
                prefix: "",
                level_bytes: 0,
            },
            source_id: None,
        }
    }

    /// Chooses the kernel. Linux 6.1 has no CXL sections, and prints the AER registers of a PCIe section for fatal errors
    /// alone.
    #[must_use]
    #[inline]
    pub const fn with_version(mut self, version: KernelVersion) -> Self {
        self.options.version = version;
        self
    }

    /// Chooses what the kernel is built for.
    #[must_use]
    #[inline]
    pub const fn with_architecture(mut self, architecture: KernelArchitecture) -> Self {
        self.options.architecture = architecture;
        self
    }

    /// Sets what stands before every line, such as `{1}[Hardware Error]: ` in GHES's text and `[Hardware Error]: `
    /// in BERT's.
    #[must_use]
    #[inline]
    pub const fn with_prefix(mut self, prefix: &'a str) -> Self {
        self.options.prefix = prefix;
        self
    }

    /// Sets how many invisible bytes stand before the prefix: 2 in the kernel's own logs, where they carry the log
    /// level. They count where a list of names is broken at 80 columns.
    #[must_use]
    #[inline]
    pub const fn with_level_bytes(mut self, bytes: usize) -> Self {
        self.options.level_bytes = bytes;
        self
    }

    /// Begins with the line that names the generic hardware error source, as GHES does.
    #[must_use]
    #[inline]
    pub const fn with_ghes_source(mut self, source_id: u32) -> Self {
        self.source_id = Some(source_id);
        self
    }
}

impl fmt::Display for KernelText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl KernelText<'_> {
    /// Hands on the text as the bytes that the kernel prints, in pieces.
    ///
    /// A FRU text is bytes of no stated encoding, and the kernel prints them as they are. `Display`, which can write
    /// characters alone, has the character with the byte's number for each byte from 0x80 on.
    ///
    /// ```
    /// use cper::section::MemoryError;
    /// use cper::{FruText, GenericErrorData, KernelText, Severity, StatusBlock, StatusBlockWriter};
    ///
    /// let mut buffer = [0; 256];
    /// let mut writer = StatusBlockWriter::new(&mut buffer, Severity::FATAL)?;
    /// let entry = GenericErrorData::new(Severity::FATAL).with_fru_text(FruText::new(b"DIMM \xb5")?);
    /// writer.entry(&entry, &MemoryError::new())?;
    /// let block = StatusBlock::parse(writer.finish()?)?;
    /// let mut printed = Vec::new();
    /// KernelText::new(&block).write_bytes(&mut |bytes| printed.extend_from_slice(bytes));
    /// assert!(printed.windows(17).any(|bytes| bytes == b"fru_text: DIMM \xb5\n"));
    /// # Ok::<(), cper::Error>(())
    /// ```
    pub fn write_bytes(&self, out: &mut dyn FnMut(&[u8])) {
        // The function that takes the bytes cannot fail.
        let _ = self.write(&mut Exact(out));
    }

    fn write(&self, f: &mut dyn Sink) -> fmt::Result {
        let mut out = Out { f, options: self.options };
        if let Some(source) = self.source_id {
            let name = "Hardware error from APEI Generic Hardware Error Source";
            out.line(0, format_args!("{name}: {}", signed(source)))?;
        }
        match &self.what {
            What::Block(block) if block.check().is_ok() => print_block(&mut out, block),
            What::Block(_) => Ok(()),
            What::Section { section_type, severity, body } => {
                print_section(&mut out, *section_type, *severity, body)
            }
        }
    }
}

struct Exact<'f>(&'f mut dyn FnMut(&[u8]));

impl Write for Exact<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        (self.0)(text.as_bytes());
        Ok(())
    }
}

impl Sink for Exact<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> fmt::Result {
        (self.0)(bytes);
        Ok(())
    }
}

/// The severity's name, of which the printer looks at 16 bits.
fn severity_name(severity: Severity) -> &'static str {
    name_or_unknown(&["recoverable", "fatal", "corrected", "info"], severity.raw() & 0xffff)
}

fn print_block(out: &mut Out<'_, '_>, block: &StatusBlock<'_>) -> fmt::Result {
    let severity = block.severity();
    if severity.raw() & 0xffff == Severity::CORRECTED.raw() {
        out.line(0, format_args!("It has been corrected by h/w and requires no further action"))?;
    }
    out.line(0, format_args!("event severity: {}", severity_name(severity)))?;
    for entry in block.entries().flatten() {
        print_entry(out, entry.number(), &entry.header())?;
        print_section(out, entry.section_type(), entry.severity(), entry.bytes())?;
    }
    Ok(())
}

fn print_entry(out: &mut Out<'_, '_>, number: u16, header: &GenericErrorData) -> fmt::Result {
    if let Some(time) = header.timestamp() {
        print_timestamp(out, time)?;
    }
    out.line(1, format_args!("Error {number}, type: {}", severity_name(header.severity())))?;
    if let Some(id) = header.fru_id() {
        out.line(1, format_args!("fru_id: {id}"))?;
    }
    match header.fru_text() {
        Some(text) => {
            out.begin(1)?;
            out.f.write_str("fru_text: ")?;
            out.f.bytes(text.text())?;
            out.f.write_char('\n')
        }
        None => Ok(()),
    }
}

fn print_timestamp(out: &mut Out<'_, '_>, time: Timestamp) -> fmt::Result {
    // Linux adds up digits that are no BCD too.
    let number = |bcd: u8| u16::from(bcd >> 4).wrapping_mul(10).wrapping_add(u16::from(bcd & 15));
    let (century, year) = (number(time.century()), number(time.year()));
    let (month, day) = (number(time.month()), number(time.day()));
    let (hours, minutes, seconds) = (number(time.hours()), number(time.minutes()), number(time.seconds()));
    let precise = if time.is_precise() { "precise" } else { "imprecise" };
    out.line(
        1,
        format_args!(
            "{precise} tstamp: {century:02}{year:02}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}"
        ),
    )
}

/// Prints a body, whose section has this severity.
type Printer = fn(&mut Out<'_, '_>, &[u8], Severity) -> fmt::Result;

/// A section that a kernel knows: type, name, the first kernel, the architecture it is not for, and the printer.
type Known = (SectionTypeId, &'static str, KernelVersion, Option<KernelArchitecture>, Option<Printer>);

/// The sections that a kernel knows. It prints only the name of a CXL event.
const SECTIONS: [Known; 10] = {
    use KernelArchitecture::{Arm, X86};
    use KernelVersion::{V6_1, V6_12};
    use SectionTypeId as Id;
    [
        (Id::PROCESSOR_GENERIC, "general processor error", V6_1, None, Some(processor_generic::print)),
        (Id::MEMORY, "memory error", V6_1, None, Some(memory::print)),
        (Id::PCIE, "PCIe error", V6_1, None, Some(pcie::print)),
        (Id::ARM_PROCESSOR, "ARM processor error", V6_1, Some(X86), Some(arm::print)),
        (Id::IA32_X64_PROCESSOR, "IA32/X64 processor error", V6_1, Some(Arm), Some(ia32x64::print)),
        (Id::FIRMWARE_ERROR_RECORD, "Firmware Error Record Reference", V6_1, None, Some(firmware::print)),
        (Id::CXL_PROTOCOL, "CXL Protocol Error", V6_12, None, Some(cxl_protocol::print)),
        (Id::CXL_GENERAL_MEDIA, "CXL General Media Event", V6_12, None, None),
        (Id::CXL_DRAM, "CXL DRAM Event", V6_12, None, None),
        (Id::CXL_MEMORY_MODULE, "CXL Memory Module Event", V6_12, None, None),
    ]
};

fn print_section(
    out: &mut Out<'_, '_>,
    section_type: SectionTypeId,
    severity: Severity,
    body: &[u8],
) -> fmt::Result {
    let Options { version, architecture, .. } = out.options;
    let known = SECTIONS.iter().find(|(known, _, since, not_for, _)| {
        *known == section_type && version >= *since && *not_for != Some(architecture)
    });
    let Some((_, name, _, _, print)) = known else {
        out.body(format_args!("section type: unknown, {}", section_type.raw()))?;
        out.body(format_args!("section length: {:#x}", body.len()))?;
        return out.dump(2, body, 4, true);
    };
    out.body(format_args!("section_type: {name}"))?;
    match print {
        Some(print) => print(out, body, severity),
        None => Ok(()),
    }
}
