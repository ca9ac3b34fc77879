//! rasdaemon's words for machine checks of AMD's and Hygon's processors.
//!
//! Those of family 15 go by the decoder it has for K8, those with scalable MCA by the one for these; what their
//! extended codes say is in the words of `mce-record`. For the families between the two, of which rasdaemon says
//! nothing, the error code is told as for scalable MCA.

use mce_record::vendor::Unit;
use mce_record::vendor::amd::{BankType, Unit as Bank};
use mce_record::{AmdStatus, MceRecord, StatusReading};

use super::texts::Texts;

const TRANSACTIONS: [&str; 4] = ["instruction", "data", "generic", "reserved"];
const REQUESTS: [&str; 9] = [
    "generic",
    "generic read",
    "generic write",
    "data read",
    "data write",
    "instruction fetch",
    "prefetch",
    "evict",
    "snoop",
];
const PARTICIPATIONS: [&str; 4] =
    ["local node origin", "local node response", "local node observed", "generic participation"];
const TIMEOUTS: [&str; 2] = ["request didn't time out", "request timed out"];

/// Fills the text columns.
pub fn tell(record: &MceRecord<'_>, texts: &mut Texts) {
    let StatusReading::Amd(reading) = record.status_reading() else { return };
    if reading.signature.family() == 0xf {
        return k8::tell(record, texts);
    }
    texts.tell_mcgstatus(record.mcg_status(), false);
    if let Some(Unit::Amd(unit)) = record.unit() {
        tell_unit(record, reading, unit, texts);
    }
    tell_status(record, reading, texts);
    tell_code(record, texts);
}

/// Units in rasdaemon's words, where they are not those of `mce-record`.
const UNITS: &[((u16, u16), &str)] = &[
    ((0xb0, 0x0), "Load Store Unit"),
    ((0xb0, 0x10), "Load Store Unit"),
    ((0xb0, 0x1), "Instruction Fetch Unit"),
    ((0xb0, 0x2), "L2 Cache"),
    ((0xb0, 0x3), "Decode Unit"),
    ((0xb0, 0x5), "Execution Unit"),
    ((0xb0, 0x6), "Floating Point Unit"),
    ((0xb0, 0x7), "L3 Cache"),
    ((0x2e, 0x0), "Coherent Slave"),
    ((0x2e, 0x2), "Coherent Slave"),
    ((0x2e, 0x1), "Power, Interrupts, etc."),
    ((0x2e, 0x4), "Memory Attached Last Level Cache"),
    ((0x96, 0x0), "Unified Memory Controller"),
    ((0x96, 0x1), "Unified Memory Controller V2"),
    ((0x05, 0x0), "Parameter Block"),
    ((0xff, 0x0), "Platform Security Processor"),
    ((0xff, 0x1), "Platform Security Processor"),
    ((0x01, 0x0), "System Management Unit"),
    ((0x01, 0x1), "System Management Unit"),
    ((0x01, 0x2), "Microprocessor 5 Unit"),
    ((0x01, 0x3), "MPDMA Unit"),
    ((0x18, 0x0), "Northbridge IO Unit"),
    ((0x46, 0x0), "PCI Express Unit"),
    ((0x46, 0x1), "PCI Express Unit"),
    ((0x50, 0x0), "Ext Global Memory Interconnect PCS Unit"),
    ((0x6c, 0x0), "NBIF Unit"),
    ((0x80, 0x0), "System Hub Unit"),
    ((0xa8, 0x0), "SATA Unit"),
    ((0xaa, 0x0), "USB Unit"),
    ((0x170, 0x0), "Ultra Short Reach Data Plane Controller"),
    ((0x180, 0x0), "Ultra Short Reach Control Plane Controller"),
    ((0x241, 0x0), "Global Memory Interconnect PCS Unit"),
    ((0x259, 0x0), "Ext Global Memory Interconnect PHY Unit"),
    ((0x267, 0x0), "WAFL PHY Unit"),
    ((0x269, 0x0), "Global Memory Interconnect PHY Unit"),
];

