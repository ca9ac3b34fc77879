#!/usr/bin/env bash
# Proves that the four crates' tests pass on other CPUs, big-endian and 32-bit among them (run by qemu-user).
# usage: .ci/cpus.sh [CPU...]     Needs: network for Debian's packages (qemu-user, cross compilers, Rust's source).
. "$(dirname "$0")/lib.sh"
[ $# -gt 0 ] || set -- s390x powerpc i686 aarch64
packages=(qemu-user-static)
for cpu; do
  gnu=$cpu-linux-gnu
  run="-static -L /usr/$gnu"
  case $cpu in
    s390x) debian=s390x run="qemu-s390x$run" ;;
    powerpc) debian=powerpc run="qemu-ppc$run" ;;
    aarch64) debian=arm64 run="qemu-aarch64$run" ;;
    # An x86-64 kernel runs 32-bit code itself; only the loader has to be named.
    i686) debian=i386 run="/usr/$gnu/lib/ld-linux.so.2 --library-path /usr/$gnu/lib" ;;
    *) die "no such CPU here: $cpu" ;;
  esac
  packages+=("gcc-$gnu" "libc6-dev-$debian-cross")
  variable=CARGO_TARGET_${cpu^^}_UNKNOWN_LINUX_GNU
  export "${variable}_LINKER=$gnu-gcc" "${variable}_RUNNER=timeout 900 $run"
done
need "${packages[@]}"
debian_rust
vectors_of_libcper
# Four campaigns over hundreds of thousands of cases are about the order of accesses and about every bit of every record,
# which no CPU changes; emulated they would take longer than everything else together. Their smaller sisters run
# everywhere.
skipped=(a_power_cut_at_any_access_loses_and_tears_nothing every_program_of_up_to_three_instructions_runs_as_the_text_says
  every_program_of_four_of_the_nineteen_instructions_runs_as_the_text_says a_flip_of_any_bit_of_a_golden_record_shows)
# Inlining in the compiler's middle makes emulated tests a third cheaper, compiling included; optimised builds take longer.
failed=()
for cpu; do
  target=$cpu-unknown-linux-gnu
  RUSTFLAGS="-Zinline-mir=yes -Zmir-opt-level=2" cargo test "${crates[@]/#/--package=}" --all-features --target "$target" \
    --no-fail-fast -Zbuild-std=std,panic_unwind,test --target-dir target/cpus --config profile.dev.debug=false \
    -- "${skipped[@]/#/--skip=}" || failed+=("$cpu")
  served "target/cpus/$target"
done
[ ${#failed[@]} -eq 0 ] || die "tests fail on ${failed[*]}"
echo "$# CPUs: $*; left to the host: ${#skipped[@]} exhaustive campaigns$without"
