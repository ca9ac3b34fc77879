#!/usr/bin/env bash
# Proves that `ras collect` loses no event, tells none twice and clears nothing that is not archived, wherever it is
# killed: before every system call that changes a disk, in the middle of those that write, and when the power is cut
# there. Needs: an x86-64 Linux that lets one process trace another.
. "$(dirname "$0")/lib.sh"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo test --quiet --workspace --all-features --test crash -- --nocapture | tee "$log"
sed -n 's/^\.*proven: //p' "$log" | paste -sd ';'
