#!/usr/bin/env bash
# Plays random status blocks to the kernel's own printer, on two kernels, and compares every line with the text that cper
# gives for them. SEED repeats a run; COUNT is how many blocks.
. "$(dirname "$0")/machine.sh"
program=$(build kernel-text)
object=$(rust_object)
"$program" make "${SEED:-$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')}" "${COUNT:-400}" "$play/blocks"
for version in 6.1 6.12; do
  modules=$(modules "$(release $version)" "$object")
  guest=$(guest kernel-text "$modules/cper_print.ko" "$play/blocks")
  boot "$version" "$(kernel $version)" "$guest" -a 'log_buf_len=16M loglevel=1'
  healthy "$version"
  "$program" check "$play/blocks" "$play/$version.out/log" "$version"
done
# That it can fail: the two kernels do not print the same.
if "$program" check "$play/blocks" "$play/6.1.out/log" 6.12 2>"$play/control"; then die "any text is taken for 6.12's"; fi
