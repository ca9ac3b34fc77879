//! What a processor is called, by the family and the model that its maker gave it.
//!
//! | maker | where the names are found |
//! |---|---|
//! | Intel | Linux's `arch/x86/include/asm/intel-family.h` |
//! | AMD, to Zen 5 | libcpuid's `recog_amd.c`, by the names of products; illumos' `cpuid_subr.c`, by AMD's revision guides |
//! | AMD, MI300A and Siena | `WikiChip`, "CPUID - AMD" |
//!
//! Where several products have one model, all of their names are given.

use crate::registers::{CpuSignature, CpuVendor};
use crate::vendor::intel::Part;

impl CpuSignature {
    /// The maker's code name, such as `Skylake-SP` or `Milan`; `None` where it is not known.
    ///
    /// ```
    /// use mce_record::{CpuSignature, CpuVendor};
    ///
    /// assert_eq!(CpuSignature::new(0x50654).name(CpuVendor::INTEL), Some("Skylake-SP"));
    /// assert_eq!(CpuSignature::new(0xa00f11).name(CpuVendor::AMD), Some("Milan"));
    /// ```
    pub const fn name(self, vendor: CpuVendor) -> Option<&'static str> {
        match vendor {
            CpuVendor::INTEL => self.intel_name(),
            CpuVendor::AMD => self.amd_name(),
            CpuVendor::HYGON if self.family() == 0x18 => Some("Dhyana"),
            _ => None,
        }
    }

    const fn intel_name(self) -> Option<&'static str> {
        // The processors whose codes are known.
        if let Some(part) = Part::of(self) {
            return Some(part.name());
        }
        Some(match (self.family(), self.model()) {
            (6, 0x1a) => "Nehalem-EP",
            (6, 0x2e) => "Nehalem-EX",
            (6, 0x2c) => "Westmere-EP",
            (6, 0x2f) => "Westmere-EX",
            (6, 0x2a) => "Sandy Bridge",
            (6, 0x3a) => "Ivy Bridge",
            (6, 0x3c | 0x45 | 0x46) => "Haswell",
            (6, 0x3d | 0x47) => "Broadwell",
            (6, 0x4e | 0x5e) => "Skylake",
            // Later steppings of these are other processors by name.
            (6, 0x8e | 0x9e) => "Kaby Lake or a successor",
            (6, 0xa5 | 0xa6) => "Comet Lake",
            (6, 0x7d | 0x7e) => "Ice Lake",
            (6, 0xa7) => "Rocket Lake",
            (6, 0x8c | 0x8d) => "Tiger Lake",
            (6, 0x97 | 0x9a) => "Alder Lake",
            (6, 0xbe) => "Alder Lake-N",
            (6, 0xb7 | 0xba | 0xbf) => "Raptor Lake",
            (6, 0xaa | 0xac) => "Meteor Lake",
            (6, 0xb5 | 0xc5 | 0xc6) => "Arrow Lake",
            (6, 0xbd) => "Lunar Lake",
            (6, 0x57) => "Knights Landing",
            (6, 0x85) => "Knights Mill",
            (6, 0x4d) => "Avoton",
            (6, 0x5f) => "Denverton",
            (6, 0x5c) => "Apollo Lake",
            (6, 0x7a) => "Gemini Lake",
            (0x13, 0x01) => "Diamond Rapids",
            _ => return None,
        })
    }

    const fn amd_name(self) -> Option<&'static str> {
        Some(match (self.family(), self.model()) {
            (0x10, 0x02) => "Barcelona",
            (0x10, 0x04) => "Shanghai",
            (0x10, 0x08) => "Istanbul",
            (0x10, 0x09) => "Magny-Cours",
            (0x15, 0x01) => "Interlagos or Zambezi",
            (0x15, 0x02) => "Abu Dhabi or Vishera",
            (0x15, 0x13) => "Richland",
            (0x15, 0x10..=0x1f) => "Trinity",
            (0x15, 0x38) => "Godavari",
            (0x15, 0x30..=0x3f) => "Kaveri",
            (0x15, 0x65) => "Bristol Ridge",
            (0x15, 0x60..=0x6f) => "Carrizo",
            (0x15, 0x70..=0x7f) => "Stoney Ridge",
            (0x17, 0x01) => "Naples, Summit Ridge or Whitehaven",
            (0x17, 0x08) => "Pinnacle Ridge or Colfax",
            (0x17, 0x11) => "Raven Ridge",
            (0x17, 0x18) => "Picasso",
            (0x17, 0x20) => "Dali",
            (0x17, 0x31) => "Rome or Castle Peak",
            (0x17, 0x60) => "Renoir",
            (0x17, 0x68) => "Lucienne",
            (0x17, 0x71) => "Matisse",
            (0x17, 0x90 | 0x91) => "Van Gogh",
            (0x17, 0xa0) => "Mendocino",
            (0x19, 0x00 | 0x01) => "Milan",
            (0x19, 0x08) => "Chagall",
            (0x19, 0x10 | 0x11) => "Genoa",
            (0x19, 0x18) => "Storm Peak",
            (0x19, 0x21) => "Vermeer",
            (0x19, 0x40..=0x4f) => "Rembrandt",
            (0x19, 0x50) => "Cezanne",
            (0x19, 0x61) => "Raphael or Dragon Range",
            (0x19, 0x74) => "Phoenix",
            (0x19, 0x75) => "Phoenix or Hawk Point",
            (0x19, 0x78) => "Phoenix 2",
            (0x19, 0x90..=0x9f) => "MI300A",
            (0x19, 0xa0..=0xaf) => "Bergamo or Siena",
            (0x1a, 0x08) => "Shimada Peak",
            (0x1a, 0x00..=0x0f) => "Turin",
            (0x1a, 0x10..=0x1f) => "Turin Dense",
            (0x1a, 0x20..=0x2f) => "Strix Point",
            (0x1a, 0x44) => "Granite Ridge",
            (0x1a, 0x60..=0x6f) => "Krackan Point",
            (0x1a, 0x70..=0x77) => "Strix Halo",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_named_by_their_signature() {
        let (intel, amd) = (CpuVendor::INTEL, CpuVendor::AMD);
        for (cpuid, vendor, name) in [
            (0x50654, intel, Some("Skylake-SP")),
            (0x50657, intel, Some("Cascade Lake")),
            (0x306f2, intel, Some("Haswell-EP")),
            (0x806f8, intel, Some("Sapphire Rapids")),
            (0xc06f2, intel, Some("Emerald Rapids")),
            (0xd06d0, intel, Some("Clearwater Forest")),
            // Family 19 is 0xf and an extended family of 4.
            (0x0040_0f10, intel, Some("Diamond Rapids")),
            (0x6_60f9, intel, None),
            (0x00a0_0f11, amd, Some("Milan")),
            (0x00a1_0f11, amd, Some("Genoa")),
            (0x00a2_0f12, amd, Some("Vermeer")),
            (0x00aa_0f01, amd, Some("Bergamo or Siena")),
            (0x00b0_0f21, amd, Some("Turin")),
            (0x0083_0f10, amd, Some("Rome or Castle Peak")),
            (0x0080_0f12, amd, Some("Naples, Summit Ridge or Whitehaven")),
            (0x00b0_0f81, amd, Some("Shimada Peak")),
            (0x00a3_0f10, amd, None),
            (0x00a0_0f11, CpuVendor::HYGON, None),
            (0x0090_0f02, CpuVendor::HYGON, Some("Dhyana")),
            (0x00a0_0f11, CpuVendor::UNKNOWN, None),
            (0, intel, None),
            (u32::MAX, amd, None),
        ] {
            assert_eq!(CpuSignature::new(cpuid).name(vendor), name, "{cpuid:#x}");
        }
    }
}
