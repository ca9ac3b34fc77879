//! The Advanced Error Reporting extended capability of a PCIe function (PCIe 6.0 section 7.8.4), 96 bytes, as the
//! PCIe section carries it.

use core::fmt;

use super::pci_address::RequesterId;
use super::register::{bits, error_bits, register};
use crate::fields::{Describe, Dwords, Value, Visitor, show_fields, shows};
use crate::structure::structure;

structure! {
    /// The AER registers of a function. Those from the root error command on exist in root ports and root complex event
    /// collectors only; elsewhere the bytes mean nothing.
    AerCapability: 96 bytes, new;
    /// Capability id (0x0001), version and next offset.
    0x00 capability_header: (u32 ExtendedCapabilityHeader) as group => set_capability_header with_capability_header;
    /// Uncorrectable errors that happened, masked ones too; reserved bits are kept.
    0x04 uncorrectable_error_status: (u32 UncorrectableErrors) as flags
        => set_uncorrectable_error_status with_uncorrectable_error_status;
    /// Uncorrectable errors that are not reported.
    0x08 uncorrectable_error_mask: (u32 UncorrectableErrors) as flags
        => set_uncorrectable_error_mask with_uncorrectable_error_mask;
    /// Uncorrectable errors that are fatal when they happen; all others are non-fatal.
    0x0c uncorrectable_error_severity: (u32 UncorrectableErrors) as flags
        => set_uncorrectable_error_severity with_uncorrectable_error_severity;
    /// Correctable errors that happened, masked ones too; reserved bits are kept.
    0x10 correctable_error_status: (u32 CorrectableErrors) as flags
        => set_correctable_error_status with_correctable_error_status;
    /// Correctable errors that are not reported.
    0x14 correctable_error_mask: (u32 CorrectableErrors) as flags
        => set_correctable_error_mask with_correctable_error_mask;
    /// First error pointer, and what the function can do.
    0x18 capabilities_and_control: (u32 AerControl) as group
        => set_capabilities_and_control with_capabilities_and_control;
    /// The first four dwords of the header of the packet that the first error is about.
    0x1c header_log: [u32; 4] as dwords => set_header_log with_header_log;
    /// Root error command: which error messages raise an interrupt.
    0x2c root_error_command: (u32 RootErrorCommand) as flags => set_root_error_command with_root_error_command;
    /// Root error status: which error messages reached the root port.
    0x30 root_error_status: (u32 RootErrorStatus) as group => set_root_error_status with_root_error_status;
    /// Sender of the first correctable error message.
    0x34 correctable_error_source: (u16 RequesterId) as message
        => set_correctable_error_source with_correctable_error_source;
    /// Sender of the first uncorrectable error message.
    0x36 uncorrectable_error_source: (u16 RequesterId) as message
        => set_uncorrectable_error_source with_uncorrectable_error_source;
    /// The prefixes of the packet that the first error is about; for a packet in Flit mode, dwords 4 to 7 of its
    /// header.
    0x38 tlp_prefix_log: [u32; 4] as dwords => set_tlp_prefix_log with_tlp_prefix_log;
    /// Dwords 8 to 13 of the logged header, for a packet in Flit mode.
    0x48 further_log: [u32; 6] => set_further_log with_further_log;
}

bits! {
    /// The first dword of an extended capability.
    ExtendedCapabilityHeader: u32
}

impl ExtendedCapabilityHeader {
    /// What the capability is, bits 15:0: 0x0001 for AER, 0x0023 for a DVSEC.
    pub const fn capability_id(self) -> u16 {
        self.0 as u16
    }

    /// Version of the capability, bits 19:16.
    pub const fn capability_version(self) -> u8 {
        (self.0 >> 16) as u8 & 0xf
    }

    /// Offset of the next capability in configuration space, bits 31:20; 0 when it is the last.
    pub const fn next_capability_offset(self) -> u16 {
        (self.0 >> 20) as u16
    }
}

impl Describe for ExtendedCapabilityHeader {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("capability_id", Value::hex(self.capability_id()))?;
        out.field("capability_version", Value::number(self.capability_version()))?;
        out.field("next_capability_offset", Value::hex(self.next_capability_offset()))
    }
}

