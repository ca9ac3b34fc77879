//! FRU memory poison (UEFI 2.11 Appendix N, "FRU Memory Poison Section", new there: 40 bytes, and 32 for each entry of
//! a list): the bad addresses that the memory of a field-replaceable unit has gathered.
//!
//! Linux (`drivers/ras/amd/fmpm.c`) keeps one such record for each processor package in ERST, with the creator
//! [`CreatorId::LINUX_FMPM`](crate::CreatorId::LINUX_FMPM). The section descriptor of such a record says that the body
//! begins at byte 128, where the descriptor itself is: the body by the descriptor is the descriptor and the real body.
//! Both forms are read. Linux also leaves room for further entries after the list.

use core::fmt;

use zerocopy::IntoBytes;

use crate::entries::Entries;
use crate::fields::{Describe, Value, Visitor, describe_rest, show_fields, shows};
use crate::kind::{Decode, Encode, SectionType, fill_with};
use crate::open_value::open_value;
use crate::structure::structure;
use crate::view::view_trait;
use crate::{Error, ErrorKind, SectionDescriptor, SectionTypeId, Timestamp};

structure! {
    /// The fixed part of a FRU memory poison section. [`FruMemoryPoisonParts`] fills in checksum and number of entries.
    FruMemoryPoisonHeader: 40 bytes, new;
    valid FruMemoryPoisonValidation: u64 in validation_bits {
        /// [`FruMemoryPoison::poison_list_entries`] holds a value.
        POISON_LIST_ENTRIES = 4;
        /// [`FruMemoryPoison::poison_list`] holds entries.
        POISON_LIST = 5;
    };
    /// Checksum, which makes the section sum to zero: [`FruMemoryPoison::checksum_is_right`].
    0 checksum: u32 raw checksum_raw;
    4 validation_bits: u64;
    /// Type of the architecture's identifier.
    12 fru_arch_type: (u32 FruArchType) as named, fru_arch_type_raw set_fru_arch_type with_fru_arch_type, FRU_ARCH_TYPE = 0;
    /// Identifier of the unit's architecture.
    16 fru_arch: u64 as hex, fru_arch_raw set_fru_arch with_fru_arch, FRU_ARCH = 1;
    /// Type of the unit's identifier.
    24 fru_id_type: (u32 FruIdType) as named, fru_id_type_raw set_fru_id_type with_fru_id_type, FRU_ID_TYPE = 2;
    /// Identifier of the unit.
    28 fru_id: u64 as hex, fru_id_raw set_fru_id with_fru_id, FRU_ID = 3;
    /// Number of entries in the list.
    36 poison_list_entries: u32 raw poison_list_entries_raw;
}

open_value! {
    /// Type of the identifier of a unit's architecture.
    FruArchType: u32 {
        X86_CPUID_1_EAX = 0 => "x86 CPUID leaf 1 EAX",
    }
}

open_value! {
    /// Type of the identifier of a unit.
    FruIdType: u32 {
        X86_PPIN = 0 => "x86 PPIN",
    }
}

open_value! {
    /// Type of the identifier of the hardware that reported a poisoned address.
    HardwareIdType: u32 {
        MCA_IPID = 0 => "MCA_IPID register",
    }
}

open_value! {
    /// Type of a poisoned address.
    PoisonAddressType: u32 {
        MCA_ADDR = 0 => "MCA_ADDR register",
    }
}

structure! {
    /// One poisoned address.
    PoisonDescriptor: 32 bytes, new;
    /// Time of the error. Linux writes seconds since 1970-01-01 00:00:00 UTC; the specification names no unit.
    0 timestamp: u64 => set_timestamp with_timestamp;
    /// Type of the hardware's identifier.
    8 hardware_id_type: (u32 HardwareIdType) as named => set_hardware_id_type with_hardware_id_type;
    /// Identifier of the hardware that reported the address.
    12 hardware_id: u64 as hex => set_hardware_id with_hardware_id;
    /// Type of the address.
    20 address_type: (u32 PoisonAddressType) as named => set_address_type with_address_type;
    /// The poisoned address, as its type says.
    24 address: u64 as hex => set_address with_address;
}

impl Describe for PoisonDescriptor {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("timestamp", Value::number(self.timestamp()))?;
        if let Some(time) = Timestamp::from_unix(self.timestamp()) {
            out.field("time", time.into())?;
        }
        self.describe_fields(out)?;
        shows!(out, self, timestamp);
        Ok(())
    }
}

show_fields!(PoisonDescriptor);

