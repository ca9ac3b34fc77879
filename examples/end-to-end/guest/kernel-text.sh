# Has the kernel print every block that it was given, and hands back its log.
# shellcheck shell=dash
insmod /cper_print.ko
for block in /blocks/*; do
  dd if="$block" of=/sys/kernel/debug/cper_print bs=65536 2>/dev/null || echo "$block is refused"
done
rmmod cper_print
dmesg -s 16777216 >/out/log
