//! All 65,536 error codes, against a second implementation that works by the manuals' bit patterns alone.

use std::collections::BTreeMap;

use mce_record::{
    Channel, CodeKind, ErrorCode, InternalError, Level, MemoryOperation, Participation, Request, Target,
    Transaction,
};

/// Intel SDM volume 3B, simple and compound error codes, first match wins. Digits must match, `x` is any bit, letters
/// collect a field. Linux and Intel's decoders ignore bit 12 (F) everywhere, so it is not fixed in the simple codes.
const INTEL: &[(&str, &str)] = &[
    ("000F 0000 0000 0000", "no error"),
    ("000F 0000 0000 0001", "unclassified"),
    ("000F 0000 0000 0010", "microcode ROM parity"),
    ("000F 0000 0000 0011", "external"),
    ("000F 0000 0000 0100", "functional redundancy check"),
    ("000F 0000 0000 0101", "internal parity"),
    ("000F 0000 0000 0110", "SMM handler code access violation"),
    ("000F 0100 0000 0000", "internal timer"),
    ("000F 1110 0000 1011", "generic I/O"),
    ("000F 01XX XXXX XXXX", "internal unclassified"),
    ("000F 0000 0000 11LL", "generic cache hierarchy"),
    ("000F 0000 0001 TTLL", "TLB"),
    ("000F 0000 1MMM CCCC", "memory controller"),
    ("000F 0001 RRRR TTLL", "cache hierarchy"),
    ("000F 0010 1MMM CCCC", "extended memory"),
    ("000F 1PPT RRRR IILL", "bus or interconnect"),
];

/// AMD64 Architecture Programmer's Manual volume 2, error codes.
const AMD: &[(&str, &str)] = &[
    ("0000 0000 0000 0000", "no error"),
    ("0000 0000 0001 TTLL", "TLB"),
    ("0000 0001 RRRR TTLL", "cache hierarchy"),
    ("0000 1PPT RRRR IILL", "bus or interconnect"),
    ("0000 01UU 0000 0000", "internal unclassified"),
];

/// The fields a pattern collects from a code; `None` if it does not match.
fn matched(pattern: &str, code: u16) -> Option<BTreeMap<char, u16>> {
    let mut fields = BTreeMap::new();
    for (index, symbol) in pattern.chars().filter(|symbol| *symbol != ' ').enumerate() {
        let bit = code >> (15 - index) & 1;
        match symbol {
            '0' | '1' if symbol.to_digit(2).unwrap() != u32::from(bit) => return None,
            '0' | '1' => {}
            letter => {
                let field = fields.entry(letter).or_insert(0);
                *field = *field << 1 | bit;
            }
        }
    }
    Some(fields)
}

fn decode(table: &[(&'static str, &'static str)], code: u16) -> (&'static str, BTreeMap<char, u16>) {
    table
        .iter()
        .find_map(|(pattern, family)| Some((*family, matched(pattern, code)?)))
        .unwrap_or(("unknown", BTreeMap::new()))
}

/// The fields of the crate's decode, under the letters of the patterns. `t` is T of a bus error, which the
/// patterns share with TT.
fn letters(kind: CodeKind) -> BTreeMap<char, u16> {
    let fields: Vec<(char, u16)> = match kind {
        CodeKind::Internal { code } => vec![('X', code)],
        CodeKind::AmdInternal { error } => vec![('U', error.raw().into())],
        CodeKind::GenericCache { level } => vec![('L', level.raw().into())],
        CodeKind::Tlb { transaction, level } => {
            vec![('T', transaction.raw().into()), ('L', level.raw().into())]
        }
        CodeKind::MemoryController { operation, channel }
        | CodeKind::ExtendedMemory { operation, channel } => {
            vec![('M', operation.raw().into()), ('C', channel.raw().into())]
        }
        CodeKind::Cache { request, transaction, level } => {
            vec![('R', request.raw().into()), ('T', transaction.raw().into()), ('L', level.raw().into())]
        }
        CodeKind::Bus { participation, timed_out, request, target, level } => vec![
            ('P', participation.raw().into()),
            ('T', timed_out.into()),
            ('R', request.raw().into()),
            ('I', target.raw().into()),
            ('L', level.raw().into()),
        ],
        _ => vec![],
    };
    fields.into_iter().collect()
}

