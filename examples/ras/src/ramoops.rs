//! The memory of ramoops: its zones, their error-correcting code, and their content.
//!
//! The memory does not hold the parameters that it was made with. A layout can be given ([`Parameters`]). Without one,
//! zones are found by their signatures at any offset, and a code by zones whose header verifies with it. A zone that
//! could be corrected is no evidence of a code: memory without a code looks like damaged zeros.

use std::ops::Range;
use std::str::FromStr;

use pstore_format::blk;
use pstore_format::dmesg::{self, Header};
use pstore_format::inflate::Inflater;
use pstore_format::names::RecordType;
use pstore_format::ramoops::{CodeWord, DumpHeader, Ecc, EccEvidence, EccReport, Layout, Zone};

use crate::found::{LogKind, Reading};
use crate::input::Bytes;
use crate::problem::Problem;
use crate::summary::size;

/// Signatures of zones, in either byte order. That of a function trace contains the kernel's version.
const SIGNATURES: [[u8; 4]; 2] = [*b"DBGC", *b"CGBD"];

/// Bytes of a zone's header.
const HEADER: usize = 12;

/// Bits of code that must verify before a code is assumed: memory without a code passes once in 2^64.
const EVIDENCE: u32 = 64;

/// The parameters of the kernel module `ramoops` that wrote the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    memory: Option<usize>,
    record: usize,
    console: usize,
    ftrace: usize,
    pmsg: usize,
    /// `None` where it was not given: the memory decides.
    ecc: Option<Code>,
}

/// The code of a memory, or none.
type Code = Option<Ecc>;

impl FromStr for Parameters {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parameters = Self::default();
        for one in text.split(',').filter(|one| !one.is_empty()) {
            let (name, value) =
                one.split_once('=').ok_or_else(|| format!("\"{one}\": NAME=SIZE expected"))?;
            let number =
                number(value).ok_or_else(|| format!("\"{one}\": no size; 4096, 0x1000 and 4k are"))?;
            match name.replace('-', "_").as_str() {
                "mem_size" => parameters.memory = Some(number),
                "record_size" => parameters.record = number,
                "console_size" => parameters.console = number,
                "ftrace_size" => parameters.ftrace = number,
                "pmsg_size" => parameters.pmsg = number,
                "ecc" => {
                    let code = u8::try_from(number).ok().and_then(Ecc::new);
                    if code.is_none() && number != 0 {
                        return Err(format!(
                            "\"{one}\": 0 for no code, 1 for that of 16 bytes, or 2 to 64 bytes"
                        ));
                    }
                    parameters.ecc = Some(code);
                }
                _ => {
                    let names = "mem-size, record-size, console-size, ftrace-size, pmsg-size, ecc";
                    return Err(format!("\"{name}\" is none of {names}"));
                }
            }
        }
        Ok(parameters)
    }
}

/// `4096`, `0x1000`, `4k`, `1M`.
fn number(text: &str) -> Option<usize> {
    let (digits, shift) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 10),
        None => text.strip_suffix(['m', 'M']).map_or((text, 0), |digits| (digits, 20)),
    };
    let number = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => usize::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    number.ok()?.checked_mul(1 << shift)
}

/// The content of the memory, errors corrected and rings unrolled.
#[derive(Debug)]
pub struct Region {
    /// What it is, for people.
    pub title: String,
    /// The zones that have content or a problem.
    pub zones: Vec<ZoneRead>,
}

/// A zone.
#[derive(Debug)]
pub struct ZoneRead {
    /// Where it begins.
    pub offset: usize,
    /// The id that Linux gives its record.
    pub number: u64,
    /// Its content. There are two readings where the corrected and the stored bytes both read well.
    pub readings: Vec<(Holds, Vec<u8>, Option<Reading>)>,
    /// Its problem, with its offset.
    pub problem: Option<Problem>,
}

/// The kind of a zone's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A dump: its line, then the text.
    Dump,
    /// Text of another kind.
    Log(LogKind),
    /// A function trace of this version of Linux.
    Trace(Option<(u8, u8, u8)>),
}