error_bits! {
    /// Uncorrectable errors, a bit each: status, mask and severity.
    set UncorrectableErrors;
    /// One uncorrectable error: the number of its bit.
    error UncorrectableError;
    UNDEFINED = 0 => "Undefined", "Undefined",
    DATA_LINK_PROTOCOL = 4 => "Data Link Protocol Error", "DLP",
    SURPRISE_DOWN = 5 => "Surprise Down Error", "SDES",
    POISONED_TLP = 12 => "Poisoned TLP Received", "TLP",
    FLOW_CONTROL_PROTOCOL = 13 => "Flow Control Protocol Error", "FCP",
    COMPLETION_TIMEOUT = 14 => "Completion Timeout", "CmpltTO",
    COMPLETER_ABORT = 15 => "Completer Abort", "CmpltAbrt",
    UNEXPECTED_COMPLETION = 16 => "Unexpected Completion", "UnxCmplt",
    RECEIVER_OVERFLOW = 17 => "Receiver Overflow", "RxOF",
    MALFORMED_TLP = 18 => "Malformed TLP", "MalfTLP",
    ECRC = 19 => "ECRC Error", "ECRC",
    UNSUPPORTED_REQUEST = 20 => "Unsupported Request Error", "UnsupReq",
    ACS_VIOLATION = 21 => "ACS Violation", "ACSViol",
    INTERNAL = 22 => "Uncorrectable Internal Error", "UncorrIntErr",
    MC_BLOCKED_TLP = 23 => "MC Blocked TLP", "BlockedTLP",
    ATOMICOP_EGRESS_BLOCKED = 24 => "AtomicOp Egress Blocked", "AtomicOpBlocked",
    TLP_PREFIX_BLOCKED = 25 => "TLP Prefix Blocked Error", "TLPBlockedErr",
    POISONED_TLP_EGRESS_BLOCKED = 26 => "Poisoned TLP Egress Blocked", "PoisonTLPBlocked",
    DMWR_REQUEST_EGRESS_BLOCKED = 27 => "DMWr Request Egress Blocked", "DMWrReqBlocked",
    IDE_CHECK_FAILED = 28 => "IDE Check Failed", "IDECheck",
    MISROUTED_IDE_TLP = 29 => "Misrouted IDE TLP", "MisIDETLP",
    PCRC_CHECK_FAILED = 30 => "PCRC Check Failed", "PCRC_CHECK",
    TLP_TRANSLATION_EGRESS_BLOCKED = 31 => "TLP Translation Egress Blocked", "TLPXlatBlocked",
}

error_bits! {
    /// Correctable errors, a bit each: status and mask.
    set CorrectableErrors;
    /// One correctable error: the number of its bit.
    error CorrectableError;
    RECEIVER = 0 => "Receiver Error", "RxErr",
    BAD_TLP = 6 => "Bad TLP", "BadTLP",
    BAD_DLLP = 7 => "Bad DLLP", "BadDLLP",
    REPLAY_NUM_ROLLOVER = 8 => "REPLAY_NUM Rollover", "Rollover",
    REPLAY_TIMER_TIMEOUT = 12 => "Replay Timer Timeout", "Timeout",
    ADVISORY_NON_FATAL = 13 => "Advisory Non-Fatal Error", "NonFatalErr",
    CORRECTED_INTERNAL = 14 => "Corrected Internal Error", "CorrIntErr",
    HEADER_LOG_OVERFLOW = 15 => "Header Log Overflow", "HeaderOF",
}

register! {
    /// Advanced error capabilities and control (offset 0x18).
    AerControl: u32 {
        ECRC_GENERATION_CAPABLE = 5 => "The function can generate ECRC.",
        ECRC_GENERATION_ENABLE = 6 => "The function generates ECRC.",
        ECRC_CHECK_CAPABLE = 7 => "The function can check ECRC.",
        ECRC_CHECK_ENABLE = 8 => "The function checks ECRC.",
        MULTIPLE_HEADER_RECORDING_CAPABLE = 9 => "The function can record more than one header.",
        MULTIPLE_HEADER_RECORDING_ENABLE = 10 => "The function records more than one header.",
        TLP_PREFIX_LOG_PRESENT = 11 => "The prefix log holds the prefixes of the first error's packet.",
        COMPLETION_TIMEOUT_LOG_CAPABLE = 12 => "The function logs prefix and header at a completion timeout.",
        LOGGED_TLP_WAS_FLIT_MODE = 18 => "The logged packet came in Flit mode.",
    }
    fields {
        first_error_pointer: UncorrectableError as named = 0, 5 => "Bit of the first uncorrectable error; it means nothing unless that status bit is set.",
        header_log_size: u8 as number = 13, 5 => "Number of dwords that the header log has room for (PCIe 6.0).",
        logged_tlp_size: u8 as number = 19, 5 => "Number of dwords of the packet that was logged in Flit mode.",
    }
}

