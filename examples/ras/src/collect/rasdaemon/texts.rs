//! The text columns of a machine check, which both vendors' decoders fill.

use mce_record::{McgStatus, MciStatus};

/// The text columns: pieces that are put together with blanks.
#[derive(Debug, Default)]
pub struct Texts {
    /// The part of the processor.
    pub bank_name: Vec<String>,
    /// What people are told. Where nothing else is, what the error code says.
    pub error_msg: Vec<String>,
    /// The global status.
    pub mcgstatus: Vec<String>,
    /// The bank's status.
    pub mcistatus: Vec<String>,
    /// The bank's error code.
    pub mcastatus: Vec<String>,
    /// What to do.
    pub user_action: Vec<String>,
    /// Where in memory.
    pub mc_location: Vec<String>,
}

impl Texts {
    /// The global status, with the names of those of its bits that the maker's decoder knows.
    pub fn tell_mcgstatus(&mut self, status: McgStatus, local: bool) {
        self.mcgstatus.push(format!("mcgstatus={}", i64::from_ne_bytes(status.raw().to_ne_bytes())));
        for (set, name) in [
            (status.restart_ip_valid(), "RIPV"),
            (status.error_ip_valid(), "EIPV"),
            (status.in_progress(), "MCIP"),
            (local && status.local(), "LMCE"),
        ] {
            if set {
                self.mcgstatus.push(name.into());
            }
        }
    }

    /// Those of a status' bits that all decoders name first.
    pub fn tell_validity(&mut self, status: MciStatus) {
        if !status.valid() {
            self.mcistatus.push("MCE_INVALID".into());
        }
        if status.overflow() {
            self.mcistatus.push("Error_overflow".into());
        }
    }
}
