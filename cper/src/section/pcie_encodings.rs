//! What the codes in the PCI Express capability structure stand for (PCIe base specification 6.0, section 7.5.3).

use crate::open_value::open_value;

open_value! {
    /// Width of a link: its number of lanes.
    LinkWidth: u8 {
        X1 = 1 => "x1",
        X2 = 2 => "x2",
        X4 = 4 => "x4",
        X8 = 8 => "x8",
        X12 = 12 => "x12",
        X16 = 16 => "x16",
        X32 = 32 => "x32",
    }
}

open_value! {
    /// Size of a payload or of a read request.
    PciePayloadSize: u8 {
        BYTES_128 = 0 => "128 bytes",
        BYTES_256 = 1 => "256 bytes",
        BYTES_512 = 2 => "512 bytes",
        BYTES_1024 = 3 => "1024 bytes",
        BYTES_2048 = 4 => "2048 bytes",
        BYTES_4096 = 5 => "4096 bytes",
    }
}

open_value! {
    /// Low-power states of a link that hardware may choose (ASPM).
    PcieAspmStates: u8 {
        NONE = 0 => "none",
        L0S = 1 => "L0s",
        L1 = 2 => "L1",
        L0S_AND_L1 = 3 => "L0s and L1",
    }
}

open_value! {
    /// How long a link takes out of L0s.
    PcieL0sExitLatency: u8 {
        BELOW_64_NS = 0 => "less than 64 ns",
        BELOW_128_NS = 1 => "64 to 128 ns",
        BELOW_256_NS = 2 => "128 to 256 ns",
        BELOW_512_NS = 3 => "256 to 512 ns",
        BELOW_1_US = 4 => "512 ns to 1 us",
        BELOW_2_US = 5 => "1 to 2 us",
        BELOW_4_US = 6 => "2 to 4 us",
        ABOVE_4_US = 7 => "more than 4 us",
    }
}

open_value! {
    /// How long a link takes out of L1.
    PcieL1ExitLatency: u8 {
        BELOW_1_US = 0 => "less than 1 us",
        BELOW_2_US = 1 => "1 to 2 us",
        BELOW_4_US = 2 => "2 to 4 us",
        BELOW_8_US = 3 => "4 to 8 us",
        BELOW_16_US = 4 => "8 to 16 us",
        BELOW_32_US = 5 => "16 to 32 us",
        BELOW_64_US = 6 => "32 to 64 us",
        ABOVE_64_US = 7 => "more than 64 us",
    }
}

open_value! {
    /// The longest time out of L0s that a device accepts.
    PcieL0sAcceptableLatency: u8 {
        NS_64 = 0 => "at most 64 ns",
        NS_128 = 1 => "at most 128 ns",
        NS_256 = 2 => "at most 256 ns",
        NS_512 = 3 => "at most 512 ns",
        US_1 = 4 => "at most 1 us",
        US_2 = 5 => "at most 2 us",
        US_4 = 6 => "at most 4 us",
        ANY = 7 => "any",
    }
}

open_value! {
    /// The longest time out of L1 that a device accepts.
    PcieL1AcceptableLatency: u8 {
        US_1 = 0 => "at most 1 us",
        US_2 = 1 => "at most 2 us",
        US_4 = 2 => "at most 4 us",
        US_8 = 3 => "at most 8 us",
        US_16 = 4 => "at most 16 us",
        US_32 = 5 => "at most 32 us",
        US_64 = 6 => "at most 64 us",
        ANY = 7 => "any",
    }
}
