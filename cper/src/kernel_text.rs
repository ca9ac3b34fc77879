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
//! let text = KernelText::new(&block).prefix("{1}[Hardware Error]: ").to_string();
//! assert!(text.starts_with("{1}[Hardware Error]: event severity: fatal\n"));
//! assert!(text.ends_with("{1}[Hardware Error]:   card:2 \n"));
//! # Ok::<(), cper::Error>(())
//! ```
//!
//! The kernel reads past a section's end where counts and lengths inside it lie; here the text ends there. The DIMM
//! of a memory error is named by its SMBIOS handle, as on a machine whose tables do not have it.

use core::fmt::{self, Write};

use crate::section::Ia32X64ErrorType;
use crate::{GenericErrorData, Guid, SectionTypeId, Severity, StatusBlock, Timestamp};

/// The series of kernels whose text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum KernelVersion {
    /// Linux 6.1: no CXL sections, and the AER registers of a PCIe section for fatal errors alone.
    V6_1,
    /// Linux 6.12.
    #[default]
    V6_12,
}

/// Which processors' sections the kernel can decode: it is built for one architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum KernelArchitecture {
    /// Sections of all processors are decoded, as no kernel does.
    #[default]
    Any,
    /// Arm sections are unknown.
    X86,
    /// IA32/X64 sections are unknown.
    Arm,
}

/// A status block or a section in the text that Linux prints for it. It is made by `Display`, a line at a time.
#[derive(Clone, Copy, Debug)]
pub struct KernelText<'a> {
    what: What<'a>,
    version: KernelVersion,
    architecture: KernelArchitecture,
    prefix: &'a str,
    level_bytes: usize,
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
            version: KernelVersion::V6_12,
            architecture: KernelArchitecture::Any,
            prefix: "",
            level_bytes: 0,
            source_id: None,
        }
    }

    /// Chooses the kernel.
    #[must_use]
    pub const fn version(mut self, version: KernelVersion) -> Self {
        self.version = version;
        self
    }

    /// Chooses what the kernel is built for.
    #[must_use]
    pub const fn architecture(mut self, architecture: KernelArchitecture) -> Self {
        self.architecture = architecture;
        self
    }

    /// Sets what stands before every line, such as `{1}[Hardware Error]: ` in GHES's text and `[Hardware Error]: `
    /// in BERT's.
    #[must_use]
    pub const fn prefix(mut self, prefix: &'a str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Sets how many invisible bytes stand before the prefix: 2 in the kernel's own logs, where they carry the log
    /// level. They count where a list of names is broken at 80 columns.
    #[must_use]
    pub const fn level_bytes(mut self, bytes: usize) -> Self {
        self.level_bytes = bytes;
        self
    }

    /// Begins with the line that names the generic hardware error source, as GHES does.
    #[must_use]
    pub const fn ghes_source(mut self, source_id: u32) -> Self {
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
        // Nothing fails: the function that takes the bytes cannot.
        let _ = self.write(&mut Exact(out));
    }

    fn write(&self, f: &mut dyn Sink) -> fmt::Result {
        let mut out = Out { f, text: self };
        if let Some(source) = self.source_id {
            let name = "Hardware error from APEI Generic Hardware Error Source";
            out.line(0, format_args!("{name}: {}", signed(source)))?;
        }
        match &self.what {
            What::Block(block) if block.check().is_ok() => out.block(block),
            What::Block(_) => Ok(()),
            What::Section { section_type, severity, body } => out.section(*section_type, *severity, body),
        }
    }
}

/// Where the text goes: characters, and bytes that are none.
trait Sink: Write {
    /// Bytes as they are, as far as that can be.
    fn bytes(&mut self, bytes: &[u8]) -> fmt::Result;
}

/// What is not ASCII becomes the character with its number.
impl Sink for fmt::Formatter<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> fmt::Result {
        bytes.iter().try_for_each(|byte| self.write_char(char::from(*byte)))
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

/// The little-endian number of `N` bytes at `at`; bytes behind the end count as zeros.
fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(bytes.get(at..).unwrap_or_default()).for_each(|(to, from)| *to = *from);
    out
}

fn u8_at(bytes: &[u8], at: usize) -> u8 {
    u8::from_le_bytes(bytes_at(bytes, at))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes_at(bytes, at))
}

/// As many of the `length` bytes at `at` as there are.
fn slice_at(bytes: &[u8], at: usize, length: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.get(..length).unwrap_or(rest)
}

/// A number as `%d` prints it.
fn signed(value: u32) -> i32 {
    i32::from_le_bytes(value.to_le_bytes())
}

fn name<'n>(names: &[&'n str], value: u64) -> Option<&'n str> {
    names.get(usize::try_from(value).ok()?).copied()
}

fn name_or_unknown<'n>(names: &[&'n str], value: u64) -> &'n str {
    name(names, value).unwrap_or("unknown")
}

const fn bit(bits: u64, place: u32) -> bool {
    bits >> place & 1 != 0
}

/// The severity's name, of which the printer looks at 16 bits.
fn severity_name(severity: Severity) -> &'static str {
    name_or_unknown(&["recoverable", "fatal", "corrected", "info"], u64::from(severity.raw() & 0xffff))
}

