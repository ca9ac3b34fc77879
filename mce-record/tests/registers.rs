//! Every bit and field of the registers, each set alone.

use mce_record::{
    Address, AddressMode, AmdStatus, CpuSignature, CpuVendor, ErrorCode, HandledFlags, InjectFlags,
    IntelStatus, McaIpid, McaSynd, McgCap, McgStatus, MciCtl2, MciMisc, MciStatus, StatusReading,
    ThresholdStatus,
};

/// Asserts that `read` is true for exactly one bit of 64.
fn only(bit: u32, read: impl Fn(u64) -> bool) {
    for tried in 0..64 {
        assert_eq!(read(1 << tried), tried == bit, "bit {tried}, expected {bit}");
    }
    assert!(!read(0));
    assert!(read(u64::MAX));
}

/// Asserts that `read` takes the bits from `low` to `high`, and no others.
fn field(high: u32, low: u32, read: impl Fn(u64) -> u64) {
    let all = u64::MAX >> (63 - (high - low));
    assert_eq!(read(u64::MAX), all);
    for tried in 0..64 {
        let expected = if (low..=high).contains(&tried) { 1 << (tried - low) } else { 0 };
        assert_eq!(read(1 << tried), expected, "bit {tried}");
    }
}

/// The bits by the names that the manuals give them, the same bit under two names where makers differ.
#[test]
fn named_bits() {
    for (name, bits, place) in [
        ("MciStatus::VAL", MciStatus::VAL, 63),
        ("MciStatus::OVER", MciStatus::OVER, 62),
        ("MciStatus::UC", MciStatus::UC, 61),
        ("MciStatus::EN", MciStatus::EN, 60),
        ("MciStatus::MISCV", MciStatus::MISCV, 59),
        ("MciStatus::ADDRV", MciStatus::ADDRV, 58),
        ("MciStatus::PCC", MciStatus::PCC, 57),
        ("MciStatus::S", MciStatus::S, 56),
        ("MciStatus::AR", MciStatus::AR, 55),
        ("MciStatus::FIRMWARE_UPDATED", MciStatus::FIRMWARE_UPDATED, 37),
        ("MciStatus::ERR_CORE_ID_VAL", MciStatus::ERR_CORE_ID_VAL, 56),
        ("MciStatus::TCC", MciStatus::TCC, 55),
        ("MciStatus::SYNDV", MciStatus::SYNDV, 53),
        ("MciStatus::CECC", MciStatus::CECC, 46),
        ("MciStatus::UECC", MciStatus::UECC, 45),
        ("MciStatus::DEFERRED", MciStatus::DEFERRED, 44),
        ("MciStatus::POISON", MciStatus::POISON, 43),
        ("MciStatus::SCRUB", MciStatus::SCRUB, 40),
        ("McgCap::CTL_P", McgCap::CTL_P, 8),
        ("McgCap::EXT_P", McgCap::EXT_P, 9),
        ("McgCap::CMCI_P", McgCap::CMCI_P, 10),
        ("McgCap::TES_P", McgCap::TES_P, 11),
        ("McgCap::SEAM_NR", McgCap::SEAM_NR, 12),
        ("McgCap::SER_P", McgCap::SER_P, 24),
        ("McgCap::EMC_P", McgCap::EMC_P, 25),
        ("McgCap::ELOG_P", McgCap::ELOG_P, 26),
        ("McgCap::LMCE_P", McgCap::LMCE_P, 27),
        ("McgStatus::RIPV", McgStatus::RIPV, 0),
        ("McgStatus::EIPV", McgStatus::EIPV, 1),
        ("McgStatus::MCIP", McgStatus::MCIP, 2),
        ("McgStatus::LMCES", McgStatus::LMCES, 3),
        ("McgStatus::SEAM_NR", McgStatus::SEAM_NR, 12),
        ("MciCtl2::CMCI_EN", MciCtl2::CMCI_EN, 30),
        ("ErrorCode::FILTER", ErrorCode::FILTER.into(), 12),
    ] {
        assert_eq!((bits.count_ones(), bits.trailing_zeros()), (1, place), "{name}");
    }
}

