//! The power is cut at every single access of every operation, for stores from empty to full; then the store is opened
//! again. No record that was whole before may be lost or changed, and nothing torn may be returned as a record.
#![cfg(feature = "sim")]

mod common;

use std::collections::BTreeMap;

use common::record;
use erst_table::qemu::{Image, ImageProblem, Overwrite};
use erst_table::sim::{Faults, SimulatedDevice};
use erst_table::{Error, ErrorKind, IoError, Semantics, Status, Store, Walk};
use proptest::prelude::*;

const SLOT: usize = 4096;
const SLOTS: usize = 7;

/// What is stored, by identifier.
type Content = BTreeMap<u64, Bytes>;

/// A record whose `Debug` fits a line.
#[derive(Clone, PartialEq, Eq)]
struct Bytes(Vec<u8>);

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let identifier = u64::from_le_bytes(self.0[96..104].try_into().unwrap());
        write!(f, "{identifier:#x}: {} bytes ending in {:#04x}", self.0.len(), self.0[self.0.len() - 1])
    }
}

/// A record, its number spread over all bytes of its identifier, so that a torn one differs.
fn bytes(number: u64, length: usize, fill: u8) -> Bytes {
    Bytes(record(identifier(number), length, fill))
}

fn identifier(number: u64) -> u64 {
    number.wrapping_mul(0x0102_0304_0506_0708)
}

#[derive(Clone, Debug)]
enum Step {
    Write(Bytes),
    Clear(u64),
}

impl Step {
    fn identifier(&self) -> u64 {
        match self {
            Self::Write(record) => u64::from_le_bytes(record.0[96..104].try_into().unwrap()),
            Self::Clear(identifier) => *identifier,
        }
    }

    fn after(&self, before: &Content) -> Content {
        let mut after = before.clone();
        match self {
            Self::Write(record) => drop(after.insert(self.identifier(), record.clone())),
            Self::Clear(identifier) => drop(after.remove(identifier)),
        }
        after
    }
}

/// The two kinds of platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Platform {
    /// Records pass through the range to a medium of their own.
    Exchange(Overwrite),
    /// The range keeps the records.
    Nvram,
}

/// A platform's memory, which outlives its power.
#[derive(Clone)]
struct Memory {
    platform: Platform,
    medium: Vec<u8>,
    range: Vec<u8>,
}

impl Memory {
    fn new(platform: Platform, nvram_length: usize) -> Self {
        let mut medium = match platform {
            Platform::Exchange(_) => vec![0xff; (SLOTS + 1) * SLOT],
            Platform::Nvram => vec![0xff; nvram_length],
        };
        medium[..8].fill(0);
        Self { platform, medium, range: vec![0xa5; SLOT] }
    }

    fn with<T>(&mut self, faults: Faults, work: impl FnOnce(&mut Store, &mut SimulatedDevice) -> T) -> T {
        let mut device = match self.platform {
            Platform::Exchange(_) => SimulatedDevice::new(&mut self.medium, &mut self.range).unwrap(),
            Platform::Nvram => SimulatedDevice::nvram(&mut self.medium),
        };
        if let Platform::Exchange(overwrite) = self.platform {
            device.behaviour.overwrite = overwrite;
        }
        let mut table = [0; 912];
        let table = SimulatedDevice::table(&mut table).unwrap();
        let mut store = Store::open(&table, Semantics::Linux, &mut device).unwrap();
        device.power_on();
        device.faults = faults;
        work(&mut store, &mut device)
    }

    fn run(&mut self, step: &Step, faults: Faults) -> (Result<(), Error>, u64, u64) {
        self.with(faults, |store, device| {
            let result = match step {
                Step::Write(record) => store.write(&record.0, device),
                Step::Clear(identifier) => store.clear(*identifier, device),
            };
            (result, device.accesses(), device.programmed())
        })
    }

    /// Everything that the store returns as a record, each identifier once.
    fn content(&mut self) -> Content {
        self.with(Faults::default(), |store, device| {
            let (mut walk, mut buffer, mut content) = (Walk::new(), [0; SLOT], Content::new());
            while let Some(found) = walk.next_record(store, &mut buffer, device).unwrap() {
                if let Ok(record) = found.record {
                    content.entry(found.identifier).or_insert_with(|| Bytes(record.to_vec()));
                }
            }
            content
        })
    }
}

