//! What bytes are, told by the bytes; by the name only where the bytes cannot say (files of pstore hold a body alone).

use cper::{SectionDescriptor, SectionTypeId, Severity, StatusBlock, StatusBlocks};
use erst_table::{Table, qemu};
use mce_record::mcelog::{self, WordSize};
use mce_record::{CpuVendor, Layout, MceRecord};
use pstore_format::RecordId;
use pstore_format::dmesg::Header;
use pstore_format::inflate::Inflater;
use pstore_format::names::{EfiVariable, FileName, RecordType};
use pstore_format::ramoops::DumpHeader;

use crate::dmesg;
use crate::input::Bytes;
use crate::key::Key;
use crate::ramoops;
use crate::unhex;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'n> {
    /// The backing image of QEMU's ERST device.
    Image,
    /// CPER records, back to back, from this offset on.
    Records(usize),
    /// Generic error status blocks: one, or a BERT region of several.
    Blocks,
    /// An ERST table.
    Table,
    /// A section descriptor and its body.
    Section,
    /// `struct mce`, each of this many bytes.
    Machines(usize),
    /// The kernel's log of machine checks, of a kernel with this word size.
    MachineLog(WordSize),
    /// A kernel log, from this offset on, compressed or not.
    Log {
        /// Where it begins.
        skip: usize,
        /// Whether it is compressed.
        compressed: bool,
        /// Its id, where the name tells, and whether that names the boot.
        id: Option<(RecordId, bool)>,
        /// When, where the name tells.
        time: Option<u64>,
    },
    /// A file of pstore that holds a body alone.
    Stored(FileName<'n>),
    /// The parts of a kernel log put together, the name of each before it, as systemd-pstore does.
    NamedParts,
    /// A region of ramoops.
    Ramoops,
}

/// Tells what the bytes are.
pub fn recognise<'n>(bytes: &[u8], name: &'n str) -> Option<Content<'n>> {
    // In an archive everything is a record, of whatever kind.
    let (name, is_archived) = Key::split_name(name).map_or((name, false), |(_, rest)| (rest, true));
    if bytes.starts_with(&qemu::MAGIC) {
        return Some(Content::Image);
    }
    if bytes.starts_with(b"CPER") && !is_prose(bytes) {
        return Some(Content::Records(0));
    }
    if bytes.starts_with(b"ERST") && Table::parse(bytes).is_ok() {
        return Some(Content::Table);
    }
    if bytes.starts_with(&mcelog::SIGNATURE) {
        return Some(Content::MachineLog(word_size(bytes)));
    }
    if ramoops::begins(bytes) {
        return Some(Content::Ramoops);
    }
    let archived = || FileName::parse(name).filter(|_| is_archived).map(Content::Stored);
    by_name(bytes, name).or_else(|| by_content(bytes)).or_else(archived)
}

/// Whether bytes that begin like a record are text about records: a header has bytes that no text has.
fn is_prose(bytes: &[u8]) -> bool {
    bytes[4..bytes.len().min(64)].iter().all(|byte| matches!(byte, b'\t'..=b'\r' | b' '..=b'~'))
}

fn by_name<'n>(bytes: &[u8], name: &'n str) -> Option<Content<'n>> {
    // Variables of EFI, as efivarfs shows them: four bytes of attributes before the value.
    let variable = EfiVariable::parse_efivarfs(name).map(|variable| (variable, 4));
    if let Some((variable, skip)) = variable.or_else(|| Some((EfiVariable::parse(name)?, 0))) {
        return Some(Content::Log {
            skip,
            compressed: variable.is_compressed(),
            id: Some((variable.record_id(), false)),
            time: Some(variable.time),
        });
    }
    if name.starts_with("HwErrRec") && bytes.get(4..)?.starts_with(b"CPER") {
        return Some(Content::Records(4));
    }
    let stored = FileName::parse(name)?;
    let known = stored.kind == "unknown"
        || stored.section_type().is_some()
        || (0..=RecordType::POWERPC_OPAL.raw())
            .any(|number| RecordType::new(number).name() == Some(stored.kind));
    known.then_some(Content::Stored(stored))
}

fn by_content<'n>(bytes: &[u8]) -> Option<Content<'n>> {
    let log = |compressed| Content::Log { skip: 0, compressed, id: None, time: None };
    // The header is a line, pstore/zone's notice may be another before it.
    let front = &bytes[..bytes.len().min(256)];
    if Header::parse(front).is_some() {
        return Some(log(false));
    }
    // Before compression the line that says when was left in the files of ramoops.
    if let Some((line, text)) = DumpHeader::parse(front).filter(|(_, text)| Header::parse(text).is_some()) {
        let skip = front.len() - text.len();
        return Some(Content::Log { skip, compressed: false, id: None, time: Some(line.time) });
    }
    if dmesg::named_parts(bytes).next().is_some() {
        return Some(Content::NamedParts);
    }
    if StatusBlocks::new(bytes).next().is_some_and(|(at, block)| at == 0 && is_block(&block)) {
        return Some(Content::Blocks);
    }
    if is_section(bytes) {
        return Some(Content::Section);
    }
    if let Some(size) = machines(bytes) {
        return Some(Content::Machines(size));
    }
    is_compressed_log(bytes).then_some(log(true))
}

