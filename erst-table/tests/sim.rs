//! The simulated device by itself: its registers, its meters and its faults.
#![cfg(feature = "sim")]

use erst_table::sim::{Faults, RANGE, REGISTERS, SimulatedDevice};
use erst_table::{AccessWidth, Action, AddressSpace, IoError, RegisterIo, Status};

const MEMORY: AddressSpace = AddressSpace::SYSTEM_MEMORY;
const ACTION: u64 = REGISTERS;
const VALUE: u64 = REGISTERS + 8;

fn act(device: &mut SimulatedDevice, action: Action) -> u64 {
    device.write(MEMORY, ACTION, AccessWidth::Dword, action.raw().into()).unwrap();
    device.read(MEMORY, VALUE, AccessWidth::Qword).unwrap()
}

fn set(device: &mut SimulatedDevice, value: u64) {
    device.write(MEMORY, VALUE, AccessWidth::Qword, value).unwrap();
}

#[test]
fn registers_are_reached_at_their_widths_and_no_other() {
    let mut range = [0; 256];
    let mut device = SimulatedDevice::nvram(&mut range);
    set(&mut device, 0x1122_3344_5566_7788);
    let mut read = |place, width| device.read(MEMORY, REGISTERS + place, width);
    assert_eq!(read(8, AccessWidth::Qword), Ok(0x1122_3344_5566_7788));
    assert_eq!(read(8, AccessWidth::Dword), Ok(0x5566_7788));
    assert_eq!(read(12, AccessWidth::Dword), Ok(0x1122_3344));
    assert_eq!((read(0, AccessWidth::Dword), read(0, AccessWidth::Qword)), (Ok(0), Ok(0)));
    for place in 0..16 {
        for width in [AccessWidth::Byte, AccessWidth::Word, AccessWidth::Dword, AccessWidth::Qword] {
            let known = matches!(
                (place, width),
                (0 | 8, AccessWidth::Dword | AccessWidth::Qword) | (12, AccessWidth::Dword)
            );
            if !known {
                assert_eq!(device.read(MEMORY, REGISTERS + place, width), Err(IoError::Unsupported));
                assert_eq!(device.write(MEMORY, REGISTERS + place, width, 0), Err(IoError::Unsupported));
            }
        }
    }
    device.write(MEMORY, VALUE, AccessWidth::Dword, 0xffff_ffff_aaaa_bbbb).unwrap();
    assert_eq!(device.read(MEMORY, VALUE, AccessWidth::Qword), Ok(0x1122_3344_aaaa_bbbb));
    device.write(MEMORY, VALUE + 4, AccessWidth::Dword, 0xcccc_dddd).unwrap();
    assert_eq!(device.read(MEMORY, VALUE, AccessWidth::Qword), Ok(0xcccc_dddd_aaaa_bbbb));
    for space in [AddressSpace::SYSTEM_IO, AddressSpace::new(9)] {
        assert_eq!(device.read(space, VALUE, AccessWidth::Qword), Err(IoError::Unsupported));
        assert_eq!(device.write(space, VALUE, AccessWidth::Qword, 0), Err(IoError::Unsupported));
    }
}

#[test]
fn what_it_did_is_counted_until_the_power_comes_back() {
    let mut range = [0; 256];
    let mut device = SimulatedDevice::nvram(&mut range);
    assert_eq!((device.accesses(), device.programmed(), device.waited_us()), (0, 0, 0));
    device.write_memory(RANGE + 8, &[1, 2, 3, 4, 5]).unwrap();
    device.read_memory(RANGE, &mut [0; 7]).unwrap();
    set(&mut device, 1);
    device.stall_us(9);
    assert_eq!((device.accesses(), device.programmed(), device.waited_us()), (13, 5, 9));
    device.faults = Faults { cut_at_access: Some(13), busy: 3, ..Faults::default() };
    assert!(!device.is_cut());
    assert_eq!(device.read(MEMORY, VALUE, AccessWidth::Qword), Err(IoError::Failed));
    assert!(device.is_cut());
    // For good, whatever was due next, and also for whole runs of bytes.
    device.faults.cut_at_access = None;
    assert_eq!(device.read_memory(RANGE, &mut [0; 7]), Err(IoError::Failed));
    assert_eq!(device.write_memory(RANGE, &[9]), Err(IoError::Failed));
    assert_eq!((device.accesses(), device.is_cut()), (13, true));
    device.power_on();
    assert_eq!((device.accesses(), device.programmed(), device.waited_us()), (0, 0, 0));
    assert_eq!((device.is_cut(), device.faults), (false, Faults::default()));
    assert_eq!(device.read(MEMORY, VALUE, AccessWidth::Qword), Ok(0));
    assert_eq!(device.medium()[..14], [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 0]);
}

