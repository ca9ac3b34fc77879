#!/usr/bin/env bash
# Proves that Debian's ras-mc-ctl lists what `ras collect` recorded of every captured image, pstore folder and status
# block, in a new database and in one that rasdaemon 0.6.8 made, once however often it runs, and with the registers
# that the kernels printed; and that a database that can only be read is left as it is. `.ci/rasdaemon.sh keep` keeps
# the lists that it compares with. Needs: Debian's perl DBI for SQLite, kmod (ras-mc-ctl looks for modprobe), python3.
. "$(dirname "$0")/lib.sh"
need libdbd-sqlite3-perl kmod python3
# Unpacked, not installed: it would start.
fetch_deb "$cache/rasdaemon" rasdaemon
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TZ=UTC
build_ras

# ctl DATABASE: what ras-mc-ctl says of it. The program asks for the machine's own database by name; nothing else of
# it is changed. Times of collection, of records that have none, are those of today.
ctl() {
  sed "s|^my \$dbname .*|my \$dbname = '$1';|" "$cache/rasdaemon/usr/sbin/ras-mc-ctl" >"$work/ras-mc-ctl"
  [ "$(diff "$cache/rasdaemon/usr/sbin/ras-mc-ctl" "$work/ras-mc-ctl" | grep -c '^>')" = 1 ] || die "ras-mc-ctl is another"
  for list in --summary --errors; do
    perl "$work/ras-mc-ctl" $list 2>&1
  done | sed -E "s/ $today [0-9:]{8} \+0000 \(collected\) / (time of collection) /"
}

# collect DATABASE: some of what is captured is bad, which is said by exit code 2.
collect() {
  local status=0
  "$ras" collect examples/data/erst-images examples/data/pstore examples/data/gesb --sqlite "$1" >"$work/log" || status=$?
  [ $status = 2 ] || die "ras collect: exit code $status: $(tail -n 1 "$work/log")"
}

today=$(date +%F)
for database in new old; do
  [ $database = new ] || cp examples/data/rasdaemon/ghes.db "$work/old.db"
  collect "$work/$database.db"
  ctl "$work/$database.db" >"$work/$database.txt"
  collect "$work/$database.db"
  ctl "$work/$database.db" | diff -u "$work/$database.txt" - || die "a second run changed the database"
  kept=examples/ras/tests/expected/ras-mc-ctl-$database.txt
  [ "${1:-}" = keep ] && cp "$work/$database.txt" "$kept"
  [ "$(date +%F)" = "$today" ] || die "midnight has passed: run it again"
  diff -u "$kept" "$work/$database.txt" || die "ras-mc-ctl says something else of the $database database"
done

# Each register that an independent script read out of the captured `struct mce` is in one line of the list.
python3 - "$work/new.txt" examples/data/mce/*.fields.txt <<'PY'
import re, sys
events = [dict(re.findall(r"(\w+)=0x([0-9a-f]+)", line)) for line in open(sys.argv[1]) if " error: " in line]
for name in sys.argv[2:]:
    fields = dict(line.strip().split("=0x") for line in open(name))
    fields["walltime"], fields["cpu"] = fields["time"], fields["extcpu"]
    names = "mcgcap mcgstatus status addr misc ip tsc walltime cpu cpuid apicid socketid cs bank".split()
    same = [event for event in events if all(int(event.get(n, "0"), 16) == int(fields[n], 16) for n in names)]
    assert len(same) == 1, f"{name}: {len(same)} events with its registers"
PY

# Somebody without rights, who is nobody where this runs as root.
chmod 755 "$work" && chmod 444 "$work/new.db"
nobody=()
[ "$(id -u)" = 0 ] && nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
cp "$ras" "$work/ras" && cp examples/data/rasdaemon/blocks/multi-corr.gesb "$work/another.gesb"
before=$(sha256sum "$work/new.db")
status=0
"${nobody[@]}" "$work/ras" collect "$work/another.gesb" --sqlite "$work/new.db" >"$work/log" 2>"$work/refusal" || status=$?
[ $status = 3 ] || die "a database that can only be read: exit code $status"
grep -q 'can only be read' "$work/refusal" || die "a database that can only be read: $(cat "$work/refusal")"
[ "$(sha256sum "$work/new.db")" = "$before" ] || die "a database that can only be read was changed"

echo "$(grep -c '^[0-9]' "$work/new.txt") events listed by ras-mc-ctl 0.6.8"
