//! The PCI Express capability structure of a function (PCIe 6.0 section 7.5.3), 60 bytes, as the PCIe and CXL
//! sections carry it: 36 bytes and padding in version 1 (PCIe 1.1), all 60 since version 2 (PCIe 2.0).

use core::fmt;

use super::pci_address::RequesterId;
use super::pcie_encodings::{
    LinkWidth, PcieAspmStates, PcieL0sAcceptableLatency, PcieL0sExitLatency, PcieL1AcceptableLatency,
    PcieL1ExitLatency, PciePayloadSize,
};
use super::register::register;
use crate::fields::{Describe, Value, Visitor, describe_whole, show_fields, shows};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// The registers of the capability. Which of them mean something depends on the kind of port.
    PcieCapability: 60 bytes, new;
    /// Capability id: 0x10.
    0x00 capability_id: u8 as hex => set_capability_id with_capability_id;
    /// Offset of the next capability; the section's specification says not to trust it.
    0x01 next_capability: u8 as hex => set_next_capability with_next_capability;
    /// Capabilities of the structure: its version, and the kind of device or port.
    0x02 pcie_capabilities: (u16 PcieCapabilities) as group => set_pcie_capabilities with_pcie_capabilities;
    /// Capabilities of the device.
    0x04 device_capabilities: (u32 DeviceCapabilities) as group
        => set_device_capabilities with_device_capabilities;
    /// Settings of the device.
    0x08 device_control: (u16 DeviceControl) as group => set_device_control with_device_control;
    /// State of the device; reserved bits are kept.
    0x0a device_status: (u16 DeviceStatus) as flags => set_device_status with_device_status;
    /// Capabilities of the link.
    0x0c link_capabilities: (u32 LinkCapabilities) as group => set_link_capabilities with_link_capabilities;
    /// Settings of the link.
    0x10 link_control: (u16 LinkControl) as group => set_link_control with_link_control;
    /// State of the link.
    0x12 link_status: (u16 LinkStatus) as group => set_link_status with_link_status;
    /// Capabilities of the slot.
    0x14 slot_capabilities: (u32 SlotCapabilities) as group => set_slot_capabilities with_slot_capabilities;
    /// Settings of the slot.
    0x18 slot_control: (u16 SlotControl) as group => set_slot_control with_slot_control;
    /// State of the slot; reserved bits are kept.
    0x1a slot_status: (u16 SlotStatus) as flags => set_slot_status with_slot_status;
    /// Settings of the root port; reserved bits are kept.
    0x1c root_control: (u16 RootControl) as flags => set_root_control with_root_control;
    /// Capabilities of the root port; reserved bits are kept.
    0x1e root_capabilities: (u16 RootCapabilities) as flags => set_root_capabilities with_root_capabilities;
    /// Power management events at the root port. Version 1 of the structure ends after this register.
    0x20 root_status: (u32 RootStatus) as group => set_root_status with_root_status;
    /// Further capabilities of the device.
    0x24 device_capabilities_2: (u32 DeviceCapabilities2) as group
        => set_device_capabilities_2 with_device_capabilities_2;
    /// Further settings of the device.
    0x28 device_control_2: (u16 DeviceControl2) as group => set_device_control_2 with_device_control_2;
    /// Second device status; reserved.
    0x2a device_status_2: u16 as hex => set_device_status_2 with_device_status_2;
    /// Further capabilities of the link.
    0x2c link_capabilities_2: (u32 LinkCapabilities2) as group
        => set_link_capabilities_2 with_link_capabilities_2;
    /// Further settings of the link.
    0x30 link_control_2: (u16 LinkControl2) as group => set_link_control_2 with_link_control_2;
    /// Further state of the link.
    0x32 link_status_2: (u16 LinkStatus2) as group => set_link_status_2 with_link_status_2;
    /// Further capabilities of the slot; reserved bits are kept.
    0x34 slot_capabilities_2: (u32 SlotCapabilities2) as flags
        => set_slot_capabilities_2 with_slot_capabilities_2;
    /// Second slot control; reserved.
    0x38 slot_control_2: u16 as hex => set_slot_control_2 with_slot_control_2;
    /// Second slot status; reserved.
    0x3a slot_status_2: u16 as hex => set_slot_status_2 with_slot_status_2;
}

open_value! {
    /// Kind of PCIe device or port, in the section and in the capability structure.
    PciePortType: u32 {
        ENDPOINT = 0 => "endpoint",
        LEGACY_ENDPOINT = 1 => "legacy endpoint",
        ROOT_PORT = 4 => "root port",
        UPSTREAM_SWITCH_PORT = 5 => "upstream switch port",
        DOWNSTREAM_SWITCH_PORT = 6 => "downstream switch port",
        PCIE_TO_PCI_BRIDGE = 7 => "PCIe to PCI/PCI-X bridge",
        PCI_TO_PCIE_BRIDGE = 8 => "PCI/PCI-X to PCIe bridge",
        ROOT_COMPLEX_INTEGRATED_ENDPOINT = 9 => "root complex integrated endpoint",
        ROOT_COMPLEX_EVENT_COLLECTOR = 10 => "root complex event collector",
    }
}

