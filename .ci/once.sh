#!/usr/bin/env bash
# Proves by callgrind's counts that ras decodes each section once and inflates each compressed part of a kernel log once:
# ras decode in every form of output, and ras collect into all sinks at once.
# Needs: python3, valgrind.
. "$(dirname "$0")/lib.sh"
need python3 valgrind

export CARGO_PROFILE_DEV_DEBUG=0
cargo build -q -p ras-records --all-features
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# times FUNCTION: how often a function was called in the last run, by the end of its name.
times() {
  python3 - "$work/calls" "$1" <<'PYTHON'
import re
import sys

names, total, called = {}, 0, None
for line in open(sys.argv[1]):
    if found := re.match(r"c?fn=\((\d+)\)(?: (.*))?$", line):
        if found[2]:
            names[found[1]] = re.sub(r"::h[0-9a-f]{16}$", "", found[2])
        if line.startswith("cfn"):
            called = names[found[1]]
    elif found := re.match(r"calls=(\d+)", line):
        total += int(found[1]) if called.endswith(sys.argv[2]) else 0
print(total)
PYTHON
}

# once FILE DECODED INFLATED: every way to read the file decodes so many sections and inflates so many parts.
once() {
  local way ways=("decode -q" "decode" "decode --format json" "decode --format kernel" "$collect")
  for way in "${ways[@]}"; do
    rm -rf "$work/out"
    mkdir "$work/out"
    # shellcheck disable=SC2086  # words of a command
    valgrind -q --tool=callgrind --callgrind-out-file="$work/calls" target/debug/ras $way "$1" >/dev/null
    [ "$(times Body::decode) $(times Inflater::inflate)" = "$2 $3" ] ||
      die "ras $way $1: $(times Body::decode) decodes and $(times Inflater::inflate) inflations, not $2 and $3"
  done
}
collect="collect --json $work/out/json --sqlite $work/out/db --parquet $work/out/parquet --prometheus $work/out/prom --archive $work/out/archive"

once examples/data/records/syn-multi-section.cper 3 0
once examples/data/erst-images/crash-z.img 0 2
echo "one decode a section and one inflation a part, in decode and collect"