/// A zone that may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    /// Its range; the zone may end earlier where nothing states its length.
    range: Range<usize>,
    /// Its purpose, where the layout was given.
    kind: Option<RecordType>,
    number: u64,
}

/// Whether the bytes begin like the memory of ramoops or like one of its zones.
pub fn begins(bytes: &[u8]) -> bool {
    SIGNATURES.iter().any(|signature| bytes.starts_with(signature))
        && is_plausible(bytes, 0)
        && !is_block_device(bytes)
}

/// Whether a dump or a console's log of ramoops lies anywhere in the bytes.
pub fn is_inside(bytes: &Bytes) -> bool {
    (has_signature(bytes) || mended(bytes, None).is_some()) && is_memory(bytes)
}

/// The same, without giving memory back.
pub fn is_memory(bytes: &[u8]) -> bool {
    let holds = |slot: &Slot| {
        let zone = &bytes[slot.range.clone()];
        // The signature of a console's zone of pstore/blk looks like a damaged one.
        begins_dump(bytes, slot.range.start)
            || !is_of_block_device(zone) && stored(zone).is_some_and(|content| is_kernel_log(&content))
    };
    find(bytes).iter().any(holds) && !is_block_device(bytes)
}

/// Whether a signature is in the bytes. The search gives back the memory of the pages that it passed.
fn has_signature(bytes: &Bytes) -> bool {
    const STRIDE: usize = 4 << 20;
    let mut at = bytes.next_data(0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let window = &rest[..rest.len().min(STRIDE + 3)];
        if SIGNATURES.iter().any(|signature| memchr::memmem::find(window, signature).is_some()) {
            return true;
        }
        bytes.release();
        // Each turn advances by at least the stride.
        at = bytes.next_data((at + STRIDE).min(bytes.len()));
    }
    false
}

/// Whether a zone has a signature that pstore/blk gives to zones of other kinds than dumps.
fn is_of_block_device(zone: &[u8]) -> bool {
    let others = [RecordType::CONSOLE, RecordType::FTRACE, RecordType::PMSG];
    blk::Zone::parse(zone).is_ok_and(|zone| others.contains(&zone.record_type()))
}

/// pstore/blk has the same signature and another header.
pub fn is_block_device(bytes: &[u8]) -> bool {
    let mut zones = SIGNATURES.iter().flat_map(|signature| memchr::memmem::find_iter(bytes, signature));
    zones.any(|at| blk::Zone::parse(&bytes[at..]).is_ok_and(|zone| zone.dump().is_some()))
}

/// Start and size of the zone that begins at this offset, in the byte order of its signature.
fn words(bytes: &[u8], at: usize) -> Option<[usize; 2]> {
    let header = bytes.get(at..)?.get(..HEADER)?;
    let word = |at: usize| -> Option<[u8; 4]> { header.get(at..)?.first_chunk().copied() };
    let big = header.first() == Some(&b'C') && header[3] != b'C';
    let number = |bytes| if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    Some([number(word(4)?) as usize, number(word(8)?) as usize])
}

/// Whether what the header at this offset says fits the bytes there are.
fn is_plausible(bytes: &[u8], at: usize) -> bool {
    words(bytes, at).is_some_and(|[start, size]| start <= size && size <= bytes.len() - at - HEADER)
}

/// Whether the line of a dump stands behind the header at this offset.
fn begins_dump(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + HEADER..).is_some_and(|ring| DumpHeader::parse(ring).is_some())
}

/// Whether this offset is inside the zone that begins at `before`, by what that zone's header says.
fn is_covered(bytes: &[u8], before: usize, at: usize) -> bool {
    let size = words(bytes, before).filter(|_| is_plausible(bytes, before)).map_or(0, |[_, size]| size);
    at < before + HEADER + size
}

