//! The names that pstore goes by: files in `/sys/fs/pstore`, EFI variables, UEFI's own error record variables.
//!
//! | name | of | source |
//! |---|---|---|
//! | `dmesg-erst-7710893088750698498`, `….enc.z` when still compressed; `console-ramoops` | [`FileName`] | Linux 6.12 fs/pstore/inode.c and older ones |
//! | `dump-type0-1-1-1763793600-C` and two older forms | [`EfiVariable`] | Linux 6.12 drivers/firmware/efi/efi-pstore.c |
//! | `HwErrRec001A` | [`HwErrRec`] | UEFI 2.11 appendix P |
//!
//! Every name that parses is written again as it was; what a kernel would not have written does not parse.
//!
//! ```
//! use pstore_format::names::{EfiVariable, FileName, IdMeaning};
//!
//! let name = FileName::parse("dmesg-erst-7710893088750698498.enc.z").ok_or("no pstore file")?;
//! assert_eq!((name.kind, name.backend, name.compressed), ("dmesg", "erst", true));
//! assert_eq!(name.meaning(), IdMeaning::Boot { time: 1795332201, sequence: 2 });
//!
//! let variable = EfiVariable::parse("dump-type0-1-1-1763793600-C").ok_or("no pstore variable")?;
//! let file = FileName { kind: "dmesg", backend: "efi_pstore", id: Some(variable.record_id()), compressed: false };
//! assert_eq!(file.to_string(), "dmesg-efi_pstore-176379360001001");
//! # Ok::<(), &str>(())
//! ```

use core::fmt;

use cper::SectionTypeId;

use crate::error::Error;
use crate::grammar::{number, open_value};
use crate::ids::RecordId;

open_value! {
    /// What a record holds, by pstore's own number, which appears in the names of EFI variables. The name is the start
    /// of the file's name; a kernel shows numbers without one as "unknown".
    RecordType: u32 {
        /// A part of the kernel log.
        DMESG = 0 => "dmesg",
        /// An x86 machine check, as `struct mce`.
        MCE = 1 => "mce",
        /// The console's output up to the end.
        CONSOLE = 2 => "console",
        /// A function trace.
        FTRACE = 3 => "ftrace",
        /// POWER: run-time abstraction services.
        RTAS = 4 => "rtas",
        /// POWER: Open Firmware.
        POWERPC_OFW = 5 => "powerpc-ofw",
        /// POWER: common.
        POWERPC_COMMON = 6 => "powerpc-common",
        /// User space's messages, written to `/dev/pmsg0`.
        PMSG = 7 => "pmsg",
        /// POWER: OPAL firmware.
        POWERPC_OPAL = 8 => "powerpc-opal",
    }
}

/// Kinds of file that have a dash in their name: without them it could not be told where the backend begins.
const DASHED_KINDS: [&str; 6] =
    ["powerpc-ofw", "powerpc-common", "powerpc-opal", "cper-mem", "cper-pcie", "cper-proc-arm"];

/// Files that older kernels gave no number, there being one of each. No other backend kept such records then.
const UNNUMBERED: [(&str, &str); 2] = [("console", "ramoops"), ("ftrace", "ramoops")];

/// The name of a file in `/sys/fs/pstore`: kind, backend, record id.
///
/// Backends are "erst", "efi" (until 6.2) and `efi_pstore`, "ramoops", `pstore_blk`, "nvram". Besides the names of
/// [`RecordType`], the kind can be "unknown", and "cper-mem", "cper-pcie" and "cper-proc-arm" on kernels with the
/// series that keeps APEI errors in ERST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileName<'a> {
    /// What the record holds: "dmesg", "mce", …
    pub kind: &'a str,
    /// Where it is stored.
    pub backend: &'a str,
    /// The record's id; `None` in `console-ramoops` and `ftrace-ramoops`, as older kernels name them. What it tells
    /// depends on the backend: [`FileName::meaning`].
    pub id: Option<RecordId>,
    /// Whether the kernel could not decompress it and shows it as it is stored: the name ends in `.enc.z`.
    pub compressed: bool,
}