#[test]
fn every_code_decodes_as_the_patterns_say() {
    for value in 0..=u16::MAX {
        let code = ErrorCode::new(value);
        let (family, mut fields) = decode(INTEL, value);
        let filter = fields.remove(&'F');
        assert_eq!(code.kind().family(), family, "{code}");
        assert_eq!(letters(code.kind()), fields, "{code}");
        if let Some(filter) = filter {
            assert_eq!(code.filtered(), filter == 1, "{code}");
        }

        let (family, fields) = decode(AMD, value);
        assert_eq!(code.amd_kind().family(), family, "{code} on AMD");
        assert_eq!(letters(code.amd_kind()), fields, "{code} on AMD");
    }
}

#[test]
fn unknown_codes_are_kept() {
    assert_eq!(ErrorCode::new(0x8001).kind(), CodeKind::Unknown { code: 0x8001 });
    assert_eq!(ErrorCode::new(0x3135).kind(), CodeKind::Unknown { code: 0x3135 });
    assert_eq!(ErrorCode::new(0x1135).amd_kind(), CodeKind::Unknown { code: 0x1135 });
    assert_eq!(ErrorCode::new(0x0401).amd_kind(), CodeKind::Unknown { code: 0x0401 });
}

#[test]
fn every_code_has_a_phrase_and_fields() {
    let mut phrases = BTreeMap::new();
    for value in 0..=u16::MAX {
        let kind = ErrorCode::new(value).kind();
        phrases.insert(kind.to_string(), ErrorCode::new(value & !ErrorCode::FILTER));
        assert!(format!("{kind:#}").starts_with(kind.family()), "{kind:?}");
    }
    // Codes that differ in anything but the filter bit read differently.
    let known: Vec<u16> = (0..=u16::MAX).filter(|value| value & ErrorCode::FILTER == 0).collect();
    let unknown_with_filter = (0..=u16::MAX)
        .filter(|value| value & ErrorCode::FILTER != 0)
        .filter(|value| matches!(ErrorCode::new(*value).kind(), CodeKind::Unknown { .. }))
        .count();
    assert_eq!(phrases.len(), known.len() + unknown_with_filter);
}

