# Loads and unloads the module a hundred times, lets it watch machine checks, and hands back what it shows.
# shellcheck shell=dash
loads=0
while [ $loads -lt 100 ] && insmod /ras_erst.ko && rmmod ras_erst; do loads=$((loads + 1)); done
echo $loads >/out/loads
if insmod /ras_erst.ko; then
  # Corrected machine checks are found by a poll.
  echo 1 >/sys/devices/system/machinecheck/machinecheck0/check_interval
  echo READY
  tries=0
  until { dmesg | grep -q 'Bank 2' && ! grep -q ' 0 stored, 0 lost' /sys/kernel/debug/ras_erst/state; } || [ $tries = 60 ]; do
    sleep 1
    tries=$((tries + 1))
  done
  cp /sys/kernel/debug/ras_erst/state /sys/kernel/debug/ras_erst/records /out/
  rmmod ras_erst
fi
dmesg >/out/dmesg
