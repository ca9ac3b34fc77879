#!/usr/bin/env bash
# Proves that the panic path needs little stack: the deepest chain of calls below each entry point of benches/panic-path,
# return addresses included, the caller's buffers aside, is at most 512 bytes at opt-level 2 and 3; at s and z it is
# reported. The frames are the compiler's own figures, the calls are read from the linked program.
# Needs: network for Debian's packages (lld, llvm).
. "$(dirname "$0")/lib.sh"
need lld-22 llvm-22 python3
for level in 2 3 '"s"' '"z"'; do
  flags=(--target x86_64-unknown-linux-gnu --release --target-dir "$PWD/target/stack" --config profile.release.lto=false)
  for package in panic-path "${crates[@]}" zerocopy bitflags; do
    flags+=(--config "profile.release.package.$package.opt-level=$level")
  done
  # A static program calls directly, so that the calls can be read from it.
  (cd benches/panic-path && RUSTC_BOOTSTRAP=1 RUSTFLAGS='-Zemit-stack-sizes -Crelocation-model=static' \
    cargo build -q "${flags[@]}")
  library=target/stack/x86_64-unknown-linux-gnu/release/libpanic_path.a
  mapfile -t keep < <(llvm-nm-22 --defined-only --format=just-symbols "$library" 2>/dev/null |
    sed -n 's/^rust_/--undefined=&/p' | sort -u)
  for symbol in memcpy memmove memset memcmp bcmp rust_eh_personality; do keep+=("--defsym=$symbol=0"); done
  ld.lld-22 --gc-sections --entry=0 "${keep[@]}" -o target/stack/program "$library"
  case $level in
    [23]) limit=512 ;;
    *) limit=none ;;
  esac
  python3 .ci/stack.py target/stack/program "opt-level $level" "$limit"
done
