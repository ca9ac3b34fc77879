//! What the printers of all sections share: which kernel it is, its lines, its lists and its hex dumps.

use core::fmt::{self, Write};

use crate::kernel_version::KernelVersion;

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

/// Where the text goes: characters, and bytes that are none.
pub(super) trait Sink: Write {
    /// Bytes as they are, as far as that can be.
    fn bytes(&mut self, bytes: &[u8]) -> fmt::Result;
}

/// What is not ASCII becomes the character with its number.
impl Sink for fmt::Formatter<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> fmt::Result {
        for byte in bytes {
            self.write_char(char::from(*byte))?;
        }
        Ok(())
    }
}

/// Which kernel prints, and how its lines begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options<'a> {
    pub(super) version: KernelVersion,
    pub(super) architecture: KernelArchitecture,
    pub(super) prefix: &'a str,
    pub(super) level_bytes: usize,
}

/// Writes what the kernel prints.
pub(super) struct Out<'t, 'f> {
    pub(super) f: &'t mut (dyn Sink + 'f),
    pub(super) options: Options<'t>,
}

impl Out<'_, '_> {
    /// One line, `indent` blanks after the prefix.
    pub(super) fn line(&mut self, indent: usize, text: fmt::Arguments<'_>) -> fmt::Result {
        writeln!(self.f, "{}{:indent$}{text}", self.options.prefix, "")
    }

    /// The beginning of a line that is written in parts.
    pub(super) fn begin(&mut self, indent: usize) -> fmt::Result {
        write!(self.f, "{}{:indent$}", self.options.prefix, "")
    }

    /// A line of a section's body.
    pub(super) fn body(&mut self, text: fmt::Arguments<'_>) -> fmt::Result {
        self.line(2, text)
    }

    /// A line of a structure in a section's body.
    pub(super) fn inner(&mut self, text: fmt::Arguments<'_>) -> fmt::Result {
        self.line(3, text)
    }

    /// A line of what a field of such a structure means.
    pub(super) fn detail(&mut self, text: fmt::Arguments<'_>) -> fmt::Result {
        self.line(4, text)
    }

    /// What stands for a body that is shorter than its section's shortest form.
    pub(super) fn too_short(&mut self) -> fmt::Result {
        self.f.write_str("[Firmware Warn]: error section length is too small\n")
    }

    /// Names of the set bits, broken at 80 columns.
    pub(super) fn list(&mut self, indent: usize, bits: u64, names: &[&str]) -> fmt::Result {
        let Options { prefix, level_bytes, .. } = self.options;
        let front = level_bytes.saturating_add(prefix.len()).saturating_add(indent);
        let mut column = 0usize;
        for name in set(bits, names) {
            let wide = column.saturating_add(name.len()).saturating_add(2);
            if column != 0 && wide <= 80 {
                write!(self.f, ", {name}")?;
                column = wide;
                continue;
            }
            if column != 0 {
                self.f.write_char('\n')?;
            }
            self.begin(indent)?;
            self.f.write_str(name)?;
            column = front.saturating_add(name.len());
        }
        if column == 0 { Ok(()) } else { self.f.write_char('\n') }
    }

    /// A hex dump of 16 bytes a line in numbers of `group` bytes, with the bytes as text or without.
    pub(super) fn dump(&mut self, indent: usize, bytes: &[u8], group: usize, text: bool) -> fmt::Result {
        for (number, row) in bytes.chunks(16).enumerate() {
            let whole = row.len().checked_rem(group) == Some(0);
            let group = if whole { group } else { 1 };
            self.begin(indent)?;
            write!(self.f, "{:08x}:", number.saturating_mul(16))?;
            let mut column = 0usize;
            for number in row.chunks(group) {
                self.f.write_char(' ')?;
                for byte in number.iter().rev() {
                    write!(self.f, "{byte:02x}")?;
                }
                column = column.saturating_add(number.len().saturating_mul(2)).saturating_add(1);
            }
            if text {
                // Two digits a byte, a blank a group, and one more.
                let pad = 16usize.checked_div(group).unwrap_or_default().saturating_add(34);
                write!(self.f, "{:pad$}", "", pad = pad.saturating_sub(column))?;
                for byte in row {
                    self.f.write_char(if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' })?;
                }
            }
            self.f.write_char('\n')?;
        }
        Ok(())
    }
}

/// As many of the first `length` bytes as there are, and the bytes after them.
pub(super) fn split(bytes: &[u8], length: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(length).unwrap_or((bytes, &[]))
}

/// A number as `%d` prints it.
pub(super) fn signed(value: u32) -> i32 {
    i32::from_le_bytes(value.to_le_bytes())
}

pub(super) fn name<'n>(names: &[&'n str], value: impl Into<u64>) -> Option<&'n str> {
    names.get(usize::try_from(value.into()).ok()?).copied()
}

pub(super) fn name_or_unknown<'n>(names: &[&'n str], value: impl Into<u64>) -> &'n str {
    name(names, value).unwrap_or("unknown")
}

/// The names of the bits that are set, the lowest first.
pub(super) fn set<'n>(bits: u64, names: &[&'n str]) -> impl Iterator<Item = &'n str> {
    (0..64u32).zip(names).filter(move |(place, _)| bits >> place & 1 != 0).map(|(_, name)| *name)
}

/// Kinds of processor error, by the bits of those that have several.
pub(super) const PROCESSOR_ERRORS: [&str; 4] =
    ["cache error", "TLB error", "bus error", "micro-architectural error"];

/// Transactions of a processor's checks.
pub(super) const TRANSACTIONS: [&str; 3] = ["Instruction", "Data Access", "Generic"];
