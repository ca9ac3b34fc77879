//! What bytes are taken for: a magic needs a header that fits, text is read for the dumps in it, and what the kernel left
//! is shown.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Run, data, field, folder, path, ras, ras_with_input};
use cper::{KernelText, StatusBlock};

/// `decode -q` and `table` of bytes.
fn both(bytes: &[u8]) -> (Run, Run) {
    (ras_with_input(&["decode", "-q", "-"], bytes), ras_with_input(&["table", "-"], bytes))
}

/// Lines of a dump: the offset, 16 bytes, what stands before the text, and the text.
fn dump(bytes: &[u8], before_text: &str) -> String {
    let line = |(number, row): (usize, &[u8])| {
        let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02X}")).collect();
        let text: String =
            row.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        format!("    {:04X}: {:47}  {before_text}{text}\n", number * 16, hex.join(" "))
    };
    bytes.chunks(16).enumerate().map(line).collect()
}

fn erst() -> Vec<u8> {
    fs::read(path("tables/qemu-q35-ERST.bin")).unwrap()
}

fn region() -> Vec<u8> {
    fs::read(path("bert/sysfs-data-BERT-after-boot.bin")).unwrap()
}

/// acpidump's and iasl's text is the table that it shows, alone or among others, whatever stands around it.
#[test]
fn a_table_is_found_in_the_text_that_shows_it() {
    let (erst, bert) = (erst(), fs::read(path("tables/BERT.bin")).unwrap());
    let hest = fs::read(path("tables/HEST-ghes-ghesv2-polled.bin")).unwrap();
    let acpidump = |name: &str, table: &[u8]| format!("{name} @ 0x000000007FFE1234\n{}\n", dump(table, ""));
    let alone = acpidump("ERST", &erst);
    let texts = [
        ("acpidump -n ERST", alone.clone()),
        (
            "acpidump",
            [acpidump("HEST", &hest), acpidump("BERT", &bert), alone.clone(), acpidump("ERST", &erst)]
                .concat(),
        ),
        ("CRLF", alone.replace('\n', "\r\n")),
        ("a comment with it", format!("Here is my table:\n\n```\n{alone}```\nThank you\n")),
        (
            "iasl -d",
            format!(
                "[000h 0000 4]  Signature : \"ERST\"\n\nRaw Table Data: Length 912 (0x390)\n\n{}",
                dump(&erst, "// ")
            ),
        ),
    ];
    let (decoded, table) = both(&erst);
    assert_eq!((decoded.code, table.code), (0, 0));
    for (what, text) in texts {
        let (of_text, table_of_text) = both(text.as_bytes());
        assert_eq!((of_text.stdout, of_text.code), (decoded.stdout.clone(), 0), "{what}: {}", of_text.stderr);
        assert_eq!((table_of_text.stdout, table_of_text.code), (table.stdout.clone(), 0), "{what}");
    }
    let (others, _) = both([acpidump("HEST", &hest), acpidump("BERT", &bert)].concat().as_bytes());
    assert!(others.code == 1 && others.stderr.contains("ACPI table \"HEST\""), "{}", others.stderr);
}

/// Dumps of records and of status blocks follow each other.
#[test]
fn every_dump_of_a_text_counts() {
    let record = fs::read(path("records/syn-foreign-creator.cper")).unwrap();
    let text = format!("first\n{}second\n{}", dump(&record, ""), dump(&record, ""));
    let run = ras_with_input(&["decode", "-q", "-"], text.as_bytes());
    assert_eq!((run.stdout.lines().count(), run.code), (2, 0), "{}{}", run.stdout, run.stderr);
    let block = fs::read(path("gesb/mem-ce-ddr.gesb")).unwrap();
    let text = format!("first\n{}second\n{}", dump(&block, ""), dump(&block, ""));
    let run = ras_with_input(&["decode", "-q", "-"], text.as_bytes());
    assert_eq!((run.stdout.lines().count(), run.code), (2, 0), "{}{}", run.stdout, run.stderr);
}

