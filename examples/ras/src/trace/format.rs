//! The format files of the trace file system (`events/`): the layouts of the events and of the ring buffer's pages.

use std::ops::Range;

use super::{EVENTS, Said, Values};

/// The layout of an event.
#[derive(Clone, Debug)]
pub struct Format {
    /// The event's name.
    pub name: &'static str,
    /// The number at its start.
    pub id: u16,
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    name: String,
    place: Range<usize>,
    signed: bool,
    /// Whether the field is a reference to the bytes: `__data_loc` counts from the event's start, `__rel_loc` from the
    /// field's end.
    dynamic: Option<Dynamic>,
    is_text: bool,
    is_array: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dynamic {
    FromEvent,
    FromField,
}

/// The layout of a page of the ring buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Place of its time.
    pub timestamp: Range<usize>,
    /// Place of its length.
    pub commit: Range<usize>,
    /// Place of its events.
    pub data: Range<usize>,
}

/// The largest page that is accepted: since Linux 6.8 a ring buffer's page can be larger than the machine's.
const PAGE_MAX: usize = 1 << 20;

/// More fields than any event has.
const FIELDS_MAX: usize = 64;

impl Page {
    /// The page that a `header_page` file describes.
    ///
    /// # Errors
    /// What is missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<Field> = text.lines().filter_map(Field::parse).collect();
        let place = |name: &str| {
            let field = fields.iter().find(|field| field.name == name);
            field.map(|field| field.place.clone()).ok_or_else(|| format!("no field {name}"))
        };
        let page = Self { timestamp: place("timestamp")?, commit: place("commit")?, data: place("data")? };
        if page.data.end > PAGE_MAX
            || page.data.is_empty()
            || page.timestamp.len() > 8
            || page.commit.len() > 8
        {
            return Err(format!("a page of {} bytes", page.data.end));
        }
        Ok(page)
    }

    /// Its length.
    pub const fn size(&self) -> usize {
        self.data.end
    }
}

impl Format {
    /// The event that a `format` file describes.
    ///
    /// # Errors
    /// Why it describes none that is read here.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.map(str::trim).ok_or_else(|| format!("no line {name}"))
        };
        let name = value("name:")?;
        let known = EVENTS.iter().map(|(_, known)| *known).find(|known| *known == name);
        let id = value("ID:")?;
        Ok(Self {
            name: known.ok_or_else(|| format!("event {name}"))?,
            id: id.parse().map_err(|_| format!("ID {id}"))?,
            fields: text.lines().filter_map(Field::parse).take(FIELDS_MAX).collect(),
        })
    }

    /// The fields of an event, the common ones left out.
    ///
    /// # Errors
    /// The field that does not lie in the event.
    pub fn values(&self, event: &[u8]) -> Result<Values, String> {
        let mut values = Values::default();
        for field in self.fields.iter().filter(|field| !field.name.starts_with("common_")) {
            let outside =
                || format!("field {} does not lie in the {} bytes of the event", field.name, event.len());
            let bytes = event.get(field.place.clone()).ok_or_else(outside)?;
            let said = match field.dynamic {
                Some(dynamic) => {
                    let reference = number(bytes);
                    let (start, length) =
                        ((reference & 0xffff) as usize, (reference >> 16 & 0xffff) as usize);
                    let start = match dynamic {
                        Dynamic::FromEvent => start,
                        Dynamic::FromField => start + field.place.end,
                    };
                    let bytes = event.get(start..start + length).ok_or_else(outside)?;
                    field.array(bytes)
                }
                None if field.is_array || !matches!(bytes.len(), 1 | 2 | 4 | 8) => field.array(bytes),
                None if bytes.len() == 8 => Said::Wide(number(bytes)),
                None if field.signed && !super::is_wide(&field.name) => {
                    let unused = 64 - 8 * bytes.len() as u32;
                    Said::Signed(i64::from_le_bytes((number(bytes) << unused).to_le_bytes()) >> unused)
                }
                None => Said::Number(number(bytes)),
            };
            values.add(&field.name, said);
        }
        values.name_arrays();
        Ok(values)
    }
}

impl Field {
    /// A line such as `field:__data_loc char[] msg; offset:12; size:4; signed:1;`, with tabs between its parts.
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.trim().strip_prefix("field:")?.split(';').map(str::trim);
        let declaration = parts.next()?;
        let (mut offset, mut size, mut signed) = (None, None, false);
        for part in parts {
            match part.split_once(':') {
                Some(("offset", number)) => offset = number.parse::<u16>().ok(),
                Some(("size", number)) => size = number.parse::<u32>().ok(),
                Some(("signed", number)) => signed = number == "1",
                _ => {}
            }
        }
        let (kind, name) = declaration.rsplit_once(' ')?;
        let (kind, dynamic) = match kind.split_once(' ') {
            Some(("__data_loc", kind)) => (kind, Some(Dynamic::FromEvent)),
            Some(("__rel_loc", kind)) => (kind, Some(Dynamic::FromField)),
            _ => (kind, None),
        };
        let (offset, size) = (usize::from(offset?), usize::try_from(size?).ok()?);
        Some(Self {
            name: name.split('[').next()?.to_owned(),
            place: offset..offset.checked_add(size)?,
            signed,
            dynamic,
            is_text: kind.starts_with("char") && dynamic.is_some(),
            is_array: name.contains('['),
        })
    }

    fn array(&self, bytes: &[u8]) -> Said {
        if self.is_text {
            Said::Text(bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_vec())
        } else {
            Said::Bytes(bytes.to_vec())
        }
    }
}

/// A number of up to 8 bytes.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Values {
    /// Gives the arrays of an Arm event Linux's names: some vendors' kernels had the arrays before Linux, under other
    /// names.
    fn name_arrays(&mut self) {
        if !self.0.iter().any(|(name, _)| name == "pei_len") {
            return;
        }
        for (name, _) in &mut self.0 {
            let known = match name.as_str() {
                "buf" => "pei_buf",
                "buf1" => "ctx_buf",
                "buf2" => "oem_buf",
                _ => continue,
            };
            known.clone_into(name);
        }
    }
}
