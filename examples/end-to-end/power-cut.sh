#!/usr/bin/env bash
# Plays power cuts: a guest writes, overwrites and clears records without a pause, and QEMU is killed at a random moment,
# again and again from one saved state. Every record that was stored before must be whole, and the one that was being
# stored old, new, or told as torn by its seal. In the end the device opens a store with a torn record, and delivers it.
# usage: power-cut.sh [SEED [TIMES]]
. "$(dirname "$0")/machine.sh"
seed=${1:-$RANDOM$RANDOM} times=${2:-50}
program=$(build power-cut)
linux=$(kernel 6.1)
initramfs=$(guest power-cut "$program")

# machine NAME: QEMU's command line for that run; it tells what is done in NAME.done, and its store is NAME.img.
machine() {
  printf '%s\n' qemu-system-x86_64 -machine q35 -accel tcg -cpu max -m 192 -display none -vga none -net none -no-reboot \
    -serial null -kernel "$linux" -initrd "$initramfs" -append 'quiet panic=1 erst_disable' \
    -object "memory-backend-file,id=nvram,mem-path=$play/$1.img,size=8M,share=on" \
    -device acpi-erst,memdev=nvram,record_size=1048576 \
    -device isa-debugcon,iobase=0xe9,chardev=done -chardev "file,id=done,path=$play/$1.done"
}

# The machine is saved after 41 operations, to go on from there.
mkfifo "$play/monitor"
exec 3<>"$play/monitor"
mapfile -t command < <(machine saved)
"${command[@]}" -monitor stdio <"$play/monitor" >"$play/saved.qemu" 2>&1 &
saved=$!
started=$SECONDS
until [ "$(stat -c %s "$play/saved.done" 2>/dev/null || echo 0)" = 328 ]; do
  if ! kill -0 $saved 2>/dev/null || [ $((SECONDS - started)) -ge 120 ]; then
    cat "$play/saved.qemu"
    kill $saved 2>/dev/null || true
    die "no record was written"
  fi
  sleep 0.1
done
printf '%s\n' 'migrate_set_parameter max-bandwidth 10G' "migrate \"exec:cat >$play/state\"" quit >&3
wait $saved || { cat "$play/saved.qemu" && die "the machine could not be saved"; }
echo "saved a machine after 41 operations, $(stat -c %s "$play/state") bytes, in $((SECONDS - started)) s"

mapfile -t command < <(machine cut)
started=$SECONDS
"$program" cut "$seed" "$times" "$play" "${command[@]}" -monitor none -incoming "exec:cat $play/state" | tee "$play/cuts"
took=$((SECONDS - started))
boot torn "$linux" "$initramfs" -a 'erst_disable power-cut=list' \
  -object "memory-backend-file,id=nvram,mem-path=$play/torn.img,size=8M,share=on" \
  -device acpi-erst,memdev=nvram,record_size=1048576
cat "$play/torn.out/said"
[ "$(grep -c 'Broken$' "$play/torn.out/said")" = 1 ] || die "the device does not deliver the torn record"
if grep -vE '^[1-4] (Valid|Broken)$' "$play/torn.out/said"; then die "the device delivers something else"; fi
echo "seed $seed: $(tail -n 1 "$play/cuts"), in $took s"
