//! ERST tables, programs, stores and backing images.

use std::collections::BTreeMap;

use arbitrary::Unstructured;
use erst_table::qemu::{self, Image, Overwrite};
use erst_table::sim::{Cursor, RANGE, REGISTERS, SimulatedDevice};
use erst_table::{
    AccessSize, AccessWidth, Action, AddressSpace, ErrorKind, GenericAddress, Instruction, InstructionEntry,
    InstructionFlags, Interpreter, IoError, Limits, RegisterIo, RegisterLayout, Semantics, Status, Store,
    Table, TableWriter, Walk,
};

use crate::text_is_bounded;

const BOTH: [Semantics; 2] = [Semantics::Specification, Semantics::Linux];

/// A machine whose every register reads as the same number, and which must not be asked forever.
struct Constant {
    value: u64,
    accesses: u32,
}

impl RegisterIo for Constant {
    fn read(&mut self, _: AddressSpace, _: u64, width: AccessWidth) -> Result<u64, IoError> {
        self.accesses += 1;
        assert!(self.accesses < 1_000_000, "no end");
        Ok(self.value & width.mask())
    }

    fn write(&mut self, _: AddressSpace, _: u64, width: AccessWidth, value: u64) -> Result<(), IoError> {
        self.accesses += 1;
        assert!(self.accesses < 1_000_000 && value & !width.mask() == 0, "no end, or too wide");
        Ok(())
    }

    fn stall_us(&mut self, _: u64) {}
}

/// Few enough that a run takes microseconds, and more than the entries of a program.
const LIMITS: Limits = Limits { steps: 64, time_us: 200, move_bytes: 64 };

/// ERST tables: checked, listed and run to an end; what is rebuilt has the same entries.
pub fn erst_table(bytes: &[u8]) {
    let Ok(table) = Table::parse(bytes) else { return };
    text_is_bounded(&table, 4 * bytes.len());
    for semantics in BOTH {
        let findings = table.check(semantics).count();
        assert!(findings <= 64 + 16 * table.entries().len(), "{findings} findings");
        let mut interpreter = Interpreter::new(&table, semantics).with_limits(LIMITS);
        for action in 0..=0x11 {
            let mut machine = Constant { value: u64::from(bytes.last().copied().unwrap_or(0)), accesses: 0 };
            interpreter.reset();
            let _ = interpreter.run(Action::new(action), &mut machine);
            assert!(interpreter.state().steps <= LIMITS.steps);
        }
    }
    let mut out = vec![0xa5; bytes.len() + 64];
    if let Ok(rebuilt) = TableWriter::like(&table).encode(&mut out) {
        let rebuilt = Table::parse(rebuilt).expect("a rebuilt table is one");
        assert_eq!(rebuilt.entries(), table.entries());
        // The header size is kept as it was found, 12, 48 or neither.
        let sized = matches!(table.serialization_header().header_size(), 12 | 48);
        assert!(rebuilt.checksum() == 0 && rebuilt.is_complete() == sized);
        let mut twice = vec![0x5a; bytes.len() + 64];
        let again = TableWriter::like(&rebuilt).encode(&mut twice).expect("room enough");
        assert_eq!(again, rebuilt.as_bytes(), "rebuilding twice gives other bytes");
    }
}

/// Bytes of a slot, and how many slots there are.
const SLOT: usize = 4096;
const SLOTS: usize = 3;

/// An entry that mostly means something to the simulated device.
fn entry(choices: &mut Unstructured) -> arbitrary::Result<InstructionEntry> {
    let address = match choices.int_in_range(0..=4)? {
        0 => REGISTERS,
        1 => REGISTERS + 8,
        2 => RANGE + u64::from(choices.arbitrary::<u16>()?),
        3 => u64::from(choices.arbitrary::<u8>()?),
        _ => choices.arbitrary()?,
    };
    let register =
        GenericAddress::new(AddressSpace::new(choices.int_in_range(0..=2)?), address, AccessWidth::Byte)
            .with_bit_width(*choices.choose(&[64, 32, 16, 8, 1, 0, 255])?)
            .with_bit_offset(*choices.choose(&[0, 0, 0, 8, 63])?)
            .with_access_size(AccessSize::new(choices.int_in_range(0..=5)?));
    let numbers = |choices: &mut Unstructured| {
        Ok(match choices.int_in_range(0..=2)? {
            0 => u64::from(choices.arbitrary::<u8>()?),
            1 => u64::MAX,
            _ => choices.arbitrary()?,
        })
    };
    Ok(InstructionEntry::new(
        Action::new(choices.int_in_range(0..=0x11)?),
        Instruction::new(choices.int_in_range(0..=0x14)?),
        register,
    )
    .with_value(numbers(choices)?)
    .with_mask(numbers(choices)?)
    .with_flags(InstructionFlags::new(choices.int_in_range(0..=3)?)))
}

