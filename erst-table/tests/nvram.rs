//! A platform whose error log address range is itself the store.
#![cfg(feature = "sim")]

mod common;

use common::{Recorder, record};
use erst_table::sim::{Faults, SimulatedDevice};
use erst_table::{Action, ErrorKind, IDENTIFIER_UNSPECIFIED, Semantics, Status, Store, Walk};

/// Works on a store whose range is `range`.
fn with<T>(range: &mut [u8], work: impl FnOnce(&mut Store, &mut SimulatedDevice) -> T) -> T {
    let mut buffer = [0; 912];
    let mut device = SimulatedDevice::nvram(range);
    let table = SimulatedDevice::table(&mut buffer).unwrap();
    let mut store = Store::open(&table, Semantics::Linux, &mut device).unwrap();
    assert!(store.is_nvram());
    work(&mut store, &mut device)
}

fn identifiers(range: &mut [u8]) -> Vec<u64> {
    with(range, |store, device| {
        let (mut walk, mut buffer) = (Walk::new(), [0; 1000]);
        let mut found = Vec::new();
        while let Some(next) = walk.next_record(store, &mut buffer, device).unwrap() {
            assert!(next.record.is_ok());
            found.push(next.identifier);
        }
        let mut walk = Walk::new();
        let listed: Vec<_> = std::iter::from_fn(|| walk.next_identifier(store, device).unwrap()).collect();
        assert_eq!(listed, found);
        assert_eq!(store.count(device), Ok(found.len() as u64));
        found
    })
}

fn write(range: &mut [u8], record: &[u8]) -> Result<(), ErrorKind> {
    with(range, |store, device| store.write(record, device).map_err(|error| error.kind()))
}

fn clear(range: &mut [u8], identifier: u64) -> Result<(), ErrorKind> {
    with(range, |store, device| store.clear(identifier, device).map_err(|error| error.kind()))
}

fn read(range: &mut [u8], identifier: u64) -> Result<Vec<u8>, ErrorKind> {
    let mut buffer = [0; 1000];
    with(range, |store, device| {
        store.read(identifier, &mut buffer, device).map(<[u8]>::to_vec).map_err(|error| error.kind())
    })
}

const FULL: Result<(), ErrorKind> = Err(ErrorKind::Status(Status::NOT_ENOUGH_SPACE));
const EMPTY: ErrorKind = ErrorKind::Status(Status::RECORD_STORE_EMPTY);
const MISSING: ErrorKind = ErrorKind::Status(Status::RECORD_NOT_FOUND);

#[test]
fn records_are_written_read_replaced_and_cleared_in_place() {
    for blank in [0x00, 0xff, 0x5a] {
        let mut range = vec![blank; 1000];
        assert_eq!(identifiers(&mut range), []);
        assert_eq!(read(&mut range, IDENTIFIER_UNSPECIFIED), Err(EMPTY));
        assert_eq!(clear(&mut range, 1), Err(MISSING));

        let records = [record(1, 201, 1), record(2, 128, 2), record(3, 300, 3)];
        for record in &records {
            write(&mut range, record).unwrap();
        }
        assert_eq!(identifiers(&mut range), [1, 2, 3]);
        assert_eq!(range[201..329], records[1], "one after the other");
        for (number, record) in (1..).zip(&records) {
            assert_eq!(read(&mut range, number).unwrap(), *record);
        }
        assert_eq!(read(&mut range, IDENTIFIER_UNSPECIFIED).unwrap(), records[0]);
        assert_eq!(read(&mut range, 4), Err(MISSING));

        let replacement = record(2, 130, 9);
        write(&mut range, &replacement).unwrap();
        assert_eq!(read(&mut range, 2).unwrap(), replacement);
        assert_eq!(identifiers(&mut range), [1, 3, 2]);
        clear(&mut range, 3).unwrap();
        assert_eq!(identifiers(&mut range), [1, 2]);
        assert_eq!(range[329..333], [0; 4], "only the signature is gone");
        assert_eq!(range[333..329 + 300], records[2][4..]);
    }
}

