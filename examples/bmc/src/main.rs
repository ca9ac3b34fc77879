//! Firmware for the Cortex-M4 of Arm's MPS2 board (image AN386), which QEMU has too: every record that arrives on its
//! first UART is answered with one line on it. No heap, no interrupt, no operating system.
#![no_main]
#![no_std]

mod board;

use core::fmt::{self, Write};

use bmc::Receiver;
use record_line::RecordLine;

/// The longest record that is taken: a slot of QEMU's ERST device.
const LONGEST: usize = 8192;

/// Runs from reset on, and never ends.
fn run() -> ! {
    let mut uart = board::Uart::start();
    let mut clock = board::Clock::start();
    let mut receiver = Receiver::<LONGEST>::new();
    loop {
        let answer = match uart.receive() {
            Some(byte) => {
                clock.restart();
                receiver.take(byte)
            }
            None if clock.is_silence() => {
                clock.restart();
                receiver.give_up()
            }
            None => None,
        };
        if let Some(record) = answer {
            // The UART takes every byte.
            let _ = writeln!(Lines(&mut uart), "{}", RecordLine(record));
        }
    }
}

struct Lines<'u>(&'u mut board::Uart);

impl Write for Lines<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|byte| self.0.send(byte));
        Ok(())
    }
}
