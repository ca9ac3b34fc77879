#!/usr/bin/env bash
# Proves that the crates serve those who use them: six programs (examples/consumers) are built outside the workspace
# against the packaged crates, each by itself with the features that it asks for, and run on captured data; the one of the
# panic path is built for a machine without an operating system too. And that every example of the documentation compiles
# and runs in a crate that depends on ours alone. Needs: network for Debian's packages (Rust with its library's source),
# python3.
. "$(dirname "$0")/lib.sh"
data=$PWD/examples/data build=$PWD/target/consumers
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

packages=()
for crate in "${crates[@]}"; do packages+=(-p "$crate"); done
rm -rf "$build/package"
cargo package --quiet --no-verify --allow-dirty --target-dir "$build" "${packages[@]}"
for crate in "${crates[@]}"; do
  mkdir "$work/$crate"
  tar xzf "$build/package/$crate"-*.crate -C "$work/$crate" --strip-components 1
done
cp -r examples/consumers "$work/consumers"
# examples/consumers/Cargo.toml has the crates beside it; here the packages are.
sed -i 's|path = "\.\./\.\./|path = "../|' "$work/consumers/Cargo.toml"
cd "$work/consumers"
# The crates come from another folder in each run, so that nothing of theirs is kept.
export CARGO_TARGET_DIR=$build/build CARGO_INCREMENTAL=0

programs=0
for program in */; do
  program=${program%/}
  if [ -e "$program/src/main.rs" ]; then
    cargo run --quiet --locked -p "$program" -- "$data" >"$work/said" || { cat "$work/said" && die "$program failed"; }
    echo "$program: $(wc -l <"$work/said") lines"
  else
    RAS_DATA=$data cargo test --quiet --locked -p "$program"
  fi
  programs=$((programs + 1))
done
[ "$(grep -c '^name = "zerocopy"' Cargo.lock)" = 1 ] || die "two versions of zerocopy"

cd "$OLDPWD"
python3 .ci/documented.py "$work/documented" "$work" "${crates[@]}"
cp examples/consumers/Cargo.lock "$work/documented/Cargo.lock"
# Hidden lines of the examples read what the packages hold.
mkdir "$work/documented/data"
for crate in "${crates[@]}"; do
  [ ! -d "$work/$crate/data" ] || cp "$work/$crate/data"/* "$work/documented/data/"
done
examples=$(cd "$work/documented" && cargo test --quiet --doc | tee /dev/stderr |
  awk '/^test result:/ { passed += $4 } END { print passed }')
[ "$examples" -ge 40 ] || die "only $examples examples found in the documentation"

debian_rust
(cd "$work/consumers" && cargo build --quiet --locked -p panic-path --target thumbv7em-none-eabi -Zbuild-std=core)
echo "$programs programs and $examples documented examples outside the workspace"
