//! FRU memory poison (UEFI 2.11 Appendix N, "FRU Memory Poison Section", new there: 40 bytes and a list of 32 each):
//! the bad addresses that a field-replaceable unit's memory has gathered.
//!
//! Linux (`drivers/ras/amd/fmpm.c`) keeps one such record for each processor package in ERST, with the creator
//! [`CreatorId::LINUX_FMPM`](crate::CreatorId::LINUX_FMPM). Its section descriptor says that the body begins at 128,
//! where the descriptor itself stands, so that what the descriptor calls the body is the descriptor and the body.
//! Both forms are read. It also leaves room behind the list for entries to come.

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{Decode, Encode, SectionType};
use crate::entries::Entries;
use crate::fields::{Describe, Value, Visitor, describe_rest, show_fields, valid_fields};
use crate::kind::View;
use crate::open_value::open_value;
use crate::{Error, ErrorKind, SectionDescriptor, SectionTypeId, Timestamp};

/// The fixed part of a FRU memory poison section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct FruMemoryPoisonHeader {
    /// What makes the section sum to zero: [`FruMemoryPoison::checksum_is_right`].
    pub checksum: U32,
    /// [`FruMemoryPoisonValidation`].
    pub validation_bits: U64,
    /// What [`FruMemoryPoisonHeader::fru_arch`] is.
    pub fru_arch_type: FruArchType,
    /// Architecture of the unit.
    pub fru_arch: U64,
    /// What [`FruMemoryPoisonHeader::fru_id`] is.
    pub fru_id_type: FruIdType,
    /// Which unit it is.
    pub fru_id: U64,
    /// Number of entries in the list.
    pub poison_list_entries: U32,
}

const _: () = {
    assert!(size_of::<FruMemoryPoisonHeader>() == 40 && align_of::<FruMemoryPoisonHeader>() == 1);
    assert!(core::mem::offset_of!(FruMemoryPoisonHeader, fru_arch) == 16);
    assert!(core::mem::offset_of!(FruMemoryPoisonHeader, fru_id) == 28);
};

bitflags! {
    /// Which fields of a [`FruMemoryPoisonHeader`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct FruMemoryPoisonValidation: u64 {
        /// [`FruMemoryPoisonHeader::fru_arch_type`].
        const FRU_ARCH_TYPE = 1 << 0;
        /// [`FruMemoryPoisonHeader::fru_arch`].
        const FRU_ARCH = 1 << 1;
        /// [`FruMemoryPoisonHeader::fru_id_type`].
        const FRU_ID_TYPE = 1 << 2;
        /// [`FruMemoryPoisonHeader::fru_id`].
        const FRU_ID = 1 << 3;
        /// [`FruMemoryPoisonHeader::poison_list_entries`].
        const POISON_LIST_ENTRIES = 1 << 4;
        /// [`FruMemoryPoison::poison_list`].
        const POISON_LIST = 1 << 5;
        const _ = !0;
    }
}

open_value! {
    /// What the architecture of a unit is told by.
    FruArchType: u32 {
        X86_CPUID_1_EAX = 0 => "x86 CPUID leaf 1 EAX",
    }
}

open_value! {
    /// What a unit is told by.
    FruIdType: u32 {
        X86_PPIN = 0 => "x86 PPIN",
    }
}

open_value! {
    /// What the hardware of a poisoned address is told by.
    HardwareIdType: u32 {
        MCA_IPID = 0 => "MCA_IPID register",
    }
}

open_value! {
    /// What kind of address a poisoned one is.
    PoisonAddressType: u32 {
        MCA_ADDR = 0 => "MCA_ADDR register",
    }
}