const PROCESSOR_ERRORS: [&str; 4] = ["cache error", "TLB error", "bus error", "micro-architectural error"];
const TRANSACTIONS: [&str; 3] = ["Instruction", "Data Access", "Generic"];
const PARTICIPATIONS: [&str; 4] = [
    "Local Processor originated request",
    "Local Processor responded to request",
    "Local Processor observed",
    "Generic",
];

struct Out<'t, 'f> {
    f: &'t mut (dyn Sink + 'f),
    text: &'t KernelText<'t>,
}

/// Prints a body, whose section has this severity.
type Printer<'t, 'f> = fn(&mut Out<'t, 'f>, &[u8], Severity) -> fmt::Result;

impl<'t, 'f> Out<'t, 'f> {
    /// One line, `indent` blanks behind the prefix.
    fn line(&mut self, indent: usize, text: fmt::Arguments<'_>) -> fmt::Result {
        writeln!(self.f, "{}{:indent$}{text}", self.text.prefix, "")
    }

    /// A line of a section's body.
    fn body(&mut self, text: fmt::Arguments<'_>) -> fmt::Result {
        self.line(2, text)
    }

    /// A line of a structure in a section's body.
    fn inner(&mut self, text: fmt::Arguments<'_>) -> fmt::Result {
        self.line(3, text)
    }

    /// A line of what such a structure means.
    fn detail(&mut self, text: fmt::Arguments<'_>) -> fmt::Result {
        self.line(4, text)
    }

    /// Names of the set bits, broken at 80 columns.
    fn list(&mut self, indent: usize, bits: u64, names: &[&str]) -> fmt::Result {
        let front = self.text.level_bytes.saturating_add(self.text.prefix.len()).saturating_add(indent);
        let mut column = 0usize;
        for (_, name) in (0..).zip(names).filter(|(place, _)| bit(bits, *place)) {
            let wide = column.saturating_add(name.len()).saturating_add(2);
            if column != 0 && wide <= 80 {
                write!(self.f, ", {name}")?;
                column = wide;
                continue;
            }
            if column != 0 {
                self.f.write_char('\n')?;
            }
            write!(self.f, "{}{:indent$}{name}", self.text.prefix, "")?;
            column = front.saturating_add(name.len());
        }
        if column == 0 { Ok(()) } else { self.f.write_char('\n') }
    }

