#!/usr/bin/env bash
# Proves that the four crates can be published, in the order in which they depend on each other: what is packed has its
# licence and its README, which is the front page of the documentation, and what is unpacked builds and passes its tests,
# with the packed crates and nothing beside it. `.ci/package.sh --update` writes the READMEs anew. With CARGO_NET_OFFLINE
# they are packed and not offered to the registry, which it says; and it says what is left to the publisher. Needs: python3.
. "$(dirname "$0")/lib.sh"
for crate in "${crates[@]}"; do
  if [ "${1:-}" = --update ]; then python3 .ci/crate-readme.py "$crate" >"$crate/README.md"; fi
  python3 .ci/crate-readme.py "$crate" | diff -u "$crate/README.md" - ||
    die "$crate/README.md is not the front page of its documentation: .ci/package.sh --update"
done
packed=target/package
rm -rf "$packed"
mkdir -p "$packed"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Verifying builds each of them once more; the tests below do, and run them.
options=(--no-verify --allow-dirty --target-dir "$packed" "${crates[@]/#/--package=}")
cargo package "${options[@]}" >"$log" 2>&1 || die "$(cat "$log")"
left_out=
if [ "${CARGO_NET_OFFLINE:-}" = true ]; then
  left_out='; NOT OFFERED to the registry, offline'
else
  cargo publish --dry-run "${options[@]}" >"$log" 2>&1 || die "$(cat "$log")"
fi
# Where the repository is only its publisher knows: CONTRIBUTING.md.
for crate in "${crates[@]}"; do
  grep -q '^repository' "$crate/Cargo.toml" || unsaid='; LEFT to the publisher: the key repository'
done
left_out+=${unsaid:-}
version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
members=()
for crate in "${crates[@]}"; do
  tar -xzf "$packed/package/$crate-$version.crate" -C "$packed"
  for file in LICENSE README.md Cargo.toml src/lib.rs; do
    [ -s "$packed/$crate-$version/$file" ] || die "$crate is packed without $file"
  done
  [ "$(find "$packed/$crate-$version" -type l)" = "" ] || die "$crate is packed with links"
  members+=("\"$crate-$version\",")
done
# As a user has them: the packed ones, from one folder, in place of the registry's.
{
  printf '[workspace]\nresolver = "3"\nmembers = [%s]\n[patch.crates-io]\n' "${members[*]}"
  for crate in "${crates[@]}"; do printf '%s = { path = "%s-%s" }\n' "$crate" "$crate" "$version"; done
} >"$packed/Cargo.toml"
cp Cargo.lock "$packed/"
cargo test --manifest-path "$packed/Cargo.toml" --target-dir target --workspace --all-features --no-fail-fast 2>&1 | tee "$log"
awk -v left_out="$left_out" '/^test result:/ { passed += $4; failed += $6 }
  END { print passed " tests passed in 4 unpacked packages" left_out; exit !passed || failed }' "$log"
