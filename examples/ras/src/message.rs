//! Messages on standard error.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes a message of this program.
pub fn say(message: impl Display) {
    line(format_args!("ras: {message}"));
}

/// Writes a line. If this fails there is nowhere left to report it, and the run goes on: `eprintln!` would end it.
pub fn line(line: impl Display) {
    // In one piece, between the lines of others.
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
