//! What Linux keeps in its stores, from bytes.

use std::cell::RefCell;

use cper::Record;
use pstore_format::dmesg::{self, Header, Part, Piece};
use pstore_format::inflate::Inflater;
use pstore_format::names::{EfiVariable, FileName, HwErrRec};
use pstore_format::ramoops::{self, Ecc, EccReport};
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal::{self, Seal};
use pstore_format::{RecordId, blk};

use crate::flipped;

thread_local! {
    /// What inflating needs: it is used again, as its documentation says.
    static INFLATER: RefCell<(Inflater, Vec<u8>)> = RefCell::new((Inflater::new(), vec![0; 1 << 16]));
}

/// Records of Linux's stores: told apart, within bounds, sealed so that a flipped bit shows.
pub fn stored(bytes: &[u8]) {
    let _ = seal::verify(bytes);
    let Ok(record) = StoredRecord::parse(bytes) else { return };
    assert!(record.body().len() <= bytes.len() && record.file_content().len() <= bytes.len());
    crate::text_is_bounded(&record, bytes.len());
    if let Some(Err(error)) = record.section_body() {
        crate::inside(error, bytes);
    }
    if let Payload::CompressedDmesg(stream) = record.payload() {
        inflate(stream);
    }
    let _ = (record.time(), record.severity(), record.file_name());
    let mut sealed = bytes.to_vec();
    if seal::seal(&mut sealed).is_err() {
        return;
    }
    sealed.truncate(Record::parse(&sealed).expect("a sealed record is one").as_bytes().len());
    assert_eq!(seal::verify(&sealed), Seal::Valid);
    let (flipped, bit) = flipped(&sealed).expect("a record has bytes");
    assert_ne!(seal::verify(&flipped), Seal::Valid, "bit {bit} flipped");
}

/// Kernel logs: headers and lines are read as they are written, and dumps put together of all their parts.
pub fn dmesg(bytes: &[u8]) {
    if let Some((header, log)) = Header::parse(bytes) {
        assert!(bytes.ends_with(log));
        assert_eq!(Header::parse(header.to_string().as_bytes()), Some((header, &[][..])));
    }
    let mut told = 0;
    for line in dmesg::lines(bytes) {
        told += line.text.len() + 1;
        assert_eq!(line.level().is_some(), line.facility().is_some());
    }
    assert!(told <= bytes.len() + 1);

    // Four bytes make a part, of few boots, dumps and numbers.
    let part = |(index, four): (usize, &[u8])| {
        let [count, number, id, time] = [0, 1, 2, 3].map(|at| four[at]);
        let header = Header {
            why: if count & 8 == 0 { "Panic" } else { "Oops" },
            count: u32::from(count & 3),
            part: u32::from(number & 15),
        };
        let id = RecordId::new(u64::from(id & 0x83) << 32 | u64::from(id & 0x1c));
        let time = (time & 1 != 0).then_some(u64::from(time));
        if count & 16 == 0 {
            Part::erst(header, id, time, index)
        } else {
            Part::timed(header, id, time, index)
        }
    };
    let mut parts: Vec<Part> = bytes.chunks_exact(4).take(64).enumerate().map(part).collect();
    parts.sort();
    let mut seen = 0;
    for dump in dmesg::dumps(&parts) {
        assert_eq!(dump.parts(), &parts[seen..seen + dump.parts().len()]);
        seen += dump.parts().len();
        let (mut found, mut missing, mut above) = (0, 0, None);
        for piece in dump.pieces() {
            let numbers = match piece {
                Piece::Part(part) => {
                    found += 1;
                    part.header.part..=part.header.part
                }
                Piece::Missing(numbers) => {
                    missing += numbers.end() - numbers.start() + 1;
                    numbers
                }
            };
            assert!(above.is_none_or(|above| *numbers.end() < above), "numbers fall towards the newest text");
            above = Some(*numbers.start());
        }
        assert_eq!((found, missing), (dump.parts().len(), dump.missing()));
    }
    assert_eq!(seen, parts.len(), "every part is in a dump");
}

/// Compressed texts: what comes out fits, errors lie inside, and a stream of ours gives its text back.
pub fn inflate(bytes: &[u8]) {
    INFLATER.with_borrow_mut(|(inflater, text)| {
        let room = (64 * bytes.len()).min(text.len());
        match inflater.inflate(bytes, &mut text[..room]) {
            Ok(found) => assert!(found.length <= room && found.unused <= bytes.len()),
            Err(error) => assert!(error.offset() as usize <= bytes.len()),
        }
        // Deflate's form for what does not compress: a final block, its length twice.
        let Ok(length) = u16::try_from(bytes.len()) else { return };
        let [l0, l1] = length.to_le_bytes();
        let stream = [&[1, l0, l1, !l0, !l1], bytes, b"behind"].concat();
        let found = inflater.inflate(&stream, text).expect("a whole stream");
        assert_eq!((&text[..found.length], found.unused), (bytes, 6));
    });
}

