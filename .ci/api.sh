#!/usr/bin/env bash
# Proves that the public interface of the four crates is the one that .ci/api lists: what is added, changed or taken away
# is seen where it is reviewed. And that it breaks nothing of the last release, the newest tag v*, that the version does
# not allow to break: what it breaks is printed, and fails where the version is compatible with the released one. Without
# such a tag nothing is compared, which it says. After a change that is meant, .ci/api.sh --update writes the lists anew.
# Needs: rustdoc, python3.
. "$(dirname "$0")/lib.sh"
version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
released=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null) || released=
# kept_part VERSION: what compatible versions have in common.
kept_part() { sed -E 's/^v?(0\.[0-9]+|[0-9]+).*/\1/' <<<"$1"; }

items=0 broken=
for crate in "${crates[@]}"; do
  # rustdoc's JSON is unstable on a stable compiler.
  RUSTC_BOOTSTRAP=1 cargo rustdoc --quiet -p "$crate" --lib --all-features --target-dir target/api -- \
    -Zunstable-options --output-format json
  list=target/api/$crate.txt
  python3 .ci/api.py list "target/api/doc/${crate//-/_}.json" >"$list"
  if [ "${1:-}" = --update ]; then mkdir -p .ci/api && cp "$list" ".ci/api/$crate.txt"; fi
  diff -u ".ci/api/$crate.txt" "$list" || die "the interface of $crate is not the one listed: .ci/api.sh --update"
  items=$((items + $(grep -vc '^#' "$list")))
  [ -n "$released" ] || continue
  git show "$released:.ci/api/$crate.txt" >"$list.released" || die "$released lists no interface of $crate"
  breaks=$(python3 .ci/api.py breaks "$list.released" "$list")
  [ -z "$breaks" ] || broken+="$crate, since $released:"$'\n'"$breaks"$'\n'
done
compared="; NOT COMPARED with a release: there is no tag v*"
if [ -n "$released" ] && [ -z "$broken" ]; then
  compared="; nothing of $released is broken"
elif [ -n "$released" ]; then
  echo "$broken"
  kept=$(kept_part "$released")
  [ "$(kept_part "$version")" != "$kept" ] || die "$version may not break what $released has: only another one than $kept may"
  compared="; $released is broken, as $version may"
fi
echo "$items public items$compared"
