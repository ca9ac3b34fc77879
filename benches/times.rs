//! What the panic path, the readers and the store cost in time, beside C and beside a copy of the finished bytes in the
//! same run: `cargo bench --manifest-path benches/Cargo.toml`. Nothing is held to a limit; instructions are, of the same
//! entry points (`benches/instructions`).
//!
//! It ends with a table of the medians. An argument picks the rows whose names hold it: `-- record`.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use benches::sections::*;
use benches::sim::*;
use benches::*;
use cper::fields::{Describe, Value, Visitor};
use cper::section::{Body, MemoryError};
use cper::zerocopy::FromZeros;
use cper::{
    FruText, GenericErrorData, Guid, NotificationType, Record, RecordHeader, RecordWriter, SectionDescriptor,
    SectionTypeId, Severity, StatusBlock, StatusBlockWriter,
};
use criterion::Criterion;
use mce_record::MceRecord;

unsafe extern "C" {
    fn cper_fill_mem(out: *mut u8, input: &MemoryInput);
    fn cper_fill_mem_patch(out: *mut u8, input: &MemoryInput);
    fn cper_fill_two(out: *mut u8, input: &MemoryInput, second: &MemoryInput);
    fn cper_fill_mce(out: *mut u8, mce: *const u8, id: u64);
    fn cper_fill_pcie(out: *mut u8, input: &MemoryInput, capability: *const u8, aer: *const u8);
    fn cper_fill_generic(out: *mut u8, input: &MemoryInput, brand: *const u8);
    fn cper_fill_arm(out: *mut u8, input: &MemoryInput);
    fn cper_fill_entries(out: *mut u8, len: usize, block: *const u8, block_len: usize, id: u64) -> usize;
    fn cper_read_mem(bytes: *const u8, len: usize) -> u64;
    fn cper_read_pcie(bytes: *const u8, len: usize) -> u64;
    fn cper_read_generic(bytes: *const u8, len: usize) -> u64;
    fn cper_read_arm(bytes: *const u8, len: usize) -> u64;
    fn cper_validate(bytes: *const u8, len: usize) -> i32;
    fn cper_seal(record: *mut u8, len: usize);
    fn cper_read_once(bytes: *const u8, len: usize) -> u64;
    fn cper_copy(out: *mut u8, from: *const u8, len: usize);
}

/// Where criterion keeps what it measured.
const MEASURED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/criterion");

/// What does the work, and so the columns of the table.
const COLUMNS: [&str; 3] = ["ours", "C", "copy"];

fn main() {
    let criterion = Criterion::default()
        .output_directory(Path::new(MEASURED))
        .sample_size(40)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(400));
    let _ = fs::remove_dir_all(MEASURED);
    let mut times = Times { criterion: criterion.configure_from_args(), rows: Vec::new() };
    writing(&mut times);
    reading(&mut times);
    sections(&mut times);
    stores(&mut times);
    times.print();
}

struct Times {
    criterion: Criterion,
    rows: Vec<String>,
}

impl Times {
    fn time<R>(&mut self, row: &str, column: &str, work: impl FnMut() -> R) {
        assert!(COLUMNS.contains(&column));
        let mut group = self.criterion.benchmark_group(row);
        let mut work = work;
        group.bench_function(column, |bencher| bencher.iter(&mut work));
        group.finish();
        if self.rows.last().is_none_or(|last| last != row) {
            self.rows.push(row.to_owned());
        }
    }

    /// Medians, and ours as a multiple of C's and of the copy's.
    fn print(&self) {
        println!(
            "{:46} {:>12} {:>12} {:>12} {:>8} {:>9}",
            "median, ns", "ours", "C", "copy", "ours/C", "ours/copy"
        );
        for row in &self.rows {
            let [ours, c, copy] = COLUMNS.map(|column| median(row, column));
            let Some(of_ours) = ours else { continue };
            let cell = |median: Option<f64>| median.map_or("-".into(), |median| format!("{median:.1}"));
            let ratio =
                |other: Option<f64>| other.map_or("-".into(), |other| format!("{:.2}", of_ours / other));
            let (of_c, of_copy) = (ratio(c), ratio(copy));
            println!("{row:46} {:>12} {:>12} {:>12} {of_c:>8} {of_copy:>9}", cell(ours), cell(c), cell(copy));
        }
    }
}

