//! CXL memory module event (CXL 3.1 table 8-47) with the device's health (table 8-133).

use core::fmt;

use zerocopy::little_endian::I16;

use super::component_id::component_id;
use super::{CxlComponentId, CxlPldmComponentId, event_data};
use crate::fields::{Describe, Value, Visitor, describe_copy, show_fields, shows};
use crate::open_value::open_value;
use crate::structure::structure;

structure! {
    /// A change in the state of a CXL memory module.
    CxlMemoryModuleEvent: 80 bytes, new;
    parts described;
    valid CxlMemoryModuleValidation: u16 in validity_flags {
        /// [`CxlMemoryModuleEvent::component_id`] holds a value.
        COMPONENT_ID = 0;
        /// The component identifier is in PLDM format.
        COMPONENT_ID_IS_PLDM = 1;
    };
    /// Type of the event: what changed.
    0 device_event_type: (u8 CxlMemoryModuleEventType) => set_device_event_type with_device_event_type;
    /// Health of the device at the time of the event.
    1 device_health: CxlDeviceHealth => set_device_health with_device_health;
    // Since CXL 3.1, like all that follows.
    19 validity_flags: u16;
    /// Component that the event is of, 16 bytes.
    21 component_id: CxlComponentId raw component_id_raw;
    /// Sub-type of the event.
    37 device_event_sub_type: (u8 CxlMemoryModuleSubType) => set_device_event_sub_type with_device_event_sub_type;
    38 reserved: [u8; 42];
}

structure! {
    /// Health of a device: the output of the command "Get Health Info".
    CxlDeviceHealth: 18 bytes, new;
    /// Health of the device: what it needs and what it has lost; unknown bits are kept.
    0 health_status: (u8 CxlHealthStatus) => set_health_status with_health_status;
    /// State of the media.
    1 media_status: (u8 CxlMediaStatus) => set_media_status with_media_status;
    /// Levels of life used, temperature and the counts of corrected errors.
    2 additional_status: u8 => set_additional_status with_additional_status;
    /// Life used, in percent.
    3 life_used: u8 => set_life_used with_life_used;
    /// Temperature, in degrees Celsius.
    4 device_temperature: I16 raw device_temperature_raw;
    /// Count of dirty shutdowns: those after which data may be lost.
    6 dirty_shutdown_count: u32 => set_dirty_shutdown_count with_dirty_shutdown_count;
    /// Count of corrected errors in volatile memory.
    10 corrected_volatile_error_count: u32
        => set_corrected_volatile_error_count with_corrected_volatile_error_count;
    /// Count of corrected errors in persistent memory.
    14 corrected_persistent_error_count: u32
        => set_corrected_persistent_error_count with_corrected_persistent_error_count;
}

crate::open_value::flag_set! {
    /// Health of a device.
    pub struct CxlHealthStatus: u8 {
        /// The device needs maintenance.
        const MAINTENANCE_NEEDED = 1 << 0;
        /// The device no longer works at its full performance.
        const PERFORMANCE_DEGRADED = 1 << 1;
        /// The device should be replaced.
        const HARDWARE_REPLACEMENT_NEEDED = 1 << 2;
        /// The device has less memory than it had. Since CXL 3.2.
        const MEMORY_CAPACITY_DEGRADED = 1 << 3;
        const _ = !0;
    }
}

open_value! {
    /// Type of a memory module event: what changed.
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
    /// Sub-type of a memory module event of type [`CxlMemoryModuleEventType::MEDIA_FRU`].
    CxlMemoryModuleSubType: u8 {
        NOT_REPORTED = 0 => "not reported",
        INVALID_CONFIGURATION = 1 => "invalid configuration data",
        UNSUPPORTED_CONFIGURATION = 2 => "unsupported configuration data",
        UNSUPPORTED_FRU = 3 => "unsupported memory media FRU",
    }
}

open_value! {
    /// State of a device's media.
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
    /// Level of a quantity that a device watches. The counts of corrected errors have the first two levels only.
    CxlHealthLevel: u8 {
        NORMAL = 0 => "normal",
        WARNING = 1 => "warning",
        CRITICAL = 2 => "critical",
    }
}

impl CxlDeviceHealth {
    /// Temperature, in degrees Celsius.
    #[inline]
    pub const fn device_temperature(&self) -> i16 {
        self.device_temperature_raw().get()
    }

    /// Temperature, in degrees Celsius.
    #[inline]
    pub const fn set_device_temperature(&mut self, degrees: i16) {
        Self::AT.device_temperature.put(&mut self.0, degrees.to_le_bytes());
    }

    /// Temperature, in degrees Celsius.
    #[must_use]
    #[inline]
    pub const fn with_device_temperature(mut self, degrees: i16) -> Self {
        self.set_device_temperature(degrees);
        self
    }

    /// Level of the life used.
    #[inline]
    pub const fn life_used_level(&self) -> CxlHealthLevel {
        CxlHealthLevel::new(self.additional_status() & 3)
    }

    /// Level of the temperature.
    #[inline]
    pub const fn temperature_level(&self) -> CxlHealthLevel {
        CxlHealthLevel::new(self.additional_status() >> 2 & 3)
    }

    /// Level of the corrected errors in volatile memory: normal or warning.
    #[inline]
    pub const fn corrected_volatile_error_level(&self) -> CxlHealthLevel {
        CxlHealthLevel::new(self.additional_status() >> 4 & 1)
    }

    /// Level of the corrected errors in persistent memory: normal or warning.
    #[inline]
    pub const fn corrected_persistent_error_level(&self) -> CxlHealthLevel {
        CxlHealthLevel::new(self.additional_status() >> 5 & 1)
    }
}