register! {
    /// PCI Express capabilities (offset 0x02).
    PcieCapabilities: u16 {
        SLOT_IMPLEMENTED = 8 => "The link goes to a slot.",
        FLIT_MODE_SUPPORTED = 15 => "Flit mode is supported.",
    }
    fields {
        capability_version: u8 as number = 0, 4 => "Version of the structure: 1 ends after the root status.",
        device_port_type: PciePortType as named = 4, 4 => "Kind of device or port.",
        interrupt_message_number: u8 as number = 9, 5 => "Number of the MSI or MSI-X message of this structure's events.",
    }
}

register! {
    /// Device capabilities (offset 0x04).
    DeviceCapabilities: u32 {
        EXTENDED_TAG_FIELD = 5 => "Tags of 8 bits are supported.",
        ROLE_BASED_ERROR_REPORTING = 15 => "Errors are reported by role.",
        ERR_COR_SUBCLASS_CAPABLE = 16 => "Correctable error messages carry a subclass.",
        RX_MPS_FIXED = 17 => "The largest payload received is fixed.",
        FUNCTION_LEVEL_RESET = 28 => "The function can be reset alone.",
        MIXED_MPS = 29 => "Payload sizes may be mixed.",
        TEE_IO = 30 => "Trusted I/O is supported.",
    }
    fields {
        max_payload_size_supported: PciePayloadSize as named = 0, 3 => "Largest payload that is supported.",
        phantom_functions_supported: u8 as number = 3, 2 => "How many bits of the function number can be used as tag.",
        endpoint_l0s_acceptable_latency: PcieL0sAcceptableLatency as named = 6, 3 => "The latency out of L0s that is acceptable.",
        endpoint_l1_acceptable_latency: PcieL1AcceptableLatency as named = 9, 3 => "The latency out of L1 that is acceptable.",
        captured_slot_power_limit_value: u8 as number = 18, 8 => "Power limit of the slot, in units of the scale.",
        captured_slot_power_limit_scale: u8 as number = 26, 2 => "1 W divided by ten to this power.",
    }
}

register! {
    /// Device control (offset 0x08).
    DeviceControl: u16 {
        CORRECTABLE_REPORTING_ENABLE = 0 => "Correctable errors are reported.",
        NON_FATAL_REPORTING_ENABLE = 1 => "Non-fatal errors are reported.",
        FATAL_REPORTING_ENABLE = 2 => "Fatal errors are reported.",
        UNSUPPORTED_REQUEST_REPORTING_ENABLE = 3 => "Unsupported requests are reported.",
        RELAXED_ORDERING_ENABLE = 4 => "Relaxed ordering is allowed.",
        EXTENDED_TAG_FIELD_ENABLE = 8 => "Tags of 8 bits are used.",
        PHANTOM_FUNCTIONS_ENABLE = 9 => "Function numbers are used as tag.",
        AUX_POWER_PM_ENABLE = 10 => "Auxiliary power may be drawn.",
        NO_SNOOP_ENABLE = 11 => "No Snoop is allowed.",
        FUNCTION_LEVEL_RESET = 15 => "Reset of the function; in bridges, retry of configuration requests.",
    }
    fields {
        max_payload_size: PciePayloadSize as named = 5, 3 => "Largest payload sent.",
        max_read_request_size: PciePayloadSize as named = 12, 3 => "Largest read request sent.",
    }
}

crate::open_value::flag_set! {
    /// Device status (offset 0x0a).
    pub struct DeviceStatus: u16 {
        /// A correctable error was detected.
        const CORRECTABLE_ERROR_DETECTED = 1 << 0;
        /// A non-fatal error was detected.
        const NON_FATAL_ERROR_DETECTED = 1 << 1;
        /// A fatal error was detected.
        const FATAL_ERROR_DETECTED = 1 << 2;
        /// An unsupported request was received.
        const UNSUPPORTED_REQUEST_DETECTED = 1 << 3;
        /// Auxiliary power was detected.
        const AUX_POWER_DETECTED = 1 << 4;
        /// Requests are waiting for their completion.
        const TRANSACTIONS_PENDING = 1 << 5;
        /// The device is or was in the emergency power reduction state.
        const EMERGENCY_POWER_REDUCTION_DETECTED = 1 << 6;
        const _ = !0;
    }
}

open_value! {
    /// Speed of a link, per lane and direction.
    LinkSpeed: u8 {
        GT_2_5 = 1 => "2.5 GT/s",
        GT_5 = 2 => "5 GT/s",
        GT_8 = 3 => "8 GT/s",
        GT_16 = 4 => "16 GT/s",
        GT_32 = 5 => "32 GT/s",
        GT_64 = 6 => "64 GT/s",
    }
}

register! {
    /// Link capabilities (offset 0x0c).
    LinkCapabilities: u32 {
        CLOCK_POWER_MANAGEMENT = 18 => "The clock may be stopped.",
        SURPRISE_DOWN_ERROR_REPORTING = 19 => "A link that goes down by surprise is reported.",
        DATA_LINK_LAYER_ACTIVE_REPORTING = 20 => "The state of the data link layer is reported.",
        LINK_BANDWIDTH_NOTIFICATION = 21 => "Changes of bandwidth are reported.",
        ASPM_OPTIONALITY_COMPLIANCE = 22 => "Power management of the link is optional.",
    }
    fields {
        max_link_speed: LinkSpeed as named = 0, 4 => "Highest speed of the link.",
        maximum_link_width: LinkWidth as named = 4, 6 => "Largest width of the link.",
        aspm_support: PcieAspmStates as named = 10, 2 => "Low-power states supported.",
        l0s_exit_latency: PcieL0sExitLatency as named = 12, 3 => "How long the link takes out of L0s.",
        l1_exit_latency: PcieL1ExitLatency as named = 15, 3 => "How long the link takes out of L1.",
        port_number: u8 as number = 24, 8 => "Number of the port.",
    }
}

