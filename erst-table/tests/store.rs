//! Every operation of the store on the simulated device: what it does in which order, what it answers, and what it makes
//! of a device that misbehaves.
#![cfg(feature = "sim")]

mod common;

use common::{Recorder, record};
use erst_table::qemu::{Image, Overwrite};
use erst_table::sim::{Behaviour, Cursor, Faults, RANGE, SimulatedDevice};
use erst_table::{
    AccessWidth, Action, AddressSpace, Error, ErrorKind, IDENTIFIER_END, IDENTIFIER_UNSPECIFIED, Instruction,
    InstructionEntry, IoError, Location, Operation, RangeAttributes, RegisterIo, RegisterLayout, Semantics,
    Status, Store, Table, TableWriter, Timings, Walk,
};

const SLOT: usize = 4096;
const BOTH: [Semantics; 2] = [Semantics::Specification, Semantics::Linux];

/// An image with room for `records`, a range, and the device's table.
struct Machine {
    image: Vec<u8>,
    range: Vec<u8>,
    table: [u8; 912],
}

impl Machine {
    fn new(records: usize) -> Self {
        Self { image: vec![0; (records + 1) * SLOT], range: vec![0xa5; SLOT], table: [0; 912] }
    }

    fn start(&mut self, semantics: Semantics) -> (Store<'_>, SimulatedDevice<'_>) {
        let mut device = SimulatedDevice::new(&mut self.image, &mut self.range).unwrap();
        let table = SimulatedDevice::table(&mut self.table).unwrap();
        let store = Store::open(&table, semantics, &mut device).unwrap();
        (store, device)
    }
}

fn status(error: Error) -> Status {
    match error.kind() {
        ErrorKind::Status(status) => status,
        other => panic!("{other:?}"),
    }
}

fn identifiers(store: &mut Store, device: &mut SimulatedDevice) -> Vec<u64> {
    let mut walk = Walk::new();
    std::iter::from_fn(|| walk.next_identifier(store, device).unwrap()).collect()
}

#[test]
fn records_are_written_listed_read_overwritten_and_cleared() {
    for semantics in BOTH {
        let mut machine = Machine::new(4);
        let (mut store, mut device) = machine.start(semantics);
        let mut buffer = [0; SLOT];
        assert_eq!(store.count(&mut device), Ok(0));
        assert_eq!(store.next_identifier(&mut device), Ok(None));
        assert_eq!(status(store.read(7, &mut buffer, &mut device).unwrap_err()), Status::RECORD_STORE_EMPTY);

        let records = [record(7, 128, 1), record(8, 1000, 2), record(u64::MAX - 1, SLOT, 3)];
        for record in &records {
            store.write(record, &mut device).unwrap();
        }
        assert_eq!(store.count(&mut device), Ok(3));
        assert_eq!(identifiers(&mut store, &mut device), [7, 8, u64::MAX - 1]);
        for (record, identifier) in records.iter().zip([7, 8, u64::MAX - 1]) {
            assert_eq!(store.read(identifier, &mut buffer, &mut device).unwrap(), record);
        }
        assert_eq!(store.read(IDENTIFIER_UNSPECIFIED, &mut buffer, &mut device).unwrap(), records[0]);

        let longer = record(7, 2000, 9);
        store.write(&longer, &mut device).unwrap();
        assert_eq!(store.count(&mut device), Ok(3));
        assert_eq!(store.read(7, &mut buffer, &mut device).unwrap(), longer);

        store.clear(8, &mut device).unwrap();
        assert_eq!(status(store.read(8, &mut buffer, &mut device).unwrap_err()), Status::RECORD_NOT_FOUND);
        assert_eq!(status(store.clear(8, &mut device).unwrap_err()), Status::RECORD_NOT_FOUND);
        assert_eq!(store.count(&mut device), Ok(2));
        assert_eq!(Image::parse(device.medium()).unwrap().check().next(), None);
    }
}