/// What else is in a text is said.
#[test]
fn dumps_that_are_not_shown_are_counted() {
    let (erst, record) = (erst(), fs::read(path("records/syn-foreign-creator.cper")).unwrap());
    let text = format!("first\n{}second\n{}third\n{}", dump(&erst, ""), dump(&record, ""), dump(&erst, ""));
    let run = ras_with_input(&["decode", "-"], text.as_bytes());
    assert!(
        run.stdout.contains("ACPI table, from hex dump, without 1 dump of other things\n"),
        "{}",
        run.stdout
    );
    let block = fs::read(path("gesb/mem-ce-ddr.gesb")).unwrap();
    let text = format!("record:\n{}block:\n{}", dump(&record, ""), dump(&block, ""));
    let json = folder("left-out").join("out.json");
    for arguments in [
        &["decode", "-"][..],
        &["decode", "-q", "-"],
        &["decode", "--format", "json", "-"],
        &["decode", "--format", "kernel", "-"],
        &["collect", "-", "--json", common::text(&json)],
    ] {
        let run = ras_with_input(arguments, text.as_bytes());
        let kept = fs::read_to_string(&json).unwrap_or_default();
        let told = format!("{}{}{kept}", run.stdout, run.stderr);
        let said = told.contains("dump 2 of the text holds something else and is left out");
        assert!(said && run.code == 2, "{arguments:?}, code {}: {told}", run.code);
    }
}

/// A line amid the lines of a dump ends nothing, and lines that follow no others are said to be left out.
#[test]
fn an_interrupted_dump_goes_on() {
    let record = fs::read(path("records/syn-foreign-creator.cper")).unwrap();
    let records = [&record[..], &[0; 8], &record].concat();
    let lines: Vec<String> = dump(&records, "").lines().map(|line| format!("{line}\n")).collect();
    for place in 1..lines.len() {
        let (front, rest) = lines.split_at(place);
        let text = format!("x:\n{}usb 1-1: new device\n{}", front.concat(), rest.concat());
        let run = ras_with_input(&["decode", "-q", "-"], text.as_bytes());
        let whole = ras_with_input(&["decode", "-q", "-"], lines.concat().as_bytes());
        assert_eq!((&run.stdout, run.code), (&whole.stdout, whole.code), "{place}");
        assert!(whole.stdout.lines().filter(|line| !line.starts_with("BAD")).count() == 2);
    }
    let place = lines.len() / 2 + 2;
    let text = format!("x:\n{}{}", lines[..place].concat(), lines[place + 1..].concat());
    let run = ras_with_input(&["decode", "-q", "-"], text.as_bytes());
    let left = lines[place + 1..].iter().filter(|line| line.len() > 40).count();
    let said = format!("{left} lines of a dump of which the lines before are missing");
    assert!(run.stdout.contains(&said) && run.code == 2, "{}{}", run.stdout, run.stderr);
}

/// Text that begins with a magic is text, and it is said which line is not understood.
#[test]
fn words_about_a_magic_are_no_record() {
    let behind = [
        ": Error Record Serialization Table (ERST) support is initialized.\npstore: Registered erst\n",
        ": Error records from previous boot:\n[Hardware Error]: event severity: fatal\n",
        " @ 0x0000000000000000\n",
        " \u{2013} ein Format f\u{fc}r Fehler, beschrieben von der UEFI, und noch viele W\u{f6}rter mehr davon\n",
        "\t\n",
        "",
    ];
    for magic in ["CPER", "ERST", "ERSTSTOR", "BERT", "BERR", "DBGC", "MACHINECHECK"] {
        for behind in behind {
            let text = format!("{magic}{behind}");
            for run in <[Run; 2]>::from(both(text.as_bytes())) {
                assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{text:?}");
                let reason =
                    format!("text; line 1 is neither hex nor base64 nor part of a hex dump: \"{magic}");
                // Four letters alone are base64 too, of three bytes.
                let is_base64 = run.stderr.contains("base64 of");
                assert!(
                    run.stderr.contains(&reason) || is_base64 && behind.trim().is_empty(),
                    "{text:?}: {}",
                    run.stderr
                );
                assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
            }
        }
    }
    // A dump in a text that stands for nothing, and the line where hex ends.
    let run = ras_with_input(
        &["decode", "-"],
        b"a dump\n0000: 12345678\n0004: 9abcdef0 12345678 9abcdef0 12345678\nand so on",
    );
    assert!(run.stderr.contains("hex dump of 20 bytes: offset 0: 12 34 56 78 "), "{}", run.stderr);
    let run = ras_with_input(&["decode", "-"], b"435045520001ffff\nffff0100 0200 and so on\n");
    assert!(run.stderr.contains("text; line 2 ") && run.stderr.contains("and so on"), "{}", run.stderr);
}

