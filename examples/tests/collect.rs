//! `ras collect` over captured data: what is collected, that nothing is doubled, lost, or cleared before its time, and
//! what it says when something fails.

// The names are the program's own.
#![allow(clippy::case_sensitive_file_extension_comparisons)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Run, data, finished, path, ras};
use serde_json::Value;

/// A new folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("collect").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn copy(from: &str, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(path(from), to).unwrap();
}

/// The files below a folder with their bytes, sorted by name.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// The keys in a file of JSON lines.
fn keys(json: &Path) -> Vec<String> {
    lines(json).iter().map(|line| line["key"].as_str().unwrap().to_owned()).collect()
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
        assert_eq!(lines(&json).len(), keys.len(), "{image}");
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
        assert_eq!(summary(&run), seen);
        compared += there;
    }
    assert!(compared >= 14, "{compared}");

    // Variables of EFI and the kernel's files of them.
    let json = folder.join("efi.json");
    let run = ras(&["collect", &data("efi"), "--json", text(&json)]);
    assert_eq!(summary(&run), "20 records: 20 parts of kernel log; recorded; 20 collected already");
    // A region of ramoops and the kernel's file of it, ECC or not.
    for name in ["6.1", "6.12", "6.12-damaged"] {
        let json = folder.join(format!("{name}.json"));
        let (region, file) = (data(&format!("ramoops/{name}.bin")), folder.join("dmesg-ramoops-0"));
        copy(&format!("ramoops/{name}.dmesg-ramoops-0"), &file);
        let run = ras(&["collect", &region, text(&file), "--json", text(&json)]);
        assert_eq!(summary(&run), "1 record: 1 part of kernel log; recorded; 1 collected already", "{name}");
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
    assert!(summary(&run).contains("files are not"), "{}", summary(&run));

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

/// JSON on standard output is all there is on it.
#[test]
fn standard_output_takes_lines() {
    let run = ras(&["collect", &data("erst-images/mce-intel.img"), "--json", "-"]);
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((run.code, lines.len()), (0, 3));
    assert_eq!(run.stderr, "ras: 3 records: 1 fatal machine check, 2 parts of kernel log; recorded\n");
    assert_eq!(lines[1]["kind"], "kernel_log");
    assert_eq!(lines[1]["sections"].as_array().unwrap().len(), 1);
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
        command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
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

    // Two runs at once do not write one file.
    for locked in [&json, &archive] {
        let held = fs::File::open(locked).unwrap();
        rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
        let run = ras(&["collect", &image, "--archive", text(&archive), "--json", text(&json)]);
        assert_eq!(run.code, 3);
        assert!(run.stderr.contains("another run is writing"), "{}", run.stderr);
    }
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
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
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
