//! What is written is read again, and no text or bytes make a reader panic.

use proptest::prelude::*;
use pstore_format::dmesg::{Header, Line, Part, Piece, dumps, lines};
use pstore_format::inflate::{Compression, Inflater};
use pstore_format::names::{EfiForm, EfiVariable, FileName, HwErrRec, RecordType};
use pstore_format::ramoops::{DumpHeader, Ecc, EccReport, Layout, Zone};
use pstore_format::{RecordId, RecordIds, blk};

fn forms() -> impl Strategy<Value = EfiForm> {
    prop_oneof![
        Just(EfiForm::WithoutCount),
        Just(EfiForm::WithoutCompression),
        Just(EfiForm::Plain),
        Just(EfiForm::Compressed)
    ]
}

proptest! {
    #[test]
    fn file_names(
        kind in prop_oneof!["[a-z]{1,10}", Just("powerpc-ofw".to_owned()), Just("cper-proc-arm".to_owned())],
        backend in "[a-z_]{1,12}",
        id: u64,
        compressed: bool,
    ) {
        let name = FileName { kind: &kind, backend: &backend, id: Some(RecordId::new(id)), compressed };
        let text = name.to_string();
        prop_assert_eq!(FileName::parse(&text), Some(name));
    }

    #[test]
    fn efi_variables(record_type: u32, part: u32, count: u32, time: u64, form in forms()) {
        let count = if form == EfiForm::WithoutCount { 0 } else { count };
        let variable = EfiVariable { record_type: RecordType::new(record_type), part, count, time, form };
        prop_assert_eq!(EfiVariable::parse(&variable.to_string()), Some(variable));
        let mut out = [0xA5; 160];
        let length = variable.encode_ucs2(&mut out).unwrap().len();
        prop_assert_eq!(EfiVariable::parse_ucs2(&out[..length]), Some(variable));
        let small = EfiVariable { part: part % 100, count: count % 1000, time: time % 100_000_000_000_000, ..variable };
        prop_assert_eq!(EfiVariable::from_record_id(small.record_id(), small.record_type, form), small);
    }

    #[test]
    fn error_record_variables(number: u16) {
        let name = HwErrRec::new(number);
        prop_assert_eq!(HwErrRec::parse(&name.to_string()), Some(name));
        let mut out = [0xA5; 40];
        prop_assert_eq!(HwErrRec::parse_ucs2(name.encode_ucs2(&mut out).unwrap()), Some(name));
    }

    #[test]
    fn names_that_parse_are_written_again(name in "(dump-type|HwErrRec|[a-z-]{0,12})[0-9A-F-]{0,20}(-C|-D|.enc.z)?") {
        if let Some(parsed) = FileName::parse(&name) {
            prop_assert_eq!(parsed.to_string(), name.clone());
        }
        if let Some(parsed) = EfiVariable::parse(&name) {
            prop_assert_eq!(parsed.to_string(), name.clone());
        }
        if let Some(parsed) = HwErrRec::parse(&name) {
            prop_assert_eq!(parsed.to_string(), name);
        }
    }

    #[test]
    fn ids_of_a_boot(seconds in 0u64..1 << 39, later in 1u64..1000) {
        let ids: Vec<_> = RecordIds::starting_at(seconds).take(3).collect();
        prop_assert!(ids.iter().all(|id| id.is_valid() && id.boot_time() == Some(seconds)));
        prop_assert_eq!(ids.iter().map(|id| id.sequence()).collect::<Vec<_>>(), [1, 2, 3]);
        prop_assert!(ids[0] < ids[1] && ids[2] < RecordIds::starting_at(seconds + later).next_id());
    }

    /// Seconds that no id has room for make ids all the same, behind those of all others.
    #[test]
    fn ids_of_a_time_that_is_none(seconds in 1u64 << 39..) {
        let mut ids = RecordIds::starting_at(seconds);
        prop_assert!(ids.next_id().raw() > 1 << 63);
    }

    #[test]
    fn headers(why in "[A-Za-z]{1,12}", count: u32, part: u32, log in proptest::collection::vec(any::<u8>(), 0..50)) {
        let header = Header { why: &why, count, part };
        let text = [format!("{header}\n").as_bytes(), &log].concat();
        prop_assert_eq!(Header::parse(&text), Some((header, &log[..])));
    }

    #[test]
    fn log_lines(priority: u32, time in 0u64..1 << 60, processor: u16, is_said: bool, text in "[ -~]{0,40}") {
        let caller = format!("C{processor}");
        let stamp = format!("{:5}.{:06}", time / 1_000_000, time % 1_000_000);
        let said = if is_said { format!("[{caller:>6}]") } else { String::new() };
        let line = format!("<{priority}>[{stamp}]{said} {text}");
        let expected = Line {
            priority: Some(priority),
            time: Some(time),
            caller: is_said.then_some(caller.as_bytes()),
            text: text.as_bytes(),
        };
        prop_assert_eq!(Line::parse(line.as_bytes()), expected);
        let log = format!("{line}\n{line}");
        prop_assert_eq!(lines(log.as_bytes()).collect::<Vec<_>>(), [expected, expected]);
    }

    #[test]
    fn dump_headers(time: u64, microseconds in 0u32..1_000_000, compressed: bool) {
        let header = DumpHeader { time, microseconds, compressed };
        let text = format!("{header}\nlog");
        prop_assert_eq!(DumpHeader::parse(text.as_bytes()), Some((header, &b"log"[..])));
    }

    #[test]
    fn ecc_reports(corrected: u32, unrecoverable: u32, text in proptest::collection::vec(any::<u8>(), 0..50)) {
        let report = EccReport { corrected, unrecoverable };
        let content = [&text[..], format!("\n{report}\n").as_bytes()].concat();
        prop_assert_eq!(EccReport::split(&content), (&text[..], Some(report)));
    }

    #[test]
    fn parts_are_handed_on_once_each(
        parts in proptest::collection::vec((0u64..3, any::<bool>(), 0u32..3, 0u32..6, 0u64..40), 0..30)
    ) {
        let whys = ["Oops", "Panic"];
        let mut parts: Vec<_> = parts.into_iter().enumerate().map(|(index, (boot, panic, count, part, time))| {
            let header = Header { why: whys[usize::from(panic)], count, part };
            if boot == 0 {
                Part::timed(header, RecordId::new(time), Some(time), index)
            } else {
                Part::erst(header, RecordId::new(boot << 32 | time), Some(time), index)
            }
        }).collect();
        parts.sort();
        let mut seen = Vec::new();
        for dump in dumps(&parts) {
            let (mut missing, mut last) = (0, u32::MAX);
            for piece in dump.pieces() {
                match piece {
                    Piece::Part(part) => {
                        prop_assert!(part.header.part < last);
                        last = part.header.part;
                        prop_assert_eq!((part.boot, part.header.why, part.header.count),
                            (dump.parts()[0].boot, dump.parts()[0].header.why, dump.parts()[0].header.count));
                        seen.push(part.index);
                    }
                    Piece::Missing(numbers) => {
                        prop_assert!(*numbers.end() == last - 1 && !numbers.is_empty());
                        missing += numbers.clone().count() as u32;
                        last = *numbers.start();
                    }
                }
            }
            prop_assert!(last <= 1);
            prop_assert_eq!(missing, dump.missing());
        }
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..parts.len()).collect::<Vec<_>>());
    }

    #[test]
    fn rings_of_any_state(ring in proptest::collection::vec(any::<u8>(), 1..80), start: usize, size: usize) {
        let size = size % (ring.len() + 1);
        let start = start % (size + 1);
        let bytes = [&b"DBGC"[..], &(start as u32).to_le_bytes(), &(size as u32).to_le_bytes(), &ring].concat();
        let contents = Zone::parse(&bytes, None).unwrap().contents();
        let mut out = vec![0; size];
        prop_assert_eq!(contents.copy_to(&mut out).unwrap(), [&ring[start..size], &ring[..start]].concat());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..500), signed: bool, parity: u8) {
        let mut text = [0; 300];
        if let Ok(inflated) = Inflater::new().inflate(&bytes, &mut text) {
            prop_assert!(inflated.length <= 300 && inflated.unused <= bytes.len());
        }
        let _ = (Compression::recognise(&bytes), Header::parse(&bytes), DumpHeader::parse(&bytes));
        let _ = (EfiVariable::parse_ucs2(&bytes), HwErrRec::parse_ucs2(&bytes), EccReport::split(&bytes));
        prop_assert!(lines(&bytes).count() <= bytes.len());
        if let (true, Some(signature)) = (signed, bytes.first_chunk_mut()) {
            *signature = *b"DBGC";
        }
        let ecc = Ecc::new(parity);
        if let Some(report) = ecc.and_then(|ecc| ecc.correct(&mut bytes).ok()) {
            prop_assert!(report.corrected as usize <= bytes.len());
        }
        if let Ok(zone) = Zone::parse(&bytes, ecc) {
            prop_assert!(zone.contents().len() <= zone.ring().len() && zone.ring().len() + 12 <= bytes.len());
        }
        if let Ok(zone) = blk::Zone::parse(&bytes) {
            let _ = (zone.contents(), zone.dump());
        }
    }

    #[test]
    fn layouts_of_any_size_stay_inside(sizes: [u32; 5], zones in 0usize..1000, is_pmsg_last: bool) {
        let [memory_size, record_size, console_size, ftrace_size, pmsg_size] = sizes.map(|size| size as usize % 100_000);
        let layout =
            Layout { memory_size, record_size, console_size, ftrace_size, pmsg_size, ftrace_zones: zones, is_pmsg_last };
        let blk = blk::Layout {
            total_size: memory_size,
            kmsg_size: record_size,
            pmsg_size,
            console_size,
            ftrace_size,
            processors: zones,
        };
        for places in [layout.zones().collect::<Vec<_>>(), blk.zones().collect()] {
            let mut end = 0;
            for (_, _, range) in places {
                prop_assert!(range.start == end && range.end > end && range.end <= memory_size);
                end = range.end;
            }
        }
    }
}
