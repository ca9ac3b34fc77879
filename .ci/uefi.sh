#!/usr/bin/env bash
# Proves that the UEFI application reads, writes and clears a machine's records in firmware, and that records pass
# between it and Linux; bad tables and devices are told and left alone. Needs: network for Debian's packages (QEMU, OVMF,
# kernel, Rust with its library's source, lld, iasl), gcc, clippy, python3.
. "$(dirname "$0")/lib.sh"
app=(--manifest-path examples/uefi-app/Cargo.toml)
cargo fmt "${app[@]}" --check
cargo clippy "${app[@]}" --quiet --locked --target-dir target/uefi -- -D warnings
exec examples/end-to-end/uefi.sh
