//! Random status blocks, and whether Linux prints for them what [`cper::KernelText`] says it prints.
//!
//! `kernel-text make SEED COUNT FOLDER` writes the blocks, a file each. Every section type that Linux knows is among them,
//! and one that nobody knows, with random values in every field. Only what the kernel would follow out of a section is
//! kept honest: counts and lengths of what is inside.
//! `kernel-text check FOLDER LOG 6.1|6.12` compares the log of a kernel that has printed them.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use cper::section::Ia32X64ErrorType;
use cper::{
    DataEntryValidation, FruText, GenericErrorData, Guid, KernelArchitecture, KernelText, KernelVersion,
    SectionFlags, SectionTypeId, Severity, StatusBlock, StatusBlockWriter,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", seed, count, folder] => make(seed.parse()?, count.parse()?, Path::new(folder)),
        ["check", folder, log, "6.1"] => check(Path::new(folder), Path::new(log), KernelVersion::V6_1),
        ["check", folder, log, "6.12"] => check(Path::new(folder), Path::new(log), KernelVersion::V6_12),
        _ => Err("usage: kernel-text make SEED COUNT FOLDER | check FOLDER LOG 6.1|6.12".into()),
    }
}

/// The generator `SplitMix64`: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }

    /// As [`Random::bytes`]; half of the time most values are small, so that names are met and not only `unknown`.
    fn values(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = self.bytes(length);
        if self.below(2) == 0 {
            for byte in &mut bytes {
                *byte %= 12;
            }
        }
        bytes
    }
}

const TYPES: [SectionTypeId; 11] = [
    SectionTypeId::PROCESSOR_GENERIC,
    SectionTypeId::MEMORY,
    SectionTypeId::PCIE,
    SectionTypeId::IA32_X64_PROCESSOR,
    SectionTypeId::ARM_PROCESSOR,
    SectionTypeId::FIRMWARE_ERROR_RECORD,
    SectionTypeId::CXL_PROTOCOL,
    SectionTypeId::CXL_GENERAL_MEDIA,
    SectionTypeId::CXL_DRAM,
    SectionTypeId::CXL_MEMORY_MODULE,
    SectionTypeId::new(Guid::from_bytes([0xC3; 16])),
];

fn make(seed: u64, count: u64, folder: &Path) -> Outcome {
    let mut random = Random(seed);
    fs::create_dir_all(folder)?;
    for number in 0..count {
        fs::write(folder.join(std::format!("{number:04}")), block(&mut random, number as usize)?)?;
    }
    println!("{count} blocks of seed {seed}");
    Ok(())
}

/// A block of one to three entries, the first of a type that each block in turn takes.
fn block(random: &mut Random, number: usize) -> Outcome<Vec<u8>> {
    let mut buffer = vec![0; 16_384];
    let severity = severity(random);
    let mut writer = StatusBlockWriter::new(&mut buffer, severity)?;
    for entry in 0..=random.below(3) {
        let section_type = if entry == 0 { TYPES[number % TYPES.len()] } else { random.one_of(&TYPES) };
        let header = header(random, section_type);
        writer.entry_bytes(section_type, &header, &body(random, section_type))?;
    }
    Ok(writer.finish()?.to_vec())
}

/// One of the four, or any number.
fn severity(random: &mut Random) -> Severity {
    Severity::new(if random.below(8) == 0 { random.next() as u32 } else { random.below(5) as u32 })
}

fn header(random: &mut Random, section_type: SectionTypeId) -> GenericErrorData {
    let mut header = GenericErrorData::new(severity(random)).with_section_type(section_type);
    header.set_revision(random.one_of(&[0x0100, 0x0201, 0x0300, 0x0300, 0x0301]));
    let validation = DataEntryValidation::from_bits_retain(random.next() as u8);
    header.set_flags(SectionFlags::from_bits_retain(u32::from(random.next() as u8)));
    header.set_fru_id(Guid::from_bytes(random.next_guid()));
    let mut text = [0; 20];
    for byte in &mut text {
        *byte = b' ' + random.below(95) as u8;
    }
    // A text that ends early, one that fills its field.
    if random.below(2) == 0 {
        text[random.below(20) as usize] = 0;
    }
    header.set_fru_text(FruText::from_bytes(text));
    let time = random.next().to_le_bytes();
    header.set_timestamp(cper::zerocopy::transmute!(time));
    header.set_validation(validation);
    header
}

impl Random {
    fn next_guid(&mut self) -> [u8; 16] {
        let mut guid = [0; 16];
        guid.copy_from_slice(&self.bytes(16));
        guid
    }
}

/// A section's body. One in sixteen is shorter than the kernel asks for.
fn body(random: &mut Random, section_type: SectionTypeId) -> Vec<u8> {
    let least = |length: u64, random: &mut Random| {
        let cut = random.below(16) == 0;
        let length = if cut { random.below(length) } else { length + random.below(3) * random.below(40) };
        random.values(length as usize)
    };
    match section_type {
        SectionTypeId::PROCESSOR_GENERIC => least(192, random),
        SectionTypeId::MEMORY => memory(random),
        SectionTypeId::PCIE => least(208, random),
        SectionTypeId::IA32_X64_PROCESSOR => ia32x64(random),
        SectionTypeId::FIRMWARE_ERROR_RECORD => firmware(random),
        SectionTypeId::CXL_PROTOCOL => cxl_protocol(random),
        _ => {
            let length = random.below(120) as usize;
            random.values(length)
        }
    }
}

