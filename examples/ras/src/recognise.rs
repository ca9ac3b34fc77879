//! Recognises what a file holds: by its bytes, and by its name only where the bytes cannot say (pstore's files hold a
//! body alone).

use cper::{
    DataEntry, Record, RecordHeader, SectionDescriptor, SectionTypeId, Severity, StatusBlock, StatusBlocks,
};
use erst_table::{Table, qemu};
use mce_record::mcelog::{self, WordSize};
use mce_record::{CpuVendor, Layout, MceRecord};
use pstore_format::RecordId;
use pstore_format::dmesg::Header;
use pstore_format::inflate::Inflater;
use pstore_format::names::{EfiVariable, FileName, RecordType};
use pstore_format::ramoops::DumpHeader;

use crate::blk;
use crate::dmesg;
use crate::input::Bytes;
use crate::key::Key;
use crate::problem::Problem;
use crate::ramoops;
use crate::summary;
use crate::trace;
use crate::unhex;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The backing image of QEMU's ERST device.
    Image,
    /// CPER records, back to back, from this offset on.
    Records(usize),
    /// Generic error status blocks, one or a BERT region of several, from this offset on.
    Blocks(usize),
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
    /// A file of pstore that holds a body alone, whose name says of what type.
    Stored,
    /// The parts of a kernel log put together, the name of each before it, as systemd-pstore does.
    NamedParts,
    /// A region of ramoops.
    Ramoops,
    /// A device of pstore/blk.
    BlockDevice,
}

/// What a recogniser may look at.
struct Input<'b> {
    bytes: &'b [u8],
    /// The file's name, without what an archive sets before it.
    name: &'b str,
    /// Whether it is a file of an archive.
    is_archived: bool,
}

/// Returns the content if the input is of one kind.
type Recogniser = fn(&Input<'_>) -> Option<Content>;

/// From sure to unsure; the first that knows the input decides.
const RECOGNISERS: [Recogniser; 17] = [
    // A magic number and the header after it. Text that merely contains the magic has no such header: the header has
    // bytes that are zero or no characters.
    image,
    records,
    table,
    error_region,
    machine_log,
    // A signature of four letters, and lengths that fit the zones' places.
    |input| ramoops::begins(input.bytes).then_some(Content::Ramoops),
    // The file name, for files that hold a body alone: no byte of a kernel log or of a section body says what it is.
    // Names come before contents without a magic, because a kernel log or a user's message can hold anything.
    |input| by_name(input.bytes, input.name),
    // A line of text in a form that the kernel alone writes.
    kernel_log,
    |input| dmesg::named_parts(input.bytes).next().map(|_| Content::NamedParts),
    // Structures without a fixed value in any field: all fields together must make sense.
    |input| is_region(input.bytes, 0).then_some(Content::Blocks(0)),
    |input| is_section(input.bytes).then_some(Content::Section),
    |input| machines(input.bytes).map(Content::Machines),
    // Bytes that inflate to such a line.
    |input| is_compressed_log(input.bytes).then(|| log(true)),
    // Two magic numbers, but anywhere in a file that may be a whole device. The search costs most, so it comes last; a
    // file that only holds a copy of a device is recognised before. The signature is that of ramoops too, where a
    // damaged one can look like that of another kind of zone.
    |input| {
        let is_device = blk::is_device(input.bytes) && !ramoops::is_memory(input.bytes);
        is_device.then_some(Content::BlockDevice)
    },
    // A damaged header: the magic alone.
    damaged_record,
    damaged_table,
    // A file of an archive is a record whatever it holds.
    archived,
];

/// Tells what the bytes are.
pub fn recognise(bytes: &[u8], name: &str) -> Option<Content> {
    // In an archive everything is a record, of whatever kind.
    let (name, is_archived) = Key::split_name(name).map_or((name, false), |(_, rest)| (rest, true));
    let input = Input { bytes, name, is_archived };
    RECOGNISERS.iter().find_map(|recogniser| recogniser(&input))
}

/// Whether the bytes begin with a magic, and are no text that begins with the same letters.
fn has_magic(bytes: &[u8], magic: &[u8]) -> bool {
    bytes.strip_prefix(magic).is_some_and(|rest| !unhex::is_text(&rest[..rest.len().min(64)]))
}

fn image(input: &Input<'_>) -> Option<Content> {
    has_magic(input.bytes, &qemu::MAGIC).then_some(Content::Image)
}

fn archived(input: &Input<'_>) -> Option<Content> {
    FileName::parse(input.name).filter(|_| input.is_archived).map(|_| Content::Stored)
}

/// `CPER`, a revision, and the end of the signature: four bytes that no text has.
fn records(input: &Input<'_>) -> Option<Content> {
    let is_record = input.bytes.starts_with(b"CPER") && input.bytes.get(6..10) == Some(&[0xff; 4]);
    is_record.then_some(Content::Records(0))
}

/// Bytes from the first signature of a record to the end of the second.
pub const SIGNATURES: usize = 10;

/// Offsets of records with both signatures. Other bytes do not have both by chance.
pub fn signatures(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let second = |place: &usize| bytes.get(place + 6..place + SIGNATURES) == Some(&[0xff; 4]);
    memchr::memmem::find_iter(bytes, b"CPER").filter(second)
}

/// Offsets of records, among bytes that can be anything: both signatures, and a header whose values make sense, or that
/// the end of the bytes cuts.
pub fn sure_records(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let makes_sense = |rest: &[u8]| {
        let Ok(record) = Record::parse(rest) else { return rest.len() < RecordHeader::SIZE };
        let header = record.header();
        let least = RecordHeader::SIZE + SectionDescriptor::SIZE * usize::from(header.section_count().max(1));
        header.severity() <= Severity::INFORMATIONAL && header.record_length() as usize >= least
    };
    signatures(bytes).filter(move |place| makes_sense(&bytes[*place..]))
}

fn damaged_record(input: &Input<'_>) -> Option<Content> {
    has_magic(input.bytes, b"CPER").then_some(Content::Records(0))
}

/// The length that an ACPI table states, where the table begins with these letters and the bytes are as many.
fn table_length(bytes: &[u8], signature: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?) as usize;
    (has_magic(bytes, signature) && (ACPI_HEADER..=bytes.len()).contains(&length)).then_some(length)
}

