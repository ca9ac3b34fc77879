//! `ras collect` over captured data: what is collected, that nothing is doubled, lost, or cleared before its time, and
//! what it says when something fails.

// The names are the program's own.
#![allow(clippy::case_sensitive_file_extension_comparisons)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Run, data, finished, folder, path, ras, text};
use serde_json::Value;

/// What the captured panic's log says of it, and of the machine check before it.
const PANIC: &str =
    "kernel panic: Fatal machine check; CPU 0: Machine Check Exception: 5 Bank 4: be00000000000135";

fn copy(from: &str, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(path(from), to).unwrap();
}

/// The files in a folder with their bytes, sorted by name.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// The keys of the records in a file of JSON lines: those of a log's parts, and the others'.
fn keys(json: &Path) -> Vec<String> {
    let of = |line: &Value| -> Vec<String> {
        let text = |key: &Value| key.as_str().unwrap().to_owned();
        let parts = line["part_keys"].as_array().map(|parts| parts.iter().map(text).collect::<Vec<_>>());
        if let Some(parts) = &parts {
            assert_eq!(parts.last(), Some(&text(&line["key"])));
            assert_eq!(line["sections"].as_array().unwrap().len(), parts.len());
        }
        parts.unwrap_or_else(|| vec![text(&line["key"])])
    };
    lines(json).iter().flat_map(of).collect()
}

