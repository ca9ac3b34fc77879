//! What kernels wrote to ERST, read by this crate, against what kernels themselves showed of it.

mod common;

use common::{body, files, id_of, read};
use pstore_format::ErrorKind;
use pstore_format::dmesg::{Header, Part, Piece, dumps, lines};
use pstore_format::inflate::{Compression, Inflater};
use pstore_format::names::FileName;

/// Every captured dump: image and record, its text as an independent script inflated it.
fn dumped() -> Vec<(String, String)> {
    let texts =
        files("records").into_iter().filter_map(|name| Some(name.strip_suffix(".dmesg.txt")?.to_owned()));
    let named: Vec<_> = texts.map(|stem| (stem.split('.').next().unwrap().to_owned(), stem)).collect();
    assert_eq!(named.len(), 30);
    named
}

#[test]
fn every_captured_log_has_the_bytes_the_kernel_saw() {
    let mut inflater = Inflater::new();
    let mut compressed = 0;
    for (_, stem) in dumped() {
        let (stored, expected) = (body(&stem), read(format!("records/{stem}.dmesg.txt")));
        if stored == expected {
            continue;
        }
        let mut text = vec![0xA5; 32768];
        let inflated = inflater.inflate(&stored, &mut text).unwrap();
        assert_eq!((inflated.compression, inflated.unused), (Compression::Deflate, 0), "{stem}");
        assert_eq!(text[..inflated.length], expected, "{stem}");
        compressed += 1;
    }
    assert_eq!(compressed, 17);
}

/// The text of a stored body, inflated when it is compressed.
fn text_of(body: &[u8]) -> Vec<u8> {
    if Header::parse(body).is_some() {
        return body.to_vec();
    }
    let mut text = vec![0; 32768];
    let inflated = Inflater::new().inflate(body, &mut text).unwrap();
    text.truncate(inflated.length);
    text
}

#[test]
fn every_log_the_kernel_showed_comes_from_its_record() {
    let mut shown = 0;
    for folder in files("pstore") {
        let image = folder.strip_suffix("-list").unwrap_or(&folder);
        let listing = String::from_utf8(read(format!("pstore/{folder}/LISTING.txt"))).unwrap();
        for line in listing.lines() {
            let mut columns = line.strip_prefix("/sys/fs/pstore/").unwrap().split(' ');
            let (name, size) = (columns.next().unwrap(), columns.next().unwrap().parse::<usize>().unwrap());
            let parsed = FileName::parse(name).unwrap();
            assert_eq!((parsed.to_string().as_str(), parsed.backend), (name, "erst"));
            let content = read(format!("pstore/{folder}/{name}"));
            assert_eq!(content.len(), size);
            let stem = records_of(image).into_iter().find(|stem| Some(id_of(stem)) == parsed.id).unwrap();
            if parsed.kind == "dmesg" && !parsed.compressed {
                assert_eq!(text_of(&body(&stem)), content, "{name}");
                shown += 1;
            }
        }
    }
    assert_eq!(shown, 15);
}

fn records_of(image: &str) -> Vec<String> {
    let bodies = files("records").into_iter().filter_map(|name| Some(name.strip_suffix(".sec0")?.to_owned()));
    bodies.filter(|stem| stem.split('.').next() == Some(image)).collect()
}

/// The dumps of an image: each its parts' numbers in reading order.
fn dumps_of(image: &str) -> Vec<Vec<u32>> {
    let stems: Vec<_> = dumped().into_iter().filter(|(of, _)| of == image).map(|(_, stem)| stem).collect();
    let texts: Vec<_> = stems.iter().map(|stem| text_of(&body(stem))).collect();
    let mut parts: Vec<_> = texts
        .iter()
        .zip(&stems)
        .enumerate()
        .map(|(index, (text, stem))| Part::erst(Header::parse(text).unwrap().0, id_of(stem), None, index))
        .collect();
    parts.reverse();
    parts.sort();
    dumps(&parts)
        .map(|dump| {
            let pieces = dump.pieces().map(|piece| match piece {
                Piece::Part(part) => part.header.part,
                Piece::Missing(parts) => panic!("{image}: parts {parts:?} are missing"),
            });
            pieces.collect()
        })
        .collect()
}

#[test]
fn captured_logs_read_forward_in_one_dump_each() {
    for (image, parts) in [
        ("crash-z", vec![2, 1]),
        ("crash-z-multi", vec![3, 2, 1]),
        ("crash-none", vec![2, 1]),
        ("crash-none-multi", vec![4, 3, 2, 1]),
        ("crash612", vec![3, 2, 1]),
        ("mce-intel", vec![2, 1]),
        ("mce-amd", vec![2, 1]),
        ("ghesfatal", vec![2, 1]),
    ] {
        assert_eq!(dumps_of(image), [parts], "{image}");
    }
    // Made by hand, every record a part 1.
    assert_eq!(dumps_of("syn"), [[1], [1]]);
}

#[test]
fn captured_logs_run_from_the_first_message_to_the_last() {
    for (image, count) in [("crash-none-multi", 403), ("crash-z-multi", 1000), ("crash612", 419)] {
        let mut stems = records_of(image);
        stems.reverse();
        let texts: Vec<_> = stems.iter().map(|stem| text_of(&body(stem))).collect();
        let all: Vec<_> = texts.iter().flat_map(|text| lines(Header::parse(text).unwrap().1)).collect();
        let (first, last) = (all.first().unwrap(), all.last().unwrap());
        assert_eq!((first.level(), first.facility(), first.time), (Some(5), Some(0), Some(0)), "{image}");
        assert!(first.text.starts_with(b"Linux version 6."), "{image}");
        assert_eq!((last.level(), last.facility()), (Some(0), Some(0)), "{image}");
        assert!(last.text.starts_with(b"Kernel Offset: 0x"), "{image}");
        assert!(all.iter().all(|line| line.time.is_some() && line.caller.is_none()), "{image}");
        assert_eq!(all.len(), count, "{image}");
    }
}

#[test]
fn a_stream_the_kernel_could_not_read_is_an_error_with_its_place() {
    // The kernel showed this record as it was stored: `.enc.z`.
    let stored = body("synbad.01-3000000000000001");
    assert_eq!(stored, read("pstore/synbad/dmesg-erst-3458764513820540929.enc.z"));
    let mut text = vec![0; 32768];
    let error = Inflater::new().inflate(&stored, &mut text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt { compression: Compression::Deflate, decoded: 1358 });
    assert_eq!(error.offset(), 289);
    assert!(body("synbad.04-3000000000000004").starts_with(&text[..1000]));
}