valid_fields! {
    FruMemoryPoisonHeader, validation_bits: u64 as FruMemoryPoisonValidation;
    /// What the unit's architecture is told by.
    fru_arch_type / with_fru_arch_type: FruArchType as named, FRU_ARCH_TYPE;
    /// Architecture of the unit.
    fru_arch / with_fru_arch: u64 as hex, FRU_ARCH;
    /// What the unit is told by.
    fru_id_type / with_fru_id_type: FruIdType as named, FRU_ID_TYPE;
    /// Which unit it is.
    fru_id / with_fru_id: u64 as hex, FRU_ID;
    /// Number of entries in the list.
    poison_list_entries / with_poison_list_entries: u32 as number, POISON_LIST_ENTRIES;
}

impl FruMemoryPoisonHeader {
    /// Bytes of the fixed part.
    pub const SIZE: usize = size_of::<Self>();

    /// A header with no field valid. Checksum and number of entries are filled in by [`FruMemoryPoisonParts`].
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 40])
    }
}

impl Default for FruMemoryPoisonHeader {
    fn default() -> Self {
        Self::new()
    }
}

/// One poisoned address.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct PoisonDescriptor {
    /// When; Linux counts seconds since 1970-01-01 00:00:00 UTC, the specification does not say.
    pub timestamp: U64,
    /// What [`PoisonDescriptor::hardware_id`] is.
    pub hardware_id_type: HardwareIdType,
    /// Which hardware reported it.
    pub hardware_id: U64,
    /// What [`PoisonDescriptor::address`] is.
    pub address_type: PoisonAddressType,
    /// The address.
    pub address: U64,
}

const _: () = {
    assert!(size_of::<PoisonDescriptor>() == 32 && align_of::<PoisonDescriptor>() == 1);
    assert!(core::mem::offset_of!(PoisonDescriptor, hardware_id) == 12);
    assert!(core::mem::offset_of!(PoisonDescriptor, address) == 24);
};

impl PoisonDescriptor {
    /// Bytes of an entry.
    pub const SIZE: usize = size_of::<Self>();
}

impl Describe for PoisonDescriptor {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("timestamp", Value::number(self.timestamp.get()))?;
        if let Some(time) = Timestamp::from_unix(self.timestamp.get()) {
            out.field("time", time.into())?;
        }
        out.field("hardware_id_type", self.hardware_id_type.into())?;
        out.field("hardware_id", Value::hex(self.hardware_id.get()))?;
        out.field("address_type", self.address_type.into())?;
        out.field("address", Value::hex(self.address.get()))
    }
}

show_fields!(PoisonDescriptor);

/// A FRU memory poison section: its fixed part, to which it dereferences, and the list.
#[derive(Clone, Copy, Debug)]
pub struct FruMemoryPoison<'a> {
    own_descriptor: Option<&'a SectionDescriptor>,
    header: &'a FruMemoryPoisonHeader,
    list: &'a [u8],
    /// The bytes after the section's own descriptor.
    own: &'a [u8],
    bytes: &'a [u8],
}

impl core::ops::Deref for FruMemoryPoison<'_> {
    type Target = FruMemoryPoisonHeader;

    fn deref(&self) -> &FruMemoryPoisonHeader {
        self.header
    }
}

impl SectionType for FruMemoryPoison<'_> {
    const TYPE: SectionTypeId = SectionTypeId::FRU_MEMORY_POISON;
    const NAME: &'static str = "FRU memory poison";
}

impl Decode for FruMemoryPoison<'_> {
    type View<'a> = FruMemoryPoison<'a>;

    /// Reads a body, with the section's own descriptor before it or without. Where a descriptor has its type, a body
    /// has architecture and id of the unit, and its checksum where a descriptor has an offset: should a unit be named
    /// like the type, a checksum that is right tells that this is no descriptor.
    fn decode(body: &[u8]) -> Result<FruMemoryPoison<'_>, Error> {
        let is_own = |descriptor: &SectionDescriptor| {
            descriptor.section_type() == Self::TYPE && descriptor.section_offset() != checksum(body)
        };
        let (own_descriptor, bytes) = match SectionDescriptor::ref_from_prefix(body) {
            Ok((descriptor, rest)) if is_own(descriptor) => (Some(descriptor), rest),
            _ => (None, body),
        };
        match FruMemoryPoisonHeader::ref_from_prefix(bytes) {
            Ok((header, list)) => {
                Ok(FruMemoryPoison { own_descriptor, header, list, own: bytes, bytes: body })
            }
            Err(_) => Err(Error::too_short(Self::NAME, FruMemoryPoisonHeader::SIZE, bytes.len())
                .at(body.len().saturating_sub(bytes.len()))),
        }
    }
}

