#!/usr/bin/env bash
# Proves that the tests run at least 95 % of the lines of each of the four crates (their own tests and each other's,
# every feature on). Needs: network for Debian's llvm-22, which reads what Rust 1.95 writes.
. "$(dirname "$0")/lib.sh"
need llvm-22
least=${COVERAGE_LEAST:-95}
out=$PWD/target/coverage
mkdir -p "$out"
rm -f "$out"/*.profraw
export RUSTFLAGS=-Cinstrument-coverage LLVM_PROFILE_FILE=$out/%p-%m.profraw
vectors_of_libcper
test=(cargo test "${crates[@]/#/--package=}" --all-features --tests --target-dir "$out/build")
"${test[@]}"
"${test[@]}" --no-run --message-format=json 2>/dev/null >"$out/build.json"
mapfile -t objects < <(python3 -c '
import json, sys
for line in open(sys.argv[1]):
    message = json.loads(line)
    if message.get("executable") and message["profile"]["test"]:
        print("--object=" + message["executable"])
' "$out/build.json")
llvm-profdata-22 merge --sparse "$out"/*.profraw -o "$out/all.profdata"
llvm-cov-22 export --format=lcov --instr-profile="$out/all.profdata" "${objects[@]}" >"$out/lcov.info"
said=$(python3 .ci/coverage.py "$out/lcov.info" "$least" "${crates[@]}") || die "$said"
echo "$said$without"
