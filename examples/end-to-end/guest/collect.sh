# The boot after: collects what is stored into rasdaemon's database, JSON lines and an archive, and clears it.
# shellcheck shell=dash
insmod /ras_erst.ko
cp /sys/kernel/debug/ras_erst/records /out/records
ras collect --sqlite /out/ras-mc_event.db --json /out/events.json --archive /out/archive --clear /dev/erst_dbg \
  >/out/said 2>&1
echo $? >/out/status
cp /sys/kernel/debug/ras_erst/records /out/left
