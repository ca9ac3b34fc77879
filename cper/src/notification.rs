//! How the error was signalled (UEFI 2.11 Appendix N, "Notification Type").

use crate::open_value::open_guid;

open_guid! {
    /// How the system was notified of the error: UEFI 2.11 Appendix N.2.1.1, Windows' own from its WHEA headers. Other
    /// GUIDs are allowed and kept.
    NotificationType {
        CMC = "2dce8bb1-bdd7-450e-b9ad-9cf4ebd4f890" => "corrected machine check",
        CPE = "4e292f96-d843-4a55-a8c2-d481f27ebeee" => "corrected platform error",
        MCE = "e8f56ffe-919c-4cc5-ba88-65abe14913bb" => "machine check exception",
        PCIE = "cf93c01f-1a16-4dfc-b8bc-9c4daf67c104" => "PCI Express error",
        INIT = "cc5263e8-9308-454a-89d0-340bd39bc98e" => "INIT record",
        NMI = "5bad89ff-b7e6-42c9-814a-cf2485d6e98a" => "non-maskable interrupt",
        BOOT = "3d61a466-ab40-409a-a698-f362d464b38f" => "boot error",
        DMAR = "667dd791-c6b3-4c27-8a6b-0f8e722deb41" => "DMA remapping error",
        SEA = "9a78788a-bbe8-11e4-809e-67611e5d46b0" => "synchronous external abort",
        SEI = "5c284c81-b0ae-4e87-a322-b04c85624323" => "SError interrupt",
        PEI = "09a9d5ac-5204-4214-96e5-94992e752bcd" => "platform error interrupt",
        CXL_COMPONENT = "69293bc9-41df-49a3-b4bd-4fb0db3041f6" => "CXL component",
        WINDOWS_BMC = "487565ba-6494-4367-95ca-4eff893522f6" => "Windows BMC",
        WINDOWS_SCI = "e9d59197-94ee-4a4f-8ad8-9b7d8bd93d2e" => "Windows SCI",
        WINDOWS_EXTINT = "fe84086e-b557-43cf-ac1b-17982e078470" => "Windows external interrupt",
        WINDOWS_DEVICE_DRIVER = "0033f803-2e70-4e88-992c-6f26daf3db7a" => "Windows device driver",
        WINDOWS_CMCI = "919448b2-3739-4b7f-a8f1-e0062805c2a3" => "Windows corrected machine check interrupt",
        WINDOWS_GENERIC = "3e62a467-ab40-409a-a698-f362d464b38f" => "Windows generic",
    }
}
