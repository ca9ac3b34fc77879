//! What systemd-pstore moved out of pstore: the same files, those of one kernel log in a folder of their own, with its
//! text put together in `dmesg.txt` beside them, which the walk leaves out. It is read where the parts are gone.

/// Where it keeps them (systemd `src/pstore/pstore.c`).
pub const PATH: &str = "var/lib/systemd/pstore";