#[test]
fn a_record_without_the_persistence_signature_gets_it() {
    let mut machine = Machine::new(1);
    let (mut store, mut device) = machine.start(Semantics::Linux);
    let mut given = record(7, 300, 0x5a);
    given[108..116].copy_from_slice(&[0, 0, 1, 2, 3, 4, 5, 6]);
    store.write(&given, &mut device).unwrap();
    given[108..110].copy_from_slice(b"ER");
    assert_eq!(store.read(7, &mut [0; SLOT], &mut device).unwrap(), given);
}

#[test]
fn a_full_store_says_so_and_keeps_what_it_has() {
    let mut machine = Machine::new(3);
    let (mut store, mut device) = machine.start(Semantics::Linux);
    for identifier in 1..=3 {
        store.write(&record(identifier, 200, 0), &mut device).unwrap();
    }
    let error = store.write(&record(4, 200, 0), &mut device).unwrap_err();
    assert_eq!(error.to_string(), "write: status NOT_ENOUGH_SPACE (1)");
    // This device wants a spare slot for a record that is written again; QEMU's does without.
    assert_eq!(status(store.write(&record(2, 200, 9), &mut device).unwrap_err()), Status::NOT_ENOUGH_SPACE);
    device.behaviour.overwrite = Overwrite::InPlace;
    store.write(&record(2, 200, 9), &mut device).unwrap();
    assert_eq!(store.read(2, &mut [0; SLOT], &mut device).unwrap(), record(2, 200, 9));
    assert_eq!(identifiers(&mut store, &mut device), [1, 2, 3]);
}

#[test]
fn operations_run_their_actions_in_the_specifications_order() {
    let mut machine = Machine::new(2);
    let (mut store, device) = machine.start(Semantics::Linux);
    let mut recorder = Recorder::new(device);
    let run = [
        Action::EXECUTE_OPERATION,
        Action::CHECK_BUSY_STATUS,
        Action::GET_COMMAND_STATUS,
        Action::END_OPERATION,
    ];
    let sequence = |before: &[Action]| [before, &run].concat();

    store.write(&record(7, 130, 0), &mut recorder).unwrap();
    assert_eq!(recorder.actions, sequence(&[Action::BEGIN_WRITE_OPERATION, Action::SET_RECORD_OFFSET]));
    assert_eq!(recorder.range_writes, [0; 130], "the whole record, before anything else");

    recorder.actions.clear();
    store.dummy_write(&record(8, 130, 0), &mut recorder).unwrap();
    assert_eq!(recorder.actions, sequence(&[Action::BEGIN_DUMMY_WRITE_OPERATION, Action::SET_RECORD_OFFSET]));

    recorder.actions.clear();
    recorder.range_writes.clear();
    store.read(7, &mut [0; 130], &mut recorder).unwrap();
    let begin = [Action::BEGIN_READ_OPERATION, Action::SET_RECORD_OFFSET, Action::SET_RECORD_IDENTIFIER];
    assert_eq!(recorder.actions, sequence(&begin));
    assert_eq!(recorder.range_writes, [0; 4], "the signature of what was there before is erased");

    recorder.actions.clear();
    store.clear(7, &mut recorder).unwrap();
    assert_eq!(recorder.actions, sequence(&[Action::BEGIN_CLEAR_OPERATION, Action::SET_RECORD_IDENTIFIER]));
    assert_eq!(store.count(&mut recorder.io), Ok(0), "the dummy write left nothing");
}

#[test]
fn every_status_of_the_platform_is_reported() {
    let mut machine = Machine::new(2);
    let (mut store, mut device) = machine.start(Semantics::Specification);
    for number in (1..=6).chain([0xff, u64::from(u32::MAX)]) {
        device.faults = Faults { status: Some(Status::new(number)), ..Faults::default() };
        let expected = |operation| {
            let location = Location::Operation(operation);
            Err((ErrorKind::Status(Status::new(number)), location))
        };
        let parts = |error: Error| (error.kind(), error.location());
        assert_eq!(store.write(&record(1, 128, 0), &mut device).map_err(parts), expected(Operation::Write));
        assert_eq!(
            store.dummy_write(&record(1, 128, 0), &mut device).map_err(parts),
            expected(Operation::DummyWrite)
        );
        assert_eq!(store.clear(1, &mut device).map_err(parts), expected(Operation::Clear));
        let read = store.read(1, &mut [0; SLOT], &mut device).map(|_| ()).map_err(parts);
        assert_eq!(read, expected(Operation::Read));
    }
    assert_eq!(Status::new(9).to_string(), "reserved (9)");
}

