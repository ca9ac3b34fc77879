//! `ras erst` on copies of captured images.

mod common;

use std::fs;
use std::path::PathBuf;

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
    let run = ras(&["erst", &image, "recover"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "slot 2 is back\nslot 3 is back\n"));
    assert_eq!(fs::read(&image).unwrap(), before);
    assert_eq!(ras(&["erst", &image, "recover"]).code, 1);
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
