//! rasdaemon's words for machine checks of Intel's processors, and of all others that follow Intel's definitions.
//!
//! The architecture's codes are worded as rasdaemon words them. What the model-specific codes say is in the words of
//! `mce-record`, but for the flags of Skylake's mesh-to-memory banks, which go by their names.

use mce_record::vendor::Unit;
use mce_record::vendor::intel::Unit as Bank;
use mce_record::{CodeKind, IntelStatus, MceRecord, StatusReading};

use super::texts::Texts;

const TRANSACTIONS: [&str; 4] = ["Instruction", "Data", "Generic", "Unknown"];
const LEVELS: [&str; 4] = ["Level-0", "Level-1", "Level-2", "Level-3"];
const REQUESTS: [&str; 9] = [
    "Generic",
    "Read",
    "Write",
    "Data-Read",
    "Data-Write",
    "Instruction-Fetch",
    "Prefetch",
    "Eviction",
    "Snoop",
];
/// Sic: this is how it is spelled.
const PARTICIPATIONS: [&str; 4] =
    ["Local-CPU-originated-request", "Responed-to-request", "Observed-error-as-third-party", "Generic"];
const TIMEOUTS: [&str; 2] = ["Request-did-not-timeout", "Request-timed-out"];
const TARGETS: [&str; 4] = ["Memory-access", "Reserved", "IO", "Other-transaction"];
/// Short and long names of what a memory controller was doing.
const OPERATIONS: [(&str, &str); 8] = [
    ("GEN", "Generic undefined request"),
    ("RD", "Memory read error"),
    ("WR", "Memory write error"),
    ("AC", "Address/Command error"),
    ("MS", "Memory scrubbing error"),
    ("RES5", "Reserved 5"),
    ("RES6", "Reserved 6"),
    ("RES7", "Reserved 7"),
];
/// By the bits for "signalled" and "action required".
const ACTIONS: [&str; 4] = ["UCNA", "AR", "SRAO", "SRAR"];
const THRESHOLDS: [&str; 4] = ["", "green", "yellow", "res3"];
/// Flags of a mesh-to-memory bank, from bit 16 of the status on.
const MESH_TO_MEMORY: [&str; 8] = [
    "MscodDataRdErr",
    "Reserved",
    "MscodPtlWrErr",
    "MscodFullWrErr",
    "MscodBgfErr",
    "MscodTimeout",
    "MscodParErr",
    "MscodBucket1Err",
];

/// Fills the text columns.
pub fn tell(record: &MceRecord<'_>, texts: &mut Texts) {
    let StatusReading::Intel(reading) = record.status_reading() else { return };
    texts.tell_mcgstatus(record.mcg_status(), true);
    tell_status(record, reading, texts);
    tell_code(record, texts);
    let status = record.status();
    if status.error_code().raw() >> 7 == 1 {
        texts.mc_location.push(format!("n_errors={}", status.raw() >> 38 & 0x7fff));
    }
    tell_model(record, texts);
}

fn tell_status(record: &MceRecord<'_>, reading: IntelStatus, texts: &mut Texts) {
    let status = record.status();
    texts.tell_validity(status);
    let fate = if status.uncorrected() { "Uncorrected_error" } else { "Corrected_error" };
    texts.mcistatus.push(fate.into());
    for (set, name) in
        [(status.enabled(), "Error_enabled"), (status.context_corrupt(), "Processor_context_corrupt")]
    {
        if set {
            texts.mcistatus.push(name.into());
        }
    }
    let action = (status.raw() >> 55 & 3) as usize;
    if action != 0 {
        texts.mcistatus.push(ACTIONS[action].into());
    }
    // The bits count where the processor says so, and where nothing is known of the processor.
    let tracked = reading.threshold().is_some() || reading.capability.raw() == 0 && !status.uncorrected();
    let threshold = (status.raw() >> 53 & 3) as usize;
    if tracked && threshold != 0 {
        texts.mcistatus.push(format!("Threshold based error status: {}", THRESHOLDS[threshold]));
        if threshold == 1 {
            texts.user_action.push("Many corrected cache errors: uncorrected ones may follow".into());
        }
    }
}