impl<'a> FileName<'a> {
    /// Takes a file's name apart; `None` when it is not of this form.
    pub fn parse(name: &'a str) -> Option<Self> {
        let is_word = |text: &str| !text.is_empty() && !text.starts_with('-') && !text.ends_with('-');
        let is_named = |kind, backend| is_word(kind) && is_word(backend) && !name.contains(['/', '\0']);
        let (stem, compressed) = match name.strip_suffix(".enc.z") {
            Some(stem) => (stem, true),
            None => (name, false),
        };
        let numbered = || {
            let (stem, id) = stem.rsplit_once('-')?;
            Some((stem, RecordId::new(decimal(id)?)))
        };
        let Some((stem, id)) = numbered() else {
            let (kind, backend) = name.split_once('-').filter(|name| UNNUMBERED.contains(name))?;
            return Some(Self { kind, backend, id: None, compressed: false });
        };
        let dashed = DASHED_KINDS.iter().find_map(|kind| {
            let backend = stem.strip_prefix(kind)?.strip_prefix('-')?;
            Some((stem.get(..kind.len())?, backend))
        });
        let (kind, backend) = dashed.or_else(|| stem.split_once('-'))?;
        is_named(kind, backend).then_some(Self { kind, backend, id: Some(id), compressed })
    }

    /// The meaning of the record's id.
    pub fn meaning(&self) -> IdMeaning {
        self.id.map_or(IdMeaning::Unknown, |id| IdMeaning::of(id, self.backend))
    }

    /// The type of the section that the file holds, of the kinds that are in ERST; `None` for all others, and for what
    /// only kernel logs can be: compressed.
    pub fn section_type(&self) -> Option<SectionTypeId> {
        Some(match (self.kind, self.compressed) {
            ("dmesg", false) => SectionTypeId::LINUX_DMESG,
            ("dmesg", true) => SectionTypeId::LINUX_DMESG_COMPRESSED,
            ("mce", false) => SectionTypeId::LINUX_MCE,
            ("cper-mem", false) => SectionTypeId::MEMORY,
            ("cper-pcie", false) => SectionTypeId::PCIE,
            ("cper-proc-arm", false) => SectionTypeId::ARM_PROCESSOR,
            _ => return None,
        })
    }
}

impl fmt::Display for FileName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind, self.backend)?;
        if let Some(id) = self.id {
            write!(f, "-{id}")?;
        }
        f.write_str(if self.compressed { ".enc.z" } else { "" })
    }
}

/// The meaning of the id in a file's name, by the rule of the backend that made it.
///
/// | backend | id |
/// |---|---|
/// | erst | the boot's time and the record's number in the boot ([`RecordId::boot_time`]) |
/// | efi, `efi_pstore` | `(time * 100 + part) * 1000 + count`; in kernels before compression the part alone, so that a second crash has the names of the first |
/// | ramoops, `pstore_blk` | the number of the zone: no time, no part |
/// | others | not known |
///
/// ```
/// use pstore_format::names::{FileName, IdMeaning};
///
/// for (name, meaning) in [
///     ("dmesg-efi-166692286104001", IdMeaning::Dump { time: 1666922861, part: 4, count: 1 }),
///     ("dmesg-efi-3", IdMeaning::Part(3)),
///     ("dmesg-ramoops-0", IdMeaning::Zone(0)),
/// ] {
///     assert_eq!(FileName::parse(name).ok_or(name)?.meaning(), meaning);
/// }
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdMeaning {
    /// The boot that wrote the record, and which of its records it is.
    Boot {
        /// When the boot wrote its first record, in seconds since 1970.
        time: u64,
        /// The record's number, from 1.
        sequence: u32,
    },
    /// When a part of a dump was written, and which it is.
    Dump {
        /// Seconds since 1970.
        time: u64,
        /// The part of the dump, from 1.
        part: u32,
        /// The number of the dump in its boot.
        count: u32,
    },
    /// The part of a dump, from 1, and nothing of when or which dump.
    Part(u32),
    /// The number of a zone, from 0.
    Zone(u64),
    /// Nothing that is known.
    Unknown,
}

/// 2001-09-09: Linux did not write records before. An id that would tell an earlier time was made by another rule, or
/// by a machine without a clock.
const OLDEST: u64 = 1_000_000_000;