#[test]
fn a_device_that_is_busy_for_a_while_is_waited_for_in_short_turns() {
    for (semantics, attributes, polls) in [
        (Semantics::Linux, RangeAttributes::empty(), 900),
        (Semantics::Linux, RangeAttributes::SLOW, 40_000),
        (Semantics::Specification, RangeAttributes::empty(), 40_000),
    ] {
        let mut machine = Machine::new(2);
        let mut device = SimulatedDevice::new(&mut machine.image, &mut machine.range).unwrap();
        device.behaviour.attributes = attributes;
        device.behaviour.timings = Timings { nominal_us: 16, maximum_us: 50_000 };
        let table = SimulatedDevice::table(&mut machine.table).unwrap();
        let mut store = Store::open(&table, semantics, &mut device).unwrap();
        assert_eq!(store.timings(), Timings { nominal_us: 16, maximum_us: 50_000 });
        device.faults.busy = polls;
        store.write(&record(1, 128, 0), &mut device).unwrap();
        assert_eq!(device.waited_us(), polls, "one microsecond a turn");
    }
}

#[test]
fn a_device_that_stays_busy_ends_in_an_error_and_is_left_ready() {
    for (semantics, timings, patience, budget) in [
        (Semantics::Linux, Timings { nominal_us: 10, maximum_us: 50_000 }, None, 1000),
        (Semantics::Specification, Timings { nominal_us: 10, maximum_us: 50_000 }, None, 50_000),
        (Semantics::Specification, Timings { nominal_us: 10, maximum_us: 50_000 }, Some(200), 200),
        (Semantics::Specification, Timings { nominal_us: u32::MAX, maximum_us: u32::MAX }, None, 10_000_000),
    ] {
        let mut machine = Machine::new(2);
        let mut device = SimulatedDevice::new(&mut machine.image, &mut machine.range).unwrap();
        device.behaviour.timings = timings;
        let table = SimulatedDevice::table(&mut machine.table).unwrap();
        let mut store = Store::open(&table, semantics, &mut device).unwrap();
        if let Some(patience) = patience {
            store = store.with_patience(patience);
        }
        device.faults.busy = u64::MAX;
        let mut recorder = Recorder::new(device);
        let error = store.write(&record(1, 128, 0), &mut recorder).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy { waited_us: budget, status: Some(Status::SUCCESS) });
        assert_eq!(recorder.io.waited_us(), budget);
        let last = [Action::CHECK_BUSY_STATUS, Action::GET_COMMAND_STATUS, Action::END_OPERATION];
        assert!(recorder.actions.ends_with(&last), "status and end after the time-out too");
    }
}

#[test]
fn an_access_that_fails_ends_the_operation_and_the_next_one_works() {
    let mut machine = Machine::new(2);
    let (mut store, mut device) = machine.start(Semantics::Linux);
    let start = device.accesses();
    store.write(&record(1, 128, 0), &mut device).unwrap();
    let needed = device.accesses() - start;
    for number in 0..needed {
        device.faults.fail_access = Some(device.accesses() + number);
        let mut recorder = Recorder::new(&mut device);
        let error = store.write(&record(1, 128, 0), &mut recorder).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io(IoError::Failed), "access {number}");
        if number >= 128 {
            assert_eq!(recorder.actions.last(), Some(&Action::END_OPERATION), "access {number}");
            assert!(matches!(error.location(), Location::Entry { .. }));
        }
        store.write(&record(1, 128, 0), &mut device).unwrap();
    }
}

