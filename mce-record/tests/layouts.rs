//! Every length of record: which are accepted, what is known of them, and that nothing is lost.

use mce_record::{CpuSignature, ErrorKind, Layout, Mce, MceRecord};
use proptest::prelude::*;
use zerocopy::{FromBytes, IntoBytes};

/// Accepted lengths, said once more: 72, and 88 and above.
fn accepted(len: usize) -> bool {
    len == 72 || len >= 88
}

#[test]
fn lengths_not_accepted_are_named() {
    for len in (0..=200).filter(|&len| !accepted(len)) {
        let bytes = vec![0xa5; len];
        let error = MceRecord::parse(&bytes).unwrap_err();
        assert_eq!((error.offset(), error.kind()), (0, ErrorKind::RecordLength { available: len as u32 }));
        assert_eq!(
            error.to_string(),
            format!("offset 0: struct mce is 72, or 88 and more bytes long, {len} available")
        );
    }
}

proptest! {
    #[test]
    fn parse_then_write_is_the_identity(bytes in (0..=200_usize).prop_flat_map(|len| prop::collection::vec(any::<u8>(), len))) {
        match MceRecord::parse(&bytes) {
            Err(_) => prop_assert!(!accepted(bytes.len())),
            Ok(record) => {
                let mut out = [0xa5; 210];
                prop_assert_eq!(record.write(&mut out).unwrap(), &bytes[..]);
                prop_assert!(out[bytes.len()..].iter().all(|&byte| byte == 0xa5));
                prop_assert_eq!(record.trailing().len(), bytes.len() - record.layout().size());
            }
        }
    }
}

proptest! {
    /// What a layout has of the values is read of it, and the rest as 0.
    #[test]
    fn values_are_read_as_written_in_every_layout(values in prop::collection::vec(any::<u8>(), 128)) {
        let mce = Mce::read_from_bytes(&values).unwrap();
        for layout in Layout::ALL {
            let [written, other] = [0xa5, 0x5a].map(|fill| {
                let mut out = [fill; 130];
                let length = mce.write(layout, &mut out).unwrap().len();
                assert_eq!((length, &out[length..]), (layout.size(), &[fill; 130][length..]));
                out[..length].to_vec()
            });
            prop_assert_eq!(&written, &other, "a byte was left as it was");
            let mut expected = values.clone();
            match layout {
                Layout::Size72 => expected[48..64].fill(0),
                Layout::Size124 => expected[116..120].fill(0),
                _ => {}
            }
            let end = match layout {
                Layout::Size72 => 68,
                Layout::Size124 => 128,
                _ => layout.size(),
            };
            expected[end..].fill(0);
            let read = MceRecord::parse(&written).unwrap();
            prop_assert_eq!((read.layout(), read.mce().as_bytes()), (layout, &expected[..]));
        }
    }
}

#[test]
fn parse_then_write_at_every_length() {
    let bytes: Vec<u8> = (0..=200).map(|byte: u8| byte.wrapping_mul(73).wrapping_add(11)).collect();
    for len in (0..=200).filter(|&len| accepted(len)) {
        let record = MceRecord::parse(&bytes[..len]).unwrap();
        let mut out = [0xa5; 200];
        assert_eq!(record.write(&mut out).unwrap(), &bytes[..len], "{len}");
    }
}

#[test]
fn too_small_a_buffer_stays_as_it_was() {
    let bytes = [1; 150];
    for len in (0..=150).filter(|&len| accepted(len)) {
        let record = MceRecord::parse(&bytes[..len]).unwrap();
        let mut out = vec![0xa5; len - 1];
        let error = record.write(&mut out).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BufferTooSmall { needed: len as u32, available: len as u32 - 1 });
        let text = format!("offset 0: buffer too small: {len} bytes needed, {} given", len - 1);
        assert_eq!(error.to_string(), text);
        assert!(out.iter().all(|&byte| byte == 0xa5));
    }
    for layout in Layout::ALL {
        let mut out = vec![0xa5; layout.size() - 1];
        Mce::default().write(layout, &mut out).unwrap_err();
        assert!(out.iter().all(|&byte| byte == 0xa5));
    }
}