    /// A hex dump of 16 bytes a line in numbers of `group` bytes, with the bytes as text or without.
    fn dump(&mut self, indent: usize, bytes: &[u8], group: usize, text: bool) -> fmt::Result {
        for (number, row) in bytes.chunks(16).enumerate() {
            let whole = row.len().checked_rem(group) == Some(0);
            let group = if whole { group } else { 1 };
            write!(self.f, "{}{:indent$}{:08x}:", self.text.prefix, "", number.saturating_mul(16))?;
            let mut column = 0usize;
            for number in row.chunks(group) {
                self.f.write_char(' ')?;
                number.iter().rev().try_for_each(|byte| write!(self.f, "{byte:02x}"))?;
                column = column.saturating_add(number.len().saturating_mul(2)).saturating_add(1);
            }
            if text {
                // Two digits a byte, a blank a group, and one more.
                let pad = 16usize.checked_div(group).unwrap_or_default().saturating_add(34);
                write!(self.f, "{:pad$}", "", pad = pad.saturating_sub(column))?;
                row.iter().try_for_each(|byte| {
                    self.f.write_char(if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' })
                })?;
            }
            self.f.write_char('\n')?;
        }
        Ok(())
    }

    fn too_small(&mut self) -> fmt::Result {
        self.f.write_str("[Firmware Warn]: error section length is too small\n")
    }

    fn block(&mut self, block: &StatusBlock<'_>) -> fmt::Result {
        let severity = block.severity();
        if severity.raw() & 0xffff == Severity::CORRECTED.raw() {
            self.line(0, format_args!("It has been corrected by h/w and requires no further action"))?;
        }
        self.line(0, format_args!("event severity: {}", severity_name(severity)))?;
        for entry in block.entries().flatten() {
            self.entry(entry.number(), &entry.header())?;
            self.section(entry.section_type(), entry.severity(), entry.bytes())?;
        }
        Ok(())
    }

    fn entry(&mut self, number: u16, header: &GenericErrorData) -> fmt::Result {
        if let Some(time) = header.timestamp() {
            self.timestamp(time)?;
        }
        self.line(1, format_args!("Error {number}, type: {}", severity_name(header.severity())))?;
        if let Some(id) = header.fru_id() {
            self.line(1, format_args!("fru_id: {id}"))?;
        }
        match header.fru_text() {
            Some(text) => {
                write!(self.f, "{} fru_text: ", self.text.prefix)?;
                self.f.bytes(text.as_bytes())?;
                self.f.write_char('\n')
            }
            None => Ok(()),
        }
    }

    fn timestamp(&mut self, time: Timestamp) -> fmt::Result {
        // Digits that are no BCD are added up all the same.
        let [century, year, month, day, hours, minutes, seconds] =
            [time.century, time.year, time.month, time.day, time.hours, time.minutes, time.seconds]
                .map(|bcd| u16::from(bcd >> 4).wrapping_mul(10).wrapping_add(u16::from(bcd & 15)));
        let precise = if time.is_precise() { "precise" } else { "imprecise" };
        self.line(
            1,
            format_args!(
                "{precise} tstamp: {century:02}{year:02}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}"
            ),
        )
    }

    fn section(&mut self, section_type: SectionTypeId, severity: Severity, body: &[u8]) -> fmt::Result {
        let Self { text, .. } = *self;
        let cxl = text.version >= KernelVersion::V6_12;
        let (least, print): (usize, Printer<'t, 'f>) = if section_type == SectionTypeId::PROCESSOR_GENERIC {
            self.section_type("general processor error")?;
            (192, |out, body, _| out.processor_generic(body))
        } else if section_type == SectionTypeId::MEMORY {
            self.section_type("memory error")?;
            (73, |out, body, _| out.memory(body))
        } else if section_type == SectionTypeId::PCIE {
            self.section_type("PCIe error")?;
            (208, Self::pcie)
        } else if section_type == SectionTypeId::ARM_PROCESSOR && text.architecture != KernelArchitecture::X86
        {
            self.section_type("ARM processor error")?;
            (40, |out, body, _| out.arm(body))
        } else if section_type == SectionTypeId::IA32_X64_PROCESSOR
            && text.architecture != KernelArchitecture::Arm
        {
            self.section_type("IA32/X64 processor error")?;
            (64, |out, body, _| out.ia32x64(body))
        } else if section_type == SectionTypeId::FIRMWARE_ERROR_RECORD {
            self.section_type("Firmware Error Record Reference")?;
            (16, |out, body, _| out.firmware(body))
        } else if cxl && section_type == SectionTypeId::CXL_PROTOCOL {
            self.section_type("CXL Protocol Error")?;
            (116, |out, body, _| out.cxl_protocol(body))
        } else if cxl && section_type == SectionTypeId::CXL_GENERAL_MEDIA {
            return self.section_type("CXL General Media Event");
        } else if cxl && section_type == SectionTypeId::CXL_DRAM {
            return self.section_type("CXL DRAM Event");
        } else if cxl && section_type == SectionTypeId::CXL_MEMORY_MODULE {
            return self.section_type("CXL Memory Module Event");
        } else {
            self.body(format_args!("section type: unknown, {}", section_type.raw()))?;
            self.body(format_args!("section length: {:#x}", body.len()))?;
            return self.dump(2, body, 4, true);
        };
        if body.len() < least { self.too_small() } else { print(self, body, severity) }
    }

    fn section_type(&mut self, name: &str) -> fmt::Result {
        self.body(format_args!("section_type: {name}"))
    }

    fn processor_generic(&mut self, body: &[u8]) -> fmt::Result {
        let valid = |place| bit(u64_at(body, 0), place);
        let coded = |at, names: &[&'static str]| {
            let value = u8_at(body, at);
            (value, name_or_unknown(names, u64::from(value)))
        };
        if valid(0) {
            let (value, name) = coded(8, &["IA32/X64", "IA64", "ARM"]);
            self.body(format_args!("processor_type: {value}, {name}"))?;
        }
        if valid(1) {
            let (value, name) = coded(9, &["IA32", "IA64", "X64", "ARM A32/T32", "ARM A64"]);
            self.body(format_args!("processor_isa: {value}, {name}"))?;
        }
        if valid(2) {
            self.body(format_args!("error_type: {:#04x}", u8_at(body, 10)))?;
            self.list(2, u64::from(u8_at(body, 10)), &PROCESSOR_ERRORS)?;
        }
        if valid(3) {
            let names = ["unknown or generic", "data read", "data write", "instruction execution"];
            let (value, name) = coded(11, &names);
            self.body(format_args!("operation: {value}, {name}"))?;
        }
        if valid(4) {
            self.body(format_args!("flags: {:#04x}", u8_at(body, 12)))?;
            let names = ["restartable", "precise IP", "overflow", "corrected"];
            self.list(2, u64::from(u8_at(body, 12)), &names)?;
        }
        if valid(5) {
            self.body(format_args!("level: {}", u8_at(body, 13)))?;
        }
        for (place, at, name) in [
            (6, 16, "version_info"),
            (8, 152, "processor_id"),
            (9, 160, "target_address"),
            (10, 168, "requestor_id"),
            (11, 176, "responder_id"),
            (12, 184, "IP"),
        ] {
            if valid(place) {
                self.body(format_args!("{name}: {:#018x}", u64_at(body, at)))?;
            }
        }
        Ok(())
    }

    fn memory(&mut self, body: &[u8]) -> fmt::Result {
        let bits = u64_at(body, 0);
        let valid = |place| bit(bits, place);
        if body.len() == 73 && bits >> 15 != 0 {
            return self.f.write_str("[Firmware Warn]: valid bits set for fields beyond structure\n");
        }
        if valid(0) {
            let status = u64_at(body, 8);
            self.inner(format_args!("error_status: {} ({status:#018x})", error_status((status >> 8) as u8)))?;
        }
        if valid(1) {
            self.body(format_args!("physical_address: {:#018x}", u64_at(body, 16)))?;
        }
        if valid(2) {
            self.body(format_args!("physical_address_mask: {:#018x}", u64_at(body, 24)))?;
        }
        self.memory_location(bits, body)?;
        if valid(14) {
            let value = u8_at(body, 72);
            let name = name_or_unknown(&MEMORY_ERRORS, u64::from(value));
            self.body(format_args!("error_type: {value}, {name}"))?;
        }
        if valid(17) {
            let handle = u16_at(body, 78);
            self.body(format_args!("DIMM location: not present. DMI handle: {handle:#06x} "))?;
        }
        Ok(())
    }

    fn memory_location(&mut self, bits: u64, body: &[u8]) -> fmt::Result {
        const PARTS: u64 = 0x3c_bff8;
        if bits & PARTS == 0 {
            return Ok(());
        }
        let extended = u8_at(body, 73);
        let bank = u16_at(body, 38);
        let high_row = if bit(bits, 18) { u32::from(extended & 3) << 16 } else { 0 };
        write!(self.f, "{}  ", self.text.prefix)?;
        for (place, name, value) in [
            (3, "node", u32::from(u16_at(body, 32))),
            (4, "card", u32::from(u16_at(body, 34))),
            (5, "module", u32::from(u16_at(body, 36))),
            (15, "rank", u32::from(u16_at(body, 74))),
            (6, "bank", u32::from(bank)),
            (19, "bank_group", u32::from(bank >> 8)),
            (20, "bank_address", u32::from(bank & 0xff)),
            (7, "device", u32::from(u16_at(body, 40))),
            (8, "row", high_row | u32::from(u16_at(body, 42))),
            (9, "column", u32::from(u16_at(body, 44))),
            (10, "bit_position", u32::from(u16_at(body, 46))),
        ] {
            if bit(bits, place) || place == 8 && bit(bits, 18) {
                write!(self.f, "{name}:{value} ")?;
            }
        }
        for (place, name, at) in [(11, "requestor_id", 48), (12, "responder_id", 56), (13, "target_id", 64)] {
            if bit(bits, place) {
                write!(self.f, "{name}:{:#018x} ", u64_at(body, at))?;
            }
        }
        if bit(bits, 21) {
            write!(self.f, "chip_id:{} ", extended >> 5)?;
        }
        self.f.write_char('\n')
    }

    fn pcie(&mut self, body: &[u8], severity: Severity) -> fmt::Result {
        let valid = |place| bit(u64_at(body, 0), place);
        let word = |at| u16_at(body, at);
        let dword = |at| u32_at(body, at);
        if valid(0) {
            let value = dword(8);
            let name = name_or_unknown(&PCIE_PORTS, u64::from(value));
            self.body(format_args!("port_type: {}, {name}", signed(value)))?;
        }
        if valid(1) {
            self.body(format_args!("version: {}.{}", u8_at(body, 13), u8_at(body, 12)))?;
        }
        if valid(2) {
            self.body(format_args!("command: {:#06x}, status: {:#06x}", word(16), word(18)))?;
        }
        if valid(3) {
            let (segment, bus, device, function) =
                (word(33), u8_at(body, 35), u8_at(body, 32), u8_at(body, 31));
            self.body(format_args!("device_id: {segment:04x}:{bus:02x}:{device:02x}.{function:x}"))?;
            self.body(format_args!("slot: {}", word(37) >> 3))?;
            self.body(format_args!("secondary_bus: {:#04x}", u8_at(body, 36)))?;
            self.body(format_args!("vendor_id: {:#06x}, device_id: {:#06x}", word(24), word(26)))?;
            let [low, middle, high] = bytes_at(body, 28);
            self.body(format_args!("class_code: {high:02x}{middle:02x}{low:02x}"))?;
        }
        if valid(4) {
            self.body(format_args!("serial number: {:#06x}, {:#06x}", dword(40), dword(44)))?;
        }
        if valid(5) {
            self.body(format_args!(
                "bridge: secondary_status: {:#06x}, control: {:#06x}",
                word(48),
                word(50)
            ))?;
        }
        let corrected_too = self.text.version >= KernelVersion::V6_12;
        if !valid(7) || !corrected_too && !bit(u64::from(severity.raw()), 0) {
            return Ok(());
        }
        if corrected_too {
            self.body(format_args!(
                "aer_cor_status: {:#010x}, aer_cor_mask: {:#010x}",
                dword(128),
                dword(132)
            ))?;
        }
        self.body(format_args!(
            "aer_uncor_status: {:#010x}, aer_uncor_mask: {:#010x}",
            dword(116),
            dword(120)
        ))?;
        self.body(format_args!("aer_uncor_severity: {:#010x}", dword(124)))?;
        let [a, b, c, d] = [140, 144, 148, 152].map(dword);
        self.body(format_args!("TLP Header: {a:08x} {b:08x} {c:08x} {d:08x}"))
    }

    fn firmware(&mut self, body: &[u8]) -> fmt::Result {
        let names = [
            "IPF SAL Error Record",
            "SOC Firmware Error Record Type1 (Legacy CrashLog Support)",
            "SOC Firmware Error Record Type2",
        ];
        let revision = u8_at(body, 1);
        let name = name_or_unknown(&names, u64::from(u8_at(body, 0)));
        self.body(format_args!("Firmware Error Record Type: {name}"))?;
        self.body(format_args!("Revision: {revision}"))?;
        let offset = match revision {
            0 => {
                self.body(format_args!("Record Identifier: {:08x}", u64_at(body, 8)))?;
                16
            }
            1 => 8,
            2 => {
                self.body(format_args!("Record Identifier: {}", Guid(bytes_at(body, 16))))?;
                32
            }
            _ => 32,
        };
        match body.get(offset..) {
            Some(rest) => self.dump(2, rest, 4, true),
            None => {
                let length = body.len();
                self.body(format_args!("error section length is too small: offset={offset}, length={length}"))
            }
        }
    }

    fn cxl_protocol(&mut self, body: &[u8]) -> fmt::Result {
        let valid = |place| bit(u64_at(body, 0), place);
        let word = |at| u16_at(body, at);
        let agent = u8_at(body, 8);
        let function = agent <= 7 && agent != 1;
        if valid(0) {
            let name = name_or_unknown(&CXL_AGENTS, u64::from(agent));
            self.inner(format_args!("agent_type: {agent}, {name}"))?;
        }
        if valid(1) && function {
            let (segment, bus, device, function) =
                (word(19), u8_at(body, 18), u8_at(body, 17), u8_at(body, 16));
            self.inner(format_args!("agent_address: {segment:04x}:{bus:02x}:{device:02x}.{function:x}"))?;
        }
        if valid(1) && agent == 1 {
            self.inner(format_args!("rcrb_base_address: {:#018x}", u64_at(body, 16)))?;
        }
        if valid(2) && function {
            self.inner(format_args!("slot: {}", word(34) >> 3))?;
            self.inner(format_args!("vendor_id: {:#06x}, device_id: {:#06x}", word(24), word(26)))?;
            self.inner(format_args!("sub_vendor_id: {:#06x}, sub_device_id: {:#06x}", word(28), word(30)))?;
            self.inner(format_args!("class_code: {:02x}{:02x}", u8_at(body, 33), u8_at(body, 32)))?;
        }
        if valid(3) && matches!(agent, 0 | 2..=4) {
            self.inner(format_args!(
                "lower_dw: {:#010x}, upper_dw: {:#010x}",
                u32_at(body, 40),
                u32_at(body, 44)
            ))?;
        }
        if valid(4) && function {
            self.dump(2, slice_at(body, 48, 60), 4, false)?;
        }
        let dvsec_length = usize::from(word(108));
        if valid(5) {
            self.inner(format_args!("DVSEC length: {dvsec_length:#06x}"))?;
            self.inner(format_args!("CXL DVSEC:"))?;
            self.dump(2, slice_at(body, 116, dvsec_length), 4, false)?;
        }
        if valid(6) {
            let log = slice_at(body, dvsec_length.saturating_add(116), usize::MAX);
            self.inner(format_args!("Error log length: {:#06x}", word(110)))?;
            self.inner(format_args!("CXL Error Log:"))?;
            for (at, name) in [
                (0, "cxl_ras_uncor_status"),
                (4, "cxl_ras_uncor_mask"),
                (8, "cxl_ras_uncor_severity"),
                (12, "cxl_ras_cor_status"),
                (16, "cxl_ras_cor_mask"),
                (20, "cap_control"),
            ] {
                self.inner(format_args!("{name}: {:#010x}", u32_at(log, at)))?;
            }
            self.inner(format_args!("Header Log Registers:"))?;
            self.dump(2, slice_at(log, 24, 64), 4, false)?;
        }
        Ok(())
    }

    fn ia32x64(&mut self, body: &[u8]) -> fmt::Result {
        let bits = u64_at(body, 0);
        if bit(bits, 0) {
            self.body(format_args!("Local APIC_ID: {:#x}", u64_at(body, 8)))?;
        }
        if bit(bits, 1) {
            self.body(format_args!("CPUID Info:"))?;
            self.dump(2, slice_at(body, 16, 48), 4, false)?;
        }
        let mut rest = slice_at(body, 64, usize::MAX);
        for number in 0..bits >> 2 & 63 {
            // The kernel prints the last structure from its start, wherever the section ends. What it finds behind the
            // end is not the section's: a field that is not whole is left out here.
            let (error, after) = rest.split_at_checked(64).unwrap_or((rest, &[]));
            if error.len() < 16 {
                return Ok(());
            }
            self.body(format_args!("Error Information Structure {number}:"))?;
            self.ia32x64_error(error)?;
            rest = after;
        }
        for number in 0..bits >> 8 & 63 {
            let Some((header, after)) = rest.split_at_checked(16) else { return Ok(()) };
            self.body(format_args!("Context Information Structure {number}:"))?;
            let size = usize::from(u16_at(header, 2));
            self.ia32x64_context(header, slice_at(after, 0, size))?;
            rest = slice_at(after, size, usize::MAX);
        }
        Ok(())
    }

    fn ia32x64_error(&mut self, error: &[u8]) -> fmt::Result {
        let valid = |place| bit(u64_at(error, 16), place);
        let kind = Ia32X64ErrorType::new(Guid(bytes_at(error, 0)));
        self.inner(format_args!("Error Structure Type: {}", kind.name().unwrap_or("unknown")))?;
        if kind.name().is_none() {
            self.inner(format_args!("Error Structure Type: {}", kind.raw()))?;
        }
        if valid(0) && error.len() >= 32 {
            let check = u64_at(error, 24);
            self.inner(format_args!("Check Information: {check:#018x}"))?;
            if kind == Ia32X64ErrorType::MICRO_ARCHITECTURAL {
                self.micro_architectural_check(check)?;
            } else if kind.name().is_some() {
                self.check(check, kind)?;
            }
        }
        for (place, at, name) in [
            (1, 32_usize, "Target Identifier"),
            (2, 40, "Requestor Identifier"),
            (3, 48, "Responder Identifier"),
            (4, 56, "Instruction Pointer"),
        ] {
            if valid(place) && error.len() >= at.saturating_add(8) {
                self.inner(format_args!("{name}: {:#018x}", u64_at(error, at)))?;
            }
        }
        Ok(())
    }

    fn micro_architectural_check(&mut self, check: u64) -> fmt::Result {
        if bit(check, 0) {
            let value = check >> 16 & 7;
            let names = [
                "No Error",
                "Unclassified",
                "Microcode ROM Parity Error",
                "External Error",
                "FRC Error",
                "Internal Unclassified",
            ];
            self.detail(format_args!("Error Type: {value}, {}", name_or_unknown(&names, value)))?;
        }
        self.check_flags(check, 1, 19)
    }

    /// Five flags and their validity bits, each in a row.
    fn check_flags(&mut self, check: u64, valid: u32, low: u32) -> fmt::Result {
        let names = ["Processor Context Corrupt", "Uncorrected", "Precise IP", "Restartable IP", "Overflow"];
        for ((name, valid), place) in names.into_iter().zip(valid..).zip(low..) {
            if bit(check, valid) {
                self.detail(format_args!("{name}: {}", bit(check, place)))?;
            }
        }
        Ok(())
    }

    fn check(&mut self, check: u64, kind: Ia32X64ErrorType) -> fmt::Result {
        let operations = [
            "generic error",
            "generic read",
            "generic write",
            "data read",
            "data write",
            "instruction fetch",
            "prefetch",
            "eviction",
            "snoop",
        ];
        let known = if kind == Ia32X64ErrorType::CACHE { 9 } else { 7 };
        if bit(check, 0) {
            let value = check >> 16 & 3;
            self.detail(format_args!(
                "Transaction Type: {value}, {}",
                name_or_unknown(&TRANSACTIONS, value)
            ))?;
        }
        if bit(check, 1) {
            let value = check >> 18 & 15;
            let name = if value < known { name_or_unknown(&operations, value) } else { "unknown" };
            self.detail(format_args!("Operation: {value}, {name}"))?;
        }
        if bit(check, 2) {
            self.detail(format_args!("Level: {}", check >> 22 & 7))?;
        }
        self.check_flags(check, 3, 25)?;
        if kind != Ia32X64ErrorType::BUS {
            return Ok(());
        }
        if bit(check, 8) {
            let value = check >> 30 & 3;
            let name = name_or_unknown(&PARTICIPATIONS, value);
            self.detail(format_args!("Participation Type: {value}, {name}"))?;
        }
        if bit(check, 9) {
            self.detail(format_args!("Time Out: {}", bit(check, 32)))?;
        }
        if bit(check, 10) {
            let value = check >> 33 & 3;
            let names = ["Memory Access", "Reserved", "I/O", "Other Transaction"];
            self.detail(format_args!("Address Space: {value}, {}", name_or_unknown(&names, value)))?;
        }
        Ok(())
    }

    fn ia32x64_context(&mut self, header: &[u8], array: &[u8]) -> fmt::Result {
        let kind = u16_at(header, 0);
        let name = name_or_unknown(&IA32X64_CONTEXTS, u64::from(kind));
        self.inner(format_args!("Register Context Type: {name}"))?;
        let size = u16_at(header, 2);
        self.inner(format_args!("Register Array Size: {size:#06x}"))?;
        let mut group = 4;
        if kind == 1 {
            let number = u32_at(header, 4);
            self.inner(format_args!("MSR Address: {number:#010x}"))?;
            // Where the registers are those of a scalable MCA bank and the kernel runs on that very processor, it logs
            // a machine check instead of the array. No block says so, and without the array its text would have the
            // registers nowhere: they are printed, as a kernel on any other machine prints them.
            group = 8;
        } else if kind == 7 {
            self.inner(format_args!("MM Register Address: {:#018x}", u64_at(header, 8)))?;
        }
        self.inner(format_args!("Register Array:"))?;
        self.dump(3, array, group, false)
    }

    fn arm(&mut self, body: &[u8]) -> fmt::Result {
        const INCORRECT: &str = "firmware-generated error record is incorrect";
        let valid = |place| bit(u64::from(u32_at(body, 0)), place);
        let (errors, contexts) = (usize::from(u16_at(body, 4)), u16_at(body, 6));
        let length = u32_at(body, 8);
        self.body(format_args!("MIDR: {:#018x}", u64_at(body, 24)))?;
        let errors_end = errors.saturating_mul(32).saturating_add(40);
        let left = signed(length.wrapping_sub(errors_end as u32));
        let wrong = if left < 0 {
            Some("small")
        } else if length as usize > body.len() {
            Some("big")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            let size = body.len();
            self.body(format_args!("section length: {}, CPER size: {size}", signed(length)))?;
            self.body(format_args!("section length is too {wrong}"))?;
            self.body(format_args!("{INCORRECT}"))?;
            return self.body(format_args!("ERR_INFO_NUM is {errors}"));
        }
        if valid(0) {
            let mpidr = u64_at(body, 16);
            self.body(format_args!("Multiprocessor Affinity Register (MPIDR): {mpidr:#018x}"))?;
        }
        if valid(1) {
            self.body(format_args!("error affinity level: {}", u8_at(body, 12)))?;
        }
        if valid(2) {
            self.body(format_args!("running state: {:#x}", u32_at(body, 32)))?;
            let state = signed(u32_at(body, 36));
            self.body(format_args!("Power State Coordination Interface state: {state}"))?;
        }
        let (front, mut rest) =
            slice_at(body, 0, length as usize).split_at_checked(errors_end).unwrap_or_default();
        for (number, error) in front.get(40..).unwrap_or_default().chunks_exact(32).enumerate() {
            self.body(format_args!("Error info structure {number}:"))?;
            self.arm_error(error)?;
        }
        for number in 0..contexts {
            self.body(format_args!("Context info structure {number}:"))?;
            let size = u32_at(rest, 4) as usize;
            let Some((context, after)) = size.checked_add(8).and_then(|size| rest.split_at_checked(size))
            else {
                self.inner(format_args!("section length is too small"))?;
                return self.body(format_args!("{INCORRECT}"));
            };
            let kind = u16_at(context, 2);
            let Some(name) = name(&ARM_CONTEXTS, u64::from(kind)) else {
                return self.inner(format_args!("Invalid context type: {kind} (max: 8)"));
            };
            self.inner(format_args!("register context type: {name}"))?;
            self.dump(3, slice_at(context, 8, size), 4, false)?;
            rest = after;
        }
        if rest.is_empty() {
            return Ok(());
        }
        self.body(format_args!("Vendor specific error info has {} bytes:", rest.len()))?;
        self.dump(3, rest, 4, true)
    }

    fn arm_error(&mut self, error: &[u8]) -> fmt::Result {
        let valid = |place| bit(u64::from(u16_at(error, 2)), place);
        let kind = u8_at(error, 4);
        self.body(format_args!("num errors: {}", u32::from(u16_at(error, 5)).saturating_add(1)))?;
        if valid(1) {
            let flags = u64::from(u8_at(error, 7));
            let names = [
                "first error captured",
                "last error captured",
                "propagated error captured",
                "overflow occurred, error info is incomplete",
            ];
            for (_, name) in (0..).zip(names).filter(|(place, _)| bit(flags, *place)) {
                self.inner(format_args!("{name}"))?;
            }
        }
        write!(self.f, "{}   error_type: {kind:#04x}: ", self.text.prefix)?;
        let mut separator = "";
        for (_, name) in (1..).zip(PROCESSOR_ERRORS).filter(|(place, _)| bit(u64::from(kind), *place)) {
            write!(self.f, "{separator}{name}")?;
            separator = "|";
        }
        self.f.write_str(if kind & !0x1e == 0 { "\n" } else { " with reserved bit(s)\n" })?;
        if valid(2) {
            let information = u64_at(error, 8);
            self.inner(format_args!("error_info: {information:#018x}"))?;
            if kind & 0x10 == 0 {
                self.arm_information(information, kind)?;
            }
        }
        if valid(3) {
            self.inner(format_args!("virtual fault address: {:#018x}", u64_at(error, 16)))?;
        }
        if valid(4) {
            self.inner(format_args!("physical fault address: {:#018x}", u64_at(error, 24)))?;
        }
        Ok(())
    }

    fn arm_information(&mut self, bits: u64, kind: u8) -> fmt::Result {
        let valid = |place| bit(bits, place);
        let kinds = (1..4).zip([ARM_CACHE_OPERATIONS, ARM_TLB_OPERATIONS, &[]]).zip(PROCESSOR_ERRORS);
        let kinds = kinds.filter(|((place, _), _)| bit(u64::from(kind), *place));
        if let (true, Some(name)) = (valid(0), name(&TRANSACTIONS, bits >> 16 & 3)) {
            self.detail(format_args!("transaction type: {name}"))?;
        }
        if valid(1) {
            let operation = bits >> 18 & 15;
            for ((_, more), kind) in kinds.clone() {
                let own = || name(more, operation.checked_sub(7)?);
                if let Some(name) = name(&ARM_OPERATIONS, operation).or_else(own) {
                    self.detail(format_args!("{kind}, operation type: {name}"))?;
                }
            }
        }
        if valid(2) {
            let level = bits >> 22 & 7;
            for ((place, _), _) in kinds {
                let what = match place {
                    1 => "cache level",
                    2 => "TLB level",
                    _ => "affinity level at which the bus error occurred",
                };
                self.detail(format_args!("{what}: {level}"))?;
            }
        }
        for (place, at, set, clear) in [
            (3, 25, "processor context corrupted", "processor context not corrupted"),
            (4, 26, "the error has been corrected", "the error has not been corrected"),
            (5, 27, "PC is precise", "PC is imprecise"),
        ] {
            if valid(place) {
                self.detail(format_args!("{}", if bit(bits, at) { set } else { clear }))?;
            }
        }
        if valid(6) && bit(bits, 28) {
            let text = "Program execution can be restarted reliably at the PC associated with the error.";
            self.detail(format_args!("{text}"))?;
        }
        if kind == 8 { self.arm_bus(bits) } else { Ok(()) }
    }

    fn arm_bus(&mut self, bits: u64) -> fmt::Result {
        let valid = |place| bit(bits, place);
        if valid(7) {
            let names = [
                "Local processor originated request",
                "Local processor responded to request",
                "Local processor observed",
                "Generic",
            ];
            self.detail(format_args!("participation type: {}", name_or_unknown(&names, bits >> 29 & 3)))?;
        }
        if valid(8) && bit(bits, 31) {
            self.detail(format_args!("request timed out"))?;
        }
        if valid(9) {
            let names =
                ["External Memory Access", "Internal Memory Access", "Unknown", "Device Memory Access"];
            self.detail(format_args!("address space: {}", name_or_unknown(&names, bits >> 32 & 3)))?;
        }
        if valid(10) {
            self.detail(format_args!("memory access attributes:{:#x}", bits >> 34 & 0x1ff))?;
        }
        if valid(11) {
            let mode = if bit(bits, 43) { "normal" } else { "secure" };
            self.detail(format_args!("access mode: {mode}"))?;
        }
        Ok(())
    }
}

fn error_status(kind: u8) -> &'static str {
    match kind {
        1 => "Error detected internal to the component",
        4 => "Storage error in DRAM memory",
        5 => "Storage error in TLB",
        6 => "Storage error in cache",
        7 => "Error in one or more functional units",
        8 => "Component failed self test",
        9 => "Overflow or undervalue of internal queue",
        16 => "Error detected in the bus",
        17 => "Virtual address not found on IO-TLB or IO-PDIR",
        18 => "Improper access error",
        19 => "Access to a memory address which is not mapped to any component",
        20 => "Loss of Lockstep",
        21 => "Response not associated with a request",
        22 => "Bus parity error - must also set the A, C, or D Bits",
        23 => "Detection of a protocol error",
        24 => "Detection of a PATH_ERROR",
        25 => "Bus operation timeout",
        26 => "A read was issued to data that has been poisoned",
        _ => "Reserved",
    }
}

