#!/usr/bin/env bash
# Proves that the four crates' tests pass with every feature, and what the program, as it is built by default, says of
# captured files. It needs no root and nothing but cargo; `.ci/test.sh` runs all tests.
. "$(dirname "$0")/lib.sh"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo test "${crates[@]/#/--package=}" --all-features | tee "$log"
cargo test -p ras-records --lib --test decode --test recognise --test features --test erst | tee -a "$log"
awk '/^test result:/ { passed += $4; failed += $6 } END { print passed " tests passed"; exit !passed || failed }' "$log"
