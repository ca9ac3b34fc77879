#!/usr/bin/env bash
# Proves that the four crates build where there is no operating system: kernels and firmware of four CPUs, and UEFI,
# with no feature and with all of them. Needs: network for Debian's packages (Rust with its library's source).
. "$(dirname "$0")/lib.sh"
debian_rust
targets=(x86_64-unknown-none aarch64-unknown-none thumbv7em-none-eabi riscv64gc-unknown-none-elf x86_64-unknown-uefi)
for features in --no-default-features --all-features; do
  cargo build "${crates[@]/#/--package=}" --lib $features "${targets[@]/#/--target=}" \
    -Zbuild-std=core --target-dir target/firmware --config profile.dev.debug=false
done
echo "${#targets[@]} targets: ${targets[*]}"
