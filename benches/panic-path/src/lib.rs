//! The paths that run while a machine dies, as one object with C entry points.
//!
//! It is measured beside C (`benches/instructions`), and it proves that no panic is left on them: the panic handler
//! calls a symbol that nobody defines, so a program that keeps one panic does not link (`.ci/panic-free.sh`). Text
//! output through `core::fmt` is not here and not in the claim.
#![no_std]

use core::panic::PanicInfo;

mod paths;

unsafe extern "C" {
    fn a_panic_path_is_left() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: nobody defines it; a program that reaches this does not link.
    unsafe { a_panic_path_is_left() }
}

/// What must not link: the proof's control.
///
/// # Safety
/// `bytes` is readable for `len` bytes.
#[cfg(feature = "control")]
#[unsafe(no_mangle)]
#[inline(never)]
pub unsafe extern "C" fn rust_control(bytes: *const u8, len: usize) -> u8 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts(bytes, len) };
    bytes[len / 2]
}
