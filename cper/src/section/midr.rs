//! `MIDR_EL1`: what an Arm processor is (Arm ARM, "Main ID Register"). Makers and parts are numbered as in Linux's
//! `arch/arm64/include/asm/cputype.h`, which follows the processors' reference manuals.

use core::fmt;

use crate::grammar::number;

number! {
    /// `MIDR_EL1` of the processor that had the error. It is 32 bits of a register of 64.
    ///
    /// ```
    /// use cper::section::Midr;
    ///
    /// let midr = Midr::new(0x413f_d0c1);
    /// assert_eq!(midr.name(), Some("Neoverse N1"));
    /// assert_eq!(midr.to_string(), "Arm Neoverse N1 r3p1");
    /// ```
    Midr: u64
}

impl Midr {
    /// Who made it (bits 31:24).
    pub const fn implementer(self) -> u8 {
        (self.0 >> 24) as u8
    }

    /// The major revision, `r` (bits 23:20).
    pub const fn variant(self) -> u8 {
        (self.0 >> 20 & 0xf) as u8
    }

    /// Its number among those of its maker (bits 15:4).
    pub const fn part(self) -> u16 {
        (self.0 >> 4 & 0xfff) as u16
    }

    /// The minor revision, `p` (bits 3:0).
    pub const fn revision(self) -> u8 {
        (self.0 & 0xf) as u8
    }

    /// The maker's name, `None` where the number is not known.
    pub const fn maker(self) -> Option<&'static str> {
        Some(match self.implementer() {
            0x41 => "Arm",
            0x42 => "Broadcom",
            0x43 => "Cavium",
            0x46 => "Fujitsu",
            0x48 => "HiSilicon",
            0x4e => "NVIDIA",
            0x50 => "Applied Micro",
            0x51 => "Qualcomm",
            0x56 => "Marvell",
            0x61 => "Apple",
            0x69 => "Intel",
            0x6d => "Microsoft",
            0x70 => "Phytium",
            0xc0 => "Ampere",
            _ => return None,
        })
    }

    /// What its maker calls it; `None` where the number is not known.
    pub const fn name(self) -> Option<&'static str> {
        Some(match (self.implementer(), self.part()) {
            (0x41, 0xd03) => "Cortex-A53",
            (0x41, 0xd04) => "Cortex-A35",
            (0x41, 0xd05) => "Cortex-A55",
            (0x41, 0xd07) => "Cortex-A57",
            (0x41, 0xd08) => "Cortex-A72",
            (0x41, 0xd09) => "Cortex-A73",
            (0x41, 0xd0a) => "Cortex-A75",
            (0x41, 0xd0b) => "Cortex-A76",
            (0x41, 0xd0c) => "Neoverse N1",
            (0x41, 0xd0d) => "Cortex-A77",
            (0x41, 0xd0e) => "Cortex-A76AE",
            (0x41, 0xd40) => "Neoverse V1",
            (0x41, 0xd41) => "Cortex-A78",
            (0x41, 0xd42) => "Cortex-A78AE",
            (0x41, 0xd44) => "Cortex-X1",
            (0x41, 0xd46) => "Cortex-A510",
            (0x41, 0xd47) => "Cortex-A710",
            (0x41, 0xd48) => "Cortex-X2",
            (0x41, 0xd49) => "Neoverse N2",
            (0x41, 0xd4a) => "Neoverse E1",
            (0x41, 0xd4b) => "Cortex-A78C",
            (0x41, 0xd4d) => "Cortex-A715",
            (0x41, 0xd4e) => "Cortex-X3",
            (0x41, 0xd4f) => "Neoverse V2",
            (0x41, 0xd80) => "Cortex-A520",
            (0x41, 0xd81) => "Cortex-A720",
            (0x41, 0xd82) => "Cortex-X4",
            (0x41, 0xd83) => "Neoverse V3AE",
            (0x41, 0xd84) => "Neoverse V3",
            (0x41, 0xd85) => "Cortex-X925",
            (0x41, 0xd87) => "Cortex-A725",
            (0x41, 0xd8e) => "Neoverse N3",
            (0x43, 0x0a1) => "ThunderX",
            (0x43, 0x0af) => "ThunderX2",
            (0x46, 0x001) => "A64FX",
            (0x46, 0x003) => "MONAKA",
            (0x48, 0xd01) => "TaiShan v110",
            (0x4e, 0x004) => "Carmel",
            (0x4e, 0x010) => "Olympus",
            (0x50, 0x000) => "X-Gene",
            (0x51, 0xc00) => "Falkor",
            (0x51, 0x001) => "Oryon",
            (0x6d, 0xd49) => "Azure Cobalt 100",
            (0xc0, 0xac3) => "Ampere-1",
            (0xc0, 0xac4) => "Ampere-1A",
            _ => return None,
        })
    }
}

/// `Arm Neoverse N1 r3p1`; a part or a maker without a known name by its number.
impl fmt::Display for Midr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f: &mut dyn fmt::Write = f;
        match self.maker() {
            Some(maker) => f.write_str(maker)?,
            None => write!(f, "maker {:#04x}", self.implementer())?,
        }
        match self.name() {
            Some(name) => write!(f, " {name}")?,
            None => write!(f, " part {:#05x}", self.part())?,
        }
        write!(f, " r{}p{}", self.variant(), self.revision())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn processors_are_named_by_maker_and_part() {
        for (midr, text) in [
            (0x413f_d0c1, "Arm Neoverse N1 r3p1"),
            (0x410f_d083, "Arm Cortex-A72 r0p3"),
            (0x481f_d010, "HiSilicon TaiShan v110 r1p0"),
            (0xc00f_ac30, "Ampere Ampere-1 r0p0"),
            (0x411f_fff2, "Arm part 0xfff r1p2"),
            (0x000f_0000, "maker 0x00 part 0x000 r0p0"),
            // The upper half is reserved.
            (0xffff_ffff_413f_d0c1, "Arm Neoverse N1 r3p1"),
        ] {
            assert_eq!(Midr::new(midr).to_string(), text);
        }
        let midr = Midr::new(0x1234_5678);
        assert_eq!((midr.implementer(), midr.variant(), midr.part(), midr.revision()), (0x12, 3, 0x567, 8));
    }
}
