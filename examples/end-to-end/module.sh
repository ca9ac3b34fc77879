#!/usr/bin/env bash
# Plays what the module must survive: a hundred loads, machine checks, a full store, a panic while ERST is in use, an ERST
# table with a defect, and a device that stays busy. It says what it could not do, and harms nothing.
. "$(dirname "$0")/machine.sh"
apei=$(build apei)
make_image=$(build erst-image)
"$apei" machine "$play/machine"
object=$(rust_object)
for version in 6.1 6.12; do
  linux[${version#6.}]=$(kernel $version)
  modules[${version#6.}]=$(modules "$(release $version)" "$object")
done

# A machine check that the kernel survives (memory scrubbing; action optional), and a corrected one.
checks='mce 0 2 0x8000000000000151 0 0 0
mce 0 4 0xbd000000000000c0 5 0x12346000 0x8c'
# expect FILE TEXT: the file, of the guest's or a console, has the text.
expect() {
  grep -aqF -- "$2" "$play/$1" || { tail -n 20 "$play/$1" && die "$1 does not say: $2"; }
}

# A store that other systems and our crates have filled.
"$make_image" make "$play/full.img" examples/data/gesb >"$play/made"
cp "$play/full.img" "$play/before.img"
mapfile -t erst < <(erst "$play/full.img" "$(stat -c %s "$play/full.img")")
loads=$(guest module "${modules[1]}/ras_erst.ko")
boot full "${linux[1]}" "$loads" -m "$checks" -cpu Skylake-Server-v1 "${erst[@]}"
# pstore warns of the first section that it does not know.
healthy full pstore_type_to_name
expect full.out/loads 100
expect full.out/state 'machine checks: 0 stored, 1 lost'
expect full.out/dmesg 'ras_erst: a machine check is lost because ERST is full (-28)'
shown=$(grep -c '^record [0-9]*:' "$play/full.out/records")
[ "$shown records" = "$(cut -d, -f1 "$play/made" | cut -d' ' -f1,2)" ] || die "the module shows $shown records of: $(cat "$play/made")"
cmp "$play/full.img" "$play/before.img"

# An empty one.
mapfile -t erst < <(erst "$play/empty.img")
loads_12=$(guest module "${modules[12]}/ras_erst.ko")
boot empty "${linux[12]}" "$loads_12" -m "$checks" -cpu Skylake-Server-v1 "${erst[@]}"
healthy empty
expect empty.out/loads 100
expect empty.out/dmesg 'Bank 2: 8000000000000151'
expect empty.out/state 'machine checks: 1 stored, 0 lost'
expect empty.out/records 'recoverable, machine check on CPU 0, bank 4'

# No store that Linux could use.
boot defective "${linux[1]}" "$loads" -acpitable "file=$play/machine/erst-defective.aml"
healthy defective
expect defective.out/loads 0
expect defective.out/dmesg 'ras_erst: there is no ERST that Linux could use'

# Firmware's fatal error, and a store that cannot take it.
mapfile -t firmware < <(firmware "$play/machine")
dies=$(guest fatal-error "${modules[1]}/"{ras_erst,panic_in_erst}.ko "$play/machine/fatal.gesb")

"$apei" full "$play/foreign.img"
cp "$play/foreign.img" "$play/before.img"
mapfile -t erst < <(erst "$play/foreign.img" "$(stat -c %s "$play/foreign.img")")
boot foreign "${linux[1]}" "$dies" -a "$reserved" -d '3 errors lost, the last because ERST is full (-28)' "${firmware[@]}" "${erst[@]}"
healthy foreign
cmp "$play/foreign.img" "$play/before.img"

mapfile -t erst < <(erst "$play/locked.img")
boot locked "${linux[1]}" "$dies" -a "$reserved under_lock" -d '3 errors lost, the last because ERST was in use (-16)' \
  "${firmware[@]}" "${erst[@]}"
healthy locked

boot busy "${linux[1]}" "$dies" -a "$reserved" -d '3 errors lost, the last because ERST did not answer in time (-5)' \
  "${firmware[@]}" -acpitable "file=$play/machine/erst-busy.aml" \
  -device "loader,file=$play/machine/busy-device.memory,addr=0x10030000,force-raw=on"
healthy busy
echo "the module survives 100 loads on two kernels, a full store, a lock held, a device busy, a table with a defect"
