//! Cuts the power of a machine that writes records without a pause, and looks at what is left in its store.
//!
//! `power-cut write` runs in the guest: it writes, overwrites and clears records in a fixed order, and hands the number of
//! each operation that is done to the port 0xe9, where QEMU has a device that puts it into a file. `power-cut list`
//! runs in a guest later and says what the device still delivers.
//! `power-cut cut SEED TIMES FOLDER QEMU...` runs on the host: it starts that machine again and again from where it was
//! saved, kills QEMU at a random moment, and holds the device's image to what was done until then.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use end_to_end::memory::PhysicalMemory;
use erst_table::qemu::{Image, ImageProblem};
use erst_table::{Semantics, Store, Table, Walk};
use pstore_format::RecordId;
use pstore_format::produce::encode_dmesg;
use pstore_format::seal::{Seal, seal, verify};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Records are long, so that much of the time goes into storing one.
const LONGEST: usize = 1 << 20;
/// Different records; each belongs to one identifier.
const KINDS: u64 = 16;
const IDENTIFIERS: u64 = 4;
/// The port of QEMU's debug console.
const PORT: u64 = 0xe9;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write"] => write(),
        ["list"] => list(),
        ["cut", seed, times, folder, program, ref arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).stdin(Stdio::null());
            cut(seed.parse()?, times.parse()?, Path::new(folder), &mut command)
        }
        _ => Err("usage: power-cut write | list | cut SEED TIMES FOLDER QEMU...".into()),
    }
}

/// What is done as number `number`, from 0: to which identifier, and which record is stored, `None` for none: every
/// third round clears.
const fn operation(number: u64) -> (u64, Option<u64>) {
    let identifier = 1 + number % IDENTIFIERS;
    let clears = number / IDENTIFIERS % 3 == 2;
    (identifier, if clears { None } else { Some(number % KINDS) })
}

/// Numbers that look random (splitmix64).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A record as it is stored: sealed, and with the signature that ERST wants.
fn record(kind: u64) -> Outcome<Vec<u8>> {
    let mut state = kind;
    let length = LONGEST / 2 + (random(&mut state) as usize % (LONGEST / 2 - 200)) / 8 * 8;
    let body: Vec<u8> = (0..length / 8).flat_map(|_| random(&mut state).to_le_bytes()).collect();
    let id = RecordId::new(1 + kind % IDENTIFIERS);
    let mut buffer = vec![0xA5; LONGEST];
    let mut record = encode_dmesg(&body, id, 1_763_793_600, &mut buffer)?.to_vec();
    record[108..110].copy_from_slice(b"ER");
    seal(&mut record)?;
    Ok(record)
}

fn records() -> Outcome<Vec<Vec<u8>>> {
    (0..KINDS).map(record).collect()
}

/// Operations before the machine is saved.
const PREPARED: u64 = 41;

fn write() -> Outcome {
    let records = records()?;
    let bytes = fs::read("/sys/firmware/acpi/tables/ERST")?;
    let mut io = PhysicalMemory::open()?;
    let mut store = Store::open(&Table::parse(&bytes)?, Semantics::Specification, &mut io)?;
    let mut port = OpenOptions::new().write(true).open("/dev/port")?;
    for number in 0.. {
        if number == PREPARED {
            wait_for_the_saved_machine_to_go_on()?;
        }
        match operation(number) {
            (_, Some(kind)) => store.write(&records[kind as usize], &mut io)?,
            (identifier, None) => store.clear(identifier, &mut io)?,
        }
        // Byte by byte to the one port; writing moves on to the next.
        for byte in number.to_le_bytes() {
            port.seek(SeekFrom::Start(PORT))?;
            port.write_all(&[byte])?;
        }
    }
    Ok(())
}