/// A header that is damaged is none that fits, and the bytes are shown for what they were all the same.
#[test]
fn a_damaged_header_still_says_what_it_was() {
    let mut record = fs::read(path("records/syn-foreign-creator.cper")).unwrap();
    record[7] = 0;
    let run = ras_with_input(&["decode", "-q", "-"], &record);
    assert!(run.stdout.contains("single-bit ECC"), "{}{}", run.stdout, run.stderr);
    let cut = &erst()[..300];
    let (decoded, table) = both(cut);
    assert!(decoded.stdout.contains("ERST table"), "{}", decoded.stderr);
    assert!(table.code == 2 && table.stdout.contains("300 bytes available"), "{}", table.stdout);
}

/// Linux zeroes the status of every block at boot: all are shown, in every form, and by `collect`.
#[test]
fn blocks_that_the_kernel_has_read_are_shown() {
    let file = data("bert/sysfs-data-BERT-after-boot.bin");
    let quiet = ras(&["decode", "-q", &file]);
    assert_eq!((quiet.stdout.lines().count(), quiet.code), (8, 0), "{}", quiet.stdout);
    assert!(
        quiet.stdout.lines().all(|line| line.ends_with(" \u{b7} read by the kernel at boot")),
        "{}",
        quiet.stdout
    );
    let text = ras(&["decode", &file]).stdout;
    let sentence =
        "block status            0x0  the kernel has read the block at boot, and printed or skipped it";
    assert_eq!(text.lines().filter(|line| *line == sentence).count(), 6, "{text}");
    let events = common::ras_json(&[&file]);
    assert_eq!(events.len(), 6);
    for event in &events {
        assert_eq!(
            (&event["header"]["block_status"]["value"], &event["source"]["cleared"]),
            (&0.into(), &serde_json::Value::Null)
        );
    }
    let kernel = ras(&["decode", "--format", "kernel", &file]).stdout;
    assert_eq!(kernel.matches("event severity: ").count(), 6, "{kernel}");
    let collected = ras(&["collect", "--dry-run", &file]);
    assert!(!collected.stdout.contains("cleared"), "{}", collected.stdout);
    for run in [&quiet.stdout, &text, &kernel] {
        assert!(!run.contains("cleared"), "{run}");
    }
}

/// The region behind its table, or behind "BERR"; a table alone says where the region is.
#[test]
fn a_region_is_found_behind_its_table() {
    let table = fs::read(path("tables/BERT.bin")).unwrap();
    assert_eq!(table.len(), 48);
    let alone = ras_with_input(&["decode", "-q", "-"], &region()).stdout;
    for front in [&table[..], b"BERR"] {
        let run = ras_with_input(&["decode", "-q", "-"], &[front, &region()].concat());
        assert_eq!((run.stdout, run.code), (alone.clone(), 0), "{}", run.stderr);
        let events =
            ras_with_input(&["decode", "--format", "json", "-"], &[front, &region()].concat()).stdout;
        assert!(events.contains(&format!("\"offset\":{}}}", front.len())), "{events}");
        let nothing = ras_with_input(&["decode", "-q", "-"], &[front, &[0; 400]].concat());
        assert_eq!((nothing.code, nothing.stdout.as_str()), (1, ""));
    }
    for bytes in [table.clone(), format!("BERT @ 0x0\n{}", dump(&table, "")).into_bytes()] {
        let run = ras_with_input(&["decode", "-"], &bytes);
        let reason = "BERT table: it only says where the error region is, 8192 bytes at physical address 0x10000000; \
                      Linux shows the region as /sys/firmware/acpi/tables/data/BERT\n";
        assert!(run.code == 1 && run.stderr.ends_with(reason), "{}", run.stderr);
    }
}

/// Linux prints a block whatever its severity and its status are, and so does `ras`.
#[test]
fn a_block_with_reserved_values_is_shown_as_the_kernel_shows_it() {
    let mut compared = 0;
    for name in common::files("gesb", "gesb") {
        let block = fs::read(path(&name)).unwrap();
        for (status, severity) in
            [(0x12_u32, 4_u32), (0xffff_ffff, 2), (0x8000_0010, 0x1_0001), (0, 0xffff_ffff)]
        {
            let mut block = block.clone();
            block[..4].copy_from_slice(&status.to_le_bytes());
            block[16..20].copy_from_slice(&severity.to_le_bytes());
            let parsed = StatusBlock::parse(&block).unwrap();
            // A type that nobody knows and a severity that does not exist are too little to tell a block by.
            let guid = cper::Guid::from_bytes(block[20..36].try_into().unwrap());
            if parsed.check().is_err() || cper::SectionTypeId::new(guid).name().is_none() {
                continue;
            }
            let mut printed = Vec::new();
            KernelText::new(&parsed).write_bytes(&mut |bytes| printed.extend_from_slice(bytes));
            let run = ras_with_input(&["decode", "--format", "kernel", "-"], &block);
            assert_eq!(run.stdout.as_bytes(), printed, "{name} {status:#x} {severity:#x}: {}", run.stderr);
            compared += 1;
        }
    }
    assert!(compared >= 100, "{compared} blocks compared");
}

