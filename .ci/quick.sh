#!/usr/bin/env bash
# Proves that no lint fires, that the four crates' tests and documented examples pass with every feature, and what the
# program, as it is built by default, says of captured files. It needs no root and nothing but cargo, and builds neither
# SQLite nor Parquet; the gates `clippy` and `test` look at everything. Needs: clippy, python3.
. "$(dirname "$0")/lib.sh"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The same packages with the same features in each command, so that nothing is built twice.
features=$(cargo metadata --no-deps --format-version 1 | python3 -c '
import json, sys
for package in json.load(sys.stdin)["packages"]:
    if package["name"] in sys.argv[1:]:
        print(*(package["name"] + "/" + feature for feature in package["features"]), sep=",", end=",")
' "${crates[@]}")
chosen=("${crates[@]/#/--package=}" --package=ras-records --features "${features%,}")
cargo clippy --quiet "${chosen[@]}" --all-targets -- -D warnings

tests=(decode recognise features erst)
for folder in "${crates[@]/%//tests}"; do
  for test in "$folder"/*.rs; do tests+=("$(basename "$test" .rs)"); done
done
cargo test "${chosen[@]}" --lib "${tests[@]/#/--test=}" | tee "$log"
cargo test "${chosen[@]}" --doc | tee -a "$log"
awk '/^test result:/ { passed += $4; failed += $6 } END { print passed " tests passed"; exit !passed || failed }' "$log"
