#!/usr/bin/env bash
# Proves that no panic is left on the encode, patch, parse, seal and ERST-write paths (benches/panic-path), without
# LTO, with overflow checks on, at opt-level 2, 3, s and z, on x86-64, riscv64 and thumbv7em: its panic handler calls a
# symbol nobody defines, so one panic left is one symbol the linker does not find. A control that must not link shows
# that the proof can fail. Needs: network for Debian's packages (lld, Rust with its library's source).
. "$(dirname "$0")/lib.sh"
need lld-22

# build TARGET LEVEL [FEATURE]: prints the library's path. The level is that of our crates and of what they use; core
# is at 3, as it comes with a toolchain, and so is built once a target.
build() {
  local package flags=(--target "$1" --release --target-dir "$PWD/target/panic-free" ${3:+--features "$3"}
    --config profile.release.opt-level=3 --config profile.release.overflow-checks=true
    --config profile.release.lto=false --config profile.release.debug=false)
  for package in panic-path "${crates[@]}" zerocopy bitflags; do
    flags+=(--config "profile.release.package.$package.opt-level=$2")
  done
  [[ $1 == *linux* ]] || flags+=(-Zbuild-std=core)
  (cd benches/panic-path && cargo build -q "${flags[@]}") >&2
  echo "target/panic-free/$1/release/libpanic_path.a"
}

# links LIBRARY SYMBOL...: whether these entry points, and all that they reach, are there
links() {
  local library=$1 symbol keep=()
  shift
  for symbol; do keep+=("--undefined=$symbol"); done
  # What a C library gives on a host, and what its unwinding tables name; on bare metal there is neither.
  [[ $library != *linux* ]] || for symbol in memcpy memmove memset memcmp bcmp rust_eh_personality; do keep+=("--defsym=$symbol=0"); done
  ld.lld-22 --gc-sections --entry=0 "${keep[@]}" -o /dev/null "$library"
}

entry_points() {
  llvm-nm-22 --defined-only --format=just-symbols "$1" 2>/dev/null | grep '^rust_' | sort -u
}

checked=0
for target in x86_64-unknown-linux-gnu riscv64gc-unknown-none-elf thumbv7em-none-eabi; do
  [[ $target == *linux* ]] || [ -n "${RUSTC:-}" ] || debian_rust
  for level in 2 3 '"s"' '"z"'; do
    library=$(build "$target" "$level")
    mapfile -t symbols < <(entry_points "$library")
    [ ${#symbols[@]} -gt 10 ] || die "only ${#symbols[@]} entry points in $library"
    if ! links "$library" "${symbols[@]}"; then
      for symbol in "${symbols[@]}"; do
        links "$library" "$symbol" 2>/dev/null || echo "$target, opt-level $level: a panic is left in $symbol"
      done
      exit 1
    fi
    checked=$((checked + ${#symbols[@]}))
  done
done

unset RUSTC RUSTDOC RUSTC_BOOTSTRAP
control=$(build x86_64-unknown-linux-gnu 3 control)
if links "$control" rust_control 2>/dev/null; then die "the control links: the proof proves nothing"; fi
echo "$checked entry points link without a panic, the control does not"