#[test]
fn the_platform_takes_part_in_writes_only() {
    let mut range = [0; 1000];
    with(&mut range, |store, device| {
        store.write(&record(1, 200, 1), device).unwrap();
        let mut recorder = Recorder::new(device);
        store.write(&record(2, 200, 2), &mut recorder).unwrap();
        let write = [
            Action::BEGIN_WRITE_OPERATION,
            Action::SET_RECORD_OFFSET,
            Action::EXECUTE_OPERATION,
            Action::CHECK_BUSY_STATUS,
            Action::GET_COMMAND_STATUS,
            Action::END_OPERATION,
        ];
        assert_eq!(recorder.actions, write);
        assert_eq!(recorder.range_writes.last(), Some(&0), "the record is whole before the platform is told");
        recorder.actions.clear();
        store.read(2, &mut [0; 200], &mut recorder).unwrap();
        store.clear(2, &mut recorder).unwrap();
        store.count(&mut recorder).unwrap();
        assert_eq!(recorder.actions, []);

        recorder.io.faults = Faults { status: Some(Status::HARDWARE_NOT_AVAILABLE), ..Faults::default() };
        let error = store.write(&record(3, 200, 3), &mut recorder).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Status(Status::HARDWARE_NOT_AVAILABLE));
        assert_eq!(
            store.read(3, &mut [0; 200], &mut recorder).unwrap(),
            record(3, 200, 3),
            "stored all the same"
        );
    });
}

#[test]
fn a_dummy_write_leaves_no_record() {
    let mut range = [0; 400];
    with(&mut range, |store, device| store.dummy_write(&record(1, 200, 1), device)).unwrap();
    assert_eq!(identifiers(&mut range), []);
    write(&mut range, &record(2, 400, 2)).unwrap();
    assert_eq!(identifiers(&mut range), [2]);
}

#[test]
fn a_full_range_says_so_and_gaps_are_used_again() {
    let mut range = [0xff; 640];
    for number in 1..=3 {
        write(&mut range, &record(number, 200, number as u8)).unwrap();
    }
    assert_eq!(write(&mut range, &record(4, 128, 4)), FULL);
    assert_eq!(write(&mut range, &record(2, 128, 4)), FULL, "a replacement needs room beside the old record");
    clear(&mut range, 2).unwrap();
    assert_eq!(write(&mut range, &record(4, 201, 4)), FULL);
    write(&mut range, &record(4, 150, 4)).unwrap();
    assert_eq!(identifiers(&mut range), [1, 4, 3]);
    assert_eq!(
        write(&mut range, &record(5, 641, 5)),
        Err(ErrorKind::BufferTooSmall { needed: 641, available: 640 })
    );
    for number in [1, 3, 4] {
        clear(&mut range, number).unwrap();
    }
    write(&mut range, &record(5, 640, 5)).unwrap();
    assert_eq!(read(&mut range, 5).unwrap(), record(5, 640, 5));
}

#[test]
fn a_record_that_another_system_wrote_is_found_wherever_it_lies() {
    for offset in [0, 1, 7, 64, 65, 100, 300, 372] {
        let mut range = [0; 500];
        range[offset..offset + 128].copy_from_slice(&record(9, 128, 0));
        assert_eq!(identifiers(&mut range), [9], "{offset}");
        let fits = offset >= 200 || 500 - offset - 128 >= 200;
        assert_eq!(write(&mut range, &record(1, 200, 1)).is_ok(), fits);
        assert_eq!(read(&mut range, 9).unwrap(), record(9, 128, 0));
    }
}

#[test]
fn what_is_not_whole_is_no_record() {
    let whole = record(9, 128, 0);
    let mut range = [0; 300];
    range[..128].copy_from_slice(&whole);
    assert_eq!(identifiers(&mut range), [9]);
    for (offset, name) in [(0, "signature"), (3, "signature"), (6, "signature end"), (9, "signature end")] {
        range[offset] ^= 1;
        assert_eq!(identifiers(&mut range), [], "{name}");
        range[offset] ^= 1;
    }
    for length in [0_u32, 127, 301, u32::MAX] {
        range[20..24].copy_from_slice(&length.to_le_bytes());
        assert_eq!(identifiers(&mut range), [], "length {length}");
    }
    // Cut off by the end of the range.
    let mut range = [0; 300];
    range[173..].copy_from_slice(&whole[..127]);
    assert_eq!(identifiers(&mut range), []);
}