/// The used bytes of a zone whose signature is damaged, with the right signature: two bits of it are wrong at most, or
/// any where a layout says what the zone is for. The signature of a function trace differs from that of dumps too, but
/// a trace is no text.
fn mended(zone: &[u8], kind: Option<RecordType>) -> Option<Vec<u8>> {
    let seen = zone.first_chunk().map(|seen| u32::from_le_bytes(*seen))?;
    let wrong = |signature: &[u8; 4]| (u32::from_le_bytes(*signature) ^ seen).count_ones();
    let signature = SIGNATURES.iter().min_by_key(|signature| wrong(signature))?;
    let most = if kind.is_none_or(|kind| kind == RecordType::FTRACE) { 2 } else { u32::BITS };
    if !(1..=most).contains(&wrong(signature)) {
        return None;
    }
    let header = [signature, zone.get(4..HEADER)?].concat();
    let [_, size] = words(&header, 0)?;
    let mended = [&header, zone.get(HEADER..HEADER.checked_add(size)?)?].concat();
    let content = stored(&mended).filter(|content| !content.is_empty())?;
    (DumpHeader::parse(&content).is_some() || is_text(&content)).then_some(mended)
}

/// The kernel of a function trace.
fn trace_version(zone: &[u8], kind: Option<RecordType>) -> Option<(u8, u8, u8)> {
    if mended(zone, kind).is_some() {
        return None;
    }
    Zone::parse(zone, None).ok()?.kernel_version()
}

/// The zones that are found by their signatures.
fn find(bytes: &[u8]) -> Vec<Slot> {
    let lists = SIGNATURES.map(|signature| memchr::memmem::find_iter(bytes, &signature).collect::<Vec<_>>());
    let count = |list: &[usize]| list.iter().filter(|at| is_plausible(bytes, **at)).count();
    let [little, big] = lists;
    let signed = if count(&big) > count(&little) { big } else { little };
    let is_signed = |at: usize| signed.binary_search(&at).is_ok();

    let mut starts: Vec<usize> = Vec::new();
    for &at in &signed {
        let before = starts.last().copied();
        // Zones of one kind are equally long.
        let is_regular = before.is_some_and(|before| {
            let length = at - before;
            at + length == bytes.len()
                || is_signed(at + length)
                || starts.iter().rev().nth(1).is_some_and(|earlier| before - earlier == length)
        });
        let inside = before.is_some_and(|before| is_covered(bytes, before, at));
        let is_zone = is_regular || !inside && (is_plausible(bytes, at) || begins_dump(bytes, at));
        if is_zone && at + HEADER <= bytes.len() {
            starts.push(at);
        }
    }
    add_traces(bytes, &mut starts);
    add_damaged(bytes, &mut starts);
    add_unsigned(bytes, &mut starts);
    slots(bytes, &starts)
}

/// Function traces lie after the other zones; their signature contains the kernel's version.
fn add_traces(bytes: &[u8], starts: &mut Vec<usize>) {
    let Some(&last) = starts.last() else { return };
    let version =
        |at: usize| trace_version(bytes.get(at..)?, None).filter(|(major, _, _)| (2..16).contains(major));
    // After either of the last two: before Linux 6.5 user messages follow the traces.
    let ends = starts.iter().rev().take(2).flat_map(|start| (9..31).map(move |bits| start + (1 << bits)));
    let Some(first) = ends.filter(|at| !starts.contains(at)).find(|at| version(*at).is_some()) else {
        return;
    };
    let mut traces: Vec<usize> = memchr::memmem::find_iter(&bytes[first..], &bytes[first..first + 4])
        .map(|at| first + at)
        .filter(|at| is_plausible(bytes, *at))
        .collect();
    traces.retain(|at| !starts.contains(at) && (*at <= last || *at >= first));
    starts.extend(traces);
    starts.sort_unstable();
}

/// Bytes around the zones that are found in which those with a damaged signature are looked for.
const REACH: usize = 16 << 20;