fn tell_unit(record: &MceRecord<'_>, reading: AmdStatus, unit: Bank, texts: &mut Texts) {
    let BankType { hwid, mca_type } = unit.bank_type;
    if let Some((_, name)) = UNITS.iter().find(|(known, _)| *known == (hwid, mca_type)) {
        texts.bank_name.push(format!("{name} (bank={})", record.mce().bank()));
    }
    let extended = reading.extended_code();
    if let Some(error) = record.model_error() {
        texts.mcastatus.push(format!("{error}. Ext Err Code: {extended}"));
    }
    if extended != 0 {
        return;
    }
    let ipid = record.mce().ipid();
    let (instance, high) = (unit.instance >> 20, ipid >> 44 & 0xf);
    let accelerator = reading.signature.family() == 0x19 && matches!(reading.signature.model(), 0x90..=0x9f);
    match unit.bank_type {
        BankType::MEMORY_CONTROLLER if accelerator => {
            texts.mc_location.push(format!("memory_die_id={}", high / 4));
        }
        BankType::MEMORY_CONTROLLER => {
            let row = record.mce().synd() & 7;
            texts.mc_location.push(format!("memory_channel={instance},csrow={row}"));
        }
        BankType::MEMORY_CONTROLLER_V2 => {
            let channel = (ipid >> 12 & 0xf) + if instance % 2 == 0 { 0 } else { 4 };
            texts.mc_location.push(format!("memory_channel={channel},csrow={}", instance / 2));
        }
        _ => {}
    }
}

/// The fate of the error. rasdaemon says "containable" of every error that was not corrected, the fatal ones too: it
/// writes one word over the other.
fn tell_status(record: &MceRecord<'_>, reading: AmdStatus, texts: &mut Texts) {
    let status = record.status();
    let fate = if status.uncorrected() && status.context_corrupt() {
        "System Fatal error."
    } else if status.uncorrected() && record.mcg_status().restart_ip_valid() {
        "Uncorrected, software restartable error."
    } else if status.uncorrected() {
        "Uncorrected, software containable error."
    } else if reading.deferred() {
        "Deferred error, no action required."
    } else {
        "Corrected error, no action required."
    };
    texts.error_msg.push(fate.into());
    texts.tell_validity(status);
    for (set, name) in [
        (status.context_corrupt(), "Processor_context_corrupt"),
        (reading.corrected_ecc() && !reading.uncorrected_ecc(), "CECC"),
        (reading.uncorrected_ecc(), "UECC"),
        (reading.poison(), "Poison consumed"),
        (reading.task_context_corrupt(), "Task_context_corrupt"),
    ] {
        if set {
            texts.mcistatus.push(name.into());
        }
    }
}

fn tell_code(record: &MceRecord<'_>, texts: &mut Texts) {
    const LEVELS: [&str; 4] = ["reserved", "L1", "L2", "L3/generic"];
    const INTERNAL: [&str; 4] = ["reserved", "reserved", "hardware assert", "reserved"];
    let code = record.status().error_code().raw();
    let level = LEVELS[usize::from(code & 3)];
    let transaction = TRANSACTIONS[usize::from(code >> 2 & 3)];
    let request = REQUESTS.get(usize::from(code >> 4 & 0xf)).copied().unwrap_or("Wrong R4!");
    let said = if code & 0xf4ff == 0x0400 {
        format!("Internal '{}'", INTERNAL[usize::from(code >> 8 & 3)])
    } else if code & 0xfff0 == 0x0010 {
        format!("TLB Error 'tx: {transaction}, level: {level}'")
    } else if code & 0xff00 == 0x0100 {
        format!("Memory Error 'mem-tx: {request}, tx: {transaction}, level: {level}'")
    } else if code & 0xf800 == 0x0800 {
        let participation = PARTICIPATIONS[usize::from(code >> 9 & 3)];
        let timeout = TIMEOUTS[usize::from(code >> 8 & 1)];
        format!("Bus Error '{participation}, {timeout}, mem-tx: {request}, level: {level}'")
    } else {
        return;
    };
    texts.mcastatus.push(said);
}

/// Family 15: K8, which is also what QEMU's generic CPU says it is.
///
/// rasdaemon means to name the status' upper bits before the error code, and names others, or none: its mask and its
/// offset have changed places. Neither is told here.
mod k8 {
    use mce_record::{AmdStatus, MceRecord, StatusReading};

