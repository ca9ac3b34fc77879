#!/usr/bin/env bash
# Proves that no panic is left on the encode, patch, parse, seal and ERST-write paths (benches/panic-path), without
# LTO, with overflow checks on, at opt-level 2, 3, s and z, on x86-64, riscv64 and thumbv7em: its panic handler calls a
# symbol nobody defines, so one panic left is one symbol the linker does not find. A control that must not link shows
# that the proof can fail.
# And that the path needs little stack: on x86-64 the deepest chain of calls below each entry point, return addresses
# included, the caller's buffers aside, is at most 512 bytes at opt-level 2 and 3; at s and z it is reported. The frames
# are the compiler's own figures, the calls are read from the linked program. The size of a microcontroller's program
# is reported (benches/size). Needs: network for Debian's packages (lld, llvm, Rust with its library's source), python3.
. "$(dirname "$0")/lib.sh"
need lld-22 llvm-22 python3

# links LIBRARY SYMBOL...: whether these entry points, and all that they reach, are there
links() {
  local library=$1 symbol keep=()
  shift
  for symbol; do keep+=("--undefined=$symbol"); done
  # What a C library gives on a host, and what its unwinding tables name; on bare metal there is neither.
  [[ $library != *linux* ]] || for symbol in memcpy memmove memset memcmp bcmp rust_eh_personality; do keep+=("--defsym=$symbol=0"); done
  ld.lld-22 --gc-sections --entry=0 "${keep[@]}" -o target/panic-free/program "$library"
}

entry_points() {
  llvm-nm-22 --defined-only --format=just-symbols "$1" 2>/dev/null | grep '^rust_' | sort -u
}

control=$(panic_path x86_64-unknown-linux-gnu 3 control)
if links "$control" rust_control 2>/dev/null; then die "the control links: the proof proves nothing"; fi

checked=0
for target in x86_64-unknown-linux-gnu riscv64gc-unknown-none-elf thumbv7em-none-eabi; do
  [[ $target == *linux* ]] || [ -n "${RUSTC:-}" ] || debian_rust
  for level in 2 3 '"s"' '"z"'; do
    library=$(panic_path "$target" "$level")
    mapfile -t symbols < <(entry_points "$library")
    [ ${#symbols[@]} -gt 10 ] || die "only ${#symbols[@]} entry points in $library"
    if ! links "$library" "${symbols[@]}"; then
      for symbol in "${symbols[@]}"; do
        links "$library" "$symbol" 2>/dev/null || echo "$target, opt-level $level: a panic is left in $symbol"
      done
      exit 1
    fi
    checked=$((checked + ${#symbols[@]}))
    [[ $target == *linux* ]] || continue
    case $level in
      [23]) limit=512 ;;
      *) limit=none ;;
    esac
    python3 .ci/stack.py target/panic-free/program "opt-level $level" "$limit"
  done
  [[ $target != thumb* ]] || benches/size "$target"
  served "target/panic-free/$target"
done
echo "$checked entry points link without a panic, the control does not"
