//! The program's own path: bytes are recognised, walked over, told and written, as `ras decode` does it.

use std::io::{self, Write};

use ras::found::{Found, What};
use ras::input::Bytes;
use ras::key::Key;
use ras::scan::{File, Step};
use ras::text::{Detail, Text};
use ras::{dmesg, json, kernel, recognise, scan};

/// Names that say what bytes are where they do not say it themselves.
const NAMES: [&str; 8] = [
    "record",
    "dmesg-erst-7163286974713823233",
    "mce-erst-7163286974713823234",
    "unknown-efi-164",
    "dump-type0-11-1-1700000000-C-cfc8fc79-be2e-4ddc-97f0-9f98bfe298a0",
    "HwErrRec0001-414e6bdd-e47b-47cc-b244-bb61020cf516",
    "75a574e3-5052-4b29-8a8e-be2c6490b89d-6b02986900000001-d164887cc5194449970633e4a384a739.cper-mem-erst-1",
    "dmesg-ramoops-0.enc.z",
];

/// Bytes that pasted text stands for may be many more than its letters: of more than these nothing is asked.
const LONGEST: usize = 1 << 16;

/// Any bytes, in a file whose name the last of them chooses, written in the form that it chooses too.
pub fn program(bytes: &[u8]) {
    let choice = usize::from(bytes.last().copied().unwrap_or(0));
    path(bytes, NAMES[choice % NAMES.len()], choice / NAMES.len());
}

/// The same bytes by every name, in every form.
pub fn every_form(bytes: &[u8]) {
    for name in NAMES {
        (0..FORMS).for_each(|form| path(bytes, name, form));
    }
}

/// Forms of output, and the keys of events.
const FORMS: usize = 6;

fn path(bytes: &[u8], name: &str, form: usize) {
    let (bytes, text_form) = recognise::readable(Bytes::Read(bytes.to_vec()), name);
    let length = bytes.len();
    let file = File { name: name.into(), bytes, form: text_form };
    let Some(content) = recognise::recognise(&file.bytes, name).filter(|_| length <= LONGEST) else { return };
    let (mut found, mut reached, mut raw) = (Vec::new(), 0, 0);
    scan::visit(&file, content, form % 2 == 0, &mut |step| match step {
        Step::Found(one) => {
            raw += one.raw.len();
            found.push(one);
            assert!(found.len() <= length + 16, "findings are not linear in the bytes");
        }
        Step::Reached(offset) => {
            assert!(offset >= reached && offset <= length, "the scanner does not advance");
            reached = offset;
        }
    });
    assert!(raw <= length, "{raw} bytes were found in {length}");
    if form % FORMS == 5 {
        return found.into_iter().map(dmesg::alone).for_each(|one| _ = Key::of(&one, cper::Guid::ZERO));
    }
    let found = dmesg::assemble(found);
    let mut out = Bounded { left: (16 << 10) + 512 * length };
    write(&mut out, found, form % FORMS).expect("nothing refuses the text");
}

fn write(out: &mut Bounded, mut found: Vec<Found<'_>>, form: usize) -> io::Result<()> {
    let text = |detail| Text { detail, columns: None, prefix: |_| "" };
    match form {
        0 => text(Detail::Normal).group(out, "file", &found, false),
        1 => text(Detail::Raw).group(out, "file", &found, true),
        2 => text(Detail::Lines).group(out, "file", &found, true),
        3 => json::write(out, &found),
        _ => {
            // What is bad goes to standard error there.
            found.retain(|found| !matches!(found.what, What::Bad(_)));
            kernel::write(out, &found)
        }
    }
}

/// Output that may not grow faster than the bytes it tells.
struct Bounded {
    left: usize,
}

impl Write for Bounded {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(text.len()).expect("output is not linear in the bytes");
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