/// Zones of ramoops and pstore/blk: contents inside the ring, correcting twice is correcting once.
pub fn ramoops(bytes: &[u8]) {
    let Some((&parameter, zone)) = bytes.split_first() else { return };
    let ecc = Ecc::new(parameter);
    if let Ok(found) = ramoops::Zone::parse(zone, ecc) {
        contents(&found.contents(), found.ring());
    }
    if let Ok(found) = blk::Zone::parse(zone) {
        contents(&found.contents(), found.ring());
        assert!(found.dump().is_none_or(|(_, dump)| dump.len() < found.ring().len()));
    }
    // Long codes and whole blocks take longer than everything else together: one input in 8 has them.
    let is_long = zone.last().is_some_and(|last| last % 8 == 0);
    if let Some(ecc) = ecc.filter(|_| is_long || parameter <= 16) {
        let length = if is_long { 320 } else { 80 };
        let mut once = zone[..zone.len().min(length)].to_vec();
        match ecc.correct(&mut once) {
            Ok(report) if report.corrected != 0 => {
                let again = ecc.correct(&mut once.clone()).expect("a zone stays one");
                assert_eq!(again, EccReport { corrected: 0, ..report });
            }
            _ => assert!(zone.starts_with(&once), "changed, and nobody says so"),
        }
    }
    let (content, report) = EccReport::split(zone);
    if let Some(report) = report {
        assert_eq!(EccReport::split(format!("\n{report}\n").as_bytes()), (&[][..], Some(report)));
    }
    assert!(zone.starts_with(content));
    layouts(zone);
}

fn contents(contents: &ramoops::Contents, ring: &[u8]) {
    assert!(contents.len() <= ring.len());
    let mut out = vec![0xa5; contents.len()];
    let copied = contents.copy_to(&mut out).expect("room enough");
    assert!(copied.starts_with(contents.older) && copied.ends_with(contents.newer));
    if let Some((header, dump)) = ramoops::DumpHeader::parse(copied) {
        let line = format!("{header}\n");
        assert!(
            ramoops::DumpHeader::parse(line.as_bytes()).is_some_and(|(again, _)| again.time == header.time)
        );
        assert!(copied.ends_with(dump));
    }
}

fn layouts(bytes: &[u8]) {
    let Some(numbers) = bytes.first_chunk::<24>() else { return };
    let [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5]
        .map(|at| u32::from_le_bytes([0, 1, 2, 3].map(|byte| numbers[4 * at + byte])) as usize);
    let ramoops = ramoops::Layout {
        memory_size: a,
        record_size: b,
        console_size: c,
        ftrace_size: d,
        pmsg_size: e,
        ftrace_zones: f,
        is_pmsg_last: f % 2 == 1,
    };
    let blk = blk::Layout {
        total_size: a,
        kmsg_size: b,
        console_size: c,
        ftrace_size: d,
        pmsg_size: e,
        processors: f,
    };
    for (end, zones) in
        [(a, ramoops.zones().take(99).collect::<Vec<_>>()), (a, blk.zones().take(99).collect())]
    {
        let mut last = 0;
        for (_, _, range) in zones {
            assert!(range.start >= last && range.start < range.end && range.end <= end);
            last = range.end;
        }
    }
}

/// Names of files and variables: what is read of one is written as it was.
pub fn names(bytes: &[u8]) {
    if let Ok(name) = std::str::from_utf8(bytes) {
        if let Some(read) = FileName::parse(name) {
            assert_eq!(read.to_string(), name);
        }
        if let Some(read) = EfiVariable::parse(name) {
            assert_eq!(read.to_string(), name);
            let mut out = [0xa5; 256];
            assert_eq!(EfiVariable::parse_ucs2(read.encode_ucs2(&mut out).expect("room enough")), Some(read));
        }
        if let Some(read) = HwErrRec::parse(name) {
            assert_eq!(read.to_string(), name);
        }
        let _ = (EfiVariable::parse_efivarfs(name), HwErrRec::parse_efivarfs(name));
    }
    if let Some(read) = EfiVariable::parse_ucs2(bytes) {
        let mut out = [0xa5; 256];
        let written = read.encode_ucs2(&mut out).expect("room enough");
        assert!(bytes.starts_with(written) || written.starts_with(bytes));
    }
    let _ = HwErrRec::parse_ucs2(bytes);
}
