//! Machine checks: `mce_record` as Linux's mce trace event fills it and rasdaemon's decoder words it.

use mce_record::{CpuVendor, MceRecord};
use rusqlite::types::Value;

use super::row::{Row, narrow, wide};
use super::texts::Texts;
use super::{mce_amd, mce_intel};

/// The row of a machine check on the processor of this number. Columns for what the record's layout does not have are
/// NULL, and so is a number that nothing tells; `MCA_SYND` and `MCA_IPID` have no column.
pub fn mce_record(record: &MceRecord<'_>, cpu: Option<u32>) -> Row {
    let mce = record.mce();
    let mut texts = Texts::default();
    if record.cpu_vendor().is_some_and(CpuVendor::is_amd_family) {
        mce_amd::tell(record, &mut texts);
    } else {
        mce_intel::tell(record, &mut texts);
    }
    if texts.error_msg.is_empty() {
        texts.error_msg.clone_from(&texts.mcastatus);
    }
    let joined = |pieces: Vec<String>| Value::from(pieces.join(" "));
    Row::new(
        "mce_record",
        [
            ("mcgcap", record.mcg_cap().map(|capability| narrow(capability.raw() as u32)).into()),
            ("mcgstatus", narrow(mce.mcgstatus() as u32)),
            ("status", wide(mce.status())),
            ("addr", wide(mce.addr())),
            ("misc", wide(mce.misc())),
            ("ip", wide(mce.ip())),
            ("tsc", wide(mce.tsc())),
            ("walltime", wide(mce.time())),
            ("ppin", record.ppin().map(wide).into()),
            ("cpu", cpu.map(narrow).into()),
            ("cpuid", record.signature().map(|signature| narrow(signature.raw())).into()),
            ("apicid", record.apic_id().map(narrow).into()),
            ("socketid", record.socket().map(narrow).into()),
            ("cs", mce.cs().into()),
            ("bank", mce.bank().into()),
            ("cpuvendor", record.cpu_vendor().map(|vendor| i64::from(vendor.raw())).into()),
            ("microcode", record.microcode().map(narrow).into()),
            ("bank_name", joined(texts.bank_name)),
            ("error_msg", joined(texts.error_msg)),
            ("mcgstatus_msg", joined(texts.mcgstatus)),
            ("mcistatus_msg", joined(texts.mcistatus)),
            ("mcastatus_msg", joined(texts.mcastatus)),
            ("user_action", joined(texts.user_action)),
            ("mc_location", joined(texts.mc_location)),
        ],
    )
}