register! {
    /// Link control (offset 0x10).
    LinkControl: u16 {
        PTM_DELAY_INTERPRETATION_B = 2 => "PTM propagation delay is read in the second way.",
        READ_COMPLETION_BOUNDARY = 3 => "Reads complete at 128 bytes, not 64.",
        LINK_DISABLE = 4 => "The link is switched off.",
        RETRAIN_LINK = 5 => "The link is to train again.",
        COMMON_CLOCK_CONFIGURATION = 6 => "Both ends share a reference clock.",
        EXTENDED_SYNCH = 7 => "Training sequences are longer.",
        CLOCK_POWER_MANAGEMENT_ENABLE = 8 => "The clock may be stopped.",
        HARDWARE_AUTONOMOUS_WIDTH_DISABLE = 9 => "Hardware must keep the width.",
        LINK_BANDWIDTH_MANAGEMENT_INTERRUPT_ENABLE = 10 => "Changes of bandwidth raise an interrupt.",
        LINK_AUTONOMOUS_BANDWIDTH_INTERRUPT_ENABLE = 11 => "Changes of bandwidth that hardware chose raise an interrupt.",
        SRIS_CLOCKING = 12 => "Reference clocks are separate, with spread spectrum.",
        FLIT_MODE_DISABLE = 13 => "Flit mode must not be used.",
    }
    fields {
        aspm_control: PcieAspmStates as named = 0, 2 => "Low-power states enabled.",
        drs_signaling_control: u8 as number = 14, 2 => "What a device readiness status does: 0 nothing, 1 an interrupt, 2 a message.",
    }
}

register! {
    /// Link status (offset 0x12).
    LinkStatus: u16 {
        LINK_TRAINING = 11 => "The link is training.",
        SLOT_CLOCK_CONFIGURATION = 12 => "The component uses the connector's reference clock.",
        DATA_LINK_LAYER_ACTIVE = 13 => "The data link layer is up.",
        LINK_BANDWIDTH_MANAGEMENT_STATUS = 14 => "The bandwidth changed, for reliability or on request.",
        LINK_AUTONOMOUS_BANDWIDTH_STATUS = 15 => "Hardware changed the bandwidth by itself.",
    }
    fields {
        current_link_speed: LinkSpeed as named = 0, 4 => "Speed of the link.",
        negotiated_link_width: LinkWidth as named = 4, 6 => "Lanes in use.",
    }
}

register! {
    /// Slot capabilities (offset 0x14).
    SlotCapabilities: u32 {
        ATTENTION_BUTTON_PRESENT = 0 => "There is an attention button.",
        POWER_CONTROLLER_PRESENT = 1 => "Power can be switched.",
        MRL_SENSOR_PRESENT = 2 => "The retention latch has a sensor.",
        ATTENTION_INDICATOR_PRESENT = 3 => "There is an attention indicator.",
        POWER_INDICATOR_PRESENT = 4 => "There is a power indicator.",
        HOT_PLUG_SURPRISE = 5 => "The adapter may go without notice.",
        HOT_PLUG_CAPABLE = 6 => "Hot plug is supported.",
        ELECTROMECHANICAL_INTERLOCK_PRESENT = 17 => "There is an interlock.",
        NO_COMMAND_COMPLETED_SUPPORT = 18 => "Completed commands are not reported.",
    }
    fields {
        slot_power_limit_value: u8 as number = 7, 8 => "Power limit of the slot, in units of the scale.",
        slot_power_limit_scale: u8 as number = 15, 2 => "1 W divided by ten to this power.",
        physical_slot_number: u16 as number = 19, 13 => "Number of the slot in the chassis; 0 for a soldered device.",
    }
}

register! {
    /// Slot control (offset 0x18).
    SlotControl: u16 {
        ATTENTION_BUTTON_PRESSED_ENABLE = 0 => "A press of the attention button is reported.",
        POWER_FAULT_DETECTED_ENABLE = 1 => "A power fault is reported.",
        MRL_SENSOR_CHANGED_ENABLE = 2 => "A change of the retention latch is reported.",
        PRESENCE_DETECT_CHANGED_ENABLE = 3 => "A change of presence is reported.",
        COMMAND_COMPLETED_INTERRUPT_ENABLE = 4 => "A completed command raises an interrupt.",
        HOT_PLUG_INTERRUPT_ENABLE = 5 => "Hot plug events raise an interrupt.",
        POWER_CONTROLLER_CONTROL = 10 => "Power is off.",
        ELECTROMECHANICAL_INTERLOCK_CONTROL = 11 => "A write of 1 toggles the interlock.",
        DATA_LINK_LAYER_STATE_CHANGED_ENABLE = 12 => "A change of the data link layer is reported.",
        AUTO_SLOT_POWER_LIMIT_DISABLE = 13 => "The power limit is not sent automatically.",
        IN_BAND_PD_DISABLE = 14 => "Presence is not detected in band.",
    }
    fields {
        attention_indicator_control: u8 as number = 6, 2 => "Attention indicator: 1 on, 2 blink, 3 off.",
        power_indicator_control: u8 as number = 8, 2 => "Power indicator: 1 on, 2 blink, 3 off.",
    }
}