#[test]
fn status_of_every_maker() {
    only(63, |bits| MciStatus::new(bits).valid());
    only(62, |bits| MciStatus::new(bits).overflow());
    only(61, |bits| MciStatus::new(bits).uncorrected());
    only(60, |bits| MciStatus::new(bits).enabled());
    only(59, |bits| MciStatus::new(bits).misc_valid());
    only(58, |bits| MciStatus::new(bits).address_valid());
    only(57, |bits| MciStatus::new(bits).context_corrupt());
    field(15, 0, |bits| MciStatus::new(bits).error_code().raw().into());
    field(31, 16, |bits| MciStatus::new(bits).model_specific_code().into());
}

#[test]
fn status_of_intel() {
    let all = McgCap::new(u64::MAX);
    let read = |bits: u64| IntelStatus { status: MciStatus::new(bits), capability: all };
    only(56, |bits| read(bits).signalled() == Some(true));
    only(55, |bits| read(bits).action_required() == Some(true));
    only(52, |bits| read(bits).count_overflow() == Some(true));
    only(37, |bits| read(bits).firmware_updated() == Some(true));
    field(51, 38, |bits| read(bits).corrected_errors().unwrap().into());
    let not_uncorrected = !MciStatus::UC;
    field(54, 53, |bits| read(bits & not_uncorrected).threshold().unwrap().raw().into());
    assert_eq!(read(MciStatus::UC | 1 << 53).threshold(), None);
    field(36, 32, |bits| read(bits).other_information() >> 32);
}

#[test]
fn status_of_intel_without_the_capability() {
    let with = |capability: u64| IntelStatus {
        status: MciStatus::new(!MciStatus::UC),
        capability: McgCap::new(capability),
    };
    let none = with(0);
    assert_eq!((none.signalled(), none.action_required()), (None, None));
    assert_eq!((none.threshold(), none.corrected_errors()), (None, None));
    assert_eq!((none.count_overflow(), none.firmware_updated()), (None, None));
    assert_eq!(none.other_information(), 0x01ff_ffff_0000_0000);

    let recovery = with(McgCap::SER_P);
    assert_eq!((recovery.signalled(), recovery.action_required()), (Some(true), Some(true)));
    assert_eq!((recovery.threshold(), recovery.corrected_errors()), (None, None));
    assert_eq!(recovery.other_information(), 0x007f_ffff_0000_0000);

    let threshold = with(McgCap::TES_P);
    assert_eq!((threshold.threshold(), threshold.signalled()), (Some(ThresholdStatus::new(3)), None));
    assert_eq!(threshold.other_information(), 0x019f_ffff_0000_0000);

    let count = with(McgCap::CMCI_P);
    assert_eq!((count.corrected_errors(), count.count_overflow()), (Some(0x3fff), Some(true)));
    assert_eq!((count.threshold(), count.firmware_updated()), (None, None));
    assert_eq!(count.other_information(), 0x01e0_003f_0000_0000);

    let enhanced = with(McgCap::EMC_P);
    assert_eq!((enhanced.firmware_updated(), enhanced.corrected_errors()), (Some(true), None));
    assert_eq!(enhanced.other_information(), 0x01ff_ffdf_0000_0000);
}

#[test]
fn status_of_intel_in_words() {
    let read = |bits: u64, capability: u64| {
        IntelStatus { status: MciStatus::new(bits), capability: McgCap::new(capability) }.to_string()
    };
    assert_eq!(read(0, u64::MAX), "none");
    assert_eq!(read(1 << 62, 0), "overflow");
    assert_eq!(
        read(!0, u64::MAX),
        "valid, overflow, uncorrected, enabled, misc valid, addr valid, context corrupt, signalled, action \
         required, 16383 corrected, count overflow, firmware updated"
    );
    assert_eq!(read(1 << 63 | 2 << 53 | 3 << 38, u64::MAX), "valid, threshold yellow, 3 corrected");
    assert_eq!(read(1 << 63 | 1 << 53, u64::MAX), "valid, threshold green");
    assert_eq!(read(1 << 63 | 3 << 53, u64::MAX), "valid, threshold reserved (3)");
    assert_eq!(read(1 << 56 | 1 << 55 | 1 << 52 | 1 << 37 | 2 << 53 | 3 << 38, 0), "none");
    assert_eq!(ThresholdStatus::new(0).name(), Some("no tracking"));
}