#[test]
fn phrases_and_fields() {
    let cases = [
        (0x0000, "no error", "no error"),
        (0x0001, "unclassified error", "unclassified"),
        (0x0002, "microcode ROM parity error", "microcode ROM parity"),
        (0x0003, "external error", "external"),
        (0x0004, "functional redundancy check error", "functional redundancy check"),
        (0x0005, "internal parity error", "internal parity"),
        (0x0006, "SMM handler code access violation", "SMM handler code access violation"),
        (0x0400, "internal timer error", "internal timer"),
        (0x0402, "internal unclassified error 0x002", "internal unclassified: 0x002"),
        (0x07ff, "internal unclassified error 0x3ff", "internal unclassified: 0x3ff"),
        (0x0e0b, "generic I/O error", "generic I/O"),
        (0x000e, "level 2 cache hierarchy error", "generic cache hierarchy: level 2"),
        (0x0010, "level 0 instruction TLB error", "TLB: instruction, level 0"),
        (0x001f, "generic level reserved (3) TLB error", "TLB: reserved (3), generic level"),
        (
            0x0090,
            "memory controller, memory read error, channel 0",
            "memory controller: memory read, channel 0",
        ),
        (
            0x009f,
            "memory controller, memory read error, channel not specified",
            "memory controller: memory read, channel not specified",
        ),
        (
            0x00c3,
            "memory controller, memory scrubbing error, channel 3",
            "memory controller: memory scrubbing, channel 3",
        ),
        (0x0134, "level 0 data cache, data read error", "cache hierarchy: data read, data, level 0"),
        (0x017a, "level 2 generic cache, eviction error", "cache hierarchy: eviction, generic, level 2"),
        (
            0x02a1,
            "extended memory, memory write error, channel 1",
            "extended memory: memory write, channel 1",
        ),
        (
            0x0e0f,
            "bus or interconnect, generic error, other access, generic participation, generic level",
            "bus or interconnect: generic participation, no time-out, generic, other, generic level",
        ),
        (
            0x0939,
            "bus or interconnect, data read error, I/O access, source, level 1, timed out",
            "bus or interconnect: source, timed out, data read, I/O, level 1",
        ),
        (0x0040, "unknown error code 0x0040", "unknown"),
    ];
    for (code, phrase, fields) in cases {
        let kind = ErrorCode::new(code).kind();
        assert_eq!(kind.to_string(), phrase);
        assert_eq!(format!("{kind:#}"), fields);
    }
    let kind = ErrorCode::new(0x0600).amd_kind();
    assert_eq!(kind.to_string(), "internal error, hardware assertion");
    assert_eq!(format!("{kind:#}"), "internal unclassified: hardware assertion");
}

#[test]
fn fields_have_the_manuals_names() {
    let names = |values: std::ops::Range<u8>, name: fn(u8) -> Option<&'static str>| -> Vec<_> {
        values.map(name).collect()
    };
    assert_eq!(
        names(0..5, |v| Level::new(v).name()),
        [Some("level 0"), Some("level 1"), Some("level 2"), Some("generic level"), None]
    );
    assert_eq!(
        names(0..4, |v| Transaction::new(v).name()),
        [Some("instruction"), Some("data"), Some("generic"), None]
    );
    assert_eq!(
        names(0..10, |v| Request::new(v).name()),
        [
            Some("generic"),
            Some("read"),
            Some("write"),
            Some("data read"),
            Some("data write"),
            Some("instruction fetch"),
            Some("prefetch"),
            Some("eviction"),
            Some("snoop"),
            None
        ]
    );
    assert_eq!(
        names(0..6, |v| MemoryOperation::new(v).name()),
        [
            Some("generic"),
            Some("memory read"),
            Some("memory write"),
            Some("address/command"),
            Some("memory scrubbing"),
            None
        ]
    );
    assert_eq!(
        names(0..5, |v| Participation::new(v).name()),
        [Some("source"), Some("responder"), Some("observer"), Some("generic participation"), None]
    );
    assert_eq!(
        names(0..5, |v| Target::new(v).name()),
        [Some("memory"), None, Some("I/O"), Some("other"), None]
    );
    assert_eq!(names(0..4, |v| InternalError::new(v).name()), [None, None, Some("hardware assertion"), None]);
    assert_eq!(
        (Channel::new(0).number(), Channel::new(14).number(), Channel::new(15).number()),
        (Some(0), Some(14), None)
    );
    assert_eq!(format!("{:?} {:?}", Level::L1, Level::new(9)), "Level(1: level 1) Level(9)");
    assert_eq!(format!("{} {:>8}|", Level::new(9), Transaction::DATA), "reserved (9)     data|");
    assert_eq!((u8::from(Level::L2), Level::from(2)), (2, Level::L2));
}

#[test]
fn the_code_itself() {
    assert_eq!(ErrorCode::new(0x0135).to_string(), "0x0135");
    assert_eq!(format!("{:?}", ErrorCode::new(0xffff)), "ErrorCode(0xffff)");
    assert_eq!((u16::from(ErrorCode::new(7)), ErrorCode::from(7)), (7, ErrorCode::new(7)));
}
