//! The identity of an event: its record's creator, its record's id, and a digest of its content.
//!
//! The content is the part that is the same wherever the record is stored. Of a kernel log it is the text, so that a
//! compressed record in ERST, the kernel's file of it and systemd's copy of that file are one event. Of a record that
//! Linux keeps in ERST it is the body, which is all that pstore's file has. Of any other record it is all bytes but the
//! eight that the platform may change (UEFI 2.11 table N.1, persistence information). Of a status block it is all bytes
//! but the block status, which the kernel clears once it has read the block.
//!
//! A kernel log whose parts are records of their own is one event. Its key is that of its newest part, which has the
//! log's end and so belongs to no other log. An output keeps the keys of the other parts too, so that it recognises
//! each part again, alone or with others.
//!
//! A status block has no creator and no id, and often no time: two boots that end with the same error leave equal
//! blocks. So the key of a block without a time, where firmware left it, has the boot in place of the creator. Firmware
//! that leaves a block for good has it reported once each boot: an event is reported twice rather than lost. A block
//! with a time has the same key in every boot.
//!
//! Equal events without an id in one file are as many events, of an error that happened as often: the second has the
//! first one's digest plus 1, and so on. So the file's keys are the same whenever it is read, and two files of one
//! event have one key. Equal records with an id are one record.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use cper::{CreatorId, Guid};
use pstore_format::RecordId;
use pstore_format::ramoops::EccReport;
use sha2::{Digest, Sha256};

use crate::found::{Found, Part, What};

/// The key of an event. Its text, `CREATOR-ID-DIGEST`, is stable: it names files of the archive and is what sinks keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Who created the record, or the boot that it is of; all zero where nothing says so.
    pub creator: Guid,
    /// The record's id; 0 where it has none.
    pub id: RecordId,
    /// The first 128 bits of SHA-256 over creator, id and content, plus the number of equal events before it.
    pub digest: u128,
}

/// Bytes of the persistence information in a record's header.
const PERSISTENCE: std::ops::Range<usize> = 108..116;

/// Bytes of the block status in a status block.
const BLOCK_STATUS: std::ops::Range<usize> = 0..4;

impl Key {
    /// The key of something found. `boot` is the boot that firmware left it for, all zero where that is not known.
    /// `None` for what is no event: an ERST table, or a bad part of something that is found too.
    pub fn of(found: &Found<'_>, boot: Guid) -> Option<Self> {
        let raw = found.raw;
        let linux = CreatorId::LINUX_PSTORE.raw();
        Some(match &found.what {
            What::Record(stored) => {
                let creator = stored.record().header().creator_id().raw();
                match stored.descriptor() {
                    Some(_) => Self::digest(creator, stored.id(), &[stored.body()]),
                    None => Self::digest(creator, stored.id(), &without(raw, PERSISTENCE)),
                }
            }
            What::Part(part) => Self::of_part(part),
            What::Log(log) => Self::of_part(log.parts().next_back()?),
            What::Body(_, body, Some(id)) | What::Unknown(body, Some(id), _) => {
                Self::digest(linux, *id, &[body])
            }
            What::Block(block) => {
                let has_time = block
                    .entries()
                    .flatten()
                    .any(|entry| entry.header().timestamp().is_some_and(|time| time.calendar().is_some()));
                let boot = if has_time { Guid::ZERO } else { boot };
                Self::digest(boot, RecordId::new(0), &without(raw, BLOCK_STATUS))
            }
            What::Section(..) | What::Body(_, _, None) | What::Unknown(_, None, _) => {
                Self::digest(Guid::ZERO, RecordId::new(0), &[raw])
            }
            What::Bad(_) if !raw.is_empty() => Self::digest(Guid::ZERO, RecordId::new(0), &[raw]),
            What::Table(_) | What::Bad(_) => return None,
        })
    }

