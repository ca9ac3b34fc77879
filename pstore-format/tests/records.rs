//! Records that kernels wrote, read and written again byte for byte, and records of everything this crate can write.

mod common;

use std::collections::BTreeMap;

use common::{body, files, id_of, read, slots};
use cper::{
    CreatorId, HeaderValidation, NotificationType, PreparedRecord, Record, SectionTypeId, Severity,
    StatusBlock,
};
use proptest::prelude::*;
use pstore_format::names::FileName;
use pstore_format::produce::{
    RecordSlot, encode_compressed_dmesg, encode_dmesg, encode_mce, encode_mce_as_linux, prepared_mce,
};
use pstore_format::record::{Payload, StoredRecord};
use pstore_format::seal::{Seal, seal, verify};
use pstore_format::{RecordId, RecordIds};
use zerocopy::FromBytes;

#[test]
fn captured_records_hold_what_an_independent_script_found() {
    let mut counts = BTreeMap::new();
    for (stem, bytes) in slots() {
        let Ok(record) = StoredRecord::parse(&bytes) else {
            *counts.entry("error").or_insert(0) += 1;
            let broken =
                ["fill.02-1122334455660005", "synbad.03-3000000000000003", "synbad.05-3000000000000005"];
            assert!(broken.contains(&stem.as_str()), "{stem}");
            continue;
        };
        let expected = body(&stem);
        let (kind, found) = match record.payload() {
            Payload::Dmesg(text) => ("dmesg", text),
            Payload::CompressedDmesg(stream) => ("compressed", stream),
            Payload::Mce(mce) => ("mce", mce),
            Payload::Section(_, bytes) => ("section", bytes),
            Payload::Record => ("record", record.record().sections().next().unwrap().unwrap().bytes()),
            other => panic!("{stem}: {other:?}"),
        };
        assert_eq!(found, expected, "{stem}");
        *counts.entry(kind).or_insert(0) += 1;
        if !stem.starts_with("synbad.04") {
            assert_eq!(record.id(), id_of(&stem), "{stem}");
        }
        assert_eq!(verify(&bytes), Seal::NotSealed, "{stem}");
    }
    let expected = [("compressed", 18), ("dmesg", 12), ("error", 3), ("mce", 5), ("record", 5)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_record_that_lies_about_its_length_is_an_error_or_as_much_as_there_is() {
    let slots: BTreeMap<_, _> = slots().into_iter().collect();
    let error = StoredRecord::parse(&slots["synbad.05-3000000000000005"]).unwrap_err();
    assert_eq!(error.to_string(), "offset 20: record length 100 is less than its header's 128");
    let error = StoredRecord::parse(&slots["synbad.03-3000000000000003"]).unwrap_err();
    assert!(error.to_string().starts_with("offset 0: record signature is "), "{error}");
    let long = &slots["synbad.02-3000000000000002"];
    let record = StoredRecord::parse(long).unwrap();
    assert_eq!((record.record().missing(), record.file_content().len()), (4096, 7992));
    assert!(matches!(record.payload(), Payload::Dmesg(text) if text.len() == 5454));
}

#[test]
fn files_have_the_names_content_and_times_the_kernel_gave_them() {
    let mut seen = 0;
    for folder in files("pstore") {
        let image = folder.strip_suffix("-list").unwrap_or(&folder);
        let listing = String::from_utf8(read(format!("pstore/{folder}/LISTING.txt"))).unwrap();
        for line in listing.lines() {
            let mut columns = line.strip_prefix("/sys/fs/pstore/").unwrap().split(' ');
            let (name, mtime) = (columns.next().unwrap(), columns.nth(1).unwrap());
            let id = FileName::parse(name).unwrap().id.unwrap();
            let (stem, bytes) = slots()
                .into_iter()
                .find(|(stem, _)| stem.split('.').next() == Some(image) && id_of(stem) == id)
                .unwrap();
            let record = StoredRecord::parse(&bytes).unwrap();
            assert_eq!(record.file_name().unwrap().to_string(), name.trim_end_matches(".enc.z"), "{stem}");
            let content = read(format!("pstore/{folder}/{name}"));
            match record.payload() {
                Payload::CompressedDmesg(_) if !name.ends_with(".enc.z") => {}
                _ => assert_eq!(record.file_content(), content, "{stem}"),
            }
            // A machine check has no time in its header: the kernel shows the time of the scan.
            if !name.starts_with("mce") {
                assert_eq!(format!("mtime={}", record.time().unwrap()), mtime, "{stem}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 19);
}

#[test]
fn a_machine_check_tells_its_own_time() {
    let bytes = read("records/mce-intel.01-6b02986900000001.cper");
    let record = StoredRecord::parse(&bytes).unwrap();
    assert_eq!(record.record().header().timestamp(), None);
    assert_eq!(record.time(), Some(0x6b02_9869));
    assert_eq!(record.severity(), Severity::FATAL);
    assert_eq!(record.payload(), Payload::Mce(&read("mce/mce-intel.mce")));
}

#[test]
fn every_record_a_kernel_wrote_is_written_again_byte_for_byte() {
    let mut written = 0;
    for (stem, bytes) in slots() {
        let by_kernel = ["crash", "mce-", "ghesfatal", "pstore-rm", "syn.", "erstdbg", "eu-disabled"];
        if !by_kernel.iter().any(|image| stem.starts_with(image)) {
            continue;
        }
        let record = StoredRecord::parse(&bytes).unwrap();
        let (id, time) = (record.id(), record.time().unwrap());
        let mut out = vec![0xA5; 8192];
        let again = match record.payload() {
            Payload::Dmesg(text) => encode_dmesg(text, id, time, &mut out),
            Payload::CompressedDmesg(stream) => encode_compressed_dmesg(stream, id, time, &mut out),
            Payload::Mce(mce) => encode_mce_as_linux(mce, id, &mut out),
            _ => continue,
        }
        .unwrap();
        assert_eq!(again.len(), record.record().as_bytes().len());
        // ERST has put its signature into the stored copy.
        again[108..110].copy_from_slice(b"ER");
        if stem.starts_with("syn.03") || stem.starts_with("erstdbg.04") {
            // Made by hand, with a timestamp.
            again[16..32].copy_from_slice(&bytes[16..32]);
        }
        assert_eq!(again, record.record().as_bytes(), "{stem}");
        written += 1;
    }
    assert_eq!(written, 31);
}

#[test]
fn a_machine_check_written_as_it_should_be_keeps_what_is_known() {
    let mce = read("mce/mce-intel.mce");
    let mut out = [0xA5; 328];
    encode_mce(&mce, RecordId::new(5), &mut out).unwrap();
    let record = StoredRecord::parse(&out).unwrap();
    assert_eq!((record.severity(), record.record().severity()), (Severity::FATAL, Severity::FATAL));
    assert_eq!(record.record().notification_type(), NotificationType::MCE);
    assert_eq!(record.record().header().timestamp().unwrap().linux_seconds(), Some(0x6b02_9869));
    // Its descriptor is right, so a reader that knows nothing of pstore finds the body too.
    let section = record.record().sections().next().unwrap().unwrap();
    assert_eq!((section.section_type(), section.bytes()), (SectionTypeId::LINUX_MCE, &mce[..]));
}

#[test]
fn every_entry_of_every_captured_status_block_becomes_a_record() {
    let mut ids = RecordIds::starting_at(0x6b02_9869);
    let mut buffer = [0xA5; 2048];
    let slot = RecordSlot::prepare(&mut buffer, NotificationType::CPE).unwrap();
    let (mut entries, mut units) = (0, 0);
    for name in files("gesb").into_iter().filter(|name| name.strip_suffix(".gesb").is_some()) {
        let bytes = read(format!("gesb/{name}"));
        for entry in StatusBlock::parse(&bytes).unwrap().entries() {
            let entry = entry.unwrap();
            let id = ids.next_id();
            let out = slot.fill(&entry, id).unwrap().to_vec();
            assert_eq!(out.len(), 200 + entry.bytes().len());
            // What was in the slot before shows nowhere.
            let mut other = [0x5A; 2048];
            let fresh = RecordSlot::prepare(&mut other, NotificationType::CPE).unwrap();
            assert_eq!(fresh.fill(&entry, id).unwrap(), out);
            let record = StoredRecord::parse(&out).unwrap();
            assert_eq!((record.id(), record.severity()), (id, entry.severity()), "{name}");
            assert_eq!(record.record().severity(), entry.severity());
            assert_eq!(record.record().notification_type(), NotificationType::CPE);
            assert_eq!(record.payload(), Payload::Section(entry.section_type(), entry.bytes()), "{name}");
            let descriptor = record.descriptor().unwrap();
            assert_eq!(descriptor.fru_id(), entry.header().fru_id());
            assert_eq!(descriptor.fru_text(), entry.header().fru_text());
            assert_eq!(descriptor.flags(), entry.header().flags());
            assert_eq!(record.file_name().unwrap().kind, "unknown");
            units += usize::from(descriptor.fru_text().is_some());
            // The body decodes as it does in the block, and where the descriptor says.
            let section = record.record().sections().next().unwrap().unwrap();
            assert_eq!(section.bytes(), entry.bytes());
            match (record.section_body().unwrap(), entry.body()) {
                (Ok(ours), Ok(theirs)) => assert_eq!(ours.to_string(), theirs.to_string(), "{name}"),
                (Err(ours), Err(theirs)) => assert_eq!(ours.kind(), theirs.kind(), "{name}"),
                (ours, theirs) => panic!("{name}: {ours:?} but {theirs:?}"),
            }

            // As the series writes it: fatal and an exception, flags, unit and time lost, an offset that is none.
            let mut series = out.clone();
            let (prefix, _) = Prefix::mut_from_prefix(&mut series).unwrap();
            prefix.header_mut().set_severity(Severity::FATAL);
            prefix.header_mut().set_notification_type(NotificationType::MCE);
            prefix.header_mut().set_timestamp(cper::Timestamp::from_linux_seconds(0));
            prefix.header_mut().set_validation(HeaderValidation::empty());
            *prefix.descriptor_mut() = cper::SectionDescriptor::primary(entry.severity())
                .with_section_offset(0xBADC_0FFE)
                .with_section_length(prefix.descriptor().section_length())
                .with_section_type(entry.section_type());
            let record = StoredRecord::parse(&series).unwrap();
            assert_eq!(record.payload(), Payload::Section(entry.section_type(), entry.bytes()), "{name}");
            assert_eq!((record.severity(), record.record().severity()), (entry.severity(), Severity::FATAL));
            assert_eq!((record.time(), record.descriptor().unwrap().fru_text()), (None, None));
            assert!(record.record().sections().next().unwrap().is_err(), "its offset is no offset");
            entries += 1;
        }
    }
    assert_eq!((entries, units), (30, 1));
}

#[test]
fn an_entrys_timestamp_becomes_seconds() {
    let block = read("gesb/mem-v201.gesb");
    let entry = StatusBlock::parse(&block).unwrap().entries().next().unwrap().unwrap();
    assert_eq!(entry.header().timestamp(), None);
    let mut out = [0; 1024];
    let slot = RecordSlot::prepare(&mut out, NotificationType::NMI).unwrap();
    let record = slot.fill(&entry, RecordId::new(1)).unwrap();
    assert_eq!(StoredRecord::parse(record).unwrap().time(), None);

    // 2026-11-22 07:08:26 in BCD, in an entry of revision 3.0.
    let header = cper::GenericErrorData::new(Severity::CORRECTED);
    for (timestamp, time) in [
        (cper::Timestamp::new(2026, 11, 22, 7, 8, 26), Some(1795331306)),
        (cper::Timestamp::new(2026, 13, 22, 7, 8, 26), None),
        (cper::Timestamp::new(1969, 12, 31, 23, 59, 59), None),
    ] {
        let mut buffer = [0; 256];
        let mut writer = cper::StatusBlockWriter::new(&mut buffer, Severity::CORRECTED).unwrap();
        writer.entry(&header.with_timestamp(timestamp), &cper::section::MemoryError::new()).unwrap();
        let block = StatusBlock::parse(writer.finish().unwrap()).unwrap();
        let entry = block.entries().next().unwrap().unwrap();
        let record = slot.fill(&entry, RecordId::new(1)).unwrap();
        assert_eq!(StoredRecord::parse(record).unwrap().time(), time);
    }
}

/// Header and descriptor of a record in pstore's form.
type Prefix = PreparedRecord<[u8; 0]>;

/// A record in pstore's form around some bytes.
fn prefixed(change: impl FnOnce(&mut Prefix), body: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 200 + body.len()];
    encode_mce_as_linux(body, RecordId::new(7), &mut out).unwrap();
    let (prefix, _) = Prefix::mut_from_prefix(&mut out).unwrap();
    change(prefix);
    out
}

#[test]
fn a_kernel_log_as_long_as_a_machine_check_is_a_kernel_log() {
    let text = [b'x'; 128];
    let bytes =
        prefixed(|prefix| prefix.descriptor_mut().set_section_type(SectionTypeId::LINUX_DMESG), &text);
    assert_eq!(bytes.len(), 328);
    assert_eq!(StoredRecord::parse(&bytes).unwrap().payload(), Payload::Dmesg(&text));
}

#[test]
fn the_section_length_is_believed_as_far_as_there_are_bytes() {
    let body: Vec<u8> = (0..100).collect();
    for (claimed, taken) in [(99, 99), (100, 100), (101, 100), (1, 1), (0, 100), (u32::MAX, 100)] {
        let bytes = prefixed(|prefix| prefix.descriptor_mut().set_section_length(claimed), &body);
        let record = StoredRecord::parse(&bytes).unwrap();
        assert_eq!(record.payload(), Payload::Mce(&body[..taken]), "{claimed}");
        assert_eq!(record.file_content(), body);
    }
}

#[test]
fn the_poison_managers_body_is_found_behind_its_descriptor() {
    let body = [0x5A; 72];
    let bytes = prefixed(
        |prefix| {
            prefix.header_mut().set_creator_id(CreatorId::LINUX_FMPM);
            prefix.descriptor_mut().set_section_type(SectionTypeId::FRU_MEMORY_POISON);
            prefix.descriptor_mut().set_section_offset(128);
            prefix.descriptor_mut().set_section_length(72 + 72);
        },
        &body,
    );
    let record = StoredRecord::parse(&bytes).unwrap();
    assert_eq!(record.payload(), Payload::Section(SectionTypeId::FRU_MEMORY_POISON, &body));
    assert_eq!(record.file_name(), None, "pstore does not show it");
}

#[test]
fn records_in_other_forms_are_records() {
    for stem in ["syn-foreign-creator", "syn-multi-section"] {
        let bytes = read(format!("records/{stem}.cper"));
        let record = StoredRecord::parse(&bytes).unwrap();
        assert_eq!((record.payload(), record.descriptor(), record.body()), (Payload::Record, None, &[][..]));
        assert!(record.section_body().is_none());
        assert_eq!((record.time(), record.severity()), (Some(0x6553_F100), Severity::RECOVERABLE));
        assert_eq!(record.file_name().is_some(), stem == "syn-multi-section");
        assert_eq!(record.to_string(), Record::parse(&bytes).unwrap().to_string());
    }
    let none = prefixed(|prefix| prefix.header_mut().set_section_count(0), &[1]);
    assert_eq!(
        StoredRecord::parse(&none).unwrap().payload(),
        Payload::Mce(&[1]),
        "Linux does not look at the count"
    );
}

#[test]
fn ids_that_mean_something_else_have_no_file() {
    for (id, has_file) in [(0, false), (!0, false), (1, true), (!0 - 1, true)] {
        let bytes = prefixed(|prefix| prefix.header_mut().set_record_id(id), &[1]);
        let record = StoredRecord::parse(&bytes).unwrap();
        assert_eq!((record.id(), record.file_name().is_some()), (RecordId::new(id), has_file));
    }
}

#[test]
fn times_are_read_in_both_forms() {
    let time = |timestamp| {
        let bytes = prefixed(|prefix| prefix.header_mut().set_timestamp(timestamp), &[0; 88]);
        StoredRecord::parse(&bytes).unwrap().time()
    };
    assert_eq!(time(cper::Timestamp::from_linux_seconds(0x6b02_984e)), Some(0x6b02_984e));
    assert_eq!(time(cper::Timestamp::new(2026, 11, 22, 7, 8, 26)), Some(1795331306));
    assert_eq!(time(cper::Timestamp::new(1969, 12, 31, 23, 59, 59)), None);
    assert_eq!(time(cper::Timestamp::from_linux_seconds(0)), None);
    let mut mce = [0; 88];
    mce[48] = 9;
    assert_eq!(StoredRecord::parse(&prefixed(|_| {}, &mce)).unwrap().time(), Some(9));
    assert_eq!(StoredRecord::parse(&prefixed(|_| {}, &mce[..55])).unwrap().time(), None);
}

#[test]
fn text_shows_header_descriptor_and_body() {
    let bytes = read("records/mce-intel.01-6b02986900000001.cper");
    let text = StoredRecord::parse(&bytes).unwrap().to_string();
    for shown in ["0x6b02986900000001", "Linux pstore", "Linux x86 machine check", "fatal", "128 bytes"] {
        assert!(text.contains(shown), "{shown} is not in:\n{text}");
    }
    let cut = StoredRecord::parse(&bytes[..300]).unwrap().to_string();
    assert!(cut.contains("missing bytes") && cut.contains(" 28\n"), "{cut}");
    let block = read("gesb/mem-full-v23.gesb");
    let entry = StatusBlock::parse(&block).unwrap().entries().next().unwrap().unwrap();
    let mut out = [0; 1024];
    let slot = RecordSlot::prepare(&mut out, NotificationType::CMC).unwrap();
    let record = slot.fill(&entry, RecordId::new(1)).unwrap();
    let text = StoredRecord::parse(record).unwrap().to_string();
    assert!(text.contains("physical address"), "{text}");
    let text = StoredRecord::parse(&record[..220]).unwrap().to_string();
    assert!(text.contains("offset 200: memory error needs 73 bytes, 20 available"), "{text}");
}

#[cfg(feature = "serde")]
#[test]
fn json_has_the_same_fields() {
    let bytes = read("records/mce-intel.01-6b02986900000001.cper");
    let json = serde_json::to_value(StoredRecord::parse(&bytes).unwrap()).unwrap();
    assert_eq!(json["record_id"], "0x6b02986900000001");
    assert_eq!(json["section_type"]["name"], "Linux x86 machine check");
    assert_eq!(json["body"]["bytes"].as_str().unwrap().len(), 256);
}

#[test]
fn truncation_at_every_length_is_an_error_or_less() {
    let bytes = read("records/mce-intel.01-6b02986900000001.cper");
    for end in 0..bytes.len() {
        match StoredRecord::parse(&bytes[..end]) {
            Ok(record) => {
                assert!(end >= 200);
                assert_eq!(record.payload(), Payload::Mce(&bytes[200..end]));
                assert_eq!(record.record().missing(), 328 - end);
            }
            Err(error) if end < 128 => {
                assert_eq!(
                    error.to_string(),
                    format!("offset 0: record header needs 128 bytes, {end} available")
                );
            }
            Err(error) => {
                assert_eq!(
                    error.to_string(),
                    format!("offset 0: pstore record needs 200 bytes, {end} available")
                );
            }
        }
    }
}

#[test]
fn every_flip_of_a_bit_shows() {
    let bytes = read("records/mce-intel.01-6b02986900000001.cper");
    let shown = |bytes: &[u8]| {
        let tell = |record: StoredRecord| {
            format!("{:?} {:?} {:?}", record.record().header(), record.descriptor(), record.payload())
        };
        StoredRecord::parse(bytes).map(tell)
    };
    let whole = shown(&bytes).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(shown(&flipped).ok().as_ref(), Some(&whole), "bit {bit}");
    }
}

proptest! {
    #[test]
    fn a_record_is_read_as_it_was_meant(
        body in proptest::collection::vec(any::<u8>(), 1..600),
        id in any::<u64>(),
        time in 1u64..1 << 40,
        slack in 0usize..40,
    ) {
        let mut out = vec![0xA5; 200 + body.len() + slack];
        let id = RecordId::new(id);
        for (kind, payload) in [Payload::Dmesg(&body), Payload::CompressedDmesg(&body), Payload::Mce(&body)].into_iter().enumerate() {
            let (record, time) = match kind {
                0 => (encode_dmesg(&body, id, time, &mut out), Some(time)),
                1 => (encode_compressed_dmesg(&body, id, time, &mut out), Some(time)),
                _ => (encode_mce_as_linux(&body, id, &mut out), body.get(48..56).map(|time| u64::from_le_bytes(time.try_into().unwrap())).filter(|time| *time != 0)),
            };
            seal(record.unwrap()).unwrap();
            prop_assert_eq!(verify(&out), Seal::Valid);
            let record = StoredRecord::parse(&out).unwrap();
            prop_assert_eq!((record.payload(), record.id(), record.time()), (payload, id, time));
        }
    }

    /// However a machine check's record is made, it is the same record.
    #[test]
    fn a_machine_check_is_written_alike_in_every_way(mce in proptest::collection::vec(any::<u8>(), 128), id: u64) {
        let (mce, id): ([u8; 128], _) = (mce.try_into().unwrap(), RecordId::new(id));
        let mut out = [0xA5; 328];
        let record = encode_mce_as_linux(&mce, id, &mut out).unwrap();
        let mut prepared = prepared_mce::<128>();
        prepared.header_mut().set_record_id(id.raw());
        *prepared.body_mut() = mce.into();
        prop_assert_eq!(&*record, prepared.as_bytes());
        prop_assert_eq!(StoredRecord::parse(record).unwrap().payload(), Payload::Mce(&mce));
    }

    #[test]
    fn a_flipped_bit_breaks_a_seal(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        id: u64,
        bit: proptest::sample::Index,
    ) {
        let mut out = vec![0xA5; 200 + body.len()];
        let record = encode_dmesg(&body, RecordId::new(id), 1, &mut out).unwrap();
        seal(record).unwrap();
        prop_assert_eq!(verify(record), Seal::Valid);
        let bit = bit.index(record.len() * 8);
        record[bit / 8] ^= 1 << (bit % 8);
        prop_assert_ne!(verify(record), Seal::Valid, "bit {} of byte {}", bit % 8, bit / 8);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), is_pstore: bool) {
        if let Some(signature) = bytes.first_chunk_mut() {
            *signature = *b"CPER";
        }
        if let (true, Some(creator)) = (is_pstore, bytes.get_mut(64..80)) {
            creator.copy_from_slice(CreatorId::LINUX_PSTORE.raw().bytes());
        }
        if let Ok(record) = StoredRecord::parse(&bytes) {
            prop_assert!(record.body().len() + 200 <= bytes.len() || record.body().is_empty());
            let _ = (record.payload(), record.time(), record.file_name(), record.to_string());
            let _ = record.section_body();
        }
        let _ = verify(&bytes);
        let mut sealed = bytes.clone();
        if seal(&mut sealed).is_ok() {
            prop_assert_ne!(verify(&sealed), Seal::NotSealed);
        } else {
            prop_assert_eq!(sealed, bytes);
        }
    }
}
