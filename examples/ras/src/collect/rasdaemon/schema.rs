//! The tables of rasdaemon's database, as its newest release creates them: 0.8.5.

use std::collections::HashSet;

use rusqlite::{Connection, Transaction};

use super::Refusal;

/// The first columns of all CXL component events.
const CXL_HEADER: &str = "memdev TEXT, host TEXT, serial INTEGER, log_type TEXT, hdr_uuid TEXT, hdr_flags INTEGER, \
     hdr_handle INTEGER, hdr_related_handle INTEGER, hdr_ts TEXT, hdr_length INTEGER, hdr_maint_op_class INTEGER, \
     hdr_maint_op_sub_class INTEGER, hdr_ld_id INTEGER, hdr_head_id INTEGER, ";

/// The columns of HiSilicon's two tables.
const HISILICON: &str = "version INTEGER, soc_id INTEGER, socket_id INTEGER, nimbus_id INTEGER, module_id TEXT, \
     sub_module_id TEXT, err_severity TEXT, regs_dump TEXT";

/// Names of the tables, and their columns behind `id` and `timestamp`. Tables that no record of ours goes into are here
/// for `ras-mc-ctl`, which asks for all that its release was built with and ends at the first that is not there.
/// Ampere's are not: no program reads them, and SQLite refuses one of them as rasdaemon has it.
const TABLES: [(&str, &[&str]); 27] = [
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
    (
        "signal_event",
        &["sig INTEGER, errorno INTEGER, code INTEGER, comm TEXT, pid INTEGER, grp INTEGER, res INTEGER"],
    ),
    (
        "reri_event",
        &["err_src_id INTEGER, source_type INTEGER, severity INTEGER, hart_id INTEGER, cluster_id INTEGER, \
           status INTEGER, addr_info INTEGER, info INTEGER, suppl_info INTEGER, timestamp_val INTEGER"],
    ),
    (
        "nvidia_ns_event",
        &["signature TEXT, error_type INTEGER, error_instance INTEGER, severity INTEGER, socket INTEGER, \
           number_regs INTEGER, instance_base INTEGER, reg_data BLOB, raw_data BLOB"],
    ),
    (
        "nvidia_vera_ns_event",
        &["signature TEXT, event_type INTEGER, event_sub_type INTEGER, event_link_id INTEGER, \
           source_device_type INTEGER, event_context_count INTEGER, socket INTEGER, architecture INTEGER, \
           chip_serial_number BLOB, instance_base INTEGER, raw_data BLOB"],
    ),
    ("hip08_oem_type1_event_v2", &[HISILICON]),
    ("hip08_oem_type2_event_v2", &[HISILICON]),
    (
        "hip08_pcie_local_event_v2",
        &["version INTEGER, soc_id INTEGER, socket_id INTEGER, nimbus_id INTEGER, sub_module_id TEXT, \
           core_id INTEGER, port_id INTEGER, err_severity TEXT, err_type INTEGER, regs_dump TEXT"],
    ),
    (
        "hisi_common_section_v2",
        &["version INTEGER, soc_id INTEGER, socket_id INTEGER, totem_id INTEGER, nimbus_id INTEGER, \
           sub_system_id INTEGER, module_id TEXT, sub_module_id INTEGER, core_id INTEGER, port_id INTEGER, \
           err_type INTEGER, pcie_info TEXT, err_severity TEXT, regs_dump TEXT"],
    ),
    ("yitian_ddr_reg_dump_event", &["address INTEGER, regs_dump TEXT"]),
    (
        "jm_payload0_event",
        &[
            "version INTEGER, soc_id INTEGER, subsystem TEXT, module TEXT, module_id INTEGER, sub_module TEXT, \
           submodule_id INTEGER, dev TEXT, dev_id INTEGER, err_type INTEGER, err_severity TEXT, regs_dump TEXT",
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

/// Creates the tables that are not there and adds the columns that an older release's tables do not have, as the
/// newest release does when it starts. Both sides of every release name the columns that they write or read, so that
/// an older one does not mind.
///
/// A table that only has the name of one of rasdaemon's is left as it is.
pub(super) fn complete(database: &Transaction<'_>) -> Result<(), Refusal> {
    for (table, columns) in TABLES {
        let columns = columns.concat();
        let present = present(database, table)?;
        if present.is_empty() {
            let create = format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, timestamp TEXT, {columns})");
            database.execute_batch(&create)?;
        } else if lacks(&present, table).is_none() {
            for column in columns.split(", ") {
                if present.contains(name(column)) {
                    continue;
                }
                // A table that cannot be altered, such as a view, is noticed when a row is inserted.
                match database
                    .execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column}"))
                    .map_err(Refusal::from)
                {
                    Err(error) if error.ends_all() => return Err(error),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// The column that tells a table which only has the name of one of rasdaemon's: every release has had the time and the
/// first column of each table.
fn lacks(present: &HashSet<String>, table: &str) -> Option<&'static str> {
    let (_, columns) = TABLES.iter().find(|(name, _)| *name == table)?;
    ["timestamp", name(columns[0])].into_iter().find(|name| !present.contains(*name))
}

/// The name of the first column in these definitions.
fn name(columns: &str) -> &str {
    columns.split(' ').next().unwrap_or_default()
}

/// The names of a table's columns; none when there is no such table.
pub(super) fn present(connection: &Connection, table: &str) -> Result<HashSet<String>, Refusal> {
    let mut statement = connection.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