const MEMORY_ERRORS: [&str; 16] = [
    "unknown",
    "no error",
    "single-bit ECC",
    "multi-bit ECC",
    "single-symbol chipkill ECC",
    "multi-symbol chipkill ECC",
    "master abort",
    "target abort",
    "parity error",
    "watchdog timeout",
    "invalid address",
    "mirror Broken",
    "memory sparing",
    "scrub corrected error",
    "scrub uncorrected error",
    "physical memory map-out event",
];

const PCIE_PORTS: [&str; 11] = [
    "PCIe end point",
    "legacy PCI end point",
    "unknown",
    "unknown",
    "root port",
    "upstream switch port",
    "downstream switch port",
    "PCIe to PCI/PCI-X bridge",
    "PCI/PCI-X to PCIe bridge",
    "root complex integrated endpoint device",
    "root complex event collector",
];

const CXL_AGENTS: [&str; 8] = [
    "Restricted CXL Device",
    "Restricted CXL Host Downstream Port",
    "CXL Device",
    "CXL Logical Device",
    "CXL Fabric Manager managed Logical Device",
    "CXL Root Port",
    "CXL Downstream Switch Port",
    "CXL Upstream Switch Port",
];

const IA32X64_CONTEXTS: [&str; 8] = [
    "Unclassified Data",
    "MSR Registers (Machine Check and other MSRs)",
    "32-bit Mode Execution Context",
    "64-bit Mode Execution Context",
    "FXSAVE Context",
    "32-bit Mode Debug Registers (DR0-DR7)",
    "64-bit Mode Debug Registers (DR0-DR7)",
    "Memory Mapped Registers",
];

const ARM_CONTEXTS: [&str; 9] = [
    "AArch32 general purpose registers",
    "AArch32 EL1 context registers",
    "AArch32 EL2 context registers",
    "AArch32 secure context registers",
    "AArch64 general purpose registers",
    "AArch64 EL1 context registers",
    "AArch64 EL2 context registers",
    "AArch64 EL3 context registers",
    "Misc. system register structure",
];

/// Operations of every kind; those of caches and TLBs go on from 7.
const ARM_OPERATIONS: [&str; 7] = [
    "Generic error (type cannot be determined)",
    "Generic read (type of instruction or data request cannot be determined)",
    "Generic write (type of instruction of data request cannot be determined)",
    "Data read",
    "Data write",
    "Instruction fetch",
    "Prefetch",
];
const ARM_CACHE_OPERATIONS: &[&str] = &[
    "Eviction",
    "Snooping (processor initiated a cache snoop that resulted in an error)",
    "Snooped (processor raised a cache error caused by another processor or device snooping its cache)",
    "Management",
];
const ARM_TLB_OPERATIONS: &[&str] = &[
    "Local management operation (processor initiated a TLB management operation that resulted in an error)",
    "External management operation (processor raised a TLB error caused by another processor or device broadcasting TLB operations)",
];