fn lines(json: &Path) -> Vec<Value> {
    fs::read_to_string(json)
        .unwrap_or_default()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The last line, which sums up.
fn summary(run: &Run) -> &str {
    run.stdout.lines().last().unwrap_or_default()
}

fn images() -> Vec<String> {
    common::files("erst-images", "img")
}

/// Records of an image, taken out of it by an independent script.
fn records(stem: &str) -> BTreeSet<Vec<u8>> {
    let of_image = |name: &str| name.starts_with(&format!("{stem}.")) && name.ends_with(".cper");
    contents(&path("records"))
        .into_iter()
        .filter(|(name, _)| of_image(name))
        .map(|(_, bytes)| bytes)
        .collect()
}

/// Of every captured image each record is archived byte by byte, and told once, however often it is collected.
#[test]
fn every_record_of_every_image_is_kept_once() {
    let mut kept = 0;
    for image in images() {
        let stem = Path::new(&image).file_stem().unwrap().to_str().unwrap().to_owned();
        let folder = folder(&format!("images/{stem}"));
        let (archive, json) = (folder.join("archive"), folder.join("events.json"));
        let arguments = ["collect", &data(&image), "--archive", text(&archive), "--json", text(&json)];
        let first = ras(&arguments);
        let files = contents(&archive);
        let archived: BTreeSet<Vec<u8>> = files.iter().map(|(_, bytes)| bytes.clone()).collect();
        let records = records(&stem);
        // What is broken is kept as it lies in its slot, with what follows it there.
        let whole: BTreeSet<Vec<u8>> = files
            .iter()
            .filter(|(name, _)| name.ends_with(".cper"))
            .map(|(_, bytes)| bytes.clone())
            .collect();
        for record in &records {
            let kept = archived.iter().any(|kept| kept == record || kept.starts_with(record));
            assert!(kept, "{image}: a record of {} bytes is not in the archive", record.len());
        }
        if !stem.starts_with("synbad") && !stem.starts_with("fill") {
            assert_eq!(whole, records, "{image}");
            assert_eq!((first.code, first.stderr.as_str()), (0, ""), "{image}");
        } else {
            assert_eq!(first.code, 2, "{image}");
        }
        let named: BTreeSet<&str> = files.iter().map(|(name, _)| &name[..86]).collect();
        let keys = keys(&json);
        assert_eq!(keys.iter().map(String::as_str).collect::<BTreeSet<_>>(), named, "{image}");
        assert_eq!(keys.len(), named.len(), "{image}");
        kept += keys.len();

        let second = ras(&arguments);
        assert_eq!(contents(&archive), files, "{image}");
        assert_eq!(self::keys(&json), keys, "{image}");
        assert_eq!(second.code, first.code);
        assert!(summary(&second).starts_with("no "), "{}", second.stdout);
    }
    assert!(kept > 40, "{kept} records kept");
}

/// What the kernel shows of a store, and what systemd made of that, are the store's own events.
#[test]
fn one_event_is_one_event_wherever_it_is_met() {
    let folder = folder("same");
    let mut compared = 0;
    for stem in ["crash-none", "crash-none-multi", "crash-z", "crash-z-multi", "mce-intel"] {
        let json = folder.join(format!("{stem}.json"));
        ras(&["collect", &data(&format!("erst-images/{stem}.img")), "--json", text(&json)]);
        let there = keys(&json).len();
        let pstore = path(&format!("pstore/{stem}-list"));
        let run = ras(&["collect", text(&pstore), "--json", text(&json)]);
        assert_eq!(run.code, 0);
        assert_eq!(keys(&json).len(), there, "{stem}");
        assert!(
            summary(&run).starts_with(&format!("no new records; {there} collected already")),
            "{}",
            run.stdout
        );

        // systemd's folder of a log, its text put together beside its parts, then without them.
        let systemd = folder.join(format!("{stem}-systemd"));
        let files = contents(&pstore);
        let parts = || files.iter().rev().filter(|(name, _)| name.starts_with("dmesg-"));
        let whole: Vec<u8> =
            parts().flat_map(|(name, bytes)| [format!("{name}:\n").as_bytes(), bytes].concat()).collect();
        fs::create_dir_all(systemd.join("77108")).unwrap();
        fs::write(systemd.join("77108/dmesg.txt"), &whole).unwrap();
        for (name, bytes) in parts() {
            fs::write(systemd.join("77108").join(name), bytes).unwrap();
        }
        let run = ras(&["collect", text(&systemd), "--json", text(&json)]);
        assert_eq!((run.code, keys(&json).len()), (0, there), "{stem}");
        for (name, _) in parts() {
            fs::remove_file(systemd.join("77108").join(name)).unwrap();
        }
        let run = ras(&["collect", text(&systemd), "--json", text(&json)]);
        assert_eq!((run.code, keys(&json).len()), (0, there), "{stem}");
        let seen = format!("no new records; {} collected already", parts().count());
        assert!(summary(&run).starts_with(&seen), "{}", run.stdout);
        compared += there;
    }
    assert!(compared >= 14, "{compared}");

    // Variables of EFI and the kernel's files of them.
    let json = folder.join("efi.json");
    let run = ras(&["collect", &data("efi"), "--json", text(&json)]);
    assert_eq!(summary(&run), "20 records: 2 fatal kernel logs in 20 parts; recorded; 20 collected already");
    // A region of ramoops and the kernel's file of it, ECC or not.
    for name in ["6.1", "6.12", "6.12-damaged"] {
        let json = folder.join(format!("{name}.json"));
        let (region, file) = (data(&format!("ramoops/{name}.bin")), folder.join("dmesg-ramoops-0"));
        copy(&format!("ramoops/{name}.dmesg-ramoops-0"), &file);
        let run = ras(&["collect", &region, text(&file), "--json", text(&json)]);
        assert_eq!(summary(&run), "1 record: 1 fatal kernel log; recorded; 1 collected already", "{name}");
    }
}

/// An archive is a source, and its keys are those of its names.
#[test]
fn an_archive_is_a_source() {
    let folder = folder("archive");
    let (archive, again) = (folder.join("one"), folder.join("two"));
    let sources = ["erst-images", "pstore", "efi", "gesb", "bert", "mce", "sections", "ramoops"].map(data);
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    ras(&[&["collect"], &*sources, &["--archive", text(&archive)]].concat());
    ras(&["collect", text(&archive), "--archive", text(&again)]);
    let names =
        |folder: &Path| -> BTreeSet<String> { contents(folder).into_iter().map(|(name, _)| name).collect() };
    let (one, two) = (names(&archive), names(&again));
    // A record nobody can read is told by nothing but where it was.
    let lost: Vec<&String> = one.difference(&two).filter(|name| !name.ends_with(".bad")).collect();
    assert_eq!(lost, Vec::<&String>::new());
    assert!(two.is_subset(&one) && two.len() > 90, "{} of {}", two.len(), one.len());
    assert_eq!(fs::metadata(&archive).unwrap().mode() & 0o777, 0o700);
    for entry in fs::read_dir(&archive).unwrap() {
        assert_eq!(entry.unwrap().metadata().unwrap().mode() & 0o777, 0o600);
    }
}

/// A machine in a folder: what it has is found, kept, and cleared where that can be.
#[test]
fn a_machine_is_collected_and_cleared() {
    let root = folder("machine");
    let pstore = root.join("sys/fs/pstore");
    let efi = root.join("sys/firmware/efi/efivars");
    let bert = root.join("sys/firmware/acpi/tables/data/BERT");
    for (name, _) in contents(&path("pstore/mce-intel-list")) {
        if name != "LISTING.txt" {
            copy(&format!("pstore/mce-intel-list/{name}"), &pstore.join(name));
        }
    }
    copy("pstore/syn/unknown-erst-1234605616436477957", &pstore.join("unknown-erst-1234605616436477957"));
    fs::write(pstore.join("newkind-newbackend-7"), b"what nobody knows yet").unwrap();
    let variable = "dump-type0-1-1-1795368093-C-cfc8fc79-be2e-4ddc-97f0-9f98bfe298a0";
    copy(&format!("efi/{variable}"), &efi.join(variable));
    let record = fs::read(path("records/syn-multi-section.cper")).unwrap();
    let firmware = efi.join("HwErrRec0001-414e6bdd-e47b-47cc-b244-bb61020cf516");
    fs::write(&firmware, [&[7, 0, 0, 0][..], &record].concat()).unwrap();
    fs::write(efi.join("Boot0001-8be4df61-93ca-11d2-aa0d-00e098032b8c"), &record).unwrap();
    copy("bert/sysfs-data-BERT-after-boot.bin", &bert);

    let before = (contents(&pstore), contents(&efi));
    let dry = ras(&["collect", "--root", text(&root), "--clear", "--dry-run"]);
    assert_eq!((dry.code, dry.stderr.as_str()), (0, ""));
    assert_eq!((contents(&pstore), contents(&efi)), before);
    assert!(!root.join("var").exists());

    let run = ras(&["collect", "--root", text(&root), "--clear"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert_eq!(contents(&pstore), []);
    let left: Vec<String> = contents(&efi).into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["Boot0001-8be4df61-93ca-11d2-aa0d-00e098032b8c"]);
    assert!(bert.exists());
    let archive = root.join("var/lib/ras/archive");
    let kept = contents(&archive);
    assert!(kept.iter().any(|(_, bytes)| *bytes == record));
    for (name, bytes) in before.0 {
        assert!(kept.iter().any(|(kept, same)| kept.ends_with(&name) && *same == bytes), "{name}");
    }
    assert!(summary(&run).contains("archived, 7 cleared"), "{}", summary(&run));
    assert!(
        summary(&run).contains("left: firmware makes the BERT region anew at each boot"),
        "{}",
        summary(&run)
    );
    assert_eq!(summary(&dry).split(';').next(), summary(&run).split(';').next());

    let again = ras(&["collect", "--root", text(&root), "--clear"]);
    assert_eq!(again.code, 0);
    assert!(summary(&again).starts_with("no new records"), "{}", summary(&again));
    assert_eq!(contents(&archive), kept);
    // A machine on which nothing happened.
    let nothing = ras(&["collect", "--root", text(&folder("nothing"))]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, "no records\n"));
}

/// Equal blocks that do not say when they were made are one event in one boot, and another in the next.
#[test]
fn a_block_without_a_time_is_of_its_boot() {
    let root = folder("boots");
    let region = root.join("sys/firmware/acpi/tables/data/BERT");
    let boot_id = root.join("proc/sys/kernel/random/boot_id");
    let json = root.join("events.json");
    fs::create_dir_all(boot_id.parent().unwrap()).unwrap();
    fs::create_dir_all(region.parent().unwrap()).unwrap();
    let untimed = fs::read(path("bert/sysfs-data-BERT-after-boot.bin")).unwrap();
    // The validation bit of its only section's time, and the time: 2026-11-22 07:08:26.
    let mut timed = fs::read(path("gesb/mem-ce-ddr.gesb")).unwrap();
    timed[20 + 22] |= 4;
    timed[20 + 64..20 + 72].copy_from_slice(&[0x26, 0x08, 0x07, 0x00, 0x22, 0x11, 0x26, 0x20]);
    let boots = ["0f6e7a51-3c11-4b8e-9d0c-2f3e4d5c6b7a", "c9bf9e57-1685-4c89-bafb-ff5af830be8a"];
    let archive = root.join("var/lib/ras/archive");
    for (bytes, boots_told) in [(&untimed, 2), (&timed, 1)] {
        fs::write(&region, bytes).unwrap();
        let mut told = 0;
        for boot in boots {
            fs::write(&boot_id, format!("{boot}\n")).unwrap();
            for _ in 0..2 {
                let before = lines(&json).len();
                // However it is found.
                for source in [None, Some(text(&region))] {
                    let arguments = ["collect", "--root", text(&root), "--json", text(&json), "--clear"];
                    let run = ras(&[&arguments[..], source.as_slice()].concat());
                    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
                }
                told += usize::from(lines(&json).len() > before);
            }
        }
        assert_eq!(told, boots_told);
    }
    let keys = keys(&json);
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    for boot in boots {
        assert!(keys.iter().any(|key| key.starts_with(boot)), "{keys:?}");
    }
    // Six blocks without a time in two boots, and one that has one.
    assert_eq!(keys.len(), 13, "{keys:?}");
    // The archive, which is no boot's, has each under its own name, and gives the same keys.
    let names: Vec<String> = contents(&archive).into_iter().map(|(name, _)| name[..86].to_owned()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>(), keys.iter().collect::<BTreeSet<_>>());
    let run = ras(&["collect", "--root", text(&root), text(&archive), "--json", text(&json)]);
    assert_eq!(summary(&run), "no new records; 13 collected already");
    // Nor is a copy of the region, as it was saved.
    let (saved, of_saved) = (path("bert/sysfs-data-BERT-after-boot.bin"), root.join("saved.json"));
    let run = ras(&["collect", "--root", text(&root), text(&saved), "--json", text(&of_saved)]);
    assert_eq!((run.code, lines(&of_saved).len()), (0, 6));
}

/// Slots of images are cleared, other files never.
#[test]
fn only_what_is_in_the_archive_is_cleared() {
    let folder = folder("clear");
    let (image, archive) = (folder.join("mce-intel.img"), folder.join("archive"));
    copy("erst-images/mce-intel.img", &image);
    let record = folder.join("record.cper");
    let arguments = ["collect", text(&image), text(&record), "--archive", text(&archive)];
    copy("records/syn-multi-section.cper", &record);
    ras(&arguments);
    let before = fs::read(&image).unwrap();

    // A byte of an archived record goes wrong: its original stays.
    let (name, mut bytes) =
        contents(&archive).into_iter().find(|(name, _)| name.contains("00000001-")).unwrap();
    bytes[250] ^= 1;
    fs::write(archive.join(&name), &bytes).unwrap();
    let run = ras(&[&arguments[..], &["--clear"]].concat());
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(run.stderr.contains("mce-intel.img: 1 record not cleared: not in the archive"), "{}", run.stderr);
    let slots = |image: &Path| -> Vec<String> {
        let list = ras(&["erst", text(image), "list"]).stdout;
        list.lines()
            .filter(|line| line.contains(" 0x0") && !line.contains("(cleared)"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(slots(&image).len(), 1);
    assert!(record.exists());
    assert!(summary(&run).contains("only stores are cleared"), "{}", summary(&run));

    // A sink that fails keeps everything where it is.
    fs::write(&image, &before).unwrap();
    let run = ras(&[&arguments[..], &["--clear", "--json", "/dev/full"]].concat());
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("JSON file /dev/full: No space left on device"), "{}", run.stderr);
    assert!(run.stderr.contains("nothing is cleared"), "{}", run.stderr);
    assert_eq!(fs::read(&image).unwrap(), before);
    // So does an archive that cannot be had.
    let run = ras(&["collect", text(&image), "--clear", "--archive", text(&image)]);
    assert_eq!(run.code, 3);
    assert_eq!(fs::read(&image).unwrap(), before);
}

/// Bytes behind a record in its slot may be its own, if its stated length is wrong: they are shown and archived, and no
/// such slot is freed.
#[test]
fn bytes_behind_a_record_are_not_cleared() {
    const SLOT: usize = 8192;
    let folder = folder("behind");
    let image = folder.join("mce-intel.img");
    let whole = fs::read(path("erst-images/mce-intel.img")).unwrap();
    let left = |id: u64| format!("not cleared: record {id}: more bytes lie behind it in its slot");
    // The first is a machine check, the other the front of a kernel log, which is compressed.
    for (slot, length, stated, id) in
        [(1, 328, 200, 7_710_893_088_750_698_497), (3, 3209, 1000, 7_710_893_088_750_698_499)]
    {
        let mut bytes = whole.clone();
        let start = slot * SLOT;
        bytes[start + 20..start + 24].copy_from_slice(&u32::to_le_bytes(stated));
        fs::write(&image, &bytes).unwrap();
        let archive = folder.join(format!("archive-{slot}"));
        let json = folder.join(format!("{slot}.json"));
        let run = ras(&[
            "collect",
            "--clear",
            "--archive",
            text(&archive),
            "--json",
            text(&json),
            "--raw",
            text(&image),
        ]);
        assert_eq!(run.code, 2, "{}", run.stdout);
        assert!(run.stderr.contains(&left(id)), "{}", run.stderr);
        let told = format!("record length {stated}, its sections end at {length}");
        assert!(run.stdout.contains(&told), "{}", run.stdout);
        assert!(summary(&run).contains("; archived, recorded, 2 cleared"), "{}", run.stdout);
        assert_eq!(fs::read(&image).unwrap()[start..start + SLOT], bytes[start..start + SLOT]);
        let behind = &bytes[start + stated as usize..start + length];
        assert!(contents(&archive).iter().any(|(_, bytes)| bytes == behind));
        let hex = behind.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert!(fs::read_to_string(&json).unwrap().contains(&hex));
        let verbose = ras(&["decode", "-v", text(&image)]);
        assert!(verbose.stdout.contains(&told), "{}", verbose.stdout);
    }
    // What an earlier record left is no fault of this one. Zeros and ones up to the slot's end are nothing.
    for (behind, code) in [(&b"old"[..], 2), (&[0, 1, 0xff], 2), (&[0xff], 0), (&[], 0)] {
        let mut bytes = whole.clone();
        bytes[SLOT + 4000..][..behind.len()].copy_from_slice(behind);
        fs::write(&image, &bytes).unwrap();
        let archive = folder.join("archive-old");
        let run = ras(&["collect", "--clear", "--archive", text(&archive), text(&image)]);
        assert_eq!(run.code, code, "{}", run.stdout);
        assert!(!run.stdout.contains("BAD"), "{}", run.stdout);
        assert_eq!(run.stderr.contains(&left(7_710_893_088_750_698_497)), code == 2, "{}", run.stderr);
    }
}

/// Equal blocks in one region are as many events, each time it is read, also out of the archive; in two files they are
/// the same events.
#[test]
fn equal_blocks_of_a_region_are_as_many_events() {
    let folder = folder("equal");
    let [region, copied] = ["region", "copied"].map(|name| folder.join(name));
    let [archive, json, again] = ["archive", "json", "again"].map(|name| folder.join(name));
    let block = fs::read(path("gesb/mem-ce-ddr.gesb")).unwrap();
    fs::write(&region, block.repeat(2)).unwrap();
    fs::write(&copied, block.repeat(2)).unwrap();
    let outputs = ["--json", text(&json), "--archive", text(&archive)];
    // An older version kept one of them: it is that one still.
    ras(&[&["collect", &data("gesb/mem-ce-ddr.gesb")][..], &outputs].concat());
    let first = keys(&json);
    assert_eq!(first.len(), 1);
    let run = ras(&[&["collect", text(&region)][..], &outputs].concat());
    assert!(summary(&run).starts_with("1 record: "), "{}", run.stdout);
    let both = keys(&json);
    assert_eq!((both.len(), both[0] == first[0], both[1] == first[0]), (2, true, false));
    for source in [&region, &copied, &archive] {
        let run = ras(&[&["collect", text(source)][..], &outputs].concat());
        assert_eq!(summary(&run), "no new records; 2 collected already", "{}", source.display());
    }
    assert_eq!((keys(&json), contents(&archive).len()), (both.clone(), 2));
    // A new machine has no record of an earlier run.
    let run = ras(&["collect", text(&region)]);
    assert!(summary(&run).starts_with("2 records: ") && !summary(&run).contains("already"), "{}", run.stdout);
    ras(&["collect", text(&archive), "--json", text(&again)]);
    let sorted = |keys: Vec<String>| keys.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(sorted(keys(&again)), sorted(both));
}

/// What a crash left of the last line is taken off; what is not ours is left alone.
#[test]
fn files_of_lines_are_repaired_and_others_refused() {
    let folder = folder("lines");
    let json = folder.join("events.json");
    let arguments = ["collect", &data("erst-images/mce-intel.img"), "--json", text(&json)];
    ras(&arguments);
    let whole = fs::read(&json).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for cut in [0, 1, last, last + 1, last + 5, last + 60, whole.len() - 1] {
        fs::write(&json, &whole[..cut]).unwrap();
        assert_eq!(ras(&arguments).code, 0, "cut at {cut}");
        assert_eq!(fs::read(&json).unwrap(), whole, "cut at {cut}");
    }
    for foreign in [&b"{\"other\":1}\n"[..], b"{\"key\":\"5\"}\n", b"text", b"\n"] {
        fs::write(&json, foreign).unwrap();
        let run = ras(&arguments);
        assert_eq!(run.code, 3);
        assert!(run.stderr.contains("events.json: line 1"), "{}", run.stderr);
        assert_eq!(fs::read(&json).unwrap(), foreign);
        // People are told all the same.
        assert!(run.stdout.contains("machine check on CPU 0"), "{}", run.stdout);
    }
}

/// A line that lost its end is given it. An event whose line was cut is given again, also if the ledger has it, or is
/// missed in words.
#[test]
fn no_event_is_lost_with_the_end_of_its_line() {
    let folder = folder("line-ends");
    let (archive, json) = (folder.join("archive"), folder.join("events.json"));
    let image = data("erst-images/mce-intel.img");
    let arguments = ["collect", &image, "--archive", text(&archive), "--json", text(&json)];
    ras(&arguments);
    let whole = fs::read(&json).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let key = std::str::from_utf8(&whole[last + 8..last + 94]).unwrap();
    for cut in [whole.len() - 1, whole.len() - 2, last + 94] {
        fs::write(&json, &whole[..cut]).unwrap();
        let run = ras(&arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "cut at {cut}");
        assert_eq!(fs::read(&json).unwrap(), whole, "cut at {cut}");
    }
    // Of this key too little is left to know the event by.
    fs::write(&json, &whole[..last + 60]).unwrap();
    let run = ras(&arguments);
    let missing = "events.json: its last line was cut, and is removed: ";
    assert!(run.stderr.contains(&format!("{missing}an event is missing from it")), "{}", run.stderr);
    assert_eq!((run.code, fs::read(&json).unwrap()), (2, whole[..last].to_vec()));
    // No source has the event.
    for archiving in [&["--archive", text(&archive)][..], &[]] {
        fs::write(&json, &whole[..whole.len() - 2]).unwrap();
        let other = data("gesb/mem-ce-ddr.gesb");
        let run = ras(&[&["collect", &other, "--json", text(&json)], archiving].concat());
        assert!(run.stderr.contains(&format!("{missing}event {key} is missing from it")), "{}", run.stderr);
        assert_eq!(run.code, 2, "{}", run.stdout);
    }
}

/// No output is written over a source, over another output, or over what is not its own.
#[test]
fn no_output_destroys_another_file() {
    let folder = folder("doubled");
    let [image, link, hard, other] = ["image", "link", "hard", "other"].map(|name| folder.join(name));
    copy("erst-images/mce-intel.img", &image);
    std::os::unix::fs::symlink(&image, &link).unwrap();
    fs::hard_link(&image, &hard).unwrap();
    let kept = fs::read(&image).unwrap();
    let kinds = ["--json", "--sqlite", "--parquet", "--prometheus"];
    for kind in kinds {
        for same in [&image, &link, &hard, &folder.join("../doubled/image")] {
            let run = ras(&["collect", text(&image), "--json", text(&other), kind, text(same)][..]);
            let run = if kind == "--json" { ras(&["collect", text(&image), kind, text(same)]) } else { run };
            assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{kind}");
            assert!(run.stderr.contains("it is named as source and as "), "{}", run.stderr);
            assert!(fs::read(&image).unwrap() == kept && !other.exists(), "{kind}");
        }
        for second in kinds.into_iter().filter(|second| *second != kind) {
            let again = folder.join("../doubled/other");
            let run = ras(&["collect", text(&image), kind, text(&other), second, text(&again)]);
            assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{kind} {second}");
            assert!(run.stderr.contains("other: it is named as "), "{}", run.stderr);
            assert!(!other.exists(), "{kind} {second}");
        }
    }
    let (events, counts) = (folder.join("counts.events"), folder.join("counts"));
    let run = ras(&["collect", text(&image), "--json", text(&events), "--prometheus", text(&counts)]);
    assert_eq!((run.code, events.exists()), (1, false), "{}", run.stdout);
    // A device holds nothing to lose.
    let run = ras(&["collect", text(&image), "--json", "/dev/null", "--sqlite", text(&other)]);
    assert_eq!(run.code, 0, "{}", run.stderr);

    // The folder is the source, and a file in it the output; a file that is none of ours; and a device.
    let device = std::os::unix::fs::symlink("/dev/null", folder.join("null")).map(|()| folder.join("null"));
    for path in [image.clone(), other, device.unwrap()] {
        let before = fs::read(&path).unwrap();
        let run = ras(&["collect", text(&folder), "--prometheus", text(&path)]);
        assert_eq!(run.code, 3, "{}", run.stdout);
        assert_eq!(fs::read(&path).unwrap(), before);
        assert!(!path.with_extension("events").exists());
    }
    for foreign in [&b"notes\n"[..], b"notes"] {
        fs::write(&events, foreign).unwrap();
        let run = ras(&["collect", text(&image), "--prometheus", text(&counts)]);
        assert_eq!((run.code, fs::read(&events).unwrap()), (3, foreign.to_vec()), "{}", run.stdout);
    }
    // An empty file is nobody's.
    for empty in [&events, &counts] {
        fs::write(empty, b"").unwrap();
    }
    for _ in 0..2 {
        assert_eq!(ras(&["collect", text(&image), "--prometheus", text(&counts)]).code, 0);
    }
}

/// Of the files with a dot in front the archive removes those that a run of its own left.
#[test]
fn an_archive_removes_only_its_own() {
    let archive = folder("own").join("archive");
    let arguments = ["collect", &data("erst-images/mce-intel.img"), "--archive", text(&archive)];
    ras(&arguments);
    let before = contents(&archive);
    let others = [".vimrc.new", ".new", ".cper.new"].map(|name| archive.join(name));
    let own = archive.join(format!(".{}.new", before[0].0));
    for file in others.iter().chain([&own]) {
        fs::write(file, b"kept").unwrap();
    }
    assert_eq!(ras(&arguments).code, 0);
    assert!(others.iter().all(|other| other.exists()) && !own.exists());
    assert_eq!(contents(&archive).len(), before.len() + others.len());
}

/// JSON on standard output is all there is on it.
#[test]
fn standard_output_takes_lines() {
    let run = ras(&["collect", &data("erst-images/mce-intel.img"), "--json", "-"]);
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((run.code, lines.len()), (0, 2));
    assert_eq!(
        run.stderr,
        "ras: 3 records: 1 fatal machine check, 1 fatal kernel log in 2 parts; recorded\n"
    );
    assert_eq!(lines[1]["kind"], "kernel_log");
    assert_eq!(lines[1]["sections"].as_array().unwrap().len(), 2);
}

/// A source that cannot be read costs only itself.
#[test]
fn sources_that_fail_are_told_and_the_others_collected() {
    let image = data("erst-images/mce-intel.img");
    let folder = folder("sources");
    fs::write(folder.join("empty"), b"").unwrap();
    fs::write(folder.join("text"), b"nothing at all").unwrap();
    for (source, reason) in [
        ("gone", "gone: No such file or directory"),
        ("empty", "empty: empty, 0 bytes"),
        ("text", "text: offset 0: "),
    ] {
        let source = folder.join(source);
        let run = ras(&["collect", text(&source), &image]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(reason), "{}", run.stderr);
        assert!(run.stdout.contains("3 records: "), "{}", run.stdout);
        let alone = ras(&["collect", text(&source)]);
        assert_eq!((alone.code, alone.stdout.as_str()), (1, "no records\n"));
    }
    // A link that leads nowhere is what a file is that went while its folder was read.
    std::os::unix::fs::symlink("nowhere", folder.join("vanished")).unwrap();
    copy("records/syn-multi-section.cper", &folder.join("z.cper"));
    let run = ras(&["collect", text(&folder)]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(summary(&run).starts_with("1 record: "), "{}", run.stdout);
    // Bad records among good ones.
    let run = ras(&["collect", &data("erst-images/synbad.img"), &image]);
    assert_eq!(run.code, 2);
    assert!(
        summary(&run).contains("1 fatal machine check") && summary(&run).contains("5 bad parts"),
        "{}",
        run.stdout
    );
}

/// Writes that fail, each in its own way.
#[test]
fn sinks_that_fail_are_told_and_the_others_kept() {
    let folder = folder("sinks");
    let image = data("erst-images/mce-intel.img");
    let json = folder.join("events.json");
    // In a folder that is a file, and in one that takes no files.
    for place in [format!("{image}/x"), "/proc/ras-collect-test".into()] {
        for option in ["--archive", "--sqlite", "--parquet", "--prometheus"] {
            let _ = fs::remove_file(&json);
            let run = ras(&["collect", &image, option, &place, "--json", text(&json)]);
            assert_eq!(run.code, 3, "{option} {place}");
            assert!(run.stderr.contains(&place), "{}", run.stderr);
            assert_eq!(keys(&json).len(), 3, "{option} {place}");
        }
    }
    // It is the folder that has to be writable, even if the file is.
    let run = ras(&["collect", &image, "--parquet", "/proc/x"]);
    let reason = "Parquet file /proc/x: cannot add to it: .x.new beside it, which is to replace it: \
                  No such file or directory (os error 2)";
    assert!(run.stderr.lines().any(|line| line.ends_with(reason)), "{}", run.stderr);
    // No file may grow beyond so many bytes, as on a disk that is full.
    let archive = folder.join("archive");
    let (parquet, prometheus) = (folder.join("events.parquet"), folder.join("events.prom"));
    let others = ["--parquet", text(&parquet), "--prometheus", text(&prometheus)];
    let full = |blocks: &str| {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &limit, "sh", env!("CARGO_BIN_EXE_ras"), "collect", &image]);
        command.args(["--archive", text(&archive), "--json", text(&json), "--clear"]).args(others);
        command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        finished(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    };
    for blocks in ["0", "1", "4", "8", "20"] {
        let _ = fs::remove_file(&json);
        let run = full(blocks);
        assert_eq!(run.code, 3, "{blocks}: {}", run.stdout);
        assert!(run.stderr.contains("File too large"), "{}", run.stderr);
        assert!(run.stderr.contains("nothing is cleared"), "{}", run.stderr);
        for sink in ["archive", "JSON file", "Parquet file", "Prometheus' file"] {
            let told = run.stderr.lines().any(|line| line.contains(sink) && line.contains("File too large"));
            assert!(told || blocks != "0", "{sink}: {}", run.stderr);
        }
    }
    // Once there is room again everything is there.
    let run = ras(
        &[&["collect", &image, "--archive", text(&archive), "--json", text(&json)][..], &others].concat()
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!((keys(&json).len(), contents(&archive).len()), (3, 3));
    let events = fs::read_to_string(prometheus.with_extension("prom.events")).unwrap();
    assert_eq!((events.lines().count(), fs::read(&parquet).unwrap().ends_with(b"PAR1")), (3, true));
}

/// Of two runs at once the second says so in a line, and does nothing.
#[test]
fn the_second_of_two_runs_does_nothing() {
    let folder = folder("two-runs");
    let image = folder.join("log.img");
    copy("erst-images/mce-intel.img", &image);
    let paths = ["archive", "json", "parquet", "prom"].map(|name| folder.join(name));
    let events = folder.join("prom.events");
    let replaced = folder.join(".parquet.new");
    let options = ["--archive", "--json", "--parquet", "--prometheus"];
    let arguments: Vec<&str> =
        options.iter().zip(&paths).flat_map(|(option, path)| [*option, text(path)]).collect();
    let arguments = [&["collect", text(&image), "--clear"][..], &arguments].concat();
    fs::create_dir(&paths[0]).unwrap();
    for path in [&paths[1], &events, &replaced] {
        fs::write(path, b"").unwrap();
    }
    for (locked, name) in [
        (&paths[0], "archive"),
        (&paths[1], "JSON file"),
        (&replaced, "Parquet file"),
        (&events, "Prometheus' file"),
    ] {
        let held = fs::File::open(locked).unwrap();
        rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let before = (contents(&folder), contents(&paths[0]));
        let run = ras(&arguments);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""));
        let start = format!("ras: {name} ");
        let end = ": another run is writing to it: nothing is collected\n";
        assert!(run.stderr.starts_with(&start) && run.stderr.ends_with(end), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        if name == "archive" {
            assert_eq!((contents(&folder), contents(&paths[0])), before);
        }
        assert_eq!((fs::read(&paths[1]).unwrap(), contents(&paths[0])), (Vec::new(), Vec::new()));
        fs::write(&replaced, b"").unwrap();
    }
    // Nothing was lost.
    fs::remove_file(&replaced).unwrap();
    assert_eq!(ras(&arguments).code, 0);
    assert_eq!((keys(&paths[1]).len(), contents(&paths[0]).len()), (3, 3));
}

/// A panic whose log is in several records is one event in every output, and in the words of `ras decode`.
#[test]
fn one_panic_is_one_event() {
    let folder = folder("panic");
    let (mut logs, mut parts) = (0, 0);
    for image in images() {
        let stem = Path::new(&image).file_stem().unwrap().to_str().unwrap();
        let [json, prometheus] = ["json", "prom"].map(|kind| folder.join(format!("{stem}.{kind}")));
        let run = ras(&["collect", &data(&image), "--json", text(&json), "--prometheus", text(&prometheus)]);
        let is_log = |line: &Value| line["kind"] == "kernel_log";
        let mut collected: Vec<Value> = lines(&json).into_iter().filter(is_log).collect();
        for line in &mut collected {
            parts += line["part_keys"].as_array().unwrap().len();
            for key in ["key", "part_keys"] {
                line.as_object_mut().unwrap().remove(key);
            }
            let summary = line["summary"].as_str().unwrap();
            let is_there = line["sections"].to_string().contains("Kernel panic - not syncing: ");
            assert!(!is_there || summary.starts_with("kernel panic: "), "{image}: {summary}");
        }
        let decoded: Vec<Value> = common::ras_json(&[&data(&image)]).into_iter().filter(is_log).collect();
        assert_eq!(collected, decoded, "{image}");
        logs += decoded.len();
        // People are told of each in a line, and in the last one.
        let told = run.stdout.lines().filter(|line| line.contains("kernel log, "));
        assert_eq!(told.count(), decoded.len(), "{}", run.stdout);
        let counts = fs::read_to_string(&prometheus).unwrap();
        for severity in ["fatal", "recoverable", "informational"] {
            let number = decoded.iter().filter(|line| line["severity"] == severity).count();
            let series = |name: &str, more: &str| {
                format!("{name}{{kind=\"kernel_log\",severity=\"{severity}\"{more}}} {number}\n")
            };
            for series in [series("ras_errors_total", ",component=\"\""), series("ras_events_total", "")] {
                assert!(number == 0 || counts.contains(&series), "{image}: {series} in {counts}");
            }
            let noun = format!("{number} {severity} kernel log{}", if number == 1 { "" } else { "s" });
            assert!(number == 0 || summary(&run).contains(&noun), "{noun}: {}", run.stdout);
        }
    }
    assert!(logs > 10 && parts > logs + 10, "{parts} parts of {logs} logs");
    // A log that is there twice, in EFI's variables and in the kernel's files of them, is no heap of torn ones.
    for line in common::ras_json(&[&data("efi")]) {
        assert!(line["summary"].as_str().unwrap().starts_with("kernel panic: "), "{}", line["summary"]);
        assert_eq!(line["dump"]["missing"].as_array().unwrap().len(), 0);
    }
}

/// An event is counted once, by the worst severity in it, whatever its header says.
#[test]
fn an_event_is_as_bad_as_the_worst_of_it() {
    let folder = folder("worst");
    let [record, prometheus] = ["record.cper", "prom"].map(|name| folder.join(name));
    let mut bytes = fs::read(path("records/syn-multi-section.cper")).unwrap();
    // The header's severity: informational. The sections are recoverable, corrected and informational.
    bytes[12..16].copy_from_slice(&3_u32.to_le_bytes());
    fs::write(&record, &bytes).unwrap();
    let run = ras(&["collect", text(&record), "--prometheus", text(&prometheus)]);
    assert_eq!(summary(&run), "1 record: 1 recoverable memory error; recorded");
    let counts = fs::read_to_string(&prometheus).unwrap();
    let events: Vec<&str> = counts.lines().filter(|line| line.starts_with("ras_events_total{")).collect();
    assert_eq!(events, ["ras_events_total{kind=\"memory\",severity=\"recoverable\"} 1"]);
    assert_eq!(counts.lines().filter(|line| line.starts_with("ras_errors_total{")).count(), 3);
}

/// The parts of a log in the order of their files, newest text first, with the names of those.
fn parts_of(stem: &str) -> Vec<(String, Vec<u8>)> {
    let files = contents(&path(&format!("pstore/{stem}-list")));
    files.into_iter().filter(|(name, _)| name.starts_with("dmesg-")).collect()
}

/// The parts of a log are together one event also where systemd has some of them and the kernel the others; a part that
/// comes later tells of the same event again, and counts nothing twice.
#[test]
fn parts_come_together_from_anywhere() {
    let root = folder("anywhere");
    let pstore = root.join("sys/fs/pstore");
    let systemd = root.join("var/lib/systemd/pstore/77108");
    let [json, prometheus, parquet] = ["json", "prom", "parquet"].map(|name| root.join(name));
    let run = |more: &[&str]| {
        let arguments = ["collect", "--root", text(&root), "--json", text(&json)];
        let others = ["--prometheus", text(&prometheus), "--parquet", text(&parquet)];
        ras(&[&arguments[..], &others, more].concat())
    };
    let all = parts_of("mce-intel");
    assert_eq!(all.len(), 2);
    for folder in [&pstore, &systemd] {
        fs::create_dir_all(folder).unwrap();
    }
    let reset = || {
        for folder in [&pstore, &systemd] {
            for (name, _) in contents(folder) {
                fs::remove_file(folder.join(name)).unwrap();
            }
        }
        for path in [json.clone(), prometheus.clone(), prometheus.with_extension("events"), parquet.clone()] {
            let _ = fs::remove_file(path);
        }
        let _ = fs::remove_file(root.join("prom.events"));
    };
    let panics = || {
        let counts = fs::read_to_string(&prometheus).unwrap();
        let line = counts.lines().find(|line| line.starts_with("ras_events_total{kind=\"kernel_log\""));
        line.and_then(|line| line.rsplit_once(' ')).map(|(_, number)| number.parse::<u32>().unwrap())
    };
    // Half of it in each.
    for (folder, (name, bytes)) in [&pstore, &systemd].into_iter().zip(&all) {
        fs::write(folder.join(name), bytes).unwrap();
    }
    assert_eq!(summary(&run(&[])), "2 records: 1 fatal kernel log in 2 parts; recorded");
    assert_eq!((lines(&json).len(), keys(&json).len(), panics()), (1, 2, Some(1)));
    assert_eq!(lines(&json)[0]["summary"], PANIC);
    let whole = lines(&json)[0]["key"].clone();
    assert!(summary(&run(&[])).starts_with("no new records; 2 collected already"));

    // First the newest part, then the other one too; and the reverse.
    for (first, second) in [(0, 1), (1, 0)] {
        reset();
        fs::write(pstore.join(&all[first].0), &all[first].1).unwrap();
        run(&[]);
        let told = lines(&json)[0]["summary"].as_str().unwrap().to_owned();
        assert!(told == PANIC || told.contains("not in the parts that are here, part 1 missing"), "{told}");
        fs::write(systemd.join(&all[second].0), &all[second].1).unwrap();
        let later = run(&[]);
        assert_eq!(summary(&later), "2 records: 1 fatal kernel log in 2 parts; recorded");
        let events = lines(&json);
        assert_eq!((events.len(), events[1]["key"].clone(), panics()), (2, whole.clone(), Some(1)));
        assert_eq!(events[1]["summary"], PANIC);
        assert_eq!(events[1]["part_keys"].as_array().unwrap().len(), 2);
        assert!(summary(&run(&[])).starts_with("no new records; 2 collected already"));
        assert_eq!(lines(&json).len(), 2);
        // The table has a row for each part.
        let rows = parquet_rows(&parquet);
        assert_eq!(rows.len(), 2, "{rows:?}");
    }

    // A file of an older version has a line for each part.
    let older = |line: &Value| line["part_keys"].as_array().unwrap().clone();
    let older: Vec<String> =
        lines(&json).iter().flat_map(older).map(|key| format!("{{\"key\":{key}}}\n")).collect();
    fs::write(&json, older.concat()).unwrap();
    assert!(summary(&run(&[])).starts_with("no new records; 2 collected already"));

    // What was collected is cleared, each part from where it can be.
    reset();
    for (name, bytes) in &all {
        fs::write(pstore.join(name), bytes).unwrap();
        fs::write(systemd.join(name), bytes).unwrap();
    }
    let cleared = run(&["--clear"]);
    assert_eq!((cleared.code, contents(&pstore).len(), contents(&systemd).len()), (0, 0, 2));
    assert!(
        summary(&cleared).contains("archived, recorded, 2 cleared; 2 collected already"),
        "{}",
        cleared.stdout
    );
}

/// The rows of a Parquet file, as text.
fn parquet_rows(path: &Path) -> Vec<String> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let table = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    table.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect()
}

/// What no output keeps is shown each time, and is never called collected, nor cleared.
#[test]
fn what_is_not_kept_is_said() {
    let folder = folder("not-kept");
    let (database, archive) = (folder.join("x.db"), folder.join("archive"));
    let image = folder.join("log.img");
    copy("erst-images/mce-intel.img", &image);
    let arguments = ["collect", text(&image), "--sqlite", text(&database)];
    let reason = "2 parts of kernel log not kept: rasdaemon's database has no place for them; \
                  --json or --archive keeps them";
    for (kinds, after) in [
        ("3 records: 1 fatal machine check, 1 fatal kernel log in 2 parts; recorded", ""),
        ("2 records: 1 fatal kernel log in 2 parts", "; 1 collected already"),
    ] {
        let dry = ras(&[&arguments[..], &["--dry-run"]].concat());
        assert!(summary(&dry).ends_with(reason) && dry.code == 2, "{}", dry.stdout);
        let run = ras(&arguments);
        assert_eq!((run.code, summary(&run)), (2, format!("{kinds}; {reason}{after}").as_str()));
        assert!(run.stdout.contains("kernel panic: Fatal machine check"), "{}", run.stdout);
    }
    // What the archive keeps is kept, and cleared.
    let run = ras(&[&arguments[..], &["--archive", text(&archive), "--clear"]].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(
        summary(&run),
        "3 records: 1 fatal machine check, 1 fatal kernel log in 2 parts; archived, cleared"
    );
    // What is no record at all is said.
    let run = ras(&["collect", &data("tables/qemu-q35-ERST.bin")]);
    assert!(summary(&run).contains("1 ERST table left out"), "{}", run.stdout);
}

/// "archived", "recorded" and "cleared" are said of what was done.
#[test]
fn what_failed_is_not_called_done() {
    let folder = folder("done");
    let image = folder.join("log.img");
    copy("erst-images/mce-intel.img", &image);
    let (json, archive) = (folder.join("json"), folder.join("archive"));
    let full = ["--json", "/dev/full"];
    let run = ras(&[&["collect", text(&image), "--clear", "--archive", text(&archive)], &full[..]].concat());
    assert_eq!(run.code, 3);
    assert_eq!(
        summary(&run),
        "3 records: 1 fatal machine check, 1 fatal kernel log in 2 parts; archived; failed: JSON file /dev/full"
    );
    let run = ras(&[&["collect", text(&image)], &full[..]].concat());
    assert!(run.code == 3 && !run.stdout.contains("recorded"), "{}", run.stdout);
    // An archive that takes nothing.
    let nowhere = "/proc/ras-collect-test";
    let run = ras(&["collect", text(&image), "--clear", "--archive", nowhere, "--json", text(&json)]);
    assert_eq!(run.code, 3);
    let end = format!("; recorded; failed: archive {nowhere}");
    assert!(summary(&run).ends_with(&end) && !run.stdout.contains("archived"), "{}", run.stdout);
    assert_eq!(keys(&json).len(), 3);
}

/// An output may be rotated, moved or emptied: the archive knows what it was given.
#[test]
fn a_rotated_output_is_given_nothing_twice() {
    let folder = folder("rotated");
    let archive = folder.join("archive");
    let image = folder.join("log.img");
    copy("erst-images/mce-intel.img", &image);
    let bert = data("bert/bert-region.bin");
    let names = ["json", "sqlite", "parquet", "prom"];
    let outputs = names.map(|name| folder.join(name));
    let options: Vec<String> = names
        .iter()
        .zip(&outputs)
        .flat_map(|(name, path)| [format!("--{}", name.replace("prom", "prometheus")), text(path).to_owned()])
        .collect();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let run = |sources: &[&str], more: &[&str]| {
        ras(&[&["collect"], sources, &["--archive", text(&archive)], &options, more].concat())
    };
    let first = run(&[text(&image)], &[]);
    assert_eq!((first.code, first.stderr.as_str()), (0, ""));
    let before = keys(&outputs[0]);
    assert_eq!(before.len(), 3);
    for path in outputs.iter().chain([&folder.join("prom.events")]) {
        fs::rename(path, format!("{}.1", path.display())).unwrap();
    }
    let second = run(&[text(&image)], &[]);
    assert_eq!((second.code, summary(&second)), (0, "no new records; 3 collected already"));
    assert_eq!(fs::read(&outputs[0]).unwrap(), b"");
    assert!(!outputs[2].exists());
    let counts = fs::read_to_string(&outputs[3]).unwrap();
    assert!(!counts.contains("ras_errors_total{"), "{counts}");
    // What is new goes where it always went, and the archive says that it is not told twice again.
    let third = run(&[text(&image), &bert], &[]);
    let new = keys(&outputs[0]);
    assert!(third.code == 0 && !new.is_empty(), "{}", third.stdout);
    assert!(new.iter().all(|key| !before.contains(key)));
    fs::remove_file(&outputs[0]).unwrap();
    run(&[text(&image), &bert], &[]);
    assert_eq!(keys(&outputs[0]), Vec::<String>::new());

    // A new output is given all that is found, as if it had been there from the first; with the archive as a source that
    // is all there ever was.
    let other = folder.join("other");
    let run = ras(&["collect", text(&archive), "--archive", text(&archive), "--json", text(&other)]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let all: BTreeSet<String> = before.into_iter().chain(new).collect();
    assert_eq!(keys(&other).into_iter().collect::<BTreeSet<_>>(), all);
    // Ledgers are no records.
    assert!(!summary(&run).contains("other kinds"), "{}", run.stdout);
    let decoded = ras(&["decode", "-q", text(&archive)]);
    assert_eq!((decoded.code, decoded.stderr.as_str()), (0, ""));
    // Without the archive a file knows only what is in it.
    fs::write(&other, b"").unwrap();
    ras(&["collect", text(&image), "--json", text(&other)]);
    assert_eq!(keys(&other).len(), 3);
    // A pipe is another one each time.
    for _ in 0..2 {
        let run = ras(&["collect", text(&image), "--archive", text(&archive), "--json", "-"]);
        assert_eq!(run.stdout.lines().count(), 2);
    }
}

/// A run that only tells what it would do says where, and from where.
#[test]
fn a_dry_run_names_what_it_would_do() {
    let root = folder("dry");
    let pstore = root.join("sys/fs/pstore");
    for (name, bytes) in parts_of("mce-intel") {
        fs::create_dir_all(&pstore).unwrap();
        fs::write(pstore.join(name), bytes).unwrap();
    }
    copy("bert/sysfs-data-BERT-after-boot.bin", &root.join("sys/firmware/acpi/tables/data/BERT"));
    let run = ras(&[
        "collect",
        "--root",
        text(&root),
        "--clear",
        "--dry-run",
        "--json",
        "e.json",
        "--sqlite",
        "r.db",
    ]);
    let root = text(&root);
    let plan: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("would ")).collect();
    let expected = [
        format!("would archive in {root}/var/lib/ras/archive"),
        "would record in JSON file e.json".to_owned(),
        "would record in rasdaemon's database r.db".to_owned(),
        format!(
            "would leave 6 records in {root}/sys/firmware/acpi/tables/data/BERT: firmware makes the BERT region anew at each boot"
        ),
        format!("would clear 2 records from {root}/sys/fs/pstore"),
    ];
    assert_eq!((plan, run.code), (expected.iter().map(String::as_str).collect(), 0));
    assert!(!summary(&run).contains("recorded") && !summary(&run).contains("cleared"), "{}", run.stdout);
    assert!(!Path::new(root).join("var").exists());
    let nothing = ras(&["collect", "--dry-run", &data("erst-images/mce-intel.img")]);
    assert!(nothing.stdout.contains("would keep nothing: no output is named"), "{}", nothing.stdout);
}

/// Kernel logs are nobody else's business: what is made is for its owner, and a group that is named.
#[test]
fn files_are_for_their_owner() {
    let folder = folder("modes");
    let image = data("erst-images/mce-intel.img");
    let group = fs::metadata(&folder).unwrap().gid().to_string();
    let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().mode() & 0o777;
    let files = ["json", "db", "parquet", "prom.events"];
    let run = |more: &[&str]| {
        let paths = ["json", "db", "parquet", "prom", "archive"].map(|name| folder.join(name));
        let [json, db, parquet, prom, archive] = paths.each_ref().map(|path| text(path));
        let outputs = [
            "--json",
            json,
            "--sqlite",
            db,
            "--parquet",
            parquet,
            "--prometheus",
            prom,
            "--archive",
            archive,
        ];
        let run = ras(&[&["collect", &image][..], &outputs, more].concat());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    };
    for (more, expected, of_folders) in [(&[][..], 0o600, 0o700), (&["--group", &group], 0o640, 0o750)] {
        run(more);
        for name in files {
            assert_eq!(mode(name), expected, "{name}");
        }
        for folder in ["archive", "archive/.outputs"] {
            assert_eq!(mode(folder), of_folders, "{folder}");
        }
        for (name, _) in contents(&folder.join("archive")) {
            assert_eq!(mode(&format!("archive/{name}")), expected, "{name}");
        }
        // The node exporter is another user.
        assert_eq!(mode("prom"), 0o644);
        // A file that is there keeps what it has, one that is replaced too.
        for name in files {
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o644)).unwrap();
        }
        fs::remove_dir_all(folder.join("archive")).unwrap();
        let more_records = data("gesb/mem-ce-ddr.gesb");
        run(&[more, &[&more_records]].concat());
        for name in files {
            assert_eq!(mode(name), 0o644, "{name}");
        }
        for name in files {
            fs::remove_file(folder.join(name)).unwrap();
        }
        fs::remove_file(folder.join("prom")).unwrap();
        fs::remove_dir_all(folder.join("archive")).unwrap();
    }
    let run = ras(&["collect", &image, "--group", "no such group"]);
    assert!(run.code == 1 && run.stderr.contains("--group no such group: "), "{}", run.stderr);
}

/// No link that somebody else can have put there is followed, and no file of somebody else is written to.
#[test]
fn no_link_is_followed() {
    let folder = folder("links");
    let image = data("erst-images/mce-intel.img");
    let victim = folder.join("victim");
    let shared = folder.join("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
    for target in [&victim, &folder.join("absent")] {
        for (option, name, link) in [
            ("--json", "x", "x"),
            ("--sqlite", "x", "x"),
            ("--parquet", "x", "x"),
            ("--parquet", "x", ".x.new"),
            ("--prometheus", "x", "x"),
            ("--prometheus", "x", ".x.new"),
            ("--prometheus", "x", "x.events"),
        ] {
            fs::write(&victim, b"").unwrap();
            for (name, _) in contents(&shared) {
                fs::remove_file(shared.join(name)).unwrap();
            }
            std::os::unix::fs::symlink(target, shared.join(link)).unwrap();
            let run = ras(&["collect", &image, option, text(&shared.join(name))]);
            assert_eq!(run.code, 3, "{option} {link}: {}", run.stdout);
            assert!(run.stderr.contains("link"), "{option} {link}: {}", run.stderr);
            assert_eq!(fs::read(&victim).unwrap(), b"", "{option} {link}");
            assert!(!folder.join("absent").exists(), "{option} {link}");
            fs::remove_file(shared.join(link)).unwrap();
        }
    }
    // Nor a file that has another name elsewhere.
    fs::write(&victim, b"kept").unwrap();
    fs::hard_link(&victim, shared.join(".x.new")).unwrap();
    let run = ras(&["collect", &image, "--parquet", text(&shared.join("x"))]);
    assert_eq!((run.code, fs::read(&victim).unwrap()), (3, b"kept".to_vec()), "{}", run.stderr);
    // Where nobody else can have made it, a link is what its owner wants.
    let (own, far) = (folder.join("own"), folder.join("far"));
    fs::create_dir_all(&far).unwrap();
    fs::create_dir_all(&own).unwrap();
    for option in ["--json", "--sqlite", "--parquet", "--prometheus"] {
        std::os::unix::fs::symlink(far.join(option), own.join(option)).unwrap();
        let run = ras(&["collect", &image, option, text(&own.join(option))]);
        assert!(far.join(option).is_file() && own.join(option).is_symlink(), "{option}: {}", run.stderr);
    }
    assert_eq!(keys(&far.join("--json")).len(), 3);
    // A name for a descriptor of this process.
    let run = ras(&["collect", "-q", &image, "--json", "/dev/stdout"]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 3), "{}", run.stderr);
}

/// A user who may read a dump collects it; one who may not is told.
#[test]
fn no_privilege_is_needed_but_to_read() {
    let folder = folder("user");
    // Other users get into it from here only.
    let program = std::env::temp_dir().join(format!("ras-collect-user-{}", std::process::id()));
    fs::create_dir_all(&program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o777)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_ras"), program.join("ras")).unwrap();
    for name in ["open", "shut"] {
        copy("erst-images/mce-intel.img", &program.join(name));
    }
    fs::set_permissions(program.join("shut"), fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = if fs::metadata("/proc/self").unwrap().uid() == 0 {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program.join("ras"));
        command
    } else {
        Command::new(program.join("ras"))
    };
    command
        .arg("collect")
        .arg(program.join("shut"))
        .arg(program.join("open"))
        .arg("--json")
        .arg(program.join("json"));
    let run = finished(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let lines = keys(&program.join("json")).len();
    fs::remove_dir_all(&program).unwrap();
    assert!(run.stderr.contains("shut: Permission denied"), "{}", run.stderr);
    assert_eq!((run.code, lines), (2, 3));
    drop(folder);
}

/// 100,000 files in a folder: each is read, in the order of names.
#[test]
fn a_folder_of_many_files() {
    let folder = Path::new("/dev/shm").join(format!("ras-many-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let record = fs::read(path("records/mce-intel.01-6b02986900000001.cper")).unwrap();
    let files = 100_000_u64;
    for number in 0..files {
        let mut record = record.clone();
        record[96..104].copy_from_slice(&(number + 1).to_le_bytes());
        fs::write(folder.join(format!("{number:06}")), &record[..]).unwrap();
    }
    let json = folder.with_extension("json");
    let _ = fs::remove_file(&json);
    let run = ras(&["collect", "-q", text(&folder), "--json", text(&json)]);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("100000 records: "), "{}", run.stdout);
    let written = fs::read_to_string(&json).unwrap();
    fs::remove_file(&json).unwrap();
    let ids: Vec<u64> =
        written.lines().map(|line| u64::from_str_radix(&line[8 + 37..8 + 53], 16).unwrap()).collect();
    assert!(ids.iter().copied().eq(1..=files), "{} lines, not in order", ids.len());
}

/// journald is told how bad a line is.
#[test]
fn lines_for_the_journal_have_levels() {
    let folder = folder("journal");
    let log = fs::File::create(folder.join("log")).unwrap();
    let metadata = log.metadata().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_ras"))
        .args(["collect", &data("erst-images/mce-intel.img"), "gone"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .env("JOURNAL_STREAM", format!("{}:{}", metadata.dev(), metadata.ino()))
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
    let written = fs::read_to_string(folder.join("log")).unwrap();
    let levels: Vec<&str> = written.lines().map(|line| &line[..3]).collect();
    assert_eq!(levels, ["<4>", "<2>", "<2>", "<6>"], "{written}");
}

/// Whatever it is: `ras collect` writes the object that `ras decode` writes, with keys in front.
#[test]
fn objects_are_those_of_decode() {
    let mut count = 0;
    let named = [("gesb", "gesb"), ("records", "cper"), ("mce", "mce"), ("ghes", "gesb"), ("bert", "bin")];
    let named = named.into_iter().filter(|(folder, ending)| {
        let is_one = |entry: fs::DirEntry| entry.path().extension().is_some_and(|found| found == *ending);
        fs::read_dir(path(folder)).unwrap().any(|entry| is_one(entry.unwrap()))
    });
    for file in named.flat_map(|(folder, ending)| common::files(folder, ending)).chain(images()) {
        let run = ras(&["collect", &data(&file), "--json", "-"]);
        let mut collected: Vec<Value> =
            run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for object in &mut collected {
            assert!(object.as_object_mut().unwrap().remove("key").is_some(), "{object}");
            object.as_object_mut().unwrap().remove("part_keys");
        }
        let mut decoded = common::ras_json(&[&data(&file)]);
        assert!(
            collected.iter().all(|object| decoded.contains(object)),
            "{file}: {collected:#?} {decoded:#?}"
        );
        // Of a bad part and of a table no output keeps a record.
        decoded.retain(|object| object["kind"] != "bad" && object["kind"] != "erst_table");
        assert!(
            decoded.iter().all(|object| collected.contains(object)),
            "{file}: {collected:#?} {decoded:#?}"
        );
        count += decoded.len();
    }
    assert!(count > 100, "{count}");
}
