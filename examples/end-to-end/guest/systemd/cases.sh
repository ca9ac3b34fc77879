# Runs on the booted machine: leaves in /out what the unit did at boot, and then what it did in each of /cases, twice.
# shellcheck shell=dash
export PATH=/bin:/usr/bin
# state NAME UNIT: what systemd says of it.
state() {
  systemctl show -p Result -p ExecMainCode -p ExecMainStatus -p TimeoutStartUSec -p MemoryMax -p After \
    -p InactiveExitTimestampMonotonic -p InactiveEnterTimestampMonotonic "$2" >"/out/$1"
}
# outputs NAME: all that sinks wrote.
outputs() {
  mkdir "/out/$1"
  for folder in /var/lib/ras /var/lib/rasdaemon /var/lib/prometheus/node-exporter /srv/ras; do
    cp -r "$folder" "/out/$1/"
  done
  ls -l /var/lib/systemd/pstore /sys/fs/pstore >"/out/$1/left" 2>&1
}
state boot.state ras-collect.service
# It tells several times: rasdaemon has started, and may not listen yet.
tries=0
until grep -q '^told: [1-9]' /sys/kernel/debug/ras_erst/replay || [ $tries = 60 ]; do sleep 1; tries=$((tries + 1)); done
cat /sys/kernel/debug/ras_erst/replay >/out/replayed
state rasdaemon.state rasdaemon.service
# Another round of it, which tells nothing again.
sleep 3
cp /var/lib/rasdaemon/ras-mc_event.db /out/heard.db
systemctl stop rasdaemon.service
state hangs.state ras-hangs.service
state sysinit.state sysinit.target
outputs boot
systemctl start ras-grows.service
state grows.state ras-grows.service

# As pstore shows them; removing one is what counts.
mount -t tmpfs records /sys/fs/pstore
drop_in=/run/systemd/system/ras-collect.service.d
mkdir -p "$drop_in"
for case in /cases/*; do
  name=${case##*/}
  rm -rf /var/lib/ras /var/lib/rasdaemon/* /var/lib/prometheus/node-exporter/* /srv/ras/*
  cp "$case/drop-in.conf" "$drop_in/"
  [ ! -e "$case/before.db" ] || cp "$case/before.db" /var/lib/rasdaemon/ras-mc_event.db
  systemctl daemon-reload
  for round in first second; do
    cp /records/* /sys/fs/pstore/
    systemctl start ras-collect.service
    state "$name.$round" ras-collect.service
    find /sys/fs/pstore -type f >"/out/$name.$round.left"
    # What has been started often is not started again.
    systemctl reset-failed
  done
  # Where rows are written into rasdaemon's database it is told nothing.
  if [ "$name" = sqlite ]; then
    state ras-replay.state ras-replay.service
    systemctl stop ras-replay.service
    systemctl start --job-mode=ignore-dependencies ras-replay.service
    state sqlite.replay ras-replay.service
  fi
  outputs "$name"
done
journalctl --no-pager -o short-monotonic >/out/journal
stty -F /dev/ttyS1 raw
tar -C /out -cf /dev/ttyS1 .
echo "END OF SCENARIO"
poweroff -f
