//! The kernel's log with its header, its entries alone, and the fields of the tracepoint.

use mce_record::mcelog::{Entries, Log, LogFlags, LogHeader, SIGNATURE, WordSize};
use mce_record::tracepoint::{Field, Version};
use mce_record::{ErrorKind, Mce, MceRecord};
use proptest::prelude::*;
use zerocopy::IntoBytes;

fn header(len: u32, next: u32, record_len: u32) -> LogHeader {
    LogHeader::new()
        .with_signature(SIGNATURE)
        .with_capacity(len)
        .with_entry_count(next)
        .with_flags(LogFlags::OVERFLOW)
        .with_record_length(record_len)
}

/// A log of two records in banks 1 and 2, and room for a third.
fn log(start: usize, record_len: usize) -> Vec<u8> {
    let mut bytes = header(3, 2, record_len as u32).as_bytes().to_vec();
    bytes.resize(start, 0);
    for bank in [1, 2, 0] {
        bytes.extend(&Mce::new().with_bank(bank).as_bytes()[..record_len]);
    }
    bytes
}

#[test]
fn the_header_is_its_bytes() {
    let bytes = header(0x0102_0304, 0x0506_0708, 0x1112_1314);
    let mut expected = b"MACHINECHECK".to_vec();
    expected.extend([4, 3, 2, 1, 8, 7, 6, 5, 1, 0, 0, 0, 0x14, 0x13, 0x12, 0x11]);
    assert_eq!(bytes.as_bytes(), expected);
    assert_eq!(bytes.with_flags(LogFlags::new(3)).flags().to_string(), "OVERFLOW, 0x2");
}

#[test]
fn logs_of_both_word_sizes() {
    for (word_size, start, lengths) in [
        (WordSize::Bits64, 32, &[72, 88, 104, 112, 120, 128][..]),
        (WordSize::Bits32, 28, &[72, 88, 104, 112, 116, 124, 128][..]),
    ] {
        for &record_len in lengths {
            let bytes = log(start, record_len);
            let log = Log::parse(&bytes, word_size).unwrap();
            assert_eq!((log.header().capacity(), log.header().entry_count()), (3, 2));
            let records: Vec<MceRecord<'_>> = log.entries().map(Result::unwrap).collect();
            let found: Vec<_> = records.iter().map(|record| (record.bank(), record.bytes().len())).collect();
            assert_eq!(found, [(Some(1), record_len), (Some(2), record_len)]);
        }
    }
}

#[test]
fn the_smaller_count_decides() {
    let mut bytes = log(32, 88);
    for (len, next, expected) in [(3, 3, 3), (1, 3, 1), (3, 0, 0), (u32::MAX, 2, 2)] {
        bytes[..28].copy_from_slice(header(len, next, 88).as_bytes());
        assert_eq!(Log::parse(&bytes, WordSize::Bits64).unwrap().entries().count(), expected);
    }
}

#[test]
fn logs_that_are_none() {
    let bytes = log(32, 128);
    for len in 0..32 {
        let error = Log::parse(&bytes[..len], WordSize::Bits64).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::TooShort { what: "machine-check log header", needed: 32, available: len as u32 }
        );
        assert_eq!(
            error.to_string(),
            format!("offset 0: machine-check log header needs 32 bytes, {len} available")
        );
        assert_eq!(Log::parse(&bytes[..len], WordSize::Bits32).is_ok(), len >= 28);
    }
    let mut other = bytes;
    other[11] = b'\n';
    let error = Log::parse(&other, WordSize::Bits64).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LogSignature { found: *b"MACHINECHEC\n" });
    assert_eq!(error.to_string(), r#"offset 0: no machine-check log: signature "MACHINECHEC\n""#);
}

#[test]
fn a_bad_entry_is_the_last() {
    let bytes = log(32, 88);
    let log = Log::parse(&bytes[..32 + 88 + 87], WordSize::Bits64).unwrap();
    let entries: Vec<_> = log.entries().collect();
    assert_eq!(entries.len(), 2);
    let error = entries[1].unwrap_err();
    assert_eq!(
        (error.offset(), error.kind()),
        (120, ErrorKind::TooShort { what: "record", needed: 88, available: 87 })
    );
    assert_eq!(error.to_string(), "offset 120: record needs 88 bytes, 87 available");

    // A record length that no layout has, and one that would never end.
    for record_len in [0, 80] {
        let mut bytes = bytes.clone();
        bytes[..28].copy_from_slice(header(u32::MAX, u32::MAX, record_len).as_bytes());
        let entries: Vec<_> = Log::parse(&bytes, WordSize::Bits64).unwrap().entries().collect();
        assert_eq!(entries.len(), 1);
        let error = entries[0].unwrap_err();
        assert_eq!((error.offset(), error.kind()), (32, ErrorKind::RecordLength { available: record_len }));
    }
}

