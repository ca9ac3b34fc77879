#!/usr/bin/env bash
# Proves that what the four crates read from bytes is a `repr(C)` struct of alignment 1 whose size is asserted where it
# is defined, never a Rust enum, that no number is read in the host's byte order, and that the crates say no_std and
# forbid(unsafe_code). Needs: python3.
. "$(dirname "$0")/lib.sh"
python3 .ci/wire.py "${crates[@]/%//src}"
