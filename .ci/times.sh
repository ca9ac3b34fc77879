#!/usr/bin/env bash
# Proves that everything benches/times.rs times still builds and does its work, once each; the times are for people.
# Needs: gcc, network for the crates it uses.
. "$(dirname "$0")/lib.sh"
need gcc libc6-dev
ran=$(cargo bench --quiet --manifest-path benches/Cargo.toml -- --test | grep -c '^Success')
[ "$ran" -gt 50 ] || die "only $ran benches ran"
echo "$ran benches"
