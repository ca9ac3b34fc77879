//! Every captured file and every past finding through every target, without a fuzzer.

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

#[test]
fn captured_data_and_findings_hold() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(&here.join("../examples/data"), &mut found);
    assert!(found.len() > 300, "only {} captured files", found.len());
    files(&here.join("findings"), &mut found);
    for path in found {
        let bytes = std::fs::read(&path).expect("the file can be read");
        for target in
            [fuzz::record, fuzz::status_block, fuzz::mce, fuzz::erst_table, fuzz::erst_image, fuzz::stored]
        {
            target(&bytes);
            target(&bytes[..bytes.len() / 2]);
        }
    }
}