/// A record whose every field differs from its neighbours and from 0.
fn full() -> Mce {
    Mce::new()
        .with_status(0xfc01_0203_0405_0135)
        .with_misc(0x1112_1314_1516_178c)
        .with_addr(0x2122_2324_2526_2728)
        .with_mcgstatus(0x3132_3334_3536_3738)
        .with_ip(0x4142_4344_4546_4748)
        .with_tsc(0x5152_5354_5556_5758)
        .with_time(0x6162_6364_6566_6768)
        .with_cpuvendor(0x71)
        .with_inject_flags(0x72)
        .with_severity(0x73)
        .with_pad(0x74)
        .with_cpuid(0x7576_7778)
        .with_cs(0x81)
        .with_bank(0x82)
        .with_cpu(0x83)
        .with_finished(0x84)
        .with_extcpu(0x8586_8788)
        .with_socketid(0x9192_9394)
        .with_apicid(0x9596_9798)
        .with_mcgcap(0xa1a2_a3a4_a5a6_a7a8)
        .with_synd(0xb1b2_b3b4_b5b6_b7b8)
        .with_ipid(0xc1c2_c3c4_c5c6_c7c8)
        .with_ppin(0xd1d2_d3d4_d5d6_d7d8)
        .with_microcode(0xe1e2_e3e4)
        .with_padding(0xe5e6_e7e8)
        .with_kflags(0xf1f2_f3f4_f5f6_f7f8)
}