#[test]
fn a_record_inside_a_record_is_none_even_when_the_outer_one_was_cleared() {
    let mut outer = record(1, 400, 0);
    outer[200..328].copy_from_slice(&record(2, 128, 0));
    let mut range = [0; 600];
    write(&mut range, &outer).unwrap();
    assert_eq!(identifiers(&mut range), [1]);
    clear(&mut range, 1).unwrap();
    assert_eq!(identifiers(&mut range), []);
    // A shorter record in its place, with the rest of the outer one behind it.
    for number in 0..2 {
        let mut cut = range;
        let result = with(&mut cut, |store, device| {
            device.faults.cut_at_byte = (number == 0).then_some(500);
            store.write(&record(3, 150, 3), device)
        });
        assert_eq!(result.is_ok(), number == 1);
        let expected: &[u64] = if number == 1 { &[3] } else { &[] };
        assert_eq!(identifiers(&mut cut), expected);
    }
}

#[test]
fn two_records_of_one_identifier_are_the_first_until_it_is_written_or_cleared() {
    let (old, new) = (record(7, 150, 1), record(7, 160, 2));
    let mut both = [0; 640];
    both[..150].copy_from_slice(&old);
    both[300..460].copy_from_slice(&new);
    assert_eq!(read(&mut both.clone(), 7).unwrap(), old);
    let mut cleared = both;
    clear(&mut cleared, 7).unwrap();
    assert_eq!(identifiers(&mut cleared), []);
    let third = record(7, 170, 3);
    write(&mut both, &third).unwrap();
    assert_eq!(read(&mut both, 7).unwrap(), third);
    assert_eq!(identifiers(&mut both), [7]);
}

#[test]
fn a_failing_access_is_the_operations_error() {
    let mut range = [0; 300];
    with(&mut range, |store, device| {
        store.write(&record(1, 200, 1), device).unwrap();
        for number in 0..200 {
            for run in [
                |store: &mut Store, device: &mut SimulatedDevice| store.count(device).map(drop),
                |store: &mut Store, device: &mut SimulatedDevice| {
                    store.read(1, &mut [0; 200], device).map(drop)
                },
                |store: &mut Store, device: &mut SimulatedDevice| store.clear(2, device),
                |store: &mut Store, device: &mut SimulatedDevice| {
                    Walk::new().next_identifier(store, device).map(drop)
                },
            ] {
                device.faults.fail_access = Some(device.accesses() + number);
                let error = run(store, device).err();
                let failed = error.is_none_or(|error| {
                    matches!(error.kind(), ErrorKind::Io(_) | ErrorKind::Status(Status::RECORD_NOT_FOUND))
                });
                assert!(failed, "access {number}: {error:?}");
            }
        }
    });
    assert_eq!(identifiers(&mut range), [1]);
}

#[test]
fn a_record_of_a_header_alone_may_end_the_range() {
    let mut range = [0; 1000];
    write(&mut range, &record(1, 872, 1)).unwrap();
    write(&mut range, &record(2, 128, 2)).unwrap();
    assert_eq!(identifiers(&mut range), [1, 2]);
    assert_eq!(read(&mut range, 2).unwrap(), record(2, 128, 2));
}

#[test]
fn dead_records_behind_the_new_one_stay_as_they_are() {
    let mut range = [0; 1000];
    for identifier in [1, 2, 3] {
        write(&mut range, &record(identifier, 200, 7)).unwrap();
    }
    for identifier in [1, 2, 3] {
        clear(&mut range, identifier).unwrap();
    }
    let before = range;
    write(&mut range, &record(4, 200, 9)).unwrap();
    assert_eq!(range[..200], record(4, 200, 9));
    assert_eq!(range[200..], before[200..]);
}
