#!/usr/bin/env bash
# Plays the UEFI application on a machine with OVMF: it writes a record, Linux boots on the same machine, shows it and
# panics, and the application decodes what Linux wrote and clears its own. Then it meets firmware that is wrong: an ERST
# table with a defect, a device that stays busy, registers in memory that is not the platform's or not there, a store
# full of foreign records; it must say so and change nothing. Its boot error region and error sources are those that
# Linux and iasl saw.
. "$(dirname "$0")/machine.sh"
need ovmf lld-22 acpica-tools
firmware=/usr/share/ovmf/OVMF.fd
data=examples/data
application=target/uefi/x86_64-unknown-uefi/release/ras.efi
(
  debian_rust
  CARGO_TARGET_X86_64_UNKNOWN_UEFI_LINKER=lld-link-22 cargo build --locked --release -Zbuild-std=core,alloc \
    --manifest-path examples/uefi-app/Cargo.toml --target x86_64-unknown-uefi --target-dir target/uefi
)
program=$(build bad-firmware)
linux=$(kernel 6.1)

# uefi NAME COMMANDS [QEMU_ARGUMENT...]: runs the application as firmware's first program; what it says is NAME.said.
uefi() {
  local name=$1 commands=$2 status=0 started=$SECONDS
  shift 2
  timeout --kill-after=5 "${BOOT_TIMEOUT:-120}" qemu-system-x86_64 -machine q35 -accel tcg -cpu max -m 512 \
    -display none -vga none -net none -no-reboot -monitor none -serial "file:$play/$name.serial" \
    -bios "$firmware" -kernel "$application" -append "$commands; off" "$@" \
    >"$play/$name.qemu" 2>&1 </dev/null || status=$?
  # Firmware moves the cursor and paints; what is left are the lines.
  tr -d '\r' <"$play/$name.serial" | sed 's/\x1b\[[0-9;?=]*[A-Za-z]//g' >"$play/$name.said"
  [ $status = 0 ] || { cat "$play/$name.qemu" "$play/$name.said" && die "$name: QEMU's exit status is $status"; }
  echo "$name: the application ran in $((SECONDS - started)) s"
}
# says NAME TEXT [NUMBER]: the application said this in NUMBER lines, or in any.
says() {
  local found
  found=$(grep -cF -- "$2" "$play/$1.said") || true
  if [ "$found" = 0 ] || [ "$found" != "${3:-$found}" ]; then
    cat "$play/$1.said"
    die "$1: said $found times: $2"
  fi
}
# Nothing is said of this.
silent() {
  if grep -F -- "$2" "$play/$1.said"; then die "$1: said: $2"; fi
}

# A record goes from firmware to Linux.
mapfile -t erst < <(erst "$play/erst.img")
uefi write 'table; write DIMM_A1; list' "${erst[@]}"
says write 'accepted by' 2
says write 'WRITE_REGISTER_VALUE          mem32[' 17
says write 'stored, read back and found whole:' 1
says write '280 bytes by Linux pstore: INFORMATIONAL memory error, DIMM_A1: multi-bit ECC, address 0x10080040' 1
# The identifier of a slot, and bytes of its record, straight from the image: slots of 8 KiB, the map at byte 24.
identifier() { od -An -t u8 -j $((24 + 8 * $1)) -N 8 "$play/erst.img" | tr -d ' '; }
bytes() { dd if="$play/erst.img" bs=1 skip=$((8192 * $1 + $2)) count="$3" status=none; }
ours=$(identifier 1)
boot linux "$linux" "$(guest firmware)" -bios "$firmware" "${erst[@]}"
shown=$play/linux.out/pstore/unknown-erst-$ours
cmp "$shown" <(bytes 1 200 80)
[ "$(stat -c %Y "$shown")" = $((ours >> 32)) ] || die "Linux shows another time than the identifier's"
[ "$(find "$play/linux.out/pstore" -type f | wc -l)" = 1 ] || die "Linux shows other files too"