/// Programs on the simulated device, alone and in place of the device's own: each ends, within its limits, and the
/// medium stays an image whatever they did to the registers.
pub fn erst_program(bytes: &[u8]) {
    let mut choices = Unstructured::new(bytes);
    let semantics = BOTH[usize::from(choices.arbitrary().unwrap_or(false))];
    let mut entries = RegisterLayout::at(REGISTERS).entries().to_vec();
    entries.truncate(choices.int_in_range(0..=27).unwrap_or(27));
    while entries.len() < 48 && !choices.is_empty() {
        let Ok(entry) = entry(&mut choices) else { break };
        // Among the others, where it comes between an action's instructions.
        let at = choices.int_in_range(0..=entries.len()).unwrap_or(0);
        entries.insert(at, entry);
    }
    let mut table = [0xa5; 48 + 48 * 32];
    let table = TableWriter::new(&entries).encode(&mut table).expect("room enough");
    let table = Table::parse(table).expect("a written table is one");
    assert_eq!(table.entries(), entries);

    let (mut image, mut range) = (vec![0; (SLOTS + 1) * SLOT], [0xa5; SLOT]);
    let mut device = SimulatedDevice::new(&mut image, &mut range).expect("a new image");
    let mut interpreter = Interpreter::new(&table, semantics).with_limits(LIMITS);
    let mut endless = false;
    for action in 0..=0x11 {
        interpreter.set_input(u64::from(action));
        let before = device.accesses();
        let end = interpreter.run(Action::new(action), &mut device);
        endless |=
            end.is_err_and(|error| matches!(error.kind(), ErrorKind::StepLimit(_) | ErrorKind::TimeLimit(_)));
        let state = interpreter.state();
        assert!(state.steps <= LIMITS.steps && state.waited_us <= LIMITS.time_us, "{state:?}");
        // Two accesses an instruction, for `MOVE_DATA` two a byte, and one after each wait.
        let most = u64::from(LIMITS.steps) * 2 * (1 + LIMITS.move_bytes) + LIMITS.time_us;
        assert!(device.accesses() - before <= most);
    }
    // A store runs many actions, and its own limits are a thousand times larger: few endless programs are run up to them.
    let one_in = if endless { 16 } else { 2 };
    if bytes.len() % one_in != 0 {
        return;
    }
    if let Ok(mut store) = Store::open(&table, semantics, &mut device) {
        store = store.with_patience(LIMITS.time_us);
        let mut buffer = [0; SLOT];
        let _ = store.write(&record(7, 200, 1), &mut device);
        let _ = store
            .read(7, &mut buffer, &mut device)
            .map(|record| assert_eq!(&record[96..104], 7u64.to_le_bytes()));
        let _ = store.clear(7, &mut device);
        let _ = store.count(&mut device);
    }
    Image::parse(device.medium()).expect("the medium stays an image");
}

/// A record of this identifier, its length at most a slot.
fn record(identifier: u64, length: usize, fill: u8) -> Vec<u8> {
    let mut record = vec![fill; length.clamp(128, SLOT)];
    record[..16].copy_from_slice(b"CPER\x01\x01\xff\xff\xff\xff\x01\0\x01\0\0\0");
    let length = u32::try_from(record.len()).expect("a slot fits");
    record[20..24].copy_from_slice(&length.to_le_bytes());
    record[96..104].copy_from_slice(&identifier.to_le_bytes());
    record[108..116].copy_from_slice(b"ER\0\0\0\0\0\0");
    record
}

