#!/usr/bin/env bash
# Proves that no lint of the workspace fires, in any target and with every feature. Needs: clippy.
. "$(dirname "$0")/lib.sh"
cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings
echo "no warning"
