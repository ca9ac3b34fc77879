//! CXL memory module event (CXL 3.1 table 8-47) with the device's health (table 8-133).

use core::fmt;

use bitflags::bitflags;
use zerocopy::little_endian::{I16, U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::component_id::component_id;
use super::{CxlComponentId, CxlPldmComponentId, event_data};
use crate::fields::{Describe, Value, Visitor, show_fields};
use crate::open_value::open_value;

/// A change in the state of a memory module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct CxlMemoryModuleEvent {
    /// What changed.
    pub device_event_type: CxlMemoryModuleEventType,
    /// The device's health at the time.
    pub device_health: CxlDeviceHealth,
    /// [`CxlMemoryModuleValidity`]. Since CXL 3.1, like all that follows.
    pub validity_flags: U16,
    /// Component of the device.
    pub component_id: CxlComponentId,
    /// Detail of what changed.
    pub device_event_sub_type: CxlMemoryModuleSubType,
    /// 0.
    pub reserved: [u8; 42],
}

const _: () = {
    assert!(size_of::<CxlMemoryModuleEvent>() == 0x50);
    assert!(core::mem::offset_of!(CxlMemoryModuleEvent, device_health) == 0x31 - 0x30);
    assert!(core::mem::offset_of!(CxlMemoryModuleEvent, validity_flags) == 0x43 - 0x30);
    assert!(core::mem::offset_of!(CxlMemoryModuleEvent, device_event_sub_type) == 0x55 - 0x30);
};

/// Health of a device, as "Get Health Info" tells it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned,
)]
#[repr(C)]
pub struct CxlDeviceHealth {
    /// [`CxlHealthStatus`].
    pub health_status: u8,
    /// Whether the media can be used.
    pub media_status: CxlMediaStatus,
    /// Levels of life used, temperature and the counts of corrected errors.
    pub additional_status: u8,
    /// Life used, in percent.
    pub life_used: u8,
    /// Temperature, in degrees Celsius.
    pub device_temperature: I16,
    /// Shutdowns after which data may be lost.
    pub dirty_shutdown_count: U32,
    /// Corrected errors in volatile memory.
    pub corrected_volatile_error_count: U32,
    /// Corrected errors in persistent memory.
    pub corrected_persistent_error_count: U32,
}

const _: () = {
    assert!(size_of::<CxlDeviceHealth>() == 0x12 && align_of::<CxlDeviceHealth>() == 1);
    assert!(core::mem::offset_of!(CxlDeviceHealth, dirty_shutdown_count) == 6);
};

bitflags! {
    /// What a device needs.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CxlHealthStatus: u8 {
        /// It needs maintenance.
        const MAINTENANCE_NEEDED = 1 << 0;
        /// It no longer works at its full performance.
        const PERFORMANCE_DEGRADED = 1 << 1;
        /// It should be replaced.
        const HARDWARE_REPLACEMENT_NEEDED = 1 << 2;
        /// It has less memory than it had. Since CXL 3.2.
        const MEMORY_CAPACITY_DEGRADED = 1 << 3;
        const _ = !0;
    }

    /// Which fields of a [`CxlMemoryModuleEvent`] hold a value.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct CxlMemoryModuleValidity: u16 {
        /// [`CxlMemoryModuleEvent::component_id`].
        const COMPONENT_ID = 1 << 0;
        /// The component identifier is in PLDM format.
        const COMPONENT_ID_IS_PLDM = 1 << 1;
        const _ = !0;
    }
}

open_value! {
    /// What changed in a memory module.
    CxlMemoryModuleEventType: u8 {
        HEALTH_STATUS = 0 => "health status change",
        MEDIA_STATUS = 1 => "media status change",
        LIFE_USED = 2 => "life used change",
        TEMPERATURE = 3 => "temperature change",
        DATA_PATH = 4 => "data path error",
        LSA = 5 => "LSA error",
        INTERNAL_SIDEBAND_BUS = 6 => "unrecoverable internal sideband bus error",
        MEDIA_FRU = 7 => "memory media FRU error",
        POWER_MANAGEMENT = 8 => "power management fault",
    }
}

open_value! {
    /// Detail of a [`CxlMemoryModuleEventType::MEDIA_FRU`].
    CxlMemoryModuleSubType: u8 {
        NOT_REPORTED = 0 => "not reported",
        INVALID_CONFIGURATION = 1 => "invalid configuration data",
        UNSUPPORTED_CONFIGURATION = 2 => "unsupported configuration data",
        UNSUPPORTED_FRU = 3 => "unsupported memory media FRU",
    }
}