fn set(body: &mut [u8], at: usize, bytes: &[u8]) {
    body[at..at + bytes.len()].copy_from_slice(bytes);
}

/// 73 bytes of the old form, 80 of the new; of what is between, the kernel reads on behind the end.
fn memory(random: &mut Random) -> Vec<u8> {
    let length = if random.below(16) == 0 { random.below(73) } else { random.one_of(&[73, 80, 80, 80, 96]) };
    let mut body = random.values(length as usize);
    // The handle of a DIMM that the guest's SMBIOS tables have: it would be named.
    if body.get(78..80) == Some(&[0x00, 0x11]) {
        body[78] = 1;
    }
    // Random bits are rarely all of the old form's, which has none from 15 on.
    if length == 73 && random.below(2) == 0 {
        set(&mut body, 1, &[0x7F, 0, 0, 0, 0, 0, 0]);
    }
    body
}

fn ia32x64(random: &mut Random) -> Vec<u8> {
    if random.below(16) == 0 {
        let length = random.below(64) as usize;
        return random.values(length);
    }
    let (errors, contexts) = (random.below(4), random.below(4));
    let mut body = random.values(64);
    set(&mut body, 0, &(errors << 2 | contexts << 8 | random.below(4)).to_le_bytes());
    let known = [
        Ia32X64ErrorType::CACHE,
        Ia32X64ErrorType::TLB,
        Ia32X64ErrorType::BUS,
        Ia32X64ErrorType::MICRO_ARCHITECTURAL,
        Ia32X64ErrorType::new(Guid::from_bytes([0x3C; 16])),
    ];
    for _ in 0..errors {
        let mut error = random.values(64);
        set(&mut error, 0, random.one_of(&known).raw().bytes());
        body.extend(error);
    }
    for _ in 0..contexts {
        let array = random.one_of(&[0, 8, 16, 20, 48, 64, 72]);
        let mut context = random.bytes(16);
        set(&mut context, 0, &[random.below(9) as u8, 0, array, 0]);
        // Registers of a scalable MCA bank go to the machine check code, where the processor has any.
        context[7] &= 0x7F;
        body.extend(context);
        body.extend(random.bytes(usize::from(array)));
    }
    body
}

fn firmware(random: &mut Random) -> Vec<u8> {
    let length = if random.below(16) == 0 { random.below(16) } else { 32 + random.below(40) };
    let mut body = random.values(length as usize);
    if let Some(revision) = body.get_mut(1) {
        *revision = random.below(4) as u8;
    }
    body
}

fn cxl_protocol(random: &mut Random) -> Vec<u8> {
    if random.below(16) == 0 {
        let length = random.below(116) as usize;
        return random.values(length);
    }
    let dvsec = random.one_of(&[0, 4, 16, 56, 60]);
    let mut body = random.values(116 + usize::from(dvsec) + 88);
    body[8] = random.below(10) as u8;
    set(&mut body, 108, &[dvsec, 0, 88, 0]);
    body
}

fn check(folder: &Path, log: &Path, version: KernelVersion) -> Outcome {
    let log = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    let (printed, others) = printed(&log);
    let mut lines = 0;
    let mut types = BTreeMap::new();
    for number in 0.. {
        let file = folder.join(std::format!("{number:04}"));
        if !file.exists() {
            break;
        }
        let bytes = fs::read(&file)?;
        let block = StatusBlock::parse(&bytes)?;
        let ours = KernelText::new(&block)
            .with_version(version)
            .with_architecture(KernelArchitecture::X86)
            .to_string();
        let ours: Vec<&str> = ours.lines().collect();
        let kernels = printed.get(&number).ok_or_else(|| std::format!("block {number} was not printed"))?;
        if let Some(line) =
            (0..ours.len().max(kernels.len())).find(|&line| ours.get(line) != kernels.get(line))
        {
            let (ours, kernels) = (ours.get(line), kernels.get(line));
            let file = file.display();
            return Err(std::format!("{file}, line {line}:\n kernel: {kernels:?}\n ours:   {ours:?}").into());
        }
        lines += ours.len();
        for entry in block.entries().flatten() {
            *types.entry(*entry.section_type().raw().bytes()).or_insert(0) += 1;
        }
    }
    if types.len() != TYPES.len() {
        return Err(std::format!("only {} of {} section types were played", types.len(), TYPES.len()).into());
    }
    println!(
        "{} blocks, {lines} lines, {} section types: the kernel's text and ours are the same; {others} lines of others between",
        printed.len(),
        types.len()
    );
    Ok(())
}

/// The lines that the kernel printed for each block, and how many of others came in between.
fn printed(log: &str) -> (BTreeMap<usize, Vec<&str>>, usize) {
    let (mut blocks, mut others, mut current) = (BTreeMap::new(), 0, None);
    for line in log.lines() {
        // The time in front.
        let line = line.strip_prefix('[').and_then(|line| Some(line.split_once("] ")?.1)).unwrap_or(line);
        if let Some(number) = line.strip_prefix("cper_print: block ").and_then(|number| number.parse().ok()) {
            current = Some(number);
            blocks.insert(number, Vec::new());
        } else if line.starts_with("cper_print: end of block ") {
            current = None;
        } else if let Some(lines) = current.and_then(|number| blocks.get_mut(&number)) {
            let of_block = [" ", "It has been corrected", "event severity", "[Firmware Warn]: "];
            if of_block.iter().any(|start| line.starts_with(start)) {
                lines.push(line);
            } else {
                others += 1;
            }
        }
    }
    (blocks, others)
}