#[test]
fn status_of_amd() {
    let zen = CpuSignature::new(0x0080_0f12);
    let read = |bits: u64| AmdStatus { status: MciStatus::new(bits), signature: zen };
    only(56, |bits| read(bits).error_core().is_some());
    only(55, |bits| read(bits).task_context_corrupt());
    only(53, |bits| read(bits).syndrome_valid());
    only(46, |bits| read(bits).corrected_ecc());
    only(45, |bits| read(bits).uncorrected_ecc());
    only(44, |bits| read(bits).deferred());
    only(43, |bits| read(bits).poison());
    only(40, |bits| read(bits).scrub());
    field(37, 32, |bits| read(bits | 1 << 56).error_core().unwrap().into());
    field(29, 24, |bits| read(bits).address_lsb().into());
    field(21, 16, |bits| read(bits).extended_code().into());
}

#[test]
fn extended_code_by_family() {
    // Family, model: base family 15 and extended family; the width of the code.
    let cases = [
        (0x0006_0fb1, 0x0f, 0x6b, 0xf),  // K8
        (0x0010_0f42, 0x10, 0x04, 0xf),  // Magny-Cours
        (0x0050_0f10, 0x14, 0x01, 0xf),  // Bobcat
        (0x0060_0f12, 0x15, 0x01, 0x1f), // Bulldozer
        (0x0066_0f01, 0x15, 0x60, 0x3f), // Carrizo
        (0x0070_0f01, 0x16, 0x00, 0x1f), // Jaguar
        (0x0080_0f12, 0x17, 0x01, 0x3f), // Naples
        (0x0090_0f02, 0x18, 0x00, 0x3f), // Hygon Dhyana
        (0x00a1_0f11, 0x19, 0x11, 0x3f), // Genoa
        (0x00b0_0f21, 0x1a, 0x02, 0x3f), // Turin
    ];
    for (signature, family, model, mask) in cases {
        let signature = CpuSignature::new(signature);
        assert_eq!((signature.family(), signature.model()), (family, model));
        let status = AmdStatus { status: MciStatus::new(0xffff_ffff), signature };
        assert_eq!(status.extended_code(), mask, "{signature}");
        assert_eq!(status.is_smca(), family >= 0x17, "{signature}");
    }
}

#[test]
fn status_of_amd_in_words() {
    let read =
        |bits: u64| AmdStatus { status: MciStatus::new(bits), signature: CpuSignature::new(0) }.to_string();
    assert_eq!(
        read(!0),
        "valid, overflow, uncorrected, enabled, misc valid, addr valid, context corrupt, core 63, task context \
         corrupt, syndrome valid, corrected ECC, uncorrected ECC, deferred, poison, scrub"
    );
    assert_eq!(read(1 << 63 | 1 << 46), "valid, corrected ECC");
    assert_eq!(read(0), "none");
}

#[test]
fn reading_by_maker() {
    let (status, signature, capability) = (MciStatus::new(1), CpuSignature::new(2), McgCap::new(3));
    let intel = StatusReading::Intel(IntelStatus { status, capability });
    let amd = StatusReading::Amd(AmdStatus { status, signature });
    for vendor in 0..=255 {
        let vendor = CpuVendor::new(vendor);
        let expected = if matches!(vendor.raw(), 2 | 9) { amd } else { intel };
        assert_eq!(StatusReading::new(status, vendor, signature, capability), expected);
        assert_eq!(vendor.is_amd_family(), matches!(vendor.raw(), 2 | 9));
    }
    assert_eq!(
        StatusReading::Amd(AmdStatus { status: MciStatus::new(1 << 44), signature }).to_string(),
        "deferred"
    );
    let signalled = IntelStatus { status: MciStatus::new(1 << 56), capability: McgCap::new(1 << 24) };
    assert_eq!(StatusReading::Intel(signalled).to_string(), "signalled");
}

