#!/usr/bin/env bash
# Proves that what must hold for any bytes holds for the captured data and past findings, and for what libFuzzer makes of
# them in FUZZ_SECONDS (10) a target, overflow checks on. Needs: g++, and the unstable switches of the stable compiler.
# A person runs one target for longer: FUZZ_SECONDS=3600 .ci/fuzz.sh record
. "$(dirname "$0")/lib.sh"
need g++
# What cargo-fuzz would pass for coverage, without its address sanitizer: there is no unsafe code in the crates.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS='--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table'
RUSTFLAGS=$(tr -s ' \n' ' ' <<<"$RUSTFLAGS")
targets=("$@")
[ $# -ne 0 ] || targets=(record status_block mce erst_table erst_image stored)
(cd fuzz && env -u RUSTFLAGS cargo test -q && cargo build -q --release --bins --target x86_64-unknown-linux-gnu)
mkdir -p fuzz/artifacts
executions=0
for target in "${targets[@]}"; do
  corpus=target/fuzz-corpus/$target
  mkdir -p "$corpus"
  log=target/fuzz-corpus/$target.log
  "fuzz/target/x86_64-unknown-linux-gnu/release/$target" -max_total_time="${FUZZ_SECONDS:-10}" -max_len=16384 -timeout=10 \
    -rss_limit_mb=2048 -artifact_prefix=fuzz/artifacts/ -print_final_stats=1 "$corpus" \
    examples/data/{records,sections,gesb,mce,tables,erst-images,bert} >"$log" 2>&1 || {
    tail -n 60 "$log"
    die "$target: a finding is in fuzz/artifacts; keep it in fuzz/findings once it is mended"
  }
  executions=$((executions + $(awk '/number_of_executed_units/ { print $2 }' "$log")))
done
echo "${#targets[@]} targets, $executions executions"
