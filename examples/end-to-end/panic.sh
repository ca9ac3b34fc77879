#!/usr/bin/env bash
# Plays two deaths on one machine, a kernel panic and a fatal machine check, each on both kernels; the host reads what is
# in the machine's ERST, and must find each death once, with its kernel log whole; and collects it, once.
. "$(dirname "$0")/machine.sh"
build_ras
dies=$(guest panic)
check='mce 0 4 0xbe00000000000135 5 0xdeadb000 0x8c'
for version in 6.1 6.12; do
  linux=$(kernel $version)
  image=$play/$version.img
  mapfile -t erst < <(erst "$image" 256K)
  boot "$version-panic" "$linux" "$dies" -d 'Kernel panic - not syncing: sysrq triggered crash' "${erst[@]}"
  boot "$version-machine-check" "$linux" "$dies" -a machine_check -m "$check" \
    -d 'Kernel panic - not syncing: Fatal machine check' -cpu Skylake-Server-v1 "${erst[@]}"
  $ras decode -q "$image" >"$play/$version.events"
  cat "$play/$version.events"
  for event in 'FATAL +machine check on CPU 0, bank 4: level 1 data cache, data read error; context corrupt' \
    'address 0xdeadb000 \(physical, 4 KiB\)' 'FATAL +kernel panic: sysrq triggered crash' \
    'FATAL +kernel panic: Fatal machine check'; do
    [ "$(grep -cE -- "$event" "$play/$version.events")" = 1 ] || die "$version: not once: $event"
  done
  [ "$(grep -c 'kernel log, .* complete' "$play/$version.events")" = 2 ] || die "$version: a kernel log is not complete"
  # The second time there is nothing new.
  for _ in 1 2; do $ras collect "$image" --json "$play/$version.json" >/dev/null; done
  # A kernel log is one event in two records.
  records=$($ras erst "$image" list | sed -n 's/.* slots of .*, \([0-9]*\) records.*/\1/p')
  events=$(wc -l <"$play/$version.json")
  parts=$(grep -o '"part_keys":\[[^]]*\]' "$play/$version.json" | tr ',' '\n' | grep -c '"[0-9a-f]' || true)
  [ $((events - 2 + parts)) = "$records" ] || die "$version: not each of $records records is collected once"
done