/// Zones whose signature is damaged. They lie an even number of bytes from the others; where there are no others, only
/// the first byte is looked at.
fn add_damaged(bytes: &[u8], starts: &mut Vec<usize>) {
    let (from, to) = match (starts.first(), starts.last()) {
        (Some(first), Some(last)) => {
            let from = first.saturating_sub(REACH);
            (from + (first - from) % 2, last.saturating_add(REACH).min(bytes.len()))
        }
        _ => (0, bytes.len().min(1)),
    };
    for at in (from..to).step_by(2).filter(|at| mended(&bytes[*at..], None).is_some()) {
        let place = starts.partition_point(|start| *start <= at);
        let before = starts[..place].last().copied();
        // The zone ends where the next begins.
        let end = starts.get(place).copied().unwrap_or(bytes.len());
        let is_zone = mended(&bytes[at..end], None).is_some();
        if is_zone && before.is_none_or(|before| before != at && !is_covered(bytes, before, at)) {
            starts.insert(place, at);
        }
    }
}

/// Dumps without a header: zones whose signature is damaged beyond recognition.
fn add_unsigned(bytes: &[u8], starts: &mut Vec<usize>) {
    if starts.is_empty() {
        return;
    }
    let mut more = Vec::new();
    for line in memchr::memmem::find_iter(bytes, b"====") {
        let Some(at) = line.checked_sub(HEADER).filter(|at| starts.binary_search(at).is_err()) else {
            continue;
        };
        let before = starts[..starts.partition_point(|start| *start <= at)].last();
        let inside = before.is_some_and(|before| is_covered(bytes, *before, at));
        // Any text can contain such a line.
        let is_dump = DumpHeader::parse(&bytes[line..])
            .is_some_and(|(header, text)| header.compressed || Header::parse(text).is_some());
        if is_dump && !inside {
            more.push(at);
        }
    }
    starts.extend(more);
    starts.sort_unstable();
}

/// The zones that begin at these offsets, each up to where the next does.
fn slots(bytes: &[u8], starts: &[usize]) -> Vec<Slot> {
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    let ranges: Vec<Range<usize>> = starts.iter().zip(ends).map(|(start, end)| *start..end).collect();
    let is_dump = |range: &Range<usize>| begins_dump(bytes, range.start);
    // Dumps come first and are equally long, so that its place tells a dump's number.
    let dumps = ranges.iter().rposition(is_dump).map_or(0, |last| last + 1);
    let length = ranges[..dumps].iter().map(Range::len).min().unwrap_or(0);
    let first = ranges.first().map_or(0, |range| range.start);
    let is_regular = |range: &Range<usize>| length != 0 && (range.start - first).is_multiple_of(length);
    let regular = ranges[..dumps].iter().all(is_regular);
    let slot = |(index, range): (usize, Range<usize>)| {
        let number = match (index < dumps, regular) {
            (false, _) => 0,
            (true, true) => (range.start - first) / length,
            (true, false) => index,
        };
        Slot { range, kind: None, number: number as u64 }
    };
    ranges.into_iter().enumerate().map(slot).collect()
}

/// The zones of a layout.
fn laid_out(bytes: &[u8], parameters: &Parameters) -> Vec<Slot> {
    let layout = |is_pmsg_last| Layout {
        memory_size: parameters.memory.unwrap_or(bytes.len()).min(bytes.len()),
        record_size: parameters.record,
        console_size: parameters.console,
        ftrace_size: parameters.ftrace,
        pmsg_size: parameters.pmsg,
        ftrace_zones: 1,
        is_pmsg_last,
    };
    let slots = |is_pmsg_last| -> Vec<Slot> {
        layout(is_pmsg_last)
            .zones()
            .map(|(kind, number, range)| Slot { range, kind: Some(kind), number: number.into() })
            .collect()
    };
    // Kernels before 6.5 put the traces before the messages: their signature decides.
    let fits = |slots: &[Slot]| {
        let is_trace = |slot: &&Slot| trace_version(&bytes[slot.range.clone()], slot.kind).is_some();
        slots.iter().filter(is_trace).all(|slot| slot.kind == Some(RecordType::FTRACE))
    };
    let (newer, older) = (slots(false), slots(true));
    let mut slots = if !fits(&newer) && fits(&older) { older } else { newer };
    // Zones outside of the layout are shown too: the layout may be another memory's.
    for other in find(bytes) {
        let overlaps = |slot: &Slot| {
            let size = words(bytes, slot.range.start).map_or(0, |[_, size]| size);
            let is_zone = Zone::parse(&bytes[slot.range.clone()], None).is_ok();
            slot.range.start == other.range.start
                || is_zone
                    && slot.range.start < other.range.start
                    && other.range.start < slot.range.start + HEADER + size
        };
        if !slots.iter().any(overlaps) {
            slots.push(other);
        }
    }
    slots.sort_by_key(|slot| slot.range.start);
    slots
}