impl IdMeaning {
    /// The meaning of an id that a backend of this name made.
    pub fn of(id: RecordId, backend: &str) -> Self {
        match backend {
            "erst" => match id.boot_time() {
                Some(time) if time >= OLDEST => Self::Boot { time, sequence: id.sequence() },
                _ => Self::Unknown,
            },
            "efi" | "efi_pstore" => {
                let variable = EfiVariable::from_record_id(id, RecordType::DMESG, EfiForm::Compressed);
                let EfiVariable { time, part, count, .. } = variable;
                match (time, u32::try_from(id.raw())) {
                    (OLDEST.., _) => Self::Dump { time, part, count },
                    // Names had no room for more than two digits of it.
                    (_, Ok(part @ 1..=99)) => Self::Part(part),
                    _ => Self::Unknown,
                }
            }
            "ramoops" | "pstore_blk" => Self::Zone(id.raw()),
            _ => Self::Unknown,
        }
    }

    /// When the record was written, in seconds since 1970, if the id has that time.
    pub const fn time(self) -> Option<u64> {
        match self {
            Self::Dump { time, .. } => Some(time),
            _ => None,
        }
    }
}

/// The vendor GUID of pstore's EFI variables, and the end of their names in efivarfs.
pub const EFI_CRASH_VENDOR: &str = "cfc8fc79-be2e-4ddc-97f0-9f98bfe298a0";

/// The name of an EFI variable that holds a pstore record, its value: `dump-type0-1-1-1763793600-C`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EfiVariable {
    /// What the record holds.
    pub record_type: RecordType,
    /// The part of the dump, from 1.
    pub part: u32,
    /// The number of the dump in its boot; 0 in the form that does not say.
    pub count: u32,
    /// When it was written, in seconds since 1970.
    pub time: u64,
    /// Form of the name.
    pub form: EfiForm,
}

/// The forms that the names of EFI variables have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EfiForm {
    /// `dump-type<type>-<part>-<time>`: the first; not compressed.
    WithoutCount,
    /// `dump-type<type>-<part>-<count>-<time>`: the second; not compressed.
    WithoutCompression,
    /// The second and `-D`: not compressed.
    Plain,
    /// The second and `-C`: compressed.
    Compressed,
}

impl EfiVariable {
    /// Takes a variable's name apart; `None` when it is of none of the forms.
    pub fn parse(name: &str) -> Option<Self> {
        let mut fields = name.strip_prefix("dump-type")?.split('-');
        let record_type = RecordType::new(decimal(fields.next()?)?);
        let part = decimal(fields.next()?)?;
        let third = fields.next()?;
        let (fourth, last) = (fields.next(), fields.next());
        if fields.next().is_some() {
            return None;
        }
        let Some(time) = fourth else {
            let form = EfiForm::WithoutCount;
            return Some(Self { record_type, part, count: 0, time: decimal(third)?, form });
        };
        let form = match last {
            None => EfiForm::WithoutCompression,
            Some("D") => EfiForm::Plain,
            Some("C") => EfiForm::Compressed,
            Some(_) => return None,
        };
        Some(Self { record_type, part, count: decimal(third)?, time: decimal(time)?, form })
    }

    /// Takes the name of a file in efivarfs apart: the variable's name, a dash, [`EFI_CRASH_VENDOR`].
    /// (Such a file holds 4 bytes of attributes before the record.)
    pub fn parse_efivarfs(name: &str) -> Option<Self> {
        Self::parse(name.strip_suffix(EFI_CRASH_VENDOR)?.strip_suffix('-')?)
    }

    /// Takes a name apart as firmware keeps it: UCS-2, little-endian, ended by a zero or by the slice.
    pub fn parse_ucs2(name: &[u8]) -> Option<Self> {
        Self::parse(from_ucs2(name, &mut [0; LONGEST])?)
    }

    /// Writes the name as firmware keeps it, the ending zero with it, to the start of `out`.
    ///
    /// # Errors
    ///
    /// When `out` is too small; it is then left as it was.
    pub fn encode_ucs2<'b>(&self, out: &'b mut [u8]) -> Result<&'b [u8], Error> {
        to_ucs2(self, out)
    }

    /// Whether the variable's value is compressed.
    pub fn is_compressed(&self) -> bool {
        self.form == EfiForm::Compressed
    }

    /// The id that Linux gives the record: `(time * 100 + part) * 1000 + count`.
    ///
    /// From part 100 or dump 1000 on, ids no longer tell their fields apart.
    pub const fn record_id(&self) -> RecordId {
        let with_part = self.time.wrapping_mul(100).wrapping_add(self.part as u64);
        RecordId::new(with_part.wrapping_mul(1000).wrapping_add(self.count as u64))
    }

    /// The name that a record with this id has, if its numbers are below 100 and 1000.
    pub const fn from_record_id(id: RecordId, record_type: RecordType, form: EfiForm) -> Self {
        let (time, part, count) = (id.raw() / 100_000, id.raw() / 1000 % 100, id.raw() % 1000);
        Self { record_type, part: part as u32, count: count as u32, time, form }
    }
}

