//! The fields of a record, described for text and for serde.
//!
//! The names are those of `struct mce`, each field with its stored value; beside them `length`, and in `decoded` what
//! the fields say. A field that the layout does not have is absent; so are `misc` and `addr` when the status says that
//! they are not valid and they are 0, and padding of 0. These names are stable.

use core::fmt;

use crate::fields::{Describe, Stored, Value, Visitor, describe_rest};
use crate::record::{Layout, MceRecord};
use crate::severity::Circumstances;

/// A number that may have a name.
fn code(value: u8, name: Option<&'static str>) -> Value<'static> {
    Value::Code { value: value.into(), name }
}

impl Describe for MceRecord<'_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let mce = self.mce();
        let has = |layout: Layout| self.layout() >= layout;
        // Fields whose value is not 0 are described.
        out.stored("record", self.bytes(), Stored::Shown);
        out.field("length", Value::length(self.bytes().len()))?;
        out.field("status", Value::hex(mce.status()))?;
        if self.status().misc_valid() || mce.misc() != 0 {
            out.field("misc", Value::hex(mce.misc()))?;
        }
        if self.status().address_valid() || mce.addr() != 0 {
            out.field("addr", Value::hex(mce.addr()))?;
        }
        out.field("mcgstatus", Value::hex(mce.mcgstatus()))?;
        out.field("ip", Value::hex(mce.ip()))?;
        out.field("tsc", Value::hex(mce.tsc()))?;
        if has(Layout::Size88) {
            out.field("time", Value::number(mce.time()))?;
        }
        if let (Some(vendor), Some(flags), Some(severity)) =
            (self.cpu_vendor(), self.inject_flags(), self.severity())
        {
            out.field("cpuvendor", code(vendor.raw(), vendor.name()))?;
            out.field("inject_flags", Value::flags(flags))?;
            out.field("severity", code(severity.raw(), severity.name()))?;
            if mce.pad() != 0 {
                out.field("pad", Value::hex(mce.pad()))?;
            }
            out.field("cpuid", Value::hex(mce.cpuid()))?;
        }
        out.field("cs", Value::hex(mce.cs()))?;
        out.field("bank", Value::number(mce.bank()))?;
        out.field("cpu", Value::number(mce.cpu()))?;
        out.field("finished", Value::number(mce.finished()))?;
        if has(Layout::Size88) {
            out.field("extcpu", Value::number(mce.extcpu()))?;
            out.field("socketid", Value::number(mce.socketid()))?;
            out.field("apicid", Value::hex(mce.apicid()))?;
            out.field("mcgcap", Value::hex(mce.mcgcap()))?;
        }
        if has(Layout::Size104) {
            out.field("synd", Value::hex(mce.synd()))?;
            out.field("ipid", Value::hex(mce.ipid()))?;
        }
        if has(Layout::Size112) {
            out.field("ppin", Value::hex(mce.ppin()))?;
        }
        if has(Layout::Size116) {
            out.field("microcode", Value::hex(mce.microcode()))?;
        }
        if mce.padding() != 0 {
            out.field("padding", Value::hex(mce.padding()))?;
        }
        if let Some(handled) = self.handled() {
            out.field("kflags", Value::flags(handled))?;
        }
        // Of the layout of 72 bytes.
        for (name, bytes) in ["reserved", "reserved_2"].into_iter().zip(self.reserved()) {
            if bytes.iter().any(|byte| *byte != 0) {
                out.field(name, Value::Bytes(bytes))?;
            }
        }
        describe_rest("trailing", self.trailing(), out)?;
        out.field("decoded", Value::Group(&Decoded(self)))
    }
}

/// What the fields of a record say.
struct Decoded<'r, 'a>(&'r MceRecord<'a>);