#[test]
fn what_is_no_record_is_not_sent_to_the_device() {
    let mut machine = Machine::new(2);
    let (mut store, mut device) = machine.start(Semantics::Linux);
    let before = device.accesses();
    let with = |change: fn(&mut Vec<u8>)| {
        let mut bytes = record(1, 300, 0);
        change(&mut bytes);
        bytes
    };
    let length = |stated, available| ErrorKind::RecordLength { stated, available };
    let cases = [
        (vec![], ErrorKind::RecordSignature([0; 4])),
        (with(|bytes| bytes[0] = b'X'), ErrorKind::RecordSignature(*b"XPER")),
        (with(|bytes| bytes.truncate(299)), length(300, 299)),
        (with(|bytes| bytes.push(0)), length(300, 301)),
        (with(|bytes| bytes.truncate(20)), length(0, 20)),
        (
            with(|bytes| {
                bytes.truncate(127);
                bytes[20] = 127;
                bytes[21] = 0;
            }),
            length(127, 127),
        ),
        (with(|bytes| bytes[96..104].fill(0)), ErrorKind::RecordIdentifier(0)),
        (with(|bytes| bytes[96..104].fill(0xff)), ErrorKind::RecordIdentifier(u64::MAX)),
        (
            record(1, SLOT + 1, 0),
            ErrorKind::BufferTooSmall { needed: SLOT as u32 + 1, available: SLOT as u32 },
        ),
    ];
    for (bytes, kind) in cases {
        assert_eq!(store.write(&bytes, &mut device).unwrap_err().kind(), kind);
        assert_eq!(store.dummy_write(&bytes, &mut device).unwrap_err().kind(), kind);
    }
    for identifier in [IDENTIFIER_UNSPECIFIED, IDENTIFIER_END] {
        let error = store.clear(identifier, &mut device).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RecordIdentifier(identifier));
    }
    let error = store.read(IDENTIFIER_END, &mut [0; 16], &mut device).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RecordIdentifier(IDENTIFIER_END));
    assert_eq!(device.accesses(), before);
}

/// Gives another content to the range just before the store looks at it.
struct Swindler<'d, 'm> {
    device: &'d mut SimulatedDevice<'m>,
    content: Vec<u8>,
}

impl RegisterIo for Swindler<'_, '_> {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        match usize::try_from(address.wrapping_sub(RANGE)).ok().and_then(|offset| self.content.get(offset)) {
            Some(byte) => Ok(u64::from(*byte) | 0xabcd_0000),
            None => self.device.read(space, address, width),
        }
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        self.device.write(space, address, width, value)
    }

    fn stall_us(&mut self, _: u64) {}
}

#[test]
fn what_the_platform_delivers_is_checked_before_it_is_returned() {
    let mut machine = Machine::new(2);
    let (mut store, mut device) = machine.start(Semantics::Linux);
    store.write(&record(1, 300, 7), &mut device).unwrap();

    let mut buffer = [0x11; SLOT];
    device.faults.deliver_nothing = true;
    let error = store.read(1, &mut buffer, &mut device).unwrap_err();
    assert_eq!(
        (error.kind(), error.location()),
        (ErrorKind::RecordSignature([0; 4]), Location::Operation(Operation::Read))
    );
    device.faults = Faults::default();

    let mut read = |content: Vec<u8>, room: usize| {
        let mut swindler = Swindler { device: &mut device, content };
        let mut buffer = vec![0x11; room];
        let result = store.read(1, &mut buffer, &mut swindler).map(<[u8]>::len).map_err(|error| error.kind());
        (result, buffer)
    };
    assert_eq!(read(record(1, 200, 1), SLOT).0, Ok(200), "bits above the byte read are cut off");
    let (result, buffer) = read(record(2, 200, 1), 200);
    assert_eq!((result, buffer), (Err(ErrorKind::RecordIdentifier(2)), record(2, 200, 1)));
    let small = ErrorKind::BufferTooSmall { needed: 200, available: 199 };
    assert_eq!(read(record(1, 200, 1), 199), (Err(small), vec![0x11; 199]));
    for stated in [0_u32, 127, SLOT as u32 + 1, u32::MAX] {
        let mut content = record(1, 200, 1);
        content[20..24].copy_from_slice(&stated.to_le_bytes());
        let kind = ErrorKind::RecordLength { stated: u64::from(stated), available: SLOT as u64 };
        assert_eq!(read(content, SLOT), (Err(kind), vec![0x11; SLOT]));
    }
}