impl Describe for CxlDeviceHealth {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        shows!(out, self, health_status, media_status, life_used, device_temperature, dirty_shutdown_count);
        shows!(out, self, corrected_volatile_error_count, corrected_persistent_error_count);
        if self.additional_status() >> 6 == 0 {
            shows!(out, self, additional_status);
        }
        out.field("health_status", Value::flags(self.health_status()))?;
        out.field("media_status", self.media_status().into())?;
        out.field("life_used_level", self.life_used_level().into())?;
        out.field("temperature_level", self.temperature_level().into())?;
        out.field("corrected_volatile_error_level", self.corrected_volatile_error_level().into())?;
        out.field("corrected_persistent_error_level", self.corrected_persistent_error_level().into())?;
        out.field("life_used", Value::number(self.life_used()))?;
        out.field("device_temperature", Value::Signed(self.device_temperature().into()))?;
        out.field("dirty_shutdown_count", Value::number(self.dirty_shutdown_count()))?;
        let (volatile, persistent) =
            (self.corrected_volatile_error_count(), self.corrected_persistent_error_count());
        out.field("corrected_volatile_error_count", Value::number(volatile))?;
        out.field("corrected_persistent_error_count", Value::number(persistent))
    }
}

show_fields!(CxlDeviceHealth);

component_id!(CxlMemoryModuleEvent, CxlMemoryModuleValidation);

impl Describe for CxlMemoryModuleEvent {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        self.describe_fields(out)?;
        shows!(out, self, device_event_type, device_event_sub_type);
        out.field("device_event_type", self.device_event_type().into())?;
        let sub_type = self.device_event_sub_type();
        let fru = self.device_event_type() == CxlMemoryModuleEventType::MEDIA_FRU;
        let name = if fru { sub_type.name() } else { Some("undefined for this event type") };
        out.field("device_event_sub_type", Value::Code { value: sub_type.raw().into(), name })?;
        let stored = Self::AT.device_health.of(&self.0);
        describe_copy("device_health", stored, &self.device_health(), out)?;
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
    use crate::section::checks::{assert_map, bit_map};
    use std::vec::Vec;
    use zerocopy::{FromBytes, IntoBytes};

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
        assert_eq!(event.device_event_type(), CxlMemoryModuleEventType::MEDIA_FRU);
        let health = event.device_health();
        assert_eq!(health.health_status().bits(), 0x1f);
        assert_eq!(health.media_status(), CxlMediaStatus::ALL_DATA_LOSS_IMMINENT);
        assert_eq!(health.life_used_level(), CxlHealthLevel::CRITICAL);
        assert_eq!(health.temperature_level(), CxlHealthLevel::WARNING);
        assert_eq!(health.corrected_volatile_error_level(), CxlHealthLevel::WARNING);
        assert_eq!(health.corrected_persistent_error_level(), CxlHealthLevel::NORMAL);
        assert_eq!((health.life_used(), health.device_temperature()), (42, -10));
        assert_eq!(health.dirty_shutdown_count(), 0x0403_0201);
        assert_eq!(health.corrected_volatile_error_count(), 0x0807_0605);
        assert_eq!(health.corrected_persistent_error_count(), 0x0c0b_0a09);
        assert_eq!(event.component_id(), Some(&CxlComponentId::from_bytes(*b"component ident.")));
        assert_eq!(event.device_event_sub_type(), CxlMemoryModuleSubType::UNSUPPORTED_FRU);
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
        assert_eq!(
            told[..2],
            [
                "device event type       data path error (4)",
                "device event sub type   undefined for this event type (3)"
            ]
        );
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
        let health = CxlDeviceHealth::new()
            .with_health_status(CxlHealthStatus::from_bits_retain(0x1f))
            .with_media_status(CxlMediaStatus::ALL_DATA_LOSS_IMMINENT)
            .with_additional_status(0x16)
            .with_life_used(42)
            .with_device_temperature(-10)
            .with_dirty_shutdown_count(0x0403_0201)
            .with_corrected_volatile_error_count(0x0807_0605)
            .with_corrected_persistent_error_count(0x0c0b_0a09);
        let event = CxlMemoryModuleEvent::new()
            .with_device_event_type(CxlMemoryModuleEventType::MEDIA_FRU)
            .with_device_health(health)
            .with_device_event_sub_type(CxlMemoryModuleSubType::UNSUPPORTED_FRU);
        assert_eq!(
            event.with_component_id(CxlComponentId::from_bytes(*b"component ident.")).as_bytes(),
            bytes()
        );
    }

    #[test]
    fn every_bit_is_where_the_specification_has_it() {
        let mut bytes = [0; 80];
        bytes[19] = 1;
        let map =
            bit_map(&bytes, 19..21, |bytes, told| told(CxlMemoryModuleEvent::ref_from_bytes(bytes).unwrap()));
        assert_map(
            &map,
            "0.0 device_event_type *8
             1.0 device_health.health_status MAINTENANCE_NEEDED PERFORMANCE_DEGRADED HARDWARE_REPLACEMENT_NEEDED
             MEMORY_CAPACITY_DEGRADED -*4 2.0 device_health.media_status *8
             3.0 device_health.life_used_level *2 3.2 device_health.temperature_level *2
             3.4 device_health.corrected_volatile_error_level *1
             3.5 device_health.corrected_persistent_error_level *1 3.6 hidden ~*2
             4.0 device_health.life_used *8 5.0 device_health.device_temperature ~*16
             7.0 device_health.dirty_shutdown_count *32 11.0 device_health.corrected_volatile_error_count *32
             15.0 device_health.corrected_persistent_error_count *32
             21.0 component_id ~*128 37.0 device_event_sub_type *8 38.0 hidden ~*336",
        );
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