# Linux's panic goes to firmware. Its log is inflated by another inflater too, and no line of it may be lost.
log=$(identifier 2)
uefi read "read $log; clear $ours; list" "${erst[@]}"
bytes 2 0 8192 | python3 -c '
import struct, sys, zlib
record = sys.stdin.buffer.read()
length, = struct.unpack_from("<I", record, 20)
sys.stdout.buffer.write(zlib.decompressobj(-15).decompress(record[200:length]))' >"$play/panic.log"
grep -q 'sysrq triggered crash' "$play/panic.log"
if grep -vxFf "$play/read.said" "$play/panic.log"; then die "these lines of the panic's log were not shown"; fi
says read 'FATAL kernel log, '
says read 'clearing: INFORMATIONAL memory error, DIMM_A1' 1
[ "$(identifier 1) $(identifier 2)" = "0 $log" ] || die "another record was cleared than firmware's"
silent read 'ras: '

# What the last boot left, and where errors come from: as many as Linux printed and iasl wrote down.
(cd "$play" && iasl -T HEST && sed -i 's/\(Error Source Count :\) 00000004/\1 00000008/' hest.asl && iasl hest.asl) \
  >"$play/iasl" 2>&1 || { cat "$play/iasl" && die "iasl made no HEST table"; }
"$program" "$play"
# QEMU's debug console takes what the bad tables make of it.
trace=(-device "isa-debugcon,iobase=0x402,chardev=trace" -chardev)
uefi defect 'bert; hest; table; list; write X; clear 1' \
  -acpitable "file=$data/tables/BERT.bin" -acpitable "file=$play/hest.aml" -acpitable "file=$play/defect.erst" \
  -device "loader,file=$data/bert/bert-region.bin,addr=0x10000000,force-raw=on" \
  -device "loader,file=$play/range.bin,addr=0x6000000,force-raw=on" "${trace[@]}" "file,id=trace,path=$play/defect.trace"
says defect 'block at offset' "$(sed -n 's/^BERT: Total records found: //p' $data/bert/bert-region.txt)"
says defect 'CORRECTED memory error, DIMM_B2: single-bit ECC' 1
says defect '  source ' "$(grep -c 'Subtable Type' "$play/hest.asl")"
silent defect 'unknown type'

# Firmware that is wrong.
says defect 'error: entry 5: instruction 0x13 is not defined' 5
says defect 'ras: the ERST table has a defect, so none of it is run' 3
tables=(-device "loader,file=$play/range.bin,addr=0x6000000,force-raw=on" -acpitable)
uefi busy 'list; write X; clear 233; read 233' "${tables[@]}" "file=$play/busy.erst" \
  "${trace[@]}" "file,id=trace,path=$play/busy.trace"
says busy 'still busy after' 2
says busy 'the ERST store did not answer before; it is left alone' 3
# One read was begun, executed and ended.
[ "$(tr -d '\0' <"$play/busy.trace" | grep -o 'R.*')" = RXE ] || die "more was asked of the busy device"
for name in stray nowhere; do
  uefi $name 'write X' "${tables[@]}" "file=$play/$name.erst"
done
says stray 'not one that this program may touch' 1
says nowhere 'nothing is mapped there' 1
cp "$play/foreign.img" "$play/before.img"
mapfile -t erst < <(erst "$play/foreign.img")
uefi foreign 'list; write X; read 0' "${erst[@]}"
says foreign ' bytes by ' 13
says foreign 'by Windows WHEA: FATAL memory error: card '
says foreign 'by 0badcafe-1234-5678-9abc-def011223344: '
says foreign 'section 12345678-9abc-def0-1122-334455667788, 80 bytes' 3
says foreign 'by Linux pstore: FATAL kernel log Panic#1 Part1' 1
says foreign '  cannot be read: ' 2
says foreign 'ras: ERST: write: status NOT_ENOUGH_SPACE (1)' 1
cmp "$play/foreign.img" "$play/before.img"
# The debug console's port echoes firmware's own lines too; none of them may be the defect table's letters.
[ "$(tr -d '\0' <"$play/defect.trace" | grep -c '[WRCEX]')" = 0 ] || die "the defect table was run"
code=$(size -A "$application" | awk '$1 == ".text" { print $2 }')
echo "firmware, $(basename "$linux") and back; 5 kinds of bad firmware left alone; ras.efi has $code bytes of code"