#[test]
fn a_walk_brings_each_record_once_on_platforms_of_both_kinds() {
    for cursor in [Cursor::MovesWhenListed, Cursor::MovesWhenRead] {
        for stored in 0..6_u64 {
            for begun in 0..=stored {
                let mut machine = Machine::new(8);
                let (mut store, mut device) = machine.start(Semantics::Linux);
                device.behaviour = Behaviour { cursor, ..Behaviour::default() };
                let mut buffer = [0; SLOT];
                for identifier in 1..=stored {
                    store.write(&record(identifier, 200, 0), &mut device).unwrap();
                }
                // Another walk was left in the middle.
                let mut left = Walk::new();
                for _ in 0..begun {
                    left.next_record(&mut store, &mut buffer, &mut device).unwrap().unwrap();
                }
                for _ in 0..2 {
                    let mut walk = Walk::new();
                    let mut found = Vec::new();
                    while let Some(next) = walk.next_record(&mut store, &mut buffer, &mut device).unwrap() {
                        assert_eq!(next.record.unwrap(), record(next.identifier, 200, 0));
                        found.push(next.identifier);
                    }
                    assert_eq!(
                        walk.next_record(&mut store, &mut buffer, &mut device),
                        Ok(None),
                        "and stays there"
                    );
                    found.sort_unstable();
                    assert_eq!(
                        found,
                        (1..=stored).collect::<Vec<_>>(),
                        "{cursor:?}, {begun} of {stored} before"
                    );
                }
            }
        }
    }
}

#[test]
fn a_walk_that_clears_what_it_brings_empties_the_store() {
    for cursor in [Cursor::MovesWhenListed, Cursor::MovesWhenRead] {
        for kept in 0..8_u64 {
            let mut machine = Machine::new(8);
            let (mut store, mut device) = machine.start(Semantics::Linux);
            device.behaviour.cursor = cursor;
            for identifier in 1..=7 {
                store.write(&record(identifier, 200, 0), &mut device).unwrap();
            }
            let (mut walk, mut buffer, mut found) = (Walk::new(), [0; SLOT], Vec::new());
            while let Some(next) = walk.next_record(&mut store, &mut buffer, &mut device).unwrap() {
                found.push(next.identifier);
                if next.identifier != kept {
                    store.clear(next.identifier, &mut device).unwrap();
                }
            }
            found.sort_unstable();
            assert_eq!(found, [1, 2, 3, 4, 5, 6, 7], "{cursor:?}, {kept} kept");
            assert_eq!(store.count(&mut device), Ok(u64::from((1..8).contains(&kept))));
        }
    }
}

#[test]
fn a_record_that_vanishes_under_a_walk_takes_no_other_with_it() {
    for cursor in [Cursor::MovesWhenListed, Cursor::MovesWhenRead] {
        for victim in 1..=4 {
            let mut at = 0;
            loop {
                let mut machine = Machine::new(6);
                let (mut store, mut device) = machine.start(Semantics::Linux);
                device.behaviour.cursor = cursor;
                for identifier in 1..=4 {
                    store.write(&record(identifier, 128, 0), &mut device).unwrap();
                }
                let start = device.accesses();
                device.faults.vanish = Some((start + at, victim));
                let (mut walk, mut buffer, mut found) = (Walk::new(), [0; SLOT], Vec::new());
                while let Some(next) = walk.next_record(&mut store, &mut buffer, &mut device).unwrap() {
                    assert!(next.record.is_ok());
                    found.push(next.identifier);
                }
                found.sort_unstable();
                found.retain(|identifier| *identifier != victim);
                let expected: Vec<_> = (1..=4).filter(|identifier| *identifier != victim).collect();
                assert_eq!(found, expected, "{cursor:?}: {victim} vanishes at access {at}");
                if start + at > device.accesses() {
                    break;
                }
                at += 7;
            }
        }
    }
}

