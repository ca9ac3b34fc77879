//! Records of every kind of section that libcper reads, as libcper decodes them and as this crate does, field by field.
//!
//! Ours are in `tests/libcper`. Those of libcper's own tests and generators, which are not ours to give away,
//! are read from the folder in `LIBCPER_VECTORS`; without it they are not compared.
//! Each kind of section has one [`Comparison`]: names that differ, and what is not alike with the reason. Everything
//! else must be alike, and must be there on both sides. What a code is called is not compared.
#![cfg(feature = "serde")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use cper::section::vendor::{NvidiaDataType, NvidiaEvent, NvidiaInfo};
use cper::section::{ArmErrorTypeReading, Body};
use cper::zerocopy::{FromBytes, IntoBytes};
use cper::{Record, SectionDescriptor};
use serde_json::Value;

/// How one of libcper's objects compares with ours. Paths are ours unless said otherwise, `*` stands for one part.
struct Comparison {
    /// Name of the object in libcper's JSON.
    key: &'static str,
    /// The start of a path in libcper, in snake case, and what we call it.
    names: &'static [(&'static str, &'static str)],
    /// A path in libcper that is some bits of a number of ours: our path, the lowest bit and how many there are.
    bits: &'static [(&'static str, &'static str, u32, u32)],
    /// What only libcper tells. Where we tell it after all, it must be alike.
    only_libcper: &'static [(&'static str, &'static str)],
    /// What only we tell.
    only_ours: &'static [(&'static str, &'static str)],
    /// What libcper gets wrong, or tells in another way.
    not_alike: &'static [(&'static str, &'static str)],
}

