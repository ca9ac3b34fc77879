//! `ras`: what a dying machine left behind, made readable.
fn main() {}