/// The bytes of `full`, big parts first in each number above, so that this shows the order in memory.
fn full_bytes() -> Vec<u8> {
    let words: [u64; 16] = [
        0xfc01_0203_0405_0135,
        0x1112_1314_1516_178c,
        0x2122_2324_2526_2728,
        0x3132_3334_3536_3738,
        0x4142_4344_4546_4748,
        0x5152_5354_5556_5758,
        0x6162_6364_6566_6768,
        0x7576_7778_7473_7271,
        0x8586_8788_8483_8281,
        0x9596_9798_9192_9394,
        0xa1a2_a3a4_a5a6_a7a8,
        0xb1b2_b3b4_b5b6_b7b8,
        0xc1c2_c3c4_c5c6_c7c8,
        0xd1d2_d3d4_d5d6_d7d8,
        0xe5e6_e7e8_e1e2_e3e4,
        0xf1f2_f3f4_f5f6_f7f8,
    ];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn the_struct_is_its_bytes() {
    assert_eq!(full().as_bytes(), full_bytes());
    let mut prepared = Mce::default();
    assert_eq!(prepared.as_bytes(), [0; 128]);
    prepared.set_status(0xfc01_0203_0405_0135);
    assert_eq!(prepared.as_bytes()[..8], full_bytes()[..8]);
}

#[test]
fn every_layout_has_the_fields_of_its_kernels() {
    let bytes = full_bytes();
    for len in (0..=160).filter(|&len| accepted(len)) {
        let mut long = bytes.clone();
        long.resize(160, 0xee);
        if len == 124 {
            long.copy_within(120..128, 116);
        }
        let record = MceRecord::parse(&long[..len]).unwrap();
        assert_eq!(record.bytes(), &long[..len]);

        assert_eq!(record.status().raw(), 0xfc01_0203_0405_0135);
        assert_eq!(record.misc().unwrap().raw(), 0x1112_1314_1516_178c);
        assert_eq!(record.address().unwrap().value, 0x2122_2324_2526_2728);
        assert_eq!(record.mcg_status().raw(), 0x3132_3334_3536_3738);
        assert_eq!(record.ip(), Some(0x4142_4344_4546_4748));
        assert_eq!(record.tsc(), Some(0x5152_5354_5556_5758));
        assert_eq!((record.cs(), record.bank(), record.finished()), (0x81, Some(0x82), true));

        let since = |first: usize| len >= first;
        let new = since(88);
        assert_eq!(record.time(), new.then_some(0x6162_6364_6566_6768), "{len}");
        assert_eq!(record.cpu_vendor().map(u8::from), new.then_some(0x71), "{len}");
        assert_eq!(record.inject_flags().map(|flags| flags.bits()), new.then_some(0x72), "{len}");
        assert_eq!(record.severity().map(u8::from), new.then_some(0x73), "{len}");
        assert_eq!(record.signature().map(CpuSignature::raw), new.then_some(0x7576_7778), "{len}");
        assert_eq!(record.cpu(), if new { 0x8586_8788 } else { 0x83 }, "{len}");
        assert_eq!(record.socket(), new.then_some(0x9192_9394), "{len}");
        assert_eq!(record.apic_id(), new.then_some(0x9596_9798), "{len}");
        assert_eq!(record.mcg_cap().map(u64::from), new.then_some(0xa1a2_a3a4_a5a6_a7a8), "{len}");
        assert_eq!(record.synd().map(u64::from), since(104).then_some(0xb1b2_b3b4_b5b6_b7b8), "{len}");
        assert_eq!(record.ipid().map(u64::from), since(104).then_some(0xc1c2_c3c4_c5c6_c7c8), "{len}");
        assert_eq!(record.ppin(), since(112).then_some(0xd1d2_d3d4_d5d6_d7d8), "{len}");
        assert_eq!(record.microcode(), since(116).then_some(0xe1e2_e3e4), "{len}");
        let handled = (len == 124 || since(128)).then_some(0xf1f2_f3f4_f5f6_f7f8);
        assert_eq!(record.handled().map(|flags| flags.bits()), handled, "{len}");

        let layout = match len {
            72 => Layout::Size72,
            88..=103 => Layout::Size88,
            104..=111 => Layout::Size104,
            112..=115 => Layout::Size112,
            116..=119 => Layout::Size116,
            124 => Layout::Size124,
            120..=127 => Layout::Size120,
            _ => Layout::Size128,
        };
        assert_eq!(record.layout(), layout);
        assert_eq!(Layout::of_len(len), Some(layout));
        assert_eq!(record.trailing(), &long[layout.size()..len]);
        let reserved: [&[u8]; 2] = if len == 72 { [&long[48..64], &long[68..72]] } else { [&[], &[]] };
        assert_eq!(record.reserved(), reserved);
    }
}

#[test]
fn fields_a_layout_does_not_have_are_zero_in_the_struct() {
    let bytes = full_bytes();
    let record = MceRecord::parse(&bytes[..72]).unwrap();
    let full = full();
    let expected = Mce::new()
        .with_status(full.status())
        .with_misc(full.misc())
        .with_addr(full.addr())
        .with_mcgstatus(full.mcgstatus())
        .with_ip(full.ip())
        .with_tsc(full.tsc())
        .with_cs(full.cs())
        .with_bank(full.bank())
        .with_cpu(full.cpu())
        .with_finished(full.finished());
    assert_eq!(*record.mce(), expected);
    let record = MceRecord::parse(&bytes[..104]).unwrap();
    let cut = full.with_ppin(0).with_microcode(0).with_padding(0).with_kflags(0);
    assert_eq!(*record.mce(), cut);
}

#[test]
fn a_chosen_layout_is_written() {
    let bytes = full_bytes();
    for layout in Layout::ALL {
        let mut expected = bytes.clone();
        match layout {
            Layout::Size72 => {
                expected[48..64].fill(0);
                expected[68..72].fill(0);
            }
            Layout::Size124 => expected.copy_within(120..128, 116),
            _ => {}
        }
        expected.truncate(layout.size());
        let mut out = [0xa5; 140];
        assert_eq!(full().write(layout, &mut out).unwrap(), expected, "{layout:?}");
        assert!(out[layout.size()..].iter().all(|&byte| byte == 0xa5));
        // What was written reads back as the same values.
        let record = MceRecord::parse(&out[..layout.size()]).unwrap();
        assert_eq!(record.layout(), layout);
        let mut again = [0; 140];
        assert_eq!(record.mce().write(layout, &mut again).unwrap(), expected);
    }
}

#[test]
fn layouts_name_their_kernels() {
    let kernels: Vec<_> = Layout::ALL.iter().map(|layout| (layout.size(), layout.kernels())).collect();
    assert_eq!(
        kernels,
        [
            (72, "before Linux 2.6.31"),
            (88, "Linux 2.6.31 to 4.8"),
            (104, "Linux 4.9"),
            (112, "Linux 4.10 to 4.15"),
            (116, "32-bit Linux 4.16 to 5.7"),
            (120, "Linux 4.16 to 5.7, 4.4.180"),
            (124, "32-bit Linux since 5.8"),
            (128, "Linux since 5.8")
        ]
    );
}

#[test]
fn zero_and_invalid_are_none() {
    let mce = Mce::new().with_bank(0xff).with_misc(1).with_addr(2);
    let record = mce.record();
    assert_eq!((record.ip(), record.tsc(), record.time(), record.bank()), (None, None, None, None));
    assert_eq!((record.misc(), record.address()), (None, None));
    assert_eq!((record.ppin(), record.microcode()), (Some(0), Some(0)));
    assert!(!record.finished());
}

#[test]
fn syndromes_behind_the_record_of_an_amd_processor() {
    let mut bytes = [0; 150];
    bytes[128..136].copy_from_slice(&0x0102_0304_0506_0708_u64.to_le_bytes());
    bytes[136..144].copy_from_slice(&0x1112_1314_1516_1718_u64.to_le_bytes());
    for (vendor, known) in [(0, false), (2, true), (9, true), (10, false)] {
        bytes[56] = vendor;
        for len in [128, 143, 144, 150] {
            let record = MceRecord::parse(&bytes[..len]).unwrap();
            let syndromes = record.amd_syndromes();
            assert_eq!(syndromes.is_some(), known && len >= 144);
            if let Some(syndromes) = syndromes {
                assert_eq!(syndromes.synd1(), 0x0102_0304_0506_0708);
                assert_eq!(syndromes.synd2(), 0x1112_1314_1516_1718);
                assert_eq!(syndromes.as_bytes(), &bytes[128..144]);
            }
        }
    }
}

#[test]
fn addresses_are_qualified_by_misc_where_it_means_that() {
    use mce_record::{AddressMode, CpuVendor, McgCap};

    let address = |mce: Mce| {
        let address = mce.record().address()?;
        Some((address.mode, address.lsb))
    };
    let valid = 0x8c00_0000_0000_0135_u64;
    let mce = Mce::new().with_status(valid).with_misc(0x86).with_mcgcap(McgCap::SER_P);
    let qualified = Some((Some(AddressMode::PHYSICAL), Some(6)));
    assert_eq!(address(mce), qualified);
    let plain = Some((None, None));
    assert_eq!(address(mce.with_mcgcap(!McgCap::SER_P)), plain);
    assert_eq!(address(mce.with_status(valid & !(1 << 59))), plain);
    assert_eq!(address(mce.with_status(valid & !(1 << 58))), None);
    assert_eq!(address(mce.with_cpuvendor(CpuVendor::AMD.raw())), plain);
    assert_eq!(address(mce.with_cpuvendor(CpuVendor::ZHAOXIN.raw())), qualified);
    // What Linux makes up of firmware's report is in this form whatever the processor.
    assert_eq!(address(mce.with_cpuvendor(CpuVendor::AMD.raw()).with_bank(0xff)), qualified);
    // In a generic I/O error the register names the requester.
    let io = mce.with_status(valid & !0xffff | 0x0e0b).with_misc(0x0000_0002_3b10_0000);
    assert_eq!(address(io), plain);
    assert_eq!(io.record().io_requester().unwrap().to_string(), "0002:3b:02.0");
    assert_eq!(mce.record().io_requester(), None);
    assert_eq!(io.with_cpuvendor(CpuVendor::AMD.raw()).record().io_requester(), None);
    assert_eq!(io.with_status(valid & !(1 << 59 | 0xffff) | 0x0e0b).record().io_requester(), None);
}

#[test]
fn threshold_counters_are_amds() {
    use mce_record::CpuVendor;

    let mce = Mce::new()
        .with_status(0x8800_0000_0000_0000)
        .with_misc(0xc008_0012_0000_0000)
        .with_cpuvendor(CpuVendor::HYGON.raw());
    assert_eq!(mce.record().threshold_counter().unwrap().to_string(), "18 of 4095, counting");
    assert_eq!(mce.with_cpuvendor(0).record().threshold_counter(), None);
    assert_eq!(mce.with_misc(0x4000_0000_0000_0000).record().threshold_counter(), None);
    assert_eq!(mce.with_status(1_u64 << 63).record().threshold_counter(), None);
}

#[test]
fn codes_are_read_by_the_makers_definition() {
    use mce_record::{CodeKind, CpuVendor};

    let mce = Mce::new().with_status(0x0400);
    assert_eq!(mce.record().code_kind(), CodeKind::InternalTimer);
    let family = |mce: Mce| mce.record().code_kind().family();
    assert_eq!(family(mce.with_cpuvendor(CpuVendor::AMD.raw())), "internal unclassified");
    assert_eq!(family(mce.with_cpuvendor(CpuVendor::HYGON.raw())), "internal unclassified");
    assert_eq!(family(mce.with_cpuvendor(CpuVendor::CENTAUR.raw())), "internal timer");
    assert_eq!(family(mce.with_cpuvendor(CpuVendor::AMD.raw()).with_bank(0xff)), "internal timer");
}

/// Everything the crate says of a record.
fn everything(bytes: &[u8]) -> String {
    let record = MceRecord::parse(bytes).unwrap();
    format!("{:?} {record:#} {record}", record.mce())
}

#[test]
fn the_flip_of_every_bit_shows() {
    let mut bytes = full_bytes();
    bytes.extend([0xa5; 20]);
    for len in [88, 104, 112, 116, 120, 124, 128] {
        let before = everything(&bytes[..len]);
        for bit in 0..len * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(everything(&bytes[..len]), before, "length {len}, bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

proptest! {
    /// Whatever the bytes, and with the processors whose tables are looked into: nothing panics, and the output does
    /// not grow beyond what a record can say.
    #[test]
    fn any_record_can_be_told(
        mut bytes in prop::collection::vec(any::<u8>(), 72..=200),
        vendor in prop::sample::select(vec![0_u8, 2, 9, 10]),
        cpuid in prop::sample::select(vec![0x50654_u32, 0x606a6, 0x806f8, 0xa06d1, 0x00a1_0f11, 0x0089_0f02]),
        bank in 0..32_u8,
    ) {
        bytes[56] = vendor;
        bytes[60..64].copy_from_slice(&cpuid.to_le_bytes());
        bytes[65] = bank;
        if let Ok(record) = MceRecord::parse(&bytes) {
            let text = mce_record::KernelText::new(&record).with_panic(true);
            let said = format!("{record} {record:#} {text}");
            prop_assert!(said.len() < 4096, "{}", said);
            let fields = record.tracepoint(mce_record::tracepoint::Version::Linux6_13).count();
            prop_assert_eq!(fields, 20);
        }
    }
}
