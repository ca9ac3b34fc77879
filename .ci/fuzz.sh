#!/usr/bin/env bash
# Proves that what must hold for any bytes holds for the captured data, the minimised corpus and past findings, and for what
# libFuzzer makes of them in FUZZ_SECONDS (3) a target, overflow checks on. Needs: g++, python3, and the unstable
# switches of the stable compiler.
# A person runs some targets for longer, FUZZ_SECONDS=3600 .ci/fuzz.sh record section: what they found stays in
# target/fuzz-corpus, with the executions so far in TOTALS there. FUZZ_FLAGS are switches of libFuzzer:
# "-use_counters=0 -entropic=0 -max_len=512" makes more executions, up to ten times as many, by telling inputs apart by
# the code they reach and not by how often. --minimise puts the least of it that covers as much into fuzz/corpus.
. "$(dirname "$0")/lib.sh"
need g++ python3
minimise=
if [ "${1:-}" = --minimise ]; then minimise=1 && shift; fi
# What cargo-fuzz would pass for coverage, without its address sanitizer, as there is no unsafe code in the crates, and
# without the calls by pointer, of which text is made.
flags='--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table'
[ -n "$minimise$*" ] || (cd fuzz && cargo test -q --target-dir ../target/fuzz)
(cd fuzz && RUSTC_BOOTSTRAP=1 RUSTFLAGS=$(tr -s ' \n' ' ' <<<"$flags") cargo build -q --release --bins --target x86_64-unknown-linux-gnu \
  --target-dir ../target/fuzz)
targets=("$@")
[ $# -ne 0 ] || mapfile -t targets < <(basename -s .rs fuzz/fuzz_targets/*.rs)
work=target/fuzz-corpus
read -ra given <<<"${FUZZ_FLAGS:-}"
mkdir -p fuzz/artifacts fuzz/corpus "$work"
# Files of one record, table or text; images go in by the corpus, cut down.
mapfile -t seeds < <(find examples/data -type f -size -9 -printf '%h\n' | sort -u)

# 1024 bytes hold a few of every structure; with longer inputs there are fewer of them.
run() { # run TARGET ARGUMENT...
  "target/fuzz/x86_64-unknown-linux-gnu/release/$1" -max_len=1024 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="fuzz/artifacts/$1-" "${@:2}" >"$work/$1.log" 2>&1 || {
    tail -n 60 "$work/$1.log"
    echo "$1: a finding is in fuzz/artifacts; keep it in fuzz/findings once it is mended"
    return 1
  }
}

one() { # one TARGET: its corpus, then what the fuzzer makes of it
  mkdir -p "$work/$1"
  [ ! -f "fuzz/corpus/$1" ] || fuzz/corpus.py unpack "fuzz/corpus/$1" "$work/$1"
  if [ -n "$minimise" ]; then
    rm -rf "$work/least" && mkdir "$work/least"
    run "$1" -set_cover_merge=1 "$work/least" "$work/$1" "${seeds[@]}"
    fuzz/corpus.py pack "$work/least" "fuzz/corpus/$1"
  else
    run "$1" -max_total_time="${FUZZ_SECONDS:-3}" -print_final_stats=1 -dict=fuzz/dictionary \
      "${given[@]}" "$work/$1" "${seeds[@]}"
  fi
}

# Two at a time: the second processor would have nothing to do.
failed=0
for target in "${targets[@]}"; do
  one "$target" &
  [ -z "$minimise" ] || wait $! || failed=1
  while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || failed=1; done
done
while [ -n "$(jobs -p)" ]; do wait -n || failed=1; done
[ $failed = 0 ] && [ -z "$minimise" ] || exit $failed
executions=0
for target in "${targets[@]}"; do
  count=$(awk '/number_of_executed_units/ { count = $2 } END { print count }' "$work/$target.log")
  executions=$((executions + count))
  least=$(fuzz/corpus.py add "$work/TOTALS" "$target" "$count")
done
echo "${#targets[@]} targets, $executions executions; each target $least or more so far"