#[test]
fn entries_alone() {
    let bytes = log(0, 120);
    let bytes = &bytes[..];
    let banks = |bytes| -> Vec<_> {
        Entries::new(bytes, 120).map(|entry| entry.map(|record| record.mce().bank())).collect()
    };
    assert_eq!(banks(bytes), [Ok(1), Ok(2), Ok(0)]);
    assert_eq!(banks(&[]), []);
    let cut = banks(&bytes[..359]);
    assert_eq!(cut[..2], [Ok(1), Ok(2)]);
    assert_eq!(cut.len(), 3);
    let error = cut[2].unwrap_err();
    assert_eq!(
        (error.offset(), error.kind()),
        (240, ErrorKind::TooShort { what: "record", needed: 120, available: 119 })
    );
    assert_eq!(Entries::new(bytes, 0).count(), 1);
    assert_eq!(Entries::new(&[], 0).count(), 0);
}

proptest! {
    #[test]
    fn any_log_ends(bytes in prop::collection::vec(any::<u8>(), 0..400), len in any::<u32>(), next in any::<u32>(), record_len in 0..200_u32) {
        let mut log = header(len, next, record_len).as_bytes().to_vec();
        log.extend(bytes);
        for word_size in [WordSize::Bits32, WordSize::Bits64] {
            if let Ok(parsed) = Log::parse(&log, word_size) {
                prop_assert!(parsed.entries().count() <= 6);
            }
        }
    }
}

#[test]
fn the_tracepoint_in_every_version() {
    let layout = |version: Version| {
        let fields: Vec<_> =
            version.layout().map(|(field, offset)| format!("{}@{offset}", field.name())).collect();
        fields.join(" ")
    };
    let expected = [
        "mcgcap@8 mcgstatus@16 bank@24 status@32 addr@40 misc@48 ip@56 cs@64 tsc@72 walltime@80 cpu@88 cpuid@92 \
         apicid@96 socketid@100 cpuvendor@104",
        "mcgcap@8 mcgstatus@16 status@24 addr@32 misc@40 ip@48 tsc@56 walltime@64 cpu@72 cpuid@76 apicid@80 \
         socketid@84 cs@88 bank@89 cpuvendor@90",
        "mcgcap@8 mcgstatus@16 status@24 addr@32 misc@40 synd@48 ipid@56 ip@64 tsc@72 walltime@80 cpu@88 cpuid@92 \
         apicid@96 socketid@100 cs@104 bank@105 cpuvendor@106",
        "mcgcap@8 mcgstatus@16 status@24 addr@32 misc@40 synd@48 ipid@56 ip@64 tsc@72 ppin@80 walltime@88 cpu@96 \
         cpuid@100 apicid@104 socketid@108 cs@112 bank@113 cpuvendor@114 microcode@116",
        "mcgcap@8 mcgstatus@16 status@24 addr@32 misc@40 synd@48 ipid@56 ip@64 tsc@72 ppin@80 walltime@88 cpu@96 \
         cpuid@100 apicid@104 socketid@108 cs@112 bank@113 cpuvendor@114 microcode@116 v_data@120",
    ];
    assert_eq!(Version::ALL.map(layout), expected);
    for version in Version::ALL {
        for (field, offset) in version.layout() {
            assert_eq!(offset % field.size(), 0);
        }
    }
}

/// An event of a version whose bytes are all different, and what it is too short for.
fn event(version: Version) -> Vec<u8> {
    (0..version.size() as u8).map(|byte| byte.wrapping_mul(7) ^ 0x5a).collect()
}

