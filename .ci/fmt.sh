#!/usr/bin/env bash
# Proves that the source is formatted as rustfmt.toml says. Needs: rustfmt.
. "$(dirname "$0")/lib.sh"
cargo fmt --all --check
echo "$(git ls-files '*.rs' | wc -l) files"
