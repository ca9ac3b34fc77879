//! Every captured file, every input of the minimised corpus and every past finding, without a fuzzer.

use std::path::{Path, PathBuf};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The inputs of a corpus, each with its length in two bytes before it: `corpus.py`.
fn inputs(mut corpus: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = corpus.split_first_chunk()?;
        let (input, rest) = rest.split_at(usize::from(u16::from_le_bytes(*length)));
        corpus = rest;
        Some(input)
    })
}

#[test]
fn captured_data_and_findings_hold() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(&here.join("../examples/data"), &mut found);
    assert!(found.len() > 300, "only {} captured files", found.len());
    files(&here.join("findings"), &mut found);
    for path in found {
        let bytes = std::fs::read(&path).expect("the file can be read");
        println!("{}", path.display());
        for (name, target) in fuzz::TARGETS {
            println!("{name}");
            target(&bytes);
            target(&bytes[..bytes.len() / 2]);
        }
        if bytes.len() < 1 << 14 {
            println!("program, every form");
            fuzz::every_form(&bytes);
        }
    }
}

#[test]
fn the_minimised_corpus_holds() {
    for (name, target) in fuzz::TARGETS {
        let corpus = std::fs::read(format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR")));
        let corpus = corpus.unwrap_or_else(|error| panic!("the corpus of {name}: {error}"));
        for (number, input) in inputs(&corpus).enumerate() {
            println!("{name}, input {number}");
            target(input);
        }
    }
}