#[test]
fn faults_happen_when_they_are_due() {
    let mut range = [7; 256];
    let mut device = SimulatedDevice::nvram(&mut range);
    device.faults.fail_access = Some(2);
    let mut bytes = [0; 4];
    assert_eq!(device.read_memory(RANGE, &mut bytes), Err(IoError::Failed));
    assert_eq!((bytes, device.accesses()), ([7, 7, 0, 0], 3));
    assert_eq!(device.read_memory(RANGE, &mut bytes), Ok(()));
    device.faults = Faults { cut_at_byte: Some(2), ..Faults::default() };
    assert_eq!(device.write_memory(RANGE, &[1, 2, 3, 4]), Err(IoError::Failed));
    assert_eq!((device.is_cut(), device.programmed()), (true, 2));
    assert_eq!(device.medium()[..4], [1, 2, 7, 7]);
}

#[test]
fn a_volatile_range_holds_noise_when_the_power_comes_back() {
    let (mut image, mut range) = (vec![0; 3 * 4096], vec![0; 4096]);
    let mut device = SimulatedDevice::new(&mut image, &mut range).unwrap();
    device.write_memory(RANGE, &[1; 4096]).unwrap();
    device.power_on();
    let mut bytes = [0; 4096];
    device.read_memory(RANGE, &mut bytes).unwrap();
    assert_eq!(bytes, [0xa5; 4096]);
}

/// A record is taken from where the offset says, and only when the number that Linux writes is written.
#[test]
fn an_operation_is_carried_out_at_its_offset_and_only_when_it_is_asked_for() {
    let (mut image, mut range) = (vec![0; 3 * 4096], vec![0; 4096]);
    let mut device = SimulatedDevice::new(&mut image, &mut range).unwrap();
    let mut record = [0; 128];
    record[..4].copy_from_slice(b"CPER");
    record[20..24].copy_from_slice(&128_u32.to_le_bytes());
    record[96..104].copy_from_slice(&0x77_u64.to_le_bytes());
    device.write_memory(RANGE + 64, &record).unwrap();
    act(&mut device, Action::BEGIN_WRITE_OPERATION);
    set(&mut device, 64);
    act(&mut device, Action::SET_RECORD_OFFSET);
    set(&mut device, 0x9d);
    act(&mut device, Action::EXECUTE_OPERATION);
    assert_eq!(act(&mut device, Action::GET_RECORD_COUNT), 0);
    set(&mut device, 0x9c);
    act(&mut device, Action::EXECUTE_OPERATION);
    assert_eq!(act(&mut device, Action::GET_COMMAND_STATUS), Status::SUCCESS.raw());
    assert_eq!(act(&mut device, Action::GET_RECORD_COUNT), 1);
    assert_eq!(act(&mut device, Action::GET_RECORD_IDENTIFIER), 0x77);
    assert_eq!(act(&mut device, Action::GET_EXECUTE_OPERATION_TIMINGS), 0x64_0000_000a);
    // It vanishes at one access, not before.
    let next = device.accesses();
    device.faults.vanish = Some((next + 2, 0x77));
    assert_eq!(act(&mut device, Action::GET_RECORD_COUNT), 1);
    assert_eq!(act(&mut device, Action::GET_RECORD_COUNT), 0);
}