impl fmt::Display for EfiVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { record_type, part, count, time, form } = self;
        let number = record_type.raw();
        match form {
            EfiForm::WithoutCount => write!(f, "dump-type{number}-{part}-{time}"),
            EfiForm::WithoutCompression => write!(f, "dump-type{number}-{part}-{count}-{time}"),
            EfiForm::Plain => write!(f, "dump-type{number}-{part}-{count}-{time}-D"),
            EfiForm::Compressed => write!(f, "dump-type{number}-{part}-{count}-{time}-C"),
        }
    }
}

/// The vendor GUID of UEFI's error record variables.
pub const HW_ERR_REC_VENDOR: &str = "414e6bdd-e47b-47cc-b244-bb61020cf516";

number! {
    /// The name of a variable in which firmware and system keep one CPER record: `HwErrRec001A`.
    HwErrRec: u16
}

impl HwErrRec {
    /// Takes a variable's name apart: four upper-case hexadecimal digits after the word.
    pub fn parse(name: &str) -> Option<Self> {
        let digits = name.strip_prefix("HwErrRec")?;
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
        if digits.len() != 4 || !digits.bytes().all(is_hex) {
            return None;
        }
        u16::from_str_radix(digits, 16).ok().map(Self)
    }

    /// Takes the name of a file in efivarfs apart: the variable's name, a dash, [`HW_ERR_REC_VENDOR`].
    pub fn parse_efivarfs(name: &str) -> Option<Self> {
        Self::parse(name.strip_suffix(HW_ERR_REC_VENDOR)?.strip_suffix('-')?)
    }

    /// Takes a name apart as firmware keeps it: UCS-2, little-endian, ended by a zero or by the slice.
    pub fn parse_ucs2(name: &[u8]) -> Option<Self> {
        Self::parse(from_ucs2(name, &mut [0; LONGEST])?)
    }

    /// Writes the name as firmware keeps it, the ending zero with it, to the start of `out`.
    ///
    /// # Errors
    ///
    /// When `out` is too small; it is then left as it was.
    pub fn encode_ucs2<'b>(&self, out: &'b mut [u8]) -> Result<&'b [u8], Error> {
        to_ucs2(self, out)
    }
}

impl fmt::Display for HwErrRec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HwErrRec{:04X}", self.0)
    }
}

/// Letters of the longest name here: "dump-type", three u32, one u64, a letter, four dashes.
const LONGEST: usize = 9 + 3 * 10 + 20 + 1 + 4;

/// A number as Linux prints it: digits alone, no leading zero.
fn decimal<T: core::str::FromStr>(text: &str) -> Option<T> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

/// The letters of a UCS-2 name, if all are ASCII and not more than a name here has.
fn from_ucs2<'t>(name: &[u8], text: &'t mut [u8; LONGEST]) -> Option<&'t str> {
    let end =
        name.chunks(2).position(|unit| unit == [0, 0]).map_or(name.len(), |units| units.saturating_mul(2));
    let units = name.get(..end)?.chunks(2);
    let text = text.get_mut(..units.len())?;
    for (letter, unit) in text.iter_mut().zip(units) {
        let &[low, high] = <&[u8; 2]>::try_from(unit).ok()?;
        if high != 0 || !low.is_ascii() {
            return None;
        }
        *letter = low;
    }
    core::str::from_utf8(text).ok()
}

/// Writes a name of ASCII letters in UCS-2 with its ending zero.
fn to_ucs2<'b>(name: &impl fmt::Display, out: &'b mut [u8]) -> Result<&'b [u8], Error> {
    let mut text = Text { bytes: [0; LONGEST], length: 0 };
    // The buffer holds the longest name, and a name only has letters: writing cannot fail.
    let _ = fmt::Write::write_fmt(&mut text, format_args!("{name}"));
    let needed = text.length.saturating_add(1).saturating_mul(2);
    let available = out.len();
    let Some(out) = out.get_mut(..needed) else {
        return Err(Error::buffer_too_small(needed, available));
    };
    let letters = text.bytes.into_iter().take(text.length).chain([0]);
    for (unit, letter) in out.chunks_mut(2).zip(letters) {
        unit.iter_mut().zip([letter, 0]).for_each(|(to, from)| *to = from);
    }
    Ok(out)
}