    fn of_part(part: &Part<'_>) -> Self {
        let creator = match &part.record {
            Some(stored) => stored.record().header().creator_id(),
            None => CreatorId::LINUX_PSTORE,
        };
        let id = part.id.unwrap_or(RecordId::new(0));
        match part.text() {
            // The line that ramoops appends to a file describes the memory, not the log.
            (text, None) if part.record.is_none() => {
                Self::digest(creator.raw(), id, &[EccReport::split(text).0])
            }
            (text, None) => Self::digest(creator.raw(), id, &[text]),
            (_, Some(_)) => Self::digest(creator.raw(), id, &[part.stored]),
        }
    }

    fn digest(creator: Guid, id: RecordId, content: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new_with_prefix(creator.bytes());
        hasher.update(id.raw().to_le_bytes());
        for piece in content {
            hasher.update(piece);
        }
        let digest: [u8; 32] = hasher.finalize().into();
        let (front, _) = digest.split_at(16);
        let digest = front.iter().fold(0, |number, byte| number << 8 | u128::from(*byte));
        Self { creator, id, digest }
    }
}

/// The most equal events that a key in an archived file's name is believed.
const MOST_EQUAL: u128 = 1 << 32;

/// The keys of what is in one file, in order.
#[derive(Debug, Default)]
pub struct Keys {
    boot: Guid,
    /// The key in the file's name, of an archived record.
    archived: Option<Key>,
    /// Digests that were met, and how often.
    met: HashMap<u128, u128>,
}

impl Keys {
    /// Those of a file with this key in its name. `boot` is as for [`Key::of`].
    pub fn new(boot: Guid, archived: Option<Key>) -> Self {
        Self { boot, archived, met: HashMap::new() }
    }

    /// The key of what is found next in the file.
    pub fn of(&mut self, found: &Found<'_>) -> Option<Key> {
        let key = Key::of(found, self.boot)?;
        // The first line of a log's part has its number: equal parts are one part.
        if key.id.raw() != 0 || matches!(found.what, What::Part(_)) {
            return Some(key);
        }
        let plus = |number| Key { digest: key.digest.wrapping_add(number), ..key };
        let number = self.archived.map_or(0, |archived| archived.digest.wrapping_sub(key.digest));
        if number < MOST_EQUAL && self.archived == Some(plus(number)) {
            return self.archived;
        }
        let met = self.met.entry(key.digest).or_default();
        *met += 1;
        Some(plus(*met - 1))
    }
}

/// The bytes without those of a field.
fn without(bytes: &[u8], field: std::ops::Range<usize>) -> [&[u8]; 2] {
    [&bytes[..field.start.min(bytes.len())], bytes.get(field.end..).unwrap_or_default()]
}

impl Key {
    /// Bytes of a key's text.
    pub const TEXT: usize = 36 + 1 + 16 + 1 + 32;

    /// Splits the name of a file in an archive: its key, and what follows the dot.
    pub fn split_name(name: &str) -> Option<(Self, &str)> {
        let (key, rest) = name.split_at_checked(Self::TEXT)?;
        Some((key.parse().ok()?, rest.strip_prefix('.')?))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}-{:032x}", self.creator, self.id.raw(), self.digest)
    }
}

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoKey;

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let parse = || {
            let (rest, digest) = text.rsplit_once('-')?;
            let (creator, id) = rest.rsplit_once('-')?;
            let key = Self {
                creator: creator.parse().ok()?,
                id: RecordId::new(u64::from_str_radix(id, 16).ok()?),
                digest: u128::from_str_radix(digest, 16).ok()?,
            };
            // Exactly one form is a key: all digits, and no sign.
            (key.to_string() == text).then_some(key)
        };
        parse().ok_or(NoKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_key() {
        let key = Key::digest(CreatorId::LINUX_PSTORE.raw(), RecordId::new(0x6b02986900000001), &[b"abc"]);
        let text = key.to_string();
        assert_eq!(
            text,
            "75a574e3-5052-4b29-8a8e-be2c6490b89d-6b02986900000001-d164887cc5194449970633e4a384a739"
        );
        assert_eq!(text.parse(), Ok(key));
        for wrong in
            ["", "-", &text[1..], &text.to_uppercase(), &format!("{text}0"), &text.replace("-6b", "-+b")]
        {
            assert_eq!(wrong.parse::<Key>(), Err(NoKey), "{wrong}");
        }
    }
}
