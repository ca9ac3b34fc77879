//! The board: where its processor starts, its UART, its timer (Arm AN386, Arm Cortex-M System Design Kit, Armv7-M
//! Architecture Reference Manual).

// Registers are reached by volatile accesses, and the processor finds its first instruction through a table of
// addresses; everything unsafe of this program is in this file.
#![allow(unsafe_code)]

use core::panic::PanicInfo;

unsafe extern "C" {
    /// The end of memory, of which only the address counts (`link.ld`).
    static stack_top: u32;
}

/// What the processor starts from: its stack, then where to begin, then where to go on a fault.
#[repr(C)]
struct Vectors {
    stack: &'static u32,
    reset: extern "C" fn() -> !,
    faults: [extern "C" fn() -> !; 14],
}

// SAFETY: the linker script puts this section where the processor looks for it, and nothing else there.
#[unsafe(link_section = ".vectors")]
#[used]
static VECTORS: Vectors = Vectors {
    // SAFETY: the address is taken; nothing is read.
    stack: unsafe { &*&raw const stack_top },
    reset,
    faults: [fault; 14],
};

/// Where the processor begins. There is nothing to prepare: the linker script refuses a program with variables that
/// would have to be filled or zeroed.
extern "C" fn reset() -> ! {
    crate::run()
}

extern "C" fn fault() -> ! {
    halt("BAD fault in the firmware\n")
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    halt("BAD panic in the firmware\n")
}

/// Says something and stops.
fn halt(last_words: &str) -> ! {
    let mut uart = Uart::start();
    last_words.bytes().for_each(|byte| uart.send(byte));
    loop {
        core::hint::spin_loop();
    }
}

/// A 32-bit register.
struct Register(usize);

impl Register {
    fn read(&self) -> u32 {
        // SAFETY: the addresses in this file are those of the board's registers, which are no memory of the program's.
        unsafe { (self.0 as *const u32).read_volatile() }
    }

    fn write(&self, value: u32) {
        // SAFETY: as for reading.
        unsafe { (self.0 as *mut u32).write_volatile(value) }
    }
}

/// The first UART (CMSDK APB UART).
pub(crate) struct Uart;

impl Uart {
    const DATA: Register = Register(0x4000_4000);
    const STATE: Register = Register(0x4000_4004);
    const CONTROL: Register = Register(0x4000_4008);
    const BAUD_DIVIDER: Register = Register(0x4000_4010);

    /// Switches it on: 115200 baud from the board's 25 MHz.
    pub(crate) fn start() -> Self {
        Self::BAUD_DIVIDER.write(25_000_000 / 115_200);
        Self::CONTROL.write(0b11);
        Self
    }

    pub(crate) fn receive(&mut self) -> Option<u8> {
        let is_full = Self::STATE.read() & 0b10 != 0;
        is_full.then(|| Self::DATA.read() as u8)
    }

    pub(crate) fn send(&mut self, byte: u8) {
        while Self::STATE.read() & 0b01 != 0 {}
        Self::DATA.write(u32::from(byte));
    }
}

/// The processor's own timer (SysTick), which runs through every 2/3 s.
pub(crate) struct Clock {
    turns: u8,
}

impl Clock {
    const CONTROL: Register = Register(0xe000_e010);
    const RELOAD: Register = Register(0xe000_e014);
    const VALUE: Register = Register(0xe000_e018);
    /// Enabled, from the processor's clock, without an interrupt.
    const RUN: u32 = 0b101;
    const TURNED: u32 = 1 << 16;
    /// Turns after which a sender is taken to be silent.
    const SILENCE: u8 = 3;

    pub(crate) fn start() -> Self {
        Self::RELOAD.write(0x00ff_ffff);
        Self::VALUE.write(0);
        Self::CONTROL.write(Self::RUN);
        Self { turns: 0 }
    }

    pub(crate) fn restart(&mut self) {
        self.turns = 0;
    }

    /// Whether nothing was restarted for two seconds.
    pub(crate) fn is_silence(&mut self) -> bool {
        if Self::CONTROL.read() & Self::TURNED != 0 {
            self.turns = self.turns.saturating_add(1);
        }
        self.turns > Self::SILENCE
    }
}