#[test]
fn a_damaged_record_is_brought_as_its_error_and_the_walk_goes_on() {
    let mut machine = Machine::new(4);
    {
        let (mut store, mut device) = machine.start(Semantics::Linux);
        for identifier in 1..=3 {
            store.write(&record(identifier, 200, 0), &mut device).unwrap();
        }
    }
    machine.image[2 * SLOT + 20..][..4].copy_from_slice(&9_u32.to_le_bytes());
    let (mut store, mut device) = machine.start(Semantics::Linux);
    let (mut walk, mut buffer, mut found) = (Walk::new(), [0; SLOT], Vec::new());
    while let Some(next) = walk.next_record(&mut store, &mut buffer, &mut device).unwrap() {
        found.push((next.identifier, next.record.map(<[u8]>::len).map_err(|error| error.kind())));
    }
    assert_eq!(found, [(1, Ok(200)), (2, Err(ErrorKind::Status(Status::FAILED))), (3, Ok(200))]);
}

/// A platform that returns one identifier after another for ever.
struct Endless<'m>(SimulatedDevice<'m>, u64);

impl RegisterIo for Endless<'_> {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        self.1 += 1;
        if width == AccessWidth::Qword { Ok(self.1) } else { self.0.read(space, address, width) }
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        self.0.write(space, address, width, value)
    }

    fn stall_us(&mut self, _: u64) {}
}

#[test]
fn a_walk_ends_even_if_the_platform_does_not() {
    let mut machine = Machine::new(2);
    let (mut store, device) = machine.start(Semantics::Linux);
    let mut endless = Endless(device, 0);
    let mut walk = Walk::default();
    let mut brought = 0;
    while walk.next_identifier(&mut store, &mut endless).unwrap().is_some() {
        brought += 1;
    }
    assert_eq!(brought, Walk::MAX_STEPS);
}

#[test]
fn a_walk_of_identifiers_works_without_a_record_count() {
    let mut machine = Machine::new(4);
    let mut device = SimulatedDevice::new(&mut machine.image, &mut machine.range).unwrap();
    let entries = RegisterLayout::at(erst_table::sim::REGISTERS).entries();
    let entries: Vec<_> =
        entries.into_iter().filter(|entry| entry.action() != Action::GET_RECORD_COUNT).collect();
    let mut buffer = [0; 912];
    let table = Table::parse(TableWriter::new(&entries).encode(&mut buffer).unwrap()).unwrap();
    let mut store = Store::open(&table, Semantics::Specification, &mut device).unwrap();
    for identifier in 1..=3 {
        store.write(&record(identifier, 200, 0), &mut device).unwrap();
    }
    store.next_identifier(&mut device).unwrap();
    assert_eq!(identifiers(&mut store, &mut device), [2, 3, 1]);
    assert_eq!(store.count(&mut device).unwrap_err().kind(), ErrorKind::MissingAction);
}

#[test]
fn optional_actions_may_be_missing_and_others_not() {
    for action in Action::ALL {
        let mut machine = Machine::new(2);
        let mut device = SimulatedDevice::new(&mut machine.image, &mut machine.range).unwrap();
        let entries = RegisterLayout::at(erst_table::sim::REGISTERS).entries();
        let entries: Vec<_> = entries.into_iter().filter(|entry| entry.action() != action).collect();
        let mut buffer = [0; 912];
        let table = Table::parse(TableWriter::new(&entries).encode(&mut buffer).unwrap()).unwrap();
        let written = Store::open(&table, Semantics::Linux, &mut device).and_then(|mut store| {
            // Without BEGIN_WRITE_OPERATION this device writes nothing; the crate does not mind.
            match store.write(&record(1, 200, 0), &mut device) {
                Err(error) if error.kind() == ErrorKind::Status(Status::FAILED) => Ok(()),
                other => other,
            }
        });
        let needed = matches!(action.raw(), 4..=7 | 0x0d..=0x0f);
        let missing = written.map_err(|error| (error.kind(), error.location()));
        let expected = Err((ErrorKind::MissingAction, Location::Action(action)));
        assert_eq!(missing, if needed { expected } else { Ok(()) });
    }
}