fn tell_code(record: &MceRecord<'_>, texts: &mut Texts) {
    let code = record.status().error_code();
    if code.filtered() {
        texts.mcastatus.push("corrected filtering (some unreported errors in same region)".into());
    }
    let code = code.raw() & !(1 << 12);
    let kind = record.status().error_code().kind();
    let name =
        |names: &[&'static str], value: u8| names.get(usize::from(value)).copied().unwrap_or("UNKNOWN");
    let said = match kind {
        CodeKind::NoError => "No Error".into(),
        CodeKind::Unclassified => "Unclassified".into(),
        CodeKind::MicrocodeRomParity => "Microcode ROM parity error".into(),
        CodeKind::External => "External error".into(),
        CodeKind::FunctionalRedundancyCheck => "FRC error".into(),
        CodeKind::InternalParity => "Internal parity error".into(),
        CodeKind::SmmHandlerCodeAccess => "SMM Handler Code Access Violation".into(),
        CodeKind::GenericCache { level } => {
            format!("{} Generic memory hierarchy error", name(&LEVELS, level.raw()))
        }
        CodeKind::Tlb { transaction, level } => {
            format!("{} TLB {} Error", name(&TRANSACTIONS, transaction.raw()), name(&LEVELS, level.raw()))
        }
        CodeKind::Cache { request, transaction, level } => format!(
            "{} CACHE {} {} Error",
            name(&TRANSACTIONS, transaction.raw()),
            name(&LEVELS, level.raw()),
            name(&REQUESTS, request.raw())
        ),
        CodeKind::InternalTimer => "Internal Timer error".into(),
        CodeKind::Internal { .. } => format!("Internal unclassified error: {code:x}"),
        // A generic I/O error is one of the bus: other transaction, any level.
        CodeKind::Bus { .. } | CodeKind::GenericIo => format!(
            "BUS {} {} {} {} {} Error",
            LEVELS[usize::from(code & 3)],
            PARTICIPATIONS[usize::from(code >> 9 & 3)],
            name(&REQUESTS, (code >> 4 & 0xf) as u8),
            TARGETS[usize::from(code >> 2 & 3)],
            TIMEOUTS[usize::from(code >> 8 & 1)]
        ),
        CodeKind::MemoryController { operation, channel } => {
            let (short, long) = OPERATIONS[usize::from(operation.raw() & 7)];
            let channel = channel.number().map_or("unspecified".into(), |number| number.to_string());
            texts.error_msg.push(format!("MEMORY CONTROLLER {short}_CHANNEL{channel}_ERR"));
            texts.error_msg.push(format!("Transaction: {long}"));
            return;
        }
        _ => format!("Unknown Error {code:x}"),
    };
    texts.mcastatus.push(said);
    if let Some(requester) = record.io_requester() {
        let (segment, bus) = (requester.segment, requester.bus);
        let (device, function) = (requester.device, requester.function);
        texts
            .mcastatus
            .push(format!("IO MCA reported by root port {segment:x}:{bus:02x}:{device:02x}.{function:x}"));
    }
}

/// What the bank's unit and its model-specific code say.
fn tell_model(record: &MceRecord<'_>, texts: &mut Texts) {
    let Some(Unit::Intel(unit)) = record.unit() else { return };
    let status = record.status();
    let front = match unit {
        Bank::PowerControl => match status.error_code().raw() & !(1 << 12) {
            0x402 | 0x403 => Some("Internal errors "),
            0x406 => Some("Intel TXT errors "),
            0x407 => Some("Other UBOX Internal errors "),
            _ => None,
        },
        Bank::Upi(_) => Some("UPI: "),
        Bank::MeshToMemory(_) | Bank::HbmMeshToMemory => Some("M2M: "),
        Bank::MemoryController(..) | Bank::MemoryChannel(_) | Bank::HbmChannel(_) => Some("MemCtrl: "),
        _ => None,
    };
    texts.mcastatus.extend(front.map(str::to_owned));
    if matches!(unit, Bank::PowerControl) && status.raw() >> 16 & 0xf != 0 {
        texts.mcastatus.push("PCU internal error ".into());
    }
    let part_is_skylake = record.signature().is_some_and(|signature| signature.model() == 0x55);
    if part_is_skylake && matches!(unit, Bank::MeshToMemory(_)) {
        let set = (16..).zip(MESH_TO_MEMORY).filter(|(bit, _)| status.raw() >> bit & 1 != 0);
        texts.error_msg.extend(set.map(|(_, name)| name.to_owned()));
    } else if let Some(error) = record.model_error() {
        texts.error_msg.push(error.to_string());
    }
    if part_is_skylake {
        tell_skylake_location(record, unit, texts);
    } else if let Some(location) = record.dram_location() {
        texts.mc_location.push(location.to_string());
    }
}

/// Channel and ranks of a corrected error that a memory controller of Skylake's saw.
fn tell_skylake_location(record: &MceRecord<'_>, unit: Bank, texts: &mut Texts) {
    let status = record.status();
    let CodeKind::MemoryController { channel, .. } = status.error_code().kind() else { return };
    let corrected_by_controller = matches!(unit, Bank::MemoryController(..)) && !status.uncorrected();
    let Some(channel) =
        channel.number().filter(|_| corrected_by_controller && !status.error_code().filtered())
    else {
        return;
    };
    texts.mc_location.push(format!("memory_channel={channel}"));
    let misc = record.mce().misc();
    let (first, second) = (misc >> 46 & 0x1f, misc >> 51 & 0x1f);
    match (misc >> 62 & 1, misc >> 63) {
        (0, _) => {}
        (_, 0) => texts.mc_location.push(format!("rank={first}")),
        _ => texts.mc_location.push(format!("ranks={first} and {second}")),
    }
}