/// A life of a store: whatever is written, cleared and read, it holds what a map of records would hold.
pub fn erst_store(bytes: &[u8]) {
    let mut choices = Unstructured::new(bytes);
    let nvram = choices.arbitrary().unwrap_or(false);
    let semantics = BOTH[usize::from(choices.arbitrary().unwrap_or(false))];
    let mut image = vec![0; if nvram { 700 } else { (SLOTS + 1) * SLOT }];
    if nvram {
        image[8..].fill(0xff);
    }
    let mut range = [0xa5; SLOT];
    let mut device = if nvram {
        SimulatedDevice::nvram(&mut image)
    } else {
        let mut device = SimulatedDevice::new(&mut image, &mut range).expect("a new image");
        if choices.arbitrary().unwrap_or(false) {
            device.behaviour.overwrite = Overwrite::InPlace;
        }
        if choices.arbitrary().unwrap_or(false) {
            device.behaviour.cursor = Cursor::MovesWhenRead;
        }
        device
    };
    let mut table = [0; 912];
    let table = SimulatedDevice::table(&mut table).expect("room enough");
    let mut store = Store::open(&table, semantics, &mut device).expect("a device of ours");
    let (mut model, mut buffer) = (BTreeMap::new(), [0; SLOT]);
    for _ in 0..8 {
        let Ok([what, identifier, length, fill]) = choices.arbitrary::<[u8; 4]>() else { break };
        let identifier = u64::from(identifier % 5);
        match what % 4 {
            0 | 1 => {
                let record = record(identifier, 100 + usize::from(length), fill);
                match store.write(&record, &mut device) {
                    Ok(()) => drop(model.insert(identifier, record)),
                    Err(error) => assert!(
                        identifier == 0
                            || matches!(error.kind(), ErrorKind::Status(Status::NOT_ENOUGH_SPACE)),
                        "{error}"
                    ),
                }
            }
            2 => {
                let cleared = store.clear(identifier, &mut device);
                assert_eq!(cleared.is_ok(), model.remove(&identifier).is_some(), "{cleared:?}");
            }
            _ if identifier != 0 => {
                let read = store.read(identifier, &mut buffer, &mut device);
                assert_eq!(read.ok(), model.get(&identifier).map(Vec::as_slice));
            }
            _ => {}
        }
    }
    assert_eq!(store.count(&mut device), Ok(model.len() as u64));
    let (mut walk, mut found) = (Walk::new(), BTreeMap::new());
    while let Some(next) = walk.next_record(&mut store, &mut buffer, &mut device).expect("a device of ours") {
        let record = next.record.expect("every record is whole");
        assert!(found.insert(next.identifier, record.to_vec()).is_none(), "{} came twice", next.identifier);
    }
    assert_eq!(found, model);
}

/// Backing images: slots inside the image, a cleared record gone, the others as they were. An input that is no whole image
/// is the front of one: 32 bytes of header and map, then the front of each slot.
pub fn erst_image(bytes: &[u8]) {
    if Image::parse(bytes).is_ok() {
        return image(bytes);
    }
    let mut whole = vec![0xff; (SLOTS + 1) * SLOT];
    whole[..SLOT].fill(0);
    qemu::format(&mut whole, SLOT as u32).expect("a length of slots");
    let (map, slots) = bytes.split_at(bytes.len().min(40));
    let start = if map.first().is_some_and(|first| first % 4 == 0) { 8 } else { 20 };
    let map = map.get(1..).unwrap_or_default();
    whole[start..start + map.len()].copy_from_slice(map);
    let length = slots.len().div_ceil(SLOTS).clamp(1, SLOT);
    for (slot, front) in whole[SLOT..].chunks_mut(SLOT).zip(slots.chunks(length)) {
        slot[..front.len()].copy_from_slice(front);
    }
    image(&whole);
}

fn image(bytes: &[u8]) {
    let Ok(image) = Image::parse(bytes) else { return };
    assert!(image.slots().count() <= bytes.len() / image.slot_size());
    assert!(image.check().count() <= 5 + 5 * image.slot_count());
    for slot in image.slots() {
        for record in [slot.record().ok(), slot.cleared_record()].into_iter().flatten() {
            assert!(record.len() <= image.slot_size());
        }
    }
    for slot in 0..image.slot_count() {
        for plan in [image.plan_free(slot), image.plan_restore(slot)].into_iter().flatten() {
            edited(bytes, &plan);
        }
    }
    edited(bytes, &image.plan_recount());
    let written = record(9, 300, 0x99);
    for overwrite in [Overwrite::Beside, Overwrite::InPlace] {
        if let Ok(plan) = image.plan_write(&written, overwrite) {
            let after = edited(bytes, &plan);
            let after = Image::parse(&after).expect("an edited image is one");
            assert_eq!(after.find(9).map(|slot| slot.record()), Some(Ok(&written[..])));
        }
    }
    let Some(identifier) = image.used().next().map(|slot| slot.record_identifier()) else { return };
    let Ok(plan) = image.plan_clear(identifier) else { return };
    let after = edited(bytes, &plan);
    let after = Image::parse(&after).expect("an edited image is one");
    // An interrupted write leaves two; more are nobody's doing, and each clearing takes two of them.
    let same = image.used().filter(|slot| slot.identifier == identifier).count();
    assert!(same > 2 || after.find(identifier).is_none(), "a cleared record is there");
    assert!(after.used().count() < image.used().count());
}

/// The image after an edit, which changes nothing but what it says.
fn edited(bytes: &[u8], edit: &qemu::Edit) -> Vec<u8> {
    let mut after = bytes.to_vec();
    edit.apply(&mut after).expect("an edit of the image fits it");
    let mut undone = after.clone();
    for change in edit.changes() {
        let place = change.offset as usize..(change.offset + change.length()) as usize;
        undone[place.clone()].copy_from_slice(&bytes[place]);
    }
    assert!(undone == bytes, "an edit changed more than it said");
    after
}
