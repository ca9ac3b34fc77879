//! NVIDIA's sections: `nvidia_ns_event` of Grace and `nvidia_vera_ns_event` of later processors, as the decoders of
//! rasdaemon 0.8.5 fill them.
//!
//! Signatures end at their NUL, so that they can be compared with text; rasdaemon writes all sixteen bytes of one.

use cper::section::vendor::{NvidiaError, NvidiaEvent, NvidiaInfo};
use rusqlite::types::Value;

use super::row::{Row, blob, text, wide};

/// The only version of an event that rasdaemon reads.
const EVENT_VERSION: u8 = 1;

/// The row of an error section, whose bytes these are.
pub fn ns_event(error: &NvidiaError<'_>, bytes: &[u8]) -> Row {
    let registers = error.data();
    Row::new(
        "nvidia_ns_event",
        [
            ("signature", text(error.signature())),
            ("error_type", error.error_type().into()),
            ("error_instance", error.error_instance().into()),
            ("severity", error.severity().raw().into()),
            ("socket", error.socket().into()),
            ("number_regs", error.register_count().into()),
            ("instance_base", wide(error.instance_base())),
            ("reg_data", if registers.is_empty() { Value::Null } else { blob(registers) }),
            ("raw_data", blob(bytes)),
        ],
    )
}

/// The row of an event, whose bytes these are, if it is one of a processor and whole. The table has no columns for what
/// a GPU says of itself, and rasdaemon makes no row of an event with a context that does not fit.
pub fn vera_event(event: &NvidiaEvent<'_>, bytes: &[u8]) -> Option<Row> {
    let NvidiaInfo::Cpu(cpu) = event.info() else { return None };
    if event.version() != EVENT_VERSION || event.contexts().any(|context| context.is_err()) {
        return None;
    }
    let ecid = cpu.ecid().map(u32::to_le_bytes);
    Some(Row::new(
        "nvidia_vera_ns_event",
        [
            ("signature", text(event.signature())),
            ("event_type", event.event_type().into()),
            ("event_sub_type", event.event_sub_type().into()),
            ("event_link_id", wide(event.link_id())),
            ("source_device_type", event.source_device_type().raw().into()),
            ("event_context_count", event.context_count().into()),
            ("socket", cpu.socket().into()),
            ("architecture", cpu.architecture().into()),
            ("chip_serial_number", blob(ecid.as_flattened())),
            ("instance_base", wide(cpu.instance_base())),
            ("raw_data", blob(bytes)),
        ],
    ))
}