const COMPARISONS: &[Comparison] = &[
    Comparison {
        key: "header",
        names: &[
            ("severity.code", "severity.value"),
            ("creator_id", "creator_id.guid"),
            ("timestamp_is_precise", "timestamp_precise"),
        ],
        bits: &[("revision.major", "revision", 8, 8), ("revision.minor", "revision", 0, 8)],
        only_libcper: &[("persistence_info", "told here when it is not zero")],
        only_ours: &[(
            "timestamp_if_binary",
            "the random digits are of no century that decides between BCD and binary",
        )],
        not_alike: &[(
            "timestamp",
            "the random digits are no BCD, of which libcper makes a time all the same",
        )],
    },
    Comparison {
        key: "sectionDescriptor",
        names: &[
            ("severity.code", "severity.value"),
            ("section_type.data", "section_type.guid"),
            ("flags.error_threshold_exceeded", "flags.threshold_exceeded"),
            ("flags.resource_not_accessible", "flags.not_accessible"),
            ("flags.latent_error", "flags.latent"),
        ],
        bits: &[("revision.major", "revision", 8, 8), ("revision.minor", "revision", 0, 8)],
        only_libcper: &[],
        only_ours: &[("fru_text", "libcper drops a text that is not printable, and one of all 20 bytes")],
        not_alike: &[],
    },
    Comparison {
        key: "GenericProcessor",
        names: &[("error_type", "processor_error_type")],
        bits: &[],
        only_libcper: &[],
        only_ours: &[],
        not_alike: &[],
    },
    Comparison {
        key: "Ia32x64Processor",
        names: &[
            ("processor_error_info_num", "proc_err_info_num"),
            ("processor_context_info_num", "proc_context_info_num"),
            ("local_apicid", "local_apic_id"),
            ("processor_error_info.*.type", "error_information.*.error_structure_type"),
            ("processor_error_info.*.check_info.timed_out", "error_information.*.check.time_out"),
            ("processor_error_info.*.check_info", "error_information.*.check"),
            ("processor_error_info.*.target_address_id", "error_information.*.target_id"),
            ("processor_error_info", "error_information"),
            ("processor_context_info.*.register_array.data", "contexts.*.register_array"),
            ("processor_context_info.*.register_array", "contexts.*.registers"),
            ("processor_context_info", "contexts"),
        ],
        bits: &[],
        only_libcper: &[
            ("contexts.*.msr_address", "told here for type 1 alone"),
            ("contexts.*.mm_register_address", "told here for type 7 alone"),
            ("contexts.*.register_array", "bytes to libcper, registers here: types 1 and 5 to 7"),
            ("contexts.*.registers.eip", "its name for RIP too"),
            ("contexts.*.registers.gdtr_0", "one 128-bit register here"),
            ("contexts.*.registers.gdtr_1", "one 128-bit register here"),
            ("contexts.*.registers.idtr_0", "one 128-bit register here"),
            ("contexts.*.registers.idtr_1", "one 128-bit register here"),
        ],
        only_ours: &[
            ("error_information.*.check_info", "all bits beside what they mean"),
            ("contexts.*.registers", "bytes to libcper: types 1 and 5 to 7"),
            ("contexts.*.trailing", "bytes behind the registers of types 5 to 7"),
        ],
        not_alike: &[],
    },
    Comparison {
        key: "ArmProcessor",
        names: &[
            ("error_info_num", "err_info_num"),
            ("error_affinity.value", "error_affinity_level"),
            ("error_info.*.error_type.value", "error_information.*.error_type"),
            ("error_info.*.multiple_error.value", "error_information.*.multiple_error"),
            ("error_info.*.flags.first_error_captured", "error_information.*.flags.first"),
            ("error_info.*.flags.last_error_captured", "error_information.*.flags.last"),
            ("error_info.*.error_information.cache_error", "error_information.*.cache_error"),
            ("error_info.*.error_information.tlb_error", "error_information.*.tlb_error"),
            ("error_info.*.error_information.bus_error.timed_out", "error_information.*.bus_error.time_out"),
            (
                "error_info.*.error_information.bus_error.memory_attributes",
                "error_information.*.bus_error.memory_access_attributes",
            ),
            ("error_info.*.error_information.bus_error", "error_information.*.bus_error"),
            ("error_info", "error_information"),
            ("context_info.*.register_array.value", "contexts.*.registers.0.value"),
            ("context_info.*.register_array", "contexts.*.registers"),
            ("context_info", "contexts"),
            ("vendor_specific_info.data", "vendor_specific"),
        ],
        bits: &[
            ("affinity3", "mpidr_el1", 32, 8),
            ("running", "running_state", 0, 1),
            ("context_info.*.register_array.mrs_encoding.op2", "contexts.*.registers.0.mrs_encoding", 0, 3),
            ("context_info.*.register_array.mrs_encoding.crm", "contexts.*.registers.0.mrs_encoding", 3, 4),
            ("context_info.*.register_array.mrs_encoding.crn", "contexts.*.registers.0.mrs_encoding", 7, 4),
            ("context_info.*.register_array.mrs_encoding.op1", "contexts.*.registers.0.mrs_encoding", 11, 3),
            // O0 is bit 14 alone, bit 15 is reserved.
            ("context_info.*.register_array.mrs_encoding.o0", "contexts.*.registers.0.mrs_encoding", 14, 2),
        ],
        only_libcper: &[(
            "psci_state",
            "libcper goes by bit 31 of the running state and no validity bit: a typing error of the text",
        )],
        only_ours: &[
            ("error_information.*.error_types", "what the type byte means"),
            ("error_information.*.read_as", "by which revision it means that"),
            ("error_information.*.other_readings", "what it means by other revisions"),
            ("error_information.*.error_information", "all bits beside what they mean"),
            ("contexts.*.registers.*.register", "the register's name beside its encoding"),
        ],
        not_alike: &[],
    },
    Comparison {
        key: "Memory",
        names: &[
            ("error_status.address_signal", "error_status.flags.address"),
            ("error_status.control_signal", "error_status.flags.control"),
            ("error_status.data_signal", "error_status.flags.data"),
            ("error_status.detected_by_responder", "error_status.flags.responder"),
            ("error_status.detected_by_requester", "error_status.flags.requestor"),
            ("error_status.first_error", "error_status.flags.first_error"),
            ("error_status.overflow_dropped_logs", "error_status.flags.overflow"),
            ("bank.value", "bank"),
            ("bank.group", "bank_group"),
            ("bank.address", "bank_address"),
            ("extended.chip_identification", "chip_id"),
            ("card_smbios_handle", "card_handle"),
            ("module_smbios_handle", "module_handle"),
            ("module_rank", "module"),
            ("rank_number", "rank"),
        ],
        // Of an extended row libcper tells the upper bits apart.
        bits: &[("row", "row", 0, 16)],
        only_libcper: &[
            ("error_status.error_type.description", "prose"),
            ("physical_address_hex", "the address again"),
            ("extended", "raw bits; they are part of the row here"),
            ("chip_id", "told whatever its validity bit says"),
        ],
        only_ours: &[],
        not_alike: &[],
    },
    Comparison {
        key: "Memory2",
        names: &[
            ("error_status.address_signal", "error_status.flags.address"),
            ("error_status.control_signal", "error_status.flags.control"),
            ("error_status.data_signal", "error_status.flags.data"),
            ("error_status.detected_by_responder", "error_status.flags.responder"),
            ("error_status.detected_by_requester", "error_status.flags.requestor"),
            ("error_status.first_error", "error_status.flags.first_error"),
            ("error_status.overflow_dropped_logs", "error_status.flags.overflow"),
            ("bank.value", "bank"),
            ("bank.group", "bank_group"),
            ("bank.address", "bank_address"),
            ("card_smbios_handle", "card_handle"),
            ("module_smbios_handle", "module_handle"),
            ("status.state", "status_in_words"),
        ],
        bits: &[],
        only_libcper: &[
            ("error_status.error_type.description", "prose"),
            ("physical_address_hex", "the address again"),
            ("physical_address", "libcper goes by the validity bit of the error status"),
            ("status_in_words", "the value again"),
        ],
        only_ours: &[("physical_address", "libcper goes by the validity bit of the error status")],
        not_alike: &[],
    },
    Comparison {
        key: "Pcie",
        names: &[
            ("command_status.command_register", "command_status.command.value"),
            ("command_status.status_register", "command_status.status"),
            ("device_id.primary_or_device_bus_number", "device_id.bus"),
            ("bridge_control_status.secondary_status_register", "bridge_control_status.secondary_status"),
            ("bridge_control_status.control_register", "bridge_control_status.control.value"),
            (
                "capability_structure.pcie_capability_header.capability_id",
                "capability_structure.capability_id",
            ),
            (
                "capability_structure.pcie_capability_header.next_capability_pointer",
                "capability_structure.next_capability",
            ),
            ("capability_structure.device_capabilities2", "capability_structure.device_capabilities_2"),
            ("capability_structure.device_control2", "capability_structure.device_control_2"),
            (
                "aer_info.advanced_error_capabilities_and_control.first_error_pointer",
                "aer_info.capabilities_and_control.first_error_pointer.value",
            ),
            ("aer_info.advanced_error_capabilities_and_control", "aer_info.capabilities_and_control"),
            ("aer_info.error_source_id.err_cor_source_identification", "aer_info.correctable_error_source"),
            (
                "aer_info.error_source_id.err_fatal_nonfatal_source_identification",
                "aer_info.uncorrectable_error_source",
            ),
        ],
        bits: &[],
        only_libcper: &[
            ("device_id.device_id_hex", "the number again, cut to 8 bits"),
            ("device_id.vendor_id_hex", "the number again, cut to 8 bits"),
            ("device_id.class_code_hex", "the number again, cut to 8 bits"),
            ("device_id.function_number_hex", "the number again, cut to 8 bits"),
            ("device_id.device_number_hex", "the number again, cut to 8 bits"),
            ("device_id.segment_number_hex", "the number again, cut to 8 bits"),
            ("device_id.primary_or_device_bus_number_hex", "the number again, cut to 8 bits"),
            ("device_id.secondary_bus_number_hex", "the number again, cut to 8 bits"),
            ("device_id.slot_number_hex", "the number again, cut to 8 bits"),
        ],
        only_ours: &[
            (
                "capability_structure",
                "flags, and registers past those libcper reads: tested against PCIe's tables",
            ),
            ("aer_info.uncorrectable_error_status.undefined", "bit 0, which lost its meaning"),
            ("aer_info.uncorrectable_error_mask.undefined", "likewise"),
            ("aer_info.uncorrectable_error_severity.undefined", "likewise"),
            ("aer_info.header_log", "in the data"),
            ("aer_info.tlp_prefix_log", "in the data"),
            ("aer_info.further_log", "in the data"),
            ("aer_info.root_error_command", "in the data"),
            ("aer_info.root_error_status", "in the data"),
            ("aer_info.capabilities_and_control", "in the data"),
        ],
        not_alike: &[],
    },
    Comparison {
        key: "PciBus",
        names: &[
            ("error_status.address_signal", "error_status.flags.address"),
            ("error_status.control_signal", "error_status.flags.control"),
            ("error_status.data_signal", "error_status.flags.data"),
            ("error_status.detected_by_responder", "error_status.flags.responder"),
            ("error_status.detected_by_requester", "error_status.flags.requestor"),
            ("error_status.first_error", "error_status.flags.first_error"),
            ("error_status.overflow_dropped_logs", "error_status.flags.overflow"),
        ],
        bits: &[],
        only_libcper: &[
            ("error_status.error_type.description", "prose"),
            ("bus_requestor_id_hex", "the id again"),
            ("bus_completer_id_hex", "the id again"),
            ("bus_command_type", "a word for bit 56 of the command"),
        ],
        only_ours: &[("bus_command", "libcper tells bit 56 alone")],
        not_alike: &[],
    },
    Comparison {
        key: "PciComponent",
        names: &[
            ("error_status.address_signal", "error_status.flags.address"),
            ("error_status.control_signal", "error_status.flags.control"),
            ("error_status.data_signal", "error_status.flags.data"),
            ("error_status.detected_by_responder", "error_status.flags.responder"),
            ("error_status.detected_by_requester", "error_status.flags.requestor"),
            ("error_status.first_error", "error_status.flags.first_error"),
            ("error_status.overflow_dropped_logs", "error_status.flags.overflow"),
            ("register_data_pairs.*.first_half", "register_data_pairs.*.address"),
            ("register_data_pairs.*.second_half", "register_data_pairs.*.data"),
        ],
        bits: &[],
        only_libcper: &[("error_status.error_type.description", "prose")],
        only_ours: &[("id_info.address", "the four numbers in one")],
        not_alike: &[],
    },
    Comparison {
        key: "Firmware",
        names: &[("record_idguid", "record_identifier_guid"), ("record_id", "record_identifier")],
        bits: &[],
        only_libcper: &[("record_identifier", "of revision 0 alone here")],
        only_ours: &[],
        not_alike: &[],
    },
    Comparison {
        key: "GenericDmar",
        names: &[],
        bits: &[],
        only_libcper: &[("fault_reason.description", "prose")],
        only_ours: &[],
        not_alike: &[],
    },
    Comparison {
        key: "VtdDmar",
        names: &[
            ("capability_register", "capability"),
            ("extended_capability_register", "extended_capability"),
            ("global_command_register", "global_command"),
            ("global_status_register", "global_status"),
            ("fault_status_register", "fault_status"),
            ("fault_record.source_identifier", "fault_record.source_id"),
            ("fault_record.privelege_mode_requested", "fault_record.flags.privilege_mode_requested"),
            ("fault_record.execute_permission_requested", "fault_record.flags.execute_permission_requested"),
            ("fault_record.pasid_present", "fault_record.flags.pasid_present"),
            ("fault_record.fault_reason", "fault_record.fault_reason.value"),
            ("fault_record.pasid_value", "fault_record.pasid"),
            ("fault_record.address_type", "fault_record.address_type.value"),
            ("fault_record.type", "fault_record.request_type"),
            ("page_table_entry_level6", "level_6_page_table_entry"),
            ("page_table_entry_level5", "level_5_page_table_entry"),
            ("page_table_entry_level4", "level_4_page_table_entry"),
            ("page_table_entry_level3", "level_3_page_table_entry"),
            ("page_table_entry_level2", "level_2_page_table_entry"),
            ("page_table_entry_level1", "level_1_page_table_entry"),
        ],
        bits: &[("fault_record.fault_information", "fault_record.fault_address", 12, 52)],
        only_libcper: &[],
        only_ours: &[
            ("fault_record.flags.type_bit_2", "newer than libcper"),
            ("fault_record.flags.fault", "reserved in the section"),
        ],
        not_alike: &[],
    },
    Comparison {
        key: "IommuDmar",
        names: &[
            ("control_register", "control"),
            ("status_register", "status"),
            ("event_log_entry", "event_log_entry.bytes"),
            ("page_table_entry_level6", "level_6_page_table_entry"),
            ("page_table_entry_level5", "level_5_page_table_entry"),
            ("page_table_entry_level4", "level_4_page_table_entry"),
            ("page_table_entry_level3", "level_3_page_table_entry"),
            ("page_table_entry_level2", "level_2_page_table_entry"),
            ("page_table_entry_level1", "level_1_page_table_entry"),
        ],
        bits: &[],
        only_libcper: &[],
        only_ours: &[("event_log_entry", "what the bytes mean")],
        not_alike: &[],
    },
    Comparison {
        key: "CcixPer",
        names: &[("ccix_source_id", "source_id"), ("ccix_port_id", "port_id"), ("ccix_per_log", "log")],
        bits: &[],
        only_libcper: &[],
        only_ours: &[],
        not_alike: &[],
    },
    Comparison {
        key: "Ampere",
        names: &[],
        bits: &[],
        only_libcper: &[],
        only_ours: &[("data", "libcper leaves them out")],
        not_alike: &[],
    },
    Comparison {
        key: "ArmRas",
        names: &[
            ("component_type.raw", "component_type.value"),
            ("component_type.value", "component_type.name"),
            ("ip_instance_format.raw", "ip_instance_format.value"),
            ("ip_instance_format.value", "ip_instance_format.name"),
            ("ip_instance.local_address_identifier", "ip_instance.local_address_space"),
            ("ip_type_format.raw", "ip_type_format.value"),
            ("ip_type_format.value", "ip_type_format.name"),
            ("error_syndromes.*.error_record_index", "records.*.record_index"),
            ("error_syndromes.*.ras_extension_revision_field", "records.*.ras_extension_revision"),
            ("error_syndromes.*.ras_extension_arch_version", "records.*.ras_extension_version"),
            ("error_syndromes.*.error_record_feature_register", "records.*.feature"),
            ("error_syndromes.*.error_record_control_register", "records.*.control"),
            ("error_syndromes.*.error_record_primary_status_register", "records.*.status"),
            ("error_syndromes.*.error_record_address_register", "records.*.address"),
            ("error_syndromes.*.error_record_misc_register0", "records.*.misc_0"),
            ("error_syndromes.*.error_record_misc_register1", "records.*.misc_1"),
            ("error_syndromes.*.error_record_misc_register2", "records.*.misc_2"),
            ("error_syndromes.*.error_record_misc_register3", "records.*.misc_3"),
            ("aux_data.contexts.*.address_space_identifier", "auxiliary.contexts.*.address_space"),
            ("aux_data.key_value_pairs.*.key", "auxiliary.key_values.*.key.guid"),
            ("aux_data.key_value_pairs", "auxiliary.key_values"),
            ("aux_data", "auxiliary"),
        ],
        bits: &[("aux_data.key_value_pairs.*.mpam_part_id", "auxiliary.key_values.*.value", 0, 16)],
        only_libcper: &[
            ("component_type.name", "what the code is called"),
            ("ip_instance_format.name", "what the code is called"),
            ("ip_type_format.name", "what the code is called"),
            ("auxiliary.contexts.*.flags", "here there is an address space, or none"),
        ],
        only_ours: &[
            ("ip_type.bytes", "libcper's names and layouts of formats 2 and 3 contradict each other"),
            ("records.*.primary_error_code", "what bits of the status are called"),
            ("records.*.misc_2", "libcper leaves them out without a revision of the extension"),
            ("records.*.misc_3", "likewise"),
        ],
        not_alike: &[],
    },
    Comparison {
        key: "CxlComponent",
        names: &[
            ("device_id.function_number", "device_id.function"),
            ("device_id.device_number", "device_id.device"),
            ("device_id.bus_number", "device_id.bus"),
            ("device_id.segment_number", "device_id.segment"),
            ("device_serial", "device_serial_number"),
            ("cxl_component_event_log.data", "log"),
        ],
        bits: &[],
        only_libcper: &[],
        only_ours: &[("event_type", "in the section's type"), ("event_log", "what the bytes mean")],
        not_alike: &[],
    },
    Comparison {
        key: "CxlProtocol",
        names: &[
            ("cxl_agent_address.function_number", "agent_address.function"),
            ("cxl_agent_address.device_number", "agent_address.device"),
            ("cxl_agent_address.bus_number", "agent_address.bus"),
            ("cxl_agent_address.segment_number", "agent_address.segment"),
            ("cxl_agent_address.value", "rcrb_base_address"),
            ("device_serial", "device_serial_number"),
        ],
        bits: &[],
        only_libcper: &[],
        only_ours: &[
            ("dvsec", "what the bytes mean"),
            ("error_log_not_valid", "bytes of the log whose validity bit is clear"),
            ("error_log", "what the bytes mean"),
            ("error_log_rest", "what the bytes mean"),
        ],
        not_alike: &[],
    },
    Comparison {
        key: "Nvidia",
        names: &[
            ("severity.code", "severity.value"),
            ("cmet_info.*.channel_enabled", "cmet_info.*.enabled"),
            ("cmet_info.*.channel_is_spare", "cmet_info.*.spare"),
            ("cmet_info.*.disabled_reason.raw", "cmet_info.*.disabled_reason"),
            ("cmet_info.*.disabled_reason.value", "cmet_info.*.disabled_reason.name"),
        ],
        bits: &[],
        only_libcper: &[("cmet_info.*.disabled_reason.name", "what the code is called")],
        only_ours: &[
            ("cmet_info.*.permanently_disabled", "libcper leaves it out"),
            ("cmet_info.*.value", "all bits beside what they mean"),
        ],
        not_alike: &[],
    },
    Comparison {
        key: "NvidiaEvent",
        names: &[
            ("event_header.type", "event_type"),
            ("event_header.subtype", "event_sub_type"),
            ("event_header", ""),
            ("event_info.version", "info_version"),
            ("event_info.cpu.socket_num", "info.socket"),
            ("event_info.cpu.ecid1", "info.ecid.0"),
            ("event_info.cpu.ecid2", "info.ecid.1"),
            ("event_info.cpu.ecid3", "info.ecid.2"),
            ("event_info.cpu.ecid4", "info.ecid.3"),
            ("event_info.cpu", "info"),
            ("event_info.gpu.source_partition", "info.partition"),
            ("event_info.gpu.source_sub_partition", "info.sub_partition"),
            ("event_info.gpu", "info"),
            ("event_contexts.*.data_format_type", "contexts.*.data_type.value"),
            ("event_contexts.*.data_format_version", "contexts.*.data_version"),
            ("event_contexts.*.data.opaque", "contexts.*.data"),
            ("event_contexts.*.data.type1.key_val_array64", "contexts.*.data"),
            ("event_contexts.*.data.type2.key_val_array32", "contexts.*.data"),
            ("event_contexts.*.data.type3.val_array64", "contexts.*.data"),
            ("event_contexts.*.data.type4.val_array32", "contexts.*.data"),
            (
                "event_contexts.*.data.gpu_init_metadata.architecture_id.raw",
                "contexts.*.gpu_metadata.architecture_id",
            ),
            ("event_contexts.*.data.gpu_init_metadata", "contexts.*.gpu_metadata"),
            ("event_contexts.*.data.gpu_legacy_xid", "contexts.*.gpu_legacy_xid"),
            ("event_contexts.*.data.gpu_recommended_actions", "contexts.*.gpu_recommended_actions"),
            ("event_contexts", "contexts"),
        ],
        bits: &[
            ("event_info.cpu.architecture.hid_fam", "info.architecture", 0, 4),
            ("event_info.cpu.architecture.chip_id", "info.architecture", 8, 8),
        ],
        only_libcper: &[
            ("info.architecture.revision", "text of two fields of the architecture"),
            ("info.architecture.pre_si_platform", "what a field of the architecture is called"),
            ("info.architecture.error_injection", "a bit of the architecture"),
            ("info.event_originator", "what the code is called"),
            ("contexts.*.gpu_metadata.architecture_id.architecture", "what the code is called"),
        ],
        only_ours: &[("link_id", "libcper leaves out one of 0"), ("info.originator", "the code of a name")],
        not_alike: &[],
    },
    Comparison {
        key: "Unknown",
        names: &[("data", "bytes")],
        bits: &[],
        only_libcper: &[],
        only_ours: &[],
        not_alike: &[],
    },
];