crate::open_value::flag_set! {
    /// Which error messages raise an interrupt at the root port.
    pub struct RootErrorCommand: u32 {
        /// Messages of correctable errors raise an interrupt.
        const CORRECTABLE_REPORTING_ENABLE = 1 << 0;
        /// Messages of non-fatal errors raise an interrupt.
        const NON_FATAL_REPORTING_ENABLE = 1 << 1;
        /// Messages of fatal errors raise an interrupt.
        const FATAL_REPORTING_ENABLE = 1 << 2;
        const _ = !0;
    }
}

register! {
    /// Root error status (offset 0x30).
    RootErrorStatus: u32 {
        CORRECTABLE_RECEIVED = 0 => "A correctable error message was received.",
        MULTIPLE_CORRECTABLE_RECEIVED = 1 => "More than one correctable error message was received.",
        UNCORRECTABLE_RECEIVED = 2 => "A fatal or non-fatal error message was received.",
        MULTIPLE_UNCORRECTABLE_RECEIVED = 3 => "More than one fatal or non-fatal error message was received.",
        FIRST_UNCORRECTABLE_FATAL = 4 => "The first uncorrectable error message was fatal.",
        NON_FATAL_RECEIVED = 5 => "One or more non-fatal messages were received.",
        FATAL_RECEIVED = 6 => "One or more fatal messages were received.",
    }
    fields {
        err_cor_subclass: u8 as number = 7, 2 => "Subclass of the correctable error message, 0 to 3.",
        interrupt_message_number: u8 as number = 27, 5 => "Number of the MSI or MSI-X message that AER interrupts with.",
    }
}

impl AerCapability {
    /// The uncorrectable error that came first and that the header log is about; `None` when the status bit that the
    /// pointer names is clear.
    #[inline]
    pub const fn first_error(&self) -> Option<UncorrectableError> {
        let error = self.capabilities_and_control().first_error_pointer();
        if self.uncorrectable_error_status().contains(error.bit()) { Some(error) } else { None }
    }

    /// The logged dwords of the packet's header: four, or in Flit mode as many as were logged, at most 14.
    pub fn logged_header(&self) -> impl Iterator<Item = u32> + Clone {
        let flit = AerControl::LOGGED_TLP_WAS_FLIT_MODE;
        let control = self.capabilities_and_control();
        let size = if control.contains(flit) { control.logged_tlp_size() } else { 4 };
        let log = self.header_log().into_iter().chain(self.tlp_prefix_log()).chain(self.further_log());
        log.take(usize::from(size))
    }
}

impl Describe for AerCapability {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        shows!(out, self, further_log);
        let further_log = self.further_log();
        if further_log != [0; 6] {
            out.field("further_log", Value::Message(&Dwords(&further_log)))?;
        }
        Ok(())
    }
}

