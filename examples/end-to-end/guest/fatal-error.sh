# Firmware reports a fatal error: its status block appears in memory, and GHES finds it at its next poll. With the word
# `unseen` on the command line GHES is not told (the block's status stays 0), and the panic comes from elsewhere.
# shellcheck shell=dash
insmod /ras_erst.ko
cat /sys/kernel/debug/ras_erst/state
BLOCK=$((0x10011000 / 4))
dd if=/fatal.gesb of=/dev/mem bs=4 skip=1 seek=$((BLOCK + 1)) conv=notrunc 2>/dev/null
case $(cat /proc/cmdline) in
  *under_lock*)
    insmod /panic_in_erst.ko
    ;;
  *)
    dd if=/fatal.gesb of=/dev/mem bs=4 count=1 seek=$BLOCK conv=notrunc 2>/dev/null
    ;;
esac
sleep 20
