#!/usr/bin/env bash
# Proves that the four crates stand on few others (named here, none of which needs std), that every package of the
# workspace allows what MIT allows, and that Cargo.lock is up to date. Needs: python3, the registry for what is not
# fetched yet.
. "$(dirname "$0")/lib.sh"
cargo metadata --locked --format-version 1 --all-features | python3 .ci/dependencies.py "${crates[@]}"