/// Bytes of the header that all ACPI tables but two have (ACPI 6.5 table 5.4).
const ACPI_HEADER: usize = 36;

fn table(input: &Input<'_>) -> Option<Content> {
    table_length(input.bytes, b"ERST")?;
    Table::parse(input.bytes).ok().map(|_| Content::Table)
}

fn damaged_table(input: &Input<'_>) -> Option<Content> {
    (has_magic(input.bytes, b"ERST") && Table::parse(input.bytes).is_ok()).then_some(Content::Table)
}

/// A BERT table with its region behind it, or the region behind the four letters "BERR": the forms in which firmware's
/// tools and Intel's pass a region on. A BERT table alone holds no error.
fn error_region(input: &Input<'_>) -> Option<Content> {
    let start = match table_length(input.bytes, b"BERT") {
        Some(length) => length,
        None if has_magic(input.bytes, b"BERR") => 4,
        None => return None,
    };
    is_region(input.bytes, start).then_some(Content::Blocks(start))
}

fn machine_log(input: &Input<'_>) -> Option<Content> {
    has_magic(input.bytes, &mcelog::SIGNATURE).then(|| Content::MachineLog(word_size(input.bytes)))
}

fn by_name(bytes: &[u8], name: &str) -> Option<Content> {
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
    known.then_some(Content::Stored)
}

/// A kernel log that starts at the first byte.
const fn log(compressed: bool) -> Content {
    Content::Log { skip: 0, compressed, id: None, time: None }
}

/// The header is a line; pstore/zone may put a notice of one line before it. Old kernels left ramoops' own header line
/// in the files too.
fn kernel_log(input: &Input<'_>) -> Option<Content> {
    let front = &input.bytes[..input.bytes.len().min(256)];
    if Header::parse(front).is_some() {
        return Some(log(false));
    }
    let (line, text) = DumpHeader::parse(front).filter(|(_, text)| Header::parse(text).is_some())?;
    let skip = front.len() - text.len();
    Some(Content::Log { skip, compressed: false, id: None, time: Some(line.time) })
}

/// Whether a status block begins at this offset.
fn is_region(bytes: &[u8], start: usize) -> bool {
    let region = bytes.get(start..).unwrap_or_default();
    StatusBlocks::new(region).next().is_some_and(|(at, block)| at == 0 && is_block(&block))
}

