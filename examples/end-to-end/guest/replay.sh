# Replays the errors of the store: first with nobody listening, then to rasdaemon, to `ras events --follow` and to the
# kernel's own tracer, and again. On the command line, `replay=kept`: the store is cleared in the meantime;
# `replay=stress`: with a hundred loads, and no rasdaemon.
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
# follow: starts a program that shows events as they come, and waits until it listens.
follow() {
  ras events --follow --format json 2>/out/follow.log &
  follower=$!
  tries=0
  until grep -q 'listening to' /out/follow.log || [ $tries = 60 ]; do sleep 1; tries=$((tries + 1)); done
}
# replays WORD: replays, and keeps what the module says of it.
replays() {
  echo "$1" >$R
  tail -n 1 $R >>/out/replays
}

# What takes a page offline is counted for as long as the guest lives.
for function in memory_failure soft_offline_page; do
  echo "p:offline/$function $function" >>$T/kprobe_events
done
echo 1 >$T/events/offline/enable

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
    # As built by Debian it does not listen to all events: the others stay.
    replays 1
    replays 1
    # What is told after a program that follows was killed, the next one shows.
    follow
    kill -9 $follower
    replays 1
    # A program that acts upon an event, as rasdaemon's triggers do.
    mkfifo /tmp/events
    while read -r line; do
      echo "$line" >>/out/followed
      case $line in *mc_event*DIMM_A1*) echo "$line" >/out/triggered ;; esac
    done </tmp/events &
    trigger=$!
    follow >/tmp/events
    ras events --follow 2>/out/second
    replays 1
    sleep 8
    kill $daemon
    sleep 1
    cp /var/lib/rasdaemon/ras-mc_event.db /out/
    listen 1
    echo >$T/trace
    replays again
    cat $R >/out/state
    ras events -q >/out/live
    sleep 2
    kill -INT $follower
    wait $follower
    echo $? >/out/follow-ended
    wait $trigger
    ls $T/instances >/out/instances
    # The ring buffer as it is, with what says how it is laid out.
    mkdir -p /out/saved/events/mce/mce_record /out/saved/per_cpu/cpu0
    cp $T/events/header_page /out/saved/events/
    cp $T/events/mce/mce_record/format /out/saved/events/mce/mce_record/
    for event in mc_event aer_event arm_event extlog_mem_event non_standard_event; do
      mkdir -p /out/saved/events/ras/$event
      cp $T/events/ras/$event/format /out/saved/events/ras/$event/
    done
    cp $T/trace /out/saved/
    timeout 2 cat $T/per_cpu/cpu0/trace_pipe_raw >/out/saved/per_cpu/cpu0/trace_pipe_raw
    ras events -q /out/saved >/out/saved-events 2>&1
    rmmod ras_erst
    insmod /ras_erst.ko replay=1
    cat $R >/out/loaded-again
    dmesg -s 16777216 >/out/dmesg
    # On request the decoders of machine checks hear them too.
    if [ ! -e /out/left ]; then
      rmmod ras_erst
      insmod /ras_erst.ko act=1
      echo >$T/trace
      echo again >$R
      sleep 1
      cat $R >/out/acted-replays
      cp $T/trace /out/acted
      dmesg -s 16777216 >/out/decoded
    fi
    ;;
esac
[ -e /out/saved ] && cp /out/saved/trace /out/trace
listen 0
rmmod ras_erst
grep HardwareCorrupted /proc/meminfo >/out/corrupted
cp $T/kprobe_profile /out/offline
# The count counts: a page each is taken offline on request.
echo 0x8000000 >/sys/devices/system/memory/soft_offline_page
echo 0x8100000 >/sys/devices/system/memory/hard_offline_page
cp $T/kprobe_profile /out/offline-control
grep HardwareCorrupted /proc/meminfo >/out/corrupted-control
[ -e /out/dmesg ] || dmesg -s 16777216 >/out/dmesg
