#!/usr/bin/env bash
# Plays the story: firmware reports a fatal error, GHES panics, the module stores each of the block's errors with all
# that is said of it; the next boot collects them into rasdaemon's database, and the flash is empty; rasdaemon's own
# program shows them.
. "$(dirname "$0")/machine.sh"
apei=$(build apei)
"$apei" machine "$play/machine"
object=$(rust_object)
mapfile -t ras < <(guest_ras)
mapfile -t firmware < <(firmware "$play/machine")

for version in 6.1 6.12; do
  linux=$(kernel $version)
  modules=$(modules "$(release $version)" "$object")
  image=$play/$version.img
  mapfile -t erst < <(erst "$image")
  dies=$(guest fatal-error "$modules/ras_erst.ko" "$play/machine/fatal.gesb")
  boot "$version-dies" "$linux" "$dies" -a "$reserved" -d 'ras_erst: source 1: 3 errors stored in ERST' \
    "${firmware[@]}" "${erst[@]}"
  healthy "$version-dies"
  "$apei" stored "$image"

  collects=$(guest collect "$modules/ras_erst.ko" "${ras[@]}")
  boot "$version-next" "$linux" "$collects" "${erst[@]}"
  healthy "$version-next" pstore_type_to_name
  next=$play/$version-next.out
  cat "$next/said"
  [ "$(cat "$next/status")" = 0 ] || die "ras collect did not end well"
  grep -A30 'fatal, memory error' "$next/records" | grep -q 'fru text *DIMM_A1' || die "the module does not show DIMM_A1"
  [ ! -s "$next/left" ] || die "the store is not empty: $(cat "$next/left")"
  shown=$(ras_mc_ctl "$next/ras-mc_event.db" --errors)
  echo "$shown"
  [[ $shown == *"Fatal error(s): multi-bit ECC at DIMM_A1"* ]] || die "rasdaemon's program does not show DIMM_A1"
done
