//! Units and model-specific codes, by the processor in the record.

use mce_record::vendor::amd::{self, BankType};
use mce_record::vendor::intel::{DramLocation, ModelError, Part, Unit};
use mce_record::{CpuSignature, CpuVendor, McaIpid, Mce, MciMisc, MciStatus};

const PARTS: [(u32, Part, &str); 20] = [
    (0x206d7, Part::SandyBridgeEp, "Sandy Bridge-EP"),
    (0x306e4, Part::IvyBridgeEp, "Ivy Bridge-EP"),
    (0x306f2, Part::HaswellEp, "Haswell-EP"),
    (0x406f1, Part::BroadwellEp, "Broadwell-EP"),
    (0x50663, Part::BroadwellDe, "Broadwell-DE"),
    (0x50650, Part::SkylakeSp, "Skylake-SP"),
    (0x50654, Part::SkylakeSp, "Skylake-SP"),
    (0x50655, Part::CascadeLake, "Cascade Lake"),
    (0x50657, Part::CascadeLake, "Cascade Lake"),
    (0x5065a, Part::CooperLake, "Cooper Lake"),
    (0x5065b, Part::CooperLake, "Cooper Lake"),
    (0x606a6, Part::IceLakeSp, "Ice Lake-SP"),
    (0x606c1, Part::IceLakeD, "Ice Lake-D"),
    (0x80665, Part::SnowRidge, "Snow Ridge"),
    (0x806f8, Part::SapphireRapids, "Sapphire Rapids"),
    (0xc06f2, Part::EmeraldRapids, "Emerald Rapids"),
    (0xa06d1, Part::GraniteRapids, "Granite Rapids"),
    (0xa06e1, Part::GraniteRapids, "Granite Rapids"),
    (0xa06f3, Part::SierraForest, "Sierra Forest"),
    (0xd06d0, Part::ClearwaterForest, "Clearwater Forest"),
];

#[test]
fn parts_by_signature() {
    for (signature, part, name) in PARTS {
        assert_eq!(Part::of(CpuSignature::new(signature)), Some(part));
        assert_eq!(part.name(), name);
        let mce = Mce::new().with_cpuid(signature);
        assert_eq!(mce.record().intel_part(), Some(part));
        assert_eq!(mce.with_cpuvendor(CpuVendor::ZHAOXIN.raw()).record().intel_part(), None);
        // The same model of another family.
        assert_eq!(Part::of(CpuSignature::new(signature ^ 0x100)), None);
    }
    // A client's Skylake, a stepping nobody made, nothing.
    for unknown in [0x506e3, 0x50658, 0x5065c, 0] {
        assert_eq!(Part::of(CpuSignature::new(unknown)), None);
    }
}

/// The banks of a part that are known, and their units.
fn banks(part: Part) -> Vec<(u8, String)> {
    (0..=255).filter_map(|bank| Some((bank, Unit::of(part, bank)?.to_string()))).collect()
}