#[test]
fn a_store_is_not_opened_over_half_a_table_or_an_impossible_range() {
    let mut machine = Machine::new(2);
    let mut device = SimulatedDevice::new(&mut machine.image, &mut machine.range).unwrap();
    let whole = SimulatedDevice::table(&mut machine.table).unwrap().as_bytes().to_vec();
    for length in 48..912 {
        let table = Table::parse(&whole[..length]).unwrap();
        let error = Store::open(&table, Semantics::Linux, &mut device).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IncompleteTable);
    }

    let table = Table::parse(&whole).unwrap();
    let mut range = [0; 127];
    let mut small = SimulatedDevice::nvram(&mut range);
    let error = Store::open(&table, Semantics::Linux, &mut small).unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET_ERROR_LOG_ADDRESS_RANGE: error log address range of 127 bytes at 0x100000000 is unusable"
    );

    let mut least = [0; 128];
    let mut device = SimulatedDevice::nvram(&mut least);
    assert_eq!(Store::open(&table, Semantics::Linux, &mut device).unwrap().range().length, 128);
    // A length that the bytes do not have, and an entry more than the count says.
    for (place, value) in [(4, 943_u32), (44, 26)] {
        let mut bytes = whole.clone();
        bytes[place..place + 4].copy_from_slice(&value.to_le_bytes());
        assert!(!Table::parse(&bytes).unwrap().is_complete());
    }

    for value in [0, u64::MAX] {
        let mut fixed = Fixed(value);
        let error = Store::open(&table, Semantics::Linux, &mut fixed).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Range { address: value, length: value });
    }
}

/// A machine whose every register holds the same.
struct Fixed(u64);

impl RegisterIo for Fixed {
    fn read(&mut self, _: AddressSpace, _: u64, _: AccessWidth) -> Result<u64, IoError> {
        Ok(self.0)
    }

    fn write(&mut self, _: AddressSpace, _: u64, _: AccessWidth, _: u64) -> Result<(), IoError> {
        Ok(())
    }

    fn stall_us(&mut self, _: u64) {}
}

#[test]
fn the_store_works_through_a_trait_object() {
    let mut machine = Machine::new(2);
    let (mut store, mut device) = machine.start(Semantics::Linux);
    let io: &mut dyn RegisterIo = &mut device;
    store.write(&record(5, 200, 1), io).unwrap();
    assert_eq!(store.read(5, &mut [0; SLOT], io).unwrap(), record(5, 200, 1));
    let range = store.range();
    assert_eq!(
        (range.address, range.length, range.attributes),
        (RANGE, SLOT as u64, RangeAttributes::empty())
    );
    assert!(store.interpreter().state().steps > 0);
}

#[test]
fn a_program_may_wait_as_long_as_its_operation_may_take() {
    let mut machine = Machine::new(2);
    let mut device = SimulatedDevice::new(&mut machine.image, &mut machine.range).unwrap();
    let mut entries = RegisterLayout::at(erst_table::sim::REGISTERS).entries().to_vec();
    let register = entries[0].register();
    let wait = InstructionEntry::new(Action::EXECUTE_OPERATION, Instruction::STALL, register);
    entries.push(wait.with_value(900));
    let mut buffer = [0; 944];
    let table = Table::parse(TableWriter::new(&entries).encode(&mut buffer).unwrap()).unwrap();
    let mut store = Store::open(&table, Semantics::Specification, &mut device).unwrap();
    // Less than a millisecond is not believed.
    assert_eq!(store.timings().maximum_us, 100);
    assert_eq!(store.write(&record(1, 200, 0), &mut device), Ok(()));
    let mut store = store.with_patience(899);
    let error = store.write(&record(2, 200, 0), &mut device).unwrap_err();
    let location = Location::Entry { action: Action::EXECUTE_OPERATION, entry: 27 };
    assert_eq!((error.kind(), error.location()), (ErrorKind::TimeLimit(899), location));
}