/// A JSON value's leaves by their paths, with what a code is called left out.
#[derive(Debug, Default)]
struct Leaves {
    leaves: BTreeMap<String, Value>,
    /// Paths of sets of flags, where a flag that is not there is clear.
    flags: BTreeSet<String>,
}

impl Leaves {
    fn of(value: &Value) -> Self {
        let mut leaves = Self::default();
        leaves.add(String::new(), value);
        leaves
    }

    fn add(&mut self, path: String, value: &Value) {
        let below =
            |name: &str| if path.is_empty() { snake(name) } else { format!("{path}.{}", snake(name)) };
        match value {
            Value::Object(map) => {
                let coded = map.contains_key("value")
                    || map.contains_key("guid")
                    || map.contains_key("code")
                    || map.contains_key("data");
                if let Some(names) = map.get("names") {
                    for name in names.as_array().unwrap() {
                        self.leaves.insert(below(name.as_str().unwrap()), Value::Bool(true));
                    }
                    self.leaves.insert(below("value"), map["value"].clone());
                    self.flags.insert(path);
                    return;
                }
                for (name, value) in map {
                    if !(coded && matches!(name.as_str(), "name" | "type")) {
                        self.add(below(name), value);
                    }
                }
            }
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.add(below(&number.to_string()), item);
                }
            }
            leaf => drop(self.leaves.insert(path, leaf.clone())),
        }
    }

    /// The leaf, or the flag that is clear.
    fn get(&self, path: &str) -> Option<Value> {
        let clear = || {
            let (set, _) = path.rsplit_once('.')?;
            self.flags.contains(set).then_some(Value::Bool(false))
        };
        self.leaves.get(path).cloned().or_else(clear)
    }
}