show_fields!(AerCapability);

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::section::checks::{assert_map, bit_map};
    use std::string::ToString;
    use std::vec::Vec;
    use zerocopy::FromBytes;

    /// Registers and bits of PCIe 6.0 section 7.8.4.
    const MAP: &str = "
        0.0 capability_header.capability_id *16
        2.0 capability_header.capability_version *4
        2.4 capability_header.next_capability_offset *12
        4.0 uncorrectable_error_status UNDEFINED -*3 DATA_LINK_PROTOCOL SURPRISE_DOWN -*6
            POISONED_TLP FLOW_CONTROL_PROTOCOL COMPLETION_TIMEOUT COMPLETER_ABORT
            UNEXPECTED_COMPLETION RECEIVER_OVERFLOW MALFORMED_TLP ECRC UNSUPPORTED_REQUEST
            ACS_VIOLATION INTERNAL MC_BLOCKED_TLP ATOMICOP_EGRESS_BLOCKED TLP_PREFIX_BLOCKED
            POISONED_TLP_EGRESS_BLOCKED DMWR_REQUEST_EGRESS_BLOCKED IDE_CHECK_FAILED
            MISROUTED_IDE_TLP PCRC_CHECK_FAILED TLP_TRANSLATION_EGRESS_BLOCKED
        8.0 uncorrectable_error_mask UNDEFINED -*3 DATA_LINK_PROTOCOL SURPRISE_DOWN -*6
            POISONED_TLP FLOW_CONTROL_PROTOCOL COMPLETION_TIMEOUT COMPLETER_ABORT
            UNEXPECTED_COMPLETION RECEIVER_OVERFLOW MALFORMED_TLP ECRC UNSUPPORTED_REQUEST
            ACS_VIOLATION INTERNAL MC_BLOCKED_TLP ATOMICOP_EGRESS_BLOCKED TLP_PREFIX_BLOCKED
            POISONED_TLP_EGRESS_BLOCKED DMWR_REQUEST_EGRESS_BLOCKED IDE_CHECK_FAILED
            MISROUTED_IDE_TLP PCRC_CHECK_FAILED TLP_TRANSLATION_EGRESS_BLOCKED
        12.0 uncorrectable_error_severity UNDEFINED -*3 DATA_LINK_PROTOCOL SURPRISE_DOWN -*6
            POISONED_TLP FLOW_CONTROL_PROTOCOL COMPLETION_TIMEOUT COMPLETER_ABORT
            UNEXPECTED_COMPLETION RECEIVER_OVERFLOW MALFORMED_TLP ECRC UNSUPPORTED_REQUEST
            ACS_VIOLATION INTERNAL MC_BLOCKED_TLP ATOMICOP_EGRESS_BLOCKED TLP_PREFIX_BLOCKED
            POISONED_TLP_EGRESS_BLOCKED DMWR_REQUEST_EGRESS_BLOCKED IDE_CHECK_FAILED
            MISROUTED_IDE_TLP PCRC_CHECK_FAILED TLP_TRANSLATION_EGRESS_BLOCKED
        16.0 correctable_error_status RECEIVER -*5 BAD_TLP BAD_DLLP REPLAY_NUM_ROLLOVER -*3
            REPLAY_TIMER_TIMEOUT ADVISORY_NON_FATAL CORRECTED_INTERNAL HEADER_LOG_OVERFLOW -*16
        20.0 correctable_error_mask RECEIVER -*5 BAD_TLP BAD_DLLP REPLAY_NUM_ROLLOVER -*3
            REPLAY_TIMER_TIMEOUT ADVISORY_NON_FATAL CORRECTED_INTERNAL HEADER_LOG_OVERFLOW -*16
        24.0 capabilities_and_control.first_error_pointer *5
        24.5 capabilities_and_control.flags ECRC_GENERATION_CAPABLE ECRC_GENERATION_ENABLE
            ECRC_CHECK_CAPABLE ECRC_CHECK_ENABLE MULTIPLE_HEADER_RECORDING_CAPABLE
            MULTIPLE_HEADER_RECORDING_ENABLE TLP_PREFIX_LOG_PRESENT
            COMPLETION_TIMEOUT_LOG_CAPABLE
        25.5 capabilities_and_control.header_log_size *5
        26.2 capabilities_and_control.flags LOGGED_TLP_WAS_FLIT_MODE
        26.3 capabilities_and_control.logged_tlp_size *5
        27.0 capabilities_and_control.flags -*8
        28.0 header_log ~*128
        44.0 root_error_command CORRECTABLE_REPORTING_ENABLE NON_FATAL_REPORTING_ENABLE
            FATAL_REPORTING_ENABLE -*29
        48.0 root_error_status.flags CORRECTABLE_RECEIVED MULTIPLE_CORRECTABLE_RECEIVED
            UNCORRECTABLE_RECEIVED MULTIPLE_UNCORRECTABLE_RECEIVED FIRST_UNCORRECTABLE_FATAL
            NON_FATAL_RECEIVED FATAL_RECEIVED
        48.7 root_error_status.err_cor_subclass *2
        49.1 root_error_status.flags -*18
        51.3 root_error_status.interrupt_message_number *5
        52.0 correctable_error_source ~*16
        54.0 uncorrectable_error_source ~*16
        56.0 tlp_prefix_log ~*128
        72.0 further_log ~*192
    ";

    fn capability() -> AerCapability {
        let bytes: [u8; 96] = core::array::from_fn(|place| place as u8);
        AerCapability::read_from_bytes(&bytes).unwrap()
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let map =
            bit_map(&[0; 96], 96..96, |bytes, told| told(AerCapability::ref_from_bytes(bytes).unwrap()));
        assert_map(&map, MAP);
        let mut bytes = [0; 96];
        bytes[95] = 1;
        let told = |bytes: &[u8], told: &mut dyn FnMut(&dyn Describe)| {
            told(AerCapability::ref_from_bytes(bytes).unwrap());
        };
        assert_map(&bit_map(&bytes, 0..72, told), "72.0 further_log ~*192");
    }

    #[test]
    fn errors_have_the_names_of_the_specification_and_of_linux() {
        let long: Vec<_> =
            UncorrectableErrors::all().errors().map(|error| error.name().unwrap_or("-")).collect();
        assert_eq!(
            long.join(", "),
            "Undefined, -, -, -, Data Link Protocol Error, Surprise Down Error, -, -, -, -, -, -, \
             Poisoned TLP Received, Flow Control Protocol Error, Completion Timeout, Completer Abort, \
             Unexpected Completion, Receiver Overflow, Malformed TLP, ECRC Error, Unsupported Request Error, \
             ACS Violation, Uncorrectable Internal Error, MC Blocked TLP, AtomicOp Egress Blocked, \
             TLP Prefix Blocked Error, Poisoned TLP Egress Blocked, DMWr Request Egress Blocked, \
             IDE Check Failed, Misrouted IDE TLP, PCRC Check Failed, TLP Translation Egress Blocked"
        );
        let short: Vec<_> =
            UncorrectableErrors::all().errors().map(|error| error.short_name().unwrap_or("-")).collect();
        assert_eq!(
            short.join(" "),
            "Undefined - - - DLP SDES - - - - - - TLP FCP CmpltTO CmpltAbrt UnxCmplt RxOF MalfTLP ECRC \
             UnsupReq ACSViol UncorrIntErr BlockedTLP AtomicOpBlocked TLPBlockedErr PoisonTLPBlocked \
             DMWrReqBlocked IDECheck MisIDETLP PCRC_CHECK TLPXlatBlocked"
        );
        let both: Vec<_> = CorrectableErrors::all()
            .errors()
            .filter_map(|error| {
                Some(std::format!("{} {} {}", error.raw(), error.name()?, error.short_name()?))
            })
            .collect();
        assert_eq!(
            both.join(", "),
            "0 Receiver Error RxErr, 6 Bad TLP BadTLP, 7 Bad DLLP BadDLLP, 8 REPLAY_NUM Rollover Rollover, \
             12 Replay Timer Timeout Timeout, 13 Advisory Non-Fatal Error NonFatalErr, \
             14 Corrected Internal Error CorrIntErr, 15 Header Log Overflow HeaderOF"
        );
        assert_eq!(UncorrectableErrors::all().errors().count(), 32);
        let two = UncorrectableErrors::ECRC | UncorrectableErrors::from_bits_retain(2);
        assert_eq!(
            two.errors().map(|error| error.to_string()).collect::<Vec<_>>(),
            ["reserved (1)", "ECRC Error"]
        );
        assert_eq!(UncorrectableError::ECRC.bit(), UncorrectableErrors::ECRC);
        assert_eq!(UncorrectableError::new(32).bit(), UncorrectableErrors::empty());
    }

    #[test]
    fn the_first_error_needs_its_status_bit() {
        let mut aer = AerCapability::new().with_capabilities_and_control(AerControl::new(18));
        assert_eq!(aer.first_error(), None);
        aer.set_uncorrectable_error_status(!UncorrectableErrors::MALFORMED_TLP);
        assert_eq!(aer.first_error(), None);
        aer.set_uncorrectable_error_status(UncorrectableErrors::MALFORMED_TLP);
        assert_eq!(aer.first_error(), Some(UncorrectableError::MALFORMED_TLP));
        assert_eq!(aer.first_error().and_then(UncorrectableError::short_name), Some("MalfTLP"));
        aer.set_capabilities_and_control(AerControl::new(0xffff_fff2));
        assert_eq!(aer.first_error(), Some(UncorrectableError::MALFORMED_TLP), "only bits 4:0 point");
    }

    #[test]
    fn accessors_read_the_registers_they_name() {
        let aer = capability();
        assert_eq!(aer.capability_header().capability_id(), 0x0100);
        assert_eq!(aer.capability_header().capability_version(), 2);
        assert_eq!(aer.capability_header().next_capability_offset(), 0x030);
        assert_eq!(aer.uncorrectable_error_status().bits(), 0x0706_0504);
        assert_eq!(aer.uncorrectable_error_mask().bits(), 0x0b0a_0908);
        assert_eq!(aer.uncorrectable_error_severity().bits(), 0x0f0e_0d0c);
        assert_eq!(aer.correctable_error_status().bits(), 0x1312_1110);
        assert_eq!(aer.correctable_error_mask().bits(), 0x1716_1514);
        assert_eq!(aer.capabilities_and_control().raw(), 0x1b1a_1918);
        assert_eq!(aer.root_error_command().bits(), 0x2f2e_2d2c);
        assert_eq!(aer.root_error_status().raw(), 0x3332_3130);
        assert_eq!(
            (aer.correctable_error_source().raw(), aer.uncorrectable_error_source().raw()),
            (0x3534, 0x3736)
        );
        let text = aer.to_string();
        for line in [
            "header log              1f1e1d1c 23222120 27262524 2b2a2928",
            "correctable error source 35:06.4",
            "uncorrectable error source 37:06.6",
            "tlp prefix log          3b3a3938 3f3e3d3c 43424140 47464544",
            "further log             4b4a4948 4f4e4d4c 53525150 57565554 5b5a5958 5f5e5d5c",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}: {text}");
        }
    }

    #[test]
    fn every_writer_sets_its_bytes() {
        let aer = capability();
        let written = AerCapability::new()
            .with_capability_header(ExtendedCapabilityHeader::new(0x0302_0100))
            .with_uncorrectable_error_status(aer.uncorrectable_error_status())
            .with_uncorrectable_error_mask(aer.uncorrectable_error_mask())
            .with_uncorrectable_error_severity(aer.uncorrectable_error_severity())
            .with_correctable_error_status(aer.correctable_error_status())
            .with_correctable_error_mask(aer.correctable_error_mask())
            .with_capabilities_and_control(AerControl::new(0x1b1a_1918))
            .with_header_log([0x1f1e_1d1c, 0x2322_2120, 0x2726_2524, 0x2b2a_2928])
            .with_root_error_command(aer.root_error_command())
            .with_root_error_status(RootErrorStatus::new(0x3332_3130))
            .with_correctable_error_source(RequesterId::new(0x3534))
            .with_uncorrectable_error_source(RequesterId::new(0x3736))
            .with_tlp_prefix_log(aer.tlp_prefix_log())
            .with_further_log(aer.further_log());
        assert_eq!(written, aer);
        assert_eq!(aer.header_log()[3], 0x2b2a_2928);
        assert_eq!((aer.tlp_prefix_log()[0], aer.further_log()[5]), (0x3b3a_3938, 0x5f5e_5d5c));
    }

    #[test]
    fn the_logged_header_is_four_dwords_or_what_flit_mode_says() {
        let mut aer = capability();
        let all: Vec<u32> = (0..14)
            .map(|place| if place < 4 { 0x1c + place * 4 } else { 0x28 + place * 4 })
            .map(|at| at * 0x0101_0101 + 0x0302_0100)
            .collect();
        aer.set_capabilities_and_control(AerControl::new(7 << 19));
        assert_eq!(aer.logged_header().collect::<Vec<_>>(), all[..4]);
        for (size, logged) in [(0, 0), (3, 3), (4, 4), (7, 7), (14, 14), (31, 14)] {
            aer.set_capabilities_and_control(AerControl::new(1 << 18 | size << 19));
            assert_eq!(aer.logged_header().collect::<Vec<_>>(), all[..logged]);
        }
    }
}