/// Whether a status block is one: nothing in it has a fixed value.
pub fn is_block(block: &StatusBlock<'_>) -> bool {
    let header = block.header();
    let of_known_type = || {
        let guid = block.as_bytes().get(20..36).and_then(|bytes| bytes.try_into().ok());
        guid.is_some_and(|guid| SectionTypeId::new(cper::Guid(guid)).name().is_some())
    };
    header.severity.raw() <= Severity::INFORMATIONAL.raw()
        && header.block_status.get() >> 14 == 0
        && header.data_length.get() >= 64
        && (of_known_type() || block.check().is_ok())
}

/// The descriptor at the start of the bytes and the body behind it, where the descriptor says it is.
pub fn section(bytes: &[u8]) -> Option<(&SectionDescriptor, &[u8])> {
    use cper::zerocopy::FromBytes;
    let (descriptor, _) = SectionDescriptor::ref_from_prefix(bytes).ok()?;
    let (offset, length) =
        (descriptor.section_offset.get() as usize, descriptor.section_length.get() as usize);
    let offset = if offset < SectionDescriptor::SIZE { SectionDescriptor::SIZE } else { offset };
    Some((descriptor, bytes.get(offset..)?.get(..length)?))
}

/// Whether the bytes begin with a descriptor: of a known type, or one that fits the bytes exactly.
fn is_section(bytes: &[u8]) -> bool {
    section(bytes).is_some_and(|(descriptor, body)| {
        let fits = descriptor.section_offset.get() as usize == SectionDescriptor::SIZE
            && body.len() == bytes.len() - SectionDescriptor::SIZE;
        !body.is_empty() && (fits || descriptor.section_type.name().is_some())
    })
}

/// The size of each, when the bytes are entries of `struct mce` and nothing else.
fn machines(bytes: &[u8]) -> Option<usize> {
    let sizes = Layout::ALL.map(Layout::size);
    let single = sizes.contains(&bytes.len()).then_some(bytes.len());
    // What a program read from /dev/mcelog: many of one size.
    single.into_iter().chain(sizes).find(|size| {
        !bytes.is_empty() && bytes.len() % size == 0 && bytes.chunks_exact(*size).all(is_machine)
    })
}

fn is_machine(bytes: &[u8]) -> bool {
    let Ok(record) = MceRecord::parse(bytes) else { return false };
    let mce = record.mce();
    let new = record.cpu_vendor().is_none_or(|vendor| {
        vendor == CpuVendor::UNKNOWN && mce.cpuid.get() == 0
            || CpuVendor::name(vendor).is_some()
                && mce.severity <= 7
                && mce.pad == 0
                && mce.cpuid.get() >> 28 == 0
    });
    new && record.status().valid()
        && mce.finished <= 1
        && (mce.bank < 64 || mce.bank == 0xff)
        && mce.mcgstatus.get() >> 16 == 0
}

/// Where the entries of a log begin depends on the kernel's word size: the first entry tells which.
fn word_size(bytes: &[u8]) -> WordSize {
    let plausible = |size| {
        let first = mcelog::Log::parse(bytes, size).ok().and_then(|log| log.entries().next()?.ok());
        first.is_some_and(|entry| is_machine(entry.as_bytes()))
    };
    if !plausible(WordSize::Bits64) && plausible(WordSize::Bits32) {
        WordSize::Bits32
    } else {
        WordSize::Bits64
    }
}

/// Whether the bytes inflate to something that begins like a kernel log.
fn is_compressed_log(bytes: &[u8]) -> bool {
    let mut text = [0; 256];
    let _ = Inflater::new().inflate(bytes, &mut text);
    Header::parse(&text).is_some()
}

/// The bytes in the form in which they are recognised, and how they got it: those that a text stands for. Others are as
/// they were.
pub fn readable(bytes: Bytes, name: &str) -> (Bytes, Option<&'static str>) {
    if recognise(&bytes, name).is_some() {
        return (bytes, None);
    }
    let pasted = unhex::decode(&bytes).into_iter().find(|(_, bytes)| recognise(bytes, name).is_some());
    match pasted {
        Some((form, bytes)) => (Bytes::Read(bytes), Some(form)),
        None => (bytes, None),
    }
}

/// Why bytes are nothing that is known here.
pub fn refusal(bytes: &[u8]) -> String {
    let front = &bytes[..bytes.len().min(8)];
    if front.is_empty() {
        return "empty, 0 bytes".into();
    }
    let hex: Vec<String> = front.iter().map(|byte| format!("{byte:02x}")).collect();
    let seen = format!("offset 0: {} (\"{}\")", hex.join(" "), front.escape_ascii());
    match front {
        b"\0\0\0\0\0\0\0\0" => format!("{seen}: no \"ERSTSTOR\", \"CPER\" or status block; empty or erased"),
        [b'B', b'E', b'R', b'T', ..] => format!(
            "{seen}: the BERT table only says where the error region is; Linux shows the region as \
             /sys/firmware/acpi/tables/data/BERT"
        ),
        [b'E', b'R', b'S', b'T', ..] => match Table::parse(bytes) {
            Err(error) => format!("ERST table: {error}"),
            Ok(_) => seen,
        },
        _ => format!("{seen}: no record, ERST image or table, status block, struct mce or kernel log"),
    }
}
