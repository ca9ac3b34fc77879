#!/usr/bin/env bash
# Proves that the gates notice when an invariant breaks: a removed bounds check, a dropped reserved bit, an iterator that
# does not advance, a native-endian read and others, one at a time, in a copy of the tree. usage: .ci/breaks.sh [NAME...]
# Needs: clippy, python3.
. "$(dirname "$0")/lib.sh"
tree=$PWD/target/breaks/tree
rm -rf "$tree"
mkdir -p "$tree"
git ls-files -z | xargs -0 cp --parents --no-dereference -t "$tree"
# The same crates are built again and again, a line changed.
export CARGO_TARGET_DIR=$PWD/target/breaks/build CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=1 RUST_BACKTRACE=0
cd "$tree" && git init -q && python3 .ci/breaks.py "$tree" "$@"
