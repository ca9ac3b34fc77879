#!/usr/bin/env bash
# Proves that no two files of a crate need each other, directly or through others: what a file builds on lies below it.
# A crate made with a cycle, through a path in a macro, shows that the proof can fail. Needs: python3.
. "$(dirname "$0")/lib.sh"

sources=(cper/src erst-table/src mce-record/src pstore-format/src examples/ras/src)

control=$(mktemp -d)
trap 'rm -r "$control"' EXIT
echo 'mod macros; mod low; mod high;' >"$control/lib.rs"
# shellcheck disable=SC2016  # the dollar is the macro's
echo 'macro_rules! make { () => { $crate::high::make() }; }' >"$control/macros.rs"
echo 'fn low() { make!() }' >"$control/low.rs"
python3 .ci/cycles.py "$control" >/dev/null || die "the control has no cycle yet"
echo 'use crate::low::low;' >"$control/high.rs"
! python3 .ci/cycles.py "$control" >/dev/null || die "the control's cycle is not found"

python3 .ci/cycles.py "${sources[@]}"
echo "no cycle in ${sources[*]%/src}"
