//! Records as pstore keeps them in ERST: one section after a header and a descriptor of 200 bytes, and what it holds.
//!
//! Three writers use this form (all under one creator id, so only the section type tells them apart): pstore's
//! kernel logs (Linux 6.12 drivers/acpi/apei/erst.c, `erst_writer`), machine checks at panic time
//! (arch/x86/kernel/cpu/mce/apei.c, `apei_write_mce`), and the series "Use ERST for persistent storage of MCE and
//! APEI errors" (linux-edac, September 2023), which adds CPER sections.
//!
//! | offset | field | kernel log | machine check | section of the series |
//! |---|---|---|---|---|
//! | 12 | severity | fatal | fatal, even if corrected | fatal, whatever happened |
//! | 16 | validation bits | timestamp | 0 | 0 |
//! | 24 | timestamp | seconds since 1970, no BCD | 0 | 0 |
//! | 64 | creator | Linux pstore | the same | the same |
//! | 80 | notification type | MCE | MCE | MCE, whatever it was |
//! | 128 | section offset | 200 | 200; any number in the series | any number |
//! | 132 | section length | record length - 200 | the same | the same |
//! | 144 | section type | log, or compressed log | machine check | the section's |
//! | 160, 176, 180 | unit, severity, unit's name | 0, fatal, 0 | 0, fatal, 0 | 0, the section's, 0: lost |
//! | 200 | body | text or stream | `struct mce` | the section |
//!
//! (A pointer was subtracted from the wrong one in the series: the offset is the distance of a heap block from the
//! stack. No reader of this form looks at it.) Linux's memory poison manager (drivers/ras/amd/fmpm.c) keeps its own
//! records with a creator of its own, but with a descriptor that begins where it should end: it is read here too.

use core::fmt;

use cper::fields::{Describe, Value, Visitor};
use cper::section::Body;
use cper::{CreatorId, Record, RecordHeader, SectionDescriptor, SectionTypeId, Severity};
use mce_record::Mce;
use zerocopy::FromBytes;

use crate::error::Error;
use crate::ids::RecordId;
use crate::names::FileName;