#[test]
fn global_registers() {
    field(7, 0, |bits| McgCap::new(bits).banks().into());
    field(23, 16, |bits| McgCap::new(bits).extended_registers().into());
    for (bit, mask) in [
        (8, McgCap::CTL_P),
        (9, McgCap::EXT_P),
        (10, McgCap::CMCI_P),
        (11, McgCap::TES_P),
        (12, McgCap::SEAM_NR),
        (24, McgCap::SER_P),
        (25, McgCap::EMC_P),
        (26, McgCap::ELOG_P),
        (27, McgCap::LMCE_P),
    ] {
        only(bit, |bits| McgCap::new(bits).any(mask));
    }
    only(0, |bits| McgStatus::new(bits).restart_ip_valid());
    only(1, |bits| McgStatus::new(bits).error_ip_valid());
    only(2, |bits| McgStatus::new(bits).in_progress());
    only(3, |bits| McgStatus::new(bits).local());
    only(12, |bits| McgStatus::new(bits).seam_non_root());
}

#[test]
fn misc() {
    field(5, 0, |bits| MciMisc::new(bits).address_lsb().into());
    field(8, 6, |bits| MciMisc::new(bits).address_mode().raw().into());
    field(39, 32, |bits| MciMisc::new(bits).io_requester().segment.into());
    field(31, 24, |bits| MciMisc::new(bits).io_requester().bus.into());
    field(23, 19, |bits| MciMisc::new(bits).io_requester().device.into());
    field(18, 16, |bits| MciMisc::new(bits).io_requester().function.into());
    assert_eq!(MciMisc::new(0x0000_0001_3bfd_0000).io_requester().to_string(), "0001:3b:1f.5");

    only(63, |bits| MciMisc::new(bits).threshold_counter().valid());
    only(62, |bits| MciMisc::new(bits).threshold_counter().counter_present());
    only(61, |bits| MciMisc::new(bits).threshold_counter().locked());
    only(51, |bits| MciMisc::new(bits).threshold_counter().counting());
    only(48, |bits| MciMisc::new(bits).threshold_counter().overflow());
    field(43, 32, |bits| MciMisc::new(bits).threshold_counter().count().into());
    assert_eq!(MciMisc::new(0).threshold_counter().to_string(), "none");
    assert_eq!(MciMisc::new(1 << 62 | 5 << 32).threshold_counter().to_string(), "5 of 4095");
    assert_eq!(MciMisc::new(!0).threshold_counter().to_string(), "4095 of 4095, counting, overflow, locked");

    let names: Vec<_> = (0..8).map(|mode| AddressMode::new(mode).name()).collect();
    assert_eq!(
        names,
        [
            Some("segment offset"),
            Some("linear"),
            Some("physical"),
            Some("memory"),
            None,
            None,
            None,
            Some("generic")
        ]
    );
}

#[test]
fn addresses() {
    let address = |lsb| Address { value: 0x1000, mode: Some(AddressMode::PHYSICAL), lsb: Some(lsb) };
    assert_eq!(address(0).granularity(), Some(1));
    assert_eq!(address(63).granularity(), Some(1 << 63));
    assert_eq!(Address { value: 1, mode: None, lsb: None }.granularity(), None);
    for (lsb, text) in [
        (0, "0x1000 (physical, 1 B)"),
        (6, "0x1000 (physical, 64 B)"),
        (9, "0x1000 (physical, 512 B)"),
        (10, "0x1000 (physical, 1 KiB)"),
        (12, "0x1000 (physical, 4 KiB)"),
        (19, "0x1000 (physical, 512 KiB)"),
        (20, "0x1000 (physical, 1 MiB)"),
        (29, "0x1000 (physical, 512 MiB)"),
        (30, "0x1000 (physical, 1 GiB)"),
        (39, "0x1000 (physical, 512 GiB)"),
        (40, "0x1000 (physical, 1 TiB)"),
        (49, "0x1000 (physical, 512 TiB)"),
        (50, "0x1000 (physical, 1 PiB)"),
        (59, "0x1000 (physical, 512 PiB)"),
        (60, "0x1000 (physical, 1 EiB)"),
        (63, "0x1000 (physical, 8 EiB)"),
    ] {
        assert_eq!(address(lsb).to_string(), text);
    }
    assert_eq!(Address { value: 0xabc, mode: None, lsb: None }.to_string(), "0xabc");
    assert_eq!(
        Address { value: 1, mode: Some(AddressMode::new(4)), lsb: None }.to_string(),
        "0x1 (reserved (4))"
    );
    assert_eq!(Address { value: 1, mode: None, lsb: Some(6) }.to_string(), "0x1 (64 B)");
}

