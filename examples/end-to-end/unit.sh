#!/usr/bin/env bash
# Plays the boot of a machine that runs systemd: the unit as README.md installs it, with records in ERST, and beside it
# rasdaemon under its own unit and the one that tells it of the errors, which both do once;
# then the unit with each sink, and with each drop-in that FLEET.md and the unit itself tell of, twice; and the unit with
# a program that hangs, and with one that eats memory. Nothing of the unit is emulated. UNIT names another unit than ours.
. "$(dirname "$0")/machine.sh"
need systemd python3 rasdaemon
object=$(rust_object)
build_ras
guest_ras >/dev/null
# Where guest_ras puts the program and its libraries.
root=$play/ras-root
unit=${UNIT:-examples/ras/systemd/ras-collect.service}

# systemd and what it runs, each with its libraries.
mkdir -p "$root"/{etc/systemd/system,lib/systemd,usr/bin,var/lib/{rasdaemon,prometheus/node-exporter},run,srv/ras}
programs=(/bin/{mount,systemctl,journalctl} /usr/bin/install /usr/sbin/rasdaemon /lib/systemd/systemd{,-journald,-pstore,-remount-fs,-shutdown}
  /lib/systemd/system-generators/systemd-fstab-generator)
{
  printf '%s\n' "${programs[@]}"
  ldd "${programs[@]}" | grep -o '/[^ :]*'
} | sort -u | xargs -d '\n' cp -L --parents -t "$root"
cp -a /lib/systemd/system "$root/lib/systemd/"
# Of its units those that this machine needs, which is what wants them.
rm -rf "$root"/lib/systemd/system/*.wants
mkdir "$root/lib/systemd/system/sysinit.target.wants"
for wanted in systemd-journald.service systemd-pstore.service; do
  ln -s "../$wanted" "$root/lib/systemd/system/sysinit.target.wants/"
done
# The module that reads the errors before they are cleared, and who listens: as FLEET.md has it.
modules=$(modules "$(release 6.12)" "$object")
cp "$modules/ras_erst.ko" "$root/"
mkdir -p "$root/etc/default"
: >"$root/etc/default/rasdaemon"
echo 'rootfs / rootfs rw 0 0' >"$root/etc/fstab"
echo 'root:x:0:0::/:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
cp "$here"/guest/systemd/* "$root/etc/systemd/system/"

# All that the documentation installs, by its commands, in that root alone.
mkdir -p "$root"/{bin,dev,build/target/release,build/examples/ras}
cp /bin/busybox "$root/bin/"
cp -r examples/ras/{systemd,install.sh,FLEET.md} "$root/build/examples/ras/"
cp "$unit" "$root/build/examples/ras/systemd/ras-collect.service"
mv "$root/bin/ras" "$root/build/target/release/"
python3 "$here/unit.py" install README.md >"$root/build/install.sh"
chroot "$root" /bin/busybox sh -c '/bin/busybox --install -s /bin && cd /build && PATH=/usr/bin:/bin sh -eux install.sh' \
  >"$play/install.log" 2>&1 || { cat "$play/install.log" && die "README.md's commands do not install"; }
# What is no business of a boot, for who looks at it.
rm -rf "$play/installed"
mv "$root/usr/local/share" "$play/installed"
rm -r "$root/build"

# One that never ends and does not want to, and one that wants more memory than there is for it.
for other in hangs:'/bin/sh -c "trap : TERM; while :; do sleep 1000; done"' grows:'/bin/dd if=/dev/zero of=/dev/null bs=640M count=1'; do
  sed "s|^ExecStart=.*|ExecStart=${other#*:}|" "$unit" >"$root/etc/systemd/system/ras-${other%%:*}.service"
done
# The same as ours, but for its time.
mkdir "$root/etc/systemd/system/ras-hangs.service.d"
printf '[Service]\nTimeoutStartSec=3s\n' >"$root/etc/systemd/system/ras-hangs.service.d/soon.conf"
ln -s ../ras-hangs.service "$root/etc/systemd/system/sysinit.target.wants/"

# What is asked of the unit: drop-ins, each with what is there before it.
python3 "$here/unit.py" cases "$unit" examples/ras/FLEET.md "$root/cases"
for database in rasdaemon rasdaemon-wal; do
  cp examples/data/rasdaemon/ghes.db "$root/cases/$database/before.db"
done
python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA journal_mode = WAL")' "$root/cases/rasdaemon-wal/before.db"
mkdir "$root/records"
cp examples/data/pstore/mce-intel-list/*-erst-* "$root/records/"

# records: how many are in the machine's ERST.
records() {
  "$ras" erst "$play/erst.img" list | sed -n 's/.* slots of .*, \([0-9]*\) records.*/\1/p'
}
cp examples/data/erst-images/mce-intel.img "$play/erst.img"
before=$(records)
[ "$before" -gt 0 ] || die "there is nothing to collect at boot"
mapfile -t erst < <(erst "$play/erst.img" "$(stat -c %s "$play/erst.img")")
BOOT_TIMEOUT=900 boot unit "$(kernel 6.12)" "$(guest unit "$root"/*)" "${erst[@]}" -m 1536 -cpu Skylake-Server-v1
healthy unit
python3 "$here/unit.py" check "$play/unit.out" "$root/cases" "$before" "$(records)"