/// Cuts the power at every access and at every byte programmed of one operation. Returns the number of cuts.
fn cut_everywhere(start: &Memory, before: &Content, step: &Step, bytes_only: bool) -> u64 {
    let after = step.after(before);
    let (result, accesses, programmed) = start.clone().run(step, Faults::default());
    let done = match result {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::Status(Status::NOT_ENOUGH_SPACE) => false,
        Err(error) => panic!("{error}"),
    };
    let accesses = if bytes_only { 0 } else { accesses };
    let at_access = (0..accesses).map(|number| Faults { cut_at_access: Some(number), ..Faults::default() });
    let at_byte = (0..programmed).map(|number| Faults { cut_at_byte: Some(number), ..Faults::default() });
    let mut cuts = 0;
    for faults in at_access.chain(at_byte) {
        let mut memory = start.clone();
        let (result, ..) = memory.run(step, faults);
        // The power may be cut after the last byte that matters, but an operation that was cut never says it succeeded.
        let error = result.expect_err("the power was cut");
        assert!(matches!(error.kind(), ErrorKind::Io(IoError::Failed)) || !done, "{error}");
        let found = memory.content();
        assert!(found == *before || found == after, "{:?} {step:?} {faults:?}: {found:?}", start.platform);

        cuts += 1;
        // The same again, with power: it succeeds, and nothing is left of the cut. A part of the cuts speaks for all.
        if cuts % 11 != 0 {
            continue;
        }
        let (result, ..) = memory.run(step, Faults::default());
        // It may have been done, and then there is nothing to clear any more, or no room to write it again. A map entry of
        // which a part is programmed holds its slot until someone frees it.
        let held = Image::parse(&memory.medium).is_ok_and(|image| {
            image.check().any(|problem| matches!(problem, ImageProblem::RecordIdentifier { .. }))
        });
        assert!(result.is_ok() || !done || found == after || held, "{step:?} {faults:?}");
        let expected = if result.is_ok() { after.clone() } else { found };
        assert_eq!(memory.content(), expected, "{step:?} {faults:?}");
    }
    cuts
}

/// Stores of every fill level, and what can be done to each.
fn steps(before: &Content, longest: usize) -> Vec<Step> {
    let mut steps = vec![Step::Write(bytes(99, longest, 9))];
    for identifier in before.keys().copied() {
        steps.push(Step::Clear(identifier));
        steps.push(Step::Write(Bytes(record(identifier, 130, 8))));
        steps.push(Step::Write(Bytes(record(identifier, longest, 7))));
    }
    steps
}

fn campaign(platform: Platform, nvram_length: usize, longest: usize, bytes_only: bool) -> u64 {
    let mut cuts = 0;
    let mut memory = Memory::new(platform, nvram_length);
    let mut content = Content::new();
    for number in 1.. {
        for step in steps(&content, longest) {
            cuts += cut_everywhere(&memory, &content, &step, bytes_only);
        }
        let next = Step::Write(bytes(number, 130 + 10 * number as usize, number as u8));
        if memory.run(&next, Faults::default()).0.is_err() {
            break;
        }
        content = next.after(&content);
    }
    assert!(content.len() >= 2, "filled with {}", content.len());
    assert_eq!(memory.content(), content);
    println!("{platform:?}: {cuts} cuts, {} records when full", content.len());
    cuts
}

#[test]
fn a_power_cut_at_any_access_loses_and_tears_nothing() {
    let cuts: u64 = std::thread::scope(|scope| {
        let campaigns = [
            // The device programs its medium byte by byte: the power is cut before each of them, and before each access.
            scope.spawn(|| campaign(Platform::Exchange(Overwrite::Beside), 0, 600, false)),
            // The range is the medium. Each byte of it is an access; only those that change something are cut.
            scope.spawn(|| campaign(Platform::Nvram, 1200, 200, true)),
            scope.spawn(|| campaign(Platform::Nvram, 480, 130, false)),
            // QEMU's device carries out an operation within one access, and overwrites in place.
            scope.spawn(campaign_in_place),
        ];
        campaigns.into_iter().map(|campaign| campaign.join().unwrap()).sum()
    });
    println!("{cuts} power cuts");
    assert!(cuts >= 100_000, "{cuts}");
}

/// Cuts at the accesses only: what happens within one is the device's.
fn campaign_in_place() -> u64 {
    let platform = Platform::Exchange(Overwrite::InPlace);
    let mut memory = Memory::new(platform, 0);
    let (mut content, mut cuts) = (Content::new(), 0);
    for number in 1..=SLOTS as u64 + 1 {
        for step in steps(&content, 300) {
            let after = step.after(&content);
            let (_, accesses, _) = memory.clone().run(&step, Faults::default());
            for access in 0..accesses {
                let mut cut = memory.clone();
                let faults = Faults { cut_at_access: Some(access), ..Faults::default() };
                assert!(cut.run(&step, faults).0.is_err());
                let found = cut.content();
                assert!(found == content || found == after, "{step:?} {faults:?}: {found:?}");
                cuts += 1;
            }
        }
        let next = Step::Write(bytes(number, 200, number as u8));
        if memory.run(&next, Faults::default()).0.is_ok() {
            content = next.after(&content);
        }
    }
    println!("{platform:?}: {cuts} cuts, {} records when full", content.len());
    assert_eq!(content.len(), SLOTS);
    cuts
}

