//! Captured records for the tests of sinks.

use std::fs;
use std::path::{Path, PathBuf};

use cper::Guid;

use crate::event::Event;
use crate::found::What;
use crate::scan::File;
use crate::{input, scan};

use super::parts::Parts;
use super::source::Source;
use super::{Collected, Key, Record};

/// A folder of a test's own.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ras-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The folder of captured data.
pub fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data")
}

/// Gives each event in captured files to a sink; a file that holds nothing known has none.
pub fn collected(files: &[impl AsRef<Path>], mut sink: impl FnMut(&Collected<'_, '_>)) {
    for name in files {
        let (name, path) = (name.as_ref().to_string_lossy(), data().join(name));
        let file = File::new(name.into_owned(), input::load(&path).unwrap(), None);
        let Some(content) = file.content else { continue };
        let scan = scan::scan(&file, content, false, &mut |_| ());
        let (source, mut parts) = (Source::named(&path, &path), Parts::default());
        for found in scan.found {
            let Some(key) = Key::of(&found, Guid::ZERO) else { continue };
            if let What::Part(part) = &found.what {
                parts.hold(&source, &path, key, &found, part);
                continue;
            }
            let records = [Record { key, raw: found.raw }];
            sink(&Collected { key: &key, records: &records, event: &Event::of(found) });
        }
        parts.logs(|collected, _| sink(collected));
    }
}
