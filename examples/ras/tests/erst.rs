//! `ras erst` on copies of captured images.

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use common::{data, path, ras, ras_with_input};

/// A copy of an image, to be changed.
fn copy(image: &str, name: &str) -> String {
    let copy = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::copy(path(&format!("erst-images/{image}")), &copy).unwrap();
    copy.into_os_string().into_string().unwrap()
}

/// The lines that show a record.
fn listed(image: &str) -> Vec<String> {
    let run = ras(&["erst", image, "list"]);
    assert_eq!(run.stderr, "");
    run.stdout.lines().filter(|line| line.contains(" 0x0")).map(str::to_owned).collect()
}

#[test]
fn images_are_listed() {
    let run = ras(&["erst", &data("erst-images/pstore-rm.img"), "list"]);
    common::expect("erst-list.txt", &run.stdout);
    assert_eq!(run.code, 0);
    let broken = ras(&["erst", &data("erst-images/synbad.img"), "list"]);
    assert!(broken.code == 2 && broken.stdout.contains("slot 3: signature"), "{}", broken.stdout);
    let none = ras(&["erst", &data("tables/BERT.bin"), "list"]);
    assert!(none.code == 1 && none.stderr.contains("magic"), "{}", none.stderr);
}

#[test]
fn a_record_is_read_as_it_was_stored() {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("read.cper");
    for id in ["0x6b02986900000001", "7710893088750698497"] {
        let run = ras(&["erst", &data("erst-images/mce-intel.img"), "read", id, "-o", out.to_str().unwrap()]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert_eq!(
            fs::read(&out).unwrap(),
            fs::read(path("records/mce-intel.01-6b02986900000001.cper")).unwrap()
        );
    }
    let run = ras(&["erst", &data("erst-images/mce-intel.img"), "read", "5"]);
    assert!(run.code == 1 && run.stderr.contains("no record 5"), "{}", run.stderr);
}

/// An image is not written over with one of its records, by whatever name, whether it is mapped or read.
#[test]
fn a_record_is_not_written_over_its_image() {
    let image = copy("mce-intel.img", "over.img");
    let (link, name) = (format!("{image}.link"), format!("{image}.name"));
    for other in [&link, &name] {
        let _ = fs::remove_file(other);
    }
    std::os::unix::fs::symlink(&image, &link).unwrap();
    fs::hard_link(&image, &name).unwrap();
    let small = fs::read(&image).unwrap();
    for length in [small.len(), 2 << 20] {
        let image_file = fs::OpenOptions::new().append(true).open(&image).unwrap();
        image_file.set_len(length as u64).unwrap();
        let before = fs::read(&image).unwrap();
        for output in [&image, &link, &name] {
            let run = ras(&["erst", &image, "read", "0x6b02986900000001", "-o", output]);
            let told =
                format!("ras: {image}: {output}: it is the image: a record is not written over the others\n");
            assert_eq!((run.code, run.stderr), (1, told));
            assert!(fs::read(&image).unwrap() == before, "{output}");
        }
        let run = Command::new(env!("CARGO_BIN_EXE_ras"))
            .args(["erst", &image, "read", "0x6b02986900000001"])
            .stdout(image_file)
            .output()
            .unwrap();
        assert_eq!(run.status.code(), Some(1));
        assert!(fs::read(&image).unwrap() == before);
    }
}

/// Clear, then recover: the image is what it was.
#[test]
fn what_was_cleared_comes_back() {
    let image = copy("mce-intel.img", "clear.img");
    let before = fs::read(&image).unwrap();
    for id in ["0x6b02986900000002", "0x6b02986900000003"] {
        assert_eq!(ras(&["erst", &image, "clear", id]).code, 0);
    }
    assert_eq!(listed(&image).iter().filter(|line| line.ends_with("(cleared)")).count(), 2);
    let again = ras(&["erst", &image, "clear", "0x6b02986900000002"]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    let cleared = fs::read(&image).unwrap();
    // Copies of earlier tests.
    let copies = [format!("{image}.orig"), format!("{image}.orig.2")];
    for copy in &copies {
        let _ = fs::remove_file(copy);
    }
    let run = ras(&["erst", &image, "recover", "--in-place"]);
    let said = format!("{} is a copy of it as it was\nslot 2 is back\nslot 3 is back\n", copies[0]);
    assert_eq!((run.code, run.stdout), (0, said));
    assert_eq!(fs::read(&image).unwrap(), before);
    assert_eq!(fs::read(&copies[0]).unwrap(), cleared);
    assert_eq!(fs::metadata(&copies[0]).unwrap().mode() & 0o777, 0o600);
    assert_eq!(ras(&["erst", &image, "recover", "--in-place"]).code, 1);
    // No copy is made for nothing, and none is written over.
    assert!(!fs::exists(&copies[1]).unwrap());
    fs::write(&image, &cleared).unwrap();
    let run = ras(&["erst", &image, "recover", "3", "--in-place"]);
    assert_eq!(run.stdout, format!("{} is a copy of it as it was\nslot 3 is back\n", copies[1]));
    assert_eq!(
        [&copies[0], &copies[1]].map(|copy| fs::read(copy).unwrap()),
        [&cleared, &cleared].map(Clone::clone)
    );
    // A link in the copy's place leads nowhere.
    let victim = format!("{image}.victim");
    fs::write(&victim, "kept").unwrap();
    fs::write(&image, &cleared).unwrap();
    fs::remove_file(&copies[0]).unwrap();
    fs::remove_file(&copies[1]).unwrap();
    std::os::unix::fs::symlink(&victim, &copies[0]).unwrap();
    assert_eq!(ras(&["erst", &image, "recover", "--in-place"]).code, 0);
    assert_eq!(fs::read(&victim).unwrap(), b"kept");
    assert_eq!(fs::read(&copies[1]).unwrap(), cleared);
}

/// Looking for cleared records and taking them out leaves the image as it is.
#[test]
fn evidence_is_not_changed_by_looking() {
    let image = copy("mce-intel.img", "evidence.img");
    let id = "0x6b02986900000001";
    assert_eq!(ras(&["erst", &image, "clear", id]).code, 0);
    let cleared = fs::read(&image).unwrap();
    let record = fs::read(path("records/mce-intel.01-6b02986900000001.cper")).unwrap();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("evidence");
    let _ = fs::remove_dir_all(&folder);
    let out = folder.to_str().unwrap();
    let run = ras(&["erst", &image, "recover"]);
    let listed: Vec<&str> = run.stdout.lines().skip(1).collect();
    assert_eq!((run.code, listed.len()), (0, 1), "{}", run.stdout);
    assert!(
        listed[0].contains("1  7710893088750698497 ") && listed[0].ends_with("machine check"),
        "{listed:?}"
    );
    assert!(!folder.exists());
    for slot in [&[][..], &["1"]] {
        let _ = fs::remove_dir_all(&folder);
        let run = ras(&[&["erst", &image, "recover", "-o", out], slot].concat());
        let file = folder.join("slot-1-6b02986900000001.cper");
        assert_eq!((run.code, run.stdout), (0, format!("slot 1 is in {}\n", file.display())));
        assert_eq!(fs::read(&file).unwrap(), record);
    }
    // What is there is not written over.
    assert_eq!(ras(&["erst", &image, "recover", "-o", out]).code, 1);
    let run = ras(&["erst", &image, "recover", "2"]);
    assert!(run.code == 1 && run.stderr.contains("slot 2: no cleared record is there"), "{}", run.stderr);
    assert_eq!(fs::read(&image).unwrap(), cleared);
    assert!(!fs::exists(format!("{image}.orig")).unwrap());
}

/// What is written is read back; over an old one only where that is asked for; nothing is changed by a refusal.
#[test]
fn records_are_written() {
    let image = copy("fill.img", "write.img");
    let record = fs::read(path("records/syn-foreign-creator.cper")).unwrap();
    let run = ras_with_input(&["erst", &image, "write", "-"], &record);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("written.cper");
    assert_eq!(ras(&["erst", &image, "read", "1234605616436477956", "-o", out.to_str().unwrap()]).code, 0);
    assert_eq!(fs::read(&out).unwrap(), record);

    let full = fs::read(&image).unwrap();
    let mut other = record.clone();
    other[200 + 16] ^= 0xff;
    let run = ras_with_input(&["erst", &image, "write", "-"], &other);
    assert!(run.code == 1 && !run.stderr.is_empty(), "{}", run.stderr);
    assert_eq!(fs::read(&image).unwrap(), full);
    assert_eq!(ras_with_input(&["erst", &image, "write", "--in-place", "-"], &other).code, 0);
    ras(&["erst", &image, "read", "1234605616436477956", "-o", out.to_str().unwrap()]);
    assert_eq!(fs::read(&out).unwrap(), other);
    let run = ras_with_input(&["erst", &image, "write", "-"], b"not a record");
    assert_eq!(run.code, 1, "{}", run.stderr);
}
