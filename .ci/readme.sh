#!/usr/bin/env bash
# Proves that the README's commands do what it says: every block marked `sh` is run as a person would, from the root,
# and where a block marked `text` follows, its lines come out, in this order (`...` stands for any lines; `cargo test`
# is left to its own gate). Needs: python3.
. "$(dirname "$0")/lib.sh"
python3 .ci/readme.py README.md
