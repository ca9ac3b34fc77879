//! JSON and every other form serde knows.
//!
//! The names are those of `struct mce`, each field with its stored value; beside them `length`, and in `decoded`
//! what they say. A field the layout does not have is absent, so is `misc` or `addr` that the status declares
//! invalid if it is 0, as is padding of 0. These names are stable.

use core::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::grammar::{Text, Wide};
use crate::record::{Layout, MceRecord};
use crate::severity::Circumstances;

/// Bytes as a string of hexadecimal digits.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The fields of `struct mce` by their names, and `decoded`: what they say.
impl Serialize for MceRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mce = self.mce();
        let mut map = serializer.serialize_map(None)?;
        let has = |layout: Layout| self.layout() >= layout;
        map.serialize_entry("length", &self.as_bytes().len())?;
        map.serialize_entry("status", &self.status())?;
        if self.status().misc_valid() || mce.misc.get() != 0 {
            map.serialize_entry("misc", &Wide(mce.misc.get()))?;
        }
        if self.status().address_valid() || mce.addr.get() != 0 {
            map.serialize_entry("addr", &Wide(mce.addr.get()))?;
        }
        map.serialize_entry("mcgstatus", &self.mcg_status())?;
        map.serialize_entry("ip", &Wide(mce.ip.get()))?;
        map.serialize_entry("tsc", &Wide(mce.tsc.get()))?;
        if has(Layout::Size88) {
            map.serialize_entry("time", &Wide(mce.time.get()))?;
            map.serialize_entry("cpuvendor", &mce.cpuvendor)?;
            map.serialize_entry("inject_flags", &mce.inject_flags)?;
            map.serialize_entry("severity", &mce.severity)?;
            if mce.pad != 0 {
                map.serialize_entry("pad", &mce.pad)?;
            }
            map.serialize_entry("cpuid", &mce.cpuid.get())?;
        }
        map.serialize_entry("cs", &mce.cs)?;
        map.serialize_entry("bank", &mce.bank)?;
        map.serialize_entry("cpu", &mce.cpu)?;
        map.serialize_entry("finished", &mce.finished)?;
        if has(Layout::Size88) {
            map.serialize_entry("extcpu", &mce.extcpu.get())?;
            map.serialize_entry("socketid", &mce.socketid.get())?;
            map.serialize_entry("apicid", &mce.apicid.get())?;
            map.serialize_entry("mcgcap", &Wide(mce.mcgcap.get()))?;
        }
        if has(Layout::Size104) {
            map.serialize_entry("synd", &Wide(mce.synd.get()))?;
            map.serialize_entry("ipid", &Wide(mce.ipid.get()))?;
        }
        if has(Layout::Size112) {
            map.serialize_entry("ppin", &Wide(mce.ppin.get()))?;
        }
        if has(Layout::Size116) {
            map.serialize_entry("microcode", &mce.microcode.get())?;
        }
        if mce.padding.get() != 0 {
            map.serialize_entry("padding", &mce.padding.get())?;
        }
        if has(Layout::Size124) {
            map.serialize_entry("kflags", &Wide(mce.kflags.get()))?;
        }
        let [first, second] = self.reserved();
        if first.iter().chain(second).any(|&byte| byte != 0) {
            map.serialize_entry("reserved", &Text(format_args!("{}{}", Hex(first), Hex(second))))?;
        }
        if !self.tail().is_empty() {
            map.serialize_entry("tail", &Text(Hex(self.tail())))?;
        }
        map.serialize_entry("decoded", &Decoded(self))?;
        map.end()
    }
}

/// What the fields say.
struct Decoded<'r, 'a>(&'r MceRecord<'a>);

impl Serialize for Decoded<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("summary", &Text(record.summary()))?;
        map.serialize_entry("status", &Text(record.status_reading()))?;
        map.serialize_entry("code", &record.status().error_code())?;
        map.serialize_entry("code_family", record.code_kind().family())?;
        map.serialize_entry("code_text", &Text(record.code_kind()))?;
        map.serialize_entry("model_specific_code", &record.status().model_specific_code())?;
        if let Some(unit) = record.unit() {
            map.serialize_entry("unit", &Text(unit))?;
        }
        if let Some(error) = record.model_error() {
            map.serialize_entry("model_specific_text", &Text(error))?;
        }
        if let Some(location) = record.dram_location() {
            map.serialize_entry("dram_location", &Text(location))?;
        }
        if let Some(address) = record.address() {
            if let (Some(mode), Some(lsb)) = (address.mode, address.lsb) {
                map.serialize_entry("address_mode", &Text(mode))?;
                map.serialize_entry("address_lsb", &lsb)?;
            }
        }
        if let Some(requester) = record.io_requester() {
            map.serialize_entry("io_requester", &requester)?;
        }
        if let (Some(vendor), Some(signature)) = (record.cpu_vendor(), record.signature()) {
            map.serialize_entry("vendor", &Text(vendor))?;
            map.serialize_entry("family", &signature.family())?;
            map.serialize_entry("model", &signature.model())?;
            map.serialize_entry("stepping", &signature.stepping())?;
        }
        if let Some(stored) = record.severity() {
            map.serialize_entry("severity", &Text(stored))?;
        }
        let grade = record.grade(Circumstances::of(record));
        map.serialize_entry("severity_recomputed", &Text(grade.severity))?;
        if let Some(rule) = grade.rule {
            map.serialize_entry("severity_rule", rule)?;
        }
        map.end()
    }
}