/// `preciseIP` as `precise_ip`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| letters[place]);
        let after = letters.get(place + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if begins {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

/// What is left of `path` behind a pattern that it starts with, and what stood for each `*`.
fn matched<'p>(pattern: &str, path: &'p str) -> Option<(Vec<&'p str>, Vec<&'p str>)> {
    let mut parts = path.split('.');
    let mut stars = Vec::new();
    for wanted in pattern.split('.') {
        let part = parts.next()?;
        if wanted == "*" {
            stars.push(part);
        } else if wanted != part {
            return None;
        }
    }
    Some((stars, parts.collect()))
}

impl Comparison {
    /// Our path for one of libcper's, and which bits of it.
    fn ours(&self, libcper: &str) -> (String, Option<(u32, u32)>) {
        for (theirs, ours, low, count) in self.bits {
            if let Some(path) = renamed(theirs, ours, libcper) {
                return (path, Some((*low, *count)));
            }
        }
        let path = self.names.iter().find_map(|(theirs, ours)| renamed(theirs, ours, libcper));
        (path.unwrap_or(libcper.to_owned()), None)
    }

    fn differences(&self, libcper: &Value, ours: &Value) -> Vec<String> {
        let (libcper, ours) = (Leaves::of(libcper), Leaves::of(ours));
        let listed =
            |list: &[(&str, &str)], path: &str| list.iter().any(|(entry, _)| matched(entry, path).is_some());
        let mut told = BTreeSet::new();
        let mut differences = Vec::new();
        for (theirs, value) in &libcper.leaves {
            let (path, bits) = self.ours(theirs);
            match ours.get(&path).map(|ours| bits.map_or(ours.clone(), |bits| bits_of(&ours, bits))) {
                None if listed(self.only_libcper, &path) => {}
                None => differences.push(format!("{theirs} = {value}: no {path} here")),
                Some(_) if listed(self.not_alike, &path) => {}
                Some(ours) if alike(value, &ours) => {}
                Some(ours) => differences.push(format!("{theirs} = {value}: {path} is {ours} here")),
            }
            told.insert(path);
        }
        for (path, value) in &ours.leaves {
            // A set of flags is told by its value or by its flags; the names of reserved ones say no more.
            let of_flags = path.rsplit_once('.').is_some_and(|(set, name)| {
                ours.flags.contains(set)
                    && (name == "value" || name.starts_with("0x") || told.contains(&format!("{set}.value")))
            });
            if !told.contains(path) && !of_flags && !listed(self.only_ours, path) {
                differences.push(format!("{path} = {value}: libcper does not tell it"));
            }
        }
        differences
    }
}

/// `path` with what the pattern matches replaced.
fn renamed(pattern: &str, name: &str, path: &str) -> Option<String> {
    let (stars, rest) = matched(pattern, path)?;
    let mut stars = stars.into_iter();
    let front = name.split('.').filter(|part| !part.is_empty());
    let front = front.map(|part| if part == "*" { stars.next().unwrap() } else { part });
    Some(front.chain(rest).collect::<Vec<_>>().join("."))
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        },
        number => number.as_u64(),
    }
}

