//! Section types of a vendor, one of fixed and one of variable length: written into a record beside one of the
//! specification's, read again, and shown as text and JSON inside the whole record.

use std::error::Error;
use std::path::Path;
use std::{env, fmt, fs};

use cper::fields::{Describe, Groups, Value, Visitor};
use cper::section::{Decode, Encode, FixedSection, FixedView, MemoryError, SectionType, View};
use cper::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, little_endian::U32};
use cper::{
    Error as CperError, NotificationType, Record, RecordHeader, RecordWriter, SectionDecoder,
    SectionDescriptor, SectionTypeId, Severity, StatusBlock,
};

/// A section of fixed length: it is its structure.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[zerocopy(crate = "cper::zerocopy")]
#[repr(C)]
struct FanError {
    fan: U32,
    rpm: U32,
}

impl SectionType for FanError {
    const TYPE: SectionTypeId = SectionTypeId::parse_const("2f1b3c58-0f0e-4a3c-9d68-6a1b6e0d7a11");
    const NAME: &'static str = "fan error";
}

impl FixedSection for FanError {}

impl Decode for FanError {
    type View<'a> = FixedView<'a, Self>;

    fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, CperError> {
        FixedView::new(body)
    }
}

impl Describe for FanError {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("fan", Value::number(self.fan.get()))?;
        out.field("rpm", Value::number(self.rpm.get()))
    }
}

/// A section of variable length: a count, and as many samples. It is its own view.
#[derive(Clone, Copy, Debug)]
struct FanLog<'a> {
    bytes: &'a [u8],
    samples: &'a [FanError],
    trailing: &'a [u8],
}

impl SectionType for FanLog<'_> {
    const TYPE: SectionTypeId = SectionTypeId::parse_const("2f1b3c58-0f0e-4a3c-9d68-6a1b6e0d7a12");
    const NAME: &'static str = "fan log";
}

impl Decode for FanLog<'_> {
    type View<'a> = FanLog<'a>;

    fn decode(bytes: &[u8]) -> Result<FanLog<'_>, CperError> {
        let short = |needed| CperError::too_short(Self::NAME, needed, bytes.len());
        let (count, rest) = U32::ref_from_prefix(bytes).map_err(|_| short(4))?;
        let count = count.get() as usize;
        match <[FanError]>::ref_from_prefix_with_elems(rest, count) {
            Ok((samples, trailing)) => Ok(FanLog { bytes, samples, trailing }),
            Err(_) => Err(short(count.saturating_mul(size_of::<FanError>()).saturating_add(4))),
        }
    }
}

impl<'a> View<'a> for FanLog<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        self.trailing
    }
}

impl Describe for FanLog<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("samples", Value::List(&Groups(self.samples.iter().copied())))?;
        if self.trailing.is_empty() { Ok(()) } else { out.field("trailing", Value::Bytes(self.trailing)) }
    }
}

/// What a log is written from.
struct NewFanLog<'a>(&'a [FanError]);

impl SectionType for NewFanLog<'_> {
    const TYPE: SectionTypeId = FanLog::TYPE;
    const NAME: &'static str = FanLog::NAME;
}

impl Encode for NewFanLog<'_> {
    fn encoded_len(&self) -> usize {
        4 + size_of_val(self.0)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let (count, samples) = U32::mut_from_prefix(out).ok()?;
        count.set(u32::try_from(self.0.len()).ok()?);
        self.0.write_to(samples).ok()
    }
}

/// The type of a section that a kernel was given and could not name.
#[derive(Clone, Copy, Debug)]
struct Counting;

impl SectionType for Counting {
    const TYPE: SectionTypeId = SectionTypeId::parse_const("12345678-9abc-def0-1122-334455667788");
    const NAME: &'static str = "counting";
}

impl Decode for Counting {
    type View<'a> = &'a [u8];

    fn decode(body: &[u8]) -> Result<&[u8], CperError> {
        Ok(body)
    }
}

const DECODERS: &[SectionDecoder] =
    &[SectionDecoder::of::<FanError>(), SectionDecoder::of::<FanLog>(), SectionDecoder::of::<Counting>()];

fn main() -> Result<(), Box<dyn Error>> {
    let data = env::args_os().nth(1).ok_or("usage: vendor-section FOLDER")?;
    let slow = FanError { fan: 3.into(), rpm: 20.into() };
    let stopped = FanError { rpm: 0.into(), ..slow };

    let mut buffer = [0; 1024];
    let descriptor = SectionDescriptor::new(Severity::FATAL);
    let mut writer = RecordWriter::for_sections(&mut buffer, &RecordHeader::fatal(NotificationType::MCE), 3)?;
    writer.section(&descriptor, &MemoryError::new().with_node(1))?;
    writer.section(&descriptor, &stopped)?;
    writer.section(&descriptor, &NewFanLog(&[slow, stopped]))?;
    let record = Record::parse(writer.finish()?)?;

    let fans: Vec<FanError> = record
        .sections()
        .flatten()
        .filter_map(|section| section.decode::<FanError>())
        .map(|view| view.map(|view| *view.structure()))
        .collect::<Result<_, _>>()?;
    assert_eq!(fans, [stopped]);

    let shown = record.with_decoders(DECODERS);
    let text = shown.to_string();
    assert!(text.contains("\n      rpm                     0\n"), "{text}");
    let json = serde_json::to_value(shown)?;
    assert_eq!(json["sections"][0]["body"]["node"], 1);
    assert_eq!(json["sections"][1]["body"], serde_json::json!({"fan": 3, "rpm": 0}));
    assert_eq!(json["sections"][2]["body"]["samples"][0], serde_json::json!({"fan": 3, "rpm": 20}));

    // A log that claims more samples than it has is an error in its place, and its bytes are shown.
    let mut buffer = [0; 1024];
    let mut writer = RecordWriter::new(&mut buffer, &RecordHeader::fatal(NotificationType::MCE))?;
    writer.section_bytes(FanLog::TYPE.into(), &descriptor, &[2, 0, 0, 0, 3, 0, 0, 0])?;
    let record = Record::parse(writer.finish()?)?;
    let json = serde_json::to_value(record.with_decoders(DECODERS))?;
    assert_eq!(json["sections"][0]["error"]["message"], "fan log needs 20 bytes, 8 available");
    assert_eq!(json["sections"][0]["body"]["bytes"], "0200000003000000");

    // A status block is shown in the same way.
    let bytes = fs::read(Path::new(&data).join("gesb/unknown.gesb"))?;
    let block = StatusBlock::parse(&bytes)?;
    let entry = block.entries().next().ok_or("no entry")??;
    assert_eq!(entry.decode::<Counting>().ok_or("another type")??.len(), 64);
    let json = serde_json::to_value(block.with_decoders(DECODERS))?;
    assert!(json["entries"][0]["body"]["bytes"].as_str().is_some_and(|bytes| bytes.starts_with("00010203")));
    println!("{text}");
    Ok(())
}
