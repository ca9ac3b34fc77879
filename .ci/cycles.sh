#!/usr/bin/env bash
# Proves that no two files of a crate need each other, directly or through others: what a file builds on lies below it.
# A crate made with a cycle, through a path in a macro, shows that the proof can fail. Needs: python3.
. "$(dirname "$0")/lib.sh"

without=(cper/src erst-table/src mce-record/src pstore-format/src)
with=(examples/ras/src)

control=$(mktemp -d)
trap 'rm -r "$control"' EXIT
echo 'mod macros; mod low; mod high;' >"$control/lib.rs"
# shellcheck disable=SC2016  # the dollar is the macro's
echo 'macro_rules! make { () => { $crate::high::make() }; }' >"$control/macros.rs"
echo 'fn low() { make!() }' >"$control/low.rs"
python3 .ci/cycles.py "$control" >/dev/null || die "the control has no cycle yet"
echo 'use crate::low::low;' >"$control/high.rs"
! python3 .ci/cycles.py "$control" >/dev/null || die "the control's cycle is not found"

for source in "${with[@]}"; do
  ! python3 .ci/cycles.py "$source" || die "$source has no cycle left: it belongs with the others in $0"
done
python3 .ci/cycles.py "${without[@]}"
echo "no cycle in ${without[*]%/src}; one in ${with[*]%/src}"
