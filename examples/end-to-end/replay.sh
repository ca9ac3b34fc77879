#!/usr/bin/env bash
# Plays the boot after a death of five kinds of errors: rasdaemon listens, the module tells what ERST keeps as the trace
# events that it would have been, and ras-mc-ctl lists them; each once, with the values that `ras collect` records of the
# same store. `ras events --follow` hears all of them, and a program fires on one. The kernel's decoders hear nothing but on
# request, no page is taken offline, and the store stays as it is. Then once more, with the store cleared before the
# daemon listens; and a hundred loads, with a store of 2,000 broken records (SEED repeats them). BOOTS plays some of it.
. "$(dirname "$0")/machine.sh"
need rasdaemon python3
program=$(build replay-store)
object=$(rust_object)
mapfile -t programs < <(guest_ras)
build_ras

# rasdaemon and what it runs with, for the guest.
root=$play/rasdaemon-root
mkdir -p "$root"
{
  type -P rasdaemon
  ldd "$(type -P rasdaemon)" | grep -o '/[^ ]*'
} | xargs -d '\n' cp -L --parents -t "$root"
mkdir -p "$root/bin"
mv "$root"/usr/sbin/rasdaemon "$root/bin/"
rm -r "${root:?}/usr"

# expect FILE TEXT [COUNT]: the guest's file has the text in so many lines, one if it is not said.
expect() {
  local count
  count=$(grep -acF -- "$2" "$play/$1" || true)
  [ "$count" = "${3:-1}" ] || { tail -n 30 "$play/$1" && die "$1 says $count times: $2"; }
}

# nothing_offline FOLDER: nobody has acted upon the errors; what counts that has counted what the guest did at its end.
nothing_offline() {
  local function
  expect "$1/corrupted" ' 0 kB'
  expect "$1/corrupted-control" ' 0 kB' 0
  for function in memory_failure soft_offline_page; do
    grep -qE "^ *$function +0 +0$" "$play/$1/offline" || { cat "$play/$1/offline" && die "$1: $function was called"; }
    grep -qE "^ *$function +1 +0$" "$play/$1/offline-control" || die "$1: nobody counts $function"
  done
}

"$program" make "$play/before.img" >"$play/made"
# `ras collect` of the same store: some of it is bad.
"$ras" collect "$play/before.img" --sqlite "$play/collected.db" >"$play/collected" || [ $? = 2 ]
read -ra boots <<<"${BOOTS:-6.1 6.12 kept stress}"
section='mc_event: 1 Fatal error: multi-bit ECC on DIMM_A1 (mc:0 location:-1:-1:-1 address:0x1234567000 grain:4096 syndrome:0x00000000 APEI location: node:1 card:2 module:3 status(0x0000000000000400): Storage error in DRAM memory)'
arm='affinity level: 1; MPIDR: 0000000080000001; MIDR: 00000000410fd083; running state: 1; PSCI state: 0'