/// Takes the letters of a name.
struct Text {
    bytes: [u8; LONGEST],
    length: usize,
}

impl fmt::Write for Text {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let end = self.length.checked_add(more.len()).ok_or(fmt::Error)?;
        let free = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        free.copy_from_slice(more.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;
    use std::{format, vec};

    fn ucs2(text: &str) -> Vec<u8> {
        text.bytes().flat_map(|letter| [letter, 0]).collect()
    }

    #[test]
    fn a_file_holds_what_its_name_says() {
        use crate::record::Payload;
        let of = |name| Payload::of_file(&FileName::parse(name).unwrap(), b"bytes");
        assert_eq!(of("dmesg-erst-1"), Payload::Dmesg(b"bytes"));
        assert_eq!(of("dmesg-efi_pstore-1.enc.z"), Payload::CompressedDmesg(b"bytes"));
        assert_eq!(of("mce-erst-1"), Payload::Mce(b"bytes"));
        assert_eq!(of("cper-mem-erst-1"), Payload::Section(SectionTypeId::MEMORY, b"bytes"));
        assert_eq!(of("cper-pcie-erst-1"), Payload::Section(SectionTypeId::PCIE, b"bytes"));
        assert_eq!(of("cper-proc-arm-erst-1"), Payload::Section(SectionTypeId::ARM_PROCESSOR, b"bytes"));
        for other in [
            "console-ramoops-0",
            "pmsg-ramoops-0",
            "unknown-erst-1",
            "mce-erst-1.enc.z",
            "cper-mem-erst-1.enc.z",
        ] {
            assert_eq!(of(other), Payload::Other(b"bytes"), "{other}");
        }
    }

    #[test]
    fn file_names_come_apart_and_together() {
        for (name, kind, backend, id, compressed) in [
            ("dmesg-erst-7710893088750698498", "dmesg", "erst", 7710893088750698498, false),
            ("dmesg-erst-3458764513820540929.enc.z", "dmesg", "erst", 3458764513820540929, true),
            ("mce-erst-18446744073709551615", "mce", "erst", u64::MAX, false),
            ("unknown-erst-1234605616436477957", "unknown", "erst", 1234605616436477957, false),
            ("dmesg-efi_pstore-176379360001001", "dmesg", "efi_pstore", 176379360001001, false),
            ("console-ramoops-0", "console", "ramoops", 0, false),
            ("pmsg-pstore_blk-1", "pmsg", "pstore_blk", 1, false),
            ("powerpc-ofw-nvram-3", "powerpc-ofw", "nvram", 3, false),
            ("powerpc-common-nvram-3", "powerpc-common", "nvram", 3, false),
            ("powerpc-opal-nvram-3", "powerpc-opal", "nvram", 3, false),
            ("cper-mem-erst-9", "cper-mem", "erst", 9, false),
            ("cper-pcie-erst-9", "cper-pcie", "erst", 9, false),
            ("cper-proc-arm-erst-9", "cper-proc-arm", "erst", 9, false),
            ("dmesg-a-b-7", "dmesg", "a-b", 7, false),
        ] {
            let parsed = FileName::parse(name).unwrap();
            assert_eq!(parsed, FileName { kind, backend, id: Some(RecordId::new(id)), compressed });
            assert_eq!(parsed.to_string(), name);
        }
        for (name, kind, backend) in
            [("console-ramoops", "console", "ramoops"), ("ftrace-ramoops", "ftrace", "ramoops")]
        {
            let parsed = FileName::parse(name).unwrap();
            assert_eq!(parsed, FileName { kind, backend, id: None, compressed: false });
            assert_eq!((parsed.to_string(), parsed.meaning()), (name.to_string(), IdMeaning::Unknown));
        }
    }

    #[test]
    fn each_backend_has_its_rule_for_ids() {
        use IdMeaning::{Boot, Dump, Part, Unknown, Zone};
        for (name, meaning) in [
            ("dmesg-erst-7710893088750698498", Boot { time: 0x6b02_9869, sequence: 2 }),
            ("mce-erst-7710893088750698499", Boot { time: 0x6b02_9869, sequence: 3 }),
            ("dmesg-erst-9259823046338805762", Boot { time: 0x8180_0000, sequence: 2 }),
            ("dmesg-erst-5", Unknown),
            ("dmesg-erst-18446744073709551615", Unknown),
            ("dmesg-efi-166692286104001", Dump { time: 1666922861, part: 4, count: 1 }),
            ("dmesg-efi_pstore-176379360015002", Dump { time: 1763793600, part: 15, count: 2 }),
            ("dmesg-efi-1", Part(1)),
            ("dmesg-efi-38", Part(38)),
            ("dmesg-efi-99", Part(99)),
            // None of these rules makes such numbers with a correct clock.
            ("dmesg-efi-0", Unknown),
            ("dmesg-efi-100", Unknown),
            ("dmesg-efi-1377567342", Unknown),
            ("dmesg-efi-99999999999999", Unknown),
            ("dmesg-efi-100000000001001", Dump { time: 1_000_000_000, part: 1, count: 1 }),
            ("dmesg-ramoops-0", Zone(0)),
            ("console-ramoops-0", Zone(0)),
            ("pmsg-pstore_blk-1", Zone(1)),
            // Even if it looks like theirs.
            ("dmesg-ramoops-166692286104001", Zone(166692286104001)),
            ("dmesg-nvram-1", Unknown),
            ("powerpc-opal-nvram-3", Unknown),
        ] {
            let parsed = FileName::parse(name).unwrap();
            assert_eq!(parsed.meaning(), meaning, "{name}");
            let time = if let Dump { time, .. } = meaning { Some(time) } else { None };
            assert_eq!(meaning.time(), time, "{name}");
        }
    }

    #[test]
    fn what_no_kernel_writes_is_no_file_name() {
        for name in [
            "",
            "-",
            "--",
            "dmesg",
            "dmesg-erst",
            "dmesg-erst-",
            "dmesg--1",
            "-erst-1",
            "dmesg-erst-01",
            "dmesg-erst-+1",
            "dmesg-erst--1",
            "dmesg-erst-1.enc",
            "dmesg-erst-1.enc.z.enc.z",
            "dmesg-erst-18446744073709551616",
            "dmesg-erst-1 ",
            "pmsg-ramoops",
            "mce-erst",
            "console-",
            "console-setup",
            "console-erst",
            "console-ramoops-",
            "console-ramoops-01",
            "console-a-b",
            "console-ramoops.enc.z",
            "console-log.txt",
            "a/console-ramoops",
            "a/dmesg-erst-1",
            "dmesg-e\0-1",
            ".enc.z",
        ] {
            assert_eq!(FileName::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn every_type_of_pstore_has_its_name() {
        let names: Vec<_> = (0..10).map(|number| RecordType::new(number).to_string()).collect();
        assert_eq!(
            names,
            [
                "dmesg",
                "mce",
                "console",
                "ftrace",
                "rtas",
                "powerpc-ofw",
                "powerpc-common",
                "pmsg",
                "powerpc-opal",
                "reserved (9)"
            ]
        );
        assert_eq!(format!("{:?}", RecordType::PMSG), "RecordType(7: pmsg)");
        assert_eq!(RecordType::new(9).name(), None);
    }

    #[test]
    fn efi_variables_of_three_generations() {
        let variable = |count, form| EfiVariable {
            record_type: RecordType::DMESG,
            part: 12,
            count,
            time: 1763793600,
            form,
        };
        for (name, parsed, id) in [
            ("dump-type0-12-1763793600", variable(0, EfiForm::WithoutCount), 176379360012000),
            ("dump-type0-12-3-1763793600", variable(3, EfiForm::WithoutCompression), 176379360012003),
            ("dump-type0-12-3-1763793600-D", variable(3, EfiForm::Plain), 176379360012003),
            ("dump-type0-12-3-1763793600-C", variable(3, EfiForm::Compressed), 176379360012003),
        ] {
            assert_eq!(EfiVariable::parse(name), Some(parsed));
            assert_eq!(parsed.to_string(), name);
            assert_eq!(parsed.is_compressed(), name.ends_with('C'));
            assert_eq!(parsed.record_id(), RecordId::new(id));
            assert_eq!(
                EfiVariable::from_record_id(RecordId::new(id), RecordType::DMESG, parsed.form),
                parsed
            );
            let file = format!("{name}-cfc8fc79-be2e-4ddc-97f0-9f98bfe298a0");
            assert_eq!(EfiVariable::parse_efivarfs(&file), Some(parsed));
            assert_eq!((EfiVariable::parse_efivarfs(name), EfiVariable::parse(&file)), (None, None));
        }
        let largest = EfiVariable {
            record_type: RecordType::new(u32::MAX),
            part: u32::MAX,
            count: u32::MAX,
            time: u64::MAX,
            form: EfiForm::Plain,
        };
        assert_eq!(largest.to_string().len(), LONGEST);
        assert_eq!(EfiVariable::parse(&largest.to_string()), Some(largest));
        // (2^64 - 1) * 100 + 4294967295 = 4294967195, times 1000, plus 4294967295, all modulo 2^64.
        assert_eq!(largest.record_id(), RecordId::new(4294967195 * 1000 + 4294967295));
    }

    #[test]
    fn what_no_kernel_writes_is_no_efi_variable() {
        for name in [
            "",
            "dump-type",
            "dump-type0",
            "dump-type0-1",
            "dump-type0-1-",
            "dump-type-1-2",
            "dump-type0-01-5",
            "dump-type0-1-2-3-X",
            "dump-type0-1-2-3-",
            "dump-type0-1-2-3-C-",
            "dump-type0-1-2-3-CC",
            "Dump-type0-1-5",
            "dump-type0-1-+5",
            "dump-type0-4294967296-5",
            " dump-type0-1-5",
            "dump-type0-1-2-3-c",
        ] {
            assert_eq!(EfiVariable::parse(name), None, "{name:?}");
        }
    }

    #[test]
    fn firmware_names_are_ucs2() {
        let name = "dump-type0-1-1-1763793600-C";
        let variable = EfiVariable::parse(name).unwrap();
        let mut out = [0xA5; 66];
        assert_eq!(variable.encode_ucs2(&mut out).unwrap(), [ucs2(name), vec![0, 0]].concat());
        assert!(out[56..].iter().all(|&byte| byte == 0xA5));
        assert_eq!(EfiVariable::parse_ucs2(&out), Some(variable));
        assert_eq!(EfiVariable::parse_ucs2(&out[..54]), Some(variable));
        assert_eq!(EfiVariable::parse_ucs2(&out[..55]), None, "half a letter");

        let mut small = [0xA5; 55];
        let error = variable.encode_ucs2(&mut small).unwrap_err();
        assert_eq!(error.to_string(), "offset 0: buffer too small: 56 bytes needed, 55 given");
        assert_eq!(small, [0xA5; 55]);

        let mut wide = ucs2(name);
        wide[1] = 1;
        assert_eq!(EfiVariable::parse_ucs2(&wide), None);
        wide[0] = 0x80;
        wide[1] = 0;
        assert_eq!(EfiVariable::parse_ucs2(&wide), None);
        assert_eq!(EfiVariable::parse_ucs2(&ucs2(&"1".repeat(1000))), None);
        assert_eq!(EfiVariable::parse_ucs2(&[]), None);
    }

    #[test]
    fn error_record_variables_have_four_digits() {
        for (number, name) in [(0, "HwErrRec0000"), (0x1A, "HwErrRec001A"), (0xFFFF, "HwErrRecFFFF")] {
            assert_eq!(HwErrRec::parse(name), Some(HwErrRec::new(number)));
            assert_eq!(HwErrRec::new(number).to_string(), name);
            assert_eq!(
                HwErrRec::parse_efivarfs(&format!("{name}-414e6bdd-e47b-47cc-b244-bb61020cf516")),
                Some(HwErrRec::new(number))
            );
            let mut out = [0; 26];
            assert_eq!(HwErrRec::new(number).encode_ucs2(&mut out).unwrap().len(), 26);
            assert_eq!(HwErrRec::parse_ucs2(&out), Some(HwErrRec::new(number)));
            assert!(HwErrRec::new(number).encode_ucs2(&mut out[..25]).is_err());
        }
        for name in [
            "HwErrRec001a",
            "HwErrRec01A",
            "HwErrRec0001A",
            "HwErrRec+01A",
            "hwErrRec0000",
            "HwErrRecSupport",
        ] {
            assert_eq!(HwErrRec::parse(name), None, "{name}");
        }
        assert_eq!(HwErrRec::parse_efivarfs("HwErrRec0000"), None);
    }
}
