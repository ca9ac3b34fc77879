#!/usr/bin/env bash
# Proves that what the four crates read from bytes is a `repr(C)` struct of alignment 1 whose size is asserted where it
# is defined, never a Rust enum, that no number is read in the host's byte order, and that the crates say no_std and
# forbid(unsafe_code). And that what the crates share is one file, which the others have as a link.
# Needs: python3.
. "$(dirname "$0")/lib.sh"
linked() {
  [ "$(readlink "$1/src/$2.rs")" = "../../cper/src/$2.rs" ] || die "$1/src/$2.rs is no link to cper's"
}
for crate in "${crates[@]:1}"; do
  linked "$crate" grammar
done
for crate in erst-table mce-record; do
  linked "$crate" structure
  linked "$crate" stored
done
for file in fields bit_map kernel_version; do
  linked mce-record $file
done
python3 .ci/wire.py "${crates[@]/%//src}"