#[test]
fn of_two_faults_the_first_is_told() {
    let mut machine = Machine::new(2);
    let (mut store, mut device) = machine.start(Semantics::Linux);
    store.write(&record(1, 200, 0), &mut device).unwrap();
    device.faults.cut_at_access = Some(device.accesses());
    let error = store.clear(1, &mut device).unwrap_err();
    assert_eq!(
        error.location(),
        Location::Entry { action: Action::BEGIN_CLEAR_OPERATION, entry: 2 },
        "not that of END_OPERATION, which fails as well"
    );
}

/// A platform that answers the question for the next identifier from a list, over and over.
struct Scripted<'s, 'm> {
    io: Recorder<SimulatedDevice<'m>>,
    answers: &'s [u64],
    asked: usize,
    count: u64,
}

impl RegisterIo for Scripted<'_, '_> {
    fn read(&mut self, space: AddressSpace, address: u64, width: AccessWidth) -> Result<u64, IoError> {
        match self.io.actions.last() {
            Some(&Action::GET_RECORD_IDENTIFIER) => {
                self.asked += 1;
                Ok(self.answers[(self.asked - 1) % self.answers.len()])
            }
            Some(&Action::GET_RECORD_COUNT) => Ok(self.count),
            _ => self.io.read(space, address, width),
        }
    }

    fn write(
        &mut self,
        space: AddressSpace,
        address: u64,
        width: AccessWidth,
        value: u64,
    ) -> Result<(), IoError> {
        self.io.write(space, address, width, value)
    }

    fn stall_us(&mut self, microseconds: u64) {
        self.io.stall_us(microseconds);
    }
}

#[test]
fn a_walk_takes_the_platforms_answers_as_they_come() {
    const END: u64 = IDENTIFIER_END;
    // Count, answers, what a walk brings, and how often it asks.
    let cases: [(u64, &[u64], &[u64], usize); 8] = [
        (3, &[1, 2, 3, END], &[1, 2, 3], 4),
        (3, &[1, 2, 3], &[1, 2, 3], 4),
        // It begins in the middle, with a count and without.
        (3, &[3, END, 1, 2], &[3, 1, 2], 5),
        (0, &[3, END, 1, 2], &[3, 1, 2], 5),
        // The cursor stood at the end.
        (0, &[END, 1, 2], &[1, 2], 4),
        (0, &[END], &[], 2),
        // An identifier twice is one record, and no reason to leave out the others.
        (3, &[1, 2, 2, 3], &[1, 2, 3], 5),
        // More records are counted than there are.
        (5, &[1, 2, END], &[1, 2], 6),
    ];
    for (count, answers, brought, asked) in cases {
        for with_records in [false, true] {
            let mut machine = Machine::new(4);
            let (mut store, mut device) = machine.start(Semantics::Linux);
            for identifier in 1..=3 {
                store.write(&record(identifier, 200, 0), &mut device).unwrap();
            }
            let mut platform = Scripted { io: Recorder::new(device), answers, asked: 0, count };
            let (mut walk, mut buffer) = (Walk::new(), [0; SLOT]);
            let found: Vec<_> = std::iter::from_fn(|| {
                if !with_records {
                    return walk.next_identifier(&mut store, &mut platform).unwrap();
                }
                let found = walk.next_record(&mut store, &mut buffer, &mut platform).unwrap()?;
                assert_eq!(found.record.unwrap(), record(found.identifier, 200, 0));
                Some(found.identifier)
            })
            .collect();
            let counted =
                platform.io.actions.iter().filter(|action| **action == Action::GET_RECORD_COUNT).count();
            assert_eq!((&found[..], platform.asked, counted), (brought, asked, 1), "{count} {answers:?}");
        }
    }
}