/// The dumps on a device of pstore/blk are what the kernel made files of.
#[test]
fn a_device_of_pstore_blk_is_read() {
    let image = data("blk/6.12.img");
    let run = ras(&["decode", "-q", &image]);
    assert_eq!(
        (run.stdout.matches("RECOVERABLE  kernel oops: BUG").count(), run.code),
        (2, 0),
        "{}",
        run.stderr
    );
    let events = common::ras_json(&[&image]);
    for (number, event) in events.iter().enumerate() {
        let kept = fs::read_to_string(path(&format!("blk/dmesg-pstore_blk-{number}"))).unwrap();
        assert_eq!(event["sections"][0]["fields"]["text"].as_str().unwrap(), kept);
        assert_eq!(event["sections"][0]["source"]["offset"], (number + 1) * 0x8000);
    }
    assert_eq!(events.len(), 2);
    let collected = ras(&["collect", "--dry-run", &image]);
    assert!(collected.stdout.matches("kernel oops").count() == 2, "{}{}", collected.stdout, collected.stderr);
    let archive = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("archive-of-blk");
    let _ = fs::remove_dir_all(&archive);
    let archive = archive.to_str().unwrap();
    ras(&["collect", "--archive", archive, &image]);
    let archived = ras(&["decode", "-q", archive]);
    assert_eq!(
        archived.stdout.matches("kernel oops: BUG").count(),
        2,
        "{}{}",
        archived.stdout,
        archived.stderr
    );
    let again = ras(&["collect", "--archive", archive, &image]);
    assert!(again.stdout.contains("2 collected already"), "{}{}", again.stdout, again.stderr);
    // A zone at the very start, a console before the dumps, the end cut off, bytes of another zone inside a dump.
    let bytes = fs::read(path("blk/6.12.img")).unwrap();
    let console = [b"FBGC\x0c\0\0\0\x06\0\0\0", &b"world\nhello "[..]].concat();
    let with_console = [&console[..], &bytes[console.len()..]].concat();
    for (bytes, events) in
        [(&bytes[0x8000..], 2), (&with_console, 4), (&bytes[..0x1_9000], 2), (&bytes[..0x1_0000], 1)]
    {
        let run = ras_with_input(&["decode", "-q", "-"], bytes);
        assert_eq!((run.stdout.lines().count(), run.code), (events, 0), "{}{}", run.stdout, run.stderr);
    }
}

/// An entry of an action that nobody runs does not refuse a table.
#[test]
fn a_reserved_action_is_a_remark() {
    let mut table = erst();
    let entry = [&[0x0c, 4, 0, 0, 0, 0x40, 0, 4][..], &[0; 24]].concat();
    table.splice(48 + 32..48 + 32, entry);
    let (length, entries) = (table.len() as u32, (table.len() as u32 - 48) / 32);
    table[4..8].copy_from_slice(&length.to_le_bytes());
    table[44..48].copy_from_slice(&entries.to_le_bytes());
    table[9] = table[9].wrapping_sub(table.iter().fold(0, |sum, byte| sum.wrapping_add(*byte)));
    let run = ras_with_input(&["table", "-"], &table);
    let remark = "warning: entry 1: action 0x0c is not defined, the entry is never run";
    assert!(run.code == 0 && run.stdout.contains(remark), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.stdout.matches("accepted").count(), 2, "{}", run.stdout);
}