fn bits_of(value: &Value, (low, count): (u32, u32)) -> Value {
    Value::from(number(value).unwrap() >> low & ((1 << count) - 1))
}

/// Whether libcper's leaf says what ours does: we write numbers of 64 bits and bytes in hex, libcper writes 32-bit
/// numbers with a sign, some in hex, and bytes in base64.
fn alike(libcper: &Value, ours: &Value) -> bool {
    match (libcper, ours) {
        (Value::Number(theirs), ours) => match theirs.as_i64() {
            Some(negative @ ..0) => number(ours) == u64::try_from(negative & 0xffff_ffff).ok(),
            _ => number(libcper) == number(ours),
        },
        (Value::String(theirs), ours) if theirs.starts_with("0x") => number(libcper) == number(ours),
        (Value::String(theirs), Value::String(ours)) => {
            *theirs == ours.replace(r"\\", r"\") || base64(theirs).as_deref() == Some(ours)
        }
        (Value::Bool(theirs), Value::Number(ours)) => ours.as_u64() == Some(u64::from(*theirs)),
        (theirs, ours) => theirs == ours,
    }
}

/// Hex of what a base64 text holds.
fn base64(text: &str) -> Option<String> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    let (mut bits, mut count) = (0u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | u32::try_from(DIGITS.iter().position(|known| *known == digit)?).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            write!(out, "{:02x}", bits >> count & 0xff).unwrap();
        }
    }
    Some(out)
}