/// Whether the bytes are a status block. No field has a fixed value, so the others must agree: where the entries fill
/// the block to the byte, as Linux demands, either the type of the first entry or the severity and the status must be
/// known; where the block is cut or its lengths are wrong, all of these must be. Linux prints a block whatever its
/// severity and status are.
pub fn is_block(block: &StatusBlock<'_>) -> bool {
    let header = block.header();
    let is_defined =
        header.severity().raw() <= Severity::INFORMATIONAL.raw() && header.block_status() >> 14 == 0;
    let of_known_type = || {
        let guid = block.as_bytes().get(20..36).and_then(|bytes| bytes.try_into().ok());
        guid.is_some_and(|guid| SectionTypeId::new(cper::Guid::from_bytes(guid)).name().is_some())
    };
    header.data_length() >= 64
        && match block.check() {
            Ok(()) => is_defined || of_known_type(),
            Err(_) => is_defined && of_known_type(),
        }
}

/// Whether a status block begins here, among bytes that can be anything: no value of its header or of an entry is
/// reserved, each entry's type is known, and the entries fill the block. Only the end of the bytes may cut an entry.
pub fn is_surely_block(bytes: &[u8]) -> bool {
    let Ok(block) = StatusBlock::parse(bytes) else { return false };
    let header = block.header();
    let (status, severity, count) = (header.block_status(), header.severity(), header.entry_count());
    // Most bytes fail here.
    if status >> 14 != 0 || severity > Severity::INFORMATIONAL || header.data_length() < 64 {
        return false;
    }
    let is_known = |entry: &DataEntry<'_>| {
        entry.section_type().name().is_some()
            && entry.severity() <= Severity::INFORMATIONAL
            && (2..=3).contains(&(entry.header().revision() >> 8))
    };
    let mut entries = 0;
    // A header cannot count more.
    for entry in block.entries().take(0x400) {
        entries += 1;
        let entry = entry.ok().or_else(|| block.cut_entry().filter(|_| block.missing() != 0));
        if !entry.is_some_and(|entry| is_known(&entry)) {
            return false;
        }
    }
    // Linux writes status 0 when it has read a block.
    let is_cut = block.missing() != 0;
    let is_counted = if is_cut { entries <= count } else { status == 0 || entries == count };
    entries != 0 && is_counted && (is_cut || matches!(block.raw_data(), None | Some(Ok(_))))
}

/// The descriptor at the start of the bytes and the body behind it, where the descriptor says it is.
pub fn section(bytes: &[u8]) -> Option<(&SectionDescriptor, &[u8])> {
    use cper::zerocopy::FromBytes;
    let (descriptor, _) = SectionDescriptor::ref_from_prefix(bytes).ok()?;
    let (offset, length) = (descriptor.section_offset() as usize, descriptor.section_length() as usize);
    let offset = if offset < SectionDescriptor::SIZE { SectionDescriptor::SIZE } else { offset };
    Some((descriptor, bytes.get(offset..)?.get(..length)?))
}

/// Whether the bytes begin with a descriptor: of a known type, or one that fits the bytes exactly. Where records follow
/// it is the rest of one. A body may hold records.
fn is_section(bytes: &[u8]) -> bool {
    section(bytes).is_some_and(|(descriptor, body)| {
        let start = SectionDescriptor::SIZE.max(descriptor.section_offset() as usize);
        let is_inside = |place: usize| {
            let record = Record::parse(&bytes[place..]).map_or(0, |record| record.header().record_length());
            place >= start && place.saturating_add(record as usize) <= start + body.len()
        };
        let fits = descriptor.section_offset() as usize == SectionDescriptor::SIZE
            && body.len() == bytes.len() - SectionDescriptor::SIZE;
        !body.is_empty()
            && (fits || descriptor.section_type().name().is_some())
            && sure_records(bytes).all(is_inside)
    })
}

/// The size of each, when the bytes are entries of `struct mce` and nothing else.
fn machines(bytes: &[u8]) -> Option<usize> {
    let sizes = Layout::ALL.map(Layout::size);
    let single = sizes.contains(&bytes.len()).then_some(bytes.len());
    // What a program read from /dev/mcelog: many of one size.
    single.into_iter().chain(sizes).find(|size| {
        !bytes.is_empty() && bytes.len().is_multiple_of(*size) && bytes.chunks_exact(*size).all(is_machine)
    })
}

