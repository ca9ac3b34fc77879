#!/usr/bin/env bash
# Proves that the public interface of the four crates is the one that .ci/api lists: what is added, changed or taken away
# is seen where it is reviewed. After a change that is meant, .ci/api.sh --update writes the lists anew.
# Needs: rustdoc, python3.
. "$(dirname "$0")/lib.sh"
lines=0
for crate in "${crates[@]}"; do
  # rustdoc's JSON is unstable on a stable compiler.
  RUSTC_BOOTSTRAP=1 cargo rustdoc --quiet -p "$crate" --lib --all-features --target-dir target/api -- \
    -Zunstable-options --output-format json
  list=target/api/$crate.txt
  python3 .ci/api.py "target/api/doc/${crate//-/_}.json" >"$list"
  if [ "${1:-}" = --update ]; then mkdir -p .ci/api && cp "$list" ".ci/api/$crate.txt"; fi
  diff -u ".ci/api/$crate.txt" "$list" || die "the interface of $crate is not the one listed: .ci/api.sh --update"
  lines=$((lines + $(wc -l <"$list")))
done
echo "$lines public items"