/// The record's bytes, of a file of bytes or of hex digits.
fn bytes_of(path: &Path) -> Vec<u8> {
    if path.extension().is_some_and(|extension| extension == "cper") {
        return std::fs::read(path).unwrap();
    }
    let text: String = std::fs::read_to_string(path).unwrap().split_whitespace().collect();
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn records(folder: &Path) -> Vec<PathBuf> {
    let mut records: Vec<_> = [folder.to_owned(), folder.join("generated")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "cper" || extension == "cperhex")
        })
        .filter(|path| path.with_extension("json").exists())
        .collect();
    records.sort();
    records
}

/// Our JSON of a body, Arm error types read as libcper reads them.
fn described(body: &Body<'_>) -> Value {
    match body {
        Body::ArmProcessor(section) => {
            let mut json = serde_json::to_value(body).unwrap();
            by_specification(&mut json);
            for (number, error) in section.error_information().flatten().enumerate() {
                let reading = ArmErrorTypeReading::Bits0To3;
                let details = [
                    ("cache_error", error.cache_error(reading).map(serde_json::to_value)),
                    ("tlb_error", error.tlb_error(reading).map(serde_json::to_value)),
                    ("bus_error", error.bus_error(reading).map(serde_json::to_value)),
                ];
                let told = json["error_information"][number].as_object_mut().unwrap();
                for (name, details) in details {
                    told.remove(name);
                    told.extend(details.map(|details| (name.to_owned(), details.unwrap())));
                }
            }
            json
        }
        body => {
            let mut json = serde_json::to_value(body).unwrap();
            by_specification(&mut json);
            as_numbers(body, &mut json);
            json
        }
    }
}

/// Puts the specification's name in the place of ours, where ours tells it from another section's field.
fn by_specification(json: &mut Value) {
    const NAMES: &[(&str, &str)] = &[
        ("pcie_version", "version"),
        ("memory_status", "status"),
        ("nvidia_error_type", "error_type"),
        ("nvidia_event_type", "event_type"),
        ("data_64", "data"),
        ("data_32", "data"),
        ("status_low", "status"),
        ("payload_words", "data"),
        ("pldm_component_id", "component_id"),
        ("addressed_registers", "registers"),
        ("system_registers", "registers"),
        ("error_log_bytes", "error_log"),
        ("sparing_operation_class", "maintenance_operation_class"),
        ("sparing_operation_subclass", "maintenance_operation_subclass"),
    ];
    match json {
        Value::Object(members) => {
            for (ours, name) in NAMES {
                if let Some(value) = members.remove(*ours) {
                    members.entry(*name).or_insert(value);
                }
            }
            members.values_mut().for_each(by_specification);
        }
        Value::Array(items) => items.iter_mut().for_each(by_specification),
        _ => {}
    }
}

/// Puts the number that libcper tells in the place of what we tell as text, and our three lists of registers in one.
fn as_numbers(body: &Body<'_>, json: &mut Value) {
    match body {
        Body::Pcie(pcie) => {
            if let Some(version) = pcie.version() {
                let decimal = |bcd: u8| (bcd >> 4) * 10 + (bcd & 0xf);
                json["version"] =
                    serde_json::json!({"major": decimal(version.major()), "minor": decimal(version.minor())});
            }
            if let Some(registers) = pcie.command_status() {
                json["command_status"]["status"] = registers.status().raw().into();
            }
            if let Some(id) = pcie.device_id() {
                json["device_id"] = serde_json::json!({
                    "vendor_id": id.vendor_id(), "device_id": id.device_id(), "class_code": id.class_code(),
                    "function_number": id.function(), "device_number": id.device(), "segment_number": id.segment(),
                    "bus": id.bus(), "secondary_bus_number": id.secondary_bus(), "slot_number": id.slot_number(),
                });
            }
            if let Some(registers) = pcie.bridge_control_status() {
                json["bridge_control_status"]["secondary_status"] = registers.secondary_status().raw().into();
            }
            if let Some(capability) = pcie.capability_structure() {
                json["capability_structure"]["data"] = hex(capability.as_bytes());
            }
            if let Some(aer) = pcie.aer_info() {
                let json = &mut json["aer_info"];
                json["data"] = hex(aer.as_bytes());
                json["correctable_error_source"] = aer.correctable_error_source().raw().into();
                json["uncorrectable_error_source"] = aer.uncorrectable_error_source().raw().into();
            }
        }
        Body::PciComponent(component) => {
            if let Some(id) = component.id_info() {
                let info = &mut json["id_info"];
                info["function_number"] = id.function().into();
                info["device_number"] = id.device().into();
                info["bus_number"] = id.bus().into();
                info["segment_number"] = id.segment().into();
            }
            let map = json.as_object_mut().unwrap();
            let lists = ["memory_registers", "io_registers", "register_data_pairs"];
            let pairs: Vec<_> = lists
                .iter()
                .filter_map(|list| map.remove(*list))
                .flat_map(|list| list.as_array().unwrap().clone())
                .collect();
            map.insert("register_data_pairs".into(), pairs.into());
        }
        Body::DmarGeneric(error) => json["requester_id"] = error.requester_id().raw().into(),
        Body::DmarVtd(error) => {
            let number = error.oem_id().iter().rfold(0u64, |number, byte| number << 8 | u64::from(*byte));
            json["oem_id"] = number.into();
            json["fault_status"] = error.fault_status().raw().into();
            json["fault_record"]["source_id"] = error.fault_record().fault_source().source_id().raw().into();
        }
        Body::CxlProtocol(error) => {
            if let Some(capability) = error.capability_structure() {
                json["capability_structure"] = hex(capability.as_bytes());
            }
            if let Some(dvsec) = error.dvsec() {
                json["dvsec_length"] = error.dvsec_length_raw().into();
                json["cxl_dvsec"] = hex(dvsec.unwrap());
            }
            if let Some(log) = error.error_log() {
                json["error_log_length"] = error.error_log_length_raw().into();
                json["cxl_error_log"] = hex(log.unwrap());
            }
        }
        Body::CxlComponentEvent(event) => {
            json["length"] = event.length().into();
            if let Some(log) = event.event_log() {
                json["log"] = hex(log);
            }
        }
        Body::ArmRasNode(node) => {
            json["error_syndrome_array_num_entries"] = node.descriptor_count().into();
        }
        Body::NvidiaEvent(event) => nvidia_event(event, json),
        Body::CcixPer(error) => {
            if let Some(log) = error.log() {
                json["log"] = hex(log.as_bytes());
            }
        }
        _ => {}
    }
}

