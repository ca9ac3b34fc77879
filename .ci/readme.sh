#!/usr/bin/env bash
# Proves that the README's blocks do what it says: those marked `sh` are run as a person would, from the root, and where a
# block marked `text` follows, its lines come out, in this order (`...` stands for any lines); the `rust` block compiles in
# a crate with the `toml` block's dependencies, which tells the crates' features. `cargo test` is left to its own gate, and
# what is installed for all users to the gate `systemd`. Needs: python3.
. "$(dirname "$0")/lib.sh"
python3 .ci/readme.py README.md