#[test]
fn interrupt_control() {
    only(30, |bits| MciCtl2::new(bits).interrupt_enabled());
    field(14, 0, |bits| MciCtl2::new(bits).threshold().into());
}

#[test]
fn scalable_mca_registers() {
    field(63, 48, |bits| McaIpid::new(bits).mca_type().into());
    field(43, 32, |bits| McaIpid::new(bits).hwid().into());
    field(31, 0, |bits| McaIpid::new(bits).instance().into());
}

#[test]
fn signatures() {
    let cases = [
        (0x0005_0654, 6, 85, 4),
        (0x0006_0fb1, 15, 107, 1),
        (0x00a2_0f12, 25, 33, 2),
        (0x0000_0543, 5, 4, 3), // below family 6 the extended model does not count
        (0x00f0_0543, 5, 4, 3),
        (0x000f_0543, 5, 4, 3),
        (0x0ff0_0f00, 270, 0, 0),
        (0x0000_06f0, 6, 15, 0),
    ];
    for (bits, family, model, stepping) in cases {
        let signature = CpuSignature::new(bits);
        assert_eq!((signature.family(), signature.model(), signature.stepping()), (family, model, stepping));
        assert_eq!(signature.to_string(), format!("family {family} model {model} stepping {stepping}"));
    }
    assert_eq!(format!("{:?}", CpuSignature::new(0x50654)), "CpuSignature(0x50654)");
}

#[test]
fn vendors() {
    let named: Vec<_> = (0..=255).filter_map(|id| Some((id, CpuVendor::new(id).name()?))).collect();
    assert_eq!(
        named,
        [
            (0, "Intel"),
            (1, "Cyrix"),
            (2, "AMD"),
            (3, "UMC"),
            (5, "Centaur"),
            (7, "Transmeta"),
            (8, "NSC"),
            (9, "Hygon"),
            (10, "Zhaoxin"),
            (11, "Vortex"),
            (255, "unknown vendor")
        ]
    );
}

#[test]
fn kernel_flags_keep_unknown_bits() {
    let handled = HandledFlags::from_bits_retain(0x8000_0000_0000_00ff);
    assert_eq!(handled.bits(), 0x8000_0000_0000_00ff);
    let names: Vec<_> = handled.iter_names().map(|(name, flag)| (name, flag.bits())).collect();
    assert_eq!(
        names,
        [
            ("CEC", 1),
            ("UC", 2),
            ("EXTLOG", 4),
            ("NFIT", 8),
            ("EDAC", 16),
            ("MCELOG", 32),
            ("IN_KERNEL_RECOVERABLE", 64),
            ("IN_KERNEL_COPYIN", 128)
        ]
    );
    let injected = InjectFlags::from_bits_retain(0xff);
    let names: Vec<_> = injected.iter_names().map(|(name, flag)| (name, flag.bits())).collect();
    assert_eq!(
        names,
        [("PROCESS", 1), ("IRQ", 2), ("NMI_BROADCAST", 4), ("EXCEPTION", 8), ("IRQ_BROADCAST", 16)]
    );
    assert_eq!(injected.bits(), 0xff);
}

#[test]
fn registers_as_numbers_and_text() {
    let status = MciStatus::from(0xbe00_0000_0000_0135);
    assert_eq!((status.raw(), u64::from(status)), (0xbe00_0000_0000_0135, 0xbe00_0000_0000_0135));
    assert_eq!(status.to_string(), "0xbe00000000000135");
    assert_eq!(format!("{status:?}"), "MciStatus(0xbe00000000000135)");
    assert_eq!(McaSynd::new(0).to_string(), "0x0");
    assert!(status.any(MciStatus::VAL | 2) && !status.any(2));
}