/// Puts versions and identifiers as libcper writes them, and the lengths and pairs that it tells.
fn nvidia_event(event: &NvidiaEvent<'_>, json: &mut Value) {
    let pdi = |pdi: u64| pdi.to_be_bytes().map(|byte| format!("{byte:02X}")).join(":");
    let [minor, major] = event.info_version().to_le_bytes();
    json["info_version"] = format!("{major}.{minor}").into();
    json["source_device_type"] = event.source_device_type().name().into();
    if let NvidiaInfo::Gpu(info) = event.info() {
        json["info"]["pdi"] = pdi(info.pdi()).into();
    }
    for (number, context) in event.contexts().enumerate() {
        let context = context.unwrap();
        let json = &mut json["contexts"][number];
        json["data_size"] = context.structure().data_size_raw().into();
        if let Some(metadata) = context.gpu_metadata() {
            json["gpu_metadata"]["pdi"] = pdi(metadata.pdi()).into();
        }
        let (pairs, key, value) = match context.structure().data_type() {
            NvidiaDataType::KEY_VALUES_64 => (true, "key64", "val64"),
            NvidiaDataType::KEY_VALUES_32 => (true, "key32", "val32"),
            NvidiaDataType::VALUES_64 => (false, "", "val64"),
            NvidiaDataType::VALUES_32 => (false, "", "val32"),
            _ => continue,
        };
        let words = json["data"].as_array().unwrap();
        let entry = |words: &[Value]| match words {
            [word] => serde_json::json!({value: word}),
            words => serde_json::json!({key: words[0], value: words[1]}),
        };
        json["data"] = words.chunks(if pairs { 2 } else { 1 }).map(entry).collect();
    }
}

fn hex(bytes: &[u8]) -> Value {
    let mut out = String::new();
    for byte in bytes {
        write!(out, "{byte:02x}").unwrap();
    }
    out.into()
}

/// libcper's JSON of a PCIe section with the names of the AER bits without their register's, values of them as
/// booleans, and of the capability structure the fields that are numbers on both sides: it tells flags in half a dozen
/// ways, which the crate's own tests compare with PCIe's tables. Its registers from link capabilities 2 on are shifted.
fn plain_pcie(libcper: &Value, ours: &Value) -> Value {
    let mut plain = libcper.clone();
    for (register, bits) in plain["aerInfo"].as_object_mut().into_iter().flatten() {
        let Some(suffix) =
            ["_status", "_mask", "_severity"].into_iter().find(|suffix| register.ends_with(suffix))
        else {
            continue;
        };
        if register == "root_error_status" {
            // The message number is read from the wrong bits.
            bits.as_object_mut().unwrap().remove("advanced_error_interrupt_message_number");
            continue;
        }
        let renamed = bits.as_object().unwrap().iter().map(|(name, bit)| {
            let name = name.trim_end_matches(suffix).trim_end_matches("_received").trim_end_matches("_error");
            let set = *bit == Value::Bool(true) || bit.as_u64() == Some(1) || bit.as_str() == Some("Fatal");
            (name.replace("uncorrectable_internal", "internal"), Value::Bool(set))
        });
        *bits = Value::Object(renamed.collect());
    }
    let wrong = ["link_capabilities2", "link_control2", "link_status2", "slot_capabilities2"];
    for (register, fields) in plain["capabilityStructure"].as_object_mut().into_iter().flatten() {
        let own = register.replace("ies2", "ies_2").replace("control2", "control_2");
        let Some(fields) = fields.as_object_mut().filter(|_| own != "pcie_capability_header") else {
            continue;
        };
        fields.retain(|name, value| {
            if let Some(raw) = value.get("raw") {
                *value = raw.clone();
            }
            let ours = &ours["capability_structure"][&own][name];
            value.is_number() && ours.is_number() && !wrong.contains(&register.as_str())
        });
    }
    if let Some(header) = plain["capabilityStructure"].get_mut("pcie_capability_header") {
        header["capability_id"] = header["capability_id"]["raw"].clone();
    }
    plain
}

#[derive(Default)]
struct Tally {
    compared: BTreeMap<&'static str, usize>,
    differences: Vec<String>,
}

impl Tally {
    fn compare(&mut self, name: &str, key: &str, libcper: &Value, ours: &Value) {
        let Some(comparison) = COMPARISONS.iter().find(|comparison| comparison.key == key) else {
            panic!("{name}: nothing says how to compare {key}");
        };
        *self.compared.entry(comparison.key).or_default() += 1;
        let found = comparison.differences(libcper, ours);
        self.differences.extend(found.into_iter().map(|difference| format!("{name}: {key}: {difference}")));
    }