/// The code of a header.
fn header_code(ecc: Ecc, header: &[u8]) -> Vec<u8> {
    let length = usize::from(ecc.bytes());
    // The smallest zone: a byte, its code, that of the header.
    let mut zone = vec![0; HEADER + 1 + 2 * length];
    zone[..HEADER].copy_from_slice(header);
    match ecc.protect(&mut zone) {
        Ok(()) => zone.split_off(HEADER + 1 + length),
        Err(_) => Vec::new(),
    }
}

/// Offsets where a zone may end: at the next zone, after a power of two, after the length of another zone, or at the
/// end of the memory.
fn ends(slot: &Slot, slots: &[&Slot], memory: usize) -> Vec<usize> {
    let start = slot.range.start;
    let shortest = slots.iter().map(|other| other.range.len()).min();
    let lengths = (9..31).map(|bits| 1 << bits).chain(shortest);
    let mut ends: Vec<usize> = lengths.map(|length| start + length).chain([slot.range.end, memory]).collect();
    ends.retain(|end| *end <= memory);
    ends.sort_unstable();
    ends.dedup();
    ends
}

/// The code that the zones' headers verify by.
fn find_code(bytes: &[u8], slots: &[Slot]) -> Option<Ecc> {
    let slots: Vec<&Slot> = slots.iter().filter(|slot| slot.range.len() > HEADER).collect();
    let all_ends: Vec<Vec<usize>> = slots.iter().map(|slot| ends(slot, &slots, bytes.len())).collect();
    let best = |bits: &dyn Fn(Ecc) -> u32| {
        let codes = (2..=64).rev().filter_map(Ecc::new).map(|ecc| (bits(ecc), ecc));
        codes.max_by_key(|(bits, _)| *bits).filter(|(bits, _)| *bits >= EVIDENCE).map(|(_, ecc)| ecc)
    };
    let by_headers = |ecc: Ecc| {
        let verified = slots.iter().zip(&all_ends).filter(|(slot, ends)| {
            let start = slot.range.start;
            let code = header_code(ecc, &bytes[start..start + HEADER]);
            let least = start + HEADER + 2 * code.len();
            // Zeros verify by every code.
            code.iter().any(|byte| *byte != 0)
                && ends.iter().any(|end| *end > least && bytes[..*end].ends_with(&code))
        });
        clamp(verified.count()) * 8 * u32::from(ecc.bytes())
    };
    // Of few headers all can be damaged. Then a header must verify once it is corrected, and the blocks as well.
    let by_corrections = |ecc: Ecc| {
        let usual = Ecc::new(USUAL) == Some(ecc);
        let used = slots.iter().zip(&all_ends).filter(|(slot, _)| !is_empty(bytes, slot)).take(MOST_TRIED);
        let bits = used.filter_map(|(slot, ends)| {
            let stated = [slot.range.end];
            let ends: &[usize] = if usual { ends } else { &stated };
            ends.iter().map(|end| corrected_bits(&bytes[slot.range.start..*end], ecc)).max()
        });
        bits.max().unwrap_or(0)
    };
    best(&by_headers).or_else(|| best(&by_corrections))
}

/// Linux's code where it is told `ecc=1`.
const USUAL: u8 = 1;

/// Zones in use that are tried where no header verifies as it is.
const MOST_TRIED: usize = 8;

