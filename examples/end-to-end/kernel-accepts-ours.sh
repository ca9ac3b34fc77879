#!/usr/bin/env bash
# Plays our records against Linux's own reader: an image of an ERST device, made by these crates alone, is booted on two
# kernels, whose /sys/fs/pstore must show every record with the name, the content and the time that was put into it.
. "$(dirname "$0")/machine.sh"
program=$(build erst-image)
blocks=examples/data/gesb
"$program" make "$play/erst.img" $blocks
cp "$play/erst.img" "$play/before.img"
show=$(guest pstore)
mapfile -t erst < <(erst "$play/erst.img" "$(stat -c %s "$play/erst.img")")
for version in 6.1 6.12; do
  boot "$version" "$(kernel $version)" "$show" "${erst[@]}"
  "$program" check "$play/$version.out/pstore" $blocks
  cmp "$play/erst.img" "$play/before.img"
done
echo "6.1 and 6.12 show all $(find "$play/6.1.out/pstore" -type f | wc -l) records as they were put in"
