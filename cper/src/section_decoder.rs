//! Text and JSON of sections that other crates decode, inside the records and status blocks that hold them.

use core::fmt;

use crate::fields::{Describe, Fields, Value, Visitor};
use crate::kind::Decode;
use crate::{Error, SectionTypeId};

/// How a section type of another crate is described inside a record or a status block.
///
/// The library knows the bodies of [`Body`](crate::section::Body). For a type of your own, its text and JSON are those of
/// your view ([`Describe`]), once the record is shown with the decoder:
///
/// ```
/// use core::fmt;
/// use cper::fields::{Describe, Value, Visitor};
/// use cper::section::{Decode, FixedSection, FixedView, SectionType};
/// use cper::{Error, NotificationType, Record, RecordHeader, RecordWriter, SectionTypeId};
/// use cper::{SectionDecoder, SectionDescriptor, Severity, zerocopy};
/// use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned, little_endian::U32};
///
/// #[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
/// #[zerocopy(crate = "cper::zerocopy")]
/// #[repr(C)]
/// struct FanError {
///     fan: U32,
///     rpm: U32,
/// }
///
/// impl SectionType for FanError {
///     const TYPE: SectionTypeId = SectionTypeId::parse_const("2f1b3c58-0f0e-4a3c-9d68-6a1b6e0d7a11");
///     const NAME: &'static str = "fan error";
/// }
/// impl FixedSection for FanError {}
/// impl Decode for FanError {
///     type View<'a> = FixedView<'a, Self>;
///
///     fn decode(body: &[u8]) -> Result<FixedView<'_, Self>, Error> {
///         FixedView::new(body)
///     }
/// }
/// impl Describe for FanError {
///     fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
///         out.field("fan", Value::number(self.fan.get()))?;
///         out.field("rpm", Value::number(self.rpm.get()))
///     }
/// }
///
/// const DECODERS: &[SectionDecoder] = &[SectionDecoder::of::<FanError>()];
///
/// # let mut buffer = [0; 512];
/// let mut writer = RecordWriter::new(&mut buffer, &RecordHeader::fatal(NotificationType::MCE))?;
/// writer.section(&SectionDescriptor::primary(Severity::FATAL), &FanError { fan: 3.into(), rpm: 0.into() })?;
/// let record = Record::parse(writer.finish()?)?;
///
/// let text = record.with_decoders(DECODERS).to_string(); // `Serialize` too, with the feature `serde`
/// assert!(text.contains("fan                     3\n"));
/// # Ok::<(), cper::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct SectionDecoder {
    name: &'static str,
    is_type: fn(SectionTypeId) -> bool,
    describe: DescribeBody,
}

/// Decodes a body and passes on its fields, or why it could not be decoded.
type DescribeBody = fn(&[u8], &mut dyn FnMut(Result<&dyn Describe, Error>) -> fmt::Result) -> fmt::Result;

impl SectionDecoder {
    /// The decoder of a section type among these.
    fn among(decoders: &[Self], section_type: SectionTypeId) -> Option<&Self> {
        decoders.iter().find(|decoder| (decoder.is_type)(section_type))
    }

    /// The decoder of a section type whose view describes its fields.
    pub const fn of<T: Decode>() -> Self
    where
        for<'a> T::View<'a>: Describe,
    {
        Self { name: T::NAME, is_type: T::is_type, describe: describe_as::<T> }
    }

    /// The name of the section type.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Describes a body as the field `body`: its fields, or an error and its bytes. `locate` turns an error of the body
    /// into one of what holds it.
    pub(crate) fn describe(
        &self,
        bytes: &[u8],
        locate: impl Fn(Error) -> Error,
        out: &mut dyn Visitor,
    ) -> fmt::Result {
        (self.describe)(bytes, &mut |body| describe_body(body.map_err(&locate), bytes, out))
    }
}

impl fmt::Debug for SectionDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SectionDecoder").field(&self.name).finish()
    }
}

fn describe_as<T: Decode>(
    bytes: &[u8],
    show: &mut dyn FnMut(Result<&dyn Describe, Error>) -> fmt::Result,
) -> fmt::Result
where
    for<'a> T::View<'a>: Describe,
{
    match T::decode(bytes) {
        Ok(view) => show(Ok(&view)),
        Err(error) => show(Err(error)),
    }
}

/// Describes a body as the field `body`: its fields, or an error and its bytes.
pub(crate) fn describe_body(
    body: Result<&dyn Describe, Error>,
    bytes: &[u8],
    out: &mut dyn Visitor,
) -> fmt::Result {
    match body {
        Ok(fields) => out.field("body", Value::Group(fields)),
        Err(error) => {
            error.describe(out)?;
            out.field("body", Value::Group(&bytes))
        }
    }
}

/// A record, a section, a status block or an entry of one, shown with the decoders of other crates' sections.
///
/// Made by `with_decoders` of each of them. It has text (`Display`) and, with the feature `serde`, `Serialize`. A decoder
/// that stands first is asked first, and all of them before the library's own.
#[derive(Clone, Copy, Debug)]
pub struct WithDecoders<'d, T> {
    shown: T,
    decoders: &'d [SectionDecoder],
}

impl<'d, T: Copy> WithDecoders<'d, T> {
    pub(crate) const fn new(shown: T, decoders: &'d [SectionDecoder]) -> Self {
        Self { shown, decoders }
    }

    /// What is shown.
    pub(crate) const fn shown(&self) -> T {
        self.shown
    }

    pub(crate) const fn decoders(&self) -> &'d [SectionDecoder] {
        self.decoders
    }

    /// The decoder of a section type.
    pub(crate) fn decoder(&self, section_type: SectionTypeId) -> Option<&'d SectionDecoder> {
        SectionDecoder::among(self.decoders, section_type)
    }
}

impl<T> fmt::Display for WithDecoders<'_, T>
where
    Self: Describe,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Fields(self), f)
    }
}

#[cfg(feature = "serde")]
impl<T> serde::Serialize for WithDecoders<'_, T>
where
    Self: Describe,
{
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Fields(self).serialize(serializer)
    }
}
