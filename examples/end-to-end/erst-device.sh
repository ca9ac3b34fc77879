#!/usr/bin/env bash
# Plays erst-table against a real ERST device: a program that runs the machine's own ERST table from user space writes,
# reads, lists, overwrites, clears, fills, and provokes every refusal; then Linux boots on the same device and shows the
# five records that it left, and the host reads them from the device's backing file.
. "$(dirname "$0")/machine.sh"
program=$(build erst-exercise)
linux=$(kernel 6.1)
device=$(guest erst-device "$program")
show=$(guest pstore)
mapfile -t erst < <(erst "$play/erst.img")

boot exercise "$linux" "$device" -a erst_disable "${erst[@]}"
cat "$play/exercise.out/said"
grep -q '^  five records are left' "$play/exercise.out/said" || die "the exercise did not reach its end"
boot next "$linux" "$show" "${erst[@]}"
"$program" image "$play/erst.img" "$play/next.out/pstore"
echo "$(grep -c '^  ' "$play/exercise.out/said") findings on the device, 5 records read by $(basename "$linux")"
