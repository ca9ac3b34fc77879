//! Messages on standard error. Under journald each line begins with its level, `<4>`, which journald removes.

use std::io;
use std::os::fd::AsFd;
use std::sync::OnceLock;

use rustix::fs::fstat;

use crate::event::Grade;
use crate::message;

/// syslog's levels.
const ERROR: u8 = 3;
const WARNING: u8 = 4;
const INFO: u8 = 6;

/// Something failed.
pub fn error(message: &str) {
    say(ERROR, message);
}

/// Something is wrong and the run goes on.
pub fn warn(message: &str) {
    say(WARNING, message);
}

/// A fact worth knowing.
pub fn info(message: &str) {
    say(INFO, message);
}

fn say(level: u8, text: &str) {
    static JOURNAL: OnceLock<bool> = OnceLock::new();
    if *JOURNAL.get_or_init(|| is_journal(io::stderr())) {
        message::line(format_args!("<{level}>{text}"));
    } else {
        message::say(text);
    }
}

/// Whether a stream leads to journald: `JOURNAL_STREAM` names the device and inode it gave (systemd.exec(5)).
pub fn is_journal(stream: impl AsFd) -> bool {
    let Ok(value) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stream) = fstat(stream) else { return false };
    value == format!("{}:{}", stream.st_dev, stream.st_ino)
}

/// The text before a line about an event.
pub const fn prefix(grade: Grade) -> &'static str {
    match grade {
        Grade::Fatal => "<2>",
        Grade::Recoverable | Grade::Bad => "<3>",
        Grade::Reserved(_) => "<4>",
        Grade::Corrected => "<5>",
        Grade::Informational => "<6>",
    }
}
