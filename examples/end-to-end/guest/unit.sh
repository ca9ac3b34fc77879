# systemd becomes the first process. It finds a root that can only be read, and makes it writable itself, as on a machine
# with a disk.
# shellcheck shell=dash
mount -o remount,ro /
exec /lib/systemd/systemd --unit=scenario.target --log-target=kmsg --show-status=no