fn is_machine(bytes: &[u8]) -> bool {
    let Ok(record) = MceRecord::parse(bytes) else { return false };
    let mce = record.mce();
    let new = record.cpu_vendor().is_none_or(|vendor| {
        vendor == CpuVendor::UNKNOWN && mce.cpuid() == 0
            || CpuVendor::name(vendor).is_some()
                && mce.severity() <= 7
                && mce.pad() == 0
                && mce.cpuid() >> 28 == 0
    });
    new && record.status().valid()
        && mce.finished() <= 1
        && (mce.bank() < 64 || mce.bank() == 0xff)
        && mce.mcgstatus() >> 16 == 0
}

/// Where the entries of a log begin depends on the kernel's word size: the first entry tells which.
fn word_size(bytes: &[u8]) -> WordSize {
    let plausible = |size| {
        let first = mcelog::Log::parse(bytes, size).ok().and_then(|log| log.entries().next()?.ok());
        first.is_some_and(|entry| is_machine(entry.bytes()))
    };
    if !plausible(WordSize::Bits64) && plausible(WordSize::Bits32) {
        WordSize::Bits32
    } else {
        WordSize::Bits64
    }
}

/// Whether the bytes inflate to text that begins like a kernel log.
fn is_compressed_log(bytes: &[u8]) -> bool {
    let mut text = [0; 256];
    let _ = Inflater::new().inflate(bytes, &mut text);
    Header::parse(&text).is_some()
}

/// How a text stands for bytes.
#[derive(Debug)]
pub struct Form {
    /// For people.
    pub name: String,
    /// What is left out of the text: why, and its bytes where it has some.
    pub left_out: Vec<(Problem, Vec<u8>)>,
}

/// Returns the recognised bytes, the text form that they came from, and their content. Where a text stands for bytes
/// that are recognised, those bytes are returned; otherwise the file's own.
pub fn readable(bytes: Bytes, name: &str) -> (Bytes, Option<Form>, Option<Content>) {
    let content = recognise(&bytes, name);
    if content.is_some() {
        return (bytes, None, content);
    }
    match pasted(&bytes, name, |_| true) {
        Some((form, bytes, content)) => (Bytes::Read(bytes), Some(form), Some(content)),
        None => (bytes, None, None),
    }
}

/// Returns the bytes that a text stands for, if they are of a wanted kind, and the text's form. Records and status
/// blocks lie one after the other, so all dumps of them in the text count. Of any other kind the first dump counts.
fn pasted(text: &[u8], name: &str, wanted: fn(Content) -> bool) -> Option<(Form, Vec<u8>, Content)> {
    let mut dumps = (1..).zip(unhex::decode(text)).filter_map(|(number, forms)| {
        forms.into_iter().find_map(|(form, bytes)| {
            let behind = || sure_records(&bytes).next().map(|_| Content::Records(0));
            let content = recognise(&bytes, name).or_else(behind).filter(|content| wanted(*content))?;
            Some((content, form, bytes, number))
        })
    });
    let (first, form, mut bytes, _) = dumps.next()?;
    let follows = matches!(first, Content::Records(0) | Content::Blocks(0));
    let mut left_out = Vec::new();
    for (content, _, more, number) in dumps {
        if follows && content == first {
            bytes.extend_from_slice(&more);
        } else if more != bytes {
            let why = format!("dump {number} of the text holds something else and is left out");
            left_out.push((Problem::new("dump_left_out", 0, why).value("dump", number), more));
        }
    }
    let name = match left_out.len() {
        0 => form.to_owned(),
        others => format!("{form}, without {} of other things", summary::count(others, "dump")),
    };
    let lines = unhex::stray_lines(text);
    if lines > 0 {
        let why =
            format!("{} of a dump of which the lines before are missing", summary::count(lines, "line"));
        left_out.push((Problem::new("lines_left_out", 0, why).value("lines", lines), Vec::new()));
    }
    Some((Form { name, left_out }, bytes, first))
}

/// The bytes of the first ERST table: the input itself, or what its text stands for.
pub fn table_bytes(bytes: Bytes) -> Bytes {
    if recognise(&bytes, "") == Some(Content::Table) {
        return bytes;
    }
    let table = pasted(&bytes, "", |content| content == Content::Table);
    table.map_or(bytes, |(_, table, _)| Bytes::Read(table))
}