open_value! {
    /// Whether a device's media can be used.
    CxlMediaStatus: u8 {
        NORMAL = 0 => "normal",
        NOT_READY = 1 => "not ready",
        WRITE_PERSISTENCY_LOST = 2 => "write persistency lost",
        ALL_DATA_LOST = 3 => "all data lost",
        WRITE_PERSISTENCY_LOSS_ON_POWER_LOSS = 4 => "write persistency loss in the event of power loss",
        WRITE_PERSISTENCY_LOSS_ON_SHUTDOWN = 5 => "write persistency loss in the event of shutdown",
        WRITE_PERSISTENCY_LOSS_IMMINENT = 6 => "write persistency loss imminent",
        ALL_DATA_LOSS_ON_POWER_LOSS = 7 => "all data loss in the event of power loss",
        ALL_DATA_LOSS_ON_SHUTDOWN = 8 => "all data loss in the event of shutdown",
        ALL_DATA_LOSS_IMMINENT = 9 => "all data loss imminent",
    }
}

open_value! {
    /// Level of a quantity that a device watches. The counts of corrected errors know the first two.
    CxlHealthLevel: u8 {
        NORMAL = 0 => "normal",
        WARNING = 1 => "warning",
        CRITICAL = 2 => "critical",
    }
}

impl CxlDeviceHealth {
    /// What the device needs; unknown bits are kept.
    pub const fn health_status(&self) -> CxlHealthStatus {
        CxlHealthStatus::from_bits_retain(self.health_status)
    }

    /// Level of the life used.
    pub const fn life_used_level(&self) -> CxlHealthLevel {
        CxlHealthLevel::new(self.additional_status & 3)
    }

    /// Level of the temperature.
    pub const fn temperature_level(&self) -> CxlHealthLevel {
        CxlHealthLevel::new(self.additional_status >> 2 & 3)
    }

    /// Level of the corrected errors in volatile memory: normal or warning.
    pub const fn corrected_volatile_error_level(&self) -> CxlHealthLevel {
        CxlHealthLevel::new(self.additional_status >> 4 & 1)
    }

    /// Level of the corrected errors in persistent memory: normal or warning.
    pub const fn corrected_persistent_error_level(&self) -> CxlHealthLevel {
        CxlHealthLevel::new(self.additional_status >> 5 & 1)
    }
}

impl Describe for CxlDeviceHealth {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("health_status", Value::flags(self.health_status()))?;
        out.field("media_status", self.media_status.into())?;
        out.field("life_used_level", self.life_used_level().into())?;
        out.field("temperature_level", self.temperature_level().into())?;
        out.field("corrected_volatile_error_level", self.corrected_volatile_error_level().into())?;
        out.field("corrected_persistent_error_level", self.corrected_persistent_error_level().into())?;
        out.field("life_used", Value::number(self.life_used))?;
        out.field("device_temperature", Value::Signed(self.device_temperature.get().into()))?;
        out.field("dirty_shutdown_count", Value::number(self.dirty_shutdown_count.get()))?;
        let (volatile, persistent) =
            (self.corrected_volatile_error_count.get(), self.corrected_persistent_error_count.get());
        out.field("corrected_volatile_error_count", Value::number(volatile))?;
        out.field("corrected_persistent_error_count", Value::number(persistent))
    }
}

show_fields!(CxlDeviceHealth);

component_id!(CxlMemoryModuleEvent, CxlMemoryModuleValidity);

impl CxlMemoryModuleEvent {
    /// An event of zeros: no optional field valid.
    pub const fn new() -> Self {
        zerocopy::transmute!([0u8; 0x50])
    }

    /// Which optional fields hold a value; unknown bits are kept.
    pub const fn validation(&self) -> CxlMemoryModuleValidity {
        CxlMemoryModuleValidity::from_bits_retain(self.validity_flags.get())
    }
}

impl Describe for CxlMemoryModuleEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        out.field("device_event_type", self.device_event_type.into())?;
        let sub_type = self.device_event_sub_type;
        let fru = self.device_event_type == CxlMemoryModuleEventType::MEDIA_FRU;
        let sub_type = if fru { sub_type.into() } else { Value::number(sub_type.raw()) };
        out.field("device_event_sub_type", sub_type)?;
        out.field("device_health", Value::Group(&self.device_health))?;
        self.describe_component(out)
    }
}