for boot in "${boots[@]}"; do
  [ "$boot" != stress ] || continue
  version=${boot/kept/6.12}
  modules=$(modules "$(release "$version")" "$object")
  cp "$play/before.img" "$play/$boot.img"
  mapfile -t erst < <(erst "$play/$boot.img" "$(stat -c %s "$play/$boot.img")")
  boot "$boot" "$(kernel "$version")" "$(guest replay "$modules/ras_erst.ko" "$root"/* "${programs[@]}")" -a "replay=$boot" -cpu Skylake-Server-v1 \
    "${erst[@]}"
  # pstore warns of the first section that it does not know.
  healthy "$boot" pstore_type_to_name
  out=$boot.out
  case $boot in
    kept) expect "$out/left" DIMM 0 ;;
    *) cmp "$play/$boot.img" "$play/before.img" ;;
  esac

  # Nothing is told to nobody; then what the daemon listens to, and the rest when somebody does; and each but once, until
  # it is asked for again.
  printf 'last: %s events, %s unheard\n' 0 7 5 2 0 2 2 0 0 0 7 0 | diff - "$play/$out/replays" || die "$boot: it is told otherwise"
  expect "$out/dmesg" '7 errors of former boots (1 kernel logs, 0 records of this boot, 4 skipped)'
  expect "$out/state" 'told: 7'
  expect "$out/dmesg" 'the errors of former boots have been told'
  expect "$out/dmesg" 'is skipped: its seal is broken'
  expect "$out/dmesg" "is skipped: another system's, of creator 77777777-7777-7777-7777-777777777777"
  expect "$out/dmesg" 'is skipped: a section of 5000 bytes, 3584 fit an event'
  expect "$out/dmesg" 'is skipped: machine check: '
  expect "$out/loaded-again" 'last: 0 events, 0 unheard'
  # A program follows: the two events that a former one left behind, and all seven of the last replay.
  expect "$out/followed" '"schema_version":1' 9
  for event in aer_event:1 arm_event:2 extlog_mem_event:1 mc_event:1 non_standard_event:2 mce_record:2; do
    expect "$out/followed" "\"event\":\"${event%:*}\"" "${event#*:}"
  done
  expect "$out/follow-ended" 0
  expect "$out/second" 'another ras events --follow uses it'
  [ "$(cat "$play/$out/instances")" = rasdaemon ] || die "$boot: an instance of the tracer is left"
  # What the ring buffer holds: live, and saved as pages.
  for events in live saved-events; do
    expect "$out/$events" ' · mc_event on CPU 0'
    [ "$(wc -l <"$play/$out/$events")" = 7 ] || { cat "$play/$out/$events" && die "$boot: $events are not seven"; }
  done
  # The trace of the last replay.
  expect "$out/trace" "$section"
  expect "$out/trace" 'aer_event: 0000:3b:00.0 PCIe Bus Error: severity=Fatal, Poisoned TLP|Malformed TLP, TLP Header=Not available'
  expect "$out/trace" "$arm"
  expect "$out/trace" 'non_standard_event: severity: 3; sec type:5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a; FRU: 00000000-0000-0000-0000-000000000000 ; data len:32; raw data:00 01 02'
  expect "$out/trace" 'extlog_mem_event: {2} corrected error: multi-bit ECC physical addr: 0000001234567000 (mask lsb: c) node:1 card:2 module:3 FRU: f2f2f2f2-f2f2-f2f2-f2f2-f2f2f2f2f2f2 DIMM_B1'
  for bank in 4 5; do
    expect "$out/trace" "mce_record: CPU: 7, MCGc/s: f000c14/5, MC$bank: be00000000000135, IPID: 0000000000000000, ADDR"
  done
  expect "$out/triggered" DIMM_A1
  case $version in
    6.1) "$program" formats "$play/$out/formats" 5.0 ;;
    *)
      "$program" formats "$play/$out/formats" 6.17
      expect "$out/trace" 'cpu: -1; error: 3; affinity level: 1'
      expect "$out/trace" 'data len: 32; ARM Processor Err Info raw data: 00 20 10 00 02'
      expect "$out/trace" 'Vendor Specific Err Info data len: 13; Vendor Specific Err Info raw data: 76 65 6e 64 6f 72'
      ;;
  esac

  nothing_offline "$out"
  # The kernel's own lines of a machine check that nobody else has taken.
  expect "$out/dmesg" 'Machine Check' 0
  if [ "$boot" != kept ]; then
    for bank in 4 5; do
      expect "$out/acted" "mce_record: CPU: 7, MCGc/s: f000c14/5, MC$bank: be00000000000135, IPID: 0000000000000000, ADDR"
      expect "$out/decoded" "Machine Check Exception: 5 Bank $bank: be00000000000135"
    done
    expect "$out/acted-replays" 'last: 7 events, 0 unheard'
  fi

  # In the daemon's database, once each, with the same values as ras collect's.
  ras_mc_ctl "$play/$out/ras-mc_event.db" --errors >"$play/$boot.errors"
  for error in 'multi-bit ECC at DIMM_A1' 'Uncorrected (Fatal)' 'mcgstatus=5' 'DIMM_B1'; do
    grep -q -- "$error" "$play/$boot.errors" || { cat "$play/$boot.errors" && die "ras-mc-ctl does not list: $error"; }
  done
  python3 "$here/replay.py" "$play/$out/ras-mc_event.db" "$play/collected.db"
done

[[ " ${boots[*]} " == *" stress "* ]] || exit 0
torn=../shared/field/torn
[ -d "$torn" ] || { echo "WITHOUT the files of $torn"; torn=; }
seed=${SEED:-$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')}
"$program" mutants "$play/mutants.img" "$seed" 2000 ${torn:+"$torn"} examples/data/records >"$play/mutants" ||
  die "no store of mutants of seed $seed"
cat "$play/mutants"
# Each file of what is torn is there.
[ -z "$torn" ] || grep -qE "^$torn: [0-9]+ records in ([0-9]+) of \1 files$" "$play/mutants" || die "not all of $torn is in the store"
cp "$play/mutants.img" "$play/mutants-before.img"
mapfile -t erst < <(erst "$play/mutants.img" "$(stat -c %s "$play/mutants.img")")
modules=$(modules "$(release 6.12)" "$object")
BOOT_TIMEOUT=900 boot stress "$(kernel 6.12)" "$(guest replay "$modules/ras_erst.ko")" -a 'replay=stress log_buf_len=16M loglevel=1' \
  "${erst[@]}"
healthy stress pstore_type_to_name
cmp "$play/mutants.img" "$play/mutants-before.img"
expect stress.out/loads 100
expect stress.out/dmesg 'the errors of former boots have been told' 100
expect stress.out/replays 'last: 0 events, 0 unheard'
events=$(sed -n 's/^last: \([1-9][0-9]*\) events, 0 unheard/\1/p' "$play/stress.out/replays")
[ "$events" -gt 500 ] || die "only $events of the mutants of seed $seed are told"
expect stress.out/first "$events"
nothing_offline stress.out
echo "seven events of two kernels' stores; $events of the mutants of seed $seed told, the rest skipped, after 100 loads"