/// Nanoseconds of an iteration; `None` when it was not measured.
fn median(row: &str, column: &str) -> Option<f64> {
    let path: PathBuf = [MEASURED, row, column, "new", "estimates.json"].iter().collect();
    let estimates: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

fn values() -> MemoryInput {
    MemoryInput {
        year: 2026,
        month: 11,
        day: 22,
        hour: 6,
        minute: 48,
        second: 59,
        precise: 1,
        severity: 1,
        record_id: 0x0102_0304_0506_0708,
        flags: 2,
        platform: Guid::from_bytes([1; 16]),
        creator: Guid::from_bytes([2; 16]),
        notification: Guid::from_bytes([3; 16]),
        fru: Guid::from_bytes([4; 16]),
        fru_text: c"DIMM_A1".as_ptr().cast(),
        fru_len: 7,
        valid: 0x0035_ffbf,
        status: 0x400,
        address: 0x1234_5678_9000,
        address_mask: !0xfff,
        requestor: 1,
        responder: 2,
        target: 3,
        node: 1,
        card: 2,
        module: 3,
        bank: 0x102,
        device: 5,
        row: 6,
        column: 7,
        bit_position: 8,
        rank: 1,
        card_handle: 0x1100,
        module_handle: 0x1101,
        error_type: 3,
        extended: 1,
    }
}

/// A record of each kind, each as the C baseline writes it.
struct Records {
    memory: [u8; 280],
    pcie: [u8; 408],
    generic: [u8; 392],
    arm: [u8; 272],
}

fn records(input: &MemoryInput) -> Records {
    let mut records = Records { memory: [0; 280], pcie: [0; 408], generic: [0; 392], arm: [0; 272] };
    // SAFETY: each buffer has the record's length, and the inputs theirs.
    unsafe {
        cper_fill_mem(records.memory.as_mut_ptr(), input);
        cper_fill_pcie(records.pcie.as_mut_ptr(), input, [0; 60].as_ptr(), [0; 96].as_ptr());
        cper_fill_generic(records.generic.as_mut_ptr(), input, [b'a'; 128].as_ptr());
        cper_fill_arm(records.arm.as_mut_ptr(), input);
    }
    records
}

// SAFETY, everywhere below: buffers are as long as the lengths given, and those of C as long as its records.

fn writing(times: &mut Times) {
    let input = &values();
    let fru_text = &FruText::new(b"DIMM_A1").expect("short enough");
    let from = [0x5a; 512];
    let mut out = [0; 512];
    let to = out.as_mut_ptr();
    let copy = |times: &mut Times, row, length| {
        times.time(row, "copy", || unsafe { cper_copy(to, from.as_ptr(), length) });
    };

    let row = "write a memory record in place";
    times.time(row, "ours", || unsafe { rust_fill_memory_in_place(to, 280, black_box(input)) });
    times.time(row, "C", || unsafe { cper_fill_mem(to, black_box(input)) });
    copy(times, row, 280);
    let row = "write a memory record through RecordWriter";
    times.time(row, "ours", || unsafe { rust_fill_memory(to, 280, black_box(input)) });
    times.time(row, "C", || unsafe { cper_fill_mem(to, black_box(input)) });
    copy(times, row, 280);
    let row = "write two memory sections";
    times.time(row, "ours", || unsafe {
        rust_fill_two(to, 432, black_box(input), black_box(input), fru_text)
    });
    times.time(row, "C", || unsafe { cper_fill_two(to, black_box(input), black_box(input)) });
    copy(times, row, 432);

    let row = "patch a prepared memory record";
    let mut prepared = FromZeros::new_zeroed();
    times.time(row, "ours", || rust_patch_memory_time(&mut prepared, black_box(input)));
    times.time(row, "C", || unsafe { cper_fill_mem_patch(to, black_box(input)) });
    copy(times, row, 280);
    let row = "patch its id, status and address";
    times.time(row, "ours", || rust_patch_address(&mut prepared, black_box(1), black_box(2), black_box(3)));
    times.time(row, "C", || unsafe { cper_fill_mem_patch(to, black_box(input)) });
    copy(times, row, 280);

    let (mce, capability, aer, brand) = (&[7; 128], [0; 60], [0; 96], [b'a'; 128]);
    let row = "write a machine check";
    times.time(row, "ours", || unsafe { rust_fill_mce_128(to, 328, black_box(mce), 5) });
    times.time(row, "C", || unsafe { cper_fill_mce(to, black_box(mce).as_ptr(), 5) });
    copy(times, row, 328);
    let row = "write a PCIe record";
    let (typed_capability, typed_aer) = (&FromZeros::new_zeroed(), &FromZeros::new_zeroed());
    times.time(row, "ours", || unsafe {
        rust_fill_pcie(to, 408, black_box(input), fru_text, typed_capability, typed_aer)
    });
    times.time(row, "C", || unsafe {
        cper_fill_pcie(to, black_box(input), capability.as_ptr(), aer.as_ptr())
    });
    copy(times, row, 408);
    let row = "write a generic processor record";
    let typed_brand = &FromZeros::new_zeroed();
    times
        .time(row, "ours", || unsafe { rust_fill_generic(to, 392, black_box(input), fru_text, typed_brand) });
    times.time(row, "C", || unsafe { cper_fill_generic(to, black_box(input), brand.as_ptr()) });
    copy(times, row, 392);
    let row = "write an Arm record";
    times.time(row, "ours", || unsafe { rust_fill_arm(to, 272, black_box(input), fru_text) });
    times.time(row, "C", || unsafe { cper_fill_arm(to, black_box(input)) });
    copy(times, row, 272);

    let mut block = [0; 512];
    let mut writer = StatusBlockWriter::new(&mut block, Severity::FATAL).expect("room enough");
    let memory = MemoryError::new();
    writer.entry(&GenericErrorData::new(Severity::FATAL), &memory).expect("room enough");
    let block = writer.finish().expect("an entry");
    let row = "turn a status block's entry into a record";
    times.time(row, "ours", || unsafe { rust_entries_to_records(to, 512, block.as_ptr(), block.len(), 5) });
    times.time(row, "C", || unsafe { cper_fill_entries(to, 512, block.as_ptr(), block.len(), 5) });
    copy(times, row, 280);
}

fn reading(times: &mut Times) {
    let Records { mut memory, pcie, generic, arm } = records(&values());
    let row = "read every field of a memory record";
    times.time(row, "ours", || unsafe { rust_read_memory(black_box(&memory).as_ptr(), 280) });
    times.time(row, "C", || unsafe { cper_read_mem(black_box(&memory).as_ptr(), 280) });
    let row = "read every field of a PCIe record";
    times.time(row, "ours", || unsafe { rust_read_pcie(black_box(&pcie).as_ptr(), 408) });
    times.time(row, "C", || unsafe { cper_read_pcie(black_box(&pcie).as_ptr(), 408) });
    let row = "read every field of a generic processor record";
    times.time(row, "ours", || unsafe { rust_read_generic(black_box(&generic).as_ptr(), 392) });
    times.time(row, "C", || unsafe { cper_read_generic(black_box(&generic).as_ptr(), 392) });
    let row = "read every field of an Arm record";
    times.time(row, "ours", || unsafe { rust_read_arm(black_box(&arm).as_ptr(), 272) });
    times.time(row, "C", || unsafe { cper_read_arm(black_box(&arm).as_ptr(), 272) });
    let row = "check a record's bounds";
    times.time(row, "ours", || unsafe { rust_validate(black_box(&memory).as_ptr(), 280) });
    times.time(row, "C", || unsafe { cper_validate(black_box(&memory).as_ptr(), 280) });
    let row = "seal a record of 280 bytes";
    memory[108..116].fill(0);
    times.time(row, "ours", || unsafe { rust_seal(black_box(&mut memory).as_mut_ptr(), 280) });
    times.time(row, "C", || unsafe { cper_seal(black_box(&mut memory).as_mut_ptr(), 280) });
}

/// Takes every field and every byte, so that none can be left out.
struct Fold(u64);

impl Fold {
    fn value(&mut self, value: Value<'_>) -> std::fmt::Result {
        match value {
            Value::Number(number) | Value::Count(number) | Value::Hex { value: number, .. } => {
                self.0 ^= number
            }
            Value::Code { value, name } => self.0 ^= value ^ name.map_or(0, |name| name.len() as u64),
            Value::Flags { bits, .. } => self.0 ^= bits,
            Value::Text(bytes) | Value::Bytes(bytes) => {
                self.0 ^= bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>()
            }
            Value::Group(group) => group.describe(self)?,
            Value::List(list) => list.each(&mut |item| self.value(item))?,
            other => {
                black_box(other);
            }
        }
        Ok(())
    }
}

impl Visitor for Fold {
    fn field(&mut self, _: &'static str, value: Value<'_>) -> std::fmt::Result {
        self.value(value)
    }
}

fn fold(described: &dyn Describe) -> u64 {
    let mut fold = Fold(0);
    described.describe(&mut fold).expect("it takes everything");
    fold.0
}

/// Whether the section is one whose fields are known, and can be read.
fn is_read(section_type: SectionTypeId, body: &[u8]) -> bool {
    let body = Body::decode(section_type, body);
    body.is_ok_and(|body| !matches!(body, Body::Unknown(_) | Body::IpfProcessor(_)))
}

/// Every section type that is read field by field: the largest section of it in the captured data, some of which is
/// damaged, is found in its record or block and checked, and every field is taken.
fn sections(times: &mut Times) {
    let mut largest = std::collections::BTreeMap::new();
    for (kind, folder) in [("cper", "records"), ("gesb", "gesb")] {
        for bytes in captured(folder, kind) {
            let found: Vec<_> = if kind == "cper" {
                let Ok(record) = Record::parse(&bytes) else { continue };
                record.sections().flatten().map(|found| (found.section_type(), found.bytes())).collect()
            } else {
                let Ok(block) = StatusBlock::parse(&bytes) else { continue };
                block.entries().flatten().map(|found| (found.section_type(), found.bytes())).collect()
            };
            for (section_type, body) in
                found.into_iter().filter(|(section_type, body)| is_read(*section_type, body))
            {
                let kept = largest.entry(section_type.to_string()).or_insert((section_type, Vec::new()));
                if body.len() > kept.1.len() {
                    kept.1 = body.to_vec();
                }
            }
        }
    }
    // No machine was seen to report the others: bodies of ones, or of zeros where ones are no length.
    for (section_type, name) in SectionTypeId::ALL {
        if let Some(body) =
            [vec![0xff; 512], vec![0; 512]].into_iter().find(|body| is_read(*section_type, body))
        {
            largest.entry((*name).to_owned()).or_insert((*section_type, body));
        }
    }
    for (name, (section_type, body)) in &largest {
        let header = RecordHeader::new(Severity::FATAL, NotificationType::MCE);
        let mut record = vec![0; 200 + body.len()];
        let mut writer = RecordWriter::new(&mut record, &header).expect("room enough");
        let descriptor = SectionDescriptor::new(Severity::FATAL);
        writer.section_bytes(*section_type, &descriptor, body).expect("room enough");
        writer.finish().expect("room enough");
        // Criterion's folders have no slash in their names.
        times.time(&format!("describe {}", name.replace('/', " or ")), "ours", || {
            let record = Record::parse(black_box(&record)).expect("just written");
            record.sections().flatten().map(|section| fold(&section.body())).sum::<u64>()
        });
    }
    for mce in captured("mce", "mce").iter().take(1) {
        times.time(&format!("read a machine check of {} bytes", mce.len()), "ours", || {
            let record = MceRecord::parse(black_box(mce)).expect("a captured one");
            (
                record.status_reading(),
                record.misc(),
                record.address(),
                record.mcg_status(),
                record.bank(),
                record.cpu(),
            )
        });
    }
}

/// The captured files of a kind, by name.
fn captured(folder: &str, extension: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data").join(folder);
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the captured data")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a readable file")).collect()
}

fn stores(times: &mut Times) {
    let Records { memory, .. } = records(&values());
    let (mut medium, mut range) = (vec![0; 16 * 8192], vec![0; 8192]);
    times.time("write 100 records through a simulated ERST", "ours", || unsafe {
        let (image, range) = (&mut medium[..], &mut range[..]);
        let status = rust_sim_writes(
            image.as_mut_ptr(),
            image.len(),
            range.as_mut_ptr(),
            range.len(),
            memory.as_ptr(),
            280,
            100,
        );
        assert_eq!(status, 0);
    });
    let mut image = vec![0u64; (64 << 20) / 8];
    let (bytes, length) = (image.as_mut_ptr().cast::<u8>(), 64 << 20);
    // The sum of the sections' lengths, and of all words: one visits each record, the other reads each byte.
    assert_eq!(unsafe { rust_make_image(bytes, length, memory.as_ptr(), 280) }, 0);
    let row = "walk an image of 64 MiB; C reads it once";
    times.time(row, "ours", || unsafe { rust_walk(bytes, length) });
    times.time(row, "C", || unsafe { cper_read_once(bytes, length) });
}