/// What a stored record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// A part of a kernel log: [`dmesg::Header`](crate::dmesg::Header) reads it.
    Dmesg(&'a [u8]),
    /// A compressed part: [`Inflater`](crate::inflate::Inflater) gives the text.
    CompressedDmesg(&'a [u8]),
    /// A machine check, as `struct mce`: 88 to 128 bytes, by the kernel that wrote it.
    Mce(&'a [u8]),
    /// A CPER section in pstore's form, and its type: [`StoredRecord::section_body`] decodes it.
    Section(SectionTypeId, &'a [u8]),
    /// A record of several sections or by another creator: [`StoredRecord::record`] reads it like any other.
    Record,
    /// A file of another kind: the console, user space's messages, a function trace, or one that Linux calls unknown.
    Other(&'a [u8]),
}

impl<'a> Payload<'a> {
    /// What a file in `/sys/fs/pstore` holds, by its name: there is no header in such a file.
    ///
    /// ```
    /// use pstore_format::names::FileName;
    /// use pstore_format::record::Payload;
    ///
    /// let name = FileName::parse("dmesg-erst-7710893088750698498").ok_or("no pstore file")?;
    /// let text = b"Panic#1 Part1\n<0>[    2.203827] Kernel Offset: disabled\n";
    /// assert_eq!(Payload::of_file(&name, text), Payload::Dmesg(text));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn of_file(name: &FileName<'_>, bytes: &'a [u8]) -> Self {
        name.section_type().map_or(Self::Other(bytes), |section_type| Self::of_section(section_type, bytes))
    }

    /// What a section of this type holds.
    pub fn of_section(section_type: SectionTypeId, body: &'a [u8]) -> Self {
        match section_type {
            SectionTypeId::LINUX_DMESG => Self::Dmesg(body),
            SectionTypeId::LINUX_DMESG_COMPRESSED => Self::CompressedDmesg(body),
            SectionTypeId::LINUX_MCE => Self::Mce(body),
            _ => Self::Section(section_type, body),
        }
    }
}

/// A record out of ERST, and what pstore or a relative of it put there.
///
/// ```
/// use pstore_format::record::{Payload, StoredRecord};
///
/// # let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mce-intel.01-6b02986900000001.cper"))?;
/// let record = StoredRecord::parse(&bytes)?;
/// match record.payload() {
///     Payload::Mce(mce) => println!("a machine check, {} bytes", mce.len()),
///     Payload::Dmesg(text) => println!("{}", text.escape_ascii()),
///     other => println!("{other:?}"),
/// }
/// assert_eq!(record.file_name().ok_or("not pstore's")?.to_string(), "mce-erst-7710893088750698497");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StoredRecord<'a> {
    record: Record<'a>,
    /// The descriptor of the one section, of records in pstore's form.
    descriptor: Option<&'a SectionDescriptor>,
}

/// [`StoredRecord::parse`].
impl<'a> TryFrom<&'a [u8]> for StoredRecord<'a> {
    type Error = Error;

    fn try_from(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse(bytes)
    }
}

impl<'a> StoredRecord<'a> {
    /// Where the body of a record in pstore's form begins: after the header and one descriptor.
    pub const BODY_OFFSET: usize = RecordHeader::SIZE + SectionDescriptor::SIZE;

    /// The record at the start of `bytes`; what lies after its end is left out.
    ///
    /// Of records in pstore's form the section offset is not believed: their body begins at [`Self::BODY_OFFSET`]. The section
    /// length is, if there are as many bytes, as a kernel may leave slack after it.
    ///
    /// # Errors
    ///
    /// When it is no CPER record at all, or claims to be pstore's and is shorter than 200 bytes. A record that was cut
    /// short after that is read as far as it goes: [`Record::missing`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let record = Record::parse(bytes)?;
        let (creator, sections) = (record.header().creator_id(), record.header().section_count());
        if !(creator == CreatorId::LINUX_PSTORE || creator == CreatorId::LINUX_FMPM) || sections > 1 {
            return Ok(Self { record, descriptor: None });
        }
        let after_header = record.as_bytes().get(RecordHeader::SIZE..).unwrap_or_default();
        match SectionDescriptor::ref_from_prefix(after_header) {
            Ok((descriptor, _)) => Ok(Self { record, descriptor: Some(descriptor) }),
            Err(_) => Err(Error::too_short("pstore record", Self::BODY_OFFSET, record.as_bytes().len())),
        }
    }

    /// The record as any CPER record. Its sections are where its descriptors say, right or wrong.
    pub const fn record(&self) -> Record<'a> {
        self.record
    }

    /// The descriptor of the one section, if the record is in pstore's form.
    pub const fn descriptor(&self) -> Option<&'a SectionDescriptor> {
        self.descriptor
    }

    /// The record's id.
    pub const fn id(&self) -> RecordId {
        RecordId::new(self.record.record_id())
    }

    /// The body after the descriptor; empty if the record is not in pstore's form.
    pub fn body(&self) -> &'a [u8] {
        let Some(descriptor) = self.descriptor else { return &[] };
        let (claimed, all) = (descriptor.section_length() as usize, self.file_content());
        // The memory poison manager counts the descriptor with its body, so all of it is more than there is.
        all.get(..claimed).filter(|body| !body.is_empty()).unwrap_or(all)
    }

    /// What the record holds.
    pub fn payload(&self) -> Payload<'a> {
        let Some(descriptor) = self.descriptor else { return Payload::Record };
        Payload::of_section(descriptor.section_type(), self.body())
    }

    /// The body of a [`Payload::Section`], decoded; `None` for any other payload.
    ///
    /// # Errors
    ///
    /// When the type is known and the bytes do not hold it; the offset counts from the start of the record.
    pub fn section_body(&self) -> Option<Result<Body<'a>, cper::Error>> {
        let Payload::Section(section_type, body) = self.payload() else { return None };
        Some(Body::decode(section_type, body).map_err(|error| error.at(Self::BODY_OFFSET)))
    }

    /// How bad the error is, as far as the record says: the section's severity, which is the error's own where
    /// Linux has set the record's to fatal. A machine check's is in its status register.
    pub fn severity(&self) -> Severity {
        self.descriptor.map_or(self.record.severity(), SectionDescriptor::severity)
    }

    /// When it was written, in seconds since 1970. The header's time: Linux's seconds as they are, others in whichever
    /// encoding (taken as UTC); else a machine check's own.
    pub fn time(&self) -> Option<u64> {
        let header = self.record.header();
        // Seconds after the year 9999 are no calendar time, but Linux wrote them.
        let stored = || header.timestamp().and_then(|timestamp| timestamp.linux_seconds());
        let linux = (header.creator_id() == CreatorId::LINUX_PSTORE).then(stored).flatten();
        let calendar = || u64::try_from(header.time()?.calendar.unix_seconds()).ok();
        linux.or_else(calendar).or_else(|| match self.payload() {
            Payload::Mce(mce) => mce_time(mce),
            _ => None,
        })
    }

    /// The name Linux gives the record's file, had it been able to decompress it; `None` when it shows none.
    pub fn file_name(&self) -> Option<FileName<'static>> {
        if self.record.header().creator_id() != CreatorId::LINUX_PSTORE || !self.id().is_valid() {
            return None;
        }
        let section_type = self.record.descriptors().first()?.section_type();
        let kind = if section_type == SectionTypeId::LINUX_DMESG
            || section_type == SectionTypeId::LINUX_DMESG_COMPRESSED
        {
            "dmesg"
        } else if section_type == SectionTypeId::LINUX_MCE {
            "mce"
        } else {
            "unknown"
        };
        Some(FileName { kind, backend: "erst", id: Some(self.id()), compressed: false })
    }

    /// What Linux shows in that file, before decompressing it: everything after the first 200 bytes, whatever the
    /// descriptors say.
    pub fn file_content(&self) -> &'a [u8] {
        self.record.as_bytes().get(Self::BODY_OFFSET..).unwrap_or_default()
    }
}

/// The wall clock in a `struct mce`, in seconds since 1970.
#[inline]
pub(crate) fn mce_time(mce: &[u8]) -> Option<u64> {
    let bytes = mce.get(Mce::TIME_OFFSET..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes)).filter(|&seconds| seconds != 0)
}

impl Describe for StoredRecord<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let Some(descriptor) = self.descriptor else { return self.record.describe(out) };
        self.record.header().describe(out)?;
        if self.record.missing() != 0 {
            out.field("missing_bytes", Value::length(self.record.missing()))?;
        }
        descriptor.describe(out)?;
        match self.section_body() {
            Some(Ok(body)) => out.field("body", Value::Group(&body)),
            Some(Err(error)) => {
                error.describe(out)?;
                out.field("body", Value::Group(&self.body()))
            }
            None => out.field("body", Value::Group(&self.body())),
        }
    }
}

impl fmt::Display for StoredRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        cper::fields::Fields(self).fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for StoredRecord<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        cper::fields::Fields(self).serialize(serializer)
    }
}
