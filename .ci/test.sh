#!/usr/bin/env bash
# Proves that the tests pass: without features, with the program as it is built by default; and as the README says to run
# them, with every feature, and with the records of libcper and of real machines, where they are; where they are not, it
# says so. Needs: iasl, which reads the tables we write.
. "$(dirname "$0")/lib.sh"
need acpica-tools
vectors_of_libcper
log=$(mktemp)
trap 'rm -f "$log"' EXIT
env -u LIBCPER_VECTORS cargo test --workspace --no-fail-fast
cargo test --workspace --all-features --no-fail-fast | tee "$log"
awk -v without="$without" '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
  END { print passed " tests passed, " ignored " ignored, every feature on" without; exit !passed || failed }' "$log"