crate::open_value::flag_set! {
    /// Slot status (offset 0x1a).
    pub struct SlotStatus: u16 {
        /// The attention button was pressed.
        const ATTENTION_BUTTON_PRESSED = 1 << 0;
        /// A power fault was detected.
        const POWER_FAULT_DETECTED = 1 << 1;
        /// The retention latch was opened or closed.
        const MRL_SENSOR_CHANGED = 1 << 2;
        /// An adapter came or went.
        const PRESENCE_DETECT_CHANGED = 1 << 3;
        /// A command was completed.
        const COMMAND_COMPLETED = 1 << 4;
        /// The retention latch is open.
        const MRL_SENSOR_STATE = 1 << 5;
        /// The slot holds an adapter.
        const PRESENCE_DETECT_STATE = 1 << 6;
        /// The interlock is engaged.
        const ELECTROMECHANICAL_INTERLOCK_STATUS = 1 << 7;
        /// The data link layer went up or down.
        const DATA_LINK_LAYER_STATE_CHANGED = 1 << 8;
        const _ = !0;
    }

    /// Root control (offset 0x1c).
    pub struct RootControl: u16 {
        /// A correctable error below the port is a system error.
        const SYSTEM_ERROR_ON_CORRECTABLE_ENABLE = 1 << 0;
        /// A non-fatal error below the port is a system error.
        const SYSTEM_ERROR_ON_NON_FATAL_ENABLE = 1 << 1;
        /// A fatal error below the port is a system error.
        const SYSTEM_ERROR_ON_FATAL_ENABLE = 1 << 2;
        /// Power management events raise an interrupt.
        const PME_INTERRUPT_ENABLE = 1 << 3;
        /// Software sees configuration requests that are to be retried.
        const RRS_SOFTWARE_VISIBILITY_ENABLE = 1 << 4;
        /// Nothing below this port needs non-Flit mode.
        const NO_NFM_SUBTREE_BELOW_THIS_ROOT_PORT = 1 << 5;
        const _ = !0;
    }

    /// Root capabilities (offset 0x1e).
    pub struct RootCapabilities: u16 {
        /// Software can see configuration requests that are to be retried.
        const RRS_SOFTWARE_VISIBILITY = 1 << 0;
        const _ = !0;
    }
}

register! {
    /// Root status (offset 0x20).
    RootStatus: u32 {
        PME_STATUS = 16 => "A power management event was asked for.",
        PME_PENDING = 17 => "Another power management event waits.",
    }
    fields {
        pme_requester_id: RequesterId as message = 0, 16 => "Requester id of the device that asked for the power management event.",
    }
}

register! {
    /// Device capabilities 2 (offset 0x24).
    DeviceCapabilities2: u32 {
        COMPLETION_TIMEOUT_DISABLE = 4 => "The completion timeout can be switched off.",
        ARI_FORWARDING = 5 => "Alternative routing ids are forwarded.",
        ATOMICOP_ROUTING = 6 => "Atomic operations are routed.",
        ATOMICOP_32_BIT_COMPLETER = 7 => "Atomic operations of 32 bits are completed.",
        ATOMICOP_64_BIT_COMPLETER = 8 => "Atomic operations of 64 bits are completed.",
        CAS_128_BIT_COMPLETER = 9 => "Compare-and-swap of 128 bits is completed.",
        NO_RO_ENABLED_PR_PR_PASSING = 10 => "Posted requests never pass each other.",
        LTR_MECHANISM = 11 => "Latency tolerance reporting is supported.",
        TAG_10_BIT_COMPLETER = 16 => "Tags of 10 bits are completed.",
        TAG_10_BIT_REQUESTER = 17 => "Tags of 10 bits are sent.",
        EXTENDED_FMT_FIELD = 20 => "The Fmt field has 3 bits.",
        END_END_TLP_PREFIX = 21 => "End-to-end prefixes are supported.",
        EMERGENCY_POWER_REDUCTION_INITIALIZATION_REQUIRED = 26 => "Emergency power reduction needs a fresh start.",
        DMWR_COMPLETER = 28 => "Deferrable memory writes are completed.",
        FRS = 31 => "Function readiness status is supported.",
    }
    fields {
        completion_timeout_ranges_supported: u8 as number = 0, 4 => "Ranges of the completion timeout, A to D, a bit each.",
        tph_completer_supported: u8 as number = 12, 2 => "Processing hints: 1 plain, 3 extended too.",
        ln_system_cls: u8 as number = 14, 2 => "Lightweight notification line size, of PCIe 3.1 to 5.0: 1 64 bytes, 2 128 bytes.",
        obff_supported: u8 as number = 18, 2 => "Buffer flush hints: bit 0 by message, bit 1 by WAKE#.",
        max_end_end_tlp_prefixes: u8 as number = 22, 2 => "End-to-end prefixes at most; 0 means 4.",
        emergency_power_reduction_supported: u8 as number = 24, 2 => "Emergency power reduction: 1 device, 2 form factor.",
        dmwr_lengths_supported: u8 as number = 29, 2 => "Deferrable memory writes: 0 to 64 bytes, 1 to 128 bytes.",
    }
}