/// Says why the bytes were not recognised.
pub fn refusal(bytes: &[u8]) -> String {
    if trace::text::is_trace(bytes) {
        return "text of a trace, which ras events shows".into();
    }
    // Of several dumps, one that is an ACPI table explains most.
    let mut told = None;
    for pasted in unhex::decode(bytes).filter_map(|forms| forms.into_iter().next()) {
        let is_table = table_name(&pasted.1).is_some();
        if told.is_none() || is_table {
            told = Some(pasted);
        }
        if is_table {
            break;
        }
    }
    match told {
        Some((form, pasted)) => {
            format!("{form} of {}: {}", summary::size(pasted.len()), binary_refusal(&pasted))
        }
        None => match unhex::not_understood(bytes) {
            Some(reason) => format!("{}: {reason}", seen(bytes)),
            None => binary_refusal(bytes),
        },
    }
}

/// The first bytes, and where they are.
fn seen(bytes: &[u8]) -> String {
    let front = &bytes[..bytes.len().min(8)];
    let hex: Vec<String> = front.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("offset 0: {} (\"{}\")", hex.join(" "), front.escape_ascii())
}

/// The four letters of an ACPI table, if the bytes are one.
fn table_name(bytes: &[u8]) -> Option<&str> {
    let signature: &[u8; 4] = bytes.first_chunk()?;
    let length = table_length(bytes, signature)?;
    let sum = bytes[..length].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    let name = std::str::from_utf8(signature).ok()?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    (is_name && (sum == 0 || signature == b"BERT")).then_some(name)
}

fn binary_refusal(bytes: &[u8]) -> String {
    let seen = seen(bytes);
    match bytes {
        [] => "empty, 0 bytes".into(),
        // The first bytes of a large store are enough.
        _ if bytes.iter().take(1 << 20).all(|byte| *byte == 0) => {
            format!("{seen}: no \"ERSTSTOR\", \"CPER\" or status block; empty or erased")
        }
        _ if bytes.starts_with(b"ERST") => match Table::parse(bytes) {
            Err(error) => format!("ERST table: {error}"),
            Ok(_) => seen,
        },
        _ => match table_name(bytes) {
            Some("BERT") => format!("BERT table: {}", region_of(bytes)),
            Some(name) => format!("ACPI table \"{name}\", which holds no errors"),
            None => format!("{seen}: no record, ERST image or table, status block, struct mce or kernel log"),
        },
    }
}

/// The address of the error region that a BERT table names (ACPI 6.5 table 18.1).
fn region_of(table: &[u8]) -> String {
    let length = table.get(36..40).and_then(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?)));
    let address = table.get(40..48).and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
    let place = match (length, address) {
        (Some(length), Some(address)) => format!(", {length} bytes at physical address {address:#x}"),
        _ => String::new(),
    };
    format!(
        "it only says where the error region is{place}; Linux shows the region as \
         /sys/firmware/acpi/tables/data/BERT"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random and are the same each time.
    fn noise(state: &mut u64) -> u8 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 56) as u8
    }

    /// Bytes of chance, words, and tables of small numbers are nothing.
    #[test]
    fn nothing_is_recognised_in_noise() {
        let mut state = 1;
        for round in 0..60_000 {
            let length = 1 + usize::from(noise(&mut state)) * 2;
            let mut bytes: Vec<u8> = (0..length).map(|_| noise(&mut state)).collect();
            match round % 4 {
                1 => bytes
                    .iter_mut()
                    .for_each(|byte| *byte = b"etaoin shrdlu\nERSTCPB "[usize::from(*byte) % 22]),
                2 => bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte *= u8::from(at % 4 == 0)),
                3 => bytes.iter_mut().for_each(|byte| *byte %= 3),
                _ => {}
            }
            assert_eq!(recognise(&bytes, "noise.bin"), None, "round {round}: {bytes:x?}");
        }
    }

    /// Every magic needs a header behind it.
    #[test]
    fn a_magic_alone_is_nothing() {
        for magic in
            [&qemu::MAGIC[..], b"CPER", b"ERST", b"BERT", b"BERR", b"DBGC", b"CGBD", &mcelog::SIGNATURE]
        {
            for behind in
                [&b""[..], b" is four letters", b" @ 0x0000000000000000\n    0000: 45 52 53 54 30 02 00 00\n"]
            {
                let bytes = [magic, behind].concat();
                assert_eq!(recognise(&bytes, "notes.txt"), None, "{}", bytes.escape_ascii());
            }
        }
    }
}
