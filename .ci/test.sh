#!/usr/bin/env bash
# Proves that the tests pass: as the README says to run them, and with every feature and the records of libcper.
# Needs: those records, in $LIBCPER_VECTORS or in ../shared/vectors/libcper; iasl, which reads the tables we write.
. "$(dirname "$0")/lib.sh"
need acpica-tools
export LIBCPER_VECTORS=${LIBCPER_VECTORS:-$PWD/../shared/vectors/libcper}
[ -d "$LIBCPER_VECTORS" ] || die "libcper's records are not at $LIBCPER_VECTORS"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
env -u LIBCPER_VECTORS cargo test --workspace --no-fail-fast
cargo test --workspace --all-features --no-fail-fast | tee "$log"
awk '/^test result:/ { passed += $4; failed += $6; ignored += $8 }
  END { print passed " tests passed, " ignored " ignored, every feature on"; exit !passed || failed }' "$log"
