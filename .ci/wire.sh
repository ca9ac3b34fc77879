#!/usr/bin/env bash
# Proves that what the four crates read from bytes is a `repr(C)` struct of alignment 1 whose size is asserted where it
# is defined, never a Rust enum, that no number is read in the host's byte order, and that the crates say no_std and
# forbid(unsafe_code). And that the grammar of open values and errors is one file, which the others have as a link.
# Needs: python3.
. "$(dirname "$0")/lib.sh"
for crate in "${crates[@]:1}"; do
  [ "$(readlink "$crate/src/grammar.rs")" = ../../cper/src/grammar.rs ] || die "$crate/src/grammar.rs is no link to cper's"
done
python3 .ci/wire.py "${crates[@]/%//src}"
