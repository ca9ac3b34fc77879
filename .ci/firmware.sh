#!/usr/bin/env bash
# Proves that the four crates build where there is no operating system: kernels and firmware of four CPUs, and UEFI,
# with no feature and with all of them but `arbitrary`, which needs std and is for tests. The compiler checks them;
# the gates panic-free, linux-module, uefi, bmc and cpus make code of them for each of these processors.
# Needs: network for Debian's packages (Rust with its library's source), python3.
. "$(dirname "$0")/lib.sh"
need python3
debian_rust
all=$(cargo metadata --no-deps --format-version 1 | python3 -c '
import json, sys
names = [(p["name"], f) for p in json.load(sys.stdin)["packages"] for f in p["features"] if p["name"] in sys.argv[1:]]
print(",".join(f"{name}/{feature}" for name, feature in names if feature not in ("default", "arbitrary")))' "${crates[@]}")
[[ $all == *cper/alloc*pstore-format/serde* ]] || die "these are not the features: $all"
targets=(x86_64-unknown-none aarch64-unknown-none thumbv7em-none-eabi riscv64gc-unknown-none-elf x86_64-unknown-uefi)
for target in "${targets[@]}"; do
  for features in --no-default-features "--features=$all"; do
    cargo check "${crates[@]/#/--package=}" --lib "$features" --target "$target" \
      -Zbuild-std=core,alloc --target-dir target/firmware --config profile.dev.debug=false
  done
  served "target/firmware/$target/debug"
done
echo "${#targets[@]} targets: ${targets[*]}"