fn clamp(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX >> 10).min(u32::MAX >> 10)
}

fn is_empty(bytes: &[u8], slot: &Slot) -> bool {
    words(bytes, slot.range.start) == Some([0, 0])
}

/// Bits of code that fit in a zone once its header is corrected.
fn corrected_bits(zone: &[u8], ecc: Ecc) -> u32 {
    let length = usize::from(ecc.bytes());
    let Some(header) = zone.get(..HEADER).filter(|_| zone.len() > HEADER + 2 * length) else { return 0 };
    let code = &zone[zone.len() - length..];
    if code.iter().all(|byte| *byte == 0) {
        return 0;
    }
    let mut small = [header, &vec![0; 1 + length], code].concat();
    let Ok(EccReport { corrected, unrecoverable: 0 }) = ecc.correct(&mut small) else { return 0 };
    let fits = words(&small, 0).is_some_and(|[start, size]| start <= size && size <= zone.len() - HEADER);
    let signed = SIGNATURES.iter().any(|signature| small.starts_with(signature));
    if !fits || !signed {
        return 0;
    }
    let bits = 8 * u32::from(ecc.bytes());
    // A corrected byte could have any of 256 values at any of 76 places, which takes 15 bits from the evidence.
    let by_header = bits.saturating_sub(corrected.saturating_mul(8 + 7));
    let by_blocks = ecc.examine(zone).map_or(0, |evidence| evidence.verified.saturating_mul(bits));
    by_header.saturating_add(by_blocks)
}

/// The content of the ring as it is stored, oldest byte first.
fn stored(zone: &[u8]) -> Option<Vec<u8>> {
    unrolled(&Zone::parse(zone, None).ok()?)
}

fn unrolled(zone: &Zone<'_>) -> Option<Vec<u8>> {
    let contents = zone.contents();
    let mut bytes = vec![0; contents.len()];
    contents.copy_to(&mut bytes).ok()?;
    Some(bytes)
}

/// Whether content looks like what a kernel writes there.
fn reads_well(content: &[u8]) -> bool {
    match DumpHeader::parse(content) {
        Some((header, stream)) if header.compressed => {
            let mut text = vec![0; (stream.len() * 16).max(32 << 10)];
            Inflater::new().inflate(stream, &mut text).is_ok()
        }
        Some((_, text)) => Header::parse(text).is_some() && is_text(text),
        None => is_text(content),
    }
}

fn is_text(content: &[u8]) -> bool {
    let others = content.iter().filter(|byte| !matches!(byte, b'\t'..=b'\r' | 0x1b | b' '..=b'~' | 0x80..));
    others.count() <= content.len() / 32
}

/// Whether lines have the time of the kernel's own.
fn is_kernel_log(content: &[u8]) -> bool {
    let (timed, all) = dmesg::lines(content)
        .take(50)
        .fold((0, 0), |(timed, all), line| (timed + usize::from(line.time.is_some()), all + 1));
    timed * 2 > all
}

/// The content of a zone and what its code did; `None` where the content is as stored.
type Content = (Vec<u8>, Option<Reading>);

