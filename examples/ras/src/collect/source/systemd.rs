//! Files that systemd-pstore moved out of pstore: the same files, those of one kernel log in a folder of their own,
//! with the whole text in `dmesg.txt`. The walk leaves that file out where the parts have all of it.

/// Where it keeps them (systemd `src/pstore/pstore.c`).
pub const PATH: &str = "var/lib/systemd/pstore";