/// What the field's files are, when they lie beside this repository.
// A table of files.
#[allow(clippy::too_many_lines)]
#[test]
fn files_of_the_field_are_what_they_are() {
    let tables = [
        ("X7DB8", 43, 1424, 0),
        ("X8SIL", 12, 432, 2),
        ("X10DAi", 16, 560, 0),
        ("H8QG6", 15, 528, 0),
        ("ProLiant-DL380-G5", 13, 464, 2),
        ("Latitude-5511", 16, 560, 0),
        ("ProLiant-DL360-G5", 13, 464, 2),
        ("X8DTT", 12, 432, 2),
        ("PowerEdge-R820", 18, 624, 0),
        ("whole-tables", 13, 464, 2),
        ("iasl-tail", 27, 912, 0),
    ];
    let mut missing = Vec::new();
    let mut seen = 0;
    for (name, entries, bytes, code) in tables {
        for file in ["bin", "txt", "dsl"]
            .map(|ending| field(&format!("acpidump/{name}.{ending}")))
            .into_iter()
            .flatten()
        {
            let file = file.to_str().unwrap();
            let line = format!("ERST table, {entries} instruction entries, {bytes} bytes");
            let table = ras(&["table", file]);
            assert!(
                table.stdout.contains(&line) && table.code == code,
                "{file}: {}{}",
                table.stdout,
                table.stderr
            );
            let decoded = ras(&["decode", "-q", file]);
            assert_eq!(
                (decoded.stdout.trim(), decoded.code),
                (&*format!("INFO         {line}"), 0),
                "{file}"
            );
            seen += 1;
        }
    }
    // Lines of standard output, and what each of them must hold.
    let shown: [(&str, usize, &str); 19] = [
        ("bert/status-0-crashlog.bin", 1, "FATAL        firmware error record"),
        ("bert/status-0-region.bin", 1, "firmware error record"),
        ("bert/table-and-region.bin", 1, "firmware error record"),
        ("bert/berr.bin", 1, "firmware error record"),
        ("kernel-text/smca-array-hidden.gesb", 1, "IA32/X64 processor error, DIMM_A1: "),
        (
            "kernel-text/ia-last-info-cut.gesb",
            1,
            "IA32/X64 processor error, XXXXXXXXXXXXXXXXXXXX, APIC 507998044913531662: ",
        ),
        ("pstore-names/pstore-blk.img", 2, "kernel oops: BUG: kernel NULL pointer dereference"),
        ("paste-forms/uefi-dump.txt", 1, "Arm processor error, MPIDR 0x80000000: "),
        ("paste-forms/uefi-mem.txt", 1, "firmware error record"),
        ("paste-forms/uefi-dmpstore.txt", 1, "firmware error record"),
        ("paste-forms/bom.txt", 1, "Arm processor error, MPIDR 0x80000000: "),
        ("paste-forms/fenced.txt", 1, "Arm processor error, MPIDR 0x80000000: "),
        ("paste-forms/powershell.txt", 1, "Arm processor error, MPIDR 0x80000000: "),
        ("paste-forms/two-dumps.txt", 2, "firmware error record"),
        ("paste-forms/two-hex-lines.txt", 2, "firmware error record"),
        ("transports/block.b64", 1, "CORRECTED    memory"),
        ("amd-smca/milan-bank-3.bin", 1, "bank 3 (decode unit): hardware assertion"),
        ("amd-smca/milan-bank-5.bin", 1, "bank 5 (execution unit): watchdog timeout"),
        ("windows/zen3-event-19.cper", 3, "bank 27 (power, interrupts, etc.): link error"),
    ];
    for (name, lines, text) in shown {
        let Some(file) = field(name) else {
            missing.push(name);
            continue;
        };
        let file = file.to_str().unwrap();
        let run = ras(&["decode", "-q", file]);
        assert!(
            run.stdout.lines().count() >= lines && run.stdout.contains(text),
            "{name}: {}{}",
            run.stdout,
            run.stderr
        );
        assert!(!common::ras_json(&[file]).is_empty(), "{name}");
        let mut kernel = std::process::Command::new(env!("CARGO_BIN_EXE_ras"));
        let kernel = kernel.args(["decode", "--format", "kernel", file]).output().unwrap();
        assert!(!kernel.stdout.is_empty(), "{name}");
        seen += 1;
    }
    let controls =
        "b64 crlf eventviewer hdC hdv hex0x ipmi klog-bare odAx4 odx4 odz xxd xxde xxdp xxdu".split(' ');
    for name in controls {
        let Some(file) = field(&format!("paste-forms/{name}.txt")) else { continue };
        let run = ras(&["decode", "-q", file.to_str().unwrap()]);
        assert!(run.stdout.contains("Arm processor error, MPIDR 0x80000000: "), "{name}: {}", run.stderr);
        seen += 1;
    }
    for name in ["acpidump/dmesg-erst.txt", "acpidump/dmesg-bert.txt"] {
        let Some(file) = field(name) else { continue };
        let run = ras(&["decode", "-q", file.to_str().unwrap()]);
        assert!(
            run.code == 1 && run.stdout.is_empty() && run.stderr.contains("text; line 1"),
            "{name}: {}",
            run.stderr
        );
        seen += 1;
    }
    if seen == 0 {
        eprintln!("NOT TESTED: the files of the field are not beside this repository");
    } else {
        assert!(missing.is_empty() && seen >= 52, "{seen} files, without {missing:?}");
    }
}