register! {
    /// Device control 2 (offset 0x28).
    DeviceControl2: u16 {
        COMPLETION_TIMEOUT_DISABLE = 4 => "The completion timeout is off.",
        ARI_FORWARDING_ENABLE = 5 => "Alternative routing ids are forwarded.",
        ATOMICOP_REQUESTER_ENABLE = 6 => "Atomic operations may be sent.",
        ATOMICOP_EGRESS_BLOCKING = 7 => "Atomic operations are blocked on the way out.",
        IDO_REQUEST_ENABLE = 8 => "Requests may use id-based ordering.",
        IDO_COMPLETION_ENABLE = 9 => "Completions may use id-based ordering.",
        LTR_MECHANISM_ENABLE = 10 => "Latency tolerance is reported.",
        EMERGENCY_POWER_REDUCTION_REQUEST = 11 => "Emergency power reduction is asked for.",
        TAG_10_BIT_REQUESTER_ENABLE = 12 => "Tags of 10 bits are sent.",
        END_END_TLP_PREFIX_BLOCKING = 15 => "End-to-end prefixes are not forwarded.",
    }
    fields {
        completion_timeout_value: u8 as number = 0, 4 => "Code of the completion timeout; 0 is 50 us to 50 ms.",
        obff_enable: u8 as number = 13, 2 => "Buffer flush hints: 1, 2 by message, 3 by WAKE#.",
    }
}

register! {
    /// Link capabilities 2 (offset 0x2c).
    LinkCapabilities2: u32 {
        CROSSLINK = 8 => "Crosslinks are supported.",
        RETIMER_PRESENCE_DETECT = 23 => "A retimer can be detected.",
        TWO_RETIMERS_PRESENCE_DETECT = 24 => "Two retimers can be detected.",
        DRS = 31 => "Device readiness status is supported.",
    }
    fields {
        supported_link_speeds: u8 as hex = 1, 7 => "Speeds, a bit each: bit 0 is 2.5 GT/s.",
        lower_skp_os_generation: u8 as hex = 9, 7 => "Speeds at which fewer SKP ordered sets may be sent.",
        lower_skp_os_reception: u8 as hex = 16, 7 => "Speeds at which fewer SKP ordered sets are accepted.",
    }
}

register! {
    /// Link control 2 (offset 0x30).
    LinkControl2: u16 {
        ENTER_COMPLIANCE = 4 => "The link is to enter compliance mode.",
        HARDWARE_AUTONOMOUS_SPEED_DISABLE = 5 => "Hardware must keep the speed.",
        SELECTABLE_DE_EMPHASIS = 6 => "De-emphasis is -3.5 dB, not -6 dB.",
        ENTER_MODIFIED_COMPLIANCE = 10 => "The modified compliance pattern is sent.",
        COMPLIANCE_SOS = 11 => "SKP ordered sets are sent in compliance mode.",
    }
    fields {
        target_link_speed: LinkSpeed as named = 0, 4 => "Target speed of the link.",
        transmit_margin: u8 as number = 7, 3 => "Code of the transmit margin.",
        compliance_preset_de_emphasis: u8 as number = 12, 4 => "Preset or de-emphasis in compliance mode.",
    }
}

register! {
    /// Link status 2 (offset 0x32).
    LinkStatus2: u16 {
        CURRENT_DE_EMPHASIS_LEVEL = 0 => "De-emphasis is -3.5 dB, not -6 dB.",
        EQUALIZATION_8GT_COMPLETE = 1 => "Equalization for 8 GT/s is complete.",
        EQUALIZATION_8GT_PHASE_1_SUCCESSFUL = 2 => "Phase 1 of the equalization for 8 GT/s was successful.",
        EQUALIZATION_8GT_PHASE_2_SUCCESSFUL = 3 => "Phase 2 of the equalization for 8 GT/s was successful.",
        EQUALIZATION_8GT_PHASE_3_SUCCESSFUL = 4 => "Phase 3 of the equalization for 8 GT/s was successful.",
        LINK_EQUALIZATION_REQUEST_8GT = 5 => "Equalization for 8 GT/s is asked for again.",
        RETIMER_PRESENCE_DETECTED = 6 => "There is at least one retimer.",
        TWO_RETIMERS_PRESENCE_DETECTED = 7 => "There are two retimers.",
        FLIT_MODE_STATUS = 10 => "The link is in Flit mode.",
        DRS_MESSAGE_RECEIVED = 15 => "The device said that it is ready.",
    }
    fields {
        crosslink_resolution: u8 as number = 8, 2 => "Crosslink: 1 upstream port, 2 downstream port, 3 not negotiated.",
        downstream_component_presence: u8 as number = 12, 3 => "Code of what is present downstream.",
    }
}

crate::open_value::flag_set! {
    /// Slot capabilities 2 (offset 0x34).
    pub struct SlotCapabilities2: u32 {
        /// Presence detection in band can be switched off.
        const IN_BAND_PD_DISABLE_SUPPORTED = 1 << 0;
        const _ = !0;
    }
}

impl PcieCapability {
    /// Version of the structure: 1 or 2.
    #[inline]
    pub const fn version(&self) -> u8 {
        self.pcie_capabilities().capability_version()
    }
}

/// Describes registers as groups, with the bytes that each is stored in.
macro_rules! groups {
    ($out:ident, $structure:expr, $($register:ident),*) => { $(
        let stored = PcieCapability::AT.$register.of(&$structure.0);
        describe_whole(stringify!($register), stored, Value::Group(&$structure.$register()), $out)?;
    )* };
}

