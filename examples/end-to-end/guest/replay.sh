# Replays the errors of the store: first with nobody listening, then to rasdaemon and to the kernel's own tracer, and
# again. On the command line, `replay=kept`: the store is cleared in the meantime; `replay=stress`: with a hundred loads,
# and no rasdaemon.
# shellcheck shell=dash
T=/sys/kernel/tracing
R=/sys/kernel/debug/ras_erst/replay
mount -t tracefs trace $T
mkdir -p /out/formats /var/lib/rasdaemon
for event in mc_event aer_event arm_event extlog_mem_event non_standard_event; do
  cp $T/events/ras/$event/format /out/formats/$event
done
listen() {
  for event in ras mce; do echo "$1" >$T/events/$event/enable; done
}
# replays WORD: replays, and keeps what the module says of it.
replays() {
  echo "$1" >$R
  tail -n 1 $R >>/out/replays
}

echo 8192 >$T/buffer_size_kb
case $(cat /proc/cmdline) in
  *replay=stress*)
    listen 1
    loads=0
    while [ $loads -lt 100 ] && insmod /ras_erst.ko replay=1 && rmmod ras_erst; do loads=$((loads + 1)); done
    echo $loads >/out/loads
    grep -c '_event: \|mce_record: ' $T/trace >/out/first
    insmod /ras_erst.ko
    replays 1
    replays again
    ;;
  *)
    insmod /ras_erst.ko keep=1
    case $(cat /proc/cmdline) in
      *replay=kept*)
        rm /sys/fs/pstore/*
        cp /sys/kernel/debug/ras_erst/records /out/left
        ;;
    esac
    replays 1
    # Before 0.8 it waits for a buffer that is half full, if the kernel is 6.1 or newer.
    mkdir $T/instances/rasdaemon
    echo 0 >$T/instances/rasdaemon/buffer_percent
    rasdaemon -f -r >/out/rasdaemon.log 2>&1 &
    daemon=$!
    tries=0
    until grep -q 'Listening to events' /out/rasdaemon.log || [ $tries = 60 ]; do sleep 1; tries=$((tries + 1)); done
    # A program that acts upon an event, as rasdaemon's triggers do.
    echo 1 >$T/events/ras/mc_event/enable
    (
      while read -r line; do
        case $line in *mc_event:*DIMM_A1*) echo "$line" >/out/triggered ;; esac
      done <$T/trace_pipe
    ) &
    trigger=$!
    # As built by Debian it does not listen to all events: the others stay.
    replays 1
    replays 1
    listen 1
    replays 1
    replays 1
    sleep 8
    kill $daemon $trigger
    sleep 1
    cp /var/lib/rasdaemon/ras-mc_event.db /out/
    echo >$T/trace
    replays again
    cat $R >/out/state
    rmmod ras_erst
    insmod /ras_erst.ko replay=1
    cat $R >/out/loaded-again
    ;;
esac
cp $T/trace /out/trace
listen 0
rmmod ras_erst
grep HardwareCorrupted /proc/meminfo >/out/corrupted
dmesg -s 16777216 >/out/dmesg