/// Reads a zone with this code, or without one: one reading, or two where nothing decides between them, and the report
/// of the corrections.
fn read(zone: &[u8], code: Option<Ecc>) -> (Vec<Content>, EccReport) {
    let none = EccReport::default();
    let stored = stored(zone);
    let as_stored = || stored.clone().map(|content| (content, None)).into_iter().collect::<Vec<Content>>();
    let Some(ecc) = code else { return (as_stored(), none) };
    let Ok(evidence) = ecc.examine(zone) else { return (as_stored(), none) };
    let mut copy = zone.to_vec();
    let report = ecc.correct(&mut copy).unwrap_or_default();
    let corrected = Zone::parse(&copy, Some(ecc)).ok().and_then(|zone| unrolled(&zone));
    let Some(corrected) = corrected else { return (as_stored(), none) };
    let EccEvidence { header, verified, correctable, unrecoverable } = evidence;
    let is_covered = verified + correctable > unrecoverable;
    let same = stored.as_ref() == Some(&corrected);
    let well = stored.as_ref().filter(|stored| reads_well(stored));
    match (header, well) {
        (CodeWord::Verified, _) => {}
        _ if same => {}
        // Content that reads well is not corrected, unless so many blocks verify that a code is just as likely.
        (CodeWord::Correctable(_), Some(stored)) if is_covered && !corrected.is_empty() => {
            let both = [
                (corrected, Some(Reading::DoubtCorrected(report))),
                (stored.clone(), Some(Reading::DoubtStored)),
            ];
            let both = both.into_iter().filter(|(content, _)| !content.is_empty());
            return (both.collect(), report);
        }
        (CodeWord::Correctable(_), None) if !corrected.is_empty() || stored.is_none() => {}
        // The header does not verify, but the blocks do.
        (CodeWord::Unrecoverable, None) if is_covered && !corrected.is_empty() => {}
        _ => return (as_stored(), none),
    }
    (vec![(corrected, Some(Reading::Corrected(report)))], report)
}

impl Region {
    /// Reads the memory, with these parameters where they are known.
    pub fn read(bytes: &[u8], parameters: Option<&Parameters>) -> Self {
        let slots = parameters.map_or_else(|| find(bytes), |parameters| laid_out(bytes, parameters));
        let told = parameters.and_then(|parameters| parameters.ecc);
        let code = told.unwrap_or_else(|| find_code(bytes, &slots));
        let (mut zones, mut total) = (Vec::new(), EccReport::default());
        let all: Vec<&Slot> = slots.iter().collect();
        let (mut signed, mut coded, mut console_seen) = (0, 0, false);
        for slot in &slots {
            let zone = zone(bytes, slot, &all, code);
            let (contents, report) = read(zone, code);
            total.corrected += report.corrected;
            total.unrecoverable += report.unrecoverable;
            let mut read = ZoneRead {
                offset: slot.range.start,
                number: slot.number,
                readings: Vec::new(),
                problem: None,
            };
            let is_as_stored = contents.iter().all(|(_, reading)| reading.is_none());
            let mended = mended(zone, slot.kind).filter(|_| is_as_stored);
            let contents = if let Some(content) = mended.as_deref().and_then(stored) {
                vec![(content, None)]
            } else if contents.is_empty() {
                let Some((content, problem)) = salvaged(bytes, slot) else { continue };
                read.problem = Some(problem);
                vec![(content, None)]
            } else {
                contents
            };
            let is_dump = matches!(&*contents, [(content, None)] if DumpHeader::parse(content).is_some());
            if let Some(seen) = wrong_signature(zone).filter(|_| mended.is_some() || is_dump) {
                read.problem = Some(
                    Problem::new(
                        "zone_signature",
                        slot.range.start as u64,
                        format!("zone signature is {seen:#010x}, not 0x43474244"),
                    )
                    .value("signature", seen),
                );
            }
            signed += 1;
            coded += usize::from(contents.iter().any(|(_, reading)| reading.is_some()));
            let version = Zone::parse(zone, code)
                .or(Zone::parse(zone, None))
                .ok()
                .and_then(|zone| zone.kernel_version())
                .filter(|_| mended.is_none());
            for (content, reading) in contents.into_iter().filter(|(content, _)| !content.is_empty()) {
                let holds = holds(slot, &content, version, &mut console_seen);
                read.readings.push((holds, content, reading));
            }
            if !read.readings.is_empty() || read.problem.is_some() {
                zones.push(read);
            }
        }
        let plural = if signed == 1 { "" } else { "s" };
        let mut title = format!("ramoops region, {signed} zone{plural}");
        match code {
            Some(code) if coded != 0 => title.push_str(&format!(", {}", told_of(code, total))),
            Some(code) => {
                title.push_str(&format!(", none of which has a code of {} bytes a block", code.bytes()));
            }
            None => {}
        }
        Self { title, zones }
    }