impl Describe for PcieCapability {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        shows!(out, self, capability_id, next_capability, device_status, slot_status, root_control);
        shows!(out, self, root_capabilities);
        out.field("capability_id", Value::hex(self.capability_id()))?;
        out.field("next_capability", Value::hex(self.next_capability()))?;
        groups!(out, self, pcie_capabilities, device_capabilities, device_control);
        out.field("device_status", Value::flags(self.device_status()))?;
        groups!(out, self, link_capabilities, link_control, link_status, slot_capabilities, slot_control);
        out.field("slot_status", Value::flags(self.slot_status()))?;
        out.field("root_control", Value::flags(self.root_control()))?;
        out.field("root_capabilities", Value::flags(self.root_capabilities()))?;
        groups!(out, self, root_status);
        // In version 1 the rest is padding.
        if self.version() < 2 {
            return Ok(());
        }
        shows!(out, self, device_status_2, slot_capabilities_2, slot_control_2, slot_status_2);
        groups!(out, self, device_capabilities_2, device_control_2);
        out.field("device_status_2", Value::hex(self.device_status_2()))?;
        groups!(out, self, link_capabilities_2, link_control_2, link_status_2);
        out.field("slot_capabilities_2", Value::flags(self.slot_capabilities_2()))?;
        out.field("slot_control_2", Value::hex(self.slot_control_2()))?;
        out.field("slot_status_2", Value::hex(self.slot_status_2()))
    }
}