#[test]
fn an_event_becomes_a_record_and_its_fields_are_the_events() {
    for version in Version::ALL {
        let event = event(version);
        let mce = version.read(&event).unwrap();
        let record = mce.record();
        for ((field, offset), (same, value)) in version.layout().zip(record.tracepoint(version)) {
            let mut bytes = [0; 8];
            let size = usize::from(field.size());
            bytes[..size].copy_from_slice(&event[offset.into()..][..size]);
            let expected = (field != Field::VData).then_some(u64::from_le_bytes(bytes));
            assert_eq!((field, expected), (same, value), "{field}");
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
        assert_eq!(mce.cpu(), mce.extcpu() as u8);
        // Every bit of the event is in the struct, but for the common bytes, padding and the reference.
        let is_field = |at: usize| {
            version.layout().any(|(field, offset)| {
                field != Field::VData
                    && (usize::from(offset)..usize::from(offset + field.size())).contains(&at)
            })
        };
        for bit in 0..event.len() * 8 {
            let mut flipped = event.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(version.read(&flipped).unwrap() != mce, is_field(bit / 8), "{version:?}, bit {bit}");
        }
        for length in 0..event.len() {
            let needed = u32::from(version.size());
            let kind = ErrorKind::TooShort { what: "mce_record event", needed, available: length as u32 };
            assert_eq!(version.read(&event[..length]).unwrap_err().kind(), kind);
        }
    }
}

#[test]
fn vendor_data_is_where_the_event_says() {
    let mut event = event(Version::Linux6_13);
    event[120..124].copy_from_slice(&(16 << 16 | 0x7c_u32).to_le_bytes());
    event.extend(1..=16);
    let data = Version::Linux6_13.vendor_data(&event).unwrap();
    assert_eq!(data, (1..=16).collect::<Vec<u8>>());
    assert_eq!(Version::Linux6_13.vendor_data(&event[..139]), None);
    assert_eq!(Version::Linux6_13.vendor_data(&event[..123]), None);
    assert_eq!(Version::Linux6_10.vendor_data(&event), None);
}

#[test]
fn a_field_takes_no_value_that_is_wider_than_it_is() {
    for (field, _) in Version::Linux6_13.layout() {
        let mut mce = Mce::default();
        let largest = u64::MAX >> (64 - 8 * u32::from(field.size()));
        if field.size() < 8 {
            assert!(!field.set(&mut mce, largest + 1), "{field}");
            assert_eq!(mce, Mce::default(), "{field}");
        }
        assert_eq!(field.set(&mut mce, largest), field != Field::VData, "{field}");
        let value = field.value(&mce.record());
        assert_eq!(value, (field != Field::VData).then_some(largest), "{field}");
    }
    assert_eq!(Field::from_name("common_pid"), None);
}

#[test]
fn tracepoint_values() {
    let mce = Mce::new()
        .with_status(1)
        .with_misc(2)
        .with_addr(3)
        .with_mcgstatus(4)
        .with_ip(5)
        .with_tsc(6)
        .with_time(7)
        .with_cpuvendor(8)
        .with_cpuid(9)
        .with_cs(10)
        .with_bank(11)
        .with_cpu(12)
        .with_extcpu(13)
        .with_socketid(14)
        .with_apicid(15)
        .with_mcgcap(16)
        .with_synd(17)
        .with_ipid(18)
        .with_ppin(19)
        .with_microcode(20);
    let values = |len: usize| -> Vec<(Field, Option<u64>)> {
        MceRecord::parse(&mce.as_bytes()[..len]).unwrap().tracepoint(Version::Linux6_13).collect()
    };
    let all = [
        (Field::Mcgcap, 16, 88),
        (Field::Mcgstatus, 4, 72),
        (Field::Status, 1, 72),
        (Field::Addr, 3, 72),
        (Field::Misc, 2, 72),
        (Field::Synd, 17, 104),
        (Field::Ipid, 18, 104),
        (Field::Ip, 5, 72),
        (Field::Tsc, 6, 72),
        (Field::Ppin, 19, 112),
        (Field::Walltime, 7, 88),
        (Field::Cpu, 13, 72),
        (Field::Cpuid, 9, 88),
        (Field::Apicid, 15, 88),
        (Field::Socketid, 14, 88),
        (Field::Cs, 10, 72),
        (Field::Bank, 11, 72),
        (Field::Cpuvendor, 8, 88),
        (Field::Microcode, 20, 116),
        (Field::VData, 0, usize::MAX),
    ];
    for len in [72, 88, 104, 112, 116, 120, 128] {
        let expected: Vec<_> = all
            .iter()
            .map(|&(field, value, since)| {
                let value = if field == Field::Cpu && len == 72 { 12 } else { value };
                (field, (len >= since).then_some(value))
            })
            .collect();
        assert_eq!(values(len), expected, "{len}");
    }
}
