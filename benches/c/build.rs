//! The C baseline, as distributions compile it.

fn main() {
    cc::Build::new().file("c/baseline.c").opt_level(2).compile("baseline");
    println!("cargo::rerun-if-changed=c");
}