event_data!(CxlMemoryModuleEvent, CXL_MEMORY_MODULE, "CXL memory module event");

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::tests::{data_at, lines};
    use super::*;
    use crate::SectionTypeId;
    use std::vec::Vec;

    fn bytes() -> [u8; 80] {
        data_at(&[
            (0x30, &[7]),
            (0x31, &[0x1f, 9, 0x16, 0x2a, 0xf6, 0xff]),
            (0x37, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
            (0x43, &[1, 0]),
            (0x45, b"component ident."),
            (0x55, &[3]),
        ])
    }

    #[test]
    fn every_field_is_where_the_specification_says() {
        let bytes = bytes();
        let event = CxlMemoryModuleEvent::ref_from_bytes(&bytes).unwrap();
        assert_eq!(event.device_event_type, CxlMemoryModuleEventType::MEDIA_FRU);
        let health = event.device_health;
        assert_eq!(health.health_status().bits(), 0x1f);
        assert_eq!(health.media_status, CxlMediaStatus::ALL_DATA_LOSS_IMMINENT);
        assert_eq!(health.life_used_level(), CxlHealthLevel::CRITICAL);
        assert_eq!(health.temperature_level(), CxlHealthLevel::WARNING);
        assert_eq!(health.corrected_volatile_error_level(), CxlHealthLevel::WARNING);
        assert_eq!(health.corrected_persistent_error_level(), CxlHealthLevel::NORMAL);
        assert_eq!((health.life_used, health.device_temperature.get()), (42, -10));
        assert_eq!(health.dirty_shutdown_count.get(), 0x0403_0201);
        assert_eq!(health.corrected_volatile_error_count.get(), 0x0807_0605);
        assert_eq!(health.corrected_persistent_error_count.get(), 0x0c0b_0a09);
        assert_eq!(event.component_id(), Some(&CxlComponentId(*b"component ident.")));
        assert_eq!(event.device_event_sub_type, CxlMemoryModuleSubType::UNSUPPORTED_FRU);
        let told = lines(SectionTypeId::CXL_MEMORY_MODULE, bytes);
        assert_eq!(
            told[..14],
            [
                "device event type       memory media FRU error (7)",
                "device event sub type   unsupported memory media FRU (3)",
                "device health",
                "  health status           0x1f  maintenance needed, performance degraded, \
                 hardware replacement needed, memory capacity degraded, reserved 0x10",
                "  media status            all data loss imminent (9)",
                "  life used level         critical (2)",
                "  temperature level       warning (1)",
                "  corrected volatile error level warning (1)",
                "  corrected persistent error level normal (0)",
                "  life used               42",
                "  device temperature      -10",
                "  dirty shutdown count    67305985",
                "  corrected volatile error count 134678021",
                "  corrected persistent error count 202050057",
            ]
        );
        assert_eq!(told[14], "component id 16 bytes");
        let mut other = bytes;
        other[0] = 4;
        other[3] = 0x2b;
        let told = lines(SectionTypeId::CXL_MEMORY_MODULE, other);
        assert_eq!(told[..2], ["device event type       data path error (4)", "device event sub type   3"]);
        assert_eq!(
            told[5..9],
            [
                "  life used level         reserved (3)",
                "  temperature level       critical (2)",
                "  corrected volatile error level normal (0)",
                "  corrected persistent error level warning (1)",
            ]
        );
    }

    #[test]
    fn values_survive_writing() {
        let event = CxlMemoryModuleEvent {
            device_event_type: CxlMemoryModuleEventType::MEDIA_FRU,
            device_health: CxlDeviceHealth {
                health_status: 0x1f,
                media_status: CxlMediaStatus::ALL_DATA_LOSS_IMMINENT,
                additional_status: 0x16,
                life_used: 42,
                device_temperature: I16::new(-10),
                dirty_shutdown_count: U32::new(0x0403_0201),
                corrected_volatile_error_count: U32::new(0x0807_0605),
                corrected_persistent_error_count: U32::new(0x0c0b_0a09),
            },
            device_event_sub_type: CxlMemoryModuleSubType::UNSUPPORTED_FRU,
            ..CxlMemoryModuleEvent::default()
        };
        assert_eq!(event.with_component_id(CxlComponentId(*b"component ident.")).as_bytes(), bytes());
    }

    #[test]
    fn names() {
        let kinds: Vec<_> =
            (0..10).map(|raw| CxlMemoryModuleEventType::new(raw).name().unwrap_or("-")).collect();
        assert_eq!(kinds[..3], ["health status change", "media status change", "life used change"]);
        assert_eq!(kinds[3..6], ["temperature change", "data path error", "LSA error"]);
        assert_eq!(kinds[6..8], ["unrecoverable internal sideband bus error", "memory media FRU error"]);
        assert_eq!(kinds[8..], ["power management fault", "-"]);
        let media: Vec<_> = (0..11).map(|raw| CxlMediaStatus::new(raw).name().unwrap_or("-")).collect();
        assert_eq!(media[..4], ["normal", "not ready", "write persistency lost", "all data lost"]);
        assert_eq!(media[4], "write persistency loss in the event of power loss");
        assert_eq!(media[5], "write persistency loss in the event of shutdown");
        assert_eq!(media[6], "write persistency loss imminent");
        assert_eq!(media[7], "all data loss in the event of power loss");
        assert_eq!(media[8], "all data loss in the event of shutdown");
        assert_eq!(media[9..], ["all data loss imminent", "-"]);
        let details: Vec<_> =
            (0..5).map(|raw| CxlMemoryModuleSubType::new(raw).name().unwrap_or("-")).collect();
        assert_eq!(details[..2], ["not reported", "invalid configuration data"]);
        assert_eq!(details[2..], ["unsupported configuration data", "unsupported memory media FRU", "-"]);
    }
}