impl<'a> View<'a> for FruMemoryPoison<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn trailing(&self) -> &'a [u8] {
        self.trailing()
    }
}

impl<'a> FruMemoryPoison<'a> {
    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The fixed part, every field as it was stored.
    pub const fn header(&self) -> &'a FruMemoryPoisonHeader {
        self.header
    }

    /// The section's own descriptor, when it stands before the body as Linux writes it.
    pub const fn own_descriptor(&self) -> Option<&'a SectionDescriptor> {
        self.own_descriptor
    }

    /// The poisoned addresses.
    ///
    /// `None` when the validity bit of the list or that of its length is clear.
    pub fn poison_list(&self) -> Option<Entries<'a, PoisonDescriptor>> {
        if !self.validation().contains(FruMemoryPoisonValidation::POISON_LIST) {
            return None;
        }
        let count = self.poison_list_entries()?;
        let before = self.own_descriptor.map_or(0, |_| SectionDescriptor::SIZE);
        Some(Entries::new(self.list, count, "poison list entries", before.saturating_add(36)))
    }

    /// What lies behind the list, such as room for entries to come; everything there when the list is not valid.
    pub fn trailing(&self) -> &'a [u8] {
        let used = self.poison_list().map_or(0, |list| list.len_in_bytes());
        self.list.get(used..).unwrap_or_default()
    }

    /// Whether the section sums to zero as Linux sums it: the checksum, and each byte behind it, modulo 2^32.
    ///
    /// The specification does not say whether bytes or words are summed. Linux sums as many bytes as the section has
    /// but begins behind the checksum: the last four are past the record, and as a rule zero.
    pub fn checksum_is_right(&self) -> bool {
        self.header.checksum.get() == checksum(self.own)
    }
}

/// The checksum of a section whose bytes begin with the place of the checksum.
fn checksum(section: &[u8]) -> u32 {
    let sum = section.iter().skip(4).fold(0u32, |sum, byte| sum.wrapping_add(u32::from(*byte)));
    sum.wrapping_neg()
}

impl Describe for FruMemoryPoison<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("checksum", Value::hex(self.header.checksum.get()))?;
        out.field("checksum_is_right", self.checksum_is_right().into())?;
        self.describe_valid(out)?;
        if let Some(list) = self.poison_list() {
            out.field("poison_list", Value::List(&list))?;
        }
        describe_rest("trailing", self.trailing(), out)
    }
}

show_fields!(FruMemoryPoison<'a>);

/// A FRU memory poison section to be written: the fixed part and the list.
#[derive(Clone, Copy, Debug)]
pub struct FruMemoryPoisonParts<'a> {
    header: FruMemoryPoisonHeader,
    poison_list: &'a [PoisonDescriptor],
}

impl<'a> FruMemoryPoisonParts<'a> {
    /// A section of this fixed part and list. The number of entries is filled in, its validity bit and that of the
    /// list are set; the checksum is computed when it is written.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when there are 2^32 entries or more.
    pub fn new(header: FruMemoryPoisonHeader, poison_list: &'a [PoisonDescriptor]) -> Result<Self, Error> {
        let Ok(entries) = u32::try_from(poison_list.len()) else {
            return Err(Error::new(ErrorKind::TooLarge { what: "poison list entries" }, 36));
        };
        let mut header = header.with_poison_list_entries(entries);
        header.validation_bits |= FruMemoryPoisonValidation::POISON_LIST.bits();
        Ok(Self { header, poison_list })
    }
}

impl SectionType for FruMemoryPoisonParts<'_> {
    const TYPE: SectionTypeId = FruMemoryPoison::TYPE;
    const NAME: &'static str = FruMemoryPoison::NAME;
}

