#!/usr/bin/env bash
# Proves that the tests notice at least 90 % of the changes that cargo-mutants makes to each of the four crates, with
# what .cargo/mutants.toml leaves out and why. Takes hours; MUTANTS_JOBS builds at a time (1). A list of crates as
# arguments runs those alone. Needs: network for cargo-mutants, which it installs.
. "$(dirname "$0")/lib.sh"
least=${MUTANTS_LEAST:-90}
[ $# -eq 0 ] || crates=("$@")
cargo mutants --version 2>/dev/null || cargo install --locked cargo-mutants
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 CARGO_INCREMENTAL=1
vectors_of_libcper
out=$PWD/target/mutants
few=()
for crate in "${crates[@]}"; do
  status=0
  cargo mutants --package "$crate" --all-features --jobs "${MUTANTS_JOBS:-1}" --output "$out/$crate" || status=$?
  # 2: some were missed; 3: some timed out, and an endless loop is noticed.
  case $status in 0 | 2 | 3) ;; *) die "$crate: cargo mutants ended with $status" ;; esac
  results=$out/$crate/mutants.out
  caught=$(cat "$results/caught.txt" "$results/timeout.txt" | wc -l)
  missed=$(wc -l <"$results/missed.txt")
  unviable=$(wc -l <"$results/unviable.txt")
  [ $((caught + missed)) -gt 0 ] || die "$crate: no mutant could be built"
  [ $((caught * 100)) -ge $(((caught + missed) * least)) ] || few+=("$crate")
  line="$crate $caught of $((caught + missed)) ($((caught * 1000 / (caught + missed)))‰, $unviable do not build)"
  lines=${lines:+$lines, }$line
  cat "$results/missed.txt"
done
[ ${#few[@]} -eq 0 ] || die "under $least % are noticed: ${few[*]}: $lines"
echo "noticed: $lines$without"