    use super::super::texts::Texts;
    use super::{PARTICIPATIONS, REQUESTS, TIMEOUTS, TRANSACTIONS};

    const BANKS: [&str; 6] = [
        "data cache",
        "instruction cache",
        "bus unit",
        "load/store unit",
        "northbridge",
        "fixed-issue reorder",
    ];
    const LEVELS: [&str; 4] = ["0", "1", "2", "generic"];
    const TARGETS: [&str; 4] = ["memory", "res.", "i/o", "generic"];
    const NORTHBRIDGE: [&str; 16] = [
        "RAM ECC error",
        "CRC error",
        "Sync error",
        "Master abort",
        "Target abort",
        "GART error",
        "RMW error",
        "Watchdog error",
        "RAM Chipkill ECC error",
        "DEV Error",
        "Link Data Error",
        "Link Protocol Error",
        "NB Array Error",
        "DRAM Parity Error",
        "Link Retry",
        "Tablew Walk Data Error",
    ];

    pub(super) fn tell(record: &MceRecord<'_>, texts: &mut Texts) {
        let StatusReading::Amd(reading) = record.status_reading() else { return };
        let bank = record.mce().bank();
        let Some(name) = BANKS.get(usize::from(bank)) else {
            texts.error_msg.push("Don't know how to decode this bank".into());
            return;
        };
        texts.bank_name.push(format!("{name} (bank={bank})"));
        tell_bank(bank, reading, texts);
        tell_code(record.status().error_code().raw(), texts);
    }

    fn tell_bank(bank: u8, reading: AmdStatus, texts: &mut Texts) {
        let status = reading.status.raw();
        let extended = reading.extended_code();
        let ecc = reading.corrected_ecc() || reading.uncorrected_ecc();
        let syndrome = status >> 47 & 0xff;
        let mut say = |text: String| texts.error_msg.push(text);
        match bank {
            0 if ecc => {
                say(format!("Data cache ECC error (syndrome {syndrome:x})"));
                if reading.scrub() {
                    say("found by scrubber".into());
                }
            }
            1 if ecc => say("Instruction cache ECC error".into()),
            2 => {
                if ecc {
                    say("L2 cache ECC error".into());
                }
                let array = if extended == 0 { "Bus or cache" } else { "Cache tag" };
                say(format!("{array} array error"));
            }
            4 => {
                say(format!("Northbridge {}", NORTHBRIDGE[usize::from(extended & 0xf)]));
                match extended {
                    0 => say(format!("ECC syndrome = {syndrome:x}")),
                    8 => say(format!("Chipkill ECC syndrome = {:x}", status >> 16 & 0xff00 | syndrome)),
                    1..=4 | 6 => say(format!("link number = {:x}", status >> 36 & 0xf)),
                    _ => {}
                }
            }
            _ => {}
        }
        if matches!(bank, 0 | 1) && status & 0xfff0 == 0x0010 {
            let array = if extended == 0 { "physical" } else { "virtual" };
            say(format!("TLB parity error in {array} array"));
        }
    }

    fn tell_code(code: u16, texts: &mut Texts) {
        let level = LEVELS[usize::from(code & 3)];
        let transaction = TRANSACTIONS[usize::from(code >> 2 & 3)];
        let request = match code >> 4 & 0xf {
            0 => "generic error",
            request => REQUESTS.get(usize::from(request)).copied().unwrap_or("?"),
        };
        let said = if code & 0xfff0 == 0x0010 {
            format!("LB error '{transaction} transaction, level {level}'")
        } else if code & 0xff00 == 0x0100 {
            format!(
                "memory/cache error '{request} mem transaction, {transaction} transaction, level {level}'"
            )
        } else if code & 0xf800 == 0x0800 {
            let participation = PARTICIPATIONS[usize::from(code >> 9 & 3)];
            let timeout = TIMEOUTS[usize::from(code >> 8 & 1)];
            let target = TARGETS[usize::from(code >> 2 & 3)];
            format!(
                "bus error '{participation}, {timeout}: {request} mem transaction, {target} access, level {level}'"
            )
        } else {
            return;
        };
        texts.error_msg.push(said);
    }
}
