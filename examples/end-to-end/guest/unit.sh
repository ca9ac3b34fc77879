# systemd becomes the first process. It finds a root that can only be read, and makes it writable itself, as on a machine
# with a disk.
# shellcheck shell=dash
# Before that the module for the errors of the last boot, as early as systemd loads modules, and an instance of the
# tracer as rasdaemon 0.6.8 needs it.
insmod /ras_erst.ko keep=1
mkdir /sys/kernel/debug/tracing/instances/rasdaemon
echo 0 >/sys/kernel/debug/tracing/instances/rasdaemon/buffer_percent
mkdir -p /etc/systemd/system/scenario.target.wants
for unit in rasdaemon ras-replay; do ln -s "../$unit.service" /etc/systemd/system/scenario.target.wants/; done
mount -o remount,ro /
exec /lib/systemd/systemd --unit=scenario.target --log-target=kmsg --show-status=no