impl Encode for FruMemoryPoisonParts<'_> {
    fn encoded_len(&self) -> usize {
        size_of_val(self.poison_list).saturating_add(FruMemoryPoisonHeader::SIZE)
    }

    fn encode(&self, out: &mut [u8]) -> Option<()> {
        let (header, list) = FruMemoryPoisonHeader::mut_from_prefix(out).ok()?;
        *header = self.header;
        self.poison_list.write_to(list).ok()?;
        let checksum = checksum(out);
        let (header, _) = FruMemoryPoisonHeader::mut_from_prefix(out).ok()?;
        header.checksum = U32::new(checksum);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::Body;
    use crate::section::checks::{every_flip_shows, written};
    use crate::{CreatorId, NotificationType, Record, RecordHeader, RecordWriter, Severity};
    use std::string::ToString;
    use std::vec::Vec;
    use std::{format, vec};

    fn entry(byte: u8) -> PoisonDescriptor {
        PoisonDescriptor::read_from_bytes(&[byte; 32]).unwrap()
    }

    /// Two entries, all fields valid, room for half an entry.
    fn section() -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend([0x3f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(0x0102_0304_0506_0708u64.to_le_bytes());
        bytes.extend([0, 0, 0, 0]);
        bytes.extend(0x1112_1314_1516_1718u64.to_le_bytes());
        bytes.extend([2, 0, 0, 0]);
        bytes.extend(1_795_331_306u64.to_le_bytes());
        bytes.extend([0, 0, 0, 0]);
        bytes.extend(0x2122_2324_2526_2728u64.to_le_bytes());
        bytes.extend([0, 0, 0, 0]);
        bytes.extend(0x3132_3334_3536_3738u64.to_le_bytes());
        bytes.extend([0xff; 32]);
        bytes.extend([0; 16]);
        let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
        bytes[..4].copy_from_slice(&sum.wrapping_neg().to_le_bytes());
        bytes
    }

    #[test]
    fn every_field_is_where_the_specification_says() {
        let bytes = section();
        let poison = FruMemoryPoison::decode(&bytes).unwrap();
        assert_eq!(poison.validation().bits(), 0x3f);
        assert_eq!(poison.fru_arch_type(), Some(FruArchType::X86_CPUID_1_EAX));
        assert_eq!(poison.fru_arch(), Some(0x0102_0304_0506_0708));
        assert_eq!(poison.fru_id_type(), Some(FruIdType::X86_PPIN));
        assert_eq!(poison.fru_id(), Some(0x1112_1314_1516_1718));
        assert_eq!(poison.poison_list_entries(), Some(2));
        assert!(poison.checksum_is_right() && poison.own_descriptor().is_none());
        let list: Vec<_> = poison.poison_list().unwrap().map(Result::unwrap).collect();
        assert_eq!(list.len(), 2);
        assert_eq!(list[0].timestamp.get(), 1_795_331_306);
        assert_eq!(list[0].hardware_id_type, HardwareIdType::MCA_IPID);
        assert_eq!(list[0].hardware_id.get(), 0x2122_2324_2526_2728);
        assert_eq!(list[0].address_type, PoisonAddressType::MCA_ADDR);
        assert_eq!(list[0].address.get(), 0x3132_3334_3536_3738);
        assert_eq!(*list[1], entry(0xff));
        assert_eq!(poison.trailing(), [0; 16]);
        let checksum = poison.header().checksum;
        assert_eq!(
            Body::decode(SectionTypeId::FRU_MEMORY_POISON, &bytes).unwrap().to_string(),
            format!(
                "checksum                0x{checksum:08x}\n\
                 checksum is right       yes\n\
                 fru arch type           x86 CPUID leaf 1 EAX (0)\n\
                 fru arch                0x0102030405060708\n\
                 fru id type             x86 PPIN (0)\n\
                 fru id                  0x1112131415161718\n\
                 poison list entries     2\n\
                 poison list\n  \
                   [0] \n    timestamp               1795331306\n    \
                     time                    2026-11-22 07:08:26\n    \
                     hardware id type        MCA_IPID register (0)\n    \
                     hardware id             0x2122232425262728\n    \
                     address type            MCA_ADDR register (0)\n    \
                     address                 0x3132333435363738\n  \
                   [1] \n    timestamp               18446744073709551615\n    \
                     hardware id type        reserved (4294967295)\n    \
                     hardware id             0xffffffffffffffff\n    \
                     address type            reserved (4294967295)\n    \
                     address                 0xffffffffffffffff\n\
                 trailing 16 bytes\n  \
                   0000  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................\n"
            )
        );
    }

    #[test]
    fn only_valid_fields_are_told() {
        let told = |bits: u8| {
            let mut bytes = section();
            bytes[4] = bits;
            let text = FruMemoryPoison::decode(&bytes).unwrap().to_string();
            let fields = text.lines().filter(|line| !line.starts_with(' '));
            fields.map(|line| line.split("  ").next().unwrap().to_string()).collect::<Vec<_>>()
        };
        let names = ["fru arch type", "fru arch", "fru id type", "fru id", "poison list entries"];
        for (bit, name) in names.into_iter().enumerate() {
            assert_eq!(told(1 << bit), ["checksum", "checksum is right", name, "trailing 80 bytes"]);
        }
        // The list needs its own bit and that of its length.
        assert_eq!(told(0x20), ["checksum", "checksum is right", "trailing 80 bytes"]);
        assert_eq!(told(0x30)[2..], ["poison list entries", "poison list", "trailing 16 bytes"]);
    }

    #[test]
    fn a_list_cut_short_is_read_as_far_as_it_goes() {
        let bytes = section();
        for length in 0..bytes.len() {
            let decoded = FruMemoryPoison::decode(&bytes[..length]);
            if length < 40 {
                assert_eq!(
                    decoded.unwrap_err().to_string(),
                    format!("offset 0: FRU memory poison needs 40 bytes, {length} available")
                );
                continue;
            }
            let poison = decoded.unwrap();
            let there = ((length - 40) / 32).min(2);
            let mut list = poison.poison_list().unwrap();
            assert_eq!(list.by_ref().take(there).flatten().count(), there);
            let error = list.next().map(|entry| entry.unwrap_err().to_string());
            let expected = format!("offset 36: poison list entries is 2, at most {there} fit");
            assert_eq!(error, (there < 2).then_some(expected));
            assert_eq!(list.next(), None);
            assert_eq!(poison.trailing(), &bytes[40 + there * 32..length]);
        }
        let mut many = bytes.clone();
        many[36..40].fill(0xff);
        let poison = FruMemoryPoison::decode(&many).unwrap();
        assert_eq!(poison.poison_list().unwrap().count(), 3);
        assert!(
            poison.to_string().contains("[2] offset 36: poison list entries is 4294967295, at most 2 fit\n")
        );
    }

    #[test]
    fn values_survive_writing_and_sum_to_zero() {
        let header = FruMemoryPoisonHeader::default()
            .with_fru_arch_type(FruArchType::new(7))
            .with_fru_arch(0x0102_0304_0506_0708)
            .with_fru_id_type(FruIdType::new(9))
            .with_fru_id(0x1112_1314_1516_1718);
        assert_eq!(header.validation_bits.get(), 0xf);
        let list = [entry(1), entry(2), entry(3)];
        let bytes = written(&FruMemoryPoisonParts::new(header, &list).unwrap());
        assert_eq!(bytes.len(), 40 + 3 * 32);
        let poison = FruMemoryPoison::decode(&bytes).unwrap();
        assert_eq!(poison.validation_bits.get(), 0x3f);
        assert_eq!(
            (poison.fru_arch_type(), poison.fru_arch()),
            (Some(FruArchType::new(7)), header.fru_arch())
        );
        assert_eq!((poison.fru_id_type(), poison.fru_id()), (Some(FruIdType::new(9)), header.fru_id()));
        assert!(poison.poison_list().unwrap().map(Result::unwrap).eq(&list));
        assert!(poison.checksum_is_right());
        let sum: u32 = bytes[4..].iter().map(|byte| u32::from(*byte)).sum();
        assert_eq!(poison.header().checksum.get().wrapping_add(sum), 0);
        let mut changed = bytes.clone();
        changed[5] ^= 1;
        assert!(!FruMemoryPoison::decode(&changed).unwrap().checksum_is_right());
        assert!(
            FruMemoryPoison::decode(&changed).unwrap().to_string().contains("checksum is right       no\n")
        );
    }

    /// A record as `drivers/ras/amd/fmpm.c` lays it out.
    fn fmpm_record() -> Vec<u8> {
        let list = [entry(1), entry(2)];
        let parts = FruMemoryPoisonParts::new(FruMemoryPoisonHeader::new().with_fru_id(5), &list).unwrap();
        let header = RecordHeader::new(Severity::RECOVERABLE, NotificationType::MCE)
            .with_creator_id(CreatorId::LINUX_FMPM);
        let mut bytes = vec![0; 512];
        let mut writer = RecordWriter::new(&mut bytes, &header).unwrap();
        writer.section(&SectionDescriptor::primary(Severity::RECOVERABLE), &parts).unwrap();
        let length = writer.finish().unwrap().len();
        bytes.truncate(length);
        bytes[128] = 128;
        bytes[132..136].copy_from_slice(&u32::try_from(length - 128).unwrap().to_le_bytes());
        bytes
    }

    #[test]
    fn the_body_is_found_behind_its_own_descriptor() {
        let bytes = fmpm_record();
        let record = Record::parse(&bytes).unwrap();
        let section = record.sections().next().unwrap().unwrap();
        assert_eq!(section.bytes().len(), 72 + 40 + 64);
        let Body::FruMemoryPoison(poison) = section.body().unwrap() else { panic!("another section") };
        assert_eq!(poison.own_descriptor(), Some(section.descriptor()));
        assert_eq!((poison.fru_id(), poison.poison_list_entries()), (Some(5), Some(2)));
        assert!(poison.checksum_is_right());
        assert_eq!(poison.poison_list().unwrap().map(Result::unwrap).last(), Some(&entry(2)));
        every_flip_shows(SectionTypeId::FRU_MEMORY_POISON, section.bytes());

        // Errors count from where the descriptor says that the body begins.
        let cut = &section.bytes()[..72 + 40 + 32];
        let poison = FruMemoryPoison::decode(cut).unwrap();
        let error = poison.poison_list().unwrap().last().unwrap().unwrap_err();
        assert_eq!(error.to_string(), "offset 108: poison list entries is 2, at most 1 fit");
        assert_eq!(
            FruMemoryPoison::decode(&cut[..100]).unwrap_err().to_string(),
            "offset 72: FRU memory poison needs 40 bytes, 28 available"
        );
    }

    #[test]
    fn a_unit_named_like_the_type_is_no_descriptor() {
        let named = FruMemoryPoisonHeader {
            fru_arch: U64::new(0x48c6_5356_5e47_06c1),
            fru_id_type: FruIdType::new(0xf252_0b93),
            fru_id: U64::new(0x5844_0a12),
            ..FruMemoryPoisonHeader::new()
        };
        let list = [entry(1)];
        let bytes = written(&FruMemoryPoisonParts::new(named, &list).unwrap());
        assert_eq!(bytes[16..32], FruMemoryPoison::TYPE.raw().0);
        let poison = FruMemoryPoison::decode(&bytes).unwrap();
        assert!(poison.own_descriptor().is_none() && poison.checksum_is_right());
        assert_eq!((poison.fru_id, poison.trailing()), (named.fru_id, &[][..]));
        assert!(poison.poison_list().unwrap().map(Result::unwrap).eq(&list));
    }

    #[test]
    fn flips_show() {
        every_flip_shows(SectionTypeId::FRU_MEMORY_POISON, &section());
    }
}
