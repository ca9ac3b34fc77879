#!/usr/bin/env bash
# Proves that the four crates' tests pass on other CPUs, big-endian and 32-bit among them (run by qemu-user).
# usage: .ci/cpus.sh [CPU...]     Needs: network for Debian's packages (qemu-user, cross compilers, Rust's source).
. "$(dirname "$0")/lib.sh"
[ $# -gt 0 ] || set -- s390x powerpc i686 aarch64
debian_rust
export LIBCPER_VECTORS=${LIBCPER_VECTORS:-$PWD/../shared/vectors/libcper}
for cpu; do
  gnu=$cpu-linux-gnu
  case $cpu in
    s390x) debian=s390x run=qemu-s390x-static ;;
    powerpc) debian=powerpc run=qemu-ppc-static ;;
    aarch64) debian=arm64 run=qemu-aarch64-static ;;
    i686) debian=i386 run= ;;
    *) die "no such CPU here: $cpu" ;;
  esac
  need "gcc-${cpu}-linux-gnu" "libc6-dev-$debian-cross"
  if [ -n "$run" ]; then
    need qemu-user-static
    run="$run -L /usr/$gnu"
  else
    # An x86-64 kernel runs 32-bit code itself; only the loader has to be named.
    run="/usr/$gnu/lib/ld-linux.so.2 --library-path /usr/$gnu/lib"
  fi
  triple=$cpu-unknown-linux-gnu
  variable=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$triple")
  export "${variable}_LINKER=$gnu-gcc" "${variable}_RUNNER=timeout 900 $run"
  echo "== $cpu"
  cargo test "${crates[@]/#/--package=}" --all-features --target "$triple" \
    -Zbuild-std=std,panic_unwind,test --target-dir target/cpus
done
echo "$# CPUs: $*"