/// The body of a section "FRU memory poison" as it was read, in any form: all its bytes. Its fixed part is a
/// [`FruMemoryPoisonHeader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FruMemoryPoison<'a> {
    bytes: &'a [u8],
    /// Where the fixed part begins: after the section's own descriptor, if there is one.
    start: usize,
}

impl SectionType for FruMemoryPoison<'_> {
    const TYPE: SectionTypeId = SectionTypeId::FRU_MEMORY_POISON;
    const NAME: &'static str = "FRU memory poison";
}

impl Decode for FruMemoryPoison<'_> {
    type View<'a> = FruMemoryPoison<'a>;

    fn decode(body: &[u8]) -> Result<FruMemoryPoison<'_>, Error> {
        FruMemoryPoison::new(body)
    }
}

view_trait!(FruMemoryPoison);

/// Entries that a summary names before it only counts.
const SHOWN: usize = 5;

impl<'a> FruMemoryPoison<'a> {
    /// Size of the shortest form in bytes.
    pub const MIN: usize = FruMemoryPoisonHeader::SIZE;

    /// Reads a body, with or without the section's own descriptor before it.
    ///
    /// The bytes begin with a descriptor when they hold this section's type where a descriptor has its type. A body has
    /// identifiers of its unit there, which might happen to be the same bytes: when the first four bytes are the right
    /// checksum, the bytes are a body all the same.
    ///
    /// # Errors
    /// When there are fewer bytes than the fixed part has.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        let is_own = |descriptor: &SectionDescriptor| {
            descriptor.section_type() == Self::TYPE && descriptor.section_offset() != checksum(bytes)
        };
        let own = SectionDescriptor::first(bytes).filter(|(descriptor, _)| is_own(descriptor));
        let start = own.map_or(0, |_| SectionDescriptor::SIZE);
        match bytes.len().saturating_sub(start) {
            Self::MIN.. => Ok(Self { bytes, start }),
            there => Err(Error::too_short(Self::NAME, Self::MIN, there).at(start)),
        }
    }

    /// All bytes of the body.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes from the fixed part on.
    fn own(&self) -> &'a [u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// The fixed part, every field as it was stored; always there, as the shortest form has it.
    pub fn structure(&self) -> Option<&'a FruMemoryPoisonHeader> {
        FruMemoryPoisonHeader::first(self.own()).map(|(header, _)| header)
    }

    /// The section's own descriptor, when it stands before the body as Linux writes it.
    pub fn own_descriptor(&self) -> Option<&'a SectionDescriptor> {
        if self.start == 0 { None } else { SectionDescriptor::first(self.bytes).map(|(own, _)| own) }
    }

    /// Checksum, which makes the section sum to zero.
    pub fn checksum(&self) -> u32 {
        self.structure().map_or(0, FruMemoryPoisonHeader::checksum_raw)
    }

    /// Which fields hold a value, as stored; unknown bits are kept.
    pub fn validation(&self) -> FruMemoryPoisonValidation {
        self.structure().map_or(FruMemoryPoisonValidation::empty(), FruMemoryPoisonHeader::validation)
    }

    /// Type of the architecture's identifier; `None` when its validity bit is clear.
    pub fn fru_arch_type(&self) -> Option<FruArchType> {
        self.structure()?.fru_arch_type()
    }

    /// Identifier of the unit's architecture; `None` when its validity bit is clear.
    pub fn fru_arch(&self) -> Option<u64> {
        self.structure()?.fru_arch()
    }

    /// Type of the unit's identifier; `None` when its validity bit is clear.
    pub fn fru_id_type(&self) -> Option<FruIdType> {
        self.structure()?.fru_id_type()
    }

    /// Identifier of the unit; `None` when its validity bit is clear.
    pub fn fru_id(&self) -> Option<u64> {
        self.structure()?.fru_id()
    }

    /// Number of entries in the list; `None` when its validity bit is clear.
    pub fn poison_list_entries(&self) -> Option<u32> {
        let header = self.structure()?;
        let valid = header.validation().contains(FruMemoryPoisonValidation::POISON_LIST_ENTRIES);
        valid.then_some(header.poison_list_entries_raw())
    }

    /// The bytes after the fixed part.
    fn after(&self) -> &'a [u8] {
        self.own().get(FruMemoryPoisonHeader::SIZE..).unwrap_or_default()
    }

    /// The poisoned addresses.
    ///
    /// `None` when the validity bit of the list or that of its length is clear.
    pub fn poison_list(&self) -> Option<Entries<'a, PoisonDescriptor>> {
        if !self.validation().contains(FruMemoryPoisonValidation::POISON_LIST) {
            return None;
        }
        let count = self.poison_list_entries()?;
        Some(Entries::new(self.after(), count, "poison list entries", self.start.saturating_add(36)))
    }

    /// The bytes after the list, such as room for further entries; all bytes after the fixed part when the list is not
    /// valid.
    pub fn trailing(&self) -> &'a [u8] {
        let used = self.poison_list().map_or(0, |list| list.len_in_bytes());
        self.after().get(used..).unwrap_or_default()
    }

    /// How many bytes of entries the list claims to have and the body does not have.
    pub fn missing(&self) -> usize {
        let claimed = self.poison_list().and_then(|_| self.poison_list_entries()).unwrap_or(0) as usize;
        claimed.saturating_mul(PoisonDescriptor::SIZE).saturating_sub(self.after().len())
    }

    /// Whether the section sums to zero as Linux sums it: the checksum, and each byte after it, modulo 2^32.
    ///
    /// The specification does not say whether bytes or words are summed. Linux sums as many bytes as the section has,
    /// but begins after the checksum: the last four bytes that it sums are past the record, and usually zero.
    pub fn checksum_is_right(&self) -> bool {
        self.checksum() == checksum(self.own())
    }

    /// The poisoned addresses, and the unit.
    fn write_summary(&self, f: &mut dyn fmt::Write) -> fmt::Result {
        let list = self.poison_list();
        let entries = list.as_ref().map_or(&[][..], Entries::as_slice);
        match entries.len() {
            0 => f.write_str("no poisoned address")?,
            1 => f.write_str("poisoned address")?,
            count => write!(f, "{count} poisoned addresses")?,
        }
        for (number, entry) in entries.iter().take(SHOWN).enumerate() {
            write!(f, "{} {:#x}", if number == 0 { "" } else { "," }, entry.address())?;
        }
        if let more @ 1.. = entries.len().saturating_sub(SHOWN) {
            write!(f, " and {more} more")?;
        }
        if list.is_some_and(|list| list.error().is_some()) {
            f.write_str("; list cut short")?;
        }
        match (self.fru_id_type(), self.fru_id()) {
            (Some(kind), Some(id)) => write!(f, ", {kind} {id:#x}"),
            (None, Some(id)) => write!(f, ", unit {id:#x}"),
            _ => Ok(()),
        }
    }
}