impl Describe for Decoded<'_, '_> {
    fn describe(&self, out: &mut dyn Visitor) -> fmt::Result {
        let record = self.0;
        out.field("summary", Value::Message(&record.summary()))?;
        out.field("status_text", Value::Message(&record.status_reading()))?;
        out.field("code", Value::hex(record.status().error_code().raw()))?;
        out.field("code_family", Value::Message(&record.code_kind().family()))?;
        out.field("code_text", Value::Message(&record.code_kind()))?;
        out.field("model_specific_code", Value::hex(record.status().model_specific_code()))?;
        if let Some(unit) = record.unit() {
            out.field("unit", Value::Message(&unit))?;
        }
        if let Some(error) = record.model_error() {
            out.field("model_specific_text", Value::Message(&error))?;
        }
        if let Some(location) = record.dram_location() {
            out.field("dram_location", Value::Message(&location))?;
        }
        if let Some(address) = record.address() {
            if let (Some(mode), Some(lsb)) = (address.mode, address.lsb) {
                out.field("address_mode", code(mode.raw(), mode.name()))?;
                out.field("address_lsb", Value::number(lsb))?;
            }
        }
        if let Some(requester) = record.io_requester() {
            out.field("io_requester", Value::Message(&requester))?;
        }
        if let Some(signature) = record.signature() {
            out.field("family", Value::number(signature.family()))?;
            out.field("model", Value::number(signature.model()))?;
            out.field("stepping", Value::number(signature.stepping()))?;
            if let Some(name) = record.cpu_vendor().and_then(|vendor| signature.name(vendor)) {
                out.field("processor_name", Value::Message(&name))?;
            }
        }
        let grade = record.grade(Circumstances::of(record));
        out.field("severity_recomputed", code(grade.severity.raw(), grade.severity.name()))?;
        match &grade.rule {
            Some(rule) => out.field("severity_rule", Value::Message(rule)),
            None => Ok(()),
        }
    }
}

/// The fields in the form that every described structure has; see [`fields`](crate::fields).
#[cfg(feature = "serde")]
impl serde::Serialize for MceRecord<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::fields::Fields(self).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::format;
    use std::string::{String, ToString};
    use std::vec;

    use super::*;
    use crate::bit_map::{assert_map, bit_map};

    fn map(bytes: &[u8]) -> String {
        bit_map(bytes, 0..0, |bytes, told| told(&MceRecord::parse(bytes).unwrap()))
    }

    /// The table of `struct mce`, bit for bit. Padding and reserved bytes are told unless they are 0.
    #[test]
    fn every_bit_shows_in_its_field() {
        const FRONT: &str =
            "0.0 status *64 8.0 misc *64 16.0 addr *64 24.0 mcgstatus *64 32.0 ip *64 40.0 tsc *64";
        const KFLAGS: &str =
            "kflags CEC UC EXTLOG NFIT EDAC MCELOG IN_KERNEL_RECOVERABLE IN_KERNEL_COPYIN -*56";
        let mut bytes = vec![0; 130];
        bytes[7] = 0x8c; // The status, MISC and ADDR are valid.
        (bytes[59], bytes[116]) = (3, 3);
        let middle = "48.0 time *64 56.0 cpuvendor *8 57.0 inject_flags PROCESS IRQ NMI_BROADCAST EXCEPTION \
                      IRQ_BROADCAST -*3 58.0 severity *8 59.0 pad *8 60.0 cpuid *32 64.0 cs *8 65.0 bank *8 66.0 cpu *8 \
                      67.0 finished *8 68.0 extcpu *32 72.0 socketid *32 76.0 apicid *32 80.0 mcgcap *64 88.0 synd *64 \
                      96.0 ipid *64 104.0 ppin *64 112.0 microcode *32";
        let whole = format!("{FRONT} {middle} 116.0 padding *32 120.0 {KFLAGS} 128.0 trailing ~*16");
        assert_map(&map(&bytes), &whole);
        // 32-bit kernels have no padding before the last field.
        assert_map(&map(&bytes[..124]), &format!("{FRONT} {middle} 116.0 {KFLAGS}"));
        // The oldest kernels reserve what is a field in others.
        bytes[48..72].copy_from_slice(&[3; 24]);
        let old =
            "48.0 reserved ~*128 64.0 cs *8 65.0 bank *8 66.0 cpu *8 67.0 finished *8 68.0 reserved_2 ~*32";
        assert_map(&map(&bytes[..72]), &format!("{FRONT} {old}"));
    }

    /// Without their validity bits, `misc` and `addr` are told when they are not 0.
    #[test]
    fn values_behind_clear_validity_bits_show() {
        let bytes = [[0; 8], [3; 8], [3; 8]].concat();
        let bytes = [bytes, vec![0; 104]].concat();
        let found = map(&bytes);
        assert!(found.contains("\n8.0 misc *64\n16.0 addr *64\n"), "{found}");
    }

    #[test]
    fn a_record_has_its_text() {
        let mut bytes = [0; 128];
        bytes[..8].copy_from_slice(&0xbe00_0000_0000_0135_u64.to_le_bytes());
        let record = MceRecord::parse(&bytes).unwrap();
        let text = crate::fields::Fields(&record).to_string();
        assert!(
            text.starts_with("length                  128\nstatus                  0xbe00000000000135\n"),
            "{text}"
        );
        assert!(text.contains("\ncpuvendor               Intel (0)\n"), "{text}");
        assert!(text.contains("\n  severity rule           Processor context corrupt\n"), "{text}");
    }
}
