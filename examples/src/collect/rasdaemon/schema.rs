//! The tables of rasdaemon's database, as its newest release creates them.

use std::fmt::Write as _;

/// What all events of CXL components begin with.
const CXL_HEADER: &str = "memdev TEXT, host TEXT, serial INTEGER, log_type TEXT, hdr_uuid TEXT, hdr_flags INTEGER, \
     hdr_handle INTEGER, hdr_related_handle INTEGER, hdr_ts TEXT, hdr_length INTEGER, hdr_maint_op_class INTEGER, \
     hdr_maint_op_sub_class INTEGER, hdr_ld_id INTEGER, hdr_head_id INTEGER, ";

/// Names of the tables, and their columns behind `id` and `timestamp`. Tables of events that leave no record are here
/// for `ras-mc-ctl`, which asks for all of them.
const TABLES: [(&str, &[&str]); 17] = [
    (
        "mc_event",
        &["err_count INTEGER, err_type TEXT, err_msg TEXT, label TEXT, mc INTEGER, top_layer INTEGER, \
           middle_layer INTEGER, lower_layer INTEGER, address INTEGER, grain INTEGER, syndrome INTEGER, \
           driver_detail TEXT"],
    ),
    ("aer_event", &["dev_name TEXT, err_type TEXT, err_msg TEXT"]),
    ("non_standard_event", &["sec_type BLOB, fru_id BLOB, fru_text TEXT, severity TEXT, error BLOB"]),
    (
        "arm_event",
        &[
            "error_count INTEGER, affinity INTEGER, mpidr INTEGER, running_state INTEGER, psci_state INTEGER, \
           err_info BLOB, context_info BLOB, vendor_info BLOB, error_type TEXT, error_flags TEXT, \
           error_info INTEGER, virt_fault_addr INTEGER, phy_fault_addr INTEGER",
        ],
    ),
    (
        "extlog_event",
        &[
            "etype INTEGER, error_count INTEGER, severity INTEGER, address INTEGER, fru_id BLOB, fru_text TEXT, \
           cper_data BLOB",
        ],
    ),
    (
        "mce_record",
        &[
            "mcgcap INTEGER, mcgstatus INTEGER, status INTEGER, addr INTEGER, misc INTEGER, ip INTEGER, tsc INTEGER, \
           walltime INTEGER, ppin INTEGER, cpu INTEGER, cpuid INTEGER, apicid INTEGER, socketid INTEGER, \
           cs INTEGER, bank INTEGER, cpuvendor INTEGER, microcode INTEGER, bank_name TEXT, error_msg TEXT, \
           mcgstatus_msg TEXT, mcistatus_msg TEXT, mcastatus_msg TEXT, user_action TEXT, mc_location TEXT",
        ],
    ),
    ("devlink_event", &["bus_name TEXT, dev_name TEXT, driver_name TEXT, reporter_name TEXT, msg TEXT"]),
    ("disk_errors", &["dev TEXT, sector INTEGER, nr_sector INTEGER, error TEXT, rwbs TEXT, cmd TEXT"]),
    ("memory_failure_event", &["pfn TEXT, page_type TEXT, action_result TEXT"]),
    (
        "cxl_poison_event",
        &[
            "memdev TEXT, host TEXT, serial INTEGER, trace_type TEXT, region TEXT, region_uuid TEXT, hpa INTEGER, \
           dpa INTEGER, dpa_length INTEGER, source TEXT, flags INTEGER, overflow_ts TEXT, hpa_alias0 INTEGER",
        ],
    ),
    (
        "cxl_aer_ue_event",
        &[
            "memdev TEXT, host TEXT, serial INTEGER, error_status INTEGER, first_error INTEGER, header_log BLOB",
        ],
    ),
    ("cxl_aer_ce_event", &["memdev TEXT, host TEXT, serial INTEGER, error_status INTEGER"]),
    (
        "cxl_overflow_event",
        &[
            "memdev TEXT, host TEXT, serial INTEGER, log_type TEXT, count INTEGER, first_ts TEXT, last_ts TEXT",
        ],
    ),
    ("cxl_generic_event", &[CXL_HEADER, "data BLOB"]),
    (
        "cxl_general_media_event",
        &[
            CXL_HEADER,
            "dpa INTEGER, dpa_flags INTEGER, descriptor INTEGER, type INTEGER, transaction_type INTEGER, \
           channel INTEGER, rank INTEGER, device INTEGER, comp_id BLOB, hpa INTEGER, region TEXT, region_uuid TEXT, \
           pldm_entity_id BLOB, pldm_resource_id BLOB, sub_type INTEGER, cme_threshold_ev_flags INTEGER, \
           cme_count INTEGER, hpa_alias0 INTEGER",
        ],
    ),
    (
        "cxl_dram_event",
        &[
            CXL_HEADER,
            "dpa INTEGER, dpa_flags INTEGER, descriptor INTEGER, type INTEGER, transaction_type INTEGER, \
           channel INTEGER, rank INTEGER, nibble_mask INTEGER, bank_group INTEGER, bank INTEGER, row INTEGER, \
           column INTEGER, cor_mask BLOB, hpa INTEGER, region TEXT, region_uuid TEXT, comp_id BLOB, \
           pldm_entity_id BLOB, pldm_resource_id BLOB, sub_type INTEGER, sub_channel INTEGER, \
           cme_threshold_ev_flags INTEGER, cvme_count INTEGER, hpa_alias0 INTEGER",
        ],
    ),
    (
        "cxl_memory_module_event",
        &[
            CXL_HEADER,
            "event_type INTEGER, health_status INTEGER, media_status INTEGER, life_used INTEGER, \
           dirty_shutdown_cnt INTEGER, cor_vol_err_cnt INTEGER, cor_per_err_cnt INTEGER, device_temp INTEGER, \
           add_status INTEGER, event_sub_type INTEGER, comp_id BLOB, pldm_entity_id BLOB, pldm_resource_id BLOB",
        ],
    ),
];

/// Our own table: what was collected, and where each section of it went. A key that is here is not collected again,
/// also when its rows were removed from the other tables.
pub const BOOKKEEPING: &str = "CREATE TABLE IF NOT EXISTS ras_collect (key TEXT NOT NULL, section INTEGER NOT NULL, \
     table_name TEXT NOT NULL, row_id INTEGER NOT NULL, source TEXT NOT NULL, time_from TEXT NOT NULL, \
     collected TEXT NOT NULL)";

/// Columns of our own table.
pub const BOOKKEEPING_COLUMNS: [&str; 7] =
    ["key", "section", "table_name", "row_id", "source", "time_from", "collected"];

/// What creates a table of this name, `None` for one that rasdaemon does not have.
pub fn create(table: &str) -> Option<String> {
    let (name, columns) = TABLES.iter().find(|(name, _)| *name == table)?;
    Some(statement(name, columns))
}

/// What creates all tables.
pub fn create_all() -> String {
    TABLES.iter().fold(String::new(), |mut sql, (name, columns)| {
        let _ = writeln!(sql, "{};", statement(name, columns));
        sql
    })
}

fn statement(name: &str, columns: &[&str]) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {name} (id INTEGER PRIMARY KEY, timestamp TEXT, {})",
        columns.concat()
    )
}