/// The limit of what structure alone can tell: a device that overwrites in place, cut within the record, leaves a mixture
/// that looks like a record. It takes a seal in the record's contents to tell it.
#[test]
fn an_overwrite_in_place_that_is_torn_needs_a_seal() {
    let mut memory = Memory::new(Platform::Exchange(Overwrite::InPlace), 0);
    let (old, new) = (bytes(1, 300, 0x11), bytes(1, 300, 0x22));
    memory.run(&Step::Write(old.clone()), Faults::default()).0.unwrap();
    let (_, _, programmed) = memory.clone().run(&Step::Write(new.clone()), Faults::default());
    let mut mixtures = 0;
    for number in 0..programmed {
        let mut cut = memory.clone();
        let faults = Faults { cut_at_byte: Some(number), ..Faults::default() };
        assert!(cut.run(&Step::Write(new.clone()), faults).0.is_err());
        let found = &cut.content()[&identifier(1)];
        if *found != old && *found != new {
            // A sum over the body stands for the seal.
            let sum = found.0[128..].iter().fold(0_u32, |sum, byte| sum + u32::from(*byte));
            assert!(sum != 172 * 0x11 && sum != 172 * 0x22);
            mixtures += 1;
        }
    }
    assert_eq!(mixtures, 171, "a cut between any two bytes of the body");
}

#[test]
fn the_image_after_a_cut_has_no_problem_but_a_count_that_can_be_mended() {
    let mut memory = Memory::new(Platform::Exchange(Overwrite::Beside), 0);
    for number in 1..=3 {
        memory.run(&Step::Write(bytes(number, 200, number as u8)), Faults::default()).0.unwrap();
    }
    for step in [Step::Write(bytes(4, 200, 9)), Step::Write(bytes(2, 200, 9)), Step::Clear(identifier(2))] {
        let (_, _, programmed) = memory.clone().run(&step, Faults::default());
        let mut miscounted = 0;
        for number in 0..programmed {
            let mut cut = memory.clone();
            let faults = Faults { cut_at_byte: Some(number), ..Faults::default() };
            assert!(cut.run(&step, faults).0.is_err());
            let image = Image::parse(&cut.medium).unwrap();
            for problem in image.check() {
                match problem {
                    // QEMU finds as many records as the count says: it may be too high, never too low.
                    ImageProblem::RecordCount { stated, found } => assert!(u64::from(stated) > found),
                    // A map entry of which a part is programmed; the new record beside the old one.
                    ImageProblem::RecordIdentifier { slot: 2 | 4, .. }
                    | ImageProblem::Duplicate { slot: 4, first: 2, .. } => {}
                    other => panic!("{step:?} {faults:?}: {other}"),
                }
            }
            let wrong = |image: &Image| {
                image.check().any(|problem| matches!(problem, ImageProblem::RecordCount { .. }))
            };
            miscounted += u32::from(wrong(&image));
            image.plan_recount().apply(&mut cut.medium).unwrap();
            assert!(!wrong(&Image::parse(&cut.medium).unwrap()));
        }
        assert!((1..=24).contains(&miscounted), "{step:?}: {miscounted}");
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_u64..6, 128_usize..400, any::<u8>()).prop_map(|(id, length, fill)| Step::Write(bytes(id, length, fill))),
        1 => (1_u64..6).prop_map(|number| Step::Clear(identifier(number))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// One cut after another, with the store used in between as it was left.
    #[test]
    fn a_life_of_power_cuts_loses_nothing(
        nvram in any::<bool>(),
        life in proptest::collection::vec((step(), any::<prop::sample::Index>(), any::<bool>()), 1..30),
    ) {
        let platform = if nvram { Platform::Nvram } else { Platform::Exchange(Overwrite::Beside) };
        let mut memory = Memory::new(platform, 1500);
        let mut content = Content::new();
        for (step, at, cut) in life {
            let (_, accesses, programmed) = memory.clone().run(&step, Faults::default());
            let mut faults = Faults::default();
            if cut && programmed > 0 {
                faults.cut_at_byte = Some(at.index(programmed as usize) as u64);
            } else if cut {
                faults.cut_at_access = Some(at.index(accesses as usize) as u64);
            }
            let done = memory.run(&step, faults).0.is_ok();
            let found = memory.content();
            let after = step.after(&content);
            if done {
                prop_assert_eq!(&found, &after);
            } else {
                prop_assert!(found == content || found == after, "{:?}: {:?}", step, found);
            }
            content = found;
        }
    }
}
