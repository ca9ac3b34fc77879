#!/usr/bin/env bash
# Proves that erst-table writes, reads, lists and clears records of a device that is not ours, gets every refusal right,
# and that Linux reads what it wrote. Needs: network for Debian's packages (QEMU, kernel), gcc.
. "$(dirname "$0")/lib.sh"
exec examples/end-to-end/erst-device.sh
