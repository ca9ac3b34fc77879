//! The program's own path: bytes are recognised, walked over, told and written, as `ras decode` does it.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use ras::event::{Event, utc};
use ras::found::{Content, Found, Part, What};
use ras::input::Bytes;
use ras::key::Key;
use ras::scan::{File, Step};
use ras::text::{Detail, Text};
use ras::trace::ring_buffer::Formats;
use ras::{dmesg, json, kernel, scan, trace};

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
const FORMS: usize = 7;

fn path(bytes: &[u8], name: &str, form: usize) {
    let file = File::new(name.into(), Bytes::Read(bytes.to_vec()), None);
    let length = file.bytes.len();
    let Some(content) = file.content.filter(|_| length <= LONGEST) else { return traced(bytes, form) };
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
    if form % FORMS == 6 {
        return found.iter().for_each(|one| _ = Key::of(one, cper::Guid::ZERO));
    }
    let events: Vec<Event<'_>> = dmesg::assemble(found).into_iter().map(Event::of).collect();
    let texts = events.iter().map(|event| text_length(&event.found)).sum::<usize>();
    let mut out = Counted(0);
    write(&mut out, events, form % FORMS).expect("nothing refuses the text");
    let linear = (16 << 10) + 512 * length;
    // What a compressed log inflates to is bounded by itself.
    if out.0 > linear {
        assert!(out.0 <= linear + 8 * texts, "{} bytes of output for {length}, {texts} of text", out.0);
    }
}

/// The format files of a kernel.
static FORMATS: LazyLock<Formats> = LazyLock::new(|| {
    macro_rules! file {
        ($name:literal) => {
            include_str!(concat!("../../examples/data/tracepoints/6.12/events/", $name))
        };
    }
    let events = [
        file!("ras/mc_event/format"),
        file!("ras/aer_event/format"),
        file!("ras/arm_event/format"),
        file!("ras/extlog_mem_event/format"),
        file!("ras/non_standard_event/format"),
        file!("mce/mce_record/format"),
    ];
    Formats::parse(file!("header_page"), &events).expect("the kernel's own")
});

/// The same path for bytes of a trace, its text or its pages, as `ras events` does it.
fn traced(bytes: &[u8], form: usize) {
    let file = Arc::from("trace");
    for trace in [trace::text::read(&file, bytes), trace::ring_buffer::read(&file, bytes, 0, None, &FORMATS)]
    {
        assert!(trace.events.len() + trace.problems.len() <= bytes.len() + 1, "more events than bytes");
        let events = trace.events.iter().map(|event| Event::of(Found::traced(event))).collect();
        write(&mut Counted(0), events, form % 5).expect("nothing refuses the text");
    }
}

/// Bytes of the kernel logs in something found.
fn text_length(found: &Found<'_>) -> usize {
    let of_part = |part: &Part<'_>| {
        let length = part.text().0.len();
        assert!(length <= (32 << 10).max(16 * part.stored.len()), "{length} bytes of text");
        length
    };
    match &found.what {
        What::Log(log) => log.parts().map(of_part).sum(),
        _ => {
            let sections = found.sections();
            let logs = sections.iter().map(|section| match &section.content {
                Content::Log(part) => of_part(part),
                _ => 0,
            });
            logs.sum()
        }
    }
}

fn write(out: &mut Counted, mut events: Vec<Event<'_>>, form: usize) -> io::Result<()> {
    let text =
        |detail| Text { detail, columns: None, color: false, prefix: |_| "", time: utc, cut_logs: false };
    let all: Vec<&Event<'_>> = events.iter().collect();
    match form {
        0 => text(Detail::Normal).group(out, "file", &all, false),
        1 => text(Detail::Raw).group(out, "file", &all, true),
        2 => text(Detail::Lines).group(out, "file", &all, true),
        3 | 4 => json::write(out, &events, json::Extent { not_valid: form == 4, bytes: form == 4 }),
        _ => {
            // What is bad goes to standard error there.
            events.retain(|event| !event.found.is_bad());
            kernel::write(out, &events, form == 5, None)
        }
    }
}

/// Output of which the length alone is kept.
struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0 += text.len();
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