/// QEMU saves a machine without the PCI registers of its ERST device: when they are gone, the machine goes on from where
/// it was saved, and they are put back.
fn wait_for_the_saved_machine_to_go_on() -> Outcome {
    const COMMAND: u64 = 0x04;
    const ADDRESSES: u64 = 0x10;
    let devices = fs::read_dir("/sys/bus/pci/devices")?.map(|device| device.map(|device| device.path()));
    let devices: Vec<_> = devices.collect::<Result<_, _>>()?;
    let is_erst = |device: &&PathBuf| {
        fs::read(device.join("config")).is_ok_and(|c| c.starts_with(&[0x36, 0x1b, 0x12, 0]))
    };
    let device = devices.iter().find(is_erst).ok_or("there is no ERST device")?;
    let configuration = OpenOptions::new().read(true).write(true).open(device.join("config"))?;
    let (mut command, mut addresses, mut now) = ([0; 2], [0; 8], [0; 8]);
    configuration.read_exact_at(&mut command, COMMAND)?;
    configuration.read_exact_at(&mut addresses, ADDRESSES)?;
    loop {
        configuration.read_exact_at(&mut now, ADDRESSES)?;
        if now != addresses {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    configuration.write_all_at(&addresses[..4], ADDRESSES)?;
    configuration.write_all_at(&addresses[4..], ADDRESSES + 4)?;
    configuration.write_all_at(&command, COMMAND)?;
    Ok(())
}

fn list() -> Outcome {
    let bytes = fs::read("/sys/firmware/acpi/tables/ERST")?;
    let mut io = PhysicalMemory::open()?;
    let mut store = Store::open(&Table::parse(&bytes)?, Semantics::Specification, &mut io)?;
    let mut buffer = vec![0; LONGEST];
    let mut walk = Walk::new();
    while let Some(found) = walk.next_record(&mut store, &mut buffer, &mut io)? {
        match found.record {
            Ok(record) => println!("{} {:?}", found.identifier, verify(record)),
            Err(error) => println!("{} {error}", found.identifier),
        }
    }
    Ok(())
}

/// A child that does not outlive this program.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        // It has ended already, or does now: there is nothing to be done about an error.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn cut(seed: u64, times: u32, folder: &Path, qemu: &mut Command) -> Outcome {
    println!("seed {seed}");
    let records = records()?;
    let (image, acks) = (folder.join("cut.img"), folder.join("cut.done"));
    let before =
        last_done(&folder.join("saved.done"))?.ok_or("nothing was done before the machine was saved")?;
    let mut state = seed;
    let (mut torn, mut done) = (0, 0);
    let mut number = 0;
    // Few cuts hit the moment in which the device copies a record: one at least is waited for.
    while number < times || torn == 0 {
        number += 1;
        if number > 10 * times {
            return Err("no cut tore a record: nothing was proved".into());
        }
        fs::copy(folder.join("saved.img"), &image)?;
        File::create(&acks)?;
        let mut machine = Machine(qemu.stderr(File::create(folder.join("cut.qemu"))?).spawn()?);
        let patience = Instant::now() + Duration::from_secs(90);
        while last_done(&acks)?.is_none() {
            if Instant::now() > patience || machine.0.try_wait()?.is_some() {
                return Err(format!(
                    "the machine did not start again: {}",
                    folder.join("cut.qemu").display()
                )
                .into());
            }
            thread::sleep(Duration::from_millis(2));
        }
        thread::sleep(Duration::from_micros(random(&mut state) % 50_000));
        machine.0.kill()?;
        machine.0.wait()?;

        let last = last_done(&acks)?.ok_or("what was done is gone")?;
        let bytes = fs::read(&image)?;
        let is_torn = holds(&bytes, last, &records).map_err(|error| format!("cut {number}: {error}"))?;
        if is_torn {
            torn += 1;
            fs::copy(&image, folder.join("torn.img"))?;
        }
        done += last - before;
    }
    println!("{number} cuts in {done} operations: {torn} left a torn record, and its seal told it");
    Ok(())
}

/// The number of the last operation that was reported as done.
fn last_done(file: &Path) -> Outcome<Option<u64>> {
    let bytes = fs::read(file)?;
    Ok(bytes.chunks_exact(8).next_back().and_then(|number| Some(u64::from_le_bytes(*number.first_chunk()?))))
}

/// Checks the image of a machine whose last operation that is known to be done is `last`. The one after it may have
/// been done, or half; none later had begun. Returns whether a record is torn.
fn holds(bytes: &[u8], last: u64, records: &[Vec<u8>]) -> Outcome<bool> {
    let image = Image::parse(bytes)?;
    let (in_flight, next) = operation(last + 1);
    let mut is_torn = false;
    for identifier in 1..=IDENTIFIERS {
        let found: Vec<_> = image.used().filter(|slot| slot.identifier == identifier).collect();
        if found.len() > 1 {
            return Err(format!("record {identifier} is stored {} times", found.len()).into());
        }
        let stored = found.first().map(|slot| slot.bytes);
        let of = |kind: Option<u64>| kind.map(|kind| &records[kind as usize][..]);
        let is = |kind: Option<u64>| match (stored, of(kind)) {
            (Some(slot), Some(record)) => slot.starts_with(record) && verify(slot) == Seal::Valid,
            (None, None) => true,
            _ => false,
        };
        // The last operation on this identifier, of those that are done.
        let (_, kind) = (0..=last)
            .rev()
            .map(operation)
            .find(|(known, _)| *known == identifier)
            .ok_or("too few operations were done")?;
        if is(kind) || (identifier == in_flight && is(next)) {
            continue;
        }
        let seal = stored.map(verify);
        if identifier == in_flight && next.is_some() && seal == Some(Seal::Broken) {
            is_torn = true;
            continue;
        }
        return Err(
            format!("record {identifier} is neither whole nor told as torn: {seal:?}, after {last}").into()
        );
    }
    for problem in image.check() {
        match problem {
            // Between the map's entry and the count of a record that came or went.
            ImageProblem::RecordCount { stated, found } if found.abs_diff(u64::from(stated)) == 1 => {}
            // Of the record that is torn.
            ImageProblem::RecordIdentifier { map, .. } if is_torn && map == in_flight => {}
            problem => return Err(format!("after {last}: {problem}").into()),
        }
    }
    Ok(is_torn)
}
