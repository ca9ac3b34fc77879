#!/usr/bin/env bash
# Proves that every link in the documentation leads somewhere: as users see it, and with private items for those who
# read the source. Needs: rustdoc.
. "$(dirname "$0")/lib.sh"
export RUSTDOCFLAGS="-D warnings"
cargo doc --quiet --workspace --no-deps --all-features
cargo doc --quiet --workspace --no-deps --all-features --document-private-items
echo "no broken link"
