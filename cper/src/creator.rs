//! Who wrote the record (UEFI 2.11 Appendix N, "Creator ID").

use crate::open_value::open_guid;

open_guid! {
    /// Identifier of the creator of a record; a later owner may overwrite it. The specification names none: these are
    /// the ones found in Linux, Windows and AMD's BMC tools.
    ///
    /// That of Linux's amdgpu driver is the word "amdgpu" in ASCII, filled up with zeros.
    ///
    /// Linux uses one value for its kernel logs and its machine checks; only the section type tells them apart.
    CreatorId {
        LINUX_PSTORE = "75a574e3-5052-4b29-8a8e-be2c6490b89d" => "Linux pstore",
        LINUX_AMDGPU = "67646d61-7570-0000-0000-000000000000" => "Linux amdgpu",
        LINUX_FMPM = "cd5c2993-f4b2-41b2-b5d4-f9c3a0330875" => "Linux FRU memory poison manager",
        AMD_BMC = "61fa3fac-cb80-4292-8bfb-d643b1de17f4" => "AMD BMC RAS tools",
        WINDOWS_WHEA = "cf07c4bd-b789-4e18-b3c4-1f732cb57131" => "Windows WHEA",
        WINDOWS_DEVICE_DRIVER = "57217c8d-5e66-44fb-8033-9b74cacedf5b" => "Windows device driver",
    }
}
