#!/usr/bin/env bash
# Proves that the four crates build, without a warning, with every subset of their features: the library alone, so that
# no test dependency lends it a feature. Their tests build without a feature and with each by itself, which finds a test
# that needs a feature it does not ask for; with all features clippy sees them. And so does the program, with and without
# each of the outputs that are features. Needs: python3.
. "$(dirname "$0")/lib.sh"
subsets=$(cargo metadata --no-deps --format-version 1 | python3 -c '
import itertools, json, sys
for package in json.load(sys.stdin)["packages"]:
    if package["name"] in sys.argv[1:]:
        features = sorted(set(package["features"]) - {"default"})
        for count in range(len(features) + 1):
            for subset in itertools.combinations(features, count):
                print(package["name"], ",".join(subset) or "-", "--lib", "--tests" if len(subset) < min(2, len(features)) else "")
' "${crates[@]}")
while read -r crate subset targets; do
  echo "$crate [${subset#-}]"
  for target in $targets; do
    said=$(cargo check --quiet -p "$crate" "$target" --no-default-features --features "${subset#-}" 2>&1) || die "$said"
    [ -z "$said" ] || die "$said"
  done
done <<<"$subsets"
for subset in "" program sqlite parquet; do
  echo "ras-records [$subset]"
  said=$(cargo check --quiet -p ras-records --all-targets --no-default-features --features "$subset" 2>&1) || die "$said"
  [ -z "$said" ] || die "$said"
done
echo "$(wc -l <<<"$subsets") subsets of the crates' features, 4 of the program's"