    fn section(&mut self, name: &str, libcper: &Value, body: &Body<'_>) {
        let (key, libcper) = libcper.as_object().unwrap().iter().find(|(key, _)| *key != "message").unwrap();
        let ours = described(body);
        if key == "Pcie" {
            self.compare(name, key, &plain_pcie(libcper, &ours), &ours);
        } else {
            self.compare(name, key, libcper, &ours);
        }
    }
}

#[test]
fn every_field_of_our_records_is_as_libcper_decodes_it() {
    compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/libcper"));
}

#[test]
fn every_field_of_libcpers_records_is_as_libcper_decodes_it() {
    match std::env::var_os("LIBCPER_VECTORS") {
        Some(folder) => compare(Path::new(&folder)),
        None => println!("not compared: LIBCPER_VECTORS is not set"),
    }
}

/// Asserts that nothing but what a [`Comparison`] names differs in the folder's records, and that each was needed.
fn compare(folder: &Path) {
    let mut tally = Tally::default();
    for path in records(folder) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = bytes_of(&path);
        let json = std::fs::read_to_string(path.with_extension("json")).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        if let Some(header) = json.get("header") {
            let record = Record::parse(&bytes).unwrap();
            tally.compare(&name, "header", header, &serde_json::to_value(record.header()).unwrap());
            let (descriptors, sections) = (&json["sectionDescriptors"], json["sections"].as_array().unwrap());
            assert_eq!(record.sections().count(), sections.len(), "{name}");
            for (number, section) in record.sections().enumerate() {
                let section = section.unwrap();
                let ours = serde_json::to_value(section.descriptor()).unwrap();
                tally.compare(&name, "sectionDescriptor", &descriptors[number], &ours);
                tally.section(&name, &sections[number], &section.body().unwrap());
            }
        } else {
            // A descriptor and its body, which follows at once.
            let (descriptor, rest) = SectionDescriptor::ref_from_prefix(&bytes).unwrap();
            let ours = serde_json::to_value(descriptor).unwrap();
            tally.compare(&name, "sectionDescriptor", &json["sectionDescriptor"], &ours);
            let body = Body::decode(descriptor.section_type(), rest).unwrap();
            tally.section(&name, &json["section"], &body);
        }
    }
    println!("compared: {:?}", tally.compared);
    let Tally { compared, differences } = tally;
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    for comparison in COMPARISONS {
        let count = compared.get(comparison.key).copied().unwrap_or_default();
        assert!(count >= 5, "{} was compared only {count} times", comparison.key);
    }
}

/// The comparison itself: each kind of difference is found.
#[test]
fn a_difference_is_a_difference() {
    let comparison = Comparison {
        key: "test",
        names: &[("list.*.old", "items.*.new")],
        bits: &[("high", "word", 4, 4), ("low", "word", 0, 4)],
        only_libcper: &[("theirs", "a reason")],
        only_ours: &[("own", "a reason")],
        not_alike: &[("other", "a reason")],
    };
    let differences = |libcper: &str, ours: &str| {
        comparison
            .differences(&serde_json::from_str(libcper).unwrap(), &serde_json::from_str(ours).unwrap())
            .len()
    };
    assert_eq!(differences(r#"{"aB": 1}"#, r#"{"a_b": 1}"#), 0);
    assert_eq!(differences(r#"{"aB": 1}"#, r#"{"a_b": 2}"#), 1);
    assert_eq!(differences(r#"{"aB": 1}"#, "{}"), 1);
    assert_eq!(differences("{}", r#"{"a_b": 1}"#), 1);
    assert_eq!(differences(r#"{"theirs": 1}"#, r#"{"own": 1}"#), 0);
    assert_eq!(differences(r#"{"theirs": 1}"#, r#"{"theirs": 2}"#), 1);
    assert_eq!(differences(r#"{"other": 1}"#, r#"{"other": 2}"#), 0);
    assert_eq!(differences(r#"{"other": 1}"#, "{}"), 1);
    assert_eq!(differences(r#"{"list": [{"old": {"x": 1}}]}"#, r#"{"items": [{"new": {"x": 1}}]}"#), 0);
    assert_eq!(
        differences(r#"{"list": [{"old": 1}, {"old": 2}]}"#, r#"{"items": [{"new": 2}, {"new": 1}]}"#),
        2
    );
    assert_eq!(differences(r#"{"v": 18446744073709551615}"#, r#"{"v": "0xffffffffffffffff"}"#), 0);
    assert_eq!(differences(r#"{"v": -2}"#, r#"{"v": 4294967294}"#), 0);
    assert_eq!(differences(r#"{"v": -2}"#, r#"{"v": 4294967295}"#), 1);
    assert_eq!(differences(r#"{"v": "0x1F"}"#, r#"{"v": 31}"#), 0);
    assert_eq!(differences(r#"{"v": "0x1F"}"#, r#"{"v": 30}"#), 1);
    assert_eq!(differences(r#"{"d": "aGk="}"#, r#"{"d": "6869"}"#), 0);
    assert_eq!(differences(r#"{"d": "aGk="}"#, r#"{"d": "6868"}"#), 1);
    assert_eq!(differences(r#"{"high": 10, "low": 5}"#, r#"{"word": 165}"#), 0);
    assert_eq!(differences(r#"{"high": 5, "low": 5}"#, r#"{"word": 165}"#), 1);
    assert_eq!(differences(r#"{"t": "a\\b"}"#, r#"{"t": "a\\\\b"}"#), 0);
    let flags = r#"{"f": {"value": 5, "names": ["one", "0x4"]}}"#;
    assert_eq!(differences(r#"{"f": {"one": true, "two": false}}"#, flags), 0);
    assert_eq!(differences(r#"{"f": {"value": 5, "name": "both"}}"#, flags), 0);
    assert_eq!(differences(r#"{"f": {"value": 4, "name": "both"}}"#, flags), 1);
    assert_eq!(differences(r#"{"f": {"one": false, "two": true}}"#, flags), 2);
    assert_eq!(differences(r#"{"c": {"value": 5, "name": "a"}}"#, r#"{"c": {"value": 5, "name": "b"}}"#), 0);
}