    /// Whether nothing of ramoops was found although parameters were given.
    pub fn is_empty(&self) -> bool {
        self.zones.is_empty()
    }
}

/// The signature of a zone where it is not that of dumps.
fn wrong_signature(zone: &[u8]) -> Option<u32> {
    let seen = zone.first_chunk().filter(|seen| !SIGNATURES.contains(seen))?;
    Some(u32::from_le_bytes(*seen))
}

/// The report of a whole region's code, for its title.
fn told_of(code: Ecc, EccReport { corrected, unrecoverable }: EccReport) -> String {
    let code = format!("code of {} bytes a block", code.bytes());
    let lost = match unrecoverable {
        0 => String::new(),
        1 => ", 1 block beyond correction".to_owned(),
        many => format!(", {many} blocks beyond correction"),
    };
    match corrected {
        0 if unrecoverable == 0 => format!("{code} without errors"),
        0 => format!("{code}{lost}"),
        _ => format!("{} corrected by its {code}{lost}", size(corrected as usize)),
    }
}

/// The bytes of a zone: up to the end at which its header verifies, or can be corrected, by the code.
fn zone<'b>(bytes: &'b [u8], slot: &Slot, slots: &[&Slot], code: Option<Ecc>) -> &'b [u8] {
    let stated = &bytes[slot.range.clone()];
    let Some(ecc) = code.filter(|_| slot.kind.is_none()) else { return stated };
    let header = |zone: &[u8]| ecc.examine(zone).map_or(CodeWord::Unrecoverable, |evidence| evidence.header);
    if header(stated) == CodeWord::Verified {
        return stated;
    }
    let zones = ends(slot, slots, bytes.len()).into_iter().map(|end| &bytes[slot.range.start..end]);
    let rank = |zone: &&[u8]| match header(zone) {
        CodeWord::Verified => 0,
        CodeWord::Correctable(errors) => 1 + errors,
        CodeWord::Unrecoverable => u32::MAX,
    };
    zones.min_by_key(rank).filter(|zone| rank(zone) != u32::MAX).unwrap_or(stated)
}

/// The dump in a zone with a broken header, as far as it goes, and the header's problem. A zone with a signature is
/// reported without a dump too.
fn salvaged(bytes: &[u8], slot: &Slot) -> Option<(Vec<u8>, Problem)> {
    let zone = &bytes[slot.range.clone()];
    let ring = zone.get(HEADER..)?;
    let error = Zone::parse(zone, None).err()?;
    let mut problem = Problem::of(&error, slot.range.start as u64, error.kind());
    if DumpHeader::parse(ring).is_none() {
        let signed = SIGNATURES.iter().any(|signature| zone.starts_with(signature));
        return signed.then(|| (Vec::new(), problem));
    }
    let used = words(zone, 0).map(|[_, size]| size).filter(|size| *size != 0 && *size <= ring.len());
    let end = used.unwrap_or_else(|| ring.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    problem.message.push_str("; its dump is shown as far as it goes");
    Some((ring[..end].to_vec(), problem))
}

/// The kind of content: by its place in a given layout, or by its look.
fn holds(slot: &Slot, content: &[u8], version: Option<(u8, u8, u8)>, console_seen: &mut bool) -> Holds {
    match slot.kind {
        Some(RecordType::CONSOLE) => return Holds::Log(LogKind::Console),
        Some(RecordType::PMSG) => return Holds::Log(LogKind::Messages),
        Some(RecordType::FTRACE) => return Holds::Trace(version),
        _ if DumpHeader::parse(content).is_some() => return Holds::Dump,
        _ if version.is_some() => return Holds::Trace(version),
        _ => {}
    }
    let is_log = is_kernel_log(content);
    // There is one console, before the messages.
    let kind = match (is_log, *console_seen) {
        (true, false) => LogKind::Console,
        (_, true) => LogKind::Messages,
        (false, false) => LogKind::ConsoleOrMessages,
    };
    *console_seen |= is_log;
    Holds::Log(kind)
}