/// The checksum of a section whose bytes begin with the place of the checksum.
fn checksum(section: &[u8]) -> u32 {
    let sum = section.iter().skip(4).fold(0u32, |sum, byte| sum.wrapping_add(u32::from(*byte)));
    sum.wrapping_neg()
}

impl Describe for FruMemoryPoison<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("checksum", Value::hex(self.checksum()))?;
        out.field("checksum_is_right", self.checksum_is_right().into())?;
        if let Some(header) = self.structure() {
            header.describe_fields(out)?;
            shows!(out, FruMemoryPoisonHeader in &header.0, checksum);
            if let Some(entries) = self.poison_list_entries() {
                shows!(out, FruMemoryPoisonHeader in &header.0, poison_list_entries);
                out.field("poison_list_entries", Value::number(entries))?;
            }
        }
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
    pub fn new(
        mut header: FruMemoryPoisonHeader,
        poison_list: &'a [PoisonDescriptor],
    ) -> Result<Self, Error> {
        const LIST: FruMemoryPoisonValidation =
            FruMemoryPoisonValidation::POISON_LIST.union(FruMemoryPoisonValidation::POISON_LIST_ENTRIES);
        let Ok(entries) = u32::try_from(poison_list.len()) else {
            return Err(Error::new(ErrorKind::TooLarge { what: "poison list entries" }, 36));
        };
        FruMemoryPoisonHeader::AT.poison_list_entries.put(&mut header.0, u32::to_le_bytes(entries));
        header.mark(LIST, FruMemoryPoisonValidation::empty());
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
        fill_with(out, &[self.header.as_bytes(), self.poison_list.as_bytes()])?;
        FruMemoryPoisonHeader::AT.checksum.put(out, u32::to_le_bytes(checksum(out)));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::Body;
    use crate::section::checks::{assert_map, bit_map, written};
    use crate::{CreatorId, NotificationType, Record, RecordHeader, RecordWriter, Severity};
    use std::string::ToString;
    use std::vec::Vec;
    use std::{format, vec};
    use zerocopy::FromBytes;

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
        assert_eq!(list[0].timestamp(), 1_795_331_306);
        assert_eq!(list[0].hardware_id_type(), HardwareIdType::MCA_IPID);
        assert_eq!(list[0].hardware_id(), 0x2122_2324_2526_2728);
        assert_eq!(list[0].address_type(), PoisonAddressType::MCA_ADDR);
        assert_eq!(list[0].address(), 0x3132_3334_3536_3738);
        assert_eq!(*list[1], entry(0xff));
        assert_eq!(poison.trailing(), [0; 16]);
        let checksum = poison.checksum();
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
            assert_eq!(poison.missing(), 104usize.saturating_sub(length));
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
        assert_eq!(header.validation().bits(), 0xf);
        let list = [entry(1), entry(2), entry(3)];
        let bytes = written(&FruMemoryPoisonParts::new(header, &list).unwrap());
        assert_eq!(bytes.len(), 40 + 3 * 32);
        let poison = FruMemoryPoison::decode(&bytes).unwrap();
        assert_eq!(poison.validation().bits(), 0x3f);
        assert_eq!(
            (poison.fru_arch_type(), poison.fru_arch()),
            (Some(FruArchType::new(7)), header.fru_arch())
        );
        assert_eq!((poison.fru_id_type(), poison.fru_id()), (Some(FruIdType::new(9)), header.fru_id()));
        assert!(poison.poison_list().unwrap().map(Result::unwrap).eq(&list));
        assert!(poison.checksum_is_right());
        let sum: u32 = bytes[4..].iter().map(|byte| u32::from(*byte)).sum();
        assert_eq!(poison.checksum().wrapping_add(sum), 0);
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
        let map =
            bit_map(section.bytes(), 0..72, |bytes, told| told(&FruMemoryPoison::decode(bytes).unwrap()));
        assert!(map.starts_with("\n72.0 checksum *32"), "{map}");

        // An error's offset counts from the descriptor's section offset.
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
        let named = FruMemoryPoisonHeader::new()
            .with_fru_arch(0x48c6_5356_5e47_06c1)
            .with_fru_id_type(FruIdType::new(0xf252_0b93))
            .with_fru_id(0x5844_0a12);
        let list = [entry(1)];
        let bytes = written(&FruMemoryPoisonParts::new(named, &list).unwrap());
        assert_eq!(bytes[16..32], *FruMemoryPoison::TYPE.raw().bytes());
        let poison = FruMemoryPoison::decode(&bytes).unwrap();
        assert!(poison.own_descriptor().is_none() && poison.checksum_is_right());
        assert_eq!((poison.fru_id(), poison.trailing()), (named.fru_id(), &[][..]));
        assert!(poison.poison_list().unwrap().map(Result::unwrap).eq(&list));
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map = |bytes: &[u8], skip| {
            bit_map(bytes, skip, |bytes, told| told(&FruMemoryPoison::decode(bytes).unwrap()))
        };
        let mut bytes = [0; 42];
        bytes[4] = 0x1f;
        assert_map(
            &map(&bytes, 4..12),
            "0.0 checksum *32 12.0 fru_arch_type *32 16.0 fru_arch *64 24.0 fru_id_type *32 28.0 fru_id *64
             36.0 poison_list_entries *32 40.0 trailing ~*16",
        );
        // A list is one text to the map; an entry has a map of its own.
        let mut bytes = section();
        bytes.truncate(40 + 32);
        bytes[36] = 1;
        assert_map(&map(&bytes, 0..40), "40.0 poison_list ~*256");
        let entry = |bytes: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
            told(PoisonDescriptor::ref_from_bytes(bytes).unwrap());
        };
        assert_map(
            &bit_map(&[0; 32], 0..0, entry),
            "0.0 timestamp *64 8.0 hardware_id_type *32 12.0 hardware_id *64 20.0 address_type *32
             24.0 address *64",
        );
    }

    #[test]
    fn the_summary_has_the_addresses_and_the_unit() {
        let summary =
            |bytes: &[u8]| Body::decode(FruMemoryPoison::TYPE, bytes).unwrap().summary().to_string();
        let mut bytes = section();
        let unit = ", x86 PPIN 0x1112131415161718";
        assert_eq!(
            summary(&bytes),
            format!("2 poisoned addresses 0x3132333435363738, 0xffffffffffffffff{unit}")
        );
        assert_eq!(
            summary(&bytes[..72]),
            format!("poisoned address 0x3132333435363738; list cut short{unit}")
        );
        bytes[4] &= !0x24;
        assert_eq!(summary(&bytes), "no poisoned address, unit 0x1112131415161718");
        let list = [entry(1); 7];
        let parts = FruMemoryPoisonParts::new(FruMemoryPoisonHeader::new(), &list).unwrap();
        assert!(summary(&written(&parts)).ends_with(", 0x101010101010101 and 2 more"));
    }
}