fn expect(part: Part, expected: &[(u8, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(bank, unit)| (*bank, (*unit).to_string())).collect();
    assert_eq!(banks(part), expected, "{part:?}");
}

#[test]
fn banks_before_skylake() {
    let controller = |bank| (bank, "memory controller");
    let sandy = [(4, "power control unit"), (6, "QPI 0"), (7, "QPI 1")];
    expect(Part::SandyBridgeEp, &[&sandy[..], &[8, 9, 10, 11].map(controller)].concat());
    let ivy = [(4, "power control unit"), (5, "QPI 0")];
    expect(Part::IvyBridgeEp, &[&ivy[..], &[9, 10, 11, 12, 13, 14, 15, 16].map(controller)].concat());
    expect(Part::BroadwellDe, &[(4, "power control unit"), controller(9), controller(10)]);
    for part in [Part::HaswellEp, Part::BroadwellEp] {
        expect(
            part,
            &[
                (4, "power control unit"),
                (5, "QPI 0"),
                (7, "home agent 0"),
                (8, "home agent 1"),
                (9, "memory channel 0"),
                (10, "memory channel 1"),
                (11, "memory channel 2"),
                (12, "memory channel 3"),
                (13, "memory channel 4"),
                (14, "memory channel 5"),
                (15, "memory channel 6"),
                (16, "memory channel 7"),
                (20, "QPI 1"),
                (21, "QPI 2"),
            ],
        );
    }
}

#[test]
fn banks_of_skylake() {
    for part in [Part::SkylakeSp, Part::CascadeLake, Part::CooperLake] {
        expect(
            part,
            &[
                (0, "instruction fetch unit"),
                (1, "data cache unit"),
                (2, "data TLB"),
                (3, "mid-level cache"),
                (4, "power control unit"),
                (5, "UPI 0"),
                (6, "IIO"),
                (7, "M2M 0"),
                (8, "M2M 1"),
                (9, "CHA"),
                (10, "CHA"),
                (11, "CHA"),
                (12, "UPI 1"),
                (13, "memory controller 0 channel 0"),
                (14, "memory controller 0 channel 1"),
                (15, "memory controller 1 channel 0"),
                (16, "memory controller 1 channel 1"),
                (17, "memory controller 0 channel 2"),
                (18, "memory controller 1 channel 2"),
                (19, "UPI 2"),
            ],
        );
    }
}

#[test]
fn banks_of_ice_lake() {
    let memory = [
        (12, "M2M 0"),
        (13, "memory controller 0 channel 0"),
        (14, "memory controller 0 channel 1"),
        (15, "memory controller 0 channel 2"),
        (16, "M2M 1"),
        (17, "memory controller 1 channel 0"),
        (18, "memory controller 1 channel 1"),
        (19, "memory controller 1 channel 2"),
        (20, "M2M 2"),
        (21, "memory controller 2 channel 0"),
        (22, "memory controller 2 channel 1"),
        (23, "memory controller 2 channel 2"),
        (24, "M2M 3"),
        (25, "memory controller 3 channel 0"),
        (26, "memory controller 3 channel 1"),
        (27, "memory controller 3 channel 2"),
    ];
    let pcu = (4, "power control unit");
    expect(Part::IceLakeSp, &[&[pcu, (5, "UPI 0"), (7, "UPI 1"), (8, "UPI 2")], &memory[..]].concat());
    expect(Part::IceLakeD, &[&[pcu], &memory[..8]].concat());
    expect(Part::SnowRidge, &[&[pcu], &memory[..4]].concat());
}

#[test]
fn banks_of_sapphire_and_granite() {
    let channels: Vec<(u8, String)> =
        (0..12).map(|index| (13 + index, format!("memory channel {index}"))).collect();
    let channels: Vec<(u8, &str)> = channels.iter().map(|(bank, unit)| (*bank, &unit[..])).collect();
    let common = [&[(4, "power control unit"), (5, "UPI"), (12, "M2M")], &channels[..8]].concat();
    let hbm = [(29, "HBM M2M"), (30, "HBM channel 0"), (31, "HBM channel 1")];
    expect(Part::SapphireRapids, &[&common[..], &hbm].concat());
    expect(Part::EmeraldRapids, &common);
    for part in [Part::GraniteRapids, Part::SierraForest] {
        expect(part, &[&[(5, "UPI"), (6, "power control unit"), (12, "B2CMI")], &channels[..]].concat());
    }
}

/// What a model-specific code says in a bank, with an error code beside it.
fn says(part: Part, bank: u8, model_code: u16, error_code: u16) -> String {
    let status = MciStatus::new(u64::from(model_code) << 16 | u64::from(error_code));
    let error = ModelError::of(part, Unit::of(part, bank).unwrap(), status);
    let text = error.map(|error| error.to_string());
    assert_ne!(text.as_deref(), Some(""), "an error that says nothing is none");
    text.unwrap_or_default()
}

#[test]
fn codes_of_skylake() {
    let part = Part::CascadeLake;
    assert_eq!(says(part, 4, 0x0d00, 0), "DMI training timeout");
    assert_eq!(
        says(part, 4, 0x8103, 0x1402),
        "die too hot, power control unit error, internal error of the power control unit"
    );
    assert_eq!(says(part, 4, 0, 0x0406), "Intel TXT error");
    assert_eq!(says(part, 4, 0x0e00, 0), "");
    assert_eq!(says(part, 5, 0x0022, 0x0e0f), "PHY lane failed, recovered at width x8");
    assert_eq!(says(part, 12, 0x0012, 0), "link or PHY control error");
    assert_eq!(says(part, 19, 0x0052, 0), "link or PHY control error, PHY control error");
    assert_eq!(
        says(part, 19, 0xffd2, 0),
        "link or PHY control error, PHY control error, unexpected retry acknowledge flit, unexpected retry request \
         flit, register file parity error, routeback table error, unexpected transmit protocol flit, receive credit \
         overflow or underflow, link reset in progress when the PHY entered L0, link reset while protocol traffic \
         was not idle, link transmit parity error"
    );
    // Skylake's flags belong to code 12h alone.
    assert_eq!(says(part, 5, 0xffd3, 0), "link parameter exchange exception");
    assert_eq!(says(part, 5, 0x0032, 0), "");
    assert_eq!(says(part, 5, 0x0015, 0), "");
    assert_eq!(says(part, 7, 0x0101, 0x0090), "read data error");
    assert_eq!(
        says(part, 8, 0x00ff, 0x0090),
        "read data error, partial write data error, full write data error, clock domain crossing buffer error, \
         timeout, tracker parity error, fatal bucket 1 error"
    );
    assert_eq!(says(part, 8, 0x0002, 0x0090), "");
    assert_eq!(says(part, 13, 0x0010, 0x00c0), "uncorrected patrol scrub error");
    assert_eq!(
        says(part, 18, 0x0410, 0x00c0),
        "uncorrected patrol scrub error, uncorrected address parity error"
    );
    assert_eq!(says(part, 18, 0x0804, 0x0090), "completion to an invalid scoreboard entry");
    assert_eq!(says(part, 18, 0x080e, 0x0090), "");
    for unknown in [0, 1, 2, 3, 6, 9] {
        assert_eq!(says(part, unknown, 0xffff, 0xffff), "");
    }
}

/// The text of each of a code's bits alone, `with` beside it.
fn bits(part: Part, bank: u8, with: u16) -> Vec<String> {
    (0..16).map(|bit| says(part, bank, 1 << bit | with, 0)).collect()
}

#[test]
fn flags_have_their_bits() {
    let upi = bits(Part::SkylakeSp, 5, 0x12);
    let expected = [
        "PHY control error",
        "unexpected retry acknowledge flit",
        "unexpected retry request flit",
        "register file parity error",
        "routeback table error",
        "unexpected transmit protocol flit",
        "receive credit overflow or underflow",
        "link reset in progress when the PHY entered L0",
        "link reset while protocol traffic was not idle",
        "link transmit parity error",
    ];
    let expected: Vec<_> = expected.iter().map(|flag| format!("link or PHY control error, {flag}")).collect();
    assert_eq!(upi[6..], expected);

    let m2m = [
        "read data error",
        "",
        "partial write data error",
        "full write data error",
        "clock domain crossing buffer error",
        "timeout",
        "tracker parity error",
        "fatal bucket 1 error",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
    ];
    assert_eq!(bits(Part::SkylakeSp, 7, 0), m2m);
    assert_eq!(bits(Part::IceLakeSp, 24, 0), m2m);

    let memory = [
        "address parity error",
        "write data parity error",
        "write byte enable parity error",
        "corrected patrol scrub error",
        "uncorrected patrol scrub error",
        "corrected spare error",
        "uncorrected spare error",
        "read error",
        "write data buffer read parity error",
        "DDR4 command/address parity error",
        "uncorrected address parity error",
        "unrecognised request type",
        "",
        "",
        "",
        "",
    ];
    assert_eq!(bits(Part::SkylakeSp, 13, 0), memory);
}

#[test]
fn codes_before_skylake() {
    let part = Part::SandyBridgeEp;
    assert_eq!(says(part, 4, 0x4405, 0x0402), "instruction stack overflow");
    assert_eq!(
        says(Part::IvyBridgeEp, 4, 0x4405, 0x0402),
        "critical regulator failed, instruction stack overflow"
    );
    assert_eq!(says(part, 4, 0x1300, 0x0402), "");
    assert_eq!(says(part, 6, 0x0020, 0x0e0f), "");
    // One flag for each bit that the processor has.
    let flags = |part, bank| (0..16).filter(|bit| !says(part, bank, 1 << bit, 0x0090).is_empty()).count();
    let bits = [(part, 8), (Part::IvyBridgeEp, 9), (Part::HaswellEp, 9), (Part::BroadwellEp, 16)];
    assert_eq!(bits.map(|(part, bank)| flags(part, bank)), [7, 9, 10, 9]);
    assert_eq!(flags(Part::BroadwellDe, 10), 9);
    assert_eq!(
        says(Part::IvyBridgeEp, 16, 0x0084, 0x0090),
        "write byte enable parity error, corrected read error"
    );
    assert_eq!(says(Part::BroadwellEp, 11, 0x0008, 0x00c2), "corrected patrol scrub error");
    assert_eq!(says(Part::BroadwellEp, 11, 0x0080, 0x0092), "");
    for part in [Part::HaswellEp, Part::BroadwellEp] {
        assert_eq!(says(part, 20, 0x0020, 0x0e0f), "PHY in-band reset, initialisation aborted");
        assert_eq!(
            says(part, 5, 0x0030, 0x0e0f),
            "link receive CRC error, retry succeeded with PHY initialisation"
        );
        assert_eq!(says(part, 5, 0x0014, 0x0e0f), "");
        assert_eq!(says(part, 7, 0x0001, 0x0090), "");
        assert_eq!(
            says(part, 4, 0x1304, 0x1402),
            "DMI training timeout, power control unit error, internal error of the power control unit"
        );
    }
    assert_eq!(says(Part::BroadwellDe, 4, 0x2604, 0x040c), "package C-state: ring wake timeout");
    assert_eq!(says(Part::BroadwellDe, 4, 0x6000, 0x040c), "");
    assert_eq!(says(Part::BroadwellEp, 4, 0x2600, 0x040c), "");
    assert_eq!(says(Part::BroadwellDe, 4, 0x0002, 0x040c), "internal error of the power control unit");
}

#[test]
fn codes_of_ice_lake() {
    let part = Part::IceLakeSp;
    assert_eq!(says(part, 4, 0x6500, 0), "package S-state: reset preparation timeout");
    assert_eq!(says(part, 4, 0x7a00, 0), "package S-state: reset preparation timeout");
    assert_eq!(says(part, 4, 0x6400, 0), "package S-state: invalid internal response");
    assert_eq!(says(part, 4, 0x7b00, 0), "package S-state: SMBus VPP pause timeout");
    assert_eq!(says(part, 4, 0xc000, 0), "");
    assert_eq!(
        says(part, 4, 0x0d53, 0),
        "LLC self-test timeout, SMBus controller raised an SMI, invalid opcode"
    );
    assert_eq!(says(part, 4, 0x0003, 0x040c), "invalid opcode");
    assert_eq!(says(part, 5, 0x0032, 0), "link retry requested by the other side");
    assert_eq!(says(part, 5, 0x0015, 0), "");
    // The flags have names with every code, also with one that has no name itself.
    assert_eq!(
        says(part, 7, 0x8253, 0),
        "link parameter exchange exception, PHY control error, register file parity error, link transmit parity error"
    );
    assert_eq!(says(part, 8, 0x0095, 0), "unexpected retry acknowledge flit");
    assert_eq!(says(part, 12, 0x0020, 0x0090), "timeout");
    assert_eq!(says(part, 13, 0x00a0, 0x0090), "uncorrected read error");
    assert_eq!(says(part, 27, 0x0200, 0x0090), "DDR4 command/address parity error");
    assert_eq!(says(part, 27, 0x0827, 0x0090), "TME underfill parity error");
    assert_eq!(says(part, 27, 0x0829, 0x0090), "");
}

#[test]
fn codes_of_sapphire() {
    let part = Part::SapphireRapids;
    assert_eq!(says(part, 4, 0xc000, 0), "dispatcher run busy timeout");
    assert_eq!(says(part, 4, 0x0003, 0x0402), "invalid opcode");
    assert_eq!(says(part, 4, 0x0005, 0x040c), "triple fault");
    assert_eq!(says(part, 5, 0x0015, 0), "SGX MAC error");
    assert_eq!(says(part, 5, 0x0032, 0), "");
    assert_eq!(says(part, 5, 0x0092, 0), "link or PHY control error, unexpected retry acknowledge flit");
    assert_eq!(says(part, 5, 0x0095, 0), "SGX MAC error, unexpected retry acknowledge flit");
    assert_eq!(
        says(Part::EmeraldRapids, 5, 0x4020, 0),
        "PHY initialisation aborted, link reset while protocol traffic was not idle"
    );
    assert_eq!(says(part, 12, 0x0001, 0x0090), "read ECC error");
    assert_eq!(says(part, 29, 0x0105, 0x0090), "prefetch channel mismatch");
    assert_eq!(says(part, 13, 0x0200, 0x0090), "DDR5 command/address parity error");
    assert_eq!(says(part, 13, 0x0008, 0x00c0), "corrected patrol scrub error");
    assert_eq!(says(part, 31, 0x10a0, 0x0090), "uncorrected read error, secondary of the mirror");
    assert_eq!(says(part, 31, 0x0103, 0x0090), "");
}

#[test]
fn codes_of_granite() {
    let part = Part::SierraForest;
    assert_eq!(says(part, 5, 0x0014, 0), "TDX failure");
    assert_eq!(says(part, 5, 0x0031, 0), "link receive CRC error, retry succeeded with PHY initialisation");
    // All sixteen bits are the code here.
    assert_eq!(says(part, 5, 0x0114, 0), "");
    assert_eq!(
        says(part, 6, 0x0902, 0),
        "power management microcontroller: double-bit ECC error, TSC download timeout"
    );
    assert_eq!(says(part, 6, 0x5600, 0), "SVID: invalid active voltage fuses");
    assert_eq!(says(part, 12, 0x000d, 0x0090), "SAI mismatch");
    assert_eq!(says(part, 13, 0x0200, 0x0090), "DDR command/address parity or write CRC error");
    assert_eq!(says(part, 24, 0x2106, 0x0090), "write data buffer persistent ECC error, sub-channel 1");
    assert_eq!(says(part, 24, 0x0829, 0x0090), "");
}

#[test]
fn dram_location_of_ice_lake() {
    let unit = Unit::of(Part::IceLakeSp, 13).unwrap();
    let at = |misc: u64, status: u64| {
        DramLocation::of(Part::IceLakeSp, unit, MciStatus::new(status), MciMisc::new(misc)).unwrap()
    };
    let all = at(!(1 << 63), 0);
    let expected = DramLocation {
        rank: 7,
        sub_rank: 15,
        bank_group: 7,
        bank: 3,
        row: 0x1f_ffff,
        column: 0xffc,
        device: Some(63),
        transient: false,
    };
    assert_eq!(all, expected);
    for bit in 0..64 {
        let one = at(1 << bit, 0);
        let mut fields = [
            (9..19, u64::from(one.column >> 2)),
            (19..40, u64::from(one.row)),
            (42..44, u64::from(one.bank)),
            (46..52, u64::from(one.device.unwrap_or(0))),
            (52..56, u64::from(one.sub_rank)),
            (56..59, u64::from(one.rank)),
            (63..64, u64::from(one.transient)),
        ]
        .into_iter();
        assert!(
            fields
                .all(|(bits, value)| value == if bits.contains(&bit) { 1 << (bit - bits.start) } else { 0 })
        );
        let group = match bit {
            40 => 1,
            41 => 2,
            44 => 4,
            _ => 0,
        };
        assert_eq!(one.bank_group, group);
    }
    assert_eq!(at(1 << 63 | 5 << 46, 0).device, None);
    assert_eq!(at(5 << 46, 1 << 61).device, None);
    assert_eq!(
        at(1 << 63 | 1 << 56, 0).to_string(),
        "rank 1, sub-rank 0, bank group 0, bank 0, row 0x0, column 0x0, transient"
    );
    let m2m = Unit::of(Part::IceLakeSp, 12).unwrap();
    assert_eq!(DramLocation::of(Part::IceLakeSp, m2m, MciStatus::new(0), MciMisc::new(0)), None);
    let unit = Unit::of(Part::SkylakeSp, 13).unwrap();
    assert_eq!(DramLocation::of(Part::SkylakeSp, unit, MciStatus::new(1 << 33), MciMisc::new(0)), None);
}

#[test]
fn dram_location_of_granite() {
    let unit = Unit::of(Part::GraniteRapids, 13).unwrap();
    let at = |misc: u64, status: u64| {
        DramLocation::of(Part::GraniteRapids, unit, MciStatus::new(status), MciMisc::new(misc))
    };
    let valid = 1 << 33;
    for bit in 0..64 {
        let one = at(1 << bit, valid).unwrap();
        let mut fields = [
            (9..19, u64::from(one.column >> 2)),
            (19..37, u64::from(one.row)),
            (37..39, u64::from(one.bank)),
            (39..42, u64::from(one.bank_group)),
            (43..49, u64::from(one.device.unwrap_or(0))),
            (51..55, u64::from(one.sub_rank)),
            (55..58, u64::from(one.rank)),
            (63..64, u64::from(one.transient)),
        ]
        .into_iter();
        assert!(
            fields
                .all(|(bits, value)| value == if bits.contains(&bit) { 1 << (bit - bits.start) } else { 0 })
        );
    }
    assert_eq!(at(1 << 63, valid).unwrap().device, None);
    assert!(at(0, valid | 1 << 61).unwrap().device.is_some());
    assert_eq!(at(0, 0), None);
    assert_eq!(at(0, valid | 0x0800 << 16), None);
    assert_eq!(at(0, valid | 0x082f << 16), None);
    assert!(at(0, valid | 0x07ff << 16).is_some() && at(0, valid | 0x0830 << 16).is_some());
}

#[test]
fn bank_types_by_ipid() {
    let expected = [
        (0xb0, 0x0, "load/store unit", 27),
        (0xb0, 0x10, "load/store unit", 24),
        (0xb0, 0x1, "instruction fetch unit", 19),
        (0xb0, 0x2, "L2 cache", 6),
        (0xb0, 0x3, "decode unit", 10),
        (0xb0, 0x5, "execution unit", 14),
        (0xb0, 0x6, "floating point unit", 8),
        (0xb0, 0x7, "L3 cache", 10),
        (0x00, 0x0, "reserved bank", 0),
        (0x2e, 0x0, "coherent station", 9),
        (0x2e, 0x1, "power, interrupts, etc.", 9),
        (0x2e, 0x2, "coherent station", 21),
        (0x2e, 0x4, "memory attached last level cache", 7),
        (0x96, 0x0, "unified memory controller", 13),
        (0x96, 0x1, "unified memory controller", 10),
        (0x05, 0x0, "parameter block", 1),
        (0xff, 0x0, "platform security processor", 1),
        (0xff, 0x1, "platform security processor", 24),
        (0x01, 0x0, "system management unit", 1),
        (0x01, 0x1, "system management unit", 12),
        (0x01, 0x2, "microprocessor 5", 11),
        (0x01, 0x3, "DMA microprocessor", 50),
        (0x18, 0x0, "northbridge I/O", 6),
        (0x46, 0x0, "PCIe root port", 5),
        (0x46, 0x1, "PCIe root port", 1),
        (0x50, 0x0, "xGMI link", 29),
        (0x6c, 0x0, "northbridge interface", 4),
        (0x80, 0x0, "system hub", 4),
        (0xa8, 0x0, "SATA", 8),
        (0xaa, 0x0, "USB", 6),
        (0x170, 0x0, "ultra short reach data plane", 31),
        (0x180, 0x0, "ultra short reach control plane", 13),
        (0x241, 0x0, "GMI link", 32),
        (0x259, 0x0, "xGMI PHY", 4),
        (0x267, 0x0, "WAFL PHY", 4),
        (0x269, 0x0, "GMI PHY", 4),
        (0x12, 0x0, "MPRAS", 0),
        (0x5c, 0x0, "SSBDCI, die-to-die interconnect", 0),
        (0xbe, 0x0, "MPDACC", 0),
        (0xf9, 0x0, "MPM", 0),
        (0xfd, 0x0, "MPASP", 0),
        (0xfd, 0x1, "MPASP", 0),
        (0xff, 0x2, "MPART", 0),
        (0x157, 0x0, "DACC_FE, DACC front end", 0),
        (0x164, 0x0, "DACC_BE, DACC back end", 0),
        (0x1e0, 0x0, "eDDR5 CMN", 0),
        (0x1e1, 0x0, "PCIe link", 0),
    ];
    let naples = CpuSignature::new(0x0080_0f12);
    let mut named = 0;
    for hwid in 0..0x1000_u16 {
        for mca_type in 0..0x20_u16 {
            let ipid = McaIpid::new(u64::from(mca_type) << 48 | u64::from(hwid) << 32 | 0x1234);
            let bank_type = BankType::of(ipid);
            assert_eq!(bank_type, BankType { hwid, mca_type });
            let row = expected.iter().find(|row| (row.0, row.1) == (hwid, mca_type));
            assert_eq!(bank_type.name(), row.map(|row| row.2));
            let codes = (0..64).filter(|&code| bank_type.error(code, naples).is_some()).count();
            assert_eq!(codes, row.map_or(0, |row| row.3), "{bank_type:?}");
            named += usize::from(row.is_some());
        }
    }
    assert_eq!(named, expected.len());
}

#[test]
fn extended_codes() {
    let naples = CpuSignature::new(0x0080_0f12);
    let name = |hwid, mca_type, code| BankType { hwid, mca_type }.error(code, naples);
    assert_eq!(name(0xb0, 0x0, 0), Some("load queue parity error"));
    assert_eq!(name(0xb0, 0x0, 26), Some("hardware assertion"));
    assert_eq!(name(0xb0, 0x0, 27), None);
    assert_eq!(name(0xb0, 0x10, 1), Some("data cache ECC error or L2 poison on a load"));
    assert_eq!(name(0xb0, 0x1, 12), Some("poisoned response of the L2 cache"));
    assert_eq!(name(0xb0, 0x5, 0), Some("watchdog timeout"));
    assert_eq!(name(0x96, 0x0, 0), Some("DRAM ECC error"));
    assert_eq!(name(0x96, 0x0, 12), None);
    assert_eq!(name(0x96, 0x0, 16), Some("refresh management SRAM ECC error"));
    assert_eq!(name(0x01, 0x1, 58), None);
    assert_eq!(name(0x170, 0x0, 20), None);
    assert_eq!(name(0x170, 0x0, 31), Some("replay overflow"));
}

#[test]
fn extended_codes_that_moved() {
    // Family, model: 19h 11h is base family 15 with extended family 10, extended model 1.
    let signature = |family: u32, model: u32| {
        CpuSignature::new((family - 15) << 20 | (model >> 4) << 16 | 0xf << 8 | (model & 0xf) << 4)
    };
    let station = |family, model| BankType::COHERENT_STATION_V2.error(9, signature(family, model)).unwrap();
    let moved = "unexpected retry of a read response";
    let usual = "probe filter protocol error";
    for (family, model, expected) in [
        (0x19, 0x0f, usual),
        (0x19, 0x10, moved),
        (0x19, 0x1f, moved),
        (0x19, 0x20, usual),
        (0x19, 0x5f, usual),
        (0x19, 0x60, moved),
        (0x19, 0x7b, moved),
        (0x19, 0x7c, usual),
        (0x19, 0x9f, usual),
        (0x19, 0xa0, moved),
        (0x19, 0xaf, moved),
        (0x1a, 0x3f, usual),
        (0x1a, 0x40, moved),
        (0x1a, 0x4f, moved),
        (0x1a, 0x50, usual),
        (0x17, 0x10, usual),
    ] {
        assert_eq!(station(family, model), expected, "{family:x} {model:x}");
    }
    let memory = |model, code| BankType::MEMORY_CONTROLLER.error(code, signature(0x19, model));
    assert_eq!(memory(0x8f, 0), Some("DRAM ECC error"));
    assert_eq!(memory(0x90, 0), Some("on-die ECC error"));
    assert_eq!(memory(0x9f, 15), Some("HBM CRC error"));
    assert_eq!(memory(0x90, 12), None);
    let management = |model, code| BankType::SYSTEM_MANAGEMENT_V2.error(code, signature(0x19, model));
    assert_eq!(management(0x90, 58), Some("correctable error of a graphics block"));
    assert_eq!(management(0x90, 59), Some("fatal error of a graphics block"));
    assert_eq!(management(0x90, 60), None);
    assert_eq!(management(0x90, 62), Some("poison error of a graphics block"));
    assert_eq!(management(0x90, 0), Some("high SRAM ECC or parity error"));
    assert_eq!(management(0x90, 57), None);
    assert_eq!(management(0x11, 58), None);
}

#[test]
fn units_of_amd() {
    let unit = |ipid| amd::Unit::of(McaIpid::new(ipid)).map(|unit| unit.to_string());
    assert_eq!(unit(0), None);
    assert_eq!(unit(0x0000_0096_0020_0000).unwrap(), "unified memory controller, channel 2");
    assert_eq!(unit(0x0001_0096_0b00_0000).unwrap(), "unified memory controller, channel 176");
    assert_eq!(unit(0x0010_00b0_0000_0000).unwrap(), "load/store unit");
    assert_eq!(unit(0x0003_0123_0000_0000).unwrap(), "hardware block 0x123 type 0x3");
    assert_eq!(amd::Unit::of(McaIpid::new(0x0010_00b0_0000_0007)).unwrap().instance, 7);
    assert_eq!(amd::Unit::of(McaIpid::new(0x0010_00b0_0020_0000)).unwrap().memory_channel(), None);
}

#[test]
fn the_record_decides() {
    let mce = Mce::new()
        .with_status(0x9c20_4000_0000_011b)
        .with_cpuvendor(CpuVendor::AMD.raw())
        .with_cpuid(0x00a2_0f12)
        .with_ipid(0x0000_0096_0020_0000)
        .with_bank(17);
    let said = |mce: Mce| {
        let record = mce.record();
        (record.unit().map(|unit| unit.to_string()), record.model_error().map(|error| error.to_string()))
    };
    let some = |text: &str| Some(text.to_string());
    assert_eq!(said(mce), (some("unified memory controller, channel 2"), some("DRAM ECC error")));
    // The extended code is bits 21:16.
    let scrub = mce.with_status(0x9c20_4000_0008_011b);
    assert_eq!(said(scrub).1, some("error check and scrub row error"));
    assert_eq!(said(mce.with_cpuvendor(CpuVendor::HYGON.raw())), said(mce));
    // Not a processor with scalable MCA, not AMD's.
    assert_eq!(said(mce.with_cpuid(0x0060_0f12)), (None, None));
    assert_eq!(said(mce.with_cpuvendor(CpuVendor::INTEL.raw())), (None, None));
    assert_eq!(said(mce.with_ipid(0)), (None, None));
    assert!(mce.record().is_smca());
    assert!(!mce.with_cpuvendor(CpuVendor::INTEL.raw()).record().is_smca());

    let intel = Mce::new().with_cpuid(0x50654).with_bank(7).with_status(0x0001_0090);
    assert_eq!(said(intel), (some("M2M 0"), some("read data error")));
    assert_eq!(said(intel.with_bank(0xff)), (None, None));
    assert_eq!(said(intel.with_cpuid(0x506e3)), (None, None));

    let ice = Mce::new()
        .with_cpuid(0x606a6)
        .with_bank(13)
        .with_status(1_u64 << 59 | 0x0080_0090)
        .with_misc(1_u64 << 56);
    assert_eq!(ice.record().dram_location().unwrap().rank, 1);
    assert_eq!(ice.with_status(0x0080_0090).record().dram_location(), None);
    assert_eq!(mce.record().dram_location(), None);
}