show_fields!(PcieCapability);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{assert_map, bit_map};
    use std::string::{String, ToString};
    use zerocopy::{FromBytes, IntoBytes};

    /// Registers and bits of PCIe 6.0 section 7.5.3.
    const FIRST: &str = "
        0.0 capability_id *8
        1.0 next_capability *8
        3.0 pcie_capabilities.flags SLOT_IMPLEMENTED
        3.1 pcie_capabilities.interrupt_message_number *5
        3.6 pcie_capabilities.flags -*1 FLIT_MODE_SUPPORTED
        4.0 device_capabilities.max_payload_size_supported *3
        4.3 device_capabilities.phantom_functions_supported *2
        4.5 device_capabilities.flags EXTENDED_TAG_FIELD
        4.6 device_capabilities.endpoint_l0s_acceptable_latency *3
        5.1 device_capabilities.endpoint_l1_acceptable_latency *3
        5.4 device_capabilities.flags -*3 ROLE_BASED_ERROR_REPORTING ERR_COR_SUBCLASS_CAPABLE
            RX_MPS_FIXED
        6.2 device_capabilities.captured_slot_power_limit_value *8
        7.2 device_capabilities.captured_slot_power_limit_scale *2
        7.4 device_capabilities.flags FUNCTION_LEVEL_RESET MIXED_MPS TEE_IO -*1
        8.0 device_control.flags CORRECTABLE_REPORTING_ENABLE NON_FATAL_REPORTING_ENABLE
            FATAL_REPORTING_ENABLE UNSUPPORTED_REQUEST_REPORTING_ENABLE RELAXED_ORDERING_ENABLE
        8.5 device_control.max_payload_size *3
        9.0 device_control.flags EXTENDED_TAG_FIELD_ENABLE PHANTOM_FUNCTIONS_ENABLE
            AUX_POWER_PM_ENABLE NO_SNOOP_ENABLE
        9.4 device_control.max_read_request_size *3
        9.7 device_control.flags FUNCTION_LEVEL_RESET
        10.0 device_status CORRECTABLE_ERROR_DETECTED NON_FATAL_ERROR_DETECTED
            FATAL_ERROR_DETECTED UNSUPPORTED_REQUEST_DETECTED AUX_POWER_DETECTED
            TRANSACTIONS_PENDING EMERGENCY_POWER_REDUCTION_DETECTED -*9
        12.0 link_capabilities.max_link_speed *4
        12.4 link_capabilities.maximum_link_width *6
        13.2 link_capabilities.aspm_support *2
        13.4 link_capabilities.l0s_exit_latency *3
        13.7 link_capabilities.l1_exit_latency *3
        14.2 link_capabilities.flags CLOCK_POWER_MANAGEMENT SURPRISE_DOWN_ERROR_REPORTING
            DATA_LINK_LAYER_ACTIVE_REPORTING LINK_BANDWIDTH_NOTIFICATION
            ASPM_OPTIONALITY_COMPLIANCE -*1
        15.0 link_capabilities.port_number *8
        16.0 link_control.aspm_control *2
        16.2 link_control.flags PTM_DELAY_INTERPRETATION_B READ_COMPLETION_BOUNDARY LINK_DISABLE
            RETRAIN_LINK COMMON_CLOCK_CONFIGURATION EXTENDED_SYNCH CLOCK_POWER_MANAGEMENT_ENABLE
            HARDWARE_AUTONOMOUS_WIDTH_DISABLE LINK_BANDWIDTH_MANAGEMENT_INTERRUPT_ENABLE
            LINK_AUTONOMOUS_BANDWIDTH_INTERRUPT_ENABLE SRIS_CLOCKING FLIT_MODE_DISABLE
        17.6 link_control.drs_signaling_control *2
        18.0 link_status.current_link_speed *4
        18.4 link_status.negotiated_link_width *6
        19.2 link_status.flags -*1 LINK_TRAINING SLOT_CLOCK_CONFIGURATION DATA_LINK_LAYER_ACTIVE
            LINK_BANDWIDTH_MANAGEMENT_STATUS LINK_AUTONOMOUS_BANDWIDTH_STATUS
        20.0 slot_capabilities.flags ATTENTION_BUTTON_PRESENT POWER_CONTROLLER_PRESENT
            MRL_SENSOR_PRESENT ATTENTION_INDICATOR_PRESENT POWER_INDICATOR_PRESENT
            HOT_PLUG_SURPRISE HOT_PLUG_CAPABLE
        20.7 slot_capabilities.slot_power_limit_value *8
        21.7 slot_capabilities.slot_power_limit_scale *2
        22.1 slot_capabilities.flags ELECTROMECHANICAL_INTERLOCK_PRESENT
            NO_COMMAND_COMPLETED_SUPPORT
        22.3 slot_capabilities.physical_slot_number *13
        24.0 slot_control.flags ATTENTION_BUTTON_PRESSED_ENABLE POWER_FAULT_DETECTED_ENABLE
            MRL_SENSOR_CHANGED_ENABLE PRESENCE_DETECT_CHANGED_ENABLE
            COMMAND_COMPLETED_INTERRUPT_ENABLE HOT_PLUG_INTERRUPT_ENABLE
        24.6 slot_control.attention_indicator_control *2
        25.0 slot_control.power_indicator_control *2
        25.2 slot_control.flags POWER_CONTROLLER_CONTROL ELECTROMECHANICAL_INTERLOCK_CONTROL
            DATA_LINK_LAYER_STATE_CHANGED_ENABLE AUTO_SLOT_POWER_LIMIT_DISABLE
            IN_BAND_PD_DISABLE -*1
        26.0 slot_status ATTENTION_BUTTON_PRESSED POWER_FAULT_DETECTED MRL_SENSOR_CHANGED
            PRESENCE_DETECT_CHANGED COMMAND_COMPLETED MRL_SENSOR_STATE PRESENCE_DETECT_STATE
            ELECTROMECHANICAL_INTERLOCK_STATUS DATA_LINK_LAYER_STATE_CHANGED -*7
        28.0 root_control SYSTEM_ERROR_ON_CORRECTABLE_ENABLE SYSTEM_ERROR_ON_NON_FATAL_ENABLE
            SYSTEM_ERROR_ON_FATAL_ENABLE PME_INTERRUPT_ENABLE RRS_SOFTWARE_VISIBILITY_ENABLE
            NO_NFM_SUBTREE_BELOW_THIS_ROOT_PORT -*10
        30.0 root_capabilities RRS_SOFTWARE_VISIBILITY -*15
        32.0 root_status.pme_requester_id ~*16
        34.0 root_status.flags PME_STATUS PME_PENDING -*14
    ";
    const SECOND: &str = "
        36.0 device_capabilities_2.completion_timeout_ranges_supported *4
        36.4 device_capabilities_2.flags COMPLETION_TIMEOUT_DISABLE ARI_FORWARDING
            ATOMICOP_ROUTING ATOMICOP_32_BIT_COMPLETER ATOMICOP_64_BIT_COMPLETER
            CAS_128_BIT_COMPLETER NO_RO_ENABLED_PR_PR_PASSING LTR_MECHANISM
        37.4 device_capabilities_2.tph_completer_supported *2
        37.6 device_capabilities_2.ln_system_cls *2
        38.0 device_capabilities_2.flags TAG_10_BIT_COMPLETER TAG_10_BIT_REQUESTER
        38.2 device_capabilities_2.obff_supported *2
        38.4 device_capabilities_2.flags EXTENDED_FMT_FIELD END_END_TLP_PREFIX
        38.6 device_capabilities_2.max_end_end_tlp_prefixes *2
        39.0 device_capabilities_2.emergency_power_reduction_supported *2
        39.2 device_capabilities_2.flags EMERGENCY_POWER_REDUCTION_INITIALIZATION_REQUIRED -*1
            DMWR_COMPLETER
        39.5 device_capabilities_2.dmwr_lengths_supported *2
        39.7 device_capabilities_2.flags FRS
        40.0 device_control_2.completion_timeout_value *4
        40.4 device_control_2.flags COMPLETION_TIMEOUT_DISABLE ARI_FORWARDING_ENABLE
            ATOMICOP_REQUESTER_ENABLE ATOMICOP_EGRESS_BLOCKING IDO_REQUEST_ENABLE
            IDO_COMPLETION_ENABLE LTR_MECHANISM_ENABLE EMERGENCY_POWER_REDUCTION_REQUEST
            TAG_10_BIT_REQUESTER_ENABLE
        41.5 device_control_2.obff_enable *2
        41.7 device_control_2.flags END_END_TLP_PREFIX_BLOCKING
        42.0 device_status_2 *16
        44.0 link_capabilities_2.flags -*1
        44.1 link_capabilities_2.supported_link_speeds *7
        45.0 link_capabilities_2.flags CROSSLINK
        45.1 link_capabilities_2.lower_skp_os_generation *7
        46.0 link_capabilities_2.lower_skp_os_reception *7
        46.7 link_capabilities_2.flags RETIMER_PRESENCE_DETECT TWO_RETIMERS_PRESENCE_DETECT -*6
            DRS
        48.0 link_control_2.target_link_speed *4
        48.4 link_control_2.flags ENTER_COMPLIANCE HARDWARE_AUTONOMOUS_SPEED_DISABLE
            SELECTABLE_DE_EMPHASIS
        48.7 link_control_2.transmit_margin *3
        49.2 link_control_2.flags ENTER_MODIFIED_COMPLIANCE COMPLIANCE_SOS
        49.4 link_control_2.compliance_preset_de_emphasis *4
        50.0 link_status_2.flags CURRENT_DE_EMPHASIS_LEVEL EQUALIZATION_8GT_COMPLETE
            EQUALIZATION_8GT_PHASE_1_SUCCESSFUL EQUALIZATION_8GT_PHASE_2_SUCCESSFUL
            EQUALIZATION_8GT_PHASE_3_SUCCESSFUL LINK_EQUALIZATION_REQUEST_8GT
            RETIMER_PRESENCE_DETECTED TWO_RETIMERS_PRESENCE_DETECTED
        51.0 link_status_2.crosslink_resolution *2
        51.2 link_status_2.flags FLIT_MODE_STATUS -*1
        51.4 link_status_2.downstream_component_presence *3
        51.7 link_status_2.flags DRS_MESSAGE_RECEIVED
        52.0 slot_capabilities_2 IN_BAND_PD_DISABLE_SUPPORTED -*31
        56.0 slot_control_2 *16
        58.0 slot_status_2 *16
    ";

    fn map(version: u8) -> String {
        let mut bytes = [0; 60];
        bytes[2] = version;
        bit_map(&bytes, 2..3, |bytes, told| told(PcieCapability::ref_from_bytes(bytes).unwrap()))
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let expected = String::from(FIRST) + SECOND;
        assert_map(&map(2), &expected);
    }

    #[test]
    fn version_1_ends_after_the_root_status() {
        let expected = String::from(FIRST) + "36.0 hidden ~*192";
        assert_map(&map(1), &expected);
        let mut capability = PcieCapability::default();
        for (byte, version) in [(0x01, 1), (0x42, 2), (0xff, 15)] {
            capability.set_pcie_capabilities(PcieCapabilities::new(byte));
            assert_eq!(capability.version(), version);
        }
    }

    /// Each register has a value of its own.
    #[test]
    fn every_writer_sets_its_bytes() {
        let bytes: [u8; 60] = core::array::from_fn(|place| place as u8 | 1);
        let read = PcieCapability::read_from_bytes(&bytes).unwrap();
        let written = PcieCapability::new()
            .with_capability_id(read.capability_id())
            .with_next_capability(read.next_capability())
            .with_pcie_capabilities(read.pcie_capabilities())
            .with_device_capabilities(read.device_capabilities())
            .with_device_control(read.device_control())
            .with_device_status(read.device_status())
            .with_link_capabilities(read.link_capabilities())
            .with_link_control(read.link_control())
            .with_link_status(read.link_status())
            .with_slot_capabilities(read.slot_capabilities())
            .with_slot_control(read.slot_control())
            .with_slot_status(read.slot_status())
            .with_root_control(read.root_control())
            .with_root_capabilities(read.root_capabilities())
            .with_root_status(read.root_status())
            .with_device_capabilities_2(read.device_capabilities_2())
            .with_device_control_2(read.device_control_2())
            .with_device_status_2(read.device_status_2())
            .with_link_capabilities_2(read.link_capabilities_2())
            .with_link_control_2(read.link_control_2())
            .with_link_status_2(read.link_status_2())
            .with_slot_capabilities_2(read.slot_capabilities_2())
            .with_slot_control_2(read.slot_control_2())
            .with_slot_status_2(read.slot_status_2());
        assert_eq!(written.as_bytes(), bytes);
        assert_eq!(read.device_status().bits(), 0x0b0b);
        assert_eq!((read.slot_capabilities_2().bits(), read.slot_status_2()), (0x3737_3535, 0x3b3b));
    }

    #[test]
    fn fields_have_their_own_types() {
        let capabilities = PcieCapabilities::new(0x1042);
        assert_eq!(capabilities.raw(), 0x1042);
        assert_eq!(capabilities.device_port_type(), PciePortType::ROOT_PORT);
        assert_eq!(capabilities.interrupt_message_number(), 8);
        let status = LinkStatus::new(0x2103);
        assert_eq!(
            (status.current_link_speed(), status.negotiated_link_width()),
            (LinkSpeed::GT_8, LinkWidth::X16)
        );
        assert_eq!(status.flags(), LinkStatus::DATA_LINK_LAYER_ACTIVE);
        assert_eq!(
            status.to_string(),
            "current link speed      8 GT/s (3)\n\
             negotiated link width   x16 (16)\n\
             flags                   0x2000  data link layer active\n"
        );
        let speeds: std::vec::Vec<_> =
            (0..8).map(|speed| LinkSpeed::new(speed).name().unwrap_or("-")).collect();
        assert_eq!(speeds, ["-", "2.5 GT/s", "5 GT/s", "8 GT/s", "16 GT/s", "32 GT/s", "64 GT/s", "-"]);
        let root = RootStatus::new(0x0001_3bfd);
        assert_eq!(
            (root.pme_requester_id(), root.flags()),
            (RequesterId::new(0x3bfd), RootStatus::PME_STATUS)
        );
        assert!(root.to_string().starts_with("pme requester id        3b:1f.5\n"));
    }
}
