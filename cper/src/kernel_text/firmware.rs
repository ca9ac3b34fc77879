//! Firmware error record references, as `cper_print_fw_err` prints them.

use core::fmt;

use super::out::{Out, name_or_unknown};
use crate::section::{FirmwareErrorRecord, FirmwareErrorRecordHeader};
use crate::stored::of_bytes;
use crate::{Guid, Severity};

pub(super) fn print(out: &mut Out<'_, '_>, body: &[u8], _: Severity) -> fmt::Result {
    let Ok(reference) = FirmwareErrorRecord::new(body) else { return out.too_short() };
    let names = [
        "IPF SAL Error Record",
        "SOC Firmware Error Record Type1 (Legacy CrashLog Support)",
        "SOC Firmware Error Record Type2",
    ];
    let name = name_or_unknown(&names, reference.error_record_type().raw());
    out.body(format_args!("Firmware Error Record Type: {name}"))?;
    out.body(format_args!("Revision: {}", reference.revision()))?;
    if let Some(identifier) = reference.record_identifier() {
        out.body(format_args!("Record Identifier: {identifier:08x}"))?;
    }
    if reference.revision() == 2 {
        // The GUID of a section that ends inside it is printed too.
        let after = reference.bytes().get(FirmwareErrorRecordHeader::SIZE..).unwrap_or_default();
        out.body(format_args!("Record Identifier: {}", of_bytes::<Guid>(after)))?;
    }
    let (length, missing) = (reference.bytes().len(), reference.missing());
    if missing != 0 {
        let offset = length.saturating_add(missing);
        return out.body(format_args!("error section length is too small: offset={offset}, length={length}"));
    }
    out.dump(2, reference.data(), 4, true)
}
